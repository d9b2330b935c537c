//! A database that is slow, however fast the machine is.

use crate::company::execute;

/// How far SQLite counts in a millisecond, about: it has no other way to let time pass.
const COUNTED: u32 = 6_000;

/// Each row that is inserted into the table takes so long, of those for which the condition holds.
pub fn insert(url: &str, table: &str, when: &str, millis: u32) {
    let statements = if url.starts_with("sqlite:") {
        let counted = millis * COUNTED;
        format!(
            "CREATE VIEW slow AS WITH RECURSIVE counted(n) AS \
               (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < {counted}) SELECT count(*) AS n FROM counted; \
             CREATE TRIGGER slowly BEFORE INSERT ON {table} WHEN {when} BEGIN SELECT n FROM slow; END"
        )
    } else {
        let seconds = f64::from(millis) / 1e3;
        format!(
            "CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql \
               AS 'BEGIN PERFORM pg_sleep({seconds}); RETURN NEW; END'; \
             CREATE TRIGGER slowly BEFORE INSERT ON {table} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION slowly()"
        )
    };
    execute(url, &statements);
}
