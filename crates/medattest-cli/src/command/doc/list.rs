//! Which papers there are, for whom, and how complete.

use medattest_core::{Owed, SystemAssessment, Template};
use medattest_docs::{fits, owed, paper};

use super::Papers;
use crate::arguments::{PapersOf, Plain};
use crate::command::{Stop, Text, print, print_json};
use crate::terminal::{BAD, DIM, GOOD, UNSURE, clean};

/// One paper for one subject.
struct Line<'a> {
    template: &'a Template,
    system: Option<&'a SystemAssessment>,
    owed: Owed,
    answered: usize,
    items: usize,
    open: usize,
}

pub(super) fn run(systems: &[String], only_owed: bool, of: &PapersOf, format: Plain) -> Result<u8, Stop> {
    let papers = Papers::of(of, systems)?;
    let mut lines = Vec::new();
    let subjects: Vec<Option<&SystemAssessment>> =
        std::iter::once(None).chain(papers.run.systems.iter().map(Some)).collect();
    for system in subjects {
        for template in papers.templates.iter().filter(|template| fits(template, system)) {
            let owed = system.map_or(Owed::Voluntary, |system| owed(template, &papers.run, system));
            if only_owed && !matches!(owed, Owed::Yes | Owed::Unknown(_)) {
                continue;
            }
            let paper = paper(template, papers.material(), system);
            let (answered, items) = paper.complete();
            lines.push(Line { template, system, owed, answered, items, open: paper.manifest.open.len() });
        }
    }
    match format {
        Plain::Json => print_json(&as_json(&lines))?,
        Plain::Terminal => print(&shown(&lines))?,
    }
    Ok(0)
}

fn word(owed: &Owed) -> &'static str {
    match owed {
        Owed::Yes => "owed",
        Owed::No => "not owed",
        Owed::Unknown(_) => "perhaps owed",
        Owed::Voluntary => "",
    }
}

fn shown(lines: &[Line<'_>]) -> String {
    let mut text = Text::new();
    let mut last: Option<Option<&str>> = None;
    for line in lines {
        let subject = line.system.map(|system| system.id.as_str());
        if last != Some(subject) {
            text.heading(&clean(line.system.map_or("About the organisation", |system| system.name.as_str())));
            last = Some(subject);
        }
        let share = 100 * line.answered / line.items.max(1);
        let style = match (&line.owed, line.open) {
            (_, 0) => GOOD,
            (Owed::Yes, _) => BAD,
            (Owed::Unknown(_), _) => UNSURE,
            _ => DIM,
        };
        text.tagged(
            style,
            &format!("{share} %"),
            6,
            &clean(&format!("{}: {}", line.template.id, line.template.title)),
        );
        let owed = word(&line.owed);
        let owed = if owed.is_empty() { String::new() } else { format!("; {owed}") };
        text.styled(
            9,
            DIM,
            &clean(&format!("for {}{owed}; {} of {} items", line.template.readers, line.answered, line.items)),
        );
    }
    text.line("");
    text.styled(2, DIM, "medattest doc render ID --system SYSTEM --write FILE.pdf writes one.");
    text.into_string()
}

fn as_json(lines: &[Line<'_>]) -> serde_json::Value {
    let papers: Vec<_> = lines
        .iter()
        .map(|line| {
            serde_json::json!({
                "template": line.template.id, "title": line.template.title, "readers": line.template.readers,
                "system": line.system.map(|system| system.id.as_str()),
                "owed": match &line.owed {
                    Owed::Yes => "yes", Owed::No => "no", Owed::Unknown(_) => "unknown", Owed::Voluntary => "voluntary",
                },
                "items": line.items, "answered": line.answered, "open": line.open,
            })
        })
        .collect();
    serde_json::json!({ "format": "medattest-papers-v1", "papers": papers })
}
