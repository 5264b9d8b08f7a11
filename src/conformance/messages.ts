/**
 * Order flow in the format of the public matching-engine-benchmark: CSV lines
 * `seq,op,side,ioc,order_id,price_ticks,quantity` behind a header line.
 */

export type Side = 'buy' | 'sell';

export type Message =
  | { readonly seq: number; readonly op: 'new'; readonly orderId: string; readonly side: Side; readonly ioc: boolean; readonly price: number; readonly quantity: number }
  | { readonly seq: number; readonly op: 'cancel'; readonly orderId: string }
  /** The new price and the new open quantity: cancel and reinsert at the back, matching on the way in. */
  | { readonly seq: number; readonly op: 'modify'; readonly orderId: string; readonly price: number; readonly quantity: number };

const HEADER = 'seq,op,side,ioc,order_id,price_ticks,quantity';

/** @throws Error naming the line that is not of the format */
export function parseMessages(text: string): Message[] {
  const lines = text.split('\n');
  if (lines[0]?.trim() !== HEADER) throw new Error(`the first line must be ${HEADER}`);
  const messages: Message[] = [];
  for (let i = 1; i < lines.length; i++) {
    const line = (lines[i] as string).trim();
    if (line === '') continue;
    const [seqText, op, side, ioc, orderId, priceText, quantityText] = line.split(',');
    const seq = Number(seqText);
    const price = Number(priceText);
    const quantity = Number(quantityText);
    if (orderId === undefined || orderId === '') throw new Error(`line ${i + 1} has no order id`);
    if (op === 'cancel') messages.push({ seq, op, orderId });
    else if (op === 'modify') messages.push({ seq, op, orderId, price, quantity });
    else if (op === 'new' && (side === 'buy' || side === 'sell')) messages.push({ seq, op, orderId, side, ioc: ioc === '1', price, quantity });
    else throw new Error(`line ${i + 1} is not a new, cancel or modify`);
  }
  return messages;
}
