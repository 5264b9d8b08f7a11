-- Price levels: what each shows in all, and who joins or leaves it.

local member_of, join_head = books.member_of, heads.join

local function know_total(half, price_text, stored)
  half.stored_totals[price_text] = stored
  local total = stored and tonumber(stored) or 0
  half.totals[price_text] = total
  return total
end

-- Notes a level whose total a command of the call will ask for.
function levels.want(half, price_text)
  if half.stored_totals[price_text] ~= nil then return end
  half.stored_totals[price_text] = false
  half.wanted[#half.wanted + 1] = price_text
end

function levels.read_wanted(shard)
  for _, book in pairs(shard.books) do
    for side in pairs(OPPOSITE) do
      local half = book[side]
      local wanted = half.wanted
      if #wanted > 0 then
        local found = call('HMGET', half.depth_key, unpack(wanted))
        for i = 1, #wanted do know_total(half, wanted[i], found[i]) end
        half.wanted = {}
      end
    end
  end
end

-- What a level shows, as a number.
local function level_total(half, price_text)
  return half.totals[price_text] or know_total(half, price_text, call('HGET', half.depth_key, price_text))
end

-- Sets a level's total, which is known. Returns the level's change for the log.
local function set_level(half, price_text, total)
  local total_text = total == 0 and '0' or format('%d', total)
  half.totals[price_text], half.changed_totals[price_text] = total, total_text
  if total == 0 and half.best == tonumber(price_text) then half.best = nil end
  return half.change .. price_text .. ',' .. total_text .. ']'
end

-- Takes `lots` off a level. Returns the level's change for the log.
function levels.lower(half, price_text, lots)
  return set_level(half, price_text, (half.totals[price_text] or level_total(half, price_text)) - lots)
end

-- Puts an order at the back of its level. `total` is the level's new total, checked by the caller.
function levels.join(shard, half, price, price_text, id, total)
  local is_bid = half.is_bid
  local member = member_of(shard, shard.seq_text, id, nil)
  half.members[member] = is_bid and '-' .. price_text or price_text
  if half.head then join_head(half, member, price) end
  local best = half.best
  if best ~= nil and (best == false or (is_bid and price > best) or (not is_bid and price < best)) then
    half.best = price
  end
  return set_level(half, price_text, total)
end

-- refill: of an iceberg whose place a refill gave it, else nil.
function levels.leave(shard, half, priority_text, id, refill)
  local member = member_of(shard, priority_text, id, refill)
  -- One that came within this call is not stored yet, but the head may know of it.
  if half.members[member] and not half.head then half.members[member] = nil else half.members[member] = false end
end

function levels.flush(half)
  local set, set_count, gone, gone_count = {}, 0, {}, 0
  for price_text, total_text in pairs(half.changed_totals) do
    local stored = half.stored_totals[price_text]
    if total_text == '0' then
      if stored then
        gone_count = gone_count + 1
        gone[gone_count] = price_text
      end
    elseif total_text ~= stored then
      set[set_count + 1], set[set_count + 2] = price_text, total_text
      set_count = set_count + 2
    end
  end
  call_many('HSET', half.depth_key, set, set_count)
  call_many('HDEL', half.depth_key, gone, gone_count)
end

levels.total, levels.set = level_total, set_level
