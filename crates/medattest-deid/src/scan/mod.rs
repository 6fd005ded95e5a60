//! The whole way from text to detections: fold, split, look up, match, tag, resolve.

mod called;
mod echo;
mod patterns;

use regex_automata::hybrid::dfa::Cache;

use self::echo::echo;
use crate::check::Reckoning;
use crate::detection::{Detection, Grounds};
use crate::error::LoadError;
use crate::fold::Folded;
use crate::kind::Kinds;
use crate::lexicon::{Lexicon, Met, Table};
use crate::lists::Reader;
use crate::recognizer::{Recognizer, Recognizers, Sort};
use crate::resolve::{drop_doubtful, resolve};
use crate::resources::Resources;
use crate::tagger::{Tagger, TaggerScratch};
use crate::token::{Token, tokenize};

/// What a pattern or a rule finds is reported from this score on. The tagger, which weighs the whole sentence, has its own.
pub const THRESHOLD: f32 = 0.5;

/// A pattern or a rule of this score or more tells what a value is, by its form or by a context of its own.
pub(crate) const FORMED: f32 = 0.8;

/// Values that patterns match are no longer than this.
pub(crate) const LONGEST_VALUE: usize = 512;

/// Texts are read in blocks of about this many bytes, cut at line ends, so that memory does not grow with a file.
const BLOCK: usize = 64 << 10;

/// Room for the names of a document at first.
const NAMES: usize = 1 << 6;

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
    /// By sort of patterns: whether one may begin with these two bytes.
    begins: [Vec<u64>; Sort::COUNT],
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
    met: Met,
    contexts: Vec<(u32, u16)>,
    found: Vec<Detection>,
    /// By sort of patterns.
    caches: [Cache; Sort::COUNT],
    /// Patterns that matched at the place at hand, with their ends.
    ends: Vec<(usize, usize)>,
    tagger: TaggerScratch,
    /// Names of the document at hand, by hash of the word.
    names: Table,
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
            begins: Default::default(),
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
        let called = detection.called.and_then(|word| self.context(word));
        self.by(detection) + &called.map_or(String::new(), |word| format!(", called “{word}”"))
    }

    fn by(&self, detection: &Detection) -> String {
        match detection.by {
            Grounds::Pattern { recognizer, pattern, context, checked, .. } => {
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
            met: Met::default(),
            contexts: Vec::new(),
            found: Vec::new(),
            caches: self.recognizers.automata.each_ref().map(|automaton| automaton.dfa.create_cache()),
            ends: Vec::new(),
            tagger: TaggerScratch::default(),
            names: Table::new(NAMES),
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
        let Scratch { tokens, found, tagger: tagging, names, .. } = scratch;
        let reader = Reader::new(text, tokens, &self.lexicon);
        reader.find(found);
        if let Some(tagger) = &self.tagger {
            tagger.tag(text, tokens, &self.lexicon, tagging, found);
            reader.drop_terms(found);
        }
        reader.grow_names(found);
        reader.numbers_of_names(found);
        reader.grow_houses(found);
        reader.echo_houses(found);
        echo(tokens, reader.capitals, names, found);
        reader.ages(self.reckoning, found);
        self.drop_placeholders(text, found);
        resolve(text, found);
        drop_doubtful(found, tokens.len());
        self.call_numbers(text, tokens, found);
    }

    pub(crate) fn split(&self, text: &str, scratch: &mut Scratch) {
        tokenize(text, &mut scratch.tokens);
        self.lexicon.annotate(&mut scratch.tokens, &mut scratch.met);
        self.recognizers.contexts(&scratch.tokens, &mut scratch.contexts);
        scratch.found.clear();
    }

    /// Tokens with what the lexica say of them, for training.
    pub(crate) fn tokens_of(&self, text: &str) -> (String, Vec<Token>, Folded) {
        let mut folded = Folded::default();
        folded.fold(text);
        let mut tokens = Vec::new();
        tokenize(folded.text(), &mut tokens);
        self.lexicon.annotate(&mut tokens, &mut Met::default());
        (folded.text().to_owned(), tokens, folded)
    }

    /// How many words of the lists a pattern can begin with: all others are passed over at once.
    pub fn starting_words(&self) -> usize {
        self.starting_words
    }
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
