//! The report's counts against a recount from the deals' walks.

use super::funnel::{MADE, about, begin, customer, customer_guard, deal, holdings, line, step};
use super::lists::Dice;
use super::people::{add, user};
use super::world::{at, on_both};
use crate::engine::dwell::{DeadlineCase, StageDeadline};
use crate::engine::effects::{Assignment, HistoryKind, HistoryLine, Move};
use crate::engine::facts::{Deal, DealState};
use crate::engine::filter::{Alternative, RowFilter, ScopeFilter};
use crate::store::{CountBy, Effect, Flow, FlowQuery, HistoryEntry, StandingQuery, Tx};
use crate::values::{DealId, Key, UserId};
use std::collections::{BTreeMap, BTreeSet};

fn everything() -> RowFilter {
    let ways = vec![Alternative { scope: ScopeFilter::All, when: None, closed: BTreeSet::new() }];
    RowFilter::in_a_test(ways.clone(), vec![], ways.clone(), ways)
}

fn own(owner: UserId) -> RowFilter {
    let ways = vec![Alternative { scope: ScopeFilter::Own(owner), when: None, closed: BTreeSet::new() }];
    RowFilter::in_a_test(ways.clone(), vec![], ways.clone(), ways)
}

/// One random step of a deal: to another stage, or to another owner.
fn walk(
    tx: &mut Tx<'_>,
    id: DealId,
    to: &str,
    owner: Option<UserId>,
    seconds: i64,
) -> Result<(), crate::store::StoreError> {
    let facts = tx.deal_facts(id)?.unwrap();
    let deal = facts.deal;
    let mut entry = about(&deal);
    entry.guards.customer = Some(customer_guard(&facts.customer));
    if deal.stage == *to {
        let after = Deal { owner, ..deal.clone() };
        let mut steps = holdings(&deal, Some(&deal.stage), None, None);
        steps.extend(holdings(&after, None, Some(&deal.stage), None));
        let history = HistoryLine {
            at: at(seconds),
            new_owner: owner,
            ..line(&deal, HistoryKind::Owner, Some(&deal.stage), &deal.stage)
        };
        let given = Assignment {
            deal: id,
            customer: deal.customer,
            owner,
            team: None,
            note: None,
            at: at(seconds),
            holdings: steps,
            history,
            made: MADE,
        };
        tx.record(&entry, &[Effect::Assignment(&given)])?;
        return Ok(());
    }
    let mut moved = step(&deal, to, seconds);
    if deal.state == DealState::Open && moved.state == DealState::Open && *to < *deal.stage {
        moved = Move { history: HistoryLine { kind: HistoryKind::Back, ..moved.history.clone() }, ..moved };
    }
    tx.record(&entry, &[Effect::Move(&moved)])?;
    Ok(())
}

/// The same counts in another way: by following each deal from visit to visit.
fn recount(
    histories: &[Vec<HistoryEntry>],
    from: i64,
    to: i64,
    by_owner: bool,
) -> BTreeMap<(Key, Option<UserId>), Flow> {
    let mut flows: BTreeMap<(Key, Option<UserId>), Flow> = BTreeMap::new();
    let mut count = |stage: &Key, owner: Option<UserId>, add: &dyn Fn(&mut Flow)| {
        let owner = owner.filter(|_| by_owner);
        let flow = flows.entry((stage.clone(), owner)).or_insert_with(|| Flow {
            stage: stage.clone(),
            owner,
            team: None,
            stock_from: 0,
            stock_to: 0,
            entered: 0,
            forward: 0,
            back: 0,
            lost: 0,
            reopened: 0,
            handed_in: 0,
            handed_out: 0,
        });
        add(flow);
    };
    for history in histories {
        let stands = |instant: i64| history.iter().rfind(|entry| entry.line.at < at(instant)).map(|entry| &entry.line);
        if let Some(line) = stands(from) {
            count(&line.to, line.new_owner, &|flow| flow.stock_from += 1);
        }
        if let Some(line) = stands(to) {
            count(&line.to, line.new_owner, &|flow| flow.stock_to += 1);
        }
        for HistoryEntry { line, .. } in history.iter().filter(|entry| entry.line.at < at(to)) {
            let inside = i64::from(line.at >= at(from));
            let left = line.from.clone().unwrap_or_else(|| line.to.clone());
            match line.kind {
                HistoryKind::Created => count(&line.to, line.new_owner, &|flow| flow.entered += inside),
                HistoryKind::Owner => {
                    count(&line.to, line.new_owner, &|flow| flow.handed_in += inside);
                    count(&line.to, line.owner, &|flow| flow.handed_out += inside);
                }
                kind => {
                    count(&line.to, line.new_owner, &|flow| flow.entered += inside);
                    count(&left, line.owner, &|flow| match kind {
                        HistoryKind::Forward => flow.forward += inside,
                        HistoryKind::Back => flow.back += inside,
                        HistoryKind::Lost => flow.lost += inside,
                        _ => flow.reopened += inside,
                    });
                }
            }
        }
    }
    flows
}

on_both! {
    async fn counts_of_a_period_agree_with_a_recount_and_with_the_law_of_stock(world: World) {
        let mut dice = Dice(3);
        let mut owners = vec![None];
        for name in ["li", "wang"] {
            let user = user(name);
            add(&world, &user).await;
            owners.push(Some(user.id));
        }
        let mut ids = vec![];
        for _ in 0..12 {
            let customer = customer();
            let deal = deal(&customer, dice.pick(&owners));
            begin(&world, &customer, &deal).await;
            ids.push(deal.id);
        }
        for second in 1..150 {
            let (id, owner) = (dice.pick(&ids), dice.pick(&owners));
            let to = dice.pick(&["contacted", "graded", "lead", "abandoned", "implemented"]);
            world.store.write(move |tx| walk(tx, id, to, owner, second)).await.unwrap();
        }
        let all = ids.clone();
        let histories = world
            .store
            .read(move |tx| all.iter().map(|id| tx.history(*id, None, 10_000)).collect::<Result<Vec<_>, _>>())
            .await
            .unwrap();
        for (from, to) in [(0, 200), (40, 90), (0, 1), (90, 90), (149, 150), (300, 400)] {
            for by in [CountBy::Stage, CountBy::Owner, CountBy::Team] {
                let query = FlowQuery { filter: everything(), funnel: "standard".into(), from: at(from), to: at(to), by };
                let flows = world.store.read(move |tx| tx.report_flows(&query)).await.unwrap();
                for flow in &flows {
                    let left = flow.forward + flow.back + flow.lost + flow.reopened + flow.handed_out;
                    assert_eq!(flow.stock_to, flow.stock_from + flow.entered + flow.handed_in - left, "{flow:?}");
                }
                let counted: BTreeMap<_, _> =
                    flows.into_iter().map(|flow| ((flow.stage.clone(), flow.owner), flow)).collect();
                assert_eq!(counted, recount(&histories, from, to, by == CountBy::Owner), "{from}..{to} {by:?}");
            }
        }
        let mine = owners[1].unwrap();
        let deadlines = vec![StageDeadline { funnel: "standard".into(), stage: "lead".into(), cases: vec![DeadlineCase { when: None, overdue_if_entered_by: at(120) }] }];
        for filter in [everything(), own(mine)] {
            let sees_all = filter == everything();
            let query = StandingQuery { filter, funnel: "standard".into(), overdue: deadlines.clone(), by: CountBy::Owner };
            let standing = world.store.read(move |tx| tx.report_standing(&query)).await.unwrap();
            let (mut deals, mut overdue) = (0, 0);
            for id in ids.clone() {
                let deal = world.store.read(move |tx| tx.deal(id)).await.unwrap().unwrap();
                let seen = sees_all || deal.owner == Some(mine);
                deals += i64::from(seen);
                overdue += i64::from(seen && deal.stage == *"lead" && deal.entered_at <= at(120));
            }
            assert_eq!(standing.iter().map(|row| row.deals).sum::<i64>(), deals);
            assert_eq!(standing.iter().map(|row| row.overdue).sum::<i64>(), overdue);
            assert!(sees_all || standing.iter().all(|row| row.owner == Some(mine)));
        }
        assert_eq!(world.store.read(|tx| tx.holdings_amiss()).await.unwrap(), []);
    }
}
