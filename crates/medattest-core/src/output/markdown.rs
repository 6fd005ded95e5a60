//! Markdown, for pull requests and wikis.

use std::fmt::Write as _;

use medattest_metrics::Metric;

use super::paper::{self, AttributeTable};
use crate::assess::{Assessment, SystemAssessment};
use crate::engine::bias::BiasEvidence;
use crate::finding::{Finding, Outcome};
use crate::judge::{Conclusion, ConclusionOutcome};

/// The run in brief.
pub fn markdown(run: &Assessment) -> String {
    let mut md = String::new();
    let _ = writeln!(md, "# medattest: {}\n", run.decision.decision);
    if let Some(organisation) = &run.organisation {
        let _ = writeln!(md, "{}  ", cell(organisation));
    }
    let _ =
        writeln!(md, "Law as of {}. This is a reading of stated and measured facts, not legal advice.\n", run.as_of);
    let _ = writeln!(md, "| System | Decision | Not met | Unknown | Met | Not applicable |");
    let _ = writeln!(md, "| --- | --- | ---: | ---: | ---: | ---: |");
    for system in &run.systems {
        let count = |outcome| system.findings.iter().filter(|f| f.outcome == outcome).count();
        let _ = writeln!(
            md,
            "| {} | {} | {} | {} | {} | {} |",
            cell(&system.name),
            system.decision.decision,
            count(Outcome::NotMet),
            count(Outcome::Unknown),
            count(Outcome::Met),
            count(Outcome::NotApplicable)
        );
    }
    for system in &run.systems {
        self::system(&mut md, system, run.policy.smallest_cell);
    }
    if !run.project_findings.is_empty() {
        let _ = writeln!(md, "\n## Project\n");
        for finding in &run.project_findings {
            let _ = writeln!(md, "- **{}** {}", finding.severity, cell(&finding.message));
        }
    }
    md
}

fn system(md: &mut String, system: &SystemAssessment, smallest: u64) {
    let _ = writeln!(md, "\n## {}\n", cell(&system.name));
    let _ = writeln!(md, "| Under | it is | because |");
    let _ = writeln!(md, "| --- | --- | --- |");
    let mut headlines: Vec<&Conclusion> = system.conclusions.iter().filter(|c| c.headline).collect();
    headlines.sort_by_key(|c| &c.pack);
    for conclusion in headlines {
        let answer = match &conclusion.outcome {
            _ if !conclusion.reached() => continue,
            ConclusionOutcome::Known(value) => format!("**{value}**"),
            ConclusionOutcome::Unknown { could_be } => format!("unknown: {}", could_be.join(" or ")),
        };
        let mut because = conclusion.because.clone();
        if let Some(contested) = &conclusion.contested {
            let _ = write!(because, " *Contested: {contested}*");
        }
        let _ = writeln!(md, "| {}: {} | {answer} | {} |", conclusion.pack, cell(&conclusion.title), cell(&because));
    }
    let mut open: Vec<&Finding> =
        system.findings.iter().filter(|f| f.outcome == Outcome::NotMet && f.waiver.is_none()).collect();
    open.sort_by(|a, b| (b.severity, b.binding).cmp(&(a.severity, a.binding)).then_with(|| a.rule.cmp(&b.rule)));
    if !open.is_empty() {
        let _ = writeln!(md, "\n### Not met\n");
    }
    for finding in open {
        let cited: Vec<&str> = finding.citations.iter().map(|c| c.citation.as_str()).collect();
        let advisory = if finding.binding { "" } else { ", advisory" };
        let _ = writeln!(
            md,
            "- **{}{advisory}** `{}` ({}): {} — {} _{}_",
            finding.severity,
            finding.rule,
            finding.subject,
            cell(&finding.message),
            cell(&finding.remedy),
            cell(&cited.join("; "))
        );
    }
    if !system.questions.is_empty() {
        let _ = writeln!(md, "\n### Open questions ({})\n", system.questions.len());
        for question in system.questions.iter().take(5) {
            let _ = writeln!(md, "- {} `{}`", cell(&question.question), cell(&question.answer));
        }
    }
    for evidence in &system.evidence {
        md.push('\n');
        md.push_str(&bias_markdown(evidence, smallest));
    }
}

/// What was measured, as tables.
pub fn bias_markdown(evidence: &BiasEvidence, smallest: u64) -> String {
    let mut md = String::new();
    let _ = writeln!(md, "### Performance by group: {}\n", cell(&evidence.table));
    for warning in &evidence.warnings {
        let _ = writeln!(md, "> {}\n", cell(warning));
    }
    for attribute in &evidence.attributes {
        let table = paper::on_paper(attribute, smallest);
        attribute_markdown(&mut md, &table);
    }
    md
}

fn attribute_markdown(md: &mut String, table: &AttributeTable) {
    let metrics: Vec<Metric> = table.overall.figures.iter().map(|(m, _)| *m).filter(|m| m.is_headline()).collect();
    let _ = write!(md, "| {} | n | positives |", cell(&table.attribute));
    for metric in &metrics {
        let _ = write!(md, " {} |", metric.title());
    }
    let _ = writeln!(md, "\n| --- | ---: | ---: |{}", " ---: |".repeat(metrics.len()));
    for row in table.groups.iter().chain([&table.overall]) {
        let _ = write!(md, "| {} | {} | {} |", cell(&row.label), paper::count(row.n), paper::count(row.positives));
        for metric in &metrics {
            let _ = match row.figure(*metric) {
                Some(shown) => write!(md, " {shown} |"),
                None => write!(md, " – |"),
            };
        }
        md.push('\n');
    }
    for disparity in table.disparities.iter().filter(|d| d.is_headline()) {
        let left_out = if disparity.left_out.is_empty() {
            String::new()
        } else {
            format!("; left out: {}", disparity.left_out.join(", "))
        };
        let bounds = disparity.bounds.map_or_else(String::new, |(best, worst)| {
            format!("; {best:.3} to {worst:.3} if rows of unknown group belonged to the others")
        });
        let _ = writeln!(
            md,
            "\n{}: {} over {} groups{}{bounds}",
            disparity.title,
            disparity.figure,
            disparity.groups,
            cell(&left_out)
        );
    }
    md.push('\n');
}

/// Text that cannot break out of a table cell or inject markup.
fn cell(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;").replace('\n', " ")
}
