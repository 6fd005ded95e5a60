//! The matrix: systems by regimes, requirements by regimes, and the evidence that counts in several.

use std::collections::BTreeMap;

use medattest_core::{
    Assessment, Catalog, ConclusionOutcome, Crosswalk, CrosswalkRequirement, Finding, Outcome, SystemAssessment,
    VERSION,
};

use crate::document::{Block, Cell, Document, Inline, Tone, section, sub, table, text};
use crate::sheet::Sheet;

/// How a system stands under a pack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnderPack {
    /// The pack's leading conclusions.
    pub conclusions: Vec<String>,
    /// Findings that are met, not met, unknown.
    pub met: usize,
    /// Not met.
    pub not_met: usize,
    /// Unknown.
    pub unknown: usize,
}

impl UnderPack {
    /// Whether the pack says anything of the system.
    pub fn is_empty(&self) -> bool {
        self.met + self.not_met + self.unknown == 0
    }

    /// How it reads at a glance.
    pub fn tone(&self) -> Tone {
        match (self.not_met, self.unknown, self.met) {
            (1.., _, _) => Tone::Bad,
            (0, 1.., _) => Tone::Unsure,
            (0, 0, 1..) => Tone::Good,
            (0, 0, 0) => Tone::Plain,
        }
    }

    fn counts(&self) -> String {
        format!("{} met, {} not, {} unknown", self.met, self.not_met, self.unknown)
    }
}

/// How a system stands under every pack of the run.
pub fn standing(system: &SystemAssessment) -> BTreeMap<&str, UnderPack> {
    let mut by: BTreeMap<&str, UnderPack> = BTreeMap::new();
    for conclusion in system.conclusions.iter().filter(|conclusion| conclusion.headline) {
        let shown = match &conclusion.outcome {
            ConclusionOutcome::Known(value) => value.clone(),
            ConclusionOutcome::Unknown { could_be } => format!("{}?", could_be.join(" or ")),
        };
        by.entry(&conclusion.pack).or_default().conclusions.push(shown);
    }
    for finding in &system.findings {
        let cell = by.entry(pack_of(finding)).or_default();
        match finding.outcome {
            Outcome::Met => cell.met += 1,
            Outcome::NotMet => cell.not_met += 1,
            Outcome::Unknown => cell.unknown += 1,
            Outcome::NotApplicable => {}
        }
    }
    by
}

fn pack_of(finding: &Finding) -> &str {
    finding.rule.split('/').next().unwrap_or_default()
}

/// The matrix as a paper. Without a run only the law is compared.
pub fn matrix(run: Option<&Assessment>, crosswalk: &Crosswalk, catalog: &Catalog) -> Document {
    let title = "What the regimes ask, and what they share".to_owned();
    let shared = crosswalk.requirements.iter().filter(|requirement| requirement.is_shared()).count();
    let mut blocks = vec![
        Block::Heading { level: 1, text: text(&title), id: None },
        Block::Paragraph(vec![Inline::Small(format!("Law as of {}. medattest {VERSION}.", crosswalk.as_of))]),
        Block::Verdict {
            tone: Tone::Plain,
            title: format!("{} requirements of {} packs", crosswalk.requirements.len(), crosswalk.packs.len()),
            text: text(format!("Evidence for {shared} of them counts under another pack too.")),
        },
        Block::Note(text(
            "Requirements meet where a rule of each is satisfied by the same fact, and more loosely in topics. That two \
             share evidence does not mean that they ask the same. This is not legal advice.",
        )),
        Block::Contents,
    ];
    if let Some(run) = run {
        blocks.push(section("Systems by regimes", "systems"));
        blocks.extend(systems(run));
    }
    blocks.push(section("Topics by regimes", "topics"));
    blocks.push(topics(crosswalk, catalog));
    blocks.push(section("Evidence that counts in several regimes", "evidence"));
    blocks.push(evidence(crosswalk));
    blocks.push(section("Requirements by topic", "requirements"));
    for topic in catalog.topics() {
        let by = crosswalk.topic(&topic.id);
        if by.is_empty() {
            continue;
        }
        blocks.push(sub(&topic.title));
        blocks.push(Block::Note(text(&topic.covers)));
        let rows = by.into_values().flatten().map(requirement_row).collect();
        blocks.push(table(&["Pack", "Requirement", "Standing", "Shared with"], rows));
    }
    blocks.push(section("The packs and how well they were checked", "packs"));
    blocks.push(packs(crosswalk));
    Document::new(title, blocks)
}

fn requirement_row(requirement: &CrosswalkRequirement) -> Vec<Cell> {
    let stand = &requirement.stand;
    let mut standing = Cell::text(stand.status.to_string());
    if let Some(from) = &stand.from {
        standing = standing.and(vec![Inline::Small(format!("from {from}"))]);
    }
    if stand.contested.is_some() {
        standing = standing.and(vec![Inline::Tag(Tone::Unsure, "contested".into())]);
    }
    let shared = match requirement.shared_with.as_slice() {
        [] => vec![Inline::Small("unique".into())],
        packs => vec![Inline::Text(packs.join(", "))],
    };
    let what = Cell::line(vec![Inline::Strong(stand.title.clone())])
        .and(vec![Inline::Small(format!("{} ({})", stand.citation, stand.confidence))]);
    vec![Cell::text(&stand.pack), what, standing, Cell::line(shared)]
}

/// A table per system would repeat the packs; a table per pack would repeat the systems. Packs are the more, so rows.
fn systems(run: &Assessment) -> Vec<Block> {
    let standings: Vec<BTreeMap<&str, UnderPack>> = run.systems.iter().map(standing).collect();
    let mut blocks = Vec::new();
    for (systems, standings) in run.systems.chunks(4).zip(standings.chunks(4)) {
        let mut head = vec!["Regime".to_owned()];
        head.extend(systems.iter().map(|system| system.name.clone()));
        let rows = run.packs.iter().filter(|pack| standings.iter().any(|by| by.contains_key(pack.id.as_str()))).map(
            |pack| {
                let mut row = vec![Cell::text(&pack.title).and(vec![Inline::Small(pack.jurisdiction.clone())])];
                for by in standings {
                    row.push(match by.get(pack.id.as_str()) {
                        Some(cell) if !cell.is_empty() || !cell.conclusions.is_empty() => {
                            let mut shown = Cell::default();
                            if !cell.conclusions.is_empty() {
                                shown = shown.and(vec![Inline::Strong(cell.conclusions.join(", "))]);
                            }
                            if !cell.is_empty() {
                                shown = shown.and(vec![Inline::Tag(cell.tone(), cell.counts())]);
                            }
                            shown
                        }
                        _ => Cell::text("–"),
                    });
                }
                row
            },
        );
        blocks.push(Block::Table { caption: None, head, rows: rows.collect() });
    }
    blocks
}

fn topics(crosswalk: &Crosswalk, catalog: &Catalog) -> Block {
    let rows = catalog.topics().iter().map(|topic| {
        let by = crosswalk.topic(&topic.id);
        let named: Vec<String> = by.iter().map(|(pack, all)| format!("{pack} ({})", all.len())).collect();
        let all: Vec<&&CrosswalkRequirement> = by.values().flatten().collect();
        let shared = all.iter().filter(|requirement| requirement.is_shared()).count();
        vec![
            Cell::text(&topic.title),
            Cell::number(all.len().to_string()),
            Cell::number(shared.to_string()),
            Cell::text(named.join(", ")),
        ]
    });
    table(&["Topic", "Requirements", "Shared", "Regimes"], rows.collect())
}

fn evidence(crosswalk: &Crosswalk) -> Block {
    let rows = crosswalk.facts.iter().filter(|fact| fact.packs.len() > 1).map(|fact| {
        vec![
            Cell::text(&fact.title).and(vec![Inline::Code(fact.key.clone())]),
            Cell::number(fact.packs.len().to_string()),
            Cell::text(fact.requirements.join(", ")),
        ]
    });
    table(&["Evidence", "Regimes", "Requirements"], rows.collect())
}

fn packs(crosswalk: &Crosswalk) -> Block {
    let rows = crosswalk.packs.iter().map(|pack| {
        let mut row = vec![Cell::text(&pack.title).and(vec![Inline::Code(pack.pack.clone())])];
        row.extend([pack.verified, pack.secondary, pack.recalled, pack.rules].map(|n| Cell::number(n.to_string())));
        row.push(Cell::text(pack.evidence_date.to_string()));
        row
    });
    table(&["Pack", "Primary source", "Secondary", "Not checked", "Rules", "Evidence of"], rows.collect())
}

/// The matrix as sheets: requirements first, which is what CSV holds.
pub fn matrix_sheets(run: Option<&Assessment>, crosswalk: &Crosswalk, catalog: &Catalog) -> Vec<Sheet> {
    let head = |columns: &[(&str, u16)]| columns.iter().map(|(name, width)| ((*name).to_owned(), *width)).collect();
    let title = |id: &String| {
        let topic = catalog.topics().iter().find(|topic| topic.id == *id);
        topic.map_or_else(|| id.clone(), |topic| topic.title.clone())
    };
    let requirements = Sheet {
        name: "Requirements".into(),
        head: head(&[
            ("Pack", 16),
            ("Jurisdiction", 12),
            ("Requirement", 24),
            ("Citation", 34),
            ("Title", 34),
            ("Asks", 70),
            ("Standing", 14),
            ("From", 11),
            ("Contested", 30),
            ("Confidence", 18),
            ("Topics", 30),
            ("Facts", 34),
            ("Shared with", 30),
        ]),
        rows: crosswalk
            .requirements
            .iter()
            .map(|requirement| {
                let stand = &requirement.stand;
                vec![
                    stand.pack.clone(),
                    stand.jurisdiction.clone(),
                    stand.requirement.clone(),
                    stand.citation.clone(),
                    stand.title.clone(),
                    requirement.asks.clone(),
                    stand.status.to_string(),
                    stand.from.clone().unwrap_or_default(),
                    stand.contested.clone().unwrap_or_default(),
                    stand.confidence.to_string(),
                    requirement.topics.iter().map(title).collect::<Vec<_>>().join("; "),
                    requirement.facts.join("; "),
                    requirement.shared_with.join("; "),
                ]
            })
            .collect(),
    };
    let mut columns = vec![("Topic".to_owned(), 34)];
    columns.extend(crosswalk.packs.iter().map(|pack| (pack.pack.clone(), 12)));
    let by_topic =
        Sheet {
            name: "Topics".into(),
            head: columns,
            rows: catalog
                .topics()
                .iter()
                .map(|topic| {
                    let by = crosswalk.topic(&topic.id);
                    let mut row = vec![topic.title.clone()];
                    row.extend(crosswalk.packs.iter().map(|pack| {
                        by.get(pack.pack.as_str()).map_or_else(String::new, |all| all.len().to_string())
                    }));
                    row
                })
                .collect(),
        };
    let evidence = Sheet {
        name: "Evidence".into(),
        head: head(&[("Fact", 34), ("Title", 34), ("Regimes", 9), ("Packs", 40), ("Requirements", 80)]),
        rows: crosswalk
            .facts
            .iter()
            .map(|fact| {
                vec![
                    fact.key.clone(),
                    fact.title.clone(),
                    fact.packs.len().to_string(),
                    fact.packs.join("; "),
                    fact.requirements.join("; "),
                ]
            })
            .collect(),
    };
    let mut sheets = vec![requirements, by_topic, evidence];
    if let Some(run) = run {
        sheets.push(system_sheet(run));
    }
    sheets
}

fn system_sheet(run: &Assessment) -> Sheet {
    let mut head = vec![("System".to_owned(), 30)];
    head.extend(run.packs.iter().map(|pack| (pack.id.clone(), 20)));
    let rows = run.systems.iter().map(|system| {
        let by = standing(system);
        let mut row = vec![system.name.clone()];
        row.extend(run.packs.iter().map(|pack| match by.get(pack.id.as_str()) {
            Some(cell) => {
                let mut parts = cell.conclusions.clone();
                if !cell.is_empty() {
                    parts.push(cell.counts());
                }
                parts.join("\n")
            }
            None => String::new(),
        }));
        row
    });
    Sheet { name: "Systems".into(), head, rows: rows.collect() }
}
