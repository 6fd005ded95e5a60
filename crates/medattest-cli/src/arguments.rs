//! What can be asked on the command line.

mod deid;
mod doc;
mod incident;
mod law;
mod monitor;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::civil::Date;

pub(crate) use deid::{DeidAudit, DeidClean, DeidCommand, DeidEval, DeidFormat, DeidHow};
pub(crate) use doc::{CardForm, DocCommand, PaperKind, PapersOf};
pub(crate) use incident::{IncidentCommand, IncidentsOf, Learnt};
pub(crate) use law::{LawCommand, LawOf};
pub(crate) use monitor::{DriftOptions, DriftPolicyKind, MonitorFormat, MonitorOptions};

/// Compliance-as-code for clinical AI: measures evidence and judges it against dated, cited law.
#[derive(Debug, Parser)]
#[command(
    name = "medattest",
    version,
    max_term_width = 100,
    after_help = "\
Start here:
  medattest demo                    a sample project of three systems, audited
  medattest init                    describe your own system by answering questions
  medattest audit                   judge the project in this folder

Exit codes: 0 pass, 1 fail, 2 could not assess, 3 inconclusive, 4 needs human approval, 5 internal error.
medattest says what it read and what follows; it is not a lawyer."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a sample project of three synthetic systems and audit it
    Demo(DemoOptions),
    /// Describe an AI system by answering questions
    Init(InitOptions),
    /// Measure, judge and decide: the whole run
    Audit(AuditOptions),
    /// Say what each system is under each regime, without measuring anything
    Classify(ProjectOptions),
    /// List the facts that could still change an outcome, most decisive first
    Questions(ProjectOptions),
    /// List what begins to apply when, and what would be missing on that day
    Roadmap(RoadmapOptions),
    /// Set systems and requirements against regimes, and show what evidence counts in several
    Matrix(MatrixOptions),
    /// Set what each system reads against what its purpose needs (minimum necessary)
    Minimum(ProjectOptions),
    /// Answer impact assessments from facts: DPIA, FRIA, HIPAA risk analysis, algorithmic impact
    Impact(ImpactOptions),
    /// Write papers from facts: model cards, datasheets, technical files, submissions, board reports
    #[command(subcommand)]
    Doc(Box<DocCommand>),
    /// Explain a rule, a requirement, a classification, a pack, a fact or a figure
    Explain(ExplainOptions),
    /// Measure performance by group in a CSV or Parquet file; needs no project
    Bias(Box<BiasOptions>),
    /// Compare every column of two tables; needs no project
    Drift(DriftOptions),
    /// Watch a deployed model by a plan: drift, performance, groups, control charts, alerts
    Monitor(Box<MonitorOptions>),
    /// Find what identifies people in texts and tables, remove it, measure how well; needs no project
    #[command(subcommand)]
    Deid(Box<DeidCommand>),
    /// How the law stands, what changes between two days, a calendar of it; needs no project
    #[command(subcommand)]
    Law(LawCommand),
    /// Record an incident, see which reports it obliges to and by when, draft them
    #[command(subcommand)]
    Incident(Box<IncidentCommand>),
    /// List packs, or run their scenarios
    Pack(PackOptions),
    /// Print the JSON Schema of a file medattest reads or writes
    Schema(SchemaOptions),
    /// Print a completion script for a shell
    Completions {
        /// Shell
        shell: clap_complete::Shell,
    },
}

/// Sample projects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sample {
    /// Three synthetic systems of a hospital, with data
    Demo,
    /// IDx-DR, diabetic retinopathy, De Novo DEN180001: from public facts
    IdxDr,
    /// Viz.ai ContaCT, stroke triage, De Novo DEN170073: from public facts
    Contact,
}

impl Sample {
    /// The folder of its project.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Demo => "demo",
            Self::IdxDr => "idx-dr",
            Self::Contact => "contact",
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  medattest demo
  medattest demo /tmp/demo --as-of 2027-12-02     with the law of that day
  medattest demo --sample idx-dr idx-dr           a De Novo request from public facts")]
pub(crate) struct DemoOptions {
    /// Folder to write the project into; must be empty or not exist
    #[arg(default_value = "medattest-demo")]
    pub(crate) folder: PathBuf,
    /// Judge with the law of this day [default: today]
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<Date>,
    /// Which sample
    #[arg(long, value_enum, default_value_t = Sample::Demo)]
    pub(crate) sample: Sample,
    /// Seed of the synthetic data
    #[arg(long, default_value_t = crate::generate::SEED)]
    pub(crate) seed: u64,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  medattest init                          asks on the terminal, writes systems/<id>.toml
  medattest init hospital --blank sepsis  writes a template with every question as a comment")]
pub(crate) struct InitOptions {
    /// Folder of the project
    #[arg(default_value = ".")]
    pub(crate) folder: PathBuf,
    /// Ask nothing; write a template for a system of this id
    #[arg(long, value_name = "ID")]
    pub(crate) blank: Option<String>,
}

/// Which project and systems, on which day, with which data.
#[derive(Debug, Args)]
pub(crate) struct ProjectOn {
    /// Folder with medattest.toml
    #[arg(default_value = ".")]
    pub(crate) project: PathBuf,
    /// Only this system; may be repeated
    #[arg(long, value_name = "ID")]
    pub(crate) system: Vec<String>,
    /// Judge with the law of this day [default: today]
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<Date>,
    /// Folder that holds the tables [default: `data` in medattest.toml, or the project]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ProjectOptions {
    #[command(flatten)]
    pub(crate) on: ProjectOn,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = Plain::Terminal)]
    pub(crate) format: Plain,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  medattest impact                                        which are owed, and how far each is answered
  medattest impact dpia --system sepsis --write dpia.html
  medattest impact impact/aia --system sepsis             what is left to state and to write

Exit codes: 0 nothing that is owed is open, 2 could not assess, 3 something owed is not answered whole.")]
pub(crate) struct ImpactOptions {
    /// Which, such as dpia or eu-gdpr/dpia; an overview without
    pub(crate) kind: Option<String>,
    /// System
    #[arg(long, value_name = "ID")]
    pub(crate) system: Option<String>,
    /// Write the paper to this HTML file
    #[arg(long, value_name = "FILE", requires = "kind")]
    pub(crate) write: Option<PathBuf>,
    /// Folder with medattest.toml
    #[arg(long, default_value = ".")]
    pub(crate) project: PathBuf,
    /// Judge with the law of this day [default: today]
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<Date>,
    /// Folder that holds the tables [default: `data` in medattest.toml, or the project]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data: Option<PathBuf>,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = Plain::Terminal)]
    pub(crate) format: Plain,
}

/// A part of the matrix; a workbook holds them all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MatrixPart {
    /// Requirements, with what they share
    Requirements,
    /// Topics by regimes
    Topics,
    /// Facts that count in regimes
    Evidence,
    /// Systems by regimes
    Systems,
}

#[derive(Debug, Args)]
pub(crate) struct RoadmapOptions {
    #[command(flatten)]
    pub(crate) project: ProjectOptions,
    /// One list for the whole organisation, with the systems each date concerns
    #[arg(long)]
    pub(crate) together: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  medattest matrix --write matrix.html --write matrix.xlsx
  medattest matrix --pack us-hipaa --pack eu-gdpr --write crosswalk.csv

Without a project in the folder the packs are compared among themselves.")]
pub(crate) struct MatrixOptions {
    #[command(flatten)]
    pub(crate) on: ProjectOn,
    /// Only these packs; may be repeated
    #[arg(long, value_name = "ID")]
    pub(crate) pack: Vec<String>,
    /// Write the whole matrix to this file (.html, .xlsx or .csv); may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) write: Vec<PathBuf>,
    /// Which part a .csv file holds
    #[arg(long, value_enum, default_value_t = MatrixPart::Requirements, value_name = "PART")]
    pub(crate) part: MatrixPart,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = Plain::Terminal)]
    pub(crate) format: Plain,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  medattest audit --write dossier.html
  medattest audit hospital --system sepsis --format json
  medattest audit --write results.sarif --write junit.xml --write summary.md   in CI
  medattest audit --as-of 2027-12-02                                          with the law of that day
  medattest audit --data /mnt/tables                                          tables elsewhere

The kind of a written file follows from its name: .html .json .sarif .xml (JUnit) .md
Exit codes: 0 pass, 1 fail, 2 could not assess, 3 inconclusive, 4 needs human approval, 5 internal error.")]
pub(crate) struct AuditOptions {
    #[command(flatten)]
    pub(crate) on: ProjectOn,
    /// What standard output shows
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    pub(crate) format: Format,
    /// Also write a file: .html, .json, .sarif, .xml or .md; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) write: Vec<PathBuf>,
    /// Bootstrap draws
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(100..=100_000))]
    pub(crate) draws: u32,
    /// Measure again even where nothing changed
    #[arg(long)]
    pub(crate) no_cache: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Terminal,
    /// JSON v1
    Json,
    /// SARIF 2.1.0
    Sarif,
    /// JUnit XML
    Junit,
    /// Summary
    Markdown,
    /// The dossier
    Html,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Plain {
    /// For people
    Terminal,
    /// JSON v1
    Json,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  medattest explain us-fda-device                              a pack
  medattest explain us-hipaa/business-associate-agreement-missing   a rule
  medattest explain eu-mdr.class                               a classification
  medattest explain purpose.significance                       a fact
  medattest explain equalized-odds-difference                  a figure: formula, range, other packages")]
pub(crate) struct ExplainOptions {
    /// Id of a pack, `pack/rule`, `pack/requirement`, `pack.classification`, a fact or a figure
    pub(crate) id: String,
    /// Folder with medattest.toml, for packs of your own
    #[arg(long, default_value = ".")]
    pub(crate) project: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  medattest bias predictions.parquet --label y_true --prediction y_pred --score y_score --by race,gender
  medattest bias p.parquet --label y --score s --threshold 0.2 --by race --write report.html --write figures.csv
  medattest bias scores.csv --label died --score risk --by sex,age:18,40,65 --filter \"site = 'north'\"
  medattest bias p.parquet --label y --prediction p --by race,sex --cluster patient --reference race=White
  medattest bias p.parquet --label y --score new --versus old --by race       does the new score order better?
  medattest bias p.parquet --label y --prediction p --by race --features zip3,payer --population census.csv
  medattest bias triage.csv --task multiclass --label level --prediction predicted --by sex
  medattest bias stay.csv --task regression --label days --prediction expected --by sex
  medattest bias p.parquet --label y --prediction p --by race --write-counts c.json
  medattest bias --from-counts c.json --format json                            the same figures, to the last digit

A column of numbers is cut into groups by naming where each begins: age:18,40,65.
A population is a CSV with columns attribute, group and share.
Counts under --min-cell are withheld, with the rates and the next group that would give one away.
What each figure is: medattest explain tpr")]
pub(crate) struct BiasOptions {
    /// Table of predictions, .csv or .parquet
    #[arg(required_unless_present = "from_counts")]
    pub(crate) file: Option<PathBuf>,
    /// Compute every figure again from counts that were stored
    #[arg(long, value_name = "FILE", conflicts_with_all = ["file", "label", "prediction", "score", "by", "filter", "cluster", "weight", "versus", "features", "population", "reference", "unknown", "threshold", "task", "min_events", "level", "draws", "interval", "equalise", "min_cell", "write_counts"])]
    pub(crate) from_counts: Option<PathBuf>,
    /// Kind of prediction
    #[arg(long, value_enum, default_value_t = TaskKind::Binary)]
    pub(crate) task: TaskKind,
    /// Column with the outcome: 0 or 1, a class, or a number
    #[arg(long, value_name = "COLUMN", required_unless_present = "from_counts")]
    pub(crate) label: Option<String>,
    /// Column with the model's decision: 0 or 1, a class, or a number
    #[arg(long, value_name = "COLUMN")]
    pub(crate) prediction: Option<String>,
    /// Column with the score
    #[arg(long, value_name = "COLUMN")]
    pub(crate) score: Option<String>,
    /// Whether the score is a probability
    #[arg(long, value_enum, default_value_t = ScoreKind::Probability)]
    pub(crate) score_kind: ScoreKind,
    /// Column with a second score of the same rows, compared by paired DeLong
    #[arg(long, value_name = "COLUMN")]
    pub(crate) versus: Option<String>,
    /// Lowest score that is flagged [default: what decisions and scores tell]
    #[arg(long, value_name = "SCORE", allow_negative_numbers = true)]
    pub(crate) threshold: Option<f64>,
    /// Columns by which people are grouped; `race,age:18,40,65`
    #[arg(long, value_name = "COLUMNS")]
    pub(crate) by: Option<String>,
    /// Group that others are compared with, `race=White`; may be repeated [default: the largest]
    #[arg(long, value_name = "COLUMN=GROUP")]
    pub(crate) reference: Vec<String>,
    /// Label that stands for a missing attribute, `race=Unknown`; may be repeated
    #[arg(long, value_name = "COLUMN=GROUP")]
    pub(crate) unknown: Vec<String>,
    /// CSV with columns attribute, group, share: the population the table should be like
    #[arg(long, value_name = "FILE")]
    pub(crate) population: Option<PathBuf>,
    /// Columns that may stand in for an attribute
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub(crate) features: Vec<String>,
    /// Do not measure the intersection of the columns
    #[arg(long)]
    pub(crate) no_intersection: bool,
    /// SQL condition that rows must fulfil
    #[arg(long, value_name = "SQL")]
    pub(crate) filter: Option<String>,
    /// Column that says which rows are of one patient; intervals then resample patients
    #[arg(long, value_name = "COLUMN")]
    pub(crate) cluster: Option<String>,
    /// Column with survey weights
    #[arg(long, value_name = "COLUMN")]
    pub(crate) weight: Option<String>,
    /// Smallest count that is shown, and smallest denominator that is estimated
    #[arg(long, default_value_t = 11, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) min_cell: u64,
    /// Fewest positive and fewest negative labels of a figure that depends on them [default: --min-cell]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) min_events: Option<u64>,
    /// Nominal coverage of intervals
    #[arg(long, default_value_t = 0.95, value_parser = level)]
    pub(crate) level: f64,
    /// Interval of a rate
    #[arg(long, value_enum, default_value_t = IntervalKind::Wilson)]
    pub(crate) interval: IntervalKind,
    /// Bootstrap draws
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(100..=100_000))]
    pub(crate) draws: u32,
    /// Figure that a threshold of each group's own could make equal
    #[arg(long, value_enum, default_value_t = EqualiseKind::Tpr)]
    pub(crate) equalise: EqualiseKind,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = BiasFormat::Terminal)]
    pub(crate) format: BiasFormat,
    /// Also write a file: .html, .json, .csv or .md; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) write: Vec<PathBuf>,
    /// Store the counts behind every figure; they are exact, and to be guarded like the table
    #[arg(long, value_name = "FILE")]
    pub(crate) write_counts: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BiasFormat {
    /// For people
    Terminal,
    /// JSON v1
    Json,
    /// One row per figure
    Csv,
    /// Tables
    #[value(alias = "md")]
    Markdown,
    /// The report
    Html,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TaskKind {
    /// Yes or no
    Binary,
    /// One of several classes
    Multiclass,
    /// A number
    Regression,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum IntervalKind {
    /// Close to nominal on average
    Wilson,
    /// Never below nominal
    ClopperPearson,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EqualiseKind {
    /// Sensitivity
    Tpr,
    /// False positive rate
    Fpr,
    /// Selection rate
    SelectionRate,
    /// Positive predictive value
    Ppv,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScoreKind {
    /// In [0,1]; calibration is measured
    Probability,
    /// Any number; only its order counts
    Margin,
}

fn level(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(level) if (0.5..=0.9999).contains(&level) => Ok(level),
        _ => Err("a level lies between 0.5 and 0.9999, such as 0.95".to_owned()),
    }
}

#[derive(Debug, Args)]
pub(crate) struct PackOptions {
    #[command(subcommand)]
    pub(crate) command: PackCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PackCommand {
    /// List packs with their edition of the law
    List {
        /// Also list every rule
        #[arg(long)]
        rules: bool,
        /// Folder with medattest.toml, for packs of your own
        #[arg(long, default_value = ".")]
        project: PathBuf,
    },
    /// Start a pack of your own: a folder that loads, tests and lints
    #[command(after_help = "\
Examples:
  medattest pack new mercy-policy                 my-packs/mercy-policy, and how to switch it on
  medattest pack test --project . mercy-policy
  medattest pack lint --project . mercy-policy")]
    New {
        /// Id of the pack: small letters, digits and dashes
        id: String,
        /// Folder to put it in
        #[arg(long, default_value = "my-packs", value_name = "FOLDER")]
        folder: PathBuf,
    },
    /// Say what a pack should be and is not: uncovered outcomes, gaps in time, stale evidence
    #[command(after_help = "Exit codes: 0 nothing but advice, 1 a fault, 2 the packs do not load.")]
    Lint {
        /// Only packs of this id; all of them otherwise
        pack: Option<String>,
        /// Also list advice
        #[arg(long)]
        advice: bool,
        /// Folder with medattest.toml, for packs of your own
        #[arg(long, default_value = ".")]
        project: PathBuf,
    },
    /// Run the scenarios of packs and report what does not come out as expected
    Test {
        /// Only scenarios whose file name contains this
        filter: Option<String>,
        /// Folder with medattest.toml, for packs of your own
        #[arg(long, default_value = ".")]
        project: PathBuf,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  medattest schema system > system.schema.json
  medattest schema --write          writes project and system schemas where `init` wires editors to look")]
pub(crate) struct SchemaOptions {
    /// Which file
    #[arg(value_enum, required_unless_present = "write")]
    pub(crate) of: Option<SchemaOf>,
    /// Write the schemas of the project's files to .medattest/schema
    #[arg(long)]
    pub(crate) write: bool,
    /// Folder with medattest.toml
    #[arg(long, default_value = ".")]
    pub(crate) project: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// medattest.toml
    Project,
    /// systems/*.toml
    System,
    /// What `audit --format json` writes
    Assessment,
    /// What `bias --format json` writes
    Bias,
    /// What `deid audit --format json` writes
    DeidAudit,
    /// What `monitor --format json` writes
    Monitor,
    /// What `doc render --write FILE.json` writes, and what every paper carries
    Paper,
}
