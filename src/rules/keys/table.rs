//! The table of keys. The order is the order of the reference.

pub use super::scenes::*;
use super::{Key, Kind, Shape};

const MANY: u32 = 1_000_000;

const TEXTS: Kind = Kind::ListOf(&Kind::Label);
pub(super) const ROLES: Kind = Kind::ListOf(&Kind::Ref("role"));
const NAMES: Kind = Kind::ListOf(&Kind::Name);
/// A list of ids, or a mapping of ids to labels.
const CHOICES: Kind =
    Kind::Either(&[Kind::ListOf(&Kind::Id), Kind::MapOf(&Kind::Either(&[Kind::Shape(&CHOICE), Kind::Label]))]);
const FIELDS_OF: Kind = Kind::MapOf(&Kind::Shape(&FIELD));
const ENTER: Kind = Kind::ListOf(&Kind::Either(&[Kind::Ref("criterion"), Kind::Shape(&CRITERION)]));

/// What a thing becomes, under the ids that lead to it.
const BY_ONE: Kind = Kind::MapOf(&Kind::Text);
const BY_TWO: Kind = Kind::MapOf(&BY_ONE);
const BY_THREE: Kind = Kind::MapOf(&BY_TWO);

/// The whole file.
pub static FILE: Shape = Shape {
    name: "file",
    rest: None,
    keys: &[
        Key::required("format", Kind::Whole { from: 1, to: 1 }, "format: 1"),
        Key::required("languages", Kind::ListOf(&Kind::Language), "languages: [zh, en]"),
        Key::required("currency", Kind::Currency, "currency: CNY"),
        Key::new("country", Kind::Country, "country: CN"),
        Key::required("calendar", Kind::Shape(&CALENDAR), "calendar: {time_zone: Asia/Shanghai}"),
        Key::new("fields", Kind::Shape(&FIELDS), "fields: {customer: {name: {type: text, required: true}}}"),
        Key::new("unique", Kind::ListOf(&NAMES), "unique: [[customer.phone], [customer.name, customer.city]]"),
        Key::new(
            "validations",
            Kind::ListOf(&Kind::Shape(&VALIDATION)),
            "validations: [{id: ahead, require: 'deal.visit_on >= today'}]",
        ),
        Key::new("products", CHOICES, "products: {website: {label: Website}}"),
        Key::new(
            "activities",
            Kind::MapOf(&Kind::Shape(&ACTIVITY)),
            "activities: {call: {outcomes: [reached, no_answer]}}",
        ),
        Key::new(
            "methods",
            Kind::MapOf(&Kind::Shape(&METHOD)),
            "methods: {prototype: {steps: [Simple, Personalised]}}",
        ),
        Key::new(
            "criteria",
            Kind::MapOf(&Kind::Shape(&CRITERION)),
            "criteria: {reached: {activity: call, outcome: reached}}",
        ),
        Key::new("grades", Kind::ListOf(&Kind::Shape(&GRADE)), "grades: [{id: A, when: 'deal.suitable'}, {id: C}]"),
        Key::required(
            "funnels",
            Kind::MapOf(&Kind::Shape(&FUNNEL)),
            "funnels: {standard: {stages: [{id: resource, kind: start}, {id: won, kind: won}]}}",
        ),
        Key::later("limits"),
        Key::later("handover"),
        Key::later("watches"),
        Key::later("scorecards"),
        Key::required("first_administrator", ROLES, "first_administrator: [rules_admin, people_admin]"),
        Key::required(
            "roles",
            Kind::MapOf(&Kind::Shape(&ROLE)),
            "roles: {seller: {may: [{do: [deals.read], scope: own}]}}",
        ),
        Key::new(
            "scenarios",
            Kind::ListOf(&Kind::Shape(&SCENARIO)),
            "scenarios: [{name: a deal moves on, given: {stage: resource}, do: {move: graded, by: seller}, expect: allowed}]",
        ),
        Key::new("activation", Kind::Shape(&ACTIVATION), "activation: {by_another: true}"),
        Key::new("migrate", Kind::Shape(&MIGRATE), "migrate: {stages: {standard: {lead: prospect}}}"),
    ],
};

pub static ACTIVATION: Shape =
    Shape { name: "activation", rest: None, keys: &[Key::new("by_another", Kind::Bool, "by_another: true")] };

pub static MIGRATE: Shape = Shape {
    name: "migrate",
    rest: None,
    keys: &[
        Key::new("stages", BY_TWO, "stages: {standard: {lead: prospect}}"),
        Key::new("reasons", BY_THREE, "reasons: {standard: {abandoned: {silent: no_answer}}}"),
        Key::new("roles", BY_ONE, "roles: {trainee: seller}"),
        Key::new("grades", BY_ONE, "grades: {D: C}"),
        Key::new("products", BY_ONE, "products: {site: website}"),
        Key::new("fields", BY_TWO, "fields: {deal: {volume: sales_target}}"),
        Key::new("choices", BY_THREE, "choices: {customer: {size: {huge: large}}}"),
        Key::new("activities", BY_ONE, "activities: {phone: call}"),
        Key::new("outcomes", BY_TWO, "outcomes: {call: {talked: reached}}"),
        Key::new("methods", BY_ONE, "methods: {demo: prototype}"),
        Key::new("again", Kind::ListOf(&Kind::Text), "again: [roles.trainee]"),
    ],
};

pub static CALENDAR: Shape = Shape {
    name: "calendar",
    rest: None,
    keys: &[
        Key::required("time_zone", Kind::TimeZone, "time_zone: Asia/Shanghai"),
        Key::new("workdays", Kind::ListOf(&Kind::Word(&WEEKDAYS)), "workdays: [mon, tue, wed, thu, fri]"),
        Key::new("hours", Kind::Hours, "hours: 09:00-18:00"),
        Key::new("holidays", Kind::ListOf(&Kind::DateRange), "holidays: [2026-10-01..2026-10-07]"),
        Key::new("extra_workdays", Kind::ListOf(&Kind::DateRange), "extra_workdays: [2026-10-10]"),
    ],
};

pub const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

pub static FIELDS: Shape = Shape {
    name: "fields",
    rest: None,
    keys: &[
        Key::new("customer", FIELDS_OF, "customer: {phone: {type: phone, personal: true}}"),
        Key::new("deal", FIELDS_OF, "deal: {sales_target: {type: money, value: true}}"),
        Key::new("user", FIELDS_OF, "user: {branch: {type: choice, of: [north, south]}}"),
    ],
};

pub const FIELD_TYPES: [&str; 12] =
    ["text", "choice", "choices", "number", "money", "date", "time", "bool", "phone", "email", "url", "user"];

pub static FIELD: Shape = Shape {
    name: "field",
    rest: None,
    keys: &[
        Key::required("type", Kind::Word(&FIELD_TYPES), "type: choice"),
        Key::new("label", Kind::Label, "label: {zh: 销售目标, en: Sales target}"),
        Key::new("of", CHOICES, "of: [large, ordinary, unknown]"),
        Key::new("pattern", Kind::Pattern, "pattern: '[0-9]{6}'"),
        Key::new("max", Kind::Whole { from: 1, to: 10_000 }, "max: 200"),
        Key::new("currency", Kind::Currency, "currency: USD"),
        Key::new("required", Kind::Bool, "required: true"),
        Key::new("personal", Kind::Bool, "personal: true"),
        Key::new("index", Kind::Bool, "index: true"),
        Key::new("value", Kind::Bool, "value: true"),
        Key::new("retired", Kind::Bool, "retired: true"),
    ],
};

pub static CHOICE: Shape = Shape {
    name: "choice",
    rest: None,
    keys: &[
        Key::new("label", Kind::Label, "label: {zh: 网站, en: Website}"),
        Key::new("retired", Kind::Bool, "retired: true"),
    ],
};

pub static VALIDATION: Shape = Shape {
    name: "validation",
    rest: None,
    keys: &[
        Key::required("id", Kind::Id, "id: visit_ahead"),
        Key::required("require", Kind::Expression, "require: 'deal.visit_on >= today'"),
        Key::new("when", Kind::Expression, "when: 'deal.stage == \"intent\"'"),
        Key::new("mode", Kind::Word(&MODES), "mode: warn"),
        Key::new("enforce_from", Kind::Date, "enforce_from: 2027-03-01"),
        Key::new("message", Kind::Label, "message: the visit must lie ahead"),
    ],
};

pub const MODES: [&str; 3] = ["enforce", "warn", "audit"];

pub static ACTIVITY: Shape = Shape {
    name: "activity",
    rest: None,
    keys: &[
        Key::new("label", Kind::Label, "label: {zh: 电话, en: Call}"),
        Key::new("outcomes", CHOICES, "outcomes: [reached, no_answer]"),
        Key::new("retired", Kind::Bool, "retired: true"),
    ],
};

pub static METHOD: Shape = Shape {
    name: "method",
    rest: None,
    keys: &[
        Key::new("label", Kind::Label, "label: {zh: 原型法, en: Prototype method}"),
        Key::new("steps", TEXTS, "steps: [Simple prototype, Personalised prototype]"),
        Key::new("retired", Kind::Bool, "retired: true"),
    ],
};

pub static GRADE: Shape = Shape {
    name: "grade",
    rest: None,
    keys: &[
        Key::required("id", Kind::Id, "id: A"),
        Key::new("when", Kind::Expression, "when: 'customer.size == \"large\"'"),
        Key::new("label", Kind::Label, "label: Best customers"),
    ],
};

pub static FUNNEL: Shape = Shape {
    name: "funnel",
    rest: None,
    keys: &[
        Key::new("label", Kind::Label, "label: {zh: 标准漏斗, en: Standard funnel}"),
        Key::new("intake", Kind::Shape(&INTAKE), "intake: {per_workday: 3}"),
        Key::new("like", Kind::Ref("funnel"), "like: standard"),
        Key::new("without", Kind::ListOf(&Kind::Ref("stage")), "without: [contacted]"),
        Key::new(
            "stages",
            Kind::ListOf(&Kind::Shape(&STAGE)),
            "stages: [{id: resource, kind: start}, {id: implemented, kind: won}]",
        ),
        Key::new(
            "moves",
            Kind::ListOf(&Kind::Either(&[Kind::Word(&["forward"]), Kind::Shape(&MOVE)])),
            "moves: [forward, {from: any_open, to: abandoned}]",
        ),
        Key::later("deadlines"),
        Key::later("pool"),
    ],
};

pub static INTAKE: Shape =
    Shape { name: "intake", rest: None, keys: &[Key::required("per_workday", Kind::Number, "per_workday: 3")] };

pub const STAGE_KINDS: [&str; 4] = ["start", "open", "won", "lost"];

pub static STAGE: Shape = Shape {
    name: "stage",
    rest: None,
    keys: &[
        Key::required("id", Kind::Id, "id: contacted"),
        Key::new("kind", Kind::Word(&STAGE_KINDS), "kind: start"),
        Key::new("label", Kind::Label, "label: {zh: 已接触客户, en: Contacted}"),
        Key::new("state", Kind::Label, "state: understood by phone, first recommendation made"),
        Key::new("standards", TEXTS, "standards: [call back within a day]"),
        Key::new("dwell", Kind::Figure(&Kind::Workdays), "dwell: 5wd"),
        Key::new("rate", Kind::Figure(&Kind::Share), "rate: 50%"),
        Key::new("holding", Kind::Shape(&HOLDING), "holding: {ideal: 13, warn: 16, at_most: 20}"),
        Key::new("methods", Kind::ListOf(&Kind::Ref("method")), "methods: [send_material]"),
        Key::new("enter", ENTER, "enter: [{has: [customer.phone]}, {activity: call, outcome: reached}]"),
        Key::new("reasons", Kind::ListOf(&Kind::Shape(&REASON)), "reasons: [{id: refused, cooling: 120wd}]"),
        Key::new("retired", Kind::Bool, "retired: true"),
    ],
};

pub static HOLDING: Shape = Shape {
    name: "holding",
    rest: None,
    keys: &[
        Key::new("ideal", Kind::Figure(&Kind::Number), "ideal: 13"),
        Key::new("warn", Kind::Figure(&Kind::Whole { from: 1, to: MANY }), "warn: 16"),
        Key::new("at_most", Kind::Figure(&Kind::Whole { from: 1, to: MANY }), "at_most: 20"),
    ],
};

pub static CASE: Shape = Shape {
    name: "case",
    rest: None,
    keys: &[
        Key::new("when", Kind::Expression, "when: 'deal.grade == \"A\"'"),
        Key::required("is", Kind::Value, "is: 8wd"),
    ],
};

pub static REASON: Shape = Shape {
    name: "reason",
    rest: None,
    keys: &[
        Key::required("id", Kind::Id, "id: refused"),
        Key::new("label", Kind::Label, "label: {zh: 明确拒绝, en: Clearly refused}"),
        Key::new("cooling", Kind::Span, "cooling: 120wd"),
        Key::new("retired", Kind::Bool, "retired: true"),
    ],
};

/// The keys of which a criterion has exactly one.
pub const CRITERION_KINDS: [&str; 5] = ["has", "require", "activity", "dwelt", "contract"];
pub const CONTRACT_STATES: [&str; 4] = ["signed", "delivered", "paid", "accepted"];

pub static CRITERION: Shape = Shape {
    name: "criterion",
    rest: None,
    keys: &[
        Key::new("id", Kind::Id, "id: reached"),
        Key::new("has", NAMES, "has: [customer.phone, deal.grade]"),
        Key::new("require", Kind::Expression, "require: 'deal.suitable'"),
        Key::new("activity", Kind::Ref("activity"), "activity: call"),
        Key::new("outcome", Kind::Ref("outcome"), "outcome: reached"),
        Key::new("dwelt", Kind::Ref("stage"), "dwelt: contacted"),
        Key::new("at_least", Kind::Either(&[Kind::Whole { from: 1, to: 1000 }, Kind::Span]), "at_least: 3"),
        Key::new("within", Kind::Span, "within: 20wd"),
        Key::new("different", Kind::Word(&["people", "days"]), "different: people"),
        Key::new("contract", Kind::Word(&CONTRACT_STATES), "contract: paid"),
        Key::later("approval"),
        Key::new("when", Kind::Expression, "when: 'deal.product == \"website\"'"),
        Key::new("mode", Kind::Word(&MODES), "mode: warn"),
        Key::new("enforce_from", Kind::Date, "enforce_from: 2027-03-01"),
        Key::new("message", Kind::Label, "message: {zh: 还没有电话接触, en: Nobody has reached them by phone}"),
    ],
};

pub static MOVE: Shape = Shape {
    name: "move",
    rest: None,
    keys: &[
        Key::new("id", Kind::Id, "id: step_back"),
        Key::required(
            "from",
            Kind::Either(&[Kind::Ref("stage"), Kind::ListOf(&Kind::Ref("stage")), Kind::Word(&FROM_WORDS)]),
            "from: any_open",
        ),
        Key::required("to", Kind::Either(&[Kind::Ref("stage"), Kind::Word(&TO_WORDS)]), "to: next"),
        Key::new("by", ROLES, "by: [manager, director]"),
        Key::new("reason", Kind::Word(&["required"]), "reason: required"),
        Key::new("when", Kind::Expression, "when: 'deal.grade != \"C\"'"),
        Key::new("enter", ENTER, "enter: [{has: [deal.question]}]"),
        Key::new("message", Kind::Label, "message: only a manager takes a deal back"),
    ],
};

pub const FROM_WORDS: [&str; 2] = ["creation", "any_open"];
pub const TO_WORDS: [&str; 5] = ["next", "later", "earlier", "origin", "any_open"];

pub static ROLE: Shape = Shape {
    name: "role",
    rest: None,
    keys: &[
        Key::new("label", Kind::Label, "label: {zh: 销售员, en: Seller}"),
        Key::new("may", Kind::ListOf(&Kind::Shape(&GRANT)), "may: [{do: [deals.read, deals.move], scope: own}]"),
        Key::new(
            "never",
            Kind::ListOf(&Kind::Shape(&NEVER)),
            "never: [{do: [deals.write], when: 'deal.state == \"won\"'}]",
        ),
    ],
};

pub const SCOPES: [&str; 3] = ["own", "team", "all"];

pub static GRANT: Shape = Shape {
    name: "grant",
    rest: None,
    keys: &[
        Key::required("do", Kind::ListOf(&Kind::Action), "do: [deals.read, deals.move]"),
        Key::required("scope", Kind::Word(&SCOPES), "scope: team"),
        Key::new("when", Kind::Expression, "when: 'deal.product == \"website\"'"),
        Key::new("hide", NAMES, "hide: [customer.phone]"),
        Key::new(
            "mask",
            Kind::MapOf(&Kind::Either(&[Kind::Word(&["domain", "year"]), Kind::Shape(&MASK)])),
            "mask: {customer.phone: {keep_last: 3}}",
        ),
        Key::new("read_only", NAMES, "read_only: [customer.source]"),
    ],
};

pub static MASK: Shape = Shape {
    name: "mask",
    rest: None,
    keys: &[
        Key::new("keep_first", Kind::Whole { from: 0, to: 100 }, "keep_first: 1"),
        Key::new("keep_last", Kind::Whole { from: 0, to: 100 }, "keep_last: 3"),
    ],
};

pub static NEVER: Shape = Shape {
    name: "never",
    rest: None,
    keys: &[
        Key::required("do", Kind::ListOf(&Kind::Action), "do: [deals.write]"),
        Key::new("when", Kind::Expression, "when: 'deal.state == \"won\"'"),
    ],
};
