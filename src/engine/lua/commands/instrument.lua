-- instrument: makes an instrument, or changes one that is there.
-- Arguments: instrument, opens (1 to make it, 0 to change it), listed (its rules, as the log has them: those of the new one, or what the
--   service knows of it where the catalogue has nothing), wanted (of each rule that may be changed, null for as it is), scale (what its
--   ticks and lots are worth, as the `instruments` hash has it), actor (as the log tells it, '' for anybody), idem (digest of its key, or
--   ''), request (as JSON, or '').
-- Reads: catalogue, instruments, idem. Writes: catalogue, instruments, meta, idem, log.
-- Returns: the entry, R<its key's answer> or X<code>.

local next_seq, answered, refuse = log.next_seq, log.answered, log.refuse
local LAST = ARGUMENTS.instrument - 1

local function or_else(wanted, was)
  return wanted == 'null' and was or wanted
end

-- The rules with what is wanted of them; nil where the limits would leave nothing between them.
local function changed(stored, wanted)
  local RULE_PARTS = match(stored, RULES_PATTERN)
  if not bound then error('rules of an unknown layout: ' .. stored) end
  local new_state, new_price_min, new_price_max, new_quantity_min, new_quantity_max, new_value, new_band, new_window, new_slippage =
    match(wanted, WANTED_PATTERN)
  price_min, price_max = or_else(new_price_min, price_min), or_else(new_price_max, price_max)
  quantity_min, quantity_max = or_else(new_quantity_min, quantity_min), or_else(new_quantity_max, quantity_max)
  if tonumber(price_min) > tonumber(price_max) or tonumber(quantity_min) > tonumber(quantity_max) then return nil end
  return concat({
    bound, or_else(new_state, state), price_min, price_max, quantity_min, quantity_max, or_else(new_value, min_value), or_else(new_band, price_band),
    or_else(new_window, band_window_s), or_else(new_slippage, max_slippage), opening_price, opening_lots, band_from,
  }, ',')
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
  local rules = changed(stored or listed, wanted)
  if not rules then return refuse(shard, CODE.instrument_limits_crossed, nil, nil, asked, idem, request) end

  next_seq(shard)
  catalogue.put(shard, instrument, rules, is_new and scale)
  return log.add(shard, idem, log.OPENING.instrument .. shard.seq_text .. ',' .. shard.time .. ',' .. asked .. ',0,[[' .. catalogue.event(instrument, rules) .. ']'
    .. log.ending(shard, idem, request))
end
