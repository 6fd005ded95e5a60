//! Distributions that no library at hand has, and tests by drawing.

use std::f64::consts::PI;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Hypergeometric};
use statrs::function::factorial::ln_binomial;
use statrs::function::gamma::ln_gamma;

/// P(W < x) of the limit of the Cramér-von Mises statistic (Csörgő & Faraway 1996, equation 1.3, doi
/// 10.1111/j.2517-6161.1996.tb02077.x). The sum ends at the first term below 1e-7, as reference packages have it.
pub(crate) fn cramer_von_mises_cdf(x: f64) -> f64 {
    const LAST_TERM: f64 = 1e-7;
    let mut sum = 0.0;
    for k in 0..100_000 {
        let kf = f64::from(k);
        let u = (ln_gamma(kf + 0.5) - ln_gamma(kf + 1.0)).exp() / (PI.powf(1.5) * x.sqrt());
        let y = 4.0 * kf + 1.0;
        let q = y * y / (16.0 * x);
        let term = u * y.sqrt() * scaled_bessel_k_quarter(q) * (-2.0 * q).exp();
        sum += term;
        if term.abs() < LAST_TERM {
            break;
        }
    }
    sum
}

/// exp(q) K(1/4, q), the modified Bessel function of the second kind, as the integral of exp(q (1 - cosh t)) cosh(t/4)
/// by the trapezoidal rule, which converges geometrically here.
fn scaled_bessel_k_quarter(q: f64) -> f64 {
    const STEP: f64 = 1.0 / 64.0;
    let mut sum = 0.5;
    for i in 1..4_000 {
        let t = f64::from(i) * STEP;
        let term = (q * (1.0 - t.cosh())).exp() * (t / 4.0).cosh();
        sum += term;
        if term < 1e-18 * sum {
            break;
        }
    }
    sum * STEP
}

/// Two-sided p-value of Fisher's exact test of a two-by-two table: all tables no likelier than this one.
pub(crate) fn fisher_two_sided([[a, b], [c, d]]: [[u64; 2]; 2]) -> f64 {
    let (row, column, n) = (a + b, a + c, a + b + c + d);
    let log = |k: u64| ln_binomial(column, k) + ln_binomial(n - column, row - k) - ln_binomial(n, row);
    let own = log(a);
    let (low, high) = ((row + column).saturating_sub(n), row.min(column));
    // Rounding must not keep out tables that are exactly as likely.
    const ALIKE: f64 = 1e-7;
    let p: f64 = (low..=high).map(log).filter(|other| *other <= own + ALIKE).map(f64::exp).sum();
    p.min(1.0)
}

/// How often, over `draws` random divisions of both samples together, a statistic of the two parts is at least as
/// large as it was. The first part keeps its size. Returns (exceeding + 1) / (draws + 1) (Phipson & Smyth 2010).
pub(crate) fn permuted(
    a: &[f64],
    b: &[f64],
    draws: usize,
    seed: u64,
    statistic: impl Fn(&[f64], &[f64]) -> f64,
) -> f64 {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let pooled: Vec<u64> = a.iter().zip(b).map(|(a, b)| (a + b) as u64).collect();
    let own = statistic(a, b);
    let (mut x, mut y) = (vec![0.0; a.len()], vec![0.0; a.len()]);
    let mut exceeding = 0;
    for _ in 0..draws {
        let mut left = pooled.iter().sum::<u64>();
        let mut want = a.iter().sum::<f64>() as u64;
        for (at, n) in pooled.iter().enumerate() {
            let taken = Hypergeometric::new(left, *n, want).map_or(0, |h| h.sample(&mut random));
            x[at] = taken as f64;
            y[at] = (n - taken) as f64;
            left -= n;
            want -= taken;
        }
        // Equal up to rounding counts as equal.
        exceeding += usize::from(statistic(&x, &y) >= own * (1.0 - 1e-12));
    }
    (exceeding + 1) as f64 / (draws + 1) as f64
}
