//! The frozen types.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::{Outcome, Severity};
use crate::gate::Decision;
use crate::pack::{Confidence, Status};

/// A whole run.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AssessmentV1 {
    /// Always `medattest-assessment-v1`.
    pub format: String,
    /// Version of medattest.
    pub version: String,
    /// Day whose law was applied, ISO 8601.
    pub as_of: String,
    /// Name of the organisation, as stated.
    pub organisation: Option<String>,
    /// SHA-256 over every project file.
    pub project_sha256: String,
    /// Project files.
    pub files: Vec<DigestV1>,
    /// Packs that judged.
    pub packs: Vec<PackV1>,
    /// The decision over everything.
    pub decision: DecisionV1,
    /// One entry per system.
    pub systems: Vec<SystemV1>,
    /// Findings about the project itself.
    pub project_findings: Vec<FindingV1>,
}

/// A file with its digest.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DigestV1 {
    /// Path as the user wrote it.
    pub path: String,
    /// SHA-256 of the content.
    pub sha256: String,
}

/// A pack as used.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PackV1 {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Jurisdiction.
    pub jurisdiction: String,
    /// Revision.
    pub revision: u32,
    /// Edition of the law.
    pub edition: String,
    /// Newest date of the evidence behind it.
    pub evidence_date: String,
    /// What it does not cover.
    pub limits: String,
    /// SHA-256 over its files.
    pub sha256: String,
}

/// A decision with the findings that made it.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DecisionV1 {
    /// The decision.
    pub decision: Decision,
    /// Exit code of the command.
    pub exit_code: u8,
    /// Fingerprints of the findings that decided.
    pub because: Vec<String>,
}

/// One system.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SystemV1 {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// File that describes it.
    pub file: String,
    /// The decision over this system.
    pub decision: DecisionV1,
    /// What it is under each regime.
    pub conclusions: Vec<ConclusionV1>,
    /// One finding per rule and subject.
    pub findings: Vec<FindingV1>,
    /// Open questions, most decisive first.
    pub questions: Vec<QuestionV1>,
    /// What changes when.
    pub roadmap: Vec<MilestoneV1>,
    /// What was measured.
    pub evidence: Vec<BiasV1>,
}

/// What a system is under one regime.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ConclusionV1 {
    /// `pack.classification`.
    pub id: String,
    /// The question.
    pub title: String,
    /// The answer; null when unknown.
    pub value: Option<String>,
    /// Answers still possible, when unknown.
    pub could_be: Vec<String>,
    /// What the answer means.
    pub meaning: String,
    /// Why.
    pub because: String,
    /// What is disputed or unsettled.
    pub contested: Option<String>,
    /// Whether summaries lead with it.
    pub headline: bool,
    /// Requirements it rests on.
    pub citations: Vec<CitedV1>,
    /// Facts that decided.
    pub facts: Vec<FactV1>,
    /// Facts that would decide.
    pub missing: Vec<String>,
}

/// A requirement as cited.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CitedV1 {
    /// `pack/requirement`.
    pub requirement: String,
    /// Citation.
    pub citation: String,
    /// Title.
    pub title: String,
    /// What it asks, in medattest's words.
    pub asks: String,
    /// Standing on the day; null if it does not concern this system.
    pub status: Option<Status>,
    /// Since or from when, ISO 8601.
    pub from: Option<String>,
    /// What is disputed about it.
    pub contested: Option<String>,
    /// How well it was checked.
    pub confidence: Confidence,
}

/// A fact as read.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FactV1 {
    /// Catalogue key.
    pub key: String,
    /// Short name.
    pub title: String,
    /// Value as text; null when not known.
    pub value: Option<String>,
    /// Why it is not known.
    pub absent_because: Option<String>,
    /// `stated`, `measured`, `concluded` or null.
    pub known_by: Option<String>,
    /// Who stated it, or which engine measured it, or which pack concluded it.
    pub source: Option<String>,
}

/// The result of one rule for one subject.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FindingV1 {
    /// Stable across runs.
    pub fingerprint: String,
    /// `pack/rule`.
    pub rule: String,
    /// Title.
    pub title: String,
    /// Whom within the system.
    pub subject: String,
    /// Result.
    pub outcome: Outcome,
    /// How bad the fault is or would be.
    pub severity: Severity,
    /// Whether it can fail the gate by itself.
    pub binding: bool,
    /// What was found.
    pub message: String,
    /// What to do.
    pub remedy: String,
    /// Requirements served.
    pub citations: Vec<CitedV1>,
    /// Facts that decided.
    pub facts: Vec<FactV1>,
    /// Facts that would have to be known.
    pub missing: Vec<String>,
    /// Where the facts are written, as `file:line:column`.
    pub places: Vec<String>,
    /// The waiver that covers it.
    pub waiver: Option<WaiverV1>,
    /// First day on which the rule can fail, ISO 8601.
    pub applies_from: Option<String>,
}

/// A waiver.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WaiverV1 {
    /// Why.
    pub reason: String,
    /// Who.
    pub approver: String,
    /// Last day, ISO 8601.
    pub expires: String,
}

/// An open question.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct QuestionV1 {
    /// Catalogue key.
    pub key: String,
    /// The question.
    pub question: String,
    /// How to answer it.
    pub help: String,
    /// How the answer is written.
    pub answer: String,
    /// Conclusions it could decide.
    pub conclusions: Vec<String>,
    /// Rules it could decide.
    pub rules: Vec<String>,
    /// How much hangs on it.
    pub weight: u32,
}

/// Something that changes on a day.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MilestoneV1 {
    /// ISO 8601.
    pub date: String,
    /// `law`, `conclusion`, `statement` or `waiver`.
    pub kind: String,
    /// In one line.
    pub title: String,
    /// Citation.
    pub citation: Option<String>,
    /// Standing from that day.
    pub status: Option<Status>,
    /// How well the law was checked.
    pub confidence: Option<Confidence>,
    /// What is disputed about it.
    pub contested: Option<String>,
    /// Rules as they would come out that day on the facts of today.
    pub rules: Vec<ForeseenV1>,
}

/// A rule on a later day.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ForeseenV1 {
    /// `pack/rule`.
    pub rule: String,
    /// Outcome on the facts of today.
    pub outcome: Outcome,
    /// Severity.
    pub severity: Severity,
    /// Facts that are missing.
    pub missing: Vec<String>,
}

/// What the bias engine measured for one table.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct BiasV1 {
    /// Always `medattest-bias-v1`.
    pub format: String,
    /// Engine and version.
    pub engine: String,
    /// Id of the table.
    pub table: String,
    /// Path as the user wrote it.
    pub path: String,
    /// What the rows are.
    #[serde(rename = "use")]
    pub use_: String,
    /// `binary`, `multiclass` or `regression`.
    pub task: String,
    /// SHA-256 of the table.
    pub sha256: String,
    /// SHA-256 of the stored counts, from which every figure can be computed again.
    pub counts_sha256: String,
    /// Every parameter, as JSON text.
    pub parameters: String,
    /// Nominal coverage of intervals.
    pub level: f64,
    /// Counts below this are withheld, denominators below it are not estimated.
    pub smallest_cell: u64,
    /// Rows measured.
    pub rows: Option<u64>,
    /// Rows left out because label, prediction, score or weight is missing.
    pub excluded: Option<u64>,
    /// Those of them that only lack a label.
    pub unlabelled: Option<u64>,
    /// Clusters, where declared.
    pub clusters: Option<u64>,
    /// Whether rows have survey weights.
    pub weighted: bool,
    /// Half the width of a cell of the score grid.
    pub half_cell: f64,
    /// Lowest score that is flagged, where decisions follow from a threshold.
    pub threshold: Option<f64>,
    /// What to know before relying on the figures.
    pub warnings: Vec<String>,
    /// One entry per attribute and intersection, and per class.
    pub attributes: Vec<AttributeV1>,
    /// Two scores of the same rows compared.
    pub paired: Vec<PairedV1>,
    /// Which features tell of which attribute.
    pub proxies: Vec<ProxyV1>,
}

/// One attribute.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AttributeV1 {
    /// Column or columns, with the class in parentheses where one class is audited against the rest.
    pub attribute: String,
    /// What it stands for.
    #[serde(rename = "trait")]
    pub stands_for: String,
    /// Group that others are compared with.
    pub reference: Option<String>,
    /// Everyone.
    pub overall: GroupV1,
    /// Groups.
    pub groups: Vec<GroupV1>,
    /// Comparisons over all groups.
    pub disparities: Vec<DisparityV1>,
    /// Each group against the reference.
    pub contrasts: Vec<ContrastV1>,
    /// Figures of a group and the reference together.
    pub pairs: Vec<PairV1>,
    /// Who is in the table.
    pub shares: Vec<ShareV1>,
    /// Where the shares of the population come from.
    pub population_source: Option<String>,
    /// What thresholds of the groups' own would do.
    pub equalised: Option<EqualisedV1>,
}

/// One group.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct GroupV1 {
    /// Label.
    pub group: String,
    /// Rows; null when withheld.
    pub n: Option<u64>,
    /// Rows with a positive label; null when withheld.
    pub positives: Option<u64>,
    /// Patients or other clusters; null when withheld or not declared.
    pub clusters: Option<u64>,
    /// Figures by metric.
    pub figures: Vec<FigureV1>,
    /// Rates after partial pooling.
    pub pooled: Vec<FigureV1>,
    /// Calibration curve; bins that would give counts away are left out.
    pub calibration: Vec<CalibrationV1>,
    /// ROC curve as false and true positive rates.
    pub roc: Vec<[f64; 2]>,
    /// The group at other thresholds.
    pub operating: Vec<OperatingV1>,
}

/// A figure, or why there is none.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FigureV1 {
    /// Metric or disparity.
    pub metric: String,
    /// Point estimate; null when not estimable or withheld.
    pub value: Option<f64>,
    /// Lower end of the interval.
    pub low: Option<f64>,
    /// Upper end of the interval.
    pub high: Option<f64>,
    /// Denominator.
    pub n: Option<u64>,
    /// How the interval was made.
    pub method: Option<String>,
    /// Error that the score grid can have caused.
    pub error_bound: Option<f64>,
    /// Why there is no value.
    pub because: Option<String>,
}

/// A comparison of groups.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DisparityV1 {
    /// The figure.
    pub figure: FigureV1,
    /// Groups compared.
    pub groups: usize,
    /// Groups left out, with the reason.
    pub left_out: Vec<String>,
    /// Smallest difference that rows of unknown group could make it.
    pub best_case: Option<f64>,
    /// Largest difference that rows of unknown group could make it.
    pub worst_case: Option<f64>,
}

/// A group against the reference.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ContrastV1 {
    /// Label of the group.
    pub group: String,
    /// Group minus reference.
    pub difference: FigureV1,
    /// Group over reference.
    pub ratio: Option<FigureV1>,
    /// Two-sided p-value.
    pub p: Option<f64>,
    /// Adjusted by Holm.
    pub holm: Option<f64>,
    /// Adjusted by Benjamini and Hochberg.
    pub benjamini_hochberg: Option<f64>,
}

/// A figure of a group and the reference together.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PairV1 {
    /// Label of the group.
    pub group: String,
    /// The figure.
    pub figure: FigureV1,
}

/// A group's share of the rows.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ShareV1 {
    /// Label of the group.
    pub group: String,
    /// Share of the rows.
    pub share: FigureV1,
    /// Share of the declared population.
    pub population: Option<f64>,
    /// One over the other.
    pub ratio: Option<FigureV1>,
}

/// What thresholds of the groups' own would do. Nothing is changed.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EqualisedV1 {
    /// The figure that is made equal.
    pub metric: String,
    /// Its value for everyone at the threshold in use.
    pub target: f64,
    /// The threshold in use.
    pub threshold: f64,
    /// Each group at the threshold in use and at its own.
    pub groups: Vec<EqualisedGroupV1>,
    /// Everyone before and after.
    pub cost: Vec<CostV1>,
}

/// One group at its own threshold.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EqualisedGroupV1 {
    /// Label of the group.
    pub group: String,
    /// At the threshold in use; null when withheld.
    pub before: Option<OperatingV1>,
    /// At its own; null when withheld or too small for one.
    pub after: Option<OperatingV1>,
}

/// What equalising costs everyone.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CostV1 {
    /// The figure.
    pub metric: String,
    /// At the threshold in use.
    pub before: f64,
    /// With each group at its own.
    pub after: f64,
}

/// A group at one threshold, in steps that tell no small count.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct OperatingV1 {
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
    /// Net benefit.
    pub net_benefit: Option<f64>,
    /// Lower end of its interval.
    pub net_benefit_low: Option<f64>,
    /// Upper end of its interval.
    pub net_benefit_high: Option<f64>,
}

/// A point of the calibration curve.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CalibrationV1 {
    /// Mean score.
    pub predicted: f64,
    /// Observed rate.
    pub observed: f64,
    /// Lower end of its interval.
    pub low: f64,
    /// Upper end of its interval.
    pub high: f64,
    /// Rows; null where several groups share the curve's rows.
    pub n: Option<u64>,
}

/// Two scores of the same rows.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PairedV1 {
    /// Column of the second score.
    pub versus: String,
    /// Attribute; `everyone` for all rows.
    pub attribute: String,
    /// Group of it.
    pub group: String,
    /// AUROC of the score less that of the second.
    pub difference: FigureV1,
    /// P-value that they are equal.
    pub p: Option<f64>,
}

/// How much a feature tells of an attribute.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ProxyV1 {
    /// Attribute.
    pub attribute: String,
    /// Feature.
    pub feature: String,
    /// Values or bins of the feature.
    pub values: Option<usize>,
    /// Mutual information in nats.
    pub information: Option<f64>,
    /// Share of the attribute's entropy that the feature removes, corrected for chance.
    pub share: Option<f64>,
    /// P-value of independence.
    pub p: Option<f64>,
    /// Adjusted by Holm.
    pub holm: Option<f64>,
    /// Why it was not measured.
    pub because: Option<String>,
}
