//! From findings to a decision.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Outcome, Severity};

/// What a finding that could not be judged does to the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownPolicy {
    /// The gate is inconclusive (exit code 3).
    Inconclusive,
    /// The gate fails.
    Fail,
    /// The gate does not care.
    Ignore,
}

/// The organisation's own policy: which findings stop a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatePolicy {
    /// Binding findings of at least this severity fail the gate.
    pub fail_on: Severity,
    /// What unknown findings of that severity do.
    pub unknown: UnknownPolicy,
    /// Whether findings under guidance, drafts and voluntary frameworks fail it too.
    pub advisory_fails: bool,
    /// Whether a human must approve although nothing failed.
    pub require_approval: bool,
    /// Counts below this are not shown in anything that leaves the run (CMS cell-size policy: 11).
    pub smallest_cell: u64,
}

impl Default for GatePolicy {
    fn default() -> Self {
        Self {
            fail_on: Severity::High,
            unknown: UnknownPolicy::Inconclusive,
            advisory_fails: false,
            require_approval: false,
            smallest_cell: 11,
        }
    }
}

/// The four ways a gate can come out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Nothing stands in the way.
    Pass,
    /// Something does.
    Fail,
    /// Evidence is missing or stale.
    Inconclusive,
    /// A human has to approve.
    NeedsReview,
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
            Self::NeedsReview => "needs review",
        })
    }
}

/// A decision with the findings that made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateDecision {
    /// The decision.
    pub decision: Decision,
    /// Fingerprints of the findings that decided it.
    pub because: Vec<String>,
}

impl GateDecision {
    /// The exit code of the command: 0 pass, 1 fail, 3 inconclusive, 4 needs human approval.
    pub fn exit_code(&self) -> u8 {
        match self.decision {
            Decision::Pass => 0,
            Decision::Fail => 1,
            Decision::Inconclusive => 3,
            Decision::NeedsReview => 4,
        }
    }
}

/// Decides. Waived findings do not count.
pub(crate) fn decide(findings: &[&Finding], policy: &GatePolicy) -> GateDecision {
    let heavy =
        |f: &&&Finding| f.waiver.is_none() && f.severity >= policy.fail_on && (f.binding || policy.advisory_fails);
    let of = |outcome: Outcome| -> Vec<String> {
        let mine = findings.iter().filter(heavy).filter(|f| f.outcome == outcome);
        mine.map(|f| f.fingerprint.clone()).collect()
    };
    let (mut failed, unknown) = (of(Outcome::NotMet), of(Outcome::Unknown));
    if policy.unknown == UnknownPolicy::Fail {
        failed.extend(unknown.iter().cloned());
    }
    if !failed.is_empty() {
        return GateDecision { decision: Decision::Fail, because: failed };
    }
    if policy.unknown == UnknownPolicy::Inconclusive && !unknown.is_empty() {
        return GateDecision { decision: Decision::Inconclusive, because: unknown };
    }
    if policy.require_approval {
        return GateDecision { decision: Decision::NeedsReview, because: Vec::new() };
    }
    GateDecision { decision: Decision::Pass, because: Vec::new() }
}
