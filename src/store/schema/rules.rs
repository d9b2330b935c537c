//! The tables of changing rules: drafts, and what was tried with them.

use crate::store::columns::{Uid, Verbatim};
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};

diesel::table! {
    use super::*;
    rules_drafts (id) {
        id -> Uid,
        text -> Text,
        hash -> Text,
        author -> Nullable<Uid>,
        editors -> Verbatim,
        comment -> Nullable<Text>,
        parent -> BigInt,
        state -> Text,
        scheduled_at -> Nullable<BigInt>,
        schedule -> Nullable<Verbatim>,
        refusal -> Nullable<Verbatim>,
        activated_as -> Nullable<BigInt>,
        version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    use super::*;
    rules_replays (id) {
        id -> Uid,
        draft -> Nullable<Uid>,
        tried -> Nullable<BigInt>,
        text -> Text,
        hash -> Text,
        author -> Nullable<Uid>,
        since -> BigInt,
        before -> BigInt,
        first -> BigInt,
        beyond -> BigInt,
        until -> BigInt,
        state -> Text,
        runner -> Nullable<Uid>,
        lease_until -> BigInt,
        told -> Verbatim,
        tally -> Verbatim,
        begun_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        attempts -> BigInt,
        against -> BigInt,
        renaming -> Verbatim,
    }
}

diesel::table! {
    use super::*;
    rules_replay_items (replay, part, decision) {
        replay -> Uid,
        part -> BigInt,
        decision -> BigInt,
    }
}

diesel::table! {
    use super::*;
    rules_previews (id) {
        id -> Uid,
        draft -> Nullable<Uid>,
        tried -> Nullable<BigInt>,
        text -> Text,
        hash -> Text,
        author -> Nullable<Uid>,
        as_of -> BigInt,
        migrate -> Verbatim,
        state -> Text,
        runner -> Nullable<Uid>,
        lease_until -> BigInt,
        total -> BigInt,
        done -> BigInt,
        told -> Verbatim,
        sums -> Verbatim,
        begun_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        attempts -> BigInt,
    }
}

diesel::table! {
    use super::*;
    rules_preview_items (preview, part, deal) {
        preview -> Uid,
        part -> BigInt,
        deal -> Uid,
    }
}

diesel::table! {
    use super::*;
    rules_removed (name) {
        name -> Text,
        removed_in -> BigInt,
    }
}

diesel::table! {
    use super::*;
    rules_shadows (id) {
        id -> Uid,
        draft -> Uid,
        text -> Text,
        hash -> Text,
        author -> Nullable<Uid>,
        state -> Text,
        told -> Verbatim,
        tally -> Verbatim,
        begun_at -> BigInt,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    use super::*;
    rules_shadow_items (shadow, part, decision) {
        shadow -> Uid,
        part -> BigInt,
        decision -> BigInt,
    }
}

diesel::table! {
    use super::*;
    renames (what, above, rules_version, from_id) {
        what -> Text,
        above -> Text,
        rules_version -> BigInt,
        from_id -> Text,
        to_id -> Text,
        merged -> Bool,
    }
}

diesel::table! {
    use super::*;
    rules_file (id) {
        id -> Integer,
        hash -> Text,
    }
}
