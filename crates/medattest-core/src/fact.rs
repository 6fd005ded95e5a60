//! Facts: what is known of a system, and on whose word.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::diagnostic::Place;
use crate::value::Value;

/// Whom a fact is about, within one system: the system, an attribute of a table, or one group of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Subject {
    /// Table that was measured.
    pub table: Option<String>,
    /// Attribute, such as `race` or `race x gender`.
    pub attribute: Option<String>,
    /// Group of the attribute.
    pub group: Option<String>,
}

impl Subject {
    /// The system as a whole.
    pub fn system() -> Self {
        Self::default()
    }

    /// An attribute of a table.
    pub fn attribute(table: &str, attribute: &str) -> Self {
        Self { table: Some(table.to_owned()), attribute: Some(attribute.to_owned()), group: None }
    }

    /// What this subject is part of; `None` for the system.
    pub fn parent(&self) -> Option<Self> {
        match (&self.attribute, &self.group) {
            (None, _) => None,
            (Some(_), None) => Some(Self::system()),
            (Some(_), Some(_)) => Some(Self { group: None, ..self.clone() }),
        }
    }

    /// One group of this attribute.
    #[must_use]
    pub fn with_group(mut self, group: &str) -> Self {
        self.group = Some(group.to_owned());
        self
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.attribute, &self.group) {
            (None, _) => f.write_str("system"),
            (Some(attribute), None) => write!(f, "by {attribute}"),
            (Some(attribute), Some(group)) => write!(f, "{attribute} = {group}"),
        }
    }
}

/// Who said something, when, on what document, and until when it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// Person and role.
    pub by: String,
    /// Day of the statement.
    pub on: Date,
    /// Last day on which it may be relied on.
    pub until: Option<Date>,
    /// Document it rests on.
    pub document: Option<String>,
    /// SHA-256 of the document.
    pub document_sha256: Option<String>,
}

/// How a fact came to be known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Provenance {
    /// A person stated it. `None` when the file names nobody.
    Stated(Option<Statement>),
    /// An engine measured it.
    Measured {
        /// Engine name.
        engine: String,
        /// Engine version.
        version: String,
        /// Input names and SHA-256 digests.
        inputs: Vec<(String, String)>,
        /// Parameters, as JSON text with sorted keys.
        parameters: String,
    },
    /// A pack concluded it from other facts.
    Concluded {
        /// Pack id.
        pack: String,
    },
}

/// A fact has a value, or none for a stated reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Known.
    Known(Value),
    /// Not known, because.
    Absent(String),
}

/// A named value with its provenance.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// Catalogue key.
    pub key: String,
    /// Whom it is about.
    pub subject: Subject,
    /// Value or reason for absence.
    pub state: State,
    /// How it is known.
    pub provenance: Provenance,
    /// Where it is written, for stated facts.
    pub place: Option<Place>,
    /// What may be shown instead, where the value would give a small count of people away.
    pub paper: Option<State>,
}

impl Fact {
    /// The state as it may leave the run.
    pub fn on_paper(&self) -> &State {
        self.paper.as_ref().unwrap_or(&self.state)
    }

    /// The value, where known.
    pub fn value(&self) -> Option<&Value> {
        match &self.state {
            State::Known(value) => Some(value),
            State::Absent(_) => None,
        }
    }
}

/// All facts of one system.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FactSet {
    facts: BTreeMap<Subject, BTreeMap<String, Fact>>,
}

impl FactSet {
    /// Adds or replaces a fact.
    pub fn insert(&mut self, fact: Fact) {
        self.facts.entry(fact.subject.clone()).or_default().insert(fact.key.clone(), fact);
    }

    /// The fact of this key about this subject, or about what it is part of.
    pub fn get(&self, key: &str, subject: &Subject) -> Option<&Fact> {
        if let Some(fact) = self.by_key(subject).and_then(|facts| facts.get(key)) {
            return Some(fact);
        }
        subject.parent().and_then(|parent| self.get(key, &parent))
    }

    /// Lets every fact that is not known and falls back to another speak with its voice.
    pub(crate) fn fall_back(&mut self, catalog: &Catalog) {
        for definition in catalog.iter() {
            if let Some(other) = &definition.falls_back_to
                && self.value(&definition.key).is_none()
                && let Some(fact) = self.get(other, &Subject::system()).filter(|fact| fact.value().is_some()).cloned()
            {
                self.insert(Fact { key: definition.key.clone(), ..fact });
            }
        }
    }

    /// The value of a fact about the system.
    pub fn value(&self, key: &str) -> Option<&Value> {
        self.get(key, &Subject::system()).and_then(Fact::value)
    }

    /// The facts about exactly this subject.
    pub fn of<'a>(&'a self, subject: &Subject) -> impl Iterator<Item = &'a Fact> + use<'a> {
        self.by_key(subject).into_iter().flat_map(BTreeMap::values)
    }

    /// The facts about exactly this subject, by key.
    pub(crate) fn by_key(&self, subject: &Subject) -> Option<&BTreeMap<String, Fact>> {
        self.facts.get(subject)
    }

    /// All facts, ordered by subject and key.
    pub fn iter(&self) -> impl Iterator<Item = &Fact> {
        self.facts.values().flat_map(BTreeMap::values)
    }

    /// Distinct subjects in order.
    pub fn subjects(&self) -> Vec<Subject> {
        self.facts.keys().cloned().collect()
    }
}
