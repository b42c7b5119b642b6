//! Calls where lists are on several machines.

use super::{
    CallKind, Schedule,
    tests::{ids, list, message, second},
};

#[test]
fn lists_that_are_kept_apart_have_calls_of_their_own_side_by_side() {
    let (mut schedule, now) = (Schedule::default(), second(0));
    schedule.keep_lists_apart();
    for list_id in 1..=9 {
        schedule.enqueue(&list(list_id), message(0, 1)).unwrap();
        assert_eq!(schedule.may_start(list_id, now), list_id <= 8);
        if let Some(call) = schedule.next_call(now) {
            assert_eq!((call.kind, ids(&call)), (CallKind::SingleList, vec![list_id]));
        }
    }
    schedule.end_call(CallKind::SingleList, &[1], Vec::new(), now);
    assert_eq!(ids(&schedule.next_call(now).unwrap()), [9]);
}
