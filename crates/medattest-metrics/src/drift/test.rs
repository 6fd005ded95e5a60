//! Tests and distances by name. What is large enough to act on is for others to say.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ChiSquared, ContinuousCDF, Normal, StudentsT};

use super::category::CategoryPair;
use super::exact::{cramer_von_mises_cdf, fisher_two_sided, permuted};
use super::kolmogorov::{COUNTED, two_sample_sf, two_sided_sf};
use super::number::NumberPair;
use crate::estimate::NotEstimable;
use crate::rate::two_sided;

/// How two samples of one column are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DriftTest {
    /// Two-sample Kolmogorov-Smirnov: exact up to 10,000 rows, else the one-sample distribution at n m / (n + m).
    KolmogorovSmirnov,
    /// Wasserstein distance of order 1 in standard deviations of the reference.
    Wasserstein,
    /// Anderson-Darling for k samples with midranks (Scholz & Stephens 1987); p interpolated within 0.001 and 0.25.
    AndersonDarling,
    /// Cramér-von Mises, by the limit distribution (Anderson 1962).
    CramerVonMises,
    /// Epps-Singleton on characteristic functions at 0.4 and 0.8 (Epps & Singleton 1986; Goerg & Kaiser 2009).
    EppsSingleton,
    /// Student's t of two means with pooled variance.
    TTest,
    /// Mann-Whitney U, both sides.
    MannWhitney,
    /// Mann-Whitney U against the reference being smaller only: a fall is never seen.
    MannWhitneyLess,
    /// Energy distance (Székely & Rizzo 2013).
    Energy,
    /// Maximum mean discrepancy with a Gaussian kernel (Gretton et al. 2012), by drawing.
    MaximumMeanDiscrepancy,
    /// Pearson's chi-square of the current counts against the shares of the reference taken as known.
    ChiSquare,
    /// Pearson's chi-square of both samples being alike.
    Homogeneity,
    /// Two proportions with pooled variance, for columns of two values.
    Z,
    /// Fisher's exact test, for columns of two values.
    FisherExact,
    /// The likelihood-ratio form of the chi-square.
    G,
    /// Total variation distance, by drawing.
    TotalVariation,
    /// Largest difference of a share.
    LInfinity,
    /// Population stability index; empty bins are filled.
    Psi,
    /// Kullback-Leibler divergence of the current sample from the reference; empty bins are filled.
    KullbackLeibler,
    /// Jensen-Shannon distance, natural logarithm.
    JensenShannon,
    /// Hellinger distance.
    Hellinger,
}

/// What a [`DriftTest`] yields: a p-value or a distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Small means different.
    PValue,
    /// Large means different.
    Distance,
}

/// The outcome of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The statistic, where the score is a p-value.
    pub statistic: Option<f64>,
    /// The p-value or distance.
    pub score: f64,
}

const DRAWS: usize = 1_000;
const MMD_DRAWS: usize = 200;
/// Distinct values beyond which a kernel over all pairs of values takes too long.
const MMD_VALUES: usize = 1_000;
/// Distinct numbers of the reference up to which shares are those of values, not of bins.
const BY_VALUE: usize = 20;
/// Share that stands for an empty bin.
const EMPTY: f64 = 1e-4;
/// What the standard deviation of the reference is at least, when distances are divided by it.
pub const SD_FLOOR: f64 = 0.001;

impl DriftTest {
    /// All of them.
    pub const ALL: [Self; 21] = [
        Self::KolmogorovSmirnov,
        Self::Wasserstein,
        Self::AndersonDarling,
        Self::CramerVonMises,
        Self::EppsSingleton,
        Self::TTest,
        Self::MannWhitney,
        Self::MannWhitneyLess,
        Self::Energy,
        Self::MaximumMeanDiscrepancy,
        Self::ChiSquare,
        Self::Homogeneity,
        Self::Z,
        Self::FisherExact,
        Self::G,
        Self::TotalVariation,
        Self::LInfinity,
        Self::Psi,
        Self::KullbackLeibler,
        Self::JensenShannon,
        Self::Hellinger,
    ];

    /// What it yields.
    pub fn kind(self) -> Kind {
        match self {
            Self::Wasserstein
            | Self::Energy
            | Self::LInfinity
            | Self::Psi
            | Self::KullbackLeibler
            | Self::JensenShannon
            | Self::Hellinger => Kind::Distance,
            _ => Kind::PValue,
        }
    }

    /// Whether it compares numbers.
    pub fn of_numbers(self) -> bool {
        !matches!(
            self,
            Self::ChiSquare
                | Self::Homogeneity
                | Self::Z
                | Self::FisherExact
                | Self::G
                | Self::TotalVariation
                | Self::LInfinity
        )
    }

    /// Whether it compares categories.
    pub fn of_categories(self) -> bool {
        !self.of_numbers()
            || matches!(self, Self::Psi | Self::KullbackLeibler | Self::JensenShannon | Self::Hellinger)
    }

    /// Compares two samples of numbers.
    ///
    /// # Errors
    /// When a sample is empty, the test is not one of numbers, or its statistic is not defined.
    pub fn numbers(self, pair: &NumberPair, seed: u64) -> Result<Outcome, NotEstimable> {
        let (n, m) = pair.sizes();
        if n == 0.0 || m == 0.0 {
            return Err(NotEstimable::NoRows);
        }
        let p = |statistic: f64, score: f64| Ok(Outcome { statistic: Some(statistic), score });
        let distance = |score: f64| Ok(Outcome { statistic: None, score });
        match self {
            Self::KolmogorovSmirnov => {
                let d = pair.ks();
                let sf = if n.max(m) <= COUNTED {
                    two_sample_sf(n as u64, m as u64, d)
                } else {
                    two_sided_sf((n * m / (n + m)).round(), d)
                };
                p(d, sf)
            }
            Self::Wasserstein => {
                let ((_, variance), _) = pair.moments().ok_or(NotEstimable::NoRows)?;
                distance(pair.wasserstein() / variance.sqrt().max(SD_FLOOR))
            }
            Self::AndersonDarling => {
                let statistic = anderson_darling(pair);
                p(statistic, anderson_darling_p(statistic)?)
            }
            Self::CramerVonMises => cramer_von_mises(pair),
            Self::EppsSingleton => epps_singleton(pair),
            Self::TTest => {
                let ((x, vx), (y, vy)) = pair.moments().ok_or(NotEstimable::NoRows)?;
                let freedom = n + m - 2.0;
                let pooled = (vx * n + vy * m) / freedom;
                if freedom <= 0.0 || pooled <= 0.0 {
                    return Err(NotEstimable::NoSpread);
                }
                let t = (x - y) / (pooled * (1.0 / n + 1.0 / m)).sqrt();
                let law = StudentsT::new(0.0, 1.0, freedom).map_err(|_| NotEstimable::NoSpread)?;
                p(t, 2.0 * law.sf(t.abs()))
            }
            Self::MannWhitney | Self::MannWhitneyLess => mann_whitney(pair, self == Self::MannWhitney),
            Self::Energy => distance(pair.energy()),
            Self::MaximumMeanDiscrepancy => maximum_mean_discrepancy(pair, seed),
            // As the package that made it common does: always in bins, as many as the distinct values ask for.
            Self::Hellinger => {
                let (p, q) = pair.binned(&pair.sturges(pair.values.len() as f64));
                distance(self.of_shares(p, q))
            }
            Self::Psi | Self::KullbackLeibler | Self::JensenShannon => {
                if pair.distinct_in_reference() > BY_VALUE {
                    let (p, q) = pair.binned(&pair.sturges(n + m));
                    distance(self.of_shares(p, q))
                } else {
                    let shares = |counts: &[f64], n: f64| counts.iter().map(|c| c / n).collect();
                    distance(self.of_shares(shares(&pair.a, n), shares(&pair.b, m)))
                }
            }
            _ => Err(NotEstimable::NoSpread),
        }
    }

    /// Compares two samples of categories.
    ///
    /// # Errors
    /// When a sample is empty, the test is not one of categories, or its statistic is not defined.
    pub fn categories(self, pair: &CategoryPair, seed: u64) -> Result<Outcome, NotEstimable> {
        let (n, m) = pair.sizes();
        if n == 0.0 || m == 0.0 {
            return Err(NotEstimable::NoRows);
        }
        let p = |statistic: f64, score: f64| Ok(Outcome { statistic: Some(statistic), score });
        let (shares_a, shares_b) = pair.shares();
        match self {
            Self::ChiSquare | Self::G => {
                let mut statistic = 0.0;
                for (a, b) in pair.a.iter().zip(&pair.b) {
                    let expected = a * m / n;
                    statistic += match self {
                        Self::ChiSquare => (b - expected) * (b - expected) / expected,
                        _ if *b == 0.0 => 0.0,
                        _ => 2.0 * b * (b / expected).ln(),
                    };
                }
                let freedom = pair.labels.len() as f64 - 1.0;
                p(statistic, chi_square_sf(statistic, freedom))
            }
            Self::Homogeneity => {
                let mut statistic = 0.0;
                for (a, b) in pair.a.iter().zip(&pair.b) {
                    for (own, size) in [(a, n), (b, m)] {
                        let expected = (a + b) * size / (n + m);
                        statistic += (own - expected) * (own - expected) / expected;
                    }
                }
                p(statistic, chi_square_sf(statistic, pair.labels.len() as f64 - 1.0))
            }
            Self::Z => match pair.labels.len() {
                1 => p(0.0, 1.0),
                2 => {
                    let pooled = (pair.a[0] + pair.b[0]) / (n + m);
                    let se = (pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)).sqrt();
                    let z = (shares_a[0] - shares_b[0]) / se;
                    p(z, two_sided(z))
                }
                _ => Err(NotEstimable::NoSpread),
            },
            Self::FisherExact => match (&pair.a[..], &pair.b[..]) {
                ([_], _) => p(0.0, 1.0),
                ([a, b], [c, d]) => {
                    p(shares_a[0] - shares_b[0], fisher_two_sided([[*a as u64, *b as u64], [*c as u64, *d as u64]]))
                }
                _ => Err(NotEstimable::NoSpread),
            },
            Self::TotalVariation => {
                let distance =
                    |a: &[f64], b: &[f64]| 0.5 * a.iter().zip(b).map(|(a, b)| (a / n - b / m).abs()).sum::<f64>();
                p(distance(&pair.a, &pair.b), permuted(&pair.a, &pair.b, DRAWS, seed, distance))
            }
            Self::LInfinity => {
                let most = shares_a.iter().zip(&shares_b).map(|(p, q)| (p - q).abs()).fold(0.0, f64::max);
                Ok(Outcome { statistic: None, score: most })
            }
            Self::Psi | Self::KullbackLeibler | Self::JensenShannon | Self::Hellinger => {
                Ok(Outcome { statistic: None, score: self.of_shares(shares_a, shares_b) })
            }
            _ => Err(NotEstimable::NoSpread),
        }
    }

    /// A distance between shares of the same bins.
    fn of_shares(self, mut p: Vec<f64>, mut q: Vec<f64>) -> f64 {
        let pairs = |p: &[f64], q: &[f64], term: fn(f64, f64) -> f64| -> f64 {
            p.iter().zip(q).map(|(p, q)| term(*p, *q)).sum()
        };
        let entropy = |p: f64, q: f64| if p > 0.0 { p * (p / q).ln() } else { 0.0 };
        match self {
            Self::Hellinger => (pairs(&p, &q, |p, q| (p.sqrt() - q.sqrt()).powi(2)) / 2.0).sqrt(),
            Self::JensenShannon => {
                let to_middle: f64 =
                    p.iter().zip(&q).map(|(p, q)| entropy(*p, (p + q) / 2.0) + entropy(*q, (p + q) / 2.0)).sum();
                (to_middle / 2.0).max(0.0).sqrt()
            }
            _ => {
                fill_empty(&mut p);
                fill_empty(&mut q);
                if self == Self::Psi {
                    return pairs(&p, &q, |p, q| (p - q) * (p / q).ln());
                }
                // Filled shares no longer add up to one.
                let (sp, sq): (f64, f64) = (p.iter().sum(), q.iter().sum());
                p.iter().zip(&q).map(|(p, q)| entropy(p / sp, q / sq)).sum()
            }
        }
    }
}

/// Puts a small share into empty bins, smaller yet where the smallest share is small itself.
fn fill_empty(shares: &mut [f64]) {
    let least = shares.iter().copied().filter(|share| *share > 0.0).fold(f64::INFINITY, f64::min);
    let fill = if least <= EMPTY { least / 1e6 } else { EMPTY };
    for share in shares.iter_mut().filter(|share| **share == 0.0) {
        *share = fill;
    }
}

fn chi_square_sf(statistic: f64, freedom: f64) -> f64 {
    if statistic.is_nan() || freedom < 1.0 {
        return 1.0;
    }
    if statistic.is_infinite() {
        return 0.0;
    }
    ChiSquared::new(freedom).map_or(1.0, |law| law.sf(statistic))
}

/// The statistic of Scholz & Stephens (1987, doi 10.1080/01621459.1987.10478517), equation 7, standardised.
fn anderson_darling(pair: &NumberPair) -> f64 {
    let (n, m) = pair.sizes();
    let total = n + m;
    let mut sum = [0.0; 2];
    let (mut below, mut below_a, mut below_b) = (0.0, 0.0, 0.0);
    for (a, b) in pair.a.iter().zip(&pair.b) {
        let here = a + b;
        let middle = below + here / 2.0;
        let scale = middle * (total - middle) - total * here / 4.0;
        for (at, (before, own, size)) in [(below_a, *a, n), (below_b, *b, m)].into_iter().enumerate() {
            let lead = total * (before + own / 2.0) - middle * size;
            if scale != 0.0 {
                sum[at] += here / total * lead * lead / scale;
            }
        }
        below += here;
        below_a += a;
        below_b += b;
    }
    let statistic = (sum[0] / n + sum[1] / m) * (total - 1.0) / total;
    // Variance for two samples.
    let sizes = 1.0 / n + 1.0 / m;
    let count = total as u64;
    let (mut h, mut g, mut tail) = (0.0, 0.0, 0.0);
    for i in (1..count).rev() {
        h += 1.0 / i as f64;
        if i >= 2 {
            tail += 1.0 / i as f64;
            g += tail / (count - i + 1) as f64;
        }
    }
    let k = 2.0_f64;
    let a = (4.0 * g - 6.0) * (k - 1.0) + (10.0 - 6.0 * g) * sizes;
    let b = (2.0 * g - 4.0) * k * k + 8.0 * h * k + (2.0 * g - 14.0 * h - 4.0) * sizes - 8.0 * h + 4.0 * g - 6.0;
    let c = (6.0 * h + 2.0 * g - 2.0) * k * k + (4.0 * h - 4.0 * g + 6.0) * k + (2.0 * h - 6.0) * sizes + 4.0 * h;
    let d = (2.0 * h + 6.0) * k * k - 4.0 * h * k;
    let variance =
        (a * total.powi(3) + b * total.powi(2) + c * total + d) / ((total - 1.0) * (total - 2.0) * (total - 3.0));
    (statistic - (k - 1.0)) / variance.sqrt()
}

/// The p-value by a parabola through the logarithms of tabled levels (Scholz & Stephens 1987, table 2, two samples).
fn anderson_darling_p(statistic: f64) -> Result<f64, NotEstimable> {
    const LEVELS: [f64; 7] = [0.25, 0.1, 0.05, 0.025, 0.01, 0.005, 0.001];
    const B0: [f64; 7] = [0.675, 1.281, 1.645, 1.96, 2.326, 2.573, 3.085];
    const B1: [f64; 7] = [-0.245, 0.25, 0.678, 1.149, 1.822, 2.364, 3.615];
    const B2: [f64; 7] = [-0.105, -0.305, -0.362, -0.391, -0.396, -0.345, -0.154];
    if !statistic.is_finite() {
        return Err(NotEstimable::NoSpread);
    }
    let critical: Vec<f64> = (0..7).map(|i| B0[i] + B1[i] + B2[i]).collect();
    if statistic < critical[0] {
        return Ok(LEVELS[0]);
    }
    if statistic > critical[6] {
        return Ok(LEVELS[6]);
    }
    // Least squares with three coefficients.
    let mut normal = [[0.0; 3]; 3];
    let mut right = [0.0; 3];
    for (x, level) in critical.iter().zip(LEVELS) {
        let powers = [1.0, *x, x * x];
        for i in 0..3 {
            right[i] += powers[i] * level.ln();
            for j in 0..3 {
                normal[i][j] += powers[i] * powers[j];
            }
        }
    }
    let c = solve(normal.iter().map(|row| row.to_vec()).collect(), right.to_vec()).ok_or(NotEstimable::NoSpread)?;
    Ok((c[0] + c[1] * statistic + c[2] * statistic * statistic).exp())
}

/// Gaussian elimination with pivots.
fn solve(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Option<Vec<f64>> {
    let n = b.len();
    for i in 0..n {
        let pivot = (i..n).max_by(|x, y| a[*x][i].abs().total_cmp(&a[*y][i].abs()))?;
        if a[pivot][i].abs() < f64::MIN_POSITIVE {
            return None;
        }
        a.swap(i, pivot);
        b.swap(i, pivot);
        for row in i + 1..n {
            let factor = a[row][i] / a[i][i];
            let (above, below) = a.split_at_mut(row);
            for (cell, pivot) in below[0].iter_mut().zip(&above[i]).skip(i) {
                *cell -= factor * pivot;
            }
            b[row] -= factor * b[i];
        }
    }
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|j| a[i][j] * b[j]).sum();
        b[i] = (b[i] - known) / a[i][i];
    }
    Some(b)
}

/// Anderson (1962, doi 10.1214/aoms/1177704477), equations 9, 10 and 15.
fn cramer_von_mises(pair: &NumberPair) -> Result<Outcome, NotEstimable> {
    let (n, m) = pair.sizes();
    let (total, product) = (n + m, n * m);
    // Sum of (rank - own rank)²: within a tie the ranks are alike and own ranks run on.
    let (mut u, mut below, mut below_a, mut below_b) = (0.0, 0.0, 0.0, 0.0);
    for (a, b) in pair.a.iter().zip(&pair.b) {
        let rank = below + (a + b + 1.0) / 2.0;
        for (before, own, size) in [(below_a, *a, n), (below_b, *b, m)] {
            // Σ (rank - before - i)² for i from 1 to own, about the middle.
            let lead = rank - before - (own + 1.0) / 2.0;
            u += size * (own * lead * lead + own * (own * own - 1.0) / 12.0);
        }
        below += a + b;
        below_a += a;
        below_b += b;
    }
    let t = u / (product * total) - (4.0 * product - 1.0) / (6.0 * total);
    let mean = (1.0 + 1.0 / total) / 6.0;
    let variance = (total + 1.0) * (4.0 * product * total - 3.0 * (n * n + m * m) - 2.0 * product)
        / (45.0 * total * total * 4.0 * product);
    let standard = 1.0 / 6.0 + (t - mean) / (45.0 * variance).sqrt();
    // Below this the distribution function is nil.
    let p = if standard < 0.003 { 1.0 } else { (1.0 - cramer_von_mises_cdf(standard)).max(0.0) };
    Ok(Outcome { statistic: Some(t), score: p })
}

fn mann_whitney(pair: &NumberPair, both_sides: bool) -> Result<Outcome, NotEstimable> {
    let (n, m) = pair.sizes();
    let total = n + m;
    let (mut ranks, mut below, mut ties) = (0.0, 0.0, 0.0);
    for (a, b) in pair.a.iter().zip(&pair.b) {
        let here = a + b;
        ranks += a * (below + (here + 1.0) / 2.0);
        below += here;
        ties += here * here * here - here;
    }
    let u = ranks - n * (n + 1.0) / 2.0;
    let variance = n * m / 12.0 * (total + 1.0 - ties / (total * (total - 1.0)));
    if variance <= 0.0 {
        return Err(NotEstimable::NoSpread);
    }
    // The reference being smaller shows as a large U of the current sample; half a step for continuity.
    let other = n * m - u;
    let used = if both_sides { u.max(other) } else { other };
    let z = (used - n * m / 2.0 - 0.5) / variance.sqrt();
    let tail = Normal::standard().sf(z);
    Ok(Outcome { statistic: Some(u), score: if both_sides { (2.0 * tail).min(1.0) } else { tail } })
}

/// Epps & Singleton (1986, doi 10.1080/00949658608810963).
fn epps_singleton(pair: &NumberPair) -> Result<Outcome, NotEstimable> {
    const AT: [f64; 2] = [0.4, 0.8];
    let (n, m) = pair.sizes();
    let sigma = pair.pooled_iqr().unwrap_or(0.0) / 2.0;
    if n < 5.0 || m < 5.0 || sigma <= 0.0 {
        return Err(NotEstimable::NoSpread);
    }
    let row = |value: f64| {
        let [s, t] = AT.map(|t| t / sigma * value);
        [s.cos(), t.cos(), s.sin(), t.sin()]
    };
    let rows: Vec<[f64; 4]> = pair.values.iter().map(|value| row(*value)).collect();
    let of = |counts: &[f64], size: f64| {
        let mut mean = [0.0; 4];
        for (row, c) in rows.iter().zip(counts) {
            for (mean, x) in mean.iter_mut().zip(row) {
                *mean += c * x / size;
            }
        }
        let mut covariance = [[0.0; 4]; 4];
        for (row, c) in rows.iter().zip(counts) {
            for i in 0..4 {
                for j in 0..4 {
                    covariance[i][j] += c * (row[i] - mean[i]) * (row[j] - mean[j]) / size;
                }
            }
        }
        (mean, covariance)
    };
    let ((mean_a, cov_a), (mean_b, cov_b)) = (of(&pair.a, n), of(&pair.b, m));
    let total = n + m;
    let estimate: Vec<Vec<f64>> =
        (0..4).map(|i| (0..4).map(|j| total / n * cov_a[i][j] + total / m * cov_b[i][j]).collect()).collect();
    let difference: Vec<f64> = mean_a.iter().zip(mean_b).map(|(a, b)| a - b).collect();
    let solved = solve(estimate, difference.clone()).ok_or(NotEstimable::NoSpread)?;
    let mut w = total * difference.iter().zip(&solved).map(|(a, b)| a * b).sum::<f64>();
    if n.max(m) < 25.0 {
        w /= 1.0 + total.powf(-0.45) + 10.1 * (n.powf(-1.7) + m.powf(-1.7));
    }
    Ok(Outcome { statistic: Some(w), score: chi_square_sf(w, 4.0) })
}

/// Unbiased squared discrepancy with the median distance of values as bandwidth; the p-value is by drawing.
fn maximum_mean_discrepancy(pair: &NumberPair, seed: u64) -> Result<Outcome, NotEstimable> {
    let d = pair.values.len();
    if !(2..=MMD_VALUES).contains(&d) {
        return Err(NotEstimable::NoSpread);
    }
    let (n, m) = pair.sizes();
    if n < 2.0 || m < 2.0 {
        return Err(NotEstimable::FewerThan(2));
    }
    let mut apart: Vec<f64> =
        (0..d).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| pair.values[i] - pair.values[j]).collect();
    apart.sort_unstable_by(f64::total_cmp);
    let width = apart[apart.len() / 2];
    let kernel: Vec<f64> = (0..d * d)
        .map(|at| {
            let gap = (pair.values[at / d] - pair.values[at % d]) / width;
            (-gap * gap / 2.0).exp()
        })
        .collect();
    let statistic = |a: &[f64], b: &[f64]| {
        let form = |x: &[f64], y: &[f64]| -> f64 {
            (0..d).map(|i| x[i] * (0..d).map(|j| kernel[i * d + j] * y[j]).sum::<f64>()).sum()
        };
        (form(a, a) - n) / (n * (n - 1.0)) + (form(b, b) - m) / (m * (m - 1.0)) - 2.0 * form(a, b) / (n * m)
    };
    let own = statistic(&pair.a, &pair.b);
    Ok(Outcome { statistic: Some(own), score: permuted(&pair.a, &pair.b, MMD_DRAWS, seed, statistic) })
}
