//! CSV and Parquet files, good and bad. No message may quote a cell that could be about a person.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use datafusion::dataframe::DataFrameWriteOptions;
use datafusion::prelude::{CsvReadOptions, SessionContext};
use medattest_core::{CountQuery, CountTable, DataError, Key, KeyKind, KeyValues};
use medattest_data::Counter;
use tempfile::TempDir;

const ROWS: &str = "name,sex,age,y,p,s\n\
Jane Roe,F,34,1,1,0.9\n\
Jon Doe,M,70,0,0,0.1\n\
Ann Poe,F,,0,1,0.5\n\
Max Moe,,18,1,,0.5\n\
Jane Roe,F,34,1,1,0.9\n";

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).expect("written");
        path
    }

    /// The CSV as Parquet.
    fn parquet(&self, text: &str) -> PathBuf {
        let csv = self.write("source.csv", text);
        let path = self.0.path().join("table.parquet");
        let (from, to) = (csv.to_string_lossy().into_owned(), path.to_string_lossy().into_owned());
        let runtime = tokio::runtime::Builder::new_multi_thread().build().expect("a runtime");
        runtime.block_on(async move {
            let frame = SessionContext::new().read_csv(from, CsvReadOptions::new()).await.expect("read");
            frame
                .write_parquet(&to, DataFrameWriteOptions::new().with_single_file_output(true), None)
                .await
                .expect("written");
        });
        path
    }
}

fn key(column: &str, kind: KeyKind) -> Key {
    Key { column: column.into(), kind }
}

fn query() -> CountQuery {
    CountQuery {
        filter: None,
        keys: vec![
            key("sex", KeyKind::Category(8)),
            key("age", KeyKind::Bins(vec![18.0, 65.0])),
            key("y", KeyKind::Binary),
            key("p", KeyKind::Binary),
            key("s", KeyKind::Probability(1000)),
            key("name", KeyKind::Cluster),
        ],
    }
}

fn count(path: &Path, query: &CountQuery) -> Result<CountTable, DataError> {
    Counter::new().count(path, "table", query)
}

fn error(path: &Path, query: &CountQuery) -> DataError {
    let error = count(path, query).expect_err("the file is bad");
    let said = error.to_string();
    for name in ["Jane", "Roe", "Doe", "Poe", "4471203"] {
        assert!(!said.contains(name), "{said}");
    }
    assert_eq!(error.table, "table");
    error
}

#[test]
fn csv_and_parquet_give_the_same_counts() {
    let folder = Folder::new();
    let csv = count(&folder.write("t.csv", ROWS), &query()).expect("counted");
    let parquet = count(&folder.parquet(ROWS), &query()).expect("counted");
    assert_eq!(csv, parquet);
    assert_eq!(csv.counts, [1, 2, 1, 1]);
    let KeyValues::Category { labels, codes } = &csv.keys[0] else { panic!("groups") };
    assert_eq!(
        (labels.as_slice(), codes.as_slice()),
        (&["(missing)".to_owned(), "F".into(), "M".into()][..], &[0, 1, 1, 2][..])
    );
    let KeyValues::Category { labels, codes } = &csv.keys[1] else { panic!("bins") };
    assert_eq!(labels, &["18 to under 65", "65 and over", "(missing)"]);
    assert_eq!(codes, &[0, 0, 2, 1]);
    assert_eq!(csv.keys[2], KeyValues::Binary(vec![Some(true), Some(true), Some(false), Some(false)]));
    assert_eq!(csv.keys[3], KeyValues::Binary(vec![None, Some(true), Some(true), Some(false)]));
}

#[test]
fn a_filter_limits_what_is_counted() {
    let folder = Folder::new();
    let path = folder.write("t.csv", ROWS);
    let filtered = CountQuery { filter: Some("sex = 'F' and age > 20".into()), ..query() };
    assert_eq!(count(&path, &filtered).expect("counted").counts, [2]);
    let wrong = CountQuery { filter: Some("sxe = 'F'".into()), ..query() };
    assert_eq!(error(&path, &wrong).code, "filter");
    let broken = CountQuery { filter: Some("sex = ".into()), ..query() };
    assert_eq!(error(&path, &broken).code, "filter");
}

#[test]
fn labels_may_be_numbers_words_or_truth_values() {
    let folder = Folder::new();
    let query = CountQuery { filter: None, keys: vec![key("y", KeyKind::Binary)] };
    for text in ["y\n1\n0\n", "y\n1.0\n0.0\n", "y\ntrue\nfalse\n", "y\n\"True \"\n false\n"] {
        let counted = count(&folder.write("t.csv", text), &query).expect(text);
        assert_eq!(counted.keys[0], KeyValues::Binary(vec![Some(false), Some(true)]), "{text}");
    }
}

#[test]
fn a_missing_file_and_an_unknown_kind_are_named() {
    let folder = Folder::new();
    assert_eq!(error(&folder.0.path().join("none.csv"), &query()).code, "table-missing");
    assert_eq!(error(&folder.write("t.xlsx", "x"), &query()).code, "table-format");
}

#[test]
fn a_wrong_column_comes_with_what_was_meant() {
    let folder = Folder::new();
    let wrong = CountQuery { filter: None, keys: vec![key("sxe", KeyKind::Category(8))] };
    let error = error(&folder.write("t.csv", ROWS), &wrong);
    assert_eq!((error.code, error.hint.as_str()), ("column-missing", "did you mean `sex`?"));
}

#[test]
fn a_file_without_column_names_does_not_show_its_first_patient() {
    let folder = Folder::new();
    let rows: String = ROWS.lines().skip(1).map(|line| format!("{line}\n")).collect();
    let error = error(&folder.write("t.csv", &rows), &query());
    assert!(error.message.contains("no line with column names"), "{error}");
}

#[test]
fn a_label_that_is_no_label_names_the_row() {
    let folder = Folder::new();
    let error1 = error(&folder.write("t.csv", &ROWS.replace("0,1,0.5", "2,1,0.5")), &query());
    assert_eq!(
        (error1.code, error1.message.as_str()),
        ("label-not-binary", "expected 0 or 1 in column `y`, found 2 in data row 3")
    );
    let names = CountQuery { filter: None, keys: vec![key("name", KeyKind::Binary)] };
    let error2 = error(&folder.write("t.csv", ROWS), &names);
    assert_eq!(error2.message, "expected 0 or 1 in column `name`, found a text of 8 characters in data row 1");
    let ids = CountQuery { filter: None, keys: vec![key("id", KeyKind::Binary)] };
    let error3 = error(&folder.write("t.csv", "id\n4471203\n"), &ids);
    assert!(error3.message.contains("found a large number in data row 1"), "{error3}");
}

#[test]
fn probabilities_outside_their_range_and_nan_are_refused() {
    let folder = Folder::new();
    for (value, found) in [("7.2", "7.2"), ("-0.1", "-0.1"), ("NaN", "NaN"), ("inf", "an infinite number")] {
        let text = ROWS.replace("0,1,0.5", &format!("0,1,{value}"));
        for path in [folder.write("t.csv", &text), folder.parquet(&text)] {
            let error = error(&path, &query());
            assert_eq!(error.code, "score-not-probability");
            assert_eq!(
                error.message,
                format!("expected a probability in [0,1] in column `s`, found {found} in data row 3")
            );
        }
    }
    let margin = CountQuery { filter: None, keys: vec![key("s", KeyKind::Margin(1000))] };
    assert!(count(&folder.write("t.csv", &ROWS.replace("0,1,0.5", "0,1,7.2")), &margin).is_ok());
    assert_eq!(error(&folder.write("t.csv", &ROWS.replace("0,1,0.5", "0,1,NaN")), &margin).code, "score-not-finite");
}

#[test]
fn a_misfit_outside_the_filter_does_not_matter() {
    let folder = Folder::new();
    let path = folder.write("t.csv", &ROWS.replace("0,1,0.5", "2,1,0.5"));
    let filtered = CountQuery { filter: Some("sex = 'M'".into()), ..query() };
    assert_eq!(count(&path, &filtered).expect("counted").counts, [1]);
}

#[test]
fn an_identifier_is_no_group() {
    let folder = Folder::new();
    let many = CountQuery { filter: None, keys: vec![key("name", KeyKind::Category(3))] };
    let error = error(&folder.write("t.csv", ROWS), &many);
    assert_eq!(error.code, "too-many-groups");
    assert!(error.message.contains("has 4 distinct values; at most 3"), "{error}");
}

#[test]
fn damaged_files_are_told_from_wrong_ones() {
    let folder = Folder::new();
    let whole = fs::read(folder.parquet(ROWS)).expect("read");
    let cut = folder.0.path().join("cut.parquet");
    fs::write(&cut, &whole[..whole.len() / 2]).expect("written");
    assert_eq!(error(&cut, &query()).code, "table-damaged");
    assert_eq!(error(&folder.write("text.parquet", ROWS), &query()).code, "table-damaged");
    let ragged = error(&folder.write("t.csv", &ROWS.replace("Jon Doe,M,", "Jon Doe,M,M,M,")), &query());
    assert_eq!(ragged.code, "table-damaged");
    assert!(ragged.message.contains("line 3"), "{ragged}");
    assert_eq!(error(&folder.write("empty.csv", ""), &query()).code, "empty-table");
}

#[test]
fn a_table_without_rows_has_no_counts() {
    let folder = Folder::new();
    let header = ROWS.lines().next().expect("a header");
    let counted = count(&folder.write("t.csv", &format!("{header}\n")), &query()).expect("counted");
    assert!(counted.counts.is_empty());
}

#[test]
fn many_scores_go_on_a_grid_that_says_how_coarse_it_is() {
    let folder = Folder::new();
    let mut text = String::from("y,s\n");
    for i in 0..30_000 {
        text.push_str(&format!("{},{}\n", i % 2, f64::from(i) / 30_000.0));
    }
    let path = folder.write("t.csv", &text);
    let query = |limit| CountQuery { filter: None, keys: vec![key("s", KeyKind::Probability(limit))] };
    let exact = count(&path, &query(30_000)).expect("counted");
    assert_eq!((exact.counts.len(), half_cell(&exact)), (30_000, 0.0));
    let grid = count(&path, &query(29_999)).expect("counted");
    assert_eq!(grid.counts.iter().sum::<u64>(), 30_000);
    assert!(grid.counts.len() <= 10_000);
    assert!((half_cell(&grid) - 0.000_05).abs() < 1e-12);
    let margin = CountQuery { filter: None, keys: vec![key("s", KeyKind::Margin(29_999))] };
    assert!(count(&path, &margin).expect("counted").counts.len() <= 10_001);
}

fn half_cell(table: &CountTable) -> f64 {
    match &table.keys[0] {
        KeyValues::Score { half_cell, .. } => *half_cell,
        _ => panic!("a score"),
    }
}
