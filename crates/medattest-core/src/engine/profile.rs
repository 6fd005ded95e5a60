//! What a table is made of: rows, columns and how many values are missing. Papers on data say it.

use serde::{Deserialize, Serialize};

use super::recalled;
use crate::project::Table;
use crate::world::{DataError, World, sha256_hex};

/// Name of the engine.
pub const NAME: &str = "profile";
/// Raised when a figure would come out differently.
pub const VERSION: &str = "1";

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnProfile {
    /// Name.
    pub name: String,
    /// What it holds: `text`, `number`, `yes or no`, `date` or `other`.
    pub holds: String,
    /// Rows without a value; an empty text is none.
    pub missing: u64,
}

/// Rows and columns of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableProfile {
    /// Id of the table.
    pub table: String,
    /// Path as the user wrote it.
    pub path: String,
    /// What the rows are, as in a system file.
    pub use_: String,
    /// SHA-256 of the table's bytes.
    pub sha256: String,
    /// Rows.
    pub rows: u64,
    /// Columns in the order of the file.
    pub columns: Vec<ColumnProfile>,
}

/// Profiles a table whose bytes have this SHA-256, or recalls its profile.
///
/// # Errors
/// When the table cannot be read.
pub fn measure(world: &dyn World, table: &Table, sha256: &str) -> Result<TableProfile, DataError> {
    let filter = table.filter.clone().unwrap_or_default();
    let key = sha256_hex(format!("{NAME} {VERSION}\n{}\n{}\n{sha256}\n{filter}", table.id, table.path).as_bytes());
    let fits = |known: &TableProfile| known.sha256 == sha256 && known.table == table.id;
    recalled(world, &key, fits, || {
        let (rows, columns) = world.columns(&table.path, table.filter.as_deref())?;
        Ok(TableProfile {
            table: table.id.clone(),
            path: table.path.clone(),
            use_: table.use_.name().to_owned(),
            sha256: sha256.to_owned(),
            rows,
            columns,
        })
    })
}
