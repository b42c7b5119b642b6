//! Jobs of several workspaces: whose comes next.

use storage::{AuthenticationError, JobKind};

use crate::database::{LEASE, TestDatabase, make_list};

/// The same database, in a list of another workspace.
async fn other_workspace(database: &TestDatabase) -> TestDatabase {
    let storage = database.storage.clone();
    let (id, key) = storage
        .create_workspace("other", None, None)
        .await
        .unwrap()
        .unwrap();
    let workspace = storage
        .authenticate(&id, &key, || Ok::<_, AuthenticationError>(()))
        .await
        .unwrap()
        .unwrap();
    let list = make_list(&storage, &workspace, "list").await;
    TestDatabase {
        allocator: database.allocator.clone(),
        url: database.url.clone(),
        storage,
        workspace,
        list,
    }
}

/// A file in each of so many new lists of the workspace.
async fn files_in_lists(database: &TestDatabase, lists: usize) {
    for number in 0..lists {
        let list = database.another_list(&format!("list {number}")).await;
        list.add_file("codes.csv").await;
    }
}

/// Claims the next load, as one who takes at most so many of a workspace: whether it is the other workspace's.
async fn next_is_of(database: &TestDatabase, most: u32) -> Option<bool> {
    let running = "select count(*) from job join workspace using (workspace_id) where state = 'running' and name = 'other'";
    let before = database.number(running).await;
    let claimed = database.storage.claim_job(JobKind::LoadFile, most, LEASE).await;
    claimed.unwrap()?;
    Some(database.number(running).await > before)
}

#[tokio::test]
async fn a_workspaces_only_job_comes_before_the_rest_of_anothers_many() {
    let many = TestDatabase::new().await;
    let one = other_workspace(&many).await;
    files_in_lists(&many, 20).await;
    one.add_file("codes.csv").await;
    assert_eq!(
        next_is_of(&one, 100).await,
        Some(false),
        "the oldest, where nobody has one running"
    );
    assert_eq!(next_is_of(&one, 100).await, Some(true));
    assert_eq!(next_is_of(&one, 100).await, Some(false));
}

#[tokio::test]
async fn a_workspace_takes_no_more_places_than_it_may_have() {
    let many = TestDatabase::new().await;
    let one = other_workspace(&many).await;
    files_in_lists(&many, 5).await;
    for _ in 0..2 {
        assert_eq!(next_is_of(&one, 2).await, Some(false));
    }
    assert_eq!(next_is_of(&one, 2).await, None);
    one.add_file("codes.csv").await;
    assert_eq!(next_is_of(&one, 2).await, Some(true));
    assert_eq!(next_is_of(&one, 2).await, None);
    assert_eq!(next_is_of(&one, 3).await, Some(false));
}

#[tokio::test]
async fn workers_that_claim_at_once_find_all_jobs_of_one_workspace() {
    let many = TestDatabase::new().await;
    files_in_lists(&many, 8).await;
    let claims = (0..8).map(|_| {
        let storage = many.storage.clone();
        tokio::spawn(async move { storage.claim_job(JobKind::LoadFile, 100, LEASE).await.unwrap() })
    });
    let mut claimed = Vec::new();
    for claim in claims.collect::<Vec<_>>() {
        claimed.extend(claim.await.unwrap().map(|job| job.claim().job_id));
    }
    claimed.sort_unstable();
    claimed.dedup();
    assert_eq!(claimed.len(), 8);
}
