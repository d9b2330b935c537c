//! `loudou picture`: a funnel of a rules file, drawn.

use super::rules::compiled;
use super::say;
use crate::rules::picture::{mermaid, svg};
use crate::values::{Key, Language};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::process::ExitCode;

/// Draw a funnel of a rules file: its stages with what is aimed at, what is demanded to enter, and every move.
#[derive(Args, Debug)]
pub struct Picture {
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Which funnel; left out: the first of the file.
    #[arg(long, value_name = "ID")]
    pub funnel: Option<String>,
    #[arg(long, value_enum, default_value_t = Format::Svg)]
    pub format: Format,
    /// Language of the picture's words; left out: the first of the file.
    #[arg(long, value_name = "LANGUAGE")]
    pub language: Option<String>,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A picture that stands alone.
    Svg,
    /// A flowchart for documents that draw it themselves.
    Mermaid,
}

impl Picture {
    /// Prints the picture.
    #[must_use]
    pub fn run(&self) -> ExitCode {
        let asked: Vec<Language> = self.language.iter().map(|tag| Language::new(tag)).collect();
        let Some(rules) = compiled(&self.file, &asked) else { return ExitCode::FAILURE };
        let wanted = if asked.is_empty() { rules.languages.clone() } else { asked };
        let funnel = match &self.funnel {
            Some(id) => rules.funnels.get(&Key::new(id)),
            None => rules.funnels.values().next(),
        };
        let Some(funnel) = funnel else {
            let known: Vec<String> = rules.funnels.keys().map(|id| format!("`{id}`")).collect();
            let id = self.funnel.as_deref().unwrap_or_default();
            eprintln!("there is no funnel `{id}` in {}; there are {}", self.file.display(), known.join(", "));
            return ExitCode::FAILURE;
        };
        say::text(&match self.format {
            Format::Svg => svg(&rules, funnel, &wanted),
            Format::Mermaid => mermaid(&rules, funnel, &wanted),
        });
        ExitCode::SUCCESS
    }
}
