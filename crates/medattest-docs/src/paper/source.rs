//! What a paper rests on: every claim carries the number of a source, every source the digest of what it said.

use medattest_core::engine::bias::BiasEvidence;
use medattest_core::engine::deid::DeidEvidence;
use medattest_core::monitor::MonitorReport;
use medattest_core::output::thousands;
use medattest_core::{
    Catalog, Fact, Finding, Provenance, State, Subject, SystemAssessment, TableProfile, sha256_hex,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What kind of thing a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// A fact: stated, measured or concluded.
    Fact,
    /// The figures measured on one table of predictions.
    Bias,
    /// The report of a monitoring plan.
    Monitor,
    /// The search of a dataset for identifiers.
    Survey,
    /// Rows and columns of a table.
    Profile,
    /// The outcome of a rule.
    Finding,
}

/// Something that a paper rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    /// Kind.
    pub kind: SourceKind,
    /// System; empty for the organisation.
    pub system: String,
    /// Catalogue key, id of a table, plan or dataset, or rule.
    pub key: String,
    /// Whom within the system.
    pub subject: String,
    /// Short name.
    pub title: String,
    /// What it said, as shown.
    pub value: String,
    /// How that is known.
    pub known: String,
    /// SHA-256 over all of this and, for measurements, over every figure.
    pub sha256: String,
}

impl Source {
    fn new(kind: SourceKind, system: &str, key: &str, said: Said, over: &str) -> Self {
        let Said { subject, title, value, known } = said;
        let text = format!("{kind:?}\n{system}\n{key}\n{subject}\n{value}\n{known}\n{over}");
        let sha256 = sha256_hex(text.as_bytes());
        Self { kind, system: system.to_owned(), key: key.to_owned(), subject, title, value, known, sha256 }
    }

    /// What names it, whatever it says.
    pub fn name(&self) -> (SourceKind, &str, &str, &str) {
        (self.kind, &self.system, &self.key, &self.subject)
    }
}

struct Said {
    subject: String,
    title: String,
    value: String,
    known: String,
}

/// How a fact is known, in words.
pub(crate) fn known(provenance: &Provenance) -> String {
    match provenance {
        Provenance::Stated(Some(statement)) => {
            let until = statement.until.map(|day| format!(", until {day}")).unwrap_or_default();
            let document = statement.document.as_ref().map(|name| format!(", on {name}")).unwrap_or_default();
            format!("stated by {} on {}{until}{document}", statement.by, statement.on)
        }
        Provenance::Stated(None) => "stated, nobody named".to_owned(),
        Provenance::Measured { engine, version, inputs, .. } => {
            let names: Vec<&str> = inputs.iter().map(|(name, _)| name.as_str()).collect();
            let of = if names.is_empty() { String::new() } else { format!(" on {}", names.join(", ")) };
            format!("measured by {engine} {version}{of}")
        }
        Provenance::Concluded { pack } => format!("concluded under {pack}"),
    }
}

/// A fact as a source.
pub(crate) fn of_fact(system: &str, fact: &Fact, catalog: &Catalog) -> Source {
    let value = match fact.on_paper() {
        State::Known(value) => value.to_string(),
        State::Absent(why) => format!("not known: {why}"),
    };
    let title = catalog.get(&fact.key).map_or_else(|| fact.key.clone(), |definition| definition.title.clone());
    let subject = if fact.subject == Subject::system() { String::new() } else { fact.subject.to_string() };
    let over = serde_json::to_string(&fact.provenance).unwrap_or_default();
    let said = Said { subject, title, value, known: known(&fact.provenance) };
    Source::new(SourceKind::Fact, system, &fact.key, said, &over)
}

/// The figures measured on one table.
pub(crate) fn of_bias(system: &str, evidence: &BiasEvidence) -> Source {
    let said = Said {
        subject: String::new(),
        title: format!("Figures of table {} ({} data)", evidence.table, evidence.use_),
        value: format!("counts {}", evidence.counts_sha256),
        known: format!("measured on {}, SHA-256 {}", evidence.path, evidence.sha256),
    };
    Source::new(SourceKind::Bias, system, &evidence.table, said, &evidence.parameters)
}

/// The report of a plan.
pub(crate) fn of_monitor(system: &str, report: &MonitorReport) -> Source {
    let windows = report.windows.len();
    let newest = report.newest.map(|day| format!(", the newest of {day}")).unwrap_or_default();
    let said = Said {
        subject: String::new(),
        title: format!("Monitoring plan {}", report.plan.id),
        value: format!("{windows} windows{newest}; {} alerts", report.alerts.len()),
        known: format!("measured by plan {}, reference {}", report.plan.sha256, report.reference_sha256),
    };
    let over = serde_json::to_string(&report.windows).unwrap_or_default();
    Source::new(SourceKind::Monitor, system, &report.plan.id, said, &over)
}

/// The search of a dataset.
pub(crate) fn of_survey(system: &str, evidence: &DeidEvidence) -> Source {
    let survey = &evidence.survey;
    let said = Said {
        subject: String::new(),
        title: format!("Search of dataset {} for identifiers", evidence.dataset),
        value: format!("{} detections in {} records", thousands(survey.detections()), thousands(survey.records)),
        known: format!("measured on {}, SHA-256 {}", evidence.path, survey.sha256),
    };
    let over = format!("{} {} {}", survey.policy, survey.layers, survey.recognizers_sha256);
    Source::new(SourceKind::Survey, system, &evidence.dataset, said, &over)
}

/// Rows and columns of a table.
pub(crate) fn of_profile(system: &str, profile: &TableProfile) -> Source {
    let said = Said {
        subject: String::new(),
        title: format!("Columns of table {}", profile.table),
        value: format!("{} columns", profile.columns.len()),
        known: format!("measured on {}, SHA-256 {}", profile.path, profile.sha256),
    };
    let over = serde_json::to_string(profile).unwrap_or_default();
    Source::new(SourceKind::Profile, system, &profile.table, said, &over)
}

/// The outcome of a rule for one subject.
pub(crate) fn of_finding(finding: &Finding) -> Source {
    let subject = if finding.subject == Subject::system() { String::new() } else { finding.subject.to_string() };
    let cited: Vec<&str> = finding.citations.iter().map(|c| c.citation.as_str()).collect();
    let said = Said {
        subject,
        title: finding.title.clone(),
        value: format!("{}: {}", finding.outcome, finding.message),
        known: format!("judged under {}", cited.join("; ")),
    };
    let standing: Vec<String> = finding.citations.iter().map(|c| format!("{:?} {:?}", c.status, c.from)).collect();
    Source::new(SourceKind::Finding, &finding.system, &finding.rule, said, &standing.join("\n"))
}

/// The source of the same name as it is in a run; none where it is gone.
pub(crate) fn again(
    source: &Source,
    organisation: &medattest_core::FactSet,
    systems: &[SystemAssessment],
    catalog: &Catalog,
) -> Option<Source> {
    let system = systems.iter().find(|system| system.id == source.system);
    let named = |subject: &Subject| {
        if *subject == Subject::system() { source.subject.is_empty() } else { subject.to_string() == source.subject }
    };
    match source.kind {
        SourceKind::Fact => {
            let facts = match system {
                Some(system) => &system.facts,
                None if source.system.is_empty() => organisation,
                None => return None,
            };
            let fact = facts.iter().find(|fact| fact.key == source.key && named(&fact.subject))?;
            Some(of_fact(&source.system, fact, catalog))
        }
        SourceKind::Bias => {
            let system = system?;
            Some(of_bias(&system.id, system.evidence.iter().find(|evidence| evidence.table == source.key)?))
        }
        SourceKind::Monitor => {
            let system = system?;
            let report = system.watched.iter().filter_map(|w| w.report.as_ref()).find(|r| r.plan.id == source.key)?;
            Some(of_monitor(&system.id, report))
        }
        SourceKind::Survey => {
            let system = system?;
            Some(of_survey(&system.id, system.surveys.iter().find(|survey| survey.dataset == source.key)?))
        }
        SourceKind::Profile => {
            let system = system?;
            Some(of_profile(&system.id, system.profiles.iter().find(|profile| profile.table == source.key)?))
        }
        SourceKind::Finding => {
            let mine = |finding: &&Finding| finding.rule == source.key && named(&finding.subject);
            system?.findings.iter().find(mine).map(of_finding)
        }
    }
}
