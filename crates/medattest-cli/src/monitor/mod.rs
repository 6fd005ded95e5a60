//! Watching a deployed model: counts what is new, compares it with the reference, tells who has to know.

mod alerts;
mod files;
mod probe;
mod prometheus;
mod state;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use jiff::civil::Date;
use medattest_core::monitor::{
    Cut, LossModel, MonitorReport, Plan, ProfileQuery, Reference, Source, WindowCounts, WindowReport, read_plan,
    report,
};
use medattest_core::{MAX_TOML_BYTES, sha256_hex, sha256_stream};
use medattest_data::Counter;

pub(crate) use alerts::{Webhook, tell};
use files::{DataFile, data_files};
pub(crate) use probe::Probe;
pub(crate) use prometheus::metrics;
use state::{Part, Store, Stored};

use crate::command::Stop;
use crate::progress::Progress;

/// What the engine's figures depend on besides plan and data.
const METHOD: &str = "monitor 1";

/// A plan with where its data and its state are.
pub(crate) struct Monitor {
    pub(crate) plan: Plan,
    data: PathBuf,
    store: PathBuf,
    counter: Counter,
    probe: Option<Probe>,
}

/// Reads a plan from a file.
pub(crate) fn plan_of(path: &Path) -> Result<Plan, Stop> {
    let shown = path.display().to_string();
    let size = std::fs::metadata(path)
        .map_err(|_| Stop::usage(&shown, "there is no such file", "write one with: medattest monitor --new"))?
        .len();
    if size > MAX_TOML_BYTES as u64 {
        return Err(Stop::usage(
            &shown,
            "the file is too large for a plan",
            "a plan names data; it does not hold them",
        ));
    }
    let text = std::fs::read_to_string(path)
        .map_err(|_| Stop::usage(&shown, "the file cannot be read as text", "save it as UTF-8"))?;
    read_plan(&shown, &text).map_err(Stop)
}

impl Monitor {
    pub(crate) fn new(plan: Plan, data: &Path, state: &Path, as_of: Date) -> Result<Self, Stop> {
        let probe = if plan.texts.is_empty() { None } else { Some(Probe::load(as_of.year())?) };
        Ok(Self { plan, data: data.to_owned(), store: state.to_owned(), counter: Counter::new(), probe })
    }

    fn query(
        &self,
        source: &Source,
        cut: Cut,
        shift: BTreeMap<String, f64>,
        loss: Option<LossModel>,
    ) -> ProfileQuery {
        ProfileQuery {
            filter: source.filter.clone(),
            cut,
            ignore: self.plan.ignore.clone(),
            texts: self.plan.texts.clone(),
            outcome: self.plan.outcome.clone(),
            threshold: self.plan.threshold,
            shift,
            loss,
        }
    }

    fn profile(&self, file: &DataFile, query: &ProfileQuery) -> Result<Vec<WindowCounts>, Stop> {
        let tell = |text: &str, told: &mut Vec<(&'static str, f64)>| {
            if let Some(probe) = &self.probe {
                probe.tell(text, told);
            }
        };
        self.counter
            .profile(&file.path, &file.shown, &file.fixed, query, &tell)
            .map_err(|error| Stop::from(error.diagnostic()))
    }

    /// The reference: stored, or counted now where it is new or has changed.
    fn reference(&self, store: &Store, progress: &Progress) -> Result<Stored, Stop> {
        progress.say("looking at the reference");
        let mut query = self.query(&self.plan.reference, Cut::File, BTreeMap::new(), None);
        // When windows are cut by a date, later dates are no drift.
        if let Cut::Period(column, _) = &self.plan.cut {
            query.ignore.push(column.clone());
        }
        let known = store.reference();
        let (files, key) = match (data_files(&self.data, &self.plan.reference.path), known) {
            (Ok(files), known) if !files.is_empty() => {
                let mut all = format!("{METHOD} {}", text_of(&query));
                for file in &files {
                    all.push_str(&format!("\n{} {}", file.shown, digest(file)?));
                }
                let key = sha256_hex(all.as_bytes());
                if let Some(known) = known.filter(|known| known.key == key) {
                    return Ok(known);
                }
                (files, key)
            }
            // The profile outlives the data it was made of.
            (_, Some(known)) => return Ok(known),
            (Err(stop), None) => return Err(stop),
            (Ok(_), None) => {
                let hint = "name a .csv or .parquet file, a folder with some, or a pattern that fits some";
                return Err(Stop::usage(&self.plan.reference.path, "there is no table", hint));
            }
        };
        let mut whole: Option<WindowCounts> = None;
        for (at, file) in files.iter().enumerate() {
            progress.say(&format!("counting the reference, file {} of {}", at + 1, files.len()));
            for window in self.profile(file, &query)? {
                match &mut whole {
                    None => whole = Some(window),
                    Some(own) => own.merge(window),
                }
            }
        }
        let empty = || Stop::usage(&self.plan.reference.path, "the reference has no row", "check path and filter");
        let mut whole = whole.filter(|whole| whole.rows > 0).ok_or_else(empty)?;
        "reference".clone_into(&mut whole.id);
        let loss = self.loss(&files)?;
        let stored = Stored { key, counts: whole, loss };
        store.keep_reference(&stored)?;
        Ok(stored)
    }

    /// What foresees errors of numbers, from a sample of the largest file of the reference.
    fn loss(&self, files: &[DataFile]) -> Result<Option<LossModel>, Stop> {
        const ROWS: usize = 30_000;
        let Some(outcome) = self.plan.outcome.as_ref().filter(|outcome| outcome.numeric) else { return Ok(None) };
        let (Some(score), Some(label)) = (&outcome.score, &outcome.label) else { return Ok(None) };
        let size = |file: &&DataFile| std::fs::metadata(&file.path).map_or(0, |data| data.len());
        let Some(file) = files.iter().max_by_key(size) else { return Ok(None) };
        let filter = self.plan.reference.filter.as_deref();
        let mut ignore = self.plan.ignore.clone();
        ignore.extend(self.plan.texts.clone());
        let rows = self.counter.sample(&file.path, &file.shown, filter, &ignore, ROWS);
        Ok(LossModel::fit(&rows.map_err(|error| Stop::from(error.diagnostic()))?, score, label))
    }

    /// Counts what is new or changed. Returns how many files were counted.
    fn count(
        &self,
        store: &Store,
        reference: &Stored,
        parts: &mut BTreeMap<String, Part>,
        as_of: Date,
        progress: &Progress,
    ) -> Result<(usize, String), Stop> {
        let moments = reference.counts.moments.as_ref();
        let shift = moments.map(|named| named.columns.iter().cloned().zip(named.moments.means()).collect());
        let query =
            self.query(&self.plan.data, self.plan.cut.clone(), shift.unwrap_or_default(), reference.loss.clone());
        let asked = sha256_hex(format!("{METHOD} {}", text_of(&query)).as_bytes());
        if self.plan.data.path == "-" {
            let part = self.take_input(store, &query, &asked, as_of)?;
            parts.insert(part.file.clone(), part);
            return Ok((1, asked));
        }
        let files = match data_files(&self.data, &self.plan.data.path) {
            Ok(files) => files,
            // What was counted stays when the data are moved away.
            Err(_) if !parts.is_empty() => return Ok((0, asked)),
            Err(stop) => return Err(stop),
        };
        let mut counted = 0;
        for (at, file) in files.iter().enumerate() {
            let (size, changed) = stamp(file)?;
            let known = parts.get(&file.shown).filter(|part| part.query == asked);
            if known.is_some_and(|part| part.size == size && part.changed == changed) {
                continue;
            }
            progress.say(&format!("file {} of {}: {}", at + 1, files.len(), file.shown));
            let sha256 = digest(file)?;
            let windows = match known {
                Some(known) if known.sha256 == sha256 => known.windows.clone(),
                _ => {
                    counted += 1;
                    self.profile(file, &query)?
                }
            };
            let query = asked.clone();
            let part = Part { file: file.shown.clone(), size, changed, sha256, query, counted: as_of, windows };
            store.keep_part(&part)?;
            parts.insert(part.file.clone(), part);
        }
        Ok((counted, asked))
    }

    /// Counts CSV from standard input. It lies in a private file while it is read.
    fn take_input(&self, store: &Store, query: &ProfileQuery, asked: &str, as_of: Date) -> Result<Part, Stop> {
        let failed =
            |_| Stop::usage("standard input", "the rows cannot be kept while they are counted", "free disk space");
        let mut file = tempfile::Builder::new().suffix(".csv").tempfile_in(store.folder()).map_err(failed)?;
        let size = std::io::copy(&mut std::io::stdin().lock(), file.as_file_mut()).map_err(failed)?;
        if size == 0 {
            return Err(Stop::usage(
                "standard input",
                "there is nothing to read",
                "pipe CSV with a line of names into it",
            ));
        }
        let sha256 = std::fs::File::open(file.path()).and_then(sha256_stream).map_err(failed)?;
        let name = format!("input {as_of} {}", &sha256[..12]);
        let data = DataFile { path: file.path().to_owned(), shown: name.clone(), fixed: Vec::new() };
        let windows = self.profile(&data, query)?;
        let query = asked.to_owned();
        let part = Part { file: name, size, changed: 0, sha256, query, counted: as_of, windows };
        store.keep_part(&part)?;
        Ok(part)
    }

    /// One look: counts what is new and reports on everything.
    pub(crate) fn look(&self, as_of: Date, progress: &Progress) -> Result<(MonitorReport, usize), Stop> {
        let store = Store::open(&self.store, &self.plan)?;
        let stored = self.reference(&store, progress)?;
        let mut parts = store.parts();
        let (counted, asked) = self.count(&store, &stored, &mut parts, as_of, progress)?;
        progress.say("comparing");
        Ok((assembled(&self.plan, parts, &stored, Some(&asked), as_of), counted))
    }
}

/// The report of a plan from its state alone; nothing if there is none.
pub(crate) fn stored_report(plan: &Plan, state: &Path, as_of: Date) -> Option<MonitorReport> {
    let store = Store::existing(state, plan)?;
    let digest = store.digest(plan, as_of);
    if let Some(known) = digest.as_ref().and_then(|digest| store.report(digest)) {
        return Some(known);
    }
    let stored = store.reference()?;
    let report = assembled(plan, store.parts(), &stored, None, as_of);
    if let Some(digest) = digest {
        store.keep_report(&digest, &report);
    }
    Some(report)
}

fn assembled(
    plan: &Plan,
    parts: BTreeMap<String, Part>,
    stored: &Stored,
    asked: Option<&str>,
    as_of: Date,
) -> MonitorReport {
    use rayon::prelude::*;
    // Without a question at hand, that of the newest parts.
    let newest = parts.values().map(|part| part.counted).max();
    let asked = asked.map(str::to_owned).or_else(|| {
        parts.values().filter(|part| Some(part.counted) == newest).map(|part| part.query.clone()).next_back()
    });
    let mut windows: BTreeMap<String, WindowCounts> = BTreeMap::new();
    let mut counted = None;
    for part in parts.into_values().filter(|part| Some(&part.query) == asked.as_ref()) {
        counted = counted.max(Some(part.counted));
        for mut window in part.windows {
            // Rows are numbered within their file.
            if matches!(plan.cut, Cut::Rows(_)) {
                window.id = format!("{} {}", part.file, window.id);
            } else if matches!(plan.cut, Cut::File) {
                window.id.clone_from(&part.file);
            }
            match windows.get_mut(&window.id) {
                None => {
                    windows.insert(window.id.clone(), window);
                }
                Some(own) => own.merge(window),
            }
        }
    }
    // Rows without a date belong to no window of the calendar.
    windows.remove("");
    let counts: Vec<WindowCounts> = windows.into_values().collect();
    // Fitted anew: the plan may have changed since the reference was counted.
    let reference = Reference::new(stored.counts.clone(), stored.loss.clone(), plan);
    let reports: Vec<WindowReport> = counts.par_iter().map(|window| reference.evaluate(window, plan)).collect();
    report(plan, &reference, &stored.key, reports, &counts, counted, as_of)
}

fn text_of(query: &ProfileQuery) -> String {
    serde_json::to_string(query).unwrap_or_default()
}

fn digest(file: &DataFile) -> Result<String, Stop> {
    let failed = |_| Stop::usage(&file.shown, "the file cannot be read", "check the disk and the permissions");
    std::fs::File::open(&file.path).and_then(sha256_stream).map_err(failed)
}

/// Size and time of change.
fn stamp(file: &DataFile) -> Result<(u64, u128), Stop> {
    let failed = |_| Stop::usage(&file.shown, "the file cannot be read", "check the disk and the permissions");
    let data = std::fs::metadata(&file.path).map_err(failed)?;
    let changed = data.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Ok((data.len(), changed.map_or(0, |time| time.as_nanos())))
}
