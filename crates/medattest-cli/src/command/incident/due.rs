//! `incident due`: deadlines over all open incidents.

use std::path::Path;

use icalendar::{Alarm, Calendar, Component as _, Event, EventLike as _};
use jiff::ToSpan as _;
use medattest_core::{DutyOutcome, DutyState, IncidentAssessment, Moment};

use super::{Case, OPEN, Place, show, uid};
use crate::arguments::{IncidentsOf, Plain};
use crate::command::{Stop, Text, print, print_json};
use crate::terminal::{BAD, BOLD, DIM, UNSURE, clean};
use crate::write::write_private;

/// Something is overdue.
const OVERDUE: u8 = 1;

pub(super) fn run(on: &IncidentsOf, within: u32, calendar: Option<&Path>, format: Plain) -> Result<u8, Stop> {
    let place = Place::open(on)?;
    let mut cases = Vec::new();
    for id in place.ids() {
        let case = place.case(&id)?;
        if !case.incident.closed {
            let assessment = place.assess(&case)?;
            cases.push((case, assessment));
        }
    }
    let mut undone: Vec<(&Case, &DutyOutcome)> =
        cases.iter().flat_map(|(case, found)| open_of(case, found)).collect();
    undone.sort_by_key(|(_, duty)| duty.due.as_ref().map(Moment::date));
    if let Some(path) = calendar {
        write_private(path, deadlines(&place, &undone)?.as_bytes())?;
    }
    let until = place.now.date().saturating_add(i64::from(within).days());
    let owed = |duty: &DutyOutcome| duty.state == DutyState::Owed;
    let late = |duty: &DutyOutcome| owed(duty) && duty.due.as_ref().is_some_and(|due| due.is_past(&place.now));
    let soon = |duty: &DutyOutcome| duty.due.as_ref().is_none_or(|due| due.date() <= until);
    let code = if undone.iter().any(|(_, duty)| late(duty)) {
        OVERDUE
    } else if undone.iter().any(|(_, duty)| soon(duty)) {
        OPEN
    } else {
        0
    };
    if format == Plain::Json {
        let listed: Vec<_> = undone
            .iter()
            .map(|(case, duty)| {
                let mut value = show::outcome(&place, case, duty);
                value["incident"] = case.id.clone().into();
                value["soon"] = soon(duty).into();
                value
            })
            .collect();
        print_json(&serde_json::json!({ "format": "medattest-incidents-due-v1", "due": listed }))?;
        return Ok(code);
    }
    let mut text = Text::new();
    text.line(&format!("{BOLD}{} open incidents, {} reports owed or open{BOLD:#}", cases.len(), undone.len()));
    for (case, duty) in undone {
        let when = show::by_when(&place, duty);
        let style = if late(duty) { BAD } else { UNSURE };
        let prefix = if owed(duty) { "" } else { "if owed: " };
        text.styled(2, style, &clean(&format!("{prefix}{when}")));
        text.paragraph(4, &clean(&format!("{}: {} to {}", case.id, duty.title, duty.to)));
        text.styled(4, DIM, &clean(&duty.duty));
    }
    print(&text.into_string())?;
    Ok(code)
}

fn open_of<'a>(case: &'a Case, found: &'a IncidentAssessment) -> impl Iterator<Item = (&'a Case, &'a DutyOutcome)> {
    let open = |duty: &&DutyOutcome| duty.is_open() && !case.incident.sent.contains_key(&duty.duty);
    found.duties.iter().filter(open).map(move |duty| (case, duty))
}

/// Deadlines as events, with an alarm a day before.
fn deadlines(place: &Place, undone: &[(&Case, &DutyOutcome)]) -> Result<String, Stop> {
    let wrong = |_| Stop::usage("--calendar", "a date cannot be written", "report this as a fault");
    let mut calendar = Calendar::new();
    calendar.name("Reports of incidents");
    let stamp = place.now.timestamp().strftime("%Y%m%dT%H%M%SZ").to_string();
    for (case, duty) in undone {
        let Some(due) = &duty.due else { continue };
        let owed = if duty.state == DutyState::Owed { "" } else { "(if owed) " };
        let mut about = format!("{} to {}. {}", duty.by, duty.to, duty.because);
        for cited in &duty.citations {
            about.push_str(&format!("\n{} ({})", cited.citation, cited.confidence));
        }
        about.push_str("\nmedattest is not a lawyer.");
        let title = format!("{owed}{}: {}", case.id, duty.title);
        let mut event = Event::new();
        event
            .uid(&uid(&case.id, &duty.duty))
            .add_property("DTSTAMP", &stamp)
            .summary(&title)
            .description(&about)
            .alarm(Alarm::display(&title, -chrono::Duration::days(1)));
        match due {
            Moment::Day(day) => {
                let day: chrono::NaiveDate = day.to_string().parse().map_err(wrong)?;
                event.starts(day);
            }
            Moment::At(at) => {
                let second = at.timestamp().as_second();
                if let Some(at) = chrono::DateTime::from_timestamp(second, 0) {
                    event.starts(at).ends(at);
                }
            }
        }
        calendar.push(event.done());
    }
    Ok(calendar.to_string())
}
