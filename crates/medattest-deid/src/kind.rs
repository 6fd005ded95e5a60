//! Kinds of identifier, and where the law names each. The law is data: `recognizers/kinds.toml`.

use serde::{Deserialize, Serialize};

use crate::error::LoadError;
use crate::operate::{HASH_DIGITS, OVER_AGE, REDACTED};
use crate::resources::Resources;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $name:ident = $id:literal,)*) => {
        /// A kind of identifier.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
        )]
        #[repr(u8)]
        pub enum Kind { $($(#[doc = $doc])* #[serde(rename = $id)] $name,)* }

        impl Kind {
            /// Every kind, in the order of the rule.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Permanent kebab-case id.
            pub fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }
        }
    };
}

kinds! {
    /// Name of a patient, relative, household member, or of a person whose role is not told.
    Name = "name",
    /// Name of somebody who acts as a professional.
    ProviderName = "provider-name",
    /// Employer, school or other organisation that a person belongs to.
    Employer = "employer",
    /// Street, house number, unit, post box.
    StreetAddress = "street-address",
    /// City, county, precinct, neighbourhood.
    Place = "place",
    /// Hospital, clinic, nursing home or another institution, which tells a place.
    Facility = "facility",
    /// Postcode.
    Zip = "zip",
    /// Latitude and longitude, or another geocode.
    Coordinates = "coordinates",
    /// Date more precise than a year.
    Date = "date",
    /// Day of the week.
    Weekday = "weekday",
    /// Holiday, which tells a day.
    Holiday = "holiday",
    /// Clock time.
    TimeOfDay = "time-of-day",
    /// Date told relative to another, such as "two weeks ago".
    RelativeDate = "relative-date",
    /// Age over 89, or a year that tells such an age.
    AgeOver89 = "age-over-89",
    /// Telephone number.
    Phone = "phone",
    /// Fax number.
    Fax = "fax",
    /// E-mail address.
    Email = "email",
    /// Social security number, also its last four digits.
    Ssn = "ssn",
    /// Medical record number.
    Mrn = "mrn",
    /// Number of a beneficiary of a health plan.
    HealthPlanId = "health-plan-id",
    /// Account, card or bank number.
    Account = "account",
    /// Number of a certificate or licence of a person.
    Licence = "licence",
    /// National Provider Identifier.
    Npi = "npi",
    /// Vehicle identifier, plate.
    Vehicle = "vehicle",
    /// Device identifier, serial number.
    Device = "device",
    /// Web address.
    Url = "url",
    /// Internet protocol address.
    Ip = "ip",
    /// Biometric identifier.
    Biometric = "biometric",
    /// Full-face photograph and the like.
    Photo = "photo",
    /// Any other unique number or code.
    OtherId = "other-id",
    /// A characteristic that singles a person out.
    Unusual = "unusual",
}

impl Kind {
    /// The kind of this id.
    pub fn named(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.id() == id)
    }

    /// Whether it is a number or a code, of which words tell the kind where its form does not.
    pub(crate) fn is_number(self) -> bool {
        self >= Self::Phone && !matches!(self, Self::Email | Self::Url | Self::Ip | Self::Unusual)
    }

    /// Whether it is the name of somebody.
    pub(crate) fn is_person(self) -> bool {
        matches!(self, Self::Name | Self::ProviderName)
    }

    /// Position in [`Kind::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }
}

/// What is known of a kind: where the law names it, and how it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindDefinition {
    /// The kind.
    pub kind: Kind,
    /// What it is.
    pub title: String,
    /// Letter of 45 CFR 164.514(b)(2)(i), such as `A`.
    pub letter: char,
    /// Citation.
    pub citation: String,
    /// How well the citation was checked: `verified`, `secondary` or `recalled`.
    pub confidence: String,
    /// What stands in place of it when tagged.
    pub tag: String,
    /// What is to be known of it, may be empty.
    pub note: String,
}

/// One of the eighteen identifiers of Safe Harbor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identifier {
    /// Letter of 45 CFR 164.514(b)(2)(i).
    pub letter: char,
    /// What the rule asks to remove, in our words.
    pub title: String,
}

/// Which kinds are removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Id.
    pub id: String,
    /// What it is for.
    pub title: String,
    /// What it means for the legal basis.
    pub basis: String,
    /// Citation.
    pub citation: String,
    /// Kinds to be removed.
    pub remove: Vec<Kind>,
}

impl Policy {
    /// Whether a kind is to be removed.
    pub fn removes(&self, kind: Kind) -> bool {
        self.remove.contains(&kind)
    }

    /// The same, but these kinds stay.
    #[must_use]
    pub fn keeping(mut self, kinds: &[Kind]) -> Self {
        self.remove.retain(|kind| !kinds.contains(kind));
        self
    }

    /// The same, but these kinds go too.
    #[must_use]
    pub fn removing(mut self, kinds: &[Kind]) -> Self {
        for kind in kinds {
            if !self.remove.contains(kind) {
                self.remove.push(*kind);
            }
        }
        self.remove.sort_unstable();
        self
    }
}

/// Kinds, identifiers and policies, as `recognizers/kinds.toml` tells them.
#[derive(Debug, Clone)]
pub struct Kinds {
    definitions: Vec<KindDefinition>,
    /// The eighteen identifiers, by letter.
    pub identifiers: Vec<Identifier>,
    /// Policies, the default first.
    pub policies: Vec<Policy>,
    /// Ages over this one identify.
    pub(crate) ages_over: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    ages: RawAges,
    identifier: Vec<RawIdentifier>,
    kind: Vec<RawKind>,
    policy: Vec<RawPolicy>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAges {
    over: u16,
    #[serde(rename = "citation")]
    _citation: String,
    #[serde(rename = "confidence")]
    _confidence: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawIdentifier {
    letter: char,
    title: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawKind {
    id: Kind,
    title: String,
    letter: char,
    citation: String,
    confidence: String,
    tag: String,
    #[serde(default)]
    note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPolicy {
    id: String,
    title: String,
    basis: String,
    citation: String,
    remove: Vec<Kind>,
}

impl Kinds {
    /// Reads `kinds.toml`.
    pub(crate) fn load(resources: &Resources) -> Result<Self, LoadError> {
        const NAME: &str = "kinds.toml";
        let file: File = resources.toml(NAME)?;
        let mut definitions = Vec::new();
        for kind in Kind::ALL {
            let Some(raw) = file.kind.iter().find(|raw| raw.id == *kind) else {
                return Err(LoadError::new(NAME, format!("kind `{}` is not described", kind.id()), "add it"));
            };
            definitions.push(KindDefinition {
                kind: *kind,
                title: raw.title.clone(),
                letter: raw.letter,
                citation: raw.citation.clone(),
                confidence: raw.confidence.clone(),
                tag: raw.tag.clone(),
                note: raw.note.clone(),
            });
        }
        let identifiers: Vec<Identifier> =
            file.identifier.into_iter().map(|raw| Identifier { letter: raw.letter, title: raw.title }).collect();
        if let Some(stray) = definitions.iter().find(|d| !identifiers.iter().any(|i| i.letter == d.letter)) {
            let message = format!("kind `{}` names letter {}, which is not described", stray.kind.id(), stray.letter);
            return Err(LoadError::new(NAME, message, "add the [[identifier]] or correct the letter"));
        }
        let policies: Vec<Policy> = file
            .policy
            .into_iter()
            .map(|raw| Policy {
                id: raw.id,
                title: raw.title,
                basis: raw.basis,
                citation: raw.citation,
                remove: raw.remove,
            })
            .collect();
        if policies.is_empty() {
            return Err(LoadError::new(NAME, "there is no policy", "add a [[policy]]"));
        }
        Ok(Self { definitions, identifiers, policies, ages_over: file.ages.over })
    }

    /// What is known of a kind.
    pub fn of(&self, kind: Kind) -> &KindDefinition {
        &self.definitions[kind.index()]
    }

    /// Whether a value is what a cleaner puts in place of an identifier: a tag of ours, with or without a hash, a mask,
    /// or the category of the old. Anything else in brackets is somebody's.
    pub(crate) fn is_placeholder(&self, value: &str) -> bool {
        if value == OVER_AGE || value == REDACTED || value.bytes().all(|b| b.is_ascii_punctuation()) {
            return true;
        }
        let Some(inner) = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else { return false };
        let (tag, hash) = inner.split_once(':').map_or((inner, None), |(tag, hash)| (tag, Some(hash)));
        let hashed = |hash: &str| hash.len() == HASH_DIGITS && hash.bytes().all(|b| b.is_ascii_hexdigit());
        self.definitions.iter().any(|d| d.tag == tag) && hash.is_none_or(hashed)
    }

    /// The policy of this id.
    pub fn policy(&self, id: &str) -> Option<&Policy> {
        self.policies.iter().find(|policy| policy.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::Kinds;
    use crate::resources::Resources;

    #[test]
    fn placeholders() {
        let mut resources = Resources::default();
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recognizers");
        resources.add_folder(&folder).expect("reads");
        let kinds = Kinds::load(&resources).expect("loads");
        let is_placeholder = |value: &str| kinds.is_placeholder(value);
        assert!(is_placeholder("[PLAN-ID]") && is_placeholder("[MRN:0a1b2c3d4e5f]") && is_placeholder("***-**"));
        assert!(is_placeholder("[REDACTED]") && is_placeholder("over 89"));
        assert!(!is_placeholder("[Jane]") && !is_placeholder("12345"));
        assert!(!is_placeholder("[JANE]") && !is_placeholder("[123-45-6789]") && !is_placeholder("[MRN:12345678]"));
    }
}
