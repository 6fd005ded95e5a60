//! The audit pack: every paper of a run, the reports behind them, and an index with digests.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use medattest_core::{Owed, SystemAssessment, Template, sha256_hex};
use medattest_docs::{bias_report, dossier, fits, html, monitor_report, owed, paper};

use super::{Papers, render};
use crate::arguments::{PaperKind, PapersOf};
use crate::command::{Stop, pretty, print};
use crate::progress::Progress;
use crate::write::{make_folder, write_whole};

/// One file of the pack.
struct Entry {
    file: String,
    title: String,
    system: Option<String>,
    sha256: String,
    bytes: usize,
    open: Option<usize>,
}

pub(super) fn run(out: &Path, kinds: &[PaperKind], all: bool, of: &PapersOf) -> Result<u8, Stop> {
    let shown = out.display().to_string();
    if out.exists() && fs::read_dir(out).map_or(true, |mut entries| entries.next().is_some()) {
        return Err(Stop::usage(&shown, "the folder exists and is not empty", "name another folder with --out"));
    }
    let papers = Papers::of(of, &[])?;
    let kinds = if kinds.is_empty() { &[PaperKind::Html] } else { kinds };
    make_folder(out)?;
    let mut jobs: Vec<(&Template, Option<&SystemAssessment>)> = Vec::new();
    let subjects = std::iter::once(None).chain(papers.run.systems.iter().map(Some));
    for system in subjects {
        for template in papers.templates.iter().filter(|template| fits(template, system)) {
            let owed = system.map_or(Owed::Yes, |system| owed(template, &papers.run, system));
            if all || matches!(owed, Owed::Yes | Owed::Unknown(_)) {
                jobs.push((template, system));
            }
        }
    }
    for system in &papers.run.systems {
        make_folder(&out.join(&system.id))?;
    }
    let progress = Progress::start();
    progress.say("writing papers");
    let on = papers.material();
    let written = at_once(&jobs, |(template, system)| {
        let paper = paper(template, on, *system);
        let below = system.map(|system| format!("{}/", system.id)).unwrap_or_default();
        let mut entries = Vec::new();
        for kind in kinds {
            let file = format!("{below}{}.{}", template.id, kind.ending());
            let path = out.join(&file);
            let bytes = render::rendered(&paper, *kind, &path)?;
            let mut entry = write(&path, file, &template.title, system.map(|s| s.id.as_str()), &bytes)?;
            entry.open = Some(paper.manifest.open.len());
            entries.push(entry);
        }
        Ok(entries)
    });
    drop(progress);
    let mut entries: Vec<Entry> = Vec::new();
    for result in written {
        entries.extend(result?);
    }
    let mut add = |file: String, title: &str, system: Option<&str>, bytes: &[u8]| -> Result<(), Stop> {
        entries.push(write(&out.join(&file), file, title, system, bytes)?);
        Ok(())
    };
    add("dossier.html".to_owned(), "Compliance dossier", None, html(&dossier(&papers.run)).as_bytes())?;
    let run_json = pretty(&medattest_core::output::json::assessment(&papers.run))?;
    add("run.json".to_owned(), "The run, JSON v1", None, run_json.as_bytes())?;
    let smallest = papers.run.policy.smallest_cell;
    for system in &papers.run.systems {
        for evidence in &system.evidence {
            let file = format!("{}/bias-{}.html", system.id, evidence.table);
            let report = html(&bias_report(evidence, smallest));
            add(file, &format!("Bias audit of {}", evidence.table), Some(&system.id), report.as_bytes())?;
        }
        for report in system.watched.iter().filter_map(|watched| watched.report.as_ref()) {
            let file = format!("{}/monitoring-{}.html", system.id, report.plan.id);
            let page = html(&monitor_report(report));
            add(file, &format!("Monitoring: {}", report.plan.title), Some(&system.id), page.as_bytes())?;
        }
    }
    entries.sort_by(|a, b| a.file.cmp(&b.file));
    let index = serde_json::json!({
        "format": "medattest-audit-pack-v1",
        "medattest": papers.run.version, "as-of": papers.run.as_of, "project-sha256": papers.run.project_sha256,
        "files": entries.iter().map(|entry| serde_json::json!({
            "file": entry.file, "title": entry.title, "system": entry.system, "sha256": entry.sha256,
            "bytes": entry.bytes, "open-fields": entry.open,
        })).collect::<Vec<_>>(),
    });
    write_whole(&out.join("index.json"), pretty(&index)?.as_bytes())?;
    let sums: String = entries.iter().map(|entry| format!("{}  {}\n", entry.sha256, entry.file)).collect();
    write_whole(&out.join("SHA256SUMS"), sums.as_bytes())?;
    print(&format!(
        "{} files written to {shown}; index.json lists them, `sha256sum -c SHA256SUMS` checks them\n",
        entries.len() + 2
    ))?;
    Ok(0)
}

/// Does each job, as many at once as there are cores, and stops after a failure. The threads are not those of the pool
/// that lays out pages: one of those would begin another paper while it waits for its pages, and hold the memory of both.
fn at_once<J: Sync, T: Send>(jobs: &[J], work: impl Fn(&J) -> Result<T, Stop> + Sync) -> Vec<Result<T, Stop>> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let result = work(job);
            if result.is_err() {
                next.store(jobs.len(), Ordering::Relaxed);
            }
            done.push(result);
        }
        done
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(jobs.len().max(1));
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(worker)).collect();
        let joined = workers.into_iter().map(std::thread::ScopedJoinHandle::join);
        joined.flat_map(|done| done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

fn write(path: &Path, file: String, title: &str, system: Option<&str>, bytes: &[u8]) -> Result<Entry, Stop> {
    write_whole(path, bytes)?;
    Ok(Entry {
        file,
        title: title.to_owned(),
        system: system.map(str::to_owned),
        sha256: sha256_hex(bytes),
        bytes: bytes.len(),
        open: None,
    })
}
