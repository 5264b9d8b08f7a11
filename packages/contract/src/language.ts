/**
 * The words in which calls and messages are described: plain data, from which the judge (joi), the quick check, the JSON
 * Schemas of both documents and the client's types are made. A description says what a value is; how each of those says
 * it is theirs to know.
 */

/** What people are told of a value. */
export interface Told {
  readonly description?: string;
  /** Each fits the value; the first is the plainest. */
  readonly examples?: readonly unknown[];
}

/** Bounds that a setting of the service decides. */
export interface Limits {
  readonly batchOperationsMax: number;
  readonly orderbookLevelsMax: number;
  readonly tradesLimitMax: number;
  readonly ordersLimitMax: number;
  readonly candlesLimitMax: number;
  readonly moneyLimitMax: number;
  readonly streamAccountsMax: number;
  readonly algoSlicesMax: number;
  readonly algoDurationMaxS: number;
}
export type LimitName = keyof Limits;
export type Bound = number | { readonly limit: LimitName };

export function boundOf(bound: Bound, limits: Limits): number {
  return typeof bound === 'number' ? bound : limits[bound.limit];
}

/** Text of 1 to `max` printable characters, counted as code points; `reserved` is the character that it must not begin with. */
export interface TextKind extends Told { readonly kind: 'text'; readonly max: number; readonly reserved?: string }
/** Text that a pattern describes; `says` completes "must be …". */
export interface PatternKind extends Told { readonly kind: 'pattern'; readonly pattern: string; readonly says: string; readonly format?: string }
/** Any text. */
export interface StringKind extends Told { readonly kind: 'string' }
/** A UUID, told in lower case. */
export interface UuidKind extends Told { readonly kind: 'uuid' }
/** One of some words. `grows` tells programs to take others, too: what comes out may get more of them. */
export interface WordKind extends Told { readonly kind: 'word'; readonly words: readonly string[]; readonly grows?: boolean }
/** One of some whole numbers, of which a query knows the digits. */
export interface ChoiceKind extends Told { readonly kind: 'choice'; readonly numbers: readonly number[] }
/** Yes or no; `always` where only one of the two is taken. */
export interface FlagKind extends Told { readonly kind: 'flag'; readonly always?: boolean }
/** Price, quantity or amount of an asset that a client gives: a JSON number or a decimal string, never rounded. */
export interface AmountKind extends Told { readonly kind: 'amount'; readonly of?: 'asset'; readonly orZero?: true }
/** Fraction of money that a client gives, below zero too: a JSON number or a decimal string. */
export interface RateKind extends Told { readonly kind: 'rate' }
/** Decimal text that the venue tells; `signed` where it may be below zero. */
export interface DecimalKind extends Told { readonly kind: 'decimal'; readonly signed?: boolean }
/** A time that the venue tells: ISO 8601 in UTC with microseconds. */
export interface TimeKind extends Told { readonly kind: 'time' }
/** A moment that a client names: a date, or a date and a time with seconds, in UTC. Checked, it is microseconds since 1970. */
export interface MomentKind extends Told { readonly kind: 'moment' }
export interface IntegerKind extends Told { readonly kind: 'integer'; readonly min?: number; readonly max?: Bound }
export interface NumberKind extends Told { readonly kind: 'number'; readonly min?: number }
export interface NullKind extends Told { readonly kind: 'null' }
export interface ListKind extends Told { readonly kind: 'list'; readonly of: Kind; readonly min?: number; readonly max?: Bound; readonly unique?: boolean }
/** A list of fixed length, each place with its own kind and name. */
export interface RowKind extends Told { readonly kind: 'row'; readonly places: readonly (readonly [name: string, kind: Kind])[] }
/** Text by name, such as headers. */
export interface TextsKind extends Told { readonly kind: 'texts' }
/** An object that this contract does not take apart. */
export interface AnythingKind extends Told { readonly kind: 'anything' }
/** One of several kinds; `overlaps` where a value may be of more than one. */
export interface EitherKind extends Told { readonly kind: 'either'; readonly of: readonly Kind[]; readonly overlaps?: true }
/** A kind with a name of its own: a component of the documents, a type of the client's. */
export interface NamedKind extends Told { readonly kind: 'named'; readonly name: string; readonly of: Kind }

export type Kind =
  | TextKind | PatternKind | StringKind | UuidKind | WordKind | ChoiceKind | FlagKind | AmountKind | RateKind | DecimalKind | TimeKind | MomentKind
  | IntegerKind | NumberKind | NullKind | ListKind | RowKind | TextsKind | AnythingKind | EitherKind | NamedKind | Shape;

/** A member of an object. */
export interface Field {
  readonly is: Kind;
  /**
   * A field with a default is there once a request is checked. So is one that is the caller's `own`: where callers say who they are it may be
   * left out, and their own account stands there; elsewhere it has to be given.
   */
  readonly presence: 'required' | 'optional' | 'default' | 'own';
  readonly default?: string | number | boolean;
  /** What the kind's own description says, said for this field. */
  readonly description?: string;
}

/** A field that is another one in each variant of its object; in those that are left out it is refused. */
export interface VariantField {
  readonly variants: Readonly<Record<string, Field>>;
  /** Whether every variant has it. */
  readonly everywhere: boolean;
}

export type Fields = Readonly<Record<string, Field | VariantField>>;

export type Rule =
  /** Exactly one of them. */
  | { readonly rule: 'one'; readonly of: readonly string[] }
  /** At least one of them; with `where`, only where another field has a value. */
  | { readonly rule: 'some'; readonly of: readonly string[]; readonly where?: { readonly field: string; readonly value: string } }
  /** Not both of them. */
  | { readonly rule: 'not_both'; readonly of: readonly [string, string] }
  /** With the first, the second has to be there; `own` where the second is the caller's own account if it is left out. */
  | { readonly rule: 'needs'; readonly field: string; readonly other: string; readonly own?: true }
  /** A flag that may be true only where another field has a value. */
  | { readonly rule: 'true_only_with'; readonly flag: string; readonly field: string; readonly value: string }
  /** A field that has to be there where another one has a value, and is refused elsewhere. */
  | { readonly rule: 'just_with'; readonly field: string; readonly other: string; readonly value: string };

/** An object. */
export interface Shape extends Told {
  readonly kind: 'object';
  /** Null for one that stands where it is used. */
  readonly name: string | null;
  readonly fields: Fields;
  /** Shapes whose fields and rules it has, too, behind its own. */
  readonly parts: readonly Shape[];
  readonly rules: readonly Rule[];
  /** Whether a field that is not described is refused. */
  readonly closed: boolean;
  /** The field whose word tells the variant: the fields `each` and `only` go by it. */
  readonly varies: string | null;
  /** Names of the variants' own schemas, by their word. */
  readonly variantNames: Readonly<Record<string, string>>;
}

/** A shape that keeps the types of its fields. */
export interface ShapeOf<F extends Fields, P extends readonly Shape[]> extends Shape {
  readonly fields: F;
  readonly parts: P;
}

interface ShapeOptions extends Told {
  readonly rules?: readonly Rule[];
  readonly varies?: string;
  readonly variantNames?: Readonly<Record<string, string>>;
}

// The builders keep the types of what they are given, from which the checked types are inferred.

export const text = (max: number, told: Told & { readonly reserved?: string } = {}): TextKind => ({ kind: 'text', max, ...told });
export const pattern = (source: string, says: string, told: Told & { readonly format?: string } = {}): PatternKind => ({ kind: 'pattern', pattern: source, says, ...told });
export const string = (told: Told = {}): StringKind => ({ kind: 'string', ...told });
export const uuid = (told: Told = {}): UuidKind => ({ kind: 'uuid', ...told });
export const word = <const W extends string>(words: readonly W[], told: Told = {}): WordKind & { readonly words: readonly W[]; readonly grows?: never } => ({ kind: 'word', words, ...told });
export const growingWord = (words: readonly string[], told: Told = {}): WordKind & { readonly grows: true } => ({ kind: 'word', words, grows: true, ...told });
export const choice = <const N extends number>(numbers: readonly N[], told: Told = {}): ChoiceKind & { readonly numbers: readonly N[] } => ({ kind: 'choice', numbers, ...told });
export const flag = (told: Told = {}): FlagKind & { readonly always?: never } => ({ kind: 'flag', ...told });
export const always = <const V extends boolean>(value: V, told: Told = {}): FlagKind & { readonly always: V } => ({ kind: 'flag', always: value, ...told });
export const amount = (told: Told = {}): AmountKind => ({ kind: 'amount', ...told });
/** An amount, or 0 for none. */
export const amountOrZero = (told: Told = {}): AmountKind => ({ kind: 'amount', orZero: true, ...told });
export const assetAmount = (told: Told = {}): AmountKind => ({ kind: 'amount', of: 'asset', ...told });
export const rate = (told: Told = {}): RateKind => ({ kind: 'rate', ...told });
export const decimal = (told: Told = {}): DecimalKind => ({ kind: 'decimal', ...told });
export const signedDecimal = (told: Told = {}): DecimalKind => ({ kind: 'decimal', signed: true, ...told });
export const time = (told: Told = {}): TimeKind => ({ kind: 'time', ...told });
export const moment = (told: Told = {}): MomentKind => ({ kind: 'moment', ...told });
export const integer = (bounds: { readonly min?: number; readonly max?: Bound } = {}, told: Told = {}): IntegerKind => ({ kind: 'integer', ...bounds, ...told });
export const number = (bounds: { readonly min?: number } = {}, told: Told = {}): NumberKind => ({ kind: 'number', ...bounds, ...told });
export const list = <const K extends Kind>(of: K, told: Told & { readonly min?: number; readonly max?: Bound; readonly unique?: boolean } = {}): Omit<ListKind, 'of'> & { readonly of: K } => ({ kind: 'list', of, ...told });
export const row = <const R extends readonly (readonly [string, Kind])[]>(places: R, told: Told = {}): Told & { readonly kind: 'row'; readonly places: R } => ({ kind: 'row', places, ...told });
export const texts = (told: Told = {}): TextsKind => ({ kind: 'texts', ...told });
export const anything = (told: Told = {}): AnythingKind => ({ kind: 'anything', ...told });
export const either = <const K extends readonly Kind[]>(of: K, told: Told & { readonly overlaps?: true } = {}): Omit<EitherKind, 'of'> & { readonly of: K } => ({ kind: 'either', of, ...told });
export const orNull = <const K extends Kind>(of: K, told: Told = {}): Told & { readonly kind: 'either'; readonly of: readonly [K, NullKind] } => ({ kind: 'either', of: [of, { kind: 'null' }], ...told });
export const named = <const K extends Kind>(name: string, of: K): Omit<NamedKind, 'of'> & { readonly of: K } => ({ kind: 'named', name, of });

type FieldOf<K extends Kind, P extends Field['presence']> = Omit<Field, 'is' | 'presence'> & { readonly is: K; readonly presence: P };
const said = (description: string | undefined): Pick<Field, 'description'> => (description === undefined ? {} : { description });

export const required = <const K extends Kind>(is: K, description?: string): FieldOf<K, 'required'> => ({ is, presence: 'required', ...said(description) });
export const optional = <const K extends Kind>(is: K, description?: string): FieldOf<K, 'optional'> => ({ is, presence: 'optional', ...said(description) });
export const defaulting = <const K extends Kind>(is: K, value: string | number | boolean, description?: string): FieldOf<K, 'default'> =>
  ({ is, presence: 'default', default: value, ...said(description) });
const OWN_SAYS = 'Left out, it is the caller\'s own account. A venue that asks nobody who they are (`AUTH=off`) answers 400 then, naming the field.';
/** The account that a request is about, which is the caller's own where it names none. */
export const own = <const K extends Kind>(is: K, description?: string): FieldOf<K, 'own'> => (
  { is, presence: 'own', description: description === undefined ? OWN_SAYS : `${description} ${OWN_SAYS}` }
);
/** A field that each variant has in its own way. */
export const each = <const V extends Readonly<Record<string, Field>>>(variants: V): { readonly variants: V; readonly everywhere: true } => ({ variants, everywhere: true });
/** A field that only some variants have. */
export const only = <const V extends Readonly<Record<string, Field>>>(variants: V): { readonly variants: V; readonly everywhere: false } => ({ variants, everywhere: false });

function shape<const F extends Fields, const P extends readonly Shape[]>(name: string | null, closed: boolean, fields: F, parts: P, options: ShapeOptions): ShapeOf<F, P> {
  const { rules = [], varies = null, variantNames = {}, ...told } = options;
  return { kind: 'object', name, fields, parts, rules, closed, varies, variantNames, ...told };
}

/** What clients send: a field that is not described is refused, so that a typo never trades. */
export const request = <const F extends Fields, const P extends readonly Shape[] = readonly []>(name: string | null, fields: F, options: ShapeOptions & { readonly parts?: P } = {}): ShapeOf<F, P> => {
  const { parts = [] as unknown as P, ...rest } = options;
  return shape(name, true, fields, parts, rest);
};

/** What the venue tells: it may get further fields. */
export const answer = <const F extends Fields, const P extends readonly Shape[] = readonly []>(name: string | null, fields: F, options: ShapeOptions & { readonly parts?: P } = {}): ShapeOf<F, P> => {
  const { parts = [] as unknown as P, ...rest } = options;
  return shape(name, false, fields, parts, rest);
};

/** Own fields, then those of the parts. */
export function fieldsOf({ fields, parts }: Shape): Fields {
  return Object.assign({}, fields, ...parts.map(fieldsOf)) as Fields;
}

export function rulesOf({ rules, parts }: Shape): readonly Rule[] {
  return [...rules, ...parts.flatMap(rulesOf)];
}

/** The field whose word tells the variant, its own or a part's. */
export function variesBy({ varies, parts }: Shape): string | null {
  return varies ?? parts.map(variesBy).find((field) => field !== null) ?? null;
}

export function isVariantField(field: Field | VariantField): field is VariantField {
  return 'variants' in field;
}

/** A kind without its name. */
export function plainKind(kind: Kind): Exclude<Kind, NamedKind> {
  return kind.kind === 'named' ? plainKind(kind.of) : kind;
}

/** The words of the field that tells the variant. */
export function variantsOf(shape: Shape): readonly string[] {
  const by = variesBy(shape);
  if (by === null) return [];
  const field = fieldsOf(shape)[by];
  const kind = field === undefined || isVariantField(field) ? null : plainKind(field.is);
  if (kind?.kind !== 'word') throw new Error(`${shape.name ?? 'a shape'} varies by ${by}, which is no word`);
  return kind.words;
}

/** @param variant a word of the field that tells it; null where nothing varies. @returns null where the variant has no such field */
export function fieldIn(field: Field | VariantField, variant: string | null): Field | null {
  if (!isVariantField(field)) return field;
  return variant === null ? null : field.variants[variant] ?? null;
}

// What a description allows, as a type.

/** @typeParam Amount what a client's price, quantity, amount or rate is read as */
export type ValueOf<K, Amount> =
  K extends { readonly kind: 'named'; readonly of: infer Of } ? ValueOf<Of, Amount>
    : K extends { readonly kind: 'word'; readonly grows: true } ? string
      : K extends { readonly kind: 'word'; readonly words: readonly (infer W)[] } ? W
        : K extends { readonly kind: 'choice'; readonly numbers: readonly (infer N)[] } ? `${N & number}`
          : K extends { readonly kind: 'flag'; readonly always: infer V } ? V
            : K extends { readonly kind: 'flag' } ? boolean
              : K extends { readonly kind: 'amount' | 'rate' } ? Amount
                : K extends { readonly kind: 'integer' | 'number' | 'moment' } ? number
                  : K extends { readonly kind: 'null' } ? null
                    : K extends { readonly kind: 'list'; readonly of: infer Of } ? readonly ValueOf<Of, Amount>[]
                      : K extends { readonly kind: 'row'; readonly places: infer R } ? { readonly [I in keyof R]: R[I] extends readonly [string, infer Of] ? ValueOf<Of, Amount> : never }
                        : K extends { readonly kind: 'anything' } ? object
                        : K extends { readonly kind: 'texts' } ? Readonly<Record<string, string>>
                          : K extends { readonly kind: 'either'; readonly of: readonly (infer Of)[] } ? ValueOf<Of, Amount>
                            : K extends { readonly kind: 'object' } ? ObjectOf<K, Amount>
                              : string;

type CellOf<F> = F extends { readonly variants: infer V } ? V[keyof V] : F;
type CellValue<F, Amount> = CellOf<F> extends infer C ? (C extends { readonly is: infer K } ? ValueOf<K, Amount> : never) : never;
type IsSure<F> = F extends { readonly everywhere: false } ? false : (CellOf<F> extends { readonly presence: 'required' | 'default' | 'own' } ? true : false);
type SureKeys<F> = { [N in keyof F]: IsSure<F[N]> extends true ? N : never }[keyof F];

type FieldsOf<S> = S extends ShapeOf<infer F, infer P> ? F & PartFields<P> : unknown;
type PartFields<P> = P extends readonly [infer Head, ...infer Tail] ? FieldsOf<Head> & PartFields<Tail> : unknown;

type Simple<T> = { [N in keyof T]: T[N] };
type ObjectOfFields<F, Amount> = Simple<
  { readonly [N in SureKeys<F>]: CellValue<F[N], Amount> } & { readonly [N in Exclude<keyof F, SureKeys<F>>]?: CellValue<F[N], Amount> }
>;

/** An object as it is once it is checked: a field with a default is there. */
export type ObjectOf<S, Amount = string | number> = ObjectOfFields<FieldsOf<S>, Amount>;
