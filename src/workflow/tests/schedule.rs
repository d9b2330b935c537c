//! A draft whose time has come, and somebody who was quicker than the process that looked at it.

use super::statements::{Desk, RULES};
use crate::store::tests::world::{at, on_both};
use crate::store::{DraftState, RulesDraft};
use crate::workflow::activation::DraftActivation;
use crate::workflow::drafts::DraftText;
use crate::workflow::failure::Failure;

on_both! {
    async fn what_was_taken_back_after_it_was_seen_does_not_become_active(world: World) {
        let desk = Desk::of(&world).await;
        let (workflow, call) = (&desk.workflow, desk.call());
        let text = RULES.replace("at_most: 100", "at_most: 90");
        let made = workflow.create_draft(&call, DraftText { text, comment: None, parent: None }).await.unwrap();
        let id = made.answer.draft.id;
        let scheduled = workflow.schedule_draft(&call, id, at(60), DraftActivation::default()).await.unwrap();
        let seen: RulesDraft = scheduled.answer.draft;
        workflow.unschedule_draft(&call, id).await.unwrap();

        let done = workflow.become_active(&call, id, DraftActivation::default(), Some(seen.version)).await;
        assert!(matches!(done, Err(Failure::VersionMismatch { .. })), "{done:?}");
        assert_eq!(workflow.draft(&call, id).await.unwrap().draft.state, DraftState::Draft);
        // As it is now, it may.
        let present = seen.version + 1;
        workflow.become_active(&call, id, DraftActivation::default(), Some(present)).await.unwrap();
    }
}
