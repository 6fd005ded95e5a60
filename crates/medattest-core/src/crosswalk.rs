//! What bodies of law share: requirements meet in topics, and in the facts that satisfy them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::Library;
use crate::pack::{Confidence, Stand, law_on};

/// A requirement and what joins it to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrosswalkRequirement {
    /// How it stands on the day.
    pub stand: Stand,
    /// What it asks.
    pub asks: String,
    /// Topic ids.
    pub topics: Vec<String>,
    /// Facts that its rules check.
    pub facts: Vec<String>,
    /// Other packs of which a requirement is satisfied by one of these facts.
    pub shared_with: Vec<String>,
}

/// A fact that counts for more than one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedFact {
    /// Catalogue key.
    pub key: String,
    /// Title.
    pub title: String,
    /// Requirements it helps to satisfy, as `pack/requirement`.
    pub requirements: Vec<String>,
    /// Packs of these.
    pub packs: Vec<String>,
}

/// How many requirements a pack has, by how well each was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackCount {
    /// Pack.
    pub pack: String,
    /// Title.
    pub title: String,
    /// Jurisdiction.
    pub jurisdiction: String,
    /// Newest date of the evidence.
    pub evidence_date: Date,
    /// Requirements checked on a primary source, on a secondary one, and not.
    pub verified: usize,
    /// On a secondary source.
    pub secondary: usize,
    /// Not.
    pub recalled: usize,
    /// Rules.
    pub rules: usize,
    /// Classifications.
    pub classifications: usize,
    /// Duties to report.
    pub duties: usize,
}

/// What bodies of law share, on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crosswalk {
    /// The day.
    pub as_of: Date,
    /// Every requirement that stands on the day or has yet to, by pack.
    pub requirements: Vec<CrosswalkRequirement>,
    /// Facts, those that count for most packs first.
    pub facts: Vec<SharedFact>,
    /// Packs that were compared.
    pub packs: Vec<PackCount>,
}

impl Crosswalk {
    /// Compares the packs named; all where none is.
    pub fn of(library: &Library, packs: &[String], as_of: Date) -> Self {
        let wanted = |id: &str| packs.is_empty() || packs.iter().any(|pack| pack == id);
        let mut satisfied: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
        let mut serves: BTreeMap<String, BTreeSet<(String, String)>> = BTreeMap::new();
        for pack in library.packs.iter().filter(|pack| wanted(&pack.id)) {
            for rule in &pack.rules {
                for key in rule.check.mentions() {
                    for requirement in &rule.serves {
                        let place = (pack.id.clone(), requirement.clone());
                        satisfied.entry(place.clone()).or_default().insert(key.clone());
                        serves.entry(key.clone()).or_default().insert(place);
                    }
                }
            }
        }
        let packs_of = |key: &String| -> BTreeSet<&String> {
            serves.get(key).into_iter().flatten().map(|(pack, _)| pack).collect()
        };
        let mut requirements = Vec::new();
        for stand in law_on(&library.packs, as_of).into_iter().filter(|stand| wanted(&stand.pack)) {
            let Some(requirement) =
                library.packs.get(&stand.pack).and_then(|pack| pack.requirement(&stand.requirement))
            else {
                continue;
            };
            let facts: Vec<String> = satisfied
                .get(&(stand.pack.clone(), stand.requirement.clone()))
                .into_iter()
                .flatten()
                .cloned()
                .collect();
            let shared: BTreeSet<&String> = facts.iter().flat_map(packs_of).filter(|p| **p != stand.pack).collect();
            requirements.push(CrosswalkRequirement {
                asks: requirement.asks.clone(),
                topics: requirement.topics.clone(),
                shared_with: shared.into_iter().cloned().collect(),
                facts,
                stand,
            });
        }
        let mut facts: Vec<SharedFact> = serves
            .iter()
            .map(|(key, places)| SharedFact {
                key: key.clone(),
                title: library.catalog.get(key).map(|d| d.title.clone()).unwrap_or_default(),
                requirements: places.iter().map(|(pack, requirement)| format!("{pack}/{requirement}")).collect(),
                packs: packs_of(key).into_iter().cloned().collect(),
            })
            .collect();
        facts.sort_by_key(|fact| (std::cmp::Reverse((fact.packs.len(), fact.requirements.len())), fact.key.clone()));
        let counted = library.packs.iter().filter(|pack| wanted(&pack.id)).map(|pack| {
            let of = |confidence| pack.requirements.iter().filter(|r| r.confidence == confidence).count();
            PackCount {
                pack: pack.id.clone(),
                title: pack.title.clone(),
                jurisdiction: pack.jurisdiction.clone(),
                evidence_date: pack.evidence_date,
                verified: of(Confidence::Verified),
                secondary: of(Confidence::Secondary),
                recalled: of(Confidence::Recalled),
                rules: pack.rules.len(),
                classifications: pack.classifications.len(),
                duties: pack.duties.len(),
            }
        });
        let packs = counted.collect();
        Self { as_of, requirements, facts, packs }
    }

    /// Requirements of a topic by pack.
    pub fn topic(&self, topic: &str) -> BTreeMap<&str, Vec<&CrosswalkRequirement>> {
        let mut by: BTreeMap<&str, Vec<&CrosswalkRequirement>> = BTreeMap::new();
        for requirement in self.requirements.iter().filter(|r| r.topics.iter().any(|t| t == topic)) {
            by.entry(&requirement.stand.pack).or_default().push(requirement);
        }
        by
    }
}

impl CrosswalkRequirement {
    /// Whether evidence for it counts elsewhere.
    pub fn is_shared(&self) -> bool {
        !self.shared_with.is_empty()
    }
}
