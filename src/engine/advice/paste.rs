//! Scenarios for what none shows: facts are made up, tried out, and written as YAML with what came out.

use super::facts::{self, Wish};
use super::{Adviser, Paste, Place};
use crate::engine::decision::Severity;
use crate::engine::scenarios::{Trial, trial};
use crate::rules::expression::Clock;
use crate::rules::model::{Criterion, Field, Funnel, Mode, Move, MoveFrom, MoveTo, Role, Rules, Stage, StageKind};
use crate::rules::powers::makers;
use crate::rules::scenarios::{
    Act, Deed, Expect, Given, GivenActivity, GivenContract, Person, Scenario, Step, stand_in,
};
use crate::rules::worth_trying::sample;
use crate::texts::Message;
use crate::values::{Date, Key, Localized, Value};
use chrono::{NaiveDateTime, TimeZone};
use indexmap::IndexMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// Ways to a stage and roles that are tried for one scenario.
pub(super) const MOVES_AT_MOST: usize = 6;
pub(super) const ROLES_AT_MOST: usize = 3;
/// What it costs to check one criterion of a trial, in units of about one comparison.
pub(super) const TRIAL_UNITS: u64 = 100;

/// What a scenario is to show.
#[derive(Clone, Debug)]
pub(super) enum Aim {
    Unmet(Place),
    Met(Place),
    /// A move: funnel and id.
    Made((Key, Key)),
    /// A validation that stands against a write, and one that does not.
    Refused(Key),
    Passed(Key),
}

impl Aim {
    pub(super) fn is_met(&self) -> bool {
        !matches!(self, Self::Unmet(_) | Self::Refused(_))
    }

    /// `hard`: what it is about refuses on the day of the scenario, and does not only warn.
    pub(super) fn is_shown(&self, tried: &Trial, hard: bool) -> bool {
        let (covered, refused) = (&tried.covered, tried.refused.is_some());
        match self {
            Self::Unmet(place) => covered.refusals.contains(place) && refused == hard,
            Self::Met(place) => covered.passes.contains(place) && !refused,
            Self::Made(place) => covered.moves.contains(place) && !refused,
            Self::Refused(id) => covered.validations_refused.contains(id) && refused == hard,
            Self::Passed(id) => covered.validations_met.contains(id) && !refused,
        }
    }

    pub(super) fn name(&self) -> Message {
        match self {
            Self::Unmet((_, stage, id)) | Self::Met((_, stage, id)) => {
                let code = if self.is_met() { "scenario_named_met" } else { "scenario_named_unmet" };
                let name = stage.as_ref().map_or_else(|| id.to_string(), |stage| format!("{stage}: {id}"));
                Message::new(code).with("name", name)
            }
            Self::Made((_, id)) => Message::new("scenario_named_made").with("name", id.as_str()),
            Self::Refused(id) => Message::new("scenario_named_unmet").with("name", id.as_str()),
            Self::Passed(id) => Message::new("scenario_named_met").with("name", id.as_str()),
        }
    }

    /// What is expected where nothing could be tried.
    pub(super) fn expected(&self, hard: bool) -> Trial {
        let mut expected = Trial::default();
        if let Self::Unmet((_, _, id)) | Self::Refused(id) = self {
            let ids = [id.clone()].into();
            if hard { expected.refused = Some(ids) } else { expected.warned = ids }
        }
        expected
    }
}

/// One deed on one deal, as it is tried and written.
pub(super) struct Attempt<'r> {
    pub rules: &'r Rules,
    pub funnel: &'r Funnel,
    pub role: &'r Role,
    pub given: Given,
    pub deed: Deed,
    /// The stage in which the deal is then, where the deed is a move.
    pub ends: Option<&'r Stage>,
}

impl<'r> Adviser<'r> {
    pub(super) fn paste(
        &mut self,
        funnel: &'r Funnel,
        moves: &[&'r Move],
        criterion: Option<&'r Criterion>,
        aim: &Aim,
    ) -> Option<Paste> {
        let mut first = None;
        let hard = criterion.is_none_or(|criterion| is_hard(criterion.mode, criterion.enforce_from));
        let clock = clock(self.rules)?;
        for one in moves.iter().copied().take(MOVES_AT_MOST) {
            let Some((from, target)) = ends(funnel, one) else { continue };
            let checked: usize =
                one.enter.len() + funnel.entered_by(one).iter().map(|stage| stage.enter.len()).sum::<usize>();
            let cost = u64::try_from(checked).unwrap_or(u64::MAX).saturating_mul(TRIAL_UNITS).max(TRIAL_UNITS);
            // Gathering what has to be so is work too.
            if !self.effort.spend(cost) && first.is_some() {
                continue;
            }
            let wish = Wish { criterion, met: aim.is_met() };
            let made_up = facts::given(self.rules, funnel, one, from, wish, clock, &mut self.effort);
            for role in makers(one, &self.rules.roles).take(ROLES_AT_MOST) {
                let given = made_up.clone();
                let attempt = |given| Attempt::of_move(self.rules, funnel, one, role, given, target);
                first.get_or_insert_with(|| attempt(facts::blank(funnel, from)));
                // A trial is a decision: it checks all that the move demands.
                let (Some(given), true) = (given, self.effort.spend(cost)) else { continue };
                if let Some(paste) = attempt(given).try_out(self.rules, aim, hard) {
                    return Some(paste);
                }
            }
        }
        first?.to_complete(aim, hard)
    }
}

/// Whether it refuses on the day on which scenarios begin.
pub(super) fn is_hard(mode: Mode, enforce_from: Option<Date>) -> bool {
    Severity::on(mode, enforce_from, || begins().date()) == Severity::Refuse
}

/// When scenarios begin that do not say when.
pub(super) fn begins() -> NaiveDateTime {
    Date::from_ymd_opt(2026, 3, 2).and_then(|date| date.and_hms_opt(10, 0, 0)).unwrap_or_default()
}

pub(super) fn clock(rules: &Rules) -> Option<Clock> {
    let now = rules.calendar.time_zone().from_local_datetime(&begins()).earliest()?;
    Some(Clock { now: now.to_utc().into(), today: begins().date() })
}

/// From where a move is made and where it leads; a new deal stands in no stage.
fn ends<'r>(funnel: &'r Funnel, one: &'r Move) -> Option<(&'r Stage, &'r Stage)> {
    let start = funnel.stages.iter().find(|stage| stage.kind == StageKind::Start)?;
    let from = match &one.from {
        MoveFrom::Creation => start,
        MoveFrom::Stage(from) => funnel.stage(from)?,
    };
    let target = match &one.to {
        MoveTo::Stage(to) => funnel.stage(to)?,
        MoveTo::Origin => start,
    };
    Some((from, target))
}

impl<'r> Attempt<'r> {
    fn of_move(
        rules: &'r Rules,
        funnel: &'r Funnel,
        one: &Move,
        role: &'r Role,
        given: Given,
        target: &'r Stage,
    ) -> Self {
        let deed = if one.from == MoveFrom::Creation {
            create(rules, funnel, target, role, &given)
        } else {
            let reason = target.reasons.values().find(|reason| !reason.retired).map(|reason| reason.id.clone());
            Deed::Move {
                to: target.id.clone(),
                reason: reason.filter(|_| target.kind == StageKind::Lost),
                note: one.reason_required.then(|| "why".to_owned()),
            }
        };
        Self { rules, funnel, role, given, deed, ends: Some(target) }
    }

    /// Tries it out; `None`: it does not show what it is to show, or cannot be written.
    pub(super) fn try_out(&self, rules: &Arc<Rules>, aim: &Aim, hard: bool) -> Option<Paste> {
        let tried = trial(rules, &self.scenario());
        let shown = aim.is_shown(&tried, hard);
        let body = if shown { self.text(&tried) } else { None };
        body.map(|body| Paste { name: aim.name(), body, passes: true })
    }

    /// What is left when nothing could be made up: for people to fill in.
    pub(super) fn to_complete(&self, aim: &Aim, hard: bool) -> Option<Paste> {
        Some(Paste { name: aim.name(), body: self.text(&aim.expected(hard))?, passes: false })
    }

    fn scenario(&self) -> Scenario {
        let person = Person {
            id: self.role.id.clone(),
            user: stand_in(0),
            roles: vec![self.role.id.clone()],
            team: Some(Key::new(crate::rules::scenarios::HOME)),
            active: true,
            fields: IndexMap::new(),
        };
        let act = Act { by: self.role.id.clone(), deal: self.given.deal.clone(), deed: self.deed.clone() };
        let creates = matches!(act.deed, Deed::Create { .. });
        let given = Given { owner: Some(self.role.id.clone()), ..self.given.clone() };
        Scenario {
            name: Localized::from_id(&crate::values::Language::new("en"), "trial"),
            now: begins(),
            people: [(person.id.clone(), person)].into_iter().collect(),
            given: if creates { Vec::new() } else { vec![given] },
            steps: vec![Step { after: None, act: Some(act), expect: Expect::default(), line: 0 }],
            line: 0,
        }
    }

    /// The item's lines after its name; `None`: something in it cannot be written.
    fn text(&self, tried: &Trial) -> Option<String> {
        let funnel = (self.rules.funnels.keys().next() != Some(&self.funnel.id)).then_some(&self.funnel.id);
        let mut act = Vec::new();
        let mut given = Vec::new();
        if !matches!(self.deed, Deed::Create { .. }) {
            given = self.given_entries(funnel)?;
        }
        match &self.deed {
            Deed::Create { stage, customer, fields, product, .. } => {
                act.push("create: d1".to_owned());
                act.extend(funnel.map(|funnel| format!("funnel: {funnel}")));
                act.push(format!("stage: {stage}"));
                act.extend(self.values("customer", customer)?);
                act.extend(self.values("fields", fields)?);
                act.extend(product.as_ref().map(|product| format!("product: {product}")));
            }
            Deed::Move { to, reason, note } => {
                act.push(format!("move: {to}"));
                act.extend(reason.as_ref().map(|reason| format!("reason: {reason}")));
                act.extend(note.as_ref().map(|note| format!("note: {note}")));
            }
            Deed::Grade { to, note } => {
                act.push(format!("grade: {}", to.as_ref().map_or("computed", Key::as_str)));
                act.extend(note.as_ref().map(|note| format!("note: {note}")));
            }
            Deed::Write { customer, fields, product } => {
                let of = |record: &str, values: &IndexMap<Key, Option<Value>>| -> Option<Vec<String>> {
                    let one = |(name, value): (&Key, &Option<Value>)| {
                        // `none` empties a field, in quotes too.
                        let value =
                            value.as_ref().filter(|value| !matches!(value, Value::Text(text) if text == "none"));
                        Some(format!("{record}.{name}: {}", self.value(value?)?))
                    };
                    values.iter().map(one).collect()
                };
                let mut written = of("customer", customer)?;
                written.extend(of("deal", fields)?);
                written.extend(product.as_ref().map(|product| format!("deal.product: {product}")));
                act.push(format!("write: {{{}}}", written.join(", ")));
            }
            Deed::Assign { .. } | Deed::Release { .. } | Deed::Log { .. } => return None,
        }
        act.push(format!("by: {}", self.role.id));
        let mut out = String::new();
        if !given.is_empty() {
            let _ = writeln!(out, "    given: {{{}}}", given.join(", "));
        }
        let _ = writeln!(out, "    do: {{{}}}", act.join(", "));
        let _ = writeln!(out, "    expect: {}", self.expected(tried));
        Some(out)
    }

    fn expected(&self, tried: &Trial) -> String {
        let list = |ids: &mut dyn Iterator<Item = &Key>| ids.map(Key::as_str).collect::<Vec<_>>().join(", ");
        let warned = (!tried.warned.is_empty()).then(|| format!("warned: [{}]", list(&mut tried.warned.iter())));
        let mut entries: Vec<String> = Vec::new();
        if let Some(refused) = &tried.refused {
            entries.push(format!("refused: [{}]", list(&mut refused.iter())));
        }
        entries.extend(warned);
        if let (None, Some(ends)) = (&tried.refused, self.ends) {
            entries.push(format!("d1: {{stage: {}}}", ends.id));
        }
        if entries.is_empty() { "allowed".to_owned() } else { format!("{{{}}}", entries.join(", ")) }
    }

    fn given_entries(&self, funnel: Option<&Key>) -> Option<Vec<String>> {
        let given = &self.given;
        let mut entries: Vec<String> = funnel.map(|funnel| format!("funnel: {funnel}")).into_iter().collect();
        entries.push(format!("stage: {}", given.stage));
        entries.extend(self.values("customer", &given.customer)?);
        let quote = |texts: &[String]| texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ");
        entries.extend((!given.contacts.is_empty()).then(|| format!("contacts: [{}]", quote(&given.contacts))));
        entries.extend(self.values("fields", &given.fields)?);
        entries.extend(given.grade.as_ref().map(|grade| format!("grade: {grade}")));
        entries.extend(given.product.as_ref().map(|product| format!("product: {product}")));
        entries.extend(given.discovered.then(|| "origin: discovered".to_owned()));
        entries.extend(given.reason.as_ref().map(|reason| format!("reason: {reason}")));
        entries.extend(given.entered_ago.map(|span| format!("ago: {span}")));
        let dwelt: Vec<String> = given.dwelt.iter().map(|(stage, span)| format!("{stage}: {span}")).collect();
        entries.extend((!dwelt.is_empty()).then(|| format!("dwelt: {{{}}}", dwelt.join(", "))));
        let activities: Vec<String> = given.activities.iter().map(activity).collect();
        entries.extend((!activities.is_empty()).then(|| format!("activities: [{}]", activities.join(", "))));
        let contracts: Vec<String> = given.contracts.iter().map(contract).collect();
        entries.extend((!contracts.is_empty()).then(|| format!("contracts: [{}]", contracts.join(", "))));
        Some(entries)
    }

    /// `None`: one of them cannot be written.
    fn values(&self, key: &str, values: &IndexMap<Key, Value>) -> Option<Option<String>> {
        let written: Option<Vec<String>> =
            values.iter().map(|(name, value)| Some(format!("{name}: {}", self.value(value)?))).collect();
        let written = written?;
        Some((!written.is_empty()).then(|| format!("{key}: {{{}}}", written.join(", "))))
    }

    fn value(&self, value: &Value) -> Option<String> {
        Some(match value {
            Value::Bool(is) => is.to_string(),
            Value::Int(number) => number.to_string(),
            Value::Number(number) => number.normalize().to_string(),
            Value::Text(text) => quoted(text),
            Value::Choice(key) => key.to_string(),
            Value::Choices(keys) => format!("[{}]", keys.iter().map(Key::as_str).collect::<Vec<_>>().join(", ")),
            Value::Money(money) => money.major().normalize().to_string(),
            Value::Date(date) => date.format("%Y-%m-%d").to_string(),
            Value::Time(time) => {
                let local = time.utc().with_timezone(&self.rules.calendar.time_zone());
                (time.micros() % 60_000_000 == 0).then(|| local.format("%Y-%m-%d %H:%M").to_string())?
            }
            Value::Duration(_) | Value::User(_) | Value::Team(_) | Value::Records(_) => return None,
        })
    }
}

/// A customer and a deal of his, made in a stage with what is given.
pub(super) fn create(rules: &Rules, funnel: &Funnel, stage: &Stage, role: &Role, given: &Given) -> Deed {
    Deed::Create {
        funnel: funnel.id.clone(),
        stage: stage.id.clone(),
        customer: with_required(&given.customer, &rules.fields.customer),
        fields: with_required(&given.fields, &rules.fields.deal),
        product: given.product.clone(),
        owner: Some(role.id.clone()),
    }
}

/// What a record cannot do without besides.
fn with_required(given: &IndexMap<Key, Value>, fields: &IndexMap<Key, Field>) -> IndexMap<Key, Value> {
    let mut values = given.clone();
    for field in fields.values().filter(|field| field.required) {
        if let (false, Some(value)) = (values.contains_key(&field.id), sample(&field.kind, begins().date())) {
            values.insert(field.id.clone(), value);
        }
    }
    values
}

fn activity(one: &GivenActivity) -> String {
    let outcome = one.outcome.as_ref().map_or_else(String::new, |outcome| format!(", outcome: {outcome}"));
    let ago = one.ago.map_or_else(String::new, |ago| format!(", ago: {ago}"));
    let contact = one.contact.as_ref().map_or_else(String::new, |contact| format!(", contact: {}", quoted(contact)));
    format!("{{kind: {}{outcome}{ago}{contact}}}", one.kind)
}

fn contract(one: &GivenContract) -> String {
    let flag = |is: bool, word: &str| if is { format!(", {word}: true") } else { String::new() };
    let paid = one.paid.map_or_else(String::new, |paid| format!(", paid: {}", paid.major().normalize()));
    let flags = [flag(one.signed, "signed"), flag(one.delivered, "delivered"), flag(one.accepted, "accepted")];
    format!("{{amount: {}{}{paid}}}", one.amount.major().normalize(), flags.concat())
}

/// A text in quotes that YAML reads as it is.
pub(super) fn quoted(text: &str) -> String {
    if text.chars().any(char::is_control) {
        return serde_json::Value::String(text.to_owned()).to_string();
    }
    format!("'{}'", text.replace('\'', "''"))
}
