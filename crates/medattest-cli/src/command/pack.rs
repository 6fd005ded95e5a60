//! `pack list`, `new`, `lint` and `test`.

use std::path::Path;

use medattest_core::{Library, SourceFile, lint, run_scenarios};

use super::{Stop, Text, check_packs, library, print};
use crate::arguments::{PackCommand, PackOptions};
use crate::terminal::{BAD, BOLD, DIM, GOOD, UNSURE, clean};
use crate::world::today;
use crate::write::{make_folder, write_whole};

/// A scenario did not come out as expected.
const FAILED: u8 = 1;

pub(crate) fn run(options: &PackOptions) -> Result<u8, Stop> {
    match &options.command {
        PackCommand::List { rules, project } => {
            let (library, _) = library(project)?;
            let mut text = Text::new();
            for pack in library.packs.iter() {
                text.line(&format!("{BOLD}{}{BOLD:#}  {} ({})", pack.id, pack.title, pack.jurisdiction));
                text.paragraph(2, &pack.edition);
                text.styled(
                    2,
                    DIM,
                    &format!(
                        "revision {}, evidence of {}; {} requirements, {} classifications, {} rules",
                        pack.revision,
                        pack.evidence_date,
                        pack.requirements.len(),
                        pack.classifications.len(),
                        pack.rules.len()
                    ),
                );
                for rule in pack.rules.iter().filter(|_| *rules) {
                    text.tagged(DIM, &rule.severity.to_string(), 8, &format!("{}: {}", rule.id, rule.title));
                }
            }
            print(&text.into_string())?;
            Ok(0)
        }
        PackCommand::New { id, folder } => new(id, folder),
        PackCommand::Lint { pack, advice, project } => {
            let (library, files) = library(project)?;
            look_over(&library, files, pack.as_deref(), *advice)
        }
        PackCommand::Test { filter, project } => {
            let (library, files) = library(project)?;
            let scenarios = scenarios(files, filter.as_deref());
            let (report, mistakes) = run_scenarios(&library, &scenarios);
            if !mistakes.is_empty() {
                return Err(Stop(mistakes));
            }
            let mut text = Text::new();
            for failure in &report.failures {
                text.line(&format!("{BAD}fails{BAD:#} {BOLD}{}{BOLD:#} {}", failure.place, failure.scenario));
                text.paragraph(6, &format!("{}: expected {}, got {}", failure.what, failure.expected, failure.got));
            }
            let failed = report.failures.len();
            let style = if failed == 0 { GOOD } else { BAD };
            text.line(&format!(
                "{} scenarios, {} expectations, {style}{failed} failed{style:#}",
                report.scenarios, report.expectations
            ));
            print(&text.into_string())?;
            Ok(if failed == 0 { 0 } else { FAILED })
        }
    }
}

fn scenarios(files: Vec<SourceFile>, filter: Option<&str>) -> Vec<SourceFile> {
    let wanted = |file: &SourceFile| {
        let name = file.name.as_ref();
        name.ends_with(".md") && !name.ends_with("README.md") && filter.is_none_or(|filter| name.contains(filter))
    };
    files.into_iter().filter(wanted).collect()
}

fn look_over(library: &Library, files: Vec<SourceFile>, id: Option<&str>, advice: bool) -> Result<u8, Stop> {
    check_packs(library, id.map(str::to_owned).as_slice(), "pack lint")?;
    // Scenarios of other packs may show what this one concludes, so all are run where all are looked over.
    let filter = id.map(|id| format!("{id}/"));
    let (report, mistakes) = run_scenarios(library, &scenarios(files, filter.as_deref()));
    if !mistakes.is_empty() {
        return Err(Stop(mistakes));
    }
    let mut text = Text::new();
    let (mut faults, mut advices) = (0, 0);
    for pack in library.packs.iter().filter(|pack| id.is_none_or(|id| pack.id == id)) {
        for found in lint(library, pack, &report, today()) {
            if found.is_fault {
                faults += 1
            } else {
                advices += 1
            };
            if found.is_fault || advice {
                let (style, word) = if found.is_fault { (BAD, "fault") } else { (UNSURE, "advice") };
                text.tagged(style, word, 6, &clean(&format!("{}: {}", found.what, found.message)));
            }
        }
    }
    let style = if faults == 0 { GOOD } else { BAD };
    let more = if advice || advices == 0 { "" } else { "; --advice lists them" };
    text.line(&format!("{style}{faults} faults{style:#}, {advices} pieces of advice{more}"));
    print(&text.into_string())?;
    Ok(if faults == 0 { 0 } else { FAILED })
}

/// Files of a new pack: a policy of one's own with one duty, which loads and whose scenarios pass.
fn new(id: &str, folder: &Path) -> Result<u8, Stop> {
    let fits = id.starts_with(|c: char| c.is_ascii_lowercase())
        && id.len() <= 64
        && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !fits {
        return Err(Stop::usage(
            "pack new",
            format!("`{}` cannot be the id of a pack", clean(id)),
            "begin with a letter, and use small letters, digits and dashes",
        ));
    }
    let place = folder.join(id);
    if place.exists() {
        return Err(Stop::usage(&place.display().to_string(), "it exists already", "choose another id or folder"));
    }
    let filled = |text: &str| text.replace("%ID%", id).replace("%TODAY%", &today().to_string());
    let files = [
        ("pack.toml", include_str!("pack/pack.toml")),
        ("requirements.toml", include_str!("pack/requirements.toml")),
        ("rules.toml", include_str!("pack/rules.toml")),
        ("tests/validation-missing.md", include_str!("pack/scenario.md")),
    ];
    for (name, text) in files {
        let path = place.join(name);
        if let Some(parent) = path.parent() {
            make_folder(parent)?;
        }
        write_whole(&path, filled(text).as_bytes())?;
    }
    let shown = folder.display();
    print(&format!(
        "{} holds a pack that loads and passes its scenarios.\n\
         Switch it on in medattest.toml:\n  packs-from = [\"{shown}\"]\n\
         Then edit it, and run medattest pack test {id}; medattest pack lint {id}.\n",
        place.display()
    ))?;
    Ok(0)
}
