import type { InstrumentCommand } from '../../domain/commands';
import { encodeRules, encodeWanted, scaleOfRules } from '../../domain/instrument-rules';
import { encodeScale } from '../scale';
import { Arguments } from './layout';
import { encodeActor, encodeRequest } from './reference';

const INSTRUMENT = new Arguments('instrument');
const { at } = INSTRUMENT;

/** The arguments of lua/commands/instrument.lua, its letter first. */
export function encodeInstrument(command: InstrumentCommand): string[] {
  const args = INSTRUMENT.fresh();
  args[at.instrument] = command.listed.instrument;
  args[at.opens] = command.opens ? '1' : '0';
  args[at.listed] = encodeRules(command.listed);
  args[at.wanted] = encodeWanted(command.wanted);
  args[at.scale] = encodeScale(scaleOfRules(command.listed));
  args[at.actor] = encodeActor(command.actor);
  args[at.idem] = command.idempotency ?? '';
  args[at.request] = encodeRequest(command.idempotency, command.request);
  return args;
}
