//! What of the things in use new rules leave out, change or rename. Pure: it is counted elsewhere (`rules_in_use`), and
//! only what these rules make doubtful.

use crate::rules::migrate::{Migration, What};
use crate::rules::model::{Field, FieldKind, Funnel, Rules};
use crate::rules::names;
use crate::store::{Countable, InUse};
use crate::values::Key;
use std::collections::{BTreeMap, BTreeSet};

/// What is in use: how much of it has no place, and how much becomes something else.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub lacking: BTreeMap<String, i64>,
    pub migrated: BTreeMap<String, i64>,
}

impl Found {
    fn note(&mut self, name: String, count: i64, is_kept: bool, is_mapped: bool) {
        let into = match (is_kept, is_mapped) {
            _ if count == 0 => return,
            (true, _) => return,
            (false, true) => &mut self.migrated,
            (false, false) => &mut self.lacking,
        };
        *into.entry(name).or_default() += count;
    }
}

/// What must be counted: everything of which these rules leave out, change or rename something that there was. The rest
/// stays what it is, however much of it is in use; a company is large, and everybody waits for a change of rules.
pub(super) fn doubtful(active: i64, old: &Rules, new: &Rules, migration: &Migration) -> Vec<Countable> {
    // Before there were rules, nothing says what there can be.
    if active == 0 {
        return Countable::ALL.to_vec();
    }
    let would_be_told = |countable: &Countable| {
        let found = lacking(old, new, &one_of_each(old, *countable), migration);
        !found.lacking.is_empty() || !found.migrated.is_empty()
    };
    Countable::ALL.into_iter().filter(would_be_told).collect()
}

/// As if everything of a kind that the rules know was in use, once.
fn one_of_each(rules: &Rules, countable: Countable) -> InUse {
    let mut used = InUse::default();
    let stages = || {
        let of = |(funnel, has): (&Key, &Funnel)| -> Vec<(Key, Key, i64)> {
            has.stages.iter().map(|stage| (funnel.clone(), stage.id.clone(), 1)).collect()
        };
        rules.funnels.iter().flat_map(of).collect()
    };
    let fields =
        |record: &str| names::records(rules).into_iter().find(|(of, _)| *of == record).map(|(_, fields)| fields);
    match countable {
        Countable::Stages => used.stages = stages(),
        Countable::Origins => used.origins = stages(),
        Countable::Roles => used.roles = rules.roles.keys().map(|role| (role.clone(), 1)).collect(),
        Countable::Grades => used.grades = rules.grades.iter().map(|grade| (grade.id.clone(), 1)).collect(),
        Countable::Products => used.products = rules.products.keys().map(|product| (product.clone(), 1)).collect(),
        Countable::Activities => used.activities = rules.activities.keys().map(|kind| (kind.clone(), 1)).collect(),
        Countable::Methods => used.methods = rules.methods.keys().map(|method| (method.clone(), 1)).collect(),
        Countable::Reasons => {
            for (funnel, has) in &rules.funnels {
                for stage in &has.stages {
                    let reasons = stage.reasons.keys();
                    used.reasons.extend(reasons.map(|reason| (funnel.clone(), stage.id.clone(), reason.clone(), 1)));
                }
            }
        }
        Countable::Outcomes => {
            for (kind, of) in &rules.activities {
                used.outcomes.extend(of.outcomes.keys().map(|outcome| (kind.clone(), outcome.clone(), 1)));
            }
        }
        Countable::Fields(record) => {
            let fields = fields(record).into_iter().flatten();
            used.fields = fields.map(|(field, _)| (Key::new(record), field.clone(), 1)).collect();
        }
        Countable::Choices(record) => {
            for (field, of) in fields(record).into_iter().flatten() {
                let choices = names::choices(of);
                used.choices.extend(choices.map(|choice| (Key::new(record), field.clone(), choice.clone(), 1)));
            }
        }
    }
    used
}

/// What is in use and not, or not as it was, in the new rules: its name in the file, and how often it is used.
pub(super) fn lacking(old: &Rules, new: &Rules, used: &InUse, migration: &Migration) -> Found {
    let mut found = Found::default();
    let mapped = |what: What, from: &[&str]| migration.target(what, from).is_some();
    let stage_now = |funnel: &Key, stage: &Key| {
        let id = migration.target(What::Stage, &[funnel.as_str(), stage.as_str()]).unwrap_or(stage);
        new.funnels.get(funnel).and_then(|funnel| funnel.stage(id))
    };
    for (funnel, stage, count) in &used.stages {
        let of = |rules: &Rules| {
            let there = rules.funnels.get(funnel).and_then(|funnel| funnel.stage(stage));
            there.map(|stage| stage.kind.of_its_deals())
        };
        let kept = of(new).is_some_and(|kind| of(old).is_none_or(|before| before == kind));
        let is_mapped = mapped(What::Stage, &[funnel.as_str(), stage.as_str()]);
        found.note(names::of_stage(funnel, stage), *count, kept, is_mapped);
    }
    for (funnel, stage, count) in &used.origins {
        let kept = new.funnels.get(funnel).is_some_and(|funnel| funnel.stage(stage).is_some());
        let is_mapped = mapped(What::Stage, &[funnel.as_str(), stage.as_str()]);
        found.note(names::of_stage(funnel, stage), *count, kept, is_mapped);
    }
    for (funnel, stage, reason, count) in &used.reasons {
        // Where its stage goes, the reason must be known.
        let kept = stage_now(funnel, stage).is_some_and(|stage| stage.reasons.contains_key(reason));
        let is_mapped = mapped(What::Reason, &[funnel.as_str(), stage.as_str(), reason.as_str()]);
        found.note(names::of_reason(funnel, stage, reason), *count, kept && !is_mapped, is_mapped);
    }
    let lists: [(&str, What, &[(Key, i64)], BTreeSet<&Key>); 5] = [
        ("roles", What::Role, &used.roles, new.roles.keys().collect()),
        ("grades", What::Grade, &used.grades, new.grades.iter().map(|grade| &grade.id).collect()),
        ("products", What::Product, &used.products, new.products.keys().collect()),
        ("activities", What::Activity, &used.activities, new.activities.keys().collect()),
        ("methods", What::Method, &used.methods, new.methods.keys().collect()),
    ];
    for (section, what, used, known) in lists {
        for (name, count) in used {
            found.note(format!("{section}.{name}"), *count, known.contains(name), mapped(what, &[name.as_str()]));
        }
    }
    for (kind, outcome, count) in &used.outcomes {
        let id = migration.target(What::Activity, &[kind.as_str()]).unwrap_or(kind);
        let Some(there) = new.activities.get(id) else { continue };
        let is_mapped = mapped(What::Outcome, &[kind.as_str(), outcome.as_str()]);
        let kept = there.outcomes.contains_key(outcome) && !is_mapped;
        found.note(names::of_outcome(kind, outcome), *count, kept, is_mapped);
    }
    fields(old, new, used, migration, &mut found);
    found
}

fn fields(old: &Rules, new: &Rules, used: &InUse, migration: &Migration, found: &mut Found) {
    for ((record, before), (_, after)) in names::records(old).into_iter().zip(names::records(new)) {
        for (_, name, count) in used.fields.iter().filter(|(of, ..)| **of == *record) {
            let kind = |field: &Field| std::mem::discriminant(&field.kind);
            let was = before.get(name).map(kind);
            let kept = after.get(name).map(kind).is_some_and(|kind| was.is_none_or(|was| was == kind));
            let is_mapped = migration.target(What::Field, &[record, name.as_str()]).is_some();
            found.note(names::of_field(record, name), *count, kept, is_mapped);
        }
        for (_, field, choice, count) in used.choices.iter().filter(|(of, ..)| **of == *record) {
            let id = migration.target(What::Field, &[record, field.as_str()]).unwrap_or(field);
            // A field that is gone, or holds something else now, was told itself.
            let Some(FieldKind::Choice { of } | FieldKind::Choices { of }) = after.get(id).map(|field| &field.kind)
            else {
                continue;
            };
            let is_mapped = migration.target(What::Choice, &[record, field.as_str(), choice.as_str()]).is_some();
            let kept = of.contains_key(choice) && !is_mapped;
            found.note(names::of_choice(record, field, choice), *count, kept, is_mapped);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::check;

    const RULES: &str = "format: 1
languages: [en]
currency: CNY
calendar: {time_zone: Asia/Shanghai}
fields:
  customer: {size: {type: choice, of: [large, small]}, city: {type: text}}
  deal: {score: {type: number}}
products: {website: {}, promotion: {}}
activities: {call: {outcomes: [reached, refused]}, visit: {}}
grades: [{id: A, when: 'deal.score > 10'}, {id: B}]
funnels:
  standard:
    stages:
      - {id: resource, kind: start}
      - {id: contacted}
      - {id: won, kind: won}
      - {id: lost, kind: lost, reasons: [{id: price}, {id: silence}]}
    moves: [forward, {from: any_open, to: lost}]
roles:
  seller: {may: [{do: [deals.*], scope: own}]}
  admin: {may: [{do: [people.*, rules.*, rules.activate, deals.*], scope: all}]}
first_administrator: [admin]
";

    fn asked(changes: &[(&str, &str)]) -> Vec<Countable> {
        let rules = |text: &str| {
            let checked = check(text, None);
            checked.rules.unwrap_or_else(|| panic!("{:?}", checked.problems))
        };
        let changed = changes.iter().fold(RULES.to_owned(), |text, (from, to)| {
            assert!(text.contains(from), "{from}");
            text.replace(from, to)
        });
        let new = rules(&changed);
        doubtful(1, &rules(RULES), &new, &new.migrate)
    }

    #[test]
    fn only_what_goes_changes_its_kind_or_its_name_is_counted() {
        assert_eq!(asked(&[]), []);
        assert_eq!(
            asked(&[("{id: contacted}", "{id: contacted, dwell: 3wd}"), ("visit: {}", "visit: {}, mail: {}")]),
            []
        );
        // Where deals begin is no matter of those that are there; whether a stage ends them is.
        let before = "{id: found, kind: start}\n      - {id: resource}";
        assert_eq!(asked(&[("{id: resource, kind: start}", before)]), []);
        let ends = [
            ("{id: contacted}", "{id: contacted, kind: won}"),
            ("[forward, ", "[forward, {id: at_once, from: resource, to: won}, "),
        ];
        assert_eq!(asked(&ends), [Countable::Stages]);
        assert_eq!(asked(&[("{id: contacted}", "{id: called}")]), [Countable::Stages, Countable::Origins]);
        let renamed = [
            ("{id: contacted}", "{id: called}"),
            ("first_adm", "migrate: {stages: {standard: {contacted: called}}}\nfirst_adm"),
        ];
        assert_eq!(asked(&renamed), [Countable::Stages, Countable::Origins]);
        assert_eq!(asked(&[(", {id: silence}", "")]), [Countable::Reasons]);
        assert_eq!(asked(&[(", promotion: {}", "")]), [Countable::Products]);
        assert_eq!(asked(&[(", visit: {}", "")]), [Countable::Activities]);
        assert_eq!(asked(&[("[reached, refused]", "[reached]")]), [Countable::Outcomes]);
        assert_eq!(asked(&[("[large, small]", "[large]")]), [Countable::Choices("customer")]);
        assert_eq!(asked(&[(", city: {type: text}", "")]), [Countable::Fields("customer")]);
        assert_eq!(asked(&[("city: {type: text}", "city: {type: number}")]), [Countable::Fields("customer")]);
        assert_eq!(asked(&[("{id: A, when", "{id: C, when")]), [Countable::Grades]);
        assert_eq!(asked(&[("  seller:", "  clerk:")]), [Countable::Roles]);
    }

    #[test]
    fn before_there_were_rules_everything_is_counted() {
        let rules = check(RULES, None).rules.unwrap();
        assert_eq!(doubtful(0, &rules, &rules, &rules.migrate), Countable::ALL);
    }
}
