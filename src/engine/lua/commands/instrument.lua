-- instrument: makes an instrument, or changes one that is there.
-- Arguments: instrument, opens (1 to make it, 0 to change it), listed (its rules, as the log has them: those of the new one, or what the
--   service knows of it where the catalogue has nothing), wanted (of each rule that may be changed, null for as it is), scale (what its
--   ticks and lots are worth, as the `instruments` hash has it), actor (as the log tells it, '' for anybody), idem (digest of its key, or
--   ''), request (as JSON, or '').
-- What is opened while its orders cross ends a call auction: its price is set here, and uncross.lua goes on with it. What the call has changed
--   has to be written ahead of this.
-- Reads: catalogue, instruments, idem, book, depth, hidden, trades. Writes: catalogue, instruments, band, meta, idem, log.
-- Returns: the entry, R<its key's answer> or X<code>.

local next_seq, answered, refuse = log.next_seq, log.answered, log.refuse
local LAST = ARGUMENTS.instrument - 1

local OPENED = { [INSTRUMENT_STATE.open] = true, [INSTRUMENT_STATE.post_only] = true }

local function or_else(wanted, was)
  return wanted == 'null' and was or wanted
end

-- Where the reference of its price band begins with the last trade: as the band is set, or as the instrument is opened and no auction is to come.
-- Without a band there is none.
local function band_from_of(shard, instrument, before, band, is_anew, band_from)
  if band == '0' then return before == '0' and before or bands.anchor(shard, instrument, false) end
  return is_anew and bands.anchor(shard, instrument, books.last_trade(shard, books.of(shard, instrument))) or band_from
end

-- The rules with what is wanted of them, and the price of the call auction that this ends, nil for none; nil where the limits would leave
-- nothing between them.
local function changed(shard, instrument, stored, wanted)
  local RULE_PARTS = match(stored, RULES_PATTERN)
  if not bound then error('rules of an unknown layout: ' .. stored) end
  local new_state, new_price_min, new_price_max, new_quantity_min, new_quantity_max, new_value, new_band, new_window, new_slippage =
    match(wanted, WANTED_PATTERN)
  price_min, price_max = or_else(new_price_min, price_min), or_else(new_price_max, price_max)
  quantity_min, quantity_max = or_else(new_quantity_min, quantity_min), or_else(new_quantity_max, quantity_max)
  if tonumber(price_min) > tonumber(price_max) or tonumber(quantity_min) > tonumber(quantity_max) then return nil end
  -- Where it was open already nothing crosses.
  local is_opened, opening = OPENED[new_state] and not OPENED[state], nil
  if is_opened then opening = auction_price.find(shard.tag, instrument, auction_price.last(shard.tag, instrument)) end
  local band, window = or_else(new_band, price_band), or_else(new_window, band_window_s)
  if band ~= '0' and window == '0' then window = BAND_WINDOW_S end
  local is_anew = band ~= price_band or window ~= band_window_s or (is_opened and not opening)
  return concat({
    bound, or_else(new_state, state), price_min, price_max, quantity_min, quantity_max, or_else(new_value, min_value), band,
    window, or_else(new_slippage, max_slippage), opening and text(opening) or opening_price, band_from_of(shard, instrument, price_band, band, is_anew, band_from),
  }, ','), opening
end

function instruments.run(shard, limits, argv, at)
  local INSTRUMENT_ARGUMENTS = unpack(argv, at, at + LAST)
  local known = answered(shard, limits, idem)
  if known then return known end
  local asked = '["I","' .. actor .. '",' .. opens .. ',"' .. instrument .. '",' .. listed .. ',' .. wanted .. ']'
  local stored, is_new = catalogue.text(shard, instrument), opens == '1'
  if is_new then
    if stored then return refuse(shard, CODE.instrument_exists, nil, nil, asked, idem, request) end
    -- It was traded before: what the records have of it is counted in its ticks, lots and assets.
    local bound_to = call('HGET', shard.tag .. 'instruments', instrument)
    if bound_to and bound_to ~= scale then return refuse(shard, CODE.instrument_bound, nil, nil, asked, idem, request) end
  end
  local rules, opening = changed(shard, instrument, stored or listed, wanted)
  if not rules then return refuse(shard, CODE.instrument_limits_crossed, nil, nil, asked, idem, request) end

  next_seq(shard)
  if opening then shard.opening = instrument end
  catalogue.put(shard, instrument, rules, is_new and scale)
  if catalogue.is_open(shard, instrument) then
    stops.wake(shard, instrument)
    lists.wake(shard, instrument)
  end
  return log.add(shard, idem, log.OPENING.instrument .. shard.seq_text .. ',' .. shard.time .. ',' .. asked .. ',0,[[' .. catalogue.event(instrument, rules) .. ']'
    .. log.ending(shard, idem, request))
end
