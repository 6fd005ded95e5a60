//! The cohort that every package was given, and our audits of it.

use std::collections::{BTreeMap, BTreeSet};

use medattest_metrics::{Audit, GroupEstimates, Grouping, Options, Rows, audit};

/// Where the cohort and the reference files are.
pub(crate) const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/parity");

/// The threshold behind the column `prediction`: flagged when score >= 0.3.
pub(crate) const THRESHOLD: f64 = 0.3;

/// The columns of `cohort.csv`, as text.
pub(crate) struct Cohort {
    columns: BTreeMap<String, Vec<String>>,
    rows: usize,
}

impl Cohort {
    /// Reads the file; it has no quoted fields.
    pub(crate) fn load() -> Self {
        let text = std::fs::read_to_string(format!("{FOLDER}/cohort.csv")).expect("the cohort");
        let mut lines = text.lines();
        let head: Vec<&str> = lines.next().expect("a header").split(',').collect();
        let mut columns: Vec<Vec<String>> = vec![Vec::new(); head.len()];
        let mut rows = 0;
        for line in lines {
            let fields: Vec<&str> = line.split(',').collect();
            assert_eq!(fields.len(), head.len(), "{line}");
            for (column, field) in columns.iter_mut().zip(fields) {
                column.push(field.to_owned());
            }
            rows += 1;
        }
        assert_eq!(rows, 2400, "rows of the cohort");
        Self { columns: head.into_iter().map(str::to_owned).zip(columns).collect(), rows }
    }

    fn column(&self, name: &str) -> &[String] {
        self.columns.get(name).map(Vec::as_slice).expect("a column of the cohort")
    }

    /// The rows that a filter of the reference files keeps.
    pub(crate) fn kept(&self, filter: &str) -> Vec<usize> {
        let (race, sex) = (self.column("race"), self.column("sex"));
        let either = |row: usize, other: &str| race[row] == "A" || race[row] == other;
        let keep = |row: usize| match filter {
            "all" => true,
            "no-missing-race" => !race[row].is_empty(),
            "no-sex-u" => sex[row] != "U",
            "no-missing-race-no-sex-u" => !race[row].is_empty() && sex[row] != "U",
            "race-a-b" => either(row, "B"),
            "race-a-c" => either(row, "C"),
            "race-a-d" => either(row, "D"),
            other => panic!("row filter {other}"),
        };
        (0..self.rows).filter(|&row| keep(row)).collect()
    }

    /// The same, of one group of an attribute; everyone where none is named.
    pub(crate) fn members(&self, filter: &str, attribute: Option<&str>, group: Option<&str>) -> Vec<usize> {
        let kept = self.kept(filter);
        let (Some(attribute), Some(group)) = (attribute, group) else { return kept };
        let (names, codes) = self.levels(attribute, &kept, "");
        let mine = names.iter().position(|name| name == group).expect("a group of the attribute");
        kept.into_iter().zip(codes).filter(|(_, code)| *code as usize == mine).map(|(row, _)| row).collect()
    }

    /// A column of numbers.
    pub(crate) fn numbers(&self, column: &str, rows: &[usize]) -> Vec<f64> {
        let column = self.column(column);
        rows.iter().map(|&row| column[row].parse().expect("a number")).collect()
    }

    /// A column of 0 and 1.
    pub(crate) fn flags(&self, column: &str, rows: &[usize]) -> Vec<bool> {
        let column = self.column(column);
        rows.iter().map(|&row| column[row] == "1").collect()
    }

    /// A column of names, as places in a list of them.
    pub(crate) fn places(&self, column: &str, names: &[&str], rows: &[usize]) -> Vec<u32> {
        let column = self.column(column);
        let place =
            |row: &usize| names.iter().position(|name| *name == column[*row]).expect("a name of the list") as u32;
        rows.iter().map(place).collect()
    }

    /// Number of the patient of each row, without gaps.
    pub(crate) fn patients(&self, rows: &[usize]) -> Vec<u32> {
        let column = self.column("patient");
        let known: BTreeSet<&str> = rows.iter().map(|&row| column[row].as_str()).collect();
        let number: BTreeMap<&str, u32> = known.into_iter().zip(0..).collect();
        rows.iter().map(|&row| number[column[row].as_str()]).collect()
    }

    /// The values of an attribute in ascending order, and that of each row. An intersection has a group for every
    /// combination, also where no row is in it.
    pub(crate) fn levels(&self, attribute: &str, rows: &[usize], missing_as: &str) -> (Vec<String>, Vec<u32>) {
        let mut names = vec![String::new()];
        let mut codes = vec![0_u32; rows.len()];
        for (at, part) in attribute.split(" x ").enumerate() {
            let column = self.column(part);
            let value = |row: usize| if column[row].is_empty() { missing_as } else { column[row].as_str() };
            let values: Vec<&str> = rows.iter().map(|&row| value(row)).collect();
            let distinct: BTreeSet<&str> = values.iter().copied().collect();
            let levels: Vec<&str> = distinct.into_iter().collect();
            for (code, value) in codes.iter_mut().zip(&values) {
                let level = levels.binary_search(value).expect("a level");
                *code = *code * levels.len() as u32 + level as u32;
            }
            let mut longer = Vec::with_capacity(names.len() * levels.len());
            for name in &names {
                for level in &levels {
                    longer.push(if at == 0 { (*level).to_owned() } else { format!("{name} x {level}") });
                }
            }
            names = longer;
        }
        (names, codes)
    }
}

/// What an audit is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    /// Name of the row filter.
    pub(crate) rows: String,
    /// One or more columns joined by " x "; none for everyone in one group.
    pub(crate) attribute: Option<String>,
    pub(crate) reference: Option<String>,
    /// Everyone but the reference is one group, called "rest".
    pub(crate) rest: bool,
    /// The name that rows without a value are given.
    pub(crate) missing_as: Option<String>,
    pub(crate) weighted: bool,
    /// Whether rows of one patient belong together.
    pub(crate) clustered: bool,
    /// Whether the score is `score2`.
    pub(crate) second: bool,
}

/// An audit with the names of its groups.
pub(crate) struct Answer {
    pub(crate) names: Vec<String>,
    pub(crate) audit: Audit,
}

impl Answer {
    /// Index of a group.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| n == name)
    }

    /// The figures of a group, or of everyone where none is named.
    pub(crate) fn group(&self, name: Option<&str>) -> Option<&GroupEstimates> {
        match name {
            None => Some(&self.audit.overall),
            Some(name) => self.audit.groups.get(self.place(name)?),
        }
    }
}

/// The cohort, and every audit made so far.
pub(crate) struct Audits {
    pub(crate) cohort: Cohort,
    made: BTreeMap<Key, Answer>,
}

impl Audits {
    /// Of the cohort on disk.
    pub(crate) fn new() -> Self {
        Self { cohort: Cohort::load(), made: BTreeMap::new() }
    }

    /// The audit of this key, made once.
    pub(crate) fn of(&mut self, key: &Key) -> &Answer {
        let Self { cohort, made } = self;
        made.entry(key.clone()).or_insert_with(|| make(cohort, key))
    }
}

/// Nothing is refused for its size, as the packages refuse nothing; intervals of resamples are not compared.
pub(crate) fn options(threshold: Option<f64>) -> Options {
    Options { smallest: 1, events: 0, draws: 100, threshold, ..Options::default() }
}

/// The groups of a key, with their names.
pub(crate) fn grouping(cohort: &Cohort, key: &Key, kept: &[usize]) -> (Vec<String>, Grouping) {
    let Some(attribute) = &key.attribute else { return (Vec::new(), Grouping::everyone(kept.len())) };
    let (mut names, mut codes) = cohort.levels(attribute, kept, key.missing_as.as_deref().unwrap_or_default());
    let place = |names: &[String], name: &str| names.iter().position(|n| n == name);
    if key.rest {
        let name = key.reference.clone().expect("a reference");
        let reference = place(&names, &name).expect("the reference");
        codes.iter_mut().for_each(|code| *code = u32::from(*code as usize == reference));
        names = vec!["rest".to_owned(), name];
    }
    let reference = key.reference.as_deref().map(|name| place(&names, name).expect("the reference"));
    let missing = names.iter().map(|name| key.missing_as.as_ref() == Some(name)).collect();
    let grouping = Grouping { codes, groups: names.len(), missing, reference };
    (names, grouping)
}

fn make(cohort: &Cohort, key: &Key) -> Answer {
    let kept = cohort.kept(&key.rows);
    let rows = Rows {
        label: cohort.flags("label", &kept).into_iter().map(Some).collect(),
        predicted: Some(cohort.flags("prediction", &kept)),
        score: Some(cohort.numbers(if key.second { "score2" } else { "score" }, &kept)),
        cluster: key.clustered.then(|| cohort.patients(&kept)),
        weight: key.weighted.then(|| cohort.numbers("weight", &kept)),
        count: vec![1; kept.len()],
    };
    let (names, grouping) = grouping(cohort, key, &kept);
    let audit = audit(&rows, &[grouping], &options(Some(THRESHOLD))).pop().expect("an audit");
    Answer { names, audit }
}
