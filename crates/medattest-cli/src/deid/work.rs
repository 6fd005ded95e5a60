//! What is done with a piece: find, count, and replace if a copy is wanted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use medattest_data::ParquetCells;
use medattest_deid::{
    Cleaner, Detection, Field, FieldNames, FieldTally, Layers, Policy, Resources, Scanner, Scratch,
};
use serde_json::Value;

use super::piece::{Done, Piece, csv_line};
use super::settle::Replacements;
use super::source::Source;
use crate::command::Stop;

/// In the name of a file, which has no context, only what is this sure and this long counts.
const SURE_NAME: f32 = 0.7;
const SHORTEST_NAME: usize = 4;

/// Finds more than the scanner does: a model of the user's.
pub(crate) type Further = Box<dyn Fn(&str, &mut Vec<Detection>) -> Result<(), Stop> + Send + Sync>;

/// All that the work on a piece needs.
pub(crate) struct Work {
    pub(crate) scanner: Arc<Scanner>,
    pub(crate) names: FieldNames,
    pub(crate) policy: Policy,
    pub(crate) cleaner: Option<Cleaner>,
    /// Column that tells whose dates move together.
    pub(crate) patient: Option<String>,
    pub(crate) further: Option<Further>,
    pub(crate) recognizers_sha256: String,
    pub(crate) year: i16,
    scratches: Mutex<Vec<Scratch>>,
    /// Why the user's model could not look at some text, if so: then the whole run stops.
    failure: Mutex<Option<Stop>>,
}

impl Work {
    pub(crate) fn new(resources: &Resources, scanner: Arc<Scanner>, policy: Policy, year: i16) -> Result<Self, Stop> {
        let names = FieldNames::load(resources).map_err(|error| unusable(&error))?;
        Ok(Self {
            scanner,
            names,
            policy,
            cleaner: None,
            patient: None,
            further: None,
            recognizers_sha256: resources.sha256(),
            year,
            scratches: Mutex::new(Vec::new()),
            failure: Mutex::new(None),
        })
    }

    /// Which layers look at texts.
    pub(crate) fn layers(&self) -> String {
        let own = match self.scanner.layers() {
            Layers::Lists => "patterns, lists",
            Layers::All => "patterns, lists, tagger",
        };
        if self.further.is_some() { format!("{own}, transformer") } else { own.to_owned() }
    }

    fn scratch(&self) -> Scratch {
        let kept = self.scratches.lock().ok().and_then(|mut scratches| scratches.pop());
        kept.unwrap_or_else(|| self.scanner.scratch())
    }

    /// Whether a name of a column is a value of somebody instead.
    pub(crate) fn identifies(&self, name: &str) -> bool {
        let mut found = Vec::new();
        self.scanner.scan(name, &mut self.scratch(), &mut found);
        let number = name.trim().parse::<f64>().is_ok();
        number || found.iter().any(|d| self.policy.removes(d.kind) && (d.end - d.start) * 2 > name.len())
    }

    /// A path whose parts that identify somebody are shown as shapes, and what they are.
    pub(crate) fn masked(&self, path: &str) -> (String, Vec<Detection>) {
        // Joints of file names separate words; the places stay the same. What ends the name is its kind.
        let stem_end = path.rfind('.').filter(|at| *at > 0).unwrap_or(path.len());
        let readable = path[..stem_end].replace('_', " ");
        let mut found = Vec::new();
        self.scanner.scan(&readable, &mut self.scratch(), &mut found);
        // A stem of a few letters is nobody's.
        found.retain(|d| self.policy.removes(d.kind) && d.score >= SURE_NAME && d.end - d.start >= SHORTEST_NAME);
        let mut masked = String::new();
        let mut at = 0;
        for detection in &found {
            masked.push_str(path.get(at..detection.start).unwrap_or_default());
            masked.push_str(&medattest_deid::shape(path.get(detection.start..detection.end).unwrap_or_default()));
            at = detection.end;
        }
        masked.push_str(path.get(at..).unwrap_or_default());
        (masked, found)
    }

    /// Shows the names of a file as shapes where they identify somebody, and gives its copy a name that does not.
    pub(crate) fn mask_names(&self, source: &mut Source, taken: &mut BTreeSet<PathBuf>) {
        let below = source.below.to_string_lossy().into_owned();
        let (masked, found) = self.masked(&below);
        if !found.is_empty() {
            // Only the part below what the user named can be told apart.
            let before = source.shown.strip_suffix(&below).unwrap_or_default().to_owned();
            source.shown = before + &masked;
            source.file_name = below;
            source.in_name = found;
        }
        let mut place = PathBuf::from(&masked);
        let mut n = 1;
        while !taken.insert(place.clone()) {
            n += 1;
            let end = Path::new(&masked).extension().map(|e| format!(".{}", e.to_string_lossy())).unwrap_or_default();
            place = PathBuf::from(format!("{}-{n}{end}", masked.strip_suffix(&end).unwrap_or(&masked)));
        }
        source.below = place;
    }

    /// Does one piece.
    pub(crate) fn piece(&self, source: &Source, piece: Piece) -> Done {
        let mut scratch = self.scratch();
        let done = match piece {
            Piece::Text { line, text } => self.text(source, line, &text, &mut scratch),
            Piece::Rows { first, rows, delimiter } => self.rows(source, first, &rows, delimiter, &mut scratch),
            Piece::Objects { line, text } => self.objects(source, line, &text, &mut scratch),
            Piece::Columns(rows, batch) => {
                let (mut done, columns) = self.columns(source, &rows, &mut scratch);
                if self.cleaner.is_some() {
                    done.batch = Some((batch, columns));
                }
                done
            }
        };
        if let Ok(mut scratches) = self.scratches.lock() {
            scratches.push(scratch);
        }
        done
    }

    fn scan(&self, text: &str, scratch: &mut Scratch, found: &mut Vec<Detection>) {
        self.scanner.scan(text, scratch, found);
        self.look_further(text, found);
    }

    /// Adds what the user's model finds.
    fn look_further(&self, text: &str, found: &mut Vec<Detection>) {
        let Some(further) = &self.further else { return };
        match further(text, found) {
            Ok(()) => medattest_deid::merge(text, found),
            Err(stop) => {
                if let Ok(mut failure) = self.failure.lock() {
                    failure.get_or_insert(stop);
                }
            }
        }
    }

    /// What stops the run.
    pub(crate) fn failed(&self) -> Option<Stop> {
        self.failure.lock().ok().and_then(|mut failure| failure.take())
    }

    fn text(&self, source: &Source, first_line: u64, text: &str, scratch: &mut Scratch) -> Done {
        let mut found = Vec::new();
        self.scan(text, scratch, &mut found);
        let mut done = Done::default();
        let mut tally = FieldTally::default();
        let mut detections = found.iter().peekable();
        let mut start = 0;
        for (at, line) in text.split_inclusive('\n').enumerate() {
            let end = start + line.len();
            let mut own = Vec::new();
            while let Some(detection) = detections.next_if(|d| d.start < end) {
                // What runs on to the next line is counted where it begins.
                own.push(Detection {
                    start: detection.start.saturating_sub(start),
                    end: detection.end - start,
                    ..*detection
                });
            }
            tally.add(&self.scanner, &self.policy, line.trim_end_matches(['\r', '\n']), first_line + at as u64, &own);
            done.records += 1;
            start = end;
        }
        done.fields.push((String::new(), tally));
        if let Some(cleaner) = &self.cleaner {
            let search = &mut |text: &str, found: &mut Vec<Detection>| self.scan(text, scratch, found);
            done.text = self.settled(cleaner, (text, &mut found), &source.stem, &mut done.replacements, search);
        }
        done
    }

    /// A cell that is cleaned, as [`Work::settled`].
    fn settled_cell(
        &self,
        cleaner: &Cleaner,
        field: &Field,
        (value, found): (&str, &mut Vec<Detection>),
        patient: &str,
        (done, scratch): (&mut Replacements, &mut Scratch),
    ) -> String {
        self.settled(cleaner, (value, found), patient, done, &mut |text, found| {
            self.cell(field, text, scratch, found)
        })
    }

    /// Finds the identifiers of one cell without its row.
    fn cell(&self, field: &Field, text: &str, scratch: &mut Scratch, found: &mut Vec<Detection>) {
        self.scanner.scan_cell(&self.names, field, text, scratch, found);
        self.look_further(text, found);
    }

    /// Finds the identifiers of one row.
    fn row(&self, fields: &[Field], cells: &[&str], scratch: &mut Scratch, found: &mut Vec<Vec<Detection>>) {
        self.scanner.scan_row(&self.names, fields, cells, scratch, found);
        for (cell, found) in cells.iter().zip(found.iter_mut()).filter(|(cell, _)| cell.contains(' ')) {
            self.look_further(cell, found);
        }
    }

    fn rows(&self, source: &Source, first: u64, rows: &[Vec<String>], delimiter: u8, scratch: &mut Scratch) -> Done {
        let mut done = Done::default();
        // Cells beyond the named columns are looked at without a name.
        let widest = rows.iter().map(Vec::len).max().unwrap_or(0);
        let mut fields = source.fields.clone();
        for extra in fields.len()..widest {
            fields.push(self.names.field(&format!("(column {})", extra + 1)));
            done.notes.push("some rows have more cells than there are column names".to_owned());
        }
        let mut tallies: Vec<FieldTally> = fields.iter().map(|_| FieldTally::default()).collect();
        let mut found = Vec::new();
        for (row, number) in rows.iter().zip(first..) {
            let cells: Vec<&str> = row.iter().map(String::as_str).collect();
            self.row(&fields, &cells, scratch, &mut found);
            for ((tally, cell), found) in tallies.iter_mut().zip(&cells).zip(&found) {
                tally.add(&self.scanner, &self.policy, cell, number, found);
            }
            if let Some(cleaner) = &self.cleaner {
                let patient = source.patient_column.and_then(|at| cells.get(at)).copied().unwrap_or(&source.stem);
                let cleaned: Vec<String> = cells
                    .iter()
                    .zip(&mut found)
                    .zip(&fields)
                    .map(|((cell, found), field)| {
                        let into = (&mut done.replacements, &mut *scratch);
                        self.settled_cell(cleaner, field, (cell, found), patient, into)
                    })
                    .collect();
                done.text.push_str(&csv_line(delimiter, cleaned.iter().map(String::as_str)));
            }
        }
        done.records = rows.len() as u64;
        done.fields = fields.into_iter().map(|f| f.name).zip(tallies).collect();
        done
    }

    fn columns(
        &self,
        source: &Source,
        rows: &medattest_data::TextRows,
        scratch: &mut Scratch,
    ) -> (Done, Vec<Vec<Option<String>>>) {
        let mut done = Done::default();
        let n = rows.columns.first().map_or(0, Vec::len);
        let mut tallies: Vec<FieldTally> = source.fields.iter().map(|_| FieldTally::default()).collect();
        let mut copies: Vec<Vec<Option<String>>> = source.fields.iter().map(|_| Vec::new()).collect();
        let mut found = Vec::new();
        for at in 0..n {
            let cells: Vec<&str> =
                rows.columns.iter().map(|column| column.get(at).and_then(Option::as_deref).unwrap_or("")).collect();
            self.row(&source.fields, &cells, scratch, &mut found);
            for ((tally, cell), found) in tallies.iter_mut().zip(&cells).zip(&found) {
                tally.add(&self.scanner, &self.policy, cell, rows.first_row + at as u64, found);
            }
            if let Some(cleaner) = &self.cleaner {
                let patient = source.patient_column.and_then(|at| cells.get(at)).copied().unwrap_or(&source.stem);
                for (column, copy) in copies.iter_mut().enumerate() {
                    let missing = rows.columns[column].get(at).is_none_or(Option::is_none);
                    let cell = cells[column];
                    let into = (&mut done.replacements, &mut *scratch);
                    let found = (cell, &mut found[column]);
                    copy.push(
                        (!missing).then(|| self.settled_cell(cleaner, &source.fields[column], found, patient, into)),
                    );
                }
            }
        }
        done.records = n as u64;
        done.fields = source.fields.iter().map(|f| f.name.clone()).zip(tallies).collect();
        (done, copies)
    }

    /// Columns of a Parquet file in which something is to be replaced.
    pub(crate) fn replaced_columns(&self, source: &Source) -> Result<Vec<bool>, Stop> {
        let stop = |error: medattest_core::DataError| Stop::from(error.diagnostic());
        let mut cells = ParquetCells::open(&source.path, &source.shown).map_err(stop)?;
        let mut replaced = vec![false; source.fields.len()];
        let mut scratch = self.scratch();
        let mut found = Vec::new();
        while let Some(rows) = cells.next_rows().map_err(stop)? {
            let n = rows.columns.first().map_or(0, Vec::len);
            for at in 0..n {
                let cells: Vec<&str> = rows
                    .columns
                    .iter()
                    .map(|column| column.get(at).and_then(Option::as_deref).unwrap_or(""))
                    .collect();
                self.row(&source.fields, &cells, &mut scratch, &mut found);
                for (replaced, found) in replaced.iter_mut().zip(&found) {
                    *replaced |= found.iter().any(|d| self.policy.removes(d.kind));
                }
            }
        }
        Ok(replaced)
    }

    fn objects(&self, source: &Source, first_line: u64, text: &str, scratch: &mut Scratch) -> Done {
        let mut done = Done::default();
        let mut tallies: BTreeMap<String, FieldTally> = BTreeMap::new();
        // A file that is one JSON value over several lines is read as one.
        let whole: Option<Value> = serde_json::from_str(text).ok();
        let parts: Vec<(&str, u64, Option<Value>)> = match whole {
            Some(value) => vec![(text, first_line, Some(value))],
            None => text
                .split_inclusive('\n')
                .zip(first_line..)
                .map(|(line, n)| (line, n, serde_json::from_str(line).ok()))
                .collect(),
        };
        for (line, number, value) in parts {
            done.records += 1;
            if let Some(mut value) = value {
                let patient = self
                    .patient
                    .as_ref()
                    .and_then(|key| value.get(key))
                    .map(plain)
                    .unwrap_or_else(|| source.stem.clone());
                let mut walk = ObjectWalk {
                    work: self,
                    scratch,
                    tallies: &mut tallies,
                    row: number,
                    patient,
                    replacements: &mut done.replacements,
                };
                walk.value("", &mut value);
                if self.cleaner.is_some() {
                    done.text.push_str(&value.to_string());
                    done.text.push('\n');
                }
            } else if line.trim().is_empty() {
                done.text.push_str(if self.cleaner.is_some() { line } else { "" });
            } else {
                done.notes.push("some lines are not JSON; they were read as text".to_owned());
                let mut found = Vec::new();
                self.scan(line, scratch, &mut found);
                tallies.entry("(not JSON)".to_owned()).or_default().add(
                    &self.scanner,
                    &self.policy,
                    line,
                    number,
                    &found,
                );
                if let Some(cleaner) = &self.cleaner {
                    let search = &mut |text: &str, found: &mut Vec<Detection>| self.scan(text, scratch, found);
                    let cleaned =
                        self.settled(cleaner, (line, &mut found), &source.stem, &mut done.replacements, search);
                    done.text.push_str(&cleaned);
                }
            }
        }
        done.fields = tallies.into_iter().collect();
        done
    }
}

/// A number, text or truth value as text.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

struct ObjectWalk<'a> {
    work: &'a Work,
    scratch: &'a mut Scratch,
    tallies: &'a mut BTreeMap<String, FieldTally>,
    row: u64,
    patient: String,
    replacements: &'a mut Replacements,
}

impl ObjectWalk<'_> {
    /// A key as reports may show it, and as a copy has it: keys can be names too.
    fn key(&mut self, key: String) -> (String, String) {
        let mut found = Vec::new();
        // Words joined as programmers do are no names.
        if key.contains(' ') || key.bytes().any(|b| b.is_ascii_digit()) {
            self.work.scanner.scan(&key, self.scratch, &mut found);
        }
        if !found.iter().any(|d| self.work.policy.removes(d.kind)) {
            return (key.clone(), key);
        }
        let tally = self.tallies.entry("(keys)".to_owned()).or_default();
        tally.add(&self.work.scanner, &self.work.policy, &key, self.row, &found);
        let cleaned = match &self.work.cleaner {
            Some(cleaner) => {
                let mut text = String::new();
                self.replacements.add(&cleaner.clean(&key, &found, &self.patient, &mut text));
                text
            }
            None => key,
        };
        ("(a key that identifies)".to_owned(), cleaned)
    }

    /// Looks at a value and what lies below it. The parser bounds the depth.
    fn value(&mut self, path: &str, value: &mut Value) {
        match value {
            Value::Object(object) => {
                for (key, mut value) in std::mem::take(object) {
                    let (shown, key) = self.key(key);
                    let path = if path.is_empty() { shown } else { format!("{path}.{shown}") };
                    self.value(&path, &mut value);
                    object.insert(key, value);
                }
            }
            Value::Array(list) => {
                for value in list {
                    self.value(path, value);
                }
            }
            Value::String(_) | Value::Number(_) => {
                let text = plain(value);
                let name = path.rsplit('.').next().unwrap_or(path);
                let field = self.work.names.field(name);
                let mut found = Vec::new();
                self.work.cell(&field, &text, self.scratch, &mut found);
                let tally = self.tallies.entry(path.to_owned()).or_default();
                tally.add(&self.work.scanner, &self.work.policy, &text, self.row, &found);
                if let Some(cleaner) = &self.work.cleaner
                    && found.iter().any(|d| self.work.policy.removes(d.kind))
                {
                    let into = (&mut *self.replacements, &mut *self.scratch);
                    let found = (text.as_str(), &mut found);
                    *value = Value::String(self.work.settled_cell(cleaner, &field, found, &self.patient, into));
                }
            }
            Value::Bool(_) | Value::Null => {}
        }
    }
}

/// A file of recognizers that cannot be used.
pub(crate) fn unusable(error: &medattest_deid::LoadError) -> Stop {
    Stop::usage(&error.file, error.message.clone(), error.hint.clone())
}
