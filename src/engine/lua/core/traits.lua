-- Traits: what only some orders ask for (domain/order-traits.ts), in a record as `code,value,code,value`, '' for none.

-- Takes the text of an order's traits apart. Returns values by code, all text; nil for none.
function traits.of(list)
  if list == '' then return nil end
  local found = {}
  for code, value in gmatch(list, '(%d+),"?([^,"]+)') do found[code] = value end
  return found
end

-- The same text with another value of a trait that is there: code and value are text.
function traits.with(list, code, value)
  local parts = {}
  for known, old in string.gmatch(list, '(%d+),("?[^,"]+"?)') do parts[#parts + 1] = known .. ',' .. (known == code and value or old) end
  return concat(parts, ',')
end
