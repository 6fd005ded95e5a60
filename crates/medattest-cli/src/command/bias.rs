//! `bias`: performance by group, straight from a file.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use medattest_core::engine::bias::{self, BiasEvidence, Counts, MAX_COUNTS_BYTES, Request};
use medattest_core::output::paper::{AttributeTable, Count, DisparityRow, GroupRow, Shown, few, on_paper};
use medattest_core::output::{bias_csv, bias_markdown, figure, json, thousands};
use medattest_core::{Column, Place, Table, TableUse, Task, World, unfit, unfit_threshold};
use medattest_metrics::{Metric, RateInterval};

use super::{Stop, Text, pretty, print, print_json};
use crate::arguments::{BiasFormat, BiasOptions, EqualiseKind, IntervalKind, ScoreKind, TaskKind};
use crate::progress::Progress;
use crate::terminal::{DIM, UNSURE, clean};
use crate::world::Folders;
use crate::write::{write_private, write_whole};

pub(crate) fn run(options: &BiasOptions) -> Result<u8, Stop> {
    let kinds = options.write.iter().map(|path| kind(path)).collect::<Result<Vec<_>, _>>()?;
    let counts = match &options.from_counts {
        Some(path) => stored(path)?,
        None => counted(options)?,
    };
    let evidence = {
        let progress = Progress::start();
        progress.say("estimating");
        bias::from_counts(&counts).map_err(|error| Stop::from(error.diagnostic()))?
    };
    let smallest = evidence.smallest_cell;
    if let Some(path) = &options.write_counts {
        write_private(path, &counts.to_json())?;
    }
    for (kind, path) in kinds.into_iter().zip(&options.write) {
        write_whole(path, rendered(&evidence, smallest, kind)?.as_bytes())?;
    }
    match options.format {
        BiasFormat::Json => print_json(&json::bias(&evidence, smallest))?,
        BiasFormat::Terminal => print(&(tables(&evidence, smallest) + &written(options)))?,
        other => print(&rendered(&evidence, smallest, other)?)?,
    }
    Ok(0)
}

/// What was written, and what else could be.
fn written(options: &BiasOptions) -> String {
    let mut text = Text::new();
    text.blank();
    for path in options.write.iter().chain(&options.write_counts) {
        text.line(&format!("  wrote {}", path.display()));
    }
    if options.write.is_empty() {
        text.styled(2, DIM, "charts, tests and every other figure: --write report.html");
    }
    text.into_string()
}

fn kind(path: &Path) -> Result<BiasFormat, Stop> {
    let end = path.extension().map(|end| end.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    match end.as_str() {
        "html" => Ok(BiasFormat::Html),
        "json" => Ok(BiasFormat::Json),
        "csv" => Ok(BiasFormat::Csv),
        "md" => Ok(BiasFormat::Markdown),
        _ => Err(Stop::usage(
            &path.display().to_string(),
            "the kind of file cannot be told from its name",
            "use .html, .json, .csv or .md",
        )),
    }
}

fn rendered(evidence: &BiasEvidence, smallest: u64, kind: BiasFormat) -> Result<String, Stop> {
    Ok(match kind {
        BiasFormat::Terminal => tables(evidence, smallest),
        BiasFormat::Json => pretty(&json::bias(evidence, smallest))?,
        BiasFormat::Csv => bias_csv(evidence, smallest),
        BiasFormat::Markdown => bias_markdown(evidence, smallest),
        BiasFormat::Html => medattest_docs::html(&medattest_docs::bias_report(evidence, smallest)),
    })
}

/// The bytes of a file, at most `limit`.
fn bytes_of(path: &Path, limit: usize) -> Result<Vec<u8>, Stop> {
    let shown = path.display().to_string();
    let failed = |_| Stop::usage(&shown, "the file cannot be read", "check the path and its permissions");
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > limit {
        return Err(Stop::usage(&shown, format!("the file has more than {limit} bytes"), "name a smaller file"));
    }
    Ok(bytes)
}

fn stored(path: &Path) -> Result<Counts, Stop> {
    let bytes = bytes_of(path, MAX_COUNTS_BYTES)?;
    Counts::read(&path.display().to_string(), &bytes).map_err(|error| Stop::from(error.diagnostic()))
}

fn counted(options: &BiasOptions) -> Result<Counts, Stop> {
    let (Some(file), Some(label)) = (&options.file, &options.label) else {
        return Err(Stop::usage("bias", "no table or no label is named", "see medattest bias --help"));
    };
    let task = match options.task {
        TaskKind::Binary => Task::Binary,
        TaskKind::Multiclass => Task::Multiclass,
        TaskKind::Regression => Task::Regression,
    };
    let (prediction, score) = (options.prediction.is_some(), options.score.is_some());
    if let Some((_, message, hint)) = unfit(task, prediction, score, options.versus.is_some()) {
        return Err(Stop::usage("--prediction", message, hint));
    }
    let mut groups = columns(options.by.as_deref().unwrap_or_default())?;
    named(&mut groups, "--reference", &options.reference, |g, label| g.reference = Some(label))?;
    named(&mut groups, "--unknown", &options.unknown, |g, label| g.unknown.push(label))?;
    if let Some(path) = &options.population {
        populate(&mut groups, path)?;
    }
    let intersections = if groups.len() > 1 && !options.no_intersection {
        vec![groups.iter().map(|g| g.column.clone()).collect()]
    } else {
        Vec::new()
    };
    let path = file.display().to_string();
    let request = Request {
        table: Table {
            id: file.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            place: Place::file(&path),
            path: path.clone(),
            use_: TableUse::Evaluation,
            task,
            filter: options.filter.clone(),
            label: label.clone(),
            prediction: options.prediction.clone(),
            score: options.score.clone(),
            probability: options.score_kind == ScoreKind::Probability,
            versus: options.versus.clone(),
            threshold: options.threshold,
            weight: options.weight.clone(),
            cluster: options.cluster.clone(),
            groups,
            intersections,
            features: options.features.clone(),
        },
        level: options.level,
        smallest_cell: options.min_cell,
        smallest_events: options.min_events.unwrap_or(options.min_cell),
        draws: options.draws as usize,
        interval: match options.interval {
            IntervalKind::Wilson => RateInterval::Wilson,
            IntervalKind::ClopperPearson => RateInterval::ClopperPearson,
        },
        equalise: match options.equalise {
            EqualiseKind::Tpr => Metric::Tpr,
            EqualiseKind::Fpr => Metric::Fpr,
            EqualiseKind::SelectionRate => Metric::SelectionRate,
            EqualiseKind::Ppv => Metric::Ppv,
        },
    };
    if let Some(message) = unfit_threshold(&request.table) {
        return Err(Stop::usage("--threshold", message, "name the lowest score that is flagged, such as 0.2"));
    }
    let here = Path::new("");
    let world = Folders::new(here, here, false);
    let progress = Progress::start();
    progress.say(&format!("counting {path}"));
    let sha256 = world.table_sha256(&path).map_err(|error| Stop::from(error.diagnostic()))?;
    Counts::of(&world, &request, sha256).map_err(|error| Stop::from(error.diagnostic()))
}

/// Tells the column that `race=White` names.
fn named(
    groups: &mut [Column],
    option: &str,
    pairs: &[String],
    tell: impl Fn(&mut Column, String),
) -> Result<(), Stop> {
    for pair in pairs {
        let Some((column, group)) = pair.split_once('=') else {
            let hint = format!("write {option} race=White");
            return Err(Stop::usage(option, format!("`{pair}` names no group"), hint));
        };
        match groups.iter_mut().find(|g| g.column == column) {
            Some(found) => tell(found, group.to_owned()),
            None => {
                return Err(Stop::usage(option, format!("`{column}` is not among --by"), "name it there as well"));
            }
        }
    }
    Ok(())
}

/// Reads a population: lines of attribute, group and share.
fn populate(groups: &mut [Column], path: &Path) -> Result<(), Stop> {
    const LARGEST: usize = 1 << 20;
    let shown = path.display().to_string();
    let text = String::from_utf8(bytes_of(path, LARGEST)?)
        .map_err(|_| Stop::usage(&shown, "the file is not UTF-8 text", "save it as UTF-8"))?;
    let hint = "write lines such as race,White,0.59 below the head attribute,group,share";
    let mut lines = text.lines().enumerate();
    let head: Vec<String> =
        lines.next().map(|(_, line)| line.split(',').map(|h| h.trim().to_lowercase()).collect()).unwrap_or_default();
    if head != ["attribute", "group", "share"] {
        return Err(Stop::usage(&shown, "the first line is not attribute,group,share", hint));
    }
    for (number, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let place = format!("{shown}:{}", number + 1);
        // The share stands last and the attribute first, so a group may hold commas.
        let parts = line.split_once(',').and_then(|(a, rest)| rest.rsplit_once(',').map(|(g, s)| (a, g, s)));
        let Some((attribute, group, share)) = parts else {
            return Err(Stop::usage(&place, "the line does not have three cells", hint));
        };
        let Some(share) = share.trim().parse::<f64>().ok().filter(|s| s.is_finite() && *s >= 0.0) else {
            return Err(Stop::usage(
                &place,
                format!("`{}` is not a share", share.trim()),
                "a share is a number of at least 0",
            ));
        };
        let group = group.trim().trim_matches('"');
        match groups.iter_mut().find(|g| g.column == attribute.trim()) {
            Some(found) => {
                found.population.push((group.to_owned(), share));
                found.population_source = Some(shown.clone());
            }
            None => {
                let message = format!("`{}` is not among --by", attribute.trim());
                return Err(Stop::usage(&place, message, "remove the line, or group by it as well"));
            }
        }
    }
    Ok(())
}

/// `race,age:18,40,65` as columns: a number after a colon, or after such a number, is where a group begins.
fn columns(by: &str) -> Result<Vec<Column>, Stop> {
    let mut columns: Vec<Column> = Vec::new();
    for part in by.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let bound = |text: &str| {
            text.parse::<f64>().ok().filter(|x| x.is_finite()).ok_or_else(|| {
                Stop::usage(
                    "--by",
                    format!("`{text}` is not a number"),
                    "write age:18,40,65 to cut a column of numbers",
                )
            })
        };
        if let Some((column, first)) = part.split_once(':') {
            columns.push(Column {
                column: column.to_owned(),
                stands_for: "other".to_owned(),
                bins: vec![bound(first)?],
                ..Column::default()
            });
        } else if let (Ok(next), Some(last)) =
            (part.parse::<f64>(), columns.last_mut().filter(|c| !c.bins.is_empty()))
        {
            if last.bins.last().is_some_and(|before| *before >= next) {
                return Err(Stop::usage(
                    "--by",
                    format!("{part} does not rise"),
                    "groups begin at ascending numbers",
                ));
            }
            last.bins.push(next);
        } else {
            columns.push(Column { column: part.to_owned(), stands_for: "other".to_owned(), ..Column::default() });
        }
    }
    let twice =
        columns.iter().enumerate().find(|(i, c)| columns.iter().skip(i + 1).any(|other| other.column == c.column));
    match twice {
        Some((_, column)) => {
            let message = format!("column `{}` is named twice", column.column);
            Err(Stop::usage("--by", message, "name each column once"))
        }
        None => Ok(columns),
    }
}

/// The tables of one measurement, at most 80 columns wide.
pub(crate) fn tables(evidence: &BiasEvidence, smallest: u64) -> String {
    let mut text = Text::new();
    text.line(&format!(
        "{}  {DIM}sha256 {}{DIM:#}",
        clean(&evidence.path),
        evidence.sha256.get(..12).unwrap_or_default()
    ));
    let mut about = format!("{} rows", few(evidence.rows, smallest));
    if evidence.excluded > 0 {
        let excluded = few(evidence.excluded, smallest);
        about.push_str(&format!(", {excluded} left out for want of label, prediction or score"));
    }
    if let Some(clusters) = evidence.clusters {
        about.push_str(&format!(", {} clusters resampled whole", few(clusters, smallest)));
    }
    if evidence.half_cell > 0.0 {
        about.push_str(&format!("; scores on a grid of half-width {}", figure(evidence.half_cell)));
    }
    text.paragraph(0, &about);
    for warning in &evidence.warnings {
        text.styled(0, UNSURE, &format!("note: {}", clean(warning)));
    }
    for attribute in &evidence.attributes {
        attribute_tables(&mut text, &on_paper(attribute, smallest), smallest);
    }
    for proxy in evidence.proxies.iter().filter(|p| p.association.is_ok()) {
        if let Ok(found) = &proxy.association {
            let line = format!(
                "{} tells {:.1} % of what there is to know of {}",
                clean(&proxy.feature),
                found.share * 100.0,
                clean(&proxy.attribute)
            );
            text.paragraph(0, &line);
        }
    }
    text.into_string()
}

fn attribute_tables(text: &mut Text, table: &AttributeTable, smallest: u64) {
    text.heading(&format!("by {}", clean(&table.attribute)));
    let grouped = table.attribute != "everyone";
    let rows: Vec<&GroupRow> = table.groups.iter().filter(|_| grouped).chain([&table.overall]).collect();
    let mut counts = vec![vec![String::new(), "n".to_owned()]];
    let labels = table.overall.figure(Metric::Prevalence).is_some();
    if labels && let Some(head) = counts.first_mut() {
        head.extend(["positives".to_owned(), Metric::Prevalence.definition().short.to_owned()]);
    }
    for row in &rows {
        let mut line = vec![label(row), count(row.n)];
        if labels {
            line.extend([count(row.positives), of(row, Metric::Prevalence)]);
        }
        counts.push(line);
    }
    text.table(&counts);
    let figures = table.overall.figures.iter().map(|(m, _)| *m);
    let wanted: Vec<Metric> =
        figures.filter(|m| m.is_headline() && !matches!(m, Metric::Prevalence | Metric::MissingLabelRate)).collect();
    for metrics in fitting(&rows, &wanted) {
        let mut lines = vec![vec![String::new()]];
        if let Some(head) = lines.first_mut() {
            head.extend(metrics.iter().map(|m| m.definition().short.to_owned()));
        }
        for row in &rows {
            let mut line = vec![label(row)];
            line.extend(metrics.iter().map(|m| of(row, *m)));
            lines.push(line);
        }
        text.table(&lines);
    }
    let mut reasons: Vec<String> = Vec::new();
    for row in &rows {
        let mut mine: Vec<&str> = row.figures.iter().filter_map(|(_, shown)| undefined(shown)).collect();
        mine.sort_unstable();
        mine.dedup();
        if !mine.is_empty() {
            reasons.push(format!("{}: {}", clean(&row.label), mine.join(", ")));
        }
    }
    if !reasons.is_empty() {
        text.styled(2, DIM, &format!("– not estimable: {}", reasons.join("; ")));
    }
    let hidden = rows.iter().any(|row| row.n.is_none() || row.figures.iter().any(|(_, f)| *f == Shown::Withheld));
    if hidden {
        text.styled(
            2,
            DIM,
            &format!("* withheld: would show a count under {smallest}; --min-cell 1 shows everything"),
        );
    }
    for disparity in table.disparities.iter().filter(|d| grouped && d.is_headline()) {
        text.paragraph(2, &compared(disparity));
    }
}

/// The figures in as few tables as fit on a terminal.
fn fitting(rows: &[&GroupRow], metrics: &[Metric]) -> Vec<Vec<Metric>> {
    const WIDEST: usize = 78;
    const BETWEEN: usize = 2;
    let long = |text: &str| text.chars().count();
    let first = rows.iter().map(|row| long(&label(row))).max().unwrap_or(0) + BETWEEN;
    let mut tables: Vec<(usize, Vec<Metric>)> = Vec::new();
    for metric in metrics {
        let cells = rows.iter().map(|row| long(&of(row, *metric))).max().unwrap_or(0);
        let width = cells.max(long(metric.definition().short)) + BETWEEN;
        match tables.last_mut() {
            Some((used, table)) if *used + width <= WIDEST => {
                *used += width;
                table.push(*metric);
            }
            _ => tables.push((first + width, vec![*metric])),
        }
    }
    tables.into_iter().map(|(_, table)| table).collect()
}

/// A comparison in a sentence.
fn compared(disparity: &DisparityRow) -> String {
    let left_out = match disparity.left_out.as_slice() {
        [] => String::new(),
        out => format!("; left out: {}", clean(&out.join(", "))),
    };
    let bounds = disparity.bounds.map_or_else(String::new, |(best, worst)| {
        format!("; {best:.3} to {worst:.3} if rows of unknown group belonged to the others")
    });
    format!("{}: {} over {} groups{left_out}{bounds}", disparity.title, disparity.figure, disparity.groups)
}

/// Why a figure that was asked for cannot be given.
fn undefined(shown: &Shown) -> Option<&str> {
    match shown {
        Shown::NotEstimable(why) => Some(why),
        _ => None,
    }
}

fn label(row: &GroupRow) -> String {
    const LONGEST: usize = 21;
    let label = clean(&row.label);
    if label.chars().count() > LONGEST { label.chars().take(LONGEST - 1).chain(['…']).collect() } else { label }
}

fn count(count: Count) -> String {
    count.map_or_else(|| "*".to_owned(), thousands)
}

fn of(row: &GroupRow, metric: Metric) -> String {
    row.figure(metric).map_or_else(|| "–".to_owned(), shown)
}

fn shown(shown: &Shown) -> String {
    match (shown, shown.texts()) {
        (_, Some([value, low, high])) => format!("{value} {low}–{high}"),
        (Shown::NotEstimable(_), _) => "–".to_owned(),
        _ => "*".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::columns;

    #[test]
    fn numbers_after_a_colon_are_bins() {
        let parsed = columns("race, age:18,40,65,sex").expect("parses");
        let shown: Vec<(&str, &[f64])> = parsed.iter().map(|c| (c.column.as_str(), c.bins.as_slice())).collect();
        assert_eq!(shown, [("race", &[][..]), ("age", &[18.0, 40.0, 65.0][..]), ("sex", &[][..])]);
    }

    #[test]
    fn bins_must_rise() {
        assert!(columns("age:40,18").is_err());
        assert!(columns("age:x").is_err());
        assert!(columns("sex,sex").is_err());
    }
}
