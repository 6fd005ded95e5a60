//! What is told of a text: lengths, words, language, identifiers. Numbers only; the text stays where it is.

use std::sync::Mutex;

use medattest_deid::{Layers, Policy, Resources, Scanner, Scratch};

use crate::command::Stop;
use crate::deid::unusable;
use crate::embedded;

/// Words that tell a language, the commonest of each.
const LANGUAGES: [(&str, &[&str]); 6] = [
    ("en", &["the", "and", "of", "to", "with", "for", "was", "is", "in", "on"]),
    ("es", &["el", "la", "de", "que", "los", "con", "una", "para", "del", "se"]),
    ("fr", &["le", "les", "des", "et", "est", "une", "dans", "pour", "avec", "du"]),
    ("de", &["der", "die", "und", "das", "mit", "ist", "nicht", "den", "ein", "bei"]),
    ("it", &["il", "di", "che", "per", "non", "della", "sono", "gli", "con", "alla"]),
    ("pt", &["o", "de", "que", "não", "uma", "com", "para", "os", "dos", "em"]),
];

/// Looks at texts.
pub(crate) struct Probe {
    scanner: Scanner,
    policy: Policy,
    scratches: Mutex<Vec<Scratch>>,
}

impl Probe {
    /// Loads recognizers and lists; the tagger would be too slow for every text of every day.
    pub(crate) fn load(year: i16) -> Result<Self, Stop> {
        let resources: Resources = embedded::recognizers();
        let scanner = Scanner::load(&resources, Layers::Lists, year).map_err(|error| unusable(&error))?;
        let policy = scanner.kinds.policy("safe-harbor").cloned();
        let policy = policy.ok_or_else(|| Stop::usage("safe-harbor", "there is no such policy", "see deid kinds"))?;
        Ok(Self { scanner, policy, scratches: Mutex::new(Vec::new()) })
    }

    /// Tells of a text: characters, words, share of words that no list knows, share of characters that are not letters
    /// of plain Latin, whether the language is other than English, identifiers in a hundred words.
    pub(crate) fn tell(&self, text: &str, told: &mut Vec<(&'static str, f64)>) {
        let words: Vec<&str> = text.split_whitespace().collect();
        let count = words.len().max(1) as f64;
        told.push(("characters", text.chars().count() as f64));
        told.push(("words", words.len() as f64));
        let foreign = text.chars().filter(|c| c.is_alphabetic() && !c.is_ascii()).count() as f64;
        let letters = text.chars().filter(|c| c.is_alphabetic()).count().max(1) as f64;
        told.push(("share of letters beyond plain Latin", hundredths(foreign / letters)));
        let lower: Vec<String> =
            words.iter().map(|w| w.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()).collect();
        let unknown = lower.iter().filter(|w| w.chars().any(char::is_alphabetic) && !self.scanner.knows(w)).count();
        told.push(("share of unknown words", hundredths(unknown as f64 / count)));
        let hits = |list: &[&str]| lower.iter().filter(|word| list.contains(&word.as_str())).count();
        let best = LANGUAGES.iter().enumerate().max_by_key(|(at, (_, list))| (hits(list), usize::MAX - at));
        let other = best.is_some_and(|(_, (name, list))| *name != "en" && hits(list) >= 2);
        told.push(("language other than English", f64::from(u8::from(other))));
        let kept = self.scratches.lock().ok().and_then(|mut scratches| scratches.pop());
        let mut scratch = kept.unwrap_or_else(|| self.scanner.scratch());
        let mut found = Vec::new();
        self.scanner.scan(text, &mut scratch, &mut found);
        let identifying = found.iter().filter(|d| self.policy.removes(d.kind)).count();
        told.push(("identifiers in 100 words", (identifying as f64 / count * 100.0).round()));
        if let Ok(mut scratches) = self.scratches.lock() {
            scratches.push(scratch);
        }
    }
}

fn hundredths(share: f64) -> f64 {
    (share * 100.0).round() / 100.0
}
