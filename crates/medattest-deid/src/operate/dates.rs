//! Dates read and written back in the form they had.

use jiff::ToSpan as _;
use jiff::civil::Date;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// A run of digits or letters in a date.
#[derive(Debug, Clone, Copy)]
struct Piece<'a> {
    start: usize,
    text: &'a str,
}

impl Piece<'_> {
    fn number(&self) -> Option<i32> {
        self.text.bytes().all(|b| b.is_ascii_digit()).then(|| self.text.parse().ok()).flatten()
    }

    /// A month by its name or at least three letters of it.
    fn month(&self) -> Option<usize> {
        let word = self.text.to_ascii_lowercase();
        (word.len() >= 3)
            .then(|| {
                MONTHS.iter().position(|month| month.starts_with(&word) || word == "sept" && *month == "september")
            })
            .flatten()
    }
}

fn pieces(value: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let bytes = value.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let class = |b: u8| {
            if b.is_ascii_digit() {
                1
            } else if b.is_ascii_alphabetic() {
                2
            } else {
                0
            }
        };
        let kind = class(bytes[at]);
        let end = bytes[at..].iter().position(|b| class(*b) != kind).map_or(bytes.len(), |n| at + n);
        if kind != 0 {
            pieces.push(Piece { start: at, text: &value[at..end] });
        }
        at = end;
    }
    pieces
}

/// Which piece is what.
struct Parts<'a> {
    year: Option<Piece<'a>>,
    month: Option<Piece<'a>>,
    day: Option<Piece<'a>>,
}

fn parts<'a>(pieces: &[Piece<'a>], day_first: bool) -> Option<Parts<'a>> {
    let named = pieces.iter().find(|piece| piece.month().is_some()).copied();
    let numbers: Vec<Piece<'a>> = pieces.iter().filter(|piece| piece.number().is_some()).copied().collect();
    let long = |piece: &Piece<'_>| piece.text.len() == 4;
    let pair = |a: Piece<'a>, b: Piece<'a>| {
        let (first, second) = (a.number().unwrap_or(0), b.number().unwrap_or(0));
        let day_first = first > 12 || second <= 12 && day_first;
        if day_first { (b, a) } else { (a, b) }
    };
    Some(match (named, numbers.as_slice()) {
        (Some(month), [year]) if long(year) => Parts { year: Some(*year), month: Some(month), day: None },
        (Some(month), [day]) => Parts { year: None, month: Some(month), day: Some(*day) },
        (Some(month), [year, day, ..]) if long(year) => {
            Parts { year: Some(*year), month: Some(month), day: Some(*day) }
        }
        (Some(month), [day, year, ..]) => Parts { year: Some(*year), month: Some(month), day: Some(*day) },
        (None, [year, month, day, ..]) if long(year) => {
            Parts { year: Some(*year), month: Some(*month), day: Some(*day) }
        }
        (None, [a, b, year, ..]) => {
            let (month, day) = pair(*a, *b);
            Parts { year: Some(*year), month: Some(month), day: Some(day) }
        }
        (None, [month, year]) if long(year) => Parts { year: Some(*year), month: Some(*month), day: None },
        (None, [year, month]) if long(year) => Parts { year: Some(*year), month: Some(*month), day: None },
        (None, [a, b]) => {
            let (month, day) = pair(*a, *b);
            Parts { year: None, month: Some(month), day: Some(day) }
        }
        _ => return None,
    })
}

/// The year of a date, with four digits; none if it has none.
pub(super) fn year(value: &str) -> Option<String> {
    let all = pieces(value);
    let four = all.iter().find(|piece| piece.text.len() == 4 && piece.number().is_some());
    if let Some(year) = four {
        return Some(year.text.to_owned());
    }
    // `20240115`
    let whole = all
        .iter()
        .find(|piece| piece.text.len() >= 8 && piece.number().is_some_and(|n| n > 0) || piece.text.len() > 9);
    whole.and_then(|piece| piece.text.get(..4)).filter(|year| year.starts_with(['1', '2'])).map(str::to_owned)
}

/// The date some days later, in the form it had; none if it cannot be read.
pub(super) fn shift(value: &str, days: i32, day_first: bool) -> Option<String> {
    if let Some(day) = WEEKDAYS.iter().position(|day| day.eq_ignore_ascii_case(value)) {
        let moved = (day as i32 + days).rem_euclid(7) as usize;
        return Some(dressed(value, WEEKDAYS[moved]));
    }
    let all = pieces(value);
    let parts = parts(&all, day_first)?;
    let month_piece = parts.month?;
    let month = month_piece.month().map_or_else(|| month_piece.number(), |at| Some(at as i32 + 1))?;
    // Without a year the move is made in one without a leap day; without a day, from the middle of the month.
    let year = match parts.year {
        None => 2001,
        Some(piece) => {
            let n = piece.number()?;
            match piece.text.len() {
                4 => n,
                2 if n <= 40 => 2000 + n,
                2 => 1900 + n,
                _ => return None,
            }
        }
    };
    let day = match parts.day {
        Some(piece) => piece.number()?,
        None => 15,
    };
    let date = Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    let moved = date.checked_add(days.days()).ok()?;
    let mut edits: Vec<(Piece<'_>, String)> = Vec::new();
    let padded = |piece: Piece<'_>, n: i32| {
        if piece.text.starts_with('0') || piece.text.len() == 2 && n < 10 && value.len() >= 8 {
            format!("{n:02}")
        } else {
            n.to_string()
        }
    };
    if let Some(piece) = parts.year {
        let text = moved.year().to_string();
        edits.push((piece, if piece.text.len() == 2 { text.get(2..)?.to_owned() } else { text }));
    }
    let name = MONTHS.get(usize::try_from(moved.month() - 1).ok()?)?;
    edits.push((
        month_piece,
        match month_piece.month() {
            Some(_) => dressed(
                month_piece.text,
                if month_piece.text.len() <= 4 && MONTHS.iter().all(|m| !m.eq_ignore_ascii_case(month_piece.text)) {
                    name.get(..3)?
                } else {
                    name
                },
            ),
            None => padded(month_piece, i32::from(moved.month())),
        },
    ));
    if let Some(piece) = parts.day {
        edits.push((piece, padded(piece, i32::from(moved.day()))));
        let suffix = all.iter().find(|p| {
            p.start == piece.start + piece.text.len()
                && ["st", "nd", "rd", "th"].iter().any(|s| s.eq_ignore_ascii_case(p.text))
        });
        if let Some(suffix) = suffix {
            let right = match moved.day() {
                1 | 21 | 31 => "st",
                2 | 22 => "nd",
                3 | 23 => "rd",
                _ => "th",
            };
            edits.push((*suffix, dressed(suffix.text, right)));
        }
    }
    edits.sort_by_key(|(piece, _)| piece.start);
    let mut text = String::new();
    let mut at = 0;
    for (piece, new) in edits {
        text.push_str(value.get(at..piece.start)?);
        text.push_str(&new);
        at = piece.start + piece.text.len();
    }
    text.push_str(value.get(at..)?);
    Some(text)
}

/// A word in the case of another.
fn dressed(like: &str, word: &str) -> String {
    if like.bytes().all(|b| !b.is_ascii_lowercase()) {
        word.to_ascii_uppercase()
    } else if like.starts_with(|c: char| c.is_ascii_uppercase()) {
        word[..1].to_ascii_uppercase() + &word[1..]
    } else {
        word.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan as _;
    use jiff::civil::date;

    use super::{WEEKDAYS, shift, year};

    #[test]
    fn keeps_the_form() {
        let cases = [
            ("01/30/2024", "02/29/2024"),
            ("1/30/24", "2/29/24"),
            ("2024-01-30", "2024-02-29"),
            ("January 30, 2024", "February 29, 2024"),
            ("30-JAN-2024", "29-FEB-2024"),
            ("Jan 30", "Mar 1"),
            ("January 2nd, 2023", "February 1st, 2023"),
            ("30/01/2024", "29/02/2024"),
            ("2018-02-24 12:45:18", "2018-03-26 12:45:18"),
            ("March 2024", "April 2024"),
        ];
        for (from, to) in cases {
            assert_eq!(shift(from, 30, false).as_deref(), Some(to), "{from}");
        }
        assert_eq!(shift("03/04/2024", 1, true).as_deref(), Some("04/04/2024"));
        assert_eq!(shift("13/13/2024", 1, false), None);
    }

    #[test]
    fn weekdays_move_with_their_dates() {
        let weekday = |day: jiff::civil::Date| WEEKDAYS[day.weekday().to_monday_zero_offset() as usize];
        let day = date(2024, 1, 30);
        let moved = day.checked_add(17.days()).expect("fits");
        assert_eq!(shift(weekday(day), 17, false).as_deref(), Some(weekday(moved)));
        assert_eq!(shift("Tuesday", -1, false).as_deref(), Some("Monday"));
    }

    #[test]
    fn distances_between_dates_stay() {
        let chain = ["2026-01-10", "2026-01-17", "2026-02-14"].map(|d| shift(d, 30, false).expect("reads"));
        assert_eq!(chain, ["2026-02-09", "2026-02-16", "2026-03-16"]);
    }

    #[test]
    fn years() {
        assert_eq!(year("03/04/1950").as_deref(), Some("1950"));
        assert_eq!(year("20240115").as_deref(), Some("2024"));
        assert_eq!(year("March 5"), None);
        assert_eq!(year("3/4/98"), None);
    }
}
