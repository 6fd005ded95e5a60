//! What a reader gets to see of a measurement.

use medattest_metrics::{CalibrationBin, Form, Metric, Pair, RocPoint};

use super::{Count, Shown};

/// One group.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupRow {
    /// Label.
    pub label: String,
    /// Rows.
    pub n: Count,
    /// Rows with a positive label.
    pub positives: Count,
    /// Patients or other clusters, where declared.
    pub clusters: Count,
    /// Every figure.
    pub figures: Vec<(Metric, Shown)>,
    /// Rates after partial pooling.
    pub pooled: Vec<(Metric, Shown)>,
    /// Calibration curve, bins with small cells left out.
    pub calibration: Vec<CalibrationBin>,
    /// How many bins were left out of the curve.
    pub calibration_withheld: usize,
    /// ROC curve; empty where it would give counts away.
    pub roc: Vec<RocPoint>,
    /// The group at other thresholds; points that would give counts away are left out.
    pub operating: Vec<OperatingRow>,
}

impl GroupRow {
    /// One figure, where the declared columns allow it.
    pub fn figure(&self, metric: Metric) -> Option<&Shown> {
        self.figures.iter().find(|(m, _)| *m == metric).map(|(_, shown)| shown)
    }
}

/// A group at one threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OperatingRow {
    /// Lowest score that is flagged.
    pub threshold: f64,
    /// Selection rate.
    pub selection_rate: Option<f64>,
    /// Sensitivity.
    pub tpr: Option<f64>,
    /// False positive rate.
    pub fpr: Option<f64>,
    /// Positive predictive value.
    pub ppv: Option<f64>,
    /// Net benefit with its interval.
    pub net_benefit: Option<(f64, f64, f64)>,
}

/// A comparison of the groups.
#[derive(Debug, Clone, PartialEq)]
pub struct DisparityRow {
    /// Permanent id.
    pub id: String,
    /// Name.
    pub title: String,
    /// For a figure over all groups, which figure and in which form.
    pub form: Option<(Metric, Form)>,
    /// Figure.
    pub figure: Shown,
    /// Groups compared.
    pub groups: usize,
    /// Groups left out, with the reason.
    pub left_out: Vec<String>,
    /// Smallest and largest difference that rows of unknown group could make it.
    pub bounds: Option<(f64, f64)>,
}

impl DisparityRow {
    /// Whether it is one of the comparisons that a reader looks for first.
    pub fn is_headline(&self) -> bool {
        match self.form {
            Some((Metric::SelectionRate | Metric::Tpr, Form::Difference | Form::Ratio)) => true,
            Some((Metric::Accuracy | Metric::Auroc | Metric::Mae | Metric::MeanError, Form::Difference)) => true,
            Some((metric, Form::Deviation)) => matches!(metric, Metric::SelectionRate | Metric::Tpr),
            Some(_) => false,
            None => matches!(
                self.id.as_str(),
                "equalized-odds-difference"
                    | "equalized-odds-ratio"
                    | "largest-multiclass-equality-of-opportunity"
                    | "largest-multiclass-statistical-parity"
            ),
        }
    }
}

/// A group against the reference.
#[derive(Debug, Clone, PartialEq)]
pub struct ContrastRow {
    /// Label of the group.
    pub group: String,
    /// The figure.
    pub metric: Metric,
    /// Group minus reference.
    pub difference: Shown,
    /// Group over reference.
    pub ratio: Option<Shown>,
    /// Two-sided p-value.
    pub p: Option<f64>,
    /// Adjusted by Holm over every test of the table.
    pub holm: Option<f64>,
    /// Adjusted by Benjamini and Hochberg.
    pub benjamini_hochberg: Option<f64>,
}

/// A figure of a group and the reference together.
#[derive(Debug, Clone, PartialEq)]
pub struct PairRow {
    /// Label of the group.
    pub group: String,
    /// The figure.
    pub pair: Pair,
    /// Its value.
    pub figure: Shown,
}

/// A group's share of the rows.
#[derive(Debug, Clone, PartialEq)]
pub struct ShareRow {
    /// Label of the group.
    pub group: String,
    /// Share of the rows.
    pub share: Shown,
    /// Share of the declared population.
    pub population: Option<f64>,
    /// One over the other.
    pub ratio: Option<Shown>,
}

/// What thresholds of the groups' own would do.
#[derive(Debug, Clone, PartialEq)]
pub struct EqualisedTable {
    /// The figure that is made equal.
    pub metric: Metric,
    /// Its value for everyone at the threshold in use.
    pub target: f64,
    /// The threshold in use.
    pub threshold: f64,
    /// For each group its label, its own threshold, and the figure before and after.
    pub groups: Vec<(String, Option<OperatingRow>, Option<OperatingRow>)>,
    /// Everyone before and after: figure and value.
    pub cost: Vec<(Metric, f64, f64)>,
}

/// One attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct AttributeTable {
    /// Column or columns, with the class where one class is audited against the rest.
    pub attribute: String,
    /// What it stands for.
    pub stands_for: String,
    /// Whether it is one class against the rest.
    pub of_class: bool,
    /// Groups in order.
    pub groups: Vec<GroupRow>,
    /// Everyone.
    pub overall: GroupRow,
    /// Label of the group that others are compared with.
    pub reference: Option<String>,
    /// Comparisons over all groups; those with a name of their own first.
    pub disparities: Vec<DisparityRow>,
    /// Each group against the reference.
    pub contrasts: Vec<ContrastRow>,
    /// Figures of a group and the reference together.
    pub pairs: Vec<PairRow>,
    /// Who is in the table.
    pub shares: Vec<ShareRow>,
    /// Where the shares of the population come from.
    pub population_source: Option<String>,
    /// What thresholds of the groups' own would do.
    pub equalised: Option<EqualisedTable>,
}

impl AttributeTable {
    /// Whether a share of the rows is withheld; then so is what all shares make together.
    pub fn share_withheld(&self) -> bool {
        self.shares.iter().any(|row| row.share == Shown::Withheld)
    }

    /// The comparison of this id.
    pub fn disparity(&self, id: &str) -> Option<&DisparityRow> {
        self.disparities.iter().find(|row| row.id == id)
    }
}
