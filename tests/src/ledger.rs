//! [`Ledger`]: what handlers saw, for a client to ask afterwards.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use flight_runtime::Error;
use serde_json::{Value, json};
use tokio::sync::watch;

/// Notes by name, and a way to wait for one.
#[derive(Clone, Debug)]
pub struct Ledger {
    notes: watch::Sender<HashMap<String, Value>>,
}

impl Default for Ledger {
    fn default() -> Self {
        let (notes, _) = watch::channel(HashMap::new());
        Self { notes }
    }
}

impl Ledger {
    /// Writes a note; the first of a name stays.
    pub fn write(&self, name: &str, note: Value) {
        self.notes.send_modify(|notes| {
            notes.entry(name.to_owned()).or_insert(note);
        });
    }

    /// Appends to the notes of this name, which are a list.
    pub(crate) fn append(&self, name: &str, note: Value) {
        self.notes.send_modify(|notes| {
            let list = notes.entry(name.to_owned()).or_insert_with(|| json!([]));
            if let Some(list) = list.as_array_mut() {
                list.push(note);
            }
        });
    }

    /// The note of this name as it is now.
    pub(crate) fn now(&self, name: &str) -> Value {
        self.notes
            .borrow()
            .get(name)
            .cloned()
            .unwrap_or(Value::Null)
    }

    /// Notes that a handler of this name has begun.
    pub(crate) fn began(&self, name: &str) {
        self.write(&format!("{name} began"), json!({ "at": now() }));
    }

    /// The note of this name, once it is there.
    ///
    /// # Errors
    ///
    /// NOT_FOUND after five seconds.
    pub async fn read(&self, name: &str) -> Result<Value, Error> {
        let mut notes = self.notes.subscribe();
        let written = notes.wait_for(|notes| notes.contains_key(name));
        let found = tokio::time::timeout(Duration::from_secs(5), written)
            .await
            .map_err(|_| {
                Error::not_found(format!("nobody wrote `{name}` within five seconds"))
            })??;
        Ok(found.get(name).cloned().unwrap_or(Value::Null))
    }

    /// Notes that a handler of this name has begun, and writes the moment at which the value is dropped.
    pub(crate) fn at_drop(&self, name: String) -> AtDrop {
        self.began(&name);
        AtDrop {
            ledger: self.clone(),
            name,
        }
    }
}

/// Writes `{"end": "dropped", "at": …}` when it is dropped, unless the name has a note already.
#[derive(Debug)]
pub(crate) struct AtDrop {
    ledger: Ledger,
    name: String,
}

impl Drop for AtDrop {
    fn drop(&mut self) {
        let note = json!({ "end": "dropped", "at": now() });
        self.ledger.write(&self.name, note);
    }
}

/// Seconds since 1970, as Python's `time.time()`.
pub(crate) fn now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64())
}
