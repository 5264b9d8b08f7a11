-- mass_cancel: cancels a page of a client's open orders; the caller goes on from the cursor.
-- Arguments: client, instrument or '' for all, cursor (order id to go on behind, or ''), id that bounds the walk
--   (orders placed later than the request are left alone), page size.
-- Reads: open:<client>, orders, depth. Writes: book, depth, orders, open:<client>, client_order_ids, log.
-- Returns: M<cursor or ''>,<entry or ''>.
local MASS_CANCEL_ARGUMENTS = 5

local function mass_cancel(shard, _, argv, at)
  local client, instrument, cursor = argv[at], argv[at + 1], argv[at + 2]
  local page_size = tonumber(argv[at + 4])
  flush_open(shard, client, open_of(shard, client))
  local ids = call('ZRANGEBYLEX', shard.tag .. 'open:' .. client, cursor == '' and '-' or '(' .. cursor,
    '[' .. argv[at + 3], 'LIMIT', 0, page_size)
  local following = #ids == page_size and ids[#ids] or ''
  if #ids == 0 then return 'M,' end
  read_records(shard, ids)
  local chosen, orders = {}, {}
  for i = 1, #ids do
    local order = parse_record(shard, record_of(shard, ids[i]))
    if instrument == '' or order[PARSED_INSTRUMENT] == instrument then
      chosen[#chosen + 1], orders[#orders + 1] = ids[i], order
    end
  end
  local count = #chosen
  if count == 0 then return 'M' .. following .. ',' end

  next_seq(shard)
  local records, levels = {}, {}
  for i = 1, count do
    local record, level = cancel_order(shard, chosen[i], orders[i], REASON.mass_cancel)
    records[i], levels[i] = i < count and with_id(record, chosen[i]) or record, level
  end
  return 'M' .. following .. ','
    .. append_entry(shard, ENTRY.mass_cancel, concat(records, '],['), chosen[count], '', concat(levels, ','), '', '', '0', '0')
end
