//! What papers show of a run beside facts: figures, classifications, requirements, findings, dates.

use jiff::civil::Date;
use medattest_core::engine::bias::BiasEvidence;
use medattest_core::monitor::MonitorReport;
use medattest_core::output::paper::{AttributeTable, on_paper};
use medattest_core::{
    Conclusion, ConclusionOutcome, FilledAssessment, Finding, Outcome, Owed, PackUsed, Severity, Subject,
    SystemAssessment, View, fill,
};

use super::{Filling, fits, source};
use crate::curves::{calibration, decision_curve, most_telling, roc};
use crate::document::{Block, Cell, Inline, Tone, table, text};
use crate::finding::alike;
use crate::marks::Rests;
use crate::matrix::standing;
use crate::measured::{about, across, estimate, forest, measured};
use crate::{conclusions, dossier, gantt, heat, impact, monitor, report};

/// Open questions where a paper is brief.
const BRIEF: usize = 8;

impl Filling<'_> {
    /// The mark of what a line of an embedded report rests on.
    fn mark(&mut self, system: &SystemAssessment, rests: Rests<'_>) -> Option<Inline> {
        match rests {
            Rests::Fact(key) => {
                let fact = system.facts.get(key, &Subject::system())?;
                Some(Inline::Cite(vec![self.fact_number(&system.id, fact)]))
            }
            Rests::Rule(rule, outcome) => {
                // One for each whom the rule speaks of.
                let alike = |finding: &&Finding| finding.rule == rule && finding.outcome == outcome;
                let findings = system.findings.iter().filter(alike);
                let numbers: Vec<usize> = findings.map(|finding| self.number(source::of_finding(finding))).collect();
                (!numbers.is_empty()).then_some(Inline::Cite(numbers))
            }
        }
    }

    /// The blocks of a view; none where the run has nothing to show.
    pub(super) fn view(&mut self, view: View, of: &[String]) -> Vec<Block> {
        let systems = self.systems();
        match view {
            View::Standing => vec![dossier::overview(&systems)],
            View::Regimes => self.regimes(of),
            View::Requirements if self.system.is_none() => self.requirements(of, None),
            View::NextDates => next_dates(&systems),
            View::Systems => self.register(),
            View::Packs => self.packs(of),
            View::Evidence => dossier::inputs(self.on.run, &systems),
            View::Incidents => self.incidents(),
            View::Papers => self.papers(),
            _ => {
                let mut blocks = Vec::new();
                let several = systems.len() > 1;
                for system in systems {
                    let what = format!("{} of {}: {}", view.id(), system.id, of.join(" "));
                    let shown = self.once(what, |filling| filling.of_system(view, of, system));
                    if !shown.is_empty() && several {
                        blocks.push(Block::Heading { level: 4, text: text(&system.name), id: None });
                    }
                    blocks.extend(shown);
                }
                blocks
            }
        }
    }

    fn of_system(&mut self, view: View, of: &[String], system: &SystemAssessment) -> Vec<Block> {
        let smallest = self.on.run.policy.smallest_cell;
        match view {
            View::Performance if self.brief() => {
                self.tables(view, of, system, |evidence| overall(evidence, smallest))
            }
            View::Performance => self.tables(view, of, system, |evidence| measured(evidence, smallest)),
            View::BiasAudit => {
                self.tables(view, of, system, |evidence| report::bias_report(evidence, smallest).blocks)
            }
            View::BiasSummary => self.tables(view, of, system, |evidence| report::bias_summary(evidence, smallest)),
            View::Discrimination => {
                // Where figures by group stand before, so does the calibration curve.
                let before = format!("{} of {}: ", View::Performance.id(), system.id);
                let drawn = self.shown.keys().any(|what| what.starts_with(&before));
                self.tables(view, of, system, |evidence| {
                    let tables: Vec<AttributeTable> =
                        evidence.attributes.iter().map(|a| on_paper(a, smallest)).collect();
                    most_telling(&tables).map(|table| curves(table, drawn)).unwrap_or_default()
                })
            }
            View::Representation => {
                let shared = across(&system.evidence, smallest);
                if shared.is_empty() {
                    self.tables(view, of, system, |evidence| report::who(evidence, smallest))
                } else {
                    embedded(shared)
                }
            }
            View::DataProfile => self.data_profile(system, smallest),
            View::Inputs => self.inputs(system),
            View::Monitoring => self.watched(system, monitor::monitor_summary),
            View::MonitoringReport => self.watched(system, |report| monitor::monitor_report(report).blocks),
            View::Classification => self.classification(of, system),
            View::Requirements => self.requirements(of, Some(system)),
            View::Findings => self.findings(of, system),
            View::Roadmap => roadmap(of, system, self.brief()),
            View::Questions => dossier::questions(system, if self.brief() { BRIEF } else { usize::MAX }),
            View::Impact => self.impact(&self.assessments(of, system), system),
            View::Traceability => self.traceability(system),
            View::Standing
            | View::Regimes
            | View::NextDates
            | View::Systems
            | View::Packs
            | View::Evidence
            | View::Incidents
            | View::Papers => Vec::new(),
        }
    }

    /// Something for each plan that was carried out.
    fn watched(&mut self, system: &SystemAssessment, show: impl Fn(&MonitorReport) -> Vec<Block>) -> Vec<Block> {
        let mut blocks = Vec::new();
        for report in system.watched.iter().filter_map(|watched| watched.report.as_ref()) {
            let cite = self.cite(source::of_monitor(&system.id, report));
            blocks.push(Block::Paragraph(vec![Inline::Strong(report.plan.title.clone()), cite]));
            blocks.extend(embedded(show(report)));
        }
        blocks
    }

    /// Something for each table of predictions of the uses that are wanted, or of any where there is none of these.
    fn tables(
        &mut self,
        view: View,
        of: &[String],
        system: &SystemAssessment,
        show: impl Fn(&BiasEvidence) -> Vec<Block>,
    ) -> Vec<Block> {
        let (mut blocks, mut any) = (Vec::new(), false);
        let fits = |evidence: &&BiasEvidence| of.is_empty() || of.contains(&evidence.use_);
        let mut wanted: Vec<&BiasEvidence> = system.evidence.iter().filter(fits).collect();
        if wanted.is_empty() && !system.evidence.is_empty() {
            wanted = system.evidence.iter().collect();
            blocks.push(Block::Paragraph(text(format!(
                "No table of {} data was measured; these are the figures of the data there are.",
                of.join(" or ")
            ))));
        }
        for evidence in wanted {
            let what = format!("{} of {}: table {}", view.id(), system.id, evidence.table);
            let shown = self.once(what, |_| embedded(show(evidence)));
            if shown.is_empty() {
                continue;
            }
            any = true;
            let cite = self.cite(source::of_bias(&system.id, evidence));
            blocks.push(Block::Paragraph(vec![
                Inline::Text(format!("Measured on {} data, table ", evidence.use_)),
                Inline::Code(evidence.table.clone()),
                cite,
                Inline::Text(".".into()),
            ]));
            blocks.extend(shown);
        }
        if any { blocks } else { Vec::new() }
    }

    fn classification(&mut self, of: &[String], system: &SystemAssessment) -> Vec<Block> {
        let wanted = |pack: &str| of.is_empty() || of.iter().any(|id| id == pack);
        let chosen: Vec<_> = system.conclusions.iter().filter(|c| wanted(&c.pack)).cloned().collect();
        if chosen.is_empty() {
            return Vec::new();
        }
        if self.brief() {
            conclusions::in_brief(&chosen, &mut |rests| self.mark(system, rests))
        } else {
            conclusions::conclusions(&chosen, &mut |rests| self.mark(system, rests))
        }
    }

    fn findings(&mut self, of: &[String], system: &SystemAssessment) -> Vec<Block> {
        let wanted = |f: &&Finding| of.is_empty() || of.iter().any(|id| f.rule.split('/').next() == Some(id));
        let judged = system.findings.iter().filter(wanted).filter(|f| f.outcome != Outcome::NotApplicable).count();
        if judged == 0 {
            return Vec::new();
        }
        let mut blocks = Vec::new();
        for (outcome, title) in [(Outcome::NotMet, "Not met"), (Outcome::Unknown, "Cannot be judged yet")] {
            // In brief: what binds, is grave, and nobody has waived.
            let shown = |f: &&Finding| {
                !self.brief()
                    || (outcome == Outcome::NotMet && f.binding && f.severity >= Severity::High && f.waiver.is_none())
            };
            let all = system.findings.iter().filter(wanted).filter(|f| f.outcome == outcome);
            let mut mine: Vec<&Finding> = all.clone().filter(shown).collect();
            let left = all.count() - mine.len();
            if self.brief() && left > 0 {
                blocks.push(Block::Paragraph(text(format!(
                    "{title}: {left} further findings, not shown here; they are in the compliance dossier."
                ))));
            }
            mine.sort_by(|a, b| (b.severity, b.binding, &a.rule).cmp(&(a.severity, a.binding, &b.rule)));
            let n = mine.len();
            if n == 0 {
                continue;
            }
            blocks.push(Block::Heading { level: 5, text: text(format!("{title} ({n})")), id: None });
            let mut rows = Vec::new();
            for alike in alike(&mine) {
                rows.extend(self.finding_row(&alike));
            }
            blocks.push(table(&["Outcome", "Finding and what to do"], rows));
        }
        let met = system.findings.iter().filter(wanted).filter(|f| f.outcome == Outcome::Met).count();
        blocks.push(Block::Paragraph(text(format!("{met} of {judged} findings that concern the system are met."))));
        blocks
    }

    pub(super) fn impact(&mut self, filled: &[FilledAssessment], system: &SystemAssessment) -> Vec<Block> {
        let mut blocks = Vec::new();
        for filled in filled {
            let as_of = self.on.run.as_of.to_string();
            let shown = impact::marked(filled, &system.name, &as_of, &mut |rests| self.mark(system, rests));
            blocks.extend(embedded(shown.blocks));
        }
        blocks
    }

    /// The impact assessments that are named, answered, where the run has their packs.
    pub(super) fn assessments(&self, of: &[String], system: &SystemAssessment) -> Vec<FilledAssessment> {
        let found = of.iter().filter_map(|id| {
            let pack = id.split('/').next().unwrap_or_default();
            self.on.run.packs.iter().find(|used| used.id == pack)?;
            self.on.library.packs.get(pack)?.questionnaires.iter().find(|q| q.id == *id)
        });
        found.map(|questionnaire| fill(self.on.library, questionnaire, system)).collect()
    }

    /// Counts of findings by regime and system.
    fn regimes(&self, of: &[String]) -> Vec<Block> {
        let systems = self.systems();
        let mut blocks = Vec::new();
        let wanted = |pack: &&PackUsed| of.is_empty() || of.contains(&pack.id);
        for shown in systems.chunks(heat::COLUMNS) {
            let under: Vec<_> = shown.iter().map(|system| standing(system)).collect();
            let row = |pack: &PackUsed| heat::Row {
                label: pack.title.clone(),
                cells: under
                    .iter()
                    .map(|by| {
                        by.get(pack.id.as_str()).filter(|u| !u.is_empty()).map(|u| (u.not_met, u.unknown, u.met))
                    })
                    .collect(),
            };
            let mut rows: Vec<heat::Row> = self.on.run.packs.iter().filter(wanted).map(row).collect();
            rows.retain(|row| row.cells.iter().any(Option::is_some));
            if rows.is_empty() {
                continue;
            }
            let names: Vec<&str> = shown.iter().map(|system| system.name.as_str()).collect();
            let caption = "Findings by regime and system: not met, unknown and met. Darker cells have more that is not \
                           met; hatched ones have only unknowns.";
            blocks.push(Block::Figure { svg: heat::heat_map(&names, &rows), caption: caption.to_owned() });
        }
        blocks
    }

    /// The register of systems.
    fn register(&mut self) -> Vec<Block> {
        let mut rows = Vec::new();
        for system in self.systems() {
            let value = |key: &str| {
                let kind = self.on.library.catalog.get(key).map(|definition| &definition.kind);
                system.facts.value(key).zip(kind).map(|(value, kind)| kind.shown(value))
            };
            let or = |key: &str| value(key).unwrap_or_else(|| "not stated".to_owned());
            let mut name = Cell::line(vec![Inline::Strong(system.name.clone())])
                .and(vec![Inline::Small(or("system.version"))])
                .and(vec![Inline::Code(system.id.clone())]);
            if let Some(fact) = system.facts.get("system.name", &Subject::system()) {
                let cite = Inline::Cite(vec![self.fact_number(&system.id, fact)]);
                if let Some(line) = name.lines.first_mut() {
                    line.push(cite);
                }
            }
            let said = |conclusion: &Conclusion| match &conclusion.outcome {
                ConclusionOutcome::Known(_) => conclusion.meaning.clone(),
                ConclusionOutcome::Unknown { .. } => format!("not decided: {}", conclusion.title),
            };
            let mut under = Vec::new();
            for pack in &self.on.run.packs {
                let mine = system.conclusions.iter().filter(|c| c.pack == pack.id && c.headline && c.reached());
                let said: Vec<String> = mine.map(said).collect();
                if !said.is_empty() {
                    under.push(format!("{}: {}", pack.title, said.join("; ")));
                }
            }
            let use_ = Cell::text(or("purpose.intended"))
                .and(vec![Inline::Small(format!("{}; first use {}", or("system.state"), or("system.first-use")))])
                .and(vec![Inline::Small(format!("Role: {}. Vendor: {}", or("system.roles"), or("system.vendor")))]);
            let owner = Cell::text(or("owners.accountable"))
                .and(vec![Inline::Small(format!("clinical: {}", or("owners.clinical")))])
                .and(vec![Inline::Small(format!("technical: {}", or("owners.technical")))]);
            let stands =
                under.iter().fold(Cell::line(vec![dossier::decision_tag(system.decision.decision)]), |cell, line| {
                    cell.and(vec![Inline::Small(line.clone())])
                });
            rows.push(vec![name, use_, owner, stands]);
        }
        vec![table(&["System", "Use and state", "Who answers for it", "Where it stands"], rows)]
    }

    fn packs(&self, of: &[String]) -> Vec<Block> {
        let mut rows: Vec<Vec<Cell>> = dossier::pack_rows(self.on.run, of);
        if rows.is_empty() {
            return Vec::new();
        }
        if !self.sheet && !self.leads {
            return vec![table(&dossier::PACK_HEAD, rows)];
        }
        let [head @ .., _] = dossier::PACK_HEAD;
        rows.iter_mut().for_each(|row| row.truncate(head.len()));
        let limits = "What each does not cover or has not verified is in the compliance dossier.";
        vec![table(&head, rows), Block::Note(text(limits))]
    }

    fn incidents(&self) -> Vec<Block> {
        let mine: Vec<_> = self
            .on
            .incidents
            .iter()
            .filter(|incident| self.system.is_none_or(|system| system.id == incident.system))
            .collect();
        if mine.is_empty() {
            return vec![Block::Paragraph(text("No incident is recorded in this project."))];
        }
        let rows = mine.into_iter().map(|incident| {
            let (owed, sent) = incident.reports;
            vec![
                Cell::line(vec![Inline::Code(incident.id.clone())]).and(vec![Inline::Small(incident.system.clone())]),
                Cell::text(&incident.aware),
                Cell::text(if incident.closed { "closed" } else { "open" }),
                Cell::text(format!("{owed} owed, {sent} sent")),
                Cell::line(vec![Inline::Code(super::short(&incident.head))]),
            ]
        });
        vec![table(&["Incident", "Known since", "State", "Reports", "Record"], rows.collect())]
    }

    /// Papers that are owed or can be written, with how far they are.
    fn papers(&self) -> Vec<Block> {
        let mut rows = Vec::new();
        for system in self.systems() {
            for template in self.on.templates.iter().filter(|template| fits(template, Some(system))) {
                let owed = super::owed(template, self.on.run, system);
                if !matches!(owed, Owed::Yes | Owed::Unknown(_)) {
                    continue;
                }
                // Papers that list papers would go round in circles.
                let lists =
                    template.sections.iter().flat_map(|s| &s.items).any(|item| item.view == Some(View::Papers));
                let complete = if lists {
                    "–".to_owned()
                } else {
                    let (answered, items) = super::paper(template, self.on, Some(system)).complete();
                    format!("{answered} of {items}")
                };
                let tag = match owed {
                    Owed::Yes => Inline::Tag(Tone::Plain, "owed".into()),
                    _ => Inline::Tag(Tone::Unsure, "not known whether owed".into()),
                };
                rows.push(vec![
                    Cell::text(&template.title).and(vec![Inline::Code(template.id.clone())]),
                    Cell::text(&system.name),
                    Cell::line(vec![tag]),
                    Cell::number(complete),
                ]);
            }
        }
        if rows.is_empty() {
            return vec![Block::Paragraph(text("No paper that the templates know is owed."))];
        }
        vec![table(&["Paper", "System", "Owed", "Items answered"], rows)]
    }
}

/// The headline figures of everyone.
fn overall(evidence: &BiasEvidence, smallest: u64) -> Vec<Block> {
    let tables: Vec<AttributeTable> = evidence.attributes.iter().map(|a| on_paper(a, smallest)).collect();
    let Some(first) = tables.iter().find(|table| !table.of_class) else { return Vec::new() };
    let rows = first
        .overall
        .figures
        .iter()
        .filter(|(metric, _)| metric.is_headline())
        .map(|(metric, shown)| vec![Cell::text(metric.title()), estimate(shown)]);
    let mut blocks = vec![
        Block::Paragraph(about(evidence, smallest)),
        table(&["Figure, over everyone", "Estimate"], rows.collect()),
    ];
    // One picture of groups: of those whose scores are furthest from what they promise.
    blocks.extend(most_telling(&tables).map(forest));
    let attributes: Vec<&str> = evidence.attributes.iter().map(|a| a.attribute.as_str()).collect();
    blocks.push(Block::Note(text(format!("All figures by {} are in the bias audit.", attributes.join(", ")))));
    blocks
}

/// What would have to be there for a view that shows nothing.
pub(super) fn why_empty(view: View) -> &'static str {
    match view {
        View::Performance | View::BiasAudit | View::BiasSummary | View::Representation => {
            "Nothing was measured: describe the predictions with a `[[table]]` in the system's file."
        }
        View::Discrimination => "No curve can be drawn: curves need a table with scores, and enough people.",
        View::DataProfile => {
            "No data were read: describe them with `[[table]]` or `[[dataset]]` in the system's file."
        }
        View::Inputs => "Declare what the system reads as `[[input.fields]]`.",
        View::Monitoring | View::MonitoringReport => {
            "There is no plan that was carried out: `medattest monitor` starts one."
        }
        View::Impact => "The pack of the assessment is not among those of the project.",
        View::Traceability => "State `[[change.modifications]]` and `[[change.protocol]]`.",
        _ => "Nothing of this is in the run; name the packs it needs in medattest.toml.",
    }
}

/// The curves of one attribute; that of calibration where it is not `drawn` already.
fn curves(table: &AttributeTable, drawn: bool) -> Vec<Block> {
    let calibration = if drawn { Vec::new() } else { calibration(table) };
    [roc(table), calibration, decision_curve(table)].into_iter().flatten().collect()
}

fn roadmap(of: &[String], system: &SystemAssessment, brief: bool) -> Vec<Block> {
    let wanted = |rule: &str| of.is_empty() || of.iter().any(|id| rule.split('/').next() == Some(id));
    let milestones: Vec<_> = system
        .roadmap
        .iter()
        .filter(|m| of.is_empty() || m.rules.iter().any(|rule| wanted(&rule.rule)))
        .cloned()
        .collect();
    if milestones.is_empty() {
        return vec![Block::Paragraph(text("No later date that is known concerns what is looked at here."))];
    }
    let mut blocks = Vec::new();
    if let Some(svg) = gantt::gantt(&milestones) {
        blocks.push(Block::Figure {
            svg,
            caption: "What begins to apply when. Filled marks are law, rings are statements and waivers that end."
                .to_owned(),
        });
    }
    if !brief {
        blocks.push(dossier::roadmap(&milestones));
    }
    blocks
}

/// The first dates on which something changes for any system.
fn next_dates(systems: &[&SystemAssessment]) -> Vec<Block> {
    /// Lines that leave room on a page for what else a board has to see.
    const FEW: usize = 6;
    let mut dates: Vec<(Date, &str, Vec<&str>)> = Vec::new();
    for system in systems {
        for milestone in &system.roadmap {
            match dates.iter_mut().find(|(day, title, _)| *day == milestone.date && *title == milestone.title) {
                Some((_, _, names)) => names.push(&system.name),
                None => dates.push((milestone.date, &milestone.title, vec![&system.name])),
            }
        }
    }
    dates.sort_by_key(|(day, _, _)| *day);
    if dates.is_empty() {
        return vec![Block::Paragraph(text("No later date that is known concerns what is looked at here."))];
    }
    let left = dates.len().saturating_sub(FEW);
    let of = |(day, title, names): &(Date, &str, Vec<&str>)| {
        let whom = if names.len() == systems.len() && names.len() > 1 { "all".to_owned() } else { names.join(", ") };
        vec![Cell::text(day.to_string()), Cell::text(*title), Cell::text(whom)]
    };
    let mut blocks = vec![table(&["From", "What changes", "System"], dates.iter().take(FEW).map(of).collect())];
    if left > 0 {
        blocks.push(Block::Note(text(format!("{left} later dates are among the key dates."))));
    }
    blocks
}

/// A report as part of a paper: without its title and contents, its headings below those of the paper.
fn embedded(blocks: Vec<Block>) -> Vec<Block> {
    blocks
        .into_iter()
        .filter_map(|block| match block {
            Block::Contents | Block::Heading { level: 1, .. } => None,
            Block::Heading { level, text, .. } => {
                Some(Block::Heading { level: (level + 2).clamp(4, 6), text, id: None })
            }
            Block::Verdict { title, mut text, .. } => {
                text.insert(0, Inline::Strong(format!("{title}. ")));
                Some(Block::Paragraph(text))
            }
            other => Some(other),
        })
        .collect()
}
