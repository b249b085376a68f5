//! Character classes: `[a-z]`, `\d`, `[:alpha:]`, `\pL`, `\p{Greek}`.
//!
//! Perl's and POSIX' classes are ASCII. With the flag `i`, what a class lists is closed under
//! simple case folding before it is negated, so `(?i)\W` leaves out K, k and the Kelvin sign.
//! Escapes can name surrogates, which no text holds; they vanish here.
//!
//! Unicode classes are those that Go names: general categories by their short names, scripts by
//! their long ones. The characters in them are those of the Unicode version of `regex-syntax`,
//! which may be newer than Go's.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind};

/// A set of code points as inclusive ranges in any order.
type Ranges = &'static [(u32, u32)];

const DIGIT: Ranges = &[(0x30, 0x39)];
const SPACE: Ranges = &[(0x09, 0x0a), (0x0c, 0x0d), (0x20, 0x20)];
const WORD: Ranges = &[(0x30, 0x39), (0x41, 0x5a), (0x5f, 0x5f), (0x61, 0x7a)];

/// POSIX' names; in a pattern they stand as `[:name:]` or `[:^name:]` inside a class.
const POSIX: [(&str, Ranges); 14] = [
    ("alnum", &[(0x30, 0x39), (0x41, 0x5a), (0x61, 0x7a)]),
    ("alpha", &[(0x41, 0x5a), (0x61, 0x7a)]),
    ("ascii", &[(0x00, 0x7f)]),
    ("blank", &[(0x09, 0x09), (0x20, 0x20)]),
    ("cntrl", &[(0x00, 0x1f), (0x7f, 0x7f)]),
    ("digit", DIGIT),
    ("graph", &[(0x21, 0x7e)]),
    ("lower", &[(0x61, 0x7a)]),
    ("print", &[(0x20, 0x7e)]),
    ("punct", &[(0x21, 0x2f), (0x3a, 0x40), (0x5b, 0x60), (0x7b, 0x7e)]),
    ("space", &[(0x09, 0x0d), (0x20, 0x20)]),
    ("upper", &[(0x41, 0x5a)]),
    ("word", WORD),
    ("xdigit", &[(0x30, 0x39), (0x41, 0x46), (0x61, 0x66)]),
];

const LAST_BEFORE_SURROGATES: char = '\u{d7ff}';
const FIRST_AFTER_SURROGATES: char = '\u{e000}';

/// A class while its members are read.
#[derive(Debug, Default)]
pub(super) struct ClassBuilder {
    /// Members that the flag `i` still has to fold.
    members: Vec<ClassUnicodeRange>,
    /// Members that are final: what was negated, or needs no folding.
    settled: Vec<ClassUnicodeRange>,
}

impl ClassBuilder {
    /// Adds the code points from `low` to `high`, both included.
    pub(super) fn push(&mut self, low: u32, high: u32) {
        push_range(&mut self.members, low, high);
    }

    /// Adds a class.
    pub(super) fn push_class(&mut self, class: &ClassUnicode) {
        self.settled.extend(class.iter().copied());
    }

    /// Ranges collected so far.
    pub(super) fn len(&self) -> usize {
        self.members.len() + self.settled.len()
    }

    /// The class.
    pub(super) fn build(self, fold: bool, negate: bool) -> ClassUnicode {
        let mut class = ClassUnicode::new(self.members);
        if fold {
            fold_case(&mut class);
        }
        class.union(&ClassUnicode::new(self.settled));
        if negate {
            class.negate();
        }
        class
    }
}

/// A range of characters may span the surrogates, but not begin or end among them.
fn push_range(ranges: &mut Vec<ClassUnicodeRange>, low: u32, high: u32) {
    let low = char::from_u32(low).unwrap_or(FIRST_AFTER_SURROGATES);
    let high = char::from_u32(high).unwrap_or(LAST_BEFORE_SURROGATES);
    if low <= high {
        ranges.push(ClassUnicodeRange::new(low, high));
    }
}

fn fold_case(class: &mut ClassUnicode) {
    // The folding tables are compiled in: `regex-syntax` has its feature `unicode-case` here, and
    // a test would tell if that changed.
    let _ = class.try_case_fold_simple();
}

fn of_ranges(ranges: Ranges, fold: bool, negate: bool) -> ClassUnicode {
    let mut builder = ClassBuilder::default();
    for (low, high) in ranges {
        builder.push(*low, *high);
    }
    builder.build(fold, negate)
}

/// The class of `\d`, `\s`, `\w` or their negations, by the letter.
pub(super) fn perl(letter: char, fold: bool) -> Option<ClassUnicode> {
    let ranges = match letter.to_ascii_lowercase() {
        'd' => DIGIT,
        's' => SPACE,
        'w' => WORD,
        _ => return None,
    };
    Some(of_ranges(ranges, fold, letter.is_ascii_uppercase()))
}

/// The class of `[:name:]` by what stands between the colons.
pub(super) fn posix(name: &str, fold: bool) -> Option<ClassUnicode> {
    let (negate, name) = negation(name);
    let (_, ranges) = POSIX.iter().find(|(known, _)| *known == name)?;
    Some(of_ranges(ranges, fold, negate))
}

/// A caret in front of a name, and the name behind it.
pub(super) fn negation(name: &str) -> (bool, &str) {
    match name.strip_prefix('^') {
        Some(name) => (true, name),
        None => (false, name),
    }
}

/// The class of `\p{name}`, folded where asked; not negated.
pub(super) fn unicode(name: &str, fold: bool) -> Option<ClassUnicode> {
    let mut class = match name {
        "Any" => ClassUnicode::new([ClassUnicodeRange::new('\0', char::MAX)]),
        // Text has no surrogates.
        "Cs" => ClassUnicode::empty(),
        // Unlike Unicode's, Go's class leaves the unassigned out.
        "C" => {
            let mut class = property("gc=Cc")?;
            class.union(&property("gc=Cf")?);
            class.union(&property("gc=Co")?);
            class
        }
        _ if CATEGORIES.contains(&name) => property(&format!("gc={name}"))?,
        _ if SCRIPTS.contains(&name) => property(&format!("sc={name}"))?,
        _ => return None,
    };
    if fold {
        fold_case(&mut class);
    }
    Some(class)
}

fn property(query: &str) -> Option<ClassUnicode> {
    let hir = regex_syntax::parse(&format!("\\p{{{query}}}")).ok()?;
    match hir.into_kind() {
        HirKind::Class(Class::Unicode(class)) => Some(class),
        // A class of one character.
        HirKind::Literal(literal) => {
            let c = std::str::from_utf8(&literal.0).ok()?.chars().next()?;
            Some(ClassUnicode::new([ClassUnicodeRange::new(c, c)]))
        }
        _ => None,
    }
}

/// The expression for a class.
pub(super) fn to_hir(class: ClassUnicode) -> Hir {
    Hir::class(Class::Unicode(class))
}

/// The expression for one code point; with `fold`, for those it folds to as well.
pub(super) fn literal(code: u32, fold: bool) -> Hir {
    let Some(c) = char::from_u32(code) else {
        return Hir::fail();
    };
    // Only ASCII letters and what lies beyond ASCII can fold.
    if fold && (c.is_ascii_alphabetic() || !c.is_ascii()) {
        let mut class = ClassUnicode::new([ClassUnicodeRange::new(c, c)]);
        fold_case(&mut class);
        return to_hir(class);
    }
    Hir::literal(c.encode_utf8(&mut [0; 4]).as_bytes())
}

const CATEGORIES: [&str; 37] = [
    "C", "Cc", "Cf", "Co", "Cs", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn", "N",
    "Nd", "Nl", "No", "P", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm", "So",
    "Z", "Zl", "Zp", "Zs", "Any",
];

/// Go's `unicode.Scripts`.
const SCRIPTS: &[&str] = &[
    "Adlam",
    "Ahom",
    "Anatolian_Hieroglyphs",
    "Arabic",
    "Armenian",
    "Avestan",
    "Balinese",
    "Bamum",
    "Bassa_Vah",
    "Batak",
    "Bengali",
    "Bhaiksuki",
    "Bopomofo",
    "Brahmi",
    "Braille",
    "Buginese",
    "Buhid",
    "Canadian_Aboriginal",
    "Carian",
    "Caucasian_Albanian",
    "Chakma",
    "Cham",
    "Cherokee",
    "Chorasmian",
    "Common",
    "Coptic",
    "Cuneiform",
    "Cypriot",
    "Cypro_Minoan",
    "Cyrillic",
    "Deseret",
    "Devanagari",
    "Dives_Akuru",
    "Dogra",
    "Duployan",
    "Egyptian_Hieroglyphs",
    "Elbasan",
    "Elymaic",
    "Ethiopic",
    "Georgian",
    "Glagolitic",
    "Gothic",
    "Grantha",
    "Greek",
    "Gujarati",
    "Gunjala_Gondi",
    "Gurmukhi",
    "Han",
    "Hangul",
    "Hanifi_Rohingya",
    "Hanunoo",
    "Hatran",
    "Hebrew",
    "Hiragana",
    "Imperial_Aramaic",
    "Inherited",
    "Inscriptional_Pahlavi",
    "Inscriptional_Parthian",
    "Javanese",
    "Kaithi",
    "Kannada",
    "Katakana",
    "Kawi",
    "Kayah_Li",
    "Kharoshthi",
    "Khitan_Small_Script",
    "Khmer",
    "Khojki",
    "Khudawadi",
    "Lao",
    "Latin",
    "Lepcha",
    "Limbu",
    "Linear_A",
    "Linear_B",
    "Lisu",
    "Lycian",
    "Lydian",
    "Mahajani",
    "Makasar",
    "Malayalam",
    "Mandaic",
    "Manichaean",
    "Marchen",
    "Masaram_Gondi",
    "Medefaidrin",
    "Meetei_Mayek",
    "Mende_Kikakui",
    "Meroitic_Cursive",
    "Meroitic_Hieroglyphs",
    "Miao",
    "Modi",
    "Mongolian",
    "Mro",
    "Multani",
    "Myanmar",
    "Nabataean",
    "Nag_Mundari",
    "Nandinagari",
    "New_Tai_Lue",
    "Newa",
    "Nko",
    "Nushu",
    "Nyiakeng_Puachue_Hmong",
    "Ogham",
    "Ol_Chiki",
    "Old_Hungarian",
    "Old_Italic",
    "Old_North_Arabian",
    "Old_Permic",
    "Old_Persian",
    "Old_Sogdian",
    "Old_South_Arabian",
    "Old_Turkic",
    "Old_Uyghur",
    "Oriya",
    "Osage",
    "Osmanya",
    "Pahawh_Hmong",
    "Palmyrene",
    "Pau_Cin_Hau",
    "Phags_Pa",
    "Phoenician",
    "Psalter_Pahlavi",
    "Rejang",
    "Runic",
    "Samaritan",
    "Saurashtra",
    "Sharada",
    "Shavian",
    "Siddham",
    "SignWriting",
    "Sinhala",
    "Sogdian",
    "Sora_Sompeng",
    "Soyombo",
    "Sundanese",
    "Syloti_Nagri",
    "Syriac",
    "Tagalog",
    "Tagbanwa",
    "Tai_Le",
    "Tai_Tham",
    "Tai_Viet",
    "Takri",
    "Tamil",
    "Tangsa",
    "Tangut",
    "Telugu",
    "Thaana",
    "Thai",
    "Tibetan",
    "Tifinagh",
    "Tirhuta",
    "Toto",
    "Ugaritic",
    "Vai",
    "Vithkuqi",
    "Wancho",
    "Warang_Citi",
    "Yezidi",
    "Yi",
    "Zanabazar_Square",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(class: &ClassUnicode, c: char) -> bool {
        class.iter().any(|range| range.start() <= c && c <= range.end())
    }

    #[test]
    fn every_name_of_go_is_known() {
        for name in CATEGORIES.iter().chain(SCRIPTS) {
            assert!(unicode(name, false).is_some(), "{name}");
        }
        for name in ["", "alpha", "Script=Greek", "greek", "Letter", "Lowercase", "Cn"] {
            assert!(unicode(name, false).is_none(), "{name}");
        }
    }

    #[test]
    fn other_leaves_the_unassigned_out() {
        let class = unicode("C", false).unwrap();
        assert!(contains(&class, '\u{ad}') && contains(&class, '\u{e000}'));
        assert!(!contains(&class, '\u{378}'));
    }

    #[test]
    fn folding_comes_before_negation() {
        let class = perl('W', true).unwrap();
        assert!(!contains(&class, '\u{212a}') && !contains(&class, 'ſ'));
        assert!(contains(&perl('W', false).unwrap(), '\u{212a}'));
    }

    #[test]
    fn surrogates_vanish() {
        let mut builder = ClassBuilder::default();
        builder.push(0xd800, 0xdfff);
        assert!(builder.build(false, false).ranges().is_empty());
        let mut builder = ClassBuilder::default();
        builder.push(0, 0x10_ffff);
        assert_eq!(builder.build(false, false).ranges().len(), 1);
    }
}
