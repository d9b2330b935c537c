//! The graph of a funnel: every stage can be reached, and from every stage an end.

use super::funnels::Outline;
use super::model::{Direction, Funnel, Move, MoveFrom, MoveTo, Stage, StageKind};
use super::reader::Reader;
use crate::texts::Message;
use crate::values::Key;
use std::collections::{BTreeMap, BTreeSet};

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

impl Funnel {
    /// The stages whose criteria count for a move from a stage (`None` = a new deal) to another, in order.
    pub(crate) fn entered(
        &self,
        direction: Direction,
        from: Option<&Key>,
        target: &Key,
    ) -> impl Iterator<Item = &Stage> + use<'_> {
        let position = |id: &Key| self.position(id);
        let target = position(target).unwrap_or(usize::MAX);
        let first = match direction {
            Direction::Creation | Direction::Reopen => 0,
            Direction::Forward => from.and_then(position).map_or(0, |from| from + 1),
            Direction::Lost => target,
            Direction::Back => usize::MAX,
        };
        self.stages.iter().enumerate().filter_map(move |(at, stage)| {
            // Nobody passes through an end of the funnel, nor through a stage that is no longer used.
            let is_passed = matches!(stage.kind, StageKind::Start | StageKind::Open) && !stage.retired;
            (at >= first && (at == target || (at < target && is_passed))).then_some(stage)
        })
    }

    /// The stages whose criteria count for a move of the rules. To where a deal was lost from: those of the start.
    pub(crate) fn entered_by(&self, one: &Move) -> Vec<&Stage> {
        let from = match &one.from {
            MoveFrom::Creation => None,
            MoveFrom::Stage(from) => Some(from),
        };
        let start = self.stages.iter().find(|stage| stage.kind == StageKind::Start).map(|stage| &stage.id);
        let target = match &one.to {
            MoveTo::Stage(to) => Some(to),
            MoveTo::Origin => start,
        };
        target.into_iter().flat_map(|target| self.entered(one.direction, from, target)).collect()
    }

    /// The stages in which a deal can stand that was in this one, itself among them. Reopened deals may stand in any open
    /// stage.
    pub(crate) fn after(&self, stage: &Key) -> BTreeSet<Key> {
        let open = |stage: &&Stage| matches!(stage.kind, StageKind::Start | StageKind::Open);
        let mut ways: BTreeMap<&Key, Vec<&Key>> = BTreeMap::new();
        for one in &self.moves {
            let MoveFrom::Stage(from) = &one.from else { continue };
            let to = ways.entry(from).or_default();
            match &one.to {
                MoveTo::Stage(target) => to.push(target),
                MoveTo::Origin => to.extend(self.stages.iter().filter(open).map(|stage| &stage.id)),
            }
        }
        let mut after = BTreeSet::from([stage.clone()]);
        let mut next = vec![stage];
        while let Some(one) = next.pop() {
            for to in ways.get(one).into_iter().flatten() {
                if after.insert((*to).clone()) {
                    next.push(to);
                }
            }
        }
        after
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
