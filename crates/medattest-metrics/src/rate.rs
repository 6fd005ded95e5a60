//! Intervals for proportions, their differences and their ratios, and tests that two are equal.

use serde::{Deserialize, Serialize};
use statrs::distribution::{Beta, ContinuousCDF, Normal};

/// A two-sided interval.
pub type Interval = (f64, f64);

/// Which interval a rate of unweighted, unclustered rows gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RateInterval {
    /// [`wilson`]: coverage close to nominal on average.
    #[default]
    Wilson,
    /// [`clopper_pearson`]: coverage never below nominal.
    ClopperPearson,
}

impl RateInterval {
    /// The interval of `k` of `n`.
    pub fn of(self, k: u64, n: u64, level: f64) -> Interval {
        match self {
            Self::Wilson => wilson(k as f64, n as f64, level),
            Self::ClopperPearson => clopper_pearson(k, n, level),
        }
    }

    /// The name statisticians use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wilson => "Wilson",
            Self::ClopperPearson => "Clopper-Pearson",
        }
    }
}

/// Two-sided standard normal quantile for a coverage `level` in (0,1).
pub(crate) fn z(level: f64) -> f64 {
    Normal::standard().inverse_cdf(0.5 + level / 2.0)
}

/// Two-sided p-value of a standard normal statistic.
pub(crate) fn two_sided(z: f64) -> f64 {
    // erfc keeps its precision far out in the tail, where 1 - cdf does not.
    statrs::function::erf::erfc(z.abs() / std::f64::consts::SQRT_2)
}

/// Wilson score interval for `k` of `n`, `n` > 0 (Wilson 1927, doi 10.1080/01621459.1927.10502953). Neither need be
/// whole: an effective sample size may be given.
pub fn wilson(k: f64, n: f64, level: f64) -> Interval {
    let z = z(level);
    let p = k / n;
    let centre = p + z * z / (2.0 * n);
    let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).max(0.0).sqrt();
    let scale = 1.0 + z * z / n;
    let low = if k <= 0.0 { 0.0 } else { ((centre - half) / scale).max(0.0) };
    let high = if k >= n { 1.0 } else { ((centre + half) / scale).min(1.0) };
    (low, high)
}

/// Exact interval for `k` of `n`, `n` > 0 (Clopper & Pearson 1934, doi 10.1093/biomet/26.4.404).
pub fn clopper_pearson(k: u64, n: u64, level: f64) -> Interval {
    let tail = (1.0 - level) / 2.0;
    let (kf, nf) = (k as f64, n as f64);
    let quantile = |a: f64, b: f64, p: f64| Beta::new(a, b).map_or(f64::NAN, |beta| beta.inverse_cdf(p));
    let low = if k == 0 { 0.0 } else { quantile(kf, nf - kf + 1.0, tail) };
    let high = if k == n { 1.0 } else { quantile(kf + 1.0, nf - kf, 1.0 - tail) };
    (low, high)
}

/// A point estimate and the interval it came with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sided {
    /// Point estimate.
    pub value: f64,
    /// Its interval.
    pub interval: Interval,
}

/// Interval of the difference `a` - `b` of two independent figures from the intervals of each: the square-and-add
/// method of Newcombe 1998 (doi 10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I), which with Wilson
/// intervals is his method 10.
pub fn newcombe(a: Sided, b: Sided) -> Interval {
    let difference = a.value - b.value;
    let down = (a.value - a.interval.0).hypot(b.interval.1 - b.value);
    let up = (a.interval.1 - a.value).hypot(b.value - b.interval.0);
    (difference - down, difference + up)
}

/// Interval of the ratio of two independent proportions on the logarithmic scale (Katz et al. 1978,
/// doi 10.2307/2530610); `None` where a numerator is zero.
pub fn log_ratio(a: (u64, u64), b: (u64, u64), level: f64) -> Option<Interval> {
    let ((ka, na), (kb, nb)) = ((a.0 as f64, a.1 as f64), (b.0 as f64, b.1 as f64));
    if ka == 0.0 || kb == 0.0 {
        return None;
    }
    let half = z(level) * (1.0 / ka - 1.0 / na + 1.0 / kb - 1.0 / nb).max(0.0).sqrt();
    let ratio = (ka / na) / (kb / nb);
    Some((ratio * (-half).exp(), ratio * half.exp()))
}

/// Two-sided p-value of the score test that two independent proportions are equal, variance pooled; `None` where
/// both are 0 or both are 1.
pub fn equal_proportions(a: (u64, u64), b: (u64, u64)) -> Option<f64> {
    let ((ka, na), (kb, nb)) = ((a.0 as f64, a.1 as f64), (b.0 as f64, b.1 as f64));
    let pooled = (ka + kb) / (na + nb);
    let variance = pooled * (1.0 - pooled) * (1.0 / na + 1.0 / nb);
    (variance > 0.0).then(|| two_sided((ka / na - kb / nb) / variance.sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_matches_the_reference_values() {
        // statsmodels 0.14 proportion_confint(k, n, method="wilson")
        for (k, n, low, high) in [
            (28.0, 73.0, 0.28050609687351297, 0.498259165253164),
            (736.0, 1012.0, 0.6990125745163043, 0.7538139920761058),
        ] {
            let (l, h) = wilson(k, n, 0.95);
            assert!((l - low).abs() < 1e-9 && (h - high).abs() < 1e-9, "{k}/{n}: {l} {h}");
        }
    }

    #[test]
    fn clopper_pearson_matches_the_reference_values() {
        for (k, n, low, high) in
            [(28, 73, 0.27208638354562065, 0.5047937712693444), (0, 1, 0.0, 0.975), (1, 1, 0.025, 1.0)]
        {
            let (l, h) = clopper_pearson(k, n, 0.95);
            assert!((l - low).abs() < 1e-9 && (h - high).abs() < 1e-9, "{k}/{n}: {l} {h}");
        }
    }

    #[test]
    fn a_difference_contains_zero_when_both_sides_are_alike() {
        let side = |k: u64, n: u64| Sided { value: k as f64 / n as f64, interval: wilson(k as f64, n as f64, 0.95) };
        let (low, high) = newcombe(side(56, 70), side(48, 80));
        // Newcombe 1998, table II, example (a), method 10.
        assert!((low - 0.0524).abs() < 5e-5 && (high - 0.3339).abs() < 5e-5, "{low} {high}");
    }

    #[test]
    fn nothing_can_be_said_of_two_empty_numerators() {
        assert_eq!(log_ratio((0, 10), (1, 10), 0.95), None);
        assert_eq!(equal_proportions((0, 10), (0, 20)), None);
    }
}
