//! Rules over lists of names and places: what a careful reader sees without knowing the case.

mod ages;
mod days;
mod houses;
mod places;
mod signers;

use crate::detection::{Detection, Grounds, ListRule};
use crate::kind::Kind;
use crate::lexicon::{
    CLINICAL, COMMON, CREDENTIAL, DEMONYM, DEVICE_WORD, DRUG, EPONYM, FACILITY_WORD, FIRST, FIRST_COMMON, FUNCTION,
    HOUSE_WORD, Lexicon, MONTH, NAME_KEY, PLACE, PROVIDER_TITLE, RELATION, SCORE, STATE, STATE_ABBR, STREET_WORD,
    SURNAME, SURNAME_COMMON, TITLE, WEEKDAY,
};
use crate::token::{CAPITAL, DIGIT, NEWLINE, PUNCT, SPACED, Token};

/// Reads the tokens of one text by rules.
pub(crate) struct Reader<'a> {
    text: &'a [u8],
    tokens: &'a [Token],
    lexicon: &'a Lexicon,
    /// Whether capitals tell names from other words; they do not in headings and in what is shouted.
    pub(crate) capitals: bool,
}

/// Whether a word binds the parts of a name, in any case.
pub(crate) fn is_particle(word: &[u8]) -> bool {
    const LONGEST: usize = 5;
    const PARTICLES: [&str; 22] = [
        "de", "la", "del", "della", "di", "da", "dos", "van", "von", "der", "den", "bin", "al", "el", "le", "du",
        "ter", "ten", "st", "ibn", "des", "los",
    ];
    word.len() <= LONGEST && PARTICLES.iter().any(|particle| word.eq_ignore_ascii_case(particle.as_bytes()))
}

/// A common first name or surname.
const COMMON_NAME: u32 = FIRST_COMMON | SURNAME_COMMON;

/// Titles that are nothing else.
const SHORT_TITLES: [&str; 5] = ["dr", "mr", "mrs", "ms", "prof"];

/// Whether a word has a capital within, as products have and few names of people.
pub(crate) fn is_product(word: &[u8]) -> bool {
    const NAMES: [&[u8]; 16] = [
        b"Mc", b"Mac", b"De", b"Di", b"Da", b"Du", b"La", b"Le", b"Van", b"Von", b"Fitz", b"O", b"St", b"El", b"Al",
        b"Ap",
    ];
    word.iter().all(u8::is_ascii_alphanumeric)
        && word.windows(2).enumerate().any(|(at, two)| {
            two[0].is_ascii_lowercase() && two[1].is_ascii_uppercase() && !NAMES.contains(&&word[..=at])
        })
}

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &'a str, tokens: &'a [Token], lexicon: &'a Lexicon) -> Self {
        // Words that bind others have no capital within a sentence.
        let binds = |two: &&[Token]| two[1].lexical & FUNCTION != 0 && two[0].is_word() && two[1].len() > 1;
        let (mut small, mut large) = (0u32, 0u32);
        for two in tokens.windows(2).filter(binds).take(200) {
            *(if two[1].is(CAPITAL) { &mut large } else { &mut small }) += 1;
        }
        Self { text: text.as_bytes(), tokens, lexicon, capitals: large <= small + 1 }
    }

    /// Adds what the rules find.
    pub(crate) fn find(&self, found: &mut Vec<Detection>) {
        /// What the lists say of words in small letters that a rule begins with.
        const TELLING: u32 = TITLE | PROVIDER_TITLE | NAME_KEY | RELATION | FIRST | SURNAME;
        /// Words that may be initials, or half a postcode.
        const SHORT: usize = 3;
        let tokens = self.tokens;
        let mut at = 0;
        while at < tokens.len() {
            let token = &tokens[at];
            if token.is(NEWLINE | PUNCT) {
                at += 1;
                continue;
            }
            let lexical = token.lexical;
            if token.is(DIGIT) {
                self.street(at, found);
                self.postcode(at, found);
                self.day_of_month(at, found);
                self.before_foreign_postcode(at, found);
            } else if lexical & TELLING == 0
                && !token.is(CAPITAL)
                && token.len() > SHORT
                && !at.checked_sub(1).is_some_and(|before| tokens[before].is(DIGIT))
            {
                // Most words: only what stands beside them may tell something.
                if self.capitals {
                    self.workplace(at, found);
                    self.house_after_key(at, found);
                }
            } else {
                if lexical & (TITLE | PROVIDER_TITLE) != 0 {
                    self.after_title(at, found);
                }
                if lexical & (NAME_KEY | RELATION | PROVIDER_TITLE) != 0 {
                    self.after_key(at, found);
                }
                if lexical & (RELATION | NAME_KEY) != 0 {
                    self.after_relation(at, found);
                }
                if lexical & NAME_KEY != 0 || token.len() == 3 {
                    self.born(at, found);
                }
                if lexical & (FIRST | SURNAME) != 0 {
                    self.full_name(at, found);
                    self.speaker(at, found);
                }
                if lexical & CREDENTIAL != 0 && token.is_upper() {
                    self.before_credential(at, found);
                }
                if lexical & (STATE | STATE_ABBR) != 0 {
                    self.before_state(at, found);
                }
                if lexical & HOUSE_WORD != 0 && token.is(CAPITAL) {
                    self.facility(at, found);
                }
                if self.capitals {
                    self.workplace(at, found);
                    self.house_after_key(at, found);
                    self.numbered_house(at, found);
                }
                if token.len() <= SHORT {
                    self.initials(at, found);
                    self.initial_and_surname(at, found);
                    self.before_dotted_credential(at, found);
                    self.before_foreign_postcode(at, found);
                    self.bare_street(at, found);
                }
                if token.is(CAPITAL) {
                    self.named_place(at, found);
                    self.saint(at, found);
                    self.row_name(at, found);
                }
                if token.is(CAPITAL) || at > 0 && tokens[at - 1].is(DIGIT) {
                    self.foreign_street(at, found);
                }
            }
            at += 1;
        }
    }

    fn at(&self, at: usize) -> Option<&'a Token> {
        self.tokens.get(at)
    }

    /// The first token that begins at a byte or behind it.
    fn token_from(&self, byte: usize) -> usize {
        self.tokens.partition_point(|token| (token.start as usize) < byte)
    }

    /// Whether nothing stands before a token on its line.
    fn begins_line(&self, at: usize) -> bool {
        at.checked_sub(1).is_none_or(|before| self.tokens[before].is(NEWLINE))
    }

    fn word(&self, token: &Token) -> &'a [u8] {
        &self.text[token.start as usize..token.end as usize]
    }

    fn says(&self, at: usize, word: &str) -> bool {
        self.at(at).is_some_and(|t| self.word(t).eq_ignore_ascii_case(word.as_bytes()))
    }

    fn says_any(&self, at: usize, words: &[&str]) -> bool {
        words.iter().any(|word| self.says(at, word))
    }

    fn mark(&self, at: usize, mark: u8) -> bool {
        self.at(at).is_some_and(|t| t.mark(mark))
    }

    fn push(
        &self,
        found: &mut Vec<Detection>,
        (first, last): (usize, usize),
        kind: Kind,
        rule: ListRule,
        score: f32,
    ) {
        let (Some(from), Some(to)) = (self.at(first), self.at(last)) else { return };
        found.push(Detection {
            start: from.start as usize,
            end: to.end as usize,
            kind,
            score,
            by: Grounds::List(rule),
            also: 0,
            called: None,
        });
    }

    /// A word that may be part of a name where a name is expected.
    fn can_be_name(&self, token: &Token) -> bool {
        const NEVER: u32 = FUNCTION | CREDENTIAL | TITLE | MONTH | WEEKDAY | DRUG | SCORE;
        if !token.is_word() || is_product(self.word(token)) {
            return false;
        }
        let named = token.lexical & (FIRST | SURNAME) != 0;
        if token.lexical & NEVER != 0 && !(named && token.is_title()) {
            return false;
        }
        // A listed clinical or ordinary word is a name only if the lists of names know it and it is capitalised.
        if token.lexical & (CLINICAL | COMMON | NAME_KEY | RELATION | PROVIDER_TITLE) != 0 {
            return named && token.is(CAPITAL);
        }
        token.is(CAPITAL) || named
    }

    /// A name that is nothing else.
    fn only_name(token: &Token) -> bool {
        token.lexical & (FIRST | SURNAME) != 0
            && token.lexical & (COMMON | CLINICAL | FUNCTION | EPONYM | DRUG | MONTH | WEEKDAY | STATE | DEMONYM) == 0
    }

    /// A name that is nothing else, or a common one that things of medicine are called by too: beside another name it is one.
    fn only_name_beside_another(token: &Token) -> bool {
        let lexical = token.lexical & if token.lexical & COMMON_NAME != 0 { !EPONYM } else { !0 };
        Self::only_name(&Token { lexical, ..*token })
    }

    fn is_initial(&self, at: usize) -> bool {
        self.at(at).is_some_and(|t| t.len() == 1 && t.is(CAPITAL))
    }

    fn is_particle(&self, at: usize) -> bool {
        self.at(at).is_some_and(|t| is_particle(self.word(t)))
    }

    fn is_suffix(&self, at: usize) -> bool {
        self.says_any(at, &["jr", "sr", "ii", "iii", "iv"])
    }

    /// The last token of a name that begins at `from`; none if there is none. At most `most` words.
    fn name_from(&self, from: usize, most: usize) -> Option<usize> {
        let mut last = None;
        let mut words = 0;
        let mut at = from;
        while let Some(token) = self.at(at) {
            if words > 0 && token.is(NEWLINE) {
                break;
            }
            if self.is_initial(at) {
                words += 1;
                last = Some(if self.mark(at + 1, b'.') { at + 1 } else { at });
                at = last.unwrap_or(at) + 1;
            } else if words > 0 && self.is_suffix(at) {
                last = Some(if self.mark(at + 1, b'.') { at + 1 } else { at });
                break;
            } else if self.can_be_name(token) && words < most {
                words += 1;
                last = Some(at);
                at += 1;
            } else if self.is_particle(at)
                && self.at(at + 1).is_some_and(|t| t.is(CAPITAL) && t.is_word() || self.is_particle(at + 1))
            {
                at += 1;
            } else if words > 0
                && token.mark(b'-')
                && !token.is(SPACED)
                && self
                    .at(at + 1)
                    .is_some_and(|t| t.is_word() && !t.is(SPACED) && t.is(CAPITAL) == self.tokens[at - 1].is(CAPITAL))
            {
                last = Some(at + 1);
                at += 2;
            } else if words > 0
                && token.mark(b'"')
                && self.at(at + 1).is_some_and(|t| t.is(CAPITAL))
                && self.mark(at + 2, b'"')
            {
                at += 3;
            } else {
                break;
            }
        }
        last
    }

    fn after_title(&self, at: usize, found: &mut Vec<Detection>) {
        let token = &self.tokens[at];
        let provider = token.lexical & PROVIDER_TITLE != 0;
        let dotted = self.mark(at + 1, b'.');
        // `Thank you, sir.` ends a sentence; `7.5 Fr` is a size.
        let whole = token.lexical & COMMON != 0 && (token.len() > 4 || self.says(at, "sir"));
        let before = at.checked_sub(1);
        let counted =
            before.is_some_and(|before| self.tokens[before].is_number()) && self.says_any(at, &["fr", "ms"]);
        // `MILD MR. ASO 800`: the mitral valve.
        let valve = self.says(at, "mr")
            && before
                .is_some_and(|before| self.says_any(before, &["mild", "moderate", "severe", "trace", "no", "and"]));
        if dotted && whole || counted || valve {
            return;
        }
        let from = if dotted { at + 2 } else { at + 1 };
        // `Dr. van der Berg`: what follows the particles tells.
        let particles = (from..).take_while(|at| self.is_particle(*at)).count();
        let named = self.at(from + particles).filter(|t| particles > 0 && t.is(CAPITAL) && self.can_be_name(t));
        let Some(first) = named.or_else(|| self.at(from)).filter(|t| !t.is(NEWLINE)) else { return };
        // `MR C-spine`: an image.
        if !dotted && first.len() == 1 && self.mark(from + 1, b'-') {
            return;
        }
        // `SURGEON          ANES`: heads of columns.
        let listed = first.lexical & (FIRST | SURNAME) != 0;
        if first.is_upper() && !dotted && self.is_apart(from) && (token.is_upper() || !listed) {
            return;
        }
        // `MS Contin`, `Dr. Scholl`: a brand as a whole.
        if token.lexical & first.lexical & DEVICE_WORD != 0 {
            return;
        }
        let capital = token.is(CAPITAL) || dotted;
        let only = self.can_only_be_name(at, first);
        // `dr smith` in lower case: only a word that is a name and nothing else.
        let fits = if first.is(CAPITAL) {
            (self.can_be_name(first) || self.is_initial(from) || only) && (token.is_lower() || capital)
        } else {
            Self::only_name(first) && first.len() > 2 && token.lexical & COMMON == 0
        };
        if !fits || first.lexical & (TITLE | PROVIDER_TITLE) != 0 && first.lexical & (FIRST | SURNAME) == 0 {
            return;
        }
        // Titles such as `physician` are also ordinary words: then the name must be one by the lists.
        let plain = token.lexical & COMMON != 0 && token.is_lower();
        if plain && first.lexical & (FIRST | SURNAME) == 0 {
            return;
        }
        // `RN PCCN-K`: more letters behind those of a profession.
        let letters = token.lexical & CREDENTIAL != 0 && first.is_upper() && (!listed || first.lexical & COMMON != 0);
        if letters && self.capitals {
            return;
        }
        // `Consultant Oncoplastic Surgeon`: what the profession is of.
        if !listed && self.at(from + 1).is_some_and(|t| t.lexical & PROVIDER_TITLE != 0 && !t.is_upper()) {
            return;
        }
        if let Some(last) = self.name_from(from, 4).or_else(|| only.then_some(from)) {
            // `HIS FATHER A LOOSE TOOTH`
            if last == from && first.len() == 1 && !self.says_any(at, &SHORT_TITLES) {
                return;
            }
            let kind = if provider { Kind::ProviderName } else { Kind::Name };
            let score = if plain { 0.75 } else { 0.93 };
            self.push(found, (from, self.with_surname(from, last)), kind, ListRule::Title, score);
            if self.says_any(at, &["drs", "messrs"]) {
                self.others(last, kind, found);
            }
        }
    }

    /// The end of a name with the word behind its initials, which may be an ordinary one: `John Q. Public Jr.`
    fn with_surname(&self, first: usize, last: usize) -> usize {
        const OTHER: u32 = FUNCTION | CREDENTIAL | TITLE | PROVIDER_TITLE | MONTH | WEEKDAY;
        let initial = last - usize::from(self.mark(last, b'.'));
        let next = last + 1;
        let surname = self.at(next).is_some_and(|t| t.is_title() && t.lexical & OTHER == 0);
        if !(initial > first && self.is_initial(initial) && surname && !self.is_apart(next)) {
            return last;
        }
        let end = if self.is_suffix(next + 1) { next + 1 } else { next };
        end + usize::from(end > next && self.mark(end + 1, b'.'))
    }

    /// The other names behind a title of several: `Drs. Smith, Lee and Jones`.
    fn others(&self, mut last: usize, kind: Kind, found: &mut Vec<Detection>) {
        let joint =
            |at: usize| self.mark(at, b',') || self.mark(at, b'&') || self.mark(at, b'/') || self.says(at, "and");
        while joint(last + 1) {
            let from = last + 2 + usize::from(joint(last + 2));
            let fits = self.at(from).is_some_and(|t| t.is(CAPITAL) && self.can_be_name(t));
            let Some(end) = self.name_from(from, 3).filter(|_| fits) else { return };
            self.push(found, (from, end), kind, ListRule::Title, 0.85);
            last = end;
        }
    }

    /// Whether a word that is also an ordinary one can only be a name behind such a title: `Dr. Brick's office`.
    fn can_only_be_name(&self, title: usize, word: &Token) -> bool {
        const OTHER: u32 = FUNCTION | CLINICAL | TITLE | PROVIDER_TITLE | CREDENTIAL | MONTH | WEEKDAY | NAME_KEY;
        self.capitals
            && self.tokens[title].is_title()
            && self.says_any(title, &SHORT_TITLES)
            && word.is_title()
            && word.lexical & OTHER == 0
    }

    /// `Patient: Jane Roe`, `NAME=Roe, Jane`.
    fn after_key(&self, at: usize, found: &mut Vec<Detection>) {
        let mut colon = at + 1;
        while self.mark(colon, b'\'') || self.mark(colon, b'"') || self.says(colon, "s") || self.mark(colon, b')') {
            colon += 1;
        }
        if self.says_any(colon, &["name", "named", "contact", "by"]) {
            colon += 1;
        }
        if !(self.mark(colon, b':') || self.mark(colon, b'=') || self.mark(colon, b'|')) {
            return;
        }
        let mut from = colon + 1;
        while [b'"', b'*', b'|', b'['].iter().any(|mark| self.mark(from, *mark)) {
            from += 1;
        }
        if self.at(from).is_some_and(|t| t.lexical & (TITLE | PROVIDER_TITLE) != 0) {
            from += 1 + usize::from(self.mark(from + 1, b'.'));
        }
        let fits = |at: usize| {
            self.at(at).is_some_and(|t| t.len() > 1 && self.can_be_name(t) && (t.is(CAPITAL) || Self::only_name(t)))
        };
        let after_initial = from + 1 + usize::from(self.mark(from + 1, b'.'));
        let after_particle = from + 1 + usize::from(self.is_particle(from + 1));
        if !(fits(from)
            || self.is_initial(from) && fits(after_initial)
            || self.is_particle(from)
                && self.at(after_particle).is_some_and(|t| t.is(CAPITAL))
                && fits(after_particle))
        {
            return;
        }
        // `Counselor: May I send`: a question.
        if self.says_any(from, &["may", "will"])
            && self.at(from + 1).is_some_and(|t| t.is_lower() || self.says(from + 1, "i"))
        {
            return;
        }
        // Another key, such as `Name: Date of birth:`, is no name.
        let Some(mut last) = self.name_from(from, 4) else { return };
        if self.mark(last + 1, b':') {
            return;
        }
        // Nor is `Interpreter: Cornish`, or the beginning of `Attention: Prior Authorization`.
        let only = self.tokens[from].lexical;
        let tongue = |at: usize| self.at(at).is_some_and(|t| t.lexical & DEMONYM != 0);
        let language = self.says(at, "interpreter") && (tongue(from) || tongue(last));
        // `TO: UHC`: a few letters that no list of names has.
        let letters = self.capitals
            && self.tokens[from].is_upper()
            && self.tokens[from].len() < 5
            && only & (FIRST | SURNAME) == 0
            && self.says_any(at, &["to", "from", "attn", "attention", "re"]);
        let phrase = only & COMMON != 0 && self.at(last + 1).is_some_and(|t| t.is_title() && t.lexical & COMMON != 0);
        if language || last == from && (phrase || letters) {
            return;
        }
        if last == from
            && self.mark(last + 1, b',')
            && self.at(last + 2).is_some_and(|t| !t.is(NEWLINE))
            && fits(last + 2)
            && let Some(further) = self.name_from(last + 2, 3)
        {
            last = further;
        }
        let provider = self.tokens[at].lexical & (PROVIDER_TITLE | CREDENTIAL) != 0;
        let kind = if provider { Kind::ProviderName } else { Kind::Name };
        self.push(found, (from, last), kind, ListRule::Key, 0.9);
    }

    /// `her daughter Mary`, `wife, Ann Lee`, `the patient Jane`.
    fn after_relation(&self, at: usize, found: &mut Vec<Detection>) {
        let mut from = at + 1;
        if self.mark(from, b',') || self.mark(from, b'(') || self.says(from, "named") || self.says(from, "is") {
            from += 1;
        }
        let Some(first) = self.at(from) else { return };
        let fits = if self.tokens[at].lexical & RELATION != 0 {
            first.is_title() && first.lexical & FIRST != 0 || first.is_lower() && Self::only_name(first)
        } else {
            let patient = self.says_any(at, &["patient", "pt"]) && !self.tokens[at].is_upper();
            patient && first.is_title() && first.lexical & FIRST != 0 && Self::only_name_beside_another(first)
        };
        if fits
            && first.lexical & (FUNCTION | MONTH | WEEKDAY | CLINICAL) == 0
            && let Some(last) = self.name_from(from, 3)
        {
            let score = if first.is(CAPITAL) { 0.85 } else { 0.6 };
            self.push(found, (from, last), Kind::Name, ListRule::Relation, score);
        }
    }

    /// A first name beside a surname, either way round.
    fn full_name(&self, at: usize, found: &mut Vec<Detection>) {
        let token = &self.tokens[at];
        if at > 0
            && self.tokens[at - 1].is_word()
            && self.tokens[at - 1].lexical & FIRST != 0
            && !self.tokens[at - 1].is(NEWLINE)
            && self.tokens[at - 1].is_title()
            && token.is_title()
            && self.tokens[at - 1].lexical & (COMMON | CLINICAL) == 0
        {
            return; // told already from the name before
        }
        let mut next = at + 1;
        let comma = self.mark(next, b',');
        if comma {
            next += 1;
        } else if self.is_initial(next) {
            next += 1 + usize::from(self.mark(next + 1, b'.'));
        }
        let Some(second) = self.at(next).filter(|t| t.is_word() && t.len() > 1) else { return };
        let (first, last) = if comma { (second, token) } else { (token, second) };
        // `MA`, `QI, ZA`, and the heads of a calendar.
        let short = |token: &Token| token.is_upper() && token.len() == 2;
        if short(second) && (second.lexical & STATE_ABBR != 0 || comma && short(token))
            || token.len() < 4 && second.len() < 4 && self.is_apart(next)
        {
            return;
        }
        // `San Francisco` is told with the places.
        let town = self.says_any(at, &["san", "santa", "los", "las", "el"]);
        if town && token.lexical & second.lexical & PLACE != 0 {
            return;
        }
        let listed = first.lexical & FIRST != 0 && last.lexical & SURNAME != 0;
        let odd = first.lexical & FIRST != 0 && last.lexical == 0 && last.is_title() && !comma;
        if !(listed || odd) {
            return;
        }
        let dressed = |t: &Token| t.is_title() || t.is_upper() && t.len() > 1;
        let pure = if comma { Self::only_name } else { Self::only_name_beside_another };
        let score = if dressed(first) && dressed(last) && (first.is_title() == last.is_title() || comma) {
            let against = FUNCTION | CREDENTIAL | DRUG | DEVICE_WORD | SCORE | STATE | FACILITY_WORD | STREET_WORD;
            if (first.lexical | last.lexical) & against & !(if pure(first) || pure(last) { STREET_WORD } else { 0 })
                != 0
            {
                return;
            }
            match (pure(first), pure(last)) {
                (true, true) => 0.92,
                (true, false) | (false, true) if (first.lexical | last.lexical) & CLINICAL == 0 => 0.8,
                _ => return,
            }
        } else if !comma && first.is_lower() && last.is_lower() && next == at + 1 {
            if !(pure(first) && pure(last) && first.lexical & FIRST_COMMON != 0 && last.lexical & SURNAME_COMMON != 0)
            {
                return;
            }
            0.7
        } else {
            return;
        };
        if let Some(last) = self.name_from(at, 5).filter(|last| *last >= next).or(Some(next)) {
            self.push(found, (at, last), Kind::Name, ListRule::FullName, score);
        }
        // `Bill and Sue Anderson`
        let joined = at > 1 && (self.says(at - 1, "and") || self.mark(at - 1, b'&'));
        let before = |at: usize| {
            let token = &self.tokens[at];
            token.is_title() && token.lexical & FIRST != 0 && token.lexical & (FUNCTION | CLINICAL | MONTH) == 0
        };
        if joined && !comma && token.is_title() && before(at - 2) {
            self.push(found, (at - 2, at - 2), Kind::Name, ListRule::FullName, 0.75);
        }
    }
}
