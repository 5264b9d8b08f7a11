-- Icebergs: orders of which the book shows a part, told by three traits (domain/iceberg.ts). Every other order asks one of these
-- functions at most, and with traits only: a plain find tells it apart.

local DISPLAY, SHOWN, REFILL = TRAIT.display, TRAIT.shown, TRAIT.refill
-- How the trait stands ahead of all others, and among them.
local AHEAD, AMONG = DISPLAY .. ',', ',' .. DISPLAY .. ','
-- Those of one that asks for nothing else, with its refill or without.
local ALONE = '^(' .. DISPLAY .. ',(%d+)),' .. SHOWN .. ',(%d+),?' .. REFILL .. '?,?(%d*)$'
-- What the traits of one that waits have in them; of others perhaps, too, as a value.
local MARK = ',' .. SHOWN .. ','

-- Takes the traits of an order apart: `ahead` and `behind` are the text of those around the three, `display` and `shown` numbers, nil
-- where it has none, `refill` text.
local function apart(list)
  local ahead, behind, display, display_text, shown, refill = '', '', nil, nil, nil, nil
  for code, value in gmatch(list, '(%d+),([^,]+)') do
    if code == DISPLAY then
      display, display_text = tonumber(value), value
    elseif code == SHOWN then
      shown = tonumber(value)
    elseif code == REFILL then
      refill = value
    elseif display then
      behind = behind .. ',' .. code .. ',' .. value
    else
      ahead = ahead .. code .. ',' .. value .. ','
    end
  end
  if not display then return nil end
  return { ahead = ahead .. DISPLAY .. ',' .. display_text, behind = behind, display = display, shown = shown, refill = refill }
end

-- An order by its traits, as `apart` has it; nil for one that is no iceberg.
function icebergs.of(list)
  if list == '' or not (find(list, AMONG, 1, true) or sub(list, 1, #AHEAD) == AHEAD) then return nil end
  return apart(list)
end

-- The same of one that waits.
function icebergs.waiting(list)
  if not find(list, MARK, 1, true) then return nil end
  local ahead, display, shown, refill = match(list, ALONE)
  if ahead then
    return { ahead = ahead, behind = '', display = tonumber(display), shown = tonumber(shown), refill = refill ~= '' and refill or nil }
  end
  local iceberg = apart(list)
  return iceberg and iceberg.shown and iceberg
end

-- What of an order's `lots` the book shows as it takes its place. iceberg: nil for an order that is none.
function icebergs.shown_of(iceberg, lots)
  return iceberg and iceberg.display < lots and iceberg.display or lots
end

-- The traits of an iceberg that shows so much. refill: as text, nil where no refill gave it its place.
function icebergs.traits_at_rest(iceberg, shown, refill)
  return iceberg.ahead .. MARK .. text(shown) .. (refill and ',' .. REFILL .. ',' .. refill or '') .. iceberg.behind
end

-- Those of one that waits no more.
function icebergs.traits_at_end(iceberg)
  return iceberg.ahead .. iceberg.behind
end
