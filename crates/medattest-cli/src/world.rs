//! The file system as the core sees it.

use std::cell::OnceCell;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use medattest_core::monitor::MonitorReport;
use medattest_core::{ColumnProfile, CountQuery, CountTable, DataError, Dataset, Watch, World, WorldError};
use medattest_data::Counter;
use medattest_deid::Survey;

use crate::command::Stop;
use crate::deid::Detector;
use crate::write::{write_private, write_whole};

/// A project folder, a data folder and a store of evidence.
pub(crate) struct Folders {
    root: PathBuf,
    real_root: Result<PathBuf, ()>,
    data: PathBuf,
    /// Where evidence is kept, if anywhere.
    store: Option<PathBuf>,
    counter: Counter,
    /// What finds identifiers, loaded when first asked for.
    detector: OnceCell<Result<Detector, Stop>>,
}

impl Folders {
    pub(crate) fn new(root: &Path, data: &Path, keep_evidence: bool) -> Self {
        Self {
            root: root.to_owned(),
            real_root: fs::canonicalize(root).map_err(|_| ()),
            data: data.to_owned(),
            store: keep_evidence.then(|| root.join(".medattest").join("evidence")),
            counter: Counter::new(),
            detector: OnceCell::new(),
        }
    }

    /// A file of the project; symbolic links must not lead out of it.
    fn file(&self, path: &str) -> Result<PathBuf, WorldError> {
        let error = |reason: &str, hint: &str| WorldError {
            path: path.to_owned(),
            reason: reason.to_owned(),
            hint: hint.to_owned(),
        };
        let (Ok(root), Ok(real)) = (&self.real_root, fs::canonicalize(self.root.join(path))) else {
            return Err(error(
                "there is no such file",
                "check the path; includes lie beside the file that names them, documents below the project",
            ));
        };
        if !real.starts_with(root) {
            return Err(error("the path leads out of the project", "copy the file into the project"));
        }
        Ok(real)
    }
}

fn unreadable(path: &str, error: &std::io::Error) -> WorldError {
    let (reason, hint) = match error.kind() {
        std::io::ErrorKind::NotFound => ("there is no such file", "check the path"),
        std::io::ErrorKind::PermissionDenied => ("the file may not be read", "check its permissions"),
        std::io::ErrorKind::IsADirectory => ("this is a folder", "name a file"),
        _ => ("the file cannot be read", "check the disk and the permissions"),
    };
    WorldError { path: path.to_owned(), reason: reason.to_owned(), hint: hint.to_owned() }
}

fn sha256(shown: &str, path: &Path) -> Result<String, WorldError> {
    let file = File::open(path).map_err(|error| unreadable(shown, &error))?;
    medattest_core::sha256_stream(file).map_err(|error| unreadable(shown, &error))
}

impl World for Folders {
    fn read(&self, path: &str, limit: usize) -> Result<Vec<u8>, WorldError> {
        let full = self.file(path)?;
        let file = File::open(&full).map_err(|error| unreadable(path, &error))?;
        let kind = file.metadata().map_err(|error| unreadable(path, &error))?;
        if !kind.is_file() {
            return Err(WorldError {
                path: path.to_owned(),
                reason: "this is not a file".into(),
                hint: "name a file".into(),
            });
        }
        let mut bytes = Vec::new();
        file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(|error| unreadable(path, &error))?;
        if bytes.len() > limit {
            return Err(WorldError {
                path: path.to_owned(),
                reason: format!("the file has {} bytes; at most {limit} are read", kind.len()),
                hint: "keep data in CSV or Parquet and refer to it with a [[table]]".into(),
            });
        }
        Ok(bytes)
    }

    fn document_sha256(&self, path: &str) -> Result<String, WorldError> {
        sha256(path, &self.file(path)?)
    }

    fn table_sha256(&self, path: &str) -> Result<String, WorldError> {
        let full = self.data.join(path);
        if !full.is_file() {
            return Err(WorldError {
                path: path.to_owned(),
                reason: if self.data.as_os_str().is_empty() {
                    "there is no such file".to_owned()
                } else {
                    format!("there is no such file in {}", self.data.display())
                },
                hint: "check the path; for a project, --data sets the folder that holds the tables".into(),
            });
        }
        sha256(path, &full)
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, WorldError> {
        let entries = fs::read_dir(self.root.join(folder)).map_err(|error| unreadable(folder, &error))?;
        let mut names: Vec<String> =
            entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        Ok(names)
    }

    fn count(&self, table: &str, query: &CountQuery) -> Result<CountTable, DataError> {
        self.counter.count(&self.data.join(table), table, query)
    }

    fn columns(&self, table: &str, filter: Option<&str>) -> Result<(u64, Vec<ColumnProfile>), DataError> {
        self.counter.columns(&self.data.join(table), table, filter)
    }

    fn survey(&self, dataset: &Dataset, as_of: Date) -> Result<Survey, DataError> {
        let error = |stop: Stop| {
            let first = stop.0.into_iter().next();
            let (message, hint) = first.map_or_else(Default::default, |d| (d.message, d.hint.unwrap_or_default()));
            DataError { code: "dataset-unreadable", table: dataset.path.clone(), message, hint }
        };
        let detector = self.detector.get_or_init(|| Detector::load(as_of.year())).as_ref();
        let detector = detector.map_err(|stop| error(stop.clone()))?;
        let walked = detector.walk(&self.data.join(&dataset.path), &dataset.path).map_err(error)?;
        let key = detector.key(&walked, dataset);
        if let Some(known) = self.recall(&key).and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
            return Ok(known);
        }
        let survey = detector.survey(walked, dataset).map_err(error)?;
        if let Ok(bytes) = serde_json::to_vec(&survey) {
            self.remember(&key, &bytes);
        }
        Ok(survey)
    }

    fn monitored(&self, watch: &Watch, as_of: Date) -> Result<Option<MonitorReport>, DataError> {
        let beside = self.root.join(&watch.path);
        let state = beside.parent().unwrap_or(&self.root).join(".medattest").join("monitor");
        Ok(crate::monitor::stored_report(&watch.plan, &state, as_of))
    }

    fn recall(&self, key: &str) -> Option<Vec<u8>> {
        const LARGEST: u64 = 256 << 20;
        let file = File::open(self.store.as_ref()?.join(format!("{key}.json"))).ok()?;
        let mut bytes = Vec::new();
        file.take(LARGEST).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    fn remember(&self, key: &str, evidence: &[u8]) {
        if let Some(store) = &self.store
            && fs::create_dir_all(store).is_ok()
        {
            // Evidence holds exact counts: only its owner reads it, and no repository takes it in.
            let ignore = store.join(".gitignore");
            if !ignore.exists() {
                let _ = write_whole(&ignore, b"*\n");
            }
            let _ = write_private(&store.join(format!("{key}.json")), evidence);
        }
    }
}

/// The day of the run, by the clock of this machine.
pub(crate) fn today() -> Date {
    jiff::ZonedDateTime::now().date()
}
