//! What a fact may hold.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;
use medattest_metrics::Figure;
use serde::{Deserialize, Serialize};

/// The value of a fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A day.
    Date(Date),
    /// Text, or one of the values a choice allows.
    Text(String),
    /// Several values.
    List(Vec<Value>),
    /// A measured figure with its interval and denominator.
    Estimate {
        /// Rows in the denominator.
        n: u64,
        /// Rows in the numerator.
        events: u64,
        /// The figure.
        figure: Figure,
    },
    /// Named fields.
    Record(BTreeMap<String, Value>),
}

impl Value {
    /// The value as CEL sees it. Dates are ISO 8601 text, which orders as dates do.
    pub(crate) fn to_cel(&self) -> cel::Value {
        match self {
            Self::Bool(b) => (*b).into(),
            Self::Integer(i) => (*i).into(),
            Self::Number(x) => (*x).into(),
            Self::Date(date) => date.to_string().into(),
            Self::Text(text) => text.as_str().into(),
            Self::List(items) => items.iter().map(Self::to_cel).collect::<Vec<_>>().into(),
            Self::Estimate { n, events, figure } => cel_map([
                ("value".to_owned(), figure.value.into()),
                ("low".to_owned(), figure.low.into()),
                ("high".to_owned(), figure.high.into()),
                ("n".to_owned(), i64::try_from(*n).unwrap_or(i64::MAX).into()),
                ("events".to_owned(), i64::try_from(*events).unwrap_or(i64::MAX).into()),
            ]),
            Self::Record(fields) => cel_map(fields.iter().map(|(k, v)| (k.replace('-', "_"), v.to_cel()))),
        }
    }
}

/// Whether a count is one that must not be shown: above nobody, below `smallest`.
pub(crate) fn is_small_cell(count: u64, smallest: u64) -> bool {
    (1..smallest).contains(&count)
}

/// A CEL map with text keys.
pub(crate) fn cel_map(entries: impl IntoIterator<Item = (String, cel::Value)>) -> cel::Value {
    let map: std::collections::HashMap<String, cel::Value> = entries.into_iter().collect();
    map.into()
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(true) => f.write_str("yes"),
            Self::Bool(false) => f.write_str("no"),
            Self::Integer(i) => write!(f, "{i}"),
            Self::Number(x) => f.write_str(&figure(*x)),
            Self::Date(date) => write!(f, "{date}"),
            Self::Text(text) => f.write_str(text),
            Self::List(items) if items.is_empty() => f.write_str("none"),
            Self::List(items) => {
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{item}")?;
                }
                Ok(())
            }
            Self::Estimate { n, figure: x, .. } => {
                write!(f, "{} [{}, {}], n = {n}", figure(x.value), figure(x.low), figure(x.high))
            }
            Self::Record(fields) => {
                let rest: Vec<String> = fields
                    .iter()
                    .filter(|(key, _)| *key != "name")
                    .map(|(key, value)| format!("{key}: {value}"))
                    .collect();
                match fields.get("name") {
                    Some(name) => write!(f, "{name} ({})", rest.join("; ")),
                    None => write!(f, "({})", rest.join("; ")),
                }
            }
        }
    }
}

fn figure(x: f64) -> String {
    if x != 0.0 && x.abs() < 0.001 { format!("{x:.2e}") } else { format!("{x:.3}") }
}
