//! Drawings as SVG: forest plots of groups and calibration curves. Colours come from the page, so they follow its theme.

use std::fmt::Write as _;

use medattest_core::output::paper::{AttributeTable, GroupRow, Shown};
use medattest_core::output::{escape, figure};
use medattest_metrics::{CalibrationBin, Metric};

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

fn of(row: &GroupRow, metric: Metric) -> Option<&Shown> {
    row.figures.iter().find(|(m, _)| *m == metric).map(|(_, shown)| shown)
}

fn panel(svg: &mut String, rows: &[&GroupRow], metric: Metric, left: f64, bottom: f64) {
    let _ = write!(svg, "<text x=\"{left}\" y=\"14\" font-weight=\"600\">{}</text>", escape(metric.title()));
    let mut bounds: Option<(f64, f64)> = None;
    for row in rows {
        if let Some(Shown::Figure { low, high, .. }) = of(row, metric) {
            let (a, b) = bounds.unwrap_or((*low, *high));
            bounds = Some((a.min(*low), b.max(*high)));
        }
    }
    let Some((low, high)) = bounds else {
        let _ = write!(svg, "<text class=\"soft\" x=\"{left}\" y=\"{}\">no estimate</text>", TOP + 15.0);
        return;
    };
    let pad = ((high - low) * 0.08).max(0.01);
    // Shares stay within 0 and 1; a ratio such as O:E has no upper end.
    let ceiling = if metric == Metric::ObservedExpected { f64::INFINITY } else { 1.0 };
    let (low, high) = ((low - pad).max(0.0), (high + pad).min(ceiling));
    let x = |value: f64| left + (value - low) / (high - low).max(1e-9) * PANEL_WIDTH;
    let _ = write!(
        svg,
        "<path class=\"axis\" stroke=\"currentColor\" fill=\"none\" d=\"M{left} {bottom}h{PANEL_WIDTH}\"/>"
    );
    for (value, anchor) in [(low, "start"), (high, "end")] {
        let _ = write!(
            svg,
            "<text class=\"soft\" x=\"{:.1}\" y=\"{}\" text-anchor=\"{anchor}\" font-size=\"10\">{}</text>",
            x(value),
            bottom + 14.0,
            short(value)
        );
    }
    let reference = if metric == Metric::ObservedExpected {
        (low..=high).contains(&1.0).then_some(1.0)
    } else {
        rows.last().and_then(|row| of(row, metric)).and_then(|shown| match shown {
            Shown::Figure { value, .. } => Some(*value),
            _ => None,
        })
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
        match of(row, metric) {
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
            Some(Shown::Withheld) => {
                let _ = write!(
                    svg,
                    "<text class=\"soft\" x=\"{left}\" y=\"{}\" font-size=\"10\">withheld</text>",
                    y + 4.0
                );
            }
            _ => {
                let _ = write!(
                    svg,
                    "<text class=\"soft\" x=\"{left}\" y=\"{}\" font-size=\"10\">not estimable</text>",
                    y + 4.0
                );
            }
        }
    }
}

fn short(value: f64) -> String {
    format!("{value:.2}")
}

/// A calibration curve: mean score against observed rate, with intervals; the dashed line is perfect calibration.
pub(crate) fn calibration(bins: &[CalibrationBin]) -> String {
    const SIZE: f64 = 300.0;
    const LEFT: f64 = 44.0;
    let highest = bins.iter().flat_map(|bin| [bin.predicted, bin.high]).fold(0.05_f64, f64::max);
    let top = (highest * 20.0).ceil() / 20.0;
    let x = |value: f64| LEFT + value / top * SIZE;
    let y = |value: f64| 12.0 + SIZE - value / top * SIZE;
    let (width, height) = (LEFT + SIZE + 16.0, SIZE + 56.0);
    let mut svg = format!(
        "<svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"Calibration curve\">"
    );
    let _ = write!(
        svg,
        "<path class=\"axis\" stroke=\"currentColor\" fill=\"none\" d=\"M{LEFT} 12V{:.1}H{:.1}\"/><path class=\"reference\" fill=\"none\" stroke=\"currentColor\" stroke-dasharray=\"4 3\" d=\"M{:.1} {:.1}L{:.1} {:.1}\"/>",
        y(0.0),
        x(top),
        x(0.0),
        y(0.0),
        x(top),
        y(top)
    );
    for step in 0..=4 {
        let value = top * f64::from(step) / 4.0;
        let _ = write!(
            svg,
            "<text class=\"soft\" font-size=\"10\" text-anchor=\"end\" x=\"{}\" y=\"{:.1}\">{}</text><text class=\"soft\" font-size=\"10\" text-anchor=\"middle\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            LEFT - 6.0,
            y(value) + 3.0,
            short(value),
            x(value),
            y(0.0) + 14.0,
            short(value)
        );
    }
    let line: Vec<String> =
        bins.iter().map(|bin| format!("{:.1} {:.1}", x(bin.predicted), y(bin.observed))).collect();
    if let Some((first, rest)) = line.split_first() {
        let rest: String = rest.iter().map(|point| format!("L{point}")).collect();
        let _ =
            write!(svg, "<path class=\"mark\" style=\"fill:none\" stroke=\"currentColor\" d=\"M{first}{rest}\"/>");
    }
    for bin in bins {
        let _ = write!(
            svg,
            "<g class=\"mark\" stroke=\"currentColor\" fill=\"currentColor\"><title>score {}, observed {} [{}, {}]</title><path d=\"M{:.1} {:.1}V{:.1}\"/><circle r=\"3\" cx=\"{:.1}\" cy=\"{:.1}\"/></g>",
            figure(bin.predicted),
            figure(bin.observed),
            figure(bin.low),
            figure(bin.high),
            x(bin.predicted),
            y(bin.low),
            y(bin.high),
            x(bin.predicted),
            y(bin.observed)
        );
    }
    let _ = write!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">mean score</text><text transform=\"rotate(-90)\" x=\"{:.1}\" y=\"10\" text-anchor=\"middle\">observed rate</text></svg>",
        LEFT + SIZE / 2.0,
        y(0.0) + 32.0,
        -(12.0 + SIZE / 2.0)
    );
    svg
}
