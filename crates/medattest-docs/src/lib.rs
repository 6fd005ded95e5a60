//! Papers: an assessment is composed into a [`Document`], a document is rendered to HTML.
//!
//! Composing knows what to say and nothing of file formats; rendering knows the format and nothing of law. Neither
//! computes a figure: every number on paper is one of the run.

mod axis;
mod card;
mod charts;
mod conclusions;
mod curves;
mod deid;
mod document;
mod docx;
mod dossier;
mod drawing;
mod finding;
mod funnel;
mod gantt;
mod heat;
mod html;
mod impact;
mod incident;
mod layout;
mod letterhead;
mod markdown;
mod marks;
mod matrix;
mod measured;
mod monitor;
mod paper;
mod plot;
mod report;
mod series;
mod sheet;

pub use card::{Card, card};
pub use deid::deid_report;
pub use document::{Block, Cell, Document, Front, Inline, Letterhead, Tone};
pub use docx::{DocxError, docx};
pub use dossier::dossier;
pub use drawing::{drawing, size};
pub use html::html;
pub use impact::impact_assessment;
pub use incident::{incident_report, playbook, report_draft};
pub use layout::{
    DRAWN, breakable, introduces, is_long, is_small, last_rows, levelled, lines, lines_of_block, lines_of_terms,
    plain, rows_of, widths, with_units,
};
pub use letterhead::letterhead;
pub use markdown::markdown;
pub use matrix::{UnderPack, matrix, matrix_sheets, standing};
pub use monitor::monitor_report;
pub use paper::{
    IncidentLine, Manifest, Material, OpenField, Paper, SectionCount, Source, SourceKind, Staleness, fits,
    manifest_of_text, owed, paper, stale,
};
pub use report::bias_report;
pub use sheet::{Sheet, sheet_csv, workbook};

/// What the facts on a rendered paper were, as JSON; none where the bytes are no HTML, Markdown or DOCX that carries them.
pub fn manifest(bytes: &[u8]) -> Option<String> {
    if bytes.starts_with(b"PK") {
        return docx::manifest(bytes);
    }
    let text = std::str::from_utf8(bytes).ok()?;
    html::manifest(text).or_else(|| markdown::manifest(text)).map(str::to_owned)
}
