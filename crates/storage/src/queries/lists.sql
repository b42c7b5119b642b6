select c.public_id, c.name, c.label, t.status as "status!", c.expires_at, c.created_by, c.subscribers,
       c.alerts as "alerts!: Json<AlertConditions>", c.created_at, c.updated_at,
       s.total as "total!", s.available as "available!"
from clock_timestamp() now, coupon_list c
cross join lateral (
    select case when c.status = 'ACTIVE' and c.expires_at <= now then 'EXPIRED' else c.status end as status
) t
cross join lateral stock(c.list_id, t.status = 'ACTIVE', now) s
where c.workspace_id = $1 and ($2::text is null or t.status = $2)
order by c.created_at desc, c.public_id
