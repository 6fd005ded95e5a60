//! Ages that stand bare beside a person.

use super::Reader;
use crate::check::Reckoning;
use crate::detection::{Detection, ListRule};
use crate::kind::Kind;
use crate::lexicon::RELATION;
use crate::token::{DIGIT, NEWLINE, SPACED, Token};

/// What follows soon after an age and a sex.
const AFTER_SEX: &[&str] = &[
    "w",
    "with",
    "s",
    "p",
    "c",
    "h",
    "hx",
    "pmh",
    "who",
    "from",
    "admitted",
    "presents",
    "presented",
    "presenting",
    "found",
    "known",
    "lives",
    "living",
    "transferred",
    "brought",
    "bib",
    "here",
    "dnr",
    "mrn",
    "dob",
    "unit",
    "room",
    "rm",
    "bed",
];
/// What stands before a temperature in degrees Fahrenheit.
const HEAT: &[&str] = &[
    "temp",
    "temperature",
    "tmax",
    "fever",
    "fevers",
    "t",
    "febrile",
    "afebrile",
    "to",
    "of",
    "above",
    "over",
    "under",
    "below",
];

impl Reader<'_> {
    /// `94F w/`, `Jane Roe   94F`, `Roe (93)`, `her mother, 93, was`, `she is 93 and`. `found` holds the names.
    pub(crate) fn ages(&self, reckoning: Reckoning, found: &mut Vec<Detection>) {
        let identifies = |digits: &[u8]| {
            let age = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
            age.is_some_and(|age| reckoning.identifies(age))
        };
        for (at, age) in self.tokens.iter().enumerate() {
            if !age.is(DIGIT) || !matches!(age.len(), 2..=4) {
                continue;
            }
            let apart = age.is_number() && self.says_any(at + 1, &["m", "f"]);
            let digits = match self.word(age) {
                digits if apart => Some(digits),
                [digits @ .., b'M' | b'm' | b'F' | b'f'] => Some(digits),
                _ => None,
            };
            if digits.is_some_and(identifies) {
                let sex = at + usize::from(apart);
                let hot = at.checked_sub(1).is_some_and(|before| self.says_any(before, HEAT));
                let soon = (sex + 1..sex + 5).any(|after| self.says_any(after, AFTER_SEX));
                // `100F, R hip fx` at the beginning of a line.
                let heads = self.begins_line(at) && self.mark(sex + 1, b',');
                if !hot && (soon || heads) || self.is_behind_name(at, found) {
                    self.push(found, (at, sex), Kind::AgeOver89, ListRule::Age, 0.75);
                }
            }
            if at > 1 && age.is_number() && identifies(self.word(age)) && self.is_beside_person(at, found) {
                self.push(found, (at, at), Kind::AgeOver89, ListRule::Age, 0.75);
            }
        }
    }

    /// Whether a token follows the name of a person, with no more than a comma or a gap between.
    fn is_behind_name(&self, at: usize, found: &[Detection]) -> bool {
        let last = at.checked_sub(if self.mark(at.saturating_sub(1), b',') { 2 } else { 1 });
        let last = last.and_then(|last| self.at(last)).filter(|token| !token.is(NEWLINE));
        last.is_some_and(|last| ends_name(last, found))
    }

    /// Whether a number stands to a person as an age does.
    fn is_beside_person(&self, at: usize, found: &[Detection]) -> bool {
        let after = self.at(at + 1);
        let ends = |t: &Token| {
            let stop = t.mark(b'.') && self.at(at + 2).is_none_or(|t| t.is(SPACED | NEWLINE));
            t.is(NEWLINE) || t.mark(b',') || t.mark(b';') || stop
        };
        let closes = after.is_none_or(ends)
            || self.says_any(at + 1, &["and", "with", "who", "now", "today", "but", "lives", "in", "next"]);
        let within = self.mark(at - 1, b'(') && after.is_some_and(|t| t.mark(b')') || t.mark(b','));
        let follows = self.mark(at - 1, b',') || self.says_any(at - 1, &["is", "was", "turned", "turns", "aged"]);
        let person = &self.tokens[at - 2];
        (within || follows && closes)
            && (person.lexical & RELATION != 0
                || self.says_any(at - 2, &["he", "she", "who", "pt", "patient", "resident"])
                || ends_name(person, found))
    }
}

/// Whether the name of a person that was found ends with a token.
fn ends_name(token: &Token, found: &[Detection]) -> bool {
    found.iter().any(|d| d.kind.is_person() && d.end == token.end as usize)
}
