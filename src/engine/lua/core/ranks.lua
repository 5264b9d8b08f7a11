-- Ranks: sorted sets of orders that wait, nearest first, as a call knows them: pending members, and the head as far as it was read
-- (core/heads.lua). A rank is laid out like a side of a book: `side` BUY has the highest first, SELL the lowest.

local extend_head, skip_removed = heads.extend, heads.skip_removed

-- Orders read at once behind the nearest one.
local PAGE_FIRST, PAGE_GROWTH, PAGE_MAX = 8, 8, 256
-- Orders of a head that are moved for one that joins among them: a longer one is read again.
local MOVED_MAX = 64
-- A member begins with the order's priority, in fixed width.
local PRIORITY_WIDTH = 14

function ranks.open(key, side)
  return { is_bid = side == BUY, key = key, members = {}, page = PAGE_FIRST }
end

function ranks.priority_of(member)
  return tonumber(sub(member, 1, PRIORITY_WIDTH))
end

-- The price (or distance) of the nearest order and its member; false where there is none.
function ranks.nearest(shard, rank)
  local head = rank.head
  if head then
    -- Asked several times for each order that goes, and mostly of the one that stands there.
    local first = head.first
    if first > head.count then
      if head.complete then return false end
    else
      local member = head.members[first]
      if rank.members[member] ~= false then return head.prices[first], member end
    end
  else
    head = extend_head(shard, rank, 1)
  end
  head.first = skip_removed(rank, head.first)
  while head.first > head.count and not head.complete do
    head = extend_head(shard, rank, rank.page, true)
    rank.page = math.min(rank.page * PAGE_GROWTH, PAGE_MAX)
    head.first = skip_removed(rank, head.first)
  end
  return head.prices[head.first] or false, head.members[head.first]
end

-- Puts an order into a head by price and age. One that is farther than all that was known of stays out, unless all is known: the last of
-- that stood at `last_price`, with `last_priority`.
local function join_head(rank, member, price, last_price, last_priority)
  local head, is_descending = rank.head, rank.is_bid
  local members, prices, count = head.members, head.prices, head.count
  local priority, at = ranks.priority_of(member), count
  while at >= head.first do
    local other = prices[at]
    local is_ahead = (is_descending and other < price) or (not is_descending and other > price)
    if not is_ahead and not (other == price and ranks.priority_of(members[at]) > priority) then break end
    at = at - 1
  end
  if at == count and not head.complete then
    if not last_price or (is_descending and price < last_price) or (not is_descending and price > last_price) then return end
    if price == last_price and priority > last_priority then return end
  end
  if count - at > MOVED_MAX then
    rank.head = nil
    return
  end
  for i = count, at + 1, -1 do members[i + 1], prices[i + 1] = members[i], prices[i] end
  members[at + 1], prices[at + 1] = member, price
  head.count = count + 1
end

-- What a head knows of an order that is about to stand elsewhere is forgotten.
local function leave_head(rank, member)
  local head = rank.head
  local members, prices, count = head.members, head.prices, head.count
  for i = head.first, count do
    if members[i] == member then
      for j = i, count - 1 do members[j], prices[j] = members[j + 1], prices[j + 1] end
      members[count], prices[count], head.count = nil, nil, count - 1
      return
    end
  end
end

-- An order takes its place, or another one than it had.
function ranks.put(rank, member, price, price_text)
  if rank.head then
    local head = rank.head
    local last_price, last_member = head.prices[head.count], head.members[head.count]
    -- Whatever was pending of it, the head may know of it.
    leave_head(rank, member)
    join_head(rank, member, price, last_price, last_member and ranks.priority_of(last_member))
  end
  rank.members[member] = rank.is_bid and '-' .. price_text or price_text
end

-- An order goes. (One that came within this call may be in the sorted set all the same: it has been there before.)
function ranks.take(rank, member)
  rank.members[member] = false
end
