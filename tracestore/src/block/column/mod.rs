//! How columns of a group of rows are coded. Pages are compressed on top of it.

mod ints;
mod shapes;
mod texts;
mod values;

pub(crate) use ints::{put_ids, put_ints, read_ids, read_ints};
pub(crate) use shapes::{ShapeWriter, Shapes, read_shapes};
pub(crate) use texts::{Texts, put_texts, read_texts};
pub(crate) use values::{Range, Values, put_values, read_values};
