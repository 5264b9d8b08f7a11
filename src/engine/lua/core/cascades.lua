-- Cascades: what a trade has reached or filled the first of a list of goes in the same call, and what its own trades have. Each is an entry of its
-- own. A call does so many of them; what is left goes on ahead of everything else, in whatever call comes next.

local next_reached, next_released, run_trigger, ID_START = stops.next, lists.next, trigger.run, books.ID_START

-- Goes on with the cascade of a call (`shard.cascade`) as far as `limits.triggers_left` allows. Returns whether more of it is left.
function cascades.run(shard, limits)
  local book = shard.cascade
  while true do
    local direction, member, cause = next_reached(shard, book)
    -- What prices have reached goes ahead of what lists let go: one that begins to wait for its price then meets nothing that was before it.
    local id
    if direction then id = sub(member, ID_START) else id, cause = next_released(shard) end
    if not id then
      shard.cascade = nil
      return false
    end
    if limits.triggers_left == 0 then return true end
    limits.triggers_left = limits.triggers_left - 1
    run_trigger(shard, limits, book, direction, id, cause)
  end
end
