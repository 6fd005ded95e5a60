//! Facts as people state them, checked one by one against the catalogue.

use std::collections::BTreeMap;

use medattest_metrics::Figure;
use toml::de::DeValue;

use crate::catalog::{Catalog, FactDefinition, FactType, Origin, Per};
use crate::diagnostic::{Diagnostic, closest};
use crate::fact::{Fact, Provenance, State, Statement, Subject};
use crate::reader::{Node, Table};
use crate::value::Value;

/// What a file may state.
pub(crate) struct Reading<'a> {
    pub(crate) catalog: &'a Catalog,
    /// Whom the facts may be about.
    pub(crate) per: &'a [Per],
    /// Whether measured facts may be written down, as only scenarios do.
    pub(crate) measured: bool,
    pub(crate) subject: Subject,
}

/// Who vouches for which facts of a file.
#[derive(Debug, Default, Clone)]
pub(crate) struct Statements {
    default: Option<Statement>,
    about: Vec<(Vec<String>, Statement)>,
}

impl Statements {
    /// Takes `[statement]` out of a file.
    pub(crate) fn take(root: &mut Table<'_>, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let Some(mut table) = root.table("statement", diagnostics) else { return Self::default() };
        let default = (!table.is_empty_but(&["about"])).then(|| statement(&mut table, None, diagnostics)).flatten();
        let mut about = Vec::new();
        for mut entry in table.tables("about", diagnostics) {
            let facts = entry.strings("facts", diagnostics);
            if let Some(statement) = statement(&mut entry, default.as_ref(), diagnostics) {
                about.push((facts, statement));
            }
            entry.finish(diagnostics);
        }
        table.finish(diagnostics);
        Self { default, about }
    }

    /// Documents that statements rest on.
    pub(crate) fn documents(&mut self) -> impl Iterator<Item = &mut Statement> {
        self.default.iter_mut().chain(self.about.iter_mut().map(|(_, statement)| statement))
    }

    fn about(&self, key: &str) -> Option<&Statement> {
        let covers = |patterns: &[String]| {
            patterns.iter().any(|p| p == key || p.strip_suffix('*').is_some_and(|start| key.starts_with(start)))
        };
        self.about.iter().rev().find(|(facts, _)| covers(facts)).map(|(_, s)| s).or(self.default.as_ref())
    }
}

fn statement(
    table: &mut Table<'_>,
    default: Option<&Statement>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Statement> {
    let by = table.string("by", diagnostics).or_else(|| default.map(|d| d.by.clone()));
    let on = table.date("on", diagnostics).or_else(|| default.map(|d| d.on));
    let until = table.date("until", diagnostics).or_else(|| default.and_then(|d| d.until));
    let document = table.string("document", diagnostics);
    let place = table.place();
    match (by, on) {
        (Some(_), Some(on)) if until.is_some_and(|until| until < on) => {
            diagnostics.push(Diagnostic {
                place,
                code: "statement-ends-before-it-begins",
                message: format!("the statement of {on} would hold until an earlier day"),
                hint: Some("`until` is the last day on which it may be relied on".into()),
            });
            None
        }
        (Some(by), Some(on)) => Some(Statement { by, on, until, document, document_sha256: None }),
        _ => {
            diagnostics.push(Diagnostic {
                place,
                code: "statement-incomplete",
                message: "a statement says by whom and on which day".into(),
                hint: Some("add by = \"Jane Doe, privacy officer\" and on = 2026-11-24".into()),
            });
            None
        }
    }
}

/// Reads every remaining value of `root` as a fact.
pub(crate) fn read_facts(
    root: Table<'_>,
    reading: &Reading<'_>,
    statements: &Statements,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Fact> {
    let mut facts = Vec::new();
    let catalog = reading.catalog;
    for (key, node) in root.leaves(&|at| catalog.get(at).is_some()) {
        let Some(definition) = catalog.get(&key) else {
            diagnostics.push(node.mistake(
                "unknown-fact",
                format!("`{key}` is not known"),
                unknown_hint(&key, reading),
            ));
            continue;
        };
        match &definition.origin {
            Origin::Measured(engine) if !reading.measured => {
                let hint = "describe the data with a [[table]]; the figure is then measured";
                let message = format!("`{key}` is measured by the {engine} engine and cannot be stated");
                diagnostics.push(node.mistake("measured-not-stated", message, hint));
                continue;
            }
            Origin::Concluded(pack) => {
                let message = format!("`{key}` is concluded by pack {pack} and cannot be stated");
                diagnostics.push(node.mistake("concluded-not-stated", message, "state the facts it rests on"));
                continue;
            }
            _ => {}
        }
        if !reading.per.contains(&definition.per) {
            let (message, hint) = match definition.per {
                Per::Organisation => ("is a fact about the organisation", "move it to medattest.toml"),
                Per::Incident => ("is a fact about an incident", "record it with `medattest incident`"),
                _ => ("is a fact about one system", "move it to the system's own file"),
            };
            diagnostics.push(node.mistake("fact-in-wrong-file", format!("`{key}` {message}"), hint));
            continue;
        }
        if let Some(value) = value(&node, definition, &key, diagnostics) {
            let provenance = match &definition.origin {
                Origin::Measured(engine) => Provenance::Measured {
                    engine: engine.clone(),
                    version: "scenario".into(),
                    inputs: Vec::new(),
                    parameters: "{}".into(),
                },
                _ => Provenance::Stated(statements.about(&key).cloned()),
            };
            facts.push(Fact {
                key,
                subject: reading.subject.clone(),
                state: State::Known(value),
                provenance,
                place: Some(node.place()),
                paper: None,
            });
        }
    }
    facts
}

fn unknown_hint(key: &str, reading: &Reading<'_>) -> String {
    let offered = |d: &&FactDefinition| d.origin == Origin::Stated && reading.per.contains(&d.per);
    let keys: Vec<&str> = reading.catalog.iter().filter(offered).map(|d| d.key.as_str()).collect();
    if let Some(near) = closest(key, keys.iter().copied()) {
        return format!("did you mean `{near}`?");
    }
    let split: Vec<(&str, &str)> = keys.iter().filter_map(|key| key.split_once('.')).collect();
    let family = key.split('.').next().unwrap_or_default();
    let mine: Vec<&str> = split.iter().filter(|(f, _)| *f == family).map(|(_, name)| *name).collect();
    if mine.is_empty() {
        let mut families: Vec<&str> = split.iter().map(|(f, _)| *f).collect();
        families.sort_unstable();
        families.dedup();
        format!("sections here: {}", families.join(", "))
    } else {
        format!("known in [{family}]: {}", mine.join(", "))
    }
}

fn value(node: &Node<'_>, definition: &FactDefinition, at: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<Value> {
    let mut wrong = |wanted: &str, hint: String| {
        diagnostics.push(node.mistake(
            "wrong-type",
            format!("expected {wanted} for `{at}`, found {}", node.shown()),
            hint,
        ));
        None
    };
    match (&definition.kind, &node.value) {
        (FactType::Bool, DeValue::Boolean(b)) => Some(Value::Bool(*b)),
        (FactType::Bool, _) => wrong("true or false", "write true or false without quotes".into()),
        (FactType::Integer, DeValue::Integer(i)) => match i64::from_str_radix(i.as_str(), i.radix()) {
            Ok(i) => Some(Value::Integer(i)),
            Err(_) => wrong("a whole number", "the number is too large".into()),
        },
        (FactType::Integer, _) => wrong("a whole number", "write a whole number without quotes".into()),
        (FactType::Number, DeValue::Float(x)) => finite(x.as_str(), &mut wrong),
        (FactType::Number, DeValue::Integer(i)) => finite(i.as_str(), &mut wrong),
        (FactType::Number, _) => wrong("a number", "write a number without quotes, such as 0.1".into()),
        (FactType::Text, DeValue::String(text)) => Some(Value::Text(text.to_string())),
        (FactType::Text, _) => wrong("text", "put it in quotes".into()),
        (FactType::Date, _) => match node.as_date() {
            Some(date) => Some(Value::Date(date)),
            None => wrong("a date", "write a day such as 2026-11-24".into()),
        },
        (FactType::Moment, _) => match node.as_moment() {
            Some(moment) => Some(moment.to_value()),
            None => wrong(
                "a day or a time with its zone",
                "write 2026-11-20, 2026-11-20T14:30:00-05:00 or \"2026-11-20T14:30[America/New_York]\"".into(),
            ),
        },
        (FactType::Choice(values), DeValue::String(text)) => choice(node, text, values, at, diagnostics),
        (FactType::Choice(_), _) => wrong("one of the values", choices_hint(definition)),
        (FactType::Choices(_) | FactType::Texts | FactType::Records(_), DeValue::Array(items)) => {
            let mut list = Vec::new();
            let before = diagnostics.len();
            for item in items.iter() {
                let item = Node { file: node.file, span: item.span(), value: item.get_ref().clone() };
                list.extend(list_item(&item, definition, at, diagnostics));
            }
            (diagnostics.len() == before).then_some(Value::List(list))
        }
        (FactType::Choices(_) | FactType::Texts | FactType::Records(_), _) => {
            wrong("a list", format!("write [\"…\", \"…\"]; {}", choices_hint(definition)))
        }
        (FactType::Estimate, _) => match estimate(node) {
            Some(estimate) => Some(estimate),
            None => wrong("an estimate", "write { value = 0.8, low = 0.7, high = 0.9, n = 900, events = 90 }".into()),
        },
    }
}

fn finite(text: &str, wrong: &mut impl FnMut(&str, String) -> Option<Value>) -> Option<Value> {
    match text.replace('_', "").parse::<f64>() {
        Ok(x) if x.is_finite() => Some(Value::Number(x)),
        _ => wrong("a finite number", "write a number such as 0.1".into()),
    }
}

fn choices_hint(definition: &FactDefinition) -> String {
    match &definition.kind {
        FactType::Choice(values) | FactType::Choices(values) => {
            let ids: Vec<&str> = values.iter().map(|(id, _)| id.as_str()).collect();
            format!("use one of: {}", ids.join(", "))
        }
        _ => definition.question.clone(),
    }
}

fn choice(
    node: &Node<'_>,
    text: &str,
    values: &[(String, String)],
    at: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Value> {
    if values.iter().any(|(id, _)| id == text) {
        return Some(Value::Text(text.to_owned()));
    }
    let ids = || values.iter().map(|(id, _)| id.as_str());
    let near = closest(text, ids()).map(|near| format!("did you mean \"{near}\"? ")).unwrap_or_default();
    diagnostics.push(node.mistake(
        "not-a-choice",
        format!("{} is not a value of `{at}`", node.shown()),
        format!("{near}use one of: {}", ids().collect::<Vec<_>>().join(", ")),
    ));
    None
}

fn list_item(
    item: &Node<'_>,
    definition: &FactDefinition,
    at: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Value> {
    match (&definition.kind, &item.value) {
        (FactType::Choices(values), DeValue::String(text)) => choice(item, text, values, at, diagnostics),
        (FactType::Texts, DeValue::String(text)) => Some(Value::Text(text.to_string())),
        (FactType::Records(fields), DeValue::Table(table)) => {
            let mut record = BTreeMap::new();
            for (key, field) in table.iter() {
                let key = key.get_ref().as_ref();
                let node = Node { file: item.file, span: field.span(), value: field.get_ref().clone() };
                let Some(definition) = fields.iter().find(|f| f.key == key) else {
                    let known: Vec<&str> = fields.iter().map(|f| f.key.as_str()).collect();
                    let message = format!("`{at}` has no field `{key}`");
                    diagnostics.push(node.mistake("unknown-key", message, format!("fields: {}", known.join(", "))));
                    continue;
                };
                if let Some(value) = value(&node, definition, &format!("{at}.{key}"), diagnostics) {
                    record.insert(key.to_owned(), value);
                }
            }
            Some(Value::Record(record))
        }
        _ => {
            let message = format!("`{at}` cannot hold {}", item.shown());
            diagnostics.push(item.mistake("wrong-type", message, choices_hint(definition)));
            None
        }
    }
}

fn estimate(node: &Node<'_>) -> Option<Value> {
    let DeValue::Table(table) = &node.value else { return None };
    let number = |key: &str| {
        let (_, value) = table.iter().find(|(k, _)| k.get_ref().as_ref() == key)?;
        match value.get_ref() {
            DeValue::Float(x) => x.as_str().parse::<f64>().ok(),
            DeValue::Integer(i) => i.as_str().parse::<f64>().ok(),
            _ => None,
        }
    };
    let (value, low, high) = (number("value")?, number("low")?, number("high")?);
    let (n, events) = (number("n")? as u64, number("events").unwrap_or(0.0) as u64);
    let figure = Figure { value, low, high, level: 0.95, method: "stated".into(), error_bound: 0.0 };
    Some(Value::Estimate { n, events, figure })
}
