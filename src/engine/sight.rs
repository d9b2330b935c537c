//! What a caller sees of one row: which fields are open, masked or hidden, and which may be written.

use crate::rules::expression::{Entity, Path};
use crate::rules::model::{Action, Grant, Mask, Scope};
use crate::values::Value;

/// What the caller sees of one row. Made by a permit.
#[derive(Clone, Debug)]
pub struct Sight {
    whole: bool,
    action: Action,
    /// By the grants of the action itself.
    doing: Option<Openness>,
    /// By the grants to read the deal; `None`: not readable.
    deal: Option<Openness>,
    /// By the grants to read the customer; `None`: not readable.
    customer: Option<Openness>,
}

/// How much of a field is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldSight {
    Open,
    Masked(Mask),
    Hidden,
}

/// A value as the caller sees it.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    Open(Value),
    Masked(Value),
    Hidden,
}

/// What grants leave open together: everything but these.
#[derive(Clone, Debug)]
pub(super) struct Openness {
    /// The widest scope of them.
    scope: Scope,
    closed: Vec<(Path, FieldSight)>,
    locked: Vec<Path>,
}

impl Openness {
    /// A field is as open as the most open of the grants, and writable if one of them leaves it so.
    pub(super) fn unite(open: &mut Option<Self>, grant: &Grant) {
        let of = |path: &Path| {
            if grant.hide.contains(path) {
                return FieldSight::Hidden;
            }
            let mask = grant.mask.iter().find(|(masked, _)| masked == path);
            mask.map_or(FieldSight::Open, |(_, mask)| FieldSight::Masked(*mask))
        };
        let locks = |path: &Path| grant.read_only.contains(path) || of(path) != FieldSight::Open;
        match open {
            None => {
                let closed: Vec<_> = grant
                    .hide
                    .iter()
                    .chain(grant.mask.iter().map(|(path, _)| path))
                    .map(|path| (path.clone(), of(path)))
                    .collect();
                let locked = grant.read_only.iter().chain(closed.iter().map(|(path, _)| path)).cloned().collect();
                *open = Some(Self { scope: grant.scope, closed, locked });
            }
            Some(open) => {
                open.scope = open.scope.max(grant.scope);
                open.closed.retain_mut(|(path, sight)| {
                    *sight = more_open(*sight, of(path));
                    *sight != FieldSight::Open
                });
                open.locked.retain(|path| locks(path));
            }
        }
    }

    fn of(&self, path: &Path) -> FieldSight {
        self.closed.iter().find(|(closed, _)| closed == path).map_or(FieldSight::Open, |(_, sight)| *sight)
    }
}

/// The more open of two. Of two masks of different kinds neither shows more, and the first stays.
fn more_open(one: FieldSight, other: FieldSight) -> FieldSight {
    use FieldSight::{Hidden, Masked, Open};
    match (one, other) {
        (Open, _) | (_, Open) => Open,
        (Hidden, other) => other,
        (one, Hidden) => one,
        (Masked(Mask::KeepFirst(one)), Masked(Mask::KeepFirst(other))) => Masked(Mask::KeepFirst(one.max(other))),
        (Masked(Mask::KeepLast(one)), Masked(Mask::KeepLast(other))) => Masked(Mask::KeepLast(one.max(other))),
        (one @ Masked(_), Masked(_)) => one,
    }
}

impl Sight {
    /// Everything, as the product itself sees it.
    pub(super) fn whole() -> Self {
        Self { whole: true, action: Action::DealsRead, doing: None, deal: None, customer: None }
    }

    /// Nothing of any customer or deal: for what is about neither.
    #[must_use]
    pub fn nothing() -> Self {
        Self { whole: false, action: Action::DealsRead, doing: None, deal: None, customer: None }
    }

    pub(super) fn new(action: Action, doing: Openness, deal: Option<Openness>, customer: Option<Openness>) -> Self {
        Self { whole: false, action, doing: Some(doing), deal, customer }
    }

    /// The widest scope among the grants of the action that hold on this row.
    pub(super) fn scope(&self) -> Scope {
        self.doing.as_ref().map_or(Scope::All, |doing| doing.scope)
    }

    /// How much of a field is seen on this row.
    #[must_use]
    pub fn of(&self, path: &Path) -> FieldSight {
        if self.whole {
            return FieldSight::Open;
        }
        match path.entity {
            Entity::Deal | Entity::Contract => self.deal.as_ref().map_or(FieldSight::Hidden, |open| open.of(path)),
            Entity::Customer => self.customer.as_ref().map_or(FieldSight::Hidden, |open| open.of(path)),
            // Who people are is no secret of a deal; a grant may still hide a field of theirs.
            Entity::Owner | Entity::User | Entity::Receiver | Entity::Move => {
                let reading = self.deal.as_ref().or(self.customer.as_ref()).or(self.doing.as_ref());
                reading.map_or(FieldSight::Hidden, |open| open.of(path))
            }
        }
    }

    /// A value as it is shown on this row.
    #[must_use]
    pub fn show(&self, path: &Path, value: &Value) -> Shown {
        match self.of(path) {
            FieldSight::Open => Shown::Open(value.clone()),
            FieldSight::Masked(mask) => masked(mask, value).map_or(Shown::Hidden, Shown::Masked),
            FieldSight::Hidden => Shown::Hidden,
        }
    }

    /// Whether the permitted action may write a field: one of its grants leaves it writable, and it is not shown less
    /// than whole to a caller who reads the row (who would write back what a mask left of it).
    #[must_use]
    pub fn writable(&self, path: &Path) -> bool {
        if self.whole {
            return true;
        }
        let (of_this_action, reading) = match path.entity {
            Entity::Customer => (self.action == Action::CustomersWrite, &self.customer),
            Entity::Deal | Entity::Contract => {
                (matches!(self.action, Action::DealsWrite | Action::DealsCreate), &self.deal)
            }
            Entity::User => (self.action == Action::PeopleWrite, &None),
            Entity::Owner | Entity::Receiver | Entity::Move => (false, &None),
        };
        of_this_action
            && self.doing.as_ref().is_some_and(|doing| !doing.locked.contains(path))
            && reading.as_ref().is_none_or(|open| open.of(path) == FieldSight::Open)
    }
}

/// What a mask leaves of a value; `None`: nothing, as for kinds of values it does not fit.
fn masked(mask: Mask, value: &Value) -> Option<Value> {
    let text = match (mask, value) {
        (Mask::KeepFirst(n), Value::Text(text)) => format!("{}***", kept(text, n, false)),
        (Mask::KeepLast(n), Value::Text(text)) => format!("***{}", kept(text, n, true)),
        (Mask::Domain, Value::Text(text)) => domain(text)?,
        (Mask::Year, Value::Date(date)) => date.format("%Y").to_string(),
        (Mask::Year, Value::Time(at)) => at.utc().format("%Y").to_string(),
        (Mask::KeepFirst(_) | Mask::KeepLast(_) | Mask::Domain | Mask::Year, _) => return None,
    };
    Some(Value::Text(text))
}

/// The first or last `n` characters; of a text no longer than that nothing, or the mask would show it whole.
fn kept(text: &str, n: u32, last: bool) -> String {
    let n = usize::try_from(n).unwrap_or(usize::MAX);
    let length = text.chars().count();
    match (length <= n, last) {
        (true, _) => String::new(),
        (false, true) => text.chars().skip(length - n).collect(),
        (false, false) => text.chars().take(n).collect(),
    }
}

/// `***@example.com` of an address, `https://example.com` of a URL.
fn domain(text: &str) -> Option<String> {
    if let Some((scheme, rest)) = text.split_once("://") {
        let authority = rest.split(['/', '?', '#']).next()?;
        let host = authority.rsplit('@').next()?;
        return Some(format!("{scheme}://{host}"));
    }
    text.rsplit_once('@').map(|(_, domain)| format!("***@{domain}"))
}
