use super::*;
use crate::engine::actor::Actor;
use crate::engine::people::{Others, PersonWrite, write};
use crate::rules::model::*;
use crate::values::Key;

/// What comes of dismissing somebody with these roles, others of these roles being left. By the product itself: nobody
/// else may dismiss whoever is above them.
fn dismissed(roles: &str, left: &[&str]) -> String {
    let mut rules = company();
    let (people, rule) = (grant(&[Action::PeopleWrite], Scope::All), grant(&[Action::RulesActivate], Scope::All));
    rules.roles[0].may = vec![people];
    rules.roles[1].may = vec![rule];
    let names: Vec<&str> = rules.roles.keys().map(Key::as_str).take(2).collect();
    let roles_of = |words: &str| -> Vec<Key> {
        words.split_whitespace().map(|word| Key::new(if word == "people" { names[0] } else { names[1] })).collect()
    };
    let roles = roles_of(roles);
    let before = crate::engine::facts::Person { roles: roles.clone(), ..person(WANG, "seller") };
    let left: Vec<Vec<Key>> = left.iter().map(|words| roles_of(words)).collect();
    let others = Others { scope: Scope::All, team_exists: true, roles: &left };
    let change =
        PersonWrite { before: Some(&before), roles: &roles, team: before.team, active: false, faults: Vec::new() };
    outcome(&write(&rules, &Actor::system(), change, others))
}

#[test]
fn somebody_is_always_left_who_can_change_people_and_rules() {
    assert_eq!(dismissed("people rules", &["people", "rules"]), "allowed");
    assert!(dismissed("people rules", &["people"]).starts_with("state last_administrator"));
    assert!(dismissed("people", &["rules"]).starts_with("state last_administrator"));
    assert_eq!(dismissed("people", &["people rules"]), "allowed");
}
