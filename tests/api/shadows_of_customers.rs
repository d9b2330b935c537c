//! A draft in shadow is asked about customers, contracts and payments too, and tells of them no more than may be read.

use crate::client::Seen;
use crate::company::{Company, On};
use crate::shadows::{SHADOWS, begin, groups, look, stop, sums};
use serde_json::{Value as Json, json};
use std::cell::RefCell;

const COMPANY: &str = "format: 1
languages: [en, zh]
currency: CNY
calendar: {time_zone: Asia/Shanghai}
fields:
  customer: {name: {type: text}, phone: {type: text}, kind: {type: choice, of: [large, small]}}
  deal: {size: {type: number}}
unique: [[customer.phone]]
validations: [{id: named, require: 'customer.name != \"nobody\"'}]
funnels: {standard: {stages: [{id: resource, kind: start}, {id: won, kind: won}]}}
roles:
  admin: {may: [{do: [people.*, rules.*, rules.activate, deals.*, customers.*, pool.*], scope: all}]}
  drafter: {may: [{do: [rules.read, rules.draft], scope: all}]}
  analyst: {may: [{do: [rules.read, rules.draft, deals.read, customers.read], scope: all, hide: [customer.phone]}]}
  reader: {may: [{do: [rules.read, rules.draft, customers.read], scope: all}]}
  seller: {may: [{do: [deals.*, customers.*], scope: own}]}
  helper: {may: [{do: [customers.read], scope: all}, {do: [customers.write], scope: own}]}
first_administrator: [admin]
";
const UNIQUE: &str = "unique: [[customer.phone]]\n";
const NAMED: &str = "validations: [{id: named, require: 'customer.name != \"nobody\"'}]";
const PHONE: &str = "phone: {type: text}";
const SELLER: &str = "seller: {may: [{do: [deals.*, customers.*], scope: own}]}";

fn found(on: On) -> Option<Company> {
    let people = [("dan", "drafter"), ("ann", "analyst"), ("rea", "reader"), ("sel", "seller"), ("hal", "helper")];
    Company::of(on, COMPANY, &people)
}

fn make(company: &Company, fields: &Json) -> Seen {
    company.post("sel", "/v1/customers", &json!({"fields": fields}))
}

#[track_caller]
fn made(company: &Company, fields: &Json) -> String {
    let seen = make(company, fields);
    assert_eq!(seen.status, 201, "{}", seen.text);
    seen.body["id"].as_str().unwrap().to_owned()
}

fn change(company: &Company, by: &str, customer: &str, body: &Json) -> u16 {
    company.patch(by, &format!("/v1/customers/{customer}"), body).status
}

fn activate(company: &Company, text: &str) {
    let call = company.server.call("POST", "/v1/rules/versions").token(&company.token("ada"));
    call.text("application/yaml", text).expect(201);
}

/// Sums and groups after this many decisions were looked at.
#[track_caller]
fn told(company: &Company, path: &str, decisions: usize) -> ([i64; 5], Vec<String>) {
    assert_eq!(look(&company.workflow), decisions);
    let body = company.get("ada", path).body;
    let mut groups = groups(&body);
    groups.sort();
    (sums(&body), groups)
}

/// Each decision of the first group: the customer, or that it is hidden.
fn named(company: &Company, by: &str, path: &str) -> Vec<Option<String>> {
    let seen = company.get(by, &format!("{path}/groups/0/decisions"));
    assert_eq!(seen.status, 200, "{}", seen.text);
    let data = seen.body["data"].as_array().unwrap();
    for one in data.iter().filter(|one| one["hidden"] == true) {
        assert!(one.as_object().unwrap().iter().all(|(name, value)| name == "hidden" || value.is_null()), "{one}");
    }
    data.iter().map(|one| one["customer"].as_str().map(str::to_owned)).collect()
}

crate::on_both! {
    found;

    fn customers_made_and_changed_are_asked_about(company) {
        let text = COMPANY
            .replace(NAMED, "validations: [{id: sized, require: 'customer.kind != \"small\"'}]")
            .replace(PHONE, "phone: {type: text, required: true}");
        let path = begin(company, &text);
        let one = made(company, &json!({"name": "a", "phone": "1"}));
        made(company, &json!({"name": "b", "phone": "2", "kind": "small"}));
        let silent = made(company, &json!({"name": "c"}));
        // Somebody has it, then as now.
        assert_eq!(make(company, &json!({"name": "d", "phone": "1"})).code(), "customer_exists");
        // Refused before anybody was asked who has that phone; whose it is already needs nobody to be asked.
        assert_eq!(make(company, &json!({"name": "nobody", "phone": "3"})).status, 422);
        assert_eq!(change(company, "sel", &one, &json!({"fields": {"name": "nobody"}})), 422);
        assert_eq!(change(company, "sel", &one, &json!({"contacts": [{"name": "Li"}]})), 200);
        let expected = [
            "customers.write allowed other -.named 1",
            "customers.write refused other -.customer.phone 1",
            "customers.write refused other -.sized 1",
            "customers.write undecided fact -.unique.phone 1",
        ];
        assert_eq!(told(company, &path, 7), ([3, 2, 1, 1, 0], expected.map(str::to_owned).to_vec()));
        let groups = company.get("ada", &path).body["groups"].clone();
        let number = groups.as_array().unwrap().iter().position(|group| group["name"] == "customer.phone").unwrap();
        let data = company.get("ada", &format!("{path}/groups/{number}/decisions")).body["data"].clone();
        let first = (&data[0]["customer"], &data[0]["deal"], &data[0]["outcome"], &data[0]["action"]);
        assert_eq!(first, (&json!(silent), &Json::Null, &json!("allowed"), &json!("customers.write")));
        // What is recorded nowhere is nothing that was decided: dry runs, what is wrong in its fields alone, answers given again.
        let fields = json!({"fields": {"name": "e", "phone": "9"}});
        assert_eq!(company.post("sel", "/v1/customers?dry_run=true", &fields).status, 201);
        assert_eq!(make(company, &json!({"size": 1})).status, 422);
        let again = || company.server.post("/v1/customers", &fields).token(&company.token("sel")).header("idempotency-key", "k");
        assert_eq!(again().expect(201).body["id"], again().expect(201).body["id"]);
        assert_eq!(told(company, &path, 1).0, [4, 2, 1, 1, 0]);
    }

    fn they_are_called_as_the_draft_calls_them(company) {
        let before = made(company, &json!({"name": "old", "phone": "0", "kind": "large"}));
        let text = COMPANY
            .replace(NAMED, "validations: [{id: not_huge, require: 'customer.kind != \"huge\" || customer.title == \"old\"'}]")
            .replace("name: {type: text}", "title: {type: text}")
            .replace(PHONE, "mobile: {type: text}")
            .replace("[large, small]", "[huge, small]")
            .replace("customer.phone", "customer.mobile")
            + "migrate: {fields: {customer: {name: title, phone: mobile}}, choices: {customer: {kind: {large: huge}}}}\n";
        let path = begin(company, &text);
        made(company, &json!({"name": "a", "phone": "1", "kind": "small"}));
        made(company, &json!({"name": "b", "phone": "2", "kind": "large"}));
        assert_eq!(make(company, &json!({"name": "c", "phone": "2"})).code(), "customer_exists");
        // What it has already is called so as well: only the one whose name is another is too large.
        assert_eq!(change(company, "sel", &before, &json!({"fields": {"phone": "3"}})), 200);
        assert_eq!(change(company, "sel", &before, &json!({"fields": {"name": "new"}})), 200);
        let expected = vec!["customers.write refused other -.not_huge 2".to_owned()];
        assert_eq!(told(company, &path, 5), ([3, 2, 0, 0, 0], expected));
    }

    fn who_is_who_is_not_guessed(company) {
        // Nobody looked whether there is another of that name.
        let path = begin(company, &COMPANY.replace(UNIQUE, "unique: [[customer.phone], [customer.name]]\n"));
        made(company, &json!({"name": "a", "phone": "1"}));
        made(company, &json!({"phone": "2"}));
        assert_eq!(make(company, &json!({"name": "b", "phone": "1"})).code(), "customer_exists");
        let expected = vec!["customers.write undecided fact -.unique.name 1".to_owned()];
        assert_eq!(told(company, &path, 3), ([2, 0, 0, 1, 0], expected));
        stop(company, &path);
        // One of the same phone was found, and nothing else is asked.
        let path = begin(company, &COMPANY.replace(UNIQUE, ""));
        assert_eq!(make(company, &json!({"name": "b", "phone": "1"})).code(), "customer_exists");
        let expected = vec!["customers.write allowed other -.customer_exists 1".to_owned()];
        assert_eq!(told(company, &path, 1), ([0, 0, 1, 0, 0], expected));
        stop(company, &path);
        // Two choices become one, or two fields: who differed from all may be the same as somebody.
        let kinds = COMPANY.replace(UNIQUE, "unique: [[customer.name, customer.kind]]\n");
        activate(company, &kinds);
        let small = kinds.replace("of: [large, small]", "of: [small]");
        let path = begin(company, &(small + "migrate: {choices: {customer: {kind: {large: small}}}}\n"));
        made(company, &json!({"name": "c", "kind": "small"}));
        let expected = vec!["customers.write undecided fact -.unique.name+kind 1".to_owned()];
        assert_eq!(told(company, &path, 1), ([0, 0, 0, 1, 0], expected.clone()));
        stop(company, &path);
        let phoneless = kinds.replace("phone: {type: text}, ", "").replace(", hide: [customer.phone]", "");
        let path = begin(company, &(phoneless + "migrate: {fields: {customer: {phone: name}}}\n"));
        made(company, &json!({"name": "d", "kind": "small"}));
        assert_eq!(told(company, &path, 1), ([0, 0, 0, 1, 0], expected));
    }

    fn who_may_write_which_customer_is_asked_too(company) {
        let customer = made(company, &json!({"name": "a"}));
        let deal = json!({"customer": customer, "fields": {"size": 3}});
        assert_eq!(company.post("sel", "/v1/deals", &deal).status, 201);
        // Nobody sells any more; the helper may write what he reads.
        let text = COMPANY
            .replace(SELLER, "seller: {may: [{do: [deals.*, customers.read], scope: own}]}")
            .replace("{do: [customers.write], scope: own}", "{do: [customers.write], scope: all}");
        let path = begin(company, &text);
        made(company, &json!({"name": "b"}));
        assert_eq!(change(company, "hal", &customer, &json!({"fields": {"name": "c"}})), 403);
        let expected = [
            "customers.write allowed permission -.customers.write 1",
            "customers.write refused permission -.customers.write 1",
        ];
        assert_eq!(told(company, &path, 2), ([0, 1, 1, 0, 0], expected.map(str::to_owned).to_vec()));
        stop(company, &path);
        // A condition on the customer's deals, under the name that their field would have.
        let text = COMPANY
            .replace("size: {type: number}", "volume: {type: number}")
            .replace(SELLER, "seller: {may: [{do: [deals.*, customers.*], scope: own, when: 'deal.volume > 3'}]}")
            + "migrate: {fields: {deal: {size: volume}}}\n";
        let path = begin(company, &text);
        let large = made(company, &json!({"name": "large"}));
        assert_eq!(look(&company.workflow), 1);
        let deal = json!({"customer": large, "fields": {"size": 4}});
        assert_eq!(company.post("sel", "/v1/deals", &deal).status, 201);
        assert_eq!(look(&company.workflow), 1);
        assert_eq!(change(company, "sel", &customer, &json!({"fields": {"name": "d"}})), 200);
        assert_eq!(change(company, "sel", &large, &json!({"fields": {"name": "e"}})), 200);
        assert_eq!(look(&company.workflow), 2);
        let body = company.get("ada", &path).body;
        let line = body["lines"].as_array().unwrap().iter().find(|line| line["action"] == "customers.write").unwrap().clone();
        // The first had no deal yet, the second has one that is too small.
        assert_eq!((&line["agreed"], &line["refused"]), (&json!(1), &json!(2)), "{body}");
    }

    fn contracts_and_payments_are_asked_about(company) {
        let deal = company.deal("sel", "one");
        let contracts = format!("/v1/deals/{deal}/contracts");
        let amount = json!({"amount_minor": 500, "currency": "CNY"});
        let add = |by: &str| company.post(by, &contracts, &json!({"amount": amount}));
        // Another currency; a contract that is signed is closed.
        let never = SELLER.replace("]}", "], never: [{do: [deals.write], when: 'contract.signed'}]}");
        let text = COMPANY.replace("currency: CNY", "currency: EUR").replace(SELLER, &never);
        let path = begin(company, &text);
        let contract = add("sel").body["id"].as_str().unwrap().to_owned();
        assert_eq!(told(company, &path, 1), ([0, 1, 0, 0, 0], vec!["deals.write refused other -.contract.amount 1".to_owned()]));
        let contract = format!("{contracts}/{contract}");
        let pay = |by: &str, minor: i64| {
            let body = json!({"amount": {"amount_minor": minor, "currency": "CNY"}, "paid_on": "2026-03-01"});
            company.post(by, &format!("{contract}/payments"), &body)
        };
        let paid = pay("sel", 100);
        assert_eq!(paid.status, 201, "{}", paid.text);
        let payment = paid.body["payments"][0]["id"].as_str().unwrap().to_owned();
        let cancel = |by: &str, payment: &str| company.post(by, &format!("{contract}/payments/{payment}/cancel"), &json!({})).status;
        assert_eq!(told(company, &path, 1).0, [1, 1, 0, 0, 0]);
        // Its own currency is wrong there, whatever is changed.
        assert_eq!(company.patch("sel", &contract, &json!({"signed_on": "2026-03-01"})).status, 200);
        assert_eq!(pay("sel", 200).status, 201);
        assert_eq!(cancel("sel", &payment), 201);
        let expected =
            ["deals.write refused other -.contract.amount 2", "deals.write refused permission -.deals.write 2"];
        assert_eq!(told(company, &path, 3), ([1, 4, 0, 0, 0], expected.map(str::to_owned).to_vec()));
        // Cancelled already: so it would be then.
        assert_eq!(cancel("ada", &payment), 409);
        assert_eq!(told(company, &path, 1).0, [2, 4, 0, 0, 0]);
        stop(company, &path);
        // The other way about: what is closed now would be open. Who was refused at the door may have named anything.
        activate(company, &COMPANY.replace(SELLER, &never));
        let path = begin(company, &(COMPANY.to_owned() + "# again\n"));
        assert_eq!((pay("sel", 300).status, add("sel").status), (403, 403));
        let other = company.id("sel");
        assert_eq!(cancel("sel", &other), 403);
        let expected = [
            "deals.write allowed permission -.deals.write 2",
            "deals.write undecided fact -.payment.id 1",
        ];
        assert_eq!(told(company, &path, 3), ([0, 0, 2, 1, 0], expected.map(str::to_owned).to_vec()));
        // Who reads the deal, reads of it.
        let data = company.get("ada", &format!("{path}/groups/0/decisions")).body["data"].clone();
        assert_eq!((&data[0]["deal"], &data[0]["outcome"]), (&json!(deal), &json!("refused")));
    }

    fn nobody_learns_of_a_customer_what_he_may_not_read(company) {
        let plain = COMPANY.replace(UNIQUE, "");
        activate(company, &plain);
        // Whom each of them is told of: the administrator, the analyst who sees no phones, the one who reads no deals, the
        // one who reads no customers.
        let find = |text: &str, by: &str, expected: [bool; 4], work: &dyn Fn() -> String| {
            let path = begin(company, text);
            let customers: Vec<Option<String>> = (0..10).map(|_| Some(work())).collect();
            assert_eq!(look(&company.workflow), 10);
            let body = company.get("ada", &path).body;
            let group = body["groups"][0].clone();
            assert_eq!((group["name"].as_str(), &group["count"], &group["listed"]), (Some(by), &json!(10), &json!(10)), "{body}");
            let open = ["ada", "ann", "rea", "dan"].map(|reader| {
                let seen = named(company, reader, &path);
                assert!(seen.is_empty() || seen == customers, "{seen:?}");
                !seen.is_empty()
            });
            assert_eq!(open, expected, "{by}");
            assert_eq!(company.get("sel", &format!("{path}/groups/0/decisions")).code(), "not_permitted");
            stop(company, &path);
        };
        let nameless = || made(company, &json!({"kind": "small"}));
        let silent = || made(company, &json!({"name": "a"}));
        let required = |field: &str| plain.replace(&format!("{field}: {{type: text}}"), &format!("{field}: {{type: text, required: true}}"));
        find(&required("name"), "customer.name", [true, true, true, false], &nameless);
        // That the phone lacks, is wrong, or asked for, is told to who may see it: whatever it is called.
        find(&required("phone"), "customer.phone", [true, false, true, false], &silent);
        let mobile = plain.replace(PHONE, "mobile: {type: text, required: true}").replace("customer.phone", "customer.mobile");
        let mobile = mobile + "migrate: {fields: {customer: {phone: mobile}}}\n";
        find(&mobile, "customer.mobile", [true, false, true, false], &silent);
        let long = NAMED.replace("]", ", {id: called, require: 'customer.phone != \"1\"'}]");
        let reachable = || made(company, &json!({"name": "a", "phone": "1"}));
        find(&plain.replace(NAMED, &long), "called", [true, false, true, false], &reachable);
        find(COMPANY, "unique.phone", [true, false, true, false], &reachable);
        // What may be done to a customer rests on his deals: who does not read them is told nothing of him.
        let held = || {
            let customer = made(company, &json!({"name": "a"}));
            assert_eq!(company.post("sel", "/v1/deals", &json!({"customer": customer})).status, 201);
            customer
        };
        let mut customers: Vec<String> = (0..10).map(|_| held()).collect();
        let customer = customers[0].clone();
        let waiting = RefCell::new(&mut customers);
        let sized = NAMED.replace("nobody", "b");
        find(&plain.replace(NAMED, &sized), "named", [true, true, false, false], &|| {
            let customer = waiting.borrow_mut().pop().unwrap();
            assert_eq!(change(company, "sel", &customer, &json!({"fields": {"name": "b"}})), 200);
            customer
        });
        // Who was refused is nobody's to read; who was refused a change is.
        let lenient = plain.replace("'customer.name != \"nobody\"'", "'customer.name != \"x\"'");
        let path = begin(company, &lenient);
        assert_eq!(make(company, &json!({"name": "nobody"})).status, 422);
        assert_eq!(change(company, "sel", &customer, &json!({"fields": {"name": "nobody"}})), 422);
        assert_eq!(told(company, &path, 2).1, ["customers.write allowed other -.named 2"]);
        assert_eq!(named(company, "ada", &path), [None, Some(customer.clone())]);
        // Of two of them nothing is told to whoever reads less than everything.
        assert_eq!(company.get("dan", &format!("{path}/groups/0/decisions")).status, 404);
        assert_eq!(company.get("dan", SHADOWS).body["data"].as_array().unwrap().len(), 7);
    }
}
