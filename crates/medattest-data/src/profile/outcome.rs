//! Counting how the model did: rows by score, decision, label and group.

use std::collections::{BTreeMap, HashMap};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type};
use foldhash::fast::FixedState;
use medattest_core::monitor::{EVERYONE, Outcomes, ScoreCell, coarse, combine};
use medattest_core::{DataError, MISSING};

use super::tally::NumberTally;
use crate::Source;

/// Different kinds of rows of one group up to which scores are kept as they are. Beyond, a list of scores with labels
/// would be as good as a list of patients, so scores are put on a grid.
const KINDS: usize = 1_000;
/// Cells of the grid between 0 and 1.
const CELLS: f64 = 2_000.0;
/// Differences of numbers that are kept as they are.
const ERRORS: usize = 4_096;
/// Groups of one attribute.
const GROUPS: usize = 500;
/// Bits that are kept of scores that are no probabilities.
const FEWER_BITS: u8 = 9;

/// Where the columns stand in a batch.
pub(super) struct Places {
    pub(super) score: Option<usize>,
    pub(super) decision: Option<usize>,
    pub(super) label: Option<usize>,
    pub(super) numeric: bool,
    pub(super) threshold: Option<f64>,
    pub(super) groups: Vec<(String, usize)>,
}

/// Score as bits (none where there is none), decision, label.
type Kind = (u64, Option<bool>, Option<bool>);

const NO_SCORE: u64 = u64::MAX;

struct Cells {
    counts: HashMap<Kind, u64, FixedState>,
    gridded: bool,
}

/// The middle of the cell of a score.
fn on_grid(score: u64) -> u64 {
    if score == NO_SCORE {
        return score;
    }
    let value = f64::from_bits(score);
    let middle = if (0.0..=1.0).contains(&value) {
        ((value * CELLS).floor().min(CELLS - 1.0) + 0.5) / CELLS
    } else {
        coarse(value, FEWER_BITS)
    };
    middle.to_bits()
}

impl Cells {
    fn new() -> Self {
        Self { counts: HashMap::with_hasher(FixedState::default()), gridded: false }
    }

    #[inline]
    fn add(&mut self, (score, decision, label): Kind, n: u64) {
        let score = if self.gridded { on_grid(score) } else { score };
        *self.counts.entry((score, decision, label)).or_insert(0) += n;
        if !self.gridded && self.counts.len() > KINDS {
            self.coarsen();
        }
    }

    fn coarsen(&mut self) {
        self.gridded = true;
        for ((score, decision, label), n) in
            std::mem::replace(&mut self.counts, HashMap::with_hasher(FixedState::default()))
        {
            *self.counts.entry((on_grid(score), decision, label)).or_insert(0) += n;
        }
    }

    fn merge(&mut self, other: Self) {
        if other.gridded && !self.gridded {
            self.coarsen();
        }
        for (kind, n) in other.counts {
            self.add(kind, n);
        }
    }
}

/// Outcomes of one window.
#[derive(Default)]
pub(super) struct OutcomeTally {
    classes: BTreeMap<String, BTreeMap<String, Cells>>,
    errors: BTreeMap<String, BTreeMap<String, NumberTally>>,
    unscored: u64,
}

/// Numbers of a column, or none.
fn numbers(source: &Source<'_>, array: &ArrayRef, what: &str) -> Result<Vec<Option<f64>>, DataError> {
    let wrong =
        || source.error("column-type", format!("the column of {what} does not hold numbers"), "name another column");
    let cast = cast(array, &DataType::Float64).map_err(|_| wrong())?;
    if cast.null_count() > array.null_count() {
        return Err(wrong());
    }
    Ok(cast.as_primitive::<Float64Type>().iter().map(|x| x.filter(|x| x.is_finite())).collect())
}

/// 0 and 1, false and true.
fn bits(source: &Source<'_>, array: &ArrayRef, what: &str) -> Result<Vec<Option<bool>>, DataError> {
    let values = numbers(source, array, what)?;
    values
        .into_iter()
        .map(|value| match value {
            None => Ok(None),
            Some(0.0) => Ok(Some(false)),
            Some(1.0) => Ok(Some(true)),
            Some(_) => {
                let message = format!("the column of {what} holds numbers other than 0 and 1");
                Err(source.error("column-type", message, "name a column of 0 and 1, or set task = \"regression\""))
            }
        })
        .collect()
}

impl OutcomeTally {
    pub(super) fn add(&mut self, source: &Source<'_>, batch: &RecordBatch, places: &Places) -> Result<(), DataError> {
        let rows = batch.num_rows();
        let score = places.score.map(|at| numbers(source, batch.column(at), "scores")).transpose()?;
        let groups = self.groups(source, batch, places)?;
        if places.numeric {
            let label = places.label.map(|at| numbers(source, batch.column(at), "outcomes")).transpose()?;
            for row in 0..rows {
                let predicted = score.as_ref().and_then(|s| s[row]);
                self.unscored += u64::from(predicted.is_none());
                let (Some(predicted), Some(truth)) = (predicted, label.as_ref().and_then(|l| l[row])) else {
                    continue;
                };
                for (attribute, labels) in &groups {
                    let group = labels.as_ref().map_or(EVERYONE, |labels| labels[row].as_str());
                    let by = self.errors.entry(attribute.clone()).or_default();
                    let tally = match by.get_mut(group) {
                        Some(tally) => tally,
                        None => by.entry(group.to_owned()).or_insert_with(|| NumberTally::new(ERRORS)),
                    };
                    tally.add(predicted - truth);
                }
            }
            return Ok(());
        }
        let label = places.label.map(|at| bits(source, batch.column(at), "outcomes")).transpose()?;
        let decision = places.decision.map(|at| bits(source, batch.column(at), "decisions")).transpose()?;
        let kinds: Vec<Kind> = (0..rows)
            .map(|row| {
                let score = score.as_ref().and_then(|s| s[row]);
                let flagged = match (&decision, places.threshold) {
                    (Some(decision), _) => decision[row],
                    (None, Some(threshold)) => score.map(|score| score >= threshold),
                    (None, None) => None,
                };
                self.unscored += u64::from(score.is_none() && flagged.is_none());
                let bits = score.map_or(NO_SCORE, |score| if score == 0.0 { 0 } else { score.to_bits() });
                (bits, flagged, label.as_ref().and_then(|label| label[row]))
            })
            .collect();
        for (attribute, labels) in &groups {
            let by = self.classes.entry(attribute.clone()).or_default();
            match labels {
                None => {
                    let cells = by.entry(EVERYONE.to_owned()).or_insert_with(Cells::new);
                    kinds.iter().for_each(|kind| cells.add(*kind, 1));
                }
                Some(labels) => {
                    // Each group is looked up once a batch.
                    let mut codes: HashMap<&str, usize, FixedState> = HashMap::with_hasher(FixedState::default());
                    let mut rows: Vec<Vec<u32>> = Vec::new();
                    for (row, group) in labels.iter().enumerate() {
                        let next = codes.len();
                        let code = *codes.entry(group.as_str()).or_insert(next);
                        if code == rows.len() {
                            rows.push(Vec::new());
                        }
                        rows[code].push(row as u32);
                    }
                    for (group, code) in codes {
                        let cells = by.entry(group.to_owned()).or_insert_with(Cells::new);
                        rows[code].iter().for_each(|row| cells.add(kinds[*row as usize], 1));
                    }
                }
            }
        }
        Ok(())
    }

    /// The group of each row by attribute; everybody first.
    #[allow(clippy::type_complexity, reason = "labels by attribute")]
    fn groups(
        &self,
        source: &Source<'_>,
        batch: &RecordBatch,
        places: &Places,
    ) -> Result<Vec<(String, Option<Vec<String>>)>, DataError> {
        let mut all = vec![(EVERYONE.to_owned(), None)];
        for (name, at) in &places.groups {
            let text = cast(batch.column(*at), &DataType::Utf8).map_err(|_| {
                source.error("column-type", format!("column `{name}` cannot be a group"), "name another")
            })?;
            let label = |text: Option<&str>| text.filter(|t| !t.trim().is_empty()).unwrap_or(MISSING).to_owned();
            let labels: Vec<String> = text.as_string::<i32>().iter().map(label).collect();
            let known =
                self.classes.get(name).map_or(0, BTreeMap::len).max(self.errors.get(name).map_or(0, BTreeMap::len));
            if known > GROUPS {
                let message = format!("column `{name}` has more than {GROUPS} distinct values");
                return Err(source.error(
                    "too-many-groups",
                    message,
                    "an identifier is no group; name a coarser column",
                ));
            }
            all.push((name.clone(), Some(labels)));
        }
        Ok(all)
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.unscored += other.unscored;
        for (attribute, groups) in other.classes {
            let own = self.classes.entry(attribute).or_default();
            for (group, cells) in groups {
                own.entry(group).or_insert_with(Cells::new).merge(cells);
            }
        }
        for (attribute, groups) in other.errors {
            let own = self.errors.entry(attribute).or_default();
            for (group, tally) in groups {
                own.entry(group).or_insert_with(|| NumberTally::new(ERRORS)).merge(tally);
            }
        }
    }

    pub(super) fn finish(self) -> Outcomes {
        let gridded = self.classes.values().flat_map(BTreeMap::values).any(|cells| cells.gridded);
        let classes = self.classes.into_iter().map(|(attribute, groups)| {
            let groups = groups.into_iter().map(|(group, cells)| {
                let mut all: Vec<ScoreCell> = cells
                    .counts
                    .into_iter()
                    .map(|((score, flagged, label), n)| {
                        let of = |known| if label == known { n } else { 0 };
                        ScoreCell {
                            score: (score != NO_SCORE).then(|| f64::from_bits(score)),
                            flagged,
                            pos: of(Some(true)),
                            neg: of(Some(false)),
                            open: of(None),
                        }
                    })
                    .collect();
                combine(&mut all);
                (group, all)
            });
            (attribute, groups.collect())
        });
        let errors = self.errors.into_iter().map(|(attribute, groups)| {
            (attribute, groups.into_iter().map(|(group, tally)| (group, tally.finish().0)).collect())
        });
        Outcomes {
            classes: classes.collect(),
            errors: errors.collect(),
            half_cell: if gridded { 0.5 / CELLS } else { 0.0 },
            foreseen: Default::default(),
            unscored: self.unscored,
        }
    }
}
