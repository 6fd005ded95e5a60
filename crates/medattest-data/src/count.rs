//! One pass: filter, group, count.

use datafusion::arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};
use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::common::Column;
use datafusion::dataframe::DataFrame;
use datafusion::functions_aggregate::expr_fn::{count as count_of, count_distinct, max, min};
use datafusion::prelude::{Expr, lit};
use medattest_core::{CountQuery, CountTable, DataError, Key, KeyKind, KeyValues};

use crate::keys::{BAD, KeyExpr, bin_labels, key_expr};
use crate::misfit;
use crate::{Source, column, open, ragged};

/// Cells of the grid scores are put on.
const GRID_CELLS: f64 = 10_000.0;
/// Up to this many distinct scores are counted exactly whatever the number of rows.
const EXACT_SCORES: i64 = 20_000;
/// What stands for a missing group.
const MISSING: &str = "(missing)";

pub(crate) async fn count(source: &Source<'_>, query: &CountQuery) -> Result<CountTable, DataError> {
    let frame = filtered(source, open(source, false).await?, query)?;
    let mut keys = Vec::new();
    for key in &query.keys {
        let expr = column(source, &frame, &key.column)?;
        let kind = frame.schema().field_with_unqualified_name(&key.column).map(|f| f.data_type().clone());
        let grid = grid(source, &frame, key, &expr).await?;
        keys.push(key_expr(source, key, expr, kind.as_ref().ok(), grid)?);
    }
    let groups: Vec<Expr> = keys.iter().enumerate().map(|(i, key)| key.expr.clone().alias(format!("k{i}"))).collect();
    let counted = frame
        .aggregate(groups, vec![count_of(lit(1)).alias("n")])
        .map_err(|error| refused(source, &error.to_string()))?;
    let schema = std::sync::Arc::new(counted.schema().as_arrow().clone());
    let batches = counted.collect().await.map_err(|error| failed(source, &error.to_string()))?;
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
fn failed(source: &Source<'_>, said: &str) -> DataError {
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

/// Where scores must be put on a grid: its origin and the width of a cell.
async fn grid(
    source: &Source<'_>,
    frame: &DataFrame,
    key: &Key,
    expr: &Expr,
) -> Result<Option<(f64, f64)>, DataError> {
    let limit = match key.kind {
        KeyKind::Probability(limit) | KeyKind::Margin(limit) => limit,
        _ => return Ok(None),
    };
    let number = crate::keys::number(expr.clone());
    let look = vec![
        count_of(lit(1)).alias("n"),
        count_distinct(expr.clone()).alias("distinct"),
        min(number.clone()).alias("low"),
        max(number).alias("high"),
    ];
    // Counting rows alone is nearly free; distinct scores are only counted where it matters.
    let rows = frame.clone().count().await.map_err(|error| failed(source, &error.to_string()))?;
    if rows as u64 <= limit {
        return Ok(None);
    }
    let looked = frame.clone().aggregate(Vec::new(), look).map_err(|error| refused(source, &error.to_string()))?;
    let batches = looked.collect().await.map_err(|error| failed(source, &error.to_string()))?;
    let Some(batch) = batches.iter().find(|batch| batch.num_rows() > 0) else { return Ok(None) };
    let distinct = batch.column(1).as_primitive::<Int64Type>().value(0);
    if distinct <= EXACT_SCORES {
        return Ok(None);
    }
    if matches!(key.kind, KeyKind::Probability(_)) {
        return Ok(Some((0.0, 1.0 / GRID_CELLS)));
    }
    let bound = |index: usize| batch.column(index).as_primitive::<Float64Type>().value(0);
    let (low, high) = (bound(2), bound(3));
    Ok((low.is_finite() && high.is_finite() && high > low).then(|| (low, (high - low) / GRID_CELLS)))
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
                return Err(source.error(
                    "too-many-groups",
                    format!(
                        "column `{}` has {} distinct values; at most {most} groups are compared",
                        asked.column,
                        labels.len()
                    ),
                    "cut numbers into bins, such as age:18,40,65 or bins = [18, 40, 65]; an identifier is no group",
                ));
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
        KeyKind::Binary => {
            let bits = array.as_primitive::<Int64Type>();
            KeyValues::Binary(bits.iter().map(|b| b.map(|b| b == 1)).collect())
        }
        KeyKind::Probability(_) | KeyKind::Margin(_) => {
            let scores = array.as_primitive::<Float64Type>();
            KeyValues::Score { values: scores.iter().collect(), half_cell: key.half_cell }
        }
        KeyKind::Cluster => {
            let texts: Option<Vec<String>> = texts(array)?.into_iter().collect();
            let Some(texts) = texts else {
                let message = format!("rows without a value in the cluster column `{}`", asked.column);
                let hint = "exclude them with a filter such as patient is not null; they are no one patient's rows";
                return Err(source.error("cluster-missing", message, hint));
            };
            KeyValues::Cluster(encode(&texts).1)
        }
    })
}

/// Distinct texts in order, and the index of each.
fn encode(texts: &[String]) -> (Vec<String>, Vec<u32>) {
    let mut labels: Vec<String> = texts.to_vec();
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
