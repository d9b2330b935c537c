//! The table of keys, of scenarios.

use super::table::ROLES;
use super::{Key, Kind, Shape};

const VALUES: Kind = Kind::MapOf(&Kind::Value);

pub static SCENARIO: Shape = Shape {
    name: "scenario",
    rest: None,
    keys: &[
        Key::required("name", Kind::Label, "name: nobody is contacted who was not reached"),
        Key::new("now", Kind::LocalTime, "now: 2026-03-02 10:00"),
        Key::new("people", Kind::MapOf(&Kind::Shape(&PERSON)), "people: {li: {role: seller, team: south}}"),
        Key::new(
            "given",
            Kind::Either(&[Kind::Shape(&GIVEN), Kind::ListOf(&Kind::Shape(&GIVEN))]),
            "given: {stage: graded, customer: {size: large}}",
        ),
        Key::new("do", Kind::Shape(&ACT), "do: {move: contacted, by: seller}"),
        Key::new("expect", EXPECTED, "expect: {refused: [reached]}"),
        Key::new("steps", Kind::ListOf(&Kind::Shape(&STEP)), "steps: [{do: {move: lead, by: li}, expect: allowed}]"),
    ],
};

const EXPECTED: Kind = Kind::Either(&[Kind::Word(&["allowed"]), Kind::Shape(&EXPECT)]);

pub static PERSON: Shape = Shape {
    name: "person",
    rest: None,
    keys: &[
        Key::required("role", Kind::Either(&[Kind::Ref("role"), ROLES]), "role: seller"),
        Key::new("team", Kind::Id, "team: south"),
        Key::new("active", Kind::Bool, "active: false"),
        Key::new("fields", VALUES, "fields: {branch: north}"),
    ],
};

pub static GIVEN: Shape = Shape {
    name: "given",
    rest: None,
    keys: &[
        Key::new("deal", Kind::Id, "deal: d1"),
        Key::new("funnel", Kind::Ref("funnel"), "funnel: standard"),
        Key::required("stage", Kind::Ref("stage"), "stage: contacted"),
        Key::new("owner", Kind::Either(&[Kind::Ref("person"), Kind::Word(&["none"])]), "owner: li"),
        Key::new("team", Kind::Id, "team: south"),
        Key::new("customer", VALUES, "customer: {size: large}"),
        Key::new("contacts", Kind::ListOf(&Kind::Text), "contacts: [Wang, Zhao]"),
        Key::new("fields", VALUES, "fields: {sales_target: 50000}"),
        Key::new("grade", Kind::Ref("grade"), "grade: A"),
        Key::new("product", Kind::Ref("product"), "product: website"),
        Key::new("origin", Kind::Word(&["supplied", "discovered"]), "origin: discovered"),
        Key::new("reason", Kind::Ref("reason"), "reason: refused"),
        Key::new("lost_from", Kind::Ref("stage"), "lost_from: lead"),
        Key::new("ago", Kind::Span, "ago: 3wd"),
        Key::new("dwelt", Kind::MapOf(&Kind::Span), "dwelt: {resource: 1wd, graded: 2wd}"),
        Key::new(
            "activities",
            Kind::ListOf(&Kind::Shape(&GIVEN_ACTIVITY)),
            "activities: [{kind: call, outcome: reached, ago: 1wd}]",
        ),
        Key::new(
            "contracts",
            Kind::ListOf(&Kind::Shape(&GIVEN_CONTRACT)),
            "contracts: [{amount: 50000, signed: true, paid: 20000}]",
        ),
    ],
};

pub static GIVEN_ACTIVITY: Shape = Shape {
    name: "given_activity",
    rest: None,
    keys: &[
        Key::required("kind", Kind::Ref("activity"), "kind: call"),
        Key::new("outcome", Kind::Ref("outcome"), "outcome: reached"),
        Key::new("method", Kind::Ref("method"), "method: phone_direct"),
        Key::new("ago", Kind::Span, "ago: 1wd"),
        Key::new("contact", Kind::Text, "contact: Wang"),
        Key::new("by", Kind::Ref("person"), "by: li"),
    ],
};

pub static GIVEN_CONTRACT: Shape = Shape {
    name: "given_contract",
    rest: None,
    keys: &[
        Key::required("amount", Kind::Money, "amount: 50000"),
        Key::new("signed", Kind::Bool, "signed: true"),
        Key::new("delivered", Kind::Bool, "delivered: true"),
        Key::new("accepted", Kind::Bool, "accepted: true"),
        Key::new("paid", Kind::Money, "paid: 20000"),
    ],
};

pub static STEP: Shape = Shape {
    name: "step",
    rest: None,
    keys: &[
        Key::new("after", Kind::Span, "after: 2wd"),
        Key::new("do", Kind::Shape(&ACT), "do: {log: call, outcome: reached, by: li}"),
        Key::new("expect", EXPECTED, "expect: {d1: {stage: lead, owner: li}}"),
        Key::later("run"),
    ],
};

/// The keys of which an act has exactly one.
pub const DEEDS: [&str; 7] = ["move", "create", "grade", "assign", "release", "log", "write"];

pub static ACT: Shape = Shape {
    name: "act",
    rest: None,
    keys: &[
        Key::new("move", Kind::Ref("stage"), "move: contacted"),
        Key::new("create", Kind::Id, "create: d2"),
        Key::new("grade", Kind::Either(&[Kind::Ref("grade"), Kind::Word(&["computed"])]), "grade: computed"),
        Key::new("assign", Kind::Ref("person"), "assign: wang"),
        Key::new("release", Kind::Ref("deal"), "release: d1"),
        Key::new("log", Kind::Ref("activity"), "log: call"),
        Key::new("write", Kind::MapOf(&Kind::Value), "write: {deal.question: how much is it}"),
        Key::later("claim"),
        Key::later("approve"),
        Key::required("by", Kind::Either(&[Kind::Ref("person"), Kind::Ref("role")]), "by: seller"),
        Key::new("deal", Kind::Ref("deal"), "deal: d1"),
        Key::new("reason", Kind::Ref("reason"), "reason: refused"),
        Key::new("note", Kind::Text, "note: asked for another offer"),
        Key::new("funnel", Kind::Ref("funnel"), "funnel: standard"),
        Key::new("stage", Kind::Ref("stage"), "stage: lead"),
        Key::new("customer", VALUES, "customer: {name: Acme}"),
        Key::new("fields", VALUES, "fields: {sales_target: 50000}"),
        Key::new("product", Kind::Ref("product"), "product: website"),
        Key::new("owner", Kind::Either(&[Kind::Ref("person"), Kind::Word(&["none"])]), "owner: none"),
        Key::new("outcome", Kind::Ref("outcome"), "outcome: reached"),
        Key::new("method", Kind::Ref("method"), "method: phone_direct"),
        Key::new("contact", Kind::Text, "contact: Wang"),
    ],
};

pub static EXPECT: Shape = Shape {
    name: "expect",
    rest: Some(&Kind::Shape(&EXPECTED_DEAL)),
    keys: &[
        Key::new("refused", Kind::ListOf(&Kind::Ref("criterion")), "refused: [reached]"),
        Key::new("warned", Kind::ListOf(&Kind::Ref("criterion")), "warned: [material]"),
        Key::later("told"),
    ],
};

pub static EXPECTED_DEAL: Shape = Shape {
    name: "expected_deal",
    rest: None,
    keys: &[
        Key::new("stage", Kind::Ref("stage"), "stage: lead"),
        Key::new("owner", Kind::Either(&[Kind::Ref("person"), Kind::Word(&["none"])]), "owner: none"),
        Key::new("grade", Kind::Ref("grade"), "grade: A"),
    ],
};
