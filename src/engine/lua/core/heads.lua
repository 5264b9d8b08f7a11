-- The best orders of a side, as far as a call has read them.

local flush_members, ID_START, read_records = books.flush_members, books.ID_START, records.read

-- The head of a side: its best resting orders in matching order, as parallel arrays of members and prices. `complete`
-- when nothing rests behind them. An order that joins among them is one of them from then on. Entries whose member is
-- pending removal are passed over.
local HEAD_MOVED_MAX = 16
-- Orders read at once behind those that a call has used up.
local FOLLOWED_BY = 8

local function new_head()
  return { count = 0, first = 1, complete = false, members = {}, prices = {} }
end

-- A head without the orders that are pending removal: what is left of it stands first in the sorted set.
local function without_removed(head, pending)
  local kept, count = new_head(), 0
  for i = head.first, head.count do
    local member = head.members[i]
    if pending[member] ~= false then
      count = count + 1
      kept.members[count], kept.prices[count] = member, head.prices[i]
    end
  end
  kept.count = count
  return kept
end

-- Writes what is pending of a side, so that its sorted set can be read as it is.
function heads.settle(half)
  if not next(half.members) then return end
  if half.head then half.head = without_removed(half.head, half.members) end
  flush_members(half)
end

-- Reads what levels show of which orders were read: whoever takes these changes that. `page` are members and scores.
local function read_totals(half, page, found)
  local totals, wanted, count = half.stored_totals, {}, 0
  for i = 1, found do
    local price = page[2 * i]
    if half.is_bid then price = sub(price, 2) end
    if totals[price] == nil then
      count = count + 1
      wanted[count], totals[price] = price, false
    end
  end
  if count == 0 then return end
  local stored = call('HMGET', half.depth_key, unpack(wanted))
  for i = 1, count do
    totals[wanted[i]], half.totals[wanted[i]] = stored[i], stored[i] and tonumber(stored[i]) or 0
  end
end

-- Reads the next `size` orders behind those of the head, with their records if asked for. Returns the head.
local function extend_head(shard, half, size, with_records)
  local head = half.head or new_head()
  if next(half.members) then
    head = without_removed(head, half.members)
    flush_members(half)
  end
  half.head = head
  local before, members, prices = head.count, head.members, head.prices
  local page = call('ZRANGE', half.key, before, before + size - 1, 'WITHSCORES')
  local found = #page / 2
  for i = 1, found do
    local score = tonumber(page[2 * i])
    members[before + i], prices[before + i] = page[2 * i - 1], score < 0 and -score or score
  end
  if with_records and found > 0 then
    local ids = {}
    for i = 1, found do ids[i] = sub(page[2 * i - 1], ID_START) end
    read_records(shard, ids)
    if half.depth_key then read_totals(half, page, found) end
  end
  head.count = before + found
  head.complete = found < size
  return head
end

-- Index of the first order of the head that still rests there, from `at` on; one past the end where there is none.
local function skip_removed(half, at)
  local members, pending = half.head.members, half.members
  local member = members[at]
  while member and pending[member] == false do
    at = at + 1
    member = members[at]
  end
  return at
end

local function best_price(shard, half)
  if half.best ~= nil then return half.best end
  local head = half.head or extend_head(shard, half, 1)
  head.first = skip_removed(half, head.first)
  while head.first > head.count and not head.complete do
    -- What has taken the ones ahead in this call is likely to be followed.
    head = extend_head(shard, half, FOLLOWED_BY, true)
    head.first = skip_removed(half, head.first)
  end
  half.best = head.prices[head.first] or false
  return half.best
end

-- Whether an order of `side` at `price` would match at once; price nil stands for a market order.
function heads.would_match(shard, book, side, price)
  local half = book[OPPOSITE[side]]
  local best = half.best
  if best == nil then best = best_price(shard, half) end
  if not best then return false end
  if not price then return true end
  if side == BUY then return best <= price end
  return best >= price
end

-- An order joins the head behind those of a better or the same price, or rests behind it all. A long head is done away
-- with instead: moving its orders would cost more than reading it again.
function heads.join(half, member, price)
  local head = half.head
  local prices, count = head.prices, head.count
  local at = count
  if half.is_bid then
    while at > 0 and prices[at] < price do at = at - 1 end
  else
    while at > 0 and prices[at] > price do at = at - 1 end
  end
  if at == count and not head.complete then return end
  if count - at > HEAD_MOVED_MAX then
    half.head = nil
    return
  end
  local members = head.members
  for i = count, at + 1, -1 do members[i + 1], prices[i + 1] = members[i], prices[i] end
  at = at + 1
  members[at], prices[at] = member, price
  head.count = count + 1
  if at < head.first then head.first = at end
end

heads.extend, heads.skip_removed, heads.best = extend_head, skip_removed, best_price
