//! What a note says besides: drugs, values, scores and codes that identify nobody.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::pick;
use crate::error::LoadError;
use crate::resources::Resources;

/// Clinical words by slot.
pub(super) struct Clinic {
    lists: Vec<(&'static str, Vec<String>)>,
}

const LISTS: [(&str, &str); 11] = [
    ("drug", "drugs"),
    ("condition", "conditions"),
    ("procedure", "procedures"),
    ("bodypart", "anatomy"),
    ("lab", "labs"),
    ("device", "devices"),
    ("organism", "organisms"),
    ("score", "scores"),
    ("eponym", "eponyms"),
    ("language", "languages"),
    ("brand", "brands"),
];

/// Phrases that sentences are put together from; they may hold slots of this file themselves.
const PHRASES: [&str; 4] = ["did", "lead", "ask", "about"];

impl Clinic {
    pub(super) fn load(resources: &Resources) -> Result<Self, LoadError> {
        let mut lists = Vec::new();
        for (slot, file) in LISTS {
            let mut entries = Vec::new();
            for (entry, rest) in resources.lines(&format!("lexica/{file}.txt"))? {
                if slot == "eponym" {
                    // Only with a word that makes it one: `Foley catheter`.
                    let after = rest.split('|').find(|word| !word.is_empty() && !word.starts_with('\''));
                    if let Some(after) = after {
                        entries.push(format!("{} {after}", super::people::title(entry)));
                    }
                } else {
                    entries.push(entry.to_owned());
                }
            }
            if entries.is_empty() {
                return Err(LoadError::new(&format!("lexica/{file}.txt"), "the list is empty", "add entries"));
            }
            lists.push((slot, entries));
        }
        for slot in PHRASES {
            let file = format!("phrases/{slot}.txt");
            let entries: Vec<String> =
                resources.text(&file)?.lines().filter(|l| !l.starts_with('#')).map(str::to_owned).collect();
            if entries.is_empty() {
                return Err(LoadError::new(&file, "the list is empty", "add entries"));
            }
            lists.push((slot, entries));
        }
        Ok(Self { lists })
    }

    /// A phrase with its slots filled.
    fn filled(&self, phrase: &str, random: &mut ChaCha8Rng) -> String {
        let mut text = String::new();
        let mut rest = phrase;
        while let Some((before, after)) = rest.split_once('{') {
            text.push_str(before);
            let Some((slot, after)) = after.split_once('}') else { break };
            let fill = match slot {
                "age" => Some(random.random_range(18..90).to_string()),
                slot => self.fill(slot, random),
            };
            text.push_str(&fill.unwrap_or_default());
            rest = after;
        }
        text + rest
    }

    /// What fills a slot; none if there is no such slot.
    pub(super) fn fill(&self, role: &str, random: &mut ChaCha8Rng) -> Option<String> {
        if let Some((_, list)) = self.lists.iter().find(|(slot, _)| *slot == role) {
            let entry = list.get(random.random_range(0..list.len()))?.clone();
            if PHRASES.contains(&role) {
                return Some(self.filled(&entry, random));
            }
            return Some(match role {
                "drug" if random.random_bool(0.3) => super::people::title(&entry),
                "lab" if random.random_bool(0.4) => entry.to_uppercase(),
                "language" | "brand" => super::people::title(&entry),
                "device" | "score" if random.random_bool(0.7) => super::people::title(&entry),
                "organism" => {
                    entry.get(..1).map(str::to_uppercase).unwrap_or_default() + entry.get(1..).unwrap_or_default()
                }
                "condition" if random.random_bool(0.12) => super::people::title(&entry),
                _ => entry,
            });
        }
        let n = |random: &mut ChaCha8Rng, from: u32, to: u32| random.random_range(from..to);
        Some(match role {
            "dose" => {
                let amount = pick(
                    &[
                        "5", "10", "12.5", "20", "25", "40", "50", "81", "100", "325", "500", "650", "1000", "0.4",
                        "1.5",
                    ],
                    random,
                );
                let unit = pick(&["mg", "mcg", "units", " mg", " mg", "g", " mL", " mEq"], random);
                let often = pick(
                    &["", " daily", " BID", " q6h", " po qd", " IV q8h prn", " at bedtime", " TID", " twice daily"],
                    random,
                );
                format!("{amount}{unit}{often}")
            }
            "labvalue" => {
                let lab = pick(
                    &[
                        "Na",
                        "K",
                        "Cr",
                        "WBC",
                        "Hgb",
                        "platelets",
                        "glucose",
                        "lactate",
                        "A1c",
                        "TSH",
                        "INR",
                        "troponin",
                        "BNP",
                        "AST/ALT",
                        "bilirubin",
                    ],
                    random,
                );
                let value = format!("{}.{}", n(random, 0, 190), n(random, 0, 10));
                let unit = pick(&["", "", " mg/dL", " mmol/L", " %", " ng/mL", " (H)", " (L)", " x10^9/L"], random);
                format!("{lab} {value}{unit}")
            }
            "vitals" => format!(
                "BP {}/{}, HR {}, RR {}, T {}.{}, SpO2 {}% on RA",
                n(random, 85, 200),
                n(random, 40, 110),
                n(random, 45, 150),
                n(random, 10, 32),
                n(random, 96, 104),
                n(random, 0, 10),
                n(random, 85, 101)
            ),
            "range" => match random.random_range(0..4) {
                0 => format!("{}.{}-{}.{}", n(random, 1, 5), n(random, 0, 10), n(random, 5, 12), n(random, 0, 10)),
                1 => format!("{}-{}", n(random, 10, 90), n(random, 91, 300)),
                2 => format!("{}/{}", n(random, 1, 6), n(random, 6, 11)),
                _ => format!("<{}", n(random, 1, 50)),
            },
            "number" => n(random, 1, 500).to_string(),
            "code" => match random.random_range(0..8) {
                0 => format!(
                    "{}{}.{}",
                    pick(&["E", "I", "J", "K", "M", "R"], random),
                    n(random, 10, 99),
                    n(random, 0, 10)
                ),
                1 => format!("CPT {}", n(random, 10_000, 99_499)),
                2 => format!("A{}-{}", n(random, 1, 9), n(random, 2010, 2027)),
                3 => format!("LOINC {}-{}", n(random, 1_000, 99_999), n(random, 0, 10)),
                4 => format!("rs{}", n(random, 10_000, 9_999_999)),
                5 => format!("NDC {:05}-{:04}-{:02}", n(random, 1, 99_999), n(random, 1, 9_999), n(random, 1, 99)),
                6 => format!("SNOMED {}", n(random, 1_000_000, 99_999_999)),
                _ => format!("v{}.{}.{}", n(random, 1, 9), n(random, 0, 20), n(random, 0, 10)),
            },
            "specialty" => pick(
                &[
                    "cardiology",
                    "neurology",
                    "oncology",
                    "orthopedics",
                    "nephrology",
                    "Endocrinology",
                    "Gastroenterology",
                    "pulmonology",
                    "ID",
                    "GI",
                    "OB/GYN",
                    "ENT",
                    "PM&R",
                    "urology",
                    "psychiatry",
                ],
                random,
            )
            .to_owned(),
            _ => return None,
        })
    }
}
