//! The whole way from text to detections: fold, split, look up, match, tag, resolve.

use std::ops::Range;

use regex_automata::Anchored;
use regex_automata::hybrid::dfa::Cache;
use regex_automata::util::start;

use crate::check::Reckoning;
use crate::detection::{Detection, Grounds};
use crate::error::LoadError;
use crate::fold::Folded;
use crate::kind::{Kind, Kinds};
use crate::lexicon::{COMMON, FUNCTION, Lexicon, STARTS_PATTERN};
use crate::lists;
use crate::recognizer::{Automaton, LONGEST_IN_TOKENS, Recognizer, Recognizers, WINDOW_AFTER, WINDOW_BEFORE};
use crate::resolve::{drop_doubtful, resolve};
use crate::resources::Resources;
use crate::tagger::{Tagger, TaggerScratch};
use crate::token::{CAPITAL, DIGIT, LOWER, NEWLINE, OTHER, PUNCT, SPACED, Token, UPPER, tokenize};

/// What a pattern or a rule finds is reported from this score on. The tagger, which weighs the whole sentence, has its own.
pub const THRESHOLD: f32 = 0.5;

/// Texts are read in blocks of about this many bytes, cut at line ends, so that memory does not grow with a file.
const BLOCK: usize = 64 << 10;

/// Which layers look at the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layers {
    /// Patterns and lists alone.
    Lists,
    /// Patterns, lists and the tagger.
    All,
}

/// Finds identifiers in text. Made once, used from any number of threads with a [`Scratch`] each.
pub struct Scanner {
    pub(crate) lexicon: Lexicon,
    recognizers: Recognizers,
    pub(crate) tagger: Option<Tagger>,
    /// Kinds, identifiers and policies.
    pub kinds: Kinds,
    layers: Layers,
    reckoning: Reckoning,
    /// Whether a strong, or a weak, pattern may begin with these two bytes.
    begins: [Vec<u64>; 2],
    /// How many words of the lists a pattern can begin with.
    starting_words: usize,
}

impl std::fmt::Debug for Scanner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Scanner of {} recognizers", self.recognizers.all.len())
    }
}

/// Working space of one thread. Holds patients' text between calls, so it shows nothing of itself.
pub struct Scratch {
    folded: Folded,
    pub(crate) tokens: Vec<Token>,
    contexts: Vec<(u32, u16)>,
    found: Vec<Detection>,
    caches: [Cache; 2],
    /// Beginnings from which each automaton soon goes nowhere.
    barren: [Barren; 2],
    /// Patterns that matched at the place at hand, with their ends.
    ends: Vec<(usize, usize)>,
    tagger: TaggerScratch,
    /// Names of the document at hand, by hash of the word.
    names: Vec<u64>,
    /// A cell with the name of its column before it.
    pub(crate) cell: String,
}

impl std::fmt::Debug for Scratch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scratch")
    }
}

impl Scanner {
    /// Reads recognizers, lists and weights. `year` is that of today: it decides which years of birth tell an age over 89.
    ///
    /// # Errors
    /// When a file is missing or wrong.
    pub fn load(resources: &Resources, layers: Layers, year: i16) -> Result<Self, LoadError> {
        let kinds = Kinds::load(resources)?;
        let mut lexicon = Lexicon::load(resources)?;
        let recognizers = Recognizers::load(resources, &mut lexicon)?;
        let tagger = match (layers, resources.get("tagger.bin")) {
            (Layers::Lists, _) => None,
            (Layers::All, Some(bytes)) => Some(Tagger::read(bytes)?),
            (Layers::All, None) => {
                return Err(LoadError::new(
                    "tagger.bin",
                    "the weights of the tagger are missing",
                    "run `cargo xtask deid train`, or leave the tagger out",
                ));
            }
        };
        let reckoning = Reckoning { year, ages_over: kinds.ages_over };
        let mut scanner = Self {
            lexicon,
            recognizers,
            tagger,
            kinds,
            layers,
            reckoning,
            begins: [Vec::new(), Vec::new()],
            starting_words: 0,
        };
        scanner.learn_beginnings(resources)?;
        Ok(scanner)
    }

    /// What ages and years are reckoned by.
    pub(crate) fn reckoning(&self) -> Reckoning {
        self.reckoning
    }

    /// Which layers look at the text.
    pub fn layers(&self) -> Layers {
        self.layers
    }

    /// The recognizer at a position that a detection names.
    pub fn recognizer(&self, at: u16) -> Option<&Recognizer> {
        self.recognizers.all.get(usize::from(at))
    }

    /// All recognizers.
    pub fn recognizers(&self) -> &[Recognizer] {
        &self.recognizers.all
    }

    /// The context phrase at a position that a detection names.
    pub fn context(&self, at: u16) -> Option<&str> {
        self.recognizers.phrases.get(usize::from(at)).map(String::as_str)
    }

    /// What made a detection, in words.
    pub fn grounds(&self, detection: &Detection) -> String {
        match detection.by {
            Grounds::Pattern { recognizer, pattern, context, checked } => {
                let id = self.recognizer(recognizer).map_or("?", |r| r.id.as_str());
                let near = context.and_then(|c| self.context(c)).map_or(String::new(), |c| format!(" near “{c}”"));
                let check = if checked { ", check verified" } else { "" };
                format!("{id} #{}{near}{check}", pattern + 1)
            }
            Grounds::List(rule) => format!("list rule {}", rule.id()),
            Grounds::Tagger => "tagger".to_owned(),
            Grounds::Echo => "the same name elsewhere".to_owned(),
            Grounds::Transformer => "transformer".to_owned(),
            Grounds::Column => "name of the column".to_owned(),
            Grounds::RowValue => "value of another column".to_owned(),
        }
    }

    /// Examples in the files of recognizers that do not come out as they say: recognizer and whether it should match.
    pub fn failing_examples(&self) -> Vec<(String, String, bool)> {
        let mut scratch = self.scratch();
        let mut failing = Vec::new();
        for (at, text, expected) in self.recognizers.examples() {
            scratch.folded.fold(text);
            let folded = std::mem::take(&mut scratch.folded);
            self.split(folded.text(), &mut scratch);
            self.patterns(folded.text(), &mut scratch);
            scratch.folded = folded;
            let found = scratch.found.iter().any(|d| {
                matches!(d.by, Grounds::Pattern { recognizer, .. } if usize::from(recognizer) == at)
                    && d.score >= THRESHOLD
            });
            if found != expected {
                failing.push((self.recognizers.all[at].id.clone(), text.to_owned(), expected));
            }
        }
        failing
    }

    /// Whether some list knows a word: of the language, the clinic, names or places.
    pub fn knows(&self, word: &str) -> bool {
        self.lexicon.look_up(crate::token::word_hash(word)) != 0
    }

    /// Working space for one thread.
    pub fn scratch(&self) -> Scratch {
        Scratch {
            folded: Folded::default(),
            tokens: Vec::new(),
            contexts: Vec::new(),
            found: Vec::new(),
            caches: [self.recognizers.strong.dfa.create_cache(), self.recognizers.weak.dfa.create_cache()],
            barren: [Barren::default(), Barren::default()],
            ends: Vec::new(),
            tagger: TaggerScratch::default(),
            names: Vec::new(),
            cell: String::new(),
        }
    }

    /// Finds the identifiers of one document, in order and without overlap. `out` is emptied first.
    pub fn scan(&self, text: &str, scratch: &mut Scratch, out: &mut Vec<Detection>) {
        out.clear();
        scratch.names.clear();
        let mut at = 0;
        while at < text.len() {
            let end = block_end(text, at);
            self.block(&text[at..end], at, scratch, out);
            at = end;
        }
    }

    fn block(&self, text: &str, offset: usize, scratch: &mut Scratch, out: &mut Vec<Detection>) {
        if text.is_ascii() {
            self.folded_block(text, scratch);
            out.extend(scratch.found.iter().map(|d| Detection {
                start: d.start + offset,
                end: d.end + offset,
                ..*d
            }));
            return;
        }
        let mut folded = std::mem::take(&mut scratch.folded);
        folded.fold(text);
        self.folded_block(folded.text(), scratch);
        for detection in &scratch.found {
            let (start, end) = folded.back(detection.start, detection.end);
            out.push(Detection { start: start + offset, end: end + offset, ..*detection });
        }
        scratch.folded = folded;
    }

    /// Fills `scratch.found` with the resolved detections of one block of folded text.
    fn folded_block(&self, text: &str, scratch: &mut Scratch) {
        self.split(text, scratch);
        self.patterns(text, scratch);
        lists::find(text, &scratch.tokens, &mut scratch.found);
        if let Some(tagger) = &self.tagger {
            tagger.tag(text, &scratch.tokens, &mut scratch.tagger, &mut scratch.found);
        }
        self.echo(text, scratch);
        self.drop_placeholders(text, &mut scratch.found);
        resolve(text, &mut scratch.found);
        drop_doubtful(&mut scratch.found, scratch.tokens.len());
    }

    pub(crate) fn split(&self, text: &str, scratch: &mut Scratch) {
        tokenize(text, &mut scratch.tokens);
        self.lexicon.annotate(&mut scratch.tokens);
        self.recognizers.contexts(&scratch.tokens, &mut scratch.contexts);
        scratch.found.clear();
    }

    /// Tokens with what the lexica say of them, for training.
    pub(crate) fn tokens_of(&self, text: &str) -> (String, Vec<Token>, Folded) {
        let mut folded = Folded::default();
        folded.fold(text);
        let mut tokens = Vec::new();
        tokenize(folded.text(), &mut tokens);
        self.lexicon.annotate(&mut tokens);
        (folded.text().to_owned(), tokens, folded)
    }

    /// Runs the automaton from every token that can begin a pattern.
    fn patterns(&self, text: &str, scratch: &mut Scratch) {
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

    /// Tries the patterns that begin at a place: those that need a context only where one stands near.
    fn walk(&self, bytes: &[u8], start: usize, at: usize, near: usize, scratch: &mut Scratch) {
        let next = bytes.get(start + 1).copied().unwrap_or(b' ');
        let pair = usize::from(bytes[start]) << 8 | usize::from(next);
        let begins = |which: usize| self.begins[which][pair >> 6] >> (pair & 63) & 1 == 1;
        let last = at + WINDOW_AFTER + LONGEST_IN_TOKENS;
        let far = scratch.contexts[near..].iter().take_while(|(context, _)| *context as usize <= last).count();
        let near = near..near + far;
        if begins(0) {
            self.walk_one(&self.recognizers.strong, 0, bytes, (start, at), near.clone(), scratch);
        }
        if begins(1) && !near.is_empty() {
            self.walk_one(&self.recognizers.weak, 1, bytes, (start, at), near, scratch);
        }
    }

    fn walk_one(
        &self,
        patterns: &Automaton,
        which: usize,
        bytes: &[u8],
        (start, at): (usize, usize),
        near: Range<usize>,
        scratch: &mut Scratch,
    ) {
        let beginning = beginning(bytes, start);
        if scratch.barren[which].has(beginning) {
            return;
        }
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
            if here - start < BEGINNING {
                scratch.barren[which].learn(beginning);
            }
            return;
        }
        let ends = std::mem::take(&mut scratch.ends);
        for (pattern, end) in ends.iter().filter(|(_, end)| *end > start) {
            self.weigh(&patterns.users[*pattern], bytes, (start, *end), at, near.clone(), scratch);
        }
        scratch.ends = ends;
    }

    fn weigh(
        &self,
        users: &[(u16, u8)],
        bytes: &[u8],
        (start, end): (usize, usize),
        at: usize,
        near: Range<usize>,
        scratch: &mut Scratch,
    ) {
        let value = &bytes[start..end];
        let rest = scratch.tokens[at..].iter().take_while(|t| (t.start as usize) < end).count();
        let last = at + rest.max(1) - 1;
        for (recognizer, own) in users {
            let from = &self.recognizers.all[usize::from(*recognizer)];
            let pattern = &from.patterns[usize::from(*own)];
            let Some((score, context)) = from.weigh(pattern, (at, last), &scratch.contexts[near.clone()]) else {
                continue;
            };
            if score < THRESHOLD || pattern.check.is_some_and(|check| !check.holds(value, self.reckoning)) {
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
                    context,
                    checked: pattern.check.is_some_and(|c| c.is_strong()),
                },
                also: 0,
            });
        }
    }

    /// Finds other mentions of the names that were found.
    fn echo(&self, text: &str, scratch: &mut Scratch) {
        let tokens = &scratch.tokens;
        let is_name = |kind: Kind| matches!(kind, Kind::Name | Kind::ProviderName);
        for detection in scratch.found.iter().filter(|d| is_name(d.kind) && d.score >= 0.8) {
            let first = tokens.partition_point(|t| (t.start as usize) < detection.start);
            for token in tokens[first..].iter().take_while(|t| (t.end as usize) <= detection.end) {
                if token.is_word() && token.len() > 2 && token.lexical & (FUNCTION | COMMON) == 0 {
                    scratch.names.push(token.hash);
                }
            }
        }
        if scratch.names.is_empty() {
            return;
        }
        scratch.names.sort_unstable();
        scratch.names.dedup();
        let mut echoes = Vec::new();
        for token in tokens.iter().filter(|t| t.is(CAPITAL) && t.shape & (PUNCT | NEWLINE | OTHER) == 0) {
            if scratch.names.binary_search(&token.hash).is_ok() {
                echoes.push(Detection {
                    start: token.start as usize,
                    end: token.end as usize,
                    kind: Kind::Name,
                    score: 0.75,
                    by: Grounds::Echo,
                    also: 0,
                });
            }
        }
        debug_assert!(echoes.iter().all(|e| text.get(e.start..e.end).is_some()));
        scratch.found.extend(echoes);
    }

    /// Drops what lies within a tag that a cleaner put there, such as `[NAME]`, and the three digits of `606**`.
    fn drop_placeholders(&self, text: &str, found: &mut Vec<Detection>) {
        const LONGEST: usize = 40;
        const COARSE: usize = 3;
        if !text.contains('[') && !text.contains("**") {
            return;
        }
        let bytes = text.as_bytes();
        found.retain(|detection| {
            let value = &bytes[detection.start..detection.end];
            if value.len() == COARSE
                && value.iter().all(u8::is_ascii_digit)
                && bytes[detection.end..].starts_with(b"**")
            {
                return false;
            }
            let from = detection.start.saturating_sub(LONGEST);
            let Some(open) = bytes[from..=detection.start].iter().rposition(|b| *b == b'[') else { return true };
            let open = from + open;
            let to = (open + LONGEST).min(bytes.len());
            let Some(close) = bytes[open..to].iter().position(|b| *b == b']') else { return true };
            let close = open + close;
            let within = detection.end <= close + 1;
            !(within && text.get(open..=close).is_some_and(|tag| self.kinds.is_placeholder(tag)))
        });
    }

    /// Learns with which two bytes, and with which words of the lists, a pattern can begin.
    fn learn_beginnings(&mut self, resources: &Resources) -> Result<(), LoadError> {
        fn failed<E>(_: E) -> LoadError {
            LoadError::new("recognizers", "the patterns are too large together", "make them shorter")
        }
        let mut words: Vec<u64> = Vec::new();
        for (which, patterns) in [&self.recognizers.strong, &self.recognizers.weak].into_iter().enumerate() {
            let automaton = &patterns.dfa;
            let mut cache = automaton.create_cache();
            let first =
                automaton.start_state_forward(&mut cache, &crate::recognizer::anchored(b"")).map_err(failed)?;
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
                        words.push(crate::token::word_hash(word));
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

    /// How many words of the lists a pattern can begin with: all others are passed over at once.
    pub fn starting_words(&self) -> usize {
        self.starting_words
    }
}

/// How many bytes of a text tell a beginning.
const BEGINNING: usize = size_of::<u64>();

/// The bytes from a place on as a number; 0, which no text begins with, where there are not enough.
#[inline]
fn beginning(bytes: &[u8], start: usize) -> u64 {
    bytes[start..].first_chunk().map_or(0, |eight| u64::from_le_bytes(*eight))
}

/// Beginnings from which no pattern ends before the automaton is dead: most values that are none are met again and
/// again. A newer one takes the place of an older.
struct Barren(Vec<u64>);

impl Default for Barren {
    fn default() -> Self {
        Self(vec![0; 1 << Self::BITS])
    }
}

impl Barren {
    const BITS: u32 = 12;

    #[inline]
    fn slot(beginning: u64) -> usize {
        (beginning.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - Self::BITS)) as usize
    }

    #[inline]
    fn has(&self, beginning: u64) -> bool {
        beginning != 0 && self.0[Self::slot(beginning)] == beginning
    }

    fn learn(&mut self, beginning: u64) {
        self.0[Self::slot(beginning)] = beginning;
    }
}

/// Whether a pattern may begin with this token, as far as its kind goes.
#[inline]
fn may_begin(bytes: &[u8], token: &Token) -> bool {
    if token.shape & (DIGIT | PUNCT) != 0 || token.lexical & STARTS_PATTERN != 0 {
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

/// Values are no longer than this.
const LONGEST_VALUE: usize = 512;

/// Whether a value may end here: not within a word or number.
fn ends_value(bytes: &[u8], at: usize) -> bool {
    let class =
        |at: usize| bytes.get(at).map_or(0, |b| if *b >= 0x80 { 2 } else { u8::from(b.is_ascii_alphanumeric()) });
    let before = at.checked_sub(1).map_or(0, class);
    // Within a character, or between two of a script without spaces, everything may end.
    before == 0 || before != class(at) || before == 2 && bytes.get(at).is_some_and(|b| *b >= 0xc0)
}

/// Whether a number that begins here is the rest of a longer one, as in `12-345` or `1.5`.
fn continues_number(bytes: &[u8], start: usize) -> bool {
    let Some(before) = start.checked_sub(1).map(|at| bytes[at]) else { return false };
    let digit_before = start.checked_sub(2).is_some_and(|at| bytes[at].is_ascii_digit());
    digit_before && matches!(before, b'.' | b'-' | b'/' | b',')
}

/// Where a block that begins at `at` ends: after a line end, else after a space, else at a character.
fn block_end(text: &str, at: usize) -> usize {
    if text.len() - at <= BLOCK + BLOCK / 2 {
        return text.len();
    }
    let window = &text.as_bytes()[at..at + BLOCK];
    let cut = |mark: u8| window.iter().rposition(|b| *b == mark).filter(|cut| *cut > BLOCK / 2);
    let mut end = at + cut(b'\n').or_else(|| cut(b' ')).map_or(BLOCK, |cut| cut + 1);
    while !text.is_char_boundary(end) {
        end += 1;
    }
    end
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, block_end};

    #[test]
    fn blocks_end_at_lines_and_characters() {
        let lines = "a line of text\n".repeat(BLOCK / 5);
        let mut at = 0;
        while at < lines.len() {
            let end = block_end(&lines, at);
            assert!(lines[at..end].ends_with('\n'));
            at = end;
        }
        let solid = "é".repeat(BLOCK);
        assert!(solid.is_char_boundary(block_end(&solid, 0)));
    }
}
