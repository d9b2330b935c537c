//! Laws that hold for every company and every deal.

use super::*;
use crate::engine::facts::DealFacts;
use crate::engine::moves::{MoveRequest, decide, options};
use crate::engine::permission::permit;
use crate::rules::expression::Place;
use crate::rules::model::*;
use crate::values::Value;
use proptest::prelude::*;
use std::sync::Arc;

pub(super) const STAGES: [&str; 8] =
    ["resource", "graded", "contacted", "lead", "intent", "signed", "implemented", "abandoned"];

pub(super) fn a_deal() -> impl Strategy<Value = DealFacts> {
    (0..STAGES.len(), any::<[bool; 6]>(), prop::option::of(0..6_usize)).prop_map(|(stage, has, lost_from)| {
        let mut facts = deal_in(STAGES[stage]);
        facts.deal.lost_from = lost_from.filter(|_| STAGES[stage] == "abandoned").map(|from| key(STAGES[from]));
        if has[0] {
            facts = facts.logged("call reached", "2026-02-27T16:00:00+08:00", "");
        }
        if has[1] {
            facts = facts.logged("call interested", "2026-02-27T16:00:00+08:00", "");
        }
        if has[2] {
            facts = facts.with("deal.question", Value::Text("how much".into()));
            facts = facts.with("deal.visit_on", Value::Date(date("2026-03-05")));
        }
        if has[3] {
            facts = facts.contract("signed", if has[4] { &[1000] } else { &[] });
        }
        if has[5] {
            facts.deal.grade = None;
        }
        facts
    })
}

proptest! {
    /// No path that the rules do not give, and none by force: what is allowed is one of the moves of the file, leads
    /// from where the deal is to where it was asked, and nothing that it demands is unmet.
    #[test]
    fn an_allowed_move_is_one_of_the_rules(
        facts in a_deal(),
        to in 0..STAGES.len(),
        role in prop::sample::select(vec!["seller", "manager", "director", "seller manager"]),
        reason in prop::option::of(prop::sample::select(vec!["refused", "unreachable", "other"])),
        note in any::<bool>(),
    ) {
        let rules = Arc::new(company());
        let caller = actor(LI, role);
        let request = MoveRequest {
            from: None,
            to: key(STAGES[to]),
            reason: reason.map(key),
            note: note.then(|| "because".to_owned()),
        };
        let permit = permit(&rules, &caller, Action::DealsMove).unwrap();
        let decision = decide(&permit, &facts, &request, now());
        let open = options(&rules, &caller, &facts, now());
        let shown = open.iter().filter(|option| option.to == request.to && option.is_open()).collect::<Vec<_>>();
        let Decision::Allowed(allowed) = decision else {
            // What the options call open fails for want of a reason or a note alone.
            prop_assert!(shown.is_empty() || decision.criteria().iter().filter(|one| one.refuses())
                .all(|one| one.id == "reason_required"), "{}", outcome(&decision));
            return Ok(());
        };
        prop_assert!(allowed.criteria.iter().all(|checked| !checked.refuses()));
        prop_assert!(shown.iter().any(|option| option.id == allowed.effect.move_id), "not among the options");
        let effect = allowed.effect;
        let known = rules.funnels[0].moves.iter().any(|one| {
            let to = match &one.to {
                MoveTo::Stage(to) => to.clone(),
                MoveTo::Origin => facts.deal.lost_from.clone().unwrap_or(key("resource")),
            };
            one.from == MoveFrom::Stage(facts.deal.stage.clone()) && to == effect.to && one.id == effect.move_id
                && (one.by.is_empty() || one.by.iter().any(|role| caller.roles.contains(role)))
        });
        prop_assert!(known, "{} -> {}", effect.from, effect.to);
        prop_assert_eq!(effect.to.as_str(), STAGES[to]);
        prop_assert!(effect.entered_at >= facts.deal.entered_at);
        prop_assert_eq!(effect.holdings.iter().map(|one| one.step).sum::<i32>(), 0, "nobody holds more or fewer deals");
    }

    /// Whatever operators do with what is missing: a criterion passes only on a known yes.
    #[test]
    fn unknown_never_passes(
        template in prop::sample::select(vec![
            "X == \"web\"", "X != \"web\"", "!(X == \"web\")", "X in [\"web\"]", "!(X in [\"web\"])",
            "X == \"web\" && deal.suitable", "X == \"web\" || !deal.suitable", "(X == \"web\") == (deal.suitable)",
        ]),
        mode in prop::sample::select(vec!["criterion", "move"]),
    ) {
        let source = template.replace('X', "customer.source");
        let facts = deal_in("resource").with("deal.suitable", Value::Bool(true));
        let mut rules = company();
        if mode == "criterion" {
            stage_of(&mut rules, "graded").enter = vec![require("r", &source)];
        } else {
            stage_of(&mut rules, "graded").enter.clear();
            move_of(&mut rules, "forward").when = Some(expression(&source, Place::Decision));
        }
        let permit = permit(&Arc::new(rules), &actor(LI, "seller"), Action::DealsMove).unwrap();
        let request = MoveRequest { from: None, to: key("graded"), reason: None, note: None };
        let decision = decide(&permit, &facts, &request, now());
        let refused = matches!(decision, Decision::Refused(_));
        prop_assert!(refused, "{}", source);
        prop_assert!(decision.criteria().iter().any(|one| one.outcome == CheckOutcome::Missing));
    }
}
