//! Forest plots as SVG. Colours come from the page, so they follow its theme.

use std::fmt::Write as _;

use medattest_core::output::paper::{AttributeTable, GroupRow, Shown};
use medattest_core::output::{escape, figure};
use medattest_metrics::Metric;

use crate::axis;

const LABEL_WIDTH: f64 = 170.0;
const PANEL_WIDTH: f64 = 140.0;
const GAP: f64 = 16.0;
const ROW: f64 = 22.0;
const TOP: f64 = 26.0;

/// A forest plot: one row per group, one panel per metric; the dashed line is everyone.
pub(crate) fn forest(table: &AttributeTable, metrics: &[Metric]) -> String {
    let rows: Vec<&GroupRow> = table.groups.iter().chain([&table.overall]).collect();
    let width = LABEL_WIDTH + metrics.len() as f64 * (PANEL_WIDTH + GAP);
    let bottom = TOP + rows.len() as f64 * ROW;
    let height = bottom + 24.0;
    let mut svg = format!(
        "<svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"Estimates by {}\">",
        escape(&table.attribute)
    );
    for (index, row) in rows.iter().enumerate() {
        let y = TOP + (index as f64 + 0.5) * ROW + 4.0;
        let label: String = if row.label.chars().count() > 26 {
            row.label.chars().take(25).chain(['…']).collect()
        } else {
            row.label.clone()
        };
        let weight = if index + 1 == rows.len() { " font-weight=\"600\"" } else { "" };
        let _ = write!(svg, "<text x=\"0\" y=\"{y}\"{weight}>{}</text>", escape(&label));
    }
    for (index, metric) in metrics.iter().enumerate() {
        let left = LABEL_WIDTH + index as f64 * (PANEL_WIDTH + GAP);
        panel(&mut svg, &rows, *metric, left, bottom);
    }
    svg.push_str("</svg>");
    svg
}

fn panel(svg: &mut String, rows: &[&GroupRow], metric: Metric, left: f64, bottom: f64) {
    let _ = write!(svg, "<text x=\"{left}\" y=\"14\" font-weight=\"600\">{}</text>", escape(metric.title()));
    let mut bounds: Option<(f64, f64)> = None;
    for row in rows {
        if let Some(Shown::Figure { low, high, .. }) = row.figure(metric) {
            let (a, b) = bounds.unwrap_or((*low, *high));
            bounds = Some((a.min(*low), b.max(*high)));
        }
    }
    let Some((low, high)) = bounds else {
        let _ = write!(svg, "<text class=\"soft\" x=\"{left}\" y=\"{}\">no estimate</text>", TOP + 15.0);
        return;
    };
    let pad = ((high - low) * 0.08).max(0.01);
    let (floor, ceiling) = metric.definition().range;
    let (low, high) = ((low - pad).max(floor), (high + pad).min(ceiling));
    let x = |value: f64| left + (value - low) / (high - low).max(1e-9) * PANEL_WIDTH;
    let _ = write!(
        svg,
        "<path class=\"axis\" stroke=\"currentColor\" fill=\"none\" d=\"M{left} {bottom}h{PANEL_WIDTH}\"/>"
    );
    // Numbers at the very ends would run into those of the next panel.
    let within = left + 9.0..=left + PANEL_WIDTH - 9.0;
    axis::level(svg, (low, high), 4, |value| Some(x(value)).filter(|x| within.contains(x)), bottom + 14.0);
    let reference = match metric.definition().parity.filter(|_| is_calibration(metric)) {
        Some(parity) => (low..=high).contains(&parity).then_some(parity),
        None => rows.last().and_then(|row| row.figure(metric)).and_then(|shown| match shown {
            Shown::Figure { value, .. } => Some(*value),
            _ => None,
        }),
    };
    if let Some(reference) = reference {
        let _ = write!(
            svg,
            "<path class=\"reference\" fill=\"none\" stroke=\"currentColor\" stroke-dasharray=\"4 3\" d=\"M{:.1} {TOP}V{bottom}\"/>",
            x(reference)
        );
    }
    for (index, row) in rows.iter().enumerate() {
        let y = TOP + (index as f64 + 0.5) * ROW;
        let class = if index + 1 == rows.len() { "whole" } else { "mark" };
        match row.figure(metric) {
            Some(Shown::Figure { value, low, high, .. }) => {
                let _ = write!(
                    svg,
                    "<g class=\"{class}\" stroke=\"currentColor\" fill=\"currentColor\"><title>{}: {} [{}, {}]</title><path fill=\"none\" stroke-width=\"1.5\" d=\"M{:.1} {y}H{:.1}\"/><rect x=\"{:.1}\" y=\"{}\" width=\"7\" height=\"7\"/></g>",
                    escape(&row.label),
                    figure(*value),
                    figure(*low),
                    figure(*high),
                    x(*low),
                    x(*high),
                    x(*value) - 3.5,
                    y - 3.5
                );
            }
            shown => {
                let (said, width) =
                    if shown == Some(&Shown::Withheld) { ("withheld", 42.0) } else { ("not estimable", 62.0) };
                // On the ground of the page, or the reference line would strike it through.
                let _ = write!(
                    svg,
                    "<rect class=\"ground\" fill=\"#fff\" x=\"{left}\" y=\"{}\" width=\"{width}\" height=\"12\"/>\
                     <text class=\"soft\" x=\"{left}\" y=\"{}\" font-size=\"10\">{said}</text>",
                    y - 6.0,
                    y + 4.0
                );
            }
        }
    }
}

/// Figures whose target does not depend on the other groups.
fn is_calibration(metric: Metric) -> bool {
    matches!(
        metric,
        Metric::ObservedExpected | Metric::CalibrationIntercept | Metric::CalibrationSlope | Metric::MeanError
    )
}
