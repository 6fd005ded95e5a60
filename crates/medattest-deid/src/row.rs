//! Rows: identifiers of one column that hide in another.

use crate::detection::{Detection, Grounds};
use crate::field::{Field, FieldNames};
use crate::kind::Kind;
use crate::scan::{Scanner, Scratch};

/// Values shorter than this stand in other cells by chance.
const SHORTEST: usize = 5;

impl Scanner {
    /// Finds the identifiers of one row, cell by cell; `found` gets one list a cell.
    pub fn scan_row(
        &self,
        names: &FieldNames,
        fields: &[Field],
        cells: &[&str],
        scratch: &mut Scratch,
        found: &mut Vec<Vec<Detection>>,
    ) {
        found.resize_with(cells.len(), Vec::new);
        for ((field, cell), found) in fields.iter().zip(cells).zip(found.iter_mut()) {
            self.scan_cell(names, field, cell, scratch, found);
        }
        let mut hidden: Vec<(usize, String, Kind)> = Vec::new();
        for (at, (cell, found)) in cells.iter().zip(found.iter()).enumerate() {
            // Only a cell that is an identifier as a whole; names and numbers, and dates in the forms codes use.
            let [only] = found.as_slice() else { continue };
            if (only.end - only.start) * 10 < cell.trim().len() * 9 {
                continue;
            }
            let Some(value) = cell.get(only.start..only.end) else { continue };
            if only.kind == Kind::Date {
                hidden.extend(packed_dates(value).into_iter().map(|text| (at, text, Kind::Date)));
            } else if value.len() >= SHORTEST && !matches!(only.kind, Kind::Place | Kind::Facility | Kind::AgeOver89)
            {
                hidden.push((at, value.to_ascii_lowercase(), only.kind));
            }
        }
        if hidden.is_empty() {
            return;
        }
        for (at, (cell, found)) in cells.iter().zip(found.iter_mut()).enumerate() {
            if cell.len() < SHORTEST {
                continue;
            }
            let lower = cell.to_ascii_lowercase();
            let before = found.len();
            for (_, value, kind) in hidden.iter().filter(|(from, ..)| *from != at) {
                if let Some(start) = lower.find(value.as_str()) {
                    found.push(Detection {
                        start,
                        end: start + value.len(),
                        kind: *kind,
                        score: 0.9,
                        by: Grounds::RowValue,
                        also: 0,
                        called: None,
                    });
                }
            }
            if found.len() > before {
                crate::resolve::merge(cell, found);
            }
        }
    }
}

/// A date as digits in the orders that codes use, the year whole or short.
fn packed_dates(value: &str) -> Vec<String> {
    let groups: Vec<&str> = value.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty()).collect();
    let (year, a, b) = match groups.as_slice() {
        [year, a, b, ..] if year.len() == 4 => (*year, *a, *b),
        [a, b, year, ..] if year.len() == 4 => (*year, *a, *b),
        _ => return Vec::new(),
    };
    let (a, b) = (format!("{a:0>2}"), format!("{b:0>2}"));
    let short = year.get(2..).unwrap_or_default();
    let mut forms = vec![
        format!("{year}{a}{b}"),
        format!("{year}{b}{a}"),
        format!("{a}{b}{year}"),
        format!("{b}{a}{year}"),
        format!("{short}{a}{b}"),
        format!("{a}{b}{short}"),
        format!("{b}{a}{short}"),
    ];
    forms.dedup();
    forms
}

#[cfg(test)]
mod tests {
    use super::packed_dates;

    #[test]
    fn dates_as_codes_write_them() {
        let forms = packed_dates("02/14/1962");
        assert!(forms.contains(&"19620214".to_owned()) && forms.contains(&"021462".to_owned()));
        assert_eq!(packed_dates("Feb 1962"), Vec::<String>::new());
    }
}
