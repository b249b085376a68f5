//! Regular expressions: what Go accepts, what it refuses and with which words, what matches.

use telemetry_core::labels::{Regex, RegexErrorKind, RegexOptions};

/// Patterns that Go accepts, texts in which they match somewhere, texts in which they do not.
const ACCEPTED: &[(&str, &[&str], &[&str])] = &[
    // Literals and what looks like repetition but is none.
    ("", &["", "a"], &[]),
    ("abc", &["abc", "xabcx"], &["ab", "acb"]),
    ("a{,5}", &["a{,5}"], &["aaaaa"]),
    ("a{2", &["a{2"], &["aa"]),
    ("a{", &["a{"], &["a"]),
    ("{", &["{"], &["a"]),
    ("{foo}", &["{foo}"], &["foo"]),
    ("a{2,", &["a{2,"], &["aa"]),
    ("a{01}", &["a{01}"], &["a"]),
    ("a{ 1}", &["a{ 1}"], &["a "]),
    ("}", &["}"], &["{"]),
    ("]", &["]"], &["["]),
    ("a{}", &["a{}"], &["a"]),
    ("a{-1}", &["a{-1}"], &["a"]),
    ("^{a", &["{a"], &["a"]),
    // Quoting.
    (r"\Qa.b\E", &["a.b"], &["axb"]),
    (r"\Q*", &["*"], &["a"]),
    (r"\Qab\E+", &["abbb"], &["a"]),
    (r"^\Qab\E{2}$", &["abb"], &["abab"]),
    (r"\Q\\E", &["\\"], &["E"]),
    (r"a\Q\E*", &["", "aa"], &[]),
    // Octal and hex escapes.
    (r"\012", &["\n"], &["012"]),
    (r"\123", &["S"], &["123"]),
    (r"\0", &["\0"], &["0"]),
    (r"^\08$", &["\u{0}8"], &["8"]),
    (r"\777", &["\u{1ff}"], &["?7"]),
    (r"^\1234$", &["S4"], &["1234"]),
    (r"\x41", &["A"], &["x41"]),
    (r"\x{1F600}", &["😀"], &["x"]),
    (r"\x{000000000041}", &["A"], &["x"]),
    (r"[\x{D800}]", &[], &["a", "\u{d7ff}", "\u{e000}"]),
    (r"\x{dfff}", &[], &["a"]),
    (r"[\x{d000}-\x{f000}]", &["\u{d000}", "\u{e000}"], &["a"]),
    (r"\a\f\t\n\r\v", &["\x07\x0c\t\n\r\x0b"], &["aftnrv"]),
    // Escaped punctuation, the underscore among it.
    (r"\_\-\/\!\@\#\%\&\~\`\'\:\;\<\>\=\,", &["_-/!@#%&~`':;<>=,"], &["_"]),
    (r"\.\*\+\?\(\)\[\]\{\}\|\^\$\\", &[".*+?()[]{}|^$\\"], &["."]),
    // Perl's classes are ASCII.
    (r"\d", &["1"], &["٣", "a", "²"]),
    (r"\w", &["a", "_", "0"], &["é", "-", "ß"]),
    (r"\s", &["\t", "\n", "\x0c", "\r", " "], &["\x0b", "\u{a0}", "\u{85}", "\u{2003}"]),
    (r"\D", &["٣", "a"], &["0123456789"]),
    (r"\W", &["é", "-"], &["aZ_9"]),
    (r"\S", &["\x0b", "\u{a0}"], &[" \t\r\n\x0c"]),
    (r"[\d]", &["1"], &["٣"]),
    (r"[^\w]", &["é"], &["a_1"]),
    (r"[\w-a]", &["-", "a", "z"], &["é"]),
    (r"[\d\s.]", &["1", " ", "."], &["a", "\u{a0}"]),
    // Word boundaries are ASCII.
    (r"\bé", &["xé"], &["é", " é"]),
    (r"\bfoo\b", &["foo", "a foo.", "éfoo"], &["foob", "_foo"]),
    (r"a\B", &["ab", "a1"], &["a", "a ", "aé"]),
    (r"^\B$", &[""], &["a"]),
    (r"\b+x", &["x"], &["éy"]),
    // Go knows no `\b{start}`; the brace is a literal.
    (r"a\b{start}", &["a{start}"], &["a"]),
    // Unicode classes by Go's names.
    (r"\pN", &["1", "²", "٣"], &["a"]),
    (r"\PN", &["a"], &["1٣"]),
    (r"\p{Greek}", &["α"], &["a"]),
    (r"\p{^Greek}", &["a"], &["αβ"]),
    (r"\P{^Greek}", &["α"], &["a"]),
    (r"\P{Greek}", &["a"], &["αβ"]),
    (r"\p^L", &[], &[]),
    (r"\p{Lu}", &["A", "É"], &["aé"]),
    (r"[\p{Lu}\d]", &["A", "1"], &["a"]),
    (r"[^\p{L}]", &["1"], &["aé"]),
    (r"\p{Any}", &["a", "\n", "\u{10ffff}"], &[""]),
    (r"\p{Han}", &["世"], &["ア"]),
    (r"\p{Nko}\p{SignWriting}?", &["\u{7ca}"], &["a"]),
    (r"\p{Cs}", &[], &["a", "\u{e000}"]),
    (r"\p{C}", &["\u{ad}", "\u{e000}", "\0"], &["a", "\u{378}"]),
    (r"\pLx", &["ax"], &["1x"]),
    (r"(?i)\p{Lu}", &["a", "A"], &["1"]),
    (r"(?i)\P{Lu}", &["1"], &["aA"]),
    // Classes.
    ("[[:alpha:]]", &["a"], &["é", "1", ":"]),
    ("[[:^alpha:]]", &["é", "1"], &["a"]),
    ("[^[:alpha:]]", &["é", "1"], &["a"]),
    ("[[:word:]]", &["_"], &["é"]),
    ("[[:space:]]", &["\x0b"], &["\u{a0}"]),
    ("[[:blank:][:digit:]]", &[" ", "1"], &["\n"]),
    ("[[:punct:]]", &["!", "~", "`"], &["a", " "]),
    ("[[:xdigit:][:cntrl:][:graph:][:print:][:lower:][:upper:][:ascii:][:alnum:]]", &["a"], &["é"]),
    ("[[a]", &["[", "a"], &["b"]),
    ("[[:a]", &["[", ":", "a"], &["b"]),
    ("[[:alpha]", &["[", ":", "a", "l"], &["b"]),
    ("[a&&b]", &["a", "&", "b"], &["c"]),
    ("[a~~b]", &["~"], &["c"]),
    ("[]a]", &["]", "a"], &["b"]),
    ("[^]a]", &["b"], &["]a"]),
    ("[]-a]", &["]", "^", "_", "`", "a"], &["\\", "b"]),
    ("[-a]", &["-", "a"], &["b"]),
    ("[a-]", &["-", "a"], &["b"]),
    ("[a-b-c]", &["a", "b", "-", "c"], &["d"]),
    ("[+--]", &["+", ",", "-"], &["."]),
    ("[a^]", &["^", "a"], &["b"]),
    ("[^^]", &["a"], &["^"]),
    (r"[\]\-\\]", &["]", "-", "\\"], &["a"]),
    (r"[\Q]", &[], &[]),
    ("[^a]", &["b", "\n", "é"], &["a", ""]),
    ("[é-ü]", &["ê"], &["e"]),
    ("[ #\n]", &[" ", "#", "\n"], &["a"]),
    // Any character, lines and text.
    ("^.$", &["a", "é"], &["\n", "", "ab"]),
    ("(?s)^.$", &["\n"], &[""]),
    ("^a$", &["a"], &["a\n", "b\na"]),
    ("(?m)^a$", &["a\n", "b\na", "b\na\nc"], &["ab"]),
    (r"(?m)\Aa\z", &["a"], &["a\n", "b\na"]),
    ("(?m)^$", &["", "a\n\nb", "a\n"], &["a"]),
    ("a$b", &[], &["a$b", "a\nb"]),
    ("(?m)a$\n^b", &["a\nb"], &["ab"]),
    ("^*a", &["a", "ba"], &["b"]),
    ("$*", &["a"], &[]),
    // Flags.
    ("(?i)straße", &["STRAßE", "STRAẞE"], &["strasse"]),
    ("(?i)k", &["K", "k", "\u{212a}"], &["j"]),
    ("(?i)[k]", &["K", "\u{212a}"], &["j"]),
    ("(?i)[^k]", &["j"], &["Kk\u{212a}"]),
    (r"(?i)\W", &["é"], &["\u{212a}ſ"]),
    ("(?i)s", &["ſ"], &["ß"]),
    ("(?i)σ", &["Σ", "ς"], &["s"]),
    ("(?i:a)b", &["Ab", "ab"], &["AB"]),
    ("a(?i)b|c", &["aB", "C"], &["A", "Ab"]),
    ("(a(?i)b)c", &["aBc"], &["aBC"]),
    ("(?i)a(?-i)b", &["Ab"], &["aB"]),
    ("(?-i:a)", &["a"], &["A"]),
    ("(?i-s:A.)", &["ab"], &["a\n"]),
    ("(?ims)^A.b$", &["a\nB"], &["c"]),
    ("(?is-mU)A", &["a"], &["b"]),
    ("(?)a", &["a"], &["b"]),
    ("(?:)a", &["a"], &["b"]),
    ("(?iiii)a", &["A"], &["b"]),
    ("(?s).(?-s).", &["\na"], &["a\n", "\n"]),
    ("a*(?i)*", &["", "a"], &[]),
    // Groups.
    ("(?P<n>a)(?P<n>b)", &["ab"], &["a"]),
    ("(?P<n_1>a)", &["a"], &["b"]),
    ("(?<n>a)", &["a"], &["b"]),
    ("(?P<1>a)", &["a"], &["b"]),
    ("()", &[""], &[]),
    ("(a|)b", &["b", "ab"], &["a"]),
    ("(|a)*b", &["aab", "b"], &["a"]),
    ("a||b", &["", "c"], &[]),
    ("|", &[""], &[]),
    ("(a)(?:b)(c)", &["abc"], &["ab"]),
    ("(?:a{0})b", &["b"], &["a"]),
    ("(a){0}(b)", &["b"], &["a"]),
    // Repetition.
    ("^(a*)*$", &["", "aaa"], &["b"]),
    ("^(?:a*)+$", &["aaa"], &["b"]),
    ("(a+)(b+)", &["aabb"], &["ba"]),
    ("^x{3}$", &["xxx"], &["xx", "xxxx"]),
    ("^x{2,3}$", &["xx", "xxx"], &["x", "xxxx"]),
    ("^x{2,}$", &["xx", "xxxxx"], &["x"]),
    ("^x{0}$", &[""], &["x"]),
    ("^x{0,1}$", &["", "x"], &["xx"]),
    ("^(?:x{2}){3}$", &["xxxxxx"], &["xxxxx"]),
    ("^(?:ab){2}?$", &["abab"], &["ab"]),
    ("x{1000}", &[], &["x"]),
    ("(?:a{100}){10}", &[], &["a"]),
    ("((a{100}){10}){0}", &["", "a"], &[]),
    ("(?:(?:a{1000}){0}){1000}", &[""], &[]),
    ("(?:a{0,}){1000}", &[""], &[]),
    ("x*?y", &["y", "xxy"], &["x"]),
    ("x??", &[""], &[]),
    ("(?U)x*", &[""], &[]),
    ("(?:a*)*?(?:b+)+?", &["b", "aab"], &["a"]),
    // Not special to Go.
    ("a#b c", &["a#b c"], &["abc"]),
    ("a/b\"c'd", &["a/b\"c'd"], &["a"]),
    ("\n", &["a\nb"], &["ab"]),
];

/// Patterns that Go refuses, with its words.
const REFUSED: &[(&str, &str)] = &[
    ("(", "missing closing ): `(`"),
    ("(a", "missing closing ): `(a`"),
    ("(a|b", "missing closing ): `(a|b`"),
    ("(?:a", "missing closing ): `(?:a`"),
    ("(?P<n>a", "missing closing ): `(?P<n>a`"),
    (")", "unexpected ): `)`"),
    ("a)", "unexpected ): `a)`"),
    ("a)(b", "unexpected ): `a)(b`"),
    ("(a))", "unexpected ): `(a))`"),
    ("[", "missing closing ]: `[`"),
    ("[]", "missing closing ]: `[]`"),
    ("[^", "missing closing ]: `[^`"),
    ("[^]", "missing closing ]: `[^]`"),
    ("x[a-", "missing closing ]: `[a-`"),
    ("[a-z", "missing closing ]: `[a-z`"),
    ("[[:alpha:]", "missing closing ]: `[[:alpha:]`"),
    ("[z-a]", "invalid character class range: `z-a`"),
    (r"[a-\a]", "invalid character class range: `a-\\a`"),
    ("[a--b]", "invalid character class range: `a--`"),
    ("[[:foo:]]", "invalid character class range: `[:foo:]`"),
    ("[[:Alpha:]]", "invalid character class range: `[:Alpha:]`"),
    ("[[::]]", "invalid character class range: `[::]`"),
    (r"\p{alpha}", "invalid character class range: `\\p{alpha}`"),
    (r"\p{Script=Greek}", "invalid character class range: `\\p{Script=Greek}`"),
    (r"\p{greek}", "invalid character class range: `\\p{greek}`"),
    (r"\p{", "invalid character class range: `\\p{`"),
    (r"a\p{Lu", "invalid character class range: `\\p{Lu`"),
    (r"\p", "invalid character class range: `\\p`"),
    (r"\pX", "invalid character class range: `\\pX`"),
    (r"\p{}", "invalid character class range: `\\p{}`"),
    (r"[\pX]", "invalid character class range: `\\pX`"),
    ("*", "missing argument to repetition operator: `*`"),
    ("+", "missing argument to repetition operator: `+`"),
    ("?", "missing argument to repetition operator: `?`"),
    ("*?", "missing argument to repetition operator: `*?`"),
    ("(*)", "missing argument to repetition operator: `*`"),
    ("a|*", "missing argument to repetition operator: `*`"),
    ("(|*)", "missing argument to repetition operator: `*`"),
    ("(?i)*", "missing argument to repetition operator: `*`"),
    ("(?:+b)", "missing argument to repetition operator: `+`"),
    ("{1}", "missing argument to repetition operator: `{1}`"),
    (r"\Q\E*", "missing argument to repetition operator: `*`"),
    ("x**", "invalid nested repetition operator: `**`"),
    ("x*+", "invalid nested repetition operator: `*+`"),
    ("a++", "invalid nested repetition operator: `++`"),
    ("a??+", "invalid nested repetition operator: `??+`"),
    ("x*?+", "invalid nested repetition operator: `*?+`"),
    ("x{2}{3}", "invalid nested repetition operator: `{2}{3}`"),
    ("x{2}*?", "invalid nested repetition operator: `{2}*?`"),
    ("a???", "invalid nested repetition operator: `???`"),
    ("x{1001}", "invalid repeat count: `{1001}`"),
    ("x{1,1001}", "invalid repeat count: `{1,1001}`"),
    ("x{1001,}", "invalid repeat count: `{1001,}`"),
    ("x{2,1}", "invalid repeat count: `{2,1}`"),
    ("x{99999999999999999999}", "invalid repeat count: `{99999999999999999999}`"),
    ("x{1,99999999999999999999}", "invalid repeat count: `{1,99999999999999999999}`"),
    ("(a{1000}){2}", "invalid repeat count: `{2}`"),
    ("(?:(?:x{10}){10}){11}", "invalid repeat count: `{11}`"),
    ("(?:b|a{500}c){3,}", "invalid repeat count: `{3,}`"),
    ("((((((((((x{2}){2}){2}){2}){2}){2}){2}){2}){2}){2})", "invalid repeat count: `{2}`"),
    (r"\", "trailing backslash at end of expression: ``"),
    (r"ab\", "trailing backslash at end of expression: ``"),
    (r"[a\", "trailing backslash at end of expression: ``"),
    (r"\1", "invalid escape sequence: `\\1`"),
    (r"(a)\1", "invalid escape sequence: `\\1`"),
    (r"\8", "invalid escape sequence: `\\8`"),
    (r"\18", "invalid escape sequence: `\\1`"),
    (r"\q", "invalid escape sequence: `\\q`"),
    (r"\Z", "invalid escape sequence: `\\Z`"),
    (r"\C", "invalid escape sequence: `\\C`"),
    (r"\h", "invalid escape sequence: `\\h`"),
    (r"\é", "invalid escape sequence: `\\é`"),
    (r"\u0041", "invalid escape sequence: `\\u`"),
    (r"\x", "invalid escape sequence: `\\x`"),
    (r"\x4", "invalid escape sequence: `\\x4`"),
    (r"\x4g", "invalid escape sequence: `\\x4g`"),
    (r"\xg4", "invalid escape sequence: `\\xg4`"),
    (r"\x{}", "invalid escape sequence: `\\x{}`"),
    (r"\x{110000}", "invalid escape sequence: `\\x{110000`"),
    (r"\x{41", "invalid escape sequence: `\\x{41`"),
    (r"\x{4g}", "invalid escape sequence: `\\x{4g`"),
    (r"[\b]", "invalid escape sequence: `\\b`"),
    (r"[\A]", "invalid escape sequence: `\\A`"),
    ("(?x)", "invalid or unsupported Perl syntax: `(?x`"),
    ("(?R)", "invalid or unsupported Perl syntax: `(?R`"),
    ("(?u)a", "invalid or unsupported Perl syntax: `(?u`"),
    ("(?i-)a", "invalid or unsupported Perl syntax: `(?i-)`"),
    ("(?-)a", "invalid or unsupported Perl syntax: `(?-)`"),
    ("(?-:a)", "invalid or unsupported Perl syntax: `(?-:`"),
    ("(?--i)a", "invalid or unsupported Perl syntax: `(?--`"),
    ("(?", "invalid or unsupported Perl syntax: `(?`"),
    ("(?i", "invalid or unsupported Perl syntax: `(?i`"),
    ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
    ("(?!a)", "invalid or unsupported Perl syntax: `(?!`"),
    ("(?>a)", "invalid or unsupported Perl syntax: `(?>`"),
    ("(?#a)", "invalid or unsupported Perl syntax: `(?#`"),
    ("(?P=n)", "invalid or unsupported Perl syntax: `(?P`"),
    ("(?P>n)", "invalid or unsupported Perl syntax: `(?P`"),
    ("(?<=a)b", "invalid named capture: `(?<=a)b`"),
    ("(?<!a)b", "invalid named capture: `(?<!a)b`"),
    ("(?P<n", "invalid named capture: `(?P<n`"),
    ("(?P<x y>a)", "invalid named capture: `(?P<x y>`"),
    ("(?P<>a)", "invalid named capture: `(?P<>`"),
    ("(?P<é>a)", "invalid named capture: `(?P<é>`"),
    ("(?P<a.b>a)", "invalid named capture: `(?P<a.b>`"),
    ("(?<>a)", "invalid named capture: `(?<>`"),
    ("(?'n'a)", "invalid or unsupported Perl syntax: `(?'`"),
    (r"a\E", "invalid escape sequence: `\\E`"),
];

#[test]
fn go_patterns_match_as_in_go() {
    for (pattern, matching, other) in ACCEPTED {
        // Two rows show what is refused in between.
        let Ok(regex) = Regex::new(pattern) else {
            assert!(matching.is_empty() && other.is_empty(), "{pattern} is refused");
            continue;
        };
        for text in *matching {
            assert!(regex.is_match(text.as_bytes()), "{pattern:?} must match {text:?}");
        }
        for text in *other {
            assert!(!regex.is_match(text.as_bytes()), "{pattern:?} must not match {text:?}");
        }
    }
}

#[test]
fn a_boundary_inside_a_character_hides_no_match() {
    // \B holds between the two bytes of é, where no match is; \W is é itself.
    let regex = Regex::new(r"\W|\B").unwrap();
    assert!(regex.is_match("aéa".as_bytes()));
    assert_eq!(regex.find("aéa".as_bytes()), Some(1..3));
    assert!(!regex.is_match(b"a"));
}

#[test]
fn refused_patterns_are_refused_in_gos_words() {
    for (pattern, message) in REFUSED {
        let error = Regex::new(pattern).expect_err(pattern);
        assert_eq!(error.to_string(), format!("error parsing regexp: {message}"), "{pattern}");
        let text = error.span.text(pattern);
        assert!(error.text.is_empty() || *error.text == *text, "{pattern}: {:?}", error.span);
        assert_eq!(Regex::anchored(pattern).unwrap_err(), error);
    }
}

#[test]
fn nesting_is_bounded_as_in_go() {
    let nested = |depth: usize| format!("{}{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Regex::new(&nested(999)).is_ok());
    let error = Regex::new(&nested(1000)).unwrap_err();
    assert_eq!(error.kind, RegexErrorKind::NestingDepth);
    // Groups without number add nothing of their own.
    let plain = format!("{}a{}", "(?:".repeat(20_000), ")".repeat(20_000));
    assert!(Regex::anchored(&plain).unwrap().is_match(b"a"));
    let stars = format!("{}a{}", "(?:".repeat(1000), ")*".repeat(1000));
    assert_eq!(Regex::new(&stars).unwrap_err().kind, RegexErrorKind::NestingDepth);
    assert!(Regex::new(&"(".repeat(100_000)).is_err());
    assert!(Regex::new(&"(?i)".repeat(10_000)).is_ok());
}

#[test]
fn the_deepest_pattern_needs_little_stack() {
    let deep = || {
        let pattern = format!("{}a{}", "(".repeat(999), ")".repeat(999));
        let regex = Regex::new(&pattern).unwrap();
        assert_eq!(regex.captures(b"a").unwrap().get(999), Some(0..1));
        let stars = format!("{}a{}", "(?:".repeat(990), "b?)*".repeat(990));
        assert_eq!(Regex::new(&stars).unwrap_err().kind, RegexErrorKind::NestingDepth);
        for depth in [8, 30, 200] {
            let mixed = format!("{}a{}", "(b|(?:".repeat(depth), "d?)*)".repeat(depth));
            let regex = Regex::anchored(&mixed).unwrap();
            assert!(regex.is_match(b"a") && regex.captures(b"b").is_some());
        }
    };
    let thread = std::thread::Builder::new().stack_size(512 << 10);
    thread.spawn(deep).unwrap().join().unwrap();
}

#[test]
fn memory_is_bounded() {
    for pattern in [r"(?i)(?:\pL{30}){30}", r"(?:(?:[^a]{10}\pL{3}){10}\pL){9}x{1000}"] {
        let started = std::time::Instant::now();
        let kind = Regex::new(&pattern.repeat(8)).map(|_| ()).map_err(|error| error.kind);
        assert_eq!(kind, Err(RegexErrorKind::Large));
        assert!(started.elapsed().as_secs() < 20);
    }
    // Groups cost memory in every search that follows them.
    let groups = Regex::new(&"(a)b*".repeat(20_000)).unwrap_err();
    assert_eq!(groups.kind, RegexErrorKind::Large);
    let some = Regex::new(&"(a)b*".repeat(500)).unwrap();
    assert!(some.captures("a".repeat(500).as_bytes()).is_some());
    assert!(Regex::anchored(&"(a)".repeat(100_000)).is_err());
    assert!(Regex::anchored(&"(?:a)".repeat(100_000)).unwrap().set().is_some());
    let long = "a".repeat((1 << 20) + 1);
    assert_eq!(Regex::new(&long).unwrap_err().kind, RegexErrorKind::Large);
    assert!(Regex::new(&long[1..]).is_ok());
    assert!(Regex::new(&r"(?i)\p{Greek}".repeat(5_000)).is_ok());
}

#[test]
fn a_byte_that_is_not_utf8_is_one_character() {
    let matches = |pattern: &str, text: &[u8]| Regex::anchored(pattern).unwrap().is_match(text);
    assert!(matches(".", b"\xff"));
    assert!(matches("[^a]", b"\xff"));
    assert!(matches("a.b", b"a\xc3b"));
    assert!(matches("..", b"\xe2\x82"));
    assert!(!matches(".", b"\xe2\x82"));
    assert!(!matches("..", "é".as_bytes()));
    assert!(matches(".*b", b"\xffb"));
    assert!(matches("\u{fffd}", b"\xff"));
    assert!(matches("\u{fffd}.*", b"\xffa"));
    assert!(!matches(r"\xff", b"\xff"));
    assert!(matches(r"\xff", "ÿ".as_bytes()));
    let regex = Regex::new("b.d").unwrap();
    assert_eq!(regex.find(b"\xff\xffb\xffd\xff"), Some(2..5));
    let captures = Regex::new("(.)é(.)").unwrap().captures(b"\xff\xc3\xa9\xfe").unwrap();
    assert_eq!((captures.get(1), captures.get(2)), (Some(0..1), Some(3..4)));
}

#[test]
fn anchoring_wraps_the_whole_pattern() {
    let regex = Regex::anchored("a|b").unwrap();
    assert!(regex.is_match(b"a") && !regex.is_match(b"ab"));
    let loki = RegexOptions { anchored: true, dot_matches_newline: false };
    for pattern in ["a.b", "a.*b", ".*b", "a.+"] {
        assert!(Regex::anchored(pattern).unwrap().is_match(b"a\nb"), "{pattern}");
        let regex = Regex::with_options(pattern, loki).unwrap();
        assert!(!regex.is_match(b"a\nb"), "{pattern}");
    }
    assert!(Regex::with_options("a.b|a\nb", loki).unwrap().is_match(b"a\nb"));
    // Stretches with newlines and without are not one.
    let mixed = Regex::with_options("(?s:.*)(?:.*)", loki).unwrap();
    let reverse = Regex::with_options("(?:.*)(?s:.*)", loki).unwrap();
    assert!(mixed.is_match(b"a\nb") && reverse.is_match(b"a\nb"));
    // The anchors themselves stay those of the text.
    assert!(!Regex::anchored("(?m)^b$").unwrap().is_match(b"a\nb\n"));
}

#[test]
fn leftmost_first_matches_are_found() {
    let find = |pattern: &str, text: &str| Regex::new(pattern).unwrap().find(text.as_bytes());
    assert_eq!(find("a|ab", "xab"), Some(1..2));
    assert_eq!(find("ab|a", "xab"), Some(1..3));
    assert_eq!(find("a*?", "aaa"), Some(0..0));
    assert_eq!(find("(?U)a+", "aaa"), Some(0..1));
    assert_eq!(find("(?U)a+?", "aaa"), Some(0..3));
    assert_eq!(find("b", "aaa"), None);
    assert_eq!(find("(?:|a)*", "aaa"), Some(0..0));
    assert_eq!(find("(?:|a)+", "aaa"), Some(0..0));
}

#[test]
fn groups_are_numbered_and_named() {
    let regex = Regex::new(r"(?P<a>x)|(y)(?:z)(?P<b>w)?").unwrap();
    let names: Vec<_> = regex.group_names().collect();
    assert_eq!(names, [None, Some("a"), None, Some("b")]);
    let captures = regex.captures(b"..yz").unwrap();
    let groups: Vec<_> = (0..5).map(|group| captures.get(group)).collect();
    assert_eq!(groups, [Some(2..4), None, Some(2..3), None, None]);
    assert_eq!(captures.bytes(b"..yz", 2), b"y");
    assert_eq!(captures.bytes(b"..yz", 3), b"");
    // A group that is repeated no times keeps its number.
    let regex = Regex::new("(a){0}(b)").unwrap();
    let captures = regex.captures(b"b").unwrap();
    assert_eq!((captures.len(), captures.get(1), captures.get(2)), (3, None, Some(0..1)));
    // So it is at the end.
    let captures = Regex::new("(b)(a){0}").unwrap().captures(b"b").unwrap();
    assert_eq!((captures.len(), captures.get(1), captures.get(2)), (3, Some(0..1), None));
    assert_eq!(Regex::new("(a)").unwrap().captures(b"b"), None);
    // Where the form decides what matches, places are still known.
    let captures = Regex::anchored("(a|b)").unwrap().captures(b"b").unwrap();
    assert_eq!(captures.get(1), Some(0..1));
}

#[test]
fn replacing_is_gos() {
    for (pattern, template, text, expected) in [
        ("a*", "x", "baaac", "xbxcx"),
        ("", "x", "é😀", "xéx😀x"),
        ("b*", "-", "", "-"),
        ("a", "$0$0", "bab", "baab"),
        ("(a)(b)?", "[$1$2]", "abac", "[ab][a]c"),
        ("(?P<n>a)", "${n}$n-$nn", "a", "aa-"),
        ("(?P<n>a)|(?P<n>b)", "<$n>", "ab", "<a><b>"),
        ("a", "$1x$$", "a", "$"),
        ("a", "$7", "a", ""),
        ("a", "$x-", "a", "-"),
        (r"\b", "|", "ab cd", "|ab| |cd|"),
        ("^", ">", "a\nb", ">a\nb"),
        ("(?m)^", ">", "a\nb", ">a\n>b"),
        ("$", "<", "ab", "ab<"),
        ("a|b?", "x", "abc", "xxcx"),
        ("x", "y", "abc", "abc"),
        ("[a-c]*", "x", "\n", "x\nx"),
    ] {
        let regex = Regex::new(pattern).unwrap();
        assert_eq!(regex.replace_all(text, template), expected, "{pattern} {text:?}");
    }
    let regex = Regex::new("a").unwrap();
    assert_eq!(regex.replace_all_literal("bab", "$0"), "b$0b");
}

#[test]
fn common_patterns_need_no_engine() {
    let set = |pattern: &str| {
        let regex = Regex::anchored(pattern).unwrap();
        regex.set().map(|set| set.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
    };
    for (pattern, expected) in [
        ("api", "api"),
        ("", ""),
        ("a|b|c", "a,b,c"),
        ("(a|b)(c|d)", "ac,ad,bc,bd"),
        ("v[1-3]", "v1,v2,v3"),
        ("x?y", "xy,y"),
        ("^api$", "api"),
        ("(?:^a$|^b$)", "a,b"),
        ("foo(bar|baz|)", "foo,foobar,foobaz"),
        ("(?i)ok", "OK,Ok,oK,ok,O\u{212a},o\u{212a}"),
        ("a{3}", "aaa"),
        (r"5\.\d", "5.0,5.1,5.2,5.3,5.4,5.5,5.6,5.7,5.8,5.9"),
    ] {
        let mut sorted: Vec<&str> = expected.split(',').collect();
        sorted.sort_unstable();
        assert_eq!(set(pattern), Some(sorted.join(",")), "{pattern}");
    }
    for pattern in [".*", "a.*", "[^a]", "a+", r"\w", "(?i)abcdefgh", r"\ba"] {
        assert_eq!(set(pattern), None, "{pattern}");
    }
    assert_eq!(Regex::new("a|b").unwrap().set(), None, "not anchored");
    let all = |pattern: &str| Regex::anchored(pattern).unwrap().matches_all();
    assert!(all(".*") && all("(.*)") && all("^.*$") && all("a|.*") && all(".*.*"));
    assert!(!all(".+") && !all("") && !all("a.*"));
}

#[test]
fn stores_learn_what_to_look_for() {
    let required = |pattern: &str| {
        let regex = Regex::new(pattern).unwrap();
        let clause = |clause: &telemetry_core::labels::regex::AnyOf| {
            clause.texts().collect::<Vec<_>>().join("|")
        };
        regex.required_literals().iter().map(clause).collect::<Vec<_>>().join(" & ")
    };
    for (pattern, expected) in [
        ("error", "error"),
        ("error|warn", "error|warn"),
        ("foo.*bar", "foo & bar"),
        ("level=(error|warn) .*id=[0-9]+", "level=error |level=warn  & id="),
        ("a(b.*c|d)e", "a & c|d & e"),
        (
            r"status=5\d\d",
            "status=50|status=51|status=52|status=53|status=54|status=55|status=56|status=57|status=58|status=59",
        ),
        ("(foo)+", "foo"),
        ("(foo)?bar", "bar|foobar"),
        ("(foo)*bar", "bar"),
        (".*", ""),
        ("a|.*", ""),
        ("|a", ""),
        (r"\btimeout\b", "timeout"),
        // It also matches bytes that are no character.
        ("ab\u{fffd}.*cd", "cd"),
    ] {
        assert_eq!(required(pattern), expected, "{pattern}");
    }
    let long = Regex::new("(?i)connection refused").unwrap();
    assert!(!long.required_literals().is_empty());
    let prefix = |pattern: &str| Regex::anchored(pattern).unwrap().prefix().to_owned();
    for (pattern, expected) in [
        ("api-.*", "api-"),
        ("api-[0-9]+", "api-"),
        ("foo.*|fob[^x]", "fo"),
        ("é[^x]+|è[^x]+", ""),
        ("a|ab", "a"),
        (".*a", ""),
        ("(ab)+c", "ab"),
        ("^ab$[^x]?", "ab"),
    ] {
        assert_eq!(prefix(pattern), expected, "{pattern}");
    }
}
