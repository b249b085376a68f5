//! Does a tree make sense?
//!
//! The parser accepts what the grammar accepts. Here the tree is walked once, and every rule about
//! types, arguments and matching is applied; the first that is broken, in the order of the text and
//! what is inside before what is around it, is the error. A tree that passes can be evaluated as far
//! as types go; what depends on data or on the times of the query is left to the evaluation.

mod call;
mod duration;
mod emptiness;
mod error;
mod matching;
mod operator;
mod selector;

pub use call::type_of;
pub(crate) use duration::millis_of;
pub use duration::{duration_millis, is_fixed};
pub use error::{ArgumentCount, CheckError, CheckErrorKind, Place};

use crate::ast::{Expr, ValueType};
use crate::parse::ParseOptions;
use telemetry_core::syntax::Span;

/// The type of `expr`, having found that all of it makes sense.
///
/// # Errors
/// The first rule that is broken.
pub fn check(expr: &Expr, options: &ParseOptions) -> Result<ValueType, CheckError> {
    match expr {
        Expr::Number(_) => Ok(ValueType::Scalar),
        Expr::String(_) => Ok(ValueType::String),
        Expr::Selector(node) => selector::vector(node).map(|()| ValueType::Vector),
        Expr::Matrix(node) => selector::matrix(node).map(|()| ValueType::Matrix),
        Expr::Subquery(node) => {
            let found = check(&node.expr, options)?;
            selector::subquery(node, found).map(|()| ValueType::Matrix)
        }
        Expr::Call(node) => call::call(node, options),
        Expr::Aggregate(node) => call::aggregate(node, options).map(|()| ValueType::Vector),
        Expr::Unary(node) => {
            let found = check(&node.expr, options)?;
            operator::unary(node, found)
        }
        Expr::Binary(node) => {
            let left = check(&node.left, options)?;
            let right = check(&node.right, options)?;
            operator::binary(node, left, right)
        }
        Expr::Paren(node) => check(&node.expr, options),
    }
}

/// The error of a rule.
fn refuse<T>(kind: CheckErrorKind, span: Span) -> Result<T, CheckError> {
    Err(CheckError { kind, span })
}
