//! The raw limit of reads, a server of its own: the token is checked, one statement read, its columns written as JSON.
//! No rules, no permissions, no fields hidden; as few hops as can be: each worker asks its own connection.

use super::data::{team, team_of};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use loudou::values::Time;
use loudou::workflow::call::Caller;
use loudou::workflow::secrets::Secrets;
use std::cell::RefCell;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const DEAL: &str = "SELECT d.id, d.stage, d.product, d.version, d.entered_at, d.created_at, d.fields, c.fields, \
    c.contacts, o.name FROM deals d JOIN customers c ON c.id = d.customer LEFT JOIN users o ON o.id = d.owner WHERE ";
const ONE: &str = "d.id = $1";
const PAGE: &str = "(d.owner = $1 OR d.team = $2) AND d.funnel = 'standard' AND d.stage = 'contacted' \
    AND d.product = 'website' AND (d.created_at, d.id) < ($3, $4) ORDER BY d.created_at DESC, d.id DESC LIMIT 51";
const FUNNEL: &str = "SELECT owner, to_stage, kind, count(*) FROM history \
    WHERE funnel = 'standard' AND at >= $1 AND at < $2 GROUP BY owner, to_stage, kind";

/// What a worker asks.
enum Reader {
    Sqlite(RefCell<rusqlite::Connection>),
    Postgres { client: tokio_postgres::Client, one: Statement, page: Statement, funnel: Statement },
}
use tokio_postgres::Statement;

impl Reader {
    async fn open(url: String) -> Result<Self, String> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let file = rusqlite::Connection::open(path).map_err(|fault| fault.to_string())?;
            let settings = "PRAGMA query_only = ON; PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY";
            file.execute_batch(settings).map_err(|fault| fault.to_string())?;
            return Ok(Self::Sqlite(RefCell::new(file)));
        }
        let connected = tokio_postgres::connect(&url, tokio_postgres::NoTls).await;
        let (client, connection) = connected.map_err(|fault| fault.to_string())?;
        tokio::spawn(connection);
        // As text: this client knows neither UUID nor JSON.
        let columns = DEAL.replacen("d.id", "d.id::text", 1);
        let columns = ["d.fields", "c.fields", "c.contacts"]
            .iter()
            .fold(columns, |sql, column| sql.replace(column, &format!("{column}::text")));
        let prepare = async |sql: String| client.prepare(&sql).await.map_err(|fault| fault.to_string());
        let one = prepare(format!("{columns}{}", ONE.replace("$1", "$1::text::uuid"))).await?;
        let page = PAGE.replace("$1", "$1::text::uuid").replace("$2", "$2::text::uuid").replace("$4", "$4::text::uuid");
        let page = prepare(format!("{columns}{page}")).await?;
        let funnel = prepare(FUNNEL.replacen("owner", "owner::text", 1)).await?;
        Ok(Self::Postgres { client, one, page, funnel })
    }

    async fn deals(&self, of: &Wanted) -> Result<String, String> {
        let mut text = String::from("[");
        match self {
            Self::Sqlite(file) => {
                let file = file.borrow();
                let told = |fault: rusqlite::Error| fault.to_string();
                // Along the order that is asked for: left to itself, SQLite reads and sorts the whole stage.
                let along = DEAL.replacen("deals d", "deals d INDEXED BY deals_created", 1);
                let sql = if matches!(of, Wanted::One(_)) { format!("{DEAL}{ONE}") } else { along + PAGE };
                let mut statement = file.prepare_cached(&sql).map_err(told)?;
                let mut rows = match of {
                    Wanted::One(id) => statement.query([id.as_bytes()]),
                    Wanted::Page { owner, team, at, id } => {
                        statement.query(rusqlite::params![owner.as_bytes(), team.as_bytes(), at, id.as_bytes()])
                    }
                }
                .map_err(told)?;
                while let Some(row) = rows.next().map_err(told)? {
                    let word =
                        |column: usize| row.get_ref(column).ok().and_then(|value| value.as_str_or_null().ok()?);
                    let number = |column: usize| row.get::<_, i64>(column).unwrap_or_default();
                    let id: [u8; 16] = row.get(0).map_err(told)?;
                    write(&mut text, &uuid::Uuid::from_bytes(id).to_string(), word, number);
                }
            }
            Self::Postgres { client, one, page, .. } => {
                let rows = match of {
                    Wanted::One(id) => client.query(one, &[&id.to_string()]).await,
                    Wanted::Page { owner, team, at, id } => {
                        client.query(page, &[&owner.to_string(), &team.to_string(), at, &id.to_string()]).await
                    }
                };
                for row in &rows.map_err(|fault| fault.to_string())? {
                    let word = |column: usize| row.get::<_, Option<&str>>(column);
                    write(&mut text, row.get(0), word, |column| row.get(column));
                }
            }
        }
        text.push(']');
        Ok(text)
    }

    async fn funnel(&self, from: i64, to: i64) -> Result<usize, String> {
        match self {
            Self::Sqlite(file) => {
                let file = file.borrow();
                let mut statement = file.prepare_cached(FUNNEL).map_err(|fault| fault.to_string())?;
                let mut rows = statement.query([from, to]).map_err(|fault| fault.to_string())?;
                let mut count = 0;
                while rows.next().map_err(|fault| fault.to_string())?.is_some() {
                    count += 1;
                }
                Ok(count)
            }
            Self::Postgres { client, funnel, .. } => {
                client.query(funnel, &[&from, &to]).await.map(|rows| rows.len()).map_err(|fault| fault.to_string())
            }
        }
    }
}

enum Wanted {
    One(uuid::Uuid),
    Page { owner: uuid::Uuid, team: uuid::Uuid, at: i64, id: uuid::Uuid },
}

fn write<'a>(text: &mut String, id: &str, word: impl Fn(usize) -> Option<&'a str>, number: impl Fn(usize) -> i64) {
    let (stage, product, owner) = (word(1).unwrap_or(""), word(2).unwrap_or(""), word(9).unwrap_or(""));
    let _ = write!(
        text,
        r#"{{"id":"{id}","stage":"{stage}","product":"{product}","version":{},"entered_at":{},"created_at":{},"owner":"{owner}","fields":{},"customer":{},"contacts":{}}},"#,
        number(3),
        number(4),
        number(5),
        word(6).unwrap_or("{}"),
        word(7).unwrap_or("{}"),
        word(8).unwrap_or("[]"),
    );
}

/// Serves until it is killed.
pub fn serve(url: String, secret_file: &Path) {
    let secrets = Arc::new(Secrets::from_text(&std::fs::read_to_string(secret_file).unwrap()).unwrap());
    let listen = std::env::var("BARE_LISTEN").unwrap();
    let served = actix_web::rt::System::new().block_on(
        HttpServer::new(move || {
            let url = url.clone();
            App::new()
                .app_data(Arc::clone(&secrets))
                .data_factory(move || Reader::open(url.clone()))
                .route("/", web::get().to(HttpResponse::Ok))
                .route("/v1/deals/{id}", web::get().to(one))
                .route("/v1/deals", web::get().to(page))
                .route("/v1/reports/funnel", web::get().to(funnel))
        })
        // Who waits for a slow statement is not sent away.
        .client_request_timeout(Duration::ZERO)
        .keep_alive(Duration::from_secs(600))
        .bind(listen)
        .unwrap()
        .run(),
    );
    served.unwrap();
}

/// Who asks, by their token.
fn user(request: &HttpRequest) -> Option<uuid::Uuid> {
    let secrets = request.app_data::<Arc<Secrets>>()?;
    let token = request.headers().get("authorization")?.to_str().ok()?.strip_prefix("Bearer ")?;
    match loudou::api::token::read(&secrets.token_keys, token, Time::from(chrono::Utc::now()))? {
        Caller::User { user, .. } => Some(user.0),
        Caller::Behalf(_) | Caller::System => None,
    }
}

fn answered(text: Result<String, String>) -> HttpResponse {
    match text {
        Ok(text) => HttpResponse::Ok().content_type("application/json").body(text),
        Err(fault) => HttpResponse::InternalServerError().body(fault),
    }
}

async fn one(request: HttpRequest, reader: web::Data<Reader>, id: web::Path<uuid::Uuid>) -> HttpResponse {
    if user(&request).is_none() {
        return HttpResponse::Unauthorized().finish();
    }
    answered(reader.deals(&Wanted::One(*id)).await)
}

#[derive(serde::Deserialize)]
struct Place {
    at: Option<i64>,
    id: Option<uuid::Uuid>,
}

async fn page(request: HttpRequest, reader: web::Data<Reader>, place: web::Query<Place>) -> HttpResponse {
    let Some(owner) = user(&request) else { return HttpResponse::Unauthorized().finish() };
    // The number of a seller is the end of his id.
    let team = team(team_of(owner.as_u64_pair().1 & 0xffff_ffff));
    let (at, id) = (place.at.unwrap_or(i64::MAX), place.id.unwrap_or(uuid::Uuid::max()));
    answered(reader.deals(&Wanted::Page { owner, team, at, id }).await)
}

async fn funnel(request: HttpRequest, reader: web::Data<Reader>) -> HttpResponse {
    if user(&request).is_none() {
        return HttpResponse::Unauthorized().finish();
    }
    let now = chrono::Utc::now();
    let month = i64::from(chrono::Datelike::day(&now)) * 86_400_000_000;
    let read = reader.funnel(now.timestamp_micros() - month, now.timestamp_micros()).await;
    answered(read.map(|rows| format!("{{\"rows\":{rows}}}")))
}
