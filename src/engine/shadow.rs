//! Shadow: what other rules say to what was decided a moment ago under the active ones. From the facts that the decision
//! was made on, by the very functions that decide; with nothing written, and nobody told but who asked for it.
//!
//! What the other rules themselves rename (`migrate`) is called as it would be then: facts, the request, the roles.

mod asked;
mod customers;

pub use asked::AskedDeal;
pub use customers::{AskedCustomer, Identities};

use super::actor::Actor;
use super::decision::{Checked, CheckedKind, Decision, Refusal, RefusalKind};
use super::facts::{Customer, Deal, DealFacts, Person};
use super::permission::{Permit, permit};
use super::preview::{former_names, told_of_deals};
use super::renamed::{self, migrated};
use super::replay::{Ground, GroundKind};
use super::tally::{By, Change, fields};
use crate::rules::migrate::{Migration, What};
use crate::rules::model::{Action, Rules};
use crate::texts::{Arg, Message};
use crate::values::{Key, Time};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Groups and lines that are kept; what comes to more is counted with the rest of its operation.
const KINDS_AT_MOST: usize = 1_000;

/// The other rules, as one decision meets them: who acts under them, when.
#[derive(Clone, Copy, Debug)]
pub struct Lens<'a> {
    pub rules: &'a Arc<Rules>,
    pub actor: &'a Arc<Actor>,
    pub now: Time,
}

/// What the other rules said.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// Allowed, or refused by these.
    Decided(Result<(), Vec<Ground>>),
    /// They ask for facts that this decision was not made on.
    Lacking(Vec<String>),
}

impl<T> From<Decision<T>> for Said {
    fn from(decision: Decision<T>) -> Self {
        Self::Decided(match decision {
            Decision::Allowed(_) => Ok(()),
            Decision::Refused(refusal) => Err(grounds(&refusal)),
        })
    }
}

/// Who acts, with the roles and the fields that they would have.
#[must_use]
pub fn renamed_actor(actor: &Arc<Actor>, migration: &Migration) -> Arc<Actor> {
    if migration.mappings.is_empty() {
        return Arc::clone(actor);
    }
    let mut then = Actor { roles: renamed::roles(&actor.roles, migration), ..Actor::clone(actor) };
    renamed::fields(&mut then.fields, "user", migration);
    Arc::new(then)
}

impl Lens<'_> {
    fn migration(&self) -> &Migration {
        &self.rules.migrate
    }

    /// The permit for an action, or that there is none.
    ///
    /// # Errors
    /// The action is granted to no role of the actor.
    pub fn permit(&self, action: Action) -> Result<Permit, Said> {
        let ground = || Ground { kind: GroundKind::Permission, stage: None, id: Key::new(action.word()) };
        permit(self.rules, self.actor, action).ok_or_else(|| Said::Decided(Err(vec![ground()])))
    }

    #[must_use]
    pub fn record(&self, record: DealFacts) -> DealFacts {
        match migrated(&record, self.migration()) {
            Cow::Owned(then) => then,
            Cow::Borrowed(_) => record,
        }
    }

    #[must_use]
    pub fn customer(&self, mut customer: Customer) -> Customer {
        renamed::fields(&mut customer.fields, "customer", self.migration());
        customer
    }

    #[must_use]
    pub fn person(&self, mut somebody: Person) -> Person {
        renamed::person(&mut somebody, self.migration());
        somebody
    }

    #[must_use]
    pub fn deal(&self, mut bare: Deal) -> Deal {
        renamed::deal(&mut bare, self.migration());
        bare
    }

    #[must_use]
    pub fn stage(&self, funnel: &Key, stage: Key) -> Key {
        self.one(What::Stage, &[funnel.as_str(), stage.as_str()]).unwrap_or(stage)
    }

    #[must_use]
    pub fn reason(&self, funnel: &Key, stage: &Key, reason: Key) -> Key {
        self.one(What::Reason, &[funnel.as_str(), stage.as_str(), reason.as_str()]).unwrap_or(reason)
    }

    #[must_use]
    pub fn product(&self, product: Key) -> Key {
        self.one(What::Product, &[product.as_str()]).unwrap_or(product)
    }

    #[must_use]
    pub fn grade(&self, grade: Key) -> Key {
        self.one(What::Grade, &[grade.as_str()]).unwrap_or(grade)
    }

    fn one(&self, what: What, from: &[&str]) -> Option<Key> {
        self.migration().target(what, from).cloned()
    }

    /// Kind, outcome and method of an activity.
    pub fn activity(&self, kind: &mut Key, outcome: Option<&mut Key>, method: Option<&mut Key>) {
        if let Some(outcome) = outcome {
            let from = outcome.clone();
            *outcome = self.one(What::Outcome, &[kind.as_str(), from.as_str()]).unwrap_or(from);
        }
        let from = kind.clone();
        *kind = self.one(What::Activity, &[from.as_str()]).unwrap_or(from);
        if let Some(method) = method {
            let from = method.clone();
            *method = self.one(What::Method, &[from.as_str()]).unwrap_or(from);
        }
    }

    /// Fields of a body.
    #[must_use]
    pub fn fields(&self, record: &str, body: Map<String, Json>) -> Map<String, Json> {
        let choice = |field: &str, value: &mut Json| {
            if let Some(to) = value.as_str().and_then(|id| self.one(What::Choice, &[record, field, id])) {
                *value = Json::from(to.as_str());
            }
        };
        let renamed = |(field, mut value): (String, Json)| {
            match &mut value {
                Json::Array(list) => list.iter_mut().for_each(|one| choice(&field, one)),
                one => choice(&field, one),
            }
            (self.one(What::Field, &[record, &field]).map_or(field, |to| to.to_string()), value)
        };
        body.into_iter().map(renamed).collect()
    }
}

/// What a refusal rests on, in the words of replays.
#[must_use]
pub fn grounds(refusal: &Refusal) -> Vec<Ground> {
    let ground = |message: &Message| {
        let (kind, id) = match (&*message.code, message.args.get("action")) {
            ("permission" | "not_permitted_here", Some(Arg::Text(action))) => (GroundKind::Permission, action.as_str()),
            ("move_not_permitted", _) => (GroundKind::NotFor, "move_not_permitted"),
            ("no_such_move", _) => (GroundKind::NoMove, "no_such_move"),
            (code, _) => (GroundKind::Other, code),
        };
        Ground { kind, stage: None, id: Key::new(id) }
    };
    match &refusal.kind {
        RefusalKind::Permission(message) | RefusalKind::State(message) => vec![ground(message)],
        RefusalKind::Unmet => {
            let refusing = refusal.criteria.iter().filter(|checked| checked.refuses());
            refusing.map(|checked| Ground::of(checked.kind, checked.stage.as_ref(), &name(checked))).collect()
        }
    }
}

/// Its id; of a field that is at fault, whose it is besides: that tells who may know of it.
fn name(checked: &Checked) -> Cow<'_, Key> {
    let field = checked.fields.first().filter(|_| checked.kind == CheckedKind::Field && checked.stage.is_none());
    field.map_or(Cow::Borrowed(&checked.id), |field| Cow::Owned(Key::new(field)))
}

/// What was decided, with how it came out.
#[derive(Clone, Debug)]
pub struct Live<'a> {
    pub action: &'a str,
    /// Of a move or of a deal that is made, where it leads: funnel, from, to.
    pub place: Option<&'a Place>,
    pub outcome: &'a Result<(), Vec<Ground>>,
}

/// Where a move leads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    pub funnel: Key,
    /// `None`: the deal is being made.
    pub from: Option<Key>,
    /// `None`: where the funnel starts.
    pub to: Option<Key>,
}

/// The sums of a shadow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShadowTally {
    pub lines: Vec<ShadowLine>,
    pub groups: Vec<ShadowGroup>,
}

/// Decisions of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShadowLine {
    pub action: String,
    pub place: Option<Place>,
    #[serde(flatten)]
    pub counts: ShadowCounts,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShadowCounts {
    /// Came out the same.
    pub agreed: u64,
    /// Were allowed, and would be refused.
    pub refused: u64,
    /// Were refused, and would be allowed.
    pub allowed: u64,
    /// Facts lacked.
    pub undecided: u64,
    /// Were not looked at: more came than could be.
    pub skipped: u64,
}

/// Decisions that would come out otherwise by the same thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShadowGroup {
    pub action: String,
    pub change: Change,
    pub by: By,
    pub count: u64,
    /// How many of them are listed: the first.
    pub sampled: u64,
}

impl ShadowCounts {
    fn add(&mut self, other: &Self) {
        self.agreed += other.agreed;
        self.refused += other.refused;
        self.allowed += other.allowed;
        self.undecided += other.undecided;
        self.skipped += other.skipped;
    }

    #[must_use]
    pub fn total(&self) -> u64 {
        self.agreed + self.refused + self.allowed + self.undecided + self.skipped
    }
}

impl ShadowTally {
    /// Adds a decision; the groups that it belongs to, none if it came out the same.
    pub fn add(&mut self, live: &Live<'_>, said: Said) -> Vec<usize> {
        let mut counts = ShadowCounts::default();
        let (change, by): (Change, Vec<By>) = match (live.outcome, said) {
            (Ok(()), Said::Decided(Ok(()))) | (Err(_), Said::Decided(Err(_))) => {
                counts.agreed = 1;
                (Change::Undecided, Vec::new())
            }
            (Ok(()), Said::Decided(Err(grounds))) => {
                counts.refused = 1;
                (Change::Refused, grounds.into_iter().map(By::Ground).collect())
            }
            (Err(grounds), Said::Decided(Ok(()))) => {
                counts.allowed = 1;
                (Change::Allowed, grounds.iter().cloned().map(By::Ground).collect())
            }
            (_, Said::Lacking(facts)) => {
                counts.undecided = 1;
                (Change::Undecided, facts.into_iter().map(By::Lacking).collect())
            }
        };
        self.line(live.action, live.place, &counts);
        let mut numbers: Vec<usize> = by.into_iter().filter_map(|by| self.group(live.action, change, by, 1)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// Adds decisions that were not looked at.
    pub fn skip(&mut self, action: &str, skipped: u64) {
        self.line(action, None, &ShadowCounts { skipped, ..ShadowCounts::default() });
    }

    /// Adds what another process counted; where its groups are among these.
    pub fn merge(&mut self, other: &Self) -> Vec<Option<usize>> {
        for line in &other.lines {
            self.line(&line.action, line.place.as_ref(), &line.counts);
        }
        let groups = other.groups.iter();
        groups.map(|one| self.group(&one.action, one.change, one.by.clone(), one.count)).collect()
    }

    #[must_use]
    pub fn total(&self) -> ShadowCounts {
        let mut total = ShadowCounts::default();
        self.lines.iter().for_each(|line| total.add(&line.counts));
        total
    }

    fn line(&mut self, action: &str, place: Option<&Place>, counts: &ShadowCounts) {
        let known =
            |line: &&mut ShadowLine, place: Option<&Place>| line.action == action && line.place.as_ref() == place;
        let place = place.filter(|place| {
            self.lines.len() < KINDS_AT_MOST
                || self.lines.iter().any(|line| line.action == action && line.place.as_ref() == Some(*place))
        });
        match self.lines.iter_mut().find(|line| known(line, place)) {
            Some(line) => line.counts.add(counts),
            None => {
                self.lines.push(ShadowLine { action: action.to_owned(), place: place.cloned(), counts: *counts });
            }
        }
    }

    /// `None`: there are too many to keep another.
    fn group(&mut self, action: &str, change: Change, by: By, count: u64) -> Option<usize> {
        let is_it = |group: &ShadowGroup| group.action == action && group.change == change && group.by == by;
        let number = match self.groups.iter().position(is_it) {
            Some(number) => number,
            None if self.groups.len() >= KINDS_AT_MOST => return None,
            None => {
                self.groups.push(ShadowGroup { action: action.to_owned(), change, by, count: 0, sampled: 0 });
                self.groups.len() - 1
            }
        };
        if let Some(group) = self.groups.get_mut(number) {
            group.count += count;
        }
        Some(number)
    }
}

/// The fields that a difference may tell of: all that these rules decide anything by, under the names that they have now
/// and would have. What is wrong with a field of its own (it is required, its form) is told by the group itself.
#[must_use]
pub fn told_in_shadow(rules: &Rules) -> BTreeSet<String> {
    let mut told = told_of_deals(rules);
    for validation in &rules.validations {
        fields(&validation.require, &mut told);
        validation.when.iter().for_each(|when| fields(when, &mut told));
    }
    for role in rules.roles.values() {
        let conditions = role.may.iter().filter_map(|grant| grant.when.as_ref());
        conditions
            .chain(role.never.iter().filter_map(|never| never.when.as_ref()))
            .for_each(|when| fields(when, &mut told));
    }
    told.extend(rules.unique.iter().flat_map(|one| &one.fields).map(|field| format!("customer.{field}")));
    let named_anew = rules.migrate.mappings.iter().filter(|mapping| mapping.what == What::Field);
    told.extend(named_anew.filter_map(|mapping| Some(format!("{}.{}", mapping.from.first()?, mapping.to))));
    former_names(&mut told, &rules.migrate);
    told
}
