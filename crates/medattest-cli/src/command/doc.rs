//! `doc`: papers filled from facts.

mod check;
mod list;
mod new;
mod pack;
mod render;

use std::fs;
use std::path::Path;

use medattest_core::{
    About, Assessment, Diagnostic, MAX_TOML_BYTES, SourceFile, SystemAssessment, Template, World as _,
    load_templates, own_folders,
};
use medattest_docs::{IncidentLine, Letterhead, Manifest, Material, letterhead};

use super::{Opened, Stop, assessed_for, read_below, suggestion};
use crate::arguments::{DocCommand, PapersOf, ProjectOn};
use crate::embedded;

pub(crate) fn run(command: &DocCommand) -> Result<u8, Stop> {
    match command {
        DocCommand::List { system, owed, of, format } => list::run(system, *owed, of, *format),
        DocCommand::Render { template, system, write, form, complete, of } => {
            render::run(template, system.as_deref(), write, *form, *complete, of)
        }
        DocCommand::Pack { out, kind, all, of } => pack::run(out, kind, *all, of),
        DocCommand::New { template, folder, project } => new::run(template, folder, project),
        DocCommand::Check { file, of, format } => check::check(file, of, *format),
        DocCommand::Diff { old, new, format } => check::diff(old, new, *format),
    }
}

/// Everything that papers of a project draw on.
struct Papers {
    opened: Opened,
    run: Assessment,
    templates: Vec<Template>,
    letterhead: Letterhead,
    incidents: Vec<IncidentLine>,
}

impl Papers {
    /// Runs the project over the systems named, or all.
    fn of(of: &PapersOf, systems: &[String]) -> Result<Self, Stop> {
        let on = ProjectOn {
            project: of.project.clone(),
            system: systems.to_vec(),
            as_of: of.as_of,
            data: of.data.clone(),
        };
        let (opened, run) = assessed_for(&on, true)?;
        let (templates, letterhead) = templates(&of.project, &opened.library)?;
        let incidents = super::incident::recorded(&opened, run.as_of)?;
        Ok(Self { opened, run, templates, letterhead, incidents })
    }

    fn material(&self) -> Material<'_> {
        Material {
            library: &self.opened.library,
            run: &self.run,
            organisation: &self.opened.project.organisation,
            templates: &self.templates,
            incidents: &self.incidents,
            letterhead: &self.letterhead,
        }
    }

    fn template(&self, id: &str) -> Result<&Template, Stop> {
        find(&self.templates, id)
    }

    /// The system that a paper is about, where it is about one.
    fn subject(&self, template: &Template, system: Option<&str>) -> Result<Option<&SystemAssessment>, Stop> {
        match (template.about, self.run.systems.as_slice(), system) {
            (About::Organisation, _, None) => Ok(None),
            (About::Organisation, _, Some(_)) => {
                let message = format!("`{}` is about the organisation, not about one system", template.id);
                Err(Stop::usage("--system", message, "leave --system out"))
            }
            (About::System, [only], _) => Ok(Some(only)),
            (About::System, all, _) => {
                let known: Vec<&str> = all.iter().map(|system| system.id.as_str()).collect();
                let hint = format!("name one with --system: {}", known.join(", "));
                Err(Stop::usage("doc", format!("`{}` is about one system", template.id), hint))
            }
        }
    }
}

fn find<'a>(templates: &'a [Template], id: &str) -> Result<&'a Template, Stop> {
    templates.iter().find(|template| template.id == id).ok_or_else(|| {
        let known: Vec<&str> = templates.iter().map(|template| template.id.as_str()).collect();
        Stop::usage("doc", format!("there is no template `{id}`"), suggestion(id, &known, "`medattest doc list`: "))
    })
}

/// The templates of a project, its own before the built-in ones, and its letterhead.
fn templates(root: &Path, library: &medattest_core::Library) -> Result<(Vec<Template>, Letterhead), Stop> {
    let mut files = embedded::templates();
    let mut head = Letterhead::default();
    if root.join("medattest.toml").is_file() {
        let world = crate::world::Folders::new(root, root, false);
        let mut unread = Vec::new();
        for folder in own_folders(&world).templates {
            read_below(&world, root, &folder, &mut files, &mut unread);
            let name = format!("{folder}/letterhead.toml");
            if root.join(&name).is_file() {
                let text = text_of(&world, &name)?;
                let logo = |file: &str| text_of(&world, &format!("{folder}/{file}")).map_err(|stop| stop.0);
                head = letterhead(&SourceFile::new(&name, &text), logo).map_err(Stop)?;
            }
        }
        if !unread.is_empty() {
            return Err(Stop(unread));
        }
    }
    let (templates, diagnostics) = load_templates(&files, library);
    if diagnostics.is_empty() { Ok((templates, head)) } else { Err(Stop(diagnostics)) }
}

fn text_of(world: &crate::world::Folders, name: &str) -> Result<String, Stop> {
    let bytes = world.read(name, MAX_TOML_BYTES).map_err(|error| error.diagnostic())?;
    String::from_utf8(bytes).map_err(|_| Stop::usage(name, "the file is not UTF-8 text", "save it as UTF-8"))
}

/// What the facts on a rendered paper were.
fn manifest(file: &Path) -> Result<Manifest, Stop> {
    /// Largest paper that is read.
    const LARGEST: u64 = 64 << 20;
    let shown = file.display().to_string();
    let unreadable = |reason: &str| Stop::usage(&shown, reason, "name a paper that `medattest doc render` wrote");
    let size = fs::metadata(file).map_err(|_| unreadable("the file cannot be read"))?.len();
    if size > LARGEST {
        return Err(unreadable("the file is too large for a paper"));
    }
    let bytes = fs::read(file).map_err(|_| unreadable("the file cannot be read"))?;
    let found =
        if bytes.starts_with(b"%PDF") { medattest_pdf::manifest(&bytes) } else { medattest_docs::manifest(&bytes) };
    found.as_deref().and_then(medattest_docs::manifest_of_text).ok_or_else(|| {
        Diagnostic::about_file(
            "not-a-paper",
            &shown,
            "the file does not carry the facts it was made of",
            "name a .pdf, .docx, .html or .md that `medattest doc render` wrote and no other program has stripped",
        )
        .into()
    })
}
