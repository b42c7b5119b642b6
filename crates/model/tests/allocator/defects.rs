//! The model can fail: each mistake that is made on purpose is found.

use model::Defect;

use crate::{
    scenarios::{at_once, given_back, holds, operator, swept_twice},
    system::finds,
};

#[test]
fn a_gate_that_is_not_taken_is_found() {
    finds(
        at_once(),
        &[Defect::GateNotTaken],
        "the gate alone keeps positions apart",
    );
}

#[test]
fn a_gate_that_is_not_taken_gives_a_code_to_two_keys_where_the_ledger_has_no_primary_key() {
    finds(
        at_once(),
        &[Defect::GateNotTaken, Defect::NoIndexOnPositions],
        "no code has two keys",
    );
}

#[test]
fn a_code_chosen_before_the_gate_is_found() {
    finds(
        at_once(),
        &[Defect::CodeChosenBeforeGate],
        "the gate alone keeps positions apart",
    );
}

#[test]
fn a_missing_index_on_keys_is_found() {
    finds(at_once(), &[Defect::NoIndexOnKeys], "no key has two codes");
}

#[test]
fn an_answer_before_the_commit_is_found() {
    finds(
        at_once(),
        &[Defect::AnswerBeforeCommit],
        "nothing acknowledged is lost",
    );
}

#[test]
fn a_key_that_is_refused_although_it_has_a_code_is_found() {
    finds(at_once(), &[Defect::KeyNotLookedUpAgain], "a refusal is true");
}

#[test]
fn a_code_that_goes_out_before_its_release_has_committed_is_found() {
    finds(
        given_back(),
        &[Defect::ReleaseInTwoParts],
        "a code goes out again only when it was given back",
    );
    finds(given_back(), &[Defect::ReleaseInTwoParts], "no code has two keys");
}

#[test]
fn a_code_that_is_given_back_twice_is_found() {
    finds(
        given_back(),
        &[Defect::ReleaseTwice],
        "the gate alone keeps positions apart",
    );
}

#[test]
fn a_release_that_takes_the_code_from_its_next_owner_is_found() {
    finds(
        given_back(),
        &[Defect::ReleaseWithoutTurn],
        "nothing acknowledged is lost",
    );
}

#[test]
fn a_hold_that_is_swept_twice_is_found() {
    finds(
        swept_twice(),
        &[Defect::HoldSweptTwice],
        "the gate alone keeps positions apart",
    );
}

#[test]
fn a_hold_that_is_judged_before_the_gate_is_found() {
    finds(
        holds(),
        &[Defect::HoldJudgedBeforeGate],
        "nothing acknowledged is lost",
    );
}

#[test]
fn a_hold_that_ran_out_and_is_forgotten_is_found() {
    finds(holds(), &[Defect::RunOutHoldForgotten], "a refusal is true");
}

#[test]
fn a_disabled_code_that_goes_out_again_is_found() {
    finds(
        operator(),
        &[Defect::DisabledCodeKeptAsReturned],
        "a disabled code belongs to nobody",
    );
}

#[test]
fn a_list_that_gives_codes_after_it_was_archived_is_found() {
    finds(
        operator(),
        &[Defect::StateReadBeforeGate],
        "an archived list gives nothing",
    );
}
