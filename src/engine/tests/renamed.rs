//! What was kept under other names: each kind of name, wherever it stands.

use super::*;
use crate::engine::decision::FactsRead;
use crate::engine::facts::{DealFacts, Person, Visit};
use crate::engine::grounds::{Ground, GroundKind};
use crate::engine::renamed::{migrated, renamed, renamed_ground};
use crate::rules::migrate::{Mapping, Migration, What};
use crate::rules::renames::{Rename, Renames};
use crate::values::{Key, Value};
use std::collections::BTreeMap;

/// Each kind of name, what it was and what it became.
const CHANGE: [(What, &str, &str); 18] = [
    (What::Stage, "standard lead", "prospect"),
    (What::Stage, "standard resource", "source"),
    (What::Reason, "standard lost silent", "no_answer"),
    (What::Role, "seller", "consultant"),
    (What::Role, "trainee", "consultant"),
    (What::Grade, "A", "X"),
    (What::Product, "website", "site"),
    (What::Field, "deal size", "volume"),
    (What::Field, "customer kind", "sort"),
    (What::Field, "user branch", "office"),
    (What::Choice, "deal size big", "vast"),
    (What::Choice, "deal wishes fast", "quick"),
    (What::Choice, "customer kind huge", "large"),
    (What::Choice, "user branch north", "upper"),
    (What::Activity, "call", "phone"),
    (What::Outcome, "call reached", "talked"),
    (What::Outcome, "mail sent", "posted"),
    (What::Method, "in_person", "on_site"),
];

fn path(ids: &str) -> Vec<Key> {
    ids.split(' ').filter(|id| !id.is_empty()).map(Key::new).collect()
}

fn rename(what: What, ids: &str, to: &str, merged: bool) -> Rename {
    let mut above = path(ids);
    let from = above.pop().unwrap();
    Rename { what, above, rules_version: 2, from, to: key(to), merged }
}

fn renames() -> Renames {
    Renames::new(CHANGE.iter().map(|(what, ids, to)| rename(*what, ids, to, false)).collect())
}

fn migration() -> Migration {
    let mapping = |(what, ids, to): &(What, &str, &str)| Mapping { what: *what, from: path(ids), to: key(to) };
    Migration { mappings: CHANGE.iter().map(mapping).collect(), again: Default::default() }
}

fn chosen(ids: &str) -> Value {
    match ids.strip_prefix("each ") {
        Some(ids) => Value::Choices(path(ids)),
        None => Value::Choice(key(ids)),
    }
}

/// One fact of a decision about a deal that was to go to `lost`, under the names of now.
fn fact(renames: &Renames, name: &str, value: &Value, made_under: i64) -> String {
    let mut facts = FactsRead::default();
    facts.values.insert(key("deal.funnel"), Some(choice("standard")));
    facts.values.insert(key("move.to"), Some(choice("lost")));
    facts.values.insert(key(name), Some(value.clone()));
    let now = renamed(&facts, &[], renames, made_under);
    let facts = now.map_or(facts, |now| now.facts);
    assert_eq!(facts.values.get("deal.funnel"), Some(Some(&choice("standard"))));
    let mut others = facts
        .values
        .iter()
        .filter(|(other, _)| **other != *"deal.funnel" && (**other != *"move.to" || name == "move.to"));
    others.next().map_or("unknown".to_owned(), |(name, value)| match value {
        Some(Value::Choice(id)) => format!("{name} = {id}"),
        Some(Value::Choices(ids)) => format!("{name} = {}", ids.iter().map(Key::as_str).collect::<Vec<_>>().join(" ")),
        Some(_) => name.to_string(),
        None => format!("{name} is missing"),
    })
}

#[test]
fn a_fact_is_named_by_what_it_is_of() {
    let cases = [
        ("dwelt(lead)", "dwelt(prospect)"),
        ("entered(\"standard/lead\")", "entered(\"standard/prospect\")"),
        ("owner.holding(\"standard/lead\")", "owner.holding(\"standard/prospect\")"),
        ("receiver.holding(\"standard/lead\")", "receiver.holding(\"standard/prospect\")"),
        ("count(\"call\")", "count(\"phone\")"),
        ("count(\"call\", days(3))", "count(\"phone\", days(3))"),
        ("count(\"call\", \"reached\")", "count(\"phone\", \"talked\")"),
        ("count(\"mail\", \"sent\", days(3))", "count(\"mail\", \"posted\", days(3))"),
        ("last(\"call\")", "last(\"phone\")"),
        ("last(\"call\", \"reached\")", "last(\"phone\", \"talked\")"),
        ("deal.size", "deal.volume"),
        ("customer.kind", "customer.sort"),
        ("user.branch", "user.office"),
        ("owner.branch", "owner.office"),
        ("receiver.branch", "receiver.office"),
        // Of another funnel, of another record; and what has no name of the rules.
        ("entered(\"other/lead\")", "entered(\"other/lead\")"),
        ("customer.size", "customer.size"),
        ("deal.owner", "deal.owner"),
    ];
    let now = renames();
    let told = cases.map(|(name, _)| fact(&now, name, &Value::Int(1), 1));
    assert_eq!(told.each_ref().map(String::as_str), cases.map(|(_, now)| now));
    // Made under the names of now.
    assert_eq!(cases.map(|(name, _)| fact(&now, name, &Value::Int(1), 2)), cases.map(|(name, _)| name.to_owned()));
}

#[test]
fn what_was_chosen_is_called_as_it_is_now() {
    let cases = [
        ("deal.stage", "lead", "deal.stage = prospect"),
        ("move.from", "lead", "move.from = prospect"),
        ("move.to", "lead", "move.to = prospect"),
        ("deal.lost_from", "lead", "deal.lost_from = prospect"),
        ("move.reason", "silent", "move.reason = no_answer"),
        ("deal.product", "website", "deal.product = site"),
        ("deal.grade", "A", "deal.grade = X"),
        ("user.roles", "each seller admin trainee", "user.roles = consultant admin"),
        ("owner.roles", "each seller", "owner.roles = consultant"),
        ("receiver.roles", "each trainee", "receiver.roles = consultant"),
        ("deal.size", "big", "deal.volume = vast"),
        ("deal.wishes", "each cheap fast", "deal.wishes = cheap quick"),
        ("customer.kind", "huge", "customer.sort = large"),
        ("user.branch", "north", "user.office = upper"),
        ("owner.branch", "north", "owner.office = upper"),
        ("receiver.branch", "north", "receiver.office = upper"),
    ];
    let now = renames();
    let told = cases.map(|(name, value, _)| fact(&now, name, &chosen(value), 1));
    assert_eq!(told.each_ref().map(String::as_str), cases.map(|(.., now)| now));
}

#[test]
fn what_went_or_became_one_with_others_is_not_known() {
    let went = |what, ids: &str| {
        let id = path(ids).pop().unwrap();
        rename(what, ids, &format!("{id}@2"), false)
    };
    let now = Renames::new(vec![
        went(What::Product, "website"),
        went(What::Choice, "deal wishes fast"),
        went(What::Stage, "standard lead"),
        rename(What::Activity, "call", "phone", true),
        rename(What::Stage, "standard sure", "certain", true),
    ]);
    assert_eq!(fact(&now, "deal.product", &choice("website"), 1), "unknown");
    assert_eq!(fact(&now, "deal.wishes", &chosen("each cheap fast"), 1), "unknown");
    assert_eq!(fact(&now, "count(\"call\")", &Value::Int(1), 1), "unknown");
    assert_eq!(fact(&now, "entered(\"standard/sure\")", &Value::Int(1), 1), "unknown");
    // That a stage is none of the funnel's any more is known.
    assert_eq!(fact(&now, "deal.stage", &choice("lead"), 1), "deal.stage = lead@2");
}

#[test]
fn personal_facts_and_the_roles_of_who_acted_are_called_as_now() {
    let now = renames();
    let mut facts = FactsRead::default();
    facts.personal.insert(key("customer.name"), Some(Value::Text("Loudou".into())));
    facts.personal.insert(key("customer.kind"), Some(choice("huge")));
    facts.personal.insert(key("customer.size"), None);
    let called = renamed(&facts, &path("seller trainee admin"), &now, 1).unwrap();
    let personal: Vec<String> = called.facts.personal.iter().map(|(name, value)| format!("{name} {value:?}")).collect();
    assert_eq!(personal[0], "customer.name Some(Text(\"Loudou\"))");
    assert_eq!(called.facts.personal.get("customer.sort"), Some(Some(&choice("large"))));
    assert_eq!((personal.len(), &*personal[2]), (3, "customer.size None"));
    assert_eq!(called.roles, path("consultant admin"));
    // Nothing of it has another name: it is left as it is.
    facts.personal.remove("customer.kind");
    assert_eq!(renamed(&facts, &path("admin"), &now, 1), None);
    assert_eq!(renamed(&facts, &path("seller"), &now, 1).unwrap().facts, facts);
    assert_eq!(renamed(&facts, &path("seller"), &now, 2), None);
}

#[test]
fn what_refused_is_told_at_the_stage_as_it_is_called_now() {
    let mut facts = FactsRead::default();
    let ground = |stage: &str| Ground { kind: GroundKind::Criterion, stage: Some(key(stage)), id: key("reached") };
    assert_eq!(renamed_ground(ground("lead"), &facts, &renames(), 1), ground("lead"));
    facts.values.insert(key("deal.funnel"), Some(choice("standard")));
    let now = renames().and(vec![rename(What::Stage, "standard sure", "sure@2", false)]);
    let told =
        |stage: &str, made_under| renamed_ground(ground(stage), &facts, &now, made_under).stage.unwrap().to_string();
    assert_eq!(
        [told("lead", 1), told("lead", 2), told("won", 1), told("sure", 1)],
        ["prospect", "lead", "won", "sure"]
    );
    let anywhere = Ground { stage: None, ..ground("lead") };
    assert_eq!(renamed_ground(anywhere.clone(), &facts, &now, 1), anywhere);
}

#[test]
fn a_deal_is_as_it_would_be_after_the_change() {
    let mut record = deal_in("lead").logged("call reached", "2026-02-27T16:00:00+08:00", "");
    record = record.logged("mail sent", "2026-02-27T16:00:00+08:00", "").with("deal.size", choice("big"));
    record = record.with("deal.wishes", chosen("each fast cheap")).with("customer.kind", choice("huge"));
    record.activities[0].method = Some(key("in_person"));
    record.deal.grade = Some(key("A"));
    record.deal.product = Some(key("website"));
    record.deal.lost_from = Some(key("resource"));
    let entered_at = record.deal.entered_at;
    record.visits = ["resource", "lead"].map(|stage| Visit { stage: key(stage), entered_at, left_at: None }).into();
    let holdings = [("lead", 2), ("prospect", 1), ("won", 4)];
    record.owner = Some(Person {
        id: user(LI),
        roles: path("seller trainee admin"),
        team: None,
        active: true,
        fields: [(key("branch"), choice("north"))].into_iter().collect(),
        holdings: holdings.map(|(stage, n)| ((key("standard"), key(stage)), n)).into_iter().collect::<BTreeMap<_, _>>(),
    });
    let then = migrated(&record, &migration()).into_owned();
    let id = |id: &Option<Key>| id.as_ref().map_or("-".to_owned(), Key::to_string);
    assert_eq!(then.deal.stage, key("prospect"));
    assert_eq!([id(&then.deal.grade), id(&then.deal.product), id(&then.deal.lost_from)], ["X", "site", "source"]);
    assert_eq!(then.visits.iter().map(|visit| visit.stage.as_str()).collect::<Vec<_>>(), ["source", "prospect"]);
    assert_eq!(then.deal.fields.get("volume"), Some(&choice("vast")));
    assert_eq!(then.deal.fields.get("wishes"), Some(&chosen("each quick cheap")));
    assert_eq!(then.customer.fields.get("sort"), Some(&choice("large")));
    let activity = |n: usize| {
        let one = &then.activities[n];
        [one.kind.to_string(), id(&one.outcome), id(&one.method)]
    };
    assert_eq!([activity(0), activity(1)], [["phone", "talked", "on_site"], ["mail", "posted", "-"]]);
    let owner = then.owner.unwrap();
    assert_eq!(owner.roles, path("consultant admin"));
    assert_eq!(owner.fields.get("office"), Some(&choice("upper")));
    let held: Vec<(&str, u32)> = owner.holdings.iter().map(|((_, stage), n)| (stage.as_str(), *n)).collect();
    assert_eq!(held, [("prospect", 3), ("won", 4)]);
    assert_eq!(migrated(&record, &Migration::default()).into_owned(), record);
}

#[test]
fn a_lost_deal_was_lost_for_what_its_reason_is_called() {
    let mut record: DealFacts = deal_in("lost");
    record.deal.reason = Some(key("silent"));
    let then = migrated(&record, &migration()).into_owned();
    assert_eq!((then.deal.stage, then.deal.reason), (key("lost"), Some(key("no_answer"))));
}
