-- Traits: what only some orders ask for (domain/order-traits.ts), in a record as `code,value,code,value`, '' for none.

-- The text that was taken apart last, and what it says: who carries an order out asks several times.
local last_list, last_found

-- Takes the text of an order's traits apart. Returns values by code, all text, to be read only; nil for none.
function traits.of(list)
  if list == '' then return nil end
  if list == last_list then return last_found end
  local found = {}
  for code, value in gmatch(list, '(%d+),"?([^,"]+)') do found[code] = value end
  last_list, last_found = list, found
  return found
end

-- The same text with another value of a trait that is there: code and value are text.
function traits.with(list, code, value)
  local parts = {}
  for known, old in string.gmatch(list, '(%d+),("?[^,"]+"?)') do parts[#parts + 1] = known .. ',' .. (known == code and value or old) end
  return concat(parts, ',')
end
