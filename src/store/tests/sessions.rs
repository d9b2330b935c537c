//! Signing in: rotation of refresh tokens, attempts, the set-up token.

use super::people::{add, change, entry, user};
use super::world::{World, at, on_both};
use crate::store::{Effect, NewToken, PeopleChange, Rotating, Rotation, TokenHash};
use crate::values::{SessionId, UserId};

fn hash(n: u8) -> TokenHash {
    [n; 32]
}

async fn begin(world: &World, user: UserId, n: u8) -> SessionId {
    let session = SessionId::new();
    let token = NewToken { session, user, token_hash: hash(n), issued_at: at(0), expires_at: at(1000) };
    world.store.write(move |tx| tx.begin_session(&token)).await.unwrap();
    session
}

async fn rotate(world: &World, from: u8, to: u8, second: i64) -> Rotation {
    let rotating = Rotating {
        token_hash: hash(from),
        now: at(second),
        successor_hash: hash(to),
        successor_expires_at: at(second + 1000),
        grace_micros: 10_000_000,
    };
    world.store.write(move |tx| tx.rotate_token(&rotating)).await.unwrap()
}

on_both! {
    async fn a_refresh_token_used_again_within_ten_seconds_gives_the_same_successor(world: World) {
        let li = user("li");
        add(&world, &li).await;
        let session = begin(&world, li.id, 1).await;
        let good = Rotation::Rotated { session, user: li.id };
        assert_eq!(rotate(&world, 1, 2, 10).await, good);
        assert_eq!(rotate(&world, 1, 2, 20).await, good);
        assert_eq!(rotate(&world, 2, 3, 21).await, good);
    }

    async fn a_refresh_token_used_again_later_ends_the_whole_sign_in_and_no_other(world: World) {
        let li = user("li");
        add(&world, &li).await;
        let session = begin(&world, li.id, 1).await;
        let other = begin(&world, li.id, 50).await;
        rotate(&world, 1, 2, 10).await;
        assert_eq!(rotate(&world, 1, 2, 21).await, Rotation::Reused { session, user: li.id });
        assert_eq!(rotate(&world, 2, 3, 22).await, Rotation::Refused);
        assert_eq!(rotate(&world, 50, 51, 22).await, Rotation::Rotated { session: other, user: li.id });
    }

    async fn tokens_unknown_expired_or_revoked_are_refused(world: World) {
        let li = user("li");
        add(&world, &li).await;
        begin(&world, li.id, 1).await;
        assert_eq!(rotate(&world, 9, 10, 1).await, Rotation::Refused);
        assert_eq!(rotate(&world, 1, 2, 1000).await, Rotation::Refused);
        let ended = world.store.write(|tx| tx.revoke_session_of(&hash(1), at(5))).await.unwrap();
        assert_eq!(ended.map(|(_, user)| user), Some(li.id));
        assert_eq!(rotate(&world, 1, 2, 6).await, Rotation::Refused);
    }

    async fn a_password_or_a_deactivation_ends_all_sessions(world: World) {
        let li = user("li");
        add(&world, &li).await;
        begin(&world, li.id, 1).await;
        let password = PeopleChange::PasswordSet { user: li.id, password_hash: "new".into(), at: at(1) };
        change(&world, password).await.unwrap();
        assert_eq!(rotate(&world, 1, 2, 2).await, Rotation::Refused);
        begin(&world, li.id, 3).await;
        let gone = crate::store::User { active: false, version: 2, ..li };
        change(&world, PeopleChange::UserChanged { user: gone }).await.unwrap();
        assert_eq!(rotate(&world, 3, 4, 2).await, Rotation::Refused);
    }

    async fn of_fifty_who_hand_in_one_token_with_successors_of_their_own_one_wins(world: World) {
        let li = user("li");
        add(&world, &li).await;
        begin(&world, li.id, 0).await;
        let tries = (1..=50).map(|n| rotate(&world, 0, n, 10));
        let won = futures_util::future::join_all(tries).await;
        assert_eq!(won.iter().filter(|rotation| matches!(rotation, Rotation::Rotated { .. })).count(), 1);
    }

    async fn attempts_are_counted_and_forgotten_under_their_key(world: World) {
        let count = |key: &'static str, second, forget| {
            world.store.write(move |tx| tx.count_attempt(key, at(second), at(forget)))
        };
        assert_eq!(count("login:li", 1, 0).await.unwrap(), 1);
        assert_eq!(count("login:li", 2, 0).await.unwrap(), 2);
        assert_eq!(count("login:wang", 2, 0).await.unwrap(), 1);
        let racing = (0..20).map(|_| count("address:1", 3, 0));
        let mut counted: Vec<i64> =
            futures_util::future::join_all(racing).await.into_iter().map(Result::unwrap).collect();
        counted.sort_unstable();
        assert_eq!(counted, (1..=20).collect::<Vec<_>>());
        assert_eq!(count("login:li", 100, 50).await.unwrap(), 1);
        world.store.write(|tx| tx.block_attempts("login:li", at(200))).await.unwrap();
        let keys = || vec!["login:li".to_owned(), "address:9".to_owned()];
        let blocked = move || world.store.clone();
        assert_eq!(blocked().read(move |tx| tx.attempts_blocked_until(&keys())).await.unwrap(), Some(at(200)));
        blocked().write(|tx| tx.clear_attempts("login:li")).await.unwrap();
        assert_eq!(blocked().read(move |tx| tx.attempts_blocked_until(&keys())).await.unwrap(), None);
    }

    async fn of_twenty_set_ups_at_once_one_makes_the_first_administrator(world: World) {
        world.store.write(|tx| tx.put_setup_token(&hash(7), at(900))).await.unwrap();
        let wrong = world.store.write(|tx| tx.spend_setup_token(&hash(8), at(1))).await.unwrap();
        let late = world.store.write(|tx| tx.spend_setup_token(&hash(7), at(900))).await.unwrap();
        assert!(!wrong && !late);
        let set_ups = (0..20).map(|n| {
            let admin = PeopleChange::UserCreated { user: user(&format!("admin{n}")), password_hash: None };
            world.store.write(move |tx| {
                let spent = tx.spend_setup_token(&hash(7), at(2))?;
                if spent {
                    tx.record(&entry("people.write"), &[Effect::People(&admin)])?;
                }
                Ok(spent)
            })
        });
        let spent: Vec<bool> =
            futures_util::future::join_all(set_ups).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(spent.iter().filter(|spent| **spent).count(), 1);
        assert_eq!(world.store.read(|tx| tx.directory()).await.unwrap().users.len(), 1);
    }
}
