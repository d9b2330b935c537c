//! Lists of deals and customers: who may see which rows (`RowFilter`), what is wanted, in which order, from where on.
//!
//! INVARIANT: a list holds a row exactly where a single read of it with the same filter finds it.

use super::directory::Epochs;
use super::tx::face;
use crate::engine::dwell::StageDeadline;
use crate::engine::facts::{Customer, Deal, Person};
use crate::engine::filter::RowFilter;
use crate::rules::expression::{Path, Predicate};
use crate::rules::model::FieldKind;
use crate::values::{CustomerId, DealId, Key, TeamId, Time};
use uuid::Uuid;

/// A page of deals.
#[derive(Clone, Debug)]
pub struct DealQuery {
    pub filter: RowFilter,
    /// All of these must hold. Where the caller does not see a field that one of them names, it counts as missing.
    pub conditions: Vec<Predicate>,
    pub customer: Option<CustomerId>,
    /// Deals of owners who are in the team now, and of the team's pool.
    pub team: Option<TeamId>,
    /// Deals that came into one of these stages so early that they are overdue.
    pub overdue: Option<Vec<StageDeadline>>,
    pub updated_since: Option<Time>,
    pub order: Order,
    pub after: Option<Cursor>,
    pub limit: i64,
}

/// A page of customers.
#[derive(Clone, Debug)]
pub struct CustomerQuery {
    pub filter: RowFilter,
    /// Conditions on the customer's own fields.
    pub conditions: Vec<Predicate>,
    pub updated_since: Option<Time>,
    pub order: Order,
    pub after: Option<Cursor>,
    pub limit: i64,
}

/// What a list is ordered by; equal ones by id. What is missing comes last, whichever the direction.
#[derive(Clone, Debug)]
pub struct Order {
    pub by: SortBy,
    pub descending: bool,
}

#[derive(Clone, Debug)]
pub enum SortBy {
    CreatedAt,
    UpdatedAt,
    /// Deals only; customers are ordered by their making instead.
    EnteredAt,
    /// A field of the company's, as the rules declare it.
    Field(Path, FieldKind),
}

/// Where a page ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub key: CursorKey,
    pub id: Uuid,
}

/// The value that the last row was ordered by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CursorKey {
    Missing,
    Int(i64),
    Text(String),
}

/// A row of a list and the cursor that a page ending with it has.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed<T> {
    pub item: T,
    pub cursor: Cursor,
}

/// A deal with what its reader's view of it depends on.
#[derive(Clone, Debug, PartialEq)]
pub struct DealItem {
    pub deal: Deal,
    pub customer: Customer,
    /// Without holdings.
    pub owner: Option<Person>,
}

/// A customer with the deals and owners that his reader's view of him depends on.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomerItem {
    pub customer: Customer,
    /// The newest first; owners without holdings.
    pub deals: Vec<(Deal, Option<Person>)>,
}

/// A page of deals with the epochs, of one moment.
pub(super) struct PageOfDeals {
    pub epochs: Epochs,
    pub rows: Vec<Listed<DealItem>>,
}

face! { lists:
    /// A page of the customers that the filter lets through.
    fn list_customers(query: &CustomerQuery) -> Vec<Listed<CustomerItem>>;
    /// Whether the filter lets the deal through.
    fn sees_deal(id: DealId, filter: &RowFilter) -> bool;
    /// Whether the filter lets the customer through.
    fn sees_customer(id: CustomerId, filter: &RowFilter) -> bool;
}

face! { unbegun customers:
    /// One customer.
    fn customer(id: CustomerId) -> Option<Customer>, locking customer(id);
    /// One customer with all his deals.
    fn customer_item(id: CustomerId) -> Option<CustomerItem>, locking customer(id);
    /// Whose identity this is: the first of these (combination, normalised value) that somebody has.
    fn customer_by_keys(keys: &[(Key, String)]) -> Option<(CustomerId, Key)>;
}
