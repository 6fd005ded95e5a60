//! Numbers of people outside the United States.

use super::{Reckoning, all_same, alphanumerics, date, digits, luhn_digits, number, weighted};

pub(super) fn cpf(value: &[u8], _: Reckoning) -> bool {
    let (d, n) = digits(value);
    let check = |n: usize| {
        let sum: u32 = d[..n].iter().enumerate().map(|(i, d)| u32::from(*d) * (n as u32 + 1 - i as u32)).sum();
        (sum * 10 % 11 % 10) as u8
    };
    n == 11 && !all_same(&d[..n]) && check(9) == d[9] && check(10) == d[10]
}

pub(super) fn aadhaar(value: &[u8], _: Reckoning) -> bool {
    const PERMUTE: [[u8; 10]; 8] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
        [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
        [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
        [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
        [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
        [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
        [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
    ];
    // Multiplication in the dihedral group of order ten.
    let multiply = |a: u8, b: u8| -> u8 {
        match (a < 5, b < 5) {
            (true, true) => (a + b) % 5,
            (true, false) => (a + (b - 5)) % 5 + 5,
            (false, true) => (a - 5 + 5 - b) % 5 + 5,
            (false, false) => (a - 5 + 5 - (b - 5)) % 5,
        }
    };
    let (d, n) = digits(value);
    let rest = d[..n].iter().rev().enumerate().fold(0, |c, (i, d)| multiply(c, PERMUTE[i % 8][usize::from(*d)]));
    n == 12 && d[0] > 1 && rest == 0
}

pub(super) fn nir(value: &[u8], _: Reckoning) -> bool {
    let id = alphanumerics(value);
    if id.len() != 15 || !matches!(id[0], b'1'..=b'4' | b'7' | b'8') {
        return false;
    }
    // Corsica writes 2A and 2B for 19 and 18.
    let text: Vec<u8> = match &id[5..7] {
        b"2A" => [&id[..5], b"19", &id[7..]].concat(),
        b"2B" => [&id[..5], b"18", &id[7..]].concat(),
        _ => id,
    };
    if !text.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let (d, _) = digits(&text);
    97 - number(&d[..13]) % 97 == number(&d[13..15])
}

/// ISO 7064 mod 11,10 over all but the last digit.
pub(super) fn steuer_id(value: &[u8], _: Reckoning) -> bool {
    let (d, n) = digits(value);
    if n != 11 || d[0] == 0 {
        return false;
    }
    let mut product = 10u32;
    for digit in &d[..10] {
        let sum = (u32::from(*digit) + product) % 10;
        let sum = if sum == 0 { 10 } else { sum };
        product = sum * 2 % 11;
    }
    // One digit occurs two or three times among the first ten.
    let most = (0..10).map(|x| d[..10].iter().filter(|y| **y == x).count()).max();
    (11 - product) % 10 == u32::from(d[10]) && matches!(most, Some(2 | 3))
}

pub(super) fn codice_fiscale(value: &[u8], _: Reckoning) -> bool {
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let id = alphanumerics(value);
    if id.len() != 16 || !id[15].is_ascii_uppercase() {
        return false;
    }
    let worth = |c: u8| u32::from(if c.is_ascii_digit() { c - b'0' } else { c - b'A' });
    let sum: u32 =
        id[..15].iter().enumerate().map(|(i, c)| if i % 2 == 0 { ODD[worth(*c) as usize] } else { worth(*c) }).sum();
    sum % 26 == u32::from(id[15] - b'A')
}

pub(super) fn dni(value: &[u8], _: Reckoning) -> bool {
    const LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";
    let id = alphanumerics(value);
    if id.len() != 9 {
        return false;
    }
    let first = match id[0] {
        b'X' => 0,
        b'Y' => 1,
        b'Z' => 2,
        c if c.is_ascii_digit() => u32::from(c - b'0'),
        _ => return false,
    };
    if !id[1..8].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let number = id[1..8].iter().fold(first, |n, d| n * 10 + u32::from(d - b'0'));
    LETTERS[(number % 23) as usize] == id[8]
}

pub(super) fn bsn(value: &[u8], _: Reckoning) -> bool {
    let (d, n) = digits(value);
    let sum = weighted(&d[..8], &[9, 8, 7, 6, 5, 4, 3, 2]);
    n == 9 && !all_same(&d[..n]) && sum % 11 == u32::from(d[8])
}

pub(super) fn nhs(value: &[u8], _: Reckoning) -> bool {
    let (d, n) = digits(value);
    let check = 11 - weighted(&d[..9], &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    n == 10 && !all_same(&d[..n]) && check != 10 && check % 11 == u32::from(d[9])
}

pub(super) fn pesel(value: &[u8], _: Reckoning) -> bool {
    let (d, n) = digits(value);
    let sum = weighted(&d[..10], &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3]);
    let (month, day) = (number(&d[2..4]) % 20, number(&d[4..6]));
    n == 11 && (1..=12).contains(&month) && (1..=31).contains(&day) && (10 - sum % 10) % 10 == u32::from(d[10])
}

pub(super) fn china_id(value: &[u8], reckoning: Reckoning) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let id = alphanumerics(value);
    if id.len() != 18 || !id[..17].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let (d, _) = digits(&id[..17]);
    let check = b"10X98765432"[(weighted(&d[..17], &WEIGHTS) % 11) as usize];
    // The date of birth inside is a rule of its own: numbers whose last character is wrong tell a person all the same.
    let born = (1900..=reckoning.year as u64).contains(&number(&d[6..10])) && date(&id[6..14], reckoning);
    born || check == id[17]
}

pub(super) fn nif(value: &[u8], _: Reckoning) -> bool {
    let (d, n) = digits(value);
    let rest = weighted(&d[..8], &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    n == 9 && d[0] != 0 && u32::from(d[8]) == if rest < 2 { 0 } else { 11 - rest }
}

pub(super) fn tckn(value: &[u8], _: Reckoning) -> bool {
    let (d, n) = digits(value);
    let at = |i: usize| i32::from(d[i]);
    let odd: i32 = (0..9).step_by(2).map(at).sum();
    let even: i32 = (1..8).step_by(2).map(at).sum();
    let first: i32 = (0..10).map(at).sum();
    n == 11 && d[0] != 0 && (odd * 7 - even).rem_euclid(10) == at(9) && first % 10 == at(10)
}

pub(super) fn my_number(value: &[u8], _: Reckoning) -> bool {
    let (d, n) = digits(value);
    let rest = weighted(&d[..11], &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    n == 12 && !all_same(&d[..n]) && u32::from(d[11]) == if rest <= 1 { 0 } else { 11 - rest }
}

pub(super) fn rrn(value: &[u8], _: Reckoning) -> bool {
    let (d, n) = digits(value);
    let sum = weighted(&d[..12], &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]);
    n == 13 && (1..=12).contains(&number(&d[2..4])) && (11 - sum % 11) % 10 == u32::from(d[12])
}

pub(super) fn israel_id(value: &[u8], _: Reckoning) -> bool {
    let (d, n) = digits(value);
    n == 9 && !all_same(&d[..n]) && luhn_digits(&d[..n])
}

pub(super) fn cnp(value: &[u8], _: Reckoning) -> bool {
    let (d, n) = digits(value);
    let rest = weighted(&d[..12], &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
    n == 13 && d[0] != 0 && u32::from(d[12]) == if rest == 10 { 1 } else { rest }
}

pub(super) fn sin(value: &[u8], _: Reckoning) -> bool {
    let (d, n) = digits(value);
    n == 9 && d[0] != 0 && !all_same(&d[..n]) && luhn_digits(&d[..n])
}

pub(super) fn personnummer(value: &[u8], _: Reckoning) -> bool {
    let (d, n) = digits(value);
    let ten = match n {
        10 => &d[..10],
        12 => &d[2..12],
        _ => return false,
    };
    let day = number(&ten[4..6]) % 60;
    (1..=12).contains(&number(&ten[2..4])) && (1..=31).contains(&day) && luhn_digits(ten)
}

pub(super) fn thai_id(value: &[u8], _: Reckoning) -> bool {
    let (d, n) = digits(value);
    let sum = weighted(&d[..12], &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
    n == 13 && d[0] != 0 && (11 - sum % 11) % 10 == u32::from(d[12])
}

pub(super) fn egypt_id(value: &[u8], _: Reckoning) -> bool {
    let (d, n) = digits(value);
    n == 14 && matches!(d[0], 2 | 3) && (1..=12).contains(&number(&d[3..5])) && (1..=31).contains(&number(&d[5..7]))
}
