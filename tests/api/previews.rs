//! Previews of other rules on the deals that there are: what would be otherwise, with which deals, and who may know.

use crate::company::{Company, On, RUNTIME, execute};
use loudou::jobs::rules_replays;
use loudou::store::Lease;
use loudou::values::{RunnerId, Time};
use serde_json::{Value as Json, json};
use std::sync::atomic::{AtomicU32, Ordering};

const PREVIEWS: &str = "/v1/rules/previews";

const COMPANY: &str = "format: 1
languages: [en, zh]
currency: CNY
calendar: {time_zone: Asia/Shanghai}
fields: {customer: {name: {type: text}, phone: {type: text}}, deal: {size: {type: number}}}
activities: {call: {outcomes: [reached, silence]}}
grades:
  - {id: A, when: 'deal.size > 5'}
  - {id: B}
funnels:
  standard:
    stages:
      - {id: resource, kind: start}
      - {id: lead, dwell: 5wd, holding: {at_most: 9}, enter: []}
      - {id: won, kind: won}
roles:
  admin: {may: [{do: [people.*, rules.*, rules.activate, deals.*, customers.*], scope: all}]}
  drafter: {may: [{do: [rules.read, rules.draft], scope: all}]}
  reader: {may: [{do: [rules.read, deals.read], scope: all}]}
  analyst: {may: [{do: [rules.read, rules.draft, deals.read, customers.read], scope: all, hide: [customer.phone]}]}
  seller: {may: [{do: [deals.*, customers.*], scope: own}]}
first_administrator: [admin]
";

fn drafted(on: On) -> Option<Company> {
    let mut company = Company::of(on, COMPANY, &[("dan", "drafter"), ("ann", "analyst"), ("rea", "reader")])?;
    company.team("south", None);
    company.person("sel", &["seller"], Some("south"));
    Some(company)
}

/// Three deals in `lead` and one before it; the first is large, its customer was reached.
fn work(company: &Company) -> [String; 3] {
    let deal = |name: &str, size: i64| {
        let customer = company.customer("sel", name);
        let body = json!({"customer": customer, "fields": {"size": size}});
        let seen = company.post("sel", "/v1/deals", &body);
        assert_eq!(seen.status, 201, "{}", seen.text);
        let deal = seen.body["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/deals/{deal}");
        if size > 5 {
            let call = json!({"kind": "call", "outcome": "reached"});
            assert_eq!(company.post("sel", &format!("{path}/activities"), &call).status, 201);
        }
        let seen = company.post("sel", &format!("{path}/moves"), &json!({"to": "lead"}));
        assert_eq!(seen.status, 201, "{}", seen.text);
        deal
    };
    company.deal("sel", "resting");
    [deal("large", 9), deal("small", 3), deal("tiny", 1)]
}

fn begin(company: &Company, body: &Json) -> String {
    let seen = company.post("dan", PREVIEWS, body);
    assert_eq!((seen.status, &seen.body["state"]), (201, &json!("running")), "{}", seen.text);
    format!("{PREVIEWS}/{}", seen.body["id"].as_str().unwrap())
}

fn look(company: &Company) -> usize {
    let now = company.now();
    RUNTIME.block_on(rules_replays::look(&company.workflow, &move || now))
}

/// `entry standard.lead reached 2`
fn groups(body: &Json) -> Vec<String> {
    let line = |one: &Json| {
        let words = ["finding", "funnel", "stage", "criterion", "from", "to"];
        let words = words.iter().filter_map(|name| one[name].as_str()).collect::<Vec<_>>().join(" ");
        format!("{words} {}", one["count"])
    };
    body["groups"].as_array().unwrap().iter().map(line).collect()
}

fn done(company: &Company, rest: &Json, text: &str) -> (String, Json) {
    let mut body = rest.clone();
    body["draft"] = company.draft("dan", text);
    let path = begin(company, &body);
    assert_eq!(look(company), 1);
    let body = company.get("ada", &path).body;
    assert_eq!((&body["state"], &body["done"]), (&json!("done"), &body["total"]), "{body}");
    assert_eq!(body["in_tens"], false);
    (path, body)
}

fn found(company: &Company, text: &str) -> Vec<String> {
    groups(&done(company, &json!({}), text).1)
}

crate::on_both! {
    drafted;

    fn what_would_be_otherwise_is_counted_and_listed(company) {
        let [large, small, tiny] = work(company);
        assert_eq!(found(company, &format!("{COMPANY}# again\n")), Vec::<String>::new());
        // A criterion that two of them did not meet.
        let reached = COMPANY.replace("enter: []", "enter: [{id: reached, activity: call, outcome: reached}]");
        let (path, body) = done(company, &json!({}), &reached);
        assert_eq!((groups(&body), &body["touched"]), (vec!["entry standard lead reached 2".to_owned()], &json!(2)));
        assert_eq!(body["owners"], json!([company.id("sel")]));
        assert_eq!(body["teams"].as_array().unwrap().len(), 1);
        let data = company.get("ada", &format!("{path}/groups/0/deals")).body["data"].clone();
        let deals: Vec<&str> = data.as_array().unwrap().iter().map(|one| one["deal"].as_str().unwrap()).collect();
        assert_eq!(deals, [small.as_str(), tiny.as_str()]);
        let first = company.get("ada", &format!("{path}/groups/0/deals?limit=1")).body;
        let next = format!("{path}/groups/0/deals?limit=1&cursor={}", first["next_cursor"].as_str().unwrap());
        assert_eq!(company.get("ada", &next).body["data"], json!([{"hidden": false, "deal": tiny}]));
        // A cap, a grade, a deadline from another instant.
        assert_eq!(found(company, &COMPANY.replace("at_most: 9", "at_most: 2")), ["over_cap standard lead 3"]);
        assert_eq!(found(company, &COMPANY.replace("deal.size > 5", "deal.size > 2")), ["grade B A 1"]);
        let tight = COMPANY.replace("dwell: 5wd", "dwell: 1wd");
        assert_eq!(found(company, &tight), Vec::<String>::new());
        let later = |days: i64| json!({"as_of": Time::from_micros(company.now().micros() + days * 86_400_000_000)});
        assert_eq!(groups(&done(company, &later(3), &tight).1), ["overdue standard lead 3"]);
        let loose = COMPANY.replace("dwell: 5wd", "dwell: 50wd");
        assert_eq!(groups(&done(company, &later(20), &loose).1), ["in_time standard lead 3"]);
        // Its stage is won, or gone, or becomes another.
        let won = COMPANY.replace("dwell: 5wd, holding: {at_most: 9}, enter: []}", "kind: won}");
        let won = won.replace("      - {id: won, kind: won}\n", "");
        assert_eq!(found(company, &won), ["stage_kind standard lead 3"]);
        let gone = COMPANY.replace("{id: lead, ", "{id: prospect, ");
        assert_eq!(found(company, &gone), ["stage_gone standard lead 3"]);
        let mapped = json!({"migrate": {"stages": {"standard": {"lead": "prospect"}}}});
        assert_eq!(groups(&done(company, &mapped, &gone).1), Vec::<String>::new());
        // Nothing has changed.
        assert_eq!(company.get("ada", &format!("/v1/deals/{large}")).body["stage"], "lead");
        assert_eq!(company.get("ada", "/v1/rules").body["number"], 1);
    }

    fn the_last_one_is_found_by_its_draft_and_by_its_version(company) {
        work(company);
        let draft = company.draft("dan", &COMPANY.replace("at_most: 9", "at_most: 2"));
        let of_draft = format!("/v1/rules/drafts/{}/preview", draft.as_str().unwrap());
        let of_version = "/v1/rules/versions/1/preview";
        for path in [&of_draft, of_version] {
            assert_eq!(company.get("dan", path).code(), "not_found");
        }
        begin(company, &json!({"draft": draft}));
        let last = begin(company, &json!({"draft": draft, "as_of": "2026-04-02T00:00:00Z"}));
        let other = begin(company, &json!({"version": 1}));
        assert_eq!(look(company), 3);
        for (path, same) in [(of_draft.as_str(), &last), (of_version, &other)] {
            let seen = company.get("ann", path);
            assert_eq!((seen.status, &seen.body), (200, &company.get("ada", same).body));
            let call = company.server.get(path).token(&company.token("ann"));
            assert_eq!(call.header("if-none-match", seen.header("etag")).send().status, 304);
            // As every other look at previews: for who may draft.
            assert_eq!(company.get("rea", path).code(), "not_permitted");
        }
        assert_eq!(company.get("dan", "/v1/rules/versions/2/preview").code(), "not_found");
        assert_eq!(company.get("dan", "/v1/rules/drafts/00000000-0000-7000-8000-000000000000/preview").code(), "not_found");
    }

    /// Whoever reads less than everything is told counts in tens, and of deals those that he may know of: fewer than ten are
    /// as good as none, or one rule after another would tell of one deal.
    fn nobody_learns_of_deals_that_he_may_not_see_so_far(company) {
        work(company);
        for number in 0..9 {
            let deal = company.deal("sel", &format!("more {number}"));
            let seen = company.post("sel", &format!("/v1/deals/{deal}/moves"), &json!({"to": "lead"}));
            assert_eq!(seen.status, 201, "{}", seen.text);
        }
        let text = |with: &str| COMPANY.replace("at_most: 9", "at_most: 99").replace("enter: []", with);
        // Touched, in the first group, named of it.
        let told = |path: &str| {
            ["ada", "ann", "dan"].map(|by| {
                let body = company.get(by, path).body;
                let seen = company.get(by, &format!("{path}/groups/0/deals"));
                let data = seen.body["data"].as_array().cloned().unwrap_or_default();
                assert!(data.iter().all(|one| one["hidden"] == false && one["deal"].is_string()), "{}", seen.text);
                let owners = body["owners"].as_array().unwrap().len() + body["teams"].as_array().unwrap().len();
                assert_eq!((body["in_tens"] == true, owners), (owners == 0, owners), "{body}");
                assert_eq!(body["groups"].as_array().unwrap().is_empty(), seen.status == 404, "{body}");
                (body["touched"].as_u64().unwrap(), body["groups"][0]["count"].as_u64(), data.len())
            })
        };
        let (all, tens) = ((11, Some(11), 11), (10, Some(10), 0));
        let reached = "enter: [{id: reached, activity: call, outcome: reached}]";
        let (path, _) = done(company, &json!({}), &text(reached));
        assert_eq!(told(&path), [all, all, tens]);
        // A group of one is not there, not even by its number.
        let uncalled = reached.replace("[{", "[{id: uncalled, require: 'count(\"call\") == 0'}, {");
        let (path, body) = done(company, &json!({}), &text(&uncalled));
        assert_eq!(groups(&body), ["entry standard lead uncalled 1", "entry standard lead reached 11"]);
        let body = company.get("dan", &path).body;
        assert_eq!((groups(&body), &body["groups"][0]["number"]), (vec!["entry standard lead reached 10".to_owned()], &json!(0)));
        assert_eq!(company.get("dan", &format!("{path}/groups/1/deals")).status, 404);
        assert_eq!(company.get("dan", PREVIEWS).body["data"][0], body);
        assert_eq!(company.get("dan", &format!("/v1/rules/drafts/{}/preview", body["draft"].as_str().unwrap())).body, body);
        // By what is hidden from the analyst.
        let all = (12, Some(12), 12);
        let (path, _) = done(company, &json!({}), &text("enter: [{id: phone, has: [customer.phone]}]"));
        assert_eq!(told(&path), [all, tens, tens]);
        // Under the name that the draft gives it too.
        let mobile = COMPANY
            .replace("enter: []", "enter: [{id: phone, has: [customer.mobile]}]")
            .replace("phone: {type: text}", "mobile: {type: text}")
            .replace("customer.phone]}", "customer.mobile]}")
            + "migrate: {fields: {customer: {phone: mobile}}}\n";
        let (path, _) = done(company, &json!({}), &mobile);
        assert_eq!(told(&path), [all, tens, tens]);
        assert_eq!(company.get("sel", &path).code(), "not_permitted");
        assert_eq!(company.get("dan", &format!("{path}/groups/1/deals")).status, 404);
        assert_eq!(company.post("dan", PREVIEWS, &json!({})).faults(), ["/draft draft_or_version"]);
    }

    fn it_goes_over_to_another_process_and_is_cancelled(company) {
        work(company);
        let draft = company.draft("dan", &COMPANY.replace("at_most: 9", "at_most: 2"));
        let path = begin(company, &json!({"draft": draft}));
        let now = company.now();
        let dead = Lease { runner: RunnerId::new(), now, until: Time::from_micros(now.micros() + 60_000_000) };
        let claimed = RUNTIME.block_on(company.workflow.store().write(move |tx| tx.claim_rules_preview(dead))).unwrap();
        assert!(claimed.is_some());
        assert_eq!(look(company), 0);
        company.pass_seconds(61);
        let (other, now) = (company.another_workflow(), company.now());
        assert!(RUNTIME.block_on(other.run_preview(&move || now, 1)).unwrap().is_some());
        let body = company.get("ada", &path).body;
        assert_eq!((&body["state"], groups(&body)), (&json!("done"), vec!["over_cap standard lead 3".to_owned()]));

        // Cancelled between its first step and its second.
        let path = begin(company, &json!({"draft": draft}));
        let looks = AtomicU32::new(0);
        let cancelling = || {
            if looks.fetch_add(1, Ordering::SeqCst) == 2 {
                let seen = company.post("dan", &format!("{path}/cancel"), &json!({}));
                assert_eq!((seen.status, &seen.body["state"]), (200, &json!("cancelled")), "{}", seen.text);
            }
            now
        };
        assert!(RUNTIME.block_on(company.workflow.run_preview(&cancelling, 1)).unwrap().is_some());
        let body = company.get("dan", &path).body;
        assert_eq!((&body["state"], &body["done"]), (&json!("cancelled"), &json!(1)));
        assert_eq!(look(company), 0);
        let again = company.post("dan", &format!("{path}/cancel"), &json!({}));
        assert_eq!((again.status, again.code()), (409, "rules_preview_ended"));
    }

    /// Rules that become active between the beginning of a preview and its look at the deals are those that it compares with,
    /// and what they look at tells who may know.
    fn what_is_compared_with_is_active_in_the_snapshot(company) {
        work(company);
        // A process that has not heard of the change yet.
        let behind = company.another_workflow();
        assert_eq!(RUNTIME.block_on(behind.active()).unwrap().epochs.rules_version, 1);
        let draft = company.draft("dan", &COMPANY.replace("deal.size > 5", "deal.size > 2"));
        let path = begin(company, &json!({"draft": draft}));
        let by_phone = COMPANY.replace("deal.size > 5", "deal.size > 5 || customer.phone == \"1\"");
        let by_phone = by_phone.replace("at_most: 9", "at_most: 2");
        let other = company.draft("dan", &by_phone);
        let activated = company.post("ada", &format!("/v1/rules/drafts/{}/activate", other.as_str().unwrap()), &json!({}));
        assert_eq!(activated.status, 201, "{}", activated.text);
        let now = company.now();
        assert!(RUNTIME.block_on(behind.run_preview(&move || now, 1)).unwrap().is_some());
        let body = company.get("ada", &path).body;
        assert_eq!((&body["state"], groups(&body)), (&json!("done"), vec!["grade B A 1".to_owned()]), "{body}");
        assert_eq!(company.get("ada", &format!("{path}/rules")).body["from"], 2);
        let told = ["ada", "ann"].map(|by| company.get(by, &format!("{path}/groups/0/deals")).status);
        assert_eq!(told, [200, 404]);
    }

    /// What fails each time does not fail for ever.
    fn a_preview_that_cannot_come_to_its_end_ends(company) {
        work(company);
        let path = begin(company, &json!({"version": 1}));
        execute(&company.url, "UPDATE deals SET fields = '[]'");
        for _ in 0..5 {
            assert_eq!(look(company), 0);
            assert_eq!(company.get("ada", &path).body["state"], "running");
            company.pass_seconds(61);
        }
        assert_eq!(look(company), 1);
        let body = company.get("ada", &path).body;
        assert_eq!((&body["state"], body["ended_at"].is_string()), (&json!("failed"), true), "{body}");
    }

    fn a_change_is_told_in_words_and_one_deal_explained_under_it(company) {
        let [large, small, _] = work(company);
        let text = COMPANY.replace("kind: won}", "kind: won, enter: [{id: reached, activity: call, outcome: reached}]}");
        let stricter = company.draft("dan", &text);
        let moves = |by: &str, draft: &Json, deal: &str| {
            company.get(by, &format!("/v1/rules/drafts/{}/deals/{deal}/moves", draft.as_str().unwrap()))
        };
        let won = |body: &Json| {
            let all = body["moves"].as_array().unwrap();
            let won = all.iter().find(|one| one["to"] == "won").unwrap_or_else(|| panic!("{body}"));
            let criteria = won["criteria"].as_array().unwrap();
            let told = |one: &Json| format!("{} {}", one["id"].as_str().unwrap(), one["outcome"].as_str().unwrap());
            criteria.iter().map(told).collect::<Vec<_>>()
        };
        assert_eq!(won(&moves("ann", &stricter, &large).body), ["reached met"]);
        assert_eq!(won(&moves("ann", &stricter, &small).body), ["reached unmet"]);
        assert_eq!(won(&company.get("ann", &format!("/v1/deals/{small}/moves")).body), Vec::<String>::new());
        assert_eq!(moves("dan", &stricter, &small).status, 404);
        // By asking about a hidden field nobody finds out what is in it.
        let asking = text.replace("enter: [{id: reached,", "enter: [{id: asked, require: 'customer.phone == \"1\"'}, {id: reached,");
        let asking = company.draft("dan", &asking);
        assert_eq!(moves("ann", &asking, &small).code(), "not_permitted");
        assert_eq!(moves("ada", &asking, &small).status, 200);

        let diff = |query: &str| company.get("dan", &format!("/v1/rules/diff?{query}"));
        let seen = diff(&format!("draft={}", stricter.as_str().unwrap()));
        assert_eq!((seen.status, &seen.body["from"]), (200, &json!(1)), "{}", seen.text);
        let changes = seen.body["changes"].as_array().unwrap();
        assert_eq!(changes.len(), 1, "{changes:?}");
        assert_eq!((&changes[0]["kind"], changes[0]["place"].as_str().unwrap()), (&json!("added"), "funnels.standard.stages.won.enter.reached"));
        assert!(changes[0]["message"].as_str().unwrap().contains("reached"), "{changes:?}");
        assert_eq!(diff("from=1&to=1").body["changes"], json!([]));
        assert_eq!(diff("to=9").status, 404);
        assert_eq!(diff("from=1").code(), "invalid_parameters");
        assert_eq!(company.get("sel", "/v1/rules/diff?to=1").code(), "not_permitted");
    }

    fn two_rules_are_compared_as_permissions_text_and_contract(company) {
        let seller = "seller: {may: [{do: [deals.*, customers.*], scope: own}]}";
        let less = "seller: {may: [{do: [deals.read, deals.move, customers.*], scope: team, hide: [customer.phone]}]}";
        let text = COMPANY.replace(seller, less).replace("      - {id: won,", "      - {id: talk}\n      - {id: won,");
        let text = text.replace("phone: {type: text}", "phone: {type: text, max: 20}");
        let other = company.draft("dan", &text);
        let id = other.as_str().unwrap();
        let seen = company.get("dan", &format!("/v1/rules/diff?draft={id}"));
        assert_eq!(seen.status, 200, "{}", seen.text);
        let line = |one: &Json| {
            let words = ["role", "change", "action", "scope_before", "scope", "field", "sees_before", "sees"];
            words.iter().filter_map(|name| one[name].as_str()).collect::<Vec<_>>().join(" ")
        };
        let permissions: Vec<String> = seen.body["permissions"].as_array().unwrap().iter().map(line).collect();
        let expected = [
            "seller gained deals.read own team",
            "seller lost deals.read team customer.phone open hidden",
            "seller lost deals.create own",
            "seller lost deals.write own",
            "seller gained deals.move own team",
            "seller lost deals.move team customer.phone open hidden",
            "seller lost deals.grade own",
            "seller lost deals.log own",
            "seller lost deals.assign own",
            "seller lost deals.release own",
            "seller gained customers.read own team",
            "seller lost customers.read team customer.phone open hidden",
            "seller gained customers.write own team",
            "seller lost customers.write team customer.phone open hidden",
        ];
        assert_eq!(permissions, expected);

        let text = seen.body["text"].as_str().unwrap();
        assert!(text.starts_with("--- version 1\n+++ draft\n@@ "), "{text}");
        assert!(text.contains("\n+      - {id: talk}\n") && text.contains(&format!("\n-  {seller}\n+  {less}\n")), "{text}");
        assert!(!text.contains("format: 1"), "what is the same is left out: {text}");

        // For each role whose clients would notice: what, and whether it breaks them.
        let contracts = |body: &Json| -> Vec<(String, Vec<String>)> {
            let line = |one: &Json| {
                let sign = if one["breaking"] == true { "!" } else { "." };
                format!("{sign} {} {}", one["kind"].as_str().unwrap(), one["place"].as_str().unwrap())
            };
            let of = |one: &Json| {
                let lines: Vec<String> = one["changes"].as_array().unwrap().iter().map(line).collect();
                assert_eq!(one["breaking"], lines.iter().any(|line| line.starts_with('!')), "{one}");
                (one["roles"].to_string(), lines)
            };
            body["contracts"].as_array().unwrap().iter().map(of).collect()
        };
        let all = contracts(&seen.body);
        let of = |role: &str| all.iter().find(|(roles, _)| *roles == format!("[\"{role}\"]")).map(|(_, lines)| lines.clone()).unwrap();
        let seller = of("seller");
        for line in [
            "! removed POST /v1/deals",
            "! removed POST /v1/deals/{id}/grade",
            "! removed CustomerFields.phone",
            "! removed NewCustomerFields.phone",
            ". added StageId",
        ] {
            assert!(seller.iter().any(|own| own == line), "{line}: {seller:#?}");
        }
        let admin = of("admin");
        assert!(admin.contains(&". added StageId".to_owned()), "{admin:#?}");
        assert!(admin.contains(&"! changed NewCustomerFields.phone".to_owned()), "a text that may be shorter only: {admin:#?}");
        assert!(!admin.iter().any(|line| line.contains("removed POST")), "{admin:#?}");
        let limit = seen.body["contracts"].to_string();
        assert!(limit.contains("NewCustomerFields.phone: maxLength 20, was 2000"), "{limit}");

        // Who only reads rules learns it of his own roles; nothing differs from itself.
        let own = company.get("rea", "/v1/rules/diff?from=1&to=1");
        assert_eq!((own.status, &own.body["contracts"], &own.body["permissions"], &own.body["text"]), (200, &json!([]), &json!([]), &json!("")));
        let own = company.get("rea", &format!("/v1/rules/diff?draft={id}"));
        let own: Vec<String> = contracts(&own.body).into_iter().map(|(roles, _)| roles).collect();
        assert_eq!(own, ["[\"reader\"]"]);
        // A draft that says no rules yet is told why.
        let call = company.server.call("POST", "/v1/rules/drafts").token(&company.token("dan"));
        let faulty = call.text("application/yaml", "format: 1\n").expect(201).body["id"].clone();
        let seen_faulty = company.get("dan", &format!("/v1/rules/diff?draft={}", faulty.as_str().unwrap()));
        assert_eq!(seen_faulty.code(), "rules_invalid");

        // A preview tells the same, and of the rules that it compared, whatever is active by now.
        work(company);
        let path = begin(company, &json!({"draft": other}));
        assert_eq!(look(company), 1);
        let previewed = company.get("dan", &format!("{path}/rules"));
        assert_eq!(previewed.status, 200, "{}", previewed.text);
        for part in ["from", "draft", "changes", "permissions", "contracts"] {
            assert_eq!(previewed.body[part], seen.body[part], "{part}");
        }
        let activated = company.post("ada", &format!("/v1/rules/drafts/{id}/activate"), &json!({}));
        assert_eq!(activated.status, 201, "{}", activated.text);
        assert_eq!(company.get("dan", &format!("{path}/rules")).body, previewed.body);
        assert_eq!(company.get("sel", &format!("{path}/rules")).code(), "not_permitted");
        assert!(!previewed.text.contains("large"), "no customer is in it: {}", previewed.text);
    }
}
