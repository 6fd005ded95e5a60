//! What can be asked about the law itself.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::civil::Date;

use super::Plain;

#[derive(Debug, Subcommand)]
pub(crate) enum LawCommand {
    /// What is proposed, contested, or about to apply
    Status {
        /// The day [default: today]
        #[arg(long, value_name = "DATE")]
        as_of: Option<Date>,
        /// How many months ahead counts as about to apply
        #[arg(long, default_value_t = 18, value_name = "MONTHS", value_parser = clap::value_parser!(u32).range(0..=600))]
        ahead: u32,
        /// Also list what binds or advises as it is
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        of: LawOf,
    },
    /// What changes between two days
    Diff {
        /// The first day; what holds on it is where the comparison starts
        from: Date,
        /// The last day
        to: Date,
        #[command(flatten)]
        of: LawOf,
    },
    /// Write what changes as a calendar file
    Calendar {
        /// File to write, such as law.ics
        file: PathBuf,
        /// The day from which on [default: today]
        #[arg(long, value_name = "DATE")]
        as_of: Option<Date>,
        #[command(flatten)]
        of: LawOf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct LawOf {
    /// Only these packs; may be repeated
    #[arg(long, value_name = "ID")]
    pub(crate) pack: Vec<String>,
    /// Folder with medattest.toml, for packs of your own
    #[arg(long, default_value = ".")]
    pub(crate) project: PathBuf,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = Plain::Terminal)]
    pub(crate) format: Plain,
}
