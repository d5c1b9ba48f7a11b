//! What is known of the files: kept for each until it changes, which its size and its time of modification say.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io::{self, Seek};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use flight_runtime::Error;

use crate::directory::{Directory, not_found};
use crate::formats::{Facts, Format};

pub(crate) struct Catalog {
    pub(crate) directory: Directory,
    /// Of CSV: from how many rows the types of the columns are inferred.
    infer_rows: usize,
    known: Mutex<HashMap<String, Known>>,
}

struct Known {
    version: Version,
    /// Whether it was inspected a while after its last change. One that had just changed might have done so again in the same tick of the
    /// clock by which files are dated.
    settled: bool,
    /// Or why the file cannot be read.
    facts: Result<Arc<Facts>, Arc<str>>,
}

/// A file that was found in the directory.
pub(crate) struct Found {
    pub(crate) path: String,
    /// Why it cannot be read.
    pub(crate) error: Option<Error>,
}

/// What differs between a file and the one that it was.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Version {
    size: u64,
    modified: SystemTime,
}

/// How long after a change the next one has another date, on any file system.
const TICK: Duration = Duration::from_secs(2);

impl Version {
    fn of(metadata: &Metadata) -> io::Result<Self> {
        Ok(Self {
            size: metadata.len(),
            modified: metadata.modified()?,
        })
    }

    fn is_settled(self) -> bool {
        let age = SystemTime::now().duration_since(self.modified);
        age.is_ok_and(|age| age > TICK)
    }
}

impl Catalog {
    pub(crate) fn new(directory: Directory, infer_rows: usize) -> Self {
        Self {
            directory,
            infer_rows,
            known: Mutex::default(),
        }
    }

    /// All files, by looking into the directory: those that can be read, and those that cannot.
    pub(crate) fn list(&self) -> Result<Vec<Found>, Error> {
        let names = self.directory.names()?;
        self.known()
            .retain(|name, _| names.binary_search(name).is_ok());
        let files = names.into_iter().map(|path| Found {
            error: self.open(&path).err(),
            path,
        });
        Ok(files.collect())
    }

    /// Opens a file; gives what is known of it, or finds it out.
    ///
    /// # Errors
    ///
    /// NOT_FOUND where there is none of this name, DATA_LOSS where it cannot be read.
    pub(crate) fn open(&self, name: &str) -> Result<(File, Arc<Facts>), Error> {
        let format = Format::of(name).ok_or_else(|| not_found(name))?;
        let mut file = self.directory.file(name).inspect_err(|_| {
            self.known().remove(name);
        })?;
        let version = Version::of(&file.metadata()?)?;
        let known = self
            .known()
            .get(name)
            .filter(|known| known.settled && known.version == version)
            .map(|known| known.facts.clone());
        let facts = match known {
            Some(facts) => facts,
            None => {
                let settled = version.is_settled();
                let facts = Facts::of(&file, format, self.infer_rows);
                if let Err(reason) = &facts {
                    tracing::warn!(file = name, %reason, "cannot be read");
                }
                let facts = facts
                    .map(Arc::new)
                    .map_err(|reason| Arc::from(reason.to_string()));
                let known = Known {
                    version,
                    settled,
                    facts: facts.clone(),
                };
                self.known().insert(name.to_owned(), known);
                file.rewind()?;
                facts
            }
        };
        match facts {
            Ok(facts) => Ok((file, facts)),
            Err(reason) => Err(broken(name, &reason)),
        }
    }

    // Every change leaves the map whole, so a panic elsewhere while it is locked spoils nothing.
    fn known(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn broken(name: &str, reason: impl std::fmt::Display) -> Error {
    Error::data_loss(format!("`{name}` cannot be read: {reason}"))
}
