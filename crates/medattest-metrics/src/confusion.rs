//! The two-by-two table.

use std::ops::{AddAssign, Index, IndexMut};

use serde::{Deserialize, Serialize};

/// Rows of a group by label and prediction, and those whose label is missing. `N` is `u64` for rows, `f64` for
/// weighted or resampled rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion<N = u64> {
    /// Positive label, flagged.
    pub tp: N,
    /// Negative label, flagged.
    pub fp: N,
    /// Positive label, not flagged (or no prediction declared).
    pub fn_: N,
    /// Negative label, not flagged (or no prediction declared).
    pub tn: N,
    /// No label.
    pub unlabelled: N,
}

/// Cells of a [`Confusion`].
pub(crate) const CELLS: usize = 5;

impl<N: Copy + std::ops::Add<Output = N>> Confusion<N> {
    /// Rows with a label.
    pub fn n(&self) -> N {
        self.tp + self.fp + self.fn_ + self.tn
    }

    /// Rows with a positive label.
    pub fn positives(&self) -> N {
        self.tp + self.fn_
    }

    /// Rows with a negative label.
    pub fn negatives(&self) -> N {
        self.fp + self.tn
    }

    /// Rows that were flagged.
    pub fn flagged(&self) -> N {
        self.tp + self.fp
    }

    /// Rows that were not flagged.
    pub fn unflagged(&self) -> N {
        self.fn_ + self.tn
    }
}

impl Confusion<u64> {
    /// The same counts as weights.
    pub fn as_mass(&self) -> Confusion<f64> {
        Confusion {
            tp: self.tp as f64,
            fp: self.fp as f64,
            fn_: self.fn_ as f64,
            tn: self.tn as f64,
            unlabelled: self.unlabelled as f64,
        }
    }
}

/// The cell of a row.
pub(crate) fn cell_of(label: Option<bool>, predicted: Option<bool>) -> usize {
    match (label, predicted) {
        (Some(true), Some(true)) => 0,
        (Some(false), Some(true)) => 1,
        (Some(true), _) => 2,
        (Some(false), _) => 3,
        (None, _) => 4,
    }
}

impl<N> Index<usize> for Confusion<N> {
    type Output = N;

    fn index(&self, cell: usize) -> &N {
        match cell {
            0 => &self.tp,
            1 => &self.fp,
            2 => &self.fn_,
            3 => &self.tn,
            _ => &self.unlabelled,
        }
    }
}

impl<N> IndexMut<usize> for Confusion<N> {
    fn index_mut(&mut self, cell: usize) -> &mut N {
        match cell {
            0 => &mut self.tp,
            1 => &mut self.fp,
            2 => &mut self.fn_,
            3 => &mut self.tn,
            _ => &mut self.unlabelled,
        }
    }
}

impl<N: AddAssign> AddAssign for Confusion<N> {
    fn add_assign(&mut self, other: Self) {
        self.tp += other.tp;
        self.fp += other.fp;
        self.fn_ += other.fn_;
        self.tn += other.tn;
        self.unlabelled += other.unlabelled;
    }
}

impl<N: Default + AddAssign> std::iter::Sum for Confusion<N> {
    fn sum<I: Iterator<Item = Self>>(tables: I) -> Self {
        tables.fold(Self::default(), |mut sum, table| {
            sum += table;
            sum
        })
    }
}
