//! What this process decides by: the active rules and the directory, of one moment.
//!
//! Both are kept in memory and named by two numbers, the epochs. Every transaction compares them with the database's
//! own, so a decision can rest on old rules or an old directory only until it tries to read or write.
// INVARIANT: `Active` is replaced whole; nobody sees rules of one moment with a directory of another.

use super::Workflow;
use super::directory::Directory;
use super::failure::{Failure, Outcome};
use crate::rules::model::Rules;
use crate::store::{Epochs, Store, StoreError, Tx};
use std::sync::Arc;

/// Rules and directory of one moment.
#[derive(Debug)]
pub struct Active {
    pub epochs: Epochs,
    pub rules: Arc<Rules>,
    /// SHA-256 of the rules' text, in hexadecimal.
    pub rules_hash: String,
    pub directory: Arc<Directory>,
}

impl Active {
    /// The same with the directory that the transaction sees; nothing if it is this one, or the rules are others.
    pub(super) fn renewed(&self, tx: &mut Tx<'_>) -> Result<Option<Self>, StoreError> {
        let epochs = tx.epochs()?;
        if epochs == self.epochs || epochs.rules_version != self.epochs.rules_version {
            return Ok(None);
        }
        let (rules, rules_hash) = (Arc::clone(&self.rules), self.rules_hash.clone());
        Ok(Some(Self { epochs, rules, rules_hash, directory: Arc::new(directory(tx)?) }))
    }
}

impl Workflow {
    /// What this process decides by.
    pub async fn active(&self) -> Outcome<Arc<Active>> {
        match self.active.load_full() {
            Some(active) => Ok(active),
            None => self.reload().await,
        }
    }

    /// Brings rules and directory up to the database's epochs.
    pub async fn reload(&self) -> Outcome<Arc<Active>> {
        let _only_one = self.loading.lock().await;
        self.load().await
    }

    /// What this process decides by, which must be something else than this. Many callers at once cause one load.
    pub(super) async fn renew(&self, outdated: Epochs) -> Outcome<Arc<Active>> {
        let _only_one = self.loading.lock().await;
        match self.active.load_full() {
            Some(active) if active.epochs != outdated => Ok(active),
            Some(_) | None => self.load().await,
        }
    }

    async fn load(&self) -> Outcome<Arc<Active>> {
        let before = self.active.load_full();
        let known = before.as_ref().map(|active| active.epochs);
        let (epochs, directory, text) = self
            .store
            .read(move |tx| {
                let epochs = tx.epochs()?;
                if Some(epochs) == known {
                    return Ok((epochs, None, None));
                }
                let same_rules = known.is_some_and(|known| known.rules_version == epochs.rules_version);
                let text = if same_rules { None } else { tx.rules_version(epochs.rules_version)? };
                Ok((epochs, Some(directory(tx)?), text))
            })
            .await?;
        let Some(directory) = directory else {
            return before.ok_or(Failure::NotReady);
        };
        let (rules, rules_hash) = match (text, before) {
            (Some(version), _) => {
                // Milliseconds of a core: not on a thread that answers requests.
                let checking =
                    tokio::task::spawn_blocking(move || (crate::rules::check(&version.text, None), version.hash));
                let (checked, hash) = checking.await.map_err(|fault| Failure::internal("checking rules", fault))?;
                let Some(rules) = checked.rules else {
                    self.active.store(None);
                    return Err(Failure::NotReady);
                };
                (Arc::new(rules), hash)
            }
            (None, Some(active)) => (Arc::clone(&active.rules), active.rules_hash.clone()),
            (None, None) => return Err(Failure::NotReady),
        };
        let active = Arc::new(Active { epochs, rules, rules_hash, directory: Arc::new(directory) });
        self.active.store(Some(Arc::clone(&active)));
        Ok(active)
    }

    /// Whether `active` is what the database says.
    pub(super) async fn is_current(&self, active: &Active) -> Result<bool, StoreError> {
        Ok(self.store.read(|tx| tx.epochs()).await? == active.epochs)
    }

    /// What this process decides by, brought up to what the database says now.
    pub async fn current(&self) -> Outcome<Arc<Active>> {
        let active = self.active().await?;
        if self.is_current(&active).await? { Ok(active) } else { self.reload().await }
    }

    /// Whether the database answers and this process can use the active rules.
    pub async fn ready(&self) -> Outcome<()> {
        self.current().await.map(drop)
    }

    /// The first language of the rules in use.
    #[must_use]
    pub fn first_language(&self) -> Option<crate::values::Language> {
        self.active.load().as_ref().and_then(|active| active.rules.languages.first().cloned())
    }

    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }
}

/// Everybody, in the snapshot of the transaction.
fn directory(tx: &mut Tx<'_>) -> Result<Directory, StoreError> {
    let people = tx.directory()?;
    Ok(Directory::new(people.users, people.teams, people.ended_sessions.into_iter().collect()))
}
