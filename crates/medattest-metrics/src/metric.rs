//! What is measured of every group: name, formula, range, and how the same name differs elsewhere.

use serde::{Deserialize, Serialize};

use crate::confusion::Confusion;
use crate::estimate::NotEstimable;

/// What a figure needs to be known of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Needs {
    /// A label of 0 or 1.
    Label,
    /// A label and a decision of 0 or 1.
    Decision,
    /// A label and a score of any kind.
    Score,
    /// A label and a score that is a probability.
    Probability,
    /// A label and a probability with a decision, whose threshold is known.
    Threshold,
    /// A label and a prediction among several classes.
    Class,
    /// A label and a prediction that are numbers.
    Number,
}

/// A figure measured for every group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the definition of each says what it is")]
pub enum Metric {
    Prevalence,
    MissingLabelRate,
    SelectionRate,
    Tpr,
    Fnr,
    Fpr,
    Tnr,
    Ppv,
    Fdr,
    Npv,
    For,
    Accuracy,
    ErrorRate,
    BalancedAccuracy,
    F1,
    FlaggedShare,
    Auroc,
    MeanScore,
    GeneralizedTpr,
    GeneralizedFnr,
    GeneralizedFpr,
    GeneralizedTnr,
    Brier,
    LogLoss,
    ObservedExpected,
    CalibrationIntercept,
    CalibrationSlope,
    Ece,
    NetBenefit,
    MacroRecall,
    MacroPrecision,
    MacroF1,
    MeanOutcome,
    MeanPrediction,
    MeanError,
    Mae,
    Mse,
    Rmse,
    R2,
    Correlation,
    SuccessRate,
    JainIndex,
}

impl Metric {
    /// Every metric, in the order reports list them.
    pub const ALL: [Self; 42] = [
        Self::Prevalence,
        Self::MissingLabelRate,
        Self::SelectionRate,
        Self::Tpr,
        Self::Fnr,
        Self::Fpr,
        Self::Tnr,
        Self::Ppv,
        Self::Fdr,
        Self::Npv,
        Self::For,
        Self::Accuracy,
        Self::ErrorRate,
        Self::BalancedAccuracy,
        Self::F1,
        Self::FlaggedShare,
        Self::Auroc,
        Self::MeanScore,
        Self::GeneralizedTpr,
        Self::GeneralizedFnr,
        Self::GeneralizedFpr,
        Self::GeneralizedTnr,
        Self::Brier,
        Self::LogLoss,
        Self::ObservedExpected,
        Self::CalibrationIntercept,
        Self::CalibrationSlope,
        Self::Ece,
        Self::NetBenefit,
        Self::MacroRecall,
        Self::MacroPrecision,
        Self::MacroF1,
        Self::MeanOutcome,
        Self::MeanPrediction,
        Self::MeanError,
        Self::Mae,
        Self::Mse,
        Self::Rmse,
        Self::R2,
        Self::Correlation,
        Self::SuccessRate,
        Self::JainIndex,
    ];

    /// The permanent kebab-case id.
    pub fn id(self) -> &'static str {
        self.definition().id
    }

    /// The name a clinician reads.
    pub fn title(self) -> &'static str {
        self.definition().title
    }

    /// The metric of this id.
    pub fn of_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.id() == id)
    }

    /// What it needs to be known of a row.
    pub fn needs(self) -> Needs {
        match self {
            Self::Prevalence | Self::MissingLabelRate => Needs::Label,
            Self::SelectionRate
            | Self::Tpr
            | Self::Fnr
            | Self::Fpr
            | Self::Tnr
            | Self::Ppv
            | Self::Fdr
            | Self::Npv
            | Self::For
            | Self::Accuracy
            | Self::ErrorRate
            | Self::BalancedAccuracy
            | Self::F1
            | Self::FlaggedShare => Needs::Decision,
            Self::Auroc => Needs::Score,
            Self::MeanScore
            | Self::GeneralizedTpr
            | Self::GeneralizedFnr
            | Self::GeneralizedFpr
            | Self::GeneralizedTnr
            | Self::Brier
            | Self::LogLoss
            | Self::ObservedExpected
            | Self::CalibrationIntercept
            | Self::CalibrationSlope
            | Self::Ece => Needs::Probability,
            Self::NetBenefit => Needs::Threshold,
            Self::MacroRecall | Self::MacroPrecision | Self::MacroF1 => Needs::Class,
            Self::MeanOutcome
            | Self::MeanPrediction
            | Self::MeanError
            | Self::Mae
            | Self::Mse
            | Self::Rmse
            | Self::R2
            | Self::Correlation
            | Self::SuccessRate
            | Self::JainIndex => Needs::Number,
        }
    }

    /// Whether a ratio of two groups has a meaning: the figure has a natural zero and is never below it.
    pub fn has_ratio(self) -> bool {
        self.definition().range.0 >= 0.0
    }

    /// Whether it is one of the figures that a reader looks for first; the others restate or complement them.
    pub fn is_headline(self) -> bool {
        !matches!(
            self,
            Self::Fnr
                | Self::Tnr
                | Self::Fdr
                | Self::For
                | Self::ErrorRate
                | Self::BalancedAccuracy
                | Self::FlaggedShare
                | Self::MeanScore
                | Self::GeneralizedTpr
                | Self::GeneralizedFnr
                | Self::GeneralizedFpr
                | Self::GeneralizedTnr
                | Self::LogLoss
                | Self::Mse
                | Self::SuccessRate
                | Self::JainIndex
        )
    }

    /// Whether it is one of the figures whose group differences are tested. Complements and restatements of these are
    /// not, so that the family of tests does not count the same question twice.
    pub fn is_tested(self) -> bool {
        matches!(
            self,
            Self::Prevalence
                | Self::SelectionRate
                | Self::Tpr
                | Self::Fpr
                | Self::Ppv
                | Self::Npv
                | Self::Auroc
                | Self::ObservedExpected
                | Self::MeanError
                | Self::Mae
        )
    }

    /// Numerator and denominator of a share of rows, and what an empty denominator means; `None` for figures that are
    /// not a share of the rows of one group.
    pub fn share<N>(self, c: &Confusion<N>) -> Option<(N, N, NotEstimable)>
    where
        N: Copy + std::ops::Add<Output = N>,
    {
        Some(match self {
            Self::Prevalence => (c.positives(), c.n(), NotEstimable::NoRows),
            Self::MissingLabelRate => (c.unlabelled, c.n() + c.unlabelled, NotEstimable::NoRows),
            Self::SelectionRate => (c.flagged(), c.n(), NotEstimable::NoRows),
            Self::Tpr => (c.tp, c.positives(), NotEstimable::NoPositives),
            Self::Fnr => (c.fn_, c.positives(), NotEstimable::NoPositives),
            Self::Fpr => (c.fp, c.negatives(), NotEstimable::NoNegatives),
            Self::Tnr => (c.tn, c.negatives(), NotEstimable::NoNegatives),
            Self::Ppv => (c.tp, c.flagged(), NotEstimable::NoPredictedPositives),
            Self::Fdr => (c.fp, c.flagged(), NotEstimable::NoPredictedPositives),
            Self::Npv => (c.tn, c.unflagged(), NotEstimable::NoPredictedNegatives),
            Self::For => (c.fn_, c.unflagged(), NotEstimable::NoPredictedNegatives),
            Self::Accuracy => (c.tp + c.tn, c.n(), NotEstimable::NoRows),
            Self::ErrorRate => (c.fp + c.fn_, c.n(), NotEstimable::NoRows),
            _ => return None,
        })
    }

    /// Whether it is computed from the two-by-two table alone.
    pub fn is_count(self) -> bool {
        matches!(self.needs(), Needs::Label | Needs::Decision)
    }

    /// The value for a table of counts, weights or draws; `all` is the table of everyone.
    pub fn of_counts(self, c: &Confusion<f64>, all: &Confusion<f64>) -> Option<f64> {
        let divide = |k: f64, n: f64| (n > 0.0).then(|| k / n);
        match self {
            Self::BalancedAccuracy => Some((divide(c.tp, c.positives())? + divide(c.tn, c.negatives())?) / 2.0),
            Self::F1 => divide(2.0 * c.tp, 2.0 * c.tp + c.fp + c.fn_),
            Self::FlaggedShare => divide(c.flagged(), all.flagged()),
            _ => {
                let (k, n, _) = self.share(c)?;
                divide(k, n)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_lead_back() {
        let mut ids: Vec<&str> = Metric::ALL.into_iter().map(Metric::id).collect();
        for metric in Metric::ALL {
            assert_eq!(Metric::of_id(metric.id()), Some(metric));
        }
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), Metric::ALL.len());
    }
}
