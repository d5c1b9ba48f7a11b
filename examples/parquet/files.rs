//! Files below a directory, by names that do not lead out of it.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use flight_runtime::Error;

/// The Parquet files in a directory and in those below it, sorted. Links are not followed.
pub(crate) fn below(root: &Path) -> io::Result<Vec<String>> {
    let mut paths = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let (path, kind) = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)))?;
            if kind.is_dir() {
                folders.push(path);
            } else if let Ok(name) = path.strip_prefix(root)
                && let Some(name) = name.to_str()
                && kind.is_file()
                && is_parquet(&path)
            {
                paths.push(name.to_owned());
            }
        }
    }
    paths.sort();
    Ok(paths)
}

/// Opens a file that [`below`] could have listed.
///
/// # Errors
///
/// NOT_FOUND for everything else, such as a name with `..` or a link in it.
pub(crate) fn open(root: &Path, name: &str) -> Result<File, Error> {
    let path = root.join(name);
    // What is canonical has neither `..` nor links; and an absolute name has taken the place of the root.
    let found = path.canonicalize().ok();
    let is_below = found.is_some_and(|found| found == path && found.starts_with(root));
    if !(is_below && is_parquet(&path) && path.is_file()) {
        return Err(Error::not_found(format!(
            "no Parquet file `{name}`: list_flights has those that are there"
        )));
    }
    Ok(File::open(path)?)
}

fn is_parquet(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "parquet")
}
