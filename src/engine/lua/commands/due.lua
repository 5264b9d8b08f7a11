-- due: does nothing itself. What has fallen due is done ahead of every call's commands; whoever has no other command sends this one.
-- Arguments: none.
-- Reads and writes: nothing. Returns: D.
--
-- What has fallen due: due, orders, book, depth, open:<client>, client_order_ids, accounts, log.

local EXPIRED = REASON.expired
local ORDERS = DUE.orders

-- Ends orders whose time is over, in order of their times, in one entry. `fallen` are members and times by turns. Returns how many: those
-- ahead of the first that is no order.
local function expire(shard, fallen)
  local ids = {}
  for i = 1, #fallen, 2 do
    if sub(fallen[i], 1, 1) ~= dues.ORDER then break end
    ids[#ids + 1] = sub(fallen[i], 2)
  end
  local count = #ids
  if count == 0 then return 0 end
  records.read(shard, ids)
  log.next_seq(shard)
  local changed, touched = {}, {}
  for i = 1, count do
    local id = ids[i]
    local record = records.of(shard, id)
    local order = record and records.parse(shard, record)
    if not order or not records.is_open(order[ORDER_PART.status]) then error('an order is due that is not open: ' .. id) end
    local ended, level = cancel.order(shard, id, order, EXPIRED, false, STATUS.expired)
    changed[i] = '[' .. EVENT.order .. ',' .. order[ORDER_PART.fill_sequence] .. ',' .. records.with_id(ended, id) .. ']'
    touched[i] = level
  end
  log.add(shard, '', log.OPENING.due .. shard.seq_text .. ',' .. shard.time .. ',["W",' .. ORDERS .. ',' .. count .. '],0,['
    .. concat(changed, ',') .. concat(touched) .. (shard.keeps_money and accounts.keep(shard) or '') .. log.ending(shard, '', ''))
  return count
end

-- Does what has fallen due by now, a page of it. Returns whether more of it is left: then nothing else may go ahead.
function due.catch_up(shard, page)
  local left = page
  while true do
    local fallen = dues.fallen(shard, left > 0 and left or 1)
    if #fallen == 0 then return false end
    if left <= 0 then return true end
    local count = expire(shard, fallen)
    if count == 0 then error('something unknown fell due: ' .. fallen[1]) end
    left = left - count
  end
end

function due.run()
  return 'D'
end
