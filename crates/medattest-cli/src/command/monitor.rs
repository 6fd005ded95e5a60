//! `monitor`: one look, or one after another.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use medattest_core::Severity;
use medattest_core::monitor::{MonitorReport, Plan, WindowReport};
use medattest_core::output::json::{self, shown};
use medattest_core::output::{figure, thousands};
use medattest_metrics::{Estimate, Metric};

use super::{Form, Stop, Text, pretty, print, print_json, report_kind};
use crate::arguments::{MonitorFormat, MonitorOptions};
use crate::monitor::{Monitor, Webhook, metrics, plan_of, tell};
use crate::progress::Progress;
use crate::terminal::{BAD, BOLD, DIM, GOOD, UNSURE, clean};
use crate::world::today;
use crate::write::write_whole;

/// A plan to start from.
const NEW: &str = include_str!("monitor/new.toml");

/// Exit code where no window has been counted yet.
const NO_WINDOW: u8 = 3;

pub(crate) fn run(options: &MonitorOptions) -> Result<u8, Stop> {
    if options.new {
        print(NEW)?;
        return Ok(0);
    }
    let Some(path) = &options.plan else {
        return Err(Stop::usage("monitor", "no plan is named", "write one with: medattest monitor --new"));
    };
    // A name that cannot be written is told before anything is counted.
    for path in &options.write {
        report_kind(path)?;
    }
    let webhook = webhook(options)?;
    let served = Served::start(options)?;
    loop {
        // The plan is read anew, so that it can be changed while watching.
        let outcome = look(options, path, webhook.as_ref(), served.as_ref());
        if !options.watch {
            return outcome;
        }
        match outcome {
            Ok(_) => {}
            // What cannot be read now may be whole at the next look.
            Err(stop) => crate::terminal::stop(&stop),
        }
        std::thread::sleep(Duration::from_secs(options.interval));
    }
}

fn look(
    options: &MonitorOptions,
    path: &Path,
    webhook: Option<&Webhook>,
    served: Option<&Served>,
) -> Result<u8, Stop> {
    let plan = plan_of(path)?;
    let beside = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let data = options.data.clone().unwrap_or_else(|| beside.to_owned());
    let state = options.state.clone().unwrap_or_else(|| beside.join(".medattest").join("monitor"));
    let as_of = options.as_of.unwrap_or_else(today);
    let monitor = Monitor::new(plan, &data, &state, as_of)?;
    let (report, counted) = {
        let progress = Progress::start();
        monitor.look(as_of, &progress)?
    };
    for path in &options.write {
        let text = match report_kind(path)? {
            Form::Html => medattest_docs::html(&medattest_docs::monitor_report(&report)),
            Form::Json => pretty(&json::monitor(&report))?,
        };
        write_whole(path, text.as_bytes())?;
    }
    let text = metrics(&report);
    if let Some(path) = &options.prometheus {
        write_whole(path, text.as_bytes())?;
    }
    if let Some(served) = served {
        served.set(text);
    }
    match options.format {
        MonitorFormat::Json => print_json(&json::monitor(&report))?,
        MonitorFormat::Terminal => print(&terminal(&report, counted, &options.write))?,
    }
    tell(&report, options.alerts.as_deref(), webhook, &state)?;
    Ok(code(&report))
}

fn code(report: &MonitorReport) -> u8 {
    if report.newest_complete().is_none() {
        return NO_WINDOW;
    }
    u8::from(report.current().iter().any(|alert| alert.severity > Severity::Low))
}

fn webhook(options: &MonitorOptions) -> Result<Option<Webhook>, Stop> {
    let Some(url) = &options.webhook else { return Ok(None) };
    if !(url.starts_with("https://") || url.starts_with("http://")) {
        return Err(Stop::usage(
            "--webhook",
            "this is no address of a webhook",
            "such as https://example.org/alerts",
        ));
    }
    let key = match &options.webhook_key {
        None => None,
        Some(path) => {
            let shown = path.display().to_string();
            let bytes =
                std::fs::read(path).map_err(|_| Stop::usage(&shown, "the key cannot be read", "check the path"))?;
            Some(bytes.trim_ascii().to_vec())
        }
    };
    Ok(Some(Webhook { url: url.clone(), key }))
}

/// Metrics at an address, for Prometheus to fetch.
struct Served(Arc<Mutex<String>>);

impl Served {
    fn start(options: &MonitorOptions) -> Result<Option<Self>, Stop> {
        let Some(address) = &options.listen else { return Ok(None) };
        let refused =
            |_| Stop::usage("--listen", format!("{address} cannot be listened at"), "such as 127.0.0.1:9464");
        let listener = TcpListener::bind(address).map_err(refused)?;
        let server = tiny_http::Server::from_listener(listener, None)
            .map_err(|_| Stop::usage("--listen", "the server could not start", "choose another address"))?;
        let text = Arc::new(Mutex::new(String::new()));
        let shared = text.clone();
        std::thread::spawn(move || {
            for request in server.incoming_requests() {
                let known = request.url() == "/metrics" && *request.method() == tiny_http::Method::Get;
                let body = shared.lock().map(|text| text.clone()).unwrap_or_default();
                let mut response = if known {
                    tiny_http::Response::from_string(body)
                } else {
                    tiny_http::Response::from_string("see /metrics\n").with_status_code(404)
                };
                if let Ok(header) = "Content-Type: text/plain; version=0.0.4".parse::<tiny_http::Header>() {
                    response.add_header(header);
                }
                // Whoever hung up needs no answer.
                let _ = request.respond(response);
            }
        });
        Ok(Some(Self(text)))
    }

    fn set(&self, text: String) {
        if let Ok(mut shared) = self.0.lock() {
            *shared = text;
        }
    }
}

/// Figures that a look shows, where the model has them.
const FIGURES: [Metric; 5] =
    [Metric::Auroc, Metric::Tpr, Metric::Ppv, Metric::SelectionRate, Metric::ObservedExpected];

fn cell(estimate: Option<&Estimate>, smallest: u64) -> String {
    estimate.and_then(|e| shown(e, smallest)).map_or("–".to_owned(), |f| figure(f.value))
}

fn terminal(report: &MonitorReport, counted: usize, written: &[PathBuf]) -> String {
    let plan = &report.plan;
    let mut text = Text::new();
    text.line(&format!(
        "{BOLD}{}{BOLD:#}  {} windows, as of {}",
        clean(&plan.title),
        report.windows.len(),
        report.as_of
    ));
    let files = if counted == 1 { "file" } else { "files" };
    text.styled(0, DIM, &format!("{counted} {files} counted now; reference {}", &report.reference_sha256[..12]));
    text.heading("newest windows");
    windows(&mut text, report);
    if let Some(newest) = report.newest_complete() {
        columns(&mut text, newest, plan);
        groups(&mut text, newest, plan);
    }
    text.heading("charts");
    for chart in &report.charts {
        let at = report.windows.iter().rposition(|window| window.complete).unwrap_or(usize::MAX);
        let signals: Vec<&str> = chart.signals.iter().filter(|(w, _)| *w == at).map(|(_, s)| s.as_str()).collect();
        if signals.is_empty() {
            text.tagged(GOOD, "in control", 14, &chart.title);
        } else {
            text.tagged(UNSURE, "signals", 14, &format!("{}: {}", chart.title, signals.join("; ")));
        }
    }
    text.heading("to act on");
    let open = report.current();
    if open.is_empty() {
        text.tagged(GOOD, "nothing", 14, "no limit of the plan is broken in the newest window");
    }
    for alert in &open {
        let style = if alert.severity >= Severity::High { BAD } else { UNSURE };
        let severity = format!("{:?}", alert.severity).to_lowercase();
        text.tagged(style, &severity, 14, &format!("{}: {}", clean(&alert.subject), clean(&alert.message)));
        let mut todo: Vec<String> = Vec::new();
        todo.extend(alert.action.clone());
        todo.extend(alert.who.iter().map(|who| format!("by {who}")));
        if alert.open_for > 1 {
            todo.push(format!("for {} windows in a row", alert.open_for));
        }
        todo.extend(alert.escalated_to.iter().map(|to| format!("tell {to}")));
        if !todo.is_empty() {
            text.styled(16, DIM, &clean(&todo.join("; ")));
        }
    }
    if let Some(why) = report.assumption() {
        text.heading("estimates without labels");
        text.paragraph(2, &why);
    }
    text.blank();
    for path in written {
        text.line(&format!("  wrote {}", path.display()));
    }
    if written.is_empty() {
        text.styled(2, DIM, "charts, every window and group: --write report.html");
    }
    text.into_string()
}

fn windows(text: &mut Text, report: &MonitorReport) {
    const NEWEST: usize = 8;
    let smallest = report.plan.smallest;
    let numeric = report.plan.outcome.as_ref().is_some_and(|outcome| outcome.numeric);
    let mut head = vec!["window".to_owned(), "rows".to_owned(), "drifted".to_owned()];
    if numeric {
        head.extend(["mean error", "mae", "rmse"].map(str::to_owned));
    } else {
        head.extend(FIGURES.iter().map(|metric| metric.definition().short.to_owned()));
        head.push("est.AUROC".to_owned());
    }
    let mut rows = vec![head];
    let from = report.windows.len().saturating_sub(NEWEST);
    for window in std::iter::once(&report.reference).chain(&report.windows[from..]) {
        let (drifted, compared) = window.drifted();
        let drift = if compared == 0 { "–".to_owned() } else { format!("{drifted}/{compared}") };
        let so_far = if window.complete || compared == 0 { "" } else { "*" };
        let mut row = vec![format!("{}{so_far}", short(&window.id)), few_rows(window.rows, smallest), drift];
        if numeric {
            let errors = window.groups.first().and_then(|group| group.errors.as_ref());
            row.extend((0..3).map(|at| cell(errors.map(|errors| &errors[at]), smallest)));
        } else {
            row.extend(FIGURES.iter().map(|metric| cell(window.figure(*metric), smallest)));
            row.push(cell(window.expected.as_ref().map(|expected| &expected.auroc), smallest));
        }
        rows.push(row);
    }
    text.table(&rows);
    if report.windows.iter().any(|window| !window.complete) {
        text.styled(2, DIM, "* not over yet: shown, not judged");
    }
}

fn few_rows(n: u64, smallest: u64) -> String {
    if n > 0 && n < smallest { format!("<{smallest}") } else { thousands(n) }
}

/// The end of a name tells it from others.
fn short(id: &str) -> String {
    let id = clean(id);
    let length = id.chars().count();
    if length > 16 { std::iter::once('…').chain(id.chars().skip(length - 15)).collect() } else { id }
}

fn columns(text: &mut Text, window: &WindowReport, plan: &Plan) {
    const MOST: usize = 10;
    let mut ranked: Vec<_> = window.columns.iter().collect();
    ranked.sort_by(|a, b| b.rank(&plan.drift).total_cmp(&a.rank(&plan.drift)));
    if ranked.is_empty() {
        return;
    }
    text.heading("columns that moved most");
    let mut rows =
        vec![["column", "moved by", "95 % interval", "p adjusted", "missing", ""].map(str::to_owned).to_vec()];
    for column in ranked.iter().take(MOST) {
        let effect = column.effect.as_ref().and_then(|e| shown(e, plan.smallest));
        rows.push(vec![
            short(&column.column),
            effect.map_or("–".to_owned(), |f| figure(f.value)),
            effect.map_or(String::new(), |f| format!("{}–{}", figure(f.low), figure(f.high))),
            column.adjusted.or(column.score).map_or("–".to_owned(), p_value),
            shown(&column.missing, plan.smallest).map_or("–".to_owned(), |f| format!("{:+.1} %", 100.0 * f.value)),
            if column.drifted() { "drifted".to_owned() } else { String::new() },
        ]);
    }
    text.table(&rows);
}

pub(super) fn p_value(p: f64) -> String {
    if p < 0.001 { "<0.001".to_owned() } else { figure(p) }
}

fn groups(text: &mut Text, window: &WindowReport, plan: &Plan) {
    let attributes: std::collections::BTreeSet<&str> =
        window.groups.iter().map(|g| g.attribute.as_str()).filter(|name| !name.is_empty()).collect();
    for attribute in attributes {
        text.heading(&format!("by {}", clean(attribute)));
        let mut rows = vec![
            ["group", "rows", "AUROC", "sens.", "PPV", "O:E", "difference of sens."].map(str::to_owned).to_vec(),
        ];
        for group in window.groups.iter().filter(|g| g.attribute == attribute) {
            let against = group.against.iter().find(|(m, ..)| *m == Metric::Tpr).map(|(_, difference, _)| difference);
            let figures = [Metric::Auroc, Metric::Tpr, Metric::Ppv, Metric::ObservedExpected];
            let mut row = vec![short(&group.group), few_rows(group.rows, plan.smallest)];
            row.extend(figures.iter().map(|metric| cell(group.figure(*metric), plan.smallest)));
            let apart = group.figure(Metric::Tpr).and_then(|e| shown(e, plan.smallest)).and(against);
            let difference = apart.and_then(|e| e.figure.as_ref().ok());
            row.push(
                difference.map_or("–".to_owned(), |f| format!("{:+.2} [{:+.2}, {:+.2}]", f.value, f.low, f.high)),
            );
            rows.push(row);
        }
        text.table(&rows);
    }
}
