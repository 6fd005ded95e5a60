//! One system: its file and whatever it includes.

use std::collections::BTreeSet;

use medattest_deid::Kind;
use toml::de::DeValue;

use super::facts::{Reading, Statements, read_facts};
use super::load::{safe_path, text_of};
use super::{Column, Dataset, System, Table, TableUse, Task, Watch};
use crate::catalog::{Catalog, FactType, Per};
use crate::diagnostic::{Diagnostic, Place, SourceFile};
use crate::engine::monitor::read_plan;
use crate::fact::{Fact, FactSet, Subject};
use crate::reader;
use crate::world::World;

/// How deep one file may include another.
const MAX_INCLUDE_DEPTH: usize = 8;

type Diagnostics = Vec<Diagnostic>;

struct Loader<'a> {
    world: &'a dyn World,
    catalog: &'a Catalog,
    files: &'a mut Vec<SourceFile>,
    open: Vec<String>,
    included: BTreeSet<String>,
}

/// What one file and its includes contribute.
#[derive(Default)]
struct Part {
    id: Option<String>,
    facts: Vec<Fact>,
    tables: Vec<Table>,
    datasets: Vec<Dataset>,
    monitors: Vec<Watch>,
}

/// Loads the system described by `path`.
pub(super) fn load_system(
    world: &dyn World,
    catalog: &Catalog,
    organisation: &FactSet,
    path: &str,
    files: &mut Vec<SourceFile>,
    diagnostics: &mut Diagnostics,
) -> Option<System> {
    let mut loader = Loader { world, catalog, files, open: Vec::new(), included: BTreeSet::new() };
    let part = loader.part(path, diagnostics)?;
    let Some(id) = part.id else {
        diagnostics.push(Diagnostic::about_file(
            "missing-key",
            path,
            "`id` is missing",
            "add id = \"sepsis-score\" at the top: lower case, digits and dashes; it never changes",
        ));
        return None;
    };
    let mut facts = organisation.clone();
    for fact in part.facts {
        facts.insert(fact);
    }
    facts.fall_back(catalog);
    Some(System {
        id,
        place: Place::file(path),
        facts,
        tables: part.tables,
        datasets: part.datasets,
        monitors: part.monitors,
    })
}

impl Loader<'_> {
    fn part(&mut self, path: &str, diagnostics: &mut Diagnostics) -> Option<Part> {
        let bytes_text = text_of(self.world, path, diagnostics)?;
        let file = SourceFile::new(path, &bytes_text);
        if !self.files.iter().any(|known| known.name == file.name) {
            self.files.push(file.clone());
        }
        let mut root = reader::parse(&file, diagnostics)?;
        self.open.push(path.to_owned());
        let mut part = Part::default();
        let place = root.place();
        for include in root.strings("include", diagnostics) {
            self.include(path, &include, &place, &mut part, diagnostics);
        }
        self.open.pop();
        if let Some(id) = root.string("id", diagnostics) {
            if !reader::is_id(&id) {
                diagnostics.push(Diagnostic {
                    place: place.clone(),
                    code: "system-id",
                    message: "a system id has 1 to 64 lower-case letters, digits and dashes".into(),
                    hint: Some("such as id = \"sepsis-score\"".into()),
                });
            }
            part.id = Some(id);
        }
        for mut table in root.tables("table", diagnostics) {
            if let Some(table) = read_table(&mut table, self.catalog, diagnostics) {
                if part.tables.iter().any(|other| other.id == table.id) {
                    diagnostics.push(Diagnostic {
                        place: table.place.clone(),
                        code: "duplicate-table",
                        message: format!("table `{}` is described twice", table.id),
                        hint: Some("give one of them another id".into()),
                    });
                }
                part.tables.push(table);
            }
        }
        for mut dataset in root.tables("dataset", diagnostics) {
            if let Some(dataset) = read_dataset(&mut dataset, diagnostics) {
                if part.datasets.iter().any(|other| other.id == dataset.id) {
                    diagnostics.push(Diagnostic {
                        place: dataset.place.clone(),
                        code: "duplicate-dataset",
                        message: format!("dataset `{}` is described twice", dataset.id),
                        hint: Some("give one of them another id".into()),
                    });
                }
                part.datasets.push(dataset);
            }
        }
        for mut monitor in root.tables("monitor", diagnostics) {
            let place = monitor.place();
            let named = monitor.required_string("plan", diagnostics);
            monitor.finish(diagnostics);
            part.monitors.extend(named.and_then(|named| self.watch(named, place, diagnostics)));
        }
        let mut statements = Statements::take(&mut root, diagnostics);
        for statement in statements.documents() {
            let Some(document) = &statement.document else { continue };
            match self.world.document_sha256(document) {
                Ok(digest) => statement.document_sha256 = Some(digest),
                Err(error) => diagnostics.push(error.diagnostic()),
            }
        }
        let reading =
            Reading { catalog: self.catalog, per: &[Per::System], measured: false, subject: Subject::system() };
        part.facts.extend(read_facts(root, &reading, &statements, diagnostics));
        Some(part)
    }

    /// Reads a plan; its mistakes are those of the project.
    fn watch(&mut self, path: String, place: Place, diagnostics: &mut Diagnostics) -> Option<Watch> {
        let path = data_path(path, &place, diagnostics)?;
        let text = text_of(self.world, &path, diagnostics)?;
        let file = SourceFile::new(&path, &text);
        if !self.files.iter().any(|known| known.name == file.name) {
            self.files.push(file);
        }
        match read_plan(&path, &text) {
            Ok(plan) => Some(Watch { place, path, plan }),
            Err(mistakes) => {
                diagnostics.extend(mistakes);
                None
            }
        }
    }

    fn include(&mut self, from: &str, include: &str, place: &Place, part: &mut Part, diagnostics: &mut Diagnostics) {
        let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut mistake = |code, message: String, hint: &str| {
            diagnostics.push(Diagnostic { place: place.clone(), code, message, hint: Some(hint.to_owned()) });
        };
        let path = match safe_path(folder, include) {
            Ok(path) => path,
            Err(reason) => return mistake("unsafe-path", reason, "includes lie below the including file's folder"),
        };
        if self.open.contains(&path) {
            let chain = self.open.join(" → ");
            return mistake(
                "cyclic-include",
                format!("`{path}` includes itself: {chain} → {path}"),
                "remove one of the includes",
            );
        }
        if !self.included.insert(path.clone()) {
            let message = format!("`{path}` is included twice");
            return mistake("repeated-include", message, "include it once, from the system file itself");
        }
        if self.open.len() >= MAX_INCLUDE_DEPTH {
            let message = format!("includes are nested more than {MAX_INCLUDE_DEPTH} deep");
            return mistake("deep-include", message, "include the file directly");
        }
        if let Some(included) = self.part(&path, diagnostics) {
            part.facts.extend(included.facts);
            if let Some(twice) = included.tables.iter().find(|t| part.tables.iter().any(|other| other.id == t.id)) {
                let message = format!("table `{}` of `{path}` is described by another include too", twice.id);
                diagnostics.push(Diagnostic {
                    place: place.clone(),
                    code: "duplicate-table",
                    message,
                    hint: Some("give one of them another id".to_owned()),
                });
            }
            part.tables.extend(included.tables);
            part.datasets.extend(included.datasets);
            part.monitors.extend(included.monitors);
            part.id = part.id.take().or(included.id);
        }
    }
}

/// A path below the data folder; none, with the reason told, if it leads out of it.
fn data_path(path: String, place: &Place, diagnostics: &mut Diagnostics) -> Option<String> {
    let Err(reason) = safe_path("", &path) else { return Some(path) };
    diagnostics.push(Diagnostic {
        place: place.clone(),
        code: "unsafe-path",
        message: reason,
        hint: Some("paths are relative to the data folder; set the folder with --data or `data = …`".into()),
    });
    None
}

fn read_dataset(entry: &mut reader::Table<'_>, diagnostics: &mut Diagnostics) -> Option<Dataset> {
    let place = entry.place();
    let id = entry.required_string("id", diagnostics);
    let path = entry.required_string("path", diagnostics);
    let policy = entry.choice("policy", &["safe-harbor", "strict", "limited-data-set"], diagnostics);
    let mut keep = Vec::new();
    for id in entry.strings("keep", diagnostics) {
        match Kind::named(&id) {
            Some(kind) => keep.push(kind),
            None => diagnostics.push(Diagnostic {
                place: place.clone(),
                code: "unknown-kind",
                message: format!("there is no kind of identifier `{id}`"),
                hint: Some("see medattest deid kinds".into()),
            }),
        }
    }
    entry.finish(diagnostics);
    let path = data_path(path?, &place, diagnostics)?;
    Some(Dataset { id: id?, place, path, policy: policy.unwrap_or_else(|| "safe-harbor".to_owned()), keep })
}

fn read_table(table: &mut reader::Table<'_>, catalog: &Catalog, diagnostics: &mut Diagnostics) -> Option<Table> {
    let place = table.place();
    let id = table.required_string("id", diagnostics);
    let path = table.required_string("path", diagnostics);
    let use_ = table.choice("use", &["training", "evaluation", "deployment"], diagnostics);
    let filter = table.string("filter", diagnostics);
    let task = match table.choice("task", &["binary", "multiclass", "regression"], diagnostics).as_deref() {
        Some("multiclass") => Task::Multiclass,
        Some("regression") => Task::Regression,
        _ => Task::Binary,
    };
    let threshold = table.take("threshold").and_then(|node| {
        let found = reader::number(&node.value);
        if found.is_none() {
            diagnostics.push(node.mistake(
                "wrong-type",
                format!("{} is not a number", node.shown()),
                "such as threshold = 0.2",
            ));
        }
        found
    });
    let (mut label, mut prediction, mut score, mut probability, mut cluster) = (None, None, None, true, None);
    let (mut versus, mut weight) = (None, None);
    if let Some(mut columns) = table.table("columns", diagnostics) {
        label = columns.required_string("label", diagnostics);
        prediction = columns.string("prediction", diagnostics);
        score = columns.string("score", diagnostics);
        let kind = columns.choice("score-kind", &["probability", "margin"], diagnostics);
        probability = kind.as_deref() != Some("margin");
        cluster = columns.string("cluster", diagnostics);
        versus = columns.string("versus", diagnostics);
        weight = columns.string("weight", diagnostics);
        let mut mistake = |code, message: String, hint: &str| {
            diagnostics.push(Diagnostic { place: columns.place(), code, message, hint: Some(hint.to_owned()) });
        };
        if let Some((code, message, hint)) = unfit(task, prediction.is_some(), score.is_some(), versus.is_some()) {
            mistake(code, message.to_owned(), hint);
        }
        columns.finish(diagnostics);
    } else {
        diagnostics.push(Diagnostic {
            place: place.clone(),
            code: "missing-key",
            message: "`table.columns` is missing".into(),
            hint: Some("add [table.columns] with label, prediction and score".into()),
        });
    }
    let features = table.strings("features", diagnostics);
    let groups = read_groups(table, catalog, diagnostics);
    let mut intersections = Vec::new();
    if let Some(node) = table.take("intersections") {
        match as_lists(&node) {
            Some(lists) => {
                for list in lists {
                    if let Some(unknown) = list.iter().find(|c| !groups.iter().any(|g| g.column == **c)) {
                        let known: Vec<&str> = groups.iter().map(|g| g.column.as_str()).collect();
                        let message = format!("intersection names `{unknown}`, which is not in [table.groups]");
                        let hint = format!("columns there: {}", known.join(", "));
                        diagnostics.push(node.mistake("unknown-column", message, hint));
                    } else {
                        intersections.push(list);
                    }
                }
            }
            None => diagnostics.push(node.mistake(
                "wrong-type",
                "`intersections` is a list of lists of columns".into(),
                "write intersections = [[\"race\", \"sex\"]]",
            )),
        }
    }
    table.finish(diagnostics);
    let path = data_path(path?, &place, diagnostics)?;
    let use_ = match use_.as_deref() {
        Some("training") => TableUse::Training,
        Some("deployment") => TableUse::Deployment,
        _ => TableUse::Evaluation,
    };
    let label = label?;
    let table = Table {
        id: id?,
        place: place.clone(),
        path,
        use_,
        task,
        filter,
        label,
        prediction,
        score,
        probability,
        versus,
        threshold,
        weight,
        cluster,
        groups,
        intersections,
        features,
    };
    if let Some(message) = unfit_threshold(&table) {
        let hint = Some("write the lowest score that is flagged, such as threshold = 0.2".to_owned());
        diagnostics.push(Diagnostic { place: table.place.clone(), code: "threshold", message: message.into(), hint });
    }
    Some(table)
}

/// Why a threshold cannot be one, if so.
pub fn unfit_threshold(table: &Table) -> Option<&'static str> {
    let threshold = table.threshold?;
    if table.task != Task::Binary {
        Some("a threshold is used for yes-or-no predictions only")
    } else if !threshold.is_finite() {
        Some("a threshold is a number")
    } else if table.probability && table.score.is_some() && !(threshold > 0.0 && threshold < 1.0) {
        Some("a threshold of probabilities lies between 0 and 1")
    } else {
        None
    }
}

/// Why columns of these roles cannot be measured together, if so, with the code and what to do.
pub fn unfit(
    task: Task,
    prediction: bool,
    score: bool,
    versus: bool,
) -> Option<(&'static str, &'static str, &'static str)> {
    match task {
        Task::Binary if !prediction && !score => Some((
            "nothing-to-measure",
            "neither `prediction` nor `score` is named",
            "name the column with the model's decision (0/1), its score, or both",
        )),
        Task::Binary if versus && !score => Some((
            "nothing-to-compare",
            "`versus` names a second score, but no `score` is named",
            "name the column with the score as well",
        )),
        Task::Multiclass | Task::Regression if !prediction => Some((
            "nothing-to-measure",
            "no `prediction` is named",
            "name the column with the predicted class or number",
        )),
        Task::Multiclass | Task::Regression if score || versus => Some((
            "score-without-use",
            "a score is measured for yes-or-no predictions only",
            "leave `score` and `versus` out, or say task = \"binary\"",
        )),
        _ => None,
    }
}

fn as_lists(node: &reader::Node<'_>) -> Option<Vec<Vec<String>>> {
    let DeValue::Array(lists) = &node.value else { return None };
    let text = |value: &DeValue<'_>| match value {
        DeValue::String(text) => Some(text.to_string()),
        _ => None,
    };
    lists
        .iter()
        .map(|list| match list.get_ref() {
            DeValue::Array(items) => items.iter().map(|item| text(item.get_ref())).collect(),
            _ => None,
        })
        .collect()
}

fn read_groups(table: &mut reader::Table<'_>, catalog: &Catalog, diagnostics: &mut Diagnostics) -> Vec<Column> {
    let Some(mut groups) = table.table("groups", diagnostics) else { return Vec::new() };
    let traits: Vec<String> = match catalog.get("performance.traits").map(|d| &d.kind) {
        Some(FactType::Choices(values)) => values.iter().map(|(id, _)| id.clone()).collect(),
        _ => Vec::new(),
    };
    let allowed: Vec<&str> = traits.iter().map(String::as_str).collect();
    let mut columns = Vec::new();
    for column in groups.keys() {
        let Some(node) = groups.take(&column) else { continue };
        match &node.value {
            DeValue::String(stands_for) if traits.iter().any(|t| t == stands_for) => {
                columns.push(Column { column, stands_for: stands_for.to_string(), ..Column::default() });
            }
            DeValue::Table(inner) => {
                let get =
                    |key: &str| inner.iter().find(|(k, _)| k.get_ref().as_ref() == key).map(|(_, v)| v.get_ref());
                let stands_for = match get("trait") {
                    Some(DeValue::String(text)) if allowed.contains(&text.as_ref()) => Some(text.to_string()),
                    _ => None,
                };
                let bins: Option<Vec<f64>> = match get("bins") {
                    Some(DeValue::Array(bins)) => bins.iter().map(|b| reader::number(b.get_ref())).collect(),
                    None => Some(Vec::new()),
                    Some(_) => None,
                };
                let text = |key: &str| match get(key) {
                    Some(DeValue::String(text)) => Some(Some(text.to_string())),
                    None => Some(None),
                    Some(_) => None,
                };
                let population: Option<Vec<(String, f64)>> = match get("population") {
                    Some(DeValue::Table(shares)) => shares
                        .iter()
                        .map(|(name, share)| {
                            let share = reader::number(share.get_ref()).filter(|s| *s >= 0.0)?;
                            Some((name.get_ref().to_string(), share))
                        })
                        .collect(),
                    None => Some(Vec::new()),
                    Some(_) => None,
                };
                let unknown: Option<Vec<String>> = match get("unknown") {
                    Some(DeValue::Array(labels)) => labels
                        .iter()
                        .map(|label| match label.get_ref() {
                            DeValue::String(text) => Some(text.to_string()),
                            _ => None,
                        })
                        .collect(),
                    None => Some(Vec::new()),
                    Some(_) => None,
                };
                let known = ["trait", "bins", "reference", "unknown", "population", "population-source"];
                let more = inner.iter().any(|(key, _)| !known.contains(&key.get_ref().as_ref()));
                let named = text("reference").zip(text("population-source"));
                match (stands_for, bins, named, unknown.zip(population)) {
                    (Some(stands_for), Some(bins), Some((reference, population_source)), Some((unknown, population)))
                        if bins.is_sorted_by(|a, b| a < b) && !more =>
                    {
                        columns.push(Column {
                            column,
                            stands_for,
                            bins,
                            reference,
                            unknown,
                            population,
                            population_source,
                        });
                    }
                    _ => diagnostics.push(node.mistake(
                        "group-column",
                        format!("group column `{column}` is not described rightly"),
                        format!(
                            "write {{ trait = \"age\", bins = [18, 40, 65] }} with ascending bins, or {{ trait = \"race\", \
                             reference = \"White\", unknown = [\"Unknown\"], population = {{ White = 0.6, Black = 0.13 }}, population-source = \
                             \"census 2020\" }}; traits: {}",
                            allowed.join(", ")
                        ),
                    )),
                }
            }
            _ => diagnostics.push(node.mistake(
                "not-a-choice",
                format!("{} is not a trait a column can stand for", node.shown()),
                format!("use one of: {}", allowed.join(", ")),
            )),
        }
    }
    columns
}
