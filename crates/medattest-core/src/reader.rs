//! Reading TOML with a place for every value, so that all mistakes of a file are reported at once.

use std::collections::BTreeSet;
use std::ops::Range;

use jiff::civil::Date;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::MAX_TOML_BYTES;
use crate::diagnostic::{Diagnostic, Place, SourceFile, closest};
use crate::incident::Moment;

/// A value together with where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Node<'a> {
    pub(crate) file: &'a SourceFile,
    pub(crate) value: DeValue<'a>,
    pub(crate) span: Range<usize>,
}

impl Node<'_> {
    pub(crate) fn place(&self) -> Place {
        self.file.place(self.span.clone())
    }

    /// A short rendering of what was found, for messages.
    pub(crate) fn shown(&self) -> String {
        match &self.value {
            DeValue::String(text) if text.chars().count() > 40 => {
                format!("\"{}…\"", text.chars().take(40).collect::<String>())
            }
            DeValue::String(text) => format!("\"{text}\""),
            DeValue::Integer(i) => i.as_str().to_owned(),
            DeValue::Float(x) => x.as_str().to_owned(),
            DeValue::Boolean(b) => b.to_string(),
            DeValue::Datetime(d) => d.to_string(),
            DeValue::Array(_) => "a list".to_owned(),
            DeValue::Table(_) => "a table".to_owned(),
        }
    }

    /// The value as a day, written as a TOML date or as text.
    pub(crate) fn as_date(&self) -> Option<Date> {
        match &self.value {
            DeValue::Datetime(d) if d.time.is_none() => d.to_string().parse().ok(),
            DeValue::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The value as a day or a time with its zone.
    pub(crate) fn as_moment(&self) -> Option<Moment> {
        match &self.value {
            DeValue::Datetime(d) => d.to_string().parse().ok(),
            DeValue::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    pub(crate) fn mistake(&self, code: &'static str, message: String, hint: impl Into<String>) -> Diagnostic {
        Diagnostic { place: self.place(), code, message, hint: Some(hint.into()) }
    }
}

/// A table being read; whatever is left unread at the end is an unknown key.
#[derive(Debug)]
pub(crate) struct Table<'a> {
    file: &'a SourceFile,
    path: String,
    span: Range<usize>,
    entries: Vec<(String, Range<usize>, Spanned<DeValue<'a>>)>,
    asked: BTreeSet<String>,
}

/// A finite number.
pub(crate) fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Float(x) => x.as_str().parse().ok().filter(|x: &f64| x.is_finite()),
        DeValue::Integer(i) => i.as_str().parse().ok(),
        _ => None,
    }
}

/// Whether a text can name something for ever: 1 to 64 lower-case letters, digits and dashes.
pub(crate) fn is_id(id: &str) -> bool {
    let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !id.is_empty() && id.len() <= 64 && id.chars().all(fine)
}

/// Parses a file, or says why not.
pub(crate) fn parse<'a>(file: &'a SourceFile, diagnostics: &mut Vec<Diagnostic>) -> Option<Table<'a>> {
    if file.text.len() > MAX_TOML_BYTES {
        diagnostics.push(Diagnostic::about_file(
            "file-too-large",
            &file.name,
            format!("file is {} bytes; at most {MAX_TOML_BYTES} are read", file.text.len()),
            "keep data in CSV or Parquet and refer to it with a [[table]]",
        ));
        return None;
    }
    let (table, errors) = DeTable::parse_recoverable(&file.text);
    if errors.is_empty() {
        let span = table.span();
        return Some(Table::new(file, String::new(), span, table.into_inner()));
    }
    for error in errors {
        diagnostics.push(Diagnostic {
            place: error.span().map_or_else(|| Place::file(&file.name), |span| file.place(span)),
            code: "toml-syntax",
            message: error.message().replace('\n', " "),
            hint: Some("see https://toml.io for the syntax; strings need quotes, dates are 2026-11-24".to_owned()),
        });
    }
    None
}

impl<'a> Table<'a> {
    fn new(file: &'a SourceFile, path: String, span: Range<usize>, table: DeTable<'a>) -> Self {
        let entries = table.into_iter().map(|(key, value)| (key.get_ref().to_string(), key.span(), value)).collect();
        Self { file, path, span, entries, asked: BTreeSet::new() }
    }

    pub(crate) fn place(&self) -> Place {
        self.file.place(self.span.clone())
    }

    /// Whether nothing is left but these keys.
    pub(crate) fn is_empty_but(&self, keys: &[&str]) -> bool {
        self.entries.iter().all(|(name, _, _)| keys.contains(&name.as_str()))
    }

    /// Keys not yet taken, in file order of their spans.
    pub(crate) fn keys(&self) -> Vec<String> {
        let mut keys: Vec<_> = self.entries.iter().map(|(key, span, _)| (span.start, key.clone())).collect();
        keys.sort();
        keys.into_iter().map(|(_, key)| key).collect()
    }

    fn at(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Takes a value out of the table.
    pub(crate) fn take(&mut self, key: &str) -> Option<Node<'a>> {
        self.asked.insert(key.to_owned());
        let index = self.entries.iter().position(|(name, _, _)| name == key)?;
        let (_, _, value) = self.entries.swap_remove(index);
        let span = value.span();
        Some(Node { file: self.file, value: value.into_inner(), span })
    }

    fn mismatch(&self, key: &str, wanted: &str, node: &Node<'_>, diagnostics: &mut Vec<Diagnostic>) {
        let at = self.at(key);
        diagnostics.push(node.mistake(
            "wrong-type",
            format!("expected {wanted} for `{at}`, found {}", node.shown()),
            format!("write `{key} = …` as {wanted}"),
        ));
    }

    pub(crate) fn string(&mut self, key: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<String> {
        let node = self.take(key)?;
        match &node.value {
            DeValue::String(text) => Some(text.to_string()),
            _ => {
                self.mismatch(key, "text", &node, diagnostics);
                None
            }
        }
    }

    fn missing(&self, key: &str, diagnostics: &mut Vec<Diagnostic>) {
        let at = self.at(key);
        diagnostics.push(Diagnostic {
            place: self.place(),
            code: "missing-key",
            message: format!("`{at}` is missing"),
            hint: Some(format!("add `{key} = …`")),
        });
    }

    pub(crate) fn required_string(&mut self, key: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<String> {
        if !self.entries.iter().any(|(name, _, _)| name == key) {
            self.missing(key, diagnostics);
        }
        self.string(key, diagnostics)
    }

    pub(crate) fn boolean(&mut self, key: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<bool> {
        let node = self.take(key)?;
        match node.value {
            DeValue::Boolean(b) => Some(b),
            _ => {
                self.mismatch(key, "true or false", &node, diagnostics);
                None
            }
        }
    }

    pub(crate) fn integer(&mut self, key: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<i64> {
        let node = self.take(key)?;
        let number = match &node.value {
            DeValue::Integer(i) => i64::from_str_radix(i.as_str(), i.radix()).ok(),
            _ => None,
        };
        if number.is_none() {
            self.mismatch(key, "a whole number", &node, diagnostics);
        }
        number
    }

    pub(crate) fn number(&mut self, key: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<f64> {
        let node = self.take(key)?;
        let number = number(&node.value);
        if number.is_none() {
            self.mismatch(key, "a number such as 0.25", &node, diagnostics);
        }
        number
    }

    pub(crate) fn date(&mut self, key: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<Date> {
        let node = self.take(key)?;
        let date = node.as_date();
        if date.is_none() {
            self.mismatch(key, "a date such as 2026-11-24", &node, diagnostics);
        }
        date
    }

    pub(crate) fn required_date(&mut self, key: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<Date> {
        if !self.entries.iter().any(|(name, _, _)| name == key) {
            self.missing(key, diagnostics);
        }
        self.date(key, diagnostics)
    }

    /// One of `allowed`.
    pub(crate) fn choice(
        &mut self,
        key: &str,
        allowed: &[&str],
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<String> {
        let node = self.take(key)?;
        match &node.value {
            DeValue::String(text) if allowed.contains(&text.as_ref()) => Some(text.to_string()),
            _ => {
                let at = self.at(key);
                diagnostics.push(node.mistake(
                    "not-a-choice",
                    format!("{} is not a value of `{at}`", node.shown()),
                    format!("use one of: {}", allowed.join(", ")),
                ));
                None
            }
        }
    }

    /// A list of texts; a missing key is an empty list.
    pub(crate) fn strings(&mut self, key: &str, diagnostics: &mut Vec<Diagnostic>) -> Vec<String> {
        let Some(node) = self.take(key) else { return Vec::new() };
        let DeValue::Array(items) = node.value.clone() else {
            self.mismatch(key, "a list of texts", &node, diagnostics);
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in items {
            let item = Node { file: self.file, span: item.span(), value: item.into_inner() };
            match &item.value {
                DeValue::String(text) => texts.push(text.to_string()),
                _ => self.mismatch(key, "a list of texts", &item, diagnostics),
            }
        }
        texts
    }

    pub(crate) fn table(&mut self, key: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<Table<'a>> {
        let node = self.take(key)?;
        match node.value {
            DeValue::Table(table) => Some(Self::new(self.file, self.at(key), node.span, table)),
            _ => {
                self.mismatch(key, "a table", &node, diagnostics);
                None
            }
        }
    }

    /// An array of tables; a missing key is an empty list.
    pub(crate) fn tables(&mut self, key: &str, diagnostics: &mut Vec<Diagnostic>) -> Vec<Table<'a>> {
        let Some(node) = self.take(key) else { return Vec::new() };
        let DeValue::Array(items) = node.value.clone() else {
            self.mismatch(key, &format!("a list of tables, [[{key}]]"), &node, diagnostics);
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in items {
            let span = item.span();
            match item.into_inner() {
                DeValue::Table(table) => tables.push(Self::new(self.file, self.at(key), span, table)),
                value => {
                    let item = Node { file: self.file, span, value };
                    self.mismatch(key, &format!("a list of tables, [[{key}]]"), &item, diagnostics);
                }
            }
        }
        tables
    }

    /// The same table, whose keys are named as if it were the whole file.
    pub(crate) fn into_root(self) -> Self {
        Self { path: String::new(), ..self }
    }

    /// Every value below this table as a dotted path, stopping at whatever is not a table or where `stop` says so.
    pub(crate) fn leaves(self, stop: &dyn Fn(&str) -> bool) -> Vec<(String, Node<'a>)> {
        let (file, path) = (self.file, self.path.clone());
        let mut leaves = Vec::new();
        for (key, _, value) in self.entries {
            let span = value.span();
            let at = if path.is_empty() { key } else { format!("{path}.{key}") };
            match value.into_inner() {
                DeValue::Table(table) if !stop(&at) => {
                    leaves.extend(Self::new(file, at, span, table).leaves(stop));
                }
                value => leaves.push((at, Node { file, value, span })),
            }
        }
        leaves.sort_by_key(|(_, node)| node.span.start);
        leaves
    }

    /// Reports what was not taken as unknown keys.
    pub(crate) fn finish(&self, diagnostics: &mut Vec<Diagnostic>) {
        for (key, span, _) in &self.entries {
            let at = self.at(key);
            let hint = match closest(key, self.asked.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    let known: Vec<_> = self.asked.iter().map(String::as_str).collect();
                    format!("known here: {}", known.join(", "))
                }
            };
            diagnostics.push(Diagnostic {
                place: self.file.place(span.clone()),
                code: "unknown-key",
                message: format!("`{at}` is not known"),
                hint: Some(hint),
            });
        }
    }
}
