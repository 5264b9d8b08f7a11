-- list: new orders that belong together, in one entry. Of a pair (oco) the one that goes at once, else the limit, comes in like any order, and the
-- other waits for its price; else the first comes in, and what follows it waits until it is filled.
-- Arguments: id (of the list), client, instrument, first, second, third (of each order the terms, as record and log have them; the third '' where
--   there are two), idem (digest of its key, or ''), actor (as the log tells it, '' for anybody), request (as JSON, or '').
-- Reads: book, depth, stops, orders, open:<client>, client_order_ids, idem, accounts, instruments, fee_groups, catalogue.
-- Writes: the same but for the last three, released, trades, due, log.
-- Returns: the entry, R<its key's answer>, X<code>, X<code>,<shortfall> or X<code>,<rules of the instrument>.

local add, next_seq, answered, ending = log.add, log.next_seq, log.answered, log.ending
local store_record, with_id, book_of = records.store, records.with_id, books.of
local plan_again, settle_again, apply_again, carry_linked, needed_of_market = taking.plan_again, taking.settle_again, taking.apply_again, lists.carry_out,
  taking.needed
local hold, keep, shortfall_of, is_beyond = accounts.hold, accounts.keep, accounts.shortfall, amounts.is_beyond
local LAST = ARGUMENTS.list - 1
local OPENING, ORDER = log.OPENING.list, '[' .. EVENT.order .. ',0,'
local LEG, FIRST, WAITING_LEG = ROLE.leg, ROLE.first, ROLE.waiting_leg

-- The orders of the command, apart.
local function members_of(shard, id, instrument, first, second, third)
  local members, book = {}, book_of(shard, instrument)
  for i, terms in ipairs({ first, second, third }) do
    if terms ~= '' then
      local price, quantity, traits, tail, side, kind, _, client, client_order_id = match(terms, TERMS_PATTERN)
      local _, role = lists.member_of(traits)
      local rule = kinds[kind]
      local direction, stop_price
      if role == LEG or role == FIRST then direction, stop_price = stops.to_wait_for(shard, instrument, side, traits) end
      members[i] = {
        id = sub(id, 1, -2) .. LIST_ENDS[i], terms = terms, price = price, ticks = tonumber(price), quantity = quantity, lots = tonumber(quantity), traits = traits,
        terms_tail = tail, tail = tail .. ',' .. shard.time .. ',0', side = side, kind = kind, instrument = instrument, client = client,
        client_order_id = client_order_id, name = client_order_id == '' and '' or client .. '","' .. client_order_id, role = role,
        has_trigger = stops.of_traits(traits) ~= nil, direction = direction, stop_price = stop_price,
        expires = rule.expires and rule.expires(shard, traits), already = 0, filled = '0', notional = '0', fill_sequence = '0', fees = '',
      }
    end
  end
  return members, book
end

-- The one that comes in: of a pair one whose price is reached already, else one that waits for none; else the first. Nil where all wait.
local function incoming_of(members)
  if members[1].role == FIRST then return not members[1].direction and members[1] or nil end
  for i = 1, #members do
    if members[i].has_trigger and not members[i].direction then return members[i] end
  end
  for i = 1, #members do
    if not members[i].direction then return members[i] end
  end
  return nil
end

-- Whether nobody can tell yet what an order will cost that is to hold it now, or once it waits for its price.
local function is_cost_unknown(member)
  if member.side ~= BUY or member.kind ~= KIND.market or member.quantity == '0' then return false end
  if member.role == FIRST then return member.direction ~= nil end
  return member.has_trigger or not lists.is_unfunded(member.traits)
end

-- Why their instrument does not take one of them, and what tells the rule; nil where it does.
local function not_taken_of(shard, members)
  for i = 1, #members do
    local member = members[i]
    local waits = member.direction or not (member.role == LEG or member.role == FIRST)
    local code, shown = catalogue.not_taken(shard, member.instrument, member.kind, waits or kinds[member.kind].may_rest, member.side, member.ticks, member.lots,
      member.traits)
    if member.direction and not code then code, shown = catalogue.not_awaited(shard, member.instrument) end
    if code then return code, shown end
  end
  return nil
end

-- Why the venue does not take one of them, nil where it does.
local function refusal_of(shard, limits, members, client)
  local count, names = listings.open_count(shard, client, listings.open_of(shard, client)) + #members, {}
  for i = 1, #members do
    local member = members[i]
    if member.expires and member.expires <= shard.time_us then return CODE.expires_at_past end
    if count > limits.open_orders_max then return CODE.open_orders_limit end
    if member.name ~= '' then
      if names[member.name] or listings.order_id_of(shard, member.name) then return CODE.duplicate_client_order_id end
      names[member.name] = true
    end
    local iceberg = icebergs.of(member.traits)
    if iceberg and member.lots > iceberg.display * limits.iceberg_parts_max then return CODE.iceberg_parts_limit end
    if shard.is_covered and is_cost_unknown(member) then return CODE.quote_quantity_required end
  end
  return nil
end

-- What all of them hold together, of a pair the larger once: asset, amount; nil beyond what an amount may be. A first that comes in without a limit
-- is left out, as its plan tells what it costs; so is what the first is to bring.
local function cover_of(scale, members)
  local asset, high, low, pair_high, pair_low = members[1].side == SELL and scale.base or scale.quote, 0, 0, 0, 0
  for i = 1, #members do
    local member = members[i]
    local known, own_high, own_low = holds.of_record(scale, member.side, member.ticks, member.lots, member.fees, member.traits)
    if not known or is_beyond(own_high, own_low) then return nil end
    member.hold_high, member.hold_low = own_high, own_low
    if member.role == LEG or member.role == WAITING_LEG then
      if amounts.is_below(pair_high, pair_low, own_high, own_low) then pair_high, pair_low = own_high, own_low end
    elseif not lists.is_unfunded(member.traits) and not (member.role == FIRST and member.kind == KIND.market and not member.direction) then
      high, low = amounts.add(high, low, own_high, own_low)
    end
  end
  high, low = amounts.add(high, low, pair_high, pair_low)
  if is_beyond(high, low) then return nil end
  return asset, high, low
end

-- Has those that wait hold their cover, of a pair the larger once. The one that came in holds its own where it waits in the book.
local function hold_waiting(shard, scale, members, incoming, client, asset)
  local pair_high, pair_low = 0, 0
  if incoming and incoming.role == LEG and incoming.rests then
    local _, high, low = holds.of_record(scale, incoming.side, incoming.ticks, incoming.left, incoming.fees, incoming.traits)
    pair_high, pair_low = high, low
  end
  for i = 1, #members do
    local member = members[i]
    if member ~= incoming and not member.is_dropped and not lists.is_unfunded(member.traits) then
      local high, low = member.hold_high, member.hold_low
      if member.role ~= LEG and member.role ~= WAITING_LEG then
        hold(shard, client, asset, high, low)
      elseif amounts.is_below(pair_high, pair_low, high, low) then
        hold(shard, client, asset, -pair_high, -pair_low)
        hold(shard, client, asset, high, low)
        pair_high, pair_low = high, low
      end
    end
  end
end

-- What becomes of the one that comes in, and of the others with it. Reads only.
local function decide(shard, limits, members, incoming)
  local turned_down, reason = plan_again(shard, limits, incoming)
  if turned_down then incoming.turned_down, incoming.status, incoming.reason = turned_down, turned_down, reason end
  local drops
  if incoming.role == FIRST then
    drops = not incoming.rests and not lists.is_fulfilled(incoming.status, incoming.reason, incoming.makers ~= nil)
  else
    drops = not incoming.rests or incoming.makers ~= nil or incoming.has_trigger
  end
  for i = 1, #members do members[i].is_dropped = drops and members[i] ~= incoming end
end

-- The event of an order that does not come in: it waits, or goes with the one that did. It is listed and stored.
local function add_waiting(shard, book, open, member)
  local status, reason = STATUS.pending, '0'
  if member.is_dropped then
    status, reason = STATUS.cancelled, REASON.linked
  else
    listings.list(shard, open, member.name, member.id)
    if member.direction then
      local joined = stops.join(shard, book, member.direction, member.stop_price, member.traits, member.id)
      if joined ~= member.traits then
        member.terms, member.traits = records.with_traits(member.terms, member.traits, joined), joined
      end
    end
    if member.expires then dues.add_order(shard, member.id, member.expires) end
  end
  local record = new_record('0', '0', status, reason, '0', shard.seq_text, member.fees, member.terms, shard.time)
  store_record(shard, member.id, record)
  return ORDER .. with_id(record, member.id) .. ']'
end

-- Carries out what came in. Returns its trades' events, its own, those of makers of its own that go, and those of levels and of the instrument.
local function add_incoming(shard, open, member)
  local trades, gone, touched = '', '', ''
  if not member.turned_down then
    listings.list(shard, open, member.name, member.id)
    trades, gone, touched = apply_again(shard, member)
    if member.rests and member.expires then dues.add_order(shard, member.id, member.expires) end
  elseif member.halts then
    touched = catalogue.halt(shard, member.instrument)
  end
  local record = new_record(member.filled, member.notional, member.status, member.reason, member.fill_sequence, shard.seq_text, member.fees,
    member.price .. ',' .. text(member.lots) .. ',[' .. member.traits .. '],' .. member.terms_tail, shard.time)
  store_record(shard, member.id, record)
  return trades, ORDER .. with_id(record, member.id) .. ']', gone, touched
end

function list.run(shard, limits, argv, at)
  local LIST_ARGUMENTS = unpack(argv, at, at + LAST)
  local known = idem ~= '' and answered(shard, limits, idem)
  if known then return known end
  if shard.seq - shard.persisted >= limits.backlog_max then return 'X' .. CODE.backlog_full end
  if shard.is_in_breach then return 'X' .. CODE.balance_audit_breach end
  local command = '["L","' .. actor .. limits.of_place .. '"' .. id .. '",[' .. first .. '],[' .. second .. (third == '' and ']]' or '],[' .. third .. ']]')
  local keeps_money = shard.keeps_money
  local function refuse(code)
    if keeps_money then accounts.undo(shard) end
    return log.refuse(shard, code, nil, nil, command, idem, request)
  end
  local function refuse_short(shortfall)
    accounts.undo(shard)
    return log.refuse_telling(shard, CODE.insufficient_funds, shortfall, command, idem, request)
  end
  if shard.has_kills and controls.killed_since(shard, client) then return refuse(CODE.account_killed) end
  local head = keeps_money and accounts.known_head(shard, client)
  if head and head.status ~= ACCOUNT_STATUS.active then return refuse(accounts.barred(head)) end
  local members, book = members_of(shard, id, instrument, first, second, third)
  if shard.has_rules then
    local code, shown = not_taken_of(shard, members)
    if code then return log.refuse_telling(shard, code, shown, command, idem, request) end
  end
  local problem = refusal_of(shard, limits, members, client)
  if problem then return refuse(problem) end
  local incoming = incoming_of(members)

  local scale, asset, high, low
  if keeps_money then
    if not head then
      accounts.open(shard, client)
      head = accounts.known_head(shard, client)
    end
    scale = scales.of(shard, instrument)
    local rates = fees.rates(shard, head.group, scale, instrument)
    for i = 1, #members do members[i].fees = rates and rates.fresh or '' end
    asset, high, low = cover_of(scale, members)
    if not asset then return refuse(CODE.balance_limit) end
    local shortfall = shortfall_of(shard, client, asset, high, low)
    if shortfall then return refuse_short(shortfall) end
  end

  if incoming then
    decide(shard, limits, members, incoming)
    if incoming.rests and incoming.total > EXACT_MAX then return refuse(CODE.level_quantity_limit) end
  end
  local money = ''
  if keeps_money then
    if incoming and not incoming.turned_down then
      if not settle_again(shard, incoming, scale) then return refuse(CODE.balance_limit) end
      if incoming.makers and incoming.role == FIRST and incoming.kind == KIND.market then
        local _, own_high, own_low = needed_of_market(scale, incoming.side, incoming.settled, incoming.lots - incoming.left)
        if not own_high then return refuse(CODE.balance_limit) end
        high, low = amounts.add(high, low, own_high, own_low)
        if is_beyond(high, low) then return refuse(CODE.balance_limit) end
        local shortfall = shortfall_of(shard, client, asset, high, low, true)
        if shortfall then return refuse_short(shortfall) end
      end
    end
    hold_waiting(shard, scale, members, incoming, client, asset)
    money = keep(shard)
    if not money then return refuse(CODE.balance_limit) end
  end

  next_seq(shard)
  local open, orders, count, trades, gone, touched = listings.open_of(shard, client), {}, 0, '', '', ''
  if incoming then
    trades, orders[1], gone, touched = add_incoming(shard, open, incoming)
    count = 1
  end
  for i = 1, #members do
    if members[i] ~= incoming then
      count = count + 1
      orders[count] = add_waiting(shard, book, open, members[i])
    end
  end
  if incoming then
    local linked_gone, linked_touched = carry_linked(shard, book, incoming.linked)
    gone, touched = gone .. linked_gone, touched .. linked_touched
  end
  return add(shard, idem, OPENING .. shard.seq_text .. ',' .. shard.time .. ',' .. command .. ',0,[' .. trades .. concat(orders, ',') .. gone .. touched .. money
    .. (idem == '' and shard.plain_end or ending(shard, idem, request)))
end
