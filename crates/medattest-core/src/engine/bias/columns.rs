//! The columns of a count table by role.

use std::collections::BTreeMap;

use medattest_metrics::{ClassRows, NumberRows, Rows};

use crate::project::{Table, Task};
use crate::world::{CountTable, KeyValues, MISSING};

/// Rows that can be measured, and who else there is.
pub(super) struct Columns {
    /// Labels, and the code of each kept row, for each group column.
    groups: Vec<(Vec<String>, Vec<u32>)>,
    /// Rows of each label of each group column, left out or not.
    present: Vec<BTreeMap<String, u64>>,
    pub(super) content: Content,
    /// Rows with a label that lack a prediction, a score or a weight.
    pub(super) excluded: u64,
    /// Rows without a label.
    pub(super) unlabelled: u64,
    /// Those of them that are kept, to be counted beside the others.
    pub(super) kept_unlabelled: u64,
    pub(super) half_cell: f64,
    pub(super) warnings: Vec<String>,
}

/// What was counted, by task.
pub(super) enum Content {
    Binary(Rows),
    Classes(ClassRows, Vec<String>),
    Numbers(NumberRows),
}

impl Content {
    pub(super) fn count(&self) -> &[u64] {
        match self {
            Self::Binary(rows) => &rows.count,
            Self::Classes(rows, _) => &rows.count,
            Self::Numbers(rows) => &rows.count,
        }
    }

    pub(super) fn events(&self) -> u64 {
        match self {
            Self::Binary(rows) => {
                rows.label.iter().zip(&rows.count).filter(|(label, _)| **label == Some(true)).map(|(_, n)| n).sum()
            }
            _ => 0,
        }
    }

    pub(super) fn clusters(&self) -> Option<u64> {
        let codes = match self {
            Self::Binary(rows) => &rows.cluster,
            Self::Classes(rows, _) => &rows.cluster,
            Self::Numbers(rows) => &rows.cluster,
        };
        codes.as_ref().map(|codes| codes.iter().max().map_or(0, |most| u64::from(*most) + 1))
    }
}

/// Whether there are decisions: a column of them, or a threshold of the score.
pub(super) fn decides(table: &Table) -> bool {
    table.prediction.is_some() || (table.task == Task::Binary && table.threshold.is_some() && table.score.is_some())
}

impl Columns {
    pub(super) fn of(table: &Table, counted: &CountTable) -> Option<Self> {
        let length = counted.counts.len();
        let mut keys = counted.keys.iter();
        let mut groups = Vec::new();
        for _ in &table.groups {
            let Some(KeyValues::Category { labels, codes }) = keys.next() else { return None };
            if codes.len() != length || codes.iter().any(|c| *c as usize >= labels.len()) {
                return None;
            }
            groups.push((labels, codes));
        }
        let label = keys.next()?;
        let prediction = if decides(table) { Some(keys.next()?) } else { None };
        let mut half_cell = 0.0;
        let mut numbers = |declared: bool| -> Option<Option<&Vec<Option<f64>>>> {
            if !declared {
                return Some(None);
            }
            match keys.next()? {
                KeyValues::Score { values, half_cell: half } if values.len() == length => {
                    half_cell = *half;
                    Some(Some(values))
                }
                _ => None,
            }
        };
        let score = numbers(table.score.is_some())?;
        let grid = if table.score.is_some() { half_cell } else { 0.0 };
        let cluster = if table.cluster.is_some() {
            match keys.next()? {
                KeyValues::Cluster(codes) if codes.len() == length => Some(codes),
                _ => return None,
            }
        } else {
            None
        };
        let weight = match (&table.weight, keys.next()) {
            (None, None) => None,
            (Some(_), Some(KeyValues::Score { values, .. })) if values.len() == length => Some(values),
            _ => return None,
        };
        let weighs = |row: usize| weight.is_none_or(|w| w[row].is_some_and(|w| w > 0.0));
        let scored = |row: usize| score.is_none_or(|s| s[row].is_some());
        let total: u64 = counted.counts.iter().sum();
        let mut kept_unlabelled = 0;
        let rows_where = |missing: &dyn Fn(usize) -> bool| -> u64 {
            (0..length).filter(|&row| weighs(row) && missing(row)).map(|row| counted.counts[row]).sum()
        };
        let unlabelled = match label {
            KeyValues::Binary(label) => rows_where(&|row| label.get(row).is_some_and(Option::is_none)),
            KeyValues::Score { values, .. } => rows_where(&|row| values.get(row).is_some_and(Option::is_none)),
            KeyValues::Category { labels, codes } => {
                rows_where(&|row| codes.get(row).is_some_and(|code| labels[*code as usize] == MISSING))
            }
            KeyValues::Cluster(_) => return None,
        };
        let (kept, content, half_cell) = match (table.task, label, prediction) {
            (Task::Binary, KeyValues::Binary(label), None | Some(KeyValues::Binary(_))) if label.len() == length => {
                let predicted = match prediction {
                    Some(KeyValues::Binary(values)) => Some(values),
                    _ => None,
                };
                let whole =
                    |row: usize| predicted.is_none_or(|p| p.get(row).copied().flatten().is_some()) && scored(row);
                let kept: Vec<usize> =
                    (0..length).filter(|&row| weighs(row) && (label[row].is_none() || whole(row))).collect();
                let pick_score = |&row: &usize| score.map_or(0.0, |s| s[row].unwrap_or(0.0));
                let decided = |row: &usize| predicted.is_some_and(|p| p[*row].unwrap_or(false));
                kept_unlabelled =
                    kept.iter().filter(|&&row| label[row].is_none()).map(|&row| counted.counts[row]).sum();
                let rows = Rows {
                    label: kept.iter().map(|&row| label[row]).collect(),
                    predicted: predicted.map(|_| kept.iter().map(decided).collect()),
                    score: score.map(|_| kept.iter().map(pick_score).collect()),
                    cluster: None,
                    weight: None,
                    count: Vec::new(),
                };
                (kept, Content::Binary(rows), grid)
            }
            (
                Task::Multiclass,
                KeyValues::Category { labels, codes },
                Some(KeyValues::Category { labels: others, codes: predicted }),
            ) => {
                let mut classes: Vec<String> =
                    labels.iter().chain(others).filter(|class| *class != MISSING).cloned().collect();
                classes.sort_unstable();
                classes.dedup();
                let number = |names: &[String], code: &u32| -> Option<u32> {
                    let at = classes.binary_search(names.get(*code as usize)?).ok()?;
                    u32::try_from(at).ok()
                };
                let of = |row: usize| Some((number(labels, codes.get(row)?)?, number(others, predicted.get(row)?)?));
                let found: Vec<(usize, (u32, u32))> =
                    (0..length).filter(|&row| weighs(row)).filter_map(|row| Some((row, of(row)?))).collect();
                let rows = ClassRows {
                    label: found.iter().map(|(_, (label, _))| *label).collect(),
                    predicted: found.iter().map(|(_, (_, predicted))| *predicted).collect(),
                    cluster: None,
                    weight: None,
                    count: Vec::new(),
                };
                (found.into_iter().map(|(row, _)| row).collect(), Content::Classes(rows, classes), 0.0)
            }
            (
                Task::Regression,
                KeyValues::Score { values: label, half_cell: a },
                Some(KeyValues::Score { values: predicted, half_cell: b }),
            ) => {
                let of = |row: usize| Some(((*label.get(row)?)?, (*predicted.get(row)?)?));
                let found: Vec<(usize, (f64, f64))> =
                    (0..length).filter(|&row| weighs(row)).filter_map(|row| Some((row, of(row)?))).collect();
                let rows = NumberRows {
                    label: found.iter().map(|(_, (label, _))| *label).collect(),
                    predicted: found.iter().map(|(_, (_, predicted))| *predicted).collect(),
                    cluster: None,
                    weight: None,
                    count: Vec::new(),
                };
                (found.into_iter().map(|(row, _)| row).collect(), Content::Numbers(rows), a.max(*b))
            }
            _ => return None,
        };
        let content = with(content, &kept, counted, cluster, weight);
        let count: u64 = content.count().iter().sum();
        let present = groups
            .iter()
            .map(|(labels, codes)| {
                let mut present: BTreeMap<String, u64> = BTreeMap::new();
                for (code, n) in codes.iter().zip(&counted.counts) {
                    *present.entry(labels[*code as usize].clone()).or_default() += n;
                }
                present
            })
            .collect();
        let warnings =
            groups.iter().zip(&table.groups).flat_map(|((labels, _), group)| alike(&group.column, labels)).collect();
        Some(Self {
            groups: groups
                .into_iter()
                .map(|(labels, codes)| (labels.clone(), kept.iter().map(|&row| codes[row]).collect()))
                .collect(),
            present,
            content,
            excluded: total - count - (unlabelled - kept_unlabelled),
            unlabelled,
            kept_unlabelled,
            half_cell,
            warnings,
        })
    }

    /// Rows of each of these labels, left out or not.
    pub(super) fn present(&self, column: usize, labels: &[String]) -> Vec<u64> {
        let Some(present) = self.present.get(column) else { return Vec::new() };
        labels.iter().map(|label| present.get(label).copied().unwrap_or(0)).collect()
    }
}

/// Adds what every task has in common.
fn with(
    content: Content,
    kept: &[usize],
    counted: &CountTable,
    cluster: Option<&Vec<u32>>,
    weight: Option<&Vec<Option<f64>>>,
) -> Content {
    let count: Vec<u64> = kept.iter().map(|&row| counted.counts[row]).collect();
    let cluster = cluster.map(|codes| dense(kept.iter().map(|&row| codes[row]).collect()));
    let weight = weight.map(|w| kept.iter().map(|&row| w[row].unwrap_or(1.0)).collect());
    match content {
        Content::Binary(rows) => Content::Binary(Rows { cluster, weight, count, ..rows }),
        Content::Classes(rows, classes) => Content::Classes(ClassRows { cluster, weight, count, ..rows }, classes),
        Content::Numbers(rows) => Content::Numbers(NumberRows { cluster, weight, count, ..rows }),
    }
}

/// The same clusters numbered without gaps: one that lost all its rows must not be drawn.
fn dense(codes: Vec<u32>) -> Vec<u32> {
    let mut numbers = vec![u32::MAX; codes.iter().max().map_or(0, |most| *most as usize + 1)];
    let mut next = 0;
    let mut number = |code: u32| {
        let slot = &mut numbers[code as usize];
        if *slot == u32::MAX {
            *slot = next;
            next += 1;
        }
        *slot
    };
    codes.into_iter().map(&mut number).collect()
}

/// Labels that differ in nothing but case, blanks or punctuation: most likely one group spelled twice.
fn alike(column: &str, labels: &[String]) -> Vec<String> {
    let mut spelled: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for label in labels.iter().filter(|label| *label != MISSING) {
        let plain: String = label.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        // A label of signs only, such as < and >, is told apart by them.
        spelled.entry(if plain.is_empty() { label.clone() } else { plain }).or_default().push(label);
    }
    spelled
        .into_values()
        .filter(|names| names.len() > 1)
        .map(|names| {
            let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
            format!(
                "`{column}` has {} as groups of their own; if they are one group, spell it one way",
                quoted.join(" and ")
            )
        })
        .collect()
}

/// What the groups that the columns `which` form together are made of, in order, and the group of each row.
pub(super) fn cross(columns: &Columns, which: &[usize]) -> (Vec<Vec<String>>, Vec<u32>) {
    let rows = columns.content.count().len();
    if let [one] = which
        && let Some((labels, codes)) = columns.groups.get(*one)
    {
        // Labels that lost all their rows keep their place: who is not there is part of the answer.
        return (labels.iter().map(|label| vec![label.clone()]).collect(), codes.clone());
    }
    let chosen: Vec<&(Vec<String>, Vec<u32>)> = which.iter().filter_map(|&w| columns.groups.get(w)).collect();
    // Numbers of combinations seen so far, column by column.
    let mut codes = vec![0u32; rows];
    let mut combined: Vec<Vec<u32>> = vec![Vec::new()];
    for (_, mine) in &chosen {
        let mut numbers: BTreeMap<(u32, u32), u32> = codes.iter().zip(mine).map(|(a, b)| ((*a, *b), 0)).collect();
        for (number, slot) in (0u32..).zip(numbers.values_mut()) {
            *slot = number;
        }
        combined = numbers
            .keys()
            .map(|(before, here)| combined[*before as usize].iter().copied().chain([*here]).collect())
            .collect();
        codes = codes.iter().zip(mine).map(|(a, b)| numbers[&(*a, *b)]).collect();
    }
    let parts = |codes: &Vec<u32>| -> Vec<String> {
        chosen.iter().zip(codes).map(|((labels, _), &code)| labels[code as usize].clone()).collect()
    };
    (combined.iter().map(parts).collect(), codes)
}

#[cfg(test)]
mod tests {
    use super::alike;

    #[test]
    fn two_spellings_of_a_group_are_noticed() {
        let labels = ["African American", "african-american", "White", "(missing)", "<", ">"].map(str::to_owned);
        let warnings = alike("race", &labels);
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].contains("\"African American\" and \"african-american\""), "{warnings:?}");
    }
}
