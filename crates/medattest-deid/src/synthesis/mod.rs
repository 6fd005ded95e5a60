//! Notes that the project generates itself: templates filled with invented people. The same seed gives the same notes.

mod alike;
mod clinic;
mod numbers;
mod people;

use std::collections::BTreeMap;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::error::LoadError;
use crate::gold::{GoldSpan, Note};
use crate::kind::Kind;
use crate::resources::Resources;
use crate::token::word_hash;
pub(crate) use people::title;
use people::{People, Person};

/// Which templates and names are drawn from: what is held out is never trained on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// For training.
    Training,
    /// For measuring: other templates, other names.
    HeldOut,
}

/// Kinds of note that are wholly held out, so that one figure tells how the tagger does on notes of a new kind.
const NEW_KINDS: [&str; 3] = ["general-practice", "interpreter", "pathology"];
/// Of the other kinds, one template in so many is held out.
const HELD_OUT_EVERY: usize = 8;
/// Of the names, one in so many is held out.
pub(crate) const NAMES_HELD_OUT_EVERY: u64 = 5;

/// Kinds of which each template was written as a whole note; they are nearer to real ones, so more is learnt of them.
const WHOLE: &str = "whole-";
const WHOLE_TIMES: usize = 3;

/// How a note is dressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dress {
    Plain,
    Lower,
    Upper,
    Scanned,
    /// Every Word With A Capital, as in headings.
    Title,
}

/// What stays the same throughout one note.
#[derive(Default)]
struct Cast {
    /// By slot.
    people: BTreeMap<String, Person>,
    /// Words of names of houses and streets, by the word of the example.
    words: BTreeMap<String, String>,
    /// How many months dates are later than those of their examples.
    months: usize,
}

struct Template {
    /// Kind of note and number of the template within it.
    id: String,
    kind: String,
    parts: Vec<Part>,
    dress: Dress,
    split: Split,
}

enum Part {
    Text(String),
    /// Name of the slot and its form.
    Slot(String, String),
}

/// Generates notes.
pub struct Synthesizer {
    templates: Vec<Template>,
    people: People,
    clinic: clinic::Clinic,
}

impl std::fmt::Debug for Synthesizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Synthesizer of {} templates", self.templates.len())
    }
}

impl Synthesizer {
    /// Reads templates and lists.
    ///
    /// # Errors
    /// When a list is missing or a template names a slot that does not exist.
    pub fn load(resources: &Resources) -> Result<Self, LoadError> {
        let people = People::load(resources)?;
        let clinic = clinic::Clinic::load(resources)?;
        let mut templates = Vec::new();
        let files: Vec<&str> = resources.names(".txt").filter(|name| name.starts_with("templates/")).collect();
        for file in files {
            let kind = file.trim_start_matches("templates/").trim_end_matches(".txt").to_owned();
            let text = resources.text(file)?;
            let body: String = text.lines().skip_while(|l| l.starts_with('#')).map(|l| format!("{l}\n")).collect();
            for (at, template) in body.split("\n===").enumerate() {
                let mut template = template.trim_matches('\n');
                if template.trim().is_empty() {
                    continue;
                }
                let mut dress = Dress::Plain;
                if let Some((first, rest)) = template.split_once('\n').filter(|(first, _)| first.starts_with('@')) {
                    dress = match first.trim() {
                        "@lower" => Dress::Lower,
                        "@upper" => Dress::Upper,
                        "@ocr" => Dress::Scanned,
                        other => {
                            let message = format!("template {} begins with the unknown `{other}`", at + 1);
                            return Err(LoadError::new(file, message, "use @lower, @upper or @ocr"));
                        }
                    };
                    template = rest;
                }
                let held = NEW_KINDS.contains(&kind.as_str()) || at % HELD_OUT_EVERY == HELD_OUT_EVERY - 1;
                let split = if held { Split::HeldOut } else { Split::Training };
                templates.push(Template {
                    id: format!("{kind}/{}", at + 1),
                    kind: kind.clone(),
                    parts: parts(template),
                    dress,
                    split,
                });
            }
        }
        let synthesizer = Self { templates, people, clinic };
        synthesizer.check()?;
        Ok(synthesizer)
    }

    /// Every slot of every template can be filled.
    fn check(&self) -> Result<(), LoadError> {
        let mut random = ChaCha8Rng::seed_from_u64(0);
        for template in &self.templates {
            let mut cast = Cast::default();
            for part in &template.parts {
                if let Part::Slot(name, form) = part
                    && self.fill(name, form, &mut cast, Split::Training, &mut random).is_none()
                {
                    let message = format!("a template has the unknown slot {{{name}{form}}}");
                    let file = format!("templates/{}.txt", template.kind);
                    return Err(LoadError::new(&file, message, "see recognizers/README.md for the slots"));
                }
            }
        }
        Ok(())
    }

    /// How many templates a split has, and of how many kinds.
    pub fn templates(&self, split: Split) -> (usize, usize) {
        let of: Vec<&str> = self.templates.iter().filter(|t| t.split == split).map(|t| t.kind.as_str()).collect();
        let kinds: std::collections::BTreeSet<&str> = of.iter().copied().collect();
        (of.len(), kinds.len())
    }

    /// Notes of a split: every template `times` times.
    pub fn notes(&self, split: Split, times: usize, seed: u64) -> Vec<Note> {
        let mut random = ChaCha8Rng::seed_from_u64(seed ^ if split == Split::HeldOut { 0x5eed } else { 0 });
        let mut notes = Vec::new();
        for _ in 0..times {
            for template in self.templates.iter().filter(|t| t.split == split) {
                let whole = split == Split::Training && template.kind.starts_with(WHOLE);
                for _ in 0..if whole { WHOLE_TIMES } else { 1 } {
                    notes.push(self.note(template, split, &mut random));
                }
            }
        }
        notes
    }

    fn note(&self, template: &Template, split: Split, random: &mut ChaCha8Rng) -> Note {
        let mut note = Note { id: template.id.clone(), ..Note::default() };
        let mut cast = Cast { months: random.random_range(0..12), ..Cast::default() };
        for part in &template.parts {
            match part {
                Part::Text(text) => note.text.push_str(text),
                Part::Slot(name, form) => {
                    let pieces = self.fill(name, form, &mut cast, split, random).unwrap_or_default();
                    for (text, kind) in pieces {
                        let start = note.text.len();
                        note.text.push_str(&text);
                        if let Some(kind) = kind {
                            note.spans.push(GoldSpan { start, end: note.text.len(), kind });
                        }
                    }
                }
            }
        }
        let dress = match template.dress {
            Dress::Plain => match random.random_range(0..100) {
                0..7 => Dress::Lower,
                7..11 => Dress::Upper,
                11..13 => Dress::Scanned,
                // Capitals alone make no name.
                13..23 if note.spans.is_empty() => Dress::Title,
                _ => Dress::Plain,
            },
            dress => dress,
        };
        match dress {
            Dress::Plain => {}
            Dress::Lower => note.text.make_ascii_lowercase(),
            Dress::Upper => note.text.make_ascii_uppercase(),
            Dress::Scanned => scan(&mut note.text, random),
            Dress::Title => {
                let mut before = ' ';
                note.text = note
                    .text
                    .chars()
                    .map(|c| {
                        let up = !before.is_alphanumeric() && before != '\'';
                        before = c;
                        if up { c.to_ascii_uppercase() } else { c }
                    })
                    .collect();
            }
        }
        note
    }

    /// What a slot is filled with, in pieces of which some identify somebody; none if there is no such slot.
    fn fill(
        &self,
        name: &str,
        form: &str,
        cast: &mut Cast,
        split: Split,
        random: &mut ChaCha8Rng,
    ) -> Option<Vec<(String, Option<Kind>)>> {
        let role = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let kind = match role {
            "patient" | "relative" | "person" | "household" => Some(Kind::Name),
            "provider" => Some(Kind::ProviderName),
            _ => None,
        };
        if let Some(kind) = kind {
            let person = cast.people.entry(name.to_owned()).or_insert_with(|| self.people.person(split, random));
            // `last^` is written in capitals, `first_` in small letters.
            let text = match (form.strip_suffix('^'), form.strip_suffix('_')) {
                (Some(form), _) => person.shown(form, random)?.to_uppercase(),
                (_, Some(form)) => person.shown(form, random)?.to_lowercase(),
                _ => person.shown(form, random)?,
            };
            return Some(vec![(text, Some(kind))]);
        }
        // `age90` and `ssn4` are slots of their own.
        self.people
            .place(role, form, &mut cast.words, split, random)
            .or_else(|| numbers::fill(name, form, cast.months, random))
            .or_else(|| numbers::fill(role, form, cast.months, random))
            .or_else(|| self.clinic.fill(role, random).map(|text| vec![(text, None)]))
    }
}

/// Splits a template at its slots.
fn parts(template: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let Some(close) = rest[open..].find('}') else { break };
        if open > 0 {
            parts.push(Part::Text(rest[..open].to_owned()));
        }
        let slot = &rest[open + 1..open + close];
        let (name, form) = slot.split_once('.').map_or((slot, ""), |(name, form)| (name, form));
        parts.push(Part::Slot(name.to_owned(), form.to_owned()));
        rest = &rest[open + close + 1..];
    }
    parts.push(Part::Text(rest.to_owned()));
    parts
}

/// Characters as a scanner misreads them, one for one.
fn scan(text: &mut String, random: &mut ChaCha8Rng) {
    *text = text
        .chars()
        .map(|c| {
            let other = match c {
                'l' => '1',
                'O' => '0',
                '0' => 'O',
                '1' => 'l',
                'S' => '5',
                '5' => 'S',
                'e' => 'c',
                'i' => 'l',
                _ => return c,
            };
            if random.random_bool(0.02) { other } else { c }
        })
        .collect();
}

/// Whether a name belongs to a split.
pub(crate) fn belongs(name: &str, split: Split) -> bool {
    let held = word_hash(name) >> 20 & 0xffff;
    held.is_multiple_of(NAMES_HELD_OUT_EVERY) == (split == Split::HeldOut)
}

/// One of them.
pub(crate) fn pick<'a, T: ?Sized>(from: &[&'a T], random: &mut ChaCha8Rng) -> &'a T {
    from[random.random_range(0..from.len())]
}
