//! What was measured, as tables and charts.

use medattest_core::engine::bias::BiasEvidence;
use medattest_core::output::figure;
use medattest_core::output::paper::{
    AttributeTable, ContrastRow, DisparityRow, GroupRow, Shown, count, few, on_paper,
};
use medattest_metrics::{Form, Metric};

use crate::charts;
use crate::curves::{calibration, drawn, left_out, most_telling};
use crate::document::{Block, Cell, Inline};
use crate::plot::{Line, Plot};

/// The blocks about one table of predictions, for a paper that has more to say than this.
pub(crate) fn measured(evidence: &BiasEvidence, smallest: u64) -> Vec<Block> {
    let mut blocks = vec![Block::Heading {
        level: 3,
        text: vec![Inline::Text("Performance by group: ".into()), Inline::Code(evidence.table.clone())],
        id: None,
    }];
    blocks.push(Block::Paragraph(about(evidence, smallest)));
    let tables: Vec<AttributeTable> = evidence.attributes.iter().map(|a| on_paper(a, smallest)).collect();
    for table in tables.iter().filter(|table| !table.of_class) {
        blocks.push(heading(table, 4));
        blocks.extend(figures(table));
        blocks.extend(comparisons(table, false));
        blocks.extend(shares(table));
        blocks.extend(withheld(table, smallest));
    }
    blocks.extend(crate::report::proxy_table(evidence));
    if let Some(table) = most_telling(&tables) {
        blocks.extend(calibration(table));
    }
    blocks
}

/// Who is in which data: shares of the groups of every attribute that several tables of a system have.
pub(crate) fn across(evidence: &[BiasEvidence], smallest: u64) -> Vec<Block> {
    let tables: Vec<(String, Vec<AttributeTable>)> = evidence
        .iter()
        .map(|e| (format!("{} ({})", e.table, e.use_), e.attributes.iter().map(|a| on_paper(a, smallest)).collect()))
        .collect();
    let mut blocks = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for table in tables.iter().flat_map(|(_, tables)| tables).filter(|t| !t.shares.is_empty() && !t.of_class) {
        let named = |t: &&AttributeTable| t.attribute == table.attribute && !t.of_class;
        let having: Vec<(&String, &AttributeTable)> =
            tables.iter().filter_map(|(name, all)| Some((name, all.iter().find(named)?))).collect();
        if having.len() < 2 || seen.contains(&table.attribute.as_str()) {
            continue;
        }
        seen.push(&table.attribute);
        let mut groups: Vec<&String> = having.iter().flat_map(|(_, t)| t.shares.iter().map(|s| &s.group)).collect();
        groups.sort();
        groups.dedup();
        let row = |group: &&String| {
            let mut cells = vec![Cell::text((*group).clone())];
            cells.extend(having.iter().map(|(_, t)| {
                let share = t.shares.iter().find(|s| s.group == **group);
                share.map_or_else(|| Cell::number("nobody"), |s| estimate(&s.share))
            }));
            cells
        };
        let mut head = vec![table.attribute.clone()];
        head.extend(having.iter().map(|(name, _)| (*name).clone()));
        let caption = Some(format!("Shares of the rows by {}, table by table", table.attribute));
        blocks.push(Block::Table { caption, head, rows: groups.iter().map(row).collect() });
    }
    if !blocks.is_empty() {
        let text = vec![Inline::Text("Who is in which data".into())];
        blocks.insert(0, Block::Heading { level: 3, text, id: None });
    }
    blocks
}

/// What the figures rest on, in a paragraph.
pub(crate) fn about(evidence: &BiasEvidence, smallest: u64) -> Vec<Inline> {
    let level = evidence.level * 100.0;
    let mut about = vec![Inline::Text(format!(
        "{} rows of {} data. Intervals have {level:.0} % nominal coverage. ",
        few(evidence.rows, smallest),
        evidence.use_
    ))];
    let mut add = |text: String| about.push(Inline::Text(text));
    if evidence.excluded > 0 {
        add(format!(
            "{} rows lack label, prediction, score or weight and were left out. ",
            few(evidence.excluded, smallest)
        ));
    }
    if let Some(clusters) = evidence.clusters {
        add(format!("{} patients or other clusters were resampled whole. ", few(clusters, smallest)));
    }
    if evidence.weighted {
        add("Rows count by their survey weight. ".to_owned());
    }
    if evidence.half_cell > 0.0 {
        add(format!(
            "Scores were put on a grid of half-width {}; the error this can cause is stated in the JSON output. ",
            figure(evidence.half_cell)
        ));
    }
    if let Some(threshold) = evidence.threshold {
        add(format!("Scores from {} on are flagged. ", figure(threshold)));
    }
    about
}

pub(crate) fn heading(table: &AttributeTable, level: u8) -> Block {
    Block::Heading { level, text: vec![Inline::Text("By ".into()), Inline::Code(table.attribute.clone())], id: None }
}

fn declared(table: &AttributeTable, metric: &Metric) -> bool {
    table.overall.figure(*metric).is_some()
}

/// Forest plot and tables of the figures a reader looks for first.
pub(crate) fn figures(table: &AttributeTable) -> Vec<Block> {
    let wanted: Vec<Metric> =
        table.overall.figures.iter().map(|(m, _)| *m).filter(|metric| metric.is_headline()).collect();
    let mut blocks = vec![forest(table)];
    for metrics in wanted.chunks(5) {
        blocks.push(metric_table(table, metrics));
    }
    blocks
}

/// Forest plot of the figures a reader looks for first.
pub(crate) fn forest(table: &AttributeTable) -> Block {
    let first = [
        Metric::Tpr,
        Metric::Fpr,
        Metric::Auroc,
        Metric::ObservedExpected,
        Metric::Ppv,
        Metric::SelectionRate,
        Metric::Accuracy,
        Metric::MacroRecall,
        Metric::MacroPrecision,
        Metric::MeanError,
        Metric::Mae,
        Metric::R2,
    ];
    let drawn: Vec<Metric> = first.into_iter().filter(|metric| declared(table, metric)).take(4).collect();
    Block::Figure {
        svg: charts::forest(table, &drawn),
        caption: format!(
            "Estimates by {} with intervals. The dashed line is everyone, or the value a perfect score would have.",
            table.attribute
        ),
    }
}

/// A table of some figures of every group.
pub(crate) fn metric_table(table: &AttributeTable, metrics: &[Metric]) -> Block {
    let labels = table.overall.positives.is_some() || table.groups.iter().any(|g| g.positives.is_some());
    let mut head = vec![table.attribute.clone(), "n".to_owned()];
    head.extend(labels.then(|| "positives".to_owned()));
    head.extend(metrics.iter().map(|m| m.title().to_owned()));
    let row = |group: &GroupRow| {
        let mut cells = vec![Cell::text(group.label.clone()), Cell::number(count(group.n))];
        cells.extend(labels.then(|| Cell::number(count(group.positives))));
        cells.extend(metrics.iter().map(|m| group.figure(*m).map_or_else(|| Cell::number("–"), estimate)));
        cells
    };
    Block::Table { caption: None, head, rows: table.groups.iter().chain([&table.overall]).map(row).collect() }
}

/// Comparisons over all groups; all of them, or those a reader looks for first.
pub(crate) fn comparisons(table: &AttributeTable, all: bool) -> Vec<Block> {
    let wanted = |d: &&DisparityRow| all || d.is_headline();
    let bounded = table.disparities.iter().filter(wanted).any(|d| d.bounds.is_some());
    let left_out = table.disparities.iter().filter(wanted).any(|d| !d.left_out.is_empty());
    let rows: Vec<Vec<Cell>> = table
        .disparities
        .iter()
        .filter(wanted)
        .map(|d| {
            let mut cells =
                vec![Cell::text(d.title.clone()), estimate(&d.figure), Cell::number(d.groups.to_string())];
            if bounded {
                cells.push(Cell::number(
                    d.bounds
                        .map_or_else(String::new, |(best, worst)| format!("{} to {}", figure(best), figure(worst))),
                ));
            }
            if left_out {
                cells.push(Cell::text(if d.left_out.is_empty() { "none".to_owned() } else { d.left_out.join(", ") }));
            }
            cells
        })
        .collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let mut head = vec!["Comparison", "Estimate", "Groups"];
    head.extend(bounded.then_some("If the unknown belonged to the others"));
    head.extend(left_out.then_some("Left out, because"));
    vec![Block::Table { caption: None, head: head.into_iter().map(str::to_owned).collect(), rows }]
}

/// Each group against the reference, figure by figure.
pub(crate) fn contrasts(table: &AttributeTable) -> Vec<Block> {
    let Some(reference) = &table.reference else { return Vec::new() };
    let p = |p: Option<f64>| Cell::number(p.map_or_else(|| "–".to_owned(), p_value));
    let row = |c: &ContrastRow| {
        vec![
            Cell::text(c.metric.title()),
            Cell::text(c.group.clone()),
            estimate(&c.difference),
            c.ratio.as_ref().map_or_else(|| Cell::number("–"), estimate),
            p(c.p),
            p(c.holm),
            p(c.benjamini_hochberg),
        ]
    };
    let mut tested: Vec<&ContrastRow> = table.contrasts.iter().filter(|c| c.metric.is_tested()).collect();
    tested.sort_by_key(|c| c.metric);
    if tested.is_empty() {
        return Vec::new();
    }
    let head = ["Figure", "Group", "Difference", "Ratio", "p", "Holm", "BH"].map(str::to_owned).to_vec();
    let caption = format!("Every group against {reference}: group minus reference, and group over reference.");
    vec![Block::Table { caption: Some(caption), head, rows: tested.into_iter().map(row).collect() }]
}

/// A p-value as tables show it.
pub(crate) fn p_value(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { format!("{p:.3}") }
}

/// What a threshold of each group's own would do, as a table and a chart.
pub(crate) fn equalised(table: &AttributeTable) -> Vec<Block> {
    let Some(e) = &table.equalised else { return Vec::new() };
    let rate = |row: &medattest_core::output::paper::OperatingRow| match e.metric {
        Metric::Fpr => row.fpr,
        Metric::Ppv => row.ppv,
        Metric::SelectionRate => row.selection_rate,
        _ => row.tpr,
    };
    let shown = |x: Option<f64>| Cell::number(x.map_or_else(|| "withheld".to_owned(), figure));
    let rows = e
        .groups
        .iter()
        .map(|(label, before, after)| {
            vec![
                Cell::text(label.clone()),
                shown(before.as_ref().and_then(rate)),
                shown(after.as_ref().map(|o| o.threshold)),
                shown(after.as_ref().and_then(rate)),
                shown(before.as_ref().and_then(|o| o.fpr)),
                shown(after.as_ref().and_then(|o| o.fpr)),
            ]
        })
        .collect();
    let title = e.metric.title();
    let head = [
        table.attribute.clone(),
        format!("{title} now"),
        "Threshold of its own".to_owned(),
        format!("{title} then"),
        "False positive rate now".to_owned(),
        "False positive rate then".to_owned(),
    ]
    .to_vec();
    let cost = e
        .cost
        .iter()
        .map(|(metric, before, after)| {
            vec![
                Cell::text(metric.title()),
                Cell::number(figure(*before)),
                Cell::number(figure(*after)),
                Cell::number(format!("{:+.3}", after - before)),
            ]
        })
        .collect();
    let mut blocks = vec![
        Block::Paragraph(vec![Inline::Text(format!(
            "Everyone has a {} of {} at the threshold in use, {}. The table shows the threshold that would bring each \
             group closest to it, and the next what that would do to everyone. It is arithmetic on these rows and no \
             advice: thresholds by group may themselves be unlawful, and are never set by this tool.",
            e.metric.title(),
            figure(e.target),
            figure(e.threshold)
        ))]),
        Block::Table { caption: None, head, rows },
        if e.cost.is_empty() {
            Block::Note(vec![Inline::Text(
                "What that would do to everyone is withheld: it would tell how few people the threshold of a group moves. \
                 Rates then are withheld where fewer people move than may be told."
                    .into(),
            )])
        } else {
            Block::Table {
                caption: Some("Everyone, if each group had its own threshold".to_owned()),
                head: ["Figure", "Now", "Then", "Change"].map(str::to_owned).to_vec(),
                rows: cost,
            }
        },
    ];
    let (groups, left) = drawn(table, |row| row.operating.len() > 2);
    let points = |row: &GroupRow| -> Vec<(f64, f64)> {
        row.operating.iter().filter_map(|o| Some((o.threshold, rate(o)?))).collect()
    };
    let right = groups.iter().flat_map(|row| points(row)).filter(|p| p.1 > 0.005).map(|p| p.0).fold(0.05, f64::max);
    let lines: Vec<Line> = groups
        .iter()
        .map(|row| Line {
            label: row.label.clone(),
            points: points(row).into_iter().filter(|p| p.0 <= right).collect(),
            bars: Vec::new(),
            marked: false,
        })
        .filter(|line| line.points.len() > 2)
        .collect();
    if !lines.is_empty() {
        let plot = Plot {
            title: "Figure by threshold and group",
            x: "threshold",
            y: title,
            across: (0.0, right),
            up: (0.0, 1.0),
            guide: Some(((e.threshold, 0.0), (e.threshold, 1.0))),
            curve: Vec::new(),
            lines,
        };
        blocks.push(Block::Figure {
            svg: plot.svg(),
            caption: format!(
                "{title} at other thresholds. The dashed line is the threshold in use.{}",
                left_out(left)
            ),
        });
    }
    blocks
}

/// Rates after partial pooling, where any may be shown.
pub(crate) fn pooled(table: &AttributeTable) -> Vec<Block> {
    let metrics: Vec<Metric> = [Metric::SelectionRate, Metric::Tpr, Metric::Fpr, Metric::Ppv]
        .into_iter()
        .filter(|m| table.groups.iter().any(|g| g.pooled.iter().any(|(p, _)| p == m)))
        .collect();
    let of =
        |group: &GroupRow, metric: &Metric| group.pooled.iter().find(|(p, _)| p == metric).map(|(_, s)| s.clone());
    // Where no spread beyond chance was found every group has the value of all: a column of these looks like equality.
    let (alike, apart): (Vec<Metric>, Vec<Metric>) = metrics.into_iter().partition(|metric| {
        let values: Vec<_> = table.groups.iter().filter_map(|group| of(group, metric)?.texts()).collect();
        values.len() > 1 && values.windows(2).all(|pair| matches!(pair, [a, b] if a == b))
    });
    let mut blocks = Vec::new();
    if !apart.is_empty() {
        let mut head = vec![table.attribute.clone()];
        head.extend(apart.iter().map(|m| m.title().to_owned()));
        let row = |group: &GroupRow| {
            let mut cells = vec![Cell::text(group.label.clone())];
            let shown = |metric| of(group, metric).map_or_else(|| Cell::number("–"), |shown| estimate(&shown));
            cells.extend(apart.iter().map(shown));
            cells
        };
        let caption =
            "Rates after partial pooling: small groups are drawn towards the others, with credible intervals.";
        let rows = table.groups.iter().map(row).collect();
        blocks.push(Block::Table { caption: Some(caption.to_owned()), head, rows });
    }
    if !alike.is_empty() {
        let names: Vec<&str> = alike.iter().map(|metric| metric.title()).collect();
        blocks.push(Block::Note(vec![Inline::Text(format!(
            "Partial pooling found no spread beyond chance between the groups by {} for: {}. That is no proof that they \
             are equal.",
            table.attribute,
            names.join(", ")
        ))]));
    }
    blocks
}

/// Figures of a group and the reference together.
pub(crate) fn pairs(table: &AttributeTable) -> Vec<Block> {
    let Some(reference) = &table.reference else { return Vec::new() };
    if table.pairs.is_empty() {
        return Vec::new();
    }
    let rows = table
        .pairs
        .iter()
        .map(|p| vec![Cell::text(p.pair.definition().title), Cell::text(p.group.clone()), estimate(&p.figure)])
        .collect();
    let head = ["Figure", "Group", "Estimate"].map(str::to_owned).to_vec();
    vec![Block::Table { caption: Some(format!("Figures of a group and {reference} together")), head, rows }]
}

/// Who is in the table.
pub(crate) fn shares(table: &AttributeTable) -> Vec<Block> {
    if table.shares.is_empty() {
        return Vec::new();
    }
    let declared = table.shares.iter().any(|s| s.population.is_some());
    let rows = table
        .shares
        .iter()
        .map(|s| {
            let mut cells = vec![Cell::text(s.group.clone()), estimate(&s.share)];
            if declared {
                cells.push(Cell::number(s.population.map_or_else(|| "–".to_owned(), figure)));
                cells.push(s.ratio.as_ref().map_or_else(|| Cell::number("–"), estimate));
            }
            cells
        })
        .collect();
    let mut head = vec![table.attribute.clone(), "Share of the rows".to_owned()];
    if declared {
        head.extend(["Share of the population".to_owned(), "Ratio".to_owned()]);
    }
    let caption = table.population_source.as_ref().map(|source| format!("Population: {source}"));
    vec![Block::Table { caption, head, rows }]
}

/// What is withheld and how that shows.
pub(crate) fn withheld(table: &AttributeTable, smallest: u64) -> Vec<Block> {
    let hidden = table.groups.iter().any(|g| g.n.is_none() || g.figures.iter().any(|(_, f)| *f == Shown::Withheld));
    if !hidden {
        return Vec::new();
    }
    vec![Block::Note(vec![Inline::Text(format!(
        "Withheld: counts under {smallest}, the rates that would give one away, and the next smallest group where \
         the rest would. Comparisons with such a rate, and figures of groups whose size is withheld, are rounded."
    ))])]
}

/// An estimate with its interval below it, so that columns stay narrow.
pub(crate) fn estimate(shown: &Shown) -> Cell {
    let (first, below) = match (shown, shown.texts()) {
        (_, Some([value, low, high])) => (value, format!("[{low}, {high}]")),
        (Shown::NotEstimable(because), _) => ("–".to_owned(), because.clone()),
        _ => ("withheld".to_owned(), String::new()),
    };
    let cell = Cell::number(first);
    if below.is_empty() { cell } else { cell.and(vec![Inline::Small(below)]) }
}

/// Whether any comparison of an attribute has this form.
pub(crate) fn has(table: &AttributeTable, form: Form) -> bool {
    table.disparities.iter().any(|d| d.form.is_some_and(|(_, f)| f == form))
}
