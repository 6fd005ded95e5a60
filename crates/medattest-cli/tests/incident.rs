//! Incidents: what is owed, what was done, what nobody can change afterwards.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::path::Path;

use serde_json::Value;
use support::{json_of, medattest};

fn fine(folder: &Path, arguments: &[&str]) -> String {
    let output = medattest(folder, arguments);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(matches!(output.status.code(), Some(0 | 3)), "{arguments:?}: {told}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn json(folder: &Path, arguments: &[&str]) -> Value {
    json_of(folder, arguments, &[0, 3])
}

fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = medattest(folder, arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A maker of a cleared and CE-marked device that also holds personal data.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("written");
    write(
        "medattest.toml",
        "systems = [\"ecg.toml\"]\n[org]\nname = \"Maker\"\nkind = \"device-maker\"\nhipaa-status = \"business-associate\"\n",
    );
    write(
        "ecg.toml",
        "id = \"ecg\"\n[system]\nname = \"ECG reader\"\nmarkets = [\"us\", \"eu\"]\nroles = [\"provider\"]\nstate = \"deployed\"\n\
         in-house = false\n[purpose]\nmedical = true\nfunctions = [\"diagnosis\"]\nusers = [\"clinician\"]\n\
         significance = \"drive\"\nsituation = \"serious\"\nworst-harm = \"serious-or-surgical\"\n\
         [input]\nkinds = [\"physiological-signal\"]\n[output]\nforms = [\"risk-score\"]\n[fda]\nauthorisation = \"510k\"\n\
         [mdr]\ndrives-device-class = \"none\"\n[gdpr]\nrole = \"processor\"\ndata = \"special-category\"\n\
         [phi]\ndata = \"identifiable\"\n",
    );
    folder
}

fn duty<'a>(assessment: &'a Value, id: &str) -> &'a Value {
    let duties = assessment["duties"].as_array().expect("a list");
    duties.iter().find(|duty| duty["duty"] == id).unwrap_or_else(|| panic!("no duty {id}"))
}

const NEW: [&str; 11] = [
    "incident",
    "new",
    "silent-leads",
    "--system",
    "ecg",
    "--by",
    "R. Diaz, safety officer",
    "--set",
    "aware=2026-11-02T09:00:00-05:00",
    "--set",
    "system-involved=true",
];

#[test]
fn one_event_under_every_regime() {
    let folder = project();
    let at = folder.path();
    let shown = fine(at, &[&NEW[..], &["--now", "2026-11-05T09:00:00-05:00"]].concat());
    assert!(shown.contains("Questions, most decisive first"), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 80) && !shown.contains('\u{fffd}'), "{shown}");
    let by = ["--by", "R. Diaz, safety officer"];
    let facts = ["--set", "harm=serious", "--set", "incident.causation-excluded=false", "--set", "places=[\"eu\"]"];
    let more = [
        "--set",
        "anticipated=false",
        "--set",
        "public-health-threat=false",
        "--set",
        "remedial-action-needed=false",
    ];
    fine(at, &[&["incident", "update", "silent-leads"][..], &by, &facts, &more].concat());
    let found = json(at, &["incident", "assess", "silent-leads", "--now", "2026-11-14T09:00:00+01:00"]);
    let fda = duty(&found, "us-fda-postmarket/report-30-days");
    assert_eq!((&fda["state"], &fda["due"]), (&"owed".into(), &"2026-12-02".into()));
    assert_eq!(fda["overdue"], false);
    let mdr = duty(&found, "eu-mdr/death-or-deterioration");
    assert_eq!((&mdr["due"], &mdr["overdue"], &mdr["binding"]), (&"2026-11-12".into(), &true.into(), &true.into()));
    assert_eq!(duty(&found, "eu-mdr/serious-incident")["state"], "not-reportable");
    assert_eq!(duty(&found, "us-fda-postmarket/report-5-days")["state"], "not-reportable");
    assert_eq!(duty(&found, "us-fda-postmarket/facility-death")["state"], "not-reportable");
    let gdpr = duty(&found, "eu-gdpr/processor-to-controller");
    assert_eq!((&gdpr["state"], &gdpr["missing"][0]), (&"unknown".into(), &"incident.personal-data-breach".into()));
    // What is asked would decide something.
    let asked = found["questions"].as_array().expect("a list");
    assert!(asked.iter().any(|question| question["fact"] == "incident.personal-data-breach"));
    assert!(asked.iter().all(|question| question["duties"].as_u64() > Some(0)));
}

#[test]
fn drafts_show_what_is_empty_and_nothing_is_invented() {
    let folder = project();
    let at = folder.path();
    fine(at, &[&NEW[..], &["--set", "harm=death", "--set", "causation-excluded=false"]].concat());
    fine(at, &["incident", "assess", "silent-leads", "--drafts", "drafts", "--out", "incident.html"]);
    let draft = fs::read_to_string(at.join("drafts/us-fda-postmarket-report-30-days.html")).expect("a draft");
    assert!(draft.contains("ECG reader") && draft.contains("to be filled in") && draft.contains("fields are empty"));
    assert!(!at.join("drafts/us-fda-postmarket-facility-death.html").exists());
    let report = fs::read_to_string(at.join("incident.html")).expect("a report");
    assert!(report.contains("not legal advice") && report.contains("21 CFR 803"));
    fine(at, &["incident", "playbook", "ecg", "playbook.html"]);
    let playbook = fs::read_to_string(at.join("playbook.html")).expect("a playbook");
    assert!(playbook.contains("5 working days") && !playbook.contains("User facility to"));
}

#[test]
fn the_record_tells_what_was_changed() {
    let folder = project();
    let at = folder.path();
    fine(at, &NEW);
    let by = ["--by", "R. Diaz"];
    fine(at, &[&["incident", "update", "silent-leads", "--set", "harm=serious"][..], &by].concat());
    fine(at, &[&["incident", "update", "silent-leads", "--unset", "harm"][..], &by].concat());
    fine(at, &["incident", "assess", "silent-leads", "--by", "R. Diaz"]);
    let told = json(at, &["incident", "timeline", "silent-leads"]);
    let kinds: Vec<&str> = told["entries"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|entry| entry["deed"].as_object()?.keys().next().map(String::as_str))
        .collect();
    assert_eq!(kinds, ["opened", "learnt", "learnt", "learnt", "assessed"]);
    let path = at.join("incidents/silent-leads.jsonl");
    let whole = fs::read_to_string(&path).expect("a record");
    fs::write(&path, whole.replacen("\"true\"", "\"false\"", 1)).expect("written");
    assert!(refused(at, &["incident", "timeline", "silent-leads"]).contains("changed after it was written"));
    let last = whole.trim_end().rfind('\n').expect("several lines") + 1;
    fs::write(&path, whole.get(..last).expect("a prefix")).expect("written");
    let head = told["head"].as_str().expect("text");
    assert!(
        refused(at, &["incident", "timeline", "silent-leads", "--sealed", head]).contains("no entry has that digest")
    );
    fs::write(&path, &whole).expect("written");
    fine(at, &["incident", "timeline", "silent-leads", "--sealed", head]);
}

#[test]
fn what_is_due_is_told_until_it_was_sent() {
    let folder = project();
    let at = folder.path();
    assert_eq!(medattest(at, &["incident", "due"]).status.code(), Some(0));
    let facts = ["--set", "harm=death", "--set", "causation-excluded=false", "--set", "places=[\"us\"]"];
    fine(at, &[&NEW[..], &facts].concat());
    let due = |now: &str| medattest(at, &["incident", "due", "--calendar", "due.ics", "--now", now]).status.code();
    assert_eq!(due("2026-12-02T23:00:00-05:00"), Some(3));
    assert_eq!(due("2026-12-03T00:00:00-05:00"), Some(1));
    let calendar = fs::read_to_string(at.join("due.ics")).expect("a calendar");
    assert!(calendar.contains("DTSTART;VALUE=DATE:20261202") && calendar.contains("BEGIN:VALARM"));
    let sent = ["--sent", "us-fda-postmarket/report-30-days", "--on", "2026-11-30", "--reference", "1234567-2026-1"];
    fine(at, &[&["incident", "update", "silent-leads", "--by", "R. Diaz"][..], &sent].concat());
    let listed = json(at, &["incident", "due", "--now", "2026-12-03T00:00:00-05:00"]);
    let left = listed["due"].as_array().expect("a list");
    assert!(left.iter().all(|duty| duty["duty"] != "us-fda-postmarket/report-30-days"));
    // Reports are still open for want of facts, so closing has to say why.
    assert!(refused(at, &["incident", "close", "silent-leads", "--by", "R. Diaz"]).contains("owed or open"));
    let because =
        ["--because", "Nothing but the report to the authority applies; see the file of the safety office."];
    fine(at, &[&["incident", "close", "silent-leads", "--by", "R. Diaz"][..], &because].concat());
    assert_eq!(due("2027-12-03T00:00:00-05:00"), Some(0));
    // What is learnt later opens it again.
    let later = ["--set", "information-added=true", "--set", "new-information=2027-01-04"];
    fine(at, &[&["incident", "update", "silent-leads", "--by", "R. Diaz"][..], &later].concat());
    let again = json(at, &["incident", "assess", "silent-leads", "--now", "2027-01-05T09:00:00-05:00"]);
    assert_eq!(
        (&again["closed"], &duty(&again, "us-fda-postmarket/supplement")["due"]),
        (&false.into(), &"2027-02-03".into())
    );
}

#[test]
fn bad_input_is_told_and_nothing_is_written() {
    let folder = project();
    let at = folder.path();
    assert!(refused(at, &["incident", "new", "../x", "--system", "ecg", "--by", "A"]).contains("small letters"));
    assert!(refused(at, &["incident", "new", "x", "--system", "ecq", "--by", "A"]).contains("systems: ecg"));
    let set = |fact: &str| refused(at, &["incident", "new", "x", "--system", "ecg", "--by", "A", "--set", fact]);
    assert!(set("aware=2026-11-02T09:00:00").contains("zone"));
    assert!(set("harm=awful").contains("serious"));
    assert!(set("harn=serious").contains("did you mean"));
    assert!(set("system.state=\"pilot\"").contains("not known"));
    assert!(!at.join("incidents").exists());
    fine(at, &NEW);
    assert!(refused(at, &NEW).contains("already"));
    let close = ["incident", "close", "silent-leads", "--by", "A", "--because"];
    let told = refused(at, &[&close[..], &["John Smith, MRN 84736251, died on 11/02/2026"]].concat());
    assert!(told.contains("identify") && !told.contains("Smith") && !told.contains("84736251"));
    assert!(refused(at, &["incident", "assess", "silent-lead"]).contains("did you mean `silent-leads`"));
}
