//! `demo`: a sample project, audited.

use std::fs;

use medattest_core::{RunOptions, assess};

use super::{Stop, library, open, print};
use crate::arguments::{DemoOptions, Format, Sample};
use crate::command::audit::{rendered, summary};
use crate::command::schema::write_schemas;
use crate::monitor::Monitor;
use crate::progress::Progress;
use crate::world::today;
use crate::write::write_whole;
use crate::{embedded, generate};

pub(crate) fn run(options: &DemoOptions) -> Result<u8, Stop> {
    let folder = &options.folder;
    let shown = folder.display().to_string();
    if folder.exists() && fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_some()) {
        return Err(Stop::usage(
            &shown,
            "the folder exists and is not empty",
            "name another folder: medattest demo FOLDER",
        ));
    }
    let files = embedded::example(options.sample.folder());
    let synthetic = options.sample == Sample::Demo;
    let tables = if synthetic { generate::tables(options.seed) } else { Vec::new() };
    let all = files
        .iter()
        .map(|(path, text)| (*path, *text))
        .chain(tables.iter().map(|(path, text)| (*path, text.as_str())));
    for (path, text) in all {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|_| {
                let hint = "choose a folder you may write to, and check that the disk is not full";
                Stop::usage(&shown, "the folder cannot be created", hint)
            })?;
        }
        write_whole(&path, text.as_bytes())?;
    }
    write_whole(&folder.join(".gitignore"), b".medattest/\n")?;
    let (library, _) = library(folder)?;
    write_schemas(folder, &library)?;
    let opened = open(folder, None, true)?;
    let as_of = options.as_of.unwrap_or_else(today);
    {
        let progress = Progress::start();
        for watch in opened.project.systems.iter().flat_map(|system| &system.monitors) {
            progress.say(&format!("watching {}", watch.plan.id));
            let state = folder.join(".medattest").join("monitor");
            Monitor::new(watch.plan.clone(), folder, &state, as_of)?.look(as_of, &progress)?;
        }
    }
    let run_options = RunOptions { as_of, systems: Vec::new(), draws: 2000, profiles: false };
    let run = {
        let progress = Progress::start();
        assess(&opened.world, &opened.library, &opened.project, &run_options, &|what| progress.say(what))
            .map_err(Stop)?
    };
    let mut written = Vec::new();
    for (name, format) in [
        ("dossier.html", Format::Html),
        ("assessment.json", Format::Json),
        ("results.sarif", Format::Sarif),
        ("junit.xml", Format::Junit),
        ("summary.md", Format::Markdown),
    ] {
        let path = folder.join(name);
        write_whole(&path, rendered(&run, &opened.library, format)?.as_bytes())?;
        written.push(path);
    }
    print(&summary(&run, &written))?;
    if !synthetic {
        print(&format!(
            "\nA real device, described from public facts with their sources; what is not public is open.\nTry\n  \
             medattest doc list --project {shown}\n  \
             medattest doc render fda-de-novo --project {shown} --write de-novo.pdf\n"
        ))?;
        return Ok(0);
    }
    print(&format!(
        "\nThe three systems are synthetic and have faults on purpose, so the gate says {}.\n\
         Open {} in a browser; then try\n  medattest questions {shown}\n  medattest roadmap {shown}\n  \
         medattest monitor {shown}/sepsis-monitoring.toml\n  medattest doc list --project {shown}\n",
        run.decision.decision,
        folder.join("dossier.html").display()
    ))?;
    Ok(0)
}
