//! How well scores separate those who had the outcome from those who did not.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::estimate::{Estimate, Figure, NotEstimable};
use crate::rate::z;

/// How many rows with and without the outcome carry one score value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ScoreCell {
    /// The score; for a grid, the middle of its cell.
    pub score: f64,
    /// Rows with a positive label.
    pub pos: u64,
    /// Rows with a negative label.
    pub neg: u64,
}

/// Sorts cells by score and adds up those of the same score.
pub fn merge_cells(mut cells: Vec<ScoreCell>) -> Vec<ScoreCell> {
    cells.sort_by(|a, b| a.score.total_cmp(&b.score));
    cells.dedup_by(|next, kept| {
        let same = next.score == kept.score;
        if same {
            kept.pos += next.pos;
            kept.neg += next.neg;
        }
        same
    });
    cells
}

/// AUROC with the interval of DeLong, DeLong & Clarke-Pearson 1988 (doi 10.2307/2531595), from sorted, merged cells.
///
/// `on_grid` says that scores were rounded to cells before counting; the ties this made bound the error by half the
/// share of positive-negative pairs that fell into one cell.
pub fn auroc(cells: &[ScoreCell], level: f64, smallest: u64, on_grid: bool) -> Estimate {
    let pos: u64 = cells.iter().map(|c| c.pos).sum();
    let neg: u64 = cells.iter().map(|c| c.neg).sum();
    let n = pos + neg;
    for (count, because) in
        [(n, NotEstimable::NoRows), (pos, NotEstimable::NoPositives), (neg, NotEstimable::NoNegatives)]
    {
        if count == 0 {
            return Estimate::missing(n, pos, because);
        }
    }
    if pos < smallest || neg < smallest {
        return Estimate::missing(n, pos, NotEstimable::FewerThan(smallest));
    }
    let (m, k) = (pos as f64, neg as f64);
    // Twice the number of pairs in the right order, ties once: whole numbers, so the sum is exact.
    let (mut below_neg, mut twice, mut tied) = (0u128, 0u128, 0u128);
    for c in cells {
        twice += u128::from(c.pos) * (2 * below_neg + u128::from(c.neg));
        tied += u128::from(c.pos) * u128::from(c.neg);
        below_neg += u128::from(c.neg);
    }
    let pairs = m * k;
    let value = twice as f64 / (2.0 * pairs);
    let (mut below_neg, mut below_pos, mut v10, mut v01) = (0.0, 0.0, 0.0, 0.0);
    for c in cells {
        let (p, q) = (c.pos as f64, c.neg as f64);
        let psi_pos = (below_neg + q / 2.0) / k;
        let psi_neg = (m - below_pos - p / 2.0) / m;
        v10 += p * (psi_pos - value).powi(2);
        v01 += q * (psi_neg - value).powi(2);
        below_neg += q;
        below_pos += p;
    }
    let part = |sum: f64, count: f64| if count > 1.0 { sum / (count - 1.0) / count } else { 0.0 };
    let half = z(level) * (part(v10, m) + part(v01, k)).sqrt();
    Estimate {
        n,
        events: pos,
        figure: Ok(Figure {
            value,
            low: (value - half).max(0.0),
            high: (value + half).min(1.0),
            level,
            method: Cow::Borrowed("DeLong"),
            error_bound: if on_grid { tied as f64 / pairs / 2.0 } else { 0.0 },
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(rows: &[(f64, bool)]) -> Vec<ScoreCell> {
        merge_cells(
            rows.iter().map(|&(score, y)| ScoreCell { score, pos: u64::from(y), neg: u64::from(!y) }).collect(),
        )
    }

    #[test]
    fn equals_the_share_of_ordered_pairs() {
        let rows = [(0.1, false), (0.4, false), (0.4, true), (0.35, true), (0.8, true), (0.8, false), (0.2, false)];
        let mut won = 0.0;
        let mut pairs = 0.0;
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
        let value = auroc(&cells(&rows), 0.95, 1, false).value();
        assert_eq!(value, Some(won / pairs));
    }

    #[test]
    fn one_class_is_not_estimable() {
        let estimate = auroc(&cells(&[(0.1, false), (0.9, false)]), 0.95, 1, false);
        assert_eq!(estimate.figure, Err(NotEstimable::NoPositives));
    }

    #[test]
    fn a_grid_states_a_bound_that_holds() {
        let rows: Vec<(f64, bool)> = (0..400)
            .map(|i| {
                let s = f64::from(i * 7919 % 1009) / 1009.0;
                (s, f64::from(i * 31 % 97) / 97.0 < s)
            })
            .collect();
        let exact = auroc(&cells(&rows), 0.95, 1, false).value().unwrap_or_default();
        let coarse: Vec<(f64, bool)> = rows.iter().map(|&(s, y)| ((s * 16.0).floor() / 16.0, y)).collect();
        let gridded = auroc(&cells(&coarse), 0.95, 1, true).figure;
        let gridded = gridded.as_ref().map(|f| (f.value, f.error_bound)).unwrap_or_default();
        assert!((gridded.0 - exact).abs() <= gridded.1, "{exact} {gridded:?}");
    }
}
