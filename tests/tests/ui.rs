//! What the attributes accept and refuse, and in which words: see `ui/README.md`.

#[test]
fn services_that_compile() {
    trybuild::TestCases::new().pass("ui/pass/*.rs");
}

#[test]
fn mistakes_and_their_messages() {
    trybuild::TestCases::new().compile_fail("ui/fail/*/*.rs");
}
