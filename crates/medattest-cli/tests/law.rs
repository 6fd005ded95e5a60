//! The law over time: how it stands, what changes, and the calendar of it.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use support::{json_of, medattest};

fn json(folder: &Path, arguments: &[&str]) -> Value {
    json_of(folder, arguments, &[0])
}

/// How a requirement stands on a day.
fn stands(folder: &Path, pack: &str, requirement: &str, day: &str) -> Vec<String> {
    let status = json(folder, &["law", "status", "--all", "--pack", pack, "--as-of", day]);
    let stands = status["stands"].as_array().expect("a list");
    let mine = stands.iter().filter(|stand| stand["requirement"] == requirement);
    mine.map(|stand| stand["status"].as_str().expect("text").to_owned()).collect()
}

#[test]
fn both_sides_of_a_day() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    assert_eq!(stands(at, "eu-ai-act", "article-6-2", "2027-12-01"), ["adopted-not-yet-applicable"]);
    assert_eq!(stands(at, "eu-ai-act", "article-6-2", "2027-12-02"), ["in-force"]);
    let diff = |from: &str, to: &str| json(at, &["law", "diff", from, to, "--pack", "eu-ai-act"]);
    let mine = |value: &Value| {
        let changes = value["changes"].as_array().expect("a list").clone();
        changes.into_iter().find(|change| change["stand"]["requirement"] == "article-6-2")
    };
    assert!(mine(&diff("2027-11-01", "2027-12-01")).is_none());
    let change = mine(&diff("2027-12-01", "2027-12-02")).expect("a change");
    assert_eq!(
        (&change["date"], &change["before"], &change["after"]),
        (&Value::from("2027-12-02"), &Value::from("adopted-not-yet-applicable"), &Value::from("in-force"))
    );
    // Two halves of a stretch of time tell what the whole does.
    let count = |from, to| diff(from, to)["changes"].as_array().expect("a list").len();
    assert_eq!(
        count("2026-06-01", "2027-06-01") + count("2027-06-01", "2029-01-01"),
        count("2026-06-01", "2029-01-01")
    );
    assert!(diff("2027-12-02", "2027-12-02")["changes"].as_array().expect("a list").is_empty());
}

#[test]
fn a_calendar_is_whole_and_the_same_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let write = |name: &str, day: &str| {
        let output = medattest(at, &["law", "calendar", name, "--as-of", day]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        fs::read_to_string(at.join(name)).expect("written")
    };
    let first = write("a.ics", "2026-11-26");
    assert_eq!(first, write("b.ics", "2026-11-26"));
    assert!(first.starts_with("BEGIN:VCALENDAR\r\n") && first.ends_with("END:VCALENDAR\r\n"));
    // RFC 5545 recommends 75 octets; the folding space may make it one more.
    assert!(first.split("\r\n").all(|line| line.len() <= 76 && !line.contains('\n')));
    let uids = |text: &str| -> Vec<String> {
        text.lines().filter_map(|line| line.strip_prefix("UID:")).map(str::to_owned).collect()
    };
    let all = uids(&first);
    assert!(all.len() > 30 && all.iter().collect::<BTreeSet<_>>().len() == all.len());
    // A later file names the same changes by the same names.
    let later = uids(&write("c.ics", "2027-06-01"));
    assert!(!later.is_empty() && later.len() < all.len() && later.iter().all(|uid| all.contains(uid)));
}

#[test]
fn what_is_unsettled_is_told_on_a_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = medattest(folder.path(), &["law", "status", "--as-of", "2026-11-26"]);
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(shown.contains("\ncontested\n") && shown.contains("Article 72 was not deferred"), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 80));
    let wrong = medattest(folder.path(), &["law", "diff", "2027-01-01", "2026-01-01"]);
    assert_eq!(wrong.status.code(), Some(2));
    let near = medattest(folder.path(), &["law", "status", "--pack", "eu-aiact"]);
    assert!(String::from_utf8_lossy(&near.stderr).contains("did you mean `eu-ai-act`?"));
}
