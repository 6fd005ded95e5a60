//! Checks the catalogue and packs on disk and runs their scenarios.

use std::path::Path;
use std::process::ExitCode;

use medattest_core::{Library, SourceFile, run_scenarios};

use crate::say;

pub(crate) fn run(root: &Path, filter: Option<&str>) -> ExitCode {
    let wanted = |name: &str| filter.is_none_or(|filter| name.contains(filter));
    let files = files_below(root, "catalog").into_iter().chain(files_below(root, "packs")).collect::<Vec<_>>();
    let (catalog, packs): (Vec<_>, Vec<_>) = files.into_iter().partition(|f| f.name.starts_with("catalog/"));
    let (library, diagnostics) = Library::load(&catalog, &packs);
    for diagnostic in &diagnostics {
        say(&diagnostic.to_string());
    }
    let scenarios: Vec<SourceFile> = packs
        .into_iter()
        .filter(|f| f.name.ends_with(".md") && !f.name.ends_with("README.md") && wanted(&f.name))
        .collect();
    let (report, mistakes) = run_scenarios(&library, &scenarios);
    for diagnostic in &mistakes {
        say(&diagnostic.to_string());
    }
    for failure in &report.failures {
        say(&format!(
            "{}: [{}] {} = {} expected, got {}",
            failure.place, failure.scenario, failure.what, failure.expected, failure.got
        ));
    }
    say(&format!(
        "{} scenarios, {} expectations, {} failures, {} diagnostics",
        report.scenarios,
        report.expectations,
        report.failures.len(),
        diagnostics.len() + mistakes.len()
    ));
    if report.failures.is_empty() && diagnostics.is_empty() && mistakes.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Every file below a folder of the repository, named relative to it, sorted.
pub(crate) fn files_below(root: &Path, folder: &str) -> Vec<SourceFile> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(root.join(&folder)) else { continue };
        for entry in entries.flatten() {
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
