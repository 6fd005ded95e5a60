//! Streets and places.

use super::Reader;
use crate::detection::{Detection, ListRule};
use crate::kind::Kind;
use crate::lexicon::{
    CLINICAL, COMMON, COUNTY, CREDENTIAL, DEMONYM, FIRST, FUNCTION, MONTH, PLACE, STATE, STATE_ABBR, STREET_WORD,
    SURNAME, WEEKDAY,
};
use crate::token::{CAPITAL, DIGIT, LOWER, NEWLINE, PUNCT, SPACED, Token, UPPER};

/// What doors are counted by.
const UNITS: [&str; 16] = [
    "apt",
    "apartment",
    "suite",
    "ste",
    "unit",
    "room",
    "rm",
    "floor",
    "fl",
    "bldg",
    "building",
    "flat",
    "lot",
    "trailer",
    "level",
    "bureau",
];
const FLOORS: [&str; 4] = ["floor", "fl", "flr", "level"];
/// Abbreviations of Australian states.
const AUSTRALIAN: [&str; 8] = ["vic", "nsw", "qld", "wa", "sa", "tas", "act", "nt"];

/// Parts of a house.
const SIDES: [&str; 6] = ["rear", "front", "upper", "lower", "upstairs", "downstairs"];

/// Whether a word ends so, in any case.
fn ends_with(word: &[u8], end: &[u8]) -> bool {
    word.len().checked_sub(end.len()).is_some_and(|at| word[at..].eq_ignore_ascii_case(end))
}

impl Reader<'_> {
    /// `12 Elm Street, Apt 4B`.
    pub(super) fn street(&self, at: usize, found: &mut Vec<Detection>) {
        const LONGEST: usize = 6;
        let token = &self.tokens[at];
        // `2.2 Abbott` goes on with a number.
        let decimals = at > 1 && !token.is(SPACED) && self.mark(at - 1, b'.') && self.tokens[at - 2].is(DIGIT);
        // `N7482 County Rd K`: a grid has a letter before.
        let byte = |at: usize| self.text[token.start as usize + at];
        let grid = token.len() > 3 && b"NSEW".contains(&byte(0)) && byte(1).is_ascii_digit();
        if token.len() > 6 || !(byte(0).is_ascii_digit() || grid) || decimals || self.is_ordinal(at) {
            return;
        }
        let mut last = None;
        let mut words = 0;
        let mut here = at + 1;
        while let Some(next) = self.at(here) {
            // The stop of an abbreviation, not that of a sentence.
            if next.mark(b'.') && words > 0 && !next.is(SPACED) && self.tokens[here - 1].len() < 5 || next.mark(b'-')
            {
                here += 1;
                continue;
            }
            if !next.is(DIGIT | LOWER | CAPITAL) || next.is(NEWLINE | PUNCT) || words >= LONGEST {
                break;
            }
            // `Pt` stands for the patient more often than for a point.
            let suffix = next.lexical & STREET_WORD != 0 && words > 0 && !self.says(here, "pt");
            if suffix && (next.is(CAPITAL) || self.tokens[at + 1].is_lower()) {
                last = Some(here);
            }
            let fits = next.is(CAPITAL) || next.is(DIGIT) || suffix || self.is_particle(here);
            let lower = next.is_lower() && words < 2 && next.lexical & (FUNCTION | CLINICAL) == 0;
            if !(fits || lower) {
                break;
            }
            words += 1;
            here += 1;
        }
        let Some(mut last) = last else { return };
        let named = &self.tokens[at + 1..last];
        // Several numbers are settings or sizes.
        if named.iter().filter(|t| t.is_number()).count() > 1 {
            return;
        }
        let other = |t: &Token| t.lexical & (CLINICAL | FUNCTION) != 0 && t.lexical & (FIRST | SURNAME | PLACE) == 0;
        // `55 wharf st`: short for a street and for little else.
        let short = token.len() > 1 && self.says_any(last, &["st", "ave", "rd", "blvd", "ln", "pkwy"]);
        let lower =
            named.iter().any(Token::is_lower) && !named.iter().any(|t| t.lexical & (SURNAME | PLACE) != 0) && !short;
        if named.iter().any(other) || lower || named.is_empty() {
            return;
        }
        let all_lower = self.tokens[last].is_lower();
        // Words such as `way` and `run` end ordinary sentences too.
        if all_lower && self.tokens[last].lexical & FUNCTION != 0 {
            return;
        }
        if self.mark(last + 1, b'.') {
            last += 1;
        }
        last = self.unit(last);
        let at = self.unit_before(at);
        self.push(found, (at, last), Kind::StreetAddress, ListRule::Street, if all_lower { 0.7 } else { 0.92 });
    }

    /// `on Washington St`, `off Elm Road`: a street without a number.
    pub(super) fn bare_street(&self, at: usize, found: &mut Vec<Detection>) {
        const LONGEST: usize = 3;
        const ENDS: [&str; 14] = [
            "st",
            "street",
            "ave",
            "avenue",
            "rd",
            "road",
            "blvd",
            "boulevard",
            "ln",
            "lane",
            "dr",
            "drive",
            "hwy",
            "highway",
        ];
        if !self.capitals || !self.says_any(at, &["on", "at", "off"]) {
            return;
        }
        let named = |at: usize| {
            self.at(at).is_some_and(|t| {
                (t.is_title() || self.is_ordinal(at)) && t.lexical & (MONTH | WEEKDAY | FUNCTION | CREDENTIAL) == 0
            })
        };
        let ends = |at: usize| named(at) && self.says_any(at, &ENDS);
        let Some(last) = (at + 2..=at + 1 + LONGEST).find(|last| ends(*last)) else { return };
        let dotted = usize::from(self.mark(last + 1, b'.'));
        // `at Mercy Dr. Roe`, `on Elm St Luke's`
        let goes_on = self.at(last + 1 + dotted).is_some_and(|t| t.is_title() && !t.is(NEWLINE));
        let short = self.tokens[last].len() < 3;
        if (at + 1..last).all(named) && !(short && goes_on) {
            self.push(found, (at + 1, last), Kind::StreetAddress, ListRule::Street, 0.75);
        }
    }

    /// The end of a direction or unit that follows a street.
    fn unit(&self, last: usize) -> usize {
        const DIRECTIONS: [&str; 8] = ["n", "s", "e", "w", "ne", "nw", "se", "sw"];
        let mut end = last;
        if self.says_any(end + 1, &DIRECTIONS) && self.tokens[end + 1].is_upper() {
            end += 1;
        }
        let mut at = end + 1;
        if self.mark(at, b',') {
            at += 1;
        }
        if self.says_any(at, &UNITS) {
            at += 1;
            while self.mark(at, b'.') || self.mark(at, b'#') {
                at += 1;
            }
            if self.at(at).is_some_and(|t| t.is(DIGIT) || t.len() == 1 && t.is(CAPITAL)) {
                // `Apt D-7`
                let second = self.mark(at + 1, b'-') && self.at(at + 2).is_some_and(|t| t.is(DIGIT) && !t.is(SPACED));
                return at + if second { 2 } else { 0 };
            }
        } else if self.mark(at, b'#') && self.at(at + 1).is_some_and(|t| t.is(DIGIT)) {
            return at + 1;
        } else if self.is_ordinal(at) && self.says_any(at + 1, &FLOORS) {
            let dotted = usize::from(self.mark(at + 2, b'.'));
            return at + 1 + dotted + usize::from(self.says_any(at + 2 + dotted, &SIDES));
        } else if at > end + 1 && self.says_any(at, &SIDES) {
            return at;
        }
        end
    }

    /// `3rd`, `2nd`.
    fn is_ordinal(&self, at: usize) -> bool {
        self.at(at).is_some_and(|t| {
            t.len() < 5
                && self.text[t.start as usize].is_ascii_digit()
                && [b"st", b"nd", b"rd", b"th"].iter().any(|end| ends_with(self.word(t), *end))
        })
    }

    /// The beginning of what stands before the number of a street and belongs to it: the whole of `417 1/2`, and units as in
    /// `Flat 3, 18 Alder Row` and `3rd Fl., 1400 Clipper Mill Rd`.
    fn unit_before(&self, number: usize) -> usize {
        let digits = |at: usize| self.at(at).is_some_and(|t| t.is(DIGIT) && t.len() <= 5);
        let mut first = number;
        if first > 2 && self.mark(first - 1, b'/') && self.says(first - 2, "1") && digits(first - 3) {
            first -= 3;
        }
        for _ in 0..2 {
            let Some(mut at) = first.checked_sub(1) else { break };
            if [b',', b'/', b'-'].iter().any(|mark| self.mark(at, *mark)) {
                at = at.saturating_sub(1);
            }
            let side = self.says_any(at, &SIDES);
            at = at.saturating_sub(usize::from(side));
            at = at.saturating_sub(usize::from(self.mark(at, b'.')));
            if at > 0 && self.says_any(at, &FLOORS) && self.is_ordinal(at - 1) {
                first = at - 1;
                continue;
            }
            let door = digits(at) || self.at(at).is_some_and(|t| t.len() == 1 && t.is(CAPITAL));
            let Some(mut unit) = at.checked_sub(1).filter(|_| door) else { break };
            let marked = self.mark(unit, b'#');
            while unit > 0 && (self.mark(unit, b'.') || self.mark(unit, b'#')) {
                unit -= 1;
            }
            if self.says_any(unit, &UNITS) {
                first = unit;
            } else if marked {
                first = at - 1;
            } else {
                break;
            }
        }
        first
    }

    /// `Friedhofstrasse 33`, `Rue de la Paix 12`.
    pub(super) fn foreign_street(&self, at: usize, found: &mut Vec<Detection>) {
        const ENDS: [&[u8]; 18] = [
            b"strasse", b"str", b"gasse", b"weg", b"platz", b"allee", b"vej", b"gade", b"gatan", b"gata", b"vagen",
            b"tie", b"katu", b"laan", b"straat", b"plein", b"veien", b"utca",
        ];
        const STARTS: [&str; 18] = [
            "rue",
            "via",
            "calle",
            "avenida",
            "rua",
            "ulica",
            "ul",
            "utca",
            "boulevard",
            "corso",
            "piazza",
            "plaza",
            "avda",
            "viale",
            "carrer",
            "chemin",
            "rang",
            "promenade",
        ];
        let token = &self.tokens[at];
        let number = |at: usize| self.at(at).is_some_and(|t| t.is(DIGIT) && t.len() <= 5 && !t.is(NEWLINE));
        let word = self.word(token);
        let ended = || ENDS.iter().any(|end| word.len() > end.len() + 3 && ends_with(word, end));
        if number(at + 1) && token.is_title() && token.lexical & (COMMON | CLINICAL) == 0 && ended() {
            let before = at.checked_sub(1).filter(|b| self.tokens[*b].is_number() && self.tokens[*b].len() <= 5);
            return self.push(found, (before.unwrap_or(at), at + 1), Kind::StreetAddress, ListRule::Street, 0.85);
        }
        // Most words have no name behind them.
        let named = |at: usize| {
            self.at(at).is_some_and(|t| t.is(CAPITAL) && t.is_word() || t.mark(b'.') || self.is_particle(at))
        };
        if named(at + 1) && self.says_any(at, &STARTS) {
            let mut here = at + 1;
            while here < at + 6 && named(here) {
                here += 1;
            }
            // `1031 Rue des Chênes`, `4150, rue Saint-Denis`
            let before = at.saturating_sub(1 + usize::from(at > 1 && self.mark(at - 1, b',')));
            // `BP 104/62 RUE, 108/60 RLE`, and `45 via Corpak`.
            let pressure = before > 0 && self.mark(before - 1, b'/');
            if self.says(at, "rue") && token.is_upper() && (self.capitals || pressure) {
                return;
            }
            let by_way_of = !token.is_title() && self.says(at, "via");
            if before < at && here > at + 1 && number(before) && !by_way_of {
                while self.mark(here, b'-') && self.at(here + 1).is_some_and(|t| t.is(CAPITAL)) {
                    here += 2;
                }
                return self.push(found, (before, here - 1), Kind::StreetAddress, ListRule::Street, 0.85);
            }
            if self.mark(here, b',') {
                here += 1;
            }
            if here > at + 1 && number(here) {
                self.push(found, (at, here), Kind::StreetAddress, ListRule::Street, 0.85);
            }
        }
    }

    /// `Springfield, IL`.
    pub(super) fn before_state(&self, at: usize, found: &mut Vec<Detection>) {
        let state = &self.tokens[at];
        let abbreviation = state.lexical & STATE_ABBR != 0 && state.is_upper() && state.len() == 2;
        if !(abbreviation || state.lexical & STATE != 0 && state.is(CAPITAL)) {
            return;
        }
        let Some(comma) = at.checked_sub(1) else { return };
        let Some(last) = (if self.mark(comma, b',') {
            comma.checked_sub(1)
        } else if abbreviation {
            Some(comma)
        } else {
            None
        }) else {
            return;
        };
        let zip = self.at(at + 1).is_some_and(|t| t.is_number() && t.len() == 5) && self.can_be_zip(at, at + 1);
        if !self.mark(comma, b',') && !zip {
            return;
        }
        let mut first = last;
        while let Some(token) = self.at(first) {
            if !(token.is_title()
                || token.is_upper() && token.len() > 2
                || (token.mark(b'.') || token.mark(b'-')) && first < last)
                || token.lexical & STREET_WORD != 0 && first < last && token.lexical & PLACE == 0
            {
                first += 1;
                break;
            }
            if last - first >= 3 || first == 0 {
                break;
            }
            first -= 1;
        }
        if first > last {
            return;
        }
        // States in a row: `Iowa, Maine and Oregon`.
        if !abbreviation && self.tokens[first..=last].iter().all(|t| t.lexical & STATE != 0) {
            return;
        }
        let known = self.tokens[first..=last].iter().any(|t| t.lexical & (PLACE | COUNTY) != 0);
        // `Interpreter (Tagalog, ID 88205)`
        if !known && self.tokens[first..=last].iter().any(|t| t.lexical & DEMONYM != 0) {
            return;
        }
        let credential = abbreviation && state.lexical & CREDENTIAL != 0;
        // `in Superior, Wisconsin`: a town that no list has, or that is an ordinary word too.
        let led = first.checked_sub(1).is_none_or(|before| {
            self.tokens[before].is(NEWLINE) || self.says_any(before, &["in", "of", "from", "near", "at", "to"])
        });
        let spelt = !abbreviation && led;
        if zip || known && !credential || spelt {
            self.push(found, (first, last), Kind::Place, ListRule::CityState, if zip { 0.95 } else { 0.88 });
        }
    }

    /// Whether five digits can be a postcode of the state before them: `ON 50000` is none, for those of Ontario are no numbers,
    /// nor is `DC 98941`, a chiropractor and what was done.
    fn can_be_zip(&self, state: usize, digits: usize) -> bool {
        let (Some(zip), Some(token)) = (self.at(digits), self.at(state)) else { return false };
        let letters = self.word(token);
        token.lexical & STATE_ABBR == 0
            || if token.lexical & CREDENTIAL == 0 {
                self.lexicon.has_zips(letters)
            } else {
                self.lexicon.is_of_state(self.word(zip), letters)
            }
    }

    /// Five digits after a state, or after a city and a state; four after an Australian one.
    pub(super) fn postcode(&self, at: usize, found: &mut Vec<Detection>) {
        let token = &self.tokens[at];
        if !(token.is_number() && matches!(token.len(), 4 | 5)) || at == 0 {
            return;
        }
        let before = &self.tokens[at - 1];
        if token.len() == 4 && !self.says_any(at - 1, &AUSTRALIAN) {
            return;
        }
        let state = before.lexical & (STATE_ABBR | STATE) != 0
            && before.is(CAPITAL)
            && (before.is_upper() || before.lexical & STATE != 0)
            && (token.len() == 4 || self.can_be_zip(at - 1, at));
        if !state {
            return;
        }
        let four = self.mark(at + 1, b'-')
            && self.at(at + 2).is_some_and(|t| t.is_number() && t.len() == 4 && !t.is(SPACED));
        self.push(found, (at, if four { at + 2 } else { at }), Kind::Zip, ListRule::Postcode, 0.93);
    }

    /// `Cook County`, `City of Salem`.
    pub(super) fn named_place(&self, at: usize, found: &mut Vec<Detection>) {
        let token = &self.tokens[at];
        if token.lexical & (COUNTY | PLACE) != 0 && token.is_word() {
            let mut next = at;
            while self.at(next + 1).is_some_and(|t| t.is_title() && t.lexical & (COUNTY | PLACE) != 0) {
                next += 1;
            }
            let county = self.says_any(next + 1, &["county", "parish", "township", "borough"]);
            if county && self.tokens[next + 1].is(CAPITAL) == token.is(CAPITAL) {
                return self.push(found, (at, next + 1), Kind::Place, ListRule::NamedPlace, 0.9);
            }
        }
        let of = at >= 2
            && self.says(at - 1, "of")
            && self.says_any(at - 2, &["city", "town", "village", "county", "township"]);
        if of && token.is_title() {
            let mut last = at;
            while self.at(last + 1).is_some_and(|t| t.is_title() && last < at + 2) {
                last += 1;
            }
            self.push(found, (at, last), Kind::Place, ListRule::NamedPlace, 0.85);
        }
    }

    /// `Edinburgh EH11 4TT`, `Ballarat VIC 3350`: a town before a postcode of another country.
    pub(super) fn before_foreign_postcode(&self, at: usize, found: &mut Vec<Detection>) {
        let token = &self.tokens[at];
        if !token.is(UPPER) || token.is(LOWER) || token.len() > 4 {
            return;
        }
        let close = |at: usize| self.at(at).filter(|t| t.is(SPACED) && !t.is(NEWLINE | PUNCT));
        // Letters, then a digit, then perhaps another or a letter; the second half is a digit and two letters.
        let british = token.is(DIGIT)
            && matches!(
                self.word(token),
                [b'A'..=b'Z', b'0'..=b'9', ..] | [b'A'..=b'Z', b'A'..=b'Z', b'0'..=b'9', ..]
            )
            && close(at + 1).is_some_and(|t| matches!(self.word(t), [b'0'..=b'9', b'A'..=b'Z', b'A'..=b'Z']));
        let australian =
            close(at + 1).is_some_and(|t| t.is_number() && t.len() == 4) && self.says_any(at, &AUSTRALIAN);
        let Some(mut last) = at.checked_sub(1) else { return };
        if !(british || australian) {
            return;
        }
        if self.mark(last, b',') {
            last = last.saturating_sub(1);
        }
        let mut first = last + 1;
        while first > 0 && last + 1 - first < 3 {
            let word = &self.tokens[first - 1];
            let state = word.is_upper() && word.len() < 4;
            let part = word.is_word() && word.is(CAPITAL) && !state && word.lexical & STREET_WORD == 0;
            let joint = word.mark(b'-') && first <= last;
            if !(part || joint) {
                break;
            }
            first -= 1;
        }
        if first <= last {
            self.push(found, (first, last), Kind::Place, ListRule::CityState, 0.85);
        }
    }
}
