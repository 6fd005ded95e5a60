//! Tags text with a token-classification model from a local folder in the form of Hugging Face: `config.json`,
//! `tokenizer.json`, `model.safetensors`. The only crate that knows candle. Nothing is ever fetched.
//!
//! Encoders of the BERT family are understood: bert, distilbert, electra, roberta, xlm-roberta, camembert. No type here
//! shows the text it was given.

mod encoder;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use candle_core::{Device, Tensor};
use serde::Deserialize;
use tokenizers::Tokenizer;

use encoder::{Encoder, Settings};

/// The largest weights that are read, in bytes.
const LARGEST_WEIGHTS: u64 = 8 << 30;
/// The largest configuration or tokenizer that is read, in bytes.
const LARGEST_FILE: u64 = 64 << 20;
/// A window shares so many tokens with the one before.
const OVERLAP: usize = 32;

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

/// A span that the model tagged.
#[derive(Debug, Clone, PartialEq)]
pub struct Tagged {
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
    /// The model's label without `B-` or `I-`.
    pub label: String,
    /// Mean probability of the label over the tokens of the span.
    pub score: f32,
}

/// What the model says of each token of one window.
#[derive(Debug, Clone, PartialEq)]
pub struct Logits {
    /// Ids of the tokens, special ones included.
    pub ids: Vec<u32>,
    /// First byte and byte after the last of each token; both 0 for special tokens.
    pub offsets: Vec<(usize, usize)>,
    /// One row a token, one figure a label.
    pub rows: Vec<Vec<f32>>,
}

/// A token-classification model.
pub struct TokenClassifier {
    tokenizer: Tokenizer,
    encoder: Encoder,
    labels: Vec<String>,
}

impl fmt::Debug for TokenClassifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenClassifier of {} labels", self.labels.len())
    }
}

#[derive(Deserialize)]
struct Labels {
    #[serde(default)]
    id2label: BTreeMap<String, String>,
}

fn read(folder: &Path, name: &str, largest: u64) -> Result<Vec<u8>, TransformerError> {
    let path = folder.join(name);
    let shown = path.display().to_string();
    let hint = "the folder holds config.json, tokenizer.json and model.safetensors, as save_pretrained writes them";
    let size =
        std::fs::metadata(&path).map_err(|_| TransformerError::new(&shown, "there is no such file", hint))?.len();
    if size > largest {
        let message = format!("the file has {size} bytes; at most {largest} are read");
        return Err(TransformerError::new(&shown, message, "name a smaller model"));
    }
    std::fs::read(&path)
        .map_err(|_| TransformerError::new(&shown, "the file cannot be read", "check its permissions"))
}

impl TokenClassifier {
    /// Loads a model from a folder.
    ///
    /// # Errors
    /// When a file is missing, too large or damaged, or the architecture is not understood.
    pub fn open(folder: &Path) -> Result<Self, TransformerError> {
        let place = |name: &str| folder.join(name).display().to_string();
        let config = read(folder, "config.json", LARGEST_FILE)?;
        let wrong = |name: &str, what: &str| {
            TransformerError::new(&place(name), format!("the file is not {what}"), "save the model again")
        };
        let settings: Settings = serde_json::from_slice(&config).map_err(|error| {
            TransformerError::new(&place("config.json"), error.to_string(), "save the model again")
        })?;
        settings.check(&place("config.json"))?;
        let named: Labels = serde_json::from_slice(&config).map_err(|_| wrong("config.json", "a configuration"))?;
        let mut labels: Vec<(usize, String)> =
            named.id2label.into_iter().filter_map(|(id, label)| Some((id.parse().ok()?, label))).collect();
        labels.sort();
        if labels.is_empty() || labels.iter().enumerate().any(|(at, (id, _))| at != *id) {
            let hint = "id2label names every label of the model, from 0 on";
            return Err(TransformerError::new(&place("config.json"), "`id2label` is missing or has gaps", hint));
        }
        let labels: Vec<String> = labels.into_iter().map(|(_, label)| label).collect();
        let mut tokenizer = Tokenizer::from_bytes(read(folder, "tokenizer.json", LARGEST_FILE)?)
            .map_err(|_| wrong("tokenizer.json", "a tokenizer"))?;
        // Windows are made here, so nothing is cut or filled up before.
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(|_| wrong("tokenizer.json", "a tokenizer"))?;
        let weights = read(folder, "model.safetensors", LARGEST_WEIGHTS)?;
        let weights = candle_core::safetensors::load_buffer(&weights, &Device::Cpu)
            .map_err(|_| wrong("model.safetensors", "one of weights"))?;
        let encoder = Encoder::load(&settings, weights, labels.len()).map_err(|error| {
            TransformerError::new(
                &place("model.safetensors"),
                error,
                "the weights do not fit config.json; save the model again",
            )
        })?;
        Ok(Self { tokenizer, encoder, labels })
    }

    /// The labels, as the model names them.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// What the model says of each token, window by window.
    ///
    /// # Errors
    /// When the tokenizer or the model fails on the text.
    pub fn logits(&self, text: &str) -> Result<Vec<Logits>, TransformerError> {
        let failed = |what: &str| TransformerError::new("text", format!("{what} failed"), "report this as a fault");
        let encoding = self.tokenizer.encode(text, true).map_err(|_| failed("the tokenizer"))?;
        let (ids, special, offsets) =
            (encoding.get_ids(), encoding.get_special_tokens_mask(), encoding.get_offsets());
        let lead = special.iter().take_while(|s| **s == 1).count().min(ids.len());
        let tail = special.iter().rev().take_while(|s| **s == 1).count().min(ids.len() - lead);
        let body = lead..ids.len() - tail;
        let room = self.encoder.positions().saturating_sub(lead + tail).max(1);
        let step = room.saturating_sub(OVERLAP).max(room / 2).max(1);
        let mut windows = Vec::new();
        let mut from = body.start;
        loop {
            let to = (from + room).min(body.end);
            let own: Vec<usize> = (0..lead).chain(from..to).chain(body.end..ids.len()).collect();
            let ids: Vec<u32> = own.iter().map(|at| ids[*at]).collect();
            let rows = self.rows(&ids).map_err(|_| failed("the model"))?;
            windows.push(Logits { ids, offsets: own.iter().map(|at| offsets[*at]).collect(), rows });
            if to == body.end {
                return Ok(windows);
            }
            from += step;
        }
    }

    fn rows(&self, ids: &[u32]) -> candle_core::Result<Vec<Vec<f32>>> {
        let input = Tensor::new(ids, &Device::Cpu)?.unsqueeze(0)?;
        self.encoder.forward(&input)?.squeeze(0)?.to_vec2()
    }

    /// The spans that the model tags with anything but `O`, in order and without overlap.
    ///
    /// # Errors
    /// When the tokenizer or the model fails on the text.
    pub fn tag(&self, text: &str) -> Result<Vec<Tagged>, TransformerError> {
        // A token that two windows share is told by the one in which it stands farther from the edge.
        let mut tokens: BTreeMap<(usize, usize), (usize, usize, f32)> = BTreeMap::new();
        for window in self.logits(text)? {
            let n = window.rows.len();
            for (at, (offsets, row)) in window.offsets.iter().zip(&window.rows).enumerate() {
                if offsets.0 == offsets.1 {
                    continue;
                }
                let inner = at.min(n - 1 - at);
                let (label, p) = surest(row);
                let known = tokens.entry(*offsets).or_insert((inner, label, p));
                if inner > known.0 {
                    *known = (inner, label, p);
                }
            }
        }
        let mut spans: Vec<(Tagged, f32)> = Vec::new();
        for ((start, end), (_, label, p)) in tokens {
            let label = self.labels.get(label).map_or("O", String::as_str);
            let (begins, plain) = match label.split_once(['-', '_']) {
                Some(("B" | "S" | "U", plain)) => (true, plain),
                Some(("I" | "E" | "L", plain)) => (false, plain),
                _ => (false, label),
            };
            if label == "O" {
                continue;
            }
            // Pieces of one word always belong together; words do if nothing but a space or a joint lies between.
            let joined = spans.last().is_some_and(|(last, _)| {
                let between = text.get(last.end..start).unwrap_or("\u{0}");
                last.label == plain
                    && (between.is_empty() || !begins && matches!(between, " " | "-" | "'" | "." | ", "))
            });
            match spans.last_mut().filter(|_| joined) {
                Some((last, tokens)) => {
                    last.end = end;
                    last.score = (last.score * *tokens + p) / (*tokens + 1.0);
                    *tokens += 1.0;
                }
                None => spans.push((Tagged { start, end, label: plain.to_owned(), score: p }, 1.0)),
            }
        }
        // Tokens may begin with the space before their word.
        for (span, _) in &mut spans {
            let value = text.get(span.start..span.end).unwrap_or_default();
            span.start += value.len() - value.trim_start().len();
        }
        Ok(spans.into_iter().map(|(span, _)| span).filter(|span| span.start < span.end).collect())
    }
}

/// The label of the largest logit and its probability.
fn surest(row: &[f32]) -> (usize, f32) {
    let most = row.iter().copied().fold(f32::MIN, f32::max);
    let sum: f32 = row.iter().map(|x| (x - most).exp()).sum();
    let at = row.iter().position(|x| *x == most).unwrap_or_default();
    (at, 1.0 / sum)
}
