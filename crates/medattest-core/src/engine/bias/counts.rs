//! The counts behind an audit, as they are stored.

use serde::{Deserialize, Serialize};

use super::columns::decides;
use super::{EXACT_ROWS, MOST_CLASSES, MOST_FEATURE_VALUES, MOST_GROUPS, NAME, Request, VERSION};
use crate::project::{Column, Table, Task, unfit_threshold};
use crate::world::{CountQuery, CountTable, DataError, Key, KeyKind, KeyValues, World, sha256_hex};

/// The largest file of stored counts that is read, in bytes.
pub const MAX_COUNTS_BYTES: usize = 1 << 30;

/// Every count that an audit rests on, and what was asked: enough to compute each figure again without the table.
///
/// Rows of patients are not in it, but exact counts are, and where scores or clusters are many a line may stand for
/// one row; it is to be guarded like the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    /// Always `medattest-counts-v1`.
    pub format: String,
    /// SHA-256 of the table's bytes.
    pub sha256: String,
    /// What was asked.
    pub request: Request,
    /// Rows by group, label, prediction, score, cluster and weight.
    pub table: CountTable,
    /// Rows by group, label and two scores, where a second score is declared.
    pub versus: Option<CountTable>,
    /// Rows by group and feature, for each declared feature.
    pub features: Vec<CountTable>,
}

impl Counts {
    /// Counts a table.
    ///
    /// # Errors
    /// When the table cannot be read or a column holds values that do not fit its role.
    pub fn of(world: &dyn World, request: &Request, sha256: String) -> Result<Self, DataError> {
        let table = &request.table;
        let ask = |keys: Vec<Key>| world.count(&table.path, &CountQuery { filter: table.filter.clone(), keys });
        let versus = match (&table.versus, &table.score) {
            (Some(versus), Some(score)) => {
                let mut keys = groups(table);
                keys.push(key(&table.label, KeyKind::Binary));
                keys.push(key(score, KeyKind::Margin(EXACT_ROWS)));
                keys.push(key(versus, KeyKind::Margin(EXACT_ROWS)));
                keys.extend(table.cluster.as_ref().map(|column| key(column, KeyKind::Cluster)));
                Some(ask(keys)?)
            }
            _ => None,
        };
        let mut features = Vec::new();
        for feature in &table.features {
            let mut keys = groups(table);
            keys.push(key(feature, KeyKind::Feature(MOST_FEATURE_VALUES)));
            features.push(ask(keys)?);
        }
        let format = "medattest-counts-v1".to_owned();
        Ok(Self { format, sha256, request: request.clone(), table: ask(query(table))?, versus, features })
    }

    /// Reads stored counts.
    ///
    /// # Errors
    /// When the bytes are not stored counts, with the place of the mistake.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self, DataError> {
        let mistake = |message: String| DataError {
            code: "counts-unreadable",
            table: name.to_owned(),
            message,
            hint: "name a file that `medattest bias --write-counts` or an audit has stored".to_owned(),
        };
        // What the parser says may quote a label; its place does not.
        let counts: Self = serde_json::from_slice(bytes).map_err(|error| {
            mistake(format!(
                "the file does not hold stored counts (line {}, column {})",
                error.line(),
                error.column()
            ))
        })?;
        if counts.format != "medattest-counts-v1" {
            return Err(mistake("the file holds counts of another format".to_owned()));
        }
        match counts.fault() {
            Some(fault) => Err(mistake(format!("the stored counts do not fit the question: {fault}"))),
            None => Ok(counts),
        }
    }

    /// What is wrong with counts that somebody else may have written.
    fn fault(&self) -> Option<&'static str> {
        let request = &self.request;
        if !(0.5..=0.9999).contains(&request.level) || !(100..=100_000).contains(&request.draws) {
            return Some("level or draws are out of bounds");
        }
        if request.smallest_cell == 0 || request.smallest_events == 0 {
            return Some("the smallest cell is 0");
        }
        let asked = &request.table;
        if asked.intersections.len() > 64 || asked.groups.iter().flat_map(|g| &g.population).any(|(_, s)| *s < 0.0) {
            return Some("there are too many intersections, or a share is negative");
        }
        if unfit_threshold(asked).is_some() {
            return Some("the threshold is out of bounds");
        }
        if request.table.features.len() != self.features.len() {
            return Some("the number of features differs");
        }
        // After the groups and the label stand the prediction and the score, which alone has a range.
        let score = asked.groups.len() + 1 + usize::from(decides(asked));
        let probability = (asked.probability && asked.score.is_some()).then_some(score);
        let others = self.versus.iter().chain(&self.features);
        table_fault(&self.table, probability)
            .or_else(|| others.into_iter().find_map(|table| table_fault(table, None)))
    }

    /// The counts as bytes; the same counts always give the same ones.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// SHA-256 of the stored bytes.
    pub fn digest(&self) -> String {
        sha256_hex(&self.to_json())
    }

    /// Of what is counted, not of how it is grouped: an attribute has the same intervals whatever stands beside it.
    pub(super) fn seed(&self) -> u64 {
        let table = &self.request.table;
        let counted_as = format!(
            "{} {:?} {:?} {:?} {:?}",
            self.sha256,
            table.filter,
            (&table.label, &table.prediction),
            (&table.score, &table.cluster),
            &table.weight
        );
        u64::from_str_radix(sha256_hex(counted_as.as_bytes()).get(..16).unwrap_or("0"), 16).unwrap_or(0)
    }
}

/// What is wrong with one table of counts; the key at `probability` must lie between 0 and 1.
fn table_fault(table: &CountTable, probability: Option<usize>) -> Option<&'static str> {
    const MOST_ROWS: u64 = 1 << 53;
    let length = table.counts.len();
    let total = table.counts.iter().try_fold(0_u64, |sum, n| sum.checked_add(*n));
    if total.is_none_or(|total| total > MOST_ROWS) || table.counts.contains(&0) {
        return Some("a count is 0 or their sum is too large");
    }
    for (at, key) in table.keys.iter().enumerate() {
        let fits = match key {
            KeyValues::Category { labels, codes } => {
                let mut distinct: Vec<&String> = labels.iter().collect();
                distinct.sort_unstable();
                distinct.dedup();
                distinct.len() == labels.len()
                    && codes.len() == length
                    && codes.iter().all(|code| (*code as usize) < labels.len())
            }
            KeyValues::Binary(values) => values.len() == length,
            KeyValues::Cluster(codes) => codes.len() == length && codes.iter().all(|code| (*code as usize) < length),
            KeyValues::Score { values, half_cell } => {
                values.len() == length
                    && (0.0..=1e150).contains(half_cell)
                    && (probability != Some(at) || *half_cell <= 0.5)
                    && values
                        .iter()
                        .flatten()
                        .all(|x| x.abs() <= 1e150 && (probability != Some(at) || (0.0..=1.0).contains(x)))
            }
        };
        if !fits {
            return Some("a column has values out of place");
        }
    }
    None
}

/// Everything that can change a figure. The path and id of the table cannot.
pub(super) fn parameters(request: &Request) -> String {
    let t = &request.table;
    let groups: Vec<serde_json::Value> = t
        .groups
        .iter()
        .map(|g| {
            serde_json::json!({
                "bins": g.bins,
                "column": g.column,
                "population": g.population,
                "population-source": g.population_source,
                "reference": g.reference,
                "trait": g.stands_for,
                "unknown": g.unknown,
            })
        })
        .collect();
    serde_json::json!({
        "cluster": t.cluster,
        "draws": request.draws,
        "engine": format!("{NAME} {VERSION}"),
        "equalise": request.equalise,
        "exact-rows": EXACT_ROWS,
        "features": t.features,
        "filter": t.filter,
        "groups": groups,
        "intersections": t.intersections,
        "interval": request.interval,
        "label": t.label,
        "level": request.level,
        "prediction": t.prediction,
        "probability": t.probability,
        "score": t.score,
        "smallest-cell": request.smallest_cell,
        "smallest-events": request.smallest_events,
        "task": t.task,
        "threshold": t.threshold,
        "versus": t.versus,
        "weight": t.weight,
    })
    .to_string()
}

fn key(column: &str, kind: KeyKind) -> Key {
    Key { column: column.to_owned(), kind }
}

fn groups(table: &Table) -> Vec<Key> {
    let of = |Column { column, bins, .. }: &Column| {
        key(column, if bins.is_empty() { KeyKind::Category(MOST_GROUPS) } else { KeyKind::Bins(bins.clone()) })
    };
    table.groups.iter().map(of).collect()
}

fn query(table: &Table) -> Vec<Key> {
    let mut keys = groups(table);
    let answer = match table.task {
        Task::Binary => KeyKind::Binary,
        // One more than is compared, so that too many are noticed and not merely refused as groups.
        Task::Multiclass => KeyKind::Category(MOST_CLASSES * 4),
        Task::Regression => KeyKind::Margin(EXACT_ROWS),
    };
    keys.push(key(&table.label, answer.clone()));
    match (&table.prediction, table.threshold, &table.score) {
        (Some(column), _, _) => keys.push(key(column, answer)),
        // Decided on the scores as they are, not on the cells they may be put into.
        (None, Some(threshold), Some(score)) if decides(table) => keys.push(key(score, KeyKind::AtLeast(threshold))),
        _ => {}
    }
    if let Some(column) = &table.score {
        let kind = if table.probability { KeyKind::Probability(EXACT_ROWS) } else { KeyKind::Margin(EXACT_ROWS) };
        keys.push(key(column, kind));
    }
    keys.extend(table.cluster.as_ref().map(|column| key(column, KeyKind::Cluster)));
    keys.extend(table.weight.as_ref().map(|column| key(column, KeyKind::Weight(EXACT_ROWS))));
    keys
}
