//! What thresholds of the groups' own would do, as far as it may be shown.

use medattest_metrics::{Confusion, Equalised, Metric, Operating};

use super::withhold::{far, operating};
use super::{EqualisedTable, GroupRow, OperatingRow, Shown, thousandths};
use crate::engine::bias::AttributeAudit;
use crate::value::is_small_cell;

/// Each group at the threshold in use and at its own. Rates at its own are left out where few people move or stand
/// apart, and what everyone gains or loses where it would tell such a move.
pub(super) fn equalised(
    equalised: &Equalised,
    attribute: &AttributeAudit,
    groups: &[GroupRow],
    smallest: u64,
) -> EqualisedTable {
    let before = |at: usize| {
        let points = attribute.audit.groups.get(at).map(|g| g.operating.as_slice()).unwrap_or_default();
        points.iter().find(|o| o.threshold == equalised.threshold)
    };
    let row = |at: usize, label: &String| {
        let hide = groups.get(at).is_none_or(|row| {
            row.n.is_none() || row.positives.is_none() || row.figure(Metric::Tpr) == Some(&Shown::Withheld)
        });
        let (now, then) = (before(at), equalised.groups.get(at).and_then(Option::as_ref));
        let change = now.zip(then).is_none_or(|(a, b)| {
            let c = &b.counts;
            far(a.counts.tp, c.tp, smallest)
                && far(a.counts.fp, c.fp, smallest)
                && ![c.tp, c.fp, c.fn_, c.tn].into_iter().any(|cell| is_small_cell(cell, smallest))
        });
        let bare = |o: &Operating| OperatingRow {
            threshold: thousandths(o.threshold),
            selection_rate: None,
            tpr: None,
            fpr: None,
            ppv: None,
            net_benefit: None,
        };
        let then = then.filter(|_| !hide).map(|o| if change { operating(o) } else { bare(o) });
        (label.clone(), now.filter(|_| !hide).map(operating), then)
    };
    let cost = [Metric::SelectionRate, Metric::Tpr, Metric::Fpr, Metric::Ppv, Metric::Npv, Metric::Accuracy]
        .into_iter()
        .filter_map(|metric| {
            let of = |mass: &Confusion<f64>| metric.of_counts(mass, mass).map(thousandths);
            Some((metric, of(&equalised.before.mass)?, of(&equalised.after)?))
        })
        .collect();
    let rows: Vec<_> = attribute.labels.iter().enumerate().map(|(at, label)| row(at, label)).collect();
    // What everyone gains or loses is the sum of the groups' moves, and would tell a move that is not shown.
    let told = rows.iter().all(|(_, now, then)| now.is_some() && then.as_ref().is_none_or(|o| o.tpr.is_some()));
    let large = attribute.audit.overall.positives as f64 * 0.001 >= smallest as f64;
    let cost = if told || large || smallest <= 1 { cost } else { Vec::new() };
    EqualisedTable {
        metric: equalised.metric,
        target: thousandths(equalised.target),
        threshold: thousandths(equalised.threshold),
        groups: rows,
        cost,
    }
}
