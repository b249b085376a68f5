//! What the front ends of the languages share: byte spans, the caret under a wrong query, literals
//! and letters' case as Go has them, and the word at a cursor.

mod caret;
pub mod case;
pub mod number;
mod span;
pub mod string;
mod typed;

pub use caret::render;
pub use span::Span;
pub use typed::Typed;
