//! Sixty-four people at once who do whatever comes into their heads, some of it forbidden, impossible or done before.
//! Whatever they do, the books are in order: nobody is lost, caps hold, every visit is a path of the rules.

use crate::books::Books;
use crate::client::{Seen, Server};
use crate::company::{Company, On, PASSWORD};
use crate::races::at_once;
use loudou::cli::house::DEFAULT_RULES;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const PEOPLE: usize = 64;
/// What each does.
const DEEDS: usize = 25;
/// Sellers who begin by taking more deals than they may hold: chance alone does not bring every crowd to a cap.
const GREEDY: std::ops::Range<usize> = 20..28;

/// Somebody with what it needs to act.
struct Person {
    login: String,
    id: String,
    role: &'static str,
    token: Mutex<String>,
}

/// What everybody knows of.
struct World<'a> {
    servers: [&'a Server; 2],
    people: Vec<Person>,
    teams: Vec<String>,
    /// By who made them.
    customers: Vec<Mutex<Vec<String>>>,
    /// With their customers.
    deals: Vec<Mutex<Vec<(String, String)>>>,
    contracts: Vec<Mutex<Vec<String>>>,
    /// How often a cap refused.
    capped: AtomicUsize,
    /// How often each deed was answered how.
    answers: Mutex<BTreeMap<(&'static str, u16), usize>>,
}

fn crowd(on: On) {
    let seed: u64 = std::env::var("TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    // Shown when the test fails.
    println!("TEST_SEED={seed}");
    // Caps that are reached, and a reason after which a deal may be taken up again at once.
    let rules = DEFAULT_RULES.replace("at_most: 30", "at_most: 2").replace(
        "{id: refused, label: {zh: 明确拒绝, en: Clearly refused}, cooling: 120wd}",
        "{id: refused, label: {zh: 明确拒绝, en: Clearly refused}}",
    );
    assert!(rules.matches("cooling: 120wd").count() == 0 && rules.contains("ideal: 10, at_most: 2"));
    let rules = rules.replace("ideal: 10, at_most: 2", "ideal: 1, at_most: 2");
    let rules = &rules[..rules.find("\nscenarios:").unwrap()];
    let Some(mut company) = Company::with_rules(on, rules) else { return };
    let teams = ["south", "north", "west"].map(|name| company.team(name, None)).to_vec();
    let people = people(&company, &teams);
    let other = (on == On::Postgres).then(|| company.another_process(&[]));
    let world = World {
        servers: [&company.server, other.as_ref().unwrap_or(&company.server)],
        people,
        teams,
        customers: (0..PEOPLE).map(|_| Mutex::default()).collect(),
        deals: (0..PEOPLE).map(|_| Mutex::default()).collect(),
        contracts: (0..PEOPLE).map(|_| Mutex::default()).collect(),
        capped: AtomicUsize::new(0),
        answers: Mutex::default(),
    };
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Audits while they are at it: the books are in order at every commit.
        let auditor = scope.spawn(|| {
            let mut audits = 0;
            while !done.load(Ordering::SeqCst) {
                assert_eq!(Books::of(&company.url).faults(), Vec::<String>::new());
                audits += 1;
            }
            audits
        });
        let acted = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            at_once(PEOPLE, |number| {
                let mut random = StdRng::seed_from_u64(seed ^ (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
                if GREEDY.contains(&number) {
                    world.take_too_many(number, &mut random);
                }
                for deed in 0..DEEDS {
                    world.act(number, deed, &mut random);
                }
            })
        }));
        done.store(true, Ordering::SeqCst);
        assert!(auditor.join().unwrap() > 0);
        acted.unwrap();
    });
    let answers = world.answers.lock().unwrap();
    let capped = world.capped.load(Ordering::SeqCst);
    println!("{answers:?}, refused by a cap: {capped}");
    assert!(capped > 0, "no cap was reached");
    let went = |deed: &str| answers.iter().any(|((name, status), many)| *name == deed && *status < 300 && *many > 0);
    for deed in ["customer", "deal", "known", "target", "grade", "log", "move"] {
        assert!(went(deed), "nobody did `{deed}`: {answers:?}");
    }
    // Chance does not bring every crowd as far as each of these.
    let rare = ["lose", "assign", "contract", "pay"].into_iter().filter(|deed| went(deed)).count();
    assert!(rare >= 2, "{answers:?}");
    nobody_is_lost(&company, &world);
}

fn people(company: &Company, teams: &[String]) -> Vec<Person> {
    let ada = company.token("ada");
    let make = |number: usize| {
        let role = match number {
            0 | 1 => "people_admin",
            2 | 3 => "director",
            4..=9 => "manager",
            10..=13 => "supporter",
            _ => "seller",
        };
        let login = format!("person{number}");
        let team = (role != "director" && role != "people_admin").then(|| teams[number % teams.len()].clone());
        let body = json!({"login": login, "name": login, "roles": [role], "team": team, "password": PASSWORD});
        let made = company.server.post("/v1/users", &body).token(&ada).expect(201);
        let seen = company.server.post("/v1/auth/login", &json!({"login": login, "password": PASSWORD})).expect(200);
        Person {
            login,
            id: made.body["id"].as_str().unwrap().to_owned(),
            role,
            token: Mutex::new(seen.body["access_token"].as_str().unwrap().to_owned()),
        }
    };
    (0..PEOPLE).map(make).collect()
}

impl World<'_> {
    /// Takes more deals than it may hold, and moves on what it has.
    fn take_too_many(&self, number: usize, random: &mut StdRng) {
        for turn in 0..4 {
            let body = json!({"fields": {"name": format!("taken {number} {turn}")}});
            let Some(made) = self.say(number, "customer", "POST", "/v1/customers", &body, random) else { continue };
            let customer = id(&made);
            self.customers[number].lock().unwrap().push(customer.clone());
            let made = self.say(number, "deal", "POST", "/v1/deals", &json!({"customer": customer}), random);
            self.deals[number].lock().unwrap().extend(made.map(|made| (id(&made), customer)));
        }
        for (deal, customer) in self.deals[number].lock().unwrap().clone() {
            self.prepare(number, &deal, &customer, random);
            self.say(number, "move", "POST", &format!("/v1/deals/{deal}/moves"), &json!({"to": "graded"}), random);
        }
    }

    /// The homework for a move.
    fn prepare(&self, number: usize, deal: &str, customer: &str, random: &mut StdRng) {
        let path = format!("/v1/deals/{deal}");
        let body = json!({"fields": {"size": "large", "verified": true, "understood": "makes doors"}});
        self.say(number, "known", "PATCH", &format!("/v1/customers/{customer}"), &body, random);
        let body = json!({"product": "website", "fields": {"sales_target": {"amount_minor": 500, "currency": "CNY"}}});
        self.say(number, "target", "PATCH", &path, &body, random);
        self.say(number, "grade", "POST", &format!("{path}/grade"), &json!({}), random);
        let body = json!({"kind": "call", "outcome": "reached"});
        self.say(number, "log", "POST", &format!("{path}/activities"), &body, random);
    }

    fn act(&self, number: usize, deed: usize, random: &mut StdRng) {
        let person = &self.people[number];
        if person.role == "people_admin" && random.random_bool(0.5) {
            return self.change_people(number, random);
        }
        let deal = some(&self.deals, number, random);
        let anybody = &self.people[random.random_range(0..PEOPLE)];
        let money = json!({"amount_minor": 500, "currency": "CNY"});
        match (random.random_range(0..100), deal) {
            (0..=17, _) => {
                // Now and then one that there is already.
                let name = match random.random_bool(0.1) {
                    true => "the same".to_owned(),
                    false => format!("customer {number} {deed}"),
                };
                let made =
                    self.say(number, "customer", "POST", "/v1/customers", &json!({"fields": {"name": name}}), random);
                self.customers[number].lock().unwrap().extend(made.as_ref().map(id));
            }
            (18..=37, _) | (_, None) => {
                let Some(customer) = some(&self.customers, number, random) else { return };
                let mut body = json!({"customer": customer});
                match random.random_range(0..3) {
                    0 => body["owner"] = Json::Null,
                    1 => body["owner"] = json!(anybody.id),
                    _ => {}
                }
                let made = self.say(number, "deal", "POST", "/v1/deals", &body, random);
                self.deals[number].lock().unwrap().extend(made.as_ref().map(|made| (id(made), customer)));
            }
            (38..=45, Some((deal, _))) => {
                let body = json!({"product": "website", "fields": {"sales_target": money, "suitable": random.random_bool(0.5)}});
                self.say(number, "target", "PATCH", &format!("/v1/deals/{deal}"), &body, random);
            }
            (46..=53, Some(_)) => {
                let Some(customer) = some(&self.customers, number, random) else { return };
                let size = ["large", "ordinary", "unknown"][random.random_range(0..3)];
                let body = json!({"fields": {"size": size, "verified": true, "understood": "makes doors"}});
                self.say(number, "known", "PATCH", &format!("/v1/customers/{customer}"), &body, random);
            }
            (54..=58, Some((deal, _))) => {
                self.say(number, "grade", "POST", &format!("/v1/deals/{deal}/grade"), &json!({}), random);
            }
            (59..=65, Some((deal, _))) => {
                let outcome = ["reached", "interested", "refused"][random.random_range(0..3)];
                let body = json!({"kind": "call", "outcome": outcome, "note": format!("by {number}")});
                self.say(number, "log", "POST", &format!("/v1/deals/{deal}/activities"), &body, random);
            }
            (66..=77, Some((deal, customer))) => {
                let path = format!("/v1/deals/{deal}");
                if random.random_bool(0.6) {
                    self.prepare(number, &deal, &customer, random);
                }
                let to =
                    ["graded", "graded", "contacted", "lead", "resource", "signed"][random.random_range(0..6_usize)];
                self.say(number, "move", "POST", &format!("{path}/moves"), &json!({"to": to}), random);
            }
            (78..=83, Some((deal, _))) => {
                let reason = if random.random_bool(0.5) { "refused" } else { "unreachable" };
                let body = json!({"to": "abandoned", "reason": reason});
                self.say(number, "lose", "POST", &format!("/v1/deals/{deal}/moves"), &body, random);
            }
            (84..=89, Some((deal, _))) => {
                let body = json!({"owner": anybody.id});
                self.say(number, "assign", "POST", &format!("/v1/deals/{deal}/assign"), &body, random);
            }
            (90..=92, Some((deal, _))) => {
                self.say(number, "release", "POST", &format!("/v1/deals/{deal}/release"), &json!({}), random);
            }
            (93..=96, Some((deal, _))) => {
                let body = json!({"amount": money, "signed_on": "2026-03-02"});
                let path = format!("/v1/deals/{deal}/contracts");
                let made = self.say(number, "contract", "POST", &path, &body, random);
                self.contracts[number].lock().unwrap().extend(made.map(|made| format!("{path}/{}", id(&made))));
            }
            (_, Some(_)) => {
                let Some(contract) = some(&self.contracts, number, random) else { return };
                let body = json!({"amount": money, "paid_on": "2026-03-02"});
                self.say(number, "pay", "POST", &format!("{contract}/payments"), &body, random);
            }
        }
    }

    /// Somebody leaves, comes back, or changes the team.
    fn change_people(&self, number: usize, random: &mut StdRng) {
        let leaver = &self.people[PEOPLE - 1 - random.random_range(0..8_usize)];
        let body = match random.random_range(0..4) {
            0 => json!({"active": false}),
            1 => json!({"active": true}),
            _ => json!({"team": self.teams[random.random_range(0..self.teams.len())]}),
        };
        self.say(number, "people", "PATCH", &format!("/v1/users/{}", leaver.id), &body, random);
    }

    /// Asks; what came of it. Half of it under a key, and some of that again at once.
    fn say(
        &self,
        number: usize,
        deed: &'static str,
        method: &str,
        path: &str,
        body: &Json,
        random: &mut StdRng,
    ) -> Option<Seen> {
        let person = &self.people[number];
        let server = self.servers[random.random_range(0..2)];
        let key = random.random_bool(0.5).then(|| format!("{number}-{}", random.random::<u64>()));
        let call = || {
            let token = person.token.lock().unwrap().clone();
            let call = server.call(method, path).json(body).token(&token);
            let call = if method == "PATCH" { call.header("if-match", "*") } else { call };
            match &key {
                Some(key) => call.header("idempotency-key", key).send(),
                None => call.send(),
            }
        };
        let seen = call();
        self.capped.fetch_add(usize::from(seen.status == 422 && seen.unmet().contains(&"holding")), Ordering::SeqCst);
        *self.answers.lock().unwrap().entry((deed, seen.status)).or_default() += 1;
        let expected = [200, 201, 400, 401, 403, 404, 409, 422].contains(&seen.status);
        assert!(expected, "{} {method} {path} {body}: {}", person.login, seen.text);
        if seen.status == 401 && random.random_bool(0.3) {
            // Sent away meanwhile; perhaps back again.
            let login = json!({"login": person.login, "password": PASSWORD});
            let again = server.post("/v1/auth/login", &login).send();
            assert!([200, 401, 429].contains(&again.status), "{}", again.text);
            if again.status == 200 {
                *person.token.lock().unwrap() = again.body["access_token"].as_str().unwrap().to_owned();
            }
        }
        if key.is_some() && seen.status < 300 && random.random_bool(0.2) {
            let again = call();
            // The same answer; or that it is none of his any more.
            let same = again.status == seen.status && again.body["id"] == seen.body["id"];
            assert!(same || [401, 403, 404].contains(&again.status), "{}: {} after {}", path, again.text, seen.text);
            assert!(!same || again.header("idempotency-replayed") == "true");
        }
        (seen.status < 300).then_some(seen)
    }
}

/// One of one's own, or now and then of anybody's.
fn some<T: Clone>(of: &[Mutex<Vec<T>>], number: usize, random: &mut StdRng) -> Option<T> {
    let own = random.random_bool(0.75) && !of[number].lock().unwrap().is_empty();
    let whose = if own { number } else { random.random_range(0..PEOPLE) };
    let all = of[whose].lock().unwrap();
    (!all.is_empty()).then(|| all[random.random_range(0..all.len())].clone())
}

fn id(made: &Seen) -> String {
    made.body["id"].as_str().unwrap().to_owned()
}

/// The books are in order, the API says what they say, and whoever left can be succeeded: after that every open deal is
/// in a pool or with somebody who works here.
fn nobody_is_lost(company: &Company, world: &World<'_>) {
    let books = Books::of(&company.url);
    assert_eq!(books.faults(), Vec::<String>::new());
    assert_eq!(company.holdings_amiss(), 0);
    let director = world.people[2].token.lock().unwrap().clone();
    for (id, _) in world.deals.iter().flat_map(|own| own.lock().unwrap().clone()) {
        let deal = company.server.get(&format!("/v1/deals/{id}")).token(&director).expect(200);
        let history = company.server.get(&format!("/v1/deals/{id}/history?limit=100")).token(&director).expect(200);
        let last = history.body["data"].as_array().unwrap().last().unwrap().clone();
        assert_eq!((&deal.body["stage"], &deal.body["owner"]), (&last["to"], &last["new_owner"]), "{}", history.text);
    }
    for id in books.left_behind() {
        company.server.post(&format!("/v1/deals/{id}/release"), &json!({})).token(&director).expect(201);
    }
    let books = Books::of(&company.url);
    assert_eq!((books.faults(), books.left_behind()), (Vec::new(), Vec::<String>::new()));
}

#[test]
fn sixty_four_at_once_leave_the_books_in_order_on_sqlite() {
    crowd(On::Sqlite);
}

#[test]
fn sixty_four_at_once_leave_the_books_in_order_on_postgres() {
    crowd(On::Postgres);
}
