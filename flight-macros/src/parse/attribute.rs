//! The attributes of methods: `#[do_get("route", schema = ..)]` and the like.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, Ident, LitStr, Meta, Path, Token};

use super::options::{self, Given, Value};
use crate::errors::{self, Errors};
use crate::literal;
use crate::model::Rpc;
use crate::suggest::closest;

/// An RPC attribute as it was written; what is wrong with its syntax has been reported.
pub(crate) struct RpcAttribute {
    pub(crate) rpc: Rpc,
    pub(crate) span: Span,
    /// The route, or the action's name.
    pub(crate) text: Option<LitStr>,
    pub(crate) schema: Option<Expr>,
    pub(crate) list: Option<Ident>,
    pub(crate) ordered: Option<Span>,
    pub(crate) public: Option<Span>,
    pub(crate) require: Option<Box<Expr>>,
    /// Whether all of it was understood.
    pub(crate) sound: bool,
}

/// What an attribute of a method is to the macro.
pub(super) enum Kind {
    /// Not its business.
    Foreign,
    /// `#[do_get]` and the like.
    Rpc(Rpc),
    /// A name that was reported as a misspelt RPC attribute.
    Misspelt,
}

/// Tells the RPC attributes from others: `do_get`, or a path into the runtime crate that ends in it.
pub(super) fn rpc_of(path: &Path, krate: &Path) -> Option<Rpc> {
    let last = path.segments.last()?;
    let before = path.segments.len() - 1;
    let ours = before == 0 && path.leading_colon.is_none()
        || path.segments.first()?.ident == "flight_runtime"
        || before >= krate.segments.len()
            && krate
                .segments
                .iter()
                .zip(&path.segments)
                .all(|(ours, theirs)| ours.ident == theirs.ident);
    ours.then(|| Rpc::from_attribute(&last.ident.to_string()))?
}

pub(super) fn kind_of(attribute: &Attribute, krate: &Path, errors: &mut Errors) -> Kind {
    let path = attribute.path();
    if let Some(rpc) = rpc_of(path, krate) {
        return Kind::Rpc(rpc);
    }
    if path.is_ident("cfg_attr") {
        for meta in conditional(attribute) {
            if let Some(rpc) = rpc_of(meta.path(), krate) {
                errors.under(meta.path(), errors::inside_cfg_attr(rpc));
                return Kind::Misspelt;
            }
        }
        return Kind::Foreign;
    }
    let Some(ident) = path.get_ident() else {
        return Kind::Foreign;
    };
    let name = ident.to_string();
    if name == "handshake" {
        errors.at(ident.span(), errors::handshake());
        return Kind::Misspelt;
    }
    // `do_` is Flight's own prefix; other words might well be somebody else's attribute, and rustc knows them.
    let names = Rpc::ALL.map(Rpc::attribute);
    let known = names.into_iter().filter(|name| name.contains('_'));
    let swapped = name.to_lowercase();
    let spelled = names.iter().find(|known| known.replace('_', "") == swapped);
    let other_style = match name.as_str() {
        "get" => Some("do_get"),
        "put" | "post" => Some("do_put"),
        _ => None,
    };
    match spelled
        .copied()
        .or(other_style)
        .or_else(|| closest(&name, known))
    {
        Some(likely) => {
            errors.at(ident.span(), errors::unknown_attribute(&name, likely));
            Kind::Misspelt
        }
        None => Kind::Foreign,
    }
}

/// The attributes that a `cfg_attr` stands for.
fn conditional(attribute: &Attribute) -> Vec<Meta> {
    attribute
        .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
        .map(|metas| metas.into_iter().skip(1).collect())
        .unwrap_or_default()
}

/// The conditions under which an item exists: its `cfg`s, and those behind a `cfg_attr`.
pub(super) fn cfgs(attributes: &[Attribute]) -> Vec<Attribute> {
    let mut cfgs = Vec::new();
    for attribute in attributes {
        if attribute.path().is_ident("cfg") {
            cfgs.push(attribute.clone());
        } else if attribute.path().is_ident("cfg_attr")
            && conditional(attribute)
                .iter()
                .any(|m| m.path().is_ident("cfg"))
        {
            cfgs.push(only_cfgs(attribute));
        }
    }
    cfgs
}

/// Whether an attribute says under which condition something exists.
pub(crate) fn is_condition(attribute: &Attribute) -> bool {
    !cfgs(std::slice::from_ref(attribute)).is_empty()
}

/// A `cfg_attr` without what is no condition.
fn only_cfgs(attribute: &Attribute) -> Attribute {
    let metas = attribute
        .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
        .unwrap_or_default();
    let kept = metas
        .into_iter()
        .enumerate()
        .filter(|(index, meta)| *index == 0 || meta.path().is_ident("cfg"))
        .map(|(_, meta)| meta);
    syn::parse_quote!(#[cfg_attr(#(#kept),*)])
}

/// The text of the doc comments, without the space after `///`.
pub(super) fn doc(attributes: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attribute in attributes {
        let Meta::NameValue(meta) = &attribute.meta else {
            continue;
        };
        if !meta.path.is_ident("doc") {
            continue;
        }
        if let Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Str(text),
            ..
        }) = &meta.value
        {
            for line in text.value().split('\n') {
                lines.push(line.strip_prefix(' ').unwrap_or(line).to_owned());
            }
        }
    }
    lines.join("\n").trim().to_owned()
}

impl RpcAttribute {
    pub(super) fn parse(attribute: &Attribute, rpc: Rpc, errors: &mut Errors) -> Self {
        let before = errors.count();
        let mut this = RpcAttribute {
            rpc,
            span: attribute
                .path()
                .segments
                .last()
                .map_or_else(|| attribute.span(), |segment| segment.ident.span()),
            text: None,
            schema: None,
            list: None,
            ordered: None,
            public: None,
            require: None,
            sound: true,
        };
        match &attribute.meta {
            Meta::Path(_) => {}
            Meta::List(list) => this.read(list.tokens.clone(), errors),
            Meta::NameValue(meta) => errors.under(&meta.value, errors::equals_form(rpc)),
        }
        this.sound = errors.count() == before;
        this
    }

    fn read(&mut self, tokens: TokenStream, errors: &mut Errors) {
        let mut seen = Vec::new();
        for given in options::parse(tokens, errors) {
            match given {
                Given::Text(text) if !self.rpc.takes_route() && self.rpc != Rpc::Action => {
                    errors.at(text.span(), errors::takes_no_route(self.rpc, &text.value()));
                }
                Given::Text(text) if self.text.is_some() => {
                    errors.at(text.span(), errors::text_twice(self.rpc));
                }
                Given::Text(text) => self.text = Some(text),
                Given::Other(tokens) => errors.under(tokens, errors::not_a_route(self.rpc)),
                Given::Option(name, value) => {
                    let text = name.to_string();
                    if seen.contains(&text) {
                        errors.at(name.span(), errors::option_twice(&text));
                    } else if self.rpc.options().contains(&text.as_str()) {
                        self.set(&name, &text, value, errors);
                    } else {
                        let (given, bare) = match &value {
                            Value::Expr(value) => {
                                (literal::string(value).map(LitStr::value), false)
                            }
                            value => (None, matches!(value, Value::None) && self.text.is_none()),
                        };
                        errors.at(
                            name.span(),
                            errors::unknown_option(self.rpc, &text, given.as_deref(), bare),
                        );
                    }
                    seen.push(text);
                }
            }
        }
    }

    fn set(&mut self, option: &Ident, text: &str, value: Value, errors: &mut Errors) {
        match (text, value) {
            ("ordered", Value::None) => self.ordered = Some(option.span()),
            ("public", Value::None) => self.public = Some(option.span()),
            ("require", Value::Expr(value)) => self.require = Some(value),
            ("schema", Value::Expr(value)) => match own(value.to_token_stream()) {
                Some(this) => errors.at(this.span(), errors::schema_of_self()),
                None => self.schema = Some(*value),
            },
            ("list", Value::Expr(value)) => match method_name(&value) {
                Some(method) => self.list = Some(method),
                None => errors.under(value, errors::option_form(text)),
            },
            (_, Value::Expr(value)) => errors.under(value, errors::option_form(text)),
            _ => errors.at(option.span(), errors::option_form(text)),
        }
    }
}

/// Where an expression says `self`.
fn own(tokens: TokenStream) -> Option<Ident> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) => (ident == "self").then_some(ident),
        TokenTree::Group(group) => own(group.stream()),
        _ => None,
    })
}

/// `stations`, and also `Self::stations`.
fn method_name(value: &Expr) -> Option<Ident> {
    let Expr::Path(path) = value else {
        return None;
    };
    let segments = &path.path.segments;
    let of_self = segments.len() == 2 && segments[0].ident == "Self";
    let last = segments.last()?;
    (path.qself.is_none() && last.arguments.is_none() && (segments.len() == 1 || of_self))
        .then(|| last.ident.clone())
}
