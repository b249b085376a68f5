//! Which cells of a CSV line are what.

use std::str::FromStr;

use super::time::TimeForm;

/// The highest column that a layout may name.
const COLUMN_MAX: usize = 1 << 16;

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Column {
    /// The label of this name.
    Label(String),
    /// Values of the metric of this name.
    Metric(String),
    /// When the line's samples were taken.
    Time(TimeForm),
}

/// The columns of a CSV file.
///
/// Either it is spelt as VictoriaMetrics' `format`: a list of `position:kind:context`, positions from
/// 1, where `label` and `metric` have a name for context and `time` has `unix_s`, `unix_ms`, `unix_us`,
/// `unix_ns` or `rfc3339`. Or the first line of the file names the columns: [`CsvLayout::of_header`].
///
/// Every line gives a sample per metric that has a cell which is not empty. Cells may be in double
/// quotes, within which two of them stand for one; a line ends at a line feed, in quotes too. Columns
/// that are not named are not looked at.
///
/// ```
/// use wire::metric_lines::CsvLayout;
/// assert!("2:metric:ask,3:metric:bid,1:label:ticker".parse::<CsvLayout>().is_ok());
/// assert_eq!(
///     "1:label:ticker".parse::<CsvLayout>().unwrap_err().to_string(),
///     "no column is a metric"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsvLayout {
    /// By position from 0, rising.
    pub(super) columns: Vec<(usize, Column)>,
    pub(super) header: Option<Header>,
}

/// What the names in the first line mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) time: Option<(String, TimeForm)>,
    pub(super) labels: Vec<String>,
}

/// Why a layout cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CsvLayoutError {
    /// A column that is not spelt `position:kind:context`.
    #[error("{column:?} is not spelt position:kind:context")]
    Spelling {
        /// The column as it is spelt.
        column: String,
    },
    /// A position that is no number from 1 on, or too high.
    #[error("{position:?} is not the position of a column")]
    Position {
        /// The position as it is spelt.
        position: String,
    },
    /// A position that is named twice.
    #[error("column {position} is named twice")]
    Repeated {
        /// The position, from 1.
        position: usize,
    },
    /// A kind of column that does not exist.
    #[error("no kind of column is called {kind:?}")]
    Kind {
        /// The kind as it is spelt.
        kind: String,
    },
    /// A form of times that does not exist.
    #[error("no form of times is called {form:?}")]
    TimeForm {
        /// The form as it is spelt.
        form: String,
    },
    /// More than one column of times.
    #[error("two columns are times")]
    SecondTime,
    /// No column that is a metric.
    #[error("no column is a metric")]
    NoMetric,
}

impl CsvLayout {
    /// The layout that the first line of the file gives: `time` names the column of times, `labels` name
    /// those of labels, and every other column holds values of the metric that is called like it.
    pub fn of_header<L: Into<String>>(
        time: Option<(&str, TimeForm)>,
        labels: impl IntoIterator<Item = L>,
    ) -> Self {
        let time = time.map(|(name, form)| (name.to_owned(), form));
        let labels = labels.into_iter().map(Into::into).collect();
        CsvLayout { columns: Vec::new(), header: Some(Header { time, labels }) }
    }
}

impl FromStr for CsvLayout {
    type Err = CsvLayoutError;

    fn from_str(text: &str) -> Result<Self, CsvLayoutError> {
        let mut columns = text.split(',').map(column).collect::<Result<Vec<_>, _>>()?;
        columns.sort_by_key(|column| column.0);
        if let Some([(position, _), _]) = columns.array_windows().find(|[a, b]| a.0 == b.0) {
            return Err(CsvLayoutError::Repeated { position: position + 1 });
        }
        if columns.iter().filter(|(_, column)| matches!(column, Column::Time(_))).count() > 1 {
            return Err(CsvLayoutError::SecondTime);
        }
        if !columns.iter().any(|(_, column)| matches!(column, Column::Metric(_))) {
            return Err(CsvLayoutError::NoMetric);
        }
        Ok(CsvLayout { columns, header: None })
    }
}

fn column(text: &str) -> Result<(usize, Column), CsvLayoutError> {
    let spelling = || CsvLayoutError::Spelling { column: text.to_owned() };
    let (position, rest) = text.split_once(':').ok_or_else(spelling)?;
    let (kind, context) = rest.split_once(':').ok_or_else(spelling)?;
    let number = position.trim().parse().ok().filter(|number| (1..=COLUMN_MAX).contains(number));
    let number =
        number.ok_or_else(|| CsvLayoutError::Position { position: position.to_owned() })?;
    let column = match kind.trim() {
        "label" | "metric" if context.is_empty() => return Err(spelling()),
        "label" => Column::Label(context.to_owned()),
        "metric" => Column::Metric(context.to_owned()),
        "time" => {
            let form = TimeForm::of_name(context);
            Column::Time(form.ok_or_else(|| CsvLayoutError::TimeForm { form: context.to_owned() })?)
        }
        _ => return Err(CsvLayoutError::Kind { kind: kind.to_owned() }),
    };
    Ok((number - 1, column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_that_cannot_be_are_refused() {
        let cases = [
            ("1:metric", "\"1:metric\" is not spelt position:kind:context"),
            ("1:metric:", "\"1:metric:\" is not spelt position:kind:context"),
            ("0:metric:a", "\"0\" is not the position of a column"),
            ("65537:metric:a", "\"65537\" is not the position of a column"),
            ("1:metric:a,1:label:b", "column 1 is named twice"),
            ("1:value:a", "no kind of column is called \"value\""),
            ("1:time:unix", "no form of times is called \"unix\""),
            ("1:time:custom:2006", "no form of times is called \"custom:2006\""),
            ("1:time:unix_s,2:time:unix_s,3:metric:a", "two columns are times"),
            ("", "\"\" is not spelt position:kind:context"),
        ];
        for (text, error) in cases {
            assert_eq!(text.parse::<CsvLayout>().unwrap_err().to_string(), error);
        }
        let layout: CsvLayout = "3:metric:a:b, 1:time:rfc3339".parse().unwrap();
        let expected =
            [(0, Column::Time(TimeForm::Rfc3339)), (2, Column::Metric("a:b".to_owned()))];
        assert_eq!(layout.columns, expected);
    }
}
