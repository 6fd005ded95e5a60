//! What was found where, and on what grounds. Never the text itself.

use serde::Serialize;

use crate::kind::Kind;

/// A span of text that tells who somebody is, with the reasons for saying so.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Detection {
    /// First byte in the text.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
    /// What it is.
    pub kind: Kind,
    /// How sure, in \[0,1\]: of a pattern the score its file states, of the tagger a probability.
    pub score: f32,
    /// What made it.
    pub by: Grounds,
    /// How many other grounds spoke for (a part of) the span.
    pub also: u8,
    /// Of a number whose form does not tell its kind, the word before it that does, as a position;
    /// [`crate::Scanner::context`] tells it.
    pub called: Option<u16>,
}

/// What made a detection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grounds {
    /// A pattern of a recognizer.
    Pattern {
        /// Position of the recognizer; [`crate::Scanner::recognizer`] tells its id.
        recognizer: u16,
        /// Position of the pattern within it.
        pattern: u8,
        /// The context word that stood near, as a position; [`crate::Scanner::context`] tells it.
        context: Option<u16>,
        /// Whether a check digit or another rule of the number was verified.
        checked: bool,
        /// How many tokens the context is away from the first or the last one of the value; 0 without a context.
        away: u8,
    },
    /// A rule over lists of names and places.
    List(ListRule),
    /// The tagger that was trained on generated notes.
    Tagger,
    /// The same name stands elsewhere in the document on better grounds.
    Echo,
    /// A token-classification model of the user's.
    Transformer,
    /// The name of the column, or of the key, says so.
    Column,
    /// The value of another column of the same row stands within this one.
    RowValue,
}

/// A rule over lists of names and places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListRule {
    /// A title such as `Mrs.` before the name.
    Title,
    /// Letters such as `MD` after the name.
    Credential,
    /// A key such as `Patient:` before the name.
    Key,
    /// A word for a relative before the name.
    Relation,
    /// A first name beside a surname.
    FullName,
    /// A house number, a name and a word such as `Street`.
    Street,
    /// A city before its state or postcode.
    CityState,
    /// A name before `County`, or after `city of`.
    NamedPlace,
    /// A postcode after a state or a city.
    Postcode,
    /// Capitalised words that end in a word such as `Hospital`.
    Facility,
    /// Capitalised words after what tells that somebody works or learns there.
    Workplace,
    /// A part, or the first letters, of the name of a house told in full elsewhere.
    HouseAgain,
    /// An ordinal after `the` that counts nothing.
    DayOfMonth,
    /// A name before a colon at the start of a line.
    Speaker,
    /// A surname, a comma and a first name at the start of a row.
    Row,
    /// A number in groups, as `70 19 09`, behind a name.
    NumberOfName,
    /// A number beside a name that can only be an age, as in `Roe (93)`.
    Age,
    /// Letters that no list has, after a word such as `by` or at the end of a line behind a dash.
    Initials,
}

impl ListRule {
    /// Kebab-case id.
    pub fn id(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Credential => "credential",
            Self::Key => "key",
            Self::Relation => "relation",
            Self::FullName => "full-name",
            Self::Street => "street",
            Self::CityState => "city-state",
            Self::NamedPlace => "named-place",
            Self::Postcode => "postcode",
            Self::Facility => "facility",
            Self::Workplace => "workplace",
            Self::HouseAgain => "house-again",
            Self::DayOfMonth => "day-of-month",
            Self::Speaker => "speaker",
            Self::Row => "row",
            Self::NumberOfName => "number-of-name",
            Self::Age => "age",
            Self::Initials => "initials",
        }
    }
}
