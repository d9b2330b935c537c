//! Moves: words and pairs become the full list of permitted moves, at most one for each pair of stages.
//!
//! Words: `from` any_open, creation; `to` next, later, earlier, origin, any_open. `forward` is from any_open to next.
//! A rule that names a side replaces, for its pairs, a rule that says it by a word.

use super::criteria::Words;
use super::expression::{Place, Vocabulary};
use super::funnels::{Outline, StageOutline};
use super::keys::table;
use super::model::{Criterion, Direction, Move, MoveFrom, MoveTo, StageKind};
use super::node::{Content, Node};
use super::problem::quoted;
use super::reader::{Reader, Section};
use super::scalars::Letters;
use crate::texts::Message;
use crate::values::{Key, Localized};

/// Rules of moves; each is spelt out into pairs of stages.
const RULES_AT_MOST: usize = 200;

/// The pairs one rule stands for.
struct Rule<'a> {
    id: Option<Key>,
    pairs: Vec<(MoveFrom, MoveTo)>,
    /// How many of its sides are named: more replaces less.
    named: u32,
    node: Option<&'a Node>,
    section: Option<Section<'a>>,
}

impl<'a> Reader<'a> {
    /// Ids of moves, for expressions: those given and those that directions have.
    pub(in crate::rules) fn move_ids(&self, outline: &Outline<'a>) -> Vec<Key> {
        let mut ids: Vec<Key> = ["creation", "forward", "back", "lost", "reopen"].map(Key::new).to_vec();
        let Some(Node { content: Content::List { items }, .. }) = outline.section.get("moves") else { return ids };
        for item in items {
            let Content::Map { entries, .. } = &item.content else { continue };
            let id = entries.iter().find(|entry| entry.key == "id").and_then(|entry| entry.value.scalar());
            if let Some(id) = id.map(|id| Key::new(&id.text)).filter(|id| !ids.contains(id)) {
                ids.push(id);
            }
        }
        ids
    }

    pub(in crate::rules) fn read_moves(
        &self,
        outline: &Outline<'a>,
        words: &Words<'a>,
        vocabulary: &Vocabulary,
        roles: &[Key],
    ) -> Vec<Move> {
        let rules = self.read_rules(outline);
        let mut chosen: Vec<(MoveFrom, MoveTo, usize)> = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            for (from, to) in &rule.pairs {
                let Some(same) = chosen.iter_mut().find(|(other, target, _)| other == from && target == to) else {
                    chosen.push((from.clone(), to.clone(), index));
                    continue;
                };
                let Some(other) = rules.get(same.2) else { continue };
                if other.named == rule.named {
                    self.tell_twice(rule, other, from, to);
                } else if other.named < rule.named {
                    same.2 = index;
                }
            }
        }
        let compiled: Vec<_> = rules.iter().map(|rule| self.compile_rule(rule, words, vocabulary, roles)).collect();
        let mut moves: Vec<Move> = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            for (from, to, _) in chosen.iter().filter(|(_, _, by)| *by == index) {
                let direction = direction(outline, from, to);
                let default = || Key::new(word_of(direction));
                let Some(parts) = compiled.get(index) else { continue };
                moves.push(parts.as_move(
                    (rule.id.clone().unwrap_or_else(default), line(rule, outline)),
                    from,
                    to,
                    direction,
                    || self.move_criteria(rule, words, vocabulary),
                    || {
                        rule.section.and_then(|section| {
                            self.when(section, Place::Decision, vocabulary, words.calendar.as_ref())
                        })
                    },
                ));
            }
        }
        moves
    }

    fn tell_twice(&self, rule: &Rule<'a>, other: &Rule<'a>, from: &MoveFrom, to: &MoveTo) {
        let (Some(node), Some(other)) = (rule.node, other.node) else { return };
        let message = Message::new("move_twice").with("from", from_word(from)).with("to", to_word(to));
        self.error(node, message.with("line", i64::from(other.place.line)));
    }

    fn read_rules(&self, outline: &Outline<'a>) -> Vec<Rule<'a>> {
        let start = outline.stages.iter().find(|stage| stage.kind == StageKind::Start);
        let creation = start.map(|start| {
            let pairs = vec![(MoveFrom::Creation, MoveTo::Stage(start.id.clone()))];
            // Named by nobody: whatever is said about making deals there replaces it.
            Rule { id: None, pairs, named: 0, node: None, section: None }
        });
        let mut rules: Vec<Rule<'a>> = creation.into_iter().collect();
        let Some(node) = outline.section.get("moves") else {
            rules.push(forward(outline, None));
            for lost in outline.stages.iter().filter(|stage| stage.kind == StageKind::Lost && !stage.retired) {
                let to = MoveTo::Stage(lost.id.clone());
                let pairs = open(outline).map(|stage| (MoveFrom::Stage(stage.id.clone()), to.clone())).collect();
                rules.push(Rule { id: None, pairs, named: 1, node: None, section: None });
            }
            return rules;
        };
        let items = self.list(node).unwrap_or_default();
        self.at_most(node, items.len(), RULES_AT_MOST);
        for item in items.iter().take(RULES_AT_MOST) {
            match &item.content {
                Content::Scalar(_) => {
                    if self.word(item, &["forward"]).is_some() {
                        rules.push(forward(outline, Some(item)));
                    }
                }
                Content::Map { .. } | Content::List { .. } => rules.extend(self.read_rule(item, outline)),
            }
        }
        rules
    }

    /// A rule with a mistake in its ends keeps no pairs; the rest of it is checked all the same.
    fn read_rule(&self, node: &'a Node, outline: &Outline<'a>) -> Option<Rule<'a>> {
        let section = self.section(node, &table::MOVE)?;
        let id = section.get("id").and_then(|node| self.id(node, Letters::Small));
        let (pairs, named) = self.read_ends(section, outline).unwrap_or_default();
        Some(Rule { id, pairs, named, node: Some(node), section: Some(section) })
    }

    fn read_ends(&self, section: Section<'a>, outline: &Outline<'a>) -> Option<(Vec<(MoveFrom, MoveTo)>, u32)> {
        let from = section.get("from").and_then(|node| self.read_from(node, outline));
        let to = section.get("to").and_then(|node| self.read_to(node, outline));
        let ((from, named_from), (to, named_to)) = (from?, to?);
        let mut pairs = Vec::new();
        for side in &from {
            self.pairs_of(side, &to, outline, &mut pairs);
        }
        let node = section.node;
        if let [(MoveFrom::Stage(from), MoveTo::Stage(to))] = pairs.as_slice()
            && from == to
        {
            self.error(node, Message::new("move_to_itself").with("stage", from.as_str()));
            return None;
        }
        pairs.retain(|(from, to)| !matches!((from, to), (MoveFrom::Stage(from), MoveTo::Stage(to)) if from == to));
        if pairs.is_empty() && !outline.stages.is_empty() {
            self.error(node, Message::new("move_without_pairs"));
        }
        self.refuse_impossible(node, &pairs, outline);
        Some((pairs, u32::from(named_from) + u32::from(named_to)))
    }

    /// A stage's id or a word, and whether it names one place.
    fn read_to(&self, node: &'a Node, outline: &Outline<'a>) -> Option<(Key, bool)> {
        let text = &self.scalar(node, "stage_or_word")?.text;
        if table::TO_WORDS.contains(&text.as_str()) {
            return Some((Key::new(text), text == "origin"));
        }
        Some((self.stage_named(node, text, outline)?.id.clone(), true))
    }

    /// Where a rule's moves begin, and whether that is named.
    fn read_from(&self, node: &'a Node, outline: &Outline<'a>) -> Option<(Vec<MoveFrom>, bool)> {
        if let Content::List { items } = &node.content {
            let stage = |item: &'a Node| {
                let text = &self.scalar(item, "stage")?.text;
                Some(MoveFrom::Stage(self.stage_named(item, text, outline)?.id.clone()))
            };
            let from: Vec<MoveFrom> = items.iter().filter_map(stage).collect();
            return (from.len() == items.len() && !items.is_empty()).then_some((from, true));
        }
        let text = &self.scalar(node, "stage_or_word")?.text;
        match text.as_str() {
            "creation" => Some((vec![MoveFrom::Creation], true)),
            "any_open" => Some((open(outline).map(|stage| MoveFrom::Stage(stage.id.clone())).collect(), false)),
            _ => Some((vec![MoveFrom::Stage(self.stage_named(node, text, outline)?.id.clone())], true)),
        }
    }

    fn stage_named<'o>(&self, node: &Node, text: &str, outline: &'o Outline<'a>) -> Option<&'o StageOutline<'a>> {
        let found = outline.stages.iter().find(|stage| stage.id == *text);
        if found.is_none() {
            let words = table::FROM_WORDS.into_iter().chain(table::TO_WORDS);
            let known = outline.stages.iter().map(|stage| stage.id.as_str()).chain(words);
            if outline.stages.is_empty() {
                return None;
            }
            self.unknown(node, text, "stage", known);
        }
        found
    }

    /// The pairs of one beginning and what `to` says.
    fn pairs_of(&self, from: &MoveFrom, to: &str, outline: &Outline<'a>, pairs: &mut Vec<(MoveFrom, MoveTo)>) {
        let line: Vec<&StageOutline<'a>> =
            outline.stages.iter().filter(|stage| stage.kind != StageKind::Lost && !stage.retired).collect();
        let position = match from {
            MoveFrom::Stage(id) => line.iter().position(|stage| stage.id == *id),
            MoveFrom::Creation => None,
        };
        let after = position.map_or(0, |position| position + 1);
        let targets: Vec<&Key> = match to {
            "next" => line.get(after).map(|stage| &stage.id).into_iter().collect(),
            "later" => line.iter().skip(after).map(|stage| &stage.id).collect(),
            "earlier" => line.iter().take(position.unwrap_or(0)).map(|stage| &stage.id).collect(),
            "any_open" => open(outline).map(|stage| &stage.id).collect(),
            "origin" => {
                pairs.push((from.clone(), MoveTo::Origin));
                return;
            }
            id => outline.stages.iter().filter(|stage| stage.id == *id).map(|stage| &stage.id).collect(),
        };
        pairs.extend(targets.into_iter().map(|to| (from.clone(), MoveTo::Stage(to.clone()))));
    }

    fn refuse_impossible(&self, node: &Node, pairs: &[(MoveFrom, MoveTo)], outline: &Outline<'a>) {
        let kind = |id: &Key| outline.stages.iter().find(|stage| stage.id == *id).map(|stage| stage.kind);
        for (from, to) in pairs {
            let code = match (from, to) {
                (MoveFrom::Stage(from), MoveTo::Origin) if kind(from) != Some(StageKind::Lost) => "origin_of_lost_only",
                (MoveFrom::Creation, MoveTo::Origin) => "origin_of_lost_only",
                (MoveFrom::Creation, MoveTo::Stage(to)) if kind(to) == Some(StageKind::Lost) => "created_as_lost",
                (MoveFrom::Stage(from), MoveTo::Stage(to))
                    if kind(from) == Some(StageKind::Lost)
                        && matches!(kind(to), Some(StageKind::Won | StageKind::Lost)) =>
                {
                    "lost_must_be_reopened"
                }
                _ => continue,
            };
            let message = Message::new(code).with("from", from_word(from)).with("to", to_word(to));
            self.error(node, message);
            return;
        }
    }

    fn move_criteria(&self, rule: &Rule<'a>, words: &Words<'a>, vocabulary: &Vocabulary) -> Vec<Criterion> {
        let node = rule.section.and_then(|section| section.get("enter"));
        node.map(|node| self.criteria(node, words, vocabulary)).unwrap_or_default()
    }

    fn compile_rule(&self, rule: &Rule<'a>, words: &Words<'a>, vocabulary: &Vocabulary, roles: &[Key]) -> Parts {
        let Some(section) = rule.section else { return Parts::default() };
        // Read once here, so that a rule without pairs of its own is checked too.
        self.move_criteria(rule, words, vocabulary);
        self.when(section, Place::Decision, vocabulary, words.calendar.as_ref());
        let by = section.get("by").map(|node| {
            let items = self.some_items(node).unwrap_or_default();
            items.iter().filter_map(|item| self.reference(item, "role", roles)).collect()
        });
        let reason_required = section.get("reason").is_some_and(|node| self.word(node, &["required"]).is_some());
        let message = section.get("message").and_then(|node| self.label(node));
        Parts { by: by.unwrap_or_default(), reason_required, message }
    }
}

/// What all moves of a rule have in common and can be copied.
#[derive(Clone, Debug, Default)]
struct Parts {
    by: Vec<Key>,
    reason_required: bool,
    message: Option<Localized>,
}

impl Parts {
    fn as_move(
        &self,
        (id, line): (Key, u32),
        from: &MoveFrom,
        to: &MoveTo,
        direction: Direction,
        enter: impl Fn() -> Vec<Criterion>,
        when: impl Fn() -> Option<super::expression::Expression>,
    ) -> Move {
        Move {
            id,
            from: from.clone(),
            to: to.clone(),
            direction,
            by: self.by.clone(),
            reason_required: self.reason_required,
            when: when(),
            enter: enter(),
            message: self.message.clone(),
            line,
        }
    }
}

fn line(rule: &Rule<'_>, outline: &Outline<'_>) -> u32 {
    rule.node.unwrap_or(outline.section.node).place.line
}

/// Stages in which a deal is open, those no longer in use left out.
fn open<'o, 'a>(outline: &'o Outline<'a>) -> impl Iterator<Item = &'o StageOutline<'a>> {
    outline.stages.iter().filter(|stage| matches!(stage.kind, StageKind::Start | StageKind::Open) && !stage.retired)
}

fn forward<'a>(outline: &Outline<'a>, node: Option<&'a Node>) -> Rule<'a> {
    let line: Vec<&StageOutline<'a>> =
        outline.stages.iter().filter(|stage| stage.kind != StageKind::Lost && !stage.retired).collect();
    let pairs = line
        .iter()
        .zip(line.iter().skip(1))
        .filter(|(from, _)| from.kind != StageKind::Won)
        .map(|(from, to)| (MoveFrom::Stage(from.id.clone()), MoveTo::Stage(to.id.clone())))
        .collect();
    Rule { id: Some(Key::new("forward")), pairs, named: 0, node, section: None }
}

fn direction(outline: &Outline<'_>, from: &MoveFrom, to: &MoveTo) -> Direction {
    let at = |id: &Key| outline.stages.iter().position(|stage| stage.id == *id);
    let kind = |id: &Key| outline.stages.iter().find(|stage| stage.id == *id).map(|stage| stage.kind);
    match (from, to) {
        (MoveFrom::Creation, _) => Direction::Creation,
        (_, MoveTo::Origin) => Direction::Reopen,
        (MoveFrom::Stage(from), MoveTo::Stage(to)) => match (kind(from), kind(to)) {
            (_, Some(StageKind::Lost)) => Direction::Lost,
            (Some(StageKind::Lost | StageKind::Won), Some(StageKind::Start | StageKind::Open)) => Direction::Reopen,
            _ if at(from) < at(to) => Direction::Forward,
            _ => Direction::Back,
        },
    }
}

fn word_of(direction: Direction) -> &'static str {
    match direction {
        Direction::Creation => "creation",
        Direction::Forward => "forward",
        Direction::Back => "back",
        Direction::Lost => "lost",
        Direction::Reopen => "reopen",
    }
}

pub(in crate::rules) fn from_word(from: &MoveFrom) -> String {
    match from {
        MoveFrom::Creation => "creation".to_owned(),
        MoveFrom::Stage(id) => quoted(id),
    }
}

pub(in crate::rules) fn to_word(to: &MoveTo) -> String {
    match to {
        MoveTo::Origin => "origin".to_owned(),
        MoveTo::Stage(id) => quoted(id),
    }
}
