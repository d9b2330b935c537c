//! Activities: what was done about a deal, as logged. Only they reset silence, and criteria count them.

use super::actor::Actor;
use super::customers::decided;
use super::decision::{Decision, FactsRead};
use super::effects::{ActivityLogged, Made};
use super::facts::{Activity, DealFacts};
use super::fields::{clean, field_fault};
use crate::rules::model::Rules;
use crate::texts::Message;
use crate::values::{ActivityId, Key, Time, Value};

/// Longest note, in characters.
pub const LONGEST_NOTE: usize = 4000;
/// Longest name of a contact, in characters.
const LONGEST_CONTACT: usize = 200;
/// How far a client's clock may be ahead, in microseconds: five minutes.
const AHEAD_MICROS: i64 = 300_000_000;

/// What is to be logged.
#[derive(Clone, Debug)]
pub struct NewActivity {
    pub id: ActivityId,
    pub kind: Key,
    pub outcome: Option<Key>,
    pub method: Option<Key>,
    pub contact: Option<String>,
    pub note: Option<String>,
    /// When it took place; `None` = now.
    pub at: Option<Time>,
}

/// Logs an activity of a deal.
#[must_use]
pub fn log(rules: &Rules, actor: &Actor, record: &DealFacts, new: NewActivity, now: Time) -> Decision<ActivityLogged> {
    let mut criteria = Vec::new();
    let mut told = |part: &str, message: Message| {
        criteria.push(field_fault(&format!("/{part}"), &Key::new(part), message, vec![part.to_owned()]));
    };
    match rules.activities.get(&new.kind).filter(|kind| !kind.retired) {
        None => told("kind", choose_from("activity_kind_unknown", &new.kind, rules.activities.keys())),
        Some(kind) => match &new.outcome {
            None if !kind.outcomes.is_empty() => {
                let all: Vec<&str> = kind.outcomes.keys().map(Key::as_str).collect();
                told("outcome", Message::new("outcome_required").with("choices", all.join(", ")));
            }
            Some(outcome) if kind.outcomes.get(outcome).is_none_or(|choice| choice.retired) => {
                told("outcome", choose_from("outcome_unknown", outcome, kind.outcomes.keys()));
            }
            _ => {}
        },
    }
    if let Some(method) = new.method.as_ref().filter(|method| rules.methods.get(*method).is_none_or(|one| one.retired))
    {
        told("method", choose_from("method_unknown", method, rules.methods.keys()));
    }
    let at = new.at.unwrap_or(now);
    if at.since(now) > AHEAD_MICROS {
        told("at", Message::new("activity_in_future"));
    } else if at < record.deal.created_at {
        told("at", Message::new("activity_before_deal").with("created_at", record.deal.created_at));
    }
    let mut text = |part: &str, text: Option<String>, at_most: usize, lines: bool| {
        let read =
            text.map(|text| clean(&text, at_most, lines).map_err(|message| told(part, message)).unwrap_or_default());
        read.filter(|text| !text.is_empty())
    };
    let contact = text("contact", new.contact, LONGEST_CONTACT, false);
    let note = text("note", new.note, LONGEST_NOTE, true);
    let mut facts = FactsRead::default();
    facts.values.insert(Key::new("activity.kind"), Some(Value::Choice(new.kind.clone())));
    facts.values.insert(Key::new("activity.outcome"), new.outcome.clone().map(Value::Choice));
    let activity = Activity {
        id: new.id,
        deal: record.deal.id,
        kind: new.kind,
        outcome: new.outcome,
        method: new.method,
        contact,
        note,
        actor: actor.user(),
        at: at.min(now),
        logged_at: now,
    };
    decided(criteria, facts, ActivityLogged { customer: record.customer.id, activity, made: Made::new() })
}

/// A choice that is none, with those there are.
fn choose_from<'a>(code: &'static str, chosen: &Key, of: impl Iterator<Item = &'a Key>) -> Message {
    let shown: String = chosen.chars().take(60).collect();
    Message::new(code).with("value", shown).with("choices", of.map(Key::as_str).collect::<Vec<_>>().join(", "))
}
