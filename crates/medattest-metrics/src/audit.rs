//! The audit of one attribute: every metric of every group, and the comparisons between groups.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::bootstrap::{cluster_weights, generator, multinomial, percentile_interval};
use crate::calibration::{CalibrationBin, brier, calibration_bins, observed_expected};
use crate::confusion::Confusion;
use crate::discrimination::{ScoreCell, auroc, merge_cells};
use crate::disparity::{Comparison, Disparity, DisparityEstimate};
use crate::estimate::{Estimate, Figure, NotEstimable};
use crate::metric::Metric;
use crate::rate::wilson;

const CALIBRATION_BINS: usize = 10;

/// Rows of the data that are alike in everything the audit looks at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// Index of the group.
    pub group: usize,
    /// Index of the cluster (patient); 0 when none is declared.
    pub cluster: usize,
    /// The outcome.
    pub label: bool,
    /// Whether the model flagged the row, if predictions are declared.
    pub predicted: Option<bool>,
    /// The score, if one is declared; for a grid, the middle of its cell.
    pub score: Option<f64>,
    /// How many rows.
    pub count: u64,
}

/// What the audit is asked to do. No field is a judgement of what is acceptable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// Nominal coverage of intervals.
    pub level: f64,
    /// A figure whose denominator is smaller is not estimable and enters no comparison.
    pub smallest: u64,
    /// Bootstrap draws.
    pub draws: usize,
    /// Seed of the bootstrap.
    pub seed: u64,
    /// Whether scores are probabilities, so that Brier, O:E and calibration have a meaning.
    pub probability: bool,
    /// Half the width of a cell of the score grid, 0 when scores are exact.
    pub half_cell: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { level: 0.95, smallest: 11, draws: 2000, seed: 0, probability: true, half_cell: 0.0 }
    }
}

/// Everything measured for one group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupEstimates {
    /// Rows.
    pub n: u64,
    /// Rows with a positive label.
    pub positives: u64,
    /// The two-by-two table, where predictions are declared.
    pub confusion: Option<Confusion>,
    /// One estimate for each of [`Metric::ALL`], in that order.
    pub estimates: Vec<(Metric, Estimate)>,
    /// Calibration curve, where scores are probabilities.
    pub calibration: Vec<CalibrationBin>,
}

/// The audit of one attribute or intersection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Audit {
    /// One entry per group, in the order of the group indices.
    pub groups: Vec<GroupEstimates>,
    /// All rows together.
    pub overall: GroupEstimates,
    /// One entry for each of [`Disparity::ALL`], in that order; empty where no predictions are declared.
    pub disparities: Vec<DisparityEstimate>,
}

struct Tally {
    confusion: Option<Confusion>,
    n: u64,
    positives: u64,
    cells: Option<Vec<ScoreCell>>,
}

impl Tally {
    fn of<'a>(rows: impl Iterator<Item = &'a Row>) -> Self {
        let mut tally = Self { confusion: None, n: 0, positives: 0, cells: None };
        for row in rows {
            tally.n += row.count;
            tally.positives += u64::from(row.label) * row.count;
            if let Some(predicted) = row.predicted {
                tally.confusion.get_or_insert_default().add(row.label, predicted, row.count);
            }
            if let Some(score) = row.score {
                let (pos, neg) = if row.label { (row.count, 0) } else { (0, row.count) };
                tally.cells.get_or_insert_default().push(ScoreCell { score, pos, neg });
            }
        }
        tally.cells = tally.cells.map(merge_cells);
        tally
    }

    fn estimates(&self, options: &Options) -> GroupEstimates {
        let estimates = Metric::ALL.into_iter().map(|metric| (metric, self.estimate(metric, options))).collect();
        let cells = self.cells.as_deref().unwrap_or_default();
        let calibration = if options.probability {
            calibration_bins(cells, CALIBRATION_BINS, options.level, 1)
        } else {
            Vec::new()
        };
        GroupEstimates { n: self.n, positives: self.positives, confusion: self.confusion, estimates, calibration }
    }

    fn estimate(&self, metric: Metric, options: &Options) -> Estimate {
        let missing = |because| Estimate::missing(self.n, self.positives, because);
        let (level, smallest, half_cell) = (options.level, options.smallest, options.half_cell);
        match metric {
            Metric::Prevalence => rate(self.positives, self.n, NotEstimable::NoRows, level, smallest),
            Metric::Auroc => match &self.cells {
                Some(cells) => auroc(cells, level, smallest, half_cell > 0.0),
                None => missing(NotEstimable::NoScore),
            },
            Metric::Brier => match &self.cells {
                Some(cells) if options.probability => brier(cells, level, smallest, half_cell),
                _ => missing(NotEstimable::NoScore),
            },
            Metric::ObservedExpected => match &self.cells {
                Some(cells) if options.probability => observed_expected(cells, level, smallest, half_cell),
                _ => missing(NotEstimable::NoScore),
            },
            _ => match self.confusion.and_then(|c| metric.ratio(&c)) {
                Some((k, n, empty)) => rate(k, n, empty, level, smallest),
                None => missing(NotEstimable::NoPrediction),
            },
        }
    }
}

fn rate(k: u64, n: u64, empty: NotEstimable, level: f64, smallest: u64) -> Estimate {
    if n == 0 {
        return Estimate::missing(n, k, empty);
    }
    if n < smallest {
        return Estimate::missing(n, k, NotEstimable::FewerThan(smallest));
    }
    let (low, high) = wilson(k, n, level);
    let method = Cow::Borrowed("Wilson");
    let value = k as f64 / n as f64;
    Estimate { n, events: k, figure: Ok(Figure { value, low, high, level, method, error_bound: 0.0 }) }
}

/// Audits `groups` groups. With more than one cluster in `rows`, every interval comes from resampling clusters;
/// otherwise each metric has its closed form and comparisons resample the table of counts.
pub fn audit(rows: &[Row], groups: usize, options: &Options) -> Audit {
    let mut members: Vec<Vec<&Row>> = vec![Vec::new(); groups];
    for row in rows {
        if let Some(list) = members.get_mut(row.group) {
            list.push(row);
        }
    }
    let mut audit = Audit {
        groups: members.iter().map(|m| Tally::of(m.iter().copied()).estimates(options)).collect(),
        overall: Tally::of(rows.iter()).estimates(options),
        disparities: Vec::new(),
    };
    let clusters = rows.iter().map(|row| row.cluster + 1).max().unwrap_or(0);
    let tables: Vec<Confusion> = audit.groups.iter().map(|g| g.confusion.unwrap_or_default()).collect();
    let comparison = Comparison::new(&tables, options.smallest);
    let predicted = rows.iter().all(|row| row.predicted.is_some()) && !rows.is_empty();
    let (draws, method) = if clusters > 1 {
        let draws = resample_clusters(rows, groups, clusters, options, &comparison);
        replace_intervals(&mut audit, &draws, options.level);
        (draws.disparities, format!("bootstrap of clusters, percentile corrected for bias, {} draws", options.draws))
    } else if predicted {
        let draws = resample_counts(&tables, options, &comparison);
        (draws, format!("bootstrap of the count table, percentile corrected for bias, {} draws", options.draws))
    } else {
        (Vec::new(), String::new())
    };
    if predicted {
        let included = |rate, group| comparison.includes(rate, group);
        audit.disparities = Disparity::ALL
            .into_iter()
            .zip(draws)
            .map(|(disparity, values)| {
                let interval =
                    disparity_interval(disparity, disparity.value(&tables, &included), values, options.level);
                comparison.estimate(disparity, interval, options.level, &method)
            })
            .collect();
    }
    audit
}

/// The bootstrap interval of a comparison of extremes.
///
/// The distance between the largest and the smallest of several noisy rates is biased away from parity, and in a
/// resample it is biased once more; with no true disparity the plain percentile interval can exclude even its own
/// estimate. So the end towards parity is moved back by twice the bias that the resamples show (median of the draws
/// minus the estimate), as in a basic interval, and the interval always contains the estimate. It is conservative.
fn disparity_interval(
    disparity: Disparity,
    estimate: Option<f64>,
    draws: Vec<f64>,
    level: f64,
) -> Option<(f64, f64)> {
    let estimate = estimate?;
    let middle = percentile_interval(draws.clone(), 0.0)?.low;
    let interval = percentile_interval(draws, level)?;
    Some(if disparity.is_ratio() {
        let bias = (estimate - middle).max(0.0);
        (interval.low.min(estimate), (interval.high + 2.0 * bias).clamp(estimate, 1.0))
    } else {
        let bias = (middle - estimate).max(0.0);
        ((interval.low - 2.0 * bias).clamp(0.0, estimate), interval.high.max(estimate))
    })
}

fn push_disparities(tables: &[Confusion], comparison: &Comparison<'_>, into: &mut [Vec<f64>]) {
    for (disparity, values) in Disparity::ALL.into_iter().zip(into) {
        values.extend(disparity.value(tables, &|rate, group| comparison.includes(rate, group)));
    }
}

fn resample_counts(tables: &[Confusion], options: &Options, comparison: &Comparison<'_>) -> Vec<Vec<f64>> {
    let counts: Vec<u64> = tables.iter().flat_map(|t| [t.tp, t.fp, t.fn_, t.tn]).collect();
    let mut rng = generator(options.seed);
    let mut values = vec![Vec::with_capacity(options.draws); Disparity::ALL.len()];
    let mut drawn = Vec::new();
    for _ in 0..options.draws {
        multinomial(&counts, &mut rng, &mut drawn);
        let tables: Vec<Confusion> = drawn
            .chunks_exact(4)
            .map(|c| match *c {
                [tp, fp, fn_, tn] => Confusion { tp, fp, fn_, tn },
                _ => Confusion::default(),
            })
            .collect();
        push_disparities(&tables, comparison, &mut values);
    }
    values
}

struct ClusterDraws {
    /// Per group, then all rows together; per metric; per draw.
    metrics: Vec<Vec<Vec<f64>>>,
    disparities: Vec<Vec<f64>>,
}

#[derive(Clone, Copy, Default)]
struct Sums {
    confusion: Confusion,
    positives: u64,
    n: u64,
    squares: f64,
    expected: f64,
    below_neg: u64,
    twice_ordered: u128,
    tied_pos: u64,
    tied_neg: u64,
    last_score: f64,
}

impl Sums {
    fn add(&mut self, row: &Row, count: u64) {
        self.n += count;
        self.positives += u64::from(row.label) * count;
        if let Some(predicted) = row.predicted {
            self.confusion.add(row.label, predicted, count);
        }
        let Some(score) = row.score else { return };
        if score != self.last_score {
            self.close_tie();
            self.last_score = score;
        }
        if row.label {
            self.tied_pos += count;
        } else {
            self.tied_neg += count;
        }
        self.squares += count as f64 * (score - f64::from(u8::from(row.label))).powi(2);
        self.expected += count as f64 * score;
    }

    fn close_tie(&mut self) {
        self.twice_ordered +=
            u128::from(self.tied_pos) * (2 * u128::from(self.below_neg) + u128::from(self.tied_neg));
        self.below_neg += self.tied_neg;
        (self.tied_pos, self.tied_neg) = (0, 0);
    }

    fn value(&self, metric: Metric) -> Option<f64> {
        let share = |k: u64, n: u64| (n > 0).then(|| k as f64 / n as f64);
        match metric {
            Metric::Prevalence => share(self.positives, self.n),
            Metric::Auroc => {
                let pairs = self.positives as f64 * (self.n - self.positives) as f64;
                (pairs > 0.0).then(|| self.twice_ordered as f64 / (2.0 * pairs))
            }
            Metric::Brier => (self.n > 0).then(|| self.squares / self.n as f64),
            Metric::ObservedExpected => (self.expected > 0.0).then(|| self.positives as f64 / self.expected),
            _ => metric.ratio(&self.confusion).and_then(|(k, n, _)| share(k, n)),
        }
    }
}

fn resample_clusters(
    rows: &[Row],
    groups: usize,
    clusters: usize,
    options: &Options,
    comparison: &Comparison<'_>,
) -> ClusterDraws {
    let mut sorted: Vec<&Row> = rows.iter().collect();
    // Row order of the data must not matter, so ties are ordered by everything else.
    let key = |r: &Row| (r.group, r.cluster, r.label, r.predicted);
    sorted.sort_by(|a, b| {
        let (x, y) = (a.score.unwrap_or(0.0), b.score.unwrap_or(0.0));
        x.total_cmp(&y).then_with(|| key(a).cmp(&key(b)))
    });
    let mut draws = ClusterDraws {
        metrics: vec![vec![Vec::with_capacity(options.draws); Metric::ALL.len()]; groups + 1],
        disparities: vec![Vec::with_capacity(options.draws); Disparity::ALL.len()],
    };
    let mut rng = generator(options.seed);
    let mut weights = Vec::new();
    for _ in 0..options.draws {
        cluster_weights(clusters, &mut rng, &mut weights);
        let mut sums = vec![Sums::default(); groups + 1];
        for row in &sorted {
            let count = row.count * u64::from(weights.get(row.cluster).copied().unwrap_or(0));
            if count > 0 {
                for at in [row.group, groups] {
                    if let Some(sum) = sums.get_mut(at) {
                        sum.add(row, count);
                    }
                }
            }
        }
        let tables: Vec<Confusion> = sums.iter().take(groups).map(|s| s.confusion).collect();
        push_disparities(&tables, comparison, &mut draws.disparities);
        for (sum, values) in sums.iter_mut().zip(&mut draws.metrics) {
            sum.close_tie();
            for (metric, values) in Metric::ALL.into_iter().zip(values) {
                values.extend(sum.value(metric));
            }
        }
    }
    draws
}

fn replace_intervals(audit: &mut Audit, draws: &ClusterDraws, level: f64) {
    let groups = audit.groups.iter_mut().chain(std::iter::once(&mut audit.overall));
    for (group, values) in groups.zip(&draws.metrics) {
        for ((_, estimate), values) in group.estimates.iter_mut().zip(values) {
            let Ok(figure) = &mut estimate.figure else { continue };
            // Draws that are all alike, as with no events at all, say nothing of the error; the exact interval does.
            if let Some(interval) = percentile_interval(values.clone(), level).filter(|i| i.high - i.low > 1e-12) {
                (figure.low, figure.high) = (interval.low, interval.high);
                figure.method = Cow::Owned(format!("percentile bootstrap of clusters, {} draws", values.len()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(groups: &[(u64, u64, u64, u64)]) -> Vec<Row> {
        let mut rows = Vec::new();
        for (group, &(tp, fp, fn_, tn)) in groups.iter().enumerate() {
            for (label, predicted, count) in
                [(true, true, tp), (false, true, fp), (true, false, fn_), (false, false, tn)]
            {
                if count > 0 {
                    let score = Some(if predicted { 0.7 } else { 0.2 });
                    rows.push(Row { group, cluster: 0, label, predicted: Some(predicted), score, count });
                }
            }
        }
        rows
    }

    fn disparity(audit: &Audit, which: Disparity) -> &DisparityEstimate {
        let found = audit.disparities.iter().find(|d| d.disparity == which);
        found.expect("every disparity is reported")
    }

    #[test]
    fn two_unlabelled_patients_do_not_rewrite_the_headline() {
        let with = rows(&[(700, 3400, 750, 8600), (520, 2670, 750, 8000), (0, 1, 0, 1)]);
        let without = rows(&[(700, 3400, 750, 8600), (520, 2670, 750, 8000)]);
        let (with, without) = (audit(&with, 3, &Options::default()), audit(&without, 2, &Options::default()));
        for which in Disparity::ALL {
            let (a, b) = (disparity(&with, which), disparity(&without, which));
            assert_eq!(a.estimate.value(), b.estimate.value());
            assert!(a.left_out.iter().any(|l| l.group == 2), "{which:?}");
        }
        let tpr = disparity(&with, Disparity::EqualOpportunityDifference);
        assert_eq!(tpr.left_out.first().map(|l| l.because), Some(NotEstimable::NoPositives));
    }

    #[test]
    fn relabelling_groups_changes_no_disparity() {
        let a = audit(&rows(&[(50, 20, 30, 100), (40, 50, 20, 90)]), 2, &Options::default());
        let b = audit(&rows(&[(40, 50, 20, 90), (50, 20, 30, 100)]), 2, &Options::default());
        for which in Disparity::ALL {
            assert_eq!(disparity(&a, which).estimate.value(), disparity(&b, which).estimate.value());
        }
    }

    #[test]
    fn permuting_rows_changes_nothing() {
        let mut table = rows(&[(50, 20, 30, 100), (40, 50, 20, 90)]);
        let a = audit(&table, 2, &Options::default());
        table.reverse();
        assert_eq!(a, audit(&table, 2, &Options::default()));
    }

    #[test]
    fn every_row_its_own_cluster_agrees_with_the_closed_form() {
        let mut single = Vec::new();
        for row in rows(&[(50, 20, 30, 100), (40, 50, 20, 90)]) {
            for _ in 0..row.count {
                single.push(Row { cluster: single.len(), count: 1, ..row });
            }
        }
        let table = rows(&[(50, 20, 30, 100), (40, 50, 20, 90)]);
        let (plain, clustered) = (audit(&table, 2, &Options::default()), audit(&single, 2, &Options::default()));
        for (a, b) in plain.overall.estimates.iter().zip(&clustered.overall.estimates) {
            let (a, b) = (a.1.figure.as_ref().expect("estimable"), b.1.figure.as_ref().expect("estimable"));
            assert!((a.value - b.value).abs() < 1e-12);
            // O:E is Poisson in closed form and binomial here, so its interval is a little wider.
            assert!((a.low - b.low).abs() < 0.05 && (a.high - b.high).abs() < 0.05, "{a:?} {b:?}");
        }
    }

    #[test]
    fn undeclared_predictions_give_no_disparity() {
        let rows: Vec<Row> = rows(&[(50, 20, 30, 100)]).into_iter().map(|r| Row { predicted: None, ..r }).collect();
        let audit = audit(&rows, 1, &Options::default());
        assert!(audit.disparities.is_empty());
        let tpr = audit.overall.estimates.iter().find(|(m, _)| *m == Metric::Tpr).map(|(_, e)| &e.figure);
        assert_eq!(tpr, Some(&Err(NotEstimable::NoPrediction)));
    }
}
