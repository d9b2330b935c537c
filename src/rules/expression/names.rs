//! Qualified names: what is built in, what the company declared, and where each may be used.

use super::fault::Fault;
use super::read::{Entity, Path};
use super::vocabulary::{Place, Type, Vocabulary};
use crate::rules::spelling::nearest;
use crate::values::Key;
use indexmap::IndexMap;
use std::ops::Range;

use Place::{Decision, Figure, Grade, Read};

pub(super) const EVERYWHERE: &[Place] = &[Read, Decision, Grade, Figure];

/// Built-in names under the entities: the table of the format. Within a format no name is added to `deal`,
/// `customer` and `user`: it could collide with a company's field.
const BUILT_IN: &[(Entity, &str, &[Place])] = &[
    (Entity::Deal, "funnel", EVERYWHERE),
    (Entity::Deal, "stage", EVERYWHERE),
    (Entity::Deal, "product", EVERYWHERE),
    (Entity::Deal, "origin", EVERYWHERE),
    (Entity::Deal, "state", EVERYWHERE),
    (Entity::Deal, "grade", &[Read, Decision, Figure]),
    (Entity::Deal, "owner", &[Read, Decision]),
    (Entity::Deal, "creator", &[Read, Decision]),
    (Entity::Deal, "discoverer", &[Read, Decision]),
    (Entity::Deal, "graded_by", &[Read, Decision]),
    (Entity::Deal, "created_at", &[Read, Decision]),
    (Entity::Deal, "entered_at", &[Read, Decision]),
    (Entity::Deal, "locked", &[Read, Decision]),
    (Entity::Deal, "dwell", &[Decision]),
    (Entity::Contract, "amount", &[Decision]),
    (Entity::Contract, "paid", &[Decision]),
    (Entity::Contract, "signed", &[Decision]),
    (Entity::Contract, "delivered", &[Decision]),
    (Entity::Contract, "accepted", &[Decision]),
    (Entity::Customer, "contacts", &[Decision, Grade]),
    (Entity::Customer, "open_deals", &[Decision]),
    (Entity::Customer, "won_deals", &[Decision]),
    (Entity::User, "id", OF_USER),
    (Entity::User, "roles", OF_USER),
    (Entity::User, "team", OF_USER),
    (Entity::User, "active", OF_USER),
    (Entity::Owner, "id", OF_OWNER),
    (Entity::Owner, "roles", OF_OWNER),
    (Entity::Owner, "team", OF_OWNER),
    (Entity::Owner, "active", OF_OWNER),
    (Entity::Receiver, "id", OF_RECEIVER),
    (Entity::Receiver, "roles", OF_RECEIVER),
    (Entity::Receiver, "team", OF_RECEIVER),
    (Entity::Receiver, "active", OF_RECEIVER),
    (Entity::Move, "from", &[Decision]),
    (Entity::Move, "to", &[Decision]),
    (Entity::Move, "reason", &[Decision]),
    (Entity::Move, "id", &[Decision]),
];

/// `now` and `today`.
pub(super) const OF_CLOCK: &[Place] = &[Read, Decision];
const OF_USER: &[Place] = &[Read, Decision];
const OF_OWNER: &[Place] = &[Read, Decision, Figure];
const OF_RECEIVER: &[Place] = &[Decision, Figure];

/// A bare name means the first of these that has it.
const ENTITIES: [Entity; 7] =
    [Entity::Deal, Entity::Customer, Entity::Contract, Entity::User, Entity::Owner, Entity::Receiver, Entity::Move];

pub(super) fn entity(word: &str) -> Option<Entity> {
    ENTITIES.into_iter().find(|entity| entity.word() == word)
}

/// Built-in names of an entity: the company's fields must not be called so.
pub fn built_in(of: Entity) -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().filter(move |(entity, ..)| *entity == of).map(|(_, name, _)| *name)
}

/// Everything an expression may name or call besides a company's own fields: how it is written and the letters of the
/// places where it may stand. For the reference.
#[must_use]
pub fn environment() -> Vec<(String, String)> {
    let letters = |places: &[Place]| places.iter().map(|place| place.letter()).collect::<Vec<_>>().join(" ");
    let fields = [
        ("deal.<field>", EVERYWHERE),
        ("customer.<field>", EVERYWHERE),
        ("user.<field>", OF_USER),
        ("owner.<field>", OF_OWNER),
        ("receiver.<field>", OF_RECEIVER),
        ("now", OF_CLOCK),
        ("today", OF_CLOCK),
    ];
    let fixed = BUILT_IN.iter().map(|(of, name, places)| (format!("{}.{name}", of.word()), letters(places)));
    let fields = fields.into_iter().map(|(name, places)| (name.to_owned(), letters(places)));
    let calls = super::calls::usages().map(|(usage, places)| (usage.to_owned(), letters(places)));
    fixed.chain(fields).chain(calls).collect()
}

fn declared(of: Entity, vocabulary: &Vocabulary) -> Option<(&IndexMap<Key, Type>, &'static [Place])> {
    match of {
        Entity::Deal => Some((&vocabulary.deal, EVERYWHERE)),
        Entity::Customer => Some((&vocabulary.customer, EVERYWHERE)),
        Entity::User => Some((&vocabulary.user, OF_USER)),
        Entity::Owner => Some((&vocabulary.user, OF_OWNER)),
        Entity::Receiver => Some((&vocabulary.user, OF_RECEIVER)),
        Entity::Contract | Entity::Move => None,
    }
}

/// Type of a name and the places where it may stand.
fn resolve(of: Entity, name: &str, vocabulary: &Vocabulary) -> Option<(Type, &'static [Place])> {
    let found = BUILT_IN.iter().find(|(entity, built_in, _)| *entity == of && *built_in == name);
    if let Some((_, _, places)) = found {
        return Some((built_in_type(of, name, vocabulary), places));
    }
    let (fields, places) = declared(of, vocabulary)?;
    fields.get(name).map(|kind| (kind.clone(), places))
}

fn built_in_type(of: Entity, name: &str, vocabulary: &Vocabulary) -> Type {
    let fixed = |of: &[&str]| Type::Choice(of.iter().map(|word| Key::new(word)).collect());
    match (of, name) {
        (Entity::Deal, "funnel") => Type::choice(vocabulary.funnels.keys()),
        (Entity::Deal, "stage") => vocabulary.stages(&[]),
        (Entity::Deal, "product") => Type::choice(&vocabulary.products),
        (Entity::Deal, "origin") => fixed(&["supplied", "discovered"]),
        (Entity::Deal, "state") => fixed(&["open", "won", "lost"]),
        (Entity::Deal, "grade") => Type::choice(&vocabulary.grades),
        (Entity::Deal, "created_at" | "entered_at") => Type::Time,
        (Entity::Deal, "dwell") => Type::Number,
        (Entity::Contract, "amount" | "paid") => Type::Money(None),
        (Entity::Customer, "contacts") => Type::Contacts,
        (Entity::Customer, _) => Type::Int,
        (Entity::User | Entity::Owner | Entity::Receiver, "roles") => Type::choices(&vocabulary.roles),
        (Entity::User | Entity::Owner | Entity::Receiver, "team") => Type::Team,
        (Entity::Move, "from") => vocabulary.stages(&[Key::new("creation")]),
        (Entity::Move, "to") => vocabulary.stages(&[]),
        (Entity::Move, "reason") => Type::choice(&vocabulary.lost_reasons),
        (Entity::Move, _) => Type::choice(&vocabulary.moves),
        (Entity::Deal, "locked") | (Entity::Contract, _) | (_, "active") => Type::Bool,
        (Entity::Deal | Entity::User | Entity::Owner | Entity::Receiver, _) => Type::User,
    }
}

/// All names of an entity that may stand in a place.
fn names(of: Entity, place: Place, vocabulary: &Vocabulary) -> Vec<&str> {
    let fields = declared(of, vocabulary).filter(|(_, places)| places.contains(&place));
    let fields = fields.into_iter().flat_map(|(fields, _)| fields.keys().map(Key::as_str));
    let fixed = BUILT_IN.iter().filter(|(entity, _, places)| *entity == of && places.contains(&place));
    fixed.map(|(_, name, _)| *name).chain(fields).collect()
}

fn has_name(of: Entity, name: &str, place: Place, vocabulary: &Vocabulary) -> bool {
    resolve(of, name, vocabulary).is_some_and(|(_, places)| places.contains(&place))
}

/// `entity.name`, checked for its place.
pub(super) fn qualified(
    (word, name): (&str, &str),
    at: &Range<usize>,
    place: Place,
    vocabulary: &Vocabulary,
) -> Result<(Path, Type), Fault> {
    let whole = format!("{word}.{name}");
    let Some(of) = entity(word) else {
        let meant = nearest(word, ENTITIES.map(Entity::word)).map(|word| format!("{word}.{name}"));
        return Err(Fault::new(at, "expression_unknown_name").with("name", whole).suggest(meant));
    };
    match resolve(of, name, vocabulary) {
        Some((kind, places)) if places.contains(&place) => Ok((Path { entity: of, name: Key::new(name) }, kind)),
        Some(_) => Err(not_here(&whole, at, place)),
        None => {
            let meant = nearest(name, names(of, place, vocabulary)).map(|name| format!("{word}.{name}"));
            let elsewhere = || ENTITIES.into_iter().find(|other| has_name(*other, name, place, vocabulary));
            let meant = meant.or_else(|| elsewhere().map(|other| format!("{}.{name}", other.word())));
            Err(Fault::new(at, "expression_unknown_name").with("name", whole).suggest(meant))
        }
    }
}

/// A name that stands alone and is none of the language's own.
pub(super) fn bare(name: &str, at: &Range<usize>, place: Place, vocabulary: &Vocabulary) -> Fault {
    let fault = |code| Fault::new(at, code).with("name", name);
    match name.to_ascii_lowercase().as_str() {
        "null" | "nil" | "none" | "undefined" => return fault("expression_null"),
        "true" | "yes" => return fault("expression_truth").suggest(Some("true".to_owned())),
        "false" | "no" => return fault("expression_truth").suggest(Some("false".to_owned())),
        _ => {}
    }
    if let Some(of) = entity(name) {
        let example = names(of, place, vocabulary).first().map(|name| format!("{}.{name}", of.word()));
        return fault("expression_incomplete_name").suggest(example);
    }
    if let Some(of) = ENTITIES.into_iter().find(|of| has_name(*of, name, place, vocabulary)) {
        return fault("expression_bare_name").suggest(Some(format!("{}.{name}", of.word())));
    }
    let meant = nearest(name, ["now", "today"]).map(str::to_owned).or_else(|| {
        let nearest = |of: Entity| Some((of, nearest(name, names(of, place, vocabulary))?));
        ENTITIES.into_iter().find_map(nearest).map(|(of, name)| format!("{}.{name}", of.word()))
    });
    fault("expression_unknown_name").suggest(meant)
}

pub(super) fn not_here(name: &str, at: &Range<usize>, place: Place) -> Fault {
    Fault::new(at, "expression_not_here").with("name", name).with("place", place.word())
}
