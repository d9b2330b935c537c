//! A call under which somebody changes people again and again.

use super::statements::Desk;
use crate::engine::actor::Actor;
use crate::rules::model::Rules;
use crate::store::tests::world::{World, on_both};
use crate::workflow::failure::Failure;
use crate::workflow::scene::Demand;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::runtime::Handle;

/// Whenever it is asked outside of a transaction, a team is made before it answers.
#[derive(Clone, Copy)]
struct Rival {
    desk: &'static Desk,
    handle: &'static Handle,
    outside: &'static AtomicU32,
    /// What it answers inside of one.
    grants_inside: bool,
}

impl Rival {
    async fn of(world: &World, grants_inside: bool) -> Self {
        let desk = Box::leak(Box::new(Desk::of(world).await));
        desk.workflow.reload().await.unwrap();
        let (handle, outside) = (Box::leak(Box::new(Handle::current())), Box::leak(Box::default()));
        Self { desk, handle, outside, grants_inside }
    }
}

impl Demand for Rival {
    type Permit = ();

    fn word(self) -> &'static str {
        "deals.move"
    }

    fn permit(self, _: &Arc<Rules>, _: &Arc<Actor>) -> Option<()> {
        let thread = std::thread::current();
        if thread.name().is_some_and(|name| name.starts_with("sqlite-") || name.starts_with("postgres-")) {
            return self.grants_inside.then_some(());
        }
        let name = format!("team {}", self.outside.fetch_add(1, Ordering::SeqCst));
        let changing = move || self.handle.block_on(self.desk.workflow.create_team(&self.desk.call(), name, None));
        std::thread::spawn(changing).join().unwrap().unwrap();
        Some(())
    }
}

on_both! {
    async fn who_changes_one_person_after_the_other_keeps_nobody_waiting(world: World) {
        let rival = Rival::of(&world, true).await;
        let workflow = &rival.desk.workflow;
        let seen = workflow.writing(&rival.desk.call(), rival, |scene, _| Ok(Ok(scene.active.epochs))).await.unwrap();
        assert_eq!(seen, world.store.read(|tx| tx.epochs()).await.unwrap());
        assert_eq!(rival.outside.load(Ordering::SeqCst), 2);
    }

    async fn who_may_no_longer_is_refused_by_the_people_of_the_transaction(world: World) {
        let rival = Rival::of(&world, false).await;
        let workflow = &rival.desk.workflow;
        let seen = workflow.writing(&rival.desk.call(), rival, |_, _| Ok(Ok(()))).await;
        assert!(matches!(seen, Err(Failure::Forbidden("deals.move"))), "{seen:?}");
    }
}
