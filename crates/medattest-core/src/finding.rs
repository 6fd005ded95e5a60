//! What a run found: one finding per rule and subject, whatever the outcome.

use std::fmt;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::diagnostic::Place;
use crate::fact::Subject;
use crate::judge::FactRead;
use crate::pack::{Confidence, Status};

/// The four answers a rule can give. Unknown is not a failure, and not a pass either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Looked at, and in order.
    Met,
    /// Looked at, and wanting.
    NotMet,
    /// Facts are missing.
    Unknown,
    /// The rule has nothing to say here, or not yet.
    NotApplicable,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Met => "met",
            Self::NotMet => "not met",
            Self::Unknown => "unknown",
            Self::NotApplicable => "not applicable",
        })
    }
}

/// How bad a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Low,
    /// To be mended.
    Medium,
    /// A breach, or harm to patients is likely.
    High,
    /// Stop.
    Critical,
}

impl Severity {
    pub(crate) const NAMES: [&'static str; 4] = ["low", "medium", "high", "critical"];

    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "low" => Some(Self::Low),
            "medium" => Some(Self::Medium),
            "high" => Some(Self::High),
            "critical" => Some(Self::Critical),
            _ => None,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        })
    }
}

/// A requirement as cited, with its standing on the day of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cited {
    /// `pack/requirement`.
    pub requirement: String,
    /// Citation.
    pub citation: String,
    /// Short title.
    pub title: String,
    /// What it asks.
    pub asks: String,
    /// Standing on the day of the run; `None` if it does not concern this system.
    pub status: Option<Status>,
    /// Since when, or from when.
    pub from: Option<Date>,
    /// Why the date or standing is disputed.
    pub contested: Option<String>,
    /// How well it was checked.
    pub confidence: Confidence,
}

/// A waiver that covers a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaiverUse {
    /// Why the finding is accepted.
    pub reason: String,
    /// Who accepted it.
    pub approver: String,
    /// Last day of the waiver.
    pub expires: Date,
}

/// The result of one rule for one subject.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Stable across runs: depends on rule, system and subject only.
    pub fingerprint: String,
    /// `pack/rule`.
    pub rule: String,
    /// Title of the rule.
    pub title: String,
    /// System id; empty for findings about the project.
    pub system: String,
    /// Whom within the system.
    pub subject: Subject,
    /// Result.
    pub outcome: Outcome,
    /// How bad the fault is, or would be.
    pub severity: Severity,
    /// Whether a requirement served binds on the day of the run and the rule is stable.
    pub binding: bool,
    /// What was found.
    pub message: String,
    /// What to do; empty when met.
    pub remedy: String,
    /// Requirements served.
    pub citations: Vec<Cited>,
    /// Facts that decided.
    pub facts: Vec<FactRead>,
    /// Facts that would have to be known.
    pub missing: Vec<String>,
    /// Where the facts are written.
    pub places: Vec<Place>,
    /// The waiver that covers it.
    pub waiver: Option<WaiverUse>,
    /// First day on which the rule can fail, where that is in the future.
    pub applies_from: Option<Date>,
}
