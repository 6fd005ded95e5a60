//! The built binary, as a user meets it.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

fn medattest(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_medattest"))
        .args(arguments)
        .env("NO_COLOR", "1")
        .output()
        .expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("JSON")
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn path(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).to_string_lossy().into_owned()
}

/// The demo as written on a fixed day.
fn demo() -> (TempDir, String) {
    let folder = folder();
    let project = path(&folder, "demo");
    let output = medattest(&["demo", &project, "--as-of", "2026-11-24"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    (folder, project)
}

fn schema_is_met(schema: &str, value: &Value) {
    let schema = json(&medattest(&["schema", schema]).stdout);
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let errors: Vec<String> = validator.iter_errors(value).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert_eq!(errors, Vec::<String>::new());
}

#[test]
fn the_demo_is_audited_and_its_papers_are_whole() {
    let (_folder, project) = demo();
    let read = |name: &str| fs::read_to_string(Path::new(&project).join(name)).expect(name);
    let assessment = json(read("assessment.json").as_bytes());
    schema_is_met("assessment", &assessment);
    let systems = assessment["systems"].as_array().expect("systems");
    assert_eq!(systems.len(), 3);
    for system in systems {
        let findings = system["findings"].as_array().expect("findings");
        let with = |outcome: &str| findings.iter().filter(|f| f["outcome"] == outcome).count();
        assert!(with("met") > 0 && with("not-met") > 0, "{}: has something to say", system["id"]);
        assert!(!system["evidence"].as_array().expect("evidence").is_empty());
    }
    assert_eq!(assessment["decision"]["decision"], "fail", "the planted faults are found");
    let dossier = read("dossier.html");
    assert!(dossier.starts_with("<!doctype html>") && dossier.trim_end().ends_with("</html>"));
    for needed in ["<svg", "Roadmap", "Open questions", "SHA-256", "prefers-color-scheme: dark", "@media print"] {
        assert!(dossier.contains(needed), "{needed}");
    }
    for foreign in ["<script", "http-equiv=\"refresh\"", "src=\"http", "href=\"http", "url(", "@import"] {
        assert!(!dossier.contains(foreign), "{foreign}");
    }
    assert!(json(read("results.sarif").as_bytes())["runs"][0]["results"].as_array().is_some_and(|r| !r.is_empty()));
    assert!(read("junit.xml").contains("<failure"));
    assert!(read("summary.md").starts_with("# medattest: fail"));
}

#[test]
fn no_row_and_no_small_count_of_the_demo_is_in_any_paper() {
    let (_folder, project) = demo();
    let data = fs::read_to_string(Path::new(&project).join("data/sepsis.csv")).expect("data");
    let patients: Vec<&str> = data.lines().skip(1).step_by(97).filter_map(|line| line.split(',').next()).collect();
    let small = data.lines().filter(|line| line.contains("Pacific Islander")).count();
    for name in ["dossier.html", "assessment.json", "results.sarif", "junit.xml", "summary.md"] {
        let paper = fs::read_to_string(Path::new(&project).join(name)).expect(name);
        assert!(patients.iter().all(|patient| !paper.contains(patient)), "{name}");
        for cell in
            [format!("Pacific Islander</td><td class=\"number\">{small}<"), format!("| Pacific Islander | {small} |")]
        {
            assert!(!paper.contains(&cell), "{name}");
        }
    }
    let assessment = json(&fs::read(Path::new(&project).join("assessment.json")).expect("read"));
    let groups: Vec<&Value> = assessment["systems"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|s| s["evidence"].as_array().into_iter().flatten())
        .flat_map(|e| e["attributes"].as_array().into_iter().flatten())
        .flat_map(|a| a["groups"].as_array().into_iter().flatten())
        .collect();
    assert!(groups.iter().any(|g| g["group"] == "Pacific Islander" && g["n"].is_null()));
    assert!(groups.iter().filter_map(|g| g["n"].as_u64()).all(|n| n >= 11));
}

#[test]
fn two_runs_give_the_same_bytes_and_the_gate_its_exit_code() {
    let (_folder, project) = demo();
    let run = |more: &[&str]| {
        let mut arguments = vec!["audit", project.as_str(), "--as-of", "2026-11-24", "--format", "json"];
        arguments.extend(more);
        medattest(&arguments)
    };
    let (first, second, fresh) = (run(&[]), run(&[]), run(&["--no-cache"]));
    assert_eq!(first.status.code(), Some(1));
    assert_eq!(first.stdout, second.stdout);
    assert_eq!(first.stdout, fresh.stdout, "what is recalled is what is measured");
    assert_eq!(first.stdout, fs::read(Path::new(&project).join("assessment.json")).expect("read"));
}

#[test]
fn the_demo_files_fit_their_schemas() {
    let (_folder, project) = demo();
    let toml = |name: &str| -> Value {
        let text = fs::read_to_string(Path::new(&project).join(name)).expect(name);
        let value: toml::Value = toml::from_str(&text).expect("TOML");
        dates_as_text(&value)
    };
    schema_is_met("project", &toml("medattest.toml"));
    for entry in fs::read_dir(Path::new(&project).join("systems")).expect("systems").flatten() {
        schema_is_met("system", &toml(&format!("systems/{}", entry.file_name().to_string_lossy())));
    }
    assert!(Path::new(&project).join(".medattest/schema/system.json").is_file());
}

/// TOML as an editor sees it: days are text.
fn dates_as_text(value: &toml::Value) -> Value {
    match value {
        toml::Value::Datetime(date) => Value::String(date.to_string()),
        toml::Value::Array(items) => Value::Array(items.iter().map(dates_as_text).collect()),
        toml::Value::Table(table) => {
            Value::Object(table.iter().map(|(key, value)| (key.clone(), dates_as_text(value))).collect())
        }
        toml::Value::String(text) => Value::String(text.clone()),
        toml::Value::Integer(i) => Value::from(*i),
        toml::Value::Float(x) => Value::from(*x),
        toml::Value::Boolean(b) => Value::Bool(*b),
    }
}

#[test]
fn every_command_answers() {
    let (_folder, project) = demo();
    let p = project.as_str();
    for (arguments, wanted) in [
        (vec!["classify", p], "us-fda-device.device"),
        (vec!["classify", p, "--format", "json"], "medattest-classification-v1"),
        (vec!["questions", p], "open questions"),
        (vec!["questions", p, "--format", "json"], "medattest-questions-v1"),
        (vec!["roadmap", p], "20"),
        (vec!["roadmap", p, "--format", "json"], "medattest-roadmap-v1"),
        (vec!["explain", "us-fda-device"], "Classifications"),
        (vec!["explain", "us-fda-device.device"], "Answers, in order of precedence"),
        (vec!["explain", "us-hipaa/business-associate-agreement-missing"], "What to do"),
        (vec!["explain", "purpose.significance"], "Read by"),
        (vec!["explain", "performance.auroc"], "Measured by the bias engine"),
        (vec!["pack", "list", "--rules"], "eu-ai-act"),
        (vec!["pack", "test", "known-systems"], "0 failed"),
        (vec!["schema", "bias"], "medattest"),
        (vec!["completions", "bash"], "_medattest"),
        (vec!["--help"], "Start here"),
        (vec!["audit", "--help"], "Exit codes"),
    ] {
        let output = medattest(&arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
        assert!(text(&output.stdout).contains(wanted), "{arguments:?}");
    }
}

#[test]
fn tables_fit_on_a_terminal() {
    let (_folder, project) = demo();
    let table = Path::new(&project).join("data/sepsis.csv");
    let shown = table.to_string_lossy().into_owned();
    let bias = [
        "bias",
        &shown,
        "--label",
        "sepsis",
        "--prediction",
        "alert",
        "--score",
        "score",
        "--by",
        "race,sex,age:40,65",
    ];
    for arguments in [&bias[..], &["classify", &project], &["questions", &project], &["roadmap", &project]] {
        let output = text(&medattest(arguments).stdout);
        let long: Vec<&str> =
            output.lines().skip(1).filter(|line| line.chars().count() > 80 && line.trim().contains(' ')).collect();
        assert_eq!(long, Vec::<&str>::new(), "{arguments:?}");
    }
}

fn fails(arguments: &[&str], wanted: &[&str]) {
    let output = medattest(arguments);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    for word in wanted {
        assert!(said.contains(word), "{arguments:?}: {word} in {said}");
    }
}

#[test]
fn bad_input_is_told_and_nothing_is_left_behind() {
    let (_folder, project) = demo();
    let root = PathBuf::from(&project);
    let table = root.join("data/sepsis.csv").to_string_lossy().into_owned();
    let bias = |more: &[&str], wanted: &[&str]| {
        let mut arguments = vec!["bias", table.as_str()];
        arguments.extend(more);
        fails(&arguments, wanted);
    };
    bias(&["--label", "sepsi", "--score", "score"], &["there is no column `sepsi`", "did you mean `sepsis`?"]);
    bias(&["--label", "age", "--score", "score"], &["expected 0 or 1 in column `age`", "data row 1"]);
    bias(&["--label", "sepsis", "--score", "age"], &["expected a probability in [0,1]", "margin"]);
    bias(&["--label", "sepsis", "--score", "score", "--by", "patient"], &["at most 64 groups"]);
    bias(&["--label", "sepsis", "--score", "score", "--filter", "age > 200"], &["no row fulfils the filter"]);
    bias(&["--label", "sepsis"], &["--prediction"]);
    fails(&["bias", "none.csv", "--label", "y", "--score", "s"], &["none.csv", "there is no such file"]);
    fails(&["audit", "nowhere"], &["nowhere/medattest.toml", "medattest init"]);
    fails(&["audit", &project, "--system", "x"], &["there is no system `x`", "sepsis-score"]);
    fails(&["audit", &project, "--write", "dossier.pdf"], &["the kind of file cannot be told"]);
    fails(&["audit", &project, "--as-of", "soon"], &["--as-of"]);
    fails(&["audit", &project, "--as-of", "1966-11-24"], &["tells the law from"]);
    bias(&["--label", "sepsis", "--score", "score", "--by", "sex:1,2"], &["expected a number in column `sex`"]);
    fails(&["explain", "us-hippa"], &["did you mean `us-hipaa`?"]);
    fails(&["demo", &project], &["not empty"]);
    let out = root.join("missing/folder/dossier.html").to_string_lossy().into_owned();
    fails(&["audit", &project, "--write", &out], &["the folder does not exist"]);

    let system = root.join("systems/sepsis-score.toml");
    let whole = fs::read_to_string(&system).expect("read");
    let written: Vec<_> = fs::read_dir(&root).expect("list").flatten().map(|e| e.file_name()).collect();
    fs::write(&system, whole.replace("sepsis.csv", "none.csv")).expect("written");
    fails(&["audit", &project], &["none.csv", "--data"]);
    fs::write(&system, format!("{whole}\n# {}", "x".repeat(10_000_000))).expect("written");
    fails(&["audit", &project], &["systems/sepsis-score.toml", "at most 1048576 are read"]);
    fs::write(&system, whole.replace("[purpose]", "[purpsoe]")).expect("written");
    fails(&["audit", &project], &["systems/sepsis-score.toml:", "did you mean `purpose."]);
    let after: Vec<_> = fs::read_dir(&root).expect("list").flatten().map(|e| e.file_name()).collect();
    assert_eq!(written, after);
}

#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_written_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, project) = demo();
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).expect("made");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o555)).expect("closed");
    if fs::write(closed.join("probe"), "x").is_ok() {
        // The superuser may write anywhere; /proc takes no files from anyone.
        fails(&["audit", &project, "--write", "/proc/dossier.html"], &["/proc/dossier.html"]);
    } else {
        let out = closed.join("dossier.html").to_string_lossy().into_owned();
        fails(&["audit", &project, "--write", &out], &["may not be written"]);
        fails(&["demo", &closed.join("demo").to_string_lossy()], &["cannot be created"]);
    }
    // An audit needs no place to keep its evidence.
    let store = Path::new(&project).join(".medattest/evidence");
    fs::remove_dir_all(&store).expect("removed");
    fs::write(&store, "in the way").expect("written");
    assert_eq!(medattest(&["audit", &project, "--as-of", "2026-11-24"]).status.code(), Some(1));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    let (_folder, project) = demo();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    let output = Command::new(env!("CARGO_BIN_EXE_medattest"))
        .args(["audit", &project, "--format", "json"])
        .stdout(full)
        .output()
        .expect("the binary runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("could not be written"), "{}", text(&output.stderr));
}

#[test]
fn init_asks_and_what_it_writes_loads() {
    use std::io::Write as _;
    let folder = folder();
    let project = path(&folder, "hospital");
    let mut child = Command::new(env!("CARGO_BIN_EXE_medattest"))
        .args(["init", &project])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the binary runs");
    // Name, markets (one wrong answer first), standing, kind, assistance; id; who; name of the system; the rest open.
    let answers = "Riverbend \"Health\"\nmars\nus, 2\n1\nprovider\ny\nSepsis Score\nsepsis-score\nJane Roe, privacy officer\nSepsis Score\n";
    child.stdin.take().expect("piped").write_all(answers.as_bytes()).expect("written");
    let output = child.wait_with_output().expect("done");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("`mars` is none of the values"));
    let classified = medattest(&["classify", &project, "--format", "json"]);
    assert_eq!(classified.status.code(), Some(0), "{}", text(&classified.stderr));
    assert!(json(&classified.stdout)["systems"]["sepsis-score"].is_array());
    let questions = json(&medattest(&["questions", &project, "--format", "json"]).stdout);
    assert!(questions["systems"]["sepsis-score"].as_array().is_some_and(|q| !q.is_empty()));
    fails(&["init", &project, "--blank", "sepsis-score"], &["exists already"]);
    fails(&["init", &project, "--blank", "Sepsis Score"], &["lower-case"]);
    assert_eq!(medattest(&["init", &project, "--blank", "other"]).status.code(), Some(0));
    assert_eq!(medattest(&["classify", &project]).status.code(), Some(0), "a blank template loads");
}

#[test]
fn a_pack_of_ones_own_judges_too() {
    let (_folder, project) = demo();
    let root = PathBuf::from(&project);
    let pack = root.join("our-packs/house-rules");
    fs::create_dir_all(&pack).expect("made");
    fs::write(pack.join("pack.toml"), "id = \"house-rules\"\ntitle = \"House rules\"\njurisdiction = \"Riverbend\"\nedition = \"2026\"\nsource = \"board\"\nevidence-date = 2026-01-01\nearliest = 2020-01-01\nlimits = \"none\"\n").expect("written");
    fs::write(pack.join("requirements.toml"), "[[requirement]]\nid = \"owner\"\ncitation = \"House rules, 1\"\ntitle = \"Owner\"\nasks = \"Name one.\"\nconfidence = \"verified\"\nstatus = [{ is = \"in-force\" }]\n").expect("written");
    fs::write(pack.join("rules.toml"), "[[rule]]\nid = \"owner-missing\"\ntitle = \"Owner\"\nserves = [\"owner\"]\nseverity = \"low\"\ncheck = 'owners.accountable != \"\"'\nabsence = \"fault\"\nmessage = \"Nobody answers for it.\"\nmet = \"{owners.accountable} answers for it.\"\nremedy = \"Name one.\"\n[rule.explanation]\nwhat = \"a\"\nwhy = \"b\"\nevidence = \"c\"\nlimits = \"d\"\n").expect("written");
    let file = root.join("medattest.toml");
    let text_before = fs::read_to_string(&file).expect("read");
    fs::write(&file, format!("packs-from = [\"our-packs\"]\n{text_before}")).expect("written");
    let run = json(&medattest(&["audit", &project, "--format", "json"]).stdout);
    let findings = run["systems"][0]["findings"].as_array().expect("findings");
    assert!(findings.iter().any(|f| f["rule"] == "house-rules/owner-missing" && f["outcome"] == "met"));
    fs::write(pack.join("requirements.toml"), "[[requirement]]\nid = 3\n").expect("written");
    fails(&["audit", &project], &["our-packs/house-rules/requirements.toml:2", "expected text"]);
}
