//! String literals: which expressions are one, and where in it something stands.

use std::ops::Range;

use proc_macro2::Span;
use syn::{Expr, ExprLit, Lit, LitStr};

/// The string literal that an expression is, also where a macro's fragment brought it.
pub(crate) fn string(value: &Expr) -> Option<&LitStr> {
    match value {
        Expr::Group(group) => string(&group.expr),
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => Some(text),
        _ => None,
    }
}

/// The span of some bytes of a literal, where the compiler can say it.
pub(crate) fn within(literal: &LitStr, range: Range<usize>) -> Span {
    let token = literal.token();
    let written = token.to_string();
    // With escapes in it the text is not what was written.
    let offset = match written.find('"') {
        Some(quote) if written[quote..].contains(literal.value().as_str()) => quote + 1,
        _ => return literal.span(),
    };
    if range.is_empty() {
        return literal.span();
    }
    token
        .subspan(range.start + offset..range.end + offset)
        .unwrap_or_else(|| literal.span())
}
