//! What roles may do more or less: operation by scope by field, whichever way the grants are written.

use super::{Change, ChangeKind};
use crate::rules::expression::Path;
use crate::rules::model::{Action, Grant, Mask, Never, Role, Rules, Scope};
use crate::texts::{Arg, Message};
use crate::values::Key;
use std::collections::{BTreeMap, BTreeSet};

/// On which rows: of a scope, where a condition holds.
pub(super) type Rows = (Scope, Option<String>);

/// How closed a field is, by name. A field that is not in it is open.
type Closed = BTreeMap<Path, Closure>;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Closure {
    Hidden,
    Masked(String),
    ReadOnly,
}

/// What a role may do: for each action, on which rows, with which fields closed.
#[derive(Default)]
struct May {
    ways: BTreeMap<Action, BTreeMap<Rows, Closed>>,
    never: BTreeSet<(Action, Option<String>)>,
}

/// One difference; actions that differ alike are told together.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Difference {
    Gained(Rows),
    Lost(Rows),
    Scope(Scope, Scope),
    Field(Rows, Path, Option<Closure>, Option<Closure>),
    Forbidden(Option<String>),
    Unforbidden(Option<String>),
}

/// What differs for each role, with the actions that differ alike.
pub(super) fn between(before: &Rules, after: &Rules) -> Vec<(Key, BTreeMap<Difference, Vec<Action>>)> {
    let gone = before.roles.keys().filter(|role| !after.roles.contains_key(*role));
    let of = |rules: &Rules, name: &Key| rules.roles.get(name).map(may).unwrap_or_default();
    let roles = after.roles.keys().chain(gone);
    roles.map(|name| (name.clone(), differences(&of(before, name), &of(after, name)))).collect()
}

pub(super) fn compare(before: &Rules, after: &Rules, changes: &mut Vec<Change>) {
    for (name, differences) in between(before, after) {
        let name = &name;
        let label = after.roles.get(name).or_else(|| before.roles.get(name)).map(|role| role.label.clone());
        for (difference, actions) in differences {
            let (kind, message) = told(&difference);
            let actions = actions.iter().map(|action| action.word()).collect::<Vec<_>>().join(", ");
            let message = message.with("role", name.as_str()).with("actions", actions);
            let label = label.clone().map_or_else(|| Arg::Text(name.to_string()), Arg::Label);
            changes.push(Change { place: format!("roles.{name}"), kind, message: message.with("label", label) });
        }
    }
}

fn may(role: &Role) -> May {
    let mut may = May::default();
    for grant in &role.may {
        let rows = (grant.scope, grant.when.as_ref().map(|when| when.source().to_owned()));
        let closed = closed(grant);
        for action in &grant.actions {
            let ways = may.ways.entry(*action).or_default();
            match ways.get_mut(&rows) {
                // A field is as open as the most open of the grants.
                Some(known) => known.retain(|path, closure| match closed.get(path) {
                    Some(other) => {
                        *closure = closure.clone().max(other.clone());
                        true
                    }
                    None => false,
                }),
                None => drop(ways.insert(rows.clone(), closed.clone())),
            }
        }
    }
    for Never { actions, when } in &role.never {
        let when = when.as_ref().map(|when| when.source().to_owned());
        may.never.extend(actions.iter().map(|action| (*action, when.clone())));
    }
    may
}

fn closed(grant: &Grant) -> Closed {
    let mut closed: Closed = grant.read_only.iter().map(|path| (path.clone(), Closure::ReadOnly)).collect();
    closed.extend(grant.mask.iter().map(|(path, mask)| (path.clone(), Closure::Masked(mask_word(*mask)))));
    closed.extend(grant.hide.iter().map(|path| (path.clone(), Closure::Hidden)));
    closed
}

fn mask_word(mask: Mask) -> String {
    match mask {
        Mask::KeepFirst(n) => format!("keep_first: {n}"),
        Mask::KeepLast(n) => format!("keep_last: {n}"),
        Mask::Domain => "domain".to_owned(),
        Mask::Year => "year".to_owned(),
    }
}

fn differences(before: &May, after: &May) -> BTreeMap<Difference, Vec<Action>> {
    let mut found: BTreeMap<Difference, Vec<Action>> = BTreeMap::new();
    let nothing = BTreeMap::new();
    for action in Action::ALL {
        let mut note = |difference| found.entry(difference).or_default().push(action);
        let old = before.ways.get(&action).unwrap_or(&nothing);
        let new = after.ways.get(&action).unwrap_or(&nothing);
        // The whole grant in another scope reads better than one gained and one lost.
        let only = |ways: &BTreeMap<Rows, Closed>| match ways.iter().next() {
            Some(((scope, None), closed)) if ways.len() == 1 => Some((*scope, closed.clone())),
            _ => None,
        };
        match (only(old), only(new)) {
            (Some((one, closed)), Some((other, now))) if one != other => {
                note(Difference::Scope(one, other));
                fields(&(other, None), &closed, &now, &mut note);
            }
            _ => {
                new.keys()
                    .filter(|rows| !old.contains_key(*rows))
                    .for_each(|rows| note(Difference::Gained(rows.clone())));
                old.keys()
                    .filter(|rows| !new.contains_key(*rows))
                    .for_each(|rows| note(Difference::Lost(rows.clone())));
                for (rows, now) in new {
                    let empty = Closed::new();
                    fields(rows, old.get(rows).unwrap_or(&empty), now, &mut note);
                }
            }
        }
    }
    for (action, when) in after.never.difference(&before.never) {
        found.entry(Difference::Forbidden(when.clone())).or_default().push(*action);
    }
    for (action, when) in before.never.difference(&after.never) {
        found.entry(Difference::Unforbidden(when.clone())).or_default().push(*action);
    }
    found
}

fn fields(rows: &Rows, before: &Closed, after: &Closed, note: &mut impl FnMut(Difference)) {
    let paths: BTreeSet<&Path> = before.keys().chain(after.keys()).collect();
    for path in paths {
        let (old, new) = (before.get(path), after.get(path));
        if old != new {
            note(Difference::Field(rows.clone(), path.clone(), old.cloned(), new.cloned()));
        }
    }
}

fn told(difference: &Difference) -> (ChangeKind, Message) {
    let on = |message: Message, (scope, when): &Rows| if_when(message.with("scope", scope_word(*scope)), when.as_ref());
    match difference {
        Difference::Gained(rows) => (ChangeKind::Added, on(Message::new("diff_may"), rows)),
        Difference::Lost(rows) => (ChangeKind::Removed, on(Message::new("diff_may_no_more"), rows)),
        Difference::Scope(one, other) => (
            ChangeKind::Changed,
            Message::new("diff_scope").with("before", scope_word(*one)).with("after", scope_word(*other)),
        ),
        Difference::Field(rows, path, old, new) => {
            let message = on(Message::new("diff_sees"), rows).with("field", path.to_string());
            let message = message.with("before", closure_word(old.as_ref())).with("after", closure_word(new.as_ref()));
            let mask = |closure: &Option<Closure>| match closure {
                Some(Closure::Masked(mask)) => format!(" ({mask})"),
                _ => String::new(),
            };
            (ChangeKind::Changed, message.with("before_mask", mask(old)).with("after_mask", mask(new)))
        }
        Difference::Forbidden(when) => (ChangeKind::Removed, if_when(Message::new("diff_never"), when.as_ref())),
        Difference::Unforbidden(when) => {
            (ChangeKind::Added, if_when(Message::new("diff_never_no_more"), when.as_ref()))
        }
    }
}

fn if_when(message: Message, when: Option<&String>) -> Message {
    message.with("when", when.map_or("always", String::as_str))
}

fn scope_word(scope: Scope) -> Arg {
    Arg::Word(
        match scope {
            Scope::Own => "diff_scope_own",
            Scope::Team => "diff_scope_team",
            Scope::All => "diff_scope_all",
        }
        .into(),
    )
}

fn closure_word(closure: Option<&Closure>) -> Arg {
    Arg::Word(
        match closure {
            None => "diff_open",
            Some(Closure::Hidden) => "diff_hidden",
            Some(Closure::Masked(_)) => "diff_masked",
            Some(Closure::ReadOnly) => "diff_read_only",
        }
        .into(),
    )
}
