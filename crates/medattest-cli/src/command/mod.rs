//! One file per command.

pub(crate) mod audit;
pub(crate) mod bias;
pub(crate) mod classify;
pub(crate) mod deid;
pub(crate) mod demo;
pub(crate) mod doc;
pub(crate) mod drift;
pub(crate) mod explain;
pub(crate) mod impact;
pub(crate) mod incident;
pub(crate) mod init;
pub(crate) mod law;
pub(crate) mod matrix;
pub(crate) mod minimum;
pub(crate) mod monitor;
pub(crate) mod pack;
pub(crate) mod questions;
pub(crate) mod roadmap;
pub(crate) mod schema;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use medattest_core::{
    Assessment, Diagnostic, Library, MAX_TOML_BYTES, Project, RunOptions, SourceFile, System, World as _, assess,
    closest, load_project, own_folders,
};

use crate::arguments::ProjectOn;
use crate::progress::Progress;
use crate::world::{Folders, today};
use crate::{embedded, terminal};

/// Why a command could not do its work: every mistake found.
#[derive(Debug, Clone)]
pub(crate) struct Stop(pub(crate) Vec<Diagnostic>);

impl From<Diagnostic> for Stop {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl Stop {
    pub(crate) fn usage(place: &str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self(vec![Diagnostic::about_file("usage", place, message, hint)])
    }
}

/// A project that was opened.
pub(crate) struct Opened {
    pub(crate) world: Folders,
    pub(crate) library: Library,
    pub(crate) project: Project,
}

/// Loads the library of a project folder: what is built in, and packs and catalogues of its own.
pub(crate) fn library(root: &Path) -> Result<(Library, Vec<SourceFile>), Stop> {
    let world = Folders::new(root, root, false);
    let (mut catalog, mut packs) = (embedded::catalog(), embedded::packs());
    if root.join("medattest.toml").is_file() {
        let own = own_folders(&world);
        let mut unread = Vec::new();
        for folder in &own.catalog {
            read_below(&world, root, folder, &mut catalog, &mut unread);
        }
        for folder in &own.packs {
            read_below(&world, root, folder, &mut packs, &mut unread);
        }
        if !unread.is_empty() {
            return Err(Stop(unread));
        }
    }
    let (library, diagnostics) = Library::load(&catalog, &packs);
    if diagnostics.is_empty() { Ok((library, packs)) } else { Err(Stop(diagnostics)) }
}

/// Opens the project in a folder, or reports every mistake in it.
pub(crate) fn open(root: &Path, data: Option<&PathBuf>, keep_evidence: bool) -> Result<Opened, Stop> {
    if !root.join("medattest.toml").is_file() {
        return Err(Stop::usage(
            &root.join("medattest.toml").display().to_string(),
            "there is no such file",
            "name the folder of a project, start one with `medattest init`, or look at `medattest demo`",
        ));
    }
    let (library, _) = library(root)?;
    let own = own_folders(&Folders::new(root, root, false));
    let data = match (data, own.data) {
        (Some(data), _) => data.clone(),
        (None, Some(data)) => root.join(data),
        (None, None) => root.to_owned(),
    };
    let world = Folders::new(root, &data, keep_evidence);
    let (project, diagnostics) = load_project(&world, &library);
    match project {
        Some(project) if diagnostics.is_empty() => Ok(Opened { world, library, project }),
        _ => Err(Stop(diagnostics)),
    }
}

/// Reads the TOML and Markdown files below a folder of the project, to a bounded depth and size.
fn read_below(world: &Folders, root: &Path, folder: &str, files: &mut Vec<SourceFile>, unread: &mut Vec<Diagnostic>) {
    const DEEPEST: usize = 4;
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(root.join(&folder)) else {
            let hint = "check packs-from and catalog-from in medattest.toml";
            unread.push(Diagnostic::about_file("unreadable", &folder, "the folder cannot be read", hint));
            continue;
        };
        let mut names: Vec<String> =
            entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        for name in names.into_iter().filter(|name| !name.starts_with('.')) {
            let path = format!("{folder}/{name}");
            let full = root.join(&path);
            if full.is_dir() {
                if depth < DEEPEST {
                    folders.push((path, depth + 1));
                } else {
                    let message = format!("folders of packs are read {DEEPEST} deep");
                    unread.push(Diagnostic::about_file("too-deep", &path, message, "move the pack up"));
                }
            } else if name.ends_with(".toml") || name.ends_with(".md") {
                let text = world.read(&path, MAX_TOML_BYTES).map_err(|error| error.diagnostic());
                match text.map(String::from_utf8) {
                    Ok(Ok(text)) => files.push(SourceFile::new(&path, &text)),
                    Ok(Err(_)) => unread.push(Diagnostic::about_file(
                        "not-utf-8",
                        &path,
                        "the file is not UTF-8 text",
                        "save it as UTF-8",
                    )),
                    Err(diagnostic) => unread.push(diagnostic),
                }
            }
        }
    }
}

/// JSON as a file holds it.
pub(crate) fn pretty(value: &impl serde::Serialize) -> Result<String, Stop> {
    serde_json::to_string_pretty(value)
        .map(|text| text + "\n")
        .map_err(|_| Stop::usage("output", "cannot be written as JSON", "report this as a fault"))
}

/// Writes JSON to standard output.
pub(crate) fn print_json(value: &impl serde::Serialize) -> Result<(), Stop> {
    let mut out = std::io::BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
    let written = serde_json::to_writer_pretty(&mut out, value).map_err(std::io::Error::from);
    pipe(written.and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush()))
}

/// A closed pipe is nobody's fault.
fn pipe(written: std::io::Result<()>) -> Result<(), Stop> {
    match written {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Stop::usage("standard output", "could not be written", "check the disk or the pipe"))
        }
        _ => Ok(()),
    }
}

/// Writes text to standard output.
pub(crate) fn print(text: &str) -> Result<(), Stop> {
    let mut out = anstream::stdout().lock();
    pipe(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

pub(crate) fn completions(shell: clap_complete::Shell) -> Result<u8, Stop> {
    use clap::CommandFactory as _;
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut crate::Arguments::command(), "medattest", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(0)
}

/// The ids that were asked for exist.
pub(crate) fn check_systems(project: &Project, wanted: &[String]) -> Result<(), Stop> {
    wanted.iter().try_for_each(|id| system(project, id).map(|_| ()))
}

/// The system of this id.
pub(crate) fn system<'a>(project: &'a Project, id: &str) -> Result<&'a System, Stop> {
    project.systems.iter().find(|system| system.id == id).ok_or_else(|| {
        let known: Vec<&str> = project.systems.iter().map(|system| system.id.as_str()).collect();
        let hint = format!("systems: {}", known.join(", "));
        Stop::usage("--system", format!("there is no system `{id}`"), hint)
    })
}

/// The packs that were asked for exist; `place` is where they were.
pub(crate) fn check_packs(library: &Library, wanted: &[String], place: &str) -> Result<(), Stop> {
    let known: Vec<&str> = library.packs.iter().map(|pack| pack.id.as_str()).collect();
    match wanted.iter().find(|id| !known.contains(&id.as_str())) {
        Some(id) => Err(Stop::usage(place, format!("there is no pack `{id}`"), suggestion(id, &known, "packs: "))),
        None => Ok(()),
    }
}

/// What may have been meant, or all there is.
pub(crate) fn suggestion(name: &str, known: &[&str], all: &str) -> String {
    match closest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("{all}{}", known.join(", ")),
    }
}

/// The whole run over a project, with the project it was over.
pub(crate) fn assessed(on: &ProjectOn) -> Result<(Opened, Assessment), Stop> {
    assessed_for(on, false)
}

/// The same, with what tables are made of where papers are to be written.
pub(crate) fn assessed_for(on: &ProjectOn, papers: bool) -> Result<(Opened, Assessment), Stop> {
    let opened = open(&on.project, on.data.as_ref(), true)?;
    check_systems(&opened.project, &on.system)?;
    let as_of = on.as_of.unwrap_or_else(today);
    let run_options = RunOptions { as_of, systems: on.system.clone(), draws: 2000, profiles: papers };
    let run = {
        let progress = Progress::start();
        assess(&opened.world, &opened.library, &opened.project, &run_options, &|what| progress.say(what))
            .map_err(Stop)?
    };
    Ok((opened, run))
}

/// Forms of a report that is a paper and data.
pub(crate) enum Form {
    Json,
    Html,
}

/// The form that the name of a file asks for.
pub(crate) fn report_kind(path: &Path) -> Result<Form, Stop> {
    match path.extension().map(|end| end.to_string_lossy().to_ascii_lowercase()).as_deref() {
        Some("json") => Ok(Form::Json),
        Some("html") => Ok(Form::Html),
        _ => Err(Stop::usage(
            &path.display().to_string(),
            "the kind of file cannot be told from its name",
            "use .html or .json",
        )),
    }
}

pub(crate) use terminal::Text;
