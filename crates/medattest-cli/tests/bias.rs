//! The bias audit of a table, as a user meets it.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

fn cohort() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../medattest-metrics/parity/cohort.csv");
    path.to_string_lossy().into_owned()
}

fn bias(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_medattest"))
        .arg("bias")
        .args(arguments)
        .env("NO_COLOR", "1")
        .output()
        .expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn said(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// The cohort, audited; `more` comes on top.
fn measured(more: &[&str]) -> Value {
    let cohort = cohort();
    let mut arguments = vec![cohort.as_str(), "--format", "json"];
    arguments.extend(more);
    serde_json::from_str(&said(&bias(&arguments))).expect("JSON")
}

const BINARY: [&str; 8] = ["--label", "label", "--prediction", "prediction", "--score", "score", "--by", "race,sex"];

fn refused(arguments: &[&str], wanted: &[&str]) {
    let output = bias(arguments);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    for word in wanted {
        assert!(said.contains(word), "{arguments:?}: {word} in {said}");
    }
}

fn attribute<'a>(run: &'a Value, name: &str) -> &'a Value {
    let found = run["attributes"].as_array().into_iter().flatten().find(|a| a["attribute"] == name);
    found.unwrap_or_else(|| panic!("no attribute {name}"))
}

fn named<'a>(list: &'a Value, key: &str, name: &str) -> &'a Value {
    let found = list.as_array().into_iter().flatten().find(|item| item[key] == name);
    found.unwrap_or_else(|| panic!("no {name} in {list}"))
}

fn disparity<'a>(attribute: &'a Value, id: &str) -> &'a Value {
    let found = attribute["disparities"].as_array().into_iter().flatten().find(|d| d["figure"]["metric"] == id);
    found.unwrap_or_else(|| panic!("no {id}"))
}

fn table(folder: &TempDir, name: &str, rows: &str) -> String {
    let path: PathBuf = folder.path().join(name);
    fs::write(&path, rows).expect("written");
    path.to_string_lossy().into_owned()
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn every_form_comes_from_one_measurement_and_from_its_counts_again() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (html, json, csv, md, counts) = (at("r.html"), at("r.json"), at("r.csv"), at("r.md"), at("counts.json"));
    let cohort = cohort();
    let mut arguments = vec![cohort.as_str(), "--cluster", "patient", "--features", "x1,x2", "--versus", "score2"];
    arguments.extend(BINARY);
    for file in [&html, &json, &csv, &md] {
        arguments.extend(["--write", file]);
    }
    arguments.extend(["--write-counts", &counts]);
    said(&bias(&arguments));
    let read = |name: &str| fs::read_to_string(name).expect("written");
    let again = said(&bias(&["--from-counts", &counts, "--format", "json"]));
    assert_eq!(again, read(&json), "every figure follows from the counts, to the last digit");
    let report = read(&html);
    for word in ["Calibration", "Discrimination", "Clinical utility", "Thresholds", "Methods", "Limits", "Obuchowski"]
    {
        assert!(report.contains(word), "{word}");
    }
    assert!(!report.contains(">NaN") && !report.contains("[NaN") && !report.contains("[inf"), "no figure is a void");
    assert!(
        read(&csv).lines().count() > 500 && read(&csv).starts_with("table,attribute,group,reference,kind,figure")
    );
    assert!(read(&md).contains("| race | n | positives |"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(&counts).expect("there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "exact counts are for their owner");
    }
}

#[test]
fn the_report_is_of_its_schema() {
    let run = measured(&BINARY);
    let schema = Command::new(env!("CARGO_BIN_EXE_medattest")).args(["schema", "bias"]).output().expect("runs");
    let schema: Value = serde_json::from_slice(&schema.stdout).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let errors: Vec<String> = validator.iter_errors(&run).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert_eq!(errors, Vec::<String>::new());
}

#[test]
fn missing_attributes_are_a_group_with_bounds() {
    let run = measured(&BINARY);
    let race = attribute(&run, "race");
    assert!(named(&race["groups"], "group", "(missing)")["n"].as_u64().is_some_and(|n| n > 11));
    assert_ne!(race["reference"], "(missing)");
    let gap = disparity(race, "equal-opportunity-difference");
    let (best, worst) = (gap["best-case"].as_f64().expect("best"), gap["worst-case"].as_f64().expect("worst"));
    assert!(best < worst, "{gap}");
    // Three rows of unknown sex, none positive, are left out and said so.
    let sex = attribute(&run, "sex");
    let odds = disparity(sex, "equalized-odds-difference");
    assert_eq!(odds["groups"], 2);
    assert!(odds["left-out"].to_string().contains("U ("), "{odds}");
    assert!(odds["figure"]["value"].as_f64().is_some_and(|v| v < 0.2), "{odds}");
}

#[test]
fn tests_form_one_family_and_contrasts_name_their_reference() {
    let run = measured(&[&BINARY[..], &["--reference", "race=B"]].concat());
    let race = attribute(&run, "race");
    assert_eq!(race["reference"], "B");
    let tested: Vec<&Value> =
        race["contrasts"].as_array().into_iter().flatten().filter(|c| !c["p"].is_null()).collect();
    assert!(tested.len() > 20);
    for contrast in tested {
        let of = |key: &str| contrast[key].as_f64().expect("a p-value");
        assert!(of("p") <= of("benjamini-hochberg") && of("benjamini-hochberg") <= of("holm") + 1e-12, "{contrast}");
    }
    refused(
        &[&cohort(), "--label", "label", "--score", "score", "--by", "race", "--reference", "race=Z"],
        &["reference"],
    );
    refused(&[&cohort(), "--label", "label", "--score", "score", "--by", "race", "--reference", "sex=F"], &["--by"]);
}

#[test]
fn a_threshold_makes_decisions_and_can_be_equalised() {
    let decided = measured(&["--label", "label", "--score", "score", "--threshold", "0.3", "--by", "race"]);
    let given = measured(&["--label", "label", "--score", "score", "--prediction", "prediction", "--by", "race"]);
    let tpr = |run: &Value| named(&attribute(run, "race")["overall"]["figures"], "metric", "tpr")["value"].clone();
    assert_eq!(tpr(&decided), tpr(&given), "the decisions of the cohort are scores of at least 0.3");
    let equalised = &attribute(&decided, "race")["equalised"];
    assert_eq!((&equalised["metric"], &equalised["threshold"]), (&Value::from("tpr"), &Value::from(0.3)));
    assert_eq!(equalised["cost"].as_array().map(Vec::len), Some(0), "the sum of the moves would tell a small one");
    let all =
        measured(&["--label", "label", "--score", "score", "--threshold", "0.3", "--by", "race", "--min-cell", "1"]);
    let cost = &attribute(&all, "race")["equalised"]["cost"];
    assert!(named(cost, "metric", "accuracy")["after"].as_f64().is_some());
}

#[test]
fn several_classes_and_numbers_are_audited_too() {
    let classes =
        measured(&["--task", "multiclass", "--label", "class_true", "--prediction", "class_pred", "--by", "race"]);
    let race = attribute(&classes, "race");
    assert!(named(&race["overall"]["figures"], "metric", "macro-f1")["value"].as_f64().is_some_and(|v| v > 0.3));
    assert!(disparity(race, "largest-multiclass-true-rates")["figure"]["low"].as_f64().is_some());
    assert!(named(&attribute(&classes, "race (high)")["overall"]["figures"], "metric", "tpr")["value"].is_number());
    let numbers = measured(&["--task", "regression", "--label", "y", "--prediction", "y_pred", "--by", "race"]);
    let race = attribute(&numbers, "race");
    assert!(named(&race["overall"]["figures"], "metric", "r2")["low"].as_f64().is_some_and(|v| v > 0.0));
    let pair =
        race["pairs"].as_array().into_iter().flatten().find(|p| p["figure"]["metric"] == "statistical-parity-auc");
    assert!(pair.is_some_and(|p| p["figure"]["value"].is_number()));
    refused(&[&cohort(), "--task", "regression", "--label", "y", "--by", "race"], &["`prediction`"]);
    refused(
        &[&cohort(), "--task", "regression", "--label", "race", "--prediction", "y", "--by", "sex"],
        &["expected"],
    );
}

#[test]
fn weights_count_and_negative_ones_are_refused() {
    let plain = measured(&BINARY);
    let weighted = measured(&[&BINARY[..], &["--weight", "weight"]].concat());
    let tpr = |run: &Value| named(&attribute(run, "race")["overall"]["figures"], "metric", "tpr")["value"].as_f64();
    assert!(tpr(&plain) != tpr(&weighted) && tpr(&weighted).is_some());
    assert_eq!(weighted["weighted"], true);
    let folder = folder();
    let mut rows = "y,p,w\n".to_owned();
    for i in 0..60 {
        let _ = writeln!(rows, "{},{},{}", i % 2, i % 3 % 2, if i == 7 { 0 } else { 2 });
    }
    let zero = table(&folder, "zero.csv", &rows);
    let run = said(&bias(&[
        &zero,
        "--label",
        "y",
        "--prediction",
        "p",
        "--weight",
        "w",
        "--min-cell",
        "1",
        "--format",
        "json",
    ]));
    let run: Value = serde_json::from_str(&run).expect("JSON");
    assert_eq!((&run["rows"], &run["excluded"]), (&Value::from(59), &Value::from(1)), "weight 0 is nobody");
    let negative = table(&folder, "negative.csv", &rows.replacen(",2\n", ",-2\n", 1));
    refused(
        &[&negative, "--label", "y", "--prediction", "p", "--weight", "w"],
        &["expected a weight of 0 to 1e12 in column `w`", "data row 1"],
    );
}

#[test]
fn representation_and_proxies_are_measured() {
    let folder = folder();
    let population =
        table(&folder, "population.csv", "attribute,group,share\nrace,A,55\nrace,B,25\nrace,C,15\nrace,D,5\n");
    let run = measured(&[&BINARY[..], &["--population", &population, "--features", "x1,x2,x3"]].concat());
    let shares = &attribute(&run, "race")["shares"];
    assert_eq!(named(shares, "group", "A")["population"], 0.55);
    assert!(named(shares, "group", "A")["ratio"]["low"].as_f64().is_some());
    let share = |feature: &str| {
        let proxies = run["proxies"].as_array().into_iter().flatten();
        let mut mine = proxies.filter(|p| p["attribute"] == "race" && p["feature"] == feature);
        mine.next().and_then(|p| p["share"].as_f64()).expect("measured")
    };
    assert!(share("x1") > 10.0 * share("x2") && share("x1") > 0.01, "{} {}", share("x1"), share("x2"));
    let wrong = table(&folder, "wrong.csv", "attribute,group,share\nrace,A,much\n");
    refused(
        &[&[cohort().as_str()], &BINARY[..], &["--population", &wrong]].concat(),
        &["wrong.csv:2", "`much` is not a share"],
    );
}

#[test]
fn two_spellings_of_a_group_are_noticed() {
    let folder = folder();
    let mut rows = "g,y,p\n".to_owned();
    for i in 0..90 {
        let group = ["Black", "black ", "White"][i % 3];
        let _ = writeln!(rows, "{group},{},{}", i % 2, i % 5 % 2);
    }
    let file = table(&folder, "t.csv", &rows);
    let output = said(&bias(&[&file, "--label", "y", "--prediction", "p", "--by", "g"]));
    assert!(output.contains("spell it one way"), "{output}");
}

#[test]
fn one_class_only_says_why_there_is_nothing() {
    let folder = folder();
    let rows: String = "y,s\n".to_owned() + &"0,0.25\n0,0.5\n".repeat(40);
    let file = table(&folder, "t.csv", &rows);
    let run = said(&bias(&[&file, "--label", "y", "--score", "s", "--threshold", "0.4", "--format", "json"]));
    let run: Value = serde_json::from_str(&run).expect("JSON");
    let figures = &run["attributes"][0]["overall"]["figures"];
    let because = |metric: &str| named(figures, "metric", metric)["because"].as_str().unwrap_or_default().to_owned();
    for metric in ["auroc", "tpr", "calibration-slope"] {
        assert!(because(metric).contains("no positive labels"), "{metric}: {}", because(metric));
    }
    assert!(named(figures, "metric", "fpr")["value"].is_number());
}

#[test]
fn a_column_of_identifiers_is_no_group_however_long_it_is() {
    let folder = folder();
    let mut rows = "id,y,p,s\n".to_owned();
    for i in 0..250_000_u32 {
        let _ = writeln!(rows, "P{i},{},{},0.{i:06}", i % 2, i % 3 % 2);
    }
    let file = table(&folder, "t.csv", &rows);
    refused(
        &[&file, "--label", "y", "--prediction", "p", "--by", "id"],
        &["column `id` has more than 64 distinct values", "an identifier is no group"],
    );
    refused(
        &[&file, "--label", "y", "--prediction", "p", "--by", "p", "--features", "id"],
        &["column `id` has more than 50000 distinct values", "identifier; leave it out"],
    );
    // As many distinct scores as rows: they go on a grid, and the error of that is told.
    let run = said(&bias(&[&file, "--label", "y", "--score", "s", "--format", "json", "--draws", "100"]));
    let run: Value = serde_json::from_str(&run).expect("JSON");
    assert_eq!(run["half-cell"], 0.00005);
    let figures = &run["attributes"][0]["overall"]["figures"];
    for metric in ["auroc", "brier", "log-loss", "observed-expected", "calibration-slope"] {
        let bound = named(figures, "metric", metric)["error-bound"].as_f64().expect("a bound");
        assert!(bound > 0.0 && bound < 0.05, "{metric}: {bound}");
    }
}

#[test]
fn stored_counts_that_are_none_are_refused() {
    let folder = folder();
    refused(&["--from-counts", &table(&folder, "a.json", "{\"format\": \"x\"}")], &["does not hold stored counts"]);
    refused(&["--from-counts", &table(&folder, "b.json", "Jane Roe")], &["does not hold stored counts"]);
    refused(&["--from-counts", "none.json"], &["none.json"]);
    refused(&["--from-counts", "none.json", "--by", "race"], &["cannot be used with"]);
    let counts = folder.path().join("counts.json").to_string_lossy().into_owned();
    let cohort = cohort();
    said(&bias(&[&[cohort.as_str()], &BINARY[..], &["--write-counts", &counts]].concat()));
    let whole = fs::read_to_string(&counts).expect("written");
    let broken = whole.replacen("\"counts\":[", "\"counts\":[7,", 1);
    refused(&["--from-counts", &table(&folder, "c.json", &broken)], &["do not fit the question"]);
}

#[test]
fn a_figure_explains_itself() {
    let output = Command::new(env!("CARGO_BIN_EXE_medattest"))
        .args(["explain", "abroca"])
        .env("NO_COLOR", "1")
        .output()
        .expect("the binary runs");
    let said = said(&output);
    for word in ["integral of |ROC_g - ROC_r|", "0 to 1", "HolisticAI abroca"] {
        assert!(said.contains(word), "{word} in {said}");
    }
}
