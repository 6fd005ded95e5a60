//! Judging: facts and packs in, conclusions and findings out. Pure and total.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::catalog::{Catalog, Per};
use crate::expr::{Scope, Truth};
use crate::fact::{Fact, FactSet, Provenance, State, Subject};
use crate::finding::{Cited, Finding, Outcome};
use crate::pack::{Answer, Classification, Lifecycle, NOT_APPLICABLE, Pack, Packs, Rule, Status};
use crate::value::Value;
use crate::world::sha256_hex;

/// Why a fact nobody stated or measured is absent.
const NOT_KNOWN: &str = "not known";

/// A fact as it was read by a predicate.
#[derive(Debug, Clone, PartialEq)]
pub struct FactRead {
    /// Catalogue key.
    pub key: String,
    /// Short name.
    pub title: String,
    /// Value, or why there is none.
    pub state: State,
    /// How it is known; `None` if nobody stated or measured it.
    pub provenance: Option<Provenance>,
}

impl Conclusion {
    /// Whether the law behind the question reaches the system at all.
    pub fn reached(&self) -> bool {
        !matches!(&self.outcome, ConclusionOutcome::Known(value) if value == NOT_APPLICABLE)
    }

    /// The question that is left where the facts do not decide it.
    pub fn undecided(&self) -> Option<String> {
        match &self.outcome {
            ConclusionOutcome::Known(_) => None,
            ConclusionOutcome::Unknown { could_be } => {
                Some(format!("{} Undecided between {}.", self.title, could_be.join(", ")))
            }
        }
    }
}

/// How a classification came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConclusionOutcome {
    /// Decided.
    Known(String),
    /// The facts leave more than one answer open.
    Unknown {
        /// Answers still possible.
        could_be: Vec<String>,
    },
}

/// The answer to a classification for one system.
#[derive(Debug, Clone, PartialEq)]
pub struct Conclusion {
    /// Pack id.
    pub pack: String,
    /// Classification id; the fact is `pack.id`.
    pub id: String,
    /// The question.
    pub title: String,
    /// The answer.
    pub outcome: ConclusionOutcome,
    /// What the answer means.
    pub meaning: String,
    /// Why.
    pub because: String,
    /// What is unsettled.
    pub contested: Option<String>,
    /// Requirements it rests on.
    pub citations: Vec<Cited>,
    /// Facts that decided.
    pub facts: Vec<FactRead>,
    /// Facts that would decide, when unknown.
    pub missing: Vec<String>,
    /// Whether summaries lead with it.
    pub headline: bool,
}

/// Judges one system.
pub(crate) struct Judge<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) packs: &'a Packs,
    pub(crate) as_of: Date,
}

impl FactRead {
    /// The value, or why there is none, for a reader.
    pub fn shown(&self) -> String {
        match &self.state {
            State::Known(value) => value.to_string(),
            State::Absent(reason) if reason == NOT_KNOWN => reason.clone(),
            State::Absent(reason) => format!("not known: {reason}"),
        }
    }
}

impl Judge<'_> {
    /// Draws every conclusion of the chosen packs and of the packs they read, and adds each to `facts` as it is drawn.
    pub(crate) fn conclude(&self, facts: &mut FactSet, chosen: &[String]) -> Vec<Conclusion> {
        let mut conclusions = Vec::new();
        let closure = self.packs.closure(chosen);
        for (pack_id, index) in self.packs.order.iter().filter(|(id, _)| closure.contains(id)) {
            let Some(pack) = self.packs.get(pack_id) else { continue };
            let Some(item) = pack.classifications.get(*index) else { continue };
            let conclusion = self.conclusion(pack, item, facts, &Scope::new(facts, &Subject::system()));
            let key = format!("{pack_id}.{}", item.id);
            let state = match &conclusion.outcome {
                ConclusionOutcome::Known(value) => State::Known(Value::Text(value.clone())),
                ConclusionOutcome::Unknown { could_be } => {
                    State::Absent(format!("undecided between {}", could_be.join(", ")))
                }
            };
            let provenance = Provenance::Concluded { pack: pack_id.clone() };
            facts.insert(Fact { key, subject: Subject::system(), state, provenance, place: None, paper: None });
            conclusions.push(conclusion);
        }
        conclusions
    }

    fn conclusion(&self, pack: &Pack, item: &Classification, facts: &FactSet, scope: &Scope<'_>) -> Conclusion {
        let mut conclusion = Conclusion {
            pack: pack.id.clone(),
            id: item.id.clone(),
            title: item.title.clone(),
            outcome: ConclusionOutcome::Known(NOT_APPLICABLE.to_owned()),
            meaning: "The pack does not apply.".to_owned(),
            because: format!("“{}” does not reach this system.", pack.title),
            contested: None,
            citations: Vec::new(),
            facts: Vec::new(),
            missing: Vec::new(),
            headline: item.headline,
        };
        let applies = pack.applies.evaluate(scope);
        if applies.truth == Truth::False {
            conclusion.facts = self.reads(&applies.reads, facts, &Subject::system());
            return conclusion;
        }
        let mut reads = BTreeSet::new();
        let mut missing = BTreeSet::new();
        let mut open: Vec<&Answer> = Vec::new();
        let pack_open = matches!(applies.truth, Truth::Unknown(_));
        if let Truth::Unknown(keys) = applies.truth {
            missing.extend(keys);
            reads.extend(applies.reads);
        }
        let mut decided = false;
        let in_time = |answer: &&Answer| {
            answer.from.is_none_or(|from| from <= self.as_of) && answer.until.is_none_or(|until| self.as_of < until)
        };
        for answer in item.answers.iter().filter(in_time) {
            let evaluation = answer.when.evaluate(scope);
            match evaluation.truth {
                Truth::False => continue,
                Truth::True => {
                    open.push(answer);
                    reads.extend(evaluation.reads);
                    decided = true;
                    break;
                }
                Truth::Unknown(keys) => {
                    open.push(answer);
                    reads.extend(evaluation.reads);
                    missing.extend(keys);
                }
            }
        }
        let mut values: Vec<String> = Vec::new();
        for answer in &open {
            if !values.contains(&answer.value) {
                values.push(answer.value.clone());
            }
        }
        if pack_open {
            values.push(NOT_APPLICABLE.to_owned());
        }
        conclusion.facts = self.reads(&reads, facts, &Subject::system());
        let cites: BTreeSet<&String> = open.iter().flat_map(|answer| &answer.cites).collect();
        conclusion.citations = cites.into_iter().filter_map(|id| self.cite(pack, id, scope)).collect();
        match (values.as_slice(), open.last()) {
            ([value], Some(last)) if decided => {
                let meaning = item.values.iter().find(|(id, _)| id == value);
                conclusion.meaning = meaning.map(|(_, meaning)| meaning.clone()).unwrap_or_default();
                conclusion.because = last.because.clone();
                conclusion.contested = last.contested.clone();
                conclusion.outcome = ConclusionOutcome::Known(value.clone());
            }
            _ => {
                if !decided && values.is_empty() {
                    values.push("no answer fits".to_owned());
                }
                conclusion.meaning = "Facts are missing.".to_owned();
                conclusion.because = match missing.len() {
                    0 => "No answer of the pack fits the stated facts.".to_owned(),
                    1 => "One fact is missing.".to_owned(),
                    n => format!("{n} facts are missing."),
                };
                conclusion.missing = missing.into_iter().collect();
                conclusion.outcome = ConclusionOutcome::Unknown { could_be: values };
            }
        }
        conclusion
    }

    pub(crate) fn cite(&self, pack: &Pack, id: &str, scope: &Scope<'_>) -> Option<Cited> {
        let requirement = pack.requirement(id)?;
        let standing = requirement.standing(self.as_of, scope);
        Some(Cited {
            requirement: format!("{}/{id}", pack.id),
            citation: requirement.citation.clone(),
            title: requirement.title.clone(),
            asks: requirement.asks.clone(),
            status: standing.as_ref().map(|s| s.status),
            from: standing.as_ref().and_then(|s| s.from),
            contested: standing.and_then(|s| s.contested),
            confidence: requirement.confidence,
        })
    }

    pub(crate) fn reads(&self, keys: &BTreeSet<String>, facts: &FactSet, subject: &Subject) -> Vec<FactRead> {
        keys.iter()
            .map(|key| {
                let fact = facts.get(key, subject);
                FactRead {
                    key: key.clone(),
                    title: self.catalog.get(key).map(|d| d.title.clone()).unwrap_or_default(),
                    state: fact.map_or_else(unknown, |fact| fact.on_paper().clone()),
                    provenance: fact.map(|fact| fact.provenance.clone()),
                }
            })
            .collect()
    }

    /// Applies every rule of the chosen packs to every subject it looks at.
    pub(crate) fn judge(&self, system: &str, facts: &FactSet, chosen: &[String]) -> Vec<Finding> {
        let mut findings = Vec::new();
        let subjects = facts.subjects();
        let scope = Scope::new(facts, &Subject::system());
        let parts: Vec<(&Subject, Scope<'_>)> = subjects
            .iter()
            .filter(|subject| subject.attribute.is_some())
            .map(|subject| (subject, Scope::new(facts, subject)))
            .collect();
        for pack in chosen.iter().filter_map(|id| self.packs.get(id)) {
            let reach = pack.applies.evaluate(&scope);
            for rule in &pack.rules {
                if rule.per == Per::System {
                    findings.push(self.finding(pack, &reach, rule, system, facts, &scope, &Subject::system()));
                    continue;
                }
                let mine = parts.iter().filter(|(subject, _)| (rule.per == Per::Group) == subject.group.is_some());
                for (subject, scope) in mine {
                    findings.push(self.finding(pack, &reach, rule, system, facts, scope, subject));
                }
            }
        }
        findings
    }

    #[allow(clippy::too_many_arguments, reason = "one call site, and each argument is a different thing")]
    fn finding(
        &self,
        pack: &Pack,
        reach: &crate::expr::Evaluation,
        rule: &Rule,
        system: &str,
        facts: &FactSet,
        scope: &Scope<'_>,
        subject: &Subject,
    ) -> Finding {
        let citations: Vec<Cited> = rule.serves.iter().filter_map(|id| self.cite(pack, id, scope)).collect();
        let binding = citations.iter().any(|c| c.status.is_some_and(Status::binds));
        let standing = |c: &Cited| {
            matches!(
                c.status,
                Some(
                    Status::InForce
                        | Status::Guidance
                        | Status::DraftGuidance
                        | Status::Voluntary
                        | Status::Contested
                )
            )
        };
        let live = citations.iter().any(standing);
        let applies_from = citations.iter().filter_map(|c| c.from).filter(|from| *from > self.as_of).min();
        let mut finding = Finding {
            fingerprint: fingerprint(&rule.id, system, subject),
            rule: rule.id.clone(),
            title: rule.title.clone(),
            system: system.to_owned(),
            subject: subject.clone(),
            outcome: Outcome::NotApplicable,
            severity: rule.severity,
            binding: binding && rule.lifecycle == Lifecycle::Stable,
            message: String::new(),
            remedy: String::new(),
            citations,
            facts: Vec::new(),
            missing: Vec::new(),
            places: Vec::new(),
            waiver: None,
            applies_from: if live { None } else { applies_from },
        };
        let applies = rule.applies.evaluate(scope);
        let mut reads = applies.reads.clone();
        let outside = reach.truth == Truth::False || applies.truth == Truth::False;
        let mut missing = BTreeSet::new();
        if outside {
            finding.applies_from = None;
            if reach.truth == Truth::False {
                reads.clone_from(&reach.reads);
            }
            finding.message = "does not apply to this system".to_owned();
        } else {
            for truth in [&reach.truth, &applies.truth] {
                if let Truth::Unknown(keys) = truth {
                    missing.extend(keys.iter().cloned());
                }
            }
            let check = rule.check.evaluate(scope);
            // The check may be read only where the rule is known to apply; a failed or unknown one may not, if unsure.
            let sure = ![&reach.truth, &applies.truth].iter().any(|truth| matches!(truth, Truth::Unknown(_)));
            finding.outcome = match (&check.truth, sure) {
                (Truth::True, _) => Outcome::Met,
                (Truth::False, true) => Outcome::NotMet,
                (Truth::Unknown(_), true) if rule.absence_is_fault => Outcome::NotMet,
                _ => Outcome::Unknown,
            };
            reads.extend(check.reads);
            if let Truth::Unknown(keys) = check.truth {
                missing.extend(keys);
            }
            finding.message = match finding.outcome {
                Outcome::Met => self.fill(&rule.met, facts, subject),
                Outcome::NotMet => self.fill(&rule.message, facts, subject),
                _ => self.wanting(&missing, facts, subject),
            };
            if finding.outcome != Outcome::Met {
                finding.remedy.clone_from(&rule.remedy);
                finding.missing = missing.into_iter().collect();
            }
            if !live {
                // Judged all the same, so that the roadmap can say what would be missing on the day.
                finding.message = match (finding.applies_from, finding.outcome) {
                    (Some(from), outcome) => format!("applies from {from}; judged today it would be: {outcome}"),
                    (None, _) => "no requirement it serves is in force".to_owned(),
                };
                finding.outcome = Outcome::NotApplicable;
            }
        }
        finding.facts = self.reads(&reads, facts, subject);
        finding.places =
            reads.iter().filter_map(|key| facts.get(key, subject)).filter_map(|fact| fact.place.clone()).collect();
        finding.places.sort();
        finding.places.dedup();
        finding
    }

    /// Why a rule cannot be judged: what is absent for a reason, and what nobody stated.
    fn wanting(&self, missing: &BTreeSet<String>, facts: &FactSet, subject: &Subject) -> String {
        const NAMED: usize = 3;
        let (mut reasons, mut silent) = (Vec::new(), Vec::new());
        for key in missing {
            let title = self.catalog.get(key).map_or(key.as_str(), |d| d.title.as_str());
            match facts.get(key, subject).map(crate::Fact::on_paper) {
                Some(State::Absent(reason)) => reasons.push(format!("{title}: {reason}")),
                _ => silent.push(title),
            }
        }
        if !silent.is_empty() {
            let more = match silent.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            silent.truncate(NAMED);
            reasons.push(format!("not stated: {}{more}", silent.join(", ")));
        }
        format!("cannot be judged ({})", reasons.join("; "))
    }

    /// Replaces `{fact.key}` by the value of the fact.
    fn fill(&self, text: &str, facts: &FactSet, subject: &Subject) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        for key in crate::pack::placeholders(text) {
            let Some((before, after)) = rest.split_once(&format!("{{{key}}}")) else { break };
            filled.push_str(before);
            rest = after;
            let fact = facts.get(key, subject);
            let shown = match fact.map_or_else(unknown, |fact| fact.on_paper().clone()) {
                State::Known(value) => value.to_string(),
                // It is known and must not be told: the sentence goes on.
                State::Absent(_) if fact.is_some_and(|fact| fact.value().is_some()) => "[withheld]".to_owned(),
                // Within brackets of the text a reason needs none of its own.
                State::Absent(reason) if filled.matches('(').count() > filled.matches(')').count() => reason,
                State::Absent(reason) => format!("({reason})"),
            };
            filled.push_str(&shown);
        }
        filled + rest
    }
}

fn unknown() -> State {
    State::Absent(NOT_KNOWN.to_owned())
}

pub(crate) fn fingerprint(rule: &str, system: &str, subject: &Subject) -> String {
    sha256_hex(format!("{rule}\n{system}\n{subject:?}").as_bytes()).chars().take(16).collect()
}

pub(crate) fn count(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}
