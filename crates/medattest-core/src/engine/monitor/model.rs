//! Small models of rows: whether trees can tell two samples apart, and how large an error will be before the truth is
//! known. They hold edges of bins, labels and trees; no rows.

use std::collections::BTreeMap;

use medattest_metrics::boost::{Boosted, Growth, Loss, bin_edges, bin_of, cross_fitted};
use medattest_metrics::{Asked, Estimate, Item, Scores};
use serde::{Deserialize, Serialize};

/// A sample of rows, by column.
#[derive(Debug, Clone, Default)]
pub struct RowSample {
    /// Columns of the same length.
    pub columns: BTreeMap<String, RowColumn>,
}

/// Values of a column; `None` where missing.
#[derive(Clone)]
pub enum RowColumn {
    /// Numbers.
    Numbers(Vec<Option<f64>>),
    /// Labels.
    Labels(Vec<Option<String>>),
}

impl std::fmt::Debug for RowColumn {
    /// Values may be of patients.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} values", self.len())
    }
}

impl RowColumn {
    /// Rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(values) => values.len(),
            Self::Labels(values) => values.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// How the values of a column are put into bins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Binning {
    /// By ascending edges.
    Numbers(Vec<f64>),
    /// The commonest labels, each with a bin of its own; all others share the last.
    Labels(Vec<String>),
}

/// Labels with a bin of their own.
const LABELS: usize = 28;

impl Binning {
    fn of(columns: &[&RowColumn]) -> Option<Self> {
        match columns.first()? {
            RowColumn::Numbers(_) => {
                let values = columns.iter().flat_map(|column| match column {
                    RowColumn::Numbers(values) => values.as_slice(),
                    RowColumn::Labels(_) => &[],
                });
                Some(Self::Numbers(bin_edges(values.copied().flatten().collect())))
            }
            RowColumn::Labels(_) => {
                let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
                for column in columns {
                    if let RowColumn::Labels(values) = column {
                        values.iter().flatten().for_each(|label| *counts.entry(label).or_default() += 1);
                    }
                }
                let mut ranked: Vec<(&str, usize)> = counts.into_iter().collect();
                ranked.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
                Some(Self::Labels(ranked.into_iter().take(LABELS).map(|(label, _)| label.to_owned()).collect()))
            }
        }
    }

    /// Bin of a number; 0 where it is missing or this is a column of labels.
    pub fn number(&self, value: Option<f64>) -> u8 {
        match self {
            Self::Numbers(edges) => bin_of(value, edges),
            Self::Labels(_) => 0,
        }
    }

    /// Bin of a label; 0 where it is missing or this is a column of numbers.
    pub fn label(&self, label: Option<&str>) -> u8 {
        match (self, label) {
            (Self::Labels(known), Some(label)) => {
                let at = known.iter().position(|known| known == label).unwrap_or(known.len());
                u8::try_from(at + 1).unwrap_or(u8::MAX)
            }
            _ => 0,
        }
    }

    fn bins(&self, column: &RowColumn) -> Vec<u8> {
        match column {
            RowColumn::Numbers(values) => values.iter().map(|value| self.number(*value)).collect(),
            RowColumn::Labels(values) => values.iter().map(|label| self.label(label.as_deref())).collect(),
        }
    }
}

/// Whether two samples can be told apart by their rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Apart {
    /// Area under the curve of trees that were fitted to other rows: 0.5 if nothing tells them apart.
    pub auroc: Estimate,
    /// Columns by how much they helped, most first, adding up to 1.
    pub importance: Vec<(String, f64)>,
}

/// Folds of the cross-fit.
const FOLDS: usize = 5;

/// A domain classifier: cross-fitted boosted trees over the columns that both samples have.
pub fn told_apart(reference: &RowSample, current: &RowSample) -> Option<Apart> {
    let mut names = Vec::new();
    let mut columns: Vec<Vec<u8>> = Vec::new();
    for (name, before) in &reference.columns {
        let Some(now) = current.columns.get(name) else { continue };
        if std::mem::discriminant(before) != std::mem::discriminant(now) {
            continue;
        }
        let binning = Binning::of(&[before, now])?;
        let mut bins = binning.bins(before);
        bins.extend(binning.bins(now));
        names.push(name.clone());
        columns.push(bins);
    }
    let n = reference.columns.values().next()?.len();
    let m = current.columns.values().next()?.len();
    if names.is_empty() || n < 10 * FOLDS || m < 10 * FOLDS {
        return None;
    }
    let target: Vec<f64> = (0..n + m).map(|row| f64::from(u8::from(row >= n))).collect();
    // Rows of both take turns, so that every fold has some of each.
    let mut order: Vec<usize> = (0..n + m).collect();
    order.sort_by(|a, b| {
        let place = |row: usize| if row < n { row as f64 / n as f64 } else { (row - n) as f64 / m as f64 };
        place(*a).total_cmp(&place(*b)).then(a.cmp(b))
    });
    let columns: Vec<Vec<u8>> = columns.iter().map(|column| order.iter().map(|row| column[*row]).collect()).collect();
    let target: Vec<f64> = order.iter().map(|row| target[*row]).collect();
    let (predicted, importance) = cross_fitted(&columns, &target, Loss::Logistic, Growth::default(), FOLDS);
    let items = predicted.iter().zip(&target).map(|(score, label)| {
        let pos = u64::from(*label > 0.5);
        Item { score: *score, cluster: 0, weight: 1.0, pos, neg: 1 - pos }
    });
    let asked = Asked { level: 0.95, events: 1, non_events: 1, rows: 1 };
    let mut importance: Vec<(String, f64)> = names.into_iter().zip(importance).collect();
    importance.sort_by(|a, b| b.1.total_cmp(&a.1));
    Some(Apart { auroc: Scores::new(items.collect(), None, 0.0).auroc(&asked), importance })
}

/// How large errors will be, learnt on the reference (direct loss estimation, NannyML 2022).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LossModel {
    /// Columns in the order of the model, with their bins.
    pub columns: Vec<(String, Binning)>,
    /// Trees for the absolute error.
    pub trees: Boosted,
}

impl LossModel {
    /// Learns the absolute error of predictions from all other columns and the prediction itself.
    pub fn fit(rows: &RowSample, prediction: &str, label: &str) -> Option<Self> {
        let numbers = |name: &str| match rows.columns.get(name)? {
            RowColumn::Numbers(values) => Some(values),
            RowColumn::Labels(_) => None,
        };
        let (predicted, truth) = (numbers(prediction)?, numbers(label)?);
        let known: Vec<usize> =
            (0..predicted.len()).filter(|row| predicted[*row].is_some() && truth[*row].is_some()).collect();
        if known.len() < 100 {
            return None;
        }
        let target: Vec<f64> = known
            .iter()
            .map(|row| (predicted[*row].unwrap_or_default() - truth[*row].unwrap_or_default()).abs())
            .collect();
        let mut columns = Vec::new();
        let mut bins = Vec::new();
        for (name, column) in rows.columns.iter().filter(|(name, _)| *name != label) {
            let binning = Binning::of(&[column])?;
            let all = binning.bins(column);
            bins.push(known.iter().map(|row| all[*row]).collect::<Vec<u8>>());
            columns.push((name.clone(), binning));
        }
        let growth = Growth { trees: 100, ..Growth::default() };
        Some(Self { columns, trees: Boosted::fit(&bins, &target, Loss::Squared, growth) })
    }
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    /// Invented rows: two columns that go together, and one that does not.
    fn sample(n: usize, twisted: bool, seed: u64) -> RowSample {
        use rand::{RngExt as _, SeedableRng as _};
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let x: Vec<f64> = (0..n).map(|_| random.random_range(0.0..100.0_f64).round()).collect();
        let b =
            x.iter().map(|x| Some(if twisted { 100.0 - x } else { *x } + random.random_range(0.0..7.0_f64).round()));
        let b = RowColumn::Numbers(b.collect());
        let c = (0..n).map(|_| Some(["x", "y", "z"][random.random_range(0..3usize)].to_owned())).collect();
        let a = RowColumn::Numbers(x.into_iter().map(Some).collect());
        let columns = [("a", a), ("b", b), ("c", RowColumn::Labels(c))];
        RowSample { columns: columns.map(|(name, column)| (name.to_owned(), column)).into() }
    }

    #[test]
    fn tells_a_broken_relation_and_not_two_halves() {
        let same = told_apart(&sample(2_000, false, 1), &sample(2_000, false, 2)).expect("rows");
        assert!((same.auroc.value().expect("rows") - 0.5).abs() < 0.05, "{same:?}");
        let apart = told_apart(&sample(2_000, false, 1), &sample(2_000, true, 2)).expect("rows");
        assert!(apart.auroc.value().expect("rows") > 0.9, "{apart:?}");
        assert_eq!(apart.importance.last().map(|(name, _)| name.as_str()), Some("c"));
    }

    #[test]
    fn errors_are_foreseen_where_they_depend_on_a_column() {
        let mut rows = sample(3_000, false, 3);
        let Some(RowColumn::Numbers(a)) = rows.columns.get("a").cloned() else { unreachable!("a column of numbers") };
        let predicted: Vec<Option<f64>> = (0..3_000).map(|i| Some(f64::from(i % 50))).collect();
        let far = |a: Option<f64>| if a.is_some_and(|a| a > 50.0) { 8.0 } else { 1.0 };
        let truth = predicted.iter().zip(&a).map(|(p, a)| p.map(|p| p + far(*a))).collect();
        rows.columns.insert("p".to_owned(), RowColumn::Numbers(predicted));
        rows.columns.insert("t".to_owned(), RowColumn::Numbers(truth));
        let model = LossModel::fit(&rows, "p", "t").expect("rows");
        let bin = |name: &str, value: f64| {
            model.columns.iter().find(|(n, _)| n == name).map_or(0, |(_, binning)| binning.number(Some(value)))
        };
        let at = |a: f64, b: f64| {
            model.trees.predict(|column| match model.columns[column].0.as_str() {
                "a" => bin("a", a),
                "b" => bin("b", b),
                "p" => bin("p", 20.0),
                _ => 1,
            })
        };
        assert!((at(90.0, 93.0) - 8.0).abs() < 0.5 && (at(10.0, 13.0) - 1.0).abs() < 0.5);
    }
}
