//! What a caller sees: one deal or customer, or nothing at all. Every use case about one of them begins here.

use super::scene::Scene;
use crate::engine::Row;
use crate::engine::customers::with_row;
use crate::engine::facts::{DealFacts, Person};
use crate::engine::sight::Sight;
use crate::rules::model::Action;
use crate::store::{CustomerItem, StoreError, Tx};
use crate::values::{CustomerId, DealId, UserId};

impl<P: Clone + Send + Sync + 'static> Scene<P> {
    /// The deal with all that decisions about it rest on, if the caller may read it.
    pub fn see_deal(&self, tx: &mut Tx<'_>, id: DealId) -> Result<Option<(DealFacts, Sight)>, StoreError> {
        Ok(tx.deal_facts(id)?.and_then(|record| self.look_at(record)))
    }

    /// The deal with its customer and owner, if the caller may read it: for who only looks at it.
    pub fn see_deal_alone(&self, tx: &mut Tx<'_>, id: DealId) -> Result<Option<(DealFacts, Sight)>, StoreError> {
        Ok(tx.deal_alone(id)?.and_then(|record| self.look_at(record)))
    }

    /// A deal with what the caller sees of it, if he may read it.
    pub fn look_at(&self, record: DealFacts) -> Option<(DealFacts, Sight)> {
        let sight = self.permit_for(Action::DealsRead)?.sight(&Row::from(&record), self.now())?;
        Some((record, sight))
    }

    /// What the caller sees of a deal as it is now: asked again before an earlier answer is given again.
    pub fn deal_sight(&self, tx: &mut Tx<'_>, id: DealId) -> Result<Option<Sight>, StoreError> {
        Ok(self.see_deal_alone(tx, id)?.map(|(_, sight)| sight))
    }

    /// The customer with his deals, if the caller may read him.
    pub fn see_customer(&self, tx: &mut Tx<'_>, id: CustomerId) -> Result<Option<(CustomerItem, Sight)>, StoreError> {
        let Some(permit) = self.permit_for(Action::CustomersRead) else { return Ok(None) };
        let Some(item) = tx.customer_item(id)? else { return Ok(None) };
        let sight = with_row(&item.customer, &item.deals, |row| permit.sight(row, self.now()));
        Ok(sight.map(|sight| (item, sight)))
    }

    pub fn customer_sight(&self, tx: &mut Tx<'_>, id: CustomerId) -> Result<Option<Sight>, StoreError> {
        Ok(self.see_customer(tx, id)?.map(|(_, sight)| sight))
    }

    /// Somebody as decisions see them, with what they hold.
    pub fn person(&self, tx: &mut Tx<'_>, id: UserId) -> Result<Option<Person>, StoreError> {
        let Some(known) = self.active.directory.user(id) else { return Ok(None) };
        let holdings = tx.holdings_of(id)?;
        Ok(Some(Person { holdings, ..known.person() }))
    }
}
