-- Accounts and what they have, as one engine call sees them: read once, changed in place, written at the end of the call. What a
-- command changes it may have to take back, as long as it has not reached the log: the texts of a balance tell how it was.
--
-- An account's record is text: version, status, credit, "group", "name", time of its making, and behind it, for each asset it has had,
-- ,"asset",total,held. Most commands look at one asset of an account, so no more of the text is taken apart than is asked for.

local subtract, to_text, from_text, is_beyond, is_below = amounts.subtract, amounts.to_text, amounts.from_text, amounts.is_beyond, amounts.is_below

local HEAD_PATTERN = '^(' .. ACCOUNT_VERSION .. ',%d,%d,"[^"]*")'
local HEAD_VALUES = '^' .. ACCOUNT_VERSION .. ',(%d),(%d),"([^"]*)"$'
local TITLE_PATTERN = '^' .. ACCOUNT_VERSION .. ',%d,%d,"[^"]*","([^"]*)",(%d+)(.*)$'
local AMOUNTS_PATTERN = '^(%-?%d+),(%d+)'
-- The at sign.
local VENUE_START = 64

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

-- The record of an account as the call found or made it, false where there is none.
local function text_of(shard, name)
  local text = shard.account_texts[name]
  if text == nil then
    text = call('HGET', shard.accounts_key, name)
    shard.account_texts[name] = text
  end
  return text
end

-- What an account's record begins with, once for each such beginning of a call: status, credit and group. Most have the same.
local function head_of(shard, name)
  local text = shard.account_texts[name] or text_of(shard, name)
  local head = match(text, HEAD_PATTERN)
  local parts = head and shard.account_heads[head]
  if not parts then
    if not head then error('an account record of an unknown layout: ' .. text) end
    parts = {}
    parts.status, parts.credit, parts.group = match(head, HEAD_VALUES)
    shard.account_heads[head] = parts
  end
  return parts
end

-- The same, nil where there is no such account.
function accounts.known_head(shard, name)
  return (shard.account_texts[name] or text_of(shard, name)) and head_of(shard, name)
end

-- Why an account that is not active may neither order nor send money.
function accounts.barred(head)
  return head.status == ACCOUNT_STATUS.suspended and CODE.account_suspended or CODE.account_closed
end

-- An account as it begins. Its event is the caller's.
function accounts.make(shard, name)
  shard.account_texts[name] = ACCOUNT_VERSION .. ',' .. ACCOUNT_STATUS.active .. ',' .. CREDIT.venue .. ',"default","",' .. shard.time
  shard.changed_accounts[name] = true
end

-- Makes an account where there is none, as part of the command.
function accounts.open(shard, name)
  if text_of(shard, name) then return end
  accounts.make(shard, name)
  shard.new_accounts[#shard.new_accounts + 1] = name
end

-- Takes back the making of an account.
function accounts.unmake(shard, name)
  shard.account_texts[name], shard.changed_accounts[name] = false, nil
  for _, balances in pairs(shard.balances) do balances[name] = nil end
end

-- Whether orders and transfers of an account need what they commit, where the venue asks for it (A-37).
function accounts.needs_cover(shard, name)
  return head_of(shard, name).credit ~= CREDIT.unlimited and byte(name) ~= VENUE_START
end

-- Says how an account is from now on: all text.
function accounts.describe(shard, name, status, credit, group, title)
  local _, created, rest = match(text_of(shard, name), TITLE_PATTERN)
  shard.account_texts[name] = ACCOUNT_VERSION .. ',' .. status .. ',' .. credit .. ',"' .. group .. '","' .. title .. '",' .. created .. rest
  -- Where its balances stand has moved.
  shard.moved_accounts[name], shard.changed_accounts[name] = true, true
end

-- What stands in a record ahead of an asset's total. In a name a quote never stands as such.
local function mark_of(shard, asset)
  local mark = shard.asset_marks[asset]
  if not mark then
    mark = ',"' .. asset .. '",'
    shard.asset_marks[asset] = mark
  end
  return mark
end

-- The balances of an asset that the call knows, by account.
local function balances_of(shard, asset)
  local balances = shard.balances[asset]
  if not balances then
    balances = {}
    shard.balances[asset] = balances
  end
  return balances
end

-- Where the amounts of an asset stand in a record, from and to, with their texts; nil where there are none. What looks like an asset may be
-- the account's group or name: behind these no two amounts stand.
local function stands_at(text, mark)
  local from = 1
  while true do
    local _, ahead = find(text, mark, from, true)
    if not ahead then return nil end
    local first, last, total, held = find(text, AMOUNTS_PATTERN, ahead + 1)
    if first then return first, last, total, held end
    -- The comma that it ends with may begin the next.
    from = ahead
  end
end

-- A balance is an array, which costs a third of a table with names: whose it is and of what, where its amounts stand in the record,
-- from and to (false for one that is new), the texts of total and held as the command began, both as amounts, whether each has changed
-- since, and whether the call has it among what it changed.
local NAME, ASSET, FIRST, LAST, TOTAL_TEXT, HELD_TEXT, TOTAL_HIGH, TOTAL_LOW, HELD_HIGH, HELD_LOW, TOTAL_CHANGED, HELD_CHANGED, IS_LISTED, NEXT =
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14

-- Read out of the record: for one that the call does not know of yet.
local function balance_of(shard, balances, name, asset)
  local text = shard.account_texts[name] or text_of(shard, name)
  if not text then error('no account ' .. name) end
  local first, last, total, held = stands_at(text, shard.asset_marks[asset] or mark_of(shard, asset))
  local balance
  if first then
    local total_high, total_low, held_high, held_low = 0, 0, 0, 0
    if #total > 15 then
      total_high, total_low = from_text(total)
    else
      total_low = tonumber(total)
      if total_low < 0 then total_high, total_low = -1, total_low + 1e15 end
    end
    if #held > 15 then
      held_high, held_low = from_text(held)
    elseif held ~= '0' then
      held_low = tonumber(held)
    end
    balance = { name, asset, first, last, total, held, total_high, total_low, held_high, held_low, false, false, false, false }
  else
    balance = { name, asset, false, false, '0', '0', 0, 0, 0, 0, false, false, false, false }
  end
  balances[name] = balance
  return balance
end

-- The name that an account is shown under.
function accounts.title(shard, name)
  return (match(text_of(shard, name), TITLE_PATTERN))
end

-- Has every balance of an account read out.
local function read_all(shard, name)
  local _, _, rest = match(text_of(shard, name), TITLE_PATTERN)
  for asset in string.gmatch(rest, ',"([^"]*)",') do
    local balances = balances_of(shard, asset)
    if not balances[name] then balance_of(shard, balances, name, asset) end
  end
end

-- Whether a name stands ahead of another one, byte by byte: how Lua compares texts depends on where the server runs.
local function is_ahead(a, b)
  for i = 1, #a do
    local own, other = byte(a, i), byte(b, i)
    if own ~= other then return other ~= nil and own < other end
  end
  return #a < #b
end

accounts.is_ahead = is_ahead

-- The event of an asset of which an account holds more than it has, the first by name: its inside; nil where there is none.
function accounts.uncovered(shard, name)
  read_all(shard, name)
  local found
  for _, balances in pairs(shard.balances) do
    local balance = balances[name]
    if balance and is_below(balance[TOTAL_HIGH], balance[TOTAL_LOW], balance[HELD_HIGH], balance[HELD_LOW])
      and (not found or is_ahead(balance[ASSET], found[ASSET])) then found = balance end
  end
  if not found then return nil end
  return EVENT.shortfall .. ',"' .. found[ASSET] .. '","' .. to_text(found[HELD_HIGH], found[HELD_LOW]) .. '","' .. to_text(found[TOTAL_HIGH], found[TOTAL_LOW]) .. '"'
end

-- Whether an account has nothing, of any asset, and nothing held.
function accounts.is_empty(shard, name)
  read_all(shard, name)
  for _, balances in pairs(shard.balances) do
    local balance = balances[name]
    if balance and (balance[TOTAL_HIGH] ~= 0 or balance[TOTAL_LOW] ~= 0 or balance[HELD_HIGH] ~= 0 or balance[HELD_LOW] ~= 0) then return false end
  end
  return true
end

-- Adds to what an account holds of an asset. What is taken off comes with both parts of its amount below zero.
local function hold(shard, name, asset, held_high, held_low)
  local balances = shard.balances[asset] or balances_of(shard, asset)
  local balance = balances[name] or balance_of(shard, balances, name, asset)
  if not balance[HELD_CHANGED] then
    if not balance[TOTAL_CHANGED] then
      local count = shard.touched_count + 1
      shard.touched[count], shard.touched_count = balance, count
    end
    balance[HELD_CHANGED] = true
  end
  local high, low = balance[HELD_HIGH] + held_high, balance[HELD_LOW] + held_low
  if low < 0 then
    high, low = high - 1, low + 1e15
  elseif low >= 1e15 then
    high, low = high + 1, low - 1e15
  end
  balance[HELD_HIGH], balance[HELD_LOW] = high, low
  if high >= 1e15 then shard.is_near_limit = true end
end

-- Adds to total and held of an account's asset, as with `hold`.
function accounts.move(shard, name, asset, total_high, total_low, held_high, held_low)
  if total_low ~= 0 or total_high ~= 0 then
    local balances = shard.balances[asset] or balances_of(shard, asset)
    local balance = balances[name] or balance_of(shard, balances, name, asset)
    if not balance[TOTAL_CHANGED] and not balance[HELD_CHANGED] then
      local count = shard.touched_count + 1
      shard.touched[count], shard.touched_count = balance, count
    end
    local high, low = balance[TOTAL_HIGH] + total_high, balance[TOTAL_LOW] + total_low
    if low < 0 then
      high, low = high - 1, low + 1e15
    elseif low >= 1e15 then
      high, low = high + 1, low - 1e15
    end
    balance[TOTAL_HIGH], balance[TOTAL_LOW], balance[TOTAL_CHANGED] = high, low, true
    if high >= 1e15 or high <= -1e15 then shard.is_near_limit = true end
    if held_low == 0 and held_high == 0 then return end
  end
  hold(shard, name, asset, held_high, held_low)
end

-- Whether an account has an amount of an asset free, or need not.
function accounts.covers(shard, name, asset, high, low)
  if not shard.is_covered then return true end
  local balances = shard.balances[asset] or balances_of(shard, asset)
  local balance = balances[name] or balance_of(shard, balances, name, asset)
  local free_high, free_low = balance[TOTAL_HIGH] - balance[HELD_HIGH] - high, balance[TOTAL_LOW] - balance[HELD_LOW] - low
  if free_low < 0 then
    free_high = free_high - 1
    if free_low < -1e15 then free_high = free_high - 1 end
  end
  return free_high >= 0 or not accounts.needs_cover(shard, name)
end

-- What is free of an asset: total less held; `before` the command.
function accounts.available(shard, name, asset, before)
  local balances = balances_of(shard, asset)
  local balance = balances[name] or balance_of(shard, balances, name, asset)
  if before then
    local total_high, total_low = from_text(balance[TOTAL_TEXT])
    return subtract(total_high, total_low, from_text(balance[HELD_TEXT]))
  end
  return subtract(balance[TOTAL_HIGH], balance[TOTAL_LOW], balance[HELD_HIGH], balance[HELD_LOW])
end

-- The event of what an account was to have of an asset, and has not: its inside. `before` where what counts is what it had before the
-- command: what its fills bring comes too late for them. nil where it has it, or need not.
function accounts.shortfall(shard, name, asset, high, low, before)
  if not shard.is_covered or not accounts.needs_cover(shard, name) then return nil end
  local free_high, free_low = accounts.available(shard, name, asset, before)
  if not is_below(free_high, free_low, high, low) then return nil end
  return EVENT.shortfall .. ',"' .. asset .. '","' .. to_text(high, low) .. '","' .. to_text(free_high, free_low) .. '"'
end

-- Whether something that the command has changed is larger than it may be.
local function is_over_limit(shard)
  shard.is_near_limit = nil
  for i = 1, shard.touched_count do
    local balance = shard.touched[i]
    if is_beyond(balance[TOTAL_HIGH], balance[TOTAL_LOW], byte(balance[NAME]) == VENUE_START) or is_beyond(balance[HELD_HIGH], balance[HELD_LOW]) then return true end
  end
  return false
end

-- The event of an account as it is, with a comma before it.
local function account_event(shard, name)
  local text = text_of(shard, name)
  local title, created = match(text, TITLE_PATTERN)
  local head = head_of(shard, name)
  return ',[' .. EVENT.account .. ',"' .. name .. '",' .. head.status .. ',' .. head.credit .. ',"' .. head.group .. '","' .. title .. '",' .. created .. ']'
end

-- Takes back what the command has changed.
function accounts.undo(shard)
  local touched = shard.touched
  for i = 1, shard.touched_count do
    local balance = touched[i]
    balance[TOTAL_HIGH], balance[TOTAL_LOW] = from_text(balance[TOTAL_TEXT])
    balance[HELD_HIGH], balance[HELD_LOW] = from_text(balance[HELD_TEXT])
    balance[TOTAL_CHANGED], balance[HELD_CHANGED] = false, false
  end
  shard.touched_count = 0
  if shard.new_accounts[1] then
    for _, name in ipairs(shard.new_accounts) do accounts.unmake(shard, name) end
    shard.new_accounts = {}
  end
end

local BALANCE = ',[' .. EVENT.balance .. ',"'

-- Has a balance written at the end of the call.
local function enlist(shard, balance)
  local listed = shard.changed_count + 1
  shard.changed_balances[listed], shard.changed_count, balance[IS_LISTED] = balance, listed, true
end

-- Keeps what the command has changed: from here on it happens. Returns its events, each with a comma before it; nil, with nothing
-- kept, where something is larger than it may be.
function accounts.keep(shard)
  if shard.is_near_limit and is_over_limit(shard) then
    accounts.undo(shard)
    return nil
  end
  local events = ''
  if shard.new_accounts[1] then
    for _, name in ipairs(shard.new_accounts) do
      if byte(name) ~= VENUE_START then events = events .. account_event(shard, name) end
    end
    shard.new_accounts = {}
  end
  local touched, touched_count = shard.touched, shard.touched_count
  if touched_count == 1 then
    -- What an order holds, or lets go of, and nothing else: most entries.
    local balance = touched[1]
    if not balance[TOTAL_CHANGED] then
      local high, was, held = balance[HELD_HIGH], balance[HELD_TEXT], nil
      if high == 0 then held = format('%d', balance[HELD_LOW]) else held = to_text(high, balance[HELD_LOW]) end
      balance[HELD_CHANGED], shard.touched_count = false, 0
      if held == was then return events end
      balance[HELD_TEXT] = held
      if not balance[IS_LISTED] then enlist(shard, balance) end
      return events .. BALANCE .. balance[NAME] .. '","' .. balance[ASSET] .. '","' .. balance[TOTAL_TEXT] .. '","' .. held .. '"]'
    end
  end
  local parts, count = touched_count > 2 and {}, 0
  for i = 1, touched_count do
    local balance = touched[i]
    local total_before, held_before = balance[TOTAL_TEXT], balance[HELD_TEXT]
    local total, held = total_before, held_before
    -- Printing a number is dear: most entries change one of the two. What went and came back within one command is not told.
    if balance[TOTAL_CHANGED] then
      local high = balance[TOTAL_HIGH]
      if high == 0 then total = format('%d', balance[TOTAL_LOW]) else total = to_text(high, balance[TOTAL_LOW]) end
      balance[TOTAL_TEXT], balance[TOTAL_CHANGED] = total, false
    end
    if balance[HELD_CHANGED] then
      local high = balance[HELD_HIGH]
      if high == 0 then held = format('%d', balance[HELD_LOW]) else held = to_text(high, balance[HELD_LOW]) end
      balance[HELD_TEXT], balance[HELD_CHANGED] = held, false
    end
    if total ~= total_before or held ~= held_before then
      if not balance[IS_LISTED] then enlist(shard, balance) end
      local event = BALANCE .. balance[NAME] .. '","' .. balance[ASSET] .. '","' .. total .. '","' .. held .. '"]'
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

-- A record of which any number of balances have changed, or begun, or moved. `balance` is the first of them.
local function spliced(shard, name, text, balance)
  local standing, count, joining = {}, 0, ''
  while balance do
    if shard.moved_accounts[name] then
      local first, last = stands_at(text, mark_of(shard, balance[ASSET]))
      if first then balance[FIRST], balance[LAST] = first, last end
    end
    if balance[FIRST] then
      count = count + 1
      standing[count] = balance
    else
      joining = joining .. ',"' .. balance[ASSET] .. '",' .. balance[TOTAL_TEXT] .. ',' .. balance[HELD_TEXT]
    end
    balance = balance[NEXT]
  end
  -- From the end on, so that what stands before stays where it is.
  table.sort(standing, stands_behind)
  for i = 1, count do
    balance = standing[i]
    text = sub(text, 1, balance[FIRST] - 1) .. balance[TOTAL_TEXT] .. ',' .. balance[HELD_TEXT] .. sub(text, balance[LAST] + 1)
  end
  return text .. joining
end

-- An account's record with its changed balances: one, or two that stand in it already, are the usual case.
local function record_of(shard, name, text, first)
  local second = first[NEXT]
  if not first[FIRST] or shard.moved_accounts[name] then return spliced(shard, name, text, first) end
  if not second then
    return sub(text, 1, first[FIRST] - 1) .. first[TOTAL_TEXT] .. ',' .. first[HELD_TEXT] .. sub(text, first[LAST] + 1)
  end
  if second[NEXT] or not second[FIRST] then return spliced(shard, name, text, first) end
  if second[FIRST] < first[FIRST] then first, second = second, first end
  return sub(text, 1, first[FIRST] - 1) .. first[TOTAL_TEXT] .. ',' .. first[HELD_TEXT]
    .. sub(text, first[LAST] + 1, second[FIRST] - 1) .. second[TOTAL_TEXT] .. ',' .. second[HELD_TEXT] .. sub(text, second[LAST] + 1)
end

function accounts.flush(shard)
  local values, count, changed, texts = {}, 0, {}, shard.account_texts
  local balances = shard.changed_balances
  for i = 1, shard.changed_count do
    local balance = balances[i]
    local name = balance[NAME]
    balance[NEXT] = changed[name] or false
    changed[name] = balance
  end
  for name, balance in pairs(changed) do
    values[count + 1], values[count + 2] = name, record_of(shard, name, texts[name], balance)
    count = count + 2
  end
  for name in pairs(shard.changed_accounts) do
    if not changed[name] then
      values[count + 1], values[count + 2] = name, texts[name]
      count = count + 2
    end
  end
  call_many('HSET', shard.accounts_key, values, count)
end

accounts.text, accounts.head, accounts.hold, accounts.event = text_of, head_of, hold, account_event
