//! What metric queries of the languages share: which series come together, and set operators.
//!
//! A language evaluates a query column by column: a *row* is one series with one value per step,
//! and a [`Presence`] says at which steps it has one. Labels decide once per query, not once per
//! step, which rows meet:
//!
//! ~~~text
//! rows ─ labels ─▶ Groups (by, without; on, ignoring) ─▶ group of each row
//!                     │
//!                     ├─ aggregation: one accumulator per group and step
//!                     └─ Matches: the rows of both sides of an operator, group by group
//! ~~~
//!
//! Accumulators, arithmetic and the labels that an operator drops belong to the language.

mod group;
mod matching;
mod presence;
mod set;

pub use group::{Grouping, Groups};
pub use matching::{Collision, Matches, first_collision, result_labels};
pub use presence::{Ones, Presence};
pub use set::{Stepped, intersect, subtract, union};
