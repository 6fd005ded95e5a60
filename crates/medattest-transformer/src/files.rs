//! The three files of a model, read whole and never beyond a bound.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::TransformerError;

/// Sizes and labels.
pub(crate) const CONFIG: &str = "config.json";
/// How text becomes tokens.
pub(crate) const TOKENIZER: &str = "tokenizer.json";
/// The weights.
pub(crate) const WEIGHTS: &str = "model.safetensors";

/// The largest of each that is read, in bytes. The tokenizers of multilingual models have some 17 MB.
fn largest(name: &str) -> u64 {
    match name {
        CONFIG => 1 << 20,
        TOKENIZER => 128 << 20,
        _ => 8 << 30,
    }
}

/// How messages name a file of the folder.
pub(crate) fn place(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

/// The bytes of one of the files.
pub(crate) fn read(folder: &Path, name: &str) -> Result<Vec<u8>, TransformerError> {
    let path = folder.join(name);
    let shown = place(folder, name);
    let unreadable =
        || TransformerError::new(&shown, "the file cannot be read", "check its permissions and the disk");
    let about = match std::fs::metadata(&path) {
        Ok(about) => about,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(missing(folder, name)),
        Err(_) => return Err(unreadable()),
    };
    if !about.is_file() {
        return Err(TransformerError::new(&shown, "this is not a file", "put the file of this name in its place"));
    }
    let bound = largest(name);
    // Whatever the size was a moment ago, no more than the bound is read.
    let mut bytes = Vec::new();
    let read = File::open(&path).and_then(|file| {
        let expected = usize::try_from(about.len().min(bound)).unwrap_or(usize::MAX);
        bytes.try_reserve_exact(expected).map_err(|_| std::io::ErrorKind::OutOfMemory)?;
        file.take(bound + 1).read_to_end(&mut bytes)
    });
    match read {
        Err(error) if error.kind() == std::io::ErrorKind::OutOfMemory => {
            return Err(TransformerError::new(
                &shown,
                "there is not enough memory for the file",
                "use a smaller model",
            ));
        }
        read => read.map_err(|_| unreadable())?,
    };
    if bytes.len() as u64 > bound {
        let message = format!("the file is too large; at most {bound} bytes are read");
        return Err(TransformerError::new(&shown, message, "use a smaller model"));
    }
    Ok(bytes)
}

/// A file that is not there: tells how it comes to be there.
fn missing(folder: &Path, name: &str) -> TransformerError {
    if !folder.is_dir() {
        let hint = "name the folder that holds config.json, tokenizer.json and model.safetensors";
        return TransformerError::new(&folder.display().to_string(), "there is no such folder", hint);
    }
    let there = |name: &str| folder.join(name).exists();
    let hint = match name {
        TOKENIZER => "AutoTokenizer.from_pretrained(MODEL, use_fast=True).save_pretrained(FOLDER) writes it",
        WEIGHTS if there("model.safetensors.index.json") => {
            "the weights are in several files; save the model again with a larger max_shard_size"
        }
        WEIGHTS if there("pytorch_model.bin") => {
            "pytorch_model.bin can hold programs and is not read; save the model again as safetensors"
        }
        _ => "AutoModelForTokenClassification.from_pretrained(MODEL).save_pretrained(FOLDER) writes it",
    };
    TransformerError::new(&place(folder, name), "there is no such file", hint)
}
