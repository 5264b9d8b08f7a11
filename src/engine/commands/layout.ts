import { COMMAND_ARGUMENTS, COMMAND_LETTER, positionsOf, type Positions } from '../../domain/layouts';

type Op = keyof typeof COMMAND_ARGUMENTS;

/** A command's arguments as a call carries them: its letter, then each value where the layout has it. */
export class Arguments<O extends Op> {
  readonly at: Positions<(typeof COMMAND_ARGUMENTS)[O]>;
  private readonly letter: string;
  private readonly length: number;

  constructor(op: O) {
    this.at = shifted(COMMAND_ARGUMENTS[op]);
    this.letter = COMMAND_LETTER[op];
    this.length = 1 + COMMAND_ARGUMENTS[op].length;
  }

  /** The letter, and room for each value. */
  fresh(): string[] {
    const args = new Array<string>(this.length);
    args[0] = this.letter;
    return args;
  }
}

/** Behind the letter. */
function shifted<const Names extends readonly string[]>(names: Names): Positions<Names> {
  return Object.freeze(Object.fromEntries(Object.entries<number>(positionsOf(names)).map(([name, at]) => [name, at + 1]))) as Positions<Names>;
}
