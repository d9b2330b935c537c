//! A permit as conditions on rows, for the store to turn into SQL: what a list may hold, and by which fields each row
//! may be filtered, sorted and searched. No SQL in here.

use super::case::Case;
use super::permission::{Permit, Way, also_refusing, pooled};
use crate::rules::expression::{Entity, Expression, Path, Predicate};
use crate::rules::model::{Action, Scope};
use crate::values::{TeamId, Time, UserId};
use std::collections::BTreeSet;

/// The rows that a permit holds for: those of at least one alternative, less those for which a `never` is not known to
/// be false.
#[derive(Clone, Debug, PartialEq)]
pub struct RowFilter {
    pub any: Vec<Alternative>,
    /// A row passes only if each of these is false; true and unknown (NULL) refuse.
    pub never: Vec<Predicate>,
    /// Ways to read the fields of deals, of customers.
    deal: Vec<Alternative>,
    customer: Vec<Alternative>,
}

/// One way to a row.
///
/// Of customers: through a deal of theirs that satisfies scope and condition; while there is no deal at all, `Own` and
/// `Teams` mean the customer's creator, `All` everybody, and conditions on deals are unknown. A `never` about deals
/// refuses the customer if it is not false of any of the deals.
#[derive(Clone, Debug, PartialEq)]
pub struct Alternative {
    pub scope: ScopeFilter,
    /// Must be true; unknown does not pass.
    pub when: Option<Predicate>,
    /// Fields hidden or masked there: missing for filter, sort, search and sums.
    pub closed: BTreeSet<Path>,
}

/// Whose rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScopeFilter {
    /// Held by this user.
    Own(UserId),
    /// Held by this user, or by a member of these teams as they are now.
    Teams(UserId, BTreeSet<TeamId>),
    /// Held by nobody, in the pool of one of these teams or of the company.
    Pool(BTreeSet<TeamId>),
    /// Held by nobody.
    Pools,
    All,
}

/// On which of the permitted rows a field is open.
#[derive(Clone, Debug, PartialEq)]
pub enum OpenWhere<'a> {
    Everywhere,
    /// On rows of at least one of these; on the others it counts as missing.
    Any(Vec<&'a Alternative>),
    Nowhere,
}

impl RowFilter {
    /// For tests of what turns it into SQL.
    #[cfg(test)]
    pub(crate) fn in_a_test(
        any: Vec<Alternative>,
        never: Vec<Predicate>,
        deal: Vec<Alternative>,
        customer: Vec<Alternative>,
    ) -> Self {
        Self { any, never, deal, customer }
    }

    /// On which of the permitted rows a field is open.
    #[must_use]
    pub fn open_where(&self, path: &Path) -> OpenWhere<'_> {
        let ways = if path.entity == Entity::Customer { &self.customer } else { &self.deal };
        let open: Vec<_> = ways.iter().filter(|way| !way.closed.contains(path)).collect();
        if open.is_empty() {
            return OpenWhere::Nowhere;
        }
        let covers_all = open.iter().any(|way| way.scope == ScopeFilter::All && way.when.is_none());
        // Every row passed one of `any`; if these are the ways to read it and none closes the field, all are open.
        let same_ways = *ways == self.any && open.len() == ways.len();
        if covers_all || same_ways { OpenWhere::Everywhere } else { OpenWhere::Any(open) }
    }
}

impl Permit {
    /// The rows it holds for.
    #[must_use]
    pub fn filter(&self, now: Time) -> RowFilter {
        let case = Case::new(&self.rules, &self.actor, now);
        RowFilter {
            any: self.alternatives(self.action(), &case),
            never: self.refusing(self.action(), &case),
            deal: self.readable(Action::DealsRead, &case),
            customer: self.readable(Action::CustomersRead, &case),
        }
    }

    fn alternatives(&self, action: Action, case: &Case<'_>) -> Vec<Alternative> {
        if self.is_whole() {
            return vec![Alternative { scope: ScopeFilter::All, when: None, closed: BTreeSet::new() }];
        }
        self.ways(action).filter_map(|way| self.alternative(way, action, case)).collect()
    }

    /// `None`: it can hold for no row.
    fn alternative(&self, way: Way<'_>, action: Action, case: &Case<'_>) -> Option<Alternative> {
        let mut all: Vec<Predicate> = way.grant.when.iter().map(|when| predicate(when, case)).collect();
        if let Some(pool) = pooled(action).filter(|_| way.pool) {
            all.extend(self.nevers(pool).map(|when| negated(when, case)));
        }
        let closed = way.grant.hide.iter().chain(way.grant.mask.iter().map(|(path, _)| path)).cloned().collect();
        Some(Alternative { scope: self.scope(way)?, when: every(all)?, closed })
    }

    fn scope(&self, way: Way<'_>) -> Option<ScopeFilter> {
        let actor = &self.actor;
        Some(match (way.pool, way.grant.scope) {
            (true, Scope::Own) => ScopeFilter::Pool(actor.team.into_iter().collect()),
            (true, Scope::Team) => ScopeFilter::Pool(actor.teams.clone()),
            (true, Scope::All) => ScopeFilter::Pools,
            (false, Scope::Own) => ScopeFilter::Own(actor.user()?),
            (false, Scope::Team) => ScopeFilter::Teams(actor.user()?, actor.teams.clone()),
            (false, Scope::All) => ScopeFilter::All,
        })
    }

    /// The ways to read fields, where also no `never` refuses it.
    fn readable(&self, action: Action, case: &Case<'_>) -> Vec<Alternative> {
        let mut ways = self.alternatives(action, case);
        if self.action() == action {
            return ways;
        }
        let never: Vec<Predicate> = self.nevers(action).map(|when| negated(when, case)).collect();
        if !self.is_whole() && !never.is_empty() {
            ways.retain_mut(|way| {
                let Some(when) = every(way.when.iter().chain(&never).cloned().collect()) else { return false };
                way.when = when;
                true
            });
        }
        ways
    }

    fn refusing(&self, action: Action, case: &Case<'_>) -> Vec<Predicate> {
        if self.is_whole() {
            return Vec::new();
        }
        let actions = std::iter::once(action).chain(also_refusing(action));
        actions
            .flat_map(|action| self.nevers(action))
            .map(|when| when.map_or(Predicate::Known(Some(true)), |when| predicate(when, case)))
            .filter(|never| *never != Predicate::Known(Some(false)))
            .collect()
    }
}

/// A condition that cannot be said in SQL is unknown of every row, which denies on both sides; the checker of the rules
/// lets none pass in grants that read.
fn predicate(when: &Expression, case: &Case<'_>) -> Predicate {
    when.predicate(case, &case.rules.calendar).unwrap_or(Predicate::Known(None))
}

fn negated(when: Option<&Expression>, case: &Case<'_>) -> Predicate {
    let never = when.map_or(Predicate::Known(Some(true)), |when| predicate(when, case));
    match never {
        Predicate::Known(known) => Predicate::Known(known.map(|known| !known)),
        other => Predicate::Not(Box::new(other)),
    }
}

/// All of them: `None` if they can never be true together, `Some(None)` if they always are.
fn every(all: Vec<Predicate>) -> Option<Option<Predicate>> {
    let mut left: Vec<Predicate> = Vec::with_capacity(all.len());
    for one in all {
        match one {
            Predicate::Known(Some(true)) => {}
            Predicate::Known(Some(false) | None) => return None,
            other => left.push(other),
        }
    }
    Some(match left.len() {
        0 | 1 => left.pop(),
        _ => Some(Predicate::And(left)),
    })
}
