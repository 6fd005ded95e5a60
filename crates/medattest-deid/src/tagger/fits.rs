//! Whether what the tagger took a value for can be so.

use super::Label;
use crate::check::is_year;
use crate::lists::is_product;

/// A few digits are a number of somebody only if the tagger is as sure as this.
const SURE: f32 = 0.85;

/// Whether a value can be what it is taken for: a year alone is no date, two digits are no number of a record, and not
/// every number is an age that identifies.
pub(super) fn fits(label: Label, score: f32, text: &str, start: usize, end: usize) -> bool {
    let value = text.get(start..end).unwrap_or_default();
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    let year = is_year(value.as_bytes());
    match label {
        // A share is no age: `(92% RA)`.
        Label::Age => digits && is_old(value.as_bytes()) && !text[end..].starts_with('%'),
        Label::Date => {
            !(digits && value.len() <= 4
                || are_years(value)
                || is_decade(value)
                || is_week(value)
                || is_no_day(value))
        }
        // Two digits are an age or a count; `Dr` alone is no street.
        Label::Street => !year && value.len() > 2,
        // Digits are a postcode, not an amount or a count.
        Label::Place => {
            let letters = value.bytes().any(|byte| byte.is_ascii_alphabetic());
            let count = value.bytes().filter(u8::is_ascii_digit).count();
            letters || count == 0 || (4..=9).contains(&count) && !value.contains(['.', '/'])
        }
        // A number has digits; a few are none, unless all around says so, nor are several numbers of a table.
        Label::Number => {
            !year
                && value.bytes().any(|byte| byte.is_ascii_digit())
                && !are_years(value)
                && value.len() > if digits && score < SURE { 4 } else { 2 }
                && !is_table(value)
                && !are_amounts(value)
        }
        // A letter is a side, a vitamin or a grade.
        Label::Name | Label::Provider => value.len() > 1 && !is_product(value.as_bytes()),
        _ => true,
    }
}

/// Whether a value is short numbers apart, as those of a table: `122/78   28`, `(301)   83   -   91`, `D     1     1`. Groups
/// such as those of `30 581 24` are one number.
fn is_table(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let groups = value.split(' ').count();
    let grouped = (6..=9).contains(&digits) && groups <= 4 && digits + groups - 1 == value.len();
    value.contains(' ')
        && !grouped
        && value.split([' ', '/']).all(|part| {
            let part = part.trim_matches(|c: char| c.is_ascii_punctuation());
            part.len() < 4 && part.bytes().all(|b| b.is_ascii_digit()) || part.len() < 2 && value.contains("  ")
        })
}

/// Whether a value is the days of a week, as at the head of a table.
fn is_week(value: &str) -> bool {
    value.split_whitespace().count() > 4 && !value.bytes().any(|byte| byte.is_ascii_digit())
}

/// Whether a value is numbers of which no day or month can be told: `27/62/71` and `7.24/68` of a blood gas.
fn is_no_day(value: &str) -> bool {
    let parts: Vec<&str> = value.split(['/', '-', '.']).collect();
    let numbers: Vec<u32> = parts.iter().filter_map(|part| part.parse().ok()).collect();
    if numbers.len() != parts.len() {
        return false;
    }
    let day = |a: u32, b: u32| (1..=12).contains(&a.min(b)) && a.max(b) <= 31;
    let told = match *numbers.as_slice() {
        [a, b] => day(a, b) || parts[1].len() == 4 && (1..=12).contains(&a),
        [a, b, c] => day(a, b) || day(b, c),
        _ => true,
    };
    !told || value.contains('.') && value.contains('/')
}

/// Whether a value is a decade: `70s`, `1990s`. It is coarser than a year.
fn is_decade(value: &str) -> bool {
    value.strip_suffix(['s', 'S']).is_some_and(|digits| {
        matches!(digits.len(), 2 | 4) && digits.ends_with('0') && digits.bytes().all(|b| b.is_ascii_digit())
    })
}

/// Whether a value is a year to another: `2018-21`, `2004-2012`.
fn are_years(value: &str) -> bool {
    let (first, last) = value.split_once(['-', '/']).unwrap_or_default();
    // The first month of a year is written alike.
    let short = last.len() == 2
        && last.bytes().all(|byte| byte.is_ascii_digit())
        && last.parse().is_ok_and(|last: u8| last > 12);
    is_year(first.as_bytes()) && (is_year(last.as_bytes()) || short)
}

/// Whether a value is one amount or several: `310.00     142.20`.
fn are_amounts(value: &str) -> bool {
    value.split_whitespace().all(|part| {
        let (whole, cents) = part.split_once('.').unwrap_or_default();
        cents.len() == 2 && !whole.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    })
}

/// Whether digits can be an age that identifies; the recognizers know the law's number.
fn is_old(digits: &[u8]) -> bool {
    matches!((digits.len(), digits.first()), (2, Some(b'9')) | (3, Some(b'1')))
}

#[cfg(test)]
mod tests {
    use super::{Label, fits};

    #[test]
    fn numbers_of_a_blood_gas_are_no_dates() {
        let date = |value: &str| fits(Label::Date, 0.9, value, 0, value.len());
        for value in ["3/14", "14.3.52", "2024-03-14", "3/2021", "31/12/99", "99-12-31", "12.O3.52", "March 3"] {
            assert!(date(value), "{value}");
        }
        for value in ["27/62/71", "28/390", "7.24/68", "1992", "1990s", "2018-21"] {
            assert!(!date(value), "{value}");
        }
    }

    #[test]
    fn few_digits_are_a_number_only_where_all_says_so() {
        assert!(fits(Label::Number, 0.9, "4471", 0, 4) && fits(Label::Number, 0.5, "44711", 0, 5));
        assert!(!fits(Label::Number, 0.5, "4471", 0, 4) && !fits(Label::Number, 0.99, "44", 0, 2));
        assert!(!fits(Label::Number, 0.99, "ATM", 0, 3), "a number has digits");
        assert!(!fits(Label::Number, 0.99, "1984", 0, 4) && !fits(Label::Number, 0.99, "122/78   28", 0, 11));
        assert!(!fits(Label::Number, 0.99, "D     1     1", 0, 13) && fits(Label::Number, 0.9, "A 30 581 24", 0, 11));
    }

    #[test]
    fn amounts_are_no_postcodes() {
        assert!(fits(Label::Place, 0.9, "02139-1234", 0, 10) && fits(Label::Place, 0.9, "Kell", 0, 4));
        assert!(!fits(Label::Place, 0.9, "95.00", 0, 5) && !fits(Label::Place, 0.9, "120", 0, 3));
    }
}
