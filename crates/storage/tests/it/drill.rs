//! The defects that `deploy/dev/drill.sh` makes in SQL can still be made: each is an edit of a function that may have changed.

use std::{fs, path::Path};

use crate::database::TestDatabase;

#[tokio::test]
async fn every_defect_of_the_drill_can_be_made() {
    let database = TestDatabase::new().await;
    let drill = Path::new(env!("CARGO_MANIFEST_DIR")).join("../chaos/drill");
    let spoil = fs::read_to_string(drill.join("spoil.sql")).unwrap();
    let mut defects: Vec<_> = fs::read_dir(&drill)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .filter(|path| !path.ends_with("spoil.sql"))
        .collect();
    defects.sort();
    assert!(!defects.is_empty());
    for defect in defects {
        let sql = fs::read_to_string(&defect).unwrap();
        // An error names the text that is missing.
        database.run(format!("begin; {spoil} {sql} rollback")).await;
    }
}
