//! What a commit promises: whole or not at all, alone or in a group, with the server coming and going.

use super::deals::execute;
use super::people::{change, entry, team, user};
use super::postgres;
use super::world::{World, on_both};
use crate::store::tx::Link;
use crate::store::{Effect, PeopleChange, Store, StoreError, StoreSettings, Tx, schema};
use diesel::dsl::{exists, select, sql};
use diesel::sql_types::{Integer, Text};
use diesel::{QueryDsl, RunQueryDsl};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// Reads every column of every table.
macro_rules! every_table {
    ($conn:expr) => {
        every_table!($conn, activities contracts customer_keys customers deals decision_personal decisions epochs history
            holdings idempotency login_attempts payments renames rules_drafts rules_file rules_removed
            rules_preview_items rules_previews rules_replay_items rules_replays rules_shadow_items rules_shadows rules_versions sessions setup
            teams users)
    };
    ($conn:expr, $($table:ident)*) => {{
        $(
            let _: bool = select(exists(schema::$table::table.select(schema::$table::all_columns))).get_result($conn)?;
        )*
        Ok(())
    }};
}

on_both! {
    async fn a_use_case_that_fails_takes_only_its_own_work_with_it(world: World) {
        let writes = (0..40).map(|n| {
            let created = PeopleChange::UserCreated { user: user(&format!("u{n:02}")), password_hash: None };
            world.store.write(move |tx| {
                tx.record(&entry("people.write"), &[Effect::People(&created)])?;
                match n % 4 {
                    0 => Err(StoreError::RulesChanged),
                    1 => panic!("a fault of ours"),
                    _ => Ok(n),
                }
            })
        });
        let written = futures_util::future::join_all(writes).await;
        let kept: Vec<String> = written.into_iter().flatten().map(|n| format!("u{n:02}")).collect();
        let directory = world.store.read(|tx| tx.directory()).await.unwrap();
        assert_eq!(directory.users.iter().map(|user| user.login.clone()).collect::<Vec<_>>(), kept);
        assert_eq!((kept.len(), directory.epochs.people_epoch), (20, 20));
    }

    async fn a_use_case_is_run_again_when_its_facts_were_stale_but_not_for_ever(world: World) {
        let runs = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&runs);
        let second = world.store.write(move |_| match counted.fetch_add(1, Ordering::SeqCst) {
            0 => Err(StoreError::Stale),
            n => Ok(n),
        });
        assert_eq!(second.await.unwrap(), 1);
        let counted = Arc::clone(&runs);
        let never = world.store.write(move |_| -> Result<(), _> {
            counted.fetch_add(1, Ordering::SeqCst);
            Err(StoreError::HoldingCap)
        });
        assert!(matches!(never.await, Err(StoreError::Busy)));
        assert_eq!(runs.load(Ordering::SeqCst), 2 + 5);
    }

    async fn a_read_writes_nothing(world: World) {
        let south = team("south", None);
        let tried = world.store.read(move |tx| {
            tx.record(&entry("people.write"), &[Effect::People(&PeopleChange::TeamCreated { team: south.clone() })])
        });
        assert!(tried.await.is_err());
        assert!(world.store.read(|tx| tx.directory()).await.unwrap().teams.is_empty());
    }

    async fn a_full_queue_says_so_at_once_to_who_has_waited_longest(world: World) {
        let settings = StoreSettings { queue: 1, postgres_lanes: 1, ..world.settings.clone() };
        let store = Store::open(&settings).await.unwrap();
        let (held, holding) = std::sync::mpsc::channel::<()>();
        let (started, starting) = tokio::sync::oneshot::channel::<()>();
        let started = std::sync::Mutex::new(Some(started));
        let holding = std::sync::Mutex::new(holding);
        let slow = tokio::spawn({
            let store = store.clone();
            async move {
                store
                    .write(move |_| {
                        let _ = started.lock().unwrap().take().map(|started| started.send(()));
                        Ok(holding.lock().unwrap().recv().is_err())
                    })
                    .await
            }
        });
        starting.await.unwrap();
        let waiting = || Box::pin(store.write(|_| Ok(())));
        let (mut first, mut second) = (waiting(), waiting());
        assert!(futures_util::poll!(&mut first).is_pending());
        assert!(futures_util::poll!(&mut second).is_pending());
        let refused = first.await;
        assert!(matches!(refused, Err(StoreError::Busy)), "{refused:?}");
        drop(held);
        assert!(slow.await.unwrap().unwrap());
        second.await.unwrap();
    }

    async fn what_nobody_waits_for_any_more_is_not_begun(world: World) {
        let store = Store::open(&StoreSettings { postgres_lanes: 1, ..world.settings.clone() }).await.unwrap();
        let (held, holding) = std::sync::mpsc::channel::<()>();
        let holding = std::sync::Mutex::new(holding);
        let slow = store.write(move |_| Ok(holding.lock().unwrap().recv().is_err()));
        let mut slow = Box::pin(slow);
        assert!(futures_util::poll!(&mut slow).is_pending());
        let begun = Arc::new(AtomicBool::new(false));
        let begins = Arc::clone(&begun);
        let mut given_up = Box::pin(store.write(move |_| {
            begins.store(true, Ordering::SeqCst);
            Ok(())
        }));
        assert!(futures_util::poll!(&mut given_up).is_pending());
        drop(given_up);
        drop(held);
        assert!(slow.await.unwrap());
        store.write(|_| Ok(())).await.unwrap();
        assert!(!begun.load(Ordering::SeqCst));
    }

    async fn closed_and_opened_again_everything_acknowledged_is_there(world: World) {
        change(&world, PeopleChange::TeamCreated { team: team("south", None) }).await.unwrap();
        world.store.close().await.unwrap();
        assert!(matches!(world.store.ping().await, Err(StoreError::Busy)));
        let again = Store::open(&world.settings).await.unwrap();
        assert_eq!(again.read(|tx| tx.directory()).await.unwrap().teams.len(), 1);
    }

    async fn an_acknowledged_write_is_on_the_disk(world: World) {
        let (safety, journal) = world
            .store
            .write(|tx| match &mut tx.link {
                Link::Sqlite(conn) => {
                    let synchronous: i32 = sql::<Integer>("PRAGMA synchronous").get_result(*conn)?;
                    Ok((synchronous.to_string(), sql::<Text>("PRAGMA journal_mode").get_result(*conn)?))
                }
                Link::Postgres(conn) => {
                    Ok((select(sql::<Text>("current_setting('synchronous_commit')")).get_result(*conn)?, String::new()))
                }
            })
            .await
            .unwrap();
        assert!([("2", "wal"), ("on", "")].contains(&(safety.as_str(), journal.as_str())), "{safety} {journal}");
    }

    async fn every_table_and_column_is_there(world: World) {
        world
            .store
            .read(|tx| match &mut tx.link {
                Link::Sqlite(conn) => every_table!(*conn),
                Link::Postgres(conn) => every_table!(*conn),
            })
            .await
            .unwrap();
    }

    async fn a_database_of_a_newer_version_is_left_alone(world: World) {
        world
            .store
            .write(|tx| execute(tx, "INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')"))
            .await
            .unwrap();
        let refused = Store::open(&world.settings).await.unwrap_err();
        assert!(matches!(refused, StoreError::Newer { ref found, .. } if found == "29990101000000"), "{refused:?}");
    }

    async fn opened_by_many_at_once_the_schema_is_made_once(world: World) {
        let opened = futures_util::future::join_all((0..4).map(|_| Store::open(&world.settings))).await;
        for store in opened {
            store.unwrap().ping().await.unwrap();
        }
    }
}

/// Over SQLite one commit serves all that wait. One that fails leaves nothing of any of them, and is told to all.
#[tokio::test]
async fn a_group_whose_commit_fails_is_told_so_whole() {
    let world = World::sqlite().await;
    let (held, holding) = std::sync::mpsc::channel::<()>();
    let (started, starting) = tokio::sync::oneshot::channel::<()>();
    let (started, holding) = (std::sync::Mutex::new(Some(started)), std::sync::Mutex::new(holding));
    let store = world.store.clone();
    let slow = tokio::spawn(async move {
        let wait = move |_: &mut Tx<'_>| {
            let _ = started.lock().unwrap().take().map(|started| started.send(()));
            Ok(holding.lock().unwrap().recv().is_err())
        };
        store.write(wait).await
    });
    starting.await.unwrap();
    // All of these wait for it, and are committed with it.
    let made = |login: &str| {
        let created = PeopleChange::UserCreated { user: user(login), password_hash: None };
        world.store.write(move |tx| tx.record(&entry("people.write"), &[Effect::People(&created)]))
    };
    let mut one = Box::pin(made("li"));
    let mut poison = Box::pin(world.store.write(|tx| {
        // Checked when the group is committed, and not before.
        execute(tx, "PRAGMA defer_foreign_keys = ON")?;
        execute(tx, "INSERT INTO customer_keys VALUES ('name', 'n', x'00000000000000000000000000000000')")
    }));
    let mut other = Box::pin(made("wang"));
    assert!(futures_util::poll!(&mut one).is_pending());
    assert!(futures_util::poll!(&mut poison).is_pending());
    assert!(futures_util::poll!(&mut other).is_pending());
    drop(held);
    assert!(matches!(slow.await.unwrap(), Err(StoreError::Unavailable(_))));
    assert!(matches!(one.await, Err(StoreError::Unavailable(_))));
    assert!(matches!(poison.await, Err(StoreError::Unavailable(_))));
    assert!(matches!(other.await, Err(StoreError::Unavailable(_))));
    assert!(world.store.read(|tx| tx.directory()).await.unwrap().users.is_empty());
    made("li").await.unwrap();
    assert_eq!(world.store.read(|tx| tx.directory()).await.unwrap().users.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_gone_is_said_within_two_seconds_and_its_return_is_noticed() {
    let Some(mut server) = postgres::Server::own() else { return };
    let settings = StoreSettings { postgres_lanes: 3, ..StoreSettings::new(&server.fresh_database()) };
    let store = Store::open(&settings).await.unwrap();
    for round in 0..3 {
        let created = PeopleChange::TeamCreated { team: team("south", None) };
        store.write(move |tx| tx.record(&entry("people.write"), &[Effect::People(&created)])).await.unwrap();
        server.stop();
        let asked = std::time::Instant::now();
        let down = futures_util::future::join_all((0..10).map(|_| store.ping())).await;
        assert!(asked.elapsed() < std::time::Duration::from_secs(2), "{:?}", asked.elapsed());
        for answer in down {
            assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
        }
        server.start_again();
        let back = std::time::Instant::now();
        while let Err(error) = store.ping().await {
            assert!(back.elapsed() < std::time::Duration::from_secs(5), "{error:?}");
            tokio::task::yield_now().await;
        }
        let teams = store.read(|tx| tx.directory()).await.unwrap().teams;
        assert_eq!(teams.len(), round + 1);
    }
}

/// One that nobody waits for any more must not keep its lane from others.
#[tokio::test]
async fn a_statement_that_runs_too_long_is_cancelled_and_its_caller_told_to_come_back() {
    let Some(url) = postgres::fresh_database() else { return };
    let statement_timeout = std::time::Duration::from_millis(100);
    let settings = StoreSettings { postgres_lanes: 1, statement_timeout, ..StoreSettings::new(&url) };
    let store = Store::open(&settings).await.unwrap();
    let slow = store.read(|tx| execute(tx, "SELECT pg_sleep(20)")).await;
    assert!(matches!(slow, Err(StoreError::Busy)), "{slow:?}");
    store.ping().await.unwrap();
}

/// A process that stood still between its last statement and its commit, until the server took the transaction back: it is
/// begun again, since nothing of it was kept.
#[tokio::test]
async fn what_the_server_took_back_before_its_commit_is_done_again() {
    let Some(url) = postgres::fresh_database() else { return };
    let store = Store::open(&StoreSettings { postgres_lanes: 1, ..StoreSettings::new(&url) }).await.unwrap();
    let created = PeopleChange::TeamCreated { team: team("south", None) };
    let (runs, other) = (Arc::new(AtomicU32::new(0)), url.clone());
    let counted = Arc::clone(&runs);
    let write = move |tx: &mut Tx<'_>| {
        let begun = std::time::Instant::now();
        tx.record(&entry("people.write"), &[Effect::People(&created)])?;
        if counted.fetch_add(1, Ordering::SeqCst) > 0 {
            return Ok(());
        }
        execute(tx, "SET LOCAL idle_in_transaction_session_timeout = '50ms'")?;
        let Link::Postgres(conn) = &mut tx.link else { panic!("PostgreSQL was opened") };
        let own: i32 = select(sql::<Integer>("pg_backend_pid()")).get_result(*conn)?;
        // Its thread stands still until the server has lost patience.
        let (other, alive) = (other.clone(), format!("SELECT 1 FROM pg_stat_activity WHERE pid = {own}"));
        let is_there = move || begun.elapsed().as_secs() < 2 || !postgres::strings(&other, &alive).is_empty();
        std::thread::spawn(move || {
            while is_there() {
                std::thread::yield_now();
            }
        })
        .join()
        .unwrap();
        Ok(())
    };
    store.write(write).await.unwrap();
    assert_eq!(runs.load(Ordering::SeqCst), 2);
    assert_eq!(store.read(|tx| tx.directory()).await.unwrap().teams.len(), 1);
}

#[tokio::test]
async fn a_postgres_that_would_acknowledge_before_it_has_written_is_told_not_to() {
    let Some(url) = postgres::fresh_database() else { return };
    let name = url.rsplit_once('/').unwrap().1.split('?').next().unwrap();
    for (set, used) in [("off", "on"), ("local", "local"), ("remote_apply", "remote_apply")] {
        postgres::execute(&url, &format!("ALTER DATABASE {name} SET synchronous_commit = {set}"));
        let store = Store::open(&StoreSettings::new(&url)).await.unwrap();
        let now = store.write(|tx| {
            let Link::Postgres(conn) = &mut tx.link else { panic!("PostgreSQL was opened") };
            let now: String = select(sql::<Text>("current_setting('synchronous_commit')")).get_result(*conn)?;
            Ok(now)
        });
        assert_eq!(now.await.unwrap(), used, "{set}");
        store.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_or_settings_that_say_nothing_are_refused() {
    let nowhere = StoreSettings::new("postgres://nobody@127.0.0.1:1/none");
    assert!(matches!(Store::open(&nowhere).await, Err(StoreError::Unavailable(_))));
    for url in ["mysql://x", "", "postgres://u:geheim@/?port=x"] {
        let error = Store::open(&StoreSettings::new(url)).await.unwrap_err();
        assert!(matches!(error, StoreError::Settings(_)), "{error:?}");
        assert!(!format!("{error:?}").contains("geheim"));
    }
}
