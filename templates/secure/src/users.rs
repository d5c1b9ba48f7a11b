//! Who may log in: names, roles, and the hashes of passwords by Argon2id.

use std::collections::HashMap;
use std::io::{IsTerminal, stdin};
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use flight_runtime::prelude::*;
use flight_runtime::{BasicAuth, Principal};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

pub(crate) struct Users {
    known: HashMap<String, (Principal, PasswordHash)>,
    /// What a name that is not there is compared with, so that it takes as long as any other.
    nobody: PasswordHash,
}

impl Users {
    pub(crate) fn read(file: &Path) -> Result<Self, Error> {
        // Errors name the file, and show no line of it.
        let wrong = |what: &str| Error::invalid_argument(format!("`{}`: {what}", file.display()));
        let lines = std::fs::read_to_string(file).map_err(|error| wrong(&error.to_string()))?;
        lines.parse().map_err(|error: Error| wrong(error.message()))
    }

    /// Name and password once, a token from then on.
    pub(crate) fn login(self) -> BasicAuth {
        let users = Arc::new(self);
        // Each hash takes 19 MiB and a processor: the others wait.
        let places = Arc::new(Semaphore::new(
            available_parallelism().map_or(1, usize::from),
        ));
        BasicAuth::new(move |name, password| {
            let (users, places) = (Arc::clone(&users), Arc::clone(&places));
            async move {
                let _place = places.acquire_owned().await?;
                spawn_blocking(move || users.check(&name, &password)).await?
            }
        })
        .token_idle(Duration::from_secs(15 * 60))
        .token_lifetime(Duration::from_secs(8 * 3600))
    }

    fn check(&self, name: &str, password: &str) -> Result<Principal, Error> {
        let user = self.known.get(name);
        let hash = user.map_or(&self.nobody, |(_, hash)| hash);
        let fits = Argon2::default().verify_password(password.as_bytes(), hash);
        match (user, fits) {
            (Some((principal, _)), Ok(())) => Ok(principal.clone()),
            _ => Err(BasicAuth::wrong()),
        }
    }
}

impl FromStr for Users {
    type Err = Error;

    fn from_str(lines: &str) -> Result<Self, Error> {
        let lines = lines.lines().map(str::trim).enumerate();
        let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let known = lines.map(|(at, line)| {
            user(line).ok_or_else(|| {
                let at = at + 1;
                Error::invalid_argument(format!("line {at} is not `name:role,role:$argon2id$…`"))
            })
        });
        let nobody = PasswordHash::new(&hash("nobody")?)?;
        Ok(Self {
            known: known.collect::<Result<_, _>>()?,
            nobody,
        })
    }
}

fn user(line: &str) -> Option<(String, (Principal, PasswordHash))> {
    let [name, roles, hash] = *line.splitn(3, ':').collect::<Vec<_>>() else {
        return None;
    };
    let hash = PasswordHash::new(hash).ok()?;
    let roles = roles.split(',').filter(|role| !role.is_empty());
    Some((
        name.to_owned(),
        (Principal::new(name).with_roles(roles), hash),
    ))
}

/// With a salt of its own, and the parameters that OWASP recommends, which are Argon2's own defaults.
pub(crate) fn hash(password: &str) -> Result<String, Error> {
    let hash = Argon2::default().hash_password(password.as_bytes())?;
    Ok(hash.to_string())
}

/// The command `hash-password`.
pub(crate) fn print_hash() -> Result<(), Error> {
    if stdin().is_terminal() {
        eprintln!("The password, and Enter (it is shown; pipe it in where others look on):");
    }
    let mut password = String::new();
    stdin().read_line(&mut password)?;
    match password.trim_end_matches(['\r', '\n']) {
        "" => Err(Error::invalid_argument("there is no password")),
        password => {
            println!("{}", hash(password)?);
            Ok(())
        }
    }
}
