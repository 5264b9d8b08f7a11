import { OpenfillClient } from 'openfill-client';

const venue = new OpenfillClient(process.argv[2]);
await venue.deposit({ account_id: 'ada', asset: 'USD', amount: '10000.00', reference: 'the first' });
const ada = venue.followAccount('ada');
const tell = () => {
  // Positions come a moment after balances.
  if (!ada.isLive) return;
  const { total, available } = ada.balances.of('USD');
  console.log(`${available} USD of ${total} are free, ${ada.position('BTC-USD')?.net_quantity ?? 'no'} BTC bought`);
};
ada.on('balances', tell);
ada.on('disconnected', (reason) => console.error(`not connected, trying again: ${reason}`));
await ada.reached();
tell();
await venue.place({ client_id: 'ada', side: 'buy', type: 'limit', price: '40000.00', quantity: '0.1' });
