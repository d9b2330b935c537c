//! Many at once: what is promised holds whoever comes first.

use super::funnel::{MADE, about, begin, beginning, customer, customer_guard, deal, holdings, move_on, step};
use super::people::{add, entry, user};
use super::rules::{activate, activation};
use super::world::{World, at, on_both};
use crate::engine::effects::{ActivityLogged, CustomerChange, HistoryKind, Move};
use crate::engine::facts::{Activity, Deal};
use crate::store::{Effect, Entry, Epochs, LogQuery, Outcome, StoreError, Tx};
use crate::values::{ActivityId, CustomerId, DealId, DecisionId, Key, UserId, Value};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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
            // Nobody is told to come back: who found the stage filling under him again and again waits his turn.
            assert!(moved.iter().all(Result::is_ok), "{moved:?}");
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

    async fn no_move_commits_after_its_customer_was_changed(world: World) {
        let customer = customer();
        let mut made = vec![];
        for n in 0..4 {
            let deal = Deal { funnel: format!("f{n}").as_str().into(), ..deal(&customer, None) };
            if n == 0 {
                begin(&world, &customer, &deal).await;
            } else {
                let begun = beginning(&deal);
                world.store.write(move |tx| tx.record(&entry("deals.create"), &[Effect::DealCreation(&begun)])).await.unwrap();
            }
            made.push(deal.id);
        }
        let done = Arc::new(AtomicBool::new(false));
        let movers: Vec<_> = made
            .into_iter()
            .map(|id| {
                let (store, done) = (world.store.clone(), Arc::clone(&done));
                tokio::spawn(async move {
                    while !done.load(Ordering::SeqCst) {
                        store.write(move |tx| move_noting_the_customer(tx, id)).await.unwrap();
                    }
                })
            })
            .collect();
        let id = customer.id;
        for _ in 0..60 {
            world.store.write(move |tx| change_customer(tx, id)).await.unwrap();
        }
        done.store(true, Ordering::SeqCst);
        for mover in movers {
            mover.await.unwrap();
        }
        // In the order of the log every move rests on the version that the last change before it left.
        let log = LogQuery { deal: None, beyond: None, newest_first: false, limit: 1_000_000 };
        let log = world.store.read(move |tx| tx.decisions(&log)).await.unwrap();
        let mut version = world.store.read(move |tx| tx.customer(id)).await.unwrap().unwrap().facts_version - 60;
        let mut moved = 0;
        for entry in log {
            let noted = entry.answer.as_i64();
            match entry.action.as_str() {
                "customers.write" => version = noted.unwrap(),
                "deals.move" => {
                    moved += 1;
                    assert_eq!(noted, Some(version), "seq {} is late", entry.seq);
                }
                _ => {}
            }
        }
        assert!(moved > 60, "{moved} moves were too few to race");
    }

    async fn nobody_starves_on_a_deal_that_others_write_to_as_fast_as_they_can(world: World) {
        let (customer, owner) = (customer(), user("li"));
        add(&world, &owner).await;
        let deal = deal(&customer, Some(owner.id));
        begin(&world, &customer, &deal).await;
        let id = deal.id;
        let done = Arc::new(AtomicBool::new(false));
        let loggers: Vec<_> = (0..6)
            .map(|_| {
                let (store, done) = (world.store.clone(), Arc::clone(&done));
                tokio::spawn(async move {
                    let mut logged = 0;
                    while !done.load(Ordering::SeqCst) {
                        store.write(move |tx| log_activity(tx, id)).await.unwrap();
                        logged += 1;
                    }
                    logged
                })
            })
            .collect();
        for turn in 0..30 {
            let moved = world.store.write(move |tx| move_under_cap(tx, id, ["lead", "contacted"][turn % 2], 10)).await;
            assert!(moved.unwrap());
            // A refusal is written too, and rests on the same facts.
            assert!(!world.store.write(move |tx| move_under_cap(tx, id, "intent", 0)).await.unwrap());
        }
        done.store(true, Ordering::SeqCst);
        let mut logged = 0;
        for logger in loggers {
            logged += logger.await.unwrap();
        }
        let facts = world.store.read(move |tx| tx.deal_facts(id)).await.unwrap().unwrap();
        assert_eq!((facts.activities.len(), facts.deal.version), (logged, 31));
        assert_eq!(world.store.read(|tx| tx.holdings_amiss()).await.unwrap(), []);
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
                            Ok(()) | Err(StoreError::RulesChanged) => {}
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
        let log = LogQuery { deal: None, beyond: None, newest_first: false, limit: 100_000 };
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

/// Logs an activity of the deal, resting on its present facts.
fn log_activity(tx: &mut Tx<'_>, id: DealId) -> Result<(), StoreError> {
    let facts = tx.deal_facts(id)?.unwrap();
    let activity = Activity {
        id: ActivityId::new(),
        deal: id,
        kind: "call".into(),
        outcome: None,
        method: None,
        contact: None,
        note: None,
        actor: None,
        at: at(1),
        logged_at: at(1),
    };
    let logged = ActivityLogged { customer: facts.customer.id, activity, made: MADE };
    let mut entry = Entry { id: DecisionId::new(), ..about(&facts.deal) };
    entry.guards.customer = Some(customer_guard(&facts.customer));
    tx.record(&entry, &[Effect::ActivityLogged(&logged)])
}

/// Changes the customer, noting the version that it leaves.
fn change_customer(tx: &mut Tx<'_>, id: CustomerId) -> Result<(), StoreError> {
    let customer = tx.customer(id)?.unwrap();
    let mut entry = Entry { answer: (customer.facts_version + 1).into(), ..entry("customers.write") };
    entry.guards.customer = Some(customer_guard(&customer));
    let fields = [("n".into(), Value::Bool(true))].into_iter().collect();
    let change = CustomerChange { customer: id, fields, contacts: vec![], keys: vec![], at: at(1), made: MADE };
    tx.record(&entry, &[Effect::CustomerChange(&change)])?;
    Ok(())
}

/// Moves the deal to and fro, noting the version of the customer that it rests on.
fn move_noting_the_customer(tx: &mut Tx<'_>, id: DealId) -> Result<(), StoreError> {
    let facts = tx.deal_facts(id)?.unwrap();
    let answer = facts.customer.facts_version.into();
    let mut entry = Entry { id: DecisionId::new(), action: "deals.move".into(), answer, ..about(&facts.deal) };
    entry.guards.customer = Some(customer_guard(&facts.customer));
    let to = if facts.deal.stage == *"lead" { "contacted" } else { "lead" };
    tx.record(&entry, &[Effect::Move(&step(&facts.deal, to, 10))])?;
    Ok(())
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
