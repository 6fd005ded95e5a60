//! The files a plan names: one, a folder, or a pattern; with what the names of folders tell.

use std::path::{Path, PathBuf};

use crate::command::Stop;

/// A file of data.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DataFile {
    pub(crate) path: PathBuf,
    /// As the plan would name it.
    pub(crate) shown: String,
    /// Columns that the names of folders tell, such as `site=3`.
    pub(crate) fixed: Vec<(String, String)>,
}

/// Folders below a source are read so deep.
const DEEPEST: usize = 8;
/// More files than this are a mistake.
const MOST: usize = 200_000;

fn is_table(path: &Path) -> bool {
    let end = path.extension().map(|end| end.to_string_lossy().to_ascii_lowercase());
    let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(['.', '_']));
    matches!(end.as_deref(), Some("csv" | "parquet")) && !hidden
}

/// Finds the files of a source, in order of their names. Links are not followed.
pub(crate) fn data_files(root: &Path, source: &str) -> Result<Vec<DataFile>, Stop> {
    let full = root.join(source);
    let mut found = Vec::new();
    if source.contains(['*', '?', '[']) {
        let pattern = full.to_string_lossy();
        let bad = |_| Stop::usage(source, "this is no pattern of file names", "such as live/*.parquet");
        for path in glob::glob(&pattern).map_err(bad)?.flatten() {
            if path.is_dir() {
                below(&path, 0, &mut found);
            } else if is_table(&path) {
                found.push(path);
            }
        }
    } else if full.is_dir() {
        below(&full, 0, &mut found);
    } else if full.is_file() {
        found.push(full);
    } else {
        let hint = "check the path in the plan; it is relative to the data folder, which --data sets";
        return Err(Stop::usage(source, "there is no such file or folder", hint));
    }
    if found.len() > MOST {
        return Err(Stop::usage(source, format!("there are more than {MOST} files"), "name a smaller folder"));
    }
    found.sort();
    let named = |path: PathBuf| {
        let below = path.strip_prefix(root).unwrap_or(&path);
        let fixed = below
            .parent()
            .into_iter()
            .flat_map(Path::components)
            .filter_map(|part| part.as_os_str().to_str()?.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        DataFile { shown: below.to_string_lossy().replace('\\', "/"), fixed, path }
    };
    Ok(found.into_iter().map(named).collect())
}

fn below(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && depth < DEEPEST => below(&entry.path(), depth + 1, found),
            Ok(kind) if kind.is_file() && is_table(&entry.path()) => found.push(entry.path()),
            _ => {}
        }
    }
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn folders_patterns_and_what_their_names_tell() {
        let folder = tempfile::tempdir().expect("a folder");
        let live = folder.path().join("live/site=3/day=2026-01-01");
        std::fs::create_dir_all(&live).expect("made");
        std::fs::write(live.join("a.csv"), "x\n1\n").expect("written");
        std::fs::write(live.join("_SUCCESS"), "").expect("written");
        std::fs::write(live.join(".b.csv"), "x\n1\n").expect("written");
        let files = data_files(folder.path(), "live").expect("found");
        assert_eq!(files.len(), 1);
        assert_eq!(files[0].shown, "live/site=3/day=2026-01-01/a.csv");
        assert_eq!(
            files[0].fixed,
            [("site".to_owned(), "3".to_owned()), ("day".to_owned(), "2026-01-01".to_owned())]
        );
        assert_eq!(data_files(folder.path(), "live/*/*/*.csv").expect("found"), files);
        assert!(data_files(folder.path(), "nowhere").is_err());
    }
}
