//! How a model performs for each group of people, from a table of its predictions.
//!
//! One count query answers nearly everything: rows alike in group, label, prediction and score are counted together.
//! What was counted is kept as evidence, and every figure can be computed again from it. What was measured is kept by
//! the digest of the table and the parameters, so unchanged inputs are not measured again.

mod columns;
mod counts;
mod facts;
pub(crate) mod proxies;

use medattest_metrics::{
    Asked, Association, Audit, Estimate, Grouping, Metric, NotEstimable, Options, PairedItem, RateInterval,
    Representation, Rows, audit, audit_classes, audit_numbers, paired_auroc, representation, threshold_in_use,
};
use serde::{Deserialize, Serialize};

pub use counts::{Counts, MAX_COUNTS_BYTES};
pub use facts::facts;

use super::recalled;
use crate::diagnostic::Place;
use crate::output::paper::withheld;
use crate::project::{Column, Table, Task};
use crate::world::{DataError, KeyValues, MISSING, World, sha256_hex};
use columns::{Columns, Content, cross};

/// The engine's name in provenance.
pub const NAME: &str = "bias";
/// Raised whenever the same input may give another figure.
pub const VERSION: &str = "2";
/// More groups than this in one column is taken for a mistake, such as an identifier or an uncut age.
pub const MOST_GROUPS: usize = 64;
/// More groups than this in an intersection cannot be read by anyone.
const MOST_CROSSED_GROUPS: usize = 4096;
/// More classes than this are not compared one by one.
const MOST_CLASSES: usize = 32;
/// Scores are counted exactly up to this many rows, and on a grid beyond if they have too many distinct values.
pub const EXACT_ROWS: u64 = 200_000;
/// More values than this of a feature are not looked at one by one.
pub(crate) const MOST_FEATURE_VALUES: usize = 1000;

/// What to measure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The table and the roles of its columns.
    pub table: Table,
    /// Nominal coverage of intervals.
    pub level: f64,
    /// Smallest denominator of an estimate, and smallest count that is shown.
    pub smallest_cell: u64,
    /// Fewest positive and fewest negative labels of a figure that depends on them.
    pub smallest_events: u64,
    /// Bootstrap draws.
    pub draws: usize,
    /// Interval of a rate.
    pub interval: RateInterval,
    /// The figure that a threshold of each group's own could make equal.
    pub equalise: Metric,
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
    /// What kind of prediction was audited.
    pub task: Task,
    /// SHA-256 of the table's bytes.
    pub sha256: String,
    /// SHA-256 of the stored counts, from which every figure can be computed again.
    pub counts_sha256: String,
    /// Every parameter that can change a figure, as JSON with sorted keys.
    pub parameters: String,
    /// Nominal coverage of intervals.
    pub level: f64,
    /// Smallest denominator of an estimate, and smallest count that is shown.
    pub smallest_cell: u64,
    /// Rows measured.
    pub rows: u64,
    /// Rows left out because label, prediction, score or weight is missing, or the weight is zero.
    pub excluded: u64,
    /// Those of them that only lack a label.
    pub unlabelled: u64,
    /// Rows with a positive label; 0 where labels are not yes or no.
    pub events: u64,
    /// Number of clusters, where a cluster column is declared.
    pub clusters: Option<u64>,
    /// Whether rows have survey weights.
    pub weighted: bool,
    /// Half the width of a cell of the score grid; 0 when scores were counted exactly.
    pub half_cell: f64,
    /// Lowest score that is flagged, where decisions follow from a threshold.
    pub threshold: Option<f64>,
    /// What a reader should know before relying on the figures.
    pub warnings: Vec<String>,
    /// One audit per attribute and intersection, and per class where there are several.
    pub attributes: Vec<AttributeAudit>,
    /// Two scores of the same rows compared, where a second one is declared.
    pub paired: Vec<Paired>,
    /// Which features tell of which attribute.
    pub proxies: Vec<Proxy>,
}

/// The audit of one attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttributeAudit {
    /// Column, or columns joined by ` x `.
    pub attribute: String,
    /// What it stands for.
    pub stands_for: String,
    /// For a class against the rest, the class.
    pub class: Option<String>,
    /// Group labels, in the order of the audit's groups.
    pub labels: Vec<String>,
    /// What each label is made of, column by column.
    pub parts: Vec<Vec<String>>,
    /// For a class against the rest, groups in which it is rare, or whose rare class it would give away.
    pub rare: Vec<bool>,
    /// The figures.
    pub audit: Audit,
    /// Who is in the table, beside the declared population.
    pub representation: Option<Representation>,
    /// Where the shares of the population come from.
    pub population_source: Option<String>,
}

impl AttributeAudit {
    /// The attribute as subjects name it.
    pub fn name(&self) -> String {
        match &self.class {
            Some(class) => format!("{} ({class})", self.attribute),
            None => self.attribute.clone(),
        }
    }
}

/// Two scores of the same rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Paired {
    /// Column of the second score.
    pub versus: String,
    /// Attribute; `everyone` for all rows.
    pub attribute: String,
    /// Group of it.
    pub group: String,
    /// AUROC of the score less that of the second.
    pub difference: Estimate,
    /// P-value that they are equal.
    pub p: Option<f64>,
}

/// How much a feature tells of an attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proxy {
    /// Attribute.
    pub attribute: String,
    /// Feature.
    pub feature: String,
    /// The measure, or why there is none.
    pub association: Result<Association, String>,
    /// P-value of independence, adjusted over all features and attributes by Holm.
    pub holm: Option<f64>,
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
    let parameters = counts::parameters(request);
    let key = sha256_hex(format!("{NAME} {VERSION} {sha256} {parameters}").as_bytes());
    let fits = |known: &BiasEvidence| known.sha256 == sha256 && known.parameters == parameters;
    let known = recalled(world, &key, fits, || {
        let counts = Counts::of(world, request, sha256.clone())?;
        let evidence = from_counts(&counts)?;
        world.remember(&format!("counts-{}", evidence.counts_sha256), &counts.to_json());
        Ok(evidence)
    })?;
    // The same content may have been measured under another id or path.
    let (id, path) = (table.id.clone(), table.path.clone());
    let (use_, place) = (table.use_.name().to_owned(), Some(table.place.clone()));
    Ok(BiasEvidence { table: id, path, use_, place, ..known })
}

/// Computes every figure from stored counts. The same counts give the same figures, to the last digit.
///
/// # Errors
/// When the counts do not fit the request they were stored with, or no row is left.
pub fn from_counts(counts: &Counts) -> Result<BiasEvidence, DataError> {
    let request = &counts.request;
    let table = &request.table;
    let mistake = |code, message: String, hint: &str| DataError {
        code,
        table: table.path.clone(),
        message,
        hint: hint.to_owned(),
    };
    let Some(columns) = Columns::of(table, &counts.table) else {
        return Err(mistake("count-shape", "the counts do not fit the question".into(), "store the counts again"));
    };
    let count = columns.content.count();
    let all: u64 = count.iter().sum();
    let rows = all - columns.kept_unlabelled;
    if rows == 0 {
        let message = match (columns.excluded + columns.unlabelled, &table.filter) {
            (0, Some(filter)) => format!("no row fulfils the filter `{filter}`"),
            (0, None) => "the table has no rows".to_owned(),
            _ => "every row lacks label, prediction or score".to_owned(),
        };
        return Err(mistake("empty-table", message, "check the filter and the columns"));
    }
    let mut warnings = columns.warnings.clone();
    if table.versus.is_some() && table.weight.is_some() {
        warnings.push("the second score is compared with the first without survey weights".to_owned());
    }
    let threshold = match &columns.content {
        Content::Binary(rows) => {
            let found = threshold_in_use(rows, columns.half_cell);
            match (table.threshold, found) {
                (Some(declared), _) if table.prediction.is_some() && !follows(rows, declared) => {
                    warnings.push(format!(
                        "decisions do not follow the declared threshold {declared}; rates are of the decisions, net \
                         benefit and other thresholds of the score"
                    ));
                }
                (None, None) if rows.score.is_some() && rows.predicted.is_some() => warnings.push(
                    "decisions do not follow from one threshold of the score; nothing is said of other thresholds"
                        .to_owned(),
                ),
                _ => {}
            }
            table.threshold.or(found)
        }
        _ => None,
    };
    let options = Options {
        level: request.level,
        smallest: request.smallest_cell,
        events: request.smallest_events,
        draws: request.draws,
        seed: counts.seed(),
        probability: table.probability,
        half_cell: columns.half_cell,
        interval: request.interval,
        threshold,
        equalise: request.equalise,
    };
    let mut attributes: Vec<AttributeAudit> = Vec::new();
    let mut groupings = Vec::new();
    for (stands_for, which) in attributes_of(table) {
        let (parts, codes) = cross(&columns, &which);
        let labels: Vec<String> = parts.iter().map(|parts| label_of(parts)).collect();
        if labels.len() > MOST_CROSSED_GROUPS {
            let message = format!("an intersection has {} groups; at most {MOST_CROSSED_GROUPS}", labels.len());
            return Err(mistake("too-many-groups", message, "cross fewer or coarser columns"));
        }
        let names: Vec<&str> = which.iter().filter_map(|&i| table.groups.get(i)).map(|g| g.column.as_str()).collect();
        let attribute = if names.is_empty() { "everyone".to_owned() } else { names.join(" x ") };
        let missing = missing(table, &which, &parts);
        let reference = reference(table, &which, &labels, &missing, &codes, count)
            .map_err(|(message, hint)| mistake("unknown-reference", message, &hint))?;
        groupings.push(Grouping { codes, groups: labels.len(), missing, reference });
        let (representation, population_source) = match which.as_slice() {
            [one] => {
                warnings.extend(perhaps_unknown(&table.groups[*one], &labels));
                warnings.extend(odd_population(&table.groups[*one], &labels));
                (
                    Some(in_table(table, *one, &labels, &columns, request)?),
                    table.groups[*one].population_source.clone(),
                )
            }
            _ => (None, None),
        };
        let audit = Audit::default();
        attributes.push(AttributeAudit {
            attribute,
            stands_for,
            class: None,
            labels,
            parts,
            rare: Vec::new(),
            audit,
            representation,
            population_source,
        });
    }
    match &columns.content {
        Content::Binary(rows) => {
            for (attribute, audit) in attributes.iter_mut().zip(audit(rows, &groupings, &options)) {
                attribute.audit = audit;
            }
        }
        Content::Numbers(rows) => {
            for (attribute, audit) in attributes.iter_mut().zip(audit_numbers(rows, &groupings, &options)) {
                attribute.audit = audit;
            }
        }
        Content::Classes(rows, classes) => {
            if classes.len() > MOST_CLASSES {
                let message =
                    format!("labels and predictions have {} classes; at most {MOST_CLASSES}", classes.len());
                return Err(mistake(
                    "too-many-classes",
                    message,
                    "put rare classes together, or say task = \"regression\"",
                ));
            }
            let mut one_by_one = Vec::new();
            for (attribute, audited) in
                attributes.iter_mut().zip(audit_classes(rows, classes.len(), &groupings, &options))
            {
                let groups = 0..attribute.labels.len();
                // The classes of a group add up to it, so a rare one is hidden together with the next.
                let rare: Vec<Vec<bool>> = groups
                    .map(|group| {
                        let of = |audit: &Audit| audit.groups.get(group).map_or(0, |g| g.positives);
                        let positives: Vec<u64> = audited.classes.iter().map(of).collect();
                        withheld(&positives, request.smallest_cell)
                    })
                    .collect();
                for (at, (class, audit)) in classes.iter().zip(audited.classes).enumerate() {
                    let class = Some(class.clone());
                    let rare = rare.iter().map(|group| group.get(at).copied().unwrap_or(true)).collect();
                    let representation = None;
                    one_by_one.push(AttributeAudit { class, audit, rare, representation, ..attribute.clone() });
                }
                attribute.audit = audited.all;
            }
            attributes.extend(one_by_one);
        }
    }
    Ok(BiasEvidence {
        table: table.id.clone(),
        place: Some(table.place.clone()),
        path: table.path.clone(),
        use_: table.use_.name().to_owned(),
        task: table.task,
        sha256: counts.sha256.clone(),
        counts_sha256: counts.digest(),
        parameters: counts::parameters(request),
        level: request.level,
        smallest_cell: request.smallest_cell,
        rows,
        excluded: columns.excluded + columns.unlabelled,
        unlabelled: columns.unlabelled,
        events: columns.content.events(),
        clusters: columns.content.clusters(),
        weighted: table.weight.is_some(),

        half_cell: columns.half_cell,
        threshold,
        warnings,
        paired: paired(counts, &options)?,
        proxies: proxies::proxies(counts)?,
        attributes,
    })
}

/// Whether exactly the scores from `threshold` on are flagged.
fn follows(rows: &Rows, threshold: f64) -> bool {
    let (Some(scores), Some(predicted)) = (&rows.score, &rows.predicted) else { return true };
    let agree = |row: usize| rows.label[row].is_none() || (scores[row] >= threshold) == predicted[row];
    (0..rows.count.len()).all(agree)
}

/// Attributes and intersections as indices of group columns.
fn attributes_of(table: &Table) -> Vec<(String, Vec<usize>)> {
    let index = |name: &str| table.groups.iter().position(|g| g.column == name);
    let mut wanted: Vec<(String, Vec<usize>)> =
        table.groups.iter().enumerate().map(|(i, g)| (g.stands_for.clone(), vec![i])).collect();
    for names in &table.intersections {
        wanted.push(("intersection".to_owned(), names.iter().filter_map(|name| index(name)).collect()));
    }
    if wanted.is_empty() {
        wanted.push(("other".to_owned(), Vec::new()));
    }
    wanted
}

/// Whether a label of a column stands for a missing attribute.
pub(super) fn is_missing(group: &Column, label: &str) -> bool {
    label == MISSING || group.unknown.iter().any(|unknown| unknown == label)
}

/// The label of a group made of these parts.
fn label_of(parts: &[String]) -> String {
    if parts.is_empty() { "everyone".to_owned() } else { parts.join(" x ") }
}

/// For each group whether some attribute that makes it is missing.
fn missing(table: &Table, which: &[usize], parts: &[Vec<String>]) -> Vec<bool> {
    let columns = || which.iter().filter_map(|&i| table.groups.get(i));
    parts.iter().map(|parts| columns().zip(parts).any(|(group, part)| is_missing(group, part))).collect()
}

/// Labels that read as if they stood for a missing attribute, and are not declared to.
fn perhaps_unknown(group: &Column, labels: &[String]) -> Option<String> {
    const WORDS: [&str; 9] = [
        "unknown",
        "missing",
        "not reported",
        "unspecified",
        "refused",
        "declined",
        "n/a",
        "invalid",
        "not recorded",
    ];
    let reads = |label: &&String| {
        let plain = label.to_lowercase();
        !is_missing(group, label) && WORDS.iter().any(|word| plain.contains(word))
    };
    let found: Vec<String> = labels.iter().filter(reads).map(|label| format!("\"{label}\"")).collect();
    (!found.is_empty()).then(|| {
        format!(
            "`{}` has {}; if that means the attribute is missing, say so (unknown, or --unknown), and bounds are given \
             for what the missing could do",
            group.column,
            found.join(" and ")
        )
    })
}

/// A declared label that does not occur, or shares that do not add up.
fn odd_population(group: &Column, labels: &[String]) -> Vec<String> {
    let mut odd: Vec<String> = group
        .unknown
        .iter()
        .filter(|label| !labels.contains(label))
        .map(|label| {
            format!("`{}` has no group \"{label}\", so nothing is taken for missing by that name", group.column)
        })
        .collect();
    let sum: f64 = group.population.iter().map(|(_, share)| share).sum();
    let whole = [1.0, 100.0].iter().any(|whole| (sum / whole - 1.0).abs() < 0.02);
    if !group.population.is_empty() && !whole {
        odd.push(format!(
            "the shares of the population of `{}` add up to {sum:.3}; they were rescaled to the groups named",
            group.column
        ));
    }
    odd
}

/// The group others are compared with: the declared one, or else the largest whose attribute is known.
fn reference(
    table: &Table,
    which: &[usize],
    labels: &[String],
    missing: &[bool],
    codes: &[u32],
    count: &[u64],
) -> Result<Option<usize>, (String, String)> {
    let declared: Vec<&str> =
        which.iter().filter_map(|&i| table.groups.get(i)).filter_map(|g| g.reference.as_deref()).collect();
    if let ([one], [name]) = (which, declared.as_slice())
        && !labels.iter().any(|label| label == name)
    {
        let column = table.groups.get(*one).map_or("", |g| g.column.as_str());
        let known: Vec<&str> = labels.iter().take(20).map(String::as_str).collect();
        return Err((
            format!("the reference group of `{column}` does not occur in it"),
            format!("groups: {}", known.join(", ")),
        ));
    }
    if labels.len() < 2 {
        return Ok(None);
    }
    let joined = declared.join(" x ");
    if declared.len() == which.len()
        && let Some(at) = labels.iter().position(|label| *label == joined)
    {
        return Ok(Some(at));
    }
    let mut sizes = vec![0u64; labels.len()];
    for (&code, &n) in codes.iter().zip(count) {
        sizes[code as usize] += n;
    }
    let known = |at: &usize| !missing[*at];
    Ok((0..labels.len()).filter(known).max_by_key(|&at| (sizes[at], std::cmp::Reverse(at))))
}

/// Who is in the table, whether or not their rows could be measured.
fn in_table(
    table: &Table,
    which: usize,
    labels: &[String],
    columns: &Columns,
    request: &Request,
) -> Result<Representation, DataError> {
    let group = &table.groups[which];
    if let Some((unknown, _)) = group.population.iter().find(|(name, _)| !labels.contains(name)) {
        return Err(DataError {
            code: "unknown-group",
            table: table.path.clone(),
            message: format!("the population of `{}` names `{unknown}`, which does not occur in it", group.column),
            hint: format!("groups: {}", labels.join(", ")),
        });
    }
    let present = columns.present(which, labels);
    let population: Vec<Option<f64>> = labels
        .iter()
        .map(|label| group.population.iter().find(|(name, _)| name == label).map(|(_, share)| *share))
        .collect();
    Ok(representation(&present, &population, request.smallest_cell, request.interval, request.level))
}

fn paired(counts: &Counts, options: &Options) -> Result<Vec<Paired>, DataError> {
    let Some(versus) = &counts.request.table.versus else { return Ok(Vec::new()) };
    let Some(counted) = &counts.versus else {
        return Err(DataError {
            code: "count-shape",
            table: counts.request.table.path.clone(),
            message: "the counts of the second score are missing".into(),
            hint: "store the counts again".into(),
        });
    };
    let table = &counts.request.table;
    let shape = || DataError {
        code: "count-shape",
        table: table.path.clone(),
        message: "the counts of the second score do not fit the question".into(),
        hint: "store the counts again".into(),
    };
    let asked =
        Asked { level: options.level, events: options.events, non_events: options.events, rows: options.smallest };
    let mut keys = counted.keys.iter();
    let mut groups: Vec<(&str, &Vec<String>, &Vec<u32>)> = Vec::new();
    for group in &table.groups {
        let Some(KeyValues::Category { labels, codes }) = keys.next() else { return Err(shape()) };
        groups.push((&group.column, labels, codes));
    }
    let (
        Some(KeyValues::Binary(label)),
        Some(KeyValues::Score { values: first, half_cell: first_half }),
        Some(KeyValues::Score { values: second, half_cell: second_half }),
    ) = (keys.next(), keys.next(), keys.next())
    else {
        return Err(shape());
    };
    let cluster = match keys.next() {
        Some(KeyValues::Cluster(codes)) => Some(codes),
        _ => None,
    };
    let item = |row: usize| {
        Some(PairedItem {
            scores: ((*first.get(row)?)?, (*second.get(row)?)?),
            cluster: cluster.and_then(|c| c.get(row)).copied().unwrap_or(0),
            label: (*label.get(row)?)?,
            count: *counted.counts.get(row)?,
        })
    };
    let mut out = Vec::new();
    let mut compare = |attribute: &str, group: &str, rows: &mut dyn Iterator<Item = usize>| {
        let items: Vec<PairedItem> = rows.filter_map(item).collect();
        let (difference, p) = if items.is_empty() {
            (Estimate::missing(0, 0, NotEstimable::NoRows), None)
        } else {
            paired_auroc(&items, cluster.is_some(), (*first_half, *second_half), &asked)
        };
        let (versus, attribute, group) = (versus.clone(), attribute.to_owned(), group.to_owned());
        out.push(Paired { versus, attribute, group, difference, p });
    };
    let rows = 0..counted.counts.len();
    compare("everyone", "everyone", &mut rows.clone());
    for (column, labels, codes) in groups {
        for (at, label) in labels.iter().enumerate() {
            compare(column, label, &mut rows.clone().filter(|&row| codes.get(row) == Some(&(at as u32))));
        }
    }
    Ok(out)
}
