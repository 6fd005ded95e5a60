//! Repository chores.

mod packs;

use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask packs [FILTER]   check the catalogue and packs, run their scenarios";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["packs", rest @ ..] => packs::run(&root, rest.first().copied()),
        _ => {
            say(USAGE);
            ExitCode::from(2)
        }
    }
}

#[allow(clippy::print_stdout, reason = "a command line tool of the repository")]
fn say(line: &str) {
    println!("{line}");
}
