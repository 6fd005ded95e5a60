//! Invented people, and the places they live and work at.

mod houses;

use std::collections::{BTreeMap, HashSet};

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::{Split, belongs, pick};
use crate::error::LoadError;
use crate::kind::Kind;
use crate::resources::Resources;

/// Lists that people and places are made of, by split.
pub(super) struct People {
    training: Pool,
    held_out: Pool,
    /// What names of houses, companies and schools end in.
    endings: [Vec<String>; 3],
    /// Words that say only what sort of house or street it is, in small letters.
    sorts: HashSet<String>,
}

#[derive(Default)]
struct Pool {
    /// Common first names, then all; female and male.
    first_common: [Vec<String>; 2],
    first: [Vec<String>; 2],
    surnames_common: Vec<String>,
    surnames: Vec<String>,
    cities: Vec<String>,
    counties: Vec<String>,
    /// Ordinary words that houses are named with.
    words: Vec<String>,
}

/// One invented person.
pub(super) struct Person {
    first: String,
    last: String,
    middle: String,
    /// How the name is always written in this note.
    style: u32,
}

/// Makes `o'brien-smith` into `O'Brien-Smith`.
pub(crate) fn title(name: &str) -> String {
    let mut result = String::with_capacity(name.len());
    let mut up = true;
    for c in name.chars() {
        result.extend(if up { c.to_uppercase().collect::<Vec<_>>() } else { vec![c] });
        up = !c.is_alphanumeric() && c != '.';
    }
    result.replace("'S ", "'s ")
}

impl People {
    pub(super) fn load(resources: &Resources) -> Result<Self, LoadError> {
        let mut people = Self {
            training: Pool::default(),
            held_out: Pool::default(),
            endings: Default::default(),
            sorts: houses::sorts(resources)?,
        };
        let common = |band: &str| matches!(band, "1" | "2");
        for (name, rest) in resources.lines("lexica/first-names.txt")? {
            let (gender, band) = rest.split_once('\t').unwrap_or((rest, "4"));
            let genders: &[usize] = match gender {
                "f" => &[0],
                "m" => &[1],
                _ => &[0, 1],
            };
            let pool = people.pool_of(name);
            for gender in genders {
                if common(band) {
                    pool.first_common[*gender].push(title(name));
                }
                pool.first[*gender].push(title(name));
            }
        }
        for (name, band) in resources.lines("lexica/surnames.txt")? {
            let pool = people.pool_of(name);
            if common(band) {
                pool.surnames_common.push(title(name));
            }
            pool.surnames.push(title(name));
        }
        for (name, kind) in resources.lines("lexica/places.txt")? {
            let pool = people.pool_of(name);
            if kind == "us-county" {
                pool.counties.push(title(name));
            } else {
                pool.cities.push(title(name));
            }
        }
        for word in resources.text("phrases/houses.txt")?.lines().filter(|line| !line.starts_with('#')) {
            people.pool_of(word).words.push(title(word));
        }
        for (ending, class) in resources.lines("lexica/org-suffixes.txt")? {
            let of = ["facility", "company", "school"].iter().position(|known| *known == class);
            // `university of` comes before.
            if let Some(of) = of.filter(|_| !ending.ends_with(" of")) {
                people.endings[of].push(title(ending));
            }
        }
        for pool in [&people.training, &people.held_out] {
            let lists = [
                &pool.first_common[0],
                &pool.first_common[1],
                &pool.surnames_common,
                &pool.surnames,
                &pool.cities,
                &pool.counties,
                &pool.words,
            ];
            if lists.iter().any(|list| list.is_empty()) {
                let hint = "run tools/lexica/build.py";
                return Err(LoadError::new("lexica", "a list of names or places is empty", hint));
            }
        }
        Ok(people)
    }

    fn pool_of(&mut self, name: &str) -> &mut Pool {
        if belongs(name, Split::HeldOut) { &mut self.held_out } else { &mut self.training }
    }

    fn pool(&self, split: Split) -> &Pool {
        if split == Split::HeldOut { &self.held_out } else { &self.training }
    }

    fn surname(&self, split: Split, random: &mut ChaCha8Rng) -> String {
        let pool = self.pool(split);
        match random.random_range(0..100) {
            0..50 => one(&pool.surnames_common, random),
            50..88 => one(&pool.surnames, random),
            _ => invented(random),
        }
    }

    pub(super) fn person(&self, split: Split, random: &mut ChaCha8Rng) -> Person {
        let pool = self.pool(split);
        let gender = usize::from(random.random_bool(0.5));
        let first = match random.random_range(0..100) {
            0..55 => one(&pool.first_common[gender], random),
            55..93 => one(&pool.first[gender], random),
            _ => invented(random),
        };
        let mut last = self.surname(split, random);
        if random.random_bool(0.05) {
            last = format!("{last}-{}", self.surname(split, random));
        } else if random.random_bool(0.03) {
            last = format!("{} {last}", pick(&["van", "de la", "von", "Al", "de", "St.", "bin", "Di"], random));
        }
        let middle = one(&pool.first_common[gender], random);
        Person { first, last, middle, style: random.random_range(0..100) }
    }

    /// Fills slots for places and work.
    pub(super) fn place(
        &self,
        role: &str,
        form: &str,
        words: &mut BTreeMap<String, String>,
        split: Split,
        random: &mut ChaCha8Rng,
    ) -> Option<Vec<(String, Option<Kind>)>> {
        let kind = match role {
            "street" => Kind::StreetAddress,
            "facility" => Kind::Facility,
            "employer" => Kind::Employer,
            _ => Kind::Place,
        };
        if kind != Kind::Place && !form.is_empty() {
            return Some(vec![(self.named_alike(form, words, split, random), Some(kind))]);
        }
        let only = |text: String, kind| Some(vec![(text, Some(kind))]);
        match role {
            "street" => only(self.street(split, random), Kind::StreetAddress),
            "city" => only(dressed(self.city(split, random), form), Kind::Place),
            "neighborhood" => {
                let base =
                    if random.random_bool(0.5) { self.city(split, random) } else { self.surname(split, random) };
                let end = pick(&["Heights", "Park", "Hills", "Village", "Gardens", "Square", "Flats"], random);
                only(format!("{base} {end}"), Kind::Place)
            }
            "county" => {
                let name = one(&self.pool(split).counties, random);
                only(
                    if form == "name" || random.random_bool(0.1) { name } else { format!("{name} County") },
                    Kind::Place,
                )
            }
            "zip" => only(zip(random), Kind::Zip),
            "facility" => only(self.facility(split, random), Kind::Facility),
            "employer" => only(self.employer(split, random), Kind::Employer),
            "address" => {
                let joint = pick(&[", ", ", ", ", ", " ", "\n"], random);
                let state = pick(STATES, random);
                let mut pieces = vec![
                    (self.street(split, random), Some(Kind::StreetAddress)),
                    (joint.to_owned(), None),
                    (self.city(split, random), Some(Kind::Place)),
                ];
                if random.random_bool(0.9) {
                    pieces.push((format!("{}{state} ", if random.random_bool(0.85) { ", " } else { " " }), None));
                } else {
                    pieces.push((" ".to_owned(), None));
                }
                pieces.push((zip(random), Some(Kind::Zip)));
                Some(pieces)
            }
            "state" => Some(vec![(pick(FULL_STATES, random).to_owned(), None)]),
            "country" => Some(vec![(pick(COUNTRIES, random).to_owned(), None)]),
            "nationality" => Some(vec![(pick(NATIONALITIES, random).to_owned(), None)]),
            _ => None,
        }
    }

    fn city(&self, split: Split, random: &mut ChaCha8Rng) -> String {
        if random.random_bool(0.08) { invented(random) } else { one(&self.pool(split).cities, random) }
    }

    fn street(&self, split: Split, random: &mut ChaCha8Rng) -> String {
        if random.random_bool(0.05) {
            let prefix = pick(&["P.O. Box", "PO Box", "Box"], random);
            return format!("{prefix} {}", random.random_range(10..9_999));
        }
        let largest = if random.random_bool(0.7) { 2_000 } else { 25_000 };
        let number = random.random_range(1..largest);
        if random.random_bool(0.18) {
            let name = self.surname(split, random);
            return match random.random_range(0..8) {
                0 => format!("{name}strasse {}", number % 200 + 1),
                1 => format!("{} rue {name}", number % 200 + 1),
                2 => format!("Calle {name} {}", number % 200 + 1),
                3 => format!("Via {name}, {}", number % 200 + 1),
                4 => format!("{name}vej {}", number % 200 + 1),
                5 => format!("{name}katu {}", number % 200 + 1),
                6 => format!("ul. {name} {}", number % 200 + 1),
                _ => format!("{name} utca {}.", number % 200 + 1),
            };
        }
        let base = match random.random_range(0..10) {
            0..4 => self.surname(split, random),
            4 => self.city(split, random),
            5 => ordinal(random.random_range(1..130)),
            6..8 => pick(TREES, random).to_owned(),
            _ => format!(
                "{} {}",
                pick(TREES, random),
                pick(&["Hill", "Creek", "View", "Grove", "Ridge", "Lake"], random)
            ),
        };
        let suffix = pick(SUFFIXES, random);
        let direction =
            if random.random_bool(0.15) { pick(&["N. ", "S ", "East ", "W. ", "North "], random) } else { "" };
        let mut text = format!("{number} {direction}{base} {suffix}");
        if random.random_bool(0.25) {
            let unit = pick(&["Apt", "Apt.", "Suite", "Unit", "#", "Apartment", "Rm"], random);
            let joint = pick(&[" ", ", "], random);
            let door = random.random_range(1..900);
            let letter = if random.random_bool(0.3) { pick(&["A", "B", "C", "D"], random) } else { "" };
            text = format!("{text}{joint}{unit} {door}{letter}").replace("# ", "#");
        }
        text
    }
}

/// `_` stands for small letters, `^` for capitals.
fn dressed(text: String, form: &str) -> String {
    match form {
        "_" => text.to_lowercase(),
        "^" => text.to_uppercase(),
        _ => text,
    }
}

impl Person {
    /// The name in a form; none if the form is unknown.
    pub(super) fn shown(&self, form: &str, random: &mut ChaCha8Rng) -> Option<String> {
        let initial = |name: &str| name.chars().next().map(String::from).unwrap_or_default();
        let middle = initial(&self.middle);
        Some(match form {
            "" | "full" => match self.style {
                0..62 => format!("{} {}", self.first, self.last),
                62..78 => format!("{} {middle}. {}", self.first, self.last),
                78..84 => format!("{} {middle} {}", self.first, self.last),
                84..90 => format!("{} {} {}", self.first, self.middle, self.last),
                90..94 => format!("{}. {}", initial(&self.first), self.last),
                94..97 => format!("{} {} {}", self.first, self.last, pick(&["Jr.", "Sr.", "III", "Jr"], random)),
                _ => format!("{} {}", self.first, self.last).to_uppercase(),
            },
            "first" => self.first.clone(),
            "short" => format!("{}. {}", initial(&self.first), self.last),
            "last" => self.last.clone(),
            "comma" => match self.style {
                0..50 => format!("{}, {}", self.last, self.first),
                50..80 => format!("{}, {} {middle}", self.last, self.first),
                80..90 => format!("{}, {} {middle}.", self.last, self.first),
                _ => format!("{}, {}", self.last, self.first).to_uppercase(),
            },
            "initials" => match self.style {
                0..40 => format!("{}.{}.", initial(&self.first), initial(&self.last)),
                40..75 => format!("{}{}", initial(&self.first), initial(&self.last)),
                _ => format!("{}. {}.", initial(&self.first), initial(&self.last)),
            },
            _ => return None,
        })
    }
}

fn one(list: &[String], random: &mut ChaCha8Rng) -> String {
    list.get(random.random_range(0..list.len().max(1))).cloned().unwrap_or_default()
}

/// A name that no list has.
fn invented(random: &mut ChaCha8Rng) -> String {
    const STARTS: [&str; 24] = [
        "Bra", "Kel", "Szo", "Tri", "Vel", "Oku", "Zha", "Mbe", "Ros", "Dja", "Hal", "Ery", "Wys", "Pra", "Nka",
        "Jo", "Gra", "Sve", "Tol", "Ade", "Xia", "Que", "Ly", "Fen",
    ];
    const MIDDLES: [&str; 16] =
        ["", "", "lo", "ri", "ma", "nde", "sto", "ke", "vi", "ba", "tra", "zi", "du", "he", "go", "ne"];
    const ENDS: [&str; 24] = [
        "ski", "son", "ez", "ova", "wala", "nen", "berg", "ton", "ath", "ini", "ko", "ssen", "ford", "yan", "oglu",
        "ic", "mann", "aris", "wood", "ley", "ari", "eux", "sha", "ndo",
    ];
    format!("{}{}{}", pick(&STARTS, random), pick(&MIDDLES, random), pick(&ENDS, random))
}

fn ordinal(n: u32) -> String {
    format!("{n}{}", ordinal_end(n))
}

/// `st`, `nd`, `rd` or `th`.
pub(super) fn ordinal_end(n: u32) -> &'static str {
    match (n % 10, n % 100) {
        (1, x) if x != 11 => "st",
        (2, x) if x != 12 => "nd",
        (3, x) if x != 13 => "rd",
        _ => "th",
    }
}

fn zip(random: &mut ChaCha8Rng) -> String {
    match random.random_range(0..20) {
        0 => format!("{:05}-{:04}", random.random_range(501..99_999), random.random_range(1..9_999)),
        1 => {
            let letters = b"ABCEGHJKLMNPRSTVXY";
            let mut letter = || char::from(letters[random.random_range(0..letters.len())]);
            let (a, b, c) = (letter(), letter(), letter());
            format!(
                "{a}{}{b} {}{c}{}",
                random.random_range(0..10),
                random.random_range(0..10),
                random.random_range(0..10)
            )
        }
        2 => format!(
            "{}{} {}{}",
            pick(&["SW", "M", "LS", "EH", "B"], random),
            random.random_range(1..30),
            random.random_range(1..10),
            pick(&["AB", "NP", "XY"], random)
        ),
        3 => format!("{}", random.random_range(1_000..9_999)),
        _ => format!("{:05}", random.random_range(501..99_999)),
    }
}

const TREES: &[&str] = &[
    "Oak",
    "Elm",
    "Maple",
    "Cedar",
    "Pine",
    "Walnut",
    "Birch",
    "Chestnut",
    "Spruce",
    "Willow",
    "Main",
    "Church",
    "Mill",
    "River",
    "Lake",
    "Park",
    "Washington",
    "Franklin",
    "Highland",
    "Sunset",
    "Meadow",
    "Spring",
    "Center",
    "Union",
];
const SUFFIXES: &[&str] = &[
    "St",
    "St.",
    "Street",
    "Ave",
    "Ave.",
    "Avenue",
    "Rd",
    "Road",
    "Dr",
    "Dr.",
    "Drive",
    "Ln",
    "Lane",
    "Blvd",
    "Boulevard",
    "Ct",
    "Court",
    "Way",
    "Pl",
    "Place",
    "Terrace",
    "Circle",
    "Pkwy",
    "Trail",
];
const STATES: &[&str] = &[
    "IL", "TX", "CA", "NY", "OH", "PA", "FL", "GA", "MI", "NC", "WA", "OR", "MN", "WI", "MO", "TN", "AZ", "CO", "MA",
    "NJ", "VA", "IN", "KY", "AL", "LA", "SC", "OK", "IA", "KS", "UT", "NM", "ME", "VT", "NH", "RI", "CT", "MD", "DE",
];
const FULL_STATES: &[&str] = &[
    "Illinois",
    "Texas",
    "California",
    "New York",
    "Ohio",
    "Pennsylvania",
    "Florida",
    "Georgia",
    "Michigan",
    "North Carolina",
    "Washington",
    "Oregon",
    "Minnesota",
    "Virginia",
    "Alaska",
    "Hawaii",
    "New Mexico",
    "TX",
    "CA",
];
const COUNTRIES: &[&str] = &[
    "Mexico",
    "India",
    "China",
    "Nigeria",
    "Germany",
    "Poland",
    "Vietnam",
    "the Philippines",
    "Haiti",
    "Ukraine",
    "Guatemala",
    "Somalia",
    "France",
    "Italy",
    "Brazil",
    "Jordan",
    "Chad",
    "Georgia",
    "Turkey",
    "United Kingdom",
    "USA",
    "Canada",
    "Japan",
    "Kenya",
    "Cuba",
    "Spain",
    "Iceland",
    "Tunisia",
];
const NATIONALITIES: &[&str] = &[
    "Mexican",
    "Indian",
    "Chinese",
    "Nigerian",
    "German",
    "Polish",
    "Vietnamese",
    "Filipino",
    "Haitian",
    "Ukrainian",
    "Hispanic",
    "African American",
    "Caucasian",
    "Asian",
    "Navajo",
    "Somali",
    "French",
    "Italian",
    "Brazilian",
];
