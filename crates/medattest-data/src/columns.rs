//! Columns of a table and what each lacks, in one pass.

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{Column, ScalarValue};
use datafusion::functions_aggregate::expr_fn::count as count_of;
use datafusion::prelude::{Expr, lit, when};
use medattest_core::{ColumnProfile, DataError};

use crate::count::{failed, filter_expr};
use crate::{Source, open};

/// Columns of a table that are counted; tables with more are not profiled further.
const MOST: usize = 2_000;

pub(crate) async fn columns(
    source: &Source<'_>,
    filter: Option<&str>,
) -> Result<(u64, Vec<ColumnProfile>), DataError> {
    let mut frame = open(source, None).await?;
    if let Some(filter) = filter {
        let expr = filter_expr(source, &frame, filter)?;
        frame = frame.filter(expr).map_err(|error| failed(source, &error.to_string()))?;
    }
    let fields: Vec<(String, DataType)> = frame
        .schema()
        .fields()
        .iter()
        .take(MOST)
        .map(|field| (field.name().clone(), field.data_type().clone()))
        .collect();
    let mut counts: Vec<Expr> = vec![count_of(lit(1)).alias("rows")];
    for (index, (name, kind)) in fields.iter().enumerate() {
        let column = Expr::Column(Column::from_name(name));
        // An empty text is no value.
        let value = if is_text(kind) {
            when(column.clone().eq(lit("")), lit(ScalarValue::Utf8(None)))
                .otherwise(column)
                .map_err(|error| failed(source, &error.to_string()))?
        } else {
            column
        };
        counts.push(count_of(value).alias(format!("c{index}")));
    }
    let counted = frame.aggregate(Vec::new(), counts).map_err(|error| failed(source, &error.to_string()))?;
    let batches = counted.collect().await.map_err(|error| failed(source, &error.to_string()))?;
    let of = |index: usize| {
        let values = batches.first().and_then(|batch| batch.column(index).as_primitive_opt::<Int64Type>());
        values.filter(|values| !values.is_empty()).map_or(0, |values| u64::try_from(values.value(0)).unwrap_or(0))
    };
    let rows = of(0);
    let profile = |(index, (name, kind)): (usize, (String, DataType))| ColumnProfile {
        name,
        holds: holds(&kind).to_owned(),
        missing: rows.saturating_sub(of(index + 1)),
    };
    Ok((rows, fields.into_iter().enumerate().map(profile).collect()))
}

fn is_text(kind: &DataType) -> bool {
    matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

fn holds(kind: &DataType) -> &'static str {
    match kind {
        kind if is_text(kind) => "text",
        DataType::Boolean => "yes or no",
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => "date",
        kind if kind.is_numeric() => "number",
        _ => "other",
    }
}
