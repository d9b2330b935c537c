//! What becomes of things in use that a change of rules no longer has, as it comes with an activation.

use crate::rules::migrate::{Mapping, Migration, What};
use crate::values::Key;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

type ByOne = BTreeMap<String, String>;
type ByTwo = BTreeMap<String, ByOne>;
type ByThree = BTreeMap<String, ByTwo>;

/// What becomes of things in use that the rules no longer have; the same form as `migrate` in the rules file, and said
/// besides what stands there.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = Migrate)]
pub struct MigrateBody {
    /// By funnel: `{"standard": {"lead": "prospect"}}`. Deals go along, their clocks run on.
    #[schema(schema_with = by_two)]
    stages: ByTwo,
    /// By funnel and stage.
    #[schema(schema_with = by_three)]
    reasons: ByThree,
    #[schema(schema_with = by_one)]
    roles: ByOne,
    #[schema(schema_with = by_one)]
    grades: ByOne,
    #[schema(schema_with = by_one)]
    products: ByOne,
    /// By record: `customer`, `deal`, `user`.
    #[schema(schema_with = by_two)]
    fields: ByTwo,
    /// By record and field.
    #[schema(schema_with = by_three)]
    choices: ByThree,
    #[schema(schema_with = by_one)]
    activities: ByOne,
    /// By kind of activity.
    #[schema(schema_with = by_two)]
    outcomes: ByTwo,
    #[schema(schema_with = by_one)]
    methods: ByOne,
    /// Names that something removed earlier had, and that something new is meant to have: `roles.trainee`.
    #[schema(max_items = 1000)]
    again: Vec<String>,
}

/// What each id becomes.
fn by_one() -> Schema {
    let id = ObjectBuilder::new().schema_type(Type::String).max_length(Some(1000)).build();
    by_id(Schema::Object(id))
}

fn by_two() -> Schema {
    by_id(by_one())
}

fn by_three() -> Schema {
    by_id(by_two())
}

fn by_id(of: Schema) -> Schema {
    Schema::Object(ObjectBuilder::new().additional_properties(Some(of)).build())
}

impl From<MigrateBody> for Migration {
    fn from(body: MigrateBody) -> Self {
        let mut mappings = Vec::new();
        let mut ones = |what: What, above: &[&String], of: &ByOne| {
            for (from, to) in of {
                let from = above.iter().map(|id| Key::new(id)).chain([Key::new(from)]).collect();
                mappings.push(Mapping { what, from, to: Key::new(to) });
            }
        };
        let lists = [
            (What::Role, &body.roles),
            (What::Grade, &body.grades),
            (What::Product, &body.products),
            (What::Activity, &body.activities),
            (What::Method, &body.methods),
        ];
        for (what, of) in lists {
            ones(what, &[], of);
        }
        for (what, of) in [(What::Stage, &body.stages), (What::Field, &body.fields), (What::Outcome, &body.outcomes)] {
            of.iter().for_each(|(above, of)| ones(what, &[above], of));
        }
        for (what, of) in [(What::Reason, &body.reasons), (What::Choice, &body.choices)] {
            for (first, of) in of {
                of.iter().for_each(|(second, of)| ones(what, &[first, second], of));
            }
        }
        Self { mappings, again: body.again.into_iter().collect() }
    }
}

impl From<Migration> for MigrateBody {
    fn from(migration: Migration) -> Self {
        let mut body = Self { again: migration.again.into_iter().collect(), ..Self::default() };
        for Mapping { what, from, to } in migration.mappings {
            let mut ids = from.iter().map(Key::to_string);
            let mut next = || ids.next().unwrap_or_default();
            let (first, to) = (next(), to.to_string());
            match what {
                What::Role => body.roles.insert(first, to),
                What::Grade => body.grades.insert(first, to),
                What::Product => body.products.insert(first, to),
                What::Activity => body.activities.insert(first, to),
                What::Method => body.methods.insert(first, to),
                What::Stage => body.stages.entry(first).or_default().insert(next(), to),
                What::Field => body.fields.entry(first).or_default().insert(next(), to),
                What::Outcome => body.outcomes.entry(first).or_default().insert(next(), to),
                What::Reason => body.reasons.entry(first).or_default().entry(next()).or_default().insert(next(), to),
                What::Choice => body.choices.entry(first).or_default().entry(next()).or_default().insert(next(), to),
            };
        }
        body
    }
}
