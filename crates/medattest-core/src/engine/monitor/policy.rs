//! When a column counts as drifted: by the size of the effect first, or as a common package has it.

use medattest_metrics::benjamini_hochberg;
use medattest_metrics::drift::{Categories, CategoryPair, DriftTest, Kind, NumberPair, Numbers, SD_FLOOR};
use medattest_metrics::{Estimate, Figure};
use serde::{Deserialize, Serialize};

use crate::output::json::shown;

use super::counts::{ColumnCounts, ValueCounts, WindowCounts, coarsened, half_cell};

/// How drift is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DriftPolicy {
    /// The effect must be large, and more than chance would make over all columns together.
    #[default]
    Effect,
    /// The choice of tests and thresholds of Evidently 0.7.
    Evidently,
}

/// What counts as much.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DriftLimits {
    /// Which policy.
    pub policy: DriftPolicy,
    /// Movement of numbers, in standard deviations of the reference.
    pub numbers: f64,
    /// Share of rows whose label would have to change.
    pub categories: f64,
    /// Change of the share of missing values.
    pub missing: f64,
    /// Share of values that the reference never had, or that lie outside its range.
    pub unseen: f64,
    /// Share of false discoveries that is borne.
    pub alpha: f64,
    /// Share of drifted columns from which the window as a whole counts as drifted.
    pub share: f64,
}

impl Default for DriftLimits {
    fn default() -> Self {
        Self {
            policy: DriftPolicy::Effect,
            numbers: 0.1,
            categories: 0.1,
            missing: 0.05,
            unseen: 0.01,
            alpha: 0.05,
            share: 0.5,
        }
    }
}

/// What happened to one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnDrift {
    /// The column; for a text, with what is told of it.
    pub column: String,
    /// How far it moved, with an interval; in standard deviations or as a share.
    pub effect: Option<Estimate>,
    /// The test or distance that was used.
    pub test: Option<DriftTest>,
    /// Its p-value or distance.
    pub score: Option<f64>,
    /// The p-value adjusted over all columns (Benjamini & Hochberg 1995), where there is one.
    pub adjusted: Option<f64>,
    /// Share of missing values, less that of the reference.
    pub missing: Estimate,
    /// Share of values that the reference never had, or outside its range.
    pub unseen: Option<Estimate>,
    /// Why it counts as drifted; empty if it does not.
    pub because: Vec<String>,
}

impl ColumnDrift {
    /// Whether it drifted.
    pub fn drifted(&self) -> bool {
        !self.because.is_empty()
    }

    /// What columns are ranked by: how many times the limit the largest movement is.
    pub fn rank(&self, limits: &DriftLimits) -> f64 {
        let effect = self.effect.as_ref().and_then(Estimate::value).unwrap_or(0.0) / limits.numbers;
        let missing = self.missing.value().unwrap_or(0.0).abs() / limits.missing;
        let unseen = self.unseen.as_ref().and_then(Estimate::value).unwrap_or(0.0) / limits.unseen;
        let broken = if self.because.iter().any(|why| why.contains("type")) { 1e6 } else { 0.0 };
        effect.max(missing).max(unseen).max(broken)
    }
}

/// Reference rows up to which the package's rules are those for small samples.
const SMALL: u64 = 1_000;
/// Distinct numbers up to which the package takes a column for categories.
const FEW: usize = 5;

/// The test and threshold that Evidently 0.7 would choose for a column.
pub fn evidently(values: &ValueCounts, other: &ValueCounts) -> Option<(DriftTest, f64)> {
    let distinct = match (values, other) {
        (ValueCounts::Numbers(numbers, _), ValueCounts::Numbers(..)) => {
            if numbers.values.len() > FEW {
                let small = values.n() <= SMALL;
                return Some(if small {
                    (DriftTest::KolmogorovSmirnov, 0.05)
                } else {
                    (DriftTest::Wasserstein, 0.1)
                });
            }
            numbers.values.len()
        }
        (ValueCounts::Categories(categories), ValueCounts::Categories(_)) => categories.0.len(),
        _ => return None,
    };
    Some(match values.n() {
        n if n > SMALL => (DriftTest::JensenShannon, 0.1),
        _ if distinct > 2 => (DriftTest::ChiSquare, 0.05),
        _ => (DriftTest::Z, 0.05),
    })
}

fn as_labels(numbers: &Numbers) -> Categories {
    Categories(numbers.values.iter().map(|v| format!("{v}")).zip(numbers.counts.iter().copied()).collect())
}

/// Runs a test on two columns of the same type.
pub fn compare(test: DriftTest, reference: &ValueCounts, current: &ValueCounts, seed: u64) -> Option<f64> {
    match (reference, current) {
        (ValueCounts::Numbers(a, x), ValueCounts::Numbers(b, y)) => {
            if !test.of_numbers() {
                return test.categories(&CategoryPair::new(&as_labels(a), &as_labels(b)), seed).ok().map(|o| o.score);
            }
            let bits = *x.min(y);
            let pair = NumberPair::new(&coarsened(a, *x, bits), &coarsened(b, *y, bits));
            test.numbers(&pair, seed).ok().map(|o| o.score)
        }
        (ValueCounts::Categories(a), ValueCounts::Categories(b)) => {
            test.categories(&CategoryPair::new(a, b), seed).ok().map(|o| o.score)
        }
        _ => None,
    }
}

const LEVEL: f64 = 0.95;
/// Shares of fewer rows are not told in words.
const SHOWN: u64 = 11;

/// Compares every column of a window with the reference.
pub fn drift(reference: &WindowCounts, current: &WindowCounts, limits: &DriftLimits) -> Vec<ColumnDrift> {
    let mut all = Vec::new();
    for (name, before) in &reference.columns {
        match current.columns.get(name) {
            None => all.push(gone(name, before, reference.rows)),
            Some(now) => one(name, (before, reference.rows), (now, current.rows), limits, &mut all),
        }
    }
    for (name, now) in current.columns.iter().filter(|(name, _)| !reference.columns.contains_key(*name)) {
        let mut column = empty(name, missing(now, 0, now, current.rows));
        column.because.push("the reference has no such column".to_owned());
        all.push(column);
    }
    decide(&mut all, limits);
    all
}

fn empty(name: &str, missing: Estimate) -> ColumnDrift {
    ColumnDrift {
        column: name.to_owned(),
        effect: None,
        test: None,
        score: None,
        adjusted: None,
        missing,
        unseen: None,
        because: Vec::new(),
    }
}

fn gone(name: &str, before: &ColumnCounts, rows: u64) -> ColumnDrift {
    let mut column = empty(name, missing(before, rows, before, rows));
    column.because.push("the column is gone".to_owned());
    column
}

/// Difference of the shares of missing values with Newcombe's interval.
fn missing(before: &ColumnCounts, n: u64, now: &ColumnCounts, m: u64) -> Estimate {
    use medattest_metrics::{NotEstimable, Sided, newcombe, wilson};
    if n == 0 || m == 0 {
        return Estimate::missing(m, now.missing, NotEstimable::NoRows);
    }
    let side = |k: u64, n: u64| Sided { value: k as f64 / n as f64, interval: wilson(k as f64, n as f64, LEVEL) };
    let (a, b) = (side(now.missing, m), side(before.missing, n));
    let (low, high) = newcombe(a, b);
    let method = "Newcombe".into();
    let figure = Figure { value: a.value - b.value, low, high, level: LEVEL, method, error_bound: 0.0 };
    Estimate { n: m, events: now.missing, figure: Ok(figure) }
}

fn one(
    name: &str,
    (before, n): (&ColumnCounts, u64),
    (now, m): (&ColumnCounts, u64),
    limits: &DriftLimits,
    all: &mut Vec<ColumnDrift>,
) {
    let missing = missing(before, n, now, m);
    let mut column = empty(name, missing.clone());
    if now.unfit > before.unfit {
        column.because.push("values do not fit the type of the column".to_owned());
    }
    match (&before.values, &now.values) {
        (ValueCounts::Numbers(a, x), ValueCounts::Numbers(b, y)) => {
            let bits = *x.min(y);
            let (a, b) = (coarsened(a, *x, bits), coarsened(b, *y, bits));
            numbers(&mut column, &a, &b, half_cell(&a, bits).max(half_cell(&b, bits)), limits);
        }
        (ValueCounts::Categories(a), ValueCounts::Categories(b)) => {
            let pair = CategoryPair::new(a, b);
            column.effect = Some(pair.total_variation(LEVEL));
            column.unseen = Some(pair.unseen(LEVEL));
            if limits.policy == DriftPolicy::Effect {
                column.test = Some(DriftTest::Homogeneity);
                column.score = DriftTest::Homogeneity.categories(&pair, 0).ok().map(|o| o.score);
            }
        }
        (ValueCounts::Text(a), ValueCounts::Text(b)) => {
            for (told, a) in a {
                let Some(b) = b.get(told) else { continue };
                let mut part = empty(&format!("{name} ({told})"), missing.clone());
                numbers(&mut part, a, b, 0.0, limits);
                all.push(part);
            }
            return;
        }
        (ValueCounts::NotCounted(_), _) | (_, ValueCounts::NotCounted(_))
            if before.values.kind() == now.values.kind() => {}
        // A column without any value has no type to differ by; what is missing tells.
        (a, b) if a.n() == 0 || b.n() == 0 => {}
        (a, b) => column.because.push(format!("the type changed from {} to {}", a.kind(), b.kind())),
    }
    if limits.policy == DriftPolicy::Evidently
        && let Some((test, limit)) = evidently(&before.values, &now.values)
    {
        column.test = Some(test);
        column.score = compare(test, &before.values, &now.values, 0);
        let beyond = column.score.is_some_and(|score| match test.kind() {
            Kind::PValue => score < limit || score <= limit && test == DriftTest::KolmogorovSmirnov,
            Kind::Distance => score >= limit,
        });
        if beyond {
            column.because.push(format!("{} beyond {limit}", test_name(test)));
        }
    }
    all.push(column);
}

/// The kebab-case name of a test.
pub fn test_name(test: DriftTest) -> String {
    serde_json::to_value(test).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

fn numbers(column: &mut ColumnDrift, a: &Numbers, b: &Numbers, half_cell: f64, limits: &DriftLimits) {
    let pair = NumberPair::new(a, b);
    column.effect = Some(pair.scaled_wasserstein(SD_FLOOR, half_cell, LEVEL));
    column.unseen = outside(a, b);
    if limits.policy == DriftPolicy::Effect {
        column.test = Some(DriftTest::KolmogorovSmirnov);
        column.score = DriftTest::KolmogorovSmirnov.numbers(&pair, 0).ok().map(|o| o.score);
    }
}

/// Share of current values outside the range of the reference.
fn outside(a: &Numbers, b: &Numbers) -> Option<Estimate> {
    let (low, high) = (*a.values.first()?, *a.values.last()?);
    let n = b.n();
    if n == 0 {
        return None;
    }
    let inside: u64 = b.values.iter().zip(&b.counts).filter(|(v, _)| (low..=high).contains(v)).map(|(_, n)| n).sum();
    let k = n - inside;
    let (from, to) = medattest_metrics::wilson(k as f64, n as f64, LEVEL);
    let value = k as f64 / n as f64;
    let figure = Figure { value, low: from, high: to, level: LEVEL, method: "Wilson".into(), error_bound: 0.0 };
    Some(Estimate { n, events: k, figure: Ok(figure) })
}

/// Whether an interval excludes what is fine and the value lies beyond the limit.
fn clearly(estimate: Option<&Estimate>, limit: f64) -> bool {
    estimate
        .and_then(|e| e.figure.as_ref().ok())
        .is_some_and(|f| f.value.abs() >= limit && (f.low > 0.0 || f.high < 0.0))
}

fn decide(all: &mut [ColumnDrift], limits: &DriftLimits) {
    if limits.policy == DriftPolicy::Effect {
        let tested: Vec<usize> = (0..all.len()).filter(|at| all[*at].score.is_some()).collect();
        let p: Vec<f64> = tested.iter().filter_map(|at| all[*at].score).collect();
        for (at, adjusted) in tested.into_iter().zip(benjamini_hochberg(&p)) {
            let column = &mut all[at];
            column.adjusted = Some(adjusted);
            let numbers = column.test == Some(DriftTest::KolmogorovSmirnov);
            let limit = if numbers { limits.numbers } else { limits.categories };
            let effect = column.effect.as_ref().and_then(Estimate::value).unwrap_or(0.0);
            if effect >= limit && adjusted < limits.alpha {
                let unit = if numbers { "standard deviations" } else { "of the rows" };
                column.because.push(format!("moved by {effect:.3} {unit}"));
            }
        }
    }
    // The package drops missing values before it looks, so its policy cannot see them.
    if limits.policy == DriftPolicy::Evidently {
        return;
    }
    for column in all {
        if clearly(Some(&column.missing), limits.missing) {
            let change = column.missing.value().unwrap_or(0.0);
            column.because.push(match shown(&column.missing, SHOWN) {
                Some(_) => format!("{:+.1} percentage points missing", 100.0 * change),
                None if change > 0.0 => "more is missing".to_owned(),
                None => "less is missing".to_owned(),
            });
        }
        let low = column.unseen.as_ref().and_then(|e| e.figure.as_ref().ok()).map_or(0.0, |figure| figure.low);
        if low >= limits.unseen {
            column.because.push(match column.unseen.as_ref().and_then(|e| shown(e, SHOWN)) {
                Some(figure) => format!("{:.1} % outside what the reference had", 100.0 * figure.value),
                None => "values outside what the reference had".to_owned(),
            });
        }
    }
}
