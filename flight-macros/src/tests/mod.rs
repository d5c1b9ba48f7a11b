//! Expansions as text, against files that a reviewer reads: `UPDATE_SNAPSHOTS=1 cargo test` rewrites them.

mod access;
mod expansion;
mod mistakes;
mod unfinished;

use std::path::PathBuf;

use proc_macro2::{TokenStream, TokenTree};

fn tokens(text: &str) -> TokenStream {
    text.parse().expect("tokens")
}

/// The mistakes that an expansion reports: the user's text, and what is said about it.
///
/// By its tokens, because what the user is still typing need not be an item.
fn reported(expansion: &TokenStream) -> Vec<(String, String)> {
    let trees: Vec<TokenTree> = expansion.clone().into_iter().collect();
    let mut found = Vec::new();
    for (index, tree) in trees.iter().enumerate() {
        if tree.to_string() != "compile_error" {
            continue;
        }
        // `::core::compile_error!{ "message" }`
        let (first, TokenTree::Group(last)) = (&trees[index - 5], &trees[index + 2]) else {
            panic!("a macro call: {expansion}");
        };
        let message: syn::LitStr = syn::parse2(last.stream()).expect("a message");
        let at = first.span().join(last.span()).and_then(|s| s.source_text());
        found.push((at.unwrap_or_default(), message.value()));
    }
    found
}

/// Compares with a file in `src/snapshots`, or writes it.
fn compare(name: &str, actual: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("src/snapshots")
        .join(name);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, actual).expect("the snapshot can be written");
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    if expected == actual {
        return;
    }
    let line = expected
        .lines()
        .zip(actual.lines())
        .position(|(expected, actual)| expected != actual)
        .unwrap_or_else(|| expected.lines().count().min(actual.lines().count()));
    panic!(
        "{name} differs from line {} on:\n  expected: {}\n  actual:   {}\nUPDATE_SNAPSHOTS=1 rewrites it",
        line + 1,
        expected.lines().nth(line).unwrap_or("(end)"),
        actual.lines().nth(line).unwrap_or("(end)"),
    );
}
