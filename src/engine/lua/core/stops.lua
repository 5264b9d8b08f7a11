-- Orders that wait for a price ahead of the book: stops and take-profits, and of trailing stops the nearest of each group (core/trails.lua). Plain
-- commands pay nothing for them: `waiting` of meta names the instruments that have any, and even there they are looked at only by a command that
-- trades.
--
-- Keys: stops:<instrument>:<rising|falling>  sorted set: score = the order's stop price (negative for falling), member = priority + order id,
--                                            as in a side of the book: nearest first, then first come
--       reached:<instrument>                 list, oldest first: entries whose trades have reached orders that still wait, or move trailing
--                                            ones behind such an entry, each as `sequence,first price,last price`, and `,moving` where
--                                            it has moved a part of these
--       meta                                 waiting: `;<instrument>;<instrument>;`; reached: `<instrument>=<lowest>,<highest>`, of the one
--                                            instrument whose list goes on ahead of everything else, and how far its entries reach in all;
--                                            suspended: `;<instrument>=<lowest>,<highest>;`, the same of those that do not trade: what was
--                                            reached of these goes once they do
--
-- A direction is told by the side that its sorted set is laid out like: falling as bids (highest first), rising as asks.

local member_of, flush_members = books.member_of, books.flush_members
local open_rank, nearest, put, take = ranks.open, ranks.nearest, ranks.put, ranks.take
local are_trailing, trail_of_traits = trails.are_there, trails.of_traits
local FALLING, RISING = BUY, SELL
local NAMES = { [FALLING] = ':falling', [RISING] = ':rising' }
local TAKE_PROFIT = TRIGGER.take_profit
local traits_of, with_trait = traits.of, traits.with

-- How much of what trails is moved on in the place of one order that goes.
local MOVED_PER_TRIGGER = 8
-- What an entry's row ends with that has moved on a part of it: whom the first of its trades has reached is gone.
local MOVING = ',moving'

-- From which direction the price of an order has to come.
local function direction_of(side, trigger)
  if trigger == TAKE_PROFIT then return side end
  return OPPOSITE[side]
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

-- What waits for prices of a book's instrument: a rank for each direction (core/ranks.lua), and the queue of entries (`reached`).
local function waiting_of(shard, book)
  local waiting = book.waiting
  if waiting then return waiting end
  waiting = { reached = queues.open(shard.tag .. 'reached:' .. book.instrument, 0), is_changed = false, has_left = false }
  for direction, name in pairs(NAMES) do
    waiting[direction] = open_rank(shard.tag .. 'stops:' .. book.instrument .. name, direction)
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

-- From which direction the price of a new order has to come, and which it is, as text (nil for one that trails); nil where it waits for none,
-- or is reached already: then it is one of its kind like any other.
function stops.to_wait_for(shard, instrument, side, list)
  local trigger, stop_price = stops.of_traits(list)
  if not trigger then return nil end
  local direction = direction_of(side, trigger)
  if not stop_price then return direction, nil end
  local last = stops.last_price(shard, books.of(shard, instrument))
  if last and stops.is_reached(direction, tonumber(stop_price), last) then return nil end
  return direction, stop_price
end

-- An order begins to wait, behind those of the same price; its priority is the command's sequence. `stop_text` is nil for one that trails.
-- Returns its traits as they are from now on.
function stops.join(shard, book, direction, stop_text, list, id)
  local waiting = waiting_of(shard, book)
  book.waits, waiting.is_changed = true, true
  local name = ';' .. book.instrument .. ';'
  if not shard.waiting then
    shard.waiting = name
  elseif not find(shard.waiting, name, 1, true) then
    shard.waiting = shard.waiting .. sub(name, 2)
  end
  if stop_text then
    put(waiting[direction], member_of(shard, shard.seq_text, id), tonumber(stop_text), stop_text)
    return list
  end
  local measure, distance = trail_of_traits(list)
  local last = stops.last_price(shard, book) or 0
  trails.begin(shard, book, waiting[direction], direction, measure, distance, last, id)
  return with_trait(with_trait(list, TRAIT.best, text(last)), TRAIT.trailsSince, shard.seq_text)
end

-- An entry by its row: sequence as text, first and last price, whether it has moved on a part of what trails; nil for none.
function stops.parse_entry(row)
  if not row then return nil end
  local seq, first, last, moving = match(row, '^(%d+),(%d+),(%d+)(.*)$')
  return seq, tonumber(first), tonumber(last), moving == MOVING
end

local function first_entry(waiting)
  return stops.parse_entry(queues.first(waiting.reached))
end

-- The best price of one that trails, of what its group has seen: an entry may have moved on others, and this group not yet.
local function seen_by_now(waiting, direction, best)
  local _, first, last, is_moving = first_entry(waiting)
  return is_moving and trails.seen(direction, best, first, last) or best
end

-- An order waits no more. Returns its traits as they are from now on, should it go.
function stops.leave(shard, book, direction, list, priority_text, id)
  local waiting = waiting_of(shard, book)
  waiting.is_changed, waiting.has_left = true, true
  local measure, _, since = trail_of_traits(list)
  if not measure then
    take(waiting[direction], member_of(shard, priority_text, id))
    return list
  end
  local best = trails.leave(shard, book, waiting[direction], direction, measure, tonumber(since), priority_text, id)
  return with_trait(list, TRAIT.best, text(seen_by_now(waiting, direction, best)))
end

-- An order's traits as they are now: of one that trails with the best trade that it has seen.
function stops.traits_now(shard, instrument, side, list)
  local measure, _, since = trail_of_traits(list)
  if not measure or since == '0' then return list end
  local book, direction = books.of(shard, instrument), OPPOSITE[side]
  local best = trails.best_of(shard, book, direction, measure, tonumber(since))
  return with_trait(list, TRAIT.best, text(seen_by_now(waiting_of(shard, book), direction, best)))
end

-- The same of an order by its record's parts.
function stops.leave_order(shard, instrument, side, list, priority_text, id)
  return stops.leave(shard, books.of(shard, instrument), direction_of(side, (stops.of_traits(list))), list, priority_text, id)
end

-- An entry as its row.
local function entry_of(seq, first, last, is_moving)
  return seq .. ',' .. text(first) .. ',' .. text(last) .. (is_moving and MOVING or '')
end

-- An entry gets into the queue. `is_moving`: whether it has moved on a part of what trails already.
local function add_entry(shard, book, waiting, first, last, is_moving)
  local low, high = first, last
  if low > high then low, high = last, first end
  local lowest, highest = waiting.lowest, waiting.highest
  waiting.lowest = lowest and lowest < low and lowest or low
  waiting.highest = highest and highest > high and highest or high
  queues.add(waiting.reached, entry_of(shard.seq_text, first, last, is_moving))
  shard.cascade = book
end

-- An order waits on, at another price or behind those of its own; `list` has what it waits for from now on. Where the market stands there
-- already it goes behind the command's entry, as if a trade had reached it now. Returns its traits as they are from now on.
function stops.move(shard, book, direction, list, priority_text, id)
  local waiting = waiting_of(shard, book)
  waiting.is_changed = true
  local measure, distance, since = trail_of_traits(list)
  local stop_price
  if measure then
    local best
    best, stop_price = trails.move(shard, book, waiting[direction], direction, measure, tonumber(since), priority_text, distance, id)
    list = with_trait(list, TRAIT.best, text(best))
  else
    local _, stop_text = stops.of_traits(list)
    stop_price = tonumber(stop_text)
    take(waiting[direction], member_of(shard, priority_text, id))
    put(waiting[direction], member_of(shard, shard.seq_text, id), stop_price, stop_text)
  end
  local last = stops.last_price(shard, book)
  if last and stop_price and stops.is_reached(direction, stop_price, last) then add_entry(shard, book, waiting, last, last) end
  return list
end

-- Who is reached first by trades from one price to another, where `rising` and `falling` are the nearest that wait for these (false for
-- nobody): a direction, nil for nobody. A buyer's trades go up: what they meet first is what waits for a fall as deep as the first of them.
local function met_first(rising, falling, first, last)
  if last >= first then return falling and falling >= first and FALLING or nil end
  return rising and rising <= first and RISING or nil
end

-- Who is reached by the last of them.
local function met_last(rising, falling, first, last)
  if last >= first then return rising and rising <= last and RISING or nil end
  return falling and falling >= last and FALLING or nil
end

-- What trails is moved on by trades from one price to another, once nobody is left whom the first of them has reached: so much of it as `left`
-- says. Returns what is left of that, nil where more is to be moved.
local function move_on(shard, book, waiting, first, last, left)
  waiting.is_changed = true
  return trails.advance(shard, book, waiting, math.min(first, last), math.max(first, last), left)
end

-- Notes that the command has traded in a book: from `first` to `last`, in ticks. Where it has reached somebody whom no entry before it has,
-- its entry gets into the list. Where anybody trails, so does every entry behind one that is there: what it moves on counts for those behind
-- it only. Called by matching.apply where anything waits at all.
function stops.note(shard, book, first, last)
  local above, below = book.quiet_above, book.quiet_below
  if above and first > above and last > above and first < below and last < below and not book.waiting.is_changed then return end
  if not waits(shard, book) then return end
  local waiting = waiting_of(shard, book)
  local rising, falling = nearest(shard, waiting[RISING]), nearest(shard, waiting[FALLING])
  if are_trailing(shard, book) then
    if waiting.lowest or met_first(rising, falling, first, last) then
      add_entry(shard, book, waiting, first, last)
      return
    end
    if not move_on(shard, book, waiting, first, last, MOVED_PER_TRIGGER) then
      add_entry(shard, book, waiting, first, last, true)
      return
    end
    rising, falling = nearest(shard, waiting[RISING]), nearest(shard, waiting[FALLING])
    if met_last(rising, falling, first, last) then add_entry(shard, book, waiting, last, last) end
    return
  end
  local low, high = first, last
  if low > high then low, high = last, first end
  local lowest, highest = waiting.lowest, waiting.highest
  -- Where instruments may stand still, who comes to wait meanwhile is reached by what comes behind it only.
  local any = shard.has_rules
  local reaches = rising and rising <= high and (any or not highest or high > highest)
  if not reaches then reaches = falling and falling >= low and (any or not lowest or low < lowest) end
  if reaches then add_entry(shard, book, waiting, first, last) end
  -- Most trades come nowhere near: those between the nearest reach nobody, as long as nobody comes or goes.
  if not waiting.is_changed then book.quiet_above, book.quiet_below = falling or 0, rising or math.huge end
end

local function drop_all(waiting)
  queues.drop_all(waiting.reached)
  waiting.lowest, waiting.highest = nil, nil
end

-- The order that goes next: its direction, id and the sequence of the entry whose trade has reached it; nil where none has been reached, and
-- the list is done with; and whether an entry is to move on more of what trails than this call may. Of entries the oldest counts; of what its
-- trades went past, what they met first. Once all are gone that the first of its trades has reached, an entry moves on what trails: from then
-- on only its last price counts.
function stops.next(shard, book, limits)
  local waiting = book.waiting
  if not waiting or not waiting.lowest then return nil end
  local trailing = are_trailing(shard, book)
  local rising, rising_member = nearest(shard, waiting[RISING])
  local falling, falling_member = nearest(shard, waiting[FALLING])
  if not trailing then
    if not ((rising and rising <= waiting.highest) or (falling and falling >= waiting.lowest)) then
      drop_all(waiting)
      return nil
    end
  end
  while true do
    local seq, first, last, is_moving = first_entry(waiting)
    -- Those whom they had reached are gone.
    if not seq then
      drop_all(waiting)
      return nil
    end
    local direction = not is_moving and met_first(rising, falling, first, last) or nil
    if not direction and trailing then
      local may_move = MOVED_PER_TRIGGER * limits.triggers_left
      local left = move_on(shard, book, waiting, first, last, may_move)
      limits.triggers_left = limits.triggers_left - math.ceil((may_move - math.max(left or 0, 0)) / MOVED_PER_TRIGGER)
      if not left then
        if not is_moving then queues.rewrite(waiting.reached, entry_of(seq, first, last, true)) end
        return nil, nil, nil, true
      end
      if first ~= last or is_moving then queues.rewrite(waiting.reached, entry_of(seq, last, last)) end
      rising, rising_member = nearest(shard, waiting[RISING])
      falling, falling_member = nearest(shard, waiting[FALLING])
    end
    direction = direction or met_last(rising, falling, first, last)
    if direction then return direction, direction == RISING and rising_member or falling_member, seq end
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

-- Whether some of an instrument that does not trade have been reached, and go once it does. All that had been may be cancelled since: the record
-- tells who waits, and no more, so that nothing else may count here.
function stops.is_suspended(shard, instrument)
  if not shard.suspended or not suspended_of(shard, instrument) then return false end
  local book = books.of(shard, instrument)
  -- Ahead of what says how far that is.
  waiting_of(shard, book)
  if stops.next(shard, book, { triggers_left = EXACT_MAX }) then return true end
  unsuspend(shard, instrument)
  return false
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

local function tell(shard, field, names)
  if names == ';' then call('HDEL', shard.meta_key, field) else call('HSET', shard.meta_key, field, names) end
end

-- Writes what the call has changed of what waits, and which instruments anything waits in.
function stops.flush(shard)
  local names = shard.waiting
  for instrument, book in pairs(shard.books) do
    local waiting = book.waiting
    if waiting and waiting.is_changed then
      flush_members(waiting[FALLING])
      flush_members(waiting[RISING])
      if book.trails then trails.flush(shard, book) end
      -- Of what trails, those that stand nowhere yet are in neither.
      if waiting.has_left and not are_trailing(shard, book) and call('EXISTS', waiting[FALLING].key, waiting[RISING].key) == 0 then
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
  if names ~= shard.waiting_stored then tell(shard, 'waiting', names) end
  if shard.trailing ~= shard.trailing_stored then tell(shard, 'trailing', shard.trailing) end
end

stops.direction_of = direction_of
