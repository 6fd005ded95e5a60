//! `classify`: what each system is, from stated facts alone.

use std::collections::BTreeMap;

use medattest_core::output::json;
use medattest_core::{Conclusion, ConclusionOutcome, classify};

use super::{Stop, Text, check_systems, open, print, print_json};
use crate::arguments::{Plain, ProjectOptions};
use crate::terminal::{BOLD, DIM, UNSURE, clean};
use crate::world::today;

pub(crate) fn run(options: &ProjectOptions) -> Result<u8, Stop> {
    let opened = open(&options.on.project, options.on.data.as_ref(), true)?;
    check_systems(&opened.project, &options.on.system)?;
    let as_of = options.on.as_of.unwrap_or_else(today);
    let wanted = |id: &String| options.on.system.is_empty() || options.on.system.contains(id);
    let mut text = Text::new();
    let mut systems: BTreeMap<&str, Vec<json::ConclusionV1>> = BTreeMap::new();
    for system in opened.project.systems.iter().filter(|system| wanted(&system.id)) {
        let conclusions = classify(&opened.library, &opened.project, system, as_of).map_err(Stop)?;
        if options.format == Plain::Json {
            systems.insert(&system.id, conclusions.iter().map(json::conclusion).collect());
        } else {
            text.heading(&system.id);
            let mut ordered: Vec<&Conclusion> = conclusions.iter().collect();
            ordered.sort_by_key(|c| (c.pack.clone(), !c.headline));
            for conclusion in ordered {
                show(&mut text, conclusion);
            }
        }
    }
    match options.format {
        Plain::Json => {
            print_json(&ClassificationV1 {
                format: "medattest-classification-v1",
                as_of: as_of.to_string(),
                systems,
            })?;
        }
        Plain::Terminal => print(&text.into_string())?,
    }
    Ok(0)
}

/// What `--format json` writes.
#[derive(serde::Serialize)]
#[serde(rename_all = "kebab-case")]
struct ClassificationV1<'a> {
    format: &'static str,
    as_of: String,
    systems: BTreeMap<&'a str, Vec<json::ConclusionV1>>,
}

fn show(text: &mut Text, conclusion: &Conclusion) {
    let id = format!("{}.{}", conclusion.pack, conclusion.id);
    match &conclusion.outcome {
        _ if !conclusion.reached() => return,
        ConclusionOutcome::Known(value) => text.line(&format!("  {id:<34} {BOLD}{value}{BOLD:#}")),
        ConclusionOutcome::Unknown { could_be } => {
            text.tagged(UNSURE, &id, 34, &format!("unknown: {}", could_be.join(" or ")));
        }
    }
    if !conclusion.headline {
        return;
    }
    text.paragraph(4, &clean(&conclusion.because));
    if let Some(contested) = &conclusion.contested {
        text.styled(4, UNSURE, &clean(&format!("Contested: {contested}")));
    }
    let read: Vec<String> = conclusion.facts.iter().map(|f| format!("{}: {}", f.key, f.shown())).collect();
    if !read.is_empty() {
        text.styled(4, DIM, &clean(&format!("read: {}", read.join("; "))));
    }
    for cited in &conclusion.citations {
        let status = cited.status.map_or_else(|| "does not concern this system".to_owned(), |s| s.to_string());
        text.styled(4, DIM, &clean(&format!("{} ({status}; {})", cited.citation, cited.confidence)));
    }
    if !conclusion.missing.is_empty() {
        text.styled(4, UNSURE, &format!("missing: {}", conclusion.missing.join(", ")));
    }
}
