//! Puts the house together from the settings: the database, the master key, the rules in use. Used by every command that
//! works on a company's data.

use crate::api::health::Readiness;
use crate::api::sign_in::SignIn;
use crate::api::{App, Parts};
use crate::settings::{Database, DatabaseUrl, Http, Place, RulesFrom};
use crate::store::{Store, StoreSettings};
use crate::values::{Language, Time};
use crate::workflow::Workflow;
use crate::workflow::failure::Failure;
use crate::workflow::secrets::Secrets;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The rules that are compiled in: the founding deck.
pub const DEFAULT_RULES: &str = include_str!("../../config/rules.yaml");

/// The one real clock.
#[must_use]
pub fn clock() -> Time {
    Time::from(chrono::Utc::now())
}

/// Opens the database, brings its schema up to date and loads the rules in use; an empty database takes the rules file.
///
/// # Errors
/// What an operator can do something about, in one sentence.
pub async fn open(database: &Database, rules: &RulesFrom) -> Result<Arc<Workflow>, String> {
    let url = address(&database.place)?;
    let url = url.expose();
    if let Some(file) = sqlite_file(url).and_then(|file| file.parent().map(Path::to_owned)) {
        std::fs::create_dir_all(&file)
            .map_err(|fault| format!("cannot make the folder {}: {fault}", file.display()))?;
    }
    let secrets = secrets(database)?;
    let postgres_lanes = usize::from(database.postgres_connections);
    let settings = StoreSettings { postgres_lanes, ..StoreSettings::new(url) };
    let store = Store::open(&settings).await.map_err(|fault| crate::api::error::chain(&fault))?;
    let workflow = Workflow::new(store, secrets);
    if !workflow.has_rules().await.map_err(told)? {
        let (text, hash) = rules_text(rules)?;
        let seeded = workflow.seed_rules(text.clone(), hash, clock()).await;
        seeded.map_err(|failure| refused(&failure, &text, rules))?;
    }
    if let Err(failure) = workflow.reload().await {
        return Err(unusable(&workflow, failure).await);
    }
    Ok(workflow)
}

/// Opens a company that there is, for a command on the host. Nothing is made: a mistyped address must not answer with an
/// empty company. No master key is needed, since such a command neither signs nor seals anything.
///
/// # Errors
/// What an operator can do something about, in one sentence.
pub async fn open_present(place: &Place) -> Result<Arc<Workflow>, String> {
    let url = address(place)?;
    let url = url.expose();
    if let Some(file) = sqlite_file(url).filter(|file| !file.exists()) {
        return Err(format!("there is no database {}: name it with --database-url or DATABASE_URL", file.display()));
    }
    let secrets = Secrets::from_text(&Secrets::fresh_text()).map_err(|fault| fault.to_string())?;
    let store = Store::open(&StoreSettings::new(url)).await.map_err(|fault| crate::api::error::chain(&fault))?;
    let workflow = Workflow::new(store, secrets);
    if !workflow.has_rules().await.map_err(told)? || workflow.is_empty().await.map_err(told)? {
        return Err(
            "there is nobody in this database yet: `loudou serve` prints a token for the first administrator".into()
        );
    }
    if let Err(failure) = workflow.reload().await {
        return Err(unusable(&workflow, failure).await);
    }
    Ok(workflow)
}

/// Why the active rules cannot be used: those that a newer version wrote, perhaps.
async fn unusable(workflow: &Workflow, failure: Failure) -> String {
    let Failure::NotReady = failure else { return told(failure) };
    let active = workflow.store().read(|tx| {
        let number = tx.epochs()?.rules_version;
        tx.rules_version(number)
    });
    let Ok(Some(version)) = active.await else { return told(failure) };
    let problems = crate::rules::check(&version.text, None).problems;
    let name = format!("rules version {}", version.number);
    format!("this program cannot use the active rules\n{}", crate::rules::render::text(&problems, &name, &[]))
}

fn told(failure: Failure) -> String {
    crate::api::error::chain(&failure)
}

/// The rules file; the ones compiled in where the usual file is not there.
fn rules_text(rules: &RulesFrom) -> Result<(String, Option<String>), String> {
    match std::fs::read_to_string(&rules.rules_file) {
        Ok(text) => {
            let hash = crate::rules::hash(&text);
            Ok((text, Some(hash)))
        }
        Err(fault)
            if fault.kind() == std::io::ErrorKind::NotFound && rules.rules_file == Path::new("config/rules.yaml") =>
        {
            Ok((DEFAULT_RULES.to_owned(), None))
        }
        Err(fault) => Err(format!("cannot read the rules file {}: {fault}", rules.rules_file.display())),
    }
}

/// Rules that were refused, with every problem.
fn refused(failure: &Failure, text: &str, rules: &RulesFrom) -> String {
    let checked = crate::rules::check(text, None);
    let name = rules.rules_file.display().to_string();
    let problems = crate::rules::render::text(&checked.problems, &name, &[]);
    format!("{}\n{problems}", crate::api::error::chain(failure))
}

/// The address of the database, with its password.
fn address(place: &Place) -> Result<DatabaseUrl, String> {
    let Some(file) = &place.database_password_file else { return Ok(place.database_url.clone()) };
    let text = std::fs::read_to_string(file)
        .map_err(|fault| format!("cannot read the password file {}: {fault}", file.display()))?;
    // Editors and `echo` end a file with a line break.
    place.database_url.with_password(text.trim_end_matches(['\r', '\n']))
}

fn sqlite_file(url: &str) -> Option<PathBuf> {
    url.strip_prefix("sqlite:").map(|path| PathBuf::from(path.trim_start_matches("//")))
}

/// The master key. Beside an SQLite database it is made at the first start; over PostgreSQL several processes need the
/// same one, so it must be given.
fn secrets(database: &Database) -> Result<Secrets, String> {
    let file = match (&database.secret_file, sqlite_file(database.place.database_url.expose())) {
        (Some(file), _) => file.clone(),
        (None, Some(data)) => {
            let file = data.with_extension("secret");
            if !file.exists() {
                make_secret(&file)?;
            }
            file
        }
        (None, None) => {
            return Err("over PostgreSQL the master key must be given: LOUDOU_SECRET_FILE names a file with at least \
                        64 hexadecimal digits (`openssl rand -hex 32 > loudou.secret`), the same for every process"
                .into());
        }
    };
    let text = std::fs::read_to_string(&file)
        .map_err(|fault| format!("cannot read the secret file {}: {fault}", file.display()))?;
    Secrets::from_text(&text).map_err(|fault| format!("{}: {fault}", file.display()))
}

/// Readable by its owner only, and never over an existing one.
fn make_secret(file: &Path) -> Result<(), String> {
    let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    match made {
        Ok(mut made) => made
            .write_all(Secrets::fresh_text().as_bytes())
            .map_err(|fault| format!("cannot write the secret file {}: {fault}", file.display())),
        // Another process made it in this moment.
        Err(fault) if fault.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(fault) => Err(format!("cannot make the secret file {}: {fault}", file.display())),
    }
}

/// The application over an open house: the one composition for the server and for tests.
///
/// # Errors
/// What the table of operations and the document disagree about.
pub fn app(
    settings: Http,
    workflow: &Arc<Workflow>,
    clock: Arc<dyn Fn() -> Time + Send + Sync>,
) -> Result<App, Vec<String>> {
    let (for_language, for_probe, for_warnings) = (Arc::clone(workflow), Arc::clone(workflow), Arc::clone(workflow));
    let warnings = move || {
        let all = [
            (for_warnings.rules_file_is_refused(), "rules_file_refused"),
            (for_warnings.a_rules_draft_was_refused(), "rules_schedule_refused"),
        ];
        all.into_iter().filter(|(holds, _)| *holds).map(|(_, code)| code).collect()
    };
    App::new(Parts {
        settings,
        clock,
        fallback_language: Arc::new(move || for_language.first_language().unwrap_or_else(|| Language::new("en"))),
        readiness: Readiness::new(Box::new(move || {
            let workflow = Arc::clone(&for_probe);
            Box::pin(async move { workflow.ready().await.map_err(|failure| crate::api::error::chain(&failure)) })
        }))
        .with_warnings(Box::new(warnings)),
        authenticator: Arc::new(SignIn(Arc::clone(workflow))),
        workflow: Some(Arc::clone(workflow)),
    })
}
