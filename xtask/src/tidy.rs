//! What must hold of the repository and what no compiler says.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, ExitCode};

use medattest_core::{Library, Template, load_templates};
use serde_json::Value;

use crate::{figures, files_below, packs, say, schema, table};

/// A file longer than this holds more than one concept.
const LONGEST_FILE: usize = 600;

/// Heavy crates and the only crates of ours that may depend on them.
const WALLS: [(&str, &[&str]); 10] = [
    ("datafusion", &["medattest-data"]),
    ("tokio", &["medattest-data"]),
    ("clap", &["medattest-cli"]),
    ("cel", &["medattest-core"]),
    ("rust_xlsxwriter", &["medattest-docs"]),
    ("candle-core", &["medattest-transformer"]),
    ("typst", &["medattest-pdf"]),
    ("typst-pdf", &["medattest-pdf"]),
    ("zip", &["medattest-docs"]),
    ("regex-automata", &["medattest-deid"]),
];

/// Which of our crates a crate of ours may depend on.
const LAYERS: [(&str, &[&str]); 9] = [
    ("medattest-metrics", &[]),
    ("medattest-deid", &[]),
    ("medattest-transformer", &[]),
    ("medattest-core", &["medattest-metrics", "medattest-deid"]),
    ("medattest-docs", &["medattest-core", "medattest-metrics", "medattest-deid"]),
    ("medattest-data", &["medattest-core", "medattest-metrics"]),
    ("medattest-pdf", &["medattest-core", "medattest-deid", "medattest-docs"]),
    (
        "medattest-cli",
        &[
            "medattest-core",
            "medattest-metrics",
            "medattest-docs",
            "medattest-pdf",
            "medattest-data",
            "medattest-deid",
            "medattest-transformer",
        ],
    ),
    ("xtask", &["medattest-core", "medattest-deid", "medattest-docs", "medattest-metrics"]),
];

pub(crate) fn run(root: &Path) -> ExitCode {
    let (library, mut faults) = packs::faults(packs::library(root), None);
    faults.extend(packs::revision_faults(root, &library));
    faults.extend(figures::faults(root));
    faults.extend(schema::stale(root, &library));
    faults.extend(table::stale(root, &library));
    faults.extend(templates(root, &library));
    faults.extend(paths_in_architecture(root));
    faults.extend(walls(root));
    faults.extend(sources(root));
    for fault in &faults {
        say(fault);
    }
    say(&format!("tidy: {} faults", faults.len()));
    if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Templates load, and every fact that only papers need is on one.
fn templates(root: &Path, library: &Library) -> Vec<String> {
    let (templates, mistakes) = load_templates(&files_below(root, "templates"), library);
    let mut faults: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    let used: BTreeSet<&str> = templates.iter().flat_map(Template::facts).collect();
    for file in files_below(root, "catalog").iter().filter(|file| file.name.contains("/papers-")) {
        let keys = file.text.lines().filter_map(|line| line.strip_prefix("key = \"")?.strip_suffix('"'));
        let unread = keys.filter(|key| key.contains('.') && !used.contains(key) && !READ_BY_CODE.contains(key));
        faults.extend(unread.map(|key| format!("{}: no template has `{key}`", file.name)));
    }
    faults
}

/// Facts of papers that documents read of themselves: their control block, the forms of other programs, impact assessments.
const READ_BY_CODE: [&str; 4] = ["paper.version", "paper.status", "paper.approvals", "impact.answers"];

/// Every path that ARCHITECTURE.md names in backticks exists.
fn paths_in_architecture(root: &Path) -> Vec<String> {
    let Ok(text) = std::fs::read_to_string(root.join("ARCHITECTURE.md")) else {
        return vec!["ARCHITECTURE.md: missing".to_owned()];
    };
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| word.contains('/') && !word.contains([' ', '*', '<', '$']) && !word.starts_with(['.', '-']))
        .filter(|word| {
            [
                "crates/",
                "catalog/",
                "packs/",
                "templates/",
                "recognizers/",
                "examples/",
                "xtask/",
                "schemas/",
                "benches/",
            ]
            .iter()
            .any(|p| word.starts_with(p))
        })
        .filter(|word| !root.join(word).exists())
        .map(|word| format!("ARCHITECTURE.md: `{word}` does not exist"))
        .collect()
}

/// Crates depend on each other and on heavy crates only as declared here.
fn walls(root: &Path) -> Vec<String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .current_dir(root)
        .output()
        .ok()
        .and_then(|output| serde_json::from_slice::<Value>(&output.stdout).ok());
    let Some(metadata) = output else { return vec!["cargo metadata: no answer".to_owned()] };
    let mut faults = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        let Some((_, allowed)) = LAYERS.iter().find(|(layer, _)| *layer == name) else {
            faults.push(format!("{name}: a crate without a place in the layers of xtask/src/tidy.rs"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let on = dependency["name"].as_str().unwrap_or_default();
            if on.starts_with("medattest-") && !allowed.contains(&on) {
                faults.push(format!("{name}: may not depend on {on}"));
            }
            let walled = WALLS.iter().find(|(heavy, _)| *heavy == on);
            if walled.is_some_and(|(_, only)| !only.contains(&name)) {
                faults.push(format!("{name}: {on} stays behind its wall"));
            }
        }
    }
    faults
}

/// Sources are short, and nothing speaks of one machine.
fn sources(root: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    let folders = ["crates", "xtask", "catalog", "packs", "templates", "recognizers", "examples", "benches"];
    let machine: BTreeSet<String> =
        ["root", "home", "work", "Users"].iter().map(|folder| format!("/{folder}/")).collect();
    for file in folders.iter().flat_map(|folder| files_below(root, folder)) {
        let lines = file.text.lines().count();
        if file.name.ends_with(".rs") && lines > LONGEST_FILE {
            faults.push(format!("{}: {lines} lines; at most {LONGEST_FILE}", file.name));
        }
        for (number, line) in file.text.lines().enumerate() {
            let path =
                machine.iter().find(|path| line.contains(&format!("\"{path}")) || line.contains(&format!(" {path}")));
            if let Some(path) = path {
                faults.push(format!("{}:{}: a path of one machine ({path}…)", file.name, number + 1));
            }
        }
    }
    faults
}
