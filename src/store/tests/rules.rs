//! Versions of the rules.

use super::people::{entry, user};
use super::world::{World, at, on_both};
use crate::store::{Activation, Effect, Entry, Epochs, Guards, PeopleChange, RulesSource, StoreError};

pub fn activation(number: i64) -> Activation {
    Activation {
        number,
        hash: format!("hash{number}"),
        text: "format: 1 # 漏斗\n".into(),
        author: None,
        comment: Some("why".into()),
        replaces: number - 1,
        source: RulesSource::File,
        at: at(number),
        activated_by: None,
        draft: None,
        migration: Default::default(),
        migrated: Vec::new(),
        renames: Vec::new(),
        removed: Vec::new(),
        declared: Vec::new(),
        file_hash: Some(format!("file{number}")),
    }
}

pub async fn activate(world: &World, activation: Activation) -> Result<(), StoreError> {
    world.store.write(move |tx| tx.record(&entry("rules.activate"), &[Effect::Rules(&activation)])).await
}

on_both! {
    async fn versions_follow_one_another_and_are_read_back(world: World) {
        assert_eq!(world.store.read(|tx| tx.newest_rules_version()).await.unwrap(), 0);
        for number in 1..=3 {
            activate(&world, activation(number)).await.unwrap();
        }
        let epochs = world.store.read(|tx| tx.epochs()).await.unwrap();
        assert_eq!(epochs, Epochs { rules_version: 3, people_epoch: 0 });
        let version = world.store.read(|tx| tx.rules_version(2)).await.unwrap().unwrap();
        assert_eq!((version.text.as_str(), version.parent), ("format: 1 # 漏斗\n", Some(1)));
        let page = world.store.read(|tx| tx.rules_versions(Some(3), 10)).await.unwrap();
        assert_eq!(page.iter().map(|version| version.number).collect::<Vec<_>>(), [2, 1]);
        let file = world.store.read(|tx| tx.rules_file_hash()).await.unwrap();
        assert_eq!(file.as_deref(), Some("file3"));
    }

    async fn of_two_activations_of_one_number_one_stands(world: World) {
        let (first, second) = tokio::join!(activate(&world, activation(1)), activate(&world, activation(1)));
        assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
        let lost = if first.is_err() { first } else { second };
        assert!(matches!(lost, Err(StoreError::RulesChanged)), "{lost:?}");
        let gap = activate(&world, activation(3)).await;
        assert!(matches!(gap, Err(StoreError::RulesChanged)), "{gap:?}");
    }

    async fn a_decision_under_other_rules_or_people_is_not_written(world: World) {
        activate(&world, activation(1)).await.unwrap();
        for epochs in [Epochs { rules_version: 0, people_epoch: 0 }, Epochs { rules_version: 1, people_epoch: 9 }] {
            let guarded = move || Entry {
                guards: Guards { epochs: Some(epochs), ..Guards::default() },
                ..entry("people.write")
            };
            let read_only = world.store.write(move |tx| tx.record(&guarded(), &[])).await;
            assert!(matches!(read_only, Err(StoreError::RulesChanged)), "{read_only:?}");
            let raising = PeopleChange::UserCreated { user: user("li"), password_hash: None };
            let raising = world.store.write(move |tx| tx.record(&guarded(), &[Effect::People(&raising)])).await;
            assert!(matches!(raising, Err(StoreError::RulesChanged)), "{raising:?}");
        }
        let directory = world.store.read(|tx| tx.directory()).await.unwrap();
        assert!(directory.users.is_empty());
    }
}
