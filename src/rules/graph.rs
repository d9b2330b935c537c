//! The graph of a funnel: every stage can be reached, and from every stage an end.

use super::funnels::Outline;
use super::model::{Funnel, MoveFrom, MoveTo, StageKind};
use super::reader::Reader;
use crate::texts::Message;
use crate::values::Key;
use std::collections::BTreeSet;

impl<'a> Reader<'a> {
    /// Tells stages that no deal can come to, and those that no deal can leave for an end.
    pub(in crate::rules) fn check_graph(&self, outline: &Outline<'a>, funnel: &Funnel) {
        let node = |id: &Key| outline.stages.iter().find(|stage| stage.id == *id).map(|stage| stage.section.node);
        let reached = reached(funnel);
        for stage in funnel.stages.iter().filter(|stage| !stage.retired && !reached.contains(&stage.id)) {
            if let Some(node) = node(&stage.id) {
                self.error(node, Message::new("stage_unreachable").with("stage", stage.id.as_str()));
            }
        }
        let ending = ending(funnel);
        for stage in funnel.stages.iter().filter(|stage| reached.contains(&stage.id) && !ending.contains(&stage.id)) {
            if let Some(node) = node(&stage.id) {
                self.error(node, Message::new("stage_without_end").with("stage", stage.id.as_str()));
            }
        }
    }
}

/// Stages that a deal can come to, from its making on.
fn reached(funnel: &Funnel) -> BTreeSet<Key> {
    let mut reached: BTreeSet<Key> = BTreeSet::new();
    loop {
        let before = reached.len();
        for one in &funnel.moves {
            let begins = match &one.from {
                MoveFrom::Creation => true,
                MoveFrom::Stage(from) => reached.contains(from),
            };
            // Back to where it was lost from: it has been there already.
            if let (true, MoveTo::Stage(to)) = (begins, &one.to) {
                reached.insert(to.clone());
            }
        }
        if reached.len() == before {
            return reached;
        }
    }
}

/// Stages from which a deal can come to an end.
fn ending(funnel: &Funnel) -> BTreeSet<Key> {
    let closed = |kind| matches!(kind, StageKind::Won | StageKind::Lost);
    let mut ending: BTreeSet<Key> =
        funnel.stages.iter().filter(|stage| closed(stage.kind)).map(|stage| stage.id.clone()).collect();
    loop {
        let before = ending.len();
        for one in &funnel.moves {
            if let (MoveFrom::Stage(from), MoveTo::Stage(to)) = (&one.from, &one.to)
                && ending.contains(to)
            {
                ending.insert(from.clone());
            }
        }
        if ending.len() == before {
            return ending;
        }
    }
}
