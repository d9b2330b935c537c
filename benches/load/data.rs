//! The company that is measured, from a fixed seed: who works there, and every row of every deal, each as the product
//! itself would have left it. Nothing here knows a database: rows go into a `Sink`.
//!
//! Deal `n` has the same id, owner, stage and past in every run and on both databases. What `n % 20` says:
//!
//! | class | what it is |
//! |---|---|
//! | 0-3 | may go back and forth between `contacted` and `lead`; the raw loops move these |
//! | 4-7 | the same, moved through the product |
//! | 8-9 | in `contacted`; `lead` refuses it, since nobody has shown interest |
//! | 10-19 | the rest of the funnel: new, graded, in negotiation, signed, won, lost |

use std::collections::BTreeMap;
use uuid::Uuid;

pub const SELLERS: u64 = 100;
pub const TEAMS: u64 = 10;
/// Deals of one class of each kind: a whole pattern.
pub const PATTERN: u64 = 20;
const DAY: i64 = 86_400_000_000;
const HOUR: i64 = DAY / 24;
/// How far back the first deal lies.
const PAST: i64 = 180 * DAY;

/// A value of a row.
#[derive(Clone, Debug)]
pub enum Cell {
    Null,
    Flag(bool),
    Int(i64),
    Id(Uuid),
    /// Text, or JSON as text.
    Text(String),
}

macro_rules! cells {
    ($($from:ty, |$value:ident| $cell:expr;)*) => {$(
        impl From<$from> for Cell {
            fn from($value: $from) -> Self {
                $cell
            }
        }
    )*};
}
cells! {
    &str, |text| Self::Text(text.to_owned());
    String, |text| Self::Text(text);
    i64, |number| Self::Int(number);
    bool, |flag| Self::Flag(flag);
    Uuid, |id| Self::Id(id);
}
impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A row, its values in the order of the table's columns.
macro_rules! put {
    ($sink:ident, $table:literal: $($cell:expr),* $(,)?) => { $sink.put($table, vec![$(Cell::from($cell)),*]) };
}

/// The tables that are filled, in the order in which their rows may refer to each other, with their columns.
pub const TABLES: [(&str, &str); 11] = [
    ("teams", "id name parent version created_at updated_at"),
    ("users", "id login name roles team active fields version created_at updated_at"),
    ("customers", "id creator fields contacts version facts_version created_at updated_at"),
    ("customer_keys", "combination normalised customer"),
    (
        "deals",
        "id customer funnel stage state owner team creator origin product reason cooling_until lost_from fields \
         version facts_version entered_at created_at updated_at closed_at",
    ),
    ("activities", "id deal customer kind outcome note actor at logged_at"),
    ("contracts", "id deal customer number amount_minor currency signed_on delivered_on version created_at updated_at"),
    ("payments", "id contract deal amount_minor currency paid_on recorded_at"),
    ("holdings", "owner funnel stage n cap"),
    (
        "history",
        "deal customer kind at funnel from_stage to_stage owner team new_owner new_team product reason entered_at \
         dwell_micros target_micros actor rules_version decision",
    ),
    (
        "decisions",
        "id at actor roles action subject_kind subject deal customer rules_version outcome criteria facts answer \
         request_id",
    ),
];

/// Where rows go.
pub trait Sink {
    fn put(&mut self, table: &'static str, row: Vec<Cell>);
}

/// A table's place in `TABLES`.
pub fn place(table: &str) -> usize {
    TABLES.iter().position(|(name, _)| *name == table).unwrap()
}

/// An id that its number gives, in Rust as in the SQL of the raw loops; older than every id that the product makes.
fn id(kind: u16, n: u64) -> Uuid {
    Uuid::from_u128((0x0190_0000_0000_7000_8000 + u128::from(kind)) << 48 | u128::from(n))
}

pub fn customer(n: u64) -> Uuid {
    id(0x001, n)
}
pub fn deal(n: u64) -> Uuid {
    id(0x002, n)
}
pub fn team(n: u64) -> Uuid {
    id(0x003, n)
}
/// Sellers first, then the director and the administrator.
pub fn user(n: u64) -> Uuid {
    id(0x004, n)
}
pub const DIRECTOR: u64 = SELLERS;
pub const ADMINISTRATOR: u64 = SELLERS + 1;

/// Whose deal it is.
pub fn seller_of(deal: u64) -> u64 {
    deal / PATTERN % SELLERS
}
pub fn team_of(seller: u64) -> u64 {
    seller % TEAMS
}
/// Of the deals that go back and forth, whether it begins in `lead`.
pub fn begins_in_lead(deal: u64) -> bool {
    deal % 2 == 1
}

/// The visits of a deal, the last the present one.
fn path(n: u64) -> &'static [&'static str] {
    const WHOLE: [&str; 7] = ["resource", "graded", "contacted", "lead", "intent", "signed", "implemented"];
    match n % PATTERN {
        0..=7 if begins_in_lead(n) => &WHOLE[..4],
        0..=9 => &WHOLE[..3],
        10..=14 => &WHOLE[..1],
        15..=16 => &WHOLE[..2],
        17 if (n / PATTERN).is_multiple_of(2) => &WHOLE[..5],
        17 => &WHOLE[..6],
        18 => &WHOLE,
        _ => &["resource", "graded", "abandoned"],
    }
}

/// What was done with it, each a kind and its outcome.
fn done(n: u64) -> &'static [(&'static str, Option<&'static str>)] {
    const ALL: [(&str, Option<&str>); 5] = [
        ("call", Some("reached")),
        ("material", None),
        ("call", Some("reached")),
        ("visit", Some("agreed")),
        ("call", Some("interested")),
    ];
    match n % PATTERN {
        0..=7 | 17..=18 => &ALL,
        8..=9 => &ALL[..4],
        10..=14 => &[],
        15..=16 => &ALL[..1],
        _ => &[("call", Some("refused"))],
    }
}

/// Puts the whole company into the sink; `now` in microseconds.
pub fn generate(deals: u64, now: i64, sink: &mut impl Sink) {
    people(now - PAST, sink);
    let mut held: BTreeMap<(u64, &'static str), i64> = BTreeMap::new();
    for n in 0..deals {
        let made = now - PAST + (PAST - 10 * DAY) / signed(deals) * signed(n);
        let past = Past { n, made, now, deal: deal(n), customer: customer(n), owner: user(seller_of(n)) };
        *held.entry((seller_of(n), past.stage())).or_default() += 1;
        past.customer(sink);
        past.deal(sink);
        past.activities(sink);
        past.history(sink);
        past.contract(sink);
    }
    for ((seller, stage), n) in held {
        put!(sink, "holdings": user(seller), "standard", stage, n, None::<i64>);
    }
}

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap()
}

fn people(at: i64, sink: &mut impl Sink) {
    let root = TEAMS;
    put!(sink, "teams": team(root), "company", None::<Uuid>, 1, at, at);
    for n in 0..TEAMS {
        put!(sink, "teams": team(n), format!("team {n}"), team(root), 1, at, at);
    }
    for n in 0..SELLERS + 2 {
        let (role, of) = match n {
            DIRECTOR => ("director", root),
            n if n > DIRECTOR => ("administrator", root),
            n => ("seller", team_of(n)),
        };
        let (login, roles) = (format!("{role}{n}"), format!("[\"{role}\"]"));
        put!(sink, "users": user(n), login.clone(), login, roles, team(of), true, "{}", 1, at, at);
    }
}

/// One deal's past.
struct Past {
    n: u64,
    made: i64,
    now: i64,
    deal: Uuid,
    customer: Uuid,
    owner: Uuid,
}

impl Past {
    fn stage(&self) -> &'static str {
        path(self.n).last().unwrap()
    }

    /// When it came into the stage of this visit.
    fn entered(&self, visit: usize) -> i64 {
        self.made + i64::try_from(visit).unwrap() * 20 * HOUR + signed(self.n % 97) * 1_000_000
    }

    fn product(&self) -> &'static str {
        if self.n.is_multiple_of(2) { "website" } else { "promotion" }
    }

    fn customer(&self, sink: &mut impl Sink) {
        let (n, id) = (self.n, self.customer);
        let (name, phone) = (format!("company {n:08}"), format!("+861{:010}", 3_000_000_000 + n));
        let size = if n.is_multiple_of(3) { "large" } else { "ordinary" };
        let fields = format!(
            r#"{{"industry":["text","manufacturing"],"name":["text","{name}"],"phone":["text","{phone}"],"size":["choice","{size}"],"verified":["bool",1]}}"#
        );
        let contacts = r#"[{"name":"Wang","role":"purchasing","phone":null,"email":null}]"#;
        put!(sink, "customers": id, self.owner, fields, contacts, 1, 1, self.made, self.made);
        put!(sink, "customer_keys": "name", name, id);
        put!(sink, "customer_keys": "phone", phone, id);
    }

    fn deal(&self, sink: &mut impl Sink) {
        let (n, visits, team) = (self.n, path(self.n).len(), team(team_of(seller_of(self.n))));
        let state = match self.stage() {
            "implemented" => "won",
            "abandoned" => "lost",
            _ => "open",
        };
        let lost = state == "lost";
        let ahead = chrono::DateTime::from_timestamp_micros(self.now + 90 * DAY).unwrap().format("%Y-%m-%d");
        let score = 20 + n % 70;
        let fields = format!(
            r#"{{"score":["number","1{score:0>29}.","{score}"],"suitable":["bool",1],"visit_on":["date","{ahead}"]}}"#
        );
        let entered = self.entered(visits - 1);
        let facts = 1 + i64::try_from(done(n).len()).unwrap();
        put!(sink, "deals":
            self.deal, self.customer, "standard", self.stage(), state, self.owner, team, self.owner, "supplied",
            self.product(), lost.then_some("refused"), lost.then_some(self.now + 30 * DAY), lost.then_some("graded"),
            fields, i64::try_from(visits).unwrap(), facts, entered, self.made, entered,
            (state != "open").then_some(entered));
    }

    fn activities(&self, sink: &mut impl Sink) {
        for (number, (kind, outcome)) in (0..).zip(done(self.n)) {
            let (id, at) = (id(0x010 + number, self.n), self.made + i64::from(number + 1) * 12 * HOUR);
            let note = "asked for an offer until the end of the month";
            put!(sink, "activities": id, self.deal, self.customer, *kind, *outcome, note, self.owner, at, at);
        }
    }

    /// The visits, each with the decision that began it.
    fn history(&self, sink: &mut impl Sink) {
        let team = team(team_of(seller_of(self.n)));
        let mut before = None;
        for (visit, stage) in (0..).zip(path(self.n)) {
            let (kind, action) = match (before, *stage) {
                (None, _) => ("created", "deals.create"),
                (Some(_), "abandoned") => ("lost", "deals.move"),
                (Some(_), _) => ("forward", "deals.move"),
            };
            let (at, decision) = (self.entered(usize::from(visit)), id(0x020 + visit, self.n));
            let later = |value: i64| before.is_some().then_some(value);
            put!(sink, "history":
                self.deal, self.customer, kind, at, "standard", before, *stage, self.owner, team, self.owner, team,
                self.product(), (kind == "lost").then_some("refused"), later(at - 20 * HOUR), later(20 * HOUR),
                later(9 * HOUR), self.owner, 1, decision);
            let answer = format!(r#"{{"answer":{{"deal":"{}","stage":"{stage}"}},"note":"{:-<300}"}}"#, self.deal, "");
            put!(sink, "decisions":
                decision, at, self.owner, "[\"seller\"]", action, "deal", self.deal.to_string(), self.deal,
                self.customer, 1, "allowed", "[]", "{}", answer, format!("seed-{}-{visit}", self.n));
            before = Some(*stage);
        }
    }

    fn contract(&self, sink: &mut impl Sink) {
        if !matches!(self.stage(), "signed" | "implemented") {
            return;
        }
        let (id, paid, day) = (id(0x030, self.n), id(0x031, self.n), "2026-01-05");
        let (number, won) = (format!("C{}", self.n), self.stage() == "implemented");
        let at = self.made;
        put!(sink, "contracts":
            id, self.deal, self.customer, number, 5_000_000, "CNY", day, won.then_some(day), 1, at, at);
        if won {
            put!(sink, "payments": paid, id, self.deal, 5_000_000, "CNY", day, at);
        }
    }
}
