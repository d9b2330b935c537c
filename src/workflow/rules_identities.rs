//! What tells customers apart, as the rules change: who would be the same as another stands against the change, and what
//! is recorded of it goes with it.

use crate::engine::facts::FieldValues;
use crate::engine::identity::NewIdentities;
use crate::store::{StoreError, Tx};
use crate::texts::Message;
use crate::values::{CustomerId, Key};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Customers that are read at once.
const PAGE: i64 = 1_000;
/// Of an identity so much is kept while they are counted: sixteen bytes for each customer, and no two alike by chance.
type Print = [u8; 16];

/// How many customers would have an identity that another one has, by combination.
pub(super) fn alike(tx: &mut Tx<'_>, new: &NewIdentities) -> Result<BTreeMap<String, Message>, StoreError> {
    let mut seen: BTreeMap<Key, Vec<Print>> = BTreeMap::new();
    if new.adds() {
        each_page(tx, |_, page| {
            for (_, values) in page {
                for (combination, identity) in new.before(values) {
                    seen.entry(combination).or_default().push(print(&identity));
                }
            }
            Ok(())
        })?;
    }
    let told = seen.into_iter().filter_map(|(combination, mut prints)| {
        prints.sort_unstable();
        let same = prints.chunk_by(PartialEq::eq).filter(|same| same.len() > 1).map(<[Print]>::len).sum::<usize>();
        let name = format!("unique.{combination}");
        let count = i64::try_from(same).unwrap_or(i64::MAX);
        (same > 0).then(|| (name.clone(), Message::new("customers_alike").with("name", name).with("count", count)))
    });
    Ok(told.collect())
}

/// Records the new identities of all customers, whose fields are mapped by now.
pub(super) fn renew(tx: &mut Tx<'_>, new: &NewIdentities) -> Result<(), StoreError> {
    tx.forget_identities(&new.kept())?;
    if !new.adds() {
        return Ok(());
    }
    each_page(tx, |tx, page| {
        let identities: Vec<_> = page
            .into_iter()
            .flat_map(|(customer, values)| {
                new.after(&values).into_iter().map(move |(combination, identity)| (combination, identity, customer))
            })
            .collect();
        tx.add_identities(&identities)
    })
}

fn each_page(
    tx: &mut Tx<'_>,
    mut work: impl FnMut(&mut Tx<'_>, Vec<(CustomerId, FieldValues)>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut beyond = None;
    loop {
        let page = tx.fields_of_customers(beyond, PAGE)?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        beyond = Some(*last);
        work(tx, page)?;
    }
}

fn print(identity: &str) -> Print {
    let digest = Sha256::digest(identity.as_bytes());
    let mut print = Print::default();
    print.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    print
}
