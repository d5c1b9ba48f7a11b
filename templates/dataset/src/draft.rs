//! A file that is being written: hidden under a name of its own until it is complete, and gone when it never is.

use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::sync::{Mutex, PoisonError};

use cap_std::fs::{Dir, OpenOptions};

/// Files appear one at a time, so that of two uploads of one name the second finds the first.
static APPEARING: Mutex<()> = Mutex::new(());

pub(crate) struct Draft {
    folder: Dir,
    name: String,
    hidden: String,
    file: File,
}

impl Draft {
    pub(crate) fn new(folder: Dir, name: &str) -> io::Result<Self> {
        absent(&folder, name)?;
        // The keys of a `RandomState` differ from those of every other.
        let hidden = format!(".upload-{:016x}", RandomState::new().hash_one(name));
        let file = folder.open_with(&hidden, OpenOptions::new().write(true).create_new(true))?;
        Ok(Self {
            folder,
            name: name.to_owned(),
            hidden,
            file: file.into_std(),
        })
    }

    /// The file, to be written.
    pub(crate) fn file(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Lets the file appear, once the disk has all of it.
    pub(crate) fn finish(self) -> io::Result<()> {
        self.file.sync_all()?;
        let _one = APPEARING.lock().unwrap_or_else(PoisonError::into_inner);
        absent(&self.folder, &self.name)?;
        self.folder.rename(&self.hidden, &self.folder, &self.name)
    }
}

impl Drop for Draft {
    /// Removes what did not become a file. Of one that did, there is nothing left under the hidden name.
    fn drop(&mut self) {
        let removed = self.folder.remove_file(&self.hidden);
        if let Err(error) = removed
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(file = self.hidden, %error, "an upload that did not end is left behind");
        }
    }
}

fn absent(folder: &Dir, name: &str) -> io::Result<()> {
    match folder.symlink_metadata(name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
    }
}
