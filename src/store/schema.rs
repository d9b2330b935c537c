//! The tables, once for both databases, kept by hand; a test loads every one of them on both. A column that only one
//! database has (`decisions.xid`) is not named here.

mod rules;
pub use rules::*;

use super::columns::{Document, Uid, Verbatim};
use diesel::sql_types::{BigInt, Binary, Bool, Integer, Nullable, Text};

diesel::table! {
    use super::*;
    epochs (id) {
        id -> Integer,
        rules_version -> BigInt,
        people_epoch -> BigInt,
    }
}

diesel::table! {
    use super::*;
    teams (id) {
        id -> Uid,
        name -> Text,
        parent -> Nullable<Uid>,
        version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    use super::*;
    users (id) {
        id -> Uid,
        login -> Text,
        name -> Text,
        email -> Nullable<Text>,
        password_hash -> Nullable<Text>,
        roles -> Document,
        team -> Nullable<Uid>,
        active -> Bool,
        fields -> Document,
        version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    use super::*;
    sessions (token_hash) {
        token_hash -> Binary,
        family -> Uid,
        user_id -> Uid,
        issued_at -> BigInt,
        expires_at -> BigInt,
        used_at -> Nullable<BigInt>,
        successor_hash -> Nullable<Binary>,
        revoked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    use super::*;
    login_attempts (key) {
        key -> Text,
        count -> BigInt,
        last_at -> BigInt,
        blocked_until -> Nullable<BigInt>,
    }
}

diesel::table! {
    use super::*;
    setup (id) {
        id -> Integer,
        token_hash -> Binary,
        expires_at -> BigInt,
        used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    use super::*;
    rules_versions (number) {
        number -> BigInt,
        hash -> Text,
        text -> Text,
        author -> Nullable<Uid>,
        comment -> Nullable<Text>,
        parent -> Nullable<BigInt>,
        source -> Text,
        created_at -> BigInt,
        activated_at -> Nullable<BigInt>,
        activated_by -> Nullable<Uid>,
        draft -> Nullable<Uid>,
        superseded_at -> Nullable<BigInt>,
        migration -> Nullable<Verbatim>,
        migrated -> Nullable<Verbatim>,
    }
}

diesel::table! {
    use super::*;
    customers (id) {
        id -> Uid,
        creator -> Nullable<Uid>,
        fields -> Document,
        contacts -> Document,
        version -> BigInt,
        facts_version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    use super::*;
    customer_keys (combination, normalised) {
        combination -> Text,
        normalised -> Text,
        customer -> Uid,
    }
}

diesel::table! {
    use super::*;
    deals (id) {
        id -> Uid,
        customer -> Uid,
        funnel -> Text,
        stage -> Text,
        state -> Text,
        owner -> Nullable<Uid>,
        team -> Nullable<Uid>,
        creator -> Nullable<Uid>,
        discoverer -> Nullable<Uid>,
        origin -> Text,
        product -> Nullable<Text>,
        grade -> Nullable<Text>,
        graded_by -> Nullable<Uid>,
        graded_at -> Nullable<BigInt>,
        reason -> Nullable<Text>,
        cooling_until -> Nullable<BigInt>,
        lost_from -> Nullable<Text>,
        fields -> Document,
        version -> BigInt,
        facts_version -> BigInt,
        entered_at -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        closed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    use super::*;
    activities (id) {
        id -> Uid,
        deal -> Uid,
        customer -> Uid,
        kind -> Text,
        outcome -> Nullable<Text>,
        method -> Nullable<Text>,
        contact -> Nullable<Text>,
        note -> Nullable<Text>,
        actor -> Nullable<Uid>,
        at -> BigInt,
        logged_at -> BigInt,
    }
}

diesel::table! {
    use super::*;
    contracts (id) {
        id -> Uid,
        deal -> Uid,
        customer -> Uid,
        number -> Nullable<Text>,
        amount_minor -> BigInt,
        currency -> Text,
        signed_on -> Nullable<Text>,
        delivered_on -> Nullable<Text>,
        accepted_on -> Nullable<Text>,
        cancelled_on -> Nullable<Text>,
        version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    use super::*;
    payments (id) {
        id -> Uid,
        contract -> Uid,
        deal -> Uid,
        amount_minor -> BigInt,
        currency -> Text,
        paid_on -> Text,
        cancelled_on -> Nullable<Text>,
        recorded_at -> BigInt,
    }
}

diesel::table! {
    use super::*;
    holdings (owner, funnel, stage) {
        owner -> Uid,
        funnel -> Text,
        stage -> Text,
        n -> Integer,
        cap -> Nullable<Integer>,
    }
}

diesel::table! {
    use super::*;
    history (seq) {
        seq -> BigInt,
        deal -> Uid,
        customer -> Uid,
        kind -> Text,
        at -> BigInt,
        funnel -> Text,
        from_stage -> Nullable<Text>,
        to_stage -> Text,
        owner -> Nullable<Uid>,
        team -> Nullable<Uid>,
        new_owner -> Nullable<Uid>,
        new_team -> Nullable<Uid>,
        grade -> Nullable<Text>,
        product -> Nullable<Text>,
        reason -> Nullable<Text>,
        entered_at -> Nullable<BigInt>,
        dwell_micros -> Nullable<BigInt>,
        target_micros -> Nullable<BigInt>,
        actor -> Nullable<Uid>,
        rules_version -> BigInt,
        decision -> Uid,
        new_grade -> Nullable<Text>,
        new_product -> Nullable<Text>,
        new_reason -> Nullable<Text>,
    }
}

diesel::table! {
    use super::*;
    decisions (seq) {
        seq -> BigInt,
        id -> Uid,
        at -> BigInt,
        actor -> Nullable<Uid>,
        roles -> Verbatim,
        action -> Text,
        subject_kind -> Text,
        subject -> Nullable<Text>,
        deal -> Nullable<Uid>,
        customer -> Nullable<Uid>,
        rules_version -> BigInt,
        outcome -> Text,
        criteria -> Verbatim,
        facts -> Verbatim,
        answer -> Verbatim,
        request_id -> Nullable<Text>,
        personal_digest -> Nullable<Text>,
        sealed_in -> Nullable<Binary>,
        chain_digest -> Nullable<Binary>,
    }
}

diesel::table! {
    use super::*;
    decision_personal (seq) {
        seq -> BigInt,
        customer -> Nullable<Uid>,
        salt -> Binary,
        facts -> Verbatim,
    }
}

diesel::table! {
    use super::*;
    idempotency (actor, key) {
        actor -> Uid,
        key -> Text,
        fingerprint -> Binary,
        decision -> BigInt,
        at -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query! {
    activities, contracts, customer_keys, customers, deals, decision_personal, decisions, epochs, history, holdings,
    idempotency, payments, rules_versions, sessions, teams, users,
}
