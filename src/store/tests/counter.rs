//! Counting statements: one lane, whose connection tells each statement that it sends.

use super::world::World;
use crate::store::tx::Link;
use crate::store::{Store, StoreSettings, Tx};
use diesel::Connection;
use diesel::connection::{Instrumentation, InstrumentationEvent};
use std::sync::{Arc, Mutex};

/// The statements of a store, as they were sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counter(Arc<Mutex<Vec<String>>>);

impl Instrumentation for Counter {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            self.0.lock().unwrap().push(query.to_string());
        }
    }
}

impl Counter {
    /// What was sent since it was asked last, each without its values.
    pub(crate) fn take(&self) -> Vec<String> {
        let sent = std::mem::take(&mut *self.0.lock().unwrap());
        sent.into_iter().map(|text| text.split(" -- binds:").next().unwrap().trim().to_owned()).collect()
    }

    fn watch(&self, tx: &mut Tx<'_>) {
        match &mut tx.link {
            Link::Sqlite(conn) => conn.set_instrumentation(self.clone()),
            Link::Postgres(conn) => conn.set_instrumentation(self.clone()),
        }
    }
}

/// A store over the same database with one lane for each kind of work, and what it sends.
pub(crate) async fn counted(world: &World) -> (Store, Counter) {
    let settings = StoreSettings { postgres_lanes: 1, sqlite_readers: Some(1), ..world.settings.clone() };
    let (store, counter) = (Store::open(&settings).await.unwrap(), Counter::default());
    let (reading, writing) = (counter.clone(), counter.clone());
    let read = move |tx: &mut Tx<'_>| {
        reading.watch(tx);
        Ok(())
    };
    let write = move |tx: &mut Tx<'_>| {
        writing.watch(tx);
        Ok(())
    };
    store.read(read).await.unwrap();
    store.write(write).await.unwrap();
    counter.take();
    (store, counter)
}
