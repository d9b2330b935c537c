//! What roles gain and lose, one line each: an action, on which rows, and where it is about one, which field.

use super::permissions::{Closure, Difference, Rows, between};
use crate::rules::expression::Path;
use crate::rules::model::{Action, Rules, Scope};
use crate::values::Key;

/// Something that a role may do, or see of a field, and could not before; or the other way round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermissionChange {
    pub role: Key,
    pub action: Action,
    /// Whether it is more than before.
    pub gained: bool,
    pub scope: Option<Scope>,
    /// The scope before, where it is another now.
    pub scope_before: Option<Scope>,
    /// The condition on rows.
    pub when: Option<String>,
    /// Whether it is a `never` that comes or goes, which is about all rows where its condition holds.
    pub never: bool,
    pub field: Option<Path>,
    /// How much of the field is seen.
    pub sees: Option<FieldAccess>,
    /// The same before; `None` where the action itself was not granted on these rows.
    pub sees_before: Option<FieldAccess>,
}

/// How much of a field is seen, and whether it may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FieldAccess {
    Open,
    ReadOnly,
    Masked,
    Hidden,
}

/// What every role gains and loses, in the order of the roles and actions.
#[must_use]
pub fn gains(before: &Rules, after: &Rules) -> Vec<PermissionChange> {
    let mut lines = Vec::new();
    for (role, differences) in between(before, after) {
        let mut of_role: Vec<PermissionChange> = Vec::new();
        for (difference, actions) in &differences {
            of_role.extend(actions.iter().map(|action| line(&role, *action, difference)));
        }
        // Fields of rows that are new were not seen otherwise before: they were not seen.
        let new: Vec<(Action, Option<Scope>, Option<String>)> = of_role
            .iter()
            .filter(|one| one.gained && one.field.is_none() && one.scope_before.is_none() && !one.never)
            .map(|one| (one.action, one.scope, one.when.clone()))
            .collect();
        for one in of_role.iter_mut().filter(|one| one.field.is_some()) {
            if new.contains(&(one.action, one.scope, one.when.clone())) {
                (one.gained, one.sees_before) = (true, None);
            }
        }
        of_role.sort_by(|one, other| one.action.cmp(&other.action).then_with(|| one.field.cmp(&other.field)));
        lines.extend(of_role);
    }
    lines
}

fn line(role: &Key, action: Action, difference: &Difference) -> PermissionChange {
    let bare = PermissionChange {
        role: role.clone(),
        action,
        gained: true,
        scope: None,
        scope_before: None,
        when: None,
        never: false,
        field: None,
        sees: None,
        sees_before: None,
    };
    let on = |(scope, when): &Rows| PermissionChange { scope: Some(*scope), when: when.clone(), ..bare.clone() };
    match difference {
        Difference::Gained(rows) => on(rows),
        Difference::Lost(rows) => PermissionChange { gained: false, ..on(rows) },
        Difference::Scope(one, other) => {
            PermissionChange { gained: one < other, scope: Some(*other), scope_before: Some(*one), ..bare.clone() }
        }
        Difference::Field(rows, path, one, other) => PermissionChange {
            gained: access(other.as_ref()) < access(one.as_ref()),
            field: Some(path.clone()),
            sees: Some(access(other.as_ref())),
            sees_before: Some(access(one.as_ref())),
            ..on(rows)
        },
        Difference::Forbidden(when) => {
            PermissionChange { gained: false, never: true, when: when.clone(), ..bare.clone() }
        }
        Difference::Unforbidden(when) => PermissionChange { never: true, when: when.clone(), ..bare.clone() },
    }
}

fn access(closure: Option<&Closure>) -> FieldAccess {
    match closure {
        None => FieldAccess::Open,
        Some(Closure::ReadOnly) => FieldAccess::ReadOnly,
        Some(Closure::Masked(_)) => FieldAccess::Masked,
        Some(Closure::Hidden) => FieldAccess::Hidden,
    }
}
