//! Customers: made, read, changed, listed.

use super::Workflow;
use super::answer::CustomerAnswer;
use super::call::Call;
use super::conclude::{About, subject};
use super::failure::{Failure, Outcome, Written};
use super::scene::Scene;
use crate::engine::Row;
use crate::engine::customers::{CustomerWrite, NewCustomer, blank, change, create, stages_of, with_row};
use crate::engine::decision::{Checked, Decision, FactsRead, Refusal, RefusalKind};
use crate::engine::effects::CustomerCreation;
use crate::engine::facts::{Contact, Customer};
use crate::engine::shadow::{AskedCustomer, Identities};
use crate::engine::sight::Sight;
use crate::rules::expression::Predicate;
use crate::rules::model::Action;
use crate::store::{Cursor, CustomerQuery, Effect, Order, StoreError, Tx};
use crate::texts::Message;
use crate::values::{CustomerId, Key, Time};
use serde_json::{Map, Value as Json};

/// A customer to be made.
#[derive(Clone, Debug, Default)]
pub struct CustomerBody {
    pub fields: Map<String, Json>,
    pub contacts: Vec<Contact>,
}

/// A change of a customer. Contacts: `None` = as they are.
#[derive(Clone, Debug, Default)]
pub struct CustomerPatch {
    pub fields: Map<String, Json>,
    pub contacts: Option<Vec<Contact>>,
}

/// Which customers.
#[derive(Clone, Debug)]
pub struct CustomerList {
    pub conditions: Vec<Predicate>,
    pub updated_since: Option<Time>,
    pub order: Order,
    pub after: Option<Cursor>,
    pub limit: u16,
}

/// One page.
#[derive(Debug)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Where the next one begins, if there is one.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// Of one row more than the page holds, whether there are more.
    pub(super) fn of<R>(rows: Vec<R>, limit: u16, split: impl Fn(R) -> (T, Cursor)) -> Self {
        let more = rows.len() > usize::from(limit);
        let mut items = Vec::with_capacity(rows.len());
        let mut last = None;
        for row in rows.into_iter().take(usize::from(limit)) {
            let (item, cursor) = split(row);
            items.push(item);
            last = Some(cursor);
        }
        Self { items, next: last.filter(|_| more) }
    }
}

/// A customer and what the caller sees of it.
#[derive(Clone, Debug)]
pub struct SeenCustomer {
    pub customer: Customer,
    pub sight: Sight,
}

impl Workflow {
    pub async fn customer(&self, call: &Call, id: CustomerId) -> Outcome<SeenCustomer> {
        self.reading(call, Action::CustomersRead, move |scene, tx| {
            let seen = scene.see_customer(tx, id)?;
            Ok(seen.map(|(item, sight)| SeenCustomer { customer: item.customer, sight }).ok_or(Failure::NotFound))
        })
        .await
    }

    pub async fn customers(&self, call: &Call, list: CustomerList) -> Outcome<Page<SeenCustomer>> {
        self.reading(call, Action::CustomersRead, move |scene, tx| {
            let query = CustomerQuery {
                filter: scene.permit.filter(scene.now()),
                conditions: list.conditions.clone(),
                updated_since: list.updated_since,
                order: list.order.clone(),
                after: list.after.clone(),
                limit: i64::from(list.limit) + 1,
            };
            let rows = tx.list_customers(&query)?;
            Ok(Ok(Page::of(rows, list.limit, |row| {
                let item = row.item;
                let sight = with_row(&item.customer, &item.deals, |row| scene.permit.sight(row, scene.now()));
                let sight = sight.unwrap_or_else(Sight::nothing);
                (SeenCustomer { customer: item.customer, sight }, row.cursor)
            })))
        })
        .await
    }

    /// Makes a customer. Two with the same identity are one: the second is refused.
    pub async fn create_customer(&self, call: &Call, body: CustomerBody) -> Written<CustomerAnswer> {
        let id = CustomerId::new();
        self.writing(call, Action::CustomersWrite, move |scene, tx| {
            let replay =
                scene.replay(tx, |tx, answer: &CustomerAnswer| scene.customer_sight(tx, answer.customer.id))?;
            if let Some(replayed) = replay {
                return Ok(replayed);
            }
            let mut known = scene.is_watched().then(|| Identities::of(scene.rules(), None));
            let (decision, sight) = decide_customer(scene, tx, id, &body, &mut known)?;
            let about = About::other(subject("customer", id), sight);
            let written = scene.conclude(
                tx,
                About { customer: Some(id), ..about },
                decision,
                |effect| vec![Effect::CustomerCreation(effect)],
                |effect| CustomerAnswer { customer: effect.customer.clone() },
            )?;
            if let Some(known) = known {
                let CustomerBody { fields, contacts } = body.clone();
                let asked = AskedCustomer { fields, contacts: Some(contacts), known };
                scene.watch(&written, None, move |lens| lens.customer_creation(id, asked));
            }
            Ok(written)
        })
        .await
    }

    /// Changes fields and contacts of a customer.
    pub async fn change_customer(&self, call: &Call, id: CustomerId, patch: CustomerPatch) -> Written<CustomerAnswer> {
        self.writing(call, Action::CustomersWrite, move |scene, tx| {
            let replay =
                scene.replay(tx, |tx, answer: &CustomerAnswer| scene.customer_sight(tx, answer.customer.id))?;
            if let Some(replayed) = replay {
                return Ok(replayed);
            }
            let Some((item, seen)) = scene.see_customer(tx, id)? else { return Ok(Err(Failure::NotFound)) };
            let customer = item.customer;
            let mut known = scene.is_watched().then(|| Identities::of(scene.rules(), Some(&customer)));
            let (decision, sight) = match with_row(&customer, &item.deals, |row| scene.permit.sight(row, scene.now())) {
                None => (Decision::Refused(forbidden(Action::CustomersWrite)), seen),
                Some(sight) => {
                    if let Some(failure) = scene.call.version_fault(customer.version) {
                        return Ok(Err(failure));
                    }
                    let rules = scene.rules();
                    let write = CustomerWrite::read(rules, &patch.fields, patch.contacts.clone());
                    let stages = stages_of(&item.deals);
                    let decision = change(rules, &scene.actor, &sight, &customer, &stages, write, scene.now());
                    (unless_exists(scene, tx, id, decision, |effect| &effect.keys, &mut known)?, sight)
                }
            };
            let written = scene.conclude(
                tx,
                About::customer(&customer, sight),
                decision,
                |effect| vec![Effect::CustomerChange(effect)],
                |effect| CustomerAnswer {
                    customer: Customer {
                        fields: effect.fields.clone(),
                        contacts: effect.contacts.clone(),
                        version: customer.version + 1,
                        facts_version: customer.facts_version + 1,
                        updated_at: effect.at,
                        ..customer.clone()
                    },
                },
            )?;
            if let Some(known) = known {
                let CustomerPatch { fields, contacts } = patch.clone();
                let asked = AskedCustomer { fields, contacts, known };
                scene.watch(&written, None, move |lens| lens.customer_change(customer, item.deals, asked));
            }
            Ok(written)
        })
        .await
    }
}

/// What making this customer comes to.
fn decide_customer(
    scene: &Scene,
    tx: &mut Tx<'_>,
    id: CustomerId,
    body: &CustomerBody,
    known: &mut Option<Identities>,
) -> Result<(Decision<CustomerCreation>, Sight), StoreError> {
    let rules = scene.rules();
    let future = blank(id, scene.actor.user(), scene.now());
    let row = Row::Customer { customer: &future, deals: &[] };
    let Some(sight) = scene.permit.sight(&row, scene.now()) else {
        return Ok((Decision::Refused(forbidden(Action::CustomersWrite)), Sight::nothing()));
    };
    let new = NewCustomer::read(rules, id, &body.fields, body.contacts.clone());
    let decision = create(rules, &scene.actor, &sight, new, scene.now());
    Ok((unless_exists(scene, tx, id, decision, |effect| &effect.keys, known)?, sight))
}

/// The decision, unless there is such a customer already. `known`: where it is noted, for a shadow, what was found.
fn unless_exists<E>(
    scene: &Scene,
    tx: &mut Tx<'_>,
    id: CustomerId,
    decision: Decision<E>,
    keys: impl Fn(&E) -> &[(Key, String)],
    known: &mut Option<Identities>,
) -> Result<Decision<E>, StoreError> {
    let Decision::Allowed(allowed) = decision else { return Ok(decision) };
    let keys = keys(&allowed.effect);
    let other = tx.customer_by_keys(keys)?.filter(|(other, _)| *other != id);
    known.iter_mut().for_each(|known| known.learn(keys, other.as_ref().map(|(_, combination)| combination)));
    Ok(match other {
        Some((other, _)) => Decision::Refused(exists(scene, tx, other)?),
        None => Decision::Allowed(allowed),
    })
}

/// That there is such a customer already. Who it is, is told only where the caller may see it: otherwise the answer is
/// the one stated, bounded oracle of this product.
fn exists(scene: &Scene, tx: &mut Tx<'_>, other: CustomerId) -> Result<Refusal, StoreError> {
    let mut message = Message::new("customer_exists");
    let mut checked =
        Checked::fault("unique", crate::engine::decision::CheckedKind::Unique, "/fields", message.clone());
    if let Some((item, _)) = scene.see_customer(tx, other)? {
        message = message.with("customer", other.to_string());
        checked.message = Message::new("customer_exists_visible").with("customer", other.to_string());
        let owner = item.deals.iter().find_map(|(deal, _)| deal.owner);
        if let Some(name) = owner.and_then(|owner| scene.active.directory.user(owner)) {
            checked.message = checked.message.with("held", "yes").with("owner", name.user.name.as_str());
        } else {
            checked.message = checked.message.with("held", "no").with("owner", "-");
        }
    }
    Ok(Refusal { kind: RefusalKind::State(message), criteria: vec![checked], facts: FactsRead::default() })
}

/// That the row may be seen, but the action not done to it.
#[must_use]
pub fn forbidden(action: Action) -> Refusal {
    let kind = RefusalKind::Permission(Message::new("not_permitted_here").with("action", action.word()));
    Refusal { kind, criteria: Vec::new(), facts: FactsRead::default() }
}
