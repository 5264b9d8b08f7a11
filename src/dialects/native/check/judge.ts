import {
  boundOf, fieldIn, fieldsOf, isVariantField, plainKind, rulesOf, variantsOf, variesBy,
  type Field, type IntegerKind, type Kind, type ListKind, type Limits, type ObjectOf, type Rule, type Shape, type TextKind, type VariantField,
} from '#openfill-contract';
import Joi from 'joi';
import { NumberText, type AmountInput } from '../../../domain/amounts';
import { isUuid } from '../../../domain/order-id';
import { momentUs } from './moment';

/**
 * The contract's shapes as joi schemas, which have the last word on what a client sends, and find the words for what is wrong
 * with it. Amounts are only looked at as to their type here; domain/amounts reads them.
 */

/** Neither control characters nor lone surrogates nor unassigned code points. */
const PRINTABLE = /^[^\p{C}]+$/u;

/** A query's whole number: plain digits, nothing that a number parser would forgive. */
const WHOLE_NUMBER = /^[1-9][0-9]{0,15}$/;

const amount = Joi.any().custom((value: unknown, helpers) => {
  if (typeof value === 'string' || typeof value === 'number' || value instanceof NumberText) return value;
  return helpers.error('amount.type');
}).messages({ 'amount.type': '{{#label}} must be a number or a decimal string' });

const uuid = Joi.string().custom((value: string, helpers) =>
  isUuid(value) ? value.toLowerCase() : helpers.error('uuid'),
).messages({ uuid: '{{#label}} must be a UUID' });

const moment = Joi.string().custom((value: string, helpers) => momentUs(value) ?? helpers.error('moment'))
  .messages({ moment: '{{#label}} must be a time in UTC such as 2026-11-21T09:00:00Z, or a date', 'string.empty': '{{#label}} must not be empty' });

/** Text of 1 to `max` characters, counted as code points as JSON Schema does, that does not begin with `reserved`. */
function printable({ max, reserved }: TextKind): Joi.Schema {
  return Joi.string().custom((value: string, helpers) => {
    const isLonger = value.length > max && (value.length > 2 * max || Array.from(value).length > max);
    if (isLonger || !PRINTABLE.test(value)) return helpers.error('printable', { max });
    return reserved !== undefined && value.startsWith(reserved) ? helpers.error('reserved', { reserved }) : value;
  }).messages({
    printable: '{{#label}} must be 1 to {{#max}} printable characters',
    reserved: '{{#label}} must not begin with {{#reserved}}: such names are the venue\'s own',
  });
}

/** How a shape is read. */
interface Reading {
  readonly limits: Limits;
  /** Kinds that the service knows more of than the contract says, such as the names of its instruments. */
  readonly own: ReadonlyMap<Kind, Joi.Schema>;
  /** Whether all that comes is text, as in a query. */
  readonly isQuery: boolean;
}

/** A number in a query. */
function digits(max: number): Joi.Schema {
  return Joi.string().custom((value: string, helpers) => {
    const number = WHOLE_NUMBER.test(value) ? Number(value) : Infinity;
    return number <= max ? number : helpers.error('whole', { max });
  }).messages({ whole: '{{#label}} must be a whole number from 1 to {{#max}}', 'string.empty': '{{#label}} must not be empty' });
}

/** A number in JSON. */
function wholeNumber({ min, max }: IntegerKind, limits: Limits): Joi.Schema {
  const atLeast = min === undefined ? Joi.number().integer() : Joi.number().integer().min(min);
  return max === undefined ? atLeast : atLeast.max(boundOf(max, limits));
}

/** Values, each of its kind. */
function valuesOf({ of, min, max, unique = false }: ListKind, reading: Reading): Joi.Schema {
  let schema = Joi.array().items(kindSchema(of, reading));
  if (min !== undefined) schema = schema.min(min);
  if (max !== undefined) schema = schema.max(boundOf(max, reading.limits));
  return unique ? schema.unique() : schema;
}

/** A list of requests: itself only. They are checked one by one, so that one that is bad leaves the others alone. */
function requestsOf(min: number, max: number): Joi.Schema {
  return Joi.any().custom((value: unknown, helpers) =>
    Array.isArray(value) && value.length >= min && value.length <= max ? value : helpers.error('list', { min, max }),
  ).messages({ list: '{{#label}} must be an array of {{#min}} to {{#max}} {{#label}}' });
}

function isRequest(given: Kind): boolean {
  const kind = plainKind(given);
  return kind.kind === 'object' || (kind.kind === 'either' && kind.of.every(isRequest));
}

function kindSchema(given: Kind, reading: Reading): Joi.Schema {
  const { limits, own, isQuery } = reading;
  const known = own.get(given);
  if (known !== undefined) return known;
  const kind = plainKind(given);
  switch (kind.kind) {
    case 'text':
      return printable(kind);
    case 'pattern':
      return Joi.string().pattern(new RegExp(kind.pattern)).messages({ 'string.pattern.base': `{{#label}} must be ${kind.says}` });
    case 'uuid':
      return uuid;
    case 'word':
      return Joi.string().valid(...kind.words);
    case 'choice':
      return Joi.string().valid(...kind.numbers.map(String));
    case 'flag':
      return kind.always === undefined ? Joi.boolean().strict() : Joi.boolean().strict().valid(kind.always);
    case 'amount':
    case 'rate':
      return amount;
    case 'moment':
      return moment;
    case 'integer':
      return isQuery ? digits(boundOf(kind.max ?? Number.MAX_SAFE_INTEGER, limits)) : wholeNumber(kind, limits);
    case 'list':
      if (!isRequest(kind.of)) return valuesOf(kind, reading);
      return requestsOf(kind.min ?? 0, boundOf(kind.max ?? Number.MAX_SAFE_INTEGER, limits));
    default:
      throw new Error(`nothing that clients send is of kind ${kind.kind}`);
  }
}

/** A field's default: a query's is the text that it stands for, but for a number, which is as it will be checked. */
function defaultOf({ is, default: fallback }: Field, limits: Limits): string | number | boolean | undefined {
  const kind = plainKind(is);
  if (kind.kind === 'choice') return String(fallback);
  return kind.kind === 'integer' && typeof fallback === 'number' ? Math.min(fallback, boundOf(kind.max ?? fallback, limits)) : fallback;
}

function fieldSchema(field: Field, reading: Reading): Joi.Schema {
  const schema = kindSchema(field.is, reading);
  // The caller's own account stands there already.
  if (field.presence === 'required' || field.presence === 'own') return schema.required();
  return field.presence === 'default' ? schema.default(defaultOf(field, reading.limits)) : schema;
}

/** What a field is by the variant. A word that is none is refused by its own field; the rest is read as the first variant then. */
function variantSchema(field: VariantField, by: string, variants: readonly string[], reading: Reading): Joi.Schema {
  const schemaIn = (variant: string): Joi.Schema => {
    const own = fieldIn(field, variant);
    if (own !== null) return fieldSchema(own, reading);
    return Joi.forbidden().messages({ 'any.unknown': `{{#label}} is not allowed with ${by} ${variant}` });
  };
  const [first, ...others] = variants as [string, ...string[]];
  return Joi.any().when(by, { switch: others.map((is) => ({ is, then: schemaIn(is) })), otherwise: schemaIn(first) });
}

function withRule(schema: Joi.ObjectSchema, rule: Rule): Joi.ObjectSchema {
  switch (rule.rule) {
    case 'one':
      return schema.xor(...rule.of);
    case 'some':
      if (rule.where === undefined) return schema.or(...rule.of);
      return schema.when(Joi.object({ [rule.where.field]: Joi.valid(rule.where.value).required() }).unknown(), { then: Joi.object().or(...rule.of) });
    case 'not_both':
      return schema.nand(...rule.of).messages({ 'object.nand': 'must not have {{#main}} and {{#peers.0}} at once' });
    case 'needs':
      return schema.with(rule.field, rule.other).messages({ 'object.with': 'must have {{#peer}} where it has {{#main}}' });
    case 'true_only_with':
    case 'just_with':
      // A field's own rule: the field's words are about it.
      return schema;
  }
}

function schemaOf<S extends Shape>(shape: S, reading: Reading): Joi.ObjectSchema<ObjectOf<S, AmountInput>> {
  const by = variesBy(shape);
  const variants = variantsOf(shape);
  const rules = rulesOf(shape);
  const keys = Object.entries(fieldsOf(shape)).map(([name, field]): [string, Joi.Schema] => {
    let schema = isVariantField(field) ? variantSchema(field, by ?? '', variants, reading) : fieldSchema(field, reading);
    for (const rule of rules) {
      if (rule.rule === 'true_only_with' && rule.flag === name) {
        const only = { 'any.only': `{{#label}} may be true only with ${rule.field} ${rule.value}` };
        schema = schema.when(rule.field, { is: rule.value, otherwise: Joi.valid(false).messages(only) });
      }
      if (rule.rule === 'just_with' && rule.field === name) {
        const without = { 'any.unknown': `{{#label}} is allowed with ${rule.other} ${rule.value} only` };
        schema = schema.when(rule.other, { is: rule.value, then: Joi.required(), otherwise: Joi.forbidden().messages(without) });
      }
    }
    return [name, schema];
  });
  let schema = Joi.object(Object.fromEntries(keys));
  for (const rule of rules) schema = withRule(schema, rule);
  return schema as Joi.ObjectSchema<ObjectOf<S, AmountInput>>;
}

const NOTHING_OWN: Reading['own'] = new Map();

/**
 * @param own schemas that stand in for kinds which the service knows more of than the contract says
 * @returns the schema of a shape that clients send as JSON
 * @throws Error for a kind that none of them does
 */
export function judgeOf<S extends Shape>(shape: S, limits: Limits, own = NOTHING_OWN): Joi.ObjectSchema<ObjectOf<S, AmountInput>> {
  return schemaOf(shape, { limits, own, isQuery: false });
}

/** @returns the schema of a shape that clients send as a query @throws Error for a kind that none of them does */
export function queryJudgeOf<S extends Shape>(shape: S, limits: Limits): Joi.ObjectSchema<ObjectOf<S, AmountInput>> {
  // All that comes is text: what is none was given more than once.
  return schemaOf(shape, { limits, own: NOTHING_OWN, isQuery: true }).messages({ 'string.base': '{{#label}} must be given once' });
}
