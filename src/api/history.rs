//! Visits of a deal: the lines of its history, each with what the deal had by then. What a grant closes of the deal is closed
//! in them too.

use super::access::Caller;
use super::asked::House;
use super::context::Context;
use super::deals::DealPath;
use super::extract::Path;
use super::page::{PageRequest, cursor};
use super::reply::{Answer, Reply};
use crate::engine::sight::{FieldSight, Sight};
use crate::rules::expression::{Entity, Path as Name};
use crate::store::{HistoryEntry, Then};
use crate::values::{DecisionId, Key, TeamId, Time, UserId};
use serde::Serialize;
use utoipa::ToSchema;

/// One line of a deal's history: a visit to a stage ended, began, or changed hands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HistoryLine)]
pub struct HistoryView {
    /// `created`, `forward`, `back`, `lost`, `reopened`, `owner`, or `migrated` (a change of rules gave its stage, or something else
    /// of it, another name: the visit goes on).
    #[schema(max_length = 100)]
    kind: &'static str,
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    #[schema(value_type = Option<String>, max_length = 100)]
    from: Option<Key>,
    #[schema(value_type = String, max_length = 100)]
    to: Key,
    #[schema(value_type = Option<uuid::Uuid>)]
    owner: Option<UserId>,
    #[schema(value_type = Option<uuid::Uuid>)]
    team: Option<TeamId>,
    #[schema(value_type = Option<uuid::Uuid>)]
    new_owner: Option<UserId>,
    #[schema(value_type = Option<uuid::Uuid>)]
    new_team: Option<TeamId>,
    /// What it was graded; null = it was not, or not for you to see.
    #[schema(value_type = Option<String>, max_length = 100)]
    grade: Option<Key>,
    /// Its grade from then on: another only in a `migrated` line. Null = none, not for you to see, or among `unknown`.
    #[schema(value_type = Option<String>, max_length = 100)]
    new_grade: Option<Key>,
    /// Null = it had none, or not for you to see.
    #[schema(value_type = Option<String>, max_length = 100)]
    product: Option<Key>,
    /// Its product from then on: another only in a `migrated` line. Null = none, not for you to see, or among `unknown`.
    #[schema(value_type = Option<String>, max_length = 100)]
    new_product: Option<Key>,
    /// Why it was lost.
    #[schema(value_type = Option<String>, max_length = 100)]
    reason: Option<Key>,
    /// The same from then on: another only in a `migrated` line. Null = none, or among `unknown`.
    #[schema(value_type = Option<String>, max_length = 100)]
    new_reason: Option<Key>,
    /// What of this line is not known, such as `new_grade`: the deal has one, but a `migrated` line of an earlier version of
    /// this server does not say which.
    #[schema(max_items = 3)]
    unknown: Vec<&'static str>,
    /// Working time of the visit that ended, in seconds.
    dwell_seconds: Option<i64>,
    /// Target working time of the visit that began, in seconds.
    target_seconds: Option<i64>,
    /// Who did it; null = the product itself.
    #[schema(value_type = Option<uuid::Uuid>)]
    actor: Option<UserId>,
    /// Number of the rules that were active.
    rules_version: i64,
    /// The decision behind it.
    #[schema(value_type = uuid::Uuid)]
    decision: DecisionId,
}

crate::page!(
    /// A page of a deal's history, the oldest first.
    HistoryPage,
    HistoryView
);

impl HistoryView {
    /// A line as its reader sees it.
    fn of(entry: HistoryEntry, sight: &Sight) -> Self {
        let (had, line) = (Had::by(&entry, sight), entry.line);
        Self {
            kind: line.kind.word(),
            at: line.at,
            from: line.from,
            to: line.to,
            owner: line.owner,
            team: line.team,
            new_owner: line.new_owner,
            new_team: line.new_team,
            grade: had.grade,
            new_grade: had.new_grade,
            product: had.product,
            new_product: had.new_product,
            reason: had.reason,
            new_reason: had.new_reason,
            unknown: had.unknown,
            dwell_seconds: line.dwell_micros.map(|micros| micros / 1_000_000),
            target_seconds: line.target_micros.map(|micros| micros / 1_000_000),
            actor: entry.actor,
            rules_version: entry.rules_version,
            decision: entry.decision,
        }
    }
}

/// What a deal had by a line, and has from then on, as its reader sees it.
#[derive(Debug)]
pub(super) struct Had {
    pub grade: Option<Key>,
    pub new_grade: Option<Key>,
    pub product: Option<Key>,
    pub new_product: Option<Key>,
    pub reason: Option<Key>,
    pub new_reason: Option<Key>,
    /// Names of those that the line does not say.
    pub unknown: Vec<&'static str>,
}

impl Had {
    pub(super) fn by(entry: &HistoryEntry, sight: &Sight) -> Self {
        let open = |name: &str| sight.of(&Name { entity: Entity::Deal, name: Key::new(name) }) == FieldSight::Open;
        let mut unknown = Vec::new();
        let mut seen = |is_open: bool, name: &'static str, before: &Option<Key>, then: &Then| {
            if !is_open {
                return (None, None);
            }
            let then = match then {
                Then::Known(then) => then.clone(),
                Then::Unknown => {
                    unknown.push(name);
                    None
                }
            };
            (before.clone(), then)
        };
        let line = &entry.line;
        let (grade, new_grade) = seen(open("grade"), "new_grade", &line.grade, &entry.new_grade);
        let (product, new_product) = seen(open("product"), "new_product", &line.product, &entry.new_product);
        // Whoever sees a lost deal sees why.
        let (reason, new_reason) = seen(true, "new_reason", &line.reason, &entry.new_reason);
        Self { grade, new_grade, product, new_product, reason, new_reason, unknown }
    }
}

/// History of a deal
///
/// Its visits to stages and who held it, the oldest first. Never changed, never deleted: everything is called as it was
/// under the rules of each line.
#[utoipa::path(get, path = "/v1/deals/{id}/history", tag = "deals", params(DealPath), responses(
    (status = 200, description = "A page.", body = HistoryPage)))]
pub async fn list_history(
    house: House,
    context: Context,
    caller: Caller,
    page: PageRequest,
    path: Path<DealPath>,
) -> Answer<HistoryPage> {
    let after = page.after::<i64>()?;
    let found = house.0.history(&caller.reads(&context)?, path.0.id, after, page.limit).await?;
    let views = found.items.into_iter().map(|entry| HistoryView::of(entry, &found.sight)).collect();
    Ok(Reply::ok(HistoryPage::new(views, found.next.map(|seq| cursor(&seq)))))
}
