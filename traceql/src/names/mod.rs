//! Names and values of attributes, for completion while a query is written.
//!
//! A filter narrows them to spans that the query in hand finds so far ([`lenient`] says what is
//! taken of a query that is not finished). Without one, the source knows the answer.

mod lenient;

use std::collections::BTreeSet;

pub use lenient::{LenientCondition, LenientError, lenient_conditions};

use telemetry_core::model::{SpanKind, StatusCode};
use telemetry_core::query::{QueryContext, Resource};
use telemetry_core::source::span::{
    AttributeScope, Intrinsic, SpanColumn, SpanField, SpanSource, SpanValue, SpanValues,
};
use telemetry_core::time::NanosRange;

use crate::ast::{At, FieldExpr, Pipeline, SpansetExpr, Stage};
use crate::engine::Engine;
use crate::error::Error;
use crate::eval::group::Group;
use crate::eval::spanset;
use crate::plan::{self, Plan, Steps};

/// Alternatives that a filter is spread out into at most.
const FILTER_GROUPS_MAX: usize = 100;

impl Engine {
    /// Attributes that occur on spans of the window, sorted. With a `scope` only those of it, with
    /// a `filter` (a query that need not be finished) only those of spans that it finds.
    ///
    /// # Errors
    /// What the source reports. A filter that is no query is taken as none.
    pub fn attribute_names(
        &self,
        scope: Option<AttributeScope>,
        filter: &str,
        source: &dyn SpanSource,
        window: NanosRange,
        context: &QueryContext,
    ) -> Result<Vec<SpanField>, Error> {
        let Some(filter) = filter_expr(filter) else {
            return Ok(source.attribute_names(scope, window, context)?);
        };
        let mut names = BTreeSet::new();
        each_group(filter, None, source, window, context, &mut |group, rows| {
            for field in group.rows.fields(context)? {
                let SpanField::Attribute { scope: of, .. } = &field else { continue };
                if scope.is_some_and(|wanted| wanted != *of) || names.contains(&field) {
                    continue;
                }
                let column = group.fetch(&field, rows)?;
                // Values that no query can look at (maps, bytes) make no name.
                if (0..rows.len()).any(|at| column.is_present(at)) {
                    names.insert(field);
                }
            }
            Ok(context.bound(Resource::Rows, names.len() as u64)?)
        })?;
        Ok(names.into_iter().collect())
    }

    /// Values of a field on spans of the window, in order, each once; arrays element by element. With a
    /// `filter` (a query that need not be finished) only those of spans that it finds.
    ///
    /// A status and a kind have their constants, whatever is stored. Durations, ids, times and
    /// numbers of the tree are as many as there are spans and are not listed.
    ///
    /// # Errors
    /// What the source reports. A filter that is no query is taken as none.
    pub fn attribute_values(
        &self,
        field: &SpanField,
        filter: &str,
        source: &dyn SpanSource,
        window: NanosRange,
        context: &QueryContext,
    ) -> Result<Vec<SpanValue>, Error> {
        if let SpanField::Intrinsic(intrinsic) = field
            && let Some(fixed) = fixed_values(*intrinsic)
        {
            return Ok(fixed);
        }
        let Some(filter) = filter_expr(filter) else {
            return Ok(source.attribute_values(field, window, context)?);
        };
        let mut values = BTreeSet::new();
        each_group(filter, Some(field), source, window, context, &mut |group, rows| {
            collect(&group.fetch(field, rows)?, &mut values);
            Ok(context.bound(Resource::Rows, values.len() as u64)?)
        })?;
        Ok(values.into_iter().collect())
    }
}

fn fixed_values(intrinsic: Intrinsic) -> Option<Vec<SpanValue>> {
    match intrinsic {
        Intrinsic::Status => {
            let all = [StatusCode::Error, StatusCode::Ok, StatusCode::Unset];
            Some(all.map(SpanValue::Status).to_vec())
        }
        Intrinsic::Kind => {
            Some((0..=5).map(|number| SpanValue::Kind(SpanKind::from_number(number))).collect())
        }
        Intrinsic::Duration
        | Intrinsic::TraceDuration
        | Intrinsic::EventTimeSinceStart
        | Intrinsic::StartTime
        | Intrinsic::TraceStartTime
        | Intrinsic::SpanId
        | Intrinsic::ParentId
        | Intrinsic::TraceId
        | Intrinsic::LinkSpanId
        | Intrinsic::LinkTraceId => Some(Vec::new()),
        other if other.is_of_tree() => Some(Vec::new()),
        _ => None,
    }
}

fn collect(column: &SpanColumn, values: &mut BTreeSet<SpanValue>) {
    let mut add = |value: SpanValue| {
        if !value.is_nil() {
            values.insert(value);
        }
    };
    if let SpanValues::Multiple { items, .. } = &column.values {
        items.iter().for_each(|item| item.for_each_element(&mut add));
        return;
    }
    (0..column.len()).for_each(|at| column.value(at).for_each_element(&mut add));
}

/// The filter of a query that may be unfinished; none if it filters nothing.
fn filter_expr(filter: &str) -> Option<FieldExpr> {
    lenient::filter(filter, FILTER_GROUPS_MAX)
}

/// Looks at the rows of a group that hold a filter.
type Visit<'a> = dyn FnMut(&Group<'_>, &[u32]) -> Result<(), Error> + 'a;

/// Calls `visit` with every group and the rows of it that hold `filter`.
fn each_group(
    filter: FieldExpr,
    field: Option<&SpanField>,
    source: &dyn SpanSource,
    window: NanosRange,
    context: &QueryContext,
    visit: &mut Visit<'_>,
) -> Result<(), Error> {
    let stage = Stage::Spansets(SpansetExpr::Filter(filter, At::default()));
    let mut plan = Plan::default();
    let steps = Steps::compile(&mut plan, &Pipeline { stages: vec![stage] })?;
    field.into_iter().for_each(|field| {
        plan.slot(field);
    });
    let groups = source.select(&plan::request(&plan, &steps, window), context)?;
    for at in 0..groups.len() {
        let opened = groups.open(at, context)?;
        let group = Group::new(&*opened, &plan, context);
        let spansets = spanset::run(&group, &steps, spanset::whole_traces(&group))?;
        let rows: Vec<u32> =
            spansets.iter().flat_map(|spanset| spanset.rows.list().into_owned()).collect();
        if !rows.is_empty() {
            visit(&group, &rows)?;
        }
    }
    Ok(())
}
