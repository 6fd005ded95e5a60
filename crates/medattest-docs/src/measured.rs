//! What was measured, as tables and charts.

use medattest_core::engine::bias::BiasEvidence;
use medattest_core::output::figure;
use medattest_core::output::paper::{AttributeTable, GroupRow, Shown, count, few, on_paper};
use medattest_metrics::Metric;

use crate::charts;
use crate::document::{Block, Cell, Inline};

/// The blocks about one table of predictions.
pub(crate) fn measured(evidence: &BiasEvidence, smallest: u64) -> Vec<Block> {
    let mut blocks = vec![Block::Heading {
        level: 3,
        text: vec![Inline::Text("Performance by group: ".into()), Inline::Code(evidence.table.clone())],
        id: None,
    }];
    let mut about = vec![Inline::Text(format!(
        "{} rows of {} data. Intervals have 95 % nominal coverage. ",
        few(evidence.rows, smallest),
        evidence.use_
    ))];
    if evidence.excluded > 0 {
        about.push(Inline::Text(format!(
            "{} rows lack label, prediction or score and were left out. ",
            count((!(1..smallest).contains(&evidence.excluded)).then_some(evidence.excluded))
        )));
    }
    if let Some(clusters) = evidence.clusters {
        about.push(Inline::Text(format!(
            "{} patients or other clusters were resampled whole. ",
            few(clusters, smallest)
        )));
    }
    if evidence.half_cell > 0.0 {
        about.push(Inline::Text(format!(
            "Scores were put on a grid of half-width {}; the error this can cause is stated in the JSON output. ",
            figure(evidence.half_cell)
        )));
    }
    blocks.push(Block::Paragraph(about));
    let tables: Vec<AttributeTable> = evidence.attributes.iter().map(|a| on_paper(a, smallest)).collect();
    for table in &tables {
        blocks.extend(attribute(table, smallest));
    }
    if let Some(table) = tables.first().filter(|table| !table.calibration.is_empty()) {
        let held = match table.calibration_withheld {
            0 => String::new(),
            1 => " One point with a small cell is left out.".to_owned(),
            n => format!(" {n} points with small cells are left out."),
        };
        blocks.push(Block::Figure {
            svg: charts::calibration(&table.calibration),
            caption: format!(
                "Calibration of everyone: mean score against observed rate in bins of equal width, with Wilson intervals. \
                 On the dashed line scores mean what they say.{held}"
            ),
        });
    }
    blocks
}

fn attribute(table: &AttributeTable, smallest: u64) -> Vec<Block> {
    let scored = matches!(
        table.overall.figures.iter().find(|(m, _)| *m == Metric::Auroc),
        Some((_, Shown::Figure { .. } | Shown::Withheld))
    );
    let drawn = if scored {
        [Metric::Tpr, Metric::Fpr, Metric::Auroc, Metric::ObservedExpected]
    } else {
        [Metric::Tpr, Metric::Fpr, Metric::Ppv, Metric::SelectionRate]
    };
    let mut blocks = vec![
        Block::Heading {
            level: 4,
            text: vec![Inline::Text("By ".into()), Inline::Code(table.attribute.clone())],
            id: None,
        },
        Block::Figure {
            svg: charts::forest(table, &drawn),
            caption: format!(
                "Estimates by {} with intervals. The dashed line is everyone (for observed : expected it is 1).",
                table.attribute
            ),
        },
    ];
    let rates = [Metric::SelectionRate, Metric::Tpr, Metric::Fpr, Metric::Ppv, Metric::Npv];
    let others = [Metric::Prevalence, Metric::Accuracy, Metric::Auroc, Metric::Brier, Metric::ObservedExpected];
    for metrics in [rates, others] {
        let mut head = vec![table.attribute.clone(), "n".to_owned(), "positives".to_owned()];
        head.extend(metrics.iter().map(|m| m.title().to_owned()));
        let rows = table.groups.iter().chain([&table.overall]).map(|group| row(group, &metrics)).collect();
        blocks.push(Block::Table { caption: None, head, rows });
    }
    let rows: Vec<Vec<Cell>> = table
        .disparities
        .iter()
        .map(|d| {
            vec![
                Cell::text(d.title),
                Cell::number(d.figure.to_string()),
                Cell::number(d.groups.to_string()),
                Cell::text(if d.left_out.is_empty() { "none".to_owned() } else { d.left_out.join(", ") }),
            ]
        })
        .collect();
    if !rows.is_empty() {
        let head = ["Comparison", "Estimate", "Groups", "Left out, because"].map(str::to_owned).to_vec();
        blocks.push(Block::Table { caption: None, head, rows });
    }
    let hidden = table.groups.iter().any(|g| g.n.is_none() || g.figures.iter().any(|(_, f)| *f == Shown::Withheld));
    if hidden {
        blocks.push(Block::Note(vec![Inline::Text(format!(
            "Withheld: counts under {smallest}, the rates that would give one away, and the next smallest group where \
             the rest would. Comparisons with such a rate, and figures of groups whose size is withheld, are rounded."
        ))]));
    }
    blocks
}

fn row(group: &GroupRow, metrics: &[Metric]) -> Vec<Cell> {
    let mut cells =
        vec![Cell::text(group.label.clone()), Cell::number(count(group.n)), Cell::number(count(group.positives))];
    for metric in metrics {
        let found = group.figures.iter().find(|(m, _)| m == metric).map(|(_, shown)| shown);
        cells.push(found.map_or_else(|| Cell::number("–"), estimate));
    }
    cells
}

/// An estimate with its interval below it, so that columns stay narrow.
fn estimate(shown: &Shown) -> Cell {
    let (first, below) = match shown {
        Shown::Figure { value, low, high, .. } => (figure(*value), format!("[{}, {}]", figure(*low), figure(*high))),
        Shown::NotEstimable(because) => ("–".to_owned(), because.clone()),
        Shown::Withheld => ("withheld".to_owned(), String::new()),
    };
    let cell = Cell::number(first);
    if below.is_empty() { cell } else { cell.and(vec![Inline::Small(below)]) }
}
