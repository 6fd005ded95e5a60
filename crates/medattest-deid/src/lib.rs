//! Finds what identifies a person in text and columns, and removes it.
//!
//! Three layers look at a text: patterns with context words and check digits, rules over lists of names and places, and
//! a small tagger trained on notes that the project generates itself. All that they know is data (`recognizers/`).
//! No type that holds text shows it; a [`Detection`] says where something stands and why, never what it says.

mod check;
mod detection;
mod error;
mod field;
mod fold;
mod gold;
mod kind;
mod lexicon;
mod lists;
mod looks;
mod operate;
mod recognizer;
mod resolve;
mod resources;
mod row;
mod scan;
mod score;
mod survey;
mod synthesis;
mod tagger;
mod tally;
mod token;

pub use detection::{Detection, Grounds, ListRule};
pub use error::LoadError;
pub use field::{Field, FieldClass, FieldNames};
pub use gold::{GoldError, GoldSpan, Labels, Note, read_gold};
pub use kind::{Identifier, Kind, KindDefinition, Kinds, Policy};
pub use operate::{Cleaner, Key, Operator, OperatorEffect, Plan, Replaced};
pub use recognizer::Recognizer;
pub use resolve::merge;
pub use resources::Resources;
pub use scan::{Layers, Scanner, Scratch, THRESHOLD};
pub use score::{Found, Right, Score};
pub use survey::{FieldReport, MOST_SOURCES, SourceTally, Survey, Total, Unread};
pub use synthesis::{Split, Synthesizer};
pub use tagger::{TrainOptions, train};
pub use tally::{FieldTally, FoundAt, KindTally, shape};
