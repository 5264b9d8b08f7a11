-- Orders that wait for a price ahead of the book: stops and take-profits. Plain commands pay nothing for them: `waiting` of meta names the
-- instruments that have any, and even there they are looked at only by a command that trades.
--
-- Keys: stops:<instrument>:<rising|falling>  sorted set: score = the order's stop price (negative for falling), member = priority + order id,
--                                            as in a side of the book: nearest first, then first come
--       reached:<instrument>                 list, oldest first: entries whose trades have reached orders that still wait, each as
--                                            `sequence,first price,last price`
--       meta                                 waiting: `;<instrument>;<instrument>;`; reached: `<instrument>=<lowest>,<highest>`, of the one
--                                            instrument whose list goes on ahead of everything else, and how far its entries reach in all;
--                                            suspended: `;<instrument>=<lowest>,<highest>;`, the same of those that do not trade: what was
--                                            reached of these goes once they do
--
-- A direction is told by the side that its sorted set is laid out like: falling as bids (highest first), rising as asks.

local member_of, flush_members = books.member_of, books.flush_members
local extend_head, skip_removed, join_head = heads.extend, heads.skip_removed, heads.join
local FALLING, RISING = BUY, SELL
local NAMES = { [FALLING] = ':falling', [RISING] = ':rising' }
local STOP = TRIGGER.stop
local traits_of = traits.of

-- Orders read at once behind the nearest one.
local PAGE_FIRST, PAGE_GROWTH, PAGE_MAX = 8, 8, 256

-- From which direction the price of an order has to come.
local function direction_of(side, trigger)
  if trigger == STOP then return OPPOSITE[side] end
  return side
end

-- What `suspended` says of an instrument: how far its entries reach, and where that begins and ends; nil for nothing.
local function suspended_of(shard, instrument)
  local names = shard.suspended
  local from, to = find(names or '', ';' .. instrument .. '=', 1, true)
  if not from then return nil end
  local lowest, highest, behind = match(names, '^(%d+),(%d+)()', to + 1)
  return lowest, highest, from, behind
end

-- Takes an instrument out of `suspended`. Returns whether it was there.
local function unsuspend(shard, instrument)
  local _, _, from, behind = suspended_of(shard, instrument)
  if not from then return false end
  local names = sub(shard.suspended, 1, from - 1) .. sub(shard.suspended, behind)
  shard.suspended = names ~= ';' and names or nil
  return true
end

-- What waits for prices of a book's instrument: a half for each direction (as of a book: core/books.lua), and the queue of entries (`reached`).
local function waiting_of(shard, book)
  local waiting = book.waiting
  if waiting then return waiting end
  waiting = { reached = queues.open(shard.tag .. 'reached:' .. book.instrument, 0), is_changed = false, has_left = false }
  for direction, name in pairs(NAMES) do
    waiting[direction] = { side = direction, key = shard.tag .. 'stops:' .. book.instrument .. name, members = {}, page = PAGE_FIRST }
  end
  book.waiting = waiting
  local lowest, highest = suspended_of(shard, book.instrument)
  if lowest then
    waiting.lowest, waiting.highest = tonumber(lowest), tonumber(highest)
    queues.count(waiting.reached)
  end
  return waiting
end

-- Whether anything waits for a price of the book's instrument.
local function waits(shard, book)
  local known = book.waits
  if known == nil then
    known = find(shard.waiting, ';' .. book.instrument .. ';', 1, true) ~= nil
    book.waits = known
  end
  return known
end

-- The nearest stop price of a direction, false where nobody waits there.
local function nearest(shard, half)
  local best = half.best
  if best ~= nil then return best end
  local head = half.head or extend_head(shard, half, 1)
  head.first = skip_removed(half, head.first)
  while head.first > head.count and not head.complete do
    head = extend_head(shard, half, half.page, true)
    half.page = math.min(half.page * PAGE_GROWTH, PAGE_MAX)
    head.first = skip_removed(half, head.first)
  end
  best = head.prices[head.first] or false
  half.best = best
  return best
end

-- What an order waits for, told from its traits: trigger and stop price, both text; nil for nothing.
function stops.of_traits(list)
  local found = traits_of(list)
  local trigger = found and found[TRAIT.trigger]
  return trigger, trigger and found[TRAIT.triggerPrice]
end

-- The price of the instrument's last trade, nil ahead of the first.
function stops.last_price(shard, book)
  local row = books.last_trade(shard, book)
  return row and tonumber(match(row, '^%d+,(%d+)')) or nil
end

-- Whether a trade at a price is what an order waits for.
function stops.is_reached(direction, stop_price, price)
  if direction == RISING then return price >= stop_price end
  return price <= stop_price
end

-- From which direction the price of a new order has to come, and which it is, as text; nil where it waits for none, or is reached already: then it
-- is one of its kind like any other.
function stops.to_wait_for(shard, instrument, side, list)
  local trigger, stop_price = stops.of_traits(list)
  if not trigger then return nil end
  local direction, last = direction_of(side, trigger), stops.last_price(shard, books.of(shard, instrument))
  if last and stops.is_reached(direction, tonumber(stop_price), last) then return nil end
  return direction, stop_price
end

-- An order begins to wait, behind those of the same price; its priority is the command's sequence.
function stops.join(shard, book, direction, stop_text, id)
  local waiting = waiting_of(shard, book)
  local half, stop_price = waiting[direction], tonumber(stop_text)
  local member = member_of(shard, shard.seq_text, id)
  half.members[member] = direction == FALLING and '-' .. stop_text or stop_text
  if half.head then join_head(half, member, stop_price) end
  local best = half.best
  if best ~= nil and (best == false or (direction == FALLING and stop_price > best) or (direction == RISING and stop_price < best)) then
    half.best = stop_price
  end
  book.waits, waiting.is_changed = true, true
  local name = ';' .. book.instrument .. ';'
  if not shard.waiting then
    shard.waiting = name
  elseif not find(shard.waiting, name, 1, true) then
    shard.waiting = shard.waiting .. sub(name, 2)
  end
end

-- An order waits no more.
function stops.leave(shard, book, direction, priority_text, id)
  local waiting = waiting_of(shard, book)
  local half, member = waiting[direction], member_of(shard, priority_text, id)
  -- One that came within this call is not stored yet, but the head may know of it.
  if half.members[member] and not half.head then half.members[member] = nil else half.members[member] = false end
  half.best, waiting.is_changed, waiting.has_left = nil, true, true
end

-- The same of an order by its record's parts.
function stops.leave_order(shard, instrument, side, list, priority_text, id)
  stops.leave(shard, books.of(shard, instrument), direction_of(side, (stops.of_traits(list))), priority_text, id)
end

-- What has been reached of an order that is so already as it begins to wait: it goes behind its own entry.
function stops.note_own(shard, book, price)
  local waiting = waiting_of(shard, book)
  if not waiting.lowest or price < waiting.lowest then waiting.lowest = price end
  if not waiting.highest or price > waiting.highest then waiting.highest = price end
  queues.add(waiting.reached, shard.seq_text .. ',' .. text(price) .. ',' .. text(price))
  shard.cascade = book
end

-- Notes that the command has traded in a book: from `first` to `last`, in ticks. Where it may have reached somebody whom no entry before it has,
-- its entry gets into the queue. Called by matching.apply where anything waits at all.
function stops.note(shard, book, first, last)
  if not waits(shard, book) then return end
  local waiting = waiting_of(shard, book)
  local low, high = first, last
  if low > high then low, high = last, first end
  local rising, falling = nearest(shard, waiting[RISING]), nearest(shard, waiting[FALLING])
  local lowest, highest = waiting.lowest, waiting.highest
  -- Where instruments may stand still, who comes to wait meanwhile is reached by what comes behind it only.
  local any = shard.has_rules
  local reaches = rising and rising <= high and (any or not highest or high > highest)
  if not reaches then reaches = falling and falling >= low and (any or not lowest or low < lowest) end
  if not reaches then return end
  waiting.lowest = lowest and lowest < low and lowest or low
  waiting.highest = highest and highest > high and highest or high
  queues.add(waiting.reached, shard.seq_text .. ',' .. text(first) .. ',' .. text(last))
  shard.cascade = book
end

-- The first entry: sequence as text, first and last price; nil where there is none.
local function first_entry(waiting)
  local row = queues.first(waiting.reached)
  if not row then return nil end
  local seq, first, last = match(row, '^(%d+),(%d+),(%d+)$')
  return seq, tonumber(first), tonumber(last)
end

local function drop_all(waiting)
  queues.drop_all(waiting.reached)
  waiting.lowest, waiting.highest = nil, nil
end

-- The order that goes next: its direction, id and the sequence of the entry whose trade has reached it; nil where none has been reached, and
-- the list is done with. Of entries the oldest counts; of what its trades went past, what they met first.
function stops.next(shard, book)
  local waiting = book.waiting
  if not waiting or not waiting.lowest then return nil end
  local rising, falling = nearest(shard, waiting[RISING]), nearest(shard, waiting[FALLING])
  local lowest, highest = waiting.lowest, waiting.highest
  if not ((rising and rising <= highest) or (falling and falling >= lowest)) then
    drop_all(waiting)
    return nil
  end
  while true do
    local seq, first, last = first_entry(waiting)
    -- Those whom they had reached have gone while the instrument did not trade.
    if not seq then
      drop_all(waiting)
      return nil
    end
    local direction
    -- A buyer's trades go up: what they meet first is what waits for a fall as deep as the first of them.
    if last >= first then
      direction = falling and falling >= first and FALLING or rising and rising <= last and RISING
    else
      direction = rising and rising <= first and RISING or falling and falling >= last and FALLING
    end
    if direction then
      local head = waiting[direction].head
      return direction, head.members[head.first], seq
    end
    queues.drop(waiting.reached)
  end
end

-- Goes on with a cascade that another call has left. `reached` is what meta says of it.
function stops.resume(shard, reached)
  local instrument, lowest, highest = match(reached, '^(.*)=(%d+),(%d+)$')
  local book = books.of(shard, instrument)
  local waiting = waiting_of(shard, book)
  waiting.lowest, waiting.highest = tonumber(lowest), tonumber(highest)
  queues.count(waiting.reached)
  shard.cascade = book
end

-- The cascade of a book whose instrument does not trade goes on once it does.
function stops.suspend(shard, book)
  local waiting = book.waiting
  if not waiting or not waiting.lowest then return end
  unsuspend(shard, book.instrument)
  shard.suspended = (shard.suspended or ';') .. book.instrument .. '=' .. text(waiting.lowest) .. ',' .. text(waiting.highest) .. ';'
end

-- An instrument trades from now on: what was reached of it goes.
function stops.wake(shard, instrument)
  if not shard.suspended then return end
  local book = books.of(shard, instrument)
  -- Ahead of what says how far that is.
  waiting_of(shard, book)
  if unsuspend(shard, instrument) then shard.cascade = book end
end

-- Writes what the call has changed of what waits, and which instruments anything waits in.
function stops.flush(shard)
  local names = shard.waiting
  for instrument, book in pairs(shard.books) do
    local waiting = book.waiting
    if waiting and waiting.is_changed then
      flush_members(waiting[FALLING])
      flush_members(waiting[RISING])
      if waiting.has_left and call('EXISTS', waiting[FALLING].key, waiting[RISING].key) == 0 then
        local from, to = find(names, ';' .. instrument .. ';', 1, true)
        names = sub(names, 1, from) .. sub(names, to + 1)
      end
    end
    if waiting then queues.flush(waiting.reached) end
  end
  local book = shard.cascade
  if book and book.waiting and book.waiting.lowest then
    call('HSET', shard.meta_key, 'reached', book.instrument .. '=' .. text(book.waiting.lowest) .. ',' .. text(book.waiting.highest))
  elseif shard.reached then
    call('HDEL', shard.meta_key, 'reached')
  end
  if shard.suspended ~= shard.suspended_stored then
    if shard.suspended then call('HSET', shard.meta_key, 'suspended', shard.suspended) else call('HDEL', shard.meta_key, 'suspended') end
  end
  if names == shard.waiting_stored then return end
  if names == ';' then call('HDEL', shard.meta_key, 'waiting') else call('HSET', shard.meta_key, 'waiting', names) end
end

stops.direction_of = direction_of
