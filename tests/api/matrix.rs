//! Who gets what: every operation of the document, called by everybody, on what is his, his team's, another team's and
//! nobody's. The answers stand in `matrix.txt` and are compared; a plain model, which knows nothing of grants and rows,
//! says the same of them a second time; and what was refused has changed nothing.
//!
//! A new operation needs a line in `ask` (and in the model, if its access is by a new action). Then
//! `UPDATE_MATRIX=1 cargo test --test api matrix` writes the text anew: read what changed in it.

use crate::client::Seen;
use crate::company::{Company, On, PASSWORD};
use actix_web::http::Method;
use loudou::api::access::Access;
use loudou::api::operations::{Operation, all};
use loudou::cli::house::DEFAULT_RULES;
use loudou::rules::model::Action;
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use std::fmt::Write;

/// Who calls: what he is, his login, role and team. `li` owns a deal, `wang` is his colleague, `mei` their manager.
const CALLERS: [(&str, &str, &str, Option<&str>); 12] = [
    ("anonymous", "", "", None),
    ("deactivated", "gone", "seller", Some("south")),
    ("seller, owner", "li", "seller", Some("south")),
    ("seller, same team", "wang", "seller", Some("south")),
    ("seller, other team", "far", "seller", Some("north")),
    ("manager", "mei", "manager", Some("south")),
    ("manager, other team", "nora", "manager", Some("north")),
    ("director", "dora", "director", None),
    ("supporter", "sue", "supporter", Some("south")),
    ("trainer", "tea", "trainer", Some("south")),
    ("rules_admin", "rita", "rules_admin", None),
    ("people_admin", "paul", "people_admin", None),
];

/// What is called: a seller's deal, one of another team, one in the team's pool, one in the company's.
const DEALS: [(&str, &str); 4] =
    [("li's", "li"), ("other team's", "far"), ("team's pool", "mei"), ("company's", "dora")];
const USERS: [&str; 3] = ["himself", "a seller", "an administrator"];

/// A deal with all that hangs on it.
#[derive(Clone)]
struct Target {
    deal: String,
    customer: String,
    contract: String,
    payment: String,
    decision: String,
}

struct World<'a> {
    company: &'a mut Company,
    targets: HashMap<&'static str, Target>,
    /// Where what must be there once (a login, a name) gets its number.
    made: u32,
    /// Where the answers are not what the model says.
    against: Vec<String>,
    /// A team without anybody.
    empty_team: String,
}

#[test]
fn everybody_gets_what_is_his_on_sqlite() {
    run(&mut company(On::Sqlite).unwrap(), std::env::var_os("UPDATE_MATRIX").is_some());
}

#[test]
fn everybody_gets_what_is_his_on_postgres() {
    if let Some(mut company) = company(On::Postgres) {
        run(&mut company, false);
    }
}

/// Nobody's hands are ever full: the matrix is about who, not about how many.
fn company(on: On) -> Option<Company> {
    let rules = DEFAULT_RULES.replace("at_most: 30", "at_most: 3000");
    assert_ne!(rules, DEFAULT_RULES);
    let mut company = Company::with_rules(on, &rules)?;
    for (_, login, role, team) in CALLERS.iter().skip(1) {
        company.person(login, &[*role], *team);
    }
    company.person("spare", &["seller"], Some("south"));
    company.person("spare_north", &["seller"], Some("north"));
    for (_, login, ..) in CALLERS.iter().skip(2) {
        company.hold_to_live_document(login);
    }
    let gone = format!("/v1/users/{}", company.id("gone"));
    assert_eq!(company.patch("ada", &gone, &json!({"active": false})).status, 200);
    Some(company)
}

fn run(company: &mut Company, update: bool) {
    let mut world = World { company, targets: HashMap::new(), made: 0, against: Vec::new(), empty_team: String::new() };
    world.empty_team = world.new_team();
    for (target, _) in DEALS {
        world.renew(target);
    }
    let operations = all();
    // What reads comes first, when there is nothing but the targets to be seen.
    let (reads, writes): (Vec<_>, Vec<_>) = operations.iter().partition(|one| one.method == Method::GET);
    let blocks: HashMap<&str, String> =
        reads.into_iter().chain(writes).map(|operation| (operation.id.as_str(), world.block(operation))).collect();
    assert!(world.against.is_empty(), "{}", world.against.join("\n"));
    let text: Vec<&str> = operations.iter().map(|operation| blocks[operation.id.as_str()].as_str()).collect();
    let text = text.join("\n");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/matrix.txt");
    if update {
        std::fs::write(path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap();
    let differs = text.lines().zip(kept.lines()).find(|(now, kept)| now != kept);
    assert!(text == kept, "the matrix is not as it was: {differs:?}; see the first lines of this file");
}

/// What an operation can be called on.
fn targets(operation: &Operation) -> Vec<&'static str> {
    let of_deals = ["/v1/deals/{id}", "/v1/customers/{id}"].iter().any(|path| operation.path.starts_with(path));
    if of_deals || operation.id == "createDeal" {
        DEALS.iter().map(|(name, _)| *name).collect()
    } else if operation.path.starts_with("/v1/users/{id}") {
        USERS.to_vec()
    } else {
        vec![""]
    }
}

impl World<'_> {
    /// The answers of one operation, as text.
    fn block(&mut self, operation: &Operation) -> String {
        let targets = targets(operation);
        let mut lines: Vec<String> = CALLERS.iter().map(|(caller, ..)| format!("  {caller:<21}")).collect();
        for target in &targets {
            let mut before = self.look(operation, target);
            for (line, (caller, login, role, _)) in lines.iter_mut().zip(CALLERS) {
                let expected = expected(operation, caller, login, role, target);
                if expected == Some(200) {
                    // Before it is changed by right: nobody before has changed it by wrong.
                    assert_eq!(before, self.look(operation, target), "{} by those before {caller}", operation.id);
                }
                let seen = self.ask(operation, login, target);
                let class = if seen.status < 300 { 200 } else { seen.status };
                if let Some(expected) = expected.filter(|expected| *expected != class) {
                    let line = format!("{} by {caller} on `{target}`: not {expected}, {}", operation.id, seen.text);
                    self.against.push(line);
                }
                let code = if class == 200 { String::new() } else { format!(" {}", seen.code()) };
                let cell = format!("{}{code}{}", seen.status, self.shown(operation, &seen));
                write!(line, "{cell:<21}").unwrap();
                if class == 200 && operation.method != Method::GET {
                    self.after(operation, login, target);
                    before = self.look(operation, target);
                }
            }
            assert_eq!(before, self.look(operation, target), "{} on `{target}` changed something", operation.id);
        }
        let heads: String = targets.iter().fold(format!("  {:<21}", ""), |mut heads, target| {
            write!(heads, "{target:<21}").unwrap();
            heads
        });
        let lines = lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n");
        let heads = if targets.len() > 1 { format!("{}\n", heads.trim_end()) } else { String::new() };
        format!("{} {} ({})\n{heads}{lines}\n", operation.method, operation.path, operation.id)
    }

    /// Asks for it, with what would be right if the caller might.
    fn ask(&mut self, operation: &Operation, login: &str, target: &str) -> Seen {
        self.made += 1;
        let new = format!("new{}", self.made);
        let on = self.targets.get(target).cloned();
        let on = |part: fn(&Target) -> &String| on.as_ref().map(part).cloned().unwrap_or_default();
        let amount = json!({"amount_minor": 100, "currency": "CNY"});
        let mine = if login.is_empty() { "li" } else { login };
        let receiver = self.company.id(if login == "nora" { "spare_north" } else { "spare" });
        let body = match operation.id.as_str() {
            "getLiveness" | "getReadiness" | "getDocument" | "getProblemKind" | "getMe" | "getVocabulary" => None,
            "listUsers" | "getUser" | "listTeams" | "getTeam" | "listCustomers" | "getCustomer" | "getTimeline" => None,
            "listDeals" | "getDeal" | "listMoves" | "getGrade" | "listActivities" | "listHistory" => None,
            "listDecisions" | "getDecision" | "listContracts" | "getContract" => None,
            "getRules" | "getRulesDocument" | "listRulesVersions" | "getRulesVersion" | "getRulesText" => None,
            "getRulesSchema" | "getFunnelReport" | "getRulesDiff" | "listDraftMoves" => None,
            "logout" | "logoutEverywhere" | "deleteTeam" | "cancelPayment" | "unscheduleRulesDraft" => None,
            "deleteRulesDraft" | "createRulesDraft" | "replaceRulesDraft" | "listRulesDrafts" | "getRulesDraft" => None,
            "reactivateRules" | "activateRulesDraft" => Some(json!({})),
            "scheduleRulesDraft" => Some(json!({"at": "2026-03-09T00:00:00Z"})),
            "checkRules" | "activateRules" => None,
            "beginShadow" => Some(json!({"draft": self.watched_draft()})),
            "stopShadow" => Some(json!({})),
            "listShadows" | "getShadow" | "listShadowedDecisions" => None,
            "listReplays" | "getReplay" | "listReplayedDecisions" => None,
            "beginReplay" => Some(json!({"version": 1, "since": "2026-03-01T00:00:00Z"})),
            "cancelReplay" | "cancelPreview" => Some(json!({})),
            "listPreviews" | "getPreview" | "getPreviewedRules" | "listPreviewedDeals" => None,
            "getDraftPreview" | "getVersionPreview" => None,
            "beginPreview" => Some(json!({"version": 1})),
            "setUp" => Some(json!({"token": "none", "login": new, "name": new, "password": PASSWORD})),
            "login" => Some(json!({"login": mine, "password": if login.is_empty() { "wrong" } else { PASSWORD }})),
            "refreshTokens" if login.is_empty() => Some(json!({"refresh_token": "none"})),
            "refreshTokens" => Some(json!({"refresh_token": self.company.refresh_token(login)})),
            "changeMyPassword" => Some(json!({"present_password": PASSWORD, "new_password": PASSWORD})),
            "createUser" => Some(json!({"login": new, "name": new, "roles": ["seller"]})),
            "updateUser" => Some(json!({"name": new})),
            "setUserPassword" => Some(json!({"password": PASSWORD})),
            "createTeam" | "updateTeam" => Some(json!({"name": new})),
            "createCustomer" => Some(json!({"fields": {"name": new}})),
            "updateCustomer" => Some(json!({"fields": {"understood": new}})),
            "createDeal" => Some(json!({"customer": on(|one| &one.customer)})),
            "updateDeal" => Some(json!({"fields": {"question": new}})),
            "assignDeal" => Some(json!({"owner": receiver})),
            "releaseDeal" | "gradeDeal" => Some(json!({})),
            "moveDeal" => Some(json!({"to": "abandoned", "reason": "unsuitable"})),
            "logActivity" => Some(json!({"kind": "material"})),
            "createContract" => Some(json!({"amount": amount})),
            "updateContract" => Some(json!({"number": new})),
            "recordPayment" => Some(json!({"amount": amount, "paid_on": "2026-03-02"})),
            other => panic!("nobody says how `{other}` is called: give it a line here"),
        };
        let id = match operation.path.split('/').nth(2) {
            Some("deals") => on(|one| &one.deal),
            Some("customers") => on(|one| &one.customer),
            Some("teams") => self.empty_team.clone(),
            Some("rules") if operation.path.starts_with("/v1/rules/replays/{id}") => self.trial("replays"),
            Some("rules") if operation.path.starts_with("/v1/rules/previews/{id}") => self.trial("previews"),
            Some("rules") if operation.path.starts_with("/v1/rules/shadows/{id}") => self.shadow(),
            Some("rules") if operation.id == "getDraftPreview" => self.previewed_draft(operation),
            Some("rules") => self.draft(operation),
            _ => match target {
                "himself" => self.company.id(mine),
                "a seller" => self.company.id("spare"),
                _ => self.company.id("ada"),
            },
        };
        let path = operation.path.replace("{id}", &id).replace("{contract}", &on(|one| &one.contract));
        let path = path.replace("{payment}", &on(|one| &one.payment)).replace("{decision}", &on(|one| &one.decision));
        let path = path
            .replace("{deal}", &self.targets["li's"].deal)
            .replace("{number}", "1")
            .replace("{code}", "not_found")
            .replace("{group}", "0");
        let path = if is_list_of_targets(operation) { path + "?limit=100" } else { path };
        let path = if operation.id == "getRulesDiff" { path + "?to=1" } else { path };
        let call = self.company.server.call(operation.method.as_str(), &path);
        let call = if login.is_empty() { call } else { call.token(&self.company.token(login)) };
        let call = match operation.id.as_str() {
            "checkRules" | "activateRules" | "createRulesDraft" | "replaceRulesDraft" => {
                call.text("application/yaml", &DEFAULT_RULES.replace("at_most: 30", "at_most: 3000"))
            }
            _ => call,
        };
        let call = if [Method::PATCH, Method::PUT, Method::DELETE].contains(&operation.method) {
            call.header("if-match", "*")
        } else {
            call
        };
        match body {
            Some(body) => call.json(&body).send(),
            None => call.send(),
        }
    }

    /// Which of the targets a list shows.
    fn shown(&self, operation: &Operation, seen: &Seen) -> String {
        if !is_list_of_targets(operation) || seen.status != 200 {
            return String::new();
        }
        assert!(seen.body["next_cursor"].is_null(), "more than a page");
        let ids: Vec<&Json> = seen.body["data"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
        let there = |target: &str| {
            let on = &self.targets[target];
            let id = if operation.id == "listDeals" { &on.deal } else { &on.customer };
            ids.iter().any(|one| *one == id)
        };
        let names: Vec<&str> = DEALS.iter().map(|(name, _)| *name).filter(|name| there(name)).collect();
        assert_eq!(names.len(), ids.len(), "something else is shown");
        names.iter().map(|name| format!(" <{name}>")).collect()
    }

    /// Puts in order what a permitted call has changed.
    fn after(&mut self, operation: &Operation, login: &str, target: &str) {
        if operation.path.starts_with("/v1/auth") || operation.path.starts_with("/v1/me") {
            self.company.sign_in(login);
        } else if operation.id == "setUserPassword" {
            self.company.sign_in(if target == "himself" { login } else { "spare" });
        } else if operation.id == "deleteTeam" {
            self.empty_team = self.new_team();
        } else if let Some((target, _)) = DEALS.iter().find(|(name, _)| *name == target) {
            self.renew(target);
        }
    }

    /// A draft for an operation on one: of the rules that are active already, or of others for what must pass.
    fn draft(&mut self, operation: &Operation) -> String {
        if !operation.path.starts_with("/v1/rules/drafts/{id}") {
            return String::new();
        }
        self.made += 1;
        let rules = DEFAULT_RULES.replace("at_most: 30", "at_most: 3000");
        let rules = if operation.id == "activateRulesDraft" { rules } else { format!("{rules}\n# {}\n", self.made) };
        let token = self.company.token("ada");
        let call = self.company.server.call("POST", "/v1/rules/drafts").token(&token);
        let draft = call.text("application/yaml", &rules).expect(201).body["id"].as_str().unwrap().to_owned();
        if operation.id == "unscheduleRulesDraft" {
            let at = json!({"at": "2026-03-09T00:00:00Z"});
            let path = format!("/v1/rules/drafts/{draft}/schedule");
            self.company.server.post(&path, &at).token(&token).expect(200);
        }
        draft
    }

    /// A replay or a preview that still runs.
    fn trial(&mut self, kind: &str) -> String {
        let token = self.company.token("ada");
        let mut body = json!({"version": 1});
        if kind == "replays" {
            body["since"] = json!("2026-03-01T00:00:00Z");
        }
        let id =
            self.company.server.post(&format!("/v1/rules/{kind}"), &body).token(&token).expect(201).body["id"].clone();
        id.as_str().unwrap().to_owned()
    }

    /// A draft that may be put into shadow: nothing else is.
    fn watched_draft(&mut self) -> String {
        let token = self.company.token("ada");
        let newest = self.company.get("ada", "/v1/rules/shadows?limit=1").body["data"][0].clone();
        if newest["state"] == "running" {
            let path = format!("/v1/rules/shadows/{}/stop", newest["id"].as_str().unwrap());
            self.company.server.post(&path, &json!({})).token(&token).expect(200);
        }
        self.made += 1;
        let call = self.company.server.call("POST", "/v1/rules/drafts").token(&token);
        let draft = call.text("application/yaml", &format!("{DEFAULT_RULES}\n# {}\n", self.made)).expect(201);
        draft.body["id"].as_str().unwrap().to_owned()
    }

    /// A draft of which there is a preview.
    fn previewed_draft(&mut self, operation: &Operation) -> String {
        let draft = self.draft(operation);
        let token = self.company.token("ada");
        self.company.server.post("/v1/rules/previews", &json!({"draft": draft})).token(&token).expect(201);
        draft
    }

    /// A shadow that runs.
    fn shadow(&mut self) -> String {
        let body = json!({"draft": self.watched_draft()});
        let token = self.company.token("ada");
        let begun = self.company.server.post("/v1/rules/shadows", &body).token(&token).expect(201);
        begun.body["id"].as_str().unwrap().to_owned()
    }

    fn new_team(&mut self) -> String {
        self.made += 1;
        let name = format!("team{}", self.made);
        self.company.team(&name, None)
    }

    /// Makes a target afresh: its maker's, or nobody's.
    fn renew(&mut self, target: &'static str) {
        self.made += 1;
        let (_, maker) = DEALS.into_iter().find(|(name, _)| *name == target).unwrap();
        let company = &self.company;
        let customer = company.customer(maker, &format!("customer {}", self.made));
        let mut body = json!({"customer": customer});
        if target.ends_with("pool") || target.ends_with("company's") {
            body["owner"] = Json::Null;
        }
        let made = |path: &str, by: &str, body: &Json| {
            let seen = company.post(by, path, body);
            assert_eq!(seen.status, 201, "{path}: {}", seen.text);
            seen.body
        };
        let text = |value: &Json| value.as_str().unwrap().to_owned();
        let deal = text(&made("/v1/deals", maker, &body)["id"]);
        let path = format!("/v1/deals/{deal}");
        let amount = json!({"amount_minor": 100, "currency": "CNY"});
        made(&format!("{path}/activities"), "dora", &json!({"kind": "material"}));
        let contract = text(&made(&format!("{path}/contracts"), "dora", &json!({"amount": amount}))["id"]);
        let payment = json!({"amount": amount, "paid_on": "2026-03-02"});
        let payment = made(&format!("{path}/contracts/{contract}/payments"), "dora", &payment);
        let payment = text(&payment["payments"][0]["id"]);
        let decision = text(&company.get("dora", &format!("{path}/decisions")).body["data"][0]["id"]);
        self.targets.insert(target, Target { deal, customer, contract, payment, decision });
    }

    /// All that a write of this operation could have changed, seen by those who see everything.
    fn look(&self, operation: &Operation, target: &str) -> Vec<String> {
        let read = |by: &str, path: &str| {
            let seen = self.company.get(by, path);
            assert_eq!(seen.status, 200, "{path}: {}", seen.text);
            seen.text
        };
        if operation.method == Method::GET {
            return Vec::new();
        }
        match self.targets.get(target) {
            Some(on) => {
                let deal = format!("/v1/deals/{}", on.deal);
                let parts = ["", "/activities", "/contracts", "/history"];
                let parts = parts.map(|part| read("dora", &format!("{deal}{part}")));
                let customer = read("dora", &format!("/v1/customers/{}", on.customer));
                let of_customer = read("dora", &format!("/v1/deals?customer={}", on.customer));
                parts.into_iter().chain([customer, of_customer]).collect()
            }
            None if operation.path.starts_with("/v1/users") || operation.path.starts_with("/v1/teams") => {
                vec![read("ada", "/v1/users"), read("ada", "/v1/teams")]
            }
            None if operation.path.starts_with("/v1/rules") => vec![read("ada", "/v1/rules/versions")],
            None => Vec::new(),
        }
    }
}

fn is_list_of_targets(operation: &Operation) -> bool {
    ["listDeals", "listCustomers"].contains(&operation.id.as_str())
}

/// What the model says: 200 for any success; nothing where there is nothing to say about the caller.
fn expected(operation: &Operation, caller: &str, login: &str, role: &str, target: &str) -> Option<u16> {
    let signed_in = !["anonymous", "deactivated"].contains(&caller);
    let action = match operation.access {
        Access::Probe | Access::Public => return None,
        Access::SignedIn => return Some(if signed_in { 200 } else { 401 }),
        Access::May(action) => action,
    };
    if !signed_in {
        return Some(401);
    }
    if !is_granted(role, action) {
        return Some(403);
    }
    if operation.id.ends_with("ctivateRules") || operation.id == "activateRulesDraft" {
        // These rules are active already.
        return Some(409);
    }
    if ["listReplayedDecisions", "listPreviewedDeals", "listShadowedDecisions", "listDraftMoves"]
        .contains(&operation.id.as_str())
    {
        // Nothing was found yet, and who drafts rules reads no deals.
        return Some(404);
    }
    if !DEALS.iter().any(|(name, _)| *name == target) {
        let above = target == "an administrator" && operation.method != Method::GET;
        return Some(if above { 403 } else { 200 });
    }
    let of_customer = operation.path.starts_with("/v1/customers") || operation.id == "createDeal";
    if !sees(login, role, target, of_customer) {
        return Some(404);
    }
    if operation.method == Method::GET {
        return Some(200);
    }
    let is_pooled = !["li's", "other team's"].contains(&target);
    Some(match (role, operation.id.as_str()) {
        // Whoever sees a customer may sell to him, but in this funnel somebody does already.
        (_, "createDeal") => 409,
        // There is nothing to give back.
        ("director", "releaseDeal") if is_pooled => 409,
        ("director", _) => 200,
        // Dealing out is what a manager does with a pool.
        ("manager", "assignDeal") => 200,
        ("manager" | "supporter", _) if !is_pooled => 200,
        ("seller", _) if (login == "li" && target == "li's") || (login == "far" && target == "other team's") => 200,
        _ => 403,
    })
}

/// Whether a role may do this at all.
fn is_granted(role: &str, action: Action) -> bool {
    let word = action.word();
    match role {
        "seller" => {
            ["customers.read", "customers.write"].contains(&word)
                || word.starts_with("deals.") && word != "deals.assign"
        }
        "supporter" => ["deals.create", "customers.read", "customers.write"].contains(&word),
        "trainer" => ["deals.read", "reports.read"].contains(&word),
        "manager" => {
            word.starts_with("deals.") || ["customers.read", "customers.write", "reports.read"].contains(&word)
        }
        "director" => {
            let others = ["people.read", "reports.read"];
            word.starts_with("deals.") || word.starts_with("customers.") || others.contains(&word)
        }
        "rules_admin" => word.starts_with("rules."),
        "people_admin" => word.starts_with("people."),
        _ => false,
    }
}

fn sees(login: &str, role: &str, target: &str, of_customer: bool) -> bool {
    let is_south = !["far", "nora"].contains(&login);
    match (role, target) {
        ("director", _) => true,
        ("supporter", target) => of_customer && target == "li's",
        ("trainer", target) => target == "li's",
        (_, "company's") => true,
        (_, "other team's") => !is_south,
        (_, _) => is_south,
    }
}
