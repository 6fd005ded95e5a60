//! The files that say what identifies a person: recognizers, lexica, policies, weights.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use crate::error::LoadError;

/// Files by name relative to the folder `recognizers`, such as `us/ssn.toml`.
#[derive(Debug, Default, Clone)]
pub struct Resources {
    files: BTreeMap<String, Cow<'static, [u8]>>,
}

impl Resources {
    /// Adds a file; one of the same name is replaced, so that a user's own folder can amend ours.
    pub fn add(&mut self, name: &str, bytes: impl Into<Cow<'static, [u8]>>) {
        self.files.insert(name.to_owned(), bytes.into());
    }

    /// Reads every file below a folder, to a bounded depth and size.
    ///
    /// # Errors
    /// When the folder or a file in it cannot be read.
    pub fn add_folder(&mut self, folder: &std::path::Path) -> Result<(), LoadError> {
        const DEEPEST: usize = 4;
        const LARGEST: u64 = 64 << 20;
        let mut open = vec![(folder.to_owned(), String::new(), 0)];
        while let Some((at, prefix, depth)) = open.pop() {
            let shown = at.display().to_string();
            let failed = |_| LoadError::new(&shown, "cannot be read", "check the path and its permissions");
            for entry in std::fs::read_dir(&at).map_err(failed)? {
                let path = entry.map_err(failed)?.path();
                let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
                let full = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
                if name.starts_with('.') {
                    continue;
                }
                if path.is_dir() {
                    if depth < DEEPEST {
                        open.push((path, full, depth + 1));
                    }
                } else if [".toml", ".txt", ".bin"].iter().any(|end| name.ends_with(end)) {
                    let size = std::fs::metadata(&path).map_err(failed)?.len();
                    if size > LARGEST {
                        let message = format!("the file has {size} bytes; at most {LARGEST} are read");
                        return Err(LoadError::new(&path.display().to_string(), message, "name a smaller file"));
                    }
                    self.add(&full, std::fs::read(&path).map_err(failed)?);
                }
            }
        }
        Ok(())
    }

    /// SHA-256 over names and contents of all files but templates, which only training reads.
    pub fn sha256(&self) -> String {
        use sha2::{Digest as _, Sha256};
        let mut hasher = Sha256::new();
        for (name, bytes) in
            self.files.iter().filter(|(name, _)| !name.starts_with("templates/") && !name.starts_with("phrases/"))
        {
            hasher.update((name.len() as u64).to_le_bytes());
            hasher.update(name);
            hasher.update((bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        }
        hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The bytes of a file.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.files.get(name).map(AsRef::as_ref)
    }

    /// Names of the files in a folder with this ending, sorted.
    pub(crate) fn names<'a>(&'a self, ending: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        self.files.keys().map(String::as_str).filter(move |name| name.ends_with(ending))
    }

    /// A file as text.
    pub(crate) fn text(&self, name: &str) -> Result<&str, LoadError> {
        let Some(bytes) = self.get(name) else {
            return Err(LoadError::new(name, "the file is missing", "it belongs to the folder `recognizers`"));
        };
        std::str::from_utf8(bytes).map_err(|_| LoadError::new(name, "the file is not UTF-8", "save it as UTF-8"))
    }

    /// A file as TOML.
    pub(crate) fn toml<T: DeserializeOwned>(&self, name: &str) -> Result<T, LoadError> {
        toml::from_str(self.text(name)?).map_err(|error| {
            LoadError::new(name, error.to_string().trim().to_owned(), "see recognizers/README.md for the form")
        })
    }

    /// The lines of a lexicon: cells separated by tabs; comments and empty lines are left out. None if it is missing.
    pub(crate) fn lines(&self, name: &str) -> Result<impl Iterator<Item = (&str, &str)>, LoadError> {
        let text = if self.get(name).is_some() { self.text(name)? } else { "" };
        Ok(text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(|line| line.split_once('\t').unwrap_or((line, ""))))
    }
}
