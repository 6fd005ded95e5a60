//! `drift`: every column of one table against another.

use std::collections::BTreeMap;
use std::path::Path;

use medattest_core::monitor::{
    Apart, Cut, DriftLimits, DriftPolicy, ProfileQuery, WindowCounts, WindowReport, drift, told_apart,
};
use medattest_core::output::json::{column_v1, interval_v1, shown};
use medattest_core::output::{figure, thousands};
use medattest_data::Counter;

use super::monitor::p_value;
use super::{Stop, Text, print, print_json};
use crate::arguments::{DriftOptions, DriftPolicyKind, MonitorFormat};
use crate::monitor::Probe;
use crate::progress::Progress;
use crate::terminal::{BAD, BOLD, DIM, GOOD, clean};
use crate::world::today;

/// Figures of fewer rows are not shown.
const SMALLEST: u64 = 11;

pub(crate) fn run(options: &DriftOptions) -> Result<u8, Stop> {
    let limits = DriftLimits {
        policy: match options.policy {
            DriftPolicyKind::Effect => DriftPolicy::Effect,
            DriftPolicyKind::Evidently => DriftPolicy::Evidently,
        },
        ..DriftLimits::default()
    };
    let (report, apart) = {
        let progress = Progress::start();
        let counter = Counter::new();
        progress.say("counting the reference");
        let reference = counted(&counter, &options.reference, options.reference_filter.as_ref(), options)?;
        progress.say("counting the other table");
        let current = counted(&counter, &options.current, options.current_filter.as_ref(), options)?;
        let columns = drift(&reference, &current, &limits);
        let report = WindowReport { rows: current.rows, columns, ..WindowReport::default() };
        let apart = match options.classifier {
            None => None,
            Some(most) => {
                progress.say("trying to tell the tables apart");
                let rows = |path: &Path, filter: Option<&String>| {
                    let shown = path.display().to_string();
                    let filter = filter.map(String::as_str);
                    let rows = counter.sample(path, &shown, filter, &options.ignore, most);
                    rows.map_err(|error| Stop::from(error.diagnostic()))
                };
                let before = rows(&options.reference, options.reference_filter.as_ref())?;
                told_apart(&before, &rows(&options.current, options.current_filter.as_ref())?)
            }
        };
        ((report, reference.rows), apart)
    };
    let (report, before) = report;
    match options.format {
        MonitorFormat::Json => print_json(&serde_json::json!({
            "format": "medattest-drift-v1",
            "reference": options.reference.display().to_string(),
            "current": options.current.display().to_string(),
            "drifted": report.drifted().0,
            "columns": report.columns.iter().map(|column| column_v1(column, SMALLEST)).collect::<Vec<_>>(),
            "classifier": apart.as_ref().map(|apart| serde_json::json!({
                "auroc": interval_v1(&apart.auroc, SMALLEST),
                "importance": apart.importance,
            })),
        }))?,
        MonitorFormat::Terminal => print(&terminal(&report, before, apart.as_ref(), &limits))?,
    }
    Ok(u8::from(report.drifted().0 > 0))
}

fn counted(
    counter: &Counter,
    path: &Path,
    filter: Option<&String>,
    options: &DriftOptions,
) -> Result<WindowCounts, Stop> {
    let query = ProfileQuery {
        filter: filter.cloned(),
        cut: Cut::File,
        ignore: options.ignore.clone(),
        texts: options.text.clone(),
        outcome: None,
        threshold: None,
        shift: BTreeMap::new(),
        loss: None,
    };
    let probe = if options.text.is_empty() { None } else { Some(Probe::load(today().year())?) };
    let tell = |text: &str, told: &mut Vec<(&'static str, f64)>| {
        if let Some(probe) = &probe {
            probe.tell(text, told);
        }
    };
    let shown = path.display().to_string();
    let windows = counter.profile(path, &shown, &[], &query, &tell).map_err(|e| Stop::from(e.diagnostic()))?;
    windows
        .into_iter()
        .next()
        .ok_or_else(|| Stop::usage(&shown, "no row is left", "check the filter and that the table has rows"))
}

fn terminal(report: &WindowReport, before: u64, apart: Option<&Apart>, limits: &DriftLimits) -> String {
    let mut text = Text::new();
    let (drifted, compared) = report.drifted();
    text.line(&format!(
        "{BOLD}{drifted} of {compared} columns drifted{BOLD:#}  {} rows against {}",
        thousands(report.rows),
        thousands(before)
    ));
    let mut ranked: Vec<_> = report.columns.iter().collect();
    ranked.sort_by(|a, b| b.rank(limits).total_cmp(&a.rank(limits)));
    let head = match limits.policy {
        DriftPolicy::Effect => ["column", "moved by", "95 % interval", "p adjusted", "missing", "unseen"],
        DriftPolicy::Evidently => ["column", "moved by", "95 % interval", "score", "missing", "unseen"],
    };
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for column in &ranked {
        let effect = column.effect.as_ref().and_then(|e| shown(e, SMALLEST));
        let name: String = clean(&column.column).chars().take(24).collect();
        // Neither zero has a sign.
        let share = |e: &medattest_metrics::Estimate| shown(e, SMALLEST).map(|f| 100.0 * f.value + 0.0);
        rows.push(vec![
            format!("{}{name}", if column.drifted() { "! " } else { "  " }),
            effect.map_or("–".to_owned(), |f| figure(f.value)),
            effect.map_or(String::new(), |f| format!("{}–{}", figure(f.low), figure(f.high))),
            column.adjusted.or(column.score).map_or("–".to_owned(), p_value),
            share(&column.missing).map_or("–".to_owned(), |x| format!("{x:+.1} %")),
            column.unseen.as_ref().and_then(share).map_or("–".to_owned(), |x| format!("{x:.1} %")),
        ]);
    }
    text.table(&rows);
    for column in ranked.iter().filter(|column| column.drifted()) {
        text.tagged(BAD, "drifted", 10, &format!("{}: {}", clean(&column.column), column.because.join("; ")));
    }
    if drifted == 0 {
        text.tagged(GOOD, "steady", 10, "no column moved by more than the limits");
    }
    if let Some(apart) = apart
        && let Ok(f) = &apart.auroc.figure
    {
        text.heading("can trees tell the tables apart?");
        let most: Vec<String> = apart
            .importance
            .iter()
            .take(4)
            .map(|(name, share)| format!("{} {:.0} %", clean(name), 100.0 * share))
            .collect();
        let line = format!(
            "AUROC {} [{}, {}] on rows they were not fitted to; 0.5 is not at all. Most telling: {}",
            figure(f.value),
            figure(f.low),
            figure(f.high),
            most.join(", ")
        );
        text.paragraph(2, &line);
    }
    text.styled(2, DIM, "Numbers move by standard deviations of the reference, categories by share of rows.");
    text.into_string()
}
