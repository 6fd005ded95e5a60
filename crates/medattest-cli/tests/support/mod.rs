//! The command, run in a folder.
#![allow(dead_code, reason = "not every test uses every part")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// Runs the command in a folder, without colours.
pub(crate) fn medattest(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_medattest"))
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .output()
        .expect("runs")
}

/// The answer as JSON, of a command that ends with one of these codes.
pub(crate) fn json_of(folder: &Path, arguments: &[&str], codes: &[i32]) -> Value {
    let output = medattest(folder, &[arguments, &["--format", "json"]].concat());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code().is_some_and(|code| codes.contains(&code)), "{arguments:?}: {told}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}
