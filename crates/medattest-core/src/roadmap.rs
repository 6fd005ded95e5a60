//! What applies when: the law of every future day on which something changes for a system.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::expr::{Scope, Truth};
use crate::fact::{FactSet, Provenance, Subject};
use crate::finding::{Finding, Outcome, Severity};
use crate::judge::{Conclusion, ConclusionOutcome, Judge};
use crate::pack::{Confidence, Status};
use crate::project::Waiver;
use crate::questions::resolve_missing;

/// Something that changes on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Milestone {
    /// The day.
    pub date: Date,
    /// What changes.
    pub kind: MilestoneKind,
    /// In one line.
    pub title: String,
    /// Citation, for law.
    pub citation: Option<String>,
    /// Standing from that day on, for law.
    pub status: Option<Status>,
    /// How well the law was checked.
    pub confidence: Option<Confidence>,
    /// What is disputed about it.
    pub contested: Option<String>,
    /// Rules that serve it, and how each would come out that day on the facts of today.
    pub rules: Vec<ForeseenRule>,
}

/// What kind of change a milestone is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MilestoneKind {
    /// A requirement changes its standing.
    Law,
    /// A conclusion about the system changes.
    Conclusion,
    /// A statement may no longer be relied on.
    Statement,
    /// A waiver ends.
    Waiver,
}

/// A rule as it would come out on a later day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeseenRule {
    /// `pack/rule`.
    pub rule: String,
    /// Title.
    pub title: String,
    /// Worst outcome over its subjects, on the facts of today.
    pub outcome: Outcome,
    /// How bad the fault would be.
    pub severity: Severity,
    /// Facts that are missing.
    pub missing: Vec<String>,
}

impl Milestone {
    fn plain(date: Date, kind: MilestoneKind, title: String) -> Self {
        Self { date, kind, title, citation: None, status: None, confidence: None, contested: None, rules: Vec::new() }
    }

    /// The end of a waiver.
    pub(crate) fn waiver(waiver: &Waiver) -> Self {
        let title = format!("last day of the waiver of {} approved by {}", waiver.rule, waiver.approver);
        Self::plain(waiver.expires, MilestoneKind::Waiver, title)
    }
}

/// The milestones of one system after the day of `judge`.
pub(crate) fn roadmap(
    judge: &Judge<'_>,
    system: &str,
    stated: &FactSet,
    conclusions: &[Conclusion],
    findings: &[Finding],
    chosen: &[String],
) -> Vec<Milestone> {
    let mut milestones = expiring(judge, stated);
    // A pack that does not reach the system cannot change anything for it.
    let scope = Scope::new(stated, &Subject::system());
    let reaches =
        |id: &&String| judge.packs.get(id).is_some_and(|pack| pack.applies.evaluate(&scope).truth != Truth::False);
    let chosen: Vec<String> = chosen.iter().filter(reaches).cloned().collect();
    let chosen = chosen.as_slice();
    let days = days(judge, chosen);
    let mut before: Vec<(String, ConclusionOutcome)> =
        conclusions.iter().map(|c| (format!("{}.{}", c.pack, c.id), c.outcome.clone())).collect();
    let mut reached: BTreeSet<(String, Date)> = BTreeSet::new();
    let mut today: BTreeMap<&str, Outcome> = BTreeMap::new();
    for finding in findings.iter().filter(|f| f.outcome != Outcome::NotApplicable) {
        let known = today.entry(&finding.rule).or_insert(finding.outcome);
        *known = worse(*known, finding.outcome);
    }
    for day in days {
        let then = Judge { as_of: day, ..*judge };
        let mut facts = stated.clone();
        let later = then.conclude(&mut facts, chosen);
        // Only where a requirement changes its standing can a date be worth telling.
        let moves = |id: &&String| {
            let mut statuses =
                judge.packs.get(id).into_iter().flat_map(|pack| &pack.requirements).flat_map(|r| &r.statuses);
            statuses.any(|status| status.from == Some(day))
        };
        let moving: Vec<String> = chosen.iter().filter(moves).cloned().collect();
        let mut judged = then.judge(system, &facts, &moving);
        resolve_missing(&later, &mut judged);
        for conclusion in &later {
            let id = format!("{}.{}", conclusion.pack, conclusion.id);
            if let Some(known) = before.iter_mut().find(|(known, _)| *known == id)
                && known.1 != conclusion.outcome
                && chosen.contains(&conclusion.pack)
            {
                let (old, new) = (shown(&known.1), shown(&conclusion.outcome));
                let title = format!("“{}” changes from {old} to {new}", conclusion.title);
                milestones.push(Milestone::plain(day, MilestoneKind::Conclusion, title));
                known.1 = conclusion.outcome.clone();
            }
        }
        milestones.extend(law(&then, &facts, &later, &judged, &moving, &today, &mut reached));
    }
    milestones.sort_by_key(|m| m.date);
    milestones
}

fn shown(outcome: &ConclusionOutcome) -> String {
    match outcome {
        ConclusionOutcome::Known(value) => value.clone(),
        ConclusionOutcome::Unknown { could_be } => format!("unknown ({})", could_be.join(" or ")),
    }
}

/// Every later day that a requirement or an answer of a chosen pack names.
fn days(judge: &Judge<'_>, chosen: &[String]) -> BTreeSet<Date> {
    let packs = chosen.iter().filter_map(|id| judge.packs.get(id));
    let mut days = BTreeSet::new();
    for pack in packs {
        let statuses = pack.requirements.iter().flat_map(|r| &r.statuses).flat_map(|s| [s.from, s.until]);
        let answers = pack.classifications.iter().flat_map(|c| &c.answers).flat_map(|a| [a.from, a.until]);
        days.extend(statuses.chain(answers).flatten().filter(|day| *day > judge.as_of));
    }
    days
}

/// Requirements that change their standing on the day of `then` and that concern the system.
fn law(
    then: &Judge<'_>,
    facts: &FactSet,
    conclusions: &[Conclusion],
    judged: &[Finding],
    chosen: &[String],
    today: &BTreeMap<&str, Outcome>,
    reached: &mut BTreeSet<(String, Date)>,
) -> Vec<Milestone> {
    let scope = Scope::new(facts, &Subject::system());
    let cited: BTreeSet<&str> =
        conclusions.iter().flat_map(|c| &c.citations).map(|c| c.requirement.as_str()).collect();
    let mut milestones = Vec::new();
    for pack in chosen.iter().filter_map(|id| then.packs.get(id)) {
        for requirement in &pack.requirements {
            let id = format!("{}/{}", pack.id, requirement.id);
            let changes = requirement.changes(&scope).into_iter().any(|(from, _)| from == then.as_of);
            if !changes || !reached.insert((id.clone(), then.as_of)) {
                continue;
            }
            let serving = |f: &&Finding| f.citations.iter().any(|c| c.requirement == id);
            let mut rules: BTreeMap<&str, ForeseenRule> = BTreeMap::new();
            for finding in judged.iter().filter(serving).filter(|f| f.outcome != Outcome::NotApplicable) {
                let known = rules.entry(&finding.rule).or_insert_with(|| ForeseenRule {
                    rule: finding.rule.clone(),
                    title: finding.title.clone(),
                    outcome: Outcome::Met,
                    severity: finding.severity,
                    missing: Vec::new(),
                });
                known.outcome = worse(known.outcome, finding.outcome);
                known.missing.extend(
                    finding.missing.iter().filter(|m| !known.missing.contains(m)).cloned().collect::<Vec<_>>(),
                );
            }
            let Some(standing) = requirement.standing(then.as_of, &scope) else { continue };
            // What changes nothing for this system is not worth a date; what is only on its way is worth watching.
            let changed = rules.values().any(|rule| today.get(rule.rule.as_str()) != Some(&rule.outcome));
            let concerned = || {
                judged
                    .iter()
                    .any(|f| f.rule.starts_with(&format!("{}/", pack.id)) && f.outcome != Outcome::NotApplicable)
            };
            let watched = rules.is_empty() && !standing.status.binds() && cited.contains(id.as_str()) && concerned();
            if !changed && !watched {
                continue;
            }
            milestones.push(Milestone {
                date: then.as_of,
                kind: MilestoneKind::Law,
                title: requirement.title.clone(),
                citation: Some(requirement.citation.clone()),
                status: Some(standing.status),
                confidence: Some(requirement.confidence),
                contested: standing.contested,
                rules: rules.into_values().collect(),
            });
        }
    }
    milestones
}

/// Not met is worse than unknown, unknown than met.
fn worse(a: Outcome, b: Outcome) -> Outcome {
    let rank = |outcome| match outcome {
        Outcome::NotMet => 2,
        Outcome::Unknown => 1,
        Outcome::Met | Outcome::NotApplicable => 0,
    };
    if rank(b) > rank(a) { b } else { a }
}

/// Statements that end after today.
fn expiring(judge: &Judge<'_>, facts: &FactSet) -> Vec<Milestone> {
    let mut ends: BTreeMap<(Date, String), Vec<&str>> = BTreeMap::new();
    for fact in facts.iter() {
        if let Provenance::Stated(Some(statement)) = &fact.provenance
            && let Some(until) = statement.until
            && until >= judge.as_of
        {
            let title = judge.catalog.get(&fact.key).map_or(fact.key.as_str(), |d| d.title.as_str());
            ends.entry((until, statement.by.clone())).or_default().push(title);
        }
    }
    ends.into_iter()
        .map(|((until, by), titles)| {
            let first: Vec<&str> = titles.iter().take(3).copied().collect();
            let more = if titles.len() > 3 { format!(" and {} more", titles.len() - 3) } else { String::new() };
            let title = format!("last day of the statement by {by} on {}{more}", first.join(", "));
            Milestone::plain(until, MilestoneKind::Statement, title)
        })
        .collect()
}
