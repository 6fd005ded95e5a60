//! Intervals for a proportion.

use statrs::distribution::{Beta, ContinuousCDF, Normal};

/// Two-sided standard normal quantile for a coverage `level` in (0,1).
pub(crate) fn z(level: f64) -> f64 {
    Normal::standard().inverse_cdf(0.5 + level / 2.0)
}

/// Wilson score interval for `k` of `n`, `n` > 0 (Wilson 1927, doi 10.1080/01621459.1927.10502953).
pub fn wilson(k: u64, n: u64, level: f64) -> (f64, f64) {
    let (k, n) = (k as f64, n as f64);
    let z = z(level);
    let p = k / n;
    let centre = p + z * z / (2.0 * n);
    let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z * z / n;
    let low = if k == 0.0 { 0.0 } else { ((centre - half) / scale).max(0.0) };
    let high = if k == n { 1.0 } else { ((centre + half) / scale).min(1.0) };
    (low, high)
}

/// Exact interval for `k` of `n`, `n` > 0 (Clopper & Pearson 1934, doi 10.1093/biomet/26.4.404).
pub fn clopper_pearson(k: u64, n: u64, level: f64) -> (f64, f64) {
    let tail = (1.0 - level) / 2.0;
    let (kf, nf) = (k as f64, n as f64);
    let quantile = |a: f64, b: f64, p: f64| Beta::new(a, b).map_or(f64::NAN, |beta| beta.inverse_cdf(p));
    let low = if k == 0 { 0.0 } else { quantile(kf, nf - kf + 1.0, tail) };
    let high = if k == n { 1.0 } else { quantile(kf + 1.0, nf - kf, 1.0 - tail) };
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_matches_the_reference_values() {
        // statsmodels 0.14 proportion_confint(k, n, method="wilson")
        for (k, n, low, high) in
            [(28, 73, 0.28050609687351297, 0.498259165253164), (736, 1012, 0.6990125745163043, 0.7538139920761058)]
        {
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
}
