//! Two scores of the same rows.

use crate::estimate::Estimate;
use crate::score::{Asked, Item, Scores, Value};

/// A row of two scores of the same patient, for a paired comparison.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedItem {
    /// The two scores.
    pub scores: (f64, f64),
    /// The label.
    pub label: bool,
    /// Rows.
    pub count: u64,
}

/// Difference of the AUROC of two scores of the same rows, first less second, with the paired interval of DeLong,
/// DeLong & Clarke-Pearson 1988, and the p-value that they are equal.
pub fn paired_auroc(items: &[PairedItem], asked: &Asked) -> (Estimate, Option<f64>) {
    let of = |first: bool| {
        let mut order: Vec<usize> = (0..items.len()).collect();
        let score = |at: usize| if first { items[at].scores.0 } else { items[at].scores.1 };
        order.sort_by(|&a, &b| score(a).total_cmp(&score(b)));
        let one = |&at: &usize| {
            let i = &items[at];
            let (pos, neg) = if i.label { (i.count, 0) } else { (0, i.count) };
            Item { score: score(at), cluster: 0, weight: 1.0, pos, neg }
        };
        let scores = Scores { items: order.iter().map(one).collect(), clusters: None, half_cell: 0.0 };
        let (places, value, _) = scores.placements();
        let mut placed = vec![0.0; items.len()];
        for (&at, place) in order.iter().zip(&places) {
            placed[at] = if items[at].label { place.0 } else { place.1 } - value;
        }
        (scores, placed, value)
    };
    let (scores, first, a) = of(true);
    let (n, events) = scores.totals();
    if let Some(because) =
        scores.refuses(&Asked { events: asked.events.max(2), non_events: asked.non_events.max(2), ..*asked })
    {
        return (Estimate::missing(n, events, because), None);
    }
    let (_, second, b) = of(false);
    let (mut v10, mut v01) = (0.0, 0.0);
    for ((item, x), y) in items.iter().zip(&first).zip(&second) {
        let square = item.count as f64 * (x - y).powi(2);
        if item.label { v10 += square } else { v01 += square }
    }
    let (m, k) = (events as f64, (n - events) as f64);
    let se = (v10 / (m * (m - 1.0)) + v01 / (k * (k - 1.0))).sqrt();
    let estimate = scores.finish(Value { value: a - b, se }, (-1.0, 1.0), asked, "paired DeLong", 0.0);
    (estimate, (se > 0.0).then(|| crate::rate::two_sided((a - b) / se)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: Asked = Asked { level: 0.95, events: 1, non_events: 1, rows: 1 };

    #[test]
    fn a_score_against_itself_does_not_differ() {
        let item = |i: i32| {
            let s = f64::from(i * 7919 % 1009) / 1009.0;
            PairedItem { scores: (s, s), label: f64::from(i * 31 % 97) / 97.0 < s, count: 1 }
        };
        let items: Vec<PairedItem> = (0..400).map(item).collect();
        let (estimate, p) = paired_auroc(&items, &ASKED);
        assert_eq!((estimate.value(), p), (Some(0.0), None));
    }
}
