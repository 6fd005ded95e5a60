//! The result of an audit: what was looked for, where, and what was found.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::field::FieldClass;
use crate::kind::{Kind, Kinds};
use crate::tally::FieldTally;

/// Sources with findings that are listed; further ones are counted.
pub const MOST_SOURCES: usize = 2_000;

/// What an audit of files found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Survey {
    /// Policy that decided what counts.
    pub policy: String,
    /// Layers that looked: patterns and lists, with or without the tagger, and a model of the user's.
    pub layers: String,
    /// SHA-256 over recognizers, lists and weights.
    pub recognizers_sha256: String,
    /// Year by which ages were reckoned.
    pub year: i16,
    /// Files read.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Lines, rows or objects in them.
    pub records: u64,
    /// SHA-256 over the digests of all files in order.
    pub sha256: String,
    /// Files with findings, in order; at most [`MOST_SOURCES`].
    pub sources: Vec<SourceTally>,
    /// Files with findings that are not listed.
    pub sources_not_listed: u64,
    /// Files that were not read, and why.
    pub unread: Vec<Unread>,
    /// Totals by kind over all files.
    pub totals: BTreeMap<Kind, Total>,
}

/// Totals of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Total {
    /// Detections.
    pub detections: u64,
    /// Detections with a score of at least 0.9.
    pub sure: u64,
    /// Files with at least one.
    pub files: u64,
}

/// A file that was not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unread {
    /// Its path.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// What was found in one file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SourceTally {
    /// Its path, as the user knows it.
    pub path: String,
    /// `text`, `table` or `objects`.
    pub form: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Bytes.
    pub bytes: u64,
    /// Lines, rows or objects.
    pub records: u64,
    /// Columns or keys in order; a text has one without a name.
    pub fields: Vec<FieldReport>,
    /// What the reader should know of this file.
    pub notes: Vec<String>,
}

/// One column, key or text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FieldReport {
    /// Name; empty for a text.
    pub name: String,
    /// What it is.
    pub class: Option<FieldClass>,
    /// Distinct values, if few.
    pub distinct: Option<u64>,
    /// What was found.
    pub tally: FieldTally,
}

impl SourceTally {
    /// Detections in all fields.
    pub fn detections(&self) -> u64 {
        self.fields.iter().map(|field| field.tally.detections()).sum()
    }
}

impl Survey {
    /// Adds a file that was read to the end.
    pub fn add(&mut self, source: SourceTally) {
        self.files += 1;
        self.bytes += source.bytes;
        self.records += source.records;
        let mut seen = std::collections::BTreeSet::new();
        for field in &source.fields {
            for (kind, tally) in &field.tally.kinds {
                let total = self.totals.entry(*kind).or_default();
                total.detections += tally.detections;
                total.sure += tally.by_score[2];
                if seen.insert(*kind) {
                    total.files += 1;
                }
            }
        }
        // Tables are listed for their columns even where nothing was found.
        if source.detections() == 0 && source.form == "text" {
            return;
        }
        if self.sources.len() < MOST_SOURCES {
            self.sources.push(source);
        } else {
            self.sources_not_listed += 1;
        }
    }

    /// Detections of all kinds.
    pub fn detections(&self) -> u64 {
        self.totals.values().map(|total| total.detections).sum()
    }

    /// Letters of 45 CFR 164.514(b)(2)(i) of which something was found.
    pub fn letters(&self, kinds: &Kinds) -> Vec<char> {
        let mut letters: Vec<char> =
            self.totals.iter().filter(|(_, t)| t.detections > 0).map(|(kind, _)| kinds.of(*kind).letter).collect();
        letters.sort_unstable();
        letters.dedup();
        letters
    }
}
