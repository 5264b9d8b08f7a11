import { alternativesOf } from './alternatives';
import { CALLS, type Call } from './calls';
import { rulesOf, variesBy, type Field, type Fields, type Kind, type Shape, type VariantField } from './language';
import { CancelListOperation, Operation, PlaceListOperation, PlaceOperation, Problem } from './orders';
import { OrderQueues, Orderbook } from './market';
import { STREAM_MESSAGES, type StreamMessageShape } from './stream';

/**
 * The contract as TypeScript for the client, which is a package of its own: its types are written into it. A request's field
 * with a default may be left out, and amounts are decimal text: they never pass through a float.
 */

/** Names that the client knows otherwise. */
const CLIENT_NAMES: Readonly<Record<string, string>> = { Problem: 'ProblemBody', Trades: 'TradesPage', Candles: 'CandlesPage' };
/** What the client says itself: a status there tells which body it is. */
const SAID_BY_CLIENT: ReadonlySet<string> = new Set(['BatchResult', 'BatchResults', 'BatchRequest']);

const LINE_LENGTH_MAX = 150;

function comment(text: string | undefined, indent = ''): string {
  return text === undefined ? '' : `${indent}/** ${text} */\n`;
}

class ClientTypes {
  /** Declarations by name, in the order in which they are met. */
  private readonly declared = new Map<string, string>();

  text(): string {
    return [...this.declared.values()].join('\n');
  }

  private declare(name: string, make: () => string): string {
    if (!this.declared.has(name) && !SAID_BY_CLIENT.has(name)) {
      this.declared.set(name, '');
      const text = make();
      // Behind what it is made of.
      this.declared.delete(name);
      this.declared.set(name, text);
    }
    return name;
  }

  typeOf = (kind: Kind): string => {
    switch (kind.kind) {
      case 'named':
        return this.namedType(kind.name, kind.of);
      case 'object':
        return kind.name === null ? this.inline(kind.fields) : this.shapeType(kind, kind.name);
      case 'word':
        return kind.grows === true ? 'string' : kind.words.map((word) => `'${word}'`).join(' | ');
      case 'choice':
        return kind.numbers.join(' | ');
      case 'flag':
        return kind.always === undefined ? 'boolean' : String(kind.always);
      case 'amount':
      case 'rate':
      case 'decimal':
        return this.declare('Decimal', () => '/** Decimal text such as "50000.00": amounts never pass through a float. */\nexport type Decimal = string;\n');
      case 'time':
        return this.declare('Time', () => '/** UTC with microseconds: 2026-01-31T09:26:53.589793Z. */\nexport type Time = string;\n');
      case 'integer':
      case 'number':
        return 'number';
      case 'null':
        return 'null';
      case 'list': {
        const of = this.typeOf(kind.of);
        return of.includes(' | ') ? `readonly (${of})[]` : `readonly ${of}[]`;
      }
      case 'row':
        return `readonly [${kind.places.map(([name, place]) => `${name}: ${this.typeOf(place)}`).join(', ')}]`;
      case 'texts':
        return 'Readonly<Record<string, string>>';
      case 'anything':
        return 'object';
      case 'either':
        return kind.of.map(this.typeOf).join(' | ');
      case 'text':
      case 'pattern':
      case 'string':
      case 'uuid':
      case 'moment':
        return 'string';
    }
  };

  /** Words, rows and choices of shapes have a name in TypeScript, too; what is plain text or a number there needs none. */
  private namedType(name: string, of: Kind): string {
    if (of.kind !== 'word' && of.kind !== 'row' && of.kind !== 'either') return this.typeOf(of);
    return this.declare(name, () => `${comment(of.description)}export type ${name} = ${this.typeOf(of)};\n`);
  }

  private shapeType(shape: Shape, contractName: string): string {
    const name = CLIENT_NAMES[contractName] ?? contractName;
    return this.declare(name, () => this.shapeText(shape, name));
  }

  private shapeText(shape: Shape, name: string): string {
    const told = comment(shape.description);
    const hasOwnAlternatives = shape.varies !== null || shape.rules.some(({ rule }) => rule === 'one');
    if (hasOwnAlternatives) {
      const types = alternativesOf(shape).map((alternative) => (alternative.name === null
        ? this.inline(alternative.fields)
        : this.declare(alternative.name, () => this.interfaceText(alternative.name ?? '', '', alternative.fields))));
      const union = types.join(' | ');
      return `${told}export type ${name} = ${union.length > LINE_LENGTH_MAX ? `\n  | ${types.join('\n  | ')}` : union};\n`;
    }
    const parts = shape.parts.map((part) => this.shapeType(part, part.name ?? ''));
    const isUnion = shape.parts.some((part) => variesBy(part) !== null || rulesOf(part).some(({ rule }) => rule === 'one'));
    if (isUnion) return `${told}export type ${name} = ${[...parts, this.inline(shape.fields)].join(' & ')};\n`;
    return `${told}${this.interfaceText(name, parts.length === 0 ? '' : ` extends ${parts.join(', ')}`, shape.fields)}`;
  }

  private interfaceText(name: string, parents: string, fields: Fields): string {
    const members = Object.entries(fields).map(([field, value]) => this.member(field, value, '  '));
    return `export interface ${name}${parents} {\n${members.join('')}}\n`;
  }

  private member(name: string, field: Field | VariantField, indent: string): string {
    if ('variants' in field) throw new Error(`${name} varies, and its shape does not`);
    const fallback = field.presence === 'default' ? `${String(field.default)} where it is left out.` : null;
    const told = [field.description ?? [], fallback ?? []].flat().join(' ');
    return `${comment(told === '' ? undefined : told, indent)}${indent}readonly ${name}${field.presence === 'required' ? '' : '?'}: ${this.typeOf(field.is)};\n`;
  }

  private inline(fields: Fields): string {
    const members = Object.entries(fields).map(([name, field]) => this.member(name, 'variants' in field ? field : { is: field.is, presence: field.presence }, ''));
    return `{ ${members.join(' ').replaceAll('\n', '').replace(/;$/, '')} }`;
  }

  messages(): string {
    const members = (Object.entries(STREAM_MESSAGES) as [string, StreamMessageShape][]).map(([type, { summary, ofInstrument, data }]) => (
      `${comment(summary, '  ')}  readonly ${type}: Message<'${type}', ${this.typeOf(data)}${ofInstrument ? '' : ', null'}>;\n`
    ));
    return `/** The messages of the stream, by their types. */\nexport interface StreamMessages {\n${members.join('')}}\n`;
  }
}

const HEADER = `// Written from packages/contract by scripts/client-types.mjs; a test holds it to that.

/** What the venue takes and gives, by the names of its contract (\`/openapi.json\`, \`/asyncapi.json\`). */
`;

const MESSAGE = `/** A message of the stream. */
export interface Message<Type extends string, Data, Instrument extends string | null = string> {
  readonly type: Type;
  readonly instrument: Instrument;
  /** In the venue's log: everything up to the sequence before it has been told. */
  readonly sequence: number;
  readonly timestamp: Time;
  readonly data: Data;
}
`;

/** @returns the text of the client's contract.ts */
export function clientTypes(): string {
  const types = new ClientTypes();
  for (const kind of [PlaceOperation, Operation, PlaceListOperation, CancelListOperation, Orderbook, OrderQueues, Problem]) types.typeOf(kind);
  for (const { body, answers } of Object.values(CALLS) as Call[]) {
    if (body !== undefined && body.is.name !== 'BatchRequest') types.typeOf(body.is);
    for (const { is } of Object.values(answers)) if (is !== undefined) types.typeOf(is);
  }
  const messages = types.messages();
  return [HEADER, types.text(), MESSAGE, messages].join('\n');
}
