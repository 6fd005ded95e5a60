//! Whether what a paper says still holds, and what differs between two.

use std::path::Path;

use medattest_docs::{Manifest, Source, Staleness, stale};

use super::{Papers, manifest};
use crate::arguments::{PapersOf, Plain};
use crate::command::{Stop, Text, print, print_json};
use crate::terminal::{BAD, DIM, GOOD, UNSURE, clean};

/// Something does not hold, or differs.
const STALE: u8 = 1;

pub(super) fn check(file: &Path, of: &PapersOf, format: Plain) -> Result<u8, Stop> {
    let manifest = manifest(file)?;
    let papers = Papers::of(of, &[])?;
    if let Some(system) = &manifest.system {
        super::super::system(&papers.opened.project, system)?;
    }
    let organisation = &papers.opened.project.organisation;
    let found = stale(&manifest, organisation, &papers.run.systems, &papers.opened.library.catalog);
    match format {
        Plain::Json => print_json(&serde_json::json!({
            "format": "medattest-paper-check-v1", "template": manifest.template, "system": manifest.system,
            "paper-as-of": manifest.as_of, "as-of": papers.run.as_of, "sources": manifest.sources.len(),
            "stale": found.iter().map(|one| serde_json::json!({
                "number": one.number, "was": one.was, "is": one.is,
            })).collect::<Vec<_>>(),
        }))?,
        Plain::Terminal => print(&checked(&manifest, &found, &papers.run.as_of.to_string()))?,
    }
    Ok(if found.is_empty() { 0 } else { STALE })
}

fn checked(manifest: &Manifest, found: &[Staleness], today: &str) -> String {
    let mut text = Text::new();
    let about = manifest.system.as_ref().map(|system| format!(" of {system}")).unwrap_or_default();
    text.heading(&clean(&format!("{}{about}, as of {}", manifest.title, manifest.as_of)));
    let all = manifest.sources.len();
    if found.is_empty() {
        text.styled(2, GOOD, &format!("all {all} sources still say on {today} what the paper says"));
    } else {
        text.styled(2, BAD, &format!("{} of {all} sources do not say on {today} what the paper says", found.len()));
    }
    for one in found {
        let style = if one.is.is_some() { UNSURE } else { BAD };
        text.tagged(style, &format!("[{}]", one.number), 6, &clean(&named(&one.was)));
        text.styled(9, DIM, &clean(&format!("paper: {} ({})", brief(&one.was.value), one.was.known)));
        let now = match &one.is {
            Some(is) => format!("now:   {} ({})", brief(&is.value), is.known),
            None => "now:   not in the project any more".to_owned(),
        };
        text.styled(9, DIM, &clean(&now));
    }
    text.into_string()
}

fn named(source: &Source) -> String {
    let subject = if source.subject.is_empty() { String::new() } else { format!(" ({})", source.subject) };
    format!("{}{subject}: {}", source.key, source.title)
}

fn brief(value: &str) -> String {
    const MOST: usize = 160;
    if value.chars().count() > MOST {
        value.chars().take(MOST - 1).chain(['…']).collect()
    } else {
        value.to_owned()
    }
}

pub(super) fn diff(old: &Path, new: &Path, format: Plain) -> Result<u8, Stop> {
    let (old, new) = (manifest(old)?, manifest(new)?);
    let find = |all: &Manifest, one: &Source| all.sources.iter().find(|other| other.name() == one.name()).cloned();
    let changed: Vec<(Source, Source)> = old
        .sources
        .iter()
        .filter_map(|was| find(&new, was).filter(|is| is.sha256 != was.sha256).map(|is| (was.clone(), is)))
        .collect();
    let gone: Vec<&Source> = old.sources.iter().filter(|was| find(&new, was).is_none()).collect();
    let come: Vec<&Source> = new.sources.iter().filter(|is| find(&old, is).is_none()).collect();
    let closed: Vec<_> = old.open.iter().filter(|field| !new.open.contains(field)).collect();
    let opened: Vec<_> = new.open.iter().filter(|field| !old.open.contains(field)).collect();
    let same = changed.is_empty() && gone.is_empty() && come.is_empty() && closed.is_empty() && opened.is_empty();
    if format == Plain::Json {
        print_json(&serde_json::json!({
            "format": "medattest-paper-diff-v1",
            "changed": changed.iter().map(|(was, is)| serde_json::json!({ "was": was, "is": is })).collect::<Vec<_>>(),
            "gone": gone, "new": come, "filled": closed, "opened": opened,
        }))?;
        return Ok(if same { 0 } else { STALE });
    }
    let mut text = Text::new();
    text.heading(&clean(&format!("{} as of {} and {} as of {}", old.title, old.as_of, new.title, new.as_of)));
    if same {
        text.styled(2, GOOD, "they say the same");
    }
    for (was, is) in &changed {
        text.tagged(UNSURE, "changed", 8, &clean(&named(was)));
        text.styled(11, DIM, &clean(&format!("was: {} ({})", brief(&was.value), was.known)));
        text.styled(11, DIM, &clean(&format!("is:  {} ({})", brief(&is.value), is.known)));
    }
    for source in gone {
        text.tagged(BAD, "gone", 8, &clean(&named(source)));
    }
    for source in come {
        text.tagged(GOOD, "new", 8, &clean(&format!("{}: {}", named(source), brief(&source.value))));
    }
    for field in closed {
        text.tagged(GOOD, "filled", 8, &clean(&format!("{}: {}", field.key, field.question)));
    }
    for field in opened {
        text.tagged(BAD, "open", 8, &clean(&format!("{}: {}", field.key, field.question)));
    }
    print(&text.into_string())?;
    Ok(if same { 0 } else { STALE })
}
