//! The heart of medattest: facts, regulation packs, findings and the gate.
//!
//! Engines measure and never judge; packs judge and never measure; they meet only in the catalogue of facts. Nothing
//! in this crate reads a file, the clock or the environment except through [`World`]. Loading returns a value and
//! every diagnostic at once; judging never fails.

mod assess;
mod catalog;
mod crosswalk;
mod diagnostic;
pub mod engine;
mod expr;
mod fact;
mod finding;
mod gate;
mod impact;
mod incident;
mod judge;
mod library;
mod lint;
pub mod output;
mod pack;
mod project;
mod questions;
mod reader;
mod roadmap;
mod scenario;
mod schema;
mod template;
mod value;
mod world;

pub use assess::{Assessment, PackUsed, RunOptions, SystemAssessment, assess, classify};
pub use catalog::{Catalog, FactDefinition, FactType, Origin, Per, Topic};
pub use crosswalk::{Crosswalk, CrosswalkRequirement, PackCount, SharedFact};
pub use diagnostic::{Diagnostic, Place, SourceFile, closest};
pub use engine::inputs::{InputEvidence, InputField, InputShare};
pub use engine::monitor;
pub use engine::profile::{ColumnProfile, TableProfile};
pub use fact::{Fact, FactSet, Provenance, State, Statement, Subject};
pub use finding::{Cited, Finding, Outcome, Severity, WaiverUse};
pub use gate::{Decision, GateDecision, GatePolicy, UnknownPolicy};
pub use impact::{ANSWERS, FilledAssessment, FilledItem, FilledSection, Owed, ScoreResult, fill};
pub use incident::{
    Deed, DutyOutcome, DutyState, Entry, Holiday, HolidayRule, Incident, IncidentAssessment, Moment, NotAMoment,
    Record, Started, Within, WorkCalendar, assess_incident, incident_facts,
};
pub use judge::{Conclusion, ConclusionOutcome, FactRead};
pub use library::Library;
pub use lint::{Lint, lint};
pub use pack::{
    Answer, Classification, Confidence, DatedStatus, Duty, Explanation, Form, FormField, Item, LawChange, Level,
    Lifecycle, Pack, Packs, Questionnaire, QuestionnaireSection, Requirement, Rule, Score, Stand, Status,
    law_changes, law_on,
};
pub use project::{
    Column, Dataset, OwnFolders, Project, System, Table, TableUse, Task, Waiver, Watch, load_project, own_folders,
    unfit, unfit_threshold,
};
pub use questions::Question;
pub use roadmap::{ForeseenRule, Milestone, MilestoneKind};
pub use scenario::{Scenario, ScenarioFailure, ScenarioReport, run_scenarios};
pub use schema::{project_schema, system_schema};
pub use template::{About, Carried, Template, TemplateItem, TemplateSection, View, load_templates};
pub use value::Value;
pub use world::{
    CountQuery, CountTable, DataError, Key, KeyKind, KeyValues, MISSING, World, WorldError, hex, sha256_hex,
    sha256_stream,
};

/// The largest configuration, pack or catalogue file that is read, in bytes.
pub const MAX_TOML_BYTES: usize = 1_048_576;

/// The version that goes into every assessment.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
