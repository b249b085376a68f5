//! Which texts are queries, how they print, and what is said of the others. The tables are in
//! `data/valid.txt` and `data/invalid.txt`.
#![cfg(test)]

fn rows(table: &'static str) -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
    table.lines().filter(|line| !line.starts_with("# ") && !line.is_empty()).map(|line| match line
        .split_once(" => ")
    {
        Some((query, expected)) => (query, Some(expected)),
        None => (line, None),
    })
}

#[test]
fn valid_queries_print_and_parse_back() {
    for (query, printed) in rows(include_str!("data/valid.txt")) {
        let tree = logql::parse(query).unwrap_or_else(|error| panic!("{}", error.render(query)));
        assert_eq!(tree.to_string(), printed.unwrap_or(query));
        assert_eq!(logql::parse(&tree.to_string()).unwrap(), tree, "{query}");
        let pretty = logql::print::pretty_within(&tree, 20);
        assert!(logql::parse(&pretty).is_ok() || pretty.contains("NaN"), "{pretty}");
    }
}

#[test]
fn invalid_queries_are_refused_at_their_fault() {
    for (query, expected) in rows(include_str!("data/invalid.txt")) {
        let (column, message) = expected.unwrap().split_once(' ').unwrap();
        let error = logql::parse(query).expect_err(query);
        let span = error.span().unwrap();
        assert_eq!((span.start + 1).to_string(), column, "{}", error.render(query));
        assert!(error.to_string().contains(message), "{query}: {error}");
        assert_eq!(error.class(), logql::ErrorClass::Query);
    }
}
