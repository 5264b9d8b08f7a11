-- Accounts and what they have, as one engine call sees them: read once, changed in place, written at the end of the call. What a
-- command changes it may have to take back, as long as it has not reached the log: the texts of a balance tell how it was.
--
-- An account's record is text: version, status, credit, "group", "name", time of its making, and behind it, for each asset it has had,
-- ,"asset",total,held. Most commands look at one asset of an account, so no more of the text is taken apart than is asked for.

local subtract, to_text, from_text, is_beyond = amounts.subtract, amounts.to_text, amounts.from_text, amounts.is_beyond

local HEAD_PATTERN = '^(' .. ACCOUNT_VERSION .. ',%d,%d,"[^"]*")'
local HEAD_VALUES = '^' .. ACCOUNT_VERSION .. ',(%d),(%d),"([^"]*)"$'
local TITLE_PATTERN = '^' .. ACCOUNT_VERSION .. ',%d,%d,"[^"]*","([^"]*)",(%d+)(.*)$'
-- The at sign, and what stands ahead of a total below zero.
local VENUE_START, MINUS = 64, 45

-- What the head of a record says, once for each head of a call: most accounts have the same.
local function head_of(shard, text)
  local head = match(text, HEAD_PATTERN)
  if not head then error('an account record of an unknown layout: ' .. text) end
  local parts = shard.account_heads[head]
  if not parts then
    parts = {}
    parts.status, parts.credit, parts.group = match(head, HEAD_VALUES)
    shard.account_heads[head] = parts
  end
  return parts
end

local function known(shard, name, text)
  local head = head_of(shard, text)
  local account = { name = name, text = text, head = head, balances = {}, changed = false }
  shard.accounts[name] = account
  return account
end

-- Reads what is not known of some accounts ahead, in one command.
function accounts.read(shard, names, count)
  local missing, missing_count, texts = {}, 0, shard.account_texts
  for i = 1, count do
    local name = names[i]
    if texts[name] == nil then
      missing_count = missing_count + 1
      missing[missing_count] = name
      texts[name] = false
    end
  end
  if missing_count == 0 then return end
  local found = call('HMGET', shard.accounts_key, unpack(missing, 1, missing_count))
  for i = 1, missing_count do texts[missing[i]] = found[i] end
end

-- An account by its name, false where there is none.
function accounts.of(shard, name)
  local account = shard.accounts[name]
  if account then return account end
  local text = shard.account_texts[name]
  if text == nil then
    text = call('HGET', shard.accounts_key, name)
    shard.account_texts[name] = text
  end
  return text and known(shard, name, text)
end

-- An account by its name, made where there is none.
function accounts.open(shard, name)
  local account = accounts.of(shard, name)
  if account then return account end
  account = accounts.make(shard, name)
  shard.new_accounts[#shard.new_accounts + 1] = account
  return account
end

-- An account as it begins. Its event is the caller's.
function accounts.make(shard, name)
  return known(shard, name, ACCOUNT_VERSION .. ',' .. ACCOUNT_STATUS.active .. ',' .. CREDIT.venue .. ',"default","",' .. shard.time)
end

-- Whether orders and transfers of an account need what they commit, where the venue asks for it (A-37).
function accounts.needs_cover(account)
  return account.head.credit ~= CREDIT.unlimited and byte(account.name) ~= VENUE_START
end

-- Says how an account is from now on: its head and its name, all text.
function accounts.describe(shard, account, status, credit, group, title)
  local _, created, rest = match(account.text, TITLE_PATTERN)
  account.text = ACCOUNT_VERSION .. ',' .. status .. ',' .. credit .. ',"' .. group .. '","' .. title .. '",' .. created .. rest
  account.head = head_of(shard, account.text)
  -- Where its balances stand has moved.
  account.is_moved = true
  shard.changed_accounts[account.name] = account
end

-- What stands in a record ahead of an asset's total. In a name a quote never stands as such, so it is found nowhere else.
local function mark_of(shard, asset)
  local mark = shard.asset_marks[asset]
  if not mark then
    mark = ',"' .. asset .. '",'
    shard.asset_marks[asset] = mark
  end
  return mark
end

-- What an account has of an asset is an array, which costs a third of a table with names:
--   where its amounts stand in the record, from and to (false for one that is new), the texts of total and held as the command began, then
--   both as amounts, whether each has changed since, whether the command has it among what it touched, and the changed balance of the
--   account behind it.
local ACCOUNT, ASSET, FIRST, LAST, TOTAL_TEXT, HELD_TEXT, TOTAL_HIGH, TOTAL_LOW, HELD_HIGH, HELD_LOW, TOTAL_CHANGED, HELD_CHANGED, IS_TOUCHED, NEXT =
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14

-- Read out of the record: for one that the call does not know of yet.
local function balance_of(shard, account, asset)
  local text = account.text
  local _, ahead = find(text, shard.asset_marks[asset] or mark_of(shard, asset), 1, true)
  local balance
  if ahead then
    local first, last, total, held = find(text, '^(%-?%d+),(%d+)', ahead + 1)
    local total_high, total_low, held_high, held_low = 0, 0, 0, 0
    if #total > 15 or byte(total) == MINUS then total_high, total_low = from_text(total) else total_low = tonumber(total) end
    if #held > 15 then
      held_high, held_low = from_text(held)
    elseif held ~= '0' then
      held_low = tonumber(held)
    end
    balance = { account, asset, first, last, total, held, total_high, total_low, held_high, held_low, false, false, false, false }
  else
    balance = { account, asset, false, false, '0', '0', 0, 0, 0, 0, false, false, false, false }
  end
  account.balances[asset] = balance
  return balance
end

-- The name that an account is shown under.
function accounts.title(account)
  return (match(account.text, TITLE_PATTERN))
end

-- Whether an account has nothing, of any asset, and nothing held.
function accounts.is_empty(shard, account)
  local _, _, rest = match(account.text, TITLE_PATTERN)
  for asset in string.gmatch(rest, ',"([^"]*)",') do
    if not account.balances[asset] then balance_of(shard, account, asset) end
  end
  for _, balance in pairs(account.balances) do
    if balance[TOTAL_HIGH] ~= 0 or balance[TOTAL_LOW] ~= 0 or balance[HELD_HIGH] ~= 0 or balance[HELD_LOW] ~= 0 then return false end
  end
  return true
end

-- Adds to total and held of an account's asset. What is taken off comes with both parts of its amount below zero.
function accounts.move(shard, account, asset, total_high, total_low, held_high, held_low)
  local balance = account.balances[asset] or balance_of(shard, account, asset)
  if not balance[IS_TOUCHED] then
    balance[IS_TOUCHED] = true
    local count = shard.touched_count + 1
    shard.touched[count], shard.touched_count = balance, count
  end
  if total_low ~= 0 or total_high ~= 0 then
    local high, low = balance[TOTAL_HIGH] + total_high, balance[TOTAL_LOW] + total_low
    if low < 0 then
      high, low = high - 1, low + 1e15
    elseif low >= 1e15 then
      high, low = high + 1, low - 1e15
    end
    balance[TOTAL_HIGH], balance[TOTAL_LOW], balance[TOTAL_CHANGED] = high, low, true
    if high >= 1e15 or high <= -1e15 then shard.is_near_limit = true end
  end
  if held_low ~= 0 or held_high ~= 0 then
    local high, low = balance[HELD_HIGH] + held_high, balance[HELD_LOW] + held_low
    if low < 0 then
      high, low = high - 1, low + 1e15
    elseif low >= 1e15 then
      high, low = high + 1, low - 1e15
    end
    balance[HELD_HIGH], balance[HELD_LOW], balance[HELD_CHANGED] = high, low, true
    if high >= 1e15 then shard.is_near_limit = true end
  end
end

local move = accounts.move

-- Whether an account has less of an asset than an amount.
local function has_less(balance, high, low)
  high, low = balance[TOTAL_HIGH] - balance[HELD_HIGH] - high, balance[TOTAL_LOW] - balance[HELD_LOW] - low
  if low < -1e15 then return high < 2 end
  if low < 0 then return high < 1 end
  return high < 0
end

-- Holds an amount of an account's asset. Returns whether it has it, or need not: nothing is held else.
function accounts.reserve(shard, account, asset, high, low)
  if shard.is_covered and has_less(account.balances[asset] or balance_of(shard, account, asset), high, low) and accounts.needs_cover(account) then
    return false
  end
  move(shard, account, asset, 0, 0, high, low)
  return true
end

-- What is free of an asset: total less held; `before` the command.
function accounts.available(shard, account, asset, before)
  local balance = account.balances[asset] or balance_of(shard, account, asset)
  if before then
    local total_high, total_low = from_text(balance[TOTAL_TEXT])
    return subtract(total_high, total_low, from_text(balance[HELD_TEXT]))
  end
  return subtract(balance[TOTAL_HIGH], balance[TOTAL_LOW], balance[HELD_HIGH], balance[HELD_LOW])
end

-- Whether something that the command has changed is larger than it may be.
local function is_over_limit(shard)
  if not shard.is_near_limit then return false end
  shard.is_near_limit = nil
  for i = 1, shard.touched_count do
    local balance = shard.touched[i]
    if is_beyond(balance[TOTAL_HIGH], balance[TOTAL_LOW]) or is_beyond(balance[HELD_HIGH], balance[HELD_LOW]) then return true end
  end
  return false
end

-- The event of an account as it is, with a comma before it.
local function account_event(account)
  local title, created = match(account.text, TITLE_PATTERN)
  local head = account.head
  return ',[' .. EVENT.account .. ',"' .. account.name .. '",' .. head.status .. ',' .. head.credit .. ',"' .. head.group .. '","'
    .. title .. '",' .. created .. ']'
end

-- Takes back what the command has changed.
function accounts.undo(shard)
  local touched = shard.touched
  for i = 1, shard.touched_count do
    local balance = touched[i]
    balance[TOTAL_HIGH], balance[TOTAL_LOW] = from_text(balance[TOTAL_TEXT])
    balance[HELD_HIGH], balance[HELD_LOW] = from_text(balance[HELD_TEXT])
    balance[IS_TOUCHED], balance[TOTAL_CHANGED], balance[HELD_CHANGED] = false, false, false
  end
  shard.touched_count = 0
  if shard.new_accounts[1] then
    for _, account in ipairs(shard.new_accounts) do shard.accounts[account.name] = nil end
    shard.new_accounts = {}
  end
end

local BALANCE = ',[' .. EVENT.balance .. ',"'

-- Keeps what the command has changed: from here on it happens. Returns its events, each with a comma before it; nil, with nothing
-- kept, where something is larger than it may be.
function accounts.keep(shard)
  local touched, touched_count, changed = shard.touched, shard.touched_count, shard.changed_accounts
  if is_over_limit(shard) then
    accounts.undo(shard)
    return nil
  end
  local events = ''
  if shard.new_accounts[1] then
    for _, account in ipairs(shard.new_accounts) do
      changed[account.name] = account
      if byte(account.name) ~= VENUE_START then events = events .. account_event(account) end
    end
    shard.new_accounts = {}
  end
  local parts, count = touched_count > 2 and {}, 0
  for i = 1, touched_count do
    local balance = touched[i]
    local account, total_text, held_text = balance[ACCOUNT], balance[TOTAL_TEXT], balance[HELD_TEXT]
    balance[IS_TOUCHED] = false
    -- Printing a number is dear: most entries change one of the two.
    if balance[TOTAL_CHANGED] then
      balance[TOTAL_TEXT], balance[TOTAL_CHANGED] = to_text(balance[TOTAL_HIGH], balance[TOTAL_LOW]), false
    end
    if balance[HELD_CHANGED] then
      balance[HELD_TEXT], balance[HELD_CHANGED] = to_text(balance[HELD_HIGH], balance[HELD_LOW]), false
    end
    -- What was held and is free again within one command is not told.
    if balance[TOTAL_TEXT] ~= total_text or balance[HELD_TEXT] ~= held_text then
      if not balance[NEXT] then
        -- The account's changed balances, one behind the other; the last one points to the account.
        balance[NEXT] = account.changed or account
        account.changed = balance
        changed[account.name] = account
      end
      local event = BALANCE .. account.name .. '","' .. balance[ASSET] .. '","' .. balance[TOTAL_TEXT] .. '","' .. balance[HELD_TEXT] .. '"]'
      if parts then
        count = count + 1
        parts[count] = event
      else
        events = events .. event
      end
    end
  end
  shard.touched_count = 0
  return parts and events .. concat(parts) or events
end

local function stands_behind(a, b)
  return a[FIRST] > b[FIRST]
end

-- What stands in a record of a balance behind its asset.
local function amounts_of(balance)
  return balance[TOTAL_TEXT] .. ',' .. balance[HELD_TEXT]
end

-- A record of which any number of balances have changed, or begun, or moved.
local function spliced(shard, account)
  local text, standing, count, joining = account.text, {}, 0, ''
  local balance = account.changed
  while balance and balance ~= account do
    if account.is_moved then
      local _, ahead = find(text, mark_of(shard, balance[ASSET]), 1, true)
      if ahead then balance[FIRST], balance[LAST] = find(text, '^%-?%d+,%d+', ahead + 1) end
    end
    if balance[FIRST] then
      count = count + 1
      standing[count] = balance
    else
      joining = joining .. ',"' .. balance[ASSET] .. '",' .. amounts_of(balance)
    end
    balance = balance[NEXT]
  end
  -- From the end on, so that what stands before stays where it is.
  table.sort(standing, stands_behind)
  for i = 1, count do
    balance = standing[i]
    text = sub(text, 1, balance[FIRST] - 1) .. amounts_of(balance) .. sub(text, balance[LAST] + 1)
  end
  return text .. joining
end

-- An account's record with its changed balances: one, or two that stand in it already, are the usual case.
local function record_of(shard, account)
  local first = account.changed
  if account.is_moved or not first or not first[FIRST] then return spliced(shard, account) end
  local text, second = account.text, first[NEXT]
  if second == account then
    return sub(text, 1, first[FIRST] - 1) .. first[TOTAL_TEXT] .. ',' .. first[HELD_TEXT] .. sub(text, first[LAST] + 1)
  end
  if second[NEXT] ~= account or not second[FIRST] then return spliced(shard, account) end
  if second[FIRST] < first[FIRST] then first, second = second, first end
  return sub(text, 1, first[FIRST] - 1) .. first[TOTAL_TEXT] .. ',' .. first[HELD_TEXT]
    .. sub(text, first[LAST] + 1, second[FIRST] - 1) .. second[TOTAL_TEXT] .. ',' .. second[HELD_TEXT] .. sub(text, second[LAST] + 1)
end

function accounts.flush(shard)
  local values, count = {}, 0
  for name, account in pairs(shard.changed_accounts) do
    values[count + 1], values[count + 2] = name, record_of(shard, account)
    count = count + 2
  end
  call_many('HSET', shard.accounts_key, values, count)
end

accounts.event = account_event
