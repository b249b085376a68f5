//! Log files: at once or as they grow, in the forms that log files have.
//!
//! ~~~text
//! import    a file, packed or not ─┐
//! Follower  a file that grows      ├─▶ Importer ─▶ form · time · metadata ─▶ join ─▶ sink
//! feed      bytes from elsewhere  ─┘
//! ~~~
//!
//! An [`Importer`] is fed bytes in pieces of any size and stores a line as soon as its end has come.
//! Its [`LineForm`] is told or recognised. Its time is read from the line ([`stamp`], or a member of a
//! JSON object); a line without a time has that of the one before it.
//!
//! ```
//! use std::ops::ControlFlow;
//! # fn import_file(sink: impl telemetry_core::sink::LogSink) -> Result<(), wire::Error> {
//! use telemetry_core::labels;
//! use wire::lines::{Importer, LineOptions, import};
//!
//! let mut input = &b"2026-11-25 06:34:57 ERROR failed\n\tat main\n2026-11-25 06:34:58 INFO up"[..];
//! let mut options = LineOptions::new(labels! { "file" => "app.log" });
//! options.joins_lines = true;
//! let imported = import(&mut input, Importer::new(sink, options), |so_far| {
//!     println!("{} bytes", so_far.file_bytes);
//!     ControlFlow::Continue(())
//! })?;
//! assert_eq!((imported.lines, imported.undated), (2, 0));
//! # Ok(())
//! # }
//! ```

mod follow;
mod form;
mod identity;
mod import;
mod importer;
mod join;
mod options;
mod pieces;
pub mod stamp;

pub use follow::{Follower, HEAD_BYTES_MAX, NoPosition, Position};
pub use form::{LineForm, Record, UnknownForm};
pub use import::import;
pub use importer::Importer;
pub use options::{Imported, LineOptions};
pub(crate) use pieces::{first_line, for_each_piece};

#[cfg(test)]
mod tests;
