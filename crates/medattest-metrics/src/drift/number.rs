//! Two samples of numbers, as counts of their values.

use serde::{Deserialize, Serialize};

use super::distance;
use crate::estimate::Estimate;

/// How often each value of a numeric column occurs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Numbers {
    /// Finite values in ascending order, each once; for a grid, the mean of its cell.
    pub values: Vec<f64>,
    /// Rows of each value.
    pub counts: Vec<u64>,
}

/// The counts of two samples over the values of both.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberPair {
    /// Values in ascending order.
    pub values: Vec<f64>,
    /// Rows of the reference.
    pub a: Vec<f64>,
    /// Rows of the current sample.
    pub b: Vec<f64>,
}

impl Numbers {
    /// Counts values; those that are not finite are left out.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut all: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        all.sort_unstable_by(f64::total_cmp);
        let mut numbers = Self::default();
        for value in all {
            numbers.push(if value == 0.0 { 0.0 } else { value }, 1);
        }
        numbers
    }

    /// Adds rows of a value that is not below the last one.
    pub fn push(&mut self, value: f64, count: u64) {
        match (self.values.last(), self.counts.last_mut()) {
            (Some(last), Some(n)) if *last == value => *n += count,
            _ => {
                self.values.push(value);
                self.counts.push(count);
            }
        }
    }

    /// Rows.
    pub fn n(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Mean and variance (denominator n), if there are rows.
    pub fn moments(&self) -> Option<(f64, f64)> {
        moments(&self.values, &self.counts.iter().map(|n| *n as f64).collect::<Vec<_>>())
    }

    /// The value below which a share of the rows lies, interpolated between order statistics (Hyndman & Fan 1996,
    /// type 7).
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let counts: Vec<f64> = self.counts.iter().map(|n| *n as f64).collect();
        quantile(&self.values, &counts, share)
    }

    /// The counts of all of several samples together.
    pub fn merged<'a>(samples: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut all: Vec<(f64, u64)> = samples
            .into_iter()
            .flat_map(|sample| sample.values.iter().copied().zip(sample.counts.iter().copied()))
            .collect();
        all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let mut merged = Self::default();
        for (value, count) in all {
            merged.push(value, count);
        }
        merged
    }
}

fn moments(values: &[f64], counts: &[f64]) -> Option<(f64, f64)> {
    let n: f64 = counts.iter().sum();
    if n <= 0.0 {
        return None;
    }
    let mean = values.iter().zip(counts).map(|(v, c)| v * c).sum::<f64>() / n;
    let variance = values.iter().zip(counts).map(|(v, c)| c * (v - mean) * (v - mean)).sum::<f64>() / n;
    Some((mean, variance))
}

fn quantile(values: &[f64], counts: &[f64], share: f64) -> Option<f64> {
    let n: f64 = counts.iter().sum();
    if n <= 0.0 {
        return None;
    }
    let rank = share * (n - 1.0);
    let (below, part) = (rank.floor(), rank - rank.floor());
    let at = |rank: f64| {
        let mut seen = 0.0;
        values.iter().zip(counts).find(|(_, c)| {
            seen += **c;
            seen > rank
        })
    };
    let low = *at(below)?.0;
    let high = at(below + 1.0).map_or(low, |(value, _)| *value);
    Some(low + (high - low) * part)
}

impl NumberPair {
    /// Lines up two samples.
    pub fn new(reference: &Numbers, current: &Numbers) -> Self {
        let size = reference.values.len() + current.values.len();
        let mut pair =
            Self { values: Vec::with_capacity(size), a: Vec::with_capacity(size), b: Vec::with_capacity(size) };
        let (mut i, mut j) = (0, 0);
        loop {
            let (x, y) = (reference.values.get(i), current.values.get(j));
            let (value, from_a, from_b) = match (x, y) {
                (None, None) => break,
                (Some(x), None) => (*x, true, false),
                (None, Some(y)) => (*y, false, true),
                (Some(x), Some(y)) => (x.min(*y), x <= y, y <= x),
            };
            pair.values.push(value);
            pair.a.push(if from_a { reference.counts[i] as f64 } else { 0.0 });
            pair.b.push(if from_b { current.counts[j] as f64 } else { 0.0 });
            i += usize::from(from_a);
            j += usize::from(from_b);
        }
        pair
    }

    /// Rows of both.
    pub fn sizes(&self) -> (f64, f64) {
        (self.a.iter().sum(), self.b.iter().sum())
    }

    /// Mean and variance (denominator n) of either sample.
    pub(crate) fn moments(&self) -> Option<((f64, f64), (f64, f64))> {
        Some((moments(&self.values, &self.a)?, moments(&self.values, &self.b)?))
    }

    /// The interquartile range of both samples together.
    pub(crate) fn pooled_iqr(&self) -> Option<f64> {
        let pooled: Vec<f64> = self.a.iter().zip(&self.b).map(|(a, b)| a + b).collect();
        Some(quantile(&self.values, &pooled, 0.75)? - quantile(&self.values, &pooled, 0.25)?)
    }

    /// The difference of the distribution functions on each interval between neighbouring values, with its width.
    pub(crate) fn steps(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        let (n, m) = self.sizes();
        let (mut f, mut g) = (0.0, 0.0);
        self.values.windows(2).zip(self.a.iter().zip(&self.b)).map(move |(pair, (a, b))| {
            f += a / n;
            g += b / m;
            (f - g, pair[1] - pair[0])
        })
    }

    /// Largest distance between the distribution functions (Kolmogorov-Smirnov).
    pub fn ks(&self) -> f64 {
        self.steps().map(|(d, _)| d.abs()).fold(0.0, f64::max)
    }

    /// Area between the distribution functions: how far the average row would have to move (Wasserstein, order 1).
    pub fn wasserstein(&self) -> f64 {
        self.steps().map(|(d, width)| d.abs() * width).sum()
    }

    /// Root of twice the integrated squared distance of the distribution functions (Székely & Rizzo 2013).
    pub fn energy(&self) -> f64 {
        (2.0 * self.steps().map(|(d, width)| d * d * width).sum::<f64>()).sqrt()
    }

    /// [`Self::wasserstein`] in standard deviations of the reference, with an interval by the delta method; the
    /// deviation itself is taken as known. Near no movement at all the distance is biased upwards by about one over
    /// the root of the smaller sample, so read it together with a test.
    ///
    /// `floor` stands for the deviation where the reference is constant; `half_cell` is half the width of the grid's
    /// widest cell, if values lie on one.
    pub fn scaled_wasserstein(&self, floor: f64, half_cell: f64, level: f64) -> Estimate {
        let (n, m) = self.sizes();
        let Some(((_, variance), _)) = self.moments() else {
            return distance(0.0, 0.0, (n as u64, m as u64), level, f64::INFINITY, 0.0);
        };
        let sd = variance.sqrt().max(floor);
        // h(x): area to the right of x, signed by which sample lags there.
        let signs: Vec<f64> =
            self.steps().map(|(d, width)| if d == 0.0 { 0.0 } else { d.signum() * width }).collect();
        let mut h = vec![0.0; self.values.len()];
        for at in (0..signs.len()).rev() {
            h[at] = h[at + 1] + signs[at];
        }
        let spread = |counts: &[f64], n: f64| moments(&h, counts).map_or(0.0, |(_, variance)| variance / n);
        let variance = (spread(&self.a, n) + spread(&self.b, m)) / (sd * sd);
        let bound = 2.0 * half_cell / sd;
        distance(self.wasserstein() / sd, variance, (n as u64, m as u64), level, f64::INFINITY, bound)
    }

    /// Shares of both samples in bins `[edge, next edge)`, the last bin closed; values outside are left out.
    pub(crate) fn binned(&self, edges: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let bins = edges.len().saturating_sub(1);
        let (mut p, mut q) = (vec![0.0; bins], vec![0.0; bins]);
        let (n, m) = self.sizes();
        for ((value, a), b) in self.values.iter().zip(&self.a).zip(&self.b) {
            let after = edges.partition_point(|edge| edge <= value);
            let bin = if after == edges.len() && edges.last() == Some(value) { bins } else { after };
            if bin >= 1 && bin <= bins {
                p[bin - 1] += a / n;
                q[bin - 1] += b / m;
            }
        }
        (p, q)
    }

    /// Distinct values of the reference.
    pub fn distinct_in_reference(&self) -> usize {
        self.a.iter().filter(|n| **n > 0.0).count()
    }

    /// Edges of equal width over both samples, as many as Sturges (1926) asks for of `n` rows.
    pub(crate) fn sturges(&self, n: f64) -> Vec<f64> {
        let range = self.values.first().zip(self.values.last()).map(|(low, high)| (*low, *high));
        let Some((low, high)) = range else { return Vec::new() };
        let bins = if high > low { (n.log2() + 1.0).ceil() } else { 1.0 };
        edges(low, high, bins)
    }
}

fn edges(low: f64, high: f64, bins: f64) -> Vec<f64> {
    let (low, high) = if high > low { (low, high) } else { (low - 0.5, high + 0.5) };
    let step = (high - low) / bins;
    let mut edges: Vec<f64> = (0..=bins as usize).map(|i| i as f64 * step + low).collect();
    if let Some(last) = edges.last_mut() {
        *last = high;
    }
    edges
}
