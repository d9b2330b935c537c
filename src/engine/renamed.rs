//! What was read or kept under other names than those that count now: a record as it would be after a change of rules, a
//! kept decision as it is called by now. Who says what became of an id differs (`Becomes`); what is an id does not.
//!
//! Of a kept decision, what went and became nothing is left out, as is what has become one with others: it is not all that
//! there is to say of that. Whoever asks for it finds that it is not known.

use super::decision::{FactsRead, Readings};
use super::facts::{Deal, DealFacts, FieldValues, Person};
use super::grounds::Ground;
use crate::rules::migrate::{Migration, What};
use crate::rules::renames::{Renames, name_before_it_went};
use crate::values::{Key, Value};
use smallvec::SmallVec;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Who says what became of things.
pub(super) trait Becomes {
    /// The id of what a thing became, to which these lead; `None`: it is called as it was.
    fn id_now(&self, what: What, path: &[&str]) -> Option<Key>;
}

/// By one change of rules.
impl Becomes for Migration {
    fn id_now(&self, what: What, path: &[&str]) -> Option<Key> {
        self.target(what, path).cloned()
    }
}

/// By all changes since a version.
#[derive(Clone, Copy)]
struct Since<'r> {
    renames: &'r Renames,
    made_under: i64,
}

impl Becomes for Since<'_> {
    fn id_now(&self, what: What, path: &[&str]) -> Option<Key> {
        let now = self.renames.follow(what, path, self.made_under).path;
        now.last().filter(|now| path.last() != Some(now)).map(|now| Key::new(now))
    }
}

/// Gives an id the name that it has now; `above` leads to it.
fn becomes(id: &mut Key, what: What, above: &[&str], by: &impl Becomes) {
    let path: SmallVec<[&str; 3]> = above.iter().copied().chain([id.as_str()]).collect();
    let now = by.id_now(what, &path);
    drop(path);
    if let Some(now) = now {
        *id = now;
    }
}

/// The same for what was chosen in a field.
fn choices(value: &mut Value, record: &str, field: &str, by: &impl Becomes) {
    let choice = |id: &mut Key| becomes(id, What::Choice, &[record, field], by);
    match value {
        Value::Choice(id) => choice(id),
        Value::Choices(ids) => ids.iter_mut().for_each(choice),
        _ => {}
    }
}

/// Somebody's roles, as they are called now, each once.
pub(super) fn roles(roles: &[Key], by: &impl Becomes) -> Vec<Key> {
    let mut now: Vec<Key> = Vec::with_capacity(roles.len());
    for role in roles {
        let mut role = role.clone();
        becomes(&mut role, What::Role, &[], by);
        if !now.contains(&role) {
            now.push(role);
        }
    }
    now
}

/// A deal as it would be after the change of rules.
pub(super) fn migrated<'r>(record: &'r DealFacts, migration: &Migration) -> Cow<'r, DealFacts> {
    if migration.mappings.is_empty() {
        return Cow::Borrowed(record);
    }
    let mut then = record.clone();
    deal(&mut then.deal, migration);
    let funnel = record.deal.funnel.as_str();
    then.visits.iter_mut().for_each(|visit| becomes(&mut visit.stage, What::Stage, &[funnel], migration));
    fields(&mut then.customer.fields, "customer", migration);
    for activity in &mut then.activities {
        let kind = activity.kind.clone();
        becomes(&mut activity.kind, What::Activity, &[], migration);
        activity.outcome.iter_mut().for_each(|one| becomes(one, What::Outcome, &[kind.as_str()], migration));
        activity.method.iter_mut().for_each(|one| becomes(one, What::Method, &[], migration));
    }
    then.owner.iter_mut().for_each(|owner| person(owner, migration));
    Cow::Owned(then)
}

/// The deal itself as it would be after the change of rules.
pub(super) fn deal(deal: &mut Deal, migration: &Migration) {
    let (funnel, stage) = (deal.funnel.clone(), deal.stage.clone());
    let at = [funnel.as_str(), stage.as_str()];
    deal.reason.iter_mut().for_each(|reason| becomes(reason, What::Reason, &at, migration));
    deal.lost_from.iter_mut().for_each(|stage| becomes(stage, What::Stage, &[funnel.as_str()], migration));
    becomes(&mut deal.stage, What::Stage, &[funnel.as_str()], migration);
    deal.grade.iter_mut().for_each(|grade| becomes(grade, What::Grade, &[], migration));
    deal.product.iter_mut().for_each(|product| becomes(product, What::Product, &[], migration));
    fields(&mut deal.fields, "deal", migration);
}

/// Somebody as they would be after the change of rules.
pub(super) fn person(person: &mut Person, migration: &Migration) {
    fields(&mut person.fields, "user", migration);
    person.roles = roles(&person.roles, migration);
    person.holdings =
        std::mem::take(&mut person.holdings).into_iter().fold(BTreeMap::new(), |mut held, ((funnel, stage), n)| {
            let to = migration.target(What::Stage, &[funnel.as_str(), stage.as_str()]).cloned().unwrap_or(stage);
            *held.entry((funnel, to)).or_default() += n;
            held
        });
}

/// Fields of a record, under the names that they would have, with the choices that there would be.
pub(super) fn fields(values: &mut FieldValues, record: &str, migration: &Migration) {
    *values = std::mem::take(values)
        .into_iter()
        .map(|(field, mut value)| {
            choices(&mut value, record, &field, migration);
            let name = migration.target(What::Field, &[record, field.as_str()]).cloned().unwrap_or(field);
            (name, value)
        })
        .collect();
}

/// A kept decision as it is called by now.
#[derive(Clone, Debug, PartialEq)]
pub struct Renamed {
    pub facts: FactsRead,
    /// Of who acted. One that went is called as no other can be.
    pub roles: Vec<Key>,
}

/// What was kept under a version of the rules, as it is called by now; `None`: as it was.
#[must_use]
pub fn renamed(facts: &FactsRead, held: &[Key], renames: &Renames, made_under: i64) -> Option<Renamed> {
    if !renames.concern(made_under) {
        return None;
    }
    let by = Since { renames, made_under };
    let kept = Record { by, funnel: funnel_of(facts), to: choice(facts, "move.to") };
    let (values, personal) = (kept.readings(&facts.values), kept.readings(&facts.personal));
    let roles = roles(held, &by);
    if values.is_none() && personal.is_none() && roles == held {
        return None;
    }
    let facts = FactsRead {
        values: values.unwrap_or_else(|| facts.values.clone()),
        personal: personal.unwrap_or_else(|| facts.personal.clone()),
    };
    Some(Renamed { facts, roles })
}

/// What refused a decision that was kept under a version of the rules, at the stage as it is called by now. `facts`: as they
/// were kept.
#[must_use]
pub fn renamed_ground(ground: Ground, facts: &FactsRead, renames: &Renames, made_under: i64) -> Ground {
    match (&ground.stage, funnel_of(facts)) {
        (Some(stage), Some(funnel)) => {
            let now = renames.stage_now(funnel, stage, made_under);
            ground.at(&now)
        }
        _ => ground,
    }
}

fn funnel_of(facts: &FactsRead) -> Option<&Key> {
    choice(facts, "deal.funnel")
}

fn choice<'f>(facts: &'f FactsRead, name: &str) -> Option<&'f Key> {
    match facts.values.get(name) {
        Some(Some(Value::Choice(id))) => Some(id),
        _ => None,
    }
}

/// What a part of a record is by now.
enum Now<T> {
    AsItWas,
    Other(T),
    /// Not all is known of what it has become.
    Unknown,
}

/// Facts whose values are stages of the deal's funnel.
const STAGES: [&str; 4] = ["deal.stage", "move.from", "move.to", "deal.lost_from"];

/// A record of facts under the names of its time.
struct Record<'a> {
    by: Since<'a>,
    funnel: Option<&'a Key>,
    /// Where a move was to lead.
    to: Option<&'a Key>,
}

impl Record<'_> {
    /// `None`: all of them are as they were. Most are: nothing is copied before the first that is not.
    fn readings(&self, kept: &Readings) -> Option<Readings> {
        let part = |(name, value)| (self.name(name), self.value(name, value));
        let first = kept.iter().position(|one| !matches!(part(one), (Now::AsItWas, Now::AsItWas)))?;
        let copy = |(name, value): (&Key, Option<&Value>)| (name.clone(), value.cloned());
        let mut now: Readings = kept.iter().take(first).map(copy).collect();
        now.extend(kept.iter().skip(first).filter_map(|one| {
            let (name, value) = match part(one) {
                (Now::Unknown, _) | (_, Now::Unknown) => return None,
                known => known,
            };
            let name = if let Now::Other(name) = name { name } else { one.0.clone() };
            Some((name, if let Now::Other(value) = value { Some(value) } else { one.1.cloned() }))
        }));
        Some(now)
    }

    /// What a fact is called; unknown: it says not all of what it is called now.
    fn name(&self, name: &Key) -> Now<Key> {
        if let Some((stage, after)) = name.strip_prefix("dwelt(").and_then(|rest| rest.split_once(')')) {
            let Some(funnel) = self.funnel else { return Now::AsItWas };
            return self.named(What::Stage, &[funnel, stage], |now| format!("dwelt({}){after}", last(now)));
        }
        for before in ["entered(\"", "owner.holding(\"", "receiver.holding(\""] {
            let place =
                name.strip_prefix(before).and_then(|rest| rest.strip_suffix("\")")).and_then(|at| at.split_once('/'));
            if let Some((funnel, stage)) = place {
                return self.named(What::Stage, &[funnel, stage], |now| format!("{before}{funnel}/{}\")", last(now)));
            }
        }
        for before in ["count(\"", "last(\""] {
            if let Some((kind, after)) = name.strip_prefix(before).and_then(|rest| rest.split_once('"')) {
                let outcome = after.strip_prefix(", \"").and_then(|rest| rest.split_once('"'));
                return match outcome {
                    // A span is none that was ever renamed.
                    Some((outcome, after)) => self.named(What::Outcome, &[kind, outcome], |now| {
                        format!("{before}{}\", \"{}\"{after}", first(now), last(now))
                    }),
                    None => self.named(What::Activity, &[kind], |now| format!("{before}{}\"{after}", last(now))),
                };
            }
        }
        match name.split_once('.').and_then(|(entity, field)| Some((entity, record_of(entity)?, field))) {
            Some((entity, record, field)) => {
                self.named(What::Field, &[record, field], |now| format!("{entity}.{}", last(now)))
            }
            None => Now::AsItWas,
        }
    }

    fn named(&self, what: What, path: &[&str], made: impl Fn(&[&str]) -> String) -> Now<Key> {
        let now = self.by.renames.follow(what, path, self.by.made_under);
        match (now.merged, now.path.as_slice() == path) {
            (true, _) => Now::Unknown,
            (false, true) => Now::AsItWas,
            (false, false) => Now::Other(Key::from(made(&now.path))),
        }
    }

    /// The value of a fact; unknown: it went and became nothing. A stage that went is none of the funnel's: that is known.
    fn value(&self, name: &str, kept: Option<&Value>) -> Now<Value> {
        let Some(kept @ (Value::Choice(_) | Value::Choices(_))) = kept else { return Now::AsItWas };
        let mut value = kept.clone();
        let mut may_be_gone = true;
        match (name, &mut value, self.funnel) {
            (name, Value::Choice(stage), Some(funnel)) if STAGES.contains(&name) => {
                becomes(stage, What::Stage, &[funnel], &self.by);
                may_be_gone = false;
            }
            ("move.reason", Value::Choice(reason), Some(funnel)) => {
                if let Some(to) = self.to {
                    becomes(reason, What::Reason, &[funnel, to], &self.by);
                }
            }
            ("deal.product", Value::Choice(product), _) => becomes(product, What::Product, &[], &self.by),
            ("deal.grade", Value::Choice(grade), _) => becomes(grade, What::Grade, &[], &self.by),
            ("user.roles" | "owner.roles" | "receiver.roles", Value::Choices(held), _) => *held = roles(held, &self.by),
            (name, ..) => {
                if let Some((entity, field)) = name.split_once('.')
                    && let Some(record) = record_of(entity)
                {
                    choices(&mut value, record, field, &self.by);
                }
            }
        }
        let is_gone = |id: &Key| name_before_it_went(id).is_some();
        let went = match &value {
            Value::Choice(id) => is_gone(id),
            Value::Choices(ids) => ids.iter().any(is_gone),
            _ => false,
        };
        match (may_be_gone && went, value == *kept) {
            (true, _) => Now::Unknown,
            (false, true) => Now::AsItWas,
            (false, false) => Now::Other(value),
        }
    }
}

/// The kind of record whose fields somebody's or something's are.
fn record_of(entity: &str) -> Option<&'static str> {
    match entity {
        "deal" => Some("deal"),
        "customer" => Some("customer"),
        "user" | "owner" | "receiver" => Some("user"),
        _ => None,
    }
}

fn first<'a>(path: &[&'a str]) -> &'a str {
    path.first().copied().unwrap_or_default()
}

fn last<'a>(path: &[&'a str]) -> &'a str {
    path.last().copied().unwrap_or_default()
}
