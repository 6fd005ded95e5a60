//! Two samples of categories, as counts of their labels.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::distance;
use crate::estimate::{Estimate, Figure, NotEstimable};
use crate::rate::wilson;

/// How often each label of a column occurs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Categories(pub BTreeMap<String, u64>);

/// The counts of two samples over the labels of both.
#[derive(Debug, Clone, PartialEq)]
pub struct CategoryPair {
    /// Labels in order.
    pub labels: Vec<String>,
    /// Rows of the reference.
    pub a: Vec<f64>,
    /// Rows of the current sample.
    pub b: Vec<f64>,
}

impl Categories {
    /// Counts labels.
    pub fn of(labels: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let mut counts = BTreeMap::new();
        for label in labels {
            *counts.entry(label.into()).or_default() += 1;
        }
        Self(counts)
    }

    /// Rows.
    pub fn n(&self) -> u64 {
        self.0.values().sum()
    }

    /// The counts of all of several samples together.
    pub fn merged<'a>(samples: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut merged = Self::default();
        for (label, n) in samples.into_iter().flat_map(|sample| &sample.0) {
            *merged.0.entry(label.clone()).or_default() += n;
        }
        merged
    }
}

impl CategoryPair {
    /// Lines up two samples.
    pub fn new(reference: &Categories, current: &Categories) -> Self {
        let mut both: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
        for (label, n) in &reference.0 {
            both.entry(label).or_default().0 = *n as f64;
        }
        for (label, n) in &current.0 {
            both.entry(label).or_default().1 = *n as f64;
        }
        let mut pair = Self { labels: Vec::new(), a: Vec::new(), b: Vec::new() };
        for (label, (a, b)) in both {
            pair.labels.push(label.to_owned());
            pair.a.push(a);
            pair.b.push(b);
        }
        pair
    }

    /// Rows of both.
    pub fn sizes(&self) -> (f64, f64) {
        (self.a.iter().sum(), self.b.iter().sum())
    }

    /// Shares of both.
    pub(crate) fn shares(&self) -> (Vec<f64>, Vec<f64>) {
        let (n, m) = self.sizes();
        (self.a.iter().map(|a| a / n).collect(), self.b.iter().map(|b| b / m).collect())
    }

    /// Half the sum of differences of shares: the share of rows that would have to change their label (total
    /// variation), with an interval by the delta method. Biased upwards where nothing moved, as any distance.
    pub fn total_variation(&self, level: f64) -> Estimate {
        let (n, m) = self.sizes();
        let (p, q) = self.shares();
        let value = 0.5 * p.iter().zip(&q).map(|(p, q)| (p - q).abs()).sum::<f64>();
        let spread = |shares: &[f64], n: f64| {
            let signs = p.iter().zip(&q).map(|(p, q)| if p == q { 0.0 } else { (p - q).signum() });
            let (first, second) = signs
                .zip(shares)
                .fold((0.0, 0.0), |(s1, s2), (sign, share)| (s1 + sign * share, s2 + sign * sign * share));
            0.25 * (second - first * first) / n
        };
        let variance = if n > 0.0 && m > 0.0 { spread(&p, n) + spread(&q, m) } else { 0.0 };
        distance(value, variance, (n as u64, m as u64), level, 1.0, 0.0)
    }

    /// Share of current rows whose label the reference never had, with Wilson's interval.
    pub fn unseen(&self, level: f64) -> Estimate {
        let m = self.sizes().1;
        let unseen: f64 = self.a.iter().zip(&self.b).filter(|(a, _)| **a == 0.0).map(|(_, b)| b).sum();
        if m == 0.0 {
            return Estimate::missing(0, 0, NotEstimable::NoRows);
        }
        let (low, high) = wilson(unseen, m, level);
        let figure = Figure { value: unseen / m, low, high, level, method: "Wilson".into(), error_bound: 0.0 };
        Estimate { n: m as u64, events: unseen as u64, figure: Ok(figure) }
    }
}
