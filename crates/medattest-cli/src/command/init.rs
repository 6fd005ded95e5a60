//! `init`: one question after the other, then a file that loads.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, Write as _};

use medattest_core::{Catalog, FactDefinition, FactType, Library, Origin, Per};

use super::{Stop, library, print};
use crate::arguments::InitOptions;
use crate::command::schema::write_schemas;
use crate::terminal::{BOLD, DIM, UNSURE};
use crate::world::today;
use crate::write::write_whole;

pub(crate) fn run(options: &InitOptions) -> Result<u8, Stop> {
    let root = &options.folder;
    let shown = root.display().to_string();
    let (library, _) = library(root)?;
    let cannot = |_| Stop::usage(&shown, "the folder cannot be created", "choose a folder you may write to");
    let mut asker = Asker { input: std::io::stdin().lock(), ended: false };
    let project = root.join("medattest.toml");
    let fresh = !project.is_file();
    let (id, organisation, system) = match &options.blank {
        Some(id) => {
            check_id(id).map_err(|message| Stop::usage("--blank", message, "such as sepsis-score"))?;
            (id.clone(), template(&library, Per::Organisation), template(&library, Per::System))
        }
        None => {
            asker.say(&format!(
                "{DIM}Enter alone leaves a question open; it then counts as unknown, never as no.{DIM:#}\n"
            ));
            let organisation = if fresh { asker.facts(&library.catalog, Per::Organisation)? } else { String::new() };
            let id = asker.id()?;
            let by = asker.ask("Who vouches for these answers? Name and role", "", &|_| Ok(()))?;
            let mut text = String::new();
            if let Some(by) = by {
                let _ = writeln!(text, "\n[statement]\nby = {}\non = {}", quoted(&by), today());
            }
            text.push_str(&asker.facts(&library.catalog, Per::System)?);
            (id, organisation, text)
        }
    };
    let path = root.join("systems").join(format!("{id}.toml"));
    if path.exists() {
        return Err(Stop::usage(&path.display().to_string(), "the file exists already", "choose another id"));
    }
    fs::create_dir_all(root.join("systems")).map_err(cannot)?;
    if fresh {
        write_whole(&project, project_file(&organisation).as_bytes())?;
        print(&format!("written  {}\n", project.display()))?;
    }
    let head = format!("#:schema ../.medattest/schema/system.json\nid = {}\n", quoted(&id));
    write_whole(&path, format!("{head}{system}{TABLE}").as_bytes())?;
    print(&format!("written  {}\n", path.display()))?;
    for schema in write_schemas(root, &library)? {
        print(&format!("written  {schema}\n"))?;
    }
    let ignore = root.join(".gitignore");
    if !ignore.exists() {
        write_whole(&ignore, b".medattest/\n")?;
    }
    print(&format!("\nNext:\n  medattest classify {shown}\n  medattest questions {shown}\n"))?;
    Ok(0)
}

const TABLE: &str = "
# A table with the system's predictions lets medattest measure performance by group:
#
# [[table]]
# id = \"validation\"
# path = \"predictions.parquet\"     # below the data folder, .parquet or .csv
# use = \"evaluation\"               # training, evaluation or deployment
# [table.columns]
# label = \"y_true\"                 # 0 or 1
# prediction = \"y_pred\"            # 0 or 1
# score = \"y_score\"                # a probability
# [table.groups]
# race = \"race\"
# sex = \"sex\"
# age = { trait = \"age\", bins = [18, 40, 65] }
";

fn project_file(organisation: &str) -> String {
    format!(
        "#:schema .medattest/schema/project.json\nsystems = [\"systems/*.toml\"]\n\
         # packs = [\"us-hipaa\"]          # which packs judge; all when left out\n\
         # data = \"data\"                 # folder that holds the tables\n\n\
         [gate]\nfail-on = \"high\"\nunknown = \"inconclusive\"\nsmallest-cell = 11\n{organisation}"
    )
}

fn check_id(id: &str) -> Result<(), String> {
    let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if id.is_empty() || id.len() > 64 || !id.chars().all(fine) {
        return Err("an id has 1 to 64 lower-case letters, digits and dashes".to_owned());
    }
    Ok(())
}

/// A TOML string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            c if c.is_control() => quoted.push(' '),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

fn stated(catalog: &Catalog, per: Per) -> impl Iterator<Item = &FactDefinition> {
    catalog.iter().filter(move |d| d.origin == Origin::Stated && d.per == per)
}

/// Every stated fact as a comment, with the question and the values it may have.
pub(crate) fn template(library: &Library, per: Per) -> String {
    let mut text = String::new();
    // What only packs ask that judge nobody by themselves would drown the rest.
    let left_out = library.packs.asked_by_opt_in_only();
    let stated = |per: Per| stated(&library.catalog, per).filter(|d| !left_out.contains(&d.key));
    if per == Per::System {
        text.push_str(
            "\n[statement]\n# by = \"name, role\"   # who vouches for what is stated here\n# on = 2026-01-31\n",
        );
    }
    let mut families: Vec<&str> = Vec::new();
    for definition in stated(per) {
        let family = definition.key.split('.').next().unwrap_or_default();
        if !families.contains(&family) {
            families.push(family);
        }
    }
    for family in families {
        // A section header without values would be an empty table, which is fine: nothing is stated.
        let _ = writeln!(text, "\n[{family}]");
        for definition in stated(per).filter(|d| d.key.split('.').next() == Some(family)) {
            let _ = writeln!(text, "# {}", definition.question);
            let name = definition.key.split_once('.').map_or("", |(_, name)| name);
            let _ = writeln!(text, "# {name} = {}", values(&definition.kind));
        }
    }
    text
}

fn values(kind: &FactType) -> String {
    let ids = |values: &[(String, String)]| {
        values.iter().map(|(id, _)| format!("\"{id}\"")).collect::<Vec<_>>().join(" | ")
    };
    match kind {
        FactType::Bool => "true | false".to_owned(),
        FactType::Integer => "1".to_owned(),
        FactType::Number => "0.1".to_owned(),
        FactType::Date | FactType::Moment => "2026-01-31".to_owned(),
        FactType::Choice(choices) => ids(choices),
        FactType::Choices(choices) => format!("[{}]", ids(choices)),
        FactType::Texts | FactType::Records(_) => "[…]".to_owned(),
        FactType::Text | FactType::Estimate => "\"…\"".to_owned(),
    }
}

struct Asker<'a> {
    input: std::io::StdinLock<'a>,
    ended: bool,
}

impl Asker<'_> {
    fn say(&self, text: &str) {
        let mut out = anstream::stderr().lock();
        let _ = out.write_all(text.as_bytes());
        let _ = out.flush();
    }

    /// Asks until the answer passes `check`; an empty line or the end of input is no answer.
    fn ask(
        &mut self,
        question: &str,
        help: &str,
        check: &dyn Fn(&str) -> Result<(), String>,
    ) -> Result<Option<String>, Stop> {
        if self.ended {
            return Ok(None);
        }
        self.say(&format!("\n{BOLD}{question}{BOLD:#}\n"));
        if !help.is_empty() {
            self.say(&format!("{DIM}{help}{DIM:#}\n"));
        }
        loop {
            self.say("> ");
            let mut line = String::new();
            let read = self.input.read_line(&mut line).map_err(|_| {
                Stop::usage("standard input", "the answer could not be read", "answer in UTF-8, or use --blank ID")
            })?;
            if read == 0 {
                self.ended = true;
                return Ok(None);
            }
            let answer = line.trim();
            if answer.is_empty() {
                return Ok(None);
            }
            match check(answer) {
                Ok(()) => return Ok(Some(answer.to_owned())),
                Err(message) => self.say(&format!("{UNSURE}{message}{UNSURE:#}\n")),
            }
        }
    }

    fn id(&mut self) -> Result<String, Stop> {
        let question = "Id of the system: lower-case letters, digits and dashes; it never changes";
        match self.ask(question, "", &check_id)? {
            Some(id) => Ok(id),
            None => Err(Stop::usage("init", "a system needs an id", "answer the question, or use --blank ID")),
        }
    }

    /// The essential facts as TOML sections.
    fn facts(&mut self, catalog: &Catalog, per: Per) -> Result<String, Stop> {
        let mut text = String::new();
        let mut family = String::new();
        for definition in stated(catalog, per).filter(|d| d.essential) {
            let Some(value) = self.fact(definition)? else { continue };
            let (of, name) = definition.key.split_once('.').unwrap_or_default();
            if of != family {
                let _ = writeln!(text, "\n[{of}]");
                of.clone_into(&mut family);
            }
            let _ = writeln!(text, "{name} = {value}");
        }
        Ok(text)
    }

    fn fact(&mut self, definition: &FactDefinition) -> Result<Option<String>, Stop> {
        let mut help = definition.help.clone();
        match &definition.kind {
            FactType::Bool => help.push_str(if help.is_empty() { "y or n" } else { " (y or n)" }),
            FactType::Choice(values) | FactType::Choices(values) => {
                for (index, (id, meaning)) in values.iter().enumerate() {
                    let _ = write!(
                        help,
                        "{}{:>3}  {id}: {meaning}",
                        if index == 0 && help.is_empty() { "" } else { "\n" },
                        index + 1
                    );
                }
                if matches!(definition.kind, FactType::Choices(_)) {
                    help.push_str("\nNumbers or names, separated by commas; `none` for none of them.");
                }
            }
            FactType::Date | FactType::Moment => help.push_str(" Such as 2026-01-31."),
            _ => {}
        }
        let check = |answer: &str| toml_value(&definition.kind, answer).map(|_| ());
        let answer = self.ask(&definition.question, help.trim_end(), &check)?;
        Ok(answer.and_then(|answer| toml_value(&definition.kind, &answer).ok()))
    }
}

/// The answer as TOML.
fn toml_value(kind: &FactType, answer: &str) -> Result<String, String> {
    let choose = |values: &[(String, String)], word: &str| -> Result<String, String> {
        let by_number = word.parse::<usize>().ok().and_then(|n| values.get(n.checked_sub(1)?));
        let by_name = values.iter().find(|(id, _)| id == word);
        by_number.or(by_name).map(|(id, _)| quoted(id)).ok_or_else(|| format!("`{word}` is none of the values"))
    };
    match kind {
        FactType::Bool => match answer.to_ascii_lowercase().as_str() {
            "y" | "yes" | "true" => Ok("true".into()),
            "n" | "no" | "false" => Ok("false".into()),
            _ => Err("answer y or n".into()),
        },
        FactType::Integer => answer.parse::<i64>().map(|n| n.to_string()).map_err(|_| "a whole number".to_owned()),
        FactType::Number => match answer.parse::<f64>() {
            Ok(x) if x.is_finite() => Ok(format!("{x:?}")),
            _ => Err("a number such as 0.1".into()),
        },
        FactType::Date | FactType::Moment => answer
            .parse::<jiff::civil::Date>()
            .map(|d| d.to_string())
            .map_err(|_| "a day such as 2026-01-31".to_owned()),
        FactType::Choice(values) => choose(values, answer),
        FactType::Choices(_) if answer == "none" => Ok("[]".into()),
        FactType::Choices(values) => {
            let chosen: Result<Vec<String>, String> =
                answer.split([',', ' ']).filter(|word| !word.is_empty()).map(|word| choose(values, word)).collect();
            chosen.map(|chosen| format!("[{}]", chosen.join(", ")))
        }
        FactType::Text => Ok(quoted(answer)),
        FactType::Texts => {
            Ok(format!("[{}]", answer.split(',').map(|t| quoted(t.trim())).collect::<Vec<_>>().join(", ")))
        }
        FactType::Estimate | FactType::Records(_) => Err("this is not asked here".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_become_toml() {
        let values = vec![("us".to_owned(), String::new()), ("eu".to_owned(), String::new())];
        assert_eq!(toml_value(&FactType::Bool, "Y"), Ok("true".into()));
        assert_eq!(toml_value(&FactType::Choice(values.clone()), "2"), Ok("\"eu\"".into()));
        assert_eq!(toml_value(&FactType::Choices(values.clone()), "us, 2"), Ok("[\"us\", \"eu\"]".into()));
        assert_eq!(toml_value(&FactType::Choices(values.clone()), "none"), Ok("[]".into()));
        assert_eq!(toml_value(&FactType::Text, "a \"b\" \\"), Ok("\"a \\\"b\\\" \\\\\"".into()));
        assert!(toml_value(&FactType::Choice(values), "mars").is_err());
        assert!(toml_value(&FactType::Bool, "maybe").is_err());
    }
}
