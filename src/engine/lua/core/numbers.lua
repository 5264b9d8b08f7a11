-- Sums of products of any size, as decimal text.

-- Splits decimal text into base 1e7 limbs, least significant first.
local function limbs_of(digits)
  local limbs, n = {}, 0
  for last = #digits, 1, -7 do
    n = n + 1
    limbs[n] = tonumber(sub(digits, math.max(1, last - 6), last))
  end
  return limbs, n
end

-- notional + price * quantity, all exact: `notional` is decimal text of any length.
-- One limb product is below 1e14 and at most three meet in a column, so a column stays below 2^53.
function numbers.add_product(notional, price, quantity)
  local product = price * quantity
  if product <= EXACT_MAX and #notional <= 15 then
    local sum = product + tonumber(notional)
    if sum <= EXACT_MAX then return text(sum) end
  end
  local a, a_count = limbs_of(text(price))
  local b, b_count = limbs_of(text(quantity))
  local sum, sum_count = limbs_of(notional)
  local columns = math.max(a_count + b_count, sum_count) + 1
  for i = sum_count + 1, columns do sum[i] = 0 end
  for i = 1, a_count do
    for j = 1, b_count do
      local column = i + j - 1
      local value = sum[column] + a[i] * b[j]
      local carry = math.floor(value / 1e7)
      sum[column] = value - carry * 1e7
      -- The carry may itself overflow the next limb; the columns above settle it below.
      sum[column + 1] = sum[column + 1] + carry
    end
  end
  local carry = 0
  for i = 1, columns do
    local value = sum[i] + carry
    carry = math.floor(value / 1e7)
    sum[i] = value - carry * 1e7
  end
  local top = columns
  while top > 1 and sum[top] == 0 do top = top - 1 end
  local parts = { text(sum[top]) }
  for i = top - 1, 1, -1 do parts[#parts + 1] = format('%07d', sum[i]) end
  return concat(parts)
end
