//! The readmission model on real data, beside figures of reference packages (Fairlearn, scikit-learn, statsmodels,
//! SciPy). Runs only where the data is: `MEDATTEST_SHARED_DATA`, or `../shared/data` beside the repository.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn data() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = std::env::var_os("MEDATTEST_SHARED_DATA").map_or_else(|| root.join("../shared/data"), PathBuf::from);
    let folder = folder.join("diabetes-readmission");
    folder.join("predictions.parquet").is_file().then_some(folder)
}

fn medattest(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_medattest")).args(arguments).output().expect("the binary runs")
}

fn bias(folder: &Path, more: &[&str]) -> Value {
    let table = folder.join("predictions.parquet").to_string_lossy().into_owned();
    let mut arguments = vec![
        "bias",
        &table,
        "--label",
        "y_true",
        "--prediction",
        "y_pred",
        "--score",
        "y_score",
        "--by",
        "race,gender",
        "--filter",
        "split <> 'train'",
        "--format",
        "json",
    ];
    arguments.extend(more);
    let output = medattest(&arguments);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn read(folder: &Path, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join(name)).expect(name)).expect("JSON")
}

fn figure<'a>(figures: &'a Value, metric: &str) -> &'a Value {
    figures.as_array().into_iter().flatten().find(|f| f["metric"] == metric).unwrap_or(&Value::Null)
}

fn near(got: &Value, wanted: &Value, tolerance: f64, what: &str) {
    let (got, wanted) = (got.as_f64().expect(what), wanted.as_f64().expect(what));
    assert!((got - wanted).abs() <= tolerance, "{what}: {got} and {wanted}");
}

#[test]
fn every_estimate_agrees_with_the_reference() {
    let Some(folder) = data() else { return };
    let run = bias(&folder, &["--min-cell", "1", "--draws", "100"]);
    let reference = &read(&folder, "expected_clinical.json")["sets"]["evaluation"];
    assert_eq!(run["rows"], 50_883);
    let mut compared = 0;
    for attribute in run["attributes"].as_array().expect("attributes") {
        let name = attribute["attribute"].as_str().expect("name").replace(" x ", "|");
        for group in attribute["groups"].as_array().expect("groups") {
            let label = group["group"].as_str().expect("label").replace(" x ", "|");
            let wanted = &reference[&name][&label];
            assert!(wanted.is_object(), "{name} {label}");
            assert_eq!(group["n"], wanted["n"]);
            assert_eq!(group["positives"], wanted["n_pos"]);
            for (metric, theirs) in [
                ("prevalence", "prevalence"),
                ("selection-rate", "selection_rate"),
                ("tpr", "tpr"),
                ("fpr", "fpr"),
                ("ppv", "ppv"),
                ("npv", "npv"),
                ("accuracy", "accuracy"),
            ] {
                let (ours, theirs) = (figure(&group["figures"], metric), &wanted[theirs]);
                if theirs["est"].is_null() {
                    assert!(ours["value"].is_null(), "{label} {metric}");
                    continue;
                }
                near(&ours["value"], &theirs["est"], 1e-12, metric);
                near(&ours["low"], &theirs["wilson95"][0], 1e-9, metric);
                near(&ours["high"], &theirs["wilson95"][1], 1e-9, metric);
                compared += 1;
            }
            near(&figure(&group["figures"], "brier")["value"], &wanted["brier"], 1e-12, "brier");
            let (ours, theirs) = (figure(&group["figures"], "observed-expected"), &wanted["oe_ratio"]);
            near(&ours["value"], &theirs["oe"], 1e-12, "o:e");
            if theirs["observed"] == 0 {
                // The reference gives no interval here; the exact one begins at nothing.
                near(&ours["low"], &Value::from(0.0), 0.0, "o:e low");
            } else {
                near(&ours["low"], &theirs["ci95_poisson_exact"][0], 1e-6, "o:e low");
                near(&ours["high"], &theirs["ci95_poisson_exact"][1], 1e-6, "o:e high");
            }
        }
    }
    assert!(compared > 130, "{compared} figures compared");
}

#[test]
fn auroc_and_its_delong_interval_agree_with_the_reference() {
    let Some(folder) = data() else { return };
    let run = bias(&folder, &["--min-cell", "1", "--draws", "100"]);
    let table = std::fs::read_to_string(folder.join("expected_proc.csv")).expect("read");
    let mut compared = 0;
    for line in table.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').map(|field| field.trim_matches('"')).collect();
        let [set, group, _, _, auc, low, high, ..] = fields.as_slice() else { panic!("a row of eight fields") };
        let attributes = run["attributes"].as_array().expect("attributes");
        let found = match *set {
            "overall" => Some(&attributes[0]["overall"]),
            set => attributes
                .iter()
                .filter(|a| a["attribute"] == set.replace('|', " x "))
                .flat_map(|a| a["groups"].as_array().into_iter().flatten())
                .find(|g| g["group"] == group.replace('|', " x ")),
        };
        let Some(found) = found else { continue };
        let ours = figure(&found["figures"], "auroc");
        if *auc == "NA" {
            assert_eq!(ours["because"], "not estimable: no positive labels");
            continue;
        }
        for (name, theirs) in [("value", auc), ("low", low), ("high", high)] {
            let theirs = Value::from(theirs.parse::<f64>().expect("a number"));
            near(&ours[name], &theirs, 1e-9, &format!("{set} {group} {name}"));
        }
        compared += 1;
    }
    assert!(compared >= 20, "{compared} areas compared");
}

#[test]
fn two_patients_without_a_recorded_gender_do_not_make_the_headline() {
    let Some(folder) = data() else { return };
    let run = bias(&folder, &["--draws", "100"]);
    let gender = &run["attributes"][1];
    let odds = gender["disparities"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|d| d["figure"]["metric"] == "equalized-odds-difference")
        .expect("reported");
    near(&odds["figure"]["value"], &Value::from(0.045), 5e-4, "equalized odds difference");
    assert_eq!(odds["groups"], 2);
    assert!(odds["left-out"][0].as_str().is_some_and(|why| why.starts_with("Unknown/Invalid")), "{odds}");
    let small =
        gender["groups"].as_array().into_iter().flatten().find(|g| g["group"] == "Unknown/Invalid").expect("listed");
    assert!(small["n"].is_null(), "two patients are not shown");
}

#[test]
fn patients_resampled_whole_keep_the_estimates_and_widen_what_repeats() {
    let Some(folder) = data() else { return };
    let (plain, clustered) =
        (bias(&folder, &["--draws", "200"]), bias(&folder, &["--draws", "200", "--cluster", "patient_nbr"]));
    assert!(clustered["clusters"].as_u64().is_some_and(|n| n > 30_000));
    let overall = |run: &Value, metric: &str| figure(&run["attributes"][0]["overall"]["figures"], metric).clone();
    for metric in ["tpr", "fpr", "auroc", "brier", "observed-expected"] {
        let (a, b) = (overall(&plain, metric), overall(&clustered, metric));
        near(&a["value"], &b["value"], 1e-12, metric);
        assert!(b["method"].as_str().is_some_and(|m| m.contains("cluster")), "{metric}");
    }
}

#[test]
fn the_readmission_project_is_audited_with_the_users_data() {
    let Some(folder) = data() else { return };
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/readmission");
    let (project, data) = (project.to_string_lossy().into_owned(), folder.to_string_lossy().into_owned());
    let output = medattest(&[
        "audit",
        &project,
        "--data",
        &data,
        "--as-of",
        "2026-11-24",
        "--format",
        "json",
        "--no-cache",
        "--draws",
        "200",
    ]);
    assert!(matches!(output.status.code(), Some(0 | 1 | 3)), "{}", String::from_utf8_lossy(&output.stderr));
    let run: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let findings = run["systems"][0]["findings"].as_array().expect("findings");
    let measured =
        |f: &&Value| f["rule"] == "us-section-1557/disparity-above-policy" && f["outcome"] != "not-applicable";
    assert!(findings.iter().any(|f| measured(&f)), "45 CFR 92.210 is judged on what was measured");
    assert_eq!(run["systems"][0]["evidence"][0]["rows"], 50_883);
    let missing = medattest(&["audit", &project]);
    assert_eq!(missing.status.code(), Some(2), "without the data nothing is assessed");
    assert!(String::from_utf8_lossy(&missing.stderr).contains("--data"));
}

#[test]
fn calibration_utility_and_contrasts_agree_with_the_reference() {
    let Some(folder) = data() else { return };
    let run = bias(
        &folder,
        &[
            "--min-cell",
            "1",
            "--draws",
            "100",
            "--threshold",
            "0.156838",
            "--reference",
            "race=Caucasian",
            "--versus",
            "y_score_xgb",
        ],
    );
    let reference = &read(&folder, "expected_clinical.json")["sets"]["evaluation"];
    let race = run["attributes"].as_array().into_iter().flatten().find(|a| a["attribute"] == "race").expect("race");
    for group in race["groups"].as_array().expect("groups") {
        let label = group["group"].as_str().expect("label");
        let wanted = &reference["race"][label];
        let of = |metric: &str| &figure(&group["figures"], metric)["value"];
        near(of("calibration-intercept"), &wanted["calibration_in_the_large"]["est"], 1e-6, label);
        near(of("calibration-slope"), &wanted["calibration_slope"]["slope"], 1e-6, label);
        near(of("ece"), &wanted["ece_10_equal_width"], 1e-9, label);
        near(of("net-benefit"), &wanted["net_benefit"]["0.156838"]["model"], 1e-9, label);
        for threshold in ["0.05", "0.1", "0.2", "0.3"] {
            let at: f64 = threshold.parse().expect("a number");
            let points = group["operating"].as_array().into_iter().flatten();
            let point = points.clone().find(|o| o["threshold"].as_f64() == Some(at)).expect("on the grid");
            // Curves are shown with three decimals.
            near(&point["net-benefit"], &wanted["net_benefit"][threshold]["model"], 5e-4, label);
        }
    }
    let contrast = |group: &str, metric: &str| {
        let id = format!("{metric}-difference");
        let mut all = race["contrasts"].as_array().into_iter().flatten();
        all.find(|c| c["group"] == group && c["difference"]["metric"] == *id).expect("a contrast").clone()
    };
    for (group, metric, theirs) in [
        ("Hispanic", "fpr", "fpr"),
        ("Asian", "tpr", "tpr"),
        ("AfricanAmerican", "ppv", "ppv"),
        ("Other", "selection-rate", "selection_rate"),
    ] {
        let wanted = &reference["pairwise"][format!("race:{group} vs Caucasian:{theirs}")];
        let got = contrast(group, metric);
        near(&got["difference"]["value"], &wanted["diff"], 1e-9, metric);
        near(&got["difference"]["low"], &wanted["newcombe95"][0], 1e-9, metric);
        near(&got["difference"]["high"], &wanted["newcombe95"][1], 1e-9, metric);
        near(&got["ratio"]["low"], &wanted["ratio_log95"][0], 1e-9, metric);
        near(&got["ratio"]["high"], &wanted["ratio_log95"][1], 1e-9, metric);
    }
    // pROC tests the same difference against a t distribution of 1,064 degrees of freedom.
    near(&contrast("Hispanic", "auroc")["p"], &Value::from(0.000346502660697099), 2e-5, "unpaired DeLong");
    let paired =
        run["paired"].as_array().into_iter().flatten().find(|p| p["attribute"] == "everyone").expect("paired");
    near(&paired["p"], &Value::from(0.762381408427014), 5e-3, "paired DeLong, shown with two digits");
    let area = |group: &str| {
        let mut pairs = race["pairs"].as_array().into_iter().flatten();
        pairs.find(|p| p["group"] == group && p["figure"]["metric"] == "abroca").expect("an area")["figure"]["value"]
            .clone()
    };
    near(&area("AfricanAmerican"), &Value::from(0.0127), 5e-5, "the area between the curves");
    near(&area("Hispanic"), &Value::from(0.0975), 5e-5, "the area between the curves");
}
