//! An evenly spaced sample of the rows of a file, for models that are fitted at once and forgotten.

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type};
use futures::StreamExt as _;
use medattest_core::monitor::{RowColumn, RowSample};
use medattest_core::{CountQuery, DataError};

use crate::{Source, count, open};

pub(crate) async fn sample(
    source: &Source<'_>,
    filter: Option<&str>,
    ignore: &[String],
    most: usize,
) -> Result<RowSample, DataError> {
    let broken = || source.error("count-failed", "the rows could not be read", "check that the file is whole");
    let query = CountQuery { filter: filter.map(str::to_owned), keys: Vec::new() };
    let frame = count::filtered(source, open(source, Some(1)).await?, &query)?;
    let rows = frame.clone().count().await.map_err(|error| count::failed(source, &error.to_string()))?;
    let step = rows.div_ceil(most.max(1)).max(1);
    let names: Vec<String> = frame.schema().fields().iter().map(|field| field.name().clone()).collect();
    let kept: Vec<bool> = frame
        .schema()
        .fields()
        .iter()
        .map(|field| {
            let kind = field.data_type();
            let text = matches!(
                kind,
                DataType::Utf8
                    | DataType::Utf8View
                    | DataType::LargeUtf8
                    | DataType::Boolean
                    | DataType::Dictionary(..)
            );
            (kind.is_numeric() || text) && !ignore.contains(field.name())
        })
        .collect();
    let mut sample = RowSample::default();
    let mut stream = frame.execute_stream().await.map_err(|_| broken())?;
    let mut row = 0;
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(|error| count::failed(source, &error.to_string()))?;
        let picked: Vec<usize> = (0..batch.num_rows()).filter(|at| (row + at) % step == 0).collect();
        row += batch.num_rows();
        for ((name, column), kept) in names.iter().zip(batch.columns()).zip(&kept) {
            if !kept {
                continue;
            }
            if column.data_type().is_numeric() {
                let numbers = cast(column, &DataType::Float64).map_err(|_| broken())?;
                let numbers = numbers.as_primitive::<Float64Type>();
                let entry = sample.columns.entry(name.clone()).or_insert(RowColumn::Numbers(Vec::new()));
                if let RowColumn::Numbers(values) = entry {
                    values.extend(picked.iter().map(|at| numbers.is_valid(*at).then(|| numbers.value(*at))));
                }
            } else {
                let labels = cast(column, &DataType::Utf8).map_err(|_| broken())?;
                let labels = labels.as_string::<i32>();
                let entry = sample.columns.entry(name.clone()).or_insert(RowColumn::Labels(Vec::new()));
                if let RowColumn::Labels(values) = entry {
                    values.extend(picked.iter().map(|at| labels.is_valid(*at).then(|| labels.value(*at).to_owned())));
                }
            }
        }
    }
    Ok(sample)
}
