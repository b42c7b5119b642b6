-- What all servers of a deployment share.
create table deployment (
  -- One row.
  is_this boolean primary key default true check (is_this),
  -- Marks links as made here: 32 bytes, of which 244 bits are random.
  link_seal bytea not null default uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
);

insert into deployment default values;
