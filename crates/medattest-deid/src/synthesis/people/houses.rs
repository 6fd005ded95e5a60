//! Names of houses, companies, schools and streets.

use std::collections::{BTreeMap, HashSet};

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::{People, Split, invented, one, pick, title};
use crate::error::LoadError;
use crate::resources::Resources;

/// Words that say only what sort of house or street it is, or bind others.
pub(super) fn sorts(resources: &Resources) -> Result<HashSet<String>, LoadError> {
    let mut sorts: HashSet<String> =
        resources.lines("phrases/house-sorts.txt")?.map(|(word, _)| word.to_owned()).collect();
    for list in ["org-suffixes", "street-suffixes", "function-words"] {
        for (entry, _) in resources.lines(&format!("lexica/{list}.txt"))? {
            sorts.extend(entry.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase));
        }
    }
    Ok(sorts)
}

impl People {
    /// Ordinary words as a name: `Kettle Brook`, `Saguaro`.
    fn words(&self, split: Split, random: &mut ChaCha8Rng) -> String {
        let words = &self.pool(split).words;
        let first = one(words, random);
        if random.random_bool(0.3) { first } else { format!("{first} {}", one(words, random)) }
    }

    pub(super) fn facility(&self, split: Split, random: &mut ChaCha8Rng) -> String {
        const SAINTS: [&str; 16] = [
            "St. Mary's",
            "St. Luke's",
            "Saint Joseph",
            "St Vincent's",
            "Holy Cross",
            "Mount Sinai",
            "Good Samaritan",
            "Sacred Heart",
            "Mercy",
            "Trinity",
            "St. Jude",
            "Our Lady of Grace",
            "Providence",
            "Bethesda",
            "St Anne's",
            "Mount Carmel",
        ];
        const KINDS: [&str; 14] = [
            "Family",
            "Regional",
            "Community",
            "Women's",
            "Children's",
            "Valley",
            "County",
            "Heart",
            "General",
            "Memorial",
            "Integrated",
            "Premier",
            "Advanced",
            "Neighborhood",
        ];
        let base = match random.random_range(0..8) {
            0 | 1 => self.surname(split, random),
            2 | 3 => self.city(split, random),
            4 => pick(&SAINTS, random).to_owned(),
            _ => self.words(split, random),
        };
        match random.random_range(0..100) {
            0..4 => return format!("University of {base} {}", pick(FACILITIES, random)),
            4..8 if base.contains(' ') => return base,
            8..11 => {
                return format!("{} of {base}", pick(&["Hospital", "Clinic", "Mercy", "Heart", "Rehab"], random));
            }
            _ => {}
        }
        let kind = if random.random_bool(0.25) { format!(" {}", pick(&KINDS, random)) } else { String::new() };
        let end =
            if random.random_bool(0.5) { pick(FACILITIES, random).to_owned() } else { one(&self.endings[0], random) };
        format!("{base}{kind} {end}")
    }

    pub(super) fn employer(&self, split: Split, random: &mut ChaCha8Rng) -> String {
        let name = match random.random_range(0..10) {
            0..4 => self.surname(split, random),
            4..6 => self.city(split, random),
            _ => self.words(split, random),
        };
        match random.random_range(0..20) {
            0 => format!("{name} & Sons"),
            1 => format!("{name} & {}", self.surname(split, random)),
            2..4 => {
                let trade = pick(&["Inc.", "LLC", "Corp.", "Co", "Co.", "Ltd"], random);
                format!("{name} {} {trade}", one(&self.endings[1], random))
            }
            4 => format!("{name} {}", pick(&["Inc.", "LLC", "Corp.", "Industries", "Logistics"], random)),
            5..7 => format!("{name} {}", pick(&["Elementary School", "Elementary", "High School", "High"], random)),
            7..10 => format!("{name} {}", one(&self.endings[2], random)),
            10 => format!(
                "{} {}",
                self.city(split, random),
                pick(&["Fire Department", "Police Department", "Public Library", "Water Works"], random)
            ),
            11 => format!("{name} and {} LLP", self.surname(split, random)),
            12 => format!(
                "First {} Church of {}",
                pick(&["Baptist", "Methodist", "Presbyterian"], random),
                self.city(split, random)
            ),
            13 => format!(
                "{}{}",
                invented(random),
                pick(&["tech", "soft", " Systems", " Foods", " Motors", " Group"], random)
            ),
            _ => format!("{name} {}", one(&self.endings[1], random)),
        }
    }

    /// A name built like the example: words that say only the sort stay, the others are words of other names. `words` are
    /// those of the note so far, so that a name told short is that of the one told in full.
    pub(super) fn named_alike(
        &self,
        example: &str,
        words: &mut BTreeMap<String, String>,
        split: Split,
        random: &mut ChaCha8Rng,
    ) -> String {
        let shouted = example.chars().all(|c| !c.is_lowercase()) && example.contains(' ');
        let mut text = String::new();
        let mut rest = example;
        while let Some(c) = rest.chars().next() {
            let of_word = |c: char| c.is_alphabetic();
            let end = rest.find(|next: char| of_word(next) != of_word(c)).unwrap_or(rest.len());
            let (run, after) = rest.split_at(end);
            rest = after;
            if !of_word(c) {
                let digit = |c: char| if c.is_ascii_digit() { random.random_range('1'..='9') } else { c };
                text.extend(run.chars().map(digit));
                continue;
            }
            let small = run.to_lowercase();
            // The `s` of `Luke's`, and a lone letter.
            if self.sorts.contains(&small) || run.chars().count() == 1 {
                text.push_str(run);
                continue;
            }
            let letters = run.len() <= 5 && run.chars().all(char::is_uppercase) && !shouted;
            let word = words.entry(small).or_insert_with(|| self.another(run, letters, split, random));
            if letters || run.chars().all(char::is_uppercase) {
                text.push_str(&word.to_uppercase());
            } else if c.is_lowercase() {
                text.push_str(&word.to_lowercase());
            } else {
                text.push_str(word);
            }
        }
        text
    }

    /// A word in place of another one.
    fn another(&self, word: &str, letters: bool, split: Split, random: &mut ChaCha8Rng) -> String {
        let pool = self.pool(split);
        match random.random_range(0..100) {
            0..20 => title(&word.to_lowercase()),
            _ if letters => word.chars().map(|_| random.random_range('A'..='Z')).collect(),
            20..45 => one(&pool.words, random),
            45..70 => one(&pool.surnames_common, random),
            70..80 => one(&pool.surnames, random),
            80..90 => one(&pool.cities, random),
            _ => invented(random),
        }
    }
}

const FACILITIES: &[&str] = &[
    "Hospital",
    "General Hospital",
    "Memorial Hospital",
    "Medical Center",
    "Clinic",
    "Health System",
    "Nursing Home",
    "Rehabilitation Center",
    "Community Hospital",
    "Children's Hospital",
    "Regional Medical Center",
    "Hospice",
    "Family Practice",
    "Surgery Center",
    "Health Center",
    "Cancer Center",
    "Urgent Care",
    "Care Home",
    "Infirmary",
];
