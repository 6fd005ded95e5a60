//! Line plots as SVG: several groups on one pair of axes, told apart by dash and mark as well as by shade, so that they
//! can be read in grey and by those who see no colours.

use std::fmt::Write as _;

use medattest_core::output::escape;

use crate::axis;

const LEFT: f64 = 52.0;
const TOP: f64 = 12.0;
const SIZE: (f64, f64) = (380.0, 300.0);
const LEGEND: f64 = 190.0;
/// Lines that can be told apart.
pub(crate) const MOST_LINES: usize = 7;

/// Dashes of the lines after the first, which is everyone and drawn in full.
const DASHES: [&str; MOST_LINES] = ["", "7 3", "2 3", "9 3 2 3", "14 4", "4 2 1 2 1 2", "1 4"];

/// One line.
pub(crate) struct Line {
    /// What it is of.
    pub(crate) label: String,
    /// Points in order.
    pub(crate) points: Vec<(f64, f64)>,
    /// Intervals of the points, as low and high ends.
    pub(crate) bars: Vec<(f64, f64, f64)>,
    /// Whether points are marked.
    pub(crate) marked: bool,
}

/// A pair of axes with their lines.
pub(crate) struct Plot<'a> {
    /// What it shows, for those who cannot see it.
    pub(crate) title: &'a str,
    /// What the horizontal axis is.
    pub(crate) x: &'a str,
    /// What the vertical axis is.
    pub(crate) y: &'a str,
    /// Ends of the horizontal axis.
    pub(crate) across: (f64, f64),
    /// Ends of the vertical axis.
    pub(crate) up: (f64, f64),
    /// A dashed line from one point to another, such as perfect calibration.
    pub(crate) guide: Option<((f64, f64), (f64, f64))>,
    /// A dotted line to compare with, point by point.
    pub(crate) curve: Vec<(f64, f64)>,
    /// What is drawn; at most [`MOST_LINES`].
    pub(crate) lines: Vec<Line>,
}

impl Plot<'_> {
    /// The drawing.
    pub(crate) fn svg(&self) -> String {
        let (width, height) = (LEFT + SIZE.0 + 16.0 + LEGEND, TOP + SIZE.1 + 44.0);
        let x = |value: f64| LEFT + (value - self.across.0) / (self.across.1 - self.across.0).max(1e-9) * SIZE.0;
        let y = |value: f64| TOP + SIZE.1 - (value - self.up.0) / (self.up.1 - self.up.0).max(1e-9) * SIZE.1;
        let inside = |v: f64| v.clamp(self.up.0, self.up.1);
        let mut svg = format!(
            "<svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"{}\">",
            escape(self.title)
        );
        let _ = write!(
            svg,
            "<path class=\"axis\" stroke=\"currentColor\" fill=\"none\" d=\"M{LEFT} {TOP}V{:.1}H{:.1}\"/>",
            TOP + SIZE.1,
            LEFT + SIZE.0
        );
        axis::upright(&mut svg, self.up, 6, LEFT - 6.0, y);
        axis::level(&mut svg, self.across, 6, |at| Some(x(at)), TOP + SIZE.1 + 14.0);
        let _ = write!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text><text transform=\"rotate(-90)\" x=\"{:.1}\" y=\"11\" text-anchor=\"middle\">{}</text>",
            LEFT + SIZE.0 / 2.0,
            TOP + SIZE.1 + 34.0,
            escape(self.x),
            -(TOP + SIZE.1 / 2.0),
            escape(self.y)
        );
        if let Some((from, to)) = self.guide {
            let _ = write!(
                svg,
                "<path class=\"reference\" fill=\"none\" stroke=\"currentColor\" stroke-dasharray=\"4 3\" d=\"M{:.1} {:.1}L{:.1} {:.1}\"/>",
                x(from.0),
                y(inside(from.1)),
                x(to.0),
                y(inside(to.1))
            );
        }
        if !self.curve.is_empty() {
            let _ = write!(
                svg,
                "<path class=\"reference\" fill=\"none\" stroke=\"currentColor\" stroke-dasharray=\"1 3\" d=\"{}\"/>",
                path(self.curve.iter().map(|p| (x(p.0), y(inside(p.1)))))
            );
        }
        for (index, (line, dash)) in self.lines.iter().zip(DASHES).enumerate() {
            let class = format!("line l{index}");
            let path = path(line.points.iter().map(|p| (x(p.0), y(inside(p.1)))));
            let thick = if index == 0 { 2.2 } else { 1.5 };
            let _ = write!(
                svg,
                "<path class=\"{class}\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"{thick}\" stroke-dasharray=\"{dash}\" d=\"{path}\"/>"
            );
            for (at, low, high) in &line.bars {
                let _ = write!(
                    svg,
                    "<path class=\"{class}\" stroke=\"currentColor\" stroke-width=\"1\" fill=\"none\" d=\"M{:.1} {:.1}V{:.1}\"/>",
                    x(*at),
                    y(inside(*low)),
                    y(inside(*high))
                );
            }
            if line.marked {
                for point in &line.points {
                    mark(&mut svg, &class, index, x(point.0), y(inside(point.1)));
                }
            }
            let at = TOP + 10.0 + index as f64 * 20.0;
            let from = LEFT + SIZE.0 + 14.0;
            let label: String = if line.label.chars().count() > 24 {
                line.label.chars().take(23).chain(['…']).collect()
            } else {
                line.label.clone()
            };
            let _ = write!(
                svg,
                "<path class=\"{class}\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"{thick}\" stroke-dasharray=\"{dash}\" d=\"M{from} {at}h30\"/><text x=\"{}\" y=\"{}\" font-size=\"11\">{}</text>",
                from + 36.0,
                at + 4.0,
                escape(&label)
            );
            if line.marked {
                mark(&mut svg, &class, index, from + 15.0, at);
            }
        }
        svg.push_str("</svg>");
        svg
    }
}

/// Points joined by straight lines.
fn path(points: impl Iterator<Item = (f64, f64)>) -> String {
    points.enumerate().map(|(at, (x, y))| format!("{}{x:.1} {y:.1}", if at == 0 { "M" } else { "L" })).collect()
}

/// A mark whose shape tells its line.
fn mark(svg: &mut String, class: &str, index: usize, x: f64, y: f64) {
    let _ = match index % 4 {
        0 => write!(svg, "<circle class=\"{class}\" fill=\"currentColor\" r=\"3\" cx=\"{x:.1}\" cy=\"{y:.1}\"/>"),
        1 => write!(
            svg,
            "<rect class=\"{class}\" fill=\"currentColor\" x=\"{:.1}\" y=\"{:.1}\" width=\"6\" height=\"6\"/>",
            x - 3.0,
            y - 3.0
        ),
        2 => write!(svg, "<path class=\"{class}\" fill=\"currentColor\" d=\"M{x:.1} {:.1}l3.5 6h-7z\"/>", y - 3.5),
        _ => write!(
            svg,
            "<path class=\"{class}\" fill=\"currentColor\" d=\"M{x:.1} {:.1}l3.5 3.5l-3.5 3.5l-3.5 -3.5z\"/>",
            y - 3.5
        ),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped_and_points_stay_inside() {
        let plot = Plot {
            title: "<t>",
            x: "x",
            y: "y",
            across: (0.0, 1.0),
            up: (0.0, 1.0),
            guide: None,
            curve: Vec::new(),
            lines: vec![Line {
                label: "<b>".into(),
                points: vec![(0.0, -3.0), (1.0, 9.0)],
                bars: Vec::new(),
                marked: true,
            }],
        };
        let svg = plot.svg();
        assert!(!svg.contains("<b>") && !svg.contains("<t>"), "{svg}");
        assert!(svg.contains(&format!("M{LEFT:.1} {:.1}L{:.1} {TOP:.1}", TOP + SIZE.1, LEFT + SIZE.0)), "{svg}");
    }
}
