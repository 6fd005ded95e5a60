//! An assessment as others read it. Nothing here decides anything.

mod csv;
pub mod json;
mod junit;
mod markdown;
pub mod paper;
mod sarif;

pub use csv::{bias_csv, quoted};
pub use junit::junit;
pub use markdown::{bias_markdown, markdown};
pub use sarif::sarif;

/// A figure as tables show it.
pub fn figure(x: f64) -> String {
    // Minus zero is zero.
    let x = x + 0.0;
    if x != 0.0 && x.abs() < 0.0005 { format!("{x:.1e}") } else { format!("{x:.3}") }
}

/// Text that cannot become markup in HTML or XML.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A count with thousands set apart.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut shown = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_figures_read_well() {
        assert_eq!(thousands(50_883), "50,883");
        assert_eq!(thousands(1_000_000), "1,000,000");
        assert_eq!(thousands(7), "7");
        assert_eq!(figure(0.5), "0.500");
        assert_eq!(figure(0.0), "0.000");
        assert_eq!(figure(0.000_12), "1.2e-4");
    }
}
