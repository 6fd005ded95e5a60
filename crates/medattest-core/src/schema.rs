//! JSON Schemas of the files people write, made from the catalogue, so that editors complete and check them.

use serde_json::{Map, Value, json};

use crate::Library;
use crate::catalog::{FactDefinition, FactType, Origin, Per};
use crate::finding::Severity;

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The schema of a system file.
pub fn system_schema(library: &Library) -> Value {
    let mut properties = families(library, Per::System);
    properties.insert(
        "id".into(),
        json!({ "type": "string", "pattern": "^[a-z0-9-]{1,64}$", "description": "Permanent id of the system" }),
    );
    properties.insert("include".into(), texts("Files below this folder whose facts and tables are taken over"));
    properties.insert("statement".into(), statement());
    let traits = library.catalog.get("performance.traits").map(|d| type_of(&d.kind)["items"].clone());
    let stands_for = traits.unwrap_or_else(|| json!({ "type": "string" }));
    properties.insert(
        "table".into(),
        json!({ "type": "array", "description": "Tables that hold the system's predictions", "items": {
            "type": "object",
            "additionalProperties": false,
            "required": ["id", "path", "columns"],
            "properties": {
                "id": { "type": "string" },
                "path": { "type": "string", "description": "Path below the data folder, .parquet or .csv" },
                "use": { "enum": ["training", "evaluation", "deployment"] },
                "task": { "enum": ["binary", "multiclass", "regression"], "description": "Kind of prediction; binary when left out" },
                "threshold": { "type": "number", "description": "Lowest score that is flagged" },
                "features": texts("Columns that may stand in for an attribute"),
                "filter": { "type": "string", "description": "SQL condition that rows must fulfil" },
                "columns": { "type": "object", "additionalProperties": false, "required": ["label"], "properties": {
                    "label": { "type": "string", "description": "Column with the outcome: 0 or 1, a class, or a number" },
                    "prediction": { "type": "string", "description": "Column with the model's decision: 0 or 1, a class, or a number" },
                    "score": { "type": "string", "description": "Column with the score" },
                    "score-kind": { "enum": ["probability", "margin"] },
                    "cluster": { "type": "string", "description": "Column that says which rows are of one patient" },
                    "versus": { "type": "string", "description": "Column with a second score, compared with the first" },
                    "weight": { "type": "string", "description": "Column with survey weights" },
                } },
                "groups": { "type": "object", "description": "Columns by which people are grouped, and what each stands for",
                    "additionalProperties": { "anyOf": [
                        stands_for,
                        { "type": "object", "additionalProperties": false, "required": ["trait"], "properties": {
                            "trait": stands_for,
                            "bins": { "type": "array", "items": { "type": "number" } },
                            "reference": { "type": "string", "description": "Group that others are compared with; the largest when left out" },
                            "unknown": texts("Labels that stand for a missing attribute, besides an empty cell"),
                            "population": { "type": "object", "description": "Shares of groups in the population the table should be like",
                                "additionalProperties": { "type": "number", "minimum": 0 } },
                            "population-source": { "type": "string", "description": "Where these shares come from" },
                        } },
                    ] } },
                "intersections": { "type": "array", "items": { "type": "array", "items": { "type": "string" } } },
            },
        } }),
    );
    properties.insert(
        "monitor".into(),
        json!({ "type": "array", "description": "Plans by which the deployed model is watched", "items": {
            "type": "object",
            "additionalProperties": false,
            "required": ["plan"],
            "properties": { "plan": { "type": "string", "description": "File of the plan, below the project" } },
        } }),
    );
    let kinds: Vec<&str> = medattest_deid::Kind::ALL.iter().map(|kind| kind.id()).collect();
    properties.insert(
        "dataset".into(),
        json!({ "type": "array", "description": "Files that are treated as de-identified, to be searched for identifiers", "items": {
            "type": "object",
            "additionalProperties": false,
            "required": ["id", "path"],
            "properties": {
                "id": { "type": "string" },
                "path": { "type": "string", "description": "File or folder below the data folder" },
                "policy": { "enum": ["safe-harbor", "strict", "limited-data-set"], "description": "What must be gone; safe-harbor when left out" },
                "keep": { "type": "array", "items": { "enum": kinds }, "description": "Kinds that may stay all the same" },
            },
        } }),
    );
    json!({
        "$schema": DRAFT,
        "title": "medattest system file",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    })
}

/// The schema of `medattest.toml`.
pub fn project_schema(library: &Library) -> Value {
    let mut properties = families(library, Per::Organisation);
    let packs: Vec<&str> = library.packs.iter().map(|pack| pack.id.as_str()).collect();
    let rules: Vec<&str> =
        library.packs.iter().flat_map(|pack| pack.rules.iter().map(|rule| rule.id.as_str())).collect();
    properties.insert(
        "packs".into(),
        json!({ "type": "array", "description": "Packs that judge; all when left out",
        "items": { "anyOf": [{ "enum": packs }, { "type": "string" }] } }),
    );
    properties.insert("packs-from".into(), texts("Folders with packs of your own"));
    properties.insert("catalog-from".into(), texts("Folders with catalogue files of your own"));
    properties
        .insert("templates-from".into(), texts("Folders with templates of papers and a letterhead of your own"));
    properties.insert("systems".into(), texts("System files, such as systems/*.toml"));
    properties.insert("data".into(), json!({ "type": "string", "description": "Folder that holds the tables" }));
    properties.insert("statement".into(), statement());
    properties.insert("gate".into(), json!({ "type": "object", "additionalProperties": false, "properties": {
        "fail-on": { "enum": Severity::NAMES, "description": "Binding findings of at least this severity fail" },
        "unknown": { "enum": ["inconclusive", "fail", "ignore"], "description": "What unknown findings of that severity do" },
        "advisory-fails": { "type": "boolean", "description": "Whether guidance and drafts can fail the gate too" },
        "require-approval": { "type": "boolean", "description": "Whether a person must approve what passed" },
        "smallest-cell": { "type": "integer", "minimum": 1, "description": "Counts below this are not shown" },
    } }));
    properties.insert(
        "waiver".into(),
        json!({ "type": "array", "items": {
        "type": "object",
        "additionalProperties": false,
        "required": ["rule", "system", "reason", "approver", "expires"],
        "properties": {
            "rule": { "anyOf": [{ "enum": rules }, { "type": "string" }] },
            "system": { "type": "string" },
            "subject": { "type": "string", "description": "Subject as reports show it; every subject when left out" },
            "reason": { "type": "string" },
            "approver": { "type": "string" },
            "expires": date(),
        },
    } }),
    );
    json!({
        "$schema": DRAFT,
        "title": "medattest.toml",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    })
}

fn texts(description: &str) -> Value {
    json!({ "type": "array", "items": { "type": "string" }, "description": description })
}

fn date() -> Value {
    json!({ "type": "string", "format": "date" })
}

fn statement() -> Value {
    let fields = json!({
        "by": { "type": "string", "description": "Person and role who vouches for the facts" },
        "on": date(),
        "until": date(),
        "document": { "type": "string", "description": "Document the facts rest on; its SHA-256 is recorded" },
    });
    let mut about = fields.clone();
    about["facts"] = texts("Keys, or families such as phi.*");
    let mut all = fields;
    all["about"] =
        json!({ "type": "array", "items": { "type": "object", "additionalProperties": false, "properties": about } });
    json!({ "type": "object", "additionalProperties": false, "properties": all })
}

/// Every stated fact as a property of the section named for its family.
fn families(library: &Library, per: Per) -> Map<String, Value> {
    let mut families: Map<String, Value> = Map::new();
    for definition in library.catalog.iter().filter(|d| d.origin == Origin::Stated && d.per == per) {
        let Some((family, name)) = definition.key.split_once('.') else { continue };
        let section = families
            .entry(family.to_owned())
            .or_insert_with(|| json!({ "type": "object", "additionalProperties": false, "properties": {} }));
        section["properties"][name] = described(definition);
    }
    families
}

fn described(definition: &FactDefinition) -> Value {
    let mut schema = type_of(&definition.kind);
    let mut text = definition.question.clone();
    if !definition.help.is_empty() {
        text.push(' ');
        text.push_str(&definition.help);
    }
    schema["description"] = json!(text);
    schema["title"] = json!(definition.title);
    schema
}

fn type_of(kind: &FactType) -> Value {
    let one_of = |values: &[(String, String)]| -> Value {
        let values: Vec<Value> =
            values.iter().map(|(id, meaning)| json!({ "const": id, "description": meaning })).collect();
        json!({ "oneOf": values })
    };
    match kind {
        FactType::Bool => json!({ "type": "boolean" }),
        FactType::Integer => json!({ "type": "integer" }),
        FactType::Number => json!({ "type": "number" }),
        FactType::Text => json!({ "type": "string" }),
        FactType::Date => date(),
        FactType::Moment => json!({ "type": "string", "description": "A day, or a time with its zone" }),
        FactType::Choice(values) => one_of(values),
        FactType::Choices(values) => json!({ "type": "array", "items": one_of(values) }),
        FactType::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        FactType::Estimate => json!({ "type": "object" }),
        FactType::Records(fields) => {
            let properties: Map<String, Value> = fields.iter().map(|f| (f.key.clone(), described(f))).collect();
            json!({ "type": "array", "items": { "type": "object", "additionalProperties": false, "properties": properties } })
        }
    }
}
