-- What icebergs hide: per level the lots that wait behind those that it shows. A call auction counts them; nothing else asks. They are kept
-- once an iceberg has ever waited in the shard: `hidden` of meta says so, so that a venue without any pays nothing.
--
-- Key: hidden:<instrument>:<side>  hash: price ticks -> lots, text of an amount (ledger/amounts.lua): sums may be past what a number holds

local parts_of, waiting, add, subtract, of, from_text, to_text = records.parts_of, icebergs.waiting, amounts.add, amounts.subtract, amounts.of,
  amounts.from_text, amounts.to_text
local MARK = ',' .. TRAIT.shown .. ','

-- Adds to `changes` what a record hides, or takes it off: by key and price, an amount.
local function weigh(shard, changes, record, sign)
  if not record or not find(record, MARK, 1, true) then return end
  local ORDER_PARTS = unpack(parts_of(record))
  local iceberg = traits ~= '' and waiting(traits)
  local lots = iceberg and quantity - filled - iceberg.shown or 0
  if lots == 0 then return end
  local key = shard.tag .. 'hidden:' .. instrument .. (side == BUY and ':bids' or ':asks')
  local prices = changes[key]
  if not prices then
    prices = {}
    changes[key] = prices
  end
  local change = prices[price] or { 0, 0 }
  prices[price] = change
  if sign > 0 then change[1], change[2] = add(change[1], change[2], of(lots)) else change[1], change[2] = subtract(change[1], change[2], of(lots)) end
end

-- An iceberg waits from now on.
function hidden.begin(shard)
  if not shard.hides then shard.hides, shard.hides_anew = true, true end
end

-- Brings the levels to what the orders that the call has changed hide now. Ahead of flush of records.
function hidden.flush(shard)
  if shard.hides_anew then call('HSET', shard.meta_key, 'hidden', '1') end
  local changes, stored = {}, shard.stored_records
  for id, record in pairs(shard.records) do
    weigh(shard, changes, record, 1)
    weigh(shard, changes, stored[id], -1)
  end
  for key, prices in pairs(changes) do
    for price, change in pairs(prices) do
      if change[1] ~= 0 or change[2] ~= 0 then
        local high, low = add(change[1], change[2], from_text(call('HGET', key, price) or '0'))
        if high == 0 and low == 0 then call('HDEL', key, price) else call('HSET', key, price, to_text(high, low)) end
      end
    end
  end
end
