//! Those who speak, sign and practise: names and initials told by how they stand.

use super::Reader;
use crate::detection::{Detection, Grounds, ListRule};
use crate::kind::Kind;
use crate::lexicon::{CREDENTIAL, FIRST, STATE_ABBR, SURNAME};
use crate::token::{CAPITAL, DIGIT, NEWLINE, PUNCT, SPACED, Token, word_hash};

/// Keys that initials of staff follow.
const KEYS: [&str; 12] = [
    "scribe",
    "trans",
    "transcribed",
    "dict",
    "dictated",
    "typist",
    "tech",
    "rt",
    "witness",
    "initials",
    "rph",
    "recorder",
];

impl Reader<'_> {
    /// `Bernice: his wife` in a conversation.
    pub(super) fn speaker(&self, at: usize, found: &mut Vec<Detection>) {
        let speaks = self.mark(at + 1, b':') && self.at(at + 2).is_some_and(|t| t.is_word() && t.is(SPACED));
        // `DEV: ROLLS BOTH WAYS`
        let short = self.tokens[at].is_upper() && self.tokens[at].len() < 4;
        if self.begins_line(at) && speaks && self.tokens[at].len() > 2 && !short && Self::only_name(&self.tokens[at])
        {
            self.push(found, (at, at), Kind::Name, ListRule::Speaker, 0.75);
        }
    }

    /// `Roe, Jane Q   3/14/52   ...`: a surname and a first name that begin a row of a list.
    pub(super) fn row_name(&self, at: usize, found: &mut Vec<Detection>) {
        if !self.begins_line(at) || !self.mark(at + 1, b',') || self.tokens[at + 1].is(SPACED) {
            return;
        }
        let first = &self.tokens[at];
        let fits = |at: usize| self.at(at).is_some_and(|t| t.is(CAPITAL) && t.len() > 1 && self.can_be_name(t));
        let named = self.at(at + 2).is_some_and(|t| t.lexical & FIRST != 0) || first.lexical & SURNAME != 0;
        if !(fits(at) && fits(at + 2) && named) {
            return;
        }
        let Some(last) = self.name_from(at + 2, 3) else { return };
        // A column, a number or the end of the line follows, not a sentence.
        let next = last + 1;
        let row = self
            .at(next)
            .is_none_or(|t| t.is(NEWLINE | DIGIT) || t.mark(b'|') || t.mark(b'(') || self.is_apart(next));
        if row {
            self.push(found, (at, last), Kind::Name, ListRule::Row, 0.8);
        }
    }

    /// `read by KLM`, `scored by I.J.`, and `-mk` at the end of a line.
    pub(super) fn initials(&self, at: usize, found: &mut Vec<Detection>) {
        let token = &self.tokens[at];
        let mut last = at;
        let letter = |at: usize| self.at(at).is_some_and(|t| t.len() == 1 && t.is(CAPITAL) == token.is(CAPITAL));
        while letter(last)
            && self.mark(last + 1, b'.')
            && letter(last + 2)
            && self.at(last + 2).is_some_and(Token::is_word)
        {
            last += 2;
        }
        let dotted = last > at;
        let Some(before) = at.checked_sub(1).map(|before| &self.tokens[before]) else { return };
        // What has the last line for itself, or follows capitals and a stroke at the beginning of a line, are initials even if
        // they stand for something elsewhere: `SL/gm`.
        let ends_all = before.is(NEWLINE) && self.at(at + 1).is_none() && token.is_upper() && token.len() > 1;
        let of_typist = before.mark(b'/') && token.is_lower() && at > 1 && self.begins_line(at - 2);
        let unlisted = token.lexical == 0 || ends_all || of_typist;
        if !(dotted && last <= at + 4 || unlisted && token.len() > 1 && token.is_word()) {
            return;
        }
        let signs = ["by", "signed", "witness", "wit", "initials", "initialed", "initialled"];
        let keyed = at > 1 && self.mark(at - 1, b':') && self.says_any(at - 2, &KEYS) && token.len() < 4;
        let signed = (dotted || token.is_upper()) && self.says_any(at - 1, &signs) || keyed;
        let whole = dotted && self.mark(last + 1, b'.') && !self.stands_for_a_term(at, last);
        let bare = whole && self.capitals && token.is(CAPITAL);
        let dashed = (before.mark(b'-') || before.mark(b'/'))
            && !token.is(SPACED)
            && (before.is(SPACED) || self.tokens[..at - 1].last().is_some_and(|t| t.mark(b'.')));
        let closed = usize::from(self.mark(last + 1, b'.'));
        let ends = self.at(last + 1 + closed).is_none_or(|t| t.is(NEWLINE));
        // `AB/jk` at the end of a line, `(jk)` behind it, and letters that end the note or have a line of their own.
        let transcribed = before.mark(b'/')
            && !token.is(SPACED)
            && token.is_lower()
            && at > 1
            && self.tokens[at - 2].is_upper()
            && self.tokens[at - 2].len() <= 4
            && (ends || self.says(at + 1, "job"));
        let bracketed = before.mark(b'(')
            && token.is_lower()
            && self.mark(at + 1, b')')
            && self.at(at + 2).is_none_or(|t| t.is(NEWLINE));
        let alone = !dotted
            && (before.is(NEWLINE) && ends
                || self.at(at + 1).is_none() && token.is(SPACED) && (before.mark(b'.') || before.mark(b')')));
        if transcribed {
            self.push(found, (at - 2, at - 2), Kind::ProviderName, ListRule::Initials, 0.7);
        }
        if signed || bare || whole && ends || dashed && ends || transcribed || bracketed || alone {
            let last = last + if dotted { closed } else { 0 };
            self.push(found, (at, last), Kind::ProviderName, ListRule::Initials, 0.7);
        }
    }

    /// Whether letters with stops between are those of a term, such as `I.V.` and `N.Y.`, not of a person.
    fn stands_for_a_term(&self, first: usize, last: usize) -> bool {
        // `O.S. 20/25`, and the beginning of `J. D. Salinger`.
        let goes_on = self.at(last + 1 + usize::from(self.mark(last + 1, b'.'))).is_some_and(|t| t.is_title());
        goes_on || self.lexicon.is_term(&self.dotted_letters(first, last))
    }

    /// The letters with stops between them, from one to another.
    fn dotted_letters(&self, first: usize, last: usize) -> String {
        (first..=last).step_by(2).map(|at| char::from(self.text[self.tokens[at].start as usize])).collect()
    }

    /// Drops what the tagger took for initials and is part of a term of three letters and more, such as `E.D.D.`
    pub(crate) fn drop_terms(&self, found: &mut Vec<Detection>) {
        found.retain(|d| !(d.by == Grounds::Tagger && d.kind.is_person() && self.is_of_dotted_term(d)));
    }

    fn is_of_dotted_term(&self, detection: &Detection) -> bool {
        const LETTERS: std::ops::RangeInclusive<usize> = 3..=6;
        let letter = |at: usize| self.at(at).is_some_and(|t| t.is_word() && t.len() == 1);
        let joined =
            |at: usize| letter(at) && self.mark(at + 1, b'.') && letter(at + 2) && !self.tokens[at + 2].is(SPACED);
        let mut first = self.token_from(detection.start);
        if !letter(first) {
            return false;
        }
        // A longer run is no term, so its end does not matter.
        for _ in 0..*LETTERS.end() {
            first -= if first > 1 && joined(first - 2) { 2 } else { 0 };
        }
        let mut last = first;
        while last - first <= 2 * LETTERS.end() && joined(last) {
            last += 2;
        }
        let end = self.tokens[last].end as usize + usize::from(self.mark(last + 1, b'.'));
        let letters = self.dotted_letters(first, last);
        LETTERS.contains(&letters.len()) && detection.end <= end && self.lexicon.is_term(&letters)
    }

    /// `A. Dorfmeister`, `R. Delgado-Finch`: an initial before a word that is a name or that no list has.
    pub(super) fn initial_and_surname(&self, at: usize, found: &mut Vec<Detection>) {
        if !self.is_initial(at) || !self.mark(at + 1, b'.') || self.tokens[at + 1].is(SPACED) {
            return;
        }
        // Not `N/V.`, nor `2,500 M.`
        let before = at.checked_sub(1).map(|before| &self.tokens[before]);
        let again = !self.tokens[at].is(SPACED) || before.is_some_and(|t| t.is(DIGIT) && !t.is(NEWLINE));
        let mut from = at + 2;
        while self.is_initial(from) && self.mark(from + 1, b'.') {
            from += 2;
        }
        let fits = self.at(from).is_some_and(|t| {
            t.is_title() && t.is(SPACED) && t.len() > 2 && t.is_word() && (t.lexical == 0 || Self::only_name(t))
        });
        if fits
            && !again
            && let Some(last) = self.name_from(from, 2)
        {
            self.push(found, (at, last), Kind::Name, ListRule::FullName, 0.75);
        }
    }

    /// Lets a name that was found take in the particles and initials beside it: `van der` before it, `A` behind it.
    pub(crate) fn grow_names(&self, found: &mut [Detection]) {
        if !self.capitals {
            return;
        }
        for name in found.iter_mut().filter(|d| d.kind.is_person() && d.end - d.start > 2) {
            let mut first = self.token_from(name.start);
            if !self.at(first).is_some_and(|t| t.is_title()) {
                continue;
            }
            while first > 0 && !self.is_apart(first) {
                if self.is_particle(first - 1) {
                    first -= 1;
                } else if first > 1
                    && self.mark(first - 1, b'.')
                    && self.is_initial(first - 2)
                    && self.tokens[first - 2].is(SPACED)
                    && first.checked_sub(3).is_none_or(|before| !self.tokens[before].is(DIGIT))
                {
                    first -= 2;
                } else {
                    break;
                }
            }
            name.start = name.start.min(self.tokens[first].start as usize);
            // A letter that ends the line, the cell or the clause.
            let next = self.token_from(name.end);
            let closed = next + 1 + usize::from(self.mark(next + 1, b'.'));
            let ends = closed > next + 1
                || self.is_apart(next + 1)
                || self.at(next + 1).is_none_or(|t| {
                    t.is(NEWLINE | DIGIT) || t.is(PUNCT) && !t.mark(b'\'') && !t.mark(b'-') && !t.mark(b'/')
                });
            if self.is_initial(next)
                && !self.is_apart(next)
                && self.tokens[next].is(SPACED)
                && ends
                && self.at(next - 1).is_some_and(|t| t.is_title())
            {
                name.end = self.tokens[closed - 1].end as usize;
            }
        }
    }

    /// `Roe, Jane   70 19 09   M 68`, `Jane Roe, 0 444 2487, is a`: a number in groups behind a name that was found.
    pub(crate) fn numbers_of_names(&self, found: &mut Vec<Detection>) {
        const DIGITS: std::ops::RangeInclusive<usize> = 6..=10;
        const GROUPS: std::ops::RangeInclusive<usize> = 2..=4;
        for name in 0..found.len() {
            if found[name].kind != Kind::Name {
                continue;
            }
            let mut first = self.token_from(found[name].end);
            first += usize::from(self.mark(first, b',') || self.mark(first, b'('));
            let group = |at: usize| self.at(at).is_some_and(|t| t.is_number() && t.len() < 5);
            let joined = |at: usize| group(at) && self.tokens[at].is(SPACED) && !self.is_apart(at);
            if !group(first) {
                continue;
            }
            let last = (first + 1..).take_while(|at| joined(*at)).last().unwrap_or(first);
            let digits: usize = self.tokens[first..=last].iter().map(Token::len).sum();
            // A column, a mark, the age or the end of the line follows, not a sentence or a value.
            let next = last + 1;
            let ends = self.at(next).is_none_or(|t| t.is(NEWLINE) || t.mark(b',') || t.mark(b')'))
                || self.is_apart(next)
                || self.at(next).is_some_and(|t| t.is(DIGIT) && !t.is_number() && t.is(SPACED) && t.len() < 5);
            if ends && DIGITS.contains(&digits) && GROUPS.contains(&(next - first)) {
                self.push(found, (first, last), Kind::Mrn, ListRule::NumberOfName, 0.75);
            }
        }
    }

    /// `maiden name Dorfman`, `née Dorfman`.
    pub(super) fn born(&self, at: usize, found: &mut Vec<Detection>) {
        let maiden = at > 0 && self.says(at, "name") && self.says(at - 1, "maiden");
        if !(maiden || self.says(at, "nee")) {
            return;
        }
        let from = at + 1 + usize::from(maiden && (self.mark(at + 1, b':') || self.says_any(at + 1, &["is", "was"])));
        let fits = self.at(from).is_some_and(|t| t.is(CAPITAL) && t.len() > 1 && self.can_be_name(t));
        if let Some(last) = self.name_from(from, 2).filter(|_| fits) {
            self.push(found, (from, last), Kind::Name, ListRule::Key, 0.85);
        }
    }

    /// `Jane Roe, M.D.`
    pub(super) fn before_dotted_credential(&self, at: usize, found: &mut Vec<Detection>) {
        const MOST: usize = 4;
        let part = |part: usize| {
            let at = at + part * 2;
            let close = part == 0 || self.at(at).is_some_and(|t| !t.is(SPACED));
            self.at(at).filter(|t| t.is_word() && t.len() < 3 && close && self.mark(at + 1, b'.'))
        };
        if !self.tokens[at].is(CAPITAL) || !self.tokens[at].is(SPACED) {
            return;
        }
        let parts: Vec<&Token> = (0..MOST).map_while(part).collect();
        let letters: Vec<u8> = parts.iter().flat_map(|t| self.word(t)).copied().collect();
        let hash = word_hash(&String::from_utf8_lossy(&letters));
        if parts.len() > 1 && self.lexicon.look_up(hash) & CREDENTIAL != 0 {
            self.named_before(at, found);
        }
    }

    /// `Jane Roe, MD`.
    pub(super) fn before_credential(&self, at: usize, found: &mut Vec<Detection>) {
        if at > 0 && !self.mark(at - 1, b',') && self.tokens[at].lexical & STATE_ABBR != 0 {
            return;
        }
        self.named_before(at, found);
    }

    /// The name that ends before a token, or before a comma there.
    fn named_before(&self, at: usize, found: &mut Vec<Detection>) {
        let Some(mut last) = at.checked_sub(1) else { return };
        if self.mark(last, b',') {
            last = last.saturating_sub(1);
        }
        let mut first = last;
        let mut words = 0;
        loop {
            let token = &self.tokens[first];
            let part = self.can_be_name(token) && token.is(CAPITAL) || self.is_initial(first);
            let joint =
                words > 0 && (token.mark(b'.') && first > 0 && self.is_initial(first - 1) || token.mark(b'-'));
            if !(part || joint) || words >= 4 {
                first += 1;
                break;
            }
            words += usize::from(part);
            if first == 0 {
                break;
            }
            first -= 1;
        }
        if words == 0 || first > last {
            return;
        }
        let pure = if words > 1 { Self::only_name_beside_another } else { Self::only_name };
        let telling = |t: &Token| pure(t) || t.lexical == 0 && t.is_title();
        let strong = self.tokens[first..=last].iter().any(telling);
        if strong {
            self.push(found, (first, last), Kind::ProviderName, ListRule::Credential, 0.9);
        }
    }
}
