//! For whom the model does worse, and sites against all of them.

use std::collections::BTreeSet;

use medattest_core::monitor::{MonitorReport, WindowReport};
use medattest_core::output::figure;
use medattest_core::output::json::{shown, site_is_small};
use medattest_core::output::paper::few;
use medattest_metrics::control::FunnelPoint;
use medattest_metrics::{Estimate, Metric};

use super::{SMALL, drawn, value};
use crate::document::{Block, Cell, Inline, Tone, sub, text};
use crate::funnel::funnel;
use crate::series::Series;

pub(super) fn groups(report: &MonitorReport, names: &[String]) -> Vec<Block> {
    let smallest = report.plan.smallest;
    let attributes: BTreeSet<&str> = report
        .windows
        .iter()
        .flat_map(|w| &w.groups)
        .map(|g| g.attribute.as_str())
        .filter(|name| !name.is_empty())
        .collect();
    let mut blocks = Vec::new();
    for attribute in attributes {
        blocks.push(sub(&format!("By {attribute}")));
        let members: BTreeSet<&str> = report
            .windows
            .iter()
            .flat_map(|w| &w.groups)
            .filter(|g| g.attribute == attribute)
            .map(|g| g.group.as_str())
            .collect();
        if let Some(newest) = report.newest_complete() {
            blocks.push(group_table(newest, attribute, smallest));
        }
        for metric in [Metric::Tpr, Metric::Ppv] {
            for group in members.iter().take(12) {
                let title = format!("{}: {group}", metric.definition().title);
                let series = Series {
                    title: &title,
                    windows: names,
                    values: report
                        .windows
                        .iter()
                        .map(|w| value(w.group(attribute, group).and_then(|g| g.figure(metric)), smallest))
                        .collect(),
                    centre: report
                        .reference
                        .group(attribute, group)
                        .and_then(|g| g.figure(metric))
                        .and_then(|e| shown(e, smallest))
                        .map(|f| f.value),
                    size: SMALL,
                    ..Series::default()
                };
                if series.values.iter().any(Option::is_some) {
                    blocks.extend(drawn(&series, "Bars: 95 % intervals; line: the group in the reference."));
                }
            }
        }
    }
    if !report.sites.is_empty() {
        blocks.push(sub("Sites"));
        let told: Vec<(&str, FunnelPoint)> = report
            .sites
            .iter()
            .filter(|(_, point)| !site_is_small(point, smallest))
            .map(|(site, point)| (site.as_str(), *point))
            .collect();
        let (k, n) = report
            .sites
            .iter()
            .fold((0.0, 0.0), |(k, n), (_, point)| (k + point.value * point.n as f64, n + point.n as f64));
        if let Some(svg) = funnel(&told, k / n) {
            let caption = "Sites by size and share flagged; line: all sites together; dotted and dashed: exact 95 % and \
                           99.8 % limits at the size of each site.";
            blocks.push(Block::Figure { svg, caption: caption.to_owned() });
        }
        blocks.push(sites(report));
    }
    if blocks.is_empty() {
        blocks.push(Block::Paragraph(text("The plan names no groups.")));
    }
    blocks
}

fn group_table(window: &WindowReport, attribute: &str, smallest: u64) -> Block {
    let cell = |estimate: Option<&Estimate>| match estimate {
        None => Cell::text("–"),
        Some(estimate) => match (shown(estimate, smallest), &estimate.figure) {
            (Some(f), _) => Cell::number(figure(f.value)).and(vec![Inline::Small(format!(
                "[{}, {}]",
                figure(f.low),
                figure(f.high)
            ))]),
            (None, Err(why)) => Cell::line(vec![Inline::Small(why.to_string())]),
            (None, Ok(_)) => Cell::line(vec![Inline::Small("withheld".into())]),
        },
    };
    let rows = window
        .groups
        .iter()
        .filter(|group| group.attribute == attribute)
        .map(|group| {
            let against = group.against.iter().find(|(m, ..)| *m == Metric::Tpr).map(|(_, difference, _)| difference);
            let known = group.figure(Metric::Tpr).is_some_and(|e| shown(e, smallest).is_some());
            vec![
                Cell::text(group.group.clone()),
                Cell::number(few(group.rows, smallest)),
                cell(group.figure(Metric::Auroc)),
                cell(group.figure(Metric::Tpr)),
                cell(group.figure(Metric::Ppv)),
                cell(group.figure(Metric::ObservedExpected)),
                if known { cell(against) } else { Cell::text("–") },
            ]
        })
        .collect();
    let head =
        ["Group", "Rows", "AUROC", "Sensitivity", "PPV", "O:E", "Sensitivity, difference to the largest group"];
    Block::Table {
        caption: Some(format!("The newest window by {attribute}.")),
        head: head.map(str::to_owned).to_vec(),
        rows,
    }
}

fn sites(report: &MonitorReport) -> Block {
    let smallest = report.plan.smallest;
    let rows = report
        .sites
        .iter()
        .map(|(site, point)| {
            let small = site_is_small(point, smallest);
            let outside = !small && (point.value < point.alarm.0 || point.value > point.alarm.1);
            vec![
                Cell::text(site.clone()),
                Cell::number(few(point.n, smallest)),
                if small { Cell::text("withheld") } else { Cell::number(figure(point.value)) },
                Cell::number(format!("{} to {}", figure(point.warning.0), figure(point.warning.1))),
                Cell::number(format!("{} to {}", figure(point.alarm.0), figure(point.alarm.1))),
                if outside { Cell::line(vec![Inline::Tag(Tone::Unsure, "outside".into())]) } else { Cell::text("") },
            ]
        })
        .collect();
    let head = ["Site", "Rows", "Share flagged", "95 % limits", "99.8 % limits", ""];
    Block::Table {
        caption: Some("Sites against all of them over all windows: exact limits of a funnel plot.".into()),
        head: head.map(str::to_owned).to_vec(),
        rows,
    }
}
