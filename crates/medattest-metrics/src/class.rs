//! Audits of predictions among several classes.

use crate::against::FULL_COMPARISON;
use crate::attribute::Measured;
use crate::audit::{Audit, GroupEstimates, Options, adjust, audit};
use crate::composite::Composite;
use crate::confusion::Confusion;
use crate::estimate::{Estimate, Figure, NotEstimable};
use crate::metric::Metric;
use crate::number::{contrasts, spreads};
use crate::pair::Pair;
use crate::rate::wilson;
use crate::rows::{Grouping, Rows};
use crate::sample::{Adds, Draws, Sample, percentile_interval, variance};
use crate::spread::away_from_parity;

/// Rows alike in true class, predicted class and everything else that is looked at.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ClassRows {
    /// Number of the true class.
    pub label: Vec<u32>,
    /// Number of the predicted class.
    pub predicted: Vec<u32>,
    /// Number of the cluster (patient), without gaps, if declared.
    pub cluster: Option<Vec<u32>>,
    /// Survey weight of each row, positive, if declared.
    pub weight: Option<Vec<f64>>,
    /// How many rows.
    pub count: Vec<u64>,
}

/// The audit of one attribute over all classes, and of each class against the rest.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassAudit {
    /// Figures of all classes together.
    pub all: Audit,
    /// Figures of each class against the rest, in the order of the classes.
    pub classes: Vec<Audit>,
}

const FIGURES: [Metric; 5] =
    [Metric::Accuracy, Metric::ErrorRate, Metric::MacroRecall, Metric::MacroPrecision, Metric::MacroF1];

/// A matrix of one group: row by true class, column by predicted class.
#[derive(Clone, Copy)]
struct Matrix<'a> {
    cells: &'a [f64],
    classes: usize,
}

impl Matrix<'_> {
    fn at(&self, truth: usize, predicted: usize) -> f64 {
        self.cells[truth * self.classes + predicted]
    }

    fn total(&self) -> f64 {
        self.cells.iter().sum()
    }

    fn truth(&self, class: usize) -> f64 {
        (0..self.classes).map(|p| self.at(class, p)).sum()
    }

    fn predicted(&self, class: usize) -> f64 {
        (0..self.classes).map(|t| self.at(t, class)).sum()
    }

    /// Averages are over classes that occur, as a label or as a prediction (recall: as a label).
    fn figure(&self, metric: Metric) -> Option<f64> {
        let total = self.total();
        if total <= 0.0 {
            return None;
        }
        let mean = |of: &dyn Fn(usize) -> Option<f64>| {
            let values: Vec<f64> = (0..self.classes).filter_map(of).collect();
            (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
        };
        let occurs = |k: usize| self.truth(k) + self.predicted(k) > 0.0;
        match metric {
            Metric::Accuracy => Some((0..self.classes).map(|k| self.at(k, k)).sum::<f64>() / total),
            Metric::ErrorRate => Some(1.0 - self.figure(Metric::Accuracy)?),
            Metric::MacroRecall => mean(&|k| (self.truth(k) > 0.0).then(|| self.at(k, k) / self.truth(k))),
            Metric::MacroPrecision => mean(&|k| {
                let flagged = self.predicted(k);
                occurs(k).then(|| if flagged > 0.0 { self.at(k, k) / flagged } else { 0.0 })
            }),
            Metric::MacroF1 => {
                mean(&|k| occurs(k).then(|| 2.0 * self.at(k, k) / (self.truth(k) + self.predicted(k))))
            }
            _ => None,
        }
    }

    /// Share predicted as `predicted` given the true class; as if spread evenly where the class does not occur.
    fn given(&self, truth: usize, predicted: usize) -> f64 {
        let n = self.truth(truth);
        if n > 0.0 { self.at(truth, predicted) / n } else { 1.0 / self.classes as f64 }
    }

    fn against(&self, other: &Self, which: Pair) -> Option<f64> {
        let k = self.classes;
        let gap = |t: usize, p: usize| self.given(t, p) - other.given(t, p);
        let (n, m) = (self.total(), other.total());
        if n <= 0.0 || m <= 0.0 {
            return None;
        }
        Some(match which {
            Pair::MulticlassStatisticalParity => {
                (0..k).map(|p| (self.predicted(p) / n - other.predicted(p) / m).abs()).sum::<f64>() / 2.0
            }
            Pair::MulticlassEqualityOfOpportunity => {
                (0..k).flat_map(|t| (0..k).map(move |p| gap(t, p).abs())).sum::<f64>() / (2 * k) as f64
            }
            Pair::MulticlassAverageOdds => {
                (0..k).map(|p| (0..k).map(|t| gap(t, p)).sum::<f64>().abs()).sum::<f64>() / (2 * k) as f64
            }
            Pair::MulticlassTrueRates => (0..k).map(|c| gap(c, c).abs()).sum::<f64>() / k as f64,
            _ => return None,
        })
    }
}

/// The pair figure that a composite is the largest of.
fn pair_of(which: Composite) -> Option<Pair> {
    Some(match which {
        Composite::MulticlassStatisticalParity => Pair::MulticlassStatisticalParity,
        Composite::MulticlassEqualityOfOpportunity => Pair::MulticlassEqualityOfOpportunity,
        Composite::MulticlassAverageOdds => Pair::MulticlassAverageOdds,
        Composite::MulticlassTrueRates => Pair::MulticlassTrueRates,
        _ => return None,
    })
}

/// Audits every grouping of the same rows, over all classes and one class against the rest at a time.
pub fn audit_classes(rows: &ClassRows, classes: usize, groupings: &[Grouping], options: &Options) -> Vec<ClassAudit> {
    let everyone = Grouping::everyone(rows.count.len());
    let whole = Counted::new(rows, classes, &everyone, options);
    let measured = whole.measured(options);
    let overall = whole.estimates(&measured).pop().unwrap_or_default();
    let mut all: Vec<Audit> = groupings
        .iter()
        .map(|grouping| Counted::new(rows, classes, grouping, options).audit(grouping, &overall, options))
        .collect();
    let mut one_by_one: Vec<Vec<Audit>> = (0..classes)
        .map(|class| {
            let is = |codes: &[u32]| codes.iter().map(|c| *c as usize == class).collect::<Vec<bool>>();
            let rest = Rows {
                label: is(&rows.label).into_iter().map(Some).collect(),
                predicted: Some(is(&rows.predicted)),
                score: None,
                cluster: rows.cluster.clone(),
                weight: rows.weight.clone(),
                count: rows.count.clone(),
            };
            audit(&rest, groupings, &Options { threshold: None, ..options.clone() })
        })
        .collect();
    // Every test of the table is one of the same family.
    adjust(all.iter_mut().chain(one_by_one.iter_mut().flatten()));
    all.into_iter()
        .enumerate()
        .map(|(at, all)| ClassAudit {
            all,
            classes: one_by_one.iter().filter_map(|audits| audits.get(at).cloned()).collect(),
        })
        .collect()
}

struct Counted {
    /// Rows of each group.
    rows: Vec<u64>,
    /// People of each group.
    people: Vec<u64>,
    /// Rows of each group predicted rightly.
    right: Vec<u64>,
    /// Squared sum of weights over the sum of squares, by group.
    effective: Vec<f64>,
    clustered: bool,
    table: Vec<f64>,
    draws: Draws,
    classes: usize,
}

impl Counted {
    fn new(rows: &ClassRows, classes: usize, grouping: &Grouping, options: &Options) -> Self {
        let size = classes * classes;
        let weight = |row: usize| rows.weight.as_ref().map_or(1.0, |w| w[row]);
        let cell = |row: usize| {
            grouping.codes[row] as usize * size + rows.label[row] as usize * classes + rows.predicted[row] as usize
        };
        let mut table = vec![0.0; grouping.groups * size];
        let mut counts = vec![0u64; grouping.groups];
        let mut right = vec![0u64; grouping.groups];
        let mut sums = vec![(0.0, 0.0); grouping.groups];
        let mut seen: Vec<(u32, u32)> = Vec::new();
        for row in 0..rows.count.len() {
            table[cell(row)] += weight(row) * rows.count[row] as f64;
            let group = grouping.codes[row] as usize;
            counts[group] += rows.count[row];
            if rows.label[row] == rows.predicted[row] {
                right[group] += rows.count[row];
            }
            sums[group].0 += weight(row) * rows.count[row] as f64;
            sums[group].1 += weight(row).powi(2) * rows.count[row] as f64;
            seen.extend(rows.cluster.as_ref().map(|c| (grouping.codes[row], c[row])));
        }
        seen.sort_unstable();
        seen.dedup();
        let mut people = if rows.cluster.is_some() { vec![0; grouping.groups] } else { counts.clone() };
        for (group, _) in seen {
            people[group as usize] += 1;
        }
        let adds = (0..rows.count.len()).map(|row| Adds {
            unit: rows.cluster.as_ref().map_or(0, |c| c[row]),
            cell: cell(row) as u32,
            amount: weight(row),
            count: rows.count[row],
        });
        let draws = Sample::new(adds, table.len(), rows.cluster.is_some()).draws(options.draws, options.seed);
        let effective =
            sums.iter().map(|(sum, square)| if *square > 0.0 { sum * sum / square } else { 0.0 }).collect();
        Self { rows: counts, people, right, effective, clustered: rows.cluster.is_some(), table, draws, classes }
    }

    fn matrix<'a>(&self, table: &'a [f64], group: usize) -> Matrix<'a> {
        let size = self.classes * self.classes;
        Matrix { cells: &table[group * size..(group + 1) * size], classes: self.classes }
    }

    fn outcome(&self, group: usize) -> Confusion {
        Confusion { tp: self.right[group], fn_: self.rows[group] - self.right[group], ..Confusion::default() }
    }

    fn refuses(&self, group: usize, smallest: u64) -> Option<NotEstimable> {
        let (n, people) = (self.rows[group], self.people[group]);
        if n == 0 {
            Some(NotEstimable::NoRows)
        } else if n < smallest {
            Some(NotEstimable::FewerThan(smallest))
        } else if people < smallest {
            Some(NotEstimable::FewerClustersThan(smallest))
        } else {
            None
        }
    }

    fn measured(&self, options: &Options) -> Vec<Vec<(Metric, Measured)>> {
        let of = |group: usize, metric: Metric| {
            let n = self.rows[group];
            let missing = |because| Measured { estimate: Estimate::missing(n, 0, because), se: None };
            if let Some(because) = self.refuses(group, options.smallest) {
                return missing(because);
            }
            let Some(value) = self.matrix(&self.table, group).figure(metric) else {
                return missing(NotEstimable::NoRows);
            };
            let draws = self.draws.values(|table| self.matrix(table, group).figure(metric));
            let se = variance(&draws).map(f64::sqrt);
            let (interval, method) = match percentile_interval(draws, options.level) {
                Some((low, high)) if high - low > 1e-12 => {
                    ((low.min(value), high.max(value)), format!("percentile bootstrap, {} draws", self.draws.made()))
                }
                _ => {
                    let people = (self.people[group] as f64).min(self.effective[group]);
                    (wilson(value * people, people, options.level), "Wilson".to_owned())
                }
            };
            // Rows predicted rightly are a numerator; averages over classes have none.
            let events = match metric {
                Metric::Accuracy => self.right[group],
                Metric::ErrorRate => n - self.right[group],
                _ => 0,
            };
            let figure = Figure::exact(value, interval, options.level, method);
            Measured { estimate: Estimate { n, events, figure: Ok(figure) }, se }
        };
        (0..self.rows.len()).map(|group| FIGURES.map(|metric| (metric, of(group, metric))).into()).collect()
    }

    fn estimates(&self, measured: &[Vec<(Metric, Measured)>]) -> Vec<GroupEstimates> {
        measured
            .iter()
            .enumerate()
            .map(|(group, measured)| GroupEstimates {
                n: self.rows[group],
                // Right and wrong, so that few of either can be withheld.
                confusion: self.outcome(group),
                people: self.outcome(group),
                clusters: self.clustered.then_some(self.people[group]),
                estimates: measured.iter().map(|(m, e)| (*m, e.estimate.clone())).collect(),
                ..GroupEstimates::default()
            })
            .collect()
    }

    fn audit(&self, grouping: &Grouping, overall: &GroupEstimates, options: &Options) -> Audit {
        let measured = self.measured(options);
        let level = options.level;
        let usable: Vec<usize> =
            (0..grouping.groups).filter(|&g| self.refuses(g, options.smallest).is_none()).collect();
        let figure = |value: Option<f64>, draws: Vec<f64>| {
            let value = value.ok_or(NotEstimable::ZeroDenominator)?;
            let interval = away_from_parity(Some(0.0), value, draws, level).ok_or(NotEstimable::ZeroDenominator)?;
            let method = format!(
                "bootstrap of {}, {} draws",
                if self.clustered { "clusters" } else { "rows" },
                self.draws.made()
            );
            Ok(Figure::exact(value, interval, level, method))
        };
        let largest = |table: &[f64], pair: Pair| {
            let mut largest: Option<f64> = None;
            for (at, &a) in usable.iter().enumerate() {
                for &b in usable.iter().skip(at + 1) {
                    let here = self.matrix(table, a).against(&self.matrix(table, b), pair)?;
                    largest = Some(largest.map_or(here, |l| l.max(here)));
                }
            }
            largest
        };
        let composites = Composite::ALL
            .into_iter()
            .filter_map(|which| Some((which, pair_of(which)?)))
            .filter(|_| (2..=FULL_COMPARISON).contains(&grouping.groups))
            .map(|(which, pair)| {
                let figure = if usable.len() < 2 {
                    Err(NotEstimable::FewerThanTwoGroups)
                } else {
                    figure(largest(&self.table, pair), self.draws.values(|table| largest(table, pair)))
                };
                let n = usable.iter().map(|&g| self.rows[g]).sum();
                (which, Estimate { n, events: 0, figure })
            })
            .collect();
        let reference = grouping.reference.filter(|_| grouping.groups <= FULL_COMPARISON);
        let pairs = reference.map_or_else(Vec::new, |reference| {
            let others = (0..grouping.groups).filter(|&g| g != reference);
            others
                .flat_map(|group| {
                    let kinds = Composite::ALL.into_iter().filter_map(pair_of);
                    kinds.map(move |pair| (group, pair)).collect::<Vec<_>>()
                })
                .map(|(group, pair)| {
                    let of = |table: &[f64]| self.matrix(table, group).against(&self.matrix(table, reference), pair);
                    let figure = if usable.contains(&group) && usable.contains(&reference) {
                        figure(of(&self.table), self.draws.values(of))
                    } else {
                        Err(NotEstimable::OneSideMissing)
                    };
                    let n = self.rows[group] + self.rows[reference];
                    (group, pair, Estimate { n, events: 0, figure })
                })
                .collect()
        });
        Audit {
            groups: self.estimates(&measured),
            overall: overall.clone(),
            missing: grouping.missing.clone(),
            reference: grouping.reference,
            spreads: if grouping.groups > 1 { spreads(&measured, overall, options) } else { Vec::new() },
            composites,
            contrasts: grouping.reference.map_or_else(Vec::new, |r| contrasts(&measured, r, options)),
            pairs,
            draws: self.draws.made(),
            ..Audit::default()
        }
    }
}
