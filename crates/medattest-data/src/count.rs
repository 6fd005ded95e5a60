//! One pass: filter, group, count.

use datafusion::arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};
use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::common::Column;
use datafusion::dataframe::DataFrame;
use datafusion::functions_aggregate::expr_fn::{count as count_of, max, min};
use datafusion::prelude::{Expr, lit};
use medattest_core::{CountQuery, CountTable, DataError, Key, KeyKind, KeyValues, MISSING};

use crate::keys::{BAD, KeyExpr, bin_labels, key_expr};
use crate::misfit;
use crate::{Source, column, open, ragged};

/// Cells of the grid scores are put on.
const GRID_CELLS: f64 = 10_000.0;
/// Up to this many distinct scores are counted exactly whatever the number of rows.
const EXACT_SCORES: usize = 20_000;
/// A feature with this many times more values than are looked at one by one is taken for an identifier.
const IDENTIFIER: usize = 50;
/// Up to this many rows any column may be grouped without a look at it first.
const FEW_ROWS: u64 = 200_000;
/// A table with more kinds of rows than this would not fit into memory beside its figures.
const MOST_CELLS: usize = 20_000_000;

pub(crate) async fn count(source: &Source<'_>, query: &CountQuery) -> Result<CountTable, DataError> {
    let frame = filtered(source, open(source, None).await?, query)?;
    let looked = look(source, &frame, query).await?;
    let mut keys = Vec::new();
    for (key, looked) in query.keys.iter().zip(looked) {
        let expr = column(source, &frame, &key.column)?;
        let kind = frame.schema().field_with_unqualified_name(&key.column).map(|f| f.data_type().clone());
        let grid = looked.map(|looked| grid(source, key, kind.as_ref().ok(), &looked)).transpose()?.flatten();
        keys.push(key_expr(source, key, expr, kind.as_ref().ok(), grid)?);
    }
    let groups: Vec<Expr> = keys.iter().enumerate().map(|(i, key)| key.expr.clone().alias(format!("k{i}"))).collect();
    let counted = frame
        .aggregate(groups, vec![count_of(lit(1)).alias("n")])
        .map_err(|error| refused(source, &error.to_string()))?;
    let schema = std::sync::Arc::new(counted.schema().as_arrow().clone());
    let counted = counted.limit(0, Some(MOST_CELLS + 1)).map_err(|error| refused(source, &error.to_string()))?;
    let batches = counted.collect().await.map_err(|error| failed(source, &error.to_string()))?;
    if batches.iter().map(RecordBatch::num_rows).sum::<usize>() > MOST_CELLS {
        let hint = "group by fewer or coarser columns, or leave the cluster or weight column out";
        return Err(source.error("too-many-cells", format!("the rows are of more than {MOST_CELLS} kinds"), hint));
    }
    let batch = concat_batches(&schema, &batches).map_err(|error| failed(source, &error.to_string()))?;
    for (index, key) in keys.iter().enumerate() {
        if has_bad(batch.column(index), key) {
            return Err(misfit::find(source, query, query.keys.get(index), key).await);
        }
    }
    table(source, query, &keys, &batch)
}

/// The frame with the filter of the query applied.
pub(crate) fn filtered(source: &Source<'_>, frame: DataFrame, query: &CountQuery) -> Result<DataFrame, DataError> {
    let Some(filter) = &query.filter else { return Ok(frame) };
    let expr = filter_expr(source, &frame, filter)?;
    frame.filter(expr).map_err(|error| refused(source, &error.to_string()))
}

pub(crate) fn filter_expr(source: &Source<'_>, frame: &DataFrame, filter: &str) -> Result<Expr, DataError> {
    frame.parse_sql_expr(filter).map_err(|error| refused(source, &error.to_string()))
}

/// The query itself is wrong. What DataFusion says here is about names, not about cells.
fn refused(source: &Source<'_>, said: &str) -> DataError {
    let said: String = said.lines().next().unwrap_or_default().chars().take(300).collect();
    let hint = "the filter is an SQL condition over the table's columns, such as split <> 'train'";
    source.error("filter", format!("the question does not fit the table: {said}"), hint)
}

/// Reading failed half-way. What DataFusion says may quote cells and is not shown.
pub(crate) fn failed(source: &Source<'_>, said: &str) -> DataError {
    let lower = said.to_ascii_lowercase();
    if lower.contains("csv") || lower.contains("incorrect number of fields") {
        return ragged(source, said);
    }
    let of_filter = lower.contains("cast error") || lower.contains("divide by zero");
    if !of_filter && (lower.contains("parquet") || lower.contains("eof") || lower.contains("arrow")) {
        return source.error(
            "table-damaged",
            "the file cannot be read to its end: it is truncated or damaged",
            "write the file again and compare its size with the original",
        );
    }
    let hint = "check that the filter compares columns with values of their own type, and that memory suffices";
    source.error("count-failed", "the rows could not be counted", hint)
}

/// What is to be known of a column of a large table before its values are grouped.
struct Looked {
    /// Whether there are more distinct values than may be grouped as they are.
    many: bool,
    low: f64,
    high: f64,
}

/// Looks at the columns of a table with more rows than are counted as they are.
async fn look(source: &Source<'_>, frame: &DataFrame, query: &CountQuery) -> Result<Vec<Option<Looked>>, DataError> {
    let mut columns = Vec::new();
    for key in &query.keys {
        columns.push(column(source, frame, &key.column)?);
    }
    let limit = query.keys.iter().filter_map(|key| limit_of(&key.kind)).min().unwrap_or(u64::MAX);
    let broken = |error: datafusion::error::DataFusionError| failed(source, &error.to_string());
    // Counting rows alone is nearly free.
    let rows = frame.clone().count().await.map_err(broken)?;
    let mut looked = Vec::new();
    for (key, expr) in query.keys.iter().zip(columns) {
        let kind = frame.schema().field_with_unqualified_name(&key.column).map(|f| f.data_type().clone());
        let numeric = kind.is_ok_and(|kind| kind.is_numeric());
        let most = match key.kind {
            _ if rows as u64 <= limit => None,
            KeyKind::Category(most) => Some(most),
            KeyKind::Feature(most) if !numeric => Some(most * IDENTIFIER),
            KeyKind::Probability(_) | KeyKind::Margin(_) | KeyKind::Weight(_) | KeyKind::Feature(_) => {
                Some(EXACT_SCORES)
            }
            _ => None,
        };
        let Some(most) = most else {
            looked.push(None);
            continue;
        };
        // Stops at the first value too many, so that memory does not grow with what there is.
        let values = frame.clone().select(vec![expr.clone()]).and_then(DataFrame::distinct);
        let values = values.and_then(|v| v.limit(0, Some(most + 1))).map_err(broken)?;
        let many = values.count().await.map_err(broken)? > most;
        let (mut low, mut high) = (f64::NAN, f64::NAN);
        if many && matches!(key.kind, KeyKind::Margin(_) | KeyKind::Feature(_)) && numeric {
            let number = crate::keys::number(expr);
            let asked = vec![min(number.clone()).alias("low"), max(number).alias("high")];
            let ends = frame.clone().aggregate(Vec::new(), asked).map_err(broken)?.collect().await.map_err(broken)?;
            if let Some(batch) = ends.iter().find(|batch| batch.num_rows() > 0) {
                let bound = |index: usize| batch.column(index).as_primitive::<Float64Type>().value(0);
                (low, high) = (bound(0), bound(1));
            }
        }
        looked.push(Some(Looked { many, low, high }));
    }
    Ok(looked)
}

/// Up to how many rows the values of a key are counted as they are.
fn limit_of(kind: &KeyKind) -> Option<u64> {
    match kind {
        KeyKind::Probability(limit) | KeyKind::Margin(limit) | KeyKind::Weight(limit) => Some(*limit),
        KeyKind::Category(_) | KeyKind::Feature(_) => Some(FEW_ROWS),
        _ => None,
    }
}

/// Where scores must be put on a grid: its origin and the width of a cell. Categories that are far too many are
/// refused before they are grouped.
fn grid(
    source: &Source<'_>,
    key: &Key,
    kind: Option<&DataType>,
    looked: &Looked,
) -> Result<Option<(f64, f64)>, DataError> {
    let numeric = kind.is_some_and(DataType::is_numeric);
    match key.kind {
        KeyKind::Category(most) if looked.many => {
            return Err(too_many(source, &key.column, &format!("more than {most}"), most));
        }
        KeyKind::Feature(most) if !numeric && looked.many => {
            let message = format!("column `{}` has more than {} distinct values", key.column, most * IDENTIFIER);
            let hint = "a feature with nearly as many values as rows is an identifier; leave it out";
            return Err(source.error("too-many-values", message, hint));
        }
        KeyKind::Category(_) => return Ok(None),
        KeyKind::Feature(_) if !numeric => return Ok(None),
        _ => {}
    }
    if !looked.many {
        return Ok(None);
    }
    if matches!(key.kind, KeyKind::Probability(_) | KeyKind::Weight(_)) {
        return Ok(Some((0.0, 1.0 / GRID_CELLS)));
    }
    let (low, high) = (looked.low, looked.high);
    Ok((low.is_finite() && high.is_finite() && high > low).then(|| (low, (high - low) / GRID_CELLS)))
}

fn too_many(source: &Source<'_>, column: &str, distinct: &str, most: usize) -> DataError {
    source.error(
        "too-many-groups",
        format!("column `{column}` has {distinct} distinct values; at most {most} groups are compared"),
        "cut numbers into bins, such as age:18,40,65 or bins = [18, 40, 65]; an identifier is no group",
    )
}

fn has_bad(values: &ArrayRef, key: &KeyExpr) -> bool {
    key.checked
        && values.as_primitive_opt::<Int64Type>().map_or_else(
            || {
                values.as_primitive_opt::<Float64Type>().is_some_and(|v: &datafusion::arrow::array::Float64Array| {
                    v.iter().flatten().any(f64::is_infinite)
                })
            },
            |v: &Int64Array| v.iter().flatten().any(|v| v == BAD),
        )
}

fn table(
    source: &Source<'_>,
    query: &CountQuery,
    keys: &[KeyExpr],
    batch: &RecordBatch,
) -> Result<CountTable, DataError> {
    let mut columns = Vec::new();
    for (index, (asked, key)) in query.keys.iter().zip(keys).enumerate() {
        columns.push(values(source, asked, key, batch.column(index))?);
    }
    let counts = batch.column(keys.len()).as_primitive::<Int64Type>();
    let counts: Vec<u64> = counts.iter().flatten().map(|n| u64::try_from(n).unwrap_or(0)).collect();
    Ok(sorted(columns, counts))
}

fn values(source: &Source<'_>, asked: &Key, key: &KeyExpr, array: &ArrayRef) -> Result<KeyValues, DataError> {
    let texts = |array: &ArrayRef| -> Result<Vec<Option<String>>, DataError> {
        let text = cast(array, &DataType::Utf8).map_err(|error| failed(source, &error.to_string()))?;
        Ok(text.as_string::<i32>().iter().map(|t| t.map(str::to_owned)).collect())
    };
    Ok(match &asked.kind {
        KeyKind::Category(most) => {
            let label = |text: Option<String>| text.filter(|t| !t.trim().is_empty()).unwrap_or(MISSING.to_owned());
            let texts: Vec<String> = texts(array)?.into_iter().map(label).collect();
            let (labels, codes) = encode(&texts);
            if labels.len() > *most {
                return Err(too_many(source, &asked.column, &labels.len().to_string(), *most));
            }
            KeyValues::Category { labels, codes }
        }
        KeyKind::Bins(bounds) => {
            let names = bin_labels(bounds);
            let bins = array.as_primitive::<Int64Type>();
            let missing = u32::try_from(names.len()).unwrap_or(u32::MAX);
            let codes: Vec<u32> =
                bins.iter().map(|b| b.and_then(|b| u32::try_from(b).ok()).unwrap_or(missing)).collect();
            let mut labels = names;
            labels.push(MISSING.to_owned());
            compact(labels, &codes)
        }
        KeyKind::Binary | KeyKind::AtLeast(_) => {
            let bits = array.as_primitive::<Int64Type>();
            KeyValues::Binary(bits.iter().map(|b| b.map(|b| b == 1)).collect())
        }
        KeyKind::Feature(_) if array.data_type() != &DataType::Float64 => {
            let label = |text: Option<String>| text.filter(|t| !t.trim().is_empty()).unwrap_or(MISSING.to_owned());
            let texts: Vec<String> = texts(array)?.into_iter().map(label).collect();
            let (labels, codes) = encode(&texts);
            KeyValues::Category { labels, codes }
        }
        KeyKind::Probability(_) | KeyKind::Margin(_) | KeyKind::Weight(_) | KeyKind::Feature(_) => {
            let scores = array.as_primitive::<Float64Type>();
            KeyValues::Score { values: scores.iter().collect(), half_cell: key.half_cell }
        }
        KeyKind::Cluster => {
            let codes = match array.as_primitive_opt::<Int64Type>() {
                Some(numbers) => numbers.iter().collect::<Option<Vec<i64>>>().map(|numbers| encode(&numbers).1),
                None => texts(array)?.into_iter().collect::<Option<Vec<String>>>().map(|texts| encode(&texts).1),
            };
            let Some(codes) = codes else {
                let message = format!("rows without a value in the cluster column `{}`", asked.column);
                let hint = "exclude them with a filter such as patient is not null; they are no one patient's rows";
                return Err(source.error("cluster-missing", message, hint));
            };
            KeyValues::Cluster(codes)
        }
    })
}

/// Distinct values in order, and the index of each.
fn encode<T: Ord + Clone>(texts: &[T]) -> (Vec<T>, Vec<u32>) {
    let mut labels: Vec<T> = texts.to_vec();
    labels.sort_unstable();
    labels.dedup();
    let codes = texts
        .iter()
        .map(|text| labels.binary_search(text).ok().and_then(|i| u32::try_from(i).ok()).unwrap_or(0))
        .collect();
    (labels, codes)
}

/// Drops labels nobody has, keeping their order.
fn compact(labels: Vec<String>, codes: &[u32]) -> KeyValues {
    let mut used: Vec<u32> = codes.to_vec();
    used.sort_unstable();
    used.dedup();
    let kept = used.iter().filter_map(|&code| labels.get(code as usize).cloned()).collect();
    let codes = codes
        .iter()
        .map(|code| used.binary_search(code).ok().and_then(|i| u32::try_from(i).ok()).unwrap_or(0))
        .collect();
    KeyValues::Category { labels: kept, codes }
}

/// Rows in the order of their keys: the same counts always give the same table.
fn sorted(columns: Vec<KeyValues>, counts: Vec<u64>) -> CountTable {
    let mut order: Vec<usize> = (0..counts.len()).collect();
    let compare = |a: usize, b: usize| {
        columns
            .iter()
            .map(|column| match column {
                KeyValues::Category { codes, .. } | KeyValues::Cluster(codes) => codes.get(a).cmp(&codes.get(b)),
                KeyValues::Binary(bits) => bits.get(a).cmp(&bits.get(b)),
                KeyValues::Score { values, .. } => {
                    let key = |i: usize| values.get(i).copied().flatten().unwrap_or(f64::NEG_INFINITY);
                    key(a).total_cmp(&key(b))
                }
            })
            .find(|o| o.is_ne())
            .unwrap_or(std::cmp::Ordering::Equal)
    };
    order.sort_by(|&a, &b| compare(a, b));
    fn pick<T: Copy>(values: &[T], order: &[usize]) -> Vec<T> {
        order.iter().filter_map(|&i| values.get(i).copied()).collect()
    }
    let keys = columns
        .iter()
        .map(|column| match column {
            KeyValues::Category { labels, codes } => {
                KeyValues::Category { labels: labels.clone(), codes: pick(codes, &order) }
            }
            KeyValues::Cluster(codes) => KeyValues::Cluster(pick(codes, &order)),
            KeyValues::Binary(bits) => KeyValues::Binary(pick(bits, &order)),
            KeyValues::Score { values, half_cell } => {
                KeyValues::Score { values: pick(values, &order), half_cell: *half_cell }
            }
        })
        .collect();
    CountTable { keys, counts: pick(&counts, &order) }
}

/// The column of a name, for callers that know it exists.
pub(crate) fn existing(name: &str) -> Expr {
    Expr::Column(Column::from_name(name))
}
