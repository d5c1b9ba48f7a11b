//! Serve Arrow Flight from annotated impl blocks.
