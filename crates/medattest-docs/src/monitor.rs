//! The report of a monitor: what to act on, how the model does over time, what moved, for whom it does worse.

mod groups;

use medattest_core::monitor::{Alert, Chart, Cut, DriftPolicy, MonitorReport, WindowReport, test_name};
use medattest_core::output::json::shown;
use medattest_core::output::paper::few;
use medattest_core::output::{figure, thousands};
use medattest_core::{Severity, VERSION};
use medattest_metrics::{Estimate, Metric};

use crate::document::{Block, Cell, Document, Inline, Tone, section, sub, text};
use crate::series::Series;

/// Windows that are listed one by one.
const NEWEST: usize = 36;
/// Columns that are listed.
const COLUMNS: usize = 40;
const WIDE: (f64, f64) = (720.0, 190.0);
const SMALL: (f64, f64) = (350.0, 150.0);

/// How a model does in use, in short: what to act on, and its performance over time.
pub(crate) fn monitor_summary(report: &MonitorReport) -> Vec<Block> {
    let names: Vec<String> = report.windows.iter().map(|window| window.id.clone()).collect();
    let mut blocks = vec![verdict(report), Block::Paragraph(text(about(report)))];
    blocks.extend(to_act_on(report));
    // The first figure is the one that a reader looks for.
    let mut drawn = 0;
    for block in performance(report, &names) {
        drawn += usize::from(matches!(block, Block::Figure { .. }));
        if drawn > 1 {
            break;
        }
        blocks.push(block);
    }
    blocks
}

/// The report on all windows.
pub fn monitor_report(report: &MonitorReport) -> Document {
    let plan = &report.plan;
    let names: Vec<String> = report.windows.iter().map(|window| window.id.clone()).collect();
    let mut blocks = vec![Block::Heading { level: 1, text: text(&plan.title), id: None }];
    blocks.push(verdict(report));
    blocks.push(Block::Paragraph(text(about(report))));
    blocks.push(Block::Note(text(
        "This report measures and compares with limits that the plan states. It does not say that a model is safe. \
         Counts of 1 to 10, and figures that would give one away, are withheld.",
    )));
    blocks.push(Block::Contents);
    blocks.push(section("To act on", "act"));
    blocks.extend(to_act_on(report));
    blocks.push(section("Performance over time", "performance"));
    blocks.extend(performance(report, &names));
    blocks.push(section("What moved", "drift"));
    blocks.extend(moved(report, &names));
    blocks.push(section("For whom", "groups"));
    blocks.extend(groups::groups(report, &names));
    blocks.push(section("Control charts", "charts"));
    blocks.extend(charts(report, &names));
    blocks.push(section("Windows", "windows"));
    blocks.push(windows(report));
    blocks.push(section("Methods and limits", "methods"));
    blocks.push(methods(report));
    blocks.push(section("How to check this report", "provenance"));
    blocks.push(Block::Paragraph(vec![
        Inline::Text(format!("medattest {VERSION}; plan ")),
        Inline::Code(plan.sha256.clone()),
        Inline::Text("; reference ".into()),
        Inline::Code(report.reference_sha256.clone()),
        Inline::Text(format!("; as of {}. The same counts and plan give the same report.", report.as_of)),
    ]));
    Document::new(format!("Monitoring: {}", plan.title), blocks)
}

fn verdict(report: &MonitorReport) -> Block {
    let open = report.current();
    let serious = open.iter().filter(|alert| alert.severity >= Severity::High).count();
    let Some(newest) = report.newest_complete() else {
        return Block::Verdict {
            tone: Tone::Unsure,
            title: "No window yet".to_owned(),
            text: text("Nothing can be said."),
        };
    };
    let (tone, title) = match (serious, open.len()) {
        (0, 0) => (Tone::Good, "Within the plan".to_owned()),
        (0, n) => (Tone::Unsure, format!("{n} to look at")),
        (1, _) => (Tone::Bad, "A limit of high severity is broken".to_owned()),
        (serious, _) => (Tone::Bad, format!("{serious} limits of high severity are broken")),
    };
    let (drifted, compared) = newest.drifted();
    let said = format!("Newest window {}: {drifted} of {compared} columns drifted.", newest.id);
    Block::Verdict { tone, title, text: text(&said) }
}

fn about(report: &MonitorReport) -> String {
    let plan = &report.plan;
    let owner =
        plan.owner.as_ref().map_or("nobody is named as its owner".to_owned(), |owner| format!("owner: {owner}"));
    let approved = match &plan.approved {
        Some((on, Some(by))) => format!("approved on {on} by {by}"),
        Some((on, None)) => format!("approved on {on}"),
        None => "no approval is stated".to_owned(),
    };
    format!(
        "Plan “{}” ({owner}; {approved}). {} windows against a reference of {} rows; a window is due every {}.",
        plan.id,
        report.windows.len(),
        few(report.reference.rows, plan.smallest),
        plan.every.name()
    )
}

fn severity(alert: &Alert) -> Inline {
    let tone = match alert.severity {
        Severity::Low => Tone::Plain,
        Severity::Medium => Tone::Unsure,
        _ => Tone::Bad,
    };
    Inline::Tag(tone, format!("{:?}", alert.severity).to_lowercase())
}

fn to_act_on(report: &MonitorReport) -> Vec<Block> {
    let open = report.current();
    if open.is_empty() {
        return vec![Block::Paragraph(text(
            "No limit of the plan is broken in the newest window, and none is overdue.",
        ))];
    }
    let rows = open
        .iter()
        .map(|alert| {
            let mut todo = Cell::text(alert.action.clone().unwrap_or_else(|| "No action is laid down.".to_owned()));
            if let Some(who) = &alert.who {
                todo = todo.and(vec![Inline::Small(format!("owner: {who}"))]);
            }
            if !alert.escalated_to.is_empty() {
                todo = todo.and(vec![Inline::Small(format!("to be told: {}", alert.escalated_to.join(", ")))]);
            }
            vec![
                Cell::line(vec![severity(alert)]),
                Cell::text(alert.kind.clone()),
                Cell::line(vec![Inline::Code(alert.subject.clone())]),
                Cell::text(alert.message.clone()),
                Cell::number(alert.open_for.to_string()),
                todo,
            ]
        })
        .collect();
    let head = ["", "What", "About", "What is wrong", "Windows in a row", "What to do"];
    vec![Block::Table { caption: None, head: head.map(str::to_owned).to_vec(), rows }]
}

fn value(estimate: Option<&Estimate>, smallest: u64) -> Option<(f64, f64, f64)> {
    estimate.and_then(|e| shown(e, smallest)).map(|f| (f.value, f.low, f.high))
}

fn drawn(series: &Series<'_>, caption: &str) -> Option<Block> {
    series.svg().map(|svg| Block::Figure { svg, caption: caption.to_owned() })
}

fn performance(report: &MonitorReport, names: &[String]) -> Vec<Block> {
    let smallest = report.plan.smallest;
    let mut blocks = Vec::new();
    let metrics = [
        (Metric::Auroc, "How well scores order patients; dashed where labels were not needed."),
        (Metric::Tpr, "Share of patients with the outcome who were flagged."),
        (Metric::Ppv, "Share of flagged patients who had the outcome."),
        (Metric::ObservedExpected, "Events observed over events expected; 1 is calibrated."),
        (Metric::CalibrationSlope, "Below 1: scores are too extreme."),
        (Metric::CalibrationIntercept, "Below 0: scores are too high on average."),
        (Metric::SelectionRate, "Share of labelled rows flagged: the workload."),
        (Metric::Brier, "Mean squared error of scores."),
    ];
    for (metric, caption) in metrics {
        let estimated = |window: &WindowReport| {
            let expected = window.expected.as_ref()?;
            let estimate = match metric {
                Metric::Auroc => &expected.auroc,
                Metric::Tpr => &expected.tpr,
                Metric::Ppv => &expected.ppv,
                _ => return None,
            };
            shown(estimate, smallest).map(|f| f.value)
        };
        let second: Vec<Option<f64>> = report.windows.iter().map(estimated).collect();
        let series = Series {
            title: metric.definition().title,
            windows: names,
            values: report.windows.iter().map(|w| value(w.figure(metric), smallest)).collect(),
            second: second.iter().any(Option::is_some).then_some(("estimated without labels", second)),
            centre: report.reference.figure(metric).and_then(|e| shown(e, smallest)).map(|f| f.value),
            size: WIDE,
            ..Series::default()
        };
        let caption = format!("{caption} Bars: 95 % intervals; line: reference.");
        blocks.extend(drawn(&series, &caption));
    }
    for (at, title) in ["Mean error", "Mean absolute error", "Root mean squared error"].into_iter().enumerate() {
        let of = |window: &WindowReport| window.groups.first().and_then(|g| g.errors.as_ref()).map(|e| e[at].clone());
        let foreseen =
            report.windows.iter().map(|w| (at == 1).then(|| w.foreseen.as_ref()?.value()).flatten()).collect();
        let series = Series {
            title,
            windows: names,
            values: report.windows.iter().map(|w| value(of(w).as_ref(), smallest)).collect(),
            second: (at == 1).then_some(("foreseen without labels", foreseen)),
            centre: of(&report.reference).and_then(|e| e.value()),
            size: WIDE,
            ..Series::default()
        };
        if series.values.iter().any(Option::is_some) {
            blocks.extend(drawn(&series, "Bars: 95 % intervals; line: reference."));
        }
    }
    if let Some(why) = report.assumption() {
        blocks.push(Block::Paragraph(vec![Inline::Strong("Estimates without labels: ".into()), Inline::Text(why)]));
    }
    if blocks.is_empty() {
        blocks.push(Block::Paragraph(text(
            "The plan names no score, decision or label, so performance is not measured.",
        )));
    }
    blocks
}

fn moved(report: &MonitorReport, names: &[String]) -> Vec<Block> {
    let plan = &report.plan;
    let Some(newest) = report.newest_complete() else { return vec![Block::Paragraph(text("No window yet."))] };
    let mut ranked: Vec<_> = newest.columns.iter().collect();
    ranked.sort_by(|a, b| b.rank(&plan.drift).total_cmp(&a.rank(&plan.drift)));
    let estimate = |e: Option<&Estimate>, scale: f64, unit: &str| match e.and_then(|e| shown(e, plan.smallest)) {
        None => Cell::text("–"),
        Some(f) => {
            let [value, low, high] = [f.value, f.low, f.high].map(|x| figure(x * scale));
            Cell::number(format!("{value}{unit}")).and(vec![Inline::Small(format!("[{low}, {high}]"))])
        }
    };
    let rows = ranked
        .iter()
        .take(COLUMNS)
        .map(|column| {
            vec![
                Cell::line(vec![Inline::Code(column.column.clone())]),
                estimate(column.effect.as_ref(), 1.0, ""),
                Cell::text(column.test.map(test_name).unwrap_or_default())
                    .and(vec![Inline::Small(column.score.map_or(String::new(), |score| format!("{score:.3e}")))]),
                Cell::number(
                    column.adjusted.map_or("–".to_owned(), |p| if p < 0.001 { "<0.001".into() } else { figure(p) }),
                ),
                estimate(Some(&column.missing), 100.0, " points"),
                estimate(column.unseen.as_ref(), 100.0, " %"),
                if column.drifted() {
                    Cell::line(vec![Inline::Tag(Tone::Unsure, "drifted".into())])
                        .and(vec![Inline::Small(column.because.join("; "))])
                } else {
                    Cell::text("")
                },
            ]
        })
        .collect();
    let head = ["Column", "Moved by", "Test", "p adjusted", "Missing, change", "Unseen", ""];
    let caption = "The newest window against the reference, by how far columns moved. Numbers move by standard deviations \
                   of the reference (Wasserstein distance), categories by the share of rows (total variation).";
    let mut blocks =
        vec![Block::Table { caption: Some(caption.into()), head: head.map(str::to_owned).to_vec(), rows }];
    let share = Series {
        title: "Share of columns that drifted",
        windows: names,
        values: report
            .windows
            .iter()
            .map(|w| {
                let (drifted, compared) = w.drifted();
                (compared > 0).then(|| drifted as f64 / compared as f64).map(|s| (s, s, s))
            })
            .collect(),
        centre: Some(plan.drift.share),
        size: WIDE,
        ..Series::default()
    };
    blocks.extend(drawn(&share, "Line: the share from which the plan takes the window as a whole to have drifted."));
    let together = Series {
        title: "Numeric inputs together",
        windows: names,
        values: report.windows.iter().map(|w| w.reconstruction.map(|e| (e, e, e))).collect(),
        centre: report.reference.reconstruction,
        size: WIDE,
        ..Series::default()
    };
    // Where one column is all there is, or columns hang together exactly, what is left is rounding.
    const NOISE: f64 = 1e-6;
    if together.values.iter().flatten().any(|(value, ..)| value.abs() > NOISE) {
        let caption = "Distance between rows and what the main directions of the reference make of them, in standard \
                       deviations; line: reference. It rises when columns stop going together as they did.";
        blocks.extend(drawn(&together, caption));
    }
    for column in ranked.iter().take(6) {
        let of = |w: &WindowReport| {
            let found = w.columns.iter().find(|c| c.column == column.column)?;
            value(found.effect.as_ref(), plan.smallest)
        };
        let series = Series {
            title: &column.column,
            windows: names,
            values: report.windows.iter().map(of).collect(),
            size: SMALL,
            ..Series::default()
        };
        blocks.extend(drawn(&series, "Movement against the reference, window by window."));
    }
    blocks
}

fn charts(report: &MonitorReport, names: &[String]) -> Vec<Block> {
    let mut blocks = Vec::new();
    for chart in &report.charts {
        blocks.push(sub(&chart.title));
        let signals: Vec<usize> = chart.signals.iter().map(|(at, _)| *at).collect();
        if chart.points.iter().any(Option::is_some) {
            let series = Series {
                title: &chart.kind,
                windows: names,
                values: (0..names.len())
                    .map(|at| chart.shown(at, report.plan.smallest).map(|p| (p.value, p.value, p.value)))
                    .collect(),
                limits: chart.points.iter().map(|p| p.map(|p| (p.low, p.high))).collect(),
                centre: chart.points.iter().flatten().map(|p| p.centre).next(),
                signals: signals.clone(),
                size: WIDE,
                ..Series::default()
            };
            blocks.extend(drawn(&series, "Dashed: three standard errors around the reference. Rings: signals."));
        }
        let sums = Series {
            title: "cumulated evidence",
            windows: names,
            values: chart.cusum.iter().map(|s| s.map(|s| (s.up, s.up, s.up))).collect(),
            second: Some(("of a fall", chart.cusum.iter().map(|s| s.map(|s| s.down)).collect())),
            centre: Some(chart.cusum_limit),
            size: WIDE,
            ..Series::default()
        };
        blocks.extend(drawn(&sums, "Full: evidence of a rise; dashed: of a fall; line: the limit."));
        blocks.push(run_lengths(chart, names));
    }
    if blocks.is_empty() {
        blocks.push(Block::Paragraph(text("There is nothing to chart.")));
    }
    blocks
}

fn run_lengths(chart: &Chart, names: &[String]) -> Block {
    let mut lines: Vec<Vec<Inline>> = chart
        .run_lengths
        .iter()
        .filter_map(|(decider, windows)| {
            let f = windows.figure.as_ref().ok()?;
            Some(text(format!(
                "{decider}: {:.0} windows on average without a change before an alarm [{:.0}, {:.0}], simulated",
                f.value, f.low, f.high
            )))
        })
        .collect();
    for (at, signal) in chart.signals.iter().rev().take(12).rev() {
        let name = names.get(*at).map(String::as_str).unwrap_or_default();
        lines.push(vec![Inline::Code(name.to_owned()), Inline::Text(format!(": {signal}"))]);
    }
    Block::List(lines)
}

fn windows(report: &MonitorReport) -> Block {
    let smallest = report.plan.smallest;
    let from = report.windows.len().saturating_sub(NEWEST);
    let rows = std::iter::once(&report.reference)
        .chain(&report.windows[from..])
        .map(|window| {
            let (drifted, compared) = window.drifted();
            let alerts = report.alerts.iter().filter(|alert| alert.window == window.id).count();
            let cell = |metric| {
                window
                    .figure(metric)
                    .and_then(|e| shown(e, smallest))
                    .map_or(Cell::text("–"), |f| Cell::number(figure(f.value)))
            };
            vec![
                Cell::line(vec![Inline::Code(window.id.clone())]),
                Cell::number(few(window.rows, smallest)),
                Cell::number(few(window.labelled, smallest)),
                Cell::number(if compared == 0 { "–".to_owned() } else { format!("{drifted}/{compared}") }),
                cell(Metric::Auroc),
                cell(Metric::ObservedExpected),
                Cell::number(alerts.to_string()),
                Cell::text(if window.complete || compared == 0 { "" } else { "not over yet" }),
            ]
        })
        .collect();
    let head = ["Window", "Rows", "With labels", "Drifted", "AUROC", "O:E", "Alerts", ""];
    Block::Table {
        caption: Some("The reference and the newest windows.".into()),
        head: head.map(str::to_owned).to_vec(),
        rows,
    }
}

fn methods(report: &MonitorReport) -> Block {
    let plan = &report.plan;
    let drift = &plan.drift;
    let policy = match drift.policy {
        DriftPolicy::Effect => format!(
            "A column drifted if it moved by at least {} standard deviations or {} of its rows and its p-value, adjusted \
             over all columns (Benjamini-Hochberg), is below {}; or if the share of missing values changed by {} or \
             more, with an interval that excludes none; or if at least {} of its values, by the lower end of the \
             interval, are new to the reference; or if its type changed.",
            drift.numbers, drift.categories, drift.alpha, drift.missing, drift.unseen
        ),
        DriftPolicy::Evidently => {
            "Columns are judged by the tests and thresholds that Evidently 0.7 chooses. They leave \
                                   missing values out and adjust for nothing."
                .to_owned()
        }
    };
    let cut = match &plan.cut {
        Cut::File => "Each file is a window.".to_owned(),
        Cut::Rows(rows) => format!("Every {} rows of a file are a window.", thousands(*rows)),
        Cut::Period(column, period) => {
            format!("Windows are cut by {} from {column}; rows without a date are left out.", period.name())
        }
    };
    let mut lines = vec![text(&cut), text(&policy)];
    lines.push(text(
        "Intervals of distances are by the delta method and are too high near no movement; read them with the p-value. \
         Numbers with very many different values are kept to fewer digits, and scores on a grid of 2,000 cells; the \
         JSON report states the error that this can cause.",
    ));
    lines.push(text(
        "Performance without labels is what scores, calibrated on the reference by isotonic regression, let one expect \
         (CBPE), or what trees foresee of errors (DLE). Both hold only while scores and errors relate to inputs as on the \
         reference.",
    ));
    lines.push(text(
        "Control charts take the reference as the process in control. Run lengths are simulated for windows of the \
         typical size; several charts together alarm sooner than each.",
    ));
    lines.push(text(
        "How much a drifted input mattered to the model is not told yet: that needs explanations of the model.",
    ));
    Block::List(lines)
}
