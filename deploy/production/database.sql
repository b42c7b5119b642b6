-- When the database is made: couponry's role, which here may make databases too, since backup.sh restores beside the present one.
\i /usr/local/lib/couponry/database-role.sql
alter role couponry createdb;
