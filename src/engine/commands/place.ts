import type { PlaceCommand } from '../../domain/commands';
import { FAILURE_LETTER } from '../../domain/layouts';
import { compactId } from '../../domain/order-id';
import { SIDE_CODE } from '../../domain/order';
import { encodeTraits } from '../../domain/order-traits';
import { Arguments } from './layout';
import { encodeActor } from './reference';
import { clientOrderName } from './client-order-name';
import { joinTerms } from './terms';
import { escapeText } from './text';

const PLACE = new Arguments('place');
const { at } = PLACE;

/** The arguments of lua/commands/place.lua, its letter first. */
export function encodePlace(command: PlaceCommand): string[] {
  if (command.failAt !== undefined) {
    const { failAt, ...rest } = command;
    return [FAILURE_LETTER, failAt, ...encodePlace(rest)];
  }
  const args = PLACE.fresh();
  const client = escapeText(command.clientId);
  const clientOrderId = command.clientOrderId === null ? '' : escapeText(command.clientOrderId);
  const side = SIDE_CODE[command.side];
  const price = String(command.priceTicks);
  const quantity = String(command.quantityLots);
  const traits = encodeTraits(command.traits);
  args[at.instrument] = command.instrument;
  args[at.side] = String(side);
  args[at.kind] = String(command.kind);
  args[at.price] = price;
  args[at.quantity] = quantity;
  args[at.id] = compactId(command.orderId);
  args[at.client] = client;
  args[at.name] = command.clientOrderId === null ? '' : clientOrderName(command.clientId, command.clientOrderId);
  args[at.idem] = command.idempotency ?? '';
  args[at.terms] = joinTerms(price, quantity, traits, side, command.kind, command.instrument, client, clientOrderId);
  args[at.actor] = encodeActor(command.actor);
  args[at.traits] = traits;
  return args;
}
