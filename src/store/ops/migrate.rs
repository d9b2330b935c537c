//! What a change of rules makes of things in use that the new rules no longer have: set by set, in the transaction that
//! makes the rules active, under the lock of the epochs. No decision sees half of it.
//!
//! A mapped deal keeps its clock: its stage has another name, the visit goes on. Each gets a line of history, which
//! says what it had and what it has from then on.

use super::sql::Sql;
use super::{Conn, dialect};
use crate::engine::actor::Who;
use crate::rules::migrate::{Mapping, What};
use crate::store::StoreError;
use crate::store::entry::Entry;
use crate::store::rules_versions::Activation;
use crate::values::Key;

/// The table of a kind of record, by the word for it in the rules.
pub(super) fn table_of(entity: &str) -> &'static str {
    match entity {
        "customer" => "customers",
        "user" => "users",
        _ => "deals",
    }
}

/// Rows whose document has the field.
pub(super) fn has_field(field: &Key) -> Sql {
    let mut sql = Sql::new("(fields->");
    sql.label(field).push(") IS NOT NULL");
    sql
}

/// Nothing of this transaction is cut off for its length.
pub(super) fn patiently(conn: &mut Conn) -> Result<(), StoreError> {
    if !dialect::PATIENTLY.is_empty() {
        Sql::new(dialect::PATIENTLY).execute(conn)?;
    }
    Ok(())
}

pub(super) fn apply(conn: &mut Conn, entry: &Entry, activation: &Activation) -> Result<(), StoreError> {
    let mappings = &activation.migration.mappings;
    if mappings.is_empty() {
        return Ok(());
    }
    patiently(conn)?;
    deals(conn, entry, activation)?;
    for mapping in of(mappings, What::Stage) {
        held(conn, mapping)?;
    }
    documents(conn, activation)?;
    roles(conn, activation)?;
    activities(conn, mappings)?;
    Ok(())
}

fn update(what: &'static str) -> Sql {
    let mut sql = Sql::new(dialect::UPDATE);
    sql.push(" ").push(what);
    sql
}

fn of(mappings: &[Mapping], what: What) -> impl Iterator<Item = &Mapping> {
    mappings.iter().filter(move |mapping| mapping.what == what)
}

/// The ids that lead to a thing: how many there are, `What::SECTIONS` says.
fn ids<const N: usize>(mapping: &Mapping) -> Result<[&Key; N], StoreError> {
    let ids: Vec<&Key> = mapping.from.iter().collect();
    ids.try_into().map_err(|_| StoreError::failed("a migration", "a mapping has too few or too many ids"))
}

/// Values of one column: which rows have one that is mapped, and what it becomes on each row.
struct Column {
    name: &'static str,
    cases: Vec<(Sql, Key)>,
}

impl Column {
    fn value(&self) -> Sql {
        let mut sql = Sql::new("CASE");
        for (condition, to) in &self.cases {
            sql.push(" WHEN ").append(condition.clone()).push(" THEN ").bind(to);
        }
        sql.push(" ELSE ").push(self.name).push(" END");
        sql
    }
}

/// The columns of deals that mappings change; only those that do.
fn columns(mappings: &[Mapping]) -> Result<Vec<Column>, StoreError> {
    let mut columns =
        ["stage", "lost_from", "reason", "grade", "product"].map(|name| Column { name, cases: Vec::new() });
    for mapping in mappings {
        let mut add = |name: &str, condition: Sql| {
            if let Some(column) = columns.iter_mut().find(|column| column.name == name) {
                column.cases.push((condition, mapping.to.clone()));
            }
        };
        match mapping.what {
            What::Stage => {
                let [funnel, stage] = ids(mapping)?;
                for (name, equals) in [("stage", " AND stage = "), ("lost_from", " AND lost_from = ")] {
                    let mut sql = Sql::new("(funnel = ");
                    sql.bind(funnel).push(equals).bind(stage).push(")");
                    add(name, sql);
                }
            }
            What::Reason => {
                let [funnel, stage, reason] = ids(mapping)?;
                let mut sql = Sql::new("(funnel = ");
                sql.bind(funnel).push(" AND stage = ").bind(stage).push(" AND reason = ").bind(reason).push(")");
                add("reason", sql);
            }
            What::Grade => add("grade", equal("grade = ", ids::<1>(mapping)?)),
            What::Product => add("product", equal("product = ", ids::<1>(mapping)?)),
            What::Role | What::Field | What::Choice | What::Activity | What::Outcome | What::Method => {}
        }
    }
    Ok(columns.into_iter().filter(|column| !column.cases.is_empty()).collect())
}

fn equal(column: &'static str, [id]: [&Key; 1]) -> Sql {
    let mut sql = Sql::new("(");
    sql.push(column).bind(id).push(")");
    sql
}

/// Columns of deals, with a line of history for each deal that any mapping changes.
fn deals(conn: &mut Conn, entry: &Entry, activation: &Activation) -> Result<(), StoreError> {
    let mappings = &activation.migration.mappings;
    let columns = columns(mappings)?;
    let conditions = columns.iter().flat_map(|column| column.cases.iter().map(|(condition, _)| condition.clone()));
    let mut touched: Vec<Sql> = conditions.collect();
    let parts = parts(mappings, "deal")?;
    touched.extend(parts.iter().map(Part::touches));
    if touched.is_empty() {
        return Ok(());
    }
    let touched = Sql::joined(touched, " OR ", "(1 = 0)");
    let then = |name: &'static str| {
        columns.iter().find(|column| column.name == name).map_or_else(|| Sql::new(name), Column::value)
    };
    let mut sql = Sql::new(dialect::INSERT);
    sql.push(
        " INTO history (deal, customer, kind, at, funnel, from_stage, to_stage, owner, team, new_owner, new_team, \
         grade, product, reason, new_grade, new_product, new_reason, entered_at, actor, rules_version, decision) \
         SELECT id, customer, 'migrated', ",
    );
    sql.push("CAST(").bind(activation.at).push(" AS BIGINT), funnel, stage, ").append(then("stage"));
    sql.push(", owner, team, owner, team, grade, product, reason");
    for name in ["grade", "product", "reason"] {
        sql.push(", ").append(then(name));
    }
    sql.push(", entered_at, ");
    let actor = match entry.actor {
        Who::User(user) => Some(user),
        Who::System => None,
    };
    sql.append(dialect_id(actor)).push(", CAST(").bind(activation.number).push(" AS BIGINT), ");
    // In the order in which they are found: a sort would hold them all.
    sql.append(dialect_id(Some(entry.id))).push(" FROM deals WHERE ").append(touched.clone());
    sql.execute(conn)?;
    let mut sql = update("deals SET version = version + 1, facts_version = facts_version + 1, updated_at = ");
    sql.bind(activation.at);
    for column in &columns {
        sql.push(", ").push(column.name).push(" = ").append(column.value());
    }
    if !parts.is_empty() {
        sql.push(", fields = ").append(rewritten(&parts));
    }
    sql.push(" WHERE ").append(touched);
    sql.execute(conn)?;
    Ok(())
}

/// An id in a SELECT, where nothing else says of what type it is.
fn dialect_id(id: Option<impl Into<super::sql::Bind>>) -> Sql {
    let Some(id) = id else { return Sql::new(dialect::NO_ID) };
    let mut sql = Sql::new(dialect::AS_ID.0);
    sql.bind(id).push(dialect::AS_ID.1);
    sql
}

/// What owners hold of a stage goes to what it becomes. Caps are lifted: a change of rules moves nobody.
fn held(conn: &mut Conn, mapping: &Mapping) -> Result<(), StoreError> {
    let [funnel, stage] = ids(mapping)?;
    let mut sql = Sql::new("INSERT INTO holdings (owner, funnel, stage, n, cap) SELECT owner, funnel, CAST(");
    sql.bind(&mapping.to).push(" AS TEXT), n, CAST(NULL AS INTEGER) FROM holdings WHERE funnel = ").bind(funnel);
    sql.push(" AND stage = ").bind(stage).push(" AND n > 0 ORDER BY owner");
    sql.push(" ON CONFLICT (owner, funnel, stage) DO UPDATE SET n = holdings.n + excluded.n, cap = NULL");
    sql.execute(conn)?;
    let mut sql = Sql::new("DELETE FROM holdings WHERE funnel = ");
    sql.bind(funnel).push(" AND stage = ").bind(stage);
    sql.execute(conn)?;
    Ok(())
}

/// A field of a kind of record, what it is called from now on, and which of its choices become which.
struct Part<'a> {
    field: &'a Key,
    to: &'a Key,
    choices: Vec<(&'a Key, &'a Key)>,
}

/// The fields of a kind of record that mappings change.
fn parts<'a>(mappings: &'a [Mapping], record: &str) -> Result<Vec<Part<'a>>, StoreError> {
    let mut parts: Vec<Part<'a>> = Vec::new();
    let of_record = |mapping: &&Mapping| mapping.from.first().is_some_and(|of| **of == *record);
    for mapping in of(mappings, What::Field).filter(of_record) {
        let [_, field] = ids(mapping)?;
        parts.push(Part { field, to: &mapping.to, choices: Vec::new() });
    }
    for mapping in of(mappings, What::Choice).filter(of_record) {
        let [_, field, choice] = ids(mapping)?;
        match parts.iter_mut().find(|part| part.field == field) {
            Some(part) => part.choices.push((choice, &mapping.to)),
            None => parts.push(Part { field, to: field, choices: vec![(choice, &mapping.to)] }),
        }
    }
    Ok(parts)
}

impl Part<'_> {
    fn stored(&self, rest: &'static str) -> Sql {
        let mut sql = Sql::new("fields->");
        sql.label(self.field).push(rest);
        sql
    }

    /// Rows on which it changes something.
    fn touches(&self) -> Sql {
        if self.field != self.to {
            return has_field(self.field);
        }
        let held = self.choices.iter().map(|(choice, _)| {
            let mut sql = Sql::new("CASE ");
            sql.append(self.stored("->>0")).push(" WHEN 'choice' THEN ").append(self.stored("->>1")).push(" = ");
            sql.bind(*choice).push(" WHEN 'choices' THEN ").append(holds(self.stored("->1"), choice));
            sql.push(" ELSE (1 = 0) END");
            sql
        });
        Sql::joined(held, " OR ", "(1 = 0)")
    }

    /// What it is on such a row; nothing where the row has no such field.
    fn value(&self) -> Sql {
        if self.choices.is_empty() {
            return self.stored("");
        }
        let mut sql = Sql::new("CASE ");
        sql.append(self.stored("->>0")).push(" WHEN 'choices' THEN ").push(dialect::CHOICES_OF.0);
        sql.append(replaced(self.stored("->1"), &self.choices)).push(dialect::CHOICES_OF.1);
        sql.push(" WHEN 'choice' THEN CASE ").append(self.stored("->>1"));
        for (from, to) in &self.choices {
            sql.push(" WHEN ").bind(*from).push(" THEN ");
            sql.push(dialect::CHOICE_OF.0).bind(*to).push(dialect::CHOICE_OF.1);
        }
        sql.push(" ELSE ").append(self.stored("")).push(" END ELSE ").append(self.stored("")).push(" END");
        sql
    }
}

/// The document with all parts as they are from now on.
fn rewritten(parts: &[Part<'_>]) -> Sql {
    let mut sql = Sql::new(dialect::REWRITTEN.0);
    for part in parts {
        sql.push(dialect::LEFT_OUT.0).label(part.field).push(dialect::LEFT_OUT.1);
    }
    sql.push(dialect::REWRITTEN.1);
    sql.append(Sql::listed(parts.iter().map(|part| {
        let mut sql = Sql::new(dialect::PUT_IN.0);
        sql.label(part.to).push(dialect::PUT_IN.1).append(part.value()).push(dialect::PUT_IN.2);
        sql
    })));
    sql.push(dialect::REWRITTEN.2);
    sql
}

/// Fields of customers and of users.
fn documents(conn: &mut Conn, activation: &Activation) -> Result<(), StoreError> {
    let raised = [
        ("customer", "customers SET version = version + 1, facts_version = facts_version + 1, updated_at = "),
        ("user", "users SET version = version + 1, updated_at = "),
    ];
    for (record, raised) in raised {
        let parts = parts(&activation.migration.mappings, record)?;
        if !parts.is_empty() {
            let mut sql = update(raised);
            sql.bind(activation.at).push(", fields = ").append(rewritten(&parts)).push(" WHERE ");
            sql.append(Sql::joined(parts.iter().map(Part::touches), " OR ", "(1 = 0)"));
            sql.execute(conn)?;
        }
    }
    Ok(())
}

/// Whether a list holds an id.
fn holds(list: Sql, id: &Key) -> Sql {
    let mut sql = Sql::new("EXISTS (SELECT 1 FROM ");
    sql.push(dialect::ELEMENTS.0).append(list).push(dialect::ELEMENTS.1).push(" WHERE elements.value = ").bind(id);
    sql.push(")");
    sql
}

/// A list with ids in the place of others, each once, in the order of the first.
fn replaced(list: Sql, pairs: &[(&Key, &Key)]) -> Sql {
    let mut sql = Sql::new(dialect::LIST_OF.0);
    sql.push("SELECT CASE value");
    for (from, to) in pairs {
        sql.push(" WHEN ").bind(*from).push(" THEN ").bind(*to);
    }
    sql.push(" ELSE value END AS value, min(").push(dialect::NUMBERED.0).push(") AS first FROM ");
    sql.push(dialect::NUMBERED.1).append(list).push(dialect::NUMBERED.2);
    sql.push(" GROUP BY 1 ORDER BY 2").push(dialect::LIST_OF.1);
    sql
}

fn roles(conn: &mut Conn, activation: &Activation) -> Result<(), StoreError> {
    let mut pairs = Vec::new();
    for mapping in of(&activation.migration.mappings, What::Role) {
        let [from] = ids(mapping)?;
        pairs.push((from, &mapping.to));
    }
    if pairs.is_empty() {
        return Ok(());
    }
    let mut sql = update("users SET version = version + 1, updated_at = ");
    sql.bind(activation.at).push(", roles = ").append(replaced(Sql::new("roles"), &pairs)).push(" WHERE ");
    sql.append(Sql::joined(pairs.iter().map(|(from, _)| holds(Sql::new("roles"), from)), " OR ", "(1 = 0)"));
    sql.execute(conn)?;
    Ok(())
}

fn activities(conn: &mut Conn, mappings: &[Mapping]) -> Result<(), StoreError> {
    // Outcomes first, under the old names of their kinds.
    for mapping in of(mappings, What::Outcome) {
        let [kind, outcome] = ids(mapping)?;
        let mut sql = update("activities SET outcome = ");
        sql.bind(&mapping.to).push(" WHERE kind = ").bind(kind).push(" AND outcome = ").bind(outcome);
        sql.execute(conn)?;
    }
    for mapping in of(mappings, What::Activity) {
        let [kind] = ids(mapping)?;
        let mut sql = update("activities SET kind = ");
        sql.bind(&mapping.to).push(" WHERE kind = ").bind(kind);
        sql.execute(conn)?;
    }
    for mapping in of(mappings, What::Method) {
        let [method] = ids(mapping)?;
        let mut sql = update("activities SET method = ");
        sql.bind(&mapping.to).push(" WHERE method = ").bind(method);
        sql.execute(conn)?;
    }
    Ok(())
}
