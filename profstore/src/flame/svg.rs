//! A flame graph as one SVG file: no script, titles on hover.
//!
//! The root is at the bottom, callees stand on their callers, width is the share of the total.
//! Frames narrower than a third of a pixel are not drawn: nobody could see them.

use std::fmt::Write as _;

use super::{CallTree, Frame};

const ROW_PX: f64 = 17.0;
const MARGIN_PX: f64 = 10.0;
const TITLE_PX: f64 = 36.0;
const CHAR_PX: f64 = 6.6;
const NARROWEST_PX: f64 = 0.3;
/// Deeper frames are left out: the picture would not fit a screen many times over.
const DEPTH_MAX: usize = 512;

/// How the picture looks.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SvgOptions {
    /// The heading.
    pub title: String,
    /// The unit of the values, for the titles.
    pub unit: String,
    /// Width in pixels.
    pub width_px: u32,
}

impl Default for SvgOptions {
    fn default() -> Self {
        SvgOptions { title: "Flame graph".into(), unit: String::new(), width_px: 1200 }
    }
}

impl SvgOptions {
    /// A picture with a heading and the unit of its values.
    pub fn new(title: impl Into<String>, unit: impl Into<String>) -> Self {
        SvgOptions { title: title.into(), unit: unit.into(), ..SvgOptions::default() }
    }
}

impl CallTree {
    /// Draws the stacks with a value above zero.
    pub fn svg(&self, options: &SvgOptions) -> String {
        let root = self.positive().frames(0);
        let width = f64::from(options.width_px.max(200));
        let rows = placed(&root, width - 2.0 * MARGIN_PX);
        let depth = rows.iter().map(|frame| frame.depth + 1).max().unwrap_or(1);
        let height = TITLE_PX + depth as f64 * ROW_PX + MARGIN_PX;
        let mut svg = String::new();
        // Writing to a String cannot fail.
        let _ = write!(
            svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"monospace\" font-size=\"11\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#fdfdf8\"/>\n\
             <text x=\"{}\" y=\"22\" font-size=\"15\" text-anchor=\"middle\">{}</text>\n",
            width / 2.0,
            escaped(&options.title)
        );
        for frame in &rows {
            let y = height - MARGIN_PX - (frame.depth + 1) as f64 * ROW_PX;
            let share = 100.0 * frame.frame.total as f64 / root.total.max(1) as f64;
            let _ = write!(
                svg,
                "<g><title>{} ({} {}, {share:.2} %)</title><rect x=\"{:.1}\" y=\"{y:.1}\" \
                 width=\"{:.1}\" height=\"{}\" rx=\"1\" fill=\"{}\"/>",
                escaped(&frame.frame.name),
                frame.frame.total,
                escaped(&options.unit),
                frame.x + MARGIN_PX,
                frame.width,
                ROW_PX - 1.0,
                colour(&frame.frame.name)
            );
            let fitting = ((frame.width - 6.0) / CHAR_PX).max(0.0) as usize;
            if fitting >= 3 {
                let _ = write!(
                    svg,
                    "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                    frame.x + MARGIN_PX + 3.0,
                    y + 12.0,
                    escaped(&shortened(&frame.frame.name, fitting))
                );
            }
            svg.push_str("</g>\n");
        }
        svg.push_str("</svg>\n");
        svg
    }
}

struct Placed<'a> {
    frame: &'a Frame,
    depth: usize,
    x: f64,
    width: f64,
}

fn placed(root: &Frame, width: f64) -> Vec<Placed<'_>> {
    let scale = width / root.total.max(1) as f64;
    let mut rows = Vec::new();
    let mut open = vec![(root, 0_usize, 0.0_f64)];
    while let Some((frame, depth, x)) = open.pop() {
        let width = frame.total as f64 * scale;
        if width < NARROWEST_PX || depth >= DEPTH_MAX {
            continue;
        }
        rows.push(Placed { frame, depth, x, width });
        let mut child_x = x;
        for child in &frame.children {
            open.push((child, depth + 1, child_x));
            child_x += child.total as f64 * scale;
        }
    }
    rows
}

/// A warm colour that depends on the name alone, so that pictures can be compared.
fn colour(name: &str) -> String {
    let hash = name
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let (red, green, blue) = (205 + hash % 50, 80 + (hash >> 8) % 140, 40 + (hash >> 16) % 40);
    format!("#{red:02x}{green:02x}{blue:02x}")
}

fn shortened(name: &str, chars: usize) -> String {
    if name.chars().count() <= chars {
        name.to_owned()
    } else {
        name.chars().take(chars.saturating_sub(2)).chain("..".chars()).collect()
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // XML 1.0 has no place for other control characters.
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_as_wide_as_their_share() {
        let mut tree = CallTree::new();
        tree.insert(["main", "<half>"], 50);
        tree.insert(["main"], 50);
        let svg = tree.svg(&SvgOptions::new("a & b", "ns"));
        assert!(svg.contains("<title>&lt;half&gt; (50 ns, 50.00 %)</title>"));
        assert!(svg.contains("width=\"590.0\""));
        assert!(svg.contains("a &amp; b"));
        assert!(svg.ends_with("</svg>\n"));
    }

    #[test]
    fn an_empty_tree_is_a_picture_too() {
        assert!(CallTree::new().svg(&SvgOptions::default()).contains("</svg>"));
    }
}
