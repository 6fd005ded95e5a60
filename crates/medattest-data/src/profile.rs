//! Value counts of every column and outcomes by group, window by window, in one pass on all cores. Memory depends on
//! the number of columns and windows, not on the number of rows.
#![allow(clippy::iter_over_hash_type, reason = "counts add up to the same in any order")]

mod outcome;
mod tally;

use std::collections::{BTreeMap, HashMap};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array};
use datafusion::arrow::compute::{cast, take};
use datafusion::arrow::datatypes::{DataType, Date32Type, Float64Type, TimeUnit, TimestampMicrosecondType};
use datafusion::dataframe::DataFrame;
use datafusion::prelude::lit;
use futures::StreamExt as _;
use medattest_core::monitor::{Binning, Cut, NamedMoments, Period, ProfileQuery, WindowCounts};
use medattest_core::{CountQuery, DataError};
use medattest_metrics::boost::Boosted;
use medattest_metrics::moments::Moments;

use crate::{Source, count, open};
use outcome::OutcomeTally;
use tally::ColumnTally;

/// Distinct values kept over all columns together.
const VALUES: usize = 4 << 20;
/// Fewest and most distinct values kept of one column.
const FEWEST: usize = 4_096;
const MOST: usize = 1 << 16;
/// Numeric columns beyond these are left out of the sums of products, which grow with their square.
const TOGETHER: usize = 40;
/// More windows than this in one file are a mistake.
const WINDOWS: usize = 100_000;

/// What is told of a text: names with numbers.
pub type TextProbe<'a> = &'a (dyn Fn(&str, &mut Vec<(&'static str, f64)>) + Send + Sync);

/// One window being counted.
struct WindowTally {
    foreseen: tally::NumberTally,
    rows: u64,
    columns: Vec<ColumnTally>,
    outcome: Option<OutcomeTally>,
    moments: Option<Moments>,
}

/// What is done with each column of a batch.
struct Layout {
    names: Vec<String>,
    /// Number of the column in the batch.
    at: Vec<usize>,
    text: Vec<bool>,
    most: usize,
    /// Rows of the file, where that is known beforehand.
    rows: u64,
    /// Columns whose products are added up, and what is taken off them.
    together: Vec<(usize, f64)>,
    outcome: Option<outcome::Places>,
    /// Columns with their bins, and the trees that foresee errors.
    loss: Option<(Vec<(usize, Binning)>, Boosted)>,
    cut: CutAt,
}

enum CutAt {
    Whole(String),
    Rows(u64),
    Period(usize, Period),
}

pub(crate) async fn profile(
    source: &Source<'_>,
    fixed: &[(String, String)],
    query: &ProfileQuery,
    probe: TextProbe<'_>,
) -> Result<Vec<WindowCounts>, DataError> {
    // As many parts on every machine, so that what is kept of very many values does not depend on its cores.
    const PARTS: usize = 4;
    let parts = if matches!(query.cut, Cut::Rows(_)) { 1 } else { PARTS };
    let mut frame = open(source, Some(parts)).await?;
    // What the names of folders say, such as `site=3`, is a column too.
    for (name, value) in fixed {
        if frame.schema().field_with_unqualified_name(name).is_err() {
            frame = frame.with_column(name, lit(value.clone())).map_err(|_| broken(source))?;
        }
    }
    let filter = CountQuery { filter: query.filter.clone(), keys: Vec::new() };
    let frame = count::filtered(source, frame, &filter)?;
    let mut layout = layout(source, &frame, query)?;
    // The footer of a Parquet file tells its rows; a CSV file would have to be read for it.
    if source.path.extension().is_some_and(|end| end.eq_ignore_ascii_case("parquet")) && query.filter.is_none() {
        layout.rows = frame.clone().count().await.map_err(|_| broken(source))? as u64;
    }
    let streams = frame.execute_stream_partitioned().await.map_err(|_| broken(source))?;
    let mut tallies: Vec<BTreeMap<i64, WindowTally>> = Vec::new();
    std::thread::scope(|scope| {
        let handle = tokio::runtime::Handle::current();
        let layout = &layout;
        let threads: Vec<_> = streams
            .into_iter()
            .map(|mut stream| {
                let handle = handle.clone();
                scope.spawn(move || {
                    let mut windows: BTreeMap<i64, WindowTally> = BTreeMap::new();
                    let mut row = 0;
                    while let Some(batch) = handle.block_on(stream.next()) {
                        let batch = batch.map_err(|error| count::failed(source, &error.to_string()))?;
                        feed(source, &mut windows, &batch, &mut row, layout, probe)?;
                    }
                    Ok::<_, DataError>(windows)
                })
            })
            .collect();
        for thread in threads {
            tallies.push(thread.join().map_err(|_| broken(source))??);
        }
        Ok::<_, DataError>(())
    })?;
    let mut windows: BTreeMap<i64, WindowTally> = BTreeMap::new();
    for (id, tally) in tallies.into_iter().flatten() {
        match windows.get_mut(&id) {
            None => {
                windows.insert(id, tally);
            }
            Some(own) => own.merge(tally),
        }
    }
    Ok(windows.into_iter().map(|(id, tally)| tally.finish(window_name(&layout.cut, id), &layout)).collect())
}

fn broken(source: &Source<'_>) -> DataError {
    source.error("count-failed", "the rows could not be counted", "check that the file is whole and memory suffices")
}

/// Columns in the order in which they are looked at, and what windows are cut by.
fn layout(source: &Source<'_>, frame: &DataFrame, query: &ProfileQuery) -> Result<Layout, DataError> {
    let schema = frame.schema();
    let names: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
    if names.iter().any(|name| name.trim().is_empty() || name.trim().parse::<f64>().is_ok()) {
        let message = "the file seems to have no line with column names";
        return Err(source.error("column-missing", message, "begin the file with a line that names every column"));
    }
    let place = |name: &str| -> Result<usize, DataError> {
        crate::column(source, frame, name)?;
        names.iter().position(|known| known == name).ok_or_else(|| broken(source))
    };
    let mut role: Vec<&str> = Vec::new();
    let outcome = match &query.outcome {
        None => None,
        Some(columns) => {
            role.extend(columns.score.iter().chain(&columns.decision).chain(&columns.label).map(String::as_str));
            // A label may come later than the rest; everything else must be there.
            let label = columns.label.as_deref().and_then(|label| names.iter().position(|name| name == label));
            let of = |name: &Option<String>| name.as_deref().map(place).transpose();
            Some(outcome::Places {
                score: of(&columns.score)?,
                decision: of(&columns.decision)?,
                label,
                numeric: columns.numeric,
                threshold: query.threshold,
                groups: columns
                    .groups
                    .iter()
                    .map(|name| place(name).map(|at| (name.clone(), at)))
                    .collect::<Result<_, _>>()?,
            })
        }
    };
    let mut time = None;
    let cut = match &query.cut {
        Cut::File => CutAt::Whole(source.shown.rsplit('/').next().unwrap_or(source.shown).to_owned()),
        Cut::Rows(rows) => CutAt::Rows((*rows).max(1)),
        Cut::Period(column, period) => {
            time = Some(column.as_str());
            CutAt::Period(place(column)?, *period)
        }
    };
    let kept = |name: &String| !query.ignore.contains(name) && Some(name.as_str()) != time;
    let at: Vec<usize> = (0..names.len()).filter(|at| kept(&names[*at])).collect();
    let text = at.iter().map(|at| query.texts.contains(&names[*at])).collect();
    let numeric = |at: &usize| schema.fields()[*at].data_type().is_numeric() && !role.contains(&names[*at].as_str());
    let together = at.iter().filter(|at| numeric(at)).take(TOGETHER);
    let together = together.map(|at| (*at, query.shift.get(&names[*at]).copied().unwrap_or(0.0))).collect();
    let most = (VALUES / at.len().max(1)).clamp(FEWEST, MOST);
    let loss = match &query.loss {
        None => None,
        Some(loss) => {
            let mut columns = Vec::new();
            for (name, binning) in &loss.columns {
                columns.push((place(name)?, binning.clone()));
            }
            Some((columns, loss.trees.clone()))
        }
    };
    let names = at.iter().map(|at| names[*at].clone()).collect();
    Ok(Layout { names, at, text, most, rows: 0, together, outcome, loss, cut })
}

/// Adds a batch to the windows its rows belong to.
fn feed(
    source: &Source<'_>,
    windows: &mut BTreeMap<i64, WindowTally>,
    batch: &RecordBatch,
    row: &mut u64,
    layout: &Layout,
    probe: TextProbe<'_>,
) -> Result<(), DataError> {
    let rows = batch.num_rows();
    if rows == 0 {
        return Ok(());
    }
    let mut add = |id: i64, part: &RecordBatch| -> Result<(), DataError> {
        if windows.len() > WINDOWS {
            let message = format!("the rows fall into more than {WINDOWS} windows");
            return Err(source.error("too-many-windows", message, "choose longer windows"));
        }
        windows.entry(id).or_insert_with(|| WindowTally::new(layout)).add(source, part, layout, probe)
    };
    match &layout.cut {
        CutAt::Whole(_) => add(0, batch),
        CutAt::Rows(size) => {
            let mut from = 0;
            while from < rows {
                let window = *row / size;
                let until = ((window + 1) * size - *row).min((rows - from) as u64) as usize;
                add((window * size) as i64, &batch.slice(from, until))?;
                *row += until as u64;
                from += until;
            }
            Ok(())
        }
        CutAt::Period(at, period) => {
            let ids = period_ids(source, batch.column(*at), *period)?;
            let first = ids.first().copied().unwrap_or_default();
            if ids.iter().all(|id| *id == first) {
                return add(first, batch);
            }
            let mut order: Vec<u32> = (0..rows as u32).collect();
            order.sort_by_key(|row| ids[*row as usize]);
            let indices = UInt32Array::from(order.clone());
            let columns: Result<Vec<ArrayRef>, _> = batch.columns().iter().map(|c| take(c, &indices, None)).collect();
            let columns = columns.map_err(|_| broken(source))?;
            let sorted = RecordBatch::try_new(batch.schema(), columns).map_err(|_| broken(source))?;
            let mut from = 0;
            while from < rows {
                let id = ids[order[from] as usize];
                let until = from + order[from..].iter().take_while(|row| ids[**row as usize] == id).count();
                add(id, &sorted.slice(from, until - from))?;
                from = until;
            }
            Ok(())
        }
    }
}

/// What stands for rows without a date.
const NO_DATE: i64 = i64::MIN;

/// The first day of the period of each row, as days since 1970.
fn period_ids(source: &Source<'_>, column: &ArrayRef, period: Period) -> Result<Vec<i64>, DataError> {
    use jiff::civil::{Date, date};
    let wrong = || {
        let hint = "windows by period need a column of dates or times, such as 2026-11-26 or 2026-11-26T08:30:00";
        source.error("column-type", "the column that windows are cut by does not hold dates", hint)
    };
    let days: Vec<Option<i64>> = match column.data_type() {
        DataType::Date32 => column.as_primitive::<Date32Type>().iter().map(|d| d.map(i64::from)).collect(),
        DataType::Timestamp(..) | DataType::Date64 | DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 => {
            let kind = DataType::Timestamp(TimeUnit::Microsecond, None);
            let times = cast(column, &kind).map_err(|_| wrong())?;
            const DAY: i64 = 86_400_000_000;
            times.as_primitive::<TimestampMicrosecondType>().iter().map(|t| t.map(|t| t.div_euclid(DAY))).collect()
        }
        _ => return Err(wrong()),
    };
    if days.iter().all(Option::is_none) && column.null_count() < column.len() {
        return Err(wrong());
    }
    let epoch = date(1970, 1, 1);
    let mut known: HashMap<i64, i64> = HashMap::new();
    let start = |day: i64| -> i64 {
        let Ok(span) = jiff::Span::new().try_days(day) else { return NO_DATE };
        let Ok(date) = epoch.checked_add(span) else { return NO_DATE };
        let first = match period {
            Period::Day => date,
            Period::Week => {
                let back = i64::from(date.weekday().to_monday_zero_offset());
                date.saturating_sub(jiff::Span::new().days(back))
            }
            Period::Month => date.first_of_month(),
            Period::Quarter => Date::new(date.year(), (date.month() - 1) / 3 * 3 + 1, 1).unwrap_or(date),
            Period::Year => date.first_of_year(),
        };
        epoch.until(first).map_or(NO_DATE, |span| i64::from(span.get_days()))
    };
    Ok(days
        .into_iter()
        .map(|day| day.map_or(NO_DATE, |day| *known.entry(day).or_insert_with(|| start(day))))
        .collect())
}

fn window_name(cut: &CutAt, id: i64) -> String {
    match cut {
        CutAt::Whole(name) => name.clone(),
        CutAt::Rows(_) => format!("{id:012}"),
        CutAt::Period(..) if id == NO_DATE => String::new(),
        CutAt::Period(..) => {
            let date = jiff::civil::date(1970, 1, 1).saturating_add(jiff::Span::new().days(id));
            date.to_string()
        }
    }
}

impl WindowTally {
    fn new(layout: &Layout) -> Self {
        let shift: Vec<f64> = layout.together.iter().map(|(_, shift)| *shift).collect();
        Self {
            foreseen: tally::NumberTally::new(layout.most),
            rows: 0,
            columns: layout.names.iter().map(|_| ColumnTally::new()).collect(),
            outcome: layout.outcome.as_ref().map(|_| OutcomeTally::default()),
            moments: (shift.len() > 1).then(|| Moments::new(shift)),
        }
    }

    fn add(
        &mut self,
        source: &Source<'_>,
        batch: &RecordBatch,
        layout: &Layout,
        probe: TextProbe<'_>,
    ) -> Result<(), DataError> {
        self.rows += batch.num_rows() as u64;
        for ((tally, at), text) in self.columns.iter_mut().zip(&layout.at).zip(&layout.text) {
            tally
                .add(batch.column(*at), (layout.most, layout.rows), text.then_some(probe))
                .ok_or_else(|| broken(source))?;
        }
        if let (Some(tally), Some(places)) = (&mut self.outcome, &layout.outcome) {
            tally.add(source, batch, places)?;
        }
        if let Some(loss) = &layout.loss {
            foresee(&mut self.foreseen, batch, loss).ok_or_else(|| broken(source))?;
        }
        if let Some(moments) = &mut self.moments {
            products(moments, batch, layout).ok_or_else(|| broken(source))?;
        }
        Ok(())
    }

    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.foreseen.merge(other.foreseen);
        for (own, other) in self.columns.iter_mut().zip(other.columns) {
            own.merge(other);
        }
        if let (Some(own), Some(other)) = (&mut self.outcome, other.outcome) {
            own.merge(other);
        }
        if let (Some(own), Some(other)) = (&mut self.moments, other.moments) {
            own.merge(&other);
        }
    }

    fn finish(self, id: String, layout: &Layout) -> WindowCounts {
        let columns = layout.names.iter().cloned().zip(self.columns.into_iter().map(ColumnTally::finish)).collect();
        let mut outcome = self.outcome.map(OutcomeTally::finish).unwrap_or_default();
        outcome.foreseen = self.foreseen.finish().0;
        let names = |at: usize| layout.at.iter().position(|known| *known == at).map(|i| layout.names[i].clone());
        WindowCounts {
            id,
            rows: self.rows,
            columns,
            outcome,
            moments: self.moments.filter(|m| m.n > 0).map(|moments| NamedMoments {
                columns: layout.together.iter().filter_map(|(at, _)| names(*at)).collect(),
                moments,
            }),
        }
    }
}

/// Adds the absolute error that trees foresee for each row.
fn foresee(
    tally: &mut tally::NumberTally,
    batch: &RecordBatch,
    (columns, trees): &(Vec<(usize, Binning)>, Boosted),
) -> Option<()> {
    let mut bins: Vec<Vec<u8>> = Vec::with_capacity(columns.len());
    for (at, binning) in columns {
        let column = batch.column(*at);
        bins.push(match binning {
            Binning::Numbers(_) => {
                let numbers = cast(column, &DataType::Float64).ok()?;
                numbers.as_primitive::<Float64Type>().iter().map(|value| binning.number(value)).collect()
            }
            Binning::Labels(_) => {
                let labels = cast(column, &DataType::Utf8).ok()?;
                labels.as_string::<i32>().iter().map(|label| binning.label(label)).collect()
            }
        });
    }
    (0..batch.num_rows()).for_each(|row| tally.add(trees.predict(|column| bins[column][row]).max(0.0)));
    Some(())
}

/// Adds products of the rows in which every column has a value.
fn products(moments: &mut Moments, batch: &RecordBatch, layout: &Layout) -> Option<()> {
    let k = layout.together.len();
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(k);
    for (at, _) in &layout.together {
        columns.push(cast(batch.column(*at), &DataType::Float64).ok()?);
    }
    let arrays: Vec<_> = columns.iter().map(|c| c.as_primitive::<Float64Type>()).collect();
    let rows = batch.num_rows();
    // Whole columns at a time: incomplete rows become zeros in every column.
    let mut whole = vec![true; rows];
    for array in &arrays {
        for (row, ok) in whole.iter_mut().enumerate() {
            *ok &= array.is_valid(row) && array.value(row).is_finite();
        }
    }
    let n = whole.iter().filter(|ok| **ok).count();
    moments.n += n as u64;
    let shifted: Vec<Vec<f64>> = arrays
        .iter()
        .zip(&layout.together)
        .map(|(array, (_, shift))| {
            array.values().iter().zip(&whole).map(|(x, ok)| if *ok { x - shift } else { 0.0 }).collect()
        })
        .collect();
    let mut at = 0;
    for i in 0..k {
        moments.sums[i] += shifted[i].iter().sum::<f64>();
        for j in 0..=i {
            moments.products[at] += dot(&shifted[i], &shifted[j]);
            at += 1;
        }
    }
    Some(())
}

/// The product of two columns, in lanes that the compiler can work on at once.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a8.remainder().iter().zip(b8.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a8.zip(b8) {
        for (lane, (x, y)) in lanes.iter_mut().zip(x.iter().zip(y)) {
            *lane += x * y;
        }
    }
    lanes.iter().sum::<f64>() + rest
}
