//! Tags text with a token-classification model from a local folder in the form of Hugging Face: `config.json`,
//! `tokenizer.json`, `model.safetensors`. The only crate that knows candle. Nothing is ever fetched.
//!
//! Supported are bert, distilbert, electra, roberta, xlm-roberta, camembert, deberta-v2 (which DeBERTa v3 is too) and
//! modernbert. No type here shows the text it was given, nor the ids of its tokens.

mod config;
mod error;
mod files;
mod model;
mod spans;
mod windows;

use std::fmt;
use std::path::Path;

use tokenizers::Tokenizer;

use config::Config;
use model::Model;
use spans::{Scheme, Told};

pub use error::TransformerError;
pub use spans::Tagged;

/// What the model says of each token of one window.
#[derive(Clone, PartialEq)]
pub struct Logits {
    /// Ids of the tokens, special ones included.
    pub ids: Vec<u32>,
    /// First byte and byte after the last of each token; both 0 for special tokens.
    pub offsets: Vec<(usize, usize)>,
    /// One row a token, one figure a label.
    pub rows: Vec<Vec<f32>>,
}

impl fmt::Debug for Logits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Logits of {} tokens", self.ids.len())
    }
}

/// A token-classification model.
pub struct TokenClassifier {
    tokenizer: Tokenizer,
    model: Model,
    labels: Vec<String>,
    scheme: Scheme,
}

impl fmt::Debug for TokenClassifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenClassifier of {} labels", self.labels.len())
    }
}

/// A window: which tokens of the text it holds, special ones included, and what the model says of them.
struct Window {
    tokens: Vec<usize>,
    logits: Logits,
}

impl TokenClassifier {
    /// Loads a model from a folder.
    ///
    /// # Errors
    /// When a file is missing, too large or damaged, the files do not fit each other, or the architecture is not
    /// supported.
    pub fn open(folder: &Path) -> Result<Self, TransformerError> {
        let config = Config::parse(files::place(folder, files::CONFIG), &files::read(folder, files::CONFIG)?)?;
        config.family()?;
        let labels = config.labels()?;
        let tokenizer = tokenizer(folder)?;
        let place = files::place(folder, files::WEIGHTS);
        let model = Model::load(&config, files::read(folder, files::WEIGHTS)?, &place, labels.len())?;
        // A token without a vector would fail only once a text holds it.
        let place = files::place(folder, files::TOKENIZER);
        let last = tokenizer.get_vocab(true).into_values().max().unwrap_or_default() as usize;
        if last >= model.vocabulary() {
            let message = format!("the file has tokens up to {last}, the model {} vectors", model.vocabulary());
            return Err(TransformerError::new(&place, message, "take tokenizer and model from the same place"));
        }
        let special = tokenizer.encode("", true).map_or(0, |empty| empty.len());
        if special >= model.positions() {
            let message = format!("{special} special tokens leave no room in {} positions", model.positions());
            return Err(TransformerError::new(&place, message, "take tokenizer and model from the same place"));
        }
        let scheme = Scheme::new(&labels);
        Ok(Self { tokenizer, model, labels, scheme })
    }

    /// The labels, as the model names them.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// What the model says of each token, window by window. A text that fits the model is one window; the windows of a
    /// longer one overlap.
    ///
    /// # Errors
    /// When the tokenizer or the model fails on the text, or the model yields what is not a number.
    pub fn logits(&self, text: &str) -> Result<Vec<Logits>, TransformerError> {
        Ok(self.windows(text)?.into_iter().map(|window| window.logits).collect())
    }

    /// The spans that the model tags with anything but `O`, in order and without overlap.
    ///
    /// # Errors
    /// When the tokenizer or the model fails on the text, or the model yields what is not a number.
    pub fn tag(&self, text: &str) -> Result<Vec<Tagged>, TransformerError> {
        // A token that two windows share is told by the one in which it stands farther from the edge.
        let mut told: Vec<Option<(usize, Told)>> = Vec::new();
        for window in self.windows(text)? {
            let count = window.tokens.len();
            for (at, token) in window.tokens.into_iter().enumerate() {
                let (Some((start, end)), Some(row)) = (window.logits.offsets.get(at), window.logits.rows.get(at))
                else {
                    continue;
                };
                let inner = at.min(count - 1 - at);
                if told.len() <= token {
                    told.resize(token + 1, None);
                }
                let (label, score) = surest(row);
                if let Some(place) = told.get_mut(token)
                    && place.is_none_or(|(known, _)| inner > known)
                {
                    *place = Some((inner, Told { start: *start, end: *end, label, score }));
                }
            }
        }
        Ok(spans::spans(text, told.into_iter().flatten().map(|(_, token)| token), &self.scheme))
    }

    fn windows(&self, text: &str) -> Result<Vec<Window>, TransformerError> {
        let failed = |what: &str, hint: &str| TransformerError::new("text", what, hint);
        let encoding = self.tokenizer.encode(text, true).map_err(|_| {
            failed("the tokenizer failed on the text", "tokenizer.json may lack a token for what is unknown")
        })?;
        let (ids, offsets) = (encoding.get_ids(), encoding.get_offsets());
        let special = encoding.get_special_tokens_mask();
        let lead = special.iter().take_while(|mark| **mark == 1).count();
        let tail = special.iter().skip(lead).rev().take_while(|mark| **mark == 1).count();
        let body = lead..ids.len() - tail;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let room = self.model.positions().saturating_sub(lead + tail);
        let mut windows = Vec::new();
        for window in windows::windows(&body, room) {
            let tokens: Vec<usize> = (0..lead).chain(window).chain(body.end..ids.len()).collect();
            let ids: Vec<u32> = tokens.iter().filter_map(|at| ids.get(*at).copied()).collect();
            let offsets = tokens.iter().filter_map(|at| offsets.get(*at).copied()).collect();
            let rows = self.model.logits(&ids).map_err(|_| {
                failed("the model failed on the text", "report this as a fault, with the model's config.json")
            })?;
            // What is not a number would otherwise be taken for the first label, mostly `O`.
            if rows.iter().flatten().any(|figure| !figure.is_finite()) {
                let hint = "its weights are damaged or overflow; copy model.safetensors again, or use another model";
                return Err(failed("the model yields what is not a number", hint));
            }
            windows.push(Window { tokens, logits: Logits { ids, offsets, rows } });
        }
        Ok(windows)
    }
}

fn tokenizer(folder: &Path) -> Result<Tokenizer, TransformerError> {
    let bytes = files::read(folder, files::TOKENIZER)?;
    let damaged = || {
        let hint = "AutoTokenizer.from_pretrained(MODEL, use_fast=True).save_pretrained(FOLDER) writes it again";
        let message = "the file is not a tokenizer, or of a kind that is not known";
        TransformerError::new(&files::place(folder, files::TOKENIZER), message, hint)
    };
    let mut tokenizer = Tokenizer::from_bytes(bytes).map_err(|_| damaged())?;
    // Windows are made here, so nothing is cut or filled up before.
    tokenizer.with_padding(None);
    tokenizer.with_truncation(None).map_err(|_| damaged())?;
    Ok(tokenizer)
}

/// The label of the largest logit and its probability (softmax).
fn surest(row: &[f32]) -> (usize, f32) {
    let most = row.iter().copied().fold(f32::MIN, f32::max);
    let sum: f32 = row.iter().map(|figure| (figure - most).exp()).sum();
    (row.iter().position(|figure| *figure == most).unwrap_or_default(), 1.0 / sum)
}
