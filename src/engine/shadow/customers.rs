//! Customers made and changed, asked of the other rules. Whether somebody else is the same customer, only the database
//! knows: what it said to the active rules stands where the others ask the same of it, and is named as lacking where they
//! ask something else.

use super::{Lens, Said};
use crate::engine::customers::{CustomerWrite, NewCustomer, blank, change, create, stages_of, with_row};
use crate::engine::decision::{Allowed, Decision, RefusalKind};
use crate::engine::facts::{Contact, Customer, Deal, Person};
use crate::engine::identity::identities;
use crate::engine::moves::forbidden;
use crate::engine::permission::{Permit, Row};
use crate::rules::migrate::What;
use crate::rules::model::{Action, Rules};
use crate::texts::Message;
use crate::values::{CustomerId, Key};
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// What was written to a customer.
#[derive(Clone, Debug)]
pub struct AskedCustomer {
    pub fields: Map<String, Json>,
    /// `None` = as they are.
    pub contacts: Option<Vec<Contact>>,
    pub known: Identities,
}

/// What the decision found out about who is who: identities by the rules that decided.
#[derive(Clone, Debug)]
pub struct Identities {
    rules: Arc<Rules>,
    /// Nobody else has these.
    free: Vec<(Key, String)>,
    /// Somebody else has this one.
    taken: Option<(Key, String)>,
}

impl Identities {
    /// What is known before it is asked: what is the customer's own is nobody else's.
    #[must_use]
    pub fn of(rules: &Arc<Rules>, customer: Option<&Customer>) -> Self {
        let free = customer.map(|customer| identities(rules, &customer.fields)).unwrap_or_default();
        Self { rules: Arc::clone(rules), free, taken: None }
    }

    /// These were looked for one after the other; `taken`: the first that somebody else has.
    pub fn learn(&mut self, keys: &[(Key, String)], taken: Option<&Key>) {
        let free = keys.iter().take_while(|(combination, _)| Some(combination) != taken);
        self.free.extend(free.cloned());
        self.taken = keys.iter().find(|(combination, _)| Some(combination) == taken).cloned();
    }
}

impl Lens<'_> {
    #[must_use]
    pub fn customer_creation(&self, id: CustomerId, asked: AskedCustomer) -> Said {
        let permit = match self.permit(Action::CustomersWrite) {
            Ok(permit) => permit,
            Err(said) => return said,
        };
        let future = blank(id, self.actor.user(), self.now);
        let Some(sight) = permit.sight(&Row::Customer { customer: &future, deals: &[] }, self.now) else {
            return not_here(&permit);
        };
        let fields = self.fields("customer", asked.fields);
        let new = NewCustomer::read(self.rules, id, &fields, asked.contacts.unwrap_or_default());
        let decision = create(self.rules, self.actor, &sight, new, self.now);
        self.unless_taken(decision.map(|effect| effect.keys), &asked.known)
    }

    /// `deals`: all of the customer's, with who holds them.
    #[must_use]
    pub fn customer_change(
        &self,
        customer: Customer,
        deals: Vec<(Deal, Option<Person>)>,
        asked: AskedCustomer,
    ) -> Said {
        let permit = match self.permit(Action::CustomersWrite) {
            Ok(permit) => permit,
            Err(said) => return said,
        };
        let customer = self.customer(customer);
        let then = |(deal, owner): (Deal, Option<Person>)| (self.deal(deal), owner.map(|owner| self.person(owner)));
        let deals: Vec<_> = deals.into_iter().map(then).collect();
        let Some(sight) = with_row(&customer, &deals, |row| permit.sight(row, self.now)) else {
            return not_here(&permit);
        };
        let write = CustomerWrite::read(self.rules, &self.fields("customer", asked.fields), asked.contacts);
        let decision = change(self.rules, self.actor, &sight, &customer, &stages_of(&deals), write, self.now);
        self.unless_taken(decision.map(|effect| effect.keys), &asked.known)
    }

    /// The decision, unless somebody else has one of the identities that it gives.
    fn unless_taken(&self, decision: Decision<Vec<(Key, String)>>, known: &Identities) -> Said {
        let Decision::Allowed(Allowed { effect: keys, .. }) = decision else { return decision.into() };
        let mut lacking = Vec::new();
        for (combination, value) in keys {
            match self.is_taken(&combination, &value, known) {
                Some(true) => {
                    let refused = RefusalKind::State(Message::new("customer_exists"));
                    return Decision::<()>::refused(refused).into();
                }
                Some(false) => {}
                None => lacking.push(format!("unique.{combination}")),
            }
        }
        if lacking.is_empty() { Said::Decided(Ok(())) } else { Said::Lacking(lacking) }
    }

    /// Whether somebody else has this identity; `None`: that was not found out.
    fn is_taken(&self, combination: &Key, value: &str, known: &Identities) -> Option<bool> {
        let wanted = self.rules.unique.iter().find(|one| one.id == *combination)?;
        let asked = known.rules.unique.iter().find(|one| {
            let then: Vec<Key> = one.fields.iter().map(|field| self.customer_field(field)).collect();
            then == wanted.fields && one.fields.iter().all(|field| self.stays_apart(field))
        })?;
        let is_it = |(id, text): &(Key, String)| *id == asked.id && text == value;
        if known.taken.as_ref().is_some_and(is_it) {
            return Some(true);
        }
        known.free.iter().any(is_it).then_some(false)
    }

    fn customer_field(&self, field: &Key) -> Key {
        self.one(What::Field, &["customer", field]).unwrap_or_else(|| field.clone())
    }

    /// Whether values of the field that differ now would differ then: nothing else becomes this field, and none of its
    /// choices another.
    fn stays_apart(&self, field: &Key) -> bool {
        let then = self.customer_field(field);
        self.migration().mappings.iter().all(|mapping| match (mapping.what, mapping.from.as_slice()) {
            (What::Field, [record, from]) => **record != *"customer" || from == field || mapping.to != then,
            (What::Choice, [record, of, _]) => **record != *"customer" || of != field,
            _ => true,
        })
    }
}

fn not_here(permit: &Permit) -> Said {
    Decision::<()>::forbidden(forbidden(permit.action())).into()
}
