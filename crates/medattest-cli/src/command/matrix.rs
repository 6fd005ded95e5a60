//! `matrix`: systems by regimes, requirements by regimes, and what is shared.

use std::path::Path;

use medattest_core::{Assessment, Crosswalk, Library};
use medattest_docs::{Tone, html, matrix, matrix_sheets, sheet_csv, standing, workbook};

use super::{Stop, Text, assessed, check_packs, library, print, print_json};
use crate::arguments::{MatrixOptions, MatrixPart, Plain};
use crate::terminal::{BAD, BOLD, DIM, GOOD, UNSURE, clean};
use crate::world::today;
use crate::write::write_whole;

pub(crate) fn run(options: &MatrixOptions) -> Result<u8, Stop> {
    let on = &options.on;
    let as_of = on.as_of.unwrap_or_else(today);
    for path in &options.write {
        kind(path)?;
    }
    let (library, run) = if on.project.join("medattest.toml").is_file() {
        let (opened, run) = assessed(on)?;
        (opened.library, Some(run))
    } else {
        (library(&on.project)?.0, None)
    };
    check_packs(&library, &options.pack, "--pack")?;
    let wanted: Vec<String> = match (&run, options.pack.is_empty()) {
        (Some(run), true) => run.packs.iter().map(|pack| pack.id.clone()).collect(),
        _ => options.pack.clone(),
    };
    let crosswalk = Crosswalk::of(&library, &wanted, as_of);
    for path in &options.write {
        let content = match kind(path)? {
            Kind::Html => html(&matrix(run.as_ref(), &crosswalk, &library.catalog)).into_bytes(),
            Kind::Csv => {
                let sheets = matrix_sheets(run.as_ref(), &crosswalk, &library.catalog);
                let wanted = match options.part {
                    MatrixPart::Requirements => "Requirements",
                    MatrixPart::Topics => "Topics",
                    MatrixPart::Evidence => "Evidence",
                    MatrixPart::Systems => "Systems",
                };
                let sheet = sheets.iter().find(|sheet| sheet.name == wanted).ok_or_else(|| {
                    Stop::usage("--part", "there are no systems without a project", "name the folder of a project")
                })?;
                sheet_csv(sheet).into_bytes()
            }
            Kind::Workbook => {
                workbook(&matrix_sheets(run.as_ref(), &crosswalk, &library.catalog)).map_err(|error| {
                    Stop::usage(&path.display().to_string(), error.to_string(), "write .html or .csv")
                })?
            }
        };
        write_whole(path, &content)?;
    }
    match options.format {
        Plain::Json => print_json(&as_json(run.as_ref(), &crosswalk))?,
        Plain::Terminal => print(&shown(run.as_ref(), &crosswalk, &library))?,
    }
    Ok(0)
}

enum Kind {
    Html,
    Csv,
    Workbook,
}

fn kind(path: &Path) -> Result<Kind, Stop> {
    match path.extension().map(|end| end.to_string_lossy().to_ascii_lowercase()).as_deref() {
        Some("html") => Ok(Kind::Html),
        Some("csv") => Ok(Kind::Csv),
        Some("xlsx") => Ok(Kind::Workbook),
        _ => Err(Stop::usage(
            &path.display().to_string(),
            "the kind of file cannot be told from its name",
            "use .html, .xlsx or .csv",
        )),
    }
}

fn as_json(run: Option<&Assessment>, crosswalk: &Crosswalk) -> serde_json::Value {
    let systems: Vec<_> = run
        .iter()
        .flat_map(|run| &run.systems)
        .map(|system| {
            let regimes: serde_json::Map<String, serde_json::Value> = standing(system)
                .into_iter()
                .map(|(pack, cell)| {
                    let cell = serde_json::json!({
                        "conclusions": cell.conclusions, "met": cell.met, "not-met": cell.not_met,
                        "unknown": cell.unknown,
                    });
                    (pack.to_owned(), cell)
                })
                .collect();
            serde_json::json!({ "system": system.id, "name": system.name, "regimes": regimes })
        })
        .collect();
    let requirements: Vec<_> = crosswalk
        .requirements
        .iter()
        .map(|requirement| {
            serde_json::json!({
                "stand": requirement.stand, "asks": requirement.asks, "topics": requirement.topics,
                "facts": requirement.facts, "shared-with": requirement.shared_with,
            })
        })
        .collect();
    let facts: Vec<_> = crosswalk
        .facts
        .iter()
        .map(|fact| serde_json::json!({ "fact": fact.key, "packs": fact.packs, "requirements": fact.requirements }))
        .collect();
    let packs: Vec<_> = crosswalk
        .packs
        .iter()
        .map(|pack| {
            serde_json::json!({
                "pack": pack.pack, "title": pack.title, "jurisdiction": pack.jurisdiction,
                "evidence-date": pack.evidence_date.to_string(), "verified": pack.verified,
                "secondary": pack.secondary, "recalled": pack.recalled, "rules": pack.rules,
                "classifications": pack.classifications, "duties": pack.duties,
            })
        })
        .collect();
    serde_json::json!({
        "format": "medattest-matrix-v1", "as-of": crosswalk.as_of.to_string(), "systems": systems, "packs": packs,
        "requirements": requirements, "facts": facts,
    })
}

fn shown(run: Option<&Assessment>, crosswalk: &Crosswalk, library: &Library) -> String {
    let mut text = Text::new();
    let shared = crosswalk.requirements.iter().filter(|requirement| requirement.is_shared()).count();
    text.line(&format!(
        "{BOLD}{} requirements of {} packs on {}{BOLD:#}; evidence for {shared} counts elsewhere too",
        crosswalk.requirements.len(),
        crosswalk.packs.len(),
        crosswalk.as_of
    ));
    for system in run.iter().flat_map(|run| &run.systems) {
        text.heading(&clean(&system.name));
        for (pack, cell) in standing(system) {
            if cell.is_empty() && cell.conclusions.is_empty() {
                continue;
            }
            let style = match cell.tone() {
                Tone::Bad => BAD,
                Tone::Unsure => UNSURE,
                Tone::Good | Tone::Plain => GOOD,
            };
            let counts = format!("{} met, {} not met, {} unknown", cell.met, cell.not_met, cell.unknown);
            text.tagged(style, pack, 18, &clean(&counts));
            if !cell.conclusions.is_empty() {
                text.styled(21, DIM, &clean(&cell.conclusions.join(", ")));
            }
        }
    }
    text.heading("Topics");
    for topic in library.catalog.topics() {
        let by = crosswalk.topic(&topic.id);
        let all: usize = by.values().map(Vec::len).sum();
        if all > 0 {
            text.line(&format!("  {:<46} {all:>4} requirements in {:>2} packs", topic.title, by.len()));
        }
    }
    let several: Vec<_> = crosswalk.facts.iter().filter(|fact| fact.packs.len() > 1).collect();
    if !several.is_empty() {
        text.heading("Evidence that counts in most packs");
        for fact in several.iter().take(12) {
            text.tagged(BOLD, &fact.packs.len().to_string(), 3, &format!("{} ({})", fact.title, fact.key));
            text.styled(6, DIM, &fact.packs.join(", "));
        }
    }
    text.line("");
    text.styled(2, DIM, "--write matrix.html, .xlsx or .csv holds every requirement.");
    text.into_string()
}
