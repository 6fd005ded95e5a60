//! The plan of a monitor: what is watched, how often, against which thresholds, who acts.

use jiff::civil::Date;
use medattest_metrics::{Metric, definitions};
use serde::{Deserialize, Serialize};

use super::counts::{Cut, OutcomeColumns, Period};
use super::policy::{DriftLimits, DriftPolicy};
use crate::diagnostic::{Diagnostic, SourceFile, closest};
use crate::finding::Severity;
use crate::reader;

/// A monitoring plan, read from a TOML file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Id; names the folder of its state.
    pub id: String,
    /// Title.
    pub title: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// When it was last approved, and by whom.
    pub approved: Option<(Date, Option<String>)>,
    /// How often a window is due.
    pub every: Period,
    /// Where the reference data lie: a file, a folder or a pattern.
    pub reference: Source,
    /// Where the data of the deployed model lie.
    pub data: Source,
    /// How data are cut into windows.
    pub cut: Cut,
    /// Columns that are not looked at.
    pub ignore: Vec<String>,
    /// Columns with free text.
    pub texts: Vec<String>,
    /// Columns that tell how the model did.
    pub outcome: Option<OutcomeColumns>,
    /// Decisions are scores of at least this, where no column tells them.
    pub threshold: Option<f64>,
    /// The attribute, among the groups, whose groups are sites.
    pub site: Option<String>,
    /// Fewest rows of a figure that is shown.
    pub smallest: u64,
    /// How drift of columns is told.
    pub drift: DriftLimits,
    /// Limits of figures.
    pub limits: Vec<Limit>,
    /// Who is told when something stays open.
    pub escalation: Vec<Escalation>,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// Files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// A file, a folder or a pattern such as `live/*.parquet`; `-` for CSV from standard input.
    pub path: String,
    /// SQL condition.
    pub filter: Option<String>,
}

/// A limit of a figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Limit {
    /// Id.
    pub id: String,
    /// What is measured.
    pub measure: Measure,
    /// Attribute whose groups are held to it, each; everybody where none is named.
    pub by: Option<String>,
    /// Smallest value that is fine.
    pub at_least: Option<f64>,
    /// Largest value that is fine.
    pub at_most: Option<f64>,
    /// Whether the whole interval must lie beyond the limit before it counts as broken.
    pub certain: bool,
    /// How bad it is.
    pub severity: Severity,
    /// What is to be done.
    pub action: Option<String>,
    /// Who does it.
    pub who: Option<String>,
}

/// What a limit is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// A figure of the bias engine, from labels.
    Figure(Metric),
    /// The same estimated before labels are there.
    Expected(Metric),
    /// Difference of a figure to the group that others are compared with.
    Difference(Metric),
    /// Ratio of a figure to the group that others are compared with.
    Ratio(Metric),
    /// Share of columns that drifted.
    DriftedShare,
    /// Mean absolute error, for numbers.
    Mae,
    /// Root of the mean squared error, for numbers.
    Rmse,
    /// Rows of a window.
    Rows,
}

impl Measure {
    /// Its name in a plan.
    pub fn id(self) -> String {
        match self {
            Self::Figure(metric) => metric.definition().id.to_owned(),
            Self::Expected(metric) => format!("expected-{}", metric.definition().id),
            Self::Difference(metric) => format!("{}-difference", metric.definition().id),
            Self::Ratio(metric) => format!("{}-ratio", metric.definition().id),
            Self::DriftedShare => "drifted-share".to_owned(),
            Self::Mae => "mae".to_owned(),
            Self::Rmse => "rmse".to_owned(),
            Self::Rows => "rows".to_owned(),
        }
    }

    /// The measure of a name.
    pub fn named(id: &str) -> Option<Self> {
        let metric = |id: &str| Metric::ALL.into_iter().find(|metric| metric.definition().id == id);
        match id {
            "drifted-share" => return Some(Self::DriftedShare),
            "mae" => return Some(Self::Mae),
            "rmse" => return Some(Self::Rmse),
            "rows" => return Some(Self::Rows),
            _ => {}
        }
        if let Some(metric) = metric(id) {
            return Some(Self::Figure(metric));
        }
        if let Some(rest) = id.strip_prefix("expected-") {
            return metric(rest).map(Self::Expected);
        }
        if let Some(rest) = id.strip_suffix("-difference") {
            return metric(rest).map(Self::Difference);
        }
        id.strip_suffix("-ratio").and_then(metric).map(Self::Ratio)
    }
}

/// Who is told when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    /// After so many windows in a row with an open alert.
    pub after: u64,
    /// Who is told.
    pub to: String,
}

/// Reads a plan.
///
/// # Errors
/// Every mistake, with its place.
pub fn read_plan(name: &str, text: &str) -> Result<Plan, Vec<Diagnostic>> {
    let file = SourceFile::new(name, text);
    let mut diagnostics = Vec::new();
    let plan = reader::parse(&file, &mut diagnostics).and_then(|root| plan(root, text, &mut diagnostics));
    match plan {
        Some(plan) if diagnostics.is_empty() => Ok(plan),
        _ => Err(diagnostics),
    }
}

type Diagnostics = Vec<Diagnostic>;

fn count(table: &mut reader::Table<'_>, key: &str, diagnostics: &mut Diagnostics) -> Option<u64> {
    let place = table.place();
    let found = table.integer(key, diagnostics)?;
    let whole = u64::try_from(found).ok().filter(|n| *n > 0);
    if whole.is_none() {
        diagnostics.push(Diagnostic {
            place,
            code: "out-of-range",
            message: format!("`{key}` is {found}; it has to be at least 1"),
            hint: None,
        });
    }
    whole
}

fn plan(mut root: reader::Table<'_>, text: &str, diagnostics: &mut Diagnostics) -> Option<Plan> {
    let place = root.place();
    let mistake = |code, message: String, hint: &str| Diagnostic {
        place: place.clone(),
        code,
        message,
        hint: Some(hint.to_owned()),
    };
    let id = root.required_string("id", diagnostics);
    let title = root.string("title", diagnostics);
    let owner = root.string("owner", diagnostics);
    let approved_on = root.date("approved-on", diagnostics);
    let approved_by = root.string("approved-by", diagnostics);
    let periods: Vec<&str> = Period::ALL.iter().map(|period| period.name()).collect();
    let period = |name: &str| Period::ALL.into_iter().find(|period| period.name() == name);
    let every = root.choice("every", &periods, diagnostics).as_deref().and_then(period);
    let mut source = |key: &str, diagnostics: &mut Diagnostics| {
        let Some(mut table) = root.table(key, diagnostics) else {
            let hint = format!("add [{key}] with path = \"…\"");
            diagnostics.push(mistake("missing-key", format!("`{key}` is missing"), &hint));
            return None;
        };
        let path = table.required_string("path", diagnostics);
        let filter = table.string("filter", diagnostics);
        table.finish(diagnostics);
        Some(Source { path: path?, filter })
    };
    let reference = source("reference", diagnostics);
    let data = source("data", diagnostics);
    let ignore = root.strings("ignore", diagnostics);
    let texts = root.strings("text", diagnostics);
    let smallest = count(&mut root, "smallest-cell", diagnostics).unwrap_or(11);
    let mut cut = Cut::File;
    if let Some(mut windows) = root.table("windows", diagnostics) {
        let place = windows.place();
        let by = windows.choice("by", &["period", "rows", "file"], diagnostics);
        let column = windows.string("column", diagnostics);
        let length = windows.choice("length", &periods, diagnostics).as_deref().and_then(period);
        let rows = count(&mut windows, "rows", diagnostics);
        windows.finish(diagnostics);
        cut = match (by.as_deref(), column, rows) {
            (Some("period"), Some(column), _) => Cut::Period(column, length.or(every).unwrap_or(Period::Month)),
            (Some("rows"), _, Some(rows)) => Cut::Rows(rows),
            (Some("file"), ..) | (None, ..) => Cut::File,
            (Some(by), ..) => {
                let hint = if by == "period" { "add column = \"…\", a column of dates" } else { "add rows = 1000" };
                diagnostics.push(Diagnostic {
                    place,
                    code: "missing-key",
                    message: format!("windows by {by} lack what they are cut by"),
                    hint: Some(hint.to_owned()),
                });
                Cut::File
            }
        };
    }
    let (mut outcome, mut threshold, mut site) = (None, None, None);
    if let Some(mut model) = root.table("model", diagnostics) {
        let place = model.place();
        let task = model.choice("task", &["binary", "regression"], diagnostics);
        let score = model.string("score", diagnostics);
        let decision = model.string("decision", diagnostics);
        let label = model.string("label", diagnostics);
        let mut groups = model.strings("groups", diagnostics);
        threshold = model.number("threshold", diagnostics);
        site = model.string("site", diagnostics);
        model.finish(diagnostics);
        if let Some(site) = &site
            && !groups.contains(site)
        {
            groups.push(site.clone());
        }
        if score.is_none() && decision.is_none() {
            diagnostics.push(Diagnostic {
                place,
                code: "missing-key",
                message: "a model needs a score or a decision".to_owned(),
                hint: Some("add score = \"…\" or decision = \"…\", names of columns".to_owned()),
            });
        }
        outcome =
            Some(OutcomeColumns { score, decision, label, numeric: task.as_deref() == Some("regression"), groups });
    }
    let drift = root.table("drift", diagnostics).map(|table| drift(table, diagnostics)).unwrap_or_default();
    let mut limits: Vec<Limit> = Vec::new();
    for table in root.tables("threshold", diagnostics) {
        let place = table.place();
        if let Some(limit) = limit(table, outcome.as_ref(), diagnostics) {
            if limits.iter().any(|other| other.id == limit.id) {
                let message = format!("threshold `{}` is given twice", limit.id);
                diagnostics.push(Diagnostic {
                    place,
                    code: "duplicate-threshold",
                    message,
                    hint: Some("give one of them another id".to_owned()),
                });
            }
            limits.push(limit);
        }
    }
    let mut escalation = Vec::new();
    for mut table in root.tables("escalation", diagnostics) {
        let after = count(&mut table, "after-windows", diagnostics);
        let to = table.required_string("to", diagnostics);
        table.finish(diagnostics);
        if let (Some(after), Some(to)) = (after, to) {
            escalation.push(Escalation { after, to });
        }
    }
    root.finish(diagnostics);
    let id = id?;
    if !reader::is_id(&id) {
        let message = "a plan's id has 1 to 64 lower-case letters, digits and dashes".to_owned();
        diagnostics.push(mistake("plan-id", message, "such as id = \"sepsis-score\""));
    }
    Some(Plan {
        title: title.unwrap_or_else(|| id.clone()),
        id,
        owner,
        approved: approved_on.map(|on| (on, approved_by)),
        every: every.unwrap_or(Period::Month),
        reference: reference?,
        data: data?,
        cut,
        ignore,
        texts,
        outcome,
        threshold,
        site,
        smallest,
        drift,
        limits,
        escalation,
        sha256: crate::sha256_hex(text.as_bytes()),
    })
}

fn drift(mut table: reader::Table<'_>, diagnostics: &mut Diagnostics) -> DriftLimits {
    let policy = table.choice("policy", &["effect", "evidently"], diagnostics);
    let mut limits = DriftLimits {
        policy: if policy.as_deref() == Some("evidently") { DriftPolicy::Evidently } else { DriftPolicy::Effect },
        ..DriftLimits::default()
    };
    for (key, field) in [
        ("numbers", &mut limits.numbers),
        ("categories", &mut limits.categories),
        ("missing", &mut limits.missing),
        ("unseen", &mut limits.unseen),
        ("alpha", &mut limits.alpha),
        ("share", &mut limits.share),
    ] {
        if let Some(value) = table.number(key, diagnostics) {
            *field = value;
        }
    }
    table.finish(diagnostics);
    limits
}

fn limit(
    mut table: reader::Table<'_>,
    outcome: Option<&OutcomeColumns>,
    diagnostics: &mut Diagnostics,
) -> Option<Limit> {
    let place = table.place();
    let id = table.required_string("id", diagnostics);
    let measure = table.required_string("measure", diagnostics);
    let by = table.string("by", diagnostics);
    let at_least = table.number("at-least", diagnostics);
    let at_most = table.number("at-most", diagnostics);
    let certain = table.boolean("certain", diagnostics).unwrap_or(false);
    let severities = ["low", "medium", "high", "critical"];
    let severity = match table.choice("severity", &severities, diagnostics).as_deref() {
        Some("low") => Severity::Low,
        Some("high") => Severity::High,
        Some("critical") => Severity::Critical,
        _ => Severity::Medium,
    };
    let action = table.string("action", diagnostics);
    let who = table.string("who", diagnostics);
    table.finish(diagnostics);
    let (id, measure) = (id?, measure?);
    let mut mistake = |message: String, hint: String| {
        diagnostics.push(Diagnostic { place: place.clone(), code: "threshold", message, hint: Some(hint) });
    };
    let Some(measure) = Measure::named(&measure) else {
        let known: Vec<&str> =
            definitions().map(|definition| definition.id).chain(["drifted-share", "rows"]).collect();
        let near = closest(&measure, known.iter().copied());
        let hint = near.map_or(
            "such as auroc, tpr, ppv, selection-rate, observed-expected, tpr-difference, expected-auroc, drifted-share".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        mistake(format!("there is no measure `{measure}`"), hint);
        return None;
    };
    if at_least.is_none() && at_most.is_none() {
        mistake(format!("threshold `{id}` has no limit"), "add at-least = … or at-most = …".to_owned());
        return None;
    }
    if let Some(by) = &by
        && !outcome.is_some_and(|outcome| outcome.groups.contains(by))
    {
        mistake(format!("`{by}` is not among the groups of the model"), "add it to groups under [model]".to_owned());
        return None;
    }
    if matches!(measure, Measure::Difference(_) | Measure::Ratio(_)) && by.is_none() {
        mistake(format!("threshold `{id}` compares groups but names none"), "add by = \"…\"".to_owned());
        return None;
    }
    Some(Limit { id, measure, by, at_least, at_most, certain, severity, action, who })
}
