//! Who may do what to which row, and which of its fields they see.
//!
//! Deny by default: a `Permit` exists only where some role of the caller grants the action at all; on a row it holds
//! only through a grant whose scope and `when` hold for that row, and where no `never` of any role does. Unknown denies,
//! on both sides. Grants are united per row, never across rows.
// INVARIANT: `Permit::sight` and `Permit::filter` say the same of every row; a test holds them to it.

use super::actor::{Actor, Who};
use super::case::Case;
use super::criteria::note_facts;
use super::decision::FactsRead;
use super::facts::{Customer, Deal, DealFacts, Person};
pub use super::filter::{Alternative, OpenWhere, RowFilter, ScopeFilter};
use super::sight::Openness;
pub use super::sight::{FieldSight, Shown, Sight};
use crate::rules::model::{Action, Grant, Rules, Scope};
use crate::values::{Key, TeamId, Time, UserId};
use std::sync::Arc;

/// That an action is granted to the caller for some rows. Only `permit` makes one; what reads or writes takes one.
#[derive(Clone, Debug)]
pub struct Permit {
    pub(super) rules: Arc<Rules>,
    pub(super) actor: Arc<Actor>,
    action: Action,
}

/// Something that an action is done to.
#[derive(Clone, Copy, Debug)]
pub enum Row<'a> {
    Deal {
        deal: &'a Deal,
        customer: &'a Customer,
        owner: Option<&'a Person>,
        /// What else was read of it: conditions that ask for it and do not get it are unknown, and deny.
        record: Option<&'a DealFacts>,
    },
    Customer {
        customer: &'a Customer,
        /// All of the customer's deals: the ways in which he may be seen.
        deals: &'a [HeldDeal<'a>],
    },
    Person(&'a Person),
    /// What has no rows: the rules.
    Company,
}

/// A deal and who holds it.
#[derive(Clone, Copy, Debug)]
pub struct HeldDeal<'a> {
    pub deal: &'a Deal,
    pub owner: Option<&'a Person>,
}

impl<'a> From<&'a DealFacts> for Row<'a> {
    fn from(record: &'a DealFacts) -> Self {
        Self::Deal {
            deal: &record.deal,
            customer: &record.customer,
            owner: record.owner.as_ref(),
            record: Some(record),
        }
    }
}

/// The permit of `actor` for `action`; `None`: nothing grants it, on any row.
#[must_use]
pub fn permit(rules: &Arc<Rules>, actor: &Arc<Actor>, action: Action) -> Option<Permit> {
    let permit = Permit { rules: Arc::clone(rules), actor: Arc::clone(actor), action };
    let granted = actor.active && (permit.is_whole() || permit.ways(action).next().is_some());
    granted.then_some(permit)
}

/// The widest scope in which any of `roles` grants `action`, whatever its conditions; `None`: it is not granted.
#[must_use]
pub fn reach(rules: &Rules, roles: &[Key], action: Action) -> Option<Scope> {
    grants(rules, roles, action).map(|grant| grant.scope).max()
}

pub(super) fn grants<'a>(rules: &'a Rules, roles: &'a [Key], action: Action) -> impl Iterator<Item = &'a Grant> {
    let roles = roles.iter().filter_map(|role| rules.roles.get(role));
    roles.flat_map(|role| &role.may).filter(move |grant| grant.actions.contains(&action))
}

/// One grant that may lead to a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way<'a> {
    pub grant: &'a Grant,
    /// Whether it leads to deals without an owner, or to those with one.
    pub pool: bool,
}

impl Permit {
    #[must_use]
    pub fn action(&self) -> Action {
        self.action
    }

    #[must_use]
    pub fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    #[must_use]
    pub fn actor(&self) -> &Arc<Actor> {
        &self.actor
    }

    /// Whether the action is permitted on this row, and if so what the caller sees of it.
    #[must_use]
    pub fn sight(&self, row: &Row<'_>, now: Time) -> Option<Sight> {
        if self.is_whole() {
            return Some(Sight::whole());
        }
        let doing = self.openness(self.action, row, now)?;
        let deal = match row {
            Row::Deal { .. } => self.openness(Action::DealsRead, row, now),
            Row::Customer { .. } | Row::Person(_) | Row::Company => None,
        };
        let customer = match row {
            Row::Deal { .. } | Row::Customer { .. } => self.openness(Action::CustomersRead, row, now),
            Row::Person(_) | Row::Company => None,
        };
        Some(Sight::new(self.action, doing, deal, customer))
    }

    /// Whether the action is permitted on this row.
    #[must_use]
    pub fn holds(&self, row: &Row<'_>, now: Time) -> bool {
        self.is_whole() || self.openness(self.action, row, now).is_some()
    }

    /// The product itself is permitted everything; what else binds everybody binds it too.
    pub(super) fn is_whole(&self) -> bool {
        self.actor.who == Who::System
    }

    /// The grants that may lead to rows for `action`. Ownerless deals, and customers by them, are read by `pool.read`,
    /// and given to somebody by `pool.deal_out`.
    pub(super) fn ways(&self, action: Action) -> impl Iterator<Item = Way<'_>> {
        let pooled = pooled(action);
        let is_pool = matches!(action, Action::PoolRead | Action::PoolDealOut);
        let own = grants(&self.rules, &self.actor.roles, action).map(move |grant| Way { grant, pool: is_pool });
        let pool = pooled.into_iter().flat_map(|action| grants(&self.rules, &self.actor.roles, action));
        own.chain(pool.map(|grant| Way { grant, pool: true }))
    }

    /// The conditions under which `action` is never permitted; `None` = always so.
    pub(super) fn nevers(&self, action: Action) -> impl Iterator<Item = Option<&crate::rules::expression::Expression>> {
        let roles = self.actor.roles.iter().filter_map(|role| self.rules.roles.get(role));
        roles
            .flat_map(|role| &role.never)
            .filter(move |never| never.actions.contains(&action))
            .map(|never| never.when.as_ref())
    }

    /// What the grants for `action` that hold on this row leave open, together; `None`: none holds.
    fn openness(&self, action: Action, row: &Row<'_>, now: Time) -> Option<Openness> {
        let mut open = None;
        match row {
            Row::Deal { deal, customer, owner, record } => {
                let case = Case {
                    deal: Some(deal),
                    customer: Some(customer),
                    owner: *owner,
                    record: *record,
                    ..self.case(now)
                };
                self.unite(action, &case, Some(Held::of(deal, *owner)), &mut open);
                self.refuse(action, &case, &mut open);
            }
            Row::Customer { customer, deals } => {
                let bare = Case { customer: Some(customer), ..self.case(now) };
                let cases =
                    || deals.iter().map(|held| (Case { deal: Some(held.deal), owner: held.owner, ..bare }, held));
                for (case, held) in cases() {
                    self.unite(action, &case, Some(Held::of(held.deal, held.owner)), &mut open);
                }
                if deals.is_empty() {
                    // Until there is a deal, a customer is seen by his creator.
                    self.unite(
                        action,
                        &bare,
                        Some(Held { owner: customer.creator, team: None, pool: None }),
                        &mut open,
                    );
                    self.refuse(action, &bare, &mut open);
                }
                for (case, _) in cases() {
                    self.refuse(action, &case, &mut open);
                }
            }
            Row::Person(person) => {
                let case = self.case(now);
                let held = Held { owner: Some(person.id), team: person.team, pool: None };
                self.unite(action, &case, Some(held), &mut open);
                self.refuse(action, &case, &mut open);
            }
            Row::Company => {
                let case = self.case(now);
                self.unite(action, &case, None, &mut open);
                self.refuse(action, &case, &mut open);
            }
        }
        open
    }

    /// Keeps the values that the conditions of its grants read of a case.
    pub(super) fn note(&self, case: &Case<'_>, facts: &mut FactsRead) {
        let grants = self.ways(self.action).filter_map(|way| way.grant.when.as_ref());
        for when in grants.chain(self.nevers(self.action).flatten()) {
            note_facts(when, case, facts);
        }
    }

    fn case(&self, now: Time) -> Case<'_> {
        Case::new(&self.rules, &self.actor, now)
    }

    /// Adds what every grant that holds leaves open. `held`: by whom the row is held; `None` = by nobody ever.
    fn unite(&self, action: Action, case: &Case<'_>, held: Option<Held>, open: &mut Option<Openness>) {
        for way in self.ways(action) {
            let holds = held.is_none_or(|held| held.is_within(&self.actor, way))
                && way.grant.when.as_ref().is_none_or(|when| case.holds(when) == Some(true))
                && !(way.pool && pooled(action).is_some_and(|pool| self.is_refused(pool, case)));
            if holds {
                Openness::unite(open, way.grant);
            }
        }
    }

    /// Closes everything if some role says `never`.
    fn refuse(&self, action: Action, case: &Case<'_>, open: &mut Option<Openness>) {
        if open.is_some()
            && (self.is_refused(action, case) || also_refusing(action).is_some_and(|also| self.is_refused(also, case)))
        {
            *open = None;
        }
    }

    fn is_refused(&self, action: Action, case: &Case<'_>) -> bool {
        self.nevers(action).any(|when| when.is_none_or(|when| case.holds(when) != Some(false)))
    }
}

/// The action of the pool that does to ownerless deals what `action` does to those that somebody owns.
pub(super) fn pooled(action: Action) -> Option<Action> {
    match action {
        Action::DealsRead | Action::CustomersRead => Some(Action::PoolRead),
        Action::DealsAssign => Some(Action::PoolDealOut),
        _ => None,
    }
}

/// The pool is a way of reading deals and of giving them: what may never be read or given is not read or given there
/// either.
pub(super) fn also_refusing(action: Action) -> Option<Action> {
    match action {
        Action::PoolRead => Some(Action::DealsRead),
        Action::PoolDealOut => Some(Action::DealsAssign),
        _ => None,
    }
}

/// By whom a row is held.
#[derive(Clone, Copy, Debug)]
struct Held {
    owner: Option<UserId>,
    /// The owner's team, now.
    team: Option<TeamId>,
    /// The pool it lies in when nobody owns it; `None` = the company's.
    pool: Option<TeamId>,
}

impl Held {
    fn of(deal: &Deal, owner: Option<&Person>) -> Self {
        Self { owner: deal.owner, team: owner.and_then(|owner| owner.team), pool: deal.team }
    }

    fn is_within(self, actor: &Actor, way: Way<'_>) -> bool {
        if way.pool {
            return self.owner.is_none()
                && match way.grant.scope {
                    Scope::Own => self.pool.is_none() || self.pool == actor.team,
                    Scope::Team => self.pool.is_none_or(|pool| actor.teams.contains(&pool)),
                    Scope::All => true,
                };
        }
        let own = self.owner.is_some() && self.owner == actor.user();
        match way.grant.scope {
            Scope::Own => own,
            Scope::Team => own || (self.owner.is_some() && self.team.is_some_and(|team| actor.teams.contains(&team))),
            Scope::All => true,
        }
    }
}
