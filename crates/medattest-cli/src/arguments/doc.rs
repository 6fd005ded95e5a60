//! What can be asked of papers.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;

use super::Plain;

/// Which project, on which day, with which data.
#[derive(Debug, Args)]
pub(crate) struct PapersOf {
    /// Folder with medattest.toml
    #[arg(long, default_value = ".", value_name = "FOLDER")]
    pub(crate) project: PathBuf,
    /// Judge with the law of this day [default: today]
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<Date>,
    /// Folder that holds the tables [default: `data` in medattest.toml, or the project]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data: Option<PathBuf>,
}

/// Forms of a model card that other programs read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CardForm {
    /// Hugging Face model card: front matter and Markdown (.md)
    HuggingFace,
    /// Model Card Toolkit JSON, schema 0.0.2
    Mct,
    /// CHAI Applied Model Card XML, version 0.2
    Chai,
    /// CycloneDX 1.6 bill of materials with a model card, JSON
    #[value(name = "cyclonedx-1.6")]
    CycloneDx16,
    /// CycloneDX 1.7 bill of materials with a model card, JSON
    #[value(name = "cyclonedx-1.7")]
    CycloneDx17,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DocCommand {
    /// List papers: for whom, whether owed, how complete for each system
    #[command(after_help = "\
Examples:
  medattest doc list
  medattest doc list --system sepsis-score --owed")]
    List {
        /// Only this system; may be repeated
        #[arg(long, value_name = "ID")]
        system: Vec<String>,
        /// Only papers that are owed, or not known to be beside the point
        #[arg(long)]
        owed: bool,
        #[command(flatten)]
        of: PapersOf,
        /// Form of the answer
        #[arg(long, value_enum, default_value_t = Plain::Terminal)]
        format: Plain,
    },
    /// Write a paper, in the form that the name of each file asks for: .pdf, .docx, .html, .md, .json
    #[command(after_help = "\
Examples:
  medattest doc render model-card --system sepsis-score --write card.pdf --write card.docx
  medattest doc render eu-technical-file --system sepsis-score --write file.pdf
  medattest doc render model-card --system sepsis-score --as chai --write card.xml
  medattest doc render board-report --write board.pdf

Exit codes: 0 written, 2 could not assess, 3 with --complete, when anything is open.")]
    Render {
        /// Template, as `medattest doc list` names it
        template: String,
        /// System the paper is about
        #[arg(long, value_name = "ID")]
        system: Option<String>,
        /// File to write; may be repeated
        #[arg(long, value_name = "FILE", required = true)]
        write: Vec<PathBuf>,
        /// Write the model card in a form that other programs read
        #[arg(long = "as", value_name = "FORM", value_enum)]
        form: Option<CardForm>,
        /// Exit with 3 unless every field is answered
        #[arg(long)]
        complete: bool,
        #[command(flatten)]
        of: PapersOf,
    },
    /// Write every paper that is owed, with the dossier, bias audits and an index with digests, into a folder
    #[command(after_help = "\
Examples:
  medattest doc pack --out audit-2026-11
  medattest doc pack --out audit --kind pdf --kind html --all")]
    Pack {
        /// Folder to write into; must be empty or not exist
        #[arg(long, value_name = "FOLDER")]
        out: PathBuf,
        /// Form of the papers; may be repeated [default: html]
        #[arg(long, value_name = "KIND", value_enum)]
        kind: Vec<PaperKind>,
        /// Also papers that are not owed
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        of: PapersOf,
    },
    /// Copy a template, or start a letterhead, to be changed and used instead of the built-in one
    #[command(after_help = "\
Examples:
  medattest doc new model-card           my-templates/model-card/template.toml
  medattest doc new letterhead           my-templates/letterhead.toml")]
    New {
        /// Template to start from, or `letterhead`
        template: String,
        /// Folder to put it in, below the project
        #[arg(long, default_value = "my-templates", value_name = "FOLDER")]
        folder: PathBuf,
        /// Folder with medattest.toml
        #[arg(long, default_value = ".", value_name = "FOLDER")]
        project: PathBuf,
    },
    /// Say which facts that a rendered paper cites do not hold any more
    #[command(after_help = "Exit codes: 0 everything holds, 1 something is stale, 2 could not assess.")]
    Check {
        /// Paper: .pdf, .docx, .html or .md
        file: PathBuf,
        #[command(flatten)]
        of: PapersOf,
        /// Form of the answer
        #[arg(long, value_enum, default_value_t = Plain::Terminal)]
        format: Plain,
    },
    /// Say what differs between two rendered papers: facts, open fields
    #[command(after_help = "Exit codes: 0 they say the same, 1 they differ, 2 a file is not such a paper.")]
    Diff {
        /// The older paper
        old: PathBuf,
        /// The newer one
        new: PathBuf,
        /// Form of the answer
        #[arg(long, value_enum, default_value_t = Plain::Terminal)]
        format: Plain,
    },
}

/// Forms of papers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum PaperKind {
    /// Portable Document Format
    Pdf,
    /// Office Open XML
    Docx,
    /// One page that needs nothing else
    Html,
    /// Markdown
    Md,
    /// What it rests on and what is open, as JSON
    Json,
}

impl PaperKind {
    /// How the names of its files end.
    pub(crate) fn ending(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Docx => "docx",
            Self::Html => "html",
            Self::Md => "md",
            Self::Json => "json",
        }
    }
}
