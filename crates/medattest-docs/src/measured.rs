//! What was measured, as tables and charts.

use medattest_core::engine::bias::BiasEvidence;
use medattest_core::output::figure;
use medattest_core::output::paper::{
    AttributeTable, ContrastRow, DisparityRow, GroupRow, Shown, count, few, on_paper,
};
use medattest_metrics::{Form, Metric};

use crate::charts;
use crate::document::{Block, Cell, Inline};
use crate::plot::{Line, MOST_LINES, Plot};

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

/// The attribute whose groups are furthest from what their scores promise: its curves are worth a look.
pub(crate) fn most_telling(tables: &[AttributeTable]) -> Option<&AttributeTable> {
    let off = |table: &&AttributeTable| {
        let of = |row: &GroupRow| match row.figure(Metric::ObservedExpected) {
            Some(Shown::Figure { value, .. }) if *value > 0.0 => value.ln().abs(),
            _ => 0.0,
        };
        table.groups.iter().map(of).fold(0.0, f64::max)
    };
    // Of those alike the first. Groups of two attributes at once are too many and too small for a plot.
    let single = |table: &&AttributeTable| !table.of_class && table.stands_for != "intersection";
    tables.iter().filter(single).rev().max_by(|a, b| off(a).total_cmp(&off(b)))
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
    let mut blocks = vec![Block::Figure {
        svg: charts::forest(table, &drawn),
        caption: format!(
            "Estimates by {} with intervals. The dashed line is everyone, or the value a perfect score would have.",
            table.attribute
        ),
    }];
    for metrics in wanted.chunks(5) {
        blocks.push(metric_table(table, metrics));
    }
    blocks
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

/// The groups a plot can hold: everyone first, then the largest whose curve may be shown.
fn drawn(table: &AttributeTable, has: impl Fn(&GroupRow) -> bool) -> (Vec<&GroupRow>, usize) {
    let mut groups: Vec<&GroupRow> = table.groups.iter().filter(|row| has(row)).collect();
    groups.sort_by_key(|row| std::cmp::Reverse(row.n));
    let all = table.groups.len();
    groups.truncate(MOST_LINES - 1);
    let left = all - groups.len();
    (std::iter::once(&table.overall).filter(|row| has(row)).chain(groups).collect(), left)
}

fn left_out(left: usize) -> String {
    match left {
        0 => String::new(),
        1 => " One group is left out: it is too small, or the plot is full.".to_owned(),
        n => format!(" {n} groups are left out: they are too small, or the plot is full."),
    }
}

/// Calibration curves of everyone and of each group.
pub(crate) fn calibration(table: &AttributeTable) -> Vec<Block> {
    let (rows, left) = drawn(table, |row| row.calibration.len() > 1);
    if rows.is_empty() {
        return Vec::new();
    }
    let bins = || rows.iter().flat_map(|row| &row.calibration);
    let top = bins().flat_map(|b| [b.predicted, b.high.min(1.0)]).fold(0.05_f64, f64::max);
    let top = (top * 20.0).ceil() / 20.0;
    let line = |row: &&GroupRow| Line {
        label: row.label.clone(),
        points: row.calibration.iter().map(|b| (b.predicted, b.observed)).collect(),
        bars: if row.label == "everyone" || rows.len() <= 3 {
            row.calibration.iter().map(|b| (b.predicted, b.low, b.high)).collect()
        } else {
            Vec::new()
        },
        marked: true,
    };
    let held = match table.overall.calibration_withheld {
        0 => String::new(),
        1 => " One point of everyone with a small cell is left out.".to_owned(),
        n => format!(" {n} points of everyone with small cells are left out."),
    };
    let plot = Plot {
        title: "Calibration by group",
        x: "mean score",
        y: "observed rate",
        across: (0.0, top),
        up: (0.0, top),
        guide: Some(((0.0, 0.0), (top, top))),
        curve: Vec::new(),
        lines: rows.iter().map(line).collect(),
    };
    vec![Block::Figure {
        svg: plot.svg(),
        caption: format!(
            "Calibration by {}: mean score against observed rate in ten bins of equal width, Wilson intervals. On the \
             dashed line scores mean what they say. Bins with few people are left out.{}{held}",
            table.attribute,
            left_out(left)
        ),
    }]
}

/// ROC curves of everyone and of each group.
pub(crate) fn roc(table: &AttributeTable) -> Vec<Block> {
    let (rows, left) = drawn(table, |row| row.roc.len() > 2);
    if rows.is_empty() {
        return Vec::new();
    }
    let line =
        |row: &&GroupRow| Line { label: row.label.clone(), points: row.roc.clone(), bars: Vec::new(), marked: false };
    let plot = Plot {
        title: "ROC curves by group",
        x: "false positive rate",
        y: "sensitivity",
        across: (0.0, 1.0),
        up: (0.0, 1.0),
        guide: Some(((0.0, 0.0), (1.0, 1.0))),
        curve: Vec::new(),
        lines: rows.iter().map(line).collect(),
    };
    vec![Block::Figure {
        svg: plot.svg(),
        caption: format!(
            "ROC curves by {}, thinned so that no two corners have few people between them. The dashed line is chance.{}",
            table.attribute,
            left_out(left)
        ),
    }]
}

/// Decision curves of everyone and of each group.
pub(crate) fn decision_curve(table: &AttributeTable) -> Vec<Block> {
    let (rows, left) = drawn(table, |row| row.operating.iter().filter(|o| o.net_benefit.is_some()).count() > 2);
    if rows.is_empty() {
        return Vec::new();
    }
    // Beyond the threshold at which hardly anyone is flagged all curves lie on zero.
    let useful = |row: &&GroupRow| {
        let flagged = row.operating.iter().filter(|o| o.selection_rate.is_some_and(|s| s >= 0.005));
        flagged.map(|o| o.threshold).fold(0.1_f64, f64::max)
    };
    let right = rows.iter().map(useful).fold(0.1_f64, f64::max);
    let points = |row: &GroupRow| -> Vec<(f64, f64)> {
        let of = row.operating.iter().filter(|o| o.threshold <= right);
        of.filter_map(|o| Some((o.threshold, o.net_benefit?.0))).collect()
    };
    let top = rows.iter().flat_map(|row| points(row)).map(|p| p.1).fold(0.01_f64, f64::max);
    let line =
        |row: &&GroupRow| Line { label: row.label.clone(), points: points(row), bars: Vec::new(), marked: false };
    // Of those flagged all the share of positives is right, at every threshold.
    let prevalence = match table.overall.figure(Metric::Prevalence) {
        Some(Shown::Figure { value, .. }) => Some(*value),
        _ => None,
    };
    let benefit = |prevalence: f64, at: f64| prevalence - (1.0 - prevalence) * at / (1.0 - at);
    let steps = (0..=50).map(|step| right.min(0.99) * f64::from(step) / 50.0);
    let everyone = prevalence.map_or_else(Vec::new, |p| {
        steps.map(|at| (at, benefit(p, at))).take_while(|(_, benefit)| *benefit >= -top / 4.0).collect()
    });
    let plot = Plot {
        title: "Decision curves by group",
        x: "threshold",
        y: "net benefit",
        across: (0.0, right),
        up: (-top / 4.0, top * 1.05),
        guide: Some(((0.0, 0.0), (right, 0.0))),
        curve: everyone,
        lines: rows.iter().map(line).collect(),
    };
    vec![Block::Figure {
        svg: plot.svg(),
        caption: format!(
            "Decision curves by {}: net benefit of flagging scores from the threshold on, true positives per row less \
             false positives per row at the odds of the threshold. The dashed line is flagging nobody, the dotted one \
             flagging everyone.{}",
            table.attribute,
            left_out(left)
        ),
    }]
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
    if metrics.is_empty() {
        return Vec::new();
    }
    let mut head = vec![table.attribute.clone()];
    head.extend(metrics.iter().map(|m| m.title().to_owned()));
    let row = |group: &GroupRow| {
        let mut cells = vec![Cell::text(group.label.clone())];
        cells.extend(metrics.iter().map(|m| {
            let found = group.pooled.iter().find(|(p, _)| p == m).map(|(_, shown)| shown);
            found.map_or_else(|| Cell::number("–"), estimate)
        }));
        cells
    };
    let caption = "Rates after partial pooling: small groups are drawn towards the others, with credible intervals.";
    vec![Block::Table { caption: Some(caption.to_owned()), head, rows: table.groups.iter().map(row).collect() }]
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
