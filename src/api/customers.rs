//! Customers.

use super::access::Caller;
use super::asked::House;
use super::context::Context;
use super::extract::{Json, Path, Query};
use super::listing::{self, Cursor, FieldFilters};
use super::page::PageRequest;
use super::reply::{Answer, Reply};
use super::shown;
use super::unmet::UnmetView;
use super::write::Write;
use crate::engine::facts::{Contact, Customer};
use crate::engine::sight::{FieldSight, Sight};
use crate::rules::expression::{Entity, Path as Name};
use crate::rules::model::Rules;
use crate::values::{CustomerId, Key, Language, Time, UserId};
use crate::workflow::customers::{CustomerBody, CustomerList, CustomerPatch};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct CustomerPath {
    /// The customer.
    #[param(value_type = uuid::Uuid)]
    pub id: CustomerId,
}

/// A person at the customer.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Contact)]
pub struct ContactBody {
    #[schema(max_length = 200)]
    name: String,
    #[serde(default)]
    #[schema(max_length = 200)]
    role: Option<String>,
    #[serde(default)]
    #[schema(max_length = 40)]
    phone: Option<String>,
    #[serde(default)]
    #[schema(max_length = 254)]
    email: Option<String>,
}

impl From<ContactBody> for Contact {
    fn from(body: ContactBody) -> Self {
        Self { name: body.name, role: body.role, phone: body.phone, email: body.email }
    }
}

/// A person at the customer, as you see him.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ContactShown)]
pub struct ContactView {
    #[schema(max_length = 200)]
    name: String,
    #[schema(max_length = 200)]
    role: Option<String>,
    #[schema(max_length = 40)]
    phone: Option<String>,
    #[schema(max_length = 254)]
    email: Option<String>,
}

/// A company or person who may buy.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Customer)]
pub struct CustomerView {
    #[schema(value_type = uuid::Uuid)]
    id: CustomerId,
    /// The company's own fields (`GET /v1/funnels` lists them); `{"hidden": true}` = not for you to see.
    #[schema(value_type = Object, additional_properties)]
    fields: Map<String, Value>,
    /// People at the customer; null = not for you to see.
    #[schema(max_items = 100)]
    contacts: Option<Vec<ContactView>>,
    /// Who made it.
    #[schema(value_type = Option<uuid::Uuid>)]
    creator: Option<UserId>,
    version: i64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
    /// What warned when this was written; empty where it is only read.
    #[schema(max_items = 1000)]
    warnings: Vec<UnmetView>,
}

impl CustomerView {
    /// A customer as its reader sees it.
    #[must_use]
    pub fn of(rules: &Rules, customer: &Customer, sight: &Sight) -> Self {
        let contacts = Name { entity: Entity::Customer, name: Key::new("contacts") };
        let contact = |contact: &Contact| ContactView {
            name: contact.name.clone(),
            role: contact.role.clone(),
            phone: contact.phone.clone(),
            email: contact.email.clone(),
        };
        let open = sight.of(&contacts) == FieldSight::Open;
        Self {
            id: customer.id,
            fields: shown::fields(sight, Entity::Customer, rules.fields.customer.keys(), &customer.fields),
            contacts: open.then(|| customer.contacts.iter().map(contact).collect()),
            creator: customer.creator,
            version: customer.version,
            created_at: customer.created_at,
            updated_at: customer.updated_at,
            warnings: Vec::new(),
        }
    }

    #[must_use]
    pub fn warned(self, warnings: Vec<UnmetView>) -> Self {
        Self { warnings, ..self }
    }
}

crate::page!(
    /// A page of customers.
    CustomerPage,
    CustomerView
);

/// A customer to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCustomerBody {
    /// The company's own fields.
    #[serde(default)]
    #[schema(value_type = Object, additional_properties)]
    fields: Map<String, Value>,
    #[serde(default)]
    #[schema(max_items = 100)]
    contacts: Vec<ContactBody>,
}

/// A change of a customer. What is left out stays; null empties a field.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerPatchBody {
    #[serde(default)]
    #[schema(value_type = Object, additional_properties)]
    fields: Map<String, Value>,
    /// All contacts after the change.
    #[serde(default)]
    #[schema(max_items = 100, nullable = false)]
    contacts: Option<Vec<ContactBody>>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CustomerFilter {
    /// Only those whose fields have these values: `name:value`, several separated by commas. Fields must be marked
    /// `index` in the rules.
    #[param(max_length = 2000, nullable = false)]
    fields: Option<String>,
    /// Only those changed since.
    #[param(value_type = Option<String>, format = DateTime, nullable = false)]
    updated_since: Option<Time>,
    /// `created_at` (the usual one), `updated_at`, or `fields.` and a field marked `index`; `-` in front turns it round.
    #[param(max_length = 100, nullable = false)]
    sort: Option<String>,
}

/// Customers I may see
///
/// Those with a deal that the caller may see, and his own new ones.
#[utoipa::path(get, path = "/v1/customers", tag = "customers", params(CustomerFilter), responses(
    (status = 200, description = "A page.", body = CustomerPage)))]
pub async fn list_customers(
    house: House,
    context: Context,
    caller: Caller,
    page: PageRequest,
    filter: Query<CustomerFilter>,
) -> Answer<CustomerPage> {
    let rules = house.rules().await?;
    let filter = filter.0;
    let declared = listing::Declared { rules: &rules, entity: Entity::Customer };
    let conditions = FieldFilters::read(&declared, filter.fields.as_deref())?.conditions();
    let order = listing::order(&declared, filter.sort.as_deref(), &["created_at", "updated_at"])?;
    let list = CustomerList {
        conditions,
        updated_since: filter.updated_since,
        after: Cursor::after(&house, &page, &order, "customers", filter.sort.as_deref())?,
        order,
        limit: page.limit,
    };
    let found = house.0.customers(&caller.reads(&context)?, list).await?;
    let next = Cursor::next(&house, found.next.as_ref(), "customers", filter.sort.as_deref());
    let views = found.items.iter().map(|seen| CustomerView::of(&rules, &seen.customer, &seen.sight)).collect();
    Ok(Reply::ok(CustomerPage::new(views, next)))
}

/// One customer
///
/// With the fields and contacts that the caller may see.
#[utoipa::path(get, path = "/v1/customers/{id}", tag = "customers", params(CustomerPath), responses(
    (status = 200, description = "The customer.", body = CustomerView)))]
pub async fn get_customer(
    house: House,
    context: Context,
    caller: Caller,
    path: Path<CustomerPath>,
) -> Answer<CustomerView> {
    let seen = house.0.customer(&caller.reads(&context)?, path.0.id).await?;
    let rules = house.rules().await?;
    Ok(Reply::ok(CustomerView::of(&rules, &seen.customer, &seen.sight)).version(seen.customer.version))
}

/// Make a customer
///
/// Two with the same identity (the combinations of the rules) are one: the second is refused with `customer_exists`.
#[utoipa::path(post, path = "/v1/customers", tag = "customers", request_body = NewCustomerBody, responses(
    (status = 201, description = "Made.", body = CustomerView)))]
pub async fn create_customer(
    house: House,
    context: Context,
    caller: Caller,
    write: Write,
    body: Json<NewCustomerBody>,
) -> Answer<CustomerView> {
    let contacts = body.0.contacts.into_iter().map(Contact::from).collect();
    let new = CustomerBody { fields: body.0.fields, contacts };
    let done = house.0.create_customer(&caller.writes(&context, &write)?, new).await?;
    let rules = house.rules().await?;
    let customer = &done.answer.customer;
    let view =
        CustomerView::of(&rules, customer, &done.sight).warned(warned(&done.warnings, &done.sight, &context.languages));
    let location = format!("/v1/customers/{}", customer.id);
    Ok(Reply::created(view, location).version(customer.version).replayed(done.replayed))
}

/// Change a customer
///
/// Fields and contacts. What a stage of one of his deals demanded cannot be emptied.
#[utoipa::path(patch, path = "/v1/customers/{id}", tag = "customers", params(CustomerPath),
    request_body = CustomerPatchBody, responses((status = 200, description = "Changed.", body = CustomerView)))]
pub async fn update_customer(
    house: House,
    context: Context,
    caller: Caller,
    write: Write,
    path: Path<CustomerPath>,
    body: Json<CustomerPatchBody>,
) -> Answer<CustomerView> {
    let contacts = body.0.contacts.map(|contacts| contacts.into_iter().map(Contact::from).collect());
    let patch = CustomerPatch { fields: body.0.fields, contacts };
    let done = house.0.change_customer(&caller.writes(&context, &write)?, path.0.id, patch).await?;
    let rules = house.rules().await?;
    let customer = &done.answer.customer;
    let view =
        CustomerView::of(&rules, customer, &done.sight).warned(warned(&done.warnings, &done.sight, &context.languages));
    Ok(Reply::ok(view).version(customer.version).replayed(done.replayed))
}

/// Warnings as their reader sees them.
#[must_use]
pub fn warned(warnings: &[crate::engine::decision::Checked], sight: &Sight, languages: &[Language]) -> Vec<UnmetView> {
    warnings.iter().map(|checked| UnmetView::of(checked, Some(sight), languages)).collect()
}
