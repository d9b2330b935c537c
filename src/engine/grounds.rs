//! What refuses a decision, as replays and shadows name it.

use super::decision::CheckedKind;
use crate::rules::model::Action;
use crate::rules::renames::name_before_it_went;
use crate::values::Key;
use serde::{Deserialize, Serialize};

/// What refuses a decision.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ground {
    pub kind: GroundKind,
    /// The stage whose entry demands it.
    pub stage: Option<Key>,
    pub id: Key,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroundKind {
    /// No role is granted the action.
    Permission,
    /// The graph has no such move.
    NoMove,
    /// The move is for other roles.
    NotFor,
    Criterion,
    /// The receiver holds as many as the cap allows.
    Cap,
    /// What does not come from the rules that are replayed: stands as it was.
    Other,
}

impl Ground {
    pub(super) fn new(kind: GroundKind, id: &str) -> Self {
        Self { kind, stage: None, id: Key::new(id) }
    }

    /// A stage that went is called as it was.
    pub(super) fn at(self, stage: &Key) -> Self {
        let called = name_before_it_went(stage).unwrap_or_else(|| stage.clone());
        Self { stage: Some(called), ..self }
    }

    /// What refused before any criterion was asked, by the word that was kept; `None`: the other rules say it themselves.
    #[must_use]
    pub fn before_criteria(action: Action, refused: &str) -> Option<Self> {
        let is_move = action == Action::DealsMove;
        match refused {
            "permission" | "not_permitted_here" | "receiver_outside_scope" => {
                Some(Self::new(GroundKind::Permission, action.word()))
            }
            "deal_closed" | "already_owner" | "open_deal_exists" if !is_move => {
                Some(Self::new(GroundKind::Other, refused))
            }
            _ => None,
        }
    }

    /// As a checked criterion of the log says it.
    #[must_use]
    pub fn of(kind: CheckedKind, stage: Option<&Key>, id: &Key) -> Self {
        let kind = match kind {
            CheckedKind::Has
            | CheckedKind::Require
            | CheckedKind::Activity
            | CheckedKind::Dwelt
            | CheckedKind::Contract => GroundKind::Criterion,
            CheckedKind::Holding => GroundKind::Cap,
            CheckedKind::Validation
            | CheckedKind::Field
            | CheckedKind::Cooling
            | CheckedKind::Reason
            | CheckedKind::Unique
            | CheckedKind::Grade => GroundKind::Other,
        };
        Self { kind, stage: stage.cloned(), id: id.clone() }
    }
}
