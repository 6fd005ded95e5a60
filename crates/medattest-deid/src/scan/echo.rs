//! What one detection tells of the rest of a text: the same name elsewhere, and tags that a cleaner put there.

use super::Scanner;
use crate::detection::{Detection, Grounds};
use crate::kind::Kind;
use crate::lexicon::{CLINICAL, COMMON, FIRST, FUNCTION, SURNAME, Table};
use crate::resolve::marks;
use crate::token::{DIGIT, NEWLINE, OTHER, PUNCT, Token};

/// Finds other mentions of the names that were found; `names` holds those of the document so far, `capitals` whether they
/// tell names from other words.
pub(super) fn echo(tokens: &[Token], capitals: bool, names: &mut Table, found: &mut Vec<Detection>) {
    for detection in found.iter().filter(|d| d.kind.is_person() && d.score >= 0.8) {
        let first = tokens.partition_point(|t| (t.start as usize) < detection.start);
        for token in tokens[first..].iter().take_while(|t| (t.end as usize) <= detection.end) {
            if token.is_word() && token.len() > 2 && token.lexical & FUNCTION == 0 {
                *names.entry(token.hash) = 1;
            }
        }
    }
    if names.is_empty() {
        return;
    }
    for (at, token) in tokens.iter().enumerate() {
        if token.is_word() && names.get(token.hash) != 0 && can_echo(tokens, capitals, at, token) {
            found.push(Detection {
                start: token.start as usize,
                end: token.end as usize,
                kind: Kind::Name,
                score: 0.75,
                by: Grounds::Echo,
                also: 0,
                called: None,
            });
        }
    }
}

impl Scanner {
    /// Drops what lies within a tag that a cleaner put there, such as `[NAME]`, and the three digits of `606**`.
    pub(super) fn drop_placeholders(&self, text: &str, found: &mut Vec<Detection>) {
        const LONGEST: usize = 40;
        const COARSE: usize = 3;
        if !text.contains('[') && !text.contains("**") {
            return;
        }
        let bytes = text.as_bytes();
        found.retain_mut(|detection| {
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
            if close < detection.start || !text.get(open..=close).is_some_and(|tag| self.kinds.is_placeholder(tag)) {
                return true;
            }
            // What goes on behind a placeholder stays, where it is more than a letter or a digit.
            let rest = bytes.get(close + 1..detection.end).unwrap_or_default();
            detection.start = close + 1 + marks(rest);
            detection.start + 1 < detection.end
        });
    }
}

/// Whether a word that is a name elsewhere in the text is so here too: one that is nothing else, or a capital within a
/// sentence. Where capitals tell, a small word that no list of names has is none, nor are a few letters that stand for a term.
fn can_echo(tokens: &[Token], capitals: bool, at: usize, token: &Token) -> bool {
    let listed = token.lexical & (FIRST | SURNAME) != 0;
    if capitals && !listed && (token.is_lower() || token.is_upper() && token.len() < 5) {
        return false;
    }
    let word = token.shape & (PUNCT | NEWLINE | DIGIT | OTHER) == 0;
    let also = token.lexical & (COMMON | CLINICAL) != 0;
    let within =
        |before: &Token| before.is_lower() || capitals && [b'(', b',', b'/'].iter().any(|mark| before.mark(*mark));
    word && (!also || token.is_title() && at.checked_sub(1).is_some_and(|before| within(&tokens[before])))
}
