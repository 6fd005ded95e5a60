//! The matrix of regimes, impact assessments, and packs of one's own.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::path::Path;

use serde_json::Value;
use support::{json_of, medattest};

fn json(folder: &Path, arguments: &[&str]) -> Value {
    // An audit may fail and an assessment be open; bad input may not be the reason.
    json_of(folder, arguments, &[0, 1, 3])
}

#[test]
fn what_is_shared_is_shared_both_ways() {
    let folder = tempfile::tempdir().expect("a folder");
    let matrix = json(folder.path(), &["matrix", "--as-of", "2026-11-24"]);
    let requirements = matrix["requirements"].as_array().expect("a list");
    let texts = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
    };
    assert!(requirements.len() > 1500);
    for requirement in requirements {
        let pack = requirement["stand"]["pack"].as_str().expect("text");
        for other in texts(&requirement["shared-with"]) {
            assert_ne!(other, pack);
            let facts = texts(&requirement["facts"]);
            let back = requirements.iter().any(|candidate| {
                candidate["stand"]["pack"] == other.as_str()
                    && texts(&candidate["facts"]).iter().any(|fact| facts.contains(fact))
                    && texts(&candidate["shared-with"]).iter().any(|p| p == pack)
            });
            assert!(back, "{pack}/{} is shared with {other}, but not back", requirement["stand"]["requirement"]);
        }
    }
    let facts = matrix["facts"].as_array().expect("a list");
    let widest = facts.first().expect("a fact");
    assert!(texts(&widest["packs"]).len() >= 10, "{widest}");
}

#[test]
fn the_matrix_is_written_in_three_forms() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let write = ["--write", "m.html", "--write", "m.xlsx", "--write", "m.csv"];
    let output = medattest(at, &[&["matrix", "--pack", "us-hipaa", "--pack", "eu-gdpr"][..], &write].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).lines().all(|line| line.chars().count() <= 80));
    assert!(fs::read(at.join("m.xlsx")).expect("a workbook").starts_with(b"PK"));
    let html = fs::read_to_string(at.join("m.html")).expect("a paper");
    assert!(html.contains("Evidence that counts in several regimes") && html.contains("unique"));
    let csv = fs::read_to_string(at.join("m.csv")).expect("a table");
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let packs: std::collections::BTreeSet<String> =
        reader.records().map(|row| row.expect("a row").get(0).expect("a cell").to_owned()).collect();
    assert_eq!(packs.into_iter().collect::<Vec<_>>(), ["eu-gdpr", "us-hipaa"]);
    let topics = medattest(at, &["matrix", "--pack", "us-hipaa", "--part", "topics", "--write", "t.csv"]);
    assert_eq!(topics.status.code(), Some(0));
    assert!(fs::read_to_string(at.join("t.csv")).expect("a table").starts_with("Topic,us-hipaa\r\n"));
    assert_eq!(medattest(at, &["matrix", "--part", "systems", "--write", "s.csv"]).status.code(), Some(2));
    let wrong = medattest(at, &["matrix", "--write", "m.pdf"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(!at.join("m.pdf").exists());
}

#[test]
fn a_pack_of_ones_own_loads_passes_and_judges() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let run = |arguments: &[&str]| {
        let output = medattest(at, arguments);
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.code(), said)
    };
    assert_eq!(run(&["pack", "new", "mercy-policy"]).0, Some(0));
    assert_eq!(run(&["pack", "new", "mercy-policy"]).0, Some(2));
    assert_eq!(run(&["pack", "new", "Mercy"]).0, Some(2));
    fs::write(
        at.join("medattest.toml"),
        "packs-from = [\"my-packs\"]\npacks = [\"mercy-policy\"]\nsystems = [\"s.toml\"]\n[org]\nname = \"Mercy\"\n",
    )
    .expect("written");
    fs::write(
        at.join("s.toml"),
        "id = \"s\"\n[system]\nname = \"S\"\nmarkets = [\"us\"]\nstate = \"deployed\"\n[control]\nlocal-validation = false\n",
    )
    .expect("written");
    let (code, said) = run(&["pack", "test", "mercy-policy"]);
    assert!(code == Some(0) && said.contains("4 scenarios"), "{said}");
    let (code, said) = run(&["pack", "lint", "mercy-policy"]);
    assert!(code == Some(0) && said.contains("0 faults"), "{said}");
    assert_eq!(run(&["audit"]).0, Some(1));
    // A scenario that is gone is missed.
    let scenarios = at.join("my-packs/mercy-policy/tests/validation-missing.md");
    let text = fs::read_to_string(&scenarios).expect("scenarios");
    fs::write(
        &scenarios,
        text.replace("= unknown", "= unknown ").replace("local-validation = true", "local-validation = false"),
    )
    .expect("written");
    assert_eq!(run(&["pack", "test", "mercy-policy"]).0, Some(1));
    fs::write(&scenarios, text.split("## Nobody").next().expect("a part")).expect("written");
    let (code, said) = run(&["pack", "lint", "mercy-policy"]);
    assert!(code == Some(1) && said.contains("unknown"), "{said}");
}

#[test]
fn packs_that_are_built_in_have_no_fault() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = medattest(folder.path(), &["pack", "lint"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn the_example_of_a_private_policy_holds() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/private-policy");
    let run = |arguments: &[&str]| {
        let output = medattest(&example, arguments);
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, said) = run(&["pack", "test", "mercy-policy"]);
    assert!(code == Some(0) && said.contains("11 scenarios"), "{said}");
    let (code, said) = run(&["pack", "lint", "mercy-policy"]);
    assert!(code == Some(0) && said.contains("0 faults, 0 pieces of advice"), "{said}");
    // What the policy asks from 2027 on is missing then, and not before.
    let drill = |day: &str| {
        let audit = json(&example, &["audit", "--no-cache", "--as-of", day]);
        let findings = audit["systems"][0]["findings"].as_array().expect("a list").clone();
        findings.into_iter().find(|f| f["rule"] == "mercy-policy/drill-missing").expect("a finding")["outcome"]
            .clone()
    };
    assert_eq!(drill("2026-12-31"), "not-applicable");
    assert_eq!(drill("2027-01-01"), "not-met");
}

#[test]
fn impact_assessments_ask_only_what_is_not_known() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let text = "id = \"s\"\n[system]\nname = \"S\"\nmarkets = [\"eu\"]\nroles = [\"deployer\"]\nstate = \"deployed\"\ninfers = true\n\
                    [purpose]\nmedical = true\n[gdpr]\nrole = \"controller\"\ndata = \"special-category\"\n\
                    large-scale = true\n";
    fs::write(at.join("s.toml"), text).expect("written");
    fs::write(at.join("medattest.toml"), "systems = [\"s.toml\"]\n[org]\nname = \"O\"\n").expect("written");
    let read = || json(at, &["impact", "eu-gdpr/dpia", "--write", "dpia.html"]);
    let missing = |filled: &Value| -> Vec<String> {
        let sections = filled["sections"].as_array().expect("a list");
        let items = sections.iter().flat_map(|section| section["items"].as_array().expect("a list"));
        let keys = items.flat_map(|item| item["missing"].as_array().expect("a list"));
        keys.map(|missing| missing["key"].as_str().expect("text").to_owned()).collect()
    };
    let before = read();
    assert_eq!(before["owed"], "owed");
    let asked = missing(&before);
    assert!(asked.contains(&"purpose.intended".to_owned()));
    fs::write(at.join("s.toml"), text.replace("medical = true", "medical = true\nintended = \"Triage of scans\""))
        .expect("written");
    let after = missing(&read());
    assert!(!after.contains(&"purpose.intended".to_owned()) && after.len() < asked.len());
    let paper = fs::read_to_string(at.join("dpia.html")).expect("a paper");
    assert!(paper.contains("Triage of scans") && paper.contains("to be written"));
    // Canada's is there only where it is named.
    assert_eq!(medattest(at, &["impact", "ca-aia/aia"]).status.code(), Some(2));
}

#[test]
fn fields_that_move_nothing_are_told_from_those_that_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    // The alert follows the first column; the second has nothing to do with it.
    let mut table = "y,alert,lactate,locker\n".to_owned();
    for row in 0..600u32 {
        let lactate = row % 10;
        table.push_str(&format!(
            "{},{},{lactate},{}\n",
            u32::from(row % 7 == 0),
            u32::from(lactate > 6),
            (row / 10) % 4
        ));
    }
    fs::write(at.join("t.csv"), table).expect("written");
    fs::write(
        at.join("medattest.toml"),
        "systems = [\"s.toml\"]\n[org]\nname = \"O\"\nhipaa-status = \"covered-entity\"\n",
    )
    .expect("written");
    let system = "id = \"s\"\n[system]\nname = \"S\"\nmarkets = [\"us\"]\nstate = \"deployed\"\n\
                  [phi]\ndata = \"identifiable\"\nrecipients = \"nobody\"\npurposes = [\"operations\"]\n\
                  [input]\nminimum-exemption = [\"none\"]\n\
                  [[input.fields]]\nname = \"lactate\"\ncolumn = \"lactate\"\nneeded = true\n\
                  [[input.fields]]\nname = \"locker\"\ncolumn = \"locker\"\nneeded = true\n\
                  [[input.fields]]\nname = \"name\"\nholds = \"direct-identifier\"\nneeded = false\n\
                  [[table]]\nid = \"t\"\npath = \"t.csv\"\nuse = \"deployment\"\n\
                  [table.columns]\nlabel = \"y\"\nprediction = \"alert\"\n";
    fs::write(at.join("s.toml"), system).expect("written");
    let found = json(at, &["minimum"]);
    let fields = found["systems"][0]["fields"].as_array().expect("a list");
    let idle: Vec<(&str, bool)> = fields
        .iter()
        .map(|f| (f["field"].as_str().expect("text"), f["idle"].as_bool().expect("yes or no")))
        .collect();
    assert_eq!(idle, [("lactate", false), ("locker", true), ("name", false)]);
    let share = fields[0]["compared"][0]["share"].as_f64().expect("a share");
    assert!(share > 0.97, "the alert can be read off it: {share}");
    assert_eq!(fields[1]["compared"][0]["n"], 600);
    let audit = json(at, &["audit", "--no-cache"]);
    let outcome = |rule: &str| {
        let findings = audit["systems"][0]["findings"].as_array().expect("a list");
        let finding = findings.iter().find(|f| f["rule"] == rule).expect("a finding");
        (finding["outcome"].clone(), finding["message"].as_str().expect("text").to_owned())
    };
    assert_eq!(outcome("us-hipaa/field-not-needed").0, "not-met");
    let (idle, message) = outcome("us-hipaa/field-idle");
    assert!(idle == "not-met" && message.contains("locker") && !message.contains("lactate"), "{message}");
    // A column that is not there is named.
    fs::write(at.join("s.toml"), system.replace("column = \"locker\"", "column = \"lockr\"")).expect("written");
    let output = medattest(at, &["minimum"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("lockr"));
}
