//! `loudou serve`: builds the application from the settings and serves it until a signal says otherwise.

use super::{house, say};
use crate::api::server::{self, Ended};
use crate::jobs::rules_file::RulesFile;
use crate::jobs::{active_rules, rules_replays, rules_schedule, rules_shadow};
use crate::settings::{Http, Log, LogFormat, RulesSource, Settings};
use crate::workflow::Workflow;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory};
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use tracing_subscriber::EnvFilter;

/// Serve the API.
#[derive(Args, Debug)]
pub struct Serve {
    #[command(flatten)]
    pub settings: Settings,
    /// Print every setting, where it comes from, and stop.
    #[arg(long)]
    pub print_settings: bool,
}

impl Serve {
    /// Serves, or says what would be served with.
    #[must_use]
    pub fn run(self, matches: Option<&ArgMatches>) -> ExitCode {
        if self.print_settings {
            return print(matches);
        }
        if let Err(fault) = begin_log(&self.settings.log) {
            eprintln!("LOUDOU_LOG: {fault}");
            return ExitCode::from(2);
        }
        match serve(self.settings) {
            Ok(Ended::Gracefully) => ExitCode::SUCCESS,
            Ok(Ended::AtOnce) => {
                tracing::warn!("stopped at once, with work under way");
                // Threads may still be at it: waiting for them is what the second signal forbids.
                std::process::exit(1)
            }
            Err(fault) => {
                tracing::error!("cannot serve: {fault}");
                ExitCode::FAILURE
            }
        }
    }
}

fn serve(settings: Settings) -> Result<Ended, String> {
    warn_if_open(&settings.http);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|fault| fault.to_string())?;
    runtime.block_on(async {
        let workflow = house::open(&settings.database, &settings.rules).await?;
        if settings.rules.rules_source == RulesSource::File {
            workflow.take_rules_from_file();
            let file = RulesFile::new(Arc::clone(&workflow), settings.rules.rules_file.clone());
            tokio::spawn(file.watch(Arc::new(house::clock)));
        }
        let offered = Arc::clone(&workflow);
        run(settings.http, workflow, async move { offer_setup(&offered).await }).await
    })
}

/// Serves an open house, with all that goes on beside the calls, until a signal says otherwise. `listening` is done once
/// it listens: what a process that cannot serve must not do or say.
pub async fn run(
    settings: Http,
    workflow: Arc<Workflow>,
    listening: impl Future<Output = Result<(), String>>,
) -> Result<Ended, String> {
    tokio::spawn(rules_schedule::watch(Arc::clone(&workflow), Arc::new(house::clock)));
    tokio::spawn(rules_replays::watch(Arc::clone(&workflow), Arc::new(house::clock)));
    tokio::spawn(active_rules::watch(Arc::clone(&workflow)));
    tokio::spawn(rules_shadow::watch(Arc::clone(&workflow)));
    let app = house::app(settings, &workflow, Arc::new(house::clock)).map_err(|faults| faults.join("; "))?;
    let ended = server::run(Arc::new(app).into(), listening).await.map_err(|fault| fault.to_string())?;
    workflow.store().close().await.map_err(|fault| crate::api::error::chain(&fault))?;
    Ok(ended)
}

/// While there is nobody, prints a one-time token for the first administrator: to standard output only, never the log.
async fn offer_setup(workflow: &Workflow) -> Result<(), String> {
    let told = |failure| crate::api::error::chain(&failure);
    if workflow.is_empty().await.map_err(told)? {
        let token = workflow.new_setup_token(house::clock()).await.map_err(told)?;
        say::line("There is nobody yet. Make the first administrator within 15 minutes: POST /v1/setup with the token");
        say::line(&token);
    }
    Ok(())
}

fn warn_if_open(settings: &Http) {
    if settings.listens_openly() {
        tracing::warn!(
            "listening on {} without TLS: passwords and tokens can be read on the way; put a proxy that ends TLS in \
             front and say so (LOUDOU_BEHIND_TLS=true, LOUDOU_TRUSTED_PROXIES)",
            settings.listen
        );
    }
}

/// Begins the log as the settings say.
///
/// # Errors
/// The filter cannot be read.
pub fn begin_log(log: &Log) -> Result<(), String> {
    let filter = EnvFilter::try_new(&log.log).map_err(|fault| fault.to_string())?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let lines = lines.with_ansi(std::io::stderr().is_terminal());
    let begun = match log.log_format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init(),
    };
    begun.map_err(|fault| fault.to_string())
}

/// Every setting with its value and where it comes from; a password shows as `***`.
fn print(matches: Option<&ArgMatches>) -> ExitCode {
    let Some(matches) = matches else { return ExitCode::FAILURE };
    let command = super::Line::command();
    let Some(serve) = command.find_subcommand("serve") else { return ExitCode::FAILURE };
    let mut text = String::new();
    for setting in serve.get_arguments() {
        let (Some(variable), id) = (setting.get_env().and_then(|name| name.to_str()), setting.get_id().as_str()) else {
            continue;
        };
        let values = matches.get_raw(id).into_iter().flatten();
        let value = values.map(|value| value.to_string_lossy().into_owned()).collect::<Vec<_>>().join(",");
        let value = if variable == "DATABASE_URL" { crate::settings::without_password(&value) } else { value };
        let source = match matches.value_source(id) {
            Some(ValueSource::CommandLine) => "flag",
            Some(ValueSource::EnvVariable) => "environment",
            Some(_) => "default",
            None => "not set",
        };
        text.push_str(&format!("{:<52} # {source}\n", format!("{variable}={value}")));
    }
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
