//! Papers about incidents: what is owed, drafts of the reports, and the playbook for the day one happens.

use std::collections::{BTreeMap, BTreeSet};

use medattest_core::{
    Catalog, Cited, DutyOutcome, DutyState, FactSet, Form, Incident, IncidentAssessment, Library, Moment, Subject,
    VERSION,
};

use crate::document::{Block, Cell, Document, Inline, Tone, section, sub, table, text};

/// What an incident obliges to, as of an assessment. `overdue` are the duties whose last moment has passed.
pub fn incident_report(
    name: &str,
    incident: &Incident,
    assessment: &IncidentAssessment,
    library: &Library,
    overdue: &[String],
    head: &str,
) -> Document {
    let title = format!("Incident {name}");
    let owed: Vec<&DutyOutcome> = assessment.duties.iter().filter(|d| d.state == DutyState::Owed).collect();
    let sent = owed.iter().filter(|d| incident.sent.contains_key(&d.duty)).count();
    let open: Vec<&DutyOutcome> =
        assessment.duties.iter().filter(|d| matches!(d.state, DutyState::Unknown { .. })).collect();
    let tone = match (overdue.is_empty(), owed.len() == sent && open.is_empty()) {
        (false, _) => Tone::Bad,
        (true, true) => Tone::Good,
        (true, false) => Tone::Unsure,
    };
    let mut blocks = vec![
        Block::Heading { level: 1, text: text(&title), id: None },
        Block::Paragraph(vec![Inline::Small(format!(
            "System {}. Law as of {}. medattest {VERSION}. Record sealed by {head}.",
            assessment.system, assessment.as_of
        ))]),
        Block::Verdict {
            tone,
            title: format!("{} reports owed, {sent} sent, {} overdue", owed.len(), overdue.len()),
            text: text(format!("Facts are missing for {} more.", open.len())),
        },
        disclaimer(),
    ];
    if !owed.is_empty() {
        blocks.push(section("Reports owed", "owed"));
        blocks.push(duties(&owed, &incident.sent, overdue));
    }
    if !open.is_empty() {
        blocks.push(section("Open, because facts are missing", "open"));
        blocks.push(duties(&open, &incident.sent, overdue));
        blocks.push(sub("Facts that would decide"));
        blocks.push(questions(&library.catalog, &assessment.questions));
    }
    blocks.push(section("What is known", "known"));
    let rows = incident.facts.of(&Subject::system()).map(|fact| {
        let title = library.catalog.get(&fact.key).map_or(fact.key.as_str(), |d| d.title.as_str());
        vec![Cell::text(title), Cell::text(fact.value().map_or_else(String::new, ToString::to_string))]
    });
    blocks.push(table(&["Fact", "Value"], rows.collect()));
    let rest: Vec<&DutyOutcome> = assessment.duties.iter().filter(|d| !d.is_open()).collect();
    if !rest.is_empty() {
        blocks.push(section("Not owed", "not-owed"));
        let rows = rest.iter().map(|outcome| {
            let why = match &outcome.state {
                DutyState::NotYetLaw { from: Some(from) } => format!("law only from {from}"),
                DutyState::NotYetLaw { from: None } => "not law on the day the clock started".to_owned(),
                _ => {
                    let read: Vec<String> =
                        outcome.facts.iter().map(|fact| format!("{}: {}", fact.title, fact.shown())).collect();
                    read.join("; ")
                }
            };
            vec![Cell::text(&outcome.title), Cell::text(why), cited(&outcome.citations)]
        });
        blocks.push(table(&["Report", "Why not", "Law"], rows.collect()));
    }
    blocks.push(evidence(library, assessment.duties.iter()));
    Document::new(title, blocks)
}

/// A report to be completed and sent by a person: what the form asks, filled from facts where they answer it.
pub fn report_draft(form: &Form, name: &str, outcome: &DutyOutcome, facts: &FactSet, library: &Library) -> Document {
    let title = format!("Draft: {}", form.title);
    let mut empty = 0;
    let rows: Vec<Vec<Cell>> = form
        .fields
        .iter()
        .map(|field| {
            let known: Vec<Vec<Inline>> = field
                .facts
                .iter()
                .filter_map(|key| facts.value(key).map(|value| (key, value)))
                .map(|(key, value)| {
                    let title = library.catalog.get(key).map_or(key.as_str(), |d| d.title.as_str());
                    vec![Inline::Small(format!("{title}: ")), Inline::Text(value.to_string())]
                })
                .collect();
            let answer = if known.is_empty() {
                empty += 1;
                Cell::line(vec![Inline::Tag(Tone::Unsure, "to be filled in".into())])
            } else {
                Cell { lines: known, number: false }
            };
            vec![Cell::text(&field.part), Cell::text(&field.asks), answer]
        })
        .collect();
    let due = outcome
        .due
        .as_ref()
        .map_or_else(|| outcome.promptly.clone().unwrap_or_default(), |due| format!("at the latest {due}"));
    let blocks = vec![
        Block::Heading { level: 1, text: text(&title), id: None },
        Block::Paragraph(vec![Inline::Small(format!(
            "Incident {name}. {} to {}, {due}. {}",
            outcome.by,
            outcome.to,
            outcome
                .citations
                .first()
                .map_or_else(String::new, |cited| format!("{} ({})", cited.citation, cited.confidence))
        ))]),
        Block::Verdict {
            tone: if empty == 0 { Tone::Good } else { Tone::Unsure },
            title: format!("{empty} of {} fields are empty", form.fields.len()),
            text: text(
                "A draft of the content that is asked for, not the form itself. Whoever sends it checks every field; \
                 what identifies patients is written on the recipient's form only where that form asks for it.",
            ),
        },
        table(&["Part", "What is asked", "Answer"], rows),
        evidence(library, std::iter::once(outcome)),
    ];
    Document::new(title, blocks)
}

/// What to do when something happens with a system, decided before it does. `assessment` knows no fact of an incident.
pub fn playbook(
    name: &str,
    assessment: &IncidentAssessment,
    library: &Library,
    forms: &BTreeMap<String, &Form>,
) -> Document {
    let title = format!("Incident playbook: {name}");
    let possible: Vec<&DutyOutcome> = assessment.duties.iter().filter(|d| d.is_open()).collect();
    let later: Vec<&DutyOutcome> =
        assessment.duties.iter().filter(|d| matches!(d.state, DutyState::NotYetLaw { .. })).collect();
    let mut blocks = vec![
        Block::Heading { level: 1, text: text(&title), id: None },
        Block::Paragraph(vec![Inline::Small(format!("Law as of {}. medattest {VERSION}.", assessment.as_of))]),
        Block::Verdict {
            tone: Tone::Plain,
            title: format!("{} reports may fall due", possible.len()),
            text: text("Ruled out are those that the facts about the system and the organisation rule out."),
        },
        disclaimer(),
        section("In the first hour", "first-hour"),
        Block::List(vec![
            text("Write down when anyone first knew, with the time and zone: every clock below starts there."),
            text("Keep inputs, outputs, model version, thresholds and logs of the case as they are; change nothing."),
            text("Say who decides whether the system goes on, is put on fallback, or is stopped."),
            text("Open the record with `medattest incident new` and answer the questions at the end of this paper."),
        ]),
        section("Reports that may fall due", "reports"),
    ];
    let mut sorted = possible;
    sorted.sort_by_key(|outcome| outcome.within.is_none());
    let rows = sorted.iter().map(|outcome| {
        let mut when = Cell::default();
        if let Some(within) = &outcome.within {
            when = when.and(vec![Inline::Strong(within.clone())]);
        }
        if let Some(promptly) = &outcome.promptly {
            when = when.and(vec![Inline::Small(promptly.clone())]);
        }
        let to = Cell::text(format!("{} to {}", outcome.by, outcome.to));
        let what =
            Cell::line(vec![Inline::Strong(outcome.title.clone())]).and(vec![Inline::Small(outcome.because.clone())]);
        vec![what, to, when, cited(&outcome.citations)]
    });
    blocks.push(table(&["Report", "Who to whom", "By when", "Law"], rows.collect()));
    if !later.is_empty() {
        blocks.push(section("Not yet law", "later"));
        blocks.push(Block::List(
            later
                .iter()
                .map(|outcome| {
                    let from = match &outcome.state {
                        DutyState::NotYetLaw { from: Some(from) } => format!(", from {from}"),
                        _ => String::new(),
                    };
                    text(format!("{} ({} to {}){from}", outcome.title, outcome.by, outcome.to))
                })
                .collect(),
        ));
    }
    let wanted: Vec<&&Form> = {
        let used: BTreeSet<&String> = sorted.iter().filter_map(|d| d.form.as_ref()).collect();
        forms.iter().filter(|(id, _)| used.contains(id)).map(|(_, form)| form).collect()
    };
    if !wanted.is_empty() {
        blocks.push(section("What the reports ask", "content"));
        for form in wanted {
            blocks.push(sub(&form.title));
            blocks.push(Block::List(
                form.fields
                    .iter()
                    .map(|field| vec![Inline::Small(format!("{} ", field.part)), Inline::Text(field.asks.clone())])
                    .collect(),
            ));
        }
    }
    blocks.push(section("Questions to answer", "questions"));
    blocks.push(questions(&library.catalog, &assessment.questions));
    blocks.push(evidence(library, assessment.duties.iter()));
    Document::new(title, blocks)
}

/// The packs that the outcomes come from, with the date of their evidence.
fn evidence<'a>(library: &Library, outcomes: impl Iterator<Item = &'a DutyOutcome>) -> Block {
    let ids: BTreeSet<&str> = outcomes.filter_map(|outcome| outcome.duty.split('/').next()).collect();
    let packs = ids.into_iter().filter_map(|id| library.packs.get(id));
    let named: Vec<String> = packs
        .map(|pack| format!("{} (revision {}, evidence of {})", pack.id, pack.revision, pack.evidence_date))
        .collect();
    Block::Note(text(format!("Law as told by {}.", named.join(", "))))
}

fn disclaimer() -> Block {
    Block::Note(text(
        "It says which duties to report follow from the facts stated, under the cited texts, and which cannot be judged. \
         It is not legal advice, and it does not replace an authority's own form or portal.",
    ))
}

fn cited(citations: &[Cited]) -> Cell {
    citations.iter().fold(Cell::default(), |cell, cited| {
        cell.and(vec![Inline::Text(cited.citation.clone()), Inline::Small(format!(" ({})", cited.confidence))])
    })
}

fn duties(outcomes: &[&DutyOutcome], sent: &BTreeMap<String, (Moment, Option<String>)>, overdue: &[String]) -> Block {
    let rows = outcomes.iter().map(|outcome| {
        let mut due = match (&outcome.due, &outcome.promptly) {
            (Some(due), _) => Cell::line(vec![Inline::Strong(due.to_string())]),
            (None, Some(promptly)) => Cell::text(promptly),
            (None, None) => Cell::text("start of the clock not known"),
        };
        if let (Some(within), Some(started)) = (&outcome.within, &outcome.started) {
            due = due.and(vec![Inline::Small(format!("{within} from {} ({})", started.at, started.fact))]);
            if let Some(assumed) = &started.assumed {
                due = due.and(vec![Inline::Small(assumed.clone())]);
            }
        }
        for note in &outcome.notes {
            due = due.and(vec![Inline::Small(note.clone())]);
        }
        let state = match sent.get(&outcome.duty) {
            Some((on, reference)) => {
                let number = reference.as_ref().map(|r| format!(", {r}")).unwrap_or_default();
                vec![Inline::Tag(Tone::Good, format!("sent {on}{number}"))]
            }
            None if overdue.contains(&outcome.duty) => vec![Inline::Tag(Tone::Bad, "overdue".into())],
            None => {
                vec![Inline::Tag(Tone::Unsure, if outcome.binding { "open" } else { "open, not binding" }.into())]
            }
        };
        let what = Cell::line(vec![Inline::Strong(outcome.title.clone())])
            .and(text(format!("{} to {}", outcome.by, outcome.to)))
            .and(vec![Inline::Small(outcome.because.clone())]);
        vec![what, due.and(state), cited(&outcome.citations)]
    });
    table(&["Report", "By when", "Law"], rows.collect())
}

fn questions(catalog: &Catalog, questions: &[(String, usize)]) -> Block {
    let rows = questions.iter().map(|(key, n)| {
        let definition = catalog.get(key);
        let asked = definition.map_or_else(|| key.clone(), |d| d.question.clone());
        let help = definition.map(|d| d.help.clone()).unwrap_or_default();
        let mut cell = Cell::text(asked);
        if !help.is_empty() {
            cell = cell.and(vec![Inline::Small(help)]);
        }
        vec![cell, Cell::line(vec![Inline::Code(key.clone())]), Cell::number(n.to_string())]
    });
    table(&["Question", "Fact", "Reports it decides"], rows.collect())
}
