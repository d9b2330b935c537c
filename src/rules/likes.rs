//! `like: standard`: a funnel that is as another, but for what it says itself. Spelt out in the tree before anything is
//! read, so that every other check sees whole funnels; the places of what was taken over stay those of the original.

use super::document::AT_MOST_NODES;
use super::node::{Content, Entry, Node, Scalar, Style};
use super::problem::{Problems, Severity, did_you_mean, quoted};
use super::scalars::word;
use crate::texts::Message;

/// Spells out every `like` of the file.
pub(in crate::rules) fn expand(file: &mut Node, problems: &Problems) {
    let Content::Map { entries, .. } = &mut file.content else { return };
    let Some(funnels) = entries.iter_mut().find(|entry| entry.key == "funnels") else { return };
    let Content::Map { entries: funnels, .. } = &mut funnels.value.content else { return };
    let originals: Vec<Entry> =
        funnels.iter().filter(|funnel| child(&funnel.value, "like").is_none()).cloned().collect();
    let mut room = AT_MOST_NODES;
    for funnel in funnels.iter_mut() {
        let Some(like) = child(&funnel.value, "like") else { continue };
        let name = like.scalar().map_or("", |scalar| scalar.text.as_str());
        let Some(original) = originals.iter().find(|original| original.key == name) else {
            let message = Message::new("unknown_name").with("text", quoted(name)).with("what", word("funnel"));
            let known = originals.iter().map(|original| original.key.as_str());
            problems.report(Severity::Error, like.place, &like.path, message, did_you_mean(name, known));
            // Without the other one, whatever this one lacks would be told too.
            funnel.value.content = Content::Scalar(Scalar { text: String::new(), style: Style::Told, comment: None });
            continue;
        };
        let size = size(&original.value);
        if size > room {
            let most = i64::try_from(AT_MOST_NODES).unwrap_or(i64::MAX);
            let message = Message::new("too_many_nodes").with("at_most", most);
            problems.report(Severity::Error, like.place, &like.path, message, None);
            return;
        }
        room -= size;
        let merged = merge(&original.value, &funnel.value, problems);
        funnel.value.content = merged;
    }
}

/// Nodes in a part of the tree: what is taken over counts against the limit of the file once more, or a few lines of
/// `like` would fill the memory.
fn size(node: &Node) -> usize {
    1 + match &node.content {
        Content::Scalar(_) => 0,
        Content::List { items } => items.iter().map(size).sum(),
        Content::Map { entries, .. } => entries.iter().map(|entry| 1 + size(&entry.value)).sum(),
    }
}

fn child<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    let Content::Map { entries, .. } = &node.content else { return None };
    entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
}

fn items(node: Option<&Node>) -> &[Node] {
    match node.map(|node| &node.content) {
        Some(Content::List { items }) => items,
        _ => &[],
    }
}

fn id(node: &Node) -> Option<&str> {
    child(node, "id")?.scalar().map(|scalar| scalar.text.as_str())
}

/// The original's keys, replaced by the funnel's own; stages one by one.
fn merge(original: &Node, own: &Node, problems: &Problems) -> Content {
    let without: Vec<&Node> = items(child(own, "without")).iter().collect();
    let dropped: Vec<&str> =
        without.iter().filter_map(|node| node.scalar()).map(|scalar| scalar.text.as_str()).collect();
    for node in &without {
        let name = node.scalar().map_or("", |scalar| scalar.text.as_str());
        let known = items(child(original, "stages")).iter().filter_map(id);
        if !known.clone().any(|known| known == name) {
            let message = Message::new("unknown_name").with("text", quoted(name)).with("what", word("stage"));
            problems.report(Severity::Error, node.place, &node.path, message, did_you_mean(name, known));
        }
    }
    let mut entries: Vec<Entry> = Vec::new();
    if let Content::Map { entries: all, .. } = &original.content {
        entries.extend(all.iter().filter(|entry| entry.key != "label").cloned());
    }
    for entry in &mut entries {
        let keep = |node: &Node| match entry.key.as_str() {
            "stages" => !id(node).is_some_and(|id| dropped.contains(&id)),
            "moves" => !names_one_of(node, &dropped),
            _ => true,
        };
        if let Content::List { items } = &entry.value.content {
            let kept = items.iter().filter(|node| keep(node)).cloned().collect();
            entry.value.content = Content::List { items: kept };
        }
    }
    if let Content::Map { entries: all, .. } = &own.content {
        for entry in all {
            match entries.iter_mut().find(|other| other.key == entry.key) {
                Some(other) if entry.key == "stages" => merge_stages(&mut other.value, &entry.value, problems),
                Some(other) => *other = entry.clone(),
                None => entries.push(entry.clone()),
            }
        }
    }
    Content::Map { entries, flow: false }
}

fn names_one_of(rule: &Node, dropped: &[&str]) -> bool {
    let is_dropped = |node: &Node| node.scalar().is_some_and(|scalar| dropped.contains(&scalar.text.as_str()));
    ["from", "to"]
        .iter()
        .filter_map(|key| child(rule, key))
        .any(|side| is_dropped(side) || items(Some(side)).iter().any(is_dropped))
}

/// A stage named again replaces whole keys; a new one comes after the stage named before it.
fn merge_stages(original: &mut Node, own: &Node, problems: &Problems) {
    let (Content::List { items: stages }, Content::List { items: own }) = (&mut original.content, &own.content) else {
        original.content = own.content.clone();
        original.place = own.place;
        return;
    };
    let mut after: Option<usize> = None;
    for stage in own {
        let at = id(stage).and_then(|wanted| stages.iter().position(|other| id(other) == Some(wanted)));
        match (at, after) {
            (Some(at), _) => {
                if let Some(other) = stages.get_mut(at) {
                    replace_keys(other, stage);
                }
                after = Some(at);
            }
            (None, Some(before)) => {
                stages.insert(before + 1, stage.clone());
                after = Some(before + 1);
            }
            (None, None) => {
                let name = quoted(id(stage).unwrap_or(""));
                let message = Message::new("stage_without_place").with("stage", name);
                problems.report(Severity::Error, stage.place, &stage.path, message, None);
                // Those behind it have no place either.
                return;
            }
        }
    }
}

fn replace_keys(stage: &mut Node, own: &Node) {
    stage.place = own.place;
    let (Content::Map { entries, .. }, Content::Map { entries: own, .. }) = (&mut stage.content, &own.content) else {
        return;
    };
    for entry in own {
        match entries.iter_mut().find(|other| other.key == entry.key) {
            Some(other) => *other = entry.clone(),
            None => entries.push(entry.clone()),
        }
    }
}
