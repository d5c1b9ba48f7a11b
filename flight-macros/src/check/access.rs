//! Who may call: `public` and `require = ..`, with the names that the block declares.

use syn::{BinOp, Expr, LitStr};

use crate::errors::{self, Errors};
use crate::literal::{string, within};
use crate::model::{Access, Declared, Grant, GrantKind};
use crate::parse::RpcAttribute;
use crate::suggest::closest;

/// Reads what an attribute says of its callers.
pub(super) fn access(attribute: &RpcAttribute, declared: &Declared, errors: &mut Errors) -> Access {
    let Some(require) = &attribute.require else {
        return match attribute.public {
            Some(_) => Access::Public,
            None => Access::Default,
        };
    };
    if let Some(public) = attribute.public {
        errors.at(public, errors::public_and_require());
    }
    if let Some(text) = string(require) {
        return Access::Any(grants(text, declared, errors));
    }
    if let Some(texts) = joined(require) {
        errors.under(require, errors::require_joined(&texts));
    }
    Access::Guard(require.clone())
}

/// The alternatives of a text.
fn grants(literal: &LitStr, declared: &Declared, errors: &mut Errors) -> Vec<Grant> {
    let text = literal.value();
    let mut grants = Vec::new();
    if text.chars().all(|c| c == '|' || c.is_whitespace()) {
        errors.at(literal.span(), errors::require_empty());
        return grants;
    }
    let mut end = 0;
    let mut gap = false;
    for between in text.split('|') {
        let start = end + between.len() - between.trim_start().len();
        end += between.len() + 1;
        let alternative = between.trim();
        if alternative.is_empty() {
            gap = true;
            continue;
        }
        let span = within(literal, start..start + alternative.len());
        match grant(alternative, declared) {
            Err(message) => errors.at(span, message),
            Ok(grant) if grants.contains(&grant) => {
                errors.at(span, errors::require_twice(alternative));
            }
            Ok(grant) => grants.push(grant),
        }
    }
    if gap {
        errors.at(literal.span(), errors::require_gap());
    }
    grants
}

/// One alternative, or what is wrong with it.
fn grant(alternative: &str, declared: &Declared) -> Result<Grant, String> {
    let Some((word, name)) = alternative.split_once(':') else {
        let likely = likely_kind(alternative, declared);
        return Err(errors::require_without_kind(alternative, likely.as_deref()));
    };
    if word.is_empty() {
        let likely = likely_kind(name, declared);
        return Err(errors::require_without_kind(alternative, likely.as_deref()));
    }
    if let Some(kind) = GrantKind::from_word(word.trim())
        && is_name(name.trim())
        && (word, name) != (word.trim(), name.trim())
    {
        return Err(errors::require_spaced(kind, name.trim()));
    }
    let Some(kind) = GrantKind::from_word(word) else {
        let likely = likely_alternative(alternative, word, name, declared);
        return Err(errors::require_kind(word, likely.as_deref()));
    };
    let names = &declared.of(kind).names;
    if name.is_empty() {
        return Err(errors::require_without_name(
            kind,
            names,
            declared.attribute,
        ));
    }
    if let Some(texts) = separated_by_commas(alternative, declared) {
        return Err(errors::require_commas(&texts));
    }
    if name.contains(char::is_whitespace) {
        return Err(errors::require_white_space(kind, name));
    }
    if !declared.of(kind).has(name) && !declared.of(kind).misread {
        let other = GrantKind::ALL
            .into_iter()
            .find(|kind| declared.of(*kind).has(name));
        return Err(match other {
            Some(other) => errors::require_other_kind(kind, name, other),
            None => errors::require_undeclared(kind, name, names, declared.attribute),
        });
    }
    Ok(Grant {
        kind,
        name: name.to_owned(),
    })
}

/// The alternatives of `role:a, role:b`.
fn separated_by_commas(alternative: &str, declared: &Declared) -> Option<Vec<String>> {
    if !alternative.contains(',') {
        return None;
    }
    let is_one = |text: &&str| !text.contains(',') && grant(text, declared).is_ok();
    let texts: Vec<&str> = alternative.split(',').map(str::trim).collect();
    texts
        .iter()
        .all(is_one)
        .then(|| texts.into_iter().map(str::to_owned).collect())
}

/// What a word without a kind was meant to be.
fn likely_kind(word: &str, declared: &Declared) -> Option<String> {
    if let Some(known) = declared_as(word, declared) {
        return Some(known);
    }
    // `role=admin` and `role admin`.
    for kind in GrantKind::ALL {
        let name = word
            .strip_prefix(kind.word())
            .and_then(|rest| rest.strip_prefix(['=', '/', '.', ' ']));
        if let Some(name) = name.map(str::trim).filter(|name| is_name(name)) {
            return Some(format!("{}:{name}", kind.word()));
        }
    }
    if !is_name(word) {
        return None;
    }
    let near = GrantKind::ALL.into_iter().find_map(|kind| {
        let names = declared.of(kind).names.iter().map(String::as_str);
        Some(format!("{}:{}", kind.word(), closest(word, names)?))
    });
    near.or_else(|| Some(format!("role:{word}")))
}

/// What an alternative with an unknown kind was meant to be.
fn likely_alternative(
    alternative: &str,
    word: &str,
    name: &str,
    declared: &Declared,
) -> Option<String> {
    // A scope's own name may have a `:` in it.
    if let Some(known) = declared_as(alternative, declared) {
        return Some(known);
    }
    let name = Some(name.trim()).filter(|name| is_name(name))?;
    match closest(word.trim(), GrantKind::ALL.map(GrantKind::word)) {
        Some(kind) => Some(format!("{kind}:{name}")),
        None => declared_as(name, declared),
    }
}

/// A declared name, with its kind.
fn declared_as(name: &str, declared: &Declared) -> Option<String> {
    GrantKind::ALL
        .into_iter()
        .find(|kind| declared.of(*kind).has(name))
        .map(|kind| format!("{}:{name}", kind.word()))
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_whitespace)
}

/// The texts of `"role:a" | "role:b"`, which no trait could make a guard of.
fn joined(value: &Expr) -> Option<Vec<String>> {
    match value {
        Expr::Binary(binary) if matches!(binary.op, BinOp::BitOr(_) | BinOp::Or(_)) => {
            let mut texts = joined_or_one(&binary.left)?;
            texts.extend(joined_or_one(&binary.right)?);
            Some(texts)
        }
        _ => None,
    }
}

fn joined_or_one(value: &Expr) -> Option<Vec<String>> {
    match string(value) {
        Some(text) => Some(vec![text.value()]),
        None => joined(value),
    }
}
