//! What is measured of every group: name, formula, range, and how the same name differs elsewhere.

use serde::{Deserialize, Serialize};

use crate::confusion::Confusion;
use crate::definition::{Definition, Peer};
use crate::estimate::NotEstimable;

const FAIRLEARN: &str = "Fairlearn";
const AIF360: &str = "AIF360";
const AEQUITAS: &str = "Aequitas";
const HOLISTIC: &str = "HolisticAI";
const SKLEARN: &str = "scikit-learn";
const ZERO: &str = "0 where the denominator is empty; here not estimable";
const NAN: &str = "NaN where the denominator is empty; here not estimable";

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

    /// What is to be known of it.
    #[allow(clippy::too_many_lines, reason = "a table")]
    pub fn definition(self) -> Definition {
        let share = |id, title, short, formula, peers| Definition {
            id,
            title,
            short,
            formula,
            range: (0.0, 1.0),
            parity: None,
            peers,
        };
        let number = |id, title, short, formula, range, parity, peers| Definition {
            id,
            title,
            short,
            formula,
            range,
            parity,
            peers,
        };
        const INF: f64 = f64::INFINITY;
        match self {
            Self::Prevalence => share(
                "prevalence",
                "Prevalence",
                "Prevalence",
                "(TP+FN)/n",
                &[Peer(AIF360, "base_rate", ""), Peer(AEQUITAS, "prev", "")],
            ),
            Self::MissingLabelRate => share(
                "missing-label-rate",
                "Rows without a label",
                "No label",
                "rows without a label / (n + rows without a label)",
                &[],
            ),
            Self::SelectionRate => share(
                "selection-rate",
                "Selection rate",
                "Selected",
                "(TP+FP)/n",
                &[
                    Peer(FAIRLEARN, "selection_rate", ""),
                    Peer(AIF360, "selection_rate", ""),
                    Peer(AEQUITAS, "pprev", "their ppr is the share of all flagged, here flagged-share"),
                    Peer(HOLISTIC, "success_rate", ""),
                ],
            ),
            Self::Tpr => share(
                "tpr",
                "Sensitivity (TPR)",
                "TPR",
                "TP/(TP+FN)",
                &[
                    Peer(FAIRLEARN, "true_positive_rate", ZERO),
                    Peer(AIF360, "true_positive_rate", NAN),
                    Peer(AEQUITAS, "tpr", ""),
                    Peer(HOLISTIC, "confusion matrix", ZERO),
                    Peer(SKLEARN, "recall_score", ZERO),
                ],
            ),
            Self::Fnr => share(
                "fnr",
                "False negative rate",
                "FNR",
                "FN/(TP+FN) = 1 - TPR",
                &[
                    Peer(FAIRLEARN, "false_negative_rate", ZERO),
                    Peer(AIF360, "false_negative_rate", NAN),
                    Peer(AEQUITAS, "fnr", ""),
                    Peer(
                        HOLISTIC,
                        "false_negative_rate_diff",
                        "0 beside a TPR of 0 where nobody is positive; here neither",
                    ),
                ],
            ),
            Self::Fpr => share(
                "fpr",
                "False positive rate",
                "FPR",
                "FP/(FP+TN)",
                &[
                    Peer(FAIRLEARN, "false_positive_rate", ZERO),
                    Peer(AIF360, "false_positive_rate", NAN),
                    Peer(AEQUITAS, "fpr", ""),
                    Peer(HOLISTIC, "false_positive_rate_diff", ZERO),
                ],
            ),
            Self::Tnr => share(
                "tnr",
                "Specificity (TNR)",
                "TNR",
                "TN/(FP+TN) = 1 - FPR",
                &[
                    Peer(FAIRLEARN, "true_negative_rate", ZERO),
                    Peer(AIF360, "true_negative_rate", NAN),
                    Peer(AEQUITAS, "tnr", ""),
                    Peer(HOLISTIC, "true_negative_rate_diff", ZERO),
                ],
            ),
            Self::Ppv => share(
                "ppv",
                "PPV",
                "PPV",
                "TP/(TP+FP)",
                &[
                    Peer(AIF360, "positive_predictive_value", NAN),
                    Peer(AEQUITAS, "precision", ""),
                    Peer(SKLEARN, "precision_score", ZERO),
                ],
            ),
            Self::Fdr => share(
                "fdr",
                "False discovery rate",
                "FDR",
                "FP/(TP+FP) = 1 - PPV",
                &[Peer(AIF360, "false_discovery_rate", NAN), Peer(AEQUITAS, "fdr", "")],
            ),
            Self::Npv => share(
                "npv",
                "NPV",
                "NPV",
                "TN/(TN+FN)",
                &[Peer(AIF360, "negative_predictive_value", NAN), Peer(AEQUITAS, "npv", "")],
            ),
            Self::For => share(
                "for",
                "False omission rate",
                "FOR",
                "FN/(TN+FN) = 1 - NPV",
                &[Peer(AIF360, "false_omission_rate", NAN), Peer(AEQUITAS, "for", "")],
            ),
            Self::Accuracy => share(
                "accuracy",
                "Accuracy",
                "Accuracy",
                "rows predicted rightly / n",
                &[
                    Peer(FAIRLEARN, "accuracy_score", ""),
                    Peer(AIF360, "accuracy", ""),
                    Peer(AEQUITAS, "accuracy", ""),
                    Peer(HOLISTIC, "accuracy_diff", ""),
                ],
            ),
            Self::ErrorRate => share(
                "error-rate",
                "Error rate",
                "Error",
                "rows predicted wrongly / n = 1 - accuracy",
                &[Peer(FAIRLEARN, "zero_one_loss", ""), Peer(AIF360, "error_rate", "")],
            ),
            Self::BalancedAccuracy => share(
                "balanced-accuracy",
                "Balanced accuracy",
                "Balanced",
                "(TPR + TNR)/2",
                &[Peer(FAIRLEARN, "balanced_accuracy_score", "scikit-learn's averages over the classes present")],
            ),
            Self::F1 => share("f1", "F1 score", "F1", "2TP/(2TP+FP+FN)", &[Peer(FAIRLEARN, "f1_score", ZERO)]),
            Self::FlaggedShare => share(
                "flagged-share",
                "Share of all flagged",
                "Of flagged",
                "(TP+FP) of the group / (TP+FP) of everyone",
                &[Peer(
                    AEQUITAS,
                    "ppr",
                    "there the basis of Statistical Parity, which grows with the size of the group",
                )],
            ),
            Self::Auroc => share(
                "auroc",
                "AUROC",
                "AUROC",
                "share of positive-negative pairs that the score orders rightly, ties one half",
                &[
                    Peer(FAIRLEARN, "roc_auc_score", ""),
                    Peer(
                        HOLISTIC,
                        "abroca",
                        "theirs is AUROC(a) - AUROC(b); the area between the curves is here `abroca`",
                    ),
                ],
            ),
            Self::MeanScore => share(
                "mean-score",
                "Mean score",
                "Mean score",
                "sum of scores / n",
                &[Peer(FAIRLEARN, "mean_prediction", "")],
            ),
            Self::GeneralizedTpr => share(
                "generalized-tpr",
                "Mean score of positives",
                "Gen. TPR",
                "sum of scores of positives / positives",
                &[Peer(AIF360, "generalized_true_positive_rate", NAN)],
            ),
            Self::GeneralizedFnr => share(
                "generalized-fnr",
                "Mean shortfall of positives",
                "Gen. FNR",
                "1 - mean score of positives",
                &[Peer(AIF360, "generalized_false_negative_rate", NAN)],
            ),
            Self::GeneralizedFpr => share(
                "generalized-fpr",
                "Mean score of negatives",
                "Gen. FPR",
                "sum of scores of negatives / negatives",
                &[Peer(AIF360, "generalized_false_positive_rate", NAN)],
            ),
            Self::GeneralizedTnr => share(
                "generalized-tnr",
                "Mean shortfall of negatives",
                "Gen. TNR",
                "1 - mean score of negatives",
                &[Peer(AIF360, "generalized_true_negative_rate", NAN)],
            ),
            Self::Brier => number(
                "brier",
                "Brier score",
                "Brier",
                "mean of (score - label)^2 (Brier 1950)",
                (0.0, 1.0),
                Some(0.0),
                &[Peer(SKLEARN, "brier_score_loss", "")],
            ),
            Self::LogLoss => number(
                "log-loss",
                "Log loss",
                "Log loss",
                "mean of -log of the probability given to the label, scores kept within 1e-6 of 0 and 1",
                (0.0, INF),
                Some(0.0),
                &[Peer(FAIRLEARN, "log_loss", "scikit-learn keeps scores within the smallest step of a float")],
            ),
            Self::ObservedExpected => number(
                "observed-expected",
                "Observed : expected",
                "O:E",
                "positive labels / sum of scores",
                (0.0, INF),
                Some(1.0),
                &[],
            ),
            Self::CalibrationIntercept => number(
                "calibration-intercept",
                "Calibration in the large",
                "Intercept",
                "a of logit P(label) = a + logit(score), slope held at 1 (Cox 1958)",
                (-INF, INF),
                Some(0.0),
                &[],
            ),
            Self::CalibrationSlope => number(
                "calibration-slope",
                "Calibration slope",
                "Slope",
                "b of logit P(label) = a + b logit(score) (Cox 1958)",
                (-INF, INF),
                Some(1.0),
                &[],
            ),
            Self::Ece => number(
                "ece",
                "Expected calibration error",
                "ECE",
                "mean over rows of |observed rate - mean score| of their bin, ten bins of equal width",
                (0.0, 1.0),
                Some(0.0),
                &[],
            ),
            Self::NetBenefit => number(
                "net-benefit",
                "Net benefit",
                "Net benefit",
                "TP/n - FP/n * t/(1-t) at the threshold t in use (Vickers & Elkin 2006)",
                (-INF, 1.0),
                None,
                &[Peer("dcurves", "net_benefit", "")],
            ),
            Self::MacroRecall => share(
                "macro-recall",
                "Mean recall over classes",
                "Recall",
                "mean over classes present of their recall",
                &[Peer(SKLEARN, "balanced_accuracy_score", "")],
            ),
            Self::MacroPrecision => share(
                "macro-precision",
                "Mean precision over classes",
                "Precision",
                "mean over classes of their precision, 0 for a class present and never predicted",
                &[Peer(SKLEARN, "precision_score(average='macro')", "")],
            ),
            Self::MacroF1 => share(
                "macro-f1",
                "Mean F1 over classes",
                "Macro F1",
                "mean over classes of 2TP/(2TP+FP+FN)",
                &[Peer(SKLEARN, "f1_score(average='macro')", "")],
            ),
            Self::MeanOutcome => {
                number("mean-outcome", "Mean outcome", "Outcome", "sum of outcomes / n", (-INF, INF), None, &[])
            }
            Self::MeanPrediction => number(
                "mean-prediction",
                "Mean prediction",
                "Predicted",
                "sum of predictions / n",
                (-INF, INF),
                None,
                &[Peer(FAIRLEARN, "mean_prediction", ""), Peer(HOLISTIC, "avg_score_diff", "")],
            ),
            Self::MeanError => number(
                "mean-error",
                "Mean error",
                "Mean error",
                "sum of (prediction - outcome) / n",
                (-INF, INF),
                Some(0.0),
                &[],
            ),
            Self::Mae => number(
                "mae",
                "Mean absolute error",
                "MAE",
                "sum of |prediction - outcome| / n",
                (0.0, INF),
                Some(0.0),
                &[Peer(FAIRLEARN, "mean_absolute_error", ""), Peer(HOLISTIC, "mae_ratio", "")],
            ),
            Self::Mse => number(
                "mse",
                "Mean squared error",
                "MSE",
                "sum of (prediction - outcome)^2 / n",
                (0.0, INF),
                Some(0.0),
                &[Peer(FAIRLEARN, "mean_squared_error", "")],
            ),
            Self::Rmse => number(
                "rmse",
                "Root mean squared error",
                "RMSE",
                "square root of MSE",
                (0.0, INF),
                Some(0.0),
                &[Peer(HOLISTIC, "rmse_ratio", "")],
            ),
            Self::R2 => number(
                "r2",
                "R squared",
                "R²",
                "1 - MSE / variance of the outcome",
                (-INF, 1.0),
                Some(1.0),
                &[Peer(FAIRLEARN, "r2_score", "")],
            ),
            Self::Correlation => number(
                "correlation",
                "Correlation",
                "Corr.",
                "Pearson's r of outcome and prediction",
                (-1.0, 1.0),
                Some(1.0),
                &[Peer(HOLISTIC, "correlation_diff", "")],
            ),
            Self::SuccessRate => share(
                "success-rate",
                "Share of high predictions",
                "High",
                "share of rows with a prediction over the declared threshold, or over everyone's median",
                &[Peer(HOLISTIC, "success_rate_regression", "the threshold is theirs to name")],
            ),
            Self::JainIndex => share(
                "jain-index",
                "Jain's index of absolute errors",
                "Jain",
                "(sum of |e|)^2 / (n sum of e^2), e = prediction - outcome; 1 when all rows err alike",
                &[Peer(HOLISTIC, "jain_index", "")],
            ),
        }
    }

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
