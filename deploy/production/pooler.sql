-- What PgBouncer does not pass on (docs/OPERATIONS.md, "Behind PgBouncer").
alter role couponry in database couponry set client_connection_check_interval = '1s';
alter role couponry in database couponry set statement_timeout = '70s';
