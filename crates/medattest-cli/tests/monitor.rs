//! Watching a model on files: what is counted once, what is told, and to whom.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_medattest"));
    command.args(arguments).current_dir(folder).env("NO_COLOR", "1").env("TMPDIR", folder);
    command
}

fn medattest(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const PLAN: &str = r#"
id = "sepsis"
title = "Sepsis score"
owner = "CMIO"
every = "month"
ignore = ["mrn"]
text = ["note"]
[reference]
path = "reference.csv"
[data]
path = "live"
[windows]
by = "period"
column = "seen"
length = "month"
[model]
score = "score"
label = "outcome"
threshold = 0.3
groups = ["sex"]
site = "ward"
[[threshold]]
id = "calibration"
measure = "observed-expected"
at-most = 1.3
severity = "high"
action = "Recalibrate"
who = "Data science"
[[escalation]]
after-windows = 2
to = "AI board"
"#;

/// A month of invented patients; `risk` times as many events as the score says, laboratory values shifted by `shift`.
fn month(year: i32, month: u32, risk: f64, shift: f64) -> String {
    let mut rows = "seen,mrn,age,lab,sex,ward,score,outcome,note\n".to_owned();
    for i in 0..600u32 {
        let score = f64::from(i % 50) / 100.0 + 0.005;
        // Every 50 rows the same scores: of ten rows with a score, as many have the event as it says.
        let event = f64::from(i / 50) < (score * risk * 12.0).round();
        let lab = 4.0 + f64::from(i * 37 % 40) / 10.0 + shift;
        let sex = if i % 2 == 0 { "F" } else { "M" };
        let note = if i % 3 == 0 { "seen today without complaints" } else { "stable" };
        let _ = writeln!(
            rows,
            "{year}-{month:02}-{:02},MRN7731{i:04},{},{lab:.1},{sex},w{},{score:.3},{},{note}",
            i % 28 + 1,
            40 + i * 13 % 45,
            i % 4,
            u8::from(event),
        );
    }
    rows
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: String| fs::write(folder.path().join(name), text).expect("written");
    fs::create_dir(folder.path().join("live")).expect("made");
    write("plan.toml", PLAN.to_owned());
    write("reference.csv", month(2026, 1, 1.0, 0.0));
    write("live/2026-02.csv", month(2026, 2, 1.0, 0.0));
    write("live/2026-03.csv", month(2026, 3, 1.0, 0.0));
    folder
}

const MARCH: [&str; 4] = ["monitor", "plan.toml", "--as-of", "2026-04-02"];
const APRIL: [&str; 4] = ["monitor", "plan.toml", "--as-of", "2026-05-02"];

#[test]
fn a_month_is_counted_once_and_a_broken_limit_is_told_once() {
    let folder = folder();
    let quiet = medattest(folder.path(), &MARCH);
    assert_eq!(quiet.status.code(), Some(0), "{}{}", text(&quiet.stdout), text(&quiet.stderr));
    assert!(text(&quiet.stdout).contains("2 files counted now"));
    assert!(text(&medattest(folder.path(), &MARCH).stdout).contains("0 files counted now"));

    // In April many more patients fall ill than the score says.
    fs::write(folder.path().join("live/2026-04.csv"), month(2026, 4, 1.8, 0.0)).expect("written");
    let arguments =
        [&APRIL[..], &["--alerts", "a.jsonl", "--prometheus", "m.prom", "--write", "r.html", "--write", "r.json"]]
            .concat();
    let broken = medattest(folder.path(), &arguments);
    assert_eq!(broken.status.code(), Some(1), "{}", text(&broken.stderr));
    let shown = text(&broken.stdout);
    assert!(shown.contains("1 file counted now") && shown.contains("Recalibrate"), "{shown}");
    let alerts = fs::read_to_string(folder.path().join("a.jsonl")).expect("written");
    let calibration: Vec<Value> = alerts
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .filter(|alert: &Value| alert["subject"] == "calibration")
        .collect();
    assert_eq!(calibration.len(), 1);
    assert_eq!(calibration[0]["who"], "Data science");
    assert_eq!(calibration[0]["window"], "2026-04-01");
    assert_eq!(medattest(folder.path(), &arguments).status.code(), Some(1));
    assert_eq!(fs::read_to_string(folder.path().join("a.jsonl")).expect("there"), alerts, "told once");

    let metrics = fs::read_to_string(folder.path().join("m.prom")).expect("written");
    assert!(metrics.contains("medattest_monitor_alerts{plan=\"sepsis\",severity=\"high\"} 1"), "{metrics}");
    for line in metrics.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').expect("name and value");
        assert!(name.starts_with("medattest_monitor_") && value.parse::<f64>().is_ok(), "{line}");
    }
    let report: Value =
        serde_json::from_slice(&fs::read(folder.path().join("r.json")).expect("written")).expect("JSON");
    let schema = medattest(folder.path(), &["schema", "monitor"]);
    let schema: Value = serde_json::from_slice(&schema.stdout).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    assert_eq!(validator.iter_errors(&report).map(|e| e.to_string()).collect::<Vec<_>>(), Vec::<String>::new());
    assert_eq!(report["windows"].as_array().expect("a list").len(), 3);

    // No identifier of a patient and no word of a note is anywhere, the state included.
    let mut everything = shown + &alerts + &metrics + &report.to_string();
    everything += &fs::read_to_string(folder.path().join("r.html")).expect("written");
    for entry in walk(&folder.path().join(".medattest")) {
        everything += &fs::read_to_string(entry).expect("text");
    }
    assert!(!everything.contains("MRN7731") && !everything.contains("complaints"));
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        if entry.path().is_dir() { found.extend(walk(&entry.path())) } else { found.push(entry.path()) }
    }
    found
}

#[test]
fn a_shift_of_inputs_is_drift_and_stays_open_until_somebody_is_told() {
    let folder = folder();
    for (name, at) in [("live/2026-04.csv", 4), ("live/2026-05.csv", 5)] {
        fs::write(folder.path().join(name), month(2026, at, 1.0, 2.0)).expect("written");
    }
    let output = medattest(folder.path(), &["monitor", "plan.toml", "--as-of", "2026-06-02", "--format", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let newest = report["windows"].as_array().expect("a list").last().expect("a window");
    let drifted: Vec<&str> = newest["columns"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|c| c["because"].as_array().is_some_and(|b| !b.is_empty()))
        .map(|c| c["column"].as_str().expect("text"))
        .collect();
    assert_eq!(drifted, ["lab"]);
    let alert = report["alerts"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|a| a["subject"] == "lab" && a["window"] == "2026-05-01")
        .expect("told");
    assert_eq!(alert["open-for"], 2);
    assert_eq!(alert["escalated-to"][0], "AI board");
}

#[test]
fn what_was_half_written_is_counted_again_and_what_is_gone_stays_counted() {
    let folder = folder();
    assert_eq!(medattest(folder.path(), &MARCH).status.code(), Some(0));
    let parts = folder.path().join(".medattest/monitor/sepsis/parts");
    let part = fs::read_dir(&parts).expect("a folder").flatten().next().expect("a part").path();
    let whole = fs::read(&part).expect("read");
    fs::write(&part, &whole[..whole.len() / 2]).expect("written");
    fs::write(parts.join(".tmpAbCdEf"), "{").expect("written");
    let again = medattest(folder.path(), &MARCH);
    assert!(text(&again.stdout).contains("1 file counted now"), "{}", text(&again.stdout));
    assert_eq!(fs::read(&part).expect("read"), whole, "the same counts");
    // Data may be moved away: the profile and the windows stay.
    fs::remove_dir_all(folder.path().join("live")).expect("removed");
    fs::remove_file(folder.path().join("reference.csv")).expect("removed");
    let later = medattest(folder.path(), &["monitor", "plan.toml", "--as-of", "2026-07-01"]);
    let shown = text(&later.stdout);
    assert_eq!(later.status.code(), Some(1), "{shown}");
    assert!(shown.contains("2026-03-01") && shown.contains("no window since 2026-03-31"), "{shown}");
}

#[test]
fn rows_come_from_a_pipe_too() {
    let folder = folder();
    let plan = PLAN.replace("path = \"live\"", "path = \"-\"");
    fs::write(folder.path().join("plan.toml"), plan).expect("written");
    let mut child =
        command(folder.path(), &MARCH).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("runs");
    child.stdin.take().expect("a pipe").write_all(month(2026, 3, 1.0, 0.0).as_bytes()).expect("written");
    let output = child.wait_with_output().expect("ends");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("2026-03-01"));
    let left: Vec<_> =
        walk(folder.path()).into_iter().filter(|p| p.to_string_lossy().contains("medattest")).collect();
    assert!(
        left.iter().all(|path| path.extension().is_some_and(|e| e == "json") || path.ends_with(".gitignore")),
        "{left:?}"
    );
}

#[test]
fn a_webhook_is_signed_and_tried_again() {
    let folder = folder();
    fs::write(folder.path().join("live/2026-04.csv"), month(2026, 4, 1.8, 0.0)).expect("written");
    fs::write(folder.path().join("key"), "s3cret\n").expect("written");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/alerts", listener.local_addr().expect("an address"));
    let server = std::thread::spawn(move || {
        let mut bodies = Vec::new();
        for answer in ["500 Oops", "200 OK"] {
            let (mut stream, _) = listener.accept().expect("a request");
            bodies.push(read_request(&mut stream));
            write!(stream, "HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").expect("answered");
        }
        bodies
    });
    let output = medattest(folder.path(), &[&APRIL[..], &["--webhook", &url, "--webhook-key", "key"]].concat());
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let requests = server.join().expect("served");
    assert_eq!(requests[0], requests[1], "the same request again");
    let (head, body) = &requests[0];
    let body_json: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(body_json["format"], "medattest-alerts-v1");
    let signature = head
        .lines()
        .find_map(|l| l.to_ascii_lowercase().strip_prefix("x-medattest-signature: sha256=").map(str::to_owned));
    let expected = {
        use hmac::{Hmac, KeyInit as _, Mac as _};
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"s3cret").expect("a key");
        mac.update(body.as_bytes());
        mac.finalize().into_bytes().iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    };
    assert_eq!(signature.as_deref(), Some(expected.as_str()));
    // Nobody listens any more: it is told, and nothing counts as sent that was not.
    let gone = medattest(folder.path(), &["monitor", "plan.toml", "--as-of", "2026-09-02", "--webhook", &url]);
    assert_eq!(gone.status.code(), Some(2));
    assert!(text(&gone.stderr).contains("cannot be reached"), "{}", text(&gone.stderr));
}

fn read_request(stream: &mut TcpStream) -> (String, String) {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        if line.trim().is_empty() {
            break;
        }
        if let Some(n) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = n.trim().parse().expect("a number");
        }
        head += &line;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    (head, text(&body))
}

#[test]
fn a_folder_is_watched_and_metrics_are_served() {
    let folder = folder();
    let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
    let address = format!("127.0.0.1:{port}");
    let arguments = [&APRIL[..], &["--watch", "--interval", "1", "--listen", &address]].concat();
    let mut child =
        command(folder.path(), &arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("runs");
    let fetch = || -> Option<String> {
        let mut stream = TcpStream::connect(&address).ok()?;
        write!(stream, "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    };
    let until = |what: &str| {
        let started = Instant::now();
        loop {
            if fetch().is_some_and(|answer| answer.contains(what)) {
                return true;
            }
            if started.elapsed() > Duration::from_secs(60) {
                return false;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    };
    let first = until("medattest_monitor_windows{plan=\"sepsis\"} 2");
    fs::write(folder.path().join("live/2026-04.csv"), month(2026, 4, 1.8, 0.0)).expect("written");
    let second = until("medattest_monitor_windows{plan=\"sepsis\"} 3");
    child.kill().expect("killed");
    child.wait().expect("ended");
    assert!(first && second);
    // Whatever it was doing, the next look finds whole state.
    assert_eq!(medattest(folder.path(), &APRIL).status.code(), Some(1));
}

#[test]
fn mistakes_of_a_plan_are_told_with_their_places() {
    let folder = folder();
    for (from, to, said) in [
        ("observed-expected", "observed-expcted", "did you mean `observed-expected`?"),
        ("column = \"seen\"\n", "", "lack what they are cut by"),
        ("at-most = 1.3\n", "", "has no limit"),
        ("path = \"live\"", "path = \"dead\"", "there is no such file or folder"),
        ("column = \"seen\"", "column = \"sen\"", "did you mean `seen`?"),
        ("label = \"outcome\"", "label = \"outcome\"\nlable = \"x\"", "lable"),
        ("id = \"sepsis\"", "id = \"../up\"", "lower-case letters"),
        ("score = \"score\"", "score = \"note\"", "does not hold numbers"),
        ("measure = \"observed-expected\"", "measure = \"tpr-difference\"", "names none"),
        ("every = \"month\"", "every = \"fortnight\"", "fortnight"),
    ] {
        let plan = PLAN.replace(from, to);
        assert_ne!(plan, PLAN, "{from}");
        fs::write(folder.path().join("bad.toml"), plan).expect("written");
        let output = medattest(folder.path(), &["monitor", "bad.toml", "--state", "s"]);
        let shown = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{to}: {shown}");
        assert!(shown.contains(said), "{to}: {shown}");
        assert!(!shown.contains("MRN7731") && !shown.contains("complaints"));
    }
    let new = medattest(folder.path(), &["monitor", "--new"]);
    fs::write(folder.path().join("new.toml"), &new.stdout).expect("written");
    let output = medattest(folder.path(), &["monitor", "new.toml"]);
    // The plan itself is fine; only its data are not there.
    assert!(text(&output.stderr).contains("reference.parquet"), "{}", text(&output.stderr));
}

#[test]
fn errors_of_numbers_are_watched_and_foreseen() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = |wide: bool| {
        let mut rows = "age,dose,truth\n".to_owned();
        for i in 0..3_000u32 {
            let age = i * 37 % 90;
            let far = age > 60 || wide;
            let error = f64::from(i % 7) - 3.0;
            let _ = writeln!(
                rows,
                "{},{},{}",
                if wide { 61 + age % 29 } else { age },
                i % 50,
                f64::from(i % 50) + if far { 4.0 * error } else { error }
            );
        }
        rows
    };
    fs::write(folder.path().join("reference.csv"), table(false)).expect("written");
    fs::write(folder.path().join("live.csv"), table(true)).expect("written");
    let plan = "id = \"dose\"\nevery = \"month\"\n[reference]\npath = \"reference.csv\"\n[data]\npath = \"live.csv\"\n\
                [model]\ntask = \"regression\"\nscore = \"dose\"\nlabel = \"truth\"\n\
                [[threshold]]\nid = \"mae\"\nmeasure = \"mae\"\nat-most = 4.0\nseverity = \"high\"\n";
    fs::write(folder.path().join("plan.toml"), plan).expect("written");
    let output = medattest(folder.path(), &["monitor", "plan.toml", "--write", "r.html"]);
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{shown}{}", text(&output.stderr));
    // 4 times the mean of |-3 … 3|, which is 12/7.
    assert!(shown.contains("6.85"), "{shown}");
    let html = fs::read_to_string(folder.path().join("r.html")).expect("written");
    assert!(html.contains("foreseen without labels"));
}

#[test]
fn two_tables_are_compared_without_a_plan() {
    let folder = folder();
    fs::write(folder.path().join("shifted.csv"), month(2026, 4, 1.0, 2.0)).expect("written");
    let arguments =
        ["drift", "reference.csv", "shifted.csv", "--ignore", "mrn,seen", "--text", "note", "--classifier"];
    let output = medattest(folder.path(), &[&arguments[..], &["--format", "json"]].concat());
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(found["drifted"], 1);
    assert!(found["classifier"]["auroc"]["value"].as_f64().is_some_and(|auroc| auroc > 0.7));
    assert_eq!(found["classifier"]["importance"][0][0], "lab");
    let same = medattest(folder.path(), &["drift", "reference.csv", "reference.csv", "--policy", "evidently"]);
    assert_eq!(same.status.code(), Some(0), "{}", text(&same.stdout));
}

#[test]
fn a_project_is_judged_by_how_its_model_is_watched() {
    let folder = folder();
    fs::create_dir(folder.path().join("systems")).expect("made");
    let project = "packs = [\"nist-ai-rmf\"]\n[org]\nname = \"Test\"\n";
    fs::write(folder.path().join("medattest.toml"), project).expect("written");
    let system = "id = \"sepsis\"\n[system]\nname = \"Sepsis\"\nmarkets = [\"us\"]\ninfers = true\nstate = \"deployed\"\n\
                  [[monitor]]\nplan = \"plan.toml\"\n";
    fs::write(folder.path().join("systems/sepsis.toml"), system).expect("written");
    let outcome = |as_of: &str| {
        let output = medattest(folder.path(), &["audit", "--as-of", as_of, "--format", "json"]);
        let run: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let findings = run["systems"][0]["findings"].as_array().expect("a list").clone();
        let found = findings.iter().find(|f| f["rule"] == "nist-ai-rmf/production-not-monitored").expect("judged");
        found["outcome"].as_str().expect("text").to_owned()
    };
    // A plan that was never carried out watches nothing.
    assert_eq!(outcome("2026-04-02"), "not-met");
    assert_eq!(medattest(folder.path(), &MARCH).status.code(), Some(0));
    assert_eq!(outcome("2026-04-02"), "met");
    assert_eq!(outcome("2026-08-02"), "not-met");
}

#[test]
fn few_rows_break_a_limit_without_being_told() {
    let folder = folder();
    // Thirty patients, three of them flagged.
    let mut rows = "seen,mrn,age,lab,sex,ward,score,outcome,note\n".to_owned();
    for i in 0..30 {
        let score = if i < 3 { 0.9 } else { 0.01 };
        let _ = writeln!(rows, "2026-04-05,MRN7731{i},{},5.0,F,w1,{score},0,stable", 50 + i);
    }
    fs::write(folder.path().join("live/2026-04.csv"), rows).expect("written");
    let plan = format!("{PLAN}[[threshold]]\nid = \"workload\"\nmeasure = \"selection-rate\"\nat-most = 0.05\n");
    fs::write(folder.path().join("plan.toml"), plan).expect("written");
    let output = medattest(folder.path(), &[&APRIL[..], &["--alerts", "a.jsonl", "--write", "r.json"]].concat());
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let alerts = fs::read_to_string(folder.path().join("a.jsonl")).expect("written");
    let alert = alerts.lines().find(|line| line.contains("workload")).expect("told");
    assert!(alert.contains("of few rows") && alert.contains("\"value\":null"), "{alert}");
    let report = fs::read_to_string(folder.path().join("r.json")).expect("written");
    let report: Value = serde_json::from_str(&report).expect("JSON");
    let rate =
        report["charts"].as_array().expect("a list").iter().find(|c| c["id"] == "alert-rate").expect("charted");
    assert_eq!(rate["points"].as_array().expect("a list").last().expect("a point")["value"], Value::Null);
}
