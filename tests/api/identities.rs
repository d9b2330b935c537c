//! What tells customers apart holds for all of them after a change of rules, not only for those who are written later.

use crate::client::{Seen, Server};
use crate::company::{Company, On};
use serde_json::json;

const RULES: &str = "format: 1
languages: [en, zh]
currency: CNY
calendar: {time_zone: Asia/Shanghai}
fields:
  customer:
    name: {type: text, required: true}
    kind: {type: choice, of: [huge, large, small]}
    phone: {type: text}
    mobile: {type: text}
unique: [[customer.phone], [customer.mobile], [customer.name, customer.kind]]
funnels:
  standard:
    stages: [{id: resource, kind: start}, {id: won, kind: won}, {id: lost, kind: lost, reasons: [{id: gone}]}]
roles:
  admin: {may: [{do: [people.*, rules.*, rules.activate, deals.*, customers.*], scope: all}]}
first_administrator: [admin]
";
const UNIQUE: &str = "unique: [[customer.phone], [customer.mobile], [customer.name, customer.kind]]\n";

fn before(on: On) -> Option<Company> {
    Company::with_rules(on, RULES)
}

fn changed(pairs: &[(&str, &str)], migrate: &str) -> String {
    pairs.iter().fold(RULES.to_owned() + migrate, |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    })
}

fn activate(server: &Server, token: &str, path: &str, text: &str) -> Seen {
    server.call("POST", &format!("/v1/rules/versions{path}")).token(token).text("application/yaml", text).send()
}

/// The new rules become active.
#[track_caller]
fn becomes(company: &Company, text: &str) {
    let seen = activate(&company.server, &company.token("ada"), "", text);
    assert_eq!(seen.status, 201, "{}", seen.text);
}

/// They do not: so many customers would be like others, by this combination.
#[track_caller]
fn refused(company: &Company, text: &str, combination: &str, count: i64) {
    for path in ["?dry_run=true", ""] {
        let seen = activate(&company.server, &company.token("ada"), path, text);
        assert_eq!((seen.status, seen.code()), (409, "rules_customers_alike"), "{}", seen.text);
        let errors = seen.body["errors"].as_array().unwrap();
        assert_eq!(errors.len(), 1, "{}", seen.text);
        assert_eq!(errors[0]["pointer"], format!("/unique/{combination}"));
        let message = errors[0]["detail"].as_str().unwrap();
        assert!(message.contains(&format!("`unique.{combination}`: {count} customers")), "{message}");
    }
}

/// The status and the code with which a customer of these fields is answered.
fn create(company: &Company, fields: serde_json::Value) -> (u16, String) {
    let seen = company.post("ada", "/v1/customers", &json!({"fields": fields}));
    (seen.status, if seen.status == 201 { String::new() } else { seen.code().to_owned() })
}

fn made() -> (u16, String) {
    (201, String::new())
}

fn exists() -> (u16, String) {
    (409, "customer_exists".to_owned())
}

crate::on_both! {
    before;

    fn a_choice_under_another_name_tells_apart_as_before(company) {
        assert_eq!(create(company, json!({"name": "Acme", "kind": "huge"})), made());
        let kinds = ("[huge, large, small]", "[large, small]");
        becomes(company, &changed(&[kinds], "migrate: {choices: {customer: {kind: {huge: large}}}}\n"));
        assert_eq!(create(company, json!({"name": "ACME", "kind": "large"})), exists());
        // A namesake of the choice that went is another.
        becomes(company, &changed(&[], "migrate: {again: [fields.customer.kind.of.huge]}\n"));
        assert_eq!(create(company, json!({"name": "Acme", "kind": "huge"})), made());
        assert_eq!(create(company, json!({"name": "Acme", "kind": "huge"})), exists());
    }

    fn two_choices_that_become_one_do_not_make_two_customers_one(company) {
        assert_eq!(create(company, json!({"name": "Acme", "kind": "huge"})), made());
        assert_eq!(create(company, json!({"name": "acme ", "kind": "large"})), made());
        assert_eq!(create(company, json!({"name": "Bolt", "kind": "large"})), made());
        let kinds = ("[huge, large, small]", "[large, small]");
        refused(company, &changed(&[kinds], "migrate: {choices: {customer: {kind: {huge: large}}}}\n"), "name+kind", 2);
        // Nothing was changed.
        assert_eq!(create(company, json!({"name": "Acme", "kind": "huge"})), exists());
    }

    fn two_fields_that_become_one_do_not_make_two_customers_one(company) {
        assert_eq!(create(company, json!({"name": "Acme", "phone": "1"})), made());
        let other = company.post("ada", "/v1/customers", &json!({"fields": {"name": "Bolt", "mobile": "1"}}));
        assert_eq!(other.status, 201, "{}", other.text);
        let pairs = [(" [customer.mobile],", ""), ("    mobile: {type: text}\n", "")];
        let text = changed(&pairs, "migrate: {fields: {customer: {mobile: phone}}}\n");
        refused(company, &text, "phone", 2);
        let path = format!("/v1/customers/{}", other.body["id"].as_str().unwrap());
        let seen = company.patch("ada", &path, &json!({"fields": {"mobile": "2"}}));
        assert_eq!(seen.status, 200, "{}", seen.text);
        becomes(company, &text);
        for phone in ["1", "2"] {
            assert_eq!(create(company, json!({"name": "Cord", "phone": phone})), exists(), "{phone}");
        }
        assert_eq!(create(company, json!({"name": "Cord", "phone": "3"})), made());
    }

    fn a_new_combination_holds_for_who_was_there_before(company) {
        becomes(company, &changed(&[(UNIQUE, "")], ""));
        assert_eq!(create(company, json!({"name": "Acme", "phone": "1"})), made());
        assert_eq!(create(company, json!({"name": "Bolt", "phone": "1"})), made());
        assert_eq!(create(company, json!({"name": "Cord", "phone": "2"})), made());
        refused(company, RULES, "phone", 2);
        becomes(company, &changed(&[(UNIQUE, "unique: [[customer.name]]\n")], ""));
        for name in ["acme", "Bolt", "ＣＯＲＤ"] {
            assert_eq!(create(company, json!({"name": name, "phone": "3"})), exists(), "{name}");
        }
        // One that went away leaves nothing behind.
        becomes(company, &changed(&[(UNIQUE, "unique: [[customer.name], [customer.mobile]]\n")], ""));
        assert_eq!(create(company, json!({"name": "Dock", "mobile": "1"})), made());
        becomes(company, &changed(&[(UNIQUE, "unique: [[customer.name], [customer.kind]]\n")], ""));
        assert_eq!(create(company, json!({"name": "Edge", "mobile": "1"})), made());
        refused(company, &changed(&[(UNIQUE, "unique: [[customer.mobile]]\n")], ""), "mobile", 2);
    }
}
