//! What the tests stand on: an empty database of either kind, and values to put in.

use super::postgres;
use crate::store::{Store, StoreSettings};
use crate::values::Time;

/// An empty database. Keeps the folder of an SQLite file as long as it lives.
pub struct World {
    pub store: Store,
    pub settings: StoreSettings,
    _folder: Option<tempfile::TempDir>,
}

impl World {
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = StoreSettings::new(&format!("sqlite:{}", folder.path().join("test.db").display()));
        let store = Store::open(&settings).await.unwrap();
        Self { store, settings, _folder: Some(folder) }
    }

    pub async fn postgres() -> Option<Self> {
        let settings = StoreSettings { postgres_lanes: 4, ..StoreSettings::new(&postgres::fresh_database()?) };
        let store = Store::open(&settings).await.unwrap();
        Some(Self { store, settings, _folder: None })
    }
}

/// Tests that run on either database.
macro_rules! on_both {
    ($($(#[$attribute:meta])* async fn $name:ident($world:ident: World) $body:block)*) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn test($world: $crate::store::tests::world::World) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            $(#[$attribute])*
            async fn on_sqlite() {
                test($crate::store::tests::world::World::sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            $(#[$attribute])*
            async fn on_postgres() {
                if let Some(world) = $crate::store::tests::world::World::postgres().await {
                    test(world).await;
                }
            }
        }
    )*};
}
pub(crate) use on_both;

/// An instant, that many seconds after the beginning of the tests' time.
pub fn at(seconds: i64) -> Time {
    "2026-03-02T02:00:00Z".parse::<Time>().unwrap().plus_micros(seconds * 1_000_000)
}
