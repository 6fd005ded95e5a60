//! The figures of one group: name, formula, range, and how the same name differs elsewhere.

use crate::definition::{Definition, Peer};
use crate::metric::Metric;

const FAIRLEARN: &str = "Fairlearn";
const AIF360: &str = "AIF360";
const AEQUITAS: &str = "Aequitas";
const HOLISTIC: &str = "HolisticAI";
const SKLEARN: &str = "scikit-learn";
const ZERO: &str = "0 where the denominator is empty; here not estimable";
const NAN: &str = "NaN where the denominator is empty; here not estimable";

impl Metric {
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
}
