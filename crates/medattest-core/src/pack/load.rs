//! Reading packs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use super::{Answer, Classification, Explanation, Lifecycle, Pack, Packs};
use super::{Confidence, DatedStatus, Requirement, Rule, Status, duty, questionnaire};
use crate::catalog::{Catalog, FactDefinition, FactType, Origin, Per};
use crate::diagnostic::{Diagnostic, Place, SourceFile, closest};
use crate::expr::Predicate;
use crate::finding::Severity;
use crate::reader::{self, Table};
use crate::world::sha256_hex;

/// The value every conclusion takes where its pack does not apply.
pub(crate) const NOT_APPLICABLE: &str = "not-applicable";

pub(super) struct RawPredicate {
    source: String,
    place: Place,
}

struct RawPack {
    id: String,
    files: Vec<SourceFile>,
}

pub(super) type Diagnostics = Vec<Diagnostic>;

/// Reports requirement ids that do not exist.
pub(super) type Cites<'a> = &'a dyn Fn(&Place, &[String], &mut Diagnostics);

pub(super) fn load(files: &[SourceFile], catalog: &mut Catalog) -> (Packs, Diagnostics) {
    let mut diagnostics = Vec::new();
    let mut by_id: BTreeMap<String, RawPack> = BTreeMap::new();
    for file in files {
        let mut parts = file.name.rsplit('/');
        let (Some(name), Some(folder)) = (parts.next(), parts.next()) else { continue };
        let id = if folder == "tests" { parts.next().unwrap_or_default() } else { folder };
        let wanted = matches!(
            name,
            "pack.toml"
                | "requirements.toml"
                | "rules.toml"
                | "classification.toml"
                | "duties.toml"
                | "assessments.toml"
        ) || (folder == "tests" && name.ends_with(".md"));
        if wanted {
            let raw = by_id.entry(id.to_owned()).or_insert_with(|| RawPack { id: id.to_owned(), files: Vec::new() });
            if raw.files.iter().any(|known| short(known) == short(file)) {
                diagnostics.push(Diagnostic::about_file(
                    "duplicate-pack",
                    &file.name,
                    format!("pack `{id}` is loaded twice"),
                    "rename one of the folders",
                ));
            } else {
                raw.files.push(file.clone());
            }
        }
    }
    // Conclusions of every pack are facts, so they enter the catalogue before any predicate is checked.
    let mut drafts = Vec::new();
    for raw in by_id.values() {
        drafts.push(draft(raw, catalog, &mut diagnostics));
    }
    let catalog: &Catalog = catalog;
    let drafts: Vec<(&RawPack, Draft)> =
        by_id.values().zip(drafts).filter_map(|(raw, draft)| Some((raw, draft?))).collect();
    let read: Vec<(Option<Pack>, Diagnostics)> = drafts
        .into_par_iter()
        .map(|(raw, draft)| {
            let mut diagnostics = Vec::new();
            (finish(raw, draft, catalog, &mut diagnostics), diagnostics)
        })
        .collect();
    let mut packs = BTreeMap::new();
    for (pack, mistakes) in read {
        diagnostics.extend(mistakes);
        packs.extend(pack.map(|pack| (pack.id.clone(), pack)));
    }
    diagnostics.extend(questionnaire::unknown_references(&packs, catalog));
    let order = order(&packs, &mut diagnostics);
    (Packs::new(packs, order), diagnostics)
}

fn short(file: &SourceFile) -> String {
    let mut parts: Vec<&str> = file.name.rsplit('/').take(2).collect();
    parts.reverse();
    parts.join("/")
}

struct Draft {
    title: String,
    revision: u32,
    jurisdiction: String,
    edition: String,
    source: String,
    evidence_date: jiff::civil::Date,
    earliest: jiff::civil::Date,
    limits: String,
    opt_in: bool,
    applies: RawPredicate,
    classifications: Vec<DraftClassification>,
}

struct DraftClassification {
    id: String,
    title: String,
    values: Vec<(String, String)>,
    headline: bool,
    answers: Vec<(DraftAnswer, RawPredicate)>,
}

struct DraftAnswer {
    value: String,
    because: String,
    cites: Vec<String>,
    from: Option<jiff::civil::Date>,
    until: Option<jiff::civil::Date>,
    contested: Option<String>,
    place: Place,
}

fn file<'a>(raw: &'a RawPack, name: &str) -> Option<&'a SourceFile> {
    raw.files.iter().find(|file| file.name.ends_with(name))
}

pub(super) fn predicate(table: &mut Table<'_>, key: &str, diagnostics: &mut Diagnostics) -> Option<RawPredicate> {
    let place = table.place();
    let source = table.string(key, diagnostics)?;
    Some(RawPredicate { source, place })
}

fn draft(raw: &RawPack, catalog: &mut Catalog, diagnostics: &mut Diagnostics) -> Option<Draft> {
    let Some(head) = file(raw, "/pack.toml") else {
        diagnostics.push(Diagnostic::about_file(
            "pack-without-head",
            &raw.id,
            format!("pack `{}` has no pack.toml", raw.id),
            "add a pack.toml with id, revision, title, jurisdiction, edition, source, evidence-date and applies",
        ));
        return None;
    };
    let mut root = reader::parse(head, diagnostics)?;
    if let Some(id) = root.required_string("id", diagnostics)
        && id != raw.id
    {
        diagnostics.push(Diagnostic::about_file(
            "pack-id-mismatch",
            &head.name,
            format!("pack id `{id}` differs from its folder `{}`", raw.id),
            "name the folder after the id",
        ));
    }
    let title = root.required_string("title", diagnostics);
    let revision = root.integer("revision", diagnostics).unwrap_or(1);
    let jurisdiction = root.required_string("jurisdiction", diagnostics);
    let edition = root.required_string("edition", diagnostics);
    let source = root.required_string("source", diagnostics);
    let evidence_date = root.required_date("evidence-date", diagnostics);
    let earliest = root.required_date("earliest", diagnostics);
    let limits = root.required_string("limits", diagnostics);
    let opt_in = root.boolean("opt-in", diagnostics).unwrap_or(false);
    let applies = predicate(&mut root, "applies", diagnostics)
        .unwrap_or(RawPredicate { source: "true".into(), place: Place::file(&head.name) });
    root.finish(diagnostics);
    let mut classifications = Vec::new();
    if let Some(file) = file(raw, "/classification.toml")
        && let Some(mut root) = reader::parse(file, diagnostics)
    {
        for mut table in root.tables("classification", diagnostics) {
            let place = table.place();
            let Some(item) = draft_classification(&mut table, diagnostics) else { continue };
            let mut values = item.values.clone();
            values.push((NOT_APPLICABLE.to_owned(), "The pack does not apply.".to_owned()));
            let definition = FactDefinition {
                key: format!("{}.{}", raw.id, item.id),
                kind: FactType::Choice(values),
                title: item.title.clone(),
                question: item.title.clone(),
                help: String::new(),
                per: Per::System,
                origin: Origin::Concluded(raw.id.clone()),
                essential: false,
                falls_back_to: None,
            };
            if let Err(message) = catalog.add(definition) {
                let hint = Some("give the classification another id".to_owned());
                diagnostics.push(Diagnostic { place, code: "duplicate-classification", message, hint });
            }
            classifications.push(item);
        }
        root.finish(diagnostics);
    }
    Some(Draft {
        title: title?,
        revision: u32::try_from(revision).unwrap_or(1),
        jurisdiction: jurisdiction?,
        edition: edition?,
        source: source?,
        evidence_date: evidence_date?,
        earliest: earliest?,
        limits: limits?,
        opt_in,
        applies,
        classifications,
    })
}

fn draft_classification(table: &mut Table<'_>, diagnostics: &mut Diagnostics) -> Option<DraftClassification> {
    let id = table.required_string("id", diagnostics);
    let title = table.required_string("title", diagnostics);
    let headline = table.boolean("headline", diagnostics).unwrap_or(false);
    let values: Vec<(String, String)> = table
        .table("values", diagnostics)
        .map(|mut values| {
            let keys = values.keys();
            keys.into_iter().filter_map(|k| values.string(&k, diagnostics).map(|v| (k, v))).collect()
        })
        .unwrap_or_default();
    let mut answers = Vec::new();
    for mut answer in table.tables("answer", diagnostics) {
        let place = answer.place();
        let value = answer.required_string("value", diagnostics);
        let when = predicate(&mut answer, "when", diagnostics)
            .unwrap_or(RawPredicate { source: "true".into(), place: place.clone() });
        let because = answer.required_string("because", diagnostics);
        let cites = answer.strings("cites", diagnostics);
        let from = answer.date("from", diagnostics);
        let until = answer.date("until", diagnostics);
        let contested = answer.string("contested", diagnostics);
        answer.finish(diagnostics);
        let (Some(value), Some(because)) = (value, because) else { continue };
        if !values.iter().any(|(known, _)| *known == value) {
            diagnostics.push(Diagnostic {
                place,
                code: "answer-without-meaning",
                message: format!("answer `{value}` is not among the values of the classification"),
                hint: Some(format!("add `{value} = \"…\"` to [classification.values]")),
            });
            continue;
        }
        answers.push((DraftAnswer { value, because, cites, from, until, contested, place }, when));
    }
    table.finish(diagnostics);
    Some(DraftClassification { id: id?, title: title?, values, headline, answers })
}

pub(super) fn compile(
    raw: &RawPredicate,
    catalog: &Catalog,
    per: Per,
    diagnostics: &mut Diagnostics,
) -> Option<Predicate> {
    match Predicate::compile(&raw.source, catalog, per) {
        Ok(predicate) => Some(predicate),
        Err(message) => {
            let shown: String = raw.source.split_whitespace().collect::<Vec<_>>().join(" ");
            let shown: String = shown.chars().take(100).collect();
            diagnostics.push(Diagnostic {
                place: raw.place.clone(),
                code: "predicate",
                message,
                hint: Some(format!("in: {shown}")),
            });
            None
        }
    }
}

/// An optional `when`; `Err` if it is there and wrong.
pub(crate) fn condition(
    table: &mut Table<'_>,
    catalog: &Catalog,
    per: Per,
    diagnostics: &mut Diagnostics,
) -> Result<Option<Predicate>, ()> {
    match predicate(table, "when", diagnostics) {
        Some(raw) => compile(&raw, catalog, per, diagnostics).map(Some).ok_or(()),
        None => Ok(None),
    }
}

/// Reads a file of the pack, where it has one.
fn read<T: Default>(
    raw: &RawPack,
    name: &str,
    diagnostics: &mut Diagnostics,
    read: impl FnOnce(&mut Table<'_>, &mut Diagnostics) -> T,
) -> T {
    let Some(mut root) = file(raw, name).and_then(|file| reader::parse(file, diagnostics)) else {
        return T::default();
    };
    let content = read(&mut root, diagnostics);
    root.finish(diagnostics);
    content
}

fn finish(raw: &RawPack, draft: Draft, catalog: &Catalog, diagnostics: &mut Diagnostics) -> Option<Pack> {
    let requirements = read(raw, "/requirements.toml", diagnostics, |root, diagnostics| {
        let tables = root.tables("requirement", diagnostics);
        tables.into_iter().filter_map(|mut table| requirement(&mut table, catalog, diagnostics)).collect::<Vec<_>>()
    });
    let known: BTreeSet<String> = requirements.iter().map(|r: &Requirement| r.id.clone()).collect();
    let cited = |place: &Place, ids: &[String], diagnostics: &mut Diagnostics| {
        for id in ids.iter().filter(|id| !known.contains(*id)) {
            diagnostics.push(Diagnostic {
                place: place.clone(),
                code: "unknown-requirement",
                message: format!("requirement `{id}` does not exist in pack `{}`", raw.id),
                hint: Some("add it to requirements.toml with citation, status and confidence".into()),
            });
        }
        if ids.is_empty() {
            diagnostics.push(Diagnostic {
                place: place.clone(),
                code: "uncited",
                message: "nothing is cited".into(),
                hint: Some("every answer and rule names the requirement it rests on".into()),
            });
        }
    };
    let mut classifications = Vec::new();
    for item in draft.classifications {
        let mut answers = Vec::new();
        for (answer, when) in item.answers {
            cited(&answer.place, &answer.cites, diagnostics);
            let Some(when) = compile(&when, catalog, Per::System, diagnostics) else { continue };
            let DraftAnswer { value, because, cites, from, until, contested, .. } = answer;
            answers.push(Answer { value, when, because, cites, from, until, contested });
        }
        let DraftClassification { id, title, values, headline, .. } = item;
        classifications.push(Classification { id, title, values, answers, headline });
    }
    let rules = read(raw, "/rules.toml", diagnostics, |root, diagnostics| {
        let mut rules: Vec<Rule> = Vec::new();
        for mut table in root.tables("rule", diagnostics) {
            let place = table.place();
            let Some(rule) = rule(&raw.id, &mut table, catalog, diagnostics) else { continue };
            cited(&place, &rule.serves, diagnostics);
            if rules.iter().any(|other| other.id == rule.id) {
                let message = format!("rule `{}` is defined twice", rule.id);
                diagnostics.push(Diagnostic::at(
                    &place,
                    "duplicate-rule",
                    message,
                    "rule ids are unique within a pack",
                ));
            }
            rules.push(rule);
        }
        rules
    });
    let (duties, forms) = read(raw, "/duties.toml", diagnostics, |root, diagnostics| {
        duty::read(&raw.id, root, catalog, &cited, diagnostics)
    });
    let questionnaires = read(raw, "/assessments.toml", diagnostics, |root, diagnostics| {
        questionnaire::read(&raw.id, root, catalog, &cited, diagnostics)
    });
    for both in duties.iter().filter(|duty| rules.iter().any(|rule| rule.id == duty.id)) {
        diagnostics.push(Diagnostic::about_file(
            "duplicate-duty",
            &raw.id,
            format!("`{}` is a rule and a duty", both.id),
            "rules and duties of a pack share their names",
        ));
    }
    let applies = compile(&draft.applies, catalog, Per::System, diagnostics)?;
    let mut content: Vec<(String, &str)> =
        raw.files.iter().map(|f| (short(f), f.text.as_ref())).filter(|(name, _)| name.ends_with(".toml")).collect();
    content.sort();
    let joined = content.iter().fold(String::new(), |mut all, (name, text)| {
        let _ = writeln!(all, "{name} {}", sha256_hex(text.as_bytes()));
        all
    });
    let mut tests: Vec<SourceFile> = raw.files.iter().filter(|f| f.name.ends_with(".md")).cloned().collect();
    tests.sort_by(|a, b| a.name.cmp(&b.name));
    Some(Pack {
        id: raw.id.clone(),
        revision: draft.revision,
        title: draft.title,
        jurisdiction: draft.jurisdiction,
        edition: draft.edition,
        source: draft.source,
        evidence_date: draft.evidence_date,
        earliest: draft.earliest,
        limits: draft.limits,
        opt_in: draft.opt_in,
        digest: sha256_hex(joined.as_bytes()),
        applies,
        requirements,
        classifications,
        rules,
        duties,
        forms,
        questionnaires,
        tests,
    })
}

fn requirement(table: &mut Table<'_>, catalog: &Catalog, diagnostics: &mut Diagnostics) -> Option<Requirement> {
    let id = table.required_string("id", diagnostics);
    let citation = table.required_string("citation", diagnostics);
    let title = table.required_string("title", diagnostics);
    let asks = table.required_string("asks", diagnostics);
    let parent = table.string("parent", diagnostics);
    let topics = topics(table, catalog, diagnostics);
    let confidence = table.choice("confidence", &Confidence::NAMES, diagnostics);
    let place = table.place();
    let mut statuses = Vec::new();
    for mut entry in table.tables("status", diagnostics) {
        let status = entry.choice("is", &Status::NAMES, diagnostics).and_then(|name| Status::parse(&name));
        let from = entry.date("from", diagnostics);
        let until = entry.date("until", diagnostics);
        let contested = entry.string("contested", diagnostics);
        let when = condition(&mut entry, catalog, Per::System, diagnostics).ok()?;
        entry.finish(diagnostics);
        if let Some(status) = status {
            statuses.push(DatedStatus { status, from, until, when, contested });
        }
    }
    table.finish(diagnostics);
    if statuses.is_empty() {
        diagnostics.push(Diagnostic {
            place: place.clone(),
            code: "requirement-without-status",
            message: format!("requirement `{}` has no status", id.as_deref().unwrap_or("?")),
            hint: Some("add status = [{ is = \"in-force\", from = 2025-01-01 }]".into()),
        });
    }
    let Some(confidence) = confidence.and_then(|name| Confidence::parse(&name)) else {
        diagnostics.push(Diagnostic {
            place,
            code: "requirement-without-confidence",
            message: format!("requirement `{}` does not say how well it was checked", id.as_deref().unwrap_or("?")),
            hint: Some(format!("add confidence = one of {}", Confidence::NAMES.join(", "))),
        });
        return None;
    };
    Some(Requirement {
        id: id?,
        citation: citation?,
        title: title?,
        asks: asks?,
        confidence,
        parent,
        topics,
        statuses,
    })
}

fn topics(table: &mut Table<'_>, catalog: &Catalog, diagnostics: &mut Diagnostics) -> Vec<String> {
    let topics = table.strings("topics", diagnostics);
    for topic in topics.iter().filter(|topic| !catalog.topics().iter().any(|known| known.id == **topic)) {
        let near = closest(topic, catalog.topics().iter().map(|known| known.id.as_str()));
        diagnostics.push(Diagnostic {
            place: table.place(),
            code: "unknown-topic",
            message: format!("`{topic}` is not a topic"),
            hint: Some(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "topics are listed in catalog/topics.toml".into(),
            }),
        });
    }
    topics
}

fn rule(pack: &str, table: &mut Table<'_>, catalog: &Catalog, diagnostics: &mut Diagnostics) -> Option<Rule> {
    let place = table.place();
    let id = table.required_string("id", diagnostics);
    let title = table.required_string("title", diagnostics);
    let serves = table.strings("serves", diagnostics);
    let severity = table.choice("severity", &Severity::NAMES, diagnostics).and_then(|s| Severity::parse(&s));
    let per = match table.choice("per", &["system", "attribute", "group"], diagnostics).as_deref() {
        Some("attribute") => Per::Attribute,
        Some("group") => Per::Group,
        _ => Per::System,
    };
    let applies = predicate(table, "applies", diagnostics)
        .unwrap_or(RawPredicate { source: "true".into(), place: place.clone() });
    let check = predicate(table, "check", diagnostics);
    let absence_is_fault = table.choice("absence", &["unknown", "fault"], diagnostics).as_deref() == Some("fault");
    let message = table.required_string("message", diagnostics);
    let met = table.required_string("met", diagnostics);
    let remedy = table.required_string("remedy", diagnostics);
    let lifecycle = match table.choice("lifecycle", &["stable", "preview"], diagnostics).as_deref() {
        Some("preview") => Lifecycle::Preview,
        _ => Lifecycle::Stable,
    };
    let explanation = table.table("explanation", diagnostics).and_then(|mut inner| {
        let what = inner.required_string("what", diagnostics);
        let why = inner.required_string("why", diagnostics);
        let evidence = inner.required_string("evidence", diagnostics);
        let limits = inner.required_string("limits", diagnostics);
        inner.finish(diagnostics);
        Some(Explanation { what: what?, why: why?, evidence: evidence?, limits: limits? })
    });
    table.finish(diagnostics);
    for key in message.iter().chain(&met).flat_map(|text| placeholders(text)) {
        if catalog.get(key).is_none_or(|definition| !definition.per.is_read_by(per)) {
            diagnostics.push(Diagnostic {
                place: place.clone(),
                code: "unknown-placeholder",
                message: format!("{{{key}}} in a message is not a fact the rule may read"),
                hint: Some("use a key of the catalogue".into()),
            });
        }
    }
    let (Some(severity), Some(check), Some(explanation)) = (severity, check, explanation) else {
        diagnostics.push(Diagnostic {
            place,
            code: "rule-incomplete",
            message: format!("rule `{}` lacks severity, check or explanation", id.as_deref().unwrap_or("?")),
            hint: Some("the explanation has four headings: what, why, evidence, limits".into()),
        });
        return None;
    };
    let applies = compile(&applies, catalog, per, diagnostics);
    let check = compile(&check, catalog, per, diagnostics);
    Some(Rule {
        id: format!("{pack}/{}", id?),
        title: title?,
        serves,
        severity,
        per,
        applies: applies?,
        check: check?,
        absence_is_fault,
        message: message?,
        met: met?,
        remedy: remedy?,
        explanation,
        lifecycle,
    })
}

/// The `{fact.key}` placeholders of a message.
pub(crate) fn placeholders(text: &str) -> Vec<&str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(key, _)| key)).collect()
}

/// Orders conclusions so that each comes after those it reads.
fn order(packs: &BTreeMap<String, Pack>, diagnostics: &mut Diagnostics) -> Vec<(String, usize)> {
    let mut pending: Vec<(String, usize, BTreeSet<String>)> = Vec::new();
    for pack in packs.values() {
        for (index, item) in pack.classifications.iter().enumerate() {
            let reads = item.answers.iter().flat_map(|a| a.when.mentions()).chain(pack.applies.mentions()).collect();
            pending.push((pack.id.clone(), index, reads));
        }
    }
    let name = |pack: &str, index: usize| {
        let item = packs.get(pack).and_then(|pack| pack.classifications.get(index));
        format!("{pack}.{}", item.map_or("", |item| item.id.as_str()))
    };
    let mut order = Vec::new();
    loop {
        let open: BTreeSet<String> = pending.iter().map(|(pack, index, _)| name(pack, *index)).collect();
        let (ready, rest): (Vec<_>, Vec<_>) = pending.into_iter().partition(|(_, _, reads)| reads.is_disjoint(&open));
        pending = rest;
        if ready.is_empty() {
            break;
        }
        order.extend(ready.into_iter().map(|(pack, index, _)| (pack, index)));
    }
    for (pack, index, reads) in pending {
        diagnostics.push(Diagnostic::about_file(
            "cyclic-classification",
            &format!("{pack}/classification.toml"),
            format!("`{}` reads conclusions that depend on it", name(&pack, index)),
            format!("it reads: {}", reads.into_iter().collect::<Vec<_>>().join(", ")),
        ));
    }
    order
}
