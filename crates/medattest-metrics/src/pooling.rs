//! Partial pooling: small groups borrow from the others.

use serde::{Deserialize, Serialize};
use statrs::distribution::{Beta, ContinuousCDF};

/// Least intraclass correlation: groups then share one rate but for one part in a million.
const LEAST: f64 = 1e-6;

/// A rate of one group after pooling.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Pooled {
    /// Posterior mean.
    pub value: f64,
    /// Lower end of the equal-tailed credible interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Empirical Bayes for the rates of several groups: rates are draws of one Beta distribution, whose mean and intraclass
/// correlation come from the weighted moments of the observed rates (Kleinman 1973, doi 10.1080/01621459.1973.10481332).
/// Intervals allow for the error of the mean, but treat the correlation as known. `None` for fewer than three groups. `counts` are numerators and denominators, or their effective sizes.
pub fn pool(counts: &[(f64, f64)], level: f64) -> Option<Vec<Pooled>> {
    let used: Vec<(f64, f64)> = counts.iter().copied().filter(|(_, n)| *n > 0.0).collect();
    if used.len() < 3 {
        return None;
    }
    // Begin as if rows of one group were no more alike than others, then weigh by what was found.
    let (mut mean, mut correlation) = (0.0, 0.0);
    for _ in 0..20 {
        let weight = |n: f64| n / (1.0 + correlation * (n - 1.0));
        let total: f64 = used.iter().map(|(_, n)| weight(*n)).sum();
        mean = used.iter().map(|(k, n)| weight(*n) * k / n).sum::<f64>() / total;
        let (mut spread, mut chance, mut full) = (0.0, 0.0, 0.0);
        for (k, n) in &used {
            let w = weight(*n);
            spread += w * (k / n - mean).powi(2);
            chance += w / n * (1.0 - w / total);
            full += w * (1.0 - w / total);
        }
        let variance = mean * (1.0 - mean);
        if variance <= 0.0 || full <= chance {
            return None;
        }
        let next = ((spread - variance * chance) / (variance * (full - chance))).clamp(LEAST, 1.0 - LEAST);
        let settled = (next - correlation).abs() < 1e-12;
        correlation = next;
        if settled {
            break;
        }
    }
    let size = (1.0 - correlation) / correlation;
    let weights: f64 = used.iter().map(|(_, n)| n / (1.0 + correlation * (n - 1.0))).sum();
    let of_mean = mean * (1.0 - mean) / weights;
    let tail = (1.0 - level) / 2.0;
    let pooled = |&(k, n): &(f64, f64)| {
        let value = (mean * size + k) / (size + n);
        // Of the group's rate given the common distribution, and of its mean, of which the group takes a share.
        let shrunk = size / (size + n);
        let variance = value * (1.0 - value) / (size + n + 1.0) + shrunk * shrunk * of_mean;
        let total = (value * (1.0 - value) / variance - 1.0).max(1e-6);
        let at = |p| Beta::new(value * total, (1.0 - value) * total).map_or(f64::NAN, |beta| beta.inverse_cdf(p));
        Pooled { value, low: at(tail), high: at(1.0 - tail) }
    };
    Some(counts.iter().map(pooled).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_groups_are_drawn_to_the_middle_and_large_ones_are_not() {
        let counts = [(3.0, 4.0), (300.0, 1000.0), (420.0, 1000.0), (250.0, 1000.0), (350.0, 1000.0)];
        let pooled = pool(&counts, 0.95).expect("five groups");
        assert!((0.3..0.55).contains(&pooled[0].value), "{:?}", pooled[0]);
        for (p, (k, n)) in pooled.iter().zip(counts).skip(1) {
            assert!((p.value - k / n).abs() < 0.01, "{p:?}");
            assert!(p.low < p.value && p.value < p.high);
        }
    }

    #[test]
    fn alike_groups_share_one_rate() {
        let pooled = pool(&[(20.0, 100.0), (21.0, 100.0), (19.0, 100.0), (20.0, 100.0)], 0.95).expect("four groups");
        assert!(pooled.iter().all(|p| (p.value - 0.2).abs() < 0.002), "{pooled:?}");
        // Four hundred rows of one rate have a half-width of 0.039.
        assert!(pooled.iter().all(|p| (0.03..0.05).contains(&(p.high - p.value))), "{pooled:?}");
    }

    #[test]
    fn two_groups_are_not_pooled() {
        assert_eq!(pool(&[(1.0, 2.0), (1.0, 3.0)], 0.95), None);
    }
}
