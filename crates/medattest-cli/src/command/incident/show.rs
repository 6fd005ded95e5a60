//! Incidents on a terminal and as JSON.

use medattest_core::output::json;
use medattest_core::{Deed, DutyOutcome, DutyState, IncidentAssessment, Moment};
use serde_json::{Value, json};

use super::{Case, Place};
use crate::command::Text;
use crate::terminal::{BAD, BOLD, DIM, GOOD, UNSURE, clean};

/// How far off a last moment is.
pub(super) fn distance(place: &Place, due: &Moment) -> String {
    let days = due.date().since(place.now.date()).map_or(0, |span| i64::from(span.get_days()));
    match (due.is_past(&place.now), days) {
        (true, 0) => "overdue since today".to_owned(),
        (true, days) => format!("overdue by {}", count(-days)),
        (false, 0) => "today".to_owned(),
        (false, days) => format!("in {}", count(days)),
    }
}

fn count(days: i64) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

pub(super) fn assessed(place: &Place, case: &Case, assessment: &IncidentAssessment, all: bool) -> String {
    let mut text = Text::new();
    let state = if case.incident.closed { ", closed" } else { "" };
    text.line(&format!(
        "{BOLD}{}{BOLD:#} with {}{state}; law as of {}",
        case.id, assessment.system, assessment.as_of
    ));
    let of = |wanted: fn(&DutyState) -> bool| -> Vec<&DutyOutcome> {
        assessment.duties.iter().filter(|duty| wanted(&duty.state)).collect()
    };
    let owed = of(|state| *state == DutyState::Owed);
    text.heading("Owed");
    if owed.is_empty() {
        text.paragraph(2, "No report follows from what is known.");
    }
    for duty in owed {
        one(&mut text, place, case, duty);
    }
    let open = of(|state| matches!(state, DutyState::Unknown { .. }));
    if !open.is_empty() {
        text.heading("Open, because facts are missing");
        for duty in open {
            if all {
                one(&mut text, place, case, duty);
            } else {
                brief(&mut text, place, case, duty);
            }
        }
        text.heading("Questions, most decisive first");
        for (key, n) in assessment.questions.iter().take(if all { usize::MAX } else { 12 }) {
            let definition = place.opened.library.catalog.get(key);
            text.paragraph(2, &clean(definition.map_or(key, |definition| &definition.question)));
            let reports = if *n == 1 { "1 report".to_owned() } else { format!("{n} reports") };
            text.styled(4, DIM, &format!("{key} ({reports})"));
        }
        if assessment.questions.len() > 12 && !all {
            text.styled(2, DIM, &format!("{} more with --all", assessment.questions.len() - 12));
        }
    }
    let later = of(|state| matches!(state, DutyState::NotYetLaw { .. }));
    if !later.is_empty() {
        text.heading("Not law on the day the clock started");
        for duty in later {
            let from = match &duty.state {
                DutyState::NotYetLaw { from: Some(from) } => format!(" (from {from})"),
                _ => String::new(),
            };
            text.paragraph(2, &clean(&format!("{}: {}{from}", duty.duty, duty.title)));
        }
    }
    let rest = of(|state| *state == DutyState::NotReportable);
    if all {
        text.heading("Not owed");
        for duty in rest {
            text.paragraph(2, &clean(&format!("{}: {}", duty.duty, duty.title)));
            let read: Vec<String> =
                duty.facts.iter().map(|fact| format!("{}: {}", fact.title, fact.shown())).collect();
            text.styled(4, DIM, &clean(&read.join("; ")));
        }
    } else if !rest.is_empty() {
        text.line("");
        text.styled(2, DIM, &format!("{} reports are ruled out by the facts; --all lists them.", rest.len()));
    }
    text.line("");
    text.styled(2, DIM, "medattest is not a lawyer; it counts from the facts as stated.");
    text.into_string()
}

/// By when, in words.
pub(super) fn by_when(place: &Place, duty: &DutyOutcome) -> String {
    match (&duty.due, &duty.within, &duty.promptly) {
        (Some(due), _, _) => format!("by {due}, {}", distance(place, due)),
        (None, Some(within), _) => format!("within {within} of a start that is not stated"),
        (None, None, Some(promptly)) => promptly.clone(),
        (None, None, None) => "without a fixed day".to_owned(),
    }
}

/// What may be owed, in three lines; the facts that decide are asked below.
fn brief(text: &mut Text, place: &Place, case: &Case, duty: &DutyOutcome) {
    text.paragraph(2, &clean(&format!("{} ({})", duty.title, duty.to)));
    let line = match case.incident.sent.get(&duty.duty) {
        Some((on, _)) => format!("sent {on}"),
        None => format!("if owed: {}", by_when(place, duty)),
    };
    text.styled(4, UNSURE, &clean(&line));
    text.styled(4, DIM, &clean(&duty.duty));
}

fn one(text: &mut Text, place: &Place, case: &Case, duty: &DutyOutcome) {
    text.styled(2, BOLD, &clean(&duty.title));
    text.paragraph(4, &clean(&format!("{} to {}", duty.by, duty.to)));
    let due = by_when(place, duty);
    match case.incident.sent.get(&duty.duty) {
        Some((on, reference)) => {
            let number = reference.as_ref().map(|number| format!(", {number}")).unwrap_or_default();
            let late = duty.due.as_ref().is_some_and(|due| due.date() < on.date());
            let style = if late { BAD } else { GOOD };
            let late = if late { ", late" } else { "" };
            text.styled(4, style, &clean(&format!("sent {on}{number}{late} ({due})")));
        }
        None => {
            let past = duty.due.as_ref().is_some_and(|due| due.is_past(&place.now));
            let owed = duty.state == DutyState::Owed;
            let style = if past && owed { BAD } else { UNSURE };
            let prefix = if owed { "" } else { "if owed: " };
            text.styled(4, style, &clean(&format!("{prefix}{due}")));
        }
    }
    if let (Some(within), Some(started)) = (&duty.within, &duty.started) {
        let assumed = started.assumed.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
        text.styled(4, DIM, &clean(&format!("{within} from {}, {}{assumed}", started.fact, started.at)));
    }
    for note in &duty.notes {
        text.styled(4, DIM, &clean(note));
    }
    text.paragraph(4, &clean(&duty.because));
    if !duty.binding {
        text.styled(4, DIM, "not binding");
    }
    for cited in &duty.citations {
        text.styled(4, DIM, &clean(&format!("{} ({})", cited.citation, cited.confidence)));
        if let Some(why) = &cited.contested {
            text.styled(4, UNSURE, &clean(&format!("contested: {why}")));
        }
    }
    if let DutyState::Unknown { missing } = &duty.state {
        text.styled(4, UNSURE, &clean(&format!("not known: {}", missing.join(", "))));
    }
    text.styled(4, DIM, &clean(&duty.duty));
}

pub(super) fn assessment(place: &Place, case: &Case, assessment: &IncidentAssessment) -> Value {
    let duties: Vec<Value> = assessment.duties.iter().map(|duty| outcome(place, case, duty)).collect();
    let questions: Vec<Value> = assessment
        .questions
        .iter()
        .map(|(key, n)| {
            let asked = place.opened.library.catalog.get(key).map(|d| d.question.clone());
            json!({ "fact": key, "question": asked, "duties": n })
        })
        .collect();
    json!({
        "format": "medattest-incident-v1", "incident": case.id, "system": assessment.system,
        "as-of": assessment.as_of.to_string(), "now": Moment::At(place.now.clone()).to_string(),
        "closed": case.incident.closed, "head": case.record.head(), "duties": duties, "questions": questions,
    })
}

pub(super) fn outcome(place: &Place, case: &Case, duty: &DutyOutcome) -> Value {
    let (state, missing, from) = match &duty.state {
        DutyState::Owed => ("owed", Vec::new(), None),
        DutyState::Unknown { missing } => ("unknown", missing.clone(), None),
        DutyState::NotYetLaw { from } => ("not-yet-law", Vec::new(), *from),
        DutyState::NotReportable => ("not-reportable", Vec::new(), None),
    };
    let sent = case.incident.sent.get(&duty.duty);
    json!({
        "duty": duty.duty, "title": duty.title, "by": duty.by, "to": duty.to, "state": state, "binding": duty.binding,
        "because": duty.because, "missing": missing, "law-from": from.map(|from| from.to_string()),
        "within": duty.within, "promptly": duty.promptly,
        "started": duty.started.as_ref().map(|started| json!({
            "fact": started.fact, "at": started.at.to_string(), "assumed": started.assumed,
        })),
        "due": duty.due.as_ref().map(ToString::to_string),
        "overdue": duty.state == DutyState::Owed && sent.is_none()
            && duty.due.as_ref().is_some_and(|due| due.is_past(&place.now)),
        "sent": sent.map(|(on, reference)| json!({ "on": on.to_string(), "reference": reference })),
        "notes": duty.notes, "form": duty.form,
        "citations": duty.citations.iter().map(json::cited).collect::<Vec<_>>(),
        "facts": duty.facts.iter().map(json::fact).collect::<Vec<_>>(),
    })
}

pub(super) fn timeline(place: &Place, case: &Case) -> String {
    let mut text = Text::new();
    text.line(&format!("{BOLD}{}{BOLD:#} with {}", case.id, case.incident.system));
    for entry in &case.record.entries {
        let at = entry.at.to_zoned_datetime(place.now.time_zone().clone());
        text.line("");
        let at = at.strftime("%Y-%m-%d %H:%M:%S %:z");
        text.line(&format!("  {BOLD}{at}{BOLD:#}  {}", clean(&entry.by)));
        match &entry.deed {
            Deed::Opened { system } => text.paragraph(4, &clean(&format!("opened for {system}"))),
            Deed::Learnt { facts } => {
                for (key, value) in facts {
                    let shown = value.as_deref().map_or_else(|| "no longer known".to_owned(), |v| format!("= {v}"));
                    text.paragraph(4, &clean(&format!("{key} {shown}")));
                }
            }
            Deed::Assessed { owed, open, .. } => {
                text.paragraph(4, &format!("assessed: {} owed, {} open", owed.len(), open.len()));
                for (duty, due) in owed {
                    let due = due.as_ref().map(|due| format!(" by {due}")).unwrap_or_default();
                    text.paragraph(6, &clean(&format!("{duty}{due}")));
                }
            }
            Deed::Sent { duty, on, reference } => {
                let number = reference.as_ref().map(|number| format!(", {number}")).unwrap_or_default();
                text.paragraph(4, &clean(&format!("sent {duty} on {on}{number}")));
            }
            Deed::Closed { open, because } => {
                text.paragraph(4, &format!("closed with {} reports open", open.len()));
                if let Some(because) = because {
                    text.paragraph(6, &clean(because));
                }
            }
        }
    }
    text.line("");
    text.styled(2, DIM, &format!("{} entries, unbroken. The last is sealed by", case.record.entries.len()));
    text.styled(2, DIM, &case.record.head());
    text.styled(2, DIM, "Keep that digest elsewhere: only it shows that no entry was taken from the end.");
    text.into_string()
}
