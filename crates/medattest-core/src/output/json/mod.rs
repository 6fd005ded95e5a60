//! JSON v1: a frozen type of its own, so that the inside may change without breaking anyone's parser. Within v1 fields
//! are only added. Small cells are withheld as on paper: the field is then `null`.

mod bias;
mod deid;
mod monitor;
mod types;

use jiff::civil::Date;
use schemars::JsonSchema;

pub use bias::bias;
pub use deid::*;
pub use monitor::*;
pub use types::*;

use crate::assess::{Assessment, SystemAssessment};
use crate::fact::{Provenance, State};
use crate::finding::{Cited, Finding};
use crate::gate::GateDecision;
use crate::judge::{Conclusion, ConclusionOutcome, FactRead};
use crate::roadmap::{Milestone, MilestoneKind};

/// The JSON Schema of one of the types of this module.
pub fn schema_of<T: JsonSchema>() -> serde_json::Value {
    schemars::schema_for!(T).to_value()
}

/// The whole run as JSON v1.
pub fn assessment(run: &Assessment) -> AssessmentV1 {
    AssessmentV1 {
        format: "medattest-assessment-v1".to_owned(),
        version: run.version.to_owned(),
        as_of: run.as_of.to_string(),
        organisation: run.organisation.clone(),
        project_sha256: run.project_sha256.clone(),
        files: run
            .files
            .iter()
            .map(|(path, sha256)| DigestV1 { path: path.clone(), sha256: sha256.clone() })
            .collect(),
        packs: run
            .packs
            .iter()
            .map(|pack| PackV1 {
                id: pack.id.clone(),
                title: pack.title.clone(),
                jurisdiction: pack.jurisdiction.clone(),
                revision: pack.revision,
                edition: pack.edition.clone(),
                evidence_date: pack.evidence_date.to_string(),
                limits: pack.limits.clone(),
                sha256: pack.sha256.clone(),
            })
            .collect(),
        decision: decision(&run.decision),
        systems: run.systems.iter().map(|system| self::system(system, run.policy.smallest_cell)).collect(),
        project_findings: run.project_findings.iter().map(finding).collect(),
    }
}

fn decision(decision: &GateDecision) -> DecisionV1 {
    DecisionV1 { decision: decision.decision, exit_code: decision.exit_code(), because: decision.because.clone() }
}

fn system(system: &SystemAssessment, smallest: u64) -> SystemV1 {
    SystemV1 {
        id: system.id.clone(),
        name: system.name.clone(),
        file: system.file.clone(),
        decision: decision(&system.decision),
        conclusions: system.conclusions.iter().map(conclusion).collect(),
        findings: system.findings.iter().map(finding).collect(),
        questions: system.questions.iter().map(question).collect(),
        roadmap: system.roadmap.iter().map(milestone).collect(),
        evidence: system.evidence.iter().map(|evidence| bias(evidence, smallest)).collect(),
    }
}

/// One conclusion as JSON v1.
pub fn conclusion(conclusion: &Conclusion) -> ConclusionV1 {
    let (value, could_be) = match &conclusion.outcome {
        ConclusionOutcome::Known(value) => (Some(value.clone()), Vec::new()),
        ConclusionOutcome::Unknown { could_be } => (None, could_be.clone()),
    };
    ConclusionV1 {
        id: format!("{}.{}", conclusion.pack, conclusion.id),
        title: conclusion.title.clone(),
        value,
        could_be,
        meaning: conclusion.meaning.clone(),
        because: conclusion.because.clone(),
        contested: conclusion.contested.clone(),
        headline: conclusion.headline,
        citations: conclusion.citations.iter().map(cited).collect(),
        facts: conclusion.facts.iter().map(fact).collect(),
        missing: conclusion.missing.clone(),
    }
}

/// A requirement as cited, as JSON v1.
pub fn cited(cited: &Cited) -> CitedV1 {
    CitedV1 {
        requirement: cited.requirement.clone(),
        citation: cited.citation.clone(),
        title: cited.title.clone(),
        asks: cited.asks.clone(),
        status: cited.status,
        from: date(cited.from),
        contested: cited.contested.clone(),
        confidence: cited.confidence,
    }
}

fn date(date: Option<Date>) -> Option<String> {
    date.map(|date| date.to_string())
}

/// A fact as it was read, as JSON v1.
pub fn fact(fact: &FactRead) -> FactV1 {
    let (value, absent_because) = match &fact.state {
        State::Known(value) => (Some(value.to_string()), None),
        State::Absent(reason) => (None, Some(reason.clone())),
    };
    let (known_by, source) = match &fact.provenance {
        None => (None, None),
        Some(Provenance::Stated(statement)) => {
            (Some("stated"), statement.as_ref().map(|s| format!("{}, {}", s.by, s.on)))
        }
        Some(Provenance::Measured { engine, version, .. }) => (Some("measured"), Some(format!("{engine} {version}"))),
        Some(Provenance::Concluded { pack }) => (Some("concluded"), Some(pack.clone())),
    };
    FactV1 {
        key: fact.key.clone(),
        title: fact.title.clone(),
        value,
        absent_because,
        known_by: known_by.map(str::to_owned),
        source,
    }
}

fn finding(finding: &Finding) -> FindingV1 {
    FindingV1 {
        fingerprint: finding.fingerprint.clone(),
        rule: finding.rule.clone(),
        title: finding.title.clone(),
        subject: finding.subject.to_string(),
        outcome: finding.outcome,
        severity: finding.severity,
        binding: finding.binding,
        message: finding.message.clone(),
        remedy: finding.remedy.clone(),
        citations: finding.citations.iter().map(cited).collect(),
        facts: finding.facts.iter().map(fact).collect(),
        missing: finding.missing.clone(),
        places: finding.places.iter().map(ToString::to_string).collect(),
        waiver: finding.waiver.as_ref().map(|w| WaiverV1 {
            reason: w.reason.clone(),
            approver: w.approver.clone(),
            expires: w.expires.to_string(),
        }),
        applies_from: date(finding.applies_from),
    }
}

/// One question as JSON v1.
pub fn question(question: &crate::Question) -> QuestionV1 {
    QuestionV1 {
        key: question.key.clone(),
        question: question.question.clone(),
        help: question.help.clone(),
        answer: question.answer.clone(),
        conclusions: question.conclusions.clone(),
        rules: question.rules.clone(),
        weight: question.weight,
    }
}

/// One milestone as JSON v1.
pub fn milestone(milestone: &Milestone) -> MilestoneV1 {
    let kind = match milestone.kind {
        MilestoneKind::Law => "law",
        MilestoneKind::Conclusion => "conclusion",
        MilestoneKind::Statement => "statement",
        MilestoneKind::Waiver => "waiver",
    };
    MilestoneV1 {
        date: milestone.date.to_string(),
        kind: kind.to_owned(),
        title: milestone.title.clone(),
        citation: milestone.citation.clone(),
        status: milestone.status,
        confidence: milestone.confidence,
        contested: milestone.contested.clone(),
        rules: milestone
            .rules
            .iter()
            .map(|rule| ForeseenV1 {
                rule: rule.rule.clone(),
                outcome: rule.outcome,
                severity: rule.severity,
                missing: rule.missing.clone(),
            })
            .collect(),
    }
}
