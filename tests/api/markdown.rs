//! Documents as their tests see them: headings and fenced blocks.

use std::path::Path;

/// A fenced block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What stands behind the opening fence: `yaml`, `sh`.
    pub info: String,
    pub text: String,
    /// The comment on the line before it: `<!-- warned: x -->` is `warned: x`. Readers do not see it.
    pub note: String,
    /// The heading it stands under, without its `#`.
    pub heading: String,
    /// Line of the opening fence, 1-based.
    pub line: usize,
}

/// A file of the repository.
pub fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()))
}

/// All fenced blocks.
pub fn blocks(text: &str) -> Vec<Block> {
    let (mut blocks, mut heading, mut note) = (Vec::new(), String::new(), String::new());
    let mut lines = text.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        if let Some(info) = line.strip_prefix("```") {
            let mut text = String::new();
            for (_, line) in lines.by_ref().take_while(|(_, line)| *line != "```") {
                text.push_str(line);
                text.push('\n');
            }
            let (heading, note) = (heading.clone(), std::mem::take(&mut note));
            blocks.push(Block { info: info.to_owned(), text, note, heading, line: at + 1 });
        } else if let Some(said) = line.strip_prefix("<!-- ").and_then(|line| line.strip_suffix(" -->")) {
            note = said.to_owned();
        } else if line.starts_with('#') {
            heading = line.trim_start_matches('#').trim().to_owned();
        }
    }
    blocks
}

/// How deep each heading is.
pub fn headings(text: &str) -> Vec<usize> {
    let mut fenced = false;
    let mut depths = Vec::new();
    for line in text.lines() {
        fenced ^= line.starts_with("```");
        if !fenced && line.starts_with('#') {
            depths.push(line.chars().take_while(|letter| *letter == '#').count());
        }
    }
    depths
}

/// The first cell of each row of every table, without its quotes.
pub fn first_cells(text: &str) -> Vec<String> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| row.split_once('`')).map(|(cell, _)| cell.to_owned()).collect()
}
