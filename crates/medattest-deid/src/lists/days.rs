//! Days of a month that no month stands beside.

use super::Reader;
use crate::detection::{Detection, ListRule};
use crate::kind::Kind;
use crate::lexicon::{FUNCTION, WEEKDAY};
use crate::token::{NEWLINE, PUNCT};

impl Reader<'_> {
    /// `until the 13th;`, `Wednesday the 16th`: an ordinal that nothing follows which it could count.
    pub(super) fn day_of_month(&self, at: usize, found: &mut Vec<Detection>) {
        const LED: [&str; 18] = [
            "on",
            "until",
            "till",
            "til",
            "by",
            "since",
            "before",
            "after",
            "from",
            "through",
            "thru",
            "for",
            "was",
            "of",
            "today",
            "tomorrow",
            "yesterday",
            "night",
        ];
        let token = &self.tokens[at];
        let digits = match self.word(token) {
            [digits @ .., b's', b't'] | [digits @ .., b'n', b'd'] | [digits @ .., b'r', b'd'] => digits,
            [digits @ .., b't', b'h'] => digits,
            _ => return,
        };
        let day = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<u8>().ok());
        if !day.is_some_and(|day| (1..=31).contains(&day)) || at < 2 || !self.says(at - 1, "the") {
            return;
        }
        let led =
            self.says_any(at - 2, &LED) || self.tokens[at - 2].lexical & WEEKDAY != 0 || self.mark(at - 2, b'(');
        // `will ring the 27th.`, but not `at the 10th.`, which is a centile.
        let closed =
            self.at(at + 1).is_none_or(|t| t.is(NEWLINE) || [b'.', b';', b')'].iter().any(|mark| t.mark(*mark)));
        let day_alone =
            closed && token.len() > 3 && !self.says_any(at - 2, &["at", "to", "below", "above", "near", "and"]);
        let counts = self.at(at + 1).is_some_and(|next| {
            !next.is(NEWLINE | PUNCT) && (next.lexical & FUNCTION == 0 || self.says_any(at + 1, &["of", "one"]))
        });
        let centile = self.says(at + 1, "to") && !self.says(at + 2, "the");
        if (led || day_alone) && !counts && !centile && !self.mark(at + 1, b'-') && !self.mark(at + 1, b'/') {
            self.push(found, (at - 1, at), Kind::Date, ListRule::DayOfMonth, 0.75);
        }
    }
}
