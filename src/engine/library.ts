import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KIND_NAMES } from '../domain/order';
import { expandNameLists, luaLayouts } from './lua-layouts';

/**
 * The Lua files of the function library, in the order in which they need each other. Each is a module: a block with
 * locals of its own, which fills the one table named after it. Lua gives a chunk 200 locals; a file costs one.
 */
const MODULES: readonly (readonly [file: string, module: string])[] = [
  ['core/numbers', 'numbers'], ['core/shard', 'shards'], ['core/books', 'books'], ['core/records', 'records'], ['core/traits', 'traits'], ['core/icebergs', 'icebergs'], ['core/dues', 'dues'], ['core/controls', 'controls'], ['core/heads', 'heads'],
  ['core/levels', 'levels'], ['core/queues', 'queues'], ['core/ranks', 'ranks'], ['ledger/amounts', 'amounts'], ['core/trails', 'trails'], ['core/stops', 'stops'], ['core/listings', 'listings'], ['core/log', 'log'], ['core/once', 'once'],
  ['ledger/scales', 'scales'], ['ledger/accounts', 'accounts'], ['ledger/fees', 'fees'], ['ledger/holds', 'holds'],
  ['ledger/settlement', 'settlement'], ['ledger/auctioned', 'auctioned'], ['core/hidden', 'hidden'], ['core/catalogue', 'catalogue'], ['core/bands', 'bands'], ['core/auction_price', 'auction_price'],
  ['core/lists', 'lists'], ['commands/cancel', 'cancel'], ['core/budgets', 'budgets'], ['core/prevention', 'prevention'], ['core/matching', 'matching'],
  ['core/kinds', 'kinds'],
  ['core/taking', 'taking'], ['commands/trigger', 'trigger'], ['core/cascades', 'cascades'],
  ['commands/place', 'place'], ['commands/place_pending', 'place_pending'], ['commands/amend', 'amend'], ['commands/amend_pending', 'amend_pending'],
  ['commands/mass_cancel', 'mass_cancel'], ['commands/list', 'list'],
  ['commands/account', 'account'], ['commands/transfer', 'transfer'], ['commands/transfer_end', 'transfer_end'], ['commands/fee_group', 'fee_group'], ['commands/kill', 'kill'], ['commands/cancel_after', 'cancel_after'], ['commands/lease', 'lease'], ['commands/due', 'due'],
  ['commands/instrument', 'instruments'], ['core/uncross', 'uncross'],
  ['core/flush', 'flush'], ['core/execute', 'execute'], ['admin', 'admin'], ['reads', 'reads'],
];

/** Names that every module may use stand ahead of all of them. */
const PRELUDE = 'core/prelude';

/** Every kind of order has a file of its own, which adds it to `kinds`. */
const KIND_FILES: readonly string[] = KIND_NAMES.map((name) => `orders/${name}`);

export const LUA_FILES: readonly string[] = [PRELUDE, ...MODULES.map(([file]) => file), ...KIND_FILES];

/**
 * Registered functions: the Lua function's name and its flags. `execute_freeing` is `execute` for
 * batches that only free memory: Redis runs it even when its memory is full.
 */
const FUNCTIONS = {
  execute: { callback: 'execute.run', flags: [] },
  execute_freeing: { callback: 'execute.run', flags: ['allow-oom'] },
  initialise: { callback: 'admin.initialise', flags: [] },
  register: { callback: 'admin.register', flags: [] },
  set_breach: { callback: 'admin.set_breach', flags: ['allow-oom'] },
  set_state: { callback: 'admin.set_state', flags: ['allow-oom'] },
  renew_leases: { callback: 'admin.renew_leases', flags: ['allow-oom'] },
  trim: { callback: 'admin.trim', flags: ['allow-oom'] },
  forget_keys: { callback: 'admin.forget_keys', flags: ['allow-oom'] },
  take_once: { callback: 'admin.take_once', flags: ['allow-oom'] },
  read_order: { callback: 'reads.order', flags: ['no-writes'] },
  read_levels: { callback: 'reads.levels', flags: ['no-writes'] },
  read_orders: { callback: 'reads.orders', flags: ['no-writes'] },
  read_book: { callback: 'reads.book', flags: ['no-writes'] },
  read_auction: { callback: 'reads.auction', flags: ['no-writes'] },
  read_waiting: { callback: 'reads.waiting', flags: ['no-writes'] },
  read_accounts: { callback: 'reads.accounts', flags: ['no-writes'] },
  scan_accounts: { callback: 'reads.scan_accounts', flags: ['no-writes'] },
  read_open_orders: { callback: 'reads.open_orders', flags: ['no-writes'] },
} as const satisfies Record<string, { callback: string; flags: readonly string[] }>;

export type FunctionName = keyof typeof FUNCTIONS;

export interface FunctionLibrary {
  readonly name: string;
  /** Lua source with its `#!lua` line. */
  readonly source: string;
  /** Name to call a function by: it carries the content's hash, so that old and new processes can run side by side. */
  functionName(name: FunctionName): string;
}

export const LUA_DIRECTORY = join(__dirname, 'lua');

/**
 * Builds the library from its files.
 * @param rewrite changes a file's text before it is built in: how tests plant a bug and see it found.
 */
export function buildLibrary(rewrite: (file: string, source: string) => string = (_, source) => source): FunctionLibrary {
  const read = (file: string): string => expandNameLists(rewrite(file, readFileSync(join(LUA_DIRECTORY, `${file}.lua`), 'utf8')));
  let body = luaLayouts() + read(PRELUDE);
  for (const [file, module] of MODULES) {
    body += `local ${module} = {}\ndo\n${read(file)}end\n`;
    // What they add to is there from here on.
    if (module === 'kinds') for (const kind of KIND_FILES) body += `do\n${read(kind)}end\n`;
  }
  const hash = createHash('sha256').update(body).update(JSON.stringify(FUNCTIONS)).digest('hex').slice(0, 12);
  const name = `openfill_${hash}`;
  const functionName = (fn: FunctionName): string => `${name}_${fn}`;
  for (const [fn, { callback, flags }] of Object.entries(FUNCTIONS)) {
    const flagList = flags.map((flag) => `'${flag}'`).join(', ');
    body += `redis.register_function{ function_name = '${functionName(fn as FunctionName)}', callback = ${callback}, flags = { ${flagList} } }\n`;
  }
  return { name, source: `#!lua name=${name}\n${body}`, functionName };
}
