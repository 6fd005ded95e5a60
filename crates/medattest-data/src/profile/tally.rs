//! Counting the values of one column.

use std::collections::{BTreeMap, HashMap};

use datafusion::arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray, StringViewArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use foldhash::fast::FixedState;
use medattest_core::monitor::{ColumnCounts, ValueCounts, coarse};
use medattest_metrics::drift::{Categories, Numbers};

use super::TextProbe;

/// Different labels of one column that are kept; a column with more holds texts or identifiers.
const LABELS: usize = 2_000;
/// Bits of the mantissa.
const EXACT: u8 = 52;

/// Numbers by their bits. Where there are too many, the last bits of all are dropped.
pub(super) struct NumberTally {
    counts: HashMap<u64, u64, FixedState>,
    bits: u8,
    seen: u64,
    /// Distinct values that are kept.
    most: usize,
}

impl NumberTally {
    pub(super) fn new(most: usize) -> Self {
        Self { counts: HashMap::with_hasher(FixedState::default()), bits: EXACT, seen: 0, most }
    }

    #[inline]
    pub(super) fn add(&mut self, value: f64) {
        // Both zeros are one.
        let value = if value == 0.0 { 0.0 } else { value };
        let cut = u32::from(EXACT - self.bits);
        *self.counts.entry(value.to_bits() >> cut << cut).or_insert(0) += 1;
        if self.counts.len() > self.most {
            self.coarsen();
        }
    }

    /// Where nearly every value so far was new and many more rows follow, the last bits are dropped at once: counting
    /// them all would only take longer to come to the same.
    fn foresee(&mut self, added: u64, rows: u64) {
        const ENOUGH: usize = 8_192;
        self.seen += added;
        let new = self.counts.len() as u64;
        if self.bits == EXACT && self.counts.len() > ENOUGH && 3 * new > 2 * self.seen && rows > 2 * self.most as u64
        {
            self.coarsen();
        }
    }

    /// Drops bits until far fewer cells are left, so that this is seldom done again.
    fn coarsen(&mut self) {
        while self.counts.len() > (self.most / 32).max(512) && self.bits > 0 {
            self.drop_to(self.bits.saturating_sub(if self.bits > 20 { 4 } else { 1 }));
        }
    }

    fn drop_to(&mut self, bits: u8) {
        let cut = u32::from(EXACT - bits);
        let mut fewer = HashMap::with_hasher(FixedState::default());
        for (key, n) in self.counts.drain() {
            *fewer.entry(key >> cut << cut).or_insert(0) += n;
        }
        (self.counts, self.bits) = (fewer, bits);
    }

    pub(super) fn merge(&mut self, mut other: Self) {
        self.seen += other.seen;
        let bits = self.bits.min(other.bits);
        if self.bits > bits {
            self.drop_to(bits);
        }
        if other.bits > bits {
            other.drop_to(bits);
        }
        for (key, n) in other.counts {
            *self.counts.entry(key).or_insert(0) += n;
        }
        if self.counts.len() > self.most {
            self.coarsen();
        }
    }

    pub(super) fn finish(self) -> (Numbers, u8) {
        let bits = self.bits;
        let mut all: Vec<(f64, u64)> =
            self.counts.into_iter().map(|(key, n)| (coarse(f64::from_bits(key), bits), n)).collect();
        all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let mut numbers = Numbers::default();
        for (value, n) in all {
            numbers.push(value, n);
        }
        (numbers, bits)
    }
}

/// Labels: short ones by the bytes of their view, long ones by their text.
#[derive(Default)]
struct LabelTally {
    short: HashMap<u128, u64, FixedState>,
    long: HashMap<String, u64, FixedState>,
    empty: u64,
}

enum Values {
    /// No value yet.
    Nothing,
    Numbers(NumberTally),
    Labels(LabelTally),
    Text(BTreeMap<&'static str, NumberTally>),
    Not(String),
}

/// One column of one window.
pub(super) struct ColumnTally {
    missing: u64,
    unfit: u64,
    values: Values,
}

impl ColumnTally {
    pub(super) fn new() -> Self {
        Self { missing: 0, unfit: 0, values: Values::Nothing }
    }

    /// Adds a part of the column; none if it cannot be read.
    pub(super) fn add(
        &mut self,
        array: &ArrayRef,
        (most, rows): (usize, u64),
        probe: Option<TextProbe<'_>>,
    ) -> Option<()> {
        match array.data_type() {
            DataType::Float64 => self.numbers::<Float64Type>(array, (most, rows), |x| x),
            DataType::Float32 => self.numbers::<Float32Type>(array, (most, rows), f64::from),
            DataType::Int64 => self.numbers::<Int64Type>(array, (most, rows), |x| x as f64),
            DataType::Int32 => self.numbers::<Int32Type>(array, (most, rows), f64::from),
            DataType::Int16 => self.numbers::<Int16Type>(array, (most, rows), f64::from),
            DataType::Int8 => self.numbers::<Int8Type>(array, (most, rows), f64::from),
            DataType::UInt64 => self.numbers::<UInt64Type>(array, (most, rows), |x| x as f64),
            DataType::UInt32 => self.numbers::<UInt32Type>(array, (most, rows), f64::from),
            DataType::UInt16 => self.numbers::<UInt16Type>(array, (most, rows), f64::from),
            DataType::UInt8 => self.numbers::<UInt8Type>(array, (most, rows), f64::from),
            kind if kind.is_numeric() => {
                self.numbers::<Float64Type>(&cast(array, &DataType::Float64).ok()?, (most, rows), |x| x);
            }
            DataType::Null => self.missing += array.len() as u64,
            DataType::Boolean
            | DataType::Utf8
            | DataType::LargeUtf8
            | DataType::Utf8View
            | DataType::Dictionary(..) => {
                let views = cast(array, &DataType::Utf8View).ok()?;
                let views = views.as_string_view();
                match probe {
                    Some(probe) => self.texts(views, most, probe),
                    None => self.labels(views),
                }
            }
            other => {
                self.missing += array.null_count() as u64;
                if array.null_count() < array.len() {
                    self.values = Values::Not(format!("{} is not compared", plain(other)));
                }
            }
        }
        Some(())
    }

    fn numbers<T: ArrowPrimitiveType>(
        &mut self,
        array: &ArrayRef,
        (most, rows): (usize, u64),
        number: impl Fn(T::Native) -> f64,
    ) {
        let array: &PrimitiveArray<T> = array.as_primitive::<T>();
        self.missing += array.null_count() as u64;
        if array.null_count() == array.len() {
            return;
        }
        if matches!(self.values, Values::Nothing) {
            self.values = Values::Numbers(NumberTally::new(most));
        }
        let Values::Numbers(tally) = &mut self.values else {
            self.values = Values::Not("its type changes".to_owned());
            return;
        };
        let mut each = |value: T::Native| {
            let value = number(value);
            if value.is_finite() {
                tally.add(value);
            } else if value.is_nan() {
                self.missing += 1;
            } else {
                self.unfit += 1;
            }
        };
        if array.null_count() == 0 {
            array.values().iter().for_each(|value| each(*value));
        } else {
            array.iter().flatten().for_each(each);
        }
        tally.foresee((array.len() - array.null_count()) as u64, rows);
    }

    fn labels(&mut self, views: &StringViewArray) {
        self.missing += views.null_count() as u64;
        if views.null_count() == views.len() {
            return;
        }
        if matches!(self.values, Values::Nothing) {
            self.values = Values::Labels(LabelTally::default());
        }
        let Values::Labels(tally) = &mut self.values else {
            if !matches!(self.values, Values::Not(_)) {
                self.values = Values::Not("its type changes".to_owned());
            }
            return;
        };
        for (row, view) in views.views().iter().enumerate() {
            if views.is_null(row) {
                continue;
            }
            // The first four bytes are the length; up to twelve bytes stand in the view itself.
            match *view as u32 {
                0 => tally.empty += 1,
                1..=12 => *tally.short.entry(*view).or_insert(0) += 1,
                _ => {
                    let text = views.value(row);
                    match tally.long.get_mut(text) {
                        Some(n) => *n += 1,
                        None => {
                            tally.long.insert(text.to_owned(), 1);
                        }
                    }
                }
            }
        }
        if tally.short.len() + tally.long.len() > LABELS {
            self.values = Values::Not(format!("more than {LABELS} different texts"));
        }
    }

    fn texts(&mut self, views: &StringViewArray, most: usize, probe: TextProbe<'_>) {
        self.missing += views.null_count() as u64;
        if matches!(self.values, Values::Nothing) {
            self.values = Values::Text(BTreeMap::new());
        }
        let Values::Text(tallies) = &mut self.values else { return };
        let mut told = Vec::new();
        for text in views.iter().flatten() {
            if text.trim().is_empty() {
                self.missing += 1;
                continue;
            }
            told.clear();
            probe(text, &mut told);
            for (name, value) in &told {
                tallies.entry(name).or_insert_with(|| NumberTally::new(most)).add(*value);
            }
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.missing += other.missing;
        self.unfit += other.unfit;
        let own = std::mem::replace(&mut self.values, Values::Nothing);
        self.values = match (own, other.values) {
            (Values::Nothing, values) | (values, Values::Nothing) => values,
            (Values::Numbers(mut a), Values::Numbers(b)) => {
                a.merge(b);
                Values::Numbers(a)
            }
            (Values::Labels(mut a), Values::Labels(b)) => {
                a.empty += b.empty;
                for (key, n) in b.short {
                    *a.short.entry(key).or_insert(0) += n;
                }
                for (key, n) in b.long {
                    *a.long.entry(key).or_insert(0) += n;
                }
                if a.short.len() + a.long.len() > LABELS {
                    Values::Not(format!("more than {LABELS} different texts"))
                } else {
                    Values::Labels(a)
                }
            }
            (Values::Text(mut a), Values::Text(b)) => {
                for (name, tally) in b {
                    match a.get_mut(name) {
                        Some(own) => own.merge(tally),
                        None => {
                            a.insert(name, tally);
                        }
                    }
                }
                Values::Text(a)
            }
            (Values::Not(why), _) | (_, Values::Not(why)) => Values::Not(why),
            _ => Values::Not("its type changes".to_owned()),
        };
    }

    pub(super) fn finish(self) -> ColumnCounts {
        let (mut missing, unfit) = (self.missing, self.unfit);
        let values = match self.values {
            Values::Nothing => ValueCounts::NotCounted("no value".to_owned()),
            Values::Numbers(tally) => {
                let (numbers, bits) = tally.finish();
                ValueCounts::Numbers(numbers, bits)
            }
            Values::Labels(tally) => {
                missing += tally.empty;
                let short = tally.short.into_iter().map(|(view, n)| {
                    let bytes = view.to_le_bytes();
                    let length = (view as u32 as usize).min(12);
                    (String::from_utf8_lossy(&bytes[4..4 + length]).into_owned(), n)
                });
                ValueCounts::Categories(Categories(short.chain(tally.long).collect()))
            }
            Values::Text(tallies) => ValueCounts::Text(
                tallies.into_iter().map(|(name, tally)| (name.to_owned(), tally.finish().0)).collect(),
            ),
            Values::Not(why) => ValueCounts::NotCounted(why),
        };
        ColumnCounts { missing, unfit, values }
    }
}

/// A type in plain words.
fn plain(kind: &DataType) -> &'static str {
    match kind {
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) | DataType::Time32(_) | DataType::Time64(_) => {
            "a date or time"
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            "binary data"
        }
        _ => "a nested value",
    }
}
