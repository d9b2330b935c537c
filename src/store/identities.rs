//! What tells customers apart: one row for each combination of the rules that a customer has all fields of.

use super::tx::face;
use crate::engine::facts::FieldValues;
use crate::values::{CustomerId, Key};

face! { identities:
    /// Customers with their fields, by id, after this one.
    fn fields_of_customers(beyond: Option<CustomerId>, limit: i64) -> Vec<(CustomerId, FieldValues)>;
    /// Forgets all identities but those of these combinations.
    fn forget_identities(kept: &[Key]) -> ();
    /// Adds identities that no other customer has, each (combination, identity, customer).
    fn add_identities(identities: &[(Key, String, CustomerId)]) -> ();
}
