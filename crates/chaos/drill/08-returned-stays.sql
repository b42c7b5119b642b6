-- A code that was given back goes out again, and still lies there.
-- Found by: test storage model
select pg_temp.spoil('allocate',
    'perform pass_returned(v_list, v_back_files, v_back_ordinals, v_back_turns, v_back_places);', '');
