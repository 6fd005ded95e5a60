//! The cells of a Parquet file as text, batch by batch, and the file written again with some of them replaced.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, RecordBatch, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use medattest_core::DataError;

/// Rows read at a time.
const BATCH: usize = 8_192;

/// Some rows of a table, column by column, as text.
#[derive(Default)]
pub struct TextRows {
    /// Number of the first row, from 1.
    pub first_row: u64,
    /// Cells by column; `None` where missing.
    pub columns: Vec<Vec<Option<String>>>,
}

impl std::fmt::Debug for TextRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TextRows of {} columns", self.columns.len())
    }
}

/// A Parquet file that is read as text and may be written again.
pub struct ParquetCells {
    shown: String,
    reader: datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReader,
    schema: Arc<Schema>,
    next_row: u64,
    batch: Option<RecordBatch>,
}

impl std::fmt::Debug for ParquetCells {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ParquetCells of {}", self.shown)
    }
}

fn damaged(shown: &str) -> DataError {
    DataError {
        code: "table-damaged",
        table: shown.to_owned(),
        message: "the file cannot be read as Parquet: it is truncated, damaged or of another format".to_owned(),
        hint: "write the file again and compare its size with the original".to_owned(),
    }
}

fn unwritten(shown: &str) -> DataError {
    DataError {
        code: "not-written",
        table: shown.to_owned(),
        message: "the cleaned copy cannot be written".to_owned(),
        hint: "check the folder, its permissions and the space on the disk".to_owned(),
    }
}

impl ParquetCells {
    /// Opens a file, which the user knows as `shown`.
    ///
    /// # Errors
    /// When it is no Parquet file.
    pub fn open(path: &Path, shown: &str) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|_| damaged(shown))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|_| damaged(shown))?;
        let schema = Arc::clone(builder.schema());
        let reader = builder.with_batch_size(BATCH).build().map_err(|_| damaged(shown))?;
        Ok(Self { shown: shown.to_owned(), reader, schema, next_row: 1, batch: None })
    }

    /// Names of the columns.
    pub fn columns(&self) -> Vec<String> {
        self.schema.fields().iter().map(|field| field.name().clone()).collect()
    }

    /// The next rows; none at the end. Lists and structures are shown as JSON-like text.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn next_rows(&mut self) -> Result<Option<TextRows>, DataError> {
        let Some(batch) = self.reader.next() else { return Ok(None) };
        let batch = batch.map_err(|_| damaged(&self.shown))?;
        let mut columns = Vec::with_capacity(batch.num_columns());
        for column in batch.columns() {
            columns.push(texts(column).ok_or_else(|| damaged(&self.shown))?);
        }
        let rows = TextRows { first_row: self.next_row, columns };
        self.next_row += batch.num_rows() as u64;
        self.batch = Some(batch);
        Ok(Some(rows))
    }

    /// The rows that were read last, to be written with some columns replaced.
    ///
    /// # Errors
    /// Never in itself; see [`ParquetCopy::write`].
    pub fn take_batch(&mut self) -> Batch {
        Batch(self.batch.take())
    }
}

/// Rows in the types of their file.
pub struct Batch(Option<RecordBatch>);

impl std::fmt::Debug for Batch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Batch")
    }
}

/// Every cell as text.
fn texts(column: &ArrayRef) -> Option<Vec<Option<String>>> {
    let as_text = match column.data_type() {
        DataType::Binary | DataType::LargeBinary | DataType::FixedSizeBinary(_) | DataType::BinaryView => None,
        _ => cast(column, &DataType::Utf8).ok(),
    };
    if let Some(text) = as_text
        && let Some(text) = text.as_any().downcast_ref::<StringArray>()
    {
        return Some(text.iter().map(|cell| cell.map(str::to_owned)).collect());
    }
    let options = datafusion::arrow::util::display::FormatOptions::default();
    let formatter = datafusion::arrow::util::display::ArrayFormatter::try_new(column.as_ref(), &options).ok()?;
    Some((0..column.len()).map(|at| column.is_valid(at).then(|| formatter.value(at).to_string())).collect())
}

/// A copy of a Parquet file in which some columns hold text in place of what they held.
pub struct ParquetCopy {
    shown: String,
    writer: ArrowWriter<File>,
    schema: Arc<Schema>,
    replaced: Vec<bool>,
}

impl std::fmt::Debug for ParquetCopy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ParquetCopy of {}", self.shown)
    }
}

impl ParquetCopy {
    /// Begins a copy in `file`; the columns that `replaced` marks become text.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn create(source: &ParquetCells, file: File, replaced: &[bool]) -> Result<Self, DataError> {
        let fields: Vec<Field> = source
            .schema
            .fields()
            .iter()
            .zip(replaced)
            .map(
                |(field, replaced)| {
                    if *replaced { Field::new(field.name(), DataType::Utf8, true) } else { field.as_ref().clone() }
                },
            )
            .collect();
        // The metadata of the schema may hold anything, so it stays behind.
        let schema = Arc::new(Schema::new(fields));
        let writer = ArrowWriter::try_new(file, Arc::clone(&schema), None).map_err(|_| unwritten(&source.shown))?;
        Ok(Self { shown: source.shown.clone(), writer, schema, replaced: replaced.to_vec() })
    }

    /// Writes rows; `cells` holds the text of each replaced column.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&mut self, batch: Batch, cells: Vec<Vec<Option<String>>>) -> Result<(), DataError> {
        let failed = || unwritten(&self.shown);
        let Some(batch) = batch.0 else { return Err(failed()) };
        let columns: Vec<ArrayRef> = batch
            .columns()
            .iter()
            .zip(&self.replaced)
            .zip(cells)
            .map(|((column, replaced), cells)| -> ArrayRef {
                if *replaced { Arc::new(StringArray::from(cells)) } else { Arc::clone(column) }
            })
            .collect();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(|_| failed())?;
        self.writer.write(&batch).map_err(|_| failed())
    }

    /// Ends the copy.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(self) -> Result<(), DataError> {
        self.writer.close().map(|_| ()).map_err(|_| unwritten(&self.shown))
    }
}
