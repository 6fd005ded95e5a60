//! What is kept between runs: the reference and the counts of every file, each written whole. Nothing is lost when the
//! process is killed; at worst a file is counted again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use medattest_core::monitor::{LossModel, MonitorReport, Plan, WindowCounts};
use medattest_core::sha256_hex;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::command::Stop;
use crate::write::{write_private, write_whole};

/// The state of one plan.
pub(crate) struct Store {
    folder: PathBuf,
}

/// Counts of one file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Part {
    /// The file, as the plan names it.
    pub(crate) file: String,
    /// Its size and time of change, by which it is told that nothing happened to it.
    pub(crate) size: u64,
    pub(crate) changed: u128,
    /// SHA-256 of its bytes.
    pub(crate) sha256: String,
    /// SHA-256 of what was asked of it.
    pub(crate) query: String,
    /// The day on which it was counted.
    pub(crate) counted: Date,
    /// Its windows.
    pub(crate) windows: Vec<WindowCounts>,
}

/// The counts of the reference with what they were made of.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Stored {
    /// SHA-256 over its files and what was asked of them.
    pub(crate) key: String,
    /// Its counts.
    pub(crate) counts: WindowCounts,
    /// What foresees errors of numbers; learnt from rows, so it is kept.
    pub(crate) loss: Option<LossModel>,
}

/// The largest file of state that is read.
const LARGEST: u64 = 2 << 30;

impl Store {
    pub(crate) fn open(root: &Path, plan: &Plan) -> Result<Self, Stop> {
        let folder = root.join(&plan.id);
        std::fs::create_dir_all(folder.join("parts")).map_err(|_| {
            let shown = folder.display().to_string();
            Stop::usage(&shown, "the folder cannot be made", "choose another one with --state")
        })?;
        // Counts are exact: only their owner reads them, and no repository takes them in.
        let ignore = root.join(".gitignore");
        if !ignore.exists() {
            write_whole(&ignore, b"*\n")?;
        }
        Ok(Self { folder })
    }

    /// The state of a plan, if there is any.
    pub(crate) fn existing(root: &Path, plan: &Plan) -> Option<Self> {
        let folder = root.join(&plan.id);
        folder.join("reference.json").is_file().then_some(Self { folder })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
        let size = std::fs::metadata(path).ok()?.len();
        if size > LARGEST {
            return None;
        }
        serde_json::from_slice(&std::fs::read(path).ok()?).ok()
    }

    fn write<T: Serialize>(path: &Path, value: &T) -> Result<(), Stop> {
        let bytes = serde_json::to_vec(value).map_err(|_| {
            Stop::usage(&path.display().to_string(), "the state cannot be written", "free memory and try again")
        })?;
        Ok(write_private(path, &bytes)?)
    }

    pub(crate) fn reference(&self) -> Option<Stored> {
        Self::read(&self.folder.join("reference.json"))
    }

    pub(crate) fn keep_reference(&self, stored: &Stored) -> Result<(), Stop> {
        Self::write(&self.folder.join("reference.json"), stored)
    }

    fn part_path(&self, file: &str) -> PathBuf {
        self.folder.join("parts").join(format!("{}.json", &sha256_hex(file.as_bytes())[..32]))
    }

    pub(crate) fn keep_part(&self, part: &Part) -> Result<(), Stop> {
        Self::write(&self.part_path(&part.file), part)
    }

    /// All parts, by their files.
    pub(crate) fn parts(&self) -> BTreeMap<String, Part> {
        use rayon::prelude::*;
        let Ok(entries) = std::fs::read_dir(self.folder.join("parts")) else { return BTreeMap::new() };
        let paths: Vec<PathBuf> =
            entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "json")).collect();
        let parts: Vec<Part> = paths.par_iter().filter_map(|path| Self::read(path)).collect();
        parts.into_iter().map(|part| (part.file.clone(), part)).collect()
    }

    /// Ids of alerts that were sent.
    pub(crate) fn sent(&self) -> BTreeSet<String> {
        Self::read(&self.folder.join("sent.json")).unwrap_or_default()
    }

    pub(crate) fn keep_sent(&self, sent: &BTreeSet<String>) -> Result<(), Stop> {
        Self::write(&self.folder.join("sent.json"), sent)
    }

    /// SHA-256 over everything a report is made of.
    pub(crate) fn digest(&self, plan: &Plan, as_of: Date) -> Option<String> {
        let mut names: Vec<PathBuf> = std::fs::read_dir(self.folder.join("parts"))
            .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
            .unwrap_or_default();
        names.sort();
        names.insert(0, self.folder.join("reference.json"));
        let mut all = format!("{} {as_of} {}", medattest_core::VERSION, serde_json::to_string(plan).ok()?);
        for name in names {
            all.push_str(&sha256_hex(&std::fs::read(name).ok()?));
        }
        Some(sha256_hex(all.as_bytes()))
    }

    /// The report that was made of the same.
    pub(crate) fn report(&self, digest: &str) -> Option<MonitorReport> {
        let (made_of, report): (String, MonitorReport) = Self::read(&self.folder.join("report.json"))?;
        (made_of == digest).then_some(report)
    }

    /// Keeps a report beside what it was made of. One that does not come back as it was, or cannot be kept, is made anew.
    pub(crate) fn keep_report(&self, digest: &str, report: &MonitorReport) {
        let same = serde_json::to_vec(report)
            .ok()
            .and_then(|bytes| serde_json::from_slice::<MonitorReport>(&bytes).ok())
            .is_some_and(|back| back == *report);
        if same {
            let _ = Self::write(&self.folder.join("report.json"), &(digest, report));
        }
    }
}
