//! `loudou diff`: what differs between two rules files, in words.

use super::rules::{Spoken, compiled};
use super::say;
use crate::rules::diff::{diff, text, views};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// Say in words what differs between two rules files: stages, figures, criteria, moves, fields, and for each role what it
/// may do more or less. How a file is written does not matter, only what it means.
#[derive(Args, Debug)]
pub struct Diff {
    #[arg(value_name = "BEFORE")]
    pub before: PathBuf,
    #[arg(value_name = "AFTER")]
    pub after: PathBuf,
    /// Print the changes as JSON: place, kind, coded message with its values, and the text.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub spoken: Spoken,
}

impl Diff {
    /// 0 if nothing differs, 1 if something does, 2 if a file cannot be used: as `diff` does.
    #[must_use]
    pub fn run(&self) -> ExitCode {
        let wanted = self.spoken.languages();
        let (before, after) = (compiled(&self.before, &wanted), compiled(&self.after, &wanted));
        let (Some(before), Some(after)) = (before, after) else { return ExitCode::from(2) };
        let changes = diff(&before, &after);
        if self.json {
            say::line(&serde_json::to_string_pretty(&views(&changes, &wanted)).unwrap_or_default());
        } else {
            say::text(&text(&changes, &wanted));
        }
        if changes.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
