//! The rows an audit looks at, and the groups they form.

use crate::confusion::{Confusion, cell_of};
use crate::score::{Item, Scores};

/// Rows alike in everything that is looked at, as columns of the same length.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows {
    /// The outcome; `None` where it is missing.
    pub label: Vec<Option<bool>>,
    /// Whether the model flagged the row, if decisions are declared.
    pub predicted: Option<Vec<bool>>,
    /// The score, if one is declared; for a grid, the middle of its cell.
    pub score: Option<Vec<f64>>,
    /// Number of the cluster (patient), without gaps, if declared.
    pub cluster: Option<Vec<u32>>,
    /// Survey weight of each row, positive, if declared.
    pub weight: Option<Vec<f64>>,
    /// How many rows.
    pub count: Vec<u64>,
}

/// The groups of one attribute or intersection.
#[derive(Debug, Clone, PartialEq)]
pub struct Grouping {
    /// Group of each row.
    pub codes: Vec<u32>,
    /// How many groups.
    pub groups: usize,
    /// For each group whether it holds rows whose attribute is missing.
    pub missing: Vec<bool>,
    /// The group that others are compared with.
    pub reference: Option<usize>,
}

impl Grouping {
    /// Everyone in one group.
    pub fn everyone(rows: usize) -> Self {
        Self { codes: vec![0; rows], groups: 1, missing: vec![false], reference: None }
    }
}

/// Distinct people behind the rows of a group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct People {
    pub(crate) cells: Confusion,
    /// With a label.
    pub(crate) all: u64,
    /// With or without one.
    pub(crate) anyone: u64,
    pub(crate) positives: u64,
    pub(crate) negatives: u64,
    pub(crate) flagged: u64,
    pub(crate) unflagged: u64,
}

/// One group, counted.
pub(crate) struct Group {
    pub(crate) counts: Confusion,
    pub(crate) mass: Confusion<f64>,
    /// Sum of squared weights by cell.
    pub(crate) squares: Confusion<f64>,
    pub(crate) people: People,
    pub(crate) scores: Option<Scores>,
}

impl Rows {
    /// The cell of a row.
    pub(crate) fn cell(&self, row: usize) -> usize {
        cell_of(self.label[row], self.predicted.as_ref().map(|p| p[row]))
    }

    pub(crate) fn weight(&self, row: usize) -> f64 {
        self.weight.as_ref().map_or(1.0, |w| w[row])
    }

    /// Whether a closed form for independent rows of equal weight may be used.
    pub(crate) fn plain(&self) -> bool {
        self.cluster.is_none() && self.weight.is_none()
    }

    /// Row numbers in ascending order of score, ties in the order of the data.
    pub(crate) fn order(&self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.count.len() as u32).collect();
        if let Some(score) = &self.score {
            order.sort_by(|&a, &b| score[a as usize].total_cmp(&score[b as usize]));
        }
        order
    }

    /// Counts each group. `order` is that of [`Rows::order`].
    pub(crate) fn groups(&self, grouping: &Grouping, order: &[u32], half_cell: f64) -> Vec<Group> {
        let mut members: Vec<Vec<u32>> = vec![Vec::new(); grouping.groups];
        for &row in order {
            members[grouping.codes[row as usize] as usize].push(row);
        }
        let clusters = self.cluster.as_ref().map_or(0, |c| c.iter().max().map_or(0, |m| *m as usize + 1));
        let mut local = vec![u32::MAX; clusters];
        members.iter().map(|rows| self.group(rows, &mut local, half_cell)).collect()
    }

    fn group(&self, members: &[u32], local: &mut [u32], half_cell: f64) -> Group {
        let mut group = Group {
            counts: Confusion::default(),
            mass: Confusion::default(),
            squares: Confusion::default(),
            people: People::default(),
            scores: None,
        };
        // Which cells each cluster of the group has rows in, as bits.
        let mut seen: Vec<u8> = Vec::new();
        let mut items = Vec::with_capacity(if self.score.is_some() { members.len() } else { 0 });
        for &row in members {
            let row = row as usize;
            let (cell, count, weight) = (self.cell(row), self.count[row], self.weight(row));
            group.counts[cell] += count;
            group.mass[cell] += weight * count as f64;
            group.squares[cell] += weight * weight * count as f64;
            let mut cluster = 0;
            if let Some(clusters) = &self.cluster {
                let slot = &mut local[clusters[row] as usize];
                if *slot == u32::MAX {
                    *slot = seen.len() as u32;
                    seen.push(0);
                }
                cluster = *slot;
                seen[cluster as usize] |= 1 << cell;
            }
            if let (Some(scores), Some(label)) = (&self.score, self.label[row]) {
                let (pos, neg) = if label { (count, 0) } else { (0, count) };
                items.push(Item { score: scores[row], cluster, weight, pos, neg });
            }
        }
        let clustered = self.cluster.is_some();
        if let Some(clusters) = &self.cluster {
            for &row in members {
                local[clusters[row as usize] as usize] = u32::MAX;
            }
            let with = |mask: u8| seen.iter().filter(|bits| **bits & mask != 0).count() as u64;
            let mut cells = Confusion::default();
            for cell in 0..crate::confusion::CELLS {
                cells[cell] = with(1 << cell);
            }
            group.people = People {
                cells,
                all: with(0b1111),
                anyone: with(0b11111),
                positives: with(0b0101),
                negatives: with(0b1010),
                flagged: with(0b0011),
                unflagged: with(0b1100),
            };
        } else {
            let c = group.counts;
            group.people = People {
                cells: c,
                all: c.n(),
                anyone: c.n() + c.unlabelled,
                positives: c.positives(),
                negatives: c.negatives(),
                flagged: c.flagged(),
                unflagged: c.unflagged(),
            };
        }
        group.scores = self.score.is_some().then(|| Scores::new(items, clustered.then_some(seen.len()), half_cell));
        group
    }
}
