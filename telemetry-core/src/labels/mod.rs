//! Label sets and the matchers that select them.
