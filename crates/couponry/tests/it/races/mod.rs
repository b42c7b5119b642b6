//! Many at once: no code goes out twice, none is lost, and nothing goes out of a list that is over.

mod after_the_hand_out;
mod bad_batches;
mod ends;
mod hang_ups;
mod loads;
mod lost_loads;
mod many_clients;
mod same_code_or_key;

use crate::app::{Answer, text};

/// The code of a new allocation; none when the list has none left.
#[track_caller]
fn code_or_exhausted(answer: &Answer) -> Option<String> {
    if answer.status == 201 {
        return Some(text(&answer.expect(201)["coupon_code"]).to_owned());
    }
    answer.expect_error(409, "coupons-exhausted");
    None
}
