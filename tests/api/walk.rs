//! The whole walk, by HTTP alone: from a resource to an implemented customer, each step refused with every unmet
//! criterion first and allowed after; abandoning, cooling, reopening, stepping back; who holds what.

use crate::client::Seen;
use crate::company::Company;
use crate::on_both;
use serde_json::{Value as Json, json};

fn people(company: &mut Company) {
    company.person("mei", &["manager"], Some("south"));
    company.person("li", &["seller"], Some("south"));
    for login in ["mei", "li"] {
        company.hold_to_live_document(login);
    }
}

/// Moves, and says how it came out: the stage, or the refusing criteria.
fn moved(company: &Company, by: &str, deal: &str, body: &Json) -> String {
    let seen = company.post(by, &format!("/v1/deals/{deal}/moves"), body);
    match seen.status {
        201 => format!("{} ({})", seen.body["stage"].as_str().unwrap(), seen.body["state"].as_str().unwrap()),
        422 => refusing(&seen),
        status => format!("{status} {}", seen.code()),
    }
}

fn refusing(seen: &Seen) -> String {
    let unmet = seen.body["unmet"].as_array().unwrap().iter().filter(|one| one["severity"] == "refuse");
    unmet.map(|one| one["id"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

fn log(company: &Company, by: &str, deal: &str, kind: &str, outcome: Option<&str>) {
    let body = json!({"kind": kind, "outcome": outcome});
    assert_eq!(company.post(by, &format!("/v1/deals/{deal}/activities"), &body).status, 201);
}

/// Brings a deal to `contacted`.
fn contacted(company: &Company, by: &str, deal: &str) {
    let customer = company.get(by, &format!("/v1/deals/{deal}")).body["customer"].as_str().unwrap().to_owned();
    let known = json!({"fields": {"size": "large", "verified": true, "understood": "makes doors"}});
    assert_eq!(company.patch(by, &format!("/v1/customers/{customer}"), &known).status, 200);
    let target = json!({"product": "website", "fields": {"suitable": true,
        "sales_target": {"amount_minor": 5_000_000, "currency": "CNY"}}});
    assert_eq!(company.patch(by, &format!("/v1/deals/{deal}"), &target).status, 200);
    let graded = company.post(by, &format!("/v1/deals/{deal}/grade"), &json!({}));
    assert_eq!((graded.status, graded.body["grade"].as_str()), (201, Some("A")));
    assert_eq!(moved(company, by, deal, &json!({"to": "graded"})), "graded (open)");
    log(company, by, deal, "call", Some("reached"));
    log(company, by, deal, "material", None);
    assert_eq!(moved(company, by, deal, &json!({"to": "contacted"})), "contacted (open)");
}

/// On to `intent`.
fn intent(company: &Company, by: &str, deal: &str) {
    log(company, by, deal, "call", Some("interested"));
    assert_eq!(moved(company, by, deal, &json!({"to": "lead"})), "lead (open)");
    log(company, by, deal, "visit", Some("agreed"));
    let question = json!({"fields": {"question": "how long does it take?", "visit_on": "2026-03-03"}});
    assert_eq!(company.patch(by, &format!("/v1/deals/{deal}"), &question).status, 200);
    assert_eq!(moved(company, by, deal, &json!({"to": "intent"})), "intent (open)");
}

on_both!(from_resource_to_implemented, |company| {
    people(company);
    let deal = company.deal("li", "华新门业");
    let path = format!("/v1/deals/{deal}");
    // Refused with everything that is missing, at once.
    assert_eq!(moved(company, "li", &deal, &json!({"from": "resource", "to": "graded"})), "graded_by_hand");
    let moves = company.get("li", &format!("{path}/moves"));
    let missing = &moves.body["moves"][0]["criteria"][0]["fields"];
    let expected = json!([
        "customer.verified",
        "customer.understood",
        "customer.size",
        "deal.grade",
        "deal.product",
        "deal.sales_target"
    ]);
    assert_eq!(*missing, expected);
    contacted(company, "li", &deal);
    assert_eq!(moved(company, "li", &deal, &json!({"to": "lead"})), "interested");
    // Passing over a stage checks its criteria too; and no path the rules do not give.
    assert_eq!(moved(company, "li", &deal, &json!({"to": "signed"})), "409 no_such_move");
    intent(company, "li", &deal);
    assert_eq!(moved(company, "li", &deal, &json!({"to": "signed"})), "signed");
    let amount = json!({"amount_minor": 5_000_000, "currency": "CNY"});
    let contract =
        company.post("li", &format!("{path}/contracts"), &json!({"amount": amount, "signed_on": "2026-03-02"}));
    assert_eq!(contract.status, 201, "{}", contract.text);
    assert_eq!(moved(company, "li", &deal, &json!({"to": "signed"})), "signed (open)");
    assert_eq!(moved(company, "li", &deal, &json!({"to": "implemented"})), "paid delivered accepted");
    let contract = format!("{path}/contracts/{}", contract.body["id"].as_str().unwrap());
    let dates = json!({"delivered_on": "2026-03-02", "accepted_on": "2026-03-02"});
    assert_eq!(company.patch("li", &contract, &dates).status, 200);
    let half = json!({"amount": {"amount_minor": 2_500_000, "currency": "CNY"}, "paid_on": "2026-03-02"});
    assert_eq!(company.post("li", &format!("{contract}/payments"), &half).status, 201);
    assert_eq!(moved(company, "li", &deal, &json!({"to": "implemented"})), "paid");
    assert_eq!(company.post("li", &format!("{contract}/payments"), &half).status, 201);
    assert_eq!(moved(company, "li", &deal, &json!({"to": "implemented"})), "implemented (won)");
    // Won: closed for moves, and for writes of the seller.
    assert_eq!(moved(company, "li", &deal, &json!({"to": "abandoned", "reason": "refused"})), "409 deal_closed");
    assert_eq!(company.patch("li", &path, &json!({"fields": {"question": "?"}})).status, 403);
    // Everything is in the log, refused and allowed, and the visits follow each other.
    let decisions = company.get("li", &format!("{path}/decisions?limit=100"));
    let outcomes: Vec<&str> = decisions.body["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["action"] == "deals.move")
        .map(|one| one["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(outcomes.iter().filter(|one| **one == "allowed").count(), 6);
    assert_eq!(outcomes.iter().filter(|one| **one == "refused").count(), 7);
    let history = company.get("li", &format!("{path}/history"));
    let stages: Vec<&str> =
        history.body["data"].as_array().unwrap().iter().map(|line| line["to"].as_str().unwrap()).collect();
    assert_eq!(stages, ["resource", "graded", "contacted", "lead", "intent", "signed", "implemented"]);
    assert_eq!(company.holdings_amiss(), 0);
});

on_both!(a_grade_is_computed_explained_and_overridden_with_a_reason, |company| {
    people(company);
    let deal = company.deal("li", "华新门业");
    let path = format!("/v1/deals/{deal}/grade");
    // Nothing is known: the conditions of A and B fall through, and what they lacked is listed.
    let explained = company.get("li", &path);
    assert_eq!((&explained.body["grade"], &explained.body["computed"]), (&Json::Null, &json!("C")));
    let steps: Vec<(&str, &str)> = explained.body["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| (step["grade"].as_str().unwrap(), step["outcome"].as_str().unwrap()))
        .collect();
    assert_eq!(steps, [("A", "missing"), ("B", "missing"), ("C", "met")]);
    assert!(explained.body["steps"][1]["missing"].to_string().contains("customer.size"), "{}", explained.text);
    let graded = company.post("li", &path, &json!({}));
    assert_eq!((graded.status, &graded.body["grade"]), (201, &json!("C")));
    // Later facts do not change it silently.
    let customer = company.get("li", &format!("/v1/deals/{deal}")).body["customer"].as_str().unwrap().to_owned();
    let known = json!({"fields": {"size": "ordinary"}});
    assert_eq!(company.patch("li", &format!("/v1/customers/{customer}"), &known).status, 200);
    let seen = company.get("li", &format!("/v1/deals/{deal}"));
    assert_eq!((&seen.body["grade"], &seen.body["grade_now"]), (&json!("C"), &json!("B")));
    // Another one than the computed needs a reason, which is recorded; one that is none is none.
    let refused = company.post("li", &path, &json!({"grade": "A"}));
    assert_eq!((refused.status, refused.unmet()), (422, vec!["grade"]), "{}", refused.text);
    let refused = company.post("li", &path, &json!({"grade": "Z", "reason": "they phoned in"}));
    assert_eq!((refused.status, refused.unmet()), (422, vec!["grade"]), "{}", refused.text);
    let graded = company.post("li", &path, &json!({"grade": "A", "reason": "they phoned in"}));
    assert_eq!((graded.status, &graded.body["grade"]), (201, &json!("A")), "{}", graded.text);
});

on_both!(abandoned_for_a_reason_cooled_and_reopened, |company| {
    people(company);
    let deal = company.deal("li", "华新门业");
    assert_eq!(moved(company, "li", &deal, &json!({"to": "abandoned"})), "reason_required");
    assert_eq!(moved(company, "li", &deal, &json!({"to": "abandoned", "reason": "whim"})), "reason_required");
    for reason in ["refused", "unreachable", "unsuitable", "bought_elsewhere"] {
        let other = company.deal("li", &format!("customer lost because {reason}"));
        let lost = moved(company, "li", &other, &json!({"to": "abandoned", "reason": reason}));
        assert_eq!(lost, "abandoned (lost)", "{reason}");
    }
    assert_eq!(moved(company, "li", &deal, &json!({"to": "abandoned", "reason": "unreachable"})), "abandoned (lost)");
    let seen = company.get("li", &format!("/v1/deals/{deal}"));
    assert_eq!(seen.body["reason"], "unreachable");
    assert!(seen.body["cooling_until"].is_string(), "{}", seen.text);
    // Reopening is the manager's, and only when cooling is over (40 working days).
    assert_eq!(moved(company, "li", &deal, &json!({"to": "resource"})), "403 not_permitted");
    assert_eq!(moved(company, "mei", &deal, &json!({"to": "resource"})), "cooling");
    company.pass_hours(24 * 7 * 9);
    assert_eq!(moved(company, "mei", &deal, &json!({"to": "resource"})), "resource (open)");
});

on_both!(stepping_back_is_the_managers_and_needs_words, |company| {
    people(company);
    let deal = company.deal("li", "华新门业");
    contacted(company, "li", &deal);
    intent(company, "li", &deal);
    assert_eq!(moved(company, "li", &deal, &json!({"to": "lead", "note": "too early"})), "403 not_permitted");
    let silent = company.post("mei", &format!("/v1/deals/{deal}/moves"), &json!({"to": "lead"}));
    assert_eq!(silent.status, 422, "{}", silent.text);
    assert_eq!(moved(company, "mei", &deal, &json!({"to": "lead", "note": "too early"})), "lead (open)");
});

on_both!(a_deal_past_its_target_is_overdue_in_lists_and_by_itself, |company| {
    people(company);
    let deal = company.deal("li", "华新门业");
    let overdue = |company: &Company| {
        let list = company.get("li", "/v1/deals?overdue=true");
        let one = company.get("li", &format!("/v1/deals/{deal}"));
        (list.body["data"].as_array().unwrap().len(), one.body["overdue"].as_bool().unwrap())
    };
    assert_eq!(overdue(company), (0, false));
    // Target of the first stage: one working day. Monday 10:00 + 1wd = Tuesday 10:00.
    company.pass_hours(23);
    assert_eq!(overdue(company), (0, false));
    company.pass_hours(1);
    assert_eq!(overdue(company), (1, true));
});

on_both!(a_seller_receives_up_to_the_cap_and_no_more, |company| {
    people(company);
    company.person("wang", &["seller"], Some("south"));
    let seller = company.id("wang");
    for number in 0..30 {
        let deal = company.deal("li", &format!("customer {number}"));
        let given = company.post("mei", &format!("/v1/deals/{deal}/assign"), &json!({"owner": seller}));
        assert_eq!(given.status, 201, "{number}: {}", given.text);
    }
    let deal = company.deal("li", "one too many");
    let refused = company.post("mei", &format!("/v1/deals/{deal}/assign"), &json!({"owner": seller}));
    assert_eq!((refused.status, refused.unmet()), (422, vec!["holding"]), "{}", refused.text);
    assert_eq!(refused.body["unmet"][0]["progress"]["there"], 31);
    // Neither by a deal of one's own making.
    let customer = company.customer("wang", "one more");
    let made = company.post("wang", "/v1/deals", &json!({"customer": customer}));
    assert_eq!((made.status, made.unmet()), (422, vec!["holding"]), "{}", made.text);
    assert_eq!(company.holdings_amiss(), 0);
});

on_both!(two_customers_with_the_same_identity_are_one, |company| {
    people(company);
    company.person("far", &["seller"], Some("north"));
    let body = json!({"fields": {"name": "华新门业", "phone": "0755 8888 1234"}});
    assert_eq!(company.post("li", "/v1/customers", &body).status, 201);
    let alike = json!({"fields": {"name": "Other", "phone": "+86 755-8888-1234"}});
    let own = company.post("li", "/v1/customers", &alike);
    assert_eq!((own.status, own.code()), (409, "customer_exists"));
    // Who may not see him is told that he exists, and no more.
    let far = company.post("far", "/v1/customers", &alike);
    assert_eq!((far.status, far.code()), (409, "customer_exists"));
    assert!(!far.text.contains("li"), "{}", far.text);
});
