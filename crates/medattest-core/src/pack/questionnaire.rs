//! Questionnaires of impact assessments: what they ask, and which facts, rules and conclusions answer it.

use std::collections::BTreeMap;

use super::load::{Cites, Diagnostics, condition};
use crate::catalog::{Catalog, FactType, Per};
use crate::diagnostic::Diagnostic;
use crate::expr::Predicate;
use crate::reader::Table;

/// An impact assessment.
#[derive(Debug)]
pub struct Questionnaire {
    /// `pack/name`.
    pub id: String,
    /// Title.
    pub title: String,
    /// Requirement ids it rests on.
    pub cites: Vec<String>,
    pub(crate) when: Option<Predicate>,
    /// Why it is owed where it is.
    pub because: Option<String>,
    /// Sections in order.
    pub sections: Vec<QuestionnaireSection>,
    /// How its points are counted; none for most.
    pub scores: Vec<Score>,
}

/// A part of an impact assessment.
#[derive(Debug)]
pub struct QuestionnaireSection {
    /// Title.
    pub title: String,
    /// Citation of the part.
    pub part: Option<String>,
    /// Items in order.
    pub items: Vec<Item>,
}

/// One thing an impact assessment asks.
#[derive(Debug)]
pub struct Item {
    /// The question.
    pub asks: String,
    /// Facts that answer it.
    pub facts: Vec<String>,
    /// Rules whose outcome answers it, as `pack/rule`.
    pub rules: Vec<String>,
    /// Conclusions that answer it, as `pack.conclusion`.
    pub conclusions: Vec<String>,
    /// Where else the same is asked.
    pub crosswalk: Vec<String>,
    /// What a person has to write.
    pub write: Option<String>,
    /// Name under which it is written, unique in the assessment; of items to be written only.
    pub id: Option<String>,
    pub(crate) when: Option<Predicate>,
    /// Score group it counts for.
    pub group: Option<String>,
    /// Points by value.
    pub points: BTreeMap<String, u32>,
}

/// How points become a level.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Groups whose points are the risk.
    pub risk: Vec<String>,
    /// Groups whose points are the mitigation.
    pub mitigation: Vec<String>,
    /// Share of the most mitigation points from which the risk counts less.
    pub threshold: f64,
    /// What the risk is then multiplied by.
    pub factor: f64,
    /// Levels by the largest share of the most risk points, ascending.
    pub levels: Vec<Level>,
}

/// A level of impact.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// Id.
    pub id: String,
    /// Largest share of the most risk points.
    pub up_to: f64,
    /// What it means.
    pub means: String,
}

impl Item {
    /// The most points it can bring: the largest of a choice, the sum where several values may be named.
    pub fn most(&self, catalog: &Catalog) -> u32 {
        let kind = self.facts.first().and_then(|key| catalog.get(key)).map(|definition| &definition.kind);
        match kind {
            Some(FactType::Choices(_)) => self.points.values().sum(),
            _ => self.points.values().copied().max().unwrap_or(0),
        }
    }
}

impl Questionnaire {
    /// Name under which an item is answered in writing, as `pack/name/item`; none where there is nothing to write.
    pub fn name_of(&self, item: &Item) -> Option<String> {
        item.id.as_ref().map(|id| format!("{}/{id}", self.id))
    }

    pub(crate) fn predicates(&self) -> impl Iterator<Item = &Predicate> {
        let items = self.sections.iter().flat_map(|section| &section.items);
        self.when.iter().chain(items.filter_map(|item| item.when.as_ref()))
    }
}

/// Reads the `[[assessment]]` tables of a pack. References to other packs are checked when all are loaded.
pub(super) fn read(
    pack: &str,
    root: &mut Table<'_>,
    catalog: &Catalog,
    cited: Cites<'_>,
    diagnostics: &mut Diagnostics,
) -> Vec<Questionnaire> {
    let mut all: Vec<Questionnaire> = Vec::new();
    for mut table in root.tables("assessment", diagnostics) {
        let place = table.place();
        let Some(one) = questionnaire(pack, &mut table, catalog, diagnostics) else { continue };
        cited(&place, &one.cites, diagnostics);
        let groups: std::collections::BTreeSet<&String> =
            one.sections.iter().flat_map(|section| &section.items).filter_map(|item| item.group.as_ref()).collect();
        let counted: std::collections::BTreeSet<&String> =
            one.scores.iter().flat_map(|score| score.risk.iter().chain(&score.mitigation)).collect();
        for name in groups.symmetric_difference(&counted) {
            let message = format!("group `{name}` is not both the group of items and counted by a score");
            diagnostics.push(Diagnostic::at(&place, "unknown-group", message, FORM));
        }
        let mut ids = std::collections::BTreeSet::new();
        for id in one.sections.iter().flat_map(|section| &section.items).filter_map(|item| item.id.as_ref()) {
            if !ids.insert(id) {
                diagnostics.push(Diagnostic::at(&place, "item-id", format!("item `{id}` is defined twice"), FORM));
            }
        }
        if all.iter().any(|other| other.id == one.id) {
            diagnostics.push(Diagnostic::at(
                &place,
                "duplicate-assessment",
                format!("`{}` is defined twice", one.id),
                FORM,
            ));
        }
        all.push(one);
    }
    all
}

/// Where authors look.
const FORM: &str = "packs/README.md shows the form";

fn questionnaire(
    pack: &str,
    table: &mut Table<'_>,
    catalog: &Catalog,
    diagnostics: &mut Diagnostics,
) -> Option<Questionnaire> {
    let id = table.required_string("id", diagnostics);
    let title = table.required_string("title", diagnostics);
    let cites = table.strings("cites", diagnostics);
    let when = condition(table, catalog, Per::System, diagnostics);
    let because = table.string("because", diagnostics);
    let mut sections = Vec::new();
    for mut section in table.tables("section", diagnostics) {
        let title = section.required_string("title", diagnostics).unwrap_or_default();
        let part = section.string("part", diagnostics);
        let mut items = Vec::new();
        for mut entry in section.tables("item", diagnostics) {
            items.extend(item(&mut entry, catalog, diagnostics));
        }
        section.finish(diagnostics);
        sections.push(QuestionnaireSection { title, part, items });
    }
    let mut scores = Vec::new();
    for mut entry in table.tables("score", diagnostics) {
        scores.extend(score(&mut entry, diagnostics));
    }
    table.finish(diagnostics);
    Some(Questionnaire {
        id: format!("{pack}/{}", id?),
        title: title?,
        cites,
        when: when.ok()?,
        because,
        sections,
        scores,
    })
}

fn item(table: &mut Table<'_>, catalog: &Catalog, diagnostics: &mut Diagnostics) -> Option<Item> {
    let place = table.place();
    let id = table.string("id", diagnostics);
    let asks = table.required_string("asks", diagnostics);
    let facts = table.strings("facts", diagnostics);
    let rules = table.strings("rules", diagnostics);
    let conclusions = table.strings("conclusions", diagnostics);
    let crosswalk = table.strings("crosswalk", diagnostics);
    let write = table.string("write", diagnostics);
    let when = condition(table, catalog, Per::System, diagnostics);
    let group = table.string("group", diagnostics);
    let mut points = BTreeMap::new();
    if let Some(mut inner) = table.table("points", diagnostics) {
        for value in inner.keys() {
            let n = inner.integer(&value, diagnostics).and_then(|n| u32::try_from(n).ok());
            points.extend(n.map(|n| (value, n)));
        }
        inner.finish(diagnostics);
    }
    table.finish(diagnostics);
    if facts.is_empty() && rules.is_empty() && conclusions.is_empty() && write.is_none() {
        diagnostics.push(Diagnostic::at(&place, "item-without-answer", "nothing answers this item".to_owned(), FORM));
    }
    if id.is_some() != write.is_some() {
        let message = "what a person has to write has an `id`, and nothing else has".to_owned();
        diagnostics.push(Diagnostic::at(&place, "item-id", message, FORM));
    }
    for key in &facts {
        if catalog.get(key).is_none_or(|definition| !definition.per.is_read_by(Per::System)) {
            diagnostics.push(Diagnostic::at(
                &place,
                "unknown-fact",
                format!("`{key}` is not a fact of a system"),
                FORM,
            ));
        }
    }
    let scored = facts.first().and_then(|key| catalog.get(key)).map(|definition| &definition.kind);
    let known: Option<Vec<&str>> = match scored {
        Some(FactType::Bool) => Some(vec!["yes", "no"]),
        Some(FactType::Choice(values) | FactType::Choices(values)) => {
            Some(values.iter().map(|(id, _)| id.as_str()).collect())
        }
        _ => None,
    };
    for value in points.keys() {
        if !known.as_ref().is_some_and(|known| known.contains(&value.as_str())) {
            diagnostics.push(Diagnostic::at(
                &place,
                "unknown-value",
                format!("`{value}` brings points and is no value"),
                FORM,
            ));
        }
    }
    if !points.is_empty() && (facts.len() != 1 || group.is_none()) {
        diagnostics.push(Diagnostic::at(&place, "points", "points need one fact and a group".to_owned(), FORM));
    }
    Some(Item { asks: asks?, facts, rules, conclusions, crosswalk, write, id, when: when.ok()?, group, points })
}

fn score(table: &mut Table<'_>, diagnostics: &mut Diagnostics) -> Option<Score> {
    let place = table.place();
    let id = table.required_string("id", diagnostics);
    let title = table.required_string("title", diagnostics);
    let risk = table.strings("risk", diagnostics);
    let mitigation = table.strings("mitigation", diagnostics);
    let threshold = table.number("threshold", diagnostics);
    let factor = table.number("factor", diagnostics);
    let mut levels: Vec<Level> = Vec::new();
    for mut level in table.tables("levels", diagnostics) {
        let id = level.required_string("id", diagnostics);
        let up_to = level.number("up-to", diagnostics);
        let means = level.required_string("means", diagnostics);
        level.finish(diagnostics);
        if let (Some(id), Some(up_to), Some(means)) = (id, up_to, means) {
            levels.push(Level { id, up_to, means });
        }
    }
    table.finish(diagnostics);
    let ascending = levels.windows(2).all(|pair| matches!(pair, [a, b] if a.up_to < b.up_to));
    if !ascending || levels.last().is_none_or(|level| level.up_to < 1.0) {
        diagnostics.push(Diagnostic::at(&place, "levels", "levels ascend and end with up-to = 1.0".to_owned(), FORM));
    }
    Some(Score { id: id?, title: title?, risk, mitigation, threshold: threshold?, factor: factor?, levels })
}

/// Rules and conclusions that items name and no pack has.
pub(super) fn unknown_references(packs: &BTreeMap<String, super::Pack>, catalog: &Catalog) -> Diagnostics {
    let rules: std::collections::BTreeSet<&str> =
        packs.values().flat_map(|pack| pack.rules.iter().map(|rule| rule.id.as_str())).collect();
    let mut diagnostics = Vec::new();
    for pack in packs.values() {
        for one in &pack.questionnaires {
            for item in one.sections.iter().flat_map(|section| &section.items) {
                let rules = item.rules.iter().filter(|rule| !rules.contains(rule.as_str()));
                let conclusions = item.conclusions.iter().filter(|key| {
                    let known = catalog.get(key).map(|definition| &definition.origin);
                    !matches!(known, Some(crate::catalog::Origin::Concluded(_)))
                });
                for name in rules.chain(conclusions) {
                    diagnostics.push(Diagnostic::about_file(
                        "unknown-reference",
                        &format!("{}/assessments.toml", pack.id),
                        format!("`{name}`, named under “{}”, does not exist", item.asks),
                        "`medattest pack list --rules` shows every rule",
                    ));
                }
            }
        }
    }
    diagnostics
}
