//! Types as text that a person can read: for the descriptions of arguments, and for messages.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// Prints tokens of a type the way they are usually written.
pub(crate) fn of(tokens: TokenStream) -> String {
    let mut text = String::new();
    write(tokens, &mut text);
    text
}

fn write(tokens: TokenStream, text: &mut String) {
    let mut after_word = false;
    let mut lifetime = false;
    let mut joint = false;
    for token in tokens {
        let mut word = false;
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::None => ("", ""),
                };
                if after_word
                    && ["mut", "dyn", "const"]
                        .iter()
                        .any(|word| text.ends_with(word))
                {
                    text.push(' ');
                }
                text.push_str(open);
                write(group.stream(), text);
                text.push_str(close);
                word = group.delimiter() == Delimiter::None;
                joint = false;
            }
            TokenTree::Punct(punct) => {
                let c = punct.as_char();
                let was_joint = std::mem::replace(&mut joint, punct.spacing() == Spacing::Joint);
                lifetime = c == '\'';
                match c {
                    '\'' if after_word => text.push_str(" '"),
                    '-' if joint => text.push_str(" -"),
                    '>' if was_joint && text.ends_with('-') => text.push_str("> "),
                    '+' | '=' => text.extend([' ', c, ' ']),
                    ',' | ';' => text.extend([c, ' ']),
                    // A bound or an argument's type, and not half of `::`.
                    ':' if !joint && !was_joint => text.push_str(": "),
                    _ => text.push(c),
                }
            }
            word_token => {
                if after_word {
                    text.push(' ');
                }
                text.push_str(&word_token.to_string());
                word = true;
                lifetime = false;
                joint = false;
            }
        }
        after_word = word && !lifetime;
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn types_read_as_written() {
        for written in [
            "Option<NaiveDate>",
            "std::collections::HashMap<String, Vec<u8>>",
            "&'static str",
            "&'a mut [u8; 4]",
            "Box<dyn Fn(u8) -> (u8, u8) + Send>",
            "<T as Trait>::Item",
            "impl Iterator<Item = u8>",
            "self: Arc<Self>",
        ] {
            let tokens = written.parse().expect("tokens");
            assert_eq!(super::of(tokens), written);
        }
    }
}
