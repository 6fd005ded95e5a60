//! A thousand planted identifiers, which must not turn up in anything that the command prints, writes or leaves behind.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Numbers and names that occur nowhere else.
fn canaries() -> Vec<(String, String)> {
    let mut canaries = Vec::new();
    let syllables = ["bra", "vel", "ton", "qui", "mor", "zan", "lef", "dru", "pio", "kes", "wyn", "gha"];
    for i in 0..250usize {
        let pick = |k: usize| syllables[(i / k + k) % syllables.len()];
        let name = format!(
            "{}{}{}wick{}",
            pick(1).to_uppercase(),
            pick(12),
            pick(5),
            ["ard", "ell", "ine", "oth", "um"][i % 5]
        );
        let name = name[..1].to_owned() + &name[1..].to_lowercase() + &"xyzvw"[i / 50..=i / 50];
        canaries.push((name.clone(), format!("Patient: Jane {name}, seen for a cough.")));
        let ssn = format!("{:03}-{:02}-{:04}", 101 + i, 11 + i % 80, 1000 + 7 * i);
        canaries.push((ssn.clone(), format!("SSN {ssn} on file.")));
        let mrn = format!("{}", 70_000_019 + 3_571 * i);
        canaries.push((mrn.clone(), format!("MRN: {mrn} was admitted.")));
        let mail = format!("user{}q{i}@mailbox-{i}.org", 17 * i);
        canaries.push((mail.clone(), format!("Write to {mail} for results.")));
    }
    canaries
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("reads") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files_below(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn no_planted_identifier_leaves_the_originals() {
    let folder = tempfile::tempdir().expect("a folder");
    let canaries = canaries();
    assert_eq!(canaries.iter().map(|(canary, _)| canary).collect::<BTreeSet<_>>().len(), 1_000);
    let data = folder.path().join("data");
    let temporary = folder.path().join("tmp");
    fs::create_dir_all(&data).expect("made");
    fs::create_dir_all(&temporary).expect("made");
    let sentences: Vec<&str> = canaries.iter().map(|(_, sentence)| sentence.as_str()).collect();
    fs::write(data.join("notes.txt"), sentences.join("\n")).expect("written");
    let rows: String = sentences.iter().enumerate().map(|(i, s)| format!("{i},\"{s}\"\n")).collect();
    fs::write(data.join("table.csv"), format!("row,note\n{rows}")).expect("written");
    let objects: String = sentences.iter().map(|s| format!("{{\"note\": \"{s}\"}}\n")).collect();
    fs::write(data.join("objects.jsonl"), objects + "{broken " + sentences[0] + "\n").expect("written");
    // Mistakes of every sort, with canaries where the mistake is.
    fs::write(data.join("ragged.csv"), format!("a,b\n1,2,{}\n\"{}", sentences[1], sentences[2])).expect("written");
    fs::write(data.join("broken.parquet"), sentences.join(" ")).expect("written");
    fs::write(
        data.join("bad.jsonl"),
        format!("{{\"text\": \"{}\", \"spans\": [{{\"start\": 9999}}]}}", sentences[3]),
    )
    .expect("written");
    fs::write(data.join("worse.json"), format!("[{{\"note\": 1, \"{}\"", sentences[0])).expect("written");
    let mut originals = Vec::new();
    files_below(folder.path(), &mut originals);
    let runs: [&[&str]; 9] = [
        &["deid", "audit", "data"],
        &["deid", "audit", "data", "--format", "json", "--write", "a.html", "--write", "a.json"],
        &["deid", "audit", "data", "--lists-only"],
        &["deid", "clean", "data", "--out", "clean"],
        &["deid", "clean", "data/notes.txt", "--out", "swapped", "--operator", "surrogate", "--dates", "shift"],
        &["deid", "clean", "data/table.csv", "--out", "hashed", "--operator", "hash"],
        &["deid", "eval", "data/bad.jsonl"],
        &["deid", "eval", "data/worse.json"],
        &["bias", "data/table.csv", "--label", "note", "--prediction", "note"],
    ];
    let mut shown = String::new();
    for arguments in runs {
        let output = Command::new(env!("CARGO_BIN_EXE_medattest"))
            .args(arguments)
            .current_dir(folder.path())
            .env("TMPDIR", &temporary)
            .output()
            .expect("runs");
        assert_ne!(output.status.code(), Some(5), "{arguments:?}");
        shown.push_str(&String::from_utf8_lossy(&output.stdout));
        shown.push_str(&String::from_utf8_lossy(&output.stderr));
    }
    let mut files = Vec::new();
    files_below(folder.path(), &mut files);
    let new: Vec<&PathBuf> = files.iter().filter(|file| !originals.contains(file)).collect();
    assert!(new.len() >= 9, "{new:?}");
    for file in new {
        shown.push_str(&String::from_utf8_lossy(&fs::read(file).expect("reads")));
    }
    let leaked: Vec<&str> =
        canaries.iter().map(|(canary, _)| canary.as_str()).filter(|canary| shown.contains(canary)).collect();
    assert!(leaked.is_empty(), "{} of 1,000 leaked, such as {:?}", leaked.len(), leaked.first());
    // The check can fail: the originals hold them all.
    let original = fs::read_to_string(data.join("notes.txt")).expect("reads");
    assert!(canaries.iter().all(|(canary, _)| original.contains(canary)));
}
