//! Where things stand in the SVG: sizes of text, lines that fit, numbers and lanes of moves.

use super::words::Words;
use crate::rules::model::{Direction, Move, MoveFrom, MoveTo, Stage, StageKind};
use crate::values::Key;

/// Most lanes beside the funnel: more would be a thicket, and the list of moves below has them all.
const MOST_LANES: usize = 12;

/// About how wide a text is, in its font's size: signs of Chinese, Japanese and Korean are square, others about half.
pub(super) fn ems(text: &str) -> f64 {
    let one = |letter: char| match letter {
        '\u{2E80}'..='\u{A4CF}'
        | '\u{AC00}'..='\u{D7A3}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{FE30}'..='\u{FE6F}'
        | '\u{FF00}'..='\u{FF60}'
        | '\u{FFE0}'..='\u{FFE6}'
        | '\u{20000}'..='\u{3FFFD}' => 1.0,
        'i' | 'j' | 'l' | '.' | ',' | ':' | '\'' | ' ' | '(' | ')' => 0.32,
        'm' | 'w' | 'M' | 'W' => 0.86,
        'A'..='Z' => 0.68,
        _ => 0.56,
    };
    text.chars().map(one).sum()
}

/// The text in lines of at most so many ems: broken after spaces and commas, and within only what is longer than a line.
pub(super) fn wrapped(text: &str, most: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    let pieces = text.split_inclusive([' ', '、', '，', '；', '。']);
    let letters = |piece: &str| piece.chars().map(String::from).collect();
    let pieces = pieces.flat_map(|piece| if ems(piece) > most { letters(piece) } else { vec![piece.to_owned()] });
    for piece in pieces {
        if !line.is_empty() && ems(line.trim_end()) + ems(piece.trim_end()) > most {
            lines.push(line.trim_end().to_owned());
            line.clear();
        }
        line.push_str(&piece);
    }
    if !line.trim().is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// The parts in lines of at most so many ems, none of them broken.
pub(super) fn in_lines(parts: &[String], between: &str, most: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line) if ems(line) + ems(between) + ems(part) <= most => {
                line.push_str(between);
                line.push_str(part);
            }
            _ => lines.push(fitting(part, most)),
        }
    }
    lines
}

/// The text if it fits, else its beginning.
pub(super) fn fitting(text: &str, most: f64) -> String {
    if ems(text) <= most {
        return text.to_owned();
    }
    let mut short = String::new();
    for letter in text.chars() {
        if ems(&short) + 1.0 > most - 1.0 {
            break;
        }
        short.push(letter);
    }
    format!("{}…", short.trim_end())
}

/// Stages that make the body of the funnel, in their order.
pub(super) fn body<'a>(words: &Words<'a>) -> Vec<&'a Stage> {
    words.funnel.stages.iter().filter(|stage| stage.kind != StageKind::Lost).collect()
}

/// One line of the list of moves, and the pairs it stands for.
pub(super) struct Listed<'a> {
    pub id: &'a Key,
    pub moves: Vec<&'a Move>,
    pub text: String,
}

/// The moves that need words: back, over stages, reopening, and those with conditions. Pairs of one id and the same
/// conditions are one line.
pub(super) fn listed<'a>(words: &Words<'a>) -> Vec<Listed<'a>> {
    let mut all: Vec<(Listed<'a>, Vec<String>)> = Vec::new();
    for step in &words.funnel.moves {
        let conditions = words.conditions(step);
        if conditions.is_empty() && is_plain(words, step) {
            continue;
        }
        match all.iter_mut().find(|(one, said)| *one.id == step.id && *said == conditions) {
            Some((one, _)) => one.moves.push(step),
            None => all.push((Listed { id: &step.id, moves: vec![step], text: String::new() }, conditions)),
        }
    }
    let told = |(mut one, conditions): (Listed<'a>, Vec<String>)| {
        let mut pairs: Vec<String> = Vec::new();
        let mut froms: Vec<(String, Vec<String>)> = Vec::new();
        for step in &one.moves {
            let (from, to) = (words.from(step), words.to(step));
            match froms.iter_mut().find(|(_, tos)| *tos == [to.clone()]) {
                Some((known, _)) => *known = words.joined(&[known.clone(), from]),
                None => froms.push((from, vec![to])),
            }
        }
        pairs.extend(froms.into_iter().map(|(from, tos)| format!("{from} → {}", words.joined(&tos))));
        one.text = std::iter::once(pairs.join("; ")).chain(conditions).collect::<Vec<_>>().join(" · ");
        one
    };
    all.into_iter().map(told).collect()
}

/// Whether the picture shows the move without a word: to the next stage, or out of the funnel.
fn is_plain(words: &Words<'_>, step: &Move) -> bool {
    match (step.direction, &step.from, &step.to) {
        (Direction::Lost, ..) => true,
        (Direction::Creation, _, MoveTo::Stage(to)) => {
            words.funnel.stage(to).is_some_and(|stage| stage.kind == StageKind::Start)
        }
        (Direction::Forward, MoveFrom::Stage(from), MoveTo::Stage(to)) => is_next(words, from, to),
        _ => false,
    }
}

/// Whether one stage stands right below the other.
pub(super) fn is_next(words: &Words<'_>, from: &Key, to: &Key) -> bool {
    let body = body(words);
    let place = |id: &Key| body.iter().position(|stage| stage.id == *id);
    matches!((place(from), place(to)), (Some(from), Some(to)) if from + 1 == to)
}

/// An arrow beside the funnel: from a row to a row (`None` = from the lost stages below), with its number.
pub(super) struct Lane {
    pub from: Option<usize>,
    pub to: usize,
    pub number: usize,
}

/// The moves that are drawn beside the funnel; short ones nearer to it.
pub(super) fn lanes(words: &Words<'_>, listed: &[Listed<'_>]) -> Vec<Lane> {
    let body = body(words);
    let place = |id: &Key| body.iter().position(|stage| stage.id == *id);
    let mut lanes = Vec::new();
    for (index, line) in listed.iter().enumerate() {
        for step in &line.moves {
            let (MoveFrom::Stage(from), MoveTo::Stage(to)) = (&step.from, &step.to) else { continue };
            if is_next(words, from, to) || step.direction == Direction::Lost {
                continue;
            }
            if let Some(to) = place(to) {
                lanes.push(Lane { from: place(from), to, number: index + 1 });
            }
        }
    }
    lanes.sort_by_key(|lane| (lane.from.unwrap_or(usize::MAX).abs_diff(lane.to), lane.to));
    lanes.truncate(MOST_LANES);
    lanes
}

/// So many, as a factor.
pub(super) fn times(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

/// From a light to a dark blue-green, dark enough everywhere for white letters (contrast 4.9 and more).
pub(super) fn shade(index: usize, of: usize) -> String {
    let (light, dark) = ([46_usize, 116, 145], [27_usize, 55, 87]);
    let steps = of.saturating_sub(1).max(1);
    let mix = |channel: usize| {
        let (from, to) = (light.get(channel).copied().unwrap_or(0), dark.get(channel).copied().unwrap_or(0));
        (from * (steps - index.min(steps)) + to * index.min(steps)) / steps
    };
    format!("#{:02x}{:02x}{:02x}", mix(0), mix(1), mix(2))
}
