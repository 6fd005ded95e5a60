//! Whether scores mean what they say.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Gamma};

use crate::discrimination::ScoreCell;
use crate::estimate::{Estimate, Figure, NotEstimable};
use crate::rate::{wilson, z};

fn totals(cells: &[ScoreCell]) -> (u64, u64) {
    (cells.iter().map(|c| c.pos + c.neg).sum(), cells.iter().map(|c| c.pos).sum())
}

/// Brier score, mean (score - label)², with a normal interval for a mean. Scores are probabilities in \[0,1\].
///
/// `half_cell` is half the width of the score grid, 0 when scores are exact.
pub fn brier(cells: &[ScoreCell], level: f64, smallest: u64, half_cell: f64) -> Estimate {
    let (n, events) = totals(cells);
    if n == 0 {
        return Estimate::missing(n, events, NotEstimable::NoRows);
    }
    if n < smallest {
        return Estimate::missing(n, events, NotEstimable::FewerThan(smallest));
    }
    let (mut sum, mut squares) = (0.0, 0.0);
    for c in cells {
        let (miss, alarm) = ((1.0 - c.score).powi(2), c.score.powi(2));
        sum += c.pos as f64 * miss + c.neg as f64 * alarm;
        squares += c.pos as f64 * miss * miss + c.neg as f64 * alarm * alarm;
    }
    let rows = n as f64;
    let value = sum / rows;
    let variance = if n > 1 { (squares - rows * value * value).max(0.0) / (rows - 1.0) } else { 0.0 };
    let half = z(level) * (variance / rows).sqrt();
    Estimate {
        n,
        events,
        figure: Ok(Figure {
            value,
            low: (value - half).max(0.0),
            high: (value + half).min(1.0),
            level,
            method: Cow::Borrowed("normal, mean of squared errors"),
            error_bound: half_cell * (2.0 + half_cell),
        }),
    }
}

/// Observed over expected events with the exact Poisson interval of the observed count
/// (Garwood 1936, doi 10.1093/biomet/28.3-4.437). Scores are probabilities in \[0,1\].
pub fn observed_expected(cells: &[ScoreCell], level: f64, smallest: u64, half_cell: f64) -> Estimate {
    let (n, observed) = totals(cells);
    if n == 0 {
        return Estimate::missing(n, observed, NotEstimable::NoRows);
    }
    if n < smallest {
        return Estimate::missing(n, observed, NotEstimable::FewerThan(smallest));
    }
    let expected: f64 = cells.iter().map(|c| (c.pos + c.neg) as f64 * c.score).sum();
    if expected <= 0.0 {
        return Estimate::missing(n, observed, NotEstimable::NothingExpected);
    }
    let o = observed as f64;
    let value = o / expected;
    let tail = (1.0 - level) / 2.0;
    let quantile = |shape: f64, p: f64| Gamma::new(shape, 1.0).map_or(f64::NAN, |g| g.inverse_cdf(p));
    let low = if observed == 0 { 0.0 } else { quantile(o, tail) };
    let high = quantile(o + 1.0, 1.0 - tail);
    let slack = half_cell * n as f64;
    Estimate {
        n,
        events: observed,
        figure: Ok(Figure {
            value,
            low: low / expected,
            high: high / expected,
            level,
            method: Cow::Borrowed("exact Poisson"),
            error_bound: if slack < expected { value * slack / (expected - slack) } else { value },
        }),
    }
}

/// One bin of a calibration curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CalibrationBin {
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

/// Calibration by `bins` cells of equal width over \[0,1\]; bins of fewer than `smallest` rows are left out.
pub fn calibration_bins(cells: &[ScoreCell], bins: usize, level: f64, smallest: u64) -> Vec<CalibrationBin> {
    let mut sums = vec![(0.0, 0u64, 0u64); bins];
    for c in cells {
        let at = ((c.score * bins as f64) as usize).min(bins.saturating_sub(1));
        if let Some((score, n, events)) = sums.get_mut(at) {
            *score += c.score * (c.pos + c.neg) as f64;
            *n += c.pos + c.neg;
            *events += c.pos;
        }
    }
    sums.into_iter()
        .filter(|&(_, n, _)| n >= smallest.max(1))
        .map(|(score, n, events)| {
            let (low, high) = wilson(events, n, level);
            CalibrationBin { predicted: score / n as f64, observed: events as f64 / n as f64, low, high, n, events }
        })
        .collect()
}
