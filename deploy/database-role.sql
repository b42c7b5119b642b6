-- couponry's role, when the image makes the database: it owns the database, and is no superuser. It needs no extension.
\getenv password POSTGRES_PASSWORD
create role couponry login password :'password';
alter database couponry owner to couponry;
-- For `couponry doctor`, and for the lag of replicas (docs/METRICS.md): others see neither.
grant pg_monitor to couponry;
-- What PgBouncer does not pass on (docs/OPERATIONS.md, "Behind PgBouncer"). Of the role, so that a restored database has it too.
alter role couponry set client_connection_check_interval = '1s';
alter role couponry set statement_timeout = '70s';
-- The superuser comes in by the container's own socket, and not by the network.
alter role current_user password null;
