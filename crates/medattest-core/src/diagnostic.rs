//! What authors of configuration, packs and data descriptions are told. A [`Diagnostic`] says *you wrote the file
//! wrong*; a [`crate::Finding`] says *your system falls short*.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A text file whose parts can be pointed at.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Path as the user wrote it, relative to the project.
    pub name: Arc<str>,
    /// Content.
    pub text: Arc<str>,
    /// Where each line begins, in bytes.
    lines: Arc<[usize]>,
}

impl SourceFile {
    /// A file of this name and content.
    pub fn new(name: &str, text: &str) -> Self {
        let begins = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at + 1);
        Self { name: name.into(), text: text.into(), lines: std::iter::once(0).chain(begins).collect() }
    }

    /// Where a byte range of the file begins.
    pub fn place(&self, span: Range<usize>) -> Place {
        let line = self.lines.partition_point(|begin| *begin <= span.start).max(1);
        let begin = self.lines.get(line - 1).copied().unwrap_or(0);
        let column = self.text.get(begin..span.start).unwrap_or("").chars().count() + 1;
        Place { file: self.name.to_string(), line: Some(line), column: Some(column) }
    }
}

/// A file, and where known a line and column in it, both counted from 1.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Path as the user knows it.
    pub file: String,
    /// Line.
    pub line: Option<usize>,
    /// Column, in characters.
    pub column: Option<usize>,
}

impl Place {
    /// A whole file.
    pub fn file(name: &str) -> Self {
        Self { file: name.to_owned(), line: None, column: None }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(column) = self.column {
            write!(f, ":{column}")?;
        }
        Ok(())
    }
}

/// One mistake in a file, with what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// Where.
    pub place: Place,
    /// Permanent kebab-case id of the kind of mistake.
    pub code: &'static str,
    /// What is wrong, naming the thing, the value and the bound.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// A diagnostic about a place in a file.
    pub(crate) fn at(place: &Place, code: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { place: place.clone(), code, message: message.into(), hint: Some(hint.into()) }
    }

    /// A diagnostic about a whole file.
    pub fn about_file(code: &'static str, file: &str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { place: Place::file(file), code, message: message.into(), hint: Some(hint.into()) }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} [{}]", self.place, self.message, self.code)?;
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

/// The entry of `known` most like `name`, if any is close enough to be what was meant: most letters in place, or a
/// slip of the finger away.
pub fn closest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let slips = (name.chars().count() / 4).max(1);
    known
        .into_iter()
        .map(|candidate| {
            let slip = strsim::damerau_levenshtein(name, candidate) <= slips;
            (strsim::jaro_winkler(name, candidate) + if slip { 1.0 } else { 0.0 }, candidate)
        })
        .filter(|(likeness, _)| *likeness > 0.82)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}
