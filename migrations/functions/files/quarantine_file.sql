-- Stops a file, or lets it go on: from the answer on, however many codes it has. Answers false if there is no such file.
create or replace function quarantine_file(p_list bigint, p_public_id bytea, p_quarantined boolean) returns boolean
language plpgsql volatile as $$
declare
    v_now timestamptz;
    v_file bigint;
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    select f.file_id into v_file from coupon_file f
        where f.list_id = p_list and f.public_id = p_public_id and f.deleted_at is null;
    if v_file is null then
        return false;
    end if;
    v_now := clock_timestamp();
    update coupon_file f
        set quarantined_at = case when p_quarantined then v_now end, updated_at = v_now
        where f.list_id = p_list and f.file_id = v_file and (f.quarantined_at is not null) <> p_quarantined;
    perform note_at_gate(p_list);
    return true;
end $$;
