import { OpenfillClient, authFrom } from 'openfill-client';

const auth = authFrom(process.env);
const venue = new OpenfillClient(process.argv[2], { auth });
const client_id = auth === undefined ? 'bot' : (await venue.people.me()).account_id;
const stream = venue.stream({ instruments: ['BTC-USD'] });
const quote = (side) => venue.place({ client_id, side, type: 'limit', price: side === 'buy' ? '49990.00' : '50010.00', quantity: '0.1' });
stream.on('order', async ({ data: order }) => {
  if (order.client_id !== client_id || order.status !== 'filled') return;
  console.log(`${order.side} ${order.quantity} filled at ${order.average_price}`);
  await quote(order.side);
});
stream.on('disconnected', (reason) => console.error(`not connected, trying again: ${reason}`));
await stream.reached();
await Promise.all([quote('buy'), quote('sell')]);
