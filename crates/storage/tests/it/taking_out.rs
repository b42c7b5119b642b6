//! Codes given back and codes disabled.

use storage::{AllocationOutcome, CodePlace, ConfirmOutcome, DisableOutcome, RedeemOutcome, ReleaseOutcome};

use crate::database::{TestDatabase, new};

#[tokio::test]
async fn a_code_given_back_goes_to_a_new_key_before_a_fresh_one() {
    let database = TestDatabase::new().await;
    database.load(&["a1", "a2", "a3"], 10).await;
    let given = new(database.allocate(&["u1"]).await.remove(0));
    let released = database
        .storage
        .release(&database.list, &[given.position])
        .await
        .unwrap();
    assert_eq!(released, [ReleaseOutcome::Released]);
    assert_eq!(database.stock().await.available, 3);

    assert!(matches!(
        database.allocate(&["u1"]).await[..],
        [AllocationOutcome::Released]
    ));
    assert_eq!(database.codes(&["u2", "u3"]).await, ["a1", "a2"]);
    assert_eq!(database.stock().await.allocated, 2);
}

#[tokio::test]
async fn giving_back_twice_gives_back_once() {
    let database = TestDatabase::new().await;
    database.load(&["a1"], 10).await;
    let given = new(database.allocate(&["u1"]).await.remove(0));
    let twice = [given.position, given.position];
    assert_eq!(
        database.storage.release(&database.list, &twice).await.unwrap(),
        [ReleaseOutcome::Released; 2]
    );
    assert_eq!(database.codes(&["u2"]).await, ["a1"]);
    // The first hand-out is over; the second one is not its business.
    assert_eq!(
        database.storage.release(&database.list, &twice).await.unwrap(),
        [ReleaseOutcome::Released; 2]
    );
    assert!(matches!(
        database.allocate(&["u3"]).await[..],
        [AllocationOutcome::Exhausted]
    ));
}

#[tokio::test]
async fn a_place_that_was_never_handed_out_cannot_be_given_back() {
    let database = TestDatabase::new().await;
    database.load(&["a1", "a2"], 10).await;
    let mut elsewhere = new(database.allocate(&["u1"]).await.remove(0)).position;
    elsewhere.ordinal = 1;
    assert_eq!(
        database
            .storage
            .release(&database.list, &[elsewhere])
            .await
            .unwrap(),
        [ReleaseOutcome::Unknown]
    );
    assert_eq!(database.stock().await.available, 1);
}

#[tokio::test]
async fn a_disabled_code_is_passed_over() {
    let database = TestDatabase::new().await;
    database.load(&["a1", "a2", "a3", "a4", "a5"], 2).await;
    let file = new(database.allocate(&["u1"]).await.remove(0)).position.file_id;
    for (ordinal, code) in [(1, "a2"), (4, "a5")] {
        let disabled = database
            .storage
            .disable(&database.list, CodePlace::new(file, ordinal), code)
            .await
            .unwrap();
        assert_eq!(disabled, DisableOutcome::Disabled);
    }
    let stock = database.stock().await;
    assert_eq!((stock.available, stock.disabled, stock.allocated), (2, 2, 1));
    let outcomes = database.allocate(&["u2", "u3", "u4"]).await;
    let [
        AllocationOutcome::New(third),
        AllocationOutcome::New(fourth),
        AllocationOutcome::Exhausted,
    ] = &outcomes[..]
    else {
        panic!("{outcomes:?}");
    };
    assert_eq!((third.code.as_str(), fourth.code.as_str()), ("a3", "a4"));
    let stock = database.stock().await;
    assert_eq!(
        (stock.total, stock.available, stock.disabled, stock.allocated),
        (5, 0, 2, 3)
    );
}

#[tokio::test]
async fn a_code_that_is_disabled_in_someones_hands_does_not_come_back() {
    let database = TestDatabase::new().await;
    database.load(&["a1", "a2", "a3"], 10).await;
    let given = new(database.allocate(&["u1"]).await.remove(0));
    let place = CodePlace::new(given.position.file_id, 0);
    let disable = async || {
        database
            .storage
            .disable(&database.list, place, "a1")
            .await
            .unwrap()
    };
    assert_eq!(disable().await, DisableOutcome::Disabled);
    assert_eq!(disable().await, DisableOutcome::Disabled);
    let release = database.storage.release(&database.list, &[given.position]).await;
    assert_eq!(release.unwrap(), [ReleaseOutcome::Disabled]);
    let confirm = database.storage.confirm(&database.list, &[given.position]).await;
    assert_eq!(confirm.unwrap(), [ConfirmOutcome::Released]);
    let redeem = database.storage.redeem(&database.list, place, None, None);
    assert_eq!(redeem.await.unwrap(), RedeemOutcome::NotRedeemable);
    assert!(matches!(
        database.allocate(&["u1"]).await[..],
        [AllocationOutcome::Released]
    ));
    assert_eq!(database.codes(&["u2", "u3"]).await, ["a2", "a3"]);
    let stock = database.stock().await;
    assert_eq!(
        (stock.total, stock.available, stock.disabled, stock.allocated),
        (3, 0, 1, 2)
    );
}

#[tokio::test]
async fn a_code_that_was_given_back_can_be_disabled() {
    let database = TestDatabase::new().await;
    database.load(&["a1", "a2"], 10).await;
    let given = new(database.allocate(&["u1"]).await.remove(0));
    let place = CodePlace::new(given.position.file_id, 0);
    database
        .storage
        .release(&database.list, &[given.position])
        .await
        .unwrap();
    let disabled = database.storage.disable(&database.list, place, "a1").await;
    assert_eq!(disabled.unwrap(), DisableOutcome::Disabled);
    assert_eq!(database.codes(&["u2"]).await, ["a2"]);
    let stock = database.stock().await;
    assert_eq!(
        (stock.total, stock.available, stock.disabled, stock.allocated),
        (2, 0, 1, 1)
    );
}

#[tokio::test]
async fn a_redeemed_code_stays_where_it_is() {
    let database = TestDatabase::new().await;
    database.load(&["a1", "a2"], 10).await;
    let given = new(database.allocate(&["u1"]).await.remove(0));
    let place = CodePlace::new(given.position.file_id, 0);
    let redeem = async |id: Option<&str>| {
        database
            .storage
            .redeem(&database.list, place, id.map(str::to_owned), None)
            .await
            .unwrap()
    };
    assert_eq!(redeem(Some("till-1")).await, RedeemOutcome::Redeemed);
    assert_eq!(redeem(Some("till-1")).await, RedeemOutcome::Redeemed);
    assert_eq!(redeem(Some("till-2")).await, RedeemOutcome::Already);
    assert_eq!(redeem(None).await, RedeemOutcome::Already);
    let release = database.storage.release(&database.list, &[given.position]).await;
    assert_eq!(release.unwrap(), [ReleaseOutcome::Redeemed]);
    let disabled = database.storage.disable(&database.list, place, "a1").await;
    assert_eq!(disabled.unwrap(), DisableOutcome::Redeemed);
    assert_eq!(database.stock().await.allocated, 1);
    let nobody = CodePlace::new(given.position.file_id, 1);
    let redeemed = database.storage.redeem(&database.list, nobody, None, None).await;
    assert_eq!(redeemed.unwrap(), RedeemOutcome::NotRedeemable);
}

#[tokio::test]
async fn what_comes_back_to_an_archived_list_is_gone() {
    let database = TestDatabase::new().await;
    database.load(&["a1", "a2", "a3"], 10).await;
    let given = new(database.allocate(&["u1"]).await.remove(0));
    let kept = new(database.allocate(&["u2"]).await.remove(0));
    database.storage.archive_list(&database.list).await.unwrap();
    let release = database.storage.release(&database.list, &[given.position]).await;
    assert_eq!(release.unwrap(), [ReleaseOutcome::Released]);
    let stock = database.stock().await;
    assert_eq!((stock.total, stock.available, stock.allocated), (1, 0, 1));
    let place = CodePlace::new(kept.position.file_id, kept.position.ordinal);
    let disabled = database.storage.disable(&database.list, place, "a2").await;
    assert_eq!(disabled.unwrap(), DisableOutcome::Disabled);
    assert_eq!(database.stock().await.total, 0);
    let place = CodePlace::new(given.position.file_id, given.position.ordinal);
    let disabled = database.storage.disable(&database.list, place, "a1").await;
    assert_eq!(disabled.unwrap(), DisableOutcome::Absent);
}
