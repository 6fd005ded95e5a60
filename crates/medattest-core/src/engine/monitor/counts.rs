//! What is counted of data for watching a deployed model, window by window. Counts of values, no rows.

use std::collections::BTreeMap;

use medattest_metrics::drift::{Categories, Numbers};
use medattest_metrics::moments::Moments;
use serde::{Deserialize, Serialize};

use super::model::LossModel;

/// How data are cut into windows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cut {
    /// Each file as a whole.
    File,
    /// So many rows after one another, in the order of the file.
    Rows(u64),
    /// By the calendar, from a column with dates.
    Period(String, Period),
}

/// A stretch of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Period {
    /// A day.
    Day,
    /// From Monday to Sunday.
    Week,
    /// A month.
    Month,
    /// Three months.
    Quarter,
    /// A year.
    Year,
}

impl Period {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Day, Self::Week, Self::Month, Self::Quarter, Self::Year];

    /// Its name, as SQL knows it too.
    pub fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }

    /// The day after the last one of the period that begins on a day.
    pub fn end(self, start: jiff::civil::Date) -> jiff::civil::Date {
        use jiff::ToSpan as _;
        let span = match self {
            Self::Day => 1.day(),
            Self::Week => 1.week(),
            Self::Month => 1.month(),
            Self::Quarter => 3.months(),
            Self::Year => 1.year(),
        };
        start.saturating_add(span)
    }
}

/// Which columns tell how the model did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutcomeColumns {
    /// Probability or other score; for numbers, the prediction.
    pub score: Option<String>,
    /// Decision of the model, 0 or 1.
    pub decision: Option<String>,
    /// Outcome, where known: 0 or 1; for numbers, the true value.
    pub label: Option<String>,
    /// Whether outcome and prediction are numbers rather than classes.
    pub numeric: bool,
    /// Attributes whose groups are told apart, sites among them.
    pub groups: Vec<String>,
}

/// The question: how many rows of each kind are there in each window?
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProfileQuery {
    /// SQL condition that rows must fulfil.
    pub filter: Option<String>,
    /// How rows are cut into windows.
    pub cut: Cut,
    /// Columns that are not looked at.
    pub ignore: Vec<String>,
    /// Columns with free text, of which only lengths and the like are counted.
    pub texts: Vec<String>,
    /// Columns that tell how the model did.
    pub outcome: Option<OutcomeColumns>,
    /// Decisions are scores of at least this, where no column tells them.
    pub threshold: Option<f64>,
    /// Means of the reference, taken off before products are added up.
    pub shift: BTreeMap<String, f64>,
    /// What tells how large errors will be, for numbers.
    pub loss: Option<LossModel>,
}

/// One window of one file, counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WindowCounts {
    /// First day of the period, number of the first row, or name of the file: what windows are ordered by.
    pub id: String,
    /// Rows.
    pub rows: u64,
    /// By column.
    pub columns: BTreeMap<String, ColumnCounts>,
    /// How the model did; empty where no outcome is asked for.
    pub outcome: Outcomes,
    /// Sums of products of the numeric inputs.
    pub moments: Option<NamedMoments>,
}

/// Sums of products with the names of their columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NamedMoments {
    /// Columns, in order.
    pub columns: Vec<String>,
    /// Their sums.
    pub moments: Moments,
}

/// One column of a window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnCounts {
    /// Rows without a value.
    pub missing: u64,
    /// Rows with a value that is not of the column's type, such as an infinite number.
    pub unfit: u64,
    /// What the values are.
    pub values: ValueCounts,
}

/// Counts of values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValueCounts {
    /// Numbers, with as many bits of the mantissa as were kept; all 52 where they are exact.
    Numbers(Numbers, u8),
    /// Labels.
    Categories(Categories),
    /// Text, by what is told of it.
    Text(BTreeMap<String, Numbers>),
    /// More different texts than are kept, or a type that is not compared.
    NotCounted(String),
}

impl ValueCounts {
    /// The type of the column, in a word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Numbers(..) => "numbers",
            Self::Categories(_) => "categories",
            Self::Text(_) => "text",
            Self::NotCounted(_) => "not counted",
        }
    }

    /// Rows with a value.
    pub fn n(&self) -> u64 {
        match self {
            Self::Numbers(numbers, _) => numbers.n(),
            Self::Categories(categories) => categories.n(),
            Self::Text(by) => by.values().next().map_or(0, Numbers::n),
            Self::NotCounted(_) => 0,
        }
    }
}

/// Outcomes by attribute and group; everybody under an attribute without a name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcomes {
    /// Rows by score, decision and label.
    pub classes: BTreeMap<String, BTreeMap<String, Vec<ScoreCell>>>,
    /// Differences of prediction and truth, for numbers.
    pub errors: BTreeMap<String, BTreeMap<String, Numbers>>,
    /// Absolute errors as they are foreseen, for numbers.
    pub foreseen: Numbers,
    /// Half the width of a cell, where scores lie on a grid.
    pub half_cell: f64,
    /// Rows without a score or decision.
    pub unscored: u64,
}

/// Rows of one score and decision.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ScoreCell {
    /// Score; nothing where the model gives decisions only.
    pub score: Option<f64>,
    /// Decision, if there is one.
    pub flagged: Option<bool>,
    /// Rows with the outcome.
    pub pos: u64,
    /// Rows without it.
    pub neg: u64,
    /// Rows whose outcome is not known.
    pub open: u64,
}

/// Everybody.
pub const EVERYONE: &str = "";

/// The value to so many bits of its mantissa, in the middle of the cell.
pub fn coarse(value: f64, bits: u8) -> f64 {
    if bits >= 52 || value == 0.0 {
        return value;
    }
    let cut = 52 - u32::from(bits);
    let cell = value.to_bits() >> cut << cut;
    f64::from_bits(cell | 1 << (cut - 1))
}

/// Half the width of the widest cell that values to so many bits fall into.
pub fn half_cell(numbers: &Numbers, bits: u8) -> f64 {
    if bits >= 52 {
        return 0.0;
    }
    let most = numbers.values.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    if most == 0.0 { 0.0 } else { 2f64.powf(most.log2().floor()) * 2f64.powi(-(i32::from(bits) + 1)) }
}

/// Counts to fewer bits.
pub fn coarsened(numbers: &Numbers, from: u8, to: u8) -> Numbers {
    if to >= from {
        return numbers.clone();
    }
    let mut coarser = Numbers::default();
    for (value, n) in numbers.values.iter().zip(&numbers.counts) {
        coarser.push(coarse(*value, to), *n);
    }
    coarser
}

impl WindowCounts {
    /// Adds another part of the same window.
    pub fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        for (name, column) in other.columns {
            match self.columns.get_mut(&name) {
                None => {
                    self.columns.insert(name, column);
                }
                Some(own) => own.merge(column),
            }
        }
        self.outcome.unscored += other.outcome.unscored;
        self.outcome.half_cell = self.outcome.half_cell.max(other.outcome.half_cell);
        self.outcome.foreseen = Numbers::merged([&self.outcome.foreseen, &other.outcome.foreseen]);
        for (attribute, groups) in other.outcome.classes {
            let own = self.outcome.classes.entry(attribute).or_default();
            for (group, cells) in groups {
                let known = own.entry(group).or_default();
                known.extend(cells);
                combine(known);
            }
        }
        for (attribute, groups) in other.outcome.errors {
            let own = self.outcome.errors.entry(attribute).or_default();
            for (group, numbers) in groups {
                let known = own.entry(group).or_default();
                *known = Numbers::merged([&*known, &numbers]);
            }
        }
        match (&mut self.moments, other.moments) {
            (Some(own), Some(other)) if own.columns == other.columns && own.moments.shift == other.moments.shift => {
                own.moments.merge(&other.moments);
            }
            (own @ None, other) => *own = other,
            _ => {}
        }
    }
}

impl ColumnCounts {
    fn merge(&mut self, other: Self) {
        self.missing += other.missing;
        self.unfit += other.unfit;
        let own = std::mem::replace(&mut self.values, ValueCounts::NotCounted(String::new()));
        self.values = match (own, other.values) {
            (ValueCounts::Numbers(a, x), ValueCounts::Numbers(b, y)) => {
                let bits = x.min(y);
                ValueCounts::Numbers(Numbers::merged([&coarsened(&a, x, bits), &coarsened(&b, y, bits)]), bits)
            }
            (ValueCounts::Categories(a), ValueCounts::Categories(b)) => {
                ValueCounts::Categories(Categories::merged([&a, &b]))
            }
            (ValueCounts::Text(mut a), ValueCounts::Text(b)) => {
                for (name, numbers) in b {
                    let known = a.entry(name).or_default();
                    *known = Numbers::merged([&*known, &numbers]);
                }
                ValueCounts::Text(a)
            }
            // A part without any value has the type of the other.
            (own, other) if other.n() == 0 => own,
            (own, other) if own.n() == 0 => other,
            (ValueCounts::NotCounted(why), _) | (_, ValueCounts::NotCounted(why)) => ValueCounts::NotCounted(why),
            _ => ValueCounts::NotCounted("its type changes within the window".to_owned()),
        };
    }
}

/// Sorts cells and adds up those that are alike.
pub fn combine(cells: &mut Vec<ScoreCell>) {
    let key = |a: &ScoreCell, b: &ScoreCell| {
        let score = |cell: &ScoreCell| cell.score.unwrap_or(f64::NEG_INFINITY);
        score(a).total_cmp(&score(b)).then(a.flagged.cmp(&b.flagged))
    };
    cells.sort_unstable_by(key);
    cells.dedup_by(|next, kept| {
        let alike = key(next, kept).is_eq();
        if alike {
            kept.pos += next.pos;
            kept.neg += next.neg;
            kept.open += next.open;
        }
        alike
    });
}
