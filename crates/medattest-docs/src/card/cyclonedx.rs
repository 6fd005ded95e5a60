//! CycloneDX 1.6 and 1.7 (ECMA-424): the model as a component with its model card, its datasets and components.

use medattest_core::{VERSION, sha256_hex};
use serde_json::{Map, Value, json};

use super::Known;

pub(super) fn card(known: &mut Known<'_>, version: &str) -> String {
    let mut parameters = Map::new();
    if let Some(task) = known.text("purpose.functions") {
        parameters.insert("task".into(), Value::String(task));
    }
    if let Some(family) = known.text("model.technique") {
        parameters.insert("architectureFamily".into(), Value::String(family));
    }
    if let Some(architecture) = known.wanted("modelParameters.modelArchitecture", &["model.architecture"]) {
        parameters.insert("modelArchitecture".into(), Value::String(architecture));
    }
    let mut governance = Map::new();
    if let Some(owner) = known.text("org.name") {
        governance.insert("owners".into(), json!([{ "organization": { "name": owner } }]));
    }
    let datasets: Vec<Value> = known
        .records("data.sets")
        .iter()
        .enumerate()
        .map(|(index, set)| {
            let mut one = Map::new();
            one.insert("type".into(), json!("dataset"));
            one.insert("bom-ref".into(), json!(format!("dataset-{}", index + 1)));
            for (name, field) in [("name", "name"), ("description", "description")] {
                one.extend(set.text(field).map(|text| (name.to_owned(), Value::String(text))));
            }
            if let Some(sensitive) = set.text("sensitive") {
                one.insert("sensitiveData".into(), json!([sensitive]));
            }
            if !governance.is_empty() {
                one.insert("governance".into(), Value::Object(governance.clone()));
            }
            Value::Object(one)
        })
        .collect();
    if datasets.is_empty() {
        known.missing.push("modelParameters.datasets".to_owned());
    } else {
        parameters.insert("datasets".into(), Value::Array(datasets));
    }
    for (name, key) in [("inputs", "model.inputs"), ("outputs", "model.outputs")] {
        if let Some(format) = known.wanted(&format!("modelParameters.{name}"), &[key]) {
            parameters.insert(name.into(), json!([{ "format": format }]));
        }
    }
    let metrics: Vec<Value> = known
        .figures()
        .into_iter()
        .map(|figure| {
            let [value, low, high] = figure.texts;
            let mut one = Map::new();
            one.insert("type".into(), json!(figure.metric));
            one.insert("value".into(), json!(value));
            one.extend(figure.slice.map(|slice| ("slice".to_owned(), Value::String(slice))));
            one.insert("confidenceInterval".into(), json!({ "lowerBound": low, "upperBound": high }));
            Value::Object(one)
        })
        .collect();
    if metrics.is_empty() {
        known.missing.push("quantitativeAnalysis.performanceMetrics".to_owned());
    }
    let mut considerations = Map::new();
    if let Some(users) = known.text("purpose.users") {
        let users: Vec<&str> = users.split("; ").collect();
        considerations.insert("users".into(), json!(users));
    }
    for (name, key) in [
        ("useCases", "purpose.intended"),
        ("technicalLimitations", "model.limitations"),
        ("performanceTradeoffs", "model.tradeoffs"),
    ] {
        let texts = known.texts(key);
        if texts.is_empty() {
            known.missing.push(format!("considerations.{name}"));
        } else {
            considerations.insert(name.into(), json!(texts));
        }
    }
    let of = |record: &super::Record<'_>, fields: &[(&str, &str)]| {
        let mut one = Map::new();
        for (name, field) in fields {
            one.extend(record.text(field).map(|text| ((*name).to_owned(), Value::String(text))));
        }
        Value::Object(one)
    };
    let ethical: Vec<Value> = known
        .records("ethics.considerations")
        .iter()
        .map(|record| of(record, &[("name", "name"), ("mitigationStrategy", "mitigation")]))
        .collect();
    let fairness: Vec<Value> = known
        .records("fairness.groups")
        .iter()
        .map(|record| {
            of(
                record,
                &[
                    ("groupAtRisk", "group"),
                    ("benefits", "benefits"),
                    ("harms", "harms"),
                    ("mitigationStrategy", "mitigation"),
                ],
            )
        })
        .collect();
    for (name, all) in [("ethicalConsiderations", ethical), ("fairnessAssessments", fairness)] {
        if all.is_empty() {
            known.missing.push(format!("considerations.{name}"));
        } else {
            considerations.insert(name.into(), Value::Array(all));
        }
    }
    let reference = format!("model-{}", known.system.id);
    let mut component = json!({
        "type": "machine-learning-model", "bom-ref": reference, "name": known.system.name,
        "modelCard": {
            "bom-ref": format!("model-card-{}", known.system.id),
            "modelParameters": parameters,
            "quantitativeAnalysis": { "performanceMetrics": metrics },
            "considerations": considerations,
            "properties": [
                { "name": "medattest:as-of", "value": known.on.run.as_of.to_string() },
                { "name": "medattest:project-sha256", "value": known.on.run.project_sha256 },
            ],
        },
    });
    if let Some(map) = component.as_object_mut() {
        for (name, key) in [("version", "system.version"), ("description", "system.description")] {
            map.extend(known.text(key).map(|text| (name.to_owned(), Value::String(text))));
        }
        if let Some(maker) = known.text("system.vendor").filter(|vendor| vendor != "none").or(known.text("org.name"))
        {
            map.insert("supplier".into(), json!({ "name": maker }));
        }
        if let Some(licence) = known.text("model.licence") {
            map.insert("licenses".into(), json!([{ "license": { "name": licence } }]));
        }
    }
    let parts: Vec<Value> = known
        .records("device.components")
        .iter()
        .enumerate()
        .map(|(index, part)| {
            let mut one = Map::new();
            one.insert("type".into(), json!("library"));
            one.insert("bom-ref".into(), json!(format!("component-{}", index + 1)));
            one.insert("name".into(), json!(part.text("name").unwrap_or_else(|| format!("component {}", index + 1))));
            for (name, field) in [("version", "version"), ("description", "purpose")] {
                one.extend(part.text(field).map(|text| (name.to_owned(), Value::String(text))));
            }
            if let Some(supplier) = part.text("supplier") {
                one.insert("supplier".into(), json!({ "name": supplier }));
            }
            if let Some(licence) = part.text("licence") {
                one.insert("licenses".into(), json!([{ "license": { "name": licence } }]));
            }
            Value::Object(one)
        })
        .collect();
    let bom = json!({
        "bomFormat": "CycloneDX", "specVersion": version, "version": 1,
        "serialNumber": serial(&format!("{reference} {} {}", known.on.run.project_sha256, known.on.run.as_of)),
        "metadata": {
            "tools": { "components": [{ "type": "application", "name": "medattest", "version": VERSION }] },
            "component": component,
        },
        "components": parts,
    });
    serde_json::to_string_pretty(&bom).unwrap_or_default() + "\n"
}

/// A UUID made of a digest (RFC 9562, version 8): the same bill has the same number.
fn serial(of: &str) -> String {
    let digest = sha256_hex(of.as_bytes());
    let part = |from: usize, to: usize| digest.get(from..to).unwrap_or_default();
    format!("urn:uuid:{}-{}-8{}-a{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}
