//! CHAI Applied Model Card, version 0.2: elements in a fixed order, texts in Markdown. What nothing answers says so.

use std::fmt::Write as _;

use medattest_core::output::escape;
use medattest_metrics::Metric;
use serde_json::json;

use super::{Figure, Known};

const NOT_STATED: &str = "Not stated";

struct Writer {
    out: String,
    depth: usize,
}

impl Writer {
    fn open(&mut self, name: &str) {
        let _ = writeln!(self.out, "{}<{name}>", "  ".repeat(self.depth));
        self.depth += 1;
    }

    fn close(&mut self, name: &str) {
        self.depth -= 1;
        let _ = writeln!(self.out, "{}</{name}>", "  ".repeat(self.depth));
    }

    fn text(&mut self, name: &str, text: &str) {
        let clean: String = text.chars().filter(|c| !c.is_control() || *c == '\n').collect();
        let _ = writeln!(self.out, "{}<{name}>{}</{name}>", "  ".repeat(self.depth), escape(&clean));
    }
}

pub(super) fn card(known: &mut Known<'_>) -> String {
    let mut xml = Writer { out: String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"), depth: 0 };
    xml.out.push_str("<AppliedModelCard xmlns=\"https://mc.chai.org/v0.2/schema.xsd\">\n");
    xml.depth = 1;
    let vendor = known.text("system.vendor").filter(|vendor| vendor != "none").or(known.text("org.name"));
    open(known, &mut xml, "BasicInfo", &[("ModelName", &["system.name"])]);
    xml.text("ModelDeveloper", vendor.as_deref().unwrap_or(NOT_STATED));
    one(known, &mut xml, "DeveloperContact", &["org.contact"]);
    xml.close("BasicInfo");
    open(
        known,
        &mut xml,
        "ReleaseInfo",
        &[
            ("ReleaseStage", &["system.state"]),
            ("ReleaseDate", &["model.updated-on", "system.first-use"]),
            ("ReleaseVersion", &["system.version"]),
            ("GlobalAvailability", &["transparency.availability", "system.markets"]),
        ],
    );
    let records = known.texts("transparency.records");
    if !records.is_empty() {
        xml.open("EHRCompatibility");
        records.iter().for_each(|record| xml.text("EHR", record));
        xml.close("EHRCompatibility");
    }
    optional(known, &mut xml, "RegulatoryApproval", &["device.regulatory-history"]);
    xml.close("ReleaseInfo");
    open(known, &mut xml, "ModelSummary", &[("Summary", &["system.description", "device.principle"])]);
    xml.open("Keywords");
    known.texts("transparency.keywords").iter().for_each(|word| xml.text("Keyword", word));
    xml.close("Keywords");
    xml.close("ModelSummary");
    open(
        known,
        &mut xml,
        "UsesAndDirections",
        &[
            ("IntendedUseAndWorkflow", &["purpose.intended", "use.workflow"]),
            ("PrimaryIntendedUsers", &["purpose.users", "use.qualification"]),
            ("HowToUse", &["use.steps"]),
            ("TargetedPatientPopulation", &["purpose.population"]),
            ("CautionedOutOfScopeSettings", &["use.out-of-scope"]),
        ],
    );
    xml.close("UsesAndDirections");
    xml.open("Warnings");
    lists(known, &mut xml, "KnownRisksAndLimitations", &["model.limitations", "use.warnings"]);
    let biases: Vec<String> = known
        .records("fairness.groups")
        .iter()
        .filter_map(|record| Some(format!("{}: {}", record.text("group")?, record.text("harms")?)))
        .chain(
            known
                .records("ethics.considerations")
                .iter()
                .filter_map(|record| Some(format!("{}: {}", record.text("name")?, record.text("mitigation")?))),
        )
        .collect();
    if biases.is_empty() {
        known.missing.push("KnownBiasesOrEthicalConsiderations".to_owned());
        xml.text("KnownBiasesOrEthicalConsiderations", NOT_STATED);
    } else {
        xml.text("KnownBiasesOrEthicalConsiderations", &Known::markdown_list(&biases));
    }
    one(known, &mut xml, "ClinicalRiskLevel", &["purpose.situation", "purpose.worst-harm"]);
    xml.close("Warnings");
    xml.open("TrustIngredients");
    open(
        known,
        &mut xml,
        "AISystemFacts",
        &[
            ("OutcomesAndOutputs", &["model.outputs", "output.forms"]),
            ("ModelType", &["model.technique", "model.architecture"]),
        ],
    );
    optional(known, &mut xml, "FoundationModels", &["model.pretrained"]);
    one(known, &mut xml, "InputDataSource", &["model.inputs"]);
    one(known, &mut xml, "OutputAndInputDataTypes", &["input.kinds", "output.forms"]);
    let data: Vec<String> = known
        .records("data.sets")
        .iter()
        .filter_map(|set| {
            let rest: Vec<String> = ["description", "source", "from", "to", "demographics"]
                .iter()
                .filter_map(|field| set.text(field))
                .collect();
            Some(format!("{} ({}): {}", set.text("name")?, set.text("role")?, rest.join("; ")))
        })
        .collect();
    if data.is_empty() {
        known.missing.push("DevelopmentDataCharacterization".to_owned());
        xml.text("DevelopmentDataCharacterization", NOT_STATED);
    } else {
        xml.text("DevelopmentDataCharacterization", &Known::markdown_list(&data));
    }
    one(known, &mut xml, "BiasMitigationApproaches", &["fairness.approach", "fairness.bias-management"]);
    one(known, &mut xml, "OngoingMaintenance", &["change.process", "change.frequency", "post-market.methods"]);
    optional(known, &mut xml, "Security", &["transparency.security"]);
    optional(known, &mut xml, "Transparency", &["model.explanation"]);
    xml.close("AISystemFacts");
    xml.open("TransparencyInformation");
    one(known, &mut xml, "FundingSource", &["transparency.funding"]);
    optional(known, &mut xml, "ThirdPartyInformation", &["transparency.third-parties"]);
    one(known, &mut xml, "StakeholdersConsulted", &["transparency.stakeholders"]);
    xml.close("TransparencyInformation");
    xml.close("TrustIngredients");
    xml.open("KeyMetrics");
    let figures = known.figures();
    let calibration = [Metric::ObservedExpected.id(), Metric::CalibrationSlope.id(), Metric::Brier.id()];
    let (of_groups, of_all): (Vec<&Figure>, Vec<&Figure>) = figures.iter().partition(|figure| figure.slice.is_some());
    let (reliable, useful): (Vec<&Figure>, Vec<&Figure>) =
        of_all.into_iter().partition(|figure| calibration.contains(&figure.metric));
    for (name, family, figures) in [
        ("UsefulnessUsabilityEfficacy", "usefulness", useful),
        ("FairnessEquity", "fairness", of_groups),
        ("SafetyReliability", "safety", reliable),
    ] {
        xml.open(name);
        let key = |part: &str| format!("{family}.{part}");
        one(known, &mut xml, "MetricGoal", &[key("goal").as_str()]);
        xml.open("Results");
        for figure in &figures {
            result(&mut xml, figure);
        }
        if figures.is_empty() {
            known.missing.push(format!("{name}.Results"));
            xml.open("MetricResult");
            xml.text("Label", "Not measured");
            xml.text("ValueJson", &json!({ "kind": "single", "value": "not measured" }).to_string());
            xml.close("MetricResult");
        }
        xml.close("Results");
        one(known, &mut xml, "Interpretation", &[key("interpretation").as_str()]);
        one(known, &mut xml, "TestType", &[key("test").as_str()]);
        one(known, &mut xml, "TestingDataDescription", &[key("data").as_str()]);
        one(known, &mut xml, "ValidationProcessAndJustification", &[key("justification").as_str()]);
        xml.close(name);
    }
    xml.close("KeyMetrics");
    xml.open("Resources");
    let references = known.texts("evidence.references");
    if !references.is_empty() {
        xml.text("EvaluationReferences", &Known::markdown_list(&references));
    }
    optional(known, &mut xml, "ClinicalTrial", &["evidence.trial"]);
    one(known, &mut xml, "PeerReviewedPublications", &["transparency.publications"]);
    optional(known, &mut xml, "ReimbursementStatus", &["transparency.reimbursement"]);
    one(known, &mut xml, "PatientConsentOrDisclosure", &["transparency.consent"]);
    xml.close("Resources");
    xml.text("Bibliography", &known.texts("model.references").join("\n"));
    xml.depth = 0;
    xml.out.push_str("</AppliedModelCard>\n");
    xml.out
}

fn result(xml: &mut Writer, figure: &Figure) {
    let [value, low, high] = &figure.texts;
    let number = |text: &str| text.parse::<f64>().map_or_else(|_| json!(text), |x| json!(x));
    let slice = figure.slice.as_ref().map(|slice| format!(", {slice}")).unwrap_or_default();
    xml.open("MetricResult");
    xml.text("Label", &format!("{}{slice} ({})", figure.title, figure.table));
    let json = json!({
        "kind": "estimate_ci", "estimate": number(value), "lower": number(low), "upper": number(high),
        "level": figure.level, "unit": "",
    });
    xml.text("ValueJson", &json.to_string());
    xml.close("MetricResult");
}

/// Opens an element that begins with these texts.
fn open(known: &mut Known<'_>, xml: &mut Writer, name: &str, fields: &[(&str, &[&str])]) {
    xml.open(name);
    for (field, keys) in fields {
        one(known, xml, field, keys);
    }
}

fn one(known: &mut Known<'_>, xml: &mut Writer, name: &str, keys: &[&str]) {
    let text = known.wanted(name, keys);
    xml.text(name, text.as_deref().unwrap_or(NOT_STATED));
}

fn optional(known: &Known<'_>, xml: &mut Writer, name: &str, keys: &[&str]) {
    let parts: Vec<String> = keys.iter().filter_map(|key| known.text(key)).collect();
    if !parts.is_empty() {
        xml.text(name, &parts.join("\n\n"));
    }
}

fn lists(known: &mut Known<'_>, xml: &mut Writer, name: &str, keys: &[&str]) {
    let texts: Vec<String> = keys.iter().flat_map(|key| known.texts(key)).collect();
    if texts.is_empty() {
        known.missing.push(name.to_owned());
        xml.text(name, NOT_STATED);
    } else {
        xml.text(name, &Known::markdown_list(&texts));
    }
}
