//! JUnit XML: a suite per system, a case per finding.

use std::fmt::Write as _;

use crate::assess::Assessment;
use crate::finding::{Finding, Outcome};

/// The run as JUnit XML. What decided the gate is a failure, of type `inconclusive` where facts are missing;
/// what is otherwise not met, unknown, waived or not applicable is skipped with its reason.
pub fn junit(run: &Assessment) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"medattest\">\n");
    let mut suite = |name: &str, findings: &[Finding]| {
        let blocking = |f: &Finding| run.decision.because.contains(&f.fingerprint);
        let failures = findings.iter().filter(|f| blocking(f)).count();
        let skipped = findings.iter().filter(|f| f.outcome != Outcome::Met && !blocking(f)).count();
        let _ = writeln!(
            xml,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\">",
            escape(name),
            findings.len()
        );
        for finding in findings {
            let (class, rule) = finding.rule.split_once('/').unwrap_or(("", &finding.rule));
            let case = format!("{rule} ({})", finding.subject);
            let _ = write!(xml, "    <testcase classname=\"{}\" name=\"{}\"", escape(class), escape(&case));
            if finding.outcome == Outcome::Met {
                xml.push_str("/>\n");
            } else if blocking(finding) {
                let cited: Vec<&str> = finding.citations.iter().map(|c| c.citation.as_str()).collect();
                let _ = writeln!(
                    xml,
                    ">\n      <failure type=\"{}\" message=\"{}\">{}\n{}</failure>\n    </testcase>",
                    if finding.outcome == Outcome::Unknown {
                        "inconclusive".to_owned()
                    } else {
                        finding.severity.to_string()
                    },
                    escape(&finding.message),
                    escape(&finding.remedy),
                    escape(&cited.join("; "))
                );
            } else {
                let waived =
                    finding.waiver.as_ref().map(|w| format!("waived by {} until {}: ", w.approver, w.expires));
                let why = format!("{}{}: {}", waived.unwrap_or_default(), finding.outcome, finding.message);
                let _ = writeln!(xml, ">\n      <skipped message=\"{}\"/>\n    </testcase>", escape(&why));
            }
        }
        xml.push_str("  </testsuite>\n");
    };
    for system in &run.systems {
        suite(&system.id, &system.findings);
    }
    if !run.project_findings.is_empty() {
        suite("project", &run.project_findings);
    }
    xml.push_str("</testsuites>\n");
    xml
}

/// Text as an attribute or content: on one line, and without what XML cannot hold.
fn escape(text: &str) -> String {
    let one_line: String =
        text.chars().map(|c| if c == '\n' { ' ' } else { c }).filter(|c| !c.is_control()).collect();
    super::escape(&one_line)
}
