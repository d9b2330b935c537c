//! Roles that cannot do what they are for: moves that nobody may make, acts on what is not seen, phone numbers that are
//! hidden at one door and open at another.

use super::contradictions::rule_node;
use super::expression::{Entity, Path};
use super::funnels::Outline;
use super::model::{Action, Direction, FieldKind, Funnel, Grant, Move, MoveFrom, MoveTo, Role, Rules, Scope};
use super::node::{Content, Node};
use super::reader::{Reader, Section};
use super::roles::may;
use crate::texts::Message;
use crate::values::Key;
use indexmap::IndexMap;

/// What is done to a deal or customer that has to be seen first, and what shows it.
const SEEN_BY: [(Action, Action); 6] = [
    (Action::DealsWrite, Action::DealsRead),
    (Action::DealsMove, Action::DealsRead),
    (Action::DealsGrade, Action::DealsRead),
    (Action::DealsLog, Action::DealsRead),
    (Action::DealsRelease, Action::DealsRead),
    (Action::CustomersWrite, Action::CustomersRead),
];

impl<'a> Reader<'a> {
    /// Moves that nobody may make, and roles named for moves that they may not make.
    pub(in crate::rules) fn tell_closed_moves(
        &self,
        outline: &Outline<'a>,
        funnel: &Funnel,
        roles: &IndexMap<Key, Role>,
        closed: &[&Key],
    ) {
        for one in &funnel.moves {
            let Some(node) = rule_node(outline, one) else { continue };
            for role in one.by.iter().filter_map(|id| roles.get(id)) {
                if !may(std::iter::once(role), action_of(one)) {
                    let message = Message::new("named_but_not_granted").with("role", role.id.as_str());
                    self.warn(node, message.with("move", one.id.as_str()).with("action", action_of(one).word()));
                }
            }
            let told = matches!(&one.to, MoveTo::Stage(to) if closed.contains(&to));
            if !told && !somebody_may(one, roles) {
                let message = Message::new("nobody_may_move").with("move", one.id.as_str());
                let message = message.with("from", super::moves::from_word(&one.from));
                let message = message.with("to", super::moves::to_word(&one.to));
                self.warn(node, message.with("action", action_of(one).word()));
            }
        }
    }

    /// Roles that may change what they do not see, and contacts that show what a grant hides.
    pub(in crate::rules) fn tell_powers(&self, file: Section<'a>, rules: &Rules) {
        let Some(entries) = file.get("roles").and_then(|node| match &node.content {
            Content::Map { entries, .. } => Some(entries),
            _ => None,
        }) else {
            return;
        };
        for (entry, role) in entries.iter().filter_map(|entry| Some((entry, rules.roles.get(entry.key.as_str())?))) {
            for (act, sight) in SEEN_BY {
                let (acts, sees) = (widest(role, act), widest(role, sight));
                if acts > sees {
                    let message = Message::new("acts_unseen").with("role", role.id.as_str());
                    let message = message.with("action", act.word()).with("needed", sight.word());
                    self.warn(&entry.value, message.with("scope", scope_word(acts)));
                }
            }
            for (index, grant) in role.may.iter().enumerate() {
                let open = contacts_show(grant, rules);
                if let (Some(node), false) = (grant_node(&entry.value, index), open.is_empty()) {
                    let message = Message::new("contacts_show").with("role", role.id.as_str());
                    self.warn(node, message.with("fields", open.join(", ")));
                }
            }
        }
    }
}

/// The widest scope in which a role may do it; `None` = not at all.
fn widest(role: &Role, action: Action) -> Option<Scope> {
    if role.never.iter().any(|never| never.when.is_none() && never.actions.contains(&action)) {
        return None;
    }
    role.may.iter().filter(|grant| grant.actions.contains(&action)).map(|grant| grant.scope).max()
}

fn scope_word(scope: Option<Scope>) -> &'static str {
    match scope {
        Some(Scope::Own) | None => "own",
        Some(Scope::Team) => "team",
        Some(Scope::All) => "all",
    }
}

/// Phone and e-mail fields that a grant closes while it shows the contacts, which have phone and e-mail too.
fn contacts_show(grant: &Grant, rules: &Rules) -> Vec<String> {
    let contacts = Path { entity: Entity::Customer, name: Key::new("contacts") };
    let shows = [Action::CustomersRead, Action::DealsRead, Action::PoolRead];
    if grant.hide.contains(&contacts) || !shows.iter().any(|action| grant.actions.contains(action)) {
        return Vec::new();
    }
    let reaches = |path: &&Path| {
        let field = rules.fields.customer.get(&path.name).filter(|_| path.entity == Entity::Customer);
        field.is_some_and(|field| matches!(field.kind, FieldKind::Phone | FieldKind::Email))
    };
    grant
        .hide
        .iter()
        .chain(grant.mask.iter().map(|(path, _)| path))
        .filter(reaches)
        .map(|path| format!("`{path}`"))
        .collect()
}

fn grant_node(role: &Node, index: usize) -> Option<&Node> {
    let Content::Map { entries, .. } = &role.content else { return None };
    match &entries.iter().find(|entry| entry.key == "may")?.value.content {
        Content::List { items } => items.get(index),
        _ => None,
    }
}

/// The action that a move is.
pub(crate) fn action_of(one: &Move) -> Action {
    match (&one.from, one.direction) {
        (MoveFrom::Creation, _) | (_, Direction::Creation) => Action::DealsCreate,
        _ => Action::DealsMove,
    }
}

/// The roles that may make a move.
pub(crate) fn makers<'r>(one: &'r Move, roles: &'r IndexMap<Key, Role>) -> impl Iterator<Item = &'r Role> {
    roles
        .values()
        .filter(|role| (one.by.is_empty() || one.by.contains(&role.id)) && may(std::iter::once(*role), action_of(one)))
}

pub(in crate::rules) fn somebody_may(one: &Move, roles: &IndexMap<Key, Role>) -> bool {
    makers(one, roles).next().is_some()
}

/// Whether a role may write it: granted the action, and the field not closed by that grant; or nobody has to.
pub(crate) fn writes(role: &Role, path: &Path) -> bool {
    let actions: &[Action] = match (path.entity, path.name.as_str()) {
        (Entity::Deal, "grade") => &[Action::DealsGrade],
        (Entity::Deal, "owner") => &[Action::DealsAssign, Action::PoolDealOut, Action::DealsCreate],
        (Entity::Deal, _) => &[Action::DealsWrite, Action::DealsCreate],
        (Entity::Customer, "open_deals" | "won_deals") => return true,
        (Entity::Customer, _) => &[Action::CustomersWrite],
        (Entity::Contract | Entity::User | Entity::Owner | Entity::Receiver | Entity::Move, _) => return true,
    };
    let is_fixed = matches!(path.entity, Entity::Deal)
        && matches!(
            path.name.as_str(),
            "funnel"
                | "stage"
                | "origin"
                | "state"
                | "creator"
                | "discoverer"
                | "graded_by"
                | "created_at"
                | "entered_at"
                | "locked"
                | "dwell"
        );
    is_fixed
        || role.may.iter().any(|grant| {
            let closed = grant.hide.contains(path)
                || grant.read_only.contains(path)
                || grant.mask.iter().any(|(masked, _)| masked == path);
            !closed && actions.iter().any(|action| grant.actions.contains(action))
        })
}
