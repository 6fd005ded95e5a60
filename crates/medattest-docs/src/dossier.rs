//! The dossier: the whole run on paper, for someone who was not there.

use medattest_core::{
    Assessment, Cited, Decision, FactRead, Finding, GateDecision, Milestone, MilestoneKind, Outcome, Provenance,
    Severity, SystemAssessment,
};

use crate::conclusions::conclusions;
use crate::document::{Block, Cell, Document, Inline, Tone};
use crate::finding::{alike, told, tone, waived};
use crate::marks::{Marks, Rests, unmarked};
use crate::measured::{across, measured};
use crate::report::parameters;

/// Composes the dossier of a run.
pub fn dossier(run: &Assessment) -> Document {
    let who = run.organisation.clone().unwrap_or_else(|| "Clinical AI".to_owned());
    let title = format!("Compliance dossier: {who}");
    let mut blocks = vec![
        heading(1, title.clone(), None),
        Block::Paragraph(vec![Inline::Small(format!(
            "Law as of {}. medattest {}. Project {}.",
            run.as_of,
            run.version,
            short(&run.project_sha256)
        ))]),
        verdict(&run.decision, &all_findings(run)),
        Block::Note(vec![Inline::Text(
            "This paper says which stated and measured facts were read, what follows from them under the cited texts, \
             and what is not known. It is not legal advice."
                .into(),
        )]),
        overview(&run.systems.iter().collect::<Vec<_>>()),
        Block::Contents,
    ];
    for system in &run.systems {
        blocks.extend(self::system(system, run.policy.smallest_cell));
    }
    if !run.project_findings.is_empty() {
        blocks.push(heading(2, "Waivers".to_owned(), Some("waivers")));
        let open: Vec<&Finding> = run.project_findings.iter().collect();
        blocks.push(findings_table(&open));
    }
    blocks.extend(evidence(run));
    blocks.extend(how_to_read(run));
    Document::new(title, blocks)
}

fn all_findings(run: &Assessment) -> Vec<&Finding> {
    run.systems.iter().flat_map(|s| &s.findings).chain(&run.project_findings).collect()
}

fn heading(level: u8, text: String, id: Option<&str>) -> Block {
    Block::Heading { level, text: vec![Inline::Text(text)], id: id.map(str::to_owned) }
}

fn short(digest: &str) -> String {
    digest.chars().take(12).collect()
}

fn verdict(decision: &GateDecision, findings: &[&Finding]) -> Block {
    let because: Vec<&&Finding> = findings.iter().filter(|f| decision.because.contains(&f.fingerprint)).collect();
    let named: Vec<String> = {
        let mut titles: Vec<String> = because.iter().map(|f| f.title.clone()).collect();
        titles.sort();
        titles.dedup();
        titles
    };
    let shown = named.iter().take(4).cloned().collect::<Vec<_>>().join("; ");
    let more = if named.len() > 4 { format!("; and {} more", named.len() - 4) } else { String::new() };
    let n = because.len();
    let findings = match (n, named.len()) {
        (1, _) => "1 finding".to_owned(),
        (n, rules) if n == rules => format!("{n} findings"),
        (n, rules) => format!("{n} findings under {rules} rules"),
    };
    let (tone, title, text) = match decision.decision {
        Decision::Pass => (Tone::Good, "Pass", "No finding stands in the way under the gate policy.".to_owned()),
        Decision::Fail => (Tone::Bad, "Fail", format!("{findings} decided it: {shown}{more}.")),
        Decision::Inconclusive => (
            Tone::Unsure,
            "Inconclusive",
            format!("Nothing failed, but {findings} cannot be judged for want of facts: {shown}{more}."),
        ),
        Decision::NeedsReview => {
            (Tone::Unsure, "Needs review", "Nothing failed; a person has to approve.".to_owned())
        }
    };
    Block::Verdict { tone, title: title.to_owned(), text: vec![Inline::Text(text)] }
}

/// Where each system stands.
pub(crate) fn overview(systems: &[&SystemAssessment]) -> Block {
    let rows = systems
        .iter()
        .map(|system| {
            let count = |outcome| system.findings.iter().filter(|f| f.outcome == outcome).count();
            vec![
                Cell::line(vec![Inline::Strong(system.name.clone())]),
                Cell::line(vec![decision_tag(system.decision.decision)]),
                Cell::number(count(Outcome::NotMet).to_string()),
                Cell::number(count(Outcome::Unknown).to_string()),
                Cell::number(count(Outcome::Met).to_string()),
                Cell::number(system.questions.len().to_string()),
            ]
        })
        .collect();
    let head = ["System", "Decision", "Not met", "Unknown", "Met", "Open questions"].map(str::to_owned).to_vec();
    Block::Table { caption: None, head, rows }
}

pub(crate) fn decision_tag(decision: Decision) -> Inline {
    let tone = match decision {
        Decision::Pass => Tone::Good,
        Decision::Fail => Tone::Bad,
        Decision::Inconclusive | Decision::NeedsReview => Tone::Unsure,
    };
    Inline::Tag(tone, decision.to_string())
}

fn system(system: &SystemAssessment, smallest: u64) -> Vec<Block> {
    let findings: Vec<&Finding> = system.findings.iter().collect();
    let mut blocks = vec![heading(2, system.name.clone(), Some(&system.id)), identity(system)];
    blocks.push(verdict(&system.decision, &findings));
    blocks.push(heading(3, "What it is, under each regime".to_owned(), None));
    blocks.extend(conclusions(&system.conclusions, &mut unmarked));
    let of = |outcome: Outcome| -> Vec<&Finding> {
        let mut mine: Vec<&Finding> = system.findings.iter().filter(|f| f.outcome == outcome).collect();
        mine.sort_by(|a, b| {
            (b.waiver.is_none(), b.severity, b.binding)
                .cmp(&(a.waiver.is_none(), a.severity, a.binding))
                .then_with(|| a.rule.cmp(&b.rule))
                .then_with(|| a.subject.cmp(&b.subject))
        });
        mine
    };
    for (outcome, title) in [(Outcome::NotMet, "Not met"), (Outcome::Unknown, "Cannot be judged yet")] {
        let mine = of(outcome);
        if !mine.is_empty() {
            blocks.push(heading(3, format!("{title} ({})", mine.len()), None));
            blocks.push(findings_table(&mine));
        }
    }
    blocks.extend(across(&system.evidence, smallest));
    for evidence in &system.evidence {
        blocks.extend(measured(evidence, smallest));
    }
    if !system.roadmap.is_empty() {
        blocks.push(heading(3, "Roadmap".to_owned(), None));
        blocks.push(roadmap(&system.roadmap));
    }
    if !system.questions.is_empty() {
        blocks.push(heading(3, format!("Open questions ({})", system.questions.len()), None));
        blocks.extend(questions(system, usize::MAX));
    }
    let met = of(Outcome::Met);
    if !met.is_empty() {
        blocks.push(heading(3, format!("Met ({})", met.len()), None));
        blocks.push(brief(&met));
    }
    let outside = of(Outcome::NotApplicable);
    if !outside.is_empty() {
        blocks.push(heading(3, format!("Looked at, not applicable ({})", outside.len()), None));
        blocks.extend(self::outside(&outside));
    }
    blocks
}

fn identity(system: &SystemAssessment) -> Block {
    let keys = [
        "system.version",
        "purpose.intended",
        "purpose.users",
        "purpose.population",
        "system.state",
        "system.markets",
        "system.roles",
        "system.vendor",
        "owners.accountable",
        "owners.clinical",
    ];
    let titles = [
        "Version",
        "Intended purpose",
        "Users",
        "Population",
        "State",
        "Markets",
        "Role of the organisation",
        "Vendor",
        "Accountable",
        "Clinical owner",
    ];
    let rows = keys
        .iter()
        .zip(titles)
        .map(|(key, title)| {
            let value = system.facts.value(key).map_or_else(|| "not stated".to_owned(), ToString::to_string);
            vec![Cell::text(title), Cell::text(value)]
        })
        .collect();
    Block::Table { caption: None, head: vec!["As stated".to_owned(), String::new()], rows }
}

/// The facts that were read, with who stood for them.
pub(crate) fn facts(facts: &[FactRead], marks: Marks<'_>) -> Vec<Inline> {
    let mut line = Vec::new();
    for (index, fact) in facts.iter().enumerate() {
        let by = match &fact.provenance {
            None => "",
            Some(Provenance::Stated(_)) => " (stated)",
            Some(Provenance::Measured { .. }) => " (measured)",
            Some(Provenance::Concluded { .. }) => " (concluded)",
        };
        let separator = if index + 1 < facts.len() { "; " } else { "" };
        line.push(Inline::Code(fact.key.clone()));
        let mark = fact.provenance.as_ref().and_then(|_| marks(Rests::Fact(&fact.key)));
        line.push(Inline::Small(format!(" {}{by}", fact.shown())));
        line.extend(mark);
        line.push(Inline::Small(separator.to_owned()));
    }
    line
}

/// Adds what was cited, with its standing and how well it was checked.
pub(crate) fn law(mut cell: Cell, citations: &[Cited]) -> Cell {
    for cited in citations {
        let status = match (cited.status, cited.from) {
            (Some(status), Some(from)) => format!(": {status}, from {from}"),
            (Some(status), None) => format!(": {status}"),
            (None, _) => ": does not concern this system".to_owned(),
        };
        let mut line = vec![Inline::Small(format!("§ {}{status}; {}", cited.citation, cited.confidence))];
        if let Some(contested) = &cited.contested {
            line.push(Inline::Text(" ".into()));
            line.push(Inline::Tag(Tone::Unsure, "contested".into()));
            line.push(Inline::Small(format!(" {contested}")));
        }
        cell = cell.and(line);
    }
    cell
}

fn severity(severity: Severity, binding: bool) -> Vec<Inline> {
    let tone = if severity >= Severity::High && binding { Tone::Bad } else { Tone::Plain };
    let mut line = vec![Inline::Tag(tone, severity.to_string())];
    if !binding {
        line.push(Inline::Small(" advisory".into()));
    }
    line
}

fn findings_table(findings: &[&Finding]) -> Block {
    let rows = alike(findings)
        .iter()
        .filter_map(|group| group.first().map(|first| (group, first)))
        .map(|(group, f)| {
            let mut what = Cell::line(vec![
                Inline::Strong(f.title.clone()),
                Inline::Text(" ".into()),
                Inline::Code(f.rule.clone()),
            ]);
            for line in told(group, &mut |_| None) {
                what = what.and(line);
            }
            if let Some(line) = waived(f) {
                what = what.and(line);
            }
            if !f.missing.is_empty() {
                what = what.and(vec![Inline::Small(format!("missing: {}", f.missing.join(", ")))]);
            }
            what = what.and(vec![Inline::Strong("What to do: ".into()), Inline::Text(f.remedy.clone())]);
            if let [single] = group.as_slice() {
                what = what.and(facts(&single.facts, &mut unmarked));
            }
            vec![Cell::line(severity(f.severity, f.binding)), law(what, &f.citations)]
        })
        .collect();
    let head = ["Severity", "Finding, what to do, facts and law"].map(str::to_owned).to_vec();
    Block::Table { caption: None, head, rows }
}

/// Findings in order: rule, what was found, law.
fn brief(findings: &[&Finding]) -> Block {
    let rows = alike(findings)
        .iter()
        .filter_map(|group| group.first().map(|first| (group, first)))
        .map(|(group, f)| {
            let cited: Vec<&str> = f.citations.iter().map(|c| c.citation.as_str()).collect();
            let mut what = Cell::line(vec![Inline::Code(f.rule.clone())]);
            for line in told(group, &mut |_| None) {
                what = what.and(line);
            }
            vec![what, Cell::line(vec![Inline::Small(cited.join("; "))])]
        })
        .collect();
    Block::Table { caption: None, head: ["Rule and result", "Law"].map(str::to_owned).to_vec(), rows }
}

/// Rules that have nothing to say here, by pack.
fn outside(findings: &[&Finding]) -> Vec<Block> {
    let mut packs: Vec<(&str, Vec<&str>)> = Vec::new();
    for finding in findings {
        let (pack, rule) = finding.rule.split_once('/').unwrap_or(("", &finding.rule));
        match packs.iter_mut().find(|(known, _)| *known == pack) {
            Some((_, rules)) if rules.contains(&rule) => {}
            Some((_, rules)) => rules.push(rule),
            None => packs.push((pack, vec![rule])),
        }
    }
    packs.sort_unstable();
    let rows = packs
        .into_iter()
        .map(|(pack, rules)| {
            vec![Cell::line(vec![Inline::Code(pack.to_owned())]), Cell::line(vec![Inline::Small(rules.join(", "))])]
        })
        .collect();
    vec![Block::Table { caption: None, head: ["Pack", "Rules"].map(str::to_owned).to_vec(), rows }]
}

pub(crate) fn roadmap(milestones: &[Milestone]) -> Block {
    let mut rows: Vec<Vec<Cell>> = milestones
        .iter()
        .map(|m| {
            let kind = match m.kind {
                MilestoneKind::Law => "law",
                MilestoneKind::Conclusion => "classification",
                MilestoneKind::Statement => "statement",
                MilestoneKind::Waiver => "waiver",
            };
            let mut what = Cell::line(vec![Inline::Text(m.title.clone())]);
            if let Some(citation) = &m.citation {
                let status = m.status.map(|s| format!(", {s}")).unwrap_or_default();
                let checked = m.confidence.map(|c| format!("; {c}")).unwrap_or_default();
                what = what.and(vec![Inline::Small(format!("{citation}{status}{checked}"))]);
            }
            if let Some(contested) = &m.contested {
                what = what
                    .and(vec![Inline::Tag(Tone::Unsure, "contested".into()), Inline::Small(format!(" {contested}"))]);
            }
            let mut readiness = Cell::default();
            for rule in &m.rules {
                let mut line = vec![
                    Inline::Tag(tone(rule.outcome), rule.outcome.to_string()),
                    Inline::Text(format!(" {}", rule.title)),
                ];
                if !rule.missing.is_empty() {
                    line.push(Inline::Small(format!(" (missing: {})", rule.missing.join(", "))));
                }
                readiness = readiness.and(line);
            }
            vec![Cell::text(m.date.to_string()), Cell::text(kind), what, readiness]
        })
        .collect();
    let mut head = vec!["From", "What", "Change", "On the facts of today"];
    if rows.iter().all(|row| row.last().is_some_and(|readiness| readiness.lines.is_empty())) {
        head.pop();
        rows.iter_mut().for_each(|row| row.truncate(head.len()));
    }
    Block::Table { caption: None, head: head.into_iter().map(str::to_owned).collect(), rows }
}

/// At most this many questions, most decisive first; nothing where there is none.
pub(crate) fn questions(system: &SystemAssessment, most: usize) -> Vec<Block> {
    if system.questions.is_empty() {
        return Vec::new();
    }
    let rows = system
        .questions
        .iter()
        .take(most)
        .map(|q| {
            let mut decides = q.conclusions.clone();
            decides.extend(q.rules.iter().cloned());
            let shown = decides.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
            let more = if decides.len() > 5 { format!(" and {} more", decides.len() - 5) } else { String::new() };
            vec![
                Cell::line(vec![Inline::Text(q.question.clone())]).and(if q.help.is_empty() {
                    Vec::new()
                } else {
                    vec![Inline::Small(q.help.clone())]
                }),
                Cell::line(vec![Inline::Code(q.answer.clone())]),
                Cell::line(vec![Inline::Small(format!("{shown}{more}"))]),
            ]
        })
        .collect();
    let head = ["Question, most decisive first", "Answer with", "Decides"].map(str::to_owned).to_vec();
    let mut blocks = vec![Block::Table { caption: None, head, rows }];
    let left = system.questions.len().saturating_sub(most);
    if left > 0 {
        blocks.push(Block::Paragraph(vec![Inline::Text(format!("{left} further questions are open."))]));
    }
    blocks
}

fn evidence(run: &Assessment) -> Vec<Block> {
    let mut blocks = vec![heading(2, "Evidence".to_owned(), Some("evidence"))];
    blocks.extend(inputs(run, &run.systems.iter().collect::<Vec<_>>()));
    let head = PACK_HEAD.map(str::to_owned).to_vec();
    blocks.push(Block::Table { caption: Some("What was applied".to_owned()), head, rows: pack_rows(run, &[]) });
    blocks
}

/// Every file that was read, with its digest.
pub(crate) fn inputs(run: &Assessment, systems: &[&SystemAssessment]) -> Vec<Block> {
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for (path, digest) in &run.files {
        rows.push(vec![
            Cell::text("project file"),
            Cell::text(path.clone()),
            Cell::line(vec![Inline::Code(digest.clone())]),
        ]);
    }
    let mut documents: Vec<(String, String)> = Vec::new();
    for system in systems {
        for table in &system.evidence {
            rows.push(vec![
                Cell::text("table"),
                parameters(Cell::text(format!("{}: {}", system.id, table.path)), &table.parameters),
                Cell::line(vec![Inline::Code(table.sha256.clone())]),
            ]);
        }
        for fact in system.facts.iter() {
            if let Provenance::Stated(Some(statement)) = &fact.provenance
                && let (Some(document), Some(digest)) = (&statement.document, &statement.document_sha256)
            {
                documents.push((document.clone(), digest.clone()));
            }
        }
    }
    documents.sort();
    documents.dedup();
    for (path, digest) in documents {
        rows.push(vec![Cell::text("document"), Cell::text(path), Cell::line(vec![Inline::Code(digest)])]);
    }
    let head = ["Kind", "Input", "SHA-256"].map(str::to_owned).to_vec();
    vec![Block::Table { caption: Some("What was read".to_owned()), head, rows }]
}

/// Heads of the table of packs.
pub(crate) const PACK_HEAD: [&str; 4] = ["Pack", "Text of the law", "Evidence of", "Not covered or not verified"];

/// The packs of a run, or those named.
pub(crate) fn pack_rows(run: &Assessment, of: &[String]) -> Vec<Vec<Cell>> {
    let wanted = run.packs.iter().filter(|pack| of.is_empty() || of.contains(&pack.id));
    wanted
        .map(|pack| {
            vec![
                Cell::line(vec![Inline::Code(pack.id.clone())]).and(vec![Inline::Small(format!(
                    "revision {}, {}",
                    pack.revision,
                    short(&pack.sha256)
                ))]),
                Cell::line(vec![Inline::Text(pack.title.clone())]).and(vec![Inline::Small(pack.edition.clone())]),
                Cell::text(pack.evidence_date.to_string()),
                Cell::text(pack.limits.clone()),
            ]
        })
        .collect()
}

fn how_to_read(run: &Assessment) -> Vec<Block> {
    let smallest = run.policy.smallest_cell;
    let text = |text: &str| vec![Inline::Text(text.to_owned())];
    vec![
        heading(2, "How to read this".to_owned(), Some("reading")),
        Block::List(vec![
            text(
                "Met, not met, unknown, not applicable: unknown is neither a pass nor a failure; it means that facts are missing, and which.",
            ),
            text(
                "Binding findings serve a requirement in force on the day of the run. Advisory ones serve guidance, drafts or voluntary frameworks and do not fail the gate unless the policy says so.",
            ),
            text(
                "A requirement says how well it was checked: on a primary source, on a secondary source, or recalled and not checked.",
            ),
            text(
                "Rates have Wilson intervals, AUROC DeLong intervals, observed : expected an exact Poisson interval; where clusters are declared and for comparisons of groups, percentile bootstrap intervals.",
            ),
            vec![Inline::Text(format!(
                "A figure whose denominator is under {smallest} is not estimated and enters no comparison; counts under {smallest} are withheld.",
            ))],
            text("A statement holds until the day it names; after that the fact counts as not known."),
        ]),
    ]
}
