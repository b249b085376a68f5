//! What a query text is made of.

use std::fmt;
use std::sync::Arc;

use telemetry_core::source::span::{AttributeScope, Intrinsic};
use telemetry_core::syntax::Span;
use telemetry_core::syntax::number::G;
use telemetry_core::time::duration::Go;

/// A token and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    /// What it is.
    pub(crate) kind: TokenKind,
    /// Where it stands.
    pub(crate) span: Span,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TokenKind {
    /// A keyword or any other word.
    Word(Arc<str>),
    /// An integer without a sign.
    Int(i64),
    /// The one integer that fits only behind a minus: 2⁶³.
    MinInt,
    /// A float without a sign.
    Float(f64),
    /// A duration in nanoseconds.
    Duration(i64),
    /// A string literal's value.
    String(Arc<str>),
    /// An intrinsic written with its scope.
    Intrinsic(Intrinsic),
    /// An attribute with its scope.
    Attribute {
        /// Its scope.
        scope: Scope,
        /// Whether it is the parent span's.
        parent: bool,
        /// Its name, without quotes.
        name: Arc<str>,
    },
    /// An operator or a bracket.
    Symbol(Symbol),
    /// Behind the last token.
    End,
}

/// The scope written before an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    None,
    Span,
    Resource,
    Event,
    Link,
    Instrumentation,
}

impl Scope {
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "span" => Scope::Span,
            "resource" => Scope::Resource,
            "event" => Scope::Event,
            "link" => Scope::Link,
            "instrumentation" => Scope::Instrumentation,
            _ => return None,
        })
    }
}

impl From<Scope> for AttributeScope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::None => AttributeScope::Any,
            Scope::Span => AttributeScope::Span,
            Scope::Resource => AttributeScope::Resource,
            Scope::Event => AttributeScope::Event,
            Scope::Link => AttributeScope::Link,
            Scope::Instrumentation => AttributeScope::Instrumentation,
        }
    }
}

macro_rules! symbols {
    ($($name:ident $text:literal)*) => {
        /// Operators and brackets.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "each is its own text")]
        pub enum Symbol { $($name),* }

        impl Symbol {
            const ALL: &[Symbol] = &[$(Symbol::$name),*];

            /// The symbol as it is written.
            pub fn as_str(self) -> &'static str {
                match self { $(Symbol::$name => $text),* }
            }
        }
    };
}

// Longer ones first: the first that fits is taken.
symbols! {
    NotDescendant "!>>" NotAncestor "!<<" UnionDescendant "&>>" UnionAncestor "&<<"
    NotChild "!>" NotParent "!<" NotEqual "!=" NotRegex "!~"
    UnionChild "&>" UnionParent "&<" UnionSibling "&~" And "&&"
    Descendant ">>" GreaterEqual ">=" Ancestor "<<" LessEqual "<="
    Regex "=~" Or "||"
    OpenBrace "{" CloseBrace "}" Open "(" Close ")" Comma "," Pipe "|"
    Equal "=" Less "<" Greater ">" Sibling "~" Not "!"
    Add "+" Subtract "-" Multiply "*" Divide "/" Modulo "%" Power "^"
}

impl Symbol {
    pub(super) fn at_start_of(text: &str) -> Option<Self> {
        Symbol::ALL.iter().copied().find(|symbol| text.starts_with(symbol.as_str()))
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// For messages.
impl fmt::Display for TokenKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TokenKind::Word(word) => write!(f, "`{word}`"),
            TokenKind::Int(value) => write!(f, "integer {value}"),
            TokenKind::MinInt => write!(f, "integer {}", i64::MIN.unsigned_abs()),
            TokenKind::Float(value) => write!(f, "float {}", G(*value)),
            TokenKind::Duration(nanos) => write!(f, "duration {}", Go(*nanos)),
            TokenKind::String(_) => f.write_str("a string"),
            TokenKind::Intrinsic(intrinsic) => write!(f, "`{}`", intrinsic.as_str()),
            TokenKind::Attribute { name, .. } => write!(f, "attribute `{name}`"),
            TokenKind::Symbol(symbol) => write!(f, "`{symbol}`"),
            TokenKind::End => f.write_str("end of query"),
        }
    }
}
