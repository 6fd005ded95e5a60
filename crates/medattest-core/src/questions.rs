//! What would have to be known: the missing facts behind every open conclusion and finding, most decisive first.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Catalog, FactType, Origin};
use crate::fact::{Fact, FactSet, Provenance, State, Subject};
use crate::finding::{Finding, Outcome, Severity};
use crate::judge::{Conclusion, ConclusionOutcome};

/// A fact that could change an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Catalogue key.
    pub key: String,
    /// Short name.
    pub title: String,
    /// The question.
    pub question: String,
    /// How to answer it.
    pub help: String,
    /// A line for the system file, with the values that may stand there.
    pub answer: String,
    /// Conclusions it could decide, as `pack.id`.
    pub conclusions: Vec<String>,
    /// Rules it could decide.
    pub rules: Vec<String>,
    /// How much hangs on it; higher asks first.
    pub weight: u32,
}

/// The questions that open conclusions and findings raise.
pub(crate) fn questions(
    catalog: &Catalog,
    facts: &FactSet,
    conclusions: &[Conclusion],
    findings: &[Finding],
) -> Vec<Question> {
    let open = open(conclusions);
    let mut decides: BTreeMap<String, (BTreeSet<String>, BTreeSet<String>, u32)> = BTreeMap::new();
    for (id, conclusion) in &open {
        for key in roots(&conclusion.missing, &open) {
            let entry = decides.entry(key).or_default();
            if entry.0.insert(id.clone()) {
                // What no summary leads with and no rule reads is asked last.
                entry.2 += if conclusion.headline { 20 } else { 1 };
            }
        }
    }
    for finding in findings.iter().filter(|f| f.outcome == Outcome::Unknown) {
        let weight: u32 = match finding.severity {
            Severity::Critical => 12,
            Severity::High => 8,
            Severity::Medium => 3,
            Severity::Low => 1,
        };
        let weight = if finding.binding { weight } else { weight.div_ceil(3) };
        for key in &finding.missing {
            // What was measured and could not be estimated, no answer can change.
            let measured = |fact: &&Fact| matches!(fact.provenance, Provenance::Measured { .. });
            if facts.get(key, &finding.subject).filter(measured).is_some() {
                continue;
            }
            let entry = decides.entry(key.clone()).or_default();
            if entry.1.insert(finding.rule.clone()) {
                entry.2 += weight;
            }
        }
    }
    let mut questions: Vec<Question> = decides
        .into_iter()
        .filter_map(|(key, (conclusions, rules, weight))| {
            let definition = catalog.get(&key)?;
            let (question, answer) = match &definition.origin {
                Origin::Measured(engine) => (
                    format!(
                        "{} is measured by the {engine} engine: which table holds the predictions?",
                        definition.title
                    ),
                    "add a [[table]] to the system file, with the roles of its columns".to_owned(),
                ),
                _ => (definition.question.clone(), answer_line(&key, &definition.kind)),
            };
            let expired = facts.get(&key, &Subject::system()).and_then(|fact| match &fact.state {
                State::Absent(reason) => Some(format!("Stated before, but {reason}. ")),
                State::Known(_) => None,
            });
            Some(Question {
                title: definition.title.clone(),
                question,
                help: format!("{}{}", expired.unwrap_or_default(), definition.help).trim_end().to_owned(),
                answer,
                conclusions: conclusions.into_iter().collect(),
                rules: rules.into_iter().collect(),
                weight,
                key,
            })
        })
        .collect();
    questions.sort_by(|a, b| b.weight.cmp(&a.weight).then_with(|| a.key.cmp(&b.key)));
    questions
}

fn open(conclusions: &[Conclusion]) -> BTreeMap<String, &Conclusion> {
    conclusions
        .iter()
        .filter(|c| matches!(c.outcome, ConclusionOutcome::Unknown { .. }))
        .map(|c| (format!("{}.{}", c.pack, c.id), c))
        .collect()
}

/// Lets findings name the facts somebody can state, in place of conclusions that are open for want of them.
pub(crate) fn resolve_missing(conclusions: &[Conclusion], findings: &mut [Finding]) {
    let open = open(conclusions);
    for finding in findings.iter_mut().filter(|finding| !finding.missing.is_empty()) {
        finding.missing = roots(&finding.missing, &open).into_iter().collect();
    }
}

/// Facts to ask for: an open conclusion is replaced by what is missing for it.
fn roots(missing: &[String], open: &BTreeMap<String, &Conclusion>) -> BTreeSet<String> {
    let mut wanted: Vec<&String> = missing.iter().collect();
    let mut seen = BTreeSet::new();
    let mut roots = BTreeSet::new();
    while let Some(key) = wanted.pop() {
        if !seen.insert(key) {
            continue;
        }
        match open.get(key) {
            Some(conclusion) => wanted.extend(&conclusion.missing),
            None => {
                roots.insert(key.clone());
            }
        }
    }
    roots
}

/// How the answer is written in a system file.
pub(crate) fn answer_line(key: &str, kind: &FactType) -> String {
    let (family, name) = key.split_once('.').unwrap_or(("", key));
    match kind {
        FactType::Records(fields) => {
            let fields: Vec<String> = fields.iter().map(|f| format!("{} = {}", f.key, values(&f.kind))).collect();
            format!("[[{family}.{name}]] {}", fields.join("; "))
        }
        _ => format!("[{family}] {name} = {}", values(kind)),
    }
}

/// What may stand as the value.
fn values(kind: &FactType) -> String {
    let ids = |values: &[(String, String)]| {
        let ids: Vec<String> = values.iter().map(|(id, _)| format!("\"{id}\"")).collect();
        ids.join(" | ")
    };
    match kind {
        FactType::Bool => "true | false".to_owned(),
        FactType::Integer => "a whole number".to_owned(),
        FactType::Number => "a number".to_owned(),
        FactType::Text => "\"…\"".to_owned(),
        FactType::Date | FactType::Moment => "YYYY-MM-DD".to_owned(),
        FactType::Choice(values) => ids(values),
        FactType::Choices(values) => format!("[{}]", ids(values)),
        FactType::Texts => "[\"…\", \"…\"]".to_owned(),
        FactType::Estimate => "measured".to_owned(),
        FactType::Records(_) => "a list of tables".to_owned(),
    }
}
