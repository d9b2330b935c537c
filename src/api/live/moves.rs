//! A request for each move, and for each kind of activity.
//!
//! A move is asked for with the stage that it leads from and the one that it leads to: together they are one move of the
//! rules, so each is a type of its own, told apart by `to` and, where several lead there, by `from`.

use super::prune::remove_operation;
use super::scaffold::{Making, one_of, pascal, refer, remove, require, union};
use crate::rules::model::{
    Action, ActivityKind, CriterionKind, Direction, Funnel, Move, MoveFrom, MoveTo, Stage, StageKind,
};
use crate::texts::Message;
use crate::values::{Key, Localized};
use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

/// What one request asks: a move of the rules to one stage, in whatever funnels.
struct Request<'a> {
    id: &'a Key,
    from: Vec<&'a Key>,
    /// The reasons of which one must be given.
    reasons: IndexMap<&'a Key, &'a Localized>,
    /// Whether each of the moves demands a reason, a note.
    reason_required: bool,
    note_required: bool,
    label: &'a Localized,
    /// The fields that its criteria ask for.
    demands: Vec<String>,
}

/// Whether the roles may make any move that the rules know.
pub fn is_any(making: &Making<'_>) -> bool {
    making.outlook.may(Action::DealsMove)
        && making.rules().funnels.values().any(|funnel| !steps(making, funnel).is_empty())
}

/// The moves of a funnel that these roles may make, each with the stages that it leads from and to.
fn steps<'a>(making: &Making<'a>, funnel: &'a Funnel) -> Vec<(&'a Move, &'a Key, &'a Stage)> {
    let own = funnel.moves.iter().filter(|one| making.outlook.is_for(&one.by));
    own.flat_map(|one| {
        let MoveFrom::Stage(from) = &one.from else { return Vec::new() };
        let targets: Vec<&Stage> = match &one.to {
            MoveTo::Stage(to) => funnel.stage(to).into_iter().collect(),
            // Wherever it was lost from.
            MoveTo::Origin => {
                let open =
                    funnel.stages.iter().filter(|stage| matches!(stage.kind, StageKind::Start | StageKind::Open));
                open.collect()
            }
        };
        let leading = targets.into_iter().filter(|stage| !stage.retired && stage.id != *from);
        leading.map(|stage| (one, from, stage)).collect()
    })
    .collect()
}

/// Types what is asked of moves and activities.
pub fn type_all(making: &mut Making<'_>) {
    if making.has("/v1/deals/{id}/moves", "post") {
        type_moves(making);
    }
    if making.has("/v1/deals/{id}/activities", "post") {
        type_activities(making);
    }
    let begins = making.rules().funnels.values().any(|funnel| !super::words::begun_in(making, funnel).is_empty());
    if !begins {
        remove_operation(making, "/v1/deals", "post");
    }
}

fn type_moves(making: &mut Making<'_>) {
    let Some(Json::Object(body)) = making.schema("MoveBody").cloned() else { return };
    let about = body.get("description").cloned().unwrap_or_default();
    let mut by_target: IndexMap<&Key, Vec<Request<'_>>> = IndexMap::new();
    for funnel in making.rules().funnels.values() {
        for step in steps(making, funnel) {
            add(by_target.entry(&step.2.id).or_default(), funnel, step);
        }
    }
    let mut kinds: Vec<(&Key, String)> = Vec::new();
    for (to, requests) in by_target {
        let requests = told_apart(requests);
        let mut ways: Vec<(&Key, String)> = Vec::new();
        for request in &requests {
            let schema = schema(making, &body, to, request);
            let name = making.add(&format!("Move{}To{}", pascal(request.id), pascal(to)), schema);
            ways.extend(request.from.iter().map(|from| (*from, name.clone())));
        }
        let name = match requests.as_slice() {
            [_] => ways.first().map(|(_, name)| name.clone()).unwrap_or_default(),
            _ => {
                let label = requests.first().map(|request| making.label(request.label)).unwrap_or_default();
                let about = making.say(&Message::new("document_move_to_any").with("label", label));
                making.add(&format!("MoveTo{}", pascal(to)), union("from", &json!(about), &ways))
            }
        };
        kinds.push((to, name));
    }
    making.put("MoveBody", union("to", &about, &kinds));
}

fn add<'a>(requests: &mut Vec<Request<'a>>, funnel: &'a Funnel, (step, from, stage): (&'a Move, &'a Key, &'a Stage)) {
    let reasons: IndexMap<&Key, &Localized> =
        stage.reasons.values().filter(|reason| !reason.retired).map(|reason| (&reason.id, &reason.label)).collect();
    let reason_required = !reasons.is_empty();
    let demands = demands(funnel, step, from, stage);
    match requests.iter_mut().find(|request| *request.id == step.id) {
        Some(request) => {
            if !request.from.contains(&from) {
                request.from.push(from);
            }
            request.reasons.extend(reasons);
            request.reason_required &= reason_required;
            request.note_required &= step.reason_required;
            request.demands.extend(demands);
        }
        None => requests.push(Request {
            id: &step.id,
            from: vec![from],
            reasons,
            reason_required,
            note_required: step.reason_required,
            label: &stage.label,
            demands,
        }),
    }
}

/// Requests that no `from` is in twice: in two funnels the same pair may be two moves, of which one request must do for
/// both.
fn told_apart(requests: Vec<Request<'_>>) -> Vec<Request<'_>> {
    let mut apart: Vec<Request<'_>> = Vec::new();
    for request in requests {
        let same = |one: &&mut Request<'_>| one.from.iter().any(|from| request.from.contains(from));
        match apart.iter_mut().find(same) {
            Some(one) => {
                let more: Vec<&Key> = request.from.iter().copied().filter(|from| !one.from.contains(from)).collect();
                one.from.extend(more);
                one.reasons.extend(request.reasons);
                one.reason_required &= request.reason_required;
                one.note_required &= request.note_required;
                one.demands.extend(request.demands);
            }
            None => apart.push(request),
        }
    }
    apart
}

/// The fields that the criteria on the way ask for.
fn demands(funnel: &Funnel, step: &Move, from: &Key, stage: &Stage) -> Vec<String> {
    let (first, last) = (funnel.position(from), funnel.position(&stage.id));
    let passed = funnel.stages.iter().enumerate().filter(|(at, one)| match step.direction {
        Direction::Forward => {
            let open = matches!(one.kind, StageKind::Start | StageKind::Open) && !one.retired;
            Some(*at) == last || (open && first.is_some_and(|first| *at > first) && last.is_some_and(|last| *at < last))
        }
        Direction::Creation | Direction::Reopen | Direction::Lost => Some(*at) == last,
        Direction::Back => false,
    });
    let criteria = step.enter.iter().chain(passed.flat_map(|(_, stage)| &stage.enter));
    let paths = criteria.filter_map(|criterion| match &criterion.kind {
        CriterionKind::Has(paths) => Some(paths.iter().map(ToString::to_string)),
        _ => None,
    });
    paths.flatten().collect()
}

fn schema(making: &Making<'_>, body: &Map<String, Json>, to: &Key, request: &Request<'_>) -> Json {
    let mut schema = body.clone();
    let label = making.label(request.label);
    let message = Message::new("document_move_to").with("move", request.id.as_str()).with("label", label);
    let mut about = making.say(&message);
    let mut demands = request.demands.clone();
    demands.sort();
    demands.dedup();
    if !demands.is_empty() {
        let fields = demands.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        about = format!("{about} {}", making.say(&Message::new("document_move_demands").with("fields", fields)));
    }
    schema.insert("description".into(), json!(about));
    let reasons = one_of("", request.reasons.iter().map(|(id, label)| (*id, making.label(label))));
    if let Some(Json::Object(properties)) = schema.get_mut("properties") {
        let mut set = |name: &str, value: Json| {
            if let Some(Json::Object(property)) = properties.get_mut(name) {
                property.shift_remove("maxLength");
                property.extend(value.as_object().cloned().unwrap_or_default());
            }
        };
        set("from", json!({"type": "string", "enum": request.from}));
        set("to", json!({"type": "string", "enum": [to]}));
        if let Some(mut reasons) = reasons {
            if let (false, Some(Json::Array(all))) = (request.reason_required, reasons.get_mut("enum")) {
                all.push(Json::Null);
                set("reason", json!({"type": ["string", "null"]}));
            }
            let lines = reasons.get("description").and_then(Json::as_str).unwrap_or_default().trim().to_owned();
            let all = reasons.get("enum").cloned().unwrap_or_default();
            let kind = if request.reason_required { json!("string") } else { json!(["string", "null"]) };
            set("reason", json!({"type": kind, "enum": all, "description": lines}));
        }
        if request.note_required {
            set("note", json!({"type": "string", "minLength": 1, "maxLength": 4000}));
        } else {
            set("note", json!({"maxLength": 4000}));
        }
    }
    require(&mut schema, "from");
    require(&mut schema, "to");
    if request.reasons.is_empty() {
        remove(&mut schema, "reason");
    } else if request.reason_required {
        require(&mut schema, "reason");
    }
    if request.note_required {
        require(&mut schema, "note");
    }
    Json::Object(schema)
}

/// A request for each kind of activity, with the outcomes that it has.
fn type_activities(making: &mut Making<'_>) {
    let Some(Json::Object(body)) = making.schema("ActivityBody").cloned() else { return };
    let about = body.get("description").cloned().unwrap_or_default();
    let rules = making.rules();
    let methods = rules.methods.values().filter(|one| !one.retired).map(|one| (&one.id, making.label(&one.label)));
    let methods = one_of(&making.say(&Message::new("document_method")), methods);
    let methods = methods.map(|methods| making.add("MethodToChoose", methods));
    let mut kinds = Vec::new();
    for kind in rules.activities.values().filter(|kind| !kind.retired) {
        let schema = activity(making, body.clone(), kind, methods.as_deref());
        kinds.push((&kind.id, making.add(&format!("{}ActivityBody", pascal(&kind.id)), schema)));
    }
    making.put("ActivityBody", union("kind", &about, &kinds));
}

fn activity(making: &Making<'_>, mut schema: Map<String, Json>, kind: &ActivityKind, methods: Option<&str>) -> Json {
    let about = Message::new("document_activity_of").with("label", making.label(&kind.label));
    schema.insert("description".into(), json!(making.say(&about)));
    let outcomes = kind.outcomes.values().filter(|one| !one.retired).map(|one| (&one.id, making.label(&one.label)));
    let outcomes = one_of("", outcomes);
    if let Some(Json::Object(properties)) = schema.get_mut("properties") {
        properties.insert("kind".into(), json!({"type": "string", "enum": [kind.id]}));
        if let Some(Json::Object(mut outcome)) = outcomes.clone() {
            let lines = outcome.get("description").and_then(Json::as_str).unwrap_or_default().trim().to_owned();
            outcome.insert("description".into(), json!(lines));
            properties.insert("outcome".into(), Json::Object(outcome));
        }
        if let (Some(name), Some(Json::Object(method))) = (methods, properties.get_mut("method")) {
            refer(method, Some(name));
        }
    }
    match outcomes {
        Some(_) => require(&mut schema, "outcome"),
        None => remove(&mut schema, "outcome"),
    }
    if methods.is_none() {
        remove(&mut schema, "method");
    }
    Json::Object(schema)
}
