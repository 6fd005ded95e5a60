//! Regulation packs: what the law asks, as data with citations and dates.

mod duty;
mod load;
mod questionnaire;
mod requirement;
mod timeline;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

pub(crate) use duty::Hold;
pub use duty::{Duty, Form, FormField};
pub(crate) use load::{NOT_APPLICABLE, condition, placeholders};
pub use questionnaire::{Item, Level, Questionnaire, QuestionnaireSection, Score};
pub use requirement::{Confidence, DatedStatus, Requirement, Status};
pub use timeline::{LawChange, Stand, law_changes, law_on};

use crate::catalog::{Catalog, Per};
use crate::diagnostic::{Diagnostic, SourceFile};
use crate::expr::Predicate;
use crate::finding::Severity;

/// The rules of one body of law or guidance.
#[derive(Debug)]
pub struct Pack {
    /// Permanent id, such as `eu-mdr`.
    pub id: String,
    /// Raised with every change of content.
    pub revision: u32,
    /// Short title.
    pub title: String,
    /// Jurisdiction, such as `EU`.
    pub jurisdiction: String,
    /// Which text of the law was read.
    pub edition: String,
    /// Where the text or the evidence for it was found.
    pub source: String,
    /// Newest date of the evidence behind the pack.
    pub evidence_date: Date,
    /// First day whose law the pack tells; what applied before is not reconstructed.
    pub earliest: Date,
    /// What the pack does not cover or could not verify.
    pub limits: String,
    /// Whether the pack judges only projects that name it.
    pub opt_in: bool,
    /// SHA-256 over the pack's files.
    pub digest: String,
    /// When the pack has anything to say about a system.
    pub(crate) applies: Predicate,
    /// Citations.
    pub requirements: Vec<Requirement>,
    /// Questions the pack answers about every system, such as the device class.
    pub classifications: Vec<Classification>,
    /// Checks.
    pub rules: Vec<Rule>,
    /// Duties to report events.
    pub duties: Vec<Duty>,
    /// What reports contain.
    pub forms: Vec<Form>,
    /// Impact assessments.
    pub questionnaires: Vec<Questionnaire>,
    /// Literate tests: file name and text.
    pub tests: Vec<SourceFile>,
}

/// A question with a closed list of answers, decided by the first answer whose condition holds.
#[derive(Debug)]
pub struct Classification {
    /// Id within the pack; the conclusion is the fact `pack.id`.
    pub id: String,
    /// The question in words.
    pub title: String,
    /// Every value an answer may give, with its meaning.
    pub values: Vec<(String, String)>,
    /// Answers in order of precedence.
    pub answers: Vec<Answer>,
    /// Whether summaries lead with it.
    pub headline: bool,
}

/// One possible answer.
#[derive(Debug)]
pub struct Answer {
    /// The value.
    pub value: String,
    pub(crate) when: Predicate,
    /// Why, in words.
    pub because: String,
    /// Requirement ids it rests on.
    pub cites: Vec<String>,
    /// First day on which the answer is given.
    pub from: Option<Date>,
    /// First day on which it no longer is.
    pub until: Option<Date>,
    /// What is disputed or unsettled about it.
    pub contested: Option<String>,
}

/// A check of one requirement or several.
#[derive(Debug)]
pub struct Rule {
    /// `pack/name`; the name is that of the fault.
    pub id: String,
    /// Short title.
    pub title: String,
    /// Requirements served, by id.
    pub serves: Vec<String>,
    /// How bad the fault is.
    pub severity: Severity,
    /// Whom the rule looks at.
    pub per: Per,
    pub(crate) applies: Predicate,
    pub(crate) check: Predicate,
    /// Whether the absence of the facts is itself the fault.
    pub absence_is_fault: bool,
    /// What a failed check says; `{fact.key}` is replaced by the fact.
    pub message: String,
    /// What a passed check says.
    pub met: String,
    /// What to do.
    pub remedy: String,
    /// The explanation, under four headings.
    pub explanation: Explanation,
    /// Stable rules decide the gate, preview rules only inform.
    pub lifecycle: Lifecycle,
}

/// Why a rule exists and how to satisfy it, in our own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What the rule asks.
    pub what: String,
    /// Why the law asks it.
    pub why: String,
    /// What evidence satisfies it.
    pub evidence: String,
    /// What it does not cover.
    pub limits: String,
}

/// Whether a rule is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifecycle {
    /// Decides the gate.
    Stable,
    /// Informs.
    Preview,
}

impl Pack {
    /// The requirement of this id.
    pub fn requirement(&self, id: &str) -> Option<&Requirement> {
        self.requirements.iter().find(|requirement| requirement.id == id)
    }
}

impl Rule {
    /// When the rule applies, as written.
    pub fn applies_source(&self) -> String {
        self.applies.source()
    }

    /// What is checked, as written.
    pub fn check_source(&self) -> String {
        self.check.source()
    }
}

impl Answer {
    /// When the answer holds, as written.
    pub fn when_source(&self) -> String {
        self.when.source()
    }
}

/// All packs that were loaded, with the order in which their conclusions must be drawn.
#[derive(Debug)]
pub struct Packs {
    packs: BTreeMap<String, Pack>,
    /// (pack, index of classification), dependencies first.
    pub(crate) order: Vec<(String, usize)>,
    /// Packs whose conclusions a pack reads.
    reads: BTreeMap<String, BTreeSet<String>>,
}

impl Packs {
    /// Loads packs from files named `pack-id/…`, and adds their conclusions to `catalog`.
    pub fn load(files: &[SourceFile], catalog: &mut Catalog) -> (Self, Vec<Diagnostic>) {
        load::load(files, catalog)
    }

    /// All packs by id.
    pub fn iter(&self) -> impl Iterator<Item = &Pack> {
        self.packs.values()
    }

    /// The pack of this id.
    pub fn get(&self, id: &str) -> Option<&Pack> {
        self.packs.get(id)
    }

    /// Facts that only packs read which judge nobody unless they are named.
    pub fn asked_by_opt_in_only(&self) -> BTreeSet<String> {
        let of = |opt_in: bool| -> BTreeSet<String> {
            self.iter().filter(|pack| pack.opt_in == opt_in).flat_map(|pack| pack.mentions()).collect()
        };
        of(true).difference(&of(false)).cloned().collect()
    }

    /// The ids given, and of every pack whose conclusions they read.
    pub(crate) fn closure(&self, ids: &[String]) -> BTreeSet<String> {
        let mut wanted: Vec<&String> = ids.iter().filter(|id| self.packs.contains_key(*id)).collect();
        let mut closed = BTreeSet::new();
        while let Some(id) = wanted.pop() {
            if closed.insert(id.clone()) {
                wanted.extend(self.reads.get(id).into_iter().flatten());
            }
        }
        closed
    }

    /// All of them, with the packs that each reads.
    fn new(packs: BTreeMap<String, Pack>, order: Vec<(String, usize)>) -> Self {
        let families = |pack: &Pack| -> BTreeSet<String> {
            let roots = pack.mentions().into_iter().filter_map(|key| key.split('.').next().map(str::to_owned));
            roots.filter(|root| packs.contains_key(root)).collect()
        };
        let reads = packs.iter().map(|(id, pack)| (id.clone(), families(pack))).collect();
        Self { packs, order, reads }
    }
}

impl Pack {
    fn predicates(&self) -> impl Iterator<Item = &Predicate> {
        let answers = self.classifications.iter().flat_map(|c| c.answers.iter().map(|a| &a.when));
        let rules = self.rules.iter().flat_map(|r| [&r.applies, &r.check]);
        let statuses = self.requirements.iter().flat_map(|r| r.statuses.iter().filter_map(|s| s.when.as_ref()));
        let duties = self.duties.iter().flat_map(Duty::predicates);
        std::iter::once(&self.applies)
            .chain(answers)
            .chain(rules)
            .chain(statuses)
            .chain(duties)
            .chain(self.questionnaires.iter().flat_map(Questionnaire::predicates))
    }

    /// Every fact any predicate of the pack mentions.
    pub fn mentions(&self) -> BTreeSet<String> {
        let items = self.questionnaires.iter().flat_map(|one| &one.sections).flat_map(|section| &section.items);
        let asked = items.flat_map(|item| item.facts.iter().cloned());
        self.predicates().flat_map(Predicate::mentions).chain(asked).collect()
    }
}
