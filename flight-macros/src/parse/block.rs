//! The block, an impl or a trait: its head, and its methods with their signatures parsed and their bodies as they were written.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, TokenStreamExt, quote};
use syn::parse::{ParseStream, Parser};
use syn::{
    Attribute, Generics, ItemImpl, ItemTrait, Path, ReturnType, Signature, Token, Type, Visibility,
    token,
};

use super::attribute::{self, Kind, RpcAttribute};
use crate::errors::{self, Errors};

/// An impl block or a trait, which prints as it was written, without the RPC attributes.
pub(crate) struct Block {
    /// Everything before the braces.
    head: TokenStream,
    /// Where the braces are.
    braces: Span,
    inner: Vec<Attribute>,
    pub(crate) items: Vec<Item>,
    /// What is printed behind the items.
    pub(crate) generated: TokenStream,
    pub(crate) cfgs: Vec<Attribute>,
    pub(crate) doc: String,
    pub(crate) generics: Generics,
    /// The trait that an impl block implements.
    pub(crate) trait_: Option<Path>,
    /// What an impl block is of; a trait's name.
    pub(crate) ty: Type,
    kind: BlockKind,
    /// Whether something that looks like an RPC attribute was reported and dropped.
    pub(crate) misspelt: bool,
}

/// What a block is asked to be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum BlockKind {
    Impl,
    Trait,
}

/// What is in the block.
pub(crate) enum Item {
    Method(Box<Method>),
    /// Whatever is none, or could not be read.
    Other(TokenStream),
}

/// A method with a signature.
pub(crate) struct Method {
    /// Without the RPC attributes.
    attributes: Vec<Attribute>,
    /// Visibility and signature, as they were written.
    head: TokenStream,
    /// In braces, or a `;`.
    body: TokenStream,
    /// Whether its future must be `Send`, which in a trait has to be said.
    pub(crate) sends: bool,
    pub(crate) rpc: Vec<RpcAttribute>,
    pub(crate) cfgs: Vec<Attribute>,
    pub(crate) doc: String,
    pub(crate) visibility: Visibility,
    pub(crate) defaultness: Option<Token![default]>,
    pub(crate) signature: Signature,
    pub(crate) has_body: bool,
}

impl Block {
    /// Reads the block; of what is something else, `Err` has what should be emitted in its place.
    pub(crate) fn parse(
        kind: BlockKind,
        tokens: TokenStream,
        krate: &Path,
        errors: &mut Errors,
    ) -> Result<Block, TokenStream> {
        let tokens = ungrouped(tokens);
        let mut head: Vec<TokenTree> = tokens.clone().into_iter().collect();
        let body = match head.pop() {
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => group,
            _ => {
                errors.at(Span::call_site(), kind.not_this(item_kind(&tokens)));
                return Err(without_rpc_attributes(tokens, krate));
            }
        };
        let head: TokenStream = head.into_iter().collect();
        let parsed = match kind {
            BlockKind::Impl => {
                syn::parse2(quote!(#head {})).map(|parsed| Head::of_impl(parsed, head))
            }
            BlockKind::Trait => syn::parse2(quote!(#head {})).map(Head::of_trait),
        };
        let Head {
            tokens: head,
            attributes,
            generics,
            trait_,
            ty,
        } = match parsed {
            Ok(parsed) => parsed,
            Err(error) => {
                match item_kind(&tokens) {
                    found if kind.is(found) => errors.syntax(error),
                    found => errors.at(Span::call_site(), kind.not_this(found)),
                }
                return Err(without_rpc_attributes(tokens, krate));
            }
        };
        let mut block = Block {
            head,
            braces: body.span(),
            inner: Vec::new(),
            items: Vec::new(),
            generated: TokenStream::new(),
            cfgs: attribute::cfgs(&attributes),
            doc: attribute::doc(&attributes),
            generics,
            trait_,
            ty,
            kind,
            misspelt: false,
        };
        let read = |input: ParseStream| {
            block.inner = Attribute::parse_inner(input).unwrap_or_default();
            while !input.is_empty() {
                let item = block.item(input, krate, errors);
                block.items.push(item);
            }
            Ok(())
        };
        if let Err(error) = read.parse2(body.stream()) {
            errors.syntax(error);
        }
        Ok(block)
    }

    /// Its methods, in their order.
    pub(crate) fn methods(&self) -> impl Iterator<Item = &Method> {
        self.items.iter().filter_map(|item| match item {
            Item::Method(method) => Some(&**method),
            Item::Other(_) => None,
        })
    }

    fn item(&mut self, input: ParseStream, krate: &Path, errors: &mut Errors) -> Item {
        let attributes = match input.call(Attribute::parse_outer) {
            Ok(attributes) => attributes,
            Err(error) => {
                errors.syntax(error);
                return Item::Other(to_end_of_item(input));
            }
        };
        let mut kept = Vec::new();
        let mut rpc = Vec::new();
        for attribute in attributes {
            match attribute::kind_of(&attribute, krate, errors) {
                Kind::Rpc(which) => rpc.push(RpcAttribute::parse(&attribute, which, errors)),
                Kind::Misspelt => self.misspelt = true,
                Kind::Foreign => kept.push(attribute),
            }
        }
        let ahead = input.fork();
        match method_head(&ahead) {
            Ok((visibility, defaultness, signature)) => {
                let mut tokens = TokenStream::new();
                while input.cursor() < ahead.cursor()
                    && let Ok(token) = input.parse::<TokenTree>()
                {
                    tokens.append(token);
                }
                let has_body = input.peek(token::Brace);
                let body = input.parse::<TokenTree>().map(TokenStream::from);
                Item::Method(Box::new(Method {
                    cfgs: attribute::cfgs(&kept),
                    doc: attribute::doc(&kept),
                    attributes: kept,
                    head: tokens,
                    body: body.unwrap_or_default(),
                    sends: self.kind == BlockKind::Trait && !rpc.is_empty(),
                    rpc,
                    visibility,
                    defaultness,
                    signature,
                    has_body,
                }))
            }
            Err(error) => {
                // Without an RPC attribute it is the compiler's to judge: it may be newer than the parser.
                if let Some(attribute) = rpc.first() {
                    if looks_like_method(input) {
                        errors.syntax(error);
                    } else {
                        errors.at(attribute.span, errors::not_a_method(attribute.rpc));
                    }
                    self.misspelt = true;
                }
                let mut tokens = quote!(#(#kept)*);
                tokens.extend(to_end_of_item(input));
                Item::Other(tokens)
            }
        }
    }
}

/// What stands before the braces, taken apart.
struct Head {
    tokens: TokenStream,
    attributes: Vec<Attribute>,
    generics: Generics,
    trait_: Option<Path>,
    ty: Type,
}

impl Head {
    fn of_impl(parsed: ItemImpl, tokens: TokenStream) -> Self {
        Head {
            tokens,
            attributes: parsed.attrs,
            generics: parsed.generics,
            trait_: parsed.trait_.map(|(path, _)| path),
            ty: *parsed.self_ty,
        }
    }

    /// Handlers run on many threads at once: what implements the trait must be able to.
    fn of_trait(mut parsed: ItemTrait) -> Self {
        for bound in [
            syn::parse_quote!(::core::marker::Send),
            syn::parse_quote!(::core::marker::Sync),
            syn::parse_quote!('static),
        ] {
            parsed.supertraits.push(bound);
        }
        parsed.colon_token.get_or_insert_default();
        let name = &parsed.ident;
        let ty = syn::parse_quote!(#name);
        let (attributes, generics) = (parsed.attrs.clone(), parsed.generics.clone());
        let mut tokens: Vec<TokenTree> = parsed.into_token_stream().into_iter().collect();
        // The trait's own braces, which are empty here; others are of a constant.
        tokens.pop();
        Head {
            tokens: tokens.into_iter().collect(),
            attributes,
            generics,
            trait_: None,
            ty,
        }
    }
}

impl BlockKind {
    fn is(self, found: &str) -> bool {
        match self {
            BlockKind::Impl => found == "an impl block",
            BlockKind::Trait => found == "a trait",
        }
    }

    fn not_this(self, found: &str) -> String {
        match self {
            BlockKind::Impl => errors::not_an_impl(found),
            BlockKind::Trait => errors::not_a_contract(found),
        }
    }
}

impl Method {
    /// Whether it is `#[deprecated]`.
    pub(crate) fn deprecated(&self) -> bool {
        let mut attributes = self.attributes.iter();
        attributes.any(|attribute| attribute.path().is_ident("deprecated"))
    }

    /// As it was written; but an `async fn` whose future must be `Send` says so.
    fn print(&self, tokens: &mut TokenStream) {
        let mut signature = self.signature.clone();
        if !self.sends || signature.asyncness.take().is_none() {
            tokens.extend(self.head.clone());
            tokens.extend(self.body.clone());
            return;
        }
        let output = match &signature.output {
            ReturnType::Default => quote!(()),
            ReturnType::Type(_, ty) => quote!(#ty),
        };
        signature.output = syn::parse_quote! {
            -> impl ::core::future::Future<Output = #output> + ::core::marker::Send
        };
        signature.to_tokens(tokens);
        let body = &self.body;
        tokens.extend(match self.has_body {
            true => quote!({ async move #body }),
            false => quote!(#body),
        });
    }
}

impl ToTokens for Block {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(self.head.clone());
        let mut content = TokenStream::new();
        for attribute in &self.inner {
            attribute.to_tokens(&mut content);
        }
        for item in &self.items {
            match item {
                Item::Method(method) => {
                    content.append_all(&method.attributes);
                    method.print(&mut content);
                }
                Item::Other(other) => content.extend(other.clone()),
            }
        }
        content.extend(self.generated.clone());
        let mut body = Group::new(Delimiter::Brace, content);
        body.set_span(self.braces);
        tokens.append(body);
    }
}

/// Everything before the body.
fn method_head(
    input: ParseStream,
) -> syn::Result<(Visibility, Option<Token![default]>, Signature)> {
    let head = (input.parse()?, input.parse()?, input.parse()?);
    if input.peek(token::Brace) || input.peek(Token![;]) {
        Ok(head)
    } else {
        Err(input.error("expected the body of the method"))
    }
}

/// Whether `fn` comes before anything that ends an item.
fn looks_like_method(input: ParseStream) -> bool {
    let ahead = input.fork();
    while !ahead.is_empty() && !ahead.peek(Token![;]) && !ahead.peek(Token![=]) {
        if ahead.peek(Token![fn]) {
            return true;
        }
        if ahead.parse::<TokenTree>().is_err() {
            break;
        }
    }
    false
}

/// Takes the tokens up to the next `;` or braces, whichever comes first.
fn to_end_of_item(input: ParseStream) -> TokenStream {
    let mut tokens = TokenStream::new();
    while let Ok(token) = input.parse::<TokenTree>() {
        let last = match &token {
            TokenTree::Punct(punct) => punct.as_char() == ';',
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
            _ => false,
        };
        tokens.append(token);
        if last {
            break;
        }
    }
    tokens
}

/// An item that came through a `macro_rules!` fragment is in an invisible group.
fn ungrouped(tokens: TokenStream) -> TokenStream {
    let mut trees = tokens.clone().into_iter();
    match (trees.next(), trees.next()) {
        (Some(TokenTree::Group(group)), None) if group.delimiter() == Delimiter::None => {
            ungrouped(group.stream())
        }
        _ => tokens,
    }
}

/// What an item is, for a message.
fn item_kind(tokens: &TokenStream) -> &'static str {
    for token in tokens.clone() {
        if let TokenTree::Ident(ident) = token {
            match ident.to_string().as_str() {
                "impl" => return "an impl block",
                "struct" => return "a struct",
                "enum" => return "an enum",
                "union" => return "a union",
                "trait" => return "a trait",
                "mod" => return "a module",
                "fn" => return "a function",
                "type" => return "a type alias",
                "static" => return "a static",
                "use" => return "an import",
                _ => {}
            }
        }
    }
    "something else"
}

/// Drops the RPC attributes in an item that is no impl block, each of which would be one more error.
fn without_rpc_attributes(tokens: TokenStream, krate: &Path) -> TokenStream {
    let mut kept = TokenStream::new();
    let mut trees = tokens.into_iter().peekable();
    while let Some(tree) = trees.next() {
        match (&tree, trees.peek()) {
            (TokenTree::Punct(punct), Some(TokenTree::Group(group)))
                if punct.as_char() == '#' && group.delimiter() == Delimiter::Bracket =>
            {
                let path = Path::parse_mod_style.parse2(
                    group
                        .stream()
                        .into_iter()
                        .take_while(|tree| match tree {
                            TokenTree::Group(_) => false,
                            TokenTree::Punct(punct) => punct.as_char() != '=',
                            _ => true,
                        })
                        .collect(),
                );
                if path.is_ok_and(|path| attribute::rpc_of(&path, krate).is_some()) {
                    trees.next();
                } else {
                    kept.append(tree);
                }
            }
            (TokenTree::Group(group), _) if group.delimiter() == Delimiter::Brace => {
                let mut inside = Group::new(
                    Delimiter::Brace,
                    without_rpc_attributes(group.stream(), krate),
                );
                inside.set_span(group.span());
                kept.append(inside);
            }
            _ => kept.append(tree),
        }
    }
    kept
}
