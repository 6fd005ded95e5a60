//! How much of the output each declared input tells, for minimum necessary: what a purpose is said to need and the
//! output does not move with is worth a question.

use medattest_metrics::{Association, association};

use super::bias::proxies::coded;
use super::bias::{BiasEvidence, MOST_FEATURE_VALUES};
use super::{adjust, recalled};
use crate::fact::{Fact, FactSet, Provenance, State, Subject};
use crate::project::Table;
use crate::value::Value;
use crate::world::{CountQuery, DataError, Key, KeyKind, World, sha256_hex};

/// Name in provenances.
pub const NAME: &str = "inputs";

const VERSION: &str = "1";
/// Rows of scores that are counted exactly.
const EXACT_ROWS: u64 = 1_000_000;
/// Level where the organisation names none.
const LEVEL: f64 = 0.05;

/// A field that a system reads, as declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputField {
    /// Name.
    pub name: String,
    /// What it holds, as in `input.fields`.
    pub holds: Option<String>,
    /// Whether the purpose is said to need it.
    pub needed: Option<bool>,
    /// Why.
    pub why: Option<String>,
    /// Column of the tables.
    pub column: Option<String>,
}

/// What one field tells of the output in one table.
#[derive(Debug, Clone, PartialEq)]
pub struct InputShare {
    /// Field.
    pub field: String,
    /// Table.
    pub table: String,
    /// Share of the output's entropy that the field removes, or why it could not be counted.
    pub association: Result<Association, String>,
    /// P-value of independence, adjusted over all fields and tables by Holm.
    pub holm: Option<f64>,
}

/// What was measured about the inputs of a system.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct InputEvidence {
    /// Fields in the order declared.
    pub fields: Vec<InputField>,
    /// One for each field with a column and each table that has a decision or score.
    pub shares: Vec<InputShare>,
    /// Tables with their SHA-256.
    pub tables: Vec<(String, String)>,
    /// Adjusted p-value below which the output counts as moving with a field.
    pub level: f64,
}

impl InputEvidence {
    /// Fields that were compared and of which no table shows that the output moves with them.
    pub fn weak(&self) -> Vec<&str> {
        let moves = |share: &&InputShare| share.holm.is_some_and(|p| p < self.level);
        let compared =
            |field: &&InputField| self.shares.iter().any(|s| s.field == field.name && s.association.is_ok());
        let still = |field: &&InputField| !self.shares.iter().filter(moves).any(|share| share.field == field.name);
        self.fields.iter().filter(compared).filter(still).map(|field| field.name.as_str()).collect()
    }
}

/// The fields that a system declares.
fn declared(facts: &FactSet) -> Vec<InputField> {
    let Some(Value::List(records)) = facts.value("input.fields") else { return Vec::new() };
    let field = |record: &Value| {
        let Value::Record(record) = record else { return None };
        let text = |key: &str| match record.get(key) {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let needed = match record.get("needed") {
            Some(Value::Bool(needed)) => Some(*needed),
            _ => None,
        };
        Some(InputField {
            name: text("name")?,
            holds: text("holds"),
            needed,
            why: text("why"),
            column: text("column"),
        })
    };
    records.iter().filter_map(field).collect()
}

/// Compares every declared field that has a column with the output in every table. `measured` is what the bias engine
/// found in the tables, whose digests it knows; `facts` hold the level that the organisation has chosen.
///
/// # Errors
/// When a table lacks a column that a field names.
pub(crate) fn measure(
    world: &dyn World,
    tables: &[Table],
    measured: &[BiasEvidence],
    facts: &FactSet,
) -> Result<InputEvidence, DataError> {
    let level = match facts.value("policy.significance-level") {
        Some(Value::Number(level)) => *level,
        _ => LEVEL,
    };
    let mut evidence = InputEvidence { fields: declared(facts), level, ..InputEvidence::default() };
    for table in tables {
        let output = match (&table.prediction, &table.score, table.threshold) {
            (Some(prediction), _, _) => {
                Key { column: prediction.clone(), kind: KeyKind::Category(MOST_FEATURE_VALUES) }
            }
            (None, Some(score), Some(at)) => Key { column: score.clone(), kind: KeyKind::AtLeast(at) },
            (None, Some(score), None) => Key { column: score.clone(), kind: KeyKind::Margin(EXACT_ROWS) },
            (None, None, _) => continue,
        };
        let Some(sha256) = measured.iter().find(|known| known.table == table.id).map(|known| &known.sha256) else {
            continue;
        };
        let columns = evidence.fields.iter().filter_map(|field| Some((&field.name, field.column.as_ref()?)));
        let columns: Vec<_> = columns.filter(|(_, column)| **column != output.column).collect();
        if columns.is_empty() {
            continue;
        }
        evidence.tables.push((table.id.clone(), sha256.clone()));
        for (field, column) in columns {
            let kind = KeyKind::Feature(MOST_FEATURE_VALUES);
            let keys = vec![output.clone(), Key { column: column.clone(), kind }];
            let query = CountQuery { filter: table.filter.clone(), keys };
            let asked = serde_json::to_string(&query).unwrap_or_default();
            let key = sha256_hex(format!("{NAME} {VERSION} {sha256} {asked}").as_bytes());
            let association = recalled(world, &key, |_| true, || compare(world, table, &query))?;
            evidence.shares.push(InputShare {
                field: field.clone(),
                table: table.id.clone(),
                association,
                holm: None,
            });
        }
    }
    let p = |share: &InputShare| share.association.as_ref().ok().and_then(|a| a.p);
    adjust(&mut evidence.shares, p, |share, holm| share.holm = holm);
    Ok(evidence)
}

/// How much of the first key the last tells.
fn compare(world: &dyn World, table: &Table, query: &CountQuery) -> Result<Result<Association, String>, DataError> {
    let counted = world.count(&table.path, query)?;
    let outputs = coded(counted.keys.first(), &counted.counts);
    let values = coded(counted.keys.last(), &counted.counts);
    Ok(outputs.and_then(|outputs| {
        let values = values?;
        let cells: Vec<(usize, usize, u64)> = outputs
            .iter()
            .zip(&values)
            .zip(&counted.counts)
            .filter_map(|((output, value), n)| Some(((*output)?, (*value)?, *n)))
            .collect();
        association(&cells).ok_or_else(|| "the field or the output has one value only".to_owned())
    }))
}

/// What the rules read.
pub(crate) fn facts(evidence: &InputEvidence) -> Vec<Fact> {
    let compared = evidence.shares.iter().filter(|share| share.association.is_ok()).count();
    if compared == 0 {
        return Vec::new();
    }
    let provenance = Provenance::Measured {
        engine: NAME.to_owned(),
        version: VERSION.to_owned(),
        inputs: evidence.tables.clone(),
        parameters: format!("{{\"level\":{}}}", evidence.level),
    };
    let make = |key: &str, value| Fact {
        key: key.to_owned(),
        subject: Subject::system(),
        state: State::Known(value),
        provenance: provenance.clone(),
        place: None,
        paper: None,
    };
    let weak = evidence.weak().into_iter().map(|name| Value::Text(name.to_owned())).collect();
    vec![
        make("input.fields-compared", Value::Integer(i64::try_from(compared).unwrap_or(i64::MAX))),
        make("input.weak-fields", Value::List(weak)),
    ]
}
