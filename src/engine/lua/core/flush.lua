-- Writes everything pending, and the counters. Called once, when the log has the call's entries.
function flush.all(shard)
  for _, book in pairs(shard.books) do
    for side in pairs(OPPOSITE) do
      books.flush_members(book[side])
      levels.flush(book[side])
    end
    call_many('LPUSH', shard.tag .. 'trades:' .. book.instrument, book.recent, book.recent_count)
  end
  for client, open in pairs(shard.opens) do listings.flush(shard, client, open) end

  if shard.hides then hidden.flush(shard) end
  set_fields(shard.orders_key, shard.records)

  local values, count = {}, 0
  local gone, gone_count = {}, 0
  for field, id in pairs(shard.client_order_ids) do
    local stored = shard.client_order_ids_stored[field]
    if id and id ~= stored then
      values[count + 1], values[count + 2] = field, id
      count = count + 2
    elseif not id and stored then
      gone_count = gone_count + 1
      gone[gone_count] = field
    end
  end
  call_many('HSET', shard.client_order_ids_key, values, count)
  call_many('HDEL', shard.client_order_ids_key, gone, gone_count)

  set_fields(shard.idem_key, shard.idems)
  if shard.keeps_money then
    accounts.flush(shard)
    set_fields(shard.tag .. 'fee_groups', shard.new_fee_groups)
    -- Looked at by every call, so that one without rates need not ask for them.
    if next(shard.new_fee_groups) then call('HSET', shard.meta_key, 'fees', '1') end
    set_fields(shard.tag .. 'transfers', shard.transfers)
    set_fields(shard.tag .. 'references', shard.references)
    change_members(shard.tag .. 'timers', shard.timers)
  end

  if shard.waiting or shard.reached or shard.suspended_stored then stops.flush(shard) end
  if shard.release_queues or shard.released then lists.flush(shard) end
  if shard.has_dues then
    dues.flush(shard)
    controls.flush_leases(shard)
  end
  if shard.has_kills then controls.flush(shard) end
  if shard.has_rules or shard.anchors then bands.flush(shard) end
  if shard.new_rules then catalogue.flush(shard) end

  local fields = { 'seq', text(shard.seq), 'time_us', shard.time }
  for instrument, trade_id in pairs(shard.trade_ids) do
    fields[#fields + 1] = 'trade_id:' .. instrument
    fields[#fields + 1] = text(trade_id)
  end
  call('HSET', shard.meta_key, unpack(fields))
end
