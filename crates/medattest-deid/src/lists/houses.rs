//! Institutions, employers and schools.

use super::Reader;
use crate::detection::{Detection, ListRule};
use crate::kind::Kind;
use crate::lexicon::{
    CLINICAL, COMMON, COUNTY, DEMONYM, EMPLOYER_KEY, FACILITY_KEY, FACILITY_WORD, FIRST, FUNCTION, HOUSE_WORD, MONTH,
    NUMBERED, PLACE, PLACE_KEY, PROVIDER_TITLE, RELATION, STATE, SURNAME, TITLE, Table, WEEKDAY, WORK,
};
use crate::token::{CAPITAL, NEWLINE, Token, word_hash};

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
        // `Fick CO 4.1` is no company.
        if self.capitals && self.says(at, "co") && self.tokens[at].is_upper() {
            return;
        }
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

    /// `Employer: Silver Saddle Linen`, `Preschool (Little Steps)`, `Location: Northgate clinic`.
    pub(super) fn house_after_key(&self, at: usize, found: &mut Vec<Detection>) {
        if !(self.mark(at + 1, b':') || self.mark(at + 1, b'(') || self.mark(at + 1, b'=')) {
            return;
        }
        let (kind, any) = match self.leads_to_house(at) {
            flags if flags & EMPLOYER_KEY != 0 => (Kind::Employer, true),
            flags if flags & FACILITY_KEY != 0 => (Kind::Facility, true),
            flags if flags & PLACE_KEY != 0 => (Kind::Facility, false),
            _ => return,
        };
        if let Some(last) = self.house_from(at + 2)
            && !self.mark(last + 1, b':')
            && (any || last > at + 2 && self.tokens[last].lexical & FACILITY_WORD != 0)
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
            } else if words > 0 && token.is_lower() && token.lexical & FACILITY_WORD != 0 && !self.is_apart(at) {
                (last, suffix) = (Some(at), true);
                break;
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
    pub(super) fn is_apart(&self, at: usize) -> bool {
        let end = at.checked_sub(1).and_then(|before| self.at(before)).map_or(0, |before| before.end);
        self.at(at).is_some_and(|token| token.start - end > 1)
    }

    /// `UAW Local 1834`, `Grange No. 264`: a house that a number tells from others of its sort.
    pub(super) fn numbered_house(&self, at: usize, found: &mut Vec<Detection>) {
        if !self.tokens[at].is(CAPITAL) || self.leads_to_house(at) & NUMBERED == 0 {
            return;
        }
        let mut last = at + 1;
        if self.says(last, "no") {
            last += 1 + usize::from(self.mark(last + 1, b'.'));
        }
        last += usize::from(self.mark(last, b'#'));
        if !self.at(last).is_some_and(|t| t.is_number() && t.len() <= 5) {
            return;
        }
        let mut first = at;
        while let Some(before) = first.checked_sub(1)
            && at - before <= 4
            && self.can_be_of_house(&self.tokens[before])
            && !self.is_apart(first)
        {
            first = before;
        }
        // `Station 4` alone is a place within the house at hand.
        if first < at || self.tokens[last].len() > 1 {
            self.push(found, (first, last), Kind::Employer, ListRule::Facility, 0.75);
        }
    }

    /// `St. Casimir's`, `Our Lady of Prompt Succor`: houses that are named after saints, whatever they are.
    pub(super) fn saint(&self, at: usize, found: &mut Vec<Detection>) {
        const THINGS: [&str; 10] =
            ["solution", "wort", "dance", "fire", "day", "eve", "respiratory", "questionnaire", "cross", "sign"];
        // `St`, `Our`, `Saint`: most words are longer.
        if !self.capitals || self.tokens[at].len() > 5 {
            return;
        }
        let named = |at: usize| self.at(at).is_some_and(|t| t.is_word() && t.is_title());
        if self.says_any(at, &["st", "saint"]) {
            let name = at + 1 + usize::from(self.mark(at + 1, b'.'));
            let owns = named(name) && self.mark(name + 1, b'\'') && self.says(name + 2, "s");
            if owns && !self.says_any(name + 3, &THINGS) && !self.is_apart(name) {
                self.push(found, (at, name + 2), Kind::Facility, ListRule::Facility, 0.75);
            }
        } else if self.says(at, "our") && self.says(at + 1, "lady") && self.at(at + 1).is_some_and(|t| t.is(CAPITAL))
        {
            let the = |at: usize| at + 1 + usize::from(self.says(at + 1, "the"));
            let last = if self.says(at + 2, "of") && named(the(at + 2)) {
                let mut last = the(at + 2);
                while named(last + 1) && !self.is_apart(last + 1) && last < at + LONGEST {
                    last += 1;
                }
                last
            } else {
                at + 1
            };
            self.push(found, (at, last), Kind::Facility, ListRule::Facility, 0.75);
        }
    }

    /// A word that may belong to the name of a house it stands beside.
    fn can_be_of_house(&self, token: &Token) -> bool {
        token.is_word()
            && (token.is_title() || token.is_upper() && token.len() > 1)
            && token.lexical & (TITLE | PROVIDER_TITLE | RELATION | MONTH | WEEKDAY | FUNCTION) == 0
    }

    /// Takes what belongs to the name of a house to what was found of it: `Great Plains` before `Mobility Clinic`, `Our Lady
    /// of the` before `Pines Hospital`, `at Dunmore` behind it.
    pub(crate) fn grow_houses(&self, found: &mut [Detection]) {
        /// Words on either side.
        const MOST: usize = 4;
        if !self.capitals {
            return;
        }
        let part = |at: usize| {
            let token = &self.tokens[at];
            self.can_be_of_house(token) && (token.is_title() || token.lexical == 0 && token.len() < 5)
        };
        // The word that a joint binds to the name, going forwards or back.
        let behind = |at: usize| {
            let mut next = at + usize::from(self.says_any(at, &["of", "at", "and", "for"]) || self.mark(at, b'&'));
            next += usize::from(next > at && self.says(next, "the"));
            (next > at).then_some(next).filter(|next| self.at(*next).is_some_and(|t| t.is_title()) && part(*next))
        };
        let before = |at: usize| {
            let the = usize::from(at > 2 && self.says(at - 1, "the"));
            let joint = at.checked_sub(1 + the)?;
            (self.says_any(joint, &["of", "and", "for"]) || self.mark(joint, b'&'))
                .then(|| joint.checked_sub(1))
                .flatten()
                .filter(|word| self.tokens[*word].is_title() && part(*word) && !self.is_apart(joint))
        };
        for house in found.iter_mut().filter(|d| matches!(d.kind, Kind::Facility | Kind::Employer)) {
            let (start, end) = (self.token_from(house.start), self.token_from(house.end));
            let mut first = start;
            while let Some(word) = first
                .checked_sub(1)
                .filter(|word| part(*word) && !self.is_apart(first) && self.tokens[first].is_word())
                .or_else(|| before(first))
                && start - word <= MOST
            {
                first = word;
            }
            if first > 0
                && self.says(first, "lady")
                && self.says(first - 1, "our")
                && self.tokens[first - 1].is(CAPITAL)
            {
                first -= 1;
            }
            let mut next = end;
            while next < end + MOST
                && let Some(word) = Some(next)
                    .filter(|word| *word < self.tokens.len() && part(*word) && !self.is_apart(*word))
                    .or_else(|| behind(next))
            {
                next = word + 1;
            }
            house.start = house.start.min(self.tokens.get(first).map_or(house.start, |t| t.start as usize));
            house.end = house.end.max(next.checked_sub(1).map_or(house.end, |last| self.tokens[last].end as usize));
        }
    }

    /// Finds houses that were told in full by a part of their names, or by its first letters: `Calloway` and `CRMC` for
    /// `Calloway Ridge Medical Center`.
    pub(crate) fn echo_houses(&self, found: &mut Vec<Detection>) {
        const SURE: f32 = 0.75;
        if !self.capitals {
            return;
        }
        /// A word of a name, and its first letters.
        const WORD: u32 = 1;
        const LETTERS: u32 = 2;
        const HOUSES: usize = 1 << 6;
        let mut short = Table::new(HOUSES);
        for house in found.iter().filter(|d| matches!(d.kind, Kind::Facility | Kind::Employer) && d.score >= SURE) {
            let first = self.token_from(house.start);
            let words = self.tokens[first..].iter().take_while(|t| (t.end as usize) <= house.end);
            let words: Vec<&Token> = words.filter(|t| t.is_word() && t.is(CAPITAL)).collect();
            if words.len() < 2 {
                continue;
            }
            let plain = COMMON | CLINICAL | FUNCTION | HOUSE_WORD | STATE | DEMONYM | MONTH | WEEKDAY | TITLE;
            for word in words.iter().filter(|t| t.len() > 3 && t.lexical & plain == 0) {
                *short.entry(word.hash) |= WORD;
            }
            if (3..=5).contains(&words.len()) {
                let letters: Vec<u8> = words.iter().map(|t| self.text[t.start as usize]).collect();
                *short.entry(word_hash(&String::from_utf8_lossy(&letters))) |= LETTERS;
            }
        }
        if short.is_empty() {
            return;
        }
        for (at, token) in self.tokens.iter().enumerate().filter(|(_, t)| t.is_word() && t.is(CAPITAL)) {
            let told = if token.is_title() { WORD } else { 0 } | if token.is_upper() { LETTERS } else { 0 };
            if short.get(token.hash) & told != 0 {
                self.push(found, (at, at), Kind::Facility, ListRule::HouseAgain, 0.6);
            }
        }
    }
}
