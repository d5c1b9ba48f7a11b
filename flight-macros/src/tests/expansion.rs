//! What is generated for blocks without mistakes.

use proc_macro2::TokenStream;
use quote::ToTokens;

use super::{compare, reported, tokens};
use crate::server::{expand, expand_service};

const SERVICE: &str = include_str!("../snapshots/service.rs");

/// What its methods require.
const DECLARED: &str = "roles(\"editor\"), scopes(\"stations:write\")";

fn pretty(expansion: TokenStream) -> String {
    prettyplease::unparse(&syn::parse2(expansion).expect("items"))
}

#[test]
fn a_service_with_every_attribute() {
    let whole = SERVICE.replace("half typed @ # code stays as it is", "todo!()");
    let expansion = expand(
        tokens(&format!("parts(\"maintenance\"), {DECLARED}")),
        tokens(&whole),
    );
    assert_eq!(reported(&expansion), []);
    compare("service.expanded.rs", &pretty(expansion));
}

#[test]
fn a_part() {
    let expansion = expand(
        tokens("part = \"maintenance\", crate = crate::runtime, roles(\"admin\")"),
        tokens(
            r#"impl Weather {
                #[crate::runtime::action("vacuum", require = "role:admin")]
                async fn vacuum(&self) -> Result<(), Error> { Ok(()) }
            }"#,
        ),
    );
    assert_eq!(reported(&expansion), []);
    compare("part.expanded.rs", &pretty(expansion));
}

#[test]
fn a_client() {
    let expansion = expand(
        tokens("client = WeatherClient"),
        tokens(
            r#"/// Weather.
            impl Weather {
                /// Observations.
                #[do_get("stations/{station}?{limit}")]
                async fn observations(&self, limit: Option<u32>, station: String, context: CallContext) -> Result<BatchStream, Error> {}
                #[do_get]
                async fn any(&self, ticket: Ticket) -> RecordBatch {}
                #[do_put("stations/{station}")]
                async fn add(&self, station: u32, mut rows: BatchStream, acks: MetadataWriter) -> Result<Option<Json<Received>>, Error> {}
                #[do_put]
                async fn add_any(&self, Json(request): Json<Add>, rows: Rows<Day>) {}
                #[do_exchange("score")]
                async fn score(&self, rows: Rows<Day>) -> Result<Rows<Score>, Error> {}
                #[action("compact")]
                async fn compact(&self, body: Proto<Compact>) -> impl Stream<Item = Result<Json<Progress>, Error>> {}
                #[get_flight_info]
                async fn info(&self, name: String) -> FlightInfo {}
            }"#,
        ),
    );
    assert_eq!(reported(&expansion), []);
    let text = pretty(expansion);
    let client = text.find("/// A client").or_else(|| text.find("A client"));
    let client = client.and_then(|at| text.get(at..)).unwrap_or_default();
    compare("client.expanded.rs", client);
}

#[test]
fn a_contract() {
    let expansion = expand_service(
        tokens("client = WeatherClient"),
        tokens(
            r#"pub trait Weather: Debug {
                #[do_get("stations/{station}", list = names)]
                async fn observations(&self, station: String) -> Result<BatchStream, Error>;
                async fn names(&self) -> Vec<String>;
                #[action("compact")]
                async fn compact(&self) { self.merge() }
                #[action("count")]
                fn count(&self) -> Json<u32>;
                fn merge(&self);
            }"#,
        ),
    );
    assert_eq!(reported(&expansion), []);
    let text = pretty(expansion);
    let contract = text.split("///A client of").next().unwrap_or_default();
    compare("contract.expanded.rs", contract);
    let expansion = expand_service(
        tokens("crate = crate::runtime"),
        tokens("impl<T: Store> api::Weather for Station<T> where T: Send { fn f() { @ } }"),
    );
    let text = expansion.to_string();
    assert!(text.contains("f () { @ }"), "{text}");
    let implemented = text.split("f () { @ } }").nth(1).unwrap_or_default();
    compare("implementation.expanded.rs", &pretty(tokens(implemented)));
}

#[test]
fn bodies_are_not_read() {
    let expansion = expand(tokens(DECLARED), tokens(SERVICE));
    let text = expansion.to_string();
    assert!(
        text.contains("half typed @ # code stays as it is"),
        "{text}"
    );
    assert!(text.contains("fn observations_route"), "{text}");
}

#[test]
fn the_block_is_the_users_own_without_the_attributes() {
    let item = tokens(
        "#[doc = \" x\"] impl A { #![allow(unused)] m!(); const B: u8 = { 1 }; #[inline] fn c(&self) { @ } }",
    );
    let expansion = expand(tokens("parts(\"x\")"), item.clone());
    let text = |tokens: TokenStream| tokens.to_string().replace(' ', "");
    assert!(text(expansion).starts_with(&text(item)));
}

#[test]
fn conditions_are_on_everything_that_is_generated() {
    let expansion = expand(
        tokens(""),
        tokens(
            r#"#[cfg(outer)] impl A {
                #[cfg(a)] #[cfg_attr(b, cfg(c), inline)] #[do_get("x/{y}", list = ys, require = guard)]
                async fn x(&self, y: u8) -> BatchStream { todo!() }
                #[cfg(d)] async fn ys(&self) -> Vec<u8> { todo!() }
            }"#,
        ),
    );
    assert_eq!(reported(&expansion), []);
    compare("conditions.expanded.rs", &pretty(expansion));
}

#[test]
fn nothing_is_visible_but_what_is_meant_to_be() {
    let expansion = expand(tokens(DECLARED), tokens(SERVICE));
    let file: syn::File = syn::parse2(tokens(
        &expansion
            .to_string()
            .replace("half typed @ # code stays as it is", ""),
    ))
    .expect("items");
    let mut named = Vec::new();
    for item in file.items.iter().skip(1) {
        let syn::Item::Impl(item) = item else {
            panic!("only impls are generated: {}", item.to_token_stream());
        };
        let inherent = item.trait_.is_none();
        named.extend(item.items.iter().filter_map(|item| match item {
            syn::ImplItem::Fn(function) if inherent => Some(function.sig.ident.to_string()),
            _ => None,
        }));
    }
    assert_eq!(
        named,
        [
            "observations_route",
            "file_route",
            "add_route",
            "score_route"
        ]
    );
}
