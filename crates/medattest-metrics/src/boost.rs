//! Gradient boosting over binned columns (Friedman 2001, doi 10.1214/aos/1013203451; histograms after Ke et al. 2017):
//! small, deterministic, for asking whether two samples can be told apart and how large an error will be.

use serde::{Deserialize, Serialize};

/// Bins of a column; bin 0 holds what is missing.
pub const BINS: usize = 32;

/// What is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// Targets 0 or 1; predictions are log-odds.
    Logistic,
    /// Any target; predictions are means.
    Squared,
}

/// How trees are grown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Growth {
    /// Trees.
    pub trees: usize,
    /// Splits from the root to a leaf.
    pub depth: usize,
    /// Share of each tree's answer that is taken.
    pub rate: f64,
    /// Fewest rows of a leaf.
    pub leaf: usize,
}

impl Default for Growth {
    fn default() -> Self {
        Self { trees: 60, depth: 3, rate: 0.15, leaf: 20 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
enum Node {
    Leaf(f64),
    /// Column, last bin of the left side; children stand at 2 i + 1 and 2 i + 2.
    Split(u32, u8),
    Nothing,
}

/// Fitted trees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Boosted {
    loss: Loss,
    start: f64,
    trees: Vec<Vec<Node>>,
    /// Sum of gains by column.
    gains: Vec<f64>,
}

impl Boosted {
    /// Fits trees to columns of bins (`columns[c][row]`, below [`BINS`]) and one target a row.
    pub fn fit(columns: &[Vec<u8>], target: &[f64], loss: Loss, growth: Growth) -> Self {
        let n = target.len();
        let mean = target.iter().sum::<f64>() / n.max(1) as f64;
        let start = match loss {
            Loss::Squared => mean,
            Loss::Logistic => {
                let mean = mean.clamp(1e-6, 1.0 - 1e-6);
                (mean / (1.0 - mean)).ln()
            }
        };
        let mut model = Self { loss, start, trees: Vec::new(), gains: vec![0.0; columns.len()] };
        let mut fitted = vec![start; n];
        let (mut gradient, mut curvature) = (vec![0.0; n], vec![1.0; n]);
        for _ in 0..growth.trees {
            for row in 0..n {
                match loss {
                    Loss::Squared => gradient[row] = fitted[row] - target[row],
                    Loss::Logistic => {
                        let p = 1.0 / (1.0 + (-fitted[row]).exp());
                        gradient[row] = p - target[row];
                        curvature[row] = p * (1.0 - p);
                    }
                }
            }
            let mut tree = vec![Node::Nothing; (1 << (growth.depth + 1)) - 1];
            let rows: Vec<u32> = (0..n as u32).collect();
            model.grow(&mut tree, 0, growth.depth, rows, columns, (&gradient, &curvature), growth, &mut fitted);
            model.trees.push(tree);
        }
        model
    }

    #[allow(clippy::too_many_arguments, reason = "one recursion over what a node needs")]
    fn grow(
        &mut self,
        tree: &mut [Node],
        node: usize,
        depth: usize,
        rows: Vec<u32>,
        columns: &[Vec<u8>],
        (gradient, curvature): (&[f64], &[f64]),
        growth: Growth,
        fitted: &mut [f64],
    ) {
        const RIDGE: f64 = 1.0;
        let (g, h) =
            rows.iter().fold((0.0, 0.0), |(g, h), row| (g + gradient[*row as usize], h + curvature[*row as usize]));
        let mut best: Option<(f64, usize, u8)> = None;
        if depth > 0 && rows.len() >= 2 * growth.leaf {
            for (at, column) in columns.iter().enumerate() {
                let mut bins = [(0.0, 0.0, 0usize); BINS];
                for row in &rows {
                    let row = *row as usize;
                    let bin = &mut bins[usize::from(column[row]) % BINS];
                    bin.0 += gradient[row];
                    bin.1 += curvature[row];
                    bin.2 += 1;
                }
                let (mut gl, mut hl, mut left) = (0.0, 0.0, 0);
                for (bin, (bg, bh, count)) in bins.iter().enumerate().take(BINS - 1) {
                    gl += bg;
                    hl += bh;
                    left += count;
                    if *count == 0 || left < growth.leaf || rows.len() - left < growth.leaf {
                        continue;
                    }
                    let (gr, hr) = (g - gl, h - hl);
                    let gain = gl * gl / (hl + RIDGE) + gr * gr / (hr + RIDGE) - g * g / (h + RIDGE);
                    if gain > 1e-9 && best.is_none_or(|(most, _, _)| gain > most) {
                        best = Some((gain, at, bin as u8));
                    }
                }
            }
        }
        let Some((gain, column, bin)) = best else {
            let answer = -g / (h + RIDGE) * growth.rate;
            tree[node] = Node::Leaf(answer);
            for row in rows {
                fitted[row as usize] += answer;
            }
            return;
        };
        self.gains[column] += gain;
        tree[node] = Node::Split(column as u32, bin);
        let (left, right): (Vec<u32>, Vec<u32>) =
            rows.into_iter().partition(|row| columns[column][*row as usize] <= bin);
        self.grow(tree, 2 * node + 1, depth - 1, left, columns, (gradient, curvature), growth, fitted);
        self.grow(tree, 2 * node + 2, depth - 1, right, columns, (gradient, curvature), growth, fitted);
    }

    /// The answer for one row of bins: log-odds or a mean.
    pub fn predict(&self, bins: impl Fn(usize) -> u8) -> f64 {
        let mut sum = self.start;
        for tree in &self.trees {
            let mut node = 0;
            while let Some(here) = tree.get(node) {
                match here {
                    Node::Leaf(answer) => {
                        sum += answer;
                        break;
                    }
                    Node::Split(column, bin) => {
                        node = 2 * node + if bins(*column as usize) <= *bin { 1 } else { 2 };
                    }
                    Node::Nothing => break,
                }
            }
        }
        sum
    }

    /// How much each column helped, adding up to 1.
    pub fn importance(&self) -> Vec<f64> {
        let sum: f64 = self.gains.iter().sum();
        self.gains.iter().map(|gain| if sum > 0.0 { gain / sum } else { 0.0 }).collect()
    }
}

/// Ascending edges of at most [`BINS`] - 2 bins of about equal size; a value is in the bin after the last edge that is
/// not above it.
pub fn bin_edges(mut values: Vec<f64>) -> Vec<f64> {
    values.retain(|value| value.is_finite());
    values.sort_unstable_by(f64::total_cmp);
    let bins = BINS - 2;
    let mut edges: Vec<f64> = Vec::new();
    for at in 1..bins {
        if let Some(value) = values.get(at * values.len() / bins)
            && edges.last().is_none_or(|last| last < value)
            && values.first().is_some_and(|first| first < value)
        {
            edges.push(*value);
        }
    }
    edges
}

/// The bin of a value among edges: 0 where it is missing.
pub fn bin_of(value: Option<f64>, edges: &[f64]) -> u8 {
    match value {
        Some(value) if value.is_finite() => (edges.partition_point(|edge| *edge <= value) + 1) as u8,
        _ => 0,
    }
}

/// Predictions for every row by trees that never saw it, over `folds` interleaved folds.
pub fn cross_fitted(
    columns: &[Vec<u8>],
    target: &[f64],
    loss: Loss,
    growth: Growth,
    folds: usize,
) -> (Vec<f64>, Vec<f64>) {
    let n = target.len();
    let mut predicted = vec![0.0; n];
    let mut importance = vec![0.0; columns.len()];
    for fold in 0..folds {
        let kept: Vec<usize> = (0..n).filter(|row| row % folds != fold).collect();
        let part: Vec<Vec<u8>> = columns.iter().map(|column| kept.iter().map(|row| column[*row]).collect()).collect();
        let targets: Vec<f64> = kept.iter().map(|row| target[*row]).collect();
        let model = Boosted::fit(&part, &targets, loss, growth);
        for row in (fold..n).step_by(folds) {
            predicted[row] = model.predict(|column| columns[column][row]);
        }
        for (sum, share) in importance.iter_mut().zip(model.importance()) {
            *sum += share / folds as f64;
        }
    }
    (predicted, importance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn learns_an_interaction_and_nothing_from_noise() {
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let n = 4_000;
        let columns: Vec<Vec<u8>> = (0..3).map(|_| (0..n).map(|_| random.random_range(1..31u8)).collect()).collect();
        let target: Vec<f64> =
            (0..n).map(|row| f64::from(u8::from((columns[0][row] > 15) != (columns[1][row] > 20)))).collect();
        let (predicted, importance) = cross_fitted(&columns, &target, Loss::Logistic, Growth::default(), 5);
        let right = predicted.iter().zip(&target).filter(|(p, t)| (**p > 0.0) == (**t > 0.5)).count();
        assert!(right > n * 95 / 100, "{right} of {n}");
        assert!(importance[2] < 0.1, "{importance:?}");
        let noise: Vec<f64> = (0..n).map(|_| f64::from(u8::from(random.random_bool(0.5)))).collect();
        let (predicted, _) = cross_fitted(&columns, &noise, Loss::Logistic, Growth::default(), 5);
        let right = predicted.iter().zip(&noise).filter(|(p, t)| (**p > 0.0) == (**t > 0.5)).count();
        assert!((1_850..2_150).contains(&right), "{right} of {n}");
    }

    #[test]
    fn means_follow_a_step() {
        let columns = vec![(0..1_000).map(|row| if row < 500 { 1 } else { 9 }).collect::<Vec<u8>>()];
        let target: Vec<f64> = (0..1_000).map(|row| if row < 500 { 1.0 } else { 4.0 }).collect();
        let growth = Growth { trees: 200, ..Growth::default() };
        let model = Boosted::fit(&columns, &target, Loss::Squared, growth);
        assert!((model.predict(|_| 1) - 1.0).abs() < 0.02 && (model.predict(|_| 9) - 4.0).abs() < 0.02);
    }

    #[test]
    fn bins_hold_about_as_many_rows_each() {
        let edges = bin_edges((0..3_000).map(f64::from).collect());
        assert_eq!(edges.len(), BINS - 3);
        assert_eq!(bin_of(None, &edges), 0);
        assert_eq!(bin_of(Some(-5.0), &edges), 1);
        assert_eq!(bin_of(Some(2_999.0), &edges) as usize, BINS - 2);
        assert!(bin_edges(vec![1.0; 50]).is_empty());
    }
}
