//! Repository chores: what the compiler cannot check.

mod deid;
mod figures;
mod monitor;
mod packs;
mod schema;
mod table;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use medattest_core::SourceFile;

const USAGE: &str = "\
usage: cargo xtask COMMAND
  tidy            everything the compiler cannot check; run by .ci/run
  packs [FILTER]  check the catalogue and packs, and run their scenarios
  schema          write schemas/*.json anew
  table           write docs/packs.md anew
  lock            record the digests of packs whose revision was raised
  monitor simulate
                  false alarms and delays of the defaults, on simulated shifts
  deid train      train the tagger on generated notes, anew and always alike
  deid eval [--lists] [--faults N] [FILE]
                  score held-out generated notes, or a labelled file
  deid speed FILE  how fast a text is searched, layer by layer
  deid notes FILE TIMES
                  write held-out generated notes as labelled JSON lines";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let root = root();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["tidy"] => tidy::run(&root),
        ["packs", rest @ ..] => packs::run(&root, rest.first().copied()),
        ["schema"] => schema::write(&root),
        ["table"] => table::write(&root),
        ["lock"] => packs::lock(&root),
        ["monitor", "simulate"] => monitor::simulate(),
        ["deid", "train"] => deid::train_tagger(&root),
        ["deid", "notes", file, times] => deid::write_notes(&root, file, times.parse().unwrap_or(1)),
        ["deid", "speed", file] => deid::speed(&root, file),
        ["deid", "eval", rest @ ..] => {
            let faults =
                rest.iter().skip_while(|a| **a != "--faults").nth(1).and_then(|n| n.parse().ok()).unwrap_or(0);
            let file = rest
                .iter()
                .enumerate()
                .find(|(at, a)| !a.starts_with("--") && (*at == 0 || rest[at - 1] != "--faults"));
            deid::evaluate(&root, rest.contains(&"--lists"), file.map(|(_, file)| *file), faults)
        }
        _ => {
            say(USAGE);
            ExitCode::from(2)
        }
    }
}

/// The root of the repository that cargo runs in, or of the one this was built in.
pub(crate) fn root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&package).join("..")
}

#[allow(clippy::print_stdout, reason = "a command line tool of the repository")]
pub(crate) fn say(line: &str) {
    println!("{line}");
}

/// Every text file below a folder of the repository, named relative to it, sorted.
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
