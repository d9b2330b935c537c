//! The rules that a live document is made of, for whoever is signed in.

use super::Workflow;
use super::call::Call;
use super::failure::{Failure, Outcome};
use super::rules::check_aside;
use super::scene::SignedIn;
use super::trials::Tried;
use crate::rules::hash;
use crate::rules::model::{Action, Rules};
use crate::texts;
use crate::values::{Key, Language, Time};
use std::sync::Arc;

/// Languages of a reader that are looked at.
const LANGUAGES_AT_MOST: usize = 8;

/// Rules, and who asks what they make of the API.
#[derive(Debug)]
pub struct RulesForDocument {
    /// The number of the version; `None`: a draft.
    pub number: Option<i64>,
    /// SHA-256 of the text, in hexadecimal.
    pub hash: String,
    /// The caller's, in the order of the alphabet.
    pub roles: Vec<Key>,
    source: Source,
    now: Time,
    spoken: Vec<Language>,
}

#[derive(Debug)]
enum Source {
    Active(Arc<Rules>),
    Text(String),
}

impl RulesForDocument {
    /// Those of the wanted languages that make a difference: what nobody speaks here changes nothing.
    #[must_use]
    pub fn languages(&self, wanted: &[Language]) -> Vec<Language> {
        let speaks = |one: &&Language| {
            // Which languages a text speaks is not known before it is read.
            let unread = matches!(self.source, Source::Text(_));
            unread || self.spoken.contains(one) || texts::SPOKEN.contains(&one.as_str())
        };
        let mut chosen: Vec<Language> = Vec::new();
        for one in wanted.iter().filter(speaks).take(LANGUAGES_AT_MOST) {
            if !chosen.contains(one) {
                chosen.push(one.clone());
            }
        }
        // Labels fall back on the first language of the rules by themselves.
        if let [others @ .., last] = chosen.as_slice()
            && Some(last) == self.spoken.first()
            && others.iter().any(|one| texts::SPOKEN.contains(&one.as_str()))
        {
            chosen.pop();
        }
        chosen
    }

    /// The rules, checked.
    ///
    /// # Errors
    /// `RulesInvalid`: a draft that says none yet, or a version that this program does not take.
    pub async fn rules(&self) -> Outcome<Arc<Rules>> {
        let text = match &self.source {
            Source::Active(rules) => return Ok(Arc::clone(rules)),
            Source::Text(text) => text.clone(),
        };
        // Scenarios that fail say nothing about what the API would be.
        let mut checked = check_aside(text, self.now).await?;
        checked.scenarios.clear();
        checked.accepted().map_err(|faults| Failure::RulesInvalid(Box::new(faults)))
    }
}

impl Workflow {
    /// The rules of a version (what was active once is no secret of those who work by it), or of a draft, for those who may
    /// read it; `None`: the active ones.
    pub async fn rules_for_document(&self, call: &Call, of: Option<Tried>) -> Outcome<RulesForDocument> {
        let (active, roles, version) = self
            .reading(call, SignedIn("rules.document"), move |scene, tx| {
                let mut roles = scene.actor.roles.clone();
                roles.sort();
                let active = Arc::clone(&scene.active);
                let version = match of {
                    Some(Tried::Version(number)) if number != active.epochs.rules_version => {
                        match tx.rules_version(number)? {
                            Some(version) => Some(version),
                            None => return Ok(Err(Failure::NotFound)),
                        }
                    }
                    Some(Tried::Version(_) | Tried::Draft(_)) | None => None,
                };
                Ok(Ok((active, roles, version)))
            })
            .await?;
        let spoken = active.rules.languages.clone();
        let now = call.now;
        if let Some(Tried::Draft(id)) = of {
            let text = self.draft_for(call, Action::RulesRead, id).await?.text;
            let hash = hash(&text);
            return Ok(RulesForDocument { number: None, hash, roles, source: Source::Text(text), now, spoken });
        }
        Ok(match version {
            Some(version) => RulesForDocument {
                number: Some(version.number),
                hash: version.hash,
                roles,
                source: Source::Text(version.text),
                now,
                spoken,
            },
            None => RulesForDocument {
                number: Some(active.epochs.rules_version),
                hash: active.rules_hash.clone(),
                roles,
                source: Source::Active(Arc::clone(&active.rules)),
                now,
                spoken,
            },
        })
    }
}
