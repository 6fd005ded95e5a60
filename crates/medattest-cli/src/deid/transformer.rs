//! A token-classification model of the user's as one more layer.

use std::path::Path;

use medattest_deid::{Detection, Grounds, Labels, Resources};
use medattest_transformer::{TokenClassifier, TransformerError};

use super::work::{Further, unusable};
use crate::command::Stop;

/// Opens the model in a folder; each of its labels must stand for a kind, or for none.
pub(crate) fn transformer(folder: &Path, resources: &Resources) -> Result<Further, Stop> {
    let labels = Labels::load(resources).map_err(|error| unusable(&error))?;
    let stop = |error: TransformerError| Stop::usage(&error.place, error.message, error.hint);
    let model = TokenClassifier::open(folder).map_err(stop)?;
    for label in model.labels() {
        let plain = plain(label);
        if plain != "O" && !labels.knows(plain) {
            let hint = "add it to labels.toml in a folder of your own (--recognizers): a kind, `neutral` or `age`";
            return Err(Stop::usage("--transformer", format!("the label `{plain}` is not known"), hint));
        }
    }
    Ok(Box::new(move |text, found| {
        // Models of this form do not fail on text that was tokenized; if one does, the other layers still stand.
        for span in model.tag(text).unwrap_or_default() {
            if let Some(kind) = labels.kind(plain(&span.label), text.get(span.start..span.end).unwrap_or_default()) {
                let (start, end, score) = (span.start, span.end, span.score);
                found.push(Detection { start, end, kind, score, by: Grounds::Transformer, also: 0 });
            }
        }
    }))
}

/// A label without the mark of its place in a span.
fn plain(label: &str) -> &str {
    match label.split_once('-') {
        Some(("B" | "I" | "E" | "S" | "L" | "U", plain)) => plain,
        _ => label,
    }
}
