//! Impact assessments answered from a run: what is known, what is missing, what a person has to write.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::Library;
use crate::assess::SystemAssessment;
use crate::catalog::Origin;
use crate::diagnostic::Diagnostic;
use crate::expr::{Scope, Truth};
use crate::fact::{Fact, Provenance, State, Subject};
use crate::finding::Outcome;
use crate::pack::{Item, Questionnaire, Score};
use crate::project::System;
use crate::value::Value;

/// Whether an assessment is owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owed {
    /// The law asks for it.
    Yes,
    /// It does not.
    No,
    /// The facts leave it open.
    Unknown(Vec<String>),
    /// Whoever wants it does it.
    Voluntary,
}

/// An answered impact assessment.
#[derive(Debug, Clone, PartialEq)]
pub struct FilledAssessment {
    /// `pack/name`.
    pub id: String,
    /// Title.
    pub title: String,
    /// Whether it is owed.
    pub owed: Owed,
    /// Why.
    pub because: Option<String>,
    /// Citations with how well they were checked.
    pub citations: Vec<(String, crate::Confidence)>,
    /// Newest date of the evidence of the pack.
    pub evidence_date: Option<Date>,
    /// Sections in order.
    pub sections: Vec<FilledSection>,
    /// Levels.
    pub scores: Vec<ScoreResult>,
}

impl FilledAssessment {
    /// Its items in order.
    pub fn items(&self) -> impl Iterator<Item = &FilledItem> {
        self.sections.iter().flat_map(|section| &section.items)
    }

    /// Items, those answered whole, those in part.
    pub fn counts(&self) -> (usize, usize, usize) {
        let answered = self.items().filter(|item| item.is_answered()).count();
        let begun = self.items().filter(|item| !item.is_answered() && item.is_begun()).count();
        (self.items().count(), answered, begun)
    }
}

/// A section with its answers.
#[derive(Debug, Clone, PartialEq)]
pub struct FilledSection {
    /// Title.
    pub title: String,
    /// Citation.
    pub part: Option<String>,
    /// Items that are asked of this system.
    pub items: Vec<FilledItem>,
}

/// An item with its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct FilledItem {
    /// The question.
    pub asks: String,
    /// Known facts: key, title, value and who says so.
    pub facts: Vec<(String, String, String, String)>,
    /// Facts that people would have to state, with their questions.
    pub missing: Vec<(String, String)>,
    /// Figures that an engine would have to measure: key and title.
    pub unmeasured: Vec<(String, String)>,
    /// Conclusions that were reached: key, title and value.
    pub conclusions: Vec<(String, String, String)>,
    /// Conclusions that the facts leave open: facts that would decide, and the question.
    pub undecided: Vec<(String, String)>,
    /// Measures: rule, title, outcome.
    pub measures: Vec<(String, String, Outcome)>,
    /// What a person has to write and has not: name of the item, and what.
    pub write: Option<(String, String)>,
    /// What a person has written: text and who says so.
    pub written: Option<(String, String)>,
    /// Where else the same is asked.
    pub crosswalk: Vec<String>,
    /// Points and the most there can be; no points while the fact is not known.
    pub points: Option<(Option<u32>, u32)>,
}

impl FilledItem {
    /// Whether nothing is left to state or to write.
    pub fn is_answered(&self) -> bool {
        self.missing.is_empty()
            && self.unmeasured.is_empty()
            && self.undecided.is_empty()
            && self.write.is_none()
            && self.measures.iter().all(|(_, _, outcome)| *outcome != Outcome::Unknown)
    }

    /// Whether the tool knows anything that answers it.
    pub fn is_begun(&self) -> bool {
        !self.facts.is_empty()
            || self.written.is_some()
            || !self.conclusions.is_empty()
            || self.measures.iter().any(|(_, _, outcome)| matches!(outcome, Outcome::Met | Outcome::NotMet))
    }
}

/// Points of one score.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreResult {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Risk points and the most there can be.
    pub risk: (u32, u32),
    /// Mitigation points and the most there can be.
    pub mitigation: (u32, u32),
    /// Points after mitigation.
    pub total: u32,
    /// The level; with its meaning.
    pub level: (String, String),
    /// Scored items that are not answered yet; the level is then only that of the answers so far.
    pub open: usize,
}

/// Answers an impact assessment for a system of a run.
pub fn fill(library: &Library, questionnaire: &Questionnaire, system: &SystemAssessment) -> FilledAssessment {
    let scope = Scope::new(&system.facts, &Subject::system());
    let owed = match &questionnaire.when {
        None => Owed::Voluntary,
        Some(when) => match when.evaluate(&scope).truth {
            Truth::True => Owed::Yes,
            Truth::False => Owed::No,
            Truth::Unknown(keys) => Owed::Unknown(keys.into_iter().collect()),
        },
    };
    let pack = questionnaire.id.split('/').next().and_then(|id| library.packs.get(id));
    let citations = questionnaire
        .cites
        .iter()
        .filter_map(|id| pack.and_then(|pack| pack.requirement(id)))
        .map(|requirement| (requirement.citation.clone(), requirement.confidence))
        .collect();
    let asked = |item: &&Item| item.when.as_ref().is_none_or(|when| when.evaluate(&scope).truth != Truth::False);
    let sections = questionnaire
        .sections
        .iter()
        .map(|section| FilledSection {
            title: section.title.clone(),
            part: section.part.clone(),
            items: section
                .items
                .iter()
                .filter(asked)
                .map(|item| filled(library, questionnaire, item, system))
                .collect(),
        })
        .collect();
    let scores =
        questionnaire.scores.iter().map(|score| scored(library, questionnaire, score, system, &scope)).collect();
    FilledAssessment {
        id: questionnaire.id.clone(),
        title: questionnaire.title.clone(),
        owed,
        because: questionnaire.because.clone(),
        citations,
        evidence_date: pack.map(|pack| pack.evidence_date),
        sections,
        scores,
    }
}

fn filled(library: &Library, questionnaire: &Questionnaire, item: &Item, system: &SystemAssessment) -> FilledItem {
    let asked = questionnaire.name_of(item).zip(item.write.clone());
    let written = asked.as_ref().and_then(|(name, _)| written(name, system));
    let mut filled = FilledItem {
        asks: item.asks.clone(),
        facts: Vec::new(),
        missing: Vec::new(),
        unmeasured: Vec::new(),
        conclusions: Vec::new(),
        undecided: Vec::new(),
        measures: Vec::new(),
        write: if written.is_some() { None } else { asked },
        written,
        crosswalk: item.crosswalk.clone(),
        points: None,
    };
    for key in &item.facts {
        let Some(definition) = library.catalog.get(key) else { continue };
        match system.facts.get(key, &Subject::system()).map(|fact| (fact, fact.on_paper())) {
            Some((fact, State::Known(value))) => {
                filled.facts.push((key.clone(), definition.title.clone(), definition.kind.shown(value), said(fact)));
            }
            _ if matches!(definition.origin, Origin::Measured(_)) => {
                filled.unmeasured.push((key.clone(), definition.title.clone()));
            }
            _ => filled.missing.push((key.clone(), definition.question.clone())),
        }
    }
    for key in &item.conclusions {
        let found =
            system.conclusions.iter().find(|conclusion| format!("{}.{}", conclusion.pack, conclusion.id) == *key);
        if let Some(conclusion) = found {
            let title = conclusion.title.clone();
            match &conclusion.outcome {
                crate::ConclusionOutcome::Known(value) => {
                    filled.conclusions.push((key.clone(), title, format!("{value}: {}", conclusion.meaning)));
                }
                crate::ConclusionOutcome::Unknown { .. } => {
                    filled.undecided.extend(conclusion.undecided().map(|left| (conclusion.missing.join(", "), left)));
                }
            }
        }
    }
    for rule in &item.rules {
        // One for each outcome, with the groups of patients it holds for.
        for outcome in [Outcome::NotMet, Outcome::Unknown, Outcome::Met] {
            let alike =
                || system.findings.iter().filter(|finding| finding.rule == *rule && finding.outcome == outcome);
            let Some(first) = alike().next() else { continue };
            let of: Vec<String> = alike()
                .filter(|finding| finding.subject.attribute.is_some())
                .map(|finding| finding.subject.to_string())
                .collect();
            let of = if of.is_empty() { String::new() } else { format!(": {}", of.join("; ")) };
            filled.measures.push((rule.clone(), format!("{}{of}", first.title), outcome));
        }
    }
    if !item.points.is_empty() {
        filled.points = Some((points(item, system), item.most(&library.catalog)));
    }
    filled
}

/// Who says so, in few words.
fn said(fact: &Fact) -> String {
    match &fact.provenance {
        Provenance::Stated(Some(statement)) => format!("{}, {}", statement.by, statement.on),
        Provenance::Stated(None) => "stated".to_owned(),
        Provenance::Measured { engine, .. } => format!("measured ({engine})"),
        Provenance::Concluded { pack } => format!("concluded ({pack})"),
    }
}

/// The fact that holds what people have written in answer to items, by their names.
pub const ANSWERS: &str = "impact.answers";

/// Name and text of every answer that was written.
fn answers(value: &Value) -> impl Iterator<Item = (&str, &str)> {
    let records = match value {
        Value::List(records) => records.as_slice(),
        _ => &[],
    };
    records.iter().filter_map(|record| match record {
        Value::Record(fields) => match (fields.get("item")?, fields.get("text")?) {
            (Value::Text(item), Value::Text(text)) => Some((item.as_str(), text.as_str())),
            _ => None,
        },
        _ => None,
    })
}

fn written(name: &str, system: &SystemAssessment) -> Option<(String, String)> {
    let fact = system.facts.get(ANSWERS, &Subject::system())?;
    let State::Known(value) = fact.on_paper() else { return None };
    let (_, text) = answers(value).find(|(item, _)| *item == name)?;
    Some((text.to_owned(), said(fact)))
}

/// Answers to items that no assessment has.
pub(crate) fn unknown_answers(library: &Library, system: &System) -> Vec<Diagnostic> {
    let Some(value) = system.facts.value(ANSWERS) else { return Vec::new() };
    let asked: BTreeSet<String> = library
        .packs
        .iter()
        .flat_map(|pack| &pack.questionnaires)
        .flat_map(|one| one.sections.iter().flat_map(|section| &section.items).filter_map(|item| one.name_of(item)))
        .collect();
    let unknown = answers(value).filter(|(name, _)| !asked.contains(*name));
    unknown
        .map(|(name, _)| {
            let message = format!("`{ANSWERS}` answers `{name}`, which no impact assessment asks");
            let hint =
                "`medattest impact ASSESSMENT --system SYSTEM` shows what is to be written, each with its name";
            Diagnostic::at(&system.place, "unknown-item", message, hint)
        })
        .collect()
}

/// Points of an item; none while its fact is not known.
fn points(item: &Item, system: &SystemAssessment) -> Option<u32> {
    let of = |value: &str| item.points.get(value).copied().unwrap_or(0);
    match system.facts.value(item.facts.first()?)? {
        Value::Bool(true) => Some(of("yes")),
        Value::Bool(false) => Some(of("no")),
        Value::Text(value) => Some(of(value)),
        Value::List(values) => Some(
            values
                .iter()
                .map(|value| match value {
                    Value::Text(value) => of(value),
                    _ => 0,
                })
                .sum(),
        ),
        _ => None,
    }
}

fn scored(
    library: &Library,
    questionnaire: &Questionnaire,
    score: &Score,
    system: &SystemAssessment,
    scope: &Scope<'_>,
) -> ScoreResult {
    let mut got: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    let mut open = 0;
    for item in questionnaire.sections.iter().flat_map(|section| &section.items) {
        let Some(group) = item.group.as_deref() else { continue };
        if !score.risk.iter().chain(&score.mitigation).any(|name| name == group) {
            continue;
        }
        let sum = got.entry(group).or_default();
        sum.1 += item.most(&library.catalog);
        let asked = item.when.as_ref().map_or(Truth::True, |when| when.evaluate(scope).truth);
        if asked == Truth::False {
            continue;
        }
        match points(item, system) {
            Some(points) => sum.0 += points,
            None => open += 1,
        }
    }
    let of = |groups: &[String]| {
        groups.iter().filter_map(|group| got.get(group.as_str())).fold((0, 0), |(a, b), (x, y)| (a + x, b + y))
    };
    let (risk, mitigation) = (of(&score.risk), of(&score.mitigation));
    let (total, level) = outcome(score, risk, mitigation);
    ScoreResult { id: score.id.clone(), title: score.title.clone(), risk, mitigation, total, level, open }
}

/// Total and level from points.
fn outcome(score: &Score, risk: (u32, u32), mitigation: (u32, u32)) -> (u32, (String, String)) {
    let enough = mitigation.1 > 0 && f64::from(mitigation.0) >= score.threshold * f64::from(mitigation.1);
    let total = if enough { (f64::from(risk.0) * score.factor).round() as u32 } else { risk.0 };
    let share = f64::from(total) / f64::from(risk.1.max(1));
    let level = score.levels.iter().find(|level| share <= level.up_to).or(score.levels.last());
    (total, level.map(|level| (level.id.clone(), level.means.clone())).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::Level;

    fn score() -> Score {
        let level = |id: &str, up_to| Level { id: id.into(), up_to, means: String::new() };
        Score {
            id: "s".into(),
            title: "S".into(),
            risk: vec![],
            mitigation: vec![],
            threshold: 0.4,
            factor: 0.85,
            levels: vec![level("I", 0.25), level("II", 0.5), level("III", 0.75), level("IV", 1.0)],
        }
    }

    #[test]
    fn levels_change_at_their_bounds() {
        let level = |risk, mitigation| {
            let (total, level) = outcome(&score(), (risk, 100), (mitigation, 77));
            (total, level.0)
        };
        assert_eq!(level(25, 0), (25, "I".into()));
        assert_eq!(level(26, 0), (26, "II".into()));
        // 0.4 of 77 is 30.8.
        assert_eq!(level(60, 30), (60, "III".into()));
        assert_eq!(level(58, 31), (49, "II".into()));
        assert_eq!(level(100, 77), (85, "IV".into()));
    }
}
