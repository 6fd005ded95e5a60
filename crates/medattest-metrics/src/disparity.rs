//! Comparisons of groups.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::confusion::Confusion;
use crate::estimate::{Estimate, Figure, NotEstimable};
use crate::metric::Metric;

/// A comparison over all groups of an attribute that have an estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disparity {
    /// Largest minus smallest selection rate, 0 to 1, parity 0. Fairlearn's `demographic_parity_difference`.
    DemographicParityDifference,
    /// Smallest over largest selection rate, 0 to 1, parity 1.
    DemographicParityRatio,
    /// Largest minus smallest true positive rate, parity 0 (Hardt, Price, Srebro 2016, equality of opportunity).
    EqualOpportunityDifference,
    /// Smallest over largest true positive rate, parity 1.
    EqualOpportunityRatio,
    /// The larger of the true and false positive rate differences, parity 0.
    EqualizedOddsDifference,
    /// The smaller of the true and false positive rate ratios, parity 1.
    EqualizedOddsRatio,
}

impl Disparity {
    /// Every comparison, in the order reports list them.
    pub const ALL: [Self; 6] = [
        Self::DemographicParityDifference,
        Self::DemographicParityRatio,
        Self::EqualOpportunityDifference,
        Self::EqualOpportunityRatio,
        Self::EqualizedOddsDifference,
        Self::EqualizedOddsRatio,
    ];

    /// The permanent kebab-case id.
    pub fn id(self) -> &'static str {
        match self {
            Self::DemographicParityDifference => "demographic-parity-difference",
            Self::DemographicParityRatio => "demographic-parity-ratio",
            Self::EqualOpportunityDifference => "equal-opportunity-difference",
            Self::EqualOpportunityRatio => "equal-opportunity-ratio",
            Self::EqualizedOddsDifference => "equalized-odds-difference",
            Self::EqualizedOddsRatio => "equalized-odds-ratio",
        }
    }

    /// The name a reader sees.
    pub fn title(self) -> &'static str {
        match self {
            Self::DemographicParityDifference => "Demographic parity difference",
            Self::DemographicParityRatio => "Demographic parity ratio",
            Self::EqualOpportunityDifference => "Equal opportunity difference",
            Self::EqualOpportunityRatio => "Equal opportunity ratio",
            Self::EqualizedOddsDifference => "Equalized odds difference",
            Self::EqualizedOddsRatio => "Equalized odds ratio",
        }
    }

    /// Whether parity is 1 (a ratio) rather than 0 (a difference).
    pub fn is_ratio(self) -> bool {
        matches!(self, Self::DemographicParityRatio | Self::EqualOpportunityRatio | Self::EqualizedOddsRatio)
    }

    /// The rates that are compared.
    pub fn rates(self) -> &'static [Metric] {
        match self {
            Self::DemographicParityDifference | Self::DemographicParityRatio => &[Metric::SelectionRate],
            Self::EqualOpportunityDifference | Self::EqualOpportunityRatio => &[Metric::Tpr],
            Self::EqualizedOddsDifference | Self::EqualizedOddsRatio => &[Metric::Tpr, Metric::Fpr],
        }
    }

    /// The comparison for tables of counts, over the groups of each rate that `included` names; `None` where fewer
    /// than two groups can be compared or a ratio has a zero denominator.
    pub(crate) fn value(self, tables: &[Confusion], included: &dyn Fn(Metric, usize) -> bool) -> Option<f64> {
        let mut worst: Option<f64> = None;
        for &rate in self.rates() {
            let (mut least, mut most, mut groups) = (f64::INFINITY, f64::NEG_INFINITY, 0);
            for (at, table) in tables.iter().enumerate() {
                if let Some((k, n, _)) = rate.ratio(table)
                    && n > 0
                    && included(rate, at)
                {
                    let value = k as f64 / n as f64;
                    least = least.min(value);
                    most = most.max(value);
                    groups += 1;
                }
            }
            if groups < 2 {
                return None;
            }
            let value = if !self.is_ratio() {
                most - least
            } else if most > 0.0 {
                least / most
            } else {
                return None;
            };
            worst = Some(match worst {
                None => value,
                Some(other) if self.is_ratio() => value.min(other),
                Some(other) => value.max(other),
            });
        }
        worst
    }
}

/// A group that could not take part in a comparison, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Index of the group in the attribute.
    pub group: usize,
    /// The rate that has no estimate.
    pub rate: Metric,
    /// Why.
    pub because: NotEstimable,
    /// The denominator of the rate.
    pub n: u64,
}

/// A comparison with its interval and whom it leaves out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DisparityEstimate {
    /// Which comparison.
    pub disparity: Disparity,
    /// The estimate; `n` counts the rows of the groups compared.
    pub estimate: Estimate,
    /// Groups compared (for equalized odds, those with both rates).
    pub groups: usize,
    /// Groups without an estimate.
    pub left_out: Vec<LeftOut>,
}

/// Who takes part in a comparison, decided once from the observed table.
pub(crate) struct Comparison<'a> {
    tables: &'a [Confusion],
    smallest: u64,
}

impl<'a> Comparison<'a> {
    pub(crate) fn new(tables: &'a [Confusion], smallest: u64) -> Self {
        Self { tables, smallest }
    }

    pub(crate) fn includes(&self, rate: Metric, group: usize) -> bool {
        self.exclusion(rate, group).is_none()
    }

    fn exclusion(&self, rate: Metric, group: usize) -> Option<(NotEstimable, u64)> {
        let (_, n, empty) = rate.ratio(self.tables.get(group)?)?;
        match n {
            0 => Some((empty, 0)),
            n if n < self.smallest => Some((NotEstimable::FewerThan(self.smallest), n)),
            _ => None,
        }
    }

    /// The estimate, given the interval that resampling found.
    pub(crate) fn estimate(
        &self,
        disparity: Disparity,
        interval: Option<(f64, f64)>,
        level: f64,
        method: &str,
    ) -> DisparityEstimate {
        let left_out: Vec<LeftOut> = (0..self.tables.len())
            .flat_map(|group| disparity.rates().iter().map(move |&rate| (group, rate)))
            .filter_map(|(group, rate)| {
                let (because, n) = self.exclusion(rate, group)?;
                Some(LeftOut { group, rate, because, n })
            })
            .collect();
        let inside: Vec<&Confusion> = (0..self.tables.len())
            .filter(|&g| disparity.rates().iter().all(|&rate| self.includes(rate, g)))
            .filter_map(|g| self.tables.get(g))
            .collect();
        let n = inside.iter().map(|t| t.n()).sum();
        let events = inside.iter().map(|t| t.positives()).sum();
        let value = disparity.value(self.tables, &|rate, group| self.includes(rate, group));
        let figure = match (value, interval) {
            (Some(value), Some((low, high))) => {
                Ok(Figure { value, low, high, level, method: Cow::Owned(method.to_owned()), error_bound: 0.0 })
            }
            _ if inside.len() < 2 => Err(NotEstimable::FewerThanTwoGroups),
            _ => Err(NotEstimable::ZeroDenominator),
        };
        DisparityEstimate { disparity, estimate: Estimate { n, events, figure }, groups: inside.len(), left_out }
    }
}
