-- due: does nothing itself. What has fallen due is done ahead of every call's commands; whoever has no other command sends this one.
-- Arguments: none.
-- Reads and writes: nothing. Returns: D.
--
-- What has fallen due: due, orders, book, depth, open:<client>, client_order_ids, accounts, log.

local is_ahead = accounts.is_ahead

-- An entry of what fell due: its command is what is told of it. `events` have a comma before each.
local function add_entry(shard, what, events)
  log.add(shard, '', log.OPENING.due .. shard.seq_text .. ',' .. shard.time .. ',["W",' .. what .. '],0,['
    .. sub(events .. (shard.keeps_money and accounts.keep(shard) or ''), 2) .. log.ending(shard, '', ''))
end

-- Ends orders whose time is over, in order of their times, in one entry. `fallen` are members and times by turns. Returns how many: those
-- ahead of the first that is no order.
local function expire(shard, fallen)
  local ids = {}
  for i = 1, #fallen, 2 do
    if sub(fallen[i], 1, 1) ~= dues.ORDER then break end
    ids[#ids + 1] = sub(fallen[i], 2)
  end
  local count = #ids
  records.read(shard, ids)
  log.next_seq(shard)
  local changed, touched = {}, {}
  for i = 1, count do
    local id = ids[i]
    local record = records.of(shard, id)
    local order = record and records.parse(shard, record)
    if not order or not records.is_open(order[ORDER_PART.status]) then error('an order is due that is not open: ' .. id) end
    local ended, level = cancel.order(shard, id, order, REASON.expired, false, STATUS.expired)
    changed[i] = ',[' .. EVENT.order .. ',' .. order[ORDER_PART.fill_sequence] .. ',' .. records.with_id(ended, id) .. ']'
    touched[i] = level
  end
  add_entry(shard, DUE.orders .. ',' .. count .. ',"","",0', concat(changed) .. concat(touched))
  return count
end

-- Goes on with an account that was stopped, where nobody else did. Returns how many of its orders were looked at.
local function kill_on(shard, account, page_size)
  local following, ids, orders = mass_cancel.choose(shard, account, '', '0', '+inf', page_size)
  log.next_seq(shard)
  local events = mass_cancel.carry_out(shard, ids, orders, REASON.killed)
  if following == '' then dues.drop(shard, dues.KILL .. account) end
  add_entry(shard, DUE.kill .. ',' .. page_size .. ',"' .. account .. '","",0', events)
  return math.max(#ids, 1)
end

-- A dead man's switch triggers: a page of the client's orders goes, and at the end the switch. The pages of one whose orders are of several
-- instruments go on behind the sequence in `due_after`: nothing else comes between them. Returns how many orders were looked at.
local function trigger(shard, switch, page_size)
  local account, instrument = match(switch, '^(.*)","([^"]*)$')
  local after = call('HGET', shard.meta_key, 'due_after') or '0'
  local following, ids, orders = mass_cancel.choose(shard, account, instrument, after, '+inf', page_size)
  log.next_seq(shard)
  local events = mass_cancel.carry_out(shard, ids, orders, REASON.cancel_after)
  if following == '' then
    dues.drop(shard, dues.SWITCH .. switch)
    events = events .. controls.event(CONTROL.cancel_after, account, instrument, '0')
    call('HDEL', shard.meta_key, 'due_after')
  else
    call('HSET', shard.meta_key, 'due_after', following)
  end
  add_entry(shard, DUE.cancel_after .. ',' .. page_size .. ',"' .. account .. '","' .. instrument .. '",' .. after, events)
  return following == '' and math.max(#ids, 1) or page_size
end

-- The lease of a connection has ended: a page of the orders goes of one of its clients, the first by name, and at the end of them the client
-- from the lease. Returns how many orders were looked at.
local function disconnect(shard, lease, page_size)
  local client
  for name in pairs(controls.clients_of(shard, lease)) do
    if not client or is_ahead(name, client) then client = name end
  end
  if not client then error('a lease is due that nobody has: ' .. lease) end
  local following, ids, orders = mass_cancel.choose(shard, client, '', '0', '+inf', page_size)
  log.next_seq(shard)
  local events = mass_cancel.carry_out(shard, ids, orders, REASON.disconnected)
  if following == '' then
    controls.set_client(shard, lease, client, nil)
    events = events .. controls.event(CONTROL.lease, client, lease, '0')
    if not next(controls.clients_of(shard, lease)) then dues.drop(shard, dues.LEASE .. lease) end
  end
  add_entry(shard, DUE.lease .. ',' .. page_size .. ',"' .. client .. '","' .. lease .. '",0', events)
  return following == '' and math.max(#ids, 1) or page_size
end

-- By letter: does what has fallen due, at most `left` of it. Arguments: shard, what stands behind the letter, left, all that has fallen due.
-- Returns how much it was.
local STEPS = {
  [dues.ORDER] = function(shard, _, _, fallen) return expire(shard, fallen) end,
  [dues.KILL] = kill_on,
  [dues.LEASE] = disconnect,
  [dues.SWITCH] = trigger,
}

-- Does what has fallen due by now, a page of it. Returns whether more of it is left: then nothing else may go ahead.
function due.catch_up(shard, page)
  local left = page
  while true do
    local fallen = dues.fallen(shard, left > 0 and left or 1)
    local first = fallen[1]
    if not first then return false end
    if left <= 0 then return true end
    left = left - STEPS[sub(first, 1, 1)](shard, sub(first, 2), left, fallen)
    stops.settle(shard)
  end
end

function due.run()
  return 'D'
end
