//! Charts outside a page: a page gives its drawings colours and a font, a drawing on its own brings them along.

/// Colours and font of a chart, the same on every kind of paper.
const STYLE: &str = include_str!("chart.css");

/// A drawing as a file of its own.
pub fn drawing(svg: &str) -> String {
    let Some((head, rest)) = svg.split_once('>') else { return svg.to_owned() };
    let names = if head.contains("xmlns=") { "" } else { " xmlns=\"http://www.w3.org/2000/svg\"" };
    format!(
        "{head}{names} color=\"#1a1f24\" font-size=\"12\" font-family=\"Libertinus Serif\"><style>{STYLE}</style>{rest}"
    )
}

/// Width and height of a drawing in its own units.
pub fn size(svg: &str) -> Option<(f64, f64)> {
    let (_, rest) = svg.split_once("viewBox=\"")?;
    let (numbers, _) = rest.split_once('"')?;
    let mut numbers = numbers.split_whitespace().filter_map(|number| number.parse::<f64>().ok());
    let (_, _, width, height) = (numbers.next()?, numbers.next()?, numbers.next()?, numbers.next()?);
    (width > 0.0 && height > 0.0).then_some((width, height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_brings_its_colours() {
        let svg = "<svg viewBox=\"0 0 30 20\" width=\"30\"><path/></svg>";
        assert_eq!(size(svg), Some((30.0, 20.0)));
        let alone = drawing(svg);
        assert!(
            alone.starts_with("<svg viewBox=\"0 0 30 20\"") && alone.contains("xmlns=") && alone.contains("<style>")
        );
        assert_eq!(size("<svg>"), None);
    }
}
