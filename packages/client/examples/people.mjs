import { OpenfillClient, isProblem } from 'openfill-client';

const [, , url, username, password, friend] = process.argv;
await new OpenfillClient(url).people.register(username, password);
const user = new OpenfillClient(url, { auth: { username, password } });
console.log((await user.people.me()).accounts);

// For a program: it trades, and can do no more.
const { api_key: apiKey, secret } = await user.people.makeApiKey({ name: 'quotes', scopes: ['read', 'trade'] });
const program = new OpenfillClient(url, { auth: { apiKey, secret } });
console.log((await program.place({ side: 'buy', type: 'limit', price: '40000.00', quantity: '0.1' })).client_id);
await program.cancelAll();
await user.people.endApiKey(apiKey);

// A further account, and who else may act for it.
await user.openAccount({ account_id: `${username}-2` });
console.log((await user.people.share(`${username}-2`, friend)).owners);
console.log((await user.people.takeBack(`${username}-2`, friend)).owners);

// Powers of an operator or admin are a token of their own, for a client of its own.
try {
  const { access_token: accessToken } = await user.people.sudo(password);
  console.log((await new OpenfillClient(url, { auth: { accessToken } }).people.users()).users.length);
} catch (error) {
  if (!isProblem(error, 'not_admin')) throw error;
  console.log(error.code);
}
await user.people.logOut();
