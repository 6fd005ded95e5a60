//! Values in the form of an example: other digits, other months, the same marks between.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::numbers::MONTHS;
use super::people::ordinal_end;
use crate::kind::Kind;

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// A value like the example, and what it is; none if the role has no such values.
///
/// All months of a note are `months` later than those of its examples, so that its dates lie together as they do there.
pub(super) fn alike(role: &str, example: &str, months: usize, random: &mut ChaCha8Rng) -> Option<(String, Kind)> {
    let kind = match role {
        "date" => return Some((date(example, months, random), Kind::Date)),
        "weekday" => return Some((date(example, months, random), Kind::Weekday)),
        "mrn" => Kind::Mrn,
        "planid" => Kind::HealthPlanId,
        "account" => Kind::Account,
        "licence" => Kind::Licence,
        "plate" => Kind::Vehicle,
        "serial" => Kind::Device,
        "id" => Kind::OtherId,
        "phone" => Kind::Phone,
        "fax" => Kind::Fax,
        "ssn" => Kind::Ssn,
        "zip" => Kind::Zip,
        _ => return None,
    };
    Some((number(example, random), kind))
}

/// Other digits; capital letters are others, too, in one value of two.
fn number(example: &str, random: &mut ChaCha8Rng) -> String {
    let letters = random.random_bool(0.5);
    let mut before = ' ';
    example
        .chars()
        .map(|c| {
            let first = !before.is_ascii_digit();
            before = c;
            match c {
                '0' if first => c,
                '0'..='9' => char::from(b'0' + random.random_range(u8::from(first)..10)),
                'A'..='Z' if letters => char::from(b'A' + random.random_range(0..26)),
                _ => c,
            }
        })
        .collect()
}

/// Runs of letters, of digits, and of what stands between.
fn runs(text: &str) -> Vec<&str> {
    let class = |c: char| if c.is_ascii_digit() { 0 } else { 1 + u8::from(c.is_alphabetic()) };
    let mut runs = Vec::new();
    let mut from = 0;
    let mut before = None;
    for (at, c) in text.char_indices() {
        if before.is_some_and(|before| before != class(c)) {
            runs.push(&text[from..at]);
            from = at;
        }
        before = Some(class(c));
    }
    runs.push(&text[from..]);
    runs
}

/// The word so many later, in the dress and the length of the example; none if the example is none of them.
fn word(example: &str, words: &[&str], later: usize) -> Option<String> {
    let small = example.to_ascii_lowercase();
    let at = words.iter().position(|word| {
        let word = word.to_ascii_lowercase();
        small.starts_with(&word) || small.len() >= 3 && word.starts_with(&small)
    })?;
    let (of, other) = (words[at], words[(at + later) % words.len()]);
    let short = match other {
        _ if example.len() >= of.len() => other,
        "Tuesday" if example.len() > 3 => "Tues",
        "Wednesday" if example.len() > 3 => "Weds",
        "Thursday" if example.len() > 3 => "Thurs",
        "September" if example.len() > 3 => "Sept",
        other => &other[..3],
    };
    let mut text = short.to_owned();
    text.push_str(example.get(of.len()..).unwrap_or_default());
    if example.bytes().all(|byte| byte.is_ascii_uppercase()) {
        text.make_ascii_uppercase();
    } else if example.starts_with(|c: char| c.is_ascii_lowercase()) {
        text.make_ascii_lowercase();
    }
    Some(text)
}

/// Another day, in the form of the example.
fn date(example: &str, months: usize, random: &mut ChaCha8Rng) -> String {
    let later = |month: usize| (month + 11 + months) % 12 + 1;
    let runs = runs(example);
    let named = runs.iter().any(|run| {
        run.len() >= 3 && MONTHS.iter().any(|m| m.to_ascii_lowercase().starts_with(&run.to_ascii_lowercase()))
    });
    let numbers: Vec<u32> = runs.iter().filter_map(|run| run.parse().ok()).collect();
    let year_first = numbers.first().is_some_and(|first| *first > 99);
    // Of two numbers the day is the one that can be no month; else the second.
    let small: Vec<u32> = numbers.iter().copied().filter(|n| *n <= 99).collect();
    let day_first = named || small.first().is_some_and(|first| *first > 12) || small.len() == 1;
    let mut seen = 0;
    let mut day = 0u32;
    let mut text = String::new();
    for run in runs {
        if run.bytes().all(|byte| byte.is_ascii_digit()) {
            let value = match run.len() {
                8 => format!(
                    "{}{:02}{:02}",
                    random.random_range(1930..2027),
                    later(run[4..6].parse().unwrap_or(1)),
                    random.random_range(1..29)
                ),
                4 => random.random_range(1930..2027).to_string(),
                _ => {
                    seen += 1;
                    let number = if seen == if day_first { 1 } else { 2 } {
                        day = random.random_range(1..29);
                        day
                    } else if seen <= 2 && !named {
                        later(run.parse().unwrap_or(1)) as u32
                    } else {
                        random.random_range(0..27)
                    };
                    if run.starts_with('0') || seen > 2 || named && seen > 1 || year_first && run.len() == 2 {
                        format!("{number:02}")
                    } else {
                        number.to_string()
                    }
                }
            };
            text.push_str(&value);
        } else if day > 0 && matches!(run, "st" | "nd" | "rd" | "th") {
            text.push_str(ordinal_end(day));
        } else {
            let days = random.random_range(0..DAYS.len());
            let other = word(run, &MONTHS, months).or_else(|| word(run, &DAYS, days));
            text.push_str(&other.unwrap_or_else(|| run.to_owned()));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    use super::{alike, runs};
    use crate::kind::Kind;

    /// Digits as `0`, letters as they are.
    fn shape(text: &str) -> String {
        text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect()
    }

    #[test]
    fn values_have_the_form_of_the_example() {
        let mut random = ChaCha8Rng::seed_from_u64(3);
        assert_eq!(runs("3.22.25"), ["3", ".", "22", ".", "25"]);
        for _ in 0..100 {
            let (number, kind) = alike("mrn", "44-0917", 0, &mut random).expect("a number");
            assert_eq!((shape(&number), kind), ("00-0000".to_owned(), Kind::Mrn));
            let (date, _) = alike("date", "2025-03-22", 1, &mut random).expect("a date");
            assert_eq!((shape(&date), &date[5..7]), ("0000-00-00".to_owned(), "04"));
            let (day, _) = alike("date", "the 14th", 1, &mut random).expect("a day");
            assert!(day.starts_with("the ") && matches!(&day[day.len() - 2..], "st" | "nd" | "rd" | "th"), "{day}");
            let (month, _) = alike("date", "16-SEP-2024", 4, &mut random).expect("a date");
            assert_eq!(&month[month.len() - 8..month.len() - 4], "JAN-");
            let (weekday, kind) = alike("weekday", "Fri", 0, &mut random).expect("a weekday");
            assert_eq!((weekday.len(), kind), (3, Kind::Weekday));
        }
        assert!(alike("drug", "40", 0, &mut random).is_none());
    }
}
