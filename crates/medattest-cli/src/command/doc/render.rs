//! Writing one paper in every form that was asked for.

use std::path::{Path, PathBuf};

use clap::ValueEnum as _;
use medattest_core::SystemAssessment;
use medattest_docs::{Card, Paper, card, docx, html, markdown, paper};

use super::Papers;
use crate::arguments::{CardForm, PaperKind, PapersOf};
use crate::command::{Stop, pretty, print};
use crate::terminal::clean;
use crate::write::write_whole;

/// Something is open.
const OPEN: u8 = 3;

pub(super) fn run(
    id: &str,
    system: Option<&str>,
    write: &[PathBuf],
    form: Option<CardForm>,
    complete: bool,
    of: &PapersOf,
) -> Result<u8, Stop> {
    let wanted: Vec<String> = system.iter().map(|id| (*id).to_owned()).collect();
    let papers = Papers::of(of, &wanted)?;
    let template = papers.template(id)?;
    let subject = papers.subject(template, system)?;
    if let (Some(form), Some(system)) = (form, subject) {
        let [path] = write else {
            return Err(Stop::usage("--as", "a card is one file", "give --write once"));
        };
        if id != "model-card" {
            return Err(Stop::usage("--as", "only the model card has these forms", "render `model-card`"));
        }
        return as_card(form, path, &papers, system);
    }
    let paper = paper(template, papers.material(), subject);
    for path in write {
        write_whole(path, &rendered(&paper, kind(path)?, path)?)?;
    }
    let (answered, items) = paper.complete();
    let files: Vec<String> = write.iter().map(|path| path.display().to_string()).collect();
    let open = paper.manifest.open.len();
    print(&clean(&format!(
        "{}: {answered} of {items} items answered, {open} fields open{}\nwritten to {}",
        template.title,
        if paper.manifest.draft { "; a draft" } else { "" },
        files.join(", ")
    )))?;
    print("\n")?;
    Ok(if complete && open > 0 { OPEN } else { 0 })
}

/// The kind of paper that the name of a file asks for.
fn kind(path: &Path) -> Result<PaperKind, Stop> {
    let end = path.extension().map(|end| end.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    PaperKind::value_variants().iter().copied().find(|kind| kind.ending() == end).ok_or_else(|| {
        let all: Vec<String> = PaperKind::value_variants().iter().map(|kind| format!(".{}", kind.ending())).collect();
        Stop::usage(
            &path.display().to_string(),
            "the kind of file cannot be told from its name",
            format!("use one of {}", all.join(", ")),
        )
    })
}

/// A paper in one form.
pub(super) fn rendered(paper: &Paper, kind: PaperKind, path: &Path) -> Result<Vec<u8>, Stop> {
    let document = &paper.document;
    let failed = |message: String| {
        let hint = "write another form, such as .html, and report this as a fault";
        Stop::usage(&path.display().to_string(), message, hint)
    };
    match kind {
        PaperKind::Html => Ok(html(document).into_bytes()),
        PaperKind::Md => Ok(markdown(document).into_bytes()),
        PaperKind::Json => Ok(pretty(&paper.manifest)?.into_bytes()),
        PaperKind::Pdf => medattest_pdf::pdf(document).map_err(|error| failed(error.to_string())),
        PaperKind::Docx => docx(document, &medattest_pdf::picture).map_err(|error| failed(error.to_string())),
    }
}

fn as_card(form: CardForm, path: &Path, papers: &Papers, system: &SystemAssessment) -> Result<u8, Stop> {
    let form = match form {
        CardForm::HuggingFace => Card::HuggingFace,
        CardForm::Mct => Card::ModelCardToolkit,
        CardForm::Chai => Card::Chai,
        CardForm::CycloneDx16 => Card::CycloneDx("1.6"),
        CardForm::CycloneDx17 => Card::CycloneDx("1.7"),
    };
    let (text, missing) = card(form, papers.material(), system);
    write_whole(path, text.as_bytes())?;
    print(&format!("written to {}\n", path.display()))?;
    if !missing.is_empty() {
        print(&clean(&format!("fields of the form that nothing answers: {}", missing.join(", "))))?;
        print("\n")?;
    }
    Ok(0)
}
