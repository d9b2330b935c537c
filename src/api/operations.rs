//! The one table of operations: every handler with the access it demands. What is not in it is neither served nor
//! documented.
//!
//! A line is `module::handler => Access`. The method, the path and the words come from the handler's `#[utoipa::path]`,
//! the operation's id from its name (`get_deal` is `getDeal`). `check` compares the table with the document before a
//! server starts.

use super::access::Access;
use crate::rules::model::Action;
use actix_web::Route;
use actix_web::http::Method;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use utoipa::openapi::path::HttpMethod;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{RefOr, path};

macro_rules! operations {
    ($($module:ident :: $handler:ident => $access:expr),* $(,)?) => {
        /// Every operation, in the order of the document.
        #[must_use]
        pub fn all() -> Vec<$crate::api::operations::Operation> {
            vec![$(pastey::paste! {
                $crate::api::operations::Operation {
                    id: $crate::api::operations::camel_case(stringify!($handler)),
                    method: $crate::api::operations::method_of(&<super::$module::[<__path_ $handler>] as utoipa::Path>::methods()),
                    path: <super::$module::[<__path_ $handler>] as utoipa::Path>::path(),
                    access: $access,
                    describe: <super::$module::[<__path_ $handler>] as utoipa::Path>::operation,
                    tags: <super::$module::[<__path_ $handler>] as utoipa::__dev::Tags>::tags,
                    schemas: <super::$module::[<__path_ $handler>] as utoipa::__dev::SchemaReferences>::schemas,
                    route: || actix_web::web::to(super::$module::$handler),
                }
            }),*]
        }
    };
}

#[cfg(test)]
pub(super) use operations;

operations! {
    health::get_liveness => Access::Probe,
    health::get_readiness => Access::Probe,
    pages::get_document => Access::Public,
    pages::get_problem_kind => Access::Public,
    auth::set_up => Access::Public,
    auth::login => Access::Public,
    auth::refresh_tokens => Access::Public,
    auth::logout => Access::SignedIn,
    auth::logout_everywhere => Access::SignedIn,
    auth::get_me => Access::SignedIn,
    auth::change_my_password => Access::SignedIn,
    people::list_users => Access::May(Action::PeopleRead),
    people::get_user => Access::May(Action::PeopleRead),
    people::create_user => Access::May(Action::PeopleWrite),
    people::update_user => Access::May(Action::PeopleWrite),
    people::set_user_password => Access::May(Action::PeopleWrite),
    people::list_teams => Access::May(Action::PeopleRead),
    people::get_team => Access::May(Action::PeopleRead),
    people::create_team => Access::May(Action::PeopleWrite),
    people::update_team => Access::May(Action::PeopleWrite),
    people::delete_team => Access::May(Action::PeopleWrite),
    customers::list_customers => Access::May(Action::CustomersRead),
    customers::create_customer => Access::May(Action::CustomersWrite),
    customers::get_customer => Access::May(Action::CustomersRead),
    customers::update_customer => Access::May(Action::CustomersWrite),
    timeline::get_timeline => Access::May(Action::CustomersRead),
    deals::list_deals => Access::May(Action::DealsRead),
    deals::create_deal => Access::May(Action::DealsCreate),
    deals::get_deal => Access::May(Action::DealsRead),
    deals::update_deal => Access::May(Action::DealsWrite),
    deals::assign_deal => Access::May(Action::DealsAssign),
    deals::release_deal => Access::May(Action::DealsRelease),
    moves::list_moves => Access::May(Action::DealsRead),
    moves::move_deal => Access::May(Action::DealsMove),
    moves::get_grade => Access::May(Action::DealsRead),
    moves::grade_deal => Access::May(Action::DealsGrade),
    activities::list_activities => Access::May(Action::DealsRead),
    activities::log_activity => Access::May(Action::DealsLog),
    history::list_history => Access::May(Action::DealsRead),
    activities::list_decisions => Access::May(Action::DealsRead),
    activities::get_decision => Access::May(Action::DealsRead),
    contracts::list_contracts => Access::May(Action::DealsRead),
    contracts::create_contract => Access::May(Action::DealsWrite),
    contracts::get_contract => Access::May(Action::DealsRead),
    contracts::update_contract => Access::May(Action::DealsWrite),
    contracts::record_payment => Access::May(Action::DealsWrite),
    contracts::cancel_payment => Access::May(Action::DealsWrite),
    reports::get_funnel_report => Access::May(Action::ReportsRead),
    funnels::get_vocabulary => Access::SignedIn,
    rules::get_rules => Access::May(Action::RulesRead),
    rules::list_rules_versions => Access::May(Action::RulesRead),
    rules::get_rules_version => Access::May(Action::RulesRead),
    rules::get_rules_text => Access::May(Action::RulesRead),
    rules::get_rules_schema => Access::Public,
    live::get_rules_document => Access::SignedIn,
    rules::check_rules => Access::May(Action::RulesDraft),
    rules::activate_rules => Access::May(Action::RulesActivate),
    rules::reactivate_rules => Access::May(Action::RulesActivate),
    drafts::list_rules_drafts => Access::May(Action::RulesRead),
    drafts::get_rules_draft => Access::May(Action::RulesRead),
    drafts::create_rules_draft => Access::May(Action::RulesDraft),
    drafts::replace_rules_draft => Access::May(Action::RulesDraft),
    drafts::delete_rules_draft => Access::May(Action::RulesDraft),
    drafts::activate_rules_draft => Access::May(Action::RulesActivate),
    drafts::schedule_rules_draft => Access::May(Action::RulesActivate),
    drafts::unschedule_rules_draft => Access::May(Action::RulesActivate),
    rules_diff::get_rules_diff => Access::May(Action::RulesRead),
    moves::list_draft_moves => Access::May(Action::RulesDraft),
    previews::begin_preview => Access::May(Action::RulesDraft),
    previews::list_previews => Access::May(Action::RulesDraft),
    previews::get_preview => Access::May(Action::RulesDraft),
    rules_diff::get_previewed_rules => Access::May(Action::RulesDraft),
    previews::get_draft_preview => Access::May(Action::RulesDraft),
    previews::get_version_preview => Access::May(Action::RulesDraft),
    previews::list_previewed_deals => Access::May(Action::RulesDraft),
    previews::cancel_preview => Access::May(Action::RulesDraft),
    replays::begin_replay => Access::May(Action::RulesDraft),
    replays::list_replays => Access::May(Action::RulesDraft),
    replays::get_replay => Access::May(Action::RulesDraft),
    replays::list_replayed_decisions => Access::May(Action::RulesDraft),
    replays::cancel_replay => Access::May(Action::RulesDraft),
    shadows::begin_shadow => Access::May(Action::RulesDraft),
    shadows::list_shadows => Access::May(Action::RulesDraft),
    shadows::get_shadow => Access::May(Action::RulesDraft),
    shadows::list_shadowed_decisions => Access::May(Action::RulesDraft),
    shadows::stop_shadow => Access::May(Action::RulesDraft),
}

/// One operation of the API.
#[derive(Clone)]
pub struct Operation {
    /// As generated clients call it.
    pub id: String,
    pub method: Method,
    /// With parameters in braces.
    pub path: String,
    pub access: Access,
    pub(super) describe: fn() -> path::Operation,
    pub(super) tags: fn() -> Vec<&'static str>,
    pub(super) schemas: fn(&mut Vec<(String, RefOr<Schema>)>),
    pub(super) route: fn() -> Route,
}

impl std::fmt::Debug for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} = {} {} ({:?})", self.id, self.method, self.path, self.access)
    }
}

/// What the table and the document disagree about; a server starts only if it is nothing.
#[must_use]
pub fn check(table: &[Operation], document: &Json) -> Vec<String> {
    let listed: Vec<String> = table.iter().map(|one| format!("{} {} ({})", one.method, one.path, one.id)).collect();
    let documented: BTreeSet<String> = documented(document)
        .map(|(method, path, operation)| {
            let id = operation.get("operationId").and_then(Json::as_str).unwrap_or("without an id");
            format!("{} {path} ({id})", method.to_ascii_uppercase())
        })
        .collect();
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for line in &listed {
        if !seen.insert(line) {
            faults.push(format!("{line} is twice in the table of operations"));
        }
        if !documented.contains(line) {
            faults.push(format!("{line} is not in the document"));
        }
    }
    for line in documented.iter().filter(|line| !seen.contains(line)) {
        faults.push(format!("{line} is in the document, but the table of operations does not say who may call it"));
    }
    let ids: BTreeSet<&str> = table.iter().map(|one| one.id.as_str()).collect();
    if ids.len() != table.len() {
        faults.push("two operations have the same id".into());
    }
    faults
}

/// The operations of a document: method in small letters, path, the operation itself.
pub fn documented(document: &Json) -> impl Iterator<Item = (&str, &str, &Json)> {
    let paths = document.get("paths").and_then(Json::as_object);
    paths.into_iter().flatten().flat_map(|(path, item)| {
        let operations = item.as_object().into_iter().flatten();
        operations.map(move |(method, operation)| (method.as_str(), path.as_str(), operation))
    })
}

pub(super) fn method_of(methods: &[HttpMethod]) -> Method {
    match methods.first() {
        Some(HttpMethod::Post) => Method::POST,
        Some(HttpMethod::Put) => Method::PUT,
        Some(HttpMethod::Patch) => Method::PATCH,
        Some(HttpMethod::Delete) => Method::DELETE,
        // Reading is what an operation does that names nothing else; `check` finds one that is none of these.
        Some(HttpMethod::Get | HttpMethod::Head | HttpMethod::Options | HttpMethod::Trace) | None => Method::GET,
    }
}

/// `get_deal` as `getDeal`.
pub(super) fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut id, word| {
        let mut letters = word.chars();
        id.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        id.push_str(letters.as_str());
        id
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::document::Document;

    #[test]
    fn the_table_and_the_document_agree() {
        let table = all();
        assert_eq!(check(&table, &Document::of(&table).json), Vec::<String>::new());
    }

    #[test]
    fn an_operation_that_nobody_says_who_may_call_stops_the_start() {
        let document = Document::of(&all());
        let mut table = all();
        let gone = table.remove(1);
        let faults = check(&table, &document.json);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].contains(&gone.id), "{faults:?}");
        let mut table = all();
        table.push(gone);
        assert!(check(&table, &document.json).iter().any(|fault| fault.contains("twice")));
    }

    #[test]
    fn ids_are_camel_case() {
        assert_eq!(camel_case("get_deal_moves"), "getDealMoves");
        assert_eq!(camel_case("me"), "me");
    }
}
