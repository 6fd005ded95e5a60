//! What an audit for identifiers found, as JSON v1.

use std::borrow::Cow;

use medattest_deid::{Kind, Kinds, Policy, Survey};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What was looked for under each letter of the rule, and what was found where.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DeidAuditV1<'a> {
    /// Always `medattest-deid-audit-v1`.
    pub format: String,
    /// Version of medattest.
    pub version: String,
    /// One per letter of 45 CFR 164.514(b)(2)(i).
    pub identifiers: Vec<IdentifierV1>,
    /// What the second half of the rule asks, which no audit of data can tell.
    pub actual_knowledge: String,
    /// What was found.
    pub survey: Cow<'a, Survey>,
}

/// One letter of the rule.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct IdentifierV1 {
    /// The letter.
    pub letter: char,
    /// What it is about, in our words.
    pub title: String,
    /// Kinds that were looked for.
    pub kinds: Vec<KindV1>,
}

/// One kind of identifier.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct KindV1 {
    /// Id.
    pub kind: Kind,
    /// What it is.
    pub title: String,
    /// Where the law names it.
    pub citation: String,
    /// How well the citation is known: `verified`, `secondary` or `recalled`.
    pub confidence: String,
    /// Whether the policy of the audit counts it.
    pub removed_by_policy: bool,
    /// Detections.
    pub detections: u64,
    /// Detections with a score of at least 0.9.
    pub sure: u64,
    /// Files with at least one.
    pub files: u64,
}

/// An audit for identifiers as JSON v1.
pub fn deid_audit<'a>(survey: &'a Survey, kinds: &Kinds, policy: &Policy) -> DeidAuditV1<'a> {
    let one = |kind: &Kind| {
        let definition = kinds.of(*kind);
        let total = survey.totals.get(kind).copied().unwrap_or_default();
        KindV1 {
            kind: *kind,
            title: definition.title.clone(),
            citation: definition.citation.clone(),
            confidence: definition.confidence.clone(),
            removed_by_policy: policy.removes(*kind),
            detections: total.detections,
            sure: total.sure,
            files: total.files,
        }
    };
    DeidAuditV1 {
        format: "medattest-deid-audit-v1".to_owned(),
        version: crate::VERSION.to_owned(),
        identifiers: kinds
            .identifiers
            .iter()
            .map(|identifier| IdentifierV1 {
                letter: identifier.letter,
                title: identifier.title.clone(),
                kinds: Kind::ALL
                    .iter()
                    .filter(|kind| kinds.of(**kind).letter == identifier.letter)
                    .map(one)
                    .collect(),
            })
            .collect(),
        actual_knowledge: "not judged: 45 CFR 164.514(b)(2)(ii) asks what people know".to_owned(),
        survey: Cow::Borrowed(survey),
    }
}
