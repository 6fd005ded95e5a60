//! What can be asked about deployed models.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::civil::Date;

/// How a report is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MonitorFormat {
    /// Tables on a terminal
    Terminal,
    /// JSON v1
    Json,
}

#[derive(Debug, Args)]
#[command(after_help = "\
A plan says what is watched, how often, against which thresholds and who acts. Start one with
  medattest monitor --new > monitoring.toml
The reference is counted once; every later file is counted once and compared with it. State holds counts, no rows.

In cron or CI:     medattest monitor monitoring.toml --alerts alerts.jsonl --prometheus monitor.prom
Beside a folder:   medattest monitor monitoring.toml --watch --listen 127.0.0.1:9464
From a pipe:       … | medattest monitor monitoring.toml        (with path = \"-\" under [data])

Exit codes: 0 nothing broken in the newest window, 1 something is, 2 could not look, 3 no window yet.")]
pub(crate) struct MonitorOptions {
    /// The plan, a TOML file
    #[arg(required_unless_present = "new")]
    pub(crate) plan: Option<PathBuf>,
    /// Print a plan to start from
    #[arg(long)]
    pub(crate) new: bool,
    /// Folder that the plan's paths are relative to [default: the folder of the plan]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data: Option<PathBuf>,
    /// Folder where counts are kept [default: .medattest/monitor beside the plan]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) state: Option<PathBuf>,
    /// How the report is shown
    #[arg(long, value_enum, default_value_t = MonitorFormat::Terminal)]
    pub(crate) format: MonitorFormat,
    /// Write the report to a file too: .html or .json; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) write: Vec<PathBuf>,
    /// Write metrics for the node exporter of Prometheus
    #[arg(long, value_name = "FILE")]
    pub(crate) prometheus: Option<PathBuf>,
    /// Add new alerts to a file, a line of JSON each
    #[arg(long, value_name = "FILE")]
    pub(crate) alerts: Option<PathBuf>,
    /// Post new alerts to this address
    #[arg(long, value_name = "URL")]
    pub(crate) webhook: Option<String>,
    /// File with the key that posts are signed with (HMAC-SHA256)
    #[arg(long, value_name = "FILE", requires = "webhook")]
    pub(crate) webhook_key: Option<PathBuf>,
    /// Go on looking for new data until stopped
    #[arg(long)]
    pub(crate) watch: bool,
    /// Seconds between two looks
    #[arg(long, default_value_t = 60, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) interval: u64,
    /// Serve metrics to Prometheus at this address while watching
    #[arg(long, value_name = "ADDRESS", requires = "watch")]
    pub(crate) listen: Option<String>,
    /// The day of the report [default: today]
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<Date>,
}

/// By which rules columns count as drifted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DriftPolicyKind {
    /// The effect is large and more than chance over all columns
    Effect,
    /// The choice of tests and thresholds of Evidently 0.7
    Evidently,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Compares every column of two tables. To watch a model over time, see `medattest monitor`.
Exit codes: 0 no column drifted, 1 some did, 2 could not compare.")]
pub(crate) struct DriftOptions {
    /// Table to compare with: .csv or .parquet
    pub(crate) reference: PathBuf,
    /// Table that may have moved
    pub(crate) current: PathBuf,
    /// SQL condition for rows of the reference
    #[arg(long, value_name = "SQL")]
    pub(crate) reference_filter: Option<String>,
    /// SQL condition for rows of the other table
    #[arg(long, value_name = "SQL")]
    pub(crate) current_filter: Option<String>,
    /// Columns that are not looked at
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    pub(crate) ignore: Vec<String>,
    /// Columns with free text, of which lengths and the like are compared
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    pub(crate) text: Vec<String>,
    /// By which rules columns count as drifted
    #[arg(long, value_enum, default_value_t = DriftPolicyKind::Effect)]
    pub(crate) policy: DriftPolicyKind,
    /// Also try whether trees can tell the two tables apart, on up to so many rows of each
    #[arg(long, value_name = "ROWS", num_args = 0..=1, default_missing_value = "20000")]
    pub(crate) classifier: Option<usize>,
    /// How the result is shown
    #[arg(long, value_enum, default_value_t = MonitorFormat::Terminal)]
    pub(crate) format: MonitorFormat,
}
