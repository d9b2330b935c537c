//! What would make rules better that are right as they are: what no scenario shows, with a scenario to paste, and roles
//! that make moves without seeing or writing what those ask for. Advice stands against nothing.
//!
//! Pure, and bounded: so many pieces, so much trying.

mod facts;
mod paste;
mod writes;

use super::scenarios::{Coverage, ScenarioResult};
use crate::rules::demand::Effort;
use crate::rules::expression::{Entity, Path, Read};
use crate::rules::model::{Action, Criterion, CriterionKind, Funnel, Mode, Move, Role, Rules};
use crate::rules::powers::{makers, writes};
use crate::texts::Message;
use crate::values::{Key, Language};
use paste::Aim;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Pieces of advice about one file: more are not read to the end.
pub const AT_MOST: usize = 200;
/// Units of trying for the facts of all scenarios of one file.
const EFFORT: u64 = 4_000_000;

/// A piece of advice.
#[derive(Clone, Debug, PartialEq)]
pub struct Advice {
    /// Its code is the advice's: stable, a published name.
    pub message: Message,
    /// Line in the rules file, 1-based.
    pub line: u32,
    /// A scenario that would show what none shows.
    pub scenario: Option<Paste>,
}

/// A scenario, ready to be pasted under `scenarios:`.
#[derive(Clone, Debug, PartialEq)]
pub struct Paste {
    name: Message,
    body: String,
    /// Whether it was tried out and comes out as it says. If not, its facts are to be filled in.
    pub passes: bool,
}

impl Paste {
    /// An item of the list `scenarios`, as YAML.
    #[must_use]
    pub fn text(&self, wanted: &[Language]) -> String {
        let comment = if self.passes {
            String::new()
        } else {
            format!("  # {}\n", Message::new("scenario_to_complete").render(wanted))
        };
        format!("{comment}  - name: {}\n{}", paste::quoted(&self.name.render(wanted)), self.body)
    }
}

/// A place of a criterion as coverage names it: funnel, stage (`None` = of a move), criterion.
type Place = (Key, Option<Key>, Key);

/// What is worth doing about rules whose scenarios came out like this.
#[must_use]
pub fn advise(rules: &Arc<Rules>, results: &[ScenarioResult]) -> Vec<Advice> {
    let mut covered = Coverage::default();
    results.iter().for_each(|result| covered.extend(result.covered.clone()));
    let mut adviser = Adviser { rules, covered, effort: Effort(EFFORT), advice: Vec::new(), more: 0 };
    for funnel in rules.funnels.values() {
        adviser.of_funnel(funnel);
    }
    adviser.of_validations();
    adviser.of_roles();
    let Adviser { mut advice, more, .. } = adviser;
    advice.sort_by(|one, other| (one.line, &one.message.code).cmp(&(other.line, &other.message.code)));
    if more > 0 {
        let line = advice.last().map_or(1, |last| last.line);
        advice.push(Advice { message: Message::new("advice_more").with("more", more), line, scenario: None });
    }
    advice
}

struct Adviser<'r> {
    rules: &'r Arc<Rules>,
    covered: Coverage,
    effort: Effort,
    advice: Vec<Advice>,
    more: i64,
}

impl<'r> Adviser<'r> {
    fn of_funnel(&mut self, funnel: &'r Funnel) {
        for stage in funnel.stages.iter().filter(|stage| !stage.retired) {
            if stage.enter.is_empty() {
                continue;
            }
            let leading = leading(funnel, &stage.id);
            for criterion in &stage.enter {
                self.of_criterion(funnel, Some(&stage.id), criterion, &leading);
            }
        }
        let mut told = BTreeSet::new();
        for one in &funnel.moves {
            for criterion in &one.enter {
                // A rule of several moves has its criteria once.
                if told.insert((criterion.line, criterion.id.clone())) {
                    self.of_criterion(funnel, None, criterion, &[one]);
                }
            }
        }
        let mut made = BTreeSet::new();
        for one in &funnel.moves {
            let place = (funnel.id.clone(), one.id.clone());
            if made.insert(one.id.clone()) && !self.covered.moves.contains(&place) {
                let message = Message::new("move_uncovered").with("move", self.name(funnel, &one.id));
                let of_same: Vec<&Move> = funnel.moves.iter().filter(|other| other.id == one.id).collect();
                let paste = |adviser: &mut Self| adviser.paste(funnel, &of_same, None, &Aim::Made(place));
                self.add(message, one.line, paste);
            }
        }
    }

    fn of_criterion(&mut self, funnel: &'r Funnel, stage: Option<&Key>, one: &'r Criterion, moves: &[&'r Move]) {
        // What is only recorded shows itself in no expectation; what is never checked, in no scenario.
        if one.mode == Mode::Audit || moves.is_empty() {
            return;
        }
        let place: Place = (funnel.id.clone(), stage.cloned(), one.id.clone());
        let name = stage.map(|stage| self.name(funnel, stage));
        let told = |code: &'static str, of_move: &'static str| match &name {
            Some(name) => Message::new(code).with("criterion", one.id.as_str()).with("stage", name.as_str()),
            None => Message::new(of_move).with("criterion", one.id.as_str()),
        };
        if !self.covered.refusals.contains(&place) {
            let message = told("refusal_uncovered", "refusal_uncovered_of_move");
            let place = place.clone();
            self.add(message, one.line, |adviser| adviser.paste(funnel, moves, Some(one), &Aim::Unmet(place)));
        }
        if !self.covered.passes.contains(&place) {
            let message = told("pass_uncovered", "pass_uncovered_of_move");
            self.add(message, one.line, |adviser| adviser.paste(funnel, moves, Some(one), &Aim::Met(place)));
        }
    }

    /// With its funnel, where there are several.
    fn name(&self, funnel: &Funnel, id: &Key) -> String {
        if self.rules.funnels.len() > 1 { format!("{}/{id}", funnel.id) } else { id.to_string() }
    }

    fn add(&mut self, message: Message, line: u32, paste: impl FnOnce(&mut Self) -> Option<Paste>) {
        if self.advice.len() >= AT_MOST {
            self.more += 1;
            return;
        }
        let scenario = paste(self);
        self.advice.push(Advice { message, line, scenario });
    }

    /// Who makes a move without seeing or writing what it asks for. Each role is held against each stage and rule once.
    fn of_roles(&mut self) {
        let mut told = BTreeSet::new();
        for funnel in self.rules.funnels.values() {
            let mut stages: BTreeSet<(&Key, &Key)> = BTreeSet::new();
            for one in &funnel.moves {
                let entered = funnel.entered_by(one);
                for role in makers(one, &self.rules.roles) {
                    one.enter.iter().for_each(|criterion| self.of_maker(role, criterion, &mut told));
                    for stage in entered.iter().filter(|stage| !stage.enter.is_empty()) {
                        if stages.insert((&role.id, &stage.id)) {
                            stage.enter.iter().for_each(|criterion| self.of_maker(role, criterion, &mut told));
                        }
                    }
                }
            }
        }
    }

    fn of_maker(&mut self, role: &Role, criterion: &Criterion, told: &mut BTreeSet<(Key, u32)>) {
        if criterion.mode != Mode::Enforce || !told.insert((role.id.clone(), criterion.line)) {
            return;
        }
        let paths = asked(criterion);
        let listed = |which: &dyn Fn(&Path) -> bool| -> String {
            let found = paths.iter().filter(|path| which(path)).map(|path| format!("`{path}`"));
            found.collect::<Vec<_>>().join(", ")
        };
        let unseen = listed(&|path| !sees(role, path));
        let unwritten = listed(&|path| {
            sees(role, path) && !writes(role, path) && self.rules.roles.values().any(|other| writes(other, path))
        });
        for (code, fields) in [("mover_cannot_read", unseen), ("mover_cannot_write", unwritten)] {
            if !fields.is_empty() {
                let message = Message::new(code).with("role", role.id.as_str());
                let message = message.with("criterion", criterion.id.as_str()).with("fields", fields);
                self.add(message, criterion.line, |_| None);
            }
        }
    }
}

/// The moves that check the criteria of a stage, those that lead to it first.
fn leading<'f>(funnel: &'f Funnel, stage: &Key) -> Vec<&'f Move> {
    let checks = |one: &&Move| funnel.entered_by(one).iter().any(|entered| entered.id == *stage);
    let mut moves: Vec<&Move> = funnel.moves.iter().filter(checks).collect();
    moves.sort_by_key(|one| {
        let passes = !matches!(&one.to, crate::rules::model::MoveTo::Stage(to) if to == stage);
        (passes, funnel.entered_by(one).len())
    });
    moves
}

/// The company's own fields that a criterion asks for.
fn asked(criterion: &Criterion) -> Vec<Path> {
    let own = |path: &Path| matches!(path.entity, Entity::Deal | Entity::Customer);
    match &criterion.kind {
        CriterionKind::Has(paths) => paths.iter().filter(|path| own(path)).cloned().collect(),
        CriterionKind::Require(expression) => expression
            .reads()
            .iter()
            .filter_map(|read| match read {
                Read::Field(path) if own(path) => Some(path.clone()),
                _ => None,
            })
            .collect(),
        CriterionKind::Activity { .. } | CriterionKind::Dwelt { .. } | CriterionKind::Contract(_) => Vec::new(),
    }
}

/// Whether a role sees a field openly where it reads at all.
fn sees(role: &Role, path: &Path) -> bool {
    let action = if path.entity == Entity::Customer { Action::CustomersRead } else { Action::DealsRead };
    role.may.iter().any(|grant| {
        let closed = grant.hide.contains(path) || grant.mask.iter().any(|(masked, _)| masked == path);
        !closed && grant.actions.contains(&action)
    })
}
