//! Reading `medattest.toml` and every file it names.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::facts::{Reading, Statements, read_facts};
use super::system::load_system;
use super::{Project, Waiver};
use crate::Library;
use crate::MAX_TOML_BYTES;
use crate::catalog::Per;
use crate::diagnostic::{Diagnostic, Place, SourceFile, closest};
use crate::fact::{FactSet, Subject};
use crate::finding::Severity;
use crate::gate::{GatePolicy, UnknownPolicy};
use crate::reader::{self, Table};
use crate::world::{World, sha256_hex};

/// The name of the project file.
const PROJECT_FILE: &str = "medattest.toml";

/// Stands for every pack that need not be named to judge.
const EVERY_PACK: &str = "all";

type Diagnostics = Vec<Diagnostic>;

/// What a project says about where things lie, needed before anything else is loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnFolders {
    /// Folders with the project's own packs.
    pub packs: Vec<String>,
    /// Folders with the project's own catalogue files.
    pub catalog: Vec<String>,
    /// Folders with the project's own templates of papers and its letterhead.
    pub templates: Vec<String>,
    /// Folder that holds the tables.
    pub data: Option<String>,
}

/// Reads the folders out of `medattest.toml`; mistakes in it are left to [`load_project`].
pub fn own_folders(world: &dyn World) -> OwnFolders {
    let mut ignored = Vec::new();
    let Some(text) = text_of(world, PROJECT_FILE, &mut ignored) else { return OwnFolders::default() };
    let file = SourceFile::new(PROJECT_FILE, &text);
    let Some(mut root) = reader::parse(&file, &mut ignored) else { return OwnFolders::default() };
    let safe = |folders: Vec<String>| folders.into_iter().filter_map(|f| safe_path("", &f).ok()).collect();
    OwnFolders {
        packs: safe(root.strings("packs-from", &mut ignored)),
        catalog: safe(root.strings("catalog-from", &mut ignored)),
        templates: safe(root.strings("templates-from", &mut ignored)),
        data: root.string("data", &mut ignored),
    }
}

/// Loads a project: the value, as far as it could be read, and every mistake in it.
pub fn load_project(world: &dyn World, library: &Library) -> (Option<Project>, Diagnostics) {
    let mut diagnostics = Vec::new();
    let Some(text) = text_of(world, PROJECT_FILE, &mut diagnostics) else { return (None, diagnostics) };
    let file = SourceFile::new(PROJECT_FILE, &text);
    let Some(mut root) = reader::parse(&file, &mut diagnostics) else { return (None, diagnostics) };
    let place = root.place();
    for key in ["packs-from", "catalog-from", "templates-from"] {
        for folder in root.strings(key, &mut diagnostics) {
            if let Err(message) = safe_path("", &folder) {
                let hint = Some("name a folder below the project".to_owned());
                diagnostics.push(Diagnostic { place: place.clone(), code: "unsafe-path", message, hint });
            }
        }
    }
    root.string("data", &mut diagnostics);
    let packs = chosen_packs(&mut root, library, &place, &mut diagnostics);
    let gate = gate_policy(&mut root, &mut diagnostics);
    let mut waivers = Vec::new();
    for mut table in root.tables("waiver", &mut diagnostics) {
        waivers.extend(waiver(&mut table, library, &mut diagnostics));
    }
    let mut patterns = root.strings("systems", &mut diagnostics);
    if patterns.is_empty() {
        patterns.push("systems/*.toml".to_owned());
    }
    let mut statements = Statements::take(&mut root, &mut diagnostics);
    for statement in statements.documents() {
        let Some(document) = &statement.document else { continue };
        match world.document_sha256(document) {
            Ok(digest) => statement.document_sha256 = Some(digest),
            Err(error) => diagnostics.push(error.diagnostic()),
        }
    }
    let reading =
        Reading { catalog: &library.catalog, per: &[Per::Organisation], measured: false, subject: Subject::system() };
    let mut organisation = FactSet::default();
    for fact in read_facts(root, &reading, &statements, &mut diagnostics) {
        organisation.insert(fact);
    }
    let mut files = vec![file.clone()];
    let mut systems = Vec::new();
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    for path in system_files(world, &patterns, &place, &mut diagnostics) {
        let loaded = load_system(world, &library.catalog, &organisation, &path, &mut files, &mut diagnostics);
        let Some(system) = loaded else { continue };
        if let Some(first) = ids.insert(system.id.clone(), path.clone()) {
            diagnostics.push(Diagnostic::about_file(
                "duplicate-system",
                &path,
                format!("system id `{}` is already used by {first}", system.id),
                "give one of them another id",
            ));
            continue;
        }
        systems.push(system);
    }
    systems.sort_by(|a, b| a.id.cmp(&b.id));
    for waiver in &waivers {
        if !ids.contains_key(&waiver.system) {
            diagnostics.push(Diagnostic {
                place: waiver.place.clone(),
                code: "unknown-system",
                message: format!("waiver names system `{}`, which does not exist", waiver.system),
                hint: Some(format!("systems: {}", ids.keys().cloned().collect::<Vec<_>>().join(", "))),
            });
        }
    }
    let mut files: Vec<(String, String)> =
        files.iter().map(|f| (f.name.to_string(), sha256_hex(f.text.as_bytes()))).collect();
    files.sort();
    let listing = files.iter().fold(String::new(), |mut all, (name, digest)| {
        let _ = writeln!(all, "{digest}  {name}");
        all
    });
    diagnostics.sort();
    diagnostics.dedup();
    let digest = sha256_hex(listing.as_bytes());
    (Some(Project { digest, files, organisation, packs, gate, waivers, systems }), diagnostics)
}

/// The text of a file of the project, or a diagnostic.
pub(crate) fn text_of(world: &dyn World, path: &str, diagnostics: &mut Diagnostics) -> Option<String> {
    let bytes = match world.read(path, MAX_TOML_BYTES) {
        Ok(bytes) => bytes,
        Err(error) => {
            diagnostics.push(error.diagnostic());
            return None;
        }
    };
    match String::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(_) => {
            let hint = "save the file as UTF-8";
            diagnostics.push(Diagnostic::about_file("not-utf-8", path, "the file is not UTF-8 text", hint));
            None
        }
    }
}

/// Joins a folder and a path that must stay below it.
pub(crate) fn safe_path(folder: &str, path: &str) -> Result<String, String> {
    let outside = path.starts_with('/') || path.contains(['\\', ':', '\0']) || path.is_empty();
    if outside || path.split('/').any(|part| part == "..") {
        return Err(format!("path `{path}` is absolute or leaves its folder"));
    }
    let parts = folder.split('/').chain(path.split('/')).filter(|part| !part.is_empty() && *part != ".");
    Ok(parts.collect::<Vec<_>>().join("/"))
}

fn system_files(world: &dyn World, patterns: &[String], place: &Place, diagnostics: &mut Diagnostics) -> Vec<String> {
    let mut paths = Vec::new();
    for pattern in patterns {
        let path = match safe_path("", pattern) {
            Ok(path) => path,
            Err(message) => {
                let hint = Some("name files below the project, such as systems/*.toml".to_owned());
                diagnostics.push(Diagnostic { place: place.clone(), code: "unsafe-path", message, hint });
                continue;
            }
        };
        let Some(folder) = path.strip_suffix("*.toml") else {
            paths.push(path);
            continue;
        };
        let folder = folder.trim_end_matches('/');
        // A folder that is not there yet holds no system; that is said below.
        if let Ok(names) = world.list(folder) {
            let mine = names.iter().filter(|name| name.ends_with(".toml") && !name.starts_with('_'));
            paths.extend(mine.map(|name| if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") }));
        }
    }
    if paths.is_empty() && diagnostics.is_empty() {
        diagnostics.push(Diagnostic {
            place: place.clone(),
            code: "no-systems",
            message: format!("no system file matches {}", patterns.join(", ")),
            hint: Some("describe one with `medattest init`, or name them in `systems = [\"…\"]`".into()),
        });
    }
    paths.sort();
    paths.dedup();
    paths
}

fn chosen_packs(
    root: &mut Table<'_>,
    library: &Library,
    place: &Place,
    diagnostics: &mut Diagnostics,
) -> Vec<String> {
    let chosen = root.strings("packs", diagnostics);
    let all = || library.packs.iter().filter(|pack| !pack.opt_in).map(|pack| pack.id.clone());
    if chosen.is_empty() {
        return all().collect();
    }
    for id in chosen.iter().filter(|id| *id != EVERY_PACK) {
        if library.packs.get(id).is_none() {
            let known: Vec<String> = library.packs.iter().map(|pack| pack.id.clone()).collect();
            let near = closest(id, known.iter().map(String::as_str));
            diagnostics.push(Diagnostic {
                place: place.clone(),
                code: "unknown-pack",
                message: format!("there is no pack `{id}`"),
                hint: Some(near.map_or_else(
                    || format!("packs: {}", known.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                )),
            });
        }
    }
    let mut packs: Vec<String> = Vec::new();
    for id in chosen {
        if id == EVERY_PACK { packs.extend(all()) } else { packs.push(id) }
    }
    packs.dedup();
    packs
}

fn gate_policy(root: &mut Table<'_>, diagnostics: &mut Diagnostics) -> GatePolicy {
    let mut policy = GatePolicy::default();
    let Some(mut table) = root.table("gate", diagnostics) else { return policy };
    if let Some(severity) = table.choice("fail-on", &Severity::NAMES, diagnostics).and_then(|s| Severity::parse(&s)) {
        policy.fail_on = severity;
    }
    policy.unknown = match table.choice("unknown", &["inconclusive", "fail", "ignore"], diagnostics).as_deref() {
        Some("fail") => UnknownPolicy::Fail,
        Some("ignore") => UnknownPolicy::Ignore,
        _ => UnknownPolicy::Inconclusive,
    };
    policy.advisory_fails = table.boolean("advisory-fails", diagnostics).unwrap_or(false);
    policy.require_approval = table.boolean("require-approval", diagnostics).unwrap_or(false);
    if let Some(cell) = table.integer("smallest-cell", diagnostics) {
        match u64::try_from(cell) {
            Ok(cell) if cell >= 1 => policy.smallest_cell = cell,
            _ => diagnostics.push(Diagnostic {
                place: table.place(),
                code: "smallest-cell",
                message: format!("`smallest-cell` is {cell}; it is at least 1"),
                hint: Some("11 is the cell-size policy of CMS and the default".into()),
            }),
        }
    }
    table.finish(diagnostics);
    policy
}

fn waiver(table: &mut Table<'_>, library: &Library, diagnostics: &mut Diagnostics) -> Option<Waiver> {
    let place = table.place();
    let rule = table.required_string("rule", diagnostics);
    let system = table.required_string("system", diagnostics);
    let subject = table.string("subject", diagnostics);
    let reason = table.required_string("reason", diagnostics);
    let approver = table.required_string("approver", diagnostics);
    let expires = table.required_date("expires", diagnostics);
    table.finish(diagnostics);
    let rule = rule?;
    let known: Vec<&str> = library.packs.iter().flat_map(|pack| pack.rules.iter().map(|r| r.id.as_str())).collect();
    if !known.contains(&rule.as_str()) {
        let near = closest(&rule, known).map(|near| format!("did you mean `{near}`?"));
        diagnostics.push(Diagnostic {
            place: place.clone(),
            code: "unknown-rule",
            message: format!("waiver names rule `{rule}`, which does not exist"),
            hint: Some(near.unwrap_or_else(|| "`medattest pack list` shows every rule".to_owned())),
        });
    }
    Some(Waiver { place, rule, system: system?, subject, reason: reason?, approver: approver?, expires: expires? })
}
