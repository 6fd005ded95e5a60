//! Recognizers: patterns, the words that must or may stand near, and the rule a number must obey. All of it is data.

use regex_automata::hybrid::dfa::DFA;
use regex_automata::nfa::thompson;
use regex_automata::util::syntax;
use regex_automata::{Input, MatchKind};
use serde::Deserialize;

use crate::check::Check;
use crate::error::LoadError;
use crate::fold::Folded;
use crate::kind::Kind;
use crate::lexicon::{CONTEXT, Lexicon, Table, words_of};
use crate::resources::Resources;
use crate::scan::THRESHOLD;
use crate::token::{Token, word_hash};

/// A recognizer as its file describes it.
#[derive(Debug, Clone)]
pub struct Recognizer {
    /// Permanent kebab-case id.
    pub id: String,
    /// The file it stands in.
    pub file: String,
    /// What it finds.
    pub kind: Kind,
    /// Where the form of the number is told.
    pub source: String,
    pub(crate) patterns: Vec<Pattern>,
    /// Contexts that raise the score.
    context: Contexts,
    /// Those of them that do not tell what kind of number it is.
    vague: Contexts,
    /// Words that find nothing, but tell that a number behind them is of this kind.
    called: Contexts,
    /// Contexts after the value that raise the score.
    after: Contexts,
    /// Words before that rule it out.
    not_before: Contexts,
    /// Words after that rule it out.
    not_after: Contexts,
    /// Score where a context stands near.
    pub(crate) with_context: f32,
    /// How many tokens before the value a context may stand.
    pub(crate) window: usize,
    /// Examples that must be found, and texts that must not.
    examples: (Vec<String>, Vec<String>),
}

/// One pattern of a recognizer.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    pub(crate) score: f32,
    pub(crate) check: Option<Check>,
}

/// A set of context phrases by position.
#[derive(Debug, Clone, Default)]
pub(crate) struct Contexts(Vec<u64>);

impl Contexts {
    fn insert(&mut self, id: u16) {
        let at = usize::from(id) / 64;
        if self.0.len() <= at {
            self.0.resize(at + 1, 0);
        }
        self.0[at] |= 1 << (id % 64);
    }

    #[inline]
    pub(crate) fn has(&self, id: u16) -> bool {
        self.0.get(usize::from(id) / 64).is_some_and(|word| word >> (id % 64) & 1 == 1)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    recognizer: Vec<Raw>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Raw {
    id: String,
    kind: Kind,
    source: String,
    patterns: Vec<RawPattern>,
    #[serde(default)]
    context: Vec<String>,
    #[serde(default)]
    vague: Vec<String>,
    #[serde(default)]
    called: Vec<String>,
    #[serde(default)]
    context_after: Vec<String>,
    #[serde(default)]
    not_before: Vec<String>,
    #[serde(default)]
    not_after: Vec<String>,
    #[serde(default = "with_context")]
    with_context: f32,
    #[serde(default = "window")]
    window: usize,
    #[serde(rename = "match")]
    match_: Vec<String>,
    no_match: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPattern {
    #[serde(default)]
    regex: String,
    /// A list whose entries are the pattern, any case.
    list: Option<String>,
    score: f32,
    check: Option<String>,
    /// So many letters and digits in a row, at least, begin the value, one of them a digit.
    #[serde(default)]
    unbroken: usize,
    /// A mark such as `.`, `@` or `-` joins the first word of the value to what follows.
    #[serde(default)]
    joined: bool,
    /// Every value has characters beyond ASCII, among the first few.
    #[serde(default)]
    wide: bool,
}

fn with_context() -> f32 {
    0.95
}

fn window() -> usize {
    6
}

/// By pattern of an automaton: recognizers, and the position of the pattern in each.
type Users = Vec<Vec<(u16, u8)>>;

/// Patterns of many recognizers as one automaton.
pub(crate) struct Automaton {
    pub(crate) dfa: DFA,
    /// For each pattern, the recognizers and their pattern that use it.
    pub(crate) users: Users,
}

/// Where patterns are tried, each sort in an automaton of its own, so that few places are walked from and few states are met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    /// Anywhere: they are enough by themselves.
    Strong,
    /// Where a context stands near: they need one.
    Weak,
    /// Where many letters and digits stand in a row.
    Long,
    /// Where a mark joins the first word to the next.
    Joined,
    /// Where characters beyond ASCII stand: their values begin with some, or have them soon.
    Wide,
}

impl Sort {
    pub(crate) const COUNT: usize = 5;

    /// The sort of a pattern as written; what is wrong with it, if it says that it is of several.
    fn of(pattern: &RawPattern) -> Result<Self, &'static str> {
        match (pattern.score < THRESHOLD, pattern.unbroken, pattern.joined, pattern.wide) {
            (true, 0, false, false) => Ok(Self::Weak),
            (false, 0, false, false) => Ok(Self::Strong),
            (false, 1.., false, false) => Ok(Self::Long),
            (false, 0, true, false) => Ok(Self::Joined),
            (false, 0, false, true) => Ok(Self::Wide),
            _ => Err("`unbroken`, `joined` and `wide` are for scores of 0.5 or more, one of them at a time"),
        }
    }
}

/// A set of recognizers by position.
pub(crate) type Set = u128;

/// Where a phrase speaks for values, and for those of which recognizers.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Reach {
    /// Up to so many tokens behind it, for these.
    before: (usize, Set),
    /// Just before it, for these.
    after: Set,
}

impl Reach {
    /// The recognizers that a phrase at one token may speak for at another.
    #[inline]
    pub(crate) fn at(&self, phrase: usize, value: usize) -> Set {
        if phrase < value {
            if value - phrase <= self.before.0 { self.before.1 } else { 0 }
        } else if value < phrase && phrase - value <= WINDOW_AFTER + LONGEST_IN_TOKENS {
            self.after
        } else {
            0
        }
    }
}

/// All recognizers with automata over their patterns.
pub(crate) struct Recognizers {
    pub(crate) all: Vec<Recognizer>,
    /// By sort.
    pub(crate) automata: [Automaton; Sort::COUNT],
    /// How many letters and digits in a row the patterns of [`Sort::Long`] need at least.
    pub(crate) unbroken: usize,
    /// Context phrases as written.
    pub(crate) phrases: Vec<String>,
    /// By phrase: for which values it speaks.
    pub(crate) reaches: Vec<Reach>,
    /// Recognizers with patterns that need a context.
    pub(crate) need_context: Set,
    /// By phrase: what a number behind it is, where the form does not tell.
    calls: Vec<Option<Kind>>,
    /// By the last word: the words before it, last first, and the phrase. The first is empty.
    endings: Vec<Vec<(Vec<u64>, u16)>>,
    /// Which of the endings a last word has, by its hash.
    ending_of: Table,
}

/// How many tokens after a value a context may stand.
pub(crate) const WINDOW_AFTER: usize = 4;
/// How many tokens before or after a value a word may stand that rules it out.
pub(crate) const WINDOW_AGAINST: usize = 3;

impl Recognizers {
    /// Reads every TOML file of recognizers, and tells the lexicon which words matter to them.
    pub(crate) fn load(resources: &Resources, lexicon: &mut Lexicon) -> Result<Self, LoadError> {
        let mut all: Vec<Recognizer> = Vec::new();
        let mut patterns_of: [(Vec<String>, Users); Sort::COUNT] = Default::default();
        let mut unbroken = usize::MAX;
        let mut need_context = 0;
        let mut phrases: Vec<String> = Vec::new();
        let names: Vec<&str> = resources.names(".toml").filter(|name| name.contains('/')).collect();
        for name in names {
            let file: File = resources.toml(name)?;
            for raw in file.recognizer {
                let fault = |message: String| {
                    LoadError::new(name, format!("recognizer `{}`: {message}", raw.id), "see recognizers/README.md")
                };
                if all.iter().any(|other| other.id == raw.id) {
                    return Err(fault("the id is used twice".to_owned()));
                }
                if raw.match_.is_empty() || raw.no_match.is_empty() {
                    return Err(fault("`match` and `no-match` each need an example".to_owned()));
                }
                if all.len() == Set::BITS as usize {
                    return Err(fault(format!("there are more than {} recognizers", Set::BITS)));
                }
                if raw.window > WINDOW_BEFORE {
                    return Err(fault(format!("window {} is more than {WINDOW_BEFORE}", raw.window)));
                }
                let mut patterns = Vec::new();
                for pattern in &raw.patterns {
                    let check = match &pattern.check {
                        Some(id) => Some(Check::named(id).ok_or_else(|| fault(format!("there is no check `{id}`")))?),
                        None => None,
                    };
                    if !(0.0..=1.0).contains(&pattern.score) {
                        return Err(fault(format!("score {} is not in [0,1]", pattern.score)));
                    }
                    let regex = match &pattern.list {
                        Some(list) => {
                            let entries: Vec<&str> = resources.lines(list)?.map(|(entry, _)| entry).collect();
                            if entries.is_empty()
                                || entries
                                    .iter()
                                    .any(|e| !e.bytes().all(|b| b.is_ascii_alphanumeric() || b" '-".contains(&b)))
                            {
                                return Err(fault(format!("`{list}` is empty, or has more than words in it")));
                            }
                            format!("(?i)(?:{})", entries.join("|"))
                        }
                        None => pattern.regex.clone(),
                    };
                    let sort =
                        Sort::of(pattern).map_err(|what| fault(format!("pattern `{}`: {what}", pattern.regex)))?;
                    match sort {
                        Sort::Weak => need_context |= 1 << all.len(),
                        Sort::Long => unbroken = unbroken.min(pattern.unbroken),
                        _ => {}
                    }
                    let (regexes, users) = &mut patterns_of[sort as usize];
                    let regex = regexes.iter().position(|known| *known == regex).unwrap_or_else(|| {
                        regexes.push(regex.clone());
                        users.push(Vec::new());
                        regexes.len() - 1
                    });
                    users[regex].push((all.len() as u16, patterns.len() as u8));
                    patterns.push(Pattern { score: pattern.score, check });
                }
                let mut set = |words: &[String]| {
                    let mut set = Contexts::default();
                    for word in words {
                        let id = phrases.iter().position(|known| known == word).unwrap_or_else(|| {
                            phrases.push(word.clone());
                            phrases.len() - 1
                        });
                        set.insert(id as u16);
                    }
                    set
                };
                let (context, after) = (set(&raw.context), set(&raw.context_after));
                let (not_before, not_after) = (set(&raw.not_before), set(&raw.not_after));
                let (called, vague) = (set(&raw.called), set(&raw.vague));
                all.push(Recognizer {
                    id: raw.id,
                    file: name.to_owned(),
                    kind: raw.kind,
                    source: raw.source,
                    patterns,
                    context,
                    vague,
                    called,
                    after,
                    not_before,
                    not_after,
                    with_context: raw.with_context,
                    window: raw.window,
                    examples: (raw.match_, raw.no_match),
                });
            }
        }
        let mut endings: Vec<Vec<(Vec<u64>, u16)>> = vec![Vec::new()];
        let mut ending_of = Table::new(phrases.len().next_power_of_two() * 2);
        let is_context = |id: u16| all.iter().any(|recognizer| recognizer.sees(id));
        for (id, phrase) in phrases.iter().enumerate() {
            let mut folded = Folded::default();
            folded.fold(phrase);
            let mut words: Vec<u64> = words_of(folded.text()).map(word_hash).collect();
            let Some(last) = words.pop() else {
                return Err(LoadError::new("recognizers", format!("context `{phrase}` has no word"), "remove it"));
            };
            words.reverse();
            if is_context(id as u16) {
                lexicon.add_word(last, CONTEXT);
            }
            let ending = ending_of.entry(last);
            if *ending == 0 {
                *ending = endings.len() as u32;
                endings.push(Vec::new());
            }
            endings[*ending as usize].push((words, id as u16));
        }
        let [strong, weak, long, joined, wide] = patterns_of.map(|(regexes, users)| match compile(&regexes) {
            Ok(dfa) => Ok(Automaton { dfa, users }),
            Err((at, message)) => {
                let user = users.get(at).and_then(|u| u.first()).and_then(|(r, _)| all.get(usize::from(*r)));
                let (file, id) = user.map_or(("recognizers", "?"), |r| (r.file.as_str(), r.id.as_str()));
                Err(LoadError::new(file, format!("recognizer `{id}`: {message}"), "correct the regular expression"))
            }
        });
        let automata = [strong?, weak?, long?, joined?, wide?];
        let calls = (0..phrases.len() as u16).map(|phrase| told_by(&all, phrase)).collect();
        let reaches = (0..phrases.len() as u16).map(|phrase| reach_of(&all, phrase)).collect();
        Ok(Self { all, automata, unbroken, phrases, reaches, need_context, calls, endings, ending_of })
    }

    /// The context phrases that end at a token, with it, in order of their place.
    pub(crate) fn contexts(&self, tokens: &[Token], found: &mut Vec<(u32, u16)>) {
        found.clear();
        for (at, _) in tokens.iter().enumerate().filter(|(_, token)| token.lexical & CONTEXT != 0) {
            found.extend(self.phrases_at(tokens, at).map(|(_, phrase)| (at as u32, phrase)));
        }
    }

    /// The phrases that end at a token, with how many words stand before their last.
    fn phrases_at<'a>(&'a self, tokens: &'a [Token], at: usize) -> impl Iterator<Item = (usize, u16)> + 'a {
        let endings = &self.endings[self.ending_of.get(tokens[at].hash) as usize];
        let fits = move |before: &[u64]| {
            let mut words = tokens[..at].iter().rev().filter(|t| t.hash >> 63 == 1 || !joins(t));
            before.iter().all(|word| words.next().is_some_and(|t| t.hash == *word)) && !is_tag(tokens, at)
        };
        endings.iter().filter(move |(before, _)| fits(before)).map(|(before, phrase)| (before.len(), *phrase))
    }

    /// What a number is that the phrase ending at a token calls by its name, and the phrase: the longest that does.
    pub(crate) fn called_at(&self, tokens: &[Token], at: usize) -> Option<(Kind, u16)> {
        let (_, phrase) = self.phrases_at(tokens, at).max_by_key(|(words, _)| *words)?;
        self.calls[usize::from(phrase)].map(|kind| (kind, phrase))
    }

    /// Every example of every recognizer that does not come out as its file says.
    pub(crate) fn examples(&self) -> impl Iterator<Item = (usize, &str, bool)> {
        self.all.iter().enumerate().flat_map(|(at, recognizer)| {
            let (yes, no) = &recognizer.examples;
            yes.iter()
                .map(move |text| (at, text.as_str(), true))
                .chain(no.iter().map(move |text| (at, text.as_str(), false)))
        })
    }
}

/// Whether a token is the word of a tag that a cleaner put there, such as `[ZIP]`: it says nothing of the next number.
fn is_tag(tokens: &[Token], at: usize) -> bool {
    let mark = |at: Option<usize>, mark| at.and_then(|at| tokens.get(at)).is_some_and(|t| t.mark(mark));
    mark(at.checked_sub(1), b'[') && mark(Some(at + 1), b']')
}

/// The one kind of number that a phrase tells; none where no recognizer says so, or several disagree.
fn told_by(all: &[Recognizer], phrase: u16) -> Option<Kind> {
    let mut kinds = all.iter().filter(|recognizer| recognizer.calls(phrase)).map(|recognizer| recognizer.kind);
    let first = kinds.next()?;
    kinds.all(|kind| kind == first).then_some(first)
}

/// For which values a phrase speaks.
fn reach_of(all: &[Recognizer], phrase: u16) -> Reach {
    let mut reach = Reach::default();
    for (at, recognizer) in all.iter().enumerate() {
        if recognizer.context.has(phrase) {
            reach.before = (reach.before.0.max(recognizer.window), reach.before.1 | 1 << at);
        }
        if recognizer.after.has(phrase) {
            reach.after |= 1 << at;
        }
    }
    reach
}

/// Marks that may stand between the words of a context.
fn joins(token: &Token) -> bool {
    token.mark(b'.') || token.mark(b'-') || token.mark(b'_') || token.mark(b'/') || token.mark(b'\'')
}

impl Recognizer {
    /// Whether a phrase says something for or against a value.
    fn sees(&self, phrase: u16) -> bool {
        [&self.context, &self.after, &self.not_before, &self.not_after].iter().any(|set| set.has(phrase))
    }

    /// Whether a phrase tells that a number behind it is of this kind.
    fn calls(&self, phrase: u16) -> bool {
        let named = self.called.has(phrase) || self.context.has(phrase) && !self.vague.has(phrase);
        self.kind.is_number() && named
    }

    /// The score of a value at tokens `first..=last`, and the context that spoke for it with how far away it is; none if ruled
    /// out. `contexts` are those near.
    pub(crate) fn weigh(
        &self,
        pattern: &Pattern,
        (first, last): (usize, usize),
        contexts: &[(u32, u16)],
    ) -> Option<(f32, Option<(u16, u8)>)> {
        if contexts.is_empty()
            || (self.context.is_empty()
                && self.after.is_empty()
                && self.not_before.is_empty()
                && self.not_after.is_empty())
        {
            return Some((pattern.score, None));
        }
        let split = contexts.partition_point(|(at, _)| (*at as usize) < first);
        let before = contexts[..split].iter().rev();
        let after = contexts[split..].iter().skip_while(|(at, _)| (*at as usize) <= last);
        let near = |at: u32, window: usize| (at as usize) + window >= first;
        let within = |at: u32, window: usize| (at as usize) <= last + window;
        if before.clone().take_while(|(at, _)| near(*at, WINDOW_AGAINST)).any(|(_, id)| self.not_before.has(*id))
            || after.clone().take_while(|(at, _)| within(*at, WINDOW_AGAINST)).any(|(_, id)| self.not_after.has(*id))
        {
            return None;
        }
        let context = before
            .take_while(|(at, _)| near(*at, self.window))
            .find(|(_, id)| self.context.has(*id))
            .or_else(|| after.take_while(|(at, _)| within(*at, WINDOW_AFTER)).find(|(_, id)| self.after.has(*id)));
        let Some((at, id)) = context else { return Some((pattern.score, None)) };
        let most = if self.vague.has(*id) { WITH_VAGUE } else { 1.0 };
        let at = *at as usize;
        let away = if at < first { first - at } else { at - last };
        Some((self.with_context.min(most).max(pattern.score), Some((*id, away as u8))))
    }
}

/// One automaton over all patterns; each is matched from a given place only. Errs with the position of the culprit.
fn compile(regexes: &[String]) -> Result<DFA, (usize, String)> {
    let syntax = syntax::Config::new().unicode(false).utf8(false);
    for (at, regex) in regexes.iter().enumerate() {
        syntax::parse_with(regex, &syntax).map_err(|error| (at, error.to_string()))?;
    }
    let config = DFA::config().match_kind(MatchKind::All).cache_capacity(CACHE_BYTES).skip_cache_capacity_check(true);
    DFA::builder()
        .configure(config)
        .syntax(syntax)
        .thompson(thompson::Config::new().utf8(false))
        .build_many(regexes)
        .map_err(|error| (usize::MAX, error.to_string()))
}

/// What a context that does not tell the kind raises the score to, at most.
const WITH_VAGUE: f32 = 0.7;

/// Bytes of states that one thread keeps.
const CACHE_BYTES: usize = 32 << 20;

/// A context stands at most so many tokens before a value.
pub(crate) const WINDOW_BEFORE: usize = 8;
/// A value that has a context after it has at most so many tokens.
pub(crate) const LONGEST_IN_TOKENS: usize = 4;

/// How a walk begins: from the given place, nowhere else.
pub(crate) fn anchored(text: &[u8]) -> Input<'_> {
    Input::new(text).anchored(regex_automata::Anchored::Yes)
}
