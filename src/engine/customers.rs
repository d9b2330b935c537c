//! Customers: making one, changing one, and what makes two of them the same.

use super::actor::Actor;
use super::case::Case;
use super::decision::{Checked, Decision, FactsRead};
use super::effects::{CustomerChange, CustomerCreation, Made};
use super::facts::{Contact, Customer, Deal, FieldValues, Person};
use super::fields::{Declared, Written, clean, field_fault, read_email, read_phone};
use super::identity::identities;
use super::permission::{HeldDeal, Row};
use super::sight::Sight;
use super::validations::{changes_read, emptied, sticky, validate};
use crate::rules::expression::{Entity, Path};
use crate::rules::model::Rules;
use crate::texts::Message;
use crate::values::{CustomerId, Key, Time, UserId};
use serde_json::{Map, Value as Json};

/// Most contacts of a customer: expressions walk over all of them.
pub const MOST_CONTACTS: usize = 100;
/// Longest name and role of a contact, in characters.
const LONGEST_NAME: usize = 200;

/// The customer fields as the rules declare them.
#[must_use]
pub fn declared(rules: &Rules) -> Declared<'_> {
    Declared { entity: Entity::Customer, fields: &rules.fields.customer, country: rules.country.as_deref() }
}

/// Contacts in normal form, and what is wrong with them.
#[must_use]
pub fn read_contacts(contacts: Vec<Contact>, country: Option<&str>) -> (Vec<Contact>, Vec<Checked>) {
    let mut faults = Vec::new();
    if contacts.len() > MOST_CONTACTS {
        let message = Message::new("contacts_too_many").with("most", i64::try_from(MOST_CONTACTS).unwrap_or(i64::MAX));
        faults.push(field_fault("/contacts", &Key::new("contacts"), message, vec!["customer.contacts".into()]));
        return (Vec::new(), faults);
    }
    let mut read = Vec::with_capacity(contacts.len());
    for (index, contact) in contacts.into_iter().enumerate() {
        let mut told = |part: &str, message: Message| {
            let pointer = format!("/contacts/{index}/{part}");
            faults.push(field_fault(&pointer, &Key::new("contacts"), message, vec!["customer.contacts".into()]));
        };
        let name = clean(&contact.name, LONGEST_NAME, false)
            .and_then(|name| if name.is_empty() { Err(Message::new("contact_name_required")) } else { Ok(name) });
        let name = name.map_err(|message| told("name", message)).unwrap_or_default();
        let mut optional = |part: &str, value: Option<String>, read: &dyn Fn(&str) -> Result<String, Message>| {
            let read = value.map(|value| read(&value).map_err(|message| told(part, message)).unwrap_or_default());
            read.filter(|value| !value.is_empty())
        };
        let role = optional("role", contact.role, &|text| clean(text, LONGEST_NAME, false));
        let phone = optional("phone", contact.phone, &|text| read_phone(text, country));
        let email = optional("email", contact.email, &|text| read_email(text));
        read.push(Contact { name, role, phone, email });
    }
    (read, faults)
}

/// What a customer is to be made of.
#[derive(Clone, Debug)]
pub struct NewCustomer {
    pub id: CustomerId,
    pub written: Written,
    pub contacts: Vec<Contact>,
    /// What reading the body found.
    pub faults: Vec<Checked>,
}

impl NewCustomer {
    /// What a client wrote.
    #[must_use]
    pub fn read(rules: &Rules, id: CustomerId, fields: &Map<String, Json>, contacts: Vec<Contact>) -> Self {
        let CustomerWrite { written, contacts, faults } = CustomerWrite::read(rules, fields, Some(contacts));
        Self { id, written, contacts: contacts.unwrap_or_default(), faults }
    }
}

/// A customer as it is before it is made: what its maker may touch depends on it.
#[must_use]
pub fn blank(id: CustomerId, creator: Option<UserId>, now: Time) -> Customer {
    Customer {
        id,
        creator,
        fields: FieldValues::new(),
        contacts: Vec::new(),
        version: 1,
        facts_version: 1,
        created_at: now,
        updated_at: now,
    }
}

/// Makes a customer. `sight`: what the maker may touch of what will be theirs.
#[must_use]
pub fn create(rules: &Rules, actor: &Actor, sight: &Sight, new: NewCustomer, now: Time) -> Decision<CustomerCreation> {
    let applied = declared(rules).apply(&FieldValues::new(), new.written, Some(sight), true);
    let customer = Customer { fields: applied.values, contacts: new.contacts, ..blank(new.id, actor.user(), now) };
    let mut criteria = new.faults;
    criteria.extend(applied.faults);
    criteria.extend(contacts_touched(sight, !customer.contacts.is_empty()));
    let case = Case { customer: Some(&customer), ..Case::new(rules, actor, now) };
    let mut facts = changes_read(&rules.fields, &applied.changed, &FieldValues::new(), &customer.fields);
    criteria.extend(validate(&applied.changed, &case, &mut facts));
    let keys = identities(rules, &customer.fields);
    decided(criteria, facts, CustomerCreation { customer, keys, made: Made::new() })
}

/// What a customer is to become.
#[derive(Clone, Debug)]
pub struct CustomerWrite {
    pub written: Written,
    /// `None` = as they are.
    pub contacts: Option<Vec<Contact>>,
    pub faults: Vec<Checked>,
}

impl CustomerWrite {
    /// What a client wrote.
    #[must_use]
    pub fn read(rules: &Rules, fields: &Map<String, Json>, contacts: Option<Vec<Contact>>) -> Self {
        let (written, mut faults) = declared(rules).read(fields);
        let contacts = contacts.map(|contacts| {
            let (contacts, more) = read_contacts(contacts, rules.country.as_deref());
            faults.extend(more);
            contacts
        });
        Self { written, contacts, faults }
    }
}

/// A customer as a row of permissions. `deals`: all of his, with who holds them.
pub fn with_row<T>(customer: &Customer, deals: &[(Deal, Option<Person>)], ask: impl FnOnce(&Row<'_>) -> T) -> T {
    let held: Vec<HeldDeal<'_>> = deals.iter().map(|(deal, owner)| HeldDeal { deal, owner: owner.as_ref() }).collect();
    ask(&Row::Customer { customer, deals: &held })
}

/// Funnel and stage of each of a customer's deals.
#[must_use]
pub fn stages_of(deals: &[(Deal, Option<Person>)]) -> Vec<(Key, Key)> {
    deals.iter().map(|(deal, _)| (deal.funnel.clone(), deal.stage.clone())).collect()
}

/// Changes a customer. `deals`: funnel and stage of the customer's deals, whose stages may demand fields.
#[must_use]
pub fn change(
    rules: &Rules,
    actor: &Actor,
    sight: &Sight,
    customer: &Customer,
    deals: &[(Key, Key)],
    write: CustomerWrite,
    now: Time,
) -> Decision<CustomerChange> {
    let applied = declared(rules).apply(&customer.fields, write.written, Some(sight), false);
    let contacts = write.contacts.unwrap_or_else(|| customer.contacts.clone());
    let after = Customer { fields: applied.values, contacts, ..customer.clone() };
    let mut criteria = write.faults;
    criteria.extend(applied.faults);
    criteria.extend(contacts_touched(sight, after.contacts != customer.contacts));
    let case = Case { customer: Some(&after), ..Case::new(rules, actor, now) };
    let mut facts = changes_read(&rules.fields, &applied.changed, &customer.fields, &after.fields);
    criteria.extend(validate(&applied.changed, &case, &mut facts));
    let emptied = emptied(&applied.changed, &after.fields);
    for (funnel, stage) in deals {
        criteria.extend(sticky(rules, funnel, stage, &emptied, &case));
    }
    let keys = identities(rules, &after.fields);
    let effect = CustomerChange {
        customer: customer.id,
        fields: after.fields,
        contacts: after.contacts,
        keys,
        at: now.max(customer.updated_at),
        made: Made::new(),
    };
    decided(criteria, facts, effect)
}

fn contacts_touched(sight: &Sight, touched: bool) -> Option<Checked> {
    let path = Path { entity: Entity::Customer, name: Key::new("contacts") };
    let refused = touched && !sight.writable(&path);
    refused.then(|| {
        let message = Message::new("field_not_writable").with("field", "customer.contacts");
        field_fault("/contacts", &path.name, message, vec!["customer.contacts".into()])
    })
}

/// Allowed unless something refuses.
pub(super) fn decided<T>(criteria: Vec<Checked>, facts: FactsRead, effect: T) -> Decision<T> {
    Decision::conclude(criteria, facts, || effect)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expressions walk over all of them: what bounds their cost holds whoever hands them in.
    #[test]
    fn a_customer_has_no_more_contacts_than_expressions_count_with() {
        let contacts = |many: usize| {
            let one = Contact { name: "Li".into(), role: None, phone: None, email: None };
            let (read, faults) = read_contacts(vec![one; many], None);
            (read.len(), faults.iter().map(|fault| fault.message.code.to_string()).collect::<Vec<_>>())
        };
        assert_eq!(contacts(MOST_CONTACTS), (MOST_CONTACTS, Vec::new()));
        assert_eq!(contacts(MOST_CONTACTS + 1), (0, vec!["contacts_too_many".to_owned()]));
    }
}
