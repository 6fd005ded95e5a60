//! `schema`: what editors and parsers need to know.

use std::path::Path;

use medattest_core::output::json::{AssessmentV1, BiasV1, DeidAuditV1, MonitorV1, schema_of};
use medattest_core::{Library, project_schema, system_schema};
use medattest_docs::Manifest;

use super::{Stop, library, print, print_json};
use crate::arguments::{SchemaOf, SchemaOptions};
use crate::write::write_whole;

pub(crate) fn run(options: &SchemaOptions) -> Result<u8, Stop> {
    let (library, _) = library(&options.project)?;
    if options.write {
        for path in write_schemas(&options.project, &library)? {
            print(&format!("{path}\n"))?;
        }
    }
    match options.of {
        Some(SchemaOf::Project) => print_json(&project_schema(&library))?,
        Some(SchemaOf::System) => print_json(&system_schema(&library))?,
        Some(SchemaOf::Assessment) => print_json(&schema_of::<AssessmentV1>())?,
        Some(SchemaOf::Bias) => print_json(&schema_of::<BiasV1>())?,
        Some(SchemaOf::DeidAudit) => print_json(&schema_of::<DeidAuditV1>())?,
        Some(SchemaOf::Monitor) => print_json(&schema_of::<MonitorV1>())?,
        Some(SchemaOf::Paper) => print_json(&schema_of::<Manifest>())?,
        None => {}
    }
    Ok(0)
}

/// Writes the schemas of a project's files to where its files say they are.
pub(crate) fn write_schemas(root: &Path, library: &Library) -> Result<Vec<String>, Stop> {
    let folder = root.join(".medattest").join("schema");
    std::fs::create_dir_all(&folder).map_err(|_| {
        let shown = folder.display().to_string();
        Stop::usage(&shown, "the folder cannot be created", "check the permissions of the project folder")
    })?;
    let mut written = Vec::new();
    for (name, schema) in [("project.json", project_schema(library)), ("system.json", system_schema(library))] {
        let path = folder.join(name);
        let text = serde_json::to_string_pretty(&schema).unwrap_or_default();
        write_whole(&path, text.as_bytes())?;
        written.push(path.display().to_string());
    }
    Ok(written)
}
