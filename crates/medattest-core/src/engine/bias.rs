//! How a model performs for each group of people, from a table of its predictions.
//!
//! One count query answers everything: rows alike in group, label, prediction and score are counted together. What
//! was measured is kept by the digest of the table and the parameters, so unchanged inputs are not measured again.

use std::collections::BTreeMap;

use medattest_metrics::{Audit, Disparity, Estimate, Metric, NotEstimable, Options, Row, audit};
use serde::{Deserialize, Serialize};

use crate::diagnostic::Place;
use crate::fact::{Fact, Provenance, State, Subject};
use crate::output::paper::{Shown, on_paper};
use crate::project::{Column, Table, TableUse};
use crate::value::{Value, is_small_cell};
use crate::world::{CountQuery, CountTable, DataError, Key, KeyKind, KeyValues, World, sha256_hex};

/// The engine's name in provenance.
pub const NAME: &str = "bias";
/// Raised whenever the same input may give another figure.
pub const VERSION: &str = "1";
/// More groups than this in one column is taken for a mistake, such as an identifier or an uncut age.
pub const MOST_GROUPS: usize = 64;
/// More groups than this in an intersection cannot be read by anyone.
const MOST_CROSSED_GROUPS: usize = 512;
/// Scores are counted exactly up to this many rows, and on a grid beyond if they have too many distinct values.
pub const EXACT_ROWS: u64 = 200_000;

/// What to measure.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The table and the roles of its columns.
    pub table: Table,
    /// Nominal coverage of intervals.
    pub level: f64,
    /// Smallest denominator of an estimate, and smallest count that is shown.
    pub smallest_cell: u64,
    /// Bootstrap draws.
    pub draws: usize,
}

/// What was measured for one table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BiasEvidence {
    /// Id of the table.
    pub table: String,
    /// Where the table is described; not part of what is kept.
    #[serde(skip)]
    pub place: Option<Place>,
    /// Path as the user wrote it.
    pub path: String,
    /// What the rows are, as in a system file.
    pub use_: String,
    /// SHA-256 of the table's bytes.
    pub sha256: String,
    /// Every parameter that can change a figure, as JSON with sorted keys.
    pub parameters: String,
    /// Smallest denominator of an estimate, and smallest count that is shown.
    pub smallest_cell: u64,
    /// Rows measured.
    pub rows: u64,
    /// Rows left out because label, prediction or score is missing.
    pub excluded: u64,
    /// Rows with a positive label.
    pub events: u64,
    /// Number of clusters, where a cluster column is declared.
    pub clusters: Option<u64>,
    /// Half the width of a cell of the score grid; 0 when scores were counted exactly.
    pub half_cell: f64,
    /// One audit per attribute and intersection.
    pub attributes: Vec<AttributeAudit>,
}

/// The audit of one attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttributeAudit {
    /// Column, or columns joined by ` x `.
    pub attribute: String,
    /// What it stands for.
    pub stands_for: String,
    /// Group labels, in the order of the audit's groups.
    pub labels: Vec<String>,
    /// The figures.
    pub audit: Audit,
}

/// Measures a table, or recalls what was measured before.
///
/// # Errors
/// When the table cannot be read, a column is missing or holds values that do not fit its role, or nothing is left.
pub fn measure(world: &dyn World, request: &Request) -> Result<BiasEvidence, DataError> {
    let table = &request.table;
    let sha256 = world.table_sha256(&table.path).map_err(|error| DataError {
        code: "table-unreadable",
        table: error.path.clone(),
        message: error.reason.clone(),
        hint: error.hint,
    })?;
    let parameters = parameters(request);
    let key = sha256_hex(format!("{NAME} {VERSION} {sha256} {parameters}").as_bytes());
    if let Some(bytes) = world.recall(&key)
        && let Ok(known) = serde_json::from_slice::<BiasEvidence>(&bytes)
        && known.sha256 == sha256
        && known.parameters == parameters
    {
        // The same content may have been measured under another id or path.
        let (id, path) = (table.id.clone(), table.path.clone());
        let (use_, place) = (table.use_.name().to_owned(), Some(table.place.clone()));
        return Ok(BiasEvidence { table: id, path, use_, place, ..known });
    }
    let counted = world.count(&table.path, &query(table))?;
    let evidence = evidence(request, sha256, parameters, &counted)?;
    if let Ok(bytes) = serde_json::to_vec(&evidence) {
        world.remember(&key, &bytes);
    }
    Ok(evidence)
}

/// Everything that can change a figure. The path and id of the table cannot.
fn parameters(request: &Request) -> String {
    let t = &request.table;
    let groups: Vec<serde_json::Value> = t
        .groups
        .iter()
        .map(|g| serde_json::json!({ "column": g.column, "bins": g.bins, "trait": g.stands_for }))
        .collect();
    serde_json::json!({
        "cluster": t.cluster,
        "draws": request.draws,
        "exact-rows": EXACT_ROWS,
        "filter": t.filter,
        "groups": groups,
        "intersections": t.intersections,
        "label": t.label,
        "level": request.level,
        "prediction": t.prediction,
        "probability": t.probability,
        "score": t.score,
        "smallest-cell": request.smallest_cell,
    })
    .to_string()
}

fn query(table: &Table) -> CountQuery {
    let mut keys: Vec<Key> = table
        .groups
        .iter()
        .map(|Column { column, bins, .. }| Key {
            column: column.clone(),
            kind: if bins.is_empty() { KeyKind::Category(MOST_GROUPS) } else { KeyKind::Bins(bins.clone()) },
        })
        .collect();
    keys.push(Key { column: table.label.clone(), kind: KeyKind::Binary });
    if let Some(column) = &table.prediction {
        keys.push(Key { column: column.clone(), kind: KeyKind::Binary });
    }
    if let Some(column) = &table.score {
        let kind = if table.probability { KeyKind::Probability(EXACT_ROWS) } else { KeyKind::Margin(EXACT_ROWS) };
        keys.push(Key { column: column.clone(), kind });
    }
    if let Some(column) = &table.cluster {
        keys.push(Key { column: column.clone(), kind: KeyKind::Cluster });
    }
    CountQuery { filter: table.filter.clone(), keys }
}

/// The columns of a count table by role; rows that lack label, prediction or score are left out.
struct Counted {
    /// Labels and code per row, for each group column.
    groups: Vec<(Vec<String>, Vec<u32>)>,
    label: Vec<bool>,
    predicted: Option<Vec<bool>>,
    score: Option<Vec<f64>>,
    cluster: Option<Vec<u32>>,
    count: Vec<u64>,
    excluded: u64,
    half_cell: f64,
}

fn by_role(table: &Table, counted: &CountTable) -> Option<Counted> {
    let mut keys = counted.keys.iter();
    let mut groups = Vec::new();
    for _ in &table.groups {
        let Some(KeyValues::Category { labels, codes }) = keys.next() else { return None };
        groups.push((labels, codes));
    }
    let Some(KeyValues::Binary(label)) = keys.next() else { return None };
    let predicted = match table.prediction.as_ref().map(|_| keys.next()) {
        None => None,
        Some(Some(KeyValues::Binary(values))) => Some(values),
        Some(_) => return None,
    };
    let (score, half_cell) = match table.score.as_ref().map(|_| keys.next()) {
        None => (None, 0.0),
        Some(Some(KeyValues::Score { values, half_cell })) => (Some(values), *half_cell),
        Some(_) => return None,
    };
    let cluster = match table.cluster.as_ref().map(|_| keys.next()) {
        None => None,
        Some(Some(KeyValues::Cluster(values))) => Some(values),
        Some(_) => return None,
    };
    let whole = |row: usize| {
        label.get(row).copied().flatten().is_some()
            && predicted.is_none_or(|p| p.get(row).copied().flatten().is_some())
            && score.is_none_or(|s| s.get(row).copied().flatten().is_some())
    };
    let rows: Vec<usize> = (0..counted.counts.len()).filter(|&row| whole(row)).collect();
    let pick = |values: &[Option<bool>]| rows.iter().filter_map(|&r| values.get(r).copied().flatten()).collect();
    let count: Vec<u64> = rows.iter().filter_map(|&r| counted.counts.get(r).copied()).collect();
    let all: u64 = counted.counts.iter().sum();
    let codes_of = |codes: &[u32]| rows.iter().filter_map(|&r| codes.get(r).copied()).collect();
    Some(Counted {
        groups: groups.into_iter().map(|(labels, codes)| (labels.clone(), codes_of(codes))).collect(),
        label: pick(label),
        predicted: predicted.map(|p| pick(p)),
        score: score.map(|s| rows.iter().filter_map(|&r| s.get(r).copied().flatten()).collect()),
        cluster: cluster.map(|c| dense(codes_of(c))),
        excluded: all - count.iter().sum::<u64>(),
        count,
        half_cell,
    })
}

/// The same clusters numbered without gaps: one that lost all its rows must not be drawn.
fn dense(codes: Vec<u32>) -> Vec<u32> {
    let mut used = codes.clone();
    used.sort_unstable();
    used.dedup();
    let number = |code: &u32| used.binary_search(code).ok().and_then(|at| u32::try_from(at).ok());
    codes.iter().filter_map(number).collect()
}

fn evidence(
    request: &Request,
    sha256: String,
    parameters: String,
    counted: &CountTable,
) -> Result<BiasEvidence, DataError> {
    let table = &request.table;
    let mistake = |code, message: String, hint: &str| DataError {
        code,
        table: table.path.clone(),
        message,
        hint: hint.to_owned(),
    };
    let Some(columns) = by_role(table, counted) else {
        return Err(mistake("count-shape", "the counts do not fit the question".into(), "report this as a fault"));
    };
    let rows: u64 = columns.count.iter().sum();
    if rows == 0 {
        let message = match (columns.excluded, &table.filter) {
            (0, Some(filter)) => format!("no row fulfils the filter `{filter}`"),
            (0, None) => "the table has no rows".to_owned(),
            _ => "every row lacks label, prediction or score".to_owned(),
        };
        return Err(mistake("empty-table", message, "check the filter and the columns"));
    }
    // Of what is counted, not of how it is grouped: an attribute has the same intervals whatever stands beside it.
    let counted_as = format!(
        "{sha256} {:?} {:?} {:?}",
        table.filter,
        (&table.label, &table.prediction),
        (&table.score, &table.cluster)
    );
    let seed = u64::from_str_radix(sha256_hex(counted_as.as_bytes()).get(..16).unwrap_or("0"), 16).unwrap_or(0);
    let options = Options {
        level: request.level,
        smallest: request.smallest_cell,
        draws: request.draws,
        seed,
        probability: table.probability,
        half_cell: columns.half_cell,
    };
    let events = columns.label.iter().zip(&columns.count).filter(|(label, _)| **label).map(|(_, n)| n).sum();
    let clusters = columns.cluster.as_ref().map(|codes| {
        let mut distinct = codes.clone();
        distinct.sort_unstable();
        distinct.dedup();
        distinct.len() as u64
    });
    let index = |name: &str| table.groups.iter().position(|g| g.column == name);
    let mut wanted: Vec<(String, Vec<usize>)> =
        table.groups.iter().enumerate().map(|(i, g)| (g.stands_for.clone(), vec![i])).collect();
    for names in &table.intersections {
        wanted.push(("intersection".to_owned(), names.iter().filter_map(|name| index(name)).collect()));
    }
    if wanted.is_empty() {
        wanted.push(("other".to_owned(), Vec::new()));
    }
    let mut attributes = Vec::new();
    for (stands_for, which) in wanted {
        let (labels, groups) = cross(&columns, &which);
        if labels.len() > MOST_CROSSED_GROUPS {
            let message = format!("an intersection has {} groups; at most {MOST_CROSSED_GROUPS}", labels.len());
            return Err(mistake("too-many-groups", message, "cross fewer or coarser columns"));
        }
        let rows = rows_of(&columns, &groups);
        let names: Vec<&str> = which.iter().filter_map(|&i| table.groups.get(i)).map(|g| g.column.as_str()).collect();
        let attribute = if names.is_empty() { "everyone".to_owned() } else { names.join(" x ") };
        attributes.push(AttributeAudit {
            attribute,
            stands_for,
            audit: audit(&rows, labels.len(), &options),
            labels,
        });
    }
    Ok(BiasEvidence {
        table: table.id.clone(),
        place: Some(table.place.clone()),
        path: table.path.clone(),
        use_: table.use_.name().to_owned(),
        sha256,
        parameters,
        smallest_cell: request.smallest_cell,
        rows,
        excluded: columns.excluded,
        events,
        clusters,
        half_cell: columns.half_cell,
        attributes,
    })
}

/// Labels of the groups that the columns `which` form together, in order, and the group of each row.
fn cross(columns: &Counted, which: &[usize]) -> (Vec<String>, Vec<usize>) {
    let rows = columns.count.len();
    let code = |row: usize| -> Vec<u32> {
        which.iter().filter_map(|&w| columns.groups.get(w)?.1.get(row).copied()).collect()
    };
    let mut numbers: BTreeMap<Vec<u32>, usize> = (0..rows).map(|row| (code(row), 0)).collect();
    for (number, slot) in numbers.values_mut().enumerate() {
        *slot = number;
    }
    let label = |codes: &Vec<u32>| -> String {
        let parts = which.iter().zip(codes).filter_map(|(&w, &c)| columns.groups.get(w)?.0.get(c as usize));
        let parts: Vec<&str> = parts.map(String::as_str).collect();
        if parts.is_empty() { "everyone".to_owned() } else { parts.join(" x ") }
    };
    let groups = (0..rows).filter_map(|row| numbers.get(&code(row)).copied()).collect();
    (numbers.keys().map(label).collect(), groups)
}

/// Rows alike in everything but the columns that are not looked at now are put together.
fn rows_of(columns: &Counted, groups: &[usize]) -> Vec<Row> {
    type Alike = (usize, usize, bool, Option<bool>, Option<u64>);
    let mut merged: BTreeMap<Alike, u64> = BTreeMap::new();
    for (row, (&group, &count)) in groups.iter().zip(&columns.count).enumerate() {
        let cluster = columns.cluster.as_ref().and_then(|c| c.get(row)).copied().unwrap_or(0) as usize;
        let label = columns.label.get(row).copied().unwrap_or(false);
        let predicted = columns.predicted.as_ref().and_then(|p| p.get(row)).copied();
        let score = columns.score.as_ref().and_then(|s| s.get(row)).map(|s| s.to_bits());
        *merged.entry((group, cluster, label, predicted, score)).or_default() += count;
    }
    merged
        .into_iter()
        .map(|((group, cluster, label, predicted, score), count)| Row {
            group,
            cluster,
            label,
            predicted,
            score: score.map(f64::from_bits),
            count,
        })
        .collect()
}

/// The facts that tables of one system yield.
pub fn facts(evidence: &[BiasEvidence]) -> Vec<Fact> {
    let mut facts = Vec::new();
    let rank = |e: &&BiasEvidence| match e.use_.as_str() {
        name if name == TableUse::Deployment.name() => 2,
        name if name == TableUse::Evaluation.name() => 1,
        _ => 0,
    };
    let mut judged: Vec<&BiasEvidence> = evidence.iter().filter(|e| rank(e) > 0).collect();
    judged.sort_by_key(|e| std::cmp::Reverse(rank(e)));
    if let Some(first) = judged.first() {
        facts.extend(system_facts(first));
    }
    for evidence in judged {
        for attribute in evidence.attributes.iter().filter(|a| a.attribute != "everyone") {
            facts.extend(attribute_facts(evidence, attribute));
        }
    }
    facts
}

fn fact(evidence: &BiasEvidence, key: String, subject: &Subject, state: State) -> Fact {
    Fact {
        key,
        subject: subject.clone(),
        state,
        provenance: Provenance::Measured {
            engine: NAME.to_owned(),
            version: VERSION.to_owned(),
            inputs: vec![(evidence.path.clone(), evidence.sha256.clone())],
            parameters: evidence.parameters.clone(),
        },
        place: evidence.place.clone(),
        paper: None,
    }
}

fn state(estimate: &Estimate) -> State {
    match &estimate.figure {
        Ok(figure) => {
            State::Known(Value::Estimate { n: estimate.n, events: estimate.events, figure: figure.clone() })
        }
        Err(because) => State::Absent(format!("not estimable: {because}")),
    }
}

fn integer(n: u64) -> State {
    State::Known(Value::Integer(i64::try_from(n).unwrap_or(i64::MAX)))
}

/// Groups with an estimate of selection rate, TPR and FPR.
fn compared(audit: &Audit) -> u64 {
    let needed = [Metric::SelectionRate, Metric::Tpr, Metric::Fpr];
    let known = |g: &&medattest_metrics::GroupEstimates| {
        needed.iter().all(|m| g.estimates.iter().any(|(metric, e)| metric == m && e.figure.is_ok()))
    };
    audit.groups.iter().filter(known).count() as u64
}

/// Whether the table has a score that is a probability.
fn scored(evidence: &BiasEvidence) -> bool {
    let undeclared = Err(NotEstimable::NoScore);
    let calibrated =
        |(metric, estimate): &(Metric, Estimate)| *metric == Metric::Brier && estimate.figure != undeclared;
    evidence.attributes.first().is_some_and(|first| first.audit.overall.estimates.iter().any(calibrated))
}

fn system_facts(evidence: &BiasEvidence) -> Vec<Fact> {
    let subject = Subject::system();
    let make = |name: &str, state| fact(evidence, format!("performance.{name}"), &subject, state);
    let mut traits: Vec<&str> = evidence
        .attributes
        .iter()
        .filter(|a| a.stands_for != "intersection" && compared(&a.audit) >= 2)
        .map(|a| a.stands_for.as_str())
        .collect();
    traits.sort_unstable();
    traits.dedup();
    let traits = traits.into_iter().map(|t| Value::Text(t.to_owned())).collect();
    let small = |n: u64| is_small_cell(n, evidence.smallest_cell);
    let mut facts = vec![
        make("table", State::Known(Value::Text(evidence.table.clone()))),
        make("scored", State::Known(Value::Bool(scored(evidence)))),
        count_withheld(make("rows", integer(evidence.rows)), small(evidence.rows)),
        count_withheld(make("excluded-rows", integer(evidence.excluded)), small(evidence.excluded)),
        count_withheld(make("events", integer(evidence.events)), small(evidence.events)),
        make("traits", State::Known(Value::List(traits))),
    ];
    if let Some(first) = evidence.attributes.first() {
        let row = on_paper(first, evidence.smallest_cell).overall;
        for ((metric, estimate), (_, shown)) in first.audit.overall.estimates.iter().zip(&row.figures) {
            facts.push(withheld(make(metric.id(), state(estimate)), Some(shown)));
        }
    }
    facts
}

fn attribute_facts(evidence: &BiasEvidence, attribute: &AttributeAudit) -> Vec<Fact> {
    let subject = Subject::attribute(&evidence.table, &attribute.attribute);
    let make = |name: &str, state| fact(evidence, format!("disparity.{name}"), &subject, state);
    let audit = &attribute.audit;
    let table = on_paper(attribute, evidence.smallest_cell);
    let compared = compared(audit);
    let mut facts = vec![
        make("trait", State::Known(Value::Text(attribute.stands_for.clone()))),
        make("groups", integer(audit.groups.len() as u64)),
        make("groups-compared", integer(compared)),
        make("groups-not-estimable", integer(audit.groups.len() as u64 - compared)),
    ];
    for disparity in Disparity::ALL {
        let found = audit.disparities.iter().find(|d| d.disparity == disparity);
        let state = found.map_or(State::Absent("no prediction declared".to_owned()), |d| state(&d.estimate));
        let shown = table.disparities.iter().find(|row| row.id == disparity.id()).map(|row| &row.figure);
        facts.push(withheld(make(disparity.id(), state), shown));
    }
    for ((label, group), row) in attribute.labels.iter().zip(&audit.groups).zip(&table.groups) {
        let subject = subject.clone().with_group(label);
        let make = |name: &str, state| fact(evidence, format!("group.{name}"), &subject, state);
        facts.push(count_withheld(make("rows", integer(group.n)), row.n.is_none()));
        facts.push(count_withheld(make("events", integer(group.positives)), row.positives.is_none()));
        for ((metric, estimate), (_, shown)) in group.estimates.iter().zip(&row.figures) {
            facts.push(withheld(make(metric.id(), state(estimate)), Some(shown)));
        }
    }
    facts
}

/// Judged all the same, but not shown.
fn count_withheld(fact: Fact, withheld: bool) -> Fact {
    let paper = withheld.then(|| State::Absent("withheld: it would give a small count away".to_owned()));
    Fact { paper, ..fact }
}

/// The fact with what of it may be shown.
fn withheld(fact: Fact, shown: Option<&Shown>) -> Fact {
    match shown {
        Some(Shown::Withheld) => count_withheld(fact, true),
        Some(shown @ Shown::Figure { n: None, .. }) => {
            let text = format!("{shown}, n withheld");
            Fact { paper: Some(State::Known(Value::Text(text))), ..fact }
        }
        _ => fact,
    }
}
