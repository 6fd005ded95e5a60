//! How long papers take once the evidence is there: filling, HTML, DOCX, PDF, over a sample project.
#![allow(clippy::expect_used, missing_docs, reason = "a benchmark")]

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};

use criterion::{Criterion, criterion_group, criterion_main};
use jiff::civil::date;
use medattest_core::monitor::MonitorReport;
use medattest_core::{
    ColumnProfile, CountQuery, CountTable, DataError, Dataset, Library, RunOptions, SourceFile, Watch, World,
    WorldError, assess, load_project, load_templates, sha256_hex,
};
use medattest_deid::Survey;
use medattest_docs::{Letterhead, Material, docx, html, paper};

/// A project folder without tables.
struct Folder(PathBuf);

impl World for Folder {
    fn read(&self, path: &str, _: usize) -> Result<Vec<u8>, WorldError> {
        fs::read(self.0.join(path)).map_err(|_| gone(path))
    }

    fn document_sha256(&self, path: &str) -> Result<String, WorldError> {
        self.read(path, 0).map(|bytes| sha256_hex(&bytes))
    }

    fn table_sha256(&self, path: &str) -> Result<String, WorldError> {
        Err(gone(path))
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, WorldError> {
        let entries = fs::read_dir(self.0.join(folder)).map_err(|_| gone(folder))?;
        let mut names: Vec<String> =
            entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        Ok(names)
    }

    fn count(&self, table: &str, _: &CountQuery) -> Result<CountTable, DataError> {
        Err(none(table))
    }

    fn columns(&self, table: &str, _: Option<&str>) -> Result<(u64, Vec<ColumnProfile>), DataError> {
        Err(none(table))
    }

    fn survey(&self, dataset: &Dataset, _: jiff::civil::Date) -> Result<Survey, DataError> {
        Err(none(&dataset.path))
    }

    fn monitored(&self, _: &Watch, _: jiff::civil::Date) -> Result<Option<MonitorReport>, DataError> {
        Ok(None)
    }

    fn recall(&self, _: &str) -> Option<Vec<u8>> {
        None
    }

    fn remember(&self, _: &str, _: &[u8]) {}
}

fn gone(path: &str) -> WorldError {
    WorldError { path: path.to_owned(), reason: "there is no such file".into(), hint: "check the path".into() }
}

fn none(table: &str) -> DataError {
    DataError { code: "no-data", table: table.to_owned(), message: "no data here".into(), hint: String::new() }
}

fn below(root: &Path, folder: &str) -> Vec<SourceFile> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder)).expect("the folder").flatten() {
            let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                folders.push(name);
            } else if let Ok(text) = fs::read_to_string(entry.path()) {
                files.push(SourceFile::new(name.strip_prefix("packs/").unwrap_or(&name), &text));
            }
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

fn papers(criterion: &mut Criterion) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (catalog, packs) = (below(&root, "catalog"), below(&root, "packs"));
    criterion.bench_function("library", |b| b.iter(|| Library::load(black_box(&catalog), black_box(&packs))));
    let (library, _) = Library::load(&catalog, &packs);
    let sources = below(&root, "templates");
    criterion.bench_function("templates", |b| b.iter(|| load_templates(black_box(&sources), &library)));
    let (templates, mistakes) = load_templates(&sources, &library);
    assert!(mistakes.is_empty(), "{mistakes:?}");
    let world = Folder(root.join("examples/contact"));
    let (project, _) = load_project(&world, &library);
    let project = project.expect("the sample");
    let options = RunOptions { as_of: date(2026, 11, 26), systems: Vec::new(), draws: 200, profiles: true };
    criterion.bench_function("assess", |b| b.iter(|| assess(&world, &library, &project, &options, &|_| {})));
    let run = assess(&world, &library, &project, &options, &|_| {}).expect("a run");
    let letterhead = Letterhead::default();
    let on = Material {
        library: &library,
        run: &run,
        organisation: &project.organisation,
        templates: &templates,
        incidents: &[],
        letterhead: &letterhead,
    };
    let system = run.systems.first();
    for id in ["fda-de-novo", "eu-technical-file", "model-card"] {
        let template = templates.iter().find(|template| template.id == id).expect("the template");
        let mut group = criterion.benchmark_group(id);
        group.sample_size(10);
        group.bench_function("fill", |b| b.iter(|| paper(template, on, system)));
        let filled = paper(template, on, system);
        group.bench_function("html", |b| b.iter(|| html(&filled.document)));
        group.bench_function("docx", |b| {
            b.iter(|| docx(&filled.document, &medattest_pdf::picture).expect("a document"))
        });
        group.bench_function("pdf", |b| b.iter(|| medattest_pdf::pdf(&filled.document).expect("a document")));
        group.finish();
    }
}

criterion_group!(benches, papers);
criterion_main!(benches);
