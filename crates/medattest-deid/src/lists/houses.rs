//! Institutions, employers and schools.

use super::Reader;
use crate::detection::{Detection, ListRule};
use crate::kind::Kind;
use crate::lexicon::{
    CLINICAL, COMMON, COUNTY, EMPLOYER_KEY, FACILITY_KEY, FACILITY_WORD, FIRST, FUNCTION, HOUSE_WORD, MONTH, PLACE,
    PROVIDER_TITLE, RELATION, SURNAME, TITLE, WEEKDAY, WORK,
};
use crate::token::{CAPITAL, NEWLINE, Token};

/// How many words the name of a house may have.
const LONGEST: usize = 7;

impl Reader<'_> {
    /// `St. Mary's Hospital`, `Ridgeview Clinic`, `Tolman Industries`.
    pub(super) fn facility(&self, at: usize, found: &mut Vec<Detection>) {
        // The last word of the name tells; words before it may belong too.
        if self.at(at + 1).is_some_and(|t| t.is(CAPITAL) && t.lexical & HOUSE_WORD != 0) {
            return;
        }
        let mut first = at;
        let mut telling = false;
        while let Some(before) = first.checked_sub(1) {
            let token = &self.tokens[before];
            let dot = token.mark(b'.') && before > 0 && self.tokens[before - 1].len() < 3;
            let joint = (dot || token.mark(b'\'') || token.mark(b'-') || token.mark(b'&'))
                || self.says_any(before, &["of", "and", "the", "for", "s"]);
            let part = token.is_word() && token.is(CAPITAL) && token.lexical & (TITLE | MONTH | WEEKDAY) == 0;
            if !(part || joint) || at - before > 8 {
                break;
            }
            if part {
                // `EP lab`: short capitals that no list has are no name.
                let unlisted = token.lexical == 0 && !(token.is_upper() && token.len() < 5);
                let name = token.lexical & (FIRST | SURNAME | PLACE | COUNTY) != 0 || unlisted;
                let plain = token.lexical & (COMMON | CLINICAL | HOUSE_WORD) != 0;
                telling |= name && !plain || self.says(before, "st") || self.says(before, "saint");
            }
            first = before;
        }
        while first < at && (!self.tokens[first].is(CAPITAL) || self.tokens[first].lexical & FUNCTION != 0) {
            first += 1;
        }
        let facility = self.tokens[at].lexical & FACILITY_WORD != 0;
        if first < at && telling && (self.capitals || facility) {
            let kind = if facility { Kind::Facility } else { Kind::Employer };
            self.push(found, (first, at), kind, ListRule::Facility, 0.82);
        }
    }

    /// `works at Tolman Drilling`, `a pension from Bergen Paper Box`.
    pub(super) fn workplace(&self, at: usize, found: &mut Vec<Detection>) {
        // Looked at for every word, so what is quickest comes first.
        let token = &self.tokens[at];
        let named =
            self.at(at + 1).is_some_and(|next| next.is(CAPITAL) || next.len() < 4 && next.lexical & FUNCTION != 0);
        if !named || !(token.len() < 5 && token.lexical & FUNCTION != 0 || matches!(token.len(), 7..=9)) {
            return;
        }
        let soon = |back: usize| at.checked_sub(back).is_some_and(|before| self.leads_to_house(before) & WORK != 0);
        let joined = self.says_any(at, &["at", "for", "from", "with", "by"]) && (soon(1) || soon(2));
        if !(joined || self.says_any(at, &["attends", "attended", "attending"])) {
            return;
        }
        let from = at + 1 + usize::from(self.says_any(at + 1, &["the", "a"]));
        if let Some(last) = self.house_from(from) {
            self.push(found, (from, last), Kind::Employer, ListRule::Workplace, 0.75);
        }
    }

    /// `Employer: Silver Saddle Linen`, `Preschool (Little Steps)`.
    pub(super) fn house_after_key(&self, at: usize, found: &mut Vec<Detection>) {
        if !(self.mark(at + 1, b':') || self.mark(at + 1, b'(')) {
            return;
        }
        let kind = match self.leads_to_house(at) {
            flags if flags & EMPLOYER_KEY != 0 => Kind::Employer,
            flags if flags & FACILITY_KEY != 0 => Kind::Facility,
            _ => return,
        };
        if let Some(last) = self.house_from(at + 2)
            && !self.mark(last + 1, b':')
        {
            self.push(found, (at + 2, last), kind, ListRule::Facility, 0.75);
        }
    }

    /// What the lists say of a word that the name of a house may follow.
    fn leads_to_house(&self, at: usize) -> u32 {
        self.at(at).map_or(0, |token| self.lexicon.house_key(token.hash))
    }

    /// The last of capitalised words that name a house; none if they could be anything.
    fn house_from(&self, from: usize) -> Option<usize> {
        let first = self.at(from)?;
        if first.lexical & (TITLE | PROVIDER_TITLE | RELATION) != 0 || first.is(NEWLINE) {
            return None;
        }
        let (mut last, mut words, mut named, mut suffix) = (None, 0, false, false);
        let mut at = from;
        while let Some(token) = self.at(at).filter(|_| words < LONGEST) {
            if token.is_word() && token.is(CAPITAL) && token.lexical & (MONTH | WEEKDAY) == 0 {
                if words > 0 && self.is_apart(at) {
                    break;
                }
                let org = token.lexical & HOUSE_WORD != 0;
                suffix |= org && words > 0;
                named |= !org && token.lexical & (CLINICAL | FUNCTION) == 0 && token.len() > 2;
                words += 1;
                last = Some(at);
                at += 1;
            } else if words > 0
                && ([b'\'', b'-', b'&', b'.'].iter().any(|mark| token.mark(*mark))
                    || self.says_any(at, &["s", "of", "and", "the"]))
            {
                // A stop ends the sentence, but for `St.`; anything else must go on with a capital.
                if token.mark(b'.') && self.tokens[at - 1].len() > 2 {
                    break;
                }
                let next = at + 1 + usize::from(self.says(at + 1, "the") || self.says(at + 1, "s"));
                if !self.at(next).is_some_and(|t| t.is(CAPITAL) && t.is_word()) && !self.says(at, "s") {
                    break;
                }
                at += 1;
            } else {
                break;
            }
        }
        let last = last?;
        // One word that may be a person, or a service of the house itself.
        let person = words == 1 && first.lexical & FIRST != 0;
        (named && !person && (words > 1 || suffix || first.lexical & (COMMON | CLINICAL) == 0)).then_some(last)
    }

    /// Whether a gap as between columns stands before a token.
    fn is_apart(&self, at: usize) -> bool {
        let token = &self.tokens[at];
        let before = at.checked_sub(1).map_or(0, |before| self.tokens[before].end);
        token.start - before > 1
    }

    /// Takes capitalised words beside what was found of the name of a house to it: `Great Plains` before `Mobility Clinic`.
    pub(crate) fn grow_houses(&self, found: &mut [Detection]) {
        /// Words on either side.
        const MOST: usize = 3;
        if !self.capitals {
            return;
        }
        let part = |token: &Token| {
            token.is_word()
                && token.is_title()
                && token.lexical & (TITLE | PROVIDER_TITLE | RELATION | MONTH | WEEKDAY | FUNCTION) == 0
        };
        for house in found.iter_mut().filter(|d| matches!(d.kind, Kind::Facility | Kind::Employer)) {
            let place = |byte: usize| self.tokens.partition_point(|t| (t.start as usize) < byte);
            let (start, end) = (place(house.start), place(house.end));
            let mut first = start;
            while let Some(before) = first.checked_sub(1)
                && start - before <= MOST
                && part(&self.tokens[before])
                && !self.is_apart(first)
                && self.tokens[first].is_word()
            {
                first = before;
            }
            let mut next = end;
            while next < end + MOST && self.at(next).is_some_and(|t| part(t) && !self.is_apart(next)) {
                next += 1;
            }
            house.start = house.start.min(self.tokens.get(first).map_or(house.start, |t| t.start as usize));
            house.end = house.end.max(next.checked_sub(1).map_or(house.end, |last| self.tokens[last].end as usize));
        }
    }
}
