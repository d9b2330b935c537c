//! How many statements each hot use case sends. On PostgreSQL each is a round trip: a move takes two.

use crate::engine::activities::NewActivity;
use crate::engine::deals::declared;
use crate::engine::facts::{DealState, Origin};
use crate::engine::grade::GradeRequest;
use crate::engine::moves::MoveRequest;
use crate::store::tests::counter::{Counter, counted};
use crate::store::tests::world::{World, at, on_both};
use crate::store::{Order, SortBy};
use crate::values::{ActivityId, CustomerId, DealId};
use crate::workflow::Workflow;
use crate::workflow::call::{Call, Caller, Idempotency};
use crate::workflow::customers::CustomerBody;
use crate::workflow::deals::{DealBody, DealList, DealPatch, NewOwner};
use crate::workflow::drafts::DraftText;
use crate::workflow::failure::Failure;
use crate::workflow::secrets::Secrets;
use crate::workflow::setup::FirstAdministrator;
use crate::workflow::timeline::{EventKind, TimelineQuery};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

pub(super) const RULES: &str = "format: 1
languages: [en]
currency: CNY
calendar: {time_zone: Asia/Shanghai}
fields:
  customer:
    name: {type: text, required: true}
    phone: {type: text, personal: true}
  deal:
    size: {type: number}
unique: [[customer.name]]
activities:
  call: {}
grades:
  - {id: A, when: 'deal.size > 10'}
  - {id: B}
funnels:
  standard:
    stages:
      - {id: resource, kind: start}
      - id: trial
        dwell: 5wd
        holding: {at_most: 100}
        enter: [{id: called, activity: call}]
      - {id: sure, enter: [{id: sized, has: [deal.size]}]}
      - {id: won, kind: won}
      - {id: lost, kind: lost, reasons: [{id: refused}]}
    moves: [forward, {id: back, from: trial, to: resource}, {from: any_open, to: lost}, {from: lost, to: origin}]
roles:
  admin: {may: [{do: [people.*, rules.*, rules.activate, deals.*, customers.*, pool.*], scope: all}]}
first_administrator: [admin]
";

/// Somebody who works, and what his work sends.
pub(super) struct Desk {
    pub workflow: Arc<Workflow>,
    sent: Counter,
    caller: Caller,
    keys: AtomicU32,
}

impl Desk {
    pub async fn of(world: &World) -> Self {
        let (store, sent) = counted(world).await;
        let workflow = Workflow::new(store, Secrets::from_text(&Secrets::fresh_text()).unwrap());
        workflow.seed_rules(RULES.to_owned(), Some("file".to_owned()), at(0)).await.unwrap();
        let token = workflow.new_setup_token(at(0)).await.unwrap();
        let (login, name) = ("ada".to_owned(), "Ada".to_owned());
        let first = FirstAdministrator { token, login, name, password: "correct horse battery".to_owned() };
        let tokens = workflow.set_up(&Call::system(at(0), "r"), first).await.unwrap();
        let caller = Caller::User { user: tokens.user, session: tokens.session };
        Self { workflow, sent, caller, keys: AtomicU32::new(0) }
    }

    pub fn call(&self) -> Call {
        Call { caller: self.caller, ..Call::system(at(10), "r") }
    }

    /// With a key that was not used before.
    fn keyed(&self) -> Call {
        let key = self.keys.fetch_add(1, Ordering::SeqCst).to_string();
        Call { idempotency: Some(Idempotency { key, fingerprint: [1; 32] }), ..self.call() }
    }

    async fn customer(&self, name: &str) -> CustomerId {
        let fields = [("name", name), ("phone", "138")].map(|(name, value)| (name.to_owned(), value.into()));
        let body = CustomerBody { fields: fields.into_iter().collect(), contacts: vec![] };
        self.workflow.create_customer(&self.call(), body).await.unwrap().answer.customer.id
    }

    async fn deal(&self, customer: CustomerId) -> DealId {
        let (funnel, stage, product, fields) = (None, None, None, Default::default());
        let (origin, owner) = (Origin::Supplied, NewOwner::Maker);
        let body = DealBody { customer, funnel, stage, product, origin, owner, fields };
        self.workflow.create_deal(&self.call(), body).await.unwrap().answer.deal.id
    }

    async fn log(&self, call: &Call, deal: DealId) {
        let (kind, outcome, method, contact, note, at) = ("call".into(), None, None, None, None, None);
        let new = NewActivity { id: ActivityId::new(), kind, outcome, method, contact, note, at };
        self.workflow.log_activity(call, deal, new).await.unwrap();
    }

    async fn go(&self, call: &Call, deal: DealId, to: &str) -> Result<DealState, Failure> {
        let reason = (to == "lost").then(|| "refused".into());
        let request = MoveRequest { from: None, to: to.into(), reason, note: None };
        self.workflow.move_deal(call, deal, request).await.map(|done| done.answer.deal.state)
    }

    async fn patch(&self, call: &Call, deal: DealId) {
        let patch = DealPatch { fields: [("size".to_owned(), 12.into())].into_iter().collect(), product: None };
        assert!(declared(&self.workflow.active().await.unwrap().rules).read(&patch.fields).1.is_empty());
        self.workflow.change_deal(call, deal, patch).await.unwrap();
    }
}

/// How many statements were sent since the last time, and on which database.
fn sent(desk: &Desk) -> (usize, bool) {
    let texts = desk.sent.take();
    (texts.len(), texts.iter().any(|text| text.contains("SAVEPOINT") || text.contains("hex(")))
}

/// Holds what was sent against rows of what was done, how many statements it takes on PostgreSQL and on SQLite.
#[track_caller]
fn hold(seen: &[(usize, bool)], rows: &[(&str, usize, usize)]) {
    let is_sqlite = seen.iter().any(|(_, is_sqlite)| *is_sqlite);
    let seen: Vec<String> = rows.iter().zip(seen).map(|((what, ..), (count, _))| format!("{what}: {count}")).collect();
    let expected =
        rows.iter().map(|(what, postgres, sqlite)| format!("{what}: {}", if is_sqlite { sqlite } else { postgres }));
    assert_eq!(seen, expected.collect::<Vec<_>>());
}

on_both! {
    async fn a_hot_use_case_sends_few_statements(world: World) {
        let desk = Desk::of(&world).await;
        let deal = desk.deal(desk.customer("first").await).await;
        let call = desk.call();
        desk.sent.take();
        let mut seen = Vec::new();

        desk.log(&call, deal).await;
        seen.push(sent(&desk));
        desk.log(&desk.keyed(), deal).await;
        seen.push(sent(&desk));
        desk.go(&call, deal, "trial").await.unwrap();
        seen.push(sent(&desk));
        desk.go(&call, deal, "resource").await.unwrap();
        seen.push(sent(&desk));
        desk.go(&desk.keyed(), deal, "trial").await.unwrap();
        seen.push(sent(&desk));
        assert!(matches!(desk.go(&call, deal, "sure").await, Err(Failure::Refused(_))));
        seen.push(sent(&desk));
        assert!(matches!(desk.go(&desk.keyed(), deal, "sure").await, Err(Failure::Refused(_))));
        seen.push(sent(&desk));
        desk.patch(&call, deal).await;
        seen.push(sent(&desk));
        desk.workflow.grade_deal(&call, deal, GradeRequest::default()).await.unwrap();
        seen.push(sent(&desk));
        desk.workflow.release_deal(&call, deal, None).await.unwrap();
        seen.push(sent(&desk));
        desk.go(&call, deal, "lost").await.unwrap();
        seen.push(sent(&desk));
        let nowhere = desk.go(&call, DealId::new(), "trial").await;
        assert!(matches!(nowhere, Err(Failure::NotFound)));
        seen.push(sent(&desk));

        desk.workflow.deal(&call, deal).await.unwrap();
        seen.push(sent(&desk));
        desk.workflow.moves(&call, deal).await.unwrap();
        seen.push(sent(&desk));
        let list = DealList {
            conditions: vec![],
            customer: None,
            team: None,
            overdue: true,
            updated_since: None,
            order: Order { by: SortBy::CreatedAt, descending: true },
            after: None,
            limit: 50,
        };
        desk.workflow.deals(&call, list).await.unwrap();
        seen.push(sent(&desk));

        // On SQLite the lane's own four go with each write: BEGIN, SAVEPOINT, RELEASE, COMMIT.
        hold(&seen, &[
            ("an activity", 2, 10),
            ("an activity with a key", 2, 11),
            ("a move", 2, 12),
            ("a move back", 2, 12),
            ("a move with a key", 2, 13),
            ("a refusal", 2, 9),
            ("a refusal of a call with a key", 2, 9),
            ("a change", 2, 10),
            ("a grade", 2, 10),
            ("a release", 2, 12),
            ("a loss", 2, 12),
            ("a deal that is not there", 1, 5),
            ("a read", 1, 1),
            ("what comes next", 1, 1),
            ("a page of deals", 1, 1),
        ]);
    }

    async fn a_draft_in_shadow_costs_a_call_no_statement(world: World) {
        let desk = Desk::of(&world).await;
        let deal = desk.deal(desk.customer("first").await).await;
        let call = desk.call();
        let text = RULES.replace("activity: call}", "activity: call, at_least: 3}");
        let draft = desk.workflow.create_draft(&call, DraftText { text, comment: None, parent: None }).await.unwrap();
        desk.workflow.begin_shadow(&call, draft.answer.draft.id).await.unwrap();
        desk.workflow.run_shadow().await.unwrap();
        assert!(desk.workflow.is_in_shadow());
        desk.sent.take();
        desk.log(&call, deal).await;
        let logged = sent(&desk);
        desk.go(&call, deal, "trial").await.unwrap();
        let moved = sent(&desk);
        hold(&[logged, moved], &[("an activity", 2, 10), ("a move", 2, 12)]);
        // Both are looked at afterwards, by statements whose number does not grow with theirs.
        assert_eq!(desk.workflow.run_shadow().await.unwrap(), 2);
        let few = desk.sent.take().len();
        for _ in 0..20 {
            desk.log(&call, deal).await;
        }
        desk.sent.take();
        assert_eq!(desk.workflow.run_shadow().await.unwrap(), 20);
        assert!(desk.sent.take().len() <= few);
        let shadow = desk.workflow.trials::<crate::store::Shadow>(&call, None, 1).await.unwrap().pop().unwrap();
        let total = shadow.tally.total();
        assert_eq!((total.agreed, total.refused), (21, 1));
    }

    async fn a_repeated_call_is_answered_by_few_statements(world: World) {
        let desk = Desk::of(&world).await;
        let deal = desk.deal(desk.customer("first").await).await;
        let call = desk.keyed();
        desk.log(&call, deal).await;
        desk.sent.take();
        desk.log(&call, deal).await;
        // The deal with the key, the decision with its personal values, and the deal as it may be seen now.
        hold(&[sent(&desk)], &[("a repeated call", 3, 7)]);
    }

    async fn a_timeline_sends_as_many_statements_however_long_it_is(world: World) {
        let desk = Desk::of(&world).await;
        let customer = desk.customer("first").await;
        let deal = desk.deal(customer).await;
        let call = desk.call();
        let query = TimelineQuery {
            kinds: EventKind::ALL.into(),
            deal: None,
            since: None,
            until: None,
            after: None,
            limit: 5,
        };
        let page = async || {
            desk.sent.take();
            let page = desk.workflow.timeline(&call, customer, query.clone()).await.unwrap();
            (page.events.len(), desk.sent.take())
        };
        assert!(matches!(desk.go(&call, deal, "trial").await, Err(Failure::Refused(_))));
        let (events, few) = page().await;
        assert_eq!(events, 2);
        for _ in 0..20 {
            desk.log(&call, deal).await;
        }
        desk.go(&call, deal, "lost").await.unwrap();
        desk.deal(customer).await;
        let (events, many) = page().await;
        assert_eq!((events, many.len()), (5, few.len()), "{few:#?} {many:#?}");
        // The epochs, the customer with his deals, a slice of each kind, and personal values of decisions.
        assert!(many.len() <= 3 + EventKind::ALL.len() + 2 + 2, "{many:#?}");
    }
}
