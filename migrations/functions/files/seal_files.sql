-- Takes away what files of a list have not handed out: from here on ordinals beyond `sealed_at` do not exist. The
-- caller holds the gate. Whatever was given back, runs out or was disabled stays where it is, so that this takes as
-- long as there are files: `stock` subtracts it, and a job frees the disk later. Disabled codes stay for good: a later
-- file must not bring them again.
create or replace function seal_files(p_list bigint, p_file bigint default null) returns void
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off
as $$
begin
    insert into job (kind, list_id) values ('purge_list', p_list)
        on conflict (list_id) where kind = 'purge_list' and state = 'ready' do nothing;
    update coupon_file f
    set sealed_at = c.cursor
    from (
        select s.file_id,
               case when s.used_up then s.added - 1
                    else coalesce((select l.ordinal from ledger l where l.list_id = p_list and l.file_id = s.file_id
                                   order by l.ordinal desc limit 1), -1)
               end as cursor
        from coupon_file s
        where s.list_id = p_list and s.status = 'SUCCESS' and s.sealed_at is null
          and (p_file is null or s.file_id = p_file)
    ) c
    where f.list_id = p_list and f.file_id = c.file_id;
end $$;
