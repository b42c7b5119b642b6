-- Keeps the first `p_codes` codes of a block; the seal of its file goes through it, and nobody reads beyond that.
create or replace function cut_block(p_list bigint, p_file bigint, p_number integer, p_codes integer) returns void
language plpgsql volatile as $$
declare
    v_codes text;
begin
    select b.codes into v_codes from block b where b.list_id = p_list and b.file_id = p_file and b.number = p_number;
    v_codes := array_to_string((string_to_array(v_codes, E'\n'))[1 : p_codes], E'\n');
    update block b set codes = v_codes where b.list_id = p_list and b.file_id = p_file and b.number = p_number;
end $$;
