//! What can be done about an incident.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::civil::Date;

use super::Plain;

#[derive(Debug, Subcommand)]
pub(crate) enum IncidentCommand {
    /// Open the record of an incident
    #[command(after_help = "\
Examples:
  medattest incident new silent-alerts --system sepsis --by \"R. Diaz, safety officer\" \\
      --set aware=2026-11-20T14:30:00-05:00 --set harm=serious --set system-involved=true
  medattest incident facts > facts.toml        then fill in what is known, and
  medattest incident new silent-alerts --system sepsis --by \"R. Diaz\" --from facts.toml")]
    New {
        /// Name of the incident: small letters, digits and dashes; never a patient's name
        id: String,
        /// System it concerns
        #[arg(long, value_name = "ID")]
        system: String,
        #[command(flatten)]
        learnt: Learnt,
        #[command(flatten)]
        on: IncidentsOf,
    },
    /// Record facts that became known, or a report that was sent; a closed incident is open again
    #[command(after_help = "\
Examples:
  medattest incident update silent-alerts --by \"R. Diaz\" --set harm=death
  medattest incident update silent-alerts --by \"R. Diaz\" --unset malfunction
  medattest incident update silent-alerts --by \"R. Diaz\" --sent eu-mdr/serious-incident --on 2026-11-22")]
    Update {
        /// Name of the incident
        id: String,
        #[command(flatten)]
        learnt: Learnt,
        /// A fact that is no longer taken as known; may be repeated
        #[arg(long, value_name = "FACT")]
        unset: Vec<String>,
        /// Report that was sent, as `pack/duty`
        #[arg(long, value_name = "DUTY", requires = "sent_on")]
        sent: Option<String>,
        /// When it was sent
        #[arg(long = "on", id = "sent_on", value_name = "MOMENT", requires = "sent")]
        sent_on: Option<String>,
        /// The number of the report
        #[arg(long, requires = "sent")]
        reference: Option<String>,
        #[command(flatten)]
        on: IncidentsOf,
    },
    /// Say for every regime whether it is reportable, to whom, by when, why, and what is not known
    Assess {
        /// Name of the incident
        id: String,
        /// Also list what is not owed
        #[arg(long)]
        all: bool,
        /// Enter the assessment in the record, in this person's name
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
        /// Write a report to this HTML file
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Write a draft of every report that is owed into this folder
        #[arg(long, value_name = "FOLDER")]
        drafts: Option<PathBuf>,
        #[command(flatten)]
        on: IncidentsOf,
        /// Form of the answer
        #[arg(long, value_enum, default_value_t = Plain::Terminal)]
        format: Plain,
    },
    /// Show what was known and done when, and check that nothing was changed afterwards
    Timeline {
        /// Name of the incident
        id: String,
        /// Digest that the record ended with at an earlier time; it must still be in the chain
        #[arg(long, value_name = "SHA256")]
        sealed: Option<String>,
        #[command(flatten)]
        on: IncidentsOf,
        /// Form of the answer
        #[arg(long, value_enum, default_value_t = Plain::Terminal)]
        format: Plain,
    },
    /// Close an incident of which every owed report was sent
    Close {
        /// Name of the incident
        id: String,
        /// Who closes it
        #[arg(long, value_name = "NAME")]
        by: String,
        /// Why it is closed although reports are owed or open
        #[arg(long, value_name = "TEXT")]
        because: Option<String>,
        #[command(flatten)]
        on: IncidentsOf,
    },
    /// List what is due over all open incidents; for cron
    #[command(after_help = "\
Exit codes: 0 nothing is due soon, 1 something is overdue, 3 something is due within the days asked for,
has no fixed day, or cannot be judged for want of facts.")]
    Due {
        /// How many days count as soon
        #[arg(long, default_value_t = 7, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(0..=3660))]
        within: u32,
        /// Write the deadlines as a calendar file
        #[arg(long, value_name = "FILE")]
        calendar: Option<PathBuf>,
        #[command(flatten)]
        on: IncidentsOf,
        /// Form of the answer
        #[arg(long, value_enum, default_value_t = Plain::Terminal)]
        format: Plain,
    },
    /// Print every question about an incident as a file to fill in
    Facts {
        #[command(flatten)]
        on: IncidentsOf,
    },
    /// Write what to do when something happens with a system, before it does
    Playbook {
        /// System
        system: String,
        /// HTML file to write
        out: PathBuf,
        #[command(flatten)]
        on: IncidentsOf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Learnt {
    /// Who states it: name and role
    #[arg(long, value_name = "NAME")]
    pub(crate) by: String,
    /// A fact, such as harm=serious or aware=2026-11-20T14:30:00-05:00; may be repeated
    #[arg(long, value_name = "FACT=VALUE")]
    pub(crate) set: Vec<String>,
    /// A TOML file of facts, as `medattest incident facts` prints it
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct IncidentsOf {
    /// Folder with medattest.toml
    #[arg(long, default_value = ".")]
    pub(crate) project: PathBuf,
    /// The moment at which it is looked at [default: now]
    #[arg(long, value_name = "MOMENT")]
    pub(crate) now: Option<String>,
    /// Judge with the law and the statements of this day [default: that of --now]
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<Date>,
}
