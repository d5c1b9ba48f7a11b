//! Takes the programs out of the guide: a module for each page that has one.
//!
//! A page's program is its block of Rust with a `main` and the address `localhost:8815`, where it listens. So a page and what the tests run
//! cannot differ. The one change: it listens on a port that is free.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

const PAGES: &str = "../src";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={PAGES}");
    let mut pages: Vec<PathBuf> = fs::read_dir(PAGES)?
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<_>>()?;
    pages.sort();
    let (mut modules, mut names) = (String::new(), String::new());
    for page in pages {
        let text = fs::read_to_string(&page)?;
        let programs: Vec<String> = blocks(&text).filter(|block| is_program(block)).collect();
        let name = page.file_stem().unwrap_or_default().to_string_lossy();
        let program = match &programs[..] {
            [] => continue,
            [program] => program.replace("localhost:8815", "localhost:0"),
            _ => {
                return Err(io::Error::other(format!(
                    "{name} has {} programs",
                    programs.len()
                )));
            }
        };
        let module = name.replace('-', "_");
        let _ = write!(
            modules,
            "/// The program of `{name}.md`.\n#[allow(warnings, clippy::all)]\nmod {module} {{\n{program}\n\
             pub(super) fn run() -> Result<(), flight_runtime::Error> {{ main() }}\n}}\n"
        );
        let _ = writeln!(names, "(\"{name}\", {module}::run),");
    }
    let programs = format!(
        "{modules}\n/// Each page's name, and its program.\nconst PROGRAMS: &[(&str, Program)] = &[{names}];\n"
    );
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo runs this"))?;
    fs::write(Path::new(&out).join("programs.rs"), programs)
}

/// The blocks of Rust of a page, as rustdoc compiles them: with the lines that it hides.
fn blocks(page: &str) -> impl Iterator<Item = String> {
    page.split("\n```rust").skip(1).filter_map(|rest| {
        let (_, code) = rest.split_once('\n')?;
        let (code, _) = code.split_once("\n```")?;
        let lines = code.lines().map(|line| match line.trim_start() {
            "#" => "",
            hidden if hidden.starts_with("# ") => &hidden[2..],
            _ => line,
        });
        Some(lines.collect::<Vec<_>>().join("\n"))
    })
}

fn is_program(block: &str) -> bool {
    block.contains("fn main()") && block.contains("localhost:8815")
}
