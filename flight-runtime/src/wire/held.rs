//! [`Holds`]: what is held of messages that have begun to arrive.

use super::error::WireError;

/// Told what a request holds of a message that is not whole, whenever it waits for the rest of it.
pub(crate) trait Holds: Send {
    /// So many bytes of the message are here; 0 when it is whole.
    ///
    /// # Errors
    ///
    /// When that is too much: the request ends.
    fn hold(&mut self, bytes: usize) -> Result<(), WireError>;
}

/// The message at hand.
#[derive(Default)]
pub(crate) struct Held {
    /// Nobody wants to know.
    holds: Option<Box<dyn Holds>>,
    /// Bytes of the message that have come, and those that were made of them.
    here: usize,
    /// What was told last.
    told: usize,
}

impl Held {
    pub(crate) fn new(holds: impl Holds + 'static) -> Self {
        Self {
            holds: Some(Box::new(holds)),
            ..Self::default()
        }
    }

    /// More of it is here.
    pub(super) fn grows(&mut self, bytes: usize) {
        self.here = self.here.saturating_add(bytes);
    }

    /// The rest of it is waited for.
    pub(super) fn waits(&mut self) -> Result<(), WireError> {
        self.tell(self.here)
    }

    /// The message is whole; so many bytes of the next one are here.
    pub(super) fn whole(&mut self, next: usize) {
        self.here = next;
        if self.told > 0 {
            // Less is never too much.
            let _ = self.tell(0);
        }
    }

    fn tell(&mut self, bytes: usize) -> Result<(), WireError> {
        match &mut self.holds {
            Some(holds) if self.told != bytes => {
                self.told = bytes;
                holds.hold(bytes)
            }
            _ => Ok(()),
        }
    }
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Held")
            .field("here", &self.here)
            .finish_non_exhaustive()
    }
}
