//! Who may log in, and for how long.

use std::path::Path;
use std::time::Duration;

use flight_runtime::{BasicAuth, Error, Principal};

/// Login for the users of a file, a line each: `name:role,role:password`, with or without roles.
pub(crate) fn login(path: &Path) -> Result<BasicAuth, Error> {
    // Errors name the file, and show no line of it: there are passwords in them.
    let wrong = |what: &str| Error::invalid_argument(format!("`{}`: {what}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(&error.to_string()))?;
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let users: Option<Vec<_>> = lines.map(user).collect();
    let users = users.ok_or_else(|| wrong("a line is not `name:roles:password`"))?;
    Ok(BasicAuth::users(users)
        .token_idle(Duration::from_secs(15 * 60))
        .token_lifetime(Duration::from_secs(8 * 3600)))
}

fn user(line: &str) -> Option<(Principal, &str)> {
    let [name, roles, password] = *line.splitn(3, ':').collect::<Vec<_>>() else {
        return None;
    };
    let roles = roles.split(',').filter(|role| !role.is_empty());
    Some((Principal::new(name).with_roles(roles), password))
}
