//! Each group against the reference group.

use std::borrow::Cow;

use crate::attribute::{Attribute, Measured, sum_of, table_of};
use crate::audit::{Contrast, Equalised, GroupEstimates};
use crate::confusion::Confusion;
use crate::curve::{self, CurveDraws, Operating};
use crate::estimate::{Estimate, Figure, NotEstimable};
use crate::metric::Metric;
use crate::pair::Pair;
use crate::rate::{self, Sided, two_sided, z};
use crate::rows::Group;
use crate::sample::{percentile_interval, variance};
use crate::spread::away_from_parity;

/// More groups than this are compared with the reference by the tested figures only.
pub(crate) const FULL_COMPARISON: usize = 64;

/// A ratio that has no logarithm to build an interval on: the interval goes from the smallest ratio that the two
/// intervals allow to the largest, which is wider than it need be. `None` where that has no upper end.
fn ends(x: &Figure, y: &Figure, level: f64) -> Result<Figure, NotEstimable> {
    if y.low <= 0.0 {
        return Err(NotEstimable::ZeroDenominator);
    }
    let value = x.value / y.value;
    let (low, high) = ((x.low / y.high).max(0.0), x.high / y.low);
    let error_bound = (x.error_bound + value * y.error_bound) / y.value;
    Ok(Figure {
        error_bound,
        ..Figure::exact(value, (low.min(value), high.max(value)), level, "ends of both intervals")
    })
}

/// A figure of two groups taken as independent: interval of the difference by square-and-add, of the ratio the same on
/// logarithms, and a normal test.
pub(crate) fn independent(metric: Metric, a: (usize, &Measured), b: &Measured, level: f64) -> Contrast {
    let n = a.1.estimate.n + b.estimate.n;
    let events = a.1.estimate.events + b.estimate.events;
    let make = |figure| Estimate { n, events, figure };
    let nothing = |because| Contrast {
        group: a.0,
        metric,
        ratio: metric.has_ratio().then(|| make(Err(because))),
        difference: make(Err(because)),
        p: None,
        holm: None,
        benjamini_hochberg: None,
    };
    let (Ok(x), Ok(y)) = (&a.1.estimate.figure, &b.estimate.figure) else {
        return nothing(NotEstimable::OneSideMissing);
    };
    let sided = |f: &Figure| Sided { value: f.value, interval: (f.low, f.high) };
    let logs = |f: &Figure| Sided { value: f.value.ln(), interval: (f.low.ln(), f.high.ln()) };
    let interval = rate::newcombe(sided(x), sided(y));
    let difference = Figure {
        error_bound: x.error_bound + y.error_bound,
        ..Figure::exact(x.value - y.value, interval, level, "square-and-add")
    };
    let ratio = metric.has_ratio().then(|| {
        if y.value <= 0.0 {
            return make(Err(NotEstimable::ZeroDenominator));
        }
        if x.low <= 0.0 || y.low <= 0.0 {
            return make(ends(x, y, level));
        }
        let value = x.value / y.value;
        let (low, high) = rate::newcombe(logs(x), logs(y));
        let error_bound = value * (x.error_bound / x.value + y.error_bound / y.value);
        let method = "square-and-add of logarithms";
        make(Ok(Figure { error_bound, ..Figure::exact(value, (low.exp(), high.exp()), level, method) }))
    });
    let p = if !metric.is_tested() {
        None
    } else if metric == Metric::ObservedExpected {
        let se = |f: &Figure| (f.high.ln() - f.low.ln()) / (2.0 * z(level));
        let spread = se(x).hypot(se(y));
        spread.is_finite().then(|| two_sided((x.value / y.value).ln() / spread))
    } else {
        let spread = a.1.se.zip(b.se).map(|(s, t)| s.hypot(t)).filter(|s| *s > 0.0);
        spread.map(|spread| two_sided((x.value - y.value) / spread))
    };
    Contrast { difference: make(Ok(difference)), ratio, p, ..nothing(NotEstimable::OneSideMissing) }
}

impl Attribute<'_> {
    pub(crate) fn contrasts(&self, measured: &[Vec<(Metric, Measured)>]) -> Vec<Contrast> {
        let Some(reference) = self.grouping.reference else { return Vec::new() };
        let mut contrasts = Vec::new();
        let brief = measured.len() > FULL_COMPARISON;
        for group in (0..measured.len()).filter(|&g| g != reference) {
            for (at, metric) in self.metrics.iter().copied().enumerate() {
                if brief && !metric.is_tested() {
                    continue;
                }
                let (mine, other) = (&measured[group][at].1, &measured[reference][at].1);
                contrasts.push(self.contrast(metric, (group, mine), (reference, other)));
            }
        }
        contrasts
    }

    fn contrast(&self, metric: Metric, a: (usize, &Measured), b: (usize, &Measured)) -> Contrast {
        let share = |e: &Estimate| (e.events, e.n);
        let counted = metric.share(&Confusion::<u64>::default()).is_some() && self.rows.plain();
        let resampled = metric.is_count() && (!self.rows.plain() || metric == Metric::FlaggedShare);
        let mut contrast = independent(metric, a, b.1, self.options.level);
        let (Ok(x), Ok(y)) = (&a.1.estimate.figure, &b.1.estimate.figure) else { return contrast };
        let (mine, other) = (share(&a.1.estimate), share(&b.1.estimate));
        if counted {
            if let Ok(figure) = &mut contrast.difference.figure {
                figure.method = "Newcombe".into();
            }
            if let Some(ratio) = &mut contrast.ratio
                && y.value > 0.0
            {
                let level = self.options.level;
                ratio.figure = match rate::log_ratio(mine, other, level) {
                    Some(interval) => Ok(Figure::exact(x.value / y.value, interval, level, "log ratio")),
                    None => ends(x, y, level),
                };
            }
            if metric.is_tested() {
                contrast.p = rate::equal_proportions(mine, other);
            }
        } else if resampled {
            let pairs = |join: fn(f64, f64) -> f64| {
                self.draws.values(|draw| {
                    let all = if metric == Metric::FlaggedShare { sum_of(draw) } else { Confusion::default() };
                    let of = |g| metric.of_counts(&table_of(draw, g), &all);
                    Some(join(of(a.0)?, of(b.0)?))
                })
            };
            let method: Cow<'static, str> =
                format!("percentile bootstrap of {}, {} draws", self.resampled(), self.draws.made()).into();
            let make = |value: f64, draws: Vec<f64>| {
                percentile_interval(draws, self.options.level)
                    .map(|(l, h)| {
                        Figure::exact(value, (l.min(value), h.max(value)), self.options.level, method.clone())
                    })
                    .ok_or(NotEstimable::ZeroDenominator)
            };
            let differences = pairs(|p, q| p - q);
            if metric.is_tested() {
                let spread = variance(&differences).map_or(0.0, f64::sqrt);
                contrast.p = (spread > 0.0).then(|| two_sided((x.value - y.value) / spread));
            }
            contrast.difference.figure = make(x.value - y.value, differences);
            if let Some(ratio) = &mut contrast.ratio
                && y.value > 0.0
            {
                ratio.figure = make(x.value / y.value, pairs(|p, q| p / q));
            }
        } else if metric == Metric::Auroc
            && self.rows.cluster.is_none()
            && let Ok(figure) = &mut contrast.difference.figure
        {
            figure.method = "unpaired DeLong".into();
        }
        contrast
    }

    pub(crate) fn pairs(&self, groups: &[GroupEstimates]) -> Vec<(usize, Pair, Estimate)> {
        let Some(reference) = self.grouping.reference else { return Vec::new() };
        let known = |group: usize, which: Pair| {
            which.rates().iter().all(|rate| groups[group].estimate(*rate).is_some_and(|e| e.figure.is_ok()))
        };
        let few = groups.len() <= FULL_COMPARISON;
        let scored: Vec<usize> = (0..groups.len()).filter(|&g| few && known(g, Pair::ScoreDistance)).collect();
        let scores: Vec<_> = scored.iter().filter_map(|&g| self.groups[g].scores.as_ref()).collect();
        let curves = (scores.len() > 1 && scores.len() == scored.len()).then(|| {
            let seed = self.options.seed ^ 0x0abc;
            CurveDraws::new(&scores, self.rows.cluster.is_some(), self.options.draws, seed)
        });
        let mut pairs = Vec::new();
        for group in (0..groups.len()).filter(|&g| g != reference) {
            for which in Pair::ALL {
                let declared = which.rates().iter().all(|rate| groups[group].estimate(*rate).is_some());
                if !declared || (!few && !matches!(which, Pair::FourFifths | Pair::EqualizedOddsDifference)) {
                    continue;
                }
                let n = groups[group].n + groups[reference].n;
                let events = groups[group].positives + groups[reference].positives;
                let figure = if known(group, which) && known(reference, which) {
                    self.pair(which, group, reference, groups, curves.as_ref().map(|c| (c, scored.as_slice())))
                } else {
                    Err(NotEstimable::OneSideMissing)
                };
                pairs.push((group, which, Estimate { n, events, figure }));
            }
        }
        pairs
    }

    fn pair(
        &self,
        which: Pair,
        group: usize,
        reference: usize,
        groups: &[GroupEstimates],
        curves: Option<(&CurveDraws, &[usize])>,
    ) -> Result<Figure, NotEstimable> {
        let level = self.options.level;
        let parity = which.definition().one_sided_parity();
        let undefined = NotEstimable::ZeroDenominator;
        let scores = |g: usize| self.groups[g].scores.as_ref().ok_or(undefined);
        match which {
            Pair::Abroca => {
                let value = curve::area_between(&curve::roc(scores(group)?), &curve::roc(scores(reference)?))
                    .ok_or(undefined)?;
                let (curves, scored) = curves.ok_or(undefined)?;
                let index = |g: usize| scored.iter().position(|&s| s == g).ok_or(undefined);
                let draws = curves.areas(index(group)?, index(reference)?);
                let interval = away_from_parity(parity, value, draws, level).ok_or(undefined)?;
                let method = format!("bootstrap of scores in 64 cells, {} draws", curves.made());
                let bound = |g: usize| {
                    let figure = groups[g].estimate(Metric::Auroc).and_then(|e| e.figure.as_ref().ok());
                    figure.map_or(0.0, |f| f.error_bound)
                };
                let error_bound = bound(group) + bound(reference);
                Ok(Figure { error_bound, ..Figure::exact(value, interval, level, method) })
            }
            Pair::ScoreDistance => {
                let value = curve::score_distance(scores(group)?, scores(reference)?).ok_or(undefined)?;
                let (curves, scored) = curves.ok_or(undefined)?;
                let index = |g: usize| scored.iter().position(|&s| s == g).ok_or(undefined);
                let draws = curves.distances(index(group)?, index(reference)?);
                let interval = away_from_parity(parity, value, draws, level).ok_or(undefined)?;
                let method = format!("bootstrap of scores in 64 cells, {} draws", curves.made());
                let error_bound = 2.0 * self.options.half_cell;
                Ok(Figure { error_bound, ..Figure::exact(value, interval, level, method) })
            }
            Pair::GeneralizedEqualizedOddsDifference => {
                let side = |g: usize, m: Metric| {
                    let figure = groups[g].estimate(m).and_then(|e| e.figure.as_ref().ok()).ok_or(undefined)?;
                    Ok(Sided { value: figure.value, interval: (figure.low, figure.high) })
                };
                let rates = [Metric::GeneralizedTpr, Metric::GeneralizedFpr];
                let mut worst = Figure::exact(-1.0, (0.0, 0.0), level, "square-and-add of the larger gap");
                for rate in rates {
                    let (a, b) = (side(group, rate)?, side(reference, rate)?);
                    let gap = a.value - b.value;
                    let (low, high) = rate::newcombe(a, b);
                    let (low, high) = if gap < 0.0 { (-high, -low) } else { (low, high) };
                    worst.value = worst.value.max(gap.abs());
                    worst.low = worst.low.max(low);
                    worst.high = worst.high.max(high);
                }
                worst.error_bound = 2.0 * self.options.half_cell;
                Ok(worst)
            }
            _ => {
                let mass = |g: usize| &self.groups[g].mass;
                let value = which.of_counts(mass(group), mass(reference)).ok_or(undefined)?;
                let draws =
                    self.draws.values(|draw| which.of_counts(&table_of(draw, group), &table_of(draw, reference)));
                let interval = away_from_parity(parity, value, draws, level).ok_or(undefined)?;
                let method = format!("bootstrap of {}, {} draws", self.resampled(), self.draws.made());
                Ok(Figure::exact(value, interval, level, method))
            }
        }
    }

    /// The threshold of each group that would give it the figure of everyone at the threshold in use.
    pub(crate) fn equalised(&self, whole: &[Group]) -> Option<Equalised> {
        let threshold = self.options.threshold?;
        let everyone = whole.first()?.scores.as_ref()?;
        let level = self.options.level;
        let at = |scores: &crate::score::Scores, t: f64| {
            curve::operating(scores, &[t], self.options.probability, level).into_iter().next()
        };
        let before = at(everyone, threshold)?;
        let metric = self.options.equalise;
        let target = metric.of_counts(&before.mass, &before.mass)?;
        let groups: Vec<Option<Operating>> = (0..self.groups.len())
            .map(|g| {
                let scores = self.groups[g].scores.as_ref()?;
                if [metric, Metric::Tpr, Metric::Fpr].into_iter().any(|m| self.refuses(g, m).is_some()) {
                    return None;
                }
                let now = at(scores, threshold)?;
                let moved = at(scores, curve::threshold_for(scores, metric, target)?)?;
                let off = |o: &Operating| metric.of_counts(&o.mass, &o.mass).map(|v| (v - target).abs());
                // A threshold that is already as close as any stays.
                let better = off(&now).is_none_or(|now| off(&moved).is_some_and(|moved| moved < now));
                // What a false alarm costs does not depend on the group's threshold.
                Some(Operating { net_benefit: None, ..if better { moved } else { now } })
            })
            .collect();
        let after = groups
            .iter()
            .zip(&self.groups)
            .map(|(moved, group)| match moved {
                Some(moved) => moved.mass,
                None => Confusion { unlabelled: 0.0, ..group.mass },
            })
            .sum();
        groups.iter().any(Option::is_some).then_some(Equalised { metric, target, threshold, groups, before, after })
    }
}
