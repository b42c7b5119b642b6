-- A hold that was confirmed runs out all the same.
-- Found by: test storage model
select pg_temp.spoil('confirm', 'perform remove_holds(p_list, v_held.files, v_held.ordinals, v_held.turns);', '');
