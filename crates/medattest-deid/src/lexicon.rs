//! What lists say of a word: a name, a place, an ordinary word, a drug. One look-up a word.

use std::collections::BTreeSet;

use crate::error::LoadError;
use crate::looks::{Counts, Looks};
use crate::resources::Resources;
use crate::token::{Token, word_hash};

macro_rules! flags {
    ($($(#[doc = $doc:literal])* $name:ident,)*) => { flags!(@ 0; $($(#[doc = $doc])* $name,)*); };
    (@ $bit:expr; $(#[doc = $doc:literal])* $name:ident, $($rest:tt)*) => {
        $(#[doc = $doc])* pub(crate) const $name: u32 = 1 << ($bit);
        flags!(@ $bit + 1; $($rest)*);
    };
    (@ $bit:expr;) => {};
}

flags! {
    /// First name borne by women.
    FIRST_F,
    /// First name borne by men.
    FIRST_M,
    /// First name that is common.
    FIRST_COMMON,
    /// Surname.
    SURNAME,
    /// Surname that is common.
    SURNAME_COMMON,
    /// City, town or neighbourhood; the first word of it where it has several.
    PLACE,
    /// County.
    COUNTY,
    /// State, province or country by its full name.
    STATE,
    /// Postal abbreviation of a state.
    STATE_ABBR,
    /// Country.
    COUNTRY,
    /// Nationality or people.
    DEMONYM,
    /// Ordinary English word.
    COMMON,
    /// Word of clinical notes.
    CLINICAL,
    /// Drug.
    DRUG,
    /// Name of a person or place that stands for a disease, a device or a sign; with `CLINICAL` where it is used so here.
    EPONYM,
    /// Score, trial, journal or guideline.
    SCORE,
    /// Device, maker or model.
    DEVICE_WORD,
    /// Word that ends the name of a street.
    STREET_WORD,
    /// Word in the name of a hospital and the like.
    FACILITY_WORD,
    /// Word in the name of a company.
    COMPANY_WORD,
    /// Word in the name of a school.
    SCHOOL_WORD,
    /// Month.
    MONTH,
    /// Day of the week.
    WEEKDAY,
    /// Title before a name, such as Mr.
    TITLE,
    /// Title of a professional, such as Dr.
    PROVIDER_TITLE,
    /// Letters after a name, such as MD.
    CREDENTIAL,
    /// Word for a relative.
    RELATION,
    /// Word that a name or a value follows, such as `patient` or `name`.
    NAME_KEY,
    /// A word of the language that binds others, such as `the`.
    FUNCTION,
    /// First word of several that make an entry.
    PHRASE,
    /// Last word of a context of a recognizer.
    CONTEXT,
    /// Some pattern can begin with this word.
    STARTS_PATTERN,
}

/// Either kind of first name.
pub(crate) const FIRST: u32 = FIRST_F | FIRST_M;

/// Word in the name of a hospital, a company or a school.
pub(crate) const HOUSE_WORD: u32 = FACILITY_WORD | COMPANY_WORD | SCHOOL_WORD;

/// What somebody does at, for or with an employer or a school.
pub(crate) const WORK: u32 = 1;
/// Key that the name of an employer or a school follows.
pub(crate) const EMPLOYER_KEY: u32 = 2;
/// Key that the name of a hospital and the like follows.
pub(crate) const FACILITY_KEY: u32 = 4;
/// What a number tells from others of its sort, such as `Local` of a union.
pub(crate) const NUMBERED: u32 = 8;
/// Key that any place follows, that of a hospital and the like among them.
pub(crate) const PLACE_KEY: u32 = 16;

/// Numbers by hash of a word. Open addressing; a slot keeps the upper half of the hash, which is never 0, so that a word
/// that no list has is taken for another about once in two thousand million.
pub(crate) struct Table {
    slots: Vec<(u32, u32)>,
    mask: usize,
    /// The hashes whole, for when the table grows.
    keys: Vec<u64>,
}

impl Table {
    /// An empty table of so many slots, a power of two; it grows when half of them are used.
    pub(crate) fn new(slots: usize) -> Self {
        Self { slots: vec![(0, 0); slots], mask: slots - 1, keys: Vec::new() }
    }

    /// Whether no word has a number.
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Takes all numbers away; the room stays. What came last goes first, so that no search ends too soon.
    pub(crate) fn clear(&mut self) {
        while let Some(key) = self.keys.pop() {
            let at = self.slot(key);
            self.slots[at] = (0, 0);
        }
    }

    /// The number of a word, 0 where it has none.
    #[inline]
    pub(crate) fn get(&self, key: u64) -> u32 {
        // An empty slot has the number 0.
        self.slots[self.slot(key)].1
    }

    /// Where a word is, or would be.
    fn slot(&self, key: u64) -> usize {
        let own = (key >> 32) as u32;
        let mut at = key as usize & self.mask;
        while self.slots[at].0 != own && self.slots[at].0 != 0 {
            at = (at + 1) & self.mask;
        }
        at
    }

    /// The number of a word, to be changed; 0 where it had none.
    pub(crate) fn entry(&mut self, key: u64) -> &mut u32 {
        let mut at = self.slot(key);
        if self.slots[at].0 == 0 {
            self.keys.push(key);
            if self.keys.len() * 2 > self.slots.len() {
                self.grow();
                at = self.slot(key);
            }
            self.slots[at].0 = (key >> 32) as u32;
        }
        &mut self.slots[at].1
    }

    fn grow(&mut self) {
        let mut larger = Self::new(self.slots.len() * 2);
        for key in &self.keys {
            let at = larger.slot(*key);
            larger.slots[at] = ((key >> 32) as u32, self.get(*key));
        }
        (self.slots, self.mask) = (larger.slots, larger.mask);
    }
}

/// What the lists say of words, and of entries of several words by the hash of their hashes.
pub(crate) struct Lexicon {
    words: Table,
    phrases: Table,
    /// One bit for each two words that a phrase begins with, by the upper half of their hash: most two begin none, and this
    /// memory is near.
    pairs: Vec<u64>,
    house_keys: Table,
    looks: Looks,
    /// The state that most ZIP codes with these first three digits are in.
    states_of_zip3: Vec<[u8; 2]>,
}

/// Bits that tell with which two words a phrase begins.
const PAIRS: usize = 1 << 20;

/// The word and the bit of a pair.
#[inline]
fn pair_bit(hash: u64) -> (usize, u64) {
    let bit = (hash >> 40) as usize & (PAIRS - 1);
    (bit / 64, 1 << (bit % 64))
}

/// What was said of words that were met, each in the one place that its hash tells: most words of a text are few, and this
/// memory is near.
pub(crate) struct Met(Vec<(u64, u32)>);

impl Default for Met {
    fn default() -> Self {
        Self(vec![(0, 0); 1 << Self::BITS])
    }
}

impl Met {
    const BITS: u32 = 15;

    #[inline]
    fn look_up(&mut self, key: u64, look_up: impl FnOnce(u64) -> u32) -> u32 {
        let met = &mut self.0[(key >> (u64::BITS - 1 - Self::BITS)) as usize & ((1 << Self::BITS) - 1)];
        if met.0 != key {
            *met = (key, look_up(key));
        }
        met.1
    }
}

/// The words of an entry or a phrase. An apostrophe belongs to its word.
pub(crate) fn words_of(entry: &str) -> impl Iterator<Item = &str> {
    entry.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|word| !word.is_empty())
}

/// How many words an entry may have.
const LONGEST_PHRASE: usize = 4;

const WORDS: usize = 1 << 19;
const PHRASES: usize = 1 << 18;
const HOUSE_KEYS: usize = 1 << 8;
const ZIP3: usize = 1000;

impl Lexicon {
    /// A lexicon without a word.
    pub(crate) fn empty() -> Self {
        Self {
            words: Table::new(WORDS),
            phrases: Table::new(PHRASES),
            pairs: vec![0; PAIRS / 64],
            house_keys: Table::new(HOUSE_KEYS),
            looks: Looks::default(),
            states_of_zip3: vec![[0; 2]; ZIP3],
        }
    }

    /// Reads the lists below `lexica/`.
    pub(crate) fn load(resources: &Resources) -> Result<Self, LoadError> {
        let mut lexicon = Self::empty();
        let common_band = |band: &str| matches!(band, "1" | "2");
        // A rare name that is an ordinary or a clinical word is more often the word.
        let mut words: BTreeSet<String> = BTreeSet::new();
        for list in ["common-words", "function-words", "drugs", "clinical-words", "conditions", "anatomy", "labs"] {
            words.extend(resources.lines(&format!("lexica/{list}.txt"))?.map(|(word, _)| word.to_owned()));
        }
        let mut counts = Counts::new();
        for word in words.iter().filter(|word| !word.contains(' ')) {
            counts.word(word);
        }
        for (name, rest) in resources.lines("lexica/first-names.txt")? {
            let (gender, band) = rest.split_once('\t').unwrap_or((rest, "4"));
            if !words.contains(name) {
                counts.name(name);
            } else if !common_band(band) {
                continue;
            }
            let mut flags = match gender {
                "f" => FIRST_F,
                "m" => FIRST_M,
                _ => FIRST,
            };
            if common_band(band) {
                flags |= FIRST_COMMON;
            }
            lexicon.add(name, flags);
        }
        for (name, band) in resources.lines("lexica/surnames.txt")? {
            if !words.contains(name) {
                counts.name(name);
            } else if !common_band(band) {
                continue;
            }
            lexicon.add(name, if common_band(band) { SURNAME | SURNAME_COMMON } else { SURNAME });
        }
        for (name, kind) in resources.lines("lexica/places.txt")? {
            if kind != "us-county" && words.contains(name) && kind != "world-city" {
                continue;
            }
            lexicon.add(name, if kind == "us-county" { COUNTY } else { PLACE });
        }
        for (name, kind) in resources.lines("lexica/states.txt")? {
            lexicon.add(name, if kind == "abbr" { STATE_ABBR } else { STATE });
        }
        for (name, kind) in resources.lines("lexica/countries.txt")? {
            lexicon.add(name, if kind == "demonym" { DEMONYM } else { COUNTRY });
        }
        for (name, kind) in resources.lines("lexica/org-suffixes.txt")? {
            let flag = match kind {
                "facility" => FACILITY_WORD,
                "school" => SCHOOL_WORD,
                _ => COMPANY_WORD,
            };
            // `health care center`: each word counts where it stands alone in the list, the whole as a phrase.
            lexicon.add(name, flag);
        }
        for (word, kind) in resources.lines("lexica/house-keys.txt")? {
            *lexicon.house_keys.entry(word_hash(word)) |= match kind {
                "employer" => EMPLOYER_KEY,
                "facility" => FACILITY_KEY,
                "numbered" => NUMBERED,
                "place" => PLACE_KEY,
                _ => WORK,
            };
        }
        let lists = [
            ("common-words", COMMON),
            ("function-words", FUNCTION | COMMON),
            ("street-suffixes", STREET_WORD),
            ("months", MONTH),
            ("weekdays", WEEKDAY),
            ("titles", TITLE),
            ("provider-titles", PROVIDER_TITLE),
            ("credentials", CREDENTIAL),
            ("relations", RELATION),
            ("name-keys", NAME_KEY),
        ];
        for (list, flag) in lists {
            for (word, _) in resources.lines(&format!("lexica/{list}.txt"))? {
                lexicon.add(word, flag);
            }
        }
        let clinical = [
            ("drugs", CLINICAL | DRUG),
            ("conditions", CLINICAL),
            ("anatomy", CLINICAL),
            ("labs", CLINICAL),
            ("organisms", CLINICAL),
            ("procedures", CLINICAL),
            ("devices", CLINICAL | DEVICE_WORD),
            ("scores", CLINICAL | SCORE),
            ("clinical-words", CLINICAL),
            ("section-headers", CLINICAL),
            ("eponyms", EPONYM),
        ];
        let parts = |entry: &str| words_of(entry).filter(|word| word.len() > 1).count();
        for (list, _) in clinical.iter().filter(|(_, flag)| flag & CLINICAL != 0) {
            let list = format!("lexica/{list}.txt");
            let entries = resources.lines(&list)?.map(|(entry, _)| entry);
            words.extend(entries.filter(|entry| parts(entry) == 1).map(str::to_owned));
        }
        for (list, flag) in clinical {
            for (entry, _) in resources.lines(&format!("lexica/{list}.txt"))? {
                let several = parts(entry) > 1;
                if several {
                    lexicon.add(entry, flag);
                }
                // Every word of an entry is a word of the clinic, but for names: `Harris` is one only in `Harris hip score`.
                for word in words_of(entry).filter(|word| word.len() > 1) {
                    let named = lexicon.look_up(word_hash(word)) & (FIRST_COMMON | SURNAME_COMMON) != 0;
                    lexicon.add(word, if several && named && !words.contains(word) { EPONYM } else { flag });
                }
            }
        }
        for (name, beside) in resources.lines("lexica/eponyms.txt")? {
            for word in beside.split('|').filter(|word| word.len() > 1 && !word.starts_with('\'')) {
                for used in [format!("{name} {word}"), format!("{name}'s {word}"), format!("{word} {name}")] {
                    lexicon.add(&used, EPONYM | CLINICAL);
                }
            }
        }
        for (name, behind) in resources.lines("lexica/eponym-phrases.txt")? {
            for word in behind.split('|') {
                lexicon.add(&format!("{name} {word}"), EPONYM | CLINICAL);
                lexicon.add(&format!("{name}'s {word}"), EPONYM | CLINICAL);
            }
        }
        for (language, _) in resources.lines("lexica/languages.txt")? {
            lexicon.add(language, DEMONYM);
        }
        // Only the whole: a word of a brand is a name of people elsewhere.
        for (brand, _) in resources.lines("lexica/brands.txt")? {
            lexicon.add(brand, CLINICAL | DEVICE_WORD);
        }
        lexicon.looks = counts.looks();
        for (digits, state) in resources.lines("lexica/zip-prefix-state.txt")? {
            let cell = digits.parse().ok().and_then(|at: usize| lexicon.states_of_zip3.get_mut(at));
            if let (Some(cell), Ok(state)) = (cell, state.as_bytes().try_into()) {
                *cell = state;
            }
        }
        Ok(lexicon)
    }

    /// Adds what is said of a word, or of several words.
    pub(crate) fn add(&mut self, entry: &str, flags: u32) {
        let mut words = words_of(entry);
        let (Some(first), second) = (words.next(), words.next()) else { return };
        let Some(second) = second else { return self.add_word(word_hash(first), flags) };
        let rest: Vec<&str> = words.collect();
        if rest.len() + 2 > LONGEST_PHRASE {
            return;
        }
        self.add_word(word_hash(first), PHRASE);
        let mut hash = join(word_hash(first), word_hash(second));
        let (word, bit) = pair_bit(hash);
        self.pairs[word] |= bit;
        for word in rest {
            hash = join(hash, word_hash(word));
        }
        *self.phrases.entry(hash) |= flags;
    }

    pub(crate) fn add_word(&mut self, key: u64, flags: u32) {
        *self.words.entry(key) |= flags;
    }

    /// What is said of a word.
    #[inline]
    pub(crate) fn look_up(&self, key: u64) -> u32 {
        self.words.get(key)
    }

    /// Whether letters stand for something other than a person or a place, as `iv` does.
    pub(crate) fn is_term(&self, letters: &str) -> bool {
        const NAMES: u32 = FIRST | FIRST_COMMON | SURNAME | SURNAME_COMMON | PLACE | CONTEXT | STARTS_PATTERN;
        self.look_up(word_hash(letters)) & !NAMES != 0
    }

    /// How much a word reads like the name of a person; see [`Looks::like_name`].
    pub(crate) fn like_name(&self, word: &[u8]) -> u64 {
        self.looks.like_name(word)
    }

    /// What a word is to the name of a house: [`WORK`], [`EMPLOYER_KEY`], [`FACILITY_KEY`], [`NUMBERED`], or 0.
    #[inline]
    pub(crate) fn house_key(&self, key: u64) -> u32 {
        self.house_keys.get(key)
    }

    /// Whether a ZIP code is one of this state, both as they are written.
    pub(crate) fn is_of_state(&self, zip: &[u8], state: &[u8]) -> bool {
        let digits = zip.get(..3).and_then(|three| std::str::from_utf8(three).ok()?.parse().ok());
        digits.and_then(|at: usize| self.states_of_zip3.get(at)).is_some_and(|own| own.eq_ignore_ascii_case(state))
    }

    /// Whether a state has ZIP codes.
    pub(crate) fn has_zips(&self, state: &[u8]) -> bool {
        self.states_of_zip3.iter().any(|own| own.eq_ignore_ascii_case(state))
    }

    /// Fills in what is said of each token, and of entries of several words on all of their tokens.
    pub(crate) fn annotate(&self, tokens: &mut [Token], met: &mut Met) {
        let mut all = 0;
        for token in tokens.iter_mut().filter(|token| token.hash >> 63 == 1) {
            token.lexical = met.look_up(token.hash, |key| self.words.get(key));
            all |= token.lexical;
        }
        if all & PHRASE != 0 {
            self.annotate_phrases(tokens);
        }
    }

    /// Whether a phrase may begin with these two words.
    #[inline]
    fn begins_phrase(&self, pair: u64) -> bool {
        let (word, bit) = pair_bit(pair);
        self.pairs[word] & bit != 0
    }

    fn annotate_phrases(&self, tokens: &mut [Token]) {
        for at in 0..tokens.len() {
            if tokens[at].lexical & PHRASE == 0 {
                continue;
            }
            let mut hash = tokens[at].hash;
            let mut words = 1;
            let (mut best, mut flags) = (0, 0);
            for (next, token) in tokens.iter().enumerate().skip(at + 1) {
                if token.hash >> 63 == 0 {
                    // `St. Louis`, `Winston-Salem`.
                    if token.mark(b'.') || token.mark(b'-') {
                        continue;
                    }
                    break;
                }
                hash = join(hash, token.hash);
                words += 1;
                if words == 2 && !self.begins_phrase(hash) {
                    break;
                }
                let found = self.phrases.get(hash);
                if found != 0 {
                    (best, flags) = (next, found);
                }
                if words == LONGEST_PHRASE {
                    break;
                }
            }
            if flags != 0 {
                for token in tokens[at..=best].iter_mut().filter(|t| t.hash >> 63 == 1) {
                    token.lexical |= flags;
                }
            }
        }
    }
}

fn join(first: u64, second: u64) -> u64 {
    (first.rotate_left(21) ^ second).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 << 63
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn a_table_keeps_what_it_has_when_it_grows() {
        let key = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 << 63;
        let mut table = Table::new(4);
        for n in 1..=1000 {
            *table.entry(key(n)) |= n as u32;
            *table.entry(key(n)) |= 1 << 20;
        }
        assert!((1..=1000).all(|n| table.get(key(n)) == n as u32 | 1 << 20));
        assert!((1001..2000).all(|n| table.get(key(n)) == 0));
        table.clear();
        assert!(table.is_empty() && (1..2000).all(|n| table.get(key(n)) == 0));
        assert!(table.slots.iter().all(|slot| *slot == (0, 0)), "nothing stays behind");
    }
}
