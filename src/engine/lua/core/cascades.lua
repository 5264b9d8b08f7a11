-- Cascades: what a trade has reached goes in the same call, and what its own trades reach. Each is an entry of its own. A call does so many of
-- them; what is left goes on ahead of everything else, in whatever call comes next.

local next_reached, run_trigger = stops.next, trigger.run

-- Goes on with the cascade of a call (`shard.cascade`) as far as `limits.triggers_left` allows. Returns whether more of it is left.
function cascades.run(shard, limits)
  local book = shard.cascade
  while true do
    local direction, member, cause = next_reached(shard, book)
    if not direction then
      shard.cascade = nil
      return false
    end
    if limits.triggers_left == 0 then return true end
    limits.triggers_left = limits.triggers_left - 1
    run_trigger(shard, limits, book, direction, member, cause)
  end
end
