//! How this process runs: flags and environment, and nothing else. There is no settings file.
//!
//! Names `values` at most. Every setting has a flag and an environment variable, says its unit in its name and its
//! default in its help; a `LOUDOU_*` variable that is not one of them refuses the start. Nothing secret is kept in here
//! (secrets are files, named here) but the password within `DATABASE_URL`, which never prints.

use clap::{Args, ValueEnum};
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

/// Everything a process is told when it starts.
#[derive(Args, Clone, Debug)]
pub struct Settings {
    #[command(flatten)]
    pub database: Database,
    #[command(flatten)]
    pub rules: RulesFrom,
    #[command(flatten)]
    pub http: Http,
    #[command(flatten)]
    pub log: Log,
}

/// Where the data is.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Data")]
pub struct Database {
    #[command(flatten)]
    pub place: Place,
    /// File with the master key (32 bytes or more; a second line is the key before it, while rotating). Without it,
    /// one is made at the first start beside an SQLite database; on PostgreSQL the start is refused.
    #[arg(long, env = "LOUDOU_SECRET_FILE", value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
    /// Connections of this process to PostgreSQL; each is used by one request at a time, further ones wait.
    #[arg(long, env = "LOUDOU_POSTGRES_CONNECTIONS", default_value_t = 8, value_name = "CONNECTIONS",
          value_parser = clap::value_parser!(u16).range(1..=500))]
    pub postgres_connections: u16,
}

/// The database itself: what every command needs that works on a company.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Data")]
pub struct Place {
    /// `sqlite:PATH` (one machine, nothing to install) or `postgres://USER:PASSWORD@HOST/NAME` (several processes).
    #[arg(long, env = "DATABASE_URL", default_value = "sqlite:data/loudou.db", value_name = "URL")]
    pub database_url: DatabaseUrl,
    /// File with the password for PostgreSQL, so that the URL need not hold it.
    #[arg(long, env = "LOUDOU_DATABASE_PASSWORD_FILE", value_name = "FILE")]
    pub database_password_file: Option<PathBuf>,
}

/// Where the rules come from.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Rules")]
pub struct RulesFrom {
    /// The rules file: seeds an empty database, or rules throughout (see the next).
    #[arg(long, env = "LOUDOU_RULES_FILE", default_value = "config/rules.yaml", value_name = "FILE")]
    pub rules_file: PathBuf,
    /// What rules once there is a database: its versions, changed through the API; or the file, changed by editing it.
    #[arg(long, env = "LOUDOU_RULES_SOURCE", value_enum, default_value_t = RulesSource::Database)]
    pub rules_source: RulesSource,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum RulesSource {
    Database,
    File,
}

/// The door to the network.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "HTTP")]
pub struct Http {
    /// Address and port of the API.
    #[arg(long, env = "LOUDOU_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS:PORT")]
    pub listen: SocketAddr,
    /// Address and port of the metrics, on a listener of their own; `off` for none.
    #[arg(long, env = "LOUDOU_METRICS_LISTEN", default_value = "127.0.0.1:9464", value_name = "ADDRESS:PORT")]
    pub metrics_listen: Switch<SocketAddr>,
    /// Threads that serve requests; 0 = one for each core.
    #[arg(long, env = "LOUDOU_WORKERS", default_value_t = 0, value_name = "THREADS")]
    pub workers: usize,
    /// Open connections for each worker; more wait in the system's queue.
    #[arg(long, env = "LOUDOU_CONNECTIONS", default_value_t = 4096, value_name = "CONNECTIONS")]
    pub connections: usize,
    /// Largest body of a request, in KiB, where the operation sets no smaller limit.
    #[arg(long, env = "LOUDOU_BODY_LIMIT_KIB", default_value_t = 1024, value_name = "KIB")]
    pub body_limit_kib: usize,
    /// Longest time for a whole request, slow bodies included, and then for reading its answer, in seconds.
    #[arg(long, env = "LOUDOU_REQUEST_DEADLINE_SECONDS", default_value_t = 30, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..=600))]
    pub request_deadline_seconds: u64,
    /// Between the first failing `/readyz` and closing the listener, in seconds: time for the load balancer to notice.
    #[arg(long, env = "LOUDOU_DRAIN_DELAY_SECONDS", default_value_t = 5, value_name = "SECONDS")]
    pub drain_delay_seconds: u64,
    /// How long requests under way may still take when stopping, in seconds.
    #[arg(long, env = "LOUDOU_STOP_DEADLINE_SECONDS", default_value_t = 30, value_name = "SECONDS")]
    pub stop_deadline_seconds: u64,
    /// Origins whose pages may call this API from a browser, with commas between; none by default.
    #[arg(long, env = "LOUDOU_CORS_ORIGINS", value_delimiter = ',', value_name = "ORIGINS")]
    pub cors_origins: Vec<Origin>,
    /// Reverse proxies whose `Forwarded` and `X-Forwarded-For` are believed: addresses or networks (`10.0.0.0/8`),
    /// with commas between; none by default.
    #[arg(long, env = "LOUDOU_TRUSTED_PROXIES", value_delimiter = ',', value_name = "NETWORKS")]
    pub trusted_proxies: Vec<Network>,
    /// Clients reach this process through TLS (a proxy ends it): says so to browsers (HSTS) and to the start-up check.
    #[arg(long, env = "LOUDOU_BEHIND_TLS", default_value_t = false, action = clap::ArgAction::Set, value_name = "BOOL")]
    pub behind_tls: bool,
    /// Requests a minute from one address (an IPv6 network of 64 bits counts as one); 0 = no limit.
    #[arg(long, env = "LOUDOU_LIMIT_ADDRESS_PER_MINUTE", default_value_t = 6000, value_name = "REQUESTS")]
    pub limit_address_per_minute: u32,
    /// Requests a minute from one signed-in user; 0 = no limit.
    #[arg(long, env = "LOUDOU_LIMIT_USER_PER_MINUTE", default_value_t = 1200, value_name = "REQUESTS")]
    pub limit_user_per_minute: u32,
}

/// What is written about the work.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Log")]
pub struct Log {
    /// Lines for people, or JSON for machines. Written to standard error.
    #[arg(long, env = "LOUDOU_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// `error`, `warn`, `info`, `debug` or `trace`; also for parts: `info,access=warn` leaves out the line each request
    /// writes.
    #[arg(
        long,
        env = "LOUDOU_LOG",
        default_value = "info,actix_server=warn,tokio_postgres=warn",
        value_name = "LEVEL"
    )]
    pub log: String,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// The address of the database. Its password shows nowhere.
#[derive(Clone)]
pub struct DatabaseUrl(SecretString);

impl DatabaseUrl {
    /// The whole address, password included: for connecting only.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl DatabaseUrl {
    /// The same with this password, which may hold any letters.
    ///
    /// # Errors
    /// The database takes none, or the URL has one already.
    pub fn with_password(&self, password: &str) -> Result<Self, String> {
        let url = self.expose();
        if url.starts_with("sqlite:") {
            return Err("SQLite takes no password".into());
        }
        if without_password(url) != url {
            return Err("there is a password in the URL and one in the file: leave one out".into());
        }
        let between = if url.contains('?') { '&' } else { '?' };
        let password = percent_encoding::utf8_percent_encode(password, percent_encoding::NON_ALPHANUMERIC);
        Ok(Self(format!("{url}{between}password={password}").into()))
    }
}

impl FromStr for DatabaseUrl {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let known = ["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme));
        if known { Ok(Self(text.into())) } else { Err("it begins with `sqlite:` or `postgres://`".into()) }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&without_password(self.expose()))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `url` with what could be a password replaced: between `:` and `@`, and in the parameter `password`.
#[must_use]
pub fn without_password(url: &str) -> String {
    let (url, query) = url.split_once('?').map_or((url, None), |(url, query)| (url, Some(query)));
    let mut shown = match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((login, host))) => {
            let login = login.split_once("://").map_or(login, |(_, login)| login);
            match login.split_once(':') {
                Some((user, _)) => format!("{scheme}://{user}:***@{host}"),
                None => format!("{scheme}://{login}@{host}"),
            }
        }
        _ => url.to_owned(),
    };
    if let Some(query) = query {
        let parts: Vec<String> = query
            .split('&')
            .map(|part| match part.split_once('=') {
                Some((name, _)) if name.eq_ignore_ascii_case("password") => format!("{name}=***"),
                _ => part.to_owned(),
            })
            .collect();
        shown = format!("{shown}?{}", parts.join("&"));
    }
    shown
}

/// A setting that can be switched `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch<T> {
    Off,
    On(T),
}

impl<T: FromStr> FromStr for Switch<T>
where
    T::Err: fmt::Display,
{
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            Ok(Self::Off)
        } else {
            text.parse().map(Self::On).map_err(|fault: T::Err| fault.to_string())
        }
    }
}

/// An origin as browsers send it: `https://crm.example.com`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(pub String);

impl FromStr for Origin {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
        let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-.:[]".contains(letter);
        if !host.is_empty() && host.chars().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err("an origin is a scheme, a host in small letters and perhaps a port: `https://crm.example.com`".into())
        }
    }
}

/// An address, or all addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Whether `address` is in it. An IPv4 address written as IPv6 counts as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let shift = 32_u32.saturating_sub(self.bits.into());
                own.to_bits().checked_shr(shift).unwrap_or(0) == other.to_bits().checked_shr(shift).unwrap_or(0)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let shift = 128_u32.saturating_sub(self.bits.into());
                own.to_bits().checked_shr(shift).unwrap_or(0) == other.to_bits().checked_shr(shift).unwrap_or(0)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl FromStr for Network {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| format!("`{address}` is not an IP address"))?;
        let whole = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(whole), str::parse::<u8>).ok().filter(|bits| *bits <= whole);
        bits.map(|bits| Self { address, bits }).ok_or_else(|| format!("after `/` comes a number of bits up to {whole}"))
    }
}

impl Http {
    /// Whether the API listens to other machines although nobody said that TLS is in front of it.
    #[must_use]
    pub fn listens_openly(&self) -> bool {
        !self.listen.ip().is_loopback() && !self.behind_tls && self.trusted_proxies.is_empty()
    }
}

/// The variables among `given` that begin like ours and are none of `known`, each with the known one it may mean.
#[must_use]
pub fn unknown_variables(given: &[String], known: &[String]) -> Vec<(String, Option<String>)> {
    // The common beginning would make any two look alike.
    let own = |name: &str| name.trim_start_matches("LOUDOU_").to_owned();
    given
        .iter()
        .filter(|name| name.starts_with("LOUDOU_") && !known.contains(name))
        .map(|name| {
            let near = known
                .iter()
                .map(|other| (strsim::jaro_winkler(&own(name), &own(other)), other))
                .filter(|(likeness, _)| *likeness > 0.85)
                .max_by(|(one, _), (other, _)| one.total_cmp(other));
            (name.clone(), near.map(|(_, other)| other.clone()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_never_shows() {
        let cases = [
            ("postgres://anna:p@ss:word@db/loudou", "postgres://anna:***@db/loudou"),
            ("postgres://anna@db/loudou?sslmode=require", "postgres://anna@db/loudou?sslmode=require"),
            ("postgres://db/loudou?user=anna&PASSWORD=geheim", "postgres://db/loudou?user=anna&PASSWORD=***"),
            ("sqlite:data/loudou.db", "sqlite:data/loudou.db"),
        ];
        for (url, shown) in cases {
            let url: DatabaseUrl = url.parse().unwrap();
            assert_eq!(url.to_string(), shown);
            assert_eq!(format!("{url:?}"), shown);
        }
        assert!("mysql://db".parse::<DatabaseUrl>().is_err());
    }

    #[test]
    fn a_password_of_its_own_goes_into_the_url() {
        let url: DatabaseUrl = "postgres://anna@db/loudou".parse().unwrap();
        let whole = url.with_password("p@ss/w&rd?").unwrap();
        assert_eq!(whole.expose(), "postgres://anna@db/loudou?password=p%40ss%2Fw%26rd%3F");
        assert_eq!(whole.to_string(), "postgres://anna@db/loudou?password=***");
        assert!(whole.with_password("another").is_err());
        let url: DatabaseUrl = "postgres://db/loudou?user=anna".parse().unwrap();
        assert_eq!(url.with_password("x").unwrap().expose(), "postgres://db/loudou?user=anna&password=x");
        assert!("sqlite:x.db".parse::<DatabaseUrl>().unwrap().with_password("x").is_err());
    }

    #[test]
    fn a_variable_that_is_none_of_ours_is_named_with_what_it_may_mean() {
        let known = ["LOUDOU_LISTEN".to_owned(), "LOUDOU_LOG".to_owned()];
        let given = ["LOUDOU_LISTN", "LOUDOU_LOG", "PATH", "LOUDOU_QQQ"].map(str::to_owned);
        let found = unknown_variables(&given, &known);
        assert_eq!(
            found,
            [("LOUDOU_LISTN".to_owned(), Some("LOUDOU_LISTEN".to_owned())), ("LOUDOU_QQQ".to_owned(), None)]
        );
    }

    #[test]
    fn a_network_holds_its_addresses() {
        let cases = [
            ("10.0.0.0/8", "10.200.3.4", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.1", "10.0.0.2", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("192.168.1.0/24", "::ffff:192.168.1.7", true),
            ("fd00::/8", "fd12::1", true),
            ("fd00::/8", "10.0.0.1", false),
        ];
        for (network, address, inside) in cases {
            let network: Network = network.parse().unwrap();
            assert_eq!(network.contains(address.parse().unwrap()), inside, "{network:?} {address}");
        }
        for wrong in ["10.0.0.0/33", "localhost", "fd00::/129", "10.0.0.0/x"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_origin_is_exact() {
        assert!("https://crm.example.com:8443".parse::<Origin>().is_ok());
        for wrong in ["*", "null", "https://", "https://*.example.com", "https://a/b", "ftp://a", "https://A.example"] {
            assert!(wrong.parse::<Origin>().is_err(), "{wrong}");
        }
    }
}
