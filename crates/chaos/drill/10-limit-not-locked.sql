-- Requests that are counted at once overwrite each other's count.
-- Found by: test couponry three_servers_and_a_restart_grant_exactly_what_there_is
select pg_temp.spoil('count_request', ' for no key update', '');
