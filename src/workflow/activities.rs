//! Activities of a deal: logged and listed.

use super::Workflow;
use super::answer::ActivityAnswer;
use super::call::Call;
use super::conclude::{About, Taken};
use super::customers::forbidden;
use super::failure::{Failure, Outcome, Written};
use super::pages::{cut, wanted};
use crate::engine::Row;
use crate::engine::activities::{NewActivity, log};
use crate::engine::decision::Decision;
use crate::engine::facts::Activity;
use crate::engine::sight::Sight;
use crate::rules::model::Action;
use crate::store::{ActivityQuery, Effect};
use crate::values::{ActivityId, DealId, Time};

/// A page of activities, the newest first.
#[derive(Debug)]
pub struct Activities {
    pub items: Vec<Activity>,
    pub next: Option<(Time, ActivityId)>,
    pub sight: Sight,
}

impl Workflow {
    pub async fn activities(
        &self,
        call: &Call,
        deal: DealId,
        before: Option<(Time, ActivityId)>,
        limit: u16,
    ) -> Outcome<Activities> {
        self.reading(call, Action::DealsRead, move |scene, tx| {
            let Some(sight) = scene.deal_sight(tx, deal)? else { return Ok(Err(Failure::NotFound)) };
            let found = tx.activities(&ActivityQuery { deal, before, limit: wanted(limit) })?;
            let (items, next) = cut(found, limit, |last| (last.at, last.id));
            Ok(Ok(Activities { items, next, sight }))
        })
        .await
    }

    /// Logs an activity of a deal.
    pub async fn log_activity(&self, call: &Call, deal: DealId, new: NewActivity) -> Written<ActivityAnswer> {
        self.writing(call, Action::DealsLog, move |scene, tx| {
            let (record, sight) = match scene.take_deal(tx, deal, |answer: &ActivityAnswer| answer.activity.deal)? {
                Taken::Deal(record, sight) => (record, sight),
                Taken::Ended(answer) => return Ok(answer),
            };
            let about = About::deal(&record, sight);
            let decision = if scene.permit.holds(&Row::from(&record), scene.now()) {
                log(scene.rules(), &scene.actor, &record, new.clone(), scene.now())
            } else {
                Decision::Refused(forbidden(Action::DealsLog))
            };
            let written = scene.conclude(
                tx,
                about,
                decision,
                |effect| vec![Effect::ActivityLogged(effect)],
                |effect| ActivityAnswer { activity: effect.activity.clone() },
            )?;
            if scene.is_watched() {
                let new = new.clone();
                scene.watch(&written, None, move |lens| lens.logging(record, new));
            }
            Ok(written)
        })
        .await
    }
}
