//! The books of a company, audited from outside: rows are read with plain SQL on a connection of their own, in one
//! snapshot, so that what the product says about itself is not taken for a proof. Every sentence of `Books::faults` holds
//! at every commit, also while others write.

#![allow(dead_code, reason = "each program uses its part")]

use loudou::engine::decision::{CheckOutcome, Checked, CheckedKind, Severity};
use loudou::rules::Rules;
use loudou::rules::model::{Direction, Funnel, MoveFrom, MoveTo, StageKind};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that is compared, as it was at one moment.
pub struct Books {
    /// Whether the log has no holes: SQLite hands out one number after the other.
    is_dense: bool,
    rules: BTreeMap<i64, Rules>,
    deals: Vec<Row>,
    history: Vec<Row>,
    decisions: Vec<Row>,
    holdings: Vec<Row>,
    keys: Vec<Row>,
    personal: Vec<Row>,
    customers: Vec<Row>,
    active_people: BTreeSet<String>,
    /// (activities, contracts)
    counts: (i64, i64),
}

/// A row by the names of its columns.
pub type Row = BTreeMap<&'static str, Json>;

/// Columns of a table; `#` before one that is an id, `{}` before a document.
const DEALS: (&str, &[&str]) = (
    "deals",
    &[
        "#id",
        "#customer",
        "funnel",
        "stage",
        "state",
        "#owner",
        "#team",
        "version",
        "entered_at",
        "cooling_until",
        "closed_at",
    ],
);
const HISTORY: (&str, &[&str]) = (
    "history",
    &[
        "seq",
        "#deal",
        "#customer",
        "kind",
        "at",
        "funnel",
        "from_stage",
        "to_stage",
        "#owner",
        "#team",
        "#new_owner",
        "#new_team",
        "#actor",
        "rules_version",
        "#decision",
    ],
);
const DECISIONS: (&str, &[&str]) = (
    "decisions",
    &[
        "seq",
        "#id",
        "at",
        "#actor",
        "{}roles",
        "action",
        "subject_kind",
        "subject",
        "#deal",
        "#customer",
        "rules_version",
        "outcome",
        "{}criteria",
        "{}answer",
        "personal_digest",
    ],
);

impl Books {
    /// Reads them.
    pub fn of(url: &str) -> Self {
        let mut tables = Snapshot::of(url);
        let texts = tables.rows("rules_versions", &["number", "text"]);
        let rules = texts.into_iter().map(|row| {
            let text = row["text"].as_str().unwrap();
            (row["number"].as_i64().unwrap(), loudou::rules::check(text, None).rules.expect("it was activated"))
        });
        let rules = rules.collect();
        let people = tables.rows("users", &["#id", "{}active"]);
        let active = |row: &Row| matches!(&row["active"], Json::Bool(true)) || row["active"] == 1;
        let people = people.into_iter().filter(active).map(|row| text(&row, "id")).collect();
        let books = Self {
            is_dense: url.starts_with("sqlite"),
            rules,
            deals: tables.rows(DEALS.0, DEALS.1),
            history: tables.rows(HISTORY.0, HISTORY.1),
            decisions: tables.rows(DECISIONS.0, DECISIONS.1),
            holdings: tables.rows("holdings", &["#owner", "funnel", "stage", "n", "cap"]),
            keys: tables.rows("idempotency", &["#actor", "key", "decision"]),
            personal: tables.rows("decision_personal", &["seq"]),
            customers: tables.rows("customers", &["#id", "version"]),
            active_people: people,
            counts: (tables.count("activities"), tables.count("contracts")),
        };
        tables.end();
        books
    }

    /// Everything that is not as it must be; nothing, always.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        self.check_counts(&mut faults);
        self.check_log(&mut faults);
        self.check_visits(&mut faults);
        self.check_flows(&mut faults);
        self.check_rules(&mut faults);
        faults
    }

    /// How long the log is, allowed and refused.
    pub fn logged(&self) -> (usize, usize) {
        let allowed = self.decisions.iter().filter(|row| row["outcome"] == "allowed").count();
        (allowed, self.decisions.len() - allowed)
    }

    pub fn visits(&self) -> usize {
        self.history.len()
    }

    pub fn deals(&self) -> usize {
        self.deals.len()
    }

    /// Allowed decisions of this actor.
    pub fn allowed_of(&self, actor: &str) -> usize {
        let is_his = |row: &&Row| row["actor"] == plain(actor) && row["outcome"] == "allowed";
        self.decisions.iter().filter(is_his).count()
    }

    /// What is kept under each key, as text: (actor, key) to the answer that the client was given.
    pub fn kept(&self) -> BTreeMap<(String, String), String> {
        let by_seq: BTreeMap<i64, &Row> = self.decisions.iter().map(|row| (number(row, "seq"), row)).collect();
        let kept = self.keys.iter().filter_map(|row| {
            let answer = by_seq.get(&number(row, "decision"))?["answer"].to_string();
            Some(((text(row, "actor"), text(row, "key")), answer))
        });
        kept.collect()
    }

    /// Every row of every table, to be compared with another time.
    pub fn dump(url: &str) -> Vec<String> {
        const TABLES: [&str; 29] = [
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
            "login_attempts",
            "payments",
            "renames",
            "rules_drafts",
            "rules_file",
            "rules_preview_items",
            "rules_previews",
            "rules_removed",
            "rules_replay_items",
            "rules_replays",
            "rules_shadow_items",
            "rules_shadows",
            "rules_versions",
            "sessions",
            "setup",
            "teams",
            "users",
            "__diesel_schema_migrations",
        ];
        let mut tables = Snapshot::of(url);
        let mut all = Vec::new();
        for table in TABLES {
            let list = match &tables {
                Snapshot::Postgres(..) => format!("to_jsonb({table})::text"),
                Snapshot::Sqlite(_) => {
                    let columns = tables.lines(&format!(
                        "SELECT 'quote(\"' || name || '\")' AS line FROM pragma_table_info('{table}')"
                    ));
                    columns.join(" || ',' || ")
                }
            };
            all.extend(tables.lines(&format!("SELECT '{table} ' || {list} AS line FROM {table} ORDER BY 1")));
        }
        tables.end();
        all
    }

    /// Deals that nobody looks after: open, and of somebody who does not work here.
    pub fn left_behind(&self) -> Vec<String> {
        let left = self.deals.iter().filter(|deal| {
            deal["state"] == "open" && !deal["owner"].is_null() && !self.active_people.contains(&text(deal, "owner"))
        });
        left.map(|deal| text(deal, "id")).collect()
    }

    /// What is kept twice agrees with a recount; a cap that was held against holds.
    fn check_counts(&self, faults: &mut Vec<String>) {
        let mut held: BTreeMap<(String, String, String), i64> = BTreeMap::new();
        for deal in self.deals.iter().filter(|deal| !deal["owner"].is_null()) {
            *held.entry((text(deal, "owner"), text(deal, "funnel"), text(deal, "stage"))).or_default() += 1;
        }
        for row in &self.holdings {
            let place = (text(row, "owner"), text(row, "funnel"), text(row, "stage"));
            let (counted, there) = (number(row, "n"), held.remove(&place).unwrap_or(0));
            if counted != there {
                faults.push(format!("{place:?} holds {there}, counted as {counted}"));
            }
            if row["cap"].as_i64().is_some_and(|cap| there > cap) {
                faults.push(format!("{place:?} holds {there}, above its cap of {}", row["cap"]));
            }
        }
        faults.extend(held.into_iter().map(|(place, there)| format!("{place:?} holds {there}, not counted at all")));
        let mut open: BTreeMap<(String, String), usize> = BTreeMap::new();
        for deal in self.deals.iter().filter(|deal| deal["state"] == "open") {
            *open.entry((text(deal, "customer"), text(deal, "funnel"))).or_default() += 1;
        }
        faults.extend(open.into_iter().filter(|(_, many)| *many > 1).map(|(of, many)| format!("{of:?}: {many} open")));
        for (table, there, action, kind) in [
            ("activities", self.counts.0, "deals.log", "activity"),
            ("contracts", self.counts.1, "deals.write", "contract"),
        ] {
            // A contract's first version is the one that made it.
            let made = self.allowed().filter(|row| row["action"] == action).filter(|row| {
                let thing = &row["answer"]["answer"][kind];
                !thing.is_null() && (kind != "contract" || (thing["version"] == 1))
            });
            let made = made.map(|row| row["answer"]["answer"][kind]["id"].to_string()).collect::<BTreeSet<_>>().len();
            if i64::try_from(made).unwrap() != there {
                faults.push(format!("{there} {table}, made by {made} decisions"));
            }
        }
    }

    fn allowed(&self) -> impl Iterator<Item = &Row> {
        self.decisions.iter().filter(|row| row["outcome"] == "allowed")
    }

    /// Numbers, keys and what lies beside the log.
    fn check_log(&self, faults: &mut Vec<String>) {
        let seqs: Vec<i64> = self.decisions.iter().map(|row| number(row, "seq")).collect();
        let distinct: BTreeSet<i64> = seqs.iter().copied().collect();
        if distinct.len() != seqs.len() {
            faults.push("a number of the log is there twice".into());
        }
        if self.is_dense && distinct.last().is_some_and(|last| usize::try_from(*last).unwrap() != distinct.len()) {
            faults.push(format!("the log has holes: {} entries up to {:?}", distinct.len(), distinct.last()));
        }
        let by_seq: BTreeMap<i64, &Row> = self.decisions.iter().map(|row| (number(row, "seq"), row)).collect();
        for key in &self.keys {
            let holds = |row: &&&Row| row["outcome"] == "allowed" && row["actor"] == key["actor"];
            if by_seq.get(&number(key, "decision")).filter(holds).is_none() {
                faults.push(format!("the key {} points to no decision of its owner: {}", key["key"], key["decision"]));
            }
        }
        let beside: BTreeSet<i64> = self.personal.iter().map(|row| number(row, "seq")).collect();
        let expected: BTreeSet<i64> =
            by_seq.iter().filter(|(_, row)| !row["personal_digest"].is_null()).map(|(seq, _)| *seq).collect();
        if beside != expected {
            faults.push(format!("beside the log: {:?}", beside.symmetric_difference(&expected).collect::<Vec<_>>()));
        }
        for (what, kind, things) in [("deal", "deal", &self.deals), ("customer", "customer", &self.customers)] {
            let mut writes: BTreeMap<String, i64> = BTreeMap::new();
            for row in self.allowed().filter(|row| row["subject_kind"] == kind) {
                // What hangs on a deal does not change the version of the deal.
                if !row["answer"]["answer"][kind].is_null() {
                    *writes.entry(plain(row["subject"].as_str().unwrap())).or_default() += 1;
                }
            }
            for thing in things {
                let (version, writes) = (number(thing, "version"), writes.remove(&text(thing, "id")).unwrap_or(0));
                if version != writes {
                    faults.push(format!("the {what} {} has version {version} after {writes} writes", thing["id"]));
                }
            }
            faults.extend(writes.into_keys().map(|id| format!("the {what} {id} was written and is not there")));
        }
    }

    /// Each line of history belongs to one decision and the other way round; lines follow one another, up to where the
    /// deal is.
    fn check_visits(&self, faults: &mut Vec<String>) {
        let by_id: BTreeMap<String, &Row> = self.decisions.iter().map(|row| (text(row, "id"), row)).collect();
        let mut decided: BTreeSet<String> = BTreeSet::new();
        let mut last: BTreeMap<String, &Row> = BTreeMap::new();
        for line in &self.history {
            let name = format!("the line {} of the deal {}", line["seq"], line["deal"]);
            match by_id.get(&text(line, "decision")) {
                None => faults.push(format!("{name} has no decision")),
                Some(row) => {
                    let actions: &[&str] = match line["kind"].as_str().unwrap() {
                        "created" => &["deals.create"],
                        "owner" => &["deals.assign", "deals.release"],
                        _ => &["deals.move"],
                    };
                    let same =
                        ["deal", "customer", "actor", "rules_version"].iter().all(|part| row[part] == line[part]);
                    if !same || row["outcome"] != "allowed" || !actions.iter().any(|action| row["action"] == *action) {
                        faults.push(format!("{name} is not what its decision {} says", row["seq"]));
                    }
                    if !decided.insert(text(line, "decision")) {
                        faults.push(format!("{name} shares its decision"));
                    }
                }
            }
            let before = last.insert(text(line, "deal"), line);
            let follows = match before {
                None => line["kind"] == "created" && line["from_stage"].is_null(),
                Some(before) => {
                    line["from_stage"] == before["to_stage"]
                        && line["owner"] == before["new_owner"]
                        && line["team"] == before["new_team"]
                        && number(line, "at") >= number(before, "at")
                }
            };
            if !follows {
                faults.push(format!("{name} does not follow the one before it: {line:?} after {before:?}"));
            }
        }
        let visiting = ["deals.create", "deals.assign", "deals.release", "deals.move"];
        for row in self.allowed().filter(|row| visiting.iter().any(|action| row["action"] == *action)) {
            if !decided.contains(&text(row, "id")) {
                faults.push(format!("the decision {} ({}) left no line of history", row["seq"], row["action"]));
            }
        }
        for deal in &self.deals {
            let Some(line) = last.get(&text(deal, "id")) else {
                faults.push(format!("the deal {} has no history", deal["id"]));
                continue;
            };
            let there = [("stage", "to_stage"), ("owner", "new_owner"), ("team", "new_team"), ("customer", "customer")];
            if there.iter().any(|(own, of_line)| deal[own] != line[of_line]) {
                faults.push(format!("the deal {} is not where its history ends: {deal:?}, {line:?}", deal["id"]));
            }
        }
        let there: BTreeSet<String> = self.deals.iter().map(|deal| text(deal, "id")).collect();
        faults.extend(last.keys().filter(|id| !there.contains(*id)).map(|id| format!("the deal {id} is gone")));
    }

    /// What stands in a stage is what came in less what went out; and each deal is somewhere.
    fn check_flows(&self, faults: &mut Vec<String>) {
        let mut stock: BTreeMap<(String, String), i64> = BTreeMap::new();
        for line in self.history.iter().filter(|line| line["kind"] != "owner") {
            let funnel = text(line, "funnel");
            *stock.entry((funnel.clone(), text(line, "to_stage"))).or_default() += 1;
            if !line["from_stage"].is_null() {
                *stock.entry((funnel, text(line, "from_stage"))).or_default() -= 1;
            }
        }
        for deal in &self.deals {
            *stock.entry((text(deal, "funnel"), text(deal, "stage"))).or_default() -= 1;
            let place = match deal["state"].as_str().unwrap() {
                "open" => deal["cooling_until"].is_null() && deal["closed_at"].is_null(),
                // Lost for some time, or lost and to be taken up again whenever somebody wants.
                _ => !deal["closed_at"].is_null(),
            };
            if !place {
                faults.push(format!("the deal {} is neither worked on nor cooling nor finished: {deal:?}", deal["id"]));
            }
        }
        let uneven = stock.into_iter().filter(|(_, left)| *left != 0);
        faults
            .extend(uneven.map(|(stage, left)| format!("{stage:?}: {left} more came in than went out and are there")));
    }

    /// Each line is a path of the rules version that it cites, open to who took it, all its demands met.
    fn check_rules(&self, faults: &mut Vec<String>) {
        let by_id: BTreeMap<String, &Row> = self.decisions.iter().map(|row| (text(row, "id"), row)).collect();
        for line in &self.history {
            let name = format!("the line {} of the deal {}", line["seq"], line["deal"]);
            let (Some(rules), Some(decision)) =
                (self.rules.get(&number(line, "rules_version")), by_id.get(&text(line, "decision")))
            else {
                faults.push(format!("{name} cites rules {} that are not there", line["rules_version"]));
                continue;
            };
            let checked: Vec<Checked> = serde_json::from_value(decision["criteria"].clone()).unwrap();
            for one in checked.iter().filter(|one| one.refuses()) {
                faults.push(format!("{name} was allowed against {}", one.id));
            }
            if line["kind"] == "owner" {
                continue;
            }
            let funnel = &rules.funnels[text(line, "funnel").as_str()];
            if let Err(fault) = path_holds(funnel, line, decision, &checked) {
                faults.push(format!("{name}: {fault}"));
            }
        }
        for deal in &self.deals {
            let newest = self.rules.values().last().unwrap();
            let stage = newest.funnels[text(deal, "funnel").as_str()].stage(deal["stage"].as_str().unwrap());
            let state = match stage.map(|stage| stage.kind) {
                Some(StageKind::Start | StageKind::Open) => "open",
                Some(StageKind::Won) => "won",
                Some(StageKind::Lost) => "lost",
                None => "in no stage",
            };
            if deal["state"] != state {
                faults.push(format!("the deal {} is {} in {}", deal["id"], deal["state"], deal["stage"]));
            }
        }
    }
}

/// Whether the funnel has the path, for the roles that took it; whether everything that its stages and the move demand
/// was checked, and came out well.
fn path_holds(funnel: &Funnel, line: &Row, decision: &Row, checked: &[Checked]) -> Result<(), String> {
    let (from, to) = (line["from_stage"].as_str(), line["to_stage"].as_str().unwrap());
    let leads = |one: &&loudou::rules::model::Move| {
        let begins = match (&one.from, from) {
            (MoveFrom::Creation, None) => true,
            (MoveFrom::Stage(stage), Some(from)) => *stage == *from,
            _ => false,
        };
        begins
            && match &one.to {
                MoveTo::Stage(stage) => *stage == *to,
                MoveTo::Origin => true,
            }
    };
    let roles: Vec<&str> = decision["roles"].as_array().unwrap().iter().map(|role| role.as_str().unwrap()).collect();
    let for_them = |one: &&loudou::rules::model::Move| {
        one.by.is_empty()
            || decision["actor"].is_null()
            || one.by.iter().any(|role| roles.iter().any(|own| *role == **own))
    };
    let kind = |one: &&loudou::rules::model::Move| {
        let word = match one.direction {
            Direction::Creation => "created",
            Direction::Forward => "forward",
            Direction::Back => "back",
            Direction::Lost => "lost",
            Direction::Reopen => "reopened",
        };
        line["kind"] == word
    };
    let Some(path) = funnel.moves.iter().filter(leads).filter(for_them).find(kind) else {
        return Err(format!("no path of the rules leads {roles:?} from {from:?} to {to} as {}", line["kind"]));
    };
    let position = |id: &str| funnel.position(id).ok_or_else(|| format!("there is no stage {id}"));
    let (target, start) = (position(to)?, from.map(position).transpose()?);
    let first = match path.direction {
        Direction::Creation | Direction::Reopen => 0,
        Direction::Forward => start.map_or(0, |start| start + 1),
        Direction::Lost => target,
        Direction::Back => target + 1,
    };
    let passed = funnel.stages.iter().enumerate().take(target + 1).skip(first).filter(|(at, stage)| {
        *at == target || (matches!(stage.kind, StageKind::Start | StageKind::Open) && !stage.retired)
    });
    let demanded = passed.flat_map(|(_, stage)| stage.enter.iter().map(|one| (Some(stage.id.clone()), one.id.clone())));
    let demanded: BTreeSet<_> = demanded.chain(path.enter.iter().map(|one| (None, one.id.clone()))).collect();
    let own = |kind: CheckedKind| !matches!(kind, CheckedKind::Holding | CheckedKind::Cooling | CheckedKind::Reason);
    let is_demand = |one: &&Checked| own(one.kind) && !(one.kind == CheckedKind::Require && one.id == path.id);
    let answered: BTreeSet<_> = checked
        .iter()
        .filter(is_demand)
        .filter(|one| !matches!(one.kind, CheckedKind::Field | CheckedKind::Validation | CheckedKind::Unique))
        .map(|one| (one.stage.clone(), one.id.clone()))
        .collect();
    if demanded != answered {
        return Err(format!("the rules demand {demanded:?}, checked were {answered:?}"));
    }
    let open = checked.iter().find(|one| {
        one.severity == Severity::Refuse && matches!(one.outcome, CheckOutcome::Unmet | CheckOutcome::Missing)
    });
    open.map_or(Ok(()), |one| Err(format!("{} is not met", one.id)))
}

/// An id as it is written here: 32 hexadecimal digits.
pub fn plain(id: &str) -> String {
    id.replace('-', "").to_ascii_lowercase()
}

fn text(row: &Row, column: &str) -> String {
    row[column].as_str().unwrap_or_default().to_owned()
}

fn number(row: &Row, column: &str) -> i64 {
    row[column].as_i64().unwrap_or_else(|| panic!("{column} of {row:?}"))
}

/// A connection with one snapshot of the database.
enum Snapshot {
    Sqlite(Box<diesel::SqliteConnection>),
    Postgres(Box<tokio_postgres::Client>, tokio::runtime::Runtime),
}

#[derive(diesel::QueryableByName)]
struct Line {
    #[diesel(sql_type = diesel::sql_types::Text)]
    line: String,
}

impl Snapshot {
    fn of(url: &str) -> Self {
        use diesel::Connection;
        use diesel::connection::SimpleConnection;
        if let Some(path) = url.strip_prefix("sqlite:") {
            let mut conn = diesel::SqliteConnection::establish(path).unwrap();
            conn.batch_execute("PRAGMA busy_timeout = 10000; PRAGMA query_only = ON; BEGIN").unwrap();
            return Self::Sqlite(Box::new(conn));
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let client = runtime.block_on(async {
            let config: tokio_postgres::Config = url.parse().unwrap();
            let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.unwrap();
            client
        });
        Self::Postgres(Box::new(client), runtime)
    }

    /// All rows of a table, in the order of their numbers where they have some.
    fn rows(&mut self, table: &str, columns: &[&'static str]) -> Vec<Row> {
        let order = if columns.contains(&"seq") { " ORDER BY seq" } else { "" };
        let lines = self.lines(&format!("{} FROM {table}{order}", self.list(columns)));
        let lines = lines.into_iter().map(|line| {
            let Json::Array(values) = serde_json::from_str(&line).unwrap() else { panic!("{line}") };
            let cells = columns.iter().zip(values).map(|(column, value)| match column.strip_prefix("{}") {
                Some(column) => (column, document(value)),
                None => (column.trim_start_matches('#'), value),
            });
            cells.collect()
        });
        lines.collect()
    }

    fn count(&mut self, table: &str) -> i64 {
        let list = self.list(&["count(*)"]);
        let lines = self.lines(&format!("{list} FROM {table}"));
        serde_json::from_str::<Vec<i64>>(&lines[0]).unwrap()[0]
    }

    /// One JSON array a row: the same on both databases.
    fn list(&self, columns: &[&str]) -> String {
        let columns = columns.iter().map(|column| match (self, column.strip_prefix('#')) {
            (Self::Sqlite(_), Some(id)) => format!("nullif(lower(hex({id})), '')"),
            (Self::Postgres(..), Some(id)) => format!("replace({id}::text, '-', '')"),
            (_, None) => column.trim_start_matches("{}").to_owned(),
        });
        let columns = columns.collect::<Vec<_>>().join(", ");
        match self {
            Self::Sqlite(_) => format!("SELECT json_array({columns}) AS line"),
            Self::Postgres(..) => format!("SELECT json_build_array({columns})::text AS line"),
        }
    }

    fn lines(&mut self, statement: &str) -> Vec<String> {
        use diesel::RunQueryDsl;
        match self {
            Self::Sqlite(conn) => {
                let rows: Vec<Line> = diesel::sql_query(statement).load(conn.as_mut()).unwrap();
                rows.into_iter().map(|row| row.line).collect()
            }
            Self::Postgres(client, runtime) => {
                let rows = runtime.block_on(client.query(statement, &[])).unwrap();
                rows.into_iter().map(|row| row.get(0)).collect()
            }
        }
    }

    fn end(self) {
        if let Self::Postgres(client, runtime) = self {
            drop(client);
            runtime.shutdown_background();
        }
    }
}

/// A document comes as text from SQLite and as itself from PostgreSQL.
fn document(value: Json) -> Json {
    match value {
        Json::String(text) => serde_json::from_str(&text).unwrap_or(Json::String(text)),
        value => value,
    }
}
