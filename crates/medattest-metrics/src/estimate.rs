//! What every engine answers with.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A figure with its uncertainty and denominator, or the reason why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Rows in the denominator (for figures of scores: rows with a score).
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
    /// Largest absolute error that putting scores on a grid can have caused in `value`, for calibration intercept and
    /// slope to first order; 0 where nothing was rounded.
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
    /// Fewer positive labels than declared.
    FewerEventsThan(u64),
    /// Fewer negative labels than declared.
    FewerNonEventsThan(u64),
    /// Fewer patients or other clusters than declared, however many rows they have.
    FewerClustersThan(u64),
    /// The scores of the group sum to zero, so no event was expected.
    NothingExpected,
    /// Fewer than two groups have an estimate, so there is nothing to compare.
    FewerThanTwoGroups,
    /// The denominator of a ratio is zero.
    ZeroDenominator,
    /// One of the two groups has no estimate.
    OneSideMissing,
    /// All values are alike, so there is nothing to divide by.
    NoSpread,
    /// The likelihood has no finite maximum: scores separate the labels.
    NotConverged,
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
            Self::FewerEventsThan(smallest) => write!(f, "under {smallest} positive labels"),
            Self::FewerNonEventsThan(smallest) => write!(f, "under {smallest} negative labels"),
            Self::FewerClustersThan(smallest) => write!(f, "under {smallest} patients"),
            Self::NothingExpected => f.write_str("scores sum to zero"),
            Self::FewerThanTwoGroups => f.write_str("fewer than two groups can be compared"),
            Self::ZeroDenominator => f.write_str("the denominator of the ratio is zero"),
            Self::OneSideMissing => f.write_str("one of the two groups has no estimate"),
            Self::NoSpread => f.write_str("all values are alike"),
            Self::NotConverged => f.write_str("scores separate the labels"),
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

impl Figure {
    /// A figure without error from a grid.
    pub(crate) fn exact(
        value: f64,
        (low, high): (f64, f64),
        level: f64,
        method: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { value, low, high, level, method: method.into(), error_bound: 0.0 }
    }
}
