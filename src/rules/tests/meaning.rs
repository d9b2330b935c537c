//! Funnels that are as another, moves spelt out, criteria used by name: what the words of the file come to.

use super::*;
use crate::rules::model::{MoveFrom, MoveTo, StageKind};

/// The moves of a funnel, each as `from -> to (id, direction)`.
fn moves(text: &str, funnel: &str) -> Vec<String> {
    let checked = check(text, monday());
    let Some(rules) = checked.rules else { panic!("{}", render::text(&checked.problems, "f", &english())) };
    let from = |from: &MoveFrom| match from {
        MoveFrom::Creation => "creation".to_owned(),
        MoveFrom::Stage(id) => id.to_string(),
    };
    let to = |to: &MoveTo| match to {
        MoveTo::Origin => "origin".to_owned(),
        MoveTo::Stage(id) => id.to_string(),
    };
    let all = &rules.funnels[funnel].moves;
    all.iter().map(|one| format!("{} -> {} ({}, {:?})", from(&one.from), to(&one.to), one.id, one.direction)).collect()
}

#[test]
fn without_moves_a_deal_goes_forward_and_out() {
    let without = small("    moves: [forward, {from: any_open, to: gone}]\n", "");
    let expected = [
        "creation -> fresh (creation, Creation)",
        "fresh -> called (forward, Forward)",
        "called -> sold (forward, Forward)",
        "fresh -> gone (lost, Lost)",
        "called -> gone (lost, Lost)",
    ];
    assert_eq!(moves(&without, "standard"), expected);
}

#[test]
fn a_pair_that_is_named_replaces_the_words_for_it() {
    let said = "moves: [{from: any_open, to: later}, forward, {id: direct, from: fresh, to: sold}, \
                {from: any_open, to: gone}, {id: back, from: gone, to: origin}, {id: born, from: creation, to: fresh}]";
    let text = small("moves: [forward, {from: any_open, to: gone}]", said);
    // `later` says what `forward` says, both in words: that is a contradiction.
    assert_eq!(codes(&text), ["move_twice", "move_twice"]);
    let expected = [
        "fresh -> called (forward, Forward)",
        "called -> sold (forward, Forward)",
        "fresh -> sold (direct, Forward)",
        "fresh -> gone (lost, Lost)",
        "called -> gone (lost, Lost)",
        "gone -> origin (back, Reopen)",
        "creation -> fresh (born, Creation)",
    ];
    assert_eq!(moves(&text.replace(", forward", ""), "standard"), expected);
}

#[test]
fn steps_back_and_deals_made_later_are_spelt_out() {
    let said = "moves: [forward, {from: any_open, to: gone}, {from: any_open, to: earlier}, {from: gone, to: any_open}, \
                {from: creation, to: called}]";
    let text = small("moves: [forward, {from: any_open, to: gone}]", said);
    let expected = [
        "creation -> fresh (creation, Creation)",
        "fresh -> called (forward, Forward)",
        "called -> sold (forward, Forward)",
        "fresh -> gone (lost, Lost)",
        "called -> gone (lost, Lost)",
        "called -> fresh (back, Back)",
        "gone -> fresh (reopen, Reopen)",
        "gone -> called (reopen, Reopen)",
        "creation -> called (creation, Creation)",
    ];
    assert_eq!(moves(&text, "standard"), expected);
}

const LIKE: &str = "  quick:
    like: standard
    without: [called]
    stages:
      - {id: fresh, dwell: 2wd}
      - {id: shown, dwell: 3wd}
first_administrator";

#[test]
fn a_funnel_like_another_is_that_one_but_for_what_it_says() {
    let text = small("first_administrator", LIKE);
    let rules = check(&text, monday()).rules.unwrap();
    let quick = &rules.funnels["quick"];
    let stages: Vec<_> =
        quick.stages.iter().map(|stage| (stage.id.as_str(), stage.kind, stage.dwell.is_some())).collect();
    let expected = [
        ("fresh", StageKind::Start, true),
        ("shown", StageKind::Open, true),
        ("sold", StageKind::Won, false),
        ("gone", StageKind::Lost, false),
    ];
    assert_eq!(stages, expected);
    assert_eq!(quick.label.get(&[]), "quick");
    assert!(rules.funnels["standard"].stage("called").is_some());
}

#[test]
fn a_funnel_like_another_names_what_is_there() {
    let cases = [
        ("like: standard", "like: standrd", vec!["unknown_name"]),
        ("without: [called]", "without: [calld]", vec!["unknown_name"]),
        ("{id: fresh, dwell: 2wd}", "{id: demo}", vec!["stage_without_place"]),
    ];
    for (with, instead, expected) in cases {
        let found = codes(&small("first_administrator", &LIKE.replace(with, instead)));
        assert_eq!(found, expected, "{instead}");
    }
}

/// A few lines of `like` must not fill the memory.
#[test]
fn what_likes_take_over_counts_against_the_limit() {
    let labels: String = (0..3_000).map(|n| format!("[x{n}], ")).collect();
    let heavy = small("kind: start}", &format!("kind: start, standards: [{labels}]}}"));
    let likes: String = (0..40).map(|n| format!("  f{n}: {{like: standard}}\n")).collect();
    let text = heavy.replace("first_administrator", &format!("{likes}first_administrator"));
    assert!(codes(&text).contains(&"too_many_nodes".to_owned()));
}

#[test]
fn a_criterion_declared_once_is_used_by_its_name() {
    let text = small("{id: reached, activity: call}", "reached").replace(
        "grades:",
        "criteria: {reached: {activity: call, outcome: reached, at_least: 3, within: 20wd, different: days}}\ngrades:",
    );
    let rules = check(&text, monday()).rules.unwrap();
    let criteria = &rules.funnels["standard"].stage("called").unwrap().enter;
    assert_eq!(criteria.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["reached"]);
    let wrong = text.replace("outcome: reached", "outcome: rechd");
    assert_eq!(codes(&wrong), ["unknown_name"]);
}

#[test]
fn a_text_is_in_the_first_language_and_a_label_left_out_is_the_id() {
    let text = small("id: no_need", "id: no_need, label: Nothing needed");
    let rules = check(&text, monday()).rules.unwrap();
    let stage = rules.funnels["standard"].stage("gone").unwrap();
    assert_eq!(stage.reasons["no_need"].label.get(&[Language::new("zh")]), "Nothing needed");
    let rules = check(SMALL, monday()).rules.unwrap();
    assert_eq!(rules.funnels["standard"].stage("gone").unwrap().reasons["no_need"].label.get(&[]), "no need");
}

#[test]
fn the_hash_tells_texts_apart() {
    assert_eq!(hash("a"), "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb");
    assert_ne!(hash(SMALL), hash(&SMALL.replace("50%", "51%")));
}

/// Whatever expressions know by themselves, no field can be called.
#[test]
fn no_field_hides_a_name_of_the_product() {
    for (record, entity) in [("customer", expression::Entity::Customer), ("deal", expression::Entity::Deal)] {
        for name in expression::built_in(entity).chain(["id", "updated_at"]) {
            let with = format!("{record}: {{");
            let found = codes(&small(&with, &format!("{with}{name}: {{type: bool}}, ")));
            assert_eq!(found, ["built_in_name"], "{record}.{name}");
        }
    }
}

#[test]
fn contacts_can_be_hidden() {
    let text =
        small("roles:\n", "roles:\n  seller: {may: [{do: [customers.read], scope: all, hide: [customer.contacts]}]}\n");
    assert_eq!(codes(&text), Vec::<String>::new());
}
