//! What metric queries of the languages share: matching, set operators, grouping.
