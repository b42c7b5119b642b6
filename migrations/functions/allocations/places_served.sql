-- The places (from 1) of the keys that get a code, where not all do: of each list the first that are not known, as many as
-- were served.
create or replace function places_served(p_sizes integer[], p_served integer[], p_known integer[]) returns integer[]
language plpgsql immutable
as $$
begin
    return array(
        select p.place
        from unnest(p_sizes, p_served) with ordinality as t (size, served, list_place)
        cross join lateral (
            select (sum(s.size) - t.size)::integer as before
            from unnest(p_sizes) with ordinality as s (size, list_place) where s.list_place <= t.list_place
        ) b
        cross join lateral (
            select b.before + n as place from generate_series(1, t.size) n
            where p_known is null or b.before + n <> all (p_known)
            order by n limit t.served
        ) p
        order by p.place);
end $$;
