//! SARIF 2.1.0 (OASIS), for code scanning.

use serde_json::{Value, json};

use crate::Library;
use crate::assess::Assessment;
use crate::diagnostic::Place;
use crate::finding::{Finding, Outcome, Severity};

/// The run as a SARIF log. Findings that are not applicable are left out.
pub fn sarif(run: &Assessment, library: &Library) -> Value {
    let findings: Vec<&Finding> = run
        .systems
        .iter()
        .flat_map(|system| system.findings.iter())
        .chain(&run.project_findings)
        .filter(|f| f.outcome != Outcome::NotApplicable)
        .collect();
    let mut ids: Vec<&str> = findings.iter().map(|f| f.rule.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    let rules: Vec<Value> = ids.iter().map(|id| rule(id, &findings, library)).collect();
    let results: Vec<Value> = findings.iter().map(|finding| result(finding, &ids, run)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "medattest",
                "version": run.version,
                "semanticVersion": run.version,
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
            "properties": { "as-of": run.as_of.to_string(), "decision": run.decision.decision.to_string() },
        }],
    })
}

fn rule(id: &str, findings: &[&Finding], library: &Library) -> Value {
    let pack = id.split_once('/').and_then(|(pack, _)| library.packs.get(pack));
    let known = pack.and_then(|pack| pack.rules.iter().find(|rule| rule.id == id));
    match known {
        Some(rule) => json!({
            "id": id,
            "name": rule.title,
            "shortDescription": { "text": rule.title },
            "fullDescription": { "text": rule.explanation.what },
            "help": { "text": format!(
                "{}\n\nWhy: {}\n\nEvidence: {}\n\nLimits: {}\n\nWhat to do: {}",
                rule.explanation.what, rule.explanation.why, rule.explanation.evidence, rule.explanation.limits, rule.remedy
            ) },
            "defaultConfiguration": { "level": level(rule.severity) },
        }),
        None => {
            let title = findings.iter().find(|f| f.rule == id).map_or("", |f| f.title.as_str());
            json!({ "id": id, "shortDescription": { "text": title } })
        }
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

fn result(finding: &Finding, ids: &[&str], run: &Assessment) -> Value {
    let kind = match finding.outcome {
        Outcome::Met => "pass",
        Outcome::NotMet => "fail",
        Outcome::Unknown => "open",
        Outcome::NotApplicable => "notApplicable",
    };
    let citations: Vec<&str> = finding.citations.iter().map(|c| c.citation.as_str()).collect();
    let subject = match finding.subject.attribute {
        Some(_) => format!("{}, {}", finding.system, finding.subject),
        None => finding.system.clone(),
    };
    let mut text = format!("{subject}: {} ({})", finding.message, citations.join("; "));
    if !finding.remedy.is_empty() {
        text.push_str("\n\n");
        text.push_str(&finding.remedy);
    }
    let file = run.systems.iter().find(|s| s.id == finding.system).map_or("medattest.toml", |s| s.file.as_str());
    // The system's own file first: that is where the finding is mended.
    let (own, other): (Vec<&Place>, Vec<&Place>) = finding.places.iter().partition(|place| place.file == file);
    let mut locations: Vec<Value> = own
        .into_iter()
        .chain(other)
        .take(10)
        .map(|place| {
            let mut region = json!({ "startLine": place.line.unwrap_or(1) });
            if let Some(column) = place.column {
                region["startColumn"] = json!(column);
            }
            json!({ "physicalLocation": { "artifactLocation": { "uri": uri(&place.file) }, "region": region } })
        })
        .collect();
    if locations.is_empty() {
        let region = json!({ "startLine": 1 });
        locations.push(json!({ "physicalLocation": { "artifactLocation": { "uri": uri(file) }, "region": region } }));
    }
    let mut result = json!({
        "ruleId": finding.rule,
        "ruleIndex": ids.binary_search(&finding.rule.as_str()).unwrap_or(0),
        "kind": kind,
        "level": if finding.outcome == Outcome::NotMet { level(finding.severity) } else { "none" },
        "message": { "text": text },
        "locations": locations,
        "partialFingerprints": { "medattest/v1": finding.fingerprint },
        "properties": { "severity": finding.severity.to_string(), "binding": finding.binding },
    });
    if let Some(waiver) = &finding.waiver {
        result["suppressions"] = json!([{
            "kind": "external",
            "justification": format!("{} (approved by {}, until {})", waiver.reason, waiver.approver, waiver.expires),
        }]);
    }
    result
}

/// A relative path as a URI reference.
fn uri(path: &str) -> String {
    let keep = |c: char| c.is_ascii_alphanumeric() || "-._~/".contains(c);
    path.chars()
        .map(|c| {
            if keep(c) {
                return c.to_string();
            }
            let mut buffer = [0; 4];
            c.encode_utf8(&mut buffer).bytes().map(|b| format!("%{b:02X}")).collect()
        })
        .collect()
}
