//! How the databases go about the hot statements: by which index, by which plan, reading how many rows. Counted, because
//! a time means nothing from one machine to the next.

use super::counter::counted;
use super::deals::execute;
use super::funnel::{about, begin, customer, customer_guard, deal, step};
use super::people::{add, user};
use super::world::{World, on_both};
use crate::engine::dwell::{DeadlineCase, StageDeadline};
use crate::engine::filter::{Alternative, RowFilter, ScopeFilter};
use crate::rules::expression::{Comparison, Entity, Operand, Path, Predicate};
use crate::store::tx::Link;
use crate::store::{Cursor, DealQuery, Effect, Epochs, Order, SortBy, StoreError, Tx};
use crate::values::{DecisionId, Time, UserId, Value};
use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Text};

/// Enough that reading all of them is dearer than looking into an index.
const DEALS: i64 = 40_000;

#[derive(diesel::QueryableByName)]
struct Prepared {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    statement: String,
    #[diesel(sql_type = BigInt)]
    parameters: i64,
    #[diesel(sql_type = BigInt)]
    generic: i64,
    #[diesel(sql_type = BigInt)]
    custom: i64,
}

#[derive(diesel::QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    detail: String,
}

#[derive(diesel::QueryableByName)]
struct Rows {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

fn prepared(tx: &mut Tx<'_>) -> Result<Vec<Prepared>, StoreError> {
    let Link::Postgres(conn) = &mut tx.link else { return Ok(vec![]) };
    Ok(diesel::sql_query(
        "SELECT name, statement, coalesce(array_length(parameter_types, 1), 0)::bigint AS parameters, \
         generic_plans AS generic, custom_plans AS custom FROM pg_prepared_statements",
    )
    .load(*conn)?)
}

/// How many rows of deals this transaction has read. SQLite does not tell: there the plan of the page says it.
fn rows_read(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    let Link::Postgres(conn) = &mut tx.link else { return Ok(0) };
    let counted: Rows = diesel::sql_query(
        "SELECT (seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint AS n FROM pg_stat_xact_user_tables \
         WHERE relname = 'deals'",
    )
    .get_result(*conn)?;
    Ok(counted.n)
}

/// How the database goes about the statement, whatever its values.
fn plan(tx: &mut Tx<'_>, text: &str) -> Result<String, StoreError> {
    let known = prepared(tx)?;
    let lines: Vec<Line> = match &mut tx.link {
        Link::Sqlite(conn) => diesel::sql_query(format!("EXPLAIN QUERY PLAN {text}")).load(*conn)?,
        Link::Postgres(conn) => {
            let found = known.iter().find(|known| known.statement == text);
            let found = found.unwrap_or_else(|| panic!("not prepared: {text}"));
            let values = vec!["NULL"; usize::try_from(found.parameters).unwrap()].join(", ");
            let explained = format!("SELECT explained('EXECUTE {}({values})') AS detail", found.name);
            conn.batch_execute("SET LOCAL plan_cache_mode = force_generic_plan")?;
            diesel::sql_query(explained).load(*conn)?
        }
    };
    Ok(lines.into_iter().map(|line| line.detail + "\n").collect())
}

/// Many deals of a hundred owners.
async fn populate(world: &World) -> Vec<UserId> {
    let mut owners = vec![];
    for n in 0..100 {
        let owner = user(&format!("u{n}"));
        owners.push(owner.id);
        add(world, &owner).await;
    }
    world
        .store
        .write(|tx| {
            let (series, id, owner) = match &tx.link {
                Link::Postgres(_) => (
                    format!("generate_series(1, {DEALS}) AS s (n)"),
                    "gen_random_uuid()",
                    "(SELECT id FROM users WHERE login = 'u' || (n % 100))",
                ),
                Link::Sqlite(_) => (
                    format!(
                        "(WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {DEALS}) \
                         SELECT n FROM s)"
                    ),
                    "randomblob(16)",
                    "(SELECT id FROM users WHERE login = 'u' || (n % 100))",
                ),
            };
            // However long it takes on a busy machine.
            if matches!(tx.link, Link::Postgres(_)) {
                tx.begin()?;
                execute(tx, "SET LOCAL statement_timeout = 0")?;
            }
            execute(
                tx,
                &format!(
                    "INSERT INTO customers (id, fields, contacts, version, facts_version, created_at, updated_at) \
                     SELECT {id}, '{{}}', '[]', 1, 1, n, n FROM {series}; \
                     INSERT INTO deals (id, customer, funnel, stage, state, owner, origin, fields, version, \
                     facts_version, entered_at, created_at, updated_at) SELECT {id}, id, 'standard', \
                     CASE n % 4 WHEN 0 THEN 'resource' WHEN 1 THEN 'graded' WHEN 2 THEN 'contacted' ELSE 'lead' END, \
                     'open', {owner}, 'supplied', '{{}}', 1, 1, n / 2, n / 2, n \
                     FROM (SELECT id, created_at AS n FROM customers) AS made"
                ),
            )?;
            // The server's own statistics, which it would have gathered by itself after a minute.
            execute(tx, "ANALYZE")
        })
        .await
        .unwrap();
    if world.settings.url.starts_with("postgres") {
        let explained = "CREATE FUNCTION explained(text) RETURNS SETOF text LANGUAGE plpgsql AS \
                         $$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN ' || $1; END $$";
        world.store.write(move |tx| execute(tx, explained)).await.unwrap();
    }
    owners
}

/// What belongs to those deals: an activity, a contract, a payment and a line of history for each.
async fn furnish(world: &World) {
    let made = |tx: &mut Tx<'_>| {
        let id = match &tx.link {
            Link::Postgres(_) => "gen_random_uuid()",
            Link::Sqlite(_) => "randomblob(16)",
        };
        let furnished = format!(
            "INSERT INTO activities (id, deal, customer, kind, at, logged_at) \
             SELECT {id}, id, customer, 'call', created_at, created_at FROM deals; \
             INSERT INTO contracts (id, deal, customer, amount_minor, currency, version, created_at, updated_at) \
             SELECT {id}, id, customer, 500, 'CNY', 1, created_at, created_at FROM deals; \
             INSERT INTO payments (id, contract, deal, amount_minor, currency, paid_on, recorded_at) \
             SELECT {id}, id, deal, 500, 'CNY', '2026-03-02', created_at FROM contracts; \
             INSERT INTO history (deal, customer, kind, at, funnel, to_stage, rules_version, decision) \
             SELECT id, customer, 'created', created_at, funnel, stage, 1, {id} FROM deals"
        );
        execute(tx, &furnished)
    };
    world.store.write(made).await.unwrap();
    world.store.write(|tx| execute(tx, "ANALYZE")).await.unwrap();
}

fn all(scope: ScopeFilter) -> RowFilter {
    let way = vec![Alternative { scope, when: None, closed: Default::default() }];
    RowFilter::in_a_test(way.clone(), vec![], way.clone(), way)
}

/// A page of everything, the newest first.
fn page() -> DealQuery {
    DealQuery {
        filter: all(ScopeFilter::All),
        conditions: vec![],
        customer: None,
        team: None,
        overdue: None,
        updated_since: None,
        order: Order { by: SortBy::CreatedAt, descending: true },
        after: None,
        limit: 51,
    }
}

fn in_stage(stage: &str) -> Predicate {
    let equals = |name: &str, value: &str| Predicate::Compare {
        left: Operand::Field(Path { entity: Entity::Deal, name: name.into() }),
        comparison: Comparison::Equal,
        right: Operand::Value(Value::Choice(value.into())),
    };
    Predicate::And(vec![equals("funnel", "standard"), equals("stage", stage)])
}

on_both! {
    async fn hot_lists_are_read_by_their_indexes(world: World) {
        let owners = populate(&world).await;
        let (store, sent) = counted(&world).await;
        let by_entry = Order { by: SortBy::EnteredAt, descending: false };
        let late = |stage: &str| StageDeadline {
            funnel: "standard".into(),
            stage: stage.into(),
            cases: vec![DeadlineCase { when: None, overdue_if_entered_by: Time::from_micros(100) }],
        };
        let lists = [
            ("by owner", "deals_owner", DealQuery { filter: all(ScopeFilter::Own(owners[3])), ..page() }),
            ("by stage", "deals_stage", DealQuery { conditions: vec![in_stage("graded")], order: by_entry.clone(), ..page() }),
            // As a worklist asks for them: those first that are overdue for longest.
            ("overdue", "deals_stage", DealQuery { overdue: Some(vec![late("graded")]), order: by_entry, ..page() }),
            ("by creation", "deals_created", page()),
            ("of a stage, the newest first", "deals_stage_created", DealQuery { conditions: vec![in_stage("graded")], ..page() }),
        ];
        for (what, index, query) in lists {
            let rows = store.read(move |tx| tx.list_deals(&query)).await.unwrap();
            assert!(rows.len() > 20, "{what}: {}", rows.len());
            let text = sent.take().into_iter().find(|text| text.contains("ORDER BY")).unwrap();
            let planned = store.read({ let text = text.clone(); move |tx| plan(tx, &text) }).await.unwrap();
            assert!(planned.contains(index), "{what}\n{text}\n{planned}");
            sent.take();
        }
    }

    async fn what_a_page_reads_does_not_grow_with_its_depth(world: World) {
        populate(&world).await;
        let mut read = vec![];
        let mut after: Option<Cursor> = None;
        let mut seen = 0;
        while read.len() < 70 {
            let query = DealQuery { after: after.clone(), ..page() };
            let (rows, n) = world
                .store
                .read(move |tx| {
                    let before = rows_read(tx)?;
                    let rows = tx.list_deals(&query)?;
                    Ok((rows, rows_read(tx)? - before))
                })
                .await
                .unwrap();
            seen += rows.len();
            after = rows.last().map(|last| last.cursor.clone());
            read.push(n);
        }
        assert_eq!(seen, 70 * 51);
        // The page's ids and their rows, and little besides.
        assert!(read.iter().all(|n| *n <= 3 * 51), "{read:?}");
        let is_counted = world.settings.url.starts_with("postgres");
        assert_eq!(is_counted, read.iter().all(|n| *n >= 51), "{read:?}");
        if is_counted {
            return;
        }
        // Goes to its place in the index and on from there: no row before the page is read; sorted are the page's alone.
        let (store, sent) = counted(&world).await;
        let query = DealQuery { after, ..page() };
        store.read(move |tx| tx.list_deals(&query)).await.unwrap();
        let text = sent.take().into_iter().find(|text| text.contains("ORDER BY")).unwrap();
        let planned = store.read({ let text = text.clone(); move |tx| plan(tx, &text) }).await.unwrap();
        let (page, rows) = planned.split_once("SCAN e").unwrap();
        assert!(page.contains("SEARCH d USING INDEX deals_created ((created_at,id)<(?,?))"), "{text}\n{planned}");
        assert!(!page.contains("TEMP B-TREE"), "{text}\n{planned}");
        assert!(!planned.contains("SCAN d") && rows.contains("SEARCH d"), "{text}\n{planned}");
    }

    async fn facts_are_read_by_keys_alone(world: World) {
        populate(&world).await;
        furnish(&world).await;
        let (store, sent) = counted(&world).await;
        let (customer, li) = (customer(), user("li"));
        add(&world, &li).await;
        let deal = deal(&customer, Some(li.id));
        begin(&world, &customer, &deal).await;
        let made = deal.id;
        assert!(store.read(move |tx| tx.deal_facts(made)).await.unwrap().is_some());
        let text = sent.take().into_iter().find(|text| text.contains("FROM epochs e")).unwrap();
        let planned = store.read(move |tx| plan(tx, &text)).await.unwrap();
        for index in ["deals_customer", "activities_deal", "contracts_deal", "payments_deal", "history_deal"] {
            let table = index.split('_').next().unwrap();
            assert!(planned.contains(index), "{index}\n{planned}");
            assert!(!planned.contains(&format!("Seq Scan on {table}")), "{table}\n{planned}");
        }
        assert!(!planned.contains("Seq Scan on deals") && !planned.contains("SCAN d"), "{planned}");
        assert!(!planned.contains("Seq Scan on customers") && !planned.contains("SCAN c"), "{planned}");
    }

    async fn hot_statements_are_planned_once(world: World) {
        let (store, sent) = counted(&world).await;
        let (customer, li) = (customer(), user("li"));
        add(&world, &li).await;
        let deal = deal(&customer, Some(li.id));
        begin(&world, &customer, &deal).await;
        let id = deal.id;
        for turn in 0..20 {
            let to = if turn % 2 == 0 { "lead" } else { "resource" };
            store
                .write(move |tx| {
                    let epochs: Epochs = tx.epochs()?;
                    let facts = tx.deal_facts(id)?.unwrap();
                    let mut entry = about(&facts.deal);
                    entry.id = DecisionId::new();
                    entry.guards.epochs = Some(epochs);
                    entry.guards.customer = Some(customer_guard(&facts.customer));
                    tx.record(&entry, &[Effect::Move(&step(&facts.deal, to, 10))])
                })
                .await
                .unwrap();
        }
        let texts = sent.take();
        let known = store.read(prepared).await.unwrap();
        if world.settings.url.starts_with("sqlite") {
            return;
        }
        for hot in ["SELECT e.rules_version", "WITH e AS MATERIALIZED"] {
            let times = texts.iter().filter(|text| text.starts_with(hot)).count();
            let found: Vec<&Prepared> = known.iter().filter(|known| known.statement.starts_with(hot)).collect();
            assert_eq!((times, found.len()), (20, 1), "{hot}");
            // The server looks at five runs before it takes the generic plan for good.
            assert!(found[0].custom <= 5 && found[0].generic >= 15, "{hot}: {} {}", found[0].custom, found[0].generic);
        }
    }
}
