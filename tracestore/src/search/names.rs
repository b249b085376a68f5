//! Names and values of attributes: what a query can ask for.

use std::collections::BTreeSet;

use telemetry_core::query::{QueryContext, Resource};
use telemetry_core::source::SourceError;
use telemetry_core::source::span::{
    AttributeScope, SpanColumn, SpanField, SpanGroups, SpanValue, SpanValues,
};

use super::fields::is_in_scope;
use super::source::Selection;

/// Attributes of the selected traces, sorted, each once.
pub(super) fn attribute_names(
    selection: &Selection,
    scope: Option<AttributeScope>,
    context: &QueryContext,
) -> Result<Vec<SpanField>, SourceError> {
    let mut names = BTreeSet::new();
    for group in 0..selection.len() {
        let fields = selection.open(group, context)?.fields(context)?;
        names.extend(fields.into_iter().filter(|field| match field {
            SpanField::Attribute { scope: of, .. } => is_in_scope(scope, *of),
            SpanField::Intrinsic(_) => false,
        }));
        context.bound(Resource::Rows, names.len() as u64)?;
    }
    Ok(names.into_iter().collect())
}

/// Values of a field in the selected traces, sorted, each once; arrays element by element.
pub(super) fn attribute_values(
    selection: &Selection,
    field: &SpanField,
    context: &QueryContext,
) -> Result<Vec<SpanValue>, SourceError> {
    let mut values = BTreeSet::new();
    for group in 0..selection.len() {
        let group = selection.open(group, context)?;
        match field {
            SpanField::Intrinsic(intrinsic) if intrinsic.is_of_trace() => {
                for trace in 0..group.traces() {
                    values.insert(group.trace(trace)?.value(*intrinsic));
                }
            }
            SpanField::Intrinsic(intrinsic) if intrinsic.is_of_tree() => {
                let sets = group.nested_sets(context)?;
                values.extend((0..group.spans()).map(|row| sets.value(*intrinsic, row)));
            }
            field => {
                let rows: Vec<u32> = (0..group.spans() as u32).collect();
                add_column(&group.column(field, &rows, context)?, &mut values);
            }
        }
        context.bound(Resource::Rows, values.len() as u64)?;
    }
    values.remove(&SpanValue::Nil);
    Ok(values.into_iter().collect())
}

fn add_column(column: &SpanColumn, values: &mut BTreeSet<SpanValue>) {
    match &column.values {
        // Texts are looked at once per entry of the dictionary.
        SpanValues::String { dictionary, ids } => {
            let mut used = vec![false; dictionary.len()];
            for (at, id) in ids.iter().enumerate() {
                if column.is_present(at)
                    && let Some(used) = used.get_mut(*id as usize)
                {
                    *used = true;
                }
            }
            let texts = dictionary.iter().zip(used).filter(|(_, used)| *used);
            values.extend(texts.map(|(text, _)| SpanValue::String(text.clone())));
        }
        SpanValues::Multiple { items, .. } => {
            for item in items {
                item.for_each_element(|element| add(element, values));
            }
        }
        _ => (0..column.len()).for_each(|at| {
            column.value(at).for_each_element(|element| add(element, values));
        }),
    }
}

fn add(value: SpanValue, values: &mut BTreeSet<SpanValue>) {
    if !values.contains(&value) {
        values.insert(value);
    }
}
