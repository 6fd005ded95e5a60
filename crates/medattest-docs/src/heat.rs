//! The heat map of a board: regimes in rows, systems in columns. Every cell says its counts, so that shade only helps.

use std::fmt::Write as _;

use medattest_core::output::escape;

/// Systems that fit side by side.
pub(crate) const COLUMNS: usize = 4;

const LABEL: f64 = 330.0;
const CELL: (f64, f64) = (84.0, 24.0);
/// Letters of a system's name on one line.
const NAME: usize = 16;
const LEGEND: f64 = 130.0;
const TOP: f64 = 46.0;

/// One regime.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// Its name.
    pub(crate) label: String,
    /// Not met, unknown, met; none where the regime has nothing to say.
    pub(crate) cells: Vec<Option<(usize, usize, usize)>>,
}

/// The drawing.
pub(crate) fn heat_map(systems: &[&str], rows: &[Row]) -> String {
    // The legend below the cells needs room, too.
    let width = LABEL + (systems.len() as f64 * CELL.0).max(LEGEND);
    let height = TOP + rows.len() as f64 * CELL.1 + 18.0;
    let mut svg = format!(
        "<svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" \
         aria-label=\"Findings by regime and system\">\
         <defs><pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">\
         <path class=\"axis\" d=\"M0 6L6 0\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1\"/></pattern></defs>"
    );
    let cut = |label: &str, most: usize| -> String {
        if label.chars().count() > most {
            label.chars().take(most - 1).chain(['…']).collect()
        } else {
            label.to_owned()
        }
    };
    for (column, name) in systems.iter().enumerate() {
        let x = LABEL + (column as f64 + 0.5) * CELL.0;
        let lines = lines(name);
        for (line, text) in lines.iter().enumerate() {
            let _ = write!(
                svg,
                "<text x=\"{x}\" y=\"{:.1}\" text-anchor=\"middle\" font-size=\"10\" font-weight=\"600\">{}</text>",
                TOP - 10.0 - 12.0 * (lines.len() - 1 - line) as f64,
                escape(&cut(text, NAME))
            );
        }
    }
    for (index, row) in rows.iter().enumerate() {
        let y = TOP + index as f64 * CELL.1;
        let _ = write!(
            svg,
            "<text x=\"0\" y=\"{:.1}\" font-size=\"11\">{}</text>",
            y + CELL.1 / 2.0 + 4.0,
            escape(&cut(&row.label, 64))
        );
        for (column, cell) in row.cells.iter().enumerate() {
            let x = LABEL + column as f64 * CELL.0;
            let Some((not_met, unknown, met)) = *cell else { continue };
            let all = (not_met + unknown + met).max(1);
            let (fill, opacity) = match (not_met, unknown) {
                (0, 0) => ("none", 1.0),
                (0, _) => ("url(#hatch)", 1.0),
                (n, _) => ("currentColor", 0.15 + 0.35 * (n as f64 / all as f64)),
            };
            let _ = write!(
                svg,
                "<rect class=\"cell\" x=\"{:.1}\" y=\"{:.1}\" width=\"{}\" height=\"{}\" fill=\"{fill}\" \
                 fill-opacity=\"{opacity:.2}\" stroke=\"currentColor\" stroke-width=\"0.5\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" font-size=\"10\">{not_met} / {unknown} / {met}</text>",
                x + 1.0,
                y + 1.0,
                CELL.0 - 2.0,
                CELL.1 - 2.0,
                x + CELL.0 / 2.0,
                y + CELL.1 / 2.0 + 4.0
            );
        }
    }
    let _ = write!(
        svg,
        "<text class=\"soft\" x=\"{LABEL}\" y=\"{:.1}\" font-size=\"10\">not met / unknown / met</text></svg>",
        height - 4.0
    );
    svg
}

/// A name in at most three lines.
fn lines(name: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in name.split_whitespace() {
        let last = lines.len() == 3;
        match lines.last_mut() {
            Some(line) if last || line.chars().count() + 1 + word.chars().count() <= NAME => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_says_its_counts_and_names_are_escaped() {
        let row = Row { label: "<i>".into(), cells: vec![Some((1, 2, 3)), None, Some((0, 4, 5))] };
        let svg = heat_map(&["<b>", "b", "c"], &[row]);
        assert!(!svg.contains("<b>") && !svg.contains("<i>"));
        assert!(svg.contains("1 / 2 / 3") && svg.contains("0 / 4 / 5"));
        assert_eq!(svg.matches("class=\"cell\"").count(), 2);
        assert_eq!(svg.matches("url(#hatch)").count(), 1);
    }
}
