//! What can be asked on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::civil::Date;

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
    Roadmap(ProjectOptions),
    /// Explain a rule, a requirement, a classification, a pack or a fact
    Explain(ExplainOptions),
    /// Measure performance by group in a CSV or Parquet file; needs no project
    Bias(BiasOptions),
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

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  medattest demo
  medattest demo /tmp/demo --as-of 2027-12-02     with the law of that day")]
pub(crate) struct DemoOptions {
    /// Folder to write the project into; must be empty or not exist
    #[arg(default_value = "medattest-demo")]
    pub(crate) folder: PathBuf,
    /// Judge with the law of this day [default: today]
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<Date>,
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
  medattest explain purpose.significance                       a fact")]
pub(crate) struct ExplainOptions {
    /// Id of a pack, `pack/rule`, `pack/requirement`, `pack.classification` or a fact
    pub(crate) id: String,
    /// Folder with medattest.toml, for packs of your own
    #[arg(long, default_value = ".")]
    pub(crate) project: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  medattest bias predictions.parquet --label y_true --prediction y_pred --score y_score --by race,gender
  medattest bias scores.csv --label died --score risk --by sex,age:18,40,65 --filter \"site = 'north'\"
  medattest bias p.parquet --label y --prediction p --by race,sex --cluster patient --format json

A column of numbers is cut into groups by naming where each begins: age:18,40,65.
Counts under --min-cell are withheld, with the rates and the next group that would give one away.")]
pub(crate) struct BiasOptions {
    /// Table of predictions, .csv or .parquet
    pub(crate) file: PathBuf,
    /// Column with the outcome, 0 or 1
    #[arg(long, value_name = "COLUMN")]
    pub(crate) label: String,
    /// Column with the model's decision, 0 or 1
    #[arg(long, value_name = "COLUMN", required_unless_present = "score")]
    pub(crate) prediction: Option<String>,
    /// Column with the score
    #[arg(long, value_name = "COLUMN")]
    pub(crate) score: Option<String>,
    /// Whether the score is a probability
    #[arg(long, value_enum, default_value_t = ScoreKind::Probability)]
    pub(crate) score_kind: ScoreKind,
    /// Columns by which people are grouped; `race,age:18,40,65`
    #[arg(long, value_name = "COLUMNS")]
    pub(crate) by: Option<String>,
    /// Do not measure the intersection of the columns
    #[arg(long)]
    pub(crate) no_intersection: bool,
    /// SQL condition that rows must fulfil
    #[arg(long, value_name = "SQL")]
    pub(crate) filter: Option<String>,
    /// Column that says which rows are of one patient; intervals then resample patients
    #[arg(long, value_name = "COLUMN")]
    pub(crate) cluster: Option<String>,
    /// Smallest count that is shown, and smallest denominator that is estimated
    #[arg(long, default_value_t = 11, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) min_cell: u64,
    /// Nominal coverage of intervals
    #[arg(long, default_value_t = 0.95, value_parser = level)]
    pub(crate) level: f64,
    /// Bootstrap draws
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(100..=100_000))]
    pub(crate) draws: u32,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = BiasFormat::Terminal)]
    pub(crate) format: BiasFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BiasFormat {
    /// For people
    Terminal,
    /// JSON v1
    Json,
    /// Tables
    Markdown,
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
        Ok(level) if (0.5..1.0).contains(&level) => Ok(level),
        _ => Err("a level lies between 0.5 and 1, such as 0.95".to_owned()),
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
}
