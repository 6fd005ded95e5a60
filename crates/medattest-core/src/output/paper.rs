//! What of a measurement may be shown.
//!
//! A count of 1 to `smallest` - 1 people is withheld, and so is every figure from which such a count could be worked
//! out (CMS cell size suppression policy: no cell of 1 to 10, nor a percentage that yields one). Where the rest of a
//! column would give a withheld count away, the next smallest is withheld with it.

use std::fmt;

use medattest_metrics::{CalibrationBin, DisparityEstimate, Estimate, Metric};

use super::{figure, thousands};
use crate::engine::bias::AttributeAudit;
use crate::value::is_small_cell;

/// A count, or nothing where it is withheld.
pub type Count = Option<u64>;

/// A figure as it may be shown.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// Value with its interval.
    Figure {
        /// Point estimate.
        value: f64,
        /// Lower end of the interval.
        low: f64,
        /// Upper end of the interval.
        high: f64,
        /// Denominator; withheld where it would give a count away.
        n: Count,
        /// How the interval was made.
        method: String,
        /// Error that the score grid can have caused.
        error_bound: f64,
    },
    /// There is none.
    NotEstimable(String),
    /// It would show a small cell.
    Withheld,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Figure { value, low, high, .. } => {
                write!(f, "{} [{}, {}]", figure(*value), figure(*low), figure(*high))
            }
            Self::NotEstimable(because) => write!(f, "– ({because})"),
            Self::Withheld => f.write_str("withheld"),
        }
    }
}

/// A count for a reader.
pub fn count(count: Count) -> String {
    count.map_or_else(|| "withheld".to_owned(), thousands)
}

/// One group.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupRow {
    /// Label.
    pub label: String,
    /// Rows.
    pub n: Count,
    /// Rows with a positive label.
    pub positives: Count,
    /// Every metric.
    pub figures: Vec<(Metric, Shown)>,
}

/// A comparison of the groups.
#[derive(Debug, Clone, PartialEq)]
pub struct DisparityRow {
    /// Permanent id.
    pub id: &'static str,
    /// Name.
    pub title: &'static str,
    /// Figure.
    pub figure: Shown,
    /// Groups compared.
    pub groups: usize,
    /// Groups left out, with the reason.
    pub left_out: Vec<String>,
}

/// One attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct AttributeTable {
    /// Column or columns.
    pub attribute: String,
    /// What it stands for.
    pub stands_for: String,
    /// Groups in order.
    pub groups: Vec<GroupRow>,
    /// Everyone.
    pub overall: GroupRow,
    /// Comparisons.
    pub disparities: Vec<DisparityRow>,
    /// Calibration curve of everyone, bins with small cells left out.
    pub calibration: Vec<CalibrationBin>,
    /// How many bins were left out of the curve.
    pub calibration_withheld: usize,
}

/// Which of these counts must be withheld: the small ones, and as many more as it takes to hide them in their sum.
pub fn withheld(counts: &[u64], smallest: u64) -> Vec<bool> {
    let mut hidden: Vec<bool> = counts.iter().map(|&n| is_small_cell(n, smallest)).collect();
    if !hidden.contains(&true) {
        return hidden;
    }
    loop {
        let mine: Vec<u64> = counts.iter().zip(&hidden).filter(|(_, hidden)| **hidden).map(|(n, _)| *n).collect();
        if mine.len() >= 2 && mine.iter().sum::<u64>() >= smallest {
            return hidden;
        }
        let open = counts.iter().zip(&hidden).enumerate().filter(|(_, (n, hidden))| !**hidden && **n > 0);
        let Some(next) = open.min_by_key(|(_, (n, _))| **n).map(|(index, _)| index) else { return hidden };
        if let Some(slot) = hidden.get_mut(next) {
            *slot = true;
        }
    }
}

/// An attribute as it may be shown.
pub fn on_paper(attribute: &AttributeAudit, smallest: u64) -> AttributeTable {
    let audit = &attribute.audit;
    let sizes: Vec<u64> = audit.groups.iter().map(|g| g.n).collect();
    let positives: Vec<u64> = audit.groups.iter().map(|g| g.positives).collect();
    let negatives: Vec<u64> = audit.groups.iter().map(|g| g.n - g.positives).collect();
    let hide_n = withheld(&sizes, smallest);
    let (hide_positives, hide_negatives) = (withheld(&positives, smallest), withheld(&negatives, smallest));
    let mut groups = Vec::new();
    for (index, (label, group)) in attribute.labels.iter().zip(&audit.groups).enumerate() {
        let is = |flags: &[bool]| flags.get(index).copied().unwrap_or(true);
        let hide = is(&hide_n);
        groups.push(GroupRow {
            label: label.clone(),
            n: (!hide).then_some(group.n),
            positives: (!hide && !is(&hide_positives) && !is(&hide_negatives)).then_some(group.positives),
            figures: group.estimates.iter().map(|(m, e)| (*m, shown(e, smallest, hide))).collect(),
        });
    }
    let overall = &audit.overall;
    let small = is_small_cell(overall.positives, smallest) || is_small_cell(overall.n - overall.positives, smallest);
    let disparities = audit
        .disparities
        .iter()
        .map(|d| DisparityRow {
            id: d.disparity.id(),
            title: d.disparity.title(),
            figure: compared(d, &groups, smallest),
            groups: d.groups,
            left_out: d
                .left_out
                .iter()
                .map(|l| {
                    let label = attribute.labels.get(l.group).map_or("?", String::as_str);
                    format!("{label} ({}: {})", l.rate.title(), l.because)
                })
                .collect(),
        })
        .collect();
    let fit = |bin: &&CalibrationBin| {
        ![bin.n, bin.events, bin.n.saturating_sub(bin.events)].into_iter().any(|c| is_small_cell(c, smallest))
    };
    let calibration: Vec<CalibrationBin> = overall.calibration.iter().filter(fit).cloned().collect();
    AttributeTable {
        attribute: attribute.attribute.clone(),
        stands_for: attribute.stands_for.clone(),
        groups,
        overall: GroupRow {
            label: "everyone".to_owned(),
            n: (!is_small_cell(overall.n, smallest)).then_some(overall.n),
            positives: (!small).then_some(overall.positives),
            figures: overall.estimates.iter().map(|(m, e)| (*m, shown(e, smallest, false))).collect(),
        },
        disparities,
        calibration_withheld: overall.calibration.len() - calibration.len(),
        calibration,
    }
}

/// A comparison. The rows compared would tell the size of a small group that was left out, and the exact difference
/// to a rate that is shown would tell one that is withheld; so either is then given less exactly.
fn compared(disparity: &DisparityEstimate, groups: &[GroupRow], smallest: u64) -> Shown {
    let rate_withheld = |row: &GroupRow| {
        row.figures
            .iter()
            .any(|(metric, shown)| disparity.disparity.rates().contains(metric) && *shown == Shown::Withheld)
    };
    let masked = !disparity.left_out.is_empty() || groups.iter().any(|row| row.n.is_none());
    let figure = shown(&disparity.estimate, smallest, masked);
    if groups.iter().any(rate_withheld) { figure.rounded(2) } else { figure }
}

impl Shown {
    /// The figure with this many decimals and no denominator.
    fn rounded(self, digits: i32) -> Self {
        let round = |x: f64| (x * 10_f64.powi(digits)).round() / 10_f64.powi(digits);
        match self {
            Self::Figure { value, low, high, method, error_bound, .. } => {
                Self::Figure { value: round(value), low: round(low), high: round(high), n: None, method, error_bound }
            }
            other => other,
        }
    }
}

fn shown(estimate: &Estimate, smallest: u64, hide_n: bool) -> Shown {
    match &estimate.figure {
        Err(because) => Shown::NotEstimable(because.to_string()),
        Ok(figure) => {
            let cells = [estimate.n, estimate.events, estimate.n.saturating_sub(estimate.events)];
            if cells.into_iter().any(|cell| is_small_cell(cell, smallest)) {
                return Shown::Withheld;
            }
            let exact = Shown::Figure {
                value: figure.value,
                low: figure.low,
                high: figure.high,
                n: Some(estimate.n),
                method: figure.method.to_string(),
                error_bound: figure.error_bound,
            };
            // A share with all its digits tells the numbers it is made of.
            if hide_n { exact.rounded(3) } else { exact }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::withheld;

    #[test]
    fn a_lone_small_count_takes_the_next_smallest_with_it() {
        assert_eq!(withheld(&[27_304, 23_577, 2], 11), [false, true, true]);
    }

    #[test]
    fn small_counts_whose_sum_is_small_take_another() {
        assert_eq!(withheld(&[500, 2, 3, 90], 11), [false, true, true, true]);
    }

    #[test]
    fn small_counts_that_hide_each_other_suffice() {
        assert_eq!(withheld(&[500, 8, 9, 90], 11), [false, true, true, false]);
    }

    #[test]
    fn nobody_and_enough_are_shown() {
        assert_eq!(withheld(&[0, 11, 500], 11), [false, false, false]);
    }
}
