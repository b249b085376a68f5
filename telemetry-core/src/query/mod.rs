//! What bounds, stops and counts a query.
