//! Papers as PDF, through Typst as a library, and charts as pictures. The only crate that knows Typst.
//!
//! A document goes in as data: what people wrote is never read as markup. PDFs are tagged and archival (PDF/A-3a with
//! PDF/UA-1) with embedded fonts, bookmarks and the facts they were made of as an attached file. Where a text holds
//! letters that no embedded font has, the archival promise is dropped rather than the paper.

mod data;
mod metadata;
mod picture;
mod places;
mod world;

use lopdf::{Dictionary, Object};
use medattest_docs::Document;
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};

pub use picture::picture;

/// Why there is no PDF.
#[derive(Debug, thiserror::Error)]
pub enum PdfError {
    /// The layout failed: a fault of this crate.
    #[error("the pages could not be laid out: {0}")]
    Layout(String),
    /// The pages could not be written.
    #[error("the PDF could not be written: {0}")]
    Export(String),
}

/// Renders a document as PDF. The same document gives the same bytes.
///
/// # Errors
/// When the document cannot be laid out.
pub fn pdf(document: &Document) -> Result<Vec<u8>, PdfError> {
    let world = world::Paper::new(data::files(document));
    // What was laid out for the document before is of no use for this one.
    typst::comemo::evict(0);
    let laid = typst::compile::<PagedDocument>(&world);
    let pages = laid.output.map_err(|errors| PdfError::Layout(said(&errors)))?;
    let bytes = export(&pages, document, &[PdfStandard::A_3a, PdfStandard::Ua_1])
        .or_else(|_| export(&pages, document, &[PdfStandard::Ua_1]))
        .or_else(|_| export(&pages, document, &[PdfStandard::V_1_7]));
    let bytes = bytes.map_err(PdfError::Export)?;
    match &document.front {
        Some(front) if !front.metadata.is_empty() => {
            metadata::with(bytes, &front.metadata).map_err(|error| PdfError::Export(error.to_string()))
        }
        _ => Ok(bytes),
    }
}

fn export(pages: &PagedDocument, document: &Document, standards: &[PdfStandard]) -> Result<Vec<u8>, String> {
    let standards = PdfStandards::new(standards).map_err(|error| error.message().to_string())?;
    let options = PdfOptions {
        ident: typst::foundations::Smart::Custom(document.title.clone()),
        creator: typst::foundations::Smart::Custom(Some(format!("medattest {}", env!("CARGO_PKG_VERSION")))),
        standards,
        ..PdfOptions::default()
    };
    typst_pdf::pdf(pages, &options).map_err(|errors| said(&errors))
}

fn said(errors: &[typst::diag::SourceDiagnostic]) -> String {
    let first: Vec<String> = errors.iter().take(3).map(|error| error.message.to_string()).collect();
    first.join("; ")
}

/// What the facts on a paper were, out of its PDF; none where it carries none.
pub fn manifest(pdf: &[u8]) -> Option<String> {
    let document = lopdf::Document::load_mem(pdf).ok()?;
    let named = |dictionary: &Dictionary| {
        ["F", "UF"].iter().any(|key| {
            dictionary.get(key.as_bytes()).and_then(Object::as_str).is_ok_and(|name| {
                let text: Vec<u8> = name.iter().copied().filter(|byte| *byte != 0).collect();
                text.ends_with(b"paper.json")
            })
        })
    };
    let file = document.objects.values().filter_map(|object| object.as_dict().ok()).find(|d| named(d))?;
    let embedded = file.get(b"EF").and_then(Object::as_dict).ok()?;
    let stream = embedded.get(b"F").or_else(|_| embedded.get(b"UF")).ok()?;
    let stream = match stream {
        Object::Reference(id) => document.get_object(*id).ok()?,
        other => other,
    };
    let stream = stream.as_stream().ok()?;
    let content = stream.decompressed_content().unwrap_or_else(|_| stream.content.clone());
    String::from_utf8(content).ok()
}
