//! Numbers called by their name: where neither the form nor the tagger tells what a number is, the nearest word before it
//! that does.

use super::{FORMED, Scanner};
use crate::detection::{Detection, Grounds};
use crate::kind::Kind;
use crate::recognizer::WINDOW_BEFORE;
use crate::token::{NEWLINE, Token};

impl Scanner {
    /// Gives numbers of which nothing else tells the kind the one that the words before them, on the same line, say.
    pub(super) fn call_numbers(&self, text: &str, tokens: &[Token], found: &mut [Detection]) {
        for detection in found.iter_mut().filter(|d| d.kind.is_number()) {
            // Numbers of telephones and of fax look alike, so of those the word always tells.
            let telephone = is_telephone(detection.kind);
            if !telephone && self.is_told(detection) {
                continue;
            }
            let value = text.get(detection.start..detection.end).unwrap_or_default();
            let first = tokens.partition_point(|token| (token.start as usize) < detection.start);
            let line = (first.saturating_sub(WINDOW_BEFORE)..first).rev().take_while(|at| !tokens[*at].is(NEWLINE));
            let called = line
                .filter_map(|at| self.recognizers.called_at(tokens, at).map(|(kind, word)| (kind, word, first - at)))
                .find(|(kind, _, away)| fits(*kind, value, *away) && (!telephone || is_telephone(*kind)));
            if let Some((kind, word, _)) = called.filter(|(kind, ..)| *kind != detection.kind) {
                (detection.kind, detection.called) = (kind, Some(word));
            }
        }
    }

    /// Whether the form of a number, the tagger, or something else than words near it tells what it is.
    fn is_told(&self, detection: &Detection) -> bool {
        match detection.by {
            Grounds::Pattern { checked: true, .. } => true,
            Grounds::Pattern { recognizer, pattern, .. } => {
                let patterns = self.recognizer(recognizer).map(|r| r.patterns.as_slice()).unwrap_or_default();
                patterns.get(usize::from(pattern)).is_some_and(|pattern| pattern.score >= FORMED)
            }
            Grounds::Tagger => detection.kind != Kind::OtherId,
            _ => true,
        }
    }
}

fn is_telephone(kind: Kind) -> bool {
    matches!(kind, Kind::Phone | Kind::Fax)
}

/// Whether a value can be a number of this kind, so many tokens behind the word that says so.
fn fits(kind: Kind, value: &str, away: usize) -> bool {
    let count = |is: fn(&u8) -> bool| value.bytes().filter(is).count();
    let (digits, letters) = (count(u8::is_ascii_digit), count(u8::is_ascii_alphabetic));
    match kind {
        // `(312) 555-Ol44 ext 4`
        Kind::Phone | Kind::Fax => digits >= if away > 2 { 7 } else { 3 } && letters <= 4,
        // `9xx-xx-1234`
        Kind::Ssn => (4..=9).contains(&digits) && letters == count(|byte| matches!(byte, b'x' | b'X')),
        Kind::Npi => letters == 0 && digits == 10,
        _ => true,
    }
}
