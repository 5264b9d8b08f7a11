import { Arguments } from './layout';

const DUE = new Arguments('due');

/** The arguments of lua/commands/due.lua: its letter. */
export function encodeDue(): string[] {
  return DUE.fresh();
}
