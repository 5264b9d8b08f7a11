/* global document, fetch, navigator, setTimeout, EventSource, WebSocket */

// What a page can have its visitor's browser ask of a venue. Each try comes to what the page learns of it: a status, "open", or "nothing".

const LATE_MS = 15_000;

/** What comes first of several ways to end. */
function firstOf(begin) {
  return new Promise((resolve) => {
    setTimeout(() => resolve('late'), LATE_MS);
    begin(resolve);
  });
}

/** A page is told nothing of an opaque answer but that there was one. */
async function asked(venue, path, options) {
  try {
    const answer = await fetch(venue + path, options);
    const text = await answer.text();
    return answer.type === 'opaque' && text === '' ? 'nothing' : String(answer.status);
  } catch {
    return 'nothing';
  }
}

function loaded(tag, venue, path) {
  return firstOf((resolve) => {
    const element = document.createElement(tag);
    element.onload = () => resolve('loaded');
    element.onerror = () => resolve('nothing');
    element.src = venue + path;
    document.body.append(element);
  });
}

/** A form's answer goes into a frame, which the page cannot look into where it is of another origin. */
function sent(venue, path, fields) {
  return firstOf((resolve) => {
    const frame = document.createElement('iframe');
    frame.name = `frame-${Math.random()}`;
    document.body.append(frame);
    const form = document.createElement('form');
    Object.assign(form, { action: venue + path, method: 'post', enctype: 'text/plain', target: frame.name });
    for (const [name, value] of Object.entries(fields)) {
      const input = document.createElement('input');
      Object.assign(input, { name, value });
      form.append(input);
    }
    document.body.append(form);
    frame.onload = () => {
      const text = frame.contentDocument === null ? '' : frame.contentDocument.body.innerText;
      // The empty document that the frame begins with.
      if (frame.contentDocument === null) resolve('nothing');
      else if (text !== '') resolve(String(JSON.parse(text).status));
    };
    form.submit();
  });
}

function framed(venue, path) {
  return firstOf((resolve) => {
    const frame = document.createElement('iframe');
    frame.onload = () => resolve(frame.contentDocument === null ? 'nothing' : 'read');
    frame.src = venue + path;
    document.body.append(frame);
  });
}

function opened(make) {
  return firstOf((resolve) => {
    const connection = make();
    connection.onopen = () => { resolve('open'); connection.close(); };
    connection.onmessage = () => { resolve('open'); connection.close(); };
    connection.onerror = () => { resolve('nothing'); connection.close(); };
  });
}

/** @param orderId of an open order of "victim" */
globalThis.tries = async (venue, orderId, order) => {
  const json = { 'Content-Type': 'application/json' };
  const text = JSON.stringify(order);
  const socket = venue.replace('http', 'ws');
  const results = {};
  const attempts = {
    'read the book': () => asked(venue, '/public/orderbook'),
    'read orders': () => asked(venue, '/orders?client_id=victim'),
    'read without asking': () => asked(venue, '/orders?client_id=victim', { mode: 'no-cors' }),
    'read the documents': () => asked(venue, '/openapi.json'),
    'place as JSON': () => asked(venue, '/orders', { method: 'POST', headers: json, body: text }),
    'place as text': () => asked(venue, '/orders', { method: 'POST', body: text }),
    'place without asking': () => asked(venue, '/orders', { method: 'POST', mode: 'no-cors', body: text }),
    'place by a form': () => sent(venue, '/orders', { [text.slice(0, -1)]: ', "x": "}' }),
    'amend': () => asked(venue, `/orders/${orderId}`, { method: 'PATCH', headers: json, body: '{"price":"99.00"}' }),
    'load an image': () => loaded('img', venue, '/public/orderbook'),
    'load a script': () => loaded('script', venue, '/docs/start.js'),
    'load orders as a script': () => loaded('script', venue, '/orders?client_id=victim'),
    'frame orders': () => framed(venue, '/orders?client_id=victim'),
    'open the stream': () => opened(() => new WebSocket(`${socket}/stream`)),
    'open order entry': () => opened(() => new WebSocket(`${socket}/orders`)),
    'follow events': () => opened(() => new EventSource(`${venue}/public/stream`)),
    'send a beacon': () => Promise.resolve(navigator.sendBeacon(`${venue}/orders/batch`, text) ? 'nothing' : 'not sent'),
    'cancel without asking': () => asked(venue, `/orders/${orderId}/cancel`, { method: 'POST', mode: 'no-cors' }),
    'cancel by a form': () => sent(venue, `/orders/${orderId}/cancel`, {}),
    'cancel': () => asked(venue, `/orders/${orderId}/cancel`, { method: 'POST' }),
    'cancel all': () => asked(venue, '/orders?client_id=victim', { method: 'DELETE' }),
  };
  for (const [name, attempt] of Object.entries(attempts)) results[name] = await attempt();
  return results;
};
