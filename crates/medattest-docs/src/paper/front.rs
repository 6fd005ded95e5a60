//! The front of a paper: what state it is in, document control, which law asks for it.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use medattest_core::{Confidence, Owed, Template, VERSION, Value};

use super::{Filling, owed};
use crate::document::{Block, Cell, Front, Inline, Tone, text};

impl Filling<'_> {
    /// What a reader must know first of a paper that is not finished.
    pub(super) fn state(&self, (answered, items): (usize, usize)) -> Block {
        let open = self.open.len();
        let approvals = self.approvals();
        let given = approvals.iter().filter(|(_, _, on)| on.is_some()).count();
        let (title, rest) = match (open, given) {
            (0, 0) => ("not approved".to_owned(), "Nobody has approved it yet.".to_owned()),
            (0, given) => {
                (format!("{given} of {} approvals given", approvals.len()), "Every field is answered.".to_owned())
            }
            (open, _) => (
                if open == 1 { "1 field is open".to_owned() } else { format!("{open} fields are open") },
                "What is open is marked in place and listed at the end, with its question.".to_owned(),
            ),
        };
        let text = text(format!("{answered} of {items} items answered. {rest}"));
        Block::Verdict { tone: Tone::Unsure, title: format!("Draft: {title}"), text }
    }

    /// Whether the facts make somebody owe it; nothing where no law asks.
    pub(super) fn whether_owed(&self, template: &Template) -> Option<String> {
        match owed(template, self.on.run, self.system?) {
            Owed::Yes => Some(format!("It is owed. {}", template.because.clone().unwrap_or_default())),
            Owed::No => Some("On the facts it is not owed.".to_owned()),
            Owed::Unknown(keys) => Some(format!("Whether it is owed turns on {}.", keys.join(", "))),
            Owed::Voluntary => None,
        }
    }

    /// Which law asks for the paper.
    pub(super) fn asked_by(&self, template: &Template) -> Vec<Block> {
        let mut cited: BTreeMap<Reverse<Confidence>, Vec<&str>> = BTreeMap::new();
        for name in &template.cites {
            let found = name.split_once('/').and_then(|(pack, id)| self.on.library.packs.get(pack)?.requirement(id));
            if let Some(requirement) = found {
                cited.entry(Reverse(requirement.confidence)).or_default().push(&requirement.citation);
            }
        }
        let line = |(Reverse(confidence), citations): (Reverse<Confidence>, Vec<&str>)| {
            vec![Inline::Small(format!("{confidence}: ")), Inline::Text(joined(&citations))]
        };
        let lines: Vec<_> = cited.into_iter().map(line).collect();
        let owed = self.whether_owed(template).unwrap_or_default();
        let mut blocks = vec![Block::Paragraph(text(format!("{} {owed}", template.purpose).trim()))];
        if !lines.is_empty() {
            blocks.push(Block::Paragraph(text("Asked for by, or laid out after:")));
            blocks.push(Block::List(lines));
        }
        blocks
    }

    /// The status that is stated for papers of this system.
    pub(super) fn status(&self) -> String {
        match self.facts().value("paper.status") {
            Some(Value::Text(id)) => match id.as_str() {
                "approved" => "Approved".to_owned(),
                "in-review" => "In review".to_owned(),
                _ => "Draft".to_owned(),
            },
            _ => "Draft".to_owned(),
        }
    }

    /// Document control: what it is, of when, on what, who has to sign.
    pub(super) fn control(&self, template: &Template, front: &Front, digest: &str) -> Block {
        let run = self.on.run;
        let version = self.facts().value("paper.version").map(ToString::to_string);
        let mut rows: Vec<(Vec<Inline>, Cell)> = Vec::new();
        let mut row = |name: &str, value: Vec<Inline>| rows.push((text(name), Cell::line(value)));
        row("Document", text(&template.title));
        row("Readers", text(&template.readers));
        row(
            "Version and status",
            vec![
                Inline::Text(format!("{} ", version.unwrap_or_else(|| "no version stated".to_owned()))),
                Inline::Tag(if front.draft { Tone::Unsure } else { Tone::Good }, front.status.clone()),
            ],
        );
        row("Facts and law as of", text(run.as_of.to_string()));
        if !front.organisation.is_empty() {
            row("Organisation", text(front.organisation.clone()));
        }
        row("Digest of what it says", vec![Inline::Code(digest.to_owned())]);
        row(
            "Project",
            vec![Inline::Code(run.project_sha256.clone()), Inline::Small(format!(" medattest\u{a0}{VERSION}"))],
        );
        for (role, name, on) in self.approvals() {
            let sign = match on {
                Some(day) if name.is_empty() => format!("approved on {day}"),
                Some(day) => format!("{name}, approved on {day}"),
                None => format!("{name}  signature ______________________  date ______________"),
            };
            rows.push((text(format!("Approval: {role}")), Cell::text(sign.trim())));
        }
        Block::Terms(rows)
    }

    /// Who has to approve: as stated, or else whoever answers for the system.
    fn approvals(&self) -> Vec<(String, String, Option<String>)> {
        let field = |record: &Value, key: &str| match record {
            Value::Record(fields) => fields.get(key).map(ToString::to_string),
            _ => None,
        };
        let key = if self.system.is_some() { "paper.approvals" } else { "org.paper-approvals" };
        if let Some(Value::List(records)) = self.facts().value(key) {
            let of = |record: &Value| {
                (
                    field(record, "role").unwrap_or_default(),
                    field(record, "name").unwrap_or_default(),
                    field(record, "on"),
                )
            };
            return records.iter().map(of).collect();
        }
        let owners = [("owners.accountable", "accountable"), ("owners.clinical", "clinical owner")];
        let stated = owners.iter().filter_map(|(key, role)| {
            self.facts().value(key).map(|name| ((*role).to_owned(), name.to_string(), None))
        });
        stated.collect()
    }
}

/// Citations of one text stand together: the text once, its places after it.
fn joined(citations: &[&str]) -> String {
    let mut texts: Vec<(&str, Vec<&str>)> = Vec::new();
    for citation in citations {
        let (text, place) = citation.rsplit_once(", ").map_or((*citation, None), |(text, place)| (text, Some(place)));
        match texts.iter_mut().find(|(known, _)| *known == text) {
            Some((_, places)) => {
                if let Some(place) = place.filter(|place| !places.contains(place)) {
                    places.push(place);
                }
            }
            None => texts.push((text, place.into_iter().collect())),
        }
    }
    let one = |(text, places): &(&str, Vec<&str>)| [&[*text], places.as_slice()].concat().join(", ");
    texts.iter().map(one).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn a_text_is_named_once() {
        let cited = ["A v2, 2.1", "A v2, 2.2", "B, s. VI.B", "A v2, 2.1", "B, s. VI.B", "C"];
        assert_eq!(joined(&cited), "A v2, 2.1, 2.2; B, s. VI.B; C");
    }
}
