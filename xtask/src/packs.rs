//! Checks the catalogue and packs on disk, runs their scenarios, and keeps their revisions honest.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use medattest_core::{Library, SourceFile, lint, run_scenarios};

use crate::{files_below, say};

/// Pack, revision and digest, as last recorded.
const LOCK: &str = "packs/revisions.lock";

pub(crate) fn run(root: &Path, filter: Option<&str>) -> ExitCode {
    let faults = faults(library(root), filter).1;
    for fault in &faults {
        say(fault);
    }
    if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The catalogue and packs on disk.
pub(crate) fn library(root: &Path) -> (Library, Vec<SourceFile>, Vec<String>) {
    let packs = files_below(root, "packs");
    let (library, diagnostics) = Library::load(&files_below(root, "catalog"), &packs);
    (library, packs, diagnostics.iter().map(ToString::to_string).collect())
}

/// Everything wrong with the catalogue, the packs and their scenarios; with the library that was looked at.
pub(crate) fn faults(
    loaded: (Library, Vec<SourceFile>, Vec<String>),
    filter: Option<&str>,
) -> (Library, Vec<String>) {
    let (library, files, mut faults) = loaded;
    let wanted = |name: &str| filter.is_none_or(|filter| name.contains(filter));
    let scenarios: Vec<SourceFile> = files
        .into_iter()
        .filter(|f| f.name.ends_with(".md") && !f.name.ends_with("README.md") && wanted(&f.name))
        .collect();
    let (report, mistakes) = run_scenarios(&library, &scenarios);
    faults.extend(mistakes.iter().map(ToString::to_string));
    for failure in &report.failures {
        faults.push(format!(
            "{}: [{}] {} = {} expected, got {}",
            failure.place, failure.scenario, failure.what, failure.expected, failure.got
        ));
    }
    say(&format!("{} scenarios, {} expectations", report.scenarios, report.expectations));
    if filter.is_none() {
        let day = jiff::civil::Date::MIN;
        let lints = library.packs.iter().flat_map(|pack| lint(&library, pack, &report, day));
        faults.extend(lints.filter(|lint| lint.is_fault).map(|lint| format!("{}: {}", lint.what, lint.message)));
    }
    (library, faults)
}

fn recorded(root: &Path) -> BTreeMap<String, (u32, String)> {
    let text = std::fs::read_to_string(root.join(LOCK)).unwrap_or_default();
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let (id, revision, digest) = (words.next()?, words.next()?.parse().ok()?, words.next()?);
            Some((id.to_owned(), (revision, digest.to_owned())))
        })
        .collect()
}

/// Packs whose content is not what was recorded for their revision.
pub(crate) fn revision_faults(root: &Path, library: &Library) -> Vec<String> {
    let recorded = recorded(root);
    library
        .packs
        .iter()
        .filter(|pack| recorded.get(&pack.id) != Some(&(pack.revision, pack.digest.clone())))
        .map(|pack| {
            format!(
                "{}: content differs from {LOCK}; raise `revision` in pack.toml and run `cargo xtask lock`",
                pack.id
            )
        })
        .collect()
}

/// Records the digest of every pack that is new or whose revision was raised.
pub(crate) fn lock(root: &Path) -> ExitCode {
    let (library, _, _) = library(root);
    let known = recorded(root);
    let mut lines = String::new();
    let mut refused = false;
    for pack in library.packs.iter() {
        if let Some((revision, digest)) = known.get(&pack.id)
            && *digest != pack.digest
            && *revision >= pack.revision
        {
            say(&format!("{}: content changed since revision {revision}; raise `revision` in pack.toml", pack.id));
            refused = true;
            continue;
        }
        lines.push_str(&format!("{} {} {}\n", pack.id, pack.revision, pack.digest));
    }
    if refused {
        return ExitCode::FAILURE;
    }
    match std::fs::write(root.join(LOCK), lines) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("{LOCK}: {error}"));
            ExitCode::FAILURE
        }
    }
}
