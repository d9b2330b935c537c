//! The funnel report: per stage what was there, what came, what left and how, over a period; what stands there now.
//!
//! The raw material is the visit: one stay of a deal in a stage. A visit may change hands; then it goes on under its new
//! holder. Definitions:
//!
//! - `stock_start`, `stock_end`: visits open at the beginning and the end of the period.
//! - `entered`: visits begun in the period. `left`: visits ended in it, by how they ended.
//! - `received`, `handed_over`: visits that changed holder in the period; over all holders they cancel out.
//! - `cohort`: of the visits begun in the period, how each had ended by the end of the period, or that it had not.
//! - `standing`, `overdue`: visits open now, and those of them past their stage's target.
//!
//! What comes in counts for its holder when it comes, what leaves for its holder when it leaves. A holder counts for the
//! team he is in now, as in lists of deals: so nothing leaves a team that never came into it.
// INVARIANT: stock_end = stock_start + entered + received - left - handed_over, in every line.

use crate::values::{Key, TeamId, UserId};
use std::collections::{BTreeMap, BTreeSet};

/// In whose hands a visit is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Holder {
    /// `None`: nobody's, or not for the reader to see.
    pub owner: Option<UserId>,
    /// Of what nobody owns, the team in whose pool it lies; `None` = the company's.
    pub pool: Option<TeamId>,
}

/// Whom a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Everything the reader asked for and may see.
    All,
    /// `None`: holders without a team, and the company's pool.
    Team(Option<TeamId>),
    /// `None`: nobody's.
    Seller(Option<UserId>),
}

/// By what a report is split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupBy {
    Nothing,
    Team,
    Seller,
}

/// How a report is split, and whose visits it counts.
#[derive(Clone, Copy, Debug)]
pub struct Split {
    pub by: GroupBy,
    /// Only what members of this team and its pool hold.
    pub team: Option<TeamId>,
    /// Only what this user holds.
    pub owner: Option<UserId>,
}

/// How visits ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exits {
    pub forward: i64,
    pub back: i64,
    pub lost: i64,
    /// Left a won or lost stage again.
    pub reopened: i64,
}

impl Exits {
    #[must_use]
    pub fn total(&self) -> i64 {
        self.forward + self.back + self.lost + self.reopened
    }

    fn add(&mut self, other: &Self) {
        self.forward += other.forward;
        self.back += other.back;
        self.lost += other.lost;
        self.reopened += other.reopened;
    }
}

/// A stage's figures for somebody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pub stock_start: i64,
    pub entered: i64,
    pub left: Exits,
    pub received: i64,
    pub handed_over: i64,
    pub cohort: Exits,
    pub cohort_open: i64,
    pub standing: i64,
    pub overdue: i64,
}

impl Line {
    /// By the law of stock.
    #[must_use]
    pub fn stock_end(&self) -> i64 {
        self.stock_start + self.entered + self.received - self.left.total() - self.handed_over
    }

    pub fn add(&mut self, other: &Self) {
        self.stock_start += other.stock_start;
        self.entered += other.entered;
        self.left.add(&other.left);
        self.received += other.received;
        self.handed_over += other.handed_over;
        self.cohort.add(&other.cohort);
        self.cohort_open += other.cohort_open;
        self.standing += other.standing;
        self.overdue += other.overdue;
    }
}

/// A stage's figures for one holder: what a report is added up from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    pub stage: Key,
    pub holder: Holder,
    pub line: Line,
}

/// The lines of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupLines {
    pub group: Group,
    /// Everybody who held something of the funnel: at the beginning, in the course or at the end of the period, or now.
    pub owners: BTreeSet<UserId>,
    /// In the order of the funnel; then stages that there are no longer, with what once was in them.
    pub stages: Vec<(Key, Line)>,
}

/// The counts added up by group and stage. Without a split there is always one group, with them those that have something.
#[must_use]
pub fn groups(
    stages: &[Key],
    counts: &[Count],
    split: &Split,
    team_of: impl Fn(UserId) -> Option<TeamId>,
) -> Vec<GroupLines> {
    let mut found: BTreeMap<Group, (BTreeSet<UserId>, BTreeMap<Key, Line>)> = BTreeMap::new();
    if split.by == GroupBy::Nothing {
        found.entry(Group::All).or_default();
    }
    for one in counts {
        let team = match one.holder.owner {
            Some(owner) => team_of(owner),
            None => one.holder.pool,
        };
        let other_team = split.team.is_some() && split.team != team;
        if other_team || (split.owner.is_some() && split.owner != one.holder.owner) {
            continue;
        }
        let group = match split.by {
            GroupBy::Nothing => Group::All,
            GroupBy::Team => Group::Team(team),
            GroupBy::Seller => Group::Seller(one.holder.owner),
        };
        let (owners, lines) = found.entry(group).or_default();
        owners.extend(one.holder.owner);
        lines.entry(one.stage.clone()).or_default().add(&one.line);
    }
    let in_order = |(group, (owners, mut lines)): (Group, (BTreeSet<UserId>, BTreeMap<Key, Line>))| {
        let mut all: Vec<(Key, Line)> =
            stages.iter().map(|stage| (stage.clone(), lines.remove(stage).unwrap_or_default())).collect();
        all.extend(lines);
        GroupLines { group, owners, stages: all }
    };
    found.into_iter().map(in_order).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(stage: &str, holder: Holder, line: Line) -> Count {
        Count { stage: stage.into(), holder, line }
    }

    fn held(owner: UserId) -> Holder {
        Holder { owner: Some(owner), pool: None }
    }

    #[test]
    fn stock_follows_from_what_came_and_left() {
        let line = Line {
            stock_start: 4,
            entered: 3,
            left: Exits { forward: 2, lost: 1, ..Exits::default() },
            handed_over: 1,
            received: 2,
            ..Line::default()
        };
        assert_eq!(line.stock_end(), 4 + 3 - 2 - 1 - 1 + 2);
    }

    #[test]
    fn holders_are_added_up_by_the_team_they_are_in_now() {
        let (li, wang, south) = (UserId::new(), UserId::new(), TeamId::new());
        let one = Line { entered: 1, ..Line::default() };
        let pool = Holder { owner: None, pool: Some(south) };
        let counts = [
            count("lead", held(li), one),
            count("lead", pool, one),
            count("lead", held(wang), one),
            count("gone", held(li), one),
        ];
        let stages: [Key; 2] = ["resource".into(), "lead".into()];
        let team_of = |user| (user == li).then_some(south);
        let told = |by, team, owner| {
            let split = Split { by, team, owner };
            let line = |(stage, line): &(Key, Line)| format!("{stage} {}", line.entered);
            groups(&stages, &counts, &split, team_of)
                .iter()
                .map(|one| (one.group, one.stages.iter().map(line).collect::<Vec<_>>().join(", ")))
                .collect::<Vec<_>>()
        };
        assert_eq!(told(GroupBy::Nothing, None, None), [(Group::All, "resource 0, lead 3, gone 1".into())]);
        let by_team = [
            (Group::Team(None), "resource 0, lead 1".to_owned()),
            (Group::Team(Some(south)), "resource 0, lead 2, gone 1".into()),
        ];
        assert_eq!(told(GroupBy::Team, None, None), by_team);
        let in_south = [
            (Group::Seller(None), "resource 0, lead 1".to_owned()),
            (Group::Seller(Some(li)), "resource 0, lead 1, gone 1".into()),
        ];
        assert_eq!(told(GroupBy::Seller, Some(south), None), in_south);
        assert_eq!(told(GroupBy::Nothing, None, Some(wang)), [(Group::All, "resource 0, lead 1".into())]);
        assert_eq!(told(GroupBy::Nothing, Some(TeamId::new()), None), [(Group::All, "resource 0, lead 0".into())]);
    }
}
