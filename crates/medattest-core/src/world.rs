//! The only door out of the core: bytes at a path, counts over a table, a cache. The day is an option of the run.

use std::fmt;

use jiff::civil::Date;
use medattest_deid::Survey;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::diagnostic::Diagnostic;
use crate::engine::monitor::MonitorReport;
use crate::engine::profile::ColumnProfile;
use crate::project::{Dataset, Watch};

/// What the core may ask of the outside. Paths are relative to the project and use `/`.
pub trait World {
    /// The bytes of a file of the project, at most `limit` of them.
    ///
    /// # Errors
    /// When the file is missing, too large or cannot be read.
    fn read(&self, path: &str, limit: usize) -> Result<Vec<u8>, WorldError>;

    /// SHA-256 of a document of the project, of any size, streamed.
    ///
    /// # Errors
    /// When the file is missing or cannot be read.
    fn document_sha256(&self, path: &str) -> Result<String, WorldError>;

    /// SHA-256 of a table's bytes, streamed.
    ///
    /// # Errors
    /// When the table is missing or cannot be read.
    fn table_sha256(&self, path: &str) -> Result<String, WorldError>;

    /// Names of the files in a folder of the project, sorted.
    ///
    /// # Errors
    /// When the folder cannot be read.
    fn list(&self, folder: &str) -> Result<Vec<String>, WorldError>;

    /// Answers a count query over a table.
    ///
    /// # Errors
    /// When the table cannot be read or its values do not fit the query.
    fn count(&self, table: &str, query: &CountQuery) -> Result<CountTable, DataError>;

    /// Rows and columns of a table, with how many values each column lacks.
    ///
    /// # Errors
    /// When the table cannot be read.
    fn columns(&self, table: &str, filter: Option<&str>) -> Result<(u64, Vec<ColumnProfile>), DataError>;

    /// Searches the files of a dataset for identifiers; ages are reckoned by the day.
    ///
    /// # Errors
    /// When the dataset is missing or cannot be read.
    fn survey(&self, dataset: &Dataset, as_of: Date) -> Result<Survey, DataError>;

    /// The report of a monitoring plan from what was counted before; nothing if it was never carried out.
    ///
    /// # Errors
    /// When the state of the plan cannot be read.
    fn monitored(&self, watch: &Watch, as_of: Date) -> Result<Option<MonitorReport>, DataError>;

    /// Evidence computed before from the same inputs and parameters.
    fn recall(&self, key: &str) -> Option<Vec<u8>>;

    /// Keeps evidence; failing to keep it loses nothing but time.
    fn remember(&self, key: &str, evidence: &[u8]);
}

/// A file could not be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorldError {
    /// Path as the user wrote it.
    pub path: String,
    /// Why.
    pub reason: String,
    /// What to do.
    pub hint: String,
}

impl WorldError {
    /// The error as a diagnostic about the file.
    pub fn diagnostic(&self) -> Diagnostic {
        Diagnostic::about_file("unreadable", &self.path, self.reason.clone(), self.hint.clone())
    }
}

impl fmt::Display for WorldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n  hint: {}", self.path, self.reason, self.hint)
    }
}

impl std::error::Error for WorldError {}

/// A table could not be counted. Never quotes a cell that could be about a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataError {
    /// Permanent id of the kind of mistake.
    pub code: &'static str,
    /// Table as the user wrote it.
    pub table: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl DataError {
    /// The error as a diagnostic about the table.
    pub fn diagnostic(&self) -> Diagnostic {
        Diagnostic::about_file(self.code, &self.table, self.message.clone(), self.hint.clone())
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.diagnostic())
    }
}

impl std::error::Error for DataError {}

/// What stands for a missing value among the labels of a category.
pub const MISSING: &str = "(missing)";

/// The one question engines ask of data: how many rows are there of each kind?
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CountQuery {
    /// SQL condition that rows must fulfil.
    pub filter: Option<String>,
    /// What makes rows alike.
    pub keys: Vec<Key>,
}

/// One key of a count query.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    /// Column name.
    pub column: String,
    /// How its values are read.
    pub kind: KeyKind,
}

/// How the values of a key column are read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyKind {
    /// Text or small numbers as groups; more distinct values than this are refused.
    Category(usize),
    /// Numbers cut at these ascending bounds; each bound begins a group.
    Bins(Vec<f64>),
    /// 0 or 1, true or false.
    Binary,
    /// A probability in \[0,1\]; put on a grid if more than this many rows have to be grouped.
    Probability(u64),
    /// A number as a decision: whether it is at least this.
    AtLeast(f64),
    /// Any finite number; ranked by value, grid as above.
    Margin(u64),
    /// An identifier of a patient or other cluster; only its equality matters and it never leaves the query.
    Cluster,
    /// A survey weight, a number of at least 0; kept to four digits if more than this many rows have to be grouped.
    Weight(u64),
    /// Numbers as [`KeyKind::Margin`], anything else as categories, at most this many being expected.
    Feature(usize),
}

/// How many rows of each kind there are. Column `i` of row `r` is `keys[i][r]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CountTable {
    /// Values of each key, in the order of the query.
    pub keys: Vec<KeyValues>,
    /// Rows of each kind.
    pub counts: Vec<u64>,
}

/// The values of one key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyValues {
    /// Distinct labels in order, and for each row the index of its label. A missing value has a label of its own.
    Category {
        /// Labels.
        labels: Vec<String>,
        /// Index per row.
        codes: Vec<u32>,
    },
    /// `None` where missing.
    Binary(Vec<Option<bool>>),
    /// Scores, or the middle of their cell; `None` where missing.
    Score {
        /// Value per row.
        values: Vec<Option<f64>>,
        /// Half the width of a grid cell; 0 when scores are exact.
        half_cell: f64,
    },
    /// Number of the cluster.
    Cluster(Vec<u32>),
}

/// SHA-256 of bytes as lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes as lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// SHA-256 of a stream of any size as lower-case hexadecimal.
///
/// # Errors
/// When the stream cannot be read.
pub fn sha256_stream(mut stream: impl std::io::Read) -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(hex(&hasher.finalize())),
            read => hasher.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}
