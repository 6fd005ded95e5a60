//! What can be asked of `deid`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;
use medattest_deid::Operator;

#[derive(Debug, Subcommand)]
pub(crate) enum DeidCommand {
    /// Audit files against the eighteen identifiers of Safe Harbor
    Audit(DeidAudit),
    /// Write cleaned copies and a manifest
    Clean(DeidClean),
    /// Score the finder on labelled notes: recall, precision, over-redaction
    Eval(DeidEval),
    /// List kinds of identifier, what finds them, and policies
    Kinds,
}

/// How identifiers are looked for.
#[derive(Debug, Clone, Args)]
pub(crate) struct DeidHow {
    /// What is to be removed: safe-harbor, strict or limited-data-set
    #[arg(long, default_value = "safe-harbor", value_name = "POLICY")]
    pub(crate) policy: String,
    /// Leave this kind, such as provider-name; may be repeated
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    pub(crate) keep: Vec<String>,
    /// Remove this kind too, such as relative-date; may be repeated
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    pub(crate) remove: Vec<String>,
    /// Patterns and lists only: more than twice as fast, and misses names that stand alone
    #[arg(long)]
    pub(crate) lists_only: bool,
    /// Folder of recognizers of your own; files of the same name replace ours
    #[arg(long, value_name = "FOLDER")]
    pub(crate) recognizers: Option<PathBuf>,
    /// Also ask a token-classification model in this folder (Hugging Face form, safetensors)
    #[arg(long, value_name = "FOLDER")]
    pub(crate) transformer: Option<PathBuf>,
    /// Reckon ages by this day [default: today]
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<Date>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DeidFormat {
    /// Tables
    Terminal,
    /// JSON, version 1
    Json,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  medattest deid audit notes/ extract.csv
  medattest deid audit lake/ --write report.html --write report.json
  medattest deid audit notes/ --keep provider-name,facility
  medattest deid audit notes/ --policy limited-data-set

Reads txt, md, csv, tsv, jsonl, json, parquet and what else is text; says what it did not read. Shows counts, places and
shapes of values, never a value. Exit codes: 0 nothing found, 1 something found, 2 could not be read.")]
pub(crate) struct DeidAudit {
    /// Files and folders
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) how: DeidHow,
    /// What standard output shows
    #[arg(long, value_enum, default_value_t = DeidFormat::Terminal)]
    pub(crate) format: DeidFormat,
    /// Also write a file: .html or .json; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) write: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GeneralOperator {
    /// The kind in brackets, such as [NAME]
    Tag,
    /// [REDACTED]
    Redact,
    /// An asterisk for each letter and digit
    Mask,
    /// A keyed hash; not Safe Harbor
    Hash,
    /// An invented one of the same form, the same for the same; not Safe Harbor
    Surrogate,
}

impl From<GeneralOperator> for Operator {
    fn from(asked: GeneralOperator) -> Self {
        match asked {
            GeneralOperator::Tag => Self::Tag,
            GeneralOperator::Redact => Self::Redact,
            GeneralOperator::Mask => Self::Mask,
            GeneralOperator::Hash => Self::Hash,
            GeneralOperator::Surrogate => Self::Surrogate,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DateOperator {
    /// The kind in brackets
    Tag,
    /// The year alone, unless it tells an age over 89
    Year,
    /// Some days earlier or later, the same for each patient; not Safe Harbor
    Shift,
}

impl From<DateOperator> for Operator {
    fn from(asked: DateOperator) -> Self {
        match asked {
            DateOperator::Tag => Self::Tag,
            DateOperator::Year => Self::Year,
            DateOperator::Shift => Self::Shift,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ZipOperator {
    /// The kind in brackets
    Tag,
    /// Three digits where more than 20,000 people live, else 000
    Zip3,
}

impl From<ZipOperator> for Operator {
    fn from(asked: ZipOperator) -> Self {
        match asked {
            ZipOperator::Tag => Self::Tag,
            ZipOperator::Zip3 => Self::Zip3,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AgeOperator {
    /// The kind in brackets
    Tag,
    /// The words `over 89`
    #[value(name = "over-89")]
    Over89,
}

impl From<AgeOperator> for Operator {
    fn from(asked: AgeOperator) -> Self {
        match asked {
            AgeOperator::Tag => Self::Tag,
            AgeOperator::Over89 => Self::Over89,
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  medattest deid clean notes/ --out clean/
  medattest deid clean extract.csv --out clean/ --dates year --zips zip3 --ages over-89
  medattest deid clean notes/ --out clean/ --operator surrogate --dates shift --key key.txt
  medattest deid clean visits.parquet --out clean/ --dates shift --patient patient_id --key key.txt

The manifest says what was done and what it means for the legal basis. Nothing is overwritten.")]
pub(crate) struct DeidClean {
    /// Files and folders
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// Folder for the copies and manifest.json
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) how: DeidHow,
    /// What stands in place of an identifier
    #[arg(long, value_enum, default_value_t = GeneralOperator::Tag)]
    pub(crate) operator: GeneralOperator,
    /// What stands in place of a date [default: as --operator]
    #[arg(long, value_enum)]
    pub(crate) dates: Option<DateOperator>,
    /// What stands in place of a postcode [default: as --operator]
    #[arg(long, value_enum)]
    pub(crate) zips: Option<ZipOperator>,
    /// What stands in place of an age over 89 [default: as --operator]
    #[arg(long, value_enum)]
    pub(crate) ages: Option<AgeOperator>,
    /// File with the secret that hashes, surrogates and shifts depend on [default: random, thrown away]
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// Column or key that tells the patient, whose dates move together [default: the name of the file]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) patient: Option<String>,
    /// Dates move by at most so many days
    #[arg(long, value_name = "DAYS", default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub(crate) shift_days: u32,
    /// Read 03/04/2024 as the third of April
    #[arg(long)]
    pub(crate) day_first: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  medattest deid eval labelled.jsonl
  medattest deid eval labelled.json --lists-only --format json

Each note is an object with `text` and `spans` of `start` and `end` (counted in characters) and `label`; JSON lines, or an
array. Labels of Presidio, i2b2 and others are known; amend recognizers/labels.toml for yours. Shows no text.")]
pub(crate) struct DeidEval {
    /// Labelled files
    #[arg(required = true)]
    pub(crate) gold: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) how: DeidHow,
    /// What standard output shows
    #[arg(long, value_enum, default_value_t = DeidFormat::Terminal)]
    pub(crate) format: DeidFormat,
}
