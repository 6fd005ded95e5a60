//! A world of files in memory, and the library on disk.
#![allow(dead_code, reason = "not every test uses every part")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::{Date, date};
use medattest_core::monitor::MonitorReport;
use medattest_core::{
    ColumnProfile, CountQuery, CountTable, DataError, Dataset, Diagnostic, Library, Project, RunOptions, SourceFile,
    Watch, World, WorldError, load_project, sha256_hex,
};
use medattest_deid::Survey;

pub(crate) const DAY: Date = date(2026, 11, 24);

#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) files: BTreeMap<String, String>,
    pub(crate) counts: BTreeMap<String, CountTable>,
    pub(crate) evidence: RefCell<BTreeMap<String, Vec<u8>>>,
    pub(crate) counted: RefCell<usize>,
}

impl Memory {
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        Self { files, ..Self::default() }
    }

    fn missing(path: &str) -> WorldError {
        WorldError { path: path.into(), reason: "there is no such file".into(), hint: "check the path".into() }
    }
}

impl World for Memory {
    fn read(&self, path: &str, limit: usize) -> Result<Vec<u8>, WorldError> {
        let text = self.files.get(path).ok_or_else(|| Self::missing(path))?;
        if text.len() > limit {
            return Err(WorldError {
                path: path.into(),
                reason: format!("the file has {} bytes; at most {limit} are read", text.len()),
                hint: "keep data elsewhere".into(),
            });
        }
        Ok(text.clone().into_bytes())
    }

    fn document_sha256(&self, path: &str) -> Result<String, WorldError> {
        self.files.get(path).map(|text| sha256_hex(text.as_bytes())).ok_or_else(|| Self::missing(path))
    }

    fn table_sha256(&self, path: &str) -> Result<String, WorldError> {
        let table = self.counts.get(path).ok_or_else(|| Self::missing(path))?;
        Ok(sha256_hex(&serde_json::to_vec(table).expect("a count table is JSON")))
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, WorldError> {
        let prefix = format!("{folder}/");
        let below = self.files.keys().filter_map(|path| path.strip_prefix(&prefix));
        Ok(below.filter(|name| !name.contains('/')).map(str::to_owned).collect())
    }

    fn count(&self, table: &str, _: &CountQuery) -> Result<CountTable, DataError> {
        *self.counted.borrow_mut() += 1;
        Ok(self.counts.get(table).expect("the table exists").clone())
    }

    fn columns(&self, table: &str, _: Option<&str>) -> Result<(u64, Vec<ColumnProfile>), DataError> {
        let counts = self.counts.get(table).expect("the table exists");
        let column = ColumnProfile { name: "label".into(), holds: "number".into(), missing: 0 };
        Ok((counts.counts.iter().sum(), vec![column]))
    }

    fn survey(&self, dataset: &Dataset, _: Date) -> Result<Survey, DataError> {
        let mut survey = Survey { records: 1, files: 1, ..Survey::default() };
        if dataset.path.contains("dirty") {
            let total = medattest_deid::Total { detections: 3, sure: 2, files: 1 };
            survey.totals.insert(medattest_deid::Kind::Name, total);
        }
        Ok(survey)
    }

    fn monitored(&self, _: &Watch, _: Date) -> Result<Option<MonitorReport>, DataError> {
        Ok(None)
    }

    fn recall(&self, key: &str) -> Option<Vec<u8>> {
        self.evidence.borrow().get(key).cloned()
    }

    fn remember(&self, key: &str, evidence: &[u8]) {
        self.evidence.borrow_mut().insert(key.to_owned(), evidence.to_vec());
    }
}

pub(crate) fn options(as_of: Date) -> RunOptions {
    RunOptions { as_of, systems: Vec::new(), draws: 200, profiles: false }
}

fn below(folder: &str) -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root.join(&folder)).expect("the folder exists").flatten() {
            let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                folders.push(name);
            } else if let Ok(text) = std::fs::read_to_string(entry.path()) {
                files.push(SourceFile::new(&name, &text));
            }
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

/// The catalogue and packs of the repository, which must be without fault.
pub(crate) fn library() -> (Library, Vec<SourceFile>) {
    let packs = below("packs");
    let (library, diagnostics) = Library::load(&below("catalog"), &packs);
    assert_eq!(diagnostics, [], "the catalogue and packs load");
    (library, packs)
}

/// A small library for tests of the machinery.
pub(crate) fn small_library() -> Library {
    let (library, diagnostics) = Library::load(&[catalog()], &pack());
    assert_eq!(diagnostics, []);
    library
}

pub(crate) fn catalog() -> SourceFile {
    SourceFile::new(
        "catalog/t.toml",
        r#"
[[fact]]
key = "org.name"
type = "text"
title = "Name"
per = "organisation"
[[fact]]
key = "org.markets"
type = "choices"
title = "Markets"
per = "organisation"
values = { us = "US", eu = "EU" }
[[fact]]
key = "system.name"
type = "text"
title = "Name"
[[fact]]
key = "system.markets"
type = "choices"
title = "Markets"
falls-back-to = "org.markets"
values = { us = "US", eu = "EU" }
[[fact]]
key = "a.yes"
type = "bool"
title = "Yes"
question = "Is it yes?"
[[fact]]
key = "a.kind"
type = "choice"
title = "Kind"
values = { red = "Red", blue = "Blue" }
[[fact]]
key = "a.done"
type = "bool"
title = "Done"
[[fact]]
key = "a.parts"
type = "records"
title = "Parts"
[[fact.field]]
key = "signed"
type = "bool"
title = "Signed"
[[fact]]
key = "performance.traits"
type = "choices"
title = "Traits"
measured-by = "bias"
values = { sex = "Sex", race = "Race", age = "Age" }
[[fact]]
key = "disparity.equalized-odds-difference"
type = "estimate"
title = "Equalized odds difference"
per = "attribute"
measured-by = "bias"
[[fact]]
key = "group.rows"
type = "integer"
title = "Rows"
per = "group"
measured-by = "bias"
"#,
    )
}

pub(crate) fn pack() -> Vec<SourceFile> {
    vec![
        SourceFile::new(
            "t/pack.toml",
            r#"
id = "t"
title = "Test Act"
jurisdiction = "US"
edition = "first"
source = "none"
evidence-date = 2026-11-24
earliest = 2025-01-01
limits = "everything"
applies = '"us" in system.markets'
"#,
        ),
        SourceFile::new(
            "t/requirements.toml",
            r#"
[[requirement]]
id = "now"
citation = "Test Act, s. 1"
title = "Now"
asks = "Do it."
confidence = "recalled"
status = [{ is = "in-force", from = 2020-01-01 }]
[[requirement]]
id = "later"
citation = "Test Act, s. 2"
title = "Later"
asks = "Do it later."
confidence = "recalled"
status = [{ is = "in-force", from = 2027-12-02 }]
"#,
        ),
        SourceFile::new(
            "t/classification.toml",
            r#"
[[classification]]
id = "class"
title = "Which class?"
headline = true
[classification.values]
high = "High"
low = "Low"
[[classification.answer]]
value = "high"
when = 'a.yes && a.kind == "red"'
because = "It is a red yes."
cites = ["now"]
[[classification.answer]]
value = "low"
when = '!a.yes || a.kind == "blue"'
because = "It is not."
cites = ["now"]
"#,
        ),
        SourceFile::new(
            "t/rules.toml",
            r#"
[[rule]]
id = "undone"
title = "Done"
serves = ["now"]
severity = "high"
applies = 't.class == "high"'
check = 'a.done'
message = "It is not done: {a.kind}."
met = "It is done."
remedy = "Do it."
[rule.explanation]
what = "a"
why = "b"
evidence = "c"
limits = "d"
[[rule]]
id = "undone-later"
title = "Done later"
serves = ["later"]
severity = "high"
check = 'a.done'
message = "It is not done."
met = "It is done."
remedy = "Do it."
[rule.explanation]
what = "a"
why = "b"
evidence = "c"
limits = "d"
[[rule]]
id = "wide-gap"
title = "Gap"
serves = ["now"]
severity = "high"
per = "attribute"
check = 'disparity.equalized_odds_difference.low <= 0.1'
message = "The gap is {disparity.equalized-odds-difference}."
met = "The gap is small."
remedy = "Close it."
[rule.explanation]
what = "a"
why = "b"
evidence = "c"
limits = "d"
[[rule]]
id = "small-group"
title = "Group"
serves = ["now"]
severity = "low"
per = "group"
check = 'group.rows >= 100'
message = "The group has {group.rows} rows."
met = "It is large."
remedy = "Gather more."
[rule.explanation]
what = "a"
why = "b"
evidence = "c"
limits = "d"
"#,
        ),
    ]
}

pub(crate) const PROJECT: &str = "[org]\nname = \"Riverbend\"\nmarkets = [\"us\"]\n";

/// Loads a project that must be without fault.
pub(crate) fn project(world: &Memory, library: &Library) -> Project {
    let (project, diagnostics) = load_project(world, library);
    assert_eq!(diagnostics, []);
    project.expect("a project without fault is a project")
}

/// The diagnostics of a project with faults.
pub(crate) fn faults(files: &[(&str, &str)]) -> Vec<Diagnostic> {
    load_project(&Memory::with(files), &small_library()).1
}
