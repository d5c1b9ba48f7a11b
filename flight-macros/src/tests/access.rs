//! Who may call: what is said about a mistake, and what is generated.

use super::mistakes::page;
use super::{compare, reported, tokens};
use crate::server::expand;

/// Names that a block declares; each block has one handler.
const DECLARED: &[(&str, &str)] = &[
    ("roles as a value", "roles = \"admin\""),
    ("roles without names", "roles"),
    ("scopes without quotes", "scopes(read, tables:write)"),
    ("an empty role", "roles(\"\")"),
    ("a role with a space", "roles(\"table admin\")"),
    ("several scopes in one text", "scopes(\"read | write\")"),
    ("a role twice", "roles(\"admin\", \"admin\")"),
    ("roles twice", "roles(\"admin\"), roles(\"operator\")"),
    ("a misspelt option", "rolse(\"admin\")"),
    ("require on the block", "require = \"role:admin\""),
    ("public on the block", "public"),
    ("nothing wrong", "roles(\"admin\"), scopes(\"admin\")"),
    ("no names", "roles(), scopes()"),
    (
        "on a part",
        "part = \"x\", roles(\"admin\"), scopes(\"read\")",
    ),
];

/// What a `#[do_get]` requires, in a block with `roles("admin", "operator"), scopes("tables:write")`.
const REQUIRED: &[(&str, &str)] = &[
    ("an undeclared role", "require = \"role:auditor\""),
    ("a misspelt role", "require = \"role:amdin\""),
    ("an undeclared scope", "require = \"scope:files\""),
    ("a misspelt scope", "require = \"scope:table:write\""),
    ("a role as a scope", "require = \"scope:admin\""),
    ("an unknown kind", "require = \"user:x\""),
    (
        "an unknown kind of a declared name",
        "require = \"group:admin\"",
    ),
    ("a misspelt kind", "require = \"roles:admin\""),
    ("a kind with a capital", "require = \"Role:admin\""),
    ("a space before the colon", "require = \"role :admin\""),
    ("a space behind the colon", "require = \"role: admin\""),
    ("no kind", "require = \"admin\""),
    ("a misspelt name without a kind", "require = \"oprator\""),
    ("an unknown name without a kind", "require = \"auditor\""),
    ("a scope without a kind", "require = \"tables:write\""),
    (
        "an equals sign in place of the colon",
        "require = \"role=admin\"",
    ),
    ("words", "require = \"only for me\""),
    ("a colon at the start", "require = \":admin\""),
    ("no name", "require = \"scope:\""),
    (
        "alternatives with a comma",
        "require = \"role:admin, role:operator\"",
    ),
    (
        "alternatives with a comma and no space",
        "require = \"role:admin,role:operator\"",
    ),
    (
        "both at once",
        "require = \"role:admin & scope:tables:write\"",
    ),
    (
        "an alternative twice",
        "require = \"role:admin | scope:tables:write | role:admin\"",
    ),
    ("an empty text", "require = \"\""),
    ("only a bar", "require = \" | \""),
    ("two bars", "require = \"role:admin || role:operator\""),
    ("a bar at the end", "require = \"role:admin |\""),
    (
        "alternatives in two texts",
        "require = \"role:admin\" | \"role:operator\"",
    ),
    ("require without a value", "require"),
    ("require with parentheses", "require(\"role:admin\")"),
    (
        "require twice",
        "require = \"role:admin\", require = \"role:operator\"",
    ),
    ("public with a value", "public = true"),
    ("public with parentheses", "public()"),
    ("public twice", "public, public"),
    ("require and public", "require = \"role:admin\", public"),
    ("public and a guard", "public, require = is_admin"),
    ("a misspelt option", "requires = \"role:admin\""),
    ("a role as an option", "role = \"admin\""),
    ("scopes as an option", "scopes(\"tables:write\")"),
    (
        "several at once",
        "require = \"admin | role:audit | user:me\"",
    ),
    (
        "nothing wrong",
        "require = \"role:admin|scope:tables:write\"",
    ),
];

/// Whole blocks.
const BLOCKS: &[(&str, &str, &str)] = &[
    (
        "no roles are declared",
        "scopes(\"read\")",
        "impl A { #[do_get(\"x\", require = \"role:admin\")] async fn f(&self) {} }",
    ),
    (
        "no scopes are declared, and no name follows",
        "",
        "impl A { #[do_get(\"x\", require = \"scope:\")] async fn f(&self) {} }",
    ),
    (
        "a part declares its own",
        "part = \"x\"",
        "impl A { #[do_get(\"x\", require = \"scope:read\")] async fn f(&self) {} }",
    ),
    (
        "a role that is declared with its kind",
        "roles(\"role:admin\")",
        "impl A { #[do_get(\"x\", require = \"role:admin\")] async fn f(&self) {} }",
    ),
    (
        "the mistake is in the declaration",
        "roles = \"admin\", scopes(read)",
        "impl A { #[do_get(\"x\", require = \"role:admin | scope:read\")] async fn f(&self) {} }",
    ),
    (
        "the declaration is there twice",
        "roles(\"admin\"), roles(\"operator\")",
        "impl A { #[do_get(\"x\", require = \"role:operator\")] async fn f(&self) {} }",
    ),
    (
        "the declaration is misspelt",
        "roels(\"admin\")",
        "impl A { #[do_get(\"x\", require = \"role:admin\")] async fn f(&self) {} }",
    ),
    (
        "a comma is missing before the declaration",
        "name = \"x\" roles(\"admin\")",
        "impl A { #[do_get(\"x\", require = \"role:admin\")] async fn f(&self) {} }",
    ),
    (
        "on every attribute",
        "roles(\"admin\")",
        "impl A {
            #[do_get(\"x\", require = \"role:x\")] async fn a(&self) {}
            #[do_put(\"x\", require = \"role:x\")] async fn b(&self) {}
            #[do_exchange(\"x\", require = \"role:x\")] async fn c(&self) {}
            #[action(\"x\", require = \"role:x\")] async fn d(&self) {}
            #[do_action(require = \"role:x\")] async fn e(&self) {}
            #[get_flight_info(require = \"role:x\")] async fn f(&self) {}
            #[get_schema(require = \"role:x\")] async fn g(&self) {}
            #[poll_flight_info(require = \"role:x\")] async fn h(&self) {}
            #[list_flights(require = \"role:x\")] async fn i(&self) {}
            #[list_actions(require = \"role:x\")] async fn j(&self) {}
        }",
    ),
];

#[test]
fn mistakes() {
    let declared = DECLARED.iter().map(|(what, option)| {
        let item = "impl A { #[do_get] async fn f(&self) {} }".to_owned();
        (what.to_string(), option.to_string(), item)
    });
    let required = REQUIRED.iter().map(|(what, option)| {
        let block = "roles(\"admin\", \"operator\"), scopes(\"tables:write\")".to_owned();
        let item = format!("impl A {{ #[do_get(\"x\", {option})] async fn f(&self) {{}} }}");
        (what.to_string(), block, item)
    });
    let blocks = BLOCKS
        .iter()
        .map(|(what, attribute, item)| (what.to_string(), attribute.to_string(), item.to_string()));
    compare(
        "access.mistakes.txt",
        &page(declared.chain(required).chain(blocks)),
    );
}

/// The `access` of each handler that is generated.
fn generated(attribute: &str, item: &str) -> Vec<String> {
    let expansion = expand(tokens(attribute), tokens(item));
    assert_eq!(reported(&expansion), []);
    let text = expansion.to_string();
    let runtime = ":: flight_runtime :: __v0_1 ::";
    text.split("access : ")
        .skip(1)
        .map(|behind| behind.split(" , }").next().unwrap_or_default())
        .map(|access| access.replace(runtime, "#"))
        .collect()
}

#[test]
fn every_attribute_takes_both_options() {
    let access = generated(
        "",
        r#"impl A {
            #[do_get("x", public)] async fn a(&self) {}
            #[do_put(public)] async fn b(&self) {}
            #[do_exchange(public)] async fn c(&self) {}
            #[action("x", public)] async fn d(&self) {}
            #[do_action(require = guard)] async fn e(&self) {}
            #[get_flight_info(require = guard)] async fn f(&self) {}
            #[get_schema(require = guard)] async fn g(&self) {}
            #[poll_flight_info("x", require = guard)] async fn h(&self) {}
            #[list_flights(require = guard)] async fn i(&self) {}
            #[list_actions(require = guard)] async fn j(&self) {}
            #[do_get] async fn k(&self) {}
        }"#,
    );
    let public = "# Access :: Public";
    let guard = "# Access :: Guard (| __principal , __context | # allows (& (guard) , __principal , __context))";
    let default = "# Access :: Default";
    assert_eq!(
        access,
        [
            public, public, public, public, guard, guard, guard, guard, guard, guard, default
        ]
    );
}

#[test]
fn a_text_is_taken_apart() {
    let one = |attribute: &str, text: &str| {
        let item = format!("impl A {{ #[do_put(require = {text})] async fn f(&self) {{}} }}");
        generated(attribute, &item).remove(0)
    };
    assert_eq!(
        one("roles(\"a\"), scopes(\"b:c\")", r#""role:a|  scope:b:c ""#),
        "# Access :: Any (& [# Grant :: Role (\"a\") , # Grant :: Scope (\"b:c\")])"
    );
    assert_eq!(
        one("roles(\"a\")", r##"r#"role:a"#"##),
        "# Access :: Any (& [# Grant :: Role (\"a\")])"
    );
}

#[test]
fn a_text_may_come_from_a_fragment_of_a_macro() {
    use proc_macro2::{Delimiter, Group, Literal, TokenTree};
    let literal: TokenTree = Literal::string("role:a").into();
    let fragment = Group::new(Delimiter::None, literal.into());
    let item = quote::quote! {
        impl A { #[do_put(require = #fragment)] async fn f(&self) {} }
    };
    let expansion = expand(tokens("roles(\"a\")"), item);
    assert_eq!(reported(&expansion), []);
    assert!(expansion.to_string().contains("Grant :: Role (\"a\")"));
}
