//! The roadmap as a chart: a line of time, one row for each day on which something changes.

use std::fmt::Write as _;

use jiff::civil::Date;
use medattest_core::output::escape;
use medattest_core::{Milestone, MilestoneKind, Outcome};

const LABEL: f64 = 80.0;
const WIDTH: f64 = 660.0;
const ROW: f64 = 19.0;
const TOP: f64 = 26.0;
/// Rows that fit on a page.
const MOST: usize = 30;

/// The drawing; none where nothing changes.
pub(crate) fn gantt(milestones: &[Milestone]) -> Option<String> {
    let mut days: Vec<(Date, Vec<&Milestone>)> = Vec::new();
    for milestone in milestones {
        match days.last_mut().filter(|(day, _)| *day == milestone.date) {
            Some((_, all)) => all.push(milestone),
            None => days.push((milestone.date, vec![milestone])),
        }
    }
    days.truncate(MOST);
    let (first, last) = (days.first()?.0, days.last()?.0);
    let (from, to) = (i32::from(first.year()), i32::from(last.year()) + 1);
    let height = TOP + days.len() as f64 * ROW + 8.0;
    let span = f64::from((to - from).max(1));
    let axis = 190.0;
    let x = |day: Date| {
        let within = f64::from(day.day_of_year() - 1) / 366.0;
        LABEL + (f64::from(i32::from(day.year()) - from) + within) / span * axis
    };
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\" aria-label=\"Roadmap\">"
    );
    for year in from..=to {
        let at = LABEL + f64::from(year - from) / span * axis;
        let _ = write!(
            svg,
            "<path class=\"axis\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"0.5\" d=\"M{at:.1} {}V{height}\"/>",
            TOP - 6.0
        );
        // Every year where there is room, otherwise every other.
        if span <= 6.0 || (year - from) % 2 == 0 {
            let _ = write!(
                svg,
                "<text class=\"soft\" x=\"{at:.1}\" y=\"12\" font-size=\"9\" text-anchor=\"middle\">{year}</text>"
            );
        }
    }
    for (index, (day, all)) in days.iter().enumerate() {
        let y = TOP + index as f64 * ROW + ROW / 2.0;
        let law = all.iter().any(|m| matches!(m.kind, MilestoneKind::Law | MilestoneKind::Conclusion));
        let at = x(*day);
        let _ = write!(svg, "<text x=\"0\" y=\"{:.1}\" font-size=\"10\">{day}</text>", y + 3.5);
        let _ = write!(
            svg,
            "<path class=\"axis\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"0.5\" d=\"M{LABEL} {y:.1}H{at:.1}\"/>"
        );
        let _ = if law {
            write!(
                svg,
                "<path class=\"mark\" fill=\"currentColor\" d=\"M{at:.1} {:.1}l4.5 4.5l-4.5 4.5l-4.5 -4.5z\"/>",
                y - 4.5
            )
        } else {
            write!(
                svg,
                "<circle class=\"mark hollow\" cx=\"{at:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.5\"/>"
            )
        };
        let wanting = all
            .iter()
            .flat_map(|m| &m.rules)
            .filter(|rule| rule.outcome != Outcome::Met && rule.outcome != Outcome::NotApplicable)
            .count();
        let more = if all.len() > 1 { format!(" and {} more", all.len() - 1) } else { String::new() };
        let open = if wanting > 0 { format!(" ({wanting} to do)") } else { String::new() };
        let room = 80_usize.saturating_sub(more.chars().count() + open.chars().count());
        let title = all.first().map(|m| m.title.as_str()).unwrap_or_default();
        let title: String = if title.chars().count() > room {
            title.chars().take(room.saturating_sub(1)).chain(['…']).collect()
        } else {
            title.to_owned()
        };
        let _ = write!(
            svg,
            "<text x=\"{}\" y=\"{:.1}\" font-size=\"10\">{}</text>",
            LABEL + axis + 14.0,
            y + 3.5,
            escape(&format!("{title}{more}{open}"))
        );
    }
    svg.push_str("</svg>");
    Some(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn milestone(day: Date, title: &str, kind: MilestoneKind) -> Milestone {
        Milestone {
            date: day,
            kind,
            title: title.into(),
            citation: None,
            status: None,
            confidence: None,
            contested: None,
            rules: Vec::new(),
        }
    }

    #[test]
    fn one_row_a_day_and_nothing_for_nothing() {
        use jiff::civil::date;
        let all = [
            milestone(date(2027, 1, 1), "<x>", MilestoneKind::Law),
            milestone(date(2027, 1, 1), "y", MilestoneKind::Law),
            milestone(date(2028, 8, 2), "z", MilestoneKind::Waiver),
        ];
        let svg = gantt(&all).unwrap_or_default();
        assert!(!svg.contains("<x>") && svg.contains("and 1 more"));
        assert_eq!((svg.matches("class=\"mark\"").count(), svg.matches("hollow").count()), (1, 1));
        assert!(gantt(&[]).is_none());
    }
}
