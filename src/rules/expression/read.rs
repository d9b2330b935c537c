//! What expressions ask for. Arguments are literals, so the facts of a decision are known when the file is checked.

use crate::rules::model::Span;
use crate::values::{Date, Key, Time, Value};
use std::borrow::Cow;
use std::fmt;

/// What an expression reads: a qualified name such as `deal.grade` or `customer.size`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path {
    pub entity: Entity,
    pub name: Key,
}

impl Path {
    /// A qualified name, if that is what it is and it belongs to somebody's fields.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let (entity, field) = name.split_once('.')?;
        let entity = match entity {
            "deal" => Entity::Deal,
            "customer" => Entity::Customer,
            "contract" => Entity::Contract,
            "owner" => Entity::Owner,
            "receiver" => Entity::Receiver,
            "user" => Entity::User,
            _ => return None,
        };
        let plain = !field.is_empty() && field.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        plain.then(|| Self { entity, name: Key::new(field) })
    }
}

/// Whose value a name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entity {
    Deal,
    Customer,
    Contract,
    /// Who acts.
    User,
    /// Who holds the deal.
    Owner,
    /// Who would get the deal.
    Receiver,
    Move,
}

/// A fact that an expression asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Read {
    Field(Path),
    /// `count("call")`, `count("call", "reached")`, `count("call", "20wd")`, `count("call", "reached", "20wd")`
    Count {
        kind: Key,
        outcome: Option<Key>,
        within: Option<Span>,
    },
    /// `last("call", "reached")`
    Last {
        kind: Key,
        outcome: Option<Key>,
    },
    /// `entered("contacted")`: when the deal last came into that stage; missing in another funnel.
    Entered {
        funnel: Key,
        stage: Key,
    },
    /// `owner.holding("intent")`
    Holding {
        entity: Entity,
        funnel: Key,
        stage: Key,
    },
    Now,
    Today,
}

/// What is so at the moment of a decision. `None` = missing; blank texts and empty lists count as missing too.
pub trait Facts {
    /// `Read::Now` and `Read::Today` are never asked here, but by the functions below.
    ///
    /// Types: `deal.stage`, `move.from`, `move.to` are a `Value::Choice` of the stage's id alone (`intent`), `move.from`
    /// of a new deal is `creation`; choices and roles `Choice`, `Choices`; `count`, `holding`, `customer.open_deals`
    /// are `Int`; `deal.dwell` is a `Number` of working days; `last`, `entered` a `Time`; contacts `Records` of
    /// `name phone email role`; `user.team` is a `Team`.
    fn read(&self, read: &Read) -> Option<Cow<'_, Value>>;
    fn now(&self) -> Time;
    /// The date of `now` in the rules' time zone.
    fn today(&self) -> Date;
}

impl Entity {
    /// The word in the rules file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Deal => "deal",
            Self::Customer => "customer",
            Self::Contract => "contract",
            Self::User => "user",
            Self::Owner => "owner",
            Self::Receiver => "receiver",
            Self::Move => "move",
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.entity.word(), self.name)
    }
}

/// As it is written in an expression; inside and outside of a funnel alike with the stage's funnel.
impl fmt::Display for Read {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(path) => path.fmt(f),
            Self::Count { kind, outcome: None, within: None } => write!(f, "count(\"{kind}\")"),
            Self::Count { kind, outcome: Some(outcome), within: None } => write!(f, "count(\"{kind}\", \"{outcome}\")"),
            Self::Count { kind, outcome: None, within: Some(span) } => write!(f, "count(\"{kind}\", \"{span}\")"),
            Self::Count { kind, outcome: Some(outcome), within: Some(span) } => {
                write!(f, "count(\"{kind}\", \"{outcome}\", \"{span}\")")
            }
            Self::Last { kind, outcome: None } => write!(f, "last(\"{kind}\")"),
            Self::Last { kind, outcome: Some(outcome) } => write!(f, "last(\"{kind}\", \"{outcome}\")"),
            Self::Entered { funnel, stage } => write!(f, "entered(\"{funnel}/{stage}\")"),
            Self::Holding { entity, funnel, stage } => write!(f, "{}.holding(\"{funnel}/{stage}\")", entity.word()),
            Self::Now => f.write_str("now"),
            Self::Today => f.write_str("today"),
        }
    }
}
