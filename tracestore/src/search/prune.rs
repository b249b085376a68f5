//! Which groups cannot matter to a request: known without reading a page of theirs.

use std::sync::Arc;

use telemetry_core::model::Resource;
use telemetry_core::source::span::{
    AttributeScope, Comparison, Intrinsic, SpanCondition, SpanField, SpanTest, SpanValue, TraceSkip,
};
use telemetry_core::storage::Result;

use super::value::Value;
use crate::block::Block;
use crate::block::column::Range;
use crate::block::format::{GroupEntry, Owner};

/// What a request says about a block, worked out once for all its groups.
pub(super) struct Pruner<'a> {
    skip: &'a TraceSkip,
    conditions: Vec<Prepared<'a>>,
}

struct Prepared<'a> {
    condition: &'a SpanCondition,
    /// The name's position, if the block has it.
    name: Option<u32>,
    /// Whether a resource or a scope of the block holds the condition.
    held_by_origin: bool,
}

impl<'a> Pruner<'a> {
    /// Looks at resources and scopes.
    ///
    /// # Errors
    ///
    /// A page cannot be read or is damaged.
    pub(super) fn new(
        block: &'a Block,
        skip: &'a TraceSkip,
        conditions: &'a [SpanCondition],
    ) -> Result<Self> {
        let prepared = match skip {
            TraceSkip::Never => Vec::new(),
            _ => {
                let each = conditions.iter().map(|condition| Prepared::new(block, condition));
                each.collect::<Result<_>>()?
            }
        };
        Ok(Pruner { skip, conditions: prepared })
    }

    /// Whether a group may matter.
    pub(super) fn may_matter(&self, group: &GroupEntry) -> bool {
        let may_hold = |condition: &Prepared<'_>| condition.may_hold(group);
        match self.skip {
            TraceSkip::Never => true,
            TraceSkip::UnlessAll(all) => {
                all.iter().filter_map(|at| self.conditions.get(*at)).all(may_hold)
            }
            TraceSkip::UnlessAny => self.conditions.iter().any(may_hold),
        }
    }
}

impl<'a> Prepared<'a> {
    fn new(block: &'a Block, condition: &'a SpanCondition) -> Result<Self> {
        let (mut name, mut held_by_origin) = (None, false);
        if let SpanField::Attribute { scope, name: of } = &condition.field {
            name = block.name(of);
            held_by_origin = match scope {
                AttributeScope::Any | AttributeScope::Resource => {
                    let holds = |resource: &Arc<Resource>| {
                        Value::find(&resource.attributes, of).holds(&condition.test)
                    };
                    block.resources()?.iter().any(holds)
                }
                AttributeScope::Instrumentation => block
                    .scopes()?
                    .iter()
                    .any(|scope| Value::find(&scope.attributes, of).holds(&condition.test)),
                _ => false,
            };
        }
        Ok(Prepared { condition, name, held_by_origin })
    }

    /// Whether a span of the group may hold the condition.
    fn may_hold(&self, group: &GroupEntry) -> bool {
        let column = |owner: Owner| {
            let column = self.name.and_then(|name| group.column(owner, name));
            let column = column.and_then(|column| group.columns.get(column as usize));
            column.is_some_and(|column| may_hold_in(column.range, &self.condition.test))
        };
        match &self.condition.field {
            SpanField::Attribute { scope, .. } => match scope {
                AttributeScope::Span => column(Owner::Span),
                AttributeScope::Any => self.held_by_origin || column(Owner::Span),
                AttributeScope::Resource | AttributeScope::Instrumentation => self.held_by_origin,
                AttributeScope::Event => column(Owner::Event),
                AttributeScope::Link => column(Owner::Link),
            },
            SpanField::Intrinsic(intrinsic) => match intrinsic {
                Intrinsic::EventName | Intrinsic::EventTimeSinceStart => group.events > 0,
                Intrinsic::LinkTraceId | Intrinsic::LinkSpanId => group.links > 0,
                Intrinsic::TraceStartTime => {
                    let range = Range::Ints(group.first_start, group.last_start);
                    may_hold_in(range, &self.condition.test)
                }
                Intrinsic::StartTime => {
                    let range = Range::Ints(group.first_start, group.reach);
                    may_hold_in(range, &self.condition.test)
                }
                Intrinsic::Duration | Intrinsic::TraceDuration => {
                    let longest = group.reach.saturating_sub(group.first_start).max(0);
                    may_hold_in(Range::Ints(0, longest), &self.condition.test)
                }
                _ => true,
            },
        }
    }
}

/// Whether a value of the range may hold the test.
fn may_hold_in(range: Range, test: &SpanTest) -> bool {
    let (min, max) = match range {
        Range::Any => return true,
        // Integers are compared as floats only where the operand is one: then with the same rounding.
        Range::Ints(min, max) => match test {
            SpanTest::Compare(by, SpanValue::Int(operand) | SpanValue::Duration(operand)) => {
                return may_compare(*by, min.cmp(operand), max.cmp(operand));
            }
            _ => (min as f64, max as f64),
        },
        Range::Floats(min, max) => (min, max),
    };
    match test {
        SpanTest::Exists => true,
        SpanTest::Compare(by, operand) => match operand.as_f64() {
            // Numbers equal nothing else, and do not differ from it either.
            None => false,
            Some(operand) => match (min.partial_cmp(&operand), max.partial_cmp(&operand)) {
                (Some(min), Some(max)) => may_compare(*by, min, max),
                _ => *by == Comparison::NotEqual,
            },
        },
        SpanTest::Regex(_) | SpanTest::NotRegex(_) => false,
    }
}

/// Whether some value stands so to the operand, if the least and the greatest do as said.
fn may_compare(by: Comparison, min: std::cmp::Ordering, max: std::cmp::Ordering) -> bool {
    match by {
        Comparison::Equal => min.is_le() && max.is_ge(),
        Comparison::NotEqual => min.is_ne() || max.is_ne(),
        Comparison::Less => min.is_lt(),
        Comparison::LessEqual => min.is_le(),
        Comparison::Greater => max.is_gt(),
        Comparison::GreaterEqual => max.is_ge(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [Comparison; 6] = [
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::Less,
        Comparison::LessEqual,
        Comparison::Greater,
        Comparison::GreaterEqual,
    ];

    proptest! {
        #[test]
        fn what_is_left_out_holds_nothing(
            values in prop::collection::vec(-4_i64..4, 1..5),
            operand in -5_i64..5,
            by in 0_usize..6,
        ) {
            let by = ALL[by];
            let operands = [
                SpanValue::Int(operand),
                SpanValue::Duration(operand),
                SpanValue::Float(operand as f64 + 0.5),
                SpanValue::Float(f64::NAN),
                "1".into(),
            ];
            let (min, max) = (*values.iter().min().unwrap(), *values.iter().max().unwrap());
            for operand in operands {
                let test = SpanTest::Compare(by, operand);
                let any = values.iter().any(|value| Value::Int(*value).holds(&test));
                prop_assert!(!any || may_hold_in(Range::Ints(min, max), &test));
                let any = values.iter().any(|value| Value::Float(*value as f64).holds(&test));
                let range = Range::Floats(min as f64, max as f64);
                prop_assert!(!any || may_hold_in(range, &test));
            }
        }
    }
}
