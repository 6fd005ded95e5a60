//! Count queries over CSV and Parquet files. The only crate that knows DataFusion.
//!
//! No error of this crate quotes a cell: what DataFusion says about values is replaced by the place and the shape of
//! the value, because any cell may be about a patient.

mod cells;
mod columns;
mod count;
mod keys;
mod misfit;
mod profile;
mod sample;

pub use cells::{Batch, ParquetCells, ParquetCopy, TextRows};
pub use profile::TextProbe;

use std::path::Path;
use std::sync::OnceLock;

use datafusion::dataframe::DataFrame;
use datafusion::execution::options::{CsvReadOptions, ParquetReadOptions};
use datafusion::prelude::{SessionConfig, SessionContext};
use medattest_core::monitor::{ProfileQuery, RowSample, WindowCounts};
use medattest_core::{ColumnProfile, CountQuery, CountTable, DataError, closest};
use tokio::runtime::Runtime;

/// Answers count queries with an embedded DataFusion, which starts when it is first asked.
#[derive(Debug, Default)]
pub struct Counter {
    runtime: OnceLock<Option<Runtime>>,
}

/// A file that is being asked about.
pub(crate) struct Source<'a> {
    pub(crate) path: &'a Path,
    /// The path as the user wrote it.
    pub(crate) shown: &'a str,
}

impl Source<'_> {
    pub(crate) fn error(&self, code: &'static str, message: impl Into<String>, hint: impl Into<String>) -> DataError {
        DataError { code, table: self.shown.to_owned(), message: message.into(), hint: hint.into() }
    }
}

impl Counter {
    /// A counter that has not started yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts the rows of each kind in the file at `path`, which the user knows as `shown`.
    ///
    /// # Errors
    /// When the file is missing, is neither CSV nor Parquet, is damaged, lacks a column, or holds values that do not
    /// fit the role of their column. The error names the row, never the value of a cell that could be personal.
    pub fn count(&self, path: &Path, shown: &str, query: &CountQuery) -> Result<CountTable, DataError> {
        let source = Source { path, shown };
        self.running(&source)?.block_on(count::count(&source, query))
    }

    /// Rows and columns of the file at `path`, with how many values each column lacks.
    ///
    /// # Errors
    /// When the file is missing, is neither CSV nor Parquet, is damaged, or the filter does not fit it.
    pub fn columns(
        &self,
        path: &Path,
        shown: &str,
        filter: Option<&str>,
    ) -> Result<(u64, Vec<ColumnProfile>), DataError> {
        let source = Source { path, shown };
        self.running(&source)?.block_on(columns::columns(&source, filter))
    }

    /// Counts values and outcomes of a file, window by window. `fixed` are columns whose value the path tells, such as
    /// `site=3`; `probe` tells of texts.
    ///
    /// # Errors
    /// As [`Counter::count`].
    pub fn profile(
        &self,
        path: &Path,
        shown: &str,
        fixed: &[(String, String)],
        query: &ProfileQuery,
        probe: TextProbe<'_>,
    ) -> Result<Vec<WindowCounts>, DataError> {
        let source = Source { path, shown };
        self.running(&source)?.block_on(profile::profile(&source, fixed, query, probe))
    }

    /// An evenly spaced sample of at most about `most` rows, columns of dates and the like left out.
    ///
    /// # Errors
    /// As [`Counter::count`].
    pub fn sample(
        &self,
        path: &Path,
        shown: &str,
        filter: Option<&str>,
        ignore: &[String],
        most: usize,
    ) -> Result<RowSample, DataError> {
        let source = Source { path, shown };
        self.running(&source)?.block_on(sample::sample(&source, filter, ignore, most))
    }

    /// The runtime, if the file is there.
    fn running(&self, source: &Source<'_>) -> Result<&Runtime, DataError> {
        if !source.path.is_file() {
            let hint = "check the path; it is relative to the data folder, which --data sets";
            return Err(source.error("table-missing", "there is no such file", hint));
        }
        let runtime = self
            .runtime
            .get_or_init(|| tokio::runtime::Builder::new_multi_thread().thread_name("medattest-count").build().ok());
        runtime.as_ref().ok_or_else(|| {
            let hint = "free threads or memory and try again";
            source.error("no-runtime", "the query engine could not start", hint)
        })
    }
}

/// Opens the file to be read in so many parts; a single one keeps rows in file order.
pub(crate) async fn open(source: &Source<'_>, parts: Option<usize>) -> Result<DataFrame, DataError> {
    let mut config = SessionConfig::new();
    if let Some(parts) = parts {
        config = config.with_target_partitions(parts).with_repartition_file_scans(parts > 1);
    }
    let context = SessionContext::new_with_config(config);
    let path = source.path.to_string_lossy();
    let extension = source.path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    let damaged = |kind: &str| {
        source.error(
            "table-damaged",
            format!("the file cannot be read as {kind}: it is truncated, damaged or of another format"),
            "write the file again and compare its size with the original",
        )
    };
    match extension.as_str() {
        "parquet" => {
            context.read_parquet(path.as_ref(), ParquetReadOptions::default()).await.map_err(|_| damaged("Parquet"))
        }
        "csv" => {
            if std::fs::metadata(source.path).is_ok_and(|m| m.len() == 0) {
                return Err(source.error("empty-table", "the file is empty", "a CSV has a line with column names"));
            }
            // Types are inferred from every row, so that no later row can fail to fit them.
            let options = CsvReadOptions::new().schema_infer_max_records(usize::MAX);
            context.read_csv(path.as_ref(), options).await.map_err(|error| ragged(source, &error.to_string()))
        }
        _ => Err(source.error(
            "table-format",
            format!("`.{extension}` is not a kind of table that is read"),
            "use .parquet or .csv",
        )),
    }
}

/// A CSV that cannot be read: says at which line, and nothing else of what the parser said.
pub(crate) fn ragged(source: &Source<'_>, said: &str) -> DataError {
    if said.contains("duplicate") {
        return source.error(
            "table-damaged",
            "two columns have the same name",
            "give every column a name of its own",
        );
    }
    let line =
        said.split("line ").nth(1).map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
    let place = match line {
        Some(line) if !line.is_empty() => format!(" at line {line}"),
        _ => String::new(),
    };
    source.error(
        "table-damaged",
        format!("the file cannot be read as CSV{place}: a line has another number of fields than the header, or is not UTF-8"),
        "check the quoting and the encoding of that line",
    )
}

/// The column of this name, exactly.
pub(crate) fn column(
    source: &Source<'_>,
    frame: &DataFrame,
    name: &str,
) -> Result<datafusion::prelude::Expr, DataError> {
    let names: Vec<String> = frame.schema().fields().iter().map(|field| field.name().clone()).collect();
    if names.iter().any(|known| known == name) {
        return Ok(datafusion::prelude::Expr::Column(datafusion::common::Column::from_name(name)));
    }
    // Without a line of names the first patient stands where the names should.
    if names.iter().any(|known| known.trim().is_empty() || known.trim().parse::<f64>().is_ok()) {
        let message = format!("there is no column `{name}`; the file seems to have no line with column names");
        return Err(source.error("column-missing", message, "begin the file with a line that names every column"));
    }
    let hint = match closest(name, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.len() == 1 && names.iter().any(|only| only.contains([';', '\t'])) => {
            "the file seems to be separated by semicolons or tabs; commas are read".to_owned()
        }
        None => format!("columns: {}", names.iter().take(30).cloned().collect::<Vec<_>>().join(", ")),
    };
    Err(source.error("column-missing", format!("there is no column `{name}`"), hint))
}
