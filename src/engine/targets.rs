//! What the rules aim at in a stage: target rate and dwell, and how many deals one owner is to hold.

use super::actor::Actor;
use super::case::Case;
use super::decision::FactsRead;
use super::facts::Person;
use super::figures::figure;
use crate::rules::model::{Figure, Rules, Span, Stage};
use crate::values::{Decimal, Time};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Targets {
    /// Share that goes on to the next stage, 0 to 1.
    pub rate: Option<Decimal>,
    pub dwell: Option<Span>,
    pub ideal: Option<Decimal>,
    pub warn: Option<u32>,
    pub at_most: Option<u32>,
}

/// The targets of a stage for an owner, or for nobody in particular. No deal is looked at: where the rules tell cases
/// apart by the deal, it is what holds of all others.
#[must_use]
pub fn targets(rules: &Rules, stage: &Stage, owner: Option<&Person>, now: Time) -> Targets {
    let nobody = Actor::system();
    let case = Case { owner, receiver: owner, ..Case::new(rules, &nobody, now) };
    Targets {
        rate: of(stage.rate.as_ref(), &case),
        dwell: of(stage.dwell.as_ref(), &case),
        ideal: of(stage.holding.ideal.as_ref(), &case),
        warn: of(stage.holding.warn.as_ref(), &case),
        at_most: of(stage.holding.at_most.as_ref(), &case),
    }
}

fn of<T: Copy>(value: Option<&Figure<T>>, case: &Case<'_>) -> Option<T> {
    figure(value?, case, &mut FactsRead::default()).copied()
}
