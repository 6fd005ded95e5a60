//! How much of the output each declared input tells, for minimum necessary: what a purpose is said to need and the
//! output does not move with is worth a question.

use medattest_metrics::{Association, association, holm};

use super::bias::proxies::coded;
use crate::fact::{Fact, FactSet, Provenance, State, Subject};
use crate::project::Table;
use crate::value::Value;
use crate::world::{CountQuery, DataError, Key, KeyKind, KeyValues, World};

/// Name in provenances.
pub const NAME: &str = "inputs";

const VERSION: &str = "1";
/// Values of a field, or decisions, that are told apart at most.
const MOST_VALUES: usize = 1000;
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
}

impl InputEvidence {
    /// Fields that were compared and of which no table shows that the output moves with them.
    pub fn weak(&self, level: f64) -> Vec<&str> {
        let moves = |share: &&InputShare| share.holm.is_some_and(|p| p < level);
        let compared =
            |field: &&InputField| self.shares.iter().any(|s| s.field == field.name && s.association.is_ok());
        let still = |field: &&InputField| !self.shares.iter().filter(moves).any(|share| share.field == field.name);
        self.fields.iter().filter(compared).filter(still).map(|field| field.name.as_str()).collect()
    }
}

/// The fields that a system declares.
pub(crate) fn declared(facts: &FactSet) -> Vec<InputField> {
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

/// Compares every declared field that has a column with the output in every table.
///
/// # Errors
/// When a table cannot be read or lacks a column that a field names.
pub(crate) fn measure(
    world: &dyn World,
    tables: &[Table],
    fields: Vec<InputField>,
) -> Result<InputEvidence, DataError> {
    let mut evidence = InputEvidence { fields, ..InputEvidence::default() };
    for table in tables {
        let output = match (&table.prediction, &table.score, table.threshold) {
            (Some(prediction), _, _) => Key { column: prediction.clone(), kind: KeyKind::Category(MOST_VALUES) },
            (None, Some(score), Some(at)) => Key { column: score.clone(), kind: KeyKind::AtLeast(at) },
            (None, Some(score), None) => Key { column: score.clone(), kind: KeyKind::Margin(EXACT_ROWS) },
            (None, None, _) => continue,
        };
        let columns: Vec<(String, String)> = evidence
            .fields
            .iter()
            .filter_map(|field| Some((field.name.clone(), field.column.clone()?)))
            .filter(|(_, column)| *column != output.column)
            .collect();
        if columns.is_empty() {
            continue;
        }
        let sha256 = world.table_sha256(&table.path).map_err(|error| DataError {
            code: "table-unreadable",
            table: table.path.clone(),
            message: error.reason,
            hint: error.hint,
        })?;
        evidence.tables.push((table.id.clone(), sha256));
        for (field, column) in columns {
            let keys = vec![output.clone(), Key { column, kind: KeyKind::Feature(MOST_VALUES) }];
            let counted = world.count(&table.path, &CountQuery { filter: table.filter.clone(), keys })?;
            let outputs =
                counted.keys.first().map_or_else(|| Err("was not counted".to_owned()), |k| codes(k, &counted.counts));
            let values =
                counted.keys.last().map_or_else(|| Err("was not counted".to_owned()), |k| coded(k, &counted.counts));
            let association = outputs.and_then(|outputs| {
                let values = values?;
                let cells: Vec<(usize, usize, u64)> = outputs
                    .iter()
                    .zip(&values)
                    .zip(&counted.counts)
                    .filter_map(|((output, value), n)| Some(((*output)?, (*value)?, *n)))
                    .collect();
                association(&cells).ok_or_else(|| "the field or the output has one value only".to_owned())
            });
            evidence.shares.push(InputShare { field, table: table.id.clone(), association, holm: None });
        }
    }
    let of = |share: &InputShare| share.association.as_ref().ok().and_then(|a| a.p);
    let p: Vec<f64> = evidence.shares.iter().filter_map(of).collect();
    let mut adjusted = holm(&p).into_iter();
    for share in &mut evidence.shares {
        if of(share).is_some() {
            share.holm = adjusted.next();
        }
    }
    Ok(evidence)
}

/// Decisions are small whole numbers already.
fn codes(key: &KeyValues, counts: &[u64]) -> Result<Vec<Option<usize>>, String> {
    match key {
        KeyValues::Binary(values) => Ok(values.iter().map(|value| value.map(usize::from)).collect()),
        other => coded(other, counts),
    }
}

/// What the rules read.
pub(crate) fn facts(evidence: &InputEvidence, level: Option<f64>) -> Vec<Fact> {
    let compared = evidence.shares.iter().filter(|share| share.association.is_ok()).count();
    if compared == 0 {
        return Vec::new();
    }
    let level = level.unwrap_or(LEVEL);
    let provenance = Provenance::Measured {
        engine: NAME.to_owned(),
        version: VERSION.to_owned(),
        inputs: evidence.tables.clone(),
        parameters: format!("{{\"level\":{level}}}"),
    };
    let make = |key: &str, value| Fact {
        key: key.to_owned(),
        subject: Subject::system(),
        state: State::Known(value),
        provenance: provenance.clone(),
        place: None,
        paper: None,
    };
    let weak = evidence.weak(level).into_iter().map(|name| Value::Text(name.to_owned())).collect();
    vec![
        make("input.fields-compared", Value::Integer(i64::try_from(compared).unwrap_or(i64::MAX))),
        make("input.weak-fields", Value::List(weak)),
    ]
}
