use std::collections::{BTreeMap, BTreeSet};

use domain::PublicId;
use proptest::prelude::*;

use super::*;

/// A message that can be told from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Numbered {
    number: usize,
    keys: usize,
    is_all_or_nothing: bool,
}

impl Message for Numbered {
    fn keys(&self) -> usize {
        self.keys
    }

    fn is_all_or_nothing(&self) -> bool {
        self.is_all_or_nothing
    }
}

pub(super) fn list(list_id: i64) -> Arc<ListRef> {
    Arc::new(ListRef {
        workspace_id: 1,
        list_id,
        public_id: PublicId::from_bytes([0; 12]),
        key: crate::lists::fingerprint_key(&[0; 16]).unwrap(),
    })
}

pub(super) fn message(number: usize, keys: usize) -> Numbered {
    Numbered {
        number,
        keys,
        is_all_or_nothing: false,
    }
}

pub(super) fn ids(call: &Call<Numbered>) -> Vec<i64> {
    call.lists.iter().map(|(list, _)| list.list_id).collect()
}

/// A second of a test's own.
pub(super) fn second(n: u64) -> Instant {
    static BEGAN: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    *BEGAN + Duration::from_secs(n)
}

#[test]
fn what_is_queued_while_a_shared_call_runs_goes_together_into_the_next() {
    let (mut schedule, now) = (Schedule::default(), second(0));
    schedule.enqueue(&list(1), message(0, 1)).unwrap();
    let first = schedule.next_call(now).unwrap();
    for (number, list_id) in [(1, 2), (2, 3), (3, 2)] {
        schedule.enqueue(&list(list_id), message(number, 1)).unwrap();
        assert!(!schedule.may_start(list_id, now));
        assert!(schedule.next_call(now).is_none());
    }
    schedule.end_call(first.kind, &ids(&first), Vec::new(), now);
    let second = schedule.next_call(now).unwrap();
    assert_eq!((second.kind, ids(&second)), (CallKind::Shared, vec![2, 3]));
    assert_eq!(second.lists[0].1.len(), 2);
}

#[test]
fn a_deferred_list_has_its_own_calls_and_keeps_no_other_waiting() {
    let (mut schedule, now) = (Schedule::default(), second(0));
    for list_id in [1, 2] {
        schedule.enqueue(&list(list_id), message(0, 1)).unwrap();
    }
    let mut call = schedule.next_call(now).unwrap();
    let (_, messages) = call.lists.remove(0);
    let deferred = Deferred {
        list_id: 1,
        messages,
        lasts: Duration::from_secs(1),
    };
    schedule.end_call(CallKind::Shared, &[1, 2], vec![deferred], now);
    schedule.enqueue(&list(2), message(1, 1)).unwrap();
    let alone = schedule.next_call(now).unwrap();
    assert_eq!((alone.kind, ids(&alone)), (CallKind::SingleList, vec![1]));
    let shared = schedule.next_call(now).unwrap();
    assert_eq!((shared.kind, ids(&shared)), (CallKind::Shared, vec![2]));
    schedule.end_call(shared.kind, &[2], Vec::new(), now);
    schedule.end_call(alone.kind, &[1], Vec::new(), now);
    // For a second; then it goes with the others again.
    schedule.enqueue(&list(1), message(2, 1)).unwrap();
    let alone = schedule.next_call(now).unwrap();
    assert_eq!(alone.kind, CallKind::SingleList);
    schedule.end_call(alone.kind, &[1], Vec::new(), now);
    schedule.enqueue(&list(1), message(3, 1)).unwrap();
    assert_eq!(schedule.next_call(second(2)).unwrap().kind, CallKind::Shared);
}

#[test]
fn a_full_queue_refuses_and_others_go_on() {
    let mut schedule = Schedule::default();
    for number in 0..QUEUE_MESSAGES {
        schedule.enqueue(&list(1), message(number, 1)).unwrap();
    }
    assert_eq!(schedule.enqueue(&list(1), message(0, 1)), Err(QueueIsFull));
    assert_eq!(schedule.enqueue(&list(2), message(0, 1)), Ok(()));
}

#[test]
fn a_list_has_a_second_call_for_a_whole_group_only_and_never_a_third() {
    let (mut schedule, now) = (Schedule::default(), second(0));
    for calls in 1..=2 {
        schedule.enqueue(&list(1), message(0, GROUP_KEYS)).unwrap();
        assert!(schedule.next_call(now).is_some(), "{calls}");
    }
    schedule.enqueue(&list(1), message(0, GROUP_KEYS)).unwrap();
    assert!(schedule.next_call(now).is_none());

    let mut schedule = Schedule::default();
    schedule.enqueue(&list(1), message(0, 1)).unwrap();
    assert!(schedule.next_call(now).is_some());
    schedule.enqueue(&list(1), message(0, GROUP_KEYS - 1)).unwrap();
    assert!(schedule.next_call(now).is_none());
}

/// What may happen to a schedule.
#[derive(Debug, Clone)]
enum Step {
    Enqueue {
        list_id: i64,
        keys: usize,
        is_all_or_nothing: bool,
    },
    Start,
    /// Of the call that began first, second …; lists whose bit is set were not served.
    End {
        call: usize,
        unserved: u8,
    },
    /// So many milliseconds pass.
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let keys = prop_oneof![Just(1_usize), 1..=GROUP_KEYS, Just(GROUP_KEYS)];
    let step = prop_oneof![
        6 => (0..6_i64, keys, prop::bool::weighted(0.1)).prop_map(|(list_id, keys, is_all_or_nothing)| Step::Enqueue {
            list_id,
            keys,
            is_all_or_nothing,
        }),
        3 => Just(Step::Start),
        3 => (0..8_usize, any::<u8>()).prop_map(|(call, unserved)| Step::End { call, unserved }),
        1 => (0..2_000_u64).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..200)
}

/// A schedule, the calls that run, and what has become of each message.
#[derive(Default)]
struct Course {
    schedule: Schedule<Numbered>,
    now: u64,
    running: Vec<Call<Numbered>>,
    queued: BTreeSet<usize>,
    served: BTreeSet<usize>,
    /// By list: in which order its messages came, and in which they first left.
    came: BTreeMap<i64, Vec<usize>>,
    left: BTreeMap<i64, Vec<usize>>,
    deferred: BTreeSet<i64>,
}

impl Course {
    fn now(&self) -> Instant {
        second(0) + Duration::from_millis(self.now)
    }

    fn go(&mut self, step: Step) {
        match step {
            Step::Enqueue {
                list_id,
                keys,
                is_all_or_nothing,
            } => {
                let number = self.came.values().map(Vec::len).sum();
                let message = Numbered {
                    number,
                    keys,
                    is_all_or_nothing,
                };
                self.schedule.enqueue(&list(list_id), message).unwrap();
                self.queued.insert(number);
                self.came.entry(list_id).or_default().push(number);
            }
            Step::Start => self.start(),
            Step::End { call, unserved } if call < self.running.len() => self.end(call, unserved),
            Step::End { .. } => {}
            Step::Wait(milliseconds) => self.now += milliseconds,
        }
        self.check();
    }

    fn start(&mut self) {
        let Some(call) = self.schedule.next_call(self.now()) else {
            return;
        };
        assert!(call.kind == CallKind::Shared || call.lists.len() == 1);
        assert!(call.lists.len() <= CALL_LISTS);
        for (list, messages) in &call.lists {
            let keys: usize = messages.iter().map(Message::keys).sum();
            assert!(!messages.is_empty() && (keys <= GROUP_KEYS || messages.len() == 1));
            assert!(messages.len() == 1 || !messages.iter().any(Message::is_all_or_nothing));
            assert!(call.kind == CallKind::SingleList || !messages.iter().any(Message::is_all_or_nothing));
            for message in messages {
                assert!(self.queued.remove(&message.number), "it left twice");
                self.left.entry(list.list_id).or_default().push(message.number);
            }
        }
        self.running.push(call);
    }

    fn end(&mut self, call: usize, unserved: u8) {
        let call = self.running.remove(call);
        let lists = ids(&call);
        let mut deferred = Vec::new();
        for (n, (list, messages)) in call.lists.into_iter().enumerate() {
            if n < 8 && unserved & (1 << n) != 0 {
                self.deferred.insert(list.list_id);
                for message in &messages {
                    self.queued.insert(message.number);
                    self.left
                        .get_mut(&list.list_id)
                        .unwrap()
                        .retain(|number| *number != message.number);
                }
                deferred.push(Deferred {
                    list_id: list.list_id,
                    messages,
                    lasts: Duration::from_secs(1),
                });
            } else {
                self.served.extend(messages.iter().map(|message| message.number));
            }
        }
        let now = self.now();
        self.schedule.end_call(call.kind, &lists, deferred, now);
    }

    /// What holds at any time.
    fn check(&self) {
        let of_kind = |kind| self.running.iter().filter(|call| call.kind == kind).count();
        assert!(of_kind(CallKind::Shared) <= SHARED_CALLS);
        assert!(of_kind(CallKind::SingleList) <= SINGLE_LIST_CALLS);
        let mut shared_now = BTreeSet::new();
        let mut all_now = BTreeMap::<i64, usize>::new();
        for call in &self.running {
            for list_id in ids(call) {
                assert!(
                    call.kind == CallKind::SingleList || shared_now.insert(list_id),
                    "two shared calls for one list"
                );
                *all_now.entry(list_id).or_default() += 1;
            }
        }
        assert!(
            all_now.values().all(|calls| *calls <= 2),
            "three calls for one list"
        );
        assert_eq!(
            self.schedule.turns.len(),
            self.schedule.turns.iter().collect::<BTreeSet<_>>().len()
        );
        let queues = self.schedule.queues.values();
        assert_eq!(self.schedule.keys, queues.map(|queue| queue.keys).sum::<usize>());
    }

    /// Ends every call and starts what is left, until there is nothing.
    fn finish(&mut self) {
        for _ in 0..10_000 {
            while !self.running.is_empty() {
                self.end(0, 0);
                self.check();
            }
            if self.queued.is_empty() {
                return;
            }
            self.start();
            assert!(
                !self.running.is_empty(),
                "something is queued, nothing runs and nothing starts"
            );
        }
        panic!("it does not end");
    }
}

proptest! {
    #[test]
    fn whatever_happens_each_message_leaves_once_in_its_turn_and_no_capacity_is_passed(steps in steps()) {
        let mut course = Course::default();
        for step in steps {
            course.go(step);
        }
        course.finish();
        let all: usize = course.came.values().map(Vec::len).sum();
        prop_assert_eq!(course.served.len(), all);
        prop_assert!(course.schedule.turns.is_empty() && course.schedule.keys == 0);
        for (list_id, came) in &course.came {
            if !course.deferred.contains(list_id) {
                prop_assert_eq!(&course.left[list_id], came);
            }
        }
    }
}
