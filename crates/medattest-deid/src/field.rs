//! Columns and keys: what their name says, and their cells.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::detection::{Detection, Grounds};
use crate::error::LoadError;
use crate::kind::Kind;
use crate::resources::Resources;
use crate::scan::{Scanner, Scratch};

/// What a column is, as far as identification goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FieldClass {
    /// Its values identify by themselves.
    Identifier,
    /// Its values help to identify together with others.
    QuasiIdentifier,
    /// Sentences.
    FreeText,
    /// Codes, measurements and the rest.
    Other,
}

impl FieldClass {
    /// Kebab-case id.
    pub fn id(self) -> &'static str {
        match self {
            Self::Identifier => "identifier",
            Self::QuasiIdentifier => "quasi-identifier",
            Self::FreeText => "free-text",
            Self::Other => "other",
        }
    }
}

/// What names of columns say; data in `recognizers/columns.toml`.
pub struct FieldNames {
    whose: BTreeSet<String>,
    empty: BTreeSet<String>,
    entries: Vec<Entry>,
}

impl std::fmt::Debug for FieldNames {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FieldNames of {} entries", self.entries.len())
    }
}

struct Entry {
    kind: Option<Kind>,
    class: FieldClass,
    /// Whether only some values are of the kind, so that each is looked at by itself.
    partial: bool,
    names: Vec<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    whose: Vec<String>,
    empty: Vec<String>,
    column: Vec<RawEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntry {
    kind: Option<Kind>,
    class: Option<FieldClass>,
    #[serde(default)]
    partial: bool,
    names: Vec<String>,
}

/// One column or key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// As the file names it.
    pub name: String,
    /// What its name says its values are, all of them.
    pub kind: Option<Kind>,
    /// What its name says of it.
    pub class: Option<FieldClass>,
    /// What stands before a value when it is looked at, so that the name is a context.
    lead: String,
}

impl FieldNames {
    /// Reads `columns.toml`.
    ///
    /// # Errors
    /// When the file is missing or wrong.
    pub fn load(resources: &Resources) -> Result<Self, LoadError> {
        let file: File = resources.toml("columns.toml")?;
        let entries = file
            .column
            .into_iter()
            .map(|raw| Entry {
                kind: raw.kind,
                class: raw.class.unwrap_or(FieldClass::Identifier),
                partial: raw.partial,
                names: raw.names.iter().map(|name| words(name)).collect(),
            })
            .collect();
        Ok(Self {
            whose: file.whose.iter().flat_map(|w| words(w)).collect(),
            empty: file.empty.into_iter().collect(),
            entries,
        })
    }

    /// What the name of a column says.
    pub fn field(&self, name: &str) -> Field {
        let own = words(name);
        let fits = |listed: &Vec<String>| {
            own.len() >= listed.len()
                && own.ends_with(listed)
                && own[..own.len() - listed.len()].iter().all(|word| self.whose.contains(word))
        };
        let entry = self.entries.iter().find(|entry| entry.names.iter().any(fits));
        Field {
            name: name.to_owned(),
            kind: entry.filter(|e| !e.partial).and_then(|e| e.kind),
            class: entry.map(|e| e.class),
            lead: if own.is_empty() { String::new() } else { format!("{}: ", own.join(" ")) },
        }
    }

    /// Whether a value says that there is none.
    pub fn is_empty(&self, value: &str) -> bool {
        let value = value.trim();
        value.len() <= 16 && self.empty.contains(&value.to_ascii_lowercase())
    }
}

/// The words of a name, lower case: `PatientMRN2` is `patient mrn 2`.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last = ' ';
    let characters: Vec<char> = name.chars().collect();
    for (at, &c) in characters.iter().enumerate() {
        let next_lower = characters.get(at + 1).is_some_and(|n| n.is_lowercase());
        let begins =
            !last.is_alphanumeric() || c.is_uppercase() && (last.is_lowercase() || last.is_uppercase() && next_lower);
        if c.is_alphanumeric() {
            match words.last_mut() {
                Some(word) if !begins => word.extend(c.to_lowercase()),
                _ => words.push(c.to_lowercase().collect()),
            }
        }
        last = c;
    }
    words
}

impl Scanner {
    /// Finds the identifiers of one cell. `out` is emptied first.
    pub fn scan_cell(
        &self,
        names: &FieldNames,
        field: &Field,
        value: &str,
        scratch: &mut Scratch,
        out: &mut Vec<Detection>,
    ) {
        out.clear();
        if names.is_empty(value) {
            return;
        }
        if let Some(kind) = field.kind
            && self.fits(kind, value)
        {
            let start = value.len() - value.trim_start().len();
            let end = value.trim_end().len();
            out.push(Detection { start, end, kind, score: 0.97, by: Grounds::Column, also: 0, called: None });
            return;
        }
        // Prose speaks for itself; a short cell is read with the name of its column before it.
        if field.class == Some(FieldClass::FreeText) || value.len() > 200 || field.lead.is_empty() {
            return self.scan(value, scratch, out);
        }
        let mut text = std::mem::take(&mut scratch.cell);
        text.clear();
        text.push_str(&field.lead);
        text.push_str(value);
        self.scan(&text, scratch, out);
        scratch.cell = text;
        let lead = field.lead.len();
        out.retain_mut(|detection| {
            detection.end = detection.end.saturating_sub(lead);
            detection.start = detection.start.saturating_sub(lead);
            detection.end > detection.start
        });
        // `[90-100)`, `>89` and `90+` are the one category that may stay.
        let band = value.trim();
        if band.starts_with(['[', '(', '>', '≥']) || band.ends_with('+') {
            out.retain(|detection| detection.kind != Kind::AgeOver89);
        }
    }

    /// Whether a value in a column of this kind is one that identifies.
    fn fits(&self, kind: Kind, value: &str) -> bool {
        let value = value.trim();
        let digits = value.bytes().filter(u8::is_ascii_digit).count();
        if self.kinds.is_placeholder(value) {
            return false;
        }
        match kind {
            // A year may stay; three digits of a postcode are told apart when they are generalised.
            Kind::Date => !(value.len() == 4 && digits == 4),
            Kind::Zip => !(value.ends_with("**") || value.len() == 3 && digits == 3),
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn names_fall_into_words() {
        assert_eq!(words("PatientMRN"), ["patient", "mrn"]);
        assert_eq!(words("date_of_birth"), ["date", "of", "birth"]);
        assert_eq!(words("MRNumber"), ["mr", "number"]);
        assert_eq!(words("zip3"), ["zip3"]);
    }
}
