//! Figures of predictions that are numbers, or one of several classes.

use std::collections::BTreeMap;

use medattest_metrics::{
    Audit, ClassRows, Composite, GroupEstimates, Metric, Needs, NumberRows, audit_classes, audit_numbers,
};

use crate::cohort::{Answer, Cohort, Key, grouping, options};
use crate::resolve::{Case, Parts, contrast, pair, spread, whole};

/// The classes of the cohort, in the order of the packages.
const CLASSES: [&str; 3] = ["high", "low", "mid"];

/// What a case is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Task {
    Classes,
    Numbers,
}

/// An audit of several classes: of all together, and of each against the rest.
struct Classed {
    all: Answer,
    classes: Vec<Audit>,
}

impl Classed {
    /// A group within the audit of every class; everyone where none is named.
    fn group(&self, name: Option<&str>) -> Option<Vec<&GroupEstimates>> {
        let place = match name {
            Some(name) => Some(self.all.place(name)?),
            None => None,
        };
        Some(self.classes.iter().map(|class| place.map_or(&class.overall, |at| &class.groups[at])).collect())
    }
}

/// Every audit of classes and of numbers made so far.
#[derive(Default)]
pub(crate) struct Tasks {
    classes: BTreeMap<Key, Classed>,
    /// With the threshold and the target of the case, as they are in the file.
    numbers: BTreeMap<(Key, String), Answer>,
}

impl Tasks {
    fn classed(&mut self, key: &Key, cohort: &Cohort) -> &Classed {
        self.classes.entry(key.clone()).or_insert_with(|| {
            let kept = cohort.kept(&key.rows);
            let rows = ClassRows {
                label: cohort.places("class_true", &CLASSES, &kept),
                predicted: cohort.places("class_pred", &CLASSES, &kept),
                cluster: None,
                weight: key.weighted.then(|| cohort.numbers("weight", &kept)),
                count: vec![1; kept.len()],
            };
            let (names, grouping) = grouping(cohort, key, &kept);
            let audits = audit_classes(&rows, CLASSES.len(), &[grouping], &options(None));
            let audit = audits.into_iter().next().expect("an audit");
            Classed { all: Answer { names, audit: audit.all }, classes: audit.classes }
        })
    }

    fn numbered(&mut self, case: &Case, cohort: &Cohort) -> &Answer {
        let key = case.key();
        let arguments = format!("{} {}", case.shown("threshold"), case.shown("target"));
        self.numbers.entry((key.clone(), arguments)).or_insert_with(|| {
            let kept = cohort.kept(&key.rows);
            // A figure of numbers may also be asked of labels and predictions of 0 and 1.
            let flags = case.text("target") == Some("prediction");
            let predicted = cohort.numbers(if flags { "prediction" } else { "y_pred" }, &kept);
            // Without a threshold ours takes the median of everyone, as theirs does where that is asked for.
            let threshold = match case.text("threshold") {
                Some("mean") => Some(predicted.iter().sum::<f64>() / predicted.len() as f64),
                _ => case.number("threshold"),
            };
            let rows = NumberRows {
                label: cohort.numbers(if flags { "label" } else { "y" }, &kept),
                predicted,
                cluster: None,
                weight: key.weighted.then(|| cohort.numbers("weight", &kept)),
                count: vec![1; kept.len()],
            };
            let (names, grouping) = grouping(cohort, &key, &kept);
            let audit = audit_numbers(&rows, &[grouping], &options(threshold)).pop().expect("an audit");
            Answer { names, audit }
        })
    }

    /// The audit that a case is about; `None` where the task is a label and a decision.
    pub(crate) fn of(&mut self, case: &Case, cohort: &Cohort) -> Option<&Audit> {
        Some(match task_of(case)? {
            Task::Classes => &self.classed(&case.key(), cohort).all.audit,
            Task::Numbers => &self.numbered(case, cohort).audit,
        })
    }
}

/// The task of a case, where it is not a label and a decision.
fn task_of(case: &Case) -> Option<Task> {
    let needs = || case.ours().split('/').nth(1).and_then(Metric::of_id).map(Metric::needs);
    match (case.text("task"), needs()) {
        (Some("multiclass"), _) | (None, Some(Needs::Class)) => Some(Task::Classes),
        (Some("regression"), _) | (None, Some(Needs::Number)) => Some(Task::Numbers),
        (Some(other), _) => panic!("task {other}"),
        _ => None,
    }
}

/// Whether a case is about several classes or about numbers.
pub(crate) fn is_other_task(case: &Case) -> bool {
    task_of(case).is_some()
}

/// Our numbers for such a case, or `None` where the address leads nowhere.
pub(crate) fn resolve_task(case: &Case, cohort: &Cohort, tasks: &mut Tasks) -> Option<Parts> {
    let address: Vec<&str> = case.ours().split('/').collect();
    match task_of(case)? {
        Task::Classes => of_classes(case, &address, cohort, tasks),
        Task::Numbers => of_numbers(case, &address, tasks.numbered(case, cohort)),
    }
}

fn of_numbers(case: &Case, address: &[&str], answer: &Answer) -> Option<Parts> {
    match address {
        // The index of no group is that of everyone.
        ["group" | "index", name] => {
            Some(whole(case, answer.group(case.text("group"))?.estimate(Metric::of_id(name)?)?))
        }
        ["spread", name, form] => spread(Metric::of_id(name)?, form, answer),
        ["contrast", name, what] => contrast(case, Metric::of_id(name)?, what, answer),
        ["pair", name] => match *name {
            // Of all rows (q = 0) these are plain contrasts.
            "average-score-difference" => contrast(case, Metric::MeanPrediction, "difference", answer),
            "correlation-difference" => contrast(case, Metric::Correlation, "difference", answer),
            "rmse-ratio" => contrast(case, Metric::Rmse, "ratio", answer),
            "mae-ratio" => contrast(case, Metric::Mae, "ratio", answer),
            _ => pair(case, name, answer),
        },
        _ => None,
    }
}

fn of_classes(case: &Case, address: &[&str], cohort: &Cohort, tasks: &mut Tasks) -> Option<Parts> {
    if let ["composite", name] = address
        && case.text("aggregation") == Some("mean")
    {
        return mean_of_pairs(case, name, cohort, tasks);
    }
    let classed = tasks.classed(&case.key(), cohort);
    match address {
        ["composite", "confusion-tensor"] | ["index", "confusion-matrix"] => matrices(case, classed),
        // Theirs of two groups is the same by any aggregation.
        ["pair", name] => pair(case, name, &classed.all),
        ["composite", name] => {
            let largest = format!("largest-{name}");
            let which = Composite::ALL.into_iter().find(|composite| composite.definition().id == largest)?;
            Some(whole(case, classed.all.audit.composite(which)?))
        }
        ["group", name] => match name.strip_prefix("class-") {
            Some(name) => by_class(case, name, classed),
            None => Some(whole(case, classed.all.group(case.text("group"))?.estimate(Metric::of_id(name)?)?)),
        },
        ["spread", name, form] => spread(Metric::of_id(name)?, form, &classed.all),
        _ => None,
    }
}

/// The mean of a figure over every two groups, each in turn being the reference of those after it.
fn mean_of_pairs(case: &Case, name: &str, cohort: &Cohort, tasks: &mut Tasks) -> Option<Parts> {
    let names = tasks.classed(&case.key(), cohort).all.names.clone();
    let (mut sum, mut pairs) = (Some(0.0), 0.0);
    for (reference, of) in names.iter().enumerate() {
        let key = Key { reference: Some(of.clone()), ..case.key() };
        let found = &tasks.classed(&key, cohort).all.audit.pairs;
        for (_, _, estimate) in
            found.iter().filter(|(group, pair, _)| *group > reference && pair.definition().id == name)
        {
            sum = sum.zip(estimate.value()).map(|(sum, value)| sum + value);
            pairs += 1.0;
        }
    }
    (pairs > 0.0).then(|| vec![("value", sum.map(|sum| sum / pairs))])
}

/// A figure of each class against the rest.
fn by_class(case: &Case, name: &str, classed: &Classed) -> Option<Parts> {
    let of = |class: &GroupEstimates| {
        Some(match name {
            "recall" => class.estimate(Metric::Tpr)?.value(),
            "precision" => class.estimate(Metric::Ppv)?.value(),
            "share" => class.estimate(Metric::SelectionRate)?.value(),
            "overlap" => {
                let c = class.confusion;
                let either = c.tp + c.fp + c.fn_;
                (either > 0).then(|| c.tp as f64 / either as f64)
            }
            _ => return None,
        })
    };
    let groups = classed.group(case.text("group"))?;
    groups.into_iter().map(|class| Some(("value", of(class)?))).collect()
}

/// Of whole matrices what each class against the rest says: diagonals and totals.
fn matrices(case: &Case, classed: &Classed) -> Option<Parts> {
    let groups: Vec<Option<&str>> = match case.text("attribute") {
        Some(_) => classed.all.names.iter().map(|name| Some(name.as_str())).collect(),
        None => vec![None],
    };
    let mut parts = Parts::new();
    for group in groups {
        let classes = classed.group(group)?;
        let mut push = |of: &dyn Fn(&GroupEstimates) -> Option<f64>| {
            parts.extend(classes.iter().map(|&class| ("value", of(class))));
        };
        let counted = |k: u64| Some(k as f64);
        match case.text("normalize") {
            // Shares of each predicted and of each true class.
            Some("pred") => push(&|class| class.estimate(Metric::Ppv)?.value()),
            Some("true") => push(&|class| class.estimate(Metric::Tpr)?.value()),
            _ => {
                push(&|class| counted(class.confusion.tp));
                push(&|class| counted(class.confusion.flagged()));
                push(&|class| counted(class.confusion.positives()));
            }
        }
    }
    Some(parts)
}

/// The numbers of a case with a list, in the order of our parts; `None` where it has one number only.
pub(crate) fn expected(case: &Case) -> Option<Vec<Option<f64>>> {
    let all = case.listed()?;
    if !case.ours().contains("/confusion-") {
        return Some(all);
    }
    let size = CLASSES.len();
    let mut out = Vec::new();
    for matrix in all.chunks(size * size) {
        let at = |predicted: usize, truth: usize| matrix.get(predicted * size + truth).copied().flatten();
        out.extend((0..size).map(|class| at(class, class)));
        if matches!(case.text("normalize"), None | Some("none")) {
            out.extend((0..size).map(|p| (0..size).map(|t| at(p, t)).sum::<Option<f64>>()));
            out.extend((0..size).map(|t| (0..size).map(|p| at(p, t)).sum::<Option<f64>>()));
        }
    }
    Some(out)
}
