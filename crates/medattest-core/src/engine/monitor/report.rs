//! All windows together: charts, sites, broken limits.

use jiff::civil::Date;
use medattest_metrics::control::{
    ChartPoint, Decider, FunnelPoint, Process, RiskCell, RunRule, SHEWHART, Sums, cusum_chart, ewma_chart, funnel,
    p_chart, risk_adjusted_cusum, risk_limit, risk_run_length, run_length, u_chart, x_bar_chart,
};
use medattest_metrics::{Estimate, Metric};
use serde::{Deserialize, Serialize};

use super::counts::{Cut, EVERYONE, WindowCounts};
use super::plan::{Limit, Measure, Plan};
use super::window::{GroupReport, Reference, WindowReport};
use crate::finding::Severity;
use crate::output::json::{self, shown};
use crate::value::is_small_cell;

/// Weight and width of exponentially weighted means: about 370 windows without a false alarm (Lucas & Saccucci 1990).
const EWMA: (f64, f64) = (0.2, 2.86);
/// Slack and limit of cumulated sums: about 370 windows without a false alarm (Hawkins 1993).
const CUSUM: (f64, f64) = (0.5, 4.77);
/// What decides on charts, by name.
pub const DECIDERS: [(&str, Decider); 4] = [
    ("beyond three standard errors", Decider::Shewhart(SHEWHART)),
    ("any run rule", Decider::RunRules),
    ("weighted mean", Decider::Ewma(EWMA.0, EWMA.1)),
    ("cumulated sums", Decider::Cusum(CUSUM.0, CUSUM.1)),
];
/// Odds that risk-adjusted sums look for, times those predicted.
const ODDS: f64 = 1.5;
/// Windows that risk-adjusted sums run on average without a false alarm; their limit is found by simulation.
const RUN: f64 = 370.0;
/// Simulated runs.
const RUNS: usize = 400;
const RISK_RUNS: usize = 120;
/// Cells of risk in simulated windows.
const RISK_CELLS: usize = 16;

/// The outcome of watching: what to show, what to act on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MonitorReport {
    /// The plan.
    pub plan: Plan,
    /// The day of the report.
    pub as_of: Date,
    /// SHA-256 of the stored reference.
    pub reference_sha256: String,
    /// The reference as a window.
    pub reference: WindowReport,
    /// Windows in order.
    pub windows: Vec<WindowReport>,
    /// Control charts.
    pub charts: Vec<Chart>,
    /// Sites against all of them, over all windows: site, share flagged.
    pub sites: Vec<(String, FunnelPoint)>,
    /// What is broken, window by window.
    pub alerts: Vec<Alert>,
    /// The last day that the newest window covers, or on which it was counted.
    pub newest: Option<Date>,
    /// The day by which a newer window was due, if that is past.
    pub overdue_since: Option<Date>,
}

/// A control chart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chart {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// What it is: `p`, `u`, `x-bar` or `risk-adjusted cusum`.
    pub kind: String,
    /// One per window.
    pub points: Vec<Option<ChartPoint>>,
    /// Exponentially weighted mean of distances from the centre.
    pub ewma: Vec<Option<ChartPoint>>,
    /// Cumulated distances from the centre, or cumulated evidence.
    pub cusum: Vec<Option<Sums>>,
    /// Limit of the cumulated sums.
    pub cusum_limit: f64,
    /// Signals: number of the window, what signalled.
    pub signals: Vec<(usize, String)>,
    /// Windows on average up to a false alarm, by what decides.
    pub run_lengths: Vec<(String, Estimate)>,
}

impl Chart {
    /// The point of a window, where its rows and events are many enough to be told.
    pub fn shown(&self, at: usize, smallest: u64) -> Option<ChartPoint> {
        let small = |n: u64| is_small_cell(n, smallest);
        self.points.get(at).copied().flatten().filter(|point| {
            let events = (point.value * point.n as f64).round() as u64;
            !small(point.n) && (self.kind != "p" || !small(events) && !small(point.n.saturating_sub(events)))
        })
    }
}

/// Something to act on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Alert {
    /// The same for the same thing in the same window.
    pub id: String,
    /// Plan.
    pub plan: String,
    /// Window.
    pub window: String,
    /// `threshold`, `drift`, `chart` or `overdue`.
    pub kind: String,
    /// What it is about: a threshold's id and group, a column, a chart.
    pub subject: String,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// Value, if it is one.
    pub value: Option<f64>,
    /// Limit.
    pub limit: Option<f64>,
    /// Rows behind it.
    pub n: Option<u64>,
    /// What is to be done.
    pub action: Option<String>,
    /// Who does it.
    pub who: Option<String>,
    /// For how many windows in a row the same was wrong.
    pub open_for: u64,
    /// Who else is told by now.
    pub escalated_to: Vec<String>,
}

impl MonitorReport {
    /// The newest window that is over.
    pub fn newest_complete(&self) -> Option<&WindowReport> {
        self.windows.iter().rev().find(|window| window.complete)
    }

    /// Alerts of the newest window and what is overdue, the worst first.
    pub fn current(&self) -> Vec<&Alert> {
        let newest = self.newest_complete().map(|window| window.id.as_str()).unwrap_or_default();
        let now = |alert: &&Alert| alert.window == newest || alert.window.is_empty();
        let mut open: Vec<&Alert> = self.alerts.iter().filter(now).collect();
        open.sort_by_key(|alert| std::cmp::Reverse(alert.severity));
        open
    }

    /// Whether the calibration that can be seen contradicts what estimates without labels rest on.
    pub fn assumption(&self) -> Option<String> {
        let smallest = self.plan.smallest;
        self.windows.iter().find(|window| window.expected.is_some())?;
        let broken = self
            .windows
            .iter()
            .filter(|window| {
                // Against the reference's own ratio: the estimate is calibrated there.
                let own = self.reference.figure(Metric::ObservedExpected).and_then(|e| shown(e, smallest));
                let here = window.figure(Metric::ObservedExpected).and_then(|e| shown(e, smallest));
                own.zip(here).is_some_and(|(own, here)| own.value < here.low || own.value > here.high)
            })
            .count();
        let seen = self
            .windows
            .iter()
            .filter(|w| w.figure(Metric::ObservedExpected).is_some_and(|e| e.figure.is_ok()))
            .count();
        Some(if seen == 0 {
            "no window has labels yet, so it cannot be seen whether scores still mean what they meant on the reference."
                .to_owned()
        } else if broken == 0 {
            format!("in {seen} windows with labels, calibration was that of the reference, as the estimates assume.")
        } else {
            format!(
                "calibration differed from the reference in {broken} of {seen} windows with labels, which breaks what the \
                 estimates assume. Do not rely on them until scores are recalibrated."
            )
        })
    }
}

/// Puts everything together.
pub fn report(
    plan: &Plan,
    reference: &Reference,
    reference_sha256: &str,
    windows: Vec<WindowReport>,
    counts: &[WindowCounts],
    newest_counted: Option<Date>,
    as_of: Date,
) -> MonitorReport {
    let mut windows = windows;
    for window in &mut windows {
        window.complete = is_complete(window, plan, as_of);
    }
    let charts = charts(reference, &windows, counts);
    let sites = plan.site.as_ref().map(|site| sites(site, &windows)).unwrap_or_default();
    let newest = match &plan.cut {
        Cut::Period(..) => {
            windows.iter().rev().find_map(|w| w.days).map(|(_, end)| end.saturating_sub(jiff::Span::new().days(1)))
        }
        _ => newest_counted,
    };
    let due = newest.map(|newest| plan.every.end(newest));
    let overdue_since = due.filter(|due| *due < as_of);
    let mut alerts = alerts(plan, &windows, &charts);
    if let Some(due) = overdue_since {
        alerts.push(alert(
            plan,
            "",
            "overdue",
            &format!("window due by {due}"),
            Severity::High,
            format!("no window since {}: one was due by {due}", newest.unwrap_or(due)),
        ));
    }
    let reference_report = reference.report.clone();
    MonitorReport {
        plan: plan.clone(),
        as_of,
        reference_sha256: reference_sha256.to_owned(),
        reference: reference_report,
        windows,
        charts,
        sites,
        alerts,
        newest,
        overdue_since,
    }
}

/// Whether a window is over: its last day is past, or it has most of its rows.
fn is_complete(window: &WindowReport, plan: &Plan, as_of: Date) -> bool {
    match (&plan.cut, window.days) {
        (Cut::Period(..), Some((_, end))) => end <= as_of,
        (Cut::Rows(rows), _) => 2 * window.rows >= *rows,
        _ => true,
    }
}

fn alert(plan: &Plan, window: &str, kind: &str, subject: &str, severity: Severity, message: String) -> Alert {
    let id = crate::sha256_hex(format!("{} {window} {kind} {subject}", plan.id).as_bytes());
    Alert {
        id: id.chars().take(16).collect(),
        plan: plan.id.clone(),
        window: window.to_owned(),
        kind: kind.to_owned(),
        subject: subject.to_owned(),
        severity,
        message,
        value: None,
        limit: None,
        n: None,
        action: None,
        who: plan.owner.clone(),
        open_for: 1,
        escalated_to: Vec::new(),
    }
}

/// One series on a chart, with what is simulated for its run lengths.
fn chart(id: &str, title: &str, kind: &str, points: Vec<Option<ChartPoint>>, process: Process) -> Chart {
    let z: Vec<Option<f64>> = points.iter().map(|point| point.map(|point| point.z)).collect();
    let ewma = ewma_chart(&z, EWMA.0, EWMA.1);
    let cusum = cusum_chart(&z, CUSUM.0);
    let mut signals = Vec::new();
    let mut seen: Vec<f64> = Vec::new();
    for (at, z) in z.iter().enumerate() {
        let Some(z) = z else { continue };
        seen.push(*z);
        for rule in RunRule::ALL.into_iter().filter(|rule| rule.holds(&seen)) {
            signals.push((at, rule_name(rule).to_owned()));
        }
        if ewma[at].is_some_and(|point| point.beyond()) {
            signals.push((at, "weighted mean beyond its limits".to_owned()));
        }
        if let Some(sums) = cusum[at] {
            for (sum, side) in [(sums.up, "rise"), (sums.down, "fall")] {
                if sum > CUSUM.1 {
                    signals.push((at, format!("cumulated evidence of a {side}")));
                }
            }
        }
    }
    let run_lengths = DECIDERS
        .into_iter()
        .map(|(name, decider)| (name.to_owned(), run_length(decider, process, RUNS, 1)))
        .collect();
    Chart {
        id: id.to_owned(),
        title: title.to_owned(),
        kind: kind.to_owned(),
        points,
        ewma,
        cusum,
        cusum_limit: CUSUM.1,
        signals,
        run_lengths,
    }
}

/// What a pattern is called.
pub fn rule_name(rule: RunRule) -> &'static str {
    match rule {
        RunRule::BeyondThree => "beyond three standard errors",
        RunRule::TwoOfThree => "two of three beyond two standard errors",
        RunRule::FourOfFive => "four of five beyond one standard error",
        RunRule::EightOnOneSide => "eight in a row on one side",
        RunRule::SixInATrend => "six in a row rising or falling",
    }
}

fn median(mut values: Vec<u64>) -> u64 {
    values.retain(|n| *n > 0);
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

fn charts(reference: &Reference, windows: &[WindowReport], counts: &[WindowCounts]) -> Vec<Chart> {
    let own = &reference.report;
    let mut charts = Vec::new();
    let share = |(k, n): (u64, u64)| (n > 0).then(|| k as f64 / n as f64);
    let mut proportion = |id: &str, title: &str, centre: Option<f64>, series: Vec<(u64, u64)>| {
        let typical = median(series.iter().map(|(_, n)| *n).collect());
        if let Some(centre) = centre.filter(|centre| *centre > 0.0 && *centre < 1.0)
            && typical > 0
        {
            let process = Process::Share { n: typical, centre, truth: centre };
            charts.push(chart(id, title, "p", p_chart(&series, centre, SHEWHART), process));
        }
    };
    proportion(
        "alert-rate",
        "Share of rows the model flagged",
        share(own.flagged),
        windows.iter().map(|w| w.flagged).collect(),
    );
    let events = |w: &WindowReport| w.figure(Metric::Prevalence).map_or((0, 0), |e| (e.events, e.n));
    let known =
        |risks: &[(f64, u64, u64)]| risks.iter().fold((0, 0), |(k, n), (_, pos, neg)| (k + pos, n + pos + neg));
    let of = |w: &WindowReport| if w.risks.is_empty() { events(w) } else { known(&w.risks) };
    proportion(
        "event-rate",
        "Share of labelled rows with the outcome",
        share(of(own)),
        windows.iter().map(of).collect(),
    );
    let unseen = |c: &WindowCounts| c.columns.values().map(|column| column.missing).sum::<u64>();
    let exposure = |c: &WindowCounts| (c.rows * c.columns.len() as u64) as f64;
    let rate = unseen(&reference.counts) as f64 / exposure(&reference.counts).max(1.0);
    if rate > 0.0 {
        let series: Vec<(u64, f64)> = counts.iter().map(|c| (unseen(c), exposure(c))).collect();
        let points = u_chart(&series, rate, SHEWHART);
        charts.push(chart("missing-values", "Missing values per cell", "u", points, Process::Mean { shift: 0.0 }));
    }
    if let Some((mean, sd, _)) = own.score
        && sd > 0.0
    {
        let series: Vec<(f64, u64)> =
            windows.iter().map(|w| w.score.map_or((0.0, 0), |(mean, _, n)| (mean, n))).collect();
        let points = x_bar_chart(&series, mean, sd, SHEWHART);
        charts.push(chart("mean-score", "Mean score", "x-bar", points, Process::Mean { shift: 0.0 }));
    }
    charts.extend(risk_chart(own, windows));
    charts
}

/// Risk-adjusted sums with the limit that keeps them quiet for [`RUN`] windows on average.
fn risk_chart(own: &WindowReport, windows: &[WindowReport]) -> Option<Chart> {
    let cell =
        |(risk, pos, neg): &(f64, u64, u64)| RiskCell { risk: risk.clamp(1e-6, 1.0 - 1e-6), pos: *pos, neg: *neg };
    let labelled = |w: &WindowReport| w.risks.iter().map(|(_, pos, neg)| pos + neg).sum::<u64>();
    let typical = median(windows.iter().map(labelled).collect());
    let all = labelled(own);
    if typical == 0 || all == 0 {
        return None;
    }
    // A window of typical size with the risks of the reference, in few cells.
    let mut cells: Vec<RiskCell> = Vec::new();
    let per = own.risks.len().div_ceil(RISK_CELLS);
    for chunk in own.risks.chunks(per.max(1)) {
        let n: u64 = chunk.iter().map(|(_, pos, neg)| pos + neg).sum();
        let risk = chunk.iter().map(|(risk, pos, neg)| risk * (pos + neg) as f64).sum::<f64>() / n as f64;
        let size = (n as f64 * typical as f64 / all as f64).round() as u64;
        cells.push(RiskCell { risk: risk.clamp(1e-6, 1.0 - 1e-6), pos: 0, neg: size });
    }
    let limit = risk_limit(&cells, ODDS, RUN, RISK_RUNS, 7);
    let series: Vec<Vec<RiskCell>> = windows.iter().map(|w| w.risks.iter().map(cell).collect()).collect();
    let cusum = risk_adjusted_cusum(&series, ODDS);
    let mut signals = Vec::new();
    for (at, sums) in cusum.iter().enumerate() {
        let Some(sums) = sums else { continue };
        for (sum, side) in [(sums.up, "more events than predicted"), (sums.down, "fewer events than predicted")] {
            if sum > limit {
                signals.push((at, side.to_owned()));
            }
        }
    }
    Some(Chart {
        id: "risk-adjusted".to_owned(),
        title: format!("Risk-adjusted cumulated evidence for odds {ODDS} times those predicted, or one over it"),
        kind: "risk-adjusted cusum".to_owned(),
        points: vec![None; windows.len()],
        ewma: vec![None; windows.len()],
        cusum,
        cusum_limit: limit,
        signals,
        run_lengths: vec![(
            "cumulated evidence".to_owned(),
            risk_run_length(&cells, (ODDS, 1.0), limit, (RISK_RUNS, 20 * RUN as usize), 8),
        )],
    })
}

/// Share flagged by site over all windows, around the share of all sites.
fn sites(site: &str, windows: &[WindowReport]) -> Vec<(String, FunnelPoint)> {
    let mut by: std::collections::BTreeMap<&str, (u64, u64)> = std::collections::BTreeMap::new();
    for group in windows.iter().flat_map(|w| &w.groups).filter(|g| g.attribute == site) {
        let entry = by.entry(&group.group).or_default();
        entry.0 += group.flagged;
        entry.1 += group.rows;
    }
    let (k, n) = by.values().fold((0, 0), |(k, n), (a, b)| (k + a, n + b));
    if n == 0 || k == 0 || k == n {
        return Vec::new();
    }
    let series: Vec<(u64, u64)> = by.values().copied().collect();
    let points = funnel(&series, k as f64 / n as f64);
    by.keys().zip(points).filter_map(|(name, point)| Some(((*name).to_owned(), point?))).collect()
}

/// What a limit looks at in a group of a window.
fn measured<'a>(limit: &Limit, window: &'a WindowReport, group: &'a GroupReport) -> Option<Estimate> {
    match limit.measure {
        Measure::Figure(metric) => group.figure(metric).cloned(),
        Measure::Difference(metric) => {
            group.against.iter().find(|(m, ..)| *m == metric).map(|(_, difference, _)| difference.clone())
        }
        Measure::Ratio(metric) => {
            group.against.iter().find(|(m, ..)| *m == metric).and_then(|(.., ratio)| ratio.clone())
        }
        Measure::Expected(metric) => {
            let expected = window.expected.as_ref().filter(|_| group.attribute == EVERYONE)?;
            match metric {
                Metric::Auroc => Some(expected.auroc.clone()),
                Metric::Accuracy => Some(expected.accuracy.clone()),
                Metric::Tpr => Some(expected.tpr.clone()),
                Metric::Tnr => Some(expected.tnr.clone()),
                Metric::Ppv => Some(expected.ppv.clone()),
                Metric::Prevalence => Some(expected.prevalence.clone()),
                _ => None,
            }
        }
        Measure::Mae => group.errors.as_ref().map(|errors| errors[1].clone()),
        Measure::Rmse => group.errors.as_ref().map(|errors| errors[2].clone()),
        Measure::DriftedShare | Measure::Rows => None,
    }
}

/// Whether a limit is broken, by which bound.
fn broken(limit: &Limit, value: f64, interval: Option<(f64, f64)>) -> Option<f64> {
    let (low, high) = match (limit.certain, interval) {
        (true, Some((low, high))) => (low, high),
        _ => (value, value),
    };
    if let Some(least) = limit.at_least.filter(|least| high < *least) {
        return Some(least);
    }
    limit.at_most.filter(|most| low > *most)
}

fn alerts(plan: &Plan, windows: &[WindowReport], charts: &[Chart]) -> Vec<Alert> {
    let mut all: Vec<Alert> = Vec::new();
    let mut open: std::collections::BTreeMap<(String, String), u64> = std::collections::BTreeMap::new();
    for (at, window) in windows.iter().enumerate().filter(|(_, window)| window.complete) {
        let mut here = of_limits(plan, window);
        let (drifted, compared) = window.drifted();
        let share = drifted as f64 / compared.max(1) as f64;
        for column in window.columns.iter().filter(|column| column.drifted()) {
            let severity = if share >= plan.drift.share { Severity::High } else { Severity::Low };
            let message = column.because.join("; ");
            let mut found = alert(plan, &window.id, "drift", &column.column, severity, message);
            found.value = column.effect.as_ref().and_then(|e| shown(e, plan.smallest)).map(|figure| figure.value);
            found.n = (window.rows >= plan.smallest).then_some(window.rows);
            here.push(found);
        }
        for chart in charts {
            let signals: Vec<&str> =
                chart.signals.iter().filter(|(w, _)| *w == at).map(|(_, s)| s.as_str()).collect();
            if !signals.is_empty() {
                let mut found = alert(plan, &window.id, "chart", &chart.id, Severity::Medium, signals.join("; "));
                let point = chart.shown(at, plan.smallest);
                (found.value, found.n) = (point.map(|point| point.value), point.map(|point| point.n));
                here.push(found);
            }
        }
        let mut still = std::collections::BTreeMap::new();
        for found in &mut here {
            let key = (found.kind.clone(), found.subject.clone());
            found.open_for = open.get(&key).copied().unwrap_or(0) + 1;
            found.escalated_to =
                plan.escalation.iter().filter(|e| found.open_for >= e.after).map(|e| e.to.clone()).collect();
            still.insert(key, found.open_for);
        }
        open = still;
        all.append(&mut here);
    }
    all
}

fn of_limits(plan: &Plan, window: &WindowReport) -> Vec<Alert> {
    let mut found = Vec::new();
    for limit in &plan.limits {
        // A value that few rows stand behind is compared, not told.
        let mut check = |subject: String, value: f64, interval: Option<(f64, f64)>, n: u64, told: bool| {
            let Some(bound) = broken(limit, value, interval) else { return };
            let side = if limit.at_least == Some(bound) { "at least" } else { "at most" };
            let shown = interval.map_or(String::new(), |(low, high)| format!(" [{low:.3}, {high:.3}]"));
            let what = limit.measure.id();
            let message = if told {
                format!("{what} is {value:.3}{shown}; {side} {bound} was planned")
            } else {
                format!("{what} of few rows is not {side} {bound}, as planned")
            };
            let mut alert = alert(plan, &window.id, "threshold", &subject, limit.severity, message);
            alert.limit = Some(bound);
            (alert.value, alert.n) = (told.then_some(value), told.then_some(n));
            alert.action.clone_from(&limit.action);
            if limit.who.is_some() {
                alert.who.clone_from(&limit.who);
            }
            found.push(alert);
        };
        match limit.measure {
            Measure::DriftedShare => {
                let (drifted, compared) = window.drifted();
                if compared > 0 {
                    check(
                        limit.id.clone(),
                        drifted as f64 / compared as f64,
                        None,
                        window.rows,
                        window.rows >= plan.smallest,
                    );
                }
            }
            Measure::Rows => {
                check(limit.id.clone(), window.rows as f64, None, window.rows, window.rows >= plan.smallest);
            }
            _ => {
                let wanted = limit.by.as_deref().unwrap_or(EVERYONE);
                for group in window.groups.iter().filter(|group| group.attribute == wanted) {
                    let Some(estimate) = measured(limit, window, group) else { continue };
                    let Ok(figure) = &estimate.figure else { continue };
                    let subject = match &limit.by {
                        Some(by) => format!("{} {by}={}", limit.id, group.group),
                        None => limit.id.clone(),
                    };
                    let told = json::shown(&estimate, plan.smallest).is_some();
                    check(subject, figure.value, Some((figure.low, figure.high)), estimate.n, told);
                }
            }
        }
    }
    found
}
