//! Requirements of the law with their standing and what the run shows of each: of one system in words, of all in counts.

use medattest_core::{Finding, Outcome, Requirement, Rule, Stand, SystemAssessment, law_on};

use super::Filling;
use crate::document::{Block, Cell, Inline, table, text};
use crate::finding::{alike, told, tone, waived};

/// Systems that are named for an outcome; of more, the number.
const NAMED: usize = 4;

impl Filling<'_> {
    /// How each requirement of the packs, or of those parts that are named, came out; of the system that the paper is
    /// about, or of all.
    pub(super) fn requirements(&mut self, of: &[String], system: Option<&SystemAssessment>) -> Vec<Block> {
        let on = self.on;
        let law = self.law.take().unwrap_or_else(|| law_on(&on.library.packs, on.run.as_of));
        let mut blocks = Vec::new();
        // Parts of one pack that are named beside each other make one table.
        let mut named: Vec<(&str, Vec<&str>)> = Vec::new();
        let every = on.run.packs.iter().map(|pack| &pack.id);
        for name in if of.is_empty() { every.collect::<Vec<_>>() } else { of.iter().collect() } {
            let (pack, part) = name.split_once('/').unwrap_or((name, ""));
            match named.last_mut() {
                Some((last, parts)) if *last == pack => parts.push(part),
                _ => named.push((pack, vec![part])),
            }
        }
        let last_head = match system {
            Some(_) => "What the run shows",
            None => "Systems by their worst outcome",
        };
        for (pack_id, parts) in named {
            let Some(pack) = on.library.packs.get(pack_id).filter(|_| self.uses(pack_id)) else { continue };
            let (mut rows, mut left) = (Vec::new(), Vec::new());
            let wanted = |id: &str| parts.iter().any(|part| id.starts_with(part));
            for requirement in pack.requirements.iter().filter(|requirement| wanted(&requirement.id)) {
                let stand = law.iter().find(|s| s.pack == pack_id && s.requirement == requirement.id);
                let rules: Vec<&Rule> = pack.rules.iter().filter(|r| r.serves.contains(&requirement.id)).collect();
                let shown = match system {
                    Some(system) => self.of_one(&rules, system),
                    None => self.of_all(&rules),
                };
                if shown.lines.is_empty() {
                    left.push(requirement);
                } else {
                    rows.push(vec![asked(requirement, stand), shown]);
                }
            }
            let whole = parts == [""];
            if rows.is_empty() && (whole || left.is_empty()) {
                continue;
            }
            blocks.push(Block::Paragraph(vec![
                Inline::Strong(pack.title.clone()),
                Inline::Small(format!(" {}; evidence of {}", pack.edition, pack.evidence_date)),
            ]));
            if !rows.is_empty() {
                blocks.push(table(&["Requirement and standing", last_head], rows));
            }
            if !left.is_empty() {
                // Those that were asked for are named, those of a whole pack counted.
                let named: Vec<&str> = left.iter().filter(|_| !whole).map(|left| left.title.as_str()).collect();
                let named = if named.is_empty() { String::new() } else { format!(": {}", named.join("; ")) };
                blocks.push(Block::Note(text(format!(
                    "Not judged, because no rule that looks at them applies, or none does look ({}){named}.",
                    left.len()
                ))));
            }
        }
        self.law = Some(law);
        blocks
    }

    /// What the rules found in a system, with marks.
    fn of_one(&mut self, rules: &[&Rule], system: &SystemAssessment) -> Cell {
        let mut shown = Cell::default();
        for rule in rules {
            for alike in alike(&judged(rule, system)) {
                let Some(first) = alike.first() else { continue };
                for line in told(&alike, &mut |finding| Some(self.cite_finding(finding))) {
                    let tag = [Inline::Tag(tone(first.outcome), first.outcome.to_string()), Inline::Text(" ".into())];
                    shown = shown.and(tag.into_iter().chain(line).collect());
                }
                if let Some(line) = waived(first) {
                    shown = shown.and(line);
                }
            }
        }
        shown
    }

    /// Which systems meet it and which do not.
    fn of_all(&self, rules: &[&Rule]) -> Cell {
        let mut shown = Cell::default();
        let worst = |system: &SystemAssessment| {
            let found: Vec<Outcome> =
                rules.iter().flat_map(|rule| judged(rule, system)).map(|finding| finding.outcome).collect();
            [Outcome::NotMet, Outcome::Unknown, Outcome::Met].into_iter().find(|outcome| found.contains(outcome))
        };
        let systems = self.systems();
        let outcomes: Vec<(&str, Outcome)> =
            systems.iter().filter_map(|system| Some((system.name.as_str(), worst(system)?))).collect();
        for outcome in [Outcome::NotMet, Outcome::Unknown, Outcome::Met] {
            let names: Vec<&str> = outcomes.iter().filter(|(_, o)| *o == outcome).map(|(name, _)| *name).collect();
            let said = match names.len() {
                0 => continue,
                n if n == systems.len() && n > 1 => format!("all {n} systems"),
                1..=NAMED => names.join("; "),
                n => format!("{n} systems"),
            };
            shown =
                shown.and(vec![Inline::Tag(tone(outcome), outcome.to_string()), Inline::Text(format!(" {said}"))]);
        }
        shown
    }
}

/// What a rule found in a system, where it applies.
fn judged<'s>(rule: &Rule, system: &'s SystemAssessment) -> Vec<&'s Finding> {
    system.findings.iter().filter(|f| f.rule == rule.id && f.outcome != Outcome::NotApplicable).collect()
}

/// What is asked, by which text and since when.
fn asked(requirement: &Requirement, stand: Option<&Stand>) -> Cell {
    let stand = stand.map_or("not law on the day".to_owned(), |stand| match &stand.from {
        Some(from) => format!("{}, from {from}", stand.status),
        None => stand.status.to_string(),
    });
    let cited = format!("{} ({}); {stand}", requirement.citation, requirement.confidence);
    Cell::line(vec![Inline::Strong(requirement.title.clone())])
        .and(text(requirement.asks.clone()))
        .and(vec![Inline::Small(cited)])
}
