//! `law`: the law over time, whatever the system.

use std::collections::BTreeMap;

use icalendar::{Calendar, Component as _, Event, EventLike as _};
use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use medattest_core::{LawChange, Library, Stand, Status, law_changes, law_on, sha256_hex};

use super::{Stop, Text, check_packs, library, print, print_json};
use crate::arguments::{LawCommand, LawOf, Plain};
use crate::terminal::{BOLD, DIM, UNSURE, clean};
use crate::world::today;
use crate::write::write_whole;

/// No pack looks further ahead.
const LAST: Date = date(2200, 1, 1);

pub(crate) fn run(command: &LawCommand) -> Result<u8, Stop> {
    match command {
        LawCommand::Status { as_of, ahead, all, of } => {
            let (library, wanted) = opened(of)?;
            status(&library, &wanted, as_of.unwrap_or_else(today), *ahead, *all, of.format)
        }
        LawCommand::Diff { from, to, of } => {
            if from > to {
                let message = format!("{from} is later than {to}");
                return Err(Stop::usage("law diff", message, "name the earlier day first"));
            }
            let (library, wanted) = opened(of)?;
            let changes = changes(&library, &wanted, *from, *to);
            match of.format {
                Plain::Json => print_json(&serde_json::json!({
                    "format": "medattest-law-diff-v1", "from": from.to_string(), "to": to.to_string(), "changes": changes,
                }))?,
                Plain::Terminal => print(&listed(&changes, *from, *to))?,
            }
            Ok(0)
        }
        LawCommand::Calendar { file, as_of, of } => {
            let (library, wanted) = opened(of)?;
            let from = as_of.unwrap_or_else(today);
            let changes = changes(&library, &wanted, from, LAST);
            write_whole(file, calendar(&changes, from)?.as_bytes())?;
            print(&format!("{} changes after {from}, written to {}\n", changes.len(), file.display()))?;
            Ok(0)
        }
    }
}

/// The library, and which packs are asked for; all where none is named.
fn opened(of: &LawOf) -> Result<(Library, Vec<String>), Stop> {
    let (library, _) = library(&of.project)?;
    check_packs(&library, &of.pack, "--pack")?;
    Ok((library, of.pack.clone()))
}

fn is_wanted(stand: &Stand, wanted: &[String]) -> bool {
    wanted.is_empty() || wanted.contains(&stand.pack)
}

fn changes(library: &Library, wanted: &[String], from: Date, to: Date) -> Vec<LawChange> {
    let mut changes = law_changes(&library.packs, from, to);
    changes.retain(|change| is_wanted(&change.stand, wanted));
    changes
}

fn status(library: &Library, wanted: &[String], day: Date, ahead: u32, all: bool, format: Plain) -> Result<u8, Stop> {
    let until = day.saturating_add(i64::from(ahead).months());
    let coming = changes(library, wanted, day, until);
    let mut stands = law_on(&library.packs, day);
    let unsettled = |stand: &Stand| {
        stand.contested.is_some()
            || matches!(stand.status, Status::Proposed | Status::DraftGuidance | Status::Contested)
    };
    stands.retain(|stand| is_wanted(stand, wanted) && (all || unsettled(stand)));
    if format == Plain::Json {
        print_json(&serde_json::json!({
            "format": "medattest-law-status-v1", "as-of": day.to_string(), "stands": stands, "changes": coming,
        }))?;
        return Ok(0);
    }
    let mut text = Text::new();
    text.line(&format!("{BOLD}The law on {day}{BOLD:#}, as the packs tell it; each names its evidence and limits"));
    let mut by: BTreeMap<String, Vec<&Stand>> = BTreeMap::new();
    for stand in &stands {
        let place = match stand.status {
            Status::InForce | Status::AdoptedNotYetApplicable if stand.contested.is_some() => "contested".to_owned(),
            status => status.to_string(),
        };
        by.entry(place).or_default().push(stand);
    }
    for (name, stands) in by {
        text.heading(&name);
        for stand in stands {
            one(&mut text, stand);
        }
    }
    text.heading(&format!("until {until}"));
    if coming.is_empty() {
        text.paragraph(2, "Nothing that the packs know of changes.");
    }
    for change in &coming {
        changed(&mut text, change);
    }
    print(&text.into_string())?;
    Ok(0)
}

fn one(text: &mut Text, stand: &Stand) {
    text.paragraph(2, &clean(&format!("{}/{}: {}", stand.pack, stand.requirement, stand.title)));
    text.styled(4, DIM, &clean(&format!("{} ({})", stand.citation, stand.confidence)));
    if let Some(why) = &stand.contested {
        text.styled(4, UNSURE, &clean(why));
    }
}

fn changed(text: &mut Text, change: &LawChange) {
    let stand = &change.stand;
    let what = words(change);
    text.tagged(
        BOLD,
        &change.date,
        12,
        &clean(&format!("{}/{} {what}: {}", stand.pack, stand.requirement, stand.title)),
    );
    text.styled(14, DIM, &clean(&format!("{} ({})", stand.citation, stand.confidence)));
    if let Some(when) = &stand.when {
        text.styled(14, DIM, &clean(&format!("where {when}")));
    }
    if let Some(why) = &stand.contested {
        text.styled(14, UNSURE, &clean(&format!("contested: {why}")));
    }
}

/// What a change does.
fn words(change: &LawChange) -> String {
    match (change.before, change.after) {
        (_, Some(Status::InForce)) => "begins to apply".to_owned(),
        (None, Some(after)) => format!("becomes {after}"),
        (Some(before), Some(after)) => format!("was {before}, becomes {after}"),
        (Some(before), None) => format!("is no longer {before}"),
        (None, None) => "changes".to_owned(),
    }
}

fn listed(changes: &[LawChange], from: Date, to: Date) -> String {
    let mut text = Text::new();
    text.line(&format!("{BOLD}{} changes{BOLD:#} after {from}, up to {to}", changes.len()));
    for change in changes {
        changed(&mut text, change);
    }
    text.into_string()
}

/// Changes as events of whole days. The same change has the same identifier in every file, so that importing again does
/// not double it.
fn calendar(changes: &[LawChange], stamp: Date) -> Result<String, Stop> {
    let wrong = |_| Stop::usage("calendar", "a date cannot be written", "report this as a fault");
    let mut calendar = Calendar::new();
    calendar.name("What begins to apply to clinical AI");
    let noon = stamp.to_string().replace('-', "") + "T000000Z";
    for change in changes {
        let stand = &change.stand;
        let day: chrono::NaiveDate = change.date.parse().map_err(wrong)?;
        let key = format!("{} {} {:?} {:?}", stand.pack, stand.requirement, stand.when, change.after);
        let mut about = format!(
            "{} ({}; evidence of {}).\nmedattest is not a lawyer.",
            stand.citation, stand.confidence, stand.evidence_date
        );
        if let Some(when) = &stand.when {
            about.push_str(&format!("\nFor systems where {when}"));
        }
        if let Some(why) = &stand.contested {
            about.push_str(&format!("\nContested: {why}"));
        }
        calendar.push(
            Event::new()
                .uid(&format!("{}@medattest", &sha256_hex(key.as_bytes())[..24]))
                .add_property("DTSTAMP", &noon)
                .summary(&format!("{} {}: {}", stand.pack, words(change), stand.title))
                .description(&about)
                .starts(day)
                .done(),
        );
    }
    Ok(calendar.to_string())
}
