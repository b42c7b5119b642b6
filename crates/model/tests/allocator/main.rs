//! Every state that a few calls, their clients and whatever cuts them off can bring about.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so at once"
)]

mod defects;
mod scenarios;
mod system;

use scenarios::{at_once, given_back, holds, operator, swept_twice};
use system::check;

#[test]
fn nothing_goes_wrong_when_more_keys_than_codes_ask_at_once_and_again() {
    check(
        at_once(),
        &[
            "a retry gets what it had",
            "none is left",
            "an index refuses one of two calls",
        ],
    );
}

#[test]
fn nothing_goes_wrong_when_codes_are_given_back() {
    check(
        given_back(),
        &["a code goes out again", "a retry gets what it had"],
    );
}

#[test]
fn nothing_goes_wrong_when_holds_run_out() {
    check(
        holds(),
        &[
            "a code goes out again",
            "a confirmation comes too late",
            "a hold is confirmed",
        ],
    );
}

#[test]
fn nothing_goes_wrong_when_codes_are_disabled_and_the_list_is_archived() {
    check(
        operator(),
        &["a code goes out again", "a list is refused as archived"],
    );
}

#[test]
fn nothing_goes_wrong_when_two_sweeps_meet() {
    check(swept_twice(), &["a code goes out again", "none is left"]);
}
