//! [`Principal`]: who calls, once somebody has vouched for it.

use std::any::{Any, type_name};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use crate::Error;
use crate::rpc::Method;

/// Who calls: a name, what they may do, and a value of your own. What an [`Authenticator`](crate::Authenticator) makes of credentials.
///
/// A handler reads it as an argument (`Principal`, or `Option<Principal>` where callers without credentials are let in), through
/// [`CallContext::principal`](crate::CallContext::principal), or as the value alone with [`Identity<T>`](crate::Identity). Roles and
/// scopes are what `require = "role:admin"` on an attribute asks for. Cheap to clone.
///
/// ```
/// use flight_runtime::Principal;
///
/// let ada = Principal::new("ada").with_role("admin").with_scope("tables:write");
/// assert_eq!(ada.name(), "ada");
/// assert!(ada.has_role("admin") && !ada.has_role("auditor"));
/// ```
#[derive(Clone)]
pub struct Principal(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    name: String,
    roles: BTreeSet<String>,
    scopes: BTreeSet<String>,
    value: Option<Value>,
}

#[derive(Clone)]
struct Value {
    value: Arc<dyn Any + Send + Sync>,
    type_name: &'static str,
}

impl Principal {
    /// Somebody of this name, who may do what every authenticated caller may.
    pub fn new(name: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            name: name.into(),
            roles: BTreeSet::new(),
            scopes: BTreeSet::new(),
            value: None,
        }))
    }

    fn change(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// With a role: what somebody is.
    #[must_use]
    pub fn with_role(self, role: impl Into<String>) -> Self {
        self.change(|inner| inner.roles.extend([role.into()]))
    }

    /// With several roles.
    #[must_use]
    pub fn with_roles<R: Into<String>>(self, roles: impl IntoIterator<Item = R>) -> Self {
        self.change(|inner| inner.roles.extend(roles.into_iter().map(Into::into)))
    }

    /// With a scope: what somebody's token may be used for.
    #[must_use]
    pub fn with_scope(self, scope: impl Into<String>) -> Self {
        self.change(|inner| inner.scopes.extend([scope.into()]))
    }

    /// With several scopes.
    #[must_use]
    pub fn with_scopes<S: Into<String>>(self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.change(|inner| inner.scopes.extend(scopes.into_iter().map(Into::into)))
    }

    /// With a value of your own, which handlers take as [`Identity<T>`](crate::Identity); a second one replaces the first.
    #[must_use]
    pub fn with_value<T: Any + Send + Sync>(self, value: T) -> Self {
        self.change(|inner| {
            inner.value = Some(Value {
                value: Arc::new(value),
                type_name: type_name::<T>(),
            });
        })
    }

    /// The name, which is also the call's [`peer_identity`](crate::CallContext::peer_identity).
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The roles, in their order.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.0.roles.iter().map(String::as_str)
    }

    /// The scopes, in their order.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.0.scopes.iter().map(String::as_str)
    }

    /// Whether this is one of the roles.
    pub fn has_role(&self, role: &str) -> bool {
        self.0.roles.contains(role)
    }

    /// Whether this is one of the scopes.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.0.scopes.contains(scope)
    }

    /// The value that the authenticator gave; `None` without one, or when it is of another type.
    pub fn value<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        let value = &self.0.value.as_ref()?.value;
        Arc::clone(value).downcast().ok()
    }

    /// What type the value is of: for messages.
    pub(crate) fn value_type(&self) -> Option<&'static str> {
        Some(self.0.value.as_ref()?.type_name)
    }
}

impl From<String> for Principal {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

impl From<&str> for Principal {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principal")
            .field("name", &self.0.name)
            .field("roles", &self.0.roles)
            .field("scopes", &self.0.scopes)
            .field("value", &self.value_type())
            .finish()
    }
}

/// Whether a call was let in, and as whom.
#[derive(Debug)]
pub(crate) enum Admission {
    /// The server asks nobody.
    Open,
    /// Somebody vouches for the caller.
    Known(Principal),
    /// Nobody does: for what is public alone.
    Anonymous {
        /// What everything else answers.
        refusal: Error,
        /// The calls that the server lets everybody make.
        public: Arc<BTreeSet<Method>>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_by_its_type_alone() {
        let ada = Principal::from("ada").with_value(7u8);
        assert_eq!(ada.value::<u8>().as_deref(), Some(&7));
        assert!(ada.value::<u16>().is_none());
        assert_eq!(ada.value_type(), Some("u8"));
    }

    #[test]
    fn a_clone_keeps_what_it_had() {
        let ada = Principal::new("ada");
        let admin = ada.clone().with_role("admin");
        assert!(admin.has_role("admin") && !ada.has_role("admin"));
    }
}
