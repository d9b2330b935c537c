//! What becomes of things in use that a change of rules no longer has, as it comes with an activation.

use crate::rules::migrate::{Mapping, Migration, What};
use crate::values::Key;
use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

type ByOne = BTreeMap<String, String>;
type ByTwo = BTreeMap<String, ByOne>;
type ByThree = BTreeMap<String, ByTwo>;

/// What becomes of things in use that the rules no longer have; the same form as `migrate` in the rules file, and said
/// besides what stands there.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = Migrate)]
pub struct MigrateBody {
    /// By funnel: `{"standard": {"lead": "prospect"}}`. Deals go along, their clocks run on.
    stages: ByTwo,
    /// By funnel and stage.
    reasons: ByThree,
    roles: ByOne,
    grades: ByOne,
    products: ByOne,
    /// By record: `customer`, `deal`, `user`.
    fields: ByTwo,
    /// By record and field.
    choices: ByThree,
    activities: ByOne,
    /// By kind of activity.
    outcomes: ByTwo,
    methods: ByOne,
    /// Names that something removed earlier had, and that something new is meant to have: `roles.trainee`.
    #[schema(max_items = 1000)]
    again: Vec<String>,
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
