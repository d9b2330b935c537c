//! What has to be so together, and whether it can: for conditions that exclude each other, and for facts that make a
//! criterion hold or refuse.
//!
//! Decided by trying, of everything that hangs together by what it reads. INVARIANT: `Solved::Impossible` is said only of
//! what no values whatever satisfy; where trying does not decide, or would take too long, it is `Unknown`.

use super::expression::{Clock, Entity, Expression, Facts, Path, Read, Used};
use super::model::{ContractState, Criterion, CriterionKind, Move, MoveFrom, MoveTo, Rules};
use super::worth_trying::{Candidates, candidates};
use crate::values::{Date, Key, Time, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Combinations tried of what hangs together.
const COMBINATIONS_AT_MOST: usize = 4_096;

/// Something that has to be so.
#[derive(Clone, Debug)]
pub(crate) enum Demand<'a> {
    Holds(&'a Expression),
    /// It is known not to hold.
    Fails(&'a Expression),
    /// It does not hold: false, or unknown.
    NotHolds(&'a Expression),
    Present(Read),
    Absent(Read),
    AtLeast(Read, i64),
    Below(Read, i64),
    Is(Read, bool),
    All(Vec<Demand<'a>>),
    Any(Vec<Demand<'a>>),
}

/// What is known before anything is tried.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// The moment.
    pub clock: Option<Clock>,
    pub values: Vec<(Read, Value)>,
    /// The deal is being made: nothing was logged, signed or entered yet.
    pub is_new: bool,
}

impl Known {
    /// What a move of the rules says of itself, and of where the deal stands.
    pub(crate) fn of(one: &Move, clock: Option<Clock>) -> Self {
        let read = |entity, name: &str| Read::Field(Path { entity, name: Key::new(name) });
        let mut values = vec![(read(Entity::Move, "id"), Value::Choice(one.id.clone()))];
        match &one.from {
            MoveFrom::Creation => values.push((read(Entity::Move, "from"), Value::Choice(Key::new("creation")))),
            MoveFrom::Stage(from) => {
                values.push((read(Entity::Move, "from"), Value::Choice(from.clone())));
                values.push((read(Entity::Deal, "stage"), Value::Choice(from.clone())));
            }
        }
        if let MoveTo::Stage(to) = &one.to {
            values.push((read(Entity::Move, "to"), Value::Choice(to.clone())));
        }
        Self { clock, values, is_new: one.from == MoveFrom::Creation }
    }

    /// All that a read can be, where that is known.
    fn candidates(&self, read: &Read) -> Option<Candidates> {
        let all = |value: Option<Value>| Some(Candidates { values: vec![value], all: true });
        if let Some((_, value)) = self.values.iter().find(|(known, _)| known == read) {
            return all(Some(value.clone()));
        }
        match read {
            Read::Count { .. } if self.is_new => all(Some(Value::Int(0))),
            Read::Last { .. } if self.is_new => all(None),
            Read::Field(path) if self.is_new && path.entity == Entity::Contract => match path.name.as_str() {
                "signed" | "delivered" | "accepted" => all(Some(Value::Bool(false))),
                _ => None,
            },
            _ => None,
        }
    }

    /// That a criterion is met or does not apply. What asks for time spent or money paid, a new deal cannot meet.
    pub(crate) fn met<'c>(&self, criterion: &'c Criterion) -> Demand<'c> {
        let never =
            matches!(criterion.kind, CriterionKind::Dwelt { .. } | CriterionKind::Contract(ContractState::Paid));
        match &criterion.when {
            Some(when) if self.is_new && never => Demand::Fails(when),
            None if self.is_new && never => Demand::Any(Vec::new()),
            _ => met(criterion),
        }
    }
}

/// What became of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Solved {
    /// So, for one.
    Possible(BTreeMap<Read, Value>),
    /// These of the demands, by their places, exclude each other.
    Impossible(Vec<usize>),
    Unknown,
}

/// How much may still be tried, in units of about one comparison: what is advised about a file is bounded in time, however
/// it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort(pub u64);

impl Effort {
    /// Whether so much is left; it is spent then.
    pub(crate) fn spend(&mut self, units: u64) -> bool {
        let left = self.0.checked_sub(units);
        self.0 = left.unwrap_or(0);
        left.is_some()
    }
}

/// That a criterion is met, or does not apply.
fn met(criterion: &Criterion) -> Demand<'_> {
    match &criterion.when {
        None => kind_met(criterion),
        Some(when) => Demand::Any(vec![kind_met(criterion), Demand::Fails(when)]),
    }
}

/// That a criterion applies and is met.
pub(crate) fn shown(criterion: &Criterion) -> Demand<'_> {
    match &criterion.when {
        None => kind_met(criterion),
        Some(when) => Demand::All(vec![Demand::Holds(when), kind_met(criterion)]),
    }
}

fn kind_met(criterion: &Criterion) -> Demand<'_> {
    match &criterion.kind {
        CriterionKind::Has(paths) => {
            Demand::All(paths.iter().map(|path| Demand::Present(Read::Field(path.clone()))).collect())
        }
        CriterionKind::Require(expression) => Demand::Holds(expression),
        CriterionKind::Activity { kind, outcome, at_least, within, .. } => {
            let (kind, outcome) = (kind.clone(), outcome.clone());
            Demand::AtLeast(Read::Count { kind, outcome, within: *within }, i64::from(*at_least))
        }
        CriterionKind::Dwelt { .. } => Demand::All(Vec::new()),
        CriterionKind::Contract(state) => contract(*state, true),
    }
}

/// That a criterion applies and is not met, as far as values decide it.
pub(crate) fn unmet(criterion: &Criterion) -> Demand<'_> {
    let unmet = match &criterion.kind {
        CriterionKind::Has(paths) => {
            Demand::Any(paths.iter().map(|path| Demand::Absent(Read::Field(path.clone()))).collect())
        }
        CriterionKind::Require(expression) => {
            Demand::Any(vec![Demand::Fails(expression), Demand::NotHolds(expression)])
        }
        CriterionKind::Activity { kind, outcome, at_least, within, .. } => {
            let (kind, outcome) = (kind.clone(), outcome.clone());
            Demand::Below(Read::Count { kind, outcome, within: *within }, i64::from(*at_least))
        }
        CriterionKind::Dwelt { .. } => Demand::All(Vec::new()),
        CriterionKind::Contract(state) => contract(*state, false),
    };
    match &criterion.when {
        None => unmet,
        Some(when) => Demand::All(vec![Demand::Holds(when), unmet]),
    }
}

fn contract<'a>(state: ContractState, is: bool) -> Demand<'a> {
    let name = match state {
        ContractState::Signed => "signed",
        ContractState::Delivered => "delivered",
        ContractState::Accepted => "accepted",
        // A sum against another: not decided by trying.
        ContractState::Paid => return Demand::All(Vec::new()),
    };
    Demand::Is(Read::Field(Path { entity: Entity::Contract, name: Key::new(name) }), is)
}

impl<'a> Demand<'a> {
    fn expressions(&self, into: &mut Vec<&'a Expression>) {
        match self {
            Self::Holds(of) | Self::Fails(of) | Self::NotHolds(of) => into.push(of),
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.expressions(into)),
            Self::Present(_) | Self::Absent(_) | Self::AtLeast(..) | Self::Below(..) | Self::Is(..) => {}
        }
    }

    fn plain(&self, into: &mut Vec<Used>) {
        let used = |read: &Read, with| Used { read: read.clone(), with, only_compared: true };
        match self {
            Self::Present(read) | Self::Absent(read) | Self::Is(read, _) => into.push(used(read, Vec::new())),
            Self::AtLeast(read, n) | Self::Below(read, n) => into.push(used(read, vec![Value::Int(*n)])),
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.plain(into)),
            Self::Holds(_) | Self::Fails(_) | Self::NotHolds(_) => {}
        }
    }

    /// What it reads and how.
    fn used(&self, rules: &Rules, clock: Option<Clock>) -> Vec<Used> {
        let (mut expressions, mut used) = (Vec::new(), Vec::new());
        self.expressions(&mut expressions);
        self.plain(&mut used);
        used.extend(expressions.into_iter().flat_map(|one| one.compared(clock, &rules.calendar)));
        used
    }

    fn is_so(&self, trial: &Trial<'_>, rules: &Rules) -> bool {
        let count = |read| match trial.read(read).as_deref() {
            Some(Value::Int(n)) => *n,
            _ => 0,
        };
        match self {
            Self::Holds(of) => of.holds(trial, &rules.calendar) == Some(true),
            Self::Fails(of) => of.holds(trial, &rules.calendar) == Some(false),
            Self::NotHolds(of) => of.holds(trial, &rules.calendar) != Some(true),
            Self::Present(read) => trial.read(read).is_some(),
            Self::Absent(read) => trial.read(read).is_none(),
            Self::AtLeast(read, n) => count(read) >= *n,
            Self::Below(read, n) => count(read) < *n,
            Self::Is(read, is) => (trial.read(read).as_deref() == Some(&Value::Bool(true))) == *is,
            Self::All(parts) => parts.iter().all(|part| part.is_so(trial, rules)),
            Self::Any(parts) => parts.iter().any(|part| part.is_so(trial, rules)),
        }
    }
}

/// Looks for values under which all demands are so.
pub(crate) fn solve(rules: &Rules, demands: &[Demand<'_>], known: &Known, effort: &mut Effort) -> Solved {
    if !effort.spend(grouping(demands)) {
        return Solved::Unknown;
    }
    let mut found = BTreeMap::new();
    let mut unknown = false;
    for group in groups(rules, demands, known) {
        match group.solve(rules, demands, known, effort) {
            Solved::Possible(values) => found.extend(values),
            Solved::Impossible(_) => return Solved::Impossible(core(rules, demands, known, &group.places, effort)),
            Solved::Unknown => unknown = true,
        }
    }
    if unknown { Solved::Unknown } else { Solved::Possible(found) }
}

/// What it costs to see what hangs together: each is held against all others.
fn grouping(demands: &[Demand<'_>]) -> u64 {
    let n = u64::try_from(demands.len()).unwrap_or(u64::MAX);
    n.saturating_mul(n).saturating_add(n.saturating_mul(50))
}

/// The demands that cannot be left out of those that exclude each other.
fn core(rules: &Rules, demands: &[Demand<'_>], known: &Known, places: &[usize], effort: &mut Effort) -> Vec<usize> {
    let mut kept = places.to_vec();
    let mut at = 0;
    while at < kept.len() && kept.len() > 1 {
        // Told of more than need be, where there is no time to leave out more.
        if !effort.spend(grouping(demands)) {
            break;
        }
        let mut without = kept.clone();
        without.remove(at);
        let left: Vec<Demand<'_>> = without.iter().filter_map(|place| demands.get(*place).cloned()).collect();
        let excludes = groups(rules, &left, known)
            .iter()
            .any(|group| matches!(group.solve(rules, &left, known, effort), Solved::Impossible(_)));
        if excludes { kept = without } else { at += 1 }
    }
    kept
}

/// Demands that hang together by what they read.
struct Group {
    places: Vec<usize>,
    used: BTreeMap<Read, Used>,
}

fn groups(rules: &Rules, demands: &[Demand<'_>], known: &Known) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (place, demand) in demands.iter().enumerate() {
        let mut one = Group { places: vec![place], used: BTreeMap::new() };
        for used in demand.used(rules, known.clock) {
            one.add(used);
        }
        let (tied, apart): (Vec<Group>, Vec<Group>) =
            groups.into_iter().partition(|group| group.used.keys().any(|read| one.used.contains_key(read)));
        for group in tied {
            one.places.extend(group.places);
            group.used.into_values().for_each(|used| one.add(used));
        }
        one.places.sort_unstable();
        groups = apart;
        groups.push(one);
    }
    groups
}

impl Group {
    fn add(&mut self, used: Used) {
        match self.used.get_mut(&used.read) {
            Some(there) => {
                there.with.extend(used.with);
                there.only_compared &= used.only_compared;
            }
            None => drop(self.used.insert(used.read.clone(), used)),
        }
    }

    fn solve(&self, rules: &Rules, all: &[Demand<'_>], known: &Known, effort: &mut Effort) -> Solved {
        let demands: Vec<&Demand<'_>> = self.places.iter().filter_map(|place| all.get(*place)).collect();
        let mut expressions = Vec::new();
        demands.iter().for_each(|demand| demand.expressions(&mut expressions));
        let likely: Vec<Value> = expressions.iter().flat_map(|one| one.constants()).collect();
        let mut judged = true;
        let mut domains: Vec<(&Read, Vec<Option<Value>>)> = Vec::new();
        let mut combinations = 1_usize;
        for used in self.used.values() {
            let candidates = known.candidates(&used.read).unwrap_or_else(|| candidates(rules, used, &likely));
            judged &= candidates.all;
            combinations = combinations.saturating_mul(candidates.values.len().max(1));
            domains.push((&used.read, candidates.values));
        }
        let plain = u64::try_from(demands.len() + domains.len()).unwrap_or(u64::MAX);
        let cost = expressions.iter().fold(plain, |sum, one| sum.saturating_add(one.cost()));
        for number in 0..combinations.min(COMBINATIONS_AT_MOST) {
            if !effort.spend(cost) {
                return Solved::Unknown;
            }
            let trial = Trial { domains: &domains, number, clock: known.clock };
            if demands.iter().all(|demand| demand.is_so(&trial, rules)) {
                return Solved::Possible(trial.values());
            }
        }
        if judged && combinations <= COMBINATIONS_AT_MOST {
            Solved::Impossible(self.places.clone())
        } else {
            Solved::Unknown
        }
    }
}

/// One combination: `number` counts through them, the first read turning fastest.
struct Trial<'a> {
    domains: &'a [(&'a Read, Vec<Option<Value>>)],
    number: usize,
    clock: Option<Clock>,
}

impl Trial<'_> {
    fn values(&self) -> BTreeMap<Read, Value> {
        let value = |(read, _): &(&Read, _)| Some(((*read).clone(), self.read(read)?.into_owned()));
        self.domains.iter().filter_map(value).collect()
    }
}

impl Facts for Trial<'_> {
    fn read(&self, read: &Read) -> Option<Cow<'_, Value>> {
        let mut rest = self.number;
        for (known, values) in self.domains {
            let of = values.len().max(1);
            if *known == read {
                return values.get(rest % of)?.as_ref().filter(|value| value.is_present()).map(Cow::Borrowed);
            }
            rest /= of;
        }
        None
    }

    fn now(&self) -> Time {
        self.clock.map_or(Time::from_micros(0), |clock| clock.now)
    }

    fn today(&self) -> Date {
        self.clock.map_or_else(Date::default, |clock| clock.today)
    }
}
