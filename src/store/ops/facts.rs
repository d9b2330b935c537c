//! All that a decision about a deal rests on, by one statement, with the epochs and what the caller's key stands for:
//! one round trip, and one moment. Lists come as JSON, each element an array in the order of the fields below. They come
//! in any order and get theirs here: for an `ORDER BY` within an aggregate SQLite makes a table of its own, each time.

use super::deals::PersonRow;
use super::log::key_owner;
use super::{Conn, Db, dialect};
use crate::engine::actor::Who;
use crate::engine::facts::{Activity, Contract, DealFacts, Extent, Payment, Person, Visit};
use crate::rules::migrate::What;
use crate::rules::renames::{Rename, Renames};
use crate::store::StoreError;
use crate::store::columns::{Document, Json, Uid, Verbatim};
use crate::store::deals::FoundDeal;
use crate::store::directory::Epochs;
use crate::store::rows::{CustomerRow, DealRow, money};
use crate::store::schema::{customers, deals};
use crate::values::{ActivityId, ContractId, Date, DealId, Key, PaymentId, Time, UserId};
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};
use diesel::{QueryResult, RunQueryDsl};
use serde::{Deserialize, Serialize};

/// The statement, with the lists or without. Its text never changes: it is prepared once a connection.
struct Facts<const LISTS: bool> {
    actor: Option<UserId>,
    key: Option<String>,
    deal: DealId,
}

/// The columns of the row. Lists are `None` where they are empty.
type Columns = (
    (BigInt, BigInt),
    Nullable<(Binary, BigInt)>,
    Nullable<deals::SqlType>,
    Nullable<customers::SqlType>,
    Nullable<Owner>,
    (List, List, List, List, List, List, List),
);
type List = Nullable<Verbatim>;
/// The columns of `PersonRow`.
pub(super) type Owner = (Uid, Document, Nullable<Uid>, Bool, Document);

type Row = ((i64, i64), Option<(Vec<u8>, i64)>, Option<DealRow>, Option<CustomerRow>, Option<PersonRow>, Lists);
type Listed<T> = Option<Json<Vec<T>>>;
type Lists = (
    Listed<ActivityParts>,
    Listed<ContractParts>,
    Listed<PaymentParts>,
    Listed<LineParts>,
    Listed<RenameParts>,
    Listed<Held>,
    Listed<Key>,
);

/// Kind, outcome, method, contact, note, actor, at, logged at.
#[derive(Debug, Serialize, Deserialize)]
struct ActivityParts(
    ActivityId,
    Key,
    Option<Key>,
    Option<Key>,
    Option<String>,
    Option<String>,
    Option<UserId>,
    i64,
    i64,
);
/// Number, amount, currency, days of signature, delivery, acceptance and cancellation, version, created, updated at.
#[derive(Debug, Serialize, Deserialize)]
struct ContractParts(
    ContractId,
    Option<String>,
    i64,
    String,
    Option<Date>,
    Option<Date>,
    Option<Date>,
    Option<Date>,
    i64,
    i64,
    i64,
);
/// Contract, amount, currency, days of payment and cancellation.
#[derive(Debug, Serialize, Deserialize)]
struct PaymentParts(PaymentId, ContractId, i64, String, Date, Option<Date>);
/// Its place in the history, and the parts of a visit.
#[derive(Debug, Serialize, Deserialize)]
struct LineParts(i64, Key, i64, i64);
/// Stage as it was called, entered at, under which rules.
pub(super) struct VisitParts(pub Key, pub i64, pub i64);
/// A stage, what it became, by which rules.
#[derive(Debug, Serialize, Deserialize)]
struct RenameParts(Key, Key, i64);
/// Funnel, stage, how many.
#[derive(Debug, Serialize, Deserialize)]
struct Held(Key, Key, u32);

impl<const LISTS: bool> QueryId for Facts<LISTS> {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<const LISTS: bool> Query for Facts<LISTS> {
    type SqlType = Columns;
}

impl<const LISTS: bool> RunQueryDsl<Conn> for Facts<LISTS> {}

/// A deal with its customer and owner, in the order of `DealRow`, `CustomerRow`, `PersonRow`.
pub(super) const DEAL: &str = "d.id, d.customer, d.funnel, d.stage, d.state, d.owner, d.team, d.creator, d.discoverer, d.origin, d.product, \
    d.grade, d.graded_by, d.graded_at, d.reason, d.cooling_until, d.lost_from, d.fields, d.version, d.facts_version, \
    d.entered_at, d.created_at, d.updated_at, d.closed_at, \
    c.id, c.creator, c.fields, c.contacts, c.version, c.facts_version, c.created_at, c.updated_at, \
    o.id, o.roles, o.team, o.active, o.fields";

/// A list of the row: the elements' parts, those that are ids marked, then what they come from.
struct ListOf {
    parts: &'static [Part],
    from: &'static str,
}

enum Part {
    Id(&'static str),
    As(&'static str),
}
use Part::{As, Id};

const LISTS_OF_A_DEAL: [ListOf; 7] = [
    ListOf {
        parts: &[
            Id("a.id"),
            As("a.kind"),
            As("a.outcome"),
            As("a.method"),
            As("a.contact"),
            As("a.note"),
            Id("a.actor"),
            As("a.at"),
            As("a.logged_at"),
        ],
        from: "activities a WHERE a.deal = d.id",
    },
    ListOf {
        parts: &[
            Id("k.id"),
            As("k.number"),
            As("k.amount_minor"),
            As("k.currency"),
            As("k.signed_on"),
            As("k.delivered_on"),
            As("k.accepted_on"),
            As("k.cancelled_on"),
            As("k.version"),
            As("k.created_at"),
            As("k.updated_at"),
        ],
        from: "contracts k WHERE k.deal = d.id",
    },
    ListOf {
        parts: &[
            Id("p.id"),
            Id("p.contract"),
            As("p.amount_minor"),
            As("p.currency"),
            As("p.paid_on"),
            As("p.cancelled_on"),
        ],
        from: "payments p WHERE p.deal = d.id",
    },
    // Each line but a change of owner or of rules begins a visit.
    ListOf {
        parts: &[As("h.seq"), As("h.to_stage"), As("h.at"), As("h.rules_version")],
        from: "history h WHERE h.deal = d.id AND h.kind NOT IN ('owner', 'migrated')",
    },
    ListOf {
        parts: &[As("r.from_id"), As("r.to_id"), As("r.rules_version")],
        from: "renames r WHERE r.what = 'stage' AND r.above = d.funnel",
    },
    ListOf {
        parts: &[As("n.funnel"), As("n.stage"), As("n.n")],
        from: "holdings n WHERE n.owner = d.owner AND n.n > 0",
    },
    // The customer's deals that are open or won.
    ListOf { parts: &[As("x.state")], from: "deals x WHERE x.customer = d.customer AND x.state <> 'lost'" },
];

impl ListOf {
    fn push<'b>(&self, out: &mut AstPass<'_, 'b, Db>) {
        out.push_sql(", (SELECT ");
        out.push_sql(dialect::JSON_LIST);
        let single = self.parts.len() == 1;
        out.push_sql(if single { "(" } else { dialect::JSON_ARRAY });
        for (number, part) in self.parts.iter().enumerate() {
            if number > 0 {
                out.push_sql(", ");
            }
            let (before, name, after) = match part {
                Id(name) => (dialect::JSON_ID.0, name, dialect::JSON_ID.1),
                As(name) => ("", name, ""),
            };
            out.push_sql(before);
            out.push_sql(name);
            out.push_sql(after);
        }
        out.push_sql(")) FROM ");
        out.push_sql(self.from);
        out.push_sql(")");
    }
}

impl<const LISTS: bool> QueryFragment<Db> for Facts<LISTS> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Db>) -> QueryResult<()> {
        out.push_sql("SELECT e.rules_version, e.people_epoch, i.fingerprint, i.decision, ");
        out.push_sql(DEAL);
        for list in &LISTS_OF_A_DEAL {
            if LISTS {
                list.push(&mut out);
            } else {
                out.push_sql(", NULL");
            }
        }
        out.push_sql(" FROM epochs e LEFT JOIN idempotency i ON i.actor = ");
        out.push_bind_param::<Nullable<Uid>, _>(&self.actor)?;
        out.push_sql(" AND i.key = ");
        out.push_bind_param::<Nullable<Text>, _>(&self.key)?;
        out.push_sql(" LEFT JOIN deals d ON d.id = ");
        out.push_bind_param::<Uid, _>(&self.deal)?;
        out.push_sql(" LEFT JOIN customers c ON c.id = d.customer LEFT JOIN users o ON o.id = d.owner WHERE e.id = 1");
        Ok(())
    }
}

pub fn read(conn: &mut Conn, deal: DealId, key: Option<(Who, &str)>, extent: Extent) -> Result<FoundDeal, StoreError> {
    let (actor, key) = key.map(|(who, key)| (key_owner(who), key.to_owned())).unzip();
    let (epochs, key, deal, customer, owner, lists): Row = match extent {
        Extent::Decision => Facts::<true> { actor, key, deal }.get_result(conn)?,
        Extent::Deal => Facts::<false> { actor, key, deal }.get_result(conn)?,
    };
    let (rules_version, people_epoch) = epochs;
    let key = match key {
        Some((fingerprint, decision)) => {
            let wrong = |_| StoreError::failed("reading a key", "its fingerprint is not 32 bytes");
            Some((fingerprint.try_into().map_err(wrong)?, decision))
        }
        None => None,
    };
    let facts = match (deal, customer) {
        (Some(deal), Some(customer)) => Some(put_together(deal, customer, owner, lists)?),
        (_, None) | (None, _) => None,
    };
    Ok(FoundDeal { epochs: Epochs { rules_version, people_epoch }, key, facts })
}

fn put_together(
    deal: DealRow,
    customer: CustomerRow,
    owner: Option<PersonRow>,
    (activities, contracts, payments, lines, renames, holdings, states): Lists,
) -> Result<DealFacts, StoreError> {
    let deal = crate::engine::facts::Deal::from(deal);
    let of = deal.id;
    let states = list(states);
    let count =
        |state: &str| u32::try_from(states.iter().filter(|one| one.as_str() == state).count()).unwrap_or(u32::MAX);
    let rename = |RenameParts(from, to, rules_version)| Rename {
        what: What::Stage,
        above: vec![deal.funnel.clone()],
        rules_version,
        from,
        to,
        merged: false,
    };
    let renames = Renames::new(list(renames).into_iter().map(rename).collect());
    let held = list(holdings).into_iter().map(|Held(funnel, stage, n)| ((funnel, stage), n));
    let mut activities: Vec<Activity> = list(activities).into_iter().map(|parts| activity(of, parts)).collect();
    activities.sort_unstable_by_key(|activity| (activity.at, activity.id));
    let mut contracts = list(contracts).into_iter().map(|parts| contract(of, parts)).collect::<Result<Vec<_>, _>>()?;
    contracts.sort_unstable_by_key(|contract| contract.id);
    let mut payments = list(payments).into_iter().map(payment).collect::<Result<Vec<_>, _>>()?;
    payments.sort_unstable_by_key(|payment| payment.id);
    let mut lines = list(lines);
    lines.sort_unstable_by_key(|LineParts(seq, ..)| *seq);
    let visits = lines.into_iter().map(|LineParts(_, stage, at, made_under)| VisitParts(stage, at, made_under));
    Ok(DealFacts {
        customer: customer.into(),
        activities,
        contracts,
        payments,
        visits: stays(visits.collect(), &deal.funnel, &renames),
        owner: owner.map(|person| Person { holdings: held.collect(), ..person.into() }),
        customer_open_deals: count("open"),
        customer_won_deals: count("won"),
        deal,
    })
}

fn list<T>(listed: Listed<T>) -> Vec<T> {
    listed.map_or_else(Vec::new, |json| json.0)
}

fn activity(deal: DealId, parts: ActivityParts) -> Activity {
    let ActivityParts(id, kind, outcome, method, contact, note, actor, at, logged_at) = parts;
    let (at, logged_at) = (Time::from_micros(at), Time::from_micros(logged_at));
    Activity { id, deal, kind, outcome, method, contact, note, actor, at, logged_at }
}

fn contract(deal: DealId, parts: ContractParts) -> Result<Contract, StoreError> {
    let ContractParts(id, number, minor, currency, signed, delivered, accepted, cancelled, version, created, updated) =
        parts;
    Ok(Contract {
        id,
        deal,
        number,
        amount: money(minor, &currency).ok_or_else(impossible)?,
        signed_on: signed,
        delivered_on: delivered,
        accepted_on: accepted,
        cancelled_on: cancelled,
        version,
        created_at: Time::from_micros(created),
        updated_at: Time::from_micros(updated),
    })
}

fn payment(parts: PaymentParts) -> Result<Payment, StoreError> {
    let PaymentParts(id, contract, minor, currency, paid_on, cancelled_on) = parts;
    let amount = money(minor, &currency).ok_or_else(impossible)?;
    Ok(Payment { id, contract, amount, paid_on, cancelled_on })
}

fn impossible() -> StoreError {
    StoreError::failed("reading a row", "an amount that is impossible")
}

/// Where each visit begins, the one before it ends. Each counts for what its stage is called by now.
pub(super) fn stays(visits: Vec<VisitParts>, funnel: &Key, renames: &Renames) -> Vec<Visit> {
    let mut stays: Vec<Visit> = Vec::with_capacity(visits.len());
    for VisitParts(stage, at, made_under) in visits {
        let entered_at = Time::from_micros(at);
        if let Some(before) = stays.last_mut() {
            before.left_at = Some(entered_at);
        }
        let stage = if renames.concern(made_under) { renames.stage_now(funnel, &stage, made_under) } else { stage };
        stays.push(Visit { stage, entered_at, left_at: None });
    }
    stays
}
