//! How often the defaults of the monitor alarm while nothing changes, and how soon after a change.

use std::collections::BTreeMap;
use std::process::ExitCode;

use medattest_core::monitor::{ColumnCounts, DECIDERS, DriftLimits, DriftPolicy, ValueCounts, WindowCounts, drift};
use medattest_metrics::control::{Process, run_length};
use medattest_metrics::drift::{Categories, Numbers};
use rand::{Rng, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use crate::say;

/// Columns of each sort.
const COLUMNS: usize = 10;
const REFERENCE: usize = 20_000;
const WINDOWS: usize = 300;

/// A window of invented rows: numbers to one decimal, moved by `shift` standard deviations in the first column of each
/// sort, and five labels of which `shift` times a fifth of the rows of the first one change sides.
fn window(rows: usize, shift: f64, random: &mut impl Rng) -> WindowCounts {
    let mut columns = BTreeMap::new();
    for column in 0..COLUMNS {
        let moved = if column == 0 { shift } else { 0.0 };
        let numbers = Numbers::of((0..rows).map(|_| {
            let z: f64 = StandardNormal.sample(random);
            ((z + moved) * 10.0).round() / 10.0
        }));
        let labels = Categories::of((0..rows).map(|_| {
            let label = random.random_range(0..5u32);
            let changes = label == 0 && random.random_bool(moved.min(1.0));
            format!("{}", if changes { 4 } else { label })
        }));
        for (name, values) in [
            (format!("n{column}"), ValueCounts::Numbers(numbers, 52)),
            (format!("c{column}"), ValueCounts::Categories(labels)),
        ] {
            columns.insert(name, ColumnCounts { missing: 0, unfit: 0, values });
        }
    }
    WindowCounts { id: String::new(), rows: rows as u64, columns, outcome: Default::default(), moments: None }
}

pub(crate) fn simulate() -> ExitCode {
    say("Share of windows in which a column alarms: any of 18 that did not move, and the two that did");
    say("| policy | rows | shift | false alarm in a window | numbers seen | categories seen |");
    say("| --- | ---: | ---: | ---: | ---: | ---: |");
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let reference = window(REFERENCE, 0.0, &mut random);
    for policy in [DriftPolicy::Effect, DriftPolicy::Evidently] {
        let limits = DriftLimits { policy, ..DriftLimits::default() };
        for rows in [100, 500, 2_000, 10_000] {
            for shift in [0.0, 0.1, 0.25, 0.5] {
                let (mut wrong, mut numbers, mut labels) = (0, 0, 0);
                for _ in 0..WINDOWS {
                    let found = drift(&reference, &window(rows, shift, &mut random), &limits);
                    let drifted = |name: &str| found.iter().any(|c| c.column == name && c.drifted());
                    numbers += usize::from(drifted("n0"));
                    labels += usize::from(drifted("c0"));
                    wrong += usize::from(found.iter().any(|c| c.drifted() && !c.column.ends_with('0')));
                }
                let share = |k: usize| format!("{:.0} %", 100.0 * k as f64 / WINDOWS as f64);
                say(&format!(
                    "| {policy:?} | {rows} | {shift} | {} | {} | {} |",
                    share(wrong),
                    share(numbers),
                    share(labels)
                ));
            }
        }
    }
    say("");
    say("Windows on average up to an alarm of a control chart, by how far the mean moved in standard errors");
    say("| decider | 0 | 0.5 | 1 | 2 | 3 |");
    say("| --- | ---: | ---: | ---: | ---: | ---: |");
    for (name, decider) in DECIDERS {
        let cells: Vec<String> = [0.0, 0.5, 1.0, 2.0, 3.0]
            .iter()
            .map(|shift| {
                let length = run_length(decider, Process::Mean { shift: *shift }, 4_000, 11);
                length.value().map_or("–".to_owned(), |n| format!("{n:.1}"))
            })
            .collect();
        say(&format!("| {name} | {} |", cells.join(" | ")));
    }
    ExitCode::SUCCESS
}
