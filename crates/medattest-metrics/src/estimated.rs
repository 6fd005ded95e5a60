//! Performance before labels arrive: what calibrated scores say of it. Confidence-based estimation (NannyML 2022;
//! Garg et al. 2022, arXiv 2201.04234) holds as long as the scores mean what they meant on the reference.

use serde::{Deserialize, Serialize};

use crate::estimate::{Estimate, Figure, NotEstimable};
use crate::rate::{wilson, z};
use crate::score::Scores;

/// Scores turned into risks by isotonic regression (Zadrozny & Elkan 2002): a step at each pooled score, straight lines
/// between.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibrator {
    /// Scores in ascending order.
    pub scores: Vec<f64>,
    /// Risk at each.
    pub risks: Vec<f64>,
}

/// Rows of one score and decision, whatever their labels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unlabelled {
    /// Score.
    pub score: f64,
    /// Whether the model flagged them.
    pub flagged: bool,
    /// Rows.
    pub n: u64,
}

/// What is estimated for a window without labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Expected {
    /// Area under the receiver operating characteristic.
    pub auroc: Estimate,
    /// Share of rows decided as their label will say.
    pub accuracy: Estimate,
    /// Sensitivity.
    pub tpr: Estimate,
    /// Specificity.
    pub tnr: Estimate,
    /// Positive predictive value.
    pub ppv: Estimate,
    /// Harmonic mean of sensitivity and positive predictive value, without an interval of its own.
    pub f1: Option<f64>,
    /// Share of rows that will have the outcome.
    pub prevalence: Estimate,
}

impl Calibrator {
    /// Fits risks to labelled scores by pooling adjacent violators (Ayer et al. 1955). None without labels.
    pub fn fit(scores: &Scores) -> Option<Self> {
        // Blocks of (lowest score, highest score, events, rows).
        let mut blocks: Vec<(f64, f64, f64, f64)> = Vec::new();
        for item in &scores.items {
            let n = (item.pos + item.neg) as f64 * item.weight;
            if n <= 0.0 {
                continue;
            }
            let mut block = (item.score, item.score, item.pos as f64 * item.weight, n);
            while let Some(last) = blocks.last() {
                let same = last.1 == block.0;
                if !same && last.2 / last.3 < block.2 / block.3 {
                    break;
                }
                block = (last.0, block.1, last.2 + block.2, last.3 + block.3);
                blocks.pop();
            }
            blocks.push(block);
        }
        let (mut fitted, mut risks) = (Vec::new(), Vec::new());
        for (low, high, events, rows) in &blocks {
            fitted.push(*low);
            risks.push(events / rows);
            if high > low {
                fitted.push(*high);
                risks.push(events / rows);
            }
        }
        (!fitted.is_empty()).then_some(Self { scores: fitted, risks })
    }

    /// The risk that a score stands for.
    pub fn risk(&self, score: f64) -> f64 {
        let after = self.scores.partition_point(|known| *known <= score);
        match after {
            0 => self.risks[0],
            n if n == self.scores.len() => self.risks[n - 1],
            n => {
                let (x0, x1) = (self.scores[n - 1], self.scores[n]);
                let (y0, y1) = (self.risks[n - 1], self.risks[n]);
                y0 + (y1 - y0) * (score - x0) / (x1 - x0)
            }
        }
    }
}

/// Estimates the performance of unlabelled rows.
pub fn expected(rows: &[Unlabelled], calibrator: &Calibrator, level: f64) -> Expected {
    // Expected rows by score: with the outcome and without, among all and among those flagged.
    let mut cells: Vec<(f64, f64, f64)> = Vec::new();
    let (mut tp, mut fp, mut fn_, mut tn) = (0.0, 0.0, 0.0, 0.0);
    for row in rows.iter().filter(|row| row.n > 0) {
        let n = row.n as f64;
        let pos = n * calibrator.risk(row.score);
        cells.push((row.score, pos, n - pos));
        if row.flagged {
            tp += pos;
            fp += n - pos;
        } else {
            fn_ += pos;
            tn += n - pos;
        }
    }
    let total = tp + fp + fn_ + tn;
    let rate = |k: f64, n: f64, because: NotEstimable| -> Estimate {
        if n <= 0.0 {
            return Estimate::missing(total as u64, 0, because);
        }
        let (low, high) = wilson(k, n, level);
        let figure = Figure { value: k / n, low, high, level, method: "expected, Wilson".into(), error_bound: 0.0 };
        Estimate { n: n.round() as u64, events: k.round() as u64, figure: Ok(figure) }
    };
    let tpr = rate(tp, tp + fn_, NotEstimable::NoPositives);
    let ppv = rate(tp, tp + fp, NotEstimable::NoPredictedPositives);
    let f1 = (2.0 * tp + fp + fn_ > 0.0).then(|| 2.0 * tp / (2.0 * tp + fp + fn_));
    Expected {
        auroc: expected_auroc(cells, level),
        accuracy: rate(tp + tn, total, NotEstimable::NoRows),
        tnr: rate(tn, tn + fp, NotEstimable::NoNegatives),
        prevalence: rate(tp + fn_, total, NotEstimable::NoRows),
        tpr,
        ppv,
        f1,
    }
}

/// DeLong's area and variance with expected instead of counted outcomes.
fn expected_auroc(mut cells: Vec<(f64, f64, f64)>, level: f64) -> Estimate {
    cells.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    cells.dedup_by(|next, kept| {
        let alike = next.0 == kept.0;
        if alike {
            kept.1 += next.1;
            kept.2 += next.2;
        }
        alike
    });
    let pos: f64 = cells.iter().map(|c| c.1).sum();
    let neg: f64 = cells.iter().map(|c| c.2).sum();
    let n = (pos + neg).round() as u64;
    if pos <= 1.0 || neg <= 1.0 {
        let because = if pos <= 1.0 { NotEstimable::NoPositives } else { NotEstimable::NoNegatives };
        return Estimate::missing(n, pos.round() as u64, because);
    }
    let (mut below_pos, mut below_neg, mut area) = (0.0, 0.0, 0.0);
    let mut placed = Vec::with_capacity(cells.len());
    for (_, p, q) in &cells {
        let over = (below_neg + q / 2.0) / neg;
        let under = (pos - below_pos - p / 2.0) / pos;
        area += p * over / pos;
        placed.push((*p, *q, over, under));
        below_pos += p;
        below_neg += q;
    }
    let (mut s10, mut s01) = (0.0, 0.0);
    for (p, q, over, under) in placed {
        s10 += p * (over - area) * (over - area);
        s01 += q * (under - area) * (under - area);
    }
    let se = (s10 / (pos - 1.0) / pos + s01 / (neg - 1.0) / neg).sqrt();
    let half = z(level) * se;
    let figure = Figure {
        value: area,
        low: (area - half).max(0.0),
        high: (area + half).min(1.0),
        level,
        method: "expected, DeLong".into(),
        error_bound: 0.0,
    };
    Estimate { n, events: pos.round() as u64, figure: Ok(figure) }
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::score::Item;

    fn scores(cells: &[(f64, u64, u64)]) -> Scores {
        let item = |(score, pos, neg): &(f64, u64, u64)| Item {
            score: *score,
            cluster: 0,
            weight: 1.0,
            pos: *pos,
            neg: *neg,
        };
        Scores::new(cells.iter().map(item).collect(), None, 0.0)
    }

    #[test]
    fn risks_never_fall_and_keep_their_sum() {
        let cells = [(0.1, 1, 9), (0.2, 4, 6), (0.3, 2, 8), (0.6, 7, 3)];
        let calibrator = Calibrator::fit(&scores(&cells)).expect("labels");
        assert!(calibrator.risks.windows(2).all(|pair| pair[0] <= pair[1]));
        assert!((calibrator.risk(0.25) - 0.3).abs() < 1e-12);
        let sum: f64 = cells.iter().map(|(score, pos, neg)| (pos + neg) as f64 * calibrator.risk(*score)).sum();
        assert!((sum - 14.0).abs() < 1e-9);
    }

    #[test]
    fn where_scores_mean_what_they_say_the_estimate_is_what_labels_would_tell() {
        let cells = [(0.1, 10, 90), (0.3, 30, 70), (0.7, 70, 30)];
        let own = scores(&cells);
        let calibrator = Calibrator::fit(&own).expect("labels");
        let rows = cells.map(|(score, pos, neg)| Unlabelled { score, flagged: score > 0.2, n: pos + neg });
        let expected = expected(&rows, &calibrator, 0.95);
        let asked = crate::score::Asked { level: 0.95, events: 1, non_events: 1, rows: 1 };
        let real = own.auroc(&asked).figure.expect("defined");
        let figure = expected.auroc.figure.expect("defined");
        assert!((figure.value - real.value).abs() < 1e-12 && (figure.low - real.low).abs() < 1e-2);
        assert!((expected.tpr.value().expect("defined") - 100.0 / 110.0).abs() < 1e-12);
        assert!((expected.ppv.value().expect("defined") - 0.5).abs() < 1e-12);
    }
}
