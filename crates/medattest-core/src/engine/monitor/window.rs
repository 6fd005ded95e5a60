//! One window against the reference: drift, performance with and without labels, groups.

use std::collections::BTreeMap;

use jiff::civil::Date;
use medattest_metrics::estimated::{Calibrator, Expected, Unlabelled, expected};
use medattest_metrics::moments::Directions;
use medattest_metrics::{
    Estimate, Figure, Grouping, Item, Metric, NotEstimable, Options, Rows, Scores, figures, threshold_in_use,
};
use serde::{Deserialize, Serialize};

use super::counts::{Cut, EVERYONE, ScoreCell, WindowCounts};
use super::model::LossModel;
use super::plan::Plan;
use super::policy::{ColumnDrift, drift};
use medattest_metrics::drift::Numbers;

const LEVEL: f64 = 0.95;
/// Share of the variance that the main directions of the inputs hold.
const EXPLAINED: f64 = 0.65;
/// Cells that risks are put into for cumulated sums.
const RISKS: usize = 100;

/// The reference, and what is fitted to it once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// Its counts.
    pub counts: WindowCounts,
    /// What scores meant there.
    pub calibrator: Option<Calibrator>,
    /// Main directions of the numeric inputs.
    pub directions: Option<Directions>,
    /// How large errors will be, for numbers.
    pub loss: Option<LossModel>,
    /// For each attribute the group that others are compared with: the largest.
    pub largest: BTreeMap<String, String>,
    /// How the model did.
    pub report: WindowReport,
}

/// Everything told of one window.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct WindowReport {
    /// What windows are ordered by.
    pub id: String,
    /// Its first day and the day after its last, for windows by the calendar.
    pub days: Option<(Date, Date)>,
    /// Whether it is over, so that it can be judged.
    pub complete: bool,
    /// Rows.
    pub rows: u64,
    /// Rows with a known outcome.
    pub labelled: u64,
    /// Rows without a score or decision.
    pub unscored: u64,
    /// Columns against the reference; empty for the reference itself.
    pub columns: Vec<ColumnDrift>,
    /// How badly the main directions of the reference describe the numeric inputs.
    pub reconstruction: Option<f64>,
    /// Figures of everybody first, then of each group.
    pub groups: Vec<GroupReport>,
    /// Performance as calibrated scores let one expect it.
    pub expected: Option<Expected>,
    /// Mean absolute error as it is foreseen before the truth is known, for numbers.
    pub foreseen: Option<Estimate>,
    /// Rows the model flagged, and rows with a decision.
    pub flagged: (u64, u64),
    /// Mean and standard deviation of scores, and rows with one.
    pub score: Option<(f64, f64, u64)>,
    /// Risk, events and other rows, in cells of risk.
    pub risks: Vec<(f64, u64, u64)>,
}

/// Figures of a group in one window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupReport {
    /// Attribute; empty for everybody.
    pub attribute: String,
    /// Group.
    pub group: String,
    /// Rows.
    pub rows: u64,
    /// Rows the model flagged.
    pub flagged: u64,
    /// Figures from labels.
    pub figures: Vec<(Metric, Estimate)>,
    /// Difference and ratio to the group that others are compared with.
    pub against: Vec<(Metric, Estimate, Option<Estimate>)>,
    /// Mean error, mean absolute error and root of the mean squared error, for numbers.
    pub errors: Option<[Estimate; 3]>,
}

impl WindowReport {
    /// Figures of a group.
    pub fn group(&self, attribute: &str, group: &str) -> Option<&GroupReport> {
        self.groups.iter().find(|g| g.attribute == attribute && g.group == group)
    }

    /// A figure of everybody.
    pub fn figure(&self, metric: Metric) -> Option<&Estimate> {
        self.group(EVERYONE, EVERYONE)?.figure(metric)
    }

    /// Columns that drifted, and columns that were compared.
    pub fn drifted(&self) -> (usize, usize) {
        (self.columns.iter().filter(|column| column.drifted()).count(), self.columns.len())
    }
}

impl GroupReport {
    /// A figure.
    pub fn figure(&self, metric: Metric) -> Option<&Estimate> {
        self.figures.iter().find(|(m, _)| *m == metric).map(|(_, estimate)| estimate)
    }
}

impl Reference {
    /// Fits what later windows are compared with.
    pub fn new(counts: WindowCounts, loss: Option<LossModel>, plan: &Plan) -> Self {
        let cells = everyone(&counts);
        let calibrator = Calibrator::fit(&scores_of(cells, counts.outcome.half_cell));
        let directions = counts.moments.as_ref().and_then(|named| Directions::of(&named.moments, EXPLAINED));
        let rows = |cells: &Vec<ScoreCell>| cells.iter().map(|c| c.pos + c.neg + c.open).sum::<u64>();
        let mut largest = BTreeMap::new();
        for (attribute, groups) in counts.outcome.classes.iter().filter(|(name, _)| *name != EVERYONE) {
            if let Some((group, _)) = groups.iter().max_by_key(|(_, cells)| rows(cells)) {
                largest.insert(attribute.clone(), group.clone());
            }
        }
        for (attribute, groups) in counts.outcome.errors.iter().filter(|(name, _)| *name != EVERYONE) {
            if let Some((group, _)) = groups.iter().max_by_key(|(_, numbers)| numbers.n()) {
                largest.insert(attribute.clone(), group.clone());
            }
        }
        let empty = WindowReport::default();
        let mut reference = Self { counts, calibrator, directions, loss, largest, report: empty };
        let mut report = performance(&reference.counts, &reference, plan);
        report.id = "reference".to_owned();
        report.reconstruction = reference.reconstruction(&reference.counts);
        reference.report = report;
        reference
    }

    fn reconstruction(&self, window: &WindowCounts) -> Option<f64> {
        let (directions, moments) = (self.directions.as_ref()?, window.moments.as_ref()?);
        let own = self.counts.moments.as_ref()?;
        (own.columns == moments.columns).then(|| directions.reconstruction_error(&moments.moments)).flatten()
    }

    /// Tells everything of a window.
    pub fn evaluate(&self, window: &WindowCounts, plan: &Plan) -> WindowReport {
        let mut report = performance(window, self, plan);
        report.columns = drift(&self.counts, window, &plan.drift);
        report.reconstruction = self.reconstruction(window);
        if let Cut::Period(_, period) = &plan.cut
            && let Ok(start) = window.id.parse::<Date>()
        {
            report.days = Some((start, period.end(start)));
        }
        report
    }
}

fn everyone(counts: &WindowCounts) -> &[ScoreCell] {
    counts.outcome.classes.get(EVERYONE).and_then(|groups| groups.get(EVERYONE)).map_or(&[], Vec::as_slice)
}

fn scores_of(cells: &[ScoreCell], half_cell: f64) -> Scores {
    let item = |cell: &ScoreCell| {
        cell.score.map(|score| Item { score, cluster: 0, weight: 1.0, pos: cell.pos, neg: cell.neg })
    };
    Scores::new(cells.iter().filter(|c| c.pos + c.neg > 0).filter_map(item).collect(), None, half_cell)
}

/// Whether all scores can be probabilities.
fn probabilities(cells: &[ScoreCell]) -> bool {
    cells.iter().filter_map(|cell| cell.score).all(|score| (0.0..=1.0).contains(&score))
}

fn performance(window: &WindowCounts, reference: &Reference, plan: &Plan) -> WindowReport {
    let cells = everyone(window);
    let all = |of: fn(&ScoreCell) -> u64| cells.iter().map(of).sum::<u64>();
    let decided = |cell: &&ScoreCell| cell.flagged.is_some();
    let rows = |cell: &ScoreCell| cell.pos + cell.neg + cell.open;
    let errors = window.outcome.errors.get(EVERYONE).and_then(|groups| groups.get(EVERYONE));
    let mut report = WindowReport {
        id: window.id.clone(),
        rows: window.rows,
        labelled: all(|c| c.pos + c.neg) + errors.map_or(0, Numbers::n),
        unscored: window.outcome.unscored,
        flagged: (
            cells.iter().filter(|c| c.flagged == Some(true)).map(rows).sum(),
            cells.iter().filter(decided).map(rows).sum(),
        ),
        ..WindowReport::default()
    };
    let scored: Vec<(f64, u64)> = cells.iter().filter_map(|c| c.score.map(|s| (s, rows(c)))).collect();
    let n: u64 = scored.iter().map(|(_, n)| n).sum();
    if n > 1 {
        let mean = scored.iter().map(|(s, n)| s * *n as f64).sum::<f64>() / n as f64;
        let square = scored.iter().map(|(s, n)| (s - mean) * (s - mean) * *n as f64).sum::<f64>();
        report.score = Some((mean, (square / (n - 1) as f64).sqrt(), n));
    }
    if let Some(calibrator) = &reference.calibrator {
        let unlabelled: Vec<Unlabelled> = cells
            .iter()
            .filter_map(|c| Some(Unlabelled { score: c.score?, flagged: c.flagged?, n: rows(c) }))
            .collect();
        if !unlabelled.is_empty() {
            report.expected = Some(expected(&unlabelled, calibrator, LEVEL));
        }
    }
    if window.outcome.foreseen.n() > 0 {
        // Foreseen errors are positive, so their mean absolute value is their mean.
        let [_, mae, _] = errors_of(&window.outcome.foreseen, plan.smallest);
        report.foreseen = Some(mae);
    }
    if probabilities(cells) {
        report.risks = risks(cells);
    }
    for (attribute, groups) in &window.outcome.classes {
        report.groups.extend(classes(attribute, groups, window.outcome.half_cell, reference, plan));
    }
    for (attribute, groups) in &window.outcome.errors {
        report.groups.extend(numbers(attribute, groups, plan.smallest));
    }
    report
}

/// Labelled rows in cells of risk.
fn risks(cells: &[ScoreCell]) -> Vec<(f64, u64, u64)> {
    let mut by: BTreeMap<usize, (f64, u64, u64)> = BTreeMap::new();
    for cell in cells.iter().filter(|c| c.pos + c.neg > 0) {
        let Some(score) = cell.score else { continue };
        let entry = by.entry(((score * RISKS as f64) as usize).min(RISKS - 1)).or_default();
        entry.0 += score * (cell.pos + cell.neg) as f64;
        entry.1 += cell.pos;
        entry.2 += cell.neg;
    }
    by.into_values().map(|(sum, pos, neg)| (sum / (pos + neg) as f64, pos, neg)).collect()
}

fn classes(
    attribute: &str,
    groups: &BTreeMap<String, Vec<ScoreCell>>,
    half_cell: f64,
    reference: &Reference,
    plan: &Plan,
) -> Vec<GroupReport> {
    let mut rows = Rows::default();
    let (mut predicted, mut scores) = (Vec::new(), Vec::new());
    let mut codes = Vec::new();
    let mut has_decision = true;
    let mut has_score = true;
    for (code, cells) in groups.values().enumerate() {
        for cell in cells {
            has_decision &= cell.flagged.is_some();
            has_score &= cell.score.is_some();
            for (label, n) in [(Some(true), cell.pos), (Some(false), cell.neg), (None, cell.open)] {
                if n == 0 {
                    continue;
                }
                rows.label.push(label);
                rows.count.push(n);
                codes.push(code as u32);
                predicted.push(cell.flagged.unwrap_or(false));
                scores.push(cell.score.unwrap_or(0.0));
            }
        }
    }
    rows.predicted = has_decision.then_some(predicted);
    rows.score = has_score.then_some(scores);
    let names: Vec<&String> = groups.keys().collect();
    let probability = groups.values().all(|cells| probabilities(cells));
    let options = Options {
        level: LEVEL,
        smallest: plan.smallest,
        events: 1,
        probability,
        half_cell,
        threshold: threshold_in_use(&rows, half_cell),
        ..Options::default()
    };
    let against = reference.largest.get(attribute);
    let grouping = Grouping {
        codes,
        groups: groups.len(),
        missing: names.iter().map(|name| *name == crate::MISSING).collect(),
        reference: names.iter().position(|name| Some(*name) == against),
    };
    let (estimates, contrasts) = figures(&rows, &grouping, &options);
    let size = |cells: &Vec<ScoreCell>, flagged: bool| -> u64 {
        cells.iter().filter(|c| !flagged || c.flagged == Some(true)).map(|c| c.pos + c.neg + c.open).sum()
    };
    let mut reports: Vec<GroupReport> = names
        .iter()
        .zip(groups.values())
        .zip(estimates)
        .map(|((name, cells), figures)| GroupReport {
            attribute: attribute.to_owned(),
            group: (*name).clone(),
            rows: size(cells, false),
            flagged: size(cells, true),
            figures,
            against: Vec::new(),
            errors: None,
        })
        .collect();
    for contrast in contrasts {
        reports[contrast.group].against.push((contrast.metric, contrast.difference, contrast.ratio));
    }
    reports
}

fn numbers(attribute: &str, groups: &BTreeMap<String, Numbers>, smallest: u64) -> Vec<GroupReport> {
    groups
        .iter()
        .map(|(group, numbers)| GroupReport {
            attribute: attribute.to_owned(),
            group: group.clone(),
            rows: numbers.n(),
            flagged: 0,
            figures: Vec::new(),
            against: Vec::new(),
            errors: Some(errors_of(numbers, smallest)),
        })
        .collect()
}

/// Mean error, mean absolute error and root of the mean squared error, with normal intervals; that of the last by the
/// delta method.
fn errors_of(numbers: &Numbers, smallest: u64) -> [Estimate; 3] {
    let n = numbers.n();
    if n < smallest.max(2) {
        let missing = || Estimate::missing(n, 0, NotEstimable::FewerThan(smallest.max(2)));
        return [missing(), missing(), missing()];
    }
    let z = 1.959_963_984_540_054;
    let mean_of = |f: &dyn Fn(f64) -> f64| {
        let size = n as f64;
        let all = || numbers.values.iter().zip(&numbers.counts);
        let mean = all().map(|(v, c)| f(*v) * *c as f64).sum::<f64>() / size;
        let variance = all().map(|(v, c)| (f(*v) - mean).powi(2) * *c as f64).sum::<f64>() / (size - 1.0);
        (mean, (variance / size).sqrt())
    };
    let estimate = |value: f64, se: f64, least: f64| Estimate {
        n,
        events: 0,
        figure: Ok(Figure {
            value,
            low: (value - z * se).max(least),
            high: value + z * se,
            level: LEVEL,
            method: "normal".into(),
            error_bound: 0.0,
        }),
    };
    let (mean, mean_se) = mean_of(&|v| v);
    let (mae, mae_se) = mean_of(&f64::abs);
    let (mse, mse_se) = mean_of(&|v| v * v);
    let rmse = mse.sqrt();
    let rmse_se = if rmse > 0.0 { mse_se / (2.0 * rmse) } else { 0.0 };
    [estimate(mean, mean_se, f64::NEG_INFINITY), estimate(mae, mae_se, 0.0), estimate(rmse, rmse_se, 0.0)]
}
