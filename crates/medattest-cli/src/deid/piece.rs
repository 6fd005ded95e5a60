//! A piece of a file, and what is made of it.

use medattest_data::{Batch, TextRows};
use medattest_deid::FieldTally;

use super::settle::Replacements;

/// A piece of a file that is worked on by itself.
pub(crate) enum Piece {
    /// Lines of text.
    Text { line: u64, text: String },
    /// Rows of a table.
    Rows { first: u64, rows: Vec<Vec<String>>, delimiter: u8 },
    /// Lines of JSON.
    Objects { line: u64, text: String },
    /// Rows of a Parquet file.
    Columns(TextRows, Batch),
}

impl Piece {
    /// About how much memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Text { text, .. } | Self::Objects { text, .. } => text.len(),
            Self::Rows { rows, .. } => rows.iter().flatten().map(|cell| cell.len() + 24).sum(),
            Self::Columns(rows, _) => {
                rows.columns.iter().flatten().map(|cell| cell.as_ref().map_or(24, |c| c.len() + 24)).sum()
            }
        }
    }
}

/// What is made of a piece.
#[derive(Default)]
pub(crate) struct Done {
    pub(crate) records: u64,
    pub(crate) fields: Vec<(String, FieldTally)>,
    /// The cleaned piece of a text file.
    pub(crate) text: String,
    /// The cleaned piece of a Parquet file.
    pub(crate) batch: Option<(Batch, Vec<Vec<Option<String>>>)>,
    pub(crate) replacements: Replacements,
    pub(crate) notes: Vec<String>,
}

/// A line of a table.
pub(crate) fn csv_line<'a>(delimiter: u8, cells: impl Iterator<Item = &'a str>) -> String {
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(Vec::new());
    // Writing to memory does not fail.
    let written = writer.write_record(cells).ok().and_then(|()| writer.into_inner().ok());
    written.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}
