//! Papers as Office Open XML (ECMA-376): real styles, headings, tables with repeated heads, captions, contents, margins.
//!
//! Written here part by part like the HTML, because what papers need (heads of tables that repeat and are announced,
//! texts for pictures, the facts as a custom part, the same bytes for the same paper) no writer of the format offers
//! together.

mod body;
mod parts;

use std::collections::HashMap;
use std::io::{Cursor, Write as _};

use rayon::prelude::*;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::document::{Block, Document};

/// Why there is no document.
#[derive(Debug, thiserror::Error)]
#[error("the document could not be packed: {0}")]
pub struct DocxError(#[from] zip::result::ZipError);

impl From<std::io::Error> for DocxError {
    fn from(error: std::io::Error) -> Self {
        Self(error.into())
    }
}

/// What turns a drawing into a PNG, on any thread.
type Picture<'p> = &'p (dyn Fn(&str) -> Option<Vec<u8>> + Sync);

/// Renders a document. `picture` turns a drawing into a PNG; a drawing it cannot turn is told by its caption. The same
/// document gives the same bytes.
///
/// # Errors
/// When the parts cannot be packed.
pub fn docx(document: &Document, picture: Picture<'_>) -> Result<Vec<u8>, DocxError> {
    let drawn = pictures(document, picture);
    let body = body::body(document, &|svg| drawn.get(svg).cloned().flatten());
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    // The default time is that of no clock.
    let options = SimpleFileOptions::default();
    let mut add = |name: &str, content: &[u8]| -> Result<(), DocxError> {
        // Pictures are compressed as they are.
        let method = if name.ends_with(".png") { CompressionMethod::Stored } else { CompressionMethod::Deflated };
        zip.start_file(name, options.compression_method(method))?;
        zip.write_all(content)?;
        Ok(())
    };
    let manifest = document.front.as_ref().map(|front| front.manifest.as_str()).filter(|json| !json.is_empty());
    add("[Content_Types].xml", parts::content_types(manifest.is_some()).as_bytes())?;
    add("_rels/.rels", parts::PACKAGE_RELATIONS.as_bytes())?;
    add("docProps/core.xml", parts::core(document).as_bytes())?;
    add("docProps/app.xml", parts::APPLICATION.as_bytes())?;
    add("word/styles.xml", parts::styles(document).as_bytes())?;
    add("word/numbering.xml", parts::NUMBERING.as_bytes())?;
    add("word/settings.xml", parts::SETTINGS.as_bytes())?;
    add("word/header1.xml", parts::header(document).as_bytes())?;
    add("word/footer1.xml", parts::footer(document).as_bytes())?;
    add("word/document.xml", body.xml.as_bytes())?;
    add("word/_rels/document.xml.rels", parts::relations(body.pictures.len(), manifest.is_some()).as_bytes())?;
    for (index, picture) in body.pictures.iter().enumerate() {
        add(&format!("word/media/image{}.png", index + 1), picture)?;
    }
    if let Some(json) = manifest {
        add("customXml/item1.xml", parts::custom(json).as_bytes())?;
        add("customXml/itemProps1.xml", parts::CUSTOM_PROPERTIES.as_bytes())?;
        add("customXml/_rels/item1.xml.rels", parts::CUSTOM_RELATIONS.as_bytes())?;
    }
    Ok(zip.finish()?.into_inner())
}

/// Every drawing of a document as a picture, drawn side by side.
fn pictures<'d>(document: &'d Document, picture: Picture<'_>) -> HashMap<&'d str, Option<Vec<u8>>> {
    let logo = document.front.iter().filter_map(|front| front.letterhead.logo.as_deref());
    let figures = document.blocks.iter().filter_map(|block| match block {
        Block::Figure { svg, .. } => Some(svg.as_str()),
        _ => None,
    });
    let drawings: Vec<&str> = logo.chain(figures).collect();
    drawings.into_par_iter().map(|svg| (svg, picture(svg))).collect()
}

/// What the facts on a paper were, out of its DOCX. Editors may number custom parts anew.
pub(crate) fn manifest(bytes: &[u8]) -> Option<String> {
    /// Largest part that is read, and how many are looked at: the file may be a stranger's.
    const LARGEST: u64 = 32 << 20;
    const MOST: usize = 64;
    let mut archive = ZipArchive::new(Cursor::new(bytes)).ok()?;
    let names: Vec<String> = archive
        .file_names()
        .filter_map(|name| Some(name.ok()?.into_owned()))
        .filter(|name| name.starts_with("customXml/item") && !name.contains("Props"))
        .take(MOST)
        .collect();
    for name in names {
        let Ok(part) = archive.by_name(&name) else { continue };
        let mut bytes = Vec::new();
        if std::io::Read::read_to_end(&mut std::io::Read::take(part, LARGEST), &mut bytes).is_err() {
            continue;
        }
        if let Some(json) = std::str::from_utf8(&bytes).ok().and_then(parts::json_of_custom) {
            return Some(json);
        }
    }
    None
}

/// Text as XML content: control characters, which XML forbids, are dropped.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\r' | '\t' => out.push(' '),
            control if control.is_control() || matches!(control, '\u{fffe}' | '\u{ffff}') => {}
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Cell, Front, Inline, Tone};

    #[test]
    fn the_facts_come_out_as_they_went_in_and_text_means_itself() {
        let nasty = "<w:p/> & \u{1} \"x\"";
        let manifest_json = "{\"a\":\"<b> & --> ]]>\"}";
        let mut document = Document::new(
            nasty.into(),
            vec![
                Block::Heading { level: 2, text: vec![Inline::Text(nasty.into())], id: Some("a".into()) },
                Block::Contents,
                Block::Table {
                    caption: Some(nasty.into()),
                    head: vec![nasty.into()],
                    rows: vec![vec![Cell::line(vec![Inline::Tag(Tone::Bad, nasty.into()), Inline::Cite(vec![1])])]],
                },
            ],
        );
        document.front = Some(Front { manifest: manifest_json.into(), ..Front::default() });
        let first = docx(&document, &|_| None).unwrap_or_default();
        assert_eq!(manifest(&first).as_deref(), Some(manifest_json));
        assert_eq!(first, docx(&document, &|_| None).unwrap_or_default());
        let body = body::body(&document, &|_| None).xml;
        assert!(!body.contains("<w:p/>") && !body.contains('\u{1}'), "{body}");
        assert!(body.contains("<w:tblHeader/>"));
    }
}
