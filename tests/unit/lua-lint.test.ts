import { readdirSync } from 'node:fs';
import { LUA_DIRECTORY, LUA_FILES, buildLibrary } from '../../src/engine/library';
import { COMMAND_ARGUMENTS, INSTRUMENT_RULES, ORDER_RECORD } from '../../src/domain/layouts';
import { luaLayouts } from '../../src/engine/lua-layouts';
import { declaredTables, lintLua, moduleTables, type LuaProblem } from '../support/lua-lint';

/** What Redis gives a function; anything else is a misspelling. */
const GLOBALS = new Set([
  '_G', 'redis', 'string', 'table', 'math', 'cjson', 'tostring', 'pairs', 'ipairs', 'next', 'pcall', 'type', 'error',
]);

/** Names of the lists that a file takes apart by one word: it need not use them all. */
const LISTED_NAMES = new Set([...Object.values(COMMAND_ARGUMENTS).flat(), ...ORDER_RECORD, ...INSTRUMENT_RULES, 'place', 'terms', 'tail']);

/** The whole library with the file that each of its lines comes from. */
function librarySource(): { source: string; where: (problem: LuaProblem) => string } {
  const files = new Map<string, string>();
  const { source } = buildLibrary((file, text) => {
    // Marked, since what stands between the files is the builder's.
    const marked = `-- file ${file}\n${text}`;
    files.set(file, text);
    return marked;
  });
  const lines = source.split('\n');
  const where = (problem: LuaProblem): string => {
    const at = lines.findLastIndex((line, i) => i < problem.line && line.startsWith('-- file '));
    return `${at < 0 ? 'layouts' : `${(lines[at] as string).slice('-- file '.length)}.lua`}:${problem.line - at - 1}: ${problem.message}`;
  };
  return { source: `-- ${source}`, where };
}

describe('the function library', () => {
  it('names nothing that is not defined, and defines nothing that is not read', () => {
    const { source, where } = librarySource();
    const tables = new Map([...declaredTables(luaLayouts()), ...moduleTables(source)]);
    expect(lintLua(source, GLOBALS, tables, LISTED_NAMES).map(where)).toEqual([]);
  });

  it('is made of every Lua file', () => {
    const files = readdirSync(LUA_DIRECTORY, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.lua')).map((name) => name.slice(0, -'.lua'.length));
    expect(files.sort()).toEqual([...LUA_FILES].sort());
  });
});

describe('the lint', () => {
  const lint = (source: string): string[] =>
    lintLua(source, GLOBALS, new Map([['CODE', new Set(['ok'])]])).map(({ line, message }) => `${line}: ${message}`);

  it.each([
    ['local a = 1\nreturn b', ['2: b is not defined', '1: local a is never read']],
    ['total = 1', ['1: total is assigned but not declared: a global']],
    ['local function f() return f() end', []],
    ['local f = function() return g() end return f', ['1: g is not defined']],
    ['for i = 1, n do local x = i end', ['1: n is not defined', '1: local x is never read']],
    ['if redis then local y = 1 end return y', ['1: local y is never read', '1: y is not defined']],
    ['repeat local done = redis.call("GET") until done', []],
    ['local t = { a = 1, [k] = 2 } t.b = 1', ['1: k is not defined']],
    ['local CODE = {} return CODE.ok, CODE.okay', ['1: CODE.okay does not exist']],
    ['local a = 1 local a = a return a', []],
    ['local _ = redis return function(keys, argv) return keys end', []],
  ])('reads %j', (source, problems) => {
    expect(lint(source)).toEqual(problems);
  });
});
