//! The names of what is measured per group.

use serde::{Deserialize, Serialize};

use crate::confusion::Confusion;
use crate::estimate::NotEstimable;

/// A figure measured for every group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Share of rows with a positive label: (TP+FN)/n.
    Prevalence,
    /// Share of rows that were flagged: (TP+FP)/n. Parity when equal across groups (demographic parity).
    SelectionRate,
    /// Sensitivity, recall: TP/(TP+FN).
    Tpr,
    /// False positive rate: FP/(FP+TN).
    Fpr,
    /// Positive predictive value, precision: TP/(TP+FP).
    Ppv,
    /// Negative predictive value: TN/(TN+FN).
    Npv,
    /// Share of rows predicted rightly: (TP+TN)/n.
    Accuracy,
    /// Area under the ROC curve (Mann-Whitney), ties count one half.
    Auroc,
    /// Mean squared difference of score and label (Brier 1950).
    Brier,
    /// Observed events over expected events, the sum of scores. 1 is calibrated in the large.
    ObservedExpected,
}

impl Metric {
    /// Every metric, in the order reports list them.
    pub const ALL: [Self; 10] = [
        Self::Prevalence,
        Self::SelectionRate,
        Self::Tpr,
        Self::Fpr,
        Self::Ppv,
        Self::Npv,
        Self::Accuracy,
        Self::Auroc,
        Self::Brier,
        Self::ObservedExpected,
    ];

    /// The permanent kebab-case id.
    pub fn id(self) -> &'static str {
        match self {
            Self::Prevalence => "prevalence",
            Self::SelectionRate => "selection-rate",
            Self::Tpr => "tpr",
            Self::Fpr => "fpr",
            Self::Ppv => "ppv",
            Self::Npv => "npv",
            Self::Accuracy => "accuracy",
            Self::Auroc => "auroc",
            Self::Brier => "brier",
            Self::ObservedExpected => "observed-expected",
        }
    }

    /// The name a clinician reads.
    pub fn title(self) -> &'static str {
        match self {
            Self::Prevalence => "Prevalence",
            Self::SelectionRate => "Selection rate",
            Self::Tpr => "Sensitivity (TPR)",
            Self::Fpr => "False positive rate",
            Self::Ppv => "PPV",
            Self::Npv => "NPV",
            Self::Accuracy => "Accuracy",
            Self::Auroc => "AUROC",
            Self::Brier => "Brier score",
            Self::ObservedExpected => "Observed : expected",
        }
    }

    /// Numerator and denominator, and what an empty denominator means; `None` for figures that need scores.
    pub fn ratio(self, c: &Confusion) -> Option<(u64, u64, NotEstimable)> {
        Some(match self {
            Self::Prevalence => (c.positives(), c.n(), NotEstimable::NoRows),
            Self::SelectionRate => (c.flagged(), c.n(), NotEstimable::NoRows),
            Self::Tpr => (c.tp, c.positives(), NotEstimable::NoPositives),
            Self::Fpr => (c.fp, c.fp + c.tn, NotEstimable::NoNegatives),
            Self::Ppv => (c.tp, c.flagged(), NotEstimable::NoPredictedPositives),
            Self::Npv => (c.tn, c.tn + c.fn_, NotEstimable::NoPredictedNegatives),
            Self::Accuracy => (c.tp + c.tn, c.n(), NotEstimable::NoRows),
            Self::Auroc | Self::Brier | Self::ObservedExpected => return None,
        })
    }
}
