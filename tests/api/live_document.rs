//! The live document: what the rules and the caller's roles make of the published one. That answers are as it says, the
//! whole walk and the whole matrix hold it to (`Company::hold_to_live_document`); that it is as well made, `document`.

use crate::company::{Company, On};
use crate::on_both;
use loudou::api::document::Document;
use loudou::api::live::{ContractChange, Reader, build, compare};
use loudou::api::operations::all;
use loudou::values::{Key, Language};
use serde_json::{Value as Json, json};

/// Two funnels that share names of stages, fields of every kind, some closed to sellers.
pub const SEVERAL: &str = "format: 1
languages: [en, zh]
currency: CNY
calendar: {time_zone: Asia/Shanghai}
fields:
  customer:
    name: {type: text, required: true, max: 80, pattern: '[A-Za-z ]+', label: {en: Name, zh: 名称}}
    phone: {type: text, personal: true}
    mail: {type: email}
    margin: {type: number}
    city: {type: choice, of: {north: {}, south: {retired: true}}, label: {en: City, zh: 城市}}
    tags: {type: choices, of: [big, loud]}
  deal:
    target: {type: money}
    due: {type: date}
    score: {type: number}
    urgent: {type: bool}
    site: {type: url}
    met: {type: time}
    buddy: {type: user, retired: true}
  user:
    branch: {type: choice, of: [east, west]}
products: {web: {}, shop: {}, fax: {retired: true}}
activities:
  call: {outcomes: [reached, silence]}
  letter: {}
  telex: {retired: true}
methods: {script: {steps: [ring]}}
grades: [{id: A, when: 'deal.score > 5'}, {id: B}]
funnels:
  standard:
    label: {en: Standard, zh: 标准}
    stages:
      - {id: fresh, kind: start}
      - {id: lead, enter: [{has: [customer.phone, deal.target]}]}
      - {id: talk}
      - {id: won, kind: won}
      - {id: lost, kind: lost, reasons: [{id: price, label: {en: Too dear, zh: 太贵}}, {id: gone, retired: true}]}
    moves:
      - forward
      - {id: drop, from: any_open, to: lost}
      - {id: back, from: talk, to: lead, by: [boss], reason: required}
      - {id: again, from: lost, to: origin, by: [boss]}
  express:
    stages:
      - {id: fresh, kind: start}
      - {id: lead}
      - {id: won, kind: won}
      - {id: lost, kind: lost, reasons: [{id: late}]}
roles:
  admin: {may: [{do: [people.*, rules.*, rules.activate], scope: all}]}
  boss: {may: [{do: [deals.*, customers.*, pool.*, reports.read], scope: all}]}
  seller:
    label: {en: Seller, zh: 销售}
    may:
      - {do: [deals.read, deals.create, deals.write, deals.move, deals.log], scope: own, hide: [customer.margin, deal.grade], read_only: [deal.score]}
      - {do: [customers.read, customers.write], scope: own, hide: [customer.margin], mask: {customer.mail: domain}}
      - {do: [deals.read, customers.read], scope: team, hide: [customer.margin, customer.phone, deal.grade], mask: {customer.mail: domain}}
  porter: {may: [{do: [deals.move], scope: all}], never: [{do: [deals.move]}]}
first_administrator: [admin]
";

/// The document that these roles get of these rules.
pub fn of(rules: &str, roles: &[&str], language: &str) -> Json {
    let checked = loudou::rules::check(rules, None);
    let rules = checked.rules.unwrap_or_else(|| panic!("{:?}", checked.problems));
    let roles: Vec<Key> = roles.iter().map(|role| Key::new(role)).collect();
    let languages = [Language::new(language)];
    let reader = Reader { roles: &roles, number: Some(1), languages: &languages };
    let table = all();
    build(&Document::of(&table).json, table.iter(), &rules, reader)
}

fn schemas(document: &Json) -> &serde_json::Map<String, Json> {
    document["components"]["schemas"].as_object().unwrap()
}

fn properties(schema: &Json) -> Vec<&str> {
    schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn a_field_that_a_role_never_sees_is_not_in_its_document_and_one_that_it_never_writes_says_so() {
    let (seller, boss) = (of(SEVERAL, &["seller"], "en"), of(SEVERAL, &["boss"], "en"));
    let (own, all) = (schemas(&seller), schemas(&boss));
    assert_eq!(properties(&own["CustomerFields"]), ["name", "phone", "mail", "city", "tags"]);
    assert_eq!(properties(&all["CustomerFields"]), ["name", "phone", "mail", "margin", "city", "tags"]);
    assert!(!own["DealCustomerFields"].to_string().contains("margin"));
    assert!(!seller.to_string().contains("margin"), "nowhere at all");
    // Masked is not whole: it is read as a text, and not written back.
    assert_eq!(properties(&own["NewCustomerFields"]), ["name", "phone", "city", "tags"]);
    assert_eq!(properties(&all["NewCustomerFields"]), properties(&all["CustomerFields"]));
    let hidden = json!({"$ref": "#/components/schemas/HiddenValue"});
    let may_be_hidden = |one: &Json| one["oneOf"].as_array().is_some_and(|branches| branches.contains(&hidden));
    assert!(may_be_hidden(&own["CustomerFields"]["properties"]["phone"]), "of a colleague's customer");
    assert!(!may_be_hidden(&own["CustomerFields"]["properties"]["name"]));
    assert!(!boss.to_string().contains("HiddenValue"), "nothing is ever hidden from the boss");
    assert_eq!(own["DealFields"]["properties"]["score"]["readOnly"], true);
    assert_eq!(all["DealFields"]["properties"]["score"].get("readOnly"), None);
    assert!(!properties(&own["DealPatchFields"]).contains(&"score"));
    assert!(properties(&all["DealPatchFields"]).contains(&"score"));
    // Grades are hidden as a field is.
    assert!(!properties(&own["StandardDeal"]).contains(&"grade"), "{}", own["StandardDeal"]);
    assert!(properties(&all["StandardDeal"]).contains(&"grade"));
    for past in ["HistoryLine", "MoveEvent"] {
        for name in ["grade", "new_grade"] {
            assert!(!properties(&own[past]).contains(&name), "{}", own[past]);
            // Grades of earlier rules too.
            assert_eq!(all[past]["properties"][name]["type"], json!(["string", "null"]));
        }
        assert!(properties(&own[past]).contains(&"new_product"), "{}", own[past]);
    }
}

#[test]
fn contacts_are_closed_as_fields_are() {
    let seller = |from: &str, to: &str| {
        assert!(SEVERAL.contains(from), "{from}");
        of(&SEVERAL.replace(from, to), &["seller"], "en")
    };
    let has = |document: &Json, schema: &str| properties(&schemas(document)[schema]).contains(&"contacts");
    let told =
        |document: &Json| ["Customer", "NewCustomerBody", "CustomerPatchBody"].map(|schema| has(document, schema));
    assert_eq!(told(&of(SEVERAL, &["seller"], "en")), [true, true, true]);
    // Hidden from him on every row.
    let hidden = seller("hide: [customer.margin", "hide: [customer.contacts, customer.margin");
    assert_eq!(told(&hidden), [false, false, false]);
    // He reads them, and writes them on none.
    let write = "{do: [customers.read, customers.write], scope: own, hide: [customer.margin]";
    let read_only = seller(write, &write.replace("hide:", "read_only: [customer.contacts], hide:"));
    assert_eq!(told(&read_only), [true, false, false]);
}

#[test]
fn what_a_role_can_never_do_is_left_out_with_all_that_only_that_needs() {
    let (seller, boss, admin) =
        (of(SEVERAL, &["seller"], "en"), of(SEVERAL, &["boss"], "en"), of(SEVERAL, &["admin"], "en"));
    let has = |document: &Json, path: &str, method: &str| document["paths"][path][method].is_object();
    for (path, method, who) in [
        ("/v1/deals/{id}/moves", "post", "sb"),
        ("/v1/deals/{id}/assign", "post", "b"),
        ("/v1/deals/{id}/grade", "post", "b"),
        ("/v1/reports/funnel", "get", "b"),
        ("/v1/users", "post", "a"),
        ("/v1/rules/diff", "get", "a"),
        ("/v1/me", "get", "sba"),
        ("/v1/rules/openapi.json", "get", "sba"),
    ] {
        let all = [("s", &seller), ("b", &boss), ("a", &admin)];
        let found: String = all.iter().filter(|(_, one)| has(one, path, method)).map(|(name, _)| *name).collect();
        assert_eq!(found, who, "{method} {path}");
    }
    assert!(!schemas(&admin).contains_key("Deal") && !schemas(&seller).contains_key("NewUserBody"));
    let tags = |document: &Json| {
        document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(tags(&admin), ["access", "operation", "people", "rules"]);
    // What one role grants and a `never` takes away altogether is not there either.
    assert!(!has(&of(SEVERAL, &["porter"], "en"), "/v1/deals/{id}/moves", "post"));
    assert!(!has(&of(SEVERAL, &["boss", "porter"], "en"), "/v1/deals/{id}/moves", "post"));
    assert!(has(&of(SEVERAL, &["seller", "admin"], "en"), "/v1/users", "post"));
}

#[test]
fn every_move_is_a_request_of_its_own_and_each_funnel_has_its_stages() {
    let (seller, boss) = (of(SEVERAL, &["seller"], "en"), of(SEVERAL, &["boss"], "en"));
    let (own, all) = (schemas(&seller), schemas(&boss));
    let mapping = |schema: &Json| {
        let mapping = schema["discriminator"]["mapping"].as_object().unwrap().iter();
        mapping
            .map(|(to, name)| format!("{to} {}", name.as_str().unwrap().rsplit('/').next().unwrap()))
            .collect::<Vec<_>>()
    };
    let moves = ["lead MoveForwardToLead", "talk MoveForwardToTalk", "won MoveForwardToWon", "lost MoveToLost"];
    assert_eq!(mapping(&own["MoveBody"])[..3], moves[..3]);
    assert_eq!(
        mapping(&all["MoveToLead"]).len(),
        3,
        "forward, back, and again from lost: {:?}",
        mapping(&all["MoveToLead"])
    );
    let back = &all["MoveBackToLead"];
    assert_eq!(back["required"], json!(["to", "from", "note"]));
    assert_eq!(back["properties"]["from"]["enum"], json!(["talk"]));
    assert!(!own.contains_key("MoveBackToLead"), "that one is the boss's");
    let forward = &own["MoveForwardToLead"];
    assert_eq!(properties(forward), ["from", "note", "to"], "no reason is asked for");
    assert!(forward["description"].as_str().unwrap().contains("`customer.phone`, `deal.target`"), "{forward}");
    let stages = |name: &str| all[name]["enum"].clone();
    assert_eq!(stages("StandardStageId"), json!(["fresh", "lead", "talk", "won", "lost"]));
    assert_eq!(stages("ExpressStageId"), json!(["fresh", "lead", "won", "lost"]));
    assert_eq!(stages("StageId"), json!(["fresh", "lead", "talk", "won", "lost"]));
    assert_eq!(mapping(&all["Deal"]), ["standard StandardDeal", "express ExpressDeal"]);
    assert_eq!(mapping(&all["NewDealBody"]), ["standard NewStandardDealBody", "express NewExpressDealBody"]);
    assert_eq!(mapping(&all["ActivityBody"]), ["call CallActivityBody", "letter LetterActivityBody"]);
    assert_eq!(all["CallActivityBody"]["properties"]["outcome"]["enum"], json!(["reached", "silence"]));
    assert!(!properties(&all["LetterActivityBody"]).contains(&"outcome"));
    // What is retired is answered, and not offered.
    assert_eq!(all["ProductId"]["enum"], json!(["web", "shop", "fax"]));
    assert_eq!(all["ProductToChoose"]["enum"], json!(["web", "shop"]));
    assert_eq!(all["NewCustomerFields"]["properties"]["city"]["enum"], json!(["north", null]));
    assert_eq!(all["CustomerFields"]["properties"]["city"]["enum"], json!(["north", "south", null]));
    assert_eq!(all["DealFields"]["properties"]["buddy"]["deprecated"], true);
}

#[test]
fn fields_have_their_kinds_limits_and_labels() {
    let (english, chinese) = (of(SEVERAL, &["boss"], "en"), of(SEVERAL, &["boss"], "zh"));
    let new = &schemas(&english)["NewCustomerFields"];
    assert_eq!(new["required"], json!(["name"]));
    assert_eq!(schemas(&english)["NewCustomerBody"]["required"], json!(["fields"]));
    let name = json!({"type": "string", "maxLength": 80, "pattern": "^(?:[A-Za-z ]+)$", "title": "Name"});
    assert_eq!(new["properties"]["name"], name);
    assert_eq!(schemas(&chinese)["NewCustomerFields"]["properties"]["name"]["title"], "名称");
    assert_eq!(new["additionalProperties"], false);
    assert_eq!(schemas(&english)["CnyAmount"]["properties"]["currency"]["enum"], json!(["CNY"]));
    assert!(chinese["info"]["description"].as_str().unwrap().contains("第 1 版"));
    assert_eq!(english, of(SEVERAL, &["boss"], "en"), "the same every time");
}

/// By the promise of `Growing`: what comes breaks nobody, unless it must be given, or may be null or hidden.
#[test]
fn a_change_breaks_whoever_may_no_longer_ask_or_no_longer_reads_what_he_did() {
    let lines = |role: &str, changes: &[(&str, &str)]| -> Vec<String> {
        let after = changes.iter().fold(SEVERAL.to_owned(), |text, (from, to)| {
            assert!(text.contains(from), "{from}");
            text.replacen(from, to, 1)
        });
        let changes = compare(&of(SEVERAL, &[role], "en"), &of(&after, &[role], "zh"));
        let sign = |breaking| if breaking { '!' } else { '.' };
        let line =
            |one: &ContractChange| format!("{} {}", sign(one.breaking), one.message.render(&[Language::new("en")]));
        changes.iter().map(line).collect()
    };
    assert_eq!(lines("boss", &[]), Vec::<String>::new(), "words for people are no change");
    let has = |lines: &[String], line: &str| assert!(lines.iter().any(|own| own == line), "{line}: {lines:#?}");
    let stage = lines("boss", &[("      - {id: talk}\n", "      - {id: talk}\n      - {id: offer}\n")]);
    has(&stage, ". StageId: can be `offer` now, too");
    has(&stage, ". MoveBody: can be `MoveToOffer` now, too");
    has(&stage, "! MoveForwardToWon.from: is never `talk` any more");
    let choice =
        lines("boss", &[("city: {type: choice, of: {north: {}, ", "city: {type: choice, of: {north: {}, west: {}, ")]);
    assert!(choice.iter().all(|line| line.starts_with('.')), "{choice:#?}");
    has(&choice, ". NewCustomerFields.city: can be `west` now, too");
    let required = lines(
        "boss",
        &[("phone: {type: text, personal: true}", "phone: {type: text, personal: true, required: true}")],
    );
    has(&required, "! NewCustomerFields.phone: always there now, or must be given");
    has(&required, "! NewCustomerFields.phone: is never `null` any more");
    let team = "hide: [customer.margin, customer.phone, deal.grade]";
    let hidden = lines("seller", &[(team, "hide: [customer.margin, customer.phone, customer.name, deal.grade]")]);
    has(&hidden, "! CustomerFields.name: can be `HiddenValue` now, too");
    let own = "scope: own, hide: [customer.margin], mask";
    let own = lines("seller", &[(own, "scope: own, hide: [customer.margin, customer.name], mask")]);
    has(&own, "! NewCustomerFields.name: gone");
    let reason = lines("boss", &[("{id: price, label: {en: Too dear, zh: 太贵}}", "{id: dear}")]);
    has(&reason, "! MoveDropToLost.reason: is never `price` any more");
    has(&reason, ". MoveDropToLost.reason: can be `dear` now, too");
    let note = lines("boss", &[("by: [boss], reason: required}", "by: [boss]}")]);
    has(&note, ". MoveBackToLead.note: may be left out now");
    let gone = lines("boss", &[("products: {web: {}, shop: {}, fax: {retired: true}}\n", "")]);
    has(&gone, "! GET /v1/deals product: a parameter that is gone");
}

on_both!(a_document_is_for_the_callers_roles_and_known_by_its_tag, |company| {
    for (login, role) in [("li", "seller"), ("wang", "seller"), ("mei", "manager"), ("rita", "rules_admin")] {
        company.person(login, &[role], Some("south"));
    }
    let path = "/v1/rules/openapi.json";
    let get = |company: &Company, login: &str, query: &str| {
        let call = company.server.get(&format!("{path}{query}")).token(&company.token(login));
        call.header("accept-language", "en").send()
    };
    let (li, wang, mei) = (get(company, "li", ""), get(company, "wang", ""), get(company, "mei", ""));
    assert_eq!((li.status, mei.status), (200, 200), "{}", li.text);
    assert_eq!((&li.text, li.header("etag")), (&wang.text, wang.header("etag")), "the same role reads the same");
    assert_ne!(li.header("etag"), mei.header("etag"));
    let with = |etag: &str, login: &str, language: &str| {
        let call = company.server.get(path).token(&company.token(login)).header("accept-language", language);
        call.header("if-none-match", etag).send().status
    };
    assert_eq!(with(li.header("etag"), "wang", "en"), 304);
    assert_eq!(with(li.header("etag"), "wang", "zh"), 200, "another language is another document");
    assert_eq!(with(li.header("etag"), "mei", "en"), 200);
    // Another process says the same, byte for byte.
    let other = company.another_process(&[]);
    let said = other.get(path).token(&company.token("li")).header("accept-language", "en").expect(200);
    assert_eq!(said.text, li.text);
    assert_eq!(company.server.get(path).send().status, 401);

    // A version by its number, an unknown one, and not both.
    assert_eq!(get(company, "li", "?version=1").text, li.text);
    assert_eq!(get(company, "li", "?version=9").status, 404);
    assert_eq!(get(company, "li", "?version=0").code(), "invalid_parameters");
    // A draft is for those who may read it; one that is no rules yet says why.
    let draft = |text: &str| {
        let call = company.server.call("POST", "/v1/rules/drafts").token(&company.token("rita"));
        format!("?draft={}", call.text("application/yaml", text).expect(201).body["id"].as_str().unwrap())
    };
    let renamed = loudou::cli::house::DEFAULT_RULES.replace("- id: lead\n", "- id: warm\n");
    let renamed = renamed
        .replace("to: lead,", "to: warm,")
        .replace("move: lead", "move: warm")
        .replace("stage: lead", "stage: warm");
    let good = draft(&renamed);
    assert_eq!(get(company, "li", &good).code(), "not_permitted");
    let seen = get(company, "rita", &good);
    assert_eq!(seen.status, 200, "{}", seen.text);
    assert_eq!(seen.body["info"]["x-made-for"]["rules_version"], Json::Null);
    assert!(schemas(&seen.body)["StageId"]["enum"].as_array().unwrap().contains(&json!("warm")));
    assert_eq!(get(company, "rita", &draft("format: 1\n")).code(), "rules_invalid");
    assert_eq!(get(company, "rita", &format!("{good}&version=1")).code(), "invalid_parameters");

    // With other rules it is another document at once, and the earlier one can still be asked for.
    let call = company.server.call("POST", "/v1/rules/versions").token(&company.token("rita"));
    call.text("application/yaml", &renamed).expect(201);
    let after = get(company, "li", "");
    assert_ne!(after.header("etag"), li.header("etag"));
    assert!(after.text.contains("\"warm\"") && !li.text.contains("\"warm\""));
    assert_eq!(get(company, "li", "?version=1").text, li.text);
});

#[test]
fn what_is_answered_under_several_funnels_is_as_each_role_is_told() {
    let Some(mut company) = Company::with_rules(On::Sqlite, SEVERAL) else { return };
    company.person("sel", &["seller"], Some("south"));
    company.person("peer", &["seller"], Some("south"));
    company.person("bob", &["boss"], Some("south"));
    ["ada", "sel", "peer", "bob"].iter().for_each(|login| company.hold_to_live_document(login));
    let fields = json!({"name": "Hua Xin", "phone": "1", "city": "north", "tags": ["big"]});
    let made = company.post("sel", "/v1/customers", &json!({"fields": fields}));
    assert_eq!(made.status, 201, "{}", made.text);
    let customer = made.body["id"].as_str().unwrap();
    let full = json!({"mail": "a@example.com", "margin": 7.5});
    assert_eq!(company.patch("bob", &format!("/v1/customers/{customer}"), &json!({"fields": full})).status, 200);
    for funnel in ["standard", "express"] {
        let body = json!({"customer": customer, "funnel": funnel, "product": "web", "fields": {"urgent": true}});
        let deal = company.post("sel", "/v1/deals", &body);
        assert_eq!(deal.status, 201, "{}", deal.text);
        let path = format!("/v1/deals/{}", deal.body["id"].as_str().unwrap());
        let full = json!({"fields": {"target": {"amount_minor": 5, "currency": "CNY"}, "due": "2026-03-03", "score": 6,
            "site": "https://example.com/a", "met": "2026-03-02T02:00:00Z", "buddy": company.id("bob")}});
        assert_eq!(company.patch("bob", &path, &full).status, 200);
        assert_eq!(company.post("bob", &format!("{path}/grade"), &json!({})).status, 201);
        let margin = json!({"fields": {"mail": "a@example.com", "margin": 7.5}});
        assert_eq!(company.patch("bob", &format!("/v1/customers/{customer}"), &margin).status, 200);
        for login in ["sel", "peer", "bob"] {
            for read in [
                path.clone(),
                format!("{path}/moves"),
                format!("/v1/customers/{customer}"),
                "/v1/deals".to_owned(),
                "/v1/funnels".to_owned(),
            ] {
                assert_eq!(company.get(login, &read).status, 200, "{login} {read}");
            }
        }
        let shown = company.get("peer", &path).body;
        assert_eq!(shown["customer_fields"]["margin"], json!({"hidden": true}));
        assert_eq!(shown["customer_fields"]["mail"], "***@example.com");
        let moved = company.post("sel", &format!("{path}/moves"), &json!({"from": "fresh", "to": "lead"}));
        assert_eq!(moved.status, 201, "{}", moved.text);
        assert_eq!(company.post("bob", &format!("{path}/assign"), &json!({"owner": company.id("peer")})).status, 201);
    }
}
