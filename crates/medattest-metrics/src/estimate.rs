//! What every engine answers with.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A figure with its uncertainty and denominator, or the reason why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Rows in the denominator (for AUROC, Brier and O:E: rows with a score).
    pub n: u64,
    /// Rows in the numerator (for AUROC and Brier: rows with a positive label; for O:E: observed events).
    pub events: u64,
    /// The figure, or why it cannot be given.
    pub figure: Result<Figure, NotEstimable>,
}

/// A value and what is known of its error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Point estimate, finite.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
    /// Nominal coverage of the interval, for example 0.95.
    pub level: f64,
    /// How the interval was made, by the name statisticians use.
    pub method: Cow<'static, str>,
    /// Largest absolute error that putting scores on a grid can have caused in `value`; 0 where nothing was rounded.
    pub error_bound: f64,
}

/// Why a figure cannot be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotEstimable {
    /// The group is empty.
    NoRows,
    /// Nobody in the group had the outcome.
    NoPositives,
    /// Everybody in the group had the outcome.
    NoNegatives,
    /// The model flagged nobody in the group.
    NoPredictedPositives,
    /// The model flagged everybody in the group.
    NoPredictedNegatives,
    /// The denominator is below the declared smallest cell.
    FewerThan(u64),
    /// No score column was declared, or its values are not probabilities.
    NoScore,
    /// No prediction column was declared.
    NoPrediction,
    /// The scores of the group sum to zero, so no event was expected.
    NothingExpected,
    /// Fewer than two groups have an estimate, so there is nothing to compare.
    FewerThanTwoGroups,
    /// The largest group value is zero, so a ratio has no meaning.
    ZeroDenominator,
}

impl fmt::Display for NotEstimable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRows => f.write_str("no rows"),
            Self::NoPositives => f.write_str("no positive labels"),
            Self::NoNegatives => f.write_str("no negative labels"),
            Self::NoPredictedPositives => f.write_str("nobody was flagged"),
            Self::NoPredictedNegatives => f.write_str("everybody was flagged"),
            Self::FewerThan(smallest) => write!(f, "denominator under {smallest}"),
            Self::NoScore => f.write_str("no probability score declared"),
            Self::NoPrediction => f.write_str("no prediction declared"),
            Self::NothingExpected => f.write_str("scores sum to zero"),
            Self::FewerThanTwoGroups => f.write_str("fewer than two groups can be compared"),
            Self::ZeroDenominator => f.write_str("the largest group value is zero"),
        }
    }
}

impl Estimate {
    /// An estimate that could not be made.
    pub fn missing(n: u64, events: u64, because: NotEstimable) -> Self {
        Self { n, events, figure: Err(because) }
    }

    /// The point estimate, where there is one.
    pub fn value(&self) -> Option<f64> {
        self.figure.as_ref().ok().map(|figure| figure.value)
    }
}
