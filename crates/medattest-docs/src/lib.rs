//! Papers: an assessment is composed into a [`Document`], a document is rendered to HTML.
//!
//! Composing knows what to say and nothing of file formats; rendering knows the format and nothing of law. Neither
//! computes a figure: every number on paper is one of the run.

mod charts;
mod deid;
mod document;
mod dossier;
mod funnel;
mod html;
mod impact;
mod incident;
mod matrix;
mod measured;
mod monitor;
mod plot;
mod report;
mod series;
mod sheet;

pub use deid::deid_report;
pub use document::{Block, Cell, Document, Inline, Tone};
pub use dossier::dossier;
pub use html::html;
pub use impact::impact_assessment;
pub use incident::{incident_report, playbook, report_draft};
pub use matrix::{UnderPack, matrix, matrix_sheets, standing};
pub use monitor::monitor_report;
pub use report::bias_report;
pub use sheet::{Sheet, sheet_csv, workbook};
