//! [`Stack`]: the factories of a server; [`Started`]: the middleware of one call.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::BoxFuture;
use http::HeaderMap;

use super::{ResponseHeaders, ServerMiddleware, ServerMiddlewareFactory};
use crate::Error;
use crate::context::CallContext;
use crate::extract::Metadata;

/// A factory of any type.
trait Erased: Send + Sync {
    fn start_call<'a>(
        &'a self,
        info: &'a CallContext,
        headers: &'a Metadata,
    ) -> BoxFuture<'a, Result<Option<Arc<dyn ServerMiddleware>>, Error>>;
}

impl<F: ServerMiddlewareFactory> Erased for F {
    fn start_call<'a>(
        &'a self,
        info: &'a CallContext,
        headers: &'a Metadata,
    ) -> BoxFuture<'a, Result<Option<Arc<dyn ServerMiddleware>>, Error>> {
        Box::pin(async move {
            let started = ServerMiddlewareFactory::start_call(self, info, headers).await?;
            Ok(started.map(|middleware| Arc::new(middleware) as Arc<dyn ServerMiddleware>))
        })
    }
}

/// The factories of a server, in the order in which they were added.
#[derive(Default)]
pub(crate) struct Stack {
    factories: Vec<(Cow<'static, str>, Box<dyn Erased>)>,
}

impl Stack {
    pub(crate) fn add(&mut self, key: Cow<'static, str>, factory: impl ServerMiddlewareFactory) {
        self.factories.push((key, Box::new(factory)));
    }

    /// What the builder was told that does not fit together.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let mut keys: Vec<_> = self.factories.iter().map(|(key, _)| key).collect();
        keys.sort_unstable();
        let next = keys.iter().skip(1);
        match keys.iter().zip(next).find(|(key, next)| key == next) {
            None => Ok(()),
            Some((key, _)) => Err(Error::invalid_argument(format!(
                "two middlewares have the key `{key}`: a handler asks for one by its key, so give them different ones"
            ))),
        }
    }

    /// Starts the middleware of a call, until one refuses it.
    pub(crate) async fn start(&self, context: &CallContext) -> Result<(), Error> {
        for (key, factory) in &self.factories {
            if let Some(middleware) = factory.start_call(context, context.headers()).await? {
                context.started().add(key.clone(), middleware);
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.factories.iter().map(|(key, _)| key);
        f.debug_list().entries(keys).finish()
    }
}

type Entries = Vec<(Cow<'static, str>, Arc<dyn ServerMiddleware>)>;

/// The middleware that a call has started, until it is told of the end: then it is let go of, because it may hold the call's context, which holds this.
#[derive(Default)]
pub(crate) struct Started(Mutex<State>);

#[derive(Default)]
struct State {
    entries: Entries,
    /// How the call ended.
    end: Option<Result<(), Error>>,
}

impl Started {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more.
    fn add(&self, key: Cow<'static, str>, middleware: Arc<dyn ServerMiddleware>) {
        let end = {
            let mut state = self.lock();
            match &state.end {
                None => return state.entries.push((key, middleware)),
                Some(end) => end.as_ref().copied().map_err(Error::again),
            }
        };
        // The call was ended while it started.
        tell(&key, &*middleware, end.as_ref().copied());
    }

    /// The first of this type, and of this key if one is given.
    pub(crate) fn find<T: Any + Send + Sync>(&self, key: Option<&str>) -> Option<Arc<T>> {
        let state = self.lock();
        let mut found = state
            .entries
            .iter()
            .filter(|(name, _)| key.is_none_or(|key| name == key))
            .filter_map(|(_, middleware)| {
                let middleware: Arc<dyn Any + Send + Sync> = Arc::clone(middleware) as _;
                middleware.downcast().ok()
            });
        found.next()
    }

    /// Asks for headers, in the order of the start. All are asked, whatever one of them says; the first error is returned.
    pub(crate) fn sending_headers(&self, headers: &mut HeaderMap) -> Result<(), Error> {
        let entries = self.lock().entries.clone();
        let mut result = Ok(());
        for (key, middleware) in entries {
            let mut headers = ResponseHeaders(headers);
            let asked = catch_unwind(AssertUnwindSafe(|| {
                middleware.sending_headers(&mut headers)
            }));
            let asked = asked.unwrap_or_else(|panic| Err(Error::panicked(&*panic)));
            if let Err(error) = asked {
                tracing::error!(%key, error = error.chain(), "a middleware has no headers to send");
                result = result.and(Err(error));
            }
        }
        result
    }

    /// Whether it was told of the end.
    pub(crate) fn is_over(&self) -> bool {
        self.lock().end.is_some()
    }

    /// Tells of the end, the last that was started first. Only the first time counts, which is when this is true.
    pub(crate) fn completed(&self, result: Result<(), &Error>) -> bool {
        let entries = {
            let mut state = self.lock();
            if state.end.is_some() {
                return false;
            }
            state.end = Some(result.map_err(Error::again));
            // They may look for each other.
            state.entries.clone()
        };
        for (key, middleware) in entries.iter().rev() {
            tell(key, &**middleware, result);
        }
        if !entries.is_empty() {
            let held = std::mem::take(&mut self.lock().entries);
            drop((held, entries));
        }
        true
    }
}

fn tell(key: &str, middleware: &dyn ServerMiddleware, result: Result<(), &Error>) {
    if catch_unwind(AssertUnwindSafe(|| middleware.call_completed(result))).is_err() {
        tracing::error!(%key, "a middleware panicked at the end of its call");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Noted(&'static str, Arc<Mutex<Vec<&'static str>>>);

    impl ServerMiddleware for Noted {
        fn sending_headers(&self, headers: &mut ResponseHeaders<'_>) -> Result<(), Error> {
            headers.add("x-by", self.0)?;
            match self.0 {
                "panics" => panic!("on purpose"),
                "fails" => Err(Error::aborted("no headers")),
                _ => Ok(()),
            }
        }

        fn call_completed(&self, _: Result<(), &Error>) {
            self.1.lock().unwrap().push(self.0);
            assert!(self.0 != "panics", "on purpose");
        }
    }

    fn started(names: &[&'static str]) -> (Started, Arc<Mutex<Vec<&'static str>>>) {
        let (started, notes) = (Started::default(), Arc::default());
        for &name in names {
            let middleware: Arc<dyn ServerMiddleware> = Arc::new(Noted(name, Arc::clone(&notes)));
            started.lock().entries.push((name.into(), middleware));
        }
        (started, notes)
    }

    #[test]
    fn all_are_told_of_the_end_once_and_in_reverse_order() {
        let (started, notes) = started(&["one", "panics", "two"]);
        assert!(started.completed(Ok(())));
        assert!(!started.completed(Err(&Error::aborted("again"))));
        assert_eq!(*notes.lock().unwrap(), ["two", "panics", "one"]);
    }

    #[test]
    fn who_is_started_behind_the_end_is_told_at_once() {
        let (started, notes) = started(&["one"]);
        assert!(started.completed(Err(&Error::aborted("the end"))));
        started.add(
            "late".into(),
            Arc::new(Noted("late", Arc::clone(&notes))) as _,
        );
        assert_eq!(*notes.lock().unwrap(), ["one", "late"]);
        assert!(started.lock().entries.is_empty());
    }

    /// Looks for another at the end.
    struct Looks(CallContext, Arc<Mutex<Vec<&'static str>>>);

    impl ServerMiddleware for Looks {
        fn call_completed(&self, _: Result<(), &Error>) {
            let other = self.0.get_middleware::<Noted>("one").expect("it is there");
            self.1.lock().unwrap().push(other.0);
        }
    }

    #[test]
    fn they_find_each_other_until_the_end_and_do_not_keep_their_call() {
        let context = CallContext::new(
            crate::Method::DoGet,
            crate::Peer::Unknown,
            HeaderMap::new(),
            http::Extensions::new(),
            None,
            None,
        );
        let context = context.unwrap();
        let notes = Arc::default();
        let looks = Looks(context.clone(), Arc::clone(&notes));
        let one = Noted("one", Arc::clone(&notes));
        context.started().add("one".into(), Arc::new(one));
        context.started().add("looks".into(), Arc::new(looks));
        assert!(context.started().completed(Ok(())));
        assert!(context.middleware::<Noted>().is_none());
        drop(context);
        assert_eq!(*notes.lock().unwrap(), ["one", "one"]);
        assert_eq!(Arc::strong_count(&notes), 1, "the call is kept");
    }

    #[test]
    fn all_are_asked_for_headers_and_the_first_error_counts() {
        let (started, _) = started(&["fails", "panics", "one"]);
        let mut headers = HeaderMap::new();
        let error = started.sending_headers(&mut headers).unwrap_err();
        assert_eq!(error.message(), "no headers");
        let by: Vec<_> = headers.get_all("x-by").iter().collect();
        assert_eq!(by, ["fails", "panics", "one"]);
    }
}
