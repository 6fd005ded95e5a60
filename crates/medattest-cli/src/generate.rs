//! The synthetic data of the demo: no row is about anybody. The same seed always gives the same bytes.
//!
//! Each table has faults an audit should find, as they occur in practice: a score that was fitted on one population
//! and under-predicts another, a scanner whose images a model reads badly, a self-check that works in one language.

use std::fmt::Write as _;

use rand::{Rng, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, Normal};

/// The default seed.
pub(crate) const SEED: u64 = 20_261_124;

/// The tables of the demo: path within the project, and CSV text.
pub(crate) fn tables(seed: u64) -> Vec<(&'static str, String)> {
    let mut tables =
        vec![("data/sepsis.csv", sepsis(seed)), ("data/triage.csv", triage(seed)), ("data/scribe.csv", scribe(seed))];
    tables.extend(LIVE.iter().map(|(path, month)| (*path, live(seed, *month))));
    tables
}

/// Months in which the score of the demo is watched.
const LIVE: [(&str, u32); 8] = [
    ("data/sepsis-live/2026-03.csv", 3),
    ("data/sepsis-live/2026-04.csv", 4),
    ("data/sepsis-live/2026-05.csv", 5),
    ("data/sepsis-live/2026-06.csv", 6),
    ("data/sepsis-live/2026-07.csv", 7),
    ("data/sepsis-live/2026-08.csv", 8),
    ("data/sepsis-live/2026-09.csv", 9),
    ("data/sepsis-live/2026-10.csv", 10),
];

/// A month of the score in use. From September lactate is often missing at one site, read higher elsewhere, and more
/// patients fall ill than the score says.
fn live(seed: u64, month: u32) -> String {
    let mut rng = generator(seed, 100 + u64::from(month));
    let changed = month >= 9;
    let mut csv = String::from("seen,patient,age,sex,race,site,lactate,sepsis,score\n");
    for row in 0..1_500 {
        let age = age(&mut rng, 63.0, 17.0);
        let sex = pick(&mut rng, &[("F", 0.51), ("M", 0.49)]);
        let race = pick(&mut rng, &[("White", 0.58), ("Black", 0.21), ("Hispanic", 0.14), ("Asian", 0.07)]);
        let site = pick(&mut rng, &[("North", 0.45), ("South", 0.35), ("East", 0.20)]);
        let illness = normal(&mut rng);
        let risk = -3.1 + 1.1 * illness + 0.018 * (f64::from(age) - 63.0);
        let sepsis = rng.random_bool(logistic(risk + if changed { 0.6 } else { 0.0 }));
        let score = logistic(risk + 0.45 * normal(&mut rng));
        let lactate = (1.6 + 0.5 * illness + 0.4 * normal(&mut rng)).max(0.3) + if changed { 0.3 } else { 0.0 };
        let lost = changed && site == "North" && rng.random_bool(0.6) || rng.random_bool(0.03);
        let lactate = if lost { String::new() } else { format!("{lactate:.1}") };
        let day = rng.random_range(1..29u32);
        let _ = writeln!(
            csv,
            "2026-{month:02}-{day:02},L{month:02}{row:04},{age},{sex},{race},{site},{lactate},{},{score:.4}",
            u8::from(sepsis)
        );
    }
    csv
}

/// A generator of its own for each table, so that a change to one leaves the others as they are.
fn generator(seed: u64, table: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(table);
    rng
}

/// One of the values, by weight.
fn pick<'a>(rng: &mut impl Rng, weighted: &[(&'a str, f64)]) -> &'a str {
    let mut left = rng.random::<f64>() * weighted.iter().map(|(_, weight)| weight).sum::<f64>();
    for (value, weight) in weighted {
        left -= weight;
        if left < 0.0 {
            return value;
        }
    }
    weighted.last().map_or("", |(value, _)| value)
}

fn normal(rng: &mut impl Rng) -> f64 {
    Normal::new(0.0, 1.0).map_or(0.0, |normal: Normal<f64>| normal.sample(rng))
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn age(rng: &mut impl Rng, mean: f64, spread: f64) -> u32 {
    (mean + spread * normal(rng)).round().clamp(18.0, 99.0) as u32
}

/// Encounters with an early-warning score. The score misses part of the risk of Black patients, over-predicts at one
/// site, and one group is too small to be judged.
fn sepsis(seed: u64) -> String {
    let mut rng = generator(seed, 1);
    let mut csv = String::from("patient,age,sex,race,site,sepsis,alert,score\n");
    for patient in 0..9_000 {
        let age = age(&mut rng, 63.0, 17.0);
        let sex = pick(&mut rng, &[("F", 0.51), ("M", 0.49)]);
        let race = pick(
            &mut rng,
            &[("White", 0.58), ("Black", 0.21), ("Hispanic", 0.14), ("Asian", 0.069), ("Pacific Islander", 0.000_4)],
        );
        let site = pick(&mut rng, &[("North", 0.45), ("South", 0.35), ("East", 0.20)]);
        let visits = if rng.random_bool(0.2) { 2 } else { 1 };
        let frailty = normal(&mut rng);
        for _ in 0..visits {
            let illness = 0.7 * frailty + normal(&mut rng);
            let unseen = if race == "Black" { 0.75 } else { 0.0 };
            let risk = -3.35 + 0.95 * illness + 0.018 * (f64::from(age) - 63.0) + unseen;
            let sepsis = rng.random_bool(logistic(risk));
            let site_shift = if site == "East" { 0.8 } else { 0.0 };
            let score = logistic(risk - unseen + site_shift + 0.45 * normal(&mut rng));
            let alert = score >= 0.12;
            let _ = writeln!(
                csv,
                "P{patient:05},{age},{sex},{race},{site},{},{},{score:.4}",
                u8::from(sepsis),
                u8::from(alert)
            );
        }
    }
    csv
}

/// Chest studies with a triage flag. Studies of one scanner are read worse.
fn triage(seed: u64) -> String {
    let mut rng = generator(seed, 2);
    let mut csv = String::from("study,age,sex,scanner,site,finding,flagged,score\n");
    for study in 0..6_000 {
        let age = age(&mut rng, 58.0, 18.0);
        let sex = pick(&mut rng, &[("F", 0.48), ("M", 0.52)]);
        let scanner = pick(&mut rng, &[("Altair", 0.5), ("Borealis", 0.35), ("Cygnus", 0.15)]);
        let site = pick(&mut rng, &[("Riverbend General", 0.7), ("Riverbend Dublin", 0.3)]);
        let finding = rng.random_bool(0.11);
        let signal = match (finding, scanner) {
            (false, _) => -2.1,
            (true, "Cygnus") => -0.2,
            (true, _) => 1.9,
        };
        let score = logistic(signal + 1.1 * normal(&mut rng));
        let _ = writeln!(
            csv,
            "S{study:05},{age},{sex},{scanner},{site},{},{},{score:.4}",
            u8::from(finding),
            u8::from(score >= 0.5)
        );
    }
    csv
}

/// Reviewed drafts of discharge summaries. Drafts of encounters held in other languages have more errors, and the
/// self-check sees fewer of them.
fn scribe(seed: u64) -> String {
    let mut rng = generator(seed, 3);
    let mut csv = String::from("note,age,sex,language,error,flagged\n");
    for note in 0..2_400 {
        let age = age(&mut rng, 60.0, 18.0);
        let sex = pick(&mut rng, &[("F", 0.52), ("M", 0.48)]);
        let language = pick(&mut rng, &[("English", 0.74), ("Spanish", 0.20), ("Vietnamese", 0.06)]);
        let (errs, sees) = match language {
            "English" => (0.07, 0.74),
            "Spanish" => (0.13, 0.48),
            _ => (0.19, 0.38),
        };
        let error = rng.random_bool(errs);
        let flagged = rng.random_bool(if error { sees } else { 0.06 });
        let _ = writeln!(csv, "N{note:05},{age},{sex},{language},{},{}", u8::from(error), u8::from(flagged));
    }
    csv
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        assert_eq!(tables(SEED), tables(SEED));
        assert_ne!(tables(SEED), tables(SEED + 1));
    }

    #[test]
    fn one_group_is_present_and_too_small() {
        let sepsis = sepsis(SEED);
        let rows = sepsis.lines().filter(|line| line.contains("Pacific Islander")).count();
        assert!((1..11).contains(&rows), "{rows}");
    }
}
