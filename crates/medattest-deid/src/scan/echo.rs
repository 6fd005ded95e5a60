//! What one detection tells of the rest of a text: the same name elsewhere, and tags that a cleaner put there.

use super::{Scanner, Scratch};
use crate::check::OLDEST;
use crate::detection::{Detection, Grounds, ListRule};
use crate::kind::Kind;
use crate::lexicon::{CLINICAL, COMMON, FUNCTION, RELATION};
use crate::token::{DIGIT, NEWLINE, OTHER, PUNCT, SPACED, Token};

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
];
/// What stands before a temperature in degrees Fahrenheit.
const HEAT: &[&str] = &["temp", "temperature", "tmax", "fever", "fevers", "t", "febrile", "afebrile", "to", "of"];

impl Scanner {
    /// Finds other mentions of the names that were found.
    pub(super) fn echo(&self, text: &str, scratch: &mut Scratch) {
        let tokens = &scratch.tokens;
        let is_name = |kind: Kind| matches!(kind, Kind::Name | Kind::ProviderName);
        for detection in scratch.found.iter().filter(|d| is_name(d.kind) && d.score >= 0.8) {
            let first = tokens.partition_point(|t| (t.start as usize) < detection.start);
            for token in tokens[first..].iter().take_while(|t| (t.end as usize) <= detection.end) {
                if token.is_word() && token.len() > 2 && token.lexical & FUNCTION == 0 {
                    scratch.names.push(token.hash);
                }
            }
        }
        if scratch.names.is_empty() {
            return;
        }
        scratch.names.sort_unstable();
        scratch.names.dedup();
        let mut echoes = Vec::new();
        for (at, token) in tokens.iter().enumerate() {
            if can_echo(tokens, at, token) && scratch.names.binary_search(&token.hash).is_ok() {
                echoes.push(Detection {
                    start: token.start as usize,
                    end: token.end as usize,
                    kind: Kind::Name,
                    score: 0.75,
                    by: Grounds::Echo,
                    also: 0,
                });
            }
        }
        debug_assert!(echoes.iter().all(|e| text.get(e.start..e.end).is_some()));
        scratch.found.extend(echoes);
    }

    /// Finds ages that stand bare beside a person: `Roe (93)`, `her mother, 93, was`, `she is 93 and`.
    pub(super) fn ages(&self, text: &str, scratch: &mut Scratch) {
        let tokens = &scratch.tokens;
        let word = |token: &Token| &text[token.start as usize..token.end as usize];
        let says = |at: usize, words: &[&str]| {
            tokens.get(at).is_some_and(|t| words.iter().any(|other| word(t).eq_ignore_ascii_case(other)))
        };
        let identifies = |digits: &str| {
            let age = digits.parse::<u64>();
            age.is_ok_and(|age| age > u64::from(self.reckoning.ages_over) && age <= OLDEST)
        };
        let is_named = |end: u32| {
            let person = |kind: Kind| matches!(kind, Kind::Name | Kind::ProviderName);
            scratch.found.iter().any(|d| person(d.kind) && d.end == end as usize)
        };
        let mut ages = Vec::new();
        let mut push = |start: u32, end: u32| {
            ages.push(Detection {
                start: start as usize,
                end: end as usize,
                kind: Kind::AgeOver89,
                score: 0.75,
                by: Grounds::List(ListRule::Age),
                also: 0,
            });
        };
        for (at, age) in tokens.iter().enumerate().filter(|(_, t)| t.is(DIGIT) && matches!(t.len(), 2..=4)) {
            // `94F w/`, `96 M from`: not a temperature.
            let apart = age.is_number() && says(at + 1, &["m", "f"]);
            let digits = if apart { Some(word(age)) } else { word(age).strip_suffix(['M', 'm', 'F', 'f']) };
            if digits.is_some_and(identifies) {
                let sex = if apart { at + 1 } else { at };
                let hot = at.checked_sub(1).is_some_and(|before| says(before, HEAT));
                if !hot && (sex + 1..sex + 5).any(|after| says(after, AFTER_SEX)) {
                    push(age.start, tokens[sex].end);
                }
            }
            if at < 2 || !age.is_number() || !identifies(word(age)) {
                continue;
            }
            let (person, opens, after) = (&tokens[at - 2], &tokens[at - 1], tokens.get(at + 1));
            let ends = |t: &Token| {
                let stop = t.mark(b'.') && tokens.get(at + 2).is_none_or(|t| t.is(SPACED | NEWLINE));
                t.is(NEWLINE) || t.mark(b',') || t.mark(b';') || stop
            };
            let closes = after.is_none_or(ends)
                || says(at + 1, &["and", "with", "who", "now", "today", "but", "lives", "in", "next"]);
            let within = opens.mark(b'(') && after.is_some_and(|t| t.mark(b')') || t.mark(b','));
            let follows = opens.mark(b',') || says(at - 1, &["is", "was", "turned", "turns", "aged"]);
            if (within || follows && closes)
                && (person.lexical & RELATION != 0
                    || says(at - 2, &["he", "she", "who", "pt", "patient", "resident"])
                    || is_named(person.end))
            {
                push(age.start, age.end);
            }
        }
        scratch.found.extend(ages);
    }

    /// Drops what lies within a tag that a cleaner put there, such as `[NAME]`, and the three digits of `606**`.
    pub(super) fn drop_placeholders(&self, text: &str, found: &mut Vec<Detection>) {
        const LONGEST: usize = 40;
        const COARSE: usize = 3;
        if !text.contains('[') && !text.contains("**") {
            return;
        }
        let bytes = text.as_bytes();
        found.retain(|detection| {
            let value = &bytes[detection.start..detection.end];
            if value.len() == COARSE
                && value.iter().all(u8::is_ascii_digit)
                && bytes[detection.end..].starts_with(b"**")
            {
                return false;
            }
            let from = detection.start.saturating_sub(LONGEST);
            let Some(open) = bytes[from..=detection.start].iter().rposition(|b| *b == b'[') else { return true };
            let open = from + open;
            let to = (open + LONGEST).min(bytes.len());
            let Some(close) = bytes[open..to].iter().position(|b| *b == b']') else { return true };
            let close = open + close;
            let within = detection.end <= close + 1;
            !(within && text.get(open..=close).is_some_and(|tag| self.kinds.is_placeholder(tag)))
        });
    }
}

/// Whether a word that is a name elsewhere in the text is so here too: one that is nothing else, or a capital within a
/// sentence.
fn can_echo(tokens: &[Token], at: usize, token: &Token) -> bool {
    let word = token.shape & (PUNCT | NEWLINE | DIGIT | OTHER) == 0;
    let also = token.lexical & (COMMON | CLINICAL) != 0;
    word && if also { token.is_title() && at > 0 && tokens[at - 1].is_lower() } else { true }
}
