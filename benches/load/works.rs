//! The works that are measured, as requests of sellers who go on working: what each asks, and the only status that counts
//! as done. A bare read asks the harness's own server for the same rows (`bare`).

use super::data::{self, ADMINISTRATOR, DIRECTOR, PATTERN, SELLERS, seller_of};
use super::drive::Work;
use super::http::{Connection, request};
use super::product::Place;
use loudou::values::{SessionId, Time, UserId};
use loudou::workflow::secrets::Secrets;
use std::cell::{Cell, RefCell};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Read,
    List,
    DeepList,
    Funnel,
    Move,
    Refusal,
    Create,
    Activity,
}

impl Kind {
    pub const ALL: [Self; 8] =
        [Self::Read, Self::List, Self::DeepList, Self::Funnel, Self::Move, Self::Refusal, Self::Create, Self::Activity];

    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read a deal",
            Self::List => "list of 50, page 1",
            Self::DeepList => "list of 50, deep",
            Self::Funnel => "funnel report, a month by seller",
            Self::Move => "move, 10 criteria met",
            Self::Refusal => "move, 1 of 10 unmet: refused",
            Self::Create => "create customer and deal",
            Self::Activity => "log an activity",
        }
    }

    /// The word of `--only`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::List => "list",
            Self::DeepList => "deep",
            Self::Funnel => "funnel",
            Self::Move => "move",
            Self::Refusal => "refusal",
            Self::Create => "create",
            Self::Activity => "activity",
        }
    }

    pub fn reads(self) -> bool {
        matches!(self, Self::Read | Self::List | Self::DeepList | Self::Funnel)
    }
}

/// The list that is asked for: a stage and a product of what a seller and his team hold, the newest first.
const LIST: &str = "/v1/deals?funnel=standard&stage=contacted&product=website&sort=-created_at&limit=50";
/// How many pages lie before the deep one, if there are so many.
const DEEP: usize = 40;

/// Where the deep page begins.
#[derive(Clone, Debug, Default)]
struct Deep {
    cursor: String,
    created_at: i64,
    id: String,
}

/// The company as its sellers know it.
pub struct Company {
    deals: u64,
    secrets: Secrets,
    tokens: RefCell<Vec<String>>,
    /// Of the deals that are moved, whether they are in `lead`.
    in_lead: Vec<Cell<bool>>,
    deep: RefCell<Deep>,
    random: Cell<u64>,
    made: Cell<u64>,
}

impl Company {
    pub fn new(deals: u64, place: &Place) -> Self {
        let secrets = Secrets::from_text(&std::fs::read_to_string(&place.secret_file).unwrap()).unwrap();
        let in_lead = (0..deals / PATTERN * 4).map(|k| Cell::new(data::begins_in_lead(moved(k)))).collect();
        let (tokens, deep) = (RefCell::default(), RefCell::default());
        Self { deals, secrets, tokens, in_lead, deep, random: Cell::new(1), made: Cell::new(0) }
    }

    /// Tokens live for minutes only: before each run they are made anew, as by signing in.
    pub fn sign_in(&self) {
        let now = Time::from(chrono::Utc::now());
        let token = |n| {
            let (user, session) = (UserId(data::user(n)), SessionId::new());
            loudou::api::token::sign(&self.secrets.token_keys, user, session, now).unwrap().0
        };
        *self.tokens.borrow_mut() = (0..=ADMINISTRATOR).map(token).collect();
    }

    fn random(&self, below: u64) -> u64 {
        // SplitMix64: the same choices in every run.
        let state = self.random.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.random.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below
    }

    /// One of the deals of these classes that only this caller works on.
    fn own_deal(&self, caller: usize, callers: usize, first: u64, classes: u64) -> u64 {
        let (caller, callers) = (caller as u64, callers as u64);
        let all = self.deals / PATTERN * classes;
        let k = caller + callers * self.random((all - caller).div_ceil(callers));
        k / classes * PATTERN + first + k % classes
    }

    fn next(&self) -> u64 {
        self.made.set(self.made.get() + 1);
        self.made.get()
    }

    pub fn token(&self, of: u64) -> String {
        self.tokens.borrow()[usize::try_from(of).unwrap()].clone()
    }

    /// Turns the pages of the list until the deep one, the last that is full.
    pub async fn find_deep_page(&self, connection: &mut Connection) -> Result<(), String> {
        let mut beginnings: Vec<Deep> = Vec::new();
        while beginnings.len() < DEEP {
            let cursor = beginnings.last().map_or_else(String::new, |last| format!("&cursor={}", last.cursor));
            let path = format!("{LIST}{cursor}");
            let body = ask(connection, &request("GET", &path, &self.token(0), None, ""), 200).await?;
            let page: serde_json::Value = serde_json::from_slice(&body).map_err(|fault| fault.to_string())?;
            let Some(cursor) = page["next_cursor"].as_str().map(str::to_owned) else { break };
            let last = page["data"].as_array().and_then(|data| data.last()).ok_or("an empty page that goes on")?;
            let text = |name: &str| last[name].as_str().unwrap_or_default().to_owned();
            let created_at: Time = text("created_at").parse().map_err(|_| "an unreadable instant")?;
            beginnings.push(Deep { cursor, created_at: created_at.micros(), id: text("id") });
        }
        let full = beginnings.len().saturating_sub(2);
        *self.deep.borrow_mut() = beginnings.get(full).cloned().ok_or("a list of one page has no deep one")?;
        Ok(())
    }
}

/// The number of the k-th deal that is moved.
fn moved(k: u64) -> u64 {
    k / 4 * PATTERN + 4 + k % 4
}

async fn ask(connection: &mut Connection, request: &[u8], expected: u16) -> Result<Vec<u8>, String> {
    let answer = connection.call(request).await.map_err(|fault| fault.to_string())?;
    if answer.status == expected {
        return Ok(answer.body.to_vec());
    }
    let (request, body) = (String::from_utf8_lossy(request), String::from_utf8_lossy(answer.body));
    Err(format!("{} instead of {expected}: {body}\n{request}", answer.status))
}

/// A work asked of the product, or of the bare reads.
pub struct Asked<'a> {
    pub kind: Kind,
    pub company: &'a Company,
    pub bare: bool,
}

impl Work for Asked<'_> {
    async fn once(&self, caller: usize, callers: usize, connection: &mut Connection) -> Result<(), String> {
        let company = self.company;
        let seller = company.random(SELLERS);
        let get = |path: &str, who: u64| request("GET", path, &company.token(who), None, "");
        let key = || format!("load-{}", company.next());
        let post = |path: &str, who: u64, body: &str| request("POST", path, &company.token(who), Some(&key()), body);
        let asked = match (self.kind, self.bare) {
            (Kind::Read, _) => {
                let deal = company.random(company.deals);
                get(&format!("/v1/deals/{}", data::deal(deal)), seller_of(deal))
            }
            (Kind::List, _) => get(LIST, seller),
            (Kind::DeepList, false) => get(&format!("{LIST}&cursor={}", company.deep.borrow().cursor), seller),
            (Kind::DeepList, true) => {
                let Deep { created_at, id, .. } = company.deep.borrow().clone();
                get(&format!("/v1/deals?at={created_at}&id={id}"), seller)
            }
            (Kind::Funnel, _) => get("/v1/reports/funnel?group_by=seller", DIRECTOR),
            (Kind::Move, _) => {
                let deal = company.own_deal(caller, callers, 4, 4);
                let place = &company.in_lead[usize::try_from(deal / PATTERN * 4 + deal % PATTERN - 4).unwrap()];
                let (from, to) = if place.get() { ("lead", "contacted") } else { ("contacted", "lead") };
                place.set(!place.get());
                let body = format!(r#"{{"from":"{from}","to":"{to}"}}"#);
                post(&format!("/v1/deals/{}/moves", data::deal(deal)), seller_of(deal), &body)
            }
            (Kind::Refusal, _) => {
                let deal = company.own_deal(caller, callers, 8, 2);
                let body = r#"{"from":"contacted","to":"lead"}"#;
                post(&format!("/v1/deals/{}/moves", data::deal(deal)), seller_of(deal), body)
            }
            (Kind::Activity, _) => {
                let deal = company.own_deal(caller, callers, 10, 5);
                let body = r#"{"kind":"call","outcome":"reached","note":"asked for an offer"}"#;
                post(&format!("/v1/deals/{}/activities", data::deal(deal)), seller_of(deal), body)
            }
            (Kind::Create, _) => {
                let n = company.next();
                let body = format!(
                    r#"{{"fields":{{"name":"new company {n}","phone":"138{n:08}","size":"large","industry":"manufacturing"}}}}"#
                );
                let made = ask(connection, &post("/v1/customers", seller, &body), 201).await?;
                let made: serde_json::Value = serde_json::from_slice(&made).map_err(|fault| fault.to_string())?;
                post("/v1/deals", seller, &format!(r#"{{"customer":{},"product":"website"}}"#, made["id"]))
            }
        };
        let expected = match self.kind {
            kind if kind.reads() => 200,
            Kind::Refusal => 422,
            _ => 201,
        };
        let body = ask(connection, &asked, expected).await?;
        // An empty page would be quick, and measure nothing.
        let full = !matches!(self.kind, Kind::List) || company.deals < 10_000 || body.len() > 10_000;
        if full { Ok(()) } else { Err(format!("a page of only {} bytes", body.len())) }
    }
}
