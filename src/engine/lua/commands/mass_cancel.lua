-- A page of a client's open orders, in the order in which they were placed: those behind the sequence `after`, up to `bound`. Returns the
-- sequence to go on behind ('' at the end), and of those of the instrument ('' for all) ids and records, parsed. spares_halted: leaves those of
-- halted instruments out.
function mass_cancel.choose(shard, client, instrument, after, bound, page_size, spares_halted)
  listings.flush(shard, client, listings.open_of(shard, client))
  local page = call('ZRANGEBYSCORE', shard.tag .. 'open:' .. client, '(' .. after, bound, 'WITHSCORES', 'LIMIT', 0, page_size)
  local ids = {}
  for i = 1, #page, 2 do ids[#ids + 1] = page[i] end
  local following = #ids == tonumber(page_size) and page[#page] or ''
  local chosen, orders = {}, {}
  if #ids == 0 then return following, chosen, orders end
  records.read(shard, ids)
  for i = 1, #ids do
    local order = records.parse(shard, records.of(shard, ids[i]))
    local own = order[ORDER_PART.instrument]
    if (instrument == '' or own == instrument) and not (spares_halted and catalogue.halted(shard, own)) then
      chosen[#chosen + 1], orders[#orders + 1] = ids[i], order
    end
  end
  return following, chosen, orders
end

-- Cancels them; the sequence is the command's. Returns the events of orders, then those of levels, each with a comma before it.
function mass_cancel.carry_out(shard, ids, orders, why)
  local changed, touched = {}, {}
  local count = 0
  for i = 1, #ids do
    local order = orders[i]
    -- One of a list may be gone with another one of this page.
    if order[ORDER_PART.traits] == '' or records.is_open(records.parse(shard, records.of(shard, ids[i]))[ORDER_PART.status]) then
      local record, gone, level = cancel.with_list(shard, ids[i], order, why)
      count = count + 1
      changed[count] = ',[' .. EVENT.order .. ',' .. order[ORDER_PART.fill_sequence] .. ',' .. records.with_id(record, ids[i]) .. ']' .. gone
      touched[count] = level
    end
  end
  return concat(changed) .. concat(touched)
end

-- mass_cancel: cancels a page of a client's open orders, in the order in which they were placed; the caller goes on from there.
-- Arguments: client, instrument (or '' for all), after (sequence behind which the page's orders were placed), bound (sequence
--   up to which they were placed: what was placed later is left alone; '' for the end of the log now), page_size, actor (as
--   the log tells it, '' for anybody).
-- Those of a halted instrument stay; where just that one is named, it is refused.
-- Reads: open:<client>, orders, depth, accounts, catalogue. Writes: book, depth, orders, open:<client>, client_order_ids, accounts, log.
-- Returns: M<after for the next page, or ''>,<bound>,<entry or ''>, or X<code>,<rules of the instrument>.
function mass_cancel.run(shard, _, argv, at)
  local MASS_CANCEL_ARGUMENTS = unpack(argv, at, at + ARGUMENTS.mass_cancel - 1)
  local has_rules = shard.has_rules
  local shown = has_rules and instrument ~= '' and catalogue.halted(shard, instrument)
  if shown then return 'X' .. CODE.instrument_not_open .. ',' .. shown end
  if bound == '' then bound = text(shard.seq) end
  local following, ids, orders = mass_cancel.choose(shard, client, instrument, after, bound, page_size, has_rules)
  local opening = 'M' .. following .. ',' .. bound .. ','
  if #ids == 0 then return opening end
  log.next_seq(shard)
  local events = mass_cancel.carry_out(shard, ids, orders, REASON.mass_cancel)
  local asked = '["M","' .. actor .. '","' .. client .. '","' .. instrument .. '",' .. after .. ',' .. bound .. ',' .. page_size .. ']'
  return opening .. log.add(shard, '', log.OPENING.mass_cancel .. shard.seq_text .. ',' .. shard.time .. ',' .. asked .. ',0,['
    .. sub(events, 2) .. (shard.keeps_money and accounts.keep(shard) or '') .. log.ending(shard, '', ''))
end
