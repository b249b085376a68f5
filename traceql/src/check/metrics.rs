//! Queries that give series.

use super::{attribute, refuse, spanset, unsupported};
use crate::ast::{MetricsExpr, MetricsFunction, MetricsOperand, MetricsQuery, SecondStage};
use crate::error::{CheckError, CheckErrorKind};

/// Attributes in `by(…)` at most.
const BY_MAX: usize = 5;

pub(super) fn expr(metrics: &MetricsExpr) -> Result<(), CheckError> {
    match &metrics.operand {
        MetricsOperand::Query(found) => {
            query(found)?;
            if !metrics.stages.is_empty()
                && matches!(found.function, MetricsFunction::Compare { .. })
            {
                return refuse(CheckErrorKind::CompareStage, found.at);
            }
        }
        MetricsOperand::Math { left, right, .. } => {
            for side in [left, right] {
                expr(side)?;
                if let MetricsOperand::Query(found) = &side.operand
                    && matches!(found.function, MetricsFunction::Compare { .. })
                {
                    return refuse(CheckErrorKind::CompareStage, found.at);
                }
            }
        }
        MetricsOperand::Static(..) => {}
    }
    metrics.stages.iter().try_for_each(|stage| match stage {
        SecondStage::Rank { count, at, .. } if *count < 1 => refuse(CheckErrorKind::LimitZero, *at),
        _ => Ok(()),
    })
}

fn query(query: &MetricsQuery) -> Result<(), CheckError> {
    spanset::pipeline(&query.pipeline)?;
    query.by.iter().try_for_each(attribute)?;
    // Some functions need a label of their own.
    let labels = match &query.function {
        MetricsFunction::Rate | MetricsFunction::Count => 0,
        MetricsFunction::OverTime(op, of) => {
            attribute(of)?;
            usize::from(*op == crate::ast::OverTime::Avg)
        }
        MetricsFunction::Histogram(of) => {
            attribute(of)?;
            1
        }
        MetricsFunction::Quantile(of, quantiles) => {
            attribute(of)?;
            if !quantiles.iter().all(|quantile| (0.0..=1.0).contains(quantile)) {
                return refuse(CheckErrorKind::Quantile, query.at);
            }
            1
        }
        MetricsFunction::Compare { filter, top, .. } => {
            spanset::filter(filter)?;
            if *top < 1 {
                return refuse(CheckErrorKind::LimitZero, query.at);
            }
            0
        }
    };
    if query.by.len() + labels > BY_MAX {
        return unsupported("grouping by so many attributes", query.at);
    }
    Ok(())
}
