//! The table: a row per figure, a column per system.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::Figures;

/// Figures of the whole, how they are called, and what they are divided by.
const ROWS: [(&str, &str, f64); 9] = [
    ("ingest_wall", "loading, s", 1.0),
    ("ingest_cpu", "loading, CPU s", 1.0),
    ("settle_cpu", "settling, CPU s", 1.0),
    ("ingest_rate_cpu", "M samples per CPU s", 1e6),
    ("ingest rss_peak", "memory while loading, MB", 1e6),
    ("disk", "disk, MB", 1e6),
    ("bytes_per_item", "bytes per sample", 1.0),
    ("open", "opening, ms", 1.0),
    ("query rss_peak", "memory while asked, MB", 1e6),
];

/// The figures of several systems; the first one is compared with the others.
pub(super) fn table(workload: &str, systems: &[(&str, Figures)]) -> String {
    let mut text = format!("| {workload} |");
    for (name, _) in systems {
        text.push_str(&format!(" {name} |"));
    }
    text.push_str(&format!("\n|---|{}\n", "---:|".repeat(systems.len())));
    for (metric, name, unit) in &ROWS {
        let _ = write!(text, "| {name} |");
        for (_, figures) in systems {
            let cell = figures.whole.get(metric).map_or(String::new(), |value| short(value / unit));
            let _ = write!(text, " {cell} |");
        }
        text.push('\n');
    }
    queries(&mut text, systems);
    text
}

/// A row per query: CPU and least warm time in milliseconds; then geometric means.
fn queries(text: &mut String, systems: &[(&str, Figures)]) {
    let Some(((_, first), others)) = systems.split_first() else { return };
    let ids: BTreeSet<&String> =
        systems.iter().flat_map(|(_, figures)| figures.queries.keys()).collect();
    for id in ids {
        let _ = write!(text, "| {id}: CPU ms (least warm ms) |");
        let ours = first.queries.get(id);
        for (_, figures) in systems {
            let Some(query) = figures.queries.get(id) else {
                text.push_str(" |");
                continue;
            };
            let differs = ours.is_some_and(|ours| !ours.answer.agrees(&query.answer));
            let mark = if differs { " ≠" } else { "" };
            let _ = write!(text, " {} ({}){mark} |", short(query.cpu_ms), short(query.warm_ms));
        }
        text.push('\n');
    }
    for (name, peer) in others {
        let pairs: Vec<(f64, f64)> = first
            .queries
            .iter()
            .filter_map(|(id, ours)| Some((ours.cpu_ms, peer.queries.get(id)?.cpu_ms)))
            .collect();
        let mean = geometric_mean(pairs.iter().map(|(ours, theirs)| ours / theirs));
        let _ = writeln!(
            text,
            "\nCPU of {} queries, ours to that of {name}, geometric mean: {}",
            pairs.len(),
            short(mean)
        );
    }
}

fn geometric_mean(values: impl Iterator<Item = f64>) -> f64 {
    let (mut count, mut sum) = (0.0, 0.0);
    for value in values.filter(|value| *value > 0.0 && value.is_finite()) {
        count += 1.0;
        sum += value.ln();
    }
    (sum / count).exp()
}

/// Three digits or so.
fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Answer, QueryFigures};
    use super::*;

    fn system(cpu_ms: f64, sum: f64) -> Figures {
        let mut figures = Figures::default();
        figures.whole.insert("disk", 2e6);
        let answer = Answer { rows: 1.0, points: 1.0, sum };
        for (id, share) in [("a", 1.0), ("b", 4.0)] {
            let cpu_ms = cpu_ms * share;
            let query = QueryFigures { cpu_ms, warm_ms: 0.5, answer, ..QueryFigures::default() };
            figures.queries.insert(id.to_owned(), query);
        }
        figures
    }

    #[test]
    fn answers_that_differ_are_marked_and_means_are_geometric() {
        let text = table("tiny", &[("ours", system(1.0, 7.0)), ("theirs", system(4.0, 8.0))]);
        assert!(text.contains("| disk, MB | 2.00 | 2.00 |"), "{text}");
        assert!(text.contains("| a: CPU ms (least warm ms) | 1.00 (0.500) | 4.00 (0.500) ≠ |"));
        assert!(text.contains("ours to that of theirs, geometric mean: 0.250"), "{text}");
    }
}
