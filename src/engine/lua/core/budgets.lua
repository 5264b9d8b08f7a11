-- Market orders by money (quote_quantity): how many lots fit. A budget counts as an order's notional does, in ticks of a price times lots,
-- as an amount (ledger/amounts.lua); what its assets are worth need not be known.
--
-- Of a guard (core/prevention.lua) that has a budget: budget_high, budget_low (what is left of it), exhausted (whether no other lot fits).

local product, subtract, is_below, from_text, to_text = amounts.product, amounts.subtract, amounts.is_below, amounts.from_text, amounts.to_text

-- How many of `most` lots, one or more, fit a budget at a price. Returns the lots and what they cost.
local function fitting(high, low, price, most)
  local cost_high, cost_low = product(price, most)
  if cost_high and not is_below(high, low, cost_high, cost_low) then return most, cost_high, cost_low end
  -- A quotient of doubles is off by a few at most.
  local lots = floor((high * 1e15 + low) / price)
  if lots >= most then lots = most - 1 end
  cost_high, cost_low = product(price, lots)
  while not cost_high or is_below(high, low, cost_high, cost_low) do
    lots = lots - 1
    cost_high, cost_low = product(price, lots)
  end
  while lots + 1 < most do
    local more_high, more_low = product(price, lots + 1)
    if not more_high or is_below(high, low, more_high, more_low) then break end
    lots, cost_high, cost_low = lots + 1, more_high, more_low
  end
  return lots, cost_high, cost_low
end

function budgets.open(guard, budget)
  guard.budget, guard.exhausted = budget, false
  guard.budget_high, guard.budget_low = from_text(budget)
end

-- The lots of an order that the budget lets in at a price, without spending anything: 0 where none fits.
function budgets.fits(guard, price, most)
  local lots = fitting(guard.budget_high, guard.budget_low, price, most)
  if lots == 0 then guard.exhausted = true end
  return lots
end

-- Spends on `most` lots at a price as much as there is. Returns the lots.
function budgets.spend(guard, price, most)
  local lots, cost_high, cost_low = fitting(guard.budget_high, guard.budget_low, price, most)
  local high, low = subtract(guard.budget_high, guard.budget_low, cost_high, cost_low)
  guard.budget_high, guard.budget_low = high, low
  -- Behind an order of which not all fits none is better.
  if lots < most or (high == 0 and low == 0) then guard.exhausted = true end
  return lots
end

-- Takes lots at a price off a budget that nothing is bought for. Returns whether anything is left: where not, nothing is taken.
function budgets.cut(guard, price, lots)
  local cost_high, cost_low = product(price, lots)
  local high, low = subtract(guard.budget_high, guard.budget_low, cost_high, cost_low)
  if high == 0 and low == 0 then return false end
  local all_high, all_low = from_text(guard.budget)
  guard.budget = to_text(subtract(all_high, all_low, cost_high, cost_low))
  guard.budget_high, guard.budget_low = high, low
  return true
end

-- Whether all of it is spent.
function budgets.is_spent(guard)
  return guard.budget_high == 0 and guard.budget_low == 0
end
