//! Papers: every template on every sample, in every form, checked again later.
#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::{json_of, medattest};

const DAY: &str = "2026-11-26";

/// A sample project in a fresh folder.
fn sample(name: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let output = medattest(folder.path(), &["demo", "here", "--sample", name, "--as-of", DAY]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let project = folder.path().join("here");
    (folder, project)
}

fn render(project: &Path, arguments: &[&str], codes: &[i32]) -> String {
    let output = medattest(project, &[&["doc", "render", "--as-of", DAY], arguments].concat());
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.code().is_some_and(|code| codes.contains(&code)), "{arguments:?}: {said}");
    said
}

fn papers(project: &Path) -> Vec<Value> {
    let listed = json_of(project, &["doc", "list", "--as-of", DAY], &[0]);
    listed["papers"].as_array().expect("papers").clone()
}

/// How complete every paper of every sample is, as the table in the docs has it.
#[test]
fn the_docs_say_how_complete_papers_are() {
    let mut columns: Vec<(String, Vec<Value>)> = Vec::new();
    for name in ["demo", "idx-dr", "contact"] {
        let (_keep, project) = sample(name);
        let all = papers(&project);
        let systems: BTreeSet<String> =
            all.iter().filter_map(|paper| paper["system"].as_str().map(str::to_owned)).collect();
        for system in systems {
            let mine =
                all.iter().filter(|p| p["system"] == system.as_str() || p["system"].is_null()).cloned().collect();
            columns.push((system, mine));
        }
    }
    let templates: BTreeSet<&str> =
        columns.iter().flat_map(|(_, papers)| papers).filter_map(|paper| paper["template"].as_str()).collect();
    assert!(templates.len() >= 30, "{}", templates.len());
    let names: Vec<&str> = columns.iter().map(|(system, _)| system.as_str()).collect();
    let mut table = format!("| paper | {} |\n| --- |{}\n", names.join(" | "), " ---: |".repeat(names.len()));
    for template in templates {
        let cells: Vec<String> = columns
            .iter()
            .map(|(_, papers)| {
                let paper = papers.iter().find(|paper| paper["template"] == template).expect("every paper");
                let of = |key: &str| paper[key].as_u64().expect("a count");
                format!("{} of {}", of("answered"), of("items"))
            })
            .collect();
        table.push_str(&format!("| `{template}` | {} |\n", cells.join(" | ")));
    }
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/papers.md");
    let text = fs::read_to_string(&docs).expect("docs/papers.md");
    if !text.contains(&table) {
        let shown = std::env::temp_dir().join("medattest-papers-table.md");
        fs::write(&shown, &table).expect("written");
        panic!("docs/papers.md has another table than {}", shown.display());
    }
}

#[test]
fn a_paper_is_checked_again_and_compared() {
    let (_keep, project) = sample("contact");
    let forms = ["old.html", "old.md", "old.docx", "old.pdf", "old.json"];
    let mut arguments = vec!["fda-de-novo"];
    for file in &forms {
        arguments.extend(["--write", file]);
    }
    render(&project, &arguments, &[0]);
    for file in ["old.html", "old.md", "old.docx", "old.pdf"] {
        let checked = json_of(&project, &["doc", "check", file, "--as-of", DAY], &[0]);
        assert_eq!(checked["stale"].as_array().map(Vec::len), Some(0), "{file}");
        assert!(checked["sources"].as_u64().is_some_and(|n| n > 10), "{file}");
    }
    // The same facts give the same bytes.
    for file in &forms {
        let again = format!("again-{file}");
        render(&project, &["fda-de-novo", "--write", &again], &[0]);
        assert!(fs::read(project.join(file)).ok() == fs::read(project.join(&again)).ok(), "{file}");
    }
    let path = project.join("systems/contact.toml");
    let stated = fs::read_to_string(&path).expect("the system");
    let line = stated.lines().find(|line| line.starts_with("description = ")).expect("a description");
    fs::write(&path, stated.replace(line, "description = \"Something else\"")).expect("written");
    for file in ["old.html", "old.md", "old.docx", "old.pdf"] {
        let checked = json_of(&project, &["doc", "check", file, "--as-of", DAY], &[1]);
        let stale = checked["stale"].as_array().expect("stale");
        assert_eq!(stale.len(), 1, "{file}: {stale:?}");
        assert_eq!(stale[0]["was"]["key"], "system.description");
        assert_eq!(stale[0]["is"]["value"], "Something else");
    }
    render(&project, &["fda-de-novo", "--write", "new.html"], &[0]);
    let differs = json_of(&project, &["doc", "diff", "old.pdf", "new.html"], &[1]);
    assert_eq!(differs["changed"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        json_of(&project, &["doc", "diff", "old.pdf", "old.md"], &[0])["changed"].as_array().map(Vec::len),
        Some(0)
    );
    // What is no paper is said to be none.
    fs::write(project.join("not.html"), "<html></html>").expect("written");
    let refused = medattest(&project, &["doc", "check", "not.html"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("not-a-paper"));
}

#[test]
fn own_templates_and_letterhead_stand_before_the_built_in_ones() {
    let (_keep, project) = sample("contact");
    assert!(medattest(&project, &["doc", "new", "patient-information"]).status.success());
    assert!(medattest(&project, &["doc", "new", "letterhead"]).status.success());
    assert_eq!(medattest(&project, &["doc", "new", "letterhead"]).status.code(), Some(2));
    let toml = project.join("medattest.toml");
    let text = fs::read_to_string(&toml).expect("the project");
    fs::write(&toml, format!("templates-from = [\"my-templates\"]\n{text}")).expect("written");
    let own = project.join("my-templates/patient-information/template.toml");
    let template = fs::read_to_string(&own).expect("the template");
    fs::write(&own, template.replace("Information for patients", "What we tell you")).expect("written");
    render(&project, &["patient-information", "--write", "sheet.html"], &[0]);
    let page = fs::read_to_string(project.join("sheet.html")).expect("the paper");
    assert!(page.contains("What we tell you") && page.contains("Name of the organisation"));
    assert!(!page.contains("Information for patients"));
    fs::write(&own, "id = \"patient-information\"\n").expect("written");
    let refused = medattest(&project, &["doc", "list"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("my-templates/patient-information/template.toml"));
}

#[test]
fn a_paper_with_open_fields_is_a_draft_and_says_what_would_fill_them() {
    let (_keep, project) = sample("contact");
    render(&project, &["model-card", "--write", "card.md", "--complete"], &[3]);
    let page = fs::read_to_string(project.join("card.md")).expect("the paper");
    assert!(page.contains("**DRAFT**") && page.contains("Open fields ("));
    render(&project, &["no-such-paper", "--write", "x.html"], &[2]);
    render(&project, &["model-card", "--write", "x.odt"], &[2]);
    render(&project, &["board-report", "--system", "contact", "--write", "x.html"], &[2]);
    assert!(!project.join("x.html").exists());
}

/// Every number in the text of a paper is one of the run, of the law or of the template.
#[test]
fn every_number_on_paper_is_one_of_the_facts() {
    let (_keep, project) = sample("contact");
    let run = medattest(&project, &["audit", "--as-of", DAY, "--format", "json"]);
    let mut known = String::from_utf8_lossy(&run.stdout).into_owned();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for folder in ["catalog", "templates", "packs"] {
        let mut folders = vec![root.join(folder)];
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
    let numbers = |text: &str| -> BTreeSet<String> {
        text.split(|c: char| !c.is_ascii_digit() && c != '.' && c != ',')
            .map(|number| number.trim_matches(['.', ',']).replace(',', ""))
            .filter(|number| number.len() > 1)
            .collect()
    };
    let mut checked = 0;
    for template in ["fda-de-novo", "model-card", "clinician-information"] {
        render(&project, &[template, "--write", "p.md", "--write", "p.json"], &[0]);
        let manifest = fs::read_to_string(project.join("p.json")).expect("the facts");
        let known = numbers(&format!("{known}{manifest}"));
        let page = fs::read_to_string(project.join("p.md")).expect("the paper");
        let (body, _) = page.split_once("<a id=\"open-fields\">").unwrap_or((&page, ""));
        for line in body.lines().filter(|line| !line.starts_with("- [")) {
            // Numbers of headings, items and sources are those of the paper itself.
            let line = line.trim_start_matches(['#', ' ']);
            let line = line.split_once("</a>").map_or(line, |(_, rest)| rest);
            let plain: String = line.split("<sup>").enumerate().fold(String::new(), |mut all, (index, part)| {
                all.push_str(if index == 0 { part } else { part.split_once("</sup>").map_or("", |(_, rest)| rest) });
                all
            });
            let own = plain
                .split_once(' ')
                .filter(|(first, _)| !first.is_empty() && first.chars().all(|c| c.is_ascii_digit() || c == '.'));
            let plain = own.map_or(plain.as_str(), |(_, rest)| rest);
            if plain.contains("items answered")
                || plain.contains("fields are open")
                || plain.contains("findings that concern")
            {
                continue;
            }
            // Digests are checked by reading them again, not here.
            let is_digest = |part: &&str| part.len() >= 12 && part.chars().all(|c| c.is_ascii_hexdigit());
            let plain: String = plain.split('`').filter(|part| !is_digest(part)).collect::<Vec<_>>().join(" ");
            for number in numbers(&plain) {
                checked += 1;
                assert!(known.contains(&number), "{template}: {number} in “{line}” is in no fact");
            }
        }
    }
    assert!(checked > 150, "{checked}");
}

/// Cards in the forms of other programs, against their schemas where these are at hand.
#[test]
fn cards_are_what_other_programs_read() {
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/schemas");
    for name in ["demo", "contact"] {
        let (_keep, project) = sample(name);
        let system = if name == "demo" { "sepsis-score" } else { "contact" };
        for (form, file, schema) in [
            ("mct", "mct.json", "mct_v0.0.2.schema.json"),
            ("cyclonedx-1.6", "cyclonedx-1.6.json", "bom-1.6.schema.json"),
            ("cyclonedx-1.7", "cyclonedx-1.7.json", "bom-1.7.schema.json"),
        ] {
            render(&project, &["model-card", "--system", system, "--as", form, "--write", file], &[0]);
            let card: Value = serde_json::from_slice(&fs::read(project.join(file)).expect("the card")).expect("JSON");
            if form == "mct" {
                assert_eq!(card["schema_version"], "0.0.2");
                let Ok(text) = fs::read_to_string(schemas.join(schema)) else { continue };
                let schema: Value = serde_json::from_str(&text).expect("a schema");
                let errors: Vec<String> = jsonschema::validator_for(&schema)
                    .expect("a schema")
                    .iter_errors(&card)
                    .map(|error| error.to_string())
                    .collect();
                assert!(errors.is_empty(), "{name}: {errors:?}");
            } else {
                assert_eq!(card["bomFormat"], "CycloneDX");
                let component = &card["metadata"]["component"];
                assert_eq!(component["type"], "machine-learning-model");
                assert!(component["modelCard"]["modelParameters"]["modelArchitecture"].is_string(), "{name}");
            }
        }
        render(&project, &["model-card", "--system", system, "--as", "chai", "--write", "chai.xml"], &[0]);
        let xml = fs::read_to_string(project.join("chai.xml")).expect("the card");
        let order =
            ["<BasicInfo>", "<ReleaseInfo>", "<ModelSummary>", "<UsesAndDirections>", "<Warnings>", "<KeyMetrics>"];
        let places: Vec<usize> = order.iter().map(|element| xml.find(element).expect(element)).collect();
        assert!(places.is_sorted(), "{places:?}");
        render(&project, &["model-card", "--system", system, "--as", "hugging-face", "--write", "hf.md"], &[0]);
        let card = fs::read_to_string(project.join("hf.md")).expect("the card");
        assert!(card.starts_with("---\n") && card.matches("\n---\n").count() == 1, "{name}");
    }
}

#[test]
fn an_audit_pack_holds_what_its_index_says() {
    let (_keep, project) = sample("contact");
    let output =
        medattest(&project, &["doc", "pack", "--out", "pack", "--kind", "html", "--kind", "docx", "--as-of", DAY]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let index: Value =
        serde_json::from_slice(&fs::read(project.join("pack/index.json")).expect("the index")).expect("JSON");
    let files = index["files"].as_array().expect("files");
    assert!(files.len() > 6, "{}", files.len());
    for file in files {
        let bytes = fs::read(project.join("pack").join(file["file"].as_str().expect("a name"))).expect("the file");
        assert_eq!(file["bytes"].as_u64(), Some(bytes.len() as u64));
    }
    let again = medattest(&project, &["doc", "pack", "--out", "pack", "--as-of", DAY]);
    assert_eq!(again.status.code(), Some(2));
}
