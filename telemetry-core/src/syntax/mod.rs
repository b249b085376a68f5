//! What the front ends of the languages share: byte spans, the caret under a wrong query, and
//! literals as Go spells them.

mod caret;
pub mod number;
mod span;
pub mod string;

pub use caret::render;
pub use span::Span;
