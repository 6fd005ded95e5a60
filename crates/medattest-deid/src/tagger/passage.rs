//! What a passage of a text is like as a whole: what is known of a word beyond its neighbours. A file may hold many notes,
//! so a passage is about as long as one.

use super::initials::Initials;
use crate::check::month_named;
use crate::lexicon::{CLINICAL, COMMON, EPONYM, FIRST, FUNCTION, MONTH};
use crate::token::{CAPITAL, DIGIT, LOWER, NEWLINE, PUNCT, SPACED, Token, UPPER};

const SHOUTED: u64 = 1;
const SMALL: u64 = 2;
pub(super) const MIXED: u64 = 3;

/// A message has no more tokens.
const MESSAGE: usize = 60;
/// A number of so many digits is long.
const LONG: usize = 6;

/// How many short dates there are of each month, from 1 on.
type ByMonth = [u8; 13];

/// A passage: the end of its tokens, and what they are like.
#[derive(Default)]
pub(super) struct Passage {
    /// The token behind the last.
    pub(super) end: usize,
    /// Whether it is all upper case, all lower, or mixed.
    pub(super) dress: u64,
    /// The months, one bit each, that dates told in full are of.
    months: u16,
    shorts: ByMonth,
    pub(super) initials: Initials,
    /// How many first names it has, whether long numbers and dates told in full, and whether it is longer than a message.
    pub(super) about: u64,
}

impl Passage {
    /// The passage that begins at a token.
    pub(super) fn from(bytes: &[u8], tokens: &[Token], from: usize) -> Self {
        let end = end(bytes, tokens, from);
        let tokens = &tokens[from..end];
        let mut passage = Self { end, dress: dress(tokens), ..Self::default() };
        let capitals = passage.dress == MIXED;
        let (mut firsts, mut long) = (0u32, false);
        for (at, token) in tokens.iter().enumerate() {
            if token.is(DIGIT) {
                passage.see_number(bytes, tokens, at);
                long |= token.len() >= LONG;
            } else if !token.is(PUNCT | NEWLINE) {
                passage.see_month(bytes, token);
                firsts += u32::from(is_first_name(token) && (token.is(CAPITAL) || !capitals));
            }
            passage.initials.see(bytes, tokens, at, capitals);
        }
        passage.initials.sort();
        let firsts = match firsts {
            0 | 1 => u64::from(firsts),
            2 | 3 => 2,
            _ => 3,
        };
        let flags = [long, passage.months != 0, tokens.len() > MESSAGE];
        passage.about = flags.iter().rev().fold(0, |about, flag| about << 1 | u64::from(*flag)) << 2 | firsts;
        passage
    }

    /// Takes in what a number tells of dates: the month of one told in full, or that of a short one with a stroke.
    fn see_number(&mut self, bytes: &[u8], tokens: &[Token], at: usize) {
        let token = &tokens[at];
        if !token.is_number() || !joined(tokens, at) {
            return;
        }
        if token.is(SPACED) && joined(tokens, at + 2) {
            let parts = [at, at + 2].map(|at| number(bytes, &tokens[at]));
            // `2024-03-09`, `19/03/2024`, `09.03.2024`, `03/09/2024`.
            let second = parts[0] > 12 || tokens[at + 1].mark(b'.');
            let month = parts[usize::from(second)];
            self.months |= if (1..=12).contains(&month) { 1 << month } else { 0 };
        } else if tokens[at + 1].mark(b'/')
            && let Some(short) = short_date(bytes, tokens, at).filter(Short::is_date)
        {
            let count = &mut self.shorts[short.month as usize];
            *count = count.saturating_add(1);
        }
    }

    /// Takes in a month that is named.
    fn see_month(&mut self, bytes: &[u8], token: &Token) {
        if token.lexical & MONTH != 0 && token.is(CAPITAL) && token.len() > 2 {
            let word = &bytes[token.start as usize..token.end as usize];
            self.months |= month_named(word).map_or(0, |month| 1 << month);
        }
    }

    /// For either number of a short date: whether other dates are of that month, the one before or after, another, or there are
    /// none, and whether the second number ends a scale, as in `3/5`. 0 for what is no month and day.
    pub(super) fn of_month(&self, bytes: &[u8], tokens: &[Token], at: usize) -> u64 {
        let months = self.months;
        let Some(short) = short_date(bytes, tokens, at).filter(|short| !short.stop || months != 0) else { return 0 };
        if !short.is_date() {
            return 1;
        }
        let has = |month: u32| months >> month & 1 == 1;
        let month = short.month;
        let beside = [month % 12 + 1, (month + 10) % 12 + 1];
        let near: u32 = beside.iter().chain([&month]).map(|month| u32::from(self.shorts[*month as usize])).sum();
        let others = u64::from(near.saturating_sub(u32::from(!short.stop)).min(2));
        let known = match month {
            _ if months == 0 => others,
            month if has(month) => 3,
            _ if beside.into_iter().any(has) => 4,
            _ => 5 + others,
        };
        2 + known * 2 + u64::from(matches!(short.day, 4 | 5 | 6 | 10)) + if short.stop { 32 } else { 0 }
    }
}

/// Where a passage ends: at an empty line once it is as long as a note, else at a line, else where it is too long.
fn end(bytes: &[u8], tokens: &[Token], from: usize) -> usize {
    const NOTE: usize = 400;
    const LONG: usize = 800;
    const MOST: usize = 1600;
    let empty = |token: &Token| {
        let lines = &bytes[token.start as usize..token.end as usize];
        lines.iter().filter(|byte| **byte == b'\n').count() > 1
    };
    let ends = |(long, token): &(usize, &Token)| {
        *long >= MOST || token.is(NEWLINE) && (*long >= LONG || *long >= NOTE && empty(token))
    };
    let last = tokens[from..].iter().enumerate().find(ends);
    last.map_or(tokens.len(), |(long, _)| from + long + 1)
}

/// Whether a token is a first name and nothing else.
fn is_first_name(token: &Token) -> bool {
    token.lexical & FIRST != 0 && token.lexical & (COMMON | CLINICAL | FUNCTION | EPONYM) == 0
}

/// Whether a passage is all upper case, all lower, or mixed.
fn dress(tokens: &[Token]) -> u64 {
    let (mut upper, mut lower, mut title) = (0u32, 0u32, 0u32);
    for token in tokens.iter().filter(|t| t.is_word() && t.len() > 1) {
        match token.shape & (CAPITAL | UPPER | LOWER) {
            shape if shape & LOWER == 0 => upper += 1,
            shape if shape & CAPITAL == 0 => lower += 1,
            _ => title += 1,
        }
    }
    if upper > 3 * (lower + title) {
        SHOUTED
    } else if title == 0 && upper * 8 < lower {
        SMALL
    } else {
        MIXED
    }
}

/// Whether a stroke, a hyphen or a stop binds a number to the one behind it.
fn joined(tokens: &[Token], at: usize) -> bool {
    tokens.get(at + 1).is_some_and(|t| t.is(PUNCT) && matches!(t.hash as u8, b'/' | b'-' | b'.'))
        && tokens.get(at + 2).is_some_and(|t| t.is_number() && !t.is(SPACED))
}

/// The number that one to four digits tell; 0 for others.
fn number(bytes: &[u8], token: &Token) -> u32 {
    let digits = &bytes[token.start as usize..token.end as usize];
    if digits.len() > 4 { 0 } else { digits.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0')) }
}

/// What is told of a month and a day with a stroke between, or a stop.
struct Short {
    month: u32,
    day: u32,
    stop: bool,
}

/// The month and the day that a number is part of, as `3/11`, or `11.03` and `15/03`; none where they are of a longer date.
fn short_date(bytes: &[u8], tokens: &[Token], at: usize) -> Option<Short> {
    if !tokens[at].is_number() || tokens[at].len() > 2 {
        return None;
    }
    let stroke = |at: usize| tokens.get(at).is_some_and(|t| t.mark(b'/') || t.mark(b'.') && !t.is(SPACED));
    let first = if stroke(at + 1) {
        at
    } else if at > 1 && stroke(at - 1) {
        at - 2
    } else {
        return None;
    };
    if !joined(tokens, first) || !tokens[first].is_number() || joined(tokens, first + 2) {
        return None;
    }
    let (mut month, mut day) = (number(bytes, &tokens[first]), number(bytes, &tokens[first + 2]));
    let stop = tokens[first + 1].mark(b'.');
    if stop || month > 12 {
        (month, day) = (day, month);
    }
    // With a stop it is a number more often than a date.
    (!stop || tokens[first + 2].len() == 2).then_some(Short { month, day, stop })
}

impl Short {
    fn is_date(&self) -> bool {
        (1..=12).contains(&self.month) && (1..=31).contains(&self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::Passage;
    use crate::token::{Token, tokenize};

    fn tokens(text: &str) -> Vec<Token> {
        let mut tokens = Vec::new();
        tokenize(text, &mut tokens);
        tokens
    }

    #[test]
    fn a_file_of_many_notes_is_read_in_passages() {
        let note = format!("{}\n\n", "word ".repeat(150));
        let text = note.repeat(10);
        let tokens = tokens(&text);
        let (mut at, mut passages) = (0, 0);
        while at < tokens.len() {
            let end = Passage::from(text.as_bytes(), &tokens, at).end;
            assert!(end > at && end <= tokens.len());
            assert!(text[..tokens[end - 1].end as usize].ends_with("\n\n"), "a passage ends with a note");
            (at, passages) = (end, passages + 1);
        }
        assert_eq!(passages, 4);
        let solid = "word ".repeat(4000);
        let tokens = self::tokens(&solid);
        assert!(Passage::from(solid.as_bytes(), &tokens, 0).end < 2000);
        assert_eq!(Passage::from(b"", &[], 0).end, 0);
    }

    #[test]
    fn a_short_date_is_told_by_the_others_of_the_passage() {
        let told = |text: &str| {
            let tokens = tokens(text);
            Passage::from(text.as_bytes(), &tokens, 0).of_month(text.as_bytes(), &tokens, 0)
        };
        let alone = told("3/11");
        assert_ne!(alone, told("3/11 and 3/12"));
        assert_ne!(alone, told("3/11 after 03/19/2024"));
        assert_ne!(told("3/11 after 03/19/2024"), told("3/11 after 08/19/2024"));
        assert_ne!(told("3/11 of it"), told("3/5 of it"));
        assert_eq!(told("3/11/2020"), 0);
        assert_eq!(told("31/44"), 1);
    }
}
