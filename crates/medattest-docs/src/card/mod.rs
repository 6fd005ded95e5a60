//! The model card in forms that other programs read. One source: the same facts that answer the paper answer them all.

mod chai;
mod cyclonedx;
mod hugging_face;
mod toolkit;

use medattest_core::output::paper::{AttributeTable, GroupRow, Shown, on_paper};
use medattest_core::{State, Subject, SystemAssessment, Value};

use crate::paper::Material;

/// Forms of a model card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Card {
    /// Front matter and Markdown as the Hugging Face hub reads it.
    HuggingFace,
    /// Model Card Toolkit JSON, schema 0.0.2.
    ModelCardToolkit,
    /// CHAI Applied Model Card, version 0.2, XML.
    Chai,
    /// CycloneDX bill of materials of this version with a model card, JSON.
    CycloneDx(&'static str),
}

/// The card of a system, with the names of fields that the form wants and nothing answers.
pub fn card(form: Card, on: Material<'_>, system: &SystemAssessment) -> (String, Vec<String>) {
    let mut known = Known { on, system, missing: Vec::new() };
    let text = match form {
        Card::HuggingFace => hugging_face::card(&mut known),
        Card::ModelCardToolkit => toolkit::card(&mut known),
        Card::Chai => chai::card(&mut known),
        Card::CycloneDx(version) => cyclonedx::card(&mut known, version),
    };
    (text, known.missing)
}

/// What is known of a system, and what was looked for in vain.
struct Known<'a> {
    on: Material<'a>,
    system: &'a SystemAssessment,
    missing: Vec<String>,
}

/// A figure as it may be shown.
struct Figure {
    metric: &'static str,
    title: &'static str,
    slice: Option<String>,
    table: String,
    /// Value and ends of its interval, as shown.
    texts: [String; 3],
    level: f64,
}

impl<'a> Known<'a> {
    fn value(&self, key: &str) -> Option<&'a Value> {
        match self.system.facts.get(key, &Subject::system())?.on_paper() {
            State::Known(value) => Some(value),
            State::Absent(_) => None,
        }
    }

    /// A fact as people read it.
    fn text(&self, key: &str) -> Option<String> {
        let kind = &self.on.library.catalog.get(key)?.kind;
        self.value(key).map(|value| kind.shown(value))
    }

    /// The same; missing is noted under the name that the form gives it.
    fn wanted(&mut self, name: &str, keys: &[&str]) -> Option<String> {
        let parts: Vec<String> = keys.iter().filter_map(|key| self.text(key)).collect();
        if parts.is_empty() {
            self.missing.push(name.to_owned());
            return None;
        }
        Some(parts.join("\n\n"))
    }

    fn texts(&self, key: &str) -> Vec<String> {
        match self.value(key) {
            Some(Value::List(texts)) => texts.iter().map(ToString::to_string).collect(),
            Some(value) => vec![value.to_string()],
            None => Vec::new(),
        }
    }

    fn records(&self, key: &str) -> Vec<Record<'a>> {
        match self.value(key) {
            Some(Value::List(records)) => records
                .iter()
                .filter_map(|record| match record {
                    Value::Record(fields) => Some(Record(fields)),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    fn markdown_list(texts: &[String]) -> String {
        texts.iter().map(|text| format!("- {text}")).collect::<Vec<_>>().join("\n")
    }

    /// Headline figures of everyone and of every group, of the data held out to judge the model, or else of what there
    /// is.
    fn figures(&self) -> Vec<Figure> {
        let smallest = self.on.run.policy.smallest_cell;
        let held_out: Vec<_> = self.system.evidence.iter().filter(|e| e.use_ == "evaluation").collect();
        let evidence = if held_out.is_empty() { self.system.evidence.iter().collect() } else { held_out };
        let mut figures = Vec::new();
        for table in evidence {
            let shown: Vec<AttributeTable> = table.attributes.iter().map(|a| on_paper(a, smallest)).collect();
            for (index, attribute) in shown.iter().filter(|attribute| !attribute.of_class).enumerate() {
                let mut add = |row: &GroupRow, slice: Option<String>| {
                    for (metric, estimate) in row.figures.iter().filter(|(metric, _)| metric.is_headline()) {
                        let (Shown::Figure { .. }, Some(texts)) = (estimate, estimate.texts()) else { continue };
                        figures.push(Figure {
                            metric: metric.id(),
                            title: metric.title(),
                            slice: slice.clone(),
                            table: table.table.clone(),
                            texts,
                            level: table.level,
                        });
                    }
                };
                // Everyone is the same under every attribute.
                if index == 0 {
                    add(&attribute.overall, None);
                }
                for group in &attribute.groups {
                    add(group, Some(format!("{} = {}", attribute.attribute, group.label)));
                }
            }
        }
        figures
    }
}

/// A record of a fact.
struct Record<'a>(&'a std::collections::BTreeMap<String, Value>);

impl Record<'_> {
    fn text(&self, field: &str) -> Option<String> {
        self.0.get(field).map(ToString::to_string)
    }
}
