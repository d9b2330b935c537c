//! What a deal's walk leaves behind is read back as it was written.

use super::funnel::{
    MADE, about, begin, beginning, creation, customer, customer_guard, deal, holdings, line, step, text,
};
use super::people::{add, entry, user};
use super::world::{at, on_both};
use crate::engine::actor::Who;
use crate::engine::decision::{CheckOutcome, Checked, CheckedKind, FactsRead, Severity};
use crate::engine::effects::{
    ActivityLogged, Assignment, ContractChange, CustomerChange, DealChange, Grading, HistoryKind, PaymentChange,
};
use crate::engine::facts::{Activity, Contact, Contract, Customer, Deal, DealState, Payment, Visit};
use crate::store::tx::Link;
use crate::store::{
    ActivityQuery, Countable, Effect, Entry, Guards, IdempotencyKey, InUse, LogQuery, Outcome, StoreError, Tx,
};
use crate::texts::Message;
use crate::values::{ActivityId, ContractId, Currency, DecisionId, Money, PaymentId, UserId, Value};
use diesel::connection::SimpleConnection;

/// Strings that try to be something else than strings.
const HOSTILE: [&str; 6] =
    ["'; DROP TABLE deals; --", "\" OR 1=1", "%_\\", "$1 ? :x {}", "漏斗 👍", "' || (SELECT 1) || '"];

on_both! {
    async fn facts_are_read_back_as_they_were_written(world: World) {
        let li = user("li");
        add(&world, &li).await;
        let mut customer = customer();
        for (n, hostile) in HOSTILE.into_iter().enumerate() {
            customer.fields.insert(format!("f{n}").as_str().into(), text(hostile));
        }
        customer.contacts = vec![Contact { name: HOSTILE[0].into(), role: None, phone: Some("+86".into()), email: None }];
        let mut deal = deal(&customer, Some(li.id));
        deal.fields.insert("value".into(), Value::Money(Money::new(10, Currency::new("CNY").unwrap()).unwrap()));
        begin(&world, &customer, &deal).await;
        let activity = Activity {
            id: ActivityId::new(),
            deal: deal.id,
            kind: "call".into(),
            outcome: Some("reached".into()),
            method: None,
            contact: Some(HOSTILE[1].into()),
            note: Some(HOSTILE[4].into()),
            actor: Some(li.id),
            at: at(3),
            logged_at: at(4),
        };
        let contract = Contract {
            id: ContractId::new(),
            deal: deal.id,
            number: Some("7'".into()),
            amount: Money::new(500, Currency::new("CNY").unwrap()).unwrap(),
            signed_on: Some("2026-03-02".parse().unwrap()),
            delivered_on: None,
            accepted_on: None,
            cancelled_on: None,
            version: 1,
            created_at: at(5),
            updated_at: at(5),
        };
        let payment = Payment {
            id: PaymentId::new(),
            contract: contract.id,
            amount: contract.amount,
            paid_on: "2026-03-03".parse().unwrap(),
            cancelled_on: None,
        };
        let written = (activity.clone(), contract.clone(), payment.clone());
        let id = deal.id;
        world
            .store
            .write(move |tx| {
                let now = |tx: &mut Tx<'_>| tx.deal_facts(id).map(Option::unwrap);
                let facts = now(tx)?;
                let logged = ActivityLogged { customer: facts.customer.id, activity: written.0.clone(), made: MADE };
                tx.record(&about(&facts.deal), &[Effect::ActivityLogged(&logged)])?;
                let customer = facts.customer.id;
                let made = ContractChange { customer, contract: written.1.clone(), is_new: true, made: MADE };
                let guarded = about(&now(tx)?.deal);
                tx.record(&guarded, &[Effect::ContractChange(&made)])?;
                let paid = written.2.clone();
                let paid = PaymentChange { deal: id, customer, payment: paid, is_new: true, at: at(6), made: MADE };
                let guarded = about(&now(tx)?.deal);
                tx.record(&guarded, &[Effect::PaymentChange(&paid)])?;
                let guarded = about(&now(tx)?.deal);
                tx.record(&guarded, &[Effect::Move(&step(&facts.deal, "graded", 7))])
            })
            .await
            .unwrap();
        let facts = world.store.read(move |tx| tx.deal_facts(id)).await.unwrap().unwrap();
        let visit = |stage: &str, from, left: Option<i64>| Visit {
            stage: stage.into(),
            entered_at: at(from),
            left_at: left.map(at),
        };
        assert_eq!(facts.visits, [visit("resource", 0, Some(7)), visit("graded", 7, None)]);
        assert_eq!(facts.activities, [activity]);
        assert_eq!(facts.contracts, [contract]);
        assert_eq!(facts.payments, [payment]);
        assert_eq!(facts.customer, Customer { facts_version: 1, ..customer });
        let expected =
            Deal { stage: "graded".into(), version: 2, facts_version: 4, entered_at: at(7), updated_at: at(1), ..deal };
        assert_eq!(facts.deal, expected);
        let owner = facts.owner.unwrap();
        assert_eq!((owner.id, owner.holding(&"standard".into(), &"graded".into())), (li.id, 1));
        assert_eq!(owner.holding(&"standard".into(), &"resource".into()), 0);
        assert_eq!((facts.customer_open_deals, facts.customer_won_deals), (1, 0));
    }

    async fn every_change_raises_the_versions_that_it_should(world: World) {
        let (li, wang) = (user("li"), user("wang"));
        add(&world, &li).await;
        add(&world, &wang).await;
        let customer = customer();
        let deal = deal(&customer, Some(li.id));
        begin(&world, &customer, &deal).await;
        let id = deal.id;
        let new_owner = wang.id;
        world
            .store
            .write(move |tx| {
                let now = |tx: &mut Tx<'_>| tx.deal(id).map(Option::unwrap);
                let deal = now(tx)?;
                let customer = deal.customer;
                let fields = [("domain".into(), text("x"))].into_iter().collect();
                let product = Some("website".into());
                let change = DealChange { deal: id, customer, fields, product, at: at(2), made: MADE };
                tx.record(&about(&deal), &[Effect::DealChange(&change)])?;
                let grading = Grading {
                    deal: id, customer, grade: "A".into(), computed: "B".into(), reason: None, by: None, at: at(3), made: MADE,
                };
                let guarded = about(&now(tx)?);
                tx.record(&guarded, &[Effect::Grading(&grading)])?;
                let deal = now(tx)?;
                let mut steps = holdings(&deal, Some(&deal.stage), None, None);
                steps.extend(holdings(&Deal { owner: Some(new_owner), ..deal.clone() }, None, Some(&deal.stage), None));
                let given = Assignment {
                    deal: id, customer, owner: Some(new_owner), team: None, note: None, at: at(4), holdings: steps,
                    history: line(&deal, HistoryKind::Owner, Some(&deal.stage), &deal.stage), made: MADE,
                };
                tx.record(&about(&deal), &[Effect::Assignment(&given)])?;
                let change = CustomerChange {
                    customer, fields: Default::default(), contacts: vec![], keys: vec![], at: at(5), made: MADE,
                };
                let read = tx.customer(customer)?.unwrap();
                let guards = Guards { customer: Some(customer_guard(&read)), ..Guards::default() };
                tx.record(&Entry { guards, ..entry("customers.write") }, &[Effect::CustomerChange(&change)])
            })
            .await
            .unwrap();
        let facts = world.store.read(move |tx| tx.deal_facts(id)).await.unwrap().unwrap();
        assert_eq!((facts.deal.version, facts.deal.facts_version), (4, 4));
        assert_eq!((facts.deal.grade.as_deref(), facts.deal.product.as_deref()), (Some("A"), Some("website")));
        assert_eq!((facts.customer.version, facts.customer.facts_version, facts.customer.updated_at), (2, 2, at(5)));
        assert_eq!(facts.owner.unwrap().id, wang.id);
        assert_eq!(facts.visits.len(), 1);
        assert_eq!(world.store.read(|tx| tx.holdings_amiss()).await.unwrap(), []);
    }

    async fn a_customer_is_made_once_and_the_first_one_is_named(world: World) {
        let key = |value: &str| vec![("name+city".into(), value.to_owned()), ("phone".into(), format!("{value}'"))];
        let made = futures_util::future::join_all((0..20).map(|_| {
            let creation = crate::engine::effects::CustomerCreation { keys: key("a"), ..creation(&customer()) };
            let id = creation.customer.id;
            let write = world.store.write(move |tx| {
                if let Some((customer, combination)) = tx.customer_by_keys(&creation.keys)? {
                    return Err(StoreError::CustomerExists { customer, combination });
                }
                tx.record(&entry("customers.create"), &[Effect::CustomerCreation(&creation)])
            });
            async move { (id, write.await) }
        }))
        .await;
        let winners: Vec<_> = made.iter().filter(|(_, outcome)| outcome.is_ok()).collect();
        assert_eq!(winners.len(), 1);
        for (id, outcome) in &made {
            match outcome {
                Ok(_) => assert_eq!(*id, winners[0].0),
                Err(StoreError::CustomerExists { customer, combination }) => {
                    assert_eq!((*customer, combination.as_str()), (winners[0].0, "name+city"));
                }
                Err(other) => panic!("{other:?}"),
            }
        }
        let found = world.store.read(move |tx| tx.customer_by_keys(&key("a"))).await.unwrap();
        assert_eq!(found.map(|(customer, _)| customer), Some(winners[0].0));
    }

    async fn of_two_deals_begun_at_once_one_is_open(world: World) {
        let customer = customer();
        let first = deal(&customer, None);
        begin(&world, &customer, &first).await;
        let won = step(&first, "implemented", 5);
        let customer_id = customer.id;
        let close = about(&first);
        world.store.write(move |tx| tx.record(&close, &[Effect::Move(&won)])).await.unwrap();
        let begun = futures_util::future::join_all((0..16).map(|_| {
            let next = beginning(&deal(&customer, None));
            world.store.write(move |tx| {
                if tx.open_deal(customer_id, &"standard".into())?.is_some() {
                    return Ok(false);
                }
                let read = tx.customer(customer_id)?.unwrap();
                let guards = Guards { customer: Some(customer_guard(&read)), ..Guards::default() };
                tx.record(&Entry { guards, id: DecisionId::new(), ..entry("deals.create") }, &[Effect::DealCreation(&next)])?;
                Ok(true)
            })
        }))
        .await;
        let begun: Vec<bool> = begun.into_iter().map(Result::unwrap).collect();
        assert_eq!(begun.iter().filter(|begun| **begun).count(), 1);
        let deals = world.store.read(move |tx| tx.deals_of(customer_id)).await.unwrap();
        assert_eq!(deals.iter().filter(|deal| deal.state == DealState::Open).count(), 1);
        // Its beginning and its end are facts of the customer.
        let read = world.store.read(move |tx| tx.customer(customer_id)).await.unwrap().unwrap();
        assert_eq!((read.version, read.facts_version), (1, 3));
    }

    async fn the_log_keeps_what_was_decided_and_personal_values_apart(world: World) {
        let customer = customer();
        let deal = deal(&customer, None);
        begin(&world, &customer, &deal).await;
        let li = UserId::new();
        let checked = Checked {
            id: "reached".into(),
            kind: CheckedKind::Has,
            stage: None,
            outcome: CheckOutcome::Unmet,
            severity: Severity::Refuse,
            message: Message::new("field_missing"),
            label: None,
            values: [("customer.phone".into(), Some(text("138"))), ("deal.grade".into(), None)].into_iter().collect(),
            fields: vec!["customer.phone".into()],
            pointer: None,
            progress: None,
            possible_from: None,
            enforce_from: None,
        };
        let facts = FactsRead {
            values: [("z".into(), None), ("a".into(), Some(Value::Int(1)))].into_iter().collect(),
            personal: [("customer.phone".into(), Some(text("138")))].into_iter().collect(),
        };
        let written = Entry {
            actor: Who::User(li),
            roles: vec!["seller".into()],
            outcome: Outcome::Refused,
            criteria: vec![checked.clone()],
            facts: facts.clone(),
            answer: serde_json::json!({"b": 1, "a": ["漏斗"]}),
            request_id: Some("r'1".into()),
            ..about(&deal)
        };
        let id = written.id;
        let deal_id = deal.id;
        world.store.write(move |tx| tx.record(&written, &[])).await.unwrap();
        let read = world.store.read(move |tx| tx.decision(id)).await.unwrap().unwrap();
        assert_eq!((read.actor, read.outcome), (Who::User(li), Outcome::Refused));
        assert_eq!(read.criteria, [checked]);
        assert_eq!(read.facts, facts);
        assert_eq!(read.answer.to_string(), r#"{"b":1,"a":["漏斗"]}"#);
        let page = LogQuery { deal: Some(deal_id), beyond: None, newest_first: true, limit: 5 };
        let page = world.store.read(move |tx| tx.decisions(&page)).await.unwrap();
        assert_eq!(page.iter().map(|entry| entry.id).collect::<Vec<_>>(), [id]);
        // The log itself holds no personal value.
        let found = world.store.read(|tx| count(tx, "SELECT count(*) AS n FROM decisions WHERE CAST(criteria AS TEXT) LIKE '%138%' OR CAST(facts AS TEXT) LIKE '%138%'")).await.unwrap();
        assert_eq!(found, 0);
    }

    async fn history_and_decisions_are_never_changed_or_deleted(world: World) {
        let customer = customer();
        begin(&world, &customer, &deal(&customer, None)).await;
        for statement in [
            "UPDATE history SET at = 0", "DELETE FROM history", "UPDATE decisions SET at = 0", "DELETE FROM decisions",
        ] {
            let tried = world.store.write(move |tx| execute(tx, statement)).await;
            assert!(matches!(tried, Err(StoreError::Failed { .. })), "{statement}: {tried:?}");
        }
        let left = world.store.read(|tx| count(tx, "SELECT (SELECT count(*) FROM history) + (SELECT count(*) FROM decisions) AS n FROM epochs"));
        assert_eq!(left.await.unwrap(), 2);
    }

    async fn a_key_is_kept_once_and_stands_for_its_decision(world: World) {
        let customer = customer();
        let deal = deal(&customer, None);
        begin(&world, &customer, &deal).await;
        let li = Who::User(UserId::new());
        let id = deal.id;
        let fifty = (0..50).map(|_| {
            let decision = DecisionId::new();
            world.store.write(move |tx| {
                if let Some(remembered) = tx.remembered(li, "k'1")? {
                    return Ok(remembered.entry.id);
                }
                let deal = tx.deal(id)?.unwrap();
                let idempotency = Some(IdempotencyKey { key: "k'1".into(), fingerprint: [3; 32] });
                tx.record(&Entry { id: decision, actor: li, idempotency, ..about(&deal) }, &[Effect::Move(&step(&deal, "graded", 5))])?;
                Ok(decision)
            })
        });
        let mut answers: Vec<_> = futures_util::future::join_all(fifty).await.into_iter().map(Result::unwrap).collect();
        answers.dedup();
        assert_eq!(answers.len(), 1);
        let deal = world.store.read(move |tx| tx.deal(id)).await.unwrap().unwrap();
        assert_eq!((deal.stage.as_str(), deal.version), ("graded", 2));
        let other = world.store.read(|tx| tx.remembered(Who::System, "k'1")).await.unwrap();
        assert_eq!(other, None);
        let refused = IdempotencyKey { key: "k2".into(), fingerprint: [3; 32] };
        let refused = Entry { actor: li, outcome: Outcome::Refused, idempotency: Some(refused), ..about(&deal) };
        world.store.write(move |tx| tx.record(&refused, &[])).await.unwrap();
        assert_eq!(world.store.read(move |tx| tx.remembered(li, "k2")).await.unwrap(), None);
        assert_eq!(world.store.write(|tx| tx.forget_keys(at(9))).await.unwrap(), 1);
    }

    async fn activities_come_in_pages(world: World) {
        let customer = customer();
        let deal = deal(&customer, None);
        begin(&world, &customer, &deal).await;
        let id = deal.id;
        for n in 0..5 {
            world
                .store
                .write(move |tx| {
                    let deal = tx.deal(id)?.unwrap();
                    let activity = Activity {
                        id: ActivityId::new(), deal: id, kind: "call".into(), outcome: None, method: None,
                        contact: None, note: Some(n.to_string()), actor: None, at: at(n / 2), logged_at: at(n),
                    };
                    let logged = ActivityLogged { customer: deal.customer, activity, made: MADE };
                    tx.record(&about(&deal), &[Effect::ActivityLogged(&logged)])
                })
                .await
                .unwrap();
        }
        let mut seen = vec![];
        let mut before = None;
        loop {
            let query = ActivityQuery { deal: id, before, limit: 2 };
            let page = world.store.read(move |tx| tx.activities(&query)).await.unwrap();
            let Some(last) = page.last() else { break };
            before = Some((last.at, last.id));
            seen.extend(page.into_iter().map(|activity| activity.note.unwrap()));
        }
        assert_eq!(seen, ["4", "3", "2", "1", "0"]);
    }

    async fn what_is_in_use_is_counted(world: World) {
        add(&world, &user("li")).await;
        let mut customer = customer();
        customer.fields.insert("city".into(), text("x"));
        let mut deal = deal(&customer, None);
        deal.product = Some("website".into());
        begin(&world, &customer, &deal).await;
        let used = world.store.read(|tx| tx.rules_in_use(&Countable::ALL)).await.unwrap();
        assert_eq!(used.roles, [("seller".into(), 1)]);
        assert_eq!(used.products, [("website".into(), 1)]);
        let of = |record: &str, field: &str| (record.into(), field.into(), 1);
        assert_eq!(used.fields, [of("customer", "city"), of("user", "branch")]);
        assert_eq!(used.stages, [("standard".into(), "resource".into(), 1)]);
        // Nothing is counted that was not asked for.
        let used = world.store.read(|tx| tx.rules_in_use(&[Countable::Products])).await.unwrap();
        assert_eq!(used, InUse { products: vec![("website".into(), 1)], ..InUse::default() });
    }
}

/// Runs a statement that the face has no word for.
pub fn execute(tx: &mut Tx<'_>, statement: &str) -> Result<(), StoreError> {
    match &mut tx.link {
        Link::Sqlite(conn) => Ok(conn.batch_execute(statement)?),
        Link::Postgres(conn) => Ok(conn.batch_execute(statement)?),
    }
}

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    n: i64,
}

fn count(tx: &mut Tx<'_>, statement: &str) -> Result<i64, StoreError> {
    use diesel::RunQueryDsl;
    let rows: Vec<Count> = match &mut tx.link {
        Link::Sqlite(conn) => diesel::sql_query(statement).load(*conn)?,
        Link::Postgres(conn) => diesel::sql_query(statement).load(*conn)?,
    };
    Ok(rows[0].n)
}
