//! Rules across the methods of a block: what is there twice, and what refers to another method.

use proc_macro2::Span;
use quote::ToTokens;
use syn::ext::IdentExt;

use super::method::{constructor, has_path_names, lister};
use crate::errors::{self, Errors};
use crate::model::{Handler, Route, Target};
use crate::parse::{Block, Method};

/// Checks the handlers of a block against each other; those that lose are no longer sound.
pub(crate) fn across(block: &Block, handlers: &mut [Handler], errors: &mut Errors) {
    catch_alls(handlers, errors);
    actions(handlers, errors);
    routes(handlers, errors);
    constructors(block, handlers, errors);
    lists(block, handlers, errors);
}

/// Conditions as text: equal for methods that exist together.
fn condition(handler: &Handler) -> String {
    let cfgs = &handler.cfgs;
    cfgs.iter()
        .map(|cfg| cfg.to_token_stream().to_string())
        .collect()
}

/// Whether two handlers can exist at the same time, as far as the text of their conditions says.
fn together(one: &Handler, other: &Handler) -> bool {
    one.cfgs.is_empty() || other.cfgs.is_empty() || condition(one) == condition(other)
}

/// Reports a handler that came second, at `span`, and the first one at its own.
fn clash(handler: &mut Handler, span: Span, message: String, errors: &mut Errors) {
    errors.at(span, message);
    handler.sound = false;
}

fn catch_alls(handlers: &mut [Handler], errors: &mut Errors) {
    for index in 0..handlers.len() {
        let (before, rest) = handlers.split_at_mut(index);
        let handler = &mut rest[0];
        if !matches!(handler.target, Target::Rest) {
            continue;
        }
        let first = before.iter().find(|other| {
            other.rpc == handler.rpc
                && matches!(other.target, Target::Rest)
                && together(other, handler)
        });
        if let Some(first) = first {
            let message = errors::catch_all_twice(handler.rpc, &first.method.to_string());
            let what = format!("`#[{}]`", handler.rpc.attribute());
            clash(handler, handler.attribute, message, errors);
            errors.at(first.attribute, errors::first_is_here(&what));
        }
    }
}

fn actions(handlers: &mut [Handler], errors: &mut Errors) {
    for index in 0..handlers.len() {
        let (before, rest) = handlers.split_at_mut(index);
        let handler = &mut rest[0];
        let Target::Action { name, span } = &handler.target else {
            continue;
        };
        let first = before.iter().find_map(|other| match &other.target {
            Target::Action { name: taken, span } if taken == name && together(other, handler) => {
                Some((other, *span))
            }
            _ => None,
        });
        if let Some((first, at)) = first {
            let message = errors::action_twice(name, &first.method.to_string());
            let (what, span) = (format!("`{name}`"), *span);
            clash(handler, span, message, errors);
            errors.at(at, errors::first_is_here(&what));
        }
    }
}

fn routes(handlers: &mut [Handler], errors: &mut Errors) {
    for index in 0..handlers.len() {
        let (before, rest) = handlers.split_at_mut(index);
        let handler = &mut rest[0];
        let Some(route) = handler.route() else {
            continue;
        };
        let first = before
            .iter()
            .filter(|other| other.rpc == handler.rpc && together(other, handler))
            .find_map(|other| Some((other, other.route().filter(|other| meet(other, route))?)));
        if let Some((first, taken)) = first {
            let method = first.method.to_string();
            let message = errors::route_taken(handler.rpc, &route.text, &taken.text, &method);
            let what = format!("route `{}`", taken.text);
            let (span, at) = (route.span, taken.span);
            clash(handler, span, message, errors);
            errors.at(at, errors::first_is_here(&what));
        }
    }
}

/// Whether a router refuses to have both.
///
/// It is the runtime's own router, so what it refuses here it would refuse there. Routes are compared in pairs to know
/// which two clash: in a million random tables none was refused of which no pair was.
fn meet(one: &Route, other: &Route) -> bool {
    let mut router = matchit::Router::new();
    router.insert(one.path_text(), ()).is_ok() && router.insert(other.path_text(), ()).is_err()
}

/// The generated functions and the user's methods share one namespace.
fn constructors(block: &Block, handlers: &mut [Handler], errors: &mut Errors) {
    for handler in handlers {
        let Some(name) = constructor(handler) else {
            continue;
        };
        let method = block
            .methods()
            .find(|method| method.signature.ident == name && handler.method != name);
        if let Some(method) = method {
            errors.at(
                method.signature.ident.span(),
                errors::constructor_taken(&name, &handler.method.to_string()),
            );
            handler.sound = false;
        }
    }
}

/// Finds the methods that `list = ..` names.
fn lists(block: &Block, handlers: &mut [Handler], errors: &mut Errors) {
    let unmarked: Vec<&Method> = block
        .methods()
        .filter(|method| method.rpc.is_empty())
        .collect();
    let marked = block.methods().filter(|method| !method.rpc.is_empty());
    // Handlers are made of the marked methods, in their order.
    for (method, handler) in marked.zip(handlers) {
        let (Some(named), Some(route)) = (&method.rpc[0].list, handler.route()) else {
            continue;
        };
        let before = errors.count();
        if !has_path_names(route) {
            errors.at(named.span(), errors::list_without_arguments(&route.text));
        }
        let is_named = |method: &Method| method.signature.ident.unraw() == named.unraw();
        // Several, when they are alternatives under different conditions.
        let found: Vec<&Method> = unmarked.iter().copied().filter(|m| is_named(m)).collect();
        if found.is_empty() {
            let name = named.to_string();
            let message = match block.methods().find(|method| is_named(method)) {
                Some(method) => errors::list_is_handler(&name, method.rpc[0].rpc),
                None => errors::list_unknown(&name, &names_of(&unmarked)),
            };
            errors.at(named.span(), message);
        }
        let lists = found
            .into_iter()
            .filter_map(|method| lister(named, method, errors))
            .collect();
        handler.sound &= errors.count() == before;
        handler.lists = lists;
    }
}

/// The methods that `list = ..` could have meant.
fn names_of(methods: &[&Method]) -> Vec<String> {
    methods
        .iter()
        .filter(|method| method.signature.receiver().is_some())
        .map(|method| method.signature.ident.to_string())
        .collect()
}
