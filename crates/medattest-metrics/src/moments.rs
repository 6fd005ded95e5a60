//! Several numbers at once, from sums of products: how well the main directions of the reference describe a window.

use serde::{Deserialize, Serialize};

/// Sums over the rows in which every column has a value.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    /// Rows.
    pub n: u64,
    /// Sum of each column less its shift.
    pub sums: Vec<f64>,
    /// Sums of products of columns `i >= j` less their shifts, row by row of the triangle.
    pub products: Vec<f64>,
    /// What is taken off each column against cancellation.
    pub shift: Vec<f64>,
}

impl Moments {
    /// Nothing yet of so many columns.
    pub fn new(shift: Vec<f64>) -> Self {
        let k = shift.len();
        Self { n: 0, sums: vec![0.0; k], products: vec![0.0; k * (k + 1) / 2], shift }
    }

    /// Adds another part with the same shift.
    pub fn merge(&mut self, other: &Self) {
        self.n += other.n;
        for (sum, more) in self.sums.iter_mut().zip(&other.sums) {
            *sum += more;
        }
        for (sum, more) in self.products.iter_mut().zip(&other.products) {
            *sum += more;
        }
    }

    /// Means, shifts put back.
    pub fn means(&self) -> Vec<f64> {
        self.sums.iter().zip(&self.shift).map(|(sum, shift)| sum / self.n as f64 + shift).collect()
    }

    /// Mean products of deviations from `about`.
    fn about(&self, about: &[f64]) -> Vec<Vec<f64>> {
        let k = self.sums.len();
        let n = self.n as f64;
        let gap: Vec<f64> = about.iter().zip(&self.shift).map(|(about, shift)| about - shift).collect();
        let mut matrix = vec![vec![0.0; k]; k];
        let mut at = 0;
        for i in 0..k {
            for j in 0..=i {
                // E (x - a)(y - b) with x, y less their shifts.
                let value =
                    self.products[at] / n - gap[i] * self.sums[j] / n - gap[j] * self.sums[i] / n + gap[i] * gap[j];
                matrix[i][j] = value;
                matrix[j][i] = value;
                at += 1;
            }
        }
        matrix
    }
}

/// The main directions of a reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Directions {
    means: Vec<f64>,
    deviations: Vec<f64>,
    /// Unit vectors in units of standard deviations.
    vectors: Vec<Vec<f64>>,
    /// Share of the variance that they hold.
    pub explained: f64,
}

impl Directions {
    /// As few principal components of the correlations as hold the share `explained` of the variance (Jolliffe 2002).
    /// None where fewer than two columns vary.
    pub fn of(reference: &Moments, explained: f64) -> Option<Self> {
        let k = reference.sums.len();
        if reference.n < 2 || k < 2 {
            return None;
        }
        let means = reference.means();
        let covariance = reference.about(&means);
        let deviations: Vec<f64> = (0..k).map(|i| covariance[i][i].max(0.0).sqrt()).collect();
        if deviations.iter().filter(|d| **d > 0.0).count() < 2 {
            return None;
        }
        let scaled = standardised(&covariance, &deviations);
        let (values, vectors) = eigen(scaled);
        let total: f64 = values.iter().map(|v| v.max(0.0)).sum();
        let mut kept = Vec::new();
        let mut held = 0.0;
        for (value, vector) in values.iter().zip(vectors) {
            if held >= explained * total {
                break;
            }
            held += value.max(0.0);
            kept.push(vector);
        }
        Some(Self { means, deviations, vectors: kept, explained: held / total })
    }

    /// Root of the mean squared distance between rows and what the main directions make of them, in standard deviations
    /// of the reference. Exact from sums of products; the mean of distances that others give is not.
    pub fn reconstruction_error(&self, window: &Moments) -> Option<f64> {
        if window.n == 0 || window.sums.len() != self.means.len() {
            return None;
        }
        let spread = standardised(&window.about(&self.means), &self.deviations);
        let all: f64 = (0..spread.len()).map(|i| spread[i][i]).sum();
        let held: f64 = self
            .vectors
            .iter()
            .map(|v| {
                v.iter()
                    .zip(&spread)
                    .map(|(x, row)| x * row.iter().zip(v).map(|(a, b)| a * b).sum::<f64>())
                    .sum::<f64>()
            })
            .sum();
        Some((all - held).max(0.0).sqrt())
    }

    /// How many directions were kept.
    pub fn len(&self) -> usize {
        self.vectors.len()
    }

    /// Whether none was.
    pub fn is_empty(&self) -> bool {
        self.vectors.is_empty()
    }
}

fn standardised(matrix: &[Vec<f64>], deviations: &[f64]) -> Vec<Vec<f64>> {
    let scale = |i: usize| if deviations[i] > 0.0 { 1.0 / deviations[i] } else { 0.0 };
    (0..matrix.len()).map(|i| (0..matrix.len()).map(|j| matrix[i][j] * scale(i) * scale(j)).collect()).collect()
}

/// Eigenvalues in descending order and their unit vectors, by Jacobi's rotations.
fn eigen(mut a: Vec<Vec<f64>>) -> (Vec<f64>, Vec<Vec<f64>>) {
    let n = a.len();
    let mut v: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| f64::from(u8::from(i == j))).collect()).collect();
    for _ in 0..100 {
        let off: f64 = (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| a[i][j] * a[i][j]).sum();
        if off < 1e-22 {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                if a[p][q].abs() < 1e-300 {
                    continue;
                }
                let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
                let t = if theta >= 0.0 { 1.0 } else { -1.0 } / (theta.abs() + (theta * theta + 1.0).sqrt());
                let c = 1.0 / (t * t + 1.0).sqrt();
                let s = t * c;
                for row in &mut a {
                    let (x, y) = (row[p], row[q]);
                    row[p] = c * x - s * y;
                    row[q] = s * x + c * y;
                }
                let (above, below) = a.split_at_mut(q);
                for (x, y) in above[p].iter_mut().zip(&mut below[0]) {
                    (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
                }
                for row in &mut v {
                    let (x, y) = (row[p], row[q]);
                    row[p] = c * x - s * y;
                    row[q] = s * x + c * y;
                }
            }
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|x, y| a[*y][*y].total_cmp(&a[*x][*x]));
    let values = order.iter().map(|i| a[*i][*i]).collect();
    let vectors = order.iter().map(|i| v.iter().map(|row| row[*i]).collect()).collect();
    (values, vectors)
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn moments(rows: &[[f64; 3]]) -> Moments {
        let mut m = Moments::new(vec![10.0, 0.0, 5.0]);
        for row in rows {
            m.n += 1;
            let d: Vec<f64> = row.iter().zip(&m.shift).map(|(x, s)| x - s).collect();
            let mut at = 0;
            for i in 0..3 {
                m.sums[i] += d[i];
                for j in 0..=i {
                    m.products[at] += d[i] * d[j];
                    at += 1;
                }
            }
        }
        m
    }

    #[test]
    fn what_breaks_a_correlation_is_seen_though_no_column_moves() {
        let tied: Vec<[f64; 3]> =
            (0..200).map(|i| [f64::from(i % 20), f64::from(i % 20) * 2.0, f64::from(i * 7 % 11)]).collect();
        let reference = moments(&tied);
        let directions = Directions::of(&reference, 0.65).expect("varies");
        let same = directions.reconstruction_error(&reference).expect("rows");
        let broken: Vec<[f64; 3]> = tied.iter().map(|r| [r[0], 38.0 - r[1], r[2]]).collect();
        let apart = directions.reconstruction_error(&moments(&broken)).expect("rows");
        assert!(apart > same + 0.3, "{same} {apart}");
        // From the definition, row by row.
        let (means, sd) = (&directions.means, &directions.deviations);
        let direct: f64 = broken
            .iter()
            .map(|row| {
                let x: Vec<f64> = (0..3).map(|i| (row[i] - means[i]) / sd[i]).collect();
                let held: f64 = directions
                    .vectors
                    .iter()
                    .map(|v| v.iter().zip(&x).map(|(a, b)| a * b).sum::<f64>().powi(2))
                    .sum();
                x.iter().map(|x| x * x).sum::<f64>() - held
            })
            .sum::<f64>()
            / 200.0;
        assert!((apart - direct.sqrt()).abs() < 1e-9);
    }
}
