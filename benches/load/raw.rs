//! Raw limits in this process: how often the disk makes a block durable, and how many moves one thread of SQLite records
//! with the statements that a move is made of, and nothing around them.

use super::data::{self, PATTERN};
use super::drive::Run;
use rusqlite::{Connection, Statement, params};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// A 16 KiB block, overwritten and made durable again and again.
pub fn fdatasync(folder: &Path, seconds: f64) -> Run {
    let file = std::fs::File::create(folder.join("fdatasync")).unwrap();
    let block = [7; 16 * 1024];
    let mut latencies = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs_f64(seconds) {
        let one = Instant::now();
        file.write_all_at(&block, 0).unwrap();
        file.sync_data().unwrap();
        latencies.push(one.elapsed().as_secs_f64() * 1e6);
    }
    let rate = latencies.len() as f64 / begun.elapsed().as_secs_f64();
    latencies.sort_unstable_by(f64::total_cmp);
    let at = |part: f64| latencies[((latencies.len() as f64 * part) as usize).min(latencies.len() - 1)];
    Run { rate, p50_micros: at(0.5), p99_micros: at(0.99), ..Run::default() }
}

/// The facts of a deal in one read.
const FACTS: &str = "SELECT d.version, d.facts_version, d.stage, c.facts_version, d.entered_at, d.owner, d.team, \
    d.product, d.customer, e.rules_version, e.people_epoch, d.fields, c.fields, c.contacts, o.roles, o.team, \
    (SELECT json_group_array(json_array(a.kind, a.outcome, a.at)) FROM activities a WHERE a.deal = d.id), \
    (SELECT json_group_array(json_array(k.signed_on, k.delivered_on, k.amount_minor)) FROM contracts k WHERE k.deal = d.id), \
    (SELECT count(*) FROM payments p WHERE p.deal = d.id), \
    (SELECT json_group_array(json_array(h.to_stage, h.at)) FROM history h WHERE h.deal = d.id AND h.kind <> 'owner'), \
    (SELECT json_group_array(json_array(g.stage, g.n)) FROM holdings g WHERE g.owner = d.owner), \
    (SELECT count(*) FROM deals s WHERE s.customer = d.customer AND s.state = 'open') \
    FROM deals d JOIN customers c ON c.id = d.customer LEFT JOIN users o ON o.id = d.owner, epochs e \
    WHERE d.id = ? AND e.id = 1";
const UPDATE: &str = "UPDATE deals SET stage = ?, version = version + 1, entered_at = ?, updated_at = ? WHERE id = ? \
    AND version = ? AND facts_version = ? AND (SELECT facts_version FROM customers WHERE id = ?) = ? \
    AND (SELECT rules_version = ? AND people_epoch = ? FROM epochs WHERE id = 1)";
const HISTORY: &str = "INSERT INTO history (deal, customer, kind, at, funnel, from_stage, to_stage, owner, team, \
    new_owner, new_team, product, entered_at, dwell_micros, actor, rules_version, decision) \
    VALUES (?1, ?2, ?3, ?4, 'standard', ?5, ?6, ?7, ?8, ?7, ?8, ?9, ?10, ?4 - ?10, ?7, ?11, ?12)";
const HOLDINGS: &str = "INSERT INTO holdings (owner, funnel, stage, n, cap) \
    VALUES (?1, 'standard', ?2, -1, NULL), (?1, 'standard', ?3, 1, 1000000) ON CONFLICT (owner, funnel, stage) \
    DO UPDATE SET n = holdings.n + excluded.n, cap = excluded.cap";
const DECISION: &str = "INSERT INTO decisions (id, at, actor, roles, action, subject_kind, subject, deal, customer, \
    rules_version, outcome, criteria, facts, answer, request_id) \
    VALUES (?, ?, ?, '[\"seller\"]', 'deals.move', 'deal', ?, ?, ?, ?, ?, ?, ?, ?, ?)";
const KEY: &str = "INSERT INTO idempotency (actor, key, fingerprint, decision, at) VALUES (?, ?, ?, ?, ?)";
const PERSONAL: &str = "INSERT INTO decision_personal (seq, customer, salt, facts) VALUES (?, ?, ?, ?)";
/// What the product kept with a decision of its own (`sample`): the raw loop keeps the same.
const KEPT: &str = "SELECT d.criteria, d.facts, d.answer, coalesce(p.facts, '') FROM decisions d \
    LEFT JOIN decision_personal p ON p.seq = d.seq WHERE d.seq = ?";

struct Statements<'a> {
    facts: Statement<'a>,
    update: Statement<'a>,
    history: Statement<'a>,
    holdings: Statement<'a>,
    decision: Statement<'a>,
    key: Statement<'a>,
    personal: Statement<'a>,
    /// Criteria, facts, answer, personal values.
    kept: [String; 4],
}

/// Moves a second of one thread, or refused moves, so many in a commit.
pub fn sqlite(path: &str, (refused, sample): (bool, i64), group: usize, seconds: f64, deals: u64) -> f64 {
    let file = Connection::open(path).unwrap();
    // As the product sets its connections.
    file.execute_batch(
        "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
         PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY",
    )
    .unwrap();
    let prepared = |text| file.prepare(text).unwrap();
    let kept = file.query_row(KEPT, [sample], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?])).unwrap();
    let mut statements = Statements {
        facts: prepared(FACTS),
        update: prepared(UPDATE),
        history: prepared(HISTORY),
        holdings: prepared(HOLDINGS),
        decision: prepared(DECISION),
        key: prepared(KEY),
        personal: prepared(PERSONAL),
        kept,
    };
    let [mut begin, mut commit] = ["BEGIN IMMEDIATE", "COMMIT"].map(prepared);
    let [mut savepoint, mut release] = ["SAVEPOINT job", "RELEASE job"].map(prepared);
    let (mut moves, mut random) = (0_u64, 1_u64);
    let warm = Instant::now() + Duration::from_secs_f64(seconds / 10.0);
    let (mut begun, end) = (Instant::now(), warm + Duration::from_secs_f64(seconds));
    while Instant::now() < end {
        if begun < warm && Instant::now() >= warm {
            (moves, begun) = (0, Instant::now());
        }
        begin.execute([]).unwrap();
        for _ in 0..group {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let class = if refused { 8 + (random >> 40) % 2 } else { (random >> 40) % 4 };
            savepoint.execute([]).unwrap();
            statements.record((random >> 33) % (deals / PATTERN) * PATTERN + class, refused);
            release.execute([]).unwrap();
        }
        commit.execute([]).unwrap();
        moves += group as u64;
    }
    moves as f64 / begun.elapsed().as_secs_f64()
}

impl Statements<'_> {
    fn record(&mut self, n: u64, refused: bool) {
        type Bytes = Vec<u8>;
        let deal = data::deal(n);
        let mut rows = self.facts.query(params![deal.as_bytes()]).unwrap();
        let row = rows.next().unwrap().unwrap();
        let number = |column: usize| row.get::<_, i64>(column).unwrap();
        let [version, facts_version, customer_version, entered] = [0, 1, 3, 4].map(number);
        let [rules, people] = [9, 10].map(number);
        let stage: String = row.get(2).unwrap();
        let [owner, team, customer] = [5, 6, 8].map(|column| row.get::<_, Bytes>(column).unwrap());
        let product: String = row.get(7).unwrap();
        // Read, as whoever decides must.
        for column in [11, 12, 13, 14, 16, 17, 19, 20] {
            let _: String = row.get(column).unwrap();
        }
        drop(rows);
        let (at, decision) = (chrono::Utc::now().timestamp_micros(), uuid::Uuid::now_v7());
        let (next, kind) = if stage == "lead" { ("contacted", "back") } else { ("lead", "forward") };
        let id = deal.as_bytes().as_slice();
        if !refused {
            let guards = params![next, at, at, id, version, facts_version, customer, customer_version, rules, people];
            assert_eq!(self.update.execute(guards).unwrap(), 1);
            let line =
                params![id, customer, kind, at, stage, next, owner, team, product, entered, rules, decision.as_bytes()];
            self.history.execute(line).unwrap();
            self.holdings.execute(params![owner, stage, next]).unwrap();
        }
        let [criteria, facts, answer, personal] = &self.kept;
        let outcome = if refused { "refused" } else { "allowed" };
        let (subject, request) = (deal.to_string(), decision.to_string());
        let (decided, id) = (decision.as_bytes(), deal.as_bytes());
        let entry =
            params![decided, at, owner, subject, id, customer, rules, outcome, criteria, facts, answer, request];
        let seq = self.decision.insert(entry).unwrap();
        if !refused {
            self.personal.execute(params![seq, customer, [7_u8; 16], personal]).unwrap();
            self.key.execute(params![owner, request, [7_u8; 32], seq, at]).unwrap();
        }
    }
}
