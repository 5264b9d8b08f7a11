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
  listings.flush(shard, client, listings.open_of(shard, client))
  local page = call('ZRANGEBYSCORE', shard.tag .. 'open:' .. client, '(' .. after, bound, 'WITHSCORES', 'LIMIT', 0, page_size)
  local ids = {}
  for i = 1, #page, 2 do ids[#ids + 1] = page[i] end
  local following = #ids == tonumber(page_size) and page[#page] or ''
  local opening = 'M' .. following .. ',' .. bound .. ','
  if #ids == 0 then return opening end
  records.read(shard, ids)
  local chosen, orders = {}, {}
  for i = 1, #ids do
    local order = records.parse(shard, records.of(shard, ids[i]))
    local own = order[ORDER_PART.instrument]
    if (instrument == '' or own == instrument) and not (has_rules and catalogue.halted(shard, own)) then
      chosen[#chosen + 1], orders[#orders + 1] = ids[i], order
    end
  end
  local count = #chosen
  if count == 0 then return opening end

  log.next_seq(shard)
  local changed, touched = {}, {}
  for i = 1, count do
    local record, level = cancel.order(shard, chosen[i], orders[i], REASON.mass_cancel)
    changed[i] = '[' .. EVENT.order .. ',' .. orders[i][ORDER_PART.fill_sequence] .. ',' .. records.with_id(record, chosen[i]) .. ']'
    touched[i] = level
  end
  local asked = '["M","' .. actor .. '","' .. client .. '","' .. instrument .. '",' .. after .. ',' .. bound .. ',' .. page_size .. ']'
  return opening .. log.add(shard, '', log.OPENING.mass_cancel .. shard.seq_text .. ',' .. shard.time .. ',' .. asked .. ',0,['
    .. concat(changed, ',') .. concat(touched) .. (shard.keeps_money and accounts.keep(shard) or '') .. log.ending(shard, '', ''))
end
