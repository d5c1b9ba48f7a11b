//! What is generated while its user is still typing: the block itself, and everything of the methods that are whole.
//!
//! An editor completes in what an attribute expands to. An expansion that loses the block, or the methods beside the one that is being typed, stops
//! completion in all of it.

use super::{reported, tokens};
use crate::server::{expand, expand_service};

/// Methods as they look in the middle of typing, and a part of each that must still be there. What cannot even be split into tokens never gets here: the compiler and
/// editors close what is open first.
const UNFINISHED: &[(&str, &str)] = &[
    ("pub", "pub"),
    ("async", "async"),
    ("async fn", "async fn"),
    ("async fn half", "async fn half"),
    ("async fn half()", "async fn half ()"),
    ("async fn half(&", "async fn half (&)"),
    ("async fn half(&self", "async fn half (& self)"),
    ("async fn half(&self, ", "async fn half (& self ,)"),
    ("async fn half(&self, name", "async fn half (& self , name)"),
    (
        "async fn half(&self, name:",
        "async fn half (& self , name :)",
    ),
    (
        "async fn half(&self, name: Vec<",
        "async fn half (& self , name : Vec <)",
    ),
    ("async fn half(&self) ->", "async fn half (& self) ->"),
    (
        "async fn half(&self) -> {}",
        "async fn half (& self) -> { }",
    ),
    (
        "async fn half(&self) -> Result<",
        "async fn half (& self) -> Result <",
    ),
    (
        "async fn half(&self) -> Result<, Error> {}",
        "-> Result < , Error > { }",
    ),
    (
        "async fn half(&self) -> RecordBatch",
        "async fn half (& self) -> RecordBatch",
    ),
    (
        "async fn half(&self) { self.",
        "async fn half (& self) { self . }",
    ),
    ("async fn half(&self) { let x = ; @ # }", "let x = ; @ #"),
    ("fn half(&self) where", "fn half (& self) where"),
    ("const HALF", "const HALF"),
    ("let x = self.", "let x = self ."),
];

/// Attributes as they look in the middle of typing.
const ATTRIBUTES: &[&str] = &[
    "",
    "#[do_get]",
    "#[do_get()]",
    "#[do_get(\"\")]",
    "#[do_get(\"half\")]",
    "#[do_get(\"half/{\")]",
    "#[do_get(\"half/{na\")]",
    "#[do_get(\"half/{name}?\")]",
    "#[do_get(\"half\",)]",
    "#[do_get(\"half\", sch)]",
    "#[do_get(\"half\", schema =)]",
    "#[do_get(\"half\", schema = my::)]",
    "#[do_get(\"half\", schema = my_schema()]",
    "#[do_get(\"half\", list =)]",
    "#[do_get(\"half\", require = )]",
    "#[do_get(\"half\", require = \"role:\")]",
    "#[do_get =]",
    "#[do_g]",
    "#[]",
    "#[action(]",
    "#[action(\"]",
    "#[",
    "#",
];

/// Whether all of `part` is in `text`, however the tokens are spaced.
fn has(text: &str, part: &str) -> bool {
    text.replace(' ', "").contains(&part.replace(' ', ""))
}

/// Closes what is open, as the compiler and editors do before a macro sees it.
fn closed(text: &str) -> String {
    let mut open = Vec::new();
    let mut closed = String::new();
    let mut in_text = false;
    for c in text.chars() {
        match c {
            '"' => in_text = !in_text,
            '(' | '[' | '{' if !in_text => open.push(match c {
                '(' => ')',
                '[' => ']',
                _ => '}',
            }),
            // One that closes nothing closes what is open in it first.
            ')' | ']' | '}' if !in_text => {
                while let Some(expected) = open.pop() {
                    if expected == c {
                        break;
                    }
                    closed.push(expected);
                }
            }
            _ => {}
        }
        closed.push(c);
    }
    if in_text {
        closed.push('"');
    }
    closed.extend(open.into_iter().rev());
    closed
}

/// Every unfinished method under every unfinished attribute.
fn unfinished() -> impl Iterator<Item = (String, &'static str)> {
    UNFINISHED.iter().flat_map(|(method, kept)| {
        ATTRIBUTES
            .iter()
            // An attribute without brackets takes what follows into them.
            .filter(move |attribute| attribute.ends_with(']') || attribute.is_empty())
            .map(move |attribute| (format!("{} {}", closed(attribute), closed(method)), *kept))
    })
}

#[test]
fn a_block_keeps_its_other_methods_and_what_is_generated_for_them() {
    for (half, kept) in unfinished() {
        let item = format!(
            "impl Weather {{
                #[do_get(\"stations/{{station}}\")]
                async fn before(&self, station: String) -> RecordBatch {{ todo!() }}
                {half}
            }}"
        );
        let expansion = expand(tokens("client = WeatherClient"), tokens(&item));
        let text = expansion.to_string();
        for part in [
            kept,
            "impl Weather {",
            "async fn before (& self , station : String) -> RecordBatch { todo ! () }",
            "fn before_route",
            "FlightService for Weather",
            "Self :: before",
            "pub struct WeatherClient",
            "pub async fn before",
        ] {
            assert!(has(&text, part), "{half}\n{part} in {text}");
        }
    }
}

#[test]
fn a_method_in_the_middle_leaves_those_behind_it() {
    // What ends with a body or a `;` is one item; without one the compiler too takes the next method into it.
    for (half, kept) in unfinished().filter(|(half, _)| half.ends_with('}')) {
        let item = format!(
            "impl Weather {{
                {half}
                #[action(\"after\")]
                async fn after(&self) -> String {{ String::new() }}
            }}"
        );
        let text = expand(tokens(""), tokens(&item)).to_string();
        for part in [kept, "async fn after (& self) -> String", "Self :: after"] {
            assert!(has(&text, part), "{half}\n{part} in {text}");
        }
    }
}

#[test]
fn an_attribute_in_the_middle_leaves_the_methods_behind_it() {
    for attribute in ATTRIBUTES.iter().filter(|a| a.ends_with(']')) {
        let attribute = closed(attribute);
        let item = format!(
            "impl Weather {{
                {attribute}
                async fn half(&self, name: String) -> RecordBatch {{ todo!() }}
                #[action(\"after\")]
                async fn after(&self) -> String {{ String::new() }}
            }}"
        );
        let text = expand(tokens(""), tokens(&item)).to_string();
        for part in [
            "async fn half (& self , name : String) -> RecordBatch { todo ! () }",
            "async fn after (& self) -> String",
            "Self :: after",
        ] {
            assert!(has(&text, part), "{attribute}\n{part} in {text}");
        }
    }
}

#[test]
fn a_contract_keeps_its_other_methods_and_what_is_generated_for_them() {
    for (half, kept) in unfinished() {
        let item = format!(
            "trait Weather {{
                #[do_get(\"stations/{{station}}\")]
                async fn before(&self, station: String) -> RecordBatch;
                {half}
            }}"
        );
        let text = expand_service(tokens("client = WeatherClient"), tokens(&item)).to_string();
        // A handler's `async fn` is printed as what it is to the compiler: its return type is another.
        for part in kept.trim_start_matches("async ").split(") ") {
            assert!(has(&text, part), "{half}\n{part} in {text}");
        }
        for part in [
            "trait Weather :",
            "fn before (& self , station : String)",
            "fn before_route",
            "Self :: before",
            "pub struct WeatherClient",
            "pub async fn before",
        ] {
            assert!(has(&text, part), "{half}\n{part} in {text}");
        }
    }
}

#[test]
fn an_implementation_of_a_contract_stays_as_it_is() {
    for (half, kept) in unfinished() {
        let item = format!(
            "impl Weather for Store {{ async fn before(&self) -> String {{ todo!() }} {half} }}"
        );
        let text = expand_service(tokens(""), tokens(&item)).to_string();
        for part in [kept, "impl Weather for Store {", "FlightService for Store"] {
            assert!(has(&text, part), "{half}\n{part} in {text}");
        }
    }
}

#[test]
fn an_unfinished_attribute_of_the_block_leaves_the_block_and_its_service() {
    for attribute in [
        "na",
        "name",
        "name =",
        "name = \"",
        "roles(",
        "roles(\"",
        "roles(\"admin\",",
        "client",
        "client =",
        "parts(",
        ",",
        "\"",
    ] {
        let item =
            "impl Weather { #[action(\"after\")] async fn after(&self) -> String { todo!() } }";
        let text = expand(tokens(&closed(attribute)), tokens(item)).to_string();
        for part in [
            "impl Weather { async fn after (& self) -> String { todo ! () } }",
            "FlightService for Weather",
            "Self :: after",
        ] {
            assert!(has(&text, part), "{attribute}\n{part} in {text}");
        }
        let item = "trait Weather { #[action(\"after\")] async fn after(&self) -> String; }";
        let text = expand_service(tokens(&closed(attribute)), tokens(item)).to_string();
        for part in [
            "trait Weather :",
            "fn after (& self)",
            "< Self as Weather > :: after",
        ] {
            assert!(has(&text, part), "{attribute}\n{part} in {text}");
        }
    }
}

#[test]
fn an_unfinished_head_leaves_the_item() {
    for head in [
        "impl",
        "impl {}",
        "impl Weather for {}",
        "impl<T {}",
        "impl Weather where {}",
    ] {
        let item = format!("{head} {{ #[do_get] async fn half(&self) {{ self.x }} }}");
        let item = match head.ends_with("{}") {
            true => head.replace("{}", "{ #[do_get] async fn half(&self) { self.x } }"),
            false => item,
        };
        for text in [
            expand(tokens(""), tokens(&item)),
            expand_service(tokens(""), tokens(&item)),
        ] {
            let text = text.to_string();
            assert!(
                has(&text, "async fn half (& self) { self . x }"),
                "{item}\n{text}"
            );
        }
    }
}

#[test]
fn each_unfinished_method_is_reported_at_most_once_for_its_signature() {
    for (method, _) in UNFINISHED {
        let item = format!("impl Weather {{ #[do_get(\"half\")] {} }}", closed(method));
        let expansion = expand(tokens(""), tokens(&item));
        let found = reported(&expansion);
        assert!(found.len() <= 1, "{item}: {found:?}");
    }
}
