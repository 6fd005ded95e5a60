//! What was known and done when: entries that are only ever added, each sealed by the digest of the one before.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Moment, incident_facts};
use crate::Library;
use crate::diagnostic::{Diagnostic, Place, SourceFile};
use crate::fact::FactSet;
use crate::world::sha256_hex;

/// Longest line that is read, in bytes.
const LONGEST_LINE: usize = 65_536;

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum Deed {
    /// The incident was opened.
    Opened {
        /// System it concerns.
        system: String,
    },
    /// Facts became known, or were found not to be.
    Learnt {
        /// Catalogue keys with TOML values; `None` for what is no longer taken as known.
        facts: BTreeMap<String, Option<String>>,
    },
    /// The law was asked.
    Assessed {
        /// Duties that were owed, with the last moment where there is one.
        owed: BTreeMap<String, Option<String>>,
        /// Duties that were open.
        open: Vec<String>,
        /// Packs with their revisions.
        packs: BTreeMap<String, u32>,
    },
    /// A report was sent.
    Sent {
        /// `pack/duty`.
        duty: String,
        /// When.
        on: String,
        /// The recipient's or the sender's number for it.
        reference: Option<String>,
    },
    /// The incident was closed.
    Closed {
        /// Duties that were open all the same.
        open: Vec<String>,
        /// Why it could be closed in spite of them.
        because: Option<String>,
    },
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// From 0.
    pub number: u32,
    /// When it was written, by the clock of the machine.
    pub at: Timestamp,
    /// Who wrote it.
    pub by: String,
    /// What it says.
    pub deed: Deed,
    /// Digest of the entry before; empty in the first.
    pub previous: String,
    /// SHA-256 over all of the above.
    pub sha256: String,
}

/// The record of one incident.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// Entries, oldest first.
    pub entries: Vec<Entry>,
}

/// An incident as its record tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct Incident {
    /// System.
    pub system: String,
    /// What is known.
    pub facts: FactSet,
    /// Day of the first entry.
    pub opened: Date,
    /// Reports that were sent: when, and under which number.
    pub sent: BTreeMap<String, (Moment, Option<String>)>,
    /// Whether it is closed.
    pub closed: bool,
}

impl Entry {
    fn digest(&self) -> String {
        let content = (self.number, self.at, &self.by, &self.deed, &self.previous);
        sha256_hex(&serde_json::to_vec(&content).unwrap_or_default())
    }
}

impl Record {
    /// Reads a record, a line per entry, and checks the chain.
    ///
    /// # Errors
    /// The first line that is not an entry, or whose digest does not fit.
    pub fn read(file: &SourceFile) -> Result<Self, Diagnostic> {
        let mut record = Self::default();
        for (index, line) in file.text.lines().enumerate() {
            let place = Place { file: file.name.to_string(), line: Some(index + 1), column: None };
            let broken = |message: &str, hint: &str| Diagnostic {
                place: place.clone(),
                code: "record",
                message: message.to_owned(),
                hint: Some(hint.to_owned()),
            };
            let restore = "restore the file from a copy; entries are never edited";
            if line.len() > LONGEST_LINE {
                return Err(broken("the line is too long for an entry", restore));
            }
            let entry: Entry = serde_json::from_str(line)
                .map_err(|_| broken("the line is not an entry of a record of incidents", restore))?;
            let expected = record.entries.len();
            if usize::try_from(entry.number) != Ok(expected) || entry.previous != record.head() {
                return Err(broken(
                    &format!("entry {expected} is missing, or this one stands in the wrong place"),
                    restore,
                ));
            }
            if entry.sha256 != entry.digest() {
                return Err(broken("the entry was changed after it was written", restore));
            }
            record.entries.push(entry);
        }
        Ok(record)
    }

    /// Digest of the newest entry, which seals all before it; empty without entries.
    pub fn head(&self) -> String {
        self.entries.last().map(|entry| entry.sha256.clone()).unwrap_or_default()
    }

    /// Adds an entry.
    pub fn add(&mut self, at: Timestamp, by: &str, deed: Deed) {
        let number = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        let mut entry = Entry { number, at, by: by.to_owned(), deed, previous: self.head(), sha256: String::new() };
        entry.sha256 = entry.digest();
        self.entries.push(entry);
    }

    /// As text, a line per entry.
    pub fn to_text(&self) -> String {
        self.entries.iter().filter_map(|entry| serde_json::to_string(entry).ok()).map(|line| line + "\n").collect()
    }

    /// What the entries add up to.
    ///
    /// # Errors
    /// Facts the catalogue does not have (any more), and entries that do not begin with an opening.
    pub fn incident(&self, name: &str, library: &Library) -> Result<Incident, Vec<Diagnostic>> {
        let nothing = || {
            vec![Diagnostic::about_file(
                "record",
                name,
                "the record does not begin with the opening",
                "restore the file",
            )]
        };
        let first = self.entries.first().ok_or_else(nothing)?;
        let Deed::Opened { system } = &first.deed else { return Err(nothing()) };
        let mut known: BTreeMap<&String, &String> = BTreeMap::new();
        let mut sent = BTreeMap::new();
        let mut closed = false;
        for entry in &self.entries {
            match &entry.deed {
                Deed::Learnt { facts } => {
                    // What comes in afterwards opens the incident again.
                    closed = false;
                    for (key, value) in facts {
                        match value {
                            Some(value) => known.insert(key, value),
                            None => known.remove(key),
                        };
                    }
                }
                Deed::Sent { duty, on, reference } => {
                    closed = false;
                    if let Ok(on) = on.parse() {
                        sent.insert(duty.clone(), (on, reference.clone()));
                    }
                }
                Deed::Closed { .. } => closed = true,
                Deed::Opened { .. } | Deed::Assessed { .. } => {}
            }
        }
        let text: String = known.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
        let (facts, diagnostics) = incident_facts(library, &SourceFile::new(name, &text));
        if !diagnostics.is_empty() {
            return Err(diagnostics);
        }
        let opened = first.at.to_zoned_datetime(jiff::tz::TimeZone::UTC).date();
        Ok(Incident { system: system.clone(), facts, opened, sent, closed })
    }

    /// Adds what changed between what is known and `facts`; says whether anything did.
    pub fn learn(&mut self, at: Timestamp, by: &str, known: &FactSet, facts: &FactSet, forgotten: &[String]) -> bool {
        let mut changed: BTreeMap<String, Option<String>> = facts
            .iter()
            .filter(|fact| known.value(&fact.key) != fact.value())
            .map(|fact| (fact.key.clone(), fact.to_toml()))
            .collect();
        changed.extend(forgotten.iter().filter(|key| known.value(key).is_some()).map(|key| (key.clone(), None)));
        if changed.is_empty() {
            return false;
        }
        self.add(at, by, Deed::Learnt { facts: changed });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let mut record = Record::default();
        record.add(Timestamp::UNIX_EPOCH, "A", Deed::Opened { system: "s".into() });
        let facts = BTreeMap::from([("incident.death".to_owned(), Some("true".to_owned()))]);
        record.add(Timestamp::UNIX_EPOCH, "B", Deed::Learnt { facts });
        record.add(Timestamp::UNIX_EPOCH, "A", Deed::Closed { open: Vec::new(), because: None });
        record
    }

    #[test]
    fn a_chain_reads_back_and_tells_every_tampering() {
        let record = record();
        let text = record.to_text();
        let read = |text: &str| Record::read(&SourceFile::new("r", text));
        assert_eq!(read(&text).expect("whole"), record);
        let lines: Vec<&str> = text.lines().collect();
        for at in 0..lines.len() {
            let mut changed = lines.clone();
            let other = changed[at].replace("\"A\"", "\"C\"").replace("true", "false");
            changed[at] = &other;
            assert!(read(&changed.join("\n")).is_err(), "line {at} was changed");
            let mut without = lines.clone();
            without.remove(at);
            // The end can only be missed by someone who kept the head.
            assert_eq!(read(&without.join("\n")).is_err(), at + 1 < lines.len(), "line {at} is gone");
        }
        let mut swapped = lines.clone();
        swapped.swap(1, 2);
        assert!(read(&swapped.join("\n")).is_err());
    }
}
