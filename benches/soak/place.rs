//! Where a trial's program keeps its data: a folder, or a PostgreSQL server of its own.

use crate::Database;
use crate::postgres::Server;
use loudou::workflow::secrets::Secrets;
use std::path::PathBuf;
use tempfile::TempDir;

/// Gone with the value.
pub struct Place {
    _folder: TempDir,
    pub secret: PathBuf,
    pub server: Option<Server>,
    pub url: String,
}

impl Place {
    pub fn fresh(database: Database) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        std::fs::write(&secret, Secrets::fresh_text()).unwrap();
        let server = match database {
            Database::Sqlite => None,
            Database::Postgres => Some(Server::durable().expect("the programs of a PostgreSQL server")),
        };
        let url = match &server {
            None => format!("sqlite:{}/loudou.db", folder.path().display()),
            Some(server) => server.fresh_database(),
        };
        Self { _folder: folder, secret, server, url }
    }
}
