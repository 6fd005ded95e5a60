//! Figures of scores: how well they order, and whether they mean what they say.
//!
//! All work on [`Item`]s in ascending order of score. Rows are independent, or belong to clusters; then the variance
//! of a figure is that of the sums of its influence over clusters.

use crate::estimate::{Estimate, Figure, NotEstimable};
use crate::rate::{Interval, z};
use statrs::distribution::{ContinuousCDF, Gamma};

/// Scores are kept this far from 0 and 1 where their logarithm is taken.
const CLIP: f64 = 1e-6;

/// Rows of one score, cluster and weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Item {
    /// The score; for a grid, the middle of its cell.
    pub score: f64,
    /// Number of the cluster within the group; ignored where rows are independent.
    pub cluster: u32,
    /// Survey weight of each row.
    pub weight: f64,
    /// Rows with a positive label.
    pub pos: u64,
    /// Rows with a negative label.
    pub neg: u64,
}

/// The scores of one group.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// In ascending order of score, one entry for each score, cluster and weight.
    pub items: Vec<Item>,
    /// How many clusters there are; `None` where rows are independent.
    pub clusters: Option<usize>,
    /// Half the width of a cell of the score grid, 0 when scores are exact.
    pub half_cell: f64,
}

/// What asks for an estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Asked {
    /// Nominal coverage.
    pub level: f64,
    /// Fewest positive labels.
    pub events: u64,
    /// Fewest negative labels.
    pub non_events: u64,
    /// Fewest rows.
    pub rows: u64,
}

/// A value, its standard error, and how it was had.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Value {
    pub(crate) value: f64,
    pub(crate) se: f64,
}

impl Scores {
    /// Sorts items by score and adds up those that are alike.
    pub fn new(mut items: Vec<Item>, clusters: Option<usize>, half_cell: f64) -> Self {
        let key = |a: &Item, b: &Item| {
            a.score.total_cmp(&b.score).then(a.cluster.cmp(&b.cluster)).then(a.weight.total_cmp(&b.weight))
        };
        items.sort_unstable_by(|a, b| key(a, b));
        items.dedup_by(|next, kept| {
            let alike = key(next, kept).is_eq();
            if alike {
                kept.pos += next.pos;
                kept.neg += next.neg;
            }
            alike
        });
        Self { items, clusters, half_cell }
    }

    /// Rows, and those with a positive label.
    pub fn totals(&self) -> (u64, u64) {
        self.items.iter().fold((0, 0), |(n, events), i| (n + i.pos + i.neg, events + i.pos))
    }

    /// Why nothing can be said, if so.
    pub(crate) fn refuses(&self, asked: &Asked) -> Option<NotEstimable> {
        let (n, pos) = self.totals();
        let neg = n - pos;
        if n == 0 {
            Some(NotEstimable::NoRows)
        } else if n < asked.rows {
            Some(NotEstimable::FewerThan(asked.rows))
        } else if pos == 0 && asked.events > 0 {
            Some(NotEstimable::NoPositives)
        } else if neg == 0 && asked.non_events > 0 {
            Some(NotEstimable::NoNegatives)
        } else if pos < asked.events {
            Some(NotEstimable::FewerEventsThan(asked.events))
        } else if neg < asked.non_events {
            Some(NotEstimable::FewerNonEventsThan(asked.non_events))
        } else {
            None
        }
    }

    pub(crate) fn robust(&self) -> bool {
        self.clusters.is_some() || self.items.iter().any(|i| i.weight != 1.0)
    }

    fn suffix(&self) -> &'static str {
        match (self.clusters.is_some(), self.items.iter().any(|i| i.weight != 1.0)) {
            (true, true) => ", weighted, by cluster",
            (true, false) => ", by cluster",
            (false, true) => ", weighted",
            (false, false) => "",
        }
    }

    /// An estimate from a value with a symmetric interval, kept within `range`.
    pub(crate) fn finish(
        &self,
        value: Value,
        range: Interval,
        asked: &Asked,
        name: &str,
        error_bound: f64,
    ) -> Estimate {
        let (n, events) = self.totals();
        if !value.value.is_finite() {
            return Estimate::missing(n, events, NotEstimable::NotConverged);
        }
        // One row, or one cluster, has no spread to tell an error from.
        if !value.se.is_finite() {
            return Estimate::missing(n, events, NotEstimable::FewerThan(2));
        }
        let half = z(asked.level) * value.se;
        let interval = ((value.value - half).max(range.0), (value.value + half).min(range.1));
        let method = format!("{name}{}", self.suffix());
        Estimate {
            n,
            events,
            figure: Ok(Figure { error_bound, ..Figure::exact(value.value, interval, asked.level, method) }),
        }
    }

    /// The ratio of weighted sums of `a` and `b`, functions of score and label, with its linearised standard error.
    pub(crate) fn ratio(&self, a: impl Fn(f64, bool) -> f64, b: impl Fn(f64, bool) -> f64) -> Option<Value> {
        let (mut above, mut below) = (0.0, 0.0);
        for i in &self.items {
            for (label, count) in [(true, i.pos), (false, i.neg)] {
                above += i.weight * count as f64 * a(i.score, label);
                below += i.weight * count as f64 * b(i.score, label);
            }
        }
        if below == 0.0 {
            return None;
        }
        let value = above / below;
        let influence = |score, label| (a(score, label) - value * b(score, label)) / below;
        let concerned = |score, label| b(score, label) != 0.0 || a(score, label) != 0.0;
        Some(Value { value, se: self.variance(influence, concerned).sqrt() })
    }

    /// The variance of a sum of row influences: over clusters, or over rows. Only units with a row that is
    /// `concerned` count for the correction of degrees of freedom.
    pub(crate) fn variance(
        &self,
        influence: impl Fn(f64, bool) -> f64,
        concerned: impl Fn(f64, bool) -> bool,
    ) -> f64 {
        let rows = |i: &Item| [(true, i.pos), (false, i.neg)];
        let (sum, units) = match self.clusters {
            None => {
                let (mut sum, mut units) = (0.0, 0u64);
                for i in &self.items {
                    for (label, count) in rows(i) {
                        if count > 0 && concerned(i.score, label) {
                            sum += count as f64 * (i.weight * influence(i.score, label)).powi(2);
                            units += count;
                        }
                    }
                }
                (sum, units as f64)
            }
            Some(clusters) => {
                let mut sums = vec![(0.0, false); clusters];
                for i in &self.items {
                    for (label, count) in rows(i) {
                        if count > 0 && concerned(i.score, label) {
                            let slot = &mut sums[i.cluster as usize];
                            slot.0 += count as f64 * i.weight * influence(i.score, label);
                            slot.1 = true;
                        }
                    }
                }
                let units = sums.iter().filter(|(_, seen)| *seen).count();
                (sums.iter().map(|(s, _)| s * s).sum(), units as f64)
            }
        };
        if units > 1.0 { sum * units / (units - 1.0) } else { f64::INFINITY }
    }

    /// Placements: for each item the share of negatives below a positive of its score, and of positives above a
    /// negative of its score, ties one half; and the AUROC with the largest error that a grid can have caused.
    pub(crate) fn placements(&self) -> (Vec<(f64, f64)>, f64, f64) {
        let weigh = |count: u64, i: &Item| count as f64 * i.weight;
        let pos: f64 = self.items.iter().map(|i| weigh(i.pos, i)).sum();
        let neg: f64 = self.items.iter().map(|i| weigh(i.neg, i)).sum();
        let mut places = Vec::with_capacity(self.items.len());
        let (mut below_pos, mut below_neg, mut ordered, mut tied) = (0.0, 0.0, 0.0, 0.0);
        for tie in self.items.chunk_by(|a, b| a.score == b.score) {
            let p: f64 = tie.iter().map(|i| weigh(i.pos, i)).sum();
            let q: f64 = tie.iter().map(|i| weigh(i.neg, i)).sum();
            let place = ((below_neg + q / 2.0) / neg, (pos - below_pos - p / 2.0) / pos);
            places.extend(std::iter::repeat_n(place, tie.len()));
            ordered += p * (below_neg + q / 2.0);
            tied += p * q;
            below_pos += p;
            below_neg += q;
        }
        let bound = if self.half_cell > 0.0 { tied / (pos * neg) / 2.0 } else { 0.0 };
        (places, ordered / (pos * neg), bound)
    }

    /// AUROC and its variance: DeLong, DeLong & Clarke-Pearson 1988 (doi 10.2307/2531595) for independent rows,
    /// Obuchowski 1997 (doi 10.2307/2533958) for clusters.
    pub(crate) fn auroc_value(&self) -> Value {
        let (places, value, _) = self.placements();
        let sums = |i: &Item, place: &(f64, f64)| {
            let (p, q) = (i.weight * i.pos as f64, i.weight * i.neg as f64);
            (p * (place.0 - value), q * (place.1 - value))
        };
        let pos: f64 = self.items.iter().map(|i| i.weight * i.pos as f64).sum();
        let neg: f64 = self.items.iter().map(|i| i.weight * i.neg as f64).sum();
        let spread = |units: f64| if units > 1.0 { units / (units - 1.0) } else { f64::INFINITY };
        let variance = match self.clusters {
            None => {
                let (mut v10, mut v01, mut m, mut k) = (0.0, 0.0, 0u64, 0u64);
                for (i, place) in self.items.iter().zip(&places) {
                    v10 += i.pos as f64 * (i.weight * (place.0 - value)).powi(2);
                    v01 += i.neg as f64 * (i.weight * (place.1 - value)).powi(2);
                    m += i.pos;
                    k += i.neg;
                }
                v10 / (pos * pos) * spread(m as f64) + v01 / (neg * neg) * spread(k as f64)
            }
            Some(clusters) => {
                let mut all = vec![(0.0, 0.0, false, false); clusters];
                for (i, place) in self.items.iter().zip(&places) {
                    let (x, y) = sums(i, place);
                    let slot = &mut all[i.cluster as usize];
                    slot.0 += x;
                    slot.1 += y;
                    slot.2 |= i.pos > 0;
                    slot.3 |= i.neg > 0;
                }
                let count = |f: fn(&(f64, f64, bool, bool)) -> bool| all.iter().filter(|c| f(c)).count() as f64;
                let total = count(|c| c.2 || c.3);
                let sum = |f: fn(&(f64, f64, bool, bool)) -> f64| all.iter().map(f).sum::<f64>();
                sum(|c| c.0 * c.0) / (pos * pos) * spread(count(|c| c.2))
                    + sum(|c| c.1 * c.1) / (neg * neg) * spread(count(|c| c.3))
                    + 2.0 * sum(|c| c.0 * c.1) / (pos * neg) * spread(total)
            }
        };
        Value { value, se: variance.max(0.0).sqrt() }
    }

    /// AUROC with its interval.
    pub fn auroc(&self, asked: &Asked) -> Estimate {
        if let Some(because) = self.refuses(asked) {
            let (n, events) = self.totals();
            return Estimate::missing(n, events, because);
        }
        let (_, _, bound) = self.placements();
        let name = if self.clusters.is_some() { "Obuchowski" } else { "DeLong" };
        let value = self.auroc_value();
        if value.se == 0.0 {
            // Scores that separate the labels perfectly in few rows do not do so for certain.
            let (n, pos) = self.totals();
            let people = pos.min(n - pos).min(self.clusters.map_or(u64::MAX, |c| c as u64)) as f64;
            let interval = crate::rate::wilson(value.value * people, people, asked.level);
            let method = "Wilson for the smaller class, scores separate the labels";
            let figure = Figure { error_bound: bound, ..Figure::exact(value.value, interval, asked.level, method) };
            return Estimate { n, events: pos, figure: Ok(figure) };
        }
        self.finish(value, (0.0, 1.0), asked, name, bound)
    }

    /// The mean of a function of score and label over the rows that `over` selects.
    fn mean(
        &self,
        asked: &Asked,
        range: Interval,
        of: impl Fn(f64, bool) -> f64,
        over: impl Fn(bool) -> bool,
        error_bound: f64,
    ) -> Estimate {
        let (n, events) = self.totals();
        if let Some(because) = self.refuses(asked) {
            return Estimate::missing(n, events, because);
        }
        let one = |label| f64::from(u8::from(over(label)));
        match self.ratio(|s, y| if over(y) { of(s, y) } else { 0.0 }, |_, y| one(y)) {
            Some(value) => self.finish(value, range, asked, "normal, linearised", error_bound),
            None => Estimate::missing(n, events, NotEstimable::ZeroDenominator),
        }
    }

    /// Mean score.
    pub fn mean_score(&self, asked: &Asked) -> Estimate {
        self.mean(asked, (0.0, 1.0), |s, _| s, |_| true, self.half_cell)
    }

    /// Mean score of the rows with this label, or one less it.
    pub fn generalized(&self, asked: &Asked, label: bool, less: bool) -> Estimate {
        let asked = Asked {
            events: if label { asked.events.max(1) } else { 0 },
            non_events: if label { 0 } else { asked.non_events.max(1) },
            ..*asked
        };
        let of = |s: f64, _| if less { 1.0 - s } else { s };
        self.mean(&asked, (0.0, 1.0), of, |y| y == label, self.half_cell)
    }

    /// Brier score.
    pub fn brier(&self, asked: &Asked) -> Estimate {
        let bound = self.half_cell * (2.0 + self.half_cell);
        self.mean(asked, (0.0, 1.0), |s, y| (s - f64::from(u8::from(y))).powi(2), |_| true, bound)
    }

    /// Log loss.
    pub fn log_loss(&self, asked: &Asked) -> Estimate {
        let of = |s: f64, y: bool| if y { -clip(s).ln() } else { -(1.0 - clip(s)).ln() };
        let bound = if self.half_cell > 0.0 {
            let h = self.half_cell;
            let worst = |s: f64, y: bool| (of(s + h, y) - of(s, y)).abs().max((of(s - h, y) - of(s, y)).abs());
            self.ratio(worst, |_, _| 1.0).map_or(0.0, |v| v.value)
        } else {
            0.0
        };
        self.mean(asked, (0.0, f64::INFINITY), of, |_| true, bound)
    }

    /// Net benefit of flagging scores from `flagged` on when a false alarm costs as the odds of `threshold` say
    /// (Vickers & Elkin 2006, doi 10.1177/0272989X06295361).
    pub(crate) fn net_benefit_value(&self, flagged: impl Fn(f64) -> bool, threshold: f64) -> Option<Value> {
        let odds = threshold / (1.0 - threshold);
        let of = |s, y: bool| match (flagged(s), y) {
            (false, _) => 0.0,
            (true, true) => 1.0,
            (true, false) => -odds,
        };
        // Every row counts, flagged or not.
        self.ratio(of, |_, _| 1.0)
    }

    /// Net benefit with its interval.
    pub fn net_benefit(&self, asked: &Asked, threshold: f64) -> Estimate {
        let (n, events) = self.totals();
        if let Some(because) = self.refuses(asked) {
            return Estimate::missing(n, events, because);
        }
        match self.net_benefit_value(|s| s >= threshold, threshold) {
            Some(value) => self.finish(value, (f64::NEG_INFINITY, 1.0), asked, "normal, linearised", 0.0),
            None => Estimate::missing(n, events, NotEstimable::ZeroDenominator),
        }
    }

    /// Observed over expected events: exact Poisson interval of the observed count for independent, unweighted rows
    /// (Garwood 1936, doi 10.1093/biomet/28.3-4.437), else linearised on the logarithmic scale.
    pub fn observed_expected(&self, asked: &Asked) -> Estimate {
        let (n, observed) = self.totals();
        let asked = Asked { non_events: 0, ..*asked };
        if let Some(because) = self.refuses(&Asked { events: 0, ..asked }) {
            return Estimate::missing(n, observed, because);
        }
        let expected: f64 = self.items.iter().map(|i| i.weight * (i.pos + i.neg) as f64 * i.score).sum();
        if expected <= 0.0 {
            return Estimate::missing(n, observed, NotEstimable::NothingExpected);
        }
        let mass: f64 = self.items.iter().map(|i| i.weight * (i.pos + i.neg) as f64).sum();
        let slack = self.half_cell * mass;
        let bound = |value: f64| if slack < expected { value * slack / (expected - slack) } else { f64::MAX };
        if self.robust() {
            let Some(v) = self.ratio(|_, y| f64::from(u8::from(y)), |s, _| s) else {
                return Estimate::missing(n, observed, NotEstimable::NothingExpected);
            };
            if v.value <= 0.0 {
                return Estimate::missing(n, observed, NotEstimable::NoPositives);
            }
            let half = z(asked.level) * v.se / v.value;
            let interval = (v.value * (-half).exp(), v.value * half.exp());
            let method = format!("linearised on the log scale{}", self.suffix());
            let figure =
                Figure { error_bound: bound(v.value), ..Figure::exact(v.value, interval, asked.level, method) };
            return Estimate { n, events: observed, figure: Ok(figure) };
        }
        let o = observed as f64;
        let value = o / expected;
        let tail = (1.0 - asked.level) / 2.0;
        let quantile = |shape: f64, p: f64| Gamma::new(shape, 1.0).map_or(f64::NAN, |g| g.inverse_cdf(p));
        let low = if observed == 0 { 0.0 } else { quantile(o, tail) };
        let high = quantile(o + 1.0, 1.0 - tail);
        let interval = (low / expected, high / expected);
        let figure =
            Figure { error_bound: bound(value), ..Figure::exact(value, interval, asked.level, "exact Poisson") };
        Estimate { n, events: observed, figure: Ok(figure) }
    }
}

pub(crate) fn clip(score: f64) -> f64 {
    score.clamp(CLIP, 1.0 - CLIP)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: Asked = Asked { level: 0.95, events: 1, non_events: 1, rows: 1 };

    fn scores(rows: &[(f64, bool)]) -> Scores {
        let item = |&(score, y): &(f64, bool)| Item {
            score,
            cluster: 0,
            weight: 1.0,
            pos: u64::from(y),
            neg: u64::from(!y),
        };
        Scores::new(rows.iter().map(item).collect(), None, 0.0)
    }

    fn many() -> Vec<(f64, bool)> {
        (0..400)
            .map(|i| {
                let s = f64::from(i * 7919 % 1009) / 1009.0;
                (s, f64::from(i * 31 % 97) / 97.0 < s)
            })
            .collect()
    }

    #[test]
    fn auroc_is_the_share_of_ordered_pairs() {
        let rows = [(0.1, false), (0.4, false), (0.4, true), (0.35, true), (0.8, true), (0.8, false), (0.2, false)];
        let (mut won, mut pairs) = (0.0, 0.0);
        for &(s, y) in &rows {
            for &(t, z) in &rows {
                if y && !z {
                    pairs += 1.0;
                    won += if s > t {
                        1.0
                    } else if s == t {
                        0.5
                    } else {
                        0.0
                    };
                }
            }
        }
        let value = scores(&rows).auroc(&ASKED).value().unwrap_or_default();
        assert!((value - won / pairs).abs() < 1e-15);
    }

    #[test]
    fn one_class_is_not_estimable() {
        let estimate = scores(&[(0.1, false), (0.9, false)]).auroc(&ASKED);
        assert_eq!(estimate.figure, Err(NotEstimable::NoPositives));
    }

    #[test]
    fn a_grid_states_bounds_that_hold() {
        let rows = many();
        let exact = scores(&rows);
        let h = 1.0 / 64.0;
        let coarse: Vec<(f64, bool)> =
            rows.iter().map(|&(s, y)| ((s / (2.0 * h)).floor() * 2.0 * h + h, y)).collect();
        let gridded = Scores { half_cell: h, ..scores(&coarse) };
        type Ask = fn(&Scores, &Asked) -> Estimate;
        let all: [Ask; 5] =
            [Scores::auroc, Scores::brier, Scores::mean_score, Scores::log_loss, Scores::observed_expected];
        for ask in all {
            let a = ask(&exact, &ASKED).value().unwrap_or_default();
            let b = ask(&gridded, &ASKED).figure.expect("estimable");
            assert!((a - b.value).abs() <= b.error_bound + 1e-12, "{a} {b:?}");
            assert!(b.error_bound < 0.2, "{b:?}");
        }
        let (a, b) = (exact.recalibration(&ASKED), gridded.recalibration(&ASKED));
        for (a, b) in [(a.0, b.0), (a.1, b.1)] {
            let (a, b) = (a.value().unwrap_or_default(), b.figure.expect("estimable"));
            assert!((a - b.value).abs() <= b.error_bound, "{a} {b:?}");
        }
    }

    #[test]
    fn a_weight_of_two_is_two_rows() {
        let rows = many();
        let weighted = Scores {
            items: scores(&rows).items.into_iter().map(|i| Item { weight: 2.0, ..i }).collect(),
            clusters: None,
            half_cell: 0.0,
        };
        let doubled = Scores {
            items: scores(&rows).items.into_iter().map(|i| Item { pos: 2 * i.pos, neg: 2 * i.neg, ..i }).collect(),
            clusters: None,
            half_cell: 0.0,
        };
        for ask in [Scores::auroc, Scores::brier, Scores::log_loss, Scores::observed_expected] {
            let (a, b) = (ask(&weighted, &ASKED).value(), ask(&doubled, &ASKED).value());
            assert!((a.unwrap_or(0.0) - b.unwrap_or(1.0)).abs() < 1e-12, "{a:?} {b:?}");
        }
    }

    #[test]
    fn rows_that_are_their_own_cluster_are_independent() {
        let plain = scores(&many());
        let mut items = Vec::new();
        for i in &plain.items {
            items.extend((0..i.pos).map(|_| Item { pos: 1, neg: 0, ..*i }));
            items.extend((0..i.neg).map(|_| Item { pos: 0, neg: 1, ..*i }));
        }
        for (number, item) in items.iter_mut().enumerate() {
            item.cluster = number as u32;
        }
        let clustered = Scores { clusters: Some(items.len()), items, half_cell: 0.0 };
        let (a, b) = (plain.auroc_value(), clustered.auroc_value());
        assert!((a.value - b.value).abs() < 1e-14 && (a.se / b.se - 1.0).abs() < 1e-9, "{a:?} {b:?}");
        let brier = |s: &Scores| s.brier(&ASKED).figure.expect("estimable");
        let (a, b) = (brier(&plain), brier(&clustered));
        assert!((a.low - b.low).abs() < 1e-12, "{a:?} {b:?}");
    }
}
