//! What is done with what was found: redact, mask, tag, hash, surrogates, shifted dates, coarser dates, ages and postcodes.

mod dates;
mod surrogate;
mod zip3;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::check::Reckoning;
use crate::detection::Detection;
use crate::error::LoadError;
use crate::kind::{Kind, Policy};
use crate::resources::Resources;
use crate::scan::Scanner;
use surrogate::Surrogates;
use zip3::Zip3;

/// What [`Operator::Redact`] writes.
pub(crate) const REDACTED: &str = "[REDACTED]";
/// What [`Operator::Over89`] writes.
pub(crate) const OVER_AGE: &str = "over 89";
/// How many hexadecimal digits [`Operator::Hash`] writes.
pub(crate) const HASH_DIGITS: usize = 12;

/// What stands in place of an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operator {
    /// Its kind in brackets.
    Tag,
    /// `[REDACTED]`.
    Redact,
    /// An asterisk for each letter and digit.
    Mask,
    /// The year of a date.
    Year,
    /// Three digits of a postcode.
    Zip3,
    /// One category for ages over 89.
    #[serde(rename = "over-89")]
    Over89,
    /// Twelve hexadecimal digits of HMAC-SHA-256 (RFC 2104) over kind and identifier.
    Hash,
    /// An invented identifier of the same form.
    Surrogate,
    /// The date some days earlier or later, the same for each patient.
    Shift,
}

impl Operator {
    /// Kebab-case id.
    pub fn id(self) -> &'static str {
        match self {
            Self::Tag => "tag",
            Self::Redact => "redact",
            Self::Mask => "mask",
            Self::Year => "year",
            Self::Zip3 => "zip3",
            Self::Over89 => "over-89",
            Self::Hash => "hash",
            Self::Surrogate => "surrogate",
            Self::Shift => "shift",
        }
    }
}

/// What an operator does to the legal basis; data in `recognizers/operators.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OperatorEffect {
    /// Which.
    pub id: Operator,
    /// What it does.
    pub title: String,
    /// Whether Safe Harbor allows what it leaves.
    pub safe_harbor: bool,
    /// What it means for the legal basis, in our words.
    pub effect: String,
    /// Citation.
    pub citation: String,
}

#[derive(Deserialize)]
struct Effects {
    operator: Vec<OperatorEffect>,
}

/// A secret that surrogates, hashes and shifts depend on. Not shown by `Debug`.
#[derive(Clone)]
pub struct Key(Vec<u8>);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    /// A key from its bytes.
    pub fn new(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    /// HMAC-SHA-256 over parts, each preceded by its length.
    fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        // HMAC takes keys of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return [0; 32] };
        for part in parts {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// A number that depends on key and parts.
    fn number(&self, parts: &[&[u8]]) -> u64 {
        let mac = self.mac(parts);
        u64::from_le_bytes([mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], mac[6], mac[7]])
    }
}

/// What is done with each kind.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Which kinds are removed.
    pub policy: Policy,
    /// What is done with kinds that have no operator of their own.
    pub default: Operator,
    /// What is done with dates.
    pub dates: Operator,
    /// What is done with postcodes.
    pub zips: Operator,
    /// What is done with ages over 89.
    pub ages: Operator,
    /// Dates move by at most so many days.
    pub shift_days: u32,
    /// Whether the day comes before the month in dates of two small numbers.
    pub day_first: bool,
}

impl Plan {
    /// The operator for a kind.
    pub fn operator(&self, kind: Kind) -> Operator {
        match kind {
            Kind::Date => self.dates,
            Kind::Weekday if self.dates == Operator::Shift => Operator::Shift,
            Kind::Weekday | Kind::Holiday if self.dates == Operator::Year => Operator::Tag,
            Kind::Zip => self.zips,
            Kind::AgeOver89 => self.ages,
            _ => self.default,
        }
    }

    /// Every operator that may be used.
    pub fn operators(&self) -> Vec<Operator> {
        let mut used: Vec<Operator> = self.policy.remove.iter().map(|kind| self.operator(*kind)).collect();
        used.sort_unstable();
        used.dedup();
        used
    }
}

/// Replaces what was found.
pub struct Cleaner {
    plan: Plan,
    key: Key,
    tags: Vec<String>,
    /// Read only where the plan asks for surrogates.
    surrogates: Option<Surrogates>,
    zip3: Zip3,
    effects: Vec<OperatorEffect>,
    reckoning: Reckoning,
}

impl std::fmt::Debug for Cleaner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cleaner").field("plan", &self.plan).finish_non_exhaustive()
    }
}

/// Where something was put in place of an identifier, in the cleaned text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replaced {
    /// First byte in the cleaned text.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
    /// What stood there.
    pub kind: Kind,
    /// What was done.
    pub operator: Operator,
}

impl Cleaner {
    /// Reads operators, lists and areas.
    ///
    /// # Errors
    /// When a file is missing or wrong.
    pub fn load(resources: &Resources, scanner: &Scanner, plan: Plan, key: Key) -> Result<Self, LoadError> {
        let effects: Effects = resources.toml("operators.toml")?;
        Ok(Self {
            surrogates: plan
                .operators()
                .contains(&Operator::Surrogate)
                .then(|| Surrogates::load(resources))
                .transpose()?,
            plan,
            key,
            tags: Kind::ALL.iter().map(|kind| scanner.kinds.of(*kind).tag.clone()).collect(),
            zip3: Zip3::load(resources)?,
            effects: effects.operator,
            reckoning: scanner.reckoning(),
        })
    }

    /// What is done.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Whether nothing that is put in place of an identifier can be found as one, so that a cleaned text may be searched and
    /// cleaned again; a hash, a surrogate or a moved date would be replaced once more.
    pub fn leaves_nothing_to_find(&self) -> bool {
        !self.plan.operators().iter().any(|o| matches!(o, Operator::Hash | Operator::Surrogate | Operator::Shift))
    }

    /// What the operators in use do to the legal basis.
    pub fn effects(&self) -> Vec<&OperatorEffect> {
        let used = self.plan.operators();
        self.effects.iter().filter(|effect| used.contains(&effect.id)).collect()
    }

    /// The census that three digits of postcodes rest on.
    pub fn zip_vintage(&self) -> &str {
        &self.zip3.vintage
    }

    /// Writes the cleaned text to `out` (emptied first) and tells where replacements stand. `patient` decides by how
    /// much dates move.
    pub fn clean(&self, text: &str, detections: &[Detection], patient: &str, out: &mut String) -> Vec<Replaced> {
        out.clear();
        let mut replaced = Vec::new();
        let mut at = 0;
        for detection in detections.iter().filter(|d| self.plan.policy.removes(d.kind)) {
            let (Some(before), Some(value)) =
                (text.get(at..detection.start), text.get(detection.start..detection.end))
            else {
                continue;
            };
            out.push_str(before);
            let start = out.len();
            // The year of `19620214-03` would make a month of what follows.
            let goes_on = text[detection.end..]
                .strip_prefix(['-', '/'])
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
            let operator = match self.plan.operator(detection.kind) {
                Operator::Year if goes_on => Operator::Tag,
                operator => operator,
            };
            let operator = self.replace(value, detection.kind, operator, patient, out);
            replaced.push(Replaced { start, end: out.len(), kind: detection.kind, operator });
            at = detection.end;
        }
        out.push_str(text.get(at..).unwrap_or_default());
        replaced
    }

    /// Writes what stands in place of one identifier; returns the operator, which is [`Operator::Tag`] where the one asked
    /// for does not fit the value.
    fn replace(&self, value: &str, kind: Kind, operator: Operator, patient: &str, out: &mut String) -> Operator {
        let fitting = match operator {
            Operator::Tag => None,
            Operator::Redact => Some(REDACTED.to_owned()),
            Operator::Mask => Some(value.chars().map(|c| if c.is_alphanumeric() { '*' } else { c }).collect()),
            Operator::Year => {
                dates::year(value).filter(|year| !year.parse().is_ok_and(|year| self.reckoning.tells_age(year)))
            }
            Operator::Zip3 => self.zip3.generalise(value),
            Operator::Over89 => Some(OVER_AGE.to_owned()),
            Operator::Hash => {
                let plain: String =
                    value.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
                let mac = self.key.mac(&[kind.id().as_bytes(), plain.as_bytes()]);
                let hex: String = mac.iter().take(HASH_DIGITS / 2).map(|byte| format!("{byte:02x}")).collect();
                Some(format!("[{}:{hex}]", self.tags[kind.index()]))
            }
            Operator::Surrogate => self.surrogates.as_ref().and_then(|s| s.of(value, kind, &self.key)),
            Operator::Shift => dates::shift(value, self.days(patient), self.plan.day_first),
        };
        match fitting {
            Some(text) => {
                out.push_str(&text);
                operator
            }
            None => {
                out.push('[');
                out.push_str(&self.tags[kind.index()]);
                out.push(']');
                Operator::Tag
            }
        }
    }

    /// By how many days the dates of a patient move: never none.
    fn days(&self, patient: &str) -> i32 {
        let most = i64::from(self.plan.shift_days.max(1));
        let number = (self.key.number(&[b"shift", patient.as_bytes()]) % (2 * most as u64)) as i64 - most;
        (if number >= 0 { number + 1 } else { number }) as i32
    }
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn keys_tell_parts_apart_and_do_not_show() {
        let key = Key::new(b"secret");
        assert_ne!(key.mac(&[b"ab", b"c"]), key.mac(&[b"a", b"bc"]));
        assert_eq!(format!("{key:?}"), "Key");
    }
}
