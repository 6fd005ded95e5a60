//! The law over time, whatever the system: how it stands on a day, and what changes between two.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Confidence, DatedStatus, Pack, Packs, Requirement, Status};

/// One stretch of a requirement as it stands on a day, or as it begins or ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Stand {
    /// Pack.
    pub pack: String,
    /// Jurisdiction.
    pub jurisdiction: String,
    /// Requirement.
    pub requirement: String,
    /// Citation.
    pub citation: String,
    /// Title.
    pub title: String,
    /// Standing; what is in force from a later day is adopted and not yet applicable.
    pub status: Status,
    /// First day.
    pub from: Option<String>,
    /// First day on which it no longer holds.
    pub until: Option<String>,
    /// For which systems, as a predicate; all if there is none.
    pub when: Option<String>,
    /// What is disputed.
    pub contested: Option<String>,
    /// How well it was checked.
    pub confidence: Confidence,
    /// Newest date of the evidence of the pack.
    pub evidence_date: String,
}

/// A change of the law.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LawChange {
    /// The day.
    pub date: String,
    /// How it stood the day before, if it did.
    pub before: Option<Status>,
    /// How it stands from this day on, if it still does.
    pub after: Option<Status>,
    /// What it is about.
    pub stand: Stand,
}

fn stand(pack: &Pack, requirement: &Requirement, entry: &DatedStatus, status: Status) -> Stand {
    Stand {
        pack: pack.id.clone(),
        jurisdiction: pack.jurisdiction.clone(),
        requirement: requirement.id.clone(),
        citation: requirement.citation.clone(),
        title: requirement.title.clone(),
        status,
        from: entry.from.map(|day| day.to_string()),
        until: entry.until.map(|day| day.to_string()),
        when: entry.when_source(),
        contested: entry.contested.clone(),
        confidence: requirement.confidence,
        evidence_date: pack.evidence_date.to_string(),
    }
}

/// Stretches that hold for the same systems, in the order in which the pack names them.
fn routes(requirement: &Requirement) -> Vec<(Option<String>, Vec<&DatedStatus>)> {
    let mut routes: Vec<(Option<String>, Vec<&DatedStatus>)> = Vec::new();
    for entry in &requirement.statuses {
        let when = entry.when_source();
        match routes.iter_mut().find(|(known, _)| *known == when) {
            Some((_, entries)) => entries.push(entry),
            None => routes.push((when, vec![entry])),
        }
    }
    routes
}

/// The stretch that holds on a day, with the standing it has then.
fn on<'a>(entries: &[&'a DatedStatus], day: Date) -> Option<(&'a DatedStatus, Status)> {
    let begun = |entry: &&&DatedStatus| entry.from.is_none_or(|from| from <= day);
    let lasting = |entry: &&&DatedStatus| entry.until.is_none_or(|until| day < until);
    if let Some(entry) = entries.iter().filter(begun).filter(lasting).max_by_key(|entry| entry.from) {
        return Some((entry, entry.status));
    }
    let later = |entry: &&&DatedStatus| entry.status == Status::InForce && entry.from.is_some_and(|from| from > day);
    let next = entries.iter().filter(later).min_by_key(|entry| entry.from)?;
    Some((next, Status::AdoptedNotYetApplicable))
}

/// How every requirement stands on a day, for each sort of system that it treats differently. A pack that does not
/// tell the law of that day is left out.
pub fn law_on(packs: &Packs, day: Date) -> Vec<Stand> {
    let mut all = Vec::new();
    for pack in packs.iter().filter(|pack| pack.earliest <= day) {
        for requirement in &pack.requirements {
            for (_, entries) in routes(requirement) {
                if let Some((entry, status)) = on(&entries, day) {
                    all.push(stand(pack, requirement, entry, status));
                }
            }
        }
    }
    all
}

/// What changes after the day `from`, up to and with the day `to`, in order of dates.
pub fn law_changes(packs: &Packs, from: Date, to: Date) -> Vec<LawChange> {
    let mut all = Vec::new();
    for pack in packs.iter() {
        for requirement in &pack.requirements {
            for (_, entries) in routes(requirement) {
                let mut days: Vec<Date> =
                    entries.iter().flat_map(|entry| [entry.from, entry.until]).flatten().collect();
                days.sort_unstable();
                days.dedup();
                for day in days.into_iter().filter(|day| *day > from && *day <= to && *day > pack.earliest) {
                    let before = on(&entries, day.saturating_sub(jiff::Span::new().days(1)));
                    let after = on(&entries, day);
                    let same = before.map(|(_, status)| status) == after.map(|(_, status)| status);
                    let Some((entry, status)) = after.or(before).filter(|_| !same) else { continue };
                    all.push(LawChange {
                        date: day.to_string(),
                        before: before.map(|(_, status)| status),
                        after: after.map(|(_, status)| status),
                        stand: stand(pack, requirement, entry, status),
                    });
                }
            }
        }
    }
    all.sort_by(|a, b| a.date.cmp(&b.date).then_with(|| a.stand.pack.cmp(&b.stand.pack)));
    all
}
