import { alternativesOf, type Alternative } from './alternatives';
import { boundOf, plainKind, type Field, type Kind, type Limits, type Rule, type Shape, type Told } from './language';

/** Descriptions as JSON Schema (2020-12, in words that draft 7 reads alike). */

export type Schema = Readonly<Record<string, unknown>>;

/** Code points that are not printable, as far as ranges can say it: controls, invisible format marks, private use, no characters. */
const UNPRINTABLE = [
  '\\u0000-\\u001f', '\\u007f-\\u009f', '\\u00ad', '\\u0600-\\u0605', '\\u061c', '\\u06dd', '\\u070f', '\\u0890-\\u0891', '\\u08e2', '\\u180e',
  '\\u200b-\\u200f', '\\u202a-\\u202e', '\\u2060-\\u206f', '\\ue000-\\uf8ff', '\\ufdd0-\\ufdef', '\\ufeff', '\\ufff9-\\ufffb', '\\ufffe-\\uffff',
];

/**
 * Printable text in words that every validator knows: those without Unicode's classes would read `\p{C}` as letters. Which code
 * points nobody has assigned yet, and halves of surrogate pairs, it cannot tell: the service refuses those, too.
 */
export const PRINTABLE_PATTERN = `^[^${UNPRINTABLE.join('')}]+$`;
/** The same, of text that does not begin with a character. */
const printableBut = (reserved: string): string => `^(?!${reserved})${PRINTABLE_PATTERN.slice(1)}`;
export const DECIMAL_PATTERN = '^[0-9]+(?:\\.[0-9]+)?$';
export const SIGNED_DECIMAL_PATTERN = '^-?[0-9]+(?:\\.[0-9]+)?$';
export const TIME_PATTERN = '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z$';
export const MOMENT_PATTERN = '^([0-9]{4})-([0-9]{2})-([0-9]{2})(?:T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\\.([0-9]{1,6}))?Z)?$';
/** Longest decimal text that is looked at; anything longer cannot be a valid amount anyway. */
export const AMOUNT_TEXT_LENGTH_MAX = 64;

const AMOUNT_SAYS = 'A JSON number, with an exponent or without, or a plain decimal string. It is read digit by digit and never rounded: one that is '
  + `finer than the instrument's step is refused, and so are signs and spaces, and exponents in a string. At most ${Number.MAX_SAFE_INTEGER} steps, and what the `
  + 'instrument\'s own limits say.';

const ASSET_AMOUNT_SAYS = 'A JSON number, with an exponent or without, or a plain decimal string. It is read digit by digit and never rounded: one with more '
  + 'decimals than the asset has is refused, and so are signs, spaces and zero.';

function toldOf({ description, examples }: Told): Schema {
  return { ...(description === undefined ? {} : { description }), ...(examples === undefined ? {} : { examples }) };
}

/** Whether a request has to have it. @param asksWho whether callers say who they are */
export function mustBeGiven({ presence }: Field, asksWho: boolean): boolean {
  return presence === 'required' || (presence === 'own' && !asksWho);
}

/** @param asksWho whether callers say who they are @returns the schema of an object of these fields, as `make` gives those of its members */
function objectSchema({ fields, rules }: Alternative, closed: boolean, asksWho: boolean, make: (field: Field) => Schema): Schema {
  const properties = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, make(field)]));
  const required = Object.entries(fields).filter(([, field]) => mustBeGiven(field, asksWho)).map(([name]) => name);
  const said = rules.map((rule) => ruleSchema(rule, fields));
  const [only] = said;
  return {
    type: 'object', properties,
    ...(required.length > 0 ? { required } : {}),
    ...(closed ? { additionalProperties: false } : {}),
    ...(said.length > 1 ? { allOf: said } : only),
  };
}

/** Names that have to be there, as a schema of its own: some readers want each to be a property of the same schema. */
function withAll(names: readonly string[]): Schema {
  return { properties: Object.fromEntries(names.map((name) => [name, {}])), required: names };
}

/** The words of a field but for one. */
function otherWords(field: Field | undefined, value: string): readonly string[] {
  const kind = field === undefined ? undefined : plainKind(field.is);
  return kind?.kind === 'word' ? kind.words.filter((word) => word !== value) : [];
}

function ruleSchema(rule: Rule, fields: Readonly<Record<string, Field>>): Schema {
  switch (rule.rule) {
    case 'one':
      return { oneOf: rule.of.map((name) => withAll([name])) };
    case 'some':
      return { anyOf: rule.of.map((name) => withAll([name])) };
    case 'not_both':
      return { not: withAll(rule.of) };
    case 'needs':
      return { dependentRequired: { [rule.field]: [rule.other] } };
    case 'just_with': {
      const { field, other, value } = rule;
      return {
        anyOf: [
          { properties: { [other]: { const: value }, [field]: {} }, required: [other, field] },
          { properties: { [other]: { enum: otherWords(fields[other], value) } }, not: withAll([field]) },
        ],
      };
    }
    case 'true_only_with': {
      const others = otherWords(fields[rule.field], rule.value);
      return { not: { properties: { [rule.flag]: { const: true }, [rule.field]: { enum: others } }, required: [rule.flag, rule.field] } };
    }
  }
}

/** Gathers the named schemas that what it is asked for refers to. */
export class SchemaSet {
  readonly components: Record<string, Schema> = {};

  /** @param fixed schemas of names that only the service knows the values of */
  constructor(
    private readonly limits: Limits,
    private readonly fixed: Readonly<Record<string, Schema>> = {},
    /** Whether readers look at what stands beside a reference, as they do since 2019-09. */
    private readonly readsBesideReferences = true,
    /** Whether callers say who they are. */
    readonly asksWho = false,
  ) {}

  /** @returns the schema of a kind, a reference where it has a name */
  of = (kind: Kind): Schema => {
    if (kind.kind === 'named') {
      const fixed = this.fixed[kind.name];
      return fixed ?? this.reference(kind.name, () => this.of(kind.of));
    }
    if (kind.kind === 'object' && kind.name !== null) return this.reference(kind.name, () => this.ofShape(kind));
    return this.inline(kind);
  };

  /** A parameter's schema. It is spelt out: many readers do not follow references there. */
  spelt(kind: Kind, fallback?: unknown): Schema {
    const plain = kind.kind === 'named' ? kind.of : kind;
    const { description: _description, examples: _examples, ...schema } = this.inline(plain);
    return { ...schema, ...(fallback === undefined ? {} : { default: fallback }) };
  }

  private readonly ofField = ({ is, description, default: fallback }: Field): Schema => {
    const schema = this.of(is);
    const more = { ...(description === undefined ? {} : { description }), ...(fallback === undefined ? {} : { default: fallback }) };
    const isAlone = !('$ref' in schema) || this.readsBesideReferences || Object.keys(more).length === 0;
    return { ...(isAlone ? schema : { allOf: [schema] }), ...more };
  };

  private reference(name: string, make: () => Schema): Schema {
    if (!(name in this.components)) {
      // Its place first: components stand in the order in which they are met.
      this.components[name] = {};
      this.components[name] = make();
    }
    return { $ref: `#/components/schemas/${name}` };
  }

  private ofShape(shape: Shape): Schema {
    const alternatives = alternativesOf(shape);
    const [first] = alternatives;
    if (alternatives.length === 1 && first !== undefined) return { ...objectSchema(first, shape.closed, this.asksWho, this.ofField), ...toldOf(shape) };
    return {
      ...toldOf(shape),
      oneOf: alternatives.map((alternative) => {
        const schema = (): Schema => objectSchema(alternative, shape.closed, this.asksWho, this.ofField);
        return alternative.name === null ? schema() : this.reference(alternative.name, schema);
      }),
    };
  }

  private inline(kind: Kind): Schema {
    const told = toldOf(kind.kind === 'named' ? {} : kind);
    switch (kind.kind) {
      case 'named':
        return this.of(kind);
      case 'object':
        return this.ofShape(kind);
      case 'text':
        return { type: 'string', minLength: 1, maxLength: kind.max, pattern: kind.reserved === undefined ? PRINTABLE_PATTERN : printableBut(kind.reserved), ...told };
      case 'pattern':
        return { type: 'string', pattern: kind.pattern, ...(kind.format === undefined ? {} : { format: kind.format }), ...told };
      case 'string':
        return { type: 'string', ...told };
      case 'uuid':
        return { type: 'string', format: 'uuid', ...told };
      case 'word':
        return { type: 'string', ...(kind.words.length === 1 ? { const: kind.words[0] } : { enum: kind.words }), ...told };
      case 'choice':
        return { type: 'integer', enum: kind.numbers, ...told };
      case 'flag':
        return { type: 'boolean', ...(kind.always === undefined ? {} : { const: kind.always }), ...told };
      case 'amount':
        return {
          oneOf: [
            kind.orZero === true ? { type: 'number', minimum: 0 } : { type: 'number', exclusiveMinimum: 0 },
            { type: 'string', maxLength: AMOUNT_TEXT_LENGTH_MAX, pattern: DECIMAL_PATTERN, ...(kind.orZero === true ? {} : { not: { pattern: '^[0.]*$' } }) },
          ],
          ...told,
          description: `${kind.description ?? ''} ${kind.of === 'asset' ? ASSET_AMOUNT_SAYS : AMOUNT_SAYS}`.trimStart(),
        };
      case 'rate':
        return { oneOf: [{ type: 'number' }, { type: 'string', maxLength: AMOUNT_TEXT_LENGTH_MAX, pattern: SIGNED_DECIMAL_PATTERN }], ...told };
      case 'decimal':
        return { type: 'string', pattern: kind.signed === true ? SIGNED_DECIMAL_PATTERN : DECIMAL_PATTERN, ...told };
      case 'time':
        return { type: 'string', format: 'date-time', pattern: TIME_PATTERN, ...told };
      case 'moment':
        return { type: 'string', pattern: MOMENT_PATTERN, ...told };
      case 'integer':
        return {
          type: 'integer',
          ...(kind.min === undefined ? {} : { minimum: kind.min }),
          ...(kind.max === undefined ? {} : { maximum: boundOf(kind.max, this.limits) }),
          ...told,
        };
      case 'number':
        return { type: 'number', ...(kind.min === undefined ? {} : { minimum: kind.min }), ...told };
      case 'null':
        return { type: 'null', ...told };
      case 'list':
        return {
          type: 'array', items: this.of(kind.of),
          ...(kind.min === undefined ? {} : { minItems: kind.min }),
          ...(kind.max === undefined ? {} : { maxItems: boundOf(kind.max, this.limits) }),
          ...(kind.unique === true ? { uniqueItems: true } : {}),
          ...told,
        };
      case 'row':
        return this.rowSchema(kind.places.map(([, place]) => place), told);
      case 'texts':
        return { type: 'object', additionalProperties: { type: 'string' }, ...told };
      case 'anything':
        return { type: 'object', ...told };
      case 'either':
        return { [kind.overlaps === true ? 'anyOf' : 'oneOf']: kind.of.map(this.of), ...told };
    }
  }

  /** Places one by one, and what they all are: not every reader knows `prefixItems`, and most want `items` beside it. */
  private rowSchema(places: readonly Kind[], told: Schema): Schema {
    const schemas = places.map(this.of);
    const different = [...new Map(schemas.map((schema) => [JSON.stringify(schema), schema])).values()];
    const [only] = different;
    return {
      type: 'array', minItems: places.length, maxItems: places.length,
      ...(different.length === 1 ? { items: only } : { prefixItems: schemas, items: { anyOf: different } }),
      ...told,
    };
  }
}
