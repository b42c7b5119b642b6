//! What has to be true of the schema on a plain PostgreSQL, so that its tables can be distributed over machines by list
//! (Citus): otherwise the step of `migrations/distribution` fails there, or a function is refused when it runs.

use std::collections::BTreeSet;

use sqlx::PgConnection;

use crate::database::TestDatabase;

const STEP: &str = include_str!("../../../../migrations/distribution/distribute.sql");

/// What stays on the coordinator, though it has a list: whoever adds a table decides where it goes.
const ON_THE_COORDINATOR: [&str; 12] = [
    "answer_piece",
    "audit_entry",
    "bulk_action",
    "fetched_piece",
    "job",
    "list_watch",
    "pull_token",
    "rejection_piece",
    "report_mail",
    "upload_piece",
    "usage_report",
    "usage_report_piece",
];

/// The names that the step has in this array.
fn named(array: &str) -> BTreeSet<String> {
    let (_, rest) = STEP
        .split_once(&format!("{array} constant text[] := array["))
        .unwrap();
    let (names, _) = rest.split_once("];").unwrap();
    names.split('\'').skip(1).step_by(2).map(str::to_owned).collect()
}

fn of_lists() -> BTreeSet<String> {
    named("v_of_list")
}

async fn strings(db: &mut PgConnection, sql: &'static str, names: &BTreeSet<String>) -> Vec<String> {
    let names: Vec<&String> = names.iter().collect();
    sqlx::query_scalar(sql).bind(names).fetch_all(db).await.unwrap()
}

#[tokio::test]
async fn every_table_with_a_list_has_its_place() {
    let database = TestDatabase::new().await;
    let with_list = sqlx::query_scalar(
        "select distinct c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid
         where a.attname = 'list_id' and c.relkind in ('r', 'p') and not c.relispartition",
    );
    let with_list: Vec<String> = with_list.fetch_all(&mut database.connect().await).await.unwrap();
    let mut placed = of_lists();
    placed.extend(ON_THE_COORDINATOR.map(str::to_owned));
    placed.insert("coupon_list".to_owned());
    assert_eq!(with_list.into_iter().collect::<BTreeSet<_>>(), placed);
}

#[tokio::test]
async fn what_is_distributed_has_no_triggers_and_its_unique_indexes_contain_the_list() {
    let database = TestDatabase::new().await;
    let db = &mut database.connect().await;
    let mut tables = of_lists();
    let bad_indexes =
        "select i.indexrelid::regclass::text from pg_index i join pg_class c on c.oid = i.indrelid
         left join pg_inherits h on h.inhrelid = c.oid
         where i.indisunique and coalesce(h.inhparent, c.oid)::regclass::text = any ($1)
           and not exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'list_id'
                           and a.attnum = any (i.indkey::smallint[]))";
    assert!(strings(db, bad_indexes, &tables).await.is_empty());
    tables.insert("coupon_list".to_owned());
    let triggers =
        "select tgname::text from pg_trigger where not tgisinternal and tgrelid::regclass::text = any ($1)";
    assert!(strings(db, triggers, &tables).await.is_empty());
    // The step removes this one.
    let foreign_keys = "select conname::text from pg_constraint where contype = 'f'
         and (conrelid::regclass::text = any ($1) or confrelid::regclass::text = any ($1))";
    assert_eq!(
        strings(db, foreign_keys, &tables).await,
        ["coupon_list_workspace_id_fkey"]
    );
}

#[tokio::test]
async fn what_is_called_where_the_list_is_has_the_list_first() {
    let database = TestDatabase::new().await;
    let db = &mut database.connect().await;
    let (called, needed) = (named("v_called_there"), named("v_needed_there"));
    let list_first = "select proname::text from pg_proc where proname = any ($1) and proargnames[1] = 'p_list'
         and proargtypes[0] = 'bigint'::regtype and prolang = (select oid from pg_language where lanname = 'plpgsql')
         order by proname::text collate \"C\"";
    assert_eq!(
        strings(db, list_first, &called).await,
        called.iter().cloned().collect::<Vec<_>>()
    );
    let there =
        "select proname::text from pg_proc where proname = any ($1) order by proname::text collate \"C\"";
    assert_eq!(
        strings(db, there, &needed).await,
        needed.iter().cloned().collect::<Vec<_>>()
    );
    // What is called there knows nothing that stays on the coordinator.
    let mut all = called;
    all.extend(needed);
    let strangers = "select proname::text from pg_proc
         where proname = any ($1) and prosrc ~ '\\m(job|list_watch|pull_token|usage_report|workspace)\\M'";
    assert!(strings(db, strangers, &all).await.is_empty());
}

/// The statements of all functions, more or less: what stands between the words that separate them.
async fn statements(database: &TestDatabase) -> Vec<(String, String)> {
    let functions: Vec<(String, String)> = sqlx::query_as(
        "select p.proname::text, p.prosrc from pg_proc p join pg_language l on l.oid = p.prolang
         where p.pronamespace = 'public'::regnamespace and l.lanname = 'plpgsql'",
    )
    .fetch_all(&mut database.connect().await)
    .await
    .unwrap();
    assert!(functions.len() > 60);
    let mut statements = Vec::new();
    for (name, text) in functions {
        let text = text
            .replace(" then", ";")
            .replace(" loop", ";")
            .replace("begin\n", ";");
        statements.extend(
            text.split(';')
                .map(|statement| (name.clone(), statement.to_owned())),
        );
    }
    statements
}

fn placed_elsewhere() -> BTreeSet<String> {
    let mut tables = of_lists();
    tables.insert("coupon_list".to_owned());
    tables
}

#[tokio::test]
async fn no_change_of_what_is_distributed_asks_the_clock_or_joins_a_job() {
    let database = TestDatabase::new().await;
    let mut changes = 0;
    for (name, statement) in statements(&database).await {
        let is_change = |table: &String| {
            [format!("update {table} "), format!("delete from {table} ")]
                .iter()
                .any(|change| statement.contains(change))
        };
        if placed_elsewhere().iter().any(is_change) {
            changes += 1;
            assert!(!statement.contains("clock_timestamp"), "{name}: {statement}");
            assert!(!statement.contains(" job "), "{name}: {statement}");
        }
    }
    assert!(changes > 15, "{changes}");
}

#[tokio::test]
async fn no_query_of_what_is_distributed_asks_for_jobs_or_calls_a_function_that_asks() {
    let database = TestDatabase::new().await;
    let statements = statements(&database).await;
    let asks = |statement: &str| {
        let reads = |table: &String| {
            [
                format!("from {table} "),
                format!("join {table} "),
                format!("update {table} "),
            ]
            .iter()
            .any(|read| statement.contains(read))
        };
        placed_elsewhere().iter().any(reads)
    };
    let functions: BTreeSet<&String> = statements.iter().map(|(name, _)| name).collect();
    let mut queries = 0;
    for (name, statement) in statements.iter().filter(|(_, statement)| asks(statement)) {
        queries += 1;
        for function in &functions {
            // Names that end alike are told apart by what stands before them.
            let is_called = statement.contains(&format!(" {function}("));
            assert!(!is_called, "{name} calls {function}: {statement}");
        }
        let asks_for_jobs = statement.contains("from job ") || statement.contains("join job ");
        assert!(!asks_for_jobs, "{name}: {statement}");
    }
    assert!(queries > 60, "{queries}");
}
