//! How far the groups of an attribute lie apart: every figure over all groups, with its interval.

use crate::attribute::{Attribute, Measured, sum_of, table_of};
use crate::audit::{GroupEstimates, Options};
use crate::composite::Composite;
use crate::confusion::Confusion;
use crate::estimate::{Estimate, Figure, NotEstimable};
use crate::metric::Metric;
use crate::rate::z;
use crate::sample::{normals, variance};
use crate::spread::{Form, LeftOut, Spread, away_from_parity, bounds, homogeneity, reaching};

/// Draws of figures that are not counts, from the standard error of each group.
const PARAMETRIC_DRAWS: usize = 2000;
/// Up to this many groups get all of them; more groups get fewer, down to [`FEWEST_DRAWS`].
const FEW_GROUPS: usize = 64;
const FEWEST_DRAWS: usize = 200;

impl Attribute<'_> {
    pub(crate) fn spreads(&self, measured: &[Vec<(Metric, Measured)>], overall: &GroupEstimates) -> Vec<Spread> {
        let mut spreads = Vec::new();
        for (at, metric) in self.metrics.iter().copied().enumerate() {
            if metric == Metric::FlaggedShare {
                // Shares of the same flagged rows differ as soon as groups differ in size.
                continue;
            }
            let compared = Compared::new(measured, at, overall);
            let drawn = if metric.is_count() {
                let method = format!("bootstrap of {}, {} draws", self.resampled(), self.draws.made());
                (self.drawn(metric, &compared.included, &compared.forms, compared.within), method)
            } else {
                compared.parametric(self.options)
            };
            let alike = if metric.share(&Confusion::<u64>::default()).is_some() {
                self.homogeneity(metric, &compared.included)
            } else {
                compared.homogeneity()
            };
            let events = compared.estimates().map(|e| e.events).sum();
            let mut spread = compared.spread(drawn, alike, events, self.options);
            for left_out in &mut spread.left_out {
                left_out.n = self.refuses(left_out.group, metric).map_or(left_out.n, |(_, n)| n);
            }
            spread.bounds = self.bounds(metric, &compared.included);
            spreads.push(spread);
        }
        spreads
    }

    pub(crate) fn resampled(&self) -> &'static str {
        match (self.rows.cluster.is_some(), self.rows.weight.is_some()) {
            (true, true) => "weighted clusters",
            (true, false) => "clusters",
            (false, true) => "weighted rows",
            (false, false) => "the count table",
        }
    }

    /// P-value that a share of rows is the same in these groups: Pearson's for independent rows of equal weight, else
    /// from the variance of each group's draws.
    fn homogeneity(&self, metric: Metric, groups: &[usize]) -> Option<f64> {
        let none = Confusion::default();
        let mut pairs = Vec::with_capacity(groups.len());
        if self.rows.plain() {
            let counts: Vec<(u64, u64)> =
                groups.iter().filter_map(|&g| metric.share(&self.groups[g].counts)).map(|(k, n, _)| (k, n)).collect();
            let (k, n) = counts.iter().fold((0, 0), |(a, b), (k, n)| (a + k, b + n));
            let pooled = k as f64 / n.max(1) as f64;
            pairs.extend(counts.iter().map(|&(k, n)| (k as f64 / n as f64, pooled * (1.0 - pooled) / n as f64)));
        } else {
            for &group in groups {
                let draws = self.draws.values(|draw| metric.of_counts(&table_of(draw, group), &none));
                pairs.push((metric.of_counts(&self.groups[group].mass, &none)?, variance(&draws)?));
            }
        }
        homogeneity(&pairs)
    }

    /// Values of every form over the draws.
    fn drawn(&self, metric: Metric, included: &[usize], forms: &[Form], within: f64) -> Vec<Vec<f64>> {
        let mut drawn = vec![Vec::with_capacity(self.draws.made()); forms.len()];
        if included.len() < 2 {
            return drawn;
        }
        let none = Confusion::default();
        let mut values = Vec::with_capacity(included.len());
        for draw in self.draws.tables() {
            values.clear();
            values.extend(included.iter().filter_map(|&g| metric.of_counts(&table_of(draw, g), &none)));
            let everyone = metric.of_counts(&sum_of(draw), &none);
            for (form, into) in forms.iter().zip(&mut drawn) {
                // A draw is as noisy as the data it was drawn from, and the data already were.
                into.extend(form.value(&values, everyone, 2.0 * within));
            }
        }
        drawn
    }

    /// What missing attributes could do to the difference between the groups that are known and large enough.
    fn bounds(&self, metric: Metric, included: &[usize]) -> Option<crate::spread::Bounds> {
        // Bounds of what these rows would show; weights would need bounds of their own.
        if self.rows.weight.is_some() {
            return None;
        }
        let missing = |g: usize| self.grouping.missing.get(g).copied().unwrap_or(false);
        let known: Vec<Confusion> =
            included.iter().filter(|&&g| !missing(g)).map(|&g| self.groups[g].counts).collect();
        let unknown: Confusion = (0..self.groups.len()).filter(|&g| missing(g)).map(|g| self.groups[g].counts).sum();
        bounds(metric, &known, &unknown)
    }

    pub(crate) fn composites(&self) -> (Vec<(Composite, Estimate)>, Vec<LeftOut>) {
        if self.rows.predicted.is_none() {
            return (Vec::new(), Vec::new());
        }
        let refused = |group: usize, metric: Metric| {
            let (because, n) = self.refuses(group, metric)?;
            Some(LeftOut { group, metric, because, n })
        };
        let all = 0..self.groups.len();
        let odds = [Metric::Tpr, Metric::Fpr];
        let left_out: Vec<LeftOut> =
            all.clone().flat_map(|g| odds.map(|rate| (g, rate))).filter_map(|(g, rate)| refused(g, rate)).collect();
        let of = |which: Composite| {
            let takes_part = |group: usize, rate: Metric| {
                if which.compares() { self.refuses(group, rate).is_none() } else { self.groups[group].counts.n() > 0 }
            };
            let takes = |rate: Metric| -> Vec<usize> { all.clone().filter(|&g| takes_part(g, rate)).collect() };
            let inside: Vec<usize> =
                all.clone().filter(|&g| which.rates().iter().all(|rate| takes_part(g, *rate))).collect();
            let members: Vec<(Metric, Vec<usize>)> = [Metric::Tpr, Metric::Fpr, Metric::SelectionRate]
                .map(|rate| (rate, all.clone().filter(|&g| takes_part(g, rate)).collect()))
                .to_vec();
            let tables = |rate: Metric, of: &dyn Fn(usize) -> Confusion<f64>| -> Vec<Confusion<f64>> {
                let mine = members.iter().find(|(r, _)| *r == rate);
                mine.map_or_else(Vec::new, |(_, groups)| groups.iter().map(|&g| of(g)).collect())
            };
            let n = inside.iter().map(|&g| self.groups[g].counts.n()).sum();
            let events = inside.iter().map(|&g| self.groups[g].counts.positives()).sum();
            let value = which.of_counts(&|rate| tables(rate, &|g| self.groups[g].mass));
            let figure = match value {
                _ if which.compares() && inside.len() < 2 => Err(NotEstimable::FewerThanTwoGroups),
                None => Err(NotEstimable::ZeroDenominator),
                Some(value) => {
                    let draws =
                        self.draws.values(|draw| which.of_counts(&|rate| tables(rate, &|g| table_of(draw, g))));
                    let parity = which.definition().one_sided_parity();
                    let method = format!("bootstrap of {}, {} draws", self.resampled(), self.draws.made());
                    let p = which.rates().iter().filter_map(|rate| self.homogeneity(*rate, &takes(*rate)));
                    let p = p.reduce(f64::min).map(|p| p * which.rates().len() as f64);
                    let alike = which.compares() && p.is_some_and(|p| p > 1.0 - self.options.level);
                    away_from_parity(parity, value, draws, self.options.level)
                        .map(|interval| reaching(parity, alike, interval))
                        .map(|interval| Figure::exact(value, interval, self.options.level, method))
                        .ok_or(NotEstimable::ZeroDenominator)
                }
            };
            (which, Estimate { n, events, figure })
        };
        let wanted = |which: &Composite| !which.of_classes() && (!which.compares() || self.grouping.groups > 1);
        (Composite::ALL.into_iter().filter(wanted).map(of).collect(), left_out)
    }
}

/// One figure of all groups, of which those with an estimate are compared.
pub(crate) struct Compared<'a> {
    metric: Metric,
    groups: Vec<&'a Measured>,
    included: Vec<usize>,
    values: Vec<f64>,
    /// Mean variance of the groups' own estimates.
    within: f64,
    everyone: Option<f64>,
    forms: Vec<Form>,
}

impl<'a> Compared<'a> {
    /// The figure that is number `at` of every group's.
    pub(crate) fn new(measured: &'a [Vec<(Metric, Measured)>], at: usize, overall: &GroupEstimates) -> Self {
        let metric = measured[0][at].0;
        let groups: Vec<&Measured> = measured.iter().map(|figures| &figures[at].1).collect();
        let included: Vec<usize> = (0..groups.len()).filter(|&g| groups[g].estimate.figure.is_ok()).collect();
        let values = included.iter().filter_map(|&g| groups[g].estimate.value()).collect();
        let squares: Vec<f64> = included.iter().filter_map(|&g| groups[g].se).map(|se| se * se).collect();
        let within = squares.iter().sum::<f64>() / squares.len().max(1) as f64;
        let everyone = overall.estimate(metric).and_then(Estimate::value);
        let forms = Form::ALL.into_iter().filter(|form| form.fits(metric)).collect();
        Self { metric, groups, included, values, within, everyone, forms }
    }

    pub(crate) fn estimates(&self) -> impl Iterator<Item = &Estimate> {
        self.included.iter().map(|&g| &self.groups[g].estimate)
    }

    /// P-value that the figure is the same in every group, from their standard errors.
    pub(crate) fn homogeneity(&self) -> Option<f64> {
        let se = self.included.iter().map(|&g| self.groups[g].se.unwrap_or(0.0));
        homogeneity(&self.values.iter().zip(se).map(|(value, se)| (*value, se * se)).collect::<Vec<_>>())
    }

    /// Draws of every form with everyone held, and how they were made.
    pub(crate) fn parametric(&self, options: &Options) -> (Vec<Vec<f64>>, String) {
        let estimates: Vec<&Estimate> = self.estimates().collect();
        let range = self.metric.definition().range;
        let drawn = parametric(&estimates, &self.forms, self.everyone, self.within, options.seed, range);
        (drawn, format!("parametric bootstrap, everyone held, {} draws", parametric_draws(estimates.len())))
    }

    /// The spread, without bounds, from draws of every form and the p-value that the groups are `alike`.
    pub(crate) fn spread(
        &self,
        (drawn, method): (Vec<Vec<f64>>, String),
        alike: Option<f64>,
        events: u64,
        options: &Options,
    ) -> Spread {
        let alike = alike.is_some_and(|p| p > 1.0 - options.level);
        let n = self.estimates().map(|e| e.n).sum();
        let estimate = |form: Form, draws: Vec<f64>| {
            let figure = match form.value(&self.values, self.everyone, self.within) {
                _ if self.included.len() < 2 => Err(NotEstimable::FewerThanTwoGroups),
                None => Err(NotEstimable::ZeroDenominator),
                Some(value) => away_from_parity(form.parity(), value, draws, options.level)
                    .map(|interval| reaching(form.parity(), alike, interval))
                    .map(|interval| Figure::exact(value, interval, options.level, method.clone()))
                    .ok_or(NotEstimable::ZeroDenominator),
            };
            (form, Estimate { n, events, figure })
        };
        let forms = self.forms.iter().zip(drawn).map(|(form, draws)| estimate(*form, draws)).collect();
        let by = |a: &&usize, b: &&usize| {
            let value = |g: &usize| self.groups[*g].estimate.value().unwrap_or(0.0);
            value(a).total_cmp(&value(b))
        };
        let extremes = (self.included.len() >= 2)
            .then(|| Some((*self.included.iter().min_by(by)?, *self.included.iter().max_by(by)?)))
            .flatten();
        let left_out = |(group, measured): (usize, &&Measured)| {
            let because = *measured.estimate.figure.as_ref().err()?;
            Some(LeftOut { group, metric: self.metric, because, n: measured.estimate.n })
        };
        let left_out = self.groups.iter().enumerate().filter_map(left_out).collect();
        Spread { metric: self.metric, groups: self.included.len(), forms, extremes, left_out, bounds: None }
    }
}

/// Fewer draws for more groups than anyone compares one by one.
fn parametric_draws(groups: usize) -> usize {
    PARAMETRIC_DRAWS.min((PARAMETRIC_DRAWS * FEW_GROUPS / groups.max(1)).max(FEWEST_DRAWS))
}

/// Values of every form when each group's figure varies as its interval says, apart from the others.
fn parametric(
    estimates: &[&Estimate],
    forms: &[Form],
    everyone: Option<f64>,
    within: f64,
    seed: u64,
    range: (f64, f64),
) -> Vec<Vec<f64>> {
    let draws = parametric_draws(estimates.len());
    let mut drawn = vec![Vec::with_capacity(draws); forms.len()];
    let figures = estimates.iter().filter_map(|e| e.figure.as_ref().ok());
    let sides: Vec<(f64, f64, f64)> = figures
        .map(|f| {
            let z = z(f.level);
            (f.value, (f.value - f.low) / z, (f.high - f.value) / z)
        })
        .collect();
    let mut normal = normals(seed ^ 0x0f0f);
    let mut values = Vec::with_capacity(sides.len());
    for _ in 0..draws {
        values.clear();
        for (value, below, above) in &sides {
            let off = normal();
            let drawn = value + off * if off < 0.0 { below } else { above };
            values.push(drawn.clamp(range.0, range.1));
        }
        for (form, into) in forms.iter().zip(&mut drawn) {
            into.extend(form.value(&values, everyone, 2.0 * within));
        }
    }
    drawn
}
