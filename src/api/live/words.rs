//! The ids of the rules as types, and where they stand in what is asked and answered. What is kept of the past (history,
//! decisions, refusals) may name what is no more, and stays a text.

use super::scaffold::{Making, one_of, pascal, refer, reference, require, union};
use crate::rules::expression::{Entity, Path};
use crate::rules::model::{Action, Funnel, MoveFrom, MoveTo, Rules};
use crate::texts::Message;
use crate::values::{Key, Language, Localized};
use serde_json::{Map, Value as Json, json};

/// Where ids stand: schema, property, type.
const ANSWERED: [(&str, &str, &str); 27] = [
    ("Activity", "kind", "ActivityId"),
    ("Activity", "method", "MethodId"),
    ("Activity", "outcome", "OutcomeId"),
    ("ActivityKind", "id", "ActivityId"),
    ("Deal", "funnel", "FunnelId"),
    ("Deal", "stage", "StageId"),
    ("Deal", "product", "ProductId"),
    ("Deal", "grade", "GradeId"),
    ("Deal", "grade_now", "GradeId"),
    ("Deal", "reason", "ReasonId"),
    ("Funnel", "id", "FunnelId"),
    ("FunnelReport", "funnel", "FunnelId"),
    ("Grade", "computed", "GradeId"),
    ("Grade", "grade", "GradeId"),
    ("GradeStep", "grade", "GradeId"),
    ("Method", "id", "MethodId"),
    ("Move", "from", "StageId"),
    ("Move", "id", "MoveId"),
    ("Move", "to", "StageId"),
    ("MoveOption", "id", "MoveId"),
    ("MoveOption", "to", "StageId"),
    ("Moves", "stage", "StageId"),
    ("Stage", "id", "StageId"),
    ("DealPatchBody", "product", "ProductId"),
    ("GradeBody", "grade", "GradeId"),
    ("NewDealBody", "product", "ProductToChoose"),
    ("NewDealBody", "funnel", "FunnelId"),
];

/// Lists of ids.
const LISTED: [(&str, &str, &str); 4] = [
    ("Move", "by", "RoleId"),
    ("NewUserBody", "roles", "RoleId"),
    ("User", "roles", "RoleId"),
    ("UserPatchBody", "roles", "RoleId"),
];

/// Parameters: path, name, type.
const ASKED: [(&str, &str, &str); 7] = [
    ("/v1/deals", "funnel", "FunnelId"),
    ("/v1/deals", "stage", "StageId"),
    ("/v1/deals", "product", "ProductId"),
    ("/v1/deals", "grade", "GradeId"),
    ("/v1/reports/funnel", "funnel", "FunnelId"),
    ("/v1/reports/funnel", "product", "ProductId"),
    ("/v1/reports/funnel", "grade", "GradeId"),
];

/// What is answered about a deal under a draft names what the draft says: its schemas stay apart, with texts.
pub fn draft_apart(making: &mut Making<'_>) {
    let path = "/v1/rules/drafts/{id}/deals/{deal}/moves";
    let (Some(moves), Some(option)) = (making.schema("Moves").cloned(), making.schema("MoveOption").cloned()) else {
        return;
    };
    let responses = making.operation_mut(path, "get").and_then(|operation| operation.get_mut("responses"));
    let Some(schema) = responses.and_then(|all| all.pointer_mut("/200/content/application~1json/schema")) else {
        return;
    };
    *schema = reference("DraftMoves");
    making.put("DraftMoves", moves);
    making.put("DraftMoveOption", option);
    if let Some(list) = making.property_mut("DraftMoves", "moves") {
        list.insert("items".into(), reference("DraftMoveOption"));
    }
}

/// Names the ids, and refers to the names wherever such an id stands.
pub fn name(making: &mut Making<'_>) {
    let rules = making.rules();
    for (name, about, ids) in kinds(rules) {
        let ids = ids.into_iter().map(|(id, label)| (id, making.label(&label)));
        if let Some(schema) = one_of(&making.say(&Message::new(about)), ids) {
            making.put(name, schema);
        }
    }
    let exists = |making: &Making<'_>, name: &'static str| making.schema(name).map(|_| name);
    for (schema, property, name) in ANSWERED {
        let name = exists(making, name);
        match (making.property_mut(schema, property), name) {
            (Some(place), Some(name)) => refer(place, Some(name)),
            (Some(_), None) if schema.ends_with("Body") => making.remove_property(schema, property),
            (Some(place), None) => refer(place, None),
            (None, _) => {}
        }
    }
    for (schema, property, name) in LISTED {
        if exists(making, name).is_some()
            && let Some(list) = making.property_mut(schema, property)
        {
            list.insert("items".into(), reference(name));
        }
    }
    for (path, parameter, name) in ASKED {
        let name = exists(making, name);
        let Some(Json::Array(list)) = making.operation_mut(path, "get").and_then(|one| one.get_mut("parameters"))
        else {
            continue;
        };
        match name {
            Some(name) => {
                let own = list.iter_mut().filter(|one| one.get("name") == Some(&json!(parameter)));
                own.filter_map(Json::as_object_mut).for_each(|one| drop(one.insert("schema".into(), reference(name))));
            }
            None => list.retain(|one| one.get("name") != Some(&json!(parameter))),
        }
    }
    built_in(making);
    by_funnel(making);
}

type Ids<'a> = Vec<(&'a Key, Localized)>;

/// Every kind of id: the name of its type, the sentence about it, the ids with their labels.
fn kinds(rules: &Rules) -> Vec<(&'static str, &'static str, Ids<'_>)> {
    let stages = || rules.funnels.values().flat_map(|funnel| &funnel.stages);
    let moves = rules.funnels.values().flat_map(|funnel| &funnel.moves);
    let outcomes = rules.activities.values().flat_map(|kind| kind.outcomes.values());
    let english = Language::new("en");
    let first = rules.languages.first().unwrap_or(&english);
    let products = |all: bool| {
        let chosen = rules.products.values().filter(move |one| all || !one.retired);
        chosen.map(|one| (&one.id, one.label.clone())).collect()
    };
    vec![
        ("FunnelId", "document_funnel", rules.funnels.values().map(|one| (&one.id, one.label.clone())).collect()),
        ("StageId", "document_stage", stages().map(|one| (&one.id, one.label.clone())).collect()),
        ("GradeId", "document_grade", rules.grades.iter().map(|one| (&one.id, one.label.clone())).collect()),
        ("ProductId", "document_product", products(true)),
        ("ProductToChoose", "document_product", products(false)),
        (
            "ReasonId",
            "document_reason",
            stages().flat_map(|stage| stage.reasons.values()).map(|one| (&one.id, one.label.clone())).collect(),
        ),
        ("RoleId", "document_role", rules.roles.values().map(|one| (&one.id, one.label.clone())).collect()),
        (
            "ActivityId",
            "document_activity",
            rules.activities.values().map(|one| (&one.id, one.label.clone())).collect(),
        ),
        ("OutcomeId", "document_outcome", outcomes.map(|one| (&one.id, one.label.clone())).collect()),
        ("MethodId", "document_method", rules.methods.values().map(|one| (&one.id, one.label.clone())).collect()),
        ("MoveId", "document_move", moves.map(|one| (&one.id, Localized::from_id(first, &one.id))).collect()),
    ]
}

/// Product and grade, which grants may close as they close fields.
fn built_in(making: &mut Making<'_>) {
    let path = |name: &str| Path { entity: Entity::Deal, name: Key::new(name) };
    let seen = |making: &Making<'_>, name: &str| making.outlook.of_deal(&path(name)).is_seen();
    let writes = |making: &Making<'_>, action| making.outlook.writes(action, &path("product"));
    let all = [("product", &["product", "new_product"][..]), ("grade", &["grade", "grade_now", "new_grade"])];
    for (name, properties) in all {
        if !seen(making, name) {
            for schema in ["Deal", "HistoryLine", "MoveEvent"] {
                properties.iter().for_each(|property| making.remove_property(schema, property));
            }
            if let Some(Json::Array(list)) =
                making.operation_mut("/v1/deals", "get").and_then(|one| one.get_mut("parameters"))
            {
                list.retain(|one| one.get("name") != Some(&json!(name)));
            }
        }
    }
    for (body, action) in [("NewDealBody", Action::DealsCreate), ("DealPatchBody", Action::DealsWrite)] {
        if !writes(making, action) {
            making.remove_property(body, "product");
        }
    }
    let never = [
        ("product", !writes(making, Action::DealsCreate) && !writes(making, Action::DealsWrite)),
        ("grade", !making.outlook.may(Action::DealsGrade)),
    ];
    for (property, _) in never.into_iter().filter(|(_, never)| *never) {
        if let Some(place) = making.property_mut("Deal", property) {
            place.insert("readOnly".into(), json!(true));
        }
    }
}

/// Deals by their funnel: where there are several, each kind of deal has the stages of its own.
fn by_funnel(making: &mut Making<'_>) {
    let funnels: Vec<&Funnel> = making.rules().funnels.values().collect();
    if let ([only], true) = (funnels.as_slice(), making.has("/v1/deals", "post")) {
        let stages = begun_in(making, only);
        if let Some(place) = making.property_mut("NewDealBody", "stage") {
            nullable_one_of(place, &stages);
        }
    }
    if funnels.len() < 2 {
        return;
    }
    if let Some(deal) = making.schema("Deal").cloned() {
        let kinds = funnels.iter().map(|funnel| {
            let stages = funnel.stages.iter().map(|stage| (&stage.id, making.label(&stage.label)));
            let about = Message::new("document_stage_of").with("funnel", funnel.label.clone());
            let stages = one_of(&making.say(&about), stages).unwrap_or_default();
            let stages = making.add(&format!("{}StageId", pascal(&funnel.id)), stages);
            let mut one = deal.clone();
            set(&mut one, "funnel", json!({"type": "string", "enum": [funnel.id]}));
            set(&mut one, "stage", reference(&stages));
            if let Json::Object(one) = &mut one {
                let about = Message::new("document_deal_in").with("funnel", funnel.label.clone());
                one.insert("description".into(), json!(making.say(&about)));
            }
            (&funnel.id, making.add(&format!("{}Deal", pascal(&funnel.id)), one))
        });
        let kinds: Vec<_> = kinds.collect();
        let about = deal.get("description").cloned().unwrap_or_default();
        making.put("Deal", union("funnel", &about, &kinds));
    }
    if let (Some(body), true) = (making.schema("NewDealBody").cloned(), making.has("/v1/deals", "post")) {
        let mut kinds = Vec::new();
        for funnel in funnels {
            let stages = begun_in(making, funnel);
            if stages.is_empty() {
                continue;
            }
            let mut one = body.clone();
            set(&mut one, "funnel", json!({"type": "string", "enum": [funnel.id]}));
            let mut stage = Map::new();
            nullable_one_of(&mut stage, &stages);
            set(&mut one, "stage", Json::Object(stage));
            if let Json::Object(one) = &mut one {
                require(one, "funnel");
                let about = Message::new("document_new_deal_in").with("funnel", funnel.label.clone());
                one.insert("description".into(), json!(making.say(&about)));
            }
            kinds.push((&funnel.id, making.add(&format!("New{}DealBody", pascal(&funnel.id)), one)));
        }
        let about = body.get("description").cloned().unwrap_or_default();
        making.put("NewDealBody", union("funnel", &about, &kinds));
    }
}

/// The stages in which the roles may begin a deal.
pub fn begun_in<'a>(making: &Making<'a>, funnel: &'a Funnel) -> Vec<&'a Key> {
    let ways = funnel.moves.iter().filter(|one| one.from == MoveFrom::Creation && making.outlook.is_for(&one.by));
    let stages = ways.filter_map(|one| match &one.to {
        MoveTo::Stage(to) => funnel.stage(to).filter(|stage| !stage.retired),
        MoveTo::Origin => None,
    });
    stages.map(|stage| &stage.id).collect()
}

fn nullable_one_of(property: &mut Map<String, Json>, ids: &[&Key]) {
    for key in ["$ref", "oneOf"] {
        property.shift_remove(key);
    }
    let all: Vec<Json> = ids.iter().map(|id| json!(id)).chain([Json::Null]).collect();
    property.insert("type".into(), json!(["string", "null"]));
    property.insert("enum".into(), json!(all));
}

fn set(schema: &mut Json, property: &str, value: Json) {
    if let Some(Json::Object(properties)) = schema.get_mut("properties") {
        properties.insert(property.to_owned(), value);
    }
}
