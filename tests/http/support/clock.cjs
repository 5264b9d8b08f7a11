// Loaded ahead of a service's own process: its clock is CLOCK_OFFSET_MS off. Redis' is not: that is another machine's.
const now = Date.now.bind(Date);
const offsetMs = Number(process.env.CLOCK_OFFSET_MS);
Date.now = () => now() + offsetMs;
