//! Labelled notes: text with the spans that identify somebody, read from the forms that labelled sets come in.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::LoadError;
use crate::kind::{Kind, Kinds};
use crate::resources::Resources;

/// A labelled note. Holds patients' text, so it has no `Debug`.
#[derive(Clone, Default)]
pub struct Note {
    /// Which kind of note, or the id of the document.
    pub id: String,
    /// The text.
    pub text: String,
    /// Spans that must be found, in bytes, in order.
    pub spans: Vec<GoldSpan>,
    /// Spans that may be found or not: what the policy leaves open.
    pub neutral: Vec<(usize, usize)>,
}

/// A span that must be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GoldSpan {
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
    /// What it is.
    pub kind: Kind,
}

/// What a label of somebody else's set stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Kind(Kind),
    /// May be found or not.
    Neutral,
    /// An age: identifying from 90 on.
    Age,
}

/// Names of labels as other sets use them; data in `recognizers/labels.toml`.
#[derive(Debug, Clone)]
pub struct Labels {
    meanings: BTreeMap<String, Meaning>,
    /// Ages over this one identify.
    ages_over: u16,
}

#[derive(Deserialize)]
struct LabelFile {
    label: BTreeMap<String, String>,
}

impl Labels {
    /// Reads `labels.toml`.
    ///
    /// # Errors
    /// When the file is missing or names an unknown kind.
    pub fn load(resources: &Resources) -> Result<Self, LoadError> {
        const NAME: &str = "labels.toml";
        let file: LabelFile = resources.toml(NAME)?;
        let mut labels = BTreeMap::new();
        for (label, meaning) in file.label {
            let meaning = match meaning.as_str() {
                "neutral" => Meaning::Neutral,
                "age" => Meaning::Age,
                id => Meaning::Kind(Kind::named(id).ok_or_else(|| {
                    LoadError::new(
                        NAME,
                        format!("label `{label}` stands for `{id}`, which is no kind"),
                        "see kinds.toml",
                    )
                })?),
            };
            labels.insert(normal(&label), meaning);
        }
        for kind in Kind::ALL {
            labels.entry(normal(kind.id())).or_insert(Meaning::Kind(*kind));
        }
        Ok(Self { meanings: labels, ages_over: Kinds::load(resources)?.ages_over })
    }
}

impl Labels {
    /// Whether the label is listed.
    pub fn knows(&self, label: &str) -> bool {
        self.meanings.contains_key(&normal(label))
    }

    /// The kind that a label and the value under it stand for; none if the value identifies nobody, or may.
    pub fn kind(&self, label: &str, value: &str) -> Option<Kind> {
        let digits: String = value.chars().filter(char::is_ascii_digit).collect();
        match self.meanings.get(&normal(label))? {
            Meaning::Kind(Kind::Date) if value.trim().len() == 4 && digits.len() == 4 => None,
            Meaning::Kind(kind) => Some(*kind),
            Meaning::Age if digits.parse::<u16>().is_ok_and(|age| age > self.ages_over) => Some(Kind::AgeOver89),
            Meaning::Age | Meaning::Neutral => None,
        }
    }
}

/// `DATE_OF_BIRTH`, `date-of-birth` and `DateOfBirth` are one label.
fn normal(label: &str) -> String {
    label.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// A labelled set cannot be read. Names the note and the span, never their text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoldError {
    /// Number of the note in its file, from 1; 0 for the file as a whole.
    pub note: usize,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

fn error(note: usize, message: impl Into<String>, hint: &str) -> GoldError {
    GoldError { note, message: message.into(), hint: hint.to_owned() }
}

const FORM: &str = "each note is an object with `text` and `spans` of `start`, `end` (in characters) and `label`";

/// Reads a labelled set: JSON lines, a JSON array, or an object with a list of `fixtures`, `notes` or `documents`.
///
/// # Errors
/// When it is not JSON, a note has no text, or a span does not lie within its text.
pub fn read_gold(text: &str, labels: &Labels) -> Result<Vec<Note>, GoldError> {
    let notes: Vec<Value> = match serde_json::from_str::<Value>(text) {
        Ok(Value::Array(notes)) => notes,
        Ok(Value::Object(mut object)) => {
            let list = ["fixtures", "notes", "documents", "samples"].iter().find_map(|key| object.remove(*key));
            match list {
                Some(Value::Array(notes)) => notes,
                _ => vec![Value::Object(object)],
            }
        }
        Ok(_) => return Err(error(0, "the file holds no notes", FORM)),
        Err(_) => {
            let mut notes = Vec::new();
            for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
                notes.push(
                    serde_json::from_str(line)
                        .map_err(|_| error(at + 1, "the line is not JSON", "write one object a line"))?,
                );
            }
            notes
        }
    };
    notes.iter().enumerate().map(|(at, note)| read_note(at + 1, note, labels)).collect()
}

fn read_note(number: usize, note: &Value, labels: &Labels) -> Result<Note, GoldError> {
    let Value::Object(note) = note else { return Err(error(number, "the note is not an object", FORM)) };
    let text = ["text", "full_text", "note"].iter().find_map(|key| note.get(*key)?.as_str());
    let Some(text) = text else { return Err(error(number, "the note has no text", FORM)) };
    let id = note.get("id").and_then(Value::as_str).map_or_else(|| number.to_string(), str::to_owned);
    let list = ["spans", "gold_spans", "entities", "labels", "annotations", "expected_protected"]
        .iter()
        .find_map(|key| note.get(*key)?.as_array());
    let Some(list) = list else { return Err(error(number, "the note has no list of spans", FORM)) };
    // Byte of each character.
    let mut bytes: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    bytes.push(text.len());
    let mut result = Note { id, text: text.to_owned(), spans: Vec::new(), neutral: Vec::new() };
    for (at, span) in list.iter().enumerate() {
        let place = format!("span {}", at + 1);
        let Value::Object(span) = span else { return Err(error(number, format!("{place} is not an object"), FORM)) };
        let (start, end) = read_span(span, text, &bytes)
            .ok_or_else(|| error(number, format!("{place} does not lie within the text"), FORM))?;
        let label = ["label", "entity_type", "type", "kind", "identifier_type"]
            .iter()
            .find_map(|key| span.get(*key)?.as_str())
            .ok_or_else(|| error(number, format!("{place} has no label"), FORM))?;
        if !labels.knows(label) {
            let hint = "add it to recognizers/labels.toml: a kind, `neutral` or `age`";
            return Err(error(number, format!("{place} has the unknown label `{label}`"), hint));
        }
        match labels.kind(label, &text[start..end]) {
            Some(kind) => result.spans.push(GoldSpan { start, end, kind }),
            None => result.neutral.push((start, end)),
        }
    }
    result.spans.sort_by_key(|span| (span.start, span.end));
    Ok(result)
}

/// Start and end in bytes; by value where no place is told.
fn read_span(span: &Map<String, Value>, text: &str, bytes: &[usize]) -> Option<(usize, usize)> {
    let number = |keys: [&str; 4]| keys.iter().find_map(|key| span.get(*key)?.as_u64()).map(|n| n as usize);
    let start = number(["start", "start_position", "begin", "start_offset"]);
    let end = number(["end", "end_position", "stop", "end_offset"]);
    match (start, end) {
        (Some(start), Some(end)) if start < end => Some((*bytes.get(start)?, *bytes.get(end)?)),
        (None, None) => {
            let value = ["value", "text", "entity_value"].iter().find_map(|key| span.get(*key)?.as_str())?;
            text.find(value).filter(|_| !value.is_empty()).map(|at| (at, at + value.len()))
        }
        _ => None,
    }
}

impl Note {
    /// The note as a line of JSON, places counted in characters.
    pub fn to_json(&self) -> String {
        let characters = |byte: usize| self.text[..byte].chars().count();
        let spans: Vec<Value> = self
            .spans
            .iter()
            .map(
                |s| serde_json::json!({"start": characters(s.start), "end": characters(s.end), "label": s.kind.id()}),
            )
            .collect();
        serde_json::json!({"id": self.id, "text": self.text, "spans": spans}).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::{Labels, Meaning, read_gold};
    use crate::kind::Kind;

    fn labels() -> Labels {
        let labels =
            [("person", Meaning::Kind(Kind::Name)), ("age", Meaning::Age), ("date", Meaning::Kind(Kind::Date))];
        Labels {
            ages_over: 89,
            meanings: labels.into_iter().map(|(label, meaning)| (label.to_owned(), meaning)).collect(),
        }
    }

    #[test]
    fn counts_characters_and_keeps_what_is_open_apart() {
        let text = r#"{"text": "é Zoë, 93, born 1930", "spans": [
            {"start": 2, "end": 5, "label": "PERSON"}, {"start": 7, "end": 9, "label": "AGE"},
            {"start": 16, "end": 20, "label": "DATE"}]}"#;
        let notes = read_gold(text, &labels()).expect("reads");
        let note = &notes[0];
        assert_eq!(&note.text[note.spans[0].start..note.spans[0].end], "Zoë");
        assert_eq!(note.spans[1].kind, Kind::AgeOver89);
        assert_eq!(note.neutral.len(), 1);
    }

    #[test]
    fn says_which_span_is_wrong_and_quotes_nothing() {
        let text = r#"[{"text": "Jane Roe", "spans": [{"start": 2, "end": 90, "label": "PERSON"}]}]"#;
        let error = read_gold(text, &labels()).err().expect("fails");
        assert_eq!(error.note, 1);
        assert!(!error.message.contains("Jane"));
    }
}
