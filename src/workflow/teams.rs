//! Teams: a tree. Who is in which team is said with the user.

use super::Workflow;
use super::answer::TeamAnswer;
use super::call::Call;
use super::conclude::{About, subject};
use super::customers::forbidden;
use super::failure::{Failure, Outcome, Written};
use super::people::{fault, own_sight, text};
use super::rules::permitted;
use super::scene::Scene;
use crate::engine::decision::{Allowed, Checked, Decision, FactsRead, Refusal, RefusalKind};
use crate::engine::permission::{Row, reach};
use crate::engine::sight::Sight;
use crate::rules::model::{Action, Scope};
use crate::store::{Effect, PeopleChange, Team};
use crate::texts::Message;
use crate::values::TeamId;

/// A change of a team. `None` = as it is.
#[derive(Clone, Debug, Default)]
pub struct TeamPatch {
    pub name: Option<String>,
    pub parent: Option<Option<TeamId>>,
}

impl Workflow {
    /// All teams, by name. Their names are no secret among colleagues.
    pub async fn teams(&self, call: &Call) -> Outcome<Vec<Team>> {
        self.reading(call, Action::PeopleRead, |scene, _| {
            if let Err(failure) = permitted(scene) {
                return Ok(Err(failure));
            }
            let mut teams: Vec<Team> = scene.active.directory.teams().cloned().collect();
            teams.sort_by(|one, other| (&one.name, one.id).cmp(&(&other.name, other.id)));
            Ok(Ok(teams))
        })
        .await
    }

    pub async fn team(&self, call: &Call, id: TeamId) -> Outcome<Team> {
        self.reading(call, Action::PeopleRead, move |scene, _| {
            Ok(permitted(scene).and_then(|()| scene.active.directory.team(id).cloned().ok_or(Failure::NotFound)))
        })
        .await
    }

    pub async fn create_team(&self, call: &Call, name: String, parent: Option<TeamId>) -> Written<TeamAnswer> {
        let id = TeamId::new();
        self.writing(call, Action::PeopleWrite, move |scene, tx| {
            if let Some(replayed) = scene.replay(tx, own_sight)? {
                return Ok(replayed);
            }
            let mut faults = Vec::new();
            let name = text(&name, "name", &mut faults);
            if parent.is_some_and(|parent| scene.active.directory.team(parent).is_none()) {
                faults.push(fault("parent", Message::new("team_unknown")));
            }
            let now = scene.now();
            let team = Team { id, name, parent, version: 1, created_at: now, updated_at: now };
            let decision = decide(scene, &[parent], faults, PeopleChange::TeamCreated { team: team.clone() });
            let about = About::other(subject("team", id), Sight::nothing());
            scene.conclude(
                tx,
                about,
                decision,
                |change| vec![Effect::People(change)],
                |_| TeamAnswer { team: team.clone() },
            )
        })
        .await
    }

    pub async fn change_team(&self, call: &Call, id: TeamId, patch: TeamPatch) -> Written<TeamAnswer> {
        self.writing(call, Action::PeopleWrite, move |scene, tx| {
            if let Some(replayed) = scene.replay(tx, own_sight)? {
                return Ok(replayed);
            }
            let Some(before) = scene.active.directory.team(id) else { return Ok(Err(Failure::NotFound)) };
            let mut faults = Vec::new();
            let mut team = before.clone();
            if let Some(name) = &patch.name {
                team.name = text(name, "name", &mut faults);
            }
            if let Some(parent) = patch.parent {
                let known = parent.is_none_or(|parent| scene.active.directory.team(parent).is_some());
                let above = parent.is_some_and(|parent| scene.active.directory.reach_of(id).contains(&parent));
                if !known {
                    faults.push(fault("parent", Message::new("team_unknown")));
                } else if above {
                    faults.push(fault("parent", Message::new("team_cycle")));
                }
                team.parent = parent;
            }
            team.updated_at = scene.now().max(team.updated_at);
            let mut touched = vec![Some(id)];
            if team.parent != before.parent {
                touched.push(team.parent);
            }
            let answer = Team { version: team.version + 1, ..team.clone() };
            let decision = decide(scene, &touched, faults, PeopleChange::TeamChanged { team });
            if let Some(failure) = scene.call.version_fault(before.version).filter(|_| !decision.is_forbidden()) {
                return Ok(Err(failure));
            }
            let about = About::other(subject("team", id), Sight::nothing());
            scene.conclude(
                tx,
                about,
                decision,
                |change| vec![Effect::People(change)],
                |_| TeamAnswer { team: answer.clone() },
            )
        })
        .await
    }

    /// Removes a team without people, teams below and deals.
    pub async fn remove_team(&self, call: &Call, id: TeamId) -> Written<TeamAnswer> {
        self.writing(call, Action::PeopleWrite, move |scene, tx| {
            if let Some(replayed) = scene.replay(tx, own_sight)? {
                return Ok(replayed);
            }
            let Some(team) = scene.active.directory.team(id) else { return Ok(Err(Failure::NotFound)) };
            let change = PeopleChange::TeamRemoved { team: id, version: team.version };
            let decision = decide(scene, &[Some(id)], Vec::new(), change);
            if let Some(failure) = scene.call.version_fault(team.version).filter(|_| !decision.is_forbidden()) {
                return Ok(Err(failure));
            }
            let about = About::other(subject("team", id), Sight::nothing());
            scene.conclude(
                tx,
                about,
                decision,
                |change| vec![Effect::People(change)],
                |_| TeamAnswer { team: team.clone() },
            )
        })
        .await
    }
}

/// Whoever may write only the people of his team may change only teams below his own.
fn decide(
    scene: &Scene,
    touched: &[Option<TeamId>],
    faults: Vec<Checked>,
    change: PeopleChange,
) -> Decision<PeopleChange> {
    let all = scene.actor.user().is_none()
        || reach(scene.rules(), &scene.actor.roles, Action::PeopleWrite) == Some(Scope::All);
    let within = |team: &Option<TeamId>| team.is_some_and(|team| scene.actor.teams.contains(&team));
    let facts = FactsRead::default();
    // Teams are nobody's rows: a condition on who acts, or a `never` of any of his roles, is all that may close them.
    if !scene.permit.holds(&Row::Company, scene.now()) {
        return Decision::Refused(forbidden(Action::PeopleWrite));
    }
    if !all && !touched.iter().all(within) {
        let kind = RefusalKind::Permission(Message::new("team_outside_scope"));
        return Decision::Refused(Refusal { kind, criteria: faults, facts });
    }
    if faults.iter().any(Checked::refuses) {
        return Decision::Refused(Refusal { kind: RefusalKind::Unmet, criteria: faults, facts });
    }
    Decision::Allowed(Allowed { effect: change, criteria: faults, facts })
}
