//! Many at once: what is promised holds whoever comes first.

use super::funnel::{MADE, about, begin, customer, customer_guard, deal, holdings, move_on, step};
use super::people::{add, user};
use super::rules::{activate, activation};
use super::world::{World, at, on_both};
use crate::engine::effects::{CustomerChange, HistoryKind, Move};
use crate::engine::facts::Deal;
use crate::store::{Effect, Entry, Epochs, Outcome, StoreError, Tx};
use crate::values::{DealId, DecisionId, Key, UserId, Value};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

async fn deals(world: &World, owner: Option<UserId>, n: usize) -> Vec<Deal> {
    let mut made = vec![];
    for _ in 0..n {
        let customer = customer();
        let deal = deal(&customer, owner);
        begin(world, &customer, &deal).await;
        made.push(deal);
    }
    made
}

/// Moves into a stage that may hold `cap`, as the engine would: refused when it is full.
fn move_under_cap(tx: &mut Tx<'_>, id: DealId, to: &str, cap: u32) -> Result<bool, StoreError> {
    let facts = tx.deal_facts(id)?.unwrap();
    let to = Key::new(to);
    let owner = facts.owner.unwrap();
    if owner.holding(&facts.deal.funnel, &to) >= cap {
        tx.record(&Entry { outcome: Outcome::Refused, ..about(&facts.deal) }, &[])?;
        return Ok(false);
    }
    let holdings = holdings(&facts.deal, Some(&facts.deal.stage), Some(&to), Some(cap));
    let step = Move { holdings, ..step(&facts.deal, &to, 10) };
    tx.record(&about(&facts.deal), &[Effect::Move(&step)])?;
    Ok(true)
}

on_both! {
    async fn of_sixty_four_who_move_under_a_cap_of_one_one_passes(world: World) {
        let li = user("li");
        add(&world, &li).await;
        let made = deals(&world, Some(li.id), 64).await;
        for round in ["contacted", "lead", "intent"] {
            let moved = futures_util::future::join_all(made.iter().map(|deal| {
                let id = deal.id;
                world.store.write(move |tx| move_under_cap(tx, id, round, 1))
            }))
            .await;
            let passed = moved.iter().filter(|moved| matches!(moved, Ok(true))).count();
            // Who found the stage filling under him again and again was told to come back, and was not let in.
            assert!(moved.iter().all(|moved| matches!(moved, Ok(_) | Err(StoreError::Busy))), "{moved:?}");
            assert_eq!(passed, 1);
        }
        assert_eq!(world.store.read(|tx| tx.holdings_amiss()).await.unwrap(), []);
    }

    async fn of_two_who_move_one_deal_one_moves_it_and_the_other_sees_that(world: World) {
        let made = deals(&world, None, 20).await;
        for deal in made {
            let id = deal.id;
            let (first, second) = tokio::join!(
                world.store.write(move |tx| move_on(tx, id, "resource", "graded")),
                world.store.write(move |tx| move_on(tx, id, "resource", "graded")),
            );
            assert!(first.unwrap() != second.unwrap());
        }
    }

    async fn moves_that_cross_do_not_wait_for_each_other_and_counts_stay_right(world: World) {
        let (li, wang) = (user("li"), user("wang"));
        add(&world, &li).await;
        add(&world, &wang).await;
        let mut made = deals(&world, Some(li.id), 6).await;
        made.extend(deals(&world, Some(wang.id), 6).await);
        let began = std::time::Instant::now();
        futures_util::future::join_all(made.iter().enumerate().map(|(n, deal)| {
            let (store, id) = (world.store.clone(), deal.id);
            async move {
                for turn in 0..20 {
                    let to = if (turn + n) % 2 == 0 { "lead" } else { "contacted" };
                    let moved = store.write(move |tx| move_under_cap(tx, id, to, 1000)).await;
                    assert!(moved.unwrap());
                }
            }
        }))
        .await;
        // A deadlock is found out by the server after a second, and there would be many.
        assert!(began.elapsed() < std::time::Duration::from_secs(30));
        assert_eq!(world.store.read(|tx| tx.holdings_amiss()).await.unwrap(), []);
    }

    async fn no_move_rests_on_a_customer_who_was_changed_meanwhile(world: World) {
        // A deal may stand in `lead` only while its customer is `ready`; the mover decides on what it read, the writer
        // turns it off only while no deal of the customer stands there. Both cannot be true at once.
        let mut customer = customer();
        customer.fields.insert("ready".into(), Value::Bool(false));
        let deal = deal(&customer, None);
        begin(&world, &customer, &deal).await;
        let id = deal.id;
        let done = Arc::new(AtomicBool::new(false));
        let writer = {
            let (store, done) = (world.store.clone(), Arc::clone(&done));
            tokio::spawn(async move {
                let mut written = 0;
                while !done.load(Ordering::SeqCst) {
                    written += u32::from(store.write(move |tx| flip(tx, id)).await.unwrap_or(false));
                }
                written
            })
        };
        let moved = Arc::new(AtomicU32::new(0));
        futures_util::future::join_all((0..4).map(|_| {
            let (store, moved) = (world.store.clone(), Arc::clone(&moved));
            async move {
                for _ in 0..60 {
                    match store.write(move |tx| enter_if_ready(tx, id)).await {
                        Ok(true) => { moved.fetch_add(1, Ordering::SeqCst); }
                        Ok(false) | Err(StoreError::Busy) => {}
                        Err(other) => panic!("{other:?}"),
                    }
                }
            }
        }))
        .await;
        done.store(true, Ordering::SeqCst);
        assert!(writer.await.unwrap() > 0);
        let facts = world.store.read(move |tx| tx.deal_facts(id)).await.unwrap().unwrap();
        let ready = facts.customer.fields.get("ready") == Some(&Value::Bool(true));
        assert!(ready || facts.deal.stage != *"lead");
    }

    async fn no_decision_commits_after_the_rules_it_was_made_under(world: World) {
        activate(&world, activation(1)).await.unwrap();
        let made = deals(&world, None, 4).await;
        let done = Arc::new(AtomicBool::new(false));
        let movers: Vec<_> = made
            .iter()
            .map(|deal| {
                let (store, done, id) = (world.store.clone(), Arc::clone(&done), deal.id);
                tokio::spawn(async move {
                    while !done.load(Ordering::SeqCst) {
                        match store.write(move |tx| move_under_rules(tx, id)).await {
                            Ok(()) | Err(StoreError::RulesChanged | StoreError::Busy) => {}
                            Err(other) => panic!("{other:?}"),
                        }
                    }
                })
            })
            .collect();
        for number in 2..=12 {
            activate(&world, activation(number)).await.unwrap();
        }
        done.store(true, Ordering::SeqCst);
        for mover in movers {
            mover.await.unwrap();
        }
        // Read in the order of their numbers: after an activation nothing was decided under the rules before it.
        let log = crate::store::LogQuery { deal: None, beyond: None, newest_first: false, limit: 100_000 };
        let log = world.store.read(move |tx| tx.decisions(&log)).await.unwrap();
        let mut active = 0;
        let mut decided = 0;
        for entry in log {
            match entry.action.as_str() {
                "rules.activate" => active += 1,
                "deals.move" => {
                    decided += 1;
                    assert!(entry.rules_version >= active, "seq {}: {} after {active}", entry.seq, entry.rules_version);
                }
                _ => {}
            }
        }
        assert!(decided > 0 && active == 12);
    }
}

/// Turns the customer's `ready` round, to false only while the deal is not in `lead`; whether it did.
fn flip(tx: &mut Tx<'_>, id: DealId) -> Result<bool, StoreError> {
    let facts = tx.deal_facts(id)?.unwrap();
    let was_ready = facts.customer.fields.get("ready") == Some(&Value::Bool(true));
    let mut entry = Entry { id: DecisionId::new(), ..about(&facts.deal) };
    entry.guards.customer = Some(customer_guard(&facts.customer));
    if was_ready && facts.deal.stage == *"lead" {
        // Out of it first, so that there is something to race for.
        tx.record(&entry, &[Effect::Move(&step(&facts.deal, "contacted", 10))])?;
        return Ok(false);
    }
    let fields = [("ready".into(), Value::Bool(!was_ready))].into_iter().collect();
    let customer = facts.customer.id;
    let change = CustomerChange { customer, fields, contacts: vec![], keys: vec![], at: at(1), made: MADE };
    tx.record(&entry, &[Effect::CustomerChange(&change)])?;
    Ok(true)
}

fn enter_if_ready(tx: &mut Tx<'_>, id: DealId) -> Result<bool, StoreError> {
    let facts = tx.deal_facts(id)?.unwrap();
    let ready = facts.customer.fields.get("ready") == Some(&Value::Bool(true));
    if !ready || facts.deal.stage == *"lead" {
        return Ok(false);
    }
    let mut entry = Entry { id: DecisionId::new(), ..about(&facts.deal) };
    entry.guards.customer = Some(customer_guard(&facts.customer));
    tx.record(&entry, &[Effect::Move(&step(&facts.deal, "lead", 10))])?;
    Ok(true)
}

fn move_under_rules(tx: &mut Tx<'_>, id: DealId) -> Result<(), StoreError> {
    let epochs: Epochs = tx.epochs()?;
    let deal = tx.deal(id)?.unwrap();
    let mut entry = Entry { id: DecisionId::new(), action: "deals.move".into(), ..about(&deal) };
    entry.rules_version = epochs.rules_version;
    entry.guards.epochs = Some(epochs);
    let to = if deal.stage == *"lead" { "contacted" } else { "lead" };
    let step = step(&deal, to, 10);
    assert_eq!(step.history.kind, HistoryKind::Forward);
    tx.record(&entry, &[Effect::Move(&step)])?;
    Ok(())
}
