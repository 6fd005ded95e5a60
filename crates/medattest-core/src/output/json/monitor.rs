//! What watching a model yields, as JSON v1.

use medattest_metrics::Estimate;
use medattest_metrics::control::FunnelPoint;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::DigestV1;
use crate::engine::monitor::{self, Alert, Chart, ColumnDrift, MonitorReport, WindowReport, test_name};
use crate::finding::Severity;
use crate::value::is_small_cell;

/// A report of a monitor.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MonitorV1 {
    /// Always `medattest-monitor-v1`.
    pub format: String,
    /// Version of medattest.
    pub version: String,
    /// Id of the plan.
    pub plan: String,
    /// SHA-256 of the plan's file.
    pub plan_sha256: String,
    /// Day of the report.
    pub as_of: String,
    /// What the reference was made of.
    pub reference: DigestV1,
    /// Counts below this are withheld.
    pub smallest_cell: u64,
    /// The last day covered.
    pub newest: Option<String>,
    /// The day by which a newer window was due, if it is past.
    pub overdue_since: Option<String>,
    /// Windows in order.
    pub windows: Vec<WindowV1>,
    /// Control charts.
    pub charts: Vec<ChartV1>,
    /// Sites around the share of all of them.
    pub sites: Vec<SiteV1>,
    /// What is broken.
    pub alerts: Vec<AlertV1>,
}

/// One window.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WindowV1 {
    /// First day, place of the first row, or file.
    pub id: String,
    /// Rows.
    pub rows: Option<u64>,
    /// Rows with a known outcome.
    pub labelled: Option<u64>,
    /// Columns that drifted.
    pub drifted: usize,
    /// Distance from the main directions of the reference.
    pub reconstruction: Option<f64>,
    /// Columns against the reference.
    pub columns: Vec<ColumnV1>,
    /// Figures from labels.
    pub figures: Vec<MonitorFigureV1>,
    /// Figures estimated before labels are there.
    pub expected: Vec<MonitorFigureV1>,
}

/// One column of a window.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ColumnV1 {
    /// Name.
    pub column: String,
    /// Movement: standard deviations of the reference for numbers, share of rows for categories.
    pub effect: Option<IntervalV1>,
    /// Test or distance.
    pub test: Option<String>,
    /// P-value or distance.
    pub score: Option<f64>,
    /// P-value adjusted over all columns.
    pub adjusted: Option<f64>,
    /// Change of the share of missing values.
    pub missing: Option<IntervalV1>,
    /// Share of values the reference never had, or outside its range.
    pub unseen: Option<IntervalV1>,
    /// Why it counts as drifted; empty if it does not.
    pub because: Vec<String>,
}

/// A value with its interval.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct IntervalV1 {
    /// Value.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Rows.
    pub n: u64,
    /// How the interval was made.
    pub method: String,
    /// Largest error that rounding of values can have caused.
    pub error_bound: f64,
}

/// A figure of a group.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MonitorFigureV1 {
    /// Attribute; empty for everybody.
    pub attribute: String,
    /// Group.
    pub group: String,
    /// Figure.
    pub figure: String,
    /// Its value, or nothing where it is withheld or not estimable.
    pub value: Option<IntervalV1>,
    /// Difference to the group that others are compared with.
    pub difference: Option<IntervalV1>,
    /// Why there is no value.
    pub because: Option<String>,
}

/// A control chart.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ChartV1 {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Kind.
    pub kind: String,
    /// One per window.
    pub points: Vec<ChartPointV1>,
    /// Limit of cumulated sums.
    pub cusum_limit: f64,
    /// Windows on average up to a false alarm.
    pub run_lengths: Vec<RunLengthV1>,
}

/// A window on a chart.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ChartPointV1 {
    /// Window.
    pub window: String,
    /// Value.
    pub value: Option<f64>,
    /// Lower limit.
    pub low: Option<f64>,
    /// Upper limit.
    pub high: Option<f64>,
    /// Weighted mean of distances.
    pub ewma: Option<f64>,
    /// Cumulated evidence of a rise.
    pub up: Option<f64>,
    /// Cumulated evidence of a fall.
    pub down: Option<f64>,
    /// Signals.
    pub signals: Vec<String>,
}

/// How long a chart runs without a false alarm.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RunLengthV1 {
    /// What decides.
    pub decider: String,
    /// Windows on average, simulated.
    pub windows: Option<IntervalV1>,
}

/// A site.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SiteV1 {
    /// Site.
    pub site: String,
    /// Rows.
    pub n: Option<u64>,
    /// Share flagged.
    pub value: Option<f64>,
    /// Ends of the 99.8 % limits.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Two-sided p-value of being like all.
    pub p: Option<f64>,
}

/// Something to act on.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AlertV1 {
    /// Id.
    pub id: String,
    /// Window; empty for what is overdue.
    pub window: String,
    /// `threshold`, `drift`, `chart` or `overdue`.
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// Severity.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// What is to be done.
    pub action: Option<String>,
    /// Who does it.
    pub who: Option<String>,
    /// Windows in a row with the same.
    pub open_for: u64,
    /// Who else is told.
    pub escalated_to: Vec<String>,
}

/// A figure whose counts are large enough to be shown.
pub fn shown(estimate: &Estimate, smallest: u64) -> Option<&medattest_metrics::Figure> {
    let figure = estimate.figure.as_ref().ok()?;
    let small = |n: u64| is_small_cell(n, smallest);
    (!small(estimate.n) && !small(estimate.events) && !small(estimate.n.saturating_sub(estimate.events)))
        .then_some(figure)
}

/// Whether few rows stand behind a site, or behind those flagged or not flagged there.
pub fn site_is_small(point: &FunnelPoint, smallest: u64) -> bool {
    let events = (point.value * point.n as f64).round() as u64;
    [point.n, events, point.n.saturating_sub(events)].iter().any(|n| is_small_cell(*n, smallest))
}

/// An estimate with its interval, where its counts are large enough to be shown.
pub fn interval_v1(estimate: &Estimate, smallest: u64) -> Option<IntervalV1> {
    shown(estimate, smallest).map(|figure| IntervalV1 {
        value: figure.value,
        low: figure.low,
        high: figure.high,
        n: estimate.n,
        method: figure.method.to_string(),
        error_bound: figure.error_bound,
    })
}

/// A report as JSON v1.
pub fn monitor(report: &MonitorReport) -> MonitorV1 {
    let smallest = report.plan.smallest;
    MonitorV1 {
        format: "medattest-monitor-v1".to_owned(),
        version: crate::VERSION.to_owned(),
        plan: report.plan.id.clone(),
        plan_sha256: report.plan.sha256.clone(),
        as_of: report.as_of.to_string(),
        reference: DigestV1 { path: report.plan.reference.path.clone(), sha256: report.reference_sha256.clone() },
        smallest_cell: smallest,
        newest: report.newest.map(|day| day.to_string()),
        overdue_since: report.overdue_since.map(|day| day.to_string()),
        windows: report.windows.iter().map(|w| window(w, smallest)).collect(),
        charts: report.charts.iter().map(|c| chart(c, &report.windows, smallest)).collect(),
        sites: report
            .sites
            .iter()
            .map(|(site, point)| {
                let small = site_is_small(point, smallest);
                SiteV1 {
                    site: site.clone(),
                    n: (!small).then_some(point.n),
                    value: (!small).then_some(point.value),
                    low: point.alarm.0,
                    high: point.alarm.1,
                    p: (!small).then_some(point.p),
                }
            })
            .collect(),
        alerts: report.alerts.iter().map(alert).collect(),
    }
}

fn alert(alert: &Alert) -> AlertV1 {
    AlertV1 {
        id: alert.id.clone(),
        window: alert.window.clone(),
        kind: alert.kind.clone(),
        subject: alert.subject.clone(),
        severity: alert.severity,
        message: alert.message.clone(),
        action: alert.action.clone(),
        who: alert.who.clone(),
        open_for: alert.open_for,
        escalated_to: alert.escalated_to.clone(),
    }
}

fn window(window: &WindowReport, smallest: u64) -> WindowV1 {
    let count = |n: u64| (!is_small_cell(n, smallest)).then_some(n);
    let mut figures = Vec::new();
    for group in &window.groups {
        for (metric, estimate) in &group.figures {
            let difference = group.against.iter().find(|(m, ..)| m == metric).map(|(_, difference, _)| difference);
            let value = interval_v1(estimate, smallest);
            figures.push(MonitorFigureV1 {
                attribute: group.attribute.clone(),
                group: group.group.clone(),
                figure: metric.definition().id.to_owned(),
                difference: difference.filter(|_| value.is_some()).and_then(|d| interval_v1(d, smallest)),
                because: match (&value, &estimate.figure) {
                    (Some(_), _) => None,
                    (None, Err(why)) => Some(why.to_string()),
                    (None, Ok(_)) => Some("withheld: few rows".to_owned()),
                },
                value,
            });
        }
        for (name, estimate) in ["mean-error", "mae", "rmse"].iter().zip(group.errors.iter().flatten()) {
            figures.push(MonitorFigureV1 {
                attribute: group.attribute.clone(),
                group: group.group.clone(),
                figure: (*name).to_owned(),
                value: interval_v1(estimate, smallest),
                difference: None,
                because: estimate.figure.as_ref().err().map(ToString::to_string),
            });
        }
    }
    let expected = window.expected.iter().flat_map(|e| {
        [
            ("auroc", &e.auroc),
            ("accuracy", &e.accuracy),
            ("tpr", &e.tpr),
            ("tnr", &e.tnr),
            ("ppv", &e.ppv),
            ("prevalence", &e.prevalence),
        ]
    });
    WindowV1 {
        id: window.id.clone(),
        rows: count(window.rows),
        labelled: count(window.labelled),
        drifted: window.drifted().0,
        reconstruction: window.reconstruction.filter(|_| window.rows >= smallest),
        columns: window.columns.iter().map(|c| column_v1(c, smallest)).collect(),
        figures,
        expected: expected
            .map(|(name, estimate)| MonitorFigureV1 {
                attribute: monitor::EVERYONE.to_owned(),
                group: monitor::EVERYONE.to_owned(),
                figure: name.to_owned(),
                value: interval_v1(estimate, smallest),
                difference: None,
                because: estimate.figure.as_ref().err().map(ToString::to_string),
            })
            .collect(),
    }
}

/// A column against the reference.
pub fn column_v1(column: &ColumnDrift, smallest: u64) -> ColumnV1 {
    ColumnV1 {
        column: column.column.clone(),
        effect: column.effect.as_ref().and_then(|e| interval_v1(e, smallest)),
        test: column.test.map(test_name),
        score: column.score,
        adjusted: column.adjusted,
        missing: interval_v1(&column.missing, smallest),
        unseen: column.unseen.as_ref().and_then(|e| interval_v1(e, smallest)),
        because: column.because.clone(),
    }
}

fn chart(chart: &Chart, windows: &[WindowReport], smallest: u64) -> ChartV1 {
    let point = |(at, window): (usize, &WindowReport)| {
        let point = chart.shown(at, smallest);
        let sums = chart.cusum.get(at).copied().flatten();
        ChartPointV1 {
            window: window.id.clone(),
            value: point.map(|p| p.value),
            low: point.map(|p| p.low),
            high: point.map(|p| p.high),
            ewma: chart.ewma.get(at).copied().flatten().map(|p| p.value),
            up: sums.map(|s| s.up),
            down: sums.map(|s| s.down),
            signals: chart.signals.iter().filter(|(w, _)| *w == at).map(|(_, s)| s.clone()).collect(),
        }
    };
    ChartV1 {
        id: chart.id.clone(),
        title: chart.title.clone(),
        kind: chart.kind.clone(),
        points: windows.iter().enumerate().map(point).collect(),
        cusum_limit: chart.cusum_limit,
        run_lengths: chart
            .run_lengths
            .iter()
            .map(|(decider, windows)| RunLengthV1 { decider: decider.clone(), windows: interval_v1(windows, 0) })
            .collect(),
    }
}
