//! What can be granted: the closed list of actions.

/// Everything that can be granted. Closed: a new one comes with a new `format` number once this one is released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    DealsRead,
    DealsCreate,
    DealsWrite,
    DealsMove,
    DealsGrade,
    DealsLog,
    DealsAssign,
    DealsRelease,
    CustomersRead,
    CustomersWrite,
    PoolRead,
    PoolDealOut,
    ReportsRead,
    PeopleRead,
    PeopleWrite,
    RulesRead,
    RulesDraft,
    RulesActivate,
}

impl Action {
    pub const ALL: [Self; 18] = [
        Self::DealsRead,
        Self::DealsCreate,
        Self::DealsWrite,
        Self::DealsMove,
        Self::DealsGrade,
        Self::DealsLog,
        Self::DealsAssign,
        Self::DealsRelease,
        Self::CustomersRead,
        Self::CustomersWrite,
        Self::PoolRead,
        Self::PoolDealOut,
        Self::ReportsRead,
        Self::PeopleRead,
        Self::PeopleWrite,
        Self::RulesRead,
        Self::RulesDraft,
        Self::RulesActivate,
    ];

    /// The word in the rules file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::DealsRead => "deals.read",
            Self::DealsCreate => "deals.create",
            Self::DealsWrite => "deals.write",
            Self::DealsMove => "deals.move",
            Self::DealsGrade => "deals.grade",
            Self::DealsLog => "deals.log",
            Self::DealsAssign => "deals.assign",
            Self::DealsRelease => "deals.release",
            Self::CustomersRead => "customers.read",
            Self::CustomersWrite => "customers.write",
            Self::PoolRead => "pool.read",
            Self::PoolDealOut => "pool.deal_out",
            Self::ReportsRead => "reports.read",
            Self::PeopleRead => "people.read",
            Self::PeopleWrite => "people.write",
            Self::RulesRead => "rules.read",
            Self::RulesDraft => "rules.draft",
            Self::RulesActivate => "rules.activate",
        }
    }

    /// Whether `group.*` in the rules file leaves this one out: it must be granted by its name.
    #[must_use]
    pub fn by_name_only(self) -> bool {
        matches!(self, Self::RulesActivate)
    }
}
