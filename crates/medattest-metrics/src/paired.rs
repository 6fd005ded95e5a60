//! Two scores of the same rows.

use std::collections::BTreeMap;

use crate::estimate::Estimate;
use crate::score::{Asked, Item, Scores, Value};

/// A row of two scores of the same patient, for a paired comparison.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedItem {
    /// The two scores.
    pub scores: (f64, f64),
    /// Number of the cluster; ignored where rows are independent.
    pub cluster: u32,
    /// The label.
    pub label: bool,
    /// Rows.
    pub count: u64,
}

/// Difference of the AUROC of two scores of the same rows, first less second, with the paired interval of DeLong,
/// DeLong & Clarke-Pearson 1988, for `clustered` rows that of Obuchowski 1997, and the p-value that they are equal.
/// `half_cells` are half the widths of the cells of either score's grid.
pub fn paired_auroc(
    items: &[PairedItem],
    clustered: bool,
    half_cells: (f64, f64),
    asked: &Asked,
) -> (Estimate, Option<f64>) {
    let of = |first: bool| {
        let mut order: Vec<usize> = (0..items.len()).collect();
        let score = |at: usize| if first { items[at].scores.0 } else { items[at].scores.1 };
        order.sort_by(|&a, &b| score(a).total_cmp(&score(b)));
        let one = |&at: &usize| {
            let i = &items[at];
            let (pos, neg) = if i.label { (i.count, 0) } else { (0, i.count) };
            Item { score: score(at), cluster: 0, weight: 1.0, pos, neg }
        };
        let half_cell = if first { half_cells.0 } else { half_cells.1 };
        let scores = Scores { items: order.iter().map(one).collect(), clusters: None, half_cell };
        let (places, value, bound) = scores.placements();
        let mut placed = vec![0.0; items.len()];
        for (&at, place) in order.iter().zip(&places) {
            placed[at] = if items[at].label { place.0 } else { place.1 } - value;
        }
        (scores, placed, value, bound)
    };
    let (scores, first, a, bound) = of(true);
    let (n, events) = scores.totals();
    let asked = Asked { events: asked.events.max(2), non_events: asked.non_events.max(2), ..*asked };
    if let Some(because) = scores.refuses(&asked) {
        return (Estimate::missing(n, events, because), None);
    }
    let (_, second, b, other) = of(false);
    let (m, k) = (events as f64, (n - events) as f64);
    let spread = |units: f64| if units > 1.0 { units / (units - 1.0) } else { f64::INFINITY };
    let gaps = items.iter().zip(first.iter().zip(&second)).map(|(item, (x, y))| (item, x - y));
    let variance = if clustered {
        let mut units: BTreeMap<u32, [f64; 4]> = BTreeMap::new();
        for (item, gap) in gaps {
            let unit = units.entry(item.cluster).or_default();
            let at = usize::from(!item.label);
            unit[at] += item.count as f64 * gap;
            unit[2 + at] = 1.0;
        }
        let sum = |of: fn(&[f64; 4]) -> f64| units.values().map(of).sum::<f64>();
        sum(|u| u[0] * u[0]) / (m * m) * spread(sum(|u| u[2]))
            + sum(|u| u[1] * u[1]) / (k * k) * spread(sum(|u| u[3]))
            + 2.0 * sum(|u| u[0] * u[1]) / (m * k) * spread(units.len() as f64)
    } else {
        let (mut v10, mut v01) = (0.0, 0.0);
        for (item, gap) in gaps {
            let square = item.count as f64 * gap * gap;
            if item.label { v10 += square } else { v01 += square }
        }
        v10 / (m * (m - 1.0)) + v01 / (k * (k - 1.0))
    };
    let se = variance.max(0.0).sqrt();
    let name = if clustered { "paired Obuchowski, by cluster" } else { "paired DeLong" };
    let estimate = scores.finish(Value { value: a - b, se }, (-1.0, 1.0), &asked, name, bound + other);
    (estimate, (se > 0.0 && se.is_finite()).then(|| crate::rate::two_sided((a - b) / se)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: Asked = Asked { level: 0.95, events: 1, non_events: 1, rows: 1 };

    #[test]
    fn a_score_against_itself_does_not_differ() {
        let item = |i: i32| {
            let s = f64::from(i * 7919 % 1009) / 1009.0;
            PairedItem { scores: (s, s), cluster: 0, label: f64::from(i * 31 % 97) / 97.0 < s, count: 1 }
        };
        let items: Vec<PairedItem> = (0..400).map(item).collect();
        let (estimate, p) = paired_auroc(&items, false, (0.0, 0.0), &ASKED);
        assert_eq!((estimate.value(), p), (Some(0.0), None));
    }
}
