//! The bias audit as a paper of its own: every figure, the charts, the methods and the limits.

use std::collections::BTreeSet;

use medattest_core::engine::bias::{BiasEvidence, NAME, Proxy, VERSION};
use medattest_core::output::figure;
use medattest_core::output::paper::{AttributeTable, Shown, few, on_paper, paired};
use medattest_core::{Task, VERSION as TOOL};
use medattest_metrics::{Definition, Form, Metric};
use serde_json::Value;

use crate::curves::{calibration, decision_curve, roc};
use crate::document::{Block, Cell, Document, Inline, section, sub, text};
use crate::measured::{
    about, comparisons, contrasts, equalised, estimate, figures, has, heading, metric_table, p_value, pairs, pooled,
    shares, withheld,
};

/// The report on one table of predictions.
pub fn bias_report(evidence: &BiasEvidence, smallest: u64) -> Document {
    let tables: Vec<AttributeTable> = evidence.attributes.iter().map(|a| on_paper(a, smallest)).collect();
    let mut blocks = vec![Block::Heading { level: 1, text: vec![Inline::Text("Bias audit".into())], id: None }];
    blocks.push(Block::Paragraph(vec![
        Inline::Text("Predictions in ".into()),
        Inline::Code(evidence.path.clone()),
        Inline::Text(". ".into()),
    ]));
    blocks.push(Block::Paragraph(about(evidence, smallest)));
    blocks.push(Block::Note(vec![Inline::Text(
        "This report measures and compares. It does not say what is acceptable: that is for the rules of a pack, the \
         policy of an organisation, and people."
            .into(),
    )]));
    blocks.extend(warnings(evidence));
    blocks.push(Block::Contents);
    blocks.extend(overview(evidence, &tables, smallest));
    for (index, table) in tables.iter().enumerate() {
        blocks.push(Block::Heading {
            level: 2,
            text: vec![Inline::Text("By ".into()), Inline::Code(table.attribute.clone())],
            id: Some(format!("attribute-{index}")),
        });
        blocks.extend(attribute(table, smallest));
    }
    blocks.extend(two_scores(evidence, smallest));
    blocks.extend(proxies(evidence));
    blocks.push(section("Methods", "methods"));
    blocks.extend(methods(evidence, &tables, smallest));
    blocks.push(section("Definitions", "definitions"));
    blocks.push(definitions(&tables));
    blocks.extend(trust(evidence, "How to check this report"));
    Document::new(format!("Bias audit: {}", evidence.table), blocks)
}

fn warnings(evidence: &BiasEvidence) -> Vec<Block> {
    let line = |warning: &String| vec![Inline::Strong("Note: ".into()), Inline::Text(warning.clone())];
    evidence.warnings.iter().map(line).map(Block::Paragraph).collect()
}

/// What of all attributes a reader wants before those of one.
fn overview(evidence: &BiasEvidence, tables: &[AttributeTable], smallest: u64) -> Vec<Block> {
    let mut blocks = vec![section("At a glance", "glance")];
    blocks.extend(glance(tables, 1.0 - evidence.level));
    blocks.push(section("Who is in the data", "people"));
    blocks.extend(people(evidence, tables, smallest));
    blocks
}

/// What the figures cannot tell, and where they can be checked.
fn trust(evidence: &BiasEvidence, title: &str) -> Vec<Block> {
    let mut blocks = vec![section("Limits", "limits"), limits(evidence), section(title, "provenance")];
    blocks.extend(provenance(evidence));
    blocks
}

/// The comparisons a reader looks for first, attribute by attribute.
fn glance(tables: &[AttributeTable], alpha: f64) -> Vec<Block> {
    let (mut rows, mut differ) = (Vec::new(), Vec::new());
    for table in tables.iter().filter(|t| !t.of_class) {
        for row in table.disparities.iter().filter(|d| d.is_headline()) {
            rows.push(vec![
                Cell::text(table.attribute.clone()),
                Cell::text(row.title.clone()),
                estimate(&row.figure),
                Cell::number(row.groups.to_string()),
            ]);
        }
        let sure = table.contrasts.iter().filter(|c| c.holm.is_some_and(|p| p < alpha));
        let named: BTreeSet<String> = sure
            .map(|c| {
                let way = match &c.difference {
                    Shown::Figure { value, .. } if *value < 0.0 => "lower",
                    _ => "higher",
                };
                format!("{} of {} {way}", c.metric.title(), c.group)
            })
            .collect();
        if let Some(reference) = table.reference.as_ref().filter(|_| !named.is_empty()) {
            let named: Vec<String> = named.into_iter().collect();
            differ.push(vec![
                Inline::Text("By ".into()),
                Inline::Code(table.attribute.clone()),
                Inline::Text(format!(", against {reference}: {}.", named.join(", "))),
            ]);
        }
    }
    if rows.is_empty() {
        return vec![Block::Paragraph(text("There are no groups to compare."))];
    }
    let head = ["Attribute", "Comparison", "Estimate", "Groups"].map(str::to_owned).to_vec();
    let mut blocks = vec![Block::Table { caption: None, head, rows }];
    if differ.is_empty() {
        blocks.push(Block::Paragraph(text(format!(
            "No group differs from its reference group in a tested figure with a p-value under {alpha:.2}, adjusted by \
             Holm. That is not evidence that groups are alike."
        ))));
    } else {
        blocks.push(Block::Paragraph(text(format!(
            "Figures that differ from the reference group with a p-value under {alpha:.2}, adjusted by Holm over all \
             tests:"
        ))));
        blocks.push(Block::List(differ));
    }
    blocks
}

/// Who is in a table: shares of every group, beside the population where one is declared.
pub(crate) fn who(evidence: &BiasEvidence, smallest: u64) -> Vec<Block> {
    let tables: Vec<AttributeTable> = evidence.attributes.iter().map(|a| on_paper(a, smallest)).collect();
    people(evidence, &tables, smallest)
}

fn people(evidence: &BiasEvidence, tables: &[AttributeTable], smallest: u64) -> Vec<Block> {
    let mut blocks = Vec::new();
    for (table, attribute) in tables.iter().zip(&evidence.attributes).filter(|(t, _)| !t.shares.is_empty()) {
        blocks.push(Block::Heading {
            level: 3,
            text: vec![Inline::Text("By ".into()), Inline::Code(table.attribute.clone())],
            id: None,
        });
        blocks.extend(shares(table));
        if let Some(distance) = attribute.representation.as_ref().and_then(|r| r.distance) {
            let p = attribute.representation.as_ref().and_then(|r| r.p).map_or_else(String::new, |p| {
                format!(
                    "; a random sample of that population would lie as far off with probability {}, rows taken as \
                     independent",
                    p_value(p).replace("< ", "under ")
                )
            });
            let said = if table.share_withheld() {
                "Half the sum of absolute differences of the shares is withheld, as a share is.".to_owned()
            } else {
                format!("Half the sum of absolute differences of the shares is {}{p}.", figure(distance))
            };
            blocks.push(Block::Paragraph(text(said)));
        }
    }
    if blocks.is_empty() {
        blocks.push(Block::Paragraph(text("No single attribute was declared.")));
    }
    let unlabelled = match evidence.unlabelled {
        0 => "No row lacks a label.".to_owned(),
        n => format!(
            "{} rows lack a label; their share by group is among the figures below, for labels that are missing more \
             often in one group bias every figure that needs them.",
            few(n, smallest)
        ),
    };
    blocks.push(Block::Paragraph(text(unlabelled)));
    blocks
}

fn attribute(table: &AttributeTable, smallest: u64) -> Vec<Block> {
    let mut blocks = figures(table);
    blocks.extend(withheld(table, smallest));
    blocks.extend(titled("Between groups", comparisons(table, false)));
    blocks.extend(beyond(table));
    blocks.extend(titled("Figures of two groups together", pairs(table)));
    let rest: Vec<Metric> =
        table.overall.figures.iter().map(|(m, _)| *m).filter(|metric| !metric.is_headline()).collect();
    blocks.extend(titled("Other figures", rest.chunks(5).map(|metrics| metric_table(table, metrics)).collect()));
    if has(table, Form::Difference) {
        blocks.extend(titled("Every comparison between groups", comparisons(table, true)));
    }
    blocks
}

/// What is told of an attribute beyond figures by group and their largest differences.
fn beyond(table: &AttributeTable) -> Vec<Block> {
    let parts = [
        ("Against the reference group", contrasts(table)),
        ("Calibration", calibration(table)),
        ("Discrimination", roc(table)),
        ("Clinical utility", decision_curve(table)),
        ("Thresholds", equalised(table)),
        ("Partial pooling", pooled(table)),
    ];
    parts.into_iter().flat_map(|(title, blocks)| titled(title, blocks)).collect()
}

fn titled(title: &str, mut blocks: Vec<Block>) -> Vec<Block> {
    if !blocks.is_empty() {
        blocks.insert(0, sub(title));
    }
    blocks
}

/// What the audit adds to figures by group, for files that show those and are read beside its own report.
pub(crate) fn bias_summary(evidence: &BiasEvidence, smallest: u64) -> Vec<Block> {
    let tables: Vec<AttributeTable> = evidence.attributes.iter().map(|a| on_paper(a, smallest)).collect();
    let mut blocks = warnings(evidence);
    blocks.extend(overview(evidence, &tables, smallest));
    for table in &tables {
        let more = beyond(table);
        if !more.is_empty() {
            blocks.push(heading(table, 2));
            blocks.extend(more);
        }
    }
    blocks.extend(two_scores(evidence, smallest));
    blocks.push(section("Methods", "methods"));
    blocks.extend(methods(evidence, &tables, smallest));
    blocks.extend(trust(evidence, "How to check this audit"));
    blocks.push(Block::Note(text(
        "Figures of two groups together, every other figure and comparison, and definitions are in the report of the audit \
         (paper bias-audit-report).",
    )));
    blocks
}

fn two_scores(evidence: &BiasEvidence, smallest: u64) -> Vec<Block> {
    let compared = paired(evidence, smallest);
    let Some((first, _)) = compared.first() else { return Vec::new() };
    let versus = first.versus.clone();
    let rows = compared
        .iter()
        .map(|(p, shown)| {
            let p_of = p.p.filter(|_| matches!(shown, Shown::Figure { .. }));
            vec![
                Cell::text(p.attribute.clone()),
                Cell::text(p.group.clone()),
                estimate(shown),
                Cell::number(p_of.map_or_else(|| "–".to_owned(), p_value)),
            ]
        })
        .collect();
    let head = ["Attribute", "Group", "AUROC gained", "p"].map(str::to_owned).to_vec();
    vec![
        section("Against a second score", "versus"),
        Block::Paragraph(vec![
            Inline::Text("AUROC of the score less that of ".into()),
            Inline::Code(versus),
            Inline::Text(" on the same rows, paired.".into()),
        ]),
        Block::Table { caption: None, head, rows },
    ]
}

fn proxies(evidence: &BiasEvidence) -> Vec<Block> {
    let mut blocks = proxy_table(evidence);
    if !blocks.is_empty() {
        blocks.insert(0, section("Features that stand in for an attribute", "proxies"));
    }
    blocks
}

/// How much each feature tells of each attribute.
pub(crate) fn proxy_table(evidence: &BiasEvidence) -> Vec<Block> {
    if evidence.proxies.is_empty() {
        return Vec::new();
    }
    let mut sorted: Vec<&Proxy> = evidence.proxies.iter().collect();
    let share = |p: &Proxy| p.association.as_ref().map_or(-1.0, |a| a.share);
    sorted.sort_by(|a, b| a.attribute.cmp(&b.attribute).then(share(b).total_cmp(&share(a))));
    let rows = sorted
        .into_iter()
        .map(|p| {
            let mut cells = vec![Cell::text(p.attribute.clone()), Cell::text(p.feature.clone())];
            match &p.association {
                Ok(a) => cells.extend([
                    Cell::number(format!("{:.1} %", a.share * 100.0)),
                    Cell::number(figure(a.information)),
                    Cell::number(a.values.to_string()),
                    Cell::number(p.holm.map_or_else(|| "–".to_owned(), p_value)),
                ]),
                Err(because) => cells.extend([
                    Cell::number("–").and(vec![Inline::Small(because.clone())]),
                    Cell::number(""),
                    Cell::number(""),
                    Cell::number(""),
                ]),
            }
            cells
        })
        .collect();
    let head = ["Attribute", "Feature", "Of its entropy", "Mutual information (nats)", "Values", "Holm"];
    vec![
        Block::Paragraph(text(
            "What a model is told may give an attribute away, whether or not the attribute is among its inputs. The table \
             says what share of each attribute's uncertainty each feature removes; numbers were cut into twenty bins.",
        )),
        Block::Table { caption: None, head: head.map(str::to_owned).to_vec(), rows },
    ]
}

fn methods(evidence: &BiasEvidence, tables: &[AttributeTable], smallest: u64) -> Vec<Block> {
    let mut items: Vec<Vec<Inline>> = Vec::new();
    let mut add = |what: &str| items.push(text(what));
    let draws = evidence.attributes.first().map_or(0, |a| a.audit.draws);
    if evidence.task == Task::Binary {
        match (evidence.clusters.is_some(), evidence.weighted) {
            (false, false) => add(
                "Rates have Wilson score intervals (Wilson 1927), unless Clopper-Pearson ones were asked for; differences \
                 of rates Newcombe's square-and-add intervals (1998); ratios of rates intervals on the logarithmic scale \
                 (Katz et al. 1978). F1 is a transformed proportion, balanced accuracy the square-and-add of two.",
            ),
            _ => add(
                "Rows are not independent or not of equal weight, so rates, their differences and their ratios have \
                 percentile intervals from resampling whole patients (or weighted rows).",
            ),
        }
        items.push(text(format!(
            "Comparisons of rates over several groups are bootstrapped from the table of counts ({draws} draws for the \
             first attribute, fewer where groups are very many): drawing rows with replacement makes it one multinomial \
             draw, and drawing patients one multinomial draw over kinds of patient, which has exactly the distribution of \
             the ordinary bootstrap. Comparisons of figures of scores draw each group's figure from its own standard \
             error, groups as independent and everyone held. The distance between the largest and the \
             smallest of several noisy rates is biased away from parity; the end of the interval towards parity is \
             therefore moved back by twice the bias that the draws show, and reaches parity where a test that all groups \
             are alike (Pearson; Cochran 1954) does not refute it. The corrected deviation between groups removes \
             that bias from the estimate itself (Lum, Zhang & Bower 2022)."
        )));
        let mut add = |what: &str| items.push(text(what));
        if tables.iter().any(|t| t.overall.figure(Metric::Auroc).is_some()) {
            add(
                "AUROC has DeLong's interval (1988), for clustered rows Obuchowski's (1997); two groups are compared as \
                 independent, two scores of the same rows as paired. Observed over expected has the exact Poisson \
                 interval; Brier score, mean scores and net benefit are means with linearised standard errors, by \
                 cluster where one is declared. Calibration intercept and slope are logistic maximum likelihood \
                 estimates (Cox 1958), sandwich errors for clusters or weights. The area between ROC curves is exact for \
                 the curves of these rows; its interval resamples scores in 64 cells.",
            );
        }
    } else if evidence.task == Task::Regression {
        add("Figures of numbers have normal intervals with linearised standard errors, by cluster where one is \
             declared. Groups are compared as independent; comparisons of extremes resample each group's figure from \
             its standard error. Comparisons of shares above a cut hold the cut, a quantile of everyone's predictions.");
    } else {
        add("Figures over classes have percentile intervals from resampling the table of group, true and predicted \
             class. Every class was also audited against the rest, with the methods for yes-or-no predictions.");
    }
    items.push(text(format!(
        "A figure is not estimable when its denominator has fewer than {smallest} rows or people, or too few positive or \
         negative labels for what it needs. Such a group enters no comparison; it is listed with the reason. Rows whose attribute is \
         missing are a group of their own, and where they are enough the table says between which bounds the difference \
         would lie if they belonged to the other groups."
    )));
    let audits = evidence.attributes.iter().map(|a| &a.audit);
    let tests: usize = audits.flat_map(|audit| &audit.contrasts).filter(|c| c.p.is_some()).count();
    items.push(text(format!(
        "P-values are two-sided; {tests} tests of this table, withheld ones among them, form one family, adjusted by Holm (1979) and by Benjamini \
         and Hochberg (1995). Complements of a figure are not tested again."
    )));
    items.push(text(
        "Rates that may be shown are also shown after partial pooling: all groups of an attribute are taken as draws of \
         one Beta distribution fitted by weighted moments (Kleinman 1973); credible intervals allow for the error of its \
         mean, not for that of its spread.",
    ));
    vec![Block::List(items)]
}

/// Every figure that the report shows.
fn definitions(tables: &[AttributeTable]) -> Block {
    let mut shown: Vec<Definition> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut add = |definition: Definition| {
        if seen.insert(definition.id) {
            shown.push(definition);
        }
    };
    for table in tables {
        table.overall.figures.iter().for_each(|(metric, _)| add(metric.definition()));
        table.pairs.iter().for_each(|pair| add(pair.pair.definition()));
        for row in table.disparities.iter().filter(|d| d.form.is_none()) {
            let known = medattest_metrics::Composite::ALL.into_iter().map(|c| c.definition());
            known.filter(|d| d.id == row.id).for_each(&mut add);
        }
    }
    let bound = |x: f64| {
        if x.is_infinite() { if x > 0.0 { "∞".to_owned() } else { "−∞".to_owned() } } else { format!("{x}") }
    };
    let rows = shown
        .into_iter()
        .map(|d| {
            let peers: Vec<String> = d
                .peers
                .iter()
                .map(
                    |p| if p.2.is_empty() { format!("{} {}", p.0, p.1) } else { format!("{} {}: {}", p.0, p.1, p.2) },
                )
                .collect();
            vec![
                Cell::text(d.title).and(vec![Inline::Code(d.id.to_owned())]),
                Cell::text(d.formula),
                Cell::text(format!("{} to {}", bound(d.range.0), bound(d.range.1))),
                Cell::text(d.parity.map_or_else(|| "equal".to_owned(), bound)),
                Cell::text(peers.join("; ")),
            ]
        })
        .collect();
    let head = ["Figure", "Formula", "Range", "Parity", "Elsewhere"].map(str::to_owned).to_vec();
    Block::Table { caption: None, head, rows }
}

fn limits(evidence: &BiasEvidence) -> Block {
    let mut items = vec![
        text(
            "Labels are taken as true. Where the outcome is recorded, coded or acted upon differently by group, equal \
              figures may hide a difference and different ones may be no fault of the model.",
        ),
        text(
            "A difference between groups says nothing of its cause. Groups differ in age, illness and care, and these \
              figures adjust for none of it.",
        ),
        text("Groups are what the column says. Who is not in the data, or recorded wrongly, is not seen."),
        text("An interval that contains parity does not show parity; with few events it contains nearly everything."),
    ];
    if evidence.clusters.is_none() {
        items.push(text(
            "No column says which rows are of one patient. If patients have several rows, intervals are too narrow.",
        ));
    } else {
        items.push(text(
            "Intervals of calibration bins, shares of the rows and features that stand in for an attribute treat rows as \
             independent. Groups are compared as independent in figures of scores, though patients may have rows in \
             several.",
        ));
    }
    if evidence.weighted {
        items.push(text("Bounds for missing attributes are given for unweighted rows only."));
    }
    if evidence.weighted {
        items.push(text(
            "Weights are taken as fixed and rows as drawn independently; strata and finite populations are not known. Of more \
             than 200,000 rows with many different weights, weights are kept to four digits. Shares of the rows count rows.",
        ));
    }
    items.push(text(
        "What is withheld is withheld within this table. Several attributes, or several tables of the same people, may still \
         be set against each other.",
    ));
    Block::List(items)
}

/// Adds the parameters of an audit to a cell, one on a line, as they are stored but for those that say nothing.
pub(crate) fn parameters(mut cell: Cell, stored: &str) -> Cell {
    let Ok(Value::Object(named)) = serde_json::from_str(stored) else { return cell.and(text(stored)) };
    for (name, value) in &named {
        let lines = match value {
            Value::Array(items) if items.iter().all(Value::is_object) => items.iter().collect(),
            other => vec![other],
        };
        for words in lines.into_iter().filter_map(in_words) {
            cell = cell.and(vec![Inline::Small(format!("{name}: ")), Inline::Text(words)]);
        }
    }
    cell
}

/// A stored value in words; nothing where it is empty.
fn in_words(value: &Value) -> Option<String> {
    let joined = |all: Vec<String>| (!all.is_empty()).then(|| all.join(", "));
    match value {
        Value::Null => None,
        Value::Bool(yes) => Some(if *yes { "yes" } else { "no" }.to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        Value::Array(items) if items.iter().any(Value::is_array) => {
            let each: Vec<String> = items.iter().filter_map(in_words).map(|item| item.replace(", ", " ")).collect();
            joined(each)
        }
        Value::Array(items) => joined(items.iter().filter_map(in_words).collect()),
        Value::Object(named) => {
            let each = named.iter().filter_map(|(name, value)| Some(format!("{name} {}", in_words(value)?)));
            (!named.is_empty()).then(|| each.collect::<Vec<_>>().join("; ")).filter(|text| !text.is_empty())
        }
    }
}

fn provenance(evidence: &BiasEvidence) -> Vec<Block> {
    let row = |name: &str, value: &str| vec![Cell::text(name), Cell::line(vec![Inline::Code(value.to_owned())])];
    let rows = vec![
        row("Table", &evidence.path),
        row("SHA-256 of the table", &evidence.sha256),
        row("SHA-256 of the stored counts", &evidence.counts_sha256),
        row("Engine", &format!("{NAME} {VERSION}, medattest {TOOL}")),
        vec![Cell::text("Parameters"), parameters(Cell::default(), &evidence.parameters)],
    ];
    vec![
        Block::Table { caption: None, head: vec!["What".to_owned(), "Value".to_owned()], rows },
        Block::Paragraph(vec![
            Inline::Text("Every figure follows from the stored counts: ".into()),
            Inline::Code("medattest bias --from-counts FILE".into()),
            Inline::Text(
                " computes them again, to the last digit. The counts are kept by an audit, and written by ".into(),
            ),
            Inline::Code("--write-counts".into()),
            Inline::Text("; they are exact, and to be guarded like the table.".into()),
        ]),
    ]
}
