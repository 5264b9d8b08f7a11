-- transfer_end: settles a pending transfer, all of it or part, or releases it.
-- Arguments: id (of the transfer), status (that it ends with), amount (units that are settled, '' for all), actor (as the log tells it,
--   '' for anybody), idem (digest of its key, or ''), request (as JSON, or '').
-- Reads: transfers, accounts, idem. Writes: transfers, timers, accounts, idem, log.
-- Returns: the entry, R<its key's answer>, X<code> or X<code>,<transfer>.

local next_seq, answered, refuse = log.next_seq, log.answered, log.refuse
local LAST = ARGUMENTS.transfer_end - 1

function transfer_end.run(shard, limits, argv, at)
  local TRANSFER_END_ARGUMENTS = unpack(argv, at, at + LAST)
  local known = answered(shard, limits, idem)
  if known then return known end
  if not shard.keeps_money then return 'X' .. CODE.funds_off end
  -- A total that is false must not leave, though it was held before it was found.
  if status == TRANSFER_STATUS.posted and shard.is_in_breach then return 'X' .. CODE.balance_audit_breach end
  local asked = '["E","' .. actor .. '",' .. shard.funds .. ',"' .. id .. '",' .. status .. ',"' .. amount .. '"]'
  local stored = shard.transfers[id] or call('HGET', shard.tag .. 'transfers', id)
  if not stored then return refuse(shard, CODE.transfer_not_found, nil, nil, asked, idem, request) end
  local head, was, from, to, asset, whole, words, expires, tail = transfer.parse(stored)
  if not head then error('a transfer of an unknown layout: ' .. stored) end
  local is_over = expires ~= '0' and tonumber(shard.time) >= tonumber(expires)
  if was ~= TRANSFER_STATUS.pending or is_over ~= (status == TRANSFER_STATUS.expired) then
    -- One whose time is over has come to its end, though the timer has not come by yet.
    local shown = stored
    if was == TRANSFER_STATUS.pending and is_over then
      shown = transfer.event(head, TRANSFER_STATUS.expired, from, to, asset, whole, '0', words, expires, tail)
    end
    return log.refuse_telling(shard, CODE.transfer_resolved, shown, asked, idem, request)
  end
  local is_posted = status == TRANSFER_STATUS.posted
  local high, low = amounts.from_text(whole)
  local settled, settled_high, settled_low = '0', 0, 0
  if is_posted then
    settled = amount == '' and whole or amount
    settled_high, settled_low = amounts.from_text(settled)
    if amounts.is_below(high, low, settled_high, settled_low) then
      return refuse(shard, CODE.amount_above_transfer, nil, nil, asked, idem, request)
    end
    -- It was open when the transfer was made, and had nothing when it closed: nothing may come in any more.
    local head = accounts.known_head(shard, to)
    if head and head.status == ACCOUNT_STATUS.closed then
      return refuse(shard, CODE.account_closed, nil, nil, asked, idem, request)
    end
  end
  accounts.move(shard, from, asset, -settled_high, -settled_low, -high, -low)
  if is_posted then
    accounts.open(shard, to)
    accounts.move(shard, to, asset, settled_high, settled_low, 0, 0)
  end
  local money = accounts.keep(shard)
  if not money then return refuse(shard, CODE.balance_limit, nil, nil, asked, idem, request) end

  next_seq(shard)
  local event = transfer.event(head, status, from, to, asset, whole, settled, words, expires, tail)
  shard.transfers[id] = event
  if expires ~= '0' then shard.timers[id] = false end
  return log.add(shard, idem, log.OPENING.transfer_end .. shard.seq_text .. ',' .. shard.time .. ',' .. asked .. ',0,[[' .. event .. ']' .. money
    .. log.ending(shard, idem, request))
end
