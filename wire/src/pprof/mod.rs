//! pprof, the profile format of Go and of most profilers.
//!
//! ~~~text
//! Profile   1 sample_type* · 2 sample* · 3 mapping* · 4 location* · 5 function* · 6 string_table*
//!           7 drop_frames · 8 keep_frames · 9 time_nanos · 10 duration_nanos · 11 period_type
//!           12 period · 13 comment* · 14 default_sample_type · 15 doc_url
//! sample    1 location_id* · 2 value* · 3 label*           label     1 key · 2 str · 3 num · 4 num_unit
//! mapping   1 id · 2 start · 3 limit · 4 offset · 5 filename · 6 build_id · 7 … 10 has_…
//! location  1 id · 2 mapping_id · 3 address · 4 line* · 5 is_folded
//! line      1 function_id · 2 line · 3 column
//! function  1 id · 2 name · 3 system_name · 4 filename · 5 start_line
//! type      1 type · 2 unit
//! ~~~
//!
//! Texts are positions in the string table; other tables are referred to by ids of the producer's
//! choice, which the decoder replaces by positions. What is refused: an id that does not exist, an
//! id that occurs twice, the id 0, a position past the string table, a sample with another number of
//! values than there are types. What is tolerated: a table whose ids are all 0, which one producer
//! writes, is numbered from 1 by position; text that is not UTF-8 is replaced by U+FFFD where it is
//! not. `doc_url` is not kept.
//!
//! Source: the protobuf file of google/pprof.

mod decode;
mod encode;
mod ids;
mod legacy;
mod strings;

pub use decode::{DECOMPRESSED_BYTES_MAX, decode, decode_within};
pub use encode::{encode, encode_gzip};
