//! The result of an audit: what was looked for, where, and what was found.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::field::FieldClass;
use crate::kind::{Kind, Kinds};
use crate::tally::FieldTally;

/// Sources with findings that are listed; further ones are counted.
pub const MOST_SOURCES: usize = 2_000;
/// So many of them are listed with all places that their tallies hold, those behind with [`FEW_PLACES`] of each kind.
const FULL_SOURCES: usize = 200;
const FEW_PLACES: usize = 3;

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
    /// Files with findings, in order; at most 2,000, those behind the first 200 with fewer places.
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
    pub fn add(&mut self, mut source: SourceTally) {
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
        if self.sources.len() >= FULL_SOURCES {
            for tally in source.fields.iter_mut().flat_map(|field| field.tally.kinds.values_mut()) {
                tally.places.truncate(FEW_PLACES);
                tally.places.shrink_to_fit();
            }
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

#[cfg(test)]
mod tests {
    use super::{FEW_PLACES, FULL_SOURCES, FieldReport, MOST_SOURCES, SourceTally, Survey};
    use crate::kind::Kind;
    use crate::tally::{FieldTally, FoundAt, KindTally};

    #[test]
    fn many_files_are_listed_shorter_and_then_counted() {
        let place = FoundAt { row: 1, start: 0, end: 4, score: 1.0, grounds: String::new() };
        let kind = KindTally { detections: 9, places: vec![place; 9], ..KindTally::default() };
        let mut tally = FieldTally::default();
        tally.kinds.insert(Kind::Name, kind);
        let source =
            SourceTally { fields: vec![FieldReport { tally, ..FieldReport::default() }], ..SourceTally::default() };
        let mut survey = Survey::default();
        for _ in 0..MOST_SOURCES + 5 {
            survey.add(source.clone());
        }
        let places = |at: usize| survey.sources[at].fields[0].tally.kinds[&Kind::Name].places.len();
        assert_eq!((places(FULL_SOURCES - 1), places(FULL_SOURCES)), (9, FEW_PLACES));
        assert_eq!((survey.sources.len(), survey.sources_not_listed), (MOST_SOURCES, 5));
        assert_eq!(survey.totals[&Kind::Name].detections, 9 * (MOST_SOURCES as u64 + 5));
    }
}
