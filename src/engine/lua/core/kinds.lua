-- The kinds of orders by their code, each from a file of its own in orders/. A kind says:
--   may_rest      whether what is left of it may wait in the book
--   plan          what it would do: reads only. Arguments: shard, limits, book, side, price in ticks, lots, and the taker's guard
--                 (core/prevention.lua) or nil. Returns the lots left, the makers it trades with (nil for none), what stopped it (matching.plan), and a
--                 status with its reason where the book turns it down
--   left_reason   why what is left of one that may not rest goes
--   expires       when its time is over, in microseconds: by the text of its traits, as it is placed now; nil for one that waits as long
--                 as it takes

-- The plan of an order that trades at its price or better.
kinds.at_limit = matching.plan

-- The plan of an order that trades at any price.
function kinds.at_any(shard, limits, book, side, _, lots, guard)
  return matching.plan(shard, limits, book, side, nil, lots, guard)
end

function kinds.define(code, kind)
  kinds[code] = kind
end
