//! How each kind of key column is read.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::prelude::{Expr, cast, lit, try_cast, when};
use medattest_core::{DataError, Key, KeyKind};

use crate::Source;

/// A survey weight stands for people; nobody stands for more.
const HEAVIEST: f64 = 1e12;

/// What stands for a value that does not fit its role.
pub(crate) const BAD: i64 = -1;

/// A key as an expression.
pub(crate) struct KeyExpr {
    pub(crate) expr: Expr,
    /// True for every row whose value does not fit.
    pub(crate) misfit: Expr,
    /// Whether values can fail to fit; they then come out as [`BAD`] or as infinity.
    pub(crate) checked: bool,
    pub(crate) half_cell: f64,
}

/// The column as a number; text that is none becomes null.
pub(crate) fn number(expr: Expr) -> Expr {
    try_cast(expr, DataType::Float64)
}

fn null(kind: &DataType) -> Expr {
    lit(ScalarValue::try_from(kind).unwrap_or(ScalarValue::Null))
}

pub(crate) fn key_expr(
    source: &Source<'_>,
    key: &Key,
    expr: Expr,
    kind: Option<&DataType>,
    grid: Option<(f64, f64)>,
) -> Result<KeyExpr, DataError> {
    let wrong = |_| {
        let message = format!("column `{}` cannot be read in its role", key.column);
        source.error("column-type", message, "use a column of numbers, true/false or text")
    };
    let free = |expr: Expr| KeyExpr { expr, misfit: lit(false), checked: false, half_cell: 0.0 };
    match &key.kind {
        // Whole numbers are told apart sooner than their digits.
        KeyKind::Cluster if kind.is_some_and(DataType::is_signed_integer) => Ok(free(cast(expr, DataType::Int64))),
        KeyKind::Category(_) | KeyKind::Cluster => Ok(free(cast(expr, DataType::Utf8))),
        KeyKind::Feature(_) if kind.is_none_or(|kind| !kind.is_numeric()) => Ok(free(cast(expr, DataType::Utf8))),
        KeyKind::Weight(_) => {
            let value = number(expr.clone());
            let fits = value.clone().gt_eq(lit(0.0)).and(value.clone().lt_eq(lit(HEAVIEST)));
            let kept = match grid {
                None => value.clone(),
                Some(_) => four_digits(value.clone()).map_err(wrong)?,
            };
            let coded = when(expr.clone().is_null(), null(&DataType::Float64))
                .when(fits, kept)
                .otherwise(lit(f64::INFINITY))
                .map_err(wrong)?;
            let misfit = coded.clone().eq(lit(f64::INFINITY));
            Ok(KeyExpr { expr: coded, misfit, checked: true, half_cell: 0.0 })
        }
        KeyKind::Bins(bounds) => {
            let value = number(expr.clone());
            let missing = value.clone().is_null().or(datafusion::functions::expr_fn::isnan(value.clone()));
            let mut case = when(missing, null(&DataType::Int64));
            for (index, bound) in bounds.iter().enumerate() {
                case = case.when(value.clone().lt(lit(*bound)), lit(i64::try_from(index).unwrap_or(i64::MAX)));
            }
            let last = lit(i64::try_from(bounds.len()).unwrap_or(i64::MAX));
            let binned = case.otherwise(last).map_err(wrong)?;
            let misfit = expr.is_not_null().and(value.is_null());
            let coded = when(misfit.clone(), lit(BAD)).otherwise(binned).map_err(wrong)?;
            Ok(KeyExpr { expr: coded, misfit, checked: true, half_cell: 0.0 })
        }
        KeyKind::Binary => {
            let (one, zero) = match kind {
                Some(DataType::Boolean) => (expr.clone(), expr.clone().is_false()),
                Some(DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8) => {
                    let text = datafusion::functions::expr_fn::lower(datafusion::functions::expr_fn::btrim(vec![
                        expr.clone(),
                    ]));
                    let among = |texts: &[&str]| text.clone().in_list(texts.iter().map(|t| lit(*t)).collect(), false);
                    (among(&["1", "1.0", "true"]), among(&["0", "0.0", "false"]))
                }
                _ => (number(expr.clone()).eq(lit(1.0)), number(expr.clone()).eq(lit(0.0))),
            };
            let coded = when(expr.clone().is_null(), null(&DataType::Int64))
                .when(one.clone(), lit(1_i64))
                .when(zero.clone(), lit(0_i64))
                .otherwise(lit(BAD))
                .map_err(wrong)?;
            let misfit = coded.clone().eq(lit(BAD));
            Ok(KeyExpr { expr: coded, misfit, checked: true, half_cell: 0.0 })
        }
        KeyKind::AtLeast(threshold) => {
            let value = number(expr.clone());
            let coded = when(value.clone().is_null(), null(&DataType::Int64))
                .when(value.gt_eq(lit(*threshold)), lit(1_i64))
                .otherwise(lit(0_i64))
                .map_err(wrong)?;
            Ok(free(coded))
        }
        KeyKind::Probability(_) | KeyKind::Margin(_) | KeyKind::Feature(_) => {
            let value = number(expr.clone());
            // NaN is greater than every number here, so both bounds catch it.
            let (low, high) = match key.kind {
                KeyKind::Probability(_) => (0.0, 1.0),
                _ => (f64::MIN, f64::MAX),
            };
            let fits = value.clone().gt_eq(lit(low)).and(value.clone().lt_eq(lit(high)));
            let (on_grid, half_cell) = match grid {
                None => (value.clone(), 0.0),
                Some((origin, width)) => {
                    // Multiplied, because dividing by a width such as 0.0001 puts 0.15 a cell too low.
                    let cell =
                        datafusion::functions::expr_fn::floor((value.clone() - lit(origin)) * lit(1.0 / width));
                    // The upper end belongs to the last cell.
                    let last =
                        datafusion::functions::expr_fn::floor(lit((high.min(f64::MAX) - origin) / width)) - lit(1.0);
                    let cell = match key.kind {
                        KeyKind::Probability(_) => {
                            when(value.clone().gt_eq(lit(high)), last).otherwise(cell).map_err(wrong)?
                        }
                        _ => cell,
                    };
                    (lit(origin) + (cell + lit(0.5)) * lit(width), width / 2.0)
                }
            };
            let coded = when(expr.clone().is_null(), null(&DataType::Float64))
                .when(fits, on_grid)
                .otherwise(lit(f64::INFINITY))
                .map_err(wrong)?;
            let misfit = coded.clone().eq(lit(f64::INFINITY));
            Ok(KeyExpr { expr: coded, misfit, checked: true, half_cell })
        }
    }
}

/// A positive number rounded to four significant digits; 0 stays 0.
fn four_digits(value: Expr) -> datafusion::error::Result<Expr> {
    use datafusion::functions::expr_fn::{floor, log10, power, round};
    let scale = power(lit(10.0), lit(3.0) - floor(log10(value.clone())));
    when(value.clone().eq(lit(0.0)), lit(0.0)).otherwise(round(vec![value * scale.clone()]) / scale)
}

/// What each bin is called.
pub(crate) fn bin_labels(bounds: &[f64]) -> Vec<String> {
    let mut labels = Vec::new();
    for (index, bound) in bounds.iter().enumerate() {
        match index.checked_sub(1).and_then(|before| bounds.get(before)) {
            None => labels.push(format!("under {bound}")),
            Some(before) => labels.push(format!("{before} to under {bound}")),
        }
    }
    if let Some(last) = bounds.last() {
        labels.push(format!("{last} and over"));
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::bin_labels;

    #[test]
    fn every_bin_has_a_name() {
        assert_eq!(bin_labels(&[18.0, 65.5]), ["under 18", "18 to under 65.5", "65.5 and over"]);
    }
}
