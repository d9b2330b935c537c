//! The words an expression may use: what the company declared, and the closed set of built-in names, by place.
//!
//! The checker of the rules fills a `Vocabulary` from the file, as far as the file is right; a field whose own
//! declaration is faulty is entered as `Type::Faulty`, so that one mistake is told once.

use crate::rules::model::FieldKind;
use crate::texts::Arg;
use crate::values::{Currency, Key};
use indexmap::IndexMap;
use std::borrow::Cow;
use std::sync::Arc;

/// Where an expression stands: it decides which names and functions it may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// Grants that read (R): everything must translate to SQL.
    Read,
    /// Moves, criteria, validations, grants that write, `never` (M).
    Decision,
    /// Conditions of grades (G).
    Grade,
    /// Cases of figures and limits (F).
    Figure,
}

/// The values a choice can have.
pub type Domain = Arc<[Key]>;

/// The type of an expression or a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    Bool,
    Int,
    Number,
    /// Free text, phone, e-mail, URL.
    Text,
    Choice(Domain),
    Choices(Domain),
    /// A stage: written `intent` inside a funnel's part of the file, `standard/intent` outside.
    Stage(Domain),
    /// Of one currency, where that is known beforehand.
    Money(Option<Currency>),
    Date,
    Time,
    /// Elapsed time.
    Duration,
    User,
    Team,
    /// The customer's contacts.
    Contacts,
    /// Declared with a mistake that is told elsewhere: goes with everything, and nothing is said about it.
    Faulty,
}

impl Place {
    /// Its letter in the reference.
    pub(super) fn letter(self) -> &'static str {
        match self {
            Self::Read => "R",
            Self::Decision => "M",
            Self::Grade => "G",
            Self::Figure => "F",
        }
    }

    /// Its word in the texts.
    pub(super) fn word(self) -> Arg {
        Arg::Word(Cow::Borrowed(match self {
            Self::Read => "place_of_read",
            Self::Decision => "place_of_decision",
            Self::Grade => "place_of_grade",
            Self::Figure => "place_of_figure",
        }))
    }
}

impl Type {
    /// A choice of these.
    pub fn choice<'a>(of: impl IntoIterator<Item = &'a Key>) -> Self {
        Self::Choice(of.into_iter().cloned().collect())
    }

    /// Any number of these.
    pub fn choices<'a>(of: impl IntoIterator<Item = &'a Key>) -> Self {
        Self::Choices(of.into_iter().cloned().collect())
    }

    /// Its word in the texts.
    pub(super) fn word(&self) -> Arg {
        Arg::Word(Cow::Borrowed(match self {
            Self::Bool => "kind_of_bool",
            Self::Int => "kind_of_int",
            Self::Number => "kind_of_number",
            Self::Text => "kind_of_text",
            Self::Choice(_) => "kind_of_choice",
            Self::Choices(_) => "kind_of_choices",
            Self::Stage(_) => "kind_of_stage",
            Self::Money(_) => "kind_of_money",
            Self::Date => "kind_of_date",
            Self::Time => "kind_of_time",
            Self::Duration => "kind_of_duration",
            Self::User => "kind_of_user",
            Self::Team => "kind_of_team",
            Self::Contacts => "kind_of_contacts",
            Self::Faulty => "kind_of_faulty",
        }))
    }
}

impl From<&FieldKind> for Type {
    fn from(kind: &FieldKind) -> Self {
        match kind {
            FieldKind::Text { .. } | FieldKind::Phone | FieldKind::Email | FieldKind::Url => Self::Text,
            FieldKind::Choice { of } => Self::choice(of.keys()),
            FieldKind::Choices { of } => Self::choices(of.keys()),
            FieldKind::Number => Self::Number,
            FieldKind::Money { currency } => Self::Money(Some(*currency)),
            FieldKind::Date => Self::Date,
            FieldKind::Time => Self::Time,
            FieldKind::Bool => Self::Bool,
            FieldKind::User => Self::User,
        }
    }
}

/// What the company declared, as far as expressions can name it.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    pub customer: IndexMap<Key, Type>,
    pub deal: IndexMap<Key, Type>,
    pub user: IndexMap<Key, Type>,
    /// Stage ids by funnel.
    pub funnels: IndexMap<Key, Vec<Key>>,
    /// The funnel whose part of the file the expression stands in: there a stage is named by its id alone
    /// (`intent`); outside any funnel (`None`) with its funnel (`standard/intent`).
    pub funnel: Option<Key>,
    pub products: Vec<Key>,
    pub grades: Vec<Key>,
    /// Outcomes by kind of activity.
    pub activities: IndexMap<Key, Vec<Key>>,
    pub roles: Vec<Key>,
    /// Reasons of all `lost` stages.
    pub lost_reasons: Vec<Key>,
    /// Ids of moves.
    pub moves: Vec<Key>,
    pub currency: Currency,
}

impl Vocabulary {
    /// Nothing declared yet.
    #[must_use]
    pub fn new(currency: Currency) -> Self {
        Self {
            customer: IndexMap::new(),
            deal: IndexMap::new(),
            user: IndexMap::new(),
            funnels: IndexMap::new(),
            funnel: None,
            products: Vec::new(),
            grades: Vec::new(),
            activities: IndexMap::new(),
            roles: Vec::new(),
            lost_reasons: Vec::new(),
            moves: Vec::new(),
            currency,
        }
    }

    /// The same words inside a funnel's part of the file, or outside any.
    #[must_use]
    pub fn within(&self, funnel: Option<&Key>) -> Self {
        Self { funnel: funnel.cloned(), ..self.clone() }
    }

    /// The type of a stage here, with further values that stand for no stage.
    pub(super) fn stages(&self, further: &[Key]) -> Type {
        let qualified = |(funnel, stages): (&Key, &Vec<Key>)| -> Vec<Key> {
            stages.iter().map(|stage| Key::from(format!("{funnel}/{stage}"))).collect()
        };
        let stages: Vec<Key> = match &self.funnel {
            Some(funnel) => match self.funnels.get(funnel) {
                Some(stages) => stages.clone(),
                None => return Type::Faulty,
            },
            None => self.funnels.iter().flat_map(qualified).collect(),
        };
        Type::Stage(stages.iter().chain(further).cloned().collect())
    }
}
