//! Resampling tables of counts.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Binomial, Distribution};

/// A two-sided interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The percentile interval of bootstrap values; `None` when there are none. Quantiles by linear interpolation
/// (type 7 of Hyndman & Fan 1996).
pub fn percentile_interval(mut values: Vec<f64>, level: f64) -> Option<Interval> {
    values.sort_by(f64::total_cmp);
    let quantile = |p: f64| {
        let at = p * (values.len() - 1) as f64;
        let (floor, ceil) = (at.floor() as usize, at.ceil() as usize);
        let (a, b) = (values.get(floor)?, values.get(ceil)?);
        Some(a + (b - a) * (at - at.floor()))
    };
    if values.is_empty() {
        return None;
    }
    let tail = (1.0 - level) / 2.0;
    Some(Interval { low: quantile(tail)?, high: quantile(1.0 - tail)? })
}

/// A reproducible generator.
pub(crate) fn generator(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// One multinomial draw of the table: the distribution of its counts when rows are resampled with replacement.
pub(crate) fn multinomial(counts: &[u64], rng: &mut ChaCha8Rng, out: &mut Vec<u64>) {
    out.clear();
    let mut left: u64 = counts.iter().sum();
    let mut mass = left as f64;
    for &count in counts {
        let p = if mass > 0.0 { (count as f64 / mass).clamp(0.0, 1.0) } else { 0.0 };
        let drawn = Binomial::new(left, p).map_or(0, |b| b.sample(rng));
        out.push(drawn);
        left -= drawn;
        mass -= count as f64;
    }
}

/// How often each of `clusters` clusters is drawn when as many are drawn with replacement.
pub(crate) fn cluster_weights(clusters: usize, rng: &mut ChaCha8Rng, out: &mut Vec<u32>) {
    use rand::RngExt;
    out.clear();
    out.resize(clusters, 0);
    for _ in 0..clusters {
        if let Some(weight) = out.get_mut(rng.random_range(0..clusters)) {
            *weight += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_keeps_the_total_and_the_mean() {
        let counts = [500, 300, 200, 0];
        let mut rng = generator(7);
        let (mut out, mut sums) = (Vec::new(), [0u64; 4]);
        for _ in 0..2000 {
            multinomial(&counts, &mut rng, &mut out);
            assert_eq!(out.iter().sum::<u64>(), 1000);
            for (sum, drawn) in sums.iter_mut().zip(&out) {
                *sum += drawn;
            }
        }
        assert_eq!(sums[3], 0);
        for (sum, count) in sums.iter().zip(counts) {
            assert!((*sum as f64 / 2000.0 - count as f64).abs() < 2.0, "{sums:?}");
        }
    }

    #[test]
    fn percentiles_interpolate() {
        let interval = percentile_interval((0..=100).map(f64::from).collect(), 0.9);
        assert_eq!(interval.map(|i| (i.low.round(), i.high.round())), Some((5.0, 95.0)));
    }
}
