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
        if label != "O" && !labels.knows(label) && !labels.knows(plain(label)) {
            let hint = "add it to labels.toml in a folder of your own (--recognizers): a kind, `neutral` or `age`";
            return Err(Stop::usage("--transformer", format!("the label `{label}` is not known"), hint));
        }
    }
    Ok(Box::new(move |text, found| {
        for span in model.tag(text).map_err(stop)? {
            let label = if labels.knows(&span.label) { &span.label } else { plain(&span.label) };
            if let Some(kind) = labels.kind(label, text.get(span.start..span.end).unwrap_or_default()) {
                let (start, end, score) = (span.start, span.end, span.score);
                found.push(Detection { start, end, kind, score, by: Grounds::Transformer, also: 0, called: None });
            }
        }
        Ok(())
    }))
}

/// A label without the mark of its place in a span.
fn plain(label: &str) -> &str {
    match label.split_once(['-', '_']) {
        Some(("B" | "I" | "E" | "S" | "L" | "U", plain)) => plain,
        _ => label,
    }
}
