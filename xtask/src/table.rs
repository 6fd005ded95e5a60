//! The published table of packs: how many requirements each has, by how well they were checked.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use jiff::civil::Date;
use medattest_core::{Crosswalk, Library};

use crate::packs::library;
use crate::{files_below, say};

const FILE: &str = "docs/packs.md";

fn content(root: &Path, library: &Library) -> String {
    let packs = Crosswalk::of(library, &[], Date::MIN).packs;
    let mut text = "# Packs\n\nHow many requirements each pack has, by how well each was checked: on a primary source, on \
                    a secondary one, or recalled and not checked. Made by `cargo xtask table`.\n\n\
                    | pack | title | primary | secondary | recalled | rules | classifications | duties to report | evidence of |\n\
                    | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n"
        .to_owned();
    let mut sums = [0; 6];
    for pack in &packs {
        let row = [pack.verified, pack.secondary, pack.recalled, pack.rules, pack.classifications, pack.duties];
        for (sum, n) in sums.iter_mut().zip(row) {
            *sum += n;
        }
        let cells: Vec<String> = row.iter().map(ToString::to_string).collect();
        let _ =
            writeln!(text, "| `{}` | {} | {} | {} |", pack.pack, pack.title, cells.join(" | "), pack.evidence_date);
    }
    let cells: Vec<String> = sums.iter().map(ToString::to_string).collect();
    let _ = writeln!(text, "| all | {} packs | {} | |", packs.len(), cells.join(" | "));
    let known = |folder: &str| {
        let files = files_below(root, folder);
        let cases =
            files.iter().map(|file| file.text.lines().filter(|line| line.starts_with("## ")).count()).sum::<usize>();
        (files.len(), cases)
    };
    let ((systems, settings), (stories, incidents)) = (known("packs/known-systems"), known("packs/known-incidents"));
    let _ = writeln!(
        text,
        "\nKnown answers with their reasoning: {systems} systems in {settings} settings, {incidents} incidents in {stories} files."
    );
    text
}

pub(crate) fn write(root: &Path) -> ExitCode {
    match std::fs::write(root.join(FILE), content(root, &library(root).0)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("{FILE}: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// The table is not what the packs say.
pub(crate) fn stale(root: &Path, library: &Library) -> Vec<String> {
    let same = std::fs::read_to_string(root.join(FILE)).ok().is_some_and(|text| text == content(root, library));
    if same { Vec::new() } else { vec![format!("{FILE}: out of date; run `cargo xtask table`")] }
}
