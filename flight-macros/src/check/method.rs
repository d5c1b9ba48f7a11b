//! Rules on one method, and the method as a [`Handler`].

use proc_macro2::Span;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::punctuated::Punctuated;
use syn::{
    FnArg, LitStr, Pat, Receiver, ReceiverKind, ReturnType, Safety, Signature, Token, Type,
    TypeReference,
};

use super::access::access;
use crate::errors::{self, Errors};
use crate::expand::text;
use crate::model::{Argument, Declared, Handler, Lister, Route, Rpc, Segment, Source, Target};
use crate::parse::{Method, RpcAttribute, is_condition};
use crate::route;
use crate::shape::{is_impl, unwrapped};

/// Reads a method that has RPC attributes; `None` when it has none.
pub(crate) fn handler(
    method: &Method,
    declared: &Declared,
    errors: &mut Errors,
) -> Option<Handler> {
    let (attribute, others) = method.rpc.split_first()?;
    let before = errors.count();
    for other in others {
        errors.at(
            other.span,
            errors::second_attribute(attribute.rpc, other.rpc),
        );
    }
    signature(method, errors);
    let before_target = errors.count();
    let mut target = target(attribute, errors);
    let misread = errors.count() != before_target;
    let route = match &target {
        Target::Route(route) => Some(route),
        _ => None,
    };
    let arguments = arguments(&method.signature, route, errors);
    reply(&method.signature, errors);
    let access = access(attribute, declared, errors);
    if misread {
        // Its names were worth a look, but other routes are not to be compared with half of one.
        target = Target::Broken;
    }
    Some(Handler {
        rpc: attribute.rpc,
        attribute: attribute.span,
        method: method.signature.ident.clone(),
        visibility: method.visibility.clone(),
        cfgs: method.cfgs.clone(),
        doc: method.doc.clone(),
        deprecated: method.deprecated(),
        is_async: method.signature.asyncness.is_some(),
        arguments,
        output: output(&method.signature),
        schema: attribute.schema.clone(),
        lists: Vec::new(),
        ordered: attribute.ordered.is_some(),
        access,
        sound: errors.count() == before
            && attribute.sound
            && others.iter().all(|a| a.sound)
            && complete(method),
        target,
    })
}

/// Reads a method that another's `list = ..` names.
pub(super) fn lister(named: &syn::Ident, method: &Method, errors: &mut Errors) -> Option<Lister> {
    let before = errors.count();
    signature(method, errors);
    (errors.count() == before).then(|| Lister {
        method: named.clone(),
        is_async: method.signature.asyncness.is_some(),
        cfgs: method.cfgs.clone(),
        arguments: arguments(&method.signature, None, errors),
        output: output(&method.signature),
    })
}

fn output(signature: &Signature) -> Option<Type> {
    match &signature.output {
        ReturnType::Default => None,
        ReturnType::Type(_, ty) => Some((**ty).clone()),
    }
}

/// Which calls an attribute asks for.
fn target(attribute: &RpcAttribute, errors: &mut Errors) -> Target {
    let rpc = attribute.rpc;
    match &attribute.text {
        Some(name) if rpc == Rpc::Action => action(name, errors),
        Some(text) => Target::Route(route::parse(text, rpc, errors)),
        // What was written in its place has been reported.
        None if !attribute.sound => Target::Broken,
        None if rpc == Rpc::Action => {
            errors.at(attribute.span, errors::action_without_name());
            Target::Broken
        }
        None => {
            if let Some(list) = &attribute.list {
                errors.at(list.span(), errors::needs_route("list = .."));
            }
            if let Some(ordered) = attribute.ordered {
                errors.at(ordered, errors::needs_route("ordered"));
            }
            Target::Rest
        }
    }
}

fn action(name: &LitStr, errors: &mut Errors) -> Target {
    let text = name.value();
    if text.contains('{') && text.contains('}') {
        errors.at(name.span(), errors::action_with_arguments(&text));
        return Target::Broken;
    }
    if text.is_empty() || text.starts_with("flight-runtime.") {
        errors.at(name.span(), errors::action_reserved(&text));
        return Target::Broken;
    }
    Target::Action {
        name: text,
        span: name.span(),
    }
}

/// The rules on everything but the arguments.
fn signature(method: &Method, errors: &mut Errors) {
    let signature = &method.signature;
    if let Some(default) = &method.defaultness {
        errors.under(default, errors::modifier("default"));
    }
    if let Some(constness) = &signature.constness {
        errors.under(constness, errors::modifier("const"));
    }
    match &signature.safety {
        Safety::Unsafe(token) => errors.under(token, errors::modifier("unsafe")),
        Safety::Safe(token) => errors.under(token, errors::modifier("safe")),
        Safety::Default => {}
    }
    if let Some(abi) = &signature.abi {
        errors.under(abi, errors::modifier("extern"));
    }
    if let Some(variadic) = &signature.variadic {
        errors.under(variadic, errors::variadic());
    }
    if !signature.generics.params.is_empty() {
        errors.under(&signature.generics, errors::generics());
    }
    match signature.receiver() {
        None => errors.at(
            signature.ident.span(),
            errors::no_receiver(&signature.ident.to_string()),
        ),
        Some(receiver) => self_by_reference(receiver, errors),
    }
}

/// Whether the compiler has nothing of its own to say about the signature, which it would say before us: a body that is missing, a name that is there twice.
fn complete(method: &Method) -> bool {
    let names: Vec<String> = method
        .signature
        .inputs
        .iter()
        .filter_map(|input| match input {
            FnArg::Typed(input) => Some(binding(&input.pat)?.to_string()),
            FnArg::Receiver(_) => None,
        })
        .collect();
    let twice = |(index, name): (usize, &String)| names[..index].contains(name);
    (method.has_body || method.sends) && !names.iter().enumerate().any(twice)
}

fn self_by_reference(receiver: &Receiver, errors: &mut Errors) {
    // `self: &Self`
    if let ReceiverKind::Typed(_, ty) = &receiver.kind
        && let Type::Reference(reference) = &**ty
    {
        match reference.mutability {
            Some(_) => errors.under(receiver, errors::mutable_receiver()),
            None => errors.under(receiver, errors::lifetime_receiver()),
        }
        return;
    }
    match &receiver.kind {
        ReceiverKind::Reference(_, None, None) => {}
        ReceiverKind::Reference(_, _, Some(_)) => {
            errors.under(receiver, errors::mutable_receiver());
        }
        ReceiverKind::Reference(_, Some(_), None) => {
            errors.under(receiver, errors::lifetime_receiver());
        }
        _ => errors.under(
            receiver,
            errors::owned_receiver(&text::of(receiver.to_token_stream())),
        ),
    }
}

/// The arguments, each with where its value comes from.
fn arguments(signature: &Signature, route: Option<&Route>, errors: &mut Errors) -> Vec<Argument> {
    let mut arguments = Vec::new();
    // Of a method without a receiver this is reported already, and a `this: &Self` was meant to be one.
    let mut instead = signature.receiver().is_none();
    for input in &signature.inputs {
        let FnArg::Typed(input) = input else {
            continue;
        };
        let condition = input.attrs.iter().find(|a| is_condition(a));
        if let Some(condition) = condition {
            errors.under(condition, errors::argument_condition());
        }
        match &*input.ty {
            Type::ImplTrait(ty) => errors.under(ty, errors::impl_argument()),
            Type::Reference(ty) if !instead => errors.under(
                ty,
                errors::borrowed_argument(&text::of(ty.to_token_stream()), &owned(ty)),
            ),
            _ => {}
        }
        instead = false;
        arguments.push(Argument {
            ident: match &*input.pat {
                Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none() => {
                    Some(pat.ident.clone())
                }
                _ => None,
            },
            binding: binding(&input.pat),
            ty: (*input.ty).clone(),
            source: Source::Call,
        });
    }
    if let Some(route) = route {
        connect(route, &signature.inputs, &mut arguments, errors);
    }
    arguments
}

/// The type that owns what a reference borrows.
fn owned(reference: &TypeReference) -> String {
    match &*reference.elem {
        Type::Slice(slice) => match text::of(slice.elem.to_token_stream()).as_str() {
            "u8" => "Bytes".to_owned(),
            item => format!("Vec<{item}>"),
        },
        elem => match text::of(elem.to_token_stream()).as_str() {
            "str" => "String".to_owned(),
            "Self" => "Arc<Self>".to_owned(),
            elem => elem.to_owned(),
        },
    }
}

/// The rules on what is returned that need no type: what borrows, and what is awaited.
fn reply(signature: &Signature, errors: &mut Errors) {
    let ReturnType::Type(_, output) = &signature.output else {
        return;
    };
    let name = signature.ident.to_string();
    match unwrapped(output) {
        Type::Reference(ty) if ty.lifetime.as_ref().is_none_or(|l| l.ident != "static") => {
            errors.under(
                ty,
                errors::borrowed_reply(&text::of(ty.to_token_stream()), &owned(ty)),
            );
        }
        ty if is_impl(ty, &["Future"]) && signature.asyncness.is_none() => {
            errors.under(ty, errors::future_reply(&name));
        }
        ty if is_impl(ty, &["Iterator"]) && signature.asyncness.is_some() => {
            errors.under(ty, errors::borrowing_iterator(&name));
        }
        ty if is_impl(ty, &["RecordBatchReader"]) => {
            errors.under(ty, errors::borrowing_reader());
        }
        _ => {}
    }
}

/// Finds the argument of each name in the route.
fn connect(
    route: &Route,
    inputs: &Punctuated<FnArg, Token![,]>,
    arguments: &mut [Argument],
    errors: &mut Errors,
) {
    let path = route.path_names().map(|name| (name, true));
    let query = route.query.iter().map(|name| (name, false));
    let mut unknown = Vec::new();
    let mut taken_apart = Vec::new();
    for (name, in_path) in path.chain(query) {
        let argument = arguments.iter_mut().find(|argument| {
            let ident = argument.ident.as_ref();
            ident.is_some_and(|ident| ident.unraw() == name.text)
        });
        match argument {
            Some(argument) if in_path => argument.source = Source::Path(name.index),
            Some(argument) => argument.source = Source::Query(name.index),
            None => match hidden_in_pattern(&name.text, inputs) {
                // Once for a pattern, however many names it binds.
                Some((input, _)) if taken_apart.contains(&input) => {}
                Some((input, span)) => {
                    taken_apart.push(input);
                    errors.at(span, errors::route_argument_pattern(&name.text));
                }
                None => unknown.push(name),
            },
        }
    }
    let called = |argument: &Argument| Some(argument.ident.as_ref()?.unraw().to_string());
    let all: Vec<String> = arguments.iter().filter_map(called).collect();
    // Arguments that the route names elsewhere are not what was meant here.
    let free: Vec<String> = arguments
        .iter()
        .filter(|argument| argument.source == Source::Call)
        .filter_map(called)
        .collect();
    for name in unknown {
        errors.at(
            name.span,
            errors::route_name_unknown(&name.text, &all, &free),
        );
    }
}

/// The one name that a pattern binds, such as that in `Json(request)`.
fn binding(pat: &Pat) -> Option<syn::Ident> {
    match pat {
        Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none() => Some(pat.ident.clone()),
        Pat::Paren(pat) => binding(&pat.pat),
        Pat::TupleStruct(pat) if pat.elems.len() == 1 => binding(pat.elems.first()?),
        _ => None,
    }
}

/// Where a pattern such as `Json(name)` binds a name.
fn hidden_in_pattern(name: &str, inputs: &Punctuated<FnArg, Token![,]>) -> Option<(usize, Span)> {
    fn bound(pat: &Pat, name: &str) -> Option<Span> {
        match pat {
            Pat::Ident(pat) if pat.ident.unraw() == name => Some(pat.ident.span()),
            Pat::Ident(pat) => bound(&pat.subpat.as_ref()?.1, name),
            Pat::Paren(pat) => bound(&pat.pat, name),
            Pat::Reference(pat) => bound(&pat.pat, name),
            Pat::Struct(pat) => pat.fields.iter().find_map(|field| bound(&field.pat, name)),
            Pat::Tuple(pat) => pat.elems.iter().find_map(|pat| bound(pat, name)),
            Pat::TupleStruct(pat) => pat.elems.iter().find_map(|pat| bound(pat, name)),
            _ => None,
        }
    }
    inputs
        .iter()
        .enumerate()
        .find_map(|(index, input)| match input {
            FnArg::Typed(input) => Some((index, bound(&input.pat, name)?)),
            FnArg::Receiver(_) => None,
        })
}

/// The name of the function that makes addresses of a handler's route, if there is one.
pub(super) fn constructor(handler: &Handler) -> Option<String> {
    handler.route()?;
    handler
        .rpc
        .has_constructor()
        .then(|| format!("{}_route", handler.method.unraw()))
}

/// Whether a route has names before its `?`.
pub(super) fn has_path_names(route: &Route) -> bool {
    route
        .path
        .iter()
        .any(|segment| !matches!(segment, Segment::Literal(_)))
}
