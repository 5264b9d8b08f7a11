-- account: makes an account, with what it opens with, or changes one that is there.
-- Arguments: account, opens (1 to make it, 0 to change it), name, status, credit, fee_group (as the log has them, null for as it is),
--   deposits (as the log has them: a comma, asset and amount of each), actor (as the log tells it, '' for anybody), idem (digest of its
--   key, or ''), request (as JSON, or '').
-- Reads: accounts, fee_groups, open:<client>, idem. Writes: accounts, idem, log.
-- Returns: the entry, R<its key's answer> or X<code>.

local next_seq, answered, refuse = log.next_seq, log.answered, log.refuse
local LAST = ARGUMENTS.account - 1
local ISSUANCE = '@issuance'
local DEPOSIT_PATTERN = ',"([^"]*)","(%d+)"'

-- Whether an account has nothing: no money, none held, no open order.
local function is_empty(shard, name)
  return accounts.is_empty(shard, name) and listings.open_count(shard, name, listings.open_of(shard, name)) == 0
end

local function knows_group(shard, group)
  return group == 'default' or shard.new_fee_groups[group] ~= nil or call('HEXISTS', shard.tag .. 'fee_groups', group) == 1
end

function account.run(shard, limits, argv, at)
  local ACCOUNT_ARGUMENTS = unpack(argv, at, at + LAST)
  local known = answered(shard, limits, idem)
  if known then return known end
  if not shard.keeps_money then return 'X' .. CODE.funds_off end
  if shard.seq - shard.persisted >= limits.backlog_max then return 'X' .. CODE.backlog_full end
  local asked = '["N","' .. actor .. '",' .. shard.funds .. ',"' .. account .. '",' .. opens .. ',' .. name .. ',' .. status .. ',' .. credit .. ','
    .. fee_group .. deposits .. ']'
  local function turn_down(code)
    accounts.undo(shard)
    return refuse(shard, code, nil, nil, asked, idem, request)
  end
  local found, is_new = accounts.text(shard, account), opens == '1'
  if is_new and found then return turn_down(CODE.account_exists) end
  if not is_new and not found then return turn_down(CODE.account_not_found) end
  local group = match(fee_group, '^"(.*)"$')
  if group and not knows_group(shard, group) then return turn_down(CODE.fee_group_not_found) end
  if not is_new and status == ACCOUNT_STATUS.closed and not is_empty(shard, account) then return turn_down(CODE.account_not_empty) end
  -- Who has no credit any more has to have what he holds.
  if not is_new and shard.is_covered and credit ~= 'null' and credit ~= CREDIT.unlimited then
    local shortfall = accounts.uncovered(shard, account)
    if shortfall then
      accounts.undo(shard)
      return log.refuse_telling(shard, CODE.insufficient_funds, shortfall, asked, idem, request)
    end
  end

  if is_new then accounts.make(shard, account) end
  for asset, amount in string.gmatch(deposits, DEPOSIT_PATTERN) do
    local high, low = amounts.from_text(amount)
    accounts.open(shard, ISSUANCE)
    accounts.move(shard, ISSUANCE, asset, -high, -low, 0, 0)
    accounts.move(shard, account, asset, high, low, 0, 0)
  end
  local money = accounts.keep(shard)
  if not money then
    if is_new then accounts.unmake(shard, account) end
    return turn_down(CODE.balance_limit)
  end
  local head = accounts.head(shard, account)
  accounts.describe(shard, account, status == 'null' and head.status or status, credit == 'null' and head.credit or credit, group or head.group,
    match(name, '^"(.*)"$') or accounts.title(shard, account))
  -- Ahead of its balances, as for one that an order makes.
  money = accounts.event(shard, account) .. money
  next_seq(shard)
  return log.add(shard, idem, log.OPENING.account .. shard.seq_text .. ',' .. shard.time .. ',' .. asked .. ',0,[' .. sub(money, 2)
    .. log.ending(shard, idem, request))
end
