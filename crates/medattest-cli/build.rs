//! Embeds the catalogue, the packs, the recognizers and the example projects, so that the binary needs no other file.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("../..");
    let mut code = String::new();
    for folder in ["catalog", "packs", "templates", "examples"] {
        println!("cargo:rerun-if-changed={}", root.join(folder).display());
        let mut files = Vec::new();
        collect(&root.join(folder), &[".toml", ".md"], &mut files)?;
        files.sort();
        let _ = writeln!(code, "pub(crate) const {}: &[(&str, &str)] = &[", folder.to_uppercase());
        for file in files {
            let name = file.strip_prefix(&root).unwrap_or(&file).to_string_lossy().replace('\\', "/");
            println!("cargo:rerun-if-changed={}", file.display());
            let _ = writeln!(code, "    ({name:?}, include_str!({:?})),", fs::canonicalize(&file)?.to_string_lossy());
        }
        code.push_str("];\n");
    }
    let recognizers = root.join("recognizers");
    println!("cargo:rerun-if-changed={}", recognizers.display());
    let mut files = Vec::new();
    collect(&recognizers, &[".toml", ".txt", ".bin"], &mut files)?;
    // What only training reads stays out.
    files.retain(|file| !["templates", "phrases"].iter().any(|folder| file.starts_with(recognizers.join(folder))));
    files.sort();
    code.push_str("pub(crate) const RECOGNIZERS: &[(&str, &[u8])] = &[\n");
    for file in files {
        let name = file.strip_prefix(&recognizers).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        println!("cargo:rerun-if-changed={}", file.display());
        let _ = writeln!(code, "    ({name:?}, include_bytes!({:?})),", fs::canonicalize(&file)?.to_string_lossy());
    }
    code.push_str("];\n");
    let out = PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?).join("embedded.rs");
    fs::write(out, code)
}

fn collect(folder: &Path, endings: &[&str], files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            collect(&path, endings, files)?;
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            files.push(path);
        }
    }
    Ok(())
}
