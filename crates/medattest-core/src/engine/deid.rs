//! What is left of identifiers in data that are treated as de-identified, as facts.

use jiff::civil::Date;
use medattest_deid::{Survey, Total};

use crate::diagnostic::Place;
use crate::fact::{Fact, Provenance, State, Subject};
use crate::project::Dataset;
use crate::value::Value;
use crate::world::{DataError, World};

/// The engine's name in provenance.
pub const NAME: &str = "deid";
/// The version of its method.
pub const VERSION: &str = "1";

/// What was found in one dataset.
#[derive(Debug, Clone, PartialEq)]
pub struct DeidEvidence {
    /// Id of the dataset.
    pub dataset: String,
    /// Where it is described.
    pub place: Place,
    /// Its path.
    pub path: String,
    /// Kinds that may stay.
    pub keep: Vec<&'static str>,
    /// What was found.
    pub survey: Survey,
}

/// Searches one dataset, with ages reckoned by the day of the run.
///
/// # Errors
/// When it is missing or cannot be read.
pub fn measure(world: &dyn World, dataset: &Dataset, as_of: Date) -> Result<DeidEvidence, DataError> {
    Ok(DeidEvidence {
        dataset: dataset.id.clone(),
        place: dataset.place.clone(),
        path: dataset.path.clone(),
        keep: dataset.keep.iter().map(|kind| kind.id()).collect(),
        survey: world.survey(dataset, as_of)?,
    })
}

/// The facts that the datasets of one system yield together.
pub fn facts(evidence: &[DeidEvidence]) -> Vec<Fact> {
    let Some(first) = evidence.first() else { return Vec::new() };
    let parameters: Vec<String> = evidence
        .iter()
        .map(|e| {
            let survey = &e.survey;
            serde_json::json!({
                "dataset": e.dataset, "keep": e.keep, "layers": survey.layers, "policy": survey.policy,
                "recognizers": survey.recognizers_sha256, "year": survey.year,
            })
            .to_string()
        })
        .collect();
    let make = |name: &str, value: Value| Fact {
        key: format!("deid.{name}"),
        subject: Subject::system(),
        state: State::Known(value),
        provenance: Provenance::Measured {
            engine: NAME.to_owned(),
            version: VERSION.to_owned(),
            inputs: evidence.iter().map(|e| (e.path.clone(), e.survey.sha256.clone())).collect(),
            parameters: format!("[{}]", parameters.join(",")),
        },
        place: Some(first.place.clone()),
        paper: None,
    };
    let integer = |n: u64| Value::Integer(i64::try_from(n).unwrap_or(i64::MAX));
    let texts = |texts: Vec<String>| Value::List(texts.into_iter().map(Value::Text).collect());
    let totals = || evidence.iter().flat_map(|e| &e.survey.totals).filter(|(_, total)| total.detections > 0);
    let sum = |of: fn(&Total) -> u64| totals().map(|(_, total)| of(total)).sum::<u64>();
    let mut kinds: Vec<String> = totals().map(|(kind, _)| kind.id().to_owned()).collect();
    kinds.sort();
    kinds.dedup();
    vec![
        make("datasets", texts(evidence.iter().map(|e| e.dataset.clone()).collect())),
        make("records", integer(evidence.iter().map(|e| e.survey.records).sum())),
        make("files-not-read", integer(evidence.iter().map(|e| e.survey.unread.len() as u64).sum())),
        make("detections", integer(sum(|total| total.detections))),
        make("sure-detections", integer(sum(|total| total.sure))),
        make("kinds", texts(kinds)),
    ]
}
