-- A purge for a list that has sealed files whose blocks are still on disk, and no purge that waits or runs: the one that
-- was to do it has been given up. Answers whether one was begun.
create or replace function begin_purge_again(p_list bigint) returns boolean
language plpgsql volatile as $$
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    if exists (select from job j where j.list_id = p_list and j.kind = 'purge_list' and j.state in ('ready', 'running')) then
        return false;
    end if;
    if not exists (select from coupon_file f
                   where f.list_id = p_list and f.sealed_at is not null and f.purged_at is null) then
        return false;
    end if;
    insert into job (kind, list_id) values ('purge_list', p_list)
        on conflict (list_id) where kind = 'purge_list' and state = 'ready' do nothing;
    return found;
end $$;
