//! Findings told on paper: those of one rule that came out alike stand together, each group of patients by its name.

use medattest_core::{Finding, Outcome};

use crate::document::{Cell, Inline, Tone};

/// Groups of patients above which what is met is not told one by one: their names are enough, the figures of each stand
/// among the figures.
const TOLD: usize = 3;

pub(crate) fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Met => Tone::Good,
        Outcome::NotMet => Tone::Bad,
        Outcome::Unknown | Outcome::NotApplicable => Tone::Unsure,
    }
}

/// Findings of one rule on one system that came out alike, in the order of the first of each.
pub(crate) fn alike<'a>(findings: &[&'a Finding]) -> Vec<Vec<&'a Finding>> {
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    for finding in findings {
        let same = |group: &&mut Vec<&Finding>| {
            group.first().is_some_and(|first| {
                first.rule == finding.rule
                    && first.system == finding.system
                    && first.outcome == finding.outcome
                    && first.waiver == finding.waiver
                    && first.missing == finding.missing
            })
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    groups
}

/// What was found, subject by subject, each with its mark; a sentence that holds for all of them stands once.
pub(crate) fn told(alike: &[&Finding], mark: &mut dyn FnMut(&Finding) -> Option<Inline>) -> Vec<Vec<Inline>> {
    let Some((first, rest)) = alike.split_first() else { return Vec::new() };
    let met = first.outcome == Outcome::Met && alike.len() > TOLD;
    if met || (!rest.is_empty() && rest.iter().all(|finding| finding.message == first.message)) {
        let mut line = Vec::new();
        for (index, finding) in alike.iter().enumerate() {
            let before = if index > 0 { "; " } else { "" };
            line.push(Inline::Text(format!("{before}{}", finding.subject)));
            line.extend(mark(finding));
        }
        if !met {
            line.push(Inline::Text(format!(": {}", first.message)));
        }
        return vec![line];
    }
    let one = |finding: &&Finding| {
        let mut line = Vec::new();
        if finding.subject.attribute.is_some() {
            line.push(Inline::Strong(finding.subject.to_string()));
            line.push(Inline::Text(": ".into()));
        }
        line.push(Inline::Text(finding.message.clone()));
        line.extend(mark(finding));
        line
    };
    alike.iter().map(one).collect()
}

/// That, until when and by whom a finding is waived.
pub(crate) fn waived(finding: &Finding) -> Option<Vec<Inline>> {
    let waiver = finding.waiver.as_ref()?;
    Some(vec![
        Inline::Tag(Tone::Unsure, "waived".into()),
        Inline::Text(format!(" until {} by {}: {}", waiver.expires, waiver.approver, waiver.reason)),
    ])
}

/// How a rule came out for some subjects alike, in two cells: the outcome; what was found and what to do.
pub(crate) fn row(
    title: &str,
    alike: &[&Finding],
    mark: &mut dyn FnMut(&Finding) -> Option<Inline>,
) -> Option<Vec<Cell>> {
    let first = alike.first()?;
    let mut what = Cell::line(vec![Inline::Strong(title.to_owned())]);
    for line in told(alike, mark) {
        what = what.and(line);
    }
    if let Some(line) = waived(first) {
        what = what.and(line);
    } else if first.outcome == Outcome::NotMet && !first.remedy.is_empty() {
        what = what.and(vec![Inline::Small(format!("What to do: {}", first.remedy))]);
    }
    Some(vec![Cell::line(vec![Inline::Tag(tone(first.outcome), first.outcome.to_string())]), what])
}
