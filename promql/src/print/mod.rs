//! Tree → text.
//!
//! * [`canonical`]: one line, as Prometheus prints it. It parses back to the same tree.
//! * [`pretty`]: the same, on several lines where one would be too long.
//! * [`outline`]: the nodes of the tree, one a line, to look at.

mod canonical;
mod outline;
mod pretty;
mod quote;

pub use canonical::canonical;
pub use outline::outline;
pub use pretty::{LINE_BYTES_MAX, pretty};
pub(crate) use quote::quote_bytes;
