//! `loudou check`, `test`, `keys`, `schema`: what a company tries on its rules file before anybody is held to it.

use super::{figures, say};
use crate::engine::advice::Advice;
use crate::rules::little::FigureTable;
use crate::rules::{Problem, Rules, Severity, check_bytes, keys, render};
use crate::texts::Message;
use crate::values::Language;
use crate::workflow::rules::CheckedRules;
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Which language to answer in.
#[derive(Args, Debug)]
pub struct Spoken {
    /// Language of the answer: `en` or `zh`. Left out: that of the environment (`LANG`).
    #[arg(long, value_name = "LANGUAGE")]
    pub lang: Option<String>,
}

impl Spoken {
    pub(super) fn languages(&self) -> Vec<Language> {
        let tag = self.lang.clone().or_else(|| std::env::var("LANG").ok()).unwrap_or_default();
        let tag = tag.split(['_', '-', '.']).next().unwrap_or_default().to_lowercase();
        vec![Language::new(&tag)]
    }
}

/// Check rules files: every problem at once, at its line and column.
#[derive(Args, Debug)]
pub struct Check {
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Tell what the figures of each funnel mean together (Little's law), also where they agree.
    #[arg(long)]
    pub figures: bool,
    /// Print problems, advice and figures as JSON, one list a file.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub spoken: Spoken,
}

impl Check {
    /// 0 if no file has errors; warnings and advice are told and do not count.
    #[must_use]
    pub fn run(&self) -> ExitCode {
        let wanted = self.spoken.languages();
        let mut faulty = false;
        for file in &self.files {
            let Some(bytes) = read(file) else {
                faulty = true;
                continue;
            };
            let today = Some(chrono::Utc::now().date_naive());
            let (problems, advice, figures) = match std::str::from_utf8(&bytes) {
                Ok(text) => {
                    let checked = CheckedRules::advised(text, today);
                    (checked.problems, checked.advice, checked.figures)
                }
                Err(_) => (check_bytes(&bytes, today).problems, Vec::new(), FigureTable::default()),
            };
            faulty |= problems.iter().any(|problem| problem.severity == Severity::Error);
            let name = file.display();
            if self.json {
                let problems = render::views(&problems, &wanted).into_iter().map(serde_json::to_value);
                let advice = advice.iter().map(|one| Ok(json(one, &wanted)));
                let figures = figures.funnels.iter().flat_map(|funnel| figures::json(funnel, &wanted)).map(Ok);
                let all: Result<Vec<_>, serde_json::Error> = problems.chain(advice).chain(figures).collect();
                say::line(&serde_json::to_string_pretty(&all.unwrap_or_default()).unwrap_or_default());
            } else {
                say::text(&render::text(&problems, &name.to_string(), &wanted));
                advice.iter().for_each(|one| say::text(&told(one, &name.to_string(), &wanted)));
                if self.figures {
                    say::text(&figures::told(&figures, &name.to_string(), &wanted));
                }
                say::line(&format!("{name}: {}", render::summary(&problems, &wanted)));
            }
        }
        if faulty { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}

/// `file:line`, code, sentence, and the scenario to paste.
fn told(advice: &Advice, name: &str, wanted: &[Language]) -> String {
    let word = Message::new("severity_advice").render(wanted);
    let mut text =
        format!("{name}:{}: {word} [{}]: {}\n", advice.line, advice.message.code, advice.message.render(wanted));
    if let Some(scenario) = &advice.scenario {
        text.push_str(&scenario.text(wanted));
    }
    text.push('\n');
    text
}

fn json(advice: &Advice, wanted: &[Language]) -> serde_json::Value {
    serde_json::json!({
        "severity": "advice",
        "code": advice.message.code,
        "message": advice.message.render(wanted),
        "line": advice.line,
        "scenario": advice.scenario.as_ref().map(|scenario| scenario.text(wanted)),
        "scenario_passes": advice.scenario.as_ref().map(|scenario| scenario.passes),
    })
}

/// Run the scenarios of a rules file.
#[derive(Args, Debug)]
pub struct Test {
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    pub spoken: Spoken,
}

impl Test {
    /// 0 if every scenario comes out as it says.
    #[must_use]
    pub fn run(&self) -> ExitCode {
        let wanted = self.spoken.languages();
        let Some(bytes) = read(&self.file) else { return ExitCode::FAILURE };
        let name = self.file.display();
        let refused = |problems: &[Problem]| {
            say::text(&render::text(problems, &name.to_string(), &wanted));
            ExitCode::FAILURE
        };
        let Ok(text) = std::str::from_utf8(&bytes) else { return refused(&check_bytes(&bytes, None).problems) };
        let checked = CheckedRules::of(text, None);
        let Some(rules) = &checked.rules else { return refused(&checked.problems) };
        let mut failed = 0;
        for result in &checked.scenarios {
            let mark = if result.passed() { "ok" } else { "FAILED" };
            say::line(&format!("{mark:>6}  {name}:{}  {}", result.line, result.name.get(&wanted)));
            for failure in &result.failures {
                say::line(&format!("        {name}:{}  {}", failure.line, failure.message.render(&wanted)));
            }
            failed += usize::from(!result.passed());
        }
        for one in crate::engine::scenarios::uncovered(rules, &checked.scenarios) {
            let place = match &one.place {
                Some((funnel, Some(stage))) => format!("{funnel}/{stage}"),
                Some((funnel, None)) => funnel.to_string(),
                None => "validations".to_owned(),
            };
            say::line(&format!("  none  {name}:{}  {place}: `{}` refuses in no scenario", one.line, one.id));
        }
        say::line(&format!("{} passed, {failed} failed", checked.scenarios.len() - failed));
        if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// Say what keys of the rules file mean.
#[derive(Args, Debug)]
pub struct Keys {
    /// A key or the end of its path, such as `stages.holding`; left out: all.
    #[arg(value_name = "KEY", default_value = "")]
    pub key: String,
    /// Print all of them, with actions, names of expressions and problems, as the page `docs/rules-keys.md`.
    #[arg(long, conflicts_with = "key")]
    pub markdown: bool,
    #[command(flatten)]
    pub spoken: Spoken,
}

impl Keys {
    #[must_use]
    pub fn run(&self) -> ExitCode {
        if self.markdown {
            print!("{}", keys::markdown());
            return ExitCode::SUCCESS;
        }
        let found = if self.key.is_empty() { keys::all() } else { keys::find(&self.key) };
        if found.is_empty() {
            eprintln!("there is no key `{}`", self.key);
            return ExitCode::FAILURE;
        }
        say::text(&keys::reference(&found, &self.spoken.languages()));
        ExitCode::SUCCESS
    }
}

/// Prints the JSON Schema of rules files, as it is committed in `openapi/rules.schema.json`.
#[must_use]
pub fn print_schema() -> ExitCode {
    say::text(&crate::rules::schema::text());
    ExitCode::SUCCESS
}

/// The rules of a file; its problems are told where it has errors.
pub(super) fn compiled(file: &Path, wanted: &[Language]) -> Option<Rules> {
    let checked = check_bytes(&read(file)?, None);
    if checked.rules.is_none() {
        eprint!("{}", render::text(&checked.problems, &file.display().to_string(), wanted));
    }
    checked.rules
}

fn read(file: &Path) -> Option<Vec<u8>> {
    match std::fs::read(file) {
        Ok(bytes) => Some(bytes),
        Err(fault) => {
            eprintln!("cannot read {}: {fault}", file.display());
            None
        }
    }
}
