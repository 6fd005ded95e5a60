//! Figures of two groups, and figures of a whole attribute, from tables of counts.

use serde::{Deserialize, Serialize};

use crate::confusion::Confusion;
use crate::definition::{Definition, Peer};
use crate::metric::Metric;

type Mass = Confusion<f64>;

const INF: f64 = f64::INFINITY;
const AIF360: &str = "AIF360";
const HOLISTIC: &str = "HolisticAI";
const FAIRLEARN: &str = "Fairlearn";

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

/// A figure of all groups of an attribute, or of everyone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the definition of each says what it is")]
pub enum Composite {
    EqualizedOddsDifference,
    EqualizedOddsRatio,
    EqualizedOddsMeanDifference,
    EqualizedOddsMeanRatio,
    DifferentialFairness,
    DifferentialFairnessOfPredictions,
    DifferentialFairnessAmplification,
    ConditionalDemographicDisparity,
    ConditionalDemographicDisparityOfPredictions,
    GeneralizedEntropyIndex,
    TheilIndex,
    CoefficientOfVariation,
    BetweenGroupsGeneralizedEntropy,
    BetweenGroupsTheil,
    BetweenGroupsCoefficientOfVariation,
    MulticlassStatisticalParity,
    MulticlassEqualityOfOpportunity,
    MulticlassAverageOdds,
    MulticlassTrueRates,
}

impl Composite {
    /// Every figure, in the order reports list them.
    pub const ALL: [Self; 19] = [
        Self::EqualizedOddsDifference,
        Self::EqualizedOddsRatio,
        Self::EqualizedOddsMeanDifference,
        Self::EqualizedOddsMeanRatio,
        Self::DifferentialFairness,
        Self::DifferentialFairnessOfPredictions,
        Self::DifferentialFairnessAmplification,
        Self::ConditionalDemographicDisparity,
        Self::ConditionalDemographicDisparityOfPredictions,
        Self::GeneralizedEntropyIndex,
        Self::TheilIndex,
        Self::CoefficientOfVariation,
        Self::BetweenGroupsGeneralizedEntropy,
        Self::BetweenGroupsTheil,
        Self::BetweenGroupsCoefficientOfVariation,
        Self::MulticlassStatisticalParity,
        Self::MulticlassEqualityOfOpportunity,
        Self::MulticlassAverageOdds,
        Self::MulticlassTrueRates,
    ];

    /// What is to be known of it. In formulas `b` is the benefit of a row, prediction - label + 1, and mu its mean.
    pub fn definition(self) -> Definition {
        let define = |id, title, short, formula, high, parity, peers| Definition {
            id,
            title,
            short,
            formula,
            range: (0.0, high),
            parity: Some(parity),
            peers,
        };
        let signed = |d: Definition| Definition { range: (-d.range.1, d.range.1), ..d };
        match self {
            Self::EqualizedOddsDifference => define(
                "equalized-odds-difference",
                "Equalized odds difference",
                "EO diff.",
                "larger of the TPR and FPR differences between groups",
                1.0,
                0.0,
                &[Peer(FAIRLEARN, "equalized_odds_difference", "an undefined rate counts as 0")],
            ),
            Self::EqualizedOddsRatio => define(
                "equalized-odds-ratio",
                "Equalized odds ratio",
                "EO ratio",
                "smaller of the TPR and FPR ratios between groups",
                1.0,
                1.0,
                &[Peer(FAIRLEARN, "equalized_odds_ratio", "an undefined rate counts as 0")],
            ),
            Self::EqualizedOddsMeanDifference => define(
                "equalized-odds-mean-difference",
                "Equalized odds mean difference",
                "EO mean diff.",
                "mean of the TPR and FPR differences between groups",
                1.0,
                0.0,
                &[Peer(FAIRLEARN, "equalized_odds_difference(agg='mean')", "an undefined rate counts as 0")],
            ),
            Self::EqualizedOddsMeanRatio => define(
                "equalized-odds-mean-ratio",
                "Equalized odds mean ratio",
                "EO mean ratio",
                "mean of the TPR and FPR ratios between groups",
                1.0,
                1.0,
                &[Peer(FAIRLEARN, "equalized_odds_ratio(agg='mean')", "an undefined rate counts as 0")],
            ),
            Self::DifferentialFairness => define(
                "differential-fairness",
                "Differential fairness of labels",
                "Diff. fairness",
                "largest |ln| of the ratio of two groups' smoothed label shares, (k + 1/2)/(n + 1) (Foulds et al. 2020)",
                INF,
                0.0,
                &[Peer(AIF360, "smoothed_empirical_differential_fairness", "")],
            ),
            Self::DifferentialFairnessOfPredictions => define(
                "differential-fairness-of-predictions",
                "Differential fairness of predictions",
                "Diff. fairness",
                "the same of predictions",
                INF,
                0.0,
                &[],
            ),
            Self::DifferentialFairnessAmplification => signed(define(
                "differential-fairness-amplification",
                "Differential fairness amplification",
                "Amplification",
                "differential fairness of predictions less that of labels",
                INF,
                0.0,
                &[Peer(AIF360, "differential_fairness_bias_amplification", "")],
            )),
            Self::ConditionalDemographicDisparity => signed(define(
                "conditional-demographic-disparity",
                "Demographic disparity of labels",
                "CDD",
                "sum over groups of n_g/n (negatives_g/negatives - positives_g/positives)",
                1.0,
                0.0,
                &[Peer(AIF360, "conditional_demographic_disparity", "")],
            )),
            Self::ConditionalDemographicDisparityOfPredictions => signed(define(
                "conditional-demographic-disparity-of-predictions",
                "Demographic disparity of predictions",
                "CDD",
                "the same of predictions",
                1.0,
                0.0,
                &[Peer(AIF360, "conditional_demographic_disparity", "")],
            )),
            Self::GeneralizedEntropyIndex => define(
                "generalized-entropy-index",
                "Generalized entropy index of benefits",
                "GEI",
                "mean of ((b/mu)^2 - 1)/2 over rows (Speicher et al. 2018)",
                INF,
                0.0,
                &[Peer(AIF360, "generalized_entropy_index", ""), Peer(HOLISTIC, "generalized_entropy_index", "")],
            ),
            Self::TheilIndex => define(
                "theil-index",
                "Theil index of benefits",
                "Theil",
                "mean of (b/mu) ln(b/mu) over rows",
                INF,
                0.0,
                &[Peer(AIF360, "theil_index", ""), Peer(HOLISTIC, "theil_index", "")],
            ),
            Self::CoefficientOfVariation => define(
                "coefficient-of-variation",
                "Coefficient of variation of benefits",
                "CV",
                "sqrt(2 generalized entropy index)",
                INF,
                0.0,
                &[
                    Peer(AIF360, "coefficient_of_variation", ""),
                    Peer(
                        HOLISTIC,
                        "coefficient_of_variation",
                        "theirs is 2 sqrt(GEI), larger by the square root of 2",
                    ),
                ],
            ),
            Self::BetweenGroupsGeneralizedEntropy => define(
                "between-groups-generalized-entropy",
                "Generalized entropy between groups",
                "GEI between",
                "generalized entropy index with each row's benefit replaced by its group's mean",
                INF,
                0.0,
                &[Peer(AIF360, "between_all_groups_generalized_entropy_index", "")],
            ),
            Self::BetweenGroupsTheil => define(
                "between-groups-theil",
                "Theil index between groups",
                "Theil between",
                "Theil index with each row's benefit replaced by its group's mean",
                INF,
                0.0,
                &[Peer(AIF360, "between_all_groups_theil_index", "")],
            ),
            Self::BetweenGroupsCoefficientOfVariation => define(
                "between-groups-coefficient-of-variation",
                "Coefficient of variation between groups",
                "CV between",
                "sqrt(2 generalized entropy between groups)",
                INF,
                0.0,
                &[Peer(AIF360, "between_all_groups_coefficient_of_variation", "")],
            ),
            Self::MulticlassStatisticalParity => define(
                "largest-multiclass-statistical-parity",
                "Largest distance of predicted classes",
                "Class parity",
                "largest over pairs of groups of multiclass-statistical-parity",
                1.0,
                0.0,
                &[Peer(
                    HOLISTIC,
                    "multiclass_statistical_parity(aggregation_fun='max')",
                    "their default is the mean",
                )],
            ),
            Self::MulticlassEqualityOfOpportunity => define(
                "largest-multiclass-equality-of-opportunity",
                "Largest distance of predictions given the class",
                "Class opportunity",
                "largest over pairs of groups of multiclass-equality-of-opportunity",
                1.0,
                0.0,
                &[Peer(HOLISTIC, "multiclass_equality_of_opp(aggregation_fun='max')", "their default is the mean")],
            ),
            Self::MulticlassAverageOdds => define(
                "largest-multiclass-average-odds",
                "Largest distance of class-wise prediction rates",
                "Class odds",
                "largest over pairs of groups of multiclass-average-odds",
                1.0,
                0.0,
                &[Peer(HOLISTIC, "multiclass_average_odds(aggregation_fun='max')", "their default is the mean")],
            ),
            Self::MulticlassTrueRates => define(
                "largest-multiclass-true-rates",
                "Largest mean difference of class recalls",
                "Class recall",
                "largest over pairs of groups of multiclass-true-rates",
                1.0,
                0.0,
                &[Peer(HOLISTIC, "multiclass_true_rates(aggregation_fun='max')", "their default is the mean")],
            ),
        }
    }

    /// The rates without which a group cannot take part.
    pub fn rates(self) -> &'static [Metric] {
        match self {
            Self::EqualizedOddsDifference
            | Self::EqualizedOddsRatio
            | Self::EqualizedOddsMeanDifference
            | Self::EqualizedOddsMeanRatio => &[Metric::Tpr, Metric::Fpr],
            Self::DifferentialFairness => &[Metric::Prevalence],
            Self::MulticlassStatisticalParity
            | Self::MulticlassEqualityOfOpportunity
            | Self::MulticlassAverageOdds
            | Self::MulticlassTrueRates => &[Metric::MacroRecall],
            _ => &[Metric::SelectionRate],
        }
    }

    /// Whether it is of predictions among several classes.
    pub fn of_classes(self) -> bool {
        self.rates() == [Metric::MacroRecall]
    }

    /// Whether groups are compared, or everyone is looked at.
    pub fn compares(self) -> bool {
        !matches!(self, Self::GeneralizedEntropyIndex | Self::TheilIndex | Self::CoefficientOfVariation)
    }

    /// The figure, given the tables of the groups that take part in the comparison of a rate.
    pub(crate) fn of_counts(self, tables: &dyn Fn(Metric) -> Vec<Mass>) -> Option<f64> {
        let range = |rate: Metric, ratio: bool| range(&tables(rate), rate, ratio);
        let odds = |ratio: bool, join: fn(f64, f64) -> f64| -> Option<f64> {
            Some(join(range(Metric::Tpr, ratio)?, range(Metric::Fpr, ratio)?))
        };
        let groups = || tables(Metric::SelectionRate);
        match self {
            Self::EqualizedOddsDifference => odds(false, f64::max),
            Self::EqualizedOddsRatio => odds(true, f64::min),
            Self::EqualizedOddsMeanDifference => odds(false, |a, b| (a + b) / 2.0),
            Self::EqualizedOddsMeanRatio => odds(true, |a, b| (a + b) / 2.0),
            Self::DifferentialFairness => differential(&groups(), Mass::positives),
            Self::DifferentialFairnessOfPredictions => differential(&groups(), Mass::flagged),
            Self::DifferentialFairnessAmplification => {
                let groups = groups();
                Some(differential(&groups, Mass::flagged)? - differential(&groups, Mass::positives)?)
            }
            Self::ConditionalDemographicDisparity => disparity(&groups(), Mass::positives),
            Self::ConditionalDemographicDisparityOfPredictions => disparity(&groups(), Mass::flagged),
            Self::GeneralizedEntropyIndex => entropy(&benefits(&groups()), false),
            Self::TheilIndex => entropy(&benefits(&groups()), true),
            Self::CoefficientOfVariation => Some((2.0 * entropy(&benefits(&groups()), false)?).sqrt()),
            Self::BetweenGroupsGeneralizedEntropy => entropy(&means(&groups()), false),
            Self::BetweenGroupsTheil => entropy(&means(&groups()), true),
            Self::MulticlassStatisticalParity
            | Self::MulticlassEqualityOfOpportunity
            | Self::MulticlassAverageOdds
            | Self::MulticlassTrueRates => None,
            Self::BetweenGroupsCoefficientOfVariation => Some((2.0 * entropy(&means(&groups()), false)?).sqrt()),
        }
    }
}

/// Largest minus smallest rate, or smallest over largest, of the groups that have one.
fn range(groups: &[Mass], metric: Metric, ratio: bool) -> Option<f64> {
    let all = Mass::default();
    let (mut least, mut most, mut known) = (INF, -INF, 0);
    for value in groups.iter().filter_map(|group| metric.of_counts(group, &all)) {
        least = least.min(value);
        most = most.max(value);
        known += 1;
    }
    match (known >= 2, ratio) {
        (false, _) => None,
        (true, false) => Some(most - least),
        (true, true) => (most > 0.0).then(|| least / most),
    }
}

/// Smoothed empirical differential fairness (Foulds, Islam, Keya & Pan 2020, doi 10.1109/ICDE48307.2020.00203).
fn differential(groups: &[Mass], of: fn(&Mass) -> f64) -> Option<f64> {
    let (mut least, mut most) = (INF, -INF);
    for g in groups {
        let share = (of(g) + 0.5) / (g.n() + 1.0);
        least = least.min(share);
        most = most.max(share);
    }
    // The furthest two shares have the furthest logarithms, of the share and of what is left of it.
    (groups.len() >= 2).then(|| (most / least).ln().max(((1.0 - least) / (1.0 - most)).ln()))
}

/// Demographic disparity over groups, each weighed by its size.
fn disparity(groups: &[Mass], of: fn(&Mass) -> f64) -> Option<f64> {
    let n: f64 = groups.iter().map(Mass::n).sum();
    let yes: f64 = groups.iter().map(of).sum();
    let no = n - yes;
    let part = |g: &Mass| g.n() / n * ((g.n() - of(g)) / no - of(g) / yes);
    (groups.len() >= 2 && yes > 0.0 && no > 0.0).then(|| groups.iter().map(part).sum())
}

/// Benefits 0, 1 and 2 with their rows: missed, predicted rightly, flagged wrongly.
fn benefits(groups: &[Mass]) -> Vec<(f64, f64)> {
    groups.iter().flat_map(|g| [(0.0, g.fn_), (1.0, g.tp + g.tn), (2.0, g.fp)]).collect()
}

/// The mean benefit of each group with its rows.
fn means(groups: &[Mass]) -> Vec<(f64, f64)> {
    groups.iter().filter(|g| g.n() > 0.0).map(|g| ((g.tp + g.tn + 2.0 * g.fp) / g.n(), g.n())).collect()
}

fn entropy(values: &[(f64, f64)], theil: bool) -> Option<f64> {
    let rows: f64 = values.iter().map(|(_, n)| n).sum();
    let mean = values.iter().map(|(b, n)| b * n).sum::<f64>() / rows;
    let term = |b: f64| {
        let q = b / mean;
        match (theil, q > 0.0) {
            (true, true) => q * q.ln(),
            (true, false) => 0.0,
            (false, _) => (q * q - 1.0) / 2.0,
        }
    };
    (rows > 0.0 && mean > 0.0).then(|| (values.iter().map(|(b, n)| n * term(*b)).sum::<f64>() / rows).max(0.0))
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
        for composite in Composite::ALL.into_iter().filter(|c| c.compares() && !c.of_classes()) {
            let value = composite.of_counts(&|_| vec![g, g, g]).unwrap_or(f64::NAN);
            assert!(
                (value - composite.definition().parity.unwrap_or(f64::NAN)).abs() < 1e-9,
                "{composite:?} {value}"
            );
        }
    }

    #[test]
    fn gaps_of_opposite_sign_cancel_only_where_they_are_signed() {
        let (a, b) = (mass(40.0, 10.0, 10.0, 40.0), mass(30.0, 20.0, 20.0, 30.0));
        assert!(Pair::AverageOddsDifference.of_counts(&a, &b).is_some_and(|v| v.abs() < 1e-12));
        assert!(Pair::AverageAbsOddsDifference.of_counts(&a, &b).is_some_and(|v| (v - 0.2).abs() < 1e-12));
    }

    #[test]
    fn inequality_between_groups_is_part_of_all_inequality() {
        let groups = [mass(30.0, 20.0, 10.0, 60.0), mass(10.0, 5.0, 30.0, 60.0)];
        let value = |c: Composite| c.of_counts(&|_| groups.to_vec()).unwrap_or(f64::NAN);
        assert!(value(Composite::BetweenGroupsTheil) < value(Composite::TheilIndex));
        assert!(value(Composite::BetweenGroupsGeneralizedEntropy) < value(Composite::GeneralizedEntropyIndex));
    }
}
