//! Answers to the items of a template: values as people read them, tables of records, outcomes of rules.

use std::collections::BTreeMap;

use medattest_core::{
    Conclusion, ConclusionOutcome, Fact, FactDefinition, FactType, FilledAssessment, FilledItem, Finding, Origin,
    Outcome, TemplateItem, TemplateSection, Value, View,
};

use super::view::why_empty;
use super::{Answer, Filling, OpenField};
use crate::document::{Block, Cell, Inline, Tone, spans, table, text};
use crate::finding::alike;
use crate::layout::rows_of;

/// Texts longer than this stand under a heading of their own.
const SHORT: usize = 220;
/// Records with more fields than this are shown one below the other; a sheet, which has little room, takes one more.
const COLUMNS: usize = 5;
/// Blocks of more rows and figures than this are shown once in a paper.
const ONCE: usize = 6;

impl Filling<'_> {
    /// The blocks that show `what`, or the item that has them already: nobody reads a long table twice to find that it is
    /// the same.
    pub(super) fn once(&mut self, what: String, make: impl FnOnce(&mut Self) -> Vec<Block>) -> Vec<Block> {
        let Some(place) = self.place.clone() else { return make(self) };
        if let Some(before) = self.shown.get(&what).filter(|before| **before != place) {
            return vec![Block::Paragraph(text(format!("Shown in full under {before}.")))];
        }
        let blocks = make(self);
        if blocks.iter().map(|block| rows_of(block, ONCE)).sum::<usize>() > ONCE {
            self.shown.insert(what, place);
        }
        blocks
    }

    /// What is known of an item, and what is not.
    pub(super) fn answer(
        &mut self,
        item: &TemplateItem,
        section: &TemplateSection,
        record: Option<(&str, usize, &Value)>,
    ) -> Answer {
        let mut answer = Answer::default();
        let several = item.facts.len() + item.fields.len() > 1;
        let mut lines: Vec<(String, Vec<Inline>, usize)> = Vec::new();
        for key in &item.facts {
            self.of_fact(key, item, section, several, &mut answer, &mut lines);
        }
        if let Some(record) = record {
            for field in &item.fields {
                self.of_field(record, field, item, section, &mut answer, &mut lines);
            }
        }
        let missing = missing_lines(&answer.open);
        let plain = item.view.is_none() && item.rules.is_empty() && item.conclusions.is_empty();
        let longest = lines.iter().map(|(_, _, length)| *length).max().unwrap_or(0);
        if plain && answer.blocks.is_empty() && longest <= SHORT {
            let mut cell = Cell::default();
            for (title, line, _) in lines {
                let mut shown = Vec::new();
                if several {
                    shown.push(Inline::Small(format!("{title}: ")));
                }
                shown.extend(line);
                cell = cell.and(shown);
            }
            answer.short = Some(missing.into_iter().fold(cell, Cell::and));
            return answer;
        }
        let mut blocks = Vec::new();
        if several && !lines.is_empty() {
            blocks.push(Block::Terms(
                lines.into_iter().map(|(title, line, _)| (text(title), Cell::line(line))).collect(),
            ));
        } else {
            blocks.extend(lines.into_iter().map(|(_, line, _)| Block::Paragraph(line)));
        }
        blocks.append(&mut answer.blocks);
        blocks.extend(missing.into_iter().map(Block::Paragraph));
        answer.blocks = blocks;
        self.of_conclusions(item, section, &mut answer);
        self.of_rules(item, section, &mut answer);
        if let Some(view) = item.view {
            let filled = match self.system {
                Some(system) if view == View::Impact => self.assessments(&item.of, system),
                _ => Vec::new(),
            };
            let shown = match self.system {
                Some(system) if view == View::Impact => self.impact(&filled, system),
                _ => self.view(view, &item.of),
            };
            let judges = matches!(view, View::Findings | View::Requirements);
            let looked_at = judges
                && !item.of.is_empty()
                && item.of.iter().all(|of| of.split('/').next().is_some_and(|pack| self.uses(pack)));
            if looked_at && !shown.iter().any(|block| matches!(block, Block::Table { .. })) {
                // The packs were run, and nothing of them was judged.
                answer.outside = true;
                let said = Block::Paragraph(text(
                    "Nothing here was judged: no rule that looks at it applies to the system.",
                ));
                answer.blocks.extend(if shown.is_empty() { vec![said] } else { shown });
            } else if shown.is_empty() {
                let open = open(item, section, &format!("view {}", view.id()), why_empty(view));
                answer.blocks.push(Block::Paragraph(missing_line(&open)));
                answer.open.push(open);
            } else {
                answer.begun = true;
                answer.blocks.extend(shown);
                answer.open.extend(self.left_open(view, item, section));
                answer.open.extend(filled.iter().flat_map(|one| unanswered(one, section)));
                let counts = filled.iter().map(FilledAssessment::counts);
                answer.within =
                    counts.reduce(|(n, a, b), (items, answered, begun)| (n + items, a + answered, b + begun));
            }
        }
        answer
    }

    /// What a view of classifications shows as undecided.
    fn left_open(&self, view: View, item: &TemplateItem, section: &TemplateSection) -> Vec<OpenField> {
        let Some(system) = self.system.filter(|_| view == View::Classification) else { return Vec::new() };
        let wanted = |pack: &String| item.of.is_empty() || item.of.contains(pack);
        let mine = system.conclusions.iter().filter(|conclusion| conclusion.headline && wanted(&conclusion.pack));
        mine.filter_map(|conclusion| undecided(conclusion, item, section)).collect()
    }

    fn of_fact(
        &mut self,
        key: &str,
        item: &TemplateItem,
        section: &TemplateSection,
        several: bool,
        answer: &mut Answer,
        lines: &mut Vec<(String, Vec<Inline>, usize)>,
    ) {
        let Some(definition) = self.on.library.catalog.get(key) else { return };
        let Some((fact, value)) = self.known(key) else {
            if !item.optional {
                let question = match &definition.origin {
                    Origin::Measured(engine) => format!("To be measured ({engine}): {}", definition.title),
                    _ => definition.question.clone(),
                };
                answer.open.push(open(item, section, key, &question));
            }
            return;
        };
        answer.begun = true;
        let cite = self.cite_fact(fact);
        match (&definition.kind, value) {
            (FactType::Records(fields), Value::List(records)) if !records.is_empty() => {
                let columns = COLUMNS + usize::from(self.sheet);
                let shown = self.once(key.to_owned(), |_| records_shown(fields, records, cite, columns));
                answer.blocks.extend(shown);
            }
            (FactType::Texts, Value::List(texts)) if texts.len() > 1 => {
                if several {
                    answer.blocks.push(Block::Paragraph(vec![Inline::Small(format!("{}:", definition.title))]));
                }
                let last = texts.len() - 1;
                let of = |(index, value): (usize, &Value)| {
                    let mut line = text(value.to_string());
                    if index == last {
                        line.push(cite.clone());
                    }
                    line
                };
                answer.blocks.push(Block::List(texts.iter().enumerate().map(of).collect()));
            }
            _ => {
                let shown = definition.kind.shown(value);
                let length = shown.chars().count();
                lines.push((definition.title.clone(), vec![Inline::Text(shown), cite], length));
            }
        }
    }

    fn of_field(
        &mut self,
        (key, at, record): (&str, usize, &Value),
        field: &str,
        item: &TemplateItem,
        section: &TemplateSection,
        answer: &mut Answer,
        lines: &mut Vec<(String, Vec<Inline>, usize)>,
    ) {
        let Some(FactType::Records(fields)) = self.on.library.catalog.get(key).map(|definition| &definition.kind)
        else {
            return;
        };
        let Some(definition) = fields.iter().find(|definition| definition.key == field) else { return };
        let value = match record {
            Value::Record(values) => values.get(field),
            _ => None,
        };
        let Some(value) = value else {
            if !item.optional {
                let place = format!("{key}[{at}].{field}");
                answer.open.push(open(item, section, &place, &definition.question));
            }
            return;
        };
        answer.begun = true;
        let mut line = text(definition.kind.shown(value));
        let length = value.to_string().chars().count();
        if let Some((fact, _)) = self.known(key) {
            line.push(self.cite_fact(fact));
        }
        lines.push((definition.title.clone(), line, length));
    }

    fn of_conclusions(&mut self, item: &TemplateItem, section: &TemplateSection, answer: &mut Answer) {
        // Questions of a law that does not reach the system are named together, with what was read.
        let mut outside: BTreeMap<&str, Vec<&Conclusion>> = BTreeMap::new();
        for key in &item.conclusions {
            let named = |conclusion: &&Conclusion| format!("{}.{}", conclusion.pack, conclusion.id) == *key;
            let found = self.system.and_then(|system| system.conclusions.iter().find(named));
            match found {
                Some(conclusion) if !conclusion.reached() => {
                    outside.entry(&conclusion.because).or_default().push(conclusion);
                }
                _ => self.of_conclusion((key, found), item, section, answer),
            }
        }
        for (because, conclusions) in outside {
            answer.outside = true;
            let mut line = text(because);
            let mut read: Vec<String> = conclusions
                .iter()
                .flat_map(|c| &c.facts)
                .map(|fact| format!("{}: {}", fact.title, fact.shown()))
                .collect();
            read.sort();
            read.dedup();
            if !read.is_empty() {
                line.push(Inline::Small(format!(" Read: {}.", read.join("; "))));
            }
            line.push(Inline::Text(" Not asked, therefore: ".into()));
            for (index, conclusion) in conclusions.iter().enumerate() {
                let key = format!("{}.{}", conclusion.pack, conclusion.id);
                let before = if index > 0 { "; " } else { "" };
                line.push(Inline::Text(format!("{before}{}", conclusion.title.trim_end_matches('?'))));
                let fact: Option<&Fact> = self.facts().get(&key, &medattest_core::Subject::system());
                line.extend(fact.map(|fact| self.cite_fact(fact)));
            }
            answer.blocks.push(Block::Paragraph(line));
        }
    }

    fn of_conclusion(
        &mut self,
        (key, found): (&str, Option<&Conclusion>),
        item: &TemplateItem,
        section: &TemplateSection,
        answer: &mut Answer,
    ) {
        let Some(conclusion) = found else {
            let pack = key.split('.').next().unwrap_or_default();
            let open =
                open(item, section, pack, &format!("Name `{pack}` in `packs` of medattest.toml to have it judged."));
            answer.blocks.push(Block::Paragraph(missing_line(&open)));
            answer.open.push(open);
            return;
        };
        let fact: Option<&Fact> = self.facts().get(key, &medattest_core::Subject::system());
        match &conclusion.outcome {
            ConclusionOutcome::Known(value) => {
                answer.begun = true;
                let mut line = vec![
                    Inline::Small(format!("{} ", conclusion.title)),
                    Inline::Tag(Tone::Plain, value.clone()),
                    Inline::Text(format!(" {}", conclusion.meaning)),
                ];
                if let Some(fact) = fact {
                    let cite = self.cite_fact(fact);
                    line.push(cite);
                }
                answer.blocks.push(Block::Paragraph(line));
                if !conclusion.because.is_empty() {
                    answer.blocks.push(Block::Paragraph(text(conclusion.because.clone())));
                }
                let cited: Vec<String> = conclusion
                    .citations
                    .iter()
                    .map(|cited| format!("{} ({})", cited.citation, cited.confidence))
                    .collect();
                if !cited.is_empty() {
                    answer.blocks.push(Block::Note(text(cited.join("; "))));
                }
            }
            ConclusionOutcome::Unknown { .. } => {
                if let Some(open) = undecided(conclusion, item, section) {
                    answer.blocks.push(Block::Paragraph(missing_line(&open)));
                    answer.open.push(open);
                }
            }
        }
    }

    fn of_rules(&mut self, item: &TemplateItem, section: &TemplateSection, answer: &mut Answer) {
        if item.rules.is_empty() {
            return;
        }
        let systems = self.systems();
        let mut rows = Vec::new();
        let mut outside = 0;
        for rule in &item.rules {
            let findings: Vec<&Finding> =
                systems.iter().flat_map(|system| &system.findings).filter(|finding| finding.rule == *rule).collect();
            if findings.is_empty() {
                let pack = rule.split('/').next().unwrap_or_default();
                if !self.uses(pack) {
                    let question = format!("Name `{pack}` in `packs` of medattest.toml to have it judged.");
                    let open = open(item, section, pack, &question);
                    if !answer.open.contains(&open) {
                        answer.blocks.push(Block::Paragraph(missing_line(&open)));
                        answer.open.push(open);
                    }
                }
            }
            let judged: Vec<&Finding> =
                findings.iter().copied().filter(|finding| finding.outcome != Outcome::NotApplicable).collect();
            outside += findings.len() - judged.len();
            for finding in &judged {
                if finding.outcome == Outcome::Unknown {
                    answer.open.push(open(item, section, &finding.missing.join(", "), &finding.message));
                } else {
                    answer.begun = true;
                }
            }
            for alike in alike(&judged) {
                rows.extend(self.finding_row(&alike));
            }
        }
        if !rows.is_empty() {
            answer.blocks.push(table(&["Outcome", "Measure and what was found"], rows));
        } else if outside > 0 && !answer.begun && !answer.outside && answer.open.is_empty() {
            answer.outside = true;
            answer
                .blocks
                .push(Block::Paragraph(text("Not asked of the system: no rule that looks at this applies.")));
        }
    }

    /// An item that a whole fact should have answered.
    pub(super) fn missing_fact(&self, key: &str, section: &str, asks: &str) -> Answer {
        let question = self.on.library.catalog.get(key).map(|d| d.question.clone()).unwrap_or_default();
        let open = OpenField { section: section.to_owned(), asks: asks.to_owned(), key: key.to_owned(), question };
        let blocks = vec![Block::Paragraph(missing_line(&open))];
        Answer { blocks, open: vec![open], ..Answer::default() }
    }
}

fn open(item: &TemplateItem, section: &TemplateSection, key: &str, question: &str) -> OpenField {
    OpenField {
        section: section.title.clone(),
        asks: item.asks.clone(),
        key: key.to_owned(),
        question: question.to_owned(),
    }
}

/// The field that an undecided classification leaves open.
fn undecided(conclusion: &Conclusion, item: &TemplateItem, section: &TemplateSection) -> Option<OpenField> {
    conclusion.undecided().map(|question| open(item, section, &conclusion.missing.join(", "), &question))
}

/// What an impact assessment still asks.
fn unanswered(filled: &FilledAssessment, section: &TemplateSection) -> Vec<OpenField> {
    let of = |item: &FilledItem| -> Vec<OpenField> {
        let left = |key: &str, question: &str| OpenField {
            section: section.title.clone(),
            asks: item.asks.clone(),
            key: key.to_owned(),
            question: question.to_owned(),
        };
        let unknown = item.measures.iter().filter(|(_, _, outcome)| *outcome == Outcome::Unknown);
        let mut open: Vec<OpenField> = item.missing.iter().map(|(key, question)| left(key, question)).collect();
        open.extend(item.undecided.iter().map(|(keys, question)| left(keys, question)));
        open.extend(item.unmeasured.iter().map(|(key, title)| left(key, &format!("To be measured: {title}"))));
        open.extend(unknown.map(|(rule, title, _)| left(rule, &format!("Cannot be judged yet: {title}"))));
        open.extend(item.write.iter().map(|(name, write)| left(name, write)));
        open
    };
    filled.items().flat_map(of).collect()
}

fn missing_line(open: &OpenField) -> Vec<Inline> {
    let mut line = vec![Inline::Tag(Tone::Unsure, "open".into()), Inline::Text(" ".into())];
    line.extend(spans(&open.question));
    line.extend([Inline::Text(" ".into()), Inline::Code(open.key.clone())]);
    line
}

fn missing_lines(open: &[OpenField]) -> Vec<Vec<Inline>> {
    open.iter().map(missing_line).collect()
}

/// Records: few fields make a table, many a table each.
fn records_shown(fields: &[FactDefinition], records: &[Value], cite: Inline, columns: usize) -> Vec<Block> {
    let values: Vec<_> = records
        .iter()
        .filter_map(|record| match record {
            Value::Record(values) => Some(values),
            _ => None,
        })
        .collect();
    let used: Vec<&FactDefinition> =
        fields.iter().filter(|field| values.iter().any(|record| record.contains_key(&field.key))).collect();
    let cell = |record: &std::collections::BTreeMap<String, Value>, field: &FactDefinition| {
        record.get(&field.key).map(|value| field.kind.shown(value))
    };
    if let [only] = used.as_slice() {
        let mut items: Vec<Vec<Inline>> =
            values.iter().filter_map(|record| Some(text(cell(record, only)?))).collect();
        items.last_mut().into_iter().for_each(|item| item.push(cite.clone()));
        return vec![Block::List(items)];
    }
    if used.len() <= columns {
        let mut rows: Vec<Vec<Cell>> = values
            .iter()
            .map(|record| {
                used.iter().map(|field| Cell::text(cell(record, field).unwrap_or_else(|| "–".to_owned()))).collect()
            })
            .collect();
        if let Some(line) = rows.first_mut().and_then(|row| row.first_mut()).and_then(|cell| cell.lines.first_mut()) {
            line.push(cite);
        }
        let head: Vec<String> = used.iter().map(|field| field.title.clone()).collect();
        return vec![Block::Table { caption: None, head, rows }];
    }
    let mut blocks = Vec::new();
    for (at, record) in values.iter().enumerate() {
        let named = used.iter().find(|field| ["name", "id"].contains(&field.key.as_str()));
        let mut title = vec![Inline::Strong(
            named.and_then(|field| cell(record, field)).unwrap_or_else(|| format!("No. {}", at + 1)),
        )];
        title.push(cite.clone());
        blocks.push(Block::Paragraph(title));
        let rest = used.iter().filter(|field| named.is_none_or(|named| named.key != field.key));
        let terms = rest.filter_map(|field| Some((text(field.title.clone()), Cell::text(cell(record, field)?))));
        blocks.push(Block::Terms(terms.collect()));
    }
    blocks
}
