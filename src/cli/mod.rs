//! The command line: one file for each command. It may name everything, and is the only one to read the system's clock,
//! environment and signals: what others need of them is handed in.

pub mod compare;
pub mod demo;
pub mod explain;
mod figures;
pub mod health;
pub mod house;
pub mod openapi;
pub mod picture;
pub mod rules;
mod say;
pub mod serve;
pub mod user;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use std::process::ExitCode;

/// A headless sales-funnel service: one YAML file says what the funnel is, every call is decided by it.
#[derive(Parser, Debug)]
#[command(name = "loudou", version, max_term_width = 100)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Serve the API.
    Serve(Box<serve::Serve>),
    /// Serve a small company that is made on the spot, with calls to paste.
    Demo(Box<demo::Demo>),
    /// Check rules files: every problem at once, at its line and column, and what would make them better.
    Check(rules::Check),
    /// Run the scenarios of a rules file.
    Test(rules::Test),
    /// Say in words what differs between two rules files.
    Diff(compare::Diff),
    /// Say why a deal may enter a stage, or may not: each criterion, on which values, and what would satisfy it.
    Explain(explain::Explain),
    /// Draw a funnel of a rules file, as SVG or Mermaid.
    Picture(picture::Picture),
    /// Say what keys of the rules file mean.
    Keys(rules::Keys),
    /// Print the JSON Schema of rules files, for editors.
    Schema,
    /// Ask a server whether it is ready: 0 if it is. For containers without another client.
    Health(health::Health),
    /// Print the OpenAPI document.
    Openapi,
    /// People, from the host itself: for when nobody can sign in who may change them.
    User(user::User),
}

/// Runs what the command line says.
#[must_use]
pub fn main() -> ExitCode {
    let matches = match Line::command().try_get_matches() {
        Ok(matches) => matches,
        Err(fault) => fault.exit(),
    };
    let line = match Line::from_arg_matches(&matches) {
        Ok(line) => line,
        Err(fault) => fault.exit(),
    };
    if let Err(fault) = refuse_unknown_variables() {
        eprintln!("{fault}");
        return ExitCode::from(2);
    }
    match line.command {
        Command::Serve(command) => command.run(matches.subcommand_matches("serve")),
        Command::Demo(command) => command.run(matches.subcommand_matches("demo")),
        Command::Check(command) => command.run(),
        Command::Test(command) => command.run(),
        Command::Diff(command) => command.run(),
        Command::Explain(command) => command.run(),
        Command::Picture(command) => command.run(),
        Command::Keys(command) => command.run(),
        Command::Schema => rules::print_schema(),
        Command::Health(command) => command.run(),
        Command::Openapi => openapi::run(),
        Command::User(command) => command.run(),
    }
}

/// A mistyped variable would silently leave its setting at the default.
fn refuse_unknown_variables() -> Result<(), String> {
    let mut known = Vec::new();
    let mut commands = vec![Line::command()];
    while let Some(command) = commands.pop() {
        known.extend(command.get_arguments().filter_map(|one| one.get_env()?.to_str().map(str::to_owned)));
        commands.extend(command.get_subcommands().cloned());
    }
    let given: Vec<String> = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect();
    let unknown = crate::settings::unknown_variables(&given, &known);
    if unknown.is_empty() {
        return Ok(());
    }
    let lines = unknown.into_iter().map(|(name, near)| match near {
        Some(near) => format!("`{name}` is not a setting; did you mean `{near}`?"),
        None => format!("`{name}` is not a setting; `loudou serve --help` lists them"),
    });
    Err(lines.collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Line::command().debug_assert();
    }

    #[test]
    fn every_setting_has_a_variable_and_says_what_it_is() {
        let serve = Line::command().find_subcommand("serve").unwrap().clone();
        for setting in serve.get_arguments().filter(|one| !["help", "print_settings"].contains(&one.get_id().as_str()))
        {
            let name = setting.get_id();
            let variable = setting.get_env().and_then(|name| name.to_str()).unwrap_or_default();
            assert!(variable.starts_with("LOUDOU_") || variable == "DATABASE_URL", "{name}: {variable}");
            assert!(setting.get_help().is_some_and(|help| help.to_string().len() > 20), "{name}");
        }
    }
}
