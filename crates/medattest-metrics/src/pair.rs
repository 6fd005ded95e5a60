//! Figures of one group and the reference group together, from tables of counts.

use serde::{Deserialize, Serialize};

use crate::confusion::Confusion;
use crate::definition::{Definition, Peer};
use crate::metric::Metric;

type Mass = Confusion<f64>;

const INF: f64 = f64::INFINITY;
const AIF360: &str = "AIF360";
const HOLISTIC: &str = "HolisticAI";

/// A figure of one group against the reference group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the definition of each says what it is")]
pub enum Pair {
    AverageOddsDifference,
    AverageAbsOddsDifference,
    AveragePredictiveValueDifference,
    EqualizedOddsDifference,
    GeneralizedEqualizedOddsDifference,
    FourFifths,
    CohenD,
    ZTestDifference,
    ZTestRatio,
    ClassImbalance,
    KlDivergence,
    Abroca,
    ScoreDistance,
    DisparateImpactQuantile,
    StatisticalParityQuantile,
    NoDisparateImpactLevel,
    ZScoreDifference,
    StatisticalParityAuc,
    MaxStatisticalParity,
    MulticlassStatisticalParity,
    MulticlassEqualityOfOpportunity,
    MulticlassAverageOdds,
    MulticlassTrueRates,
}

impl Pair {
    /// Every figure, in the order reports list them.
    pub const ALL: [Self; 23] = [
        Self::AverageOddsDifference,
        Self::AverageAbsOddsDifference,
        Self::AveragePredictiveValueDifference,
        Self::EqualizedOddsDifference,
        Self::GeneralizedEqualizedOddsDifference,
        Self::FourFifths,
        Self::CohenD,
        Self::ZTestDifference,
        Self::ZTestRatio,
        Self::ClassImbalance,
        Self::KlDivergence,
        Self::Abroca,
        Self::ScoreDistance,
        Self::DisparateImpactQuantile,
        Self::StatisticalParityQuantile,
        Self::NoDisparateImpactLevel,
        Self::ZScoreDifference,
        Self::StatisticalParityAuc,
        Self::MaxStatisticalParity,
        Self::MulticlassStatisticalParity,
        Self::MulticlassEqualityOfOpportunity,
        Self::MulticlassAverageOdds,
        Self::MulticlassTrueRates,
    ];

    /// What is to be known of it. In formulas `g` is the group and `r` the reference.
    pub fn definition(self) -> Definition {
        let define = |id, title, short, formula, range, parity, peers| Definition {
            id,
            title,
            short,
            formula,
            range,
            parity: Some(parity),
            peers,
        };
        match self {
            Self::AverageOddsDifference => define(
                "average-odds-difference",
                "Average odds difference",
                "Avg odds",
                "((TPR_g - TPR_r) + (FPR_g - FPR_r))/2",
                (-1.0, 1.0),
                0.0,
                &[
                    Peer(AIF360, "average_odds_difference", "signed, so two gaps of opposite sign cancel; as here"),
                    Peer(HOLISTIC, "average_odds_diff", ""),
                ],
            ),
            Self::AverageAbsOddsDifference => define(
                "average-abs-odds-difference",
                "Average absolute odds difference",
                "Avg |odds|",
                "(|TPR_g - TPR_r| + |FPR_g - FPR_r|)/2",
                (0.0, 1.0),
                0.0,
                &[Peer(AIF360, "average_abs_odds_difference", "")],
            ),
            Self::AveragePredictiveValueDifference => define(
                "average-predictive-value-difference",
                "Average predictive value difference",
                "Avg PV",
                "((PPV_g - PPV_r) + (FOR_g - FOR_r))/2",
                (-1.0, 1.0),
                0.0,
                &[Peer(AIF360, "average_predictive_value_difference", "")],
            ),
            Self::EqualizedOddsDifference => define(
                "pair-equalized-odds-difference",
                "Equalized odds difference to the reference",
                "Eq. odds",
                "max(|TPR_g - TPR_r|, |FPR_g - FPR_r|)",
                (0.0, 1.0),
                0.0,
                &[Peer(AIF360, "equalized_odds_difference", "0 where a rate is undefined; here not estimable")],
            ),
            Self::GeneralizedEqualizedOddsDifference => define(
                "generalized-equalized-odds-difference",
                "Generalized equalized odds difference",
                "Gen. odds",
                "max(|mean score of positives_g - _r|, |mean score of negatives_g - _r|)",
                (0.0, 1.0),
                0.0,
                &[Peer(AIF360, "generalized_equalized_odds_difference", "")],
            ),
            Self::FourFifths => define(
                "four-fifths",
                "Smaller over larger selection rate",
                "4/5",
                "min(q, 1/q) with q = selection rate_g / selection rate_r",
                (0.0, 1.0),
                1.0,
                &[
                    Peer(HOLISTIC, "four_fifths", ""),
                    Peer("Aequitas", "Impact Parity", "a pass at tau 0.8, not a figure"),
                ],
            ),
            Self::CohenD => define(
                "cohen-d",
                "Cohen's d of selection",
                "Cohen's d",
                "(s_g - s_r) / sqrt(((n_g-1) s_g(1-s_g) + (n_r-1) s_r(1-s_r))/(n_g+n_r-2)), s the selection rate",
                (-INF, INF),
                0.0,
                &[Peer(HOLISTIC, "cohen_d", "")],
            ),
            Self::ZTestDifference => define(
                "z-test-difference",
                "Z statistic of the selection rate difference",
                "z diff.",
                "(s_g - s_r) / sqrt(s(1-s)(1/n_g + 1/n_r)), s of both groups together",
                (-INF, INF),
                0.0,
                &[Peer(HOLISTIC, "z_test_diff", "")],
            ),
            Self::ZTestRatio => define(
                "z-test-ratio",
                "Z statistic of the selection rate ratio",
                "z ratio",
                "ln(s_g/s_r) / sqrt((1-s)/s (1/n_g + 1/n_r)), s of both groups together",
                (-INF, INF),
                0.0,
                &[Peer(HOLISTIC, "z_test_ratio", "")],
            ),
            Self::ClassImbalance => define(
                "class-imbalance",
                "Class imbalance",
                "Imbalance",
                "(n_g - n_r)/(n_g + n_r)",
                (-1.0, 1.0),
                0.0,
                &[Peer(AIF360, "class_imbalance", "")],
            ),
            Self::KlDivergence => define(
                "kl-divergence",
                "Kullback-Leibler divergence of labels",
                "KL labels",
                "sum over labels of P_r ln(P_r/P_g), in nats",
                (0.0, INF),
                0.0,
                &[Peer(AIF360, "kl_divergence", "")],
            ),
            Self::Abroca => define(
                "abroca",
                "Area between ROC curves",
                "ABROCA",
                "integral of |ROC_g - ROC_r| over the false positive rate (Gardner, Brooks & Baker 2019)",
                (0.0, 1.0),
                0.0,
                &[Peer(HOLISTIC, "abroca", "theirs is AUROC_g - AUROC_r, in which curves that cross cancel")],
            ),
            Self::ScoreDistance => define(
                "score-distance",
                "Earth mover's distance of scores",
                "EMD",
                "area between the distribution functions of the two groups' scores",
                (0.0, INF),
                0.0,
                &[Peer(
                    AIF360,
                    "ot_distance",
                    "theirs is an optimal transport cost between scores and outcomes of each group",
                )],
            ),
            Self::DisparateImpactQuantile => define(
                "disparate-impact-quantile",
                "Ratio of shares in the top fifth of predictions",
                "Top fifth ratio",
                "share_g / share_r of rows with a prediction at or above everyone's 80 % quantile",
                (0.0, INF),
                1.0,
                &[Peer(HOLISTIC, "disparate_impact_regression(q=0.8)", "")],
            ),
            Self::StatisticalParityQuantile => define(
                "statistical-parity-quantile",
                "Difference of shares in the top fifth of predictions",
                "Top fifth diff.",
                "share_g - share_r of rows with a prediction at or above everyone's 80 % quantile",
                (-1.0, 1.0),
                0.0,
                &[Peer(HOLISTIC, "statistical_parity_regression(q=0.8)", "")],
            ),
            Self::NoDisparateImpactLevel => define(
                "no-disparate-impact-level",
                "Highest cut without disparate impact",
                "No impact at",
                "first of 100 falling quantiles of everyone's predictions above which 0.8 < share_g/share_r < 1.2",
                (-INF, INF),
                0.0,
                &[Peer(HOLISTIC, "no_disparate_impact_level", "the band of 0.8 to 1.2 is theirs")],
            ),
            Self::ZScoreDifference => define(
                "z-score-difference",
                "Difference of mean predictions in standard deviations",
                "z-score diff.",
                "(mean_g - mean_r) / sqrt(((n_g-1) v_g + (n_r-1) v_r)/(n_g+n_r-2)), v the variance of predictions",
                (-INF, INF),
                0.0,
                &[Peer(HOLISTIC, "zscore_diff", "")],
            ),
            Self::StatisticalParityAuc => define(
                "statistical-parity-auc",
                "Mean difference of shares over all cuts",
                "Parity AUC",
                "mean over 150 quantiles of everyone's predictions of |share_g - share_r| at or above it",
                (0.0, 1.0),
                0.0,
                &[Peer(HOLISTIC, "statistical_parity_auc", "")],
            ),
            Self::MaxStatisticalParity => define(
                "max-statistical-parity",
                "Largest difference of shares over all cuts",
                "Parity max",
                "largest of the same differences",
                (0.0, 1.0),
                0.0,
                &[Peer(HOLISTIC, "max_statistical_parity", "")],
            ),
            Self::MulticlassStatisticalParity => define(
                "multiclass-statistical-parity",
                "Distance of predicted classes",
                "Class parity",
                "half the sum over classes of |share predicted_g - share predicted_r|",
                (0.0, 1.0),
                0.0,
                &[Peer(HOLISTIC, "multiclass_statistical_parity", "")],
            ),
            Self::MulticlassEqualityOfOpportunity => define(
                "multiclass-equality-of-opportunity",
                "Distance of predictions given the class",
                "Class opportunity",
                "sum over true and predicted classes of |P_g - P_r| / 2K, P the share predicted given the true class",
                (0.0, 1.0),
                0.0,
                &[Peer(HOLISTIC, "multiclass_equality_of_opp", "")],
            ),
            Self::MulticlassAverageOdds => define(
                "multiclass-average-odds",
                "Distance of class-wise prediction rates",
                "Class odds",
                "sum over predicted classes of |sum over true classes of (P_g - P_r)| / 2K",
                (0.0, 1.0),
                0.0,
                &[Peer(HOLISTIC, "multiclass_average_odds", "")],
            ),
            Self::MulticlassTrueRates => define(
                "multiclass-true-rates",
                "Mean difference of class recalls",
                "Class recall",
                "mean over classes of |recall_g - recall_r|",
                (0.0, 1.0),
                0.0,
                &[Peer(HOLISTIC, "multiclass_true_rates", "")],
            ),
        }
    }

    /// The figures whose rates it is made of.
    pub fn rates(self) -> &'static [Metric] {
        match self {
            Self::AverageOddsDifference | Self::AverageAbsOddsDifference | Self::EqualizedOddsDifference => {
                &[Metric::Tpr, Metric::Fpr]
            }
            Self::AveragePredictiveValueDifference => &[Metric::Ppv, Metric::For],
            Self::FourFifths | Self::CohenD | Self::ZTestDifference | Self::ZTestRatio => &[Metric::SelectionRate],
            Self::ClassImbalance | Self::KlDivergence => &[Metric::Prevalence],
            Self::GeneralizedEqualizedOddsDifference => &[Metric::GeneralizedTpr, Metric::GeneralizedFpr],
            Self::Abroca => &[Metric::Auroc],
            Self::ScoreDistance => &[Metric::MeanScore],
            Self::DisparateImpactQuantile
            | Self::StatisticalParityQuantile
            | Self::NoDisparateImpactLevel
            | Self::ZScoreDifference
            | Self::StatisticalParityAuc
            | Self::MaxStatisticalParity => &[Metric::MeanPrediction],
            Self::MulticlassStatisticalParity
            | Self::MulticlassEqualityOfOpportunity
            | Self::MulticlassAverageOdds
            | Self::MulticlassTrueRates => &[Metric::MacroRecall],
        }
    }

    /// The figure for the tables of the group and the reference; `None` where it is not defined or needs scores.
    pub(crate) fn of_counts(self, g: &Mass, r: &Mass) -> Option<f64> {
        let all = Mass::default();
        let rate = |m: Metric, c: &Mass| m.of_counts(c, &all);
        let gap = |m: Metric| Some(rate(m, g)? - rate(m, r)?);
        let (n, m) = (g.n(), r.n());
        if n <= 0.0 || m <= 0.0 {
            return None;
        }
        let (s, t) = (g.flagged() / n, r.flagged() / m);
        let both = (g.flagged() + r.flagged()) / (n + m);
        Some(match self {
            Self::AverageOddsDifference => (gap(Metric::Tpr)? + gap(Metric::Fpr)?) / 2.0,
            Self::AverageAbsOddsDifference => (gap(Metric::Tpr)?.abs() + gap(Metric::Fpr)?.abs()) / 2.0,
            Self::AveragePredictiveValueDifference => (gap(Metric::Ppv)? + gap(Metric::For)?) / 2.0,
            Self::EqualizedOddsDifference => gap(Metric::Tpr)?.abs().max(gap(Metric::Fpr)?.abs()),
            Self::FourFifths => {
                if s.max(t) <= 0.0 {
                    return None;
                }
                s.min(t) / s.max(t)
            }
            Self::CohenD => {
                let pooled = ((n - 1.0) * s * (1.0 - s) + (m - 1.0) * t * (1.0 - t)) / (n + m - 2.0);
                finite((s - t) / pooled.sqrt())?
            }
            Self::ZTestDifference => finite((s - t) / (both * (1.0 - both) * (1.0 / n + 1.0 / m)).sqrt())?,
            Self::ZTestRatio => finite((s / t).ln() / ((1.0 - both) / both * (1.0 / n + 1.0 / m)).sqrt())?,
            Self::ClassImbalance => (n - m) / (n + m),
            Self::KlDivergence => {
                let (p, q) = (rate(Metric::Prevalence, r)?, rate(Metric::Prevalence, g)?);
                let part = |p: f64, q: f64| if p > 0.0 { p * (p / q).ln() } else { 0.0 };
                finite(part(p, q) + part(1.0 - p, 1.0 - q))?
            }
            _ => return None,
        })
    }
}

fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mass(tp: f64, fp: f64, fn_: f64, tn: f64) -> Mass {
        Mass { tp, fp, fn_, tn, unlabelled: 0.0 }
    }

    #[test]
    fn alike_groups_are_at_parity() {
        let g = mass(30.0, 20.0, 10.0, 60.0);
        for pair in Pair::ALL {
            if let Some(value) = pair.of_counts(&g, &g) {
                assert!((value - pair.definition().parity.unwrap_or(f64::NAN)).abs() < 1e-12, "{pair:?} {value}");
            }
        }
    }

    #[test]
    fn gaps_of_opposite_sign_cancel_only_where_they_are_signed() {
        let (a, b) = (mass(40.0, 10.0, 10.0, 40.0), mass(30.0, 20.0, 20.0, 30.0));
        assert!(Pair::AverageOddsDifference.of_counts(&a, &b).is_some_and(|v| v.abs() < 1e-12));
        assert!(Pair::AverageAbsOddsDifference.of_counts(&a, &b).is_some_and(|v| (v - 0.2).abs() < 1e-12));
    }
}
