//! The published schemas, made from the types and the catalogue.

use std::path::Path;
use std::process::ExitCode;

use medattest_core::output::json::{AssessmentV1, BiasV1, DeidAuditV1, MonitorV1, schema_of};
use medattest_core::{Library, project_schema, system_schema};
use medattest_docs::Manifest;

use crate::packs::library;
use crate::say;

/// Path and content of every published schema.
fn schemas(library: &Library) -> Vec<(&'static str, String)> {
    let text = |value: &serde_json::Value| serde_json::to_string_pretty(value).unwrap_or_default() + "\n";
    vec![
        ("schemas/assessment-v1.schema.json", text(&schema_of::<AssessmentV1>())),
        ("schemas/bias-v1.schema.json", text(&schema_of::<BiasV1>())),
        ("schemas/deid-audit-v1.schema.json", text(&schema_of::<DeidAuditV1>())),
        ("schemas/monitor-v1.schema.json", text(&schema_of::<MonitorV1>())),
        ("schemas/paper-v1.schema.json", text(&schema_of::<Manifest>())),
        ("schemas/project.schema.json", text(&project_schema(library))),
        ("schemas/system.schema.json", text(&system_schema(library))),
    ]
}

pub(crate) fn write(root: &Path) -> ExitCode {
    for (path, text) in schemas(&library(root).0) {
        let written =
            std::fs::create_dir_all(root.join("schemas")).and_then(|()| std::fs::write(root.join(path), text));
        if let Err(error) = written {
            say(&format!("{path}: {error}"));
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Schemas that are not what the types and the catalogue say.
pub(crate) fn stale(root: &Path, library: &Library) -> Vec<String> {
    schemas(library)
        .into_iter()
        .filter(|(path, text)| std::fs::read_to_string(root.join(path)).ok().as_ref() != Some(text))
        .map(|(path, _)| format!("{path}: out of date; run `cargo xtask schema`"))
        .collect()
}
