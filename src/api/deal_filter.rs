//! What a list of deals can be asked for, each parameter typed and bounded.

use super::listing;
use crate::rules::expression::{Entity, Path as Name, Predicate};
use crate::values::{CustomerId, Key, TeamId, Time, UserId, Value};
use serde::Deserialize;
use utoipa::IntoParams;

/// The parameters of a list of deals.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DealFilter {
    /// Only deals of this customer.
    #[param(value_type = Option<uuid::Uuid>, nullable = false)]
    pub customer: Option<CustomerId>,
    /// Only deals of this funnel, by its id in the rules.
    #[param(max_length = 100, nullable = false)]
    pub funnel: Option<String>,
    /// Only deals in this stage, by its id in the rules.
    #[param(max_length = 100, nullable = false)]
    pub stage: Option<String>,
    /// `open`, `won` or `lost`.
    #[param(max_length = 100, nullable = false)]
    pub state: Option<String>,
    /// Only deals that this user holds.
    #[param(value_type = Option<uuid::Uuid>, nullable = false)]
    pub owner: Option<UserId>,
    /// Only deals of owners who are in this team now, and of its pool.
    #[param(value_type = Option<uuid::Uuid>, nullable = false)]
    pub team: Option<TeamId>,
    /// Only deals of this product, by its id in the rules.
    #[param(max_length = 100, nullable = false)]
    pub product: Option<String>,
    /// Only deals of this stored grade, by its id in the rules.
    #[param(max_length = 100, nullable = false)]
    pub grade: Option<String>,
    /// `supplied` or `discovered`.
    #[param(max_length = 100, nullable = false)]
    pub origin: Option<String>,
    /// Only those past their stage's target, by the calendar.
    #[param(nullable = false)]
    pub overdue: Option<bool>,
    /// Only those whose fields have these values: `name:value`, several separated by commas. Fields must be marked
    /// `index` in the rules.
    #[param(max_length = 2000, nullable = false)]
    pub fields: Option<String>,
    /// Only those changed since.
    #[param(value_type = Option<String>, format = DateTime, nullable = false)]
    pub updated_since: Option<Time>,
    /// `created_at`, `updated_at`, `entered_at`, or `fields.` and a field marked `index`; `-` in front turns it round.
    /// Left out: the newest first.
    #[param(max_length = 100, nullable = false)]
    pub sort: Option<String>,
}

impl DealFilter {
    /// What the parameters that name a value of the deal itself demand.
    pub fn conditions(&self) -> Vec<Predicate> {
        let choice = |name: &str, value: &Option<String>| {
            let path = Name { entity: Entity::Deal, name: Key::new(name) };
            value.as_ref().map(|value| listing::equals(path, Value::Choice(Key::new(value))))
        };
        let owner = Name { entity: Entity::Deal, name: Key::new("owner") };
        let owner = self.owner.map(|user| listing::equals(owner, Value::User(user)));
        let choices = [
            choice("funnel", &self.funnel),
            choice("stage", &self.stage),
            choice("state", &self.state),
            choice("product", &self.product),
            choice("grade", &self.grade),
            choice("origin", &self.origin),
        ];
        choices.into_iter().chain([owner]).flatten().collect()
    }
}
