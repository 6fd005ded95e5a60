//! Templates of papers: what a paper contains and which facts answer it, as data.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::Library;
use crate::assess::SystemAssessment;
use crate::catalog::{Catalog, FactType, Origin, Per};
use crate::diagnostic::{Diagnostic, Place, SourceFile};
use crate::expr::{Predicate, Scope, Truth};
use crate::fact::Subject;
use crate::impact::Owed;
use crate::pack::condition;
use crate::reader::{self, Table};

/// What a paper is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// One AI system.
    System,
    /// The organisation with all its systems.
    Organisation,
}

/// Data that a PDF carries in its metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carried {
    /// The applied model card of the Coalition for Health AI, as XML.
    ChaiCard,
}

/// A paper before anything is known.
#[derive(Debug)]
pub struct Template {
    /// Name in kebab-case.
    pub id: String,
    /// Title.
    pub title: String,
    /// What it is about.
    pub about: About,
    /// Who it is handed to.
    pub readers: String,
    /// What it is for.
    pub purpose: String,
    /// Whether it is a short sheet for people who will not look anything up.
    pub sheet: bool,
    /// What its PDF carries in its metadata.
    pub carries: Option<Carried>,
    /// Requirements that ask for it, as `pack/requirement`.
    pub cites: Vec<String>,
    pub(crate) when: Option<Predicate>,
    /// Why it is owed where it is.
    pub because: Option<String>,
    /// Sections in order, those of other templates included.
    pub sections: Vec<TemplateSection>,
    /// The file it was read from.
    pub file: SourceFile,
}

/// A part of a paper.
#[derive(Debug, Clone)]
pub struct TemplateSection {
    /// Name, unique in the template.
    pub id: String,
    /// Title.
    pub title: String,
    /// Citation of the part.
    pub part: Option<String>,
    pub(crate) when: Option<Arc<Predicate>>,
    /// Whether it stands on the first page, before document control and contents. Sheets have neither.
    pub lead: bool,
    /// Whether it is handed out by itself too: it repeats what other sections show rather than point to them.
    pub alone: bool,
    /// Fact for each of whose records the section is repeated.
    pub each: Option<String>,
    /// Items in order.
    pub items: Vec<TemplateItem>,
}

/// One thing a paper says.
#[derive(Debug, Clone)]
pub struct TemplateItem {
    /// What it says something about.
    pub asks: String,
    /// Citation of the item.
    pub part: Option<String>,
    /// Facts that answer it.
    pub facts: Vec<String>,
    /// Fields of the record of the section that answer it.
    pub fields: Vec<String>,
    /// Conclusions that answer it, as `pack.conclusion`.
    pub conclusions: Vec<String>,
    /// Rules whose outcome answers it, as `pack/rule`.
    pub rules: Vec<String>,
    /// What is computed from the evidence of the run.
    pub view: Option<View>,
    /// What the view is narrowed to.
    pub of: Vec<String>,
    /// Whether the paper is complete without it.
    pub optional: bool,
    pub(crate) when: Option<Arc<Predicate>>,
}

macro_rules! views {
    ($($(#[$doc:meta])* $name:ident = $id:literal,)*) => {
        /// What of a run a paper can show beside facts.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum View {
            $($(#[$doc])* $name,)*
        }

        impl View {
            /// Every view.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name in templates.
            pub fn id(self) -> &'static str {
                match self {
                    $(Self::$name => $id,)*
                }
            }
        }
    };
}

views! {
    /// Figures by group.
    Performance = "performance",
    /// The whole bias audit.
    BiasAudit = "bias-audit",
    /// What the bias audit adds to figures by group.
    BiasSummary = "bias-summary",
    /// ROC, calibration and decision curves.
    Discrimination = "discrimination",
    /// Who is in which data.
    Representation = "representation",
    /// Rows, columns and missing values of tables, identifiers in datasets.
    DataProfile = "data-profile",
    /// What is read, why, and what of the output it tells.
    Inputs = "inputs",
    /// How it does in use: what to act on, performance over time.
    Monitoring = "monitoring",
    /// The whole of it: windows, drift, groups, control charts.
    MonitoringReport = "monitoring-report",
    /// What the system is under each regime.
    Classification = "classification",
    /// Requirements, rules that serve them and how these came out.
    Requirements = "requirements",
    /// What is not met and what is unknown.
    Findings = "findings",
    /// What applies when.
    Roadmap = "roadmap",
    /// What would have to be known.
    Questions = "questions",
    /// An impact assessment.
    Impact = "impact",
    /// Modifications against steps of the protocol.
    Traceability = "traceability",
    /// Recorded incidents.
    Incidents = "incidents",
    /// The register of systems.
    Systems = "systems",
    /// Decision and counts of findings.
    Standing = "standing",
    /// Counts of findings by regime and system.
    Regimes = "regimes",
    /// The next dates of all systems, in few lines.
    NextDates = "next-dates",
    /// Files that were read.
    Evidence = "evidence",
    /// The law that was applied.
    Packs = "packs",
    /// Papers that are owed.
    Papers = "papers",
}

impl Template {
    /// Whether it is owed for a system.
    pub fn owed(&self, system: &SystemAssessment) -> Owed {
        match &self.when {
            None => Owed::Voluntary,
            Some(when) => match when.evaluate(&Scope::new(&system.facts, &Subject::system())).truth {
                Truth::True => Owed::Yes,
                Truth::False => Owed::No,
                Truth::Unknown(keys) => Owed::Unknown(keys.into_iter().collect()),
            },
        }
    }

    /// The sections that concern a system, each with the items that do. What is not known to be beside the point stays.
    pub fn for_system(&self, system: &SystemAssessment) -> Vec<TemplateSection> {
        let scope = Scope::new(&system.facts, &Subject::system());
        let stays =
            |when: &Option<Arc<Predicate>>| when.as_ref().is_none_or(|w| w.evaluate(&scope).truth != Truth::False);
        let sections = self.sections.iter().filter(|section| stays(&section.when));
        sections
            .map(|section| TemplateSection {
                items: section.items.iter().filter(|item| stays(&item.when)).cloned().collect(),
                ..section.clone()
            })
            .filter(|section| !section.items.is_empty())
            .collect()
    }

    /// Every fact it reads.
    pub fn facts(&self) -> BTreeSet<&str> {
        let items = self.sections.iter().flat_map(|section| &section.items);
        let each = self.sections.iter().filter_map(|section| section.each.as_deref());
        items.flat_map(|item| &item.facts).map(String::as_str).chain(each).collect()
    }
}

/// Where authors look.
const FORM: &str = "templates/README.md shows the form";

/// A section as written: its own, or taken from another template.
enum Written {
    Own(TemplateSection),
    Include(String, Option<String>),
}

struct Raw {
    template: Template,
    written: Vec<Written>,
    place: Place,
}

/// Reads the templates among the files, named `…/<id>/template.toml`. Of two with the same id the later one holds, which
/// is how a project replaces a built-in one.
pub fn load_templates(files: &[SourceFile], library: &Library) -> (Vec<Template>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let mut raw: BTreeMap<String, Raw> = BTreeMap::new();
    for file in files {
        let mut parts = file.name.rsplit('/');
        if parts.next() != Some("template.toml") {
            continue;
        }
        let folder = parts.next().unwrap_or_default();
        let Some(mut root) = reader::parse(file, &mut diagnostics) else { continue };
        let place = root.place();
        let Some(one) = template(file, &mut root, library, &mut diagnostics) else { continue };
        if one.template.id != folder || !reader::is_id(folder) {
            let message = format!("template `{}` is in the folder `{folder}`", one.template.id);
            diagnostics.push(Diagnostic::at(&place, "template-id", message, "name the folder like the template"));
        }
        raw.insert(one.template.id.clone(), one);
    }
    let sections: BTreeMap<String, Vec<TemplateSection>> =
        raw.keys().map(|id| (id.clone(), resolved(id, &raw, &mut Vec::new(), &mut diagnostics))).collect();
    let mut templates = Vec::new();
    for (id, one) in raw {
        let mut template = one.template;
        template.sections = sections.get(&id).cloned().unwrap_or_default();
        let mut seen = BTreeSet::new();
        if template.sections.iter().skip(usize::from(!template.sheet)).any(|section| section.lead) {
            let message = "only the first section can lead, and none of a sheet";
            diagnostics.push(Diagnostic::at(&one.place, "lead", message, FORM));
        }
        for section in &template.sections {
            if !seen.insert(&section.id) {
                let message = format!("section `{}` is there twice", section.id);
                diagnostics.push(Diagnostic::at(&one.place, "duplicate-section", message, FORM));
            }
        }
        if template.sections.is_empty() {
            diagnostics.push(Diagnostic::at(&one.place, "template-empty", "it has no section", FORM));
        }
        templates.push(template);
    }
    (templates, diagnostics)
}

/// The sections of a template with those it includes.
fn resolved(
    id: &str,
    raw: &BTreeMap<String, Raw>,
    on: &mut Vec<String>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<TemplateSection> {
    let Some(one) = raw.get(id) else { return Vec::new() };
    on.push(id.to_owned());
    let mut sections = Vec::new();
    for written in &one.written {
        match written {
            Written::Own(section) => sections.push(section.clone()),
            Written::Include(name, part) => {
                let (other, wanted) = match name.split_once('/') {
                    Some((other, section)) => (other, Some(section)),
                    None => (name.as_str(), None),
                };
                if on.iter().any(|above| above == other) {
                    let message = format!("`{name}` includes itself");
                    diagnostics.push(Diagnostic::at(&one.place, "include-circle", message, FORM));
                    continue;
                }
                let taken: Vec<TemplateSection> = resolved(other, raw, on, diagnostics)
                    .into_iter()
                    .filter(|section| wanted.is_none_or(|wanted| section.id == wanted))
                    .collect();
                if taken.is_empty() {
                    let message = format!("there is no section `{name}` to include");
                    diagnostics.push(Diagnostic::at(&one.place, "unknown-include", message, FORM));
                }
                // The same section may answer to another clause here.
                sections.extend(taken.into_iter().map(|mut section| {
                    section.part = part.clone().or(section.part);
                    section
                }));
            }
        }
    }
    on.pop();
    sections
}

fn template(
    file: &SourceFile,
    root: &mut Table<'_>,
    library: &Library,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Raw> {
    let place = root.place();
    let id = root.required_string("id", diagnostics);
    let title = root.required_string("title", diagnostics);
    let about = match root.required_string("about", diagnostics).as_deref() {
        Some("organisation") => Some(About::Organisation),
        Some("system") => Some(About::System),
        Some(other) => {
            let message = format!("a paper is about a system or the organisation, not `{other}`");
            diagnostics.push(Diagnostic::at(&place, "template-about", message, FORM));
            None
        }
        None => None,
    };
    let readers = root.required_string("readers", diagnostics);
    let purpose = root.required_string("purpose", diagnostics);
    let sheet = root.boolean("sheet", diagnostics).unwrap_or(false);
    let carries = match root.string("carries", diagnostics).as_deref() {
        Some("chai-card") if about == Some(About::System) => Some(Carried::ChaiCard),
        Some(other) => {
            let message = format!("a paper about a system can carry `chai-card`, this one cannot carry `{other}`");
            diagnostics.push(Diagnostic::at(&place, "template-carries", message, FORM));
            None
        }
        None => None,
    };
    let cites = root.strings("cites", diagnostics);
    for cited in &cites {
        let known = cited.split_once('/').and_then(|(pack, id)| library.packs.get(pack)?.requirement(id));
        if known.is_none() {
            let message = format!("there is no requirement `{cited}`");
            diagnostics.push(Diagnostic::at(&place, "unknown-requirement", message, FORM));
        }
    }
    let when = condition(root, &library.catalog, Per::System, diagnostics);
    let because = root.string("because", diagnostics);
    let mut written = Vec::new();
    for mut table in root.tables("section", diagnostics) {
        if let Some(name) = table.string("include", diagnostics) {
            let part = table.string("part", diagnostics);
            table.finish(diagnostics);
            written.push(Written::Include(name, part));
        } else {
            written.extend(section(&mut table, library, diagnostics).map(Written::Own));
        }
    }
    root.finish(diagnostics);
    let template = Template {
        id: id?,
        title: title?,
        about: about?,
        readers: readers?,
        purpose: purpose?,
        sheet,
        carries,
        cites,
        when: when.ok()?,
        because,
        sections: Vec::new(),
        file: file.clone(),
    };
    Some(Raw { template, written, place })
}

fn section(table: &mut Table<'_>, library: &Library, diagnostics: &mut Vec<Diagnostic>) -> Option<TemplateSection> {
    let place = table.place();
    let id = table.required_string("id", diagnostics);
    let title = table.required_string("title", diagnostics);
    let part = table.string("part", diagnostics);
    let when = condition(table, &library.catalog, Per::System, diagnostics);
    let lead = table.boolean("lead", diagnostics).unwrap_or(false);
    let alone = table.boolean("alone", diagnostics).unwrap_or(false);
    let each = table.string("each", diagnostics);
    let fields = each.as_ref().map(|key| match library.catalog.get(key).map(|definition| &definition.kind) {
        Some(FactType::Records(fields)) => fields.iter().map(|field| field.key.clone()).collect(),
        _ => {
            let message = format!("`{key}` is not a fact of several records");
            diagnostics.push(Diagnostic::at(&place, "unknown-fact", message, FORM));
            Vec::new()
        }
    });
    let mut items = Vec::new();
    for mut entry in table.tables("item", diagnostics) {
        items.extend(item(&mut entry, library, fields.as_deref().unwrap_or_default(), diagnostics));
    }
    table.finish(diagnostics);
    Some(TemplateSection { id: id?, title: title?, part, when: when.ok()?.map(Arc::new), lead, alone, each, items })
}

fn item(
    table: &mut Table<'_>,
    library: &Library,
    known_fields: &[String],
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<TemplateItem> {
    let place = table.place();
    let asks = table.required_string("asks", diagnostics);
    let part = table.string("part", diagnostics);
    let facts = table.strings("facts", diagnostics);
    let fields = table.strings("fields", diagnostics);
    let conclusions = table.strings("conclusions", diagnostics);
    let rules = table.strings("rules", diagnostics);
    let named = table.string("view", diagnostics);
    let of = table.strings("of", diagnostics);
    let optional = table.boolean("optional", diagnostics).unwrap_or(false);
    let when = condition(table, &library.catalog, Per::System, diagnostics);
    table.finish(diagnostics);
    let mut mistake = |code, message: String| diagnostics.push(Diagnostic::at(&place, code, message, FORM));
    let view = named.as_ref().and_then(|name| View::ALL.iter().copied().find(|view| view.id() == name));
    if let (Some(name), None) = (&named, view) {
        let known: Vec<&str> = View::ALL.iter().map(|view| view.id()).collect();
        mistake("unknown-view", format!("there is no view `{name}`; there are {}", known.join(", ")));
    }
    if facts.is_empty() && fields.is_empty() && conclusions.is_empty() && rules.is_empty() && named.is_none() {
        mistake("item-without-answer", "nothing answers this item".to_owned());
    }
    for key in facts.iter().filter(|key| !is_of_a_system(&library.catalog, key)) {
        mistake("unknown-fact", format!("`{key}` is not a fact of a system or organisation"));
    }
    for field in fields.iter().filter(|field| !known_fields.contains(field)) {
        mistake("unknown-field", format!("`{field}` is no field of the record of this section"));
    }
    for key in &conclusions {
        if !matches!(library.catalog.get(key).map(|d| &d.origin), Some(Origin::Concluded(_))) {
            mistake("unknown-reference", format!("`{key}` is not a conclusion of a pack"));
        }
    }
    for rule in &rules {
        let known = rule.split_once('/').and_then(|(pack, _)| library.packs.get(pack));
        if known.is_none_or(|pack| !pack.rules.iter().any(|known| known.id == *rule)) {
            mistake("unknown-reference", format!("there is no rule `{rule}`"));
        }
    }
    for name in &of {
        let pack = name.split('/').next().unwrap_or_default();
        let known = match view {
            Some(View::Performance | View::BiasAudit | View::BiasSummary | View::Discrimination) => {
                ["training", "evaluation", "deployment"].contains(&name.as_str())
            }
            Some(View::Impact) => library
                .packs
                .get(pack)
                .is_some_and(|pack| pack.questionnaires.iter().any(|questionnaire| questionnaire.id == *name)),
            _ => library.packs.get(pack).is_some(),
        };
        if !known {
            mistake("unknown-reference", format!("`{name}` narrows nothing"));
        }
    }
    Some(TemplateItem {
        asks: asks?,
        part,
        facts,
        fields,
        conclusions,
        rules,
        view,
        of,
        optional,
        when: when.ok()?.map(Arc::new),
    })
}

fn is_of_a_system(catalog: &Catalog, key: &str) -> bool {
    catalog.get(key).is_some_and(|definition| definition.per.is_read_by(Per::System))
}
