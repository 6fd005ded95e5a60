//! Papers: a template is filled from a run. What nobody stated or measured is an open field, with its question.

mod answer;
mod data;
mod front;
mod manifest;
mod requirement;
mod source;
mod view;

use std::collections::{BTreeMap, BTreeSet};

use medattest_core::{
    About, Assessment, Carried, Fact, FactSet, Finding, Library, Owed, Stand, State, Subject, SystemAssessment,
    Template, TemplateSection, VERSION, Value, sha256_hex,
};

use crate::card::{Card, card};
use crate::document::{Block, Cell, Document, Front, Inline, Letterhead, spans, table, text};

pub use manifest::{Manifest, OpenField, Staleness, manifest_of_text, stale};
pub use source::{Source, SourceKind};

/// An incident as papers show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentLine {
    /// Id.
    pub id: String,
    /// System.
    pub system: String,
    /// Whether it is closed.
    pub closed: bool,
    /// Day it was learnt of, as recorded.
    pub aware: String,
    /// Reports owed and those sent.
    pub reports: (usize, usize),
    /// Digest of the last entry of its record.
    pub head: String,
}

/// What a paper may draw on.
#[derive(Debug, Clone, Copy)]
pub struct Material<'a> {
    /// Catalogue and packs.
    pub library: &'a Library,
    /// The run.
    pub run: &'a Assessment,
    /// Facts of the organisation.
    pub organisation: &'a FactSet,
    /// Every template, for papers that list papers.
    pub templates: &'a [Template],
    /// Recorded incidents.
    pub incidents: &'a [IncidentLine],
    /// The house style.
    pub letterhead: &'a Letterhead,
}

/// How much of a section is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SectionCount {
    /// Number and title.
    pub title: String,
    /// Items that count.
    pub items: usize,
    /// Answered whole.
    pub answered: usize,
    /// Answered in part.
    pub partly: usize,
}

/// A filled template.
#[derive(Debug, Clone, PartialEq)]
pub struct Paper {
    /// The document.
    pub document: Document,
    /// What it rests on, in the order of citation.
    pub manifest: Manifest,
    /// How complete each section is.
    pub sections: Vec<SectionCount>,
}

impl Paper {
    /// Items answered whole, and items.
    pub fn complete(&self) -> (usize, usize) {
        (self.manifest.answered, self.manifest.items)
    }
}

/// What one item came to.
#[derive(Default)]
struct Answer {
    /// Rows of a table of short answers.
    short: Option<Cell>,
    /// Or blocks under a heading of its own.
    blocks: Vec<Block>,
    /// Whether anything is known.
    begun: bool,
    /// What is not.
    open: Vec<OpenField>,
    /// Whether something was asked that the law does not ask of the system; where that is all, the item is neither
    /// answered nor open.
    outside: bool,
    /// Questions of an embedded form: all, answered whole, in part. They count instead of the item they stand under.
    within: Option<(usize, usize, usize)>,
}

/// A paper while it is being filled.
struct Filling<'a> {
    on: Material<'a>,
    system: Option<&'a SystemAssessment>,
    /// Whether it is a short sheet.
    sheet: bool,
    /// Whether it leads with a page for those who read no further.
    leads: bool,
    /// How the law stands on the day, once a view has asked.
    law: Option<Vec<Stand>>,
    sources: Vec<Source>,
    open: Vec<OpenField>,
    /// The numbered item that is being filled, where its long blocks may stand for those of later items.
    place: Option<String>,
    /// Long blocks by what they show, and the item that has them.
    shown: BTreeMap<String, String>,
}

impl<'a> Filling<'a> {
    fn facts(&self) -> &'a FactSet {
        self.system.map_or(self.on.organisation, |system| &system.facts)
    }

    fn system_id(&self) -> &'a str {
        self.system.map_or("", |system| system.id.as_str())
    }

    /// The systems that views look at: the one the paper is about, or all.
    fn systems(&self) -> Vec<&'a SystemAssessment> {
        self.system.map_or_else(|| self.on.run.systems.iter().collect(), |system| vec![system])
    }

    /// Whether the run used a pack.
    fn uses(&self, pack: &str) -> bool {
        self.on.run.packs.iter().any(|used| used.id == pack)
    }

    /// Whether it is for people who want the essence: a sheet, or a paper over all systems.
    fn brief(&self) -> bool {
        self.sheet || self.system.is_none()
    }

    fn cite(&mut self, source: Source) -> Inline {
        Inline::Cite(vec![self.number(source)])
    }

    /// The number of a source, which it keeps.
    fn number(&mut self, source: Source) -> usize {
        let at = self.sources.iter().position(|known| known.name() == source.name());
        let number = at.unwrap_or_else(|| {
            self.sources.push(source);
            self.sources.len() - 1
        });
        number + 1
    }

    fn cite_fact(&mut self, fact: &Fact) -> Inline {
        Inline::Cite(vec![self.fact_number(self.system_id(), fact)])
    }

    /// The number of a fact of a system. What the organisation states for all its systems is one source, not one a system.
    fn fact_number(&mut self, system: &str, fact: &Fact) -> usize {
        let shared = self.on.organisation.get(&fact.key, &fact.subject) == Some(fact);
        let system = if shared { "" } else { system };
        self.number(source::of_fact(system, fact, &self.on.library.catalog))
    }

    fn cite_finding(&mut self, finding: &Finding) -> Inline {
        self.cite(source::of_finding(finding))
    }

    /// How a rule came out for some subjects alike; on a paper of several systems with the name of theirs.
    fn finding_row(&mut self, alike: &[&Finding]) -> Option<Vec<Cell>> {
        let first = alike.first()?;
        let of = self.systems().into_iter().find(|system| self.system.is_none() && system.id == first.system);
        let title = of.map_or_else(|| first.title.clone(), |system| format!("{}: {}", system.name, first.title));
        crate::finding::row(&title, alike, &mut |finding| Some(self.cite_finding(finding)))
    }
}

/// Fills a template; `system` is what it is about, where it is about one.
pub fn paper(template: &Template, on: Material<'_>, system: Option<&SystemAssessment>) -> Paper {
    let leads = template.sections.iter().any(|section| section.lead);
    let mut filling = Filling {
        on,
        system,
        sheet: template.sheet,
        leads,
        law: None,
        sources: Vec::new(),
        open: Vec::new(),
        place: None,
        shown: BTreeMap::new(),
    };
    let sections: Vec<TemplateSection> = match system {
        Some(system) => template.for_system(system),
        None => template.sections.clone(),
    };
    let mut counts = Vec::new();
    let (mut lead, mut body) = (Vec::new(), Vec::new());
    for (index, section) in sections.iter().enumerate() {
        let (blocks, count) = filling.section(section, index + 1);
        if section.lead { &mut lead } else { &mut body }.extend(blocks);
        counts.push(count);
    }
    // A question that is open in several places is asked once, by the first.
    let mut asked = BTreeSet::new();
    filling.open.retain(|field| asked.insert((field.key.clone(), field.question.clone())));
    let status = filling.status();
    let draft = !filling.open.is_empty() || status != "Approved";
    let subject = system.map_or_else(
        || on.run.organisation.clone().unwrap_or_default(),
        |system| match system.facts.value("system.version") {
            Some(version) => format!("{} · {version}", system.name),
            None => system.name.clone(),
        },
    );
    let digests: Vec<&str> = filling.sources.iter().map(|source| source.sha256.as_str()).collect();
    let digest = sha256_hex(format!("{}\n{}", template.id, digests.join("\n")).as_bytes());
    let complete = counts.iter().fold((0, 0), |(a, n), c: &SectionCount| (a + c.answered, n + c.items));
    let manifest = Manifest {
        format: manifest::FORMAT.to_owned(),
        template: template.id.clone(),
        title: template.title.clone(),
        system: system.map(|system| system.id.clone()),
        as_of: on.run.as_of,
        medattest: VERSION.to_owned(),
        project_sha256: on.run.project_sha256.clone(),
        sha256: digest.clone(),
        draft,
        answered: complete.0,
        items: complete.1,
        sources: filling.sources.clone(),
        open: filling.open.clone(),
    };
    let front = Front {
        subject: subject.clone(),
        organisation: on.run.organisation.clone().unwrap_or_default(),
        status: if draft && status == "Approved" { "Draft".to_owned() } else { status },
        draft,
        day: Some(on.run.as_of),
        margin: format!("{} · {} · {}", template.title, on.run.as_of, short(&digest)),
        sheet: template.sheet,
        manifest: serde_json::to_string(&manifest).unwrap_or_default(),
        metadata: system.map(|system| carried(template, on, system)).unwrap_or_default(),
        letterhead: on.letterhead.clone(),
    };
    let mut blocks = vec![Block::Heading { level: 1, text: text(&template.title), id: None }];
    if !subject.is_empty() {
        blocks.push(Block::Paragraph(vec![Inline::Strong(subject)]));
    }
    if draft {
        blocks.push(filling.state(complete));
    }
    if template.sheet {
        let owed = filling.whether_owed(template).filter(|_| draft);
        blocks.extend(owed.map(|owed| Block::Note(text(owed))));
        blocks.extend(body);
        blocks.push(filling.control(template, &front, &digest));
    } else {
        if !lead.is_empty() {
            blocks.extend(lead);
            blocks.push(Block::Page);
        }
        blocks.push(filling.control(template, &front, &digest));
        blocks.extend(filling.asked_by(template));
        blocks.push(Block::Contents);
        blocks.extend(body);
    }
    blocks.extend(filling.open_fields());
    if !template.sheet {
        blocks.push(heading(2, "Completeness", Some("completeness")));
        blocks.push(completeness(&counts));
    }
    blocks.extend(filling.end());
    let title = format!("{}: {}", template.title, front.subject);
    Paper { document: Document { title, blocks, front: Some(front) }, manifest, sections: counts }
}

/// The data that a paper carries in its PDF beside what it says: the card of the Coalition for Health AI goes by these
/// names (applied model card, version 0.2).
fn carried(template: &Template, on: Material<'_>, system: &SystemAssessment) -> Vec<(String, String)> {
    match template.carries {
        Some(Carried::ChaiCard) => vec![
            ("chaiMcXml".to_owned(), card(Card::Chai, on, system).0),
            ("chaiMcSoftwareId".to_owned(), format!("medattest {VERSION}")),
        ],
        None => Vec::new(),
    }
}

fn heading(level: u8, title: impl Into<String>, id: Option<&str>) -> Block {
    Block::Heading { level, text: text(title), id: id.map(str::to_owned) }
}

fn short(digest: &str) -> String {
    digest.chars().take(12).collect()
}

fn completeness(counts: &[SectionCount]) -> Block {
    let rows = counts.iter().filter(|count| count.items > 0).map(|count| {
        let share = 100 * count.answered / count.items.max(1);
        vec![
            Cell::text(&count.title),
            Cell::number(count.items.to_string()),
            Cell::number(count.answered.to_string()),
            Cell::number(count.partly.to_string()),
            Cell::number(format!("{share} %")),
        ]
    });
    table(&["Section", "Items", "Answered", "In part", "Complete"], rows.collect())
}

impl<'a> Filling<'a> {
    fn section(&mut self, section: &TemplateSection, number: usize) -> (Vec<Block>, SectionCount) {
        let sheet = self.sheet;
        let title = if sheet { section.title.clone() } else { format!("{number} {}", section.title) };
        let mut count = SectionCount { title: title.clone(), items: 0, answered: 0, partly: 0 };
        let mut blocks = vec![heading(2, title, Some(&section.id))];
        if let Some(part) = section.part.as_ref().filter(|_| !sheet) {
            blocks.push(Block::Note(text(part)));
        }
        match &section.each {
            None => blocks.extend(self.items(section, None, (number, 0), &mut count)),
            Some(key) => {
                let records: Vec<Value> = match self.facts().value(key) {
                    Some(Value::List(records)) => records.clone(),
                    _ => Vec::new(),
                };
                if records.is_empty() {
                    let answer = self.missing_fact(key, &section.title, &section.title);
                    count.items += 1;
                    self.open.extend(answer.open.clone());
                    blocks.extend(answer.blocks);
                }
                for (at, record) in records.iter().enumerate() {
                    let name = match record {
                        Value::Record(fields) => fields.get("name").or_else(|| fields.get("id")),
                        _ => None,
                    };
                    let name = name.map_or_else(|| format!("no. {}", at + 1), ToString::to_string);
                    let title = if sheet { name.clone() } else { format!("{number}.{} {name}", at + 1) };
                    blocks.push(heading(3, title, None));
                    blocks.extend(self.items(section, Some((key, at, record)), (number, at + 1), &mut count));
                }
            }
        }
        (blocks, count)
    }

    fn items(
        &mut self,
        section: &TemplateSection,
        record: Option<(&str, usize, &Value)>,
        (number, sub): (usize, usize),
        count: &mut SectionCount,
    ) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut terms: Vec<(Vec<Inline>, Cell)> = Vec::new();
        let place = if sub == 0 { number.to_string() } else { format!("{number}.{sub}") };
        // Only what has a heading has a number: gaps look like something left out.
        let mut next = 1;
        for item in &section.items {
            let numbered = !self.sheet && !section.alone;
            self.place = numbered.then(|| format!("{place}.{next} {}", item.asks));
            let answer = self.answer(item, section, record);
            if item.optional && !answer.begun {
                continue;
            }
            let whole = answer.open.is_empty();
            let one = if answer.outside && !answer.begun && whole {
                (0, 0, 0)
            } else {
                (1, usize::from(whole), usize::from(!whole && answer.begun))
            };
            let (items, answered, partly) = answer.within.unwrap_or(one);
            count.items += items;
            count.answered += answered;
            count.partly += partly;
            self.open.extend(answer.open);
            let mut asks = text(&item.asks);
            if let Some(part) = item.part.as_ref().filter(|_| !self.sheet) {
                asks.push(Inline::Small(format!(" {part}")));
            }
            match answer.short {
                Some(cell) => terms.push((asks, cell)),
                None => {
                    if !terms.is_empty() {
                        blocks.push(Block::Terms(std::mem::take(&mut terms)));
                    }
                    if !self.sheet {
                        asks.insert(0, Inline::Text(format!("{place}.{next} ")));
                    }
                    next += 1;
                    let level = if sub == 0 { 3 } else { 4 };
                    blocks.push(Block::Heading { level, text: asks, id: None });
                    blocks.extend(answer.blocks);
                }
            }
        }
        if !terms.is_empty() {
            blocks.push(Block::Terms(terms));
        }
        blocks
    }

    /// Every open field with the question that would fill it, where it is open first.
    fn open_fields(&self) -> Vec<Block> {
        if self.open.is_empty() {
            return Vec::new();
        }
        let rows = self.open.iter().map(|field| {
            vec![
                Cell::text(&field.section).and(vec![Inline::Small(field.asks.clone())]),
                Cell::line(spans(&field.question)),
                Cell::line(vec![Inline::Code(field.key.clone())]),
            ]
        });
        vec![
            heading(2, format!("Open fields ({})", self.open.len()), Some("open-fields")),
            table(&["Where first", "What would fill it", "Fact"], rows.collect()),
        ]
    }

    /// Sources, and how to read the paper.
    fn end(&self) -> Vec<Block> {
        if self.sheet {
            // A sheet is for people who will not look sources up: they stand in small print.
            let small = |(index, source): (usize, &Source)| {
                [Inline::Source(index + 1), Inline::Small(format!(" {}: {}. ", source.title, source.known))]
            };
            return vec![Block::Note(self.sources.iter().enumerate().flat_map(small).collect())];
        }
        let row = |(index, source): (usize, &Source)| {
            let mut title = Cell::text(&source.title);
            let subject = if source.subject.is_empty() { String::new() } else { format!(" ({})", source.subject) };
            let system = match (self.system, source.system.as_str()) {
                (None, system) if !system.is_empty() => format!("{system}: "),
                _ => String::new(),
            };
            let mut key = vec![Inline::Small(system), Inline::Code(source.key.clone()), Inline::Small(subject)];
            key.retain(|piece| !matches!(piece, Inline::Small(text) if text.is_empty()));
            title = title.and(key);
            vec![
                Cell::line(vec![Inline::Source(index + 1)]),
                title,
                Cell::text(&source.known),
                Cell::line(vec![Inline::Code(short(&source.sha256))]),
            ]
        };
        let rows = self.sources.iter().enumerate().map(row).collect();
        vec![
            heading(2, "Sources", Some("sources")),
            Block::Note(spans(
                "Small numbers in brackets name the source. A digest changes when what the source says changes: \
                 `medattest doc check` on this file tells which do not hold any more. This paper says what was stated, \
                 measured and concluded; it is not legal advice.",
            )),
            table(&["No.", "What", "How it is known", "Digest"], rows),
        ]
    }

    /// The fact as a known value, or nothing.
    fn known(&self, key: &str) -> Option<(&'a Fact, &'a Value)> {
        let fact = self.facts().get(key, &Subject::system())?;
        match fact.on_paper() {
            State::Known(value) => Some((fact, value)),
            State::Absent(_) => None,
        }
    }
}

/// Whether a paper is owed under the packs of the run. Where none of those that ask for it is among them, nothing that
/// was looked at asks for it.
pub fn owed(template: &Template, run: &Assessment, system: &SystemAssessment) -> Owed {
    let used = |cited: &String| run.packs.iter().any(|pack| cited.split('/').next() == Some(pack.id.as_str()));
    if !template.cites.is_empty() && !template.cites.iter().any(used) {
        return Owed::Voluntary;
    }
    template.owed(system)
}

/// Whether a template can be filled for what was chosen.
pub fn fits(template: &Template, system: Option<&SystemAssessment>) -> bool {
    (template.about == About::System) == system.is_some()
}
