//! Files that share codes, files that were wrong, lists that came back: each code once, and what went out stays out.

use serde_json::json;

use crate::app::{FileHost, TestApp, assert_all_different, codes, csv, sorted, text};

/// Row 27 of docs/MIGRATING.md.
#[tokio::test]
async fn a_second_file_adds_only_what_the_first_had_not() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.list_with(&["A-1", "A-2", "A-3"]).await;
    let file = app
        .load(&list, &host.serve("/second", csv(&["A-3", "A-4", "A-1", "a-1"])))
        .await;
    assert_eq!(file["status"], "SUCCESS");
    assert_eq!(file["added_coupons"], 2);
    assert_eq!(file["details"]["duplicates"], 2);
    assert_eq!(
        sorted(app.take_many(&list, "u", 5).await),
        ["A-1", "A-2", "A-3", "A-4", "a-1"]
    );
}

/// Row 27 of docs/MIGRATING.md.
#[tokio::test]
async fn a_file_of_which_all_is_known_succeeds_with_nothing() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let all = codes("A", 1500);
    let list = app.list_with(&all).await;
    for _ in 0..2 {
        let file = app.load(&list, &host.serve("/again", csv(&all))).await;
        assert_eq!(file["status"], "SUCCESS");
        assert_eq!(file["added_coupons"], 0);
        assert_eq!(file["details"]["duplicates"], 1500);
    }
    assert_eq!(app.counts(&list).await, (1500, 1500));
}

#[tokio::test]
async fn two_large_files_that_share_half_become_their_union() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let all = codes("A", 60_000);
    let list = app.list_with(&all[..40_000]).await;
    let taken = app.take_many(&list, "before", 5000).await;
    let second = app.load(&list, &host.serve("/second", csv(&all[20_000..]))).await;
    assert_eq!(second["added_coupons"], 20_000);
    assert_eq!(second["details"]["duplicates"], 20_000);
    let mut all_taken = taken;
    for n in 0..6 {
        let number = if n < 5 { 10_000 } else { 5000 };
        all_taken.extend(app.take_many(&list, &format!("u-{n}"), number).await);
    }
    assert_eq!(sorted(all_taken), all);
}

/// Few codes against many blocks are looked up one by one, not by reading everything along.
#[tokio::test]
async fn a_few_codes_find_their_like_among_many_wherever_they_stand() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let all = codes("A", 30_000);
    let list = app.list_with(&all).await;
    let taken = app.take_many(&list, "u", 1000).await;
    for (n, known) in [&all[0], &all[29_999], &taken[0], &taken[999]]
        .into_iter()
        .enumerate()
    {
        let fresh = format!("B-{n}");
        let file = app.load(&list, &host.serve("/few", csv(&[&fresh, known]))).await;
        assert_eq!(file["added_coupons"], 1, "{known}");
        assert_eq!(file["details"]["duplicates"], 1, "{known}");
    }
    assert_eq!(app.counts(&list).await, (30_004, 29_004));
}

/// Row 27 of docs/MIGRATING.md.
#[tokio::test]
async fn lists_do_not_share_their_codes() {
    let app = TestApp::start().await;
    for _ in 0..2 {
        let list = app.list_with(&["A-1", "A-2"]).await;
        assert_eq!(app.counts(&list).await, (2, 2));
    }
}

#[tokio::test]
async fn the_corrected_file_can_be_loaded_at_once_after_the_wrong_one_was_deleted() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let wrong = app.load_codes(&list, &codes("A", 3000)).await;
    let taken = app.take_many(&list, "early", 100).await;
    app.delete_file(&list, &wrong).await;

    // Not waiting until the wrong one is gone from the disk.
    let corrected = codes("A", 4000);
    let file = app.load(&list, &host.serve("/corrected", csv(&corrected))).await;
    assert_eq!(file["status"], "SUCCESS");
    assert_eq!(file["added_coupons"], 3900);
    assert_eq!(file["details"]["duplicates"], 100);
    assert_eq!(app.counts(&list).await, (4000, 3900));

    let rest = app.take_many(&list, "late", 3900).await;
    assert_eq!(sorted([taken, rest].concat()), corrected);
}

/// Row 27 of docs/MIGRATING.md.
#[tokio::test]
async fn what_went_out_is_refused_for_ever() {
    let mut app = TestApp::start().await;
    let host = FileHost::start().await;
    let all = codes("A", 2000);
    let url = host.serve("/all", csv(&all));
    let list = app.create_list().await;
    let file = app.load(&list, &url).await;
    let mut taken = app.take_many(&list, "first", 700).await;

    app.delete_file(&list, text(&file["_id"])).await;
    assert_eq!(app.load(&list, &url).await["added_coupons"], 1300);
    taken.extend(app.take_many(&list, "second", 300).await);

    app.archive(&list).await;
    app.activate(&list).await;
    assert_eq!(app.counts(&list).await, (1000, 0));
    assert_eq!(app.load(&list, &url).await["added_coupons"], 1000);
    taken.extend(app.take_many(&list, "third", 300).await);

    app.expire(&list).await;
    app.activate(&list).await;
    app.jobs_done().await;
    app.kill();
    app.restart().await;
    assert_eq!(app.load(&list, &url).await["added_coupons"], 700);
    taken.extend(app.take_many(&list, "fourth", 700).await);
    assert_eq!(sorted(taken), all);
}

/// A file may be read along whole or looked up code by code, and a list may end in three ways.
#[tokio::test]
async fn what_was_disabled_is_refused_for_ever() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    for (all, file_is_big) in [(codes("A", 60), false), (codes("B", 3000), true)] {
        let url = host.serve(&format!("/{}", all[0]), csv(&all));
        let list = app.create_list().await;
        let mut file = app.load(&list, &url).await;
        for (n, code) in [&all[7], &all[11], &all[13]].into_iter().enumerate() {
            app.disable(&list, code).await.expect(200);
            match n {
                0 => app.delete_file(&list, text(&file["_id"])).await,
                1 => app.archive(&list).await,
                _ => app.expire(&list).await,
            }
            app.activate(&list).await;
            if file_is_big {
                app.jobs_done().await;
            }
            assert_eq!(
                app.counts(&list).await,
                (0, 0),
                "nothing is left of what was disabled"
            );
            file = app.load(&list, &url).await;
            assert_eq!(file["added_coupons"], all.len() - n - 1);
            assert_eq!(file["details"]["duplicates"], n + 1);
        }
        let taken = app.take_many(&list, "u", all.len() - 3).await;
        for disabled in [&all[7], &all[11], &all[13]] {
            assert!(!taken.contains(disabled), "{disabled}");
        }
        assert_all_different(&taken);
    }
}

#[tokio::test]
async fn an_archived_list_comes_back_empty_and_can_be_filled_again() {
    let app = TestApp::start().await;
    let all = codes("A", 1000);
    let list = app.list_with(&all).await;
    app.archive(&list).await;
    app.activate(&list).await;
    assert_eq!(app.counts(&list).await, (0, 0));
    app.allocate(&list, &json!({"user_id": "u"}))
        .await
        .expect_error(409, "coupons-exhausted");
    app.load_codes(&list, &all).await;
    assert_eq!(sorted(app.take_many(&list, "u", 1000).await), all);
}

#[tokio::test]
async fn a_batch_goes_over_from_one_file_to_the_next() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let (first, second, third) = (codes("A", 7), codes("B", 5), codes("C", 700));
    for file in [&first, &second, &third] {
        app.load_codes(&list, file).await;
    }
    app.take_many(&list, "some", 3).await;
    let batch = app.take_many(&list, "batch", 20).await;
    let of = |prefix: &str| batch.iter().filter(|code| code.starts_with(prefix)).count();
    // Files go out in the order in which they came.
    assert_eq!([of("A"), of("B"), of("C")], [4, 5, 11]);
    assert_all_different(&batch);

    let rest = app.take_many(&list, "rest", 689).await;
    assert!(rest.iter().all(|code| code.starts_with('C')));
    assert_all_different(batch.iter().chain(&rest));
    assert_eq!(app.counts(&list).await, (712, 0));
}

#[tokio::test]
async fn a_batch_goes_over_a_deleted_file() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    app.load_codes(&list, &codes("A", 4)).await;
    let deleted = app.load_codes(&list, &codes("B", 4)).await;
    app.load_codes(&list, &codes("C", 4)).await;
    app.take_many(&list, "some", 2).await;
    app.delete_file(&list, &deleted).await;
    let batch = app.take_many(&list, "batch", 6).await;
    let expected = [codes("A", 4), codes("C", 4)].concat();
    assert!(batch.iter().all(|code| expected.contains(code)));
    assert_eq!(app.counts(&list).await, (8, 0));
}

#[tokio::test]
async fn many_small_files_are_one_list() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let all = codes("A", 120);
    // Each file repeats the last code of the one before.
    for n in 0..40 {
        let from = (n * 3_usize).saturating_sub(1);
        let url = host.serve(&format!("/{n}.csv"), csv(&all[from..n * 3 + 3]));
        assert_eq!(app.load(&list, &url).await["added_coupons"], 3);
    }
    assert_eq!(app.counts(&list).await, (120, 120));
    assert_eq!(sorted(app.take_many(&list, "u", 120).await), all);
}
