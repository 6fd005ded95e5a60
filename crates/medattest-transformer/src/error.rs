//! What is wrong with a model or a run of it.

use std::fmt;

/// A model cannot be used, or a text cannot be tagged. Never quotes the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransformerError {
    /// File or place.
    pub place: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl TransformerError {
    pub(crate) fn new(place: &str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { place: place.to_owned(), message: message.into(), hint: hint.into() }
    }
}

impl fmt::Display for TransformerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n  hint: {}", self.place, self.message, self.hint)
    }
}

impl std::error::Error for TransformerError {}
