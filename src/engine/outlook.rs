//! What roles can ever do and see, whatever the row: for what describes the product to a role before there is a row.
//!
//! A permit answers for one row; this answers for all of them together, and where it cannot tell it says more: a field may
//! be named as perhaps hidden that never is, never the other way round.

use super::permission::{also_refusing, grants, pooled};
use crate::rules::expression::{Entity, Path};
use crate::rules::model::{Action, Grant, Rules, Scope};
use crate::values::Key;

/// What somebody with these roles can ever do and see.
#[derive(Clone, Copy, Debug)]
pub struct Outlook<'a> {
    rules: &'a Rules,
    roles: &'a [Key],
}

/// The ways in which a field can show on the rows that are seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FieldOutlook {
    /// Whole on some.
    pub open: bool,
    /// As a part of its text on some.
    pub masked: bool,
    /// Not at all on some.
    pub hidden: bool,
}

impl FieldOutlook {
    /// Whether anything of it is ever seen.
    #[must_use]
    pub fn is_seen(self) -> bool {
        self.open || self.masked
    }
}

/// A grant, and whether it leads to deals that nobody owns.
#[derive(Clone, Copy)]
struct Way<'a> {
    grant: &'a Grant,
    pool: bool,
}

impl Way<'_> {
    /// Whether it surely leads to every row that `other` leads to.
    fn covers(self, other: Way<'_>) -> bool {
        let same_rows = self.pool == other.pool || (!self.pool && self.grant.scope == Scope::All);
        self.grant.when.is_none() && same_rows && self.grant.scope >= other.grant.scope
    }

    fn hides(self, path: &Path) -> bool {
        self.grant.hide.contains(path)
    }

    fn masks(self, path: &Path) -> bool {
        !self.hides(path) && self.grant.mask.iter().any(|(masked, _)| masked == path)
    }

    fn opens(self, path: &Path) -> bool {
        !self.hides(path) && !self.masks(path)
    }
}

/// The actions that answer with a deal.
const DEALS: [Action; 7] = [
    Action::DealsRead,
    Action::DealsCreate,
    Action::DealsWrite,
    Action::DealsMove,
    Action::DealsGrade,
    Action::DealsAssign,
    Action::DealsRelease,
];

/// The actions that answer with a customer.
const CUSTOMERS: [Action; 2] = [Action::CustomersRead, Action::CustomersWrite];

impl<'a> Outlook<'a> {
    #[must_use]
    pub fn new(rules: &'a Rules, roles: &'a [Key]) -> Self {
        Self { rules, roles }
    }

    #[must_use]
    pub fn rules(&self) -> &'a Rules {
        self.rules
    }

    #[must_use]
    pub fn roles(&self) -> &'a [Key] {
        self.roles
    }

    /// Whether the action can be permitted on any row.
    #[must_use]
    pub fn may(&self, action: Action) -> bool {
        self.ways(action).next().is_some()
    }

    /// How a field shows in what is answered about deals: the deal's own, or its customer's.
    #[must_use]
    pub fn of_deal(&self, path: &Path) -> FieldOutlook {
        self.field(path, &DEALS)
    }

    /// How a field of a customer shows in what is answered about him.
    #[must_use]
    pub fn of_customer(&self, path: &Path) -> FieldOutlook {
        self.field(path, &CUSTOMERS)
    }

    /// Whether they surely read every deal and every customer, and each of these fields whole on all of them.
    #[must_use]
    pub fn reads_all<'p>(&self, mut fields: impl Iterator<Item = &'p Path>) -> bool {
        let everywhere = |action: Action, opens: &dyn Fn(Way<'_>) -> bool| {
            let whole = |way: &Way<'_>| !way.pool && way.grant.scope == Scope::All && way.grant.when.is_none();
            self.nevers(action).next().is_none() && self.ways(action).any(|way| whole(&way) && opens(way))
        };
        everywhere(Action::DealsRead, &|_| true)
            && everywhere(Action::CustomersRead, &|_| true)
            && fields.all(|path| everywhere(self.reading(path), &|way| way.opens(path)))
    }

    /// Whether the action can ever write the field.
    #[must_use]
    pub fn writes(&self, action: Action, path: &Path) -> bool {
        // Who would write back what a mask left of it may not write it.
        let reading = self.reading(path);
        let whole = self.leads_unread(action, reading) || self.ways(reading).any(|way| way.opens(path));
        whole && self.ways(action).any(|way| way.opens(path) && !way.grant.read_only.contains(path))
    }

    /// Whether a move that names these roles can be theirs.
    #[must_use]
    pub fn is_for(&self, by: &[Key]) -> bool {
        by.is_empty() || by.iter().any(|role| self.roles.contains(role))
    }

    fn reading(&self, path: &Path) -> Action {
        if path.entity == Entity::Customer { Action::CustomersRead } else { Action::DealsRead }
    }

    fn field(&self, path: &Path, answering: &[Action]) -> FieldOutlook {
        let reading = self.reading(path);
        let ways: Vec<Way<'_>> = self.ways(reading).collect();
        // What another grant opens on all the same rows is open there.
        let counts = |way: &Way<'_>| way.opens(path) || !ways.iter().any(|open| open.opens(path) && open.covers(*way));
        let counted: Vec<Way<'_>> = ways.iter().copied().filter(counts).collect();
        // Rows that are answered with and not read: nothing of them is shown.
        let mut others = answering.iter().filter(|action| **action != reading);
        let unread = others.any(|action| self.leads_unread(*action, reading));
        FieldOutlook {
            open: counted.iter().any(|way| way.opens(path)),
            masked: counted.iter().any(|way| way.masks(path)),
            hidden: unread || counted.iter().any(|way| way.hides(path)),
        }
    }

    /// Whether the action can be permitted on rows that may not be read.
    fn leads_unread(&self, action: Action, reading: Action) -> bool {
        let mut nevers = std::iter::once(reading).chain(pooled(reading)).flat_map(|action| self.nevers(action));
        let sometimes_never = nevers.next().is_some();
        self.ways(action).any(|way| sometimes_never || !self.ways(reading).any(|read| read.covers(way)))
    }

    /// The grants that lead to any row for the action.
    fn ways(&self, action: Action) -> impl Iterator<Item = Way<'a>> {
        let own_pool = matches!(action, Action::PoolRead | Action::PoolDealOut);
        let refused = self.is_refused(action) || also_refusing(action).is_some_and(|also| self.is_refused(also));
        let pooled = pooled(action).filter(|pool| !self.is_refused(*pool));
        let own = grants(self.rules, self.roles, action).map(move |grant| Way { grant, pool: own_pool });
        let pool = pooled.into_iter().flat_map(|action| grants(self.rules, self.roles, action));
        own.chain(pool.map(|grant| Way { grant, pool: true })).filter(move |_| !refused)
    }

    fn is_refused(&self, action: Action) -> bool {
        self.nevers(action).any(|always| always)
    }

    /// What denies the action: whether always, or on some rows only.
    fn nevers(&self, action: Action) -> impl Iterator<Item = bool> {
        let roles = self.roles.iter().filter_map(|role| self.rules.roles.get(role));
        let nevers = roles.flat_map(|role| &role.never).filter(move |never| never.actions.contains(&action));
        nevers.map(|never| never.when.is_none())
    }
}
