//! Writing files whole or not at all.

use std::io::Write as _;
use std::path::Path;

use medattest_core::Diagnostic;

/// Writes to a temporary file beside `path`, then renames it: nobody ever sees half a file.
///
/// # Errors
/// When the folder cannot be written or the disk is full; whatever stood at `path` is then still there.
pub(crate) fn write_whole(path: &Path, content: &[u8]) -> Result<(), Diagnostic> {
    write(path, content, false)
}

/// The same, for what only its owner may read.
///
/// # Errors
/// As [`write_whole`].
pub(crate) fn write_private(path: &Path, content: &[u8]) -> Result<(), Diagnostic> {
    write(path, content, true)
}

fn write(path: &Path, content: &[u8], private: bool) -> Result<(), Diagnostic> {
    let shown = path.display().to_string();
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let failed = |error: &std::io::Error| {
        let (reason, hint) = match error.kind() {
            std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                ("the folder may not be written", "choose another folder or change its permissions")
            }
            std::io::ErrorKind::NotFound => ("the folder does not exist", "create it first"),
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                ("the disk is full", "free space and run again; nothing was left behind")
            }
            std::io::ErrorKind::IsADirectory => ("this is a folder", "name a file"),
            _ => ("the file could not be written", "check the disk and the permissions"),
        };
        Diagnostic::about_file("not-written", &shown, reason, hint)
    };
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    if !private {
        // Temporary files are private to their owner; a report has the permissions of any new file.
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder).map_err(|error| failed(&error))?;
    file.write_all(content).map_err(|error| failed(&error))?;
    file.as_file().sync_all().map_err(|error| failed(&error))?;
    file.persist(path).map_err(|error| failed(&error.error))?;
    Ok(())
}

/// Makes a folder and those above it; one that is there is fine.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn make_folder(path: &Path) -> Result<(), Diagnostic> {
    std::fs::create_dir_all(path).map_err(|_| {
        let shown = path.display().to_string();
        Diagnostic::about_file("usage", &shown, "the folder cannot be made", "check its permissions")
    })
}

/// A file that is written piece by piece beside its place and put there when it is whole. Dropped before, it leaves
/// nothing behind.
pub(crate) struct Partial {
    file: std::io::BufWriter<tempfile::NamedTempFile>,
    path: std::path::PathBuf,
}

impl Partial {
    /// Begins a file, with the folders above it; one that exists is refused.
    ///
    /// # Errors
    /// When something stands at `path` already or its folder cannot be written.
    pub(crate) fn create(path: &Path) -> Result<Self, Diagnostic> {
        let shown = path.display().to_string();
        let refused = |reason: &str, hint: &str| Diagnostic::about_file("not-written", &shown, reason, hint);
        if path.symlink_metadata().is_ok() {
            return Err(refused("there is such a file already", "choose an empty folder for the copies"));
        }
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let failed = |_| refused("the folder may not be written", "choose another folder or change its permissions");
        std::fs::create_dir_all(folder).map_err(failed)?;
        // A copy of patients' data is private to its owner until somebody decides otherwise.
        let file = tempfile::Builder::new().tempfile_in(folder).map_err(failed)?;
        Ok(Self { file: std::io::BufWriter::with_capacity(1 << 18, file), path: path.to_owned() })
    }

    fn failed(&self) -> Diagnostic {
        let hint = "check the space on the disk; nothing was left behind";
        Diagnostic::about_file("not-written", &self.path.display().to_string(), "the copy could not be written", hint)
    }

    /// Adds to the file.
    ///
    /// # Errors
    /// When the disk is full.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Diagnostic> {
        self.file.write_all(bytes).map_err(|_| self.failed())
    }

    /// The file itself, for a writer of its own.
    ///
    /// # Errors
    /// When it cannot be opened twice.
    pub(crate) fn file(&mut self) -> std::io::Result<std::fs::File> {
        self.file.get_ref().as_file().try_clone()
    }

    /// Puts the file in its place and tells its SHA-256.
    ///
    /// # Errors
    /// When the disk is full.
    pub(crate) fn finish(mut self) -> Result<String, Diagnostic> {
        use std::io::Seek as _;
        self.file.flush().map_err(|_| self.failed())?;
        let file = self.file.get_mut().as_file_mut();
        let digest = file.sync_all().and_then(|()| file.rewind()).and_then(|()| medattest_core::sha256_stream(file));
        let digest = digest.map_err(|_| self.failed())?;
        let failed = self.failed();
        let file = self.file.into_inner().map_err(|_| failed.clone())?;
        file.persist_noclobber(&self.path).map_err(|_| failed)?;
        Ok(digest)
    }
}
