//! What the law asks, since when, and how sure that is.

use std::fmt;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::expr::{Predicate, Scope, Truth};

/// How well a fact of law was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// Written from memory; not checked.
    Recalled,
    /// Seen on a secondary page.
    Secondary,
    /// Seen in a primary source.
    Verified,
}

impl Confidence {
    pub(crate) const NAMES: [&'static str; 3] = ["recalled", "secondary", "verified"];

    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "recalled" => Some(Self::Recalled),
            "secondary" => Some(Self::Secondary),
            "verified" => Some(Self::Verified),
            _ => None,
        }
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Recalled => "recalled, not checked",
            Self::Secondary => "checked on a secondary source",
            Self::Verified => "checked on a primary source",
        })
    }
}

/// The legal standing of a requirement on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Binding.
    InForce,
    /// Adopted; applies from a later day.
    AdoptedNotYetApplicable,
    /// A proposal.
    Proposed,
    /// An authority's final guidance.
    Guidance,
    /// An authority's draft guidance.
    DraftGuidance,
    /// Voluntary.
    Voluntary,
    /// No longer law.
    Repealed,
    /// Set aside by a court.
    Vacated,
    /// In dispute.
    Contested,
}

impl Status {
    pub(crate) const NAMES: [&'static str; 9] = [
        "in-force",
        "adopted-not-yet-applicable",
        "proposed",
        "guidance",
        "draft-guidance",
        "voluntary",
        "repealed",
        "vacated",
        "contested",
    ];

    pub(crate) fn parse(name: &str) -> Option<Self> {
        let all = [
            Self::InForce,
            Self::AdoptedNotYetApplicable,
            Self::Proposed,
            Self::Guidance,
            Self::DraftGuidance,
            Self::Voluntary,
            Self::Repealed,
            Self::Vacated,
            Self::Contested,
        ];
        Self::NAMES.iter().position(|known| *known == name).and_then(|at| all.get(at).copied())
    }

    /// Whether a duty of this standing can fail a gate by itself.
    pub fn binds(self) -> bool {
        self == Self::InForce
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::InForce => "in force",
            Self::AdoptedNotYetApplicable => "adopted, not yet applicable",
            Self::Proposed => "proposed",
            Self::Guidance => "guidance",
            Self::DraftGuidance => "draft guidance",
            Self::Voluntary => "voluntary",
            Self::Repealed => "repealed",
            Self::Vacated => "vacated",
            Self::Contested => "contested",
        };
        f.write_str(name)
    }
}

/// One stretch of a requirement's life.
#[derive(Debug)]
pub struct DatedStatus {
    /// Standing during the stretch.
    pub status: Status,
    /// First day; `None` for as long as anyone needs.
    pub from: Option<Date>,
    /// First day it no longer holds.
    pub until: Option<Date>,
    /// The stretch holds only for systems of which this is true, such as one route of the AI Act.
    pub(crate) when: Option<Predicate>,
    /// Why the date or the standing is disputed.
    pub contested: Option<String>,
}

impl DatedStatus {
    /// For which systems it holds, as written.
    pub fn when_source(&self) -> Option<String> {
        self.when.as_ref().map(Predicate::source)
    }
}

/// A citation with what it asks.
#[derive(Debug)]
pub struct Requirement {
    /// Id within the pack.
    pub id: String,
    /// Citation down to the paragraph.
    pub citation: String,
    /// Short title.
    pub title: String,
    /// What it asks, in our own words.
    pub asks: String,
    /// How well that was checked.
    pub confidence: Confidence,
    /// The requirement this is part of.
    pub parent: Option<String>,
    /// Topics it belongs to, shared with requirements of other packs.
    pub topics: Vec<String>,
    /// Its life, in order of dates.
    pub statuses: Vec<DatedStatus>,
}

/// The standing of a requirement for one system on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) status: Status,
    /// When the standing began, or will begin for what is not yet applicable.
    pub(crate) from: Option<Date>,
    pub(crate) contested: Option<String>,
}

impl Requirement {
    /// The standing on `day` for the system of `scope`; `None` if the requirement does not concern it, or if it is
    /// guidance that does not exist yet. A stretch that may concern the system counts until the facts rule it out.
    pub(crate) fn standing(&self, day: Date, scope: &Scope<'_>) -> Option<Standing> {
        let concerned =
            |entry: &&DatedStatus| entry.when.as_ref().is_none_or(|when| when.evaluate(scope).truth != Truth::False);
        let mine: Vec<&DatedStatus> = self.statuses.iter().filter(concerned).collect();
        let begun = |entry: &&&DatedStatus| entry.from.is_none_or(|from| from <= day);
        let lasting = |entry: &&&DatedStatus| entry.until.is_none_or(|until| day < until);
        let standing =
            |entry: &DatedStatus, status| Standing { status, from: entry.from, contested: entry.contested.clone() };
        if let Some(entry) = mine.iter().filter(begun).filter(lasting).max_by_key(|entry| entry.from) {
            return Some(standing(entry, entry.status));
        }
        let later =
            |entry: &&&DatedStatus| entry.status == Status::InForce && entry.from.is_some_and(|from| from > day);
        let next = mine.iter().filter(later).min_by_key(|entry| entry.from)?;
        Some(standing(next, Status::AdoptedNotYetApplicable))
    }

    /// Every day on which the standing changes for the system of `scope`.
    pub(crate) fn changes(&self, scope: &Scope<'_>) -> Vec<(Date, Status)> {
        self.statuses
            .iter()
            .filter(|entry| entry.when.as_ref().is_none_or(|when| when.evaluate(scope).truth != Truth::False))
            .filter_map(|entry| entry.from.map(|from| (from, entry.status)))
            .collect()
    }
}
