//! A write fails at its first step, at its second, and so on to its last: each time nothing of it is there and nobody was
//! told that it is; asked again under its key it is done, once. The database itself fails, by triggers that the test puts
//! into it, or the connection to it does; nothing in the product knows of that.

use crate::books::Books;
use crate::client::Seen;
use crate::company::{Company, execute};
use crate::proxy::{Proxy, Stream};
use crate::retry::{Write, every_write};
use crate::{on_both, postgres};
use loudou::cli::house;
use loudou::store::StoreSettings;
use std::collections::BTreeMap;
use std::io::{Read, Write as _};
use std::sync::{Arc, Mutex};

/// Tables that a write may touch.
const TABLES: [&str; 22] = [
    "activities",
    "contracts",
    "customer_keys",
    "customers",
    "deals",
    "decision_personal",
    "decisions",
    "epochs",
    "history",
    "holdings",
    "idempotency",
    "payments",
    "renames",
    "rules_drafts",
    "rules_file",
    "rules_previews",
    "rules_replays",
    "rules_shadows",
    "rules_versions",
    "sessions",
    "teams",
    "users",
];

/// Puts in what lets the write of the row `cut.at` fail, counted from when it was set; -1: the commit.
fn put_triggers_in(url: &str) {
    let mut statements =
        "CREATE TABLE cut (at bigint NOT NULL, n bigint NOT NULL); INSERT INTO cut VALUES (0, 0);".to_owned();
    let is_sqlite = url.starts_with("sqlite");
    if is_sqlite {
        statements.push_str(
            "CREATE TABLE nowhere (id INTEGER PRIMARY KEY);
             CREATE TABLE cut_commit (x INTEGER REFERENCES nowhere (id) DEFERRABLE INITIALLY DEFERRED);
             CREATE TRIGGER cut_commit AFTER INSERT ON decisions WHEN (SELECT at FROM cut) = -1
             BEGIN INSERT INTO cut_commit VALUES (1); END;",
        );
    } else {
        statements.push_str(
            "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE hit boolean; BEGIN
               IF (SELECT at FROM cut) > 0 THEN
                 UPDATE cut SET n = n + 1 RETURNING n = at INTO hit;
                 IF hit THEN RAISE EXCEPTION 'cut'; END IF;
               END IF;
               IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
               RETURN NEW;
             END $$;
             CREATE FUNCTION cut_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
               IF (SELECT at FROM cut) = -1 THEN RAISE EXCEPTION 'cut'; END IF;
               RETURN NULL;
             END $$;
             CREATE CONSTRAINT TRIGGER cut_commit AFTER INSERT ON decisions DEFERRABLE INITIALLY DEFERRED
             FOR EACH ROW EXECUTE FUNCTION cut_commit();",
        );
    }
    for table in TABLES {
        for what in ["INSERT", "UPDATE", "DELETE"] {
            // Lines of history and of the log are never changed.
            let on = format!("TRIGGER cut_{table}_{what} BEFORE {what} ON {table}");
            statements.push_str(&if is_sqlite {
                format!(
                    "CREATE {on} WHEN (SELECT at FROM cut) > 0 BEGIN UPDATE cut SET n = n + 1;
                     SELECT RAISE(ABORT, 'cut') WHERE (SELECT n = at FROM cut); END;"
                )
            } else {
                format!("CREATE {on} FOR EACH ROW EXECUTE FUNCTION cut();")
            });
        }
    }
    execute(url, &statements);
}

on_both!(a_write_that_fails_at_any_row_or_at_its_commit_leaves_nothing, |company| {
    put_triggers_in(&company.url);
    let failed: Mutex<BTreeMap<String, usize>> = Mutex::default();
    let url = company.url.clone();
    let fail_at = |at: i64| execute(&url, &format!("UPDATE cut SET at = {at}, n = 0"));
    every_write(company, |company, write| {
        let (before, line) = (Books::dump(&company.url), format!("{} {}", write.method, write.path));
        let key = format!("key-{}", before.len());
        for at in [-1].into_iter().chain(1..) {
            fail_at(at);
            let seen = write.under(company, &key);
            fail_at(0);
            if seen.status < 300 {
                assert!(at > 1, "{line}: it did not fail at {at}");
                *failed.lock().unwrap().entry(line).or_default() += usize::try_from(at).unwrap();
                assert_ne!(Books::dump(&company.url), before);
                return seen;
            }
            assert!([500, 503].contains(&seen.status), "{line}, failing at {at}: {}", seen.text);
            assert_eq!(Books::dump(&company.url), before, "{line}, failing at {at}");
        }
        panic!("{line}: it never came to its end")
    });
    assert_eq!(Books::of(&company.url).faults(), Vec::<String>::new());
    let failed = failed.into_inner().unwrap();
    println!("{} writes failed at {} rows and commits: {failed:?}", failed.len(), failed.values().sum::<usize>());
    assert!(failed.len() >= 20, "{failed:?}");
});

/// Tables that nearly every write reads or writes, first; a write is done at the first that it does not need.
const NEEDED: [&str; 9] =
    ["decisions", "epochs", "idempotency", "deals", "customers", "history", "holdings", "activities", "contracts"];

on_both!(a_write_that_finds_a_table_out_of_reach_leaves_nothing, |company| {
    let url = company.url.clone();
    let rename = |from: &str, to: &str| execute(&url, &format!("ALTER TABLE {from} RENAME TO {to}"));
    let failed: Mutex<BTreeMap<String, Vec<&str>>> = Mutex::default();
    every_write(company, |company, write| {
        let (before, line) = (Books::dump(&company.url), format!("{} {}", write.method, write.path));
        let key = format!("key-{}", before.len());
        for table in NEEDED {
            rename(table, "elsewhere");
            let seen = write.under(company, &key);
            rename("elsewhere", table);
            if seen.status < 300 {
                return seen;
            }
            assert!([500, 503].contains(&seen.status), "{line}, without {table}: {}", seen.text);
            assert_eq!(Books::dump(&company.url), before, "{line}, without {table}");
            failed.lock().unwrap().entry(line.clone()).or_default().push(table);
        }
        write.under(company, &key)
    });
    assert_eq!(Books::of(&company.url).faults(), Vec::<String>::new());
    let failed = failed.into_inner().unwrap();
    println!("{failed:?}");
    assert!(failed.len() >= 20 && failed.values().map(Vec::len).sum::<usize>() >= 60, "{failed:?}");
});

/// When the connection breaks: before a request to the database is handed on, or before its answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Break {
    Request,
    Answer,
}

/// A way to the database that counts what is asked on it.
#[derive(Default)]
struct Wire {
    /// Which request from now on, and what of it.
    at: Option<(usize, Break)>,
    asked: usize,
    /// Whether it broke.
    is_broken: bool,
}

/// Hands the messages of PostgreSQL's protocol on, one after the other, and breaks where `wire` says.
fn count_messages(client: Stream, server: Stream, wire: &Arc<Mutex<Wire>>) -> Option<()> {
    let (mut from, mut to) = (client.again(), server.again());
    let silent = Arc::new(Mutex::new(false));
    {
        let (mut back, mut front, silent) = (server.again(), client.again(), Arc::clone(&silent));
        std::thread::spawn(move || {
            let mut bytes = [0; 16 * 1024];
            let mut tail = Vec::new();
            while let Ok(many @ 1..) = back.read(&mut bytes) {
                if *silent.lock().unwrap() {
                    // Thrown away up to where the server is ready for the next: by then the work is done.
                    tail.extend_from_slice(&bytes[..many]);
                    if tail.len() >= 6 && tail[tail.len() - 6..tail.len() - 1] == *b"Z\0\0\0\x05" {
                        break;
                    }
                } else if front.write_all(&bytes[..many]).is_err() {
                    break;
                }
            }
            back.close();
            front.close();
        });
    }
    let mut message = Vec::new();
    let mut kind = None;
    loop {
        // The first message has no kind.
        let mut head = [0; 5];
        let head = if kind.is_none() { &mut head[1..] } else { &mut head[..] };
        if from.read_exact(head).is_err() {
            to.close();
            return None;
        }
        let (word, length) = head.split_at(head.len() - 4);
        let length = u32::from_be_bytes(length.try_into().unwrap()) as usize - 4;
        message.clear();
        message.extend_from_slice(word);
        message.extend_from_slice(&u32::try_from(length + 4).unwrap().to_be_bytes());
        let begins = message.len();
        message.resize(begins + length, 0);
        from.read_exact(&mut message[begins..]).ok()?;
        kind = Some(word.first().copied().unwrap_or_default());
        // What ends a request: a simple query, or the end of a prepared one's messages.
        if matches!(kind, Some(b'Q' | b'S')) {
            let mut wire = wire.lock().unwrap();
            wire.asked += 1;
            let is_commit = message.get(5..).is_some_and(|text| text.starts_with(b"COMMIT"));
            let asked = wire.asked;
            let is_it = |at: usize| at == asked || (at == COMMIT && is_commit);
            match wire.at {
                Some((at, Break::Request)) if is_it(at) => {
                    wire.is_broken = true;
                    from.close();
                    to.close();
                    return None;
                }
                Some((at, Break::Answer)) if is_it(at) => {
                    wire.is_broken = true;
                    *silent.lock().unwrap() = true;
                }
                _ => {}
            }
        }
        to.write_all(&message).ok()?;
    }
}

/// In the place of the number of a request: the one that commits.
const COMMIT: usize = 0;

/// Each write meets a connection that breaks at these of its requests, one after the other until it is done. What is
/// not yet to be committed is tried again over a new connection by itself; at least so many writes cannot be.
fn broken_at(what: Break, requests: impl Fn() -> Box<dyn Iterator<Item = usize>>, least: usize) {
    let Some(database) = postgres::Server::own() else { return };
    let real = database.fresh_database();
    let name = real.rsplit_once('/').unwrap().1.to_owned();
    let (wire, socket) = (Arc::new(Mutex::new(Wire::default())), database.socket());
    let counted = Arc::clone(&wire);
    let proxy = Proxy::serving(move |client| {
        let Some(server) = Stream::unix(&socket) else { return client.close() };
        count_messages(client, server, &counted);
    });
    let url = format!("postgres://postgres@{}/{name}", proxy.address);
    let settings = StoreSettings { postgres_lanes: 1, ..StoreSettings::new(&url) };
    let mut company = Company::with_store(&settings, house::DEFAULT_RULES, tempfile::tempdir().unwrap());
    let broken: Mutex<BTreeMap<String, usize>> = Mutex::default();
    every_write(&mut company, |company, write| {
        let line = format!("{} {}", write.method, write.path);
        let key = format!("key-{}", crate::retry::logged(company));
        let before = Books::dump(&real);
        for at in requests() {
            // Connected again, so that only what the write asks is counted; and what deals are decided by is prepared, so
            // that the second request is one that writes.
            company.get("ada", "/v1/me");
            let deals = company.get("dora", "/v1/deals?limit=1");
            if let Some(deal) = deals.body["data"][0]["id"].as_str() {
                company.get("dora", &format!("/v1/deals/{deal}/moves"));
            }
            *wire.lock().unwrap() = Wire { at: Some((at, what)), ..Wire::default() };
            let seen = write.under(company, &key);
            let broke = std::mem::take(&mut *wire.lock().unwrap()).is_broken;
            if seen.status < 300 {
                return done_once(company, write, &real, &before, seen, (&key, broke));
            }
            assert!(broke && seen.status == 503, "{line}, broken at {at}: {} {}", seen.status, seen.text);
            assert!(!seen.header("retry-after").is_empty());
            *broken.lock().unwrap().entry(line.clone()).or_default() += 1;
            if Books::dump(&real) != before {
                // Committed, and only its acknowledgement was lost: the key tells.
                assert_eq!(what, Break::Answer, "{line}, broken at {at}");
                let again = write.under(company, &key);
                if write.path.starts_with("/v1/auth/") {
                    // Who signed out cannot ask again.
                    assert_eq!(again.status, 401, "{line}, broken at {at}: {}", again.text);
                    return again;
                }
                assert_eq!(again.header("idempotency-replayed"), "true", "{line}, broken at {at}: {}", again.text);
                return done_once(company, write, &real, &before, again, (&key, false));
            }
        }
        panic!("{line}: it never came to its end")
    });
    assert_eq!(Books::of(&real).faults(), Vec::<String>::new());
    let broken = broken.into_inner().unwrap();
    println!("{} writes, {} broken connections ({what:?}): {broken:?}", broken.len(), broken.values().sum::<usize>());
    // Broken at its first request, a connection is made anew, and nobody notices.
    assert!(if least == 0 { broken.len() < 3 } else { broken.len() >= least }, "{broken:?}");
}

/// The write is there, and asked once more changes nothing.
fn done_once(
    company: &Company,
    write: &Write<'_>,
    url: &str,
    before: &[String],
    seen: Seen,
    (key, broke): (&str, bool),
) -> Seen {
    let (line, after) = (format!("{} {}", write.method, write.path), Books::dump(url));
    assert_ne!(after, before, "{line}");
    // Who signed out cannot ask again.
    if !write.path.starts_with("/v1/auth/") {
        let again = write.under(company, key);
        assert_eq!((again.status, &again.text), (seen.status, &seen.text), "{line}, broken: {broke}");
        assert_eq!(Books::dump(url), after, "{line}");
    }
    seen
}

#[test]
fn a_connection_that_broke_while_it_was_idle_is_made_anew() {
    broken_at(Break::Request, || Box::new(1..), 0);
}

#[test]
fn a_connection_that_breaks_before_any_request_leaves_all_or_nothing() {
    broken_at(Break::Request, || Box::new(2..), 7);
}

#[test]
fn a_connection_that_breaks_before_any_answer_leaves_all_or_nothing() {
    broken_at(Break::Answer, || Box::new(2..), 7);
}

#[test]
fn a_connection_that_breaks_before_the_commit_leaves_nothing() {
    broken_at(Break::Request, || Box::new([COMMIT, usize::MAX].into_iter()), 9);
}

#[test]
fn a_connection_that_breaks_before_the_answer_of_the_commit_leaves_all() {
    broken_at(Break::Answer, || Box::new([COMMIT, usize::MAX].into_iter()), 9);
}
