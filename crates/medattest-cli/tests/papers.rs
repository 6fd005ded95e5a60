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

/// What the organisation states is a source of the organisation, and one alone, in answers, in reports that stand within
/// a paper, and over all systems.
#[test]
fn what_the_organisation_states_is_one_source() {
    let (_keep, project) = sample("demo");
    for (paper, least) in [(&["eu-technical-file", "--system", "sepsis-score"][..], 3), (&["ai-inventory"][..], 1)] {
        render(&project, &[paper, &["--write", "paper.json"]].concat(), &[0]);
        let manifest: Value =
            serde_json::from_slice(&fs::read(project.join("paper.json")).expect("the paper")).expect("JSON");
        fs::remove_file(project.join("paper.json")).expect("removed");
        let (mut names, mut organisation) = (BTreeSet::new(), 0);
        for source in manifest["sources"].as_array().expect("sources") {
            let of = |key: &str| source[key].as_str().expect("text").to_owned();
            if of("kind") == "fact" && of("key").starts_with("org.") {
                assert_eq!(of("system"), "", "{source}");
                organisation += 1;
                assert!(names.insert((of("key"), of("subject"))), "{source}");
            }
        }
        assert!(organisation >= least, "{paper:?}: {organisation}");
    }
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

/// What people write for an impact assessment is a fact like any other: it answers, it is cited, and its name is checked.
#[test]
fn answers_that_are_written_stand_in_the_assessment() {
    let (_keep, project) = sample("demo");
    let path = project.join("systems/sepsis-score.toml");
    let before = fs::read_to_string(&path).expect("the system");
    let count = || {
        let listed = papers(&project);
        let mine = |paper: &&Value| paper["template"] == "impact-assessment" && paper["system"] == "sepsis-score";
        let paper = listed.iter().find(mine).expect("the paper").clone();
        (paper["answered"].as_u64().expect("a count"), paper["open"].as_u64().expect("a count"))
    };
    let (answered, open) = count();
    let answer =
        "[[impact.answers]]\nitem = \"impact/aia/trust\"\ntext = \"They would ask for the paper screen back\"\n";
    fs::write(&path, format!("{before}\n{answer}")).expect("written");
    assert_eq!(count(), (answered, open - 1), "one question less is open; its facts still are");
    render(&project, &["impact-assessment", "--system", "sepsis-score", "--write", "aia.md"], &[0]);
    let page = fs::read_to_string(project.join("aia.md")).expect("the paper");
    let line = page.lines().find(|line| line.contains("ask for the paper screen back")).expect("the answer");
    let (_, mark) = line.split_once("ask for the paper screen back<sup>&#91;").expect("a source");
    let number = mark.split(']').next().expect("a number").trim_start_matches('[').to_owned();
    let source = page.lines().find(|line| line.contains(&format!("<a id=\"source-{number}\">"))).expect("the source");
    assert!(source.contains("impact.answers"), "{source}");
    fs::write(&path, format!("{before}\n{}", answer.replace("aia/trust", "aia/truth"))).expect("written");
    let refused = medattest(&project, &["doc", "list"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("impact/aia/truth") && said.contains("sepsis-score.toml"), "{said}");
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
