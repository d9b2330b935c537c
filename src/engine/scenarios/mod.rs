//! Scenarios of a rules file, run: the company's own proof that its rules do what was meant.
//!
//! Everything is decided by the same functions that decide calls, on a world in memory. Nothing here knows a rule.

mod deeds;
mod world;

use crate::engine::decision::{CheckedKind, Decision, RefusalKind};
use crate::rules::model::Rules;
use crate::rules::scenarios::{Act, Expect, ExpectedDeal, Scenario, Step};
use crate::texts::Message;
use crate::values::{Key, Localized};
use std::collections::BTreeSet;
use std::sync::Arc;
use world::World;

/// How one scenario came out.
#[derive(Clone, Debug, PartialEq)]
pub struct ScenarioResult {
    pub name: Localized,
    /// Line of the scenario in the rules file, 1-based.
    pub line: u32,
    /// What came out otherwise than expected, in the first step where something did; empty = passed.
    pub failures: Vec<ScenarioFailure>,
    pub covered: Coverage,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ScenarioFailure {
    /// Line of the step.
    pub line: u32,
    pub message: Message,
}

/// What scenarios showed at work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Criteria that refused: funnel, stage (`None` = of a move), criterion.
    pub refusals: BTreeSet<(Key, Option<Key>, Key)>,
    /// Criteria that applied and were met, named alike.
    pub passes: BTreeSet<(Key, Option<Key>, Key)>,
    /// Moves that were made: funnel, move.
    pub moves: BTreeSet<(Key, Key)>,
    /// Validations that refused a write, and those that applied to one and were met.
    pub validations_refused: BTreeSet<Key>,
    pub validations_met: BTreeSet<Key>,
}

impl ScenarioResult {
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

impl Coverage {
    /// Adds what another showed.
    pub fn extend(&mut self, other: Self) {
        self.refusals.extend(other.refusals);
        self.passes.extend(other.passes);
        self.moves.extend(other.moves);
        self.validations_refused.extend(other.validations_refused);
        self.validations_met.extend(other.validations_met);
    }
}

/// A criterion or validation that no scenario showed unmet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncovered {
    /// Where it stands: the funnel and, unless it is a move's, the stage; `None` = among the validations.
    pub place: Option<(Key, Option<Key>)>,
    pub id: Key,
    /// Line in the rules file, 1-based.
    pub line: u32,
}

/// What no scenario showed unmet, criteria before validations.
#[must_use]
pub fn uncovered(rules: &Rules, results: &[ScenarioResult]) -> Vec<Uncovered> {
    let shown = |one: &(Key, Option<Key>, Key)| results.iter().any(|result| result.covered.refusals.contains(one));
    let mut left = Vec::new();
    for funnel in rules.funnels.values() {
        let of_moves = funnel.moves.iter().flat_map(|one| &one.enter).map(|criterion| (None, criterion));
        let of_stages =
            funnel.stages.iter().flat_map(|stage| stage.enter.iter().map(move |one| (Some(&stage.id), one)));
        for (stage, criterion) in of_moves.chain(of_stages) {
            let (funnel, id) = (funnel.id.clone(), criterion.id.clone());
            if !shown(&(funnel.clone(), stage.cloned(), id.clone())) {
                left.push(Uncovered { place: Some((funnel, stage.cloned())), id, line: criterion.line });
            }
        }
    }
    for one in &rules.validations {
        if !results.iter().any(|result| result.covered.validations_refused.contains(&one.id)) {
            left.push(Uncovered { place: None, id: one.id.clone(), line: one.line });
        }
    }
    left
}

/// Runs all scenarios of the rules.
#[must_use]
pub fn run(rules: &Arc<Rules>) -> Vec<ScenarioResult> {
    rules.scenarios.iter().map(|scenario| play(rules, scenario)).collect()
}

/// What comes of the acts of a scenario, whatever it expects.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Trial {
    /// The reasons of the last act; `None` = allowed.
    pub refused: Option<BTreeSet<Key>>,
    pub warned: BTreeSet<Key>,
    pub covered: Coverage,
}

/// Plays a scenario to see what comes of it.
pub(crate) fn trial(rules: &Arc<Rules>, scenario: &Scenario) -> Trial {
    let mut world = World::new(rules, scenario);
    let mut trial = Trial::default();
    for act in scenario.steps.iter().filter_map(|step| step.act.as_ref()) {
        let answer = world.perform(act, &mut trial.covered);
        (trial.refused, trial.warned) = (answer.refused, answer.warned);
    }
    trial
}

fn play(rules: &Arc<Rules>, scenario: &Scenario) -> ScenarioResult {
    let mut world = World::new(rules, scenario);
    let mut covered = Coverage::default();
    let mut failures = Vec::new();
    for step in &scenario.steps {
        failures = take(&mut world, step, &mut covered);
        // What follows rests on this step: more failures would only repeat it.
        if !failures.is_empty() {
            break;
        }
    }
    let failures = failures.into_iter().map(|(line, message)| ScenarioFailure { line, message }).collect();
    ScenarioResult { name: scenario.name.clone(), line: scenario.line, failures, covered }
}

fn take(world: &mut World<'_>, step: &Step, covered: &mut Coverage) -> Vec<(u32, Message)> {
    if let Some(span) = step.after {
        world.pass(span);
    }
    let mut wrong = Vec::new();
    if let Some(act) = &step.act {
        let answer = world.perform(act, covered);
        wrong.extend(judge(act, &answer, &step.expect));
    }
    for (deal, expected) in &step.expect.deals {
        wrong.extend(judge_deal(world, deal, expected));
    }
    wrong.into_iter().map(|message| (step.line, message)).collect()
}

/// The reasons of an answer, as scenarios name them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Answer {
    /// `None` = allowed.
    refused: Option<BTreeSet<Key>>,
    warned: BTreeSet<Key>,
}

impl Answer {
    fn permission() -> Self {
        Self { refused: Some(BTreeSet::from([Key::new("permission")])), warned: BTreeSet::new() }
    }

    fn of<T>(decision: &Decision<T>) -> Self {
        let ids = |which: fn(&super::decision::Checked) -> bool| {
            decision.criteria().iter().filter(|checked| which(checked)).map(reason).collect()
        };
        let warned = ids(super::decision::Checked::warns);
        let refused = match decision {
            Decision::Allowed(_) => None,
            Decision::Refused(refusal) => Some(match &refusal.kind {
                RefusalKind::Permission(message) | RefusalKind::State(message) => {
                    BTreeSet::from([Key::new(product_reason(&message.code))])
                }
                RefusalKind::Unmet => ids(super::decision::Checked::refuses),
            }),
        };
        Self { refused, warned }
    }
}

/// The word for a refusal by permission or state.
fn product_reason(code: &str) -> &str {
    match code {
        "move_not_permitted" | "no_such_move" | "deal_closed" | "already_there" => code,
        "no_such_creation" => "no_such_move",
        "already_owner" | "already_in_pool" => "owner",
        "open_deal_exists" | "customer_exists" => "unique",
        "no_grades" => "grade",
        _ => "permission",
    }
}

/// The word for something that was checked: a company's criterion by its id, a field's fault by its kind.
fn reason(checked: &super::decision::Checked) -> Key {
    let is_field = checked.kind == CheckedKind::Field && checked.stage.is_none();
    match checked.message.code.as_ref() {
        "field_required" => Key::new("required"),
        _ if checked.kind == CheckedKind::Grade => Key::new("grade"),
        _ if is_field && !matches!(checked.id.as_str(), "owner" | "product") => Key::new("field"),
        _ => checked.id.clone(),
    }
}

fn judge(act: &Act, answer: &Answer, expect: &Expect) -> Vec<Message> {
    let mut wrong = Vec::new();
    let say = |code| Message::new(code).with("deal", act.deal.as_str()).with("by", act.by.as_str());
    match (&answer.refused, &expect.refused) {
        (None, None) => {}
        (Some(happened), None) => wrong.push(say("scenario_refused").with("happened", listed(happened))),
        (None, Some(expected)) => wrong.push(say("scenario_allowed").with("expected", listed(expected))),
        (Some(happened), Some(expected)) if happened == expected => {}
        (Some(happened), Some(expected)) => wrong.push(
            say("scenario_refused_otherwise").with("expected", listed(expected)).with("happened", listed(happened)),
        ),
    }
    if let Some(expected) = expect.warned.as_ref().filter(|expected| **expected != answer.warned) {
        wrong.push(
            say("scenario_warned_otherwise")
                .with("expected", listed(expected))
                .with("happened", listed(&answer.warned)),
        );
    }
    wrong
}

fn judge_deal(world: &World<'_>, name: &Key, expected: &ExpectedDeal) -> Vec<Message> {
    let Some(deal) = world.deal(name) else {
        return vec![Message::new("scenario_no_deal").with("deal", name.as_str())];
    };
    let owner = deal.owner.map(|owner| world.name_of(owner));
    let nobody = || Key::new("none");
    let rows = [
        ("stage", expected.stage.clone(), Some(deal.stage.clone())),
        ("grade", expected.grade.clone(), Some(deal.grade.clone().unwrap_or_else(nobody))),
        ("owner", expected.owner.clone().map(|owner| owner.unwrap_or_else(nobody)), Some(owner.unwrap_or_else(nobody))),
    ];
    let wrong = rows.into_iter().filter(|(_, expected, happened)| expected.is_some() && expected != happened);
    wrong
        .map(|(what, expected, happened)| {
            let word = |key: Option<Key>| key.map(|key| key.to_string()).unwrap_or_default();
            Message::new("scenario_deal_otherwise")
                .with("deal", name.as_str())
                .with("what", what)
                .with("expected", word(expected))
                .with("happened", word(happened))
        })
        .collect()
}

fn listed(ids: &BTreeSet<Key>) -> String {
    if ids.is_empty() {
        return "-".to_owned();
    }
    ids.iter().map(Key::as_str).collect::<Vec<_>>().join(", ")
}
