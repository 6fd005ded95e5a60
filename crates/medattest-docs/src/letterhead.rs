//! The house style of an organisation, read from `letterhead.toml`.

use medattest_core::{Diagnostic, SourceFile};
use serde::Deserialize;

use crate::document::Letterhead;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Raw {
    #[serde(default)]
    lines: Vec<String>,
    logo: Option<String>,
    accent: Option<String>,
    footer: Option<String>,
    #[serde(default)]
    us_letter: bool,
}

/// Reads a letterhead; `file` reads a file beside it.
///
/// # Errors
/// When a key is unknown, a value has the wrong form, or the logo is not a plain SVG.
pub fn letterhead(
    source: &SourceFile,
    file: impl Fn(&str) -> Result<String, Vec<Diagnostic>>,
) -> Result<Letterhead, Vec<Diagnostic>> {
    let wrong = |message: String, hint: &str| vec![Diagnostic::about_file("letterhead", &source.name, message, hint)];
    let raw: Raw = toml::from_str(&source.text).map_err(|error| {
        let message = error.message().replace('\n', " ");
        wrong(
            message,
            "keys: lines, logo, accent, footer, us-letter; `medattest doc new letterhead` writes an example",
        )
    })?;
    if let Some(accent) = &raw.accent {
        let digits = accent.strip_prefix('#').unwrap_or_default();
        if digits.len() != 6 || !digits.chars().all(|c| c.is_ascii_hexdigit()) {
            return Err(wrong(format!("`accent` cannot be {accent:?}"), "write a colour such as \"#0b5cad\""));
        }
    }
    let logo = raw
        .logo
        .map(|name| {
            if name.contains("..") || name.starts_with('/') || !name.ends_with(".svg") {
                return Err(wrong(format!("`logo` cannot be {name:?}"), "name an .svg file beside letterhead.toml"));
            }
            let text = file(&name)?;
            let lower = text.to_ascii_lowercase();
            let start =
                lower.find("<svg").ok_or_else(|| wrong(format!("{name} is not an SVG"), "save it as plain SVG"))?;
            // A drawing may carry programs and may fetch; a letterhead may not.
            if ["<script", "javascript:", "<foreignobject", "<!entity", "http://www.w3.org/1999/xhtml", "@import"]
                .iter()
                .any(|bad| lower.contains(bad))
            {
                return Err(wrong(
                    format!("{name} holds more than a drawing"),
                    "save it as plain SVG, without scripts",
                ));
            }
            Ok(text.get(start..).unwrap_or_default().to_owned())
        })
        .transpose()?;
    Ok(Letterhead { lines: raw.lines, logo, accent: raw.accent, footer: raw.footer, us_letter: raw.us_letter })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_drawings_and_known_keys() {
        let read = |text: &str, svg: &str| {
            letterhead(&SourceFile::new("letterhead.toml", text), |_| Ok(svg.to_owned()))
                .map(|head| head.logo.is_some())
        };
        assert_eq!(
            read("logo = \"a.svg\"\naccent = \"#00ff00\"", "<?xml?><svg viewBox=\"0 0 1 1\"/>").ok(),
            Some(true)
        );
        for (text, svg) in [
            ("logo = \"a.svg\"", "<svg><script/></svg>"),
            ("logo = \"../a.svg\"", "<svg/>"),
            ("accent = \"red; }\"", ""),
            ("colour = \"#000000\"", ""),
        ] {
            assert!(read(text, svg).is_err(), "{text} {svg}");
        }
    }
}
