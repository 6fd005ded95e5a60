//! What was measured, as facts.

use medattest_metrics::{Audit, Bounds, Estimate, GroupEstimates, Metric};

use super::{AttributeAudit, BiasEvidence, NAME, VERSION};
use crate::fact::{Fact, Provenance, State, Subject};
use crate::output::paper::{AttributeTable, ContrastRow, GroupRow, Shown, on_paper, tells_nothing, thousandths};
use crate::project::{TableUse, Task};
use crate::value::{Value, is_small_cell};

/// The facts that tables of one system yield.
pub fn facts(evidence: &[BiasEvidence]) -> Vec<Fact> {
    let mut facts = Vec::new();
    let rank = |e: &&BiasEvidence| match e.use_.as_str() {
        name if name == TableUse::Deployment.name() => 2,
        name if name == TableUse::Evaluation.name() => 1,
        _ => 0,
    };
    let mut judged: Vec<&BiasEvidence> = evidence.iter().filter(|e| rank(e) > 0).collect();
    judged.sort_by_key(|e| std::cmp::Reverse(rank(e)));
    if let Some(first) = judged.first() {
        facts.extend(system_facts(first));
    }
    for evidence in judged {
        for attribute in evidence.attributes.iter().filter(|a| a.attribute != "everyone") {
            facts.extend(attribute_facts(evidence, attribute));
        }
    }
    facts
}

fn fact(evidence: &BiasEvidence, key: String, subject: &Subject, state: State) -> Fact {
    Fact {
        key,
        subject: subject.clone(),
        state,
        provenance: Provenance::Measured {
            engine: NAME.to_owned(),
            version: VERSION.to_owned(),
            inputs: vec![(evidence.path.clone(), evidence.sha256.clone())],
            parameters: evidence.parameters.clone(),
        },
        place: evidence.place.clone(),
        paper: None,
    }
}

fn state(estimate: &Estimate) -> State {
    match &estimate.figure {
        Ok(figure) => {
            State::Known(Value::Estimate { n: estimate.n, events: estimate.events, figure: figure.clone() })
        }
        Err(because) => State::Absent(format!("not estimable: {because}")),
    }
}

fn integer(n: u64) -> State {
    State::Known(Value::Integer(i64::try_from(n).unwrap_or(i64::MAX)))
}

fn number(x: Option<f64>, otherwise: &str) -> State {
    x.map_or_else(|| State::Absent(otherwise.to_owned()), |x| State::Known(Value::Number(x)))
}

fn text(text: &str) -> State {
    State::Known(Value::Text(text.to_owned()))
}

/// The figures without which a group counts as not compared.
fn needed(task: Task) -> &'static [Metric] {
    match task {
        Task::Binary => &[Metric::SelectionRate, Metric::Tpr, Metric::Fpr],
        Task::Multiclass => &[Metric::Accuracy],
        Task::Regression => &[Metric::Mae],
    }
}

/// Groups with an estimate of everything that is needed.
fn compared(audit: &Audit, task: Task) -> u64 {
    let known = |g: &&GroupEstimates| {
        needed(task).iter().all(|m| g.estimate(*m).is_some_and(|estimate| estimate.figure.is_ok()))
    };
    audit.groups.iter().filter(known).count() as u64
}

/// Whether the table has a score that is a probability.
fn scored(evidence: &BiasEvidence) -> bool {
    evidence.attributes.first().is_some_and(|first| first.audit.overall.estimate(Metric::Brier).is_some())
}

fn system_facts(evidence: &BiasEvidence) -> Vec<Fact> {
    let subject = Subject::system();
    let make = |name: &str, state| fact(evidence, format!("performance.{name}"), &subject, state);
    let mut traits: Vec<&str> = evidence
        .attributes
        .iter()
        .filter(|a| a.stands_for != "intersection" && compared(&a.audit, evidence.task) >= 2)
        .map(|a| a.stands_for.as_str())
        .collect();
    traits.sort_unstable();
    traits.dedup();
    let traits = traits.into_iter().map(|t| Value::Text(t.to_owned())).collect();
    let small = |n: u64| is_small_cell(n, evidence.smallest_cell);
    let counted = |name: &str, n: u64| count_withheld(make(name, integer(n)), small(n));
    // Rows that lack something else than a label follow from the difference.
    let apart = small(evidence.excluded - evidence.unlabelled.min(evidence.excluded));
    let mut facts = vec![
        make("table", text(&evidence.table)),
        make("task", text(evidence.task.name())),
        make("scored", State::Known(Value::Bool(scored(evidence)))),
        counted("rows", evidence.rows),
        count_withheld(make("excluded-rows", integer(evidence.excluded)), small(evidence.excluded) || apart),
        counted("unlabelled-rows", evidence.unlabelled),
        make("weighted", State::Known(Value::Bool(evidence.weighted))),
        Fact {
            paper: evidence.threshold.map(|t| State::Known(Value::Number(thousandths(t)))),
            ..make("threshold", number(evidence.threshold, "decisions do not follow from a known threshold"))
        },
        make("traits", State::Known(Value::List(traits))),
    ];
    let everyone = evidence.attributes.first().map(|first| (first, on_paper(first, evidence.smallest_cell).overall));
    if evidence.task == Task::Binary {
        let hidden = everyone.as_ref().is_none_or(|(_, row)| row.positives.is_none());
        facts.push(count_withheld(make("events", integer(evidence.events)), hidden));
    }
    facts.push(match evidence.clusters {
        Some(clusters) => counted("clusters", clusters),
        None => make("clusters", State::Absent("no cluster column is declared".to_owned())),
    });
    if let Some((first, row)) = &everyone {
        for ((metric, estimate), (_, shown)) in first.audit.overall.estimates.iter().zip(&row.figures) {
            facts.push(withheld(make(metric.id(), state(estimate)), Some(shown)));
        }
    }
    if let Some(paired) = evidence.paired.iter().find(|p| p.attribute == "everyone") {
        facts.push(make("auroc-gain", state(&paired.difference)));
    }
    facts
}

fn attribute_facts(evidence: &BiasEvidence, attribute: &AttributeAudit) -> Vec<Fact> {
    let subject = Subject::attribute(&evidence.table, &attribute.name());
    let make = |name: &str, state| fact(evidence, format!("disparity.{name}"), &subject, state);
    let audit = &attribute.audit;
    let table = on_paper(attribute, evidence.smallest_cell);
    let compared = compared(audit, evidence.task);
    let groups = audit.groups.len() as u64;
    let mut facts = vec![
        make("trait", text(&attribute.stands_for)),
        make("groups", integer(groups)),
        make("groups-compared", integer(compared)),
        make("groups-not-estimable", integer(groups - compared)),
    ];
    let reference = audit.reference.and_then(|at| attribute.labels.get(at));
    facts.push(make("reference", reference.map_or(State::Absent("there is one group only".into()), |r| text(r))));
    let missing = audit.groups.iter().zip(&audit.missing).filter(|(_, missing)| **missing).map(|(g, _)| g.n).sum();
    let rows = table.groups.iter().zip(&audit.missing).filter(|(_, missing)| **missing);
    let hidden = is_small_cell(missing, evidence.smallest_cell) || rows.clone().any(|(row, _)| row.n.is_none());
    facts.push(count_withheld(make("missing-rows", integer(missing)), hidden));
    for row in &table.disparities {
        let estimate = match &row.form {
            Some((metric, form)) => audit.spread(*metric).and_then(|spread| spread.form(*form)),
            None => audit.composites.iter().find(|(c, _)| c.definition().id == row.id).map(|(_, e)| e),
        };
        if let Some(estimate) = estimate {
            facts.push(withheld(make(&row.id, state(estimate)), Some(&row.figure)));
        }
    }
    for spread in &audit.spreads {
        facts.extend(bounds(spread.metric, spread.bounds, evidence.smallest_cell, &make));
    }
    facts.extend(tested(&table, &make));
    if let Some(representation) = &attribute.representation {
        let none = "no population is declared for the attribute";
        let hidden = table.share_withheld();
        let loosely = |name: &str, x: Option<f64>| {
            let paper = x.map(|x| State::Known(Value::Number((x * 100.0).round() / 100.0)));
            count_withheld(Fact { paper, ..make(name, number(x, none)) }, hidden && x.is_some())
        };
        facts.push(loosely("representation-distance", representation.distance));
        facts.push(loosely("representation-p", representation.p));
    }
    let told = evidence.proxies.iter().filter(|p| p.attribute == attribute.attribute && attribute.class.is_none());
    let share = |p: &&super::Proxy| p.association.as_ref().map_or(-1.0, |a| a.share);
    if let Some(most) = told.max_by(|a, b| share(a).total_cmp(&share(b)))
        && let Ok(association) = &most.association
    {
        facts.push(make("proxy-feature", text(&most.feature)));
        let paper = Some(State::Known(Value::Number(thousandths(association.share))));
        facts.push(Fact { paper, ..make("proxy-share", State::Known(Value::Number(association.share))) });
    }
    for (at, (group, row)) in audit.groups.iter().zip(&table.groups).enumerate() {
        facts.extend(group_facts(evidence, attribute, &table, at, group, row));
    }
    facts
}

/// What missing attributes could do to a difference. A bound made of few rows is as telling as their number.
fn bounds(metric: Metric, bounds: Option<Bounds>, smallest: u64, make: &dyn Fn(&str, State) -> Fact) -> Vec<Fact> {
    let Some(bounds) = bounds else { return Vec::new() };
    let small = !tells_nothing(&bounds, smallest);
    [("best", bounds.best), ("worst", bounds.worst)]
        .map(|(name, value)| {
            let fact = make(&format!("{}-{name}-case", metric.id()), State::Known(Value::Number(value)));
            count_withheld(Fact { paper: Some(State::Known(Value::Number(thousandths(value)))), ..fact }, small)
        })
        .into()
}

/// How sure it is that some group differs from the reference.
fn tested(table: &AttributeTable, make: &dyn Fn(&str, State) -> Fact) -> Vec<Fact> {
    let smallest = |of: fn(&ContrastRow) -> Option<f64>| table.contrasts.iter().filter_map(of).reduce(f64::min);
    let none = "no difference was tested";
    vec![
        make("tests", integer(table.contrasts.iter().filter(|c| c.p.is_some()).count() as u64)),
        make("smallest-holm-p", number(smallest(|c| c.holm), none)),
        make("smallest-benjamini-hochberg-p", number(smallest(|c| c.benjamini_hochberg), none)),
    ]
}

fn group_facts(
    evidence: &BiasEvidence,
    attribute: &AttributeAudit,
    table: &AttributeTable,
    at: usize,
    group: &GroupEstimates,
    row: &GroupRow,
) -> Vec<Fact> {
    let audit = &attribute.audit;
    let subject = Subject::attribute(&evidence.table, &attribute.name()).with_group(&row.label);
    let make = |name: &str, state| fact(evidence, format!("group.{name}"), &subject, state);
    let missing = audit.missing.get(at).copied().unwrap_or(false);
    let mut facts = vec![
        count_withheld(make("rows", integer(group.n)), row.n.is_none()),
        make("attribute-missing", State::Known(Value::Bool(missing))),
    ];
    if evidence.task == Task::Binary || attribute.class.is_some() {
        facts.push(count_withheld(make("events", integer(group.positives)), row.positives.is_none()));
    }
    if let Some(clusters) = group.clusters {
        facts.push(count_withheld(make("clusters", integer(clusters)), row.clusters.is_none()));
    }
    for ((metric, estimate), (_, shown)) in group.estimates.iter().zip(&row.figures) {
        facts.push(withheld(make(metric.id(), state(estimate)), Some(shown)));
    }
    // Contrasts and pairs come group by group.
    let first = audit.contrasts.partition_point(|c| c.group < at);
    let mine = audit.contrasts.iter().zip(&table.contrasts).skip(first).take_while(|(c, _)| c.group == at);
    for (contrast, row) in mine {
        let id = contrast.metric.id();
        facts.push(withheld(make(&format!("{id}-difference"), state(&contrast.difference)), Some(&row.difference)));
        if let Some(ratio) = &contrast.ratio {
            facts.push(withheld(make(&format!("{id}-ratio"), state(ratio)), row.ratio.as_ref()));
        }
    }
    for ((_, pair, estimate), row) in audit.pairs.iter().zip(&table.pairs).filter(|((g, _, _), _)| *g == at) {
        facts.push(withheld(make(pair.definition().id, state(estimate)), Some(&row.figure)));
    }
    if let Some(equalised) = audit.equalised.as_ref().and_then(|e| e.groups.get(at)) {
        let threshold = equalised.as_ref().map(|o| o.threshold);
        let own = table.equalised.as_ref().and_then(|e| e.groups.get(at)).and_then(|(_, _, own)| own.as_ref());
        let fact = make("equalising-threshold", number(threshold, "the group is too small for one of its own"));
        let paper = own.map(|own| State::Known(Value::Number(own.threshold)));
        facts.push(count_withheld(Fact { paper, ..fact }, own.is_none() && threshold.is_some()));
    }
    if let (Some(found), Some(shown)) =
        (attribute.representation.as_ref().and_then(|r| r.shares.get(at)), table.shares.get(at))
    {
        facts.push(withheld(make("share", state(&found.share)), Some(&shown.share)));
        if let (Some(population), Some(ratio)) = (found.population, &found.ratio) {
            facts.push(make("population-share", State::Known(Value::Number(population))));
            facts.push(withheld(make("representation-ratio", state(ratio)), shown.ratio.as_ref()));
        }
    }
    let paired = evidence.paired.iter().find(|p| p.attribute == attribute.attribute && p.group == row.label);
    if let Some(paired) = paired.filter(|_| attribute.class.is_none()) {
        let fact = make("auroc-gain", state(&paired.difference));
        facts.push(count_withheld(fact, row.n.is_none() || row.positives.is_none()));
    }
    facts
}

/// Judged all the same, but not shown if `withheld`.
fn count_withheld(fact: Fact, withheld: bool) -> Fact {
    if !withheld {
        return fact;
    }
    Fact { paper: Some(State::Absent("withheld: it would give a small count away".to_owned())), ..fact }
}

/// The fact with what of it may be shown.
fn withheld(fact: Fact, shown: Option<&Shown>) -> Fact {
    match shown {
        Some(Shown::Withheld) => count_withheld(fact, true),
        Some(shown @ Shown::Figure { n: None, .. }) => {
            let text = format!("{shown}, n withheld");
            Fact { paper: Some(State::Known(Value::Text(text))), ..fact }
        }
        // The reason as it may be given.
        Some(Shown::NotEstimable(because)) => {
            Fact { paper: Some(State::Absent(format!("not estimable: {because}"))), ..fact }
        }
        _ => fact,
    }
}

#[cfg(test)]
mod tests {
    use medattest_metrics::{Form, Metric};

    #[test]
    fn two_comparisons_keep_the_names_of_the_field() {
        assert_eq!(Form::Difference.of(Metric::SelectionRate), "demographic-parity-difference");
        assert_eq!(Form::Ratio.of(Metric::Tpr), "equal-opportunity-ratio");
        assert_eq!(Form::Deviation.of(Metric::Tpr), "tpr-deviation");
    }
}
