/**
 * What the venue does within a second (timers, the end of a login) is done within this on a machine that is busy with other tests: that it
 * is done by itself, and not before its time, is what a test can tell.
 */
export const LATE_MAX_MS = 10_000;
export const LATE_MAX_US = LATE_MAX_MS * 1_000;
