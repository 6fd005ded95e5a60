//! What authors are told: every mistake at once, with file, line, value and hint.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use medattest_core::{Diagnostic, Library, SourceFile, Status, law_on};
use support::{Memory, PROJECT, catalog, faults, library, pack, project, small_library};

fn shown(diagnostics: &[Diagnostic]) -> Vec<String> {
    diagnostics.iter().map(ToString::to_string).collect()
}

#[test]
fn every_mistake_of_a_file_is_reported_at_once() {
    let system = "\
id = \"one\"
[system]
nmae = \"x\"
markets = [\"us\", \"mars\"]
[a]
yes = \"true\"
kind = \"rde\"
[performance]
traits = [\"sex\"]
[t]
class = \"high\"
[org]
name = \"x\"
";
    let found = shown(&faults(&[("medattest.toml", PROJECT), ("systems/one.toml", system)]));
    assert_eq!(
        found,
        [
            "systems/one.toml:3:8: `system.nmae` is not known [unknown-fact]\n  hint: did you mean `system.name`?",
            "systems/one.toml:4:18: \"mars\" is not a value of `system.markets` [not-a-choice]\n  hint: use one of: us, eu",
            "systems/one.toml:6:7: expected true or false for `a.yes`, found \"true\" [wrong-type]\n  hint: write true or false without quotes",
            "systems/one.toml:7:8: \"rde\" is not a value of `a.kind` [not-a-choice]\n  hint: did you mean \"red\"? use one of: red, blue",
            "systems/one.toml:9:10: `performance.traits` is measured by the bias engine and cannot be stated [measured-not-stated]\n  hint: describe the data with a [[table]]; the figure is then measured",
            "systems/one.toml:11:9: `t.class` is concluded by pack t and cannot be stated [concluded-not-stated]\n  hint: state the facts it rests on",
            "systems/one.toml:13:8: `org.name` is a fact about the organisation [fact-in-wrong-file]\n  hint: move it to medattest.toml",
        ]
    );
}

fn codes(diagnostics: &[Diagnostic]) -> Vec<&'static str> {
    diagnostics.iter().map(|d| d.code).collect()
}

#[test]
fn a_duplicate_id_names_both_files() {
    let found =
        faults(&[("medattest.toml", PROJECT), ("systems/a.toml", "id = \"x\""), ("systems/b.toml", "id = \"x\"")]);
    assert_eq!(codes(&found), ["duplicate-system"]);
    assert!(found[0].to_string().contains("systems/b.toml: system id `x` is already used by systems/a.toml"));
}

#[test]
fn a_cyclic_include_shows_the_circle() {
    let found = faults(&[
        ("medattest.toml", PROJECT),
        ("systems/a.toml", "id = \"x\"\ninclude = [\"_b.toml\"]"),
        ("systems/_b.toml", "include = [\"_c.toml\"]"),
        ("systems/_c.toml", "include = [\"_b.toml\"]"),
    ]);
    assert_eq!(codes(&found), ["cyclic-include"]);
    assert!(found[0].message.contains("systems/_b.toml → systems/_c.toml → systems/_b.toml"), "{}", found[0].message);
}

#[test]
fn paths_that_leave_the_project_are_refused() {
    let table = "id = \"x\"\n[[table]]\nid = \"t\"\npath = \"../../etc/passwd\"\n[table.columns]\nlabel = \"y\"\nscore = \"s\"";
    for (system, project) in [
        ("id = \"x\"\ninclude = [\"../secret.toml\"]", PROJECT.to_owned()),
        ("id = \"x\"\ninclude = [\"/etc/passwd\"]", PROJECT.to_owned()),
        (table, PROJECT.to_owned()),
        ("id = \"x\"", format!("packs-from = [\"../packs\"]\n{PROJECT}")),
    ] {
        let found = faults(&[("medattest.toml", &project), ("systems/a.toml", system)]);
        assert!(codes(&found).contains(&"unsafe-path"), "{found:?}");
    }
}

#[test]
fn a_file_too_large_is_not_read() {
    let large = format!("id = \"x\" # {}", "x".repeat(10_000_000));
    let found = faults(&[("medattest.toml", PROJECT), ("systems/a.toml", &large)]);
    assert!(found[0].message.contains("at most 1048576 are read"), "{found:?}");
}

#[test]
fn syntax_errors_have_a_place() {
    let found = faults(&[("medattest.toml", PROJECT), ("systems/a.toml", "id = \"x\"\n[a\nyes = true")]);
    assert_eq!(codes(&found).first(), Some(&"toml-syntax"));
    assert_eq!(found[0].place.line, Some(2));
}

#[test]
fn unknown_keys_of_the_project_are_named_with_what_was_meant() {
    let found = faults(&[
        (
            "medattest.toml",
            "[gate]\nfail_on = \"high\"\n[[waiver]]\nrule = \"t/undnoe\"\nsystem = \"x\"\nreason = \"r\"\napprover = \"a\"\n[org]\nname = \"n\"",
        ),
        ("systems/a.toml", "id = \"x\""),
    ]);
    assert_eq!(codes(&found), ["unknown-key", "missing-key", "unknown-rule"]);
    assert!(found[0].to_string().contains("did you mean `fail-on`?"));
    assert!(found[1].to_string().contains("`waiver.expires` is missing"));
}

#[test]
fn waivers_name_what_exists() {
    let waiver =
        "[[waiver]]\nrule = \"t/undnoe\"\nsystem = \"y\"\nreason = \"r\"\napprover = \"a\"\nexpires = 2027-01-01\n";
    let found = faults(&[("medattest.toml", waiver), ("systems/a.toml", "id = \"x\"")]);
    assert_eq!(codes(&found), ["unknown-rule", "unknown-system"]);
    assert!(found[0].to_string().contains("did you mean `t/undone`?"));
}

#[test]
fn includes_are_overridden_and_statements_cover_what_they_name() {
    let world = Memory::with(&[
        ("medattest.toml", PROJECT),
        (
            "systems/a.toml",
            "id = \"x\"\ninclude = [\"_base.toml\"]\n[a]\nkind = \"blue\"\n[statement]\nby = \"Jane\"\non = 2026-01-01\n[[statement.about]]\nfacts = [\"a.*\"]\nby = \"Joe\"\ndocument = \"doc.md\"",
        ),
        ("systems/_base.toml", "[a]\nkind = \"red\"\nyes = true"),
        ("doc.md", "text"),
    ]);
    let library = small_library();
    let project = project(&world, &library);
    let facts = &project.systems[0].facts;
    assert_eq!(facts.value("a.kind").map(ToString::to_string), Some("blue".into()));
    assert_eq!(facts.value("a.yes").map(ToString::to_string), Some("yes".into()));
    assert_eq!(
        facts.value("system.markets").map(ToString::to_string),
        Some("us".into()),
        "falls back to org.markets"
    );
    let kind = facts.get("a.kind", &medattest_core::Subject::system()).expect("stated");
    let medattest_core::Provenance::Stated(Some(statement)) = &kind.provenance else { panic!("stated by someone") };
    assert_eq!((statement.by.as_str(), statement.on.to_string().as_str()), ("Joe", "2026-01-01"));
    assert_eq!(statement.document_sha256.as_deref(), Some(medattest_core::sha256_hex(b"text").as_str()));
}

#[test]
fn a_statement_cannot_end_before_it_begins() {
    let system = "id = \"x\"\n[statement]\nby = \"Jane\"\non = 2026-01-01\nuntil = 2025-01-01";
    let found = faults(&[("medattest.toml", PROJECT), ("systems/a.toml", system)]);
    assert_eq!(codes(&found), ["statement-ends-before-it-begins"]);
}

#[test]
fn a_document_that_does_not_exist_is_a_mistake() {
    let system = "id = \"x\"\n[statement]\nby = \"Jane\"\non = 2026-01-01\ndocument = \"doc.md\"";
    let found = faults(&[("medattest.toml", PROJECT), ("systems/a.toml", system)]);
    assert_eq!(codes(&found), ["unreadable"]);
    assert_eq!(found[0].place.file, "doc.md");
}

#[test]
fn a_pack_with_a_type_error_is_refused_with_its_place() {
    let broken = |from: &str, to: &str| {
        let files: Vec<SourceFile> =
            pack().iter().map(|f| SourceFile::new(&f.name, &f.text.replace(from, to))).collect();
        shown(&Library::load(&[catalog()], &files).1).join("\n")
    };
    assert!(broken("check = 'a.done'", "check = 'a.dnoe'").contains("did you mean `a.done`?"));
    assert!(
        broken("check = 'a.done'", "check = 'a.kind'")
            .contains("a predicate must be yes/no; this is one of red, blue")
    );
    assert!(
        broken("a.kind == \"red\"", "a.kind == \"rde\"").contains("\"rde\" is never the value of one of red, blue")
    );
    assert!(
        broken("a.kind == \"red\"", "a.kind == 3")
            .contains("`==` cannot be applied to one of red, blue and a whole number")
    );
    assert!(broken("check = 'a.done'", "check = 'has(a.done)'").contains("has() would turn"));
    assert!(broken("check = 'a.done'", "check = 'a.done &&'").contains("[predicate]"));
    assert!(broken("serves = [\"later\"]", "serves = [\"nope\"]").contains("requirement `nope` does not exist"));
    assert!(
        broken("check = 'a.done'", "check = 'group.rows > 3'").contains("cannot be read by what looks at the system")
    );
    assert!(broken("{a.kind}", "{a.kidn}").contains("[unknown-placeholder]"));
    assert!(broken("confidence = \"recalled\"", "confidence = \"sure\"").contains("[not-a-choice]"));
    assert!(broken("'!a.yes ||", "'t.class == \"low\" ||").contains("[cyclic-classification]"));
    assert!(broken("what = \"a\"", "wath = \"a\"").contains("`rule.explanation.what` is missing"));
    assert!(broken("jurisdiction = \"US\"\n", "").contains("t/pack.toml:1:1: `jurisdiction` is missing"));
}

#[test]
fn a_predicate_as_deep_as_a_stack_is_refused_or_survived() {
    let deep = format!("check = '{}a.done{}'", "(".repeat(3000), ")".repeat(3000));
    let files: Vec<SourceFile> =
        pack().iter().map(|f| SourceFile::new(&f.name, &f.text.replace("check = 'a.done'", &deep))).collect();
    let (_, diagnostics) = Library::load(&[catalog()], &files);
    assert!(!diagnostics.is_empty());
}

#[test]
fn the_catalogue_refuses_what_it_does_not_know() {
    let bad = SourceFile::new(
        "catalog/bad.toml",
        "[[fact]]\nkey = \"a.b.c\"\ntype = \"bool\"\ntitle = \"x\"\n[[fact]]\nkey = \"a.b\"\ntype = \"colour\"\ntitle = \"x\"\n[[fact]]\nkey = \"a.yes\"\ntype = \"bool\"\ntitle = \"x\"\nkolour = 1\n",
    );
    let (_, diagnostics) = Library::load(&[catalog(), bad], &[]);
    let found = codes(&diagnostics);
    for code in ["fact-key-form", "unknown-fact-type", "duplicate-fact", "unknown-key"] {
        assert!(found.contains(&code), "{code} in {found:?}");
    }
}

#[test]
fn the_packs_of_the_repository_come_out_as_their_scenarios_say() {
    let (library, files) = library();
    let scenarios: Vec<SourceFile> =
        files.into_iter().filter(|f| f.name.ends_with(".md") && !f.name.ends_with("README.md")).collect();
    let known = scenarios.iter().filter(|f| f.name.contains("known-systems/")).count();
    assert!(known >= 25, "{known} known systems");
    let (report, mistakes) = medattest_core::run_scenarios(&library, &scenarios);
    assert_eq!(mistakes, []);
    let failed: Vec<String> =
        report.failures.iter().map(|f| format!("{} [{}] {}: {}", f.place, f.scenario, f.what, f.got)).collect();
    assert_eq!(failed, Vec::<String>::new());
    assert!(report.expectations > 1000);
}

#[test]
fn a_scenario_that_is_wrong_fails() {
    let (library, _) = library();
    let file = SourceFile::new(
        "x.md",
        "```toml\nas-of = 2026-11-24\n[system]\nmarkets = [\"us\"]\n```\n## A wrong one\n```toml\n[purpose]\nmedical = false\n```\n```expect\nimdrf-samd.category = IV\nus-hipaa/risk-analysis-missing = met\n```\n",
    );
    let (report, mistakes) = medattest_core::run_scenarios(&library, &[file]);
    assert_eq!(mistakes, []);
    assert_eq!((report.scenarios, report.expectations, report.failures.len()), (1, 2, 2));
    assert_eq!(report.failures[0].place.line, Some(12));
}

/// A requirement, its standing, since when, and for which systems.
type Standing = (String, Status, Option<String>, Option<String>);

#[test]
fn both_sides_of_every_date_of_every_pack() {
    let (library, _) = library();
    let on = |day: Date| -> BTreeSet<Standing> {
        let stands = law_on(&library.packs, day).into_iter();
        let named = |s: medattest_core::Stand| (format!("{}/{}", s.pack, s.requirement), s.status, s.from, s.when);
        stands.map(named).collect()
    };
    let mut days: BTreeMap<Date, BTreeSet<Standing>> = BTreeMap::new();
    let mut stands = |day: Date, what: &Standing| days.entry(day).or_insert_with(|| on(day)).contains(what);
    let mut dates = 0;
    for pack in library.packs.iter() {
        for requirement in &pack.requirements {
            let id = format!("{}/{}", pack.id, requirement.id);
            for entry in &requirement.statuses {
                let what = (id.clone(), entry.status, entry.from.map(|day| day.to_string()), entry.when_source());
                // Days before the pack's first are not told.
                if let Some((from, before)) = entry.from.map(|day| (day, day.yesterday().expect("a day before")))
                    && before >= pack.earliest
                {
                    assert!(stands(from, &what), "{id} is not {} on {from}", entry.status);
                    assert!(!stands(before, &what), "{id} is {} a day early, on {before}", entry.status);
                    dates += 1;
                }
                if let Some((until, before)) = entry.until.map(|day| (day, day.yesterday().expect("a day before")))
                    && before >= pack.earliest
                {
                    assert!(!stands(until, &what), "{id} is still {} on {until}", entry.status);
                    assert!(stands(before, &what), "{id} is no longer {} on {before}", entry.status);
                    dates += 1;
                }
            }
        }
    }
    assert!(dates > 500, "{dates}");
}
