//! Curves of scores: calibration, ROC, decision curve, and what another threshold would do.

use serde::{Deserialize, Serialize};

use crate::confusion::Confusion;
use crate::estimate::{Estimate, Figure, NotEstimable};
use crate::metric::Metric;
use crate::rate::wilson;
use crate::sample::{Adds, Draws, Sample, percentile_interval};
use crate::score::{Asked, Item, Scores};

/// Bins of a calibration curve.
const BINS: usize = 10;
/// Draws for figures whose cells are many.
const CURVE_DRAWS: usize = 400;
/// Never fewer draws of a calibration error than this.
pub(crate) const FEWEST_DRAWS: usize = 100;

/// One bin of a calibration curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CalibrationBin {
    /// Number of the bin, from 0.
    pub bin: usize,
    /// Mean score of the bin.
    pub predicted: f64,
    /// Share of positive labels in the bin.
    pub observed: f64,
    /// Lower end of the Wilson interval of `observed`.
    pub low: f64,
    /// Upper end of the Wilson interval of `observed`.
    pub high: f64,
    /// Rows in the bin.
    pub n: u64,
    /// Positive labels in the bin.
    pub events: u64,
}

/// Sums of one bin.
#[derive(Debug, Clone, Copy, Default)]
struct Bin {
    score: f64,
    mass: f64,
    positive: f64,
    squared: f64,
    n: u64,
    events: u64,
}

fn bin_of(score: f64) -> usize {
    ((score * BINS as f64) as usize).min(BINS - 1)
}

fn bins(scores: &Scores) -> [Bin; BINS] {
    let mut bins = [Bin::default(); BINS];
    for i in &scores.items {
        let bin = &mut bins[bin_of(i.score)];
        let rows = i.pos + i.neg;
        bin.score += i.score * i.weight * rows as f64;
        bin.mass += i.weight * rows as f64;
        bin.positive += i.weight * i.pos as f64;
        bin.squared += i.weight * i.weight * rows as f64;
        bin.n += rows;
        bin.events += i.pos;
    }
    bins
}

/// Calibration over ten cells of equal width; empty ones are left out. With survey weights the interval is Wilson's
/// for the effective number of rows (Kish 1965). Clusters do not widen it.
pub fn calibration_curve(scores: &Scores, level: f64) -> Vec<CalibrationBin> {
    let point = |(number, bin): (usize, &Bin)| {
        let observed = bin.positive / bin.mass;
        let effective = bin.mass * bin.mass / bin.squared;
        let (low, high) = wilson(observed * effective, effective, level);
        CalibrationBin {
            bin: number,
            predicted: bin.score / bin.mass,
            observed,
            low,
            high,
            n: bin.n,
            events: bin.events,
        }
    };
    bins(scores).iter().enumerate().filter(|(_, bin)| bin.n > 0).map(point).collect()
}

/// Expected calibration error (Naeini, Cooper & Hauskrecht 2015) with a percentile bootstrap interval that holds the
/// mean score of each bin. Both the figure and its draws are biased upwards in small groups.
pub fn ece(scores: &Scores, asked: &Asked, draws: usize, seed: u64) -> Estimate {
    let (n, events) = scores.totals();
    if n < asked.rows.max(1) {
        let because = if n == 0 { NotEstimable::NoRows } else { NotEstimable::FewerThan(asked.rows) };
        return Estimate::missing(n, events, because);
    }
    let bins = bins(scores);
    let means: Vec<f64> = bins.iter().map(|b| if b.mass > 0.0 { b.score / b.mass } else { 0.0 }).collect();
    let figure = |cells: &[f64]| {
        let total: f64 = cells.iter().sum();
        let gap = |(pair, mean): (&[f64], &f64)| (pair[0] - (pair[0] + pair[1]) * mean).abs();
        (total > 0.0).then(|| cells.chunks_exact(2).zip(&means).map(gap).sum::<f64>() / total)
    };
    let observed: Vec<f64> = bins.iter().flat_map(|b| [b.positive, b.mass - b.positive]).collect();
    let Some(value) = figure(&observed) else { return Estimate::missing(n, events, NotEstimable::NoRows) };
    let adds = scores.items.iter().flat_map(|i| both(i, |label| (2 * bin_of(i.score) + usize::from(!label)) as u32));
    let made = Sample::new(adds, 2 * BINS, scores.clusters.is_some())
        .draws(affordable(draws.clamp(FEWEST_DRAWS, CURVE_DRAWS), n, scores.clusters.is_some()), seed);
    let interval = percentile_interval(made.values(figure), asked.level).unwrap_or((value, value));
    let interval = (interval.0.min(value), interval.1.max(value));
    let method = format!("percentile bootstrap, {} draws", made.made());
    // A score on a grid is off by half a cell, and one near the edge of a bin may fall into the next.
    let h = scores.half_cell;
    let error_bound = if h > 0.0 {
        let edge = |s: f64| ((s * BINS as f64).round() / BINS as f64 - s).abs() <= h;
        let near: f64 =
            scores.items.iter().filter(|i| edge(i.score)).map(|i| i.weight * (i.pos + i.neg) as f64).sum();
        h + 2.0 * near / observed.iter().sum::<f64>()
    } else {
        0.0
    };
    let figure = Figure { error_bound, ..Figure::exact(value, interval, asked.level, method) };
    Estimate { n, events, figure: Ok(figure) }
}

/// Fewer draws where patients are so many that each, hardly ever like another, would be drawn one by one.
fn affordable(draws: usize, rows: u64, clustered: bool) -> usize {
    const PICKS: u64 = 20_000_000;
    const FEWEST: usize = 50;
    let most = usize::try_from(PICKS / rows.max(1)).unwrap_or(usize::MAX).max(FEWEST);
    if clustered { draws.min(most) } else { draws }
}

/// The rows of an item as contributions to the cells that `cell` names for positive and negative labels.
fn both(item: &Item, cell: impl Fn(bool) -> u32) -> impl Iterator<Item = Adds> {
    let add = |label, count| Adds { unit: item.cluster, cell: cell(label), amount: item.weight, count };
    [add(true, item.pos), add(false, item.neg)].into_iter().filter(|a| a.count > 0)
}

/// A point of a curve: false and true positive rate.
pub type RocPoint = (f64, f64);

/// The corners of the ROC curve from (0,0) to (1,1); empty where one class is absent.
pub fn roc(scores: &Scores) -> Vec<RocPoint> {
    let ties = scores.items.chunk_by(|a, b| a.score == b.score).rev().map(|tie| {
        let sum = |of: fn(&Item) -> u64| tie.iter().map(|i| i.weight * of(i) as f64).sum::<f64>();
        (sum(|i| i.pos), sum(|i| i.neg))
    });
    roc_of(ties)
}

/// The same from the mass of positives and negatives at each score, highest score first.
fn roc_of(ties: impl Iterator<Item = (f64, f64)> + Clone) -> Vec<RocPoint> {
    let (pos, neg) = ties.clone().fold((0.0, 0.0), |(p, q), (a, b)| (p + a, q + b));
    if pos <= 0.0 || neg <= 0.0 {
        return Vec::new();
    }
    let mut points = vec![(0.0, 0.0)];
    let (mut p, mut q) = (0.0, 0.0);
    for (a, b) in ties {
        p += a;
        q += b;
        points.push((q / neg, p / pos));
    }
    if let Some(last) = points.last_mut() {
        *last = (1.0, 1.0);
    }
    points
}

/// About `most` corners of the ROC curve, ends included, between any two of which lie at least `smallest` positive and
/// as many negative rows: so thinned it tells of no few people.
pub(crate) fn thinned_roc(scores: &Scores, smallest: u64, most: u64) -> Vec<RocPoint> {
    let corners = roc(scores);
    let (n, events) = scores.totals();
    let step = |rows: u64| smallest.max(rows / most.max(1));
    let (pos_step, neg_step) = (step(events), step(n - events));
    let (mut left_pos, mut left_neg) = (events, n - events);
    let (mut pos, mut neg) = (0, 0);
    let mut kept = Vec::new();
    let ties = scores.items.chunk_by(|a, b| a.score == b.score).rev();
    for (corner, tie) in corners.iter().skip(1).zip(ties) {
        let (p, q) = tie.iter().fold((0, 0), |(p, q), i| (p + i.pos, q + i.neg));
        (pos, neg) = (pos + p, neg + q);
        (left_pos, left_neg) = (left_pos - p, left_neg - q);
        if pos >= pos_step && neg >= neg_step && left_pos >= smallest && left_neg >= smallest {
            kept.push(*corner);
            (pos, neg) = (0, 0);
        }
    }
    if corners.is_empty() {
        return kept;
    }
    std::iter::once((0.0, 0.0)).chain(kept).chain([(1.0, 1.0)]).collect()
}

/// Area between two ROC curves, the integral of their absolute distance over the false positive rate (Gardner, Brooks
/// & Baker 2019, doi 10.1145/3303772.3303791). Exact for the corners given, crossings included.
pub fn area_between(a: &[RocPoint], b: &[RocPoint]) -> Option<f64> {
    if a.len() < 2 || b.len() < 2 {
        return None;
    }
    // Heights on either side of a rise at the same false positive rate are told apart by approaching from the left.
    let mut area = 0.0;
    let (mut i, mut j) = (0, 0);
    let mut at = 0.0;
    while at < 1.0 {
        while i + 2 < a.len() && a[i + 1].0 <= at {
            i += 1;
        }
        while j + 2 < b.len() && b[j + 1].0 <= at {
            j += 1;
        }
        let next = a[i + 1].0.min(b[j + 1].0);
        if next <= at {
            break;
        }
        let height = |c: &[RocPoint], k: usize, x: f64| {
            let ((x0, y0), (x1, y1)) = (c[k], c[k + 1]);
            if x1 > x0 { y0 + (y1 - y0) * (x - x0) / (x1 - x0) } else { y1 }
        };
        let left = height(a, i, at) - height(b, j, at);
        let right = height(a, i, next) - height(b, j, next);
        let width = next - at;
        area += if left * right >= 0.0 {
            (left.abs() + right.abs()) / 2.0 * width
        } else {
            (left * left + right * right) / (2.0 * (left.abs() + right.abs())) * width
        };
        at = next;
    }
    Some(area)
}

/// Resampled score distributions of several groups on common cells, for intervals of [`area_between`].
pub(crate) struct CurveDraws {
    draws: Draws,
    cells: usize,
    /// Mean score of each cell.
    middles: Vec<f64>,
}

impl CurveDraws {
    /// Cells hold equal shares of all rows.
    pub(crate) fn new(groups: &[&Scores], clusters: bool, draws: usize, seed: u64) -> Self {
        const CELLS: usize = 64;
        let mut all: Vec<(f64, u64)> =
            groups.iter().flat_map(|g| g.items.iter().map(|i| (i.score, i.pos + i.neg))).collect();
        all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let total: u64 = all.iter().map(|(_, n)| n).sum();
        let mut cuts: Vec<f64> = Vec::new();
        let (mut before, mut part) = (0, 0);
        for &(score, n) in &all {
            let here = before * CELLS as u64 / total.max(1);
            if here > part && cuts.last() != Some(&score) {
                part = here;
                cuts.push(score);
            }
            before += n;
        }
        let cells = cuts.len() + 1;
        let mut sums = vec![(0.0, 0.0); cells];
        for (score, n) in all {
            let sum = &mut sums[cuts.partition_point(|cut| *cut <= score)];
            *sum = (sum.0 + score * n as f64, sum.1 + n as f64);
        }
        let middles = sums.iter().map(|(score, n)| if *n > 0.0 { score / n } else { 0.0 }).collect();
        let cell = |group: usize, score: f64, label: bool| {
            let bin = cuts.partition_point(|cut| *cut <= score);
            ((group * cells + bin) * 2 + usize::from(!label)) as u32
        };
        let adds = groups.iter().enumerate().flat_map(|(group, scores)| {
            scores.items.iter().flat_map(move |i| both(i, move |label| cell(group, i.score, label)))
        });
        let sample = Sample::new(adds, groups.len() * cells * 2, clusters);
        Self { draws: sample.draws(affordable(draws.min(CURVE_DRAWS / 2), total, clusters), seed), cells, middles }
    }

    pub(crate) fn made(&self) -> usize {
        self.draws.made()
    }

    /// Areas between the curves of two groups.
    pub(crate) fn areas(&self, a: usize, b: usize) -> Vec<f64> {
        let curve = |table: &[f64], group: usize| {
            let mine = &table[group * self.cells * 2..(group + 1) * self.cells * 2];
            roc_of(mine.chunks_exact(2).rev().map(|pair| (pair[0], pair[1])))
        };
        self.draws.values(|table| area_between(&curve(table, a), &curve(table, b)))
    }

    /// Earth mover's distances of the scores of two groups.
    pub(crate) fn distances(&self, a: usize, b: usize) -> Vec<f64> {
        self.draws.values(|table| {
            let shares = |group: usize| {
                let mine = &table[group * self.cells * 2..(group + 1) * self.cells * 2];
                let total: f64 = mine.iter().sum();
                (total > 0.0).then(|| mine.chunks_exact(2).map(move |pair| (pair[0] + pair[1]) / total))
            };
            let steps = shares(a)?.zip(shares(b)?).zip(&self.middles);
            Some(distance(steps.map(|((p, q), middle)| (*middle, p - q))))
        })
    }
}

/// Earth mover's distance of two score distributions: the area between their distribution functions, in units of the
/// score.
pub fn score_distance(a: &Scores, b: &Scores) -> Option<f64> {
    let mass = |s: &Scores| s.items.iter().map(|i| i.weight * (i.pos + i.neg) as f64).sum::<f64>();
    let (total_a, total_b) = (mass(a), mass(b));
    if total_a <= 0.0 || total_b <= 0.0 {
        return None;
    }
    let signed = |s: &Scores, total: f64| -> Vec<(f64, f64)> {
        s.items.iter().map(|i| (i.score, i.weight * (i.pos + i.neg) as f64 / total)).collect()
    };
    let mut steps = signed(a, total_a);
    steps.extend(signed(b, -total_b));
    steps.sort_by(|x, y| x.0.total_cmp(&y.0));
    Some(distance(steps.into_iter()))
}

/// The area under the absolute running sum of steps in ascending order of score.
fn distance(steps: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (mut area, mut gap, mut last) = (0.0, 0.0_f64, None);
    for (score, step) in steps {
        area += gap.abs() * last.map_or(0.0, |last| score - last);
        gap += step;
        last = Some(score);
    }
    area
}

/// What flagging scores from a threshold on does to a group.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Operating {
    /// Lowest score that is flagged.
    pub threshold: f64,
    /// Rows.
    pub counts: Confusion<u64>,
    /// Weighted rows; equal to the counts without weights.
    pub mass: Confusion<f64>,
    /// Net benefit with its interval, where the score is a probability.
    pub net_benefit: Option<(f64, f64, f64)>,
}

/// Sums over units of products of their flagged positives T, flagged negatives F and rows N, from which the variance of
/// a net benefit follows at any threshold.
#[derive(Default, Clone, Copy)]
struct Products {
    tt: f64,
    ff: f64,
    nn: f64,
    tf: f64,
    tn: f64,
    fn_: f64,
    units: f64,
}

impl Products {
    /// Variance of (T - odds F)/N, linearised about its value.
    fn variance(&self, value: f64, odds: f64, mass: f64) -> f64 {
        let sum =
            self.tt + odds * odds * self.ff + value * value * self.nn - 2.0 * odds * self.tf - 2.0 * value * self.tn
                + 2.0 * odds * value * self.fn_;
        sum.max(0.0) / (mass * mass) * self.units / (self.units - 1.0)
    }
}

/// The products at each threshold. Rows are units of their own, or the rows of a cluster are one; at the lowest
/// threshold everything is flagged, and items leave in ascending order of score.
fn products(scores: &Scores, thresholds: &[f64]) -> Vec<Products> {
    let mut clusters: Vec<[f64; 3]> = vec![[0.0; 3]; scores.clusters.unwrap_or(0)];
    let mut now = Products::default();
    for i in &scores.items {
        let (pos, neg) = (i.weight * i.pos as f64, i.weight * i.neg as f64);
        if scores.clusters.is_some() {
            let unit = &mut clusters[i.cluster as usize];
            unit[0] += pos;
            unit[1] += neg;
            unit[2] += pos + neg;
        } else {
            now.tt += i.weight * pos;
            now.ff += i.weight * neg;
            now.units += (i.pos + i.neg) as f64;
        }
    }
    (now.tn, now.fn_, now.nn) = (now.tt, now.ff, now.tt + now.ff);
    for [t, f, n] in &clusters {
        now.tt += t * t;
        now.ff += f * f;
        now.nn += n * n;
        now.tf += t * f;
        now.tn += t * n;
        now.fn_ += f * n;
        now.units += 1.0;
    }
    let mut items = scores.items.iter().peekable();
    let mut out = Vec::with_capacity(thresholds.len());
    for threshold in thresholds {
        while let Some(i) = items.next_if(|i| i.score < *threshold) {
            let (pos, neg) = (i.weight * i.pos as f64, i.weight * i.neg as f64);
            if scores.clusters.is_some() {
                let unit = &mut clusters[i.cluster as usize];
                let [t, f, n] = *unit;
                let (u, v) = (t - pos, f - neg);
                now.tt += u * u - t * t;
                now.ff += v * v - f * f;
                now.tf += u * v - t * f;
                now.tn -= pos * n;
                now.fn_ -= neg * n;
                (unit[0], unit[1]) = (u, v);
            } else {
                now.tt -= i.weight * pos;
                now.tn -= i.weight * pos;
                now.ff -= i.weight * neg;
                now.fn_ -= i.weight * neg;
            }
        }
        out.push(now);
    }
    out
}

/// The group at each of these thresholds, which must ascend.
pub fn operating(scores: &Scores, thresholds: &[f64], probability: bool, level: f64) -> Vec<Operating> {
    let z = crate::rate::z(level);
    // Sums over the items below each index.
    let mut below = vec![Confusion::<u64>::default()];
    let mut lighter = vec![Confusion::<f64>::default()];
    let (mut counts, mut mass) = (Confusion::<u64>::default(), Confusion::<f64>::default());
    for i in &scores.items {
        counts.fn_ += i.pos;
        counts.tn += i.neg;
        mass.fn_ += i.weight * i.pos as f64;
        mass.tn += i.weight * i.neg as f64;
        below.push(counts);
        lighter.push(mass);
    }
    let products = if probability { products(scores, thresholds) } else { Vec::new() };
    let at = |(index, &threshold): (usize, &f64)| {
        let first = scores.items.partition_point(|i| i.score < threshold);
        let (low, light) = (below[first], lighter[first]);
        let here = Confusion { tp: counts.fn_ - low.fn_, fp: counts.tn - low.tn, ..low };
        let heavy = Confusion { tp: mass.fn_ - light.fn_, fp: mass.tn - light.tn, ..light };
        let net_benefit = products.get(index).filter(|p| threshold < 1.0 && p.units > 1.0).map(|products| {
            let odds = threshold / (1.0 - threshold);
            let value = (heavy.tp - heavy.fp * odds) / heavy.n();
            let half = z * products.variance(value, odds, heavy.n()).sqrt();
            (value, value - half, value + half)
        });
        Operating { threshold, counts: here, mass: heavy, net_benefit }
    };
    thresholds.iter().enumerate().map(at).collect()
}

/// The threshold of a group whose figure comes closest to `target`, among the scores that occur; the lowest such
/// score that loses nothing. `None` where the figure is not defined at any threshold.
pub fn threshold_for(scores: &Scores, metric: Metric, target: f64) -> Option<f64> {
    let total: Confusion<f64> = scores.items.iter().fold(Confusion::default(), |mut sum, i| {
        sum.tp += i.weight * i.pos as f64;
        sum.fp += i.weight * i.neg as f64;
        sum
    });
    let mut here = total;
    let mut best: Option<(f64, f64)> = None;
    for tie in scores.items.chunk_by(|a, b| a.score == b.score) {
        // Here everything from this score on is flagged.
        if let Some(value) = metric.of_counts(&here, &total) {
            let off = (value - target).abs();
            if best.is_none_or(|(least, _)| off < least) {
                best = Some((off, tie[0].score));
            }
        }
        for i in tie {
            here.tp -= i.weight * i.pos as f64;
            here.fn_ += i.weight * i.pos as f64;
            here.fp -= i.weight * i.neg as f64;
            here.tn += i.weight * i.neg as f64;
        }
    }
    best.map(|(_, threshold)| threshold)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(rows: &[(f64, u64, u64)]) -> Scores {
        let item = |&(score, pos, neg): &(f64, u64, u64)| Item { score, cluster: 0, weight: 1.0, pos, neg };
        Scores::new(rows.iter().map(item).collect(), None, 0.0)
    }

    #[test]
    fn the_area_between_a_curve_and_itself_is_nothing() {
        let a = roc(&scores(&[(0.1, 1, 9), (0.4, 4, 4), (0.7, 8, 1)]));
        assert_eq!(area_between(&a, &a), Some(0.0));
        let chance = [(0.0, 0.0), (1.0, 1.0)];
        let auroc: f64 = a.windows(2).map(|w| (w[1].0 - w[0].0) * (w[0].1 + w[1].1) / 2.0).sum();
        assert!((area_between(&a, &chance).unwrap_or(0.0) - (auroc - 0.5)).abs() < 1e-12);
    }

    #[test]
    fn curves_that_cross_do_not_cancel() {
        let a = [(0.0, 0.0), (0.0, 0.5), (1.0, 1.0)];
        let b = [(0.0, 0.0), (0.5, 1.0), (1.0, 1.0)];
        // a - b falls from 0.5 to -0.25 at 0.5, then rises to 0: two triangles and one.
        let expected = (0.25 + 0.0625) / (2.0 * 0.75) * 0.5 + 0.25 * 0.5 / 2.0;
        assert!((area_between(&a, &b).unwrap_or(0.0) - expected).abs() < 1e-12);
    }

    #[test]
    fn a_threshold_splits_the_rows_it_names() {
        let all = scores(&[(0.1, 1, 9), (0.4, 4, 4), (0.7, 8, 1)]);
        let points = operating(&all, &[0.4], true, 0.95);
        let here = points[0].counts;
        assert_eq!((here.tp, here.fp, here.fn_, here.tn), (12, 5, 1, 9));
        let nb = points[0].net_benefit.map_or(0.0, |n| n.0);
        assert!((nb - (12.0 - 5.0 * 0.4 / 0.6) / 27.0).abs() < 1e-12);
        // The same as the mean of what each row is worth, with its own variance; and for clusters.
        let clustered = Scores {
            items: all.items.iter().enumerate().map(|(at, i)| Item { cluster: at as u32 % 2, ..*i }).collect(),
            clusters: Some(2),
            half_cell: 0.0,
        };
        for scores in [&all, &clustered] {
            let points = operating(scores, &[0.2, 0.4], true, 0.95);
            for point in points {
                let direct = scores.net_benefit_value(|s| s >= point.threshold, point.threshold).expect("rows");
                let (value, low, _) = point.net_benefit.expect("rows");
                assert!((value - direct.value).abs() < 1e-12);
                assert!(((value - low) / crate::rate::z(0.95) - direct.se).abs() < 1e-9, "{point:?} {direct:?}");
            }
        }
        assert_eq!(threshold_for(&all, Metric::Tpr, 0.6), Some(0.7));
        assert_eq!(threshold_for(&all, Metric::Tpr, 0.95), Some(0.4));
    }

    #[test]
    fn distance_of_scores_is_how_far_they_are_moved() {
        let (a, b) = (scores(&[(0.2, 5, 5)]), scores(&[(0.5, 3, 4)]));
        assert!((score_distance(&a, &b).unwrap_or(0.0) - 0.3).abs() < 1e-12);
    }
}
