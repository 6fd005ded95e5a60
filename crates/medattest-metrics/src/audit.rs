//! The audit of one attribute: every figure of every group, and every comparison between groups.

use serde::{Deserialize, Serialize};

use crate::attribute::Attribute;
use crate::composite::Composite;
use crate::confusion::Confusion;
use crate::curve::{CalibrationBin, Operating, RocPoint};
use crate::estimate::Estimate;
use crate::metric::Metric;
use crate::multiplicity::{benjamini_hochberg, holm};
use crate::pair::Pair;
use crate::pooling::Pooled;
use crate::rate::RateInterval;
use crate::rows::{Grouping, Rows};
use crate::spread::{LeftOut, Spread};

/// What the audit is asked to do. No field is a judgement of what is acceptable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// Nominal coverage of intervals.
    pub level: f64,
    /// A figure whose denominator has fewer rows, or fewer people, is not estimable and enters no comparison.
    pub smallest: u64,
    /// Fewest positive and fewest negative labels of a figure that depends on them.
    pub events: u64,
    /// Bootstrap draws.
    pub draws: usize,
    /// Seed of the bootstrap.
    pub seed: u64,
    /// Whether scores are probabilities, so that Brier, O:E and calibration have a meaning.
    pub probability: bool,
    /// Half the width of a cell of the score grid, 0 when scores are exact.
    pub half_cell: f64,
    /// Interval of a rate of independent rows.
    pub interval: RateInterval,
    /// Lowest score that the model flags, where known.
    pub threshold: Option<f64>,
    /// The figure that a threshold of each group's own could make equal.
    pub equalise: Metric,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            level: 0.95,
            smallest: 11,
            events: 11,
            draws: 2000,
            seed: 0,
            probability: true,
            half_cell: 0.0,
            interval: RateInterval::Wilson,
            threshold: None,
            equalise: Metric::Tpr,
        }
    }
}

/// Everything measured for one group.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GroupEstimates {
    /// Rows with a label.
    pub n: u64,
    /// Rows with a positive label.
    pub positives: u64,
    /// Patients or other clusters behind the rows, where declared.
    pub clusters: Option<u64>,
    /// Rows by label and prediction.
    pub confusion: Confusion,
    /// People by label and prediction: distinct clusters, or the rows where none are declared.
    pub people: Confusion,
    /// People with a positive label; the rows where no clusters are declared.
    pub people_positives: u64,
    /// People with a negative label.
    pub people_negatives: u64,
    /// One estimate for each figure that the declared columns allow, in the order of [`Metric::ALL`].
    pub estimates: Vec<(Metric, Estimate)>,
    /// Rates after partial pooling over the groups of the attribute.
    pub pooled: Vec<(Metric, Pooled)>,
    /// Calibration curve, where scores are probabilities.
    pub calibration: Vec<CalibrationBin>,
    /// ROC curve, thinned.
    pub roc: Vec<RocPoint>,
    /// The group at a grid of thresholds, with the decision curve.
    pub operating: Vec<Operating>,
}

impl GroupEstimates {
    /// The estimate of one figure, where declared columns allow it.
    pub fn estimate(&self, metric: Metric) -> Option<&Estimate> {
        self.estimates.iter().find(|(m, _)| *m == metric).map(|(_, estimate)| estimate)
    }
}

/// A figure of a group against the reference group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contrast {
    /// Index of the group.
    pub group: usize,
    /// The figure.
    pub metric: Metric,
    /// Group minus reference.
    pub difference: Estimate,
    /// Group over reference, where the figure has a natural zero.
    pub ratio: Option<Estimate>,
    /// Two-sided p-value of no difference, for tested figures.
    pub p: Option<f64>,
    /// The same adjusted over the family by Holm.
    pub holm: Option<f64>,
    /// The same adjusted over the family by Benjamini and Hochberg.
    pub benjamini_hochberg: Option<f64>,
}

/// What a threshold of each group's own would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Equalised {
    /// The figure that is made equal.
    pub metric: Metric,
    /// Its value for everyone at the threshold in use.
    pub target: f64,
    /// The threshold in use.
    pub threshold: f64,
    /// Each group at its own threshold; `None` where the group has too few rows for one.
    pub groups: Vec<Option<Operating>>,
    /// Everyone at the threshold in use.
    pub before: Operating,
    /// Everyone with each group at its own threshold; groups without one stay where they are.
    pub after: Confusion<f64>,
}

/// The audit of one attribute or intersection.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Audit {
    /// One entry per group, in the order of the group indices.
    pub groups: Vec<GroupEstimates>,
    /// All rows together.
    pub overall: GroupEstimates,
    /// For each group whether it holds rows whose attribute is missing.
    pub missing: Vec<bool>,
    /// The group that others are compared with.
    pub reference: Option<usize>,
    /// One entry per figure.
    pub spreads: Vec<Spread>,
    /// Figures of all groups together.
    pub composites: Vec<(Composite, Estimate)>,
    /// Groups that no comparison of both odds could use, with the rate that is missing.
    pub odds_left_out: Vec<LeftOut>,
    /// Each group against the reference.
    pub contrasts: Vec<Contrast>,
    /// Figures of a group and the reference together: index of the group, figure, estimate.
    pub pairs: Vec<(usize, Pair, Estimate)>,
    /// What a threshold of each group's own would do, where the threshold in use is known.
    pub equalised: Option<Equalised>,
    /// Draws of the bootstrap of counts that were made.
    pub draws: usize,
}

impl Audit {
    /// The comparison of one figure over the groups.
    pub fn spread(&self, metric: Metric) -> Option<&Spread> {
        self.spreads.iter().find(|spread| spread.metric == metric)
    }

    /// A figure of all groups.
    pub fn composite(&self, which: Composite) -> Option<&Estimate> {
        self.composites.iter().find(|(c, _)| *c == which).map(|(_, estimate)| estimate)
    }
}

/// The lowest score among flagged rows, if every row with that score or more is flagged and no other. On a grid of cells
/// `half_cell` wide on either side, flagged and other rows may share the cell of the threshold.
pub fn threshold_in_use(rows: &Rows, half_cell: f64) -> Option<f64> {
    let (scores, predicted) = (rows.score.as_ref()?, rows.predicted.as_ref()?);
    let (mut lowest, mut highest) = (f64::INFINITY, f64::NEG_INFINITY);
    for (row, (&score, &flagged)) in scores.iter().zip(predicted).enumerate() {
        if rows.label[row].is_some() {
            if flagged { lowest = lowest.min(score) } else { highest = highest.max(score) }
        }
    }
    let apart = highest < lowest || (half_cell > 0.0 && highest <= lowest);
    (lowest.is_finite() && apart).then_some(lowest)
}

/// Audits every grouping of the same rows; the first entry of the answer belongs to the first grouping. P-values are
/// adjusted over all of them together.
pub fn audit(rows: &Rows, groupings: &[Grouping], options: &Options) -> Vec<Audit> {
    let order = rows.order();
    let everyone = Grouping::everyone(rows.count.len());
    let whole = Attribute::new(rows, &everyone, &order, options);
    let mut overall = whole.estimates();
    let Some(overall) = overall.pop() else { return Vec::new() };
    let of = |grouping: &Grouping| Attribute::new(rows, grouping, &order, options).audit(&overall, &whole.groups);
    let mut audits: Vec<Audit> = groupings.iter().map(of).collect();
    adjust(audits.iter_mut());
    audits
}

/// Figures of every group, and each group against the reference: what a series of many windows asks for. Nothing is
/// resampled, so there is no expected calibration error, no curve and no comparison over all groups at once.
#[allow(clippy::type_complexity, reason = "figures by group")]
pub fn figures(rows: &Rows, grouping: &Grouping, options: &Options) -> (Vec<Vec<(Metric, Estimate)>>, Vec<Contrast>) {
    let options = Options { draws: 0, ..options.clone() };
    Attribute::new(rows, grouping, &rows.order(), &options).figures()
}

/// Adjusts the p-values of all contrasts as one family.
pub(crate) fn adjust<'a>(audits: impl Iterator<Item = &'a mut Audit>) {
    let mut tests: Vec<&mut Contrast> = audits.flat_map(|a| &mut a.contrasts).filter(|c| c.p.is_some()).collect();
    let p: Vec<f64> = tests.iter().filter_map(|c| c.p).collect();
    for ((test, h), b) in tests.iter_mut().zip(holm(&p)).zip(benjamini_hochberg(&p)) {
        (test.holm, test.benjamini_hochberg) = (Some(h), Some(b));
    }
}
