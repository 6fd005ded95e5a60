//! What the tagger sees of a token and its neighbours.

use super::passage::{MIXED, Passage};
use crate::lexicon::{
    CLINICAL, COMMON, CREDENTIAL, DRUG, EPONYM, FACILITY_WORD, FIRST, FIRST_COMMON, FUNCTION, Lexicon, MONTH,
    NAME_KEY, PLACE, PROVIDER_TITLE, RELATION, STATE, STATE_ABBR, STREET_WORD, SURNAME, SURNAME_COMMON, TITLE,
    WEEKDAY,
};
use crate::token::{CAPITAL, DIGIT, LOWER, NEWLINE, OTHER, PUNCT, SPACED, Token, UPPER};

/// How many features a token has.
pub(crate) const FEATURES: usize = 21;

/// Which neighbours each feature looks at, one bit each: three before, the token's own word, three after; the highest is that
/// of the passage as a whole.
pub(crate) const LOOKS_AT: [u8; FEATURES] = [8, 0, 0, 4, 16, 2, 32, 4, 16, 6, 48, 0, 0, 0, 0, 0, 3, 2, 32, 96, 128];

/// What is told of one token, as numbers that features are hashed from.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cues {
    /// Which word it is, where it is a word of the language or the clinic; else what sort of word.
    word: u64,
    /// What sort of word: shape and lists.
    sort: u64,
    /// Shape and length alone.
    shape: u64,
    /// Its last three letters.
    ending: u64,
    /// Its first two letters.
    beginning: u64,
    /// The key before a colon on this line, if near.
    key: u64,
    /// The last title, relation or preposition, if near.
    cue: u64,
    /// Whether the passage is all lower case, all upper, or mixed, and what sort of word; of a month and a day, also whether
    /// other dates of it are of that month. Of initials, what the passage tells of them.
    dress: u64,
    /// What the passage is like, and what sort of word.
    about: u64,
}

const KNOWN: u32 = COMMON
    | CLINICAL
    | FUNCTION
    | TITLE
    | PROVIDER_TITLE
    | RELATION
    | NAME_KEY
    | CREDENTIAL
    | STREET_WORD
    | FACILITY_WORD
    | MONTH
    | WEEKDAY
    | STATE
    | STATE_ABBR;

/// What lists say, without what concerns only recognizers.
const LISTS: u32 = !(1 << 29 | 1 << 30 | 1 << 31);

/// Computes the cues of all tokens, and which tokens are worth weighing: words that could be names, numbers, and what
/// stands close to them.
pub(crate) fn weighed(text: &str, tokens: &[Token], lexicon: &Lexicon, cues: &mut Vec<Cues>, weighed: &mut Vec<u32>) {
    /// Tokens on either side of a candidate that are weighed with it.
    const AROUND: usize = 2;
    cues.clear();
    weighed.clear();
    let bytes = text.as_bytes();
    let mut passage = Passage::default();
    let mut key = (0, usize::MAX);
    let mut cue = (0, usize::MAX);
    let mut start = true;
    let mut until = 0;
    for (at, token) in tokens.iter().enumerate() {
        if at == passage.end {
            passage = Passage::from(bytes, tokens, at);
        }
        let dress = passage.dress;
        if token.is(NEWLINE) {
            key = (0, usize::MAX);
        } else if (token.mark(b':') || token.mark(b'=')) && at > 0 && tokens[at - 1].is_word() {
            key = (tokens[at - 1].hash, at);
        }
        let mut own = own(bytes, token, lexicon, start);
        let signs = passage.initials.told(bytes, tokens, at, lexicon);
        own.dress = match &signs {
            Some(told) => mix(dress | told.cue() << 2, own.shape & 0xff),
            None => mix(dress | passage.of_month(bytes, tokens, at) << 2, own.sort),
        };
        own.about = mix(passage.about, own.sort);
        own.key = if key.1 != usize::MAX && at - key.1 <= 8 { mix(key.0, (at - key.1).min(3) as u64) } else { 0 };
        own.cue = if cue.1 != usize::MAX && at - cue.1 <= 4 { cue.0 } else { 0 };
        cues.push(own);
        if token.lexical & (TITLE | PROVIDER_TITLE | RELATION | NAME_KEY | CREDENTIAL) != 0 {
            cue = (token.hash, at);
        }
        if is_candidate(bytes, token, start, tokens.get(at + 1), dress) || signs.is_some_and(|told| told.may_sign()) {
            let first = weighed.last().map_or(0, |last| *last as usize + 1).max(at.saturating_sub(AROUND));
            weighed.extend((first..at).filter(|near| could_belong(&tokens[*near], dress)).map(|near| near as u32));
            weighed.push(at as u32);
            until = at + AROUND;
        } else if at <= until && could_belong(token, dress) {
            weighed.push(at as u32);
        }
        start = token.is(NEWLINE) || token.is(PUNCT) && ends_sentence(tokens, at);
    }
}

/// Whether what follows a mark begins anew: not so behind the stop of a title or of an initial.
fn ends_sentence(tokens: &[Token], at: usize) -> bool {
    let before = at.checked_sub(1).map(|before| &tokens[before]);
    match tokens[at].hash as u8 {
        b'.' => !before.is_some_and(|t| {
            t.lexical & (TITLE | PROVIDER_TITLE) != 0 && t.len() < 5 || t.len() == 1 && t.is(CAPITAL)
        }),
        mark => matches!(mark, b'!' | b'?' | b':' | b'*'),
    }
}

/// Whether a token beside a candidate could belong to it.
fn could_belong(token: &Token, dress: u64) -> bool {
    // In mixed case a small word beside a name is none.
    !token.is(NEWLINE | PUNCT)
        && (token.is(DIGIT) || token.lexical & FUNCTION == 0 && (dress != MIXED || token.is(CAPITAL)))
}

/// Whether a token could identify somebody at all.
fn is_candidate(bytes: &[u8], token: &Token, start: bool, next: Option<&Token>, dress: u64) -> bool {
    if token.is(NEWLINE | PUNCT) {
        return false;
    }
    if token.is(DIGIT) {
        let joined = next.is_some_and(|n| !n.is(SPACED) && n.is(PUNCT) && matches!(n.hash as u8, b'/' | b'-'));
        return token.len() >= 3 || joined || over_89(bytes, token);
    }
    let known = token.lexical & (COMMON | CLINICAL | FUNCTION) != 0;
    let name = token.lexical & (FIRST | SURNAME | PLACE) != 0;
    if token.lexical & (MONTH | WEEKDAY) != 0 && token.lexical & FUNCTION == 0 {
        return true;
    }
    if !known {
        return (token.len() > 1 || token.is(CAPITAL)) && token.lexical & (STATE_ABBR | CREDENTIAL) == 0 || name;
    }
    // Where capitals tell nothing, any word but one that binds others may be a name, or part of that of a house.
    if dress != MIXED {
        return token.lexical & FUNCTION == 0 && token.len() > 1;
    }
    if token.is(CAPITAL) {
        // A capital at the start of a sentence says nothing of an ordinary word.
        return if start || token.is_upper() {
            name && token.lexical & FUNCTION == 0
        } else {
            token.lexical & FUNCTION == 0
        };
    }
    name && token.lexical & (FUNCTION | CLINICAL) == 0 && token.lexical & FIRST != 0
}

/// Two digits from 90 on.
fn over_89(bytes: &[u8], token: &Token) -> bool {
    token.is_number() && token.len() == 2 && bytes[token.start as usize] == b'9'
}

/// What is told of a token by itself.
fn own(bytes: &[u8], token: &Token, lexicon: &Lexicon, start: bool) -> Cues {
    let shape = u64::from(token.shape & (UPPER | LOWER | DIGIT | OTHER | PUNCT | NEWLINE | CAPITAL))
        | (token.len().min(12) as u64) << 8
        | u64::from(start) << 16;
    let text = &bytes[token.start as usize..token.end as usize];
    // Of a word that no list explains, whether it reads like a name.
    let rare = token.is_word() && token.lexical & (KNOWN | FIRST_COMMON | SURNAME_COMMON) == 0;
    let looks = if rare { lexicon.like_name(text) } else { 0 };
    let broad = u64::from(token.shape & (UPPER | LOWER | DIGIT | OTHER | PUNCT | NEWLINE | CAPITAL))
        | (if token.len() == 1 { 1 } else { 2 }) << 8
        | looks << 12;
    let lists = u64::from(token.lexical & LISTS);
    let word = if token.is(PUNCT | NEWLINE) || token.lexical & KNOWN != 0 {
        token.hash
    } else if token.is_number() {
        mix(7, token.len().min(12) as u64)
    } else {
        mix(11, mix(lists & u64::from(FIRST | SURNAME | PLACE | EPONYM | DRUG), broad))
    };
    let part = |part: &[u8]| part.iter().fold(1, |hash, byte| hash << 8 | u64::from(byte.to_ascii_lowercase()));
    let (ending, beginning) = if token.is_word() {
        (part(&text[text.len().saturating_sub(3)..]), part(&text[..text.len().min(2)]))
    } else {
        // Digits by their first one and how many.
        let first = text.first().copied().unwrap_or_default();
        (mix(3, token.len() as u64), mix(5, u64::from(first) << 8 | token.len() as u64))
    };
    Cues { word, sort: mix(lists, broad), shape, ending, beginning, key: 0, cue: 0, dress: 0, about: 0 }
}

fn mix(a: u64, b: u64) -> u64 {
    (a.rotate_left(23) ^ b).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Fills in the hashes of the features of a token.
pub(crate) fn features(cues: &[Cues], at: usize, hashes: &mut [u32; FEATURES]) {
    const NONE: Cues =
        Cues { word: 1, sort: 1, shape: 1, ending: 1, beginning: 1, key: 0, cue: 0, dress: 0, about: 0 };
    let near = |offset: isize| at.checked_add_signed(offset).and_then(|i| cues.get(i)).unwrap_or(&NONE);
    let (here, p1, p2, p3, n1, n2, n3) = (near(0), near(-1), near(-2), near(-3), near(1), near(2), near(3));
    let raw = [
        here.word,
        here.sort,
        mix(here.shape, here.sort),
        p1.word,
        n1.word,
        p2.word,
        n2.word,
        mix(p1.word, here.sort),
        mix(n1.word, here.sort),
        mix(p2.word, p1.word),
        mix(n1.word, n2.word),
        mix(here.ending, here.shape & 0xff),
        mix(here.beginning, here.shape & 0xff),
        mix(here.key, here.sort),
        mix(here.cue, here.sort),
        here.dress,
        mix(p3.word, p2.word),
        mix(mix(p2.word, here.sort), 1),
        mix(mix(n2.word, here.sort), 2),
        mix(n3.word, n2.sort),
        here.about,
    ];
    for (number, (hash, raw)) in hashes.iter_mut().zip(raw).enumerate() {
        let mixed =
            (raw ^ (number as u64 + 1).wrapping_mul(0xd6e8_feb8_6659_fd93)).wrapping_mul(0xa076_1d64_78bd_642f);
        // 0 stands for none.
        *hash = (mixed >> 32) as u32 | 1;
    }
}

#[cfg(test)]
mod tests {
    use super::{Cues, FEATURES, LOOKS_AT, features};

    fn hashes(cues: &[Cues]) -> [u32; FEATURES] {
        let mut hashes = [0; FEATURES];
        features(cues, 3, &mut hashes);
        hashes
    }

    #[test]
    fn every_feature_says_which_neighbours_it_looks_at() {
        let plain = [Cues { word: 5, sort: 6, shape: 7, ending: 8, beginning: 9, ..Cues::default() }; 7];
        let before = hashes(&plain);
        for at in 0..7 {
            let mut changed = plain;
            changed[at].word = 50;
            if at != 3 {
                changed[at] = Cues { sort: 60, shape: 70, ending: 80, beginning: 90, ..changed[at] };
            }
            let after = hashes(&changed);
            for feature in 0..FEATURES {
                let looks = LOOKS_AT[feature] >> at & 1 == 1;
                assert_eq!(before[feature] != after[feature], looks, "feature {feature}, neighbour {at}");
            }
        }
    }
}
