//! What versions of the rules made of names before that was remembered: the migration that makes `renames` finds what the
//! activations of now would have written.

use super::deals::execute;
use super::rules::{activate, activation};
use super::world::{World, on_both};
use crate::rules::migrate::{Mapping, Migration, What};
use crate::rules::names::names;
use crate::rules::renames::{Rename, Renames};
use crate::rules::{Rules, check, hash};
use crate::store::{Activation, Store};
use crate::values::Key;
use std::collections::BTreeSet;

const FIRST: &str = "format: 1
languages: [en]
currency: CNY
calendar: {time_zone: Asia/Shanghai}
fields:
  customer: {name: {type: text}, kind: {type: choice, of: [huge, small]}}
  deal: {size: {type: choice, of: [big, tiny]}, wishes: {type: choices, of: [fast, cheap]}}
  user: {branch: {type: text}}
products: {website: {}, hosting: {}, leaflets: {}}
methods: {in_person: {}, remote: {}}
activities: {call: {outcomes: [reached, silence]}, mail: {outcomes: [sent]}, visit: {}}
grades: [{id: A}]
funnels:
  standard:
    stages:
      - {id: resource, kind: start}
      - {id: lead}
      - {id: sure}
      - {id: won, kind: won}
      - {id: lost, kind: lost, reasons: [{id: silent}, {id: price}]}
      - {id: dropped, kind: lost, reasons: [{id: bored}]}
    moves: [forward, {from: any_open, to: lost}, {from: any_open, to: dropped}]
roles:
  admin: {may: [{do: [people.*, rules.*, rules.activate], scope: all}]}
  seller: {may: [{do: [deals.*], scope: own}]}
  trainee: {may: [{do: [deals.*], scope: own}]}
first_administrator: [admin]
";

fn changed(text: &str, parts: &[(&str, &str)]) -> String {
    parts.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from} in {text}");
        text.replace(from, to)
    })
}

fn read(text: &str) -> Rules {
    let checked = check(text, None);
    checked.rules.unwrap_or_else(|| panic!("{:?}", checked.problems))
}

fn mapping(what: What, from: &str, to: &str) -> Mapping {
    Mapping { what, from: from.split(' ').map(Key::new).collect(), to: Key::new(to) }
}

/// The texts of versions, one after the other, with what comes with the activation of each.
fn versions() -> Vec<(String, Migration)> {
    let nothing = Migration::default;
    let with = |mappings| Migration { mappings, again: BTreeSet::new() };
    // Names of every kind become others: what belongs to them goes along, a reason of its own name too.
    let second = changed(
        FIRST,
        &[
            ("id: lead", "id: prospect"),
            ("id: lost", "id: gone"),
            ("to: lost", "to: gone"),
            ("silent", "no_answer"),
            ("seller:", "consultant:"),
            ("id: A", "id: X"),
            ("website", "site"),
            ("size:", "volume:"),
            ("big", "vast"),
            ("fast", "quick"),
            ("call:", "phone:"),
            ("reached", "talked"),
            ("in_person", "near"),
        ],
    );
    let said = "migrate:
  stages: {standard: {lead: prospect, lost: gone}}
  reasons: {standard: {lost: {silent: no_answer}}}
  roles: {seller: consultant}
  grades: {A: X}
  products: {website: site}
  fields: {deal: {size: volume}}
  choices: {deal: {size: {big: vast}, wishes: {fast: quick}}}
  activities: {call: phone}
  outcomes: {call: {reached: talked}}
  methods: {in_person: near}
";
    // Once more, with the activation, where the text says still what it said; some become one; some go, and become nothing:
    // a field with its choices, a kind with its outcomes, a stage with its reasons, and some alone.
    let third = changed(
        &second,
        &[
            ("site: {}", "page: {}"),
            ("      - {id: prospect}\n", ""),
            ("consultant:", "adviser:"),
            ("kind: {type: choice, of: [huge, small]}", "city: {type: text}"),
            ("mail: {outcomes: [sent]}, ", ""),
            ("      - {id: dropped, kind: lost, reasons: [{id: bored}]}\n", ""),
            (", {from: any_open, to: dropped}", ""),
            (", hosting: {}", ""),
            ("[quick, cheap]", "[quick]"),
            ("talked, silence", "talked"),
            (", {id: price}", ""),
            (", remote: {}", ""),
            (", visit: {}", ""),
        ],
    );
    let said_still = changed(
        said,
        &[("lead: prospect, ", ""), ("  roles: {seller: consultant}\n", ""), ("  products: {website: site}\n", "")],
    );
    let brought = with(vec![
        mapping(What::Product, "site", "page"),
        mapping(What::Stage, "standard prospect", "sure"),
        mapping(What::Role, "consultant", "adviser"),
        mapping(What::Activity, "visit", "phone"),
    ]);
    // Namesakes come, of what went and of what became another.
    let again = "  again: [products.hosting, roles.seller, fields.deal.size, fields.deal.size.of.big, fields.deal.size.of.tiny]\n";
    let fourth = changed(
        &third,
        &[
            ("page: {}", "page: {}, hosting: {}"),
            ("  trainee:", "  seller: {may: [{do: [deals.*], scope: own}]}\n  trainee:"),
            ("deal: {volume", "deal: {size: {type: choice, of: [big, tiny]}, volume"),
        ],
    );
    let said_then = changed(&said_still, &[("  fields: {deal: {size: volume}}\n", ""), ("{size: {big: vast}, ", "{")]);
    let without = changed(&fourth, &[(", hosting: {}", ""), (", leaflets: {}", "")]);
    vec![
        (FIRST.to_owned(), nothing()),
        (format!("{second}{said}"), nothing()),
        (format!("{third}{said_still}"), brought),
        (format!("{fourth}{said_then}{again}"), nothing()),
        (without.clone(), nothing()),
        // Back to what ruled before.
        (FIRST.to_owned(), with(vec![mapping(What::Product, "page", "website")])),
        (without, nothing()),
    ]
}

/// As an activation of now says it.
fn activations(versions: &[(String, Migration)]) -> (Vec<Activation>, Renames) {
    let mut known = Renames::default();
    let mut done: Vec<Activation> = Vec::new();
    let mut before = BTreeSet::new();
    for ((text, brought), number) in versions.iter().zip(1..) {
        let rules = read(text);
        let after = names(&rules);
        let migration = rules.migrate.joined(brought);
        let is_again = done.iter().any(|earlier| earlier.text == *text);
        let renames = known.by_version(&migration, number, (&before, &after), is_again);
        known = known.and(renames.clone());
        done.push(Activation {
            hash: hash(text),
            text: text.clone(),
            migration,
            renames,
            removed: before.difference(&after).cloned().collect(),
            declared: after.difference(&before).cloned().collect(),
            ..activation(number)
        });
        before = after;
    }
    (done, known)
}

/// The state before the migration, and what is otherwise in it; then the migration.
async fn migrated_anew(world: World, otherwise: &'static str) -> Renames {
    let down = if world.settings.url.starts_with("sqlite") {
        include_str!("../../../migrations/sqlite/2026-11-28-000000_renames/down.sql")
    } else {
        include_str!("../../../migrations/postgres/2026-11-28-000000_renames/down.sql")
    };
    let forget = "DELETE FROM __diesel_schema_migrations WHERE version = '20261128000000'";
    world.store.write(move |tx| [down, otherwise, forget].iter().try_for_each(|one| execute(tx, one))).await.unwrap();
    world.store.close().await.unwrap();
    let store = Store::open(&world.settings).await.unwrap();
    store.read(|tx| tx.renames()).await.unwrap()
}

fn rows(renames: &Renames) -> Vec<String> {
    let line = |one: &Rename| {
        let above: String = one.above.iter().map(|id| format!("{id} ")).collect();
        let merged = if one.merged { ", merged" } else { "" };
        format!("{} {} {above}{} -> {}{merged}", one.rules_version, one.what.word(), one.from, one.to)
    };
    let mut rows: Vec<String> = renames.iter().map(line).collect();
    rows.sort();
    rows
}

async fn activate_all(world: &World, versions: &[(String, Migration)]) -> Renames {
    let (all, known) = activations(versions);
    for one in all {
        activate(world, one).await.unwrap();
    }
    assert_eq!(rows(&world.store.read(|tx| tx.renames()).await.unwrap()), rows(&known));
    known
}

on_both! {
    async fn what_versions_made_of_names_is_recalled_as_activations_write_it(world: World) {
        let known = activate_all(&world, &versions()).await;
        let rows_now = rows(&known);
        // Each kind, chains, and all that can become of a name.
        for expected in [
            "2 stage standard lead -> prospect", "2 reason standard lost silent -> no_answer", "2 role seller -> consultant",
            "2 grade A -> X", "2 product website -> site", "2 field deal size -> volume", "2 choice deal size big -> vast",
            "2 choice deal wishes fast -> quick", "2 activity call -> phone", "2 outcome call reached -> talked",
            "2 method in_person -> near", "3 product site -> page", "3 stage standard prospect -> sure, merged",
            "3 activity visit -> phone, merged", "3 field customer kind -> kind@3", "3 activity mail -> mail@3",
            "3 stage standard dropped -> dropped@3", "3 reason standard gone price -> price@3", "3 product hosting -> hosting@3",
            "3 method remote -> remote@3", "5 product hosting -> hosting@5", "6 product leaflets@5 -> leaflets",
            "6 product page -> website", "6 grade X -> A", "6 field deal volume -> volume@6", "7 product website -> page",
        ] {
            assert!(rows_now.contains(&expected.to_owned()), "{expected} in {rows_now:#?}");
        }
        assert_eq!(rows(&migrated_anew(world, "UPDATE rules_versions SET comment = comment").await), rows_now);
    }

    async fn what_came_with_an_activation_before_it_was_kept_is_not_known(world: World) {
        let known = activate_all(&world, &versions()[..5]).await;
        let recalled = rows(&migrated_anew(world, "UPDATE rules_versions SET migration = NULL").await);
        // Stages were remembered already, as what they became. Of the rest that they went is known.
        let otherwise = [
            ("3 product site -> page", "3 product site -> site@3"),
            ("3 role consultant -> adviser", "3 role consultant -> consultant@3"),
            ("3 activity visit -> phone, merged", "3 activity visit -> visit@3"),
        ];
        let mut expected: Vec<String> = rows(&known).into_iter().map(|row| {
            otherwise.iter().find(|(was, _)| *was == row).map_or(row, |(_, now)| (*now).to_owned())
        }).collect();
        expected.sort();
        assert_eq!(recalled, expected);
    }

    async fn where_rules_cannot_be_read_any_more_it_is_known_what_went(world: World) {
        activate_all(&world, &versions()[..3]).await;
        let recalled = rows(&migrated_anew(world, "UPDATE rules_versions SET text = 'format: 0' WHERE number = 2").await);
        assert_eq!(recalled, [
            "2 activity call -> call@2", "2 choice deal wishes fast -> fast@2", "2 field deal size -> size@2", "2 grade A -> A@2",
            "2 method in_person -> in_person@2", "2 product website -> website@2", "2 reason standard lost price -> price@2",
            "2 reason standard lost silent -> silent@2", "2 role seller -> seller@2", "2 stage standard lead -> prospect",
            "2 stage standard lost -> gone", "3 activity mail -> mail@3", "3 activity visit -> visit@3",
            "3 choice deal wishes cheap -> cheap@3", "3 field customer kind -> kind@3", "3 method remote -> remote@3",
            "3 outcome phone silence -> silence@3", "3 product hosting -> hosting@3", "3 product site -> site@3",
            "3 reason standard gone price -> price@3", "3 role consultant -> consultant@3", "3 stage standard dropped -> dropped@3",
            "3 stage standard prospect -> sure, merged",
        ]);
    }
}
