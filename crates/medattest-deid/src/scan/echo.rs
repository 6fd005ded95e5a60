//! What one detection tells of the rest of a text: the same name elsewhere, and tags that a cleaner put there.

use super::{Scanner, Scratch};
use crate::check::OLDEST;
use crate::detection::{Detection, Grounds, ListRule};
use crate::kind::Kind;
use crate::lexicon::{CLINICAL, COMMON, FUNCTION, RELATION};
use crate::token::{DIGIT, NEWLINE, OTHER, PUNCT, SPACED, Token};

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
        let word = |token: &Token| &text.as_bytes()[token.start as usize..token.end as usize];
        let says = |at: usize, words: &[&str]| {
            tokens.get(at).is_some_and(|t| words.iter().any(|w| word(t).eq_ignore_ascii_case(w.as_bytes())))
        };
        let identifies = |token: &Token| {
            let age = std::str::from_utf8(word(token)).ok().and_then(|digits| digits.parse::<u64>().ok());
            token.is_number() && age.is_some_and(|age| age > u64::from(self.reckoning.ages_over) && age <= OLDEST)
        };
        let names = scratch.found.iter().filter(|d| matches!(d.kind, Kind::Name | Kind::ProviderName));
        let after_names = names.map(|name| tokens.partition_point(|t| (t.start as usize) < name.end));
        let person = |at: &usize| {
            tokens[*at].lexical & RELATION != 0 || says(*at, &["he", "she", "who", "pt", "patient", "resident"])
        };
        let after_persons = (0..tokens.len()).filter(person).map(|at| at + 1);
        let mut ages = Vec::new();
        for next in after_names.chain(after_persons) {
            let Some(age) = tokens.get(next + 1).filter(|token| identifies(token)) else { continue };
            let (opens, after) = (&tokens[next], tokens.get(next + 2));
            let closes = after.is_none_or(|t| {
                t.is(NEWLINE)
                    || t.mark(b',')
                    || t.mark(b';')
                    || t.mark(b'.') && tokens.get(next + 3).is_none_or(|t| t.is(SPACED | NEWLINE))
            }) || says(next + 2, &["and", "with", "who", "now", "today", "but", "lives", "in", "next"]);
            if opens.mark(b'(') && after.is_some_and(|t| t.mark(b')') || t.mark(b','))
                || (opens.mark(b',') || says(next, &["is", "was", "turned", "turns", "aged"])) && closes
            {
                ages.push(Detection {
                    start: age.start as usize,
                    end: age.end as usize,
                    kind: Kind::AgeOver89,
                    score: 0.75,
                    by: Grounds::List(ListRule::Age),
                    also: 0,
                });
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
