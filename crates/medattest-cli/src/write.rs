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
