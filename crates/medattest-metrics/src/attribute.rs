//! Every figure of every group of an attribute.

use std::borrow::Cow;

use crate::against::FULL_COMPARISON;
use crate::audit::{Audit, Contrast, GroupEstimates, Options};
use crate::confusion::{CELLS, Confusion};
use crate::curve;
use crate::estimate::{Estimate, Figure, NotEstimable};
use crate::metric::{Metric, Needs};
use crate::pooling::pool;
use crate::rate::{Sided, wilson, z};
use crate::rows::{Group, Grouping, People, Rows};
use crate::sample::{Adds, Draws, Sample, percentile_interval, variance};
use crate::score::Asked;

/// Draws of the calibration error of all groups together; no group gets fewer than [`curve::FEWEST_DRAWS`].
const ECE_DRAWS: usize = 20_000;
/// Points kept of a ROC curve.
const ROC_POINTS: u64 = 100;

/// A figure with its standard error, where it has one of its own.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    pub(crate) estimate: Estimate,
    pub(crate) se: Option<f64>,
}

/// One attribute, counted and resampled.
pub(crate) struct Attribute<'a> {
    pub(crate) rows: &'a Rows,
    pub(crate) grouping: &'a Grouping,
    pub(crate) options: &'a Options,
    pub(crate) groups: Vec<Group>,
    /// All groups together, weighted.
    mass: Confusion<f64>,
    pub(crate) draws: Draws,
    thresholds: Vec<f64>,
    /// The figures that the declared columns allow.
    pub(crate) metrics: Vec<Metric>,
}

/// The table of one group within a draw.
pub(crate) fn table_of(draw: &[f64], group: usize) -> Confusion<f64> {
    let mut table = Confusion::default();
    for (cell, value) in draw[group * CELLS..(group + 1) * CELLS].iter().enumerate() {
        table[cell] = *value;
    }
    table
}

impl<'a> Attribute<'a> {
    pub(crate) fn new(rows: &'a Rows, grouping: &'a Grouping, order: &[u32], options: &'a Options) -> Self {
        let groups = rows.groups(grouping, order, options.half_cell);
        let cells = grouping.groups * CELLS;
        let draws = if rows.plain() {
            let adds = groups.iter().enumerate().flat_map(|(at, group)| {
                (0..CELLS).map(move |cell| Adds {
                    unit: 0,
                    cell: (at * CELLS + cell) as u32,
                    amount: 1.0,
                    count: group.counts[cell],
                })
            });
            Sample::new(adds.filter(|a| a.count > 0), cells, false)
        } else {
            let adds = (0..rows.count.len()).map(|row| Adds {
                unit: rows.cluster.as_ref().map_or(0, |c| c[row]),
                cell: grouping.codes[row] * CELLS as u32 + rows.cell(row) as u32,
                amount: rows.weight(row),
                count: rows.count[row],
            });
            Sample::new(adds, cells, rows.cluster.is_some())
        };
        let draws = draws.draws(options.draws, options.seed);
        let thresholds = thresholds(rows, order, options);
        let mass = groups.iter().map(|g| g.mass).sum();
        Self {
            rows,
            grouping,
            options,
            groups,
            mass,
            draws,
            thresholds,
            metrics: metrics(rows, grouping.groups, options),
        }
    }

    /// Every figure of every group.
    fn measured(&self) -> Vec<Vec<(Metric, Measured)>> {
        let total: Confusion = self.groups.iter().map(|g| g.counts).sum();
        (0..self.groups.len())
            .map(|at| {
                let scored = self.scored(at);
                self.metrics
                    .iter()
                    .copied()
                    .map(|metric| {
                        let found = scored.iter().position(|(m, _)| *m == metric);
                        let measured = match found {
                            Some(found) => {
                                let (_, measured) = &scored[found];
                                Measured { estimate: measured.estimate.clone(), se: measured.se }
                            }
                            None => self.counted(at, metric, &total),
                        };
                        (metric, measured)
                    })
                    .collect()
            })
            .collect()
    }

    /// Why a figure of counts cannot be given for a group, with its denominator.
    pub(crate) fn refuses(&self, at: usize, metric: Metric) -> Option<(NotEstimable, u64)> {
        let Group { counts, people, .. } = &self.groups[at];
        let Options { smallest, events, .. } = *self.options;
        let clustered = self.rows.cluster.is_some();
        let few = |n: u64, persons: u64, empty| {
            if n == 0 {
                Some((empty, n))
            } else if n < smallest {
                Some((NotEstimable::FewerThan(smallest), n))
            } else if clustered && persons < smallest {
                Some((NotEstimable::FewerClustersThan(smallest), n))
            } else {
                None
            }
        };
        let positives = || {
            few(counts.positives(), people.positives, NotEstimable::NoPositives).or_else(|| {
                let n = counts.positives();
                (n < events).then_some((NotEstimable::FewerEventsThan(events), n))
            })
        };
        let negatives = || {
            few(counts.negatives(), people.negatives, NotEstimable::NoNegatives).or_else(|| {
                let n = counts.negatives();
                (n < events).then_some((NotEstimable::FewerNonEventsThan(events), n))
            })
        };
        match metric {
            Metric::Tpr | Metric::Fnr => positives(),
            Metric::Fpr | Metric::Tnr => negatives(),
            Metric::Ppv | Metric::Fdr => few(counts.flagged(), people.flagged, NotEstimable::NoPredictedPositives),
            Metric::Npv | Metric::For => {
                few(counts.unflagged(), people.unflagged, NotEstimable::NoPredictedNegatives)
            }
            Metric::BalancedAccuracy => positives().or_else(negatives),
            Metric::F1 => few(counts.n(), people.all, NotEstimable::NoRows).or_else(|| {
                let none = counts.tp + counts.fp + counts.fn_ == 0;
                none.then_some((NotEstimable::ZeroDenominator, 0)).or_else(positives)
            }),
            Metric::MissingLabelRate => few(counts.n() + counts.unlabelled, people.anyone, NotEstimable::NoRows),
            _ => few(counts.n(), people.all, NotEstimable::NoRows),
        }
    }

    /// A figure made of the two-by-two table.
    fn counted(&self, at: usize, metric: Metric, total: &Confusion) -> Measured {
        let Group { counts, mass, squares, people, .. } = &self.groups[at];
        let level = self.options.level;
        let (n, events) = match metric.share(counts) {
            Some((k, n, _)) => (n, k),
            None if metric == Metric::FlaggedShare => (total.flagged(), counts.flagged()),
            None => (counts.n(), counts.positives()),
        };
        let missing = |because| Measured { estimate: Estimate::missing(n, events, because), se: None };
        if let Some((because, _)) = self.refuses(at, metric) {
            return missing(because);
        }
        let Some(value) = metric.of_counts(mass, &self.mass) else { return missing(NotEstimable::ZeroDenominator) };
        let done = |interval, method: Cow<'static, str>, se| Measured {
            estimate: Estimate { n, events, figure: Ok(Figure::exact(value, interval, level, method)) },
            se,
        };
        if !self.rows.plain() {
            let values = self.draws.values(|draw| {
                let all = if metric == Metric::FlaggedShare { sum_of(draw) } else { Confusion::default() };
                metric.of_counts(&table_of(draw, at), &all)
            });
            let se = variance(&values).map(f64::sqrt);
            let what = if self.rows.cluster.is_some() { "clusters" } else { "weighted rows" };
            return match percentile_interval(values, level).filter(|(low, high)| high - low > 1e-12) {
                Some((low, high)) => {
                    let method = format!("percentile bootstrap of {what}, {} draws", self.draws.made());
                    done((low.min(value), high.max(value)), method.into(), se)
                }
                // Draws that are all alike, as with no events at all, say nothing of the error.
                None => {
                    let people = if self.rows.cluster.is_some() {
                        people_of(people, metric) as f64
                    } else {
                        kish(metric, mass, squares)
                    };
                    let method = "Wilson for the effective number of people";
                    done(wilson(value * people, people, level), method.into(), None)
                }
            };
        }
        match metric {
            Metric::BalancedAccuracy => {
                let side = |k, n| {
                    let value = k as f64 / n as f64;
                    Sided { value, interval: self.options.interval.of(k, n, level) }
                };
                let (a, b) = (side(counts.tp, counts.positives()), side(counts.tn, counts.negatives()));
                let down = (a.value - a.interval.0).hypot(b.value - b.interval.0) / 2.0;
                let up = (a.interval.1 - a.value).hypot(b.interval.1 - b.value) / 2.0;
                let part = |s: Sided, n: u64| s.value * (1.0 - s.value) / n as f64;
                let se = (part(a, counts.positives()) + part(b, counts.negatives())).sqrt() / 2.0;
                let method = format!("square-and-add of {}", self.options.interval.name());
                done((value - down, value + up), method.into(), Some(se))
            }
            Metric::F1 => {
                // F1 is 2J/(1+J) of the share J of true positives among all that are positive, flagged or both.
                let among = counts.tp + counts.fp + counts.fn_;
                let (low, high) = self.options.interval.of(counts.tp, among, level);
                let f1 = |j: f64| 2.0 * j / (1.0 + j);
                let j = counts.tp as f64 / among as f64;
                let se = 2.0 / (1.0 + j).powi(2) * (j * (1.0 - j) / among as f64).sqrt();
                let method = format!("{}, transformed", self.options.interval.name());
                done((f1(low), f1(high)), method.into(), Some(se))
            }
            _ => {
                let se = (value * (1.0 - value) / (n.max(2) - 1) as f64).sqrt();
                done(self.options.interval.of(events, n, level), self.options.interval.name().into(), Some(se))
            }
        }
    }

    /// Every figure of a group's scores.
    fn scored(&self, at: usize) -> Vec<(Metric, Measured)> {
        let group = &self.groups[at];
        let Some(scores) = &group.scores else { return Vec::new() };
        let Options { level, smallest, events, .. } = *self.options;
        let (n, pos) = scores.totals();
        let asked = Asked { level, events: 0, non_events: 0, rows: smallest };
        let classes = Asked { events: events.max(1), non_events: events.max(1), ..asked };
        let clustered = self.rows.cluster.is_some();
        let few = clustered && group.people.all < smallest;
        let of_both = clustered && group.people.positives.min(group.people.negatives) < events;
        let gate = |estimate: Estimate| {
            let because = if n == 0 { NotEstimable::NoRows } else { NotEstimable::FewerClustersThan(smallest) };
            if few { Estimate::missing(n, pos, because) } else { estimate }
        };
        let plain = |estimate: Estimate| {
            let estimate = gate(estimate);
            let se = estimate.figure.as_ref().ok().map(|f| (f.value - f.low).max(f.high - f.value) / z(level));
            Measured { estimate, se }
        };
        let both = |estimate: Estimate| {
            let because = NotEstimable::FewerClustersThan(events);
            if of_both && estimate.figure.is_ok() { Estimate::missing(n, pos, because) } else { estimate }
        };
        let auroc = both(gate(scores.auroc(&classes)));
        let se = auroc.figure.is_ok().then(|| scores.auroc_value().se);
        let mut out = vec![(Metric::Auroc, Measured { estimate: auroc, se })];
        if !self.options.probability {
            return out;
        }
        let (large, slope) = scores.recalibration(&classes);
        let seed = self.options.seed ^ 0x0ece;
        out.extend([
            (Metric::MeanScore, plain(scores.mean_score(&asked))),
            (Metric::GeneralizedTpr, plain(scores.generalized(&Asked { events, ..asked }, true, false))),
            (Metric::GeneralizedFnr, plain(scores.generalized(&Asked { events, ..asked }, true, true))),
            (Metric::GeneralizedFpr, plain(scores.generalized(&Asked { non_events: events, ..asked }, false, false))),
            (Metric::GeneralizedTnr, plain(scores.generalized(&Asked { non_events: events, ..asked }, false, true))),
            (Metric::Brier, plain(scores.brier(&asked))),
            (Metric::LogLoss, plain(scores.log_loss(&asked))),
            (Metric::ObservedExpected, plain(scores.observed_expected(&asked))),
            (Metric::CalibrationIntercept, plain(both(large))),
            (Metric::CalibrationSlope, plain(both(slope))),
            (
                Metric::Ece,
                plain(curve::ece(scores, &asked, self.options.draws.min(ECE_DRAWS / self.groups.len()), seed)),
            ),
        ]);
        if let Some(threshold) = self.options.threshold {
            out.push((Metric::NetBenefit, plain(scores.net_benefit(&asked, threshold))));
        }
        out
    }

    pub(crate) fn estimates(&self) -> Vec<GroupEstimates> {
        self.estimates_of(&self.measured())
    }

    /// Figures alone, and each group against the reference.
    #[allow(clippy::type_complexity, reason = "figures by group")]
    pub(crate) fn figures(&mut self) -> (Vec<Vec<(Metric, Estimate)>>, Vec<Contrast>) {
        // Its interval needs resampling.
        self.metrics.retain(|metric| *metric != Metric::Ece);
        let measured = self.measured();
        let contrasts = self.contrasts(&measured);
        let plain = |group: Vec<(Metric, Measured)>| group.into_iter().map(|(m, e)| (m, e.estimate)).collect();
        (measured.into_iter().map(plain).collect(), contrasts)
    }

    fn estimates_of(&self, measured: &[Vec<(Metric, Measured)>]) -> Vec<GroupEstimates> {
        let level = self.options.level;
        let curves = |group: &Group| match &group.scores {
            Some(scores) => (
                if self.options.probability { curve::calibration_curve(scores, level) } else { Vec::new() },
                curve::thinned_roc(scores, self.options.smallest, ROC_POINTS),
                curve::operating(scores, &self.thresholds, self.options.probability, level),
            ),
            None => Default::default(),
        };
        let mut estimates: Vec<GroupEstimates> = self
            .groups
            .iter()
            .zip(measured)
            .map(|(group, measured)| {
                let (calibration, roc, operating) = curves(group);
                GroupEstimates {
                    n: group.counts.n(),
                    positives: group.counts.positives(),
                    clusters: self.rows.cluster.as_ref().map(|_| group.people.all),
                    confusion: group.counts,
                    people: group.people.cells,
                    people_positives: group.people.positives,
                    people_negatives: group.people.negatives,
                    estimates: measured.iter().map(|(m, e)| (*m, e.estimate.clone())).collect(),
                    pooled: Vec::new(),
                    calibration,
                    roc,
                    operating,
                }
            })
            .collect();
        for metric in [Metric::Prevalence, Metric::SelectionRate, Metric::Tpr, Metric::Fpr, Metric::Ppv, Metric::Npv]
        {
            let Some(at) = measured.first().and_then(|m| m.iter().position(|(m, _)| *m == metric)) else { continue };
            let counts: Vec<(f64, f64)> = self
                .groups
                .iter()
                .zip(measured)
                .map(|(g, m)| effective(g, metric, &m[at].1, self.rows.plain()))
                .collect();
            if let Some(pooled) = pool(&counts, level) {
                for ((group, (_, n)), rate) in estimates.iter_mut().zip(&counts).zip(pooled) {
                    if *n > 0.0 {
                        group.pooled.push((metric, rate));
                    }
                }
            }
        }
        estimates
    }

    pub(crate) fn audit(&self, overall: &GroupEstimates, whole: &[Group]) -> Audit {
        let measured = self.measured();
        let groups = self.estimates_of(&measured);
        let alone = self.grouping.groups < 2;
        let (composites, odds_left_out) = self.composites();
        Audit {
            overall: overall.clone(),
            missing: self.grouping.missing.clone(),
            reference: self.grouping.reference,
            spreads: if alone { Vec::new() } else { self.spreads(&measured, overall) },
            composites,
            odds_left_out,
            contrasts: self.contrasts(&measured),
            pairs: self.pairs(&groups),
            equalised: if alone { None } else { self.equalised(whole) },
            draws: self.draws.made(),
            groups,
        }
    }
}

/// The figures that the columns of the rows allow.
fn metrics(rows: &Rows, groups: usize, options: &Options) -> Vec<Metric> {
    // The share of all flagged depends on every group at once, and says little where there are many.
    let few = groups <= FULL_COMPARISON;
    let unlabelled = rows.label.contains(&None);
    let known = |metric: &Metric| match metric.needs() {
        Needs::Label => *metric != Metric::MissingLabelRate || unlabelled,
        Needs::Decision => rows.predicted.is_some() && (few || *metric != Metric::FlaggedShare),
        Needs::Score => rows.score.is_some(),
        Needs::Probability => rows.score.is_some() && options.probability,
        Needs::Threshold => rows.score.is_some() && options.probability && options.threshold.is_some(),
        Needs::Class | Needs::Number => false,
    };
    Metric::ALL.into_iter().filter(known).collect()
}

/// All groups of a draw together.
pub(crate) fn sum_of(draw: &[f64]) -> Confusion<f64> {
    (0..draw.len() / CELLS).map(|group| table_of(draw, group)).sum()
}

/// People in the denominator of a figure.
fn people_of(people: &People, metric: Metric) -> u64 {
    match metric {
        Metric::Tpr | Metric::Fnr => people.positives,
        Metric::Fpr | Metric::Tnr => people.negatives,
        Metric::Ppv | Metric::Fdr => people.flagged,
        Metric::Npv | Metric::For => people.unflagged,
        Metric::MissingLabelRate => people.anyone,
        _ => people.all,
    }
}

/// Kish's effective number of rows in the denominator of a figure.
fn kish(metric: Metric, mass: &Confusion<f64>, squares: &Confusion<f64>) -> f64 {
    let of = |t: &Confusion<f64>| metric.share(t).map_or_else(|| t.positives().min(t.negatives()), |share| share.1);
    let (sum, squared) = (of(mass), of(squares));
    if squared > 0.0 { sum * sum / squared } else { 0.0 }
}

/// Numerator and denominator of a rate, or their effective sizes where rows are not independent or not alike.
fn effective(group: &Group, metric: Metric, measured: &Measured, plain: bool) -> (f64, f64) {
    let Some((k, n, _)) = metric.share(&group.counts) else { return (0.0, 0.0) };
    if plain {
        return (k as f64, n as f64);
    }
    let Some(value) = metric.of_counts(&group.mass, &group.mass) else { return (0.0, 0.0) };
    let size = match measured.se.filter(|se| *se > 0.0) {
        Some(se) => (value * (1.0 - value) / (se * se)).min(n as f64),
        None => (people_of(&group.people, metric) as f64).min(kish(metric, &group.mass, &group.squares)),
    };
    (value * size, size)
}

/// Thresholds at which groups are looked at: a fixed grid of probabilities, or twentieths of other scores, and the
/// threshold in use.
fn thresholds(rows: &Rows, order: &[u32], options: &Options) -> Vec<f64> {
    let Some(scores) = &rows.score else { return Vec::new() };
    let mut thresholds: Vec<f64> = if options.probability {
        (1..=50).map(|i| f64::from(i) / 100.0).chain((11..20).map(|i| f64::from(i) / 20.0)).collect()
    } else {
        const PARTS: u64 = 20;
        let labelled = || order.iter().map(|&row| row as usize).filter(|&row| rows.label[row].is_some());
        let total: u64 = labelled().map(|row| rows.count[row]).sum();
        let (mut cuts, mut before, mut part) = (Vec::new(), 0, 0);
        for row in labelled() {
            let here = before * PARTS / total.max(1);
            if here > part {
                (part, before) = (here, before + rows.count[row]);
                cuts.push(scores[row]);
            } else {
                before += rows.count[row];
            }
        }
        cuts
    };
    thresholds.extend(options.threshold);
    thresholds.sort_by(f64::total_cmp);
    thresholds.dedup();
    thresholds
}
