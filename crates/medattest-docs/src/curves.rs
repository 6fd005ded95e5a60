//! Curves of the groups of an attribute: calibration, ROC, decision.

use medattest_core::output::paper::{AttributeTable, GroupRow, Shown};
use medattest_metrics::Metric;

use crate::document::Block;
use crate::plot::{Line, MOST_LINES, Plot};

/// The attribute whose groups are furthest from what their scores promise: its curves are worth a look.
pub(crate) fn most_telling(tables: &[AttributeTable]) -> Option<&AttributeTable> {
    let off = |table: &&AttributeTable| {
        let of = |row: &GroupRow| match row.figure(Metric::ObservedExpected) {
            Some(Shown::Figure { value, .. }) if *value > 0.0 => value.ln().abs(),
            _ => 0.0,
        };
        table.groups.iter().map(of).fold(0.0, f64::max)
    };
    // Of those alike the first. Groups of two attributes at once are too many and too small for a plot.
    let single = |table: &&AttributeTable| !table.of_class && table.stands_for != "intersection";
    tables.iter().filter(single).rev().max_by(|a, b| off(a).total_cmp(&off(b)))
}

/// The groups a plot can hold: everyone first, then the largest whose curve may be shown.
pub(crate) fn drawn(table: &AttributeTable, has: impl Fn(&GroupRow) -> bool) -> (Vec<&GroupRow>, usize) {
    let mut groups: Vec<&GroupRow> = table.groups.iter().filter(|row| has(row)).collect();
    groups.sort_by_key(|row| std::cmp::Reverse(row.n));
    let all = table.groups.len();
    groups.truncate(MOST_LINES - 1);
    let left = all - groups.len();
    (std::iter::once(&table.overall).filter(|row| has(row)).chain(groups).collect(), left)
}

pub(crate) fn left_out(left: usize) -> String {
    match left {
        0 => String::new(),
        1 => " One group is left out: it is too small, or the plot is full.".to_owned(),
        n => format!(" {n} groups are left out: they are too small, or the plot is full."),
    }
}

/// Calibration curves of everyone and of each group.
pub(crate) fn calibration(table: &AttributeTable) -> Vec<Block> {
    let (rows, left) = drawn(table, |row| row.calibration.len() > 1);
    if rows.is_empty() {
        return Vec::new();
    }
    let bins = || rows.iter().flat_map(|row| &row.calibration);
    let top = bins().flat_map(|b| [b.predicted, b.high.min(1.0)]).fold(0.05_f64, f64::max);
    let top = (top * 20.0).ceil() / 20.0;
    let line = |row: &&GroupRow| Line {
        label: row.label.clone(),
        points: row.calibration.iter().map(|b| (b.predicted, b.observed)).collect(),
        bars: if row.label == "everyone" || rows.len() <= 3 {
            row.calibration.iter().map(|b| (b.predicted, b.low, b.high)).collect()
        } else {
            Vec::new()
        },
        marked: true,
    };
    let held = match table.overall.calibration_withheld {
        0 => String::new(),
        1 => " One point of everyone with a small cell is left out.".to_owned(),
        n => format!(" {n} points of everyone with small cells are left out."),
    };
    let plot = Plot {
        title: "Calibration by group",
        x: "mean score",
        y: "observed rate",
        across: (0.0, top),
        up: (0.0, top),
        guide: Some(((0.0, 0.0), (top, top))),
        curve: Vec::new(),
        lines: rows.iter().map(line).collect(),
    };
    vec![Block::Figure {
        svg: plot.svg(),
        caption: format!(
            "Calibration by {}: mean score against observed rate in ten bins of equal width, Wilson intervals. On the \
             dashed line scores mean what they say. Bins with few people are left out.{}{held}",
            table.attribute,
            left_out(left)
        ),
    }]
}

/// ROC curves of everyone and of each group.
pub(crate) fn roc(table: &AttributeTable) -> Vec<Block> {
    let (rows, left) = drawn(table, |row| row.roc.len() > 2);
    if rows.is_empty() {
        return Vec::new();
    }
    let line =
        |row: &&GroupRow| Line { label: row.label.clone(), points: row.roc.clone(), bars: Vec::new(), marked: false };
    let plot = Plot {
        title: "ROC curves by group",
        x: "false positive rate",
        y: "sensitivity",
        across: (0.0, 1.0),
        up: (0.0, 1.0),
        guide: Some(((0.0, 0.0), (1.0, 1.0))),
        curve: Vec::new(),
        lines: rows.iter().map(line).collect(),
    };
    vec![Block::Figure {
        svg: plot.svg(),
        caption: format!(
            "ROC curves by {}, thinned so that no two corners have few people between them. The dashed line is chance.{}",
            table.attribute,
            left_out(left)
        ),
    }]
}

/// Decision curves of everyone and of each group.
pub(crate) fn decision_curve(table: &AttributeTable) -> Vec<Block> {
    let (rows, left) = drawn(table, |row| row.operating.iter().filter(|o| o.net_benefit.is_some()).count() > 2);
    if rows.is_empty() {
        return Vec::new();
    }
    // Beyond the threshold at which hardly anyone is flagged all curves lie on zero.
    let useful = |row: &&GroupRow| {
        let flagged = row.operating.iter().filter(|o| o.selection_rate.is_some_and(|s| s >= 0.005));
        flagged.map(|o| o.threshold).fold(0.1_f64, f64::max)
    };
    let right = rows.iter().map(useful).fold(0.1_f64, f64::max);
    let points = |row: &GroupRow| -> Vec<(f64, f64)> {
        let of = row.operating.iter().filter(|o| o.threshold <= right);
        of.filter_map(|o| Some((o.threshold, o.net_benefit?.0))).collect()
    };
    let top = rows.iter().flat_map(|row| points(row)).map(|p| p.1).fold(0.01_f64, f64::max);
    let line =
        |row: &&GroupRow| Line { label: row.label.clone(), points: points(row), bars: Vec::new(), marked: false };
    // Of those flagged all the share of positives is right, at every threshold.
    let prevalence = match table.overall.figure(Metric::Prevalence) {
        Some(Shown::Figure { value, .. }) => Some(*value),
        _ => None,
    };
    let benefit = |prevalence: f64, at: f64| prevalence - (1.0 - prevalence) * at / (1.0 - at);
    let steps = (0..=50).map(|step| right.min(0.99) * f64::from(step) / 50.0);
    let everyone = prevalence.map_or_else(Vec::new, |p| {
        steps.map(|at| (at, benefit(p, at))).take_while(|(_, benefit)| *benefit >= -top / 4.0).collect()
    });
    let plot = Plot {
        title: "Decision curves by group",
        x: "threshold",
        y: "net benefit",
        across: (0.0, right),
        up: (-top / 4.0, top * 1.05),
        guide: Some(((0.0, 0.0), (right, 0.0))),
        curve: everyone,
        lines: rows.iter().map(line).collect(),
    };
    vec![Block::Figure {
        svg: plot.svg(),
        caption: format!(
            "Decision curves by {}: net benefit of flagging scores from the threshold on, true positives per row less \
             false positives per row at the odds of the threshold. The dashed line is flagging nobody, the dotted one \
             flagging everyone.{}",
            table.attribute,
            left_out(left)
        ),
    }]
}
