-- The rules of instruments: in which state each is, and what bounds its orders. The catalogue has those that were made at run time, or
-- changed; of any other the service knows what there is to know, and it is open. An instrument is plain while it is open and nothing
-- bounds its orders: as long as all are, `rules` in `meta` is 0 and nothing else of this is read.
--
-- In a call auction orders wait and nothing trades. It ends in uncross.lua, at the price that `opening_price` of the rules says: as long as it
-- does, `opening` of meta names the instrument.

local best_price, traits_of = heads.best, traits.of
local EVENT_HEAD = EVENT.instrument .. ',"'
local OPEN, POST_ONLY, HALTED, AUCTION = INSTRUMENT_STATE.open, INSTRUMENT_STATE.post_only, INSTRUMENT_STATE.halted, INSTRUMENT_STATE.auction
local ONLY_POSTS = { [KIND.limit_post_only] = true }

-- What the catalogue has of an instrument, false for nothing.
function catalogue.text(shard, instrument)
  local new = shard.new_rules
  return new and new[instrument] or call('HGET', shard.tag .. 'catalogue', instrument)
end

local function is_plain(state, price_min, price_max, quantity_min, quantity_max, min_value, price_band, max_slippage, opening_price)
  return state == OPEN and opening_price == '0' and min_value == '0' and price_band == '0' and max_slippage == '0' and price_min == '1' and quantity_min == '1'
    and price_max == AMOUNT_MAX_TEXT and quantity_max == AMOUNT_MAX_TEXT
end

-- The rules of an instrument, false for one that the catalogue does not have.
function catalogue.of(shard, instrument)
  local known = shard.rules
  if not known then
    known = {}
    shard.rules = known
  end
  local rules = known[instrument]
  if rules == nil then
    local stored = catalogue.text(shard, instrument)
    rules = false
    if stored then
      local RULE_PARTS = match(stored, RULES_PATTERN)
      if not bound then error('rules of an unknown layout: ' .. stored) end
      rules = {
        text = stored, bound = bound, state = state, opening_price = opening_price, gathers = state == AUCTION,
        -- Whether orders trade as they come.
        is_open = state == OPEN and opening_price == '0',
        min_value = tonumber(min_value), price_min = tonumber(price_min), price_max = tonumber(price_max),
        quantity_min = tonumber(quantity_min), quantity_max = tonumber(quantity_max), max_slippage = max_slippage ~= '0' and tonumber(max_slippage) or nil,
        price_band = tonumber(price_band), band_window_s = tonumber(band_window_s),
        is_plain = is_plain(state, price_min, price_max, quantity_min, quantity_max, min_value, price_band, max_slippage, opening_price),
      }
    end
    known[instrument] = rules
  end
  return rules
end

-- Brings an instrument to new rules, and its scale where it is new.
function catalogue.put(shard, instrument, stored, scale)
  local before = catalogue.of(shard, instrument)
  if not shard.new_rules then shard.new_rules, shard.new_scales = {}, {} end
  shard.new_rules[instrument] = stored
  if scale then shard.new_scales[instrument] = scale end
  shard.rules[instrument] = nil
  local was_plain, plain = not before or before.is_plain, catalogue.of(shard, instrument).is_plain
  local count = tonumber(shard.rule_count or 0) + (was_plain and 0 or -1) + (plain and 0 or 1)
  shard.rule_count, shard.has_rules = text(count), count > 0
end

-- Whether an instrument's orders trade as they come.
function catalogue.is_open(shard, instrument)
  local rules = catalogue.of(shard, instrument)
  return not rules or rules.is_open
end

-- Whether an instrument's orders wait for a call auction.
function catalogue.gathers(shard, instrument)
  local rules = catalogue.of(shard, instrument)
  return rules and rules.gathers
end

-- The call auction of an instrument is carried out. band_from: of its rules from now on. Returns these, as text.
function catalogue.opened(shard, instrument, band_from)
  local stored = match(catalogue.of(shard, instrument).text, '^(.*,)%d+,%d+$') .. '0,' .. band_from
  catalogue.put(shard, instrument, stored)
  shard.opening = nil
  return stored
end

function catalogue.flush(shard)
  set_fields(shard.tag .. 'catalogue', shard.new_rules)
  set_fields(shard.tag .. 'instruments', shard.new_scales)
  call('HSET', shard.meta_key, 'rules', shard.rule_count)
  if shard.opening then
    call('HSET', shard.meta_key, 'opening', shard.opening)
  elseif shard.opening_stored then
    call('HDEL', shard.meta_key, 'opening')
  end
  shard.new_rules, shard.new_scales = nil, nil
end

-- The event that tells of an instrument's rules, its inside.
function catalogue.event(instrument, stored)
  return EVENT_HEAD .. instrument .. '",' .. stored
end

-- Nothing trades from now on: the instrument's orders are gathered for a call auction. Returns the event that tells of it, with a comma
-- before it.
function catalogue.halt(shard, instrument)
  local rules = catalogue.of(shard, instrument)
  local stored = rules.bound .. ',' .. AUCTION .. sub(rules.text, #rules.bound + #rules.state + 2)
  catalogue.put(shard, instrument, stored)
  return ',[' .. catalogue.event(instrument, stored) .. ']'
end

-- Whether an order of a kind is taken in a state. may_rest: whether what is left of it may wait.
local function takes(state, kind, may_rest)
  if state == OPEN then return true end
  if state == POST_ONLY then return ONLY_POSTS[kind] end
  return state == AUCTION and may_rest
end

local function turned_down(code, instrument, rules)
  return code, EVENT_HEAD .. instrument .. '",' .. rules.text
end

-- Why an order is not taken, and what tells the rule: nil where it is, and then whether it waits for a call auction. may_rest: whether it may
-- wait, in the book or for a price. A market order is worth what it would be at the stop price that it waits for, else (one that trails, too) at
-- the best one that it meets; where there is none it trades nothing, and is worth whatever is asked for. One by money is worth that: nobody
-- knows yet how many lots it will trade.
function catalogue.not_taken(shard, instrument, kind, may_rest, side, ticks, lots, list)
  local rules = catalogue.of(shard, instrument)
  if not rules or rules.is_plain then return nil end
  local state = rules.state
  if not takes(state, kind, may_rest) then return turned_down(CODE.instrument_not_open, instrument, rules) end
  local found = traits_of(list)
  local budget = found and found[TRAIT.budget]
  if budget then
    if tonumber(budget) < rules.min_value then return turned_down(CODE.value_below_minimum, instrument, rules) end
    return nil, nil, state == AUCTION
  end
  local price = ticks
  if price == 0 then
    local stop_price = found and found[TRAIT.triggerPrice]
    price = stop_price and tonumber(stop_price) or best_price(shard, books.of(shard, instrument)[OPPOSITE[side]])
  elseif price < rules.price_min or price > rules.price_max then
    return turned_down(CODE.outside_instrument_limits, instrument, rules)
  end
  if lots < rules.quantity_min or lots > rules.quantity_max then return turned_down(CODE.outside_instrument_limits, instrument, rules) end
  -- A product that is rounded is above every minimum: those are exact.
  if price and price * lots < rules.min_value then return turned_down(CODE.value_below_minimum, instrument, rules) end
  return nil, nil, state == AUCTION
end

-- The same of one that is to take a place among those that wait for a price: while some of them are still to go, what has reached these would reach
-- it as well.
function catalogue.not_awaited(shard, instrument)
  if not stops.is_suspended(shard, instrument) then return nil end
  return turned_down(CODE.instrument_not_open, instrument, catalogue.of(shard, instrument))
end

-- The same of what an amend leaves of an order: of a market order, which is worth what it would be at `stop_ticks` (false for nobody knows
-- what), `ticks` are 0, and `lots` of one by money, of
-- which nothing changes but what it waits for. One that only takes something off it, at its price, is taken wherever a cancel is.
function catalogue.not_amended(shard, instrument, kind, only_reduces, ticks, lots, remaining, stop_ticks)
  local rules = catalogue.of(shard, instrument)
  if not rules or rules.is_plain then return nil end
  local state = rules.state
  if state == HALTED or (not only_reduces and not takes(state, kind, true)) then
    return turned_down(CODE.instrument_not_open, instrument, rules)
  end
  if lots == 0 then return nil end
  local is_within = ticks == 0 or (ticks >= rules.price_min and ticks <= rules.price_max)
  if not only_reduces and (not is_within or lots < rules.quantity_min or lots > rules.quantity_max) then
    return turned_down(CODE.outside_instrument_limits, instrument, rules)
  end
  -- Of one that goes at any price once another is filled nobody knows yet what it will be worth.
  if ticks == 0 and not stop_ticks then return nil end
  if (ticks == 0 and stop_ticks or ticks) * remaining < rules.min_value then return turned_down(CODE.value_below_minimum, instrument, rules) end
  return nil
end

-- How far behind the best price a market order takes at most, in millionths of that; nil for any.
function catalogue.slippage(shard, instrument)
  local rules = catalogue.of(shard, instrument)
  return rules and rules.max_slippage
end

-- What tells that an instrument is halted, nil where it is not.
function catalogue.halted(shard, instrument)
  local rules = catalogue.of(shard, instrument)
  if not rules or rules.state ~= HALTED then return nil end
  return EVENT_HEAD .. instrument .. '",' .. rules.text
end
