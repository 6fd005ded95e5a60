//! Finds what identifies a person in text and columns, and removes it.
//!
//! Three layers look at a text: patterns with context words and check digits, rules over lists of names and places, and
//! a small tagger trained on notes that the project generates itself. All that they know is data (`recognizers/`).
//! No type that holds text shows it; a [`Detection`] says where something stands and why, never what it says.

mod check;
mod detection;
mod error;
mod fold;
mod gold;
mod kind;
mod lexicon;
mod lists;
mod recognizer;
mod resolve;
mod resources;
mod scan;
mod score;
mod synthesis;
mod tagger;
mod token;

pub use detection::{Detection, Grounds, ListRule};
pub use error::LoadError;
pub use gold::{GoldError, GoldSpan, Labels, Note, read_gold};
pub use kind::{Identifier, Kind, KindDefinition, Kinds, Policy};
pub use recognizer::Recognizer;
pub use resources::Resources;
pub use score::{Found, Right, Score};
pub use scan::{Layers, Scanner, Scratch, THRESHOLD};
pub use synthesis::{Split, Synthesizer};
pub use tagger::{TrainOptions, train};
