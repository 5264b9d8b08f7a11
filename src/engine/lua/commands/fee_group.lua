-- fee_group: sets the rates of a group of accounts. Orders that are open keep theirs.
-- Arguments: group, rates (as the log has them: a comma, instrument or '' for all others, maker and taker rate in millionths of each),
--   actor (as the log tells it, '' for anybody), idem (digest of its key, or ''), request (as JSON, or '').
-- Reads: fee_groups, idem. Writes: fee_groups, meta, idem, log.
-- Returns: the entry, R<its key's answer> or X<code>.

local next_seq, answered, refuse = log.next_seq, log.answered, log.refuse
local LAST = ARGUMENTS.fee_group - 1
local GROUPS_BESIDE_DEFAULT_MAX = 99

-- All groups by name, and how many there are beside the default.
local function all_groups(shard)
  local stored, groups, count = call('HGETALL', shard.tag .. 'fee_groups'), {}, 0
  for i = 1, #stored, 2 do groups[stored[i]] = fees.parse_rates(stored[i + 1]) end
  for group, rates in pairs(shard.new_fee_groups) do groups[group] = fees.parse_rates(rates) end
  for group in pairs(groups) do
    if group ~= 'default' then count = count + 1 end
  end
  if not groups.default then groups.default = {} end
  return groups, count
end

-- Whether a trade could pay out more in rebates than it brings in: the lowest taker rate of all groups against the lowest maker rate
-- (A-46). Orders that were placed at other rates are looked after where they trade (settlement.lua).
local function loses_money(groups)
  local instruments = { [''] = true }
  for _, rates in pairs(groups) do
    for instrument in pairs(rates) do instruments[instrument] = true end
  end
  for instrument in pairs(instruments) do
    local lowest_maker, lowest_taker = nil, nil
    for group in pairs(groups) do
      local row = fees.row_of(groups, group, instrument)
      local maker, taker = row and row[1] or 0, row and row[2] or 0
      lowest_maker = lowest_maker and math.min(lowest_maker, maker) or maker
      lowest_taker = lowest_taker and math.min(lowest_taker, taker) or taker
    end
    if lowest_maker + lowest_taker < 0 then return true end
  end
  return false
end

function fee_group.run(shard, limits, argv, at)
  local FEE_GROUP_ARGUMENTS = unpack(argv, at, at + LAST)
  local known = answered(shard, limits, idem)
  if known then return known end
  if not shard.keeps_money then return 'X' .. CODE.funds_off end
  if shard.seq - shard.persisted >= limits.backlog_max then return 'X' .. CODE.backlog_full end
  local asked = '["F","' .. actor .. '",' .. shard.funds .. ',"' .. group .. '"' .. rates .. ']'
  local groups, count = all_groups(shard)
  if not groups[group] and count >= GROUPS_BESIDE_DEFAULT_MAX then return refuse(shard, CODE.fee_groups_limit, nil, nil, asked, idem, request) end
  groups[group] = fees.parse_rates(rates)
  if loses_money(groups) then return refuse(shard, CODE.fee_rates_lose_money, nil, nil, asked, idem, request) end

  next_seq(shard)
  shard.new_fee_groups[group], shard.fee_groups[group], shard.has_fees = rates, groups[group], '1'
  for _, scale in pairs(shard.scales) do scale.rates = {} end
  return log.add(shard, idem, log.OPENING.fee_group .. shard.seq_text .. ',' .. shard.time .. ',' .. asked .. ',0,[[' .. EVENT.fee_group .. ',"' .. group .. '"'
    .. rates .. ']' .. log.ending(shard, idem, request))
end
