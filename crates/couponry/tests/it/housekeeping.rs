//! What is done now and then: one task that stands still keeps no other from its work.

use crate::app::{TestApp, codes, until};

#[tokio::test]
async fn lists_expire_and_jobs_are_rescued_while_a_tidying_task_stands_still() {
    let mut app = TestApp::start().await;
    let list = app.list_with(&codes("A", 3)).await;
    app.kill();
    let held = app.database.hold_uploads().await;
    app.restart().await;
    until("the tidying task to stand still", async || {
        app.database.waiting_for_a_lock().await > 0
    })
    .await;
    app.database.let_list_expire(&list).await;
    until("the expiry to be carried out", async || {
        app.database.is_expired(&list).await
    })
    .await;
    held.release().await;
    app.jobs_done().await;
}
