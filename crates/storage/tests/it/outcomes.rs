//! What functions answer: each enum type of the database has the words of its Rust type, and no others.

use std::fmt::Debug;

use sqlx::{AssertSqlSafe, Decode, PgConnection, Postgres, Type, TypeInfo as _};
use storage::{
    AcceptLinkRefusal, ActivateListOutcome, AddFileRefusal, AllocateState, CodeStatus, ConfirmOutcome,
    CreateKeyRefusal, CreateListRefusal, DisableOutcome, PauseReason, PublishFileOutcome, RedeemOutcome,
    ReleaseOutcome, RequestReportRefusal, RotateKeyRefusal, SignInByProviderRefusal, UpdateListOutcome,
};

use crate::database::TestDatabase;

/// The name of the type, once its words are found to be these. A variant that is not named does not compile.
macro_rules! checked {
    ($connection:expr, $type:ident: $($variant:ident)+) => {{
        let _is_named = |value: $type| match value { $($type::$variant => ()),+ };
        check($connection, &[$($type::$variant),+]).await
    }};
}

async fn check<T>(connection: &mut PgConnection, variants: &[T]) -> String
where
    T: Debug + PartialEq + Send + Unpin + Type<Postgres> + for<'r> Decode<'r, Postgres>,
{
    let name = T::type_info().name().to_owned();
    let words = format!("select unnest(enum_range(null::{name}))");
    let words: Vec<T> = sqlx::query_scalar(AssertSqlSafe(words))
        .fetch_all(connection)
        .await
        .unwrap();
    assert_eq!(words, variants, "{name}");
    name
}

#[tokio::test]
async fn the_database_and_the_program_know_the_same_outcomes() {
    let database = TestDatabase::new().await;
    let db = &mut database.connect().await;
    let mut checked = [
        checked!(db, ActivateListOutcome: Activated Expired),
        checked!(db, AcceptLinkRefusal: Gone SetUp OtherPerson),
        checked!(db, AddFileRefusal: ListNotActive KeyReused),
        checked!(db, AllocateState: Active Inactive Busy Known),
        checked!(db, CodeStatus: Available Held Allocated Redeemed Disabled Quarantined),
        checked!(db, ConfirmOutcome: Confirmed Released Unknown),
        checked!(db, CreateKeyRefusal: Taken Revoked TooMany NoList TooManyLists),
        checked!(db, CreateListRefusal: DuplicateName DuplicateLabel Expired TooMany KeyReused),
        checked!(db, DisableOutcome: Disabled Redeemed Absent),
        checked!(db, PauseReason: OtherCluster Copy OtherTimeline Loss),
        checked!(db, PublishFileOutcome: Published Stale ListArchived ListExpired ListFull),
        checked!(db, RedeemOutcome: Redeemed Already NotRedeemable),
        checked!(db, ReleaseOutcome: Released Redeemed Disabled Unknown),
        checked!(db, RequestReportRefusal: TooEarly InFuture),
        checked!(db, RotateKeyRefusal: NoKey Revoked TooMany),
        checked!(db, SignInByProviderRefusal: Unverified Unknown OtherSubject Disabled),
        checked!(db, UpdateListOutcome: Updated DuplicateName Expired DaysBeforeMissing ThresholdCountMissing),
    ];
    checked.sort();
    let types = sqlx::query_scalar("select typname::text from pg_type where typtype = 'e' order by typname");
    let types: Vec<String> = types.fetch_all(db).await.unwrap();
    assert_eq!(types, checked);
}
