import type { ListCommand } from '../../domain/commands';
import { SIDE_CODE } from '../../domain/order';
import { compactId } from '../../domain/order-id';
import { encodeTraits } from '../../domain/order-traits';
import { Arguments } from './layout';
import { encodeActor, encodeRequest } from './reference';
import { joinTerms } from './terms';
import { escapeText } from './text';

const LIST = new Arguments('list');
const { at } = LIST;

/** The arguments of lua/commands/list.lua, its letter first. */
export function encodeList({ listId, clientId, instrument, orders, idempotency, actor, request }: ListCommand): string[] {
  const args = LIST.fresh();
  const client = escapeText(clientId);
  const [first = '', second = '', third = ''] = orders.map(({ priceTicks, quantityLots, traits, side, kind, clientOrderId }) => joinTerms(
    String(priceTicks), String(quantityLots), encodeTraits(traits), SIDE_CODE[side], kind, instrument, client, clientOrderId === null ? '' : escapeText(clientOrderId),
  ));
  args[at.id] = compactId(listId);
  args[at.client] = client;
  args[at.instrument] = instrument;
  args[at.first] = first;
  args[at.second] = second;
  args[at.third] = third;
  args[at.idem] = idempotency ?? '';
  args[at.actor] = encodeActor(actor);
  args[at.request] = encodeRequest(idempotency, request);
  return args;
}
