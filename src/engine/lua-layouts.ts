import {
  ACCOUNT_RECORD_VERSION, COMMAND_ARGUMENTS, COMMAND_LETTER, ENTRY, EVENT, EXECUTE_ARGUMENTS, FAILURE_LETTER, FUNDS_CODE, INSTRUMENT_BOUND, INSTRUMENT_CHANGEABLE, INSTRUMENT_RULES,
  INSTRUMENT_TEXTS, LIST_MARK, LOG_ENTRY_VERSION, ORDER_EVENT, ORDER_RECORD, ORDER_RECORD_TAIL,
  ORDER_RECORD_TEXTS, ORDER_RECORD_VERSION, ORDER_TERMS, SHARD_LAYOUT_VERSION, ONCE_LETTER, TRADE_EVENT,
} from '../domain/layouts';
import { AMOUNT_MAX } from '../domain/amounts';
import { ACCOUNT_STATUS_CODE, CREDIT_CODE, TRANSFER_KIND_CODE, TRANSFER_STATUS_CODE } from '../domain/money';
import { CONTROL_CODE, DUE_CODE, KILL_PAGE_US } from '../domain/controls';
import { BAND_WINDOW_S, INSTRUMENT_STATE_CODE } from '../domain/instrument-rules';
import { KIND_CODE, REASON_CODE, STATUS_CODE } from '../domain/order';
import { STP_CODE, TRAIT_CODE } from '../domain/order-traits';
import { compactId } from '../domain/order-id';
import { LIST_ROLE_CODE, LIST_SIZE, LIST_SIZE_MAX, listOrderId } from '../domain/order-list';
import { TRIGGER_CODE } from '../domain/order-type';
import { RESULT_CODES } from '../domain/result-code';

/** What Lua shares with TypeScript, made from the tables of the domain so that it cannot drift apart. */

type Field = (typeof ORDER_RECORD)[number];

/** Numbers as text, as records and arguments hold them. */
function textTable(name: string, values: Readonly<Record<string, number | string>>): string {
  return `local ${name} = { ${Object.entries(values).map(([key, value]) => `${key} = '${value}'`).join(', ')} }\n`;
}

/** Where each name stands. @param first position of the first one: Lua counts from 1 */
function positionTable(name: string, names: readonly string[], first = 1): string {
  return `local ${name} = { ${names.map((field, at) => `${field} = ${at + first}`).join(', ')} }\n`;
}

/** The parts of a record that commands look at, in the order of the record. */
const ORDER_PARTS = [
  'filled', 'notional', 'status', 'fill_sequence', 'priority', 'fees', 'price', 'quantity', 'traits', 'tail', 'side', 'kind', 'instrument', 'client', 'client_order_id',
] as const;
/** The parts that matching needs of a maker. */
const MAKER_PARTS = ['filled', 'notional', 'fill_sequence', 'priority', 'fees', 'price', 'quantity', 'traits', 'tail'] as const;

/** An instrument's rules: what is bound for ever as one text, then what may be changed. */
const RULE_PARTS = ['bound', ...INSTRUMENT_RULES.slice(INSTRUMENT_BOUND.length)] as const;

function rulesPattern(): string {
  const bound = INSTRUMENT_BOUND.map((name) => (INSTRUMENT_TEXTS.includes(name) ? '"[^"]*"' : '%d+')).join(',');
  return `^(${bound}),${INSTRUMENT_RULES.slice(INSTRUMENT_BOUND.length).map(() => '(%d+)').join(',')}$`;
}

/** Text in a record never holds a raw double quote (engine/commands/text.ts), so [^"]* is a whole string. */
function patternOf(field: Field): { readonly open: string; readonly value: string; readonly close: string } {
  if (field === 'version') return { open: '', value: String(ORDER_RECORD_VERSION), close: '' };
  if (field === 'fees' || field === 'traits') return { open: '%[', value: '[^%]]*', close: '%]' };
  if (!ORDER_RECORD_TEXTS.includes(field)) return { open: '', value: '%d+', close: '' };
  return { open: '"', value: field === 'notional' ? '%d+' : '[^"]*', close: '"' };
}

/** @param looksInto whether the values of the tail are captured one by one */
function recordPattern(captured: ReadonlySet<string>, looksInto: boolean): string {
  const stored = ORDER_RECORD.slice(0, -1);
  const tailAt = stored.indexOf(ORDER_RECORD_TAIL);
  const piece = (field: Field): string => {
    const { open, value, close } = patternOf(field);
    return `${open}${captured.has(field) ? `(${value})` : value}${close}`;
  };
  const head = stored.slice(0, tailAt).map(piece).join(',');
  const tail = looksInto ? stored.slice(tailAt).map(piece).join(',') : '.+';
  return `^${head},(${tail})$`;
}

/** Client and its own name for the order, out of a record's tail. */
function tailOwnerPattern(): string {
  const tail = ORDER_RECORD.slice(ORDER_RECORD.indexOf(ORDER_RECORD_TAIL), ORDER_RECORD.indexOf('client_order_id') + 1);
  return `^${tail.map((field) => {
    const { open, value, close } = patternOf(field);
    return `${open}${field === 'client' || field === 'client_order_id' ? `(${value})` : value}${close}`;
  }).join(',')}`;
}

/** What an order asks for as text between commas, and behind the traits all that follows as one. */
function termsPattern(): string {
  const pieces = ORDER_TERMS.map((field) => {
    const { open, value, close } = patternOf(field);
    return `${open}(${value})${close}`;
  });
  const tailAt = ORDER_TERMS.indexOf(ORDER_RECORD_TAIL);
  return `^${pieces.slice(0, tailAt).join(',')},(${pieces.slice(tailAt).join(',')})$`;
}

/** With what the compact ids of a list's orders end, in their order: in all else they are the same. */
function listEnds(): readonly string[] {
  const listId = '00000000-0000-7000-8000-000000000000';
  return Array.from({ length: LIST_SIZE_MAX }, (_, i) => compactId(listOrderId(listId, i + 1)).slice(-1));
}

/** Parts that are text already, of several fields each. */
type Part = 'terms' | 'tail';

/** @param values of some fields that are always the same */
function joined(fields: readonly (Field | Part)[], values: Partial<Record<Field, string>>): string {
  const marks = (name: string | undefined): readonly [open: string, close: string] => {
    if (name === 'fees' || name === 'traits') return ['[', ']'];
    return (ORDER_RECORD_TEXTS as readonly (string | undefined)[]).includes(name) ? ['"', '"'] : ['', ''];
  };
  let text = `'${ORDER_RECORD_VERSION}`;
  let isOpen = true;
  for (const [i, name] of fields.entries()) {
    const before = `${marks(fields[i - 1])[1]},${marks(name)[0]}`;
    const value = values[name as Field];
    // Text runs on as long as nothing but constants follows.
    text += isOpen ? before : ` .. '${before}`;
    text += value ?? `' .. ${name}`;
    isOpen = value !== undefined;
  }
  const last = marks(fields[fields.length - 1])[1];
  if (isOpen) return `${text}${last}'`;
  return last === '' ? text : `${text} .. '${last}'`;
}

/**
 * The builders of a record, each in one step: text that is joined piece by piece costs as much again for each piece. All
 * parts are text. `resting_record` is of a new order that traded nothing and waits.
 */
function recordBuilders(): string {
  const between = (first: Field, end: Field): readonly Field[] => ORDER_RECORD.slice(ORDER_RECORD.indexOf(first), ORDER_RECORD.indexOf(end));
  const [firstTerm, lastTerm] = [ORDER_TERMS[0], ORDER_TERMS[ORDER_TERMS.length - 1] as Field];
  const behindTerms = ORDER_RECORD.slice(ORDER_RECORD.indexOf(lastTerm) + 1, -1);
  const builder = (name: string, fields: readonly (Field | Part)[], values: Partial<Record<Field, string>>): string => (
    `local function ${name}(${fields.filter((field) => values[field as Field] === undefined).join(', ')})\n  return ${joined(fields, values)}\nend\n`
  );
  const fresh = { sequence: '0', updated_us: '0', placed: '0' };
  const untraded = { ...fresh, filled: '0', notional: '0', status: String(STATUS_CODE.open), reason: '0', fill_sequence: '0' };
  const whole = [...between('filled', firstTerm), 'terms', ...behindTerms] as const;
  return builder('changed_record', [...between('filled', ORDER_RECORD_TAIL), 'tail'], {})
    + builder('new_record', whole, fresh) + builder('resting_record', whole, untraded);
}

/** Constants, patterns and the builders of records, ahead of every file of the library. */
export function luaLayouts(): string {
  const codes: Record<string, number> = {};
  for (const [code, spec] of Object.entries(RESULT_CODES)) {
    if (spec.number !== null) codes[code] = spec.number;
  }
  const commands = Object.entries(COMMAND_ARGUMENTS);
  return [
    textTable('CODE', codes),
    textTable('STATUS', STATUS_CODE),
    textTable('REASON', REASON_CODE),
    textTable('KIND', KIND_CODE),
    textTable('TRAIT', TRAIT_CODE),
    textTable('STP', STP_CODE),
    textTable('TRIGGER', TRIGGER_CODE),
    textTable('ROLE', LIST_ROLE_CODE),
    `local LIST_MARK, LIST_SIZE = '${LIST_MARK}', { ${Object.entries(LIST_SIZE).map(([type, size]) => `${type} = ${size}`).join(', ')} }\n`,
    `local LIST_ENDS = { ${listEnds().map((end) => `'${end}'`).join(', ')} }\n`,
    `local TERMS_PATTERN = '${termsPattern()}'\n`,
    textTable('EVENT', EVENT),
    textTable('LETTER', COMMAND_LETTER),
    textTable('DUE', DUE_CODE),
    textTable('CONTROL', CONTROL_CODE),
    `local KILL_PAGE_US = ${KILL_PAGE_US}\n`,
    textTable('FUNDS', FUNDS_CODE),
    textTable('ACCOUNT_STATUS', ACCOUNT_STATUS_CODE),
    textTable('CREDIT', CREDIT_CODE),
    textTable('INSTRUMENT_STATE', INSTRUMENT_STATE_CODE),
    textTable('TRANSFER_KIND', TRANSFER_KIND_CODE),
    textTable('TRANSFER_STATUS', TRANSFER_STATUS_CODE),
    `local SHARD_VERSION, ENTRY_VERSION, ACCOUNT_VERSION = '${SHARD_LAYOUT_VERSION}', '${LOG_ENTRY_VERSION}', '${ACCOUNT_RECORD_VERSION}'\n`,
    `local FAILURE_LETTER, ONCE_LETTER = '${FAILURE_LETTER}', '${ONCE_LETTER}'\n`,
    `local ARGUMENTS = { execute = ${EXECUTE_ARGUMENTS.length}, ${commands.map(([op, names]) => `${op} = ${names.length}`).join(', ')} }\n`,
    positionTable('EXECUTE_AT', EXECUTE_ARGUMENTS),
    // Counted from a command's letter.
    `local ARGUMENT_AT = {\n${commands.map(([op, names]) => `  ${positionTable(op, names).slice('local '.length).trimEnd()},\n`).join('')}}\n`,
    positionTable('ENTRY_AT', ENTRY),
    positionTable('TRADE_AT', TRADE_EVENT),
    positionTable('ORDER_EVENT_AT', ORDER_EVENT),
    positionTable('ORDER_PART', ORDER_PARTS),
    `local ORDER_PATTERN = '${recordPattern(new Set(ORDER_PARTS), true)}'\n`,
    `local MAKER_PATTERN = '${recordPattern(new Set(MAKER_PARTS), false)}'\n`,
    `local RULES_PATTERN = '${rulesPattern()}'\n`,
    `local WANTED_PATTERN = '^${INSTRUMENT_CHANGEABLE.map(() => '(%w+)').join(',')}$'\n`,
    `local AMOUNT_MAX_TEXT = '${AMOUNT_MAX}'\n`,
    `local BAND_WINDOW_S = '${BAND_WINDOW_S}'\n`,
    `local TAIL_OWNER_PATTERN = '${tailOwnerPattern()}'\n`,
    recordBuilders(),
  ].join('');
}

/** Lists of names that Lua files take apart by one word. */
const NAME_LISTS: Readonly<Record<string, readonly string[]>> = {
  ORDER_PARTS, MAKER_PARTS, PLACE_ARGUMENTS: COMMAND_ARGUMENTS.place, CANCEL_ARGUMENTS: COMMAND_ARGUMENTS.cancel,
  AMEND_ARGUMENTS: COMMAND_ARGUMENTS.amend, MASS_CANCEL_ARGUMENTS: COMMAND_ARGUMENTS.mass_cancel, ACCOUNT_ARGUMENTS: COMMAND_ARGUMENTS.account,
  TRANSFER_ARGUMENTS: COMMAND_ARGUMENTS.transfer, TRANSFER_END_ARGUMENTS: COMMAND_ARGUMENTS.transfer_end,
  FEE_GROUP_ARGUMENTS: COMMAND_ARGUMENTS.fee_group, KILL_ARGUMENTS: COMMAND_ARGUMENTS.kill, LIST_ARGUMENTS: COMMAND_ARGUMENTS.list, LEASE_ARGUMENTS: COMMAND_ARGUMENTS.lease, CANCEL_AFTER_ARGUMENTS: COMMAND_ARGUMENTS.cancel_after, INSTRUMENT_ARGUMENTS: COMMAND_ARGUMENTS.instrument, RULE_PARTS,
};

/** Writes out `local ORDER_PARTS = …` and the like: the names stand in the table of layouts only. */
export function expandNameLists(source: string): string {
  return source.replace(/\blocal ([A-Z_]+(?:_PARTS|_ARGUMENTS)) =/g, (all, list: string) => {
    const names = NAME_LISTS[list];
    if (names === undefined) throw new Error(`there is no list of names ${list}`);
    return `local ${names.join(', ')} =`;
  });
}
