//! The `medattest` command: it parses, asks the core, renders, and owns nothing else.

mod arguments;
mod command;
mod deid;
mod embedded;
mod generate;
mod monitor;
mod progress;
mod terminal;
mod world;
mod write;

use std::process::ExitCode;

use clap::Parser as _;

use crate::arguments::{Arguments, Command};
use crate::command::Stop;

/// A run makes and drops very many small values: facts, findings, parts of expressions and of pages.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Bad input or usage.
const COULD_NOT_ASSESS: u8 = 2;
/// A fault of medattest itself.
const INTERNAL: u8 = 5;

fn main() -> ExitCode {
    // What a panic carries may quote data, so only its place is told.
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        terminal::complain(&format!("internal error at {place}; please report it with the command that led to it"));
    }));
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let code = if error.use_stderr() { COULD_NOT_ASSESS } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let outcome = std::panic::catch_unwind(|| run(arguments));
    ExitCode::from(match outcome {
        Ok(Ok(code)) => code,
        Ok(Err(stop)) => {
            terminal::stop(&stop);
            COULD_NOT_ASSESS
        }
        Err(_) => INTERNAL,
    })
}

fn run(arguments: Arguments) -> Result<u8, Stop> {
    match arguments.command {
        Command::Demo(options) => command::demo::run(&options),
        Command::Init(options) => command::init::run(&options),
        Command::Audit(options) => command::audit::run(&options),
        Command::Classify(options) => command::classify::run(&options),
        Command::Questions(options) => command::questions::run(&options),
        Command::Roadmap(options) => command::roadmap::run(&options),
        Command::Matrix(options) => command::matrix::run(&options),
        Command::Minimum(options) => command::minimum::run(&options),
        Command::Impact(options) => command::impact::run(&options),
        Command::Doc(command) => command::doc::run(&command),
        Command::Explain(options) => command::explain::run(&options),
        Command::Bias(options) => command::bias::run(&options),
        Command::Drift(options) => command::drift::run(&options),
        Command::Monitor(options) => command::monitor::run(&options),
        Command::Deid(command) => command::deid::run(&command),
        Command::Incident(command) => command::incident::run(&command),
        Command::Law(command) => command::law::run(&command),
        Command::Pack(options) => command::pack::run(&options),
        Command::Schema(options) => command::schema::run(&options),
        Command::Completions { shell } => command::completions(shell),
    }
}
