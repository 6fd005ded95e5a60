//! Audits of predictions that are numbers.

use crate::against::{FULL_COMPARISON, independent};
use crate::apart::Compared;
use crate::attribute::Measured;
use crate::audit::{Audit, Contrast, GroupEstimates, Options, adjust};
use crate::estimate::{Estimate, Figure, NotEstimable};
use crate::metric::{Metric, Needs};
use crate::pair::Pair;
use crate::rate::z;
use crate::rows::Grouping;
use crate::sample::{Adds, Sample, percentile_interval};
use crate::spread::{Spread, away_from_parity};

/// Quantiles at which shares of high predictions are compared.
const CUTS: usize = 150;
/// Steps in which the level without disparate impact is sought.
const LEVELS: usize = 100;
/// The quantile above which a prediction counts as high.
const TOP: f64 = 0.8;
/// Draws of the comparisons of shares.
const SHARE_DRAWS: usize = 400;

/// Rows alike in outcome, prediction and everything else that is looked at.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NumberRows {
    /// The outcome.
    pub label: Vec<f64>,
    /// The prediction.
    pub predicted: Vec<f64>,
    /// Number of the cluster (patient), without gaps, if declared.
    pub cluster: Option<Vec<u32>>,
    /// Survey weight of each row, positive, if declared.
    pub weight: Option<Vec<f64>>,
    /// How many rows.
    pub count: Vec<u64>,
}

/// Weighted means over the rows of a group.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    rows: u64,
    mass: f64,
    y: f64,
    p: f64,
    abs: f64,
    square: f64,
    /// Central second moments of outcome and prediction, and their product.
    var_y: f64,
    var_p: f64,
    cov: f64,
    high: f64,
    high_rows: u64,
}

impl NumberRows {
    fn weight(&self, row: usize) -> f64 {
        self.weight.as_ref().map_or(1.0, |w| w[row])
    }

    fn moments(&self, rows: &[usize], cut: f64) -> Moments {
        let mut m = Moments::default();
        for &row in rows {
            let w = self.weight(row) * self.count[row] as f64;
            let (y, p) = (self.label[row], self.predicted[row]);
            m.rows += self.count[row];
            m.mass += w;
            m.y += w * y;
            m.p += w * p;
            m.abs += w * (p - y).abs();
            m.square += w * (p - y).powi(2);
            if p > cut {
                m.high += w;
                m.high_rows += self.count[row];
            }
        }
        for sum in [&mut m.y, &mut m.p, &mut m.abs, &mut m.square, &mut m.high] {
            *sum /= m.mass;
        }
        for &row in rows {
            let w = self.weight(row) * self.count[row] as f64 / m.mass;
            let (y, p) = (self.label[row] - m.y, self.predicted[row] - m.p);
            m.var_y += w * y * y;
            m.var_p += w * p * p;
            m.cov += w * y * p;
        }
        m
    }

    /// The variance of a weighted mean of influences, over clusters or rows.
    fn variance(&self, rows: &[usize], mass: f64, influence: impl Fn(f64, f64) -> f64) -> f64 {
        let (sum, units) = match &self.cluster {
            None => {
                let of = |&row: &usize| {
                    let one = self.weight(row) * influence(self.label[row], self.predicted[row]) / mass;
                    self.count[row] as f64 * one * one
                };
                (rows.iter().map(of).sum::<f64>(), rows.iter().map(|&r| self.count[r]).sum::<u64>() as f64)
            }
            Some(clusters) => {
                let mut by: Vec<(u32, f64)> = rows
                    .iter()
                    .map(|&row| {
                        let w = self.weight(row) * self.count[row] as f64 / mass;
                        (clusters[row], w * influence(self.label[row], self.predicted[row]))
                    })
                    .collect();
                by.sort_by_key(|unit| unit.0);
                let sums: Vec<f64> =
                    by.chunk_by(|a, b| a.0 == b.0).map(|unit| unit.iter().map(|(_, x)| x).sum()).collect();
                (sums.iter().map(|s| s * s).sum(), sums.len() as f64)
            }
        };
        if units > 1.0 { sum * units / (units - 1.0) } else { f64::INFINITY }
    }

    fn people(&self, rows: &[usize]) -> u64 {
        match &self.cluster {
            None => rows.iter().map(|&r| self.count[r]).sum(),
            Some(clusters) => {
                let mut seen: Vec<u32> = rows.iter().map(|&r| clusters[r]).collect();
                seen.sort_unstable();
                seen.dedup();
                seen.len() as u64
            }
        }
    }

    fn measured(&self, rows: &[usize], cut: f64, options: &Options) -> Vec<(Metric, Measured)> {
        let m = self.moments(rows, cut);
        let smallest = options.smallest;
        let refused = if m.rows == 0 {
            Some(NotEstimable::NoRows)
        } else if m.rows < smallest.max(2) {
            Some(NotEstimable::FewerThan(smallest.max(2)))
        } else if self.people(rows) < smallest.max(2) {
            Some(NotEstimable::FewerClustersThan(smallest.max(2)))
        } else {
            None
        };
        let (h, root) = (options.half_cell, m.square.sqrt());
        // A spread below the rounding of the values is none.
        let spread =
            |variance: f64, mean: f64| if variance > 1e-20 * (variance + mean * mean) { variance } else { 0.0 };
        let (m_var_y, m_var_p) = (spread(m.var_y, m.y), spread(m.var_p, m.p));
        let m = Moments { var_y: m_var_y, var_p: m_var_p, ..m };
        let (sd_y, sd_p) = (m.var_y.sqrt(), m.var_p.sqrt());
        let r = if sd_y > 0.0 && sd_p > 0.0 { m.cov / (sd_y * sd_p) } else { f64::NAN };
        let jain = m.abs * m.abs / m.square;
        let squared = 4.0 * h * m.abs + 4.0 * h * h;
        let method = match (self.cluster.is_some(), self.weight.is_some()) {
            (true, _) => "normal, linearised by cluster",
            (false, true) => "normal, linearised, weighted",
            (false, false) => "normal, linearised",
        };
        Metric::ALL
            .into_iter()
            .filter(|metric| metric.needs() == Needs::Number)
            .map(|metric| {
                let missing = |because| Measured { estimate: Estimate::missing(m.rows, 0, because), se: None };
                if let Some(because) = refused {
                    return (metric, missing(because));
                }
                let variance = |influence: &dyn Fn(f64, f64) -> f64| self.variance(rows, m.mass, influence);
                let (value, variance, error_bound) = match metric {
                    Metric::MeanOutcome => (m.y, variance(&|y, _| y - m.y), h),
                    Metric::MeanPrediction => (m.p, variance(&|_, p| p - m.p), h),
                    Metric::MeanError => (m.p - m.y, variance(&|y, p| p - y - (m.p - m.y)), 2.0 * h),
                    Metric::Mae => (m.abs, variance(&|y, p| (p - y).abs() - m.abs), 2.0 * h),
                    Metric::Mse => (m.square, variance(&|y, p| (p - y).powi(2) - m.square), squared),
                    Metric::Rmse => {
                        let half = |y: f64, p: f64| {
                            if root > 0.0 { ((p - y).powi(2) - m.square) / (2.0 * root) } else { 0.0 }
                        };
                        (root, variance(&half), 2.0 * h)
                    }
                    Metric::R2 => {
                        let influence = |y: f64, p: f64| {
                            -((p - y).powi(2) - m.square) / m.var_y
                                + m.square / m.var_y.powi(2) * ((y - m.y).powi(2) - m.var_y)
                        };
                        let bound = squared / m.var_y + m.square / m.var_y.powi(2) * (4.0 * h * sd_y + 4.0 * h * h);
                        (1.0 - m.square / m.var_y, variance(&influence), bound)
                    }
                    Metric::SuccessRate => (m.high, variance(&|_, p| f64::from(u8::from(p > cut)) - m.high), 0.0),
                    Metric::JainIndex => {
                        let influence = |y: f64, p: f64| {
                            let e = (p - y).abs();
                            2.0 * m.abs / m.square * (e - m.abs) - jain / m.square * (e * e - m.square)
                        };
                        (jain, variance(&influence), 2.0 * h * 2.0 * m.abs / m.square + jain * squared / m.square)
                    }
                    _ => {
                        let influence = |y: f64, p: f64| {
                            let (a, b) = ((y - m.y) / sd_y, (p - m.p) / sd_p);
                            a * b - r / 2.0 * (a * a + b * b)
                        };
                        (r, variance(&influence), 2.0 * h / sd_y + 2.0 * h / sd_p)
                    }
                };
                if !value.is_finite() || !variance.is_finite() {
                    return (metric, missing(NotEstimable::NoSpread));
                }
                let se = variance.sqrt();
                let (least, most) = metric.definition().range;
                let half = z(options.level) * se;
                let interval = ((value - half).max(least).min(value), (value + half).min(most).max(value));
                let figure = Figure { error_bound, ..Figure::exact(value, interval, options.level, method) };
                let events = if metric == Metric::SuccessRate { m.high_rows } else { 0 };
                let estimate = Estimate { n: m.rows, events, figure: Ok(figure) };
                (metric, Measured { estimate, se: Some(se) })
            })
            .collect()
    }

    /// The quantile of everyone's predictions, rows counted as often as they are.
    fn quantile(&self, order: &[usize], p: f64) -> f64 {
        let total: u64 = self.count.iter().sum();
        let at = p * total.saturating_sub(1) as f64;
        let (floor, rest) = (at.floor(), at - at.floor());
        let value = |rank: f64| {
            let mut before = 0.0;
            for &row in order {
                before += self.count[row] as f64;
                if rank < before {
                    return self.predicted[row];
                }
            }
            order.last().map_or(0.0, |&row| self.predicted[row])
        };
        let (a, b) = (value(floor), value(floor + 1.0));
        if rest < 0.5 { a + (b - a) * rest } else { b - (b - a) * (1.0 - rest) }
    }
}

fn group_estimates(measured: &[(Metric, Measured)], rows: u64, clusters: Option<u64>) -> GroupEstimates {
    GroupEstimates {
        n: rows,
        clusters,
        estimates: measured.iter().map(|(m, e)| (*m, e.estimate.clone())).collect(),
        ..GroupEstimates::default()
    }
}

/// Audits every grouping of the same rows of outcomes and predictions that are numbers. Intervals are linearised and
/// count clusters where they are declared. P-values are adjusted over all groupings together.
pub fn audit_numbers(rows: &NumberRows, groupings: &[Grouping], options: &Options) -> Vec<Audit> {
    let mut order: Vec<usize> = (0..rows.count.len()).collect();
    order.sort_by(|&a, &b| rows.predicted[a].total_cmp(&rows.predicted[b]));
    let cut = options.threshold.unwrap_or_else(|| rows.quantile(&order, 0.5));
    let all: Vec<usize> = (0..rows.count.len()).collect();
    let people = |members: &[usize]| rows.cluster.as_ref().map(|_| rows.people(members));
    let total = |members: &[usize]| members.iter().map(|&r| rows.count[r]).sum::<u64>();
    let whole = rows.measured(&all, cut, options);
    let overall = group_estimates(&whole, total(&all), people(&all));
    let mut audits: Vec<Audit> = groupings
        .iter()
        .map(|grouping| {
            let mut members = vec![Vec::new(); grouping.groups];
            for row in 0..rows.count.len() {
                members[grouping.codes[row] as usize].push(row);
            }
            let measured: Vec<_> = members.iter().map(|m| rows.measured(m, cut, options)).collect();
            let groups =
                measured.iter().zip(&members).map(|(e, m)| group_estimates(e, total(m), people(m))).collect();
            let contrasts =
                grouping.reference.map_or_else(Vec::new, |reference| contrasts(&measured, reference, options));
            Audit {
                groups,
                overall: overall.clone(),
                missing: grouping.missing.clone(),
                reference: grouping.reference,
                spreads: if grouping.groups > 1 { spreads(&measured, &overall, options) } else { Vec::new() },
                contrasts,
                pairs: pairs(rows, grouping, &measured, &members, &order, options),
                draws: options.draws,
                ..Audit::default()
            }
        })
        .collect();
    adjust(audits.iter_mut());
    audits
}

/// Every figure over the groups, each group's figure varying as its standard error says.
pub(crate) fn spreads(
    measured: &[Vec<(Metric, Measured)>],
    overall: &GroupEstimates,
    options: &Options,
) -> Vec<Spread> {
    let Some(first) = measured.first() else { return Vec::new() };
    let of = |at: usize| {
        let compared = Compared::new(measured, at, overall);
        compared.spread(compared.parametric(options), compared.homogeneity(), 0, options)
    };
    (0..first.len()).map(of).collect()
}

/// Every group against the reference, groups taken as independent.
pub(crate) fn contrasts(measured: &[Vec<(Metric, Measured)>], reference: usize, options: &Options) -> Vec<Contrast> {
    let others = (0..measured.len()).filter(|&group| group != reference);
    others
        .flat_map(|group| {
            measured[group]
                .iter()
                .zip(&measured[reference])
                .map(move |((metric, a), (_, b))| independent(*metric, (group, a), b, options.level))
        })
        .collect()
}

fn pairs(
    rows: &NumberRows,
    grouping: &Grouping,
    measured: &[Vec<(Metric, Measured)>],
    members: &[Vec<usize>],
    order: &[usize],
    options: &Options,
) -> Vec<(usize, Pair, Estimate)> {
    let Some(reference) = grouping.reference.filter(|_| grouping.groups <= FULL_COMPARISON) else {
        return Vec::new();
    };
    let quantile = |p: f64| rows.quantile(order, p);
    let top = quantile(TOP);
    let cuts: Vec<f64> = (0..CUTS).map(|i| quantile(i as f64 / (CUTS - 1) as f64)).collect();
    let levels: Vec<f64> = (0..LEVELS).map(|i| quantile(1.0 - i as f64 / (LEVELS - 1) as f64)).collect();
    let mut edges: Vec<f64> = cuts.iter().chain(&levels).chain([&top]).copied().collect();
    edges.sort_by(f64::total_cmp);
    edges.dedup();
    // Cells between edges: the share at or above an edge is the sum of the cells from it on.
    let cells = edges.len() + 1;
    let cell = |row: usize| edges.partition_point(|edge| *edge <= rows.predicted[row]);
    let adds = (0..rows.count.len()).map(|row| Adds {
        unit: rows.cluster.as_ref().map_or(0, |c| c[row]),
        cell: grouping.codes[row] * cells as u32 + cell(row) as u32,
        amount: rows.weight(row),
        count: rows.count[row],
    });
    let draws = Sample::new(adds, grouping.groups * cells, rows.cluster.is_some())
        .draws(options.draws.min(SHARE_DRAWS), options.seed);
    let made = draws.made();
    let mut observed = vec![0.0; grouping.groups * cells];
    for row in 0..rows.count.len() {
        observed[grouping.codes[row] as usize * cells + cell(row)] += rows.weight(row) * rows.count[row] as f64;
    }
    let place = |cut: f64| edges.partition_point(|edge| *edge <= cut);
    let at_cuts: Vec<usize> = cuts.iter().map(|&c| place(c)).collect();
    let at_levels: Vec<usize> = levels.iter().map(|&c| place(c)).collect();
    let at_top = place(top);
    let above = |table: &[f64], group: usize| -> Option<Vec<f64>> {
        let mine = &table[group * cells..(group + 1) * cells];
        let total: f64 = mine.iter().sum();
        let mut sums = vec![0.0; cells + 1];
        for at in (0..cells).rev() {
            sums[at] = sums[at + 1] + mine[at] / total;
        }
        (total > 0.0).then_some(sums)
    };
    let figure = |which: Pair, table: &[f64], group: usize| -> Option<f64> {
        let (g, r) = (above(table, group)?, above(table, reference)?);
        let gaps = || at_cuts.iter().map(|&at| (g[at] - r[at]).abs());
        match which {
            Pair::DisparateImpactQuantile => (r[at_top] > 0.0).then(|| g[at_top] / r[at_top]),
            Pair::StatisticalParityQuantile => Some(g[at_top] - r[at_top]),
            Pair::StatisticalParityAuc => Some(gaps().sum::<f64>() / CUTS as f64),
            Pair::MaxStatisticalParity => gaps().reduce(f64::max),
            Pair::NoDisparateImpactLevel => {
                let fair = |at: usize| r[at] > 0.0 && g[at] / r[at] > 0.8 && g[at] / r[at] < 1.2;
                let found = at_levels.iter().position(|&at| fair(at)).unwrap_or(LEVELS - 1);
                levels.get(found).copied()
            }
            _ => None,
        }
    };
    let moments: Vec<Moments> = members.iter().map(|m| rows.moments(m, top)).collect();
    let mut out = Vec::new();
    for group in (0..grouping.groups).filter(|&g| g != reference) {
        let (a, b) = (moments[group], moments[reference]);
        let known = |g: usize| measured[g].iter().any(|(_, e)| e.estimate.figure.is_ok());
        for which in Pair::ALL.into_iter().filter(|p| p.rates() == [Metric::MeanPrediction]) {
            let parity = which.definition().one_sided_parity();
            let found = if !known(group) || !known(reference) {
                Err(NotEstimable::OneSideMissing)
            } else if which == Pair::ZScoreDifference {
                let (n, m) = (a.rows as f64, b.rows as f64);
                let pooled = (((n - 1.0) * a.var_p + (m - 1.0) * b.var_p) / (n + m - 2.0)).sqrt();
                let mean = |g: usize| measured[g].iter().find(|(m, _)| *m == Metric::MeanPrediction);
                match (mean(group), mean(reference)) {
                    (Some((_, x)), Some((_, y))) if pooled > 0.0 => {
                        let contrast = independent(Metric::MeanPrediction, (group, x), y, options.level);
                        contrast.difference.figure.map(|f| {
                            let interval = (f.low / pooled, f.high / pooled);
                            let error_bound = f.error_bound / pooled;
                            let method = "square-and-add, standard deviation held";
                            Figure { error_bound, ..Figure::exact(f.value / pooled, interval, options.level, method) }
                        })
                    }
                    _ => Err(NotEstimable::NoSpread),
                }
            } else {
                let value = figure(which, &observed, group).ok_or(NotEstimable::ZeroDenominator);
                value.and_then(|value| {
                    let draws = draws.values(|table| figure(which, table, group));
                    // What is above 1 as easily as below has no side towards parity.
                    let interval = if which == Pair::DisparateImpactQuantile {
                        percentile_interval(draws, options.level)
                    } else {
                        away_from_parity(parity, value, draws, options.level)
                    };
                    let (low, high) = interval.ok_or(NotEstimable::ZeroDenominator)?;
                    let method = format!("bootstrap, cuts held, {made} draws");
                    Ok(Figure::exact(value, (low.min(value), high.max(value)), options.level, method))
                })
            };
            out.push((group, which, Estimate { n: a.rows + b.rows, events: 0, figure: found }));
        }
    }
    out
}
