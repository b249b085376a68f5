//! The text of a page: by templates, or as one compressed buffer of lines.

pub(crate) mod choose;
pub(crate) mod pack;
pub(crate) mod template;
