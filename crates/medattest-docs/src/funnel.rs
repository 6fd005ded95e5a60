//! A funnel plot as SVG: sites by size and share, between the limits that chance leaves them.

use std::fmt::Write as _;

use medattest_core::output::escape;

use crate::axis;
use medattest_metrics::control::FunnelPoint;

const LEFT: f64 = 56.0;
const TOP: f64 = 14.0;
const SIZE: (f64, f64) = (560.0, 260.0);

/// Sites with their names; limits are joined from site to site in order of their size. Nothing for fewer than two.
pub(crate) fn funnel(sites: &[(&str, FunnelPoint)], centre: f64) -> Option<String> {
    if sites.len() < 2 {
        return None;
    }
    let mut sites: Vec<&(&str, FunnelPoint)> = sites.iter().collect();
    sites.sort_by_key(|(_, point)| point.n);
    let ends = |of: &dyn Fn(&FunnelPoint) -> f64, start: f64, pick: fn(f64, f64) -> f64| {
        sites.iter().map(|(_, point)| of(point)).fold(start, pick)
    };
    let low = ends(&|p| p.value.min(p.alarm.0), centre, f64::min);
    let high = ends(&|p| p.value.max(p.alarm.1), centre, f64::max);
    let pad = ((high - low) * 0.05).max(1e-6);
    let (low, high) = ((low - pad).max(0.0), (high + pad).min(1.0));
    let most = ends(&|p| p.n as f64, 1.0, f64::max) * 1.05;
    let x = |n: f64| LEFT + n / most * SIZE.0;
    let y = |share: f64| TOP + SIZE.1 - (share - low) / (high - low) * SIZE.1;
    let (width, height) = (LEFT + SIZE.0 + 110.0, TOP + SIZE.1 + 38.0);
    let mut svg = format!(
        "<svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"Share flagged by site\">\
         <path class=\"axis\" stroke=\"currentColor\" fill=\"none\" d=\"M{LEFT} {TOP}V{:.1}H{:.1}\"/>",
        TOP + SIZE.1,
        LEFT + SIZE.0
    );
    axis::upright(&mut svg, (low, high), 5, LEFT - 5.0, y);
    axis::level(&mut svg, (0.0, most), 6, |n| Some(x(n)), TOP + SIZE.1 + 14.0);
    let _ = write!(
        svg,
        "<text text-anchor=\"middle\" x=\"{:.1}\" y=\"{:.1}\">rows</text>\
         <path class=\"axis\" stroke=\"currentColor\" fill=\"none\" d=\"M{LEFT} {:.1}H{:.1}\"/>",
        LEFT + SIZE.0 / 2.0,
        TOP + SIZE.1 + 32.0,
        y(centre),
        LEFT + SIZE.0
    );
    for (of, dash) in [
        ((|p: &FunnelPoint| p.warning.0) as fn(&FunnelPoint) -> f64, "2 3"),
        (|p| p.warning.1, "2 3"),
        (|p| p.alarm.0, "7 3"),
        (|p| p.alarm.1, "7 3"),
    ] {
        let path: String = sites
            .iter()
            .enumerate()
            .map(|(at, (_, p))| format!("{}{:.1} {:.1}", if at == 0 { "M" } else { "L" }, x(p.n as f64), y(of(p))))
            .collect();
        let _ = write!(
            svg,
            "<path class=\"reference\" fill=\"none\" stroke=\"currentColor\" stroke-dasharray=\"{dash}\" d=\"{path}\"/>"
        );
    }
    for (name, point) in sites {
        let outside = point.value < point.alarm.0 || point.value > point.alarm.1;
        let class = if outside { "line l6" } else { "line l0" };
        let _ = write!(
            svg,
            "<circle class=\"{class}\" fill=\"currentColor\" r=\"{}\" cx=\"{:.1}\" cy=\"{:.1}\"/>\
             <text class=\"soft\" font-size=\"10\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            if outside { 4.5 } else { 3.0 },
            x(point.n as f64),
            y(point.value),
            x(point.n as f64) + 7.0,
            y(point.value) + 3.0,
            escape(&name.chars().take(18).collect::<String>())
        );
    }
    svg.push_str("</svg>");
    Some(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_outside_is_larger_and_names_are_escaped() {
        let point = |value: f64, n| FunnelPoint { value, n, warning: (0.05, 0.15), alarm: (0.02, 0.2), p: 0.5 };
        let svg = funnel(&[("<a>", point(0.1, 200)), ("b", point(0.4, 500))], 0.1).unwrap_or_default();
        assert!(!svg.contains("<a>"));
        assert_eq!((svg.matches("r=\"4.5\"").count(), svg.matches("r=\"3\"").count()), (1, 1));
        assert!(funnel(&[("a", point(0.1, 200))], 0.1).is_none());
    }
}
