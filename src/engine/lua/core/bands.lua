-- Price bands: a trade further from the reference price than a fraction of that does not happen. Whoever would make it has its instrument
-- gather orders for a call auction instead. The reference is the price of the last trade that is as old as the band's window, to the second;
-- as long as none is, of the trade that the band begins with: that is the last one as the band was set, or as an auction was over, or the
-- first there ever is. `band_from` of the rules is its id, 0 for the first.
--
-- Key: band:<instrument>  zset: '<second>,<price ticks>' of the last trade of a second, by the second, and as of second 0 the one that the band
--                         begins with. None is kept that is older than the reference as of the last trade.

local share_of, rules_of = amounts.share_of, catalogue.of
-- Id and price of a trade as the list of recent ones has it.
local TRADE_PATTERN = '^(%d+),(%d+),'

local function key_of(shard, instrument)
  return shard.tag .. 'band:' .. instrument
end

local function second_of(time_us)
  return floor(time_us / 1000000)
end

-- What the second is that a reference is of, at the latest.
local function latest(shard, rules)
  return text(second_of(shard.time_us) - rules.band_window_s)
end

-- The reference price of a book, nil before there was a trade.
local function reference_of(shard, book, rules)
  local instrument = book.instrument
  local stored = shard.bands[instrument]
  if stored == nil then
    local found = call('ZREVRANGEBYSCORE', key_of(shard, instrument), latest(shard, rules), '-inf', 'LIMIT', 0, 1)[1]
    stored = found and tonumber(match(found, ',(%d+)$')) or false
    shard.bands[instrument] = stored
  end
  if stored or book.recent_count == 0 then return stored or nil end
  -- The first trade that counts is of this call.
  local _, price = match(book.recent[1], TRADE_PATTERN)
  return tonumber(price)
end

-- The lowest and the highest price at which a book may trade; nil where nothing bounds it.
function bands.limits(shard, book)
  local rules = rules_of(shard, book.instrument)
  if not rules or rules.price_band == 0 then return nil end
  local reference = reference_of(shard, book, rules)
  if not reference then return nil end
  local off = share_of(reference, rules.price_band)
  return reference - off, reference + off
end

-- From now on an instrument's reference begins with its last trade: `row` is that as the list of recent ones has it, false where it has
-- never traded, or has no band. Returns its id, 0 for none.
function bands.anchor(shard, instrument, row)
  local id, price = '0', nil
  if row then id, price = match(row, TRADE_PATTERN) end
  local book = shard.books[instrument]
  shard.anchors = shard.anchors or {}
  -- What the call has traded until now counts no more.
  shard.anchors[instrument] = { price = price, count = book and book.recent_count or 0 }
  shard.bands[instrument] = price and tonumber(price) or false
  return id
end

local function keep(key, second, price)
  call('ZADD', key, second, second .. ',' .. price)
end

-- Keeps the last trade of this second, and lets go of what no reference will be.
local function keep_last(shard, book, rules)
  local key, second = key_of(shard, book.instrument), text(second_of(shard.time_us))
  local reference = call('ZREVRANGEBYSCORE', key, latest(shard, rules), '-inf', 'LIMIT', 0, 1, 'WITHSCORES')[2]
  if reference then
    call('ZREMRANGEBYSCORE', key, '-inf', '(' .. reference)
  else
    local _, first = match(book.recent[1], TRADE_PATTERN)
    keep(key, '0', first)
  end
  local _, last = match(book.recent[book.recent_count], TRADE_PATTERN)
  call('ZREMRANGEBYSCORE', key, second, second)
  keep(key, second, last)
end

function bands.flush(shard)
  if shard.anchors then
    for instrument, anchor in pairs(shard.anchors) do
      local key = key_of(shard, instrument)
      call('DEL', key)
      if anchor.price then keep(key, '0', anchor.price) end
    end
  end
  for instrument, book in pairs(shard.books) do
    local anchor = shard.anchors and shard.anchors[instrument]
    local rules = book.recent_count > (anchor and anchor.count or 0) and rules_of(shard, instrument)
    if rules and rules.price_band > 0 then keep_last(shard, book, rules) end
  end
end
