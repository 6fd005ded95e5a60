//! The two-by-two table.

use serde::{Deserialize, Serialize};

/// Counts of label against prediction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    /// Positive label, flagged.
    pub tp: u64,
    /// Negative label, flagged.
    pub fp: u64,
    /// Positive label, not flagged.
    pub fn_: u64,
    /// Negative label, not flagged.
    pub tn: u64,
}

impl Confusion {
    /// Adds `count` rows of one kind.
    pub fn add(&mut self, label: bool, predicted: bool, count: u64) {
        match (label, predicted) {
            (true, true) => self.tp += count,
            (false, true) => self.fp += count,
            (true, false) => self.fn_ += count,
            (false, false) => self.tn += count,
        }
    }

    /// The sum of two tables.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { tp: self.tp + other.tp, fp: self.fp + other.fp, fn_: self.fn_ + other.fn_, tn: self.tn + other.tn }
    }

    /// All rows.
    pub fn n(&self) -> u64 {
        self.tp + self.fp + self.fn_ + self.tn
    }

    /// Rows with a positive label.
    pub fn positives(&self) -> u64 {
        self.tp + self.fn_
    }

    /// Rows that were flagged.
    pub fn flagged(&self) -> u64 {
        self.tp + self.fp
    }
}
