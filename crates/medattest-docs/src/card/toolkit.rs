//! Model Card Toolkit JSON, schema 0.0.2: every value is text, unknown keys are refused.

use serde_json::{Map, Value, json};

use super::Known;

pub(super) fn card(known: &mut Known<'_>) -> String {
    let mut details = Map::new();
    let put = |map: &mut Map<String, Value>, key: &str, value: Option<String>| {
        if let Some(value) = value {
            map.insert(key.to_owned(), Value::String(value));
        }
    };
    put(&mut details, "name", known.wanted("model_details.name", &["system.name"]));
    put(&mut details, "overview", known.wanted("model_details.overview", &["system.description"]));
    put(&mut details, "documentation", known.text("model.repository"));
    let contact = known.text("org.contact");
    if let Some(owner) = known.wanted("model_details.owners", &["org.name"]) {
        let mut one = Map::new();
        put(&mut one, "name", Some(owner));
        put(&mut one, "contact", contact);
        details.insert("owners".into(), json!([one]));
    }
    let mut version = Map::new();
    put(&mut version, "name", known.wanted("model_details.version", &["system.version"]));
    put(&mut version, "date", known.text("model.updated-on"));
    put(&mut version, "diff", known.text("device.version-scheme"));
    details.insert("version".into(), Value::Object(version));
    if let Some(licence) = known.text("model.licence") {
        details.insert("licenses".into(), json!([{ "custom_text": licence }]));
    }
    // References are addresses; whatever else was named is a citation.
    let is_address = |text: &String| ["https://", "http://", "doi:"].iter().any(|start| text.starts_with(start));
    let (addresses, others): (Vec<String>, Vec<String>) =
        known.texts("model.references").into_iter().partition(|text| is_address(text) && !text.contains(' '));
    for (name, key, texts) in [("references", "reference", addresses), ("citations", "citation", others)] {
        if !texts.is_empty() {
            let all: Vec<Value> = texts.into_iter().map(|text| json!({ key: text })).collect();
            details.insert(name.into(), Value::Array(all));
        }
    }
    let mut parameters = Map::new();
    put(
        &mut parameters,
        "model_architecture",
        known.wanted("model_parameters.model_architecture", &["model.architecture"]),
    );
    put(&mut parameters, "input_format", known.wanted("model_parameters.input_format", &["model.inputs"]));
    put(&mut parameters, "output_format", known.wanted("model_parameters.output_format", &["model.outputs"]));
    let data: Vec<Value> = known
        .records("data.sets")
        .iter()
        .map(|set| {
            let mut one = Map::new();
            put(&mut one, "name", set.text("name"));
            put(&mut one, "description", set.text("description"));
            if let Some(sensitive) = set.text("sensitive") {
                one.insert("sensitive".into(), json!({ "sensitive_data": [sensitive] }));
            }
            Value::Object(one)
        })
        .collect();
    if data.is_empty() {
        known.missing.push("model_parameters.data".to_owned());
    } else {
        parameters.insert("data".into(), Value::Array(data));
    }
    let metrics: Vec<Value> = known
        .figures()
        .into_iter()
        .map(|figure| {
            let [value, low, high] = figure.texts;
            let mut one = json!({
                "type": figure.metric, "value": value,
                "confidence_interval": { "lower_bound": low, "upper_bound": high },
            });
            if let (Some(slice), Some(map)) = (figure.slice, one.as_object_mut()) {
                map.insert("slice".into(), Value::String(slice));
            }
            one
        })
        .collect();
    if metrics.is_empty() {
        known.missing.push("quantitative_analysis.performance_metrics".to_owned());
    }
    let described =
        |texts: Vec<String>| -> Vec<Value> { texts.into_iter().map(|text| json!({ "description": text })).collect() };
    let mut considerations = Map::new();
    for (name, keys) in [
        ("users", ["purpose.users", ""]),
        ("use_cases", ["purpose.intended", ""]),
        ("limitations", ["model.limitations", "use.out-of-scope"]),
        ("tradeoffs", ["model.tradeoffs", ""]),
    ] {
        let texts: Vec<String> = if name == "users" {
            known.text("purpose.users").into_iter().collect()
        } else {
            keys.iter().filter(|key| !key.is_empty()).flat_map(|key| known.texts(key)).collect()
        };
        if texts.is_empty() {
            known.missing.push(format!("considerations.{name}"));
        } else {
            considerations.insert(name.to_owned(), Value::Array(described(texts)));
        }
    }
    let ethical: Vec<Value> = known
        .records("ethics.considerations")
        .iter()
        .map(|record| {
            let mut one = Map::new();
            put(&mut one, "name", record.text("name"));
            put(&mut one, "mitigation_strategy", record.text("mitigation"));
            Value::Object(one)
        })
        .collect();
    if ethical.is_empty() {
        known.missing.push("considerations.ethical_considerations".to_owned());
    } else {
        considerations.insert("ethical_considerations".into(), Value::Array(ethical));
    }
    let card = json!({
        "schema_version": "0.0.2", "model_details": details, "model_parameters": parameters,
        "quantitative_analysis": { "performance_metrics": metrics }, "considerations": considerations,
    });
    serde_json::to_string_pretty(&card).unwrap_or_default() + "\n"
}
