-- Stops a file, or lets it go on: from the answer on, however many codes it has. Answers false if there is no such file.
create or replace function quarantine_file(p_list bigint, p_file bigint, p_quarantined boolean) returns boolean
language plpgsql volatile as $$
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    update coupon_file f
        set quarantined_at = case when p_quarantined then coalesce(f.quarantined_at, clock_timestamp()) end,
            updated_at = clock_timestamp()
        where f.list_id = p_list and f.file_id = p_file and f.deleted_at is null
          and (f.quarantined_at is not null) <> p_quarantined;
    perform note_at_gate(p_list);
    return exists (select from coupon_file f
                   where f.list_id = p_list and f.file_id = p_file and f.deleted_at is null);
end $$;
