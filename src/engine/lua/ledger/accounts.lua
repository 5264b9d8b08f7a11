-- Accounts and what they have, as one engine call sees them: read once, changed in place, written at the end of the call. What a
-- command changes it may have to take back, as long as it has not reached the log: `touch` remembers how things were.

local add, subtract, to_text, from_text, is_beyond = amounts.add, amounts.subtract, amounts.to_text, amounts.from_text, amounts.is_beyond

local RECORD_PATTERN = '^' .. ACCOUNT_VERSION .. ',(%d),(%d),"([^"]*)","([^"]*)",(%d+)(.*)$'
local BALANCE_PATTERN = ',"([^"]*)",(%-?%d+),(%d+)'
-- The at sign.
local VENUE_START = 64

local function add_balance(account, asset, total, held)
  local count = #account.assets + 1
  local balance = {
    account = account, asset = asset,
    -- How its event begins.
    opening = ',[' .. EVENT.balance .. ',"' .. account.name .. '","' .. asset .. '","',
    total_text = total, held_text = held,
  }
  balance.total_high, balance.total_low = from_text(total)
  balance.held_high, balance.held_low = from_text(held)
  account.assets[count], account.balances[asset] = asset, balance
  return balance
end

local function parse(name, stored)
  local status, credit, group, title, created, rest = match(stored, RECORD_PATTERN)
  if not status then error('an account record of an unknown layout: ' .. stored) end
  local account = {
    name = name, status = status, credit = credit, group = group, title = title, created = created,
    -- Names of the assets in the order in which they came, and what there is of each.
    assets = {}, balances = {},
  }
  for asset, total, held in string.gmatch(rest, BALANCE_PATTERN) do add_balance(account, asset, total, held) end
  return account
end

-- Reads what is not known of some accounts ahead, in one command.
function accounts.read(shard, names, count)
  local missing, missing_count, known = {}, 0, shard.accounts
  for i = 1, count do
    local name = names[i]
    if known[name] == nil then
      missing_count = missing_count + 1
      missing[missing_count] = name
      known[name] = false
    end
  end
  if missing_count == 0 then return end
  local found = call('HMGET', shard.accounts_key, unpack(missing, 1, missing_count))
  for i = 1, missing_count do
    if found[i] then known[missing[i]] = parse(missing[i], found[i]) end
  end
end

-- An account by its name, false where there is none.
function accounts.of(shard, name)
  local account = shard.accounts[name]
  if account == nil then
    local stored = call('HGET', shard.accounts_key, name)
    account = stored and parse(name, stored)
    shard.accounts[name] = account
  end
  return account
end

-- An account by its name, made where there is none.
function accounts.open(shard, name)
  local account = accounts.of(shard, name)
  if account then return account end
  account = {
    name = name, status = ACCOUNT_STATUS.active, credit = CREDIT.venue, group = 'default', title = '', created = shard.time,
    assets = {}, balances = {}, is_new = true,
  }
  shard.accounts[name] = account
  shard.touched_accounts[#shard.touched_accounts + 1] = account
  return account
end

-- Whether orders and transfers of an account need what they commit, where the venue asks for it (A-37).
function accounts.needs_cover(account)
  return account.credit ~= CREDIT.unlimited and byte(account.name) ~= VENUE_START
end

-- What an account has of an asset, about to be changed.
local function touch(shard, account, asset)
  local balance = account.balances[asset] or add_balance(account, asset, '0', '0')
  if balance.is_touched then return balance end
  balance.is_touched = true
  balance.was_total_high, balance.was_total_low, balance.was_held_high, balance.was_held_low =
    balance.total_high, balance.total_low, balance.held_high, balance.held_low
  local count = shard.touched_count + 1
  shard.touched[count], shard.touched_count = balance, count
  return balance
end

function accounts.credit(shard, account, asset, high, low)
  local balance = touch(shard, account, asset)
  balance.total_high, balance.total_low = add(balance.total_high, balance.total_low, high, low)
end

function accounts.debit(shard, account, asset, high, low)
  local balance = touch(shard, account, asset)
  balance.total_high, balance.total_low = subtract(balance.total_high, balance.total_low, high, low)
end

function accounts.hold(shard, account, asset, high, low)
  local balance = touch(shard, account, asset)
  balance.held_high, balance.held_low = add(balance.held_high, balance.held_low, high, low)
end

function accounts.release(shard, account, asset, high, low)
  local balance = touch(shard, account, asset)
  balance.held_high, balance.held_low = subtract(balance.held_high, balance.held_low, high, low)
end

-- What is free of an asset: total less held; `before` the command.
function accounts.available(account, asset, before)
  local balance = account.balances[asset]
  if not balance then return 0, 0 end
  if before and balance.is_touched then
    return subtract(balance.was_total_high, balance.was_total_low, balance.was_held_high, balance.was_held_low)
  end
  return subtract(balance.total_high, balance.total_low, balance.held_high, balance.held_low)
end

-- Whether something that the command has changed is larger than it may be.
local function is_over_limit(shard)
  local touched = shard.touched
  for i = 1, shard.touched_count do
    local balance = touched[i]
    if is_beyond(balance.total_high, balance.total_low) or is_beyond(balance.held_high, balance.held_low) then return true end
  end
  return false
end

-- The event of an account as it is, with a comma before it.
local function account_event(account)
  return ',[' .. EVENT.account .. ',"' .. account.name .. '",' .. account.status .. ',' .. account.credit .. ',"' .. account.group .. '","'
    .. account.title .. '",' .. account.created .. ']'
end

-- Takes back what the command has changed.
function accounts.undo(shard)
  local touched = shard.touched
  for i = 1, shard.touched_count do
    local balance = touched[i]
    balance.is_touched = false
    balance.total_high, balance.total_low, balance.held_high, balance.held_low =
      balance.was_total_high, balance.was_total_low, balance.was_held_high, balance.was_held_low
  end
  shard.touched_count = 0
  if #shard.touched_accounts > 0 then
    for _, account in ipairs(shard.touched_accounts) do shard.accounts[account.name] = false end
    shard.touched_accounts = {}
  end
end

-- Keeps what the command has changed: from here on it happens. Returns its events, each with a comma before it; nil, with nothing
-- kept, where something is larger than it may be.
function accounts.keep(shard)
  if is_over_limit(shard) then
    accounts.undo(shard)
    return nil
  end
  local events, count, changed = {}, 0, shard.changed_accounts
  if #shard.touched_accounts > 0 then
    for _, account in ipairs(shard.touched_accounts) do
      account.is_new = nil
      changed[account.name] = account
      if byte(account.name) ~= VENUE_START then
        count = count + 1
        events[count] = account_event(account)
      end
    end
    shard.touched_accounts = {}
  end
  local touched = shard.touched
  for i = 1, shard.touched_count do
    local balance = touched[i]
    balance.is_touched = false
    -- Printing a number is dear: most entries change one of the two.
    if balance.total_low ~= balance.was_total_low or balance.total_high ~= balance.was_total_high then
      balance.total_text = to_text(balance.total_high, balance.total_low)
    end
    if balance.held_low ~= balance.was_held_low or balance.held_high ~= balance.was_held_high then
      balance.held_text = to_text(balance.held_high, balance.held_low)
    end
    changed[balance.account.name] = balance.account
    count = count + 1
    events[count] = balance.opening .. balance.total_text .. '","' .. balance.held_text .. '"]'
  end
  shard.touched_count = 0
  return count == 1 and events[1] or concat(events)
end

-- An account's record as the `accounts` hash holds it.
local function record_of(account)
  local parts = {
    ACCOUNT_VERSION .. ',' .. account.status .. ',' .. account.credit .. ',"' .. account.group .. '","' .. account.title .. '",' .. account.created,
  }
  for i, asset in ipairs(account.assets) do
    local balance = account.balances[asset]
    parts[i + 1] = ',"' .. asset .. '",' .. balance.total_text .. ',' .. balance.held_text
  end
  return concat(parts)
end

function accounts.flush(shard)
  local values, count = {}, 0
  for name, account in pairs(shard.changed_accounts) do
    values[count + 1], values[count + 2] = name, record_of(account)
    count = count + 2
  end
  call_many('HSET', shard.accounts_key, values, count)
end

accounts.event = account_event
