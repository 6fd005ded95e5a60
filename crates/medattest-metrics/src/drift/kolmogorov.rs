//! Distribution of the Kolmogorov-Smirnov statistic: of one sample of `n` (Simard & L'Ecuyer 2011, doi
//! 10.18637/jss.v039.i11, after Marsaglia, Tsang & Wang 2003, Pelz & Good 1976 and Miller 1956), and of two samples by
//! counting lattice paths.

use std::f64::consts::PI;

use statrs::function::factorial::ln_binomial;
use statrs::function::gamma::ln_gamma;

/// Up to this size of the larger sample the two-sample distribution is had by counting paths.
pub(crate) const COUNTED: f64 = 10_000.0;

/// P(D >= d) for one sample of `n` rows.
pub(crate) fn two_sided_sf(n: f64, d: f64) -> f64 {
    let t = n * d;
    let sf = if d >= 1.0 {
        0.0
    } else if t <= 0.5 {
        1.0
    } else if t <= 1.0 {
        // Every row lies within half a step of its place.
        1.0 - (ln_gamma(n + 1.0) - n * n.ln() + n * (2.0 * t - 1.0).ln()).exp()
    } else if t >= n - 1.0 {
        2.0 * (1.0 - d).powf(n)
    } else if d >= 0.5 || t * d >= if n <= 140.0 { 4.0 } else { 2.2 } {
        if t * d >= 370.0 { 0.0 } else { 2.0 * one_sided_sf(n, d) }
    } else if n <= 140.0 || n <= 100_000.0 && n * d.powf(1.5) <= 1.4 {
        1.0 - matrix_cdf(n as usize, d)
    } else {
        pelz_good_sf(n, d)
    };
    sf.clamp(0.0, 1.0)
}

/// P(D+ >= d) for one sample: Birnbaum & Tingey's (1951) sum.
fn one_sided_sf(n: f64, d: f64) -> f64 {
    let last = (n * (1.0 - d)).floor() as u64;
    let mut sum = 0.0;
    for j in 0..=last {
        let x = j as f64;
        let rest = 1.0 - d - x / n;
        let tail = if n - x == 0.0 {
            0.0
        } else if rest <= 0.0 {
            f64::NEG_INFINITY
        } else {
            (n - x) * rest.ln()
        };
        sum += (ln_binomial(n as u64, j) + (x - 1.0) * (d + x / n).ln() + tail).exp();
    }
    d * sum
}

/// P(D < d) by the power of a matrix (Durbin 1973; Marsaglia, Tsang & Wang 2003), scaled against overflow.
fn matrix_cdf(n: usize, d: f64) -> f64 {
    let k = (n as f64 * d).ceil() as usize;
    let h = k as f64 - n as f64 * d;
    let m = 2 * k - 1;
    let mut matrix = vec![0.0; m * m];
    for i in 0..m {
        for j in 0..m {
            matrix[i * m + j] = if i + 1 >= j { 1.0 } else { 0.0 };
        }
    }
    for i in 0..m {
        matrix[i * m] -= h.powi(i as i32 + 1);
        matrix[(m - 1) * m + i] -= h.powi((m - i) as i32);
    }
    matrix[(m - 1) * m] += if 2.0 * h > 1.0 { (2.0 * h - 1.0).powi(m as i32) } else { 0.0 };
    for i in 0..m {
        for j in 0..m {
            for g in 1..=(i + 1).saturating_sub(j) {
                matrix[i * m + j] /= g as f64;
            }
        }
    }
    let multiply = |a: &[f64], b: &[f64]| {
        let mut c = vec![0.0; m * m];
        for i in 0..m {
            for l in 0..m {
                let x = a[i * m + l];
                for j in 0..m {
                    c[i * m + j] += x * b[l * m + j];
                }
            }
        }
        c
    };
    const LARGE: f64 = 1e140;
    let scaled = |mut a: Vec<f64>, mut exponent: i32| {
        while a[(k - 1) * m + k - 1] > LARGE {
            a.iter_mut().for_each(|x| *x /= LARGE);
            exponent += 140;
        }
        (a, exponent)
    };
    let mut result: Option<(Vec<f64>, i32)> = None;
    let (mut power, mut exponent, mut rest) = (matrix, 0, n);
    while rest > 0 {
        if rest & 1 == 1 {
            result = Some(match result {
                None => (power.clone(), exponent),
                Some((r, e)) => scaled(multiply(&r, &power), e + exponent),
            });
        }
        rest >>= 1;
        if rest > 0 {
            (power, exponent) = scaled(multiply(&power, &power), exponent * 2);
        }
    }
    let Some((result, mut exponent)) = result else { return 0.0 };
    let mut p = result[(k - 1) * m + k - 1];
    for i in 1..=n {
        p *= i as f64 / n as f64;
        if p < 1e-140 {
            p *= LARGE;
            exponent -= 140;
        }
    }
    p * 10f64.powi(exponent)
}

/// P(D >= d) by the expansion of Pelz & Good (1976) to the third order in one over the root of `n`.
fn pelz_good_sf(n: f64, d: f64) -> f64 {
    let z = n.sqrt() * d;
    let (z2, z3, z4, z6) = (z.powi(2), z.powi(3), z.powi(4), z.powi(6));
    let (pi2, pi4, pi6) = (PI.powi(2), PI.powi(4), PI.powi(6));
    let root = (2.0 * PI).sqrt();
    let terms = (16.0 * z / PI).ceil() as i32;
    let mut k = [0.0; 4];
    for j in (1..=terms).rev() {
        // Over odd integers, half of them by symmetry.
        let m2 = f64::from((2 * j - 1) * (2 * j - 1));
        let e = (-pi2 * m2 / (8.0 * z2)).exp();
        let (m4, m6) = (m2 * m2, m2 * m2 * m2);
        k[0] += e;
        k[1] += e * (-z2 + pi2 / 4.0 * m2);
        k[2] +=
            e * (6.0 * z6 + 2.0 * z4 + (2.0 * z4 - 5.0 * z2) * pi2 / 4.0 * m2 + pi4 * (1.0 - 2.0 * z2) / 16.0 * m4);
        k[3] += e
            * (-30.0 * z6 - 90.0 * z.powi(8)
                + pi2 * (135.0 * z4 - 96.0 * z6) / 4.0 * m2
                + pi4 * (-60.0 * z2 + 212.0 * z4) / 16.0 * m4
                + pi6 * (5.0 - 30.0 * z2) / 64.0 * m6);
    }
    k[0] *= root / z;
    k[1] *= root / (6.0 * z4);
    k[2] *= root / (72.0 * z.powi(7));
    k[3] *= root / (6480.0 * z.powi(10));
    for j in (1..=terms).rev() {
        let j2 = f64::from(j * j);
        let e = (-pi2 * j2 / (2.0 * z2)).exp();
        k[2] -= pi2 * root / (36.0 * z3) * j2 * e;
        k[3] += pi2 * root / (216.0 * z6) * (3.0 * z2 - pi2 * j2) * j2 * e;
    }
    let root_n = n.sqrt();
    1.0 - (k[0] + k[1] / root_n + k[2] / n + k[3] / (n * root_n))
}

/// P(D >= d) for two samples, exact where samples have no ties across values (Hodges 1958): one less the share of
/// lattice paths that stay within the bounds. Ties make it conservative.
pub(crate) fn two_sample_sf(n: u64, m: u64, d: f64) -> f64 {
    let (n, m) = (n.min(m) as usize, n.max(m) as usize);
    let (nf, mf) = (n as f64, m as f64);
    // The statistic is a multiple of one over the least common multiple; half a step below it is a safe bound.
    let step = 1.0 / (nf * mf / gcd(n as u64, m as u64) as f64);
    let bound = (d / step).round() * step - 0.5 * step;
    // u[j]: probability that a random path to (i, j) has stayed inside.
    let mut u = vec![0.0; m + 1];
    for (j, cell) in u.iter_mut().enumerate() {
        *cell = if j as f64 / mf > bound { 0.0 } else { 1.0 };
    }
    for i in 1..=n {
        let x = i as f64 / nf;
        u[0] = if x > bound { 0.0 } else { u[0] };
        for j in 1..=m {
            u[j] = if (x - j as f64 / mf).abs() > bound {
                0.0
            } else {
                let (from_i, from_j) = (i as f64, j as f64);
                (from_i * u[j] + from_j * u[j - 1]) / (from_i + from_j)
            };
        }
    }
    (1.0 - u[m]).clamp(0.0, 1.0)
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
