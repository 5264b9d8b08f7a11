-- lease: has a client's orders go when the lease of a connection ends (commands/due.lua), or stay. A lease is there as long as it has clients.
-- Arguments: lease, client, begins (1, or 0 where the client's orders are to stay), ttl_us (after which it ends unless it is renewed), actor (as
--   the log tells it, '' for anybody).
-- Reads: lease:<lease>. Writes: lease:<lease>, due, log. Returns: the entry.
function lease.run(shard, _, argv, at)
  local LEASE_ARGUMENTS = unpack(argv, at, at + ARGUMENTS.lease - 1)
  local clients = controls.clients_of(shard, lease)
  log.next_seq(shard)
  local since = '0'
  if begins == '1' then
    since = clients[client] or shard.time
    controls.set_client(shard, lease, client, since)
    dues.set(shard, dues.LEASE .. lease, shard.time_us + tonumber(ttl_us))
  else
    controls.set_client(shard, lease, client, nil)
    if not next(clients) then dues.drop(shard, dues.LEASE .. lease) end
  end
  return log.add(shard, '', log.OPENING.lease .. shard.seq_text .. ',' .. shard.time .. ',["G","' .. actor .. '","' .. lease .. '","' .. client .. '",' .. begins
    .. '],0,[' .. sub(controls.event(CONTROL.lease, client, lease, since), 2) .. log.ending(shard, '', ''))
end
