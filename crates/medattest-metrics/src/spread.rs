//! How far the groups of an attribute lie apart, figure by figure.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ChiSquared, ContinuousCDF};

use crate::confusion::Confusion;
use crate::estimate::{Estimate, NotEstimable};
use crate::metric::Metric;
use crate::rate::Interval;
use crate::sample::{percentiles, variance};

/// A way to put the figures of several groups into one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// Largest minus smallest, parity 0. Fairlearn's `difference(method="between_groups")`.
    Difference,
    /// Smallest over largest, parity 1. Fairlearn's `ratio(method="between_groups")`.
    Ratio,
    /// Smallest. Fairlearn's `group_min`.
    Lowest,
    /// Largest. Fairlearn's `group_max`.
    Highest,
    /// Largest distance from everyone, parity 0. Fairlearn's `difference(method="to_overall")`.
    ToOverallDifference,
    /// Smallest of each group's ratio to everyone or its inverse, parity 1. Fairlearn's `ratio(method="to_overall")`.
    ToOverallRatio,
    /// Standard deviation between groups, less what sampling alone would make of it; parity 0. The square is unbiased
    /// before it is cut off at 0, where the distance of extremes grows with the number of groups (Lum, Zhang & Bower
    /// 2022, doi 10.1145/3531146.3533105).
    Deviation,
}

impl Form {
    /// Every form, in the order reports list them.
    pub const ALL: [Self; 7] = [
        Self::Difference,
        Self::Ratio,
        Self::Lowest,
        Self::Highest,
        Self::ToOverallDifference,
        Self::ToOverallRatio,
        Self::Deviation,
    ];

    /// The permanent kebab-case id.
    pub fn id(self) -> &'static str {
        match self {
            Self::Difference => "difference",
            Self::Ratio => "ratio",
            Self::Lowest => "lowest",
            Self::Highest => "highest",
            Self::ToOverallDifference => "to-overall-difference",
            Self::ToOverallRatio => "to-overall-ratio",
            Self::Deviation => "deviation",
        }
    }

    /// The name a reader sees after that of the figure.
    pub fn title(self) -> &'static str {
        match self {
            Self::Difference => "largest difference",
            Self::Ratio => "smallest ratio",
            Self::Lowest => "lowest group",
            Self::Highest => "highest group",
            Self::ToOverallDifference => "largest difference to everyone",
            Self::ToOverallRatio => "smallest ratio to everyone",
            Self::Deviation => "deviation between groups, corrected for sampling",
        }
    }

    /// The value that says groups are alike, where there is one.
    pub fn parity(self) -> Option<f64> {
        match self {
            Self::Difference | Self::ToOverallDifference | Self::Deviation => Some(0.0),
            Self::Ratio | Self::ToOverallRatio => Some(1.0),
            Self::Lowest | Self::Highest => None,
        }
    }

    /// The permanent id of this form of a figure. Two have names of their own in the field.
    pub fn of(self, metric: Metric) -> String {
        match (metric, self) {
            (Metric::SelectionRate, Self::Difference | Self::Ratio) => format!("demographic-parity-{}", self.id()),
            (Metric::Tpr, Self::Difference | Self::Ratio) => format!("equal-opportunity-{}", self.id()),
            _ => format!("{}-{}", metric.id(), self.id()),
        }
    }

    /// The name of this form of a figure.
    pub fn title_of(self, metric: Metric) -> String {
        match (metric, self) {
            (Metric::SelectionRate, Self::Difference) => "Demographic parity difference".to_owned(),
            (Metric::SelectionRate, Self::Ratio) => "Demographic parity ratio".to_owned(),
            (Metric::Tpr, Self::Difference) => "Equal opportunity difference".to_owned(),
            (Metric::Tpr, Self::Ratio) => "Equal opportunity ratio".to_owned(),
            _ => format!("{}: {}", metric.title(), self.title()),
        }
    }

    /// Whether it has a meaning for a figure: ratios need a natural zero.
    pub fn fits(self, metric: Metric) -> bool {
        !matches!(self, Self::Ratio | Self::ToOverallRatio) || metric.has_ratio()
    }

    /// The figure of several groups, given that of everyone and the mean sampling variance of the groups.
    pub(crate) fn value(self, values: &[f64], everyone: Option<f64>, within: f64) -> Option<f64> {
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if values.len() < 2 {
            return None;
        }
        match self {
            Self::Difference => Some(most - least),
            Self::Ratio => (most > 0.0).then(|| least / most),
            Self::Lowest => Some(least),
            Self::Highest => Some(most),
            Self::ToOverallDifference => {
                let everyone = everyone?;
                Some((most - everyone).abs().max((least - everyone).abs()))
            }
            Self::ToOverallRatio => {
                let everyone = everyone.filter(|e| *e > 0.0)?;
                let ratio = |v: f64| if v > everyone { everyone / v } else { v / everyone };
                Some(ratio(least).min(ratio(most)))
            }
            Self::Deviation => Some((variance(values)? - within).max(0.0).sqrt()),
        }
    }
}

/// A group that could not take part in a comparison, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Index of the group in the attribute.
    pub group: usize,
    /// The figure that has no estimate.
    pub metric: Metric,
    /// Why.
    pub because: NotEstimable,
    /// The denominator of the figure.
    pub n: u64,
}

/// What the rows whose attribute is missing could do to a difference, if each belonged to one of the groups.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    /// Smallest possible difference.
    pub best: f64,
    /// Largest possible difference.
    pub worst: f64,
    /// Rows of the denominator whose group is missing.
    pub rows: u64,
    /// Those of them in the numerator.
    pub events: u64,
}

/// One figure over the groups of an attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The figure.
    pub metric: Metric,
    /// Groups compared.
    pub groups: usize,
    /// Every form that fits; `n` counts the rows of the groups compared.
    pub forms: Vec<(Form, Estimate)>,
    /// Index of the group with the smallest and of that with the largest figure.
    pub extremes: Option<(usize, usize)>,
    /// Groups without an estimate.
    pub left_out: Vec<LeftOut>,
    /// What missing attributes could do to the difference; for shares of rows only.
    pub bounds: Option<Bounds>,
}

impl Spread {
    /// The estimate of one form.
    pub fn form(&self, form: Form) -> Option<&Estimate> {
        self.forms.iter().find(|(f, _)| *f == form).map(|(_, estimate)| estimate)
    }
}

/// The bootstrap interval of a comparison of extremes.
///
/// The distance between the largest and the smallest of several noisy figures is biased away from parity, and in a
/// resample it is biased once more; with no true difference the plain percentile interval can exclude even its own
/// estimate. So the end towards parity is moved back by twice the bias that the resamples show (median of the draws
/// minus the estimate), as in a basic interval, and the interval always contains the estimate. It is conservative.
pub(crate) fn away_from_parity(parity: Option<f64>, estimate: f64, draws: Vec<f64>, level: f64) -> Option<Interval> {
    if !estimate.is_finite() {
        return None;
    }
    let ((low, high), middle) = percentiles(draws, level)?;
    Some(match parity {
        Some(parity) if parity > 0.0 => {
            let bias = (estimate - middle).max(0.0);
            (low.min(estimate), (high + 2.0 * bias).clamp(estimate, parity.max(estimate)))
        }
        Some(_) => {
            let bias = (middle - estimate).max(0.0);
            ((low - 2.0 * bias).clamp(0.0_f64.min(estimate), estimate), high.max(estimate))
        }
        None => (low.min(estimate), high.max(estimate)),
    })
}

/// P-value that all groups have the same value, from each group's value and its variance where they have (Cochran 1954,
/// doi 10.2307/3001616); `None` where a variance is not known.
pub(crate) fn homogeneity(groups: &[(f64, f64)]) -> Option<f64> {
    if groups.len() < 2 || groups.iter().any(|(_, variance)| *variance <= 0.0 || !variance.is_finite()) {
        return None;
    }
    let weight: f64 = groups.iter().map(|(_, variance)| 1.0 / variance).sum();
    let mean = groups.iter().map(|(value, variance)| value / variance).sum::<f64>() / weight;
    let statistic: f64 = groups.iter().map(|(value, variance)| (value - mean).powi(2) / variance).sum();
    ChiSquared::new((groups.len() - 1) as f64).ok().map(|chi| chi.sf(statistic))
}

/// The interval of a comparison of extremes, which can hardly touch parity even if all groups are alike: where the test
/// of that does not refute it, the interval reaches parity.
pub(crate) fn reaching(parity: Option<f64>, alike: bool, (low, high): Interval) -> Interval {
    match parity.filter(|_| alike) {
        Some(parity) => (low.min(parity), high.max(parity)),
        None => (low, high),
    }
}

/// What rows of unknown group could do to the difference between the largest and smallest share (Manski 1990): each
/// may belong to any of the `known` groups or to none of them.
///
/// The worst case puts every success into one group and every failure into another. In the best case successes lift
/// the lowest groups to a common floor and failures bring the highest down to a common ceiling; the two draw on
/// different rows, so they do not compete.
pub(crate) fn bounds(metric: Metric, known: &[Confusion], missing: &Confusion) -> Option<Bounds> {
    let share = |c: &Confusion| metric.share(c).map(|(k, n, _)| (k as f64, n as f64));
    let (successes, rows) = share(missing)?;
    let failures = rows - successes;
    let groups: Vec<(f64, f64)> = known.iter().filter_map(share).filter(|(_, n)| *n > 0.0).collect();
    if groups.len() < 2 || rows <= 0.0 {
        return None;
    }
    // The group that could rise highest against another that could fall lowest; two of each, for it may be the same.
    let two = |of: &dyn Fn(&(f64, f64)) -> f64| {
        let mut best: [(f64, usize); 2] = [(f64::NEG_INFINITY, usize::MAX); 2];
        for (at, group) in groups.iter().enumerate() {
            let value = of(group);
            if value > best[0].0 {
                best = [(value, at), best[0]];
            } else if value > best[1].0 {
                best[1] = (value, at);
            }
        }
        best
    };
    let highest = two(&|(k, n)| (k + successes) / (n + successes));
    let lowest = two(&|(k, n)| -k / (n + failures));
    let apart = highest.iter().flat_map(|h| lowest.iter().filter(move |l| l.1 != h.1).map(move |l| h.0 + l.0));
    let worst = apart.fold(0.0_f64, f64::max);
    // Successes that lift k of n to a share of at least t; failures that bring it down to at most t.
    let lift = |t: f64| -> f64 {
        groups.iter().map(|(k, n)| if t < 1.0 { ((t * n - k) / (1.0 - t)).max(0.0) } else { f64::INFINITY }).sum()
    };
    let sink = |t: f64| -> f64 {
        groups.iter().map(|(k, n)| if t > 0.0 { (k / t - n).max(0.0) } else { f64::INFINITY }).sum()
    };
    let floor = bisect(|t| lift(t) <= successes);
    let ceiling = 1.0 - bisect(|t| sink(1.0 - t) <= failures);
    Some(Bounds {
        best: (ceiling - floor).max(0.0),
        worst,
        rows: metric.share(missing)?.1,
        events: metric.share(missing)?.0,
    })
}

/// The largest number in \[0,1\] for which `holds`, which holds up to some point and not beyond.
fn bisect(holds: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if holds(middle) { low = middle } else { high = middle }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(tp: u64, fn_: u64) -> Confusion {
        Confusion { tp, fn_, ..Confusion::default() }
    }

    #[test]
    fn bounds_hold_for_every_way_to_assign_the_missing() {
        let (known, missing) = ([table(6, 4), table(3, 7)], table(2, 3));
        let found = bounds(Metric::Tpr, &known, &missing).expect("two groups");
        let (mut best, mut worst) = (f64::INFINITY, 0.0_f64);
        for hit_a in 0..=2 {
            for hit_b in 0..=(2 - hit_a) {
                for miss_a in 0..=3 {
                    for miss_b in 0..=(3 - miss_a) {
                        let a = (6 + hit_a) as f64 / (10 + hit_a + miss_a) as f64;
                        let b = (3 + hit_b) as f64 / (10 + hit_b + miss_b) as f64;
                        best = best.min((a - b).abs());
                        worst = worst.max((a - b).abs());
                    }
                }
            }
        }
        assert!((found.worst - worst).abs() < 1e-12, "{found:?} {worst}");
        // Rows are whole and the bound is not, so it may lie below what can be reached.
        assert!(found.best <= best + 1e-9 && best - found.best < 0.05, "{found:?} {best}");
    }

    #[test]
    fn equal_groups_have_no_deviation() {
        assert_eq!(Form::Deviation.value(&[0.5, 0.5, 0.5], None, 0.01), Some(0.0));
        let spread = Form::Deviation.value(&[0.4, 0.6], None, 0.0).unwrap_or_default();
        assert!((spread - 0.02_f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn an_interval_holds_its_estimate() {
        let draws: Vec<f64> = (0..100).map(|i| 0.2 + f64::from(i) / 1000.0).collect();
        let (low, high) = away_from_parity(Some(0.0), 0.1, draws, 0.95).expect("draws");
        assert!(low <= 0.1 && high >= 0.1);
    }
}
