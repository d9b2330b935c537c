//! The funnel report by HTTP: what a walk leaves in it, who sees whose figures, and that each line opens into its deals.

use crate::company::Company;
use crate::on_both;
use serde_json::{Value as Json, json};

fn people(company: &mut Company) {
    company.person("dora", &["director"], None);
    company.person("mei", &["manager"], Some("south"));
    company.person("li", &["seller"], Some("south"));
    company.person("wang", &["seller"], Some("north"));
}

/// Each stage of a group that has anything, as `stage start+entered-left=end now/overdue`.
fn told(group: &Json) -> Vec<String> {
    let lines = group["stages"].as_array().unwrap().iter();
    lines
        .map(|line| {
            let number = |path: &str| line.pointer(path).unwrap().as_i64().unwrap();
            let came = number("/entered") + number("/received");
            let went = number("/left/total") + number("/handed_over");
            assert_eq!(number("/stock_end"), number("/stock_start") + came - went, "{line:#}");
            let (start, end) = (number("/stock_start"), number("/stock_end"));
            let (now, overdue) = (number("/holding/now"), number("/holding/overdue"));
            (line["stage"].as_str().unwrap(), [start, came, went, end, now, overdue])
        })
        .filter(|(_, figures)| figures.iter().any(|figure| *figure != 0))
        .map(|(stage, [start, came, went, end, now, overdue])| {
            format!("{stage} {start}+{came}-{went}={end} {now}/{overdue}")
        })
        .collect()
}

/// As many deals are listed as the line says stand there.
fn opens(company: &Company, by: &str, line: &Json) {
    let parameters = line["deals"].as_object().unwrap().iter().filter(|(_, value)| !value.is_null());
    let query: Vec<String> = parameters.map(|(name, value)| format!("{name}={}", value.as_str().unwrap())).collect();
    let listed = company.get(by, &format!("/v1/deals?limit=100&{}", query.join("&")));
    assert_eq!(listed.status, 200, "{}", listed.text);
    assert_eq!(listed.body["data"].as_array().unwrap().len() as i64, line["holding"]["now"].as_i64().unwrap());
}

on_both!(a_walk_is_counted_for_whom_it_concerns, |company| {
    people(company);
    let (kept, lost) = (company.deal("li", "华新门业"), company.deal("li", "南方电机"));
    company.deal("wang", "北方纸业");
    let gone = company.post("li", &format!("/v1/deals/{lost}/moves"), &json!({"to": "abandoned", "reason": "refused"}));
    assert_eq!(gone.status, 201, "{}", gone.text);

    let report = company.get("dora", "/v1/reports/funnel");
    assert_eq!(report.status, 200, "{}", report.text);
    assert_eq!((report.body["from"].as_str(), report.body["to"].as_str()), (Some("2026-03-01"), Some("2026-04-01")));
    let all = &report.body["groups"][0];
    assert_eq!(told(all), ["resource 0+3-1=2 2/0", "abandoned 0+1-0=1 1/0"]);
    let resource = &all["stages"][0];
    assert_eq!(resource["left"], json!({"total": 1, "forward": 0, "back": 0, "lost": 1, "reopened": 0}));
    assert_eq!(resource["cohort"], json!({"forward": 0, "back": 0, "lost": 1, "reopened": 0, "open": 2}));
    // Two sellers, ten each.
    assert_eq!(resource["holding"]["ideal"].as_str(), Some("20"));
    assert_eq!((resource["target_rate"].as_str(), resource["target_dwell"].as_str()), (Some("1"), Some("1wd")));
    opens(company, "dora", resource);

    // A manager's report has her team's deals and no others; whose name she may not read, she is not told.
    let sellers = company.get("mei", "/v1/reports/funnel?group_by=seller");
    let groups = sellers.body["groups"].as_array().unwrap();
    let [li] = groups.as_slice() else { panic!("{:#}", sellers.body) };
    assert_eq!((li["seller"].as_str(), li["name"].as_str()), (Some(company.id("li").as_str()), None));
    assert_eq!(told(li), ["resource 0+2-1=1 1/0", "abandoned 0+1-0=1 1/0"]);
    assert_eq!(li["stages"][0]["holding"]["ideal"].as_str(), Some("10"));
    opens(company, "mei", &li["stages"][0]);
    let teams = company.get("dora", "/v1/reports/funnel?group_by=team");
    let names: Vec<_> = teams.body["groups"].as_array().unwrap().iter().map(|one| one["name"].as_str()).collect();
    assert_eq!(names, [Some("north"), Some("south")]);
    opens(company, "dora", &teams.body["groups"][1]["stages"][0]);

    // From hand to hand, and into the pool: of nobody's deals there is no list.
    let wang = json!({"owner": company.id("wang")});
    assert_eq!(company.post("dora", &format!("/v1/deals/{kept}/assign"), &wang).status, 201);
    company.pass_hours(24 * 3);
    let south = company.team("south", None);
    let report = company.get("dora", &format!("/v1/reports/funnel?group_by=seller&team={south}"));
    assert_eq!(told(&report.body["groups"][0]), ["resource 0+2-2=0 0/0", "abandoned 0+1-0=1 1/0"]);
    let report = company.get("dora", &format!("/v1/reports/funnel?owner={}", company.id("wang")));
    assert_eq!(told(&report.body["groups"][0]), ["resource 0+2-0=2 2/2"]);
    assert_eq!(company.post("dora", &format!("/v1/deals/{kept}/release"), &json!({})).status, 201);
    let report = company.get("dora", "/v1/reports/funnel?group_by=seller&from=2026-03-04&to=2026-03-05");
    let groups = report.body["groups"].as_array().unwrap();
    let nobodys = groups.iter().find(|one| one["seller"].is_null()).unwrap();
    assert_eq!(told(nobodys), ["resource 0+0-0=0 1/1"]);
    assert!(nobodys["stages"][0]["deals"].is_null());
    // Of a grade that no deal has, nothing; and in the reader's language.
    let call = company.server.get("/v1/reports/funnel?grade=A").token(&company.token("dora"));
    let report = call.header("accept-language", "zh").expect(200);
    assert_eq!(told(&report.body["groups"][0]), Vec::<String>::new());
    assert_eq!(report.body["groups"][0]["stages"][0]["label"].as_str(), Some("客户资源"));
});

on_both!(what_a_report_cannot_be_about_is_told_at_once, |company| {
    people(company);
    let nobody = uuid::Uuid::nil();
    let rows = [
        (
            format!("funnel=standart&product=boat&grade=Z&team={nobody}&owner={nobody}&from=2026-03-02&to=2026-03-02"),
            "/funnel not_one_of, /product not_one_of, /grade not_one_of, /team team_unknown, /owner user_unknown, \
             /to period_backwards",
        ),
        ("from=2026-05-01".into(), "/from period_backwards"),
        ("from=soon&group_by=week".into(), "/from not_a_date, /group_by not_one_of"),
        ("by=team".into(), "/by parameter_unknown"),
    ];
    for (query, faults) in rows {
        let call = company.server.get(&format!("/v1/reports/funnel?{query}")).token(&company.token("dora"));
        assert_eq!(call.refused(400, "invalid_parameters").faults().join(", "), faults, "{query}");
    }
    let call = company.server.get("/v1/reports/funnel?funnel=standart").token(&company.token("dora"));
    let told = call.header("accept-language", "zh").refused(400, "invalid_parameters");
    assert!(told.body["errors"][0]["detail"].as_str().unwrap().contains("`standard`"), "{}", told.text);
    // Sellers have no reports.
    company.server.get("/v1/reports/funnel").token(&company.token("li")).refused(403, "not_permitted");
    company.server.get("/v1/reports/funnel").refused(401, "unauthenticated");
});
