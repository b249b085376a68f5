//! A checked reader of protobuf's wire format over borrowed bytes, and a writer.
//!
//! ~~~text
//! message = field*        field = tag value        tag = varint (number << 3 | wire type)
//! wire types   0 varint   1 eight bytes   2 varint length, then bytes   3, 4 group   5 four bytes
//! ~~~
//!
//! The reader allocates nothing and knows no schema: it hands out field after field, and the caller
//! reads it as the type that its number demands. Unknown fields and groups are stepped over, and so
//! are known numbers in another coding than theirs, as in Google's own readers.
//! Every reader knows where in the whole input it stands, so an error deep inside a message names
//! the byte of the input. Repeated numbers are read packed and unpacked.

mod packed;
pub(crate) mod pairs;
mod read;
mod write;

pub(crate) use packed::{packed_doubles, packed_fixed64, packed_varints};
pub(crate) use read::{Bytes, Reader, Tag, Wire};
pub(crate) use write::Writer;
