//! What is wrong with a file of recognizers.

use std::fmt;

/// A recognizer, lexicon or model file cannot be used. It is about files of the tool, never about patients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadError {
    /// The file, as it was named.
    pub file: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl LoadError {
    pub(crate) fn new(file: &str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { file: file.to_owned(), message: message.into(), hint: hint.into() }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n  hint: {}", self.file, self.message, self.hint)
    }
}

impl std::error::Error for LoadError {}
