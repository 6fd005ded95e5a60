//! What watching a system yields for the rules.

use jiff::civil::Date;

use super::counts::Cut;
use super::report::{Alert, MonitorReport};
use crate::diagnostic::Place;
use crate::fact::{Fact, Provenance, State, Subject};
use crate::finding::Severity;
use crate::project::Watch;
use crate::value::Value;

/// The engine's name in provenance.
pub const NAME: &str = "monitor";
/// The version of its method.
pub const VERSION: &str = "1";

/// A plan of a system, with its report if it has ever been carried out.
#[derive(Debug, Clone)]
pub struct Watched {
    /// The plan and where it is named.
    pub watch: Watch,
    /// The report.
    pub report: Option<MonitorReport>,
}

impl Watched {
    /// What the plan watches.
    fn watches(&self) -> Vec<&'static str> {
        let plan = &self.watch.plan;
        let mut all = vec!["inputs"];
        if let Some(outcome) = &plan.outcome {
            all.push("outputs");
            if outcome.label.is_some() {
                all.push("performance");
            }
            if outcome.score.is_some() && !outcome.numeric {
                all.push("performance-without-labels");
            }
            if !outcome.groups.is_empty() {
                all.push("groups");
            }
        }
        all
    }

    /// Broken limits of the newest window.
    fn breaches(&self) -> Vec<&Alert> {
        let Some(report) = &self.report else { return Vec::new() };
        let newest = report.newest_complete().map(|window| window.id.as_str());
        report
            .alerts
            .iter()
            .filter(|alert| alert.kind == "threshold" && Some(alert.window.as_str()) == newest)
            .collect()
    }
}

/// The facts that the plans of one system yield together.
pub fn facts(watched: &[Watched], as_of: Date) -> Vec<Fact> {
    let Some(first) = watched.first() else { return Vec::new() };
    let place: Place = first.watch.place.clone();
    let inputs = watched
        .iter()
        .map(|w| {
            let state = w.report.as_ref().map_or("none".to_owned(), |report| report.reference_sha256.clone());
            (w.watch.path.clone(), format!("{} reference {state}", w.watch.plan.sha256))
        })
        .collect::<Vec<_>>();
    let make = |name: &str, value: Option<Value>| Fact {
        key: format!("monitor.{name}"),
        subject: Subject::system(),
        state: value.map_or_else(|| State::Absent("no window has been counted yet".to_owned()), State::Known),
        provenance: Provenance::Measured {
            engine: NAME.to_owned(),
            version: VERSION.to_owned(),
            inputs: inputs.clone(),
            parameters: format!("{{\"as-of\":\"{as_of}\"}}"),
        },
        place: Some(place.clone()),
        paper: None,
    };
    let integer = |n: usize| Some(Value::Integer(i64::try_from(n).unwrap_or(i64::MAX)));
    let texts = |texts: Vec<String>| Some(Value::List(texts.into_iter().map(Value::Text).collect()));
    let every = |what: &dyn Fn(&Watched) -> bool| Some(Value::Bool(watched.iter().all(what)));
    let mut watches: Vec<&str> = watched.iter().flat_map(Watched::watches).collect();
    watches.sort_unstable();
    watches.dedup();
    let reports = || watched.iter().filter_map(|w| w.report.as_ref());
    let windows: usize = reports().map(|report| report.windows.iter().filter(|w| w.complete).count()).sum();
    let breaches: Vec<&Alert> = watched.iter().flat_map(Watched::breaches).collect();
    let serious = breaches.iter().filter(|alert| alert.severity >= Severity::High).count();
    let newest = reports().filter_map(|report| report.newest).max();
    let overdue =
        watched.iter().any(|w| w.report.as_ref().is_none_or(|r| r.overdue_since.is_some() || r.windows.is_empty()));
    let drifted: usize = reports().filter_map(MonitorReport::newest_complete).map(|w| w.drifted().0).sum();
    let seen = windows > 0;
    vec![
        make("plans", texts(watched.iter().map(|w| w.watch.plan.id.clone()).collect())),
        make("watches", texts(watches.into_iter().map(str::to_owned).collect())),
        make("thresholds", integer(watched.iter().map(|w| w.watch.plan.limits.len()).sum())),
        make(
            "responsibilities",
            every(&|w| {
                let plan = &w.watch.plan;
                let acted = |limit: &super::plan::Limit| {
                    limit.action.is_some() && (limit.who.is_some() || plan.owner.is_some())
                };
                !plan.limits.is_empty() && plan.limits.iter().all(acted)
            }),
        ),
        make("escalation", every(&|w| !w.watch.plan.escalation.is_empty())),
        make("periodic", every(&|w| matches!(w.watch.plan.cut, Cut::Period(..)))),
        make("windows", integer(windows)),
        make("newest", newest.map(Value::Date)),
        make("overdue", Some(Value::Bool(overdue))),
        make("breaches", integer(breaches.len()).filter(|_| seen)),
        make("serious-breaches", integer(serious).filter(|_| seen)),
        make("broken", texts(breaches.iter().map(|alert| alert.subject.clone()).collect()).filter(|_| seen)),
        make("drifted-columns", integer(drifted).filter(|_| seen)),
    ]
}
