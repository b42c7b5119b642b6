select c.public_id as "public_id!", c.name as "name!", c.label as "label!", c.status as "status!",
       c.expires_at as "expires_at!", c.created_by as "created_by!", c.subscribers as "subscribers!",
       c.alerts as "alerts!: Json<AlertConditions>", c.created_at as "created_at!", c.updated_at as "updated_at!",
       s.total as "total!", s.available as "available!"
from (
    select l.*, t.now from (
        select c.list_id, c.public_id, c.name, c.label, c.expires_at, c.created_by, c.subscribers, c.alerts,
               c.created_at, c.updated_at,
               case when c.status = 'ACTIVE' and c.expires_at <= clock_timestamp() then 'EXPIRED' else c.status end
                   as status
        from coupon_list c
        where c.workspace_id = $1
          and ($3::bigint[] is null or c.list_id = any($3))
    ) l, (select clock_timestamp() as now) t
    where ($2::text is null or l.status = $2)
      and ($6::timestamptz is null or l.created_at < $6 or l.created_at = $6 and l.public_id > $7)
    order by l.created_at desc, l.public_id
    limit $4 offset $5
) c
cross join lateral stock(c.list_id, c.status = 'ACTIVE', c.now) s
order by c.created_at desc, c.public_id
