//! The report as metrics in the text format of Prometheus (version 0.0.4).

use std::fmt::Write as _;

use medattest_core::monitor::MonitorReport;
use medattest_core::output::json::shown;

/// Escapes the value of a label.
fn label(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

struct Family<'a> {
    text: &'a mut String,
    name: &'static str,
}

impl Family<'_> {
    fn new<'a>(text: &'a mut String, name: &'static str, help: &str) -> Family<'a> {
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n");
        Family { text, name }
    }

    fn add(&mut self, labels: &[(&str, &str)], value: f64) {
        let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", label(value))).collect();
        let _ = writeln!(self.text, "{}{{{}}} {value}", self.name, labels.join(","));
    }
}

/// All metrics of the newest window.
pub(crate) fn metrics(report: &MonitorReport) -> String {
    let mut text = String::new();
    let plan = report.plan.id.as_str();
    let smallest = report.plan.smallest;
    let mut alerts =
        Family::new(&mut text, "medattest_monitor_alerts", "Open alerts of the newest window by severity");
    let newest = report.newest_complete();
    for severity in ["low", "medium", "high", "critical"] {
        let n =
            report.current().iter().filter(|a| format!("{:?}", a.severity).eq_ignore_ascii_case(severity)).count();
        alerts.add(&[("plan", plan), ("severity", severity)], n as f64);
    }
    Family::new(&mut text, "medattest_monitor_overdue", "Whether a window is overdue")
        .add(&[("plan", plan)], f64::from(u8::from(report.overdue_since.is_some())));
    Family::new(&mut text, "medattest_monitor_windows", "Windows so far")
        .add(&[("plan", plan)], report.windows.len() as f64);
    let Some(window) = newest else { return text };
    if window.rows >= smallest {
        Family::new(&mut text, "medattest_monitor_rows", "Rows of the newest window")
            .add(&[("plan", plan)], window.rows as f64);
    }
    let mut drifted = Family::new(&mut text, "medattest_monitor_drifted_columns", "Columns that drifted");
    drifted.add(&[("plan", plan)], window.drifted().0 as f64);
    let mut effect = Family::new(
        &mut text,
        "medattest_monitor_column_effect",
        "Movement against the reference: standard deviations for numbers, share of rows for categories",
    );
    for column in &window.columns {
        if let Some(value) = column.effect.as_ref().and_then(|e| shown(e, smallest)) {
            effect.add(&[("plan", plan), ("column", &column.column)], value.value);
        }
    }
    let mut missing =
        Family::new(&mut text, "medattest_monitor_column_missing", "Change of the share of missing values");
    for column in &window.columns {
        if let Some(value) = shown(&column.missing, smallest) {
            missing.add(&[("plan", plan), ("column", &column.column)], value.value);
        }
    }
    let mut figures = Family::new(&mut text, "medattest_monitor_figure", "Figures of the newest window by group");
    for group in &window.groups {
        for (metric, estimate) in &group.figures {
            if let Some(value) = shown(estimate, smallest) {
                let labels = [
                    ("plan", plan),
                    ("figure", metric.definition().id),
                    ("attribute", &group.attribute),
                    ("group", &group.group),
                ];
                figures.add(&labels, value.value);
            }
        }
    }
    if let Some(expected) = &window.expected {
        let mut family =
            Family::new(&mut text, "medattest_monitor_expected", "Performance estimated before labels are there");
        for (name, estimate) in [
            ("auroc", &expected.auroc),
            ("accuracy", &expected.accuracy),
            ("tpr", &expected.tpr),
            ("tnr", &expected.tnr),
            ("ppv", &expected.ppv),
        ] {
            if let Some(value) = shown(estimate, smallest) {
                family.add(&[("plan", plan), ("figure", name)], value.value);
            }
        }
    }
    text
}
