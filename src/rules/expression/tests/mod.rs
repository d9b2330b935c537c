//! Text in, text out: a company's words, some facts, and what expressions make of them.

mod faults;
mod hostile;
mod meaning;
mod oracle;
mod random;
mod reference;
mod rows;

use super::*;
use crate::rules::calendar::Hours;
use crate::values::{Currency, Date, Decimal, Key, Language, Money, Time, UserId};
use chrono::Weekday;
use indexmap::IndexMap;
use std::collections::BTreeMap;
use uuid::Uuid;

pub fn keys(words: &str) -> Vec<Key> {
    words.split_whitespace().map(Key::new).collect()
}

/// What a company declared: one field of each type in each place.
pub fn vocabulary() -> Vocabulary {
    let currency = Currency::new("CNY").unwrap();
    let fields = |list: Vec<(&str, Type)>| list.into_iter().map(|(name, kind)| (Key::new(name), kind)).collect();
    let mut words = Vocabulary::new(currency);
    words.customer = fields(vec![
        ("name", Type::Text),
        ("phone", Type::Text),
        ("email", Type::Text),
        ("industry", Type::Text),
        ("size", Type::choice(&keys("large ordinary unknown"))),
        ("company_size", Type::Number),
        ("source", Type::choice(&keys("web trial inbound_call"))),
        ("tags", Type::choices(&keys("vip partner foreign"))),
        ("verified", Type::Bool),
        ("branch", Type::choice(&keys("north south"))),
        ("wrong", Type::Faulty),
    ]);
    words.deal = fields(vec![
        ("sales_target", Type::Money(Some(currency))),
        ("list_price", Type::Money(Some(currency))),
        ("usd", Type::Money(Currency::new("USD"))),
        ("suitable", Type::Bool),
        ("visit_on", Type::Date),
        ("score", Type::Number),
        ("demo_at", Type::Time),
        ("partner", Type::User),
    ]);
    words.user = fields(vec![("branch", Type::choice(&keys("north south west"))), ("level", Type::Number)]);
    words.funnels = IndexMap::from([
        (Key::new("standard"), keys("resource contacted lead intent signed abandoned")),
        (Key::new("partners"), keys("start intent done")),
    ]);
    words.products = keys("website promotion");
    words.grades = keys("A B C");
    words.activities = IndexMap::from([
        (Key::new("call"), keys("reached no_answer")),
        (Key::new("visit"), keys("agreed held")),
        (Key::new("email"), Vec::new()),
    ]);
    words.roles = keys("seller manager director");
    words.lost_reasons = keys("refused unsuitable");
    words.moves = keys("forward step_back reopen");
    words
}

pub fn in_funnel() -> Vocabulary {
    vocabulary().within(Some(&Key::new("standard")))
}

/// Monday to Friday, 09:00-18:00 in Shanghai, the first week of October 2026 off.
pub fn calendar() -> Calendar {
    let week = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
    let holidays = [(date("2026-10-01"), date("2026-10-07"))];
    let hours = Hours::parse("09:00-18:00").unwrap();
    Calendar::new(chrono_tz::Asia::Shanghai, &week, hours, &holidays, &[date("2026-10-10")]).unwrap()
}

pub fn date(text: &str) -> Date {
    text.parse().unwrap()
}

pub fn time(text: &str) -> Time {
    text.parse().unwrap()
}

pub fn user(n: u128) -> UserId {
    UserId(Uuid::from_u128(n))
}

/// Facts by the text of what is read.
#[derive(Clone, Debug)]
pub struct Known {
    pub values: BTreeMap<String, Value>,
    pub now: Time,
}

impl Facts for Known {
    fn read(&self, read: &Read) -> Option<Cow<'_, Value>> {
        assert!(!matches!(read, Read::Now | Read::Today), "the clock is asked for by its own functions");
        self.values.get(&read.to_string()).map(Cow::Borrowed)
    }

    fn now(&self) -> Time {
        self.now
    }

    fn today(&self) -> Date {
        calendar().local_date(self.now)
    }
}

/// Monday 2 March 2026, 10:00 in Shanghai; most is known of the deal.
pub fn known() -> Known {
    let choice = |word: &str| Value::Choice(Key::new(word));
    let money = |minor: i64, code: &str| Value::Money(Money::new(minor, Currency::new(code).unwrap()).unwrap());
    let text = |text: &str| Value::Text(text.to_owned());
    let contact = |name: &str, phone: &str, role: &str| {
        vec![(Key::new("name"), text(name)), (Key::new("phone"), text(phone)), (Key::new("role"), text(role))]
    };
    let values = [
        ("customer.name", text("北京漏斗 Ltd")),
        ("customer.phone", text("+8613800000000")),
        ("customer.email", text(" ")),
        ("customer.industry", text("制造业")),
        ("customer.size", choice("large")),
        ("customer.company_size", Value::Number(Decimal::new(1205, 1))),
        ("customer.tags", Value::Choices(keys("vip foreign"))),
        ("customer.verified", Value::Bool(false)),
        ("customer.branch", choice("north")),
        ("customer.open_deals", Value::Int(2)),
        (
            "customer.contacts",
            Value::Records(vec![contact("Li", "+861", "decision_maker"), contact("Wang", "", "buyer")]),
        ),
        ("deal.funnel", choice("standard")),
        ("deal.stage", choice("intent")),
        ("deal.product", choice("website")),
        ("deal.state", choice("open")),
        ("deal.grade", choice("A")),
        ("deal.owner", Value::User(user(1))),
        ("deal.creator", Value::User(user(2))),
        ("deal.created_at", Value::Time(time("2026-02-20T10:00:00+08:00"))),
        ("deal.entered_at", Value::Time(time("2026-02-27T15:00:00+08:00"))),
        ("deal.dwell", Value::Number(Decimal::new(4, 1))),
        ("deal.sales_target", money(10_000_000, "CNY")),
        ("deal.usd", money(100, "USD")),
        ("deal.suitable", Value::Bool(true)),
        ("deal.visit_on", Value::Date(date("2026-03-05"))),
        ("deal.score", Value::Number(Decimal::new(75, 1))),
        ("contract.amount", money(500, "USD")),
        ("user.id", Value::User(user(1))),
        ("user.roles", Value::Choices(keys("seller"))),
        ("user.branch", choice("north")),
        ("owner.holding(\"standard/intent\")", Value::Int(3)),
        ("count(\"call\")", Value::Int(4)),
        ("count(\"call\", \"reached\", \"20wd\")", Value::Int(3)),
        ("last(\"call\")", Value::Time(time("2026-02-27T17:00:00+08:00"))),
        ("entered(\"standard/contacted\")", Value::Time(time("2026-02-23T09:00:00+08:00"))),
        ("move.from", choice("lead")),
        ("move.to", choice("intent")),
    ];
    let values = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Known { values, now: time("2026-03-02T10:00:00+08:00") }
}

/// The value of a decision's expression, as text; what is wrong with it if it does not compile.
pub fn value(source: &str) -> String {
    let kinds =
        [Type::Bool, Type::Int, Type::Number, Type::Money(None), Type::Date, Type::Time, Type::Duration, Type::Text];
    let words = in_funnel();
    let compiled = kinds.iter().find_map(|kind| compile(source, kind, Place::Decision, &words).ok());
    match compiled {
        Some(expression) => written(expression.evaluate(&known(), &calendar())),
        None => faults(source, Place::Decision, &words),
    }
}

pub fn written(outcome: Outcome) -> String {
    match outcome {
        Outcome::Known(Value::Bool(holds)) => holds.to_string(),
        Outcome::Known(Value::Int(n)) => n.to_string(),
        Outcome::Known(Value::Number(n)) => n.normalize().to_string(),
        Outcome::Known(Value::Money(money)) => money.to_string(),
        Outcome::Known(Value::Date(date)) => date.to_string(),
        Outcome::Known(Value::Time(at)) => at.to_string(),
        Outcome::Known(Value::Text(text)) => text,
        Outcome::Known(other) => format!("{other:?}"),
        Outcome::Unknown { missing } if missing.is_empty() => "unknown".to_owned(),
        Outcome::Unknown { missing } => {
            let missing: Vec<String> = missing.iter().map(Read::to_string).collect();
            format!("missing {}", missing.join(", "))
        }
    }
}

/// Every fault as `offset+length sentence -> suggestion`, one a line; `ok` if there is none.
pub fn faults(source: &str, place: Place, words: &Vocabulary) -> String {
    let Err(faults) = compile(source, &Type::Bool, place, words) else { return "ok".to_owned() };
    let english = [Language::new("en")];
    let line = |fault: &Fault| {
        assert!(crate::texts::is_known(&fault.message.code), "no text for {}", fault.message.code);
        assert!(fault.offset + fault.length <= source.len(), "{source}: {fault:?}");
        let meant = fault.suggestion.as_ref().map(|suggestion| format!(" -> {suggestion}")).unwrap_or_default();
        format!("{}+{} {}{meant}", fault.offset, fault.length, fault.message.render(&english))
    };
    faults.iter().map(line).collect::<Vec<_>>().join("\n")
}
