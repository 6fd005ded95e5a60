//! Figures of all groups of an attribute, or of everyone, from tables of counts.

use serde::{Deserialize, Serialize};

use crate::confusion::Confusion;
use crate::definition::{Definition, Peer};
use crate::metric::Metric;

type Mass = Confusion<f64>;

const INF: f64 = f64::INFINITY;
const AIF360: &str = "AIF360";
const HOLISTIC: &str = "HolisticAI";
const FAIRLEARN: &str = "Fairlearn";

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
    for g in groups.iter().filter(|g| g.n() > 0.0) {
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
        for composite in Composite::ALL.into_iter().filter(|c| c.compares() && !c.of_classes()) {
            let value = composite.of_counts(&|_| vec![g, g, g]).unwrap_or(f64::NAN);
            assert!(
                (value - composite.definition().parity.unwrap_or(f64::NAN)).abs() < 1e-9,
                "{composite:?} {value}"
            );
        }
    }

    #[test]
    fn inequality_between_groups_is_part_of_all_inequality() {
        let groups = [mass(30.0, 20.0, 10.0, 60.0), mass(10.0, 5.0, 30.0, 60.0)];
        let value = |c: Composite| c.of_counts(&|_| groups.to_vec()).unwrap_or(f64::NAN);
        assert!(value(Composite::BetweenGroupsTheil) < value(Composite::TheilIndex));
        assert!(value(Composite::BetweenGroupsGeneralizedEntropy) < value(Composite::GeneralizedEntropyIndex));
    }
}
