//! Work under keys: sellers who take customers through the funnel, step by step, each step under a key of its own, and
//! who ask again for what was not answered. What was acknowledged is written down here, to be compared with the books.

#![allow(dead_code, reason = "each program uses its part")]

use crate::books::{Books, plain};
use crate::instance::{Instance, ask_by};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

pub const PASSWORD: &str = "correct horse battery";

/// One customer's way through the funnel, as far as it was answered.
#[derive(Clone, Debug)]
struct Way {
    name: String,
    step: usize,
    /// At which step the customer says no.
    ends_after: usize,
    customer: String,
    deal: String,
    contract: String,
}

/// The steps: everything that a seller writes, the end of the way last.
const STEPS: usize = 12;

impl Way {
    fn new(name: String, ends_after: usize) -> Self {
        Self { name, step: 0, ends_after, customer: String::new(), deal: String::new(), contract: String::new() }
    }

    fn is_over(&self) -> bool {
        self.step >= STEPS
    }

    fn request(&self) -> (&'static str, String, Json) {
        let deal = format!("/v1/deals/{}", self.deal);
        let money = |minor: i64| json!({"amount_minor": minor, "currency": "CNY"});
        match self.step {
            0 => ("POST", "/v1/customers".into(), json!({"fields": {"name": self.name, "source": "web"}})),
            1 => ("POST", "/v1/deals".into(), json!({"customer": self.customer})),
            2 => {
                let known = json!({"fields": {"size": "large", "verified": true, "understood": "makes doors"}});
                ("PATCH", format!("/v1/customers/{}", self.customer), known)
            }
            3 => ("PATCH", deal, json!({"product": "website", "fields": {"sales_target": money(1)}})),
            4 => ("POST", format!("{deal}/grade"), json!({})),
            5 => ("POST", format!("{deal}/moves"), json!({"from": "resource", "to": "graded"})),
            6 => ("POST", format!("{deal}/activities"), json!({"kind": "call", "outcome": "reached", "note": "asked"})),
            7 => ("POST", format!("{deal}/moves"), json!({"from": "graded", "to": "contacted"})),
            8 => ("POST", format!("{deal}/contracts"), json!({"amount": money(500), "signed_on": "2026-03-02"})),
            9 => {
                let body = json!({"amount": money(200), "paid_on": "2026-03-02"});
                ("POST", format!("{deal}/contracts/{}/payments", self.contract), body)
            }
            10 => ("POST", format!("{deal}/activities"), json!({"kind": "call", "outcome": "refused"})),
            _ => ("POST", format!("{deal}/moves"), json!({"to": "abandoned", "reason": "refused"})),
        }
    }

    fn went(&mut self, answer: &Json) -> String {
        let id = answer["id"].as_str().unwrap_or_default().to_owned();
        match self.step {
            0 => self.customer.clone_from(&id),
            1 => self.deal.clone_from(&id),
            8 => self.contract.clone_from(&id),
            _ => {}
        }
        self.step = if self.step >= self.ends_after { self.step.max(STEPS - 2) + 1 } else { self.step + 1 };
        id
    }
}

/// Sellers at work, and what they were told.
pub struct Traffic {
    name: &'static str,
    /// Login, id; the token is taken anew for each start.
    sellers: Vec<(String, String)>,
    ways: Mutex<Vec<Vec<Way>>>,
    /// (actor, key) to the id that was answered.
    acknowledged: Mutex<BTreeMap<(String, String), String>>,
    pub answered: AtomicUsize,
    /// Answers that say: not now.
    pub turned_away: AtomicUsize,
    /// Requests without any answer.
    pub unanswered: AtomicUsize,
    made: AtomicUsize,
}

impl Traffic {
    /// Makes the first administrator and so many sellers.
    pub fn begin(instance: &Instance, sellers: usize) -> Self {
        let body = json!({"token": instance.setup_token(), "login": "ada", "name": "Ada", "password": PASSWORD});
        let ada = said(instance.ask("", "POST", "/v1/setup", None, &body), 201);
        Self::of(instance, ada["access_token"].as_str().unwrap(), "seller", sellers)
    }

    /// Makes so many sellers, whose names and whose customers' names begin so.
    pub fn of(instance: &Instance, administrator: &str, name: &'static str, sellers: usize) -> Self {
        let sellers = (0..sellers).map(|number| {
            let login = format!("{name}{number}");
            let body = json!({"login": login, "name": login, "roles": ["seller"], "password": PASSWORD});
            let made = said(instance.ask(administrator, "POST", "/v1/users", None, &body), 201);
            (login, made["id"].as_str().unwrap().to_owned())
        });
        let sellers: Vec<_> = sellers.collect();
        Self {
            name,
            ways: Mutex::new(vec![Vec::new(); sellers.len()]),
            sellers,
            acknowledged: Mutex::default(),
            answered: AtomicUsize::new(0),
            turned_away: AtomicUsize::new(0),
            unanswered: AtomicUsize::new(0),
            made: AtomicUsize::new(0),
        }
    }

    /// How many sellers there are.
    pub fn workers(&self) -> usize {
        self.sellers.len()
    }

    /// Signs a seller in; nothing where nobody answers.
    pub fn sign_in(&self, address: &str, worker: usize) -> Option<String> {
        let body = json!({"login": self.sellers[worker].0, "password": PASSWORD});
        match crate::instance::ask(address, "", "POST", "/v1/auth/login", None, &body) {
            Ok((200, answer)) => Some(answer["access_token"].as_str().unwrap().to_owned()),
            Ok((503, _)) | Err(_) => None,
            Ok((status, answer)) => panic!("signing in: {status} {answer}"),
        }
    }

    /// One seller works until told to stop, or until nobody answers: first on what was begun before and is not over.
    /// `fresh`: whether to begin with new customers too.
    pub fn work(&self, address: &str, worker: usize, stop: &AtomicBool, fresh: bool) {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let Some(token) = self.patiently(stop, || self.sign_in(address, worker)) else { return };
        while !stop.load(Ordering::SeqCst) {
            let Some(place) = self.next_way(worker, fresh) else { return };
            let mut way = self.ways.lock().unwrap()[worker][place].clone();
            while !way.is_over() && !stop.load(Ordering::SeqCst) {
                let (method, path, body) = way.request();
                let key = format!("{}-{}", way.name, way.step);
                match ask_by(&agent, address, &token, method, &path, Some(&key), &body) {
                    Ok((200 | 201, answer)) => {
                        let id = way.went(&answer);
                        self.ways.lock().unwrap()[worker][place] = way.clone();
                        let actor = plain(&self.sellers[worker].1);
                        self.acknowledged.lock().unwrap().insert((actor, key), id);
                        self.answered.fetch_add(1, Ordering::SeqCst);
                    }
                    Ok((503, _)) => {
                        self.turned_away.fetch_add(1, Ordering::SeqCst);
                        std::thread::park_timeout(Duration::from_millis(20));
                    }
                    Ok((status, answer)) => panic!("{method} {path} under {key}: {status} {answer}"),
                    Err(_) => {
                        self.unanswered.fetch_add(1, Ordering::SeqCst);
                        return;
                    }
                }
            }
        }
    }

    fn patiently<T>(&self, stop: &AtomicBool, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
        for _ in 0..500 {
            if let Some(answer) = ask() {
                return Some(answer);
            }
            if stop.load(Ordering::SeqCst) {
                return None;
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
        None
    }

    fn next_way(&self, worker: usize, fresh: bool) -> Option<usize> {
        let mut ways = self.ways.lock().unwrap();
        if let Some(place) = ways[worker].iter().position(|way| !way.is_over()) {
            return Some(place);
        }
        if !fresh {
            return None;
        }
        let number = self.made.fetch_add(1, Ordering::SeqCst);
        // Some say no early, so that the steps do not go in step.
        let ends_after = [STEPS, 3, 6, STEPS, 8, 1][number % 6];
        ways[worker].push(Way::new(format!("{}-customer-{number}", self.name), ends_after));
        Some(ways[worker].len() - 1)
    }

    /// Everything that was acknowledged is in the books once, with the answer that was given; `settled`: and nothing
    /// else is.
    pub fn faults(&self, books: &Books, settled: bool) -> Vec<String> {
        let mut faults = Vec::new();
        let (kept, acknowledged) = (books.kept(), self.acknowledged.lock().unwrap());
        for ((actor, key), id) in acknowledged.iter() {
            match kept.get(&(actor.clone(), key.clone())) {
                None => faults.push(format!("{key} was acknowledged and is gone")),
                Some(answer) if !answer.contains(id.as_str()) => {
                    faults.push(format!("{key}: {answer} instead of {id}"))
                }
                Some(_) => {}
            }
        }
        for (worker, (login, id)) in self.sellers.iter().enumerate() {
            let (allowed, actor) = (books.allowed_of(id), plain(id));
            let told = acknowledged.keys().filter(|(one, _)| *one == actor).count();
            // At most one request of each is on its way.
            let most = if settled { told } else { told + 1 };
            if !(told..=most).contains(&allowed) {
                faults.push(format!("{login} was told of {told} writes, {allowed} are in the log"));
            }
            let open = self.ways.lock().unwrap()[worker].iter().filter(|way| !way.is_over()).count();
            if settled && open > 0 {
                faults.push(format!("{login} has {open} customers whose way is not over"));
            }
        }
        faults
    }

    /// How many writes were acknowledged.
    pub fn acknowledged(&self) -> usize {
        self.acknowledged.lock().unwrap().len()
    }
}

/// An answer that must have this status.
#[track_caller]
pub fn said(answer: crate::instance::Answer, status: u16) -> Json {
    let (seen, body) = answer.unwrap();
    assert_eq!(seen, status, "{body}");
    body
}
