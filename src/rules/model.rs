//! The rules, checked and compiled: what the engine decides by. Made only by `rules::check`; every id in here exists.

pub use super::action::Action;
use super::calendar::Calendar;
pub use super::criterion::{ContractState, Criterion, CriterionKind, Different, Mode};
use super::expression::{Expression, Path};
use super::migrate::Migration;
use crate::values::{Currency, Date, Decimal, Key, Language, Localized};
use indexmap::IndexMap;
use std::collections::BTreeSet;

/// One company's rules.
#[derive(Debug)]
pub struct Rules {
    /// Version of the format of the file (1).
    pub format: u32,
    /// Languages of labels and messages; the first is what others fall back on.
    pub languages: Vec<Language>,
    pub currency: Currency,
    /// ISO 3166 code of the country whose phone numbers need no country code.
    pub country: Option<String>,
    pub calendar: Calendar,
    pub fields: Fields,
    /// Combinations of customer fields that mean "the same customer".
    pub unique: Vec<Combination>,
    pub products: IndexMap<Key, Choice>,
    pub activities: IndexMap<Key, ActivityKind>,
    pub methods: IndexMap<Key, Method>,
    /// The first whose condition holds is a deal's grade.
    pub grades: Vec<Grade>,
    pub validations: Vec<Validation>,
    pub funnels: IndexMap<Key, Funnel>,
    pub roles: IndexMap<Key, Role>,
    pub first_administrator: Vec<Key>,
    /// Whoever wrote a change of the rules may not be the one who makes it active.
    pub activation_by_another: bool,
    /// What becomes of things in use that these rules no longer have.
    pub migrate: Migration,
    pub scenarios: Vec<super::scenarios::Scenario>,
}

#[derive(Clone, Debug, Default)]
pub struct Fields {
    pub customer: IndexMap<Key, Field>,
    pub deal: IndexMap<Key, Field>,
    pub user: IndexMap<Key, Field>,
}

/// A field that the company declared.
#[derive(Clone, Debug)]
pub struct Field {
    pub id: Key,
    pub label: Localized,
    pub kind: FieldKind,
    /// Must be given when the record is made, and cannot be emptied.
    pub required: bool,
    /// About a person: kept apart in the log, deleted when a person is erased.
    pub personal: bool,
    /// Can be filtered and sorted by.
    pub index: bool,
    /// The amount that forecasts add.
    pub value: bool,
    pub retired: bool,
}

#[derive(Clone, Debug)]
pub enum FieldKind {
    /// `pattern` is matched against the whole normalised value; `max` counts characters.
    Text {
        pattern: Option<regex::Regex>,
        max: u32,
    },
    Choice {
        of: IndexMap<Key, Choice>,
    },
    Choices {
        of: IndexMap<Key, Choice>,
    },
    Number,
    Money {
        currency: Currency,
    },
    Date,
    Time,
    Bool,
    Phone,
    Email,
    Url,
    User,
}

/// One of a list: a choice, a product, an outcome, a reason.
#[derive(Clone, Debug)]
pub struct Choice {
    pub id: Key,
    pub label: Localized,
    /// No longer to be chosen; what has it keeps it.
    pub retired: bool,
}

/// A combination of fields of which two customers may not have the same values.
#[derive(Clone, Debug)]
pub struct Combination {
    /// The names joined with `+`: `name+city`.
    pub id: Key,
    pub fields: Vec<Key>,
}

#[derive(Clone, Debug)]
pub struct ActivityKind {
    pub id: Key,
    pub label: Localized,
    pub outcomes: IndexMap<Key, Choice>,
    pub retired: bool,
}

/// A selling method of the playbook.
#[derive(Clone, Debug)]
pub struct Method {
    pub id: Key,
    pub label: Localized,
    pub steps: Vec<Localized>,
    pub retired: bool,
}

#[derive(Debug)]
pub struct Grade {
    pub id: Key,
    pub label: Localized,
    /// `None` on the last: it takes what is left.
    pub when: Option<Expression>,
}

/// Holds on every write of a field that it names.
#[derive(Debug)]
pub struct Validation {
    pub id: Key,
    pub when: Option<Expression>,
    pub require: Expression,
    pub mode: Mode,
    pub enforce_from: Option<Date>,
    pub message: Option<Localized>,
    /// Line in the rules file, 1-based.
    pub line: u32,
}

#[derive(Debug)]
pub struct Funnel {
    pub id: Key,
    pub label: Localized,
    /// Fresh customers a seller gets each working day: for Little's law.
    pub intake_per_workday: Option<Decimal>,
    /// In the order of the funnel: one `start`, `open` ones, then `won` and `lost`.
    pub stages: Vec<Stage>,
    /// Every pair of stages between which a move exists, and the ways in; at most one each.
    pub moves: Vec<Move>,
}

#[derive(Debug)]
pub struct Stage {
    pub id: Key,
    pub kind: StageKind,
    pub label: Localized,
    /// The customer's standard state in this stage.
    pub state: Option<Localized>,
    /// Work standards of the stage.
    pub standards: Vec<Localized>,
    /// Target working time in the stage.
    pub dwell: Option<Figure<Span>>,
    /// Target share that goes on to the next stage, 0 to 1.
    pub rate: Option<Figure<Decimal>>,
    pub holding: Holding,
    pub methods: Vec<Key>,
    pub enter: Vec<Criterion>,
    /// Why a deal ends here (`lost`).
    pub reasons: IndexMap<Key, Reason>,
    pub retired: bool,
    /// Line in the rules file, 1-based.
    pub line: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StageKind {
    /// Deals begin here, and come back here.
    Start,
    Open,
    Won,
    Lost,
}

impl StageKind {
    /// What it says of the deals that stand there: that others begin where they are says nothing of them.
    #[must_use]
    pub fn of_its_deals(self) -> Self {
        match self {
            Self::Start | Self::Open => Self::Open,
            closed @ (Self::Won | Self::Lost) => closed,
        }
    }
}

/// How many deals one owner holds in a stage.
#[derive(Debug, Default)]
pub struct Holding {
    pub ideal: Option<Figure<Decimal>>,
    /// Above it a move is warned about.
    pub warn: Option<Figure<u32>>,
    /// No more can be received above it.
    pub at_most: Option<Figure<u32>>,
}

/// Why a deal was lost.
#[derive(Clone, Debug)]
pub struct Reason {
    pub id: Key,
    pub label: Localized,
    /// How long the deal is not to be taken up again.
    pub cooling: Option<Span>,
    pub retired: bool,
}

/// A figure, or a list of cases of it: the first whose condition holds.
#[derive(Debug)]
pub struct Figure<T> {
    pub cases: Vec<Case<T>>,
}

#[derive(Debug)]
pub struct Case<T> {
    /// `None` on the last.
    pub when: Option<Expression>,
    pub is: T,
}

/// A length of time as the rules say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Span {
    /// `5wd`: working days of the calendar. In thousandths, so that `1.5wd` is exact.
    WorkdaysMilli(i64),
    /// `3d`, `12h`: elapsed time, in microseconds.
    ElapsedMicros(i64),
}

/// One permitted move.
#[derive(Debug)]
pub struct Move {
    pub id: Key,
    pub from: MoveFrom,
    pub to: MoveTo,
    pub direction: Direction,
    /// Only these roles; everyone who may move deals if empty.
    pub by: Vec<Key>,
    /// A reason in words must be given (moves to `lost` stages need one of the stage's reasons anyway).
    pub reason_required: bool,
    pub when: Option<Expression>,
    /// Criteria of the move itself, besides those of the stages.
    pub enter: Vec<Criterion>,
    pub message: Option<Localized>,
    /// Line in the rules file, 1-based: of the rule that makes it, of the funnel where none is written.
    pub line: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MoveFrom {
    /// The deal is made in this stage.
    Creation,
    Stage(Key),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MoveTo {
    Stage(Key),
    /// Back to the stage from which the deal was lost.
    Origin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    Creation,
    Forward,
    Back,
    Lost,
    Reopen,
}

#[derive(Debug)]
pub struct Role {
    pub id: Key,
    pub label: Localized,
    pub may: Vec<Grant>,
    pub never: Vec<Never>,
}

/// What a role may do, to which rows, seeing which fields.
#[derive(Debug)]
pub struct Grant {
    pub actions: BTreeSet<Action>,
    pub scope: Scope,
    pub when: Option<Expression>,
    pub hide: BTreeSet<Path>,
    pub mask: Vec<(Path, Mask)>,
    pub read_only: BTreeSet<Path>,
}

/// What a role may not do even where another grant allows it.
#[derive(Debug)]
pub struct Never {
    pub actions: BTreeSet<Action>,
    pub when: Option<Expression>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Deals the caller owns.
    Own,
    /// Deals of the caller's team and those below.
    Team,
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mask {
    KeepFirst(u32),
    KeepLast(u32),
    /// Of an e-mail address or URL, only the domain.
    Domain,
    /// Of a date or time, only the year.
    Year,
}

impl Funnel {
    #[must_use]
    pub fn stage(&self, id: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.id == *id)
    }

    /// Place of a stage in the order of the funnel, from 0.
    #[must_use]
    pub fn position(&self, id: &str) -> Option<usize> {
        self.stages.iter().position(|stage| stage.id == *id)
    }
}
