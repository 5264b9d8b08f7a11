import {
  OPERATIONS, PlaceRequest, fieldIn, fieldsOf, plainKind, rulesOf, variantsOf, variesBy,
  type Field, type Kind, type Rule, type Shape,
} from '#openfill-contract';
import { NumberText } from '../../../domain/amounts';
import { isUuid } from '../../../domain/order-id';
import type { Operation, PlaceBody } from './shapes';

/**
 * The judge's verdict on what is plainly right, in half a microsecond where joi takes ten to twenty: more than all else that
 * the service does for an order. It is made of the same description as the judge (judge.ts), and gives either exactly what
 * that would, or null for "ask the judge", which decides and finds the words for what is wrong. A test holds the two against
 * each other over random bodies.
 *
 * Bodies come from JSON: no object has a prototype of its own making.
 */

type Fields = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

/** Printable ASCII. Other scripts are the judge's. */
const PLAIN_TEXT = /^[ -~]+$/;

function checkOf(given: Kind): Check {
  const kind = plainKind(given);
  switch (kind.kind) {
    case 'text': {
      const { max, reserved } = kind;
      if (reserved === undefined) return (value) => typeof value === 'string' && value.length <= max && PLAIN_TEXT.test(value);
      return (value) => typeof value === 'string' && value.length <= max && value[0] !== reserved && PLAIN_TEXT.test(value);
    }
    case 'pattern': {
      const pattern = new RegExp(kind.pattern);
      return (value) => typeof value === 'string' && pattern.test(value);
    }
    case 'uuid':
      return (value) => typeof value === 'string' && isUuid(value);
    case 'word': {
      const [first, second, third, ...rest] = kind.words;
      if (rest.length > 0) return (value) => typeof value === 'string' && kind.words.includes(value);
      // Compared one by one: nothing is quicker for a few. What is undefined is none of them.
      return (value) => value !== undefined && (value === first || value === second || value === third);
    }
    case 'flag': {
      const { always } = kind;
      return always === undefined ? (value) => typeof value === 'boolean' : (value) => value === always;
    }
    case 'amount':
    case 'rate':
      return (value) => typeof value === 'string' || typeof value === 'number' || value instanceof NumberText;
    case 'moment':
      // It becomes a number: the judge makes it one.
      return () => false;
    default:
      throw new Error(`there is no quick check of kind ${kind.kind}`);
  }
}

/** A field as it is looked up by its name; `bit` marks it among those that are there. */
interface Known {
  readonly bit: number;
  readonly fits: Check;
}

/** Bits of a number: more fields than these no shape may have. */
const FIELDS_MAX = 30;

/** What one variant of a shape is checked by. */
class Plan {
  private readonly known: Readonly<Record<string, Known>>;
  private readonly required: number;
  private readonly defaults: readonly { readonly bit: number; readonly name: string; readonly value: unknown }[];
  private readonly lowered: readonly { readonly bit: number; readonly name: string }[];
  private readonly rules: readonly ((seen: number, fields: Fields) => boolean)[];

  constructor(fields: readonly (readonly [name: string, field: Field])[], rules: readonly Rule[]) {
    if (fields.length > FIELDS_MAX) throw new Error(`a shape has more than ${FIELDS_MAX} fields`);
    const bits = new Map(fields.map(([name], i) => [name, 1 << i]));
    const bit = (name: string): number => bits.get(name) ?? 0;
    const maskOf = (names: readonly string[]): number => names.reduce((mask, name) => mask | bit(name), 0);
    const known: Record<string, Known> = Object.create(null) as Record<string, Known>;
    for (const [name, { is }] of fields) known[name] = { bit: bit(name), fits: checkOf(is) };
    this.known = known;
    this.required = maskOf(fields.filter(([, { presence }]) => presence === 'required' || presence === 'own').map(([name]) => name));
    this.defaults = fields.filter(([, { presence }]) => presence === 'default').map(([name, field]) => ({ bit: bit(name), name, value: field.default }));
    this.lowered = fields.filter(([, { is }]) => plainKind(is).kind === 'uuid').map(([name]) => ({ bit: bit(name), name }));
    const defaultOf = (name: string): unknown => fields.find(([own]) => own === name)?.[1].default;
    this.rules = rules.map((rule) => {
      switch (rule.rule) {
        case 'one': {
          const mask = maskOf(rule.of);
          return (seen: number) => isOneBit(seen & mask);
        }
        case 'some': {
          const mask = maskOf(rule.of);
          // A variant that knows none of them is asked for none.
          return (seen: number) => mask === 0 || (seen & mask) !== 0;
        }
        case 'not_both': {
          const mask = maskOf(rule.of);
          // Where it knows one of the two only, the other is not given.
          return rule.of.every((name) => bits.has(name)) ? (seen: number) => (seen & mask) !== mask : () => true;
        }
        case 'needs': {
          const [one, other] = [bit(rule.field), bit(rule.other)];
          return (seen: number) => (seen & one) === 0 || (seen & other) !== 0;
        }
        case 'just_with': {
          const { other, value } = rule;
          const field = bit(rule.field);
          return (seen: number, given: Fields) => (given[other] === value) === ((seen & field) !== 0);
        }
        case 'true_only_with': {
          const isDefault = defaultOf(rule.field) === rule.value;
          const { flag, field, value } = rule;
          const other = bit(field);
          return (seen: number, given: Fields) => given[flag] !== true || ((seen & other) === 0 ? isDefault : given[field] === value);
        }
      }
    });
  }

  /** @returns what the judge makes of the fields, or null where only the judge can tell */
  check(fields: Fields): Fields | null {
    let seen = 0;
    for (const name in fields) {
      const known = this.known[name];
      if (known === undefined || !known.fits(fields[name])) return null;
      seen |= known.bit;
    }
    if ((seen & this.required) !== this.required) return null;
    for (const holds of this.rules) if (!holds(seen, fields)) return null;
    const checked: Record<string, unknown> = { ...fields };
    for (const { bit, name, value } of this.defaults) if ((seen & bit) === 0) checked[name] = value;
    for (const { bit, name } of this.lowered) if ((seen & bit) !== 0) checked[name] = (checked[name] as string).toLowerCase();
    return checked;
  }
}

function isOneBit(bits: number): boolean {
  return bits !== 0 && (bits & (bits - 1)) === 0;
}

/** @returns the quick check of a shape that clients send */
export function quickCheckOf(shape: Shape): (fields: Fields) => Fields | null {
  const rules = rulesOf(shape);
  const planOf = (variant: string | null): Plan => new Plan(Object.entries(fieldsOf(shape)).flatMap(([name, field]) => {
    const own = fieldIn(field, variant);
    return own === null ? [] : [[name, own] as const];
  }), rules);
  const by = variesBy(shape);
  if (by === null) {
    const plan = planOf(null);
    return (fields) => plan.check(fields);
  }
  const plans = new Map<unknown, Plan>(variantsOf(shape).map((variant) => [variant, planOf(variant)]));
  return (fields) => plans.get(fields[by])?.check(fields) ?? null;
}

const place = quickCheckOf(PlaceRequest);
const operations = new Map<unknown, (fields: Fields) => Fields | null>(Object.entries(OPERATIONS).map(([op, shape]) => [op, quickCheckOf(shape)]));

/** @returns what PLACE makes of the body, or null where only the judge can tell */
export function quickPlace(body: object): PlaceBody | null {
  return place(body as Fields) as PlaceBody | null;
}

/** @returns what the operation's schema makes of it, or null where only the judge can tell */
export function quickOperation(operation: object): Operation | null {
  const fields = operation as Fields;
  return (operations.get(fields.op)?.(fields) ?? null) as Operation | null;
}
