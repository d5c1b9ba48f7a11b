//! The directory that is served: which names lead to a file in it, and that none leads out of it.
//!
//! Every name is opened relative to the open directory (`cap-std`), so that neither `..` nor a symbolic link leaves it, not even one that is
//! exchanged at the moment when it is opened. Links that stay inside are followed.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use flight_runtime::{Code, Error};

use crate::draft::Draft;
use crate::formats::Format;

pub(crate) struct Directory {
    root: Dir,
}

impl Directory {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let root = Dir::open_ambient_dir(path, ambient_authority()).map_err(|error| {
            Error::failed_precondition(format!("the directory `{}`: {error}", path.display()))
        })?;
        Ok(Self { root })
    }

    /// The names of all files of a known format, in the directory and below it, sorted.
    pub(crate) fn names(&self) -> Result<Vec<String>, Error> {
        let mut names = Vec::new();
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            match self.look_into(&folder, &mut names, &mut folders) {
                Err(error) if folder.is_empty() => return Err(error.into()),
                Err(error) => tracing::warn!(folder, %error, "passed over"),
                Ok(()) => {}
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn look_into(
        &self,
        folder: &str,
        names: &mut Vec<String>,
        folders: &mut Vec<String>,
    ) -> io::Result<()> {
        let entries = match folder {
            "" => self.root.entries()?,
            _ => self.root.read_dir(folder)?,
        };
        for entry in entries {
            let entry = entry?;
            // A name that is not UTF-8 is none that a client could say.
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let name = match folder {
                "" => name,
                _ => format!("{folder}/{name}"),
            };
            if !is_name(&name) {
                continue;
            }
            if entry.file_type()?.is_dir() {
                folders.push(name);
            } else if Format::of(&name).is_some() {
                names.push(name);
            }
        }
        Ok(())
    }

    /// Opens the file of this name.
    ///
    /// # Errors
    ///
    /// NOT_FOUND for every name that does not lead to a file in the directory, whatever the reason; UNAVAILABLE for one that is there and
    /// cannot be opened.
    pub(crate) fn file(&self, name: &str) -> Result<File, Error> {
        if !is_name(name) {
            return Err(not_found(name));
        }
        // Asked before it is opened: opening a pipe would wait for whoever writes into it.
        let metadata = self
            .root
            .metadata(name)
            .map_err(|error| refused(name, &error))?;
        if !metadata.is_file() {
            return Err(not_found(name));
        }
        let file = self
            .root
            .open(name)
            .map_err(|error| refused(name, &error))?;
        Ok(file.into_std())
    }

    /// A file of this name, which appears when it is complete.
    ///
    /// # Errors
    ///
    /// INVALID_ARGUMENT for what is no name, ALREADY_EXISTS where there is something of this name, UNAVAILABLE when the disk takes no file.
    pub(crate) fn draft(&self, name: &str) -> Result<Draft, Error> {
        if !is_name(name) {
            return Err(Error::invalid_argument(format!(
                "`{name}` cannot be the name of a file: expected segments between `/`, none of them empty or with a `.` at its beginning"
            )));
        }
        let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
        let folder = self.folder(folder);
        let draft = folder.and_then(|folder| Draft::new(folder, file));
        draft.map_err(|error| not_made(name, &error))
    }

    /// A folder, which is made where there is none.
    fn folder(&self, name: &str) -> io::Result<Dir> {
        if name.is_empty() {
            return self.root.try_clone();
        }
        self.root.create_dir_all(name)?;
        self.root.open_dir(name)
    }
}

/// Whether a client may say this name. What begins with `.` is hidden: `.` and `..`, and uploads that have not ended.
fn is_name(name: &str) -> bool {
    let is_segment = |segment: &str| !segment.is_empty() && !segment.starts_with('.');
    let is_odd = |letter: char| letter == '\\' || letter.is_control();
    name.split('/').all(is_segment) && !name.contains(is_odd)
}

pub(crate) fn not_found(name: &str) -> Error {
    Error::not_found(format!(
        "no file `{name}`; ListFlights has those that are there"
    ))
}

/// Whether a name led out of the directory. That is an error of cap-std's own, which no call to the system gave.
fn leads_out(error: &io::Error) -> bool {
    error.kind() == ErrorKind::PermissionDenied && error.raw_os_error().is_none()
}

/// Why a file of this name cannot be opened.
fn refused(name: &str, error: &io::Error) -> Error {
    match error.kind() {
        _ if leads_out(error) => not_found(name),
        ErrorKind::NotFound
        | ErrorKind::NotADirectory
        | ErrorKind::IsADirectory
        | ErrorKind::InvalidInput
        | ErrorKind::InvalidFilename => not_found(name),
        kind => Error::unavailable(format!("`{name}` cannot be opened: {kind}")),
    }
}

/// Why a file of this name cannot be made.
pub(crate) fn not_made(name: &str, error: &io::Error) -> Error {
    let code = match error.kind() {
        _ if leads_out(error) => Code::InvalidArgument,
        ErrorKind::AlreadyExists => Code::AlreadyExists,
        ErrorKind::NotADirectory | ErrorKind::InvalidInput | ErrorKind::InvalidFilename => {
            Code::InvalidArgument
        }
        _ => Code::Unavailable,
    };
    Error::new(code, format!("`{name}` cannot be made: {}", error.kind()))
}
