//! `audit`: measure, judge, decide, write, and only then say how it came out.

use std::path::{Path, PathBuf};

use medattest_core::output::{self, json};
use medattest_core::{
    Assessment, Conclusion, ConclusionOutcome, Decision, Finding, Library, Outcome, RunOptions, SystemAssessment,
    assess,
};

use super::{Stop, Text, check_systems, open, pretty, print, print_json};
use crate::arguments::{AuditOptions, Format};
use crate::progress::Progress;
use crate::terminal::{BOLD, DIM, UNSURE, clean, decision_style, severity_style};
use crate::world::today;
use crate::write::write_whole;

pub(crate) fn run(options: &AuditOptions) -> Result<u8, Stop> {
    let files = options.write.iter().map(|path| kind(path)).collect::<Result<Vec<_>, _>>()?;
    let opened = open(&options.on.project, options.on.data.as_ref(), !options.no_cache)?;
    check_systems(&opened.project, &options.on.system)?;
    let run_options = RunOptions {
        as_of: options.on.as_of.unwrap_or_else(today),
        systems: options.on.system.clone(),
        draws: options.draws as usize,
        profiles: false,
    };
    let run = {
        let progress = Progress::start();
        assess(&opened.world, &opened.library, &opened.project, &run_options, &|what| progress.say(what))
            .map_err(Stop)?
    };
    for (format, path) in files.iter().zip(&options.write) {
        write_whole(path, rendered(&run, &opened.library, *format)?.as_bytes())?;
    }
    match options.format {
        Format::Terminal => print(&summary(&run, &options.write))?,
        Format::Json => print_json(&json::assessment(&run))?,
        other => print(&rendered(&run, &opened.library, other)?)?,
    }
    Ok(run.decision.exit_code())
}

fn kind(path: &Path) -> Result<Format, Stop> {
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let ends = |end: &str| name.ends_with(end);
    if ends(".html") {
        Ok(Format::Html)
    } else if ends(".sarif") || ends(".sarif.json") {
        Ok(Format::Sarif)
    } else if ends(".json") {
        Ok(Format::Json)
    } else if ends(".xml") {
        Ok(Format::Junit)
    } else if ends(".md") {
        Ok(Format::Markdown)
    } else {
        let shown = path.display().to_string();
        Err(Stop::usage(
            &shown,
            "the kind of file cannot be told from its name",
            "use .html, .json, .sarif, .xml or .md",
        ))
    }
}

/// The run in one of its forms.
pub(crate) fn rendered(run: &Assessment, library: &Library, format: Format) -> Result<String, Stop> {
    match format {
        Format::Terminal => Ok(summary(run, &[])),
        Format::Json => pretty(&json::assessment(run)),
        Format::Sarif => pretty(&output::sarif(run, library)),
        Format::Junit => Ok(output::junit(run)),
        Format::Markdown => Ok(output::markdown(run)),
        Format::Html => Ok(medattest_docs::html(&medattest_docs::dossier(run))),
    }
}

/// What a person wants to know first.
pub(crate) fn summary(run: &Assessment, written: &[PathBuf]) -> String {
    let mut text = Text::new();
    let organisation = run.organisation.clone().unwrap_or_else(|| "Clinical AI".to_owned());
    text.line(&format!("{BOLD}{}{BOLD:#}, law as of {}", clean(&organisation), run.as_of));
    for system in &run.systems {
        one(&mut text, system);
    }
    if !run.project_findings.is_empty() {
        text.heading("Project");
    }
    for finding in &run.project_findings {
        text.tagged(
            severity_style(finding.severity, true),
            &finding.severity.to_string(),
            8,
            &clean(&finding.message),
        );
    }
    text.blank();
    let style = decision_style(run.decision.decision);
    let because = match run.decision.decision {
        Decision::Pass => "nothing stands in the way".to_owned(),
        Decision::Fail => counted(run.decision.because.len(), "binding finding not met", "binding findings not met"),
        Decision::Inconclusive => {
            counted(run.decision.because.len(), "finding cannot be judged yet", "findings cannot be judged yet")
        }
        Decision::NeedsReview => "a person has to approve".to_owned(),
    };
    let decision = run.decision.decision.to_string().to_uppercase();
    text.line(&format!("{style}{decision}{style:#}  {because}"));
    for path in written {
        text.line(&format!("{DIM}written{DIM:#}  {}", path.display()));
    }
    text.into_string()
}

fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

fn one(text: &mut Text, system: &SystemAssessment) {
    let style = decision_style(system.decision.decision);
    text.heading(&format!("{} ({}) {style}{}{style:#}", clean(&system.name), system.id, system.decision.decision));
    let mut headlines: Vec<&Conclusion> = system.conclusions.iter().filter(|c| c.headline).collect();
    headlines.sort_by_key(|c| &c.pack);
    for conclusion in headlines {
        let id = format!("{}.{}", conclusion.pack, conclusion.id);
        match &conclusion.outcome {
            _ if !conclusion.reached() => {}
            ConclusionOutcome::Known(value) => {
                let contested = if conclusion.contested.is_some() { " (contested)" } else { "" };
                text.line(&format!("  {id:<34} {BOLD}{value}{BOLD:#}{UNSURE}{contested}{UNSURE:#}"));
            }
            ConclusionOutcome::Unknown { could_be } => {
                let shown = format!("unknown: {}", could_be.join(" or "));
                text.line(&format!("  {id:<34} {UNSURE}{shown}{UNSURE:#}"));
            }
        }
    }
    let count = |outcome| system.findings.iter().filter(|f| f.outcome == outcome).count();
    text.line(&format!(
        "  {} not met, {} unknown, {} met, {} not applicable",
        count(Outcome::NotMet),
        count(Outcome::Unknown),
        count(Outcome::Met),
        count(Outcome::NotApplicable)
    ));
    let mut open: Vec<&Finding> = system.findings.iter().filter(|f| f.outcome == Outcome::NotMet).collect();
    open.sort_by_key(|f| (f.waiver.is_some(), !f.binding, std::cmp::Reverse(f.severity), f.rule.clone()));
    const SHOWN: usize = 12;
    for finding in open.iter().take(SHOWN) {
        let subject =
            finding.subject.attribute.as_ref().map(|_| format!(" [{}]", finding.subject)).unwrap_or_default();
        let waived = finding.waiver.as_ref().map(|w| format!(" (waived until {})", w.expires)).unwrap_or_default();
        let advisory = if finding.binding { "" } else { " (advisory)" };
        let style = severity_style(finding.severity, finding.binding && finding.waiver.is_none());
        text.tagged(
            style,
            &finding.severity.to_string(),
            8,
            &clean(&format!("{}{subject}{waived}{advisory}", finding.rule)),
        );
        text.paragraph(11, &clean(&finding.message));
    }
    if open.len() > SHOWN {
        text.line(&format!("  … and {} more not met, in the dossier and in --format markdown", open.len() - SHOWN));
    }
    if let Some(question) = system.questions.first() {
        text.tagged(
            UNSURE,
            "asks",
            8,
            &clean(&format!(
                "{} ({})",
                question.question,
                counted(system.questions.len(), "open question", "open questions")
            )),
        );
    }
    if let Some(next) = system.roadmap.first() {
        text.tagged(
            DIM,
            &next.date.to_string(),
            10,
            &clean(&format!("{} ({})", next.title, counted(system.roadmap.len() - 1, "more date", "more dates"))),
        );
    }
}
