//! What a pack should be and no loader refuses.

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::Library;
use crate::finding::Outcome;
use crate::pack::{Confidence, Lifecycle, Pack};
use crate::scenario::ScenarioReport;

/// Evidence older than this should be read again.
const FRESH_MONTHS: i64 = 12;
/// Longer texts are no summary in one's own words.
const LONGEST_ASKS: usize = 700;

/// Something to improve in a pack.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lint {
    /// `pack` or `pack/id`.
    pub what: String,
    /// Whether the pack may not be published with it.
    pub is_fault: bool,
    /// What is wanting.
    pub message: String,
}

/// Looks a pack over. `report` is what running its scenarios showed.
pub fn lint(library: &Library, pack: &Pack, report: &ScenarioReport, today: Date) -> Vec<Lint> {
    let mut lints = Vec::new();
    covered(pack, report, &mut lints);
    requirements(library, pack, &mut lints);
    let mut advise = |message: String| lints.push(Lint { what: pack.id.clone(), is_fault: false, message });
    if pack.evidence_date.saturating_add(FRESH_MONTHS.months()) < today {
        advise(format!("the evidence is of {}; look whether the law has moved", pack.evidence_date));
    }
    if pack.limits.len() < 40 {
        advise("`limits` says little; name what is not covered and what was not checked".to_owned());
    }
    if pack.rules.is_empty() && pack.duties.is_empty() && pack.classifications.is_empty() {
        advise("it has no rule, duty or classification, so it can find nothing".to_owned());
    }
    lints.sort();
    lints
}

/// Every outcome of every rule, duty and classification is shown by a scenario.
fn covered(pack: &Pack, report: &ScenarioReport, lints: &mut Vec<Lint>) {
    let mut fault = |what: &str, message: String| {
        lints.push(Lint { what: what.to_owned(), is_fault: true, message });
    };
    for rule in pack.rules.iter().filter(|rule| rule.lifecycle == Lifecycle::Stable) {
        let covered = report.covered.get(&rule.id).cloned().unwrap_or_default();
        let mut needed = vec![Outcome::Met, Outcome::NotMet];
        if !rule.absence_is_fault {
            needed.push(Outcome::Unknown);
        }
        for outcome in needed.into_iter().filter(|outcome| !covered.contains(outcome)) {
            fault(&rule.id, format!("no scenario in which the rule is {outcome}"));
        }
    }
    for duty in &pack.duties {
        let covered = report.reported.get(&duty.id).cloned().unwrap_or_default();
        for outcome in ["due", "not-reportable", "unknown"].iter().filter(|o| !covered.contains(**o)) {
            fault(&duty.id, format!("no scenario in which the duty is {outcome}"));
        }
    }
    for item in &pack.classifications {
        let id = format!("{}.{}", pack.id, item.id);
        let covered = report.concluded.get(&id).cloned().unwrap_or_default();
        for (value, _) in item.values.iter().filter(|(value, _)| !covered.contains(value)) {
            fault(&id, format!("no scenario expects `{value}`"));
        }
    }
}

fn requirements(library: &Library, pack: &Pack, lints: &mut Vec<Lint>) {
    let served: BTreeSet<&str> = pack.rules.iter().flat_map(|rule| rule.serves.iter().map(String::as_str)).collect();
    let mut seen = BTreeSet::new();
    for requirement in &pack.requirements {
        let mut say = |is_fault, message: String| {
            lints.push(Lint { what: format!("{}/{}", pack.id, requirement.id), is_fault, message });
        };
        if !seen.insert(&requirement.id) {
            say(true, "two requirements have this id".to_owned());
        }
        if let Some(parent) = &requirement.parent
            && pack.requirement(parent).is_none()
        {
            say(true, format!("parent `{parent}` does not exist"));
        }
        if requirement.topics.is_empty() && !library.catalog.topics().is_empty() {
            say(false, "it has no topic, so the matrix cannot set it beside others".to_owned());
        }
        if requirement.asks.len() > LONGEST_ASKS {
            say(false, "`asks` is long; say it in two sentences of your own, and never copy a standard".to_owned());
        }
        if requirement.confidence == Confidence::Recalled && served.contains(requirement.id.as_str()) {
            say(false, "rules rest on it and it was written from memory; check it".to_owned());
        }
        let plain: Vec<_> = requirement.statuses.iter().filter(|status| status.when.is_none()).collect();
        for pair in plain.windows(2) {
            if let [before, after] = pair
                && let (Some(until), Some(from)) = (before.until, after.from)
            {
                if until < from {
                    say(false, format!("nothing is said of the time between {until} and {from}"));
                } else if until > from {
                    say(true, format!("two statuses hold from {from} to {until}"));
                }
            }
        }
    }
}
