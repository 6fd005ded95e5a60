//! `bias`: performance by group, straight from a file.

use std::path::Path;

use medattest_core::engine::bias::{self, BiasEvidence, Request};
use medattest_core::output::paper::{AttributeTable, Count, GroupRow, Shown, few, on_paper};
use medattest_core::output::{bias_markdown, figure, json, thousands};
use medattest_core::{Column, Place, Table, TableUse};
use medattest_metrics::Metric;

use super::{Stop, Text, print, print_json};
use crate::arguments::{BiasFormat, BiasOptions, ScoreKind};
use crate::progress::Progress;
use crate::terminal::{DIM, clean};
use crate::world::Folders;

pub(crate) fn run(options: &BiasOptions) -> Result<u8, Stop> {
    let groups = columns(options.by.as_deref().unwrap_or_default())?;
    let intersections = if groups.len() > 1 && !options.no_intersection {
        vec![groups.iter().map(|g| g.column.clone()).collect()]
    } else {
        Vec::new()
    };
    let path = options.file.display().to_string();
    let request = Request {
        table: Table {
            id: options.file.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            place: Place::file(&path),
            path: path.clone(),
            use_: TableUse::Evaluation,
            filter: options.filter.clone(),
            label: options.label.clone(),
            prediction: options.prediction.clone(),
            score: options.score.clone(),
            probability: options.score_kind == ScoreKind::Probability,
            cluster: options.cluster.clone(),
            groups,
            intersections,
        },
        level: options.level,
        smallest_cell: options.min_cell,
        draws: options.draws as usize,
    };
    let here = Path::new("");
    let world = Folders::new(here, here, false);
    let evidence = {
        let progress = Progress::start();
        progress.say(&format!("measuring {path}"));
        bias::measure(&world, &request).map_err(|error| Stop::from(error.diagnostic()))?
    };
    match options.format {
        BiasFormat::Json => print_json(&json::bias(&evidence, options.min_cell))?,
        BiasFormat::Markdown => print(&bias_markdown(&evidence, options.min_cell))?,
        BiasFormat::Terminal => print(&tables(&evidence, options.min_cell))?,
    }
    Ok(0)
}

/// `race,age:18,40,65` as columns: a number after a colon, or after such a number, is where a group begins.
fn columns(by: &str) -> Result<Vec<Column>, Stop> {
    let mut columns: Vec<Column> = Vec::new();
    for part in by.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let bound = |text: &str| {
            text.parse::<f64>().ok().filter(|x| x.is_finite()).ok_or_else(|| {
                Stop::usage(
                    "--by",
                    format!("`{text}` is not a number"),
                    "write age:18,40,65 to cut a column of numbers",
                )
            })
        };
        if let Some((column, first)) = part.split_once(':') {
            columns.push(Column {
                column: column.to_owned(),
                stands_for: "other".to_owned(),
                bins: vec![bound(first)?],
            });
        } else if let (Ok(next), Some(last)) =
            (part.parse::<f64>(), columns.last_mut().filter(|c| !c.bins.is_empty()))
        {
            if last.bins.last().is_some_and(|before| *before >= next) {
                return Err(Stop::usage(
                    "--by",
                    format!("{part} does not rise"),
                    "groups begin at ascending numbers",
                ));
            }
            last.bins.push(next);
        } else {
            columns.push(Column { column: part.to_owned(), stands_for: "other".to_owned(), bins: Vec::new() });
        }
    }
    let twice =
        columns.iter().enumerate().find(|(i, c)| columns.iter().skip(i + 1).any(|other| other.column == c.column));
    match twice {
        Some((_, column)) => {
            let message = format!("column `{}` is named twice", column.column);
            Err(Stop::usage("--by", message, "name each column once"))
        }
        None => Ok(columns),
    }
}

/// The tables of one measurement, at most 80 columns wide.
pub(crate) fn tables(evidence: &BiasEvidence, smallest: u64) -> String {
    let mut text = Text::new();
    text.line(&format!(
        "{}  {DIM}sha256 {}{DIM:#}",
        clean(&evidence.path),
        evidence.sha256.get(..12).unwrap_or_default()
    ));
    let mut about = format!("{} rows", few(evidence.rows, smallest));
    if evidence.excluded > 0 {
        let excluded = few(evidence.excluded, smallest);
        about.push_str(&format!(", {excluded} left out for want of label, prediction or score"));
    }
    if let Some(clusters) = evidence.clusters {
        about.push_str(&format!(", {} clusters resampled whole", few(clusters, smallest)));
    }
    if evidence.half_cell > 0.0 {
        about.push_str(&format!("; scores on a grid of half-width {}", figure(evidence.half_cell)));
    }
    text.paragraph(0, &about);
    for attribute in &evidence.attributes {
        attribute_tables(&mut text, &on_paper(attribute, smallest), smallest);
    }
    text.into_string()
}

fn attribute_tables(text: &mut Text, table: &AttributeTable, smallest: u64) {
    text.heading(&format!("by {}", clean(&table.attribute)));
    let grouped = table.attribute != "everyone";
    let rows: Vec<&GroupRow> = table.groups.iter().filter(|_| grouped).chain([&table.overall]).collect();
    let counts: Vec<Vec<String>> =
        std::iter::once(["", "n", "positives", short(Metric::Prevalence)].map(str::to_owned).to_vec())
            .chain(
                rows.iter()
                    .map(|row| vec![label(row), count(row.n), count(row.positives), of(row, Metric::Prevalence)]),
            )
            .collect();
    text.table(&counts);
    for metrics in [
        [Metric::SelectionRate, Metric::Tpr, Metric::Fpr],
        [Metric::Ppv, Metric::Npv, Metric::Accuracy],
        [Metric::Auroc, Metric::Brier, Metric::ObservedExpected],
    ] {
        let declared =
            |row: &&GroupRow| row.figures.iter().any(|(m, shown)| metrics.contains(m) && !undeclared(shown));
        if !rows.iter().any(declared) {
            continue;
        }
        let mut lines = vec![vec![String::new()]];
        if let Some(head) = lines.first_mut() {
            head.extend(metrics.iter().map(|m| short(*m).to_owned()));
        }
        for row in &rows {
            let mut line = vec![label(row)];
            line.extend(metrics.iter().map(|m| of(row, *m)));
            lines.push(line);
        }
        text.table(&lines);
    }
    let mut reasons: Vec<String> = Vec::new();
    for row in &rows {
        let mut mine: Vec<&str> = row.figures.iter().filter_map(|(_, shown)| undefined(shown)).collect();
        mine.sort_unstable();
        mine.dedup();
        if !mine.is_empty() {
            reasons.push(format!("{}: {}", clean(&row.label), mine.join(", ")));
        }
    }
    if !reasons.is_empty() {
        text.styled(2, DIM, &format!("– not estimable: {}", reasons.join("; ")));
    }
    let hidden = rows.iter().any(|row| row.n.is_none() || row.figures.iter().any(|(_, f)| *f == Shown::Withheld));
    if hidden {
        text.styled(
            2,
            DIM,
            &format!("* withheld: would show a count under {smallest}; --min-cell 1 shows everything"),
        );
    }
    for disparity in table.disparities.iter().filter(|_| grouped) {
        let value = &disparity.figure;
        let left_out = match disparity.left_out.as_slice() {
            [] => String::new(),
            out => format!("; left out: {}", clean(&out.join(", "))),
        };
        text.paragraph(2, &format!("{}: {value} over {} groups{left_out}", disparity.title, disparity.groups));
    }
}

/// Whether a figure is missing only because nobody named its column.
fn undeclared(shown: &Shown) -> bool {
    matches!(shown, Shown::NotEstimable(why) if why.contains("declared"))
}

/// Why a figure that was asked for cannot be given.
fn undefined(shown: &Shown) -> Option<&str> {
    match shown {
        Shown::NotEstimable(why) if !undeclared(shown) => Some(why),
        _ => None,
    }
}

/// Names short enough for three columns of estimates.
fn short(metric: Metric) -> &'static str {
    match metric {
        Metric::Tpr => "TPR",
        Metric::Fpr => "FPR",
        Metric::Brier => "Brier",
        Metric::ObservedExpected => "O:E",
        other => other.title(),
    }
}

fn label(row: &GroupRow) -> String {
    const LONGEST: usize = 21;
    let label = clean(&row.label);
    if label.chars().count() > LONGEST { label.chars().take(LONGEST - 1).chain(['…']).collect() } else { label }
}

fn count(count: Count) -> String {
    count.map_or_else(|| "*".to_owned(), thousands)
}

fn of(row: &GroupRow, metric: Metric) -> String {
    row.figures.iter().find(|(m, _)| *m == metric).map_or_else(|| "–".to_owned(), |(_, figure)| shown(figure))
}

fn shown(shown: &Shown) -> String {
    match shown {
        Shown::Figure { value, low, high, .. } => format!("{} {}–{}", figure(*value), figure(*low), figure(*high)),
        Shown::NotEstimable(_) => "–".to_owned(),
        Shown::Withheld => "*".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::columns;

    #[test]
    fn numbers_after_a_colon_are_bins() {
        let parsed = columns("race, age:18,40,65,sex").expect("parses");
        let shown: Vec<(&str, &[f64])> = parsed.iter().map(|c| (c.column.as_str(), c.bins.as_slice())).collect();
        assert_eq!(shown, [("race", &[][..]), ("age", &[18.0, 40.0, 65.0][..]), ("sex", &[][..])]);
    }

    #[test]
    fn bins_must_rise() {
        assert!(columns("age:40,18").is_err());
        assert!(columns("age:x").is_err());
        assert!(columns("sex,sex").is_err());
    }
}
