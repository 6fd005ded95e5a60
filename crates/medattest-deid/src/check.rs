//! Rules that numbers obey: check digits, ranges, calendars. A value that breaks its rule is not such a number.

mod national;

macro_rules! checks {
    ($($(#[doc = $doc:literal])* $name:ident = $id:literal => $function:path,)*) => {
        /// A rule that a number obeys.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Check { $($(#[doc = $doc])* $name,)* }

        impl Check {
            pub(crate) fn named(id: &str) -> Option<Self> {
                match id { $($id => Some(Self::$name),)* _ => None }
            }

            /// Whether the value obeys the rule.
            pub(crate) fn holds(self, value: &[u8], reckoning: Reckoning) -> bool {
                match self { $(Self::$name => $function(value, reckoning),)* }
            }

            /// Whether obeying it says something beyond the form. Of telephone numbers, which are written like those of
            /// the NHS, one in eleven obeys the check of these.
            pub(crate) fn is_strong(self) -> bool {
                use Check::{Code, Date, Grouped, Mailbox, MonthDay, Nanp, Nhs, Time};
                !matches!(self, Mailbox | Code | Grouped | Date | MonthDay | Time | Nanp | Nhs)
            }
        }
    };
}

checks! {
    /// Payment cards: length by issuer and check digit (ISO/IEC 7812-1, Luhn 1960).
    Card = "card" => card,
    /// Fifteen digits with a Luhn digit (3GPP TS 23.003).
    Imei = "imei" => imei,
    /// National Provider Identifier: Luhn over 80840 and the number (45 CFR 162.406).
    Npi = "npi" => npi,
    /// Medicare Beneficiary Identifier: which character may stand where (CMS, 2017).
    Mbi = "mbi" => mbi,
    /// DEA registration: weighted digits (21 CFR 1301 practice).
    Dea = "dea" => dea,
    /// Vehicle identification number: ninth character (49 CFR 565.15).
    Vin = "vin" => vin,
    /// Bank account in the international form, mod 97 (ISO 13616).
    Iban = "iban" => iban,
    /// US bank routing number: 3-7-1 weights (ABA).
    Aba = "aba" => aba,
    /// Social security number: groups that are never issued.
    Ssn = "ssn" => ssn,
    /// Individual taxpayer number: group in use (IRS).
    Itin = "itin" => itin,
    /// An address of electronic mail that somebody can have.
    Mailbox = "mailbox" => mailbox,
    /// A code: at least four characters, two digits among them, or six and one; none of a catalogue, such as CPT.
    Code = "code" => code,
    /// Groups of letters and digits with six digits or more, none of them a year.
    Grouped = "grouped" => grouped,
    /// An address of a wallet: 26 to 62 characters, digits among them.
    Wallet = "wallet" => wallet,
    /// A digest in hexadecimal: 32 to 128 characters, letters and digits.
    Digest = "digest" => digest,
    /// A day that the calendar has.
    Date = "date" => date,
    /// Month and day without a year.
    MonthDay = "month-day" => month_day,
    /// A clock time.
    Time = "time" => time,
    /// Internet protocol, version 4.
    Ipv4 = "ipv4" => ipv4,
    /// Internet protocol, version 6.
    Ipv6 = "ipv6" => ipv6,
    /// An age of 90 to 125.
    Over89 = "over-89" => over89,
    /// A year of birth that tells an age of 90 and more.
    BirthOver89 = "birth-over-89" => birth_over89,
    /// A North American number: area and exchange do not begin with 0 or 1.
    Nanp = "nanp" => nanp,
    /// Latitude and longitude in range.
    Coordinates = "coordinates" => coordinates,
    /// Brazil, CPF: two check digits mod 11.
    Cpf = "cpf" => national::cpf,
    /// India, Aadhaar: Verhoeff 1969.
    Aadhaar = "aadhaar" => national::aadhaar,
    /// France, NIR: 97 minus the number mod 97.
    Nir = "nir" => national::nir,
    /// Germany, tax number: ISO 7064 mod 11,10.
    SteuerId = "steuer-id" => national::steuer_id,
    /// Italy, codice fiscale: check letter.
    CodiceFiscale = "codice-fiscale" => national::codice_fiscale,
    /// Spain, DNI and NIE: letter mod 23.
    Dni = "dni" => national::dni,
    /// Netherlands, BSN: the eleven test.
    Bsn = "bsn" => national::bsn,
    /// United Kingdom, NHS number: mod 11.
    Nhs = "nhs" => national::nhs,
    /// Poland, PESEL: weights 1-3-7-9.
    Pesel = "pesel" => national::pesel,
    /// China, resident identity: ISO 7064 mod 11-2.
    ChinaId = "china-id" => national::china_id,
    /// Portugal, NIF: mod 11.
    Nif = "nif" => national::nif,
    /// Turkey, identity number.
    Tckn = "tckn" => national::tckn,
    /// Japan, individual number: mod 11.
    MyNumber = "my-number" => national::my_number,
    /// Korea, resident registration: mod 11.
    Rrn = "rrn" => national::rrn,
    /// Israel, identity number: Luhn over nine digits.
    IsraelId = "israel-id" => national::israel_id,
    /// Romania, CNP: weights 279146358279.
    Cnp = "cnp" => national::cnp,
    /// Canada, social insurance: Luhn over nine digits.
    Sin = "sin" => national::sin,
    /// Sweden, personnummer: Luhn over the last ten digits.
    Personnummer = "personnummer" => national::personnummer,
    /// Thailand, national id: mod 11.
    ThaiId = "thai-id" => national::thai_id,
    /// Egypt, national id: century, birth date.
    EgyptId = "egypt-id" => national::egypt_id,
}

/// What ages and years are reckoned by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reckoning {
    /// The year of today.
    pub(crate) year: i16,
    /// Ages over this one identify; the law's number, from `kinds.toml`.
    pub(crate) ages_over: u16,
}

/// Nobody is known to have been older, give or take a little.
const OLDEST: u64 = 125;

impl Reckoning {
    /// Whether an age identifies, and is one.
    pub(crate) fn identifies(self, age: u64) -> bool {
        age > u64::from(self.ages_over) && age <= OLDEST
    }

    /// Whether a year of birth tells an age that identifies, now or within this year.
    pub(crate) fn tells_age(self, born: i64) -> bool {
        let age = i64::from(self.year) - born;
        age >= i64::from(self.ages_over) && age <= OLDEST as i64 + 5
    }
}

/// The digits, others skipped. At most 40 are looked at.
fn digits(value: &[u8]) -> ([u8; 40], usize) {
    let mut found = [0; 40];
    let mut n = 0;
    for digit in value.iter().filter(|b| b.is_ascii_digit()).take(40) {
        found[n] = digit - b'0';
        n += 1;
    }
    (found, n)
}

/// Letters and digits, upper case.
fn alphanumerics(value: &[u8]) -> Vec<u8> {
    value.iter().filter(|b| b.is_ascii_alphanumeric()).map(u8::to_ascii_uppercase).collect()
}

fn luhn_digits(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, d)| {
            let d = u32::from(*d);
            if i % 2 == 0 {
                d
            } else if d > 4 {
                d * 2 - 9
            } else {
                d * 2
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(d, w)| u32::from(*d) * w).sum()
}

fn all_same(digits: &[u8]) -> bool {
    digits.windows(2).all(|pair| pair[0] == pair[1])
}

fn card(value: &[u8], _: Reckoning) -> bool {
    let (d, n) = digits(value);
    let d = &d[..n];
    let issuer = match d {
        [4, ..] => matches!(n, 13 | 16 | 19),
        [5, 1..=5, ..] | [2, 2..=7, ..] => n == 16,
        [3, 4 | 7, ..] => n == 15,
        [3, 0 | 6 | 8 | 9, ..] => (14..=19).contains(&n),
        [6, ..] | [5, 0 | 6..=8, ..] => (12..=19).contains(&n),
        [3, 5, ..] => n == 16,
        [1, 8, 0, 0, ..] | [2, 1, 3, 1, ..] => n == 15,
        _ => false,
    };
    issuer && !all_same(d) && luhn_digits(d)
}

fn imei(value: &[u8], _: Reckoning) -> bool {
    let (d, n) = digits(value);
    n == 15 && !all_same(&d[..n]) && luhn_digits(&d[..n])
}

fn npi(value: &[u8], _: Reckoning) -> bool {
    let (d, n) = digits(value);
    let mut whole = vec![8, 0, 8, 4, 0];
    whole.extend_from_slice(&d[..n]);
    n == 10 && matches!(d[0], 1 | 2) && luhn_digits(&whole)
}

fn mbi(value: &[u8], _: Reckoning) -> bool {
    let id = alphanumerics(value);
    let letter = |c: u8| c.is_ascii_uppercase() && !matches!(c, b'S' | b'L' | b'O' | b'I' | b'B' | b'Z');
    id.len() == 11
        && id.iter().enumerate().all(|(i, c)| match i {
            0 => (b'1'..=b'9').contains(c),
            1 | 4 | 7 | 8 => letter(*c),
            2 | 5 => letter(*c) || c.is_ascii_digit(),
            _ => c.is_ascii_digit(),
        })
}

fn dea(value: &[u8], _: Reckoning) -> bool {
    let id = alphanumerics(value);
    let (d, n) = digits(value);
    n == 7
        && id.len() == 9
        && id[0].is_ascii_uppercase()
        && (d[0] + d[2] + d[4] + 2 * (d[1] + d[3] + d[5])) % 10 == d[6]
}

fn vin(value: &[u8], _: Reckoning) -> bool {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let id = alphanumerics(value);
    let worth = |c: u8| -> Option<u32> {
        Some(match c {
            b'0'..=b'9' => u32::from(c - b'0'),
            b'A'..=b'H' => u32::from(c - b'A') + 1,
            b'J'..=b'N' => u32::from(c - b'J') + 1,
            b'P' => 7,
            b'R' => 9,
            b'S'..=b'Z' => u32::from(c - b'S') + 2,
            _ => return None,
        })
    };
    let values: Option<Vec<u32>> = id.iter().map(|c| worth(*c)).collect();
    let Some(values) = values.filter(|v| v.len() == 17) else { return false };
    let sum = values.iter().zip(WEIGHTS).map(|(v, w)| v * w).sum::<u32>() % 11;
    let expected = if sum == 10 { b'X' } else { b'0' + sum as u8 };
    id[8] == expected && id.iter().any(u8::is_ascii_digit)
}

/// The remainder by 97 of letters as two digits each.
fn mod97(text: impl Iterator<Item = u8>) -> u32 {
    text.fold(0, |rest, c| match c {
        b'0'..=b'9' => (rest * 10 + u32::from(c - b'0')) % 97,
        _ => (rest * 100 + u32::from(c - b'A') + 10) % 97,
    })
}

fn iban(value: &[u8], _: Reckoning) -> bool {
    let id = alphanumerics(value);
    (15..=34).contains(&id.len())
        && id[..2].iter().all(u8::is_ascii_uppercase)
        && mod97(id[4..].iter().chain(&id[..4]).copied()) == 1
}

fn aba(value: &[u8], _: Reckoning) -> bool {
    let (d, n) = digits(value);
    let prefix = u32::from(d[0]) * 10 + u32::from(d[1]);
    let range = matches!(prefix, 1..=12 | 21..=32 | 61..=72 | 80);
    n == 9 && range && weighted(&d[..9], &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10)
}

fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |n, d| n * 10 + u64::from(*d))
}

fn ssn(value: &[u8], _: Reckoning) -> bool {
    let (d, n) = digits(value);
    let (area, group, serial) = (number(&d[..3]), number(&d[3..5]), number(&d[5..9]));
    n == 9 && area != 0 && area != 666 && area < 900 && group != 0 && serial != 0
}

fn itin(value: &[u8], _: Reckoning) -> bool {
    let (d, n) = digits(value);
    n == 9 && d[0] == 9 && matches!(number(&d[3..5]), 50..=65 | 70..=88 | 90..=92 | 94..=99)
}

fn mailbox(value: &[u8], _: Reckoning) -> bool {
    !value.to_ascii_lowercase().ends_with(b".invalid")
}

fn code(value: &[u8], _: Reckoning) -> bool {
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    // `30-day`, `12-lead`: a number and a word; `10-15`: from one to the other.
    let counts = value.split(|b| *b == b'-').collect::<Vec<_>>();
    if let [number, other] = counts[..]
        && number.len() < 4
        && number.iter().all(u8::is_ascii_digit)
        && (other.len() > 2 && other.iter().all(u8::is_ascii_lowercase)
            || number.len() < 3 && other.len() < 3 && other.iter().all(u8::is_ascii_digit))
    {
        return false;
    }
    // A code of a catalogue with its label before it, and `45-year-old`.
    const CATALOGUES: [&[u8]; 5] = [b"CPT ", b"NDC ", b"ICD ", b"DRG ", b"REF "];
    if CATALOGUES.iter().any(|label| value.starts_with(label)) || value.ends_with(b"-old") {
        return false;
    }
    !is_year(value) && (value.len() >= 4 && digits >= 2 || value.len() >= 6 && digits >= 1)
}

/// Whether groups such as `55 1080 876 3` are one number.
fn grouped(value: &[u8], _: Reckoning) -> bool {
    let parts = || value.split(|byte| matches!(byte, b' ' | b'-'));
    value.iter().filter(|byte| byte.is_ascii_digit()).count() > 5 && !parts().any(is_year)
}

/// Whether a value is a year of the last century or this one.
pub(crate) fn is_year(value: &[u8]) -> bool {
    matches!(value, [b'1', b'9', a, b] | [b'2', b'0', a, b] if a.is_ascii_digit() && b.is_ascii_digit())
}

fn wallet(value: &[u8], _: Reckoning) -> bool {
    (26..=62).contains(&value.len()) && value.iter().filter(|b| b.is_ascii_digit()).count() >= 3
}

fn digest(value: &[u8], _: Reckoning) -> bool {
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    (32..=128).contains(&value.len()) && digits >= 8 && digits < value.len()
}

/// Months by their first three letters.
pub(crate) fn month_named(word: &[u8]) -> Option<u32> {
    const MONTHS: [&[u8]; 12] =
        [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];
    let start: Vec<u8> = word.iter().take(3).map(u8::to_ascii_lowercase).collect();
    MONTHS.iter().position(|m| *m == start.as_slice()).map(|at| at as u32 + 1)
}

fn month_days(month: u32) -> u32 {
    match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    }
}

/// The groups of digits as numbers with their lengths, and the month if one is named.
fn groups(value: &[u8]) -> (Vec<(u32, usize)>, Option<u32>) {
    let mut numbers = Vec::new();
    let mut month = None;
    for group in value.chunk_by(|a, b| {
        a.is_ascii_digit() == b.is_ascii_digit() && a.is_ascii_alphabetic() == b.is_ascii_alphabetic()
    }) {
        if group[0].is_ascii_digit() {
            numbers.push((group.iter().take(9).fold(0, |n, d| n * 10 + u32::from(d - b'0')), group.len()));
        } else if group[0].is_ascii_alphabetic() && month.is_none() {
            month = month_named(group);
        }
    }
    (numbers, month)
}

fn year_fits(year: u32, len: usize) -> bool {
    (len == 4 && (1850..=2199).contains(&year)) || len == 2
}

fn date(value: &[u8], _: Reckoning) -> bool {
    let (numbers, month) = groups(value);
    let fits = |month: u32, day: u32| day >= 1 && day <= month_days(month);
    match (month, numbers.as_slice()) {
        // Clock times may follow the date.
        (Some(month), [(day, dl), (year, yl), ..]) if *dl <= 2 && year_fits(*year, *yl) => fits(month, *day),
        (Some(month), [(year, 4), (day, _), ..]) => fits(month, *day) && year_fits(*year, 4),
        (Some(_), [(year, len)]) => year_fits(*year, *len),
        (None, [(year, 4), (month, _), (day, _), ..]) => {
            year_fits(*year, 4) && (fits(*month, *day) || fits(*day, *month))
        }
        (None, [(a, al), (b, bl), (year, yl), ..]) if *al <= 2 && *bl <= 2 => {
            year_fits(*year, *yl) && (fits(*a, *b) || fits(*b, *a))
        }
        (None, [(month, ml), (year, 4)]) if *ml <= 2 => (1..=12).contains(month) && year_fits(*year, 4),
        (None, [(year, 4), (month, _)]) => (1..=12).contains(month) && year_fits(*year, 4),
        (None, [(whole, 8), ..]) => year_fits(whole / 10_000, 4) && fits(whole / 100 % 100, whole % 100),
        _ => false,
    }
}

fn month_day(value: &[u8], _: Reckoning) -> bool {
    let (numbers, month) = groups(value);
    let fits = |month: u32, day: u32| day >= 1 && day <= month_days(month);
    match (month, numbers.as_slice()) {
        (Some(month), [(day, _)]) => fits(month, *day),
        (None, [(a, _), (b, _)]) => fits(*a, *b) || fits(*b, *a),
        _ => false,
    }
}

fn time(value: &[u8], _: Reckoning) -> bool {
    let (numbers, _) = groups(value);
    matches!(numbers.as_slice(), [(h, _), (m, _), ..] if *h < 24 && *m < 60)
        || matches!(numbers.as_slice(), [(h, _)] if *h <= 2359)
}

fn ipv4(value: &[u8], _: Reckoning) -> bool {
    let parts: Vec<&[u8]> = value.split(|b| *b == b'.').collect();
    let octet = |part: &&[u8]| {
        (1..=3).contains(&part.len())
            && part.iter().all(u8::is_ascii_digit)
            && part.iter().fold(0u32, |n, d| n * 10 + u32::from(d - b'0')) <= 255
    };
    // Four small numbers are more often a section or a version.
    parts.len() == 4 && parts.iter().all(octet) && value.len() > 7
}

fn ipv6(value: &[u8], _: Reckoning) -> bool {
    std::str::from_utf8(value).is_ok_and(|text| text.parse::<std::net::Ipv6Addr>().is_ok()) && value.len() > 4
}

fn over89(value: &[u8], reckoning: Reckoning) -> bool {
    let (d, n) = digits(value);
    (2..=3).contains(&n) && reckoning.identifies(number(&d[..n]))
}

fn birth_over89(value: &[u8], reckoning: Reckoning) -> bool {
    let (d, n) = digits(value);
    let born = number(&d[..n]) as i64;
    n == 4 && reckoning.tells_age(born)
}

fn nanp(value: &[u8], _: Reckoning) -> bool {
    // Extensions follow a letter; what counts are the digits before it.
    let own: &[u8] = value.split(u8::is_ascii_alphabetic).next().unwrap_or_default();
    let (d, n) = digits(own);
    let d = match n {
        11 if d[0] == 1 => &d[1..11],
        13 if d[..3] == [0, 0, 1] => &d[3..13],
        10 => &d[..10],
        _ => return false,
    };
    d[0] > 1 && !all_same(d)
}

fn coordinates(value: &[u8], _: Reckoning) -> bool {
    let numbers: Vec<f64> = value
        .split(|b| !(b.is_ascii_digit() || matches!(b, b'.' | b'-')))
        .filter_map(|part| std::str::from_utf8(part).ok()?.parse().ok())
        .collect();
    matches!(numbers.as_slice(), [latitude, longitude] if latitude.abs() <= 90.0 && longitude.abs() <= 180.0)
}

#[cfg(test)]
mod tests {
    use super::{Check, Reckoning};

    const TODAY: Reckoning = Reckoning { year: 2026, ages_over: 89 };

    /// Numbers made for tests, right and with one figure wrong.
    #[test]
    fn right_and_wrong() {
        let cases = [
            ("card", "4111 1111 1111 1111", "4111 1111 1111 1112"),
            ("card", "378282246310005", "378282246310006"),
            ("imei", "490154203237518", "490154203237519"),
            ("npi", "1234567893", "1234567890"),
            ("mbi", "1EG4-TE5-MK73", "1SG4-TE5-MK73"),
            ("dea", "AB1234563", "AB1234564"),
            ("vin", "1HGCM82633A004352", "1HGCM82633A004353"),
            ("iban", "GB82 WEST 1234 5698 7654 32", "GB82 WEST 1234 5698 7654 33"),
            ("aba", "021000021", "021000022"),
            ("ssn", "123-45-6789", "000-45-6789"),
            ("itin", "912-78-1234", "912-69-1234"),
            ("date", "02/29/2024", "02/30/2024"),
            ("date", "5 Mar 2019", "35 Mar 2019"),
            ("date", "20240115", "20241315"),
            ("month-day", "March 31st", "June 31st"),
            ("ipv4", "203.0.113.42", "203.0.113.342"),
            ("ipv6", "2001:db8::8a2e:370:7334", "2001:db8::8a2e::7334"),
            ("over-89", "90", "89"),
            ("birth-over-89", "1931", "1951"),
            ("nanp", "212-555-0147 x12", "112-555-0147"),
            ("cpf", "456.378.921-64", "456.378.921-65"),
            ("aadhaar", "681937567577", "681937567570"),
            ("nir", "242108708540372", "242108708540373"),
            ("steuer-id", "86095742719", "12345678901"),
            ("codice-fiscale", "RSSMRA85T10A562S", "RSSMRA85T10A562T"),
            ("dni", "12345678Z", "12345678A"),
            ("bsn", "111222333", "111222334"),
            ("nhs", "943 476 5919", "943 476 5918"),
            ("pesel", "44051401359", "44051401358"),
            ("nif", "123456789", "123456788"),
            ("tckn", "10000000146", "10000000147"),
            ("my-number", "123456789018", "123456789012"),
            ("israel-id", "123456782", "123456783"),
            ("sin", "130 692 544", "130 692 545"),
            ("personnummer", "811218-9876", "811218-9877"),
            ("coordinates", "40.7128, -74.0060", "140.7128, -74.0060"),
        ];
        for (check, right, wrong) in cases {
            let check_ = Check::named(check).expect("exists");
            assert!(check_.holds(right.as_bytes(), TODAY), "{check} {right}");
            assert!(!check_.holds(wrong.as_bytes(), TODAY), "{check} {wrong}");
        }
    }
}
