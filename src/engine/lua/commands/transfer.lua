-- transfer: moves money from one account to another, or holds it until its end is known.
-- Arguments: id (of the transfer), kind, pending (1 for held), from, to, asset, amount (in units), reference, reference_digest (of what
--   happens once for ever, or ''), note, timeout_us (of a pending one, 0 for none), reverses (id of the transfer that is moved back, or
--   ''), actor (as the log tells it, '' for anybody), idem (digest of its key, or ''), request (as JSON, or '').
-- Reads: accounts, references, idem. Writes: accounts, transfers, timers, references, idem, log.
-- Returns: the entry, R<its key's answer>, Q<its reference's answer>, X<code> or X<code>,<shortfall>.

local next_seq, answered, referred, refuse = log.next_seq, log.answered, log.referred, log.refuse
local LAST = ARGUMENTS.transfer - 1

-- Parts of a transfer's event that an end of it looks at: account names and asset, the amount, what stands between, and when it expires.
local EVENT_PATTERN = '^(' .. EVENT.transfer .. ',"[^"]*",%d+),(%d+),"([^"]*)","([^"]*)","([^"]*)","(%d+)","%d+",("[^"]*","[^"]*"),(%d+),("[^"]*",%d+,%d+)$'

-- A transfer as its event and the `transfers` hash have it.
function transfer.event(head, status, from, to, asset, amount, settled, words, expires, tail)
  return head .. ',' .. status .. ',"' .. from .. '","' .. to .. '","' .. asset .. '","' .. amount .. '","' .. settled .. '",' .. words .. ',' .. expires
    .. ',' .. tail
end

-- Returns head, status, from, to, asset, amount, words, expires and tail of a transfer's event.
function transfer.parse(event)
  return match(event, EVENT_PATTERN)
end

function transfer.run(shard, limits, argv, at)
  local TRANSFER_ARGUMENTS = unpack(argv, at, at + LAST)
  local known = answered(shard, limits, idem)
  if known then return known end
  if not shard.keeps_money then return 'X' .. CODE.funds_off end
  known = referred(shard, reference_digest)
  if known then return known end
  if shard.seq - shard.persisted >= limits.backlog_max then return 'X' .. CODE.backlog_full end
  -- A total that is false must not leave; what comes in is true all the same.
  if kind ~= TRANSFER_KIND.deposit and shard.is_in_breach then return 'X' .. CODE.balance_audit_breach end
  local asked = '["T","' .. actor .. '",' .. shard.funds .. ',"' .. id .. '",' .. kind .. ',' .. pending .. ',"' .. from .. '","' .. to .. '","' .. asset .. '","'
    .. amount .. '","' .. reference .. '","' .. note .. '",' .. timeout_us .. ',"' .. reverses .. '"]'
  local function turn_down(code)
    accounts.undo(shard)
    return refuse(shard, code, nil, nil, asked, idem, request)
  end
  -- Where credit is unlimited an account begins with what it gives, too.
  if sub(from, 1, 1) == '@' or (kind ~= TRANSFER_KIND.withdrawal and not shard.is_covered) then accounts.open(shard, from) end
  if not accounts.text(shard, from) then return turn_down(CODE.account_not_found) end
  local head = accounts.head(shard, from)
  -- What was moved can be moved back from an account that is suspended; one that is closed has nothing left.
  if head.status == ACCOUNT_STATUS.closed or (head.status == ACCOUNT_STATUS.suspended and kind ~= TRANSFER_KIND.reversal) then
    return turn_down(accounts.barred(head))
  end
  accounts.open(shard, to)
  if accounts.head(shard, to).status == ACCOUNT_STATUS.closed then return turn_down(CODE.account_closed) end
  local high, low = amounts.from_text(amount)
  local shortfall = accounts.shortfall(shard, from, asset, high, low)
  if shortfall then
    accounts.undo(shard)
    return log.refuse_telling(shard, CODE.insufficient_funds, shortfall, asked, idem, request)
  end
  local is_pending = pending == '1'
  if is_pending then
    accounts.move(shard, from, asset, 0, 0, high, low)
  else
    accounts.move(shard, from, asset, -high, -low, 0, 0)
    accounts.move(shard, to, asset, high, low, 0, 0)
  end
  local money = accounts.keep(shard)
  if not money then return turn_down(CODE.balance_limit) end

  next_seq(shard)
  local expires = '0'
  if is_pending and timeout_us ~= '0' then
    expires = text(shard.time + timeout_us)
    shard.timers[id] = expires
  end
  local event = transfer.event(EVENT.transfer .. ',"' .. id .. '",' .. kind, is_pending and TRANSFER_STATUS.pending or TRANSFER_STATUS.posted, from, to, asset,
    amount, is_pending and '0' or amount, '"' .. reference .. '","' .. note .. '"', expires, '"' .. reverses .. '",' .. shard.seq_text .. ',' .. shard.time)
  shard.transfers[id] = event
  if reference_digest ~= '' then shard.references[reference_digest] = shard.seq_text .. ',' .. shard.second_text end
  return log.add(shard, idem, log.OPENING.transfer .. shard.seq_text .. ',' .. shard.time .. ',' .. asked .. ',0,[[' .. event .. ']' .. money
    .. log.ending(shard, idem, request))
end
