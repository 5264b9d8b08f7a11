-- The price of a call auction: at which the most lots trade; of several such the one at which the fewest are left over; of several such the one
-- nearest to the last trade's price or, where there was none, the middle of them, rounded down. Those that are as good as each other until then
-- lie side by side: what is bid falls with the price and what is asked rises, so that between two of them no price is worse.

local add, subtract, is_below, of, from_text, to_text = amounts.add, amounts.subtract, amounts.is_below, amounts.of, amounts.from_text, amounts.to_text

-- Adds what a hash has of levels between two prices to `totals`: price -> amount. `read` tells what its values are.
local function gather(totals, key, from, to, read)
  local found = call('HGETALL', key)
  for i = 1, #found, 2 do
    local price = tonumber(found[i])
    if price >= from and price <= to then
      local total = totals[price]
      if not total then
        total = { 0, 0 }
        totals[price] = total
      end
      total[1], total[2] = add(total[1], total[2], read(found[i + 1]))
    end
  end
end

local function of_text(text)
  return of(tonumber(text))
end

-- What of a side trades at its own price or a better one, at the prices at which it crosses the other.
local function crossing(tag, instrument, name, from, to)
  local totals = {}
  gather(totals, tag .. 'depth:' .. instrument .. name, from, to, of_text)
  gather(totals, tag .. 'hidden:' .. instrument .. name, from, to, from_text)
  return totals
end

local function best_of(tag, instrument, name)
  local first = call('ZRANGE', tag .. 'book:' .. instrument .. name, 0, 0, 'WITHSCORES')[2]
  return first and math.abs(tonumber(first))
end

-- The prices at which the sides cross, lowest first, and what is bid at each or higher and asked at each or lower, as amounts; nil where
-- they do not cross.
local function curves(tag, instrument)
  local bid, ask = best_of(tag, instrument, ':bids'), best_of(tag, instrument, ':asks')
  if not bid or not ask or bid < ask then return nil end
  local bids, asks = crossing(tag, instrument, ':bids', ask, bid), crossing(tag, instrument, ':asks', ask, bid)
  local prices, count = {}, 0
  for price in pairs(bids) do
    count = count + 1
    prices[count] = price
  end
  for price in pairs(asks) do
    if not bids[price] then
      count = count + 1
      prices[count] = price
    end
  end
  table.sort(prices)
  local demand, supply = {}, {}
  local high, low = 0, 0
  for i = count, 1, -1 do
    local total = bids[prices[i]]
    if total then high, low = add(high, low, total[1], total[2]) end
    demand[i] = { high, low }
  end
  high, low = 0, 0
  for i = 1, count do
    local total = asks[prices[i]]
    if total then high, low = add(high, low, total[1], total[2]) end
    supply[i] = { high, low }
  end
  return prices, demand, supply, count
end

-- Prices from `from` to `to`, at which the same is bid and asked: where they are as good as the best so far, these go on to there; where they are
-- better, they are the best. At the best prices the same is left over, of the buyers up to `short_from` and of the sellers from there on.
local function judge(best, from, to, bid, asked)
  local is_short = is_below(bid[1], bid[2], asked[1], asked[2])
  local less, more = is_short and bid or asked, is_short and asked or bid
  local left_high, left_low = subtract(more[1], more[2], less[1], less[2])
  if best.to then
    if is_below(less[1], less[2], best.high, best.low) then return end
    if less[1] == best.high and less[2] == best.low then
      if is_below(best.left_high, best.left_low, left_high, left_low) then return end
      if left_high == best.left_high and left_low == best.left_low then
        best.to, best.short_from = to, best.short_from or is_short and from or nil
        return
      end
    end
  end
  best.from, best.to, best.high, best.low, best.left_high, best.left_low = from, to, less[1], less[2], left_high, left_low
  best.short_from = is_short and from or nil
end

-- The price at which an instrument's orders would trade now; `last` is that of its last trade, nil without one. Returns it, and as texts of
-- amounts the lots that trade and those that are left over, and the side that these are of (nil where none are); nil where nothing trades.
-- What the call has changed has to be written.
function auction_price.find(tag, instrument, last)
  local prices, demand, supply, count = curves(tag, instrument)
  if not prices then return nil end
  local best = {}
  for i = 1, count do
    judge(best, prices[i], prices[i], demand[i], supply[i])
    if i < count and prices[i] + 1 < prices[i + 1] then judge(best, prices[i] + 1, prices[i + 1] - 1, demand[i + 1], supply[i]) end
  end
  local wanted = last or best.from + floor((best.to - best.from) / 2)
  local price, left = math.min(math.max(wanted, best.from), best.to), to_text(best.left_high, best.left_low)
  local is_short = best.short_from and price >= best.short_from
  return price, to_text(best.high, best.low), left, left ~= '0' and (is_short and SELL or BUY) or nil
end

-- The price of an instrument's last trade, nil ahead of the first.
function auction_price.last(tag, instrument)
  local row = call('LINDEX', tag .. 'trades:' .. instrument, 0)
  return row and tonumber(match(row, '^%d+,(%d+)'))
end
