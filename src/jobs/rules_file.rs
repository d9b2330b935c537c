//! The rules file, where it rules (`LOUDOU_RULES_SOURCE=file`): a changed file is taken, a bad one keeps the last good
//! rules.
//!
//! Only a *changed* file makes a version, so that a rolling deployment cannot flip the rules: one that changes while this
//! process runs, or one that no process has taken before. An older file that a restarted process still has is left.

use crate::rules::hash;
use crate::rules::migrate::Migration;
use crate::store::RulesSource;
use crate::values::Time;
use crate::workflow::Workflow;
use crate::workflow::activation::NewRules;
use crate::workflow::call::Call;
use crate::workflow::failure::Failure;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How often the file is looked at.
const EVERY: Duration = Duration::from_secs(1);

/// Larger than any rules file: what is beyond it is another file under this name, and not read into memory.
const LARGEST_BYTES: u64 = 1024 * 1024;

/// The file, as this process knows it.
#[derive(Debug)]
pub struct RulesFile {
    workflow: Arc<Workflow>,
    path: PathBuf,
    /// The hash it had when it was last looked at; `None` = never looked at, or it could not be read.
    seen: Option<String>,
    is_first_look: bool,
    /// Whether what was last looked at is refused, or left since it is an older one. A bad file stays bad, though later looks find it unchanged.
    refused: bool,
}

/// What came of a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    Unchanged,
    /// An earlier file, which a newer one has replaced: left alone.
    Older,
    /// Its rules are active: the number of their version.
    Taken(i64),
    /// The last good rules stay. Why, for the log.
    Refused(String),
}

impl RulesFile {
    #[must_use]
    pub fn new(workflow: Arc<Workflow>, path: PathBuf) -> Self {
        Self { workflow, path, seen: None, is_first_look: true, refused: false }
    }

    /// Looks at the file, and takes it if it changed. Whether other rules than its own stay is told by the process's
    /// readiness.
    pub async fn look(&mut self, now: Time) -> Look {
        let look = match self.read().await {
            Ok(text) => {
                let file_hash = hash(&text);
                if self.seen.as_ref() == Some(&file_hash) {
                    return Look::Unchanged;
                }
                self.take(text, file_hash, now).await
            }
            Err(fault) => {
                self.seen = None;
                Look::Refused(fault)
            }
        };
        self.refused = matches!(look, Look::Refused(_) | Look::Older);
        self.workflow.note_rules_file(self.refused);
        metrics::gauge!("loudou_rules_file_refused").set(f64::from(u8::from(self.refused)));
        look
    }

    async fn read(&self) -> Result<String, String> {
        let path = self.path.clone();
        let read = tokio::task::spawn_blocking(move || read(&path)).await;
        read.unwrap_or_else(|fault| Err(fault.to_string()))
    }

    async fn take(&mut self, text: String, file_hash: String, now: Time) -> Look {
        let first = std::mem::replace(&mut self.is_first_look, false);
        if first {
            match self.workflow.knows_rules_file(&file_hash).await {
                Ok(None) => {}
                Ok(Some(is_last)) => {
                    self.seen = Some(file_hash);
                    return if is_last { Look::Unchanged } else { Look::Older };
                }
                Err(failure) => {
                    self.is_first_look = true;
                    return Look::Refused(failure.to_string());
                }
            }
        }
        let new = NewRules {
            text,
            comment: None,
            source: RulesSource::File,
            migrate: Migration::default(),
            file_hash: Some(file_hash.clone()),
        };
        let look = match self.workflow.activate_rules(&Call::system(now, "rules-file"), new).await {
            Ok(done) => Look::Taken(done.answer.number),
            Err(Failure::Conflict(message)) if message.code == "rules_unchanged" => Look::Unchanged,
            // Not the file's fault: the same file is tried again at the next look.
            Err(failure @ (Failure::Unavailable(_) | Failure::NotReady | Failure::Internal { .. })) => {
                return Look::Refused(failure.to_string());
            }
            Err(failure) => Look::Refused(failure.told()),
        };
        self.seen = Some(file_hash);
        look
    }

    /// Looks at the file every second, for as long as the process runs.
    pub async fn watch(mut self, clock: Arc<dyn Fn() -> Time + Send + Sync>) {
        metrics::describe_gauge!(
            "loudou_rules_file_refused",
            "1 while the rules file is refused and the last good rules stay, or is an older one than those."
        );
        let mut last = Look::Unchanged;
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let look = self.look(clock()).await;
            match &look {
                Look::Taken(number) => tracing::info!(number, "the rules file was taken"),
                Look::Older if look != last => tracing::warn!("the rules file is an older one: not taken"),
                Look::Refused(why) if look != last => {
                    tracing::error!(why, "the rules file is refused; the last good rules stay");
                }
                Look::Unchanged | Look::Older | Look::Refused(_) => {}
            }
            if look != Look::Unchanged || !self.refused {
                last = look;
            }
        }
    }
}

fn read(path: &Path) -> Result<String, String> {
    let told = |fault: std::io::Error| fault.to_string();
    let mut text = String::new();
    // A pipe without a writer would be waited for, and nothing told.
    if !std::fs::metadata(path).map_err(told)?.is_file() {
        return Err("it is no file".to_owned());
    }
    let file = std::fs::File::open(path).map_err(told)?;
    file.take(LARGEST_BYTES + 1).read_to_string(&mut text).map_err(told)?;
    if text.len() as u64 > LARGEST_BYTES { Err(format!("it is larger than {LARGEST_BYTES} bytes")) } else { Ok(text) }
}
