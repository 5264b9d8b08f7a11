-- Amounts of assets: whole numbers of an asset's smallest unit, exact up to 10^30 either way, where a Lua number ends at 2^53.
-- One is a pair (high, low) that stands for high * 10^15 + low, 0 <= low < 10^15; high has the sign. Almost every amount has high
-- 0 and costs no more than a number. Sums are exact a few times beyond 10^30; products beyond it are no amounts: nil.

local BASE = 1e15
local AMOUNT_MAX_HIGH, VENUE_MAX_HIGH = 1e15, 9e15

-- A number that is a whole one below 2^53 either way, as an amount.
local function of(n)
  if n >= 0 and n < BASE then return 0, n end
  local high = floor(n / BASE)
  return high, n - high * BASE
end

local function negate(high, low)
  if low == 0 then return -high, 0 end
  return -high - 1, BASE - low
end

local function add(a_high, a_low, b_high, b_low)
  local high, low = a_high + b_high, a_low + b_low
  if low >= BASE then return high + 1, low - BASE end
  return high, low
end

local function subtract(a_high, a_low, b_high, b_low)
  local high, low = a_high - b_high, a_low - b_low
  if low < 0 then return high - 1, low + BASE end
  return high, low
end

local function is_below(a_high, a_low, b_high, b_low)
  return a_high < b_high or (a_high == b_high and a_low < b_low)
end

local function to_text(high, low)
  if high == 0 then return format('%d', low) end
  -- Less than BASE below zero: a double has it.
  if high == -1 then return format('%d', low - BASE) end
  if high > 0 then return format('%d%015d', high, low) end
  return '-' .. to_text(negate(high, low))
end

-- Ahead of digits of an amount below zero.
local MINUS = 45

local function from_text(digits)
  local length = #digits
  if length <= 15 then
    local number = tonumber(digits)
    if number >= 0 then return 0, number end
    return -1, number + BASE
  end
  if byte(digits) == MINUS then return negate(from_text(sub(digits, 2))) end
  return tonumber(sub(digits, 1, length - 15)), tonumber(sub(digits, length - 14))
end

-- Beyond 2^53 a double is rounded, and what it is off by is a double again (Dekker): of halves of their digits all products are exact.
local HALVER = 2 ^ 27 + 1
local BASE_UPPER = HALVER * BASE - (HALVER * BASE - BASE)
local BASE_LOWER = BASE - BASE_UPPER

-- a * b of whole numbers from 0 up to 2^53.
local function product(a, b)
  local plain = a * b
  if plain <= EXACT_MAX then return of(plain) end
  if plain > 1.1e30 then return nil end
  local halved = HALVER * a
  local a_upper = halved - (halved - a)
  halved = HALVER * b
  local b_upper = halved - (halved - b)
  local a_lower, b_lower = a - a_upper, b - b_upper
  local off = a_lower * b_lower - (((plain - a_upper * b_upper) - a_lower * b_upper) - a_upper * b_lower)
  -- The same of the part that is a multiple of BASE; it is off by one at most.
  local high = floor(plain / BASE)
  local part = high * BASE
  halved = HALVER * high
  local upper = halved - (halved - high)
  local lower = high - upper
  local part_off = lower * BASE_LOWER - (((part - upper * BASE_UPPER) - lower * BASE_UPPER) - upper * BASE_LOWER)
  local low = (plain - part) + (off - part_off)
  if low < 0 then
    high, low = high - 1, low + BASE
  elseif low >= BASE then
    high, low = high + 1, low - BASE
  end
  if high > AMOUNT_MAX_HIGH then return nil end
  return high, low
end

-- An amount times a whole number from 0 up to 2^53.
local function times(high, low, n)
  if high == 0 then return product(low, n) end
  if high < 0 then
    local h, l = negate(high, low)
    h, l = times(h, l, n)
    if not h then return nil end
    return negate(h, l)
  end
  local above = high * n
  if above > AMOUNT_MAX_HIGH then return nil end
  local h, l = product(low, n)
  if not h or h + above > AMOUNT_MAX_HIGH then return nil end
  return h + above, l
end

-- n * ppm / 10^6 of a whole number from 0 to a few 10^15, rounded down, with what is left.
local function share_of(n, ppm)
  -- Quotients below 10^10 with a remainder of 10^-6 or more: a double tells them apart from the next whole number.
  local over = n % 1e6
  local rest = ppm * over
  local left = rest % 1e6
  return ppm * ((n - over) / 1e6) + (rest - left) / 1e6, left
end

-- amount * ppm / 10^6 of an amount from 0 up and a whole number of millionths, no more than 10^6 either way: rounded down, with what is
-- left, from 0 to 999,999.
local function share(high, low, ppm)
  local units, left = share_of(low, ppm)
  if high == 0 then
    if units >= 0 and units < BASE then return 0, units, left end
    local h, l = of(units)
    return h, l, left
  end
  -- A million goes into BASE, so nothing is left of the upper part: what it does not divide evenly is as many times 10^9 below.
  local above, below = share_of(high, ppm)
  local h, l = of(units)
  h, l = add(h, l, above, below * 1e9)
  return h, l, left
end

-- Whether an amount is further from 0 than one may be. What all have from the venue together may be more than what one has (`is_venue`).
local function is_beyond(high, low, is_venue)
  local max_high = is_venue and VENUE_MAX_HIGH or AMOUNT_MAX_HIGH
  if high > -max_high and high < max_high then return false end
  if high >= 0 then return high > max_high or low > 0 end
  return high < -max_high
end

amounts.of, amounts.add, amounts.subtract, amounts.is_below, amounts.is_beyond = of, add, subtract, is_below, is_beyond
amounts.to_text, amounts.from_text = to_text, from_text
amounts.product, amounts.times, amounts.share, amounts.share_of = product, times, share, share_of
