//! Invented identifiers: the same one gets the same surrogate, word by word, so that `Roe, Jane` and `Ms. Roe` agree.

use super::Key;
use crate::error::LoadError;
use crate::kind::Kind;
use crate::lexicon::{
    FACILITY_WORD, FIRST_COMMON, FIRST_F, FIRST_M, FUNCTION, Lexicon, STREET_WORD, SURNAME_COMMON, TITLE,
};
use crate::resources::Resources;
use crate::synthesis::title;
use crate::token::word_hash;

/// Lists that surrogates are drawn from: common names, so that they stand for many.
pub(super) struct Surrogates {
    lexicon: Lexicon,
    /// First names of women, of men, of both.
    first: [Vec<String>; 3],
    surnames: Vec<String>,
    cities: Vec<String>,
}

const STREETS: [&str; 24] = [
    "Maple",
    "Cedar",
    "Oak",
    "Willow",
    "Chestnut",
    "Juniper",
    "Hillcrest",
    "Lakeview",
    "Sunset",
    "Meadow",
    "Orchard",
    "Prospect",
    "Highland",
    "Franklin",
    "Jefferson",
    "Lincoln",
    "Madison",
    "Monroe",
    "Summit",
    "Valley",
    "Walnut",
    "Birch",
    "Laurel",
    "Magnolia",
];

impl Surrogates {
    pub(super) fn load(resources: &Resources) -> Result<Self, LoadError> {
        let common = |band: &str| matches!(band, "1" | "2");
        let mut first = [Vec::new(), Vec::new(), Vec::new()];
        for (name, rest) in resources.lines("lexica/first-names.txt")? {
            let (gender, band) = rest.split_once('\t').unwrap_or((rest, "4"));
            if common(band) {
                let at = match gender {
                    "f" => 0,
                    "m" => 1,
                    _ => 2,
                };
                first[at].push(title(name));
            }
        }
        let surnames = resources.lines("lexica/surnames.txt")?;
        let surnames: Vec<String> = surnames.filter(|(_, band)| common(band)).map(|(name, _)| title(name)).collect();
        let cities = resources.lines("lexica/places.txt")?;
        let cities: Vec<String> = cities
            .filter(|(name, kind)| *kind == "us-city" && !name.contains(' '))
            .map(|(name, _)| title(name))
            .collect();
        if first.iter().any(Vec::is_empty) || surnames.is_empty() || cities.is_empty() {
            return Err(LoadError::new("lexica", "a list of names or places is empty", "run tools/lexica/build.py"));
        }
        Ok(Self { lexicon: Lexicon::load(resources)?, first, surnames, cities })
    }

    /// A surrogate; none for kinds that have none.
    pub(super) fn of(&self, value: &str, kind: Kind, key: &Key) -> Option<String> {
        Some(match kind {
            Kind::Name | Kind::ProviderName => self.words(value, key, |word, key| self.name(word, key)),
            Kind::Employer | Kind::Facility => self.words(value, key, |word, key| self.organisation(word, key)),
            Kind::Place => self.whole(value, "place", &self.cities, key),
            Kind::StreetAddress => self.words(value, key, |word, key| self.street(word, key)),
            Kind::Email => format!("{}@example.com", numbered("user", value, key)),
            Kind::Url => format!("https://example.com/{}", numbered("p", value, key)),
            Kind::Ip => format!("192.0.2.{}", key.number(&[b"ip", value.as_bytes()]) % 254 + 1),
            Kind::Phone | Kind::Fax => phone(value, key),
            Kind::Ssn => ssn(value, key),
            Kind::Date
            | Kind::Weekday
            | Kind::Holiday
            | Kind::TimeOfDay
            | Kind::RelativeDate
            | Kind::AgeOver89
            | Kind::Unusual
            | Kind::Photo => return None,
            _ => self.code(value, kind, key),
        })
    }

    /// Replaces word by word; marks and spaces stay.
    fn words(&self, value: &str, key: &Key, replace: impl Fn(&str, &Key) -> String) -> String {
        let mut text = String::new();
        let mut word = String::new();
        for c in value.chars().chain([' ']) {
            if c.is_alphanumeric() || (c == '\'' && !word.is_empty()) {
                word.push(c);
                continue;
            }
            if !word.is_empty() {
                // A possessive is no part of the name.
                let own = word.strip_suffix("'s").or(word.strip_suffix("'S"));
                text.push_str(&replace(own.unwrap_or(&word), key));
                text.push_str(if own.is_some() { "'s" } else { "" });
                word.clear();
            }
            text.push(c);
        }
        text.pop();
        text
    }

    fn draw<'a>(&'a self, list: &'a [String], what: &str, word: &str, key: &Key) -> &'a str {
        let lower = word.to_lowercase();
        let at = key.number(&[what.as_bytes(), lower.as_bytes()]) as usize;
        let drawn = &list[at % list.len()];
        // Nobody stands for himself.
        if drawn.eq_ignore_ascii_case(word) { &list[(at + 1) % list.len()] } else { drawn }
    }

    fn name(&self, word: &str, key: &Key) -> String {
        let folded = word.to_lowercase();
        let lexical = self.lexicon.look_up(word_hash(&folded));
        if word.chars().count() == 1 {
            let at = key.number(&[b"initial", folded.as_bytes()]) % 26;
            return dressed(word, &char::from(b'A' + at as u8).to_string());
        }
        if lexical & (FUNCTION | TITLE) != 0 && lexical & (FIRST_F | FIRST_M) == 0
            || ["jr", "sr", "ii", "iii", "iv", "de", "la", "van", "von", "al"].contains(&folded.as_str())
        {
            return word.to_owned();
        }
        // By the word alone, so that every mention agrees: a common first name is one wherever it stands.
        let is_first = lexical & FIRST_COMMON != 0
            && (lexical & SURNAME_COMMON == 0 || lexical & (FIRST_F | FIRST_M) != 0 && !folded.ends_with("son"))
            || lexical & (FIRST_F | FIRST_M) != 0 && lexical & SURNAME_COMMON == 0;
        let drawn = if is_first {
            let list = match lexical & (FIRST_F | FIRST_M) {
                FIRST_F => &self.first[0],
                FIRST_M => &self.first[1],
                _ => &self.first[2],
            };
            self.draw(list, "first", word, key)
        } else {
            self.draw(&self.surnames, "surname", word, key)
        };
        dressed(word, drawn)
    }

    fn organisation(&self, word: &str, key: &Key) -> String {
        let lexical = self.lexicon.look_up(word_hash(&word.to_lowercase()));
        if lexical & (FACILITY_WORD | FUNCTION) != 0 || word.chars().count() <= 2 {
            return word.to_owned();
        }
        dressed(word, self.draw(&self.surnames, "organisation", word, key))
    }

    fn street(&self, word: &str, key: &Key) -> String {
        const UNITS: [&str; 12] =
            ["apt", "apartment", "suite", "ste", "unit", "room", "floor", "po", "box", "north", "south", "east"];
        if word.bytes().any(|b| b.is_ascii_digit()) {
            return self.code(word, Kind::StreetAddress, key);
        }
        let lower = word.to_lowercase();
        let lexical = self.lexicon.look_up(word_hash(&lower));
        if lexical & (STREET_WORD | FUNCTION) != 0 || UNITS.contains(&lower.as_str()) || word.chars().count() <= 2 {
            return word.to_owned();
        }
        let at = key.number(&[b"street", lower.as_bytes()]) as usize % STREETS.len();
        dressed(word, STREETS[at])
    }

    fn whole(&self, value: &str, what: &str, list: &[String], key: &Key) -> String {
        let county = value.to_lowercase().ends_with(" county");
        let drawn = dressed(value, self.draw(list, what, value, key));
        if county { drawn + " County" } else { drawn }
    }

    /// Digit for digit and letter for letter.
    fn code(&self, value: &str, kind: Kind, key: &Key) -> String {
        let plain: String = value.chars().filter(|c| c.is_alphanumeric()).collect();
        let mac = key.mac(&[b"code", kind.id().as_bytes(), plain.to_lowercase().as_bytes()]);
        let mut bytes =
            mac.iter().cycle().zip((0..=u8::MAX).cycle()).map(|(b, i)| b.wrapping_add(i.wrapping_mul(37)));
        let mut next = || bytes.next().unwrap_or_default();
        value
            .chars()
            .map(|c| match c {
                '0'..='9' => char::from(b'0' + next() % 10),
                'a'..='z' => char::from(b'a' + next() % 26),
                'A'..='Z' => char::from(b'A' + next() % 26),
                other => other,
            })
            .collect()
    }
}

/// A word in the case of another.
fn dressed(like: &str, word: &str) -> String {
    let letters: Vec<char> = like.chars().filter(|c| c.is_alphabetic()).collect();
    if letters.len() > 1 && letters.iter().all(|c| c.is_uppercase())
        || letters.len() == 1 && like.len() == 1 && letters[0].is_uppercase()
    {
        word.to_uppercase()
    } else if letters.first().is_some_and(|c| c.is_lowercase()) {
        word.to_lowercase()
    } else {
        word.to_owned()
    }
}

fn numbered(word: &str, value: &str, key: &Key) -> String {
    format!("{word}{}", key.number(&[word.as_bytes(), value.to_lowercase().as_bytes()]) % 1_000_000)
}

/// A number of the range kept for fiction: 555-0100 to 555-0199, in the form it had.
fn phone(value: &str, key: &Key) -> String {
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    let number = key.number(&[b"phone", digits.as_bytes()]);
    let mut fresh: Vec<u8> = format!("{:03}55501{:02}", 200 + number % 700, number / 1000 % 100).into_bytes();
    let n = digits.len();
    // Shorter ones are the end of it, longer ones carry a country code before and an extension after.
    if n < 10 {
        fresh.drain(..10 - n.min(10));
    }
    let lead = if n > 10 && digits.starts_with('1') { 1 } else { 0 };
    let mut seen = 0;
    value
        .chars()
        .map(|c| {
            if !c.is_ascii_digit() {
                return c;
            }
            seen += 1;
            match (seen - 1usize).checked_sub(lead) {
                None => c,
                Some(at) => fresh
                    .get(at)
                    .map_or_else(|| char::from(b'0' + (number >> (at % 60)) as u8 % 10), |b| char::from(*b)),
            }
        })
        .collect()
}

/// A number of an area that is never issued.
fn ssn(value: &str, key: &Key) -> String {
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    let number = key.number(&[b"ssn", digits.as_bytes()]);
    let fresh = format!("9{:02}{:02}{:04}", number % 100, number / 100 % 50, number / 10_000 % 10_000);
    let mut fresh = fresh[fresh.len() - digits.len().min(9)..].chars();
    value.chars().map(|c| if c.is_ascii_digit() { fresh.next().unwrap_or('0') } else { c }).collect()
}
