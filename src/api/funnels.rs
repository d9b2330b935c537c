//! What the rules in use call things: everything that a front-end needs to draw itself, in its reader's language.

use super::access::Caller;
use super::asked::House;
use super::context::Context;
use super::moves::direction_word;
use super::reply::{Answer, Reply};
use crate::rules::model::{
    Choice, Field, FieldKind, Figure, Funnel, Holding, Method, Move, MoveFrom, MoveTo, Span, Stage, StageKind,
};
use crate::values::{Key, Language, Localized};
use indexmap::IndexMap;
use serde::Serialize;
use utoipa::ToSchema;

/// The words of the rules in use.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Vocabulary)]
pub struct VocabularyView {
    /// Number of the active rules.
    rules_version: i64,
    #[schema(max_items = 20)]
    languages: Vec<String>,
    #[schema(max_length = 3)]
    currency: String,
    /// Time zone of the calendar.
    #[schema(max_length = 100)]
    time_zone: String,
    #[schema(max_items = 100)]
    funnels: Vec<FunnelView>,
    /// Combinations of customer fields that mean "the same customer".
    #[schema(value_type = Vec<Vec<String>>, max_items = 100)]
    unique: Vec<Vec<Key>>,
    #[schema(max_items = 500)]
    customer_fields: Vec<FieldView>,
    #[schema(max_items = 500)]
    deal_fields: Vec<FieldView>,
    #[schema(max_items = 500)]
    user_fields: Vec<FieldView>,
    #[schema(max_items = 100)]
    grades: Vec<WordView>,
    #[schema(max_items = 1000)]
    products: Vec<WordView>,
    #[schema(max_items = 500)]
    activities: Vec<ActivityKindView>,
    #[schema(max_items = 500)]
    methods: Vec<MethodView>,
    #[schema(max_items = 500)]
    roles: Vec<WordView>,
}

/// A word of the rules: its id and its label.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Word)]
pub struct WordView {
    #[schema(value_type = String, max_length = 100)]
    id: Key,
    #[schema(max_length = 4000)]
    label: String,
    /// No longer to be chosen; what has it keeps it.
    retired: bool,
}

/// A selling method of the playbook.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Method)]
pub struct MethodView {
    #[schema(value_type = String, max_length = 100)]
    id: Key,
    #[schema(max_length = 4000)]
    label: String,
    #[schema(max_items = 100)]
    steps: Vec<String>,
    /// No longer to be chosen; what has it keeps it.
    retired: bool,
}

/// A move that the rules know. Whether a deal may make it, and what is missing, `GET /v1/deals/{id}/moves` says.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Move)]
pub struct MoveView {
    #[schema(value_type = String, max_length = 100)]
    id: Key,
    /// Null: the deal is made there.
    #[schema(value_type = Option<String>, max_length = 100)]
    from: Option<Key>,
    /// Null: back to the stage that the deal was lost from.
    #[schema(value_type = Option<String>, max_length = 100)]
    to: Option<Key>,
    /// `creation`, `forward`, `back`, `lost` or `reopen`.
    #[schema(max_length = 100)]
    direction: &'static str,
    /// Only for these roles; empty: for all who may move deals.
    #[schema(value_type = Vec<String>, max_items = 100)]
    by: Vec<Key>,
    /// Whether a note must be given.
    note_required: bool,
}

/// A funnel.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Funnel)]
pub struct FunnelView {
    #[schema(value_type = String, max_length = 100)]
    id: Key,
    #[schema(max_length = 4000)]
    label: String,
    /// In the order of the funnel.
    #[schema(max_items = 200)]
    stages: Vec<StageView>,
    /// Every way between two stages, and into the funnel.
    #[schema(max_items = 1000)]
    moves: Vec<MoveView>,
}

/// A stage of a funnel.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Stage)]
pub struct StageView {
    #[schema(value_type = String, max_length = 100)]
    id: Key,
    /// `start`, `open`, `won` or `lost`.
    #[schema(max_length = 100)]
    kind: &'static str,
    #[schema(max_length = 4000)]
    label: String,
    /// The customer's standard state in this stage.
    #[schema(max_length = 4000)]
    state: Option<String>,
    /// Work standards.
    #[schema(max_items = 100)]
    standards: Vec<String>,
    /// Target dwell, as the rules write it (`5wd`); null where it depends on the deal, or there is none.
    #[schema(max_length = 100)]
    dwell: Option<String>,
    /// Target rate to the next stage, 0 to 1; null where it depends on the deal, or there is none.
    #[schema(max_length = 100)]
    rate: Option<String>,
    /// Ideal number held by one seller.
    #[schema(max_length = 100)]
    ideal: Option<String>,
    /// Above it a warning is given.
    warn: Option<u32>,
    /// No more can be received.
    at_most: Option<u32>,
    #[schema(value_type = Vec<String>, max_items = 100)]
    methods: Vec<Key>,
    /// Why a deal may end here.
    #[schema(max_items = 100)]
    reasons: Vec<WordView>,
    /// Deals no longer come here; those that are here stay until they are moved.
    retired: bool,
}

/// A field of the company's own.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Field)]
pub struct FieldView {
    #[schema(value_type = String, max_length = 100)]
    id: Key,
    #[schema(max_length = 4000)]
    label: String,
    /// `text`, `choice`, `choices`, `number`, `money`, `date`, `time`, `bool`, `phone`, `email`, `url` or `user`.
    #[schema(max_length = 100)]
    r#type: &'static str,
    /// What may be chosen.
    #[schema(max_items = 1000)]
    choices: Vec<WordView>,
    required: bool,
    /// About a person.
    personal: bool,
    /// Lists can be filtered and sorted by it.
    index: bool,
    /// The amount that forecasts add.
    value: bool,
    /// Of texts: the longest, in characters.
    max: Option<u32>,
    /// Of texts: the regular expression that the whole text must match.
    #[schema(max_length = 4000)]
    pattern: Option<String>,
    /// Of money.
    #[schema(max_length = 3)]
    currency: Option<String>,
    /// No longer to be filled in; what has it keeps it.
    retired: bool,
}

/// A kind of activity.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ActivityKind)]
pub struct ActivityKindView {
    #[schema(value_type = String, max_length = 100)]
    id: Key,
    #[schema(max_length = 4000)]
    label: String,
    #[schema(max_items = 100)]
    outcomes: Vec<WordView>,
    /// No longer to be logged.
    retired: bool,
}

/// The words of the rules in use
///
/// Funnels with their stages and moves, fields, grades, products, activities, methods and roles, with labels in the
/// reader's language. What is retired is marked: old records still have it.
#[utoipa::path(get, path = "/v1/funnels", tag = "rules", responses(
    (status = 200, description = "The words.", body = VocabularyView),
    (status = 304, description = "It is still the one that you named in `If-None-Match`.")))]
pub async fn get_vocabulary(house: House, context: Context, caller: Caller) -> Answer<VocabularyView> {
    let (_, active) = house.0.me(&caller.reads(&context)?).await?;
    let (rules, wanted) = (&active.rules, &context.languages[..]);
    let view = VocabularyView {
        rules_version: active.epochs.rules_version,
        languages: rules.languages.iter().map(ToString::to_string).collect(),
        currency: rules.currency.to_string(),
        time_zone: rules.calendar.time_zone().to_string(),
        funnels: rules.funnels.values().map(|one| funnel(one, wanted)).collect(),
        unique: rules.unique.iter().map(|combination| combination.fields.clone()).collect(),
        customer_fields: fields(&rules.fields.customer, wanted),
        deal_fields: fields(&rules.fields.deal, wanted),
        user_fields: fields(&rules.fields.user, wanted),
        grades: rules.grades.iter().map(|grade| word(&grade.id, &grade.label, false, wanted)).collect(),
        products: choices(&rules.products, wanted),
        activities: rules
            .activities
            .values()
            .map(|kind| ActivityKindView {
                id: kind.id.clone(),
                label: kind.label.get(wanted).to_owned(),
                outcomes: choices(&kind.outcomes, wanted),
                retired: kind.retired,
            })
            .collect(),
        methods: rules.methods.values().map(|one| method(one, wanted)).collect(),
        roles: rules.roles.values().map(|role| word(&role.id, &role.label, false, wanted)).collect(),
    };
    // The same version reads differently in each language, and a reader may have several.
    let spoken: Vec<&str> = wanted.iter().filter(|one| rules.languages.contains(one)).map(Language::as_str).collect();
    Ok(Reply::ok(view).etag(format!("\"v{}-{}\"", active.epochs.rules_version, spoken.join("-"))))
}

fn word(id: &Key, label: &Localized, retired: bool, wanted: &[Language]) -> WordView {
    WordView { id: id.clone(), label: label.get(wanted).to_owned(), retired }
}

fn choices(of: &IndexMap<Key, Choice>, wanted: &[Language]) -> Vec<WordView> {
    of.values().map(|one| word(&one.id, &one.label, one.retired, wanted)).collect()
}

fn method(method: &Method, wanted: &[Language]) -> MethodView {
    MethodView {
        id: method.id.clone(),
        label: method.label.get(wanted).to_owned(),
        steps: method.steps.iter().map(|step| step.get(wanted).to_owned()).collect(),
        retired: method.retired,
    }
}

fn funnel(funnel: &Funnel, wanted: &[Language]) -> FunnelView {
    FunnelView {
        id: funnel.id.clone(),
        label: funnel.label.get(wanted).to_owned(),
        stages: funnel.stages.iter().map(|one| stage(one, wanted)).collect(),
        moves: funnel.moves.iter().map(movement).collect(),
    }
}

fn movement(one: &Move) -> MoveView {
    MoveView {
        id: one.id.clone(),
        from: match &one.from {
            MoveFrom::Creation => None,
            MoveFrom::Stage(stage) => Some(stage.clone()),
        },
        to: match &one.to {
            MoveTo::Stage(stage) => Some(stage.clone()),
            MoveTo::Origin => None,
        },
        direction: direction_word(one.direction),
        by: one.by.clone(),
        note_required: one.reason_required,
    }
}

fn stage(stage: &Stage, wanted: &[Language]) -> StageView {
    let Holding { ideal, warn, at_most } = &stage.holding;
    StageView {
        id: stage.id.clone(),
        kind: match stage.kind {
            StageKind::Start => "start",
            StageKind::Open => "open",
            StageKind::Won => "won",
            StageKind::Lost => "lost",
        },
        label: stage.label.get(wanted).to_owned(),
        state: stage.state.as_ref().map(|state| state.get(wanted).to_owned()),
        standards: stage.standards.iter().map(|one| one.get(wanted).to_owned()).collect(),
        dwell: plain(stage.dwell.as_ref()).map(Span::to_string),
        rate: plain(stage.rate.as_ref()).map(ToString::to_string),
        ideal: plain(ideal.as_ref()).map(ToString::to_string),
        warn: plain(warn.as_ref()).copied(),
        at_most: plain(at_most.as_ref()).copied(),
        methods: stage.methods.clone(),
        reasons: stage.reasons.values().map(|reason| word(&reason.id, &reason.label, reason.retired, wanted)).collect(),
        retired: stage.retired,
    }
}

/// A figure that depends on nothing.
fn plain<T>(figure: Option<&Figure<T>>) -> Option<&T> {
    match figure.map(|figure| figure.cases.as_slice()) {
        Some([only]) if only.when.is_none() => Some(&only.is),
        _ => None,
    }
}

fn fields(fields: &IndexMap<Key, Field>, wanted: &[Language]) -> Vec<FieldView> {
    fields.values().map(|one| field(one, wanted)).collect()
}

fn field(field: &Field, wanted: &[Language]) -> FieldView {
    let (max, pattern) = match &field.kind {
        FieldKind::Text { pattern, max } => (Some(*max), pattern.as_ref().map(|pattern| pattern.as_str().to_owned())),
        _ => (None, None),
    };
    let currency = match &field.kind {
        FieldKind::Money { currency } => Some(currency.to_string()),
        _ => None,
    };
    let of = match &field.kind {
        FieldKind::Choice { of } | FieldKind::Choices { of } => choices(of, wanted),
        _ => Vec::new(),
    };
    FieldView {
        id: field.id.clone(),
        label: field.label.get(wanted).to_owned(),
        r#type: match field.kind {
            FieldKind::Text { .. } => "text",
            FieldKind::Choice { .. } => "choice",
            FieldKind::Choices { .. } => "choices",
            FieldKind::Number => "number",
            FieldKind::Money { .. } => "money",
            FieldKind::Date => "date",
            FieldKind::Time => "time",
            FieldKind::Bool => "bool",
            FieldKind::Phone => "phone",
            FieldKind::Email => "email",
            FieldKind::Url => "url",
            FieldKind::User => "user",
        },
        choices: of,
        required: field.required,
        personal: field.personal,
        index: field.index,
        value: field.value,
        max,
        pattern,
        currency,
        retired: field.retired,
    }
}
