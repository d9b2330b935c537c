//! People: users, teams, and the epoch that tells every process of a change.

use super::world::{World, at, on_both};
use crate::engine::actor::Who;
use crate::store::{Effect, Entry, Guards, Outcome, PeopleChange, StoreError, Subject, Team, User};
use crate::values::{DecisionId, TeamId, UserId, Value};

pub fn user(login: &str) -> User {
    User {
        id: UserId::new(),
        login: login.into(),
        name: "李 'x\" %_".into(),
        email: None,
        roles: vec!["seller".into()],
        team: None,
        active: true,
        fields: [("branch".into(), Value::Text("north".into()))].into_iter().collect(),
        version: 1,
        created_at: at(0),
        updated_at: at(0),
    }
}

pub fn team(name: &str, parent: Option<TeamId>) -> Team {
    Team { id: TeamId::new(), name: name.into(), parent, version: 1, created_at: at(0), updated_at: at(0) }
}

/// An entry of the log by the product itself.
pub fn entry(action: &str) -> Entry {
    Entry {
        id: DecisionId::new(),
        at: at(1),
        actor: Who::System,
        roles: vec![],
        action: action.into(),
        subject: Subject { kind: "user".into(), id: None },
        deal: None,
        customer: None,
        rules_version: 1,
        outcome: Outcome::Allowed,
        criteria: vec![],
        facts: Default::default(),
        answer: serde_json::Value::Null,
        request_id: None,
        idempotency: None,
        guards: Guards::default(),
    }
}

pub async fn change(world: &World, change: PeopleChange) -> Result<(), StoreError> {
    world.store.write(move |tx| tx.record(&entry("people.write"), &[Effect::People(&change)])).await
}

pub async fn add(world: &World, user: &User) {
    change(world, PeopleChange::UserCreated { user: user.clone(), password_hash: Some("secret-hash".into()) })
        .await
        .unwrap();
}

on_both! {
    async fn every_change_of_people_raises_the_epoch_and_is_read_back(world: World) {
        let south = team("south", None);
        change(&world, PeopleChange::TeamCreated { team: south.clone() }).await.unwrap();
        let li = User { team: Some(south.id), ..user("li") };
        add(&world, &li).await;
        let changed = User { active: false, email: Some("li@example.com".into()), team: None, ..li.clone() };
        change(&world, PeopleChange::UserChanged { user: changed.clone() }).await.unwrap();
        let directory = world.store.read(|tx| tx.directory()).await.unwrap();
        assert_eq!(directory.epochs.people_epoch, 3);
        assert_eq!(directory.users, [User { version: 2, ..changed }]);
        assert_eq!(directory.teams, [south]);
        let credentials = world.store.read(|tx| tx.credentials("li")).await.unwrap().unwrap();
        assert_eq!((credentials.user, credentials.active), (li.id, false));
        assert_eq!(credentials.password_hash.as_deref(), Some("secret-hash"));
    }

    async fn a_login_belongs_to_one_user_and_a_lost_race_changes_nothing(world: World) {
        let li = user("li");
        add(&world, &li).await;
        let taken = change(&world, PeopleChange::UserCreated { user: user("li"), password_hash: None }).await;
        assert!(matches!(taken, Err(StoreError::LoginTaken)), "{taken:?}");
        let stale = User { version: 7, ..li };
        let stale = change(&world, PeopleChange::UserChanged { user: stale }).await;
        assert!(matches!(stale, Err(StoreError::Busy)), "{stale:?}");
        let nowhere = User { team: Some(TeamId::new()), ..user("wang") };
        let nowhere = change(&world, PeopleChange::UserCreated { user: nowhere, password_hash: None }).await;
        assert!(matches!(nowhere, Err(StoreError::NoSuchTeam)), "{nowhere:?}");
        let directory = world.store.read(|tx| tx.directory()).await.unwrap();
        assert_eq!((directory.users.len(), directory.epochs.people_epoch), (1, 1));
    }

    async fn a_team_is_never_below_itself_nor_removed_with_people_in_it(world: World) {
        let top = team("top", None);
        let middle = team("middle", Some(top.id));
        let low = team("low", Some(middle.id));
        for team in [&top, &middle, &low] {
            change(&world, PeopleChange::TeamCreated { team: team.clone() }).await.unwrap();
        }
        let round = Team { parent: Some(low.id), ..top.clone() };
        let round = change(&world, PeopleChange::TeamChanged { team: round }).await;
        assert!(matches!(round, Err(StoreError::TeamCycle)), "{round:?}");
        let own = Team { parent: Some(low.id), ..low.clone() };
        assert!(matches!(change(&world, PeopleChange::TeamChanged { team: own }).await, Err(StoreError::TeamCycle)));
        let used = change(&world, PeopleChange::TeamRemoved { team: middle.id, version: 1 }).await;
        assert!(matches!(used, Err(StoreError::TeamInUse)), "{used:?}");
        add(&world, &User { team: Some(low.id), ..user("li") }).await;
        let used = change(&world, PeopleChange::TeamRemoved { team: low.id, version: 1 }).await;
        assert!(matches!(used, Err(StoreError::TeamInUse)), "{used:?}");
        let epochs = world.store.read(|tx| tx.epochs()).await.unwrap();
        assert_eq!(epochs.people_epoch, 4);
    }

    async fn two_teams_put_below_each_other_at_once_make_no_ring(world: World) {
        for _ in 0..10 {
            let (a, b) = (team("a", None), team("b", None));
            for team in [&a, &b] {
                change(&world, PeopleChange::TeamCreated { team: team.clone() }).await.unwrap();
            }
            let below = |team: &Team, parent: TeamId| Team { parent: Some(parent), ..team.clone() };
            let (first, second) = tokio::join!(
                change(&world, PeopleChange::TeamChanged { team: below(&a, b.id) }),
                change(&world, PeopleChange::TeamChanged { team: below(&b, a.id) }),
            );
            assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
        }
    }
}
