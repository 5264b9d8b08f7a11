'use strict';

// Hashes passwords apart from the process that answers, at the lowest priority: an order never waits for a password.
const { setPriority, constants } = require('node:os');
const { hash, verify } = require('@node-rs/argon2');

setPriority(constants.priority.PRIORITY_LOW);

async function carryOut({ op, password, stored, parameters }) {
  return op === 'hash' ? hash(password, parameters) : verify(stored, password);
}

process.on('message', (job) => {
  carryOut(job).then(
    (result) => process.send({ id: job.id, result }),
    // What a library says of a password is not told: it may hold it.
    () => process.send({ id: job.id, failed: true }),
  );
});
// Whoever started it is gone.
process.on('disconnect', () => process.exit(0));
// A terminal's Ctrl-C reaches it, too: it ends with whoever started it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
