//! Text of others as Python: names, literals and docstrings that can be nothing else.

use std::collections::BTreeSet;

/// The longest line that is written, as long as nothing in it is longer by itself.
const WIDTH: usize = 120;

/// Python's keywords, and what its methods call themselves.
const RESERVED: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield", "self",
];

/// Names of one scope, each given once.
#[derive(Default)]
pub(crate) struct Names(BTreeSet<String>);

impl Names {
    /// Names of which these are taken.
    pub(crate) fn without(taken: &[&str]) -> Self {
        Self(taken.iter().map(|&name| name.to_owned()).collect())
    }

    /// A Python name for this text: itself where possible, else with a `_` behind it.
    ///
    /// It never begins with `_`: those names are the module's own.
    pub(crate) fn name(&mut self, text: &str) -> String {
        let mut name: String = text
            .trim_start_matches(|c: char| !c.is_ascii_alphanumeric())
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            name.insert(0, 'n');
        }
        while RESERVED.contains(&name.as_str()) || self.0.contains(&name) {
            name.push('_');
        }
        self.0.insert(name.clone());
        name
    }

    /// A name for a class: words joined, each with a capital.
    pub(crate) fn class(&mut self, text: &str) -> String {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric());
        let joined: String = words
            .map(|word| {
                let (first, rest) = word.split_at(word.len().min(1));
                first.to_ascii_uppercase() + rest
            })
            .collect();
        self.name(if joined.is_empty() {
            "Service"
        } else {
            &joined
        })
    }
}

/// Whether a character says what it is when it is printed: no control, and nothing that turns the direction of a line.
fn is_plain(c: char) -> bool {
    matches!(c, ' '..='~')
        || (c > '\u{a0}' && (c.is_alphanumeric() || "°·–—…×µ§«»“”‘’→≤≥²³€".contains(c)))
}

fn escaped(c: char, out: &mut String) {
    match u32::from(c) {
        code @ ..=0xff => out.push_str(&format!("\\x{code:02x}")),
        code @ ..=0xffff => out.push_str(&format!("\\u{code:04x}")),
        code => out.push_str(&format!("\\U{code:08x}")),
    }
}

/// A text as a literal.
pub(crate) fn literal(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if is_plain(c) => out.push(c),
            c => escaped(c, &mut out),
        }
    }
    out.push('"');
    out
}

/// A text as a docstring of this indentation, behind which the line ends.
pub(crate) fn docstring(text: &str, indent: &str) -> String {
    let text = text.trim();
    let mut out = format!("{indent}\"\"\"");
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.push_str("\\\\"),
            // Of several in a row all but the last, and one at the end: so three are never together.
            '"' if matches!(chars.peek(), None | Some('"')) => out.push_str("\\\""),
            '\n' => {
                out.truncate(out.trim_end_matches(' ').len());
                out.push('\n');
                if !matches!(chars.peek(), Some('\n')) {
                    out.push_str(indent);
                }
            }
            c if is_plain(c) => out.push(c),
            c => escaped(c, &mut out),
        }
    }
    if text.contains('\n') {
        out.push('\n');
        out.push_str(indent);
    }
    out.push_str("\"\"\"\n");
    out
}

/// Whether a line is not too long.
pub(crate) fn fits(line: &str) -> bool {
    line.trim_end().chars().count() <= WIDTH
}

/// A list between two texts, on one line where it fits and else an item a line.
pub(crate) fn listed(indent: &str, open: &str, items: &[String], close: &str) -> String {
    let line = format!("{indent}{open}{}{close}\n", items.join(", "));
    if items.is_empty() || fits(&line) {
        return line;
    }
    let mut out = format!("{indent}{open}\n");
    for item in items {
        out.push_str(&format!("{indent}    {item},\n"));
    }
    out.push_str(&format!("{indent}{close}\n"));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_pythons_and_each_is_given_once() {
        let mut names = Names::default();
        for (text, expected) in [
            ("rows", "rows"),
            ("rows", "rows_"),
            ("class", "class_"),
            ("__init__", "init__"),
            ("größe", "gr__e"),
            ("9", "n9"),
            ("a\nimport os", "a_import_os"),
            ("", "n"),
        ] {
            assert_eq!(names.name(text), expected);
        }
        assert_eq!(names.class("other numbers"), "OtherNumbers");
        assert_eq!(names.class("!"), "Service");
        assert_eq!(names.class("True"), "True_");
    }

    #[test]
    fn a_text_cannot_end_its_literal() {
        assert_eq!(
            literal("a\"\\\n\r\u{202e}ü"),
            "\"a\\\"\\\\\\n\\x0d\\u202eü\""
        );
    }

    #[test]
    fn a_text_cannot_end_its_docstring() {
        assert_eq!(
            docstring("say \"\"\"\nimport os\\", ""),
            "\"\"\"say \\\"\\\"\"\nimport os\\\\\n\"\"\"\n"
        );
        assert_eq!(docstring("\"", ""), "\"\"\"\\\"\"\"\"\n");
        assert_eq!(
            docstring("a  \n\nb", "    "),
            "    \"\"\"a\n\n    b\n    \"\"\"\n"
        );
    }
}
