//! What a paper carries with it: every source as it was, so that it can be told later which do not hold any more.

use jiff::civil::Date;
use medattest_core::{Catalog, FactSet, SystemAssessment};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::source::{self, Source};

pub(super) const FORMAT: &str = "medattest-paper-v1";

/// A field of a paper that nothing answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OpenField {
    /// Section it stands in.
    pub section: String,
    /// What is asked there.
    pub asks: String,
    /// Catalogue key, rule or pack that would answer it.
    pub key: String,
    /// The question.
    pub question: String,
}

/// A paper without its words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "PaperV1")]
pub struct Manifest {
    /// `medattest-paper-v1`.
    pub format: String,
    /// Template.
    pub template: String,
    /// Title.
    pub title: String,
    /// System, where the paper is about one.
    pub system: Option<String>,
    /// Day of facts and law.
    #[schemars(with = "String", extend("format" = "date"))]
    pub as_of: Date,
    /// Version of medattest.
    pub medattest: String,
    /// SHA-256 of the project.
    pub project_sha256: String,
    /// SHA-256 over the digests of the sources.
    pub sha256: String,
    /// Whether it is a draft.
    pub draft: bool,
    /// Items answered whole.
    pub answered: usize,
    /// Items.
    pub items: usize,
    /// What it rests on, in the order of citation.
    pub sources: Vec<Source>,
    /// What is open; a question that is open in several places stands once.
    pub open: Vec<OpenField>,
}

/// A source that does not say any more what it said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staleness {
    /// Its number in the paper.
    pub number: usize,
    /// As the paper has it.
    pub was: Source,
    /// As it is; none where it is gone.
    pub is: Option<Source>,
}

/// Which sources of a paper are stale in a run.
pub fn stale(
    manifest: &Manifest,
    organisation: &FactSet,
    systems: &[SystemAssessment],
    catalog: &Catalog,
) -> Vec<Staleness> {
    let differs = |(index, was): (usize, &Source)| {
        let is = source::again(was, organisation, systems, catalog);
        let same = is.as_ref().is_some_and(|is| is.sha256 == was.sha256);
        (!same).then(|| Staleness { number: index + 1, was: was.clone(), is })
    };
    manifest.sources.iter().enumerate().filter_map(differs).collect()
}

/// Reads a manifest out of its JSON; none where it is something else.
pub fn manifest_of_text(json: &str) -> Option<Manifest> {
    let manifest: Manifest = serde_json::from_str(json).ok()?;
    (manifest.format == FORMAT).then_some(manifest)
}
