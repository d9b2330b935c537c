//! Rows into the real schema, in bulk: prepared inserts within one transaction on SQLite, COPY on PostgreSQL. Nothing is
//! durable meanwhile; afterwards everything is, and PostgreSQL is vacuumed and checkpointed as a company's would be.

use super::data::{Cell, Sink, TABLES, generate, place};
use super::postgres::Client;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use std::fmt::Write as _;

/// What a bulk load must not leave undone: processes that are running know the people anew.
const PEOPLE_CHANGED: &str = "UPDATE epochs SET people_epoch = people_epoch + 1";
/// Rows that wait for their COPY.
const CHUNK: usize = 100_000;

/// Fills an SQLite file whose schema is there.
pub fn sqlite(path: &str, deals: u64, now: i64) {
    let file = rusqlite::Connection::open(path).unwrap();
    file.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000; BEGIN")
        .unwrap();
    let statement = |(table, columns): &(&str, &str)| {
        let columns: Vec<&str> = columns.split(' ').collect();
        let marks = vec!["?"; columns.len()].join(", ");
        file.prepare(&format!("INSERT INTO {table} ({}) VALUES ({marks})", columns.join(", "))).unwrap()
    };
    let mut sink = Inserts(TABLES.iter().map(statement).collect());
    generate(deals, now, &mut sink);
    drop(sink);
    file.execute_batch(&format!("{PEOPLE_CHANGED}; COMMIT")).unwrap();
    let mode: String = file.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
    drop(file);
    std::fs::File::open(path).unwrap().sync_all().unwrap();
}

struct Inserts<'a>(Vec<rusqlite::Statement<'a>>);

impl Sink for Inserts<'_> {
    fn put(&mut self, table: &'static str, row: Vec<Cell>) {
        self.0[place(table)].execute(rusqlite::params_from_iter(row.iter())).unwrap();
    }
}

impl rusqlite::ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(Value::Null),
            Self::Flag(flag) => ToSqlOutput::Owned(Value::Integer(i64::from(*flag))),
            Self::Int(number) => ToSqlOutput::Owned(Value::Integer(*number)),
            Self::Id(id) => ToSqlOutput::Borrowed(ValueRef::Blob(id.as_bytes())),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}

/// Fills a PostgreSQL database whose schema is there.
pub fn postgres(url: &str, deals: u64, now: i64) {
    let client = Client::connect(url);
    // References were kept when the rows were made: checking each once more takes most of the time.
    client.execute("SET synchronous_commit = off; SET session_replication_role = replica");
    let mut sink = Copies { client, texts: vec![String::new(); TABLES.len()], waiting: 0 };
    generate(deals, now, &mut sink);
    sink.copy();
    sink.client.execute(PEOPLE_CHANGED);
    sink.client.execute("VACUUM (ANALYZE)");
    sink.client.execute("CHECKPOINT");
}

struct Copies {
    client: Client,
    texts: Vec<String>,
    waiting: usize,
}

impl Sink for Copies {
    fn put(&mut self, table: &'static str, row: Vec<Cell>) {
        let text = &mut self.texts[place(table)];
        for (number, cell) in row.iter().enumerate() {
            if number > 0 {
                text.push('\t');
            }
            match cell {
                Cell::Null => text.push_str("\\N"),
                Cell::Flag(flag) => text.push_str(if *flag { "t" } else { "f" }),
                Cell::Int(number) => write!(text, "{number}").unwrap(),
                Cell::Id(id) => write!(text, "{id}").unwrap(),
                Cell::Text(words) => {
                    text.push_str(&words.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n"))
                }
            }
        }
        text.push('\n');
        self.waiting += 1;
        if self.waiting == CHUNK {
            self.copy();
        }
    }
}

impl Copies {
    fn copy(&mut self) {
        self.waiting = 0;
        for ((table, columns), text) in TABLES.iter().zip(&mut self.texts).filter(|(_, text)| !text.is_empty()) {
            let copy = format!("COPY {table} ({}) FROM STDIN", columns.replace(' ', ", "));
            self.client.copy(&copy, std::mem::take(text));
        }
    }
}
