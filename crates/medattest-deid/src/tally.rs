//! What was found where, added up. Tallies of parts can be merged; none of them holds a value.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::detection::Detection;
use crate::field::{Field, FieldClass};
use crate::kind::{Kind, Policy};
use crate::scan::Scanner;
use crate::token::word_hash;

/// How many places of each kind are listed for a column or a text.
const MOST_PLACES: usize = 20;
/// How many masked examples are kept.
const MOST_EXAMPLES: usize = 3;
/// Beyond so many distinct values a column is only said to have many.
const MOST_DISTINCT: usize = 1_000;

/// What was found of one kind.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KindTally {
    /// Detections.
    pub detections: u64,
    /// Cells, or texts, with at least one.
    pub cells: u64,
    /// Detections by score: below 0.7, below 0.9, and the rest.
    pub by_score: [u64; 3],
    /// Detections by what made them.
    pub grounds: BTreeMap<String, u64>,
    /// Shapes of some of them, letters as `A` and `a`, digits as `9`.
    pub examples: BTreeSet<String>,
    /// Where the first of them stand.
    pub places: Vec<FoundAt>,
}

/// Where something was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FoundAt {
    /// Row of a table or line of a file, from 1.
    pub row: u64,
    /// First byte, in the cell or the line.
    pub start: u64,
    /// Byte after the last.
    pub end: u64,
    /// How sure.
    pub score: f32,
    /// What made it.
    pub grounds: String,
}

/// What was found in one column, under one key, or in one text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FieldTally {
    /// Cells, or lines.
    pub cells: u64,
    /// Cells with a value.
    pub filled: u64,
    /// Cells of which most is an identifier.
    pub identifying: u64,
    /// Words in all cells.
    pub words: u64,
    /// Hashes of distinct values, at most [`MOST_DISTINCT`] and one more.
    #[serde(skip)]
    distinct: BTreeSet<u64>,
    /// By kind.
    pub kinds: BTreeMap<Kind, KindTally>,
}

impl FieldTally {
    /// Adds one cell or line with what was found in it.
    pub fn add(&mut self, scanner: &Scanner, policy: &Policy, value: &str, row: u64, detections: &[Detection]) {
        self.cells += 1;
        if value.trim().is_empty() {
            return;
        }
        self.filled += 1;
        self.words += value.split_ascii_whitespace().count() as u64;
        if self.distinct.len() <= MOST_DISTINCT {
            self.distinct.insert(word_hash(value));
        }
        let mut covered = 0;
        let mut seen: BTreeSet<Kind> = BTreeSet::new();
        for detection in detections.iter().filter(|d| policy.removes(d.kind)) {
            covered += detection.end - detection.start;
            let tally = self.kinds.entry(detection.kind).or_default();
            tally.detections += 1;
            if seen.insert(detection.kind) {
                tally.cells += 1;
            }
            let band = match detection.score {
                score if score < 0.7 => 0,
                score if score < 0.9 => 1,
                _ => 2,
            };
            tally.by_score[band] += 1;
            let grounds = scanner.grounds(detection);
            if tally.examples.len() < MOST_EXAMPLES
                && let Some(value) = value.get(detection.start..detection.end)
            {
                tally.examples.insert(shape(value));
            }
            if tally.places.len() < MOST_PLACES {
                tally.places.push(FoundAt {
                    row,
                    start: detection.start as u64,
                    end: detection.end as u64,
                    score: detection.score,
                    grounds: grounds.clone(),
                });
            }
            *tally.grounds.entry(grounds).or_default() += 1;
        }
        if covered * 10 >= value.trim().len() * 8 {
            self.identifying += 1;
        }
    }

    /// Adds another tally of the same column, of later rows.
    pub fn merge(&mut self, later: Self) {
        self.cells += later.cells;
        self.filled += later.filled;
        self.identifying += later.identifying;
        self.words += later.words;
        for hash in later.distinct {
            if self.distinct.len() > MOST_DISTINCT {
                break;
            }
            self.distinct.insert(hash);
        }
        for (kind, other) in later.kinds {
            let tally = self.kinds.entry(kind).or_default();
            tally.detections += other.detections;
            tally.cells += other.cells;
            for (own, other) in tally.by_score.iter_mut().zip(other.by_score) {
                *own += other;
            }
            for (grounds, n) in other.grounds {
                *tally.grounds.entry(grounds).or_default() += n;
            }
            let room = MOST_EXAMPLES.saturating_sub(tally.examples.len());
            tally.examples.extend(other.examples.into_iter().take(room));
            let room = MOST_PLACES.saturating_sub(tally.places.len());
            tally.places.extend(other.places.into_iter().take(room));
        }
    }

    /// Detections of all kinds.
    pub fn detections(&self) -> u64 {
        self.kinds.values().map(|tally| tally.detections).sum()
    }

    /// Distinct values, if few.
    pub fn distinct(&self) -> Option<u64> {
        (self.distinct.len() <= MOST_DISTINCT).then_some(self.distinct.len() as u64)
    }

    /// What the column is, by what was found and by its name.
    pub fn class(&self, field: &Field) -> FieldClass {
        if self.filled > 0 && self.identifying * 2 >= self.filled {
            return FieldClass::Identifier;
        }
        match field.class {
            Some(FieldClass::Identifier) | None if self.filled > 0 && self.words >= self.filled * 5 => {
                FieldClass::FreeText
            }
            // Named like an identifier, but nothing in it is one.
            Some(FieldClass::Identifier) | None => FieldClass::Other,
            Some(class) => class,
        }
    }
}

/// A value without its letters and digits: `Aaaa Aaa`, `999-99-9999`. Longer than 24 characters it is cut.
pub fn shape(value: &str) -> String {
    const LONGEST: usize = 24;
    let mask = |c: char| match c {
        c if c.is_numeric() => '9',
        c if c.is_uppercase() => 'A',
        c if c.is_alphabetic() => 'a',
        c if c.is_control() => ' ',
        c => c,
    };
    let mut shape: String = value.chars().take(LONGEST).map(mask).collect();
    if value.chars().nth(LONGEST).is_some() {
        shape.push('…');
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::shape;

    #[test]
    fn shapes_tell_no_letter() {
        assert_eq!(shape("Zoë O'Hara 12"), "Aaa A'Aaaa 99");
        assert_eq!(shape("１２\u{7}"), "99 ");
    }
}
