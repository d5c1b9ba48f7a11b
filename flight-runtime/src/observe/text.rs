//! [`Plain`]: text of a client in one line of a log.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The longest text in a log, in bytes.
const LONGEST: usize = 256;

/// A client's text without what could begin a line, hide one or turn its direction: such characters as `\u{a}`, and at most 256 bytes.
pub(crate) struct Plain<'a>(Cow<'a, str>);

impl<'a> Plain<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        if text.len() <= LONGEST && !text.chars().any(is_harmful) {
            return Self(Cow::Borrowed(text));
        }
        let mut plain = String::with_capacity(text.len().min(LONGEST));
        for character in text.chars() {
            let before = plain.len();
            match is_harmful(character) {
                // Writing to a String does not fail.
                true => drop(write!(plain, "\\u{{{:x}}}", u32::from(character))),
                false => plain.push(character),
            }
            if plain.len() > LONGEST - '…'.len_utf8() {
                plain.truncate(before);
                plain.push('…');
                break;
            }
        }
        Self(Cow::Owned(plain))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Control characters, the line and paragraph separators of Unicode, and what turns the direction of text.
fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_begin_a_line_or_hide_one_is_written_out() {
        for (text, plain) in [
            ("ada", "ada"),
            ("Ada Löwe", "Ada Löwe"),
            ("", ""),
            ("a\r\nINFO all is well", "a\\u{d}\\u{a}INFO all is well"),
            ("\u{1b}[2K", "\\u{1b}[2K"),
            ("a\u{61c}b\u{200f}", "a\\u{61c}b\\u{200f}"),
            ("a\u{2028}b\u{202e}c\u{85}", "a\\u{2028}b\\u{202e}c\\u{85}"),
        ] {
            assert_eq!(Plain::new(text).as_str(), plain, "{text:?}");
        }
        assert!(matches!(Plain::new("ada").0, Cow::Borrowed(_)));
    }

    #[test]
    fn a_text_has_at_most_256_bytes() {
        let longest = "x".repeat(LONGEST);
        assert_eq!(Plain::new(&longest).as_str(), longest);
        for text in ["x".repeat(10_000), "ü".repeat(200), "\n".repeat(257)] {
            let plain = Plain::new(&text);
            assert!(plain.as_str().len() <= LONGEST);
            assert!(plain.as_str().ends_with('…'));
        }
    }
}
