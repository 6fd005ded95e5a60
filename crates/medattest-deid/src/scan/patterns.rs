//! Patterns: from which places the automata walk, and what their matches weigh.

use std::ops::Range;

use regex_automata::Anchored;
use regex_automata::util::start;

use super::{LONGEST_VALUE, Scanner, Scratch, THRESHOLD};
use crate::check::Check;
use crate::detection::{Detection, Grounds};
use crate::error::LoadError;
use crate::lexicon::STARTS_PATTERN;
use crate::recognizer::{LONGEST_IN_TOKENS, Set, Sort, WINDOW_AFTER, WINDOW_BEFORE, anchored};
use crate::resources::Resources;
use crate::token::{DIGIT, LOWER, NEWLINE, PUNCT, SPACED, Token, UPPER, word_hash};

/// The contexts near a place, and the recognizers that one of them may speak for.
struct Near {
    contexts: Range<usize>,
    spoken_for: Set,
}

impl Scanner {
    /// Runs the automata from every token that can begin a pattern.
    pub(super) fn patterns(&self, text: &str, scratch: &mut Scratch) {
        let bytes = text.as_bytes();
        // Contexts from this one on may stand near.
        let mut near = 0;
        for at in 0..scratch.tokens.len() {
            while scratch.contexts.get(near).is_some_and(|(context, _)| *context as usize + WINDOW_BEFORE < at) {
                near += 1;
            }
            let token = scratch.tokens[at];
            if token.is(NEWLINE) || !may_begin(bytes, &token) {
                continue;
            }
            let start = token.start as usize;
            if token.is(DIGIT) && !token.is(SPACED) && continues_number(bytes, start) {
                continue;
            }
            self.walk(bytes, start, at, near, scratch);
            // `xxMRN-123456`: a capital after a small letter may begin something too.
            if token.shape & (LOWER | UPPER) == LOWER | UPPER {
                let inner = bytes[start..token.end as usize]
                    .windows(2)
                    .position(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
                if let Some(inner) = inner {
                    self.walk(bytes, start + inner + 1, at, near, scratch);
                }
            }
        }
    }

    /// Tries the patterns that may begin at a place, sort by sort.
    fn walk(&self, bytes: &[u8], start: usize, at: usize, near: usize, scratch: &mut Scratch) {
        let next = bytes.get(start + 1).copied().unwrap_or(b' ');
        let pair = usize::from(bytes[start]) << 8 | usize::from(next);
        let begins = |sort: Sort| self.begins[sort as usize][pair >> 6] >> (pair & 63) & 1 == 1;
        let token = scratch.tokens[at];
        if begins(Sort::Strong) {
            self.walk_one(Sort::Strong, bytes, (start, at), near, scratch);
        }
        if begins(Sort::Weak) && self.near(at, near, scratch).spoken_for & self.recognizers.need_context != 0 {
            self.walk_one(Sort::Weak, bytes, (start, at), near, scratch);
        }
        let unbroken = token.end as usize - start;
        if unbroken >= self.recognizers.unbroken && token.is(DIGIT) && begins(Sort::Long) {
            self.walk_one(Sort::Long, bytes, (start, at), near, scratch);
        }
        if is_joined(bytes, &token) && begins(Sort::Joined) {
            self.walk_one(Sort::Joined, bytes, (start, at), near, scratch);
        }
        if begins(Sort::Wide) && is_wide(bytes, start) {
            self.walk_one(Sort::Wide, bytes, (start, at), near, scratch);
        }
    }

    /// The contexts near a token; they begin with the one at `first` or later.
    fn near(&self, at: usize, first: usize, scratch: &Scratch) -> Near {
        let last = at + WINDOW_AFTER + LONGEST_IN_TOKENS;
        let contexts = scratch.contexts[first..].iter().take_while(|(context, _)| *context as usize <= last);
        let mut near = Near { contexts: first..first, spoken_for: 0 };
        for (context, phrase) in contexts {
            near.spoken_for |= self.recognizers.reaches[usize::from(*phrase)].at(*context as usize, at);
            near.contexts.end += 1;
        }
        near
    }

    fn walk_one(&self, sort: Sort, bytes: &[u8], (start, at): (usize, usize), near: usize, scratch: &mut Scratch) {
        let which = sort as usize;
        let patterns = &self.recognizers.automata[which];
        let automaton = &patterns.dfa;
        let cache = &mut scratch.caches[which];
        let Ok(mut state) = automaton.start_state(cache, &start::Config::new().anchored(Anchored::Yes)) else {
            return;
        };
        // Longest end of each pattern that ends where a value may end.
        let ends = &mut scratch.ends;
        ends.clear();
        let mut here = start;
        loop {
            let byte = bytes.get(here).copied();
            let next = match byte {
                Some(byte) => automaton.next_state(cache, state, byte),
                None => automaton.next_eoi_state(cache, state),
            };
            let Ok(next) = next else { break };
            if next.is_tagged() {
                if next.is_match() {
                    if ends_value(bytes, here) {
                        for k in 0..automaton.match_len(cache, next) {
                            let pattern = automaton.match_pattern(cache, next, k).as_usize();
                            match ends.iter_mut().find(|(p, _)| *p == pattern) {
                                Some(known) => known.1 = here,
                                None => ends.push((pattern, here)),
                            }
                        }
                    }
                } else if next.is_dead() || next.is_quit() {
                    break;
                }
            }
            if byte.is_none() || here - start > LONGEST_VALUE {
                break;
            }
            state = next;
            here += 1;
        }
        if ends.is_empty() {
            return;
        }
        let ends = std::mem::take(ends);
        let mut near = self.near(at, near, scratch);
        if !near.contexts.is_empty() {
            let floor = floor(bytes, &scratch.tokens, at) as u32;
            near.contexts.start += scratch.contexts[near.contexts.clone()].partition_point(|(at, _)| *at < floor);
        }
        for (pattern, end) in ends.iter().filter(|(_, end)| *end > start) {
            self.weigh(&patterns.users[*pattern], bytes, (start, *end), at, &near, scratch);
        }
        scratch.ends = ends;
    }

    fn weigh(
        &self,
        users: &[(u16, u8)],
        bytes: &[u8],
        (start, end): (usize, usize),
        at: usize,
        near: &Near,
        scratch: &mut Scratch,
    ) {
        let value = &bytes[start..end];
        let rest = scratch.tokens[at..].iter().take_while(|t| (t.start as usize) < end).count();
        let last = at + rest.max(1) - 1;
        for (recognizer, own) in users {
            let from = &self.recognizers.all[usize::from(*recognizer)];
            let pattern = &from.patterns[usize::from(*own)];
            if pattern.score < THRESHOLD && near.spoken_for >> recognizer & 1 == 0 {
                continue;
            }
            let contexts = &scratch.contexts[near.contexts.clone()];
            let Some((score, context)) = from.weigh(pattern, (at, last), contexts) else { continue };
            if score < THRESHOLD || pattern.check.is_some_and(|check| !check.holds(value, self.reckoning)) {
                continue;
            }
            // The last of several groups may be the beginning of a date, a time or an amount.
            if pattern.check == Some(Check::Grouped) && goes_on(bytes, end) {
                continue;
            }
            scratch.found.push(Detection {
                start,
                end,
                kind: from.kind,
                score,
                by: Grounds::Pattern {
                    recognizer: *recognizer,
                    pattern: *own,
                    context: context.map(|(phrase, _)| phrase),
                    away: context.map_or(0, |(_, away)| away),
                    checked: pattern.check.is_some_and(|c| c.is_strong()),
                },
                also: 0,
                called: None,
            });
        }
    }

    /// Learns with which two bytes, and with which words of the lists, a pattern can begin.
    pub(super) fn learn_beginnings(&mut self, resources: &Resources) -> Result<(), LoadError> {
        fn failed<E>(_: E) -> LoadError {
            LoadError::new("recognizers", "the patterns are too large together", "make them shorter")
        }
        let mut words: Vec<u64> = Vec::new();
        for (which, patterns) in self.recognizers.automata.iter().enumerate() {
            let automaton = &patterns.dfa;
            let mut cache = automaton.create_cache();
            let first = automaton.start_state_forward(&mut cache, &anchored(b"")).map_err(failed)?;
            let mut begins = vec![0u64; 1 << 10];
            for a in 0..=255u8 {
                let one = automaton.next_state(&mut cache, first, a).map_err(failed)?;
                if one.is_dead() {
                    continue;
                }
                for b in 0..=255u8 {
                    let two = automaton.next_state(&mut cache, one, b).map_err(failed)?;
                    if !two.is_dead() {
                        let pair = usize::from(a) << 8 | usize::from(b);
                        begins[pair >> 6] |= 1 << (pair & 63);
                    }
                }
            }
            self.begins[which] = begins;
            // No plain word before white space begins a pattern of another sort.
            if which != Sort::Strong as usize && which != Sort::Weak as usize {
                continue;
            }
            let mut walk = |word: &str| -> Result<bool, LoadError> {
                let mut state = first;
                for byte in word.bytes().chain(*b" ") {
                    state = automaton.next_state(&mut cache, state, byte).map_err(failed)?;
                    if state.is_dead() {
                        return Ok(false);
                    }
                }
                // It goes on after the space, or ended before it.
                Ok(true)
            };
            let lists: Vec<&str> = resources.names(".txt").filter(|name| name.starts_with("lexica/")).collect();
            for list in lists {
                for (entry, _) in resources.lines(list)? {
                    let word = entry.split(|c: char| !c.is_alphanumeric() && c != '\'').next().unwrap_or_default();
                    let mut title = word.to_owned();
                    if let Some(first) = title.get_mut(..1) {
                        first.make_ascii_uppercase();
                    }
                    if !word.is_empty() && (walk(word)? || walk(&title)?) {
                        words.push(word_hash(word));
                    }
                }
            }
        }
        words.sort_unstable();
        words.dedup();
        self.starting_words = words.len();
        for word in words {
            self.lexicon.add_word(word, STARTS_PATTERN);
        }
        Ok(())
    }
}

/// Whether one of the next bytes is beyond ASCII.
#[inline]
fn is_wide(bytes: &[u8], start: usize) -> bool {
    const SOON: usize = 8;
    !bytes[start..bytes.len().min(start + SOON)].is_ascii()
}

/// Whether a pattern may begin with this token, as far as its kind goes.
#[inline]
fn may_begin(bytes: &[u8], token: &Token) -> bool {
    // A hyphen within a word or a number begins nothing.
    if token.is(PUNCT) {
        return token.is(SPACED) || !token.mark(b'-');
    }
    if token.is(DIGIT) || token.lexical & STARTS_PATTERN != 0 {
        return true;
    }
    // A plain word before white space begins only what `STARTS_PATTERN` tells, if it is in a list at all.
    let after = bytes.get(token.end as usize).copied().unwrap_or(b' ');
    let closed = match after {
        b'.' | b',' | b';' | b':' | b')' | b'\'' | b'?' | b'!' => {
            bytes.get(token.end as usize + 1).is_none_or(|b| b.is_ascii_whitespace())
        }
        b => b.is_ascii_whitespace(),
    };
    !closed || token.lexical == 0 || token.is_upper()
}

/// Whether a mark joins a word or a number to what follows.
#[inline]
fn is_joined(bytes: &[u8], token: &Token) -> bool {
    let after = |away: usize| bytes.get(token.end as usize + away).copied().unwrap_or(b' ');
    !token.is(PUNCT) && after(0).is_ascii_punctuation() && !after(1).is_ascii_whitespace()
}

/// Whether a value may end here: not within a word or number, nor behind a blank.
fn ends_value(bytes: &[u8], at: usize) -> bool {
    if at > 0 && bytes[at - 1] == b' ' {
        return false;
    }
    let class =
        |at: usize| bytes.get(at).map_or(0, |b| if *b >= 0x80 { 2 } else { u8::from(b.is_ascii_alphanumeric()) });
    let before = at.checked_sub(1).map_or(0, class);
    // Within a character, or between two of a script without spaces, everything may end.
    before == 0 || before != class(at) || before == 2 && bytes.get(at).is_some_and(|b| *b >= 0xc0)
}

/// The first token whose word may speak for a value at a token: one on its line, or the last on the line before if the
/// value begins its own, as below a key. A long line without columns was broken to fit, and speaks as a whole.
fn floor(bytes: &[u8], tokens: &[Token], at: usize) -> usize {
    const BROKEN: usize = 50;
    let Some(end) = (at.saturating_sub(WINDOW_BEFORE)..at).rev().find(|before| tokens[*before].is(NEWLINE)) else {
        return 0;
    };
    let until = tokens[end].start as usize;
    let before = &bytes[until.saturating_sub(BROKEN)..until];
    if before.len() == BROKEN && !before.contains(&b'\n') && !before.windows(2).any(|two| two == b"  ") {
        return 0;
    }
    if !tokens[end + 1..at].iter().all(|token| token.is(PUNCT)) {
        return end;
    }
    tokens[..end].iter().rposition(|token| !token.is(PUNCT)).unwrap_or_default()
}

/// Whether a number that ends here goes on as a date, a time or an amount does.
fn goes_on(bytes: &[u8], end: usize) -> bool {
    matches!(bytes.get(end), Some(b'/' | b':' | b'.')) && bytes.get(end + 1).is_some_and(u8::is_ascii_digit)
}

/// Whether a number that begins here is the rest of a longer one, as in `12-345` or `1.5`.
fn continues_number(bytes: &[u8], start: usize) -> bool {
    let Some(before) = start.checked_sub(1).map(|at| bytes[at]) else { return false };
    let digit_before = start.checked_sub(2).is_some_and(|at| bytes[at].is_ascii_digit());
    digit_before && matches!(before, b'.' | b'-' | b'/' | b',')
}
