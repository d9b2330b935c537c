//! What the rules in use call things: everything that a front-end needs to draw itself, in its reader's language.

use super::access::Caller;
use super::asked::House;
use super::context::Context;
use super::moves::ChoiceView;
use super::reply::{Answer, Reply};
use crate::rules::model::{Choice, Field, FieldKind, Figure, Funnel, Holding, Span, Stage, StageKind};
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
    #[schema(max_items = 500)]
    customer_fields: Vec<FieldView>,
    #[schema(max_items = 500)]
    deal_fields: Vec<FieldView>,
    #[schema(max_items = 500)]
    user_fields: Vec<FieldView>,
    #[schema(max_items = 100)]
    grades: Vec<ChoiceView>,
    #[schema(max_items = 1000)]
    products: Vec<ChoiceView>,
    #[schema(max_items = 500)]
    activities: Vec<ActivityKindView>,
    #[schema(max_items = 500)]
    methods: Vec<ChoiceView>,
    #[schema(max_items = 500)]
    roles: Vec<ChoiceView>,
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
    reasons: Vec<ChoiceView>,
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
    choices: Vec<ChoiceView>,
    required: bool,
    /// About a person.
    personal: bool,
    /// Lists can be filtered and sorted by it.
    index: bool,
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
    outcomes: Vec<ChoiceView>,
}

/// The words of the rules in use
///
/// Funnels with their stages, fields, grades, products, activities, methods and roles, with labels in the reader's
/// language. What is retired is left out.
#[utoipa::path(get, path = "/v1/funnels", tag = "rules", responses(
    (status = 200, description = "The words.", body = VocabularyView)))]
pub async fn get_vocabulary(house: House, context: Context, caller: Caller) -> Answer<VocabularyView> {
    let (_, active) = house.0.me(&caller.reads(&context)?).await?;
    let (rules, wanted) = (&active.rules, &context.languages[..]);
    let label = |id: &Key, label: &Localized| choice(id, label, wanted);
    let fields = |fields: &IndexMap<Key, Field>| {
        fields.values().filter(|field| !field.retired).map(|one| field(one, wanted)).collect()
    };
    let view = VocabularyView {
        rules_version: active.epochs.rules_version,
        languages: rules.languages.iter().map(ToString::to_string).collect(),
        currency: rules.currency.to_string(),
        time_zone: rules.calendar.time_zone().to_string(),
        funnels: rules.funnels.values().map(|one| funnel(one, wanted)).collect(),
        customer_fields: fields(&rules.fields.customer),
        deal_fields: fields(&rules.fields.deal),
        user_fields: fields(&rules.fields.user),
        grades: rules.grades.iter().map(|grade| label(&grade.id, &grade.label)).collect(),
        products: choices(&rules.products, wanted),
        activities: rules
            .activities
            .values()
            .filter(|kind| !kind.retired)
            .map(|kind| ActivityKindView {
                id: kind.id.clone(),
                label: kind.label.get(wanted).to_owned(),
                outcomes: choices(&kind.outcomes, wanted),
            })
            .collect(),
        methods: rules.methods.values().filter(|one| !one.retired).map(|one| label(&one.id, &one.label)).collect(),
        roles: rules.roles.values().map(|role| label(&role.id, &role.label)).collect(),
    };
    Ok(Reply::ok(view).etag(format!(
        "\"v{}-{}\"",
        active.epochs.rules_version,
        wanted.first().map_or("", Language::as_str)
    )))
}

fn choice(id: &Key, label: &Localized, wanted: &[Language]) -> ChoiceView {
    ChoiceView::of(id, label.get(wanted))
}

fn choices(of: &IndexMap<Key, Choice>, wanted: &[Language]) -> Vec<ChoiceView> {
    of.values().filter(|one| !one.retired).map(|one| choice(&one.id, &one.label, wanted)).collect()
}

fn funnel(funnel: &Funnel, wanted: &[Language]) -> FunnelView {
    FunnelView {
        id: funnel.id.clone(),
        label: funnel.label.get(wanted).to_owned(),
        stages: funnel.stages.iter().filter(|stage| !stage.retired).map(|one| stage(one, wanted)).collect(),
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
        reasons: stage
            .reasons
            .values()
            .filter(|reason| !reason.retired)
            .map(|reason| choice(&reason.id, &reason.label, wanted))
            .collect(),
    }
}

/// A figure that depends on nothing.
fn plain<T>(figure: Option<&Figure<T>>) -> Option<&T> {
    match figure.map(|figure| figure.cases.as_slice()) {
        Some([only]) if only.when.is_none() => Some(&only.is),
        _ => None,
    }
}

fn field(field: &Field, wanted: &[Language]) -> FieldView {
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
    }
}
