//! How a lane reaches the server: the URL, TLS, time limits.

use super::{Conn, LaneRuntime};
use crate::store::StoreSettings;
use crate::store::error::{Cause, StoreError};
use diesel::RunQueryDsl;
use diesel_async::AsyncPgConnection;
use diesel_async::async_connection_wrapper::BlockOn;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::NoTls;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long one attempt to reach the server may take: with it a lost database is answered within two seconds.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(1500);

/// How long the server waits for a process in the middle of a transaction. A lane goes from statement to statement, so one
/// that is silent stands still (paused, starved, cut off), and others wait for what it has locked: less than they are
/// ready to wait for a lock. What it was doing is taken back, and it begins again when it goes on.
const STANDSTILL: Duration = Duration::from_secs(3);

/// Asks the server for English messages. The driver hands on no SQLSTATE, so that a lock that was waited for in vain
/// is known by its words (`StoreError`). A user who may not ask keeps the server's language.
const IN_ENGLISH: &str = "DO $$ BEGIN IF current_setting('lc_messages') !~ '^(C|POSIX|en)' \
     THEN PERFORM set_config('lc_messages', 'C', false); END IF; \
     EXCEPTION WHEN insufficient_privilege THEN NULL; END $$";

/// Everything that is needed to connect.
pub(in crate::store) struct Connector {
    config: tokio_postgres::Config,
    tls: Option<MakeRustlsConnect>,
    setup: String,
}

impl Connector {
    /// Understands the URL. Besides what PostgreSQL's own clients know, `sslmode=verify-ca` and `verify-full` mean
    /// `require` (certificates are verified always), and `sslrootcert=FILE` trusts the authorities in that file only.
    pub fn new(url: &str, settings: &StoreSettings) -> Result<Self, StoreError> {
        let (url, root_file) = without_own_parameters(url);
        // The parser's own message may repeat the password.
        let mut config: tokio_postgres::Config =
            url.parse().map_err(|_| StoreError::Settings("the PostgreSQL URL cannot be understood".to_owned()))?;
        config
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_user_timeout(settings.statement_timeout + Duration::from_secs(1))
            .keepalives_idle(Duration::from_secs(10))
            .application_name("loudou");
        let tls = match config.get_ssl_mode() {
            SslMode::Require => Some(tls(root_file.as_deref())?),
            _ => None,
        };
        // What is acknowledged is on the server's disk, whatever the server, the database or the role say; a setting that
        // promises more than that is left alone.
        let setup = format!(
            "SET statement_timeout = {}; SET lock_timeout = {}; SET idle_in_transaction_session_timeout = {}; {}; \
             SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
            settings.statement_timeout.as_millis(),
            settings.lock_timeout.as_millis(),
            STANDSTILL.as_millis(),
            IN_ENGLISH
        );
        Ok(Self { config, tls, setup })
    }

    /// What is said on each connection before it is used.
    pub fn setup(&self) -> String {
        self.setup.clone()
    }

    /// A connection, driven by the runtime of this thread.
    pub fn connect(&self) -> Result<Conn, StoreError> {
        let attempt = async {
            tokio::time::timeout(CONNECT_TIMEOUT, self.establish()).await.unwrap_or_else(|late| Err(late.into()))
        };
        LaneRuntime::get_runtime().block_on(attempt).map(Conn::from).map_err(StoreError::Unavailable)
    }

    async fn establish(&self) -> Result<AsyncPgConnection, Cause> {
        let client = match &self.tls {
            Some(tls) => {
                let (client, connection) = self.config.connect(tls.clone()).await?;
                // How it ends is told by the statement that fails with it.
                tokio::spawn(async move { drop(connection.await) });
                client
            }
            None => {
                let (client, connection) = self.config.connect(NoTls).await?;
                tokio::spawn(async move { drop(connection.await) });
                client
            }
        };
        client.batch_execute(&self.setup).await?;
        Ok(AsyncPgConnection::try_from(client).await?)
    }
}

/// Says so where the server itself does not write to its disk: no client can change that.
pub(in crate::store) fn warn_if_forgetful(conn: &mut Conn) -> Result<(), StoreError> {
    for setting in ["fsync", "full_page_writes"] {
        let value: String = diesel::select(current_setting(setting)).get_result(conn)?;
        if value == "off" {
            tracing::warn!(
                setting,
                "the database server has it switched off: acknowledged writes may be lost when its machine fails"
            );
        }
    }
    Ok(())
}

diesel::define_sql_function! {
    /// The server's own setting of this name.
    fn current_setting(name: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

/// Takes `sslrootcert` out and turns `verify-*` into the `require` that the driver knows.
fn without_own_parameters(url: &str) -> (String, Option<String>) {
    let Some((base, query)) = url.split_once('?') else { return (url.to_owned(), None) };
    let mut root_file = None;
    let mut kept = Vec::new();
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some(("sslrootcert", file)) => root_file = Some(file.replace("%2F", "/").replace("%2f", "/")),
            Some(("sslmode", "verify-full" | "verify-ca")) => kept.push("sslmode=require"),
            _ => kept.push(pair),
        }
    }
    (format!("{base}?{}", kept.join("&")), root_file)
}

fn tls(root_file: Option<&str>) -> Result<MakeRustlsConnect, StoreError> {
    let mut roots = rustls::RootCertStore::empty();
    match root_file {
        Some(file) => {
            let unreadable = |error| {
                StoreError::Settings(format!("the certificates in `{file}` (sslrootcert) cannot be read: {error}"))
            };
            for certificate in CertificateDer::pem_file_iter(file).map_err(unreadable)? {
                roots.add(certificate.map_err(unreadable)?).map_err(|error| {
                    StoreError::Settings(format!("a certificate in `{file}` is not usable: {error}"))
                })?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| StoreError::failed("setting up TLS", error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
