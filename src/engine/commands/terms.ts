/** What an order asks for, as record and log have it (ORDER_TERMS of the layouts): of values that are text already, names escaped. */
export function joinTerms(
  price: string, quantity: string, traits: string, side: number, kind: number, instrument: string, client: string, clientOrderId: string,
): string {
  return `${price},${quantity},[${traits}],${side},${kind},"${instrument}","${client}","${clientOrderId}"`;
}
