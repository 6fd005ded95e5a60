//! The command on files: what it finds, what it leaves behind, and that it shows no value.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn medattest(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_medattest"))
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .env("TMPDIR", folder)
        .output()
        .expect("runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const NOTE: &str = "Patient: Jane Roe, MRN: 12345678, seen 03/04/2019 by Dr. Alvarez.\n\
                    SSN 123-45-6789. Ms. Roe is a 93-year-old woman from Salem, IL 62881; call (212) 555-0147.\n\
                    Will continue metformin 500 mg. BP 120/80. Pain 5/10. Parkinson disease. Foley in place.\n";
const TABLE: &str = "patient_id,full_name,dob,sex,zip,note,code,hba1c\n\
                     1001234,Jane Roe,1962-02-14,F,60614,\"Seen with her son Tom in Springfield, IL\",P-19620214-03,7.1\n\
                     1001235,Carlos Diaz,1931-05-20,M,03601,no complaints,P-19310520-11,6.2\n";
const OBJECTS: &str = "{\"mrn\": 12345678, \"text\": \"Mrs. Alvarez called 212-555-0147\", \"n\": 3}\n";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("notes")).expect("made");
    fs::write(folder.path().join("notes/a.txt"), NOTE).expect("written");
    fs::write(folder.path().join("notes/t.csv"), TABLE).expect("written");
    fs::write(folder.path().join("notes/o.jsonl"), OBJECTS).expect("written");
    fs::write(folder.path().join("notes/scan.pdf"), "%PDF").expect("written");
    folder
}

#[test]
fn audit_tells_counts_and_places_and_no_value() {
    let folder = folder();
    let output = medattest(folder.path(), &["deid", "audit", "notes", "--format", "json", "--write", "r.html"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let schema = medattest(folder.path(), &["schema", "deid-audit"]);
    let schema: Value = serde_json::from_slice(&schema.stdout).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    assert_eq!(
        validator.iter_errors(&report).map(|error| error.to_string()).collect::<Vec<_>>(),
        Vec::<String>::new()
    );
    let survey = &report["survey"];
    assert_eq!(survey["files"], 3);
    assert_eq!(survey["unread"][0]["reason"], "a kind of file that is not read");
    for kind in ["name", "mrn", "date", "ssn", "age-over-89", "place", "phone", "zip"] {
        assert!(survey["totals"][kind]["detections"].as_u64().is_some_and(|n| n > 0), "{kind}");
    }
    let table =
        survey["sources"].as_array().expect("a list").iter().find(|s| s["path"] == "notes/t.csv").expect("listed");
    let class = |name: &str| {
        let field = table["fields"].as_array().expect("a list").iter().find(|f| f["name"] == name).expect("listed");
        field["class"].as_str().expect("text").to_owned()
    };
    assert_eq!(class("patient_id"), "identifier");
    assert_eq!(class("sex"), "quasi-identifier");
    assert_eq!(class("note"), "free-text");
    assert_eq!(class("hba1c"), "other");
    let everything = text(&output.stdout) + &fs::read_to_string(folder.path().join("r.html")).expect("written");
    for value in ["Jane", "Roe", "12345678", "123-45-6789", "555-0147", "Alvarez", "Diaz", "19620214"] {
        assert!(!everything.contains(value), "{value} is shown");
    }
}

#[test]
fn cleaned_copies_are_clean_and_keep_the_rest() {
    let folder = folder();
    let arguments =
        ["deid", "clean", "notes", "--out", "out", "--dates", "year", "--zips", "zip3", "--ages", "over-89"];
    let output = medattest(folder.path(), &arguments);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let note = fs::read_to_string(folder.path().join("out/a.txt")).expect("copied");
    assert!(note.contains("MRN: [MRN], seen 2019 by Dr. [PROVIDER]"), "{note}");
    assert!(
        note.contains("Will continue metformin 500 mg. BP 120/80. Pain 5/10. Parkinson disease. Foley in place.")
    );
    let table = fs::read_to_string(folder.path().join("out/t.csv")).expect("copied");
    assert!(table.contains("[MRN],[NAME],1962,F,606**,"), "{table}");
    // A year of birth that tells an age over 89, and an area of few people. Whether the ends of the code go is a guess.
    assert!(table.contains("[MRN],[NAME],[DATE],M,000**,no complaints,") && table.contains("[DATE],6.2"), "{table}");
    assert!(!table.contains("1931") && table.ends_with(",6.2\n"), "{table}");
    let manifest: Value =
        serde_json::from_slice(&fs::read(folder.path().join("out/manifest.json")).expect("written")).expect("JSON");
    assert_eq!(manifest["operators-allow-safe-harbor"], true);
    assert_eq!(manifest["not-copied"][0]["path"], "notes/scan.pdf");
    let again = medattest(folder.path(), &["deid", "audit", "out"]);
    assert_eq!(again.status.code(), Some(0), "{}", text(&again.stdout));
}

#[test]
fn nothing_is_found_in_cleaned_copies_of_whole_notes() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("notes")).expect("made");
    let notes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../benches/plain_notes.jsonl");
    // As texts, as cells of a table, and as values of objects.
    let (mut table, mut objects) = ("id,note\n".to_owned(), String::new());
    for (at, line) in fs::read_to_string(notes).expect("reads").lines().enumerate() {
        let note: Value = serde_json::from_str(line).expect("a note");
        let text = note["text"].as_str().expect("text");
        fs::write(folder.path().join(format!("notes/{at}.txt")), text).expect("written");
        table.push_str(&format!("{at},\"{}\"\n", text.replace('"', "\"\"")));
        objects.push_str(&format!("{}\n", serde_json::json!({ "note": text })));
    }
    fs::write(folder.path().join("notes/table.csv"), table).expect("written");
    fs::write(folder.path().join("notes/objects.jsonl"), objects).expect("written");
    for operator in ["tag", "redact", "mask", "hash"] {
        let clean = ["deid", "clean", "notes", "--out", operator, "--operator", operator];
        assert_eq!(medattest(folder.path(), &clean).status.code(), Some(0));
        let audit = medattest(folder.path(), &["deid", "audit", operator]);
        assert_eq!(audit.status.code(), Some(0), "{operator}: {}", text(&audit.stdout));
    }
    // Surrogates and moved dates are found like what they stand for; the run itself sets them aside and searches the rest.
    let swap = ["deid", "clean", "notes", "--out", "swapped", "--operator", "surrogate", "--dates", "shift"];
    assert_eq!(medattest(folder.path(), &swap).status.code(), Some(0));
    let manifest = fs::read(folder.path().join("swapped/manifest.json")).expect("written");
    let manifest: Value = serde_json::from_slice(&manifest).expect("JSON");
    let files = manifest["files"].as_array().expect("files");
    assert!(files.len() > 100 && files.iter().all(|file| file["left"] == 0), "{files:?}");
}

#[test]
fn nothing_is_overwritten_and_nothing_lies_among_the_originals() {
    let folder = folder();
    let inside = medattest(folder.path(), &["deid", "clean", "notes", "--out", "notes/clean"]);
    assert_eq!(inside.status.code(), Some(2));
    assert!(text(&inside.stderr).contains("among the originals"));
    fs::create_dir(folder.path().join("out")).expect("made");
    fs::write(folder.path().join("out/a.txt"), "mine").expect("written");
    let output = medattest(folder.path(), &["deid", "clean", "notes", "--out", "out"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(fs::read_to_string(folder.path().join("out/a.txt")).expect("there"), "mine");
    // Nothing half-written is left.
    let left: Vec<String> = fs::read_dir(folder.path().join("out"))
        .expect("reads")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(left, ["a.txt"]);
}

#[test]
fn a_key_links_runs_and_its_operators_are_not_called_safe_harbor() {
    let folder = folder();
    fs::write(folder.path().join("key.txt"), "correct horse battery staple").expect("written");
    let run = |out: &str| {
        let arguments = [
            "deid",
            "clean",
            "notes/a.txt",
            "--out",
            out,
            "--operator",
            "surrogate",
            "--dates",
            "shift",
            "--key",
            "key.txt",
        ];
        let output = medattest(folder.path(), &arguments);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        fs::read_to_string(folder.path().join(out).join("a.txt")).expect("copied")
    };
    let (one, two) = (run("one"), run("two"));
    assert_eq!(one, two);
    assert!(!one.contains("Roe") && !one.contains("03/04/2019"), "{one}");
    let manifest = fs::read_to_string(folder.path().join("one/manifest.json")).expect("written");
    assert!(manifest.contains("\"operators-allow-safe-harbor\": false"));
    assert!(!manifest.contains("correct horse"));
    let short =
        medattest(folder.path(), &["deid", "clean", "notes/a.txt", "--out", "three", "--key", "notes/o.jsonl"]);
    assert_eq!(short.status.code(), Some(0));
}

#[test]
fn names_of_files_and_first_rows_are_looked_at_too() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("notes")).expect("made");
    fs::write(folder.path().join("notes/Jane_Roe_1962-02-14.txt"), "Doing well.\n").expect("written");
    fs::write(folder.path().join("notes/headless.csv"), "1001234,Jane Roe,1962-02-14\n1001235,Ann Poe,1971-03-01\n")
        .expect("written");
    let output = medattest(folder.path(), &["deid", "audit", "notes", "--format", "json"]);
    let shown = text(&output.stdout);
    assert!(!shown.contains("Jane") && !shown.contains("1962-02-14") && !shown.contains("1001234"), "{shown}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["survey"]["totals"]["name"]["files"], 2);
    let cleaned = medattest(folder.path(), &["deid", "clean", "notes", "--out", "out"]);
    assert_eq!(cleaned.status.code(), Some(0), "{}", text(&cleaned.stderr));
    let copies: Vec<String> = fs::read_dir(folder.path().join("out"))
        .expect("reads")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    assert!(copies.iter().all(|name| !name.contains("Jane") && !name.contains("1962")), "{copies:?}");
    let table = fs::read_to_string(folder.path().join("out/headless.csv")).expect("copied");
    assert!(!table.contains("Jane") && table.lines().count() == 2, "{table}");
}

#[test]
fn eval_scores_labelled_notes() {
    let folder = tempfile::tempdir().expect("a folder");
    let gold = r#"{"text": "Jane Roe was seen on 03/04/2019.", "spans": [{"start": 0, "end": 8, "label": "PERSON"}, {"start": 21, "end": 31, "label": "DATE"}]}
{"text": "Will continue metformin.", "spans": []}
"#;
    fs::write(folder.path().join("gold.jsonl"), gold).expect("written");
    let output = medattest(folder.path(), &["deid", "eval", "gold.jsonl", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let scored: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(scored["all"]["recall"]["events"], 2);
    assert_eq!(scored["all"]["precision"]["n"], 2);
    assert_eq!(scored["over-redaction"]["events"], 0);
    let interval = &scored["all"]["recall"];
    assert!(interval["low"].as_f64().expect("a number") < 1.0 && interval["high"] == 1.0);
    fs::write(folder.path().join("bad.jsonl"), "{\"text\": \"Jane Roe\", \"spans\": [{\"start\": 4}]}")
        .expect("written");
    let bad = medattest(folder.path(), &["deid", "eval", "bad.jsonl"]);
    assert_eq!(bad.status.code(), Some(2));
    assert!(text(&bad.stderr).contains("note 1") && !text(&bad.stderr).contains("Jane"));
}

#[test]
fn a_project_is_judged_on_what_is_left_in_its_data() {
    let folder = folder();
    fs::create_dir(folder.path().join("systems")).expect("made");
    let project = "packs = [\"us-hipaa\"]\n[org]\nname = \"Test\"\nhipaa-status = \"covered-entity\"\n";
    fs::write(folder.path().join("medattest.toml"), project).expect("written");
    let system = |path: &str| {
        format!(
            "id = \"scribe\"\n[system]\nname = \"Scribe\"\nmarkets = [\"us\"]\n[phi]\ndata = \"de-identified\"\n\
             deidentification = \"safe-harbor\"\nrecipients = \"nobody\"\n[deid]\nactual-knowledge = false\n\
             [[dataset]]\nid = \"training-notes\"\npath = \"{path}\"\n"
        )
    };
    let outcome = |path: &str| {
        fs::write(folder.path().join("systems/scribe.toml"), system(path)).expect("written");
        let output = medattest(folder.path(), &["audit", "--format", "json"]);
        let run: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let findings = run["systems"][0]["findings"].as_array().expect("a list").clone();
        let mine = |rule: &str| {
            let found = findings.iter().find(|f| f["rule"] == format!("us-hipaa/{rule}")).expect("judged");
            found["outcome"].as_str().expect("text").to_owned()
        };
        assert_eq!(mine("knowledge-of-identifiability"), "met");
        (mine("identifiers-left-in-data"), text(&output.stdout))
    };
    let (dirty, shown) = outcome("notes/a.txt");
    assert_eq!(dirty, "not-met");
    assert!(!shown.contains("Jane") && !shown.contains("12345678"));
    let cleaned = medattest(folder.path(), &["deid", "clean", "notes/a.txt", "--out", "clean"]);
    assert_eq!(cleaned.status.code(), Some(0));
    assert_eq!(outcome("clean").0, "met");
    // What was searched before is recalled, and what changed since is searched anew.
    assert_eq!(outcome("notes/a.txt").0, "not-met");
    fs::write(folder.path().join("notes/a.txt"), "Will continue metformin 500 mg.").expect("written");
    assert_eq!(outcome("notes/a.txt").0, "met");
}
