//! What a passage tells of the initials in it: whether they are those of a name that it tells in full, how often they occur,
//! and how often they end a line, as signatures do.

use crate::lexicon::{FIRST, FUNCTION, Lexicon, SURNAME};
use crate::token::{CAPITAL, NEWLINE, OTHER, Token};

const LETTERS: usize = 26;

/// How initials are written: with stops, or as a word of two or three letters.
const DOTTED: usize = 0;
const FORMS: usize = 3;

/// Letters that may be somebody's initials.
#[derive(Clone, Copy)]
struct Pair {
    /// The first and the last letter, from 0 on.
    letters: (usize, usize),
    /// First and last token.
    from: usize,
    to: usize,
    form: usize,
}

impl Pair {
    /// A number for such letters so written; those that end a line have the next one.
    fn key(self) -> usize {
        ((self.form * LETTERS + self.letters.0) * LETTERS + self.letters.1) * 2
    }
}

/// The initials of a passage.
#[derive(Default)]
pub(super) struct Initials {
    /// Last letters, one bit each, of the names that begin with a letter.
    names: [u32; LETTERS],
    /// The key of each pair, in order.
    pairs: Vec<usize>,
}

/// What is known of initials.
pub(super) struct Told {
    form: usize,
    /// A name of the passage has them.
    named: bool,
    /// They stand for a term, too, such as `I.V.`
    term: bool,
    /// How often they occur, and how often at the end of a line, up to a few times.
    times: usize,
    ends: usize,
}

impl Told {
    /// All of it as one number.
    pub(super) fn cue(&self) -> u64 {
        let flags = 1 | u64::from(self.named) << 1 | u64::from(self.term) << 2;
        flags | (self.times << 3 | self.ends << 5 | self.form << 7) as u64
    }

    /// Whether they are worth weighing even if a list has them as a word.
    pub(super) fn may_sign(&self) -> bool {
        self.form == DOTTED || self.ends > usize::from(!self.named)
    }
}

impl Initials {
    /// Takes in a token of a passage; `capitals` says whether names have capitals in it.
    pub(super) fn see(&mut self, bytes: &[u8], tokens: &[Token], at: usize, capitals: bool) {
        if let Some(pair) = pair(bytes, tokens, at).filter(|pair| pair.from == at) {
            self.pairs.push(pair.key() + usize::from(ends_line(tokens, pair.to)));
        }
        if let Some((first, last)) = name(bytes, tokens, at, capitals) {
            self.names[first] |= 1 << last;
        }
    }

    /// Puts what was taken in in order, for it to be told.
    pub(super) fn sort(&mut self) {
        self.pairs.sort_unstable();
    }

    /// What is known of the initials that a token is part of, if it is.
    pub(super) fn told(&self, bytes: &[u8], tokens: &[Token], at: usize, lexicon: &Lexicon) -> Option<Told> {
        const MOST_TIMES: usize = 3;
        const MOST_ENDS: usize = 2;
        let pair = pair(bytes, tokens, at)?;
        let before = |key: usize| self.pairs.partition_point(|pair| *pair < key);
        let (first_of, ends_from, end) = (before(pair.key()), before(pair.key() + 1), before(pair.key() + 2));
        let (first, last) = pair.letters;
        let letters = [first, last].map(|letter| char::from(b'a' + letter as u8));
        Some(Told {
            form: pair.form,
            named: self.names[first] >> last & 1 == 1,
            term: pair.form == DOTTED && lexicon.is_term(&String::from_iter(letters)),
            times: (end - first_of).min(MOST_TIMES),
            ends: (end - ends_from).min(MOST_ENDS),
        })
    }
}

/// The initials that a token is part of.
#[inline]
fn pair(bytes: &[u8], tokens: &[Token], at: usize) -> Option<Pair> {
    // Most words are longer.
    tokens.get(at).filter(|token| token.is_word() && token.len() <= FORMS)?;
    short_pair(bytes, tokens, at)
}

fn short_pair(bytes: &[u8], tokens: &[Token], at: usize) -> Option<Pair> {
    let token = tokens.get(at)?;
    if token.is(OTHER) {
        return None;
    }
    if token.len() > 1 {
        if token.lexical & FUNCTION != 0 || token.is_title() {
            return None;
        }
        let letters = (letter(bytes, token.start)?, letter(bytes, token.end - 1)?);
        return Some(Pair { letters, from: at, to: at, form: token.len() - 1 });
    }
    let single = |at: usize| tokens.get(at).filter(|t| t.is_word() && t.len() == 1);
    let joins = |from: usize| {
        let (first, last) = (single(from)?, single(from + 2)?);
        (tokens[from + 1].mark(b'.') && first.is(CAPITAL) == last.is(CAPITAL)).then_some((from, first, last))
    };
    let (from, first, last) = at.checked_sub(2).and_then(joins).or_else(|| joins(at))?;
    let letters = (letter(bytes, first.start)?, letter(bytes, last.start)?);
    Some(Pair { letters, from, to: from + 2, form: DOTTED })
}

/// The first letters of a first and a last name that begin at a token: `Jane Q. Roe`, `Roe, Jane`, `J. Roe`.
fn name(bytes: &[u8], tokens: &[Token], at: usize, capitals: bool) -> Option<(usize, usize)> {
    let part = |at: usize| {
        tokens.get(at).filter(|token| {
            token.is_word()
                && !token.is(NEWLINE)
                && (token.is(CAPITAL) || !capitals)
                && (token.lexical == 0 || token.lexical & (FIRST | SURNAME) != 0 || token.len() == 1)
                && token.lexical & FUNCTION == 0
        })
    };
    let mark = |at: usize, mark: u8| tokens.get(at).is_some_and(|t| t.mark(mark));
    let first = part(at)?;
    let comma = first.len() > 1 && mark(at + 1, b',');
    let mut next = at + 1 + usize::from(comma || first.len() == 1 && mark(at + 1, b'.'));
    if !comma && part(next).is_some_and(|t| t.len() == 1) {
        next += 1 + usize::from(mark(next + 1, b'.'));
    }
    let second = part(next).filter(|t| t.len() > 1)?;
    let letters = (letter(bytes, first.start)?, letter(bytes, second.start)?);
    Some(if comma { (letters.1, letters.0) } else { letters })
}

/// The letter at a byte, from 0 on.
fn letter(bytes: &[u8], at: u32) -> Option<usize> {
    let letter = usize::from(bytes.get(at as usize)?.to_ascii_lowercase().wrapping_sub(b'a'));
    (letter < LETTERS).then_some(letter)
}

/// Whether a line ends behind a token, but for marks.
fn ends_line(tokens: &[Token], at: usize) -> bool {
    let closes = |t: &&Token| [b'.', b')', b']'].iter().any(|mark| t.mark(*mark));
    tokens[at + 1..].iter().find(|t| !closes(t)).is_none_or(|t| t.is(NEWLINE))
}

#[cfg(test)]
mod tests {
    use super::{DOTTED, Initials, Told, letter, name};
    use crate::lexicon::{CLINICAL, FIRST, Lexicon, SURNAME};
    use crate::token::{Token, tokenize, word_hash};

    /// The tokens of a text of which some words are in lists.
    fn tokens(text: &str, lists: &[(&str, u32)]) -> Vec<Token> {
        let mut tokens = Vec::new();
        tokenize(text, &mut tokens);
        for token in &mut tokens {
            let known = lists.iter().find(|(word, _)| word_hash(word) == token.hash);
            token.lexical = known.map_or(0, |(_, flags)| *flags);
        }
        tokens
    }

    fn told(text: &str, word: &str) -> Option<Told> {
        let mut lexicon = Lexicon::empty();
        lexicon.add("iv", CLINICAL);
        let lists = [("jane", FIRST), ("roe", SURNAME), ("seen", CLINICAL), ("by", CLINICAL)];
        let tokens = tokens(text, &lists);
        let at = tokens.iter().position(|t| text[t.start as usize..].starts_with(word))?;
        let mut initials = Initials::default();
        (0..tokens.len()).for_each(|at| initials.see(text.as_bytes(), &tokens, at, true));
        initials.sort();
        initials.told(text.as_bytes(), &tokens, at, &lexicon)
    }

    #[test]
    fn initials_are_told_by_names_and_by_how_they_stand() {
        let text = "Jane Q. Roe\nseen jr\nseen jr\nseen kx at noon, I.V. out. J.R.";
        let jr = told(text, "jr").filter(|t| t.named && t.times == 2 && t.ends == 2 && t.may_sign());
        assert!(jr.is_some());
        let kx = told(text, "kx").filter(|t| !t.named && t.times == 1 && t.ends == 0 && !t.may_sign());
        assert!(kx.is_some());
        assert!(told(text, "I.V").is_some_and(|t| t.term && t.form == DOTTED));
        assert!(told(text, "J.R").is_some_and(|t| t.named && !t.term && t.ends == 1));
        assert!(told(text, "Roe").is_none() && told(text, ",").is_none());
    }

    #[test]
    fn names_are_told_either_way_round() {
        let lists = [("jane", FIRST), ("roe", SURNAME), ("fever", CLINICAL)];
        let initials = |text: &str| {
            let tokens = tokens(text, &lists);
            name(text.as_bytes(), &tokens, 0, true).map(|(a, b)| [a, b].map(|l| char::from(b'a' + l as u8)))
        };
        for text in ["Jane Roe", "Roe, Jane", "J. Roe", "Jane Q. Roe", "Jane Q Roe"] {
            assert_eq!(initials(text), Some(['j', 'r']), "{text}");
        }
        for text in ["Jane\nRoe", "Jane Fever", "jane roe", "", ". Roe"] {
            assert_eq!(initials(text), None, "{text}");
        }
        assert_eq!(letter(b"", 0), None);
    }
}
