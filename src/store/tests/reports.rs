//! The report's counts against a recount: every visible deal is followed from visit to visit, by a model that knows
//! neither SQL nor the counts.

use super::funnel::{MADE, about, customer_guard, holdings, line, step};
use super::lists::{ALL, Dice, Row, Seen, holds, populate, predicate, rows, seen};
use super::world::{World, at, on_both};
use crate::engine::dwell::{DeadlineCase, StageDeadline};
use crate::engine::effects::{Assignment, HistoryKind, HistoryLine, Move};
use crate::engine::facts::{Deal, DealState};
use crate::insight::funnel::{Count, Exits, Holder, Line};
use crate::rules::expression::{Entity, Path};
use crate::store::{CustomerItem, Effect, FunnelQuery, HistoryEntry, StoreError, Tx};
use crate::values::{DealId, Key, TeamId, UserId};
use std::collections::{BTreeMap, HashMap};

/// One random step of a deal: to another stage, or to other hands.
fn walk(
    tx: &mut Tx<'_>,
    id: DealId,
    to: &str,
    (owner, pool): (Option<UserId>, Option<TeamId>),
    second: i64,
) -> Result<(), StoreError> {
    let facts = tx.deal_facts(id)?.unwrap();
    let deal = facts.deal;
    let mut entry = about(&deal);
    entry.guards.customer = Some(customer_guard(&facts.customer));
    if deal.stage == *to {
        let after = Deal { owner, ..deal.clone() };
        let mut steps = holdings(&deal, Some(&deal.stage), None, None);
        steps.extend(holdings(&after, None, Some(&deal.stage), None));
        let of_deal = line(&deal, HistoryKind::Owner, Some(&deal.stage), &deal.stage);
        let history = HistoryLine { at: at(second), new_owner: owner, new_team: pool, ..of_deal };
        let (customer, stage_time) = (deal.customer, at(second));
        let given = Assignment {
            deal: id,
            customer,
            owner,
            team: pool,
            note: None,
            at: stage_time,
            holdings: steps,
            history,
            made: MADE,
        };
        return tx.record(&entry, &[Effect::Assignment(&given)]).map(drop);
    }
    let mut moved = step(&deal, to, second);
    if deal.state == DealState::Open && moved.state == DealState::Open && *to < *deal.stage {
        moved = Move { history: HistoryLine { kind: HistoryKind::Back, ..moved.history.clone() }, ..moved };
    }
    tx.record(&entry, &[Effect::Move(&moved)]).map(drop)
}

fn exit(exits: &mut Exits, kind: HistoryKind) {
    match kind {
        HistoryKind::Forward => exits.forward += 1,
        HistoryKind::Back => exits.back += 1,
        HistoryKind::Lost => exits.lost += 1,
        HistoryKind::Reopened => exits.reopened += 1,
        HistoryKind::Created | HistoryKind::Owner | HistoryKind::Migrated => panic!("no way out of a stage"),
    }
}

type Lines = BTreeMap<(Key, Holder), Line>;

/// Follows one deal. `shown`: whether its holders may be told.
fn follow(history: &[HistoryEntry], shown: bool, from: i64, to: i64, lines: &mut Lines) {
    // Where it is, in whose hands; who had it when the visit began, and whether that was in the period.
    let mut here: Option<(Key, Holder, Holder, bool)> = None;
    let line = |lines: &mut Lines, stage: &Key, holder: Holder, change: &dyn Fn(&mut Line)| {
        change(lines.entry((stage.clone(), if shown { holder } else { Holder::default() })).or_default());
    };
    let mut start = None;
    for HistoryEntry { line: entry, .. } in history.iter().filter(|entry| entry.line.at < at(to)) {
        let inside = entry.at >= at(from);
        let holder = Holder { owner: entry.new_owner, pool: entry.new_team.filter(|_| entry.new_owner.is_none()) };
        if let Some((stage, before, at_entry, begun_inside)) = here.take() {
            if entry.kind == HistoryKind::Owner {
                if inside {
                    line(lines, &stage, before, &|line| line.handed_over += 1);
                    line(lines, &stage, holder, &|line| line.received += 1);
                }
                here = Some((stage, holder, at_entry, begun_inside));
            } else {
                if inside {
                    line(lines, &stage, before, &|line| exit(&mut line.left, entry.kind));
                }
                if begun_inside {
                    line(lines, &stage, at_entry, &|line| exit(&mut line.cohort, entry.kind));
                }
            }
        }
        if here.is_none() {
            if inside {
                line(lines, &entry.to, holder, &|line| line.entered += 1);
            }
            here = Some((entry.to.clone(), holder, holder, inside));
        }
        if !inside {
            start.clone_from(&here);
        }
    }
    if let Some((stage, holder, ..)) = start {
        line(lines, &stage, holder, &|line| line.stock_start += 1);
    }
    if let Some((stage, _, at_entry, true)) = here {
        line(lines, &stage, at_entry, &|line| line.cohort_open += 1);
    }
}

/// Where the deals stand that the model lets through, at an instant, from nothing but their last line before it.
fn stock(histories: &[&Vec<HistoryEntry>], second: i64) -> BTreeMap<Key, i64> {
    let mut stock = BTreeMap::new();
    for last in histories.iter().filter_map(|history| history.iter().rfind(|entry| entry.line.at < at(second))) {
        *stock.entry(last.line.to.clone()).or_default() += 1;
    }
    stock
}

fn deal_path(name: &str) -> Path {
    Path { entity: Entity::Deal, name: name.into() }
}

/// What stands there now, and is overdue as far as the reader may know.
fn stands(row: Row<'_>, seen: &Seen, lines: &mut Lines) {
    let deal = row.deal.unwrap().0;
    let open = |name: &str| seen.open(&[row], &deal_path(name));
    let holder = Holder { owner: deal.owner, pool: deal.team.filter(|_| deal.owner.is_none()) };
    let holder = if open("owner") { holder } else { Holder::default() };
    let line = lines.entry((deal.stage.clone(), holder)).or_default();
    line.standing += 1;
    let late = deal.stage == *"b" && deal.entered_at <= at(120);
    line.overdue += i64::from(late && open("entered_at") && open("stage") && open("funnel"));
}

async fn wander(world: &World, dice: &mut Dice, ids: &[DealId], users: &[UserId], teams: &[TeamId]) {
    for second in 5..200 {
        let id = dice.pick(ids);
        let owner = dice.some(|dice| dice.pick(users));
        let pool = if owner.is_none() { dice.some(|dice| dice.pick(teams)) } else { None };
        let to = dice.pick(&["a", "b", "c", "abandoned", "implemented"]);
        world.store.write(move |tx| walk(tx, id, to, (owner, pool), second)).await.unwrap();
    }
}

on_both! {
    async fn the_funnel_counts_what_the_model_says_and_keeps_the_law_of_stock(world: World) {
        let mut dice = Dice(3);
        let (cast, customers) = populate(&world, &mut dice).await;
        let ids: Vec<DealId> = customers.iter().flat_map(|item| item.deals.iter().map(|(deal, _)| deal.id)).collect();
        wander(&world, &mut dice, &ids, &cast.users, &cast.teams).await;
        let customers: Vec<_> = customers.iter().map(|item| item.customer.id).collect();
        let read = move |tx: &mut Tx<'_>| {
            let items: Vec<CustomerItem> =
                customers.iter().map(|id| tx.customer_item(*id).map(Option::unwrap)).collect::<Result<_, _>>()?;
            let histories = ids.iter().map(|id| Ok((*id, tx.history(*id, None, 10_000)?))).collect::<Result<HashMap<_, _>, StoreError>>()?;
            Ok((items, histories))
        };
        let (items, histories) = world.store.read(read).await.unwrap();
        let all: Vec<Row<'_>> = items.iter().flat_map(rows).filter(|row| row.deal.is_some()).collect();
        let case = DeadlineCase { when: None, overdue_if_entered_by: at(120) };
        let mut counted = 0;
        for turn in 0..100 {
            let seen = seen(&mut dice, &cast);
            let conditions: Vec<_> = (0..dice.roll(2)).map(|_| predicate(&mut dice, &cast, 1, &ALL)).collect();
            let funnel: Key = dice.pick(&["f0", "f0", "f1"]).into();
            let (from, to) = dice.pick(&[(0, 300), (40, 90), (0, 1), (90, 90), (150, 151), (2, 120), (300, 400)]);
            let mut expected = Lines::new();
            let mut walked = vec![];
            for row in &all {
                let (deal, rows) = (row.deal.unwrap().0, [*row]);
                let open = |path: &Path| seen.open(&rows, path);
                let wanted = conditions.iter().all(|condition| holds(*row, &open, condition) == Some(true));
                if deal.funnel == funnel && wanted && seen.sees(&rows) {
                    follow(&histories[&deal.id], open(&deal_path("owner")), from, to, &mut expected);
                    stands(*row, &seen, &mut expected);
                    walked.push(&histories[&deal.id]);
                }
            }
            expected.retain(|_, line| *line != Line::default());
            let overdue = vec![StageDeadline { funnel: funnel.clone(), stage: "b".into(), cases: vec![case.clone()] }];
            let query = FunnelQuery { filter: seen.filter.clone(), funnel, conditions: conditions.clone(), from: at(from), to: at(to), overdue };
            let counts: Vec<Count> = world.store.read(move |tx| tx.funnel_counts(&query)).await.unwrap();
            // The law: what the counts say of the end is where the deals were then.
            let (mut start, mut end) = (BTreeMap::new(), BTreeMap::new());
            for Count { stage, line, .. } in &counts {
                *start.entry(stage.clone()).or_default() += line.stock_start;
                *end.entry(stage.clone()).or_default() += line.stock_end();
                let came = line.cohort.total() + line.cohort_open;
                assert_eq!(came, line.entered, "turn {turn}: the cohort is those that came");
            }
            for (said, second) in [(&mut start, from), (&mut end, to)] {
                said.retain(|_, stock: &mut i64| *stock != 0);
                assert_eq!(*said, stock(&walked, second), "turn {turn}: {from}..{to}");
            }
            let counts: Lines = counts.into_iter().map(|one| ((one.stage, one.holder), one.line)).collect();
            assert_eq!(counts, expected, "turn {turn}: {from}..{to} {:#?} {conditions:#?}", seen.filter);
            counted += walked.len();
        }
        assert!(counted > 200, "{counted}: the dice are loaded");
        assert_eq!(world.store.read(|tx| tx.holdings_amiss()).await.unwrap(), []);
    }
}
