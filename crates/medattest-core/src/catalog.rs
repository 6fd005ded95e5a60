//! The list, kept as data, of every fact anyone may state or measure.

use std::collections::BTreeMap;

use medattest_metrics::{Composite, Form, Metric, Pair};

use crate::diagnostic::{Diagnostic, SourceFile};
use crate::expr::Parsed;
use crate::incident::WorkCalendar;
use crate::reader::{self, Table};
use crate::value::Value;

/// What kind of value a fact holds.
#[derive(Debug, Clone, PartialEq)]
pub enum FactType {
    /// Yes or no.
    Bool,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// Free text.
    Text,
    /// A day.
    Date,
    /// A day, or a time with its zone.
    Moment,
    /// One of the listed values: id and meaning, in the order they are offered.
    Choice(Vec<(String, String)>),
    /// Any number of the listed values.
    Choices(Vec<(String, String)>),
    /// Several texts.
    Texts,
    /// A measured figure with its interval.
    Estimate,
    /// Several records of these fields.
    Records(Vec<FactDefinition>),
}

impl FactType {
    /// A value as people read it: the meaning of a choice instead of its id.
    pub fn shown(&self, value: &Value) -> String {
        let meaning = |values: &[(String, String)], id: &Value| match id {
            Value::Text(id) => values
                .iter()
                .find(|(known, _)| known == id)
                .map_or_else(|| id.clone(), |(_, meaning)| meaning.clone()),
            other => other.to_string(),
        };
        match (self, value) {
            (Self::Choice(values), value) => meaning(values, value),
            (Self::Choices(values), Value::List(ids)) if !ids.is_empty() => {
                ids.iter().map(|id| meaning(values, id)).collect::<Vec<_>>().join("; ")
            }
            (Self::Bool, Value::Bool(true)) => "Yes".to_owned(),
            (Self::Bool, Value::Bool(false)) => "No".to_owned(),
            (Self::Texts, Value::List(texts)) if texts.len() > 1 => {
                texts.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
            }
            _ => value.to_string(),
        }
    }
}

/// Who or what a fact is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Per {
    /// The organisation that answers for its systems.
    Organisation,
    /// One AI system.
    System,
    /// An attribute by which people were grouped, such as sex.
    Attribute,
    /// One group of an attribute.
    Group,
    /// Something that happened with a system.
    Incident,
}

impl Per {
    /// Whether what is about `self` may be read by what looks at `reader`.
    pub(crate) fn is_read_by(self, reader: Self) -> bool {
        match (self, reader) {
            (Self::Incident, _) | (_, Self::Incident) => self == reader || self <= Self::System,
            _ => self <= reader,
        }
    }
}

/// Where a fact comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// People state it in a project file.
    Stated,
    /// An engine of this name measures it.
    Measured(String),
    /// A pack of this id concludes it.
    Concluded(String),
}

/// The definition of a fact.
#[derive(Debug, Clone, PartialEq)]
pub struct FactDefinition {
    /// Dotted kebab-case name; permanent.
    pub key: String,
    /// Kind of value.
    pub kind: FactType,
    /// Short name.
    pub title: String,
    /// The question that `questions` and `init` ask, and how to answer it.
    pub question: String,
    /// Longer help, may be empty.
    pub help: String,
    /// Who or what it is about.
    pub per: Per,
    /// Where it comes from.
    pub origin: Origin,
    /// Whether `init` asks for it.
    pub essential: bool,
    /// The fact that speaks for it where it is not stated.
    pub falls_back_to: Option<String>,
}

/// All definitions by key.
#[derive(Debug, Default)]
pub struct Catalog {
    facts: BTreeMap<String, FactDefinition>,
    order: Vec<String>,
    topics: Vec<Topic>,
    calendars: Vec<WorkCalendar>,
    /// Expressions over these facts.
    pub(crate) parsed: Parsed,
}

/// A subject on which several bodies of law ask something; requirements name theirs, which joins them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// Name in kebab-case.
    pub id: String,
    /// Short title.
    pub title: String,
    /// What belongs to it.
    pub covers: String,
}

impl Catalog {
    /// Reads catalogue files.
    pub fn load(files: &[SourceFile]) -> (Self, Vec<Diagnostic>) {
        let mut catalog = Self::default();
        let mut diagnostics = Vec::new();
        for file in files {
            let Some(mut root) = reader::parse(file, &mut diagnostics) else { continue };
            for mut entry in root.tables("fact", &mut diagnostics) {
                let place = entry.place();
                let Some(definition) = read_definition(&mut entry, 2, &mut diagnostics) else { continue };
                for definition in expanded(definition) {
                    let key = definition.key.clone();
                    if let Err(message) = catalog.add(definition) {
                        diagnostics.push(Diagnostic {
                            place: place.clone(),
                            code: "duplicate-fact",
                            message,
                            hint: Some(format!("remove one of the definitions of `{key}`")),
                        });
                    }
                }
            }
            for mut entry in root.tables("topic", &mut diagnostics) {
                let id = entry.required_string("id", &mut diagnostics);
                let title = entry.required_string("title", &mut diagnostics);
                let covers = entry.required_string("covers", &mut diagnostics);
                entry.finish(&mut diagnostics);
                if let (Some(id), Some(title), Some(covers)) = (id, title, covers) {
                    catalog.topics.push(Topic { id, title, covers });
                }
            }
            for mut entry in root.tables("calendar", &mut diagnostics) {
                catalog.calendars.extend(WorkCalendar::read(&mut entry, &mut diagnostics));
            }
            root.finish(&mut diagnostics);
        }
        (catalog, diagnostics)
    }

    /// Adds a definition; an existing key is refused.
    pub(crate) fn add(&mut self, definition: FactDefinition) -> Result<(), String> {
        let key = definition.key.clone();
        if self.facts.contains_key(&key) {
            return Err(format!("fact `{key}` is defined twice"));
        }
        self.order.push(key.clone());
        self.facts.insert(key, definition);
        Ok(())
    }

    /// The definition of `key`.
    pub fn get(&self, key: &str) -> Option<&FactDefinition> {
        self.facts.get(key)
    }

    /// The family of a key: what stands before the dot.
    pub fn families(&self) -> std::collections::BTreeSet<&str> {
        self.order.iter().filter_map(|key| key.split_once('.').map(|(family, _)| family)).collect()
    }

    /// The topics of requirements, in order.
    pub fn topics(&self) -> &[Topic] {
        &self.topics
    }

    /// Calendars of working days.
    pub fn calendars(&self) -> &[WorkCalendar] {
        &self.calendars
    }

    /// All definitions in the order they were read.
    pub fn iter(&self) -> impl Iterator<Item = &FactDefinition> {
        self.order.iter().filter_map(|key| self.facts.get(key))
    }
}

/// The definitions that a key with a name in braces stands for: one of each figure of that kind.
fn expanded(definition: FactDefinition) -> Vec<FactDefinition> {
    let figures = |keep: fn(&Metric) -> bool| -> Vec<(String, String)> {
        Metric::ALL.into_iter().filter(keep).map(|m| (m.id().to_owned(), m.title().to_owned())).collect()
    };
    let named = definition.key.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map(|(name, _)| name);
    let names: Vec<(String, String)> = match named {
        Some("metric") => figures(|_| true),
        Some("ratio") => figures(|m| m.has_ratio()),
        Some("bounded") => figures(|m| m.share(&medattest_metrics::Confusion::<u64>::default()).is_some()),
        Some("spread") => Metric::ALL
            .into_iter()
            .flat_map(|m| Form::ALL.into_iter().filter(move |f| f.fits(m)).map(move |f| (f.of(m), f.title_of(m))))
            .collect(),
        Some("composite") => {
            let of = |c: Composite| (c.definition().id.to_owned(), c.definition().title.to_owned());
            Composite::ALL.into_iter().map(of).collect()
        }
        Some("pair") => {
            let of = |p: Pair| (p.definition().id.to_owned(), p.definition().title.to_owned());
            Pair::ALL.into_iter().map(of).collect()
        }
        _ => return vec![definition],
    };
    let braces = format!("{{{}}}", named.unwrap_or_default());
    names
        .into_iter()
        .map(|(id, title)| FactDefinition {
            key: definition.key.replace(&braces, &id),
            title: definition.title.replace(&braces, &title),
            question: definition.question.replace(&braces, &title),
            ..definition.clone()
        })
        .collect()
}

/// Reads a fact, whose key has two segments, or a field of a record, whose key has one.
fn read_definition(
    entry: &mut Table<'_>,
    segments: usize,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<FactDefinition> {
    let key = entry.required_string("key", diagnostics);
    let kind = entry.required_string("type", diagnostics);
    let title = entry.required_string("title", diagnostics);
    let question = entry.string("question", diagnostics).unwrap_or_default();
    let help = entry.string("help", diagnostics).unwrap_or_default();
    let essential = entry.boolean("essential", diagnostics).unwrap_or(false);
    let measured = entry.string("measured-by", diagnostics);
    let falls_back_to = entry.string("falls-back-to", diagnostics);
    let per = match entry
        .choice("per", &["organisation", "system", "attribute", "group", "incident"], diagnostics)
        .as_deref()
    {
        Some("organisation") => Per::Organisation,
        Some("attribute") => Per::Attribute,
        Some("group") => Per::Group,
        Some("incident") => Per::Incident,
        _ => Per::System,
    };
    let values: Vec<(String, String)> = entry
        .table("values", diagnostics)
        .map(|mut table| {
            let keys = table.keys();
            keys.into_iter().filter_map(|k| table.string(&k, diagnostics).map(|v| (k, v))).collect()
        })
        .unwrap_or_default();
    let fields: Vec<FactDefinition> = entry
        .tables("field", diagnostics)
        .into_iter()
        .filter_map(|mut field| read_definition(&mut field, 1, diagnostics))
        .collect();
    let place = entry.place();
    entry.finish(diagnostics);
    let kind = match (kind?.as_str(), values.is_empty()) {
        ("bool", _) => FactType::Bool,
        ("integer", _) => FactType::Integer,
        ("number", _) => FactType::Number,
        ("text", _) => FactType::Text,
        ("texts", _) => FactType::Texts,
        ("date", _) => FactType::Date,
        ("moment", _) => FactType::Moment,
        ("estimate", _) => FactType::Estimate,
        ("choice", false) => FactType::Choice(values),
        ("choices", false) => FactType::Choices(values),
        ("records", _) => FactType::Records(fields),
        (other, _) => {
            diagnostics.push(Diagnostic {
                place: place.clone(),
                code: "unknown-fact-type",
                message: format!("`{other}` is not a fact type, or its `values` are missing"),
                hint: Some(
                    "use bool, integer, number, text, texts, date, moment, estimate, choice, choices or records"
                        .into(),
                ),
            });
            return None;
        }
    };
    if key.as_ref().is_some_and(|key| key.split('.').count() != segments || key.contains('_')) {
        diagnostics.push(Diagnostic {
            place,
            code: "fact-key-form",
            message: format!("`{}` is not a fact key", key.unwrap_or_default()),
            hint: Some(
                "a key is family.name in kebab-case, such as `purpose.time-critical`; a field is a single name"
                    .into(),
            ),
        });
        return None;
    }
    let origin = measured.map_or(Origin::Stated, Origin::Measured);
    let key = key?;
    let title = title?;
    let question = if question.is_empty() { format!("{title}?") } else { question };
    Some(FactDefinition { key, kind, title, question, help, per, origin, essential, falls_back_to })
}
