//! What the attributes accept and refuse, and in which words: see `ui/README.md`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[test]
fn services_that_compile() {
    trybuild::TestCases::new().pass("ui/pass/*.rs");
}

#[test]
fn mistakes_and_their_messages() {
    trybuild::TestCases::new().compile_fail("ui/fail/*/*.rs");
}

/// The guide's page "Why does my handler not compile?" has the first line of every message, and no line that the compiler does not say.
///
/// What stands between backticks is the user's own: there a case and the page may differ, for a case is on the page when a line is that differs in
/// nothing else. Each line of the page is that of some case letter for letter.
#[test]
fn every_mistake_is_explained_in_the_guide() {
    let page = read("../docs/src/compile-errors.md");
    let explained: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("error"))
        .collect();
    let cases = messages();
    assert!(cases.len() > 100, "{} cases", cases.len());

    let shapes: Vec<String> = explained.iter().map(|line| shape(line)).collect();
    let missing: Vec<String> = cases
        .iter()
        .filter(|(_, message)| !shapes.contains(&shape(message)))
        .map(|(case, message)| format!("  {case}: {message}"))
        .collect();
    assert!(
        missing.is_empty(),
        "docs/src/compile-errors.md says nothing of\n{}",
        missing.join("\n")
    );

    let outdated: Vec<&str> = explained
        .into_iter()
        .filter(|line| !cases.values().any(|message| message == line))
        .collect();
    assert!(
        outdated.is_empty(),
        "docs/src/compile-errors.md has messages that no case in ui/fail gives\n  {}",
        outdated.join("\n  ")
    );
}

/// The first line of what the compiler says about each case, by the case's name.
fn messages() -> BTreeMap<String, String> {
    let mut messages = BTreeMap::new();
    for folder in entries(Path::new("ui/fail")) {
        for file in entries(&folder) {
            if file
                .extension()
                .is_some_and(|extension| extension == "stderr")
            {
                let text = read(&file);
                let first = text.lines().next().unwrap_or_default().to_owned();
                messages.insert(file.with_extension("").display().to_string(), first);
            }
        }
    }
    messages
}

/// A message without what stands between its backticks.
fn shape(message: &str) -> String {
    let outside = message.split('`').step_by(2);
    outside.collect::<Vec<_>>().join("`…`")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .collect()
}

fn read(file: impl AsRef<Path>) -> String {
    let file = file.as_ref();
    std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}
