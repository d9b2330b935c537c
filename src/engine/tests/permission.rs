use super::*;
use crate::engine::case::Case;
use crate::engine::facts::{DealFacts, Person};
use crate::engine::outlook::{FieldOutlook, Outlook};
use crate::engine::permission::*;
use crate::rules::expression::{Comparison, Facts, Operand, Path, Place, Predicate, Read, TextTest};
use crate::rules::model::*;
use crate::values::{TeamId, Value};
use proptest::prelude::*;
use std::sync::Arc;

fn sight(rules: Rules, roles: &str, action: Action, facts: &DealFacts) -> Option<Sight> {
    permit(&Arc::new(rules), &actor(LI, roles), action)?.sight(&Row::from(facts), now())
}

fn north(n: u128) -> Person {
    Person { team: Some(team(NORTH)), ..person(n, "seller") }
}

#[test]
fn scopes_reach_own_team_and_all_and_only_pool_actions_reach_what_nobody_owns() {
    use Action::*;
    let own = || deal_in("lead");
    let peer = || deal_in("lead").owned_by(person(WANG, "seller"));
    let foreign = || deal_in("lead").owned_by(north(CHEN));
    let ours = || deal_in("lead").in_pool(Some(SOUTH));
    let theirs = || deal_in("lead").in_pool(Some(NORTH));
    let companys = || deal_in("lead").in_pool(None);
    let rows: [(&str, Action, &str); 15] = [
        // own peer foreign | pool of the team, of another, of the company
        ("seller", DealsRead, "yy- y-y"),
        ("seller", CustomersRead, "yy- y-y"),
        ("seller", DealsMove, "y-- ---"),
        ("seller", PoolRead, "--- y-y"),
        ("seller", DealsAssign, "--- ---"),
        ("trainer", DealsRead, "yy- ---"),
        ("trainer", DealsMove, "--- ---"),
        ("manager", DealsMove, "yy- ---"),
        // By `pool.deal_out` as well.
        ("manager", DealsAssign, "yy- y-y"),
        ("director", DealsAssign, "yyy yyy"),
        ("manager", PoolDealOut, "--- y-y"),
        ("director", DealsRead, "yyy yyy"),
        ("director", DealsMove, "yyy yyy"),
        ("director", PoolDealOut, "--- yyy"),
        ("nobody", DealsRead, "--- ---"),
    ];
    for (roles, action, expected) in rows {
        let of = |facts: DealFacts| if sight(company(), roles, action, &facts).is_some() { 'y' } else { '-' };
        let came: String =
            [of(own()), of(peer()), of(foreign()), ' ', of(ours()), of(theirs()), of(companys())].iter().collect();
        assert_eq!(came, expected, "{roles} {action:?}");
    }
}

#[test]
fn nothing_is_granted_by_default() {
    let rules = Arc::new(company());
    for action in Action::ALL {
        assert!(permit(&rules, &actor(LI, ""), action).is_none(), "{action:?}");
        assert!(permit(&rules, &actor(LI, "no_such_role"), action).is_none(), "{action:?}");
        let mut gone = (*actor(LI, "director")).clone();
        gone.active = false;
        assert!(permit(&rules, &Arc::new(gone), action).is_none(), "{action:?}");
    }
    let mut empty = company();
    empty.roles[0].may = vec![grant(&[], Scope::All)];
    assert!(permit(&Arc::new(empty), &actor(LI, "seller"), Action::DealsRead).is_none());
    // The product itself is permitted everything.
    let system = Arc::new(crate::engine::actor::Actor::system());
    assert!(permit(&rules, &system, Action::DealsMove).unwrap().holds(&Row::from(&deal_in("lead")), now()));
}

#[test]
fn conditions_must_be_known_to_hold_and_nevers_known_not_to() {
    let may = |when: &str, never: Option<&str>| {
        let mut rules = company();
        let seller = &mut rules.roles[0];
        seller.may[0].when = (!when.is_empty()).then(|| grant_expression(when, Place::Read));
        seller.may.truncate(1);
        seller.never = never
            .map(|when| Never {
                actions: [Action::DealsRead].into(),
                when: (!when.is_empty()).then(|| grant_expression(when, Place::Decision)),
            })
            .into_iter()
            .collect();
        sight(rules, "seller", Action::DealsRead, &deal_in("lead")).is_some()
    };
    assert!(may("", None));
    assert!(may("customer.size == \"large\"", None));
    assert!(!may("customer.size == \"ordinary\"", None));
    assert!(!may("customer.source != \"web\"", None), "unknown denies");
    assert!(!may("", Some("")), "never, whatever");
    assert!(!may("", Some("customer.size == \"large\"")));
    assert!(may("", Some("customer.size == \"ordinary\"")));
    assert!(!may("", Some("customer.source == \"web\"")), "an unknown never denies");
}

#[test]
fn what_is_not_known_of_who_acts_opens_nothing() {
    let mut rules = company();
    rules.roles[0].may.truncate(1);
    rules.roles[0].may[0].when = Some(grant_expression("user.branch == \"east\"", Place::Read));
    let mut li = (*actor(LI, "seller")).clone();
    li.fields.clear();
    let permit = permit(&Arc::new(rules), &Arc::new(li), Action::DealsRead).unwrap();
    assert!(!permit.holds(&Row::from(&deal_in("lead")), now()));
    assert_eq!(permit.filter(now()).any, []);
}

#[test]
fn a_never_of_one_role_beats_the_grant_of_another() {
    let mut rules = company();
    rules.roles[1].never.push(Never { actions: [Action::DealsMove].into(), when: None });
    assert!(sight(rules, "director trainer", Action::DealsMove, &deal_in("lead")).is_none());
}

/// Reading what nobody owns is reading.
#[test]
fn what_may_never_be_read_or_given_is_not_in_the_pool_either() {
    let pooled = deal_in("lead").in_pool(Some(SOUTH));
    for (action, never) in [(Action::PoolRead, Action::DealsRead), (Action::PoolDealOut, Action::DealsAssign)] {
        let with = |nevers: Vec<Never>| {
            let mut rules = company();
            rules.roles[0].may = vec![grant(&[action], Scope::Team)];
            rules.roles[0].never = nevers;
            permit(&Arc::new(rules), &actor(LI, "seller"), action).unwrap()
        };
        assert!(with(Vec::new()).holds(&Row::from(&pooled), now()), "{action:?}");
        let barred = with(vec![Never { actions: [never].into(), when: None }]);
        assert!(!barred.holds(&Row::from(&pooled), now()), "{action:?}");
        assert_eq!(barred.filter(now()).never, [Predicate::Known(Some(true))], "{action:?}");
    }
}

#[test]
fn a_field_is_as_open_as_the_most_open_grant_on_this_row_never_across_rows() {
    let phone = path("customer.phone");
    let seen = |facts: &DealFacts| sight(company(), "seller", Action::DealsRead, facts).unwrap().of(&phone);
    assert_eq!(seen(&deal_in("lead")), FieldSight::Open);
    assert_eq!(seen(&deal_in("lead").owned_by(person(WANG, "seller"))), FieldSight::Hidden);
    assert_eq!(seen(&deal_in("lead").in_pool(None)), FieldSight::Masked(Mask::KeepLast(3)));
    // A director, too: everything.
    let peers = deal_in("lead").owned_by(person(WANG, "seller"));
    assert_eq!(sight(company(), "seller director", Action::DealsRead, &peers).unwrap().of(&phone), FieldSight::Open);
    // A trainer reads deals, and nothing grants him their customers.
    let trainer = sight(company(), "trainer", Action::DealsRead, &deal_in("lead")).unwrap();
    assert_eq!(trainer.of(&phone), FieldSight::Hidden);
    assert_eq!(trainer.of(&path("deal.grade")), FieldSight::Open);
}

#[test]
fn masks_leave_what_they_say_and_never_the_whole() {
    let rows = [
        (Mask::KeepFirst(2), Value::Text("北京漏斗".into()), Some("北京***")),
        (Mask::KeepLast(3), Value::Text("+8613800000123".into()), Some("***123")),
        (Mask::KeepLast(3), Value::Text("123".into()), Some("***")),
        (Mask::Domain, Value::Text("li@example.com".into()), Some("***@example.com")),
        (Mask::Domain, Value::Text("https://u@example.com/a?b".into()), Some("https://example.com")),
        (Mask::Domain, Value::Text("no address".into()), None),
        (Mask::Year, Value::Date(date("2026-03-02")), Some("2026")),
        (Mask::KeepFirst(2), Value::Int(12345), None),
    ];
    for (mask, value, expected) in rows {
        let mut rules = company();
        rules.roles[2].may = vec![grant(&[Action::DealsRead], Scope::All)];
        rules.roles[2].may[0].mask.push((path("deal.question"), mask));
        let sight = sight(rules, "manager", Action::DealsRead, &deal_in("lead")).unwrap();
        let expected = expected.map_or(Shown::Hidden, |text| Shown::Masked(Value::Text(text.into())));
        assert_eq!(sight.show(&path("deal.question"), &value), expected, "{mask:?} {value:?}");
    }
}

#[test]
fn only_the_action_that_writes_a_record_writes_its_fields_and_none_that_is_not_seen_whole() {
    let writes = |change: fn(&mut Rules), action: Action, name: &str| {
        let mut rules = company();
        change(&mut rules);
        sight(rules, "seller", action, &deal_in("lead")).unwrap().writable(&path(name))
    };
    let plain = |_: &mut Rules| {};
    assert!(writes(plain, Action::DealsWrite, "deal.question"));
    assert!(!writes(plain, Action::DealsRead, "deal.question"));
    assert!(!writes(plain, Action::DealsMove, "deal.question"));
    assert!(!writes(plain, Action::DealsWrite, "customer.name"));
    assert!(writes(plain, Action::CustomersWrite, "customer.name"));
    let locked = |rules: &mut Rules| {
        rules.roles[0].may[0].read_only.insert(path("deal.question"));
    };
    assert!(!writes(locked, Action::DealsWrite, "deal.question"));
    assert!(writes(locked, Action::DealsWrite, "deal.score"));
    let hidden = |rules: &mut Rules| {
        rules.roles[0].may[0].hide.insert(path("deal.question"));
    };
    assert!(!writes(hidden, Action::DealsWrite, "deal.question"));
    // Who reads a mask would write back what it left, whatever the grant to write says.
    let masked = |rules: &mut Rules| {
        let mut reading = grant(&[Action::DealsRead], Scope::Own);
        reading.mask.push((path("deal.question"), Mask::KeepFirst(1)));
        rules.roles[0].may = vec![reading, grant(&[Action::DealsWrite], Scope::Own)];
    };
    assert!(!writes(masked, Action::DealsWrite, "deal.question"));
    assert!(writes(masked, Action::DealsWrite, "deal.score"));
    // Who may not read at all still writes what his grant lets him.
    let blind = |rules: &mut Rules| rules.roles[0].may = vec![grant(&[Action::DealsWrite], Scope::Own)];
    assert!(writes(blind, Action::DealsWrite, "deal.question"));
}

#[test]
fn a_customer_is_seen_through_deals_and_until_there_is_one_by_his_creator() {
    let rules = Arc::new(company());
    let sees = |n: u128, deals: &[&DealFacts]| {
        let customer = &deal_in("lead").customer;
        let held: Vec<HeldDeal<'_>> =
            deals.iter().map(|one| HeldDeal { deal: &one.deal, owner: one.owner.as_ref() }).collect();
        let permit = permit(&rules, &actor(n, "seller"), Action::CustomersRead).unwrap();
        permit.holds(&Row::Customer { customer, deals: &held }, now())
    };
    let mine = deal_in("lead");
    let foreign = deal_in("lead").owned_by(north(CHEN));
    assert!(sees(LI, &[]), "his creator");
    assert!(!sees(WANG, &[]), "nobody else, also of the team");
    assert!(!sees(LI, &[&foreign]), "not any more");
    assert!(sees(WANG, &[&foreign, &mine]));
    assert!(sees(WANG, &[&foreign, &deal_in("lead").in_pool(None)]));
}

#[test]
fn what_roles_can_ever_do_and_see_is_told_without_a_row() {
    let mut rules = company();
    let seller = rules.roles.get_mut("seller").unwrap();
    seller.may = vec![
        grant(&[Action::DealsRead, Action::CustomersRead, Action::CustomersWrite], Scope::Own),
        Grant {
            hide: [path("customer.phone")].into(),
            ..grant(&[Action::DealsRead, Action::CustomersRead], Scope::Team)
        },
    ];
    let outlook = |rules: &Rules| {
        let roles = [key("seller")];
        let outlook = Outlook::new(rules, &roles);
        let (phone, size) = (path("customer.phone"), path("customer.size"));
        let seen =
            |one: FieldOutlook| format!("{}{}{}", u8::from(one.open), u8::from(one.masked), u8::from(one.hidden));
        let writes = |path| outlook.writes(Action::CustomersWrite, path);
        (seen(outlook.of_deal(&phone)), seen(outlook.of_deal(&size)), writes(&phone), writes(&size))
    };
    let is = |phone: &str, size: &str, one, other| (phone.to_owned(), size.to_owned(), one, other);
    assert_eq!(outlook(&rules), is("101", "100", true, true), "his own open, his colleagues' hidden");
    rules.roles.get_mut("seller").unwrap().may[1].hide.clear();
    assert_eq!(outlook(&rules), is("100", "100", true, true));
    for grant in &mut rules.roles.get_mut("seller").unwrap().may {
        grant.hide.insert(path("customer.phone"));
        grant.read_only.insert(path("customer.size"));
    }
    assert_eq!(outlook(&rules), is("001", "100", false, false));
    // Who reads only a part of a field does not write it; on a row that he does not read at all nothing keeps him from it.
    let seller = rules.roles.get_mut("seller").unwrap();
    seller.may = vec![
        Grant { hide: [path("customer.phone")].into(), ..grant(&[Action::CustomersRead], Scope::All) },
        grant(&[Action::CustomersWrite], Scope::Own),
    ];
    assert!(!outlook(&rules).2);
    let when = Some(grant_expression(CONDITIONS[0], Place::Read));
    let never = Never { actions: [Action::CustomersRead].into(), when };
    rules.roles.get_mut("seller").unwrap().never.push(never);
    assert!(outlook(&rules).2);
    let never = Never { actions: [Action::DealsRead].into(), when: None };
    rules.roles.get_mut("seller").unwrap().never.push(never);
    assert!(!Outlook::new(&rules, &[key("seller")]).may(Action::DealsRead));
    assert!(Outlook::new(&rules, &[key("seller")]).may(Action::CustomersRead));
}

// The law: one row at a time or as a filter, the same is permitted.

const CONDITIONS: [&str; 8] = [
    "customer.size == \"large\"",
    "customer.size != \"large\"",
    "!(customer.branch == user.branch)",
    "customer.branch in [\"east\", \"west\"] || deal.state == \"won\"",
    "has(deal.question) && deal.question.contains(\"how\")",
    "deal.score > 1 && deal.stage == \"standard/lead\"",
    "deal.owner == user.id",
    "owner.branch == \"east\" || deal.score.orValue(5) >= 5",
];

#[derive(Clone, Debug)]
struct GrantPlan {
    actions: u32,
    scope: u8,
    when: Option<usize>,
    hide: bool,
    mask: bool,
}

fn plan() -> impl Strategy<Value = GrantPlan> {
    (any::<u32>(), 0..3_u8, prop::option::weighted(0.6, 0..CONDITIONS.len()), any::<bool>(), any::<bool>())
        .prop_map(|(actions, scope, when, hide, mask)| GrantPlan { actions, scope, when, hide, mask })
}

const ACTIONS: [Action; 7] = [
    Action::DealsRead,
    Action::CustomersRead,
    Action::PoolRead,
    Action::DealsMove,
    Action::PoolDealOut,
    Action::CustomersWrite,
    Action::ReportsRead,
];

fn chosen(bits: u32) -> Vec<Action> {
    ACTIONS.iter().enumerate().filter(|(n, _)| bits & (1 << n) != 0).map(|(_, action)| *action).collect()
}

fn rules_of(may: &[GrantPlan], never: &[GrantPlan]) -> Rules {
    let mut rules = company();
    let compiled = |plan: &GrantPlan| plan.when.map(|when| grant_expression(CONDITIONS[when], Place::Read));
    let grants = may.iter().map(|plan| {
        let scope = [Scope::Own, Scope::Team, Scope::All][usize::from(plan.scope)];
        let mut grant = Grant { when: compiled(plan), ..grant(&chosen(plan.actions), scope) };
        if plan.hide {
            grant.hide.insert(path("customer.phone"));
        }
        if plan.mask {
            grant.mask.push((path("deal.question"), Mask::KeepFirst(1)));
        }
        grant
    });
    let mut role = role("random", grants.collect());
    let nevers =
        never.iter().map(|plan| Never { actions: chosen(plan.actions).into_iter().collect(), when: compiled(plan) });
    role.never = nevers.collect();
    rules.roles.insert(key("random"), role);
    rules
}

fn a_row() -> impl Strategy<Value = DealFacts> {
    let maybe = |n| prop::option::of(0..n as usize);
    (0..6_u8, maybe(2), maybe(2), maybe(2), maybe(9), maybe(2), maybe(2)).prop_map(
        |(owner, size, branch, question, score, of_owner, won)| {
            let mut facts = deal_in(if won == Some(0) { "implemented" } else { "lead" });
            facts.customer.fields.shift_remove("size");
            if let Some(size) = size {
                facts = facts.with("customer.size", choice(["large", "ordinary"][size]));
            }
            if let Some(branch) = branch {
                facts = facts.with("customer.branch", choice(["east", "west"][branch]));
            }
            if let Some(question) = question {
                facts = facts.with("deal.question", Value::Text(["how much", "  "][question].into()));
            }
            if let Some(score) = score {
                facts = facts.with("deal.score", Value::Number((score as i64).into()));
            }
            let mut facts = match owner {
                0 => facts,
                1 => facts.owned_by(person(WANG, "seller")),
                2 => facts.owned_by(north(CHEN)),
                3 => facts.in_pool(None),
                4 => facts.in_pool(Some(SOUTH)),
                _ => facts.in_pool(Some(NORTH)),
            };
            if let (Some(owner), Some(branch)) = (facts.owner.as_mut(), of_owner) {
                owner.fields.insert(key("branch"), choice(["east", "west"][branch]));
            }
            facts
        },
    )
}

/// What SQL makes of a predicate on a row.
#[allow(clippy::manual_try_fold, reason = "a later `false` decides over an unknown before it: nothing may end early")]
fn holds(predicate: &Predicate, case: &Case<'_>) -> Option<bool> {
    let field = |path: &Path| case.read(&Read::Field(path.clone())).map(std::borrow::Cow::into_owned);
    let side = |operand: &Operand| match operand {
        Operand::Field(path) => field(path),
        Operand::FieldOr(path, value) => field(path).or_else(|| Some(value.clone())),
        Operand::Value(value) => Some(value.clone()),
    };
    match predicate {
        Predicate::Known(known) => *known,
        Predicate::Compare { left, comparison, right } => {
            let (left, right) = (side(left)?, side(right)?);
            let order = match (&left, &right) {
                (Value::Number(left), Value::Number(right)) => left.cmp(right),
                (Value::Number(left), Value::Int(right)) => left.cmp(&(*right).into()),
                (Value::Int(left), Value::Number(right)) => crate::values::Decimal::from(*left).cmp(right),
                (left, right) if left == right => std::cmp::Ordering::Equal,
                _ => std::cmp::Ordering::Less,
            };
            Some(match comparison {
                Comparison::Equal => order.is_eq(),
                Comparison::NotEqual => order.is_ne(),
                Comparison::Less => order.is_lt(),
                Comparison::LessOrEqual => order.is_le(),
                Comparison::Greater => order.is_gt(),
                Comparison::GreaterOrEqual => order.is_ge(),
            })
        }
        Predicate::In { operand, values } => side(operand).map(|value| values.contains(&value)),
        Predicate::Has(path) => Some(field(path).is_some()),
        Predicate::Text { operand, test, part } => {
            let (Value::Text(text), Value::Text(part)) = (side(operand)?, side(part)?) else { return None };
            Some(match test {
                TextTest::Contains => text.contains(&part),
                TextTest::StartsWith => text.starts_with(&part),
                TextTest::EndsWith => text.ends_with(&part),
            })
        }
        Predicate::Not(inner) => holds(inner, case).map(|known| !known),
        Predicate::And(all) => all.iter().fold(Some(true), |sum, one| match (sum, holds(one, case)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        }),
        Predicate::Or(any) => any.iter().fold(Some(false), |sum, one| match (sum, holds(one, case)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        }),
        other => panic!("{other:?} is in no condition of this test"),
    }
}

fn within(scope: &ScopeFilter, row: &DealFacts) -> bool {
    let team_of = row.owner.as_ref().and_then(|owner| owner.team);
    let held = |teams: &std::collections::BTreeSet<TeamId>| team_of.is_some_and(|team| teams.contains(&team));
    match scope {
        ScopeFilter::Own(user) => row.deal.owner == Some(*user),
        ScopeFilter::Teams(user, teams) => row.deal.owner.is_some() && (row.deal.owner == Some(*user) || held(teams)),
        ScopeFilter::Pool(teams) => row.deal.owner.is_none() && row.deal.team.is_none_or(|team| teams.contains(&team)),
        ScopeFilter::Pools => row.deal.owner.is_none(),
        ScopeFilter::All => true,
    }
}

fn passes(way: &Alternative, row: &DealFacts, case: &Case<'_>) -> bool {
    within(&way.scope, row) && way.when.as_ref().is_none_or(|when| holds(when, case) == Some(true))
}

/// What is seen on a row was among what can be.
fn told(sight: FieldSight, outlook: FieldOutlook, name: &str) -> Result<(), TestCaseError> {
    let foreseen = match sight {
        FieldSight::Open => outlook.open,
        FieldSight::Masked(_) => outlook.masked,
        FieldSight::Hidden => outlook.hidden,
    };
    prop_assert!(foreseen, "{}: {:?}, and {:?} was foreseen", name, sight, outlook);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn sight_and_filter_permit_the_same_rows_and_open_the_same_fields(
        may in prop::collection::vec(plan(), 0..5),
        never in prop::collection::vec(plan(), 0..2),
        rows in prop::collection::vec(a_row(), 1..8),
        branch in prop::option::of(0..2_usize),
    ) {
        let rules = Arc::new(rules_of(&may, &never));
        let mut caller = (*actor(LI, "random")).clone();
        if let Some(branch) = branch {
            caller.fields.insert(key("branch"), choice(["east", "west"][branch]));
        }
        let caller = Arc::new(caller);
        for action in ACTIONS {
            if matches!(action, Action::CustomersRead | Action::CustomersWrite) {
                continue;
            }
            let Some(permit) = permit(&rules, &caller, action) else { continue };
            let filter = permit.filter(now());
            for row in &rows {
                let case = Case::of(&rules, &caller, now(), row);
                let listed = filter.any.iter().any(|way| passes(way, row, &case))
                    && filter.never.iter().all(|never| holds(never, &case) == Some(false));
                let sight = permit.sight(&Row::from(row), now());
                prop_assert_eq!(sight.is_some(), listed, "{:?}", action);
                if let Some(sight) = &sight {
                    let roles = [key("random")];
                    let outlook = Outlook::new(&rules, &roles);
                    prop_assert!(outlook.may(action), "{:?}", action);
                    if matches!(action, Action::DealsRead | Action::DealsMove) {
                        for name in ["customer.phone", "customer.size", "deal.question"] {
                            told(sight.of(&path(name)), outlook.of_deal(&path(name)), name)?;
                        }
                    }
                }
                let Some(sight) = sight.filter(|_| action == Action::DealsRead) else { continue };
                for name in ["customer.phone", "deal.question"] {
                    let open = match filter.open_where(&path(name)) {
                        OpenWhere::Everywhere => true,
                        OpenWhere::Nowhere => false,
                        OpenWhere::Any(ways) => ways.iter().any(|way| passes(way, row, &case)),
                    };
                    prop_assert_eq!(sight.of(&path(name)) == FieldSight::Open, open, "{}", name);
                }
            }
        }
    }

    /// A customer: through any deal that passes; without deals to the creator; a `never` of any deal refuses.
    #[test]
    fn customers_are_permitted_alike_by_row_and_by_filter(
        may in prop::collection::vec(plan(), 0..5),
        never in prop::collection::vec(plan(), 0..2),
        rows in prop::collection::vec(a_row(), 0..4),
        created_by_caller in any::<bool>(),
    ) {
        let rules = Arc::new(rules_of(&may, &never));
        let caller = actor(LI, "random");
        let mut customer = rows.first().map_or_else(|| deal_in("lead").customer, |row| row.customer.clone());
        customer.creator = Some(user(if created_by_caller { LI } else { WANG }));
        let deals: Vec<HeldDeal<'_>> =
            rows.iter().map(|row| HeldDeal { deal: &row.deal, owner: row.owner.as_ref() }).collect();
        let Some(permit) = permit(&rules, &caller, Action::CustomersRead) else { return Ok(()) };
        let filter = permit.filter(now());
        let bare = Case { customer: Some(&customer), ..Case::new(&rules, &caller, now()) };
        let cases: Vec<(Case<'_>, &DealFacts)> = rows
            .iter()
            .map(|row| (Case { deal: Some(&row.deal), owner: row.owner.as_ref(), ..bare }, row))
            .collect();
        let by_creator = |way: &Alternative| {
            let reached = match &way.scope {
                ScopeFilter::All => true,
                ScopeFilter::Own(user) | ScopeFilter::Teams(user, _) => customer.creator == Some(*user),
                ScopeFilter::Pool(_) | ScopeFilter::Pools => false,
            };
            reached && way.when.as_ref().is_none_or(|when| holds(when, &bare) == Some(true))
        };
        let reached = filter.any.iter().any(|way| match cases.is_empty() {
            true => by_creator(way),
            false => cases.iter().any(|(case, row)| passes(way, row, case)),
        });
        let refused = filter.never.iter().any(|never| match cases.is_empty() {
            true => holds(never, &bare) != Some(false),
            false => cases.iter().any(|(case, _)| holds(never, case) != Some(false)),
        });
        let row = Row::Customer { customer: &customer, deals: &deals };
        let sight = permit.sight(&row, now());
        prop_assert_eq!(sight.is_some(), reached && !refused);
        let roles = [key("random")];
        let outlook = Outlook::new(&rules, &roles);
        for action in [Action::CustomersRead, Action::CustomersWrite] {
            let Some(sight) = crate::engine::permit(&rules, &caller, action).and_then(|permit| permit.sight(&row, now())) else {
                continue;
            };
            prop_assert!(outlook.may(action), "{:?}", action);
            for name in ["customer.phone", "customer.size"] {
                told(sight.of(&path(name)), outlook.of_customer(&path(name)), name)?;
                prop_assert!(!sight.writable(&path(name)) || outlook.writes(action, &path(name)), "{}", name);
            }
        }
    }
}
