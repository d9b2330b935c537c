//! `loudou demo`: a small company to try things on, served at once. Everything is made by the use cases that calls go
//! through, so the demo data has passed the rules like any other. Passwords are new each time.

use super::{house, serve};
use crate::engine::facts::Origin;
use crate::engine::grade::GradeRequest;
use crate::engine::moves::MoveRequest;
use crate::settings::Settings;
use crate::store::User;
use crate::values::{ActivityId, CustomerId, DealId, Key, TeamId};
use crate::workflow::Workflow;
use crate::workflow::auth::Tokens;
use crate::workflow::call::{Call, Caller};
use crate::workflow::customers::CustomerBody;
use crate::workflow::deals::{DealBody, DealPatch, NewOwner};
use crate::workflow::failure::Failure;
use crate::workflow::people::NewUser;
use crate::workflow::secrets::fresh_token;
use crate::workflow::setup::FirstAdministrator;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args};
use serde_json::{Value as Json, json};
use std::net::{IpAddr, Ipv4Addr};
use std::process::ExitCode;
use std::sync::Arc;

/// Serve a small company that is made on the spot.
#[derive(Args, Debug)]
pub struct Demo {
    #[command(flatten)]
    pub settings: Settings,
    /// Print one line of JSON instead of calls to paste: the address, who is there, their password, a customer and his
    /// deal.
    #[arg(long)]
    pub json: bool,
}

impl Demo {
    /// Makes the company in an empty database (a new temporary one unless `DATABASE_URL` names one) and serves it.
    #[must_use]
    pub fn run(mut self, matches: Option<&ArgMatches>) -> ExitCode {
        let given = matches.and_then(|matches| matches.value_source("database_url"));
        let folder = std::env::temp_dir().join(format!("loudou-demo-{}", uuid::Uuid::now_v7().simple()));
        if given.is_none_or(|source| source == ValueSource::DefaultValue) {
            match format!("sqlite:{}/demo.db", folder.display()).parse() {
                Ok(url) => self.settings.database.place.database_url = url,
                Err(fault) => return failed(&fault),
            }
        }
        if let Err(fault) = serve::begin_log(&self.settings.log) {
            return failed(&fault);
        }
        let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(fault) => return failed(&fault.to_string()),
        };
        let served = runtime.block_on(async {
            let workflow = house::open(&self.settings.database, &self.settings.rules).await?;
            let company = make(&workflow).await.map_err(|failure| told(&failure))?;
            let http = self.settings.http.clone();
            let told = async {
                if self.json {
                    println!("{}", company.json(&self.settings));
                } else {
                    company.print(&self.settings);
                }
                Ok(())
            };
            serve::run(http, workflow, told).await
        });
        // Where it was made for this, it goes with it.
        let _ = std::fs::remove_dir_all(&folder);
        match served {
            Ok(_) => ExitCode::SUCCESS,
            Err(fault) => failed(&fault),
        }
    }
}

fn failed(fault: &str) -> ExitCode {
    eprintln!("cannot run the demo: {fault}");
    ExitCode::FAILURE
}

fn told(failure: &Failure) -> String {
    match failure {
        Failure::NotFound => "the database has people already: the demo wants an empty one".to_owned(),
        failure => crate::api::error::chain(failure),
    }
}

/// The company that was made.
struct Company {
    people: Vec<User>,
    password: String,
    /// A fresh deal, for the tour.
    deal: DealId,
    customer: CustomerId,
}

async fn make(workflow: &Arc<Workflow>) -> Result<Company, Failure> {
    let now = house::clock();
    let password = fresh_token().chars().take(16).collect::<String>();
    let token = workflow.new_setup_token(now).await?;
    let first = FirstAdministrator { token, login: "ada".into(), name: "Ada".into(), password: password.clone() };
    let administrator = workflow.set_up(&Call::system(now, "demo"), first).await?;
    let ada = Somebody::of(workflow, &administrator);
    let mut people = vec![workflow.user(&ada.call(), administrator.user).await?];
    let south = ada.team("South").await?;
    let north = ada.team("North").await?;
    for (login, role, team) in [
        ("dong", "director", None),
        ("mei", "manager", Some(south)),
        ("li", "seller", Some(south)),
        ("wang", "seller", Some(south)),
        ("han", "seller", Some(north)),
    ] {
        people.push(ada.user(login, role, team, &password).await?);
    }
    let home = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let li = Somebody::of(workflow, &workflow.sign_in("li", password.clone(), home, now).await?);
    let wang = Somebody::of(workflow, &workflow.sign_in("wang", password.clone(), home, now).await?);
    for (name, phone) in [("深圳明辉电子", "0755 2666 1001"), ("广州天河印刷", "020 3888 1002")] {
        let deal = li.deal(name, phone, "web").await?.1;
        li.bring_to_contacted(deal).await?;
    }
    let lead = wang.deal("东莞新力模具", "0769 2233 1003", "referral").await?.1;
    wang.bring_to_contacted(lead).await?;
    wang.log(lead, "call", Some("interested")).await?;
    wang.go(lead, "lead", None).await?;
    let lost = wang.deal("佛山顺达物流", "0757 8399 1004", "yellow_pages").await?.1;
    wang.go(lost, "abandoned", Some("unreachable")).await?;
    let han = Somebody::of(workflow, &workflow.sign_in("han", password.clone(), home, now).await?);
    han.deal("珠海海天包装", "0756 3322 1005", "web").await?;
    let (customer, deal) = li.deal("华新门业", "0755 8888 1234", "advertising").await?;
    Ok(Company { people, password, deal, customer })
}

/// Somebody who is signed in.
struct Somebody<'a> {
    workflow: &'a Arc<Workflow>,
    caller: Caller,
}

impl<'a> Somebody<'a> {
    fn of(workflow: &'a Arc<Workflow>, tokens: &Tokens) -> Self {
        Self { workflow, caller: Caller::User { user: tokens.user, session: tokens.session } }
    }

    fn call(&self) -> Call {
        Call { caller: self.caller, ..Call::system(house::clock(), "demo") }
    }

    async fn team(&self, name: &str) -> Result<TeamId, Failure> {
        Ok(self.workflow.create_team(&self.call(), name.into(), None).await?.answer.team.id)
    }

    async fn user(&self, login: &str, role: &str, team: Option<TeamId>, password: &str) -> Result<User, Failure> {
        let new = NewUser {
            login: login.into(),
            name: login.into(),
            email: None,
            roles: vec![Key::new(role)],
            team,
            fields: object(json!({})),
            password: Some(password.into()),
        };
        Ok(self.workflow.create_user(&self.call(), new).await?.answer.user)
    }

    async fn deal(&self, name: &str, phone: &str, source: &str) -> Result<(CustomerId, DealId), Failure> {
        let fields = object(json!({"name": name, "phone": phone, "source": source}));
        let body = CustomerBody { fields, contacts: Vec::new() };
        let customer = self.workflow.create_customer(&self.call(), body).await?.answer.customer.id;
        let body = DealBody {
            customer,
            funnel: None,
            stage: None,
            product: None,
            origin: Origin::Supplied,
            owner: NewOwner::Maker,
            fields: object(json!({})),
        };
        Ok((customer, self.workflow.create_deal(&self.call(), body).await?.answer.deal.id))
    }

    async fn bring_to_contacted(&self, deal: DealId) -> Result<(), Failure> {
        let customer = self.workflow.deal(&self.call(), deal).await?.customer.id;
        let known = object(json!({"size": "large", "verified": true, "understood": "visited their web site"}));
        let patch = crate::workflow::customers::CustomerPatch { fields: known, contacts: None };
        self.workflow.change_customer(&self.call(), customer, patch).await?;
        let target = json!({"suitable": true, "sales_target": {"amount_minor": 8_000_000, "currency": "CNY"}});
        let patch = DealPatch { fields: object(target), product: Some(Some(Key::new("website"))) };
        self.workflow.change_deal(&self.call(), deal, patch).await?;
        self.workflow.grade_deal(&self.call(), deal, GradeRequest { grade: None, reason: None }).await?;
        self.go(deal, "graded", None).await?;
        self.log(deal, "call", Some("reached")).await?;
        self.log(deal, "material", None).await?;
        self.go(deal, "contacted", None).await
    }

    async fn log(&self, deal: DealId, kind: &str, outcome: Option<&str>) -> Result<(), Failure> {
        let new = crate::engine::activities::NewActivity {
            id: ActivityId::new(),
            kind: Key::new(kind),
            outcome: outcome.map(Key::new),
            method: None,
            contact: None,
            note: None,
            at: None,
        };
        self.workflow.log_activity(&self.call(), deal, new).await.map(drop)
    }

    async fn go(&self, deal: DealId, to: &str, reason: Option<&str>) -> Result<(), Failure> {
        let request = MoveRequest { from: None, to: Key::new(to), reason: reason.map(Key::new), note: None };
        self.workflow.move_deal(&self.call(), deal, request).await.map(drop)
    }
}

fn object(json: Json) -> serde_json::Map<String, Json> {
    match json {
        Json::Object(map) => map,
        _ => serde_json::Map::new(),
    }
}

/// The first calls of the README's tour, to paste: a refused move with everything that is missing, and then the way to a
/// successful one.
const TOUR: &str = include_str!("tour.sh");

impl Company {
    /// The same for programs. They sign in themselves: tokens would be old when they are read.
    fn json(&self, settings: &Settings) -> Json {
        let person = |user: &User| json!({"login": user.login, "roles": user.roles, "id": user.id});
        json!({
            "url": format!("http://{}", settings.http.listen),
            "password": self.password,
            "people": self.people.iter().map(person).collect::<Vec<_>>(),
            "customer": self.customer,
            "deal": self.deal,
        })
    }

    fn print(&self, settings: &Settings) {
        let address = settings.http.listen;
        println!(
            "A small company is served on http://{address} (documentation: http://{address}/docs/).\n\
             People: ada (administrator), dong (director), mei (manager), li, wang, han (sellers); password: {password}\n\
             \n\
             Paste these into another terminal (a token is good for ten minutes; then paste `LI=...` again):\n\
             \n\
             URL=http://{address} PASSWORD={password}\n\
             DEAL={deal} CUSTOMER={customer}\n\
             {TOUR}",
            password = self.password,
            deal = self.deal,
            customer = self.customer,
        );
    }
}
