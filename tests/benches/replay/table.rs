//! A table in plain text. The first column is left-aligned, the others are right-aligned.

/// Formats rows of cells. The first row is the heading.
pub(crate) fn text(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or_default()).collect();
    let mut out = String::new();
    for row in rows {
        for (place, (cell, width)) in row.iter().zip(&widths).enumerate() {
            out +=
                &if place == 0 { format!("{cell:<width$}") } else { format!("  {cell:>width$}") };
        }
        out.push('\n');
    }
    out
}
