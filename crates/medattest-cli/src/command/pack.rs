//! `pack list` and `pack test`.

use medattest_core::{SourceFile, run_scenarios};

use super::{Stop, Text, library, print};
use crate::arguments::{PackCommand, PackOptions};
use crate::terminal::{BAD, BOLD, DIM, GOOD};

/// A scenario did not come out as expected.
const FAILED: u8 = 1;

pub(crate) fn run(options: &PackOptions) -> Result<u8, Stop> {
    match &options.command {
        PackCommand::List { rules, project } => {
            let (library, _) = library(project)?;
            let mut text = Text::new();
            for pack in library.packs.iter() {
                text.line(&format!("{BOLD}{}{BOLD:#}  {} ({})", pack.id, pack.title, pack.jurisdiction));
                text.paragraph(2, &pack.edition);
                text.styled(
                    2,
                    DIM,
                    &format!(
                        "revision {}, evidence of {}; {} requirements, {} classifications, {} rules",
                        pack.revision,
                        pack.evidence_date,
                        pack.requirements.len(),
                        pack.classifications.len(),
                        pack.rules.len()
                    ),
                );
                for rule in pack.rules.iter().filter(|_| *rules) {
                    text.tagged(DIM, &rule.severity.to_string(), 8, &format!("{}: {}", rule.id, rule.title));
                }
            }
            print(&text.into_string())?;
            Ok(0)
        }
        PackCommand::Test { filter, project } => {
            let (library, files) = library(project)?;
            let wanted = |file: &SourceFile| {
                let name = file.name.as_ref();
                name.ends_with(".md")
                    && !name.ends_with("README.md")
                    && filter.as_ref().is_none_or(|filter| name.contains(filter.as_str()))
            };
            let scenarios: Vec<SourceFile> = files.into_iter().filter(wanted).collect();
            let (report, mistakes) = run_scenarios(&library, &scenarios);
            if !mistakes.is_empty() {
                return Err(Stop(mistakes));
            }
            let mut text = Text::new();
            for failure in &report.failures {
                text.line(&format!("{BAD}fails{BAD:#} {BOLD}{}{BOLD:#} {}", failure.place, failure.scenario));
                text.paragraph(6, &format!("{}: expected {}, got {}", failure.what, failure.expected, failure.got));
            }
            let failed = report.failures.len();
            let style = if failed == 0 { GOOD } else { BAD };
            text.line(&format!(
                "{} scenarios, {} expectations, {style}{failed} failed{style:#}",
                report.scenarios, report.expectations
            ));
            print(&text.into_string())?;
            Ok(if failed == 0 { 0 } else { FAILED })
        }
    }
}
