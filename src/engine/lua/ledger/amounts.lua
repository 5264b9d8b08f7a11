-- Amounts of assets: whole numbers of an asset's smallest unit, exact up to 10^30 either way, where a Lua number ends at 2^53.
-- One is a pair (high, low) that stands for high * 10^15 + low, 0 <= low < 10^15; high has the sign. Almost every amount has high
-- 0 and costs no more than a number. Sums are exact a few times beyond 10^30; products beyond it are no amounts: nil.

local BASE = 1e15
local AMOUNT_MAX_HIGH = 1e15

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
  if high > 0 then return format('%d%015d', high, low) end
  return '-' .. to_text(negate(high, low))
end

-- Ahead of digits of an amount below zero.
local MINUS = 45

local function from_text(digits)
  if byte(digits) == MINUS then return negate(from_text(sub(digits, 2))) end
  local length = #digits
  if length <= 15 then return 0, tonumber(digits) end
  return tonumber(sub(digits, 1, length - 15)), tonumber(sub(digits, length - 14))
end

-- What a double does not hold is reckoned in limbs of three digits: 10^15 is five of them and a million two.
local function limbs_of(high, low)
  local limbs, count = {}, 0
  for _, part in ipairs({ low, high }) do
    local rest = part
    for _ = 1, 5 do
      local above = floor(rest / 1000)
      count = count + 1
      limbs[count] = rest - above * 1000
      rest = above
    end
    if part == high then limbs[count] = limbs[count] + rest * 1000 end
  end
  return limbs, count
end

-- Limbs, each smaller than 2^53 / 2, with the carries brought on. Returns how many there are.
local function carry(limbs, count)
  local over, i = 0, 1
  while i <= count or over > 0 do
    local value = (limbs[i] or 0) + over
    over = floor(value / 1000)
    limbs[i] = value - over * 1000
    i = i + 1
  end
  return i - 1
end

local function product_of(a, a_count, b, b_count)
  local limbs, count = {}, a_count + b_count
  for i = 1, count do limbs[i] = 0 end
  for i = 1, a_count do
    for j = 1, b_count do limbs[i + j - 1] = limbs[i + j - 1] + a[i] * b[j] end
  end
  return limbs, carry(limbs, count)
end

-- The amount that limbs from `first` on stand for, nil beyond the largest.
local function amount_of(limbs, count, first)
  local high, low = 0, 0
  for i = math.min(count, first + 4), first, -1 do low = low * 1000 + limbs[i] end
  for i = count, first + 5, -1 do
    high = high * 1000 + limbs[i]
    if high > AMOUNT_MAX_HIGH then return nil end
  end
  return high, low
end

-- a * b of whole numbers from 0 up to 2^53.
local function product(a, b)
  local plain = a * b
  if plain <= EXACT_MAX then return of(plain) end
  local a_limbs, a_count = limbs_of(of(a))
  local b_limbs, b_count = limbs_of(of(b))
  local limbs, count = product_of(a_limbs, a_count, b_limbs, b_count)
  return amount_of(limbs, count, 1)
end

-- An amount times a whole number from 0 up to 2^53.
local function times(high, low, n)
  if high < 0 then
    local h, l = negate(high, low)
    h, l = times(h, l, n)
    if not h then return nil end
    return negate(h, l)
  end
  if high == 0 then return product(low, n) end
  local a, a_count = limbs_of(high, low)
  local b, b_count = limbs_of(of(n))
  local limbs, count = product_of(a, a_count, b, b_count)
  return amount_of(limbs, count, 1)
end

-- amount * ppm / 10^6 of an amount from 0 up and a whole number of millionths: rounded down, with what is left, from 0 to 999,999.
local function share(high, low, ppm)
  if high == 0 then
    -- Quotients below 10^9 with a remainder of 10^-6 or more: a double tells them apart from the next whole number.
    local over = low % 1e6
    local rest = ppm * over
    local left = rest % 1e6
    local units = ppm * ((low - over) / 1e6) + (rest - left) / 1e6
    if units >= 0 and units < 1e15 then return 0, units, left end
    local h, l = of(units)
    return h, l, left
  end
  local a, a_count = limbs_of(high, low)
  local b, b_count = limbs_of(0, ppm < 0 and -ppm or ppm)
  local limbs, count = product_of(a, a_count, b, b_count)
  local left = limbs[1] + limbs[2] * 1000
  local h, l = amount_of(limbs, count, 3)
  if not h then return nil end
  if ppm >= 0 then return h, l, left end
  h, l = negate(h, l)
  if left == 0 then return h, l, 0 end
  h, l = subtract(h, l, 0, 1)
  return h, l, 1e6 - left
end

-- Whether an amount is further from 0 than one may be.
local function is_beyond(high, low)
  if high > -AMOUNT_MAX_HIGH and high < AMOUNT_MAX_HIGH then return false end
  if high >= 0 then return high > AMOUNT_MAX_HIGH or low > 0 end
  return high < -AMOUNT_MAX_HIGH
end

amounts.of, amounts.add, amounts.subtract, amounts.is_below, amounts.is_beyond = of, add, subtract, is_below, is_beyond
amounts.to_text, amounts.from_text = to_text, from_text
amounts.product, amounts.times, amounts.share = product, times, share
