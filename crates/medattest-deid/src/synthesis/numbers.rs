//! Invented dates, numbers and addresses, in the forms people write them.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::{alike, pick};
use crate::kind::Kind;

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const LETTERS: &[u8] = b"ABCDEFGHJKLMNPRSTUVWXYZ";

fn digits(n: usize, random: &mut ChaCha8Rng) -> String {
    (0..n).map(|i| char::from(b'0' + random.random_range(u8::from(i == 0)..10))).collect()
}

fn letters(n: usize, random: &mut ChaCha8Rng) -> String {
    (0..n).map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())])).collect()
}

/// Fills slots for dates and numbers; examples of dates are moved by so many months.
pub(super) fn fill(
    role: &str,
    form: &str,
    months: usize,
    random: &mut ChaCha8Rng,
) -> Option<Vec<(String, Option<Kind>)>> {
    let form_of_its_own = matches!(form, "" | "dob" | "md" | "my");
    if form.bytes().any(|byte| byte.is_ascii_digit()) || matches!(role, "date" | "weekday") && !form_of_its_own {
        return alike::alike(role, form, months, random).map(|(text, kind)| vec![(text, Some(kind))]);
    }
    let (text, kind) = match role {
        "date" => (date(form, random)?, Some(Kind::Date)),
        "weekday" => {
            let day = pick(&["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"], random);
            (if random.random_bool(0.12) { day[..3].to_owned() } else { day.to_owned() }, Some(Kind::Weekday))
        }
        "holiday" => (
            pick(
                &[
                    "Christmas",
                    "Thanksgiving",
                    "Easter",
                    "New Year's Eve",
                    "Christmas Eve",
                    "Labor Day",
                    "Memorial Day",
                    "Halloween",
                    "Independence Day",
                    "Ramadan",
                    "Passover",
                    "the Fourth of July",
                ],
                random,
            )
            .trim_start_matches("the ")
            .to_owned(),
            Some(Kind::Holiday),
        ),
        "time" => (time(random), None),
        "year" => (random.random_range(1950..2026).to_string(), None),
        "age" => (random.random_range(1..90).to_string(), None),
        "age90" => (random.random_range(90..106).to_string(), Some(Kind::AgeOver89)),
        "reldate" => (
            pick(
                &[
                    "two weeks ago",
                    "3 days ago",
                    "last week",
                    "yesterday",
                    "last month",
                    "in two months",
                    "six years ago",
                    "this morning",
                    "the day before",
                    "last night",
                    "a year ago",
                    "5 months prior",
                ],
                random,
            )
            .to_owned(),
            None,
        ),
        "phone" => (phone(random), Some(Kind::Phone)),
        "fax" => (phone(random), Some(Kind::Fax)),
        "email" => (email(random), Some(Kind::Email)),
        "username" => (handle(random), Some(Kind::OtherId)),
        "ssn" => {
            let joint = pick(&["-", "-", "-", " ", ""], random);
            let (area, group) = (random.random_range(100..660), random.random_range(10..99));
            (format!("{area}{joint}{group}{joint}{:04}", random.random_range(1..9999)), Some(Kind::Ssn))
        }
        "ssn4" => (format!("{:04}", random.random_range(1000..9999)), Some(Kind::Ssn)),
        "mrn" => {
            let n = random.random_range(5..11);
            let text = match random.random_range(0..10) {
                0 => format!("MRN-{}", digits(n, random)),
                1 => format!("{}{}", letters(1, random), digits(n, random)),
                2 => format!("{}-{}-{}", digits(2, random), digits(3, random), digits(3, random)),
                3 => format!("{}-{}", letters(2, random), digits(n, random)),
                _ => digits(n, random),
            };
            (text, Some(Kind::Mrn))
        }
        "mbi" => {
            let l = |random: &mut ChaCha8Rng| {
                pick(
                    &[
                        "A", "C", "D", "E", "F", "G", "H", "J", "K", "M", "N", "P", "Q", "R", "T", "U", "V", "W",
                        "X", "Y",
                    ],
                    random,
                )
            };
            let parts = (
                digits(1, random),
                l(random),
                l(random),
                digits(1, random),
                l(random),
                digits(1, random),
                digits(1, random),
                l(random),
                l(random),
                digits(2, random),
            );
            let joint = if random.random_bool(0.6) { "-" } else { "" };
            (
                format!(
                    "{}{}{}{}{joint}{}{}{}{joint}{}{}{}",
                    parts.0, parts.1, parts.2, parts.3, parts.4, parts.5, parts.6, parts.7, parts.8, parts.9
                ),
                Some(Kind::HealthPlanId),
            )
        }
        "planid" => (
            format!("{}{}", letters(random.random_range(1..4), random), digits(random.random_range(7..11), random)),
            Some(Kind::HealthPlanId),
        ),
        "account" => {
            let text = match random.random_range(0..4) {
                0 => format!("ACCT-{}", digits(8, random)),
                1 => format!("{}-{}", digits(4, random), digits(6, random)),
                _ => digits(random.random_range(8..13), random),
            };
            (text, Some(Kind::Account))
        }
        "card" => (card(random), Some(Kind::Account)),
        "licence" => (
            format!("{}{}", letters(random.random_range(1..3), random), digits(random.random_range(6..9), random)),
            Some(Kind::Licence),
        ),
        "dea" => {
            let d: Vec<u8> = digits(6, random).bytes().map(|b| b - b'0').collect();
            let check = (d[0] + d[2] + d[4] + 2 * (d[1] + d[3] + d[5])) % 10;
            let number: String = d.iter().map(u8::to_string).collect();
            (
                format!("{}{}{number}{check}", pick(&["A", "B", "F", "M"], random), letters(1, random)),
                Some(Kind::Licence),
            )
        }
        "npi" => (npi(random), Some(Kind::Npi)),
        "vin" => (vin(random), Some(Kind::Vehicle)),
        "plate" => {
            let text = match random.random_range(0..3) {
                0 => format!("{} {}", letters(3, random), digits(4, random)),
                1 => format!("{}{}{}", digits(1, random), letters(3, random), digits(3, random)),
                _ => format!("{}-{}", letters(3, random), digits(3, random)),
            };
            (text, Some(Kind::Vehicle))
        }
        "udi" => (
            format!("(01){}(17){}(21){}", digits(14, random), digits(6, random), digits(8, random)),
            Some(Kind::Device),
        ),
        "serial" => {
            let text = match random.random_range(0..3) {
                0 => format!("SN{}", digits(8, random)),
                1 => format!("{}-{}-{}", letters(2, random), digits(4, random), letters(2, random)),
                _ => format!("{}{}{}", letters(2, random), digits(6, random), letters(1, random)),
            };
            (text, Some(Kind::Device))
        }
        "url" => (
            format!(
                "{}{}.{}/{}",
                pick(&["https://", "http://", "www.", "https://www."], random),
                handle(random).replace('@', ""),
                pick(&["com", "org", "net", "health", "de", "co.uk"], random),
                pick(&["patient/", "p?id=", "profile/", "u/", ""], random)
            )
            .trim_end_matches('/')
            .to_owned(),
            Some(Kind::Url),
        ),
        "ip" => {
            let text = if random.random_bool(0.85) {
                format!(
                    "{}.{}.{}.{}",
                    random.random_range(11..223),
                    random.random_range(0..256),
                    random.random_range(0..256),
                    random.random_range(1..255)
                )
            } else {
                (0..8).map(|_| format!("{:x}", random.random_range(1..65_536))).collect::<Vec<_>>().join(":")
            };
            (text, Some(Kind::Ip))
        }
        "mac" => (
            (0..6)
                .map(|_| format!("{:02X}", random.random_range(0..256)))
                .collect::<Vec<_>>()
                .join(pick(&[":", "-"], random)),
            Some(Kind::Device),
        ),
        "biometric" => (
            format!("{}-{}", pick(&["FP", "BIO", "IRIS", "VOICE", "RETINA"], random), digits(6, random)),
            Some(Kind::Biometric),
        ),
        "photo" => (
            format!("{}_{}.jpg", pick(&["IMG", "DSC", "face", "photo"], random), digits(4, random)),
            Some(Kind::Photo),
        ),
        "accession" => {
            let text = match random.random_range(0..3) {
                0 => format!("{}{}", letters(2, random), digits(7, random)),
                1 => format!("ACC-{}-{}", random.random_range(2015..2027), digits(6, random)),
                _ => digits(random.random_range(7..11), random),
            };
            (text, Some(Kind::OtherId))
        }
        "specimen" => (
            format!(
                "{}{}-{}",
                pick(&["S", "SP", "C", "H"], random),
                random.random_range(15..27),
                digits(random.random_range(4..7), random)
            ),
            Some(Kind::OtherId),
        ),
        "trialsubject" => {
            (format!("{}-{}", digits(3, random), digits(random.random_range(3..6), random)), Some(Kind::OtherId))
        }
        "encounter" => (
            format!(
                "{}{}",
                pick(&["E", "V", "ENC-", "CSN ", ""], random).replace("CSN ", ""),
                digits(random.random_range(7..11), random)
            ),
            Some(Kind::OtherId),
        ),
        "passport" => (format!("{}{}", letters(1, random), digits(8, random)), Some(Kind::OtherId)),
        _ => return None,
    };
    Some(vec![(text, kind)])
}

fn date(form: &str, random: &mut ChaCha8Rng) -> Option<String> {
    let (year, month, day) =
        (random.random_range(1925..2027), random.random_range(1..13usize), random.random_range(1..29));
    let name = MONTHS[month - 1];
    let short = &name[..3];
    let end = match day {
        1 | 21 => "st",
        2 | 22 => "nd",
        3 | 23 => "rd",
        _ => "th",
    };
    Some(match form {
        "" | "dob" => match random.random_range(0..16) {
            0..4 => format!("{month:02}/{day:02}/{year}"),
            4 => format!("{month}/{day}/{:02}", year % 100),
            5 | 6 => format!("{year}-{month:02}-{day:02}"),
            7 | 8 => format!("{name} {day}, {year}"),
            9 => format!("{short} {day}, {year}"),
            10 => format!("{day} {short} {year}"),
            11 => format!("{day}-{}-{year}", short.to_uppercase()),
            12 => format!("{month:02}-{day:02}-{year}"),
            13 => format!("{day:02}.{month:02}.{year}"),
            14 => format!("{name} {day}{end}, {year}"),
            _ => format!("the {day}{end} of {name} {year}").trim_start_matches("the ").to_owned(),
        },
        "md" => match random.random_range(0..8) {
            0..3 => format!("{month}/{day}"),
            3 | 4 => format!("{name} {day}"),
            5 => format!("{name} {day}{end}"),
            6 => format!("{short} {day}"),
            _ => format!("{day} {name}"),
        },
        "my" => match random.random_range(0..5) {
            0 | 1 => format!("{name} {year}"),
            2 => format!("{short} {year}"),
            3 => format!("{month:02}/{year}"),
            _ => format!("{name} of {year}"),
        },
        _ => return None,
    })
}

fn time(random: &mut ChaCha8Rng) -> String {
    let (hour, minute) = (random.random_range(0..24), random.random_range(0..60));
    match random.random_range(0..4) {
        0 => format!("{hour:02}:{minute:02}"),
        1 => format!("{}:{minute:02} {}", hour % 12 + 1, pick(&["am", "pm", "AM", "PM"], random)),
        2 => format!("{hour:02}{minute:02}"),
        _ => format!("{}{}", hour % 12 + 1, pick(&["am", "pm"], random)),
    }
}

fn phone(random: &mut ChaCha8Rng) -> String {
    let (area, exchange, line) = (
        random.random_range(201..990),
        random.random_range(200..999),
        format!("{:04}", random.random_range(0..10_000)),
    );
    match random.random_range(0..14) {
        0..3 => format!("({area}) {exchange}-{line}"),
        3..6 => format!("{area}-{exchange}-{line}"),
        6 => format!("{area}.{exchange}.{line}"),
        7 => format!("+1 {area} {exchange} {line}"),
        8 => format!("{area}{exchange}{line}"),
        9 => format!("{exchange}-{line}"),
        10 => format!("{area}-{exchange}-{line} x{}", random.random_range(10..9_999)),
        11 => format!("+{} {} {}", random.random_range(30..99), digits(3, random), digits(7, random)),
        12 => format!("0{} {} {}", digits(3, random), digits(3, random), digits(3, random)),
        _ => format!("{} {} {} {}", digits(2, random), digits(2, random), digits(2, random), digits(2, random)),
    }
}

fn handle(random: &mut ChaCha8Rng) -> String {
    let word = pick(
        &["sun", "blue", "jmk", "tiger", "maria", "bookfan", "dr", "abel", "rn", "otter", "kpatel", "wolf"],
        random,
    );
    format!("{word}{}{}", pick(&["", "_", "."], random), random.random_range(1..999))
}

fn email(random: &mut ChaCha8Rng) -> String {
    let domain = pick(
        &["gmail.com", "yahoo.com", "hotmail.co.uk", "example.org", "hospital.net", "mail.de", "uni.edu"],
        random,
    );
    format!("{}@{domain}", handle(random))
}

fn luhn(prefix: &str) -> String {
    let sum: u32 = prefix
        .bytes()
        .rev()
        .enumerate()
        .map(|(i, b)| {
            let d = u32::from(b - b'0');
            if i % 2 == 1 {
                d
            } else if d > 4 {
                d * 2 - 9
            } else {
                d * 2
            }
        })
        .sum();
    format!("{prefix}{}", (10 - sum % 10) % 10)
}

fn card(random: &mut ChaCha8Rng) -> String {
    let number = if random.random_bool(0.8) {
        luhn(&format!("{}{}", pick(&["4", "51", "55", "6011"], random), digits(16, random))[..15])
    } else {
        luhn(&format!("37{}", digits(12, random)))
    };
    if number.len() == 16 && random.random_bool(0.6) {
        let joint = pick(&[" ", "-"], random);
        return [&number[..4], &number[4..8], &number[8..12], &number[12..]].join(joint);
    }
    number
}

fn npi(random: &mut ChaCha8Rng) -> String {
    let nine = format!("1{}", digits(8, random));
    luhn(&format!("80840{nine}"))[5..].to_owned()
}

fn vin(random: &mut ChaCha8Rng) -> String {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let worth = |c: u8| -> u32 {
        match c {
            b'0'..=b'9' => u32::from(c - b'0'),
            b'A'..=b'H' => u32::from(c - b'A') + 1,
            b'J'..=b'N' => u32::from(c - b'J') + 1,
            b'P' => 7,
            b'R' => 9,
            _ => u32::from(c - b'S') + 2,
        }
    };
    let mut text = format!(
        "1{}{}0{}{}",
        pick(&["HG", "FT", "GC"], random),
        digits(5, random),
        letters(1, random),
        digits(7, random)
    )
    .into_bytes();
    text.truncate(17);
    let sum = text.iter().zip(WEIGHTS).map(|(c, w)| worth(*c) * w).sum::<u32>() % 11;
    if let Some(check) = text.get_mut(8) {
        *check = if sum == 10 { b'X' } else { b'0' + sum as u8 };
    }
    String::from_utf8(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    use crate::check::{Check, Reckoning};

    #[test]
    fn invented_numbers_obey_their_rules() {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        for (role, check) in [
            ("card", "card"),
            ("npi", "npi"),
            ("vin", "vin"),
            ("dea", "dea"),
            ("mbi", "mbi"),
            ("ssn", "ssn"),
            ("date", "date"),
        ] {
            let check = Check::named(check).expect("exists");
            for _ in 0..200 {
                let filled = super::fill(role, "", 0, &mut random).expect("fills");
                assert!(
                    check.holds(filled[0].0.as_bytes(), Reckoning { year: 2026, ages_over: 89 }),
                    "{role}: {}",
                    filled[0].0
                );
            }
        }
    }
}
