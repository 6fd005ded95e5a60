//! `deid`: find, remove and measure what identifies people.

mod eval;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use medattest_core::output::json::deid_audit;
use medattest_core::output::thousands;
use medattest_core::sha256_hex;
use medattest_deid::{Cleaner, FieldClass, Key, Kind, Layers, Plan, Policy, Resources, Scanner, Survey};
use serde_json::{Value, json};

use super::{Form, Stop, Text, pretty, print, print_json, report_kind};
use crate::arguments::{DeidAudit, DeidClean, DeidCommand, DeidFormat, DeidHow};
use crate::deid::{self, MANIFEST, MANIFEST_FORM, Outcome, Replacements, Work, unusable, walk};
use crate::embedded;
use crate::progress::Progress;
use crate::terminal::{BAD, BOLD, DIM, GOOD, UNSURE, clean};
use crate::world::today;
use crate::write::write_whole;

pub(crate) fn run(command: &DeidCommand) -> Result<u8, Stop> {
    match command {
        DeidCommand::Audit(options) => audit(options),
        DeidCommand::Clean(options) => cleaned(options),
        DeidCommand::Eval(options) => eval::eval(options),
        DeidCommand::Kinds => kinds(),
    }
}

/// Recognizers: ours, amended by a folder of the user's.
fn resources(how: &DeidHow) -> Result<Resources, Stop> {
    let mut resources = embedded::recognizers();
    if let Some(folder) = &how.recognizers {
        resources.add_folder(folder).map_err(|error| unusable(&error))?;
    }
    Ok(resources)
}

fn scanner(how: &DeidHow, resources: &Resources) -> Result<(Scanner, Policy, i16), Stop> {
    let layers = if how.lists_only { Layers::Lists } else { Layers::All };
    let year = how.as_of.unwrap_or_else(today).year();
    let scanner = Scanner::load(resources, layers, year).map_err(|error| unusable(&error))?;
    let Some(policy) = scanner.kinds.policy(&how.policy) else {
        let known: Vec<&str> = scanner.kinds.policies.iter().map(|p| p.id.as_str()).collect();
        let hint = format!("policies: {}", known.join(", "));
        return Err(Stop::usage("--policy", format!("there is no policy `{}`", how.policy), hint));
    };
    let named = |option: &str, ids: &[String]| {
        ids.iter()
            .map(|id| {
                Kind::named(id).ok_or_else(|| {
                    let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.id()).collect();
                    let near = medattest_core::closest(id, known.iter().copied());
                    let hint =
                        near.map_or("see medattest deid kinds".to_owned(), |near| format!("did you mean `{near}`?"));
                    Stop::usage(option, format!("there is no kind `{id}`"), hint)
                })
            })
            .collect::<Result<Vec<_>, _>>()
    };
    let policy = policy.clone().keeping(&named("--keep", &how.keep)?).removing(&named("--remove", &how.remove)?);
    Ok((scanner, policy, year))
}

fn work(how: &DeidHow) -> Result<(Work, Resources), Stop> {
    let resources = resources(how)?;
    let (scanner, policy, year) = scanner(how, &resources)?;
    let mut work = Work::new(&resources, Arc::new(scanner), policy, year)?;
    work.further = further(how, &resources)?;
    Ok((work, resources))
}

#[cfg(feature = "transformer")]
fn further(how: &DeidHow, resources: &Resources) -> Result<Option<crate::deid::Further>, Stop> {
    how.transformer.as_deref().map(|folder| crate::deid::transformer(folder, resources)).transpose()
}

#[cfg(not(feature = "transformer"))]
fn further(how: &DeidHow, _: &Resources) -> Result<Option<crate::deid::Further>, Stop> {
    match &how.transformer {
        None => Ok(None),
        Some(_) => Err(Stop::usage(
            "--transformer",
            "this medattest was built without transformers",
            "build it with: cargo build --release -p medattest-cli --features transformer",
        )),
    }
}

fn audit(options: &DeidAudit) -> Result<u8, Stop> {
    let forms = options.write.iter().map(|path| report_kind(path)).collect::<Result<Vec<_>, _>>()?;
    let walked = walk(&options.paths)?;
    let (work, survey) = {
        let progress = Progress::start();
        progress.say("loading recognizers");
        let (work, _) = work(&options.how)?;
        let Outcome { survey, .. } = deid::run(&work, walked, None, &progress)?;
        (work, survey)
    };
    let (kinds, policy) = (&work.scanner.kinds, &work.policy);
    for (form, path) in forms.into_iter().zip(&options.write) {
        let text = match form {
            Form::Json => pretty(&deid_audit(&survey, kinds, policy))?,
            Form::Html => medattest_docs::html(&medattest_docs::deid_report(&survey, kinds, policy)),
        };
        write_whole(path, text.as_bytes())?;
    }
    match options.format {
        DeidFormat::Json => print_json(&deid_audit(&survey, kinds, policy))?,
        DeidFormat::Terminal => print(&terminal(&survey, kinds, policy, &options.write))?,
    }
    Ok(u8::from(survey.detections() > 0))
}

/// The audit on a terminal, 80 columns.
fn terminal(survey: &Survey, kinds: &medattest_deid::Kinds, policy: &Policy, written: &[PathBuf]) -> String {
    let mut text = Text::new();
    text.line(&format!(
        "{BOLD}{}{BOLD:#}  {} files, {} records, {}",
        policy.title,
        thousands(survey.files),
        thousands(survey.records),
        size(survey.bytes)
    ));
    text.styled(0, DIM, &format!("looked with {}; recognizers {}", survey.layers, &survey.recognizers_sha256[..12]));
    text.heading("45 CFR 164.514(b)(2)(i)");
    for identifier in &kinds.identifiers {
        let of: Vec<(Kind, u64)> = survey
            .totals
            .iter()
            .filter(|(kind, t)| kinds.of(**kind).letter == identifier.letter && t.detections > 0)
            .map(|(kind, t)| (*kind, t.detections))
            .collect();
        let n: u64 = of.iter().map(|(_, n)| n).sum();
        let (style, count) =
            if n == 0 { (GOOD, "none found".to_owned()) } else { (BAD, format!("{} found", thousands(n))) };
        let parts: Vec<String> = of.iter().map(|(kind, n)| format!("{} {}", kind.id(), thousands(*n))).collect();
        let detail = if parts.len() > 1 { format!(": {}", parts.join(", ")) } else { String::new() };
        text.tagged(style, &format!("({}) {count}", identifier.letter), 20, &format!("{}{detail}", identifier.title));
    }
    text.tagged(UNSURE, "(ii) not judged", 20, "Whether anybody knows that what remains identifies someone");
    let tables: Vec<_> = survey.sources.iter().filter(|s| s.form != "text").collect();
    for source in tables.iter().take(10) {
        text.heading(&clean(&source.path));
        let mut rows = vec![["column", "is", "found", "in cells", "looks like"].map(str::to_owned).to_vec()];
        for field in &source.fields {
            let n = field.tally.detections();
            let most = field.tally.kinds.iter().max_by_key(|(_, t)| t.detections);
            let found = most.map_or("–".to_owned(), |(kind, _)| {
                let others = field.tally.kinds.len() - 1;
                if others == 0 { kind.id().to_owned() } else { format!("{} +{others}", kind.id()) }
            });
            let share =
                if n == 0 { String::new() } else { format!("{}/{}", cells(field), thousands(field.tally.filled)) };
            let example = most.and_then(|(_, t)| t.examples.first().cloned()).unwrap_or_default();
            rows.push(vec![
                cut(&clean(&field.name), 20),
                field.class.map_or("", FieldClass::id).to_owned(),
                found,
                share,
                cut(&clean(&example), 14),
            ]);
        }
        text.table(&rows);
        for note in &source.notes {
            text.styled(2, UNSURE, note);
        }
    }
    let texts: Vec<_> = survey.sources.iter().filter(|s| s.form == "text").collect();
    if !texts.is_empty() {
        text.heading("texts");
        for source in texts.iter().take(12) {
            let mut of: BTreeMap<&str, u64> = BTreeMap::new();
            for (kind, tally) in source.fields.iter().flat_map(|f| &f.tally.kinds) {
                *of.entry(kind.id()).or_default() += tally.detections;
            }
            let parts: Vec<String> = of.iter().map(|(kind, n)| format!("{kind} {n}")).collect();
            let first = source
                .fields
                .iter()
                .flat_map(|f| f.tally.kinds.values())
                .flat_map(|t| &t.places)
                .map(|p| p.row)
                .min();
            let line = first.map_or(String::new(), |line| format!(":{line}"));
            text.paragraph(2, &format!("{}{line}  {}", clean(&source.path), parts.join(", ")));
        }
        let more = texts.len().saturating_sub(12) as u64 + survey.sources_not_listed;
        if more > 0 {
            text.paragraph(2, &format!("and {} more; see --write report.json", thousands(more)));
        }
    }
    if !survey.unread.is_empty() {
        text.heading("not read");
        for unread in survey.unread.iter().take(10) {
            text.styled(2, UNSURE, &format!("{}: {}", clean(&unread.path), unread.reason));
        }
        if survey.unread.len() > 10 {
            text.styled(2, UNSURE, &format!("and {} more", survey.unread.len() - 10));
        }
    }
    text.blank();
    let verdict = if survey.detections() == 0 {
        (GOOD, "nothing found".to_owned())
    } else {
        (BAD, format!("{} identifiers found", thousands(survey.detections())))
    };
    text.tagged(verdict.0, &verdict.1, 24, &policy.basis);
    text.styled(2, DIM, "No tool finds everything: measure yours on labelled notes with `medattest deid eval`.");
    for path in written {
        text.line(&format!("  wrote {}", path.display()));
    }
    text.into_string()
}

fn cells(field: &medattest_deid::FieldReport) -> String {
    // Cells with several kinds count once a kind; the largest is a bound from below.
    thousands(field.tally.kinds.values().map(|t| t.cells).max().unwrap_or(0))
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() > width { text.chars().take(width - 1).chain(['…']).collect() } else { text.to_owned() }
}

fn size(bytes: u64) -> String {
    match bytes {
        n if n >= 10 << 30 => format!("{:.0} GB", n as f64 / 1e9),
        n if n >= 1 << 20 => format!("{:.1} MB", n as f64 / 1e6),
        n => format!("{:.1} kB", n as f64 / 1e3),
    }
}

fn cleaned(options: &DeidClean) -> Result<u8, Stop> {
    for path in &options.paths {
        let inside =
            std::fs::canonicalize(path).ok().zip(nearest(&options.out)).is_some_and(|(a, b)| b.starts_with(a));
        if inside {
            let shown = options.out.display().to_string();
            return Err(Stop::usage(&shown, "the copies would lie among the originals", "choose a folder elsewhere"));
        }
    }
    let walked = walk(&options.paths)?;
    let manifest_path = options.out.join(MANIFEST);
    if manifest_path.symlink_metadata().is_ok() {
        let shown = manifest_path.display().to_string();
        return Err(Stop::usage(&shown, "there is such a file already", "choose an empty folder for the copies"));
    }
    let progress = Progress::start();
    progress.say("loading recognizers");
    let (mut work, resources) = work(&options.how)?;
    let default = options.operator.into();
    let plan = Plan {
        policy: work.policy.clone(),
        default,
        dates: options.dates.map_or(default, Into::into),
        zips: options.zips.map_or(default, Into::into),
        ages: options.ages.map_or(default, Into::into),
        shift_days: options.shift_days,
        day_first: options.day_first,
    };
    let (key, key_note) = key(options)?;
    let cleaner = Cleaner::load(&resources, &work.scanner, plan, key).map_err(|error| unusable(&error))?;
    work.cleaner = Some(cleaner);
    work.patient.clone_from(&options.patient);
    std::fs::create_dir_all(&options.out).map_err(|_| {
        Stop::usage(&options.out.display().to_string(), "the folder cannot be made", "choose another one")
    })?;
    let Outcome { survey, copies } = deid::run(&work, walked, Some(&options.out), &progress)?;
    drop(progress);
    let Some(cleaner) = &work.cleaner else { return Ok(0) };
    let manifest = manifest(&survey, &copies, cleaner, &key_note);
    write_whole(&manifest_path, pretty(&manifest)?.as_bytes())?;
    let mut text = Text::new();
    let total: u64 = copies.iter().flat_map(|(.., r)| r.done.values()).sum();
    let left: u64 = copies.iter().map(|(.., r)| r.left).sum();
    text.line(&format!("{} files copied, {} identifiers replaced", thousands(copies.len() as u64), thousands(total)));
    for effect in cleaner.effects() {
        let style = if effect.safe_harbor { GOOD } else { UNSURE };
        let word = if effect.safe_harbor { "Safe Harbor" } else { "not Safe Harbor" };
        text.tagged(style, word, 16, &format!("{}: {} ({})", effect.id.id(), effect.effect, effect.citation));
    }
    for unread in survey.unread.iter().take(10) {
        text.styled(2, UNSURE, &format!("not copied: {}: {}", clean(&unread.path), unread.reason));
    }
    text.line(&format!("  wrote {}", manifest_path.display()));
    let again = "what was put there set aside, another search of the copies found";
    let (style, found) = if left == 0 { (GOOD, "nothing".to_owned()) } else { (BAD, thousands(left)) };
    text.styled(2, style, &format!("{again} {found}"));
    text.styled(2, DIM, &format!("check the copies: medattest deid audit {}", options.out.display()));
    print(&text.into_string())?;
    Ok(0)
}

/// The path with links resolved, as far as it exists.
fn nearest(path: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(path).ok()?;
    absolute.ancestors().find_map(|above| {
        let real = std::fs::canonicalize(above).ok()?;
        Some(real.join(absolute.strip_prefix(above).ok()?))
    })
}

/// The key of a file, or a random one that nobody keeps.
fn key(options: &DeidClean) -> Result<(Key, Value), Stop> {
    const SHORTEST: usize = 16;
    const LONGEST: u64 = 4096;
    let Some(path) = &options.key else {
        let mut bytes = [0; 32];
        let hint = "name a key with --key";
        getrandom::fill(&mut bytes).map_err(|_| Stop::usage("--key", "the system gave no random key", hint))?;
        return Ok((Key::new(&bytes), json!("random, thrown away after the run")));
    };
    let shown = path.display().to_string();
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(LONGEST).read_to_end(&mut bytes))
        .map_err(|_| Stop::usage(&shown, "the key cannot be read", "check the path and its permissions"))?;
    while bytes.last().is_some_and(u8::is_ascii_whitespace) {
        bytes.pop();
    }
    if bytes.len() < SHORTEST {
        let hint = "make one with: head -c 32 /dev/urandom | base64 > key.txt";
        return Err(Stop::usage(&shown, format!("the key has fewer than {SHORTEST} bytes"), hint));
    }
    // Enough to tell keys apart, too little to try others by.
    let id = sha256_hex(&[b"medattest key id".as_slice(), &bytes].concat());
    Ok((Key::new(&bytes), json!({"of": "a file that stays with its owner", "id": &id[..8]})))
}

fn manifest(
    survey: &Survey,
    copies: &[(String, String, String, Replacements)],
    cleaner: &Cleaner,
    key: &Value,
) -> Value {
    let plan = cleaner.plan();
    let effects: Vec<Value> = cleaner
        .effects()
        .iter()
        .map(|effect| {
            json!({"operator": effect.id.id(), "safe-harbor": effect.safe_harbor, "effect": effect.effect,
                   "citation": effect.citation})
        })
        .collect();
    let safe_harbor = cleaner.effects().iter().all(|effect| effect.safe_harbor);
    let files: Vec<Value> = copies
        .iter()
        .map(|(source, copy, sha256, replacements)| {
            let replaced: Vec<Value> = replacements
                .done
                .iter()
                .map(|((kind, operator), n)| json!({"kind": kind.id(), "operator": operator, "n": n}))
                .collect();
            json!({"source": source, "copy": copy, "sha256": sha256, "replaced": replaced, "left": replacements.left})
        })
        .collect();
    json!({
        "format": MANIFEST_FORM, "version": 1, "tool": medattest_core::VERSION,
        "policy": plan.policy.id, "policy-citation": plan.policy.citation,
        "operators-allow-safe-harbor": safe_harbor,
        "basis": plan.policy.basis, "effects": effects,
        "zip3-vintage": cleaner.zip_vintage(), "key": key,
        "layers": survey.layers, "recognizers-sha256": survey.recognizers_sha256,
        "sources-sha256": survey.sha256, "files": files, "not-copied": survey.unread,
    })
}

fn kinds() -> Result<u8, Stop> {
    let resources = embedded::recognizers();
    let scanner = Scanner::load(&resources, Layers::Lists, today().year()).map_err(|error| unusable(&error))?;
    let mut text = Text::new();
    for identifier in &scanner.kinds.identifiers {
        text.heading(&format!("({}) {}", identifier.letter, identifier.title));
        for kind in Kind::ALL.iter().filter(|kind| scanner.kinds.of(**kind).letter == identifier.letter) {
            let definition = scanner.kinds.of(*kind);
            let by: Vec<&str> =
                scanner.recognizers().iter().filter(|r| r.kind == *kind).map(|r| r.id.as_str()).collect();
            let by = if by.is_empty() { "lists and the tagger".to_owned() } else { by.join(", ") };
            let note = if definition.note.is_empty() { String::new() } else { format!(" {}", definition.note) };
            text.tagged(BOLD, kind.id(), 16, &format!("{}.{note} Found by {by}.", definition.title));
        }
    }
    text.heading("Policies");
    for policy in &scanner.kinds.policies {
        text.tagged(BOLD, &policy.id, 16, &format!("{}. {} ({})", policy.title, policy.basis, policy.citation));
    }
    print(&text.into_string())?;
    Ok(0)
}
