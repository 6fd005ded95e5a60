//! A model card as the Hugging Face hub reads it: YAML front matter, whose values are written as JSON, which YAML holds,
//! then the paper in Markdown.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Known;
use crate::markdown::markdown;
use crate::paper::paper;

/// The template that makes the body.
const BODY: &str = "model-card";

pub(super) fn card(known: &mut Known<'_>) -> String {
    let mut front: Vec<(&str, Value)> = Vec::new();
    match known.text("model.licence") {
        Some(licence) => front.extend([("license", json!("other")), ("license_name", json!(licence))]),
        None => known.missing.push("license".to_owned()),
    }
    let mut tags = known.texts("transparency.keywords");
    tags.extend(["medical", "model-card"].map(str::to_owned));
    front.push(("tags", json!(tags)));
    let libraries = known.texts("model.libraries");
    if let Some(first) = libraries.first().and_then(|library| library.split_whitespace().next()) {
        front.push(("library_name", json!(first.to_lowercase())));
    }
    let datasets: Vec<String> = known.records("data.sets").iter().filter_map(|set| set.text("name")).collect();
    let figures = known.figures();
    if figures.is_empty() {
        known.missing.push("model-index".to_owned());
    } else {
        let task = task(known);
        let mut results: Vec<Value> = Vec::new();
        let mut tables: Vec<(String, Option<String>)> =
            figures.iter().map(|figure| (figure.table.clone(), figure.slice.clone())).collect();
        tables.dedup();
        for (table, slice) in tables {
            let name = slice.as_ref().map_or_else(|| table.clone(), |slice| format!("{table}, {slice}"));
            let metrics: Vec<Value> = figures
                .iter()
                .filter(|figure| figure.table == table && figure.slice == slice)
                .map(|figure| {
                    let [value, low, high] = &figure.texts;
                    json!({
                        "type": figure.metric,
                        "value": value.parse::<f64>().map_or_else(|_| json!(value), |x| json!(x)),
                        "name": format!("{} [{low}, {high}]", figure.title),
                    })
                })
                .collect();
            results.push(json!({
                "task": { "type": task }, "dataset": { "type": table, "name": name }, "metrics": metrics,
            }));
        }
        front.push(("model-index", json!([{ "name": known.system.name, "results": results }])));
    }
    let mut text = String::from("---\n");
    for (key, value) in front {
        let _ = writeln!(text, "{key}: {value}");
    }
    text.push_str("---\n\n");
    if !datasets.is_empty() {
        let _ = writeln!(text, "Datasets: {}\n", datasets.join(", "));
    }
    match known.on.templates.iter().find(|template| template.id == BODY) {
        Some(template) => text.push_str(&markdown(&paper(template, known.on, Some(known.system)).document)),
        None => known.missing.push("template model-card".to_owned()),
    }
    text
}

/// The task in the hub's words.
fn task(known: &Known<'_>) -> &'static str {
    let kinds = known.texts("input.kinds");
    let technique = known.texts("model.technique");
    if technique.iter().any(|technique| technique == "language-model") {
        "text-generation"
    } else if kinds.iter().any(|kind| kind.contains("imag")) {
        "image-classification"
    } else {
        "tabular-classification"
    }
}
