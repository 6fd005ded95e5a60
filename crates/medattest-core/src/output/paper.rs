//! What of a measurement may be shown.
//!
//! A count of 1 to `smallest` - 1 people is withheld, and so is every figure from which such a count could be worked
//! out (CMS cell size suppression policy: no cell of 1 to 10, nor a percentage that yields one). Where the rest of a
//! column would give a withheld count away, the next smallest is withheld with it.

use std::fmt;

use medattest_metrics::{CalibrationBin, Confusion, DisparityEstimate, Estimate, GroupEstimates, Metric};

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

/// A count for a reader; a small one only as what it is under.
pub fn few(count: u64, smallest: u64) -> String {
    if is_small_cell(count, smallest) { format!("under {smallest}") } else { thousands(count) }
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
    complete(counts, vec![false; counts.len()], smallest)
}

fn complete(counts: &[u64], already: Vec<bool>, smallest: u64) -> Vec<bool> {
    let mut hidden: Vec<bool> =
        counts.iter().zip(already).map(|(&n, already)| already || is_small_cell(n, smallest)).collect();
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

/// The groups that share a value with others, as the intersection of race and sex does by race and by sex: their sums
/// are shown elsewhere. All groups together for a single column.
fn slices(attribute: &AttributeAudit) -> Vec<Vec<usize>> {
    let everyone: Vec<usize> = (0..attribute.labels.len()).collect();
    let columns = attribute.attribute.split(" x ").count();
    let parts: Vec<Vec<&str>> = attribute.labels.iter().map(|label| label.split(" x ").collect()).collect();
    if columns < 2 || parts.iter().any(|part| part.len() != columns) {
        return vec![everyone];
    }
    let mut slices = vec![everyone];
    for column in 0..columns {
        let mut values: Vec<&str> = parts.iter().filter_map(|part| part.get(column).copied()).collect();
        values.sort_unstable();
        values.dedup();
        for value in values {
            let sharing = |index: &usize| parts.get(*index).and_then(|part| part.get(column)) == Some(&value);
            slices.push((0..parts.len()).filter(sharing).collect());
        }
    }
    slices
}

/// [`withheld`] within every slice, until no slice gives anything away.
fn withheld_in(counts: &[u64], smallest: u64, slices: &[Vec<usize>]) -> Vec<bool> {
    let mut hidden = vec![false; counts.len()];
    loop {
        let before = hidden.clone();
        for slice in slices {
            let of_slice: Vec<u64> = slice.iter().filter_map(|&i| counts.get(i).copied()).collect();
            let already: Vec<bool> = slice.iter().filter_map(|&i| hidden.get(i).copied()).collect();
            for (&index, hide) in slice.iter().zip(complete(&of_slice, already, smallest)) {
                if let Some(slot) = hidden.get_mut(index) {
                    *slot |= hide;
                }
            }
        }
        if hidden == before {
            return hidden;
        }
    }
}

/// Groups whose rates would give a cell of some two-by-two table away: their own, or through sums another's.
fn hidden_rates(attribute: &AttributeAudit, smallest: u64, slices: &[Vec<usize>]) -> Vec<bool> {
    let tables: Vec<Confusion> = attribute.audit.groups.iter().map(|g| g.confusion.unwrap_or_default()).collect();
    let cells: [fn(&Confusion) -> u64; 4] = [|c| c.tp, |c| c.fp, |c| c.fn_, |c| c.tn];
    let mut hidden = vec![false; tables.len()];
    for cell in cells {
        let counts: Vec<u64> = tables.iter().map(cell).collect();
        for (slot, hide) in hidden.iter_mut().zip(withheld_in(&counts, smallest, slices)) {
            *slot |= hide;
        }
    }
    hidden
}

/// Every metric of a group as it may be shown.
fn figures(group: &GroupEstimates, smallest: u64, hide: Hidden) -> Vec<(Metric, Shown)> {
    let figure = |(metric, estimate): &(Metric, Estimate)| {
        let ratio = estimate.figure.is_ok() && metric.ratio(&Confusion::default()).is_some();
        let gone = if *metric == Metric::Prevalence { hide.positives } else { hide.rates || hide.positives };
        let shown = if ratio && gone { Shown::Withheld } else { shown(estimate, smallest, hide.n) };
        (*metric, shown)
    };
    group.estimates.iter().map(figure).collect()
}

/// What of a group is withheld.
#[derive(Clone, Copy)]
struct Hidden {
    n: bool,
    positives: bool,
    rates: bool,
}

/// An attribute as it may be shown.
pub fn on_paper(attribute: &AttributeAudit, smallest: u64) -> AttributeTable {
    let audit = &attribute.audit;
    let sizes: Vec<u64> = audit.groups.iter().map(|g| g.n).collect();
    let positives: Vec<u64> = audit.groups.iter().map(|g| g.positives).collect();
    let negatives: Vec<u64> = audit.groups.iter().map(|g| g.n - g.positives).collect();
    let slices = slices(attribute);
    let hide_n = withheld_in(&sizes, smallest, &slices);
    let hide_positives = withheld_in(&positives, smallest, &slices);
    let hide_negatives = withheld_in(&negatives, smallest, &slices);
    let hide_rates = hidden_rates(attribute, smallest, &slices);
    let mut groups = Vec::new();
    for (index, (label, group)) in attribute.labels.iter().zip(&audit.groups).enumerate() {
        let is = |flags: &[bool]| flags.get(index).copied().unwrap_or(true);
        let hide = is(&hide_n);
        groups.push(GroupRow {
            label: label.clone(),
            n: (!hide).then_some(group.n),
            positives: (!hide && !is(&hide_positives) && !is(&hide_negatives)).then_some(group.positives),
            // A group whose size is withheld shows rounded figures, from which no count can be worked out.
            figures: figures(
                group,
                smallest,
                Hidden {
                    n: hide,
                    positives: !hide && (is(&hide_positives) || is(&hide_negatives)),
                    rates: !hide && is(&hide_rates),
                },
            ),
        });
    }
    let overall = &audit.overall;
    let small = is_small_cell(overall.positives, smallest) || is_small_cell(overall.n - overall.positives, smallest);
    let confusion = overall.confusion.unwrap_or_default();
    let small_cell = [confusion.tp, confusion.fp, confusion.fn_, confusion.tn]
        .into_iter()
        .any(|cell| is_small_cell(cell, smallest));
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
    let bins = &overall.calibration;
    let hidden_bins = [
        withheld(&bins.iter().map(|b| b.n).collect::<Vec<_>>(), smallest),
        withheld(&bins.iter().map(|b| b.events).collect::<Vec<_>>(), smallest),
        withheld(&bins.iter().map(|b| b.n.saturating_sub(b.events)).collect::<Vec<_>>(), smallest),
    ];
    let shown_bin = |index: usize| hidden_bins.iter().all(|hidden| hidden.get(index) == Some(&false));
    let calibration: Vec<CalibrationBin> =
        bins.iter().enumerate().filter(|(index, _)| shown_bin(*index)).map(|(_, bin)| *bin).collect();
    AttributeTable {
        attribute: attribute.attribute.clone(),
        stands_for: attribute.stands_for.clone(),
        groups,
        overall: GroupRow {
            label: "everyone".to_owned(),
            n: (!is_small_cell(overall.n, smallest)).then_some(overall.n),
            positives: (!small).then_some(overall.positives),
            figures: figures(overall, smallest, Hidden { n: false, positives: small, rates: small_cell }),
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
    match figure {
        Shown::Figure { value, .. } if groups.iter().any(rate_withheld) => {
            figure.rounded(if value < 0.1 { 2 } else { 1 })
        }
        figure => figure,
    }
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
    use medattest_metrics::{Options, Row, audit};

    use super::*;

    /// (tp, fn, fp, tn) of each group.
    fn attribute(name: &str, groups: &[(&str, [u64; 4])]) -> AttributeAudit {
        let mut rows = Vec::new();
        for (group, (_, counts)) in groups.iter().enumerate() {
            let kinds = [(true, true), (true, false), (false, true), (false, false)];
            for ((label, predicted), count) in kinds.into_iter().zip(counts).filter(|(_, count)| **count > 0) {
                rows.push(Row { group, cluster: 0, label, predicted: Some(predicted), score: None, count: *count });
            }
        }
        AttributeAudit {
            attribute: name.into(),
            stands_for: "other".into(),
            labels: groups.iter().map(|(label, _)| (*label).to_owned()).collect(),
            audit: audit(&rows, groups.len(), &Options { draws: 100, ..Options::default() }),
        }
    }

    fn rate(row: &GroupRow, metric: Metric) -> &Shown {
        row.figures.iter().find(|(m, _)| *m == metric).map(|(_, shown)| shown).expect("every metric is there")
    }

    #[test]
    fn rates_of_a_row_do_not_give_its_smallest_cell_away() {
        let table = on_paper(
            &attribute("sex", &[("A", [5, 7, 32, 143]), ("B", [60, 60, 300, 900]), ("C", [80, 70, 200, 700])]),
            11,
        );
        let [a, b, c] = table.groups.as_slice() else { panic!("three groups") };
        for metric in [Metric::SelectionRate, Metric::Tpr, Metric::Fpr, Metric::Ppv, Metric::Npv, Metric::Accuracy] {
            assert_eq!(rate(a, metric), &Shown::Withheld, "{metric:?}: four rates and n make five true positives");
            assert_eq!(rate(b, metric), &Shown::Withheld, "{metric:?}: everyone less B and C would be A");
            assert!(matches!(rate(c, metric), Shown::Figure { .. }));
        }
        assert_eq!(a.n, Some(187));
        let odds = table.disparities.iter().find(|d| d.id == "equalized-odds-difference").expect("reported");
        let Shown::Figure { value, n: None, .. } = odds.figure else { panic!("shown without n: {odds:?}") };
        assert!((value * 10.0 - (value * 10.0).round()).abs() < 1e-9 || value < 0.1, "{value} is rounded");
    }

    #[test]
    fn an_intersection_does_not_give_a_small_group_away_to_its_margins() {
        let many = [300, 300, 300, 300];
        let table = on_paper(
            &attribute(
                "race x sex",
                &[("P x F", many), ("P x M", many), ("Q x F", many), ("Q x M", many), ("Q x U", [1, 0, 1, 0])],
            ),
            11,
        );
        let hidden: Vec<bool> = table.groups.iter().map(|g| g.n.is_none()).collect();
        let (of_q, with_u) = (hidden[2] || hidden[3], hidden[4]);
        assert!(with_u && of_q, "Q less its two other groups would be the small one: {hidden:?}");
    }

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
