//! The funnel as a Mermaid flowchart, for documents that draw it themselves.

use super::words::Words;
use crate::rules::model::{Direction, Funnel, Move, MoveFrom, MoveTo, Rules, Stage, StageKind};
use crate::values::{Key, Language};
use std::fmt::Write as _;

/// Writes a funnel for a reader.
#[must_use]
pub fn mermaid(rules: &Rules, funnel: &Funnel, wanted: &[Language]) -> String {
    let words = Words { rules, funnel, wanted };
    let mut out = String::from("flowchart TD\n");
    // Writing to a text does not fail.
    let _ = writeln!(out, "  accTitle: {}", line(&words.title()));
    let _ = writeln!(out, "  accDescr: {}", line(&words.description()));
    for stage in &funnel.stages {
        let _ = writeln!(out, "  {}", node(&words, stage));
    }
    for step in &funnel.moves {
        if let Some(edge) = edge(&words, step) {
            let _ = writeln!(out, "  {edge}");
        }
    }
    out.push_str("  classDef open fill:#2e7491,stroke:#1b3757,color:#ffffff\n");
    out.push_str("  classDef won fill:#1f7a4d,stroke:#14523a,color:#ffffff\n");
    out.push_str("  classDef lost fill:#fcf3f2,stroke:#b4483f,color:#1f2937\n");
    for (class, is) in
        [("open", [StageKind::Start, StageKind::Open]), ("won", [StageKind::Won; 2]), ("lost", [StageKind::Lost; 2])]
    {
        let of: Vec<String> =
            funnel.stages.iter().filter(|stage| is.contains(&stage.kind)).map(|one| name(&one.id)).collect();
        if !of.is_empty() {
            let _ = writeln!(out, "  class {} {class}", of.join(","));
        }
    }
    out
}

/// Ids of ours may be words of Mermaid's (`end`).
fn name(id: &Key) -> String {
    format!("s_{id}")
}

fn node(words: &Words<'_>, stage: &Stage) -> String {
    let below = if stage.kind == StageKind::Lost { words.reasons(stage) } else { words.aims(stage) };
    let text = std::iter::once(format!("<b>{}</b>", quoted(&words.label(stage))))
        .chain(below.iter().map(|aim| quoted(aim)))
        .collect::<Vec<_>>()
        .join("<br/>");
    let (open, close) = match stage.kind {
        StageKind::Start | StageKind::Won => ("([", "])"),
        StageKind::Open => ("[", "]"),
        StageKind::Lost => ("[/", "/]"),
    };
    format!("{}{open}\"{text}\"{close}", name(&stage.id))
}

/// A move; nothing for what is not between two stages.
fn edge(words: &Words<'_>, step: &Move) -> Option<String> {
    let (MoveFrom::Stage(from), MoveTo::Stage(to)) = (&step.from, &step.to) else { return None };
    let arrow = if step.direction == Direction::Forward { "-->" } else { "-.->" };
    let mut said = words.conditions(step);
    if step.direction == Direction::Forward && super::layout::is_next(words, from, to) {
        let entered = words.funnel.stage(to)?;
        said.extend(entered.enter.iter().map(|criterion| words.demand(criterion)));
    }
    let label = said.iter().map(|part| quoted(part)).collect::<Vec<_>>().join("<br/>");
    let label = if label.is_empty() { String::new() } else { format!("|\"{label}\"|") };
    Some(format!("{} {arrow}{label} {}", name(from), name(to)))
}

/// Text inside quotes: Mermaid knows entities.
fn quoted(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars().filter(|letter| !letter.is_control()) {
        match letter {
            '#' => out.push_str("#35;"),
            '"' => out.push_str("#quot;"),
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            '&' => out.push_str("#amp;"),
            letter => out.push(letter),
        }
    }
    out
}

/// Text of a line that is not quoted: a semicolon would end it, and nothing in it is markup.
fn line(text: &str) -> String {
    let plain = |letter| match letter {
        ';' => ',',
        '<' => '‹',
        '>' => '›',
        letter => letter,
    };
    text.chars().filter(|letter| !letter.is_control()).map(plain).collect()
}
