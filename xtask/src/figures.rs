//! Every date and number of the research notes is in a pack, or was left out for a stated reason.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::civil::Date;

use crate::files_below;

/// The list: notes, section, figure, pack or `-`, and why it was left out.
const LIST: &str = "packs/figures.tsv";

/// Lines of the list that do not hold, and days of the notes that it does not name.
pub(crate) fn faults(root: &Path) -> Vec<String> {
    let Ok(list) = std::fs::read_to_string(root.join(LIST)) else { return vec![format!("{LIST}: missing")] };
    let files = files_below(root, "packs");
    let text_of = |pack: &str| -> String {
        let start = format!("packs/{pack}/");
        let mine = files.iter().filter(|file| file.name.starts_with(&start) && file.name.ends_with(".toml"));
        mine.map(|file| file.text.to_string()).collect()
    };
    let mut faults = Vec::new();
    let mut named: BTreeSet<(String, String)> = BTreeSet::new();
    let mut texts: std::collections::BTreeMap<String, String> = std::collections::BTreeMap::new();
    for (number, line) in list.lines().enumerate().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [notes, _section, figure, pack, reason] = cells.as_slice() else {
            faults.push(format!("{LIST}:{}: five columns are needed", number + 1));
            continue;
        };
        named.insert(((*notes).to_owned(), (*figure).to_owned()));
        if *pack == "-" {
            if reason.trim().is_empty() {
                faults.push(format!("{LIST}:{}: it is not said why `{figure}` was left out", number + 1));
            }
            continue;
        }
        let text = texts.entry((*pack).to_owned()).or_insert_with(|| text_of(pack));
        if !forms(figure).iter().any(|form| text.contains(form.as_str())) {
            faults.push(format!("{LIST}:{}: `{figure}` is not in pack {pack}", number + 1));
        }
    }
    faults.extend(unnamed(root, &named));
    faults
}

/// A day or month as packs may write it.
fn forms(figure: &str) -> Vec<String> {
    let mut forms = vec![figure.to_owned()];
    if let Ok(day) = Date::strptime("%Y-%m-%d", figure) {
        forms.push(day.strftime("%-d %B %Y").to_string());
    } else if let Ok(month) = Date::strptime("%Y-%m-%d", format!("{figure}-01")) {
        forms.push(month.strftime("%B %Y").to_string());
    }
    forms
}

/// Days in the notes, where they lie beside the checkout, that the list does not name.
fn unnamed(root: &Path, named: &BTreeSet<(String, String)>) -> Vec<String> {
    let mut faults = Vec::new();
    for notes in ["us", "eu-uk-intl"] {
        let path = root.join("../shared/regulatory").join(format!("{notes}.md"));
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        for day in days(&text) {
            if !named.contains(&(notes.to_owned(), day.clone())) {
                faults.push(format!("{LIST}: the notes {notes} name {day}, the list does not"));
            }
        }
    }
    faults
}

/// Days written as `2026-08-02` or `2 Aug 2026`.
fn days(text: &str) -> BTreeSet<String> {
    let apart = |c: char| !(c.is_alphanumeric() || c == '-');
    let iso =
        text.split(apart).filter(|word| word.len() == 10).filter_map(|word| Date::strptime("%Y-%m-%d", word).ok());
    // "level 4 (March 2026)" is no day: nothing but spaces stands between the parts of one.
    let words: Vec<&str> = text.split_whitespace().collect();
    let written = words.windows(3).filter_map(|parts| {
        let [day, month, year] = parts else { return None };
        let day = day.trim_start_matches(|c: char| !c.is_ascii_digit());
        let text = format!("{day} {month} {}", year.get(..4)?);
        ["%d %b %Y", "%d %B %Y"].iter().find_map(|form| Date::strptime(form, &text).ok())
    });
    iso.chain(written).map(|day| day.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_found_in_both_forms() {
        let found = days(
            "from 2026-08-02 to 5 Feb 2026; (12 April 2023), not 2026-13-01, 40 May 2020, 5x 2026, level 4 (Mar 2026)",
        );
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["2023-04-12", "2026-02-05", "2026-08-02"]);
        assert_eq!(forms("2026-02-05"), ["2026-02-05", "5 February 2026"]);
    }
}
