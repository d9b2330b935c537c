//! What happened with a customer, event by event: a union whose variants are structs of their own. Every value passes the
//! field rules of its reader, deal by deal.

use super::activities::ActivityView;
use super::contracts::MoneyView;
use super::history::Had;
use super::moves::checked;
use super::unmet::CheckedView;
use crate::engine::actor::Who;
use crate::engine::facts::{Contract, Payment};
use crate::engine::sight::{FieldSight, Sight};
use crate::rules::expression::{Entity, Path as Name};
use crate::store::{HistoryEntry, LogEntry};
use crate::values::{ContractId, Date, DealId, DecisionId, Key, Language, PaymentId, TeamId, Time, UserId};
use crate::workflow::answer::{DealAnswer, Kept};
use crate::workflow::timeline::{Event, What};
use serde::Serialize;
use utoipa::ToSchema;

/// Something that happened; `kind` says what.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = TimelineEvent, discriminator(property_name = "kind", mapping(
    ("move" = "#/components/schemas/MoveEvent"),
    ("assignment" = "#/components/schemas/AssignmentEvent"),
    ("activity" = "#/components/schemas/ActivityEvent"),
    ("grade" = "#/components/schemas/GradeEvent"),
    ("contract" = "#/components/schemas/ContractEvent"),
    ("payment" = "#/components/schemas/PaymentEvent"),
    ("refusal" = "#/components/schemas/RefusalEvent"))))]
pub enum EventView {
    Move(MoveEvent),
    Assignment(AssignmentEvent),
    Activity(ActivityEvent),
    Grade(GradeEvent),
    Contract(ContractEvent),
    Payment(PaymentEvent),
    Refusal(RefusalEvent),
}

/// Makes the type of a `kind` that has one value.
macro_rules! kinds {
    ($($kind:ident $variant:ident),*) => {$(
        #[derive(Clone, Copy, Debug, Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $kind {
            $variant,
        }
    )*};
}
kinds!(
    MoveEventKind Move,
    AssignmentEventKind Assignment,
    ActivityEventKind Activity,
    GradeEventKind Grade,
    ContractEventKind Contract,
    PaymentEventKind Payment,
    RefusalEventKind Refusal
);

/// A deal was made, went to another stage, or a change of rules gave something of it another name.
#[derive(Debug, Serialize, ToSchema)]
pub struct MoveEvent {
    kind: MoveEventKind,
    #[schema(value_type = uuid::Uuid)]
    deal: DealId,
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    /// `created`, `forward`, `back`, `lost`, `reopened`, or `migrated`: a change of rules gave its stage, or something else of
    /// it, another name.
    #[schema(max_length = 100)]
    direction: &'static str,
    #[schema(value_type = String, max_length = 100)]
    funnel: Key,
    /// The stage it left; null = it was made.
    #[schema(value_type = Option<String>, max_length = 100)]
    from: Option<Key>,
    #[schema(value_type = String, max_length = 100)]
    to: Key,
    /// What it was graded; null = it was not, or not for you to see.
    #[schema(value_type = Option<String>, max_length = 100)]
    grade: Option<Key>,
    /// Its grade from then on: another only where it was `migrated`. Null = none, not for you to see, or among `unknown`.
    #[schema(value_type = Option<String>, max_length = 100)]
    new_grade: Option<Key>,
    /// Null = it had none, or not for you to see.
    #[schema(value_type = Option<String>, max_length = 100)]
    product: Option<Key>,
    /// Its product from then on: another only where it was `migrated`. Null = none, not for you to see, or among `unknown`.
    #[schema(value_type = Option<String>, max_length = 100)]
    new_product: Option<Key>,
    /// Why it was lost.
    #[schema(value_type = Option<String>, max_length = 100)]
    reason: Option<Key>,
    /// The same from then on: another only where it was `migrated`. Null = none, or among `unknown`.
    #[schema(value_type = Option<String>, max_length = 100)]
    new_reason: Option<Key>,
    /// What of this event is not known, such as `new_grade`: the deal has one, but what an earlier version of this server
    /// wrote of a change of rules does not say which.
    #[schema(max_items = 3)]
    unknown: Vec<&'static str>,
    /// Who did it; null = the product itself.
    #[schema(value_type = Option<uuid::Uuid>)]
    actor: Option<UserId>,
    /// The decision behind it.
    #[schema(value_type = uuid::Uuid)]
    decision: DecisionId,
}

/// A deal went into other hands.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssignmentEvent {
    kind: AssignmentEventKind,
    #[schema(value_type = uuid::Uuid)]
    deal: DealId,
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    /// Who held it; null = it lay in a pool.
    #[schema(value_type = Option<uuid::Uuid>)]
    owner: Option<UserId>,
    #[schema(value_type = Option<uuid::Uuid>)]
    team: Option<TeamId>,
    /// Who holds it from then on; null = it went to a pool.
    #[schema(value_type = Option<uuid::Uuid>)]
    new_owner: Option<UserId>,
    #[schema(value_type = Option<uuid::Uuid>)]
    new_team: Option<TeamId>,
    /// Who did it; null = the product itself.
    #[schema(value_type = Option<uuid::Uuid>)]
    actor: Option<UserId>,
    /// The decision behind it.
    #[schema(value_type = uuid::Uuid)]
    decision: DecisionId,
}

/// A call, mailing, visit took place.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActivityEvent {
    kind: ActivityEventKind,
    #[schema(value_type = uuid::Uuid)]
    deal: DealId,
    /// When it took place.
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    activity: ActivityView,
}

/// A deal was graded.
#[derive(Debug, Serialize, ToSchema)]
pub struct GradeEvent {
    kind: GradeEventKind,
    #[schema(value_type = uuid::Uuid)]
    deal: DealId,
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    /// Null = not for you to see.
    #[schema(value_type = Option<String>, max_length = 100)]
    grade: Option<Key>,
    /// Who did it; null = the product itself.
    #[schema(value_type = Option<uuid::Uuid>)]
    actor: Option<UserId>,
    /// The decision behind it, which explains it.
    #[schema(value_type = uuid::Uuid)]
    decision: DecisionId,
}

/// A contract was recorded; as it is now.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContractEvent {
    kind: ContractEventKind,
    #[schema(value_type = uuid::Uuid)]
    deal: DealId,
    /// When it was recorded.
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    #[schema(value_type = uuid::Uuid)]
    contract: ContractId,
    /// The company's own number for it.
    #[schema(max_length = 100)]
    number: Option<String>,
    amount: MoneyView,
    #[schema(value_type = Option<String>, format = Date)]
    signed_on: Option<Date>,
    #[schema(value_type = Option<String>, format = Date)]
    delivered_on: Option<Date>,
    #[schema(value_type = Option<String>, format = Date)]
    accepted_on: Option<Date>,
    #[schema(value_type = Option<String>, format = Date)]
    cancelled_on: Option<Date>,
}

/// A payment was recorded; as it is now.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaymentEvent {
    kind: PaymentEventKind,
    #[schema(value_type = uuid::Uuid)]
    deal: DealId,
    /// When it was recorded.
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    #[schema(value_type = uuid::Uuid)]
    contract: ContractId,
    #[schema(value_type = uuid::Uuid)]
    payment: PaymentId,
    amount: MoneyView,
    #[schema(value_type = String, format = Date)]
    paid_on: Date,
    #[schema(value_type = Option<String>, format = Date)]
    cancelled_on: Option<Date>,
}

/// Somebody wanted something that the rules refused.
#[derive(Debug, Serialize, ToSchema)]
pub struct RefusalEvent {
    kind: RefusalEventKind,
    #[schema(value_type = uuid::Uuid)]
    deal: DealId,
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    /// Such as `deals.move`.
    #[schema(max_length = 100)]
    action: String,
    /// What refused it; empty where it was not permitted, or the deal in no state for it.
    #[schema(max_items = 1000)]
    unmet: Vec<CheckedView>,
    /// Who wanted it; null = the product itself.
    #[schema(value_type = Option<uuid::Uuid>)]
    actor: Option<UserId>,
    /// The decision.
    #[schema(value_type = uuid::Uuid)]
    decision: DecisionId,
}

impl EventView {
    /// An event as its reader sees it.
    #[must_use]
    pub fn of(event: Event, languages: &[Language]) -> Self {
        let Event { at, deal, what, sight } = event;
        match what {
            What::Move(entry) => Self::Move(moved(at, deal, entry, &sight)),
            What::Assignment(entry) => Self::Assignment(assigned(at, deal, &entry)),
            What::Activity(activity) => Self::Activity(ActivityEvent {
                kind: ActivityEventKind::Activity,
                deal,
                at,
                activity: ActivityView::of(activity, &sight),
            }),
            What::Grade(entry) => Self::Grade(graded(at, deal, entry, &sight)),
            What::Contract(contract) => Self::Contract(of_contract(at, deal, contract)),
            What::Payment(payment) => Self::Payment(of_payment(at, deal, &payment)),
            What::Refusal(entry) => Self::Refusal(refused(at, deal, entry, &sight, languages)),
        }
    }
}

fn moved(at: Time, deal: DealId, entry: HistoryEntry, sight: &Sight) -> MoveEvent {
    let (had, line) = (Had::by(&entry, sight), entry.line);
    MoveEvent {
        kind: MoveEventKind::Move,
        deal,
        at,
        direction: line.kind.word(),
        funnel: line.funnel,
        from: line.from,
        to: line.to,
        grade: had.grade,
        new_grade: had.new_grade,
        product: had.product,
        new_product: had.new_product,
        reason: had.reason,
        new_reason: had.new_reason,
        unknown: had.unknown,
        actor: entry.actor,
        decision: entry.decision,
    }
}

fn assigned(at: Time, deal: DealId, entry: &HistoryEntry) -> AssignmentEvent {
    let line = &entry.line;
    AssignmentEvent {
        kind: AssignmentEventKind::Assignment,
        deal,
        at,
        owner: line.owner,
        team: line.team,
        new_owner: line.new_owner,
        new_team: line.new_team,
        actor: entry.actor,
        decision: entry.decision,
    }
}

fn graded(at: Time, deal: DealId, entry: LogEntry, sight: &Sight) -> GradeEvent {
    let path = Name { entity: Entity::Deal, name: Key::new("grade") };
    let kept = serde_json::from_value::<Kept<DealAnswer>>(entry.answer).ok();
    let grade = kept.and_then(|kept| kept.answer.deal.grade).filter(|_| sight.of(&path) == FieldSight::Open);
    GradeEvent { kind: GradeEventKind::Grade, deal, at, grade, actor: user(entry.actor), decision: entry.id }
}

fn of_contract(at: Time, deal: DealId, contract: Contract) -> ContractEvent {
    ContractEvent {
        kind: ContractEventKind::Contract,
        deal,
        at,
        contract: contract.id,
        number: contract.number,
        amount: contract.amount.into(),
        signed_on: contract.signed_on,
        delivered_on: contract.delivered_on,
        accepted_on: contract.accepted_on,
        cancelled_on: contract.cancelled_on,
    }
}

fn of_payment(at: Time, deal: DealId, payment: &Payment) -> PaymentEvent {
    PaymentEvent {
        kind: PaymentEventKind::Payment,
        deal,
        at,
        contract: payment.contract,
        payment: payment.id,
        amount: payment.amount.into(),
        paid_on: payment.paid_on,
        cancelled_on: payment.cancelled_on,
    }
}

fn refused(at: Time, deal: DealId, entry: LogEntry, sight: &Sight, languages: &[Language]) -> RefusalEvent {
    let refusing: Vec<_> = entry.criteria.into_iter().filter(|checked| checked.refuses()).collect();
    RefusalEvent {
        kind: RefusalEventKind::Refusal,
        deal,
        at,
        action: entry.action,
        unmet: checked(&refusing, sight, languages),
        actor: user(entry.actor),
        decision: entry.id,
    }
}

fn user(who: Who) -> Option<UserId> {
    match who {
        Who::User(user) => Some(user),
        Who::System => None,
    }
}
