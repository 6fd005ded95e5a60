//! Figures over windows as SVG: points with intervals, limits as a band, signals as hollow rings. Readable in grey.

use std::fmt::Write as _;

use medattest_core::output::escape;

use crate::axis;

const LEFT: f64 = 56.0;
const TOP: f64 = 22.0;
const BOTTOM: f64 = 34.0;
/// More windows than this are drawn without a mark each.
const MARKED: usize = 120;

/// A value with its interval.
pub(crate) type Value = (f64, f64, f64);

/// What is drawn.
#[derive(Default)]
pub(crate) struct Series<'a> {
    /// Title, over the drawing.
    pub(crate) title: &'a str,
    /// Names of the windows.
    pub(crate) windows: &'a [String],
    /// Values with intervals.
    pub(crate) values: Vec<Option<Value>>,
    /// A second line without intervals, dashed, with its name.
    pub(crate) second: Option<(&'a str, Vec<Option<f64>>)>,
    /// Limits.
    pub(crate) limits: Vec<Option<(f64, f64)>>,
    /// Centre line or planned value.
    pub(crate) centre: Option<f64>,
    /// Windows with a signal.
    pub(crate) signals: Vec<usize>,
    /// Width and height of the drawing.
    pub(crate) size: (f64, f64),
}

impl Series<'_> {
    /// The drawing; nothing where no window has a value.
    pub(crate) fn svg(&self) -> Option<String> {
        let (width, height) = self.size;
        let finite = |value: f64| value.is_finite().then_some(value);
        let mut ends: Option<(f64, f64)> = None;
        let mut see = |value: f64| {
            if let Some(value) = finite(value) {
                let (low, high) = ends.unwrap_or((value, value));
                ends = Some((low.min(value), high.max(value)));
            }
        };
        for (value, low, high) in self.values.iter().flatten() {
            see(*value);
            // A wide interval must not flatten the rest.
            if high - low < 1.0 || *high < 3.0 * value.abs() {
                see(*low);
                see(*high);
            }
        }
        for value in self.second.iter().flat_map(|(_, values)| values).flatten() {
            see(*value);
        }
        for (low, high) in self.limits.iter().flatten() {
            see(*low);
            see(*high);
        }
        self.centre.iter().for_each(|centre| see(*centre));
        let (low, high) = ends?;
        let pad = ((high - low) * 0.06).max(1e-6 * high.abs()).max(1e-9);
        // What cannot be negative is not drawn as if it could.
        let (low, high) = (if low >= 0.0 { (low - pad).max(0.0) } else { low - pad }, high + pad);
        let n = self.windows.len().max(2) as f64;
        let (inner, up) = (width - LEFT - 10.0, height - TOP - BOTTOM);
        let x = |at: usize| LEFT + (at as f64 + 0.5) / n * inner;
        let y = |value: f64| TOP + up - (value.clamp(low, high) - low) / (high - low) * up;
        let mut svg = format!(
            "<svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"{}\">\
             <text x=\"{LEFT}\" y=\"13\" font-weight=\"600\">{}</text>",
            escape(self.title),
            escape(self.title)
        );
        let _ = write!(
            svg,
            "<path class=\"axis\" stroke=\"currentColor\" fill=\"none\" d=\"M{LEFT} {TOP}V{:.1}H{:.1}\"/>",
            TOP + up,
            LEFT + inner
        );
        axis::upright(&mut svg, (low, high), 4, LEFT - 5.0, y);
        let last = self.windows.len().saturating_sub(1);
        for (at, anchor) in [(0, "start"), (last, "end")] {
            if let Some(name) = self.windows.get(at) {
                let from = if anchor == "start" { LEFT } else { LEFT + inner };
                let short: String = if name.chars().count() > 24 {
                    std::iter::once('…').chain(name.chars().skip(name.chars().count() - 23)).collect()
                } else {
                    name.clone()
                };
                let _ = write!(
                    svg,
                    "<text class=\"soft\" font-size=\"10\" text-anchor=\"{anchor}\" x=\"{from:.1}\" y=\"{:.1}\">{}</text>",
                    TOP + up + 16.0,
                    escape(&short)
                );
            }
        }
        // Limits as steps.
        for side in [0, 1] {
            let mut path = String::new();
            for (at, limit) in self.limits.iter().enumerate() {
                let Some((l, h)) = limit else { continue };
                let value = if side == 0 { *l } else { *h };
                if !value.is_finite() {
                    continue;
                }
                let half = inner / n / 2.0;
                let join = if path.is_empty() { "M" } else { "L" };
                let _ = write!(path, "{join}{:.1} {:.1}H{:.1}", x(at) - half, y(value), x(at) + half);
            }
            if !path.is_empty() {
                let _ = write!(
                    svg,
                    "<path class=\"reference\" fill=\"none\" stroke=\"currentColor\" stroke-dasharray=\"4 3\" d=\"{path}\"/>"
                );
            }
        }
        if let Some(centre) = self.centre {
            let _ = write!(
                svg,
                "<path class=\"axis\" stroke=\"currentColor\" fill=\"none\" d=\"M{LEFT} {:.1}H{:.1}\"/>",
                y(centre),
                LEFT + inner
            );
        }
        if let Some((name, values)) = &self.second {
            let path = joined(values.iter().enumerate().map(|(at, v)| v.map(|v| (x(at), y(v)))));
            let _ = write!(
                svg,
                "<path class=\"line l2\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.5\" stroke-dasharray=\"6 3\" d=\"{path}\"/>\
                 <text class=\"soft\" font-size=\"10\" text-anchor=\"end\" x=\"{:.1}\" y=\"13\">dashed: {}</text>",
                LEFT + inner,
                escape(name)
            );
        }
        let path = joined(self.values.iter().enumerate().map(|(at, v)| v.map(|(v, ..)| (x(at), y(v)))));
        let _ = write!(
            svg,
            "<path class=\"line l0\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.4\" d=\"{path}\"/>"
        );
        for (at, value) in self.values.iter().enumerate() {
            let Some((value, l, h)) = value else { continue };
            let signal = self.signals.contains(&at);
            if self.windows.len() > MARKED && !signal {
                continue;
            }
            if h > l {
                let _ = write!(
                    svg,
                    "<path class=\"line l0\" fill=\"none\" stroke=\"currentColor\" d=\"M{:.1} {:.1}V{:.1}\"/>",
                    x(at),
                    y(*l),
                    y(*h)
                );
            }
            let _ = write!(
                svg,
                "<circle class=\"line l0\" fill=\"currentColor\" r=\"2.4\" cx=\"{:.1}\" cy=\"{:.1}\"/>",
                x(at),
                y(*value)
            );
            if signal {
                let _ = write!(
                    svg,
                    "<circle class=\"line l6\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.8\" r=\"6\" cx=\"{:.1}\" cy=\"{:.1}\"/>",
                    x(at),
                    y(*value)
                );
            }
        }
        svg.push_str("</svg>");
        Some(svg)
    }
}

/// Points as a path that is broken where one is missing.
fn joined(points: impl Iterator<Item = Option<(f64, f64)>>) -> String {
    let mut path = String::new();
    let mut pen = false;
    for point in points {
        match point {
            Some((x, y)) => {
                let _ = write!(path, "{}{x:.1} {y:.1}", if pen { "L" } else { "M" });
                pen = true;
            }
            None => pen = false,
        }
    }
    path
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn gaps_break_the_line_and_names_are_escaped() {
        let windows: Vec<String> = ["<a>", "b", "c", "d"].map(str::to_owned).to_vec();
        let series = Series {
            title: "<t>",
            windows: &windows,
            values: vec![Some((1.0, 0.5, 1.5)), None, Some((2.0, 1.5, 2.5)), Some((3.0, 3.0, 3.0))],
            limits: vec![Some((0.0, 4.0)); 4],
            signals: vec![2],
            size: (400.0, 160.0),
            ..Series::default()
        };
        let svg = series.svg().expect("values");
        assert!(!svg.contains("<a>") && !svg.contains("<t>"));
        let line = svg.split("class=\"line l0\"").nth(1).expect("a line");
        assert_eq!(line.split("d=\"").nth(1).expect("a path").matches('M').count(), 2);
        assert_eq!(svg.matches("r=\"6\"").count(), 1);
        assert!(Series { windows: &windows, size: (10.0, 10.0), ..Series::default() }.svg().is_none());
    }
}
