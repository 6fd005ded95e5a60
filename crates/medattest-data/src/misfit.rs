//! Finding the first row whose value does not fit, to name the row without showing the patient.

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::prelude::lit;
use futures::StreamExt;
use medattest_core::{CountQuery, DataError, Key, KeyKind};

use crate::count::{existing, filter_expr};
use crate::keys::KeyExpr;
use crate::{Source, open};

/// The error about the first value of `key` that does not fit.
pub(crate) async fn find(source: &Source<'_>, query: &CountQuery, asked: Option<&Key>, key: &KeyExpr) -> DataError {
    let Some(asked) = asked else {
        return source.error("count-shape", "the counts do not fit the question", "report this as a fault");
    };
    let place = first(source, query, asked, key).await.unwrap_or(None);
    let (code, wanted, hint) = match asked.kind {
        KeyKind::Binary => (
            "label-not-binary",
            "0 or 1",
            "a label or prediction is 0 or 1 (or true or false); derive the column, name another one, or say --task multiclass",
        ),
        KeyKind::Probability(_) => (
            "score-not-probability",
            "a probability in [0,1]",
            "if the score is not a probability, say score-kind = \"margin\" (or --score-kind margin)",
        ),
        KeyKind::Weight(_) => (
            "weight-negative",
            "a weight of 0 to 1e12",
            "a survey weight says for how many people a row stands; rows of weight 0 are left out",
        ),
        KeyKind::Bins(_) => ("bins-of-text", "a number", "a column of text is grouped as it is; leave the bins out"),
        _ => ("score-not-finite", "a finite number", "leave the cell empty where there is no score"),
    };
    let hint = match &place {
        Some((_, shape)) if shape == "NaN" => {
            "leave the cell empty where there is no score, or exclude the row with a filter"
        }
        _ => hint,
    };
    let found = place.map_or_else(String::new, |(row, shape)| format!(", found {shape} in data row {row}"));
    source.error(code, format!("expected {wanted} in column `{}`{found}", asked.column), hint)
}

async fn first(
    source: &Source<'_>,
    query: &CountQuery,
    asked: &Key,
    key: &KeyExpr,
) -> Result<Option<(usize, String)>, DataError> {
    let frame = open(source, Some(1)).await?;
    let passes = match &query.filter {
        Some(filter) => filter_expr(source, &frame, filter)?,
        None => lit(true),
    };
    let unread = |_| source.error("count-failed", "the rows could not be read again", "try again");
    let wanted = vec![passes.and(key.misfit.clone()).alias("misfit"), existing(&asked.column).alias("value")];
    let mut stream = frame.select(wanted).map_err(unread)?.execute_stream().await.map_err(unread)?;
    let mut before = 0;
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(unread)?;
        let misfits = batch.column(0).as_boolean();
        if let Some(at) = (0..misfits.len()).find(|&i| misfits.is_valid(i) && misfits.value(i)) {
            let text = cast(&batch.column(1).slice(at, 1), &DataType::Utf8).ok();
            let text = text.as_ref().map(|t| t.as_string::<i32>().value(0).to_owned()).unwrap_or_default();
            return Ok(Some((before + at + 1, shape(&text))));
        }
        before += batch.num_rows();
    }
    Ok(None)
}

/// What a value looks like. Only numbers too short to identify anyone are shown as they are.
fn shape(text: &str) -> String {
    match text.parse::<f64>() {
        Ok(x) if x.is_nan() => "NaN".to_owned(),
        Ok(x) if x.is_infinite() => "an infinite number".to_owned(),
        Ok(x) if x.abs() < 1000.0 && text.len() <= 6 => text.to_owned(),
        Ok(x) if x.abs() < 1000.0 => format!("about {x:.2}"),
        Ok(_) => "a large number".to_owned(),
        Err(_) => format!("a text of {} characters", text.chars().count()),
    }
}

#[cfg(test)]
mod tests {
    use super::shape;

    #[test]
    fn only_short_numbers_are_quoted() {
        assert_eq!(shape("7.2"), "7.2");
        assert_eq!(shape("2"), "2");
        assert_eq!(shape("-0.123456789"), "about -0.12");
        assert_eq!(shape("4471203"), "a large number");
        assert_eq!(shape("NaN"), "NaN");
        assert_eq!(shape("Jane Roe"), "a text of 8 characters");
    }
}
