//! Lists against a plain model of what they should hold: random rows, conditions, filters and orders, the same on both
//! databases. The model says in a few lines of Rust what the SQL must mean.

use super::funnel::{begin, creation, customer, deal};
use super::people::{add, change, entry, team, user};
use super::world::{World, at, on_both};
use crate::engine::dwell::{DeadlineCase, StageDeadline};
use crate::engine::facts::{FieldValues, Person};
use crate::engine::filter::{Alternative, RowFilter, ScopeFilter};
use crate::rules::expression::{Comparison, Entity, Operand, Path, Predicate, TextTest};
use crate::rules::model::FieldKind;
use crate::store::{CustomerItem, CustomerQuery, DealItem, DealQuery, Effect, Order, PeopleChange, SortBy};
use crate::values::{Currency, Decimal, Key, Money, TeamId, Time, UserId, Value};
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// A row: a customer, with or without a deal.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    pub customer: &'a crate::engine::facts::Customer,
    pub deal: Option<(&'a crate::engine::facts::Deal, Option<&'a Person>)>,
}

// ---- the model ----

fn field(row: Row<'_>, path: &Path) -> Option<Value> {
    let choice = |key: &Key| Some(Value::Choice(key.clone()));
    match path.entity {
        Entity::Customer => row.customer.fields.get(&path.name).cloned(),
        Entity::Deal => {
            let (deal, _) = row.deal?;
            match path.name.as_str() {
                "stage" => choice(&deal.stage),
                "grade" => deal.grade.as_ref().and_then(choice),
                "owner" => deal.owner.map(Value::User),
                "created_at" => Some(Value::Time(deal.created_at)),
                "entered_at" => Some(Value::Time(deal.entered_at)),
                "locked" => Some(Value::Bool(false)),
                _ => deal.fields.get(&path.name).cloned(),
            }
        }
        Entity::Owner => {
            let person = row.deal?.1?;
            match path.name.as_str() {
                "id" => Some(Value::User(person.id)),
                "team" => person.team.map(Value::Team),
                "active" => Some(Value::Bool(person.active)),
                "roles" => Some(Value::Choices(person.roles.clone())),
                _ => person.fields.get(&path.name).cloned(),
            }
        }
        _ => None,
    }
    .filter(Value::is_present)
}

pub type Open<'a> = &'a dyn Fn(&Path) -> bool;

fn operand(row: Row<'_>, open: Open<'_>, operand: &Operand) -> Option<Value> {
    match operand {
        Operand::Field(path) => field(row, path).filter(|_| open(path)),
        Operand::FieldOr(path, value) => field(row, path).filter(|_| open(path)).or_else(|| Some(value.clone())),
        Operand::Value(value) => Some(value.clone()),
    }
}

fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => Some(a.cmp(b)),
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Money(a), Value::Money(b)) => (a.currency == b.currency).then(|| a.amount_minor.cmp(&b.amount_minor)),
        (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
        (Value::Time(a), Value::Time(b)) => Some(a.cmp(b)),
        (Value::Choice(a), Value::Choice(b)) => Some(a.cmp(b)),
        (Value::User(a), Value::User(b)) => Some(a.cmp(b)),
        (Value::Team(a), Value::Team(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

#[allow(clippy::manual_try_fold, reason = "a later `false` decides over an unknown before it: nothing may end early")]
pub fn holds(row: Row<'_>, open: Open<'_>, predicate: &Predicate) -> Option<bool> {
    match predicate {
        Predicate::Known(known) => *known,
        Predicate::Compare { left, comparison, right } => {
            let order = compare(&operand(row, open, left)?, &operand(row, open, right)?)?;
            Some(match comparison {
                Comparison::Equal => order.is_eq(),
                Comparison::NotEqual => order.is_ne(),
                Comparison::Less => order.is_lt(),
                Comparison::LessOrEqual => order.is_le(),
                Comparison::Greater => order.is_gt(),
                Comparison::GreaterOrEqual => order.is_ge(),
            })
        }
        Predicate::In { operand: left, values } => {
            let equal = |value: &Value| Predicate::Compare {
                left: left.clone(),
                comparison: Comparison::Equal,
                right: Operand::Value(value.clone()),
            };
            holds(row, open, &Predicate::Or(values.iter().map(equal).collect()))
        }
        Predicate::Includes { list, value } => match operand(row, open, &Operand::Field(list.clone()))? {
            Value::Choices(list) => Some(list.iter().any(|one| Value::Choice(one.clone()) == *value)),
            _ => None,
        },
        Predicate::Has(path) => Some(operand(row, open, &Operand::Field(path.clone())).is_some()),
        Predicate::Text { operand: whole, test, part } => {
            let (Value::Text(whole), Value::Text(part)) = (operand(row, open, whole)?, operand(row, open, part)?)
            else {
                return None;
            };
            Some(match test {
                TextTest::Contains => whole.contains(&part),
                TextTest::StartsWith => whole.starts_with(&part),
                TextTest::EndsWith => whole.ends_with(&part),
            })
        }
        Predicate::Not(inner) => holds(row, open, inner).map(|holds| !holds),
        Predicate::And(parts) => parts.iter().fold(Some(true), |all, part| match (all, holds(row, open, part)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        }),
        Predicate::Or(parts) => parts.iter().fold(Some(false), |any, part| match (any, holds(row, open, part)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        }),
    }
}

fn leads_to(way: &Alternative, row: Row<'_>) -> bool {
    let (owner, team, pool) = match row.deal {
        Some((deal, owner)) => (deal.owner, owner.and_then(|owner| owner.team), deal.team),
        None => (row.customer.creator, None, None),
    };
    let scope = match &way.scope {
        ScopeFilter::Own(user) => owner == Some(*user),
        ScopeFilter::Teams(user, teams) => {
            owner == Some(*user) || (owner.is_some() && team.is_some_and(|team| teams.contains(&team)))
        }
        ScopeFilter::Pool(teams) => owner.is_none() && pool.is_none_or(|pool| teams.contains(&pool)),
        ScopeFilter::Pools => owner.is_none(),
        ScopeFilter::All => true,
    };
    scope && way.when.as_ref().is_none_or(|when| holds(row, &|_| true, when) == Some(true))
}

/// What the model needs besides a `RowFilter`, whose ways to fields are its own secret.
pub struct Seen {
    pub filter: RowFilter,
    deal: Vec<Alternative>,
    customer: Vec<Alternative>,
}

impl Seen {
    fn ways(&self, path: &Path) -> &[Alternative] {
        if path.entity == Entity::Customer { &self.customer } else { &self.deal }
    }

    pub fn sees(&self, rows: &[Row<'_>]) -> bool {
        self.filter.any.iter().any(|way| rows.iter().any(|row| leads_to(way, *row)))
            && self.filter.never.iter().all(|never| rows.iter().all(|row| holds(*row, &|_| true, never) == Some(false)))
    }

    pub fn open(&self, rows: &[Row<'_>], path: &Path) -> bool {
        let leads = |way: &&Alternative| rows.iter().any(|row| leads_to(way, *row));
        self.ways(path).iter().filter(leads).any(|way| !way.closed.contains(path))
    }
}

// ---- random material ----

pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    pub fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        let n = self.roll(of.len());
        of[n].clone()
    }

    pub fn some<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.roll(3) > 0).then(|| make(self))
    }
}

const KINDS: [&str; 9] = ["n", "t", "b", "m", "d", "at", "c", "cs", "u"];
const TEXTS: [&str; 8] = ["a", "B", "ab", "%", "a_b", "上海", "é", "'\" ; --"];

pub struct Cast {
    pub users: Vec<UserId>,
    pub teams: Vec<TeamId>,
}

fn value(dice: &mut Dice, cast: &Cast, kind: &str) -> Value {
    match kind {
        "n" => Value::Number(Decimal::new(i64::try_from(dice.roll(7)).unwrap() * 50 - 150, 2)),
        "t" => Value::Text(dice.pick(&TEXTS).into()),
        "b" => Value::Bool(dice.roll(2) == 0),
        "m" => {
            let currency = Currency::new(dice.pick(&["CNY", "CNY", "EUR"])).unwrap();
            Value::Money(Money::new(i64::try_from(dice.roll(4)).unwrap() - 1, currency).unwrap())
        }
        "d" => Value::Date(format!("202{}-03-02", dice.roll(4)).parse().unwrap()),
        "at" => Value::Time(at(i64::try_from(dice.roll(4)).unwrap() - 2)),
        "c" => Value::Choice(dice.pick(&["a", "b", "B"]).into()),
        "u" => Value::User(dice.pick(&cast.users)),
        _ => Value::Choices((0..=dice.roll(2)).map(|_| dice.pick(&["a", "b", "c"]).into()).collect()),
    }
}

fn fields(dice: &mut Dice, cast: &Cast) -> FieldValues {
    let mut fields = FieldValues::new();
    for kind in KINDS {
        if let Some(value) = dice.some(|dice| value(dice, cast, kind)) {
            fields.insert(kind.into(), value);
        }
    }
    // A field whose type was changed: values of several kinds.
    let kind = dice.pick(&KINDS);
    fields.insert("x".into(), value(dice, cast, kind));
    fields
}

fn path(dice: &mut Dice, kind: &str, entities: &[Entity]) -> Path {
    let entity = dice.pick(entities);
    let built_in = match (entity, kind) {
        (Entity::Deal, "c") => Some(dice.pick(&["stage", "grade"])),
        (Entity::Deal, "u") => Some("owner"),
        (Entity::Deal, "at") => Some(dice.pick(&["created_at", "entered_at"])),
        (Entity::Deal, "b") => Some("locked"),
        (Entity::Owner, "u") => Some("id"),
        (Entity::Owner, "b") => Some("active"),
        (Entity::Owner, "cs") => Some("roles"),
        _ => None,
    };
    let name = match (built_in, dice.roll(6)) {
        (_, 0) => "x",
        (Some(name), 1..=3) => name,
        _ => kind,
    };
    Path { entity, name: name.into() }
}

pub fn predicate(dice: &mut Dice, cast: &Cast, depth: usize, entities: &[Entity]) -> Predicate {
    let kind = dice.pick(&KINDS);
    let comparison = dice.pick(&[
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::Less,
        Comparison::LessOrEqual,
        Comparison::Greater,
        Comparison::GreaterOrEqual,
    ]);
    // Only these are ordered; of the others the checker of the rules lets equality pass alone.
    let ordered = matches!(kind, "n" | "m" | "d" | "at");
    let comparison = if ordered { comparison } else { dice.pick(&[Comparison::Equal, Comparison::NotEqual]) };
    match dice.roll(if depth == 0 { 8 } else { 13 }) {
        0 => Predicate::Known(dice.pick(&[Some(true), Some(false), None])),
        1 => Predicate::Has(path(dice, kind, entities)),
        2 => Predicate::Includes {
            list: path(dice, "cs", entities),
            value: Value::Choice(dice.pick(&["a", "b", "seller"]).into()),
        },
        3 => Predicate::In {
            operand: Operand::Field(path(dice, kind, entities)),
            values: (0..=dice.roll(3))
                .map(|_| value(dice, cast, kind))
                .filter(|value| !matches!(value, Value::Choices(_)))
                .collect(),
        },
        4 => Predicate::Text {
            operand: Operand::Field(path(dice, "t", entities)),
            test: dice.pick(&[TextTest::Contains, TextTest::StartsWith, TextTest::EndsWith]),
            part: if dice.roll(3) == 0 {
                Operand::Field(path(dice, "t", entities))
            } else {
                Operand::Value(value(dice, cast, "t"))
            },
        },
        n @ 5..=7 if kind != "cs" => Predicate::Compare {
            left: match n {
                5 => Operand::FieldOr(path(dice, kind, entities), value(dice, cast, kind)),
                _ => Operand::Field(path(dice, kind, entities)),
            },
            comparison,
            right: match n {
                6 => Operand::Field(path(dice, kind, entities)),
                _ => Operand::Value(value(dice, cast, kind)),
            },
        },
        5..=7 => Predicate::Has(path(dice, kind, entities)),
        8 | 9 => Predicate::Not(Box::new(predicate(dice, cast, depth - 1, entities))),
        n => {
            let parts = (0..=dice.roll(3)).map(|_| predicate(dice, cast, depth - 1, entities)).collect();
            if n == 10 { Predicate::Or(parts) } else { Predicate::And(parts) }
        }
    }
}

pub const ALL: [Entity; 3] = [Entity::Deal, Entity::Customer, Entity::Owner];

fn way(dice: &mut Dice, cast: &Cast) -> Alternative {
    let teams: BTreeSet<TeamId> = (0..dice.roll(3)).map(|_| dice.pick(&cast.teams)).collect();
    let user = dice.pick(&cast.users);
    let scope = dice.pick(&[
        ScopeFilter::Own(user),
        ScopeFilter::Teams(user, teams.clone()),
        ScopeFilter::Pool(teams),
        ScopeFilter::Pools,
        ScopeFilter::All,
    ]);
    let when = (dice.roll(2) == 0).then(|| predicate(dice, cast, 2, &ALL));
    let closed = (0..dice.roll(6))
        .map(|_| {
            let kind = dice.pick(&KINDS);
            path(dice, kind, &ALL)
        })
        .collect();
    Alternative { scope, when, closed }
}

pub fn seen(dice: &mut Dice, cast: &Cast) -> Seen {
    let ways = |dice: &mut Dice, least: usize| (0..dice.roll(3) + least).map(|_| way(dice, cast)).collect::<Vec<_>>();
    let any = ways(dice, 1);
    let never = (0..dice.roll(5).saturating_sub(3)).map(|_| predicate(dice, cast, 1, &ALL)).collect();
    let deal = if dice.roll(2) == 0 { any.clone() } else { ways(dice, 0) };
    let customer = if dice.roll(2) == 0 { any.clone() } else { ways(dice, 0) };
    Seen { filter: RowFilter::in_a_test(any, never, deal.clone(), customer.clone()), deal, customer }
}

fn order(dice: &mut Dice, entities: &[Entity]) -> Order {
    let kinds = [
        ("n", FieldKind::Number),
        ("t", FieldKind::Text { pattern: None, max: 9 }),
        ("m", FieldKind::Money { currency: Currency::new("CNY").unwrap() }),
        ("d", FieldKind::Date),
        ("b", FieldKind::Bool),
    ];
    let by = match dice.roll(4) {
        0 => SortBy::CreatedAt,
        1 => SortBy::EnteredAt,
        _ => {
            let (kind, of) = dice.pick(&kinds);
            let entity = dice.pick(entities);
            let name = if dice.roll(4) == 0 { "x" } else { kind };
            SortBy::Field(Path { entity, name: name.into() }, of)
        }
    };
    Order { by, descending: dice.roll(2) == 0 }
}

/// What the row is ordered by; a value of another kind or currency than the field's is missing.
fn sort_value(order: &Order, row: Row<'_>, open: Open<'_>) -> Option<Value> {
    let built_in = |name: &str| Path { entity: Entity::Deal, name: name.into() };
    let shown = |path: &Path| field(row, path).filter(|_| open(path));
    match &order.by {
        SortBy::CreatedAt | SortBy::UpdatedAt if row.deal.is_none() => Some(Value::Time(row.customer.created_at)),
        SortBy::EnteredAt if row.deal.is_none() => Some(Value::Time(row.customer.created_at)),
        SortBy::CreatedAt | SortBy::UpdatedAt => shown(&built_in("created_at")),
        SortBy::EnteredAt => shown(&built_in("entered_at")),
        SortBy::Field(path, kind) => shown(path).filter(|value| match (value, kind) {
            (Value::Money(money), FieldKind::Money { currency }) => money.currency == *currency,
            (Value::Number(_), FieldKind::Number)
            | (Value::Text(_), FieldKind::Text { .. })
            | (Value::Date(_), FieldKind::Date)
            | (Value::Bool(_), FieldKind::Bool) => true,
            _ => false,
        }),
    }
}

fn sorted<I: Ord + Copy>(mut rows: Vec<(Option<Value>, I)>, descending: bool) -> Vec<I> {
    rows.sort_by(|(a, a_id), (b, b_id)| {
        let by_value = match (a, b) {
            (Some(a), Some(b)) => {
                let order = compare(a, b).unwrap();
                if descending { order.reverse() } else { order }
            }
            (a, b) => b.is_some().cmp(&a.is_some()),
        };
        by_value.then(if descending { b_id.cmp(a_id) } else { a_id.cmp(b_id) })
    });
    rows.into_iter().map(|(_, id)| id).collect()
}

pub async fn populate(world: &World, dice: &mut Dice) -> (Cast, Vec<CustomerItem>) {
    let mut cast = Cast { users: vec![], teams: vec![] };
    for n in 0..3 {
        let team = team(&format!("t{n}"), None);
        cast.teams.push(team.id);
        change(world, PeopleChange::TeamCreated { team }).await.unwrap();
    }
    for n in 0..5 {
        let mut user = user(&format!("u{n}"));
        user.team = dice.some(|dice| dice.pick(&cast.teams));
        user.active = n != 3;
        user.roles = if n == 4 { vec![] } else { vec!["seller".into()] };
        cast.users.push(user.id);
        user.fields = fields(dice, &cast);
        add(world, &user).await;
    }
    let mut ids = vec![];
    for n in 0..24 {
        let mut customer = customer();
        customer.fields = fields(dice, &cast);
        customer.creator = dice.some(|dice| dice.pick(&cast.users));
        customer.created_at = at(i64::from(n / 5));
        ids.push(customer.id);
        if n % 6 == 0 {
            let made = creation(&customer);
            world
                .store
                .write(move |tx| tx.record(&entry("customers.create"), &[Effect::CustomerCreation(&made)]))
                .await
                .unwrap();
            continue;
        }
        for funnel in 0..=dice.roll(3) {
            let mut deal = deal(&customer, dice.some(|dice| dice.pick(&cast.users)));
            deal.funnel = format!("f{funnel}").as_str().into();
            deal.stage = dice.pick(&["a", "b"]).into();
            deal.grade = dice.some(|dice| dice.pick(&["a", "B"]).into());
            deal.team = if deal.owner.is_none() { dice.some(|dice| dice.pick(&cast.teams)) } else { None };
            deal.created_at = at(i64::from(n / 4));
            deal.entered_at = at(i64::try_from(dice.roll(4)).unwrap());
            deal.fields = fields(dice, &cast);
            if funnel == 0 {
                begin(world, &customer, &deal).await;
            } else {
                let begun = super::funnel::beginning(&deal);
                world
                    .store
                    .write(move |tx| tx.record(&entry("deals.create"), &[Effect::DealCreation(&begun)]))
                    .await
                    .unwrap();
            }
        }
    }
    let read = move |tx: &mut crate::store::Tx<'_>| {
        ids.iter().map(|id| tx.customer_item(*id).map(Option::unwrap)).collect::<Result<Vec<_>, _>>()
    };
    (cast, world.store.read(read).await.unwrap())
}

/// One row a deal, or the customer alone.
pub fn rows(item: &CustomerItem) -> Vec<Row<'_>> {
    let customer = &item.customer;
    if item.deals.is_empty() {
        return vec![Row { customer, deal: None }];
    }
    item.deals.iter().map(|(deal, owner)| Row { customer, deal: Some((deal, owner.as_ref())) }).collect()
}

async fn all_deals(world: &World, query: DealQuery) -> Vec<DealItem> {
    let mut all = vec![];
    let mut after = None;
    loop {
        let query = DealQuery { after, ..query.clone() };
        let page = world.store.read(move |tx| tx.list_deals(&query)).await.unwrap();
        let Some(last) = page.last() else { return all };
        after = Some(last.cursor.clone());
        all.extend(page.into_iter().map(|listed| listed.item));
        assert!(all.len() < 1000, "the pages go round");
    }
}

on_both! {
    async fn lists_of_deals_hold_what_the_model_says_in_its_order(world: World) {
        let mut dice = Dice(5);
        let (cast, customers) = populate(&world, &mut dice).await;
        let all: Vec<Row<'_>> = customers.iter().flat_map(rows).filter(|row| row.deal.is_some()).collect();
        let mut found = 0;
        for turn in 0..120 {
            let seen = seen(&mut dice, &cast);
            let conditions: Vec<_> = (0..dice.roll(3)).map(|_| predicate(&mut dice, &cast, 2, &ALL)).collect();
            let order = order(&mut dice, &[Entity::Deal, Entity::Customer]);
            let mut expected = vec![];
            for row in &all {
                let rows = [*row];
                let open = |path: &Path| seen.open(&rows, path);
                if seen.sees(&rows) && conditions.iter().all(|condition| holds(*row, &open, condition) == Some(true)) {
                    expected.push((sort_value(&order, *row, &open), row.deal.unwrap().0.id));
                }
            }
            let expected = sorted(expected, order.descending);
            let query = DealQuery {
                filter: seen.filter.clone(), conditions: conditions.clone(), customer: None, team: None, overdue: None,
                updated_since: None, order: order.clone(), after: None, limit: 7,
            };
            let listed: Vec<_> = all_deals(&world, query).await.into_iter().map(|item| item.deal.id).collect();
            assert_eq!(listed, expected, "turn {turn}: {order:?} {:#?} {conditions:#?}", seen.filter);
            found += expected.len();
            // A single read by the same filter finds a deal exactly where a list without conditions holds it.
            for row in all.iter().skip(turn % 7).step_by(7) {
                let (id, filter) = (row.deal.unwrap().0.id, seen.filter.clone());
                let sees = world.store.read(move |tx| tx.sees_deal(id, &filter)).await.unwrap();
                assert_eq!(sees, seen.sees(&[*row]), "turn {turn}: {:#?}", seen.filter);
            }
        }
        assert!(found > 200, "{found}: the dice are loaded");
    }

    async fn lists_of_customers_hold_what_the_model_says_in_its_order(world: World) {
        let mut dice = Dice(6);
        let (cast, customers) = populate(&world, &mut dice).await;
        let mut found = 0;
        for turn in 0..120 {
            let seen = seen(&mut dice, &cast);
            let entities = [Entity::Customer];
            let conditions: Vec<_> = (0..dice.roll(3)).map(|_| predicate(&mut dice, &cast, 2, &entities)).collect();
            let order = order(&mut dice, &entities);
            let mut expected = vec![];
            for item in &customers {
                let (rows, alone) = (rows(item), Row { customer: &item.customer, deal: None });
                let open = |path: &Path| seen.open(&rows, path);
                if seen.sees(&rows) && conditions.iter().all(|condition| holds(alone, &open, condition) == Some(true)) {
                    expected.push((sort_value(&order, alone, &open), item.customer.id));
                }
                let (id, filter) = (item.customer.id, seen.filter.clone());
                let sees = world.store.read(move |tx| tx.sees_customer(id, &filter)).await.unwrap();
                assert_eq!(sees, seen.sees(&rows), "turn {turn}: {:#?}", seen.filter);
            }
            let expected = sorted(expected, order.descending);
            let mut listed = vec![];
            let mut after = None;
            loop {
                let query = CustomerQuery {
                    filter: seen.filter.clone(), conditions: conditions.clone(), updated_since: None,
                    order: order.clone(), after, limit: 5,
                };
                let page = world.store.read(move |tx| tx.list_customers(&query)).await.unwrap();
                let Some(last) = page.last() else { break };
                after = Some(last.cursor.clone());
                listed.extend(page.iter().map(|listed| listed.item.customer.id));
                assert!(listed.len() < 1000, "the pages go round: {order:?}");
            }
            assert_eq!(listed, expected, "turn {turn}: {order:?} {:#?} {conditions:#?}", seen.filter);
            found += expected.len();
        }
        assert!(found > 150, "{found}: the dice are loaded");
    }

    async fn deals_are_found_by_customer_team_change_and_being_overdue(world: World) {
        let south = team("south", None);
        let south_id = south.id;
        change(&world, PeopleChange::TeamCreated { team: south }).await.unwrap();
        let mut li = user("li");
        li.team = Some(south_id);
        add(&world, &li).await;
        let mut made = vec![];
        for n in 0..4 {
            let customer = customer();
            let mut deal = deal(&customer, (n < 2).then_some(li.id));
            deal.team = (n == 2).then_some(south_id);
            deal.entered_at = at(n);
            deal.updated_at = at(n);
            begin(&world, &customer, &deal).await;
            made.push(deal);
        }
        let everything = Alternative { scope: ScopeFilter::All, when: None, closed: BTreeSet::new() };
        let filter = |way: Alternative| {
            let ways = vec![way];
            RowFilter::in_a_test(ways.clone(), vec![], ways.clone(), ways)
        };
        let plain = DealQuery {
            filter: filter(everything.clone()), conditions: vec![], customer: None, team: None, overdue: None, updated_since: None,
            order: Order { by: SortBy::EnteredAt, descending: false }, after: None, limit: 100,
        };
        let ids = |n: &[usize]| n.iter().map(|n| made[*n].id).collect::<Vec<_>>();
        let found = |query: DealQuery| {
            let store = world.store.clone();
            async move {
                let page = store.read(move |tx| tx.list_deals(&query)).await.unwrap();
                page.into_iter().map(|listed| listed.item.deal.id).collect::<Vec<_>>()
            }
        };
        assert_eq!(found(DealQuery { customer: Some(made[3].customer), ..plain.clone() }).await, ids(&[3]));
        assert_eq!(found(DealQuery { team: Some(south_id), ..plain.clone() }).await, ids(&[0, 1, 2]));
        assert_eq!(found(DealQuery { updated_since: Some(at(2)), ..plain.clone() }).await, ids(&[2, 3]));
        let deadline = |entered_by: Time| {
            Some(vec![StageDeadline { funnel: "standard".into(), stage: "resource".into(), cases: vec![DeadlineCase { when: None, overdue_if_entered_by: entered_by }] }])
        };
        assert_eq!(found(DealQuery { overdue: deadline(at(1)), ..plain.clone() }).await, ids(&[0, 1]));
        assert_eq!(found(DealQuery { overdue: Some(vec![]), ..plain.clone() }).await, ids(&[]));
        // Who may not see when deals came into their stage learns nothing of it here either.
        let entered_at = Path { entity: Entity::Deal, name: "entered_at".into() };
        let blind = Alternative { closed: [entered_at].into_iter().collect(), ..everything };
        assert_eq!(found(DealQuery { filter: filter(blind), overdue: deadline(at(9)), ..plain }).await, ids(&[]));
    }

    async fn who_is_granted_nothing_finds_nothing(world: World) {
        let customer = customer();
        begin(&world, &customer, &deal(&customer, None)).await;
        let nothing = || RowFilter::in_a_test(vec![], vec![], vec![], vec![]);
        let no_teams = Alternative { scope: ScopeFilter::Teams(UserId::new(), BTreeSet::new()), when: None, closed: BTreeSet::new() };
        for filter in [nothing(), RowFilter::in_a_test(vec![no_teams], vec![], vec![], vec![])] {
            let order = Order { by: SortBy::CreatedAt, descending: false };
            let query = CustomerQuery {
                filter: filter.clone(), conditions: vec![], updated_since: None, order: order.clone(), after: None, limit: 9,
            };
            assert_eq!(world.store.read(move |tx| tx.list_customers(&query)).await.unwrap(), []);
            let query = DealQuery {
                filter, conditions: vec![], customer: None, team: None, overdue: None, updated_since: None, order,
                after: None, limit: 9,
            };
            assert_eq!(world.store.read(move |tx| tx.list_deals(&query)).await.unwrap(), []);
        }
    }
}
