//! Who may use a handler: the rule that stands on its attribute, and how it is judged.

use std::fmt;

use crate::Error;
use crate::context::CallContext;
use crate::principal::{Admission, Principal};
use crate::rpc::Method;

/// A rule of your own on who may use a handler: `require = Owner` on its attribute.
///
/// A function or closure of a [`Principal`] is one. It is asked before the handler's arguments are looked at, and for every entry of
/// ListFlights and ListActions, which show a caller what they may use; what depends on the arguments belongs in the handler.
///
/// ```
/// use flight_runtime::prelude::*;
/// use flight_runtime::{Guard, Principal};
///
/// fn is_staff(caller: &Principal) -> bool {
///     caller.name().ends_with("@example.org")
/// }
///
/// struct OnLoopback;
///
/// impl Guard for OnLoopback {
///     fn allows(&self, _: &Principal, context: &CallContext) -> bool {
///         context.peer().socket_addr().is_some_and(|address| address.ip().is_loopback())
///     }
/// }
///
/// struct Tables;
///
/// #[flight_server]
/// impl Tables {
///     #[action("compact", require = is_staff)]
///     async fn compact(&self) {}
///
///     #[action("forget", require = OnLoopback)]
///     async fn forget(&self) {}
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no rule on who may use a handler",
    label = "expected a text such as `\"role:admin\"`, a function `fn(&Principal) -> bool`, or a type that implements `Guard`",
    note = "roles are named in text: `require = \"role:admin\"`, and declared on the block: `#[flight_server(roles(\"admin\"))]`",
    note = "a guard is named and not called, and it decides at once: it is no `async fn`, and takes no `&self`"
)]
pub trait Guard {
    /// Whether this caller may use the handler. A `false` is PERMISSION_DENIED.
    fn allows(&self, principal: &Principal, context: &CallContext) -> bool;
}

#[diagnostic::do_not_recommend]
impl<F: Fn(&Principal) -> bool> Guard for F {
    fn allows(&self, principal: &Principal, _: &CallContext) -> bool {
        self(principal)
    }
}

/// What the macro calls for `require = guard`.
#[doc(hidden)]
pub fn allows<G: Guard>(guard: &G, principal: &Principal, context: &CallContext) -> bool {
    guard.allows(principal, context)
}

/// What an attribute says of who may use its handler.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub enum Access {
    /// Nothing: whoever is authenticated.
    Default,
    /// `public`
    Public,
    /// `require = "role:a | scope:b"`
    Any(&'static [Grant]),
    /// `require = expression`
    Guard(fn(&Principal, &CallContext) -> bool),
}

/// What a caller must have.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    Role(&'static str),
    Scope(&'static str),
}

impl Grant {
    fn is_of(self, principal: &Principal) -> bool {
        match self {
            Grant::Role(role) => principal.has_role(role),
            Grant::Scope(scope) => principal.has_scope(scope),
        }
    }
}

impl Access {
    /// Whether it asks for more than to be known.
    pub(crate) fn is_rule(&self) -> bool {
        matches!(self, Access::Any(_) | Access::Guard(_))
    }

    /// Whether everybody is let in.
    pub(crate) fn is_public(&self) -> bool {
        matches!(self, Access::Public)
    }

    /// Whether the caller of this context may use a handler of this rule.
    ///
    /// # Errors
    ///
    /// UNAUTHENTICATED for a caller whom nobody vouches for, PERMISSION_DENIED for one who lacks something: the client is not told what.
    pub(crate) fn check(&self, context: &CallContext) -> Result<(), Error> {
        self.check_for(context, &[context.method()])
    }

    /// The same for calls of one of these methods, which the caller has not made yet: for lists of what is there for them.
    pub(crate) fn check_for(&self, context: &CallContext, methods: &[Method]) -> Result<(), Error> {
        match context.admission() {
            // A call that nobody has judged yet is no call that was let in.
            None => Err(Error::internal(
                "the caller was not asked for credentials yet",
            )),
            Some(Admission::Open) => Ok(()),
            Some(Admission::Anonymous { refusal, public }) => match self {
                Access::Public => Ok(()),
                Access::Default if methods.iter().any(|method| public.contains(method)) => Ok(()),
                _ => Err(refusal.again()),
            },
            Some(Admission::Known(principal)) => {
                let may = match self {
                    Access::Default | Access::Public => true,
                    Access::Any(grants) => grants.iter().any(|grant| grant.is_of(principal)),
                    Access::Guard(guard) => guard(principal, context),
                };
                if may {
                    return Ok(());
                }
                Err(Error::permission_denied(format!(
                    "`{}` may not do this",
                    crate::route::shorten(principal.name())
                )))
            }
        }
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Access::Default => f.write_str("Default"),
            Access::Public => f.write_str("Public"),
            Access::Any(grants) => f.debug_tuple("Any").field(grants).finish(),
            Access::Guard(_) => f.write_str("Guard"),
        }
    }
}
