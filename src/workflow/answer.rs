//! The answer of a write: data, rendered by `api` for its reader, and kept in the log so that a repeated call gets it
//! again.
//!
//! INVARIANT: the kept answer holds no personal value. Those lie apart, with the decision's personal facts, and are put
//! back when the answer is read; after the person is erased they stay away.

use crate::engine::decision::{Checked, Readings};
use crate::engine::facts::{Activity, Contact, Contract, Customer, Deal, FieldValues, Payment};
use crate::rules::migrate::Migration;
use crate::rules::model::{Field, Rules};
use crate::store::{Activation, Migrated, Preview, Replay, RulesDraft, RulesSource, Shadow, Team, User};
use crate::values::{DecisionId, DraftId, Key, SessionId, Time, UserId, Value};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// Values of a person, by name.
pub type Personal = Readings;

/// A write that was done (or, in a dry run, would have been).
#[derive(Clone, Debug)]
pub struct Recorded<T> {
    /// `None` in a dry run.
    pub decision: Option<DecisionId>,
    pub answer: T,
    /// Criteria that only warn and are not met.
    pub warnings: Vec<Checked>,
    /// What the caller may see of it.
    pub sight: crate::engine::sight::Sight,
    /// Whether this is the answer of an earlier call with the same key.
    pub replayed: bool,
}

/// An answer that can be kept in the log.
pub trait Answer: Clone {
    /// Takes the personal values out, under names of their own.
    fn part(&mut self, rules: &Rules, personal: &mut Personal);
    /// Puts them back, as far as they are still there.
    fn rejoin(&mut self, personal: &mut Personal);
}

/// What the log keeps of an answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Kept<T> {
    pub answer: T,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Checked>,
}

/// A deal as it is after the write.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DealAnswer {
    pub deal: Deal,
    pub customer: Customer,
}

/// A customer as it is after the write.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CustomerAnswer {
    pub customer: Customer,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ActivityAnswer {
    pub activity: Activity,
}

/// A contract as it is after the write, with its payments.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ContractAnswer {
    pub contract: Contract,
    pub payments: Vec<Payment>,
}

/// A user as they are after the write. Who works here is no customer's secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UserAnswer {
    pub user: User,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TeamAnswer {
    pub team: Team,
}

/// A sign-in that was ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SessionAnswer {
    pub session: Option<SessionId>,
}

/// A version of the rules that was made: all but its text, which the version itself keeps.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RulesAnswer {
    pub number: i64,
    pub hash: String,
    pub author: Option<UserId>,
    pub comment: Option<String>,
    /// The version that it replaced.
    pub parent: i64,
    pub source: RulesSource,
    pub at: Time,
    #[serde(default)]
    pub activated_by: Option<UserId>,
    #[serde(default)]
    pub draft: Option<DraftId>,
    /// What was in use and became something else: (its name before, records).
    #[serde(default)]
    pub migrated: Migrated,
    /// What was said to become of things in use, in the text and with the activation.
    #[serde(default)]
    pub migration: Migration,
}

/// A draft of the rules as it is after the write: all but its text, which the draft itself keeps.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DraftAnswer {
    pub draft: RulesDraft,
}

/// A replay as it is after the write: all but the text that is tried.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReplayAnswer {
    pub replay: Replay,
}

/// A preview as it is after the write: all but the text that is tried.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PreviewAnswer {
    pub preview: Preview,
}

/// A shadow as it is after the write: all but the text that is tried.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShadowAnswer {
    pub shadow: Shadow,
}

impl RulesAnswer {
    #[must_use]
    pub fn of(activation: &Activation) -> Self {
        Self {
            number: activation.number,
            hash: activation.hash.clone(),
            author: activation.author,
            comment: activation.comment.clone(),
            parent: activation.replaces,
            source: activation.source,
            at: activation.at,
            activated_by: activation.activated_by,
            draft: activation.draft.map(|draft| draft.id),
            migrated: activation.migrated.clone(),
            migration: activation.migration.clone(),
        }
    }
}

impl Answer for DealAnswer {
    fn part(&mut self, rules: &Rules, personal: &mut Personal) {
        take(&mut self.deal.fields, &rules.fields.deal, "deal", personal);
        part_customer(&mut self.customer, rules, personal);
    }

    fn rejoin(&mut self, personal: &mut Personal) {
        put_back(&mut self.deal.fields, "deal", personal);
        rejoin_customer(&mut self.customer, personal);
    }
}

impl Answer for CustomerAnswer {
    fn part(&mut self, rules: &Rules, personal: &mut Personal) {
        part_customer(&mut self.customer, rules, personal);
    }

    fn rejoin(&mut self, personal: &mut Personal) {
        rejoin_customer(&mut self.customer, personal);
    }
}

impl Answer for ActivityAnswer {
    fn part(&mut self, _: &Rules, personal: &mut Personal) {
        for (name, text) in [("contact", &mut self.activity.contact), ("note", &mut self.activity.note)] {
            if let Some(text) = text.take() {
                personal.insert(Key::from(format!("answer activity.{name}")), Some(Value::Text(text)));
            }
        }
    }

    fn rejoin(&mut self, personal: &mut Personal) {
        let mut text = |name: &str| match personal.remove(format!("answer activity.{name}").as_str()) {
            Some(Some(Value::Text(text))) => Some(text),
            _ => None,
        };
        self.activity.contact = text("contact");
        self.activity.note = text("note");
    }
}

macro_rules! without_persons {
    ($($answer:ty),*) => {$(
        impl Answer for $answer {
            fn part(&mut self, _: &Rules, _: &mut Personal) {}
            fn rejoin(&mut self, _: &mut Personal) {}
        }
    )*};
}
without_persons!(
    ContractAnswer,
    UserAnswer,
    TeamAnswer,
    SessionAnswer,
    RulesAnswer,
    DraftAnswer,
    ReplayAnswer,
    PreviewAnswer,
    ShadowAnswer
);

fn part_customer(customer: &mut Customer, rules: &Rules, personal: &mut Personal) {
    take(&mut customer.fields, &rules.fields.customer, "customer", personal);
    if !customer.contacts.is_empty() {
        let contacts = std::mem::take(&mut customer.contacts);
        personal.insert(Key::new("answer customer.contacts"), Some(records(&contacts)));
    }
}

fn rejoin_customer(customer: &mut Customer, personal: &mut Personal) {
    put_back(&mut customer.fields, "customer", personal);
    if let Some(Some(Value::Records(list))) = personal.remove("answer customer.contacts") {
        customer.contacts = list.iter().map(|record| contact(record)).collect();
    }
}

fn take(values: &mut FieldValues, declared: &IndexMap<Key, Field>, of: &str, personal: &mut Personal) {
    values.retain(|name, value| {
        let keep = !declared.get(name).is_some_and(|field| field.personal);
        if !keep {
            personal.insert(Key::from(format!("answer {of}.{name}")), Some(value.clone()));
        }
        keep
    });
}

fn put_back(values: &mut FieldValues, of: &str, personal: &mut Personal) {
    let prefix = format!("answer {of}.");
    let names: Vec<Key> = personal.keys().filter(|name| name.starts_with(&prefix)).cloned().collect();
    for name in names {
        let Some(field) = name.strip_prefix(&prefix).filter(|field| *field != "contacts") else { continue };
        if let Some(Some(value)) = personal.remove(&name) {
            values.insert(Key::new(field), value);
        }
    }
}

/// Contacts as a value.
fn records(contacts: &[Contact]) -> Value {
    let part = |name: &str, value: &Option<String>| value.clone().map(|text| (Key::new(name), Value::Text(text)));
    let record = |contact: &Contact| {
        let name = Some((Key::new("name"), Value::Text(contact.name.clone())));
        let rest = [part("role", &contact.role), part("phone", &contact.phone), part("email", &contact.email)];
        std::iter::once(name).chain(rest).flatten().collect()
    };
    Value::Records(contacts.iter().map(record).collect())
}

fn contact(record: &[(Key, Value)]) -> Contact {
    let part = |wanted: &str| {
        record.iter().find(|(name, _)| *name == wanted).and_then(|(_, value)| match value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        })
    };
    Contact { name: part("name").unwrap_or_default(), role: part("role"), phone: part("phone"), email: part("email") }
}
