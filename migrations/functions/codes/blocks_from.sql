-- Some blocks of a file from a number on. A function for its plan settings: the order leaves the primary key as the only
-- way, whatever the statistics of a fresh partition say.
create or replace function blocks_from(p_list bigint, p_file bigint, p_first integer, p_most integer)
returns table (number integer, codes text)
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
as $$
begin
    return query
        select b.number, b.codes from block b
        where b.list_id = p_list and b.file_id = p_file and b.number >= p_first
        order by b.number limit p_most;
end $$;
