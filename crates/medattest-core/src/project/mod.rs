//! What the user wrote: `medattest.toml` and one TOML file per AI system.

mod facts;
mod load;
mod system;

use jiff::civil::Date;
use medattest_deid::Kind;
use serde::{Deserialize, Serialize};

use crate::diagnostic::Place;
use crate::engine::monitor::Plan;
use crate::fact::FactSet;
use crate::gate::GatePolicy;

pub(crate) use facts::{Reading, Statements, read_facts};
pub use load::{OwnFolders, load_project, own_folders};
pub use system::{unfit, unfit_threshold};

/// A project: an organisation, its systems and its policy.
#[derive(Debug, Clone)]
pub struct Project {
    /// SHA-256 over every file that was read.
    pub digest: String,
    /// Files that were read, with SHA-256.
    pub files: Vec<(String, String)>,
    /// Facts of the organisation.
    pub organisation: FactSet,
    /// Packs that judge, by id.
    pub packs: Vec<String>,
    /// The organisation's own gate policy.
    pub gate: GatePolicy,
    /// Findings that were accepted.
    pub waivers: Vec<Waiver>,
    /// The systems, ordered by id.
    pub systems: Vec<System>,
}

/// One AI system as stated.
#[derive(Debug, Clone)]
pub struct System {
    /// Id, unique in the project.
    pub id: String,
    /// Its file.
    pub place: Place,
    /// Stated facts, those of the organisation included.
    pub facts: FactSet,
    /// Tables of predictions.
    pub tables: Vec<Table>,
    /// Data that are treated as de-identified.
    pub datasets: Vec<Dataset>,
    /// Plans by which it is watched.
    pub monitors: Vec<Watch>,
}

/// A monitoring plan of a system.
#[derive(Debug, Clone, PartialEq)]
pub struct Watch {
    /// Where it is named.
    pub place: Place,
    /// The plan's file, below the project.
    pub path: String,
    /// The plan.
    pub plan: Plan,
}

/// Files that are treated as de-identified, to be searched for identifiers.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// Id, unique in the system.
    pub id: String,
    /// Where it is described.
    pub place: Place,
    /// File or folder below the data folder.
    pub path: String,
    /// Policy that says what must be gone.
    pub policy: String,
    /// Kinds that may stay all the same.
    pub keep: Vec<Kind>,
}

/// What kind of prediction a table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// Labels and decisions of 0 or 1, scores.
    #[default]
    Binary,
    /// One of several classes.
    Multiclass,
    /// A number.
    Regression,
}

impl Task {
    /// The name in a system file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Multiclass => "multiclass",
            Self::Regression => "regression",
        }
    }
}

/// A table of predictions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Id, unique in the system.
    pub id: String,
    /// Where it is described; not part of what is stored.
    #[serde(skip)]
    pub place: Place,
    /// Path below the data folder.
    pub path: String,
    /// What the rows are.
    pub use_: TableUse,
    /// What kind of prediction it holds.
    pub task: Task,
    /// SQL condition that rows must fulfil.
    pub filter: Option<String>,
    /// Column with the outcome.
    pub label: String,
    /// Column with the model's decision.
    pub prediction: Option<String>,
    /// Column with the score.
    pub score: Option<String>,
    /// Whether the score is a probability.
    pub probability: bool,
    /// Column with a second score of the same rows, to be compared with the first.
    pub versus: Option<String>,
    /// Lowest score that is flagged.
    pub threshold: Option<f64>,
    /// Column with survey weights.
    pub weight: Option<String>,
    /// Column that says which rows belong to one patient.
    pub cluster: Option<String>,
    /// Columns by which people are grouped.
    pub groups: Vec<Column>,
    /// Groups of columns to be looked at together.
    pub intersections: Vec<Vec<String>>,
    /// Columns that may stand in for an attribute.
    pub features: Vec<String>,
}

/// A column by which people are grouped.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Column name.
    pub column: String,
    /// What it stands for, as in `performance.traits`.
    pub stands_for: String,
    /// Ascending cuts, for numbers.
    pub bins: Vec<f64>,
    /// The group that others are compared with; the largest where none is named.
    pub reference: Option<String>,
    /// Labels that stand for a missing attribute, besides an empty cell.
    pub unknown: Vec<String>,
    /// Shares of groups in the population that the table should be like.
    pub population: Vec<(String, f64)>,
    /// Where these shares come from.
    pub population_source: Option<String>,
}

/// What the rows of a table are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TableUse {
    /// What the model learnt from.
    Training,
    /// Held out to judge it.
    Evaluation,
    /// Gathered in use.
    Deployment,
}

impl TableUse {
    /// The name in a system file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Training => "training",
            Self::Evaluation => "evaluation",
            Self::Deployment => "deployment",
        }
    }
}

/// A finding that was accepted, by whom and until when.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiver {
    /// Where it is written.
    pub place: Place,
    /// `pack/rule`.
    pub rule: String,
    /// System id.
    pub system: String,
    /// Subject as reports show it; `None` covers every subject of the rule.
    pub subject: Option<String>,
    /// Why.
    pub reason: String,
    /// Who.
    pub approver: String,
    /// Last day.
    pub expires: Date,
}
