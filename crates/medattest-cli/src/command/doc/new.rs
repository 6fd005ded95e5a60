//! A template or letterhead of one's own.

use std::path::Path;

use super::find;
use crate::command::{Stop, library, print};
use crate::write::{make_folder, write_whole};

/// A letterhead to be filled in.
const LETTERHEAD: &str = "\
# The house style of papers. Everything may be left out.

# Lines at the head of the first page.
lines = [\"Name of the organisation\", \"Department\", \"Address\"]

# An SVG drawing beside this file.
# logo = \"logo.svg\"

# Colour of headings and rules.
accent = \"#0b5cad\"

# At the foot of every page.
footer = \"Confidential\"

# Pages of US letter size instead of A4.
us-letter = false
";

pub(super) fn run(template: &str, folder: &Path, project: &Path) -> Result<u8, Stop> {
    let below = project.join(folder);
    let (path, text) = if template == "letterhead" {
        (below.join("letterhead.toml"), LETTERHEAD.to_owned())
    } else {
        let (library, _) = library(project)?;
        let (templates, _) = super::templates(project, &library)?;
        let source = find(&templates, template)?;
        (below.join(template).join("template.toml"), source.file.text.to_string())
    };
    if path.exists() {
        let hint = "change it, or name another folder with --folder";
        return Err(Stop::usage(&path.display().to_string(), "the file is there already", hint));
    }
    if let Some(parent) = path.parent() {
        make_folder(parent)?;
    }
    write_whole(&path, text.as_bytes())?;
    print(&format!(
        "written to {}\nIt is used when medattest.toml says: templates-from = [\"{}\"]\n",
        path.display(),
        folder.display()
    ))?;
    Ok(0)
}
