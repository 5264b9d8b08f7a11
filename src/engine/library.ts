import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RESULT_CODES } from '../domain/result-code';
import { KIND_CODE, REASON_CODE, STATUS_CODE } from '../domain/order';

/** The Lua files of the function library, in the order in which they need each other. */
export const LUA_FILES = [
  'numbers', 'shard', 'entry', 'match', 'place', 'cancel', 'amend', 'mass_cancel', 'execute', 'admin', 'reads',
] as const;

/**
 * Registered functions: the Lua function's name and its flags. `execute_freeing` is `execute` for
 * batches that only free memory: Redis runs it even when its memory is full.
 */
const FUNCTIONS = {
  execute: { callback: 'execute', flags: [] },
  execute_freeing: { callback: 'execute', flags: ['allow-oom'] },
  initialise: { callback: 'initialise', flags: [] },
  set_state: { callback: 'set_state', flags: ['allow-oom'] },
  persisted: { callback: 'persisted', flags: ['allow-oom'] },
  forget_keys: { callback: 'forget_keys', flags: ['allow-oom'] },
  read_order: { callback: 'read_order', flags: ['no-writes'] },
  read_levels: { callback: 'read_levels', flags: ['no-writes'] },
  read_orders: { callback: 'read_orders', flags: ['no-writes'] },
  read_book: { callback: 'read_book', flags: ['no-writes'] },
  read_open_orders: { callback: 'read_open_orders', flags: ['no-writes'] },
} as const satisfies Record<string, { callback: string; flags: readonly string[] }>;

export type FunctionName = keyof typeof FUNCTIONS;

export interface FunctionLibrary {
  readonly name: string;
  /** Lua source with its `#!lua` line. */
  readonly source: string;
  /** Name to call a function by: it carries the content's hash, so that old and new processes can run side by side. */
  functionName(name: FunctionName): string;
}

function luaTable(name: string, values: Record<string, number>): string {
  const fields = Object.entries(values).map(([key, value]) => `${key} = '${value}'`);
  return `local ${name} = { ${fields.join(', ')} }\n`;
}

/** Constants that Lua shares with TypeScript, generated so that they cannot drift apart: text, as records and arguments hold them. */
export function luaConstants(): string {
  const codes: Record<string, number> = {};
  for (const [code, spec] of Object.entries(RESULT_CODES)) {
    if (spec.number !== null) codes[code] = spec.number;
  }
  return [
    luaTable('CODE', codes),
    luaTable('STATUS', STATUS_CODE),
    luaTable('REASON', REASON_CODE),
    luaTable('KIND', KIND_CODE),
  ].join('');
}

export const LUA_DIRECTORY = join(__dirname, 'lua');

/**
 * Builds the library from its files.
 * @param rewrite changes a file's text before it is built in: how tests plant a bug and see it found.
 */
export function buildLibrary(rewrite: (file: string, source: string) => string = (_, source) => source): FunctionLibrary {
  let body = luaConstants();
  for (const file of LUA_FILES) {
    body += rewrite(file, readFileSync(join(LUA_DIRECTORY, `${file}.lua`), 'utf8'));
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
