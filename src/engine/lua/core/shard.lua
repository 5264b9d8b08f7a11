-- The shard as one engine call sees it: counters read once from `meta`, and everything the call has learned
-- or changed so far. What its commands name is read ahead, and what they change is written at the end of the
-- call, many in one command each: an order that comes and goes within a call never touches its sorted set, and
-- a redis.call costs more than most of what it does. Whatever reads a structure with pending changes goes
-- through the files of this folder, which know of them. The shard lives for one call: a library keeps no state
-- between calls.
--
-- Keys, all behind the shard's tag:
--   meta                        hash: state, epoch, version (of all layouts below), seq, time_us, persisted, trade_id:<instrument>, due_us (when
--                               the first of due falls due), waiting, reached and suspended (core/stops.lua), trailing (core/trails.lua), held (how
--                               often commands have had to wait for what fell due, for orders that were reached or for a call auction),
--                               released (core/lists.lua), kills (1 where some accounts may not order), due_after (how far the first of due has
--                               been done), rules and opening (core/catalogue.lua), hidden (core/hidden.lua)
--   log                         stream: the entries of a call (domain/log-entry.ts), in order, each in a field e; the
--                               id <seq>-0 is the last one's sequence
--   orders                      hash: compact order id -> order record
--   book:<instrument>:<side>    sorted set: score = price (negative for bids), member = priority + order id
--   depth:<instrument>:<side>   hash: price ticks -> total lots
--   hidden:<instrument>:<side>  hash: price ticks -> lots that icebergs hide (core/hidden.lua)
--   stops:<instrument>:<way>    sorted set: orders that wait for a price (core/stops.lua)
--   trails:<instrument>:<way>:<measure>, trail:<instrument>:<way>:<measure>:<store>
--                               sorted sets: groups of trailing stops, and the orders of each (core/trails.lua)
--   reached:<instrument>        list: entries whose trades have reached some of them, which are still to go
--   released:<instrument>       list: orders whose list's first is filled and that are still to go (core/lists.lua)
--   open:<client>               sorted set: score = sequence at which it was placed, member = id of an open order
--   client_order_ids            hash: client","client_order_id -> order id, open orders only
--   idem                        hash: digest of client and idempotency key -> seq,second
--   accounts                    hash: account -> account record (ledger/accounts.lua); keys from here to references are there where money is kept
--   instruments                 hash: instrument -> its assets and what its ticks and lots are worth in them
--   catalogue                   hash: instrument -> its rules as their event has them (core/catalogue.lua): of those that were made at run
--                               time, or changed
--   fee_groups                  hash: group of accounts -> rates as their event has them
--   transfers                   hash: compact transfer id -> transfer as its event has it: pending, or not yet persisted
--   timers                      sorted set: score = time in us at which a pending transfer is released, member = its compact id
--   due                         sorted set: score = time in us at which something falls due, member = what (core/dues.lua)
--   lease:<lease>               hash: client whose orders go when the lease of a connection ends -> since when, in us
--   killed                      hash: account that may not order -> since when, in us
--   references                  hash: digest of what happens once for ever -> seq,second
--   once:<second>               set: digests of what is good once, is of that second, and was used (core/once.lua)
--   trades:<instrument>         list, newest first: recent trades, at least those not yet persisted, and the last one
--   band:<instrument>           zset: what the reference price of its band comes from (core/bands.lua)

-- Opens the shard for one call. Returns the shard, or nil and a result code when its state refuses commands.
-- epoch and sequence_min are what the caller knows of the shard's life: a Redis that came back empty, older or as
-- another life is never traded on, however early after its return a command arrives.
-- moment: of a call that has opened it before, nil for the first time. A call has one: else what falls due on the way would come behind
-- commands of the same call that are later than it.
function shards.open(meta_key, epoch, sequence_min, moment)
  local meta = call('HMGET', meta_key, 'state', 'seq', 'time_us', 'persisted', 'epoch', 'version', 'funds', 'fees', 'breach', 'due_us', 'held', 'kills', 'rules', 'waiting', 'reached',
    'released', 'suspended', 'opening', 'hidden', 'trailing')
  local state = meta[1]
  if state ~= 'open' then
    if state == 'frozen' then return nil, CODE.engine_frozen end
    if state == 'recovering' then return nil, CODE.engine_recovering end
    -- No state at all is an empty Redis: a venue that lost its book must not start a new one silently.
    return nil, CODE.engine_unavailable
  end
  -- Laid out by another version of this program: what it means is not known here.
  if meta[6] ~= SHARD_VERSION then return nil, CODE.engine_recovering end
  local seq = tonumber(meta[2])
  if (epoch ~= '' and epoch ~= meta[5]) or seq < sequence_min then
    return nil, CODE.engine_recovering
  end
  if not moment then
    local now = call('TIME')
    moment = { time_us = now[1] * 1000000 + now[2], second_text = now[1] }
  end
  local time_us, last_us = moment.time_us, tonumber(meta[3])
  if time_us < last_us then time_us = last_us end
  local funds = meta[7]
  local tag, entry_end = sub(meta_key, 1, -5), ',"' .. meta[5] .. '"]'
  local shard = {
    meta_key = meta_key,
    -- How an entry ends behind its events: any, and one without a key.
    entry_end = entry_end, plain_end = '],"",null' .. entry_end,
    tag = tag,
    log_key = tag .. 'log',
    orders_key = tag .. 'orders',
    client_order_ids_key = tag .. 'client_order_ids',
    idem_key = tag .. 'idem',
    accounts_key = tag .. 'accounts',
    funds = funds, keeps_money = funds ~= FUNDS.off, is_covered = funds == FUNDS.required,
    -- Whether there are rates, and whether the balances were found not to add up.
    has_fees = meta[8], is_in_breach = meta[9],
    -- Whether any instrument has rules that an order has to be held against.
    has_rules = meta[13] and meta[13] ~= '0', rule_count = meta[13],
    -- What waits for a price, and of it what has been reached (core/stops.lua).
    waiting = meta[14], waiting_stored = meta[14], reached = meta[15], trailing = meta[20], trailing_stored = meta[20],
    -- What waits for the first of its list, which is filled, and is still to go (core/lists.lua).
    released = meta[16],
    -- Of what was reached that which goes on once an instrument trades.
    suspended = meta[17], suspended_stored = meta[17],
    -- The instrument of the call auction that is being carried out, and whether icebergs are counted for one.
    opening = meta[18], opening_stored = meta[18], hides = meta[19],
    -- Reference prices that are known.
    bands = {},
    seq = seq, opening_seq = seq,
    moment = moment, time = text(time_us), time_us = time_us,
    -- What falls due at a time of its own: whether there is any, the earliest of it, what the call changes of it.
    has_dues = meta[10], due_us = meta[10] and tonumber(meta[10]), dues = {}, held = meta[11] and tonumber(meta[11]) or 0,
    -- Whether some accounts may not order, what is known of them, and what the call changes.
    has_kills = meta[12], killed = {}, changed_kills = {},
    leases = {}, changed_leases = {},
    second_text = moment.second_text,
    second = tonumber(moment.second_text),
    persisted = tonumber(meta[4]),
    trade_ids = {},
    zeros = {},
    -- Entries of this call as XADD takes them, each behind the name of its field, and how many of them the log has.
    entries = {}, entry_count = 0, logged_count = 0,
    -- Known and pending, by structure:
    books = {},
    records = {}, stored_records = {}, parsed = {},
    client_order_ids = {}, client_order_ids_stored = {},
    opens = {},
    idems = {}, stored_idems = {},
  }
  if funds ~= FUNDS.off then
    -- What is known of money, what the command has changed so far, and what the call has.
    shard.scales, shard.asset_marks, shard.fee_groups, shard.account_heads, shard.account_texts, shard.balances = {}, {}, {}, {}, {}, {}
    shard.settled = { clients = {}, names = {}, maker_fees = {}, maker_paid = {}, taker_paid = {} }
    shard.touched, shard.touched_count, shard.new_accounts = {}, 0, {}
    shard.changed_balances, shard.changed_count, shard.moved_accounts = {}, 0, {}
    shard.changed_accounts, shard.new_fee_groups, shard.transfers, shard.references, shard.timers = {}, {}, {}, {}, {}
  end
  return shard
end
