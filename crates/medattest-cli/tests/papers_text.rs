//! What papers say: their text as it was, their numbers against the run, their structure to readers that know nothing of
//! medattest.
#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use medattest_metrics::Metric;
use serde_json::Value;
use support::{json_of, medattest};

const DAY: &str = "2026-11-26";

/// Every paper of a sample in these forms: by template, for the system if it is about one.
struct Pack {
    _keep: tempfile::TempDir,
    project: PathBuf,
    system: &'static str,
}

impl Pack {
    fn of(sample: &str, system: &'static str, kinds: &[&str]) -> Self {
        let keep = tempfile::tempdir().expect("a folder");
        let made = medattest(keep.path(), &["demo", "here", "--sample", sample, "--as-of", DAY]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let project = keep.path().join("here");
        let mut arguments = vec!["doc", "pack", "--all", "--out", "pack", "--as-of", DAY];
        for kind in kinds {
            arguments.extend(["--kind", kind]);
        }
        let packed = medattest(&project, &arguments);
        assert!(packed.status.success(), "{}", String::from_utf8_lossy(&packed.stderr));
        Self { _keep: keep, project, system }
    }

    /// Name of the template and path of its paper.
    fn files(&self, kind: &str) -> BTreeMap<String, PathBuf> {
        let folders = [self.project.join("pack"), self.project.join("pack").join(self.system)];
        let files = folders.iter().flat_map(|folder| fs::read_dir(folder).expect("the pack").flatten());
        let papers = files.map(|entry| entry.path()).filter(|path| {
            path.extension().is_some_and(|end| end == kind)
                && path.file_stem().is_some_and(|name| templates().join(name).is_dir())
        });
        papers.map(|path| (path.file_stem().expect("a name").to_string_lossy().into_owned(), path)).collect()
    }

    /// The text of every paper, without the facts it carries.
    fn texts(&self) -> BTreeMap<String, String> {
        let text = |path: &Path| {
            let text = fs::read_to_string(path).expect("the paper");
            text.split_once("<!-- medattest-paper").map_or(text.clone(), |(text, _)| text.to_owned())
        };
        self.files("md").into_iter().map(|(name, path)| (name, text(&path))).collect()
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn templates() -> PathBuf {
    root().join("templates")
}

/// Digests say nothing to a reader and change with everything.
fn without_digests(line: &str) -> String {
    let is_digest = |word: &str| word.len() >= 12 && word.chars().all(|letter| letter.is_ascii_hexdigit());
    let words = line.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric());
    words
        .map(|word| {
            let bare = word.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric());
            if is_digest(bare) { word.replacen(bare, "#", 1) } else { word.to_owned() }
        })
        .collect()
}

/// The text of a paper in few words: long lines are cut, of tables the first rows stay, digests go. Open fields, sources
/// and completeness at the end follow from the rest.
fn in_few_words(text: &str) -> String {
    const ROWS: usize = 3;
    const LETTERS: usize = 80;
    let (text, _) = text.split_once("## <a id=\"open-fields\">").unwrap_or((text, ""));
    let (text, _) = text.split_once("## <a id=\"completeness\">").unwrap_or((text, ""));
    let mut out = String::new();
    let mut rows = 0_usize;
    let left = |rows: usize| (rows > ROWS + 2).then(|| format!("… {} more\n", rows - ROWS - 2));
    for line in text.lines() {
        if line.starts_with('|') {
            rows += 1;
            if rows == 2 || rows > ROWS + 2 {
                continue;
            }
        } else {
            out.extend(left(rows));
            rows = 0;
        }
        let words = without_digests(line);
        if !words.trim().is_empty() {
            out.extend(words.chars().take(LETTERS));
            out.push('\n');
        }
    }
    out.extend(left(rows));
    out
}

/// The text of every paper is as it was when someone last read it. `MEDATTEST_BLESS=1` writes what it is now; read the
/// difference before it is committed.
#[test]
fn papers_read_as_they_did() {
    let frozen = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/papers");
    let bless = std::env::var_os("MEDATTEST_BLESS").is_some();
    let pack = Pack::of("contact", "contact", &["md"]);
    let texts = pack.texts();
    let all: BTreeSet<String> = fs::read_dir(templates())
        .expect("templates")
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(texts.keys().cloned().collect::<BTreeSet<_>>(), all, "a template without a paper");
    if bless {
        let _ = fs::remove_dir_all(&frozen);
        fs::create_dir_all(&frozen).expect("a folder");
    }
    let mut wrong = Vec::new();
    for (template, text) in &texts {
        let is = in_few_words(text);
        assert!(is.lines().count() > 10, "{template} says nothing");
        let path = frozen.join(format!("{template}.txt"));
        if bless {
            fs::write(&path, &is).expect("written");
            continue;
        }
        let was = fs::read_to_string(&path).unwrap_or_default();
        if was != is {
            let line = was.lines().zip(is.lines()).position(|(was, is)| was != is);
            let line = line.unwrap_or_else(|| was.lines().count().min(is.lines().count()));
            let of = |text: &str| text.lines().nth(line).unwrap_or("(end)").to_owned();
            wrong.push(format!("{template}, line {}:\n  was {}\n  is  {}", line + 1, of(&was), of(&is)));
        }
    }
    let known: BTreeSet<String> = fs::read_dir(&frozen)
        .expect("frozen texts")
        .flatten()
        .map(|entry| entry.path().file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    assert_eq!(known, all, "a frozen text without a template");
    assert!(wrong.is_empty(), "{}\nMEDATTEST_BLESS=1 writes them anew", wrong.join("\n"));
}

fn numbers(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_ascii_digit() && c != '.' && c != ',')
        .map(|number| number.trim_matches(['.', ',']).replace(',', ""))
        .filter(|number| number.len() > 1)
        .collect()
}

/// What a line of a paper says of the world: without the numbers of headings, items and sources, which are the paper's
/// own, and without digests, which are checked by reading them again.
fn said(line: &str) -> String {
    let line = line.trim_start_matches(['#', ' ']);
    let line = line.split_once("</a>").map_or(line, |(_, rest)| rest);
    let unmarked: String = line.split("<sup>").enumerate().fold(String::new(), |mut all, (index, part)| {
        all.push_str(if index == 0 { part } else { part.split_once("</sup>").map_or("", |(_, rest)| rest) });
        all
    });
    let own = unmarked
        .split_once(' ')
        .filter(|(first, _)| !first.is_empty() && first.chars().all(|c| c.is_ascii_digit() || c == '.'));
    let plain = own.map_or(unmarked.as_str(), |(_, rest)| rest);
    without_digests(plain)
}

/// Every number in the text of every paper is one of the run, of the law or of the template, or counts what the run has.
#[test]
fn every_number_on_paper_is_one_of_the_facts() {
    let pack = Pack::of("contact", "contact", &["md", "json"]);
    let run = json_of(&pack.project, &["audit", "--as-of", DAY], &[0, 1, 2, 3]);
    let mut known = run.to_string();
    for folder in ["catalog", "templates", "packs"] {
        let mut folders = vec![root().join(folder)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("the folder").flatten() {
                if entry.path().is_dir() {
                    folders.push(entry.path());
                } else if let Ok(text) = fs::read_to_string(entry.path()) {
                    known.push_str(&text);
                }
            }
        }
    }
    let known = numbers(&known);
    // Counts of findings by outcome, of all and of those that are shown.
    let findings = run["systems"][0]["findings"].as_array().expect("findings");
    let most = findings.len();
    let manifests = pack.files("json");
    let mut checked = 0;
    for (template, text) in pack.texts() {
        let manifest = fs::read_to_string(&manifests[&template]).expect("the facts");
        let open = serde_json::from_str::<Value>(&manifest).expect("JSON")["open"].as_array().map_or(0, Vec::len);
        let mut cited = numbers(&manifest);
        cited.insert(open.to_string());
        let (body, _) = text.split_once("## <a id=\"open-fields\">").unwrap_or((&text, ""));
        for line in body.lines().filter(|line| !line.starts_with("- [")) {
            // What is pointed to is there, before the pointer.
            if let Some(place) = line.strip_prefix("Shown in full under ") {
                let (before, _) = body.split_once(line).expect("the line");
                let heading = format!("### {}", place.trim_end_matches('.'));
                assert!(before.lines().any(|line| line.starts_with(&heading)), "{template}: no {place}");
                continue;
            }
            for number in numbers(&said(line)) {
                checked += 1;
                let counts = ["findings", "further", "Not met (", "Cannot be judged yet ("];
                let counts =
                    counts.iter().any(|word| line.contains(word)) && number.parse::<usize>().is_ok_and(|n| n <= most);
                assert!(
                    counts || known.contains(&number) || cited.contains(&number),
                    "{template}: {number} in “{line}” is in no fact"
                );
            }
        }
    }
    assert!(checked > 3000, "{checked}");
}

/// Cells of a row of a table in Markdown.
fn cells(line: &str) -> Vec<&str> {
    line.trim_matches('|').split(" | ").map(str::trim).collect()
}

/// Value and ends of the interval of a cell such as `0.492<br>\[0.440, 0.542\]`.
fn estimate(cell: &str) -> Option<(f64, f64, f64, usize)> {
    let (value, interval) = cell.split_once("<br>\\[")?;
    let (low, high) = interval.trim_end_matches("\\]").split_once(", ")?;
    let places = value.split_once('.').map_or(0, |(_, places)| places.len());
    Some((value.parse().ok()?, low.parse().ok()?, high.parse().ok()?, places))
}

/// Every estimate by group in every table of every paper is the one of the audit, rounded as shown.
#[test]
fn figures_on_paper_are_those_of_the_audit() {
    let pack = Pack::of("demo", "sepsis-score", &["md"]);
    let run = json_of(&pack.project, &["audit", "--as-of", DAY], &[0, 1, 2, 3]);
    let systems = run["systems"].as_array().expect("systems");
    let system = systems.iter().find(|system| system["id"] == pack.system).expect("the system");
    // By attribute, group and title of the metric.
    let mut audited: BTreeMap<(String, String, &str), Vec<[f64; 3]>> = BTreeMap::new();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    for attribute in
        system["evidence"].as_array().expect("evidence").iter().flat_map(|e| e["attributes"].as_array()).flatten()
    {
        let groups = attribute["groups"].as_array().expect("groups");
        for group in groups.iter().chain([&attribute["overall"]]) {
            for figure in group["figures"].as_array().expect("figures") {
                let metric =
                    Metric::ALL.into_iter().find(|metric| metric.id() == figure["metric"]).expect("a metric");
                let number = |key: &str| figure[key].as_f64();
                if let (Some(value), Some(low), Some(high)) = (number("value"), number("low"), number("high")) {
                    let key = (text(&attribute["attribute"]), text(&group["group"]), metric.title());
                    audited.entry(key).or_default().push([value, low, high]);
                }
            }
        }
    }
    assert!(audited.len() > 100, "{}", audited.len());
    let (mut checked, mut papers) = (0, BTreeSet::new());
    for (template, text) in pack.texts() {
        let mut head: Vec<&str> = Vec::new();
        for line in text.lines() {
            if !line.starts_with('|') {
                head.clear();
                continue;
            }
            let row = cells(line);
            if head.is_empty() {
                head = row;
                continue;
            }
            // Tables of groups as they are; others show them as they would be under another threshold.
            let (Some(attribute), Some(&"n"), Some(group)) = (head.first(), head.get(1), row.first()) else {
                continue;
            };
            for (title, cell) in head.iter().zip(&row).skip(1) {
                let Some((value, low, high, places)) = estimate(cell) else { continue };
                let named = (*attribute).to_owned();
                let known = Metric::ALL.into_iter().find(|metric| metric.title() == *title);
                let Some(figures) = known.and_then(|m| audited.get(&(named, (*group).to_owned(), m.title()))) else {
                    continue;
                };
                let half = 0.5_f64 * 10_f64.powi(-i32::try_from(places).expect("few places")) + 1e-9;
                let same = |figure: &[f64; 3]| {
                    figure.iter().zip([value, low, high]).all(|(is, shown)| (is - shown).abs() <= half)
                };
                assert!(
                    figures.iter().any(same),
                    "{template}: {title} of {attribute} {group} is {cell}, audited {figures:?}"
                );
                checked += 1;
                papers.insert(template.clone());
            }
        }
    }
    assert!(checked > 1000 && papers.len() > 8, "{checked} in {papers:?}");
}

/// Whether another program is at hand.
fn has(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

/// The JSON of every paper is of its schema, and programs that know nothing of medattest take PDF and DOCX for well made,
/// where they are at hand.
#[test]
fn other_programs_read_papers() {
    let pack = Pack::of("contact", "contact", &["json"]);
    let schema = medattest(&pack.project, &["schema", "paper"]);
    let schema: Value = serde_json::from_slice(&schema.stdout).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let manifests = pack.files("json");
    assert!(manifests.len() >= 40, "{}", manifests.len());
    for (template, path) in manifests {
        let manifest: Value = serde_json::from_slice(&fs::read(path).expect("the facts")).expect("JSON");
        let errors: Vec<String> = validator.iter_errors(&manifest).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{template}: {errors:?}");
    }
    let wrong = serde_json::json!({ "format": "medattest-paper-v1", "as-of": DAY });
    assert!(!validator.is_valid(&wrong));
    for template in ["patient-information", "chai-model-card", "board-report"] {
        let (pdf, docx) = (format!("{template}.pdf"), format!("{template}.docx"));
        let of: &[&str] = if template == "board-report" { &[] } else { &["--system", pack.system] };
        let arguments = ["doc", "render", template, "--as-of", DAY, "--write", &pdf, "--write", &docx];
        assert!(medattest(&pack.project, &[&arguments, of].concat()).status.success(), "{template}");
        let bytes = fs::read(pack.project.join(&pdf)).expect("the PDF");
        assert!(bytes.starts_with(b"%PDF-1.7"), "{template}");
        if has("qpdf") {
            let checked = Command::new("qpdf").arg("--check").arg(pack.project.join(&pdf)).output().expect("runs");
            let said =
                String::from_utf8_lossy(&checked.stdout).into_owned() + &String::from_utf8_lossy(&checked.stderr);
            assert!(
                checked.status.success() && said.contains("No syntax or stream encoding errors"),
                "{template}: {said}"
            );
        }
        if has("pdfinfo") {
            let told = Command::new("pdfinfo").arg("-custom").arg(pack.project.join(&pdf)).output().expect("runs");
            let told = String::from_utf8_lossy(&told.stdout).into_owned();
            assert!(told.contains("Title:"), "{template}: {told}");
            let card = told.contains("chaiMcSoftwareId:") && told.contains("<AppliedModelCard");
            assert_eq!(card, template == "chai-model-card", "{template}: {told}");
        }
        if has("soffice") {
            let home = format!("-env:UserInstallation=file://{}", pack.project.join("office").display());
            let converted = Command::new("soffice")
                .args([&home, "--headless", "--convert-to", "pdf:writer_pdf_Export", "--outdir", "converted", &docx])
                .current_dir(&pack.project)
                .output()
                .expect("runs");
            assert!(converted.status.success(), "{template}: {}", String::from_utf8_lossy(&converted.stderr));
            let bytes = fs::read(pack.project.join("converted").join(&pdf)).expect("what LibreOffice made");
            assert!(bytes.starts_with(b"%PDF"), "{template}");
        }
    }
}
